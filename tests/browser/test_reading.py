"""The web edition as its readers use it, in a real browser."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from lxml import etree
from playwright.sync_api import Browser, Page, Response, Route, expect

from tests.conftest import DEFAULT_LANGUAGES, Built
from tests.validators import axe_violations

_BUDGET_BYTES = 100_000
_SCHEMES = ("light", "dark")


def sections(edition: Built) -> list[str]:
    """The files of the sections in reading order."""
    home = etree.HTML((edition.web_folder / "index.html").read_bytes())
    return home.xpath("//nav[@class='contents']/ol/li/a/@href")


def own_word(edition: Built, section: str) -> str:
    """A word that no other section has: the longest of those that it has most often."""
    texts = {
        name: Counter(re.findall(r"[^\W\d_]{6,}", _text(edition, name).lower()))
        for name in sections(edition)
    }
    others = set().union(*(texts[name] for name in texts if name != section))
    own = {word: n for word, n in texts[section].items() if word not in others}
    return max(own, key=lambda word: (own[word], len(word), word))


def _text(edition: Built, section: str) -> str:
    [article] = etree.HTML((edition.web_folder / section).read_bytes()).xpath("//article")
    for part in article.xpath(".//details | .//section[@class='notes']"):
        part.getparent().remove(part)
    return " ".join(article.itertext())


# --- all pages -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", _SCHEMES)
def test_axe_finds_nothing_on_any_page(
    chromium: Browser, site: str, pages: list[str], scheme: str
) -> None:
    tab = chromium.new_page(reduced_motion="reduce", color_scheme=scheme)
    found = {}
    for page in pages:
        tab.goto(site + page)
        found[page] = axe_violations(tab)
    tab.close()
    assert {page: findings for page, findings in found.items() if findings} == {}


def test_no_page_scrolls_sideways_on_a_telephone(
    chromium: Browser, site: str, pages: list[str]
) -> None:
    tab = chromium.new_page(viewport={"width": 360, "height": 740})
    widths = {}
    for page in pages:
        tab.goto(site + page)
        widths[page] = tab.evaluate("document.documentElement.scrollWidth")
    tab.close()
    assert {page: width for page, width in widths.items() if width > 360} == {}


def test_nothing_is_asked_of_another_host_and_nothing_is_refused(
    chromium: Browser, site: str, pages: list[str]
) -> None:
    tab = chromium.new_page()
    asked: list[str] = []
    amiss: list[str] = []
    tab.context.on("request", lambda request: asked.append(request.url))
    tab.context.on("response", lambda r: amiss.append(r.url) if r.status >= 400 else None)
    # The console tells what the content security policy refuses, too.
    tab.on("console", lambda message: amiss.append(f"{tab.url}: {message.text}"))
    tab.on("pageerror", lambda fault: amiss.append(f"{tab.url}: {fault}"))
    for page in pages:
        tab.goto(site + page, wait_until="networkidle")
    tab.close()
    assert len(asked) > len(pages)
    assert [url for url in asked if not url.startswith((site, "data:"))] == []
    assert amiss == []


def test_every_download_is_as_large_as_its_link_says(
    chromium: Browser, site: str, editions: dict[str, Built]
) -> None:
    tab = chromium.new_page()
    for page in ("web/index.html", *(f"web/{lang}/index.html" for lang in editions)):
        tab.goto(site + page)
        links = tab.locator("a[download]").all()
        assert len(links) >= 2
        for link in links:
            address = urljoin(tab.url, link.get_attribute("href"))
            size = len(tab.request.get(address).body())
            number, unit = re.fullmatch(r"\w+, ([\d.,]+)\s(\w+)", link.inner_text()).groups()
            factor = 1_000_000 if unit in ("MB", "Mo") else 1_000
            # A number below ten has a digit behind the point; half of the last digit is rounding.
            step = factor / 10 if len(number) > 1 and number[1] in ".," else factor
            assert abs(float(number.replace(",", ".")) * factor - size) <= step / 2, address
    tab.close()


# --- reading on ----------------------------------------------------------------------------------


def _press_until(tab: Page, script: str) -> None:
    """Press Tab until the element with the focus is as the script says."""
    for _ in range(400):
        tab.keyboard.press("Tab")
        if tab.evaluate(f"(() => {{ const at = document.activeElement; return {script} }})()"):
            return
    raise AssertionError(f"The keyboard did not reach {script} on {tab.url}.")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_keyboard_alone_leads_from_the_library_to_the_last_page(
    chromium: Browser, site: str, editions: dict[str, Built], scripts: bool
) -> None:
    context = chromium.new_context(java_script_enabled=scripts)
    tab = context.new_page()
    tab.goto(f"{site}web/index.html")
    _press_until(tab, "at.matches('h2 a') && at.href.includes('/en/')")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/en/index.html")
    _press_until(tab, "at.matches('.begin a')")
    tab.keyboard.press("Enter")
    expected = sections(editions["en"])
    read = []
    for file in expected:
        tab.wait_for_url(f"**/en/{file}")
        read.append(urlsplit(tab.url).path.split("/")[-1])
        if file != expected[-1]:
            _press_until(tab, "at.rel === 'next'")
            assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            tab.keyboard.press("Enter")
    assert read == expected
    assert tab.locator("a[rel=next]").count() == 0
    context.close()


def test_the_language_switch_keeps_the_section(
    chromium: Browser, site: str, editions: dict[str, Built]
) -> None:
    tab = chromium.new_page()
    for file in [*sections(editions["en"]), "index.html", "imprint.html", "search.html"]:
        tab.goto(f"{site}web/en/{file}")
        tab.click(".language a[hreflang=fr]")
        assert tab.url == f"{site}web/fr/{file}"
        assert tab.get_attribute("html", "lang") == "fr"
        tab.click(".language a[hreflang=en]")
        assert tab.url == f"{site}web/en/{file}"
    tab.close()


@pytest.mark.parametrize("lang", DEFAULT_LANGUAGES)
def test_search_finds_a_word_of_each_section(
    chromium: Browser, site: str, editions: dict[str, Built], lang: str
) -> None:
    tab = chromium.new_page()
    amiss: list[str] = []
    tab.on("console", lambda message: amiss.append(message.text))
    for section in sections(editions[lang]):
        word = own_word(editions[lang], section)
        tab.goto(f"{site}web/{lang}/index.html")
        tab.fill("input[type=search]", word)
        tab.press("input[type=search]", "Enter")
        expect(tab.locator(".found")).not_to_be_empty(timeout=15_000)
        found = tab.eval_on_selector_all(
            ".results > li > a", "links => links.map(a => a.getAttribute('href'))"
        )
        assert section in found, word
    assert axe_violations(tab) == []
    tab.fill("input[type=search]", "qqqqqqqq")
    expect(tab.locator(".found")).to_have_text(tab.get_attribute("form", "data-none"))
    assert amiss == []
    tab.click("nav.tools a >> nth=0")
    tab.close()


def test_a_search_result_leads_to_its_place(chromium: Browser, site: str) -> None:
    tab = chromium.new_page()
    tab.goto(f"{site}web/en/search.html?q=landmines")
    part = tab.locator(".results ul a").first
    part.wait_for()
    target = part.get_attribute("href")
    part.click()
    assert tab.url == f"{site}web/en/{target}"
    assert tab.locator(f"[id='{unquote(urlsplit(target).fragment)}']").count() == 1
    tab.close()


# --- how it looks, with scripts and without ------------------------------------------------------


def _ground(tab: Page) -> str:
    return tab.evaluate("getComputedStyle(document.body).backgroundColor")


def test_the_reader_chooses_the_dark_and_it_stays(chromium: Browser, site: str) -> None:
    context = chromium.new_context(color_scheme="light")
    tab = context.new_page()
    tab.goto(f"{site}web/index.html")
    light = _ground(tab)
    tab.click(".appearance")
    dark = _ground(tab)
    assert dark != light
    for page in ("web/en/origins.html", "web/fr/index.html"):
        tab.goto(site + page)
        assert _ground(tab) == dark
    tab.emulate_media(media="print")
    assert _ground(tab) == light
    context.close()


def test_without_scripts_everything_is_there_and_nothing_that_does_not_work(
    chromium: Browser, site: str, pages: list[str]
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    tab = context.new_page()
    for page in pages:
        tab.goto(site + page)
        assert tab.locator("h1").is_visible()
        assert [b.inner_text() for b in tab.locator("button:visible").all()] == []
        assert tab.locator(".search:visible, .to-search:visible").count() == 0
    tab.goto(f"{site}web/en/origins.html")
    tab.click(".noteref >> nth=0")
    assert tab.locator(".note:target").is_visible()
    tab.goto(f"{site}web/en/origins.html")
    tab.click("a.large >> nth=0")
    assert tab.url.endswith(".svg")
    context.close()


def test_a_figure_opens_with_its_data(chromium: Browser, site: str) -> None:
    tab = chromium.new_page(reduced_motion="reduce")
    tab.goto(f"{site}web/en/origins.html")
    tab.click("#fig-accessions a.large")
    tab.click("dialog summary")
    assert tab.locator("dialog table").is_visible()
    assert (
        tab.locator("dialog tbody tr").count()
        == tab.locator("#fig-accessions + details tbody tr").count()
    )
    assert axe_violations(tab) == []
    tab.click("dialog .close")
    expect(tab.locator("dialog")).to_have_count(0)
    tab.close()


# --- weight and time -----------------------------------------------------------------------------


@pytest.mark.parametrize("lang", DEFAULT_LANGUAGES)
def test_a_section_is_light(
    chromium: Browser, site: str, editions: dict[str, Built], lang: str
) -> None:
    weights = {}
    for section in sections(editions[lang]):
        context = chromium.new_context(service_workers="block")
        tab = context.new_page()
        answers: list[Response] = []
        tab.on("response", lambda answer, kept=answers: kept.append(answer))
        tab.goto(f"{site}web/{lang}/{section}", wait_until="networkidle")
        weights[section] = sum(_text_size(answer) for answer in answers)
        context.close()
    assert all(weight > 10_000 for weight in weights.values())
    assert {name: weight for name, weight in weights.items() if weight > _BUDGET_BYTES} == {}


def _text_size(response: Response) -> int:
    """The bytes of a page, style sheet or script, uncompressed; 0 for pictures and faces."""
    kinds = ("document", "stylesheet", "script")
    return len(response.body()) if response.request.resource_type in kinds else 0


def test_the_page_shows_before_its_scripts_have_come(chromium: Browser, site: str) -> None:
    context = chromium.new_context(service_workers="block")
    tab = context.new_page()
    held: list[Route] = []
    # The one that the page does wait for, as it does for its style, is the choice of light or dark.
    tab.route(re.compile(r"/scripts/(?!appearance)"), lambda route: held.append(route))
    tab.goto(f"{site}web/en/origins.html", wait_until="commit")
    expect(tab.locator("h1")).to_be_visible()
    tab.wait_for_timeout(500)
    painted = tab.evaluate("performance.getEntriesByName('first-contentful-paint').length")
    assert painted == 1
    assert held
    for route in held:
        route.abort()
    context.close()


# --- off line ------------------------------------------------------------------------------------


def test_a_book_once_opened_can_be_read_without_a_network(
    chromium: Browser, site: str, editions: dict[str, Built]
) -> None:
    context = chromium.new_context()
    tab = context.new_page()
    tab.goto(f"{site}web/en/index.html")
    tab.evaluate("navigator.serviceWorker.ready.then(() => true)")
    expect_kept = "caches.keys().then(names => names.length)"
    assert tab.evaluate(expect_kept) == 1
    tab.reload()
    context.set_offline(True)
    for section in sections(editions["en"]):
        tab.goto(f"{site}web/en/{section}")
        assert tab.locator("article").is_visible()
    assert tab.evaluate("document.fonts.check('1em \"Source Serif 4\"')")
    word = own_word(editions["en"], "origins.html")
    tab.goto(f"{site}web/en/search.html?q={word}")
    expect(tab.locator(".results > li > a[href='origins.html']")).to_have_count(1)
    context.close()


def test_what_is_installed_has_a_name_and_pictures(
    chromium: Browser, site: str, editions: dict[str, Built]
) -> None:
    for lang, edition in editions.items():
        tab = chromium.new_page()
        tab.goto(f"{site}web/{lang}/index.html")
        address = urljoin(tab.url, tab.get_attribute("link[rel=manifest]", "href"))
        manifest = tab.request.get(address).json()
        assert manifest["name"] == tab.inner_text("h1")
        assert manifest["lang"] == lang
        for icon in manifest["icons"]:
            assert (edition.web_folder / icon["src"]).is_file()
        tab.close()
