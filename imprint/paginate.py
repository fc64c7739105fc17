"""From a book to placed pages: chapters first, then what cites their folios, until all agree."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lxml import etree

from imprint import typography
from imprint.barcode import ean13_svg
from imprint.diagnostics import Diagnostic, warning
from imprint.fragments import Fragment, Held, Placed
from imprint.model import Anchor, Book, Chapter, PageMap, TocEntry
from imprint.pagemap import BACK_COVER, COVER, page_map, place, with_citations
from imprint.paper import ASSET_SCHEME, Folios, Job, Typeset, cited_shape, paged_body
from imprint.places import place_of
from imprint.theme import Theme, chapter_html, part_html
from imprint.words import words

# Layout that depends on its own page numbers may never settle (two chapters that push each other).
MOST_ROUNDS = 5
Runner = Callable[[Iterable[Job]], Iterable[Typeset]]
FRONT = ("half-title", "title-page", "imprint", "contents", "figures")
_PLAIN = ("half-title", "title-page")
# The style sheets that front matter and covers alone have use for.
_OF_PARTS = ("front", "cover")
# The room that things take beside their text, in characters; a page of the default theme has so many.
_ROOM = {"img": 900, "table": 120, "tr": 60, "h2": 150, "h3": 120, "pre": 120, "aside": 100}
_TYPICAL_PAGE = 2300


@dataclass(frozen=True)
class Forecast:
    """What is expected before anything is laid out, from the last time that the book was built.

    ``shapes`` maps ids to the shapes of their folios, ``sides`` chapters to the side they open on.
    """

    shapes: Mapping[str, str] = field(default_factory=dict)
    sides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pagination:
    """The pages of a book, the page map, the contents with the generated parts, and findings.

    ``settled`` is what the next build of the book may expect.
    """

    placed: tuple[Placed, ...]
    page_map: PageMap
    toc: tuple[TocEntry, ...]
    book: Book
    diagnostics: tuple[Diagnostic, ...]
    settled: Forecast = Forecast()


def paginate(
    book: Book, theme: Theme, shelf: Path, run: Runner, forecast: Forecast = Forecast()
) -> Pagination:
    """Lay the whole book out. ``run`` carries jobs out, anywhere and in any order of time.

    A wrong ``forecast`` costs time and changes nothing of the result.
    """
    book = _with_generated(book)
    press = _Press(book, theme, shelf, run, forecast)
    body, diagnostics = press.chapters()
    front, back = press.generated(body)
    cover, back_cover = press.covers()
    free = press.free_units()
    placed = place(front, [*body, *back], cover, back_cover, any_side=free)
    pages = page_map(placed)
    placed = tuple(with_citations(piece, pages) for piece in placed)
    settled = Forecast(
        {name: shape for f in body for name, shape in f.cited.items()}, dict(press.sides)
    )
    found = (*diagnostics, *press.findings, *_typographic(book, press.done, placed))
    return Pagination(placed, pages, book.toc, book, found, settled)


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


class _Estimate:
    """Folios as they may come out, from the length of the chapters' text.

    Pages already laid out make the estimate better. Only the number of a folio's figures matters.
    """

    def __init__(self, book: Book, forecast: Forecast, done: Mapping[str, Typeset]) -> None:
        self.book = book
        self.forecast = forecast
        self.done = done
        self.weights = {chapter.id: _weight(chapter) for chapter in book.chapters}

    def label(self, anchor_id: str) -> str:
        """A folio as long as the true one probably is."""
        anchor = self.book.anchors.get(anchor_id)
        if anchor_id in self.forecast.shapes:
            return self.forecast.shapes[anchor_id]
        if anchor is None or anchor.chapter_id not in self.weights:
            return ""
        first = 1
        for chapter in self.book.chapters:
            if chapter.id == anchor.chapter_id:
                break
            first += self._pages(chapter.id)
        return str(first)

    def _pages(self, chapter_id: str) -> int:
        """How many pages a chapter takes, with the blank one before a right-hand page."""
        known = self.done.get(chapter_id)
        pages = (
            known.fragment.page_count
            if known
            else -(-self.weights[chapter_id] // self._weight_of_a_page())
        )
        return pages + pages % 2

    def _weight_of_a_page(self) -> int:
        done = [r.fragment for name, r in self.done.items() if name in self.weights]
        pages = sum(fragment.page_count for fragment in done)
        if not pages:
            return _TYPICAL_PAGE
        return max(1, sum(self.weights[fragment.unit] for fragment in done) // pages)


def _weight(chapter: Chapter) -> int:
    """What a chapter's pages must hold, in characters' worth of room."""
    text = sum(len(part) for part in chapter.body.itertext())
    return text + sum(_ROOM.get(element.tag, 0) for element in chapter.body.iter(etree.Element))


@dataclass
class _Press:
    """The book being laid out, and the results so far by unit."""

    book: Book
    theme: Theme
    shelf: Path
    run: Runner
    forecast: Forecast

    def __post_init__(self) -> None:
        self.done: dict[str, Typeset] = {}
        self.sides: dict[str, str] = {}
        self.required: dict[str, str] = {}
        self.findings: list[Diagnostic] = []
        self.estimate = _Estimate(self.book, self.forecast, self.done)

    def free_units(self) -> tuple[str, ...]:
        """Units that open on the next page, whichever side: nested chapters, the imprint page."""
        nested = tuple(c.id for c in self.book.chapters if c.level > 1)
        return ("imprint", *nested)

    def chapters(self) -> tuple[list[Fragment], list[Diagnostic]]:
        """The chapters' fragments, laid out again until folios cited and sides agree."""
        chapters = self.book.chapters
        weights = self.estimate.weights
        # The longest first: a long chapter begun last would keep one worker alone.
        longest_first = sorted(chapters, key=lambda c: -weights[c.id])
        self._do(itertools.chain(self._first(longest_first), self._plain_parts()))
        for _ in range(MOST_ROUNDS - 1):
            known = self._placed_body()
            jobs = [job for c in longest_first if (job := self._due(c, known)) is not None]
            if not jobs:
                break
            self._do(jobs)
        else:
            known = self._placed_body()
            moving = [c for c in chapters if self._moves(c, known)]
            self.findings += [_unsettled(self.book, c, self._moving(c, known)) for c in moving]
        return [self.done[c.id].fragment for c in chapters], self._complaints()

    def _placed_body(self) -> PageMap:
        """The page map of the chapters as they are now, and the sides that they open on."""
        body = [self.done[c.id].fragment for c in self.book.chapters]
        placed = place([], body, any_side=self.free_units())
        self.required = {p.fragment.unit: _side(p.first) for p in placed}
        return page_map(placed)

    def _first(self, chapters: Iterable[Chapter]) -> Iterator[Job]:
        """Jobs made one by one, so that later ones can learn from what is done."""
        for chapter in chapters:
            side = self.forecast.sides.get(chapter.id, "recto") if chapter.level > 1 else "recto"
            yield self._chapter(chapter, self.estimate, side)

    def _due(self, chapter: Chapter, known: PageMap) -> Job | None:
        """The chapter's job if its folios or its side have changed."""
        if not self._moves(chapter, known):
            return None
        return self._chapter(chapter, known, self.required[chapter.id])

    def _moves(self, chapter: Chapter, known: PageMap) -> bool:
        turned = self.sides[chapter.id] != self.required[chapter.id]
        return turned or bool(self._moving(chapter, known))

    def _moving(self, chapter: Chapter, known: PageMap) -> list[str]:
        """The ids whose folios have another shape than in the chapter's pages."""
        cited = self.done[chapter.id].fragment.cited
        return [name for name, shape in cited.items() if cited_shape(known, name) != shape]

    def _chapter(self, chapter: Chapter, known: Folios, side: str) -> Job:
        self.sides[chapter.id] = side
        body, cited = paged_body(chapter, known)
        drawing = self.book.openers.get(chapter.id, "")
        html = chapter_html(self.theme, self.book.publication, chapter, body, side, drawing)
        return self._job(chapter.id, html, cited, parts=False)

    def _job(self, unit: str, html: str, cited: dict[str, str], *, parts: bool = True) -> Job:
        used = {
            name: asset.content
            for name, asset in self.book.assets.items()
            if f"{ASSET_SCHEME}{name}" in html
        }
        sheets = self.theme.sheets()
        return Job(
            unit=unit,
            html=html,
            # Chapters do without the sheets of the front matter, and stay when these change.
            sheets=sheets if parts else tuple(s for s in sheets if Path(s).stem not in _OF_PARTS),
            assets=used,
            cited=cited,
            theme=str(self.theme.templates),
            shelf=str(self.shelf),
        )

    def _do(self, jobs: Iterable[Job]) -> None:
        for result in self.run(jobs):
            self.done[result.fragment.unit] = result

    def _part(self, name: str, known: PageMap, side: str = "recto", **more: object) -> Job:
        return self._job(name, part_html(self.theme, name, self.book, known, side, **more), {})

    def _plain_parts(self) -> Iterator[Job]:
        """The parts that cite no pages: covers, half-title and title page."""
        publication = self.book.publication
        nothing = PageMap()
        isbn = publication.isbns.get("print") or publication.isbns.get("pdf", "")
        barcode = ean13_svg(isbn) if isbn else ""
        yield self._part(COVER, nothing)
        yield self._part(BACK_COVER, nothing, "verso", barcode=barcode)
        for name in self._front():
            if name in _PLAIN:
                yield self._part(name, nothing)

    def _front(self) -> list[str]:
        front = self.book.publication.front
        return [part for part in front if part in FRONT and _wanted(self.book, part)]

    def generated(self, body: Sequence[Fragment]) -> tuple[list[Fragment], list[Fragment]]:
        """Front and back matter; what cites pages is laid out at once and citing agrees."""
        back = [part for part in self.book.publication.back if _wanted(self.book, part)]
        front = self._front()
        free = self.free_units()
        known = page_map(place([], [*body, *map(_standing_for, back)], any_side=free))
        self._do(self._citing(front, back, known))
        made = [self.done[name].fragment for name in back]
        settled = page_map(place([], [*body, *made], any_side=free))
        if any(known.label(name) != settled.label(name) for name in back):
            self._do([self._part(name, settled) for name in front if name == "contents"])
        return [self.done[name].fragment for name in front], made

    def _citing(self, front: Sequence[str], back: Sequence[str], known: PageMap) -> Iterator[Job]:
        yield from (self._part(name, known) for name in back)
        for name in front:
            if name == "imprint":
                # The imprint page stands on the back of the title page.
                before = [self.done[n].fragment for n in front[: front.index(name)] if n in _PLAIN]
                behind = sum(f.page_count for f in before) % 2 == 1
                yield self._part(name, known, "verso" if behind else "recto")
            elif name not in _PLAIN:
                yield self._part(name, known)

    def covers(self) -> tuple[Fragment, Fragment]:
        """The front cover and the back cover."""
        return self.done[COVER].fragment, self.done[BACK_COVER].fragment

    def _complaints(self) -> list[Diagnostic]:
        """What laying out found: characters that no font has."""
        return [
            _missing_glyphs(chapter, self.done[chapter.id].missing)
            for chapter in self.book.chapters
            if self.done[chapter.id].missing
        ]


