"""What a printer checks on a finished file before it goes to the press, in the printer's words.

The file is read afresh, by other means than those that made it: PDF/X-4 (ISO 15930-7) and the
house rules of offset printing. Every rule has a stable code; :data:`RULES` lists them all.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageMath

from imprint.colours import INK_LIMIT, Inks, is_dark
from imprint.diagnostics import Diagnostic, Severity
from imprint.separate import (
    IDENTITY,
    RULE_PT,
    SMALL_TEXT_PT,
    VEILS,
    Box,
    Matrix,
    is_veil,
    multiplied,
    scale,
)

MM = 72 / 25.4
LEAST_BLEED_MM = 3.0
LEAST_DPI, WANTED_DPI = 225, 300
# How far off a corner crop marks may begin.
_NEAR_PT = 12 * MM
_PLATES = frozenset({(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)})
# Drawings within drawings beyond this draw themselves.
_DEEPEST = 28

RULES = {
    "press-unreadable": "The file opens.",
    "press-encrypted": "The file is not encrypted.",
    "press-standard": "The file says that it is PDF/X-4, and is of PDF version 1.6 or earlier.",
    "press-metadata": "The file has a title, dates and an identifier.",
    "press-output-intent": "One output intent names the printing condition, with a CMYK profile.",
    "press-trapped": "The file says whether it is trapped.",
    "press-boxes": "Trim, bleed and media box lie within one another.",
    "press-bleed": "The bleed is 3 mm or more on every side.",
    "press-page-size": "All pages are trimmed to one size.",
    "press-marks": "Crop marks, registration marks, a colour bar and a slug stand outside the bleed.",
    "press-rgb": "No colour, picture or gradient is in RGB or Lab.",
    "press-blend-space": "Transparency is not blended in RGB.",
    "press-ink-limit": "No place takes more than 300 % of ink.",
    "press-text-black": "Small dark text is on the black plate alone.",
    "press-rule-black": "Thin dark rules are on the black plate alone.",
    "press-black-knocks-out": "Black text and rules overprint.",
    "press-white-overprints": "White knocks out.",
    "press-transparency": "Nothing that overprints is transparent, and no text is.",
    "press-resolution": "Pictures have 300 dots to the inch.",
    "press-font": "All fonts are embedded.",
    "press-interactive": "There are no links, notes, forms, scripts or attachments.",
}

_HINTS = {
    "press-unreadable": "Make the file again.",
    "press-encrypted": "Save the file without a password.",
    "press-standard": "Export as PDF/X-4.",
    "press-metadata": "Give the publication a title and an identifier, and build again.",
    "press-output-intent": "Embed the profile of the paper and press that it will be printed on.",
    "press-trapped": "Set Trapped to False, unless traps were added.",
    "press-boxes": "Set a trim box inside a bleed box inside the media box on every page.",
    "press-bleed": "Let grounds and pictures run 3 mm over the edge of the page.",
    "press-page-size": "Deliver covers and inserts in files of their own.",
    "press-marks": "Export with crop and registration marks and a colour bar, 3 mm or more off the page.",
    "press-rgb": "Convert to CMYK with the profile of the output intent.",
    "press-blend-space": "Blend in CMYK, or flatten.",
    "press-ink-limit": "Replace cyan, magenta and yellow by black in dark areas.",
    "press-text-black": "Set text below 12 pt in 100 % black.",
    "press-rule-black": "Draw rules in 100 % black.",
    "press-black-knocks-out": "Set overprint, mode 1, for black text and rules.",
    "press-white-overprints": "Turn overprint off for white, or it will not show.",
    "press-transparency": "Use a lighter solid colour.",
    "press-resolution": "Use a larger picture, or show it smaller.",
    "press-font": "Embed the font, or turn its text into outlines.",
    "press-interactive": "Take them out: they mean nothing on paper.",
}


def preflight(path: Path) -> tuple[Diagnostic, ...]:
    """What a printer would reject (errors) or ask about (warnings); nothing if all is well."""
    report = _Report(path.name)
    try:
        with pikepdf.open(path) as pdf:
            _file(report, pdf)
            for number, page in enumerate(pdf.pages, 1):
                report.page = number
                _readable_page(report, pdf.pages[0], page)
            report.page = 0
    except pikepdf.PasswordError:
        report.add("press-encrypted", "The file asks for a password.")
    except pikepdf.PdfError as fault:
        report.add("press-unreadable", f"The file cannot be read: {fault}.")
    return tuple(report.diagnostics())


@dataclass
class _Outside:
    """What a page has of the kind that stands outside the bleed.

    ``lines`` are straight and on every plate, ``registered`` is all else that is on every plate;
    ``patches`` are areas with their inks, ``words`` the places of text.
    """

    lines: list[Box] = field(default_factory=list)
    registered: list[Box] = field(default_factory=list)
    patches: list[tuple[Box, Inks]] = field(default_factory=list)
    words: list[Box] = field(default_factory=list)


@dataclass
class _Report:
    """Findings by code and wording, with the pages that each was found on."""

    file: str
    page: int = 0
    found: dict[tuple[str, str, Severity], list[int]] = field(default_factory=dict)
    outside: _Outside = field(default_factory=lambda: _Outside())
    walked: set[object] = field(default_factory=set)
    weighed: dict[tuple[int, int], float] = field(default_factory=dict)

    def add(self, code: str, message: str, severity: Severity = Severity.ERROR) -> None:
        pages = self.found.setdefault((code, message, severity), [])
        if self.page and self.page not in pages:
            pages.append(self.page)

    def diagnostics(self) -> Iterator[Diagnostic]:
        order = list(RULES)
        for (code, message, severity), pages in sorted(
            self.found.items(), key=lambda item: (order.index(item[0][0]), item[1], item[0][1])
        ):
            where = f" ({_runs(pages)})" if pages else ""
            yield Diagnostic(
                code, severity, self.file, 0, 0, f"{message.rstrip('.')}{where}.", _HINTS[code]
            )


def _runs(pages: Sequence[int]) -> str:
    """Page numbers as "page 3" or "pages 3, 7–9"."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][-1] + 1:
            runs[-1].append(page)
        else:
            runs.append([page])
    written = [str(r[0]) if len(r) == 1 else f"{r[0]}–{r[-1]}" for r in runs]
    return f"page{'s' if len(pages) > 1 else ''} {', '.join(written)}"


