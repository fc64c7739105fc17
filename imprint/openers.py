"""The drawings over chapters' titles: ``figures/openers/`` holds one for a chapter, named by its id.

A drawing is an SVG file or a specification as for figures, so that it can be made of the chapter's
own data. Where there is none the theme draws one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

from imprint.assets import Gallery
from imprint.diagnostics import Diagnostic
from imprint.figures import SPECIFICATION
from imprint.model import Chapter

FOLDER = "figures/openers"
_PLAIN_NAME = re.compile(r"[\w-]{1,80}")


def openers(
    gallery: Gallery, chapters: Iterable[Chapter]
) -> tuple[dict[str, str], list[Diagnostic]]:
    """The SVG of each chapter of the first level that has a drawing, by the chapter's id."""
    found: dict[str, str] = {}
    problems: list[Diagnostic] = []
    for chapter in chapters:
        if chapter.level != 1 or not _PLAIN_NAME.fullmatch(chapter.id):
            continue
        for suffix in (SPECIFICATION, ".svg"):
            file = f"{FOLDER}/{chapter.id}{suffix}"
            if not (gallery.root / file).is_file():
                continue
            asset, more = gallery.asset(f"/{file}", file, 0, 0)
            problems += more
            if asset is not None:
                found[chapter.id] = _filling(asset.content)
            break
    return found, problems


def _filling(svg: bytes) -> str:
    """The drawing made to fill whatever room it gets, its edges cut off where that is narrower."""
    tree = etree.fromstring(svg)
    if not tree.get("viewBox"):
        size = [re.sub(r"[^\d.]", "", tree.get(side, "")) or "100" for side in ("width", "height")]
        tree.set("viewBox", f"0 0 {' '.join(size)}")
    tree.set("preserveAspectRatio", "xMidYMid slice")
    tree.set("width", "100%")
    tree.set("height", "100%")
    return etree.tostring(tree, encoding="unicode")
