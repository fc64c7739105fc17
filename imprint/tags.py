"""The tag tree: a chapter's structure elements, made from its own elements and not from boxes.

One structure element an HTML element (ISO 32000-1, 14.8.4), in the source's order, whatever pages
it crosses: each piece of content names its page. Joining (``assemble``) writes them into the PDF.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from xml.etree.ElementTree import Element

from imprint.painted import LinkArea, Mark

SVG = "{http://www.w3.org/2000/svg}svg"


@dataclass(frozen=True)
class Content:
    """A marked-content sequence of a page (index from 0 in its fragment)."""

    page: int
    mcid: int


@dataclass(frozen=True)
class LinkObject:
    """The link annotation made from the fragment's link area of this index."""

    index: int


@dataclass(frozen=True)
class StructureElement:
    """A node of the tag tree; ``type`` is a standard structure type or one of ROLE_MAP's.

    ``attributes`` holds what goes into attribute objects: Scope, Headers, ColSpan, RowSpan,
    ListNumbering, BBox. ``headers`` and ``id`` are names unique in the fragment; ``anchors`` are
    the ids of HTML elements that this structure element is nearest to.
    """

    type: str
    kids: tuple[Kid, ...] = ()
    alt: str | None = None
    lang: str = ""
    expansion: str = ""
    id: str = ""
    attributes: Mapping[str, object] = field(default_factory=dict)
    anchors: tuple[str, ...] = ()


Kid: TypeAlias = "StructureElement | Content | LinkObject"

# Our own names and the standard types that they stand for (ISO 14289-1, 7.1: role mapping).
ROLE_MAP = {"Aside": "Sect", "Em": "Span", "Strong": "Span", "Title": "P"}

_GROUPS = {
    "section": "Sect",
    "article": "Art",
    "aside": "Aside",
    "blockquote": "BlockQuote",
    "figure": "Div",
    "div": "Div",
    "nav": "Div",
    "header": "Div",
    "footer": "Div",
    "main": "Div",
    "details": "Div",
    "address": "Div",
    "center": "Div",
    "fieldset": "Div",
    "hgroup": "Div",
}
_PARAGRAPHS = {
    "p": "P",
    "h1": "H1",
    "h2": "H2",
    "h3": "H3",
    "h4": "H4",
    "h5": "H5",
    "h6": "H6",
    "pre": "P",
    "summary": "P",
    "dt": "Lbl",
    "caption": "Caption",
    "figcaption": "Caption",
    "legend": "P",
}
_INLINES = {"em": "Em", "strong": "Strong", "code": "Code", "q": "Quote", "abbr": "Span"}
_INLINE_TYPES = {"Span", "Link", "Code", "Quote", "Reference", "Note", "Formula", "Em", "Strong"}
# What a table has even if nothing is in it (ISO 14289-1, 7.5: a table's head needs a body).
_EMPTY_PARTS = ("td", "th", "tr", "thead", "tbody", "tfoot")
# Stands on what layout moved past its neighbours.
MOVED = "data-moved"
_ROWS = {"thead": "THead", "tbody": "TBody", "tfoot": "TFoot"}


def build(
    root: Element, marks: Iterable[Mark], links: Iterable[LinkArea], prefix: str
) -> tuple[StructureElement, ...]:
    """The structure elements of a laid-out document, outermost first.

    ``root`` is the tree that was laid out, ``prefix`` a name unique in the book for the ids.
    """
    body = root.find("body")
    if body is None:
        return ()
    return tuple(_Builder(root, marks, links, prefix).group(body))


def _place_in_source(part: Mark | Element) -> int:
    return 0 if isinstance(part, Mark) else int(part.get("data-e", "0"))


