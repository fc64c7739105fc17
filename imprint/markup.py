"""Markdown to a chapter's tree: well-formed, of known elements only, with its places in the source.

The ``markdown`` package makes HTML, an HTML5 parser makes a tree of whatever that is, and the
functions here bring the tree to the form that ``docs/architecture.md`` describes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element

import tinyhtml5
from lxml import etree

from imprint import dialect, md
from imprint.diagnostics import Diagnostic, warning
from imprint.drawing import excess
from imprint.heads import presentable
from imprint.model import Chapter, Source
from imprint.places import SourceText, mark_places, place_of, source_text
from imprint.tables import table_faults
from imprint.trees import HeldTree
from imprint.words import direction, words

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# What the editions can set. Anything else that HTML knows is unwrapped: its content stays.
KEPT = frozenset(
    "a abbr article aside b bdi bdo blockquote br caption cite code col colgroup dd del details dfn "
    "div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt "
    "ruby s samp section small span strong sub summary sup table tbody td tfoot th thead tr u ul "
    "var wbr time address".split()
)
_UNWRAPPED = frozenset(
    "acronym big center font strike tt nobr main header footer nav hgroup form fieldset legend label "
    "button output data base link meta body html basefont dir menu optgroup option select "
    "noscript picture search slot blink marquee".split()
)
_DROPPED = frozenset(
    "script style template head title noembed noframes datalist canvas map area param source track "
    "textarea progress meter".split()
)
_EMBEDDED = frozenset("iframe object embed video audio".split())
_ATTRIBUTES = frozenset(
    "id class lang dir title href src alt colspan rowspan scope start reversed cite datetime open "
    "credit data-term width height longdesc".split()
)
_KNOWN = KEPT | _UNWRAPPED | _DROPPED | _EMBEDDED | {"input", "svg", "math"}
_SVG = "{http://www.w3.org/2000/svg}"
_MATHML = "{http://www.w3.org/1998/Math/MathML}"
# A name with its namespace, which is not that of namespaces: a parser of HTML takes any name.
_XML_NAME = re.compile(r"(?:\{(?!http://www\.w3\.org/2000/xmlns/)[^}]*\})?[A-Za-z_][A-Za-z0-9_.-]*")
_LEADS_OUT = re.compile(r"url\(\s*['\"]?(?!#)|@import|javascript:|expression\(", re.IGNORECASE)
_DEEPEST = 80
_MOST_CELLS = 100_000
_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*)")
_ALERTS = {"note": "Note", "tip": "Tip", "important": "Important", "warning": "Warning",
           "caution": "Caution"}  # fmt: skip
_DASH = re.compile(r"^\s*(?:—|–|--|―)\s*\S")
_CAPTION_ID = re.compile(r"\s*\{\s*[:]?\s*#([\w:.-]+)[^}]*\}\s*$")


def parse(source: Source, lang: str) -> tuple[Chapter, tuple[Diagnostic, ...]]:
    """The chapter of a source, its links and pictures still named as the source names them."""
    lang = source.lang or lang
    places = source_text(source.text, source.line)
    diagnostics = list(table_faults(source))
    body = _tree(source, lang, places, diagnostics)
    _unwrap_paragraph_text(body)
    mark_places(body, places)
    title = _take_title(body, source)
    shape = _Shape(source, lang, body, diagnostics)
    shape.all()
    _front(body, title, source)
    _identify_headings(body, source.file, diagnostics)
    body.set("lang", lang)
    if direction(lang) == "rtl":
        body.set("dir", "rtl")
    chapter = Chapter(
        id=str(source.head.get("id", "")),
        file=source.file,
        role=source.role,
        level=source.level,
        title=title,
        short_title=source.short_title or title,
        standfirst=source.standfirst,
        lang=lang,
        tree=HeldTree(body),
        part=source.part,
    )
    return chapter, tuple(diagnostics)


# --- from text to tree ---------------------------------------------------------------------------


def _tree(
    source: Source, lang: str, places: SourceText, diagnostics: list[Diagnostic]
) -> etree._Element:
    html = md.converter(lang).convert(dialect.normalise(source.text))
    html = _escape_unknown_tags(html, source, places, diagnostics)
    document = tinyhtml5.parse(f"<!doctype html><body>{html}", namespace_html_elements=False)
    body = etree.Element("section")
    parsed = document.find("body")
    diagnostics.extend(_refusals(document, source, places))
    if parsed is not None:
        body.text = parsed.text
        _copy_children(parsed, body, 0)
    diagnostics.extend(_without_excess(body, source, places))
    return body


def _without_excess(
    body: etree._Element, source: Source, places: SourceText
) -> Iterator[Diagnostic]:
    """Take out the drawings in the text that no reader could show, and tell of each."""
    for number, drawing in enumerate(list(body.iter(f"{_SVG}svg"))):
        if drawing.getparent() is None or not (reason := excess(drawing)):
            continue
        _remove(drawing)
        line, column = places.find_literal("<svg") if number == 0 else (0, 0)
        message = f"A drawing in the text is left out. {reason}"
        hint = "Draw it more simply, or as a picture of pixels."
        yield warning("html-refused", source.file, line, column, message, hint)


def _escape_unknown_tags(
    html: str, source: Source, places: SourceText, diagnostics: list[Diagnostic]
) -> str:
    """Tags that HTML does not know are words of the author's (``Vec<T>``): keep them as text."""
    seen: set[str] = set()

    def escaped(match: re.Match[str]) -> str:
        name = match[2].lower()
        if name in _KNOWN or name.partition(":")[0] == "svg":
            return match[0]
        if name not in seen and not match[1]:
            seen.add(name)
            line, column = places.find_literal(f"<{match[2]}")
            diagnostics.append(
                warning(
                    "unknown-element",
                    source.file,
                    line,
                    column,
                    f"HTML has no element `{match[2]}`: it is set as text.",
                    "Write `&lt;` for a less-than sign, or put code between backticks.",
                )
            )
        return f"&lt;{match[1]}{match[2]}"

    # Inside <svg> and <math> names are their own.
    pieces = re.split(r"(<(svg|math)\b.*?</\2\s*>)", html, flags=re.S | re.I)
    kept = [p if n % 3 == 1 else _TAG.sub(escaped, p) for n, p in enumerate(pieces) if n % 3 != 2]
    return "".join(kept)


