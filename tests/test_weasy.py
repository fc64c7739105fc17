"""What we take for granted of WeasyPrint's private parts: each a tiny document, exactly painted.

When WeasyPrint changes, these fail before any book does.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pikepdf
import pytest
import weasyprint
from weasyprint.formatting_structure import boxes

from imprint import weasy
from imprint.painted import Painted
from imprint.typeset import ClosedRoom

FACES = Path(__file__).parent.parent / "templates" / "fonts"
SHEET = f"""
@font-face {{ font-family: Serif; src: url({next(FACES.rglob("SourceSerif4-Regular.*")).as_uri()}) }}
@page {{ size: 300px 200px; margin: 20px }}
html {{ font: 16px/20px Serif; hyphenate-character: "‐" }}
body, p, h1, figure, ol, ul {{ margin: 0 }}
"""


@dataclass(frozen=True)
class Sheet:
    """A document laid out and painted."""

    root: ElementTree.Element
    document: weasyprint.Document
    painted: Painted

    def texts(self, page: int | None = None) -> list[str]:
        """The text of each mark, of one page or of all."""
        return [m.text for m in self.painted.marks if page in (None, m.page)]

    def tag(self, number: int) -> str:
        return list(self.root.iter())[number].tag

    def content(self, page: int = 0) -> str:
        with pikepdf.open(io.BytesIO(self.painted.pdf)) as pdf:
            return pdf.pages[page].Contents.read_bytes().decode("latin-1")

    def boxes(self, tag: str, page: int = 0) -> list[object]:
        top = self.document.pages[page]._page_box
        return [
            box
            for box in top.descendants()
            if box.element_tag == tag and isinstance(box, boxes.BlockLevelBox)
        ]


Setter = Callable[..., Sheet]


@pytest.fixture
def set_() -> Setter:
    """A body's markup with a style sheet as painted pages."""

    def made(body: str, css: str = "", *, mended: bool = True) -> Sheet:
        root = ElementTree.fromstring(f'<html lang="en"><body>{body}</body></html>')
        room = ClosedRoom(FACES.parent)
        room.assets = {"dot.svg": DOT}
        case = weasy.typecase([(SHEET + css, "file:///")], room)
        if mended:
            document = weasy.lay_out(root, "asset:", case)
        else:
            document = weasy.TreeHTML(root, "asset:", room).render(
                font_config=case.fonts, counter_style=case.counters, stylesheets=case.sheets
            )
        return Sheet(root, document, weasy.paint(document, root))

    return made


DOT = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><circle r="9"/></svg>'


# --- a tree instead of a text --------------------------------------------------------------------


def test_a_tree_is_laid_out_as_it_is(set_: Setter) -> None:
    """HTML's parser would close the paragraph before the division; a tree keeps it."""
    sheet = set_("<p>before<div>within</div>after</p>")
    paragraph = sheet.boxes("p")[0]
    assert sheet.texts() == ["before", "within", "after"]
    assert [b for b in paragraph.descendants() if b.element_tag == "div"]  # type: ignore[attr-defined]


def test_boxes_know_the_elements_of_our_tree(set_: Setter) -> None:
    sheet = set_("<h1>One</h1><p>Two <em>three</em></p>")
    assert [(sheet.tag(m.element), m.text) for m in sheet.painted.marks] == [
        ("h1", "One"),
        ("p", "Two "),
        ("em", "three"),
    ]


# --- marked content ------------------------------------------------------------------------------


def test_every_line_is_a_mark_of_its_own(set_: Setter) -> None:
    sheet = set_("<p>one two three</p>", "p { width: 2em }")
    assert sheet.texts() == ["one", "two", "three"]
    assert [m.mcid for m in sheet.painted.marks] == [0, 1, 2]
    assert [f"/MCID {n}" in sheet.content() for n in range(4)] == [True, True, True, False]


def test_identifiers_begin_anew_on_each_page(set_: Setter) -> None:
    sheet = set_("<p>one</p><p>two</p>", "p + p { break-before: page }")
    assert [(m.page, m.mcid) for m in sheet.painted.marks] == [(0, 0), (1, 0)]


