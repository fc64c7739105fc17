"""The tag tree read in order is the chapters' elements and text in order, none split in two.

The EPUB's documents are the reference: they are made from the same chapters without any layout.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from tests.conftest import Built
from tests.readers import HEADINGS, Node, Pdf, plain, squash, without_markers

ELEMENTS = (
    *HEADINGS, "P", "L", "LI", "Lbl", "LBody", "Table", "THead", "TBody", "TFoot", "TR", "TH", "TD",
    "Figure", "Caption", "BlockQuote", "Quote", "Aside", "Em", "Strong", "Code", "Link", "Note",
)  # fmt: skip
# What may stand in what: the rest is inline (ISO 32000-1, 14.8.4.3 and 14.8.4.4).
PARENTS = {
    "LI": {"L"},
    "LBody": {"LI"},
    "TR": {"Table", "THead", "TBody", "TFoot"},
    "TH": {"TR"},
    "TD": {"TR"},
    "THead": {"Table"},
    "TBody": {"Table"},
    "TFoot": {"Table"},
    "TOCI": {"TOC"},
    "Caption": {"Figure", "Table", "Div"},
}


def elements(tree: Node) -> list[tuple[str, str]]:
    """Type and text of each element that says something, in reading order.

    A list's body is told only for terms: elsewhere HTML's item is both item and body.
    """
    found = []
    for node in tree.nodes():
        if node.type not in ELEMENTS or (node.type == "LBody" and not _defines(node, tree)):
            continue
        text = squash(node.alt) if node.type == "Figure" and node.alt else squash(node.text())
        if node.type != "P" or text or node.find("Figure"):
            found.append((node.type, text))
    return found


def _defines(body: Node, tree: Node) -> bool:
    for item in tree.find("LI"):
        if any(kid is body for kid in item.kids):
            return any(isinstance(kid, Node) and kid.type == "Lbl" for kid in item.kids)
    return False


def chapters(book: Built) -> list[tuple[str, Node, Node]]:
    """Name, tag tree and HTML of each chapter."""
    tagged, documents = book.pdf.chapters, book.epub.chapters
    assert len(tagged) == len(documents)
    return [
        (document.name, without_markers(tree), document.node())
        for tree, document in zip(tagged, documents, strict=True)
    ]


def test_every_element_is_there_once_and_in_order(book: Built) -> None:
    differences = {}
    for name, tree, document in chapters(book):
        found, wanted = elements(tree), elements(document)
        if found != wanted:
            at = next(
                (n for n, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b),
                min(len(found), len(wanted)),
            )
            differences[name] = {
                "PDF": [(t, s[:60]) for t, s in found[at : at + 3]],
                "EPUB": [(t, s[:60]) for t, s in wanted[at : at + 3]],
            }
    assert differences == {}


def test_words_are_whole_and_apart(book: Built) -> None:
    """Text of the tag tree as it stands: no word is broken, none runs into the next."""
    types = (*HEADINGS, "Caption", "P", "Note", "TD", "TH", "Lbl")
    differences = []
    for name, tree, document in chapters(book):
        for found, wanted in zip(tree.find(*types), document.find(*types), strict=False):
            if found.find("Code") or squash(found.text()) != squash(wanted.text()):
                continue  # code keeps its lines; the rest is told by the other test
            if plain(found.text()).casefold() != plain(wanted.text()).casefold():
                differences.append((name, plain(found.text())[:200]))
    assert differences == []


def test_links_lead_where_they_lead_in_the_epub(book: Built) -> None:
    destinations = book.pdf.destinations
    for name, tree, document in chapters(book):
        found = [(squash(link.text()), set(link.targets)) for link in tree.find("Link")]
        wanted = [(squash(link.text()), set(link.targets)) for link in document.find("Link")]
        assert found == wanted, name
        for _, targets in found:
            inside = {target[1:] for target in targets if target.startswith("#")}
            assert inside <= set(destinations), name


def test_languages_and_abbreviations_are_told(book: Built) -> None:
    for name, tree, document in chapters(book):
        assert _said(tree) == _said(document), name


def _said(tree: Node) -> list[tuple[str, str, str]]:
    return [
        (squash(node.text()), node.lang, node.expansion)
        for node in tree.nodes()
        if node is not tree and (node.lang or node.expansion)
    ]


def test_headings_go_down_one_level_at_a_time(book: Built) -> None:
    levels = [int(heading.type[1]) for heading in book.pdf.tree.find(*HEADINGS)]
    assert levels
    assert levels[0] == 1
    steps = [(a, b) for a, b in pairwise(levels) if b > a + 1]
    assert steps == []


def test_elements_stand_where_they_may(book: Built) -> None:
    wrong = Counter(
        f"{kid.type} in {node.type}"
        for node in book.pdf.tree.nodes()
        for kid in node.kids
        if isinstance(kid, Node) and node.type not in PARENTS.get(kid.type, {node.type})
    )
    assert wrong == Counter()


def test_every_type_is_standard_or_mapped_to_one(book: Built) -> None:
    standard = set(
        "Document Part Art Sect Div BlockQuote Caption TOC TOCI Index P H1 H2 H3 H4 H5 H6 L LI Lbl "
        "LBody Table TR TH TD THead TBody TFoot Span Quote Note Reference Code Link Figure "
        "Formula".split()
    )
    roles = book.pdf.types_in_role_map
    for node in book.pdf.tree.nodes():
        assert roles.get(node.type, node.type) in standard


def test_figures_have_alternatives_and_boxes(book: Built) -> None:
    for figure in book.pdf.tree.find("Figure"):
        assert figure.alt
        assert len(figure.attributes["BBox"]) == 4  # type: ignore[arg-type]


def test_header_cells_have_a_scope_and_data_cells_their_headers(book: Built) -> None:
    ids = {node.id for node in book.pdf.tree.find("TH")}
    assert len(ids) == len(book.pdf.tree.find("TH"))
    for cell in book.pdf.tree.find("TH"):
        assert cell.attributes["Scope"] in ("/Column", "/Row")
    for table in book.pdf.tree.find("Table"):
        if table.find("TH"):
            assert any(cell.attributes.get("Headers") for cell in table.find("TD"))
        for cell in table.find("TD"):
            assert set(cell.attributes.get("Headers", [])) <= ids  # type: ignore[call-overload]


def test_notes_are_read_where_they_are_called(book: Built) -> None:
    """A note comes right behind its call, and bears its number."""
    for parent in book.pdf.tree.nodes():
        for before, kid in zip([None, *parent.kids], parent.kids, strict=False):
            if not isinstance(kid, Node) or kid.type != "Note":
                continue
            assert isinstance(before, Node)
            assert before.type == "Reference"
            label = kid.kids[0]
            assert isinstance(label, Node)
            assert label.type == "Lbl"
            assert squash(label.text()).rstrip(".") == squash(before.text())


def test_the_outline_is_the_contents(book: Built) -> None:
    """Bookmarks have the titles, and lead to the pages, of the headings in the text."""
    headings = [
        (squash(heading.text()), heading.page)
        for chapter in book.pdf.chapters
        for heading in chapter.find(*HEADINGS)
    ]
    place = 0
    for _, title, page in book.pdf.outline:
        if squash(title) in (squash("Index"), squash("Index général")):
            continue
        place = _next_heading(headings, place, squash(title), page)


def _next_heading(headings: list[tuple[str, int]], after: int, title: str, page: int) -> int:
    for index in range(after, len(headings)):
        if title.endswith(headings[index][0]) and headings[index][1] == page:
            return index + 1
    pytest.fail(f"No heading “{title}” stands on page {page + 1}, where its bookmark leads.")


def test_nothing_but_what_layout_adds_is_outside_the_tree(book: Built) -> None:
    """Artifacts are running heads, folios, and heads of tables that run on: short, and few."""
    for page, pieces in enumerate(book.pdf.artifacts):
        text = "".join(piece.text for piece in pieces)
        assert len(text) < 400, f"page {page + 1}: {text}"


def test_named_destinations_lead_into_every_chapter(book: Built) -> None:
    pdf: Pdf = book.pdf
    for tree, document in zip(pdf.chapters, book.epub.chapters, strict=True):
        assert document.chapter is not None
        heading = tree.find("H1")[0]
        assert pdf.destinations[document.chapter.get("id")] in (heading.page, heading.page - 1)
