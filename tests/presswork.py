"""A small book of Markdown, laid out and printed as a build does, for the tests of the press."""

from __future__ import annotations

import datetime
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from imprint import figures, load, markup, paginate, press, resolve
from imprint.assets import Gallery
from imprint.colours import default_profile
from imprint.diagnostics import Diagnostic
from imprint.editions import picture_places
from imprint.theme import Theme
from imprint.typeset import typeset

TEMPLATES = Path(__file__).parent.parent / "templates"
MODIFIED = datetime.datetime(2026, 11, 24, 12, 30)

_SETTINGS = """
title = "A small book"
languages = ["en"]
description = "What is in it."
[publisher]
name = "Small Press"
[isbn.en]
print = "9789279000003"
"""

_PLAIN = "It was said that nothing would come of it, and for a year nothing did. " * 60

_PICTURES = """# Pictures

![A photograph of nothing but colour.](photo.jpg)

![A shape cut out of nothing.](alpha.png)

![A sweep from one colour to another.](sweep.svg)

> [!NOTE]
> Words on a tint.

End.
"""

_SWEEP = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 100" width="300" height="100">
<defs><linearGradient id="g"><stop offset="0" stop-color="#8c3b1f"/>
<stop offset="1" stop-color="#00ff00" stop-opacity="0.5"/></linearGradient></defs>
<rect width="300" height="60" fill="url(#g)"/><circle cx="50" cy="80" r="15" fill="#123456"/>
<text x="100" y="90" font-family="Source Sans 3" font-size="12">Words</text></svg>"""


@dataclass(frozen=True)
class Printed:
    """The files for the printer as bytes, and what was found on the way."""

    inside: bytes
    cover: bytes
    diagnostics: tuple[Diagnostic, ...]
    pages: int


def write_book(folder: Path) -> None:
    """A manuscript of two chapters: plain text, and pictures of every kind."""
    (folder / "en").mkdir(parents=True)
    (folder / "publication.toml").write_text(_SETTINGS, encoding="utf-8")
    plain = f"# Plain text\n\n{_PLAIN}\n\n{_PLAIN}\n\n{_PLAIN}\n"
    (folder / "en" / "01-plain.md").write_text(plain, encoding="utf-8")
    (folder / "en" / "02-pictures.md").write_text(_PICTURES, encoding="utf-8")
    (folder / "en" / "photo.jpg").write_bytes(_photograph())
    (folder / "en" / "alpha.png").write_bytes(_cut_out())
    (folder / "en" / "sweep.svg").write_text(_SWEEP, encoding="utf-8")


def _photograph() -> bytes:
    """A JPEG with all colours, black among them, too small for its size on paper."""
    bands = Image.linear_gradient("L"), Image.radial_gradient("L"), Image.new("L", (256, 256))
    out = io.BytesIO()
    Image.merge("RGB", bands).resize((160, 120)).save(out, "JPEG", quality=90)
    return out.getvalue()


def _cut_out() -> bytes:
    picture = Image.new("RGBA", (800, 400), (0, 0, 0, 0))
    picture.paste((200, 30, 30, 255), (200, 100, 600, 300))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def printed(folder: Path) -> Printed:
    """A manuscript's inside and cover."""
    shelf = folder / ".shelf"
    shelf.mkdir()
    manuscripts, _ = load.load(folder)
    manuscript = manuscripts[0]
    publication = manuscript.publication
    theme = Theme(TEMPLATES, "default")
    gallery = Gallery(
        manuscript.root, publication.lang, theme.fonts, figures.read_style(theme.palette)
    )
    chapters = [markup.parse(source, publication.lang)[0] for source in manuscript.sources]
    book, _ = resolve.resolve(manuscript, chapters, gallery)
    laid_out = paginate.paginate(book, theme, shelf, lambda jobs: [typeset(job) for job in jobs])
    files = {file.name: file.read_bytes() for file in shelf.iterdir()}
    inside, found = press.print_pdf(
        publication,
        laid_out.placed,
        laid_out.page_map,
        files,
        palette=theme.palette,
        profile=default_profile(),
        modified=MODIFIED,
        places=picture_places(book),
    )
    cover, more = press.cover_pdf(
        publication,
        laid_out.placed[0],
        laid_out.placed[-1],
        files,
        theme=theme,
        shelf=shelf,
        pages=200,
        profile=default_profile(),
        modified=MODIFIED,
    )
    pages = len(laid_out.page_map.pages)
    return Printed(inside, cover, (*found, *more), pages)
