"""Diagnostics as their publication wants them: some ignored, some raised to errors.

``publication.toml`` speaks for the whole, a comment for its line and the one after it::

    <!-- imprint: ignore alt-short link-text -->
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .diagnostics import Diagnostic, Severity
from .model import Manuscript, Policy, Source

_COMMENT = re.compile(r"<!--\s*imprint:\s*ignore\s+(?P<codes>[a-z][a-z\s,-]*?)\s*-->")

# Codes to be ignored by file and line.
_Ignored = Mapping[tuple[str, int], frozenset[str]]


def settled(found: Iterable[Diagnostic], manuscripts: Sequence[Manuscript]) -> list[Diagnostic]:
    """The diagnostics of a publication without the ignored ones, with those raised to errors."""
    # The languages of a publication share its settings.
    policy = manuscripts[0].policy if manuscripts else Policy()
    by_line = {
        place: codes
        for manuscript in manuscripts
        for source in manuscript.sources
        for place, codes in ignored_lines(source).items()
    }
    return [
        replace(d, severity=Severity.ERROR) if d.code in policy.errors else d
        for d in found
        if d.code not in policy.ignored and not _is_ignored(d, by_line)
    ]


def _is_ignored(diagnostic: Diagnostic, by_line: _Ignored) -> bool:
    return diagnostic.code in by_line.get((diagnostic.file, diagnostic.line), ())


def ignored_lines(source: Source) -> _Ignored:
    """The codes that comments in a chapter have ignored, by file and line."""
    ignored: dict[tuple[str, int], frozenset[str]] = {}
    if "imprint:" not in source.text:
        return ignored
    lines = source.text.split("\n")
    for number, line in enumerate(lines):
        codes = frozenset(
            code for comment in _COMMENT.finditer(line) for code in _codes(comment["codes"])
        )
        if codes:
            # Authors leave blank lines after a comment.
            below = range(number + 1, len(lines))
            following = next((n for n in below if lines[n].strip()), number)
            for covered in range(number, following + 1):
                place = (source.file, source.line + covered)
                ignored[place] = ignored.get(place, frozenset()) | codes
    return ignored


def _codes(words: str) -> list[str]:
    return re.findall(r"[a-z]+(?:-[a-z]+)*", words)
