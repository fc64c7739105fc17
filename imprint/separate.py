"""Content streams in process inks: colours, black that overprints, gradients, pictures.

Of a page's operators only those that set colour, state, size or place are looked at; all others
pass through untouched, which keeps a page at a millisecond or two.
"""

from __future__ import annotations

import copy
import io
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image

from imprint.colours import BLACK, NO_INK, Inks, Separator, is_dark, limited, limited_picture

# Below this size, in points, inks that do not fall exactly on one another blur dark letters.
SMALL_TEXT_PT = 12.0
# Below this one plate does for dark text, so that pages of text need no other: headings within a
# chapter are of this size, titles are larger.
DARK_TEXT_PT = 18.0
# A straight line thinner than this is a rule, and as hard to register as small text.
RULE_PT = 2.0

# What of a graphics state may make paint transparent: its opacities, blend mode and mask.
VEILS = ("/ca", "/CA", "/BM", "/SMask")

Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
Box = tuple[float, float, float, float]

_OPERATORS = re.compile(
    # Strings hold anything.
    rb"\((?:\\.|[^\\()])*\)"
    # A line from one point to another and no more: a rule, if it is thin and level.
    rb"|(?<!\S)(?P<line>(?>[-+.\d]+\s+){2}m\s+(?>[-+.\d]+\s+){2}l\s+S)(?!\S)"
    # The run of numbers is atomic: a path's points are passed over at once.
    rb"|(?<!\S)(?:(?P<numbers>(?>(?:[-+.\d]+\s+)+))"
    rb"(?P<set>rg|RG|g|G|k|K|sc|SC|scn|SCN|cm|Tm|re|w)"
    rb"|/(?P<name>[^\s/\[\]<>()]+)\s+(?:(?P<size>[-+.\d]+)\s+)?(?P<use>cs|CS|scn|SCN|Do|Tf)"
    rb"|(?P<bare>q|Q|BT|ET|f\*?|F|B\*?|b\*?|S|s|n))(?!\S)"
)


# File, line and column of a picture in the source, by its unit and its size in pixels.
PicturePlaces: TypeAlias = Mapping[tuple[str, int, int], tuple[str, int, int]]


@dataclass(frozen=True)
class PictureUse:
    """A picture as it stands on a page: its size in points, and whether it lies on colour."""

    picture: pikepdf.Object
    width_pt: float
    height_pt: float
    on_colour: bool


@dataclass(slots=True)
class _State:
    """The part of the graphics state that matters here (ISO 32000-1, 8.4), as operators change it.

    ``fill`` and ``stroke`` are the inks asked for, None for a pattern; ``dark`` tells whether
    coloured inks of the fill would pass for black; ``shown`` is the fill in force, which differs for small dark text;
    ``overprint`` tells of fill and stroke.
    """

    fill: Inks | None = BLACK
    stroke: Inks | None = BLACK
    dark: bool = False
    shown: Inks | None = BLACK
    overprint: tuple[bool, bool] = (True, True)
    fill_space: str = "/DeviceGray"
    stroke_space: str = "/DeviceGray"
    matrix: Matrix = IDENTITY
    text_scale: float = 1.0
    font_size: float = 0.0
    line_width: float = 1.0


@dataclass
class Sheet:
    """What separating a document remembers: streams and resources done, pictures met."""

    pdf: pikepdf.Pdf
    separator: Separator
    done: set[tuple[int, int]] = field(default_factory=set)
    resources: dict[tuple[int, int], pikepdf.Object] = field(default_factory=dict)
    uses: list[PictureUse] = field(default_factory=list)


def separate(sheet: Sheet) -> list[list[PictureUse]]:
    """Put every page of a document into process inks; for each page the pictures it shows."""
    uses = [separate_page(sheet, page) for page in sheet.pdf.pages]
    for resources in sheet.resources.values():
        _shadings(sheet, resources)
        # Colours are all written as inks now.
        if "/ColorSpace" in resources:
            del resources["/ColorSpace"]
    separate_pictures(sheet)
    if not _has_transparency(sheet):
        _ungroup(sheet.pdf)
    return uses


def separate_page(sheet: Sheet, page: pikepdf.Page) -> list[PictureUse]:
    """Put a page's content, and all that it uses, into process inks; the pictures it shows."""
    first = len(sheet.uses)
    resources = _resources(sheet, page.obj, Dictionary())
    walk = _Walk(sheet, resources, _State(), [])
    content = _FROM_BLACK + walk.separated(_content(page.obj))
    page.obj.Contents = sheet.pdf.make_stream(content)
    _groups(page.obj)
    return sheet.uses[first:]


