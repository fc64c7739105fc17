"""Any well-formed tree as content that HTML and EPUB 3.3 allow: elements, attributes, nesting.

Authors write raw HTML of every age. One walk down the tree admits what the tables below name and
renames or unwraps the rest; on the way up each element is given only children that its content
model allows (https://html.spec.whatwg.org/multipage/dom.html#content-models). Text is never lost.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

from lxml import etree

from imprint import drawing
from imprint.words import locale

Node: TypeAlias = "etree._Element | str"
_Kind = TypeVar("_Kind")

# A point that must survive wherever it stands: a page mark, or the id of an element that went.
# It becomes a <span> at the end, and is carried into the nearest place where one may stand.
MARK = "{urn:imprint}mark"


def _names(text: str) -> frozenset[str]:
    """The names in a text."""
    return frozenset(text.split())


HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
VOID = frozenset({"br", "hr", "img", "wbr", "col"})
TRANSPARENT = frozenset({"a", "ins", "del"})
INLINE = TRANSPARENT | _names(
    "abbr b bdi bdo br cite code dfn em i img kbd mark q rp rt ruby s samp small span strong sub "
    "sup time u var wbr svg math"
)
PHRASING_ONLY = frozenset({*HEADINGS, "pre", "summary", "caption"})
FLOW = _names("div section aside blockquote li dt dd td th figcaption")
PARTS = _names("colgroup thead tbody tfoot tr ul ol dl table figure details hr col p")
KNOWN = INLINE | PHRASING_ONLY | FLOW | PARTS

RENAMED = {
    "acronym": "abbr",
    "big": "span",
    "dir": "ul",
    "fieldset": "div",
    "font": "span",
    "label": "span",
    "legend": "p",
    "listing": "pre",
    "main": "div",
    "menu": "ul",
    "nobr": "span",
    "output": "span",
    "plaintext": "pre",
    "strike": "s",
    "tt": "code",
    "xmp": "pre",
} | dict.fromkeys(
    _names("address article center dialog footer form header hgroup nav search"), "div"
)
DROPPED = _names(
    "applet area base basefont bgsound datalist frame head link meta param rp script select "
    "source style template textarea title track"
)
# What plays or runs elsewhere becomes a link to it.
EMBEDDED = {"iframe": "src", "video": "src", "audio": "src", "embed": "src", "object": "data"}

_DOC_SECTIONS = frozenset(
    f"doc-{name}"
    for name in _names(
        "abstract acknowledgments afterword appendix bibliography chapter colophon conclusion "
        "endnotes epilogue foreword glossary introduction part preface prologue"
    )
)
ROLES: Mapping[str, frozenset[str]] = {
    "section": _DOC_SECTIONS,
    "a": frozenset({"doc-noteref", "doc-backlink", "doc-biblioref", "doc-glossref"}),
    "aside": frozenset({"doc-footnote", "doc-pullquote", "doc-tip", "note"}),
    "p": frozenset({"doc-subtitle"}),
}
# aria-label is prohibited on elements without a role of their own (WAI-ARIA 1.2, 5.2.8.6).
LABELLED = frozenset({"a", "table", "figure"})
# What may not stand anywhere inside an element, and what stands there instead.
_NO_HEADINGS = dict.fromkeys((*HEADINGS, "section", "aside"), "div")
BANNED: Mapping[str, Mapping[str, str]] = {
    "a": {"a": "span", "details": "div", "summary": "p"},
    "dfn": {"dfn": "span"},
    "dt": _NO_HEADINGS,
    "th": _NO_HEADINGS,
    "summary": _NO_HEADINGS | {"details": "div"},
}

_NATURAL = re.compile(r"[1-9]\d{0,3}")
_INTEGER = re.compile(r"-?\d{1,6}")
ATTRIBUTES: Mapping[tuple[str, str], re.Pattern[str]] = {
    ("a", "href"): re.compile(r".+", re.DOTALL),
    ("img", "src"): re.compile(r".+", re.DOTALL),
    ("img", "alt"): re.compile(r".*", re.DOTALL),
    ("img", "width"): _NATURAL,
    ("img", "height"): _NATURAL,
    ("ol", "start"): _INTEGER,
    ("ol", "type"): re.compile(r"[1aAiI]"),
    ("ol", "reversed"): re.compile(r"(reversed)?"),
    ("li", "value"): _INTEGER,
    ("td", "colspan"): _NATURAL,
    ("td", "rowspan"): _NATURAL,
    ("th", "colspan"): _NATURAL,
    ("th", "rowspan"): _NATURAL,
    ("th", "scope"): re.compile(r"row|col|rowgroup|colgroup"),
    ("col", "span"): _NATURAL,
    ("colgroup", "span"): _NATURAL,
    ("details", "open"): re.compile(r"(open)?"),
    ("time", "datetime"): re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])"),
}
# What these elements are nothing without.
_NEEDED = {"bdo": "dir", "time": "datetime"}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_DIRECTION = re.compile(r"ltr|rtl|auto")
_ALIGNED = re.compile(r"text-align\s*:\s*(left|right|center|justify)", re.IGNORECASE)

# Deeper than this, only the text is kept: no reader's software is tried on such trees.
DEEPEST = 120


@dataclass(frozen=True)
class Admission:
    """What an edition offers: its address of each picture, and what to say of a missing one."""

    pictures: Mapping[str, str]
    missing_picture: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""
    depth: int = 0

    def inside(self, tag: str) -> Admission:
        """What holds for the children of such an element."""
        renamed = {**self.renamed, **BANNED.get(tag, {})}
        return replace(self, renamed=renamed, parent=tag, depth=self.depth + 1)


def repaired(body: etree._Element, admission: Admission) -> etree._Element:
    """A copy of a chapter's ``<section>`` that EPUBCheck and a browser take without complaint."""
    section = etree.Element("section", _attributes(body, "section"))
    kids = [n for node in contents(body) for n in _admitted(node, admission.inside("section"))]
    _fill(section, _flow(kids))
    for mark in section.iter(MARK):
        mark.tag = "span"
    etree.cleanup_namespaces(section)
    _unique_ids(section)
    _unique_landmarks(section)
    _order_headings(section)
    return section


