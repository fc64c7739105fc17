"""A publication of any bytes, read: whatever they are, no fault of the program."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from lxml import etree

from imprint.build import read
from imprint.diagnostics import Diagnostic
from imprint.load import load

SETTINGS = 'title = "Fuzz"\nlanguages = ["en"]\ndate = 2020-01-01\n'


def read_files(folder: Path, files: Mapping[str, bytes | str]) -> list[Diagnostic]:
    """The diagnostics of a publication of these files, its books checked for what all must be."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else _encoded(content))
    manuscripts, found = load(folder)
    diagnostics = list(found)
    for manuscript in manuscripts:
        book, problems = read(manuscript)
        diagnostics += problems
        for chapter in book.chapters:
            # Other processes and all editions take the tree as XML.
            text = etree.tostring(chapter.body, encoding="unicode")
            etree.fromstring(text, etree.XMLParser(huge_tree=True))
            ids = [e.get("id") for e in chapter.body.iter(etree.Element) if e.get("id")]
            assert len(ids) == len(set(ids))
            assert not list(chapter.body.iter("script", "iframe", "object", "link", "style"))
    if not manuscripts:
        assert diagnostics, "nothing was read, and nobody was told why"
    for told in diagnostics:
        assert told.message
        assert told.line >= 0
        assert told.column >= 0
    return diagnostics


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")