def _content(holder: pikepdf.Object) -> bytes:
    contents = holder.get("/Contents")
    if contents is None:
        return b""
    parts = list(contents) if isinstance(contents, Array) else [contents]
    return b"\n".join(part.read_bytes() for part in parts)


def _resources(sheet: Sheet, holder: pikepdf.Object, otherwise: pikepdf.Object) -> pikepdf.Object:
    """The resources of a page, form or pattern, with the four overprint states added."""
    resources = holder.get("/Resources", otherwise)
    if not resources.is_indirect:
        resources = sheet.pdf.make_indirect(resources)
    holder.Resources = resources
    if resources.objgen in sheet.resources:
        return resources
    sheet.resources[resources.objgen] = resources
    if "/ExtGState" not in resources:
        resources.ExtGState = Dictionary()
    for fill in (False, True):
        for stroke in (False, True):
            # ISO 32000-1, 8.6.7: in mode 1 inks of nought leave what is below.
            resources.ExtGState[f"/{_overprint_name(fill, stroke)}"] = Dictionary(
                Type=Name.ExtGState, OP=stroke, op=fill, OPM=1
            )
    return resources


def _overprint_name(fill: bool, stroke: bool) -> str:
    return f"Overprint{int(fill)}{int(stroke)}"


# What a page and a tiling pattern begin with (ISO 32000-1, 8.4.1), written in inks.
_FROM_BLACK = b"0 0 0 1 k 0 0 0 1 K /Overprint11 gs\n"
# A form takes its colours from where it is drawn: overprint alone can be set.
_INHERITED = b"/Overprint00 gs\n"