class _Builder:
    """The tree with what was painted for each of its elements."""

    def __init__(
        self, root: Element, marks: Iterable[Mark], links: Iterable[LinkArea], prefix: str
    ) -> None:
        self.prefix = prefix
        self.elements = list(root.iter())
        self.number = {id(element): n for n, element in enumerate(self.elements)}
        self.own: dict[int, list[tuple[int, Mark]]] = defaultdict(list)
        for sequence, mark in enumerate(marks):
            self.own[mark.element].append((sequence, mark))
        self.areas: dict[int, list[int]] = defaultdict(list)
        for index, link in enumerate(links):
            self.areas[link.element].append(index)
        self.first = self._first_marks()
        self.headers: dict[int, tuple[str, ...]] = {}
        self.claimed: set[str] = set()
        self.toc_lists = {
            id(level)
            for top in root.iter()
            if "toc" in top.get("class", "").split()
            for level in top.iter()
        }

    def _first_marks(self) -> dict[int, int]:
        """For each element with any content in it, the place of the first in painting order."""
        first: dict[int, int] = {}
        for element in reversed(self.elements):
            number = self.number[id(element)]
            places = [sequence for sequence, _ in self.own.get(number, ())]
            places += [first[self.number[id(c)]] for c in element if self.number[id(c)] in first]
            if places:
                first[number] = min(places)
        return first

    def parts(self, element: Element) -> list[Mark | Element]:
        """An element's own content and its children with content, in reading order."""
        number = self.number[id(element)]
        placed: list[tuple[int, int, Mark | Element]] = [
            (sequence, 0, mark) for sequence, mark in self.own.get(number, ())
        ]
        last = -1
        for order, child in enumerate(element, start=1):
            place = self.first.get(self.number[id(child)])
            if place is None and child.tag not in _EMPTY_PARTS:
                continue
            last = last if place is None else place
            placed.append((last, order, child))
        placed.sort(key=lambda entry: entry[:2])
        parts = [part for _, _, part in placed]
        if any(MOVED in child.attrib for child in element):
            parts.sort(key=_place_in_source)
        return parts

    def flow(self, element: Element) -> list[Kid]:
        """What an element holds, as it is: paragraphs, text, or both."""
        kids: list[Kid] = []
        for part in self.parts(element):
            if isinstance(part, Mark):
                kids.append(Content(part.page, part.mcid))
            else:
                kids.extend(self.convert(part))
        return kids

    def group(self, element: Element) -> list[StructureElement]:
        """What a grouping element holds: loose text between paragraphs becomes one."""
        return _paragraphs(self.flow(element))

    def convert(self, element: Element) -> list[Kid]:
        """The kids that an element contributes to its parent."""
        tag = element.tag
        special: dict[str, Callable[[Element], list[Kid]]] = {
            "img": self.picture,
            SVG: self.picture,
            "figure": self.figure,
            "table": self.table,
            "ul": self.list_,
            "ol": self.list_,
            "dl": self.definitions,
            "dd": self.definition,
            "a": self.link,
        }
        if self._is_note(element):
            return self.note(element)
        if tag in special:
            return special[tag](element)
        if "formula" in element.get("class", "").split():
            return self.formula(element)
        if element.get("class") == "half":
            # Half of a picture that runs over facing pages: the figure holds it, not a group.
            return self.flow(element)
        if tag in _GROUPS:
            kids: list[Kid] = [*self.group(element)]
            return [self.made(element, _group_type(element), kids)] if kids else []
        if tag in _PARAGRAPHS:
            return self.paragraph(element)
        return self.inline(element)

    def made(self, element: Element, type_: str, kids: Iterable[Kid]) -> StructureElement:
        """A structure element with what the HTML element says of language and expansion."""
        expansion = element.get("title", "") if element.tag == "abbr" else ""
        return StructureElement(
            type_,
            tuple(kids),
            lang=element.get("lang", ""),
            expansion=expansion,
            anchors=self.anchors(element),
        )

    def anchors(self, element: Element) -> tuple[str, ...]:
        """The ids of an element and of those in it that no structure element has yet."""
        own = [e.get("id", "") for e in element.iter() if e.get("id")]
        free = tuple(name for name in own if name not in self.claimed)
        self.claimed.update(free)
        return free

    def paragraph(self, element: Element) -> list[Kid]:
        kids = self.flow(element)
        if not kids:
            return []
        if any(_is_block(kid) for kid in kids) and element.tag not in ("figcaption", "caption"):
            # A paragraph that holds blocks (a note's own apart) is split by nothing: group it.
            return [self.made(element, "Div", _paragraphs(kids))]
        return [self.made(element, _PARAGRAPHS[element.tag], kids)]

    def inline(self, element: Element) -> list[Kid]:
        """An inline element: a node of its own where it says something, else its content."""
        kids = self.flow(element)
        if not kids:
            return []
        if element.tag in _INLINES:
            return [self.made(element, _INLINES[element.tag], kids)]
        if element.get("lang"):
            return [self.made(element, "Span", kids)]
        return kids

    def picture(self, element: Element) -> list[Kid]:
        marks = [mark for _, mark in self.own.get(self.number[id(element)], ())]
        if not marks:
            return self.flow(element)
        alt = _alternative(element)
        content: list[Kid] = [Content(mark.page, mark.mcid) for mark in marks]
        if element.tag == SVG:
            content += self.flow_of_children(element)
        return [
            StructureElement(
                "Figure",
                tuple(content),
                alt=alt,
                lang=element.get("lang", ""),
                attributes={"BBox": marks[0].rect} if marks[0].rect else {},
            )
        ]

    def formula(self, element: Element) -> list[Kid]:
        """Mathematics with its words, which ISO 14289-1, 7.7 asks for."""
        kids = self.flow(element)
        if not kids:
            return []
        return [replace(self.made(element, "Formula", kids), alt=element.get("aria-label"))]

    def flow_of_children(self, element: Element) -> list[Kid]:
        return [kid for child in element for kid in self.convert(child)]

    def figure(self, element: Element) -> list[Kid]:
        """A figure with its caption inside; one with a table in it gives the table the caption."""
        kids = self.flow(element)
        pictures = [k for k in kids if _type(k) == "Figure"]
        tables = [k for k in kids if _type(k) == "Table"]
        captions = [k for k in kids if _type(k) == "Caption"]
        rest = [k for k in kids if k not in pictures and k not in captions]
        if len(tables) == 1 and len(captions) == 1 and not pictures:
            table = tables[0]
            assert isinstance(table, StructureElement)
            return [
                replace(table, kids=(*captions, *table.kids)) if k is table else k
                for k in _paragraphs(rest)
            ]
        if len(pictures) == 1:
            picture = pictures[0]
            assert isinstance(picture, StructureElement)
            whole = replace(picture, kids=(*picture.kids, *captions))
            return [whole, *_paragraphs(rest)] if rest else [whole]
        return [self.made(element, "Div", _paragraphs(kids))] if kids else []

    def link(self, element: Element) -> list[Kid]:
        kids = self.flow(element)
        areas = self.areas.get(self.number[id(element)], [])
        if not kids or not areas:
            return kids
        inner = [*kids, *(LinkObject(index) for index in areas)]
        made = self.made(element, "Link", inner)
        role = element.get("role", "")
        internal = element.get("href", "").startswith("#")
        if internal and role != "doc-backlink":
            return [StructureElement("Reference", (made,))]
        return [made]

    def _is_note(self, element: Element) -> bool:
        own = self.own.get(self.number[id(element)], ())
        return any(mark.pseudo == "footnote-call" for _, mark in own)

    def note(self, element: Element) -> list[Kid]:
        """The call of a note as a reference, and the note itself right behind it."""
        number = self.number[id(element)]
        calls = [m for _, m in self.own[number] if m.pseudo == "footnote-call"]
        labels = [m for _, m in self.own[number] if m.pseudo == "footnote-marker"]
        set_apart = {m.mcid for m in (*calls, *labels)}
        body: list[Kid] = []
        for part in self.parts(element):
            if not isinstance(part, Mark):
                body.extend(self.convert(part))
            elif part.mcid not in set_apart or part not in (*calls, *labels):
                body.append(Content(part.page, part.mcid))
        label = StructureElement("Lbl", tuple(Content(m.page, m.mcid) for m in labels))
        reference = StructureElement("Reference", tuple(Content(m.page, m.mcid) for m in calls))
        note = StructureElement(
            "Note",
            ((label, *body) if labels else tuple(body)),
            # ISO 14289-1, 7.9: every Note has an ID.
            id=f"{self.prefix}-note-{number}",
        )
        return [reference, note]

    def list_(self, element: Element) -> list[Kid]:
        if id(element) in self.toc_lists:
            return [self.contents(element)]
        numbering = "Decimal" if element.tag == "ol" else "Disc"
        items = [self.item(child) for child in self._children(element)]
        kids: list[Kid] = [item for item in items if item]
        if not kids:
            return []
        made = self.made(element, "L", kids)
        return [replace(made, attributes={"ListNumbering": numbering})]

    def _children(self, element: Element) -> list[Element]:
        return [part for part in self.parts(element) if not isinstance(part, Mark)]

    def item(self, element: Element) -> StructureElement | None:
        """A list's item: its bullet or number as label, the rest as body."""
        number = self.number[id(element)]
        markers = [m for _, m in self.own.get(number, ()) if m.pseudo == "marker"]
        kids: list[Kid] = []
        for part in self.parts(element):
            if isinstance(part, Mark):
                if part.pseudo != "marker":
                    kids.append(Content(part.page, part.mcid))
            else:
                kids.extend(self.convert(part))
        if not kids and not markers:
            return None
        if any(_is_block(kid) for kid in kids):
            kids = [*_paragraphs(kids)]
        label = StructureElement("Lbl", tuple(Content(m.page, m.mcid) for m in markers))
        body = StructureElement("LBody", tuple(kids))
        return self.made(element, "LI", (label, body) if markers else (body,))

    def definitions(self, element: Element) -> list[Kid]:
        """A list of terms: each item a term (or several) with its definitions."""
        items: list[list[Kid]] = []
        for child in self._flat_definitions(element):
            made = self.convert(child)
            starts = child.tag == "dt" and (not items or any(_type(k) != "Lbl" for k in items[-1]))
            if starts or not items:
                items.append([])
            items[-1].extend(made)
        kids = tuple(StructureElement("LI", tuple(item)) for item in items if item)
        return [self.made(element, "L", kids)] if kids else []

    def definition(self, element: Element) -> list[Kid]:
        """What a term means: its text as it is, paragraphs only where the source has some."""
        kids = self.flow(element)
        if any(_is_block(kid) for kid in kids):
            kids = [*_paragraphs(kids)]
        return [self.made(element, "LBody", kids)] if kids else []

    def _flat_definitions(self, element: Element) -> list[Element]:
        """A list's terms and definitions, out of the divs that HTML allows around them."""
        flat: list[Element] = []
        for child in self._children(element):
            flat.extend(self._children(child) if child.tag == "div" else [child])
        return flat

    def contents(self, element: Element) -> StructureElement:
        """A table of contents, or a level of it (ISO 32000-1, table 333: TOC and TOCI)."""
        items = [
            self.made(child, "TOCI", _toc_kids(self.flow(child)))
            for child in self._children(element)
        ]
        return self.made(element, "TOC", items)

    def table(self, element: Element) -> list[Kid]:
        self.headers.update(_cell_headers(element, self.number, self.prefix))
        captions: list[Kid] = []
        rows: list[Kid] = []
        for part in self.parts(element):
            if isinstance(part, Mark):
                continue
            if part.tag in _ROWS:
                rows.append(self.made(part, _ROWS[part.tag], self._rows(part)))
            elif part.tag == "tr":
                rows.append(self.row(part))
            else:
                captions.extend(self.convert(part))
        rows = [row for row in rows if isinstance(row, StructureElement) and row.kids]
        if not rows:
            return captions
        return [self.made(element, "Table", (*captions, *rows))]

    def _rows(self, element: Element) -> list[StructureElement]:
        return [self.row(child) for child in self._children(element) if child.tag == "tr"]

    def row(self, element: Element) -> StructureElement:
        cells = [self.cell(child) for child in self._children(element) if child.tag in ("td", "th")]
        return self.made(element, "TR", cells)

    def cell(self, element: Element) -> StructureElement:
        """A cell with its scope or headers (ISO 14289-1, 7.5)."""
        kids = self.flow(element)
        if any(_is_block(kid) for kid in kids):
            kids = [*_paragraphs(kids)]
        made = self.made(element, element.tag.upper(), kids)
        attributes: dict[str, object] = {}
        for name, key in (("colspan", "ColSpan"), ("rowspan", "RowSpan")):
            if element.get(name, "1").isdigit() and int(element.get(name, "1")) > 1:
                attributes[key] = int(element.get(name, "1"))
        number = self.number[id(element)]
        if element.tag == "th":
            attributes["Scope"] = "Row" if element.get("scope") == "row" else "Column"
            return replace(made, attributes=attributes, id=f"{self.prefix}-th-{number}")
        if self.headers.get(number):
            attributes["Headers"] = self.headers[number]
        return replace(made, attributes=attributes)


