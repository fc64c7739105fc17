import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree

from imprint import contentmodel, epub, reflow
from imprint.contentmodel import Admission, repaired, safe_id, safe_url
from imprint.model import Asset, Book, Page, PageMap, TextPosition
from tests import books, strange
from tests.examples import LONG
from tests.validators import ace, browser, epubcheck

# EPUBCheck remarks on every embedded face that it is one; there is nothing to mend.
REMARKS = ("USAGE CSS-028",)
XHTML = "{http://www.w3.org/1999/xhtml}"


def made(book: Book, pagemap: PageMap, cover: bytes | None = None) -> bytes:
    return epub.make(
        book, pagemap, theme=books.THEME, fonts=books.FONTS, cover=cover, modified=books.MODIFIED
    )


def files(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as container:
        return {name: container.read(name) for name in container.namelist()}


def findings(content: bytes, folder: Path, allowed: tuple[str, ...] = REMARKS) -> list[str]:
    path = folder / "book.epub"
    path.write_bytes(content)
    return [line for line in epubcheck(path) if not line.startswith(allowed)]


@pytest.fixture(scope="module")
def partnership() -> bytes:
    return made(*books.partnership(), cover=books.png(160, 226))


@pytest.fixture(scope="module")
def parts(partnership) -> dict[str, bytes]:
    return files(partnership)


def text(parts: dict[str, bytes], name: str) -> str:
    return parts[f"EPUB/{name}"].decode()


# --- the whole file ------------------------------------------------------------------------------


def test_a_full_book_passes_epubcheck_without_a_word(partnership, tmp_path):
    assert findings(partnership, tmp_path) == []


def test_a_full_book_passes_ace(partnership, tmp_path):
    path = tmp_path / "book.epub"
    path.write_bytes(partnership)
    assert ace(path) == []


def test_the_smallest_book_is_valid_too(tmp_path):
    book, pagemap = books.simple(books.chapter("one", "One", "<p>Text.</p>"))
    book = replace(book, toc=(), publication=replace(book.publication, front=(), back=()))
    assert findings(made(book, pagemap), tmp_path) == []


def test_the_same_book_gives_the_same_bytes(partnership):
    assert made(*books.partnership(), cover=books.png(160, 226)) == partnership


def test_the_media_type_comes_first_and_is_not_compressed(partnership):
    with zipfile.ZipFile(io.BytesIO(partnership)) as container:
        first = container.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert partnership[38:58] == b"application/epub+zip"


def test_a_missing_picture_is_said_to_be_missing(tmp_path):
    book, pagemap = books.simple(
        books.chapter("one", "One", '<p><img src="x.png" alt="A view"/></p>')
    )
    content = made(book, pagemap)
    assert "Missing picture: A view" in files(content)["EPUB/one.xhtml"].decode()
    assert findings(content, tmp_path) == []


def test_chapters_with_names_of_generated_files_keep_their_own_files(tmp_path):
    names = ("nav", "cover", "index", "imprint", "глава", "Big Chapter", "large-picture-1")
    chapters = [
        books.chapter(safe_id(n), "Title", f'<p id="p{i}">Text.</p>') for i, n in enumerate(names)
    ]
    chapters = [replace(c, id=n) for c, n in zip(chapters, names, strict=True)]
    content = made(*books.simple(*chapters))
    assert findings(content, tmp_path) == []
    assert len([n for n in files(content) if n.endswith(".xhtml")]) == len(names) + 3


# --- pages of the printed edition ----------------------------------------------------------------


def test_the_page_list_names_every_page_whose_unit_is_there(parts):
    nav = etree.fromstring(parts["EPUB/nav.xhtml"])
    pages = nav.findall(f".//{XHTML}nav[@id='page-list']//{XHTML}a")
    assert [a.text for a in pages] == ["iii", "iv", "v", "vi", "vii", *"123456789"]
    for page in pages:
        name, _, fragment = page.get("href").partition("#")
        tree = etree.fromstring(parts[f"EPUB/{name}"])
        [mark] = tree.xpath("//*[@id=$name]", name=fragment)
        assert mark.get("role") == "doc-pagebreak"
        assert mark.get("{http://www.idpf.org/2007/ops}type") == "pagebreak"
        assert mark.get("aria-label") == f"Page {page.text}."


def test_a_page_that_begins_within_a_word_begins_before_the_whole_word(parts):
    assert re.search(
        r'word, <span[^>]*id="page-4"[^>]*></span>internationalisation',
        text(parts, "origins.xhtml"),
    )


def test_a_page_that_begins_with_a_heading_begins_before_it(parts):
    assert re.search(r'id="page-3"[^>]*></span><h2', text(parts, "origins.xhtml"))


def test_a_page_that_begins_with_a_figure_begins_before_it(parts):
    assert re.search(r'id="page-5"[^>]*></span><figure', text(parts, "origins.xhtml"))


def test_a_page_that_begins_in_a_table_begins_in_the_cell(parts):
    assert re.search(r'<td><span[^>]*id="page-6"[^>]*></span>Belarus', text(parts, "origins.xhtml"))


def test_a_blank_page_stands_before_the_one_that_follows_it(parts):
    assert re.search(
        r'id="page-7"[^>]*></span><span[^>]*id="page-8"[^>]*></span><h1',
        text(parts, "mechanisms.xhtml"),
    )


def test_the_ncx_has_the_pages_as_well(parts):
    assert text(parts, "toc.ncx").count("<pageTarget") == 14


def test_cited_pages_are_filled_in(parts):
    assert 'Chapter 1<span class="page-cite">, page\u00a02</span>' in text(parts, "foreword.xhtml")


@pytest.mark.parametrize(
    ("markup", "path", "offset", "expected"),
    [
        ("<p>one two three</p>", "//p", 3, "one |two three"),
        ("<p>one two three</p>", "//p", 4, "one |two three"),
        ("<p>one <b>par</b>tner</p>", "//p", 4, "one |partner"),
        ("<p>one <b>par</b>tner</p>", "//b", 2, "one |partner"),
        ("<p>Euro-Atlantic</p>", "//p", 5, "Euro-|Atlantic"),
        ("<p>l’avant-garde</p>", "//p", 4, "|l’avant-garde"),
        ("<p>日本語の文章</p>", "//p", 3, "日本語|の文章"),
        ("<p>ภาษาไทยสวย</p>", "//p", 4, "ภาษา|ไทยสวย"),
        ("<p>soft\u00adhyphen</p>", "//p", 6, "|soft\u00adhyphen"),
        ("<p>end</p>", "//p", 9, "end|"),
        ("<ul><li>a</li></ul>", "//ul", 0, "|a"),
        ("<p>see <em>this word</em></p>", "//em", 0, "see |this word"),
        ("<p>a <svg><text>no</text></svg> b</p>", "//text", 1, "a |no b"),
    ],
)  # fmt: skip
def test_where_a_page_begins(markup, path, offset, expected):
    chapter = books.chapter("c", "T", markup)
    start = TextPosition(books.number_of(chapter, path), offset)
    tree = etree.fromstring(etree.tostring(chapter.body))
    reflow.set_marks(tree, [reflow.PageMark("m", "9", "c", start)], "en")
    [mark] = tree.iter(contentmodel.MARK)
    mark.text = "|"
    section = repaired(tree, Admission({}, "Missing"))
    [span] = section.xpath("//span[@id='m']")
    span.text = "|"
    assert "".join(section.itertext()).removeprefix("T") == expected


# --- content -------------------------------------------------------------------------------------


def test_notes_are_pop_ups_that_lead_back(parts):
    tree = etree.fromstring(parts["EPUB/origins.xhtml"])
    types = {e.get("id"): e.get("{http://www.idpf.org/2007/ops}type") for e in tree.iter()}
    assert (types["noteref-origins-1"], types["note-origins-1"]) == ("noteref", "footnote")
    [note] = tree.xpath("//*[@id='note-origins-1']")
    assert note.tag == f"{XHTML}aside"
    assert note.xpath(".//*[@role='doc-backlink']/@href") == ["#noteref-origins-1"]
    assert "".join(note.itertext()).startswith("1. London")


def test_links_lead_to_the_file_that_has_the_id(parts):
    assert 'href="origins.xhtml#origins"' in text(parts, "foreword.xhtml")
    assert 'href="#fig-map"' in text(parts, "origins.xhtml")


def test_marks_of_the_engine_do_not_reach_the_reader(parts):
    for name, content in parts.items():
        if name.endswith(".xhtml"):
            assert not re.search(rb"data-(e|at|cites|term)=", content)


def test_a_wide_figure_opens_alone(parts):
    assert 'href="large-picture-1.xhtml"' in text(parts, "origins.xhtml")
    assert 'href="origins.xhtml#fig-map"' in text(parts, "large-picture-1.xhtml")
    assert 'linear="no"' in text(parts, "content.opf")


def test_a_description_behind_a_figure_is_tied_to_its_picture(tmp_path):
    markup = (
        '<figure id="f"><img src="figures/map.svg" alt="A map"/></figure>'
        "<details><summary>What it shows</summary><p>A coast.</p></details>"
    )
    full, _ = books.partnership()
    book, pagemap = books.simple(books.chapter("one", "One", markup))
    content = made(replace(book, assets=full.assets), pagemap)
    assert findings(content, tmp_path) == []
    found = files(content)
    tree = etree.fromstring(found["EPUB/one.xhtml"])
    [name] = tree.xpath("//*[@id='f']//@aria-details")
    [details] = tree.xpath("//*[@id=$name]", name=name)
    assert details.xpath(".//*[@role='doc-backlink']/@href") == ["#f"]
    assert "longDescription" in metas(found, "schema:accessibilityFeature")


def test_drawings_carry_the_faces_of_their_text(parts):
    assert "data:font/woff2;base64," in text(parts, "images/map.svg")


def test_index_and_list_of_figures_link_the_folios(parts):
    assert '<a href="origins.xhtml#ix-origins-1">2</a>' in text(parts, "index.xhtml")
    assert 'href="origins.xhtml#fig-map"' in text(parts, "figures.xhtml")


# --- metadata ------------------------------------------------------------------------------------


def metas(parts: dict[str, bytes], name: str) -> list[str]:
    package = etree.fromstring(parts["EPUB/content.opf"])
    return [m.text for m in package.iter(f"{{{epub.OPF}}}meta") if m.get("property") == name]


def test_the_package_says_how_the_book_can_be_read(parts):
    assert metas(parts, "schema:accessMode") == ["textual", "visual"]
    assert metas(parts, "schema:accessModeSufficient") == ["textual", "textual,visual"]
    features = set(metas(parts, "schema:accessibilityFeature"))
    assert {
        "tableOfContents",
        "alternativeText",
        "pageBreakMarkers",
        "pageNavigation",
        "index",
    } <= features
    assert not {"MathML", "longDescription"} & features
    assert metas(parts, "schema:accessibilityHazard") == ["none"]
    assert metas(parts, "dcterms:conformsTo") == [epub.CONFORMANCE]
    assert metas(parts, "a11y:certifiedBy") == ["Imprint Press"]
    assert metas(parts, "pageBreakSource") == ["urn:isbn:9789279000003"]
    assert metas(parts, "dcterms:modified") == ["2026-11-24T12:30:00Z"]


def test_a_book_without_pictures_and_pages_claims_neither():
    found = files(made(*books.simple(books.chapter("one", "One", "<p>Text.</p>"))))
    assert metas(found, "schema:accessMode") == ["textual"]
    assert metas(found, "pageBreakSource") == []
    features = metas(found, "schema:accessibilityFeature")
    assert not {"alternativeText", "pageBreakMarkers", "pageNavigation", "index"} & set(features)


def test_people_have_their_parts_in_the_work(parts):
    package = text(parts, "content.opf")
    assert '<dc:creator id="creator-1">Ada Writer</dc:creator>' in package
    assert '<dc:contributor id="creator-2">Ben Editor</dc:contributor>' in package
    assert metas(parts, "file-as") == ["Writer, Ada", "Editor, Ben"]
    assert metas(parts, "belongs-to-collection") == ["Partnership papers"]


def test_formulas_are_declared(tmp_path):
    markup = "<p><math><mfrac><mi>a</mi><mi>b</mi></mfrac></math> <math><mfrac><mi>a</mi></mfrac></math></p>"
    content = made(*books.simple(books.chapter("one", "One", markup)))
    assert findings(content, tmp_path) == []
    found = files(content)
    assert 'properties="mathml"' in found["EPUB/content.opf"].decode()
    assert "MathML" in metas(found, "schema:accessibilityFeature")
    assert found["EPUB/one.xhtml"].decode().count("<math") == 1


# --- whatever comes ------------------------------------------------------------------------------


def repaired_text(markup: str) -> str:
    tree = repaired(
        etree.fromstring(f"<section>{markup}</section>"), Admission({"a.png": "b.png"}, "Missing")
    )
    return (
        etree.tostring(tree, encoding="unicode")
        .removeprefix("<section>")
        .removesuffix("</section>")
    )


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>a<p>b</p>c</p>", "<p>a</p><p>b</p><p>c</p>"),
        ("<li>a</li><li>b</li>", "<ul><li>a</li><li>b</li></ul>"),
        ("<p>x <span><div>y</div></span></p>", "<p>x </p><div><div>y</div></div>"),
        ("<p><span><h2>T</h2></span></p>", "<div><h1>T</h1></div>"),
        ('<p><a href="#x">a <a href="#y">b</a></a></p>', '<p><a href="#x">a <span>b</span></a></p>'),
        ("<td>a</td>", "<table><tbody><tr><td>a</td></tr></tbody></table>"),
        ("<table>stray<tr><td>a</td></tr></table>", "stray<table><tbody><tr><td>a</td></tr></tbody></table>"),
        ("<ul></ul>a", "a"),
        ("<ul>a<li>b</li></ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<dl><p>a</p><dt>b</dt></dl>", "<div><p>a</p></div><dl><dt>b</dt><dd/></dl>"),
        ("<center><font>a</font></center>", "<div><span>a</span></div>"),
        ("<script>x</script>a", "a"),
        ('<p onclick="x()" style="text-align: right">a</p>', '<p class="align-right">a</p>'),
        ('<p><img src="a.png" width="50%" alt="A"/></p>', '<p><img src="b.png" alt="A"/></p>'),
        ('<p><input type="checkbox" checked=""/> a</p>', '<p><span class="task">☑</span> a</p>'),
        ('<iframe src="https://x.org/v" title="Film"/>', '<a class="external" href="https://x.org/v">Film</a>'),
        ("<p><bdo>a</bdo></p>", "<p><span>a</span></p>"),
        ("<h2>a</h2><h5>b</h5>", "<h1>a</h1><h2>b</h2>"),
        ("<h2><p>a</p></h2>", "<h1> a </h1>"),
        ("<figure><figcaption>a</figcaption><p>b</p><figcaption>c</figcaption></figure>",
         "<figure><figcaption>a</figcaption><p>b</p><div>c</div></figure>"),
        ("<table><tr><th>a</th></tr></table>", "<table><tbody><tr><td>a</td></tr></tbody></table>"),
    ],
)  # fmt: skip
def test_strange_trees_become_sound(markup, expected):
    assert repaired_text(markup) == expected


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("https://example.org/a b?c=d e#f", "https://example.org/a%20b?c=d%20e#f"),
        ("https://münchen.de/ü", "https://xn--mnchen-3ya.de/%C3%BC"),
        ("javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("https://", ""),
        ("data:text/html,x", ""),
        ("notes.html", ""),
        ("mailto:a@b.org", "mailto:a@b.org"),
        ("https://x.org/100%", "https://x.org/100%25"),
        ("http://1.2.3", ""),
    ],
)
def test_addresses_outside_the_book(given_url, expected):
    assert safe_url(given_url) == expected