# --- ids and addresses ---------------------------------------------------------------------------


def safe_id(name: str) -> str:
    """The id as an XML name (EPUBCheck asks for NCName): itself wherever it is one."""
    kept = "".join(c if _is_name_character(c) else f"_{ord(c):x}_" for c in name)
    return kept if kept[:1].isalpha() or kept[:1] == "_" else f"id-{kept}"


def _is_name_character(char: str) -> bool:
    """Whether XML 1.0 in all its editions allows the character in a name."""
    if char.isascii():
        return char.isalnum() or char in "_.-"
    in_range = "À" <= char <= "ž" or "Ά" <= char <= "ώ" or "Ё" <= char <= "џ" or char in "Ґґ"
    return in_range and char.isalpha() and unicodedata.normalize("NFKC", char) == char


def safe_url(url: str) -> str:
    """The address of a place outside the book, escaped as URLs ask; "" for what is none."""
    url = re.sub(r"[\t\r\n]", "", url).strip()
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme in ("mailto", "tel"):
        return f"{parts.scheme}:{_quoted(url.split(':', 1)[1])}" if parts.path else ""
    if parts.scheme not in ("http", "https") or not re.fullmatch(
        r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", host
    ):
        return ""
    if ".." in host or (re.fullmatch(r"[0-9.]*\.?\d+", host) and not _is_ipv4(host)):
        return ""
    query = f"?{_quoted(parts.query)}" if parts.query else ""
    fragment = f"#{_quoted(parts.fragment)}" if parts.fragment else ""
    return f"{parts.scheme}://{host}{port}{_quoted(parts.path)}{query}{fragment}"


def _is_ipv4(host: str) -> bool:
    """Whether a host of digits is an address: browsers refuse any other such host."""
    numbers = host.split(".")
    return len(numbers) == 4 and all(n.isdigit() and int(n) < 256 for n in numbers)


def _quoted(part: str) -> str:
    """The part of an address with escapes where needed, and those that it has left alone."""
    escaped = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", part)
    return quote(escaped, safe="%/:=&?~+!$,;'@()*")


# --- down: what is admitted ----------------------------------------------------------------------


def contents(element: etree._Element) -> list[Node]:
    """The text and the children of an element in their order."""
    nodes: list[Node] = [element.text] if element.text else []
    for child in element:
        if isinstance(child.tag, str):
            nodes.append(child)
        if child.tail:
            nodes.append(child.tail)
    return nodes


