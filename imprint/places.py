"""Where in the source a piece of the tree stands: line and column, found again by its words.

Markdown forgets where its output came from. What it never changes is the order of letters and
digits within a run of text: so a run is looked up in the source by these alone, forward from the
place of the run before. No syntax can confuse that, and nothing is put into the text.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass

from lxml import etree

# How many of a run's first letters are looked up, and how near (in letters) to the run before they
# must be found: a short run may occur anywhere.
_TRIES = ((40, None), (16, 5000), (8, 1500), (3, 400))


@dataclass(frozen=True)
class SourceText:
    """A source's letters and digits with the offset of each, and where its lines begin."""

    text: str
    first_line: int
    letters: str
    offsets: tuple[int, ...]
    line_starts: tuple[int, ...]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of an offset in the text."""
        line = bisect.bisect_right(self.line_starts, offset) - 1
        return self.first_line + line, offset - self.line_starts[line] + 1

    def find_literal(self, words: str, after: int = 0) -> tuple[int, int]:
        """Line and column of the first exact occurrence, (0, 0) where there is none."""
        offset = self.text.find(words, after)
        if offset < 0:
            offset = self.text.find(words)
        return self.position(offset) if offset >= 0 else (0, 0)


def source_text(text: str, first_line: int) -> SourceText:
    """The text made ready for looking up."""
    pairs = [(c.lower()[0], n) for n, c in enumerate(text) if c.isalnum()]
    starts = [0] + [n + 1 for n, c in enumerate(text) if c == "\n"]
    return SourceText(
        text,
        first_line,
        "".join(letter for letter, _ in pairs),
        tuple(offset for _, offset in pairs),
        tuple(starts),
    )


def mark_places(body: etree._Element, source: SourceText) -> None:
    """Set ``data-at="line:column"`` on every element whose text is found in the source.

    An element without text of its own takes the place of the first text in it, else of the
    element before it.
    """
    cursor = 0
    named = {"img": 0, "a": 0}
    waiting: list[etree._Element] = []
    for event, element in etree.iterwalk(body, events=("start", "end")):
        if not isinstance(element.tag, str):
            continue
        if event == "end":
            found = _find_run(element.tail or "", source, cursor) if element is not body else None
            cursor = found[1] if found and found[2] >= 8 else cursor
            continue
        if element.tag in named:
            named[element.tag] = _mark_named(element, source, named[element.tag])
        found = _find_run(element.text or "", source, cursor)
        if found is not None:
            cursor = found[1]
            _mark_found(element, source.position(source.offsets[found[0]]), waiting)
        elif element.get("data-at") is None:
            waiting.append(element)
    _mark_waiting(waiting)


def _mark_found(
    element: etree._Element, position: tuple[int, int], waiting: list[etree._Element]
) -> None:
    """Place an element whose text was found, and those around it that only hold others."""
    place = f"{position[0]}:{position[1]}"
    if element.get("data-at") is None:
        element.set("data-at", place)
    ancestors = set(element.iterancestors())
    for holder in [holder for holder in waiting if holder in ancestors]:
        holder.set("data-at", place)
        waiting.remove(holder)


def _mark_waiting(waiting: list[etree._Element]) -> None:
    """Elements without any text stand where the one before them does."""
    for element in waiting:
        before = element.getprevious()
        before = element.getparent() if before is None else before
        element.set("data-at", (before.get("data-at") if before is not None else "") or "0:0")


# A find is the index of its first letter, the index after its last, and how many there are.
_Find = tuple[int, int, int]


def _mark_named(element: etree._Element, source: SourceText, after: int) -> int:
    """Place a picture or a link by the address, which stands in the source as in the tree.

    Gives the offset behind it, from where the next one is looked up.
    """
    address = element.get("src") or element.get("href") or ""
    if not address or address.startswith("#fn"):
        return after
    offset = source.text.find(address, after)
    if offset < 0:
        offset = source.text.find(address)
    if offset < 0:
        return after
    line, column = source.position(offset)
    element.set("data-at", f"{line}:{column}")
    return offset + len(address)


def _find_run(text: str, source: SourceText, cursor: int) -> _Find | None:
    """A run of text, by as many of its first letters as it takes to be sure."""
    run = "".join(c.lower()[0] for c in text if c.isalnum())
    for length, near in _TRIES:
        part = run[:length]
        if not part or (length < len(run) and length < 8):
            continue
        if len(part) < length:
            # The whole run is shorter: it is believed as near as its own length warrants.
            near = next((n for size, n in _TRIES if size <= len(part)), _TRIES[-1][1])
        place = source.letters.find(part, cursor, None if near is None else cursor + near)
        if place >= 0:
            whole = source.letters.startswith(run, place)
            size = len(run) if whole else len(part)
            return place, place + size, size
    return None


def place_of(element: etree._Element | None) -> tuple[int, int]:
    """Line and column of an element, or of the nearest one around it that has them."""
    while element is not None:
        at = element.get("data-at")
        if at and at != "0:0":
            line, _, column = at.partition(":")
            return int(line), int(column)
        element = element.getparent()
    return 0, 0
