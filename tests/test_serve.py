"""The live preview, as a real server: what it shows, what it refuses, how it ends."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from lxml import etree

from imprint.crew import Task, crew, processes
from imprint.model import Chapter
from imprint.preview.app import MOST_LISTENERS, Bulletin
from imprint.preview.galleys import Printed, found_places, plain
from imprint.preview.guard import Door
from imprint.preview.patience import PatientProtocol
from imprint.preview.proof import block_at
from imprint.preview.server import MOST_CONNECTIONS, listening
from imprint.trees import HeldTree
from tests.validators import axe_violations, browser

ROOT = Path(__file__).resolve().parent.parent
# Longest time for one thing to happen, on a busy machine.
PATIENCE = 120
SECRET = "the-secret-outside-of-the-publication"

SETTINGS = """
title = "The harbour"
slug = "harbour"
languages = ["en", "fr"]
date = 2024-03-01
rights = "In the public domain."
front = ["title-page", "contents"]
[publisher]
name = "Harbour Press"
[[creators]]
name = "Una Gauge"
"""
SENTENCES = (
    "The keeper of gauge {n} writes down the height of the water before the ferry leaves, and "
    "nobody at the quay has ever asked what became of ledger {n} or of the man who kept it. "
)


def paragraphs(first: int, count: int) -> str:
    return "\n\n".join(SENTENCES.format(n=n) * 4 for n in range(first, first + count))


FIRST = f'+++\ntitle = "The tide"\n+++\n\n{paragraphs(100, 14)}\n\n## Ebb\n\n{paragraphs(200, 6)}\n'
SECOND = f"# The quay\n\n{paragraphs(300, 3)}[^1]\n\n[^1]: A note on the quay, set at the foot.\n"


def publication(folder: Path) -> Path:
    (folder / "outside.txt").write_text(SECRET)
    source = folder / "source"
    for lang in ("en", "fr"):
        (source / lang).mkdir(parents=True)
    (source / "publication.toml").write_text(SETTINGS)
    (source / "en" / "01-tide.md").write_text(FIRST)
    (source / "en" / "02-quay.md").write_text(SECOND)
    (source / "fr" / "01-tide.md").write_text(
        "# La marée\n\nLe gardien note la hauteur de l’eau.\n"
    )
    (source / "en" / "leak.txt").symlink_to(folder / "outside.txt")
    return source


@dataclass
class Preview:
    """A server in a process of its own."""

    source: Path
    address: str
    token: str
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2].strip("/"))

    @property
    def original(self) -> dict[Path, str]:
        return {
            self.source / "publication.toml": SETTINGS,
            self.source / "en" / "01-tide.md": FIRST,
            self.source / "en" / "02-quay.md": SECOND,
        }

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def proof(self, lang: str = "") -> dict[str, Any]:
        return json.loads(self.get(f"/proof?lang={lang}")[2])

    def until(self, holds: Callable[[dict[str, Any]], object], lang: str = "") -> dict[str, Any]:
        """The proof as soon as something holds of it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            proof = self.proof(lang)
            if holds(proof):
                return proof
            time.sleep(0.1)
        pytest.fail(f"It did not come to that: {proof}")

    def page(self, name: str, lang: str = "en") -> str:
        return self.get(f"/web/{lang}/{name}")[2].decode()

    def restore(self) -> None:
        """Put the manuscript back as it was, and wait until that is shown."""
        for path, text in self.original.items():
            path.write_text(text)
        self.until(
            lambda p: (
                p["state"] == "ready"
                and not p["diagnostics"]
                and [c["id"] for c in p["chapters"]] == ["tide", "quay"]
                and "Freshly" not in self.page("tide.html") + self.page("quay.html")
            )
        )


