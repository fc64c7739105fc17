"""What a typographer sees on laid-out pages, as plain values: lines, blocks and white.

Like ``weasy`` this reads WeasyPrint's boxes; all judgement is left to ``typography``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from weasyprint import Document
from weasyprint.formatting_structure import boxes
from weasyprint.layout.absolute import AbsolutePlaceholder
from weasyprint.text.line_break import create_layout, line_size

from imprint.painted import Block, Line, Sheet, Survey
from imprint.weasy import POINTS_PER_PIXEL

# The blocks that are judged as a whole.
_BLOCKS = frozenset("h1 h2 h3 h4 h5 h6 figure table aside pre img".split())


def survey(document: Document, root: ElementTree.Element) -> Survey:
    """The pages of a document that was laid out from ``root``."""
    surveyor = _Surveyor({id(element): n for n, element in enumerate(root.iter())})
    for number, page in enumerate(document.pages):
        surveyor.page(number, page._page_box)
    return Survey(tuple(surveyor.sheets), tuple(surveyor.lines), tuple(surveyor.blocks))


class _Surveyor:
    def __init__(self, numbers: Mapping[int, int]) -> None:
        self.numbers = numbers
        self.sheets: list[Sheet] = []
        self.lines: list[Line] = []
        self.blocks: list[Block] = []
        self.spaces: dict[tuple[str, ...], float] = {}
        self.block_numbers: dict[tuple[int, str], int] = {}

    def page(self, number: int, box: Any) -> None:
        """Note one page's lines and blocks, and the page itself."""
        first_line, first_block = len(self.lines), len(self.blocks)
        notes_top = None
        for child in box.children:
            if isinstance(child, boxes.FootnoteAreaBox):
                if child.children:
                    notes_top = child.position_y
                self._walk(child, box, number, footnote=True)
            elif not isinstance(child, boxes.MarginBox):
                self._walk(child, box, number, footnote=False)
        ends = [line.bottom for line in self.lines[first_line:] if not line.footnote]
        ends += [block.bottom for block in self.blocks[first_block:]]
        top = box.content_box_y() * POINTS_PER_PIXEL
        bottom = top + box.height * POINTS_PER_PIXEL
        if notes_top is not None:
            bottom = min(bottom, notes_top * POINTS_PER_PIXEL)
        kind = box.page_type
        self.sheets.append(
            Sheet(
                top=round(top, 2),
                bottom=round(bottom, 2),
                filled=round(max(ends, default=top), 2),
                bare=bool(kind.blank) or kind.name in ("full", "spread"),
                notes=notes_top is not None,
            )
        )

    def _walk(self, box: Any, parent: Any, page: int, *, footnote: bool) -> None:
        if isinstance(box, AbsolutePlaceholder) or not box.is_in_normal_flow():
            # What is taken out of the flow is placed by its style sheet, not by chance.
            return
        number = self.numbers.get(id(box.element)) if box.element is not None else None
        # A table's box stands in a wrapper of the same element, with the caption.
        whole = isinstance(box, boxes.BlockLevelBox | boxes.ReplacedBox)
        judged = whole and box.element_tag in _BLOCKS and not isinstance(box, boxes.TableBox)
        if number is not None and judged and not footnote:
            self._block(box, parent, page, number)
        for child in box.children if isinstance(box, boxes.ParentBox) else ():
            if isinstance(child, boxes.LineBox):
                self._line(child, box, page, footnote)
            self._walk(child, box, page, footnote=footnote)

    def _block(self, box: Any, parent: Any, page: int, number: int) -> None:
        top = box.border_box_y()
        self.blocks.append(
            Block(
                page=page,
                element=number,
                tag=box.element_tag,
                top=round(top * POINTS_PER_PIXEL, 2),
                bottom=round((top + box.border_height()) * POINTS_PER_PIXEL, 2),
                excess=_table_excess(box, parent),
                above=_margin_above(box),
            )
        )

    def _line(self, line: Any, block: Any, page: int, footnote: bool) -> None:
        texts = [b for b in _inline(line) if isinstance(b, boxes.TextBox) and b.text.strip()]
        number = self.numbers.get(id(block.element)) if block.element is not None else None
        if number is None or not texts:
            return
        name = (id(block.element), block.element_tag)
        self.lines.append(
            Line(
                page=page,
                block=self.block_numbers.setdefault(name, len(self.block_numbers)),
                element=number,
                top=round(line.position_y * POINTS_PER_PIXEL, 2),
                bottom=round((line.position_y + line.height) * POINTS_PER_PIXEL, 2),
                stretch=round(max(stretch(text, self.spaces) for text in texts), 2),
                excess=round(_line_excess(line, block) * POINTS_PER_PIXEL, 2),
                hyphenated=_ends_in_hyphen(texts[-1].text),
                last=line.resume_at is None,
                footnote=footnote,
            )
        )


def stretch(text: Any, spaces: dict[tuple[str, ...], float]) -> float:
    """How many times their own width a text's word spaces have. ``spaces`` remembers widths."""
    if not text.justification_spacing:
        return 1.0
    own = _space(text.style, spaces)
    return (own + text.justification_spacing) / own if own > 0 else 1.0


def _space(style: Any, spaces: dict[tuple[str, ...], float]) -> float:
    """The width of a word space of a face at its size."""
    names = ("font_family", "font_size", "font_style", "font_weight", "font_stretch")
    key = tuple(str(style[name]) for name in names)
    if key not in spaces:
        # Between letters, since white space at a line's end has no width.
        spaces[key] = _width("n n", style) - _width("nn", style)
    return spaces[key]


def _width(text: str, style: Any) -> float:
    layout = create_layout(text, style, None, None, 0)
    first, _ = layout.get_first_line()
    width = line_size(first, style)[0]
    layout.deactivate()
    return width


def _inline(box: Any) -> Iterator[Any]:
    """The boxes of a line but those that have lines of their own."""
    for child in box.children:
        yield child
        if isinstance(child, boxes.InlineBox):
            yield from _inline(child)


def _ends_in_hyphen(text: str) -> bool:
    return text.rstrip().endswith(("-", "‐"))


def _line_excess(line: Any, block: Any) -> float:
    """By how many pixels a line is too long: at its end, since lines may begin outside their block."""
    start = block.content_box_x()
    if block.style["direction"] == "rtl":
        return start - line.position_x
    return line.position_x + line.width - start - block.width


def _table_excess(box: Any, parent: Any) -> float:
    """By how many points a table is wider than the room it has."""
    if not isinstance(box, boxes.BlockBox) or not box.is_table_wrapper:
        return 0.0
    widths = [c.border_width() for c in box.children if isinstance(c, boxes.TableBox)]
    return round(max(0.0, *widths, box.width) - parent.width, 2) * POINTS_PER_PIXEL


def _margin_above(box: Any) -> float:
    margin = box.style["margin_top"]
    # Used values are numbers already, "auto" and percentages are neither.
    return float(getattr(margin, "value", 0.0) or 0.0) * POINTS_PER_PIXEL