def _admitted(node: Node, here: Admission) -> list[Node]:
    """The node as nodes that are valid, apart from where they stand."""
    if isinstance(node, str):
        return [node]
    if node.tag == MARK:
        return [_copy(node)]
    tag = etree.QName(node).localname.lower()
    if here.depth > DEEPEST:
        return [*_marks_within(node), " ".join(node.itertext())]
    special = _SPECIAL.get(tag)
    if special:
        return special(node, here)
    if tag in DROPPED:
        return _marks_within(node)
    return _element(node, RENAMED.get(tag, tag), here)


def _within(node: etree._Element, here: Admission) -> list[Node]:
    """The contents of an element that may have none, for what comes after it."""
    below = replace(here, depth=here.depth + 1)
    return [n for child in contents(node) for n in _admitted(child, below)]


def _element(node: etree._Element, tag: str, here: Admission) -> list[Node]:
    """An ordinary element: admitted with its contents, or its contents alone."""
    tag = here.renamed.get(tag, tag)
    unwrapped = tag not in KNOWN or (tag == "div" and here.parent == "dl")
    below = here if unwrapped else here.inside(tag)
    if unwrapped:
        below = replace(here, depth=here.depth + 1)
    kids = [n for child in contents(node) for n in _admitted(child, below)]
    if unwrapped:
        return [*_id_mark(node), *kids]
    attributes = _attributes(node, tag)
    if _NEEDED.get(tag, "") not in ("", *attributes):
        tag = "span"
    return _shaped(etree.Element(tag, attributes), kids)


def _attributes(node: etree._Element, tag: str) -> dict[str, str]:
    """The attributes of the node that an element of this name may have."""
    kept = {
        name: value
        for name, value in node.attrib.items()
        if (tag, name) in ATTRIBUTES and ATTRIBUTES[tag, name].fullmatch(value)
    }
    if node.get("id", "").strip():
        kept["id"] = safe_id(node.get("id").strip())
    kept |= _class(node)
    if node.get("title", "").strip() and tag != "img":
        kept["title"] = node.get("title")
    if _is_language(node.get("lang", "")):
        kept["lang"] = node.get("lang")
    if _DIRECTION.fullmatch(node.get("dir", "")):
        kept["dir"] = node.get("dir")
    if node.get("role") in ROLES.get(tag, ()):
        kept["role"] = node.get("role")
    if node.get("aria-label", "").strip() and tag in LABELLED:
        kept["aria-label"] = node.get("aria-label")
    return kept


def _is_language(tag: str) -> bool:
    """Whether the tag names a language: browsers know no others."""
    primary = tag.split("-")[0].lower()
    return bool(_LANGUAGE.fullmatch(tag)) and primary in locale("en").languages


def _class(node: etree._Element) -> dict[str, str]:
    """The classes; alignment by attribute or style becomes a class as well."""
    names = node.get("class", "").split()
    aligned = _ALIGNED.search(node.get("style", ""))
    align = aligned.group(1) if aligned else node.get("align", "")
    if align.lower() in ("left", "right", "center", "justify"):
        names.append(f"align-{align.lower()}")
    return {"class": " ".join(dict.fromkeys(names))} if names else {}


def _id_mark(node: etree._Element) -> list[Node]:
    """The place of an element that goes, where something may point at it."""
    if not node.get("id", "").strip():
        return []
    return [etree.Element(MARK, {"id": safe_id(node.get("id").strip())})]


def _marks_within(node: etree._Element) -> list[Node]:
    """The places in an element that goes with all that is in it."""
    return [*_id_mark(node), *(_copy(mark) for mark in node.iter(MARK))]


def _picture(node: etree._Element, here: Admission) -> list[Node]:
    """The picture at its address in the edition, or what stands for a missing one."""
    attributes = _attributes(node, "img")
    address = here.pictures.get(node.get("src", ""))
    alt = (node.get("alt") or "").strip()
    if not address:
        said = f"{here.missing_picture}: {alt or node.get('src', '')}".rstrip(": ")
        missing = etree.Element("span", {"class": "missing"})
        missing.text = said
        return [*_id_mark(node), missing, *_within(node, here)]
    decorative = node.get("role") in ("presentation", "none")
    attributes |= {"src": address, "alt": "" if decorative else alt}
    return [etree.Element("img", attributes), *_within(node, here)]


