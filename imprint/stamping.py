"""The numbers set on finished pages: their folios, and the folios that their text cites."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pikepdf

from imprint import fonts
from imprint.fonts import ShapedText
from imprint.fragments import Placed
from imprint.painted import FolioSlot, FontUse

# A font's name and its features, and a label, to the label's glyphs.
Setting = tuple[str, tuple[tuple[str, int], ...]]
Lettering = Mapping[tuple[Setting, str], ShapedText]


def setting(font: str, features: Mapping[str, int]) -> Setting:
    """A font with its features as a key."""
    return font, tuple(sorted(features.items()))


def labels(piece: Placed) -> set[tuple[Setting, str]]:
    """Every number that is to be set in a fragment's pages."""
    fragment = piece.fragment
    own = {(setting(s.font, s.features), piece.labels[s.page]) for s in fragment.folios}
    cited = {(setting(c.font, c.features), piece.cited.get(c.target, "")) for c in fragment.cites}
    return own | cited


def lettering(
    piece: Placed, uses: Mapping[str, FontUse], files: Mapping[str, bytes]
) -> dict[tuple[Setting, str], ShapedText]:
    """The glyphs of every number that is to be set in a fragment's pages."""
    shaped = {}
    for (font, features), label in sorted(labels(piece)):
        use = uses[font]
        shaped[(font, features), label] = fonts.shape(files[use.file], use, label, dict(features))
    return shaped


def used_fonts(placed: Sequence[Placed], files: Mapping[str, bytes]) -> dict[str, FontUse]:
    """The fonts of all fragments, with the glyphs of the numbers that will be stamped."""
    result = fonts.merged(piece.fragment.fonts for piece in placed)
    characters: dict[Setting, set[str]] = {}
    for piece in placed:
        for key, label in labels(piece):
            characters.setdefault(key, set()).update(label)
    for (name, features), wanted in sorted(characters.items()):
        use = result[name]
        glyphs = dict(use.glyphs)
        for character in sorted(wanted):
            for glyph in fonts.shape(files[use.file], use, character, dict(features)).glyphs:
                glyphs.setdefault(glyph, character)
        result[name] = replace(use, glyphs=glyphs)
    return result


def stamp(source: pikepdf.Pdf, piece: Placed, shaped: Lettering) -> None:
    """Set the folios of a fragment's pages, and those that its text cites."""
    pages = list(source.pages)
    for index in {cite.page for cite in piece.fragment.cites}:
        content = cited_content(pages[index].obj.Contents.read_bytes(), piece, shaped)
        pages[index].obj.Contents = pikepdf.Stream(source, content)
    for slot in piece.fragment.folios:
        text = shaped[setting(slot.font, slot.features), piece.labels[slot.page]]
        # WeasyPrint's own content leaves its coordinate system behind: stamp before it.
        pages[slot.page].contents_add(folio_content(slot, text), prepend=True)


_CITATION = re.compile(rb"\[[^\]]*\] TJ %cite (\d+)")


def cited_content(content: bytes, piece: Placed, shaped: Lettering) -> bytes:
    """A page's content with the folios of other pages where noughts stood for them."""

    def shown(match: re.Match[bytes]) -> bytes:
        cite = piece.fragment.cites[int(match[1])]
        text = shaped[setting(cite.font, cite.features), piece.cited.get(cite.target, "")]
        if not text.glyphs:
            return match[0].partition(b" %")[0]
        return f"[<{_hexadecimal(text)}>] TJ".encode()

    return _CITATION.sub(shown, content)


def folio_content(slot: FolioSlot, text: ShapedText) -> bytes:
    """The operators that set a page's number, as an artifact of pagination."""
    width = text.width * slot.size / 1000
    x = {"left": slot.x, "right": slot.x + slot.width - width}.get(
        slot.align, slot.x + (slot.width - width) / 2
    )
    red, green, blue = (f"{channel:.4g}" for channel in slot.color)
    return (
        f"/Artifact <</Type/Pagination/Subtype/Footer>> BDC q BT {red} {green} {blue} rg "
        f"/{slot.font} {slot.size:.3f} Tf {x:.3f} {slot.baseline:.3f} Td "
        f"<{_hexadecimal(text)}> Tj ET Q EMC\n"
    ).encode()


def _hexadecimal(text: ShapedText) -> str:
    return "".join(f"{glyph:04x}" for glyph in text.glyphs)