@contextmanager
def preview(
    source: Path, cache: Path, *options: str, home: Path | None = None
) -> Iterator[Preview]:
    process = subprocess.Popen(
        [sys.executable, "-m", "imprint", "serve", str(source), *options],
        cwd=ROOT,
        env=os.environ | {"XDG_CACHE_HOME": str(cache), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        first = process.stdout.readline()
        found = re.search(r"(http://\S+?:\d+/)(?:\?token=(\S+))?", first)
        assert found, first + process.stdout.read()
        served = Preview(source, found[1], found[2] or "", process)
        wait_for(lambda: answers(served))
        yield served
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            process.stdout.close()


def wait_for(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "It did not come to that."
        time.sleep(0.05)


def answers(served: Preview) -> bool:
    assert served.process.poll() is None, served.process.stdout.read()
    try:
        return served.get("/")[0] in (200, 403)
    except OSError:
        return False


@pytest.fixture(scope="module")
def running(tmp_path_factory, workshop) -> Iterator[Preview]:
    source = publication(tmp_path_factory.mktemp("preview"))
    with preview(source, workshop / "cache") as served:
        served.until(lambda proof: proof["state"] == "ready")
        yield served


@pytest.fixture
def manuscript(running) -> Iterator[Preview]:
    """The server, and a manuscript that is put back."""
    yield running
    running.restore()


@pytest.fixture(scope="module")
def chromium():
    with browser() as launched:
        yield launched


# --- what is shown --------------------------------------------------------------------------------


def test_it_shows_the_web_edition_the_pages_and_the_epub(running):
    proof = running.proof()
    assert proof["lang"] == "en"
    assert proof["languages"] == ["en", "fr"]
    assert [chapter["id"] for chapter in proof["chapters"]] == ["tide", "quay"]
    assert "ledger 100" in running.page("tide.html")
    [first, *_] = [page for page in proof["pages"] if page["unit"] == "tide"]
    status, headers, picture = running.get(f"/pages/en/{first['key']}/0.png")
    assert (status, headers["content-type"]) == (200, "image/png")
    assert picture.startswith(b"\x89PNG")
    status, headers, text = running.get(f"/epub/en/{proof['chapters'][0]['epub']}")
    assert (status, headers["content-type"]) == (200, "application/xhtml+xml; charset=utf-8")
    assert b"ledger 100" in text


def test_the_output_folder_is_left_alone(running):
    assert not (running.source.parent / "output").exists()


def test_another_language_is_made_when_it_is_asked_for(running):
    proof = running.until(lambda p: p["state"] == "ready", lang="fr")
    assert [chapter["title"] for chapter in proof["chapters"]] == ["1 La marée"]
    assert "Le gardien" in running.page("tide.html", "fr")


def test_each_block_of_the_text_is_found_on_its_page(running):
    proof = running.proof()
    pages = [page for page in proof["pages"] if page["unit"] == "tide" and page["key"]]
    places = json.loads(running.get(f"/pages/en/{pages[0]['key']}/places.json")[2])
    tree = etree.HTML(running.page("tide.html"))
    found = {place["id"] for place in places if place["box"]}
    blocks = tree.xpath("//article//p[starts-with(@id, 'imprint-')] | //article//h2[@id]")
    assert len(blocks) == 21
    assert {block.get("id") for block in blocks} <= found
    # In the order of the text, from the top of each page to its foot.
    order = [block.get("id") for block in blocks]
    begins: dict[str, tuple[int, float]] = {}
    for place in places:
        begins.setdefault(place["id"], (place["page"], place["box"][1]))
    assert [begins[name] for name in order] == sorted(begins[name] for name in order)
    assert {page for page, _ in begins.values()} == {page["index"] for page in pages}


def test_nothing_is_kept_by_the_browser_or_shown_in_another_page(running):
    proof = running.proof()
    key = next(page["key"] for page in proof["pages"] if page["key"])
    for path in ("/", "/proof", "/preview/frame.js", "/web/en/tide.html", "/nothing",
                 f"/pages/en/{key}/0.png", f"/epub/en/{proof['chapters'][0]['epub']}"):  # fmt: skip
        _, headers, _ = running.get(path)
        assert headers["cache-control"] == "no-store", path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors" in headers["content-security-policy"]
        assert "server" not in headers
    # A worker of the web edition would keep the draft beyond the preview.
    assert running.get("/web/en/service-worker.js")[0] == 404
    assert "worker-src 'none'" in running.get("/web/en/tide.html")[1]["content-security-policy"]


# --- what changes ---------------------------------------------------------------------------------


def events(served: Preview, lang: str = "") -> Iterator[str]:
    """The lines of news as they come."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    connection.request("GET", f"/events?lang={lang}")
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.getheader("content-type").startswith("text/event-stream")
    try:
        while line := answer.readline():
            if line.startswith(b"data: "):
                yield line.decode()[6:].strip()
    finally:
        connection.close()


def test_a_saved_chapter_is_told_of_and_its_page_changes(manuscript):
    news = events(manuscript)
    first = next(news)
    before = manuscript.proof()
    path = manuscript.source / "en" / "02-quay.md"
    saved = time.monotonic()
    path.write_text(SECOND.replace("The keeper", "Freshly saved, the keeper", 1))
    assert next(news) != first
    proof = manuscript.until(lambda p: "Freshly saved" in manuscript.page("quay.html"))
    assert time.monotonic() - saved < 60
    assert proof["changed"] == ["en/02-quay.md"]
    proof = manuscript.until(lambda p: p["state"] == "ready")
    keys = [
        {page["unit"]: page["key"] for page in each["pages"] if page["key"]}
        for each in (before, proof)
    ]
    assert keys[0]["quay"] != keys[1]["quay"]
    # The pictures of a chapter that nobody has touched are still good.
    assert keys[0]["tide"] == keys[1]["tide"]
    assert before["files"]["tide.html"] == proof["files"]["tide.html"]


def test_relieved_workers_are_followed_by_others():
    # A style sheet of the theme that is saved asks for workers that have not read it.
    with crew(processes, 1) as workers:
        [(_, first)] = workers.results([Task("first", os.getpid, ())])
        workers.relieve()
        [(_, second)] = workers.results([Task("second", os.getpid, ())])
    assert first != second


def test_a_saved_setting_shows(manuscript):
    text = SETTINGS.replace("The harbour", "The other harbour")
    (manuscript.source / "publication.toml").write_text(text)
    manuscript.until(lambda p: p["title"] == "The other harbour" and p["state"] == "ready")


BROKEN = {
    "head": (b'+++\ntitle = "The tide\n+++\n\nWords.\n', "en/01-tide.md"),
    "bytes": (b"# Tide\n\n\xff\xfe\x00\x81 words\n", "en/01-tide.md"),
    "missing picture": (b"# The tide\n\n![A wall](wall.png)\n\nWords.\n", "en/01-tide.md"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_chapter_shows_what_is_wrong_and_mending_it_brings_it_back(manuscript, fault):
    content, file = BROKEN[fault]
    (manuscript.source / file).write_bytes(content)
    proof = manuscript.until(
        lambda p: (
            any(d["severity"] == "error" for d in p["diagnostics"])
            and p["state"] in ("ready", "broken")
        )
    )
    assert any(d["place"].startswith(file) for d in proof["diagnostics"])
    assert [chapter["id"] for chapter in proof["chapters"]] == ["tide", "quay"]
    assert manuscript.get("/web/en/tide.html")[0] == 200
    assert "ledger 300" in manuscript.page("quay.html")
    manuscript.restore()
    assert "ledger 100" in manuscript.page("tide.html")


def test_broken_settings_leave_the_last_good_pages(manuscript):
    (manuscript.source / "publication.toml").write_text('title = "The harbour\n')
    proof = manuscript.until(lambda p: p["state"] == "broken")
    assert [d["place"].partition(":")[0] for d in proof["diagnostics"]] == ["publication.toml"]
    assert "ledger 100" in manuscript.page("tide.html")
    key = next(page["key"] for page in proof["pages"] if page["unit"] == "tide")
    assert manuscript.get(f"/pages/en/{key}/1.png")[0] == 200


def test_a_finding_names_its_line_and_its_block(manuscript):
    text = SECOND.replace("[^1]\n", "[^1]\n\nSee [](#nowhere) for more.\n", 1)
    (manuscript.source / "en" / "02-quay.md").write_text(text)
    proof = manuscript.until(lambda p: p["diagnostics"] and p["state"] == "ready")
    [found] = proof["diagnostics"]
    number = 1 + text.split("\n").index("See [](#nowhere) for more.")
    assert found["place"].startswith(f"en/02-quay.md:{number}:")
    assert found["source"] == "See [](#nowhere) for more."
    assert found["web"] == "quay.html"
    tree = etree.HTML(manuscript.page("quay.html"))
    [block] = tree.xpath("//*[@id=$id]", id=found["id"])
    assert "for more." in block.xpath("string()")


def test_a_folder_with_nothing_in_it_says_so_and_shows_what_comes(tmp_path, workshop):
    source = tmp_path / "empty"
    source.mkdir()
    with preview(source, workshop / "cache") as served:
        proof = served.until(lambda p: p["state"] == "broken")
        assert proof["diagnostics"]
        (source / "one.md").write_text("# One\n\nThe first words.\n")
        proof = served.until(lambda p: p["state"] == "ready")
        assert [chapter["title"] for chapter in proof["chapters"]] == ["1 One"]


# --- in a browser ---------------------------------------------------------------------------------


@pytest.fixture
def tab(chromium, running):
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(f"{running.address}#tide.html")
    page.wait_for_selector("body[data-loaded]")
    page.wait_for_selector("#pages img")
    yield page
    page.close()
    assert faults == []


def text_of(tab):
    return tab.frame_locator("#web")


def test_the_frame_is_accessible(tab):
    wait_for(lambda: tab.evaluate("document.querySelector('#pages img').complete"))
    assert axe_violations(tab) == []


def test_a_click_in_the_text_finds_its_line_on_the_page(tab):
    words = text_of(tab).locator("p", has_text="ledger 110")
    words.click()
    spot = tab.locator("#pages .spot")
    spot.wait_for()
    item = tab.locator("#pages li:has(.spot)")
    seen = item.bounding_box()
    pane = tab.locator("#pages").bounding_box()
    assert seen["y"] < pane["y"] + pane["height"]
    assert spot.bounding_box()["y"] >= pane["y"]
    # And a click there leads back to the very paragraph.
    text_of(tab).locator("h1").first.scroll_into_view_if_needed()
    text_of(tab).locator("body").evaluate("() => scrollTo(0, 0)")
    box = spot.bounding_box()
    tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    wait_for(lambda: tab.evaluate("document.querySelector('#web').contentWindow.scrollY") > 0)
    outlined = text_of(tab).locator("[style*=outline]")
    assert "ledger 110" in outlined.text_content()
    assert 0 <= outlined.bounding_box()["y"] <= 900


def test_a_click_on_another_chapters_page_opens_the_chapter(tab):
    page = tab.locator("#pages li").filter(has=tab.locator("img[src*='/0.png']")).last
    name = tab.evaluate(
        "() => [...document.querySelectorAll('#pages li')].find((i) => i.page.unit === 'quay').dataset.name"
    )
    tab.locator(f"#pages li[data-name='{name}'] button").press("Enter")
    text_of(tab).locator("h1", has_text="The quay").wait_for()
    wait_for(lambda: tab.locator("#chapter").input_value() == "quay.html")
    assert page.count() == 1


def test_a_saved_change_shows_without_a_reload_and_the_reader_stays(tab, manuscript):
    frame = tab.frame(url=re.compile("/web/en/tide.html"))
    tab.evaluate("window.stillTheSame = true")
    frame.evaluate(
        "[...document.querySelectorAll('p')].find((p) => p.textContent.includes('ledger 109')).scrollIntoView({block: 'start'})"
    )
    before = frame.evaluate("scrollY")
    assert before > 500
    top = "[...document.querySelectorAll('p')].find((p) => p.textContent.includes('ledger 110')).getBoundingClientRect().top"
    place = frame.evaluate(top)
    # Three paragraphs more, before the place and so with other numbers for all that follow.
    more = "Freshly written words stand here now.\n\n" * 3
    path = manuscript.source / "en" / "01-tide.md"
    path.write_text(FIRST.replace("+++\n\n", f"+++\n\n{more}", 1))
    text_of(tab).locator("p", has_text="Freshly").first.wait_for(state="attached")
    tab.locator("#status", has_text="shown after").wait_for()
    frame = tab.frame(url=re.compile("/web/en/tide.html"))
    wait_for(lambda: frame.evaluate("scrollY") > before, 20)
    wait_for(lambda: frame.evaluate(top) == pytest.approx(place, abs=4), 20)
    assert tab.evaluate("window.stillTheSame")


def test_a_broken_chapter_is_shown_in_place_and_mended(tab, manuscript):
    path = manuscript.source / "en" / "01-tide.md"
    path.write_text(FIRST.replace("## Ebb", "![A wall](wall.png)\n\n## Ebb"))
    item = tab.locator("#findings li.error").first
    item.wait_for()
    assert "en/01-tide.md:" in item.text_content()
    text_of(tab).locator("[data-finding]").first.wait_for(state="attached")
    item.locator("button.place").click()
    marked = text_of(tab).locator("[data-finding]").first
    assert 0 <= marked.bounding_box()["y"] <= 900
    path.write_text(FIRST)
    tab.locator("#findings").wait_for(state="hidden")
    text_of(tab).locator("[data-finding]").first.wait_for(state="detached")


def test_the_epub_stands_in_a_frame_of_a_telephones_size(tab):
    tab.locator("input[value=epub]").check()
    tab.frame_locator("#epub").locator("p", has_text="ledger 100").first.wait_for()
    box = tab.evaluate(
        "(() => { const e = document.querySelector('#epub'); return [e.clientWidth, e.clientHeight]; })()"
    )
    assert box == [360, 640]
    assert (
        tab.frame(url=re.compile("/epub/")).evaluate("document.documentElement.scrollWidth") <= 360
    )


def test_the_language_is_chosen_in_the_bar(tab):
    tab.locator("#language").select_option("fr")
    text_of(tab).locator("h1", has_text="La marée").wait_for()


# --- what is refused ------------------------------------------------------------------------------


def asked(port: int, request: bytes, host: str = "127.0.0.1") -> tuple[int, bytes]:
    """The status and all of the answer to a request, byte for byte as given; 0 for none."""
    with socket.create_connection((host, port), timeout=PATIENCE) as connection:
        connection.sendall(request)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
    found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return (int(found[1]) if found else 0), answer


PATHS = {
    "parent": "/web/en/../../../outside.txt",
    "parent encoded": "/web/en/%2e%2e/%2e%2e/%2e%2e/outside.txt",
    "parent encoded twice": "/web/en/%252e%252e/%252e%252e/outside.txt",
    "slash encoded": "/web/en/..%2f..%2f..%2foutside.txt",
    "backslash": "/web/en/..\\..\\..\\outside.txt",
    "backslash encoded": "/web/en/..%5c..%5c..%5coutside.txt",
    "overlong UTF-8": "/web/en/%c0%ae%c0%ae/outside.txt",
    "absolute": "/web/en//etc/passwd",
    "host in the path": "//127.0.0.1/etc/passwd",
    "symlink": "/web/en/leak.txt",
    "source": "/web/en/01-tide.md",
    "null byte": "/web/en/tide.html%00.png",
    "language as parent": "/web/../source/publication.toml",
    "unknown language": "/web/de/tide.html",
    "worker": "/web/en/service-worker.js",
    "frame's folder": "/preview/../../../pyproject.toml",
    "frame's neighbour": "/preview/..%2f..%2f..%2fpyproject.toml",
    "template": "/preview/frame.html",
    "package": "/epub/en/EPUB/../../../outside.txt",
    "settings": "/publication.toml",
    "git": "/.git/config",
    "unknown pages": "/pages/en/0000/0.png",
    "page that is none": "/pages/en/KEY/99999.png",
    "negative page": "/pages/en/KEY/-1.png",
    "page by a word": "/pages/en/KEY/x.png",
    "pages by a path": "/pages/en/..%2f..%2foutside/places.json",
    "news of nowhere": "/events?lang=../../etc",
    "proof of nowhere": "/proof?lang=%00",
    "too long": "/web/en/" + "a" * 4000,
}


@pytest.mark.parametrize("case", PATHS)
def test_no_path_leads_out(running, case):
    key = next(page["key"] for page in running.proof()["pages"] if page["unit"] == "tide")
    path = PATHS[case].replace("KEY", key)
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\nConnection: close\r\n\r\n"
    status, answer = asked(running.port, request.encode())
    assert status in (400, 404, 414), answer[:200]
    assert SECRET.encode() not in answer
    assert b"root:" not in answer
    assert b"ledger" not in answer


def lines(*more: str, host: str = "127.0.0.1:PORT", method: str = "GET", path: str = "/proof"):
    named = [f"Host: {host}"] if host else []
    return "\r\n".join([f"{method} {path} HTTP/1.1", *named, "Connection: close", *more, "", ""])


REQUESTS = {
    "stranger's name": (lines(host="evil.example"), 421),
    "stranger's name, our port": (lines(host="evil.example:PORT"), 421),
    "name that begins as ours": (lines(host="127.0.0.1.evil.example:PORT"), 421),
    "name that begins as localhost": (lines(host="localhost.evil.example:PORT"), 421),
    "name that ends as ours": (lines(host="evil-localhost:PORT"), 421),
    "localhost with a dot": (lines(host="localhost.:PORT"), 421),
    "other port": (lines(host="127.0.0.1:1"), 421),
    "no port": (lines(host="127.0.0.1"), 421),
    "port that is none": (lines(host="127.0.0.1:x"), 421),
    "any address": (lines(host="0.0.0.0:PORT"), 421),
    "address as a number": (lines(host="2130706433:PORT"), 421),
    "short address": (lines(host="127.1:PORT"), 421),
    "another machine's address": (lines(host="192.168.1.1:PORT"), 421),
    "with a user": (lines(host="user@127.0.0.1:PORT"), 421),
    "with a path": (lines(host="127.0.0.1:PORT/x"), 421),
    "bracket": (lines(host="[127.0.0.1:PORT"), 421),
    "no name": (lines(host=""), 400),
    "empty name": (lines("Host:", host=""), 421),
    "two names": (lines("Host: evil.example"), 400),
    "stranger's origin": (lines("Origin: http://evil.example"), 403),
    "no origin": (lines("Origin: null"), 403),
    "secure origin": (lines("Origin: https://127.0.0.1:PORT"), 403),
    "origin of another port": (lines("Origin: http://127.0.0.1:1"), 403),
    "origin by another name": (lines("Origin: http://localhost:PORT"), 403),
    "origin that begins as ours": (lines("Origin: http://127.0.0.1:PORT.evil.example"), 403),
    "two origins": (lines("Origin: http://127.0.0.1:PORT", "Origin: http://evil.example"), 403),
    "picture in a stranger's page": (lines("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"), 403),
    "script in a neighbour's page": (lines("Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: no-cors"), 403),
    "frame in a stranger's page": (
        lines("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe", path="/"), 403),
    "link to a chapter from outside": (
        lines("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"), 403),
    "POST": (lines(method="POST"), 405),
    "PUT": (lines(method="PUT"), 405),
    "DELETE": (lines(method="DELETE"), 405),
    "OPTIONS": (lines(method="OPTIONS"), 405),
    "TRACE": (lines(method="TRACE"), 405),
    "something to send": (lines("Content-Length: 5") + "words", 400),
    "something in pieces": (lines("Transfer-Encoding: chunked") + "0\r\n\r\n", 400),
    "two lengths": (lines("Content-Length: 0", "Content-Length: 5"), 400),
    "length that is none": (lines("Content-Length: -1"), 400),
    "long head": (lines("X: " + "a" * 20_000), 431),
    "fold": (lines("X: a", " Host: evil.example", host=""), 400),
    "no protocol": ("GET /proof\r\n\r\n", 400),
    "no request": ("\x16\x03\x01\x02\x00\r\n\r\n", 400),
}  # fmt: skip


@pytest.mark.parametrize("case", REQUESTS)
def test_a_strangers_request_is_refused(running, case):
    request, expected = REQUESTS[case]
    request = request.replace("PORT", str(running.port))
    status, answer = asked(running.port, request.encode("latin-1"))
    assert status == expected, answer[:200]
    assert b"harbour" not in answer
    assert b"set-cookie" not in answer.lower()


@pytest.mark.parametrize(
    "request_text",
    [
        lines(),
        lines(host="localhost:PORT"),
        lines(host="LOCALHOST:PORT"),
        lines(host="[::1]:PORT"),
        lines("Origin: http://127.0.0.1:PORT"),
        lines("Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors"),
        lines("Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"),
        lines(
            "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document",
            path="/",
        ),
        lines(method="HEAD"),
        lines("Upgrade: websocket", "Sec-WebSocket-Version: 13"),
    ],
)  # fmt: skip
def test_the_author_is_let_in(running, request_text):
    request = request_text.replace("PORT", str(running.port))
    assert asked(running.port, request.encode())[0] == 200


def test_only_this_machine_reaches_it(running):
    listened = subprocess.run(
        ["/bin/sh", "-c", "cat /proc/net/tcp /proc/net/tcp6"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    port = f":{running.port:04X}"
    places = {
        line.split()[1].removesuffix(port)
        for line in listened.splitlines()
        if len(line.split()) > 3 and line.split()[1].endswith(port) and line.split()[3] == "0A"
    }
    assert places == {"0100007F"}


def test_other_machines_need_the_token(tmp_path, workshop):
    source = publication(tmp_path)
    with preview(source, workshop / "cache", "--host", "0.0.0.0") as served:
        assert len(served.token) >= 32
        refused = [
            served.get("/")[0],
            served.get("/proof")[0],
            served.get("/events")[0],
            served.get("/web/en/tide.html")[0],
            served.get("/?token=")[0],
            served.get(f"/?token={served.token[:-1]}")[0],
            served.get(f"/proof?token={served.token}")[0],
            served.get("/", Cookie="imprint-preview=")[0],
            served.get("/", Cookie=f"imprint-preview={served.token}x")[0],
            served.get("/", Cookie=f"other={served.token}")[0],
            served.get("/?" + "&".join(["token=x"] * 100))[0],
        ]
        assert refused == [403] * len(refused)
        assert served.get(f"/?token={served.token}", Host=f"evil.example:{served.port}")[0] == 421
        status, headers, _ = served.get(f"/?token={served.token}")
        assert (status, headers["location"]) == (303, "/")
        cookie, *attributes = re.split(r"; *", headers["set-cookie"])
        assert {"httponly", "samesite=strict"} <= {name.lower() for name in attributes}
        assert served.get("/", Cookie=cookie)[0] == 200
        assert served.get("/proof", Cookie=cookie)[0] == 200


def test_a_door_knows_its_names():
    door = Door("127.0.0.1", 8000)
    assert all(map(door.knows, ("127.0.0.1:8000", "localhost:8000", "[::1]:8000")))
    assert not any(map(door.knows, ("books.example:8000", "10.0.0.1:8000", "127.0.0.1")))
    locked = Door("books.example", 80, "token")
    assert all(map(locked.knows, ("books.example", "books.example:80", "10.0.0.1", "[fe80::1]")))
    assert not any(map(locked.knows, ("other.example", "books.example:8000", "books.example.")))


# --- many and slow clients ------------------------------------------------------------------------


def in_a_loop(work: Callable[[], Any]) -> Any:
    """What a coroutine gives. Playwright has a loop of its own in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()


def test_five_hundred_readers_at_once_are_served_or_refused(running):
    async def ask() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        try:
            request = lines(path="/web/en/tide.html").replace("PORT", str(running.port))
            writer.write(request.encode())
            answer = await reader.read()
        except ConnectionError:
            return 0
        finally:
            writer.close()
        status = int(answer.split()[1])
        assert status != 200 or answer.rstrip().endswith(b"</html>")
        return status

    async def many() -> list[int]:
        return await asyncio.wait_for(asyncio.gather(*(ask() for _ in range(500))), PATIENCE)

    statuses = in_a_loop(many)
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= min(MOST_CONNECTIONS, 500) // 2
    wait_for(lambda: running.get("/proof")[0] == 200, 20)


def test_listeners_are_counted(running):
    def listen() -> tuple[socket.socket, int]:
        connection = socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE)
        request = f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n\r\n"
        connection.sendall(request.encode())
        return connection, int(connection.recv(1024).split()[1])

    with ThreadPoolExecutor(20) as threads:
        futures = [threads.submit(listen) for _ in range(MOST_LISTENERS + 30)]
        opened = [future.result() for future in futures]
    try:
        statuses = [status for _, status in opened]
        assert statuses.count(200) == MOST_LISTENERS
        assert statuses.count(503) == 30
        # Whoever only reads is let in all the same.
        assert running.get("/proof")[0] == 200
    finally:
        for connection, _ in opened:
            connection.close()

    def let_in() -> bool:
        connection, status = listen()
        connection.close()
        return status == 200

    wait_for(let_in, 60)


class Hurried(PatientProtocol):
    patience_seconds = 0.5


async def large(scope, receive, send) -> None:
    """An application that has much to say."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(64 if scope["path"] == "/large" else 1):
        await send({"type": "http.response.body", "body": b"x" * 262_144, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def hurried() -> Iterator[tuple[int, uvicorn.Server]]:
    """A server that waits half a second; its application is none of ours, its connections are."""
    made = listening("127.0.0.1", None)
    config = uvicorn.Config(large, http=Hurried, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [made]})
    thread.start()
    wait_for(lambda: server.started)
    yield made.getsockname()[1], server
    server.should_exit = True
    thread.join(timeout=PATIENCE)
    assert not thread.is_alive()


SLOW = {
    "nothing": [],
    "half a line": [b"GET / HT"],
    "drops of a head": [b"GET / HTTP/1.1\r\n", *[b"X: 1\r\n"] * 200],
    "half a body": [b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n", *[b"."] * 200],
}


@pytest.mark.parametrize("case", SLOW)
def test_fifty_slow_clients_are_given_up(hurried, case):
    port, server = hurried
    clients = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(50)]
    began = time.monotonic()
    try:
        wait_for(lambda: len(server.server_state.connections) >= 50)
        for drop in SLOW[case]:
            if not server.server_state.connections:
                break
            for client in clients:
                try:
                    client.send(drop)
                except OSError:
                    continue
            time.sleep(0.02)
        # Meanwhile and afterwards whoever asks in order is answered.
        assert asked(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")[0] == 200
        wait_for(lambda: not server.server_state.connections, 10)
        assert time.monotonic() - began < 12
    finally:
        for client in clients:
            client.close()


def test_a_second_request_in_drops_is_given_up_too(hurried):
    port, _ = hurried
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        received = 0
        while received < 262_144:
            received += len(client.recv(65536))
        with pytest.raises(OSError, match=r"reset|[Bb]roken"):
            drip(client)


def drip(client: socket.socket) -> None:
    """Send a request's head in drops for some seconds, as long as somebody takes it."""
    client.send(b"GET / HTTP/1.1\r\nX: ")
    for _ in range(300):
        client.send(b"x")
        time.sleep(0.02)


def test_answers_that_nobody_reads_are_given_up(hurried):
    port, server = hurried
    clients = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(50)]
    try:
        for client in clients:
            client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: len(server.server_state.connections) >= 50)
        wait_for(lambda: not server.server_state.connections, 20)
    finally:
        for client in clients:
            client.close()


