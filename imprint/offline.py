"""What makes a web edition installable and readable without a network.

A web app manifest (https://www.w3.org/TR/appmanifest/), icons, and a service worker that keeps the
edition's own files.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping

import vl_convert
from jinja2 import Environment
from PIL import Image

from imprint.model import Publication
from imprint.words import direction

MANIFEST = "manifest.webmanifest"
ICON = "icons/icon.svg"
TOUCH_ICON = "icons/icon-180.png"
WORKER = "service-worker.js"
# What phones and desktops ask for: 180 is Apple's, the others are the manifest's.
_ICON_SIZES_PX = (180, 192, 512)
_BAND, _PAPER = "#14213d", "#ffffff"


def icons(templates: Environment) -> dict[str, bytes]:
    """The edition's icon as a drawing and, for those who take no drawing, as pictures."""
    drawing = templates.get_template("web/icon.svg.j2").render()
    return {ICON: drawing.encode()} | {
        f"icons/icon-{size}.png": _picture(drawing, size) for size in _ICON_SIZES_PX
    }


def _picture(drawing: str, size_px: int) -> bytes:
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(vl_convert.svg_to_png(drawing))) as picture:
        small = picture.convert("RGB").resize((size_px, size_px), Image.Resampling.LANCZOS)
        small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def manifest(publication: Publication, home: str) -> bytes:
    """The web app manifest."""
    pictures = [
        {"src": f"icons/icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png"}
        for size in _ICON_SIZES_PX[1:]
    ]
    drawing = {"src": ICON, "sizes": "any", "type": "image/svg+xml", "purpose": "any maskable"}
    content = {
        "id": f"{publication.slug}.{publication.lang}",
        "name": publication.title,
        "description": " ".join(publication.description.split()),
        "lang": publication.lang,
        "dir": direction(publication.lang),
        "start_url": home,
        "scope": "./",
        "display": "minimal-ui",
        "background_color": _PAPER,
        "theme_color": _BAND,
        "icons": [drawing, *pictures],
    }
    kept = {name: value for name, value in content.items() if value}
    return (json.dumps(kept, ensure_ascii=False, indent=1) + "\n").encode()


def worker(templates: Environment, publication: Publication, files: Mapping[str, bytes]) -> bytes:
    """The service worker that keeps these files; another one as soon as one of them differs."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    name = f"imprint:{publication.slug}.{publication.lang}:"
    script = templates.get_template("web/service-worker.js.j2").render(
        name=name, kept=f"{name}{digest.hexdigest()[:16]}", files=sorted(files)
    )
    return script.encode()
