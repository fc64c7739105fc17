"""Diagnostics for people: the place, what is wrong, the line of the source, what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from imprint.diagnostics import Diagnostic, Severity
from imprint.room import MOST_TEXT_BYTES, Refusal, read_inside

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def show_diagnostics(
    diagnostics: Sequence[Diagnostic], folder: Path, *, errors_only: bool = False
) -> None:
    """Print diagnostics to standard error, and how many there were of each severity."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    lines: dict[str, list[str]] = {}
    shown = [d for d in diagnostics if not errors_only or d.severity is Severity.ERROR]
    for diagnostic in shown:
        console.print(_head(diagnostic))
        line = _source_line(diagnostic, folder, lines)
        if line is not None:
            console.print(Text(f"  {diagnostic.line:>5} │ {line}", style="dim"))
            if diagnostic.column and diagnostic.column <= len(line) + 1:
                console.print(Text(" " * (9 + diagnostic.column) + "^", style="dim"))
        if diagnostic.hint:
            console.print(Text(f"        → {diagnostic.hint}"))
    if shown:
        counts = Counter(d.severity for d in diagnostics)
        parts = [f"{counts[s]} {s}{'s' if counts[s] != 1 else ''}" for s in sorted(counts)[::-1]]
        console.print(", ".join(parts))


def _head(diagnostic: Diagnostic) -> Text:
    place = diagnostic.file
    if diagnostic.line:
        place += f":{diagnostic.line}:{diagnostic.column or 1}"
    return Text.assemble(
        f"{place}: ",
        (f"{diagnostic.severity}", _STYLES[diagnostic.severity]),
        f" [{diagnostic.code}] {diagnostic.message}",
    )


def _source_line(diagnostic: Diagnostic, folder: Path, lines: dict[str, list[str]]) -> str | None:
    """The line of the source that the diagnostic is about, cut to a screen's width."""
    if not diagnostic.line:
        return None
    if diagnostic.file not in lines:
        # Not that a message shows a line of a file that a link outside leads to.
        path = folder / diagnostic.file
        content = read_inside(folder, path, most_bytes=MOST_TEXT_BYTES)
        text = "" if isinstance(content, Refusal) else content.decode("utf-8", "replace")
        lines[diagnostic.file] = text.splitlines()
    known = lines[diagnostic.file]
    if diagnostic.line > len(known):
        return None
    return known[diagnostic.line - 1].replace("\t", " ")[:160]
