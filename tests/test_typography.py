"""Checks on laid-out pages, and what the layout mends by itself.

Pages here are 300 × 420 pt with 24 lines of 200 pt; their text stands on lines of the "source" that
``data-at`` names.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from weasyprint.formatting_structure import boxes

from imprint import remedies, weasy
from imprint.build import Request, build
from imprint.diagnostics import Severity
from imprint.fontconfig import use_theme_fonts
from imprint.painted import Survey
from imprint.survey import survey
from imprint.typeset import ClosedRoom, page_starts
from imprint.typography import Flaw, diagnostic, flaws

TEMPLATES = Path(__file__).parent.parent / "templates"
SHEET = """
@page { size: 300pt 420pt; margin: 42pt 50pt }
body { font: 10pt/14pt "Source Serif 4"; margin: 0; text-align: justify; hyphens: auto;
       hyphenate-limit-chars: 6 3 3; orphans: 2; widows: 2; overflow-wrap: break-word }
p, h2, figure, table { margin: 0 }
p { text-indent: 0 }
h2 { font-size: 10pt; line-height: 14pt; break-after: avoid }
figure { break-inside: avoid }
img { display: block }
"""
WIDE = "@page { size: 400pt 420pt }"
_WORDS = """a the of and to in that what many some had one were all but who from this then made
cooperation between neighbours needs information about reconstruction and preparation of a
common understanding that institutions of every participating country may consider useful for humanitarian
operations in which international organisations and local administrations have responsibilities""".split()


@pytest.fixture(scope="module", autouse=True)
def _faces(tmp_path_factory: pytest.TempPathFactory) -> None:
    use_theme_fonts(TEMPLATES / "fonts", tmp_path_factory.mktemp("fonts"))


def _tree(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(f'<html lang="en"><body>{markup}</body></html>')


def _case(css: str = "") -> weasy.Typecase:
    fonts = TEMPLATES / "default" / "css" / "fonts.css"
    sheets = [(fonts.read_text("utf-8"), fonts.as_uri()), (SHEET + css, "about:blank")]
    room = ClosedRoom(TEMPLATES)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"/>'
    room.assets = {"square.svg": svg}
    return weasy.typecase(sheets, room)


def _flaws(markup: str, css: str = "") -> tuple[Flaw, ...]:
    """The flaws of a document laid out without remedies."""
    root = _tree(markup)
    document = weasy.lay_out(root, "asset:", _case(css))
    return flaws(survey(document, root), list(root.iter()))


def _mended(markup: str, css: str = "") -> tuple[Survey, tuple[Flaw, ...], ElementTree.Element]:
    root = _tree(markup)
    _, pages = remedies.lay_out(root, "asset:", _case(css))
    return pages, flaws(pages, list(root.iter())), root


def _codes(found: tuple[Flaw, ...]) -> list[str]:
    return [flaw.code for flaw in found]


def _lines(count: int, at: int = 1) -> str:
    """Paragraphs of one line each."""
    return "".join(f'<p data-at="{at + n}:1">A short line.</p>' for n in range(count))


def _prose(words: int, seed: int = 1) -> str:
    dice = random.Random(seed)
    return " ".join(dice.choice(_WORDS) for _ in range(words))


def _paragraphs(seed: int) -> str:
    """Two pages of a usual width, and something."""
    return "".join(f"<p>{_prose(70, seed + n)}</p>" for n in range(6))


def _figure(height: float, at: int = 90) -> str:
    return (
        f'<figure id="fig"><img data-at="{at}:3" src="asset:square.svg" alt="A square"'
        f' style="height: {height}pt; width: 100%"/></figure>'
    )


# --- what is found -------------------------------------------------------------------------------


def test_plain_prose_has_no_flaws() -> None:
    assert _mended(_paragraphs(110), WIDE)[1] == ()


def test_a_line_that_is_too_long() -> None:
    word = "unbreakable" * 6
    found = _flaws(f'<p data-at="7:1">{word}</p>', "p { overflow-wrap: normal; hyphens: none }")
    assert _codes(found) == ["line-overfull"]
    assert found[0].place == "7:1"
    assert found[0].amount > 50


def test_a_table_that_is_too_wide() -> None:
    cells = "<td>incomprehensibilities</td>" * 4
    found = _flaws(
        f'<table data-at="5:1"><tr>{cells}</tr></table>',
        "td { hyphens: none; overflow-wrap: normal }",
    )
    assert "table-overfull" in _codes(found)


def test_white_before_a_figure_names_the_figure() -> None:
    found = _flaws(_lines(14) + _figure(200, at=90) + _lines(4, at=91))
    assert [(f.code, f.page, f.place) for f in found] == [("page-white", 0, "90:3")]
    assert found[0].amount == pytest.approx(10 / 24, abs=0.01)


def test_a_little_white_is_none() -> None:
    assert _flaws(_lines(18) + _figure(200) + _lines(4)) == ()


def test_lines_alone_at_foot_and_head() -> None:
    paragraph = f'<p data-at="40:1">{_prose(30)}</p>'
    alone = "p { orphans: 1; widows: 1 }"
    assert "orphan" in _codes(_flaws(_lines(23) + paragraph + _lines(5), alone))
    heads = [_codes(_flaws(_lines(n) + paragraph + _lines(5), alone)) for n in range(16, 23)]
    assert any("widow" in codes for codes in heads)
    assert all("widow" not in codes and "orphan" not in codes for codes in (
        _codes(_flaws(_lines(n) + paragraph + _lines(5))) for n in range(16, 24)
    ))  # fmt: skip


def test_a_heading_alone_at_the_foot() -> None:
    found = _flaws(
        _lines(23) + '<h2 data-at="30:1">Alone</h2>' + _lines(9), "h2 { break-after: auto }"
    )
    assert [(f.code, f.page, f.place) for f in found] == [("heading-at-foot", 0, "30:1")]
    assert _flaws(_lines(23) + "<h2>Not alone</h2>" + _lines(9)) == ()


def test_hyphens_on_end_are_told_of_once_a_chapter() -> None:
    text = "internationalisation humanitarian " * 30
    found = _flaws(f'<p data-at="3:1">{text}</p><p data-at="4:1">{text}</p>', "p { width: 60pt }")
    stacked = [flaw for flaw in found if flaw.code == "hyphens-stacked"]
    assert len(stacked) == 1
    assert stacked[0].amount > 3
    assert stacked[0].times > 1


def test_loose_lines_only_where_text_is_justified() -> None:
    text = f"<p>{'a incomprehensibilities ' * 12}</p>"
    width = "p { width: 140pt; hyphens: none }"
    assert "line-loose" in _codes(_flaws(text, width))
    assert "line-loose" not in _codes(_flaws(text, width + "p { text-align: left }"))


def test_a_figure_far_from_its_mention() -> None:
    mention = '<p>See <a href="#fig">the figure</a>.</p>'
    far = _flaws(mention + _lines(24 * 3) + _figure(28) + _lines(10))
    assert [(f.code, f.amount) for f in far] == [("figure-far", 3)]
    assert _flaws(mention + _lines(24 * 2) + _figure(28) + _lines(10)) == ()
    # Where it is mentioned again nearby, it is not far.
    assert _flaws(mention + _lines(24 * 3) + mention + _figure(28) + _lines(10)) == ()


def test_a_last_page_of_two_lines() -> None:
    assert _codes(_flaws(_lines(26))) == ["chapter-end-short"]
    assert _flaws(_lines(27)) == ()
    assert _flaws(_lines(2)) == ()


# --- what is mended ------------------------------------------------------------------------------


def test_a_picture_that_just_misses_its_page_is_made_smaller() -> None:
    text = _lines(14) + _figure(150) + _lines(9)
    assert _codes(_flaws(text)) == ["page-white"]
    pages, found, root = _mended(text)
    picture = next(block for block in pages.blocks if block.tag == "img")
    assert found == ()
    assert picture.page == 0
    assert 0.8 * 150 <= picture.bottom - picture.top < 150
    assert "max-height" in next(root.iter("img")).get("style", "")


def test_a_picture_that_is_far_too_large_stays_as_it_is() -> None:
    pages, found, root = _mended(_lines(14) + _figure(200) + _lines(14))
    picture = next(block for block in pages.blocks if block.tag == "img")
    assert _codes(found) == ["page-white"]
    assert picture.bottom - picture.top == pytest.approx(200)
    assert "max-height" not in next(root.iter("img")).get("style", "")


def _order(root: ElementTree.Element) -> str:
    """The section's children by their initials."""
    section = next(root.iter("section"))
    return "".join(child.tag[0] for child in section)


