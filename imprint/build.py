"""A build from beginning to end: the only module that knows of the workers and of the cache.

load → markup → resolve → typeset → pagemap → assemble, epub, web → publish
"""

from __future__ import annotations

import datetime
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imprint import diagnostics as findings
from imprint import memory
from imprint.cache import Store, digest, store_for
from imprint.crew import Crew, Hire, WorkerLostError, crew, processes
from imprint.diagnostics import Diagnostic, error
from imprint.fontconfig import use_theme_fonts
from imprint.model import EDITIONS, Book, Edition, Manuscript
from imprint.scratch import lasting, sweep

if TYPE_CHECKING:
    from imprint.fetching import Fetcher
    from imprint.figures import Drawing
    from imprint.model import Chapter
    from imprint.publish import Finished
    from imprint.theme import Theme
    from imprint.trees import Keep
    from imprint.workshop import Workshop

_PACKAGE = Path(__file__).resolve().parent
# A clone has the themes beside the package, where whoever makes one looks; a wheel has them within.
_WITHIN = _PACKAGE / "templates"
TEMPLATES = _WITHIN if _WITHIN.is_dir() else _PACKAGE.parent / "templates"
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Request:
    """What is to be built.

    ``editions`` and ``languages`` are all that the publication names where empty. ``jobs`` is
    the number of workers, None for as many as the machine has cores; ``cached`` tells whether
    what earlier builds made may be used and kept; ``network`` names the hosts whose pictures may
    be fetched.
    """

    folder: Path
    output: Path
    editions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    jobs: int | None = None
    keep_going: bool = False
    strict: bool = False
    cached: bool = True
    network: tuple[str, ...] = ()


@dataclass(frozen=True)
class Made:
    """An edition as the summary shows it."""

    edition: Edition
    size_bytes: int


@dataclass(frozen=True)
class Report:
    """What a build made and found; ``failed`` gives exit code 1.

    ``laid_out`` counts the units of layout, ``from_cache`` those of them that were at hand;
    ``unchanged`` tells that there was nothing to do at all; ``notes`` are the files and folders
    beside the editions.
    """

    made: tuple[Made, ...]
    diagnostics: tuple[Diagnostic, ...]
    failed: bool
    laid_out: int = 0
    from_cache: int = 0
    unchanged: bool = False
    notes: tuple[str, ...] = ()


def build(
    request: Request,
    progress: Progress = lambda stage, done, total: None,
    workers: Crew | None = None,
) -> Report:
    """Build a folder's editions into the output folder.

    ``workers`` are those of whoever builds more than once; else some are hired for this build.
    """
    sweep()
    try:
        return _build_with_store(request, progress, workers)
    except OSError as fault:
        # A full or broken disk may show itself anywhere: in the output, the cache, a scratch folder.
        return Report((), (_unwritable(request.output, fault),), True)


def _build_with_store(request: Request, progress: Progress, workers: Crew | None) -> Report:
    with store_for(request.folder, used=request.cached) as store:
        key = memory.key_of(request.folder, request.output, TEMPLATES, _wishes(request))
        known = memory.recalled(store, key, request.output) if request.cached else None
        if known is not None:
            return _remembered(known)
        use_theme_fonts(TEMPLATES / "fonts", _font_folder(store, request))
        fetcher = fetcher_of(request.network, store)
        with nullcontext(workers) if workers else crew(*hands(request.jobs)) as at_work:
            report, dated = _build(request, progress, at_work, store, fetcher)
        # A picture that was not to be had may be the next time.
        if report.made and not (fetcher and fetcher.refused):
            memory.remember(store, key, request.output, _told(report), dated=dated)
        return report


def fetcher_of(hosts: Sequence[str], store: Store) -> Fetcher | None:
    """What fetches pictures of these hosts and keeps them in the store; None for no hosts."""
    if not hosts:
        return None
    from imprint.fetching import Fetcher

    return Fetcher(
        hosts,
        recall=lambda url: store.get("fetched", digest(url)),
        keep=lambda url, content: store.put("fetched", digest(url), content),
    )


def hands(jobs: int | None) -> tuple[Hire | None, int]:
    """How to hire so many workers of this machine; they keep to limits of time and memory."""
    return processes, jobs or os.cpu_count() or 1


def _font_folder(store: Store, request: Request) -> Path:
    """Where fontconfig's settings and its cache are, for longer than workers live."""
    return store.folder / "fontconfig" if request.cached else lasting("fontconfig")


def _wishes(request: Request) -> tuple[object, ...]:
    return request.editions, request.languages, request.keep_going, request.strict, request.network


def _told(report: Report) -> memory.Told:
    made = [(made.edition, made.size_bytes) for made in report.made]
    return memory.Told(tuple(made), report.diagnostics, report.failed, report.notes)


def _remembered(told: memory.Told) -> Report:
    """The report of an earlier build of the same, whose files are still there."""
    made = tuple(Made(replace(edition, seconds=0.0), size) for edition, size in told.made)
    return Report(made, told.diagnostics, told.failed, unchanged=True, notes=told.notes)


