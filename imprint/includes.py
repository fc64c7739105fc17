"""mdBook's directives in a chapter's text: ``{{#include file}}`` and its kin."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .diagnostics import Diagnostic, warning
from .heads import read_text
from .model import Source
from .room import inside

_DIRECTIVE = re.compile(
    r"(?P<escape>\\)?\{\{\s*#(?P<name>include|rustdoc_include|playground|playpen|title)\s+"
    r"(?P<what>[^}\n]+?)\s*\}\}"
)
_DEEPEST_INCLUDE = 10
_LONGEST_TEXT = 4_000_000
_ANCHOR = re.compile(r"ANCHOR(?P<end>_END)?:\s*(?P<name>[\w-]+)")


def expanded(root: Path, source: Source, found: list[Diagnostic]) -> str:
    """The chapter's text with the files that ``{{#include …}}`` names put in.

    The lines after an include of several lines stand lower than in the file: places told of
    them are near, not exact.
    """
    if "{{" not in source.text:
        return source.text
    return _Expansion(root, source.file, source.line, found).expand(source.text, source.file, 0)


@dataclass
class _Expansion:
    """One chapter's includes; ``budget`` is how many characters they may still add."""

    root: Path
    chapter: str
    first_line: int
    found: list[Diagnostic]
    budget: int = _LONGEST_TEXT

    def expand(self, text: str, file: str, depth: int) -> str:
        """The text with its directives carried out."""

        def put_in(match: re.Match[str]) -> str:
            if match["escape"]:
                return match.group()[1:]
            if match["name"] == "title":
                return ""
            line = text.count("\n", 0, match.start()) + (self.first_line if depth == 0 else 1)
            column = match.start() - text.rfind("\n", 0, match.start())
            included = self.include(match, file, (file, line, column), depth)
            return match.group() if included is None else included

        return _DIRECTIVE.sub(put_in, text)

    def include(
        self, match: re.Match[str], file: str, at: tuple[str, int, int], depth: int
    ) -> str | None:
        """What a directive puts in, None and a warning if it cannot be found."""
        named, *selection = match["what"].split()[0].split(":")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(file), named))
        path = self.root / target
        if depth >= _DEEPEST_INCLUDE or self.budget <= 0:
            return self.refuse(at, f"`{named}` is included too often or too deeply.")
        if target.startswith(("..", "/")) or not inside(self.root, path):
            return self.refuse(at, f"`{named}` leads out of the publication's folder.")
        if not path.is_file():
            return self.refuse(at, f"There is no file `{named}` to include.")
        text, complaints = read_text(self.root, target)
        self.found.extend(complaints)
        if text is None:
            return None
        chosen = selected(text, selection)
        if chosen is None:
            return self.refuse(at, f"`{named}` has no place `{':'.join(selection)}`.")
        self.budget -= len(chosen)
        if match["name"].startswith("play"):
            return f"```rust\n{chosen}\n```"
        return self.expand(chosen, target, depth + 1)

    def refuse(self, at: tuple[str, int, int], message: str) -> str | None:
        """Nothing to put in, and a warning that says why."""
        hint = "Name a file in the publication's folder, from this file on."
        self.found.append(warning("include", *at, message, hint))
        return None


def selected(text: str, selection: Sequence[str]) -> str | None:
    """The lines that mdBook's ``:2:5``, ``:2``, ``::5`` or ``:anchor`` selects, None if none."""
    lines = text.removesuffix("\n").split("\n")
    if selection and selection[0] and not selection[0].isdecimal():
        return _anchored(lines, selection[0])
    numbers = [int(number[:9]) if number.isdecimal() else 0 for number in selection]
    start = numbers[0] if numbers else 0
    end = len(lines)
    if len(numbers) == 1:
        end = start or end
    elif len(numbers) > 1 and numbers[1]:
        end = numbers[1]
    chosen = lines[max(start - 1, 0) : end]
    return "\n".join(line for line in chosen if not _ANCHOR.search(line))


def _anchored(lines: Sequence[str], name: str) -> str | None:
    """The lines between ``ANCHOR: name`` and ``ANCHOR_END: name``, None without the first."""
    kept: list[str] = []
    is_open = was_open = False
    for line in lines:
        mark = _ANCHOR.search(line)
        if mark and mark["name"] == name:
            is_open = not mark["end"]
            was_open = was_open or is_open
        elif is_open and not mark:
            kept.append(line)
    return "\n".join(kept) if was_open else None
