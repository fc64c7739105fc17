"""The grammar of raw HTML inside Markdown: which lines are tags, and how tags are kept in balance.

Conditions and names follow CommonMark 0.31, 4.6 (HTML blocks) and 6.6 (raw HTML); what an unknown
name means is ours: ``Vec<T>`` is text that must not vanish.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

# CommonMark 4.6, condition 6.
BLOCK_TAGS = frozenset(
    "address article aside base basefont blockquote body caption center col colgroup dd details "
    "dialog dir div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 "
    "head header hr html iframe legend li link main menu menuitem nav noframes ol optgroup option "
    "p param search section summary table tbody td tfoot th thead title tr track ul".split()
)
# Condition 1: their content is never Markdown.
VERBATIM_TAGS = frozenset(("pre", "script", "style", "textarea"))
# Elements that stand in the flow by themselves although condition 6 does not name them.
EMBEDDED_TAGS = frozenset("audio canvas map math noscript object svg template video".split())
INLINE_TAGS = frozenset(
    "a abbr acronym applet b bdi bdo big blink br button cite code data datalist del dfn em embed "
    "font i img input ins kbd label map mark meter nobr output picture progress q rb rp rt rtc "
    "ruby s samp select slot small source span strike strong sub sup time tt u var wbr".split()
)
_SHOWN_TAGS = frozenset("img br input embed wbr button picture".split())
_VECTOR_TAGS = frozenset(
    "animate animatemotion animatetransform circle clippath defs desc ellipse filter g image line "
    "lineargradient marker mask metadata mpath path pattern polygon polyline radialgradient rect "
    "stop switch symbol text textpath tspan use view foreignobject maction maligngroup malignmark "
    "menclose merror mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot "
    "mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none "
    "semantics annotation".split()
)
KNOWN_TAGS = (
    BLOCK_TAGS | VERBATIM_TAGS | EMBEDDED_TAGS | INLINE_TAGS | _VECTOR_TAGS | {"hgroup", "meta"}
)
VOID_TAGS = frozenset(
    "area base basefont br col embed frame hr img input link meta param source track wbr".split()
)
# HTML 13.1.2.4: their end tags may be left out, so they are never closed on the author's behalf.
_OPTIONAL_END = frozenset(
    "p li dt dd tr td th thead tbody tfoot colgroup caption option optgroup rb rp rt rtc".split()
)
# Elements whose content is a line of text: no paragraph may stand in them.
PHRASING_TAGS = frozenset("p h1 h2 h3 h4 h5 h6 summary legend dt caption".split())

_ATTRIBUTE = r"\s+[A-Za-z_:@][\w.:@-]*+(?:\s*+=\s*+(?:[^\s\"'=<>`]++|'[^']*+'|\"[^\"]*+\"))?+"
# CommonMark 6.6; possessive throughout, so that no input makes it go back.
TAG = re.compile(
    rf"<(?P<close>/)?(?P<name>[A-Za-z][A-Za-z0-9-]*+)(?P<attributes>(?:{_ATTRIBUTE})*+)"
    r"\s*+(?P<empty>/)?>"
)
_MARKDOWN = re.compile(
    r"\s+markdown(?:\s*=\s*(?:\"(?P<a>[^\"]*)\"|'(?P<b>[^']*)'|(?P<c>[^\s\"'=<>`]+)))?(?=\s|$)",
    re.IGNORECASE,
)
_NAME_VALUE = re.compile(
    r"\s+(?P<name>[A-Za-z_:@][\w.:@-]*+)"
    r"(?:\s*+=\s*+(?:\"(?P<a>[^\"]*+)\"|'(?P<b>[^']*+)'|(?P<c>[^\s\"'=<>`]++)))?+"
)
_BLOCK_START = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)(?=[\s/>]|$)")


def is_known(name: str) -> bool:
    """Whether it is an element's name: HTML's, SVG's, MathML's or a custom element's."""
    return name.lower() in KNOWN_TAGS or "-" in name


def block_start(line: str) -> str:
    """The element's name if the line begins an HTML block of condition 1 or 6, else ""."""
    found = _BLOCK_START.match(line)
    name = found.group(1).lower() if found else ""
    return name if name in BLOCK_TAGS or name in VERBATIM_TAGS else ""


def lone_tag(line: str) -> re.Match[str] | None:
    """The tag that is the whole line (condition 7)."""
    return TAG.fullmatch(line.rstrip())