def test_a_figure_changes_places_with_text_that_fills_the_page() -> None:
    after = "".join(f"<p>{_prose(25, seed)}</p>" for seed in range(3))
    text = f"<section><h1>H</h1>{_lines(12)}{_figure(200)}{after}</section>"
    assert "page-white" in _codes(_flaws(text))
    pages, found, root = _mended(text)
    assert "page-white" not in _codes(found)
    assert _order(root).index("f") != _order(_tree(text)).index("f")
    assert len(_order(root)) == len(_order(_tree(text)))
    assert "data-moved" in next(root.iter("figure")).attrib
    assert max(sheet.white for sheet in pages.sheets[:-1]) <= 0.3


@pytest.mark.parametrize("neighbour", ["<h2>H</h2>", '<p class="standfirst">S</p>', "<pre>c</pre>"])
def test_a_figure_passes_text_alone(neighbour: str) -> None:
    text = (
        f"<section><h1>H</h1>{_lines(12)}{neighbour}{_figure(200)}{neighbour}{_lines(14)}</section>"
    )
    _, _, root = _mended(text)
    assert _order(root) == _order(_tree(text))
    assert "data-moved" not in next(root.iter("figure")).attrib


def test_a_figure_that_moves_in_vain_goes_back() -> None:
    # The figure fills a page of its own wherever it stands; the text after it is too short.
    text = f"<section><h1>H</h1>{_lines(10)}{_figure(265)}{_lines(1)}</section>"
    _, _, root = _mended(text)
    assert _order(root) == _order(_tree(text))


