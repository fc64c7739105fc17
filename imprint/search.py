"""Full-text search of the web edition: an index that the reader's browser reads piece by piece.

Pagefind (https://pagefind.app) indexes the finished pages; nothing of them changes for it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pagefind_bin import get_executable

from imprint.scratch import scratch

FOLDER = "pagefind"
# What is text for the eye alone, or says the same on every page.
_NO_TEXT = [".noteref", ".note-back", ".page-mark", ".page-cite", ".large", ".figure-data"]
# Of Pagefind's own files those that its API reads; its user interfaces stay out.
_API = ("pagefind.js", "pagefind-worker.js", "pagefind-entry.json")


def index(pages: Mapping[str, str], lang: str) -> dict[str, bytes]:
    """The index of pages by their file names, as files for a folder beside them."""
    with scratch() as room:
        site, bundle = room / "site", room / "bundle"
        site.mkdir()
        for name, text in pages.items():
            (site / name).write_text(text, encoding="utf-8")
        _write(site, bundle, lang)
        files = {
            path.relative_to(bundle).as_posix(): path.read_bytes()
            for path in sorted(bundle.rglob("*"))
            if path.is_file()
        }
    return {f"{FOLDER}/{name}": content for name, content in files.items() if _used(name, files)}


def _write(site: Path, bundle: Path, lang: str) -> None:
    """Let Pagefind write the index.

    By its command, which has written all when it ends: as a service it says so before it has.
    """
    places = ["--site", str(site), "--output-path", str(bundle)]
    # One index for the book: a chapter in another language is found as well.
    language = ["--force-language", lang.partition("-")[0].lower(), "--keep-index-url"]
    content = ["--root-selector", "article", "--exclude-selectors", ", ".join(_NO_TEXT)]
    command = [str(get_executable()), "--silent", *places, *language, *content]
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def _used(name: str, files: Mapping[str, bytes]) -> bool:
    """Whether the API reads the file: the part for unknown languages only where there is no other."""
    if name == "wasm.unknown.pagefind":
        entry: dict[str, Any] = json.loads(files["pagefind-entry.json"])
        return any(not each.get("wasm") for each in entry["languages"].values())
    return name in _API or not name.startswith("pagefind-")
