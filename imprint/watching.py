"""Wait for changes to publications."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from imprint.cache import LOCAL_FOLDER


def changes(folders: Sequence[Path], made: Sequence[Path] = ()) -> Iterator[set[Path]]:
    """Each time something changed, the folders that it changed in; ends with Ctrl+C.

    What builds themselves write is no change: their caches in the folders, and what was ``made``.
    """
    # Builds that do not watch need not wait for it.
    from watchfiles import DefaultFilter, watch

    places = {folder.resolve(): folder for folder in folders}
    own = [*(place / LOCAL_FOLDER for place in places), *(output.resolve() for output in made)]
    told = DefaultFilter(ignore_paths=[f"{path}{os.sep}" for path in own])
    for found in watch(*places, watch_filter=told, raise_interrupt=False):
        files = [Path(file) for _, file in found]
        yield {
            folder
            for place, folder in places.items()
            if any(file.is_relative_to(place) for file in files)
        }