def test_a_page_does_not_begin_with_what_was_moved_to_its_head() -> None:
    root = _tree(
        '<section data-e="0"><figure data-e="2" data-moved=""><figcaption data-e="3">Moved</figcaption>'
        '</figure><p data-e="1">Text</p></section>'
    )
    elements = list(root.iter())
    marks = [
        weasy.Mark(element=4, pseudo="", page=0, mcid=0, text="Moved"),
        weasy.Mark(element=5, pseudo="", page=0, mcid=1, text="Text"),
    ]
    (start,) = page_starts(marks, elements, 1)
    assert start is not None
    assert start.element == 1


def _broken_at_foot() -> Iterator[str]:
    for seed in range(12):
        text = f"<p>{_prose(420, seed)}</p>"
        if "hyphen-at-foot" in _codes(_flaws(text)):
            yield text


def test_hardly_a_word_is_broken_by_the_turn_of_a_page() -> None:
    broken = list(_broken_at_foot())
    left = [text for text in broken if "hyphen-at-foot" in _codes(_mended(text)[1])]
    assert len(broken) >= 5
    # In a column as narrow as this one, whole words may tear holes into every one of three lines.
    assert len(left) <= 1


def test_mended_lines_lose_no_words() -> None:
    text = next(_broken_at_foot())
    root = _tree(text)
    document, _ = remedies.lay_out(root, "asset:", _case())
    set_text = "".join(
        box.text.rstrip("‐") + ("" if box.text.endswith("‐") else " ")
        for page in document.pages
        for box in page._page_box.descendants()
        if isinstance(box, boxes.TextBox)
    )
    assert set_text.split() == text[3:-4].split()


def test_a_short_end_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def ends_short(text: str) -> bool:
        return "chapter-end-short" in _codes(_mended(text, WIDE)[1])

    texts = [_paragraphs(seed) for seed in range(60, 180, 10)]
    with monkeypatch.context() as without:
        without.setattr(remedies, "WORD_SPACES", ())
        short = [text for text in texts if ends_short(text)]
    assert len(short) >= 2
    mended = [text for text in short if not ends_short(text)]
    assert len(mended) >= len(short) / 2
    assert "word-spacing" in _mended(mended[0], WIDE)[2].get("style", "")


def test_layout_is_the_same_every_time() -> None:
    text = _lines(14) + _figure(150) + f"<p>{_prose(400)}</p>"
    assert _mended(text)[0] == _mended(text)[0]


# --- in the author's words -----------------------------------------------------------------------


def test_only_what_sticks_out_is_a_warning() -> None:
    sticking_out = diagnostic(Flaw("line-overfull", 2, "7:4", 31.2), "a.md", "12")
    assert sticking_out.severity is Severity.WARNING
    assert (sticking_out.file, sticking_out.line, sticking_out.column) == ("a.md", 7, 4)
    assert "page 12 is 31 points" in sticking_out.message
    white = diagnostic(Flaw("page-white", 0, "", 0.413), "a.md", "iv")
    assert white.severity is Severity.NOTE
    assert "lower 41 % of page iv" in white.message
    many = diagnostic(Flaw("line-loose", 0, "3:1", 3.4, 5), "a.md", "1")
    assert "5 such places" in many.message


def test_a_build_tells_of_them_with_page_and_line(tmp_path: Path) -> None:
    book = tmp_path / "book"
    book.mkdir()
    (book / "publication.toml").write_text(
        'title = "A book"\nlanguages = ["en"]\ndate = 2026-01-01\n'
    )
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 130" width="400" height="520"/>'
    (book / "high.svg").write_text(svg)
    (book / "a.md").write_text(
        f"# One\n\n{_prose(50)}\n\n![Nothing at all to be seen](high.svg)\n\nThe end has come.\n"
    )
    request = Request(book, tmp_path / "out", editions=("pdf",), jobs=1, cached=False)
    found = [d for d in build(request).diagnostics if d.code == "page-white"]
    assert [(d.file, d.line) for d in found] == [("a.md", 5)]
    assert "page 1 " in found[0].message
