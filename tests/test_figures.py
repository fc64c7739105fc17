"""Figures: the default publication's are right, and the room that they read in is closed."""

import csv
import itertools
import json
import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from lxml import etree

from imprint import figures
from imprint.diagnostics import Severity

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "source"
FONTS = ROOT / "templates" / "fonts"
PALETTE = ROOT / "templates" / "palette.toml"
STYLE = figures.read_style(PALETTE)
LANGUAGES = ("en", "fr")
SPECIFICATIONS = sorted(path for path in (SOURCE / "figures").iterdir() if figures.is_drawn(path))
SVG = "{http://www.w3.org/2000/svg}"


def drawn(path: Path, lang: str = "en", room: Path = SOURCE) -> figures.Drawing:
    return figures.draw(path, lang=lang, room=room, fonts=FONTS, style=STYLE)


def tree(drawing: figures.Drawing) -> etree._Element:
    return etree.fromstring(drawing.svg.encode())


def rows(name: str) -> list[dict[str, str]]:
    with (SOURCE / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- where text stands ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Label:
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Label") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


_FACES = {
    weight: TTFont(FONTS / f"SourceSans3-{name}.ttf")
    for weight, name in (("400", "Regular"), ("600", "Semibold"), ("700", "Bold"))
}


def width(text: str, size: float, weight: str) -> float:
    face = _FACES[weight]
    glyphs, metrics = face.getBestCmap(), face["hmtx"]
    return sum(metrics[glyphs[ord(char)]][0] for char in text) * size / face["head"].unitsPerEm


def origin(element: etree._Element) -> tuple[float, float]:
    """Where an element stands on the figure, from the translations around it."""
    x, y = float(element.get("x", 0)), float(element.get("y", 0))
    for node in (element, *element.iterancestors()):
        for shift in re.findall(r"translate\(([^)]*)\)", node.get("transform", "")):
            dx, _, dy = shift.partition(",")
            x, y = x + float(dx), y + float(dy or 0)
    return x, y


def inherited(element: etree._Element, name: str, default: str) -> str:
    nodes = (element, *element.iterancestors())
    return next((value for node in nodes if (value := node.get(name))), default)


def labels(svg: etree._Element) -> Iterator[Label]:
    """The boxes of all upright text: from the height of an x and a bit to the baseline."""
    for element in svg.iter(f"{SVG}text"):
        if not element.text or "rotate" in inherited(element, "transform", ""):
            continue
        size = float(inherited(element, "font-size", "16").removesuffix("px"))
        weight = {"normal": "400", "bold": "700"}.get(
            value := inherited(element, "font-weight", "400"), value
        )
        x, y = origin(element)
        extent = width(element.text, size, weight)
        x -= {"start": 0, "middle": extent / 2, "end": extent}[
            inherited(element, "text-anchor", "start")
        ]
        yield Label(element.text, x, y - size * 0.68, x + extent, y + size * 0.05)


def dots(svg: etree._Element) -> Iterator[Label]:
    """The boxes of small round marks."""
    for element in svg.iter(f"{SVG}path"):
        if match := re.match(r"M([\d.]+),0A\1,\1,", element.get("d", "")):
            radius = float(match[1])
            x, y = origin(element)
            yield Label("●", x - radius, y - radius, x + radius, y + radius)
