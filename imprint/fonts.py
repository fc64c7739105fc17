"""The fonts of a joined PDF: each subset once to the glyphs that all fragments use together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pikepdf
import uharfbuzz as hb
from pikepdf import Array, Dictionary, Name, String

from imprint.painted import FontUse

# Tables that a PDF reader has no use for (ISO 32000-1, 9.9: it needs outlines and metrics only).
_DROPPED = ("BASE", "DSIG", "EBDT", "EBLC", "EBSC", "GDEF", "GPOS", "GSUB", "JSTF", "MATH", "STAT")


@dataclass(frozen=True)
class ShapedText:
    """Glyphs with their advances, in thousandths of the font size."""

    glyphs: tuple[int, ...]
    advances: tuple[float, ...]

    @property
    def width(self) -> float:
        """The width of the whole line."""
        return sum(self.advances)


def shape(file: bytes, use: FontUse, text: str, features: Mapping[str, int]) -> ShapedText:
    """A short line of text as glyphs of a font, for what is stamped on finished pages."""
    font = _font(file, use)
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    hb.shape(font, buffer, dict(features))
    scale = 1000 / use.upem
    return ShapedText(
        tuple(info.codepoint for info in buffer.glyph_infos),
        tuple(position.x_advance * scale for position in buffer.glyph_positions),
    )


def merged(fragments: Iterable[Mapping[str, FontUse]]) -> dict[str, FontUse]:
    """One use a font, with the glyphs of every fragment; the first text for a glyph stays."""
    result: dict[str, FontUse] = {}
    for fonts in fragments:
        for name, use in fonts.items():
            before = result.get(name)
            if before is None:
                result[name] = use
                continue
            result[name] = replace(
                before,
                glyphs={**use.glyphs, **before.glyphs},
                widths={**use.widths, **before.widths},
            )
    return result


def embed(
    pdf: pikepdf.Pdf, uses: Mapping[str, FontUse], files: Mapping[str, bytes]
) -> pikepdf.Object:
    """The ``/Font`` resource for all pages: font dictionaries by the names fragments use."""
    by_program: dict[tuple[str, int, tuple[tuple[str, float], ...]], set[int]] = {}
    for use in uses.values():
        by_program.setdefault(_program_key(use), set()).update(use.glyphs)
    programs = {}
    for use in uses.values():
        key = _program_key(use)
        if key not in programs:
            content = subset(files[use.file], use, by_program[key])
            programs[key] = (_font_file(pdf, content), content[:4] == b"OTTO")
    resource = Dictionary()
    for name in sorted(uses):
        use = uses[name]
        if use.glyphs:
            resource[f"/{name}"] = _font_dictionary(
                pdf, use, files[use.file], *programs[_program_key(use)]
            )
    return pdf.make_indirect(resource)


def subset(file: bytes, use: FontUse, glyphs: Iterable[int]) -> bytes:
    """The font program with these glyphs alone, their numbers kept."""
    face = hb.Face(hb.Blob(file), use.index)
    wanted = hb.SubsetInput()
    wanted.glyph_set.update({0, *(g for g in glyphs if g < face.glyph_count)})
    wanted.drop_table_tag_set.update(int.from_bytes(tag.encode(), "big") for tag in _DROPPED)
    wanted.flags = (
        hb.SubsetFlags.RETAIN_GIDS
        | hb.SubsetFlags.NO_HINTING
        | hb.SubsetFlags.DESUBROUTINIZE
        | hb.SubsetFlags.NO_LAYOUT_CLOSURE
    )
    for axis in face.axis_infos if face.has_var_data else ():
        value = use.variations.get(axis.tag, axis.default_value)
        wanted.pin_axis_location(face, axis.tag, value)
    return bytes(hb.subset(face, wanted).blob.data)


def _program_key(use: FontUse) -> tuple[str, int, tuple[tuple[str, float], ...]]:
    return use.file, use.index, tuple(sorted(use.variations.items()))


# Fonts stay open: a book's numbers are shaped thousands of times in a handful of faces.
_open_fonts: dict[tuple[str, int, tuple[tuple[str, float], ...]], hb.Font] = {}


def _font(file: bytes, use: FontUse) -> hb.Font:
    key = _program_key(use)
    if key not in _open_fonts:
        font = hb.Font(hb.Face(hb.Blob(file), use.index))
        if use.variations:
            font.set_variations(dict(use.variations))
        _open_fonts[key] = font
    return _open_fonts[key]


def _font_file(pdf: pikepdf.Pdf, content: bytes) -> pikepdf.Object:
    stream = pikepdf.Stream(pdf, content)
    if content[:4] == b"OTTO":
        stream.Subtype = Name.OpenType
    else:
        stream.Length1 = len(content)
    return pdf.make_indirect(stream)


def _font_dictionary(
    pdf: pikepdf.Pdf, use: FontUse, file: bytes, program: pikepdf.Object, cff: bool
) -> pikepdf.Object:
    """A composite font with identity encoding: codes are glyph numbers (ISO 32000-1, 9.7)."""
    widths = _advances(file, use)
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name(f"/{use.name}"),
        FontFamily=String(use.family),
        Flags=use.flags,
        FontBBox=Array([0, use.descent, int(max(widths.values(), default=0)), use.ascent]),
        ItalicAngle=-12 if use.flags & 64 else 0,
        Ascent=use.ascent,
        Descent=use.descent,
        CapHeight=use.ascent,
        StemV=80,
    )
    descriptor[Name.FontFile3 if cff else Name.FontFile2] = program
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType0 if cff else Name.CIDFontType2,
        BaseFont=Name(f"/{use.name}"),
        CIDSystemInfo=Dictionary(
            Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0
        ),
        W=_width_array(widths),
        FontDescriptor=pdf.make_indirect(descriptor),
    )
    if not cff:
        descendant.CIDToGIDMap = Name.Identity
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.Type0,
            BaseFont=Name(f"/{use.name}"),
            Encoding=Name("/Identity-H"),
            DescendantFonts=Array([pdf.make_indirect(descendant)]),
            ToUnicode=pdf.make_indirect(pikepdf.Stream(pdf, _to_unicode(use.glyphs))),
        )
    )


def _advances(file: bytes, use: FontUse) -> dict[int, float]:
    """The advance of every used glyph, from the font itself, in thousandths of an em."""
    font = _font(file, use)
    count = font.face.glyph_count
    scale = 1000 / use.upem
    return {
        glyph: round(font.get_glyph_h_advance(glyph) * scale, 2)
        for glyph in sorted({0, *use.glyphs})
        if glyph < count
    }


def _width_array(widths: Mapping[int, float]) -> Array:
    """Widths as runs of consecutive glyphs (ISO 32000-1, 9.7.4.3)."""
    entries: list[object] = []
    run: list[float] = []
    previous = None
    for glyph, width in widths.items():
        if previous is None or glyph != previous + 1:
            run = []
            entries += [glyph, run]
        run.append(width)
        previous = glyph
    return Array([Array(e) if isinstance(e, list) else e for e in entries])


def _to_unicode(glyphs: Mapping[int, str]) -> bytes:
    """The CMap from glyph numbers to text (ISO 32000-1, 9.10.3)."""
    lines = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        "<0000> <ffff>",
        "endcodespacerange",
    ]
    pairs = [(glyph, text) for glyph, text in sorted(glyphs.items()) if text and glyph < 0x10000]
    for start in range(0, len(pairs), 100):
        block = pairs[start : start + 100]
        lines.append(f"{len(block)} beginbfchar")
        lines += [f"<{g:04x}> <{text.encode('utf-16-be').hex()}>" for g, text in block]
        lines.append("endbfchar")
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines).encode()