class _Walk:
    """One pass through a content stream, with the graphics state as it changes."""

    def __init__(
        self, sheet: Sheet, resources: pikepdf.Object, start: _State, painted: list[Box]
    ) -> None:
        self.sheet = sheet
        self.resources = resources
        self.base = start.matrix
        self.state = start
        self.stack: list[_State] = []
        self.painted = painted
        self.path: list[Box] = []
        self.in_text = False

    def separated(self, content: bytes) -> bytes:
        """The content in inks."""
        return _OPERATORS.sub(self._operator, content)

    def _operator(self, match: re.Match[bytes]) -> bytes:
        kind = match.lastgroup
        if kind == "set":
            return self._numbers(match["set"].decode(), match)
        if kind == "use":
            return self._named(match["use"].decode(), match["name"].decode(), match)
        if kind == "line":
            return self._line(match["line"])
        if kind == "bare":
            return self._bare(match["bare"], match[0])
        return match[0]

    # Operators with numbers

    def _numbers(self, operator: str, match: re.Match[bytes]) -> bytes:
        values = [float(number) for number in match["numbers"].split()]
        if operator in ("cm", "Tm", "re"):
            return self._geometry(operator, values, match[0])
        if operator == "w":
            self.state.line_width = values[-1]
            return match[0]
        stroke = operator.isupper()
        state = self.state
        space = {"rg": "/DeviceRGB", "g": "/DeviceGray", "k": "/DeviceCMYK"}.get(operator.lower())
        if space is None:
            space = state.stroke_space if stroke else state.fill_space
        return self._set(self._inks(space, values), space, stroke)

    def _geometry(self, operator: str, values: list[float], written: bytes) -> bytes:
        if operator == "re":
            self.path.append(_bounds(self.state.matrix, values[-4:]))
            return written
        matrix: Matrix = tuple(values[-6:])  # type: ignore[assignment]
        if operator == "cm":
            self.state.matrix = multiplied(matrix, self.state.matrix)
            return written
        self.state.text_scale = scale(matrix)
        return self._text_inks() + written

    def _inks(self, space: str, values: list[float]) -> Inks:
        separator = self.sheet.separator
        if space in ("/DeviceGray", "/CalGray"):
            return separator.grey(min(max(values[0], 0), 1))
        if space == "/DeviceCMYK":
            return limited(tuple(values[:4]))  # type: ignore[arg-type]
        if space == "/Lab":
            return separator.lab(*values[:3])
        red, green, blue = (round(min(max(v, 0), 1) * 255) for v in values[:3])
        return separator.inks((red, green, blue))

    def _set(self, inks: Inks | None, space: str, stroke: bool) -> bytes:
        state = self.state
        if stroke:
            state.stroke, state.stroke_space = inks, space
        else:
            state.fill = state.shown = inks
            state.fill_space = space
            state.dark = inks is not None and inks[:3] != NO_INK[:3] and is_dark(inks)
        written = self._overprinted()
        if inks is not None:
            written = _written(inks, "K" if stroke else "k") + written
        return written if stroke else written + self._text_inks()

    def _overprinted(self) -> bytes:
        """Black alone overprints, so that no paper shows where plates do not meet."""
        wanted = self.state.shown == BLACK, self.state.stroke == BLACK
        if wanted == self.state.overprint:
            return b""
        self.state.overprint = wanted
        return f" /{_overprint_name(*wanted)} gs".encode()

    def _text_inks(self) -> bytes:
        """The change of inks before small dark text: the black plate alone."""
        state = self.state
        if not state.dark or not self.in_text:
            return b""
        size = state.font_size * state.text_scale * scale(state.matrix)
        return self._show(BLACK if 0 < size < DARK_TEXT_PT else state.fill)

    def _show(self, inks: Inks | None) -> bytes:
        if inks is None or inks == self.state.shown:
            return b""
        self.state.shown = inks
        return _written(inks, "k") + self._overprinted() + b" "

    def _line(self, written: bytes) -> bytes:
        """A line; a thin, dark and level one is put on the black plate alone."""
        state = self.state
        inks = state.stroke
        x1, y1, x2, y2 = (float(n) for n in written.split() if n not in (b"m", b"l", b"S"))
        box = _bounds(state.matrix, (x1, y1, x2 - x1, y2 - y1))
        is_level = min(box[2] - box[0], box[3] - box[1]) < 0.1
        is_thin = state.line_width * scale(state.matrix) < RULE_PT
        self.path = []
        if inks is None or not (is_level and is_thin and is_dark(inks) and any(inks[:3])):
            return written
        state.stroke = BLACK
        before = _written(BLACK, "K") + self._overprinted()
        state.stroke = inks
        return before + b" " + written + b" " + _written(inks, "K") + self._overprinted()

    # Operators with a name

    def _named(self, operator: str, name: str, match: re.Match[bytes]) -> bytes:
        if operator == "Tf":
            self.state.font_size = abs(float(match["size"] or 0))
            return self._text_inks() + match[0]
        if operator == "Do":
            self._draw(name)
            return match[0]
        stroke = operator.isupper()
        if operator in ("cs", "CS"):
            return self._space(name, stroke, match[0])
        self._pattern(name)
        return match[0] + self._set(None, "/Pattern", stroke)

    def _space(self, name: str, stroke: bool, written: bytes) -> bytes:
        kind = _family(self.resources, name)
        if kind == "/Pattern":
            return written
        start = NO_INK if kind == "/Separation" else BLACK
        # Colours of this space will be written as inks: the space itself need not be set.
        return self._set(start, kind, stroke)

    def _pattern(self, name: str) -> None:
        pattern = self.resources.get("/Pattern", Dictionary()).get(f"/{name}")
        if pattern is None or pattern.objgen in self.sheet.done:
            return
        if pattern.get("/PatternType") == 1:
            matrix = multiplied(_matrix(pattern), self.base)
            self._stream(pattern, _State(matrix=matrix), _FROM_BLACK)
        else:
            _shading(self.sheet, pattern.get("/Shading"))

    def _draw(self, name: str) -> None:
        drawing = self.resources.get("/XObject", Dictionary()).get(f"/{name}")
        if drawing is None:
            return
        matrix = self.state.matrix
        if drawing.get("/Subtype") == Name.Image:
            box = _bounds(matrix, (0, 0, 1, 1))
            self.sheet.uses.append(
                PictureUse(
                    drawing,
                    math.hypot(matrix[0], matrix[1]),
                    math.hypot(matrix[2], matrix[3]),
                    any(_overlap(box, other) for other in self.painted),
                )
            )
        elif drawing.get("/Subtype") == Name.Form:
            start = _State(None, None, shown=None, overprint=(False, False))
            start.matrix = multiplied(_matrix(drawing), matrix)
            self._stream(drawing, start, _INHERITED)

    def _stream(self, stream: pikepdf.Object, start: _State, opening: bytes) -> None:
        """Separate a form or tiling pattern, once."""
        if stream.objgen in self.sheet.done:
            return
        self.sheet.done.add(stream.objgen)
        resources = _resources(self.sheet, stream, self.resources)
        walk = _Walk(self.sheet, resources, start, list(self.painted))
        stream.write(opening + walk.separated(stream.read_bytes()))
        _groups(stream)

    # Operators alone

    def _bare(self, operator: bytes, written: bytes) -> bytes:
        if operator == b"q":
            self.stack.append(copy.copy(self.state))
        elif operator == b"Q":
            if self.stack:
                self.state = self.stack.pop()
        elif operator == b"BT":
            self.in_text = True
            self.state.text_scale = 1.0
            return written + b" " + self._text_inks()
        elif operator == b"ET":
            self.in_text = False
            return written + b" " + self._show(self.state.fill)
        else:
            self._paint(operator)
        return written

    def _paint(self, operator: bytes) -> None:
        if operator in (b"f", b"f*", b"F", b"B", b"B*", b"b", b"b*") and self.state.fill != NO_INK:
            self.painted.extend(self.path)
        self.path = []


