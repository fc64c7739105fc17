"""``imprint check``: what is wrong with a publication, or with a PDF that goes to a printer."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imprint import diagnostics as findings
from imprint.commands.formats import FORMATS, formatted
from imprint.commands.network import allow_network
from imprint.commands.show import show_diagnostics
from imprint.diagnostics import Diagnostic

if TYPE_CHECKING:
    from imprint.fetching import Fetcher


@click.command()
@click.argument("source", type=click.Path(path_type=Path), default=Path("source"))
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    default="human",
    show_default=True,
    help="For people, or for programs: JSON, SARIF 2.1.0, annotations for GitHub.",
)
@click.option("-l", "--lang", "languages", multiple=True, help="Check this language only.")
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option("--spelling", is_flag=True, help="Look words up in hunspell's dictionaries.")
@click.option("--links", is_flag=True, help="Follow links to the World Wide Web.")
@allow_network
def check(
    source: Path,
    format_name: str,
    languages: tuple[str, ...],
    strict: bool,
    spelling: bool,
    links: bool,
    network: tuple[str, ...],
) -> None:
    """Say what is wrong with SOURCE (by default: source) without building it.

    SOURCE is the folder of a publication, or a PDF that is to be printed. Exit code 1 tells that
    there were errors.
    """
    if source.is_file():
        told, folder = _of_pdf(source), source.parent
    else:
        told = of_folder(
            source, languages=languages, spelling=spelling, links=links, network=network
        )
        folder = source
    found = findings.ordered(findings.strict(told) if strict else told)
    failed = findings.has_errors(found)
    if format_name == "human":
        show_diagnostics(found, folder)
        click.echo(_in_closing(source, found, failed=failed))
    else:
        click.echo(formatted(found, folder, format_name), nl=False)
    sys.exit(1 if failed else 0)


def of_folder(
    folder: Path,
    *,
    languages: Sequence[str] = (),
    spelling: bool = False,
    links: bool = False,
    network: Sequence[str] = (),
) -> list[Diagnostic]:
    """All that is wrong with a folder, as its publication wants to be told."""
    # The pages of the handbook and the shell's completion do without these.
    from imprint.build import read
    from imprint.links import dead_links
    from imprint.load import load
    from imprint.policy import settled

    manuscripts, told = load(folder, languages=languages)
    found = list(told)
    with _fetcher(folder, network) as fetcher:
        read_all = [read(manuscript, fetcher=fetcher) for manuscript in manuscripts]
    for manuscript, (book, problems) in zip(manuscripts, read_all, strict=True):
        found.extend(problems)
        if spelling or manuscript.policy.spelling:
            from imprint.spelling import misspelt

            found.extend(misspelt(book, manuscript.sources, manuscript.policy.words))
    books = [book for book, _ in read_all]
    if links:
        found.extend(dead_links(books))
    return settled(found, manuscripts)


@contextmanager
def _fetcher(folder: Path, hosts: Sequence[str]) -> Iterator[Fetcher | None]:
    """What may fetch pictures; it shares the cache with builds, and so what they are made of."""
    from imprint.build import fetcher_of
    from imprint.cache import store_for

    if not hosts:
        yield None
        return
    with store_for(folder) as store:
        yield fetcher_of(hosts, store)


def _of_pdf(path: Path) -> list[Diagnostic]:
    """What a printer would say of a file."""
    from imprint.preflight import preflight

    return list(preflight(path))


def _in_closing(source: Path, found: Sequence[Diagnostic], *, failed: bool) -> str:
    """The last line: how it stands, and what comes next."""
    if source.is_file():
        return (
            f"{source} is not fit for the press." if failed else f"{source} is fit for the press."
        )
    more = f"What a code means: imprint explain {found[0].code}\n" if found else ""
    if failed:
        return f"{more}Mend the errors above; `imprint build` would stop at them."
    state = "There is nothing to mend." if not found else "There are no errors."
    return f"{more}{state} Next: imprint build {source}"
