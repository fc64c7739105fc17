"""Page numbers agree wherever they stand: each is read from an edition and looked up in the PDF."""

from __future__ import annotations

import re

from lxml import etree

from tests.conftest import Built
from tests.readers import HEADINGS, Document, Node, Pdf, Piece, plain, squash

_CITED = re.compile(r"[\s\u00a0](\S+)$")


def page_of_label(pdf: Pdf, label: str) -> int:
    """The index of the one page that has the label."""
    [page] = [index for index, each in enumerate(pdf.labels) if each == label]
    return page


def contents_lines(pdf: Pdf) -> list[Node]:
    """Links of the tables of contents and lists of figures."""
    return [
        link
        for toc in pdf.tree.kids
        if isinstance(toc, Node) and toc.type == "TOC"
        for link in toc.find("Link")
    ]


def test_every_line_of_the_contents_names_the_page_of_its_heading(book: Built) -> None:
    pdf = book.pdf
    named = [(heading.page, squash(heading.text())) for heading in pdf.tree.find(*HEADINGS)]
    for captioned in pdf.tree.find("Figure", "Table"):
        named += [(captioned.page, squash(each.text())) for each in captioned.find("Caption")]
    lines = contents_lines(pdf)
    assert lines
    for link in lines:
        text = squash(link.text())
        [target] = set(link.targets)
        page = pdf.destinations[target[1:]]
        label = pdf.labels[page]
        assert text.endswith(label.casefold()), f"“{text}” leads to page {label}"
        title = text.removesuffix(label.casefold())
        said = [words for where, words in named if where == page]
        assert any(_is_named(title, words) for words in said), f"“{title}” is not on page {label}"


def _is_named(title: str, words: str) -> bool:
    """Whether a line names a heading, with a number before it, or a caption, without its credit."""
    return bool(words) and (title.endswith(words) or title in words)


def test_every_chapter_and_figure_is_listed(book: Built) -> None:
    """As many lines as there are chapters, and as many as there are captions with a number."""
    pdf = book.pdf
    linked = {target[1:] for link in contents_lines(pdf) for target in link.targets}
    for document in book.epub.chapters:
        assert document.chapter is not None
        assert document.chapter.get("id") in linked
    numbered = {
        element.get("id")
        for document in book.epub.chapters
        for caption in document.root.iter("figcaption", "caption")
        if caption.find("span[@class='label']") is not None
        for element in [caption.getparent()]
    }
    assert numbered <= linked


def test_every_cross_reference_names_the_page_that_it_leads_to(book: Built) -> None:
    pdf = book.pdf
    cited = 0
    for document in book.epub.chapters:
        for cite in document.root.iter("span"):
            if cite.get("class") == "page-cite":
                cited += 1
    checked = 0
    for chapter, document in zip(pdf.chapters, book.epub.chapters, strict=True):
        for link, element in zip(chapter.find("Link"), document.node().find("Link"), strict=True):
            assert squash(link.text()) == squash(element.text())
        for cite in document.root.iter("span"):
            if cite.get("class") != "page-cite":
                continue
            found = _CITED.search(plain("".join(cite.itertext())))
            assert found
            [anchor] = cite.iterancestors("a")
            page = pdf.destinations[anchor.get("href").rpartition("#")[2]]
            assert pdf.labels[page] == found[1]
            checked += 1
    assert checked == cited


def test_every_entry_of_the_index_stands_on_its_page(book: Built) -> None:
    """The page's label is the link's text, and the words before the term are on that page."""
    pdf = book.pdf
    places = _index_places(book)
    links = [link for index in pdf.tree.find("Index") for link in index.find("Link")]
    assert bool(places) == bool(links)
    indexed = [link.targets[0][1:] for link in links]
    assert all(name in places for name in indexed)
    for link in links:
        name = link.targets[0][1:]
        page = pdf.destinations[name]
        first, _, last = link.text().strip().partition("–")
        assert first == pdf.labels[page]
        if last:
            # A range says that the term is treated on every page of it.
            labels = {label for label, _ in places.values()}
            pages = range(page, page_of_label(pdf, last) + 1)
            assert len(pages) > 1
            assert {pdf.labels[each] for each in pages} <= labels
        label, words = places[name]
        assert label == pdf.labels[page], f"{name}: the EPUB has it on page {label}"
        assert words in _text_around(pdf, page), f"“{words}” is not on page {pdf.labels[page]}"


def _index_places(book: Built) -> dict[str, tuple[str, str]]:
    """For every index mark of the EPUB the page that it is on, and the letters before it."""
    places: dict[str, tuple[str, str]] = {}
    for document in book.epub.chapters:
        label, text = "", ""
        for event, element in etree.iterwalk(document.root, events=("start", "end")):
            if event == "start":
                if element.get("role") == "doc-pagebreak":
                    label, text = _label(element), ""
                elif element.get("class") == "index-term":
                    places[element.get("id")] = (label, squash(text)[-12:])
                if element.get("role") not in ("doc-noteref", "doc-pagebreak"):
                    text += element.text or ""
            else:
                text += element.tail or ""
    return places


