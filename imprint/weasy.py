"""All that touches WeasyPrint's private parts: lay a tree out, paint it, tell what was painted.

WeasyPrint writes fonts, tags, links and outlines for one document that stands alone. A chapter's
pages are joined with others later, so these four are taken over here: painting leaves them out
and reports them as plain values instead. ``tests/test_weasy.py`` holds every assumption made.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from xml.etree import ElementTree

import cssselect2
import pydyf
import uharfbuzz as hb
import weasyprint
from weasyprint import CSS, HTML, Document
from weasyprint.css.counters import CounterStyle
from weasyprint.formatting_structure import boxes
from weasyprint.layout import LayoutContext, block, inline
from weasyprint.layout import page as page_layout
from weasyprint.layout.absolute import AbsolutePlaceholder
from weasyprint.text.ffi import ffi, pango
from weasyprint.text.fonts import FontConfiguration

from imprint.painted import CiteSlot, FolioSlot, FontUse, LinkArea, Mark, Painted

POINTS_PER_PIXEL = 0.75
# Pseudo-elements that hold the element's own words, not generated ones.
_OWN_PSEUDO = ("first-letter", "first-line")


class TreeHTML(HTML):
    """A document handed to WeasyPrint as a tree instead of as text to be parsed.

    A tree may hold what HTML's parser would tear apart: a note's paragraphs inside a paragraph.
    """

    def __init__(self, root: ElementTree.Element, base_url: str, url_fetcher: Any) -> None:
        self.base_url = base_url
        self.url_fetcher = url_fetcher
        self.media_type = "print"
        self.wrapper_element = cssselect2.ElementWrapper.from_html_root(root, content_language=None)
        self.etree_element = self.wrapper_element.etree_element


@dataclass
class Typecase:
    """What a worker keeps between chapters: fonts and parsed style sheets."""

    fonts: FontConfiguration
    counters: CounterStyle
    sheets: list[CSS]
    fetcher: Any


def typecase(sheets: list[tuple[str, str]], fetcher: Any) -> Typecase:
    """Fonts and style sheets, read once. ``sheets`` are pairs of text and base URL."""
    fonts = FontConfiguration()
    counters = CounterStyle()
    parsed = [
        CSS(
            string=text,
            base_url=base,
            url_fetcher=fetcher,
            font_config=fonts,
            counter_style=counters,
        )
        for text, base in sheets
    ]
    return Typecase(fonts, counters, parsed, fetcher)


def lay_out(root: ElementTree.Element, base_url: str, case: Typecase) -> Document:
    """The laid-out pages of a tree."""
    document = TreeHTML(root, base_url, case.fetcher)
    with mended():
        return document.render(
            font_config=case.fonts,
            counter_style=case.counters,
            stylesheets=case.sheets,
            pdf_tags=True,
        )


def paint(document: Document, root: ElementTree.Element) -> Painted:
    """The pages as PDF, with everything that joining needs to know about them."""
    recorder = _Recorder(document, root)
    target = io.BytesIO()
    with recorder.installed():
        document.write_pdf(target, pdf_tags=True, pdf_version="1.7")
    return recorder.painted(target.getvalue())


class _Recorder:
    """Stands in for four of WeasyPrint's writers while one document is painted."""

    def __init__(self, document: Document, root: ElementTree.Element) -> None:
        self.document = document
        self.numbers = {id(element): n for n, element in enumerate(root.iter())}
        self.hidden = _hidden(root)
        self.marks: list[Mark] = []
        self.folios: list[FolioSlot] = []
        self.cites: list[CiteSlot] = []
        self.fonts: Mapping[str, Any] = {}

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """WeasyPrint with its writers of links, outlines, fonts and tags replaced."""
        with (
            mock.patch("weasyprint.pdf.resolve_links", _no_links),
            mock.patch("weasyprint.pdf.add_outlines", lambda pdf, bookmarks: None),
            mock.patch("weasyprint.pdf.build_fonts_dictionary", self._fonts),
            mock.patch("weasyprint.pdf.add_tags", self._tags),
        ):
            yield

    def painted(self, pdf: bytes) -> Painted:
        fonts, files = _font_uses(self.fonts)
        missing = sorted({code for font in self.fonts.values() for code in font.missing})
        return Painted(
            pdf=pdf,
            page_count=len(self.document.pages),
            marks=tuple(self.marks),
            links=tuple(self._links()),
            anchors=self._anchors(),
            folios=tuple(self.folios),
            cites=tuple(self.cites),
            fonts=fonts,
            font_files=files,
            missing=tuple(missing),
        )

    def _fonts(
        self, pdf: Any, fonts: Mapping[str, Any], compress: bool, subset: bool, options: Any
    ) -> Any:
        """Names for the fonts, without the fonts: joining puts them in."""
        self.fonts = fonts
        return pydyf.Dictionary({font.hash: "null" for font in fonts.values()})

    def _tags(self, pdf: Any, document: Document, version: Any, streams: list[Any]) -> None:
        """Note what each marked-content sequence belongs to; the rest becomes artifacts."""
        heads: dict[int, int] = {}
        changes = [_Changes() for _ in streams]
        gaps = _Gaps(document._html.etree_element, changes)
        for page, (laid_out, stream) in enumerate(zip(document.pages, streams, strict=True)):
            change = changes[page]
            height = laid_out.height
            tags = stream._tags
            for box, area in _content(laid_out._page_box, page, heads):
                self._folio(box, area, page, height, stream)
                tag = tags.get(box)
                if tag is None:
                    continue
                mcid = tag["mcid"]
                if (target := _cited(box)) is not None:
                    change.cited[mcid] = len(self.cites)
                    self.cites.append(
                        CiteSlot(
                            page,
                            target,
                            _first_font(box, stream).hash,
                            {**_features(box.style), "tnum": 1},
                        )
                    )
                number = self.numbers.get(id(box.element)) if box.element is not None else None
                unsaid = area in ("margin", "repeated") or _is_blank(box)
                if number is None or unsaid or number in self.hidden:
                    change.artifacts[mcid] = "Pagination" if area == "margin" else "Layout"
                    continue
                if _hyphenated(box):
                    change.actual[mcid] = box.text[:-1] + "\xad"
                elif getattr(box, "text", "").endswith("-"):
                    # A typed hyphen at a line's end would be taken for one that breaks a word; the
                    # place between two lines is a zero width space (Unicode, 23.2).
                    change.actual[mcid] = box.text + "\u200b"
                elif area == "leader":
                    # Dots lead the eye; who listens hears a pause.
                    change.actual[mcid] = " "
                gaps.follow(box, number, area, page, mcid)
                self.marks.append(
                    Mark(
                        element=number,
                        pseudo=_pseudo(box),
                        page=page,
                        mcid=mcid,
                        text=getattr(box, "text", ""),
                        rect=_rect(box, height) if isinstance(box, boxes.ReplacedBox) else None,
                        footnote=area == "footnote",
                    )
                )
        spaces = _Spaces(document.fonts.values())
        for stream, change in zip(streams, changes, strict=True):
            _rewrite_marks(stream, change, spaces)

    def _folio(self, box: Any, area: str, page: int, height: float, stream: Any) -> None:
        """A slot for the page's number where the style sheet left hidden zeros."""
        hidden = area == "margin" and isinstance(box, boxes.TextBox)
        if not hidden or box.style["visibility"] == "visible" or box.text.strip("0"):
            return
        font = _first_font(box, stream)
        color = box.style["color"]
        # The margin box is the text's containing block: its width is what alignment refers to.
        margin_box = self._margin_boxes[id(box)]
        self.folios.append(
            FolioSlot(
                page=page,
                x=margin_box.content_box_x() * POINTS_PER_PIXEL,
                width=margin_box.width * POINTS_PER_PIXEL,
                baseline=(height - box.position_y - box.baseline) * POINTS_PER_PIXEL,
                align=_alignment(margin_box.style["text_align_all"]),
                size=box.style["font_size"] * POINTS_PER_PIXEL,
                color=tuple(color.to("srgb").coordinates),
                font=font.hash,
                features=_features(box.style),
            )
        )

    @property
    def _margin_boxes(self) -> dict[int, Any]:
        """The margin box of every text in one."""
        if not hasattr(self, "_margins"):
            self._margins = {
                id(text): margin
                for page in self.document.pages
                for margin in page._page_box.children
                if isinstance(margin, boxes.MarginBox)
                for text in margin.descendants()
            }
        return self._margins

    def _links(self) -> Iterator[LinkArea]:
        """Every link area; boxes nested in a link repeat it, so only the link's own count."""
        for page_number, page in enumerate(self.document.pages):
            height = page.height
            for kind, target, (x1, y1, x2, y2), box in page.links:
                if kind not in ("internal", "external") or box.element is None:
                    continue
                own = box.element.get("href") is not None
                picture = isinstance(box, boxes.ReplacedBox)
                number = self._link_element(box.element) if picture and not own else None
                if own and not isinstance(box, boxes.LineBox):
                    number = self.numbers.get(id(box.element))
                if number is None or x2 <= x1 or y2 <= y1:
                    continue
                rect = (x1, height - y2, x2, height - y1)
                yield LinkArea(
                    page_number,
                    tuple(round(value * POINTS_PER_PIXEL, 2) for value in rect),
                    "#" + target if kind == "internal" else target,
                    number,
                )

    def _link_element(self, element: Any) -> int | None:
        """The number of the link that a picture stands in."""
        if not hasattr(self, "_parents"):
            root = self.document._html.etree_element
            self._parents = {id(child): parent for parent in root.iter() for child in parent}
        while element is not None and element.get("href") is None:
            element = self._parents.get(id(element))
        return None if element is None else self.numbers.get(id(element))

    def _anchors(self) -> dict[str, tuple[int, float, float]]:
        """For each id its page's index and the point (points, origin lower left) it stands at."""
        anchors: dict[str, tuple[int, float, float]] = {}
        for number, page in enumerate(self.document.pages):
            for name, (x, y, _, _) in page.anchors.items():
                point = (x * POINTS_PER_PIXEL, (page.height - y) * POINTS_PER_PIXEL)
                anchors.setdefault(name, (number, round(point[0], 2), round(point[1], 2)))
        return anchors