def _refusals(document: Element, source: Source, places: SourceText) -> Iterator[Diagnostic]:
    """What the text's own HTML asks for and does not get, each kind told where it first stands."""
    told: set[str] = set()
    for element in document.iter():
        if not isinstance(element.tag, str):
            continue
        for what, at, why in _refused(element):
            if what in told:
                continue
            told.add(what)
            line, column = places.find_literal(at)
            yield warning(
                "html-refused",
                source.file,
                line,
                column,
                f"`{what}` {why}; it is left out.",
                "Take it out; the theme has the styles, and pictures stand in the folder.",
            )


def _refused(element: Element) -> Iterator[tuple[str, str, str]]:
    """What is refused of an element: its name, words to find it by, and why."""
    tag = element.tag.rpartition("}")[2]
    if tag == "script":
        yield f"<{tag}>", f"<{tag}", "runs a program"
    elif tag in ("style", "link", "base"):
        yield f"<{tag}>", f"<{tag}", "would change how pages look or where addresses lead"
    elif tag in _DROPPED and "".join(element.itertext()).strip():
        yield f"<{tag}>", f"<{tag}", "has no place on a page"
    in_drawing = element.tag.startswith(_SVG)
    if in_drawing and tag in ("image", "feImage", "foreignObject", "animate", "set", "a"):
        yield f"<{tag}>", f"<{tag}", "has no place in a drawing within the text"
    for name, value in element.attrib.items():
        if name.lower().startswith("on"):
            yield f"{name}=", name, "runs a program"
        elif (name == "style" or in_drawing) and _LEADS_OUT.search(value):
            yield f"{name}=", name, "leads out of the publication"
        elif in_drawing and name.endswith("href") and not value.startswith("#"):
            yield value[:60], value, "leads out of the drawing"


def _copy_children(parsed: Element, target: etree._Element, depth: int) -> None:
    """Copy what may stay; what may not is unwrapped, replaced or left out."""
    for child in parsed:
        if isinstance(child.tag, str):
            _copy(child, target, depth)
        _append_text(target, child.tail)


def _copy(child: Element, target: etree._Element, depth: int) -> None:
    tag = child.tag
    if depth >= _DEEPEST:
        # Nobody nests by hand so deeply: the words stay, and the stack of calls keeps its bounds.
        _append_text(target, "" if tag in _DROPPED else "".join(child.itertext()))
    elif tag.startswith(_SVG):
        target.append(_copy_svg(child))
    elif tag == f"{_MATHML}math":
        target.append(_copy_formula(child))
    elif tag in _DROPPED:
        return
    elif tag in _EMBEDDED:
        _embedded(child, target)
    elif tag == "input":
        if child.get("type") == "checkbox":
            _append_text(target, "☑ " if child.get("checked") is not None else "☐ ")
        else:
            _append_text(target, child.get("value") or child.get("placeholder"))
    elif tag in KEPT:
        made = etree.SubElement(target, tag, _attributes(child))
        made.text = _clean(child.text)
        _copy_children(child, made, depth + 1)
    else:
        if tag in ("center", "form", "fieldset", "nav", "header", "footer", "main"):
            made = etree.SubElement(target, "div", _attributes(child))
        else:
            made = target
        _append_text(made, child.text)
        _copy_children(child, made, depth + 1)


