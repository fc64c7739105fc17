"""``imprint theme``: a specimen of every element, set in a theme."""

from __future__ import annotations

import sys
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

import click

from imprint.commands.show import show_diagnostics


@click.command()
@click.argument("name", default="default")
@click.option("--trim", default="170x240mm", show_default=True, help="A5, A4, 6x9in, 170x240mm …")
@click.option(
    "-e",
    "--edition",
    "editions",
    multiple=True,
    type=click.Choice(("pdf", "print", "epub", "web")),
    help="Build this edition only; may be given several times.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the files go. [default: specimen-NAME-TRIM/]",
)
def theme(name: str, trim: str, editions: tuple[str, ...], output: Path | None) -> None:
    """Build a specimen with every element of the format in the theme NAME.

    NAME is a folder in templates/, such as default or plain.
    """
    from imprint.build import Request, build
    from imprint.specimen import write_specimen

    target = output or Path(f"specimen-{name}-{trim}")
    with tempfile.TemporaryDirectory(prefix="imprint-") as scratch:
        folder = Path(scratch)
        with as_file(files("imprint") / "specimen") as source:
            write_specimen(source, folder, theme=name, trim=trim)
        report = build(Request(folder=folder, output=target, editions=editions))
        show_diagnostics(report.diagnostics, folder)
    for made in report.made:
        click.echo(str(target / made.edition.file))
    sys.exit(1 if report.failed else 0)