# --- gradients, masks, groups --------------------------------------------------------------------


def _shadings(sheet: Sheet, resources: pikepdf.Object) -> None:
    """Put all gradients of a resource dictionary into inks, and masks into greys."""
    shadings = resources.get("/Shading", Dictionary())
    for name in list(shadings.keys()):
        _shading(sheet, shadings[name])
    states = resources.get("/ExtGState", Dictionary())
    for name in list(states.keys()):
        mask = states[name].get("/SMask")
        if isinstance(mask, Dictionary) and "/G" in mask:
            _mask(sheet, mask.G)


def _shading(sheet: Sheet, shading: pikepdf.Object | None) -> None:
    if shading is None or _channels(shading.get("/ColorSpace")) != 3:
        return
    for function in _functions(shading.Function):
        if function.get("/FunctionType") == 2:
            for key in ("/C0", "/C1"):
                red, green, blue = (round(float(v) * 255) for v in function[key])
                function[key] = Array(list(sheet.separator.inks((red, green, blue))))
    shading.ColorSpace = Name.DeviceCMYK
    if "/Background" in shading:
        del shading["/Background"]


def _functions(function: pikepdf.Object) -> Iterator[pikepdf.Object]:
    yield function
    for part in function.get("/Functions", []):
        yield from _functions(part)


_SCREEN_COLOUR = re.compile(rb"(?<!\S)([-+.\d]+)\s+([-+.\d]+)\s+([-+.\d]+)\s+(rg|RG)(?!\S)")


def _mask(sheet: Sheet, group: pikepdf.Object) -> None:
    """A mask is no colour but a depth: its lightness alone counts (ISO 32000-1, 11.5.3)."""
    if group.objgen in sheet.done:
        return
    sheet.done.add(group.objgen)
    group.write(_SCREEN_COLOUR.sub(_lightness, group.read_bytes()))
    if "/Group" in group:
        group.Group.CS = Name.DeviceGray
    drawings = group.get("/Resources", Dictionary()).get("/XObject", Dictionary())
    for name in list(drawings.keys()):
        if drawings[name].get("/Subtype") == Name.Form:
            _mask(sheet, drawings[name])


def _lightness(match: re.Match[bytes]) -> bytes:
    red, green, blue = (float(match[n]) for n in (1, 2, 3))
    level = 0.3 * red + 0.59 * green + 0.11 * blue
    return f"{level:.4g} {'g' if match[4] == b'rg' else 'G'}".encode()


def _has_transparency(sheet: Sheet) -> bool:
    """Whether anything lets through what is below it (ISO 32000-1, 11.6.4)."""
    return any("/SMask" in use.picture for use in sheet.uses) or any(
        any(is_veil(state[key]) for key in VEILS if key in state)
        for resources in sheet.resources.values()
        for state in resources.ExtGState.values()
    )


def is_veil(value: Any) -> bool:
    """Whether an entry of the graphics state lets the ground through (ISO 32000-1, 11.6.4.4)."""
    if isinstance(value, Array):
        value = value[0]
    if isinstance(value, Name):
        return value not in (Name.Normal, Name.Compatible, Name("/None"))
    return isinstance(value, Dictionary) or float(value) < 1


def _ungroup(pdf: pikepdf.Pdf) -> None:
    """Take out groups that group nothing: black would not overprint what lies outside of them."""
    for obj in pdf.objects:
        if isinstance(obj, pikepdf.Stream) and "/Group" in obj:
            del obj["/Group"]


def _groups(holder: pikepdf.Object) -> None:
    """Blend in inks: a group that blends in RGB turns black text into four colours."""
    group = holder.get("/Group")
    if group is not None and "/CS" in group:
        group.CS = Name.DeviceCMYK


def _family(resources: pikepdf.Object, name: str) -> str:
    """The kind of a colour space: a device space's own name, "/Lab", "/Pattern", "/DeviceRGB"."""
    space = resources.get("/ColorSpace", Dictionary()).get(f"/{name}")
    if space is None:
        return f"/{name}"
    if not isinstance(space, Array):
        return str(space)
    if space[0] == "/ICCBased":
        return {1: "/DeviceGray", 4: "/DeviceCMYK"}.get(int(space[1].N), "/DeviceRGB")
    return {"/CalRGB": "/DeviceRGB"}.get(str(space[0]), str(space[0]))


