"""How soon the preview shows a saved chapter: ``python -m bench.preview [--chapters N] [--edits N]``.

Starts ``imprint serve`` for a book (16 chapters give some 400 pages), listens for news as the
browser does, saves a chapter again and again, and takes the time until its page is served with the
new words, until its laid-out pages are, and until all is ready.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.books import write_book

HERE = Path(__file__).resolve().parent.parent
_PATIENCE_SECONDS = 900


@dataclass(frozen=True)
class Seen:
    """Seconds from saving a chapter."""

    text: float
    ready: float


class Window:
    """What a browser's window asks of the preview at a port."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.news = self._news()

    def get(self, path: str) -> bytes:
        """The answer to a request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def proof(self) -> dict[str, Any]:
        """What there is to show."""
        return dict(json.loads(self.get("/proof?lang=")))

    def _news(self) -> Iterator[None]:
        """Once for every piece of news."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_SECONDS)
        connection.request("GET", "/events?lang=")
        answer = connection.getresponse()
        while line := answer.readline():
            if line.startswith(b"data: "):
                yield


def take(window: Window, chapter: Path, page: str, number: int) -> Seen:
    """Change a word in the middle of a chapter, and see when it shows."""
    text = chapter.read_text(encoding="utf-8")
    at = text.index(" the ", len(text) // 2)
    mark = f"newly{number}written"
    chapter.write_text(f"{text[:at]} {mark}{text[at:]}", encoding="utf-8")
    saved = time.monotonic()
    shown = 0.0
    for _ in window.news:
        proof = window.proof()
        # As the frame's script does, which loads the page when its digest is another one.
        if not shown and mark.encode() in window.get(f"/web/{proof['lang']}/{page}"):
            shown = time.monotonic() - saved
        if shown and proof["state"] == "ready":
            return Seen(shown, time.monotonic() - saved)
    raise SystemExit("The preview has ended.")


def measure(room: Path, chapters: int, edits: int) -> tuple[int, list[Seen]]:
    """The book's pages, and what each edit took."""
    book = room / "book"
    write_book(book, chapters=chapters)
    process = subprocess.Popen(
        [sys.executable, "-m", "imprint", "serve", str(book)],
        cwd=HERE,
        env=os.environ | {"XDG_CACHE_HOME": str(room / "cache"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r":(\d+)/", process.stdout.readline())
        assert found is not None
        window = Window(int(found[1]))
        next(window.news)
        proof = window.proof()
        while proof["state"] != "ready":
            next(window.news)
            proof = window.proof()
        taken = []
        for number in range(edits):
            # Chapters from all over the book, as an author goes through it.
            chapter = 1 + (number * 7) % chapters
            page = proof["chapters"][chapter - 1]["web"]
            taken.append(take(window, book / "en" / f"{chapter:03}.md", page, number))
            print(f"edit {number + 1}: {taken[-1]}", file=sys.stderr, flush=True)
            # A moment of rest, as between an author's savings.
            time.sleep(1)
        return len(proof["pages"]), taken
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.preview", description=__doc__)
    parser.add_argument("--chapters", type=int, default=16)
    parser.add_argument("--edits", type=int, default=10)
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-") as room:
        pages, taken = measure(Path(room), chosen.chapters, chosen.edits)
    print(
        f"{pages} pages, {len(taken)} edits, load {load:.1f} before and {os.getloadavg()[0]:.1f} after\n"
    )
    print("| seconds from saving to | median | longest |\n|---|--:|--:|")
    for name in ("text", "ready"):
        seconds = [getattr(seen, name) for seen in taken]
        said = {"text": "the chapter's page", "ready": "all pages of all kinds"}[name]
        print(f"| {said} | {statistics.median(seconds):.2f} | {max(seconds):.2f} |")


if __name__ == "__main__":
    main()