# --- the file as a whole -------------------------------------------------------------------------


def _file(report: _Report, pdf: pikepdf.Pdf) -> None:
    if pdf.is_encrypted:
        report.add("press-encrypted", "The file is encrypted.")
    _standard(report, pdf)
    _output_intent(report, pdf.Root)
    _interactive(report, pdf.Root)


def _standard(report: _Report, pdf: pikepdf.Pdf) -> None:
    said = _xmp(pdf)
    if said.get("GTS_PDFXVersion") != "PDF/X-4":
        named = said.get("GTS_PDFXVersion", "")
        report.add(
            "press-standard",
            f"The file says that it is {named}, not PDF/X-4."
            if named
            else "The file does not say that it is PDF/X-4.",
        )
    if tuple(int(part) for part in pdf.pdf_version.split(".")) > (1, 6):
        report.add("press-standard", f"The file is PDF {pdf.pdf_version}; PDF/X-4 ends at 1.6.")
    for name in ("title", "CreateDate", "ModifyDate", "DocumentID"):
        if not said.get(name):
            report.add("press-metadata", f"The metadata have no {name}.")
    trapped = pdf.trailer.get("/Info", Dictionary()).get("/Trapped")
    if trapped not in (Name("/True"), Name("/False")):
        report.add("press-trapped", "The file does not say whether it is trapped.")
    elif said.get("Trapped", str(trapped)[1:]) != str(trapped)[1:]:
        report.add("press-trapped", "The file says two things about whether it is trapped.")


def _xmp(pdf: pikepdf.Pdf) -> dict[str, str]:
    """The XMP packet's simple properties by local name; the first language of a text."""
    stream = pdf.Root.get("/Metadata")
    if stream is None:
        return {}
    try:
        tree = ElementTree.fromstring(stream.read_bytes())
    except ElementTree.ParseError:
        return {}
    said: dict[str, str] = {}
    for description in tree.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"):
        for name, value in description.attrib.items():
            said.setdefault(name.rpartition("}")[2], value)
        for entry in description:
            said.setdefault(entry.tag.rpartition("}")[2], "".join(entry.itertext()).strip())
    return said