def _channels(space: pikepdf.Object | None) -> int:
    if space is None:
        return 0
    if isinstance(space, Array):
        if space[0] == "/ICCBased":
            return int(space[1].N)
        return 3 if space[0] in ("/CalRGB", "/Lab") else 1
    return {"/DeviceRGB": 3, "/DeviceCMYK": 4, "/DeviceGray": 1}.get(str(space), 0)


# --- pictures ------------------------------------------------------------------------------------


def separate_pictures(sheet: Sheet) -> None:
    """Put every picture met into inks, and onto paper where it lets paper through."""
    on_colour: dict[tuple[int, int], bool] = {}
    pictures: dict[tuple[int, int], pikepdf.Object] = {}
    for use in sheet.uses:
        key = use.picture.objgen
        pictures[key] = use.picture
        on_colour[key] = on_colour.get(key, False) or use.on_colour
    for key, picture in pictures.items():
        _separate_picture(sheet, picture, keep_mask=on_colour[key])


def _separate_picture(sheet: Sheet, stream: pikepdf.Object, *, keep_mask: bool) -> None:
    if not isinstance(stream, pikepdf.Stream) or stream.get("/ImageMask"):
        return
    image = pikepdf.PdfImage(stream)
    photograph = stream.get("/Filter") in (Name.DCTDecode, Name.JPXDecode)
    picture: Image.Image = image.as_pil_image()
    profile = picture.info.get("icc_profile")
    mask = stream.get("/SMask")
    if isinstance(mask, pikepdf.Stream) and not keep_mask:
        picture = _on_paper(picture, pikepdf.PdfImage(mask).as_pil_image())
        del stream["/SMask"]
    inked = _inked(sheet.separator, picture, profile)
    _replace_pixels(stream, inked, photograph=photograph)


def _on_paper(picture: Image.Image, mask: Image.Image) -> Image.Image:
    """The picture with white where it was transparent."""
    if picture.mode not in ("RGB", "L", "CMYK"):
        picture = picture.convert("RGB")
    # Of a CMYK picture nought is paper.
    ground = Image.new(picture.mode, picture.size, 0 if picture.mode == "CMYK" else "white")
    ground.paste(picture, (0, 0), mask.convert("L").resize(picture.size))
    return ground


def _inked(separator: Separator, picture: Image.Image, profile: bytes | None) -> Image.Image:
    if picture.mode in ("L", "1"):
        return picture.convert("L")
    if picture.mode == "CMYK":
        return limited_picture(picture)
    return separator.picture(picture.convert("RGB"), profile if picture.mode == "RGB" else None)


def _replace_pixels(stream: pikepdf.Object, picture: Image.Image, *, photograph: bool) -> None:
    stream.ColorSpace = Name.DeviceCMYK if picture.mode == "CMYK" else Name.DeviceGray
    stream.BitsPerComponent = 8
    stream.Width, stream.Height = picture.size
    for key in ("/Decode", "/DecodeParms", "/Mask", "/Intent"):
        if key in stream:
            del stream[key]
    if not photograph:
        stream.write(picture.tobytes())
        return
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=92, subsampling=0)
    stream.write(buffer.getvalue(), filter=Name.DCTDecode)
    if picture.mode == "CMYK":
        # Adobe's JPEG files hold CMYK upside down (Technical Note 5116).
        stream.Decode = Array([1, 0] * 4)


# --- geometry ------------------------------------------------------------------------------------


def multiplied(first: Matrix, then: Matrix) -> Matrix:
    """The matrix that applies ``first`` and then ``then`` (ISO 32000-1, 8.3.4)."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return (
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + m,
    )


def scale(matrix: Matrix) -> float:
    """By how much the matrix enlarges, on average of its directions."""
    return math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))


def _matrix(stream: pikepdf.Object) -> Matrix:
    written = stream.get("/Matrix")
    if written is None:
        return IDENTITY
    return tuple(float(value) for value in written)  # type: ignore[return-value]


def _bounds(
    matrix: Matrix, rectangle: Mapping[int, float] | tuple[float, ...] | list[float]
) -> Box:
    x, y, width, height = rectangle
    a, b, c, d, e, f = matrix
    corners = [
        (a * u + c * v + e, b * u + d * v + f) for u in (x, x + width) for v in (y, y + height)
    ]
    xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _written(inks: Inks, operator: str) -> bytes:
    return (" ".join(f"{ink:.4g}" for ink in inks) + f" {operator}").encode()
