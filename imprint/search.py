"""Full-text search of the web edition: an index that the reader's browser reads piece by piece.

Pagefind (https://pagefind.app) indexes the finished pages; nothing of them changes for it.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pagefind.index import IndexConfig
from pagefind.service import PagefindService

FOLDER = "pagefind"
# What is text for the eye alone, or says the same on every page.
_NO_TEXT = [".noteref", ".note-back", ".page-mark", ".page-cite", ".large", ".figure-data"]
# Of Pagefind's own files those that its API reads; its user interfaces stay out.
_API = ("pagefind.js", "pagefind-worker.js", "pagefind-entry.json")


def index(pages: Mapping[str, str], lang: str) -> dict[str, bytes]:
    """The index of pages by their file names, as files for a folder beside them."""
    with tempfile.TemporaryDirectory(prefix="imprint-search-") as folder:
        asyncio.run(_write(pages, lang, folder))
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(Path(folder).rglob("*"))
            if path.is_file()
        }
    return {f"{FOLDER}/{name}": content for name, content in files.items() if _used(name, files)}


async def _write(pages: Mapping[str, str], lang: str, folder: str) -> None:
    """Let Pagefind write the index; it runs as a program of its own."""
    service = await PagefindService().launch()
    try:
        config = IndexConfig(
            root_selector="article",
            exclude_selectors=_NO_TEXT,
            # One index for the book: a chapter in another language is found as well.
            force_language=lang.partition("-")[0].lower(),
            keep_index_url=True,
        )
        found = await service.create_index(config)
        for name, text in sorted(pages.items()):
            await found.add_html_file(content=text, url=name)
        await found.write_files(folder)
    finally:
        await service.close()


def _used(name: str, files: Mapping[str, bytes]) -> bool:
    """Whether the API reads the file: the part for unknown languages only where there is no other."""
    if name == "wasm.unknown.pagefind":
        entry: dict[str, Any] = json.loads(files["pagefind-entry.json"])
        return any(not each.get("wasm") for each in entry["languages"].values())
    return name in _API or not name.startswith("pagefind-")
