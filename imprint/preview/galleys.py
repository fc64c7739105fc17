"""Galleys: the PDF pages of one chapter or part as pictures, and where on them the text stands.

A page's text is read back from the finished PDF and held against the chapter's: so a click on a
page finds its paragraph to the line, whatever the layout did.
"""

from __future__ import annotations

import ctypes
import hashlib
import io
import threading
import unicodedata
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pypdfium2
from lxml import etree
from pypdfium2 import raw

from imprint.assemble import screen_pdf
from imprint.build import modified
from imprint.fragments import Placed
from imprint.model import Chapter
from imprint.preview.proof import BLOCKS, Proof, Setting, blocks

# Points are 1/72 inch: 144 pixels an inch are sharp on most screens.
_PIXELS_A_POINT = 2.0
_KEPT_PDFS, _KEPT_PICTURES = 12, 64
# A block's beginning is looked for at first within so many characters of where the last one was.
_NEAR = 4000
_TRIES = (48, 24, 12)
# A page's first line may hold but the last word of a block.
_ENDINGS = (24, 12, 6)

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Place:
    """Where a block stands: the page's index in its unit, and the box in parts of the page."""

    id: str
    page: int
    box: Box | None


def key_of(piece: Placed) -> str:
    """A name for the pages of a unit: the same for the same pages."""
    fragment = piece.fragment
    facts = (fragment.key, fragment.unit, piece.first, piece.labels, sorted(piece.cited.items()))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


class Galleys:
    """The PDFs of the units that were looked at last, and their pictures."""

    def __init__(self) -> None:
        # PDFium does one thing at a time.
        self._lock = threading.Lock()
        self._pdfs: OrderedDict[str, bytes] = OrderedDict()
        self._pictures: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._places: OrderedDict[str, list[Place]] = OrderedDict()

    def picture(self, proof: Proof, setting: Setting, piece: Placed, index: int) -> bytes:
        """A page of a unit as a PNG."""
        key = key_of(piece)
        with self._lock:
            known = self._pictures.get((key, index))
            if known is None:
                with pypdfium2.PdfDocument(self._pdf(proof, setting, piece)) as document:
                    known = _drawn(document[piece.first - 1 + index])
                _keep(self._pictures, (key, index), known, _KEPT_PICTURES)
            return known

    def places(self, proof: Proof, setting: Setting, piece: Placed) -> list[Place]:
        """Where each block of a chapter stands on its pages; nothing for a generated part."""
        chapter = next((c for c in setting.chapters if c.id == piece.fragment.unit), None)
        if chapter is None:
            return []
        key = key_of(piece)
        with self._lock:
            known = self._places.get(key)
            if known is None:
                with pypdfium2.PdfDocument(self._pdf(proof, setting, piece)) as document:
                    known = list(found_places(chapter, piece, _printed(document, piece)))
                _keep(self._places, key, known, _KEPT_PDFS)
            return known

    def _pdf(self, proof: Proof, setting: Setting, piece: Placed) -> bytes:
        key = key_of(piece)
        if key not in self._pdfs:
            _keep(self._pdfs, key, unit_pdf(proof, setting, piece), _KEPT_PDFS)
        return self._pdfs[key]


def _keep(kept: OrderedDict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)


def unit_pdf(proof: Proof, setting: Setting, piece: Placed) -> bytes:
    """The screen PDF with the pages of one unit only; blank pages stand for those before it."""
    files = {use.file for use in piece.fragment.fonts.values()}
    target = io.BytesIO()
    screen_pdf(
        target,
        proof.book.publication,
        [piece],
        setting.pagination.page_map,
        [],
        {name: (setting.shelf / name).read_bytes() for name in files},
        modified(proof.book),
    )
    return target.getvalue()


def _drawn(page: pypdfium2.PdfPage) -> bytes:
    buffer = io.BytesIO()
    page.render(scale=_PIXELS_A_POINT).to_pil().save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


# --- the text of pages ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Printed:
    """The letters and figures of pages in one row, the place of each, and where pages begin."""

    text: str
    boxes: Sequence[Box]
    begins: Sequence[int]

    def page(self, position: int) -> int:
        """The index of the page that has the character."""
        return bisect_right(self.begins, position) - 1