def _group_type(element: Element) -> str:
    role = element.get("role", "")
    if element.get("class") == "index-columns":
        return "Index"
    if element.tag == "section" and role == "doc-part":
        return "Part"
    return _GROUPS[element.tag]


def _type(kid: Kid) -> str:
    return kid.type if isinstance(kid, StructureElement) else ""


def _is_block(kid: Kid) -> bool:
    return isinstance(kid, StructureElement) and kid.type not in (*_INLINE_TYPES, "Figure")


def _paragraphs(kids: Iterable[Kid]) -> list[StructureElement]:
    """Blocks only: runs of text and inline elements between blocks become paragraphs."""
    blocks: list[StructureElement] = []
    run: list[Kid] = []
    for kid in kids:
        lone_figure = _type(kid) == "Figure" and not run
        if isinstance(kid, StructureElement) and (_is_block(kid) or lone_figure):
            if run:
                blocks.append(StructureElement("P", tuple(run)))
                run = []
            blocks.append(kid)
        else:
            run.append(kid)
    if run:
        blocks.append(StructureElement("P", tuple(run)))
    return blocks


def _toc_kids(kids: Iterable[Kid]) -> list[Kid]:
    """Contents lines hold references and levels of contents; wrappers are of no use to readers."""
    flat: list[Kid] = []
    for kid in kids:
        if isinstance(kid, StructureElement) and kid.type == "Div":
            flat.extend(_toc_kids(kid.kids))
        else:
            flat.append(kid)
    return flat


