"""An EPUB: its documents in reading order, as chapters."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import ebooklib
from ebooklib import epub

from ..diagnostics import Diagnostic, error
from ..heads import known_language
from ..settings import slug_from
from .pages import Book, Page, first_heading, parsed
from .taken import PICTURES, Taken, TakenChapter

_MOST_BYTES = 1024 * 1024 * 1024
_PARTS_OF_A_BOOK = frozenset("nav cover toc titlepage halftitlepage loi lot loa index".split())


def read_epub(path: Path) -> tuple[Taken | None, tuple[Diagnostic, ...]]:
    """The book of an EPUB, None if it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                return None, (_unreadable(path, "unpacked it has more than a gigabyte"),)
        source = epub.read_epub(path, {"ignore_ncx": False})
    except Exception as fault:  # the library raises whatever a broken file brings about
        return None, (_unreadable(path, str(fault) or type(fault).__name__),)
    pages = list(_pages(source))
    shelf = _Shelf(source)
    book = Book(pages, shelf.picture)
    titles = dict(_titles(source.toc))
    levels = dict(_levels(source.toc))
    chapters = tuple(
        TakenChapter(
            file=page.chapter,
            text=text,
            title="" if re.match(r"# ", text) else titles.get(page.name, ""),
            level=levels.get(page.name, 1),
        )
        for page, text in book.markdown()
    )
    if not chapters:
        return None, (*book.found, _unreadable(path, "it has no text"))
    taken = Taken(
        title=_said(source, "title") or path.stem,
        lang=known_language(_said(source, "language")) or "en",
        chapters=chapters,
        authors=tuple(filter(None, (" ".join(name.split()) for name in _all(source, "creator")))),
        description=" ".join(parsed(_said(source, "description")).get_text(" ").split()),
        pictures=shelf.used,
    )
    return taken, tuple(book.found)


def _unreadable(path: Path, reason: str) -> Diagnostic:
    message = f"The EPUB cannot be read: {reason}."
    return error("import-source", path.name, 0, 0, message, "Check it with EPUBCheck.")


def _all(source: Any, name: str) -> list[str]:
    try:
        return [str(value) for value, _attributes in source.get_metadata("DC", name) if value]
    except KeyError:
        return []


def _said(source: Any, name: str) -> str:
    return " ".join((_all(source, name) or [""])[0].split())


# --- documents -----------------------------------------------------------------------------------


def _pages(source: Any) -> Iterator[Page]:
    """The documents of the spine but for covers and lists that we make ourselves."""
    taken: set[str] = set()
    for name, *linear in source.spine:
        item = source.get_item_with_id(name)
        if item is None or item.get_type() not in (
            ebooklib.ITEM_DOCUMENT,
            ebooklib.ITEM_NAVIGATION,
        ):
            continue
        soup = parsed(item.content)
        if isinstance(item, epub.EpubNav) or linear == ["no"] or _is_apparatus(soup):
            continue
        stem = slug_from(
            first_heading(soup) or posixpath.splitext(posixpath.basename(item.file_name))[0]
        )
        yield Page(item.file_name, soup, _free(f"{len(taken) + 1:02}-{stem}", taken))


def _free(stem: str, taken: set[str]) -> str:
    name = f"{stem[:60].rstrip('-')}.md"
    taken.add(name)
    return name


def _is_apparatus(soup: Any) -> bool:
    """Whether a document is a cover or a list that every edition has made anew."""
    body = soup.body
    if body is None or not (body.get_text(strip=True) or body.find(["img", "image"])):
        return True
    kinds = {
        kind
        for tag in [body, *body.find_all(True, recursive=False)]
        for kind in str(tag.get("epub:type") or "").split()
    }
    return bool(kinds & _PARTS_OF_A_BOOK) or (
        not body.get_text(strip=True) and len(body.find_all(["img", "image"])) == 1
    )


def _titles(toc: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """What the table of contents calls each document; the first line of a document counts."""
    for file, title, _level in reversed(list(_lines(toc, 1))):
        yield file, title


def _levels(toc: Iterable[Any]) -> Iterator[tuple[str, int]]:
    for file, _title, level in reversed(list(_lines(toc, 1))):
        yield file, min(level, 6)


def _lines(toc: Iterable[Any], level: int) -> Iterator[tuple[str, str, int]]:
    """Document, title and level of the table of contents' lines."""
    for entry in toc:
        head, below = entry if isinstance(entry, tuple) else (entry, ())
        href = getattr(head, "href", "") or ""
        if href and "#" not in href:
            yield unquote(href), " ".join((head.title or "").split()), level
        yield from _lines(below, level + 1)


# --- pictures ------------------------------------------------------------------------------------


class _Shelf:
    """The EPUB's pictures; keeps those that are used, under names of our own."""

    def __init__(self, source: Any) -> None:
        kinds = (ebooklib.ITEM_IMAGE, ebooklib.ITEM_COVER, ebooklib.ITEM_VECTOR)
        self.items = {
            item.file_name: item for kind in kinds for item in source.get_items_of_type(kind)
        }
        self.used: dict[str, bytes] = {}
        self.names: dict[str, str] = {}

    def picture(self, page: str, address: str) -> str:
        """The new name of the picture that an address means."""
        path = posixpath.normpath(
            posixpath.join(posixpath.dirname(page), unquote(address.partition("#")[0]))
        )
        if path not in self.items or posixpath.splitext(path)[1].lower() not in PICTURES:
            return ""
        if path not in self.names:
            stem, ending = posixpath.splitext(posixpath.basename(path))
            name = f"../figures/{slug_from(stem)}{ending.lower()}"
            while name in self.used:
                name = f"../figures/{slug_from(stem)}-{len(self.used)}{ending.lower()}"
            self.names[path] = name
            self.used[name] = self.items[path].content
        return self.names[path]
