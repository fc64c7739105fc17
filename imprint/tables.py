"""Pipe tables that are not as their author thinks: what Markdown leaves out of them, or takes
for text, is told with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from imprint.blocks import cells
from imprint.diagnostics import Diagnostic, warning
from imprint.model import Source

_FENCE = re.compile(r"(`{3,}|~{3,})")
_RULE = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")
# What may stand before a table's line: quotation marks and the indent of a list's item.
_BEFORE = re.compile(r"[\s>]*")


def table_faults(source: Source) -> Iterator[Diagnostic]:
    """A warning for each row with more cells than its table, and for each head with other columns
    than the line under it: it makes no table at all (GFM, 4.10).
    """
    lines = [_BEFORE.sub("", line, count=1).rstrip() for line in source.text.split("\n")]
    for number, (head, rule) in _rules(lines):
        columns, width = len(cells(head)), len(cells(rule))
        if columns != width:
            yield _not_alike(source, number, columns, width)
            continue
        for below, row in enumerate(lines[number + 1 :], start=number + 1):
            if "|" not in row:
                break
            count = len(cells(row, width))
            if count > width:
                yield _too_wide(source, below, count, width)


def _rules(lines: Sequence[str]) -> Iterator[tuple[int, tuple[str, str]]]:
    """The lines between heads and rows of tables, with their heads; those in code left out."""
    fence = ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence:
            closes = mark and mark[1].startswith(fence) and not line.strip(fence[0])
            fence = "" if closes else fence
        elif mark:
            fence = mark[1]
        elif number and "|" in line and "|" in lines[number - 1] and _RULE.fullmatch(line):
            yield number, (lines[number - 1], line)


def _too_wide(source: Source, index: int, count: int, width: int) -> Diagnostic:
    return warning(
        "table-cells",
        source.file,
        source.line + index,
        1,
        f"This row has {count} cells in a table of {width} columns; the last "
        f"{'one is' if count == width + 1 else f'{count - width} are'} left out.",
        "Take a cell out, add a column to the head, or write `\\|` for a stroke in the text.",
    )


def _not_alike(source: Source, index: int, columns: int, width: int) -> Diagnostic:
    return warning(
        "table-columns",
        source.file,
        source.line + index,
        1,
        f"The line under the table's head has {width} columns, the head {columns}: no table is made.",
        "Give both as many.",
    )
