"""A publisher's list: many publications built as one job, which can be taken up again.

```toml
output = "published"              # each publication gets a folder in it; "output" if left out

[[publications]]
folder = "books/first"            # relative to the list
output = "elsewhere/first"        # if not the folder of its name in the common one
editions = ["pdf", "epub"]        # all of its own if left out
languages = ["en"]
```

What is built stays built: a job that was broken off is taken up where it was.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from imprint.build import Request

_KEYS = {"folder", "output", "editions", "languages"}


def listed(request: Request) -> list[Request]:
    """What is to be built for each publication of a list, as ``request`` asks for the whole."""
    file = request.folder
    try:
        known = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise click.UsageError(f"The list {file} cannot be read: {fault}") from fault
    publications = known.get("publications")
    if not isinstance(publications, list) or not publications:
        raise click.UsageError(f"The list {file} names no [[publications]].")
    common = file.parent / str(known.get("output", "output"))
    return [_one(request, file, common, entry) for entry in publications]


def _one(request: Request, file: Path, common: Path, entry: Mapping[str, Any]) -> Request:
    unknown = sorted(set(entry) - _KEYS)
    if unknown or not isinstance(entry.get("folder"), str):
        fault = f"knows no {', '.join(unknown)}" if unknown else "needs a folder"
        raise click.UsageError(f"An entry of {file} {fault}.")
    folder = file.parent / entry["folder"]
    given = entry.get("output")
    return replace(
        request,
        folder=folder,
        output=file.parent / given if given else common / folder.resolve().name,
        editions=tuple(entry.get("editions", ())) or request.editions,
        languages=tuple(entry.get("languages", ())) or request.languages,
    )
