"""The theme's faces cut down to the characters of a publication, as WOFF2."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import uharfbuzz
from fontTools.ttLib import TTFont
from lxml import etree

from imprint.drawing import SVG

# What running text needs; what a style sheet does not ask for stays out of the file.
_FEATURES = (
    "kern", "liga", "clig", "calt", "ccmp", "locl", "mark", "mkmk", "rlig",
    "lnum", "onum", "pnum", "tnum", "smcp", "sups", "frac", "ordn", "case",
)  # fmt: skip
_ADDRESS = re.compile(r"url\([\"']?(?:[^\"')]*/)?([\w.-]+)\.woff2[\"']?\)")
# Punctuation and figures that style sheets and reading software add.
_ALWAYS = "".join(map(chr, range(0x20, 0x7F))) + "\u00a0…–—‘’“”•›‹«»←→↩☐☑"


def faces(style_sheet: str, fonts: Path, texts: Iterable[str]) -> dict[str, bytes]:
    """For every face that a style sheet names (``url(…/NAME.woff2)``), the subset by its file name."""
    characters = frozenset(_ALWAYS).union(*map(frozenset, texts))
    names = sorted(set(_ADDRESS.findall(style_sheet)))
    return {f"{name}.woff2": subset(_source(fonts, name), characters) for name in names}


def _source(fonts: Path, name: str) -> bytes:
    """The face as the theme has it."""
    return _read(next(p for p in (fonts / f"{name}.ttf", fonts / f"{name}.otf") if p.is_file()))


def _read(path: Path) -> bytes:
    return _read_at(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _read_at(path: Path, _age: int) -> bytes:
    return path.read_bytes()


@lru_cache(maxsize=128)
def subset(font: bytes, characters: frozenset[str]) -> bytes:
    """The face with those of the characters that it has, its licence kept, as WOFF2.

    Kept: editions share drawings, and a preview has hardly ever other characters than before.
    """
    face = uharfbuzz.Face(font)
    wanted = uharfbuzz.SubsetInput()
    wanted.unicode_set.update(sorted(map(ord, characters)))
    # Screens of our time set type without the instructions of the TrueType hinter.
    wanted.flags = uharfbuzz.SubsetFlags.NO_HINTING
    wanted.layout_feature_tag_set.clear()
    wanted.layout_feature_tag_set.update(int.from_bytes(f.encode(), "big") for f in _FEATURES)
    # Names 0 to 6 say what it is; 13 and 14 hold the licence, which must go where the font goes.
    wanted.name_id_set.update([0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17])
    cut = uharfbuzz.subset(face, wanted)
    packed = TTFont(io.BytesIO(cut.blob.data), recalcTimestamp=False)
    packed.flavor = "woff2"
    out = io.BytesIO()
    packed.save(out)
    return out.getvalue()


# --- faces inside drawings -----------------------------------------------------------------------


@dataclass(frozen=True)
class Face:
    """A face of the theme: its file and what a style sheet calls it."""

    path: Path
    family: str
    weight: int
    italic: bool


_GENERIC = frozenset({"serif", "sans-serif", "monospace", "system-ui", "inherit"})


def with_faces(svg: bytes, fonts: Path) -> bytes:
    """The drawing with the faces that its text is set in: a picture cannot use those of its page."""
    root = etree.fromstring(svg)
    faces_by_family = _families(fonts)
    for element in root.iter(f"{{{SVG}}}*"):
        _quote_families(element)
    used: dict[Face, set[str]] = {}
    _collect(root, _Setting(), faces_by_family, used)
    rules = [
        f'@font-face{{font-family:"{face.family}";font-weight:{face.weight};'
        f"font-style:{'italic' if face.italic else 'normal'};"
        f"src:url(data:font/woff2;base64,{base64.b64encode(_cut(face, characters)).decode()})}}"
        for face, characters in sorted(used.items(), key=lambda item: item[0].path.name)
    ]
    if not rules:
        return svg
    style = etree.Element(f"{{{SVG}}}style")
    style.text = "".join(rules)
    root.insert(0, style)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _quote_families(element: etree._Element) -> None:
    """Write the families as CSS asks: a name with a part that begins with a digit needs quotes."""
    named = element.get("font-family")
    if named:
        names = [name.strip().strip("'\"") for name in named.split(",")]
        quoted = [n if n in _GENERIC else "'" + n.replace("'", "") + "'" for n in names if n]
        element.set("font-family", ", ".join(quoted))


def _cut(face: Face, characters: Iterable[str]) -> bytes:
    """The face with these characters alone."""
    return subset(_read(face.path), frozenset(characters))


@dataclass(frozen=True)
class _Setting:
    """How text is set at a place of a drawing; each value is inherited."""

    families: tuple[str, ...] = ()
    weight: int = 400
    italic: bool = False


def _collect(
    element: etree._Element,
    outer: _Setting,
    families: Mapping[str, tuple[Face, ...]],
    used: dict[Face, set[str]],
) -> None:
    """Note for each face the characters that the element sets in it."""
    here = _setting(element, outer)
    face = _face(here, families)
    if face:
        texts = [element.text or "", *((child.tail or "") for child in element)]
        characters = {c for text in texts for c in text if not c.isspace()}
        if characters:
            used.setdefault(face, {" "}).update(characters)
    for child in element:
        if isinstance(child.tag, str) and etree.QName(child).localname not in _UNSET:
            _collect(child, here, families, used)


_UNSET = frozenset({"title", "desc", "style"})


def _setting(element: etree._Element, outer: _Setting) -> _Setting:
    """The setting that the element's attributes make."""
    named = element.get("font-family")
    weight = element.get("font-weight", "")
    style = element.get("font-style")
    weights = {"normal": 400, "bold": 700, "bolder": 700, "lighter": 400}
    return _Setting(
        tuple(f.strip().strip("'\"") for f in named.split(",")) if named else outer.families,
        int(weight) if weight.isdigit() else weights.get(weight, outer.weight),
        style in ("italic", "oblique") if style else outer.italic,
    )


def _face(setting: _Setting, families: Mapping[str, tuple[Face, ...]]) -> Face | None:
    """The theme's face that comes nearest; None where the theme does not have the family."""
    for family in setting.families:
        if family in _GENERIC:
            return None
        if found := families.get(family):
            return min(
                found, key=lambda f: (f.italic != setting.italic, abs(f.weight - setting.weight))
            )
    return None


@lru_cache(maxsize=8)
def _families(fonts: Path) -> Mapping[str, tuple[Face, ...]]:
    """The faces in the folder, by family."""
    found: dict[str, tuple[Face, ...]] = {}
    for path in sorted(fonts.glob("*.[ot]tf")):
        font = TTFont(path, lazy=True)
        names, os2 = font["name"], font["OS/2"]
        family = names.getDebugName(16) or names.getDebugName(1)
        face = Face(path, family, os2.usWeightClass, bool(os2.fsSelection & 1))
        found[family] = (*found.get(family, ()), face)
    return found