def test_news_reach_all_who_wait():
    async def listen() -> list[bool]:
        bulletin = Bulletin()
        bulletin.open()

        async def one() -> bool:
            began = time.monotonic()
            await bulletin.wait(PATIENCE)
            return time.monotonic() - began < PATIENCE / 2

        waiting = [asyncio.create_task(one()) for _ in range(20)]
        await asyncio.sleep(0.05)
        threading.Thread(target=bulletin.tell).start()
        return await asyncio.gather(*waiting)

    assert in_a_loop(listen) == [True] * 20


# --- the end --------------------------------------------------------------------------------------


def children(pid: int) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "-s", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return [int(number) for number in found if int(number) != pid]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("when", ["at work", "at rest"])
def test_it_ends_in_order_and_leaves_nothing(tmp_path, workshop, how, when):
    source = publication(tmp_path)
    # A cache of its own has all the work before it.
    cache = tmp_path / "cache" if when == "at work" else workshop / "cache"
    # A short path, as it usually is: workers come from a server whose socket is there.
    scratch = Path(tempfile.mkdtemp(prefix="serve-"))
    os.environ["TMPDIR"] = str(scratch)
    try:
        with preview(source, cache) as served:
            if when == "at rest":
                served.until(lambda p: p["state"] == "ready")
            news = events(served)
            next(news)
            process = served.process
            began = time.monotonic()
            # As a terminal does it: to the workers as well.
            os.killpg(process.pid, how) if how == signal.SIGINT else process.send_signal(how)
            process.wait(timeout=60)
            assert time.monotonic() - began < 30
            said = process.stdout.read()
            assert process.returncode == 0, said
    finally:
        del os.environ["TMPDIR"]
    assert "Traceback" not in said
    assert "Error" not in said
    assert "The preview has ended." in said
    wait_for(lambda: not children(process.pid), 30)
    own = list((cache / "imprint" / "working").glob(f"{process.pid}-*"))
    assert own == []
    scratch.rmdir()
    assert not (tmp_path / "output").exists()


