"""``imprint proof``: all pages at a glance, and what has changed since an earlier build."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.argument("output", type=_FOLDER, default=Path("output"))
@click.option("--against", type=_FOLDER, help="The output folder of an earlier build.")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the pictures go. [default: proof/ beside OUTPUT]",
)
def proof(output: Path, against: Path | None, target: Path | None) -> None:
    """Make contact sheets of the PDFs in OUTPUT (by default: output).

    With --against, pages that look different from those of an earlier build are shown beside
    them. Open index.html in the folder that is named at the end.
    """
    from imprint.build import TEMPLATES
    from imprint.proofing import INDEX, proofs

    folder = target or output.absolute().parent / "proof"
    try:
        made = proofs(output, against, folder, TEMPLATES / "fonts")
    except (FileNotFoundError, KeyError, ValueError):
        raise click.ClickException(
            f"There is no publication in {output}. Build one there."
        ) from None
    if not made:
        raise click.ClickException(f"There is no PDF in {output}. Build one with: -e pdf")
    for each in made:
        changed = "" if each.changes is None else f", {len(each.changes)} changed"
        click.echo(f"{each.name}: {each.pages} pages{changed}")
    click.echo(str(folder / INDEX))
