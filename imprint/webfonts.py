"""The theme's faces cut down to the characters of a publication, as WOFF2."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import uharfbuzz
from fontTools.ttLib import TTFont

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
    return next(
        p for p in (fonts / f"{name}.ttf", fonts / f"{name}.otf") if p.is_file()
    ).read_bytes()


def subset(font: bytes, characters: Iterable[str]) -> bytes:
    """The face with those of the characters that it has, its licence kept, as WOFF2."""
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


def text_of(files: Mapping[str, str]) -> list[str]:
    """The texts of the files, in their order."""
    return [files[name] for name in sorted(files)]
