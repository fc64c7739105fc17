"""``imprint build``: every edition of a folder."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from imprint.build import Report, Request, hands
from imprint.build import build as build_folder
from imprint.catalogue import listed
from imprint.commands.network import allow_network
from imprint.commands.report import validated
from imprint.commands.show import show_diagnostics
from imprint.crew import Crew, cluster, crew
from imprint.model import EDITIONS, Edition
from imprint.watching import changes
from imprint.words import file_size

_NAMES = {"pdf": "screen PDF", "print": "print PDF", "epub": "EPUB", "web": "web edition"}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("source"))
@click.option(
    "-e",
    "--edition",
    "editions",
    multiple=True,
    type=click.Choice(EDITIONS),
    help="Build this edition only; may be given several times.",
)
@click.option("-l", "--lang", "languages", multiple=True, help="Build this language only.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Where the files go. [default: output/ beside the folder]",
)
@click.option("-j", "--jobs", type=click.IntRange(1), help="Workers. [default: one a core]")
@click.option("--keep-going", is_flag=True, help="Build in spite of errors, with a mark for each.")
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option("--no-cache", is_flag=True, help="Make everything anew, and keep nothing.")
@click.option("--watch", is_flag=True, help="Stay, and build again whenever a file changes.")
@click.option(
    "--executor",
    metavar="dask://HOST:PORT",
    help="Have the work done by a Dask cluster. [default: processes of this machine]",
)
@allow_network
@click.option("--validate", is_flag=True, help="Run the validators on what was built.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def build(
    folder: Path,
    editions: tuple[str, ...],
    languages: tuple[str, ...],
    output: Path | None,
    jobs: int | None,
    keep_going: bool,
    strict: bool,
    no_cache: bool,
    watch: bool,
    executor: str | None,
    network: tuple[str, ...],
    validate: bool,
    quiet: bool,
) -> None:
    """Build FOLDER (by default: source) into PDF, print PDF, EPUB and web edition.

    FOLDER holds publication.toml and Markdown; any folder of Markdown will do. It may also be a
    list of publications, LIST.toml: see docs/speed.md. Exit code 1 tells that there were errors.
    """
    request = Request(
        folder=folder,
        output=output if output is not None else folder.absolute().parent / "output",
        editions=editions,
        languages=languages,
        jobs=jobs,
        keep_going=keep_going,
        strict=strict,
        cached=not no_cache,
        network=network,
    )
    requests = listed(request) if folder.suffix == ".toml" and folder.is_file() else [request]
    one_build = len(requests) == 1 and not watch and executor is None
    with nullcontext(None) if one_build else _workers(executor, jobs) as workers:
        failures = [_built(each, workers, validate=validate, quiet=quiet) for each in requests]
        if watch:
            made = [each.output for each in requests]
            for changed in changes([each.folder for each in requests], made):
                again = [each for each in requests if each.folder in changed]
                for each in again:
                    _built(each, workers, validate=validate, quiet=quiet)
    sys.exit(1 if any(failures) else 0)


def _workers(executor: str | None, jobs: int | None) -> AbstractContextManager[Crew]:
    """Workers who stay from one build to the next."""
    if executor is None:
        return crew(*hands(jobs))
    if not executor.startswith("dask://"):
        raise click.BadParameter("name a Dask cluster: dask://HOST:PORT", param_hint="--executor")
    try:
        return crew(*cluster(executor))
    except ImportError as fault:
        raise click.UsageError("Dask is not installed: pip install 'imprint[dask]'") from fault
    except OSError as fault:
        raise click.UsageError(f"There is no answer from {executor}: {fault}") from fault


def _built(request: Request, workers: Crew | None, *, validate: bool, quiet: bool) -> bool:
    """Build one publication and show what came of it; whether it failed."""
    report = _with_progress(request, workers, Console(stderr=True, quiet=quiet))
    show_diagnostics(report.diagnostics, request.folder, errors_only=quiet)
    if not quiet:
        console = Console()
        # A log or a pipe has no width of its own: names stay whole there.
        _summary(report, request, console if console.is_terminal else Console(width=140))
    failed = report.failed
    if validate and report.made:
        failed = validated(request.output) or failed
    return failed


def _with_progress(request: Request, workers: Crew | None, console: Console) -> Report:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Reading", total=1)

        def told(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=max(total, 1))

        return build_folder(request, told, workers)


def _summary(report: Report, request: Request, console: Console) -> None:
    """A table of what was made, or what to do next."""
    if not report.made:
        console.print("Nothing was built. Mend the errors above, or build with --keep-going.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("edition")
    table.add_column("file", overflow="fold")
    for name in ("size", "pages", "seconds"):
        table.add_column(name, justify="right")
    for made in report.made:
        edition = made.edition
        table.add_row(
            f"{_name(edition)} ({edition.lang})",
            str(_shown(request.output / edition.file)),
            file_size(made.size_bytes, "en"),
            str(edition.pages or ""),
            f"{edition.seconds:.1f}",
        )
    console.print(table)
    console.print(_what_was_done(report))
    console.print(_what_is_next(report, request.output), soft_wrap=True)


def _what_was_done(report: Report) -> str:
    if report.unchanged:
        return "Nothing had changed."
    anew = report.laid_out - report.from_cache
    return f"{anew} of {report.laid_out} units laid out anew, the others taken from the cache."


def _what_is_next(report: Report, output: Path) -> str:
    """Where to begin to read, and where it stands what was checked."""
    library = output / "web" / "index.html"
    begin = library if library.is_file() else output / report.made[0].edition.file
    return f"Next: open {_shown(begin)}; {_shown(output / 'report.html')} tells what was checked."


def _name(edition: Edition) -> str:
    return "cover sheet" if edition.file.endswith(".cover.pdf") else _NAMES[edition.kind]


def _shown(path: Path) -> Path:
    """A path as short as it can be said from here."""
    absolute = path.absolute()
    here = Path.cwd()
    return absolute.relative_to(here) if absolute.is_relative_to(here) else absolute