def _check_box(node: etree._Element, here: Admission) -> list[Node]:
    """A task list's box as a character; other form fields go."""
    if node.get("type") != "checkbox":
        return [*_id_mark(node), *_within(node, here)]
    box = etree.Element("span", {"class": "task"})
    box.text = "☑" if node.get("checked") is not None else "☐"
    return [*_id_mark(node), box, *_within(node, here)]


def _elsewhere(node: etree._Element, here: Admission) -> list[Node]:
    """A link in place of what would play here, with the words that it had for such a case."""
    sources = [node, *node.iter("source")]
    name = EMBEDDED[etree.QName(node).localname.lower()]
    address = next((u for s in sources if (u := safe_url(s.get(name) or s.get("src") or ""))), "")
    kids = [n for child in contents(node) for n in _admitted(child, here.inside("span"))]
    if not address or "a" in here.renamed:
        return [*_id_mark(node), *kids]
    linked = any(not isinstance(k, str) and k.tag == "a" for k in kids)
    link = etree.Element("a", {"class": "external", "href": address})
    text = " ".join(
        "".join(k if isinstance(k, str) else "".join(k.itertext()) for k in kids).split()
    )
    link.text = node.get("title") or (text if text and not linked else address)
    if linked:
        return [*_id_mark(node), link, *kids]
    return [*_marks_within(node), link]


def _svg(node: etree._Element, here: Admission) -> list[Node]:
    """A drawing within the text, cleaned."""
    return [drawing.inline_svg(node)]


def _math(node: etree._Element, here: Admission) -> list[Node]:
    """A formula, cleaned; where it is no valid MathML, its text."""
    formula = drawing.math(node)
    if formula is not None:
        return [formula]
    words = etree.Element("span", {"class": "formula"})
    words.text = node.get("alttext") or drawing.in_a_line(node)
    return [words]


_SPECIAL: Mapping[str, Callable[[etree._Element, Admission], list[Node]]] = {
    "img": _picture,
    "image": _picture,
    "input": _check_box,
    "svg": _svg,
    "math": _math,
} | dict.fromkeys(EMBEDDED, _elsewhere)


# --- up: what may stand where --------------------------------------------------------------------


def _shaped(element: etree._Element, kids: list[Node]) -> list[Node]:
    """The element with its children as its content model asks: one node or several."""
    tag = element.tag
    if tag in VOID:
        return [element, *kids]
    if tag in _BUILT:
        return _BUILT[tag](element, kids)
    if tag in INLINE:
        return [_inline(element, kids)]
    if tag in PHRASING_ONLY:
        return [_fill(element, _demoted(kids))]
    return [_fill(element, _flow(kids))]


def _is_block(node: Node) -> bool:
    """Whether the node may not stand in a line of text."""
    if isinstance(node, str) or node.tag == MARK:
        return False
    if node.tag in TRANSPARENT:
        return any(_is_block(child) for child in node)
    return node.tag not in INLINE


def _inline(element: etree._Element, kids: list[Node]) -> etree._Element:
    """An element of a line of text; with blocks inside it becomes a block itself."""
    if not any(_is_block(kid) for kid in kids):
        return _fill(element, _without_ruby_parts(kids))
    if element.tag not in TRANSPARENT:
        _retag(element, "div")
    return _fill(element, _flow(kids))


def _paragraphs(element: etree._Element, kids: list[Node]) -> list[Node]:
    """The paragraph cut wherever a block stands in it."""
    nodes: list[Node] = []
    attributes = dict(element.attrib)
    for is_block, run in _runs(kids, _is_block):
        if is_block or all(_is_blank(n) for n in run):
            nodes += run
            continue
        nodes.append(_fill(etree.Element("p", attributes), _without_ruby_parts(run)))
        attributes.pop("id", None)
    if "id" in attributes:
        nodes = [*_id_mark(element), *nodes]
    return nodes