def test_pictures_have_a_rectangle_in_points(set_: Setter) -> None:
    sheet = set_('<p><img src="asset:dot.svg" alt="A dot"/></p>')
    [mark] = sheet.painted.marks
    # 20 px from the left, 40 by 20 px; the page is 200 px high.
    assert mark.rect is not None
    left, _, right, _ = mark.rect
    assert (left, right - left, round(mark.rect[3] - mark.rect[1], 2)) == (15.0, 30.0, 15.0)


def test_pseudo_elements_are_told_apart(set_: Setter) -> None:
    css = "p::before { content: '§' } p::first-letter { color: red }"
    sheet = set_("<ol><li>Item</li></ol><p>Text</p>", css)
    marks = [(m.pseudo, m.text) for m in sheet.painted.marks]
    assert ("marker", "1. ") in marks
    assert ("before", "§") in marks
    assert "".join(text for pseudo, text in marks if not pseudo) == "ItemText"


def test_notes_are_marked_as_notes(set_: Setter) -> None:
    sheet = set_('<p>Text<span class="n">Note</span> on.</p>', ".n { float: footnote }")
    marks = [(m.pseudo, m.text.strip(), m.footnote) for m in sheet.painted.marks]
    assert ("footnote-call", "1", False) in marks
    assert ("footnote-marker", "1.", True) in marks
    assert ("", "Note", True) in marks
    assert ("", "on.", False) in marks


def test_a_tables_head_is_marked_on_its_first_page_only(set_: Setter) -> None:
    rows = "".join(f"<tr><td>{n}</td></tr>" for n in range(12))
    sheet = set_(f"<table><thead><tr><th>Head</th></tr></thead><tbody>{rows}</tbody></table>")
    assert sheet.painted.page_count > 1
    assert sheet.texts().count("Head") == 1
    assert "/Artifact" in sheet.content(1)


def test_margin_boxes_are_artifacts_of_pagination(set_: Setter) -> None:
    sheet = set_("<p>Text</p>", "@page { @top-left { content: 'Running head' } }")
    assert sheet.texts() == ["Text"]
    assert "/Type /Pagination" in sheet.content()


def test_what_only_decorates_is_an_artifact(set_: Setter) -> None:
    sheet = set_(
        '<p>Text <span aria-hidden="true">* * *</span></p><img src="asset:dot.svg" alt=""/>'
    )
    assert sheet.texts() == ["Text "]


def test_a_hyphen_added_at_a_lines_end_has_its_words_as_actual_text(set_: Setter) -> None:
    sheet = set_("<p>internationalisation</p>", "p { hyphens: auto; width: 6em }")
    first = sheet.texts()[0]
    assert first.endswith("‐")
    actual = (first[:-1] + "\u00ad").encode("utf-16-be").hex()
    assert actual in sheet.content()
    typed = set_("<p>well-known</p>", "p { hyphens: auto; width: 3.4em }")
    assert typed.texts() == ["well-", "known"]
    # What it ends in tells those who put words together again that this hyphen is the word's own.
    assert "well-\u200b".encode("utf-16-be").hex() in typed.content()


def test_a_leader_is_heard_as_a_space(set_: Setter) -> None:
    sheet = set_("<p>One</p>", "p::after { content: leader('.') '7' }")
    assert " ".encode("utf-16-be").hex() in sheet.content()
    assert any(set(text) == {"."} for text in sheet.texts())


# --- spaces that lines end in --------------------------------------------------------------------


def read(sheet: Sheet) -> str:
    """The text of the painted marks by the glyphs shown, spaces included."""
    [font] = [use for use in sheet.painted.fonts.values() if use.glyphs]
    shown = []
    for line in sheet.content().split("\n"):
        if line.endswith(("TJ", "Tj")):
            for part in line.split("<")[1:]:
                digits = part.partition(">")[0]
                shown += [font.glyphs[int(digits[n : n + 4], 16)] for n in range(0, len(digits), 4)]
    return "".join(shown)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<p>one two three</p>", "one two three"),
        ("<p>one<br/>two</p>", "one two"),
        ("<p><span>one</span> <span>two</span></p>", "one two"),
        ("<p><span>one </span><span>two</span></p>", "one two"),
        ("<p>one<i class='x'></i> two</p>", "one two"),
        ("<pre>one\ntwo</pre>", "one two"),
    ],
)
def test_words_on_two_lines_have_a_space_between_them(set_: Setter, body: str, wanted: str) -> None:
    sheet = set_(body, "p { width: 2em } i { font-style: normal }")
    assert read(sheet).strip() == wanted