def test_ids_are_xml_names():
    assert [safe_id(x) for x in ("a-b", "1990", "Überblick", "x y")] == [
        "a-b",
        "id-1990",
        "Überblick",
        "x_20_y",
    ]


def test_a_drawing_loses_what_runs_and_what_it_would_fetch(tmp_path):
    svg = b"""<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="x()">
    <script>x()</script><image xlink:href="http://x.org/a.png"/><style>@import url(http://x.org/a.css);</style>
    <a xlink:href="http://x.org"><rect width="5" height="5" style="fill:url(http://x.org/f)"/></a>
    <foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject><circle r="2"/></svg>"""
    book, pagemap = books.simple(
        books.chapter("one", "One", '<p><img src="d.svg" alt="A dot"/></p>')
    )
    book = replace(book, assets={"d.svg": Asset("d.svg", "image/svg+xml", svg)})
    content = made(book, pagemap)
    drawing = files(content)["EPUB/images/d.svg"]
    assert b"<circle" in drawing
    assert not re.search(rb"x\.org|script|onload|foreignObject", drawing)
    assert findings(content, tmp_path) == []


# A validator's run takes seconds: a finding is shown as it came, not made smaller.
@settings(
    max_examples=100 if LONG else 3,
    deadline=None,
    derandomize=not LONG,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.lists(strange.trees, min_size=1, max_size=5), min_size=20, max_size=30))