def _alternative(element: Element) -> str:
    """The text alternative of a picture, as HTML gives it."""
    if element.tag == SVG:
        title = element.find("{http://www.w3.org/2000/svg}title")
        return element.get("aria-label") or (title.text if title is not None else "") or ""
    return element.get("alt", "")


def _cell_headers(
    table: Element, numbers: Mapping[int, int], prefix: str
) -> dict[int, tuple[str, ...]]:
    """For each data cell the ids of the header cells above it and beside it."""
    columns: dict[int, list[str]] = defaultdict(list)
    result: dict[int, tuple[str, ...]] = {}
    occupied: dict[tuple[int, int], bool] = {}
    for row_index, row in enumerate(table.iter("tr")):
        beside: list[str] = []
        column = 0
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        for cell in cells:
            while occupied.get((row_index, column)):
                column += 1
            width = _span(cell, "colspan")
            for down in range(_span(cell, "rowspan")):
                for across in range(width):
                    occupied[row_index + down, column + across] = True
            number = numbers[id(cell)]
            name = f"{prefix}-th-{number}"
            if cell.tag == "th" and cell.get("scope") == "row":
                beside.append(name)
            elif cell.tag == "th":
                for across in range(width):
                    columns[column + across].append(name)
            else:
                above = [h for across in range(width) for h in columns[column + across]]
                result[number] = tuple(dict.fromkeys((*beside, *above)))
            column += width
    return result


def _span(cell: Element, name: str) -> int:
    value = cell.get(name, "1")
    return min(max(int(value), 1), 1000) if value.isdigit() else 1