def _hidden(root: ElementTree.Element) -> set[int]:
    """The numbers of elements that only decorate, by themselves or by what they stand in."""
    hidden: set[int] = set()
    inherited: set[int] = set()
    for number, element in enumerate(root.iter()):
        decorates = (
            element.get("aria-hidden") == "true"
            or element.get("role") == "presentation"
            # Stars or a rule between passages: PDF has no structure type for that.
            or element.tag == "hr"
        )
        if id(element) in inherited or decorates or element.get("alt") == "":
            hidden.add(number)
            inherited.update(id(child) for child in element)
    return hidden


def _no_links(pages: list[Any]) -> Iterator[tuple[list[Any], list[Any]]]:
    for _ in pages:
        yield [], []


def _content(page_box: Any, page: int, heads: dict[int, int]) -> Iterator[tuple[Any, str]]:
    """Every text and picture of a page in reading order, with the area it stands in.

    ``heads`` remembers on which page a table's head or foot was first set: on later pages it
    is repeated for the eye alone and its area is "repeated".
    """
    for child in page_box.children:
        if isinstance(child, boxes.MarginBox):
            area = "margin"
        elif isinstance(child, boxes.FootnoteAreaBox):
            area = "footnote"
        else:
            area = "flow"
        yield from _leaves(child, area, page, heads)