def _build(
    request: Request, progress: Progress, workers: Crew, store: Store, fetcher: Fetcher | None
) -> tuple[Report, bool]:
    """What was made, and whether today's date went into it."""
    from imprint import library, sbom, trade
    from imprint import report as conformance
    from imprint.load import load
    from imprint.policy import settled
    from imprint.publish import locked, publish
    from imprint.workshop import Workshop

    workers.call_in()
    counter = _Counter(progress)
    workshop = Workshop(workers, store, TEMPLATES / "fonts", request.output, counter.add)
    manuscripts, found = load(request.folder, languages=request.languages)
    found_all = list(found)
    books, problems = _read_all(manuscripts, workshop, progress, fetcher)
    found_all.extend(problems)
    dated = any(manuscript.publication.date is None for manuscript in manuscripts)
    found_all = settled(found_all, manuscripts)
    if request.strict:
        found_all = findings.strict(found_all)
    tolerant = request.keep_going or any(m.adopted for m in manuscripts)
    if not books or (findings.has_errors(found_all) and not tolerant):
        return Report((), tuple(findings.ordered(found_all)), True), dated
    finished, problems = _make(request, books, workshop)
    problems = settled(problems, manuscripts)
    found_all.extend(findings.strict(problems) if request.strict else problems)
    failed = findings.has_errors(found_all)
    if not finished or (findings.has_errors(problems) and not tolerant):
        return Report((), tuple(findings.ordered(found_all)), True), dated
    progress("Publishing", 0, 1)
    with locked(request.output):
        moment = modified(books[0])
        notes = trade.records(books, finished, request.output, moment, found_all)
        notes += library.pages(finished, request.output, TEMPLATES, TEMPLATES / "fonts")
        notes.append(sbom.bill(moment))
        publish(
            request.output,
            [*finished, *notes],
            lambda draft: conformance.notes(draft, books, found_all),
        )
    made = tuple(Made(each.edition, each.size_bytes) for each in finished)
    return Report(
        made,
        tuple(findings.ordered(found_all)),
        failed,
        counter.laid_out,
        workshop.at_hand,
        notes=(*(note.edition.file for note in notes), conformance.HTML, conformance.JSON),
    ), dated


def _read_all(
    manuscripts: Sequence[Manuscript],
    workshop: Workshop,
    progress: Progress,
    fetcher: Fetcher | None,
) -> tuple[list[Book], list[Diagnostic]]:
    """The books of all languages that can be read, and what is wrong in all of them."""
    books: list[Book] = []
    found: list[Diagnostic] = []
    try:
        for manuscript in manuscripts:
            progress(f"Reading ({manuscript.publication.lang})", 0, 1)
            try:
                book, problems = read(manuscript, workshop, fetcher)
            except WorkerLostError as lost:
                found.extend(lost_work(lost, {}))
                continue
            books.append(book)
            found.extend(problems)
    finally:
        workshop.draughtsman.close(wait_for_tasks=False)
    return books, found


def read(
    manuscript: Manuscript, workshop: Workshop | None = None, fetcher: Fetcher | None = None
) -> tuple[Book, list[Diagnostic]]:
    """The resolved book of a manuscript, and all that is wrong in it.

    Without a workshop figures are drawn by a worker all the same: data may break what draws them.
    """
    from imprint.markup import parse
    from imprint.trees import HeldTree
    from imprint.workshop import draw_apart

    if workshop is not None:
        book, found = resolved(manuscript, workshop, fetcher)
    else:
        lang = manuscript.publication.lang
        parsed = [parse(source, lang) for source in manuscript.sources]
        with crew(processes, 1) as draughtsman:

            def draw(path: Path, **wishes: Any) -> Drawing:
                return draw_apart(draughtsman, path, **wishes)[0]

            book, found = _resolved(manuscript, parsed, draw, HeldTree, fetcher)
    return book, [*found, *judged(book, manuscript, found)]


def resolved(
    manuscript: Manuscript, workshop: Workshop, fetcher: Fetcher | None = None
) -> tuple[Book, list[Diagnostic]]:
    """The resolved book of a manuscript, and what had to be put right for that."""
    parsed = workshop.chapters(manuscript.sources, manuscript.publication.lang)
    return _resolved(manuscript, parsed, workshop.figure, workshop.lay_by, fetcher)


