"""Pictures made of pixels: told apart, measured, and refused where they are a fault or an attack."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

# About 12,000 × 8,000: a spread of A4 at 600 dots an inch.
MOST_PIXELS = 100_000_000
# Those that people use. Pillow knows many more, and starts another program for some (EPS).
_READ = ("PNG", "JPEG", "MPO", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "AVIF")
_KEPT = {
    "PNG": ("png", "image/png"),
    "JPEG": ("jpg", "image/jpeg"),
    "GIF": ("gif", "image/gif"),
    "WEBP": ("webp", "image/webp"),
}


@dataclass(frozen=True)
class Raster:
    """A picture as the editions have it."""

    content: bytes
    suffix: str
    media_type: str
    width: int
    height: int


def raster(content: bytes) -> Raster | str:
    """The picture, as PNG where readers do not know its kind; else why it cannot be used."""
    try:
        with warnings.catch_warnings():
            # What Pillow only warns of is below our own limit.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_READ) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    return f"It has {width} × {height} pixels."
                picture.load()
                kind = picture.format or ""
                kept = content if kind in _KEPT else _as_png(picture)
    except Image.DecompressionBombError:
        return f"It has more than {MOST_PIXELS // 10**6} million pixels."
    except UnidentifiedImageError:
        return "It is no picture of a kind that is known here."
    # Pillow's readers of broken files raise whatever they stumble over.
    except Exception as fault:
        return f"It is damaged: {fault}."
    return Raster(kept, *_KEPT.get(kind, _KEPT["PNG"]), width, height)


def _as_png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    mode = picture.mode if picture.mode in ("RGB", "RGBA", "L", "LA") else "RGBA"
    picture.convert(mode).save(buffer, "PNG")
    return buffer.getvalue()