def _copy_formula(element: Element) -> etree._Element:
    """A formula's elements and attributes; each edition takes of them what it can show.

    What is no MathML, such as HTML within it, is its words.
    """
    made = etree.Element(element.tag.removeprefix(_MATHML))
    for name, value in element.attrib.items():
        if _XML_NAME.fullmatch(name) and not name.lower().startswith("on"):
            made.set(name, _clean(value) or "")
    made.text = _clean(element.text)
    for child in element:
        if isinstance(child.tag, str):
            name = child.tag.removeprefix(_MATHML)
            if name != child.tag and _XML_NAME.fullmatch(name):
                made.append(_copy_formula(child))
            elif child.tag not in _DROPPED:
                _append_text(made, "".join(child.itertext()))
        _append_text(made, child.tail)
    return made


def _copy_svg(element: Element) -> etree._Element:
    """An inline drawing as it is, but for scripts and what reaches outside of it."""
    made = etree.Element(
        element.tag, nsmap={None: _SVG[1:-1]} if element.tag == f"{_SVG}svg" else {}
    )
    for name, value in element.attrib.items():
        outward = name.endswith("href") and not value.startswith("#")
        if not _XML_NAME.fullmatch(name):
            continue
        if not name.lower().startswith("on") and not outward and not _LEADS_OUT.search(value):
            made.set(name, _clean(value) or "")
    made.text = _clean(element.text)
    for child in element:
        if isinstance(child.tag, str) and child.tag.removeprefix(_SVG) not in (
            "script", "foreignObject", "style", "a", "image", "animate", "set",
        ) and _XML_NAME.fullmatch(child.tag):  # fmt: skip
            kept = _copy_svg(child)
            kept.tail = _clean(child.tail)
            made.append(kept)
    return made


def _embedded(element: Element, target: etree._Element) -> None:
    """A film, a sound or a foreign page cannot be printed: a link to it can."""
    address = element.get("src") or element.get("data")
    for inner in element.iter("source"):
        address = address or inner.get("src")
    if not address:
        _append_text(target, "".join(element.itertext()))
        return
    link = etree.SubElement(target, "a", {"href": address})
    link.text = element.get("title") or "".join(element.itertext()).strip() or address


def _attributes(element: Element) -> dict[str, str]:
    kept = {k: _clean(v) or "" for k, v in element.attrib.items() if k in _ATTRIBUTES}
    align = element.get("align", "") or _style_alignment(element.get("style", ""))
    if align in ("left", "right", "center"):
        kept["class"] = f"{kept.get('class', '')} align-{align}".strip()
    if element.tag == "a" and "id" not in kept and element.get("name"):
        kept["id"] = element.get("name", "")
    if "id" in kept and not kept["id"].strip():
        del kept["id"]
    if element.get("role") in ("presentation", "none"):
        kept["role"] = "presentation"
    return kept


def _style_alignment(style: str) -> str:
    match = re.search(r"text-align\s*:\s*(\w+)", style)
    return match[1] if match else ""


def _clean(text: str | None) -> str | None:
    """Text without the characters that XML cannot hold (XML 1.0, 2.2)."""
    if text is None:
        return None
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "", text)


def _append_text(target: etree._Element, text: str | None) -> None:
    text = _clean(text)
    if not text:
        return
    if len(target):
        target[-1].tail = (target[-1].tail or "") + text
    else:
        target.text = (target.text or "") + text


_BLOCKS = frozenset(
    "address article aside blockquote details div dl figure h1 h2 h3 h4 h5 h6 hr ol p pre section "
    "table ul".split()
)


def _unwrap_paragraph_text(body: etree._Element) -> None:
    """Give loose text between the body's blocks paragraphs of its own."""
    children = list(body)
    lead = body.text or ""
    body.text = None
    result: list[etree._Element] = []
    current: etree._Element | None = None

    def add_text(text: str) -> None:
        nonlocal current
        if not text.strip() and current is None:
            return
        if current is None:
            current = etree.Element("p")
            result.append(current)
        _append_text(current, text)

    add_text(lead)
    for child in children:
        tail, child.tail = child.tail or "", None
        if child.tag in _BLOCKS:
            current = None
            result.append(child)
        else:
            if current is None:
                current = etree.Element("p")
                result.append(current)
            current.append(child)
        add_text(tail)
    body[:] = result