def _demoted(kids: Iterable[Node]) -> list[Node]:
    """The nodes as a line of text: blocks give up all but their words."""
    nodes: list[Node] = []
    for kid in kids:
        if not isinstance(kid, str) and _is_block(kid):
            nodes += [*_id_mark(kid), " ", *_demoted(contents(kid)), " "]
        else:
            nodes.append(kid)
    return _without_ruby_parts(nodes)


_HOMES = {"li": "ul", "dt": "dl", "dd": "dl"} | dict.fromkeys(
    _names("caption colgroup col thead tbody tfoot tr td th"), "table"
)


def _flow(kids: list[Node]) -> list[Node]:
    """The nodes with homes made for items without a list and cells without a table."""
    nodes: list[Node] = []
    for home, run in _runs(_without_ruby_parts(kids), _home):
        if home:
            nodes += _shaped(etree.Element(home), run)
        else:
            nodes += [_homeless(node) for node in run]
    return nodes


def _home(node: Node) -> str:
    """The element that a part of a list or table must stand in, or "" for any other node."""
    return "" if isinstance(node, str) else _HOMES.get(node.tag, "")


def _homeless(node: Node) -> Node:
    """The caption of no figure, the summary of no details, as ordinary blocks."""
    if not isinstance(node, str) and node.tag in ("figcaption", "summary"):
        _retag(node, "div")
    return node


def _runs(kids: Iterable[Node], key: Callable[[Node], _Kind]) -> list[tuple[_Kind, list[Node]]]:
    """Neighbours of one kind together; blanks and marks between two of a kind do not part them."""
    runs: list[tuple[_Kind, list[Node]]] = []
    waiting: list[Node] = []
    for kid in kids:
        if _is_blank(kid):
            waiting.append(kid)
            continue
        kind = key(kid)
        if runs and runs[-1][0] == kind:
            runs[-1][1].extend([*waiting, kid])
        else:
            runs.append((kind, [*waiting, kid]))
        waiting = []
    if waiting and runs:
        runs[-1][1].extend(waiting)
    elif waiting:
        runs.append((key(""), waiting))
    return runs


def _items(
    kids: list[Node], accepted: frozenset[str], wrapper: str
) -> tuple[list[etree._Element], list[Node]]:
    """The accepted elements, strays wrapped; and the marks for which none was there."""
    items: list[etree._Element] = []
    marks: list[Node] = []

    def is_item(node: Node) -> bool:
        return not isinstance(node, str) and node.tag in accepted

    for fits, run in _runs(kids, is_item):
        if not fits and not all(_is_blank(n) for n in run):
            found: list[Node] = _shaped(etree.Element(wrapper), run)
        else:
            found = run
        for node in found:
            if is_item(node):
                _enter(node, marks)
                items.append(node)
                marks = []
            elif not isinstance(node, str):
                marks.append(node)
    if items and marks:
        _append(items[-1], marks)
        marks = []
    return items, marks


def _list(element: etree._Element, kids: list[Node]) -> list[Node]:
    """A list of nothing but items, unless it is empty."""
    items, marks = _items(kids, frozenset({"li"}), "li")
    if not items:
        return [*_id_mark(element), *marks]
    if element.tag == "ul":
        for item in items:
            item.attrib.pop("value", None)
    return [*marks, _fill(element, items)]


def _row(element: etree._Element, kids: list[Node]) -> list[Node]:
    """A row of nothing but cells."""
    cells, marks = _items(kids, frozenset({"td", "th"}), "td")
    return [*marks, _fill(element, cells)] if cells else [*_id_mark(element), *marks]


def _row_group(element: etree._Element, kids: list[Node]) -> list[Node]:
    """A group of nothing but rows."""
    rows, marks = _items(kids, frozenset({"tr"}), "tr")
    return [*marks, _fill(element, rows)] if rows else [*_id_mark(element), *marks]


def _column_group(element: etree._Element, kids: list[Node]) -> list[Node]:
    """A group of columns, with its number or its columns but not both."""
    columns = [k for k in kids if not isinstance(k, str) and k.tag == "col"]
    if columns:
        element.attrib.pop("span", None)
    rest = [k for k in kids if isinstance(k, str) or k.tag != "col"]
    return [_fill(element, columns), *rest]