def _output_intent(report: _Report, root: pikepdf.Object) -> None:
    intents = [i for i in root.get("/OutputIntents", []) if i.get("/S") == Name.GTS_PDFX]
    if len(intents) != 1:
        count = "no" if not intents else "more than one"
        report.add("press-output-intent", f"There is {count} output intent for PDF/X.")
        return
    intent = intents[0]
    if not str(intent.get("/OutputConditionIdentifier", "")):
        report.add("press-output-intent", "The output intent does not name its condition.")
    profile = intent.get("/DestOutputProfile")
    if profile is None:
        report.add("press-output-intent", "The output intent has no profile.")
        return
    content = profile.read_bytes()
    # ICC.1, 7.2: device class and colour space stand in the profile's header.
    if content[12:16] != b"prtr" or content[16:20] != b"CMYK" or profile.get("/N") != 4:
        report.add(
            "press-output-intent", "The output intent's profile is not that of a CMYK printer."
        )


def _interactive(report: _Report, root: pikepdf.Object) -> None:
    names = root.get("/Names", Dictionary())
    held = (
        (root, "/AcroForm", "a form"),
        (root, "/OpenAction", "an action on opening"),
        (root, "/AA", "actions"),
        (names, "/JavaScript", "scripts"),
        (names, "/EmbeddedFiles", "attached files"),
    )
    for holder, key, what in held:
        if key in holder:
            report.add("press-interactive", f"The file has {what}.")


# --- a page --------------------------------------------------------------------------------------


def _readable_page(report: _Report, first: pikepdf.Page, page: pikepdf.Page) -> None:
    """A page's findings; a page that is not as the format wants it is a finding itself."""
    try:
        _page(report, first, page)
    except (pikepdf.PdfError, ArithmeticError, LookupError, TypeError, ValueError) as fault:
        report.add("press-unreadable", f"The page cannot be read: {fault}")


def _page(report: _Report, first: pikepdf.Page, page: pikepdf.Page) -> None:
    _boxes(report, first, page)
    _annotations(report, page.obj)
    _group(report, page.obj)
    resources = page.obj.get("/Resources", Dictionary())
    _fonts(report, resources)
    report.outside = _Outside()
    _Reader(report, resources, _Ink()).read(page.obj)
    if "/TrimBox" in page.obj:
        bleed = _box(page.obj.get("/BleedBox", page.mediabox))
        _marks(report, _box(page.trimbox), bleed, _box(page.mediabox))


def _boxes(report: _Report, first: pikepdf.Page, page: pikepdf.Page) -> None:
    if "/TrimBox" not in page.obj:
        report.add("press-boxes", "There is no trim box.")
        return
    trim, media = _box(page.trimbox), _box(page.mediabox)
    bleed = _box(page.obj.get("/BleedBox", page.mediabox))
    if not _within(trim, bleed) or not _within(bleed, media):
        report.add("press-boxes", "Trim, bleed and media box do not lie within one another.")
    if "/CropBox" in page.obj and not _within(bleed, _box(page.obj.CropBox)):
        report.add("press-boxes", "The crop box cuts the bleed off.")
    margins = (trim[0] - bleed[0], trim[1] - bleed[1], bleed[2] - trim[2], bleed[3] - trim[3])
    if min(margins) < (LEAST_BLEED_MM - 0.02) * MM:
        report.add("press-bleed", f"The bleed is only {min(margins) / MM:.1f} mm wide.")
    if "/TrimBox" in first.obj and any(
        abs(one - other) > 0.5 for one, other in zip(_size(trim), _size(_box(first.trimbox)), strict=True)
    ):  # fmt: skip
        width, height = (round(side / MM, 1) for side in _size(trim))
        report.add("press-page-size", f"The page is {width:g} × {height:g} mm, unlike the first.")


def _box(written: Any) -> Box:
    x1, y1, x2, y2 = (float(value) for value in written)
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _size(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]