@pytest.mark.parametrize("inner", ["two", "<i>two</i>"])
def test_a_space_stands_before_a_mark_set_by_the_style_sheet(set_: Setter, inner: str) -> None:
    css = "p { width: 2em } b { font-weight: normal } i { font-style: normal } b::before { content: '#' }"
    assert read(set_(f"<p>one <b>{inner}</b></p>", css)) == "one #two"


def test_words_on_one_line_get_no_second_space(set_: Setter) -> None:
    assert read(set_("<p>one <span>two</span> three</p>")) == "one two three"


def test_a_word_is_not_cut_by_a_space(set_: Setter) -> None:
    sheet = set_("<p>in<span>ter</span>national</p>", "p { width: 2em; overflow-wrap: anywhere }")
    assert read(sheet) == "international"


def test_nothing_comes_between_a_notes_call_and_its_comma(set_: Setter) -> None:
    css = ".footnote { float: footnote }"
    sheet = set_('<p>Text<span class="footnote">Note. </span>, on</p>', css)
    [call] = [m for m in sheet.painted.marks if m.pseudo == "footnote-call"]
    after = sheet.content().partition(f"/MCID {call.mcid}>>")[2].partition("EMC")[0]
    assert "Tj" not in after


# --- fonts, folios, links, anchors ---------------------------------------------------------------


def test_fonts_are_named_but_left_out(set_: Setter) -> None:
    sheet = set_("<p>abc</p>")
    [(name, use)] = sheet.painted.fonts.items()
    assert sorted(use.glyphs.values()) == ["a", "b", "c"]
    assert set(use.widths) >= set(use.glyphs)
    assert use.file in sheet.painted.font_files
    assert f"/{name} " in sheet.content()
    with pikepdf.open(io.BytesIO(sheet.painted.pdf)) as pdf:
        assert pdf.pages[0].Resources.Font.get(f"/{name}") is None


def test_a_hyphens_glyph_says_hyphen(set_: Setter) -> None:
    """The typed hyphen and the one that breaks words share a glyph: text has the typed one."""
    sheet = set_("<p>internationalisation well-known</p>", "p { hyphens: auto; width: 6em }")
    said = {text for use in sheet.painted.fonts.values() for text in use.glyphs.values()}
    assert "-" in said
    assert "‐" not in said


def test_characters_without_a_glyph_are_told(set_: Setter) -> None:
    assert set_("<p>a</p>").painted.missing == ()
    assert set_("<p>a\U000f1234</p>").painted.missing == (0xF1234,)


def test_hidden_noughts_in_a_margin_are_a_slot_for_the_folio(set_: Setter) -> None:
    css = "@page { @bottom-right { content: '000'; visibility: hidden; font-size: 12px } }"
    sheet = set_("<p>Text</p>", css)
    [slot] = sheet.painted.folios
    assert (slot.page, slot.align, slot.size) == (0, "right", 9.0)
    assert slot.x + slot.width == pytest.approx((300 - 20) * 0.75)
    assert 0 < slot.baseline < 20 * 0.75
    assert "Tj" not in sheet.content().partition("Pagination")[2].partition("EMC")[0]


def test_cited_folios_are_slots_in_the_text(set_: Setter) -> None:
    sheet = set_('<p>page <span data-folio-of="map">00</span>.</p>')
    [slot] = sheet.painted.cites
    assert (slot.page, slot.target) == (0, "map")
    assert "TJ %cite 0" in sheet.content()


def test_a_link_over_two_lines_has_two_areas_and_one_element(set_: Setter) -> None:
    sheet = set_('<p><a href="#x">one two</a> <a href="https://example.org/">out</a></p>',
                 "p { width: 2em }")  # fmt: skip
    inside = [link for link in sheet.painted.links if link.target == "#x"]
    assert len(inside) == 2
    assert len({link.element for link in inside}) == 1
    [outside] = [link for link in sheet.painted.links if link.target != "#x"]
    assert outside.target == "https://example.org/"
    with pikepdf.open(io.BytesIO(sheet.painted.pdf)) as pdf:
        assert "/Annots" not in pdf.pages[0]