def _text_around(pdf: Pdf, page: int) -> str:
    """A page's text without white space; a word broken at its start is whole."""
    pieces = [piece.text for piece in pdf.on_page(page)]
    before = pdf.on_page(page - 1)
    head = re.split(r"\s", before[-1].text)[-1] if before and _is_broken(before[-1]) else ""
    return squash(re.sub(r"\d+$", "", head) + "".join(pieces))


def _is_broken(piece: Piece) -> bool:
    return piece.text.endswith("\u00ad")


def _label(mark: etree._Element) -> str:
    return mark.get("id").removeprefix("page-")


# Pages that an EPUB has no text for: the half-title with its blank back, and the back cover.
PAGED_ONLY = ["i", "ii", "Back cover"]


def test_the_page_list_names_every_page_in_order(book: Built) -> None:
    listed = [label for label, _ in book.epub.page_list()]
    labelled = [label for label in book.pdf.labels if label]
    assert listed == [label for label in labelled if label not in PAGED_ONLY]
    assert len(set(listed)) == len(listed)


def test_the_page_list_leads_to_the_markers(book: Built) -> None:
    documents = {document.name: document for document in [*book.epub.documents, book.epub.nav]}
    for label, target in book.epub.page_list():
        file, _, name = target.partition("#")
        [mark] = documents[file].root.xpath("//*[@id=$name]", name=name)
        assert mark.get("role") == "doc-pagebreak"
        assert _label(mark) == label


def test_every_marker_stands_before_the_first_word_of_its_page(book: Built) -> None:
    """For each page of a chapter: the word behind the EPUB's marker is the page's first."""
    wrong = []
    checked = 0
    for document in book.epub.chapters:
        for label, word in _words_behind_markers(document):
            page = page_of_label(book.pdf, label)
            if not book.pdf.on_page(page):
                continue  # a blank page, or one filled by a picture
            first = _first_word(book.pdf, page).removeprefix(_part_over_title(book))
            checked += 1
            if not _same_start(word, first):
                wrong.append((label, word, first))
    assert checked
    assert wrong == []


def _part_over_title(book: Built) -> str:
    """What the PDF alone says over the title of a chapter without number: the name of its part."""
    return "Background\xa0 " if book.name == "handbook" else ""


def _words_behind_markers(document: Document) -> list[tuple[str, str]]:
    """Label of each marker with the letters that follow it."""
    assert document.chapter is not None
    found: list[tuple[str, str]] = []
    waiting: list[list[str]] = []

    def say(text: str | None) -> None:
        for each in waiting:
            each[1] += text or ""

    skipped = 0
    for event, element in etree.iterwalk(document.chapter, events=("start", "end")):
        hidden = (element.get("class") or "") in ("notes", "figure-data", "large")
        if event == "start":
            skipped += hidden
            if element.get("role") == "doc-pagebreak":
                waiting.append([_label(element), ""])
            elif not skipped:
                say(element.text)
        else:
            skipped -= hidden
            if not skipped:
                say(element.tail)
        for each in [each for each in waiting if len(squash(each[1])) >= 24]:
            found.append((each[0], each[1]))
            waiting.remove(each)
    return [*found, *((label, text) for label, text in waiting)]


def _first_word(pdf: Pdf, page: int) -> str:
    """The page's text from its first word on; a word broken before it is taken whole."""
    text = "".join(piece.text + " " for piece in pdf.on_page(page)[:6])
    before = pdf.on_page(page - 1)
    if before and _is_broken(before[-1]):
        text = re.split(r"\s", before[-1].text)[-1] + text
    return text


def _same_start(behind: str, first: str) -> bool:
    """Whether both begin alike, as far as both are known: to the letter, for a dozen letters."""
    one, other = squash(behind)[:12], squash(first)[:12]
    size = min(len(one), len(other))
    return bool(size) and one[:size] == other[:size]


def test_reading_order_begins_at_the_top_of_each_page(book: Built) -> None:
    """What the tag tree has first on a page is at the page's top."""
    for page in range(len(book.pdf.labels)):
        pieces = [piece for piece in book.pdf.on_page(page) if squash(piece.text)]
        if pieces:
            top = max(piece.y for piece in pieces)
            assert pieces[0].y > top - 40, f"page {book.pdf.labels[page]}: {pieces[0].text[:60]}"


def test_the_web_edition_marks_the_same_pages(book: Built) -> None:
    for document, page in zip(book.epub.chapters, book.web.chapters, strict=True):
        marks = [_label(e) for e in document.root.iter("span") if e.get("role") == "doc-pagebreak"]
        assert marks == [
            e.get("data-folio") for e in page.root.iter("span") if e.get("role") == "doc-pagebreak"
        ]