# --- the title -----------------------------------------------------------------------------------


def _take_title(body: etree._Element, source: Source) -> str:
    """The chapter's title, its heading taken out of the text."""
    headings = [e for e in body.iter(*HEADINGS) if text_of(e)]
    first_h1 = next((e for e in headings if e.tag == "h1"), None)
    given = source.title.strip()
    if given and first_h1 is not None and _same_words(text_of(first_h1), given):
        _remove(first_h1)
        return given
    if given and first_h1 is None:
        return given
    if given:
        return given
    if first_h1 is None and headings and _first_block(body) is headings[0]:
        first_h1 = headings[0]
    if first_h1 is not None:
        title = text_of(first_h1)
        if first_h1.get("id"):
            body.set("data-title-id", first_h1.get("id", ""))
        body.set("data-title-at", first_h1.get("data-at", ""))
        _remove(first_h1)
        return title
    return given or presentable(PurePosixPath(source.file).stem)


def _same_words(one: str, other: str) -> bool:
    return [*filter(str.isalnum, one.casefold())] == [*filter(str.isalnum, other.casefold())]


def _first_block(body: etree._Element) -> etree._Element | None:
    return next(iter(body), None)


def _front(body: etree._Element, title: str, source: Source) -> None:
    """Put the title and the standfirst at the head of the chapter."""
    heading = etree.Element("h1")
    heading.text = title
    at = body.attrib.pop("data-title-at", "") or f"{source.line}:1"
    heading.set("data-at", at)
    if body.get("data-title-id"):
        heading.set("id", body.attrib.pop("data-title-id"))
    front = [heading]
    if source.standfirst:
        standfirst = etree.Element("p", {"class": "standfirst", "data-at": at})
        standfirst.text = source.standfirst
        front.append(standfirst)
    for position, element in enumerate(front):
        body.insert(position, element)


# --- shape ---------------------------------------------------------------------------------------