def _leaves(box: Any, area: str, page: int, heads: dict[int, int]) -> Iterator[tuple[Any, str]]:
    if isinstance(box, AbsolutePlaceholder):
        box = box._box
    if isinstance(box, boxes.TextBox | boxes.ReplacedBox):
        yield box, area
        return
    if box.is_leader:
        area = "leader"
    running = isinstance(box, boxes.TableRowGroupBox) and (box.is_header or box.is_footer)
    if running and heads.setdefault(id(box.element), page) != page:
        area = "repeated"
    for child in box.children:
        yield from _leaves(child, area, page, heads)


def _pseudo(box: Any) -> str:
    _, _, pseudo = (box.element_tag or "").partition("::")
    pseudo = pseudo.split("::")[0]
    return "" if pseudo in _OWN_PSEUDO else pseudo


def _hyphenated(box: Any) -> bool:
    """Whether the line ends in a hyphen that is not in the text but was added by breaking it."""
    if not isinstance(box, boxes.TextBox) or not box.text.endswith(("‐", "-")):
        return False
    layout = box.pango_layout
    return bool(getattr(layout, "hyphenated", False)) or box.text.endswith(
        box.style["hyphenate_character"]
    )


def _is_blank(box: Any) -> bool:
    """Whether it is white space between blocks or elements: WeasyPrint paints nothing for it."""
    return isinstance(box, boxes.TextBox) and not box.text.strip(" \t\n")


def _rect(box: Any, height: float) -> tuple[float, float, float, float]:
    x1, y1 = box.content_box_x(), box.content_box_y()
    x2, y2 = x1 + box.width, y1 + box.height
    rect = (x1, height - y2, x2, height - y1)
    x1, y1, x2, y2 = (round(value * POINTS_PER_PIXEL, 2) for value in rect)
    return x1, y1, x2, y2


