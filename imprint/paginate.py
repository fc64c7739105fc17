"""From a book to placed pages: chapters first, then what cites their folios, until all agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from imprint.barcode import ean13_svg
from imprint.diagnostics import Diagnostic, warning
from imprint.fragments import Fragment, Placed
from imprint.model import Anchor, Book, Chapter, PageMap, TocEntry
from imprint.pagemap import BACK_COVER, COVER, page_map, place, with_citations
from imprint.places import place_of
from imprint.theme import Theme, chapter_html, part_html
from imprint.typeset import ASSET_SCHEME, Job, Typeset, cited_shape, paged_body
from imprint.words import words

# Layout that depends on its own page numbers may never settle (two chapters that push each other).
MOST_ROUNDS = 5
Runner = Callable[[Sequence[Job]], Iterable[Typeset]]
FRONT = ("half-title", "title-page", "imprint", "contents", "figures")


@dataclass(frozen=True)
class Pagination:
    """The pages of a book, the page map, the contents with the generated parts, and findings."""

    placed: tuple[Placed, ...]
    page_map: PageMap
    toc: tuple[TocEntry, ...]
    book: Book
    diagnostics: tuple[Diagnostic, ...]


def paginate(book: Book, theme: Theme, shelf: Path, run: Runner) -> Pagination:
    """Lay the whole book out. ``run`` carries jobs out, anywhere and in any order of time."""
    press = _Press(book, theme, shelf, run)
    body, diagnostics = press.chapters()
    book = _with_generated(book)
    press.book = book
    back = press.back(body)
    front = press.front(body, back)
    cover, back_cover = press.covers()
    free = press.free_units()
    placed = place(front, [*body, *back], cover, back_cover, any_side=free)
    pages = page_map(placed)
    placed = tuple(with_citations(piece, pages) for piece in placed)
    return Pagination(placed, pages, book.toc, book, (*diagnostics, *press.findings))


def _with_generated(book: Book) -> Book:
    """The book with its index, contents and lists as places that can be pointed at."""
    word = words(book.publication.lang)
    titles = {
        "contents": word("Contents"),
        "figures": word("Figures and maps"),
        "index": word("Index"),
    }
    parts = [p for p in (*book.publication.front, *book.publication.back) if _wanted(book, p)]
    anchors = dict(book.anchors)
    for part in parts:
        if part in titles:
            anchors[part] = Anchor(part, part, "chapter", "", titles[part])
    toc = list(book.toc)
    if "index" in parts:
        toc.append(TocEntry("index", titles["index"]))
    return replace(book, anchors=anchors, toc=tuple(toc))


def _wanted(book: Book, part: str) -> bool:
    """Whether a generated part has anything to show."""
    if part == "index":
        return bool(book.index)
    if part == "figures":
        return bool(book.figures or book.tables)
    return True


@dataclass
class _Press:
    """The book being laid out, and the results so far by unit."""

    book: Book
    theme: Theme
    shelf: Path
    run: Runner

    def __post_init__(self) -> None:
        self.done: dict[str, Typeset] = {}
        self.sides: dict[str, str] = {}
        self.findings: list[Diagnostic] = []

    def free_units(self) -> tuple[str, ...]:
        """Units that open on the next page, whichever side: nested chapters, the imprint page."""
        nested = tuple(c.id for c in self.book.chapters if c.level > 1)
        return ("imprint", *nested)

    def chapters(self) -> tuple[list[Fragment], list[Diagnostic]]:
        """The chapters' fragments, laid out again until folios cited and sides agree."""
        known = PageMap()
        chapters = self.book.chapters
        for round_ in range(MOST_ROUNDS):
            jobs = [job for c in chapters if (job := self._due(c, known, round_)) is not None]
            if not jobs:
                break
            self._do(jobs)
            placed = place(
                [], [self.done[c.id].fragment for c in chapters], any_side=self.free_units()
            )
            known = page_map(placed)
            self.required = {p.fragment.unit: _side(p.first) for p in placed}
        else:
            jobs = [job for c in chapters if (job := self._due(c, known, 1)) is not None]
            self.findings += [_unsettled(self.book, job.unit) for job in jobs]
        return [self.done[c.id].fragment for c in chapters], self._complaints()

    def _due(self, chapter: Chapter, known: PageMap, round_: int) -> Job | None:
        """The chapter's job if it was never done, or if its folios or its side have changed."""
        side = "recto" if round_ == 0 else self.required[chapter.id]
        before = self.done.get(chapter.id)
        if before is not None and self.sides[chapter.id] == side:
            cited = {name: cited_shape(known, name) for name in before.fragment.cited}
            if cited == dict(before.fragment.cited):
                return None
        self.sides[chapter.id] = side
        body, cited = paged_body(chapter, known)
        html = chapter_html(self.theme, self.book.publication, chapter, body, side)
        return self._job(chapter.id, html, cited)

    def _job(self, unit: str, html: str, cited: dict[str, str]) -> Job:
        used = {
            name: asset.content
            for name, asset in self.book.assets.items()
            if f"{ASSET_SCHEME}{name}" in html
        }
        return Job(
            unit=unit,
            html=html,
            sheets=self.theme.sheets(),
            assets=used,
            cited=cited,
            theme=str(self.theme.templates),
            shelf=str(self.shelf),
        )

    def _do(self, jobs: Sequence[Job]) -> None:
        for result in self.run(jobs):
            self.done[result.fragment.unit] = result

    def _part(self, name: str, known: PageMap, side: str = "recto", **more: object) -> Fragment:
        html = part_html(self.theme, name, self.book, known, side, **more)
        self._do([self._job(name, html, {})])
        return self.done[name].fragment

    def back(self, body: Sequence[Fragment]) -> list[Fragment]:
        known = page_map(place([], body, any_side=self.free_units()))
        wanted = [p for p in self.book.publication.back if _wanted(self.book, p)]
        return [self._part(name, known) for name in wanted]

    def front(self, body: Sequence[Fragment], back: Sequence[Fragment]) -> list[Fragment]:
        known = page_map(place([], [*body, *back], any_side=self.free_units()))
        wanted = [p for p in self.book.publication.front if p in FRONT and _wanted(self.book, p)]
        made: list[Fragment] = []
        for name in wanted:
            # The imprint page stands on the back of the title page.
            behind = name == "imprint" and sum(f.page_count for f in made) % 2 == 1
            made.append(self._part(name, known, "verso" if behind else "recto"))
        return made

    def covers(self) -> tuple[Fragment, Fragment]:
        isbn = self.book.publication.isbns.get("print") or self.book.publication.isbns.get(
            "pdf", ""
        )
        nothing = PageMap()
        front = self._part(COVER, nothing)
        back = self._part(BACK_COVER, nothing, "verso", barcode=ean13_svg(isbn) if isbn else "")
        return front, back

    def _complaints(self) -> list[Diagnostic]:
        """What laying out found: characters that no font has."""
        return [
            _missing_glyphs(chapter, self.done[chapter.id].missing)
            for chapter in self.book.chapters
            if self.done[chapter.id].missing
        ]


