import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree
from playwright.sync_api import expect

from imprint import web
from imprint.model import Book, PageMap
from tests import books, strange
from tests.examples import LONG
from tests.validators import axe_violations, browser, served

IDS = {"en": ["foreword", "origins", "mechanisms"], "fr": ["foreword", "origins"]}


def made(book: Book, pagemap: PageMap, **known) -> dict[str, bytes]:
    values = {"cover": None, "downloads": [], "languages": {}} | known
    return web.make(book, pagemap, theme=books.THEME, fonts=books.FONTS, **values)


def partnership(lang: str) -> dict[str, bytes]:
    downloads = [
        web.Download("PDF", f"../../book.{lang}.pdf", 3_900_000),
        web.Download("EPUB", f"../../book.{lang}.epub", 412_345),
    ]
    cover = books.png(160, 226)
    return made(*books.partnership(lang), cover=cover, downloads=downloads, languages=IDS)


def write(files: dict[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return partnership("en")


@pytest.fixture(scope="module")
def site(files, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    write(partnership("fr"), folder / "web" / "fr")
    write(files, folder / "web" / "en")
    for lang in IDS:
        (folder / f"book.{lang}.pdf").write_bytes(b"%PDF")
        (folder / f"book.{lang}.epub").write_bytes(b"PK")
    return folder


@pytest.fixture(scope="module")
def chromium():
    with browser() as running:
        yield running


def pages(site: Path) -> list[Path]:
    return sorted((site / "web").glob("*/*.html"))


# --- pages ---------------------------------------------------------------------------------------


def violations(chromium, paths: list[Path]) -> dict[str, list[str]]:
    tab = chromium.new_page(reduced_motion="reduce")
    found = {}
    for path in paths:
        tab.goto(path.as_uri())
        found[path.name] = axe_violations(tab)
    tab.close()
    return {name: lines for name, lines in found.items() if lines}


def test_every_page_passes_axe(site, chromium):
    assert violations(chromium, pages(site)) == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_holds_in_the_light_and_in_the_dark(site, chromium, scheme):
    tab = chromium.new_page(color_scheme=scheme)
    for name in ("index", "origins", "book-index"):
        tab.goto((site / f"web/en/{name}.html").as_uri())
        assert axe_violations(tab) == []


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_no_page_scrolls_sideways(site, chromium, width):
    tab = chromium.new_page(viewport={"width": width, "height": 700})
    for page in pages(site):
        tab.goto(page.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, page


def test_nothing_is_fetched_from_elsewhere_and_nothing_is_missing(site, chromium):
    with served(site) as address:
        tab = chromium.new_page()
        asked, failed = [], []
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("response", lambda r: failed.append(r.url) if r.status >= 400 else None)
        tab.on("requestfailed", lambda request: failed.append(request.url))
        tab.on("console", lambda message: failed.append(message.text))
        for page in pages(site):
            tab.goto(f"{address}{page.relative_to(site).as_posix()}", wait_until="networkidle")
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
    assert failed == []


def test_every_link_leads_somewhere(site):
    for page in pages(site):
        tree = etree.HTML(page.read_bytes())
        for href in tree.xpath("//a/@href"):
            if re.match(r"https?:|mailto:", href):
                continue
            name, _, fragment = href.partition("#")
            target = (page.parent / name).resolve() if name else page
            assert target.is_file(), (page, href)
            if fragment:
                found = etree.HTML(target.read_bytes()).xpath("//*[@id=$id]", id=fragment)
                assert len(found) == 1, (page, href)


def test_ids_are_unique_in_a_page(site):
    for page in pages(site):
        ids = etree.HTML(page.read_bytes()).xpath("//@id")
        assert len(ids) == len(set(ids))


def test_the_measure_is_about_65_characters(site, chromium):
    tab = chromium.new_page(viewport={"width": 1440, "height": 900})
    tab.goto((site / "web/en/origins.html").as_uri())
    characters = tab.evaluate(
        """() => {
          const p = [...document.querySelectorAll('.text > section > p')]
            .reduce((a, b) => a.textContent.length > b.textContent.length ? a : b);
          const lines = Math.round(p.getBoundingClientRect().height / parseFloat(getComputedStyle(p).lineHeight));
          return p.textContent.length / (lines - 0.4);
        }"""
    )
    assert 58 <= characters <= 70


# --- the first page ------------------------------------------------------------------------------


def test_downloads_show_their_size_in_the_words_of_the_language(site):
    english = (site / "web/en/index.html").read_text("utf-8")
    french = (site / "web/fr/index.html").read_text("utf-8")
    assert re.search(r'<a href="../../book.en.pdf" download>PDF, 3\.9.MB</a>', english)
    assert re.search(r'<a href="../../book.fr.pdf" download>PDF, 3,9.Mo</a>', french)


def test_the_contents_have_numbers_and_abstracts(files):
    home = files["index.html"].decode()
    assert (
        '<a href="origins.html"><span class="number">1</span> <span class="title">Origins' in home
    )
    assert "How thirty armies learn to speak one language." in home


# --- chapters ------------------------------------------------------------------------------------


def test_a_language_link_leads_to_the_same_chapter_where_there_is_one(files):
    assert 'href="../fr/origins.html"' in files["origins.html"].decode()
    mechanisms = files["mechanisms.html"].decode()
    assert 'href="../fr/index.html"' in mechanisms
    assert "../fr/mechanisms.html" not in mechanisms


def test_chapters_lead_on_and_back(files):
    page = files["origins.html"].decode()
    assert 'rel="prev" href="foreword.html"' in page
    assert 'rel="next" href="mechanisms.html"' in page


def test_pages_of_the_printed_edition_are_marked(files):
    mark = r'<span class="page-mark" id="page-4" role="doc-pagebreak" data-folio="4" title="Page 4\."></span>'
    assert re.search(
        rf"word, {mark}internationalisation", files["origins.html"].decode().replace("\n", " ")
    )


def test_without_scripts_a_note_comes_up_at_the_foot_and_leads_back(site, chromium):
    # Scripts that a test evaluates run all the same; only the page's own do not.
    tab = chromium.new_page(
        viewport={"width": 800, "height": 600}, reduced_motion="reduce", java_script_enabled=False
    )
    tab.goto((site / "web/en/origins.html").as_uri())
    before = tab.evaluate("scrollY")
    tab.click("#noteref-origins-1")
    note = tab.locator("#note-origins-1").bounding_box()
    assert tab.evaluate("scrollY") == before
    assert note["y"] + note["height"] == pytest.approx(600, abs=1)
    tab.click("#note-origins-1 .note-back")
    assert (
        tab.evaluate("getComputedStyle(document.querySelector('#note-origins-1')).position")
        == "static"
    )


def test_a_note_opens_beside_its_call_and_closes_with_a_key(site, chromium):
    tab = chromium.new_page(viewport={"width": 360, "height": 600}, reduced_motion="reduce")
    tab.goto((site / "web/en/origins.html").as_uri())
    tab.focus("#noteref-origins-1")
    before = tab.evaluate("scrollY")
    tab.keyboard.press("Enter")
    box = tab.locator(".pop").bounding_box()
    assert tab.inner_text(".pop").strip() == tab.evaluate(
        "document.querySelector('#note-origins-1 p').firstChild.textContent.trim()"
    )
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert tab.evaluate("scrollY") == before
    assert axe_violations(tab) == []
    tab.keyboard.press("Escape")
    assert tab.query_selector(".pop") is None
    assert tab.evaluate("document.activeElement.id") == "noteref-origins-1"


def test_a_large_figure_opens_over_the_page(site, chromium):
    tab = chromium.new_page(viewport={"width": 1000, "height": 700}, reduced_motion="reduce")
    tab.goto((site / "web/en/origins.html").as_uri())
    tab.click("a.large")
    assert tab.is_visible("dialog.lightbox img")
    assert axe_violations(tab) == []
    tab.keyboard.press("Escape")
    assert tab.query_selector("dialog") is None
    assert tab.evaluate("document.activeElement.className") == "large"


def go_to_page_4(tab):
    """Scroll until page 4 begins just above a third of the window, and page 5 below."""
    tab.evaluate("document.querySelector('#page-4').scrollIntoView()")
    tab.evaluate("scrollBy(0, -60)")


def test_the_page_where_one_is_can_be_cited(site, chromium):
    tab = chromium.new_page(viewport={"width": 1440, "height": 270}, reduced_motion="reduce")
    tab.goto((site / "web/en/origins.html").as_uri())
    go_to_page_4(tab)
    expect(tab.locator(".here .folio")).to_have_text("Page 4")
    tab.click(".here button")
    said = " ".join(tab.inner_text(".cite-pop .citation").split())
    assert ". Security through Partnership." in said
    assert said.endswith(f"page 4. {tab.url}#page-4")
    assert axe_violations(tab) == []


def test_without_scripts_the_pages_of_the_chapter_can_be_cited(files):
    cited = etree.HTML(files["origins.html"]).xpath("//p[@class='citation']")[0]
    assert re.search(r"pages \d+–\d+\.", "".join(cited.itertext()))


def test_the_reader_chooses_between_light_and_dark(site, chromium):
    context = chromium.new_context(color_scheme="light")
    tab = context.new_page()
    with served(site) as address:
        tab.goto(f"{address}web/en/origins.html")
        tab.click(".appearance")
        assert tab.get_attribute(".appearance", "aria-pressed") == "true"
        assert axe_violations(tab) == []
        tab.goto(f"{address}web/fr/index.html")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 29)"
        tab.click(".appearance")
        assert tab.evaluate("document.documentElement.dataset.appearance") is None
    context.close()


def test_the_first_page_leads_back_to_where_the_reader_was(site, chromium):
    context = chromium.new_context(viewport={"width": 1000, "height": 270}, reduced_motion="reduce")
    tab = context.new_page()
    with served(site) as address:
        tab.goto(f"{address}web/en/index.html")
        assert not tab.is_visible(".resume")
        tab.goto(f"{address}web/en/origins.html")
        go_to_page_4(tab)
        tab.goto(f"{address}web/en/index.html")
        assert tab.inner_text(".resume").endswith("Origins and evolution of Partnership, Page 4")
        tab.click(".resume a")
        assert tab.url == f"{address}web/en/origins.html#page-4"
        tab.goto(f"{address}web/fr/index.html")
        assert not tab.is_visible(".resume")
    context.close()


def test_the_keyboard_reaches_the_text_and_the_table(site, chromium):
    tab = chromium.new_page(viewport={"width": 360, "height": 700})
    tab.goto((site / "web/en/origins.html").as_uri())
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "content"
    seen = set()
    for _ in range(30):
        tab.keyboard.press("Tab")
        seen.add(tab.evaluate("document.activeElement.className"))
    assert "table-scroll" in seen


def test_it_can_be_read_without_styles(files, tmp_path, chromium):
    bare = {n: c for n, c in files.items() if not n.endswith((".css", ".woff2"))}
    folder = write(bare, tmp_path)
    tab = chromium.new_page()
    tab.goto((folder / "origins.html").as_uri())
    assert "Origins and evolution of Partnership" in tab.inner_text("h1")


def test_on_paper_there_is_text_and_no_furniture(site, chromium):
    tab = chromium.new_page()
    tab.goto((site / "web/en/origins.html").as_uri())
    tab.emulate_media(media="print")
    assert not tab.is_visible(".masthead")
    assert not tab.is_visible(".turn")
    assert tab.is_visible("h1")


def test_the_same_book_gives_the_same_files(files):
    assert partnership("en") == files


def test_no_page_has_a_script_or_a_style_within(files):
    for name, content in files.items():
        if name.endswith(".html"):
            # A block of data for search engines is no script.
            bare = content.replace(b'<script type="application/ld+json">', b"")
            assert not re.search(rb"<script>|<script [^s]|<style|\sstyle=|\son[a-z]+=", bare), name
            assert b"default-src 'none'; script-src 'self';" in content
            assert b"unsafe" not in content


def test_only_the_page_that_searches_may_compile_webassembly():
    book, pagemap = books.partnership("en")
    searchable = made(book, pagemap, indexer=lambda pages, lang: {"pagefind/x": b""})
    allowed = {name for name, content in searchable.items() if b"wasm-unsafe-eval" in content}
    assert allowed == {"search.html"}


def test_scripts_are_small(files):
    scripts = [content for name, content in files.items() if name.endswith(".js")]
    assert 0 < sum(map(len, scripts)) < 10_000


def test_search_engines_are_told_of_the_book_and_its_chapters(files):
    [block] = etree.HTML(files["index.html"]).xpath("//script[@type='application/ld+json']")
    about = json.loads(block.text)
    assert about["@type"] == "Book"
    assert "origins.html" in [part["url"] for part in about["hasPart"]]
    assert about["encoding"][0]["contentUrl"] == "../../book.en.pdf"


def test_addresses_are_in_full_where_the_publication_has_one():
    book, pagemap = books.partnership("en")
    known = replace(book.publication, url="https://books.example/partnership/")
    page = made(replace(book, publication=known), pagemap)["origins.html"].decode()
    address = "https://books.example/partnership/en/origins.html"
    assert f'<link rel="canonical" href="{address}">' in page
    assert f'<a class="address" href="{address}">{address}</a>' in page


# --- whatever comes ------------------------------------------------------------------------------


# A validator's run takes seconds: a finding is shown as it came, not made smaller.
@settings(
    max_examples=100 if LONG else 2,
    deadline=None,
    derandomize=not LONG,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.lists(strange.trees, min_size=1, max_size=5), min_size=12, max_size=16))
def test_whatever_tree_comes_in_is_accessible(tmp_path_factory, chromium, drawn):
    chapters = []
    for number, trees in enumerate(drawn):
        chapter = books.chapter(
            f"c{number}", f"Chapter {number}", "<p>Text.</p>", number=str(number + 1)
        )
        chapter.body.extend(etree.fromstring(etree.tostring(tree)) for tree in trees)
        chapters.append(chapter)
    folder = write(made(*books.simple(*chapters)), tmp_path_factory.mktemp("strange"))
    assert violations(chromium, sorted(folder.glob("c*.html"))) == {}
