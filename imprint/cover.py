"""The cover as a picture, for shops, e-readers and the web edition."""

from __future__ import annotations

import io

import vl_convert
from PIL import Image

from imprint.model import Publication
from imprint.theme import Theme


def cover_picture(theme: Theme, publication: Publication) -> bytes:
    """The front cover, drawn by the theme, as a JPEG of 1600 × 2560 pixels."""
    vl_convert.register_font_directory(str(theme.fonts.resolve()))
    png = vl_convert.svg_to_png(theme.render("cover.svg.j2", publication=publication))
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").save(buffer, "JPEG", quality=88, optimize=True)
    return buffer.getvalue()
