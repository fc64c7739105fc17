"""A build from beginning to end: the only module that knows of the pool of workers.

load → markup → resolve → typeset → pagemap → assemble, epub, web → publish
"""

from __future__ import annotations

import datetime
import io
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imprint import diagnostics as findings
from imprint import figures, trade
from imprint.assets import Gallery
from imprint.contrast import check_theme
from imprint.diagnostics import Diagnostic, error
from imprint.fontconfig import use_theme_fonts
from imprint.lint import lint
from imprint.load import load
from imprint.markup import parse
from imprint.model import EDITIONS, Book, Edition, Manuscript
from imprint.publish import Finished, publish
from imprint.resolve import resolve
from imprint.theme import Theme

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Request:
    """What is to be built.

    ``editions`` and ``languages`` are all that the publication names where empty. ``jobs`` is
    the number of workers, None for as many as the machine has cores.
    """

    folder: Path
    output: Path
    editions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    jobs: int | None = None
    keep_going: bool = False
    strict: bool = False


@dataclass(frozen=True)
class Made:
    """An edition as the summary shows it."""

    edition: Edition
    size_bytes: int


@dataclass(frozen=True)
class Report:
    """What a build made and found; ``failed`` gives exit code 1."""

    made: tuple[Made, ...]
    diagnostics: tuple[Diagnostic, ...]
    failed: bool


def build(request: Request, progress: Progress = lambda stage, done, total: None) -> Report:
    """Build a folder's editions into the output folder."""
    manuscripts, found = load(request.folder, languages=request.languages)
    found_all = list(found)
    books: list[Book] = []
    for manuscript in manuscripts:
        progress(f"Reading ({manuscript.publication.lang})", 0, 1)
        book, problems = read(manuscript)
        books.append(book)
        found_all.extend(problems)
    if request.strict:
        found_all = findings.strict(found_all)
    tolerant = request.keep_going or any(m.adopted for m in manuscripts)
    if not books or (findings.has_errors(found_all) and not tolerant):
        return Report((), tuple(findings.ordered(found_all)), True)
    finished, problems = _make(request, books, progress)
    found_all.extend(findings.strict(problems) if request.strict else problems)
    failed = findings.has_errors(found_all)
    if findings.has_errors(problems) and not tolerant:
        return Report((), tuple(findings.ordered(found_all)), True)
    progress("Publishing", 0, 1)
    try:
        moment = modified(books[0])
        notes = trade.records(books, finished, request.output, moment, found_all)
        publish(request.output, [*finished, *notes])
    except OSError as fault:
        found_all.append(_unwritable(request.output, fault))
        return Report((), tuple(findings.ordered(found_all)), True)
    made = tuple(Made(each.edition, each.size_bytes) for each in finished)
    return Report(made, tuple(findings.ordered(found_all)), failed)


def read(manuscript: Manuscript) -> tuple[Book, list[Diagnostic]]:
    """The resolved book of a manuscript, and all that is wrong in it."""
    theme = theme_of(manuscript)
    publication = manuscript.publication
    found: list[Diagnostic] = []
    chapters = []
    for source in manuscript.sources:
        chapter, problems = parse(source, publication.lang)
        chapters.append(chapter)
        found.extend(problems)
    style = figures.read_style(theme.palette)
    gallery = Gallery(manuscript.root, publication.lang, theme.fonts, style)
    book, problems = resolve(manuscript, chapters, gallery)
    found.extend(problems)
    found.extend(lint(book, manuscript.sources, found))
    found.extend(check_theme(theme))
    return book, found


def theme_of(manuscript: Manuscript) -> Theme:
    """The publication's theme."""
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
    request: Request, books: Sequence[Book], progress: Progress
) -> tuple[list[Finished], list[Diagnostic]]:
    """All editions of all languages; the languages share the workers."""
    jobs = request.jobs or os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="imprint-") as scratch:
        folder = Path(scratch)
        use_theme_fonts(TEMPLATES / "fonts", folder)
        counter = _Counter(progress)
        with _workers(jobs) as pool, ThreadPoolExecutor(max_workers=len(books)) as threads:
            shelf = folder / "fonts"
            shelf.mkdir()
            makers = [
                threads.submit(_make_book, request, book, books, shelf, pool, counter)
                for book in books
            ]
            results = [maker.result() for maker in makers]
    finished = [made for editions, _ in results for made in editions]
    return finished, [problem for _, problems in results for problem in problems]


@contextmanager
def _workers(jobs: int) -> Iterator[Executor | None]:
    """A pool of processes, None where one process is to do it all."""
    if jobs == 1:
        yield None
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["imprint.typeset"])
    with ProcessPoolExecutor(max_workers=jobs, mp_context=context) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _Counter:
    """Units laid out so far, of all languages, told to whoever shows progress."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.done = self.total = 0
        self.lock = threading.Lock()

    def add(self, *, total: int = 0, done: int = 0) -> None:
        with self.lock:
            self.total += total
            self.done += done
            self.progress("Laying out pages", self.done, self.total)


def _make_book(
    request: Request,
    book: Book,
    books: Sequence[Book],
    shelf: Path,
    pool: Executor | None,
    counter: _Counter,
) -> tuple[list[Finished], list[Diagnostic]]:
    # These pull WeasyPrint in, which only building needs.
    from imprint.editions import Sheets, make
    from imprint.paginate import paginate
    from imprint.typeset import Job, Typeset, typeset

    def run(jobs: Sequence[Job]) -> Iterable[Typeset]:
        counter.add(total=len(jobs))
        # The longest first: a long chapter begun last would keep one worker alone.
        by_length = sorted(jobs, key=lambda job: -len(job.html))
        if pool is None:
            results: Iterable[Typeset] = map(typeset, by_length)
        else:
            futures = [pool.submit(typeset, job) for job in by_length]
            results = (future.result() for future in as_completed(futures))
        for result in results:
            counter.add(done=1)
            yield result

    theme = Theme(TEMPLATES, book.publication.theme)
    started = time.monotonic()
    pagination = paginate(book, theme, shelf, run)
    laid_out = time.monotonic() - started
    sheets = Sheets(
        pagination=pagination,
        theme=theme,
        shelf=shelf,
        modified=modified(book),
        languages={
            b.publication.lang: [c.id for c in b.chapters]
            for b in books
            if "web" in b.publication.editions
        },
        seconds=laid_out,
    )
    finished, problems = make(sheets, _editions(request, book))
    return finished, [*pagination.diagnostics, *problems]


def _editions(request: Request, book: Book) -> tuple[str, ...]:
    wanted = request.editions or book.publication.editions
    return tuple(kind for kind in EDITIONS if kind in wanted)


def _unwritable(output: Path, fault: OSError) -> Diagnostic:
    return error(
        "output-write",
        str(output),
        0,
        0,
        f"The output could not be written: {fault.strerror or fault}. What was there is unharmed.",
        "Make room, or give the right to write there, and build again.",
    )