class _Shape:
    """The passes that bring a parsed tree to the form that editions expect."""

    def __init__(
        self, source: Source, lang: str, body: etree._Element, diagnostics: list[Diagnostic]
    ) -> None:
        self.source = source
        self.body = body
        self.diagnostics = diagnostics
        self.word = words(lang)

    def all(self) -> None:
        self.headings()
        self.boxes()
        self.quotations()
        self.code()
        self.captions()
        self.figures()
        self.tables()
        self.lists()
        self.notes()
        self.empties()

    def warn(self, code: str, element: etree._Element | None, message: str, hint: str) -> None:
        line, column = place_of(element)
        self.diagnostics.append(warning(code, self.source.file, line, column, message, hint))

    def headings(self) -> None:
        """Levels without gaps below the title: h2, h3 …"""
        open_levels: list[int] = []
        for heading in list(self.body.iter(*HEADINGS)):
            if not text_of(heading) and heading.find(".//img") is None:
                self.warn("empty-heading", heading, "A heading has no words.", "Remove it.")
                heading.tag = "span" if heading.get("id") else "p"
                continue
            level = int(heading.tag[1])
            while open_levels and open_levels[-1] >= level:
                open_levels.pop()
            open_levels.append(level)
            heading.tag = f"h{min(len(open_levels) + 1, 6)}"

    def boxes(self) -> None:
        """Admonitions become boxes, those of the kind "quote" pull quotes."""
        for box in list(self.body.iter("div")):
            kinds = (box.get("class") or "").split()
            if "admonition" not in kinds:
                continue
            kinds.remove("admonition")
            kind = kinds[0] if kinds else "note"
            title = box.find("p[@class='admonition-title']")
            box.tag = "aside"
            if kind == "quote":
                self._pull_quote(box, title)
                continue
            box.set("class", " ".join(["box", *kinds]))
            if title is not None:
                title.set("class", "box-title")
                if _same_words(text_of(title), kind):
                    title.text = self.word(_ALERTS.get(kind, kind.capitalize()))

    def _pull_quote(self, box: etree._Element, title: etree._Element | None) -> None:
        box.set("class", "pull-quote")
        quote = etree.Element("blockquote")
        quote.extend([child for child in box if child is not title])
        box[:] = [quote]
        box.text = None
        if title is not None and text_of(title) and not _same_words(text_of(title), "quote"):
            title.tag, title.tail = "p", None
            title.set("class", "attribution")
            box.append(title)

    def quotations(self) -> None:
        """A quotation's last paragraph that begins with a dash names whom it is from."""
        for quote in list(self.body.iter("blockquote")):
            first = quote.find("p")
            alert = re.match(r"\s*\[!(\w+)\]\s*", first.text or "") if first is not None else None
            if alert and first is not None and alert[1].lower() in _ALERTS:
                self._alert(quote, first, alert)
                continue
            last = quote[-1] if len(quote) else None
            signed = last is not None and last.tag == "p" and len(quote) > 1
            if last is not None and signed and _DASH.match(text_of(last)):
                last.set("class", "attribution")

    def _alert(self, quote: etree._Element, first: etree._Element, alert: re.Match[str]) -> None:
        kind = alert[1].lower()
        first.text = (first.text or "")[alert.end() :]
        if len(first) and first[0].tag == "br" and not first.text.strip():
            _remove(first[0])
        quote.tag = "aside"
        quote.set("class", f"box {kind}")
        title = etree.Element("p", {"class": "box-title", "data-at": quote.get("data-at", "0:0")})
        title.text = self.word(_ALERTS[kind])
        quote.insert(0, title)
        if not text_of(first) and not len(first):
            _remove(first)

    def code(self) -> None:
        for block in list(self.body.iter("div")):
            if "highlight" in (block.get("class") or "").split():
                block.set("class", "code")
        for pre in list(self.body.iter("pre")):
            parent = pre.getparent()
            if parent is not None and parent.get("class") != "code":
                wrapper = etree.Element("div", {"class": "code"})
                parent.replace(pre, wrapper)
                wrapper.tail, pre.tail = pre.tail, None
                wrapper.append(pre)
            for span in list(pre.iter("span")):
                if not span.get("class") and not len(span) and not span.text:
                    _remove(span)

    def captions(self) -> None:
        """Paragraphs "Figure: …" and "Table: …" go into the figure or table beside them."""
        for paragraph in list(self.body.iter("p")):
            match = re.match(r"\s*(Figure|Table):\s+", paragraph.text or "")
            if not match:
                continue
            target = self._captioned(paragraph, match[1])
            if target is None:
                self.warn(
                    "caption-alone",
                    paragraph,
                    f"A caption begins here, but there is no {match[1].lower()} beside it.",
                    "Put it right after the picture, or right before or after the table.",
                )
                continue
            paragraph.text = (paragraph.text or "")[match.end() :]
            _take_caption_id(paragraph, target)
            parent = paragraph.getparent()
            assert parent is not None
            paragraph.tail = None
            parent.remove(paragraph)
            if match[1] == "Table":
                paragraph.tag = "caption"
                paragraph.attrib.pop("class", None)
                target.insert(0, paragraph)
            else:
                figure = _as_figure(target)
                _add_caption(figure, paragraph)

    def _captioned(self, paragraph: etree._Element, kind: str) -> etree._Element | None:
        for neighbour in (paragraph.getprevious(), paragraph.getnext()):
            if neighbour is None:
                continue
            if kind == "Table" and neighbour.tag == "table" and neighbour.find("caption") is None:
                return neighbour
            if kind == "Figure" and _may_be_captioned(neighbour):
                return neighbour
        return None

    def figures(self) -> None:
        """A picture alone in its paragraph is a figure; a title is its caption."""
        for paragraph in list(self.body.iter("p")):
            picture = _lone_picture(paragraph)
            if picture is None:
                continue
            figure = _as_figure(paragraph)
            if picture.get("title"):
                caption = etree.Element("p")
                caption.text = picture.attrib.pop("title")
                caption.set("data-at", picture.get("data-at", "0:0"))
                _add_caption(figure, caption)
        for figure in self.body.iter("figure"):
            kinds = (figure.get("class") or "").split()
            if "figure" not in kinds:
                figure.set("class", " ".join(["figure", *kinds]))
            self._caption_parts(figure)
        for picture in self.body.iter("img"):
            self._alternative(picture)

    def _caption_parts(self, figure: etree._Element) -> None:
        """The caption's words in a span of their own, the credit in another."""
        picture = next(figure.iter("img"), None)
        credit = picture.attrib.pop("credit", "") if picture is not None else ""
        caption = figure.find("figcaption")
        if caption is None:
            if not credit:
                return
            caption = etree.SubElement(figure, "figcaption")
        inner = etree.Element("span", {"class": "caption"})
        inner.text = caption.text
        inner.extend(list(caption))
        caption[:] = [inner]
        caption.text = None
        if credit:
            inner.tail = " "
            made = etree.SubElement(caption, "span", {"class": "credit"})
            made.text = credit
        if not text_of(inner) and not len(inner):
            caption.remove(inner)

    def _alternative(self, picture: etree._Element) -> None:
        """Every picture has an alternative, or says that it only decorates."""
        picture.attrib.pop("credit", None)
        if picture.get("role") == "presentation":
            picture.set("alt", "")
            return
        if (picture.get("alt") or "").strip():
            return
        name = presentable(PurePosixPath(picture.get("src") or "").stem)
        decorates = picture.get("alt") is not None and "alt" in picture.attrib
        line, column = place_of(picture)
        written = f"![]({picture.get('src')}" in self.source.text
        if decorates and not written:
            return  # <img alt=""> in HTML says: decoration.
        self.diagnostics.append(
            warning(
                "alt-missing",
                self.source.file,
                line,
                column,
                f"The picture `{picture.get('src')}` has no text alternative.",
                "Write between the brackets what it shows, or add `role=presentation` if it only "
                "decorates.",
            )
        )
        picture.set("alt", name)

    def tables(self) -> None:
        for table in list(self.body.iter("table")):
            _head_cells(table)
            if not _fill_rows(table):
                message = f"With its spans the table would have more than {_MOST_CELLS} cells."
                hint = "Divide it; cells that span are set as single ones meanwhile."
                self.warn("table-limit", table, message, hint)
            caption = table.find("caption")
            if caption is not None:
                inner = etree.Element("span", {"class": "caption"})
                inner.text = caption.text
                inner.extend(list(caption))
                caption[:] = [inner]
                caption.text = None

    def lists(self) -> None:
        for item in self.body.iter("li"):
            parent = item.getparent()
            if parent is None or parent.tag not in ("ul", "ol"):
                item.tag = "p"
        for group in list(self.body.iter("ul", "ol")):
            if not len(group):
                _remove(group)

    def notes(self) -> None:
        """Python-Markdown's footnotes as references and a section of notes."""
        block = next((d for d in self.body.iter("div") if d.get("class") == "footnote"), None)
        known = {}
        if block is not None:
            parent = block.getparent()
            assert parent is not None
            items = list(block.iter("li"))
            _remove(block)
            notes = self._notes_section()
            for number, item in enumerate(items, start=1):
                known[item.get("id", "")] = number
                self._note(item, number, notes)
            self.body.append(notes)
        counts: dict[int, int] = {}
        for sup in list(self.body.iter("sup")):
            link = sup.find("a")
            if link is None or "footnote-ref" not in (link.get("class") or ""):
                continue
            number = known.get((link.get("href") or "")[1:], 0)
            self._reference(sup, number, counts)
        self._unreferenced(counts, known)

    def _notes_section(self) -> etree._Element:
        section = etree.Element("section", {"class": "notes", "role": "doc-endnotes"})
        title = etree.SubElement(section, "h2", {"class": "notes-title"})
        title.text = self.word("Notes")
        etree.SubElement(section, "ol")
        return section

    def _note(self, item: etree._Element, number: int, section: etree._Element) -> None:
        for link in list(item.iter("a")):
            if "footnote-backref" in (link.get("class") or ""):
                _remove(link)
        item.set("id", f"note-{number}")
        item.set("class", "note")
        item.set("role", "doc-footnote")
        item.tail = None
        if not len(item) or item[-1].tag != "p":
            etree.SubElement(item, "p")
        last = item[-1]
        _append_text(last, " ")
        _strip_end(last)
        back = etree.SubElement(
            last,
            "a",
            {"class": "note-back", "role": "doc-backlink", "href": f"#noteref-{number}"},
        )
        back.text = "↩"
        back.set("title", self.word("Back to the text"))
        section[-1].append(item)

    def _reference(self, sup: etree._Element, number: int, counts: dict[int, int]) -> None:
        counts[number] = counts.get(number, 0) + 1
        again = f"-{counts[number]}" if counts[number] > 1 else ""
        link = etree.Element(
            "a",
            {
                "class": "noteref",
                "role": "doc-noteref",
                "id": f"noteref-{number}{again}",
                "href": f"#note-{number}",
            },
        )
        link.text = str(number)
        link.tail = sup.tail
        if sup.get("data-at"):
            link.set("data-at", sup.get("data-at", ""))
        parent = sup.getparent()
        assert parent is not None
        parent.replace(sup, link)

    def _unreferenced(self, counts: dict[int, int], known: dict[str, int]) -> None:
        for number in known.values():
            if number not in counts:
                note = next(self.body.iterfind(f".//li[@id='note-{number}']"), None)
                self.warn(
                    "note-unused",
                    note,
                    "A note is written, but nothing in the text refers to it.",
                    "Refer to it with [^label], or remove it.",
                )
                if note is not None:
                    for link in list(note.iter("a")):
                        if link.get("class") == "note-back":
                            _remove(link)
        said = "".join(self.body.xpath(".//text()[not(ancestor::code or ancestor::pre)]"))
        for match in re.finditer(r"(?<!\\)\[\^([^\]\s]+)\](?!:)", self.source.text):
            label = match[1]
            defined = re.search(rf"^[ >]*\[\^{re.escape(label)}\]:", self.source.text, re.M | re.I)
            if not defined and f"[^{label}]" in said:
                places = source_text(self.source.text, self.source.line)
                line, column = places.position(match.start())
                self.diagnostics.append(
                    warning(
                        "note-missing",
                        self.source.file,
                        line,
                        column,
                        f"The text refers to the note `{label}`, which is not written.",
                        f"Write it: `[^{label}]: …`.",
                    )
                )

    def empties(self) -> None:
        """Paragraphs with nothing in them go."""
        for element in list(self.body.iter("p", "blockquote", "ul", "ol", "dl", "table")):
            if not text_of(element) and not len(element) and not element.get("id"):
                _remove(element)