def _table(element: etree._Element, kids: list[Node]) -> list[Node]:
    """A table in its order: caption, columns, head, bodies, foot; what is no part comes before."""
    before: list[Node] = []
    parts: dict[str, list[etree._Element]] = {
        name: [] for name in ("caption", "colgroup", "thead", "tbody", "tfoot")
    }
    marks: list[Node] = []
    for kind, run in _runs(kids, _table_part):
        found = _shaped(etree.Element(kind), run) if kind in ("tbody", "colgroup") else run
        for node in found:
            if not kind or (not isinstance(node, str) and node.tag not in (*parts, MARK)):
                before.append(node)
            elif isinstance(node, str):
                continue
            elif node.tag == MARK:
                marks.append(node)
            elif node.tag == "caption" and parts["caption"]:
                before.append(_retag(node, "div"))
            else:
                if node.tag != "colgroup":
                    _enter(node, marks)
                    marks = []
                parts[_slot(node, parts)].append(node)
    if not element.xpath(
        "boolean($rows)", rows=[r for p in parts.values() for g in p for r in g.iter("tr")]
    ):
        captions = [_retag(c, "div") for c in parts["caption"]]
        return [*_id_mark(element), *before, *captions, *marks]
    _fill(element, [part for group in parts.values() for part in group])
    _sound_headers(element)
    return [*before, *marks, element]


def _table_part(node: Node) -> str:
    """What part of a table the node makes; rows and cells make a body, columns a group."""
    if isinstance(node, str):
        return ""
    if node.tag in ("tr", "td", "th"):
        return "tbody"
    if node.tag == "col":
        return "colgroup"
    return "part" if node.tag in ("caption", "colgroup", "thead", "tbody", "tfoot") else ""


def _slot(node: etree._Element, parts: Mapping[str, list[etree._Element]]) -> str:
    """The place of a part: a second head, and a foot before the end, are bodies."""
    if node.tag == "thead" and (parts["thead"] or parts["tbody"]):
        node.tag = "tbody"
    if node.tag == "tfoot" and parts["tfoot"]:
        parts["tfoot"][0].tag = "tbody"
        parts["tbody"].append(parts["tfoot"].pop())
    return node.tag


def _sound_headers(table: etree._Element) -> None:
    """Make header cells that are empty, or that head nothing, ordinary cells."""
    has_cells = next(table.iter("td"), None) is not None
    for cell in list(table.iter("th")):
        if not has_cells or not _says_something(cell):
            _retag(cell, "td")


def _definitions(element: etree._Element, kids: list[Node]) -> list[Node]:
    """A list of terms, each with its description; what stands before the first term goes before."""
    items, marks = _items(kids, frozenset({"dt", "dd"}), "dd")
    before: list[Node] = [*marks]
    while items and items[0].tag == "dd":
        before.append(_retag(items.pop(0), "div"))
    if not items:
        return [*_id_mark(element), *before]
    if items[-1].tag == "dt":
        items.append(etree.Element("dd"))
    return [*before, _fill(element, items)]


def _figure(element: etree._Element, kids: list[Node]) -> list[Node]:
    """A figure with one caption, first or last; a page that begins with it begins before it."""
    marks = [k for k in kids if not isinstance(k, str) and k.tag == MARK]
    rest = [k for k in kids if isinstance(k, str) or k.tag != MARK]
    captions = [k for k in rest if not isinstance(k, str) and k.tag == "figcaption"]
    content = [k for k in rest if not captions or k is not captions[0]]
    leads = bool(captions) and next(k for k in rest if not _is_blank(k)) is captions[0]
    flow = _flow(content)
    ordered = [*captions[:1], *flow] if leads else [*flow, *captions[:1]]
    if not any(not _is_blank(n) for n in ordered):
        return [*_id_mark(element), *marks]
    return [*marks, _fill(element, ordered)]


def _details(element: etree._Element, kids: list[Node]) -> list[Node]:
    """A disclosure that begins with its summary; without one, a block."""
    summary = next((k for k in kids if not isinstance(k, str) and k.tag == "summary"), None)
    rest = _flow([k for k in kids if k is not summary])
    if summary is None or not _says_something(summary):
        element.attrib.pop("open", None)
        nodes = rest if summary is None else [*_demoted(contents(summary)), *rest]
        return [_fill(_retag(element, "div"), nodes)]
    return [_fill(element, [summary, *rest])]