def _first_font(box: Any, stream: Any) -> Any:
    """The font in which a text begins."""
    layout = box.pango_layout
    layout.reactivate(box.style)
    line, _ = layout.get_first_line()
    font, _ = stream.add_font(line.runs[0].data.item.analysis.font)
    layout.deactivate()
    return font


def _cited(box: Any) -> str | None:
    """The id whose page a text cites, if it is the noughts that stand for a page's number."""
    if not isinstance(box, boxes.TextBox) or box.element is None or box.text.strip("0"):
        return None
    return box.element.get("data-folio-of") if not _pseudo(box) else None


@dataclass
class _Changes:
    """What to change in a page's marked content, by its identifiers."""

    artifacts: dict[int, str] = field(default_factory=dict)
    actual: dict[int, str] = field(default_factory=dict)
    cited: dict[int, int] = field(default_factory=dict)
    spaces: set[int] = field(default_factory=set)


@dataclass
class _Gaps:
    """Follows the text through its boxes, and asks for a space wherever a line's end took one.

    Lines are set without the white space at their ends, but who hears or copies a paragraph
    needs it between words (ISO 32000-1, 14.8.2.5).
    """

    root: ElementTree.Element
    changes: list[_Changes]
    # The last text of each area: its page and identifier, and whether a space may follow it.
    last: dict[str, tuple[int, int, bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.elements = list(self.root.iter())
        self.runs: dict[int, list[str]] = {}
        self.places: dict[int, tuple[int, int]] = {}
        self.apart = set(_runs_apart(self.root, {id(e): n for n, e in enumerate(self.elements)}))

    def follow(self, box: Any, number: int, area: str, page: int, mcid: int) -> None:
        """Go past a box of the element's: the spaces that are missing around it are noted."""
        text = getattr(box, "text", "")
        if not text.strip():
            # WeasyPrint paints no text of white space alone.
            return
        broken = _hyphenated(box)
        before, after = False, False
        pseudo = _pseudo(box)
        if pseudo == "before":
            before = self._opens_apart(number)
        elif not pseudo:
            before, after = self._around(number, text[:-1] if broken else text)
        last = self.last.get(area)
        if before and last is not None and last[2]:
            self.changes[last[0]].spaces.add(last[1])
        if after:
            self.changes[page].spaces.add(mcid)
        open_ = not (after or broken or text[-1].isspace())
        self.last[area] = (page, mcid, open_)

    def _opens_apart(self, number: int) -> bool:
        """Whether a space stands before the element; what is set before its text comes behind it."""
        element = self.elements[number]
        while not (element.text or "").strip() and len(element):
            element = element[0]
            number += 1
        if (number, 0) not in self.apart:
            return False
        self.apart.discard((number, 0))
        return True

    def _around(self, number: int, text: str) -> tuple[bool, bool]:
        """Whether the source has white space before and after the text that is not in it."""
        piece = printable(text)
        if not piece:
            return False, False
        runs = self._runs(number)
        run, at = self.places.get(number, (0, 0))
        while run < len(runs) and not printable(runs[run][at:]):
            run, at = run + 1, 0
        if run == len(runs):
            return False, False
        source = runs[run]
        start = at
        while not printable(source[start]):
            start += 1
        end, left = start, len(piece)
        while left and end < len(source):
            left -= len(printable(source[end]))
            end += 1
        self.places[number] = (run, end)
        if printable(source[start:end]).casefold() != piece.casefold():
            return False, False
        gap = any(map(str.isspace, source[at:start])) if at else (number, run) in self.apart
        before = gap and not text[0].isspace()
        after = source[end : end + 1].isspace() and not text[-1].isspace()
        return before, after

    def _runs(self, number: int) -> list[str]:
        """The element's own runs of text: before its children, and behind each of them."""
        if number not in self.runs:
            element = self.elements[number]
            self.runs[number] = [element.text or "", *(child.tail or "" for child in element)]
        return self.runs[number]


def _runs_apart(root: ElementTree.Element, numbers: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """The runs of text, as element and index, between which and the one before is a space."""
    apart = True

    def walk(element: ElementTree.Element) -> Iterator[tuple[int, int]]:
        nonlocal apart
        number = numbers[id(element)]
        before = apart
        for index, text in enumerate((element.text, *(child.tail for child in element))):
            if index:
                child = element[index - 1]
                yield from walk(child)
                apart = apart or child.tag == "br"
            if not text:
                continue
            bare = text.lstrip()
            if bare and (apart or bare != text):
                yield number, index
            apart = text[-1].isspace() or (apart and not bare)
        if element.get("class") == "footnote":
            # A note stands elsewhere: what comes behind its call goes on from there.
            apart = before

    yield from walk(root)


class _Spaces:
    """The glyph of the space in each font that text was set in."""

    def __init__(self, fonts: Iterable[Any]) -> None:
        self.fonts = {font.hash.encode(): font for font in fonts}
        self.glyphs: dict[bytes, int | None] = {}

    def behind(self, shown: bytes, font: bytes) -> bytes:
        """The operator that shows a space behind a text, nothing where there is one or no glyph."""
        if font not in self.glyphs:
            self.glyphs[font] = self._find(self.fonts[font])
        glyph = self.glyphs[font]
        # WeasyPrint may paint the space that it has taken from the box's text.
        if glyph is None or shown[: shown.rindex(b">")].endswith(b"%04x" % glyph):
            return b""
        return b"\n<%04x> Tj" % glyph

    def _find(self, font: Any) -> int | None:
        if font.bitmap:
            return None
        face = hb.Face(font.file_content, font.index)
        shaper = hb.Font(face)
        shaper.set_variations(font.variations)
        glyph = shaper.get_nominal_glyph(ord(" "))
        if glyph is None:
            return None
        font.to_unicode.setdefault(glyph, " ")
        font.widths.setdefault(glyph, round(shaper.get_glyph_h_advance(glyph) * 1000 / face.upem))
        return glyph


def _rewrite_marks(stream: Any, change: _Changes, spaces: _Spaces) -> None:
    """Turn marks into artifacts, give broken words their unbroken text, mark cited folios.

    WeasyPrint begins a sequence with three items: the tag, the property list, ``BDC``.
    """
    items = stream.stream
    for position, item in enumerate(items):
        if not isinstance(item, pydyf.Dictionary) or "MCID" not in item:
            continue
        mcid = item["MCID"]
        if mcid in change.cited:
            _mark_citation(items, position, change.cited[mcid])
        if mcid in change.artifacts:
            items[position - 1] = b"/Artifact"
            items[position] = pydyf.Dictionary({"Type": f"/{change.artifacts[mcid]}"})
        elif mcid in change.actual:
            item["ActualText"] = pydyf.String(change.actual[mcid])
        if mcid in change.spaces:
            _add_space(items, position, spaces)


def _add_space(items: list[Any], start: int, spaces: _Spaces) -> None:
    """Show a space behind the last text of the marked content that begins there."""
    font, last = b"", 0
    for position in range(start, len(items)):
        item = items[position]
        if item == b"EMC":
            break
        if isinstance(item, bytes) and item.endswith(b" Tf"):
            font = item[1:].partition(b" ")[0]
        elif isinstance(item, bytes) and b"] TJ" in item:
            last = position
    if last and font:
        items[last] += spaces.behind(items[last], font)


def _mark_citation(items: list[Any], start: int, number: int) -> None:
    """Name the slot in a comment behind the operator that shows the text (ISO 32000-1, 7.2.4)."""
    for position in range(start, len(items)):
        item = items[position]
        if isinstance(item, bytes) and item.endswith(b"] TJ"):
            items[position] = item + b" %%cite %d" % number
            return


def _alignment(value: str) -> str:
    return {"start": "left", "end": "right", "justify": "left"}.get(value, value)


def _features(style: Any) -> dict[str, int]:
    """The OpenType features that the style asks for in figures."""
    keys = {"oldstyle-nums": "onum", "lining-nums": "lnum", "tabular-nums": "tnum"}
    numeric = style["font_variant_numeric"]
    values = [] if numeric == "normal" else numeric
    return {keys[value]: 1 for value in values if value in keys}


# A font file's digest by its size and its ends: files are read once for every document, and
# hashing megabytes each time would be felt.
_digests: dict[tuple[int, bytes, bytes], str] = {}


def _digest(content: bytes) -> str:
    """The SHA-256 of a font file, from memory where the file was met before."""
    # The head of an OpenType file holds the check sums of all its tables.
    ends = (len(content), content[:4096], content[-4096:])
    if ends not in _digests:
        _digests[ends] = hashlib.sha256(content).hexdigest()
    return _digests[ends]


def _font_uses(fonts: Mapping[str, Any]) -> tuple[dict[str, FontUse], dict[str, bytes]]:
    uses: dict[str, FontUse] = {}
    files: dict[str, bytes] = {}
    for font in fonts.values():
        digest = _digest(font.file_content)
        files[digest] = font.file_content
        before = uses.get(font.hash)
        uses[font.hash] = FontUse(
            file=digest,
            index=font.index,
            name=font.name.decode().lstrip("/"),
            family=font.family,
            flags=font.flags,
            ascent=font.ascent,
            descent=font.descent,
            upem=font.upem,
            variations=dict(font.variations),
            glyphs={**(before.glyphs if before else {}), **_spoken(font.to_unicode)},
            widths={**(before.widths if before else {}), **font.widths},
        )
    return uses, files


def _spoken(glyphs: Mapping[int, str]) -> dict[int, str]:
    """What glyphs stand for: the hyphen's is also the one typed on a keyboard, which text has.

    Hyphens that break a word have an actual text that says so.
    """
    return {glyph: "-" if text == "\u2010" else text for glyph, text in glyphs.items()}


def printable(text: str) -> str:
    """The text without what no font draws: white space and characters of formatting."""
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf")


# --- mends of the layout -----------------------------------------------------------------------

# The style sheets' baseline grid: 14 pt in CSS pixels.
LINE = 14 / 0.75
_SNAP = "__snap"

_block_level_layout = block.block_level_layout
_split_first_line = inline.split_first_line
_update_footnote_area = LayoutContext._update_footnote_area


@contextlib.contextmanager
def mended() -> Iterator[None]:
    """WeasyPrint's layout on a baseline grid, and without two of its faults."""
    with (
        mock.patch.object(block, "block_level_layout", _snapping_layout),
        mock.patch.object(page_layout, "block_level_layout", _snapping_layout),
        mock.patch.object(inline, "split_first_line", _first_line),
        mock.patch.object(LayoutContext, "_update_footnote_area", _footnote_area),
    ):
        yield


def _snapping_layout(context: Any, box: Any, *args: Any, **options: Any) -> Any:
    """The box laid out; one whose own style has ``--snap`` ends on the grid.

    ``foot`` adds the missing part of a line at the foot, ``middle`` half of it on either side.
    """
    if box.is_for_root_element:
        context.grid_top = box.position_y
    result = _block_level_layout(context, box, *args, **options)
    laid_out, resume_at = result[0], result[1]
    # Only what the element itself declares counts: custom properties are inherited.
    own = getattr(laid_out.style, "cascaded", {}) if laid_out else {}
    if resume_at is not None or _SNAP not in own or not hasattr(context, "grid_top"):
        return result
    kind = own[_SNAP][0][0].value
    bottom = laid_out.border_box_y() + laid_out.border_height()
    missing = -(bottom - context.grid_top) % LINE
    if kind == "none" or missing < 0.05 or LINE - missing < 0.05:
        return result
    if kind == "middle":
        for child in laid_out.children:
            child.translate(0, missing / 2)
    laid_out.padding_bottom += missing
    return result


def _footnote_area(context: Any) -> Any:
    """An area without notes takes no room: WeasyPrint leaves its margin and padding behind."""
    overflows = _update_footnote_area(context)
    if not context.current_page_footnotes:
        if not context.in_column:
            context.page_bottom += context.current_footnote_area.margin_height()
        context.current_footnote_area.height = "auto"
    return overflows


def _first_line(
    text: str, style: Any, context: Any, max_width: Any, *args: Any, **options: Any
) -> Any:
    """A line's worth of text that ends before its own trailing space.

    Where the text fits but for the space at its end, WeasyPrint breaks inside the *first* word and
    leaves a line of one syllable. Less width by that space breaks it before the last word.
    """
    result = _split_first_line(text, style, context, max_width, *args, **options)
    resume_at = result[2]
    first_word = text.find(" ")
    if (
        max_width is None
        or resume_at is None
        or not text.endswith(" ")
        or resume_at > len(text[: first_word + 1].encode())
    ):
        return result
    narrower = max_width - 0.4 * style["font_size"]
    again = _split_first_line(text, style, context, narrower, *args, **options)
    return again if again[2] is not None and again[2] > resume_at else result


__all__ = [
    "CiteSlot",
    "FolioSlot",
    "FontUse",
    "LinkArea",
    "Mark",
    "Painted",
    "Typecase",
    "ffi",
    "lay_out",
    "paint",
    "pango",
    "printable",
    "typecase",
    "weasyprint",
]
