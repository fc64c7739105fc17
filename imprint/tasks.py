"""What workers do: each a function from values to bytes, so that it can run anywhere.

A worker may be a thread of this process, a process of this machine or of another one; it needs
this program, and the theme's files where this machine has them.
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from imprint.fontconfig import use_theme_fonts
from imprint.model import Source

if TYPE_CHECKING:
    from imprint.figures import Drawing, FigureStyle
    from imprint.gathering import Order
    from imprint.paper import Job


def parse_chapter(source: Source, lang: str) -> bytes:
    """A chapter's tree and what is wrong in it."""
    from imprint.markup import parse
    from imprint.packing import pack_chapter

    return pack_chapter(*parse(source, lang))


def draw_figure(path: Path, lang: str, room: Path, fonts: Path, style: FigureStyle) -> Drawing:
    """A figure drawn from its data."""
    from imprint.figures import draw

    return draw(path, lang=lang, room=room, fonts=fonts, style=style)


def lay_out(job: Job, known_fonts: frozenset[str]) -> tuple[bytes, Mapping[str, bytes]]:
    """A unit's pages, and the files of its fonts that the caller does not have."""
    _find_fonts(Path(job.theme))
    from imprint.packing import pack_typeset
    from imprint.typeset import typeset

    with tempfile.TemporaryDirectory(prefix="imprint-") as shelf, _uncollected():
        packed = pack_typeset(typeset(replace(job, shelf=shelf)))
        fonts = {
            file.name: file.read_bytes()
            for file in Path(shelf).iterdir()
            if file.name not in known_fonts
        }
    return packed, fonts


def make_gathering(order: Order) -> bytes:
    """A placed fragment as finished objects."""
    from imprint.gathering import gather
    from imprint.packing import pack_gathering

    return pack_gathering(gather(order))


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for reference cycles meanwhile: boxes are many, alive, and full of cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
        gc.collect()


def _find_fonts(templates: Path) -> None:
    """Have a worker that was not started by a build look for fonts where builds do."""
    if "FONTCONFIG_FILE" not in os.environ:
        use_theme_fonts(templates / "fonts", Path(tempfile.mkdtemp(prefix="imprint-fonts-")))
