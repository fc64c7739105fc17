"""``imprint import``: an existing book as a publication of ours."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from imprint import diagnostics as findings
from imprint.commands.show import show_diagnostics


@click.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("destination", type=click.Path(path_type=Path), required=False)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def import_book(source: Path, destination: Path | None, quiet: bool) -> None:
    """Take over the book in SOURCE into a new folder DESTINATION.

    SOURCE is an mdBook, a Quarto, Bookdown or Pandoc book, a MyST or Jupyter book, a Sphinx tree
    in Markdown, an EPUB or a DOCX. It stays as it is. What could not be carried over is told.
    """
    # These bring libraries that the other commands do without.
    from imprint.schema import schema_text
    from imprint.settings import slug_from
    from imprint.takeover import take_over
    from imprint.takeover.taken import files_of

    if destination is not None:
        _refuse_if_there(destination)
    taken, found = take_over(source)
    told = findings.ordered(found)
    show_diagnostics(told, source if source.is_dir() else source.parent, errors_only=quiet)
    if taken is None:
        click.echo("Nothing was imported.")
        sys.exit(1)
    folder = destination or Path(slug_from(taken.title))
    _refuse_if_there(folder)
    files = files_of(taken) | {"publication.schema.json": schema_text().encode()}
    try:
        _write(folder, files)
    except OSError as fault:
        reason = fault.strerror or fault
        raise click.ClickException(f"{folder} could not be written: {reason}.") from None
    if not quiet:
        chapters = sum(len(book.chapters) for book in (taken, *taken.more))
        pictures = sum(len(book.pictures) for book in (taken, *taken.more))
        click.echo(f"Made “{taken.title}” in {folder}: {chapters} chapters, {pictures} pictures.")
        click.echo(f"Next: imprint check {folder}; then: imprint build {folder}")


def _refuse_if_there(folder: Path) -> None:
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        message = f"{folder} is there already. Give another name; nothing was made."
        raise click.ClickException(message)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Write the files, all of them inside the folder."""
    for name, content in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise OSError(f"`{name}` leads out of it")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