def _within(inner: Sequence[float], outer: Sequence[float]) -> bool:
    slack = 0.01
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def _marks(report: _Report, trim: Box, bleed: Box, media: Box) -> None:
    """What stands around the page, and whether what is on every plate keeps off it."""
    seen = report.outside
    if any(_overlaps(bleed, box) for box in (*seen.lines, *seen.registered)):
        report.add(
            "press-marks", "The registration colour stands within the bleed, on every plate."
        )
    if not any(abs(one - other) > 1 for one, other in zip(bleed, media, strict=True)):
        report.add("press-marks", "There is no room for marks outside the bleed.")
        return
    lines = [line for line in seen.lines if not _overlaps(bleed, line)]
    corners = [(x, y) for x in (trim[0], trim[2]) for y in (trim[1], trim[3])]
    if not all(_is_marked(corner, lines) for corner in corners):
        report.add("press-marks", "Crop marks are missing outside the bleed.")
    if not any(_cross(one, other) for one in lines for other in lines):
        report.add("press-marks", "Registration marks are missing outside the bleed.")
    bar = {inks for box, inks in seen.patches if not _overlaps(bleed, box)}
    if not bar.issuperset(_PLATES):
        report.add("press-marks", "A colour bar is missing.", Severity.WARNING)
    if not any(not _overlaps(bleed, box) for box in seen.words):
        report.add("press-marks", "A slug line is missing.", Severity.WARNING)


def _is_marked(corner: tuple[float, float], lines: Sequence[Box]) -> bool:
    """Whether one line leads to a corner of the page sideways and another one up or down."""
    x, y = corner
    near = [line for line in lines if _gap(line, corner) < _NEAR_PT]
    across = any(max(abs(line[1] - y), abs(line[3] - y)) < 0.5 for line in near)
    return across and any(max(abs(line[0] - x), abs(line[2] - x)) < 0.5 for line in near)


def _gap(line: Box, point: tuple[float, float]) -> float:
    """How far a line's nearer end is from a point, at most in either direction."""
    x = min(abs(line[0] - point[0]), abs(line[2] - point[0]))
    return max(x, min(abs(line[1] - point[1]), abs(line[3] - point[1])))