def _may_be_captioned(element: etree._Element) -> bool:
    """Whether a figure's caption can be this element's."""
    if element.tag == "figure":
        return element.find("figcaption") is None
    return element.tag in ("table", "div") or _lone_picture(element) is not None


def _lone_picture(paragraph: etree._Element) -> etree._Element | None:
    """The picture of a paragraph that holds nothing else, a link around it allowed."""
    if paragraph.tag != "p" or text_of(paragraph):
        return None
    pictures = list(paragraph.iter("img"))
    others = [e for e in paragraph.iter() if e.tag not in ("p", "img", "a", "br")]
    return pictures[0] if len(pictures) == 1 and not others else None


def _as_figure(element: etree._Element) -> etree._Element:
    """The element as a figure: a lone picture's paragraph turned into one, or one put around."""
    if element.tag == "figure":
        return element
    if element.tag != "p":
        figure = etree.Element("figure")
        parent = element.getparent()
        assert parent is not None
        parent.replace(element, figure)
        figure.tail, element.tail = element.tail, None
        figure.append(element)
        return figure
    element.tag = "figure"
    picture = next(element.iter("img"))
    element.text = None
    for line_break in list(element.iter("br")):
        _remove(line_break)
    for child in element.iter():
        if child is not element:
            child.tail = None
    kinds = ["figure"]
    for kind in (picture.get("class") or element.get("class") or "").split():
        kinds.append(kind)
    picture.attrib.pop("class", None)
    element.set("class", " ".join(dict.fromkeys(kinds)))
    if picture.get("id"):
        element.set("id", picture.attrib.pop("id"))
    if element.get("data-at") in (None, "0:0") and picture.get("data-at"):
        element.set("data-at", picture.get("data-at", ""))
    return element


