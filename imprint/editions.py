"""A laid-out book becomes finished files: one function an edition.

Each loads what it needs by itself: a build of one edition need not wait for the others' libraries.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imprint.assemble import Gatherer, gathered_here, screen_pdf
from imprint.diagnostics import Diagnostic
from imprint.fragments import Placed
from imprint.model import Book, Edition
from imprint.pagemap import BACK_COVER, COVER
from imprint.paginate import Pagination
from imprint.places import place_of
from imprint.publish import Finished
from imprint.tasks import index_text, set_for_print
from imprint.theme import Theme

if TYPE_CHECKING:
    from imprint.separate import PicturePlaces

PrintResult = tuple[bytes, tuple[Diagnostic, ...]]
# Begins a call somewhere, with placed fragments among its arguments; what it gives waits for the result.
Elsewhere = Callable[..., Callable[[], Any]]


def when_asked(call: Callable[..., Any], *arguments: object) -> Callable[[], Any]:
    """The call made here, when its result is asked for."""
    return lambda: call(*arguments)


@dataclass(frozen=True)
class Sheets:
    """What all editions of a book are made from.

    ``folder`` is the publication's; ``languages`` maps each language that has a web edition to the ids of its chapters;
    ``printed`` gives the print edition's inside that is under way, where it is wanted;
    ``seconds`` is how long laying out took; ``web_folder`` holds the web editions of the
    publication, each in a folder named after its language.
    """

    pagination: Pagination
    theme: Theme
    folder: Path
    shelf: Path
    modified: datetime.datetime
    languages: Mapping[str, Collection[str]]
    seconds: float
    gatherer: Gatherer = gathered_here
    elsewhere: Elsewhere = when_asked
    printed: Callable[[], PrintResult] | None = None
    web_folder: str = "web"

    @property
    def stem(self) -> str:
        """How the names of the single files begin."""
        publication = self.pagination.book.publication
        return f"{publication.slug}.{publication.lang}"

    @property
    def font_files(self) -> dict[str, bytes]:
        """The fonts that fragments use, by digest."""
        return {file.name: file.read_bytes() for file in self.shelf.iterdir()}

    @property
    def profile(self) -> Path:
        """The printing condition's profile."""
        from imprint.colours import default_profile

        own = self.pagination.book.publication.press_profile
        return self.folder / own if own else default_profile()

    def cover_picture(self) -> bytes:
        """The front cover as a JPEG."""
        from imprint.cover import cover_picture

        return cover_picture(self.theme, self.pagination.book.publication)


Result = tuple[list[Finished], list[Diagnostic]]


def make(sheets: Sheets, kinds: Sequence[str]) -> Result:
    """The files of the editions asked for, and what is worth knowing of them."""
    finished: list[Finished] = []
    found: list[Diagnostic] = []
    if "print" in kinds:
        sheets = replace(sheets, printed=_printing(sheets))
    for kind in kinds:
        started = time.monotonic()
        made, problems = _MAKERS[kind](sheets, finished)
        seconds = time.monotonic() - started
        if kind in ("pdf", "print"):
            seconds += sheets.seconds
        finished += [replace(m, edition=replace(m.edition, seconds=seconds)) for m in made]
        found += problems
    return finished, found


def _single(
    sheets: Sheets, kind: str, ending: str, content: bytes | Path, pages: int = 0
) -> Finished:
    file = f"{sheets.stem}.{ending}"
    lang = sheets.pagination.book.publication.lang
    return Finished(Edition(kind, lang, file, pages), {file: content})


def _pdf(sheets: Sheets, finished: Sequence[Finished]) -> Result:
    pagination = sheets.pagination
    file = sheets.shelf.parent / f"{sheets.stem}.pdf"
    with file.open("wb") as target:
        screen_pdf(
            target,
            pagination.book.publication,
            pagination.placed,
            pagination.page_map,
            pagination.toc,
            sheets.font_files,
            sheets.modified,
            sheets.gatherer,
        )
    return [_single(sheets, "pdf", "pdf", file, len(pagination.page_map.pages))], []


