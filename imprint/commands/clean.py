"""``imprint clean``: take out what earlier builds kept."""

from __future__ import annotations

from pathlib import Path

import click

from imprint.cache import cache_folder
from imprint.cache import clean as clean_store
from imprint.words import file_size


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("source"))
def clean(folder: Path) -> None:
    """Empty the cache that FOLDER (by default: source) is built with.

    That is the publication's own folder .imprint if it has one, else the user's, which all
    publications share. Whatever is built next is made anew; nothing published is touched.
    """
    store = cache_folder(folder)
    freed = clean_store(store)
    click.echo(f"{file_size(freed, 'en')} taken out of {store}.")