def _add_caption(figure: etree._Element, paragraph: etree._Element) -> None:
    """A paragraph as the figure's caption."""
    paragraph.tag = "figcaption"
    paragraph.attrib.pop("class", None)
    paragraph.tail = None
    figure.append(paragraph)


def _take_caption_id(paragraph: etree._Element, target: etree._Element) -> None:
    """An id that ends a caption, ``{#tbl-x}``, names the table or figure."""
    if paragraph.get("id"):
        target.set("id", paragraph.attrib.pop("id"))
    last = paragraph[-1] if len(paragraph) else None
    text = (last.tail if last is not None else paragraph.text) or ""
    match = _CAPTION_ID.search(text)
    if not match:
        return
    target.set("id", match[1])
    if last is not None:
        last.tail = text[: match.start()]
    else:
        paragraph.text = text[: match.start()]


def _head_cells(table: etree._Element) -> None:
    """Header cells say what they head; empty ones are no headers."""
    for row_index, row in enumerate(table.iter("tr")):
        in_head = row.getparent() is not None and row.getparent().tag == "thead"
        for column, cell in enumerate(row):
            if cell.tag not in ("td", "th"):
                continue
            if cell.tag == "th" and not text_of(cell) and cell.find(".//img") is None:
                cell.tag = "td"
                cell.attrib.pop("scope", None)
            elif cell.tag == "th" and cell.get("scope") not in (
                "col",
                "row",
                "colgroup",
                "rowgroup",
            ):
                first = column == 0 and not in_head and row_index > 0
                cell.set("scope", "row" if first else "col")