def _typographic(
    book: Book, done: Mapping[str, Typeset], placed: Sequence[Placed]
) -> Iterator[Diagnostic]:
    """What is to mend on the chapters' pages, now that these have folios."""
    labels = {piece.fragment.unit: piece.labels for piece in placed}
    for chapter in book.chapters:
        for flaw in done[chapter.id].flaws:
            yield typography.diagnostic(flaw, chapter.file, labels[chapter.id][flaw.page])


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


def _standing_for(part: str) -> Fragment:
    """A page that stands for a part until it is laid out: where it begins is known before."""
    return Fragment(part, Held(b""), (None,), {part: (0, 0.0, 0.0)}, (), {})


def _unsettled(book: Book, chapter: Chapter, names: Sequence[str]) -> Diagnostic:
    """A warning that names the references whose pages keep moving."""
    titles = [book.anchors[n].title or n for n in names if n in book.anchors] or list(names)
    shown = ", ".join(f"“{title}”" for title in titles[:5])
    what = f"the page numbers of {shown}" if shown else "the side that this chapter opens on"
    return warning(
        "folios-unsettled",
        chapter.file,
        *_citation(chapter, names),
        f"In {MOST_ROUNDS} rounds of layout {what} did not settle: with each length of a number "
        "the pages break so that it gets another.",
        "Cite by chapter or figure number here, without the page.",
    )


def _citation(chapter: Chapter, names: Sequence[str]) -> tuple[int, int]:
    """Where a chapter first cites one of these."""
    for cite in chapter.body.iter("span"):
        if cite.get("data-cites") in names:
            return place_of(cite)
    return 0, 0