def _printed(document: pypdfium2.PdfDocument, piece: Placed) -> Printed:
    text: list[str] = []
    boxes: list[Box] = []
    begins: list[int] = []
    for index in range(piece.fragment.page_count):
        begins.append(len(boxes))
        for letters, box in _characters(document[piece.first - 1 + index]):
            text.append(letters)
            boxes += [box] * len(letters)
    return Printed("".join(text), boxes, begins)


def _characters(page: pypdfium2.PdfPage) -> Iterator[tuple[str, Box]]:
    """The letters and figures of a page with their boxes in parts of the page."""
    left, bottom, right, top = page.get_cropbox()
    width, height = right - left, top - bottom
    lines = page.get_textpage()
    edges = [ctypes.c_double() for _ in range(4)]
    for number in range(lines.count_chars()):
        letters = plain(chr(raw.FPDFText_GetUnicode(lines, number)))
        if letters and raw.FPDFText_GetCharBox(lines, number, *map(ctypes.byref, edges)):
            x0, x1, y0, y1 = (edge.value for edge in edges)
            yield (
                letters,
                (
                    (x0 - left) / width,
                    (top - y1) / height,
                    (x1 - left) / width,
                    (top - y0) / height,
                ),
            )


def plain(text: str) -> str:
    """The letters and figures of a text, as they can be compared: no case, hyphens or ligatures."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(str.isalnum, folded))


def found_places(chapter: Chapter, piece: Placed, printed: Printed) -> Iterator[Place]:
    """Each block of the chapter with its boxes on the pages; without one where it is not found."""
    after = 0
    for name, element in blocks(chapter):
        wanted = "" if _is_left_out(element) else plain("".join(element.itertext()))
        span = _found(printed.text, wanted, after)
        if span is None:
            yield Place(name, _page_of(int(element.get("data-e", "0")), piece), None)
            continue
        start, end = span
        if start >= after:
            # What holds blocks begins where the first of them does.
            after = start if any(e.tag in BLOCKS for e in element.iterdescendants()) else end
        for page in range(printed.page(start), printed.page(end - 1) + 1):
            yield Place(name, page, _around(printed, page, *_on_page(printed, page, span, wanted)))


def _is_left_out(element: etree._Element) -> bool:
    """Whether the PDF has no such thing: the data behind a figure."""
    return any(e.get("class") == "figure-data" for e in element.iterancestors("details"))


def _found(text: str, wanted: str, after: int) -> tuple[int, int] | None:
    """Where the words stand in the row: near the place, else anywhere if there are enough."""
    for length in _TRIES:
        head = wanted[:length]
        start = text.find(head, after, after + _NEAR) if head else -1
        if start < 0 and len(head) >= _TRIES[-1]:
            # Notes and what floats stand elsewhere than in the source.
            start = text.find(head)
        if start >= 0:
            return start, _end(text, wanted, start)
    return None


def _end(text: str, wanted: str, start: int) -> int:
    """Where the words end; notes and running heads of a page's end may stand between."""
    for length in _ENDINGS:
        tail = wanted[-length:]
        least = start + len(wanted) - len(tail)
        found = text.find(tail, max(start, least - len(wanted) // 4), least + _NEAR)
        if found >= 0:
            return found + len(tail)
    return min(len(text), start + max(1, len(wanted)))


def _on_page(printed: Printed, page: int, span: tuple[int, int], wanted: str) -> tuple[int, int]:
    """The part of a block on one of its pages, without what stands at the page's edges."""
    start, end = span
    first, last = printed.page(start), printed.page(end - 1)
    if first == last:
        return span
    if page == first:
        return start, start + max(1, _shared(printed.text[start:end], wanted))
    if page == last:
        return end - max(1, _shared(printed.text[start:end][::-1], wanted[::-1])), end
    return span


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def _around(printed: Printed, page: int, start: int, end: int) -> Box:
    """The box around the characters that stand on the page."""
    begins = printed.begins[page]
    following = printed.begins[page + 1] if page + 1 < len(printed.begins) else len(printed.boxes)
    boxes = printed.boxes[max(start, begins) : min(end, following)]
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _page_of(element: int, piece: Placed) -> int:
    """The index of the page that an element stands on, by where the pages begin."""
    page = 0
    for index, start in enumerate(piece.fragment.starts):
        if start is not None and start.element <= element:
            page = index
    return page
