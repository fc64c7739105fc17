"""``imprint serve``: the publication in a browser, new whenever a file is saved."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("source"))
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen. Other machines that reach it need the address with its token.",
)
@click.option("-p", "--port", type=click.IntRange(1, 65535), help="[default: 8000 or the next]")
@click.option("-j", "--jobs", type=click.IntRange(1), help="Workers. [default: one a core]")
def serve(folder: Path, host: str, port: int | None, jobs: int | None) -> None:
    """Show FOLDER (by default: source) in a browser while you write.

    The web edition or the EPUB stands on the left, the pages of the PDF on the right; a click in
    either finds the other. Nothing is written to the output folder. Ctrl-C ends it.
    """
    # The shell's completion and the other commands do without the server.
    from imprint.preview.server import address_of, door_of, listening
    from imprint.preview.server import serve as show

    if not folder.is_dir():
        raise click.ClickException(
            f"There is no folder {folder}. Name one with Markdown in it, or make one: imprint new NAME"
        )
    try:
        made = listening(host, port)
    except OSError as fault:
        reason = fault.strerror or fault
        raise click.ClickException(
            f"The preview cannot listen at {host}, port {port or 'any'}: {reason}. "
            "Name another --port, or leave it out."
        ) from None
    door = door_of(host, made)
    click.echo(f"Preview of {folder}: {address_of(door)}")
    click.echo("Open the address in a browser. Save a chapter, and its pages change there.")
    if door.token:
        click.echo("Other machines can reach it: give the whole address to those who may read.")
    click.echo("Ctrl-C ends the preview.")
    show(folder, made, door, jobs)
    click.echo("\nThe preview has ended. Next: imprint check, imprint build")