def _printing(sheets: Sheets) -> Callable[[], PrintResult]:
    """The inside for the printer, begun: it takes longest, and needs nothing of the others."""
    return sheets.elsewhere(
        set_for_print,
        sheets.pagination.book.publication,
        sheets.pagination.placed,
        sheets.pagination.page_map,
        sheets.font_files,
        sheets.theme.palette,
        sheets.profile,
        picture_places(sheets.pagination.book),
        sheets.modified,
    )


def picture_places(book: Book) -> PicturePlaces:
    """Where each picture stands, by its unit and its size in pixels, which is what a page has of it.

    A unit's own file stands for pictures of another size.
    """
    places: dict[tuple[str, int, int], tuple[str, int, int]] = {}
    for chapter in book.chapters:
        places[chapter.id, 0, 0] = chapter.file, 0, 0
        for picture in chapter.body.iter("img"):
            asset = book.assets.get(picture.get("src") or "")
            if asset is not None:
                key = chapter.id, asset.width, asset.height
                places.setdefault(key, (chapter.file, *place_of(picture)))
    return places


def _print(sheets: Sheets, finished: Sequence[Finished]) -> Result:
    """The inside for the printer, and the cover as a sheet of its own."""
    from imprint.press import interior

    pagination = sheets.pagination
    assert sheets.printed is not None
    content, found = sheets.printed()
    covers = {p.fragment.unit: p for p in pagination.placed}
    _, shift = interior(pagination.placed)
    pages = len(pagination.page_map.pages) - shift
    made = [_single(sheets, "print", "print.pdf", content, pages)]
    problems = [*found]
    if COVER in covers and BACK_COVER in covers:
        cover, more = _cover(sheets, covers[COVER], covers[BACK_COVER], pages)
        made.append(cover)
        problems += more
    return made, problems


def _cover(
    sheets: Sheets, front: Placed, back: Placed, pages: int
) -> tuple[Finished, tuple[Diagnostic, ...]]:
    from imprint.press import cover_pdf

    content, found = cover_pdf(
        sheets.pagination.book.publication,
        front,
        back,
        sheets.font_files,
        theme=sheets.theme,
        shelf=sheets.shelf,
        pages=pages,
        profile=sheets.profile,
        modified=sheets.modified,
    )
    return _single(sheets, "print", "cover.pdf", content, 1), found


def _epub(sheets: Sheets, finished: Sequence[Finished]) -> Result:
    from imprint import epub

    pagination = sheets.pagination
    content = epub.make(
        pagination.book,
        pagination.page_map,
        theme=sheets.theme.folder,
        fonts=sheets.theme.fonts,
        cover=sheets.cover_picture(),
        modified=sheets.modified,
    )
    return [_single(sheets, "epub", "epub", content)], []


def _web(sheets: Sheets, finished: Sequence[Finished]) -> Result:
    from imprint import web

    pagination = sheets.pagination
    lang = pagination.book.publication.lang
    folder = f"{sheets.web_folder}/{lang}"
    up = "../" * (folder.count("/") + 1)
    names = {"pdf": ("PDF", "application/pdf"), "epub": ("EPUB", "application/epub+zip")}
    downloads = [
        web.Download(name, f"{up}{f.edition.file}", f.size_bytes, media_type)
        for f in finished
        if f.edition.kind in names
        for name, media_type in [names[f.edition.kind]]
    ]
    files = web.make(
        pagination.book,
        pagination.page_map,
        theme=sheets.theme.folder,
        fonts=sheets.theme.fonts,
        cover=sheets.cover_picture(),
        downloads=downloads,
        languages=sheets.languages,
        library="../" * folder.count("/") + "index.html",
        modified=sheets.modified,
        indexer=lambda pages, lang: sheets.elsewhere(index_text, pages, lang)(),
        installable=True,
    )
    return [Finished(Edition("web", lang, folder), files)], []


_MAKERS: dict[str, Callable[[Sheets, Sequence[Finished]], Result]] = {
    "pdf": _pdf,
    "print": _print,
    "epub": _epub,
    "web": _web,
}