def _cross(one: Box, other: Box) -> bool:
    """Whether a level line and an upright one cross each other in their middles."""
    level = one[3] - one[1] < 0.5 < one[2] - one[0]
    upright = other[2] - other[0] < 0.5 < other[3] - other[1]
    centres = (((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for box in (one, other))
    (x1, y1), (x2, y2) = centres
    return level and upright and abs(x1 - x2) < 0.5 and abs(y1 - y2) < 0.5


def _overlaps(one: Box, other: Box) -> bool:
    slack = 0.01
    return (
        one[0] + slack < other[2]
        and other[0] + slack < one[2]
        and one[1] + slack < other[3]
        and other[1] + slack < one[3]
    )


def _annotations(report: _Report, page: pikepdf.Object) -> None:
    for annotation in page.get("/Annots", []):
        kind = str(annotation.get("/Subtype", ""))
        # ISO 15930-7, 6.17: these two belong to printing.
        if kind not in ("/PrinterMark", "/TrapNet"):
            report.add("press-interactive", f"There are annotations of the kind {kind[1:]}.")
    if "/AA" in page:
        report.add("press-interactive", "The page has actions.")


def _group(report: _Report, holder: pikepdf.Object) -> None:
    group = holder.get("/Group")
    if group is not None and _space(group.get("/CS")) in ("RGB", "Lab"):
        report.add("press-blend-space", "Transparency is blended in RGB.")


def _fonts(report: _Report, resources: pikepdf.Object) -> None:
    for font in resources.get("/Font", Dictionary()).values():
        if font.get("/Subtype") == Name.Type3:
            continue
        holder = font.DescendantFonts[0] if "/DescendantFonts" in font else font
        descriptor = holder.get("/FontDescriptor", Dictionary())
        if not any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")):
            report.add("press-font", f"The font {str(font.get('/BaseFont', '/?'))[1:]} is missing.")


# --- what is painted -----------------------------------------------------------------------------

_FILLS = ("f", "F", "f*", "B", "B*", "b", "b*")
_STROKES = ("S", "s", "B", "B*", "b", "b*")
_PATHS = ("m", "l", "c", "v", "y", "re")
_TEXT_STATE = ("BT", "Tm", "Td", "TD", "Tf", "Tr")
_SHOWS = ("Tj", "TJ", "'", '"')
_READ = " ".join(
    (
        "BI ID EI q Q cm gs w BT Tf Tm Td TD Tr Do sh cs CS sc SC scn SCN g G rg RG k K m l c v y re n",
        *_FILLS,
        *_STROKES,
        *_SHOWS,
    )
)


@dataclass(frozen=True)
class _Colour:
    """A colour in force: the family of its space, and its inks where that has any."""

    family: str = "Gray"
    inks: Inks | None = (0.0, 0.0, 0.0, 1.0)
    total: float = 1.0


@dataclass(frozen=True)
class _Ink:
    """The graphics state that printers look at."""

    fill: _Colour = _Colour()
    stroke: _Colour = _Colour()
    fill_space: Any = None
    stroke_space: Any = None
    fill_overprints: bool = False
    stroke_overprints: bool = False
    overprint_mode: int = 0
    matrix: Matrix = IDENTITY
    text_matrix: Matrix = IDENTITY
    font_size: float = 0.0
    render: int = 0
    line_width: float = 1.0
    veils: frozenset[str] = frozenset()


class _Reader:
    """Reads one content stream and the streams that it draws."""

    def __init__(
        self, report: _Report, resources: pikepdf.Object, state: _Ink, depth: int = 0
    ) -> None:
        self.report = report
        self.resources = resources
        self.state = state
        self.stack: list[_Ink] = []
        self.path: list[tuple[float, float]] = []
        self.is_straight = True
        self.depth = depth

    def read(self, holder: pikepdf.Object) -> None:
        """Judge all that the page or form paints."""
        for instruction in pikepdf.parse_content_stream(holder, _READ):
            if isinstance(instruction, pikepdf.ContentStreamInlineImage):
                self._inline(instruction.iimage.obj)
                continue
            name = str(instruction.operator)
            if name in _SHOWS:
                self._show()
            elif name in _FILLS or name in _STROKES:
                self._paint(name)
                self._end_path()
            elif name in _PATHS:
                self._extend(name, [float(value) for value in instruction.operands])
            elif name == "n":
                self._end_path()
            else:
                self._change(name, list(instruction.operands))

    def _change(self, name: str, operands: list[Any]) -> None:
        state = self.state
        if name == "q":
            self.stack.append(state)
        elif name == "Q":
            self.state = self.stack.pop() if self.stack else state
        elif name == "cm":
            self.state = replace(state, matrix=multiplied(_matrix(operands), state.matrix))
        elif name in _TEXT_STATE:
            self._set_text(name, operands)
        elif name == "w":
            self.state = replace(state, line_width=float(operands[0]))
        elif name == "gs":
            self._external(self._resource("/ExtGState", operands[0]))
        elif name == "Do":
            self._draw(self._resource("/XObject", operands[0]))
        elif name == "sh":
            self._gradient(self._resource("/Shading", operands[0]))
        else:
            self._colour(name, operands)

    def _set_text(self, name: str, operands: list[Any]) -> None:
        state = self.state
        if name == "BT":
            self.state = replace(state, text_matrix=IDENTITY)
        elif name == "Tm":
            self.state = replace(state, text_matrix=_matrix(operands))
        elif name == "Tf":
            self.state = replace(state, font_size=abs(float(operands[1])))
        elif name == "Tr":
            self.state = replace(state, render=int(operands[0]))
        else:
            shift = (1.0, 0.0, 0.0, 1.0, float(operands[0]), float(operands[1]))
            self.state = replace(state, text_matrix=multiplied(shift, state.text_matrix))

    def _resource(self, kind: str, name: Any) -> Any:
        return self.resources.get(kind, Dictionary()).get(str(name))

    def _external(self, state: Any) -> None:
        if state is None:
            return
        changes: dict[str, Any] = {}
        if "/OP" in state:
            changes["stroke_overprints"] = bool(state.OP)
            # ISO 32000-1, table 58: OP alone sets both.
            changes["fill_overprints"] = bool(state.get("/op", state.OP))
        elif "/op" in state:
            changes["fill_overprints"] = bool(state.op)
        if "/OPM" in state:
            changes["overprint_mode"] = int(state.OPM)
        self.state = replace(self.state, veils=self._veils(state), **changes)

    def _veils(self, state: Any) -> frozenset[str]:
        """The settings that make what is painted transparent, after those of this dictionary."""
        veils = set(self.state.veils)
        for key in VEILS:
            if key in state:
                veils.discard(key)
                if is_veil(state[key]):
                    veils.add(key)
        return frozenset(veils)

    # Colours

    def _colour(self, name: str, operands: list[Any]) -> None:
        stroke = name.isupper()
        low = name.lower()
        if low == "cs":
            space = operands[0]
            found = self._resource("/ColorSpace", space)
            space = space if found is None else found
            self._set(stroke, _start(space), space)
            return
        device = {"g": Name.DeviceGray, "rg": Name.DeviceRGB, "k": Name.DeviceCMYK}.get(low)
        if device is not None:
            self._set(stroke, _painted(device, operands), device)
            return
        space = self.state.stroke_space if stroke else self.state.fill_space
        if operands and isinstance(operands[-1], Name):
            self._pattern(self._resource("/Pattern", operands[-1]))
            self._set(stroke, _Colour("Pattern", None, 0), space)
            return
        self._set(stroke, _painted(space, operands), space)

    def _set(self, stroke: bool, colour: _Colour, space: Any) -> None:
        if stroke:
            self.state = replace(self.state, stroke=colour, stroke_space=space)
        else:
            self.state = replace(self.state, fill=colour, fill_space=space)

    def _pattern(self, pattern: Any) -> None:
        if pattern is None:
            return
        if pattern.get("/PatternType") == 2:
            self._gradient(pattern.get("/Shading"))
        else:
            self._stream(pattern)

    def _gradient(self, shading: Any) -> None:
        if shading is None:
            return
        if _space(shading.get("/ColorSpace")) in ("RGB", "Lab"):
            self.report.add("press-rgb", "There are gradients in RGB.")
            return
        for function in _functions(shading.get("/Function", Dictionary())):
            for key in ("/C0", "/C1"):
                total = sum(float(value) for value in function.get(key, []))
                self._limit(total, "A gradient")

    # Painting

    def _paint(self, name: str) -> None:
        state = self.state
        if name in _FILLS:
            self._judge(state.fill, state.fill_overprints, "An area")
        if name in _STROKES:
            self._judge(state.stroke, state.stroke_overprints, "A line")
            self._rule(state)
        self._note_marks(state.fill if name in _FILLS else state.stroke, is_line=name in _STROKES)

    def _extend(self, name: str, values: list[float]) -> None:
        """Add an operator's points to the path, as they lie on the page."""
        if name == "re":
            x, y, width, height = values
            values = [x, y, x + width, y, x + width, y + height, x, y + height]
        self.is_straight = self.is_straight and name in ("m", "l")
        a, b, c, d, e, f = self.state.matrix
        for x, y in zip(values[::2], values[1::2], strict=True):
            self.path.append((a * x + c * y + e, b * x + d * y + f))

    def _end_path(self) -> None:
        self.path, self.is_straight = [], True

    def _bounds(self) -> Box:
        xs, ys = zip(*self.path, strict=True) if self.path else ((0.0,), (0.0,))
        return min(xs), min(ys), max(xs), max(ys)

    def _rule(self, state: _Ink) -> None:
        """A level or upright line that is thin: too thin for plates that do not meet."""
        width = state.line_width * scale(state.matrix)
        box = self._bounds()
        is_level = min(box[2] - box[0], box[3] - box[1]) < 0.1
        inks = state.stroke.inks
        if len(self.path) != 2 or not is_level or width >= RULE_PT or inks is None:
            return
        if is_dark(inks) and sum(inks[:3]) > 0:
            self.report.add(
                "press-rule-black",
                f"A rule of {width:.2g} pt is in {_percent(inks)}, not black alone.",
            )
        if _is_black(inks) and not (state.stroke_overprints and state.overprint_mode == 1):
            self.report.add("press-black-knocks-out", "A black rule does not overprint.")

    def _note_marks(self, colour: _Colour, *, is_line: bool) -> None:
        seen = self.report.outside
        if colour.family == "All" and is_line and self.is_straight:
            seen.lines.append(self._bounds())
        elif colour.family == "All":
            seen.registered.append(self._bounds())
        elif colour.inks is not None and not is_line:
            seen.patches.append((self._bounds(), colour.inks))

    def _show(self) -> None:
        state = self.state
        if state.render in (3, 7):
            return
        self._judge(state.fill, state.fill_overprints, "Text")
        self._note_words()
        if state.veils:
            self.report.add("press-transparency", "Text is transparent.")
        inks = state.fill.inks
        if inks is None:
            return
        size = state.font_size * scale(state.text_matrix) * scale(state.matrix)
        if size < SMALL_TEXT_PT and is_dark(inks) and sum(inks[:3]) > 0:
            self.report.add(
                "press-text-black",
                f"Text of {size:.3g} pt is in {_percent(inks)}, not black alone.",
            )
        if _is_black(inks) and not (state.fill_overprints and state.overprint_mode == 1):
            self.report.add("press-black-knocks-out", "Black text does not overprint.")

    def _note_words(self) -> None:
        x, y = multiplied(self.state.text_matrix, self.state.matrix)[4:]
        self.report.outside.words.append((x, y, x, y))
        if self.state.fill.family == "All":
            self.report.outside.registered.append((x, y, x, y))

    def _judge(self, colour: _Colour, overprints: bool, what: str) -> None:
        if colour.family in ("RGB", "Lab"):
            self.report.add("press-rgb", f"{what} is in {colour.family}.")
            return
        self._limit(colour.total, what)
        if overprints and colour.inks is not None and sum(colour.inks) == 0:
            self.report.add("press-white-overprints", f"{what} in white overprints.")
        if overprints and self.state.veils:
            self.report.add("press-transparency", f"{what} overprints and is transparent.")

    def _limit(self, total: float, what: str) -> None:
        if total > INK_LIMIT + 0.005:
            self.report.add("press-ink-limit", f"{what} takes {total * 100:.0f} % of ink.")

    # Forms and pictures

    def _draw(self, drawing: Any) -> None:
        if drawing is None:
            return
        if drawing.get("/Subtype") == Name.Form:
            self._stream(drawing)
        elif drawing.get("/Subtype") == Name.Image:
            self._picture(drawing)

    def _stream(self, stream: Any) -> None:
        _group(self.report, stream)
        resources = stream.get("/Resources", self.resources)
        _fonts(self.report, resources)
        matrix = _matrix(stream.get("/Matrix", IDENTITY))
        state = replace(self.state, matrix=multiplied(matrix, self.state.matrix))
        # A form drawn again in the same way on the same page tells nothing new.
        key = (self.report.page, stream.objgen, state)
        if key in self.report.walked:
            return
        self.report.walked.add(key)
        if self.depth == _DEEPEST:
            self.report.add("press-unreadable", "Drawings stand within one another without end.")
            return
        _Reader(self.report, resources, state, self.depth + 1).read(stream)

    def _inline(self, picture: Any) -> None:
        """A picture within the content itself (ISO 32000-1, 8.9.7)."""
        space = picture.get("/ColorSpace")
        found = self._resource("/ColorSpace", space) if isinstance(space, Name) else None
        if _space(found or space) in ("RGB", "Lab"):
            self.report.add("press-rgb", "There are pictures in RGB.")
        self._resolution(picture)

    def _picture(self, picture: Any) -> None:
        if picture.get("/ImageMask"):
            self._judge(self.state.fill, self.state.fill_overprints, "A picture")
        elif _space(picture.get("/ColorSpace")) in ("RGB", "Lab"):
            self.report.add("press-rgb", "There are pictures in RGB.")
        else:
            self._weigh(picture)
        self._resolution(picture)

    def _resolution(self, picture: Any) -> None:
        matrix = self.state.matrix
        width, height = math.hypot(*matrix[:2]), math.hypot(*matrix[2:4])
        if not width or not height:
            return
        dpi = 72 * min(int(picture.Width) / width, int(picture.Height) / height)
        if dpi < WANTED_DPI - 0.5:
            self.report.add(
                "press-resolution",
                f"A picture of {int(picture.Width)} × {int(picture.Height)} pixels has {dpi:.0f} "
                f"dots to the inch at {width / MM:.0f} × {height / MM:.0f} mm.",
                Severity.ERROR if dpi < LEAST_DPI - 0.5 else Severity.WARNING,
            )

    def _weigh(self, picture: Any) -> None:
        if _space(picture.get("/ColorSpace")) != "CMYK":
            return
        if picture.objgen not in self.report.weighed:
            self.report.weighed[picture.objgen] = _heaviest(picture)
        total = self.report.weighed[picture.objgen]
        # Half a step of tone in each of four plates is lost by JPEG.
        self._limit(total - 0.02, "A picture")


def _matrix(values: Any) -> Matrix:
    return tuple(float(value) for value in values)  # type: ignore[return-value]


def _is_black(inks: Inks) -> bool:
    return inks[:3] == (0, 0, 0) and inks[3] >= 0.999


def _percent(inks: Inks) -> str:
    return " ".join(f"{n} {ink * 100:.0f}" for n, ink in zip("CMYK", inks, strict=True) if ink)


def _space(space: Any) -> str:
    """The family of a colour space: "Gray", "CMYK", "RGB", "Lab", "Separation", "Pattern"."""
    if space is None:
        return "Gray"
    if isinstance(space, Array):
        kind = str(space[0])
        if kind == "/ICCBased":
            return {1: "Gray", 3: "RGB", 4: "CMYK"}.get(int(space[1].N), "?")
        if kind == "/Indexed":
            return _space(space[1])
        if kind == "/Pattern" and len(space) > 1:
            return _space(space[1])
        space = kind
    return {
        "/DeviceGray": "Gray",
        "/CalGray": "Gray",
        "/G": "Gray",
        "/DeviceRGB": "RGB",
        "/CalRGB": "RGB",
        "/RGB": "RGB",
        "/DeviceCMYK": "CMYK",
        "/CMYK": "CMYK",
        "/Lab": "Lab",
        "/Separation": "Separation",
        "/DeviceN": "Separation",
    }.get(str(space), "Pattern")


def _start(space: Any) -> _Colour:
    """The colour that setting a space begins with (ISO 32000-1, 8.6.8)."""
    family = _space(space)
    if family == "Separation":
        return _painted(space, [1])
    return _Colour(family, (0.0, 0.0, 0.0, 1.0) if family in ("Gray", "CMYK") else None, 1.0)


def _painted(space: Any, operands: list[Any]) -> _Colour:
    family = _space(space)
    values = [float(value) for value in operands]
    if family == "Gray":
        black = 1 - values[0]
        return _Colour(family, (0.0, 0.0, 0.0, black), black)
    if family == "CMYK":
        return _Colour(family, tuple(values), sum(values))  # type: ignore[arg-type]
    if family == "Separation" and isinstance(space, Array) and str(space[1]) == "/All":
        # Marks are on every plate by design, and outside the page.
        return _Colour("All", None, 0)
    return _Colour(family, None, sum(values) if family == "Separation" else 0)


def _functions(function: Any) -> Iterator[Any]:
    for part in function if isinstance(function, Array) else [function]:
        yield part
        for inner in part.get("/Functions", []):
            yield from _functions(inner)


def _heaviest(picture: Any) -> float:
    """The most ink that any spot of a CMYK picture takes, 1 for each full plate."""
    image = pikepdf.PdfImage(picture).as_pil_image()
    if image.mode != "CMYK":
        return 0.0
    bands = dict(zip("cmyk", _softened(image).split(), strict=True))
    total = ImageMath.lambda_eval(lambda b: b["c"] + b["m"] + b["y"] + b["k"], **bands)
    return float(total.getextrema()[1]) / 255


def _softened(image: Image.Image) -> Image.Image:
    """Averaged by twos, as a printing screen does: one noisy pixel is no heavy place."""
    return image.reduce(2) if min(image.size) > 1 else image
