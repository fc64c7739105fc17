"""What workers do: each a function from values to bytes, so that it can run anywhere.

A worker may be a thread of this process, a process of this machine or of another one; it needs
this program, and the theme's files where this machine has them.
"""

from __future__ import annotations

import datetime
import gc
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from imprint.fontconfig import use_theme_fonts
from imprint.model import PageMap, Publication, Source
from imprint.scratch import hold, scratch

if TYPE_CHECKING:
    from imprint.diagnostics import Diagnostic
    from imprint.figures import Drawing, FigureStyle
    from imprint.fragments import Placed
    from imprint.gathering import Order
    from imprint.paper import Job
    from imprint.separate import PicturePlaces

# A document of more characters than this is searched for what is no longer needed.
_LONG = 250_000


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

    with scratch() as shelf, _uncollected(job):
        packed = pack_typeset(typeset(replace(job, shelf=str(shelf))))
        fonts = {
            file.name: file.read_bytes() for file in shelf.iterdir() if file.name not in known_fonts
        }
    return packed, fonts


def make_gathering(order: Order) -> bytes:
    """A placed fragment as finished objects."""
    from imprint.gathering import gather
    from imprint.packing import pack_gathering

    return pack_gathering(gather(order))


def set_for_print(
    publication: Publication,
    placed: Sequence[Placed],
    page_map: PageMap,
    font_files: Mapping[str, bytes],
    palette: Path,
    profile: Path,
    places: PicturePlaces,
    modified: datetime.datetime,
) -> tuple[bytes, tuple[Diagnostic, ...]]:
    """The print edition's inside, and what may print badly."""
    from imprint.press import print_pdf

    return print_pdf(
        publication,
        placed,
        page_map,
        font_files,
        palette=palette,
        profile=profile,
        places=places,
        modified=modified,
    )


def index_text(pages: Mapping[str, str], lang: str) -> dict[str, bytes]:
    """The search index of a web edition. The program that makes it ends with the worker."""
    from imprint.search import index

    return index(pages, lang)


@contextmanager
def _uncollected(job: Job) -> Iterator[None]:
    """No search for reference cycles meanwhile: boxes are many, alive, and full of cycles.

    A long unit, such as an index, would take up too much memory that way.
    """
    enabled = gc.isenabled()
    if len(job.html) > _LONG:
        yield
        return
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
        folder = Path(tempfile.mkdtemp(prefix="imprint-fonts-"))
        hold(folder)
        use_theme_fonts(templates / "fonts", folder)