def _ruby(element: etree._Element, kids: list[Node]) -> list[Node]:
    """Ruby whose every annotation has a base; else its text in a line."""
    marks = [k for k in kids if not isinstance(k, str) and k.tag == MARK]
    rest = [k for k in kids if isinstance(k, str) or k.tag != MARK]
    tags = [
        "rt" if not isinstance(k, str) and k.tag == "rt" else "base"
        for k in rest
        if not _is_blank(k)
    ]
    sound = tags[:1] == ["base"] and tags[-1:] == ["rt"]
    if not sound or any(_is_block(k) for k in rest):
        return [*marks, _inline(_retag(element, "span"), rest)]
    return [*marks, _fill(element, rest)]


_BUILT: Mapping[str, Callable[[etree._Element, list[Node]], list[Node]]] = {
    "p": _paragraphs,
    "ul": _list,
    "ol": _list,
    "dl": _definitions,
    "tr": _row,
    "thead": _row_group,
    "tbody": _row_group,
    "tfoot": _row_group,
    "colgroup": _column_group,
    "table": _table,
    "figure": _figure,
    "details": _details,
    "ruby": _ruby,
}


# --- nodes ---------------------------------------------------------------------------------------


def _copy(element: etree._Element) -> etree._Element:
    """The element without its children and tail."""
    return etree.Element(element.tag, dict(element.attrib))


def _retag(element: etree._Element, tag: str) -> etree._Element:
    """The element under another name, without the attributes that only the old one had."""
    for name in [n for n in element.attrib if (element.tag, n) in ATTRIBUTES]:
        del element.attrib[name]
    if element.get("role") not in ROLES.get(tag, ()):
        element.attrib.pop("role", None)
    if tag not in LABELLED:
        element.attrib.pop("aria-label", None)
    element.tag = tag
    return element


def _fill(element: etree._Element, nodes: Iterable[Node]) -> etree._Element:
    """The element with the nodes as its contents."""
    for child in list(element):
        element.remove(child)
    element.text = None
    _append(element, nodes)
    return element


def _append(element: etree._Element, nodes: Iterable[Node]) -> None:
    """Put nodes after what the element holds."""
    for node in nodes:
        if not isinstance(node, str):
            node.tail = None
            element.append(node)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + node
        else:
            element.text = (element.text or "") + node


def _enter(element: etree._Element, marks: list[Node]) -> None:
    """Put marks where the element's text begins: in its first item, cell or paragraph."""
    if not marks:
        return
    place = element
    while len(place) and not (place.text or "").strip() and place[0].tag in _OPENED:
        place = place[0]
    _fill(place, [*marks, *contents(place)])


_OPENED = _names(
    "p div section blockquote ul ol li dl dt dd table caption thead tbody tfoot tr td th"
)


def _without_ruby_parts(nodes: Iterable[Node]) -> list[Node]:
    """The nodes with annotations outside ruby as plain text."""
    return [_retag(n, "span") if not isinstance(n, str) and n.tag == "rt" else n for n in nodes]


def _is_blank(node: Node) -> bool:
    """Whether the node shows nothing of its own: white space or a mark."""
    return not node.strip() if isinstance(node, str) else node.tag == MARK


def _says_something(element: etree._Element) -> bool:
    """Whether a listener hears anything of the element: text or a picture's alternative."""
    return bool("".join(element.itertext()).strip()) or any(
        i.get("alt") for i in element.iter("img")
    )


def _unique_ids(tree: etree._Element) -> None:
    """Leave each id to the first element that has it."""
    seen: set[str] = set()
    for element in tree.iter():
        name = element.get("id")
        if name in seen:
            del element.attrib["id"]
        elif name:
            seen.add(name)


def _unique_landmarks(tree: etree._Element) -> None:
    """Leave each of the book's parts to the first section that claims to be it."""
    seen: set[str] = set()
    for section in tree.iter("section"):
        role = section.get("role")
        if role in seen:
            del section.attrib["role"]
        elif role:
            seen.add(role)


def _order_headings(tree: etree._Element) -> None:
    """Let headings follow each other without gaps; those that say nothing are none."""
    last = 0
    for heading in list(tree.iter(*HEADINGS)):
        if not _says_something(heading):
            _retag(heading, "div")
            continue
        last = min(int(heading.tag[1]), last + 1)
        heading.tag = f"h{last}"