def test_a_picture_in_a_link_makes_its_area(set_: Setter) -> None:
    sheet = set_('<p><a href="https://example.org/"><img src="asset:dot.svg" alt="Dot"/></a></p>')
    assert {sheet.tag(link.element) for link in sheet.painted.links} == {"a"}
    assert max(link.rect[2] - link.rect[0] for link in sheet.painted.links) == 30.0


def test_anchors_are_points_from_the_lower_left(set_: Setter) -> None:
    sheet = set_('<p>one</p><p id="two">two</p>')
    page, x, y = sheet.painted.anchors["two"]
    assert (page, x) == (0, 15.0)
    assert y == pytest.approx((200 - 20 - 20) * 0.75)


def test_no_outline_is_written(set_: Setter) -> None:
    with pikepdf.open(io.BytesIO(set_("<h1>One</h1>").painted.pdf)) as pdf:
        assert "/Outlines" not in pdf.Root
        assert "/StructTreeRoot" not in pdf.Root


# --- the mends -----------------------------------------------------------------------------------

GRID = weasy.LINE


@pytest.mark.parametrize(("kind", "shift"), [("foot", 0.0), ("middle", 0.5)])
def test_a_box_that_snaps_ends_on_the_grid(set_: Setter, kind: str, shift: float) -> None:
    body = '<div class="box">Box</div><p>Text</p>'
    css = f".box {{ --snap: {kind}; padding-top: 7px; line-height: 20px }} body {{ margin: 0 }}"
    sheet = set_(body, css)
    [box] = sheet.boxes("div")
    [text] = sheet.boxes("p")
    top = sheet.boxes("html")[0].position_y  # type: ignore[attr-defined]
    assert text.position_y - top == pytest.approx(2 * GRID)  # type: ignore[attr-defined]
    missing = 2 * GRID - 27
    inner = box.children[0].position_y - top  # type: ignore[attr-defined]
    assert inner == pytest.approx(7 + missing * shift)
    [plain] = set_(body, css, mended=False).boxes("p")
    assert plain.position_y - top == pytest.approx(27)  # type: ignore[attr-defined]


def test_a_box_inside_one_that_snaps_does_not_snap_too(set_: Setter) -> None:
    sheet = set_('<div class="box"><p>Box</p></div>', ".box { --snap: foot; padding-top: 7px }")
    [paragraph] = sheet.boxes("p")
    assert paragraph.height == pytest.approx(20)  # type: ignore[attr-defined]


NOTE_PUSHED = (
    "".join(f"<p>line {n}</p>" for n in range(7))
    + '<p class="last">last<span class="n">Note of several lines that has no room here at all, '
    "so that it goes over with its call to the next page.</span></p>"
)
NOTE_CSS = """.n { float: footnote; footnote-policy: line }
@page { @footnote { margin-top: 15px; padding-top: 5px } }"""


def test_a_page_whose_note_went_over_has_all_its_lines(set_: Setter) -> None:
    """The room that a note's area left behind when it was empty again is given back."""
    mended = set_(NOTE_PUSHED, NOTE_CSS)
    assert [text for text in mended.texts(0) if text.startswith("line")] == [
        f"line {n}" for n in range(7)
    ]
    for page in mended.document.pages:
        for area in page._page_box.children:
            if type(area).__name__ == "FootnoteAreaBox" and not area.children:
                assert area.height in (0, "auto")


def test_a_line_is_not_broken_in_its_first_word_for_a_space_at_its_end(set_: Setter) -> None:
    """Text that fits but for its last space, before an element that cannot break."""
    body = "<p>remember the days <b>{}</b></p>"
    css = "p {{ hyphens: auto; width: {}px }} b {{ font-weight: normal; white-space: nowrap }}"
    worse = []
    for width in range(100, 150):
        document = body.format("xxxxxxxxxxxx")
        sheet = set_(document, css.format(width))
        first = sheet.texts()[0]
        assert not first.endswith("‐") or len(first) > 8, (width, sheet.texts())
        bare = set_(document, css.format(width), mended=False).texts()[0]
        worse += [width] if bare.endswith("‐") and len(bare) <= 8 else []
    assert worse, "WeasyPrint no longer breaks there: the mend can go."