def is_raw_block(block: str) -> bool:
    """Whether the converter passes this block on as it is rather than as a paragraph."""
    if not block.startswith("<"):
        return False
    if block_start(block):
        return True
    first = TAG.match(block)
    if not first:
        return False
    return first.group("name").lower() in EMBEDDED_TAGS or _is_bare(block)


def _is_bare(block: str) -> bool:
    """Whether the block is made of known tags alone, none of which shows anything: anchors."""
    names = [found.group("name").lower() for found in TAG.finditer(block)]
    return (
        all(is_known(name) for name in names)
        and not _SHOWN_TAGS.intersection(names)
        and not TAG.sub("", block).strip()
    )


def readable(text: str, *, components: bool) -> str:
    """The HTML with all that is not a tag of a known element as text.

    An author's own components (``<Tabs>``) go and leave what they hold: where told to, and where
    they are closed; ``<T>`` alone is text.
    """
    lowered = text.lower()

    def tag(found: re.Match[str]) -> str:
        name = found.group("name")
        if is_known(name):
            return found.group()
        closed = found.group("close") or found.group("empty") or f"</{name.lower()}" in lowered
        return "" if components or closed else "&lt;" + found.group()[1:]

    pieces, end = [], 0
    while found := TAG.search(text, end):
        pieces += [text[end : found.start()].replace("<", "&lt;"), tag(found)]
        end = found.end()
        name = found.group("name").lower()
        if name in ("script", "style") and not found.group("close"):
            # Their content is no HTML.
            close = lowered.find(f"</{name}", end)
            end, start = (close if close >= 0 else len(text)), end
            pieces.append(text[start:end])
    return "".join([*pieces, text[end:].replace("<", "&lt;")])


def markdown_mode(attributes: str) -> str:
    """The value of the ``markdown`` attribute ("1", "block", "span"), "" without one."""
    found = _MARKDOWN.search(attributes)
    if not found:
        return ""
    value = next((v for v in found.group("a", "b", "c") if v is not None), "1").strip().lower()
    return value or "1"


def attributes(text: str) -> Iterator[tuple[str, str]]:
    """The names and values of a tag's attributes; one without a value has an empty one."""
    for found in _NAME_VALUE.finditer(text):
        value = next((v for v in found.group("a", "b", "c") if v is not None), "")
        yield found.group("name").lower(), html.unescape(value)


def without_markdown(attributes: str) -> str:
    """The attributes without the ``markdown`` attribute."""
    return _MARKDOWN.sub("", attributes)


# Elements deeper than this are left out, and what they hold stays: nothing reads them.
MAX_DEPTH = 60
_OPENINGS = {"<!--": "-->", "<?": "?>", "<![CDATA[": "]]>", "<!": ">"}
_OPENING = re.compile(r"<!--|<\?|<!\[CDATA\[|<!(?=[A-Za-z])")


def without_comments(text: str) -> str:
    """The HTML without comments, instructions and declarations; unclosed ones stay."""
    pieces, end = [], 0
    while opening := _OPENING.search(text, end):
        needle = _OPENINGS[opening.group()]
        # "<!-->" is a whole comment.
        close = text.find(needle, opening.end() - (needle == "-->") * 2)
        if close < 0:
            break
        pieces.append(text[end : opening.start()])
        end = close + len(needle)
    return "".join([*pieces, text[end:]])


@dataclass
class Balance:
    """The elements that raw HTML has opened and not closed yet within one container."""

    names: list[str]

    def settle(self, text: str) -> str:
        """The HTML without end tags that close nothing, its empty elements closed."""
        pieces, end = [], 0
        for found in TAG.finditer(text):
            pieces += [text[end : found.start()], self._tag(found)]
            end = found.end()
        return "".join([*pieces, text[end:]])

    def _tag(self, found: re.Match[str]) -> str:
        name = found.group("name").lower()
        if name in VOID_TAGS:
            return found.group()
        if found.group("close"):
            if name not in self.names:
                return ""
            while self.names.pop() != name:
                pass
            return found.group()
        if len(self.names) >= MAX_DEPTH:
            return ""
        # HTML has no "<a/>": without an end tag it would swallow all that follows.
        if found.group("empty") and name not in _VECTOR_TAGS and name not in EMBEDDED_TAGS:
            return f"<{found.group('name')}{found.group('attributes')}></{found.group('name')}>"
        if not found.group("empty"):
            self.names.append(name)
        return found.group()

    def rest(self) -> str:
        """The end tags that are still due."""
        return "".join(f"</{n}>" for n in reversed(self.names) if n not in _OPTIONAL_END)
