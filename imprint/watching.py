"""Wait for changes to publications."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path


def changes(folders: Sequence[Path]) -> Iterator[set[Path]]:
    """Each time something changed, the folders that it changed in; ends with Ctrl+C."""
    # Builds that do not watch need not wait for it.
    from watchfiles import DefaultFilter, watch

    places = {folder.resolve(): folder for folder in folders}
    for found in watch(*places, watch_filter=DefaultFilter(), raise_interrupt=False):
        files = [Path(file) for _, file in found]
        yield {
            folder
            for place, folder in places.items()
            if any(file.is_relative_to(place) for file in files)
        }