def _missing_glyphs(chapter: Chapter, codes: Sequence[int]) -> Diagnostic:
    shown = ", ".join(f"{chr(code)} (U+{code:04X})" for code in codes[:8])
    more = f" and {len(codes) - 8} more" if len(codes) > 8 else ""
    line, column = _first_place(chapter, frozenset(map(chr, codes)))
    return warning(
        "glyph-missing",
        chapter.file,
        line,
        column,
        f"No font at hand has {shown}{more}: their numbers are set instead.",
        "Install a font for the script, for example the package fonts-noto-core or fonts-noto-cjk.",
    )


def _first_place(chapter: Chapter, characters: frozenset[str]) -> tuple[int, int]:
    """Where the first of the characters stands, to the element."""
    for element in chapter.body.iter():
        text = "".join([element.text or "", *(child.tail or "" for child in element)])
        if not characters.isdisjoint(text):
            return place_of(element)
    return 0, 0


def _side(number: int) -> str:
    return "recto" if number % 2 else "verso"


def _unsettled(book: Book, unit: str) -> Diagnostic:
    file = next((c.file for c in book.chapters if c.id == unit), "")
    return warning(
        "folios-unsettled",
        file,
        0,
        0,
        f"The page numbers cited in this chapter did not settle in {MOST_ROUNDS} rounds.",
        "Cite by chapter or figure number here, without the page.",
    )
