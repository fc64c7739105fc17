"""Diagnostics are data: what is wrong in a manuscript, where, and what to do about it.

Every stage returns them beside its result; the command line sorts and shows them and derives the
exit code. Exceptions are kept for faults of the program itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum


class Severity(IntEnum):
    """How bad it is: an error stops the build (unless told to keep going), a warning does not."""

    NOTE = 0
    WARNING = 1
    ERROR = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Diagnostic:
    """One finding in the author's words.

    ``code`` is stable ("link-target"); ``file`` is relative to the publication's folder, with
    "/" on every system; ``line`` and ``column`` count from 1, 0 where unknown; ``message`` is a
    whole sentence; ``hint`` says what to do.
    """

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    message: str
    hint: str = ""


def error(code: str, file: str, line: int, column: int, message: str, hint: str = "") -> Diagnostic:
    """An error at a place of the source."""
    return Diagnostic(code, Severity.ERROR, file, line, column, message, hint)


def warning(
    code: str, file: str, line: int, column: int, message: str, hint: str = ""
) -> Diagnostic:
    """A warning at a place of the source."""
    return Diagnostic(code, Severity.WARNING, file, line, column, message, hint)


def note(code: str, file: str, line: int, column: int, message: str, hint: str = "") -> Diagnostic:
    """A remark that never changes the exit code, not even with ``--strict``."""
    return Diagnostic(code, Severity.NOTE, file, line, column, message, hint)


def ordered(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The distinct diagnostics by file, line and column, the graver first at one place."""
    return sorted(
        set(diagnostics), key=lambda d: (d.file, d.line, d.column, -d.severity, d.code, d.message)
    )


def strict(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The same diagnostics with warnings raised to errors, for ``--strict``."""
    return [
        replace(d, severity=Severity.ERROR) if d.severity is Severity.WARNING else d
        for d in diagnostics
    ]


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of them is an error."""
    return any(d.severity is Severity.ERROR for d in diagnostics)
