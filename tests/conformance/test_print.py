"""The print edition of the default book: fit for the press, and paged as the other editions say."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from lxml import etree

from imprint.preflight import preflight
from tests.conformance.test_text import pdftotext
from tests.conftest import DEFAULT_LANGUAGES, Built, Publications
from tests.readers import Node, Piece, read_print, squash

# What has colour by design: pictures, boxes, tables with their captions, and chapters' openings.
# So have the terms of a glossary, which is a list without numbers or bullets.
_COLOURED = {"Figure", "Aside", "Table", "Caption", "H1", "Code"}
# What is not read with the text, or not in print.
_UNREAD = {"notes", "figure-data", "large"}
_INLINE = "a abbr b cite code em i q s small span strong sub sup u".split()


@dataclass(frozen=True)
class Printed:
    """The files for the printer, beside the other editions of the same book."""

    book: Built

    @property
    def inside(self) -> Path:
        return self.book.file("print.pdf")

    @cached_property
    def labels(self) -> list[str]:
        """The folio of each page, as the slug line outside of the page tells it; "" for none."""
        pages = pdftotext(self.inside).removesuffix("\f").split("\f")
        slug = re.compile(
            rf" · (?:(\S+) · )?\d{{4}}-\d\d-\d\d \d\d:\d\d · {self.book.lang}\s*$", re.M
        )
        return [found[1] or "" for page in pages for found in [slug.search(page)] if found]

    @cached_property
    def pages(self) -> list[list[Piece]]:
        return read_print(self.inside)

    def on(self, label: str) -> list[Piece]:
        [page] = [index for index, each in enumerate(self.labels) if each == label]
        return self.pages[page]


@pytest.fixture(scope="module", params=DEFAULT_LANGUAGES)
def printed(request: pytest.FixtureRequest, publications: Publications) -> Printed:
    return Printed(publications.built("default", request.param))


def test_the_printer_has_nothing_to_say(printed: Printed) -> None:
    assert preflight(printed.inside) == ()
    assert preflight(printed.book.file("cover.pdf")) == ()


# --- pages ---------------------------------------------------------------------------------------


def test_every_page_between_the_covers_has_its_folio(printed: Printed) -> None:
    assert len(printed.labels) == len(printed.pages)
    screen = list(printed.book.pdf.labels)
    inside = screen[screen.index("i") : screen.index("Back cover")]
    folios = [label for label in printed.labels if label]
    # A leaf has two sides: at the end one may be blank, here without a folio, there with one.
    assert folios == inside[: len(folios)]
    assert abs(len(printed.labels) - len(inside)) <= 1


def test_every_page_begins_with_the_word_behind_its_marker(printed: Printed) -> None:
    """For all pages of print: in the whole EPUB, not in the chapters alone."""
    wrong, checked = [], 0
    markers = {
        label: text
        for document in [*printed.book.epub.documents, printed.book.epub.nav]
        for label, text in behind_markers(document.root)
    }
    # The half-title and its blank back are the only pages that the EPUB has nothing of.
    folios = [label for label in printed.labels if label]
    assert [label for label in folios if label not in markers] == ["i", "ii"]
    for label in folios[2:]:
        first = first_word(printed.on(label))
        if not first:
            continue  # a blank page, or one that a picture fills
        checked += 1
        word = (markers[label].split() or [""])[0]
        if squash(word) != squash(first):
            wrong.append((label, word, first))
    assert wrong == []
    assert checked > 0.7 * len(printed.labels)


def behind_markers(root: etree._Element) -> list[tuple[str, str]]:
    """The folio of every marker of a page, and the text that follows it."""
    found: list[tuple[str, list[str]]] = []
    skipped = 0
    for event, element in etree.iterwalk(root.find("body"), events=("start", "end")):
        if not isinstance(element.tag, str):
            continue
        hidden = (element.get("class") or "") in _UNREAD or element.get("hidden") is not None
        skipped += hidden if event == "start" else -hidden
        if event == "start" and element.get("role") == "doc-pagebreak":
            found.append((element.get("id").removeprefix("page-"), []))
        said = (element.text if event == "start" else element.tail) or ""
        if not skipped:
            # Blank pages begin where the next one does: a few markers may stand together.
            for _, text in found[-4:]:
                text.append(said if element.tag in _INLINE else f" {said}")
    return [(label, "".join(text)) for label, text in found]


def first_word(pieces: list[Piece]) -> str:
    """The first word of the line that stands highest on a page, of columns in the left one."""
    said = [piece for piece in pieces if squash(piece.text)]
    if not said:
        return ""
    top = max(piece.y for piece in said)
    # A letter that heads a column of the index stands a line lower than text that goes on.
    high = [piece for piece in said if piece.y > top - 13]
    first = min(high, key=lambda piece: (round(piece.x), -piece.y))
    line = "".join(piece.text for piece in said if abs(piece.y - first.y) < 1)
    return line.split()[0]


# --- inks ----------------------------------------------------------------------------------------


def test_pages_of_text_are_on_the_black_plate_alone(printed: Printed) -> None:
    """By Ghostscript, which knows nothing of how the pages were made."""
    inks = coverage(printed.inside)
    assert len(inks) == len(printed.pages)
    plain = pages_of_text(printed)
    assert len(plain) >= 20
    for page in plain:
        cyan, magenta, yellow, black = inks[page]
        assert (cyan, magenta, yellow) == (0, 0, 0), f"page {printed.labels[page]}"
        assert black > 0.005, f"page {printed.labels[page]}"


def coverage(path: Path) -> list[tuple[float, ...]]:
    """The share of each page that each of the four inks covers."""
    device = ["-sDEVICE=inkcov", "-dUseTrimBox"]
    command = ["gs", "-q", "-dBATCH", "-dNOPAUSE", *device, "-o", "-", str(path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line.split() for line in said.splitlines() if "CMYK" in line]
    return [tuple(float(share) for share in line[:4]) for line in lines]


def pages_of_text(printed: Printed) -> list[int]:
    """The pages of chapters that hold nothing with a colour of its own."""
    coloured: set[int] = set()
    chapters = printed.book.pdf.chapters
    for chapter in chapters:
        lists = [node for node in chapter.find("L") if "ListNumbering" not in node.attributes]
        for node in [*chapter.find(*_COLOURED), *lists]:
            coloured |= pages_of(node)
    text = {page for chapter in chapters for page in pages_of(chapter)} - coloured
    shift = len(printed.book.pdf.labels[: printed.book.pdf.labels.index("i")])
    return sorted(page - shift for page in text)


def pages_of(node: Node) -> set[int]:
    return {piece.page for piece in node.pieces()}