def _resolved(
    manuscript: Manuscript,
    parsed: Sequence[tuple[Chapter, tuple[Diagnostic, ...]]],
    draw: Callable[..., Drawing],
    keep: Keep,
    fetcher: Fetcher | None,
) -> tuple[Book, list[Diagnostic]]:
    from imprint import figures
    from imprint.assets import Gallery
    from imprint.openers import openers
    from imprint.resolve import resolve
    from imprint.translations import mark_chapters

    theme = theme_of(manuscript)
    found = [problem for _, problems in parsed for problem in problems]
    style = figures.read_style(theme.palette)
    lang = manuscript.publication.lang
    gallery = Gallery(manuscript.root, lang, theme.fonts, style, draw, fetcher)
    chapters, stale = mark_chapters(manuscript, [chapter for chapter, _ in parsed])
    found.extend(stale)
    book, problems = resolve(manuscript, chapters, gallery, keep)
    found.extend(problems)
    drawings, undrawn = openers(gallery, book.chapters)
    found.extend(undrawn)
    return replace(book, openers=drawings), found


def judged(book: Book, manuscript: Manuscript, found: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """What readers would miss in a book, besides what was found before."""
    from imprint.contrast import check_theme
    from imprint.lint import lint

    yield from lint(book, manuscript.sources, found)
    yield from check_theme(theme_of(manuscript))


def theme_of(manuscript: Manuscript) -> Theme:
    """The publication's theme."""
    from imprint.theme import Theme

    return Theme(TEMPLATES, manuscript.publication.theme)


def modified(book: Book) -> datetime.datetime:
    """The moment that files name as their last change: reproducible-builds.org's, or the book's."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit():
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC)
    date = book.publication.date or datetime.datetime.now(datetime.UTC).date()
    return datetime.datetime(date.year, date.month, date.day, tzinfo=datetime.UTC)


# --- making editions -----------------------------------------------------------------------------


def _make(
    request: Request, books: Sequence[Book], workshop: Workshop
) -> tuple[list[Finished], list[Diagnostic]]:
    """All editions of all languages; the languages share the workers."""
    try:
        with ThreadPoolExecutor(max_workers=len(books)) as threads:
            makers = [threads.submit(_make_book, request, book, books, workshop) for book in books]
            try:
                results = [maker.result() for maker in makers]
            except KeyboardInterrupt:
                # Without workers the makers come to an end, which is waited for.
                workshop.crew.abandon()
                raise
    except WorkerLostError:
        losses = [maker.exception() for maker in makers]
        files = {chapter.id: chapter.file for book in books for chapter in book.chapters}
        return [], [p for loss in losses if loss for p in lost_work(loss, files)]
    finished = [made for editions, _ in results for made in editions]
    return finished, [problem for _, problems in results for problem in problems]


class _Counter:
    """Units laid out so far, of all languages, told to whoever shows progress."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.laid_out = self.total = 0
        self.lock = threading.Lock()

    def add(self, total: int, done: int) -> None:
        with self.lock:
            self.total += total
            self.laid_out += done
            self.progress("Laying out pages", self.laid_out, self.total)


def _make_book(
    request: Request, book: Book, books: Sequence[Book], workshop: Workshop
) -> tuple[list[Finished], list[Diagnostic]]:
    # These pull WeasyPrint in, which only building needs.
    from imprint import library
    from imprint.editions import Sheets, make
    from imprint.paginate import paginate
    from imprint.theme import Theme

    theme = Theme(TEMPLATES, book.publication.theme)
    name = f"{request.folder.resolve()} {book.publication.lang}"
    started = time.monotonic()
    pagination = paginate(book, theme, workshop.shelf, workshop.lay_out, workshop.forecast(name))
    workshop.expect(name, pagination.settled)
    laid_out = time.monotonic() - started
    sheets = Sheets(
        pagination=pagination,
        theme=theme,
        folder=request.folder,
        shelf=workshop.shelf,
        modified=modified(book),
        languages={
            b.publication.lang: [c.id for c in b.chapters]
            for b in books
            if "web" in b.publication.editions
        },
        seconds=laid_out,
        gatherer=workshop.gather,
        elsewhere=workshop.elsewhere,
        web_folder=library.place(request.output, book.publication),
    )
    finished, problems = make(sheets, _editions(request, book))
    return finished, [*pagination.diagnostics, *problems]


def _editions(request: Request, book: Book) -> tuple[str, ...]:
    wanted = request.editions or book.publication.editions
    return tuple(kind for kind in EDITIONS if kind in wanted)


def lost_work(loss: BaseException, files: Mapping[str, str]) -> list[Diagnostic]:
    """One complaint for each unit that could not be done; whatever else went wrong goes on."""
    if not isinstance(loss, WorkerLostError):
        raise loss
    hint = "Divide it, or look for what is unusual there: a huge picture or table."
    found = []
    for name, reason in loss.losses:
        unit = name.rpartition(" ")[0] or name
        said = reason or "broke the program that does it, twice"
        message = f"Working on “{unit}” {said}."
        found.append(error("worker-lost", files.get(unit, unit), 0, 0, message, hint))
    return found


def _unwritable(output: Path, fault: OSError) -> Diagnostic:
    return error(
        "output-write",
        str(output),
        0,
        0,
        f"The output could not be written: {fault.strerror or fault}. What was there is unharmed.",
        "Make room, or give the right to write there, and build again.",
    )
