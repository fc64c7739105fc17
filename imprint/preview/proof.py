"""A proof: one language of the publication as it is at this moment, in all that the preview shows.

Made by the stages that build, with their cache. Every block of the text has an id, by which the
pages of the web edition and of the PDF find each other.
"""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from lxml import etree

from imprint import epub, offline, reflow, web
from imprint.build import judged, modified, theme_of
from imprint.cache import digest
from imprint.contentmodel import safe_id
from imprint.diagnostics import Diagnostic
from imprint.model import Book, Chapter, Manuscript, PageMap
from imprint.paginate import Pagination, paginate
from imprint.theme import Theme
from imprint.trees import HeldTree
from imprint.workshop import Workshop

# What a reader sees as one piece, and would click at.
BLOCKS = frozenset(
    "p h1 h2 h3 h4 h5 h6 li dt dd td th pre figcaption caption summary figure blockquote".split()
)


@dataclass(frozen=True)
class Setting:
    """The pages of the PDF, and the chapters that stand on them.

    ``shelf`` is the folder of the fonts that the pages use.
    """

    pagination: Pagination
    chapters: tuple[Chapter, ...]
    shelf: Path


@dataclass(frozen=True)
class Proof:
    """A language of the publication, ready to be shown.

    ``files`` is the web edition, ``digests`` name what the page of each chapter shows. Unless the
    proof ``is_complete``, ``setting`` or what goes with it may be of a moment before.
    """

    book: Book
    theme: Theme
    files: Mapping[str, bytes]
    setting: Setting
    digests: Mapping[str, str]
    is_complete: bool
    ebook: Ebook = field(default_factory=lambda: Ebook())

    @property
    def page_map(self) -> PageMap:
        """The page map of the pages shown."""
        return self.setting.pagination.page_map

    def file_names(self, suffix: str) -> dict[str, str]:
        """The file of each chapter in a reflowable edition, by the chapter's id."""
        apart, _ = reflow.apart(self.book, self.page_map)
        names = reflow.file_names(apart, suffix)
        pairs = zip(self.book.chapters, apart.chapters, strict=True)
        return {own.id: names[shown.id] for own, shown in pairs}


class Ebook:
    """The EPUB's files, made when somebody wants to see them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, bytes] | None = None

    def file(self, proof: Proof, name: str) -> bytes | None:
        """A file of the EPUB by its name in the package."""
        with self._lock:
            if self._files is None:
                self._files = _epub_files(proof)
        return self._files.get(name)


def _epub_files(proof: Proof) -> dict[str, bytes]:
    content = epub.make(
        proof.book,
        proof.page_map,
        theme=proof.theme.folder,
        fonts=proof.theme.fonts,
        cover=None,
        modified=modified(proof.book),
    )
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


# --- making ---------------------------------------------------------------------------------------


def prove(
    manuscript: Manuscript,
    book: Book,
    found: Sequence[Diagnostic],
    workshop: Workshop,
    before: Proof | None,
) -> Iterator[tuple[Proof, Sequence[Diagnostic]]]:
    """The proof of a book, better each time, with what was found besides ``found``.

    At first the text of the chapters that have changed, beside what there was ``before``; then the
    pages laid out; then all of the web edition with the marks of these pages.
    """
    theme = theme_of(manuscript)
    numbered = replace(book, chapters=tuple(_numbered(book.chapters)))
    digests = {chapter.id: _digest(chapter, numbered) for chapter in numbered.chapters}
    files: Mapping[str, bytes] = {}
    if before:
        files = _early_files(numbered, digests, before, theme)
    name = f"{manuscript.root} {book.publication.lang}"
    with ThreadPoolExecutor(max_workers=1) as beside:
        # Laying out is done by the workers: this process has time to look for flaws.
        forecast = workshop.forecast(name)
        paging = beside.submit(paginate, book, theme, workshop.shelf, workshop.lay_out, forecast)
        if before:
            yield Proof(numbered, theme, files, before.setting, digests, is_complete=False), ()
        more = list(judged(book, manuscript, found))
        pagination = paging.result()
    workshop.expect(name, pagination.settled)
    more += pagination.diagnostics
    setting = Setting(pagination, numbered.chapters, workshop.shelf)
    settled = replace(pagination.book, chapters=numbered.chapters)
    if before:
        yield Proof(settled, theme, files, setting, digests, is_complete=False), more
    files = _web_files(settled, pagination.page_map, theme)
    yield Proof(settled, theme, files, setting, digests, is_complete=True), more


def _early_files(
    book: Book, digests: Mapping[str, str], before: Proof, theme: Theme
) -> Mapping[str, bytes]:
    """The web edition as it was but for the chapters that have changed.

    Where none has, the theme or the settings have: all of it is made.
    """
    changed = [
        number
        for number, chapter in enumerate(book.chapters)
        if digests[chapter.id] != before.digests.get(chapter.id)
    ]
    if not changed:
        return _web_files(book, before.page_map, theme)
    drafts = web.draft(book, before.page_map, changed, theme=theme.folder, fonts=theme.fonts)
    return {**before.files, **drafts}


def _digest(chapter: Chapter, book: Book) -> str:
    """A name for all that a chapter's page shows: the same for the same."""
    shown = (book.assets[src].content for src in _sources(chapter) if src in book.assets)
    facts = (chapter.number, chapter.title, chapter.standfirst, book.openers.get(chapter.id, ""))
    return digest(etree.tostring(chapter.body), repr(facts), *shown)


def _sources(chapter: Chapter) -> list[str]:
    return [img.get("src", "") for img in chapter.body.iter("img")]


def _web_files(book: Book, page_map: PageMap, theme: Theme) -> dict[str, bytes]:
    files = web.make(
        book,
        page_map,
        theme=theme.folder,
        fonts=theme.fonts,
        cover=None,
        downloads=[],
        languages={},
    )
    # A draft that a browser keeps for reading without a network would hide the next one.
    return {name: content for name, content in files.items() if name != offline.WORKER}


def _numbered(chapters: Sequence[Chapter]) -> Iterator[Chapter]:
    """The chapters with an id for every block."""
    for number, chapter in enumerate(chapters, 1):
        body = chapter.tree.take()
        for element in body.iter(etree.Element):
            if element.tag in BLOCKS and not element.get("id") and element.get("data-e"):
                element.set("id", f"imprint-{number}-{element.get('data-e')}")
        yield replace(chapter, tree=HeldTree(body))


# --- where things stand in the text ---------------------------------------------------------------


def blocks(chapter: Chapter) -> Iterator[tuple[str, etree._Element]]:
    """The blocks of a numbered chapter in their order, with the ids that they have in pages."""
    for element in chapter.body.iter(etree.Element):
        if element.tag in BLOCKS and element.get("id"):
            yield safe_id(element.get("id")), element


def block_at(chapter: Chapter, line: int) -> str:
    """The id of the block that a line of the source belongs to: the last that begins before it."""
    best, found = 0, ""
    for name, element in blocks(chapter):
        at = int((element.get("data-at") or "0").partition(":")[0])
        if best < at <= line or (at == best and not found):
            best, found = at, name
    return found
