"""``imprint build``: every edition of a folder."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from imprint.build import Report, Request
from imprint.build import build as build_folder
from imprint.commands.report import validated
from imprint.commands.show import show_diagnostics
from imprint.model import EDITIONS, Edition
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
    validate: bool,
    quiet: bool,
) -> None:
    """Build FOLDER (by default: source) into PDF, print PDF, EPUB and web edition.

    FOLDER holds publication.toml and Markdown; any folder of Markdown will do. Exit code 1 tells
    that there were errors.
    """
    request = Request(
        folder=folder,
        output=output if output is not None else folder.absolute().parent / "output",
        editions=editions,
        languages=languages,
        jobs=jobs,
        keep_going=keep_going,
        strict=strict,
    )
    console = Console(stderr=True, quiet=quiet)
    report = _with_progress(request, console)
    show_diagnostics(report.diagnostics, folder, errors_only=quiet)
    if not quiet:
        console = Console()
        # A log or a pipe has no width of its own: names stay whole there.
        _summary(report, request, console if console.is_terminal else Console(width=140))
    failed = report.failed
    if validate and report.made:
        failed = validated(request.output) or failed
    sys.exit(1 if failed else 0)


def _with_progress(request: Request, console: Console) -> Report:
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

        return build_folder(request, told)


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


def _name(edition: Edition) -> str:
    return "cover sheet" if edition.file.endswith(".cover.pdf") else _NAMES[edition.kind]


def _shown(path: Path) -> Path:
    """A path as short as it can be said from here."""
    absolute = path.absolute()
    here = Path.cwd()
    return absolute.relative_to(here) if absolute.is_relative_to(here) else absolute