def test_whatever_tree_comes_in_is_valid(tmp_path_factory, drawn):
    chapters, pages = [], []
    for number, trees in enumerate(drawn):
        chapter = books.chapter(
            f"c{number}", f"Chapter {number}", "<p>Text.</p>", number=str(number + 1)
        )
        chapter.body.extend(etree.fromstring(etree.tostring(tree)) for tree in trees)
        elements = list(chapter.body.iter())
        for position, element in enumerate(elements):
            element.set("data-e", str(position))
            if position % 5 == 0:
                label = str(len(pages) + 1)
                pages.append(
                    Page(len(pages) + 1, label, chapter.id, TextPosition(position, position % 3))
                )
        chapters.append(chapter)
    content = made(*books.simple(*chapters, pages=pages))
    # RSC-025 are remarks on drawings that no one could draw; EPUB does not forbid them.
    folder = tmp_path_factory.mktemp("strange")
    assert findings(content, folder, (*REMARKS, "USAGE RSC-025")) == []
    assert files(content)["EPUB/nav.xhtml"].count(b"#page-") == len(pages)
    documents = {n: c for n, c in files(content).items() if re.search(r"/c\d+\.xhtml$", n)}
    texts = [
        etree.tostring(etree.fromstring(c), method="text", encoding="unicode")
        for c in documents.values()
    ]
    assert sum(t.count("Text.") for t in texts) == len(chapters)


def test_pages_open_in_a_narrow_column_without_side_scrolling(parts, tmp_path):
    for name, content in parts.items():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 320, "height": 600})
        for name in ("origins", "mechanisms", "nav", "index", "title-page", "imprint"):
            page.goto((tmp_path / f"EPUB/{name}.xhtml").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