def test_it_says_what_to_do_next(tmp_path, workshop):
    with preview(publication(tmp_path), workshop / "cache") as served:
        said = [served.process.stdout.readline() for _ in range(2)]
    assert "browser" in said[0]
    assert "Ctrl-C" in said[1]


def test_a_taken_port_is_passed_over_or_told_of(running, imprint, tmp_path):
    source = publication(tmp_path)
    run = imprint("serve", source, "--port", str(running.port))
    assert run.exit_code == 1
    assert "Name another --port" in run.stderr
    assert "Traceback" not in run.stderr
    other = listening("127.0.0.1", None)
    assert other.getsockname()[1] != running.port
    other.close()


def test_a_missing_folder_is_told_of(imprint, tmp_path):
    run = imprint("serve", tmp_path / "nowhere")
    assert run.exit_code == 1
    assert "imprint new" in run.stderr


# --- where things stand ---------------------------------------------------------------------------


def chapter(xml: str) -> Chapter:
    body = etree.fromstring(f"<section>{xml}</section>")
    return Chapter("c", "c.md", "chapter", 1, "C", "", "", "en", HeldTree(body))


def test_a_line_of_the_source_belongs_to_the_block_that_begins_before_it():
    made = chapter(
        '<h1 id="a" data-at="1:3"/><p id="b" data-at="3:1"/><p data-at="4:1"/>'
        '<aside><p id="c" data-at="7:5"/></aside><p id="d" data-at="7:9"/>'
    )
    assert [block_at(made, line) for line in (1, 2, 3, 6, 7, 99)] == ["a", "a", "b", "b", "c", "c"]
    assert block_at(chapter("<p>No ids</p>"), 3) == ""