def _fill_rows(table: etree._Element) -> bool:
    """Rows of equal length, so that every cell has its column (ISO 14289-1, 7.5).

    False where that would be too many cells: then spans go, and rows stay as they are.
    """
    rows = list(table.iter("tr"))
    spans = [
        [(_span(cell, "colspan", 200), _span(cell, "rowspan", most)) for cell in row]
        for row, most in zip(rows, _rows_to_end(rows), strict=True)
    ]
    area = sum(width * height for row in spans for width, height in row)
    widest = max((sum(width for width, _ in row) for row in spans), default=0)
    if max(area, widest * len(rows)) > _MOST_CELLS:
        for cell in (cell for row in rows for cell in row):
            cell.attrib.pop("colspan", None)
            cell.attrib.pop("rowspan", None)
        return False
    _pad(rows, spans)
    return True


def _rows_to_end(rows: Sequence[etree._Element]) -> list[int]:
    """For each row how many there are from it to the end of its group.

    ISO 32000-1 knows no span past the last row.
    """
    counts: Counter[etree._Element | None] = Counter()
    heights = []
    for row in reversed(rows):
        counts[row.getparent()] += 1
        heights.append(counts[row.getparent()])
    return heights[::-1]


def _pad(rows: Sequence[etree._Element], spans: Sequence[Sequence[tuple[int, int]]]) -> None:
    """Put empty cells where rows end early."""
    taken: dict[tuple[int, int], bool] = {}
    widths = []
    for index, row in enumerate(spans):
        column = 0
        for width, height in row:
            while taken.get((index, column)):
                column += 1
            for down in range(height):
                for across in range(width):
                    taken[index + down, column + across] = True
            column += width
        while taken.get((index, column)):
            column += 1
        widths.append(column)
    for row, width in zip(rows, widths, strict=True):
        for _ in range(max(widths, default=0) - width):
            etree.SubElement(row, "td")


def _span(cell: etree._Element, name: str, most: int) -> int:
    """A cell's span as a number, the attribute mended where it is none or too large."""
    value = cell.get(name)
    if value is None:
        return 1
    span = min(int(value), most) if value.isdigit() and int(value) > 0 else 1
    if span == 1:
        del cell.attrib[name]
    else:
        cell.set(name, str(span))
    return span


# --- ids -----------------------------------------------------------------------------------------


def slug(text: str) -> str:
    """An id from words, as GitHub and mdBook make them: links of strangers count on it."""
    kept = [c for c in text.strip().lower() if c.isalnum() or c in " -_"]
    return "".join(kept).replace(" ", "-")


def name_token(text: str) -> str:
    """An id that XML allows too (a name without colons), from any id that HTML allows."""
    token = re.sub(r"[^\w.-]+", "-", text.strip()).strip("-")
    return token if re.match(r"[^\W\d]|_", token) else f"id-{token}".rstrip("-")


def _identify_headings(body: etree._Element, file: str, diagnostics: list[Diagnostic]) -> None:
    """An id for every heading, and no id twice in the chapter."""
    used: set[str] = set()
    for element in body.iter(etree.Element):
        own = element.get("id")
        if own is None:
            continue
        if own in used:
            line, column = place_of(element)
            diagnostics.append(
                warning(
                    "duplicate-id",
                    file,
                    line,
                    column,
                    f"The id `{own}` is given twice in this file; links lead to the first.",
                    "Give the second one another id.",
                )
            )
            own = _free(own, used)
            element.set("id", own)
        used.add(own)
    for heading in body.iter(*HEADINGS[1:]):
        if heading.get("id") is None and heading.get("class") != "notes-title":
            own = _free(slug(text_of(heading)) or "section", used)
            heading.set("id", own)
            heading.set("data-auto-id", "true")
            used.add(own)


def _free(wanted: str, used: set[str]) -> str:
    if wanted not in used:
        return wanted
    return next(f"{wanted}-{n}" for n in range(1, len(used) + 2) if f"{wanted}-{n}" not in used)


# --- trees ---------------------------------------------------------------------------------------


def text_of(element: etree._Element) -> str:
    """The words of an element and all in it, white space made single."""
    return " ".join("".join(str(part) for part in element.itertext()).split())


def _remove(element: etree._Element) -> None:
    """Take an element out, leaving the text behind it in place."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        previous = element.getprevious()
        if previous is not None:
            previous.tail = (previous.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
        element.tail = None
    parent.remove(element)


def _strip_end(element: etree._Element) -> None:
    """One space at most at the end of an element's text."""
    if len(element):
        element[-1].tail = (element[-1].tail or "").rstrip() + " "
    else:
        element.text = (element.text or "").rstrip() + " "