def test_texts_are_compared_without_what_setting_changes():
    assert plain("Soft\u00adened of\ufb01cial, co-op\u2010\n erate") == "softenedofficialcooperate"


@dataclass(frozen=True)
class _Fragment:
    starts: tuple[None, ...] = (None, None)


@dataclass(frozen=True)
class _Piece:
    fragment: _Fragment = _Fragment()


def test_blocks_are_found_across_pages_and_at_the_foot():
    words = [plain(text) for text in (
        "Running head", "A paragraph that goes over the end of", "1 The note at the foot of it",
        "Running head", "its page", "Twelve", "Twelve",
    )]  # fmt: skip
    text = "".join(words)
    boxes = [(0.1, n / 1000, 0.2, (n + 1) / 1000) for n in range(len(text))]
    second = len("".join(words[:3]))
    made = chapter(
        '<p id="p" data-e="1">A paragraph that goes over the end of its page</p>'
        '<p id="x" data-e="2">Twelve</p><p id="y" data-e="3">Twelve</p>'
        '<p id="z" data-e="4">What is not printed</p>'
        '<p id="n" data-e="5">The note at the foot of it</p>'
    )
    found = list(found_places(made, _Piece(), Printed(text, boxes, [0, second])))
    assert [(place.id, place.page) for place in found] == [
        ("p", 0), ("p", 1), ("x", 1), ("y", 1), ("z", 0), ("n", 0),
    ]  # fmt: skip
    assert found[4].box is None
    assert found[2].box[3] <= found[3].box[1]
