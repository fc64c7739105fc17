"""The blocks of a Markdown text as CommonMark sees them, and the extras of other tools' authors.

The method is CommonMark's own (0.31, appendix "A parsing strategy"): line by line, each line is
first matched against the open containers, then opens new ones, and what is left of it goes to a
leaf. Depth is bounded, so the time is linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from imprint import rawhtml

# Deeper containers are read as text: no author means them, and no page has room for them.
MAX_DEPTH = 20
# Wider tables are read as text: every row would have so many cells.
MAX_COLUMNS = 100
# What a fence in the manner of MyST holds as Markdown, and what ":::" may open as a box.
ADMONITIONS = frozenset(
    "abstract admonition attention brief bug caution danger dates error example failure hint "
    "important info note question quote seealso success tip todo warning".split()
)


@dataclass(eq=False)
class Block:
    """A block. ``kind`` says which of the other fields mean something.

    Containers: document, quote, item, note, admonition, definition, directive, element.
    Leaves: paragraph, terms, heading, rule, fence, code, html, table, abbreviation.
    """

    kind: str
    children: list[Block] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    # Whether a blank line stands before it; makes lists loose.
    gap: bool = False
    # Columns that its content is indented by; for a fence, those of the fence.
    offset: int = 0
    # List marker ("-", "1."), heading level, info string, label, tag or directive.
    name: str = ""
    title: str = ""
    level: int = 0
    # What closes it: a fence's run, an HTML block's needle.
    closer: str = ""
    ended: bool = False
    # Whether a directive is MyST's, with its name in braces and options in its first lines.
    braced: bool = False


@dataclass(frozen=True)
class Definition:
    """A link reference definition."""

    label: str
    target: str
    title: str


def read(text: str) -> tuple[Block, list[Definition]]:
    """The document's blocks, and the link definitions that were taken out of its paragraphs."""
    reader = _Reader(text)
    for number, line in enumerate(reader.lines):
        reader.number = number
        reader.line(line)
    reader.close(0)
    return reader.open[0], reader.definitions


def indent(rest: str, column: int) -> int:
    """The columns of white space that the text begins with, at a column of its line."""
    at = column
    for char in rest:
        if char == " ":
            at += 1
        elif char == "\t":
            at += 4 - at % 4
        else:
            break
    return at - column


def strip_columns(rest: str, column: int, count: int) -> tuple[str, int]:
    """The text without so many columns of white space, and its new column.

    A tab that is only partly taken leaves its other columns as spaces (CommonMark 2.2).
    """
    taken = 0
    for position, char in enumerate(rest):
        if taken >= count or char not in " \t":
            break
        width = 1 if char == " " else 4 - (column + taken) % 4
        if taken + width > count:
            left = taken + width - count
            return " " * left + rest[position + 1 :], column + count
        taken += width
    else:
        position = len(rest)
    return rest[position:], column + taken


_ATX = re.compile(r"(#{1,6})(?:[ \t]+(.*))?$")
_FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
_FENCE_DIRECTIVE = re.compile(r"\{([\w:-]+)\}[ \t]*(.*)$")
_BULLET = re.compile(r"[-+*](?=[ \t]|$)")
_NUMBER = re.compile(r"(\d{1,9})([.)])(?=[ \t]|$)")
_NOTE = re.compile(r"\[\^([^\]\s]+)\]:[ \t]*")
_ABBREVIATION = re.compile(r"\*\[([^\]\\]+)\] ?:[ \t]*(.*)$")
_ADMONITION = re.compile(r"(!!!|\?\?\?\+?) ?([\w-]+(?: +[\w-]+)*)(?: +\"(.*)\")?[ \t]*$")
_DIRECTIVE = re.compile(
    r"(:{3,})[ \t]*(?:\{(?P<braced>[^{}]*)\}|(?P<name>[A-Za-z][\w-]*))(?P<title>.*)$"
)
_DIRECTIVE_END = re.compile(r":{3,}[ \t]*$")
_DEFINITION = re.compile(r":[ \t]{1,3}(?=\S)")
_SETEXT = re.compile(r"(?:=+|-+)[ \t]*$")
_DELIMITER_CELL = re.compile(r":?-+:?")
_LIQUID = re.compile(r"[ \t]*\{%(?:[^%]|%(?!\}))*%\}[ \t]*$")
_HIGHLIGHT = re.compile(r"[ \t]*\{%-?[ \t]*highlight[ \t]+([\w#.+-]+)[^%]*%\}[ \t]*$")
_HIGHLIGHT_END = re.compile(r"[ \t]*\{%-?[ \t]*endhighlight[ \t]*-?%\}[ \t]*$")
_PIPE = re.compile(r"(?<!\\)\|")
# A run of backticks up to the next of its length; captured, so that a split keeps it.
_CODE = re.compile(r"((?<!`)(?:`[^`]+`|``[^`]+``)(?!`))")
_CAPTION = re.compile(r"(?:Table|Figure): |\{:")
# CommonMark 4.6, conditions 1 to 5: how each begins, and what ends it.
_HTML_STARTS = (
    (re.compile(r"<(pre|script|style|textarea)(?=[\s>]|$)", re.IGNORECASE), "</{}>"),
    (re.compile(r"<!--"), "-->"),
    (re.compile(r"<\?"), "?>"),
    (re.compile(r"<!\[CDATA\["), "]]>"),
    (re.compile(r"<![A-Za-z]"), ">"),
)


def cells(row: str, width: int = 0) -> list[str]:
    """The cells of a table's row, split at pipes without a backslash (GFM, 4.10).

    Where that makes more cells than the table's width, pipes in code are no separators: most
    tools but GitHub's read them so, and authors rely on it.
    """
    parts = _trimmed(_PIPE.split(row.strip()))
    if width and len(parts) > width and "`" in row:
        kept = _trimmed(_split_outside(row.strip()))
        parts = kept if len(kept) <= width else parts
    return parts


def _trimmed(parts: list[str]) -> list[str]:
    """The cells without the empty ones outside the outer pipes, without white space around."""
    if len(parts) > 1 and not parts[0].strip():
        parts = parts[1:]
    if len(parts) > 1 and not parts[-1].strip():
        parts = parts[:-1]
    return [part.strip() for part in parts]


def _split_outside(row: str) -> list[str]:
    """The parts of a row between the pipes that stand neither in code nor behind a backslash."""
    parts = [""]
    for piece in _CODE.split(row):
        if piece.startswith("`"):
            parts[-1] += piece.replace("|", "\\|").replace("\\\\|", "\\|")
        else:
            first, *more = _PIPE.split(piece)
            parts[-1] += first
            parts += more
    return parts


def is_rule(line: str) -> bool:
    """Whether the line is a thematic break."""
    marks = line.replace(" ", "").replace("\t", "")
    return len(marks) >= 3 and marks[0] in "-_*" and marks == marks[0] * len(marks)


@dataclass
class _Reader:
    """The state of reading: the containers that are open and the leaf that takes lines."""

    text: str
    lines: list[str] = field(init=False)
    number: int = 0
    open: list[Block] = field(default_factory=lambda: [Block("document")])
    leaf: Block | None = None
    # Whether the line before was blank, and how deep the innermost quotation mark of it stood.
    blank: bool = False
    blank_depth: int = 0
    definitions: list[Definition] = field(default_factory=list)
    # The last line where each thing that can end an HTML block occurs: is there one ahead?
    last_seen: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lines = self.text.removesuffix("\n").split("\n")
        for number, line in enumerate(self.lines):
            if ">" in line:
                self.last_seen[">"] = number
                for needle in re.findall(r"</[A-Za-z][\w-]*+|-->|\?>|\]\]>", line):
                    self.last_seen[needle.lower()] = number

    # --- one line ---------------------------------------------------------------------------

    def line(self, raw: str) -> None:
        """Give a line to the block that it belongs to."""
        rest, column, matched = self.match(raw)
        whole = matched == len(self.open)
        in_html = whole and self.leaf and self.leaf.kind == "html" and not self.leaf.closer
        if in_html and self.end_element(rest, matched):
            return
        if whole and self.leaf and self.leaf.kind != "paragraph":
            if self.continue_leaf(rest, column):
                return
        elif not whole and self.leaf and self.leaf.kind != "paragraph":
            self.close_leaf()
        if self.end_directive(rest, column, matched) or self.end_element(rest, matched):
            return
        if _LIQUID.match(rest) and not _HIGHLIGHT.match(rest):
            return
        self.start(rest, column, matched)

    def match(self, raw: str) -> tuple[str, int, int]:
        """What is left of the line after the open containers, its column, how many matched."""
        rest, column, matched = raw, 0, 1
        for container in self.open[1:]:
            step = _CONTINUE[container.kind](container, rest, column)
            if step is None:
                break
            rest, column = step
            matched += 1
            if container.kind == "quote":
                self.blank_depth = matched - 1 if not rest.strip() else self.blank_depth
        return rest, column, matched

    def continue_leaf(self, rest: str, column: int) -> bool:
        """Whether the open leaf took the line; otherwise the leaf is closed."""
        leaf = self.leaf
        assert leaf is not None
        if not _LEAVES[leaf.kind](leaf, rest, column):
            if not leaf.ended:
                self.close_leaf()
                return False
            self.close_leaf()
        elif self.is_closed_html(leaf):
            self.close_leaf()
        self.blank = leaf.kind == "code" and not rest.strip()
        return True

    def start(self, rest: str, column: int, matched: int) -> None:
        """Open the blocks that begin in the line, and give what is left to a leaf."""
        opened = False
        while rest.strip():
            in_paragraph = (
                self.leaf is not None
                and self.leaf.kind == "paragraph"
                and matched == len(self.open)
                and not opened
            )
            deep = indent(rest, column)
            if deep >= 4:
                if self.leaf is None or self.leaf.kind != "paragraph" or opened:
                    self.close(matched)
                    self.add_leaf(Block("code", lines=[strip_columns(rest, column, 4)[0]]))
                    return
                break
            bare, at = strip_columns(rest, column, deep)
            begun = self.start_container(bare, at, deep, matched, in_paragraph)
            if begun is not None:
                rest, column = begun
                matched, opened = len(self.open), True
                continue
            if self.start_leaf(bare, deep, matched, in_paragraph, opened):
                return
            break
        if not rest.strip():
            self.blank_line(rest, matched, opened)
        else:
            self.text_line(rest, matched, opened)

    def blank_line(self, rest: str, matched: int, opened: bool) -> None:
        """A blank line closes paragraphs, and the containers that it does not belong to."""
        self.close(matched)
        if not opened:
            if not any(c.kind == "quote" for c in self.open[1:]):
                self.blank_depth = 0
            self.blank = True

    def text_line(self, rest: str, matched: int, opened: bool) -> None:
        """A line of text continues the open paragraph, even lazily, or begins one."""
        if self.leaf is not None and self.leaf.kind == "paragraph" and not opened:
            self.leaf.lines.append(rest.strip(" \t") + _hard_break(rest))
            return
        self.close(matched)
        self.add_leaf(Block("paragraph", lines=[rest.strip(" \t") + _hard_break(rest)]))

    # --- containers -------------------------------------------------------------------------

    def start_container(
        self, bare: str, column: int, deep: int, matched: int, in_paragraph: bool
    ) -> tuple[str, int] | None:
        """Open the container that the line begins, if any: what is left of the line, its column."""
        if bare[0] == ">":
            return self.start_quote(bare, column, matched)
        if matched >= MAX_DEPTH:
            return None
        for begin in (self.start_item, self.start_note, self.start_admonition, self.start_element):
            begun = begin(bare, column, deep, matched, in_paragraph)
            if begun is not None:
                return begun
        if begun := self.start_definition(bare, column, deep, matched, in_paragraph):
            return begun
        return self.start_directive(bare, column, deep, matched, in_paragraph)

    def start_quote(self, bare: str, column: int, matched: int) -> tuple[str, int]:
        if matched < MAX_DEPTH:
            self.push(Block("quote"), matched)
        else:
            self.close(matched)
        return _after_mark(bare, column)

    def start_item(
        self, bare: str, column: int, deep: int, matched: int, in_paragraph: bool
    ) -> tuple[str, int] | None:
        found = _BULLET.match(bare) or _NUMBER.match(bare)
        if not found or (bare[0] in "*-" and is_rule(bare)):
            return None
        number = found.group(1) if found.re is _NUMBER else ""
        after = bare[found.end() :]
        if in_paragraph and (not after.strip() or (number and int(number) != 1)):
            return None
        column += found.end()
        gap = indent(after, column)
        # An item that begins with code, or with nothing, has its content one column after.
        used = 1 if gap > 4 or not after.strip() else gap
        mark = found.group(2) if number else bare[0]
        item = Block("item", offset=deep + found.end() + used, name=mark)
        item.level = int(number) if number else -1
        self.push(item, matched)
        return strip_columns(after, column, used)

    def start_note(
        self, bare: str, column: int, deep: int, matched: int, in_paragraph: bool
    ) -> tuple[str, int] | None:
        found = _NOTE.match(bare)
        if not found:
            return None
        self.push(Block("note", name=found.group(1)), matched)
        return bare[found.end() :], column + found.end()

    def start_admonition(
        self, bare: str, column: int, deep: int, matched: int, in_paragraph: bool
    ) -> tuple[str, int] | None:
        found = _ADMONITION.match(bare)
        if not found:
            return None
        box = Block("admonition", name=found.group(2), title=found.group(3) or "", offset=4)
        box.closer, box.level = found.group(1), int(found.group(3) is not None)
        self.push(box, matched)
        return "", column + len(bare)

    def start_element(
        self, bare: str, column: int, deep: int, matched: int, in_paragraph: bool
    ) -> tuple[str, int] | None:
        """``<tag markdown="1">``: what it holds is Markdown, up to its end tag."""
        found = rawhtml.TAG.match(bare) if bare[0] == "<" else None
        if not found or found.group("close") or found.group("empty"):
            return None
        name, mode = found.group("name").lower(), rawhtml.markdown_mode(found.group("attributes"))
        if not mode or mode == "0" or name in rawhtml.INLINE_TAGS | rawhtml.VOID_TAGS:
            return None
        element = Block("element", name=name, title=found.group("attributes"), offset=-1)
        element.closer = mode
        # The element around it took this start tag for one of its own.
        for around in reversed(self.open[1:matched]):
            if around.kind == "element" and around.name == name:
                around.level -= 1
                break
        self.push(element, matched)
        rest = bare[found.end() :]
        if self.end_element(rest, len(self.open)):
            return "", column
        return rest, column + found.end()

    def start_definition(
        self, bare: str, column: int, deep: int, matched: int, in_paragraph: bool
    ) -> tuple[str, int] | None:
        """``:   Definition`` after its terms; a line in a paragraph makes them terms."""
        found = _DEFINITION.match(bare)
        if not found:
            return None
        parent = self.open[matched - 1]
        if not in_paragraph and self.leaf is not None and matched == len(self.open):
            return None
        before = self.leaf if in_paragraph else parent.children[-1] if parent.children else None
        if before is None or before.kind not in ("paragraph", "terms", "definition"):
            return None
        if before.kind == "paragraph":
            before.kind = "terms"
        self.leaf = None if before is self.leaf else self.leaf
        self.push(Block("definition", offset=deep + found.end()), matched)
        return bare[found.end() :], column + found.end()

    def start_directive(
        self, bare: str, column: int, deep: int, matched: int, in_paragraph: bool
    ) -> tuple[str, int] | None:
        """``:::note Title``, ``::: {.callout-note}``, and MyST's directives between fences."""
        if found := _DIRECTIVE.match(bare):
            name = found.group("name") or found.group("braced") or ""
            title = found.group("title").strip(": \t")
            directive = Block("directive", name=name.strip(), title=title)
            directive.braced = name.isidentifier() and not found.group("name")
            directive.closer = found.group(1)
            self.push(directive, matched)
            return "", column
        fence = _FENCE.match(bare)
        found = _FENCE_DIRECTIVE.match((fence.group(2) or fence.group(4) or "") if fence else "")
        if not fence or not found or found.group(1) not in ADMONITIONS:
            return None
        directive = Block("directive", name=found.group(1), title=found.group(2), level=deep)
        directive.braced = True
        directive.closer = fence.group(1) or fence.group(3)
        self.push(directive, matched)
        return "", column

    def end_directive(self, rest: str, column: int, matched: int) -> bool:
        """Whether the line closes the innermost directive among the matched containers."""
        line = rest.strip(" \t")
        if not line or line[0] not in ":`~" or indent(rest, column) >= 4:
            return False
        for place in range(matched - 1, 0, -1):
            block = self.open[place]
            if block.kind == "directive":
                least = 3 if block.closer[0] == ":" else len(block.closer)
                if len(line) < least or line != block.closer[0] * len(line):
                    return False
                self.close(place)
                return True
        return False

    def end_element(self, rest: str, matched: int) -> bool:
        """Whether the line holds the end tag of the innermost element among the containers.

        What stands before the end tag in the line is read first, what stands after it last.
        """
        elements = [n for n in range(1, matched) if self.open[n].kind == "element"]
        if not elements or "<" not in rest:
            return False
        for tag in rawhtml.TAG.finditer(rest):
            name = tag.group("name").lower()
            place = next((n for n in reversed(elements) if self.open[n].name == name), 0)
            if not place or tag.group("empty"):
                continue
            self.open[place].level += -1 if tag.group("close") else 1
            if self.open[place].level < 0:
                before, after = rest[: tag.start()], rest[tag.end() :]
                if before.strip():
                    self.start(before, 0, matched)
                self.close(place)
                if after.strip():
                    self.line_within(after, place)
                return True
        return False

    def line_within(self, rest: str, matched: int) -> None:
        """Read what is left of a line that has closed an element."""
        if not self.end_element(rest, matched):
            self.start(rest.lstrip(" \t"), 0, matched)

    # --- leaves -----------------------------------------------------------------------------

    def start_leaf(
        self, bare: str, deep: int, matched: int, in_paragraph: bool, opened: bool
    ) -> bool:
        """Whether the line begins a leaf other than a paragraph; it is opened then."""
        if in_paragraph and (self.setext(bare) or self.table(bare)):
            return True
        leaf = (
            _heading(bare)
            or _fence(bare, deep)
            or self.html(bare, opened)
            or _rule(bare)
            or _abbreviation(bare)
        )
        if leaf is None:
            return False
        self.close(matched)
        self.add_leaf(leaf)
        if leaf.ended or self.is_closed_html(leaf):
            self.close_leaf()
        return True

    def is_closed_html(self, leaf: Block) -> bool:
        """Whether the leaf is raw HTML whose last line closes all that it opened.

        Within ``markdown="1"`` that ends it, as Python-Markdown's and Kramdown's authors know it;
        elsewhere a blank line does.
        """
        if leaf.kind != "html" or all(block.kind != "element" for block in self.open):
            return False
        for tag in rawhtml.TAG.finditer(leaf.lines[-1]):
            if tag.group("name").lower() not in rawhtml.VOID_TAGS and not tag.group("empty"):
                leaf.level += -1 if tag.group("close") else 1
        return leaf.level <= 0

    def setext(self, bare: str) -> bool:
        """Whether the line underlines the open paragraph, which is a heading then."""
        leaf = self.leaf
        assert leaf is not None
        if not _SETEXT.match(bare):
            return False
        self.take_definitions(leaf, at_end=False)
        if not leaf.lines:
            self.open[-1].children.pop()
            self.leaf = None
            return False
        leaf.kind, leaf.level = "heading", 1 if bare[0] == "=" else 2
        self.leaf = None
        return True

    def table(self, bare: str) -> bool:
        """Whether the line is the delimiter row under the paragraph's last line, now a header."""
        leaf = self.leaf
        if leaf is None:
            return False
        header = leaf.lines[-1]
        if "|" not in header or bare[0] not in "|:-" or not ("|" in bare or ":" in bare):
            return False
        columns = cells(bare)
        if not all(_DELIMITER_CELL.fullmatch(cell) for cell in columns):
            return False
        if len(columns) > MAX_COLUMNS or len(columns) != len(cells(header, len(columns))):
            return False
        leaf.lines.pop()
        if not leaf.lines:
            self.open[-1].children.pop()
        else:
            self.close_leaf()
        self.leaf = None
        self.add_leaf(Block("table", lines=[header.rstrip(), bare.rstrip()], gap=leaf.gap))
        return True

    def html(self, bare: str, opened: bool) -> Block | None:
        """The HTML block that begins in the line, if one does."""
        if bare[0] != "<":
            return None
        for start, closer in _HTML_STARTS:
            if found := start.match(bare):
                needle = closer.format(*found.groups()).lower()
                return self.verbatim(bare, found.end(), needle)
        if rawhtml.block_start(bare):
            return Block("html", lines=[bare])
        lazy = self.leaf is not None and self.leaf.kind == "paragraph" and not opened
        tag = rawhtml.lone_tag(bare)
        if tag is None or lazy or not self.stands_alone(tag):
            return None
        return Block("html", lines=[bare])

    def verbatim(self, bare: str, after: int, needle: str) -> Block | None:
        """The block that only the needle ends; as another kind where there is none ahead."""
        block = Block("html", lines=[bare], closer=needle)
        if needle in bare[after:].lower():
            block.ended = True
        elif self.last_seen.get(needle.removesuffix(">") if "</" in needle else needle, -1) <= (
            self.number
        ):
            # Nothing closes it: it would swallow the rest of the text.
            if not needle.startswith("</"):
                return None
            block.closer = ""
        return block

    def stands_alone(self, tag: re.Match[str]) -> bool:
        """Whether a tag alone in its line is a block: no inline element, no "<T>" of prose."""
        name = tag.group("name")
        if name.lower() in rawhtml.INLINE_TAGS:
            return False
        if rawhtml.is_known(name) or tag.group("close") or tag.group("empty"):
            return True
        return self.last_seen.get(f"</{name.lower()}", -1) > self.number

    # --- opening and closing ----------------------------------------------------------------

    def push(self, block: Block, matched: int) -> None:
        """Open a container in the innermost matched one."""
        self.close(matched)
        self.attach(block)
        self.open.append(block)

    def add_leaf(self, block: Block) -> None:
        """Open a leaf in the innermost container."""
        self.close_leaf()
        self.attach(block)
        self.leaf = block if block.kind not in _CLOSED_LEAVES else None

    def attach(self, block: Block) -> None:
        """Put a block at the end of the innermost container."""
        place = len(self.open) - 1
        block.gap = block.gap or (self.blank and place >= self.blank_depth)
        self.open[-1].children.append(block)
        self.blank = False

    def close(self, matched: int) -> None:
        """Close the leaf, and the containers that did not match."""
        self.close_leaf()
        del self.open[max(matched, 1) :]

    def close_leaf(self) -> None:
        """Close the leaf."""
        leaf, self.leaf = self.leaf, None
        if leaf is None:
            return
        if leaf.kind == "paragraph":
            self.take_definitions(leaf, at_end=True)
            if not leaf.lines:
                self.open[-1].children.pop()
        elif leaf.kind == "code":
            while leaf.lines and not leaf.lines[-1].strip():
                leaf.lines.pop()
        elif leaf.kind == "html" and leaf.closer and not leaf.ended:
            leaf.kind = "fallen"

    def take_definitions(self, leaf: Block, at_end: bool) -> None:
        """Take the link definitions off the paragraph's beginning and, if told to, off its end.

        CommonMark reads those at the end as text; who writes them means definitions, and
        Python-Markdown has always read them so.
        """
        start = 0
        while start < len(leaf.lines) and leaf.lines[start].startswith("["):
            found, used = _definition(leaf.lines[start : start + 3])
            if found is None:
                break
            self.definitions.append(found)
            start += used
        del leaf.lines[:start]
        late: list[Definition] = []
        while at_end and len(leaf.lines) > 1 and leaf.lines[-1].startswith("["):
            found, _ = _definition(leaf.lines[-1:])
            if found is None or not re.search(r"[/.#]", found.target):
                break
            late.append(found)
            leaf.lines.pop()
        self.definitions += reversed(late)


def _hard_break(rest: str) -> str:
    """Two spaces if the line ends in a hard break made of spaces."""
    return "  " if rest.endswith("  ") else ""


def _after_mark(bare: str, column: int) -> tuple[str, int]:
    """What follows a quotation mark: one column of white space belongs to the mark."""
    rest, column = bare[1:], column + 1
    return strip_columns(rest, column, 1)


# --- how containers continue -----------------------------------------------------------------

_Step = tuple[str, int] | None


def _continue_quote(block: Block, rest: str, column: int) -> _Step:
    deep = indent(rest, column)
    bare, at = strip_columns(rest, column, deep)
    return _after_mark(bare, at) if deep < 4 and bare.startswith(">") else None


def _continue_item(block: Block, rest: str, column: int) -> _Step:
    if not rest.strip():
        # An item may begin with one blank line, not with two.
        return (rest, column) if block.children else None
    if indent(rest, column) >= block.offset:
        return strip_columns(rest, column, block.offset)
    return None


def _continue_note(block: Block, rest: str, column: int) -> _Step:
    if not rest.strip():
        return rest, column
    deep = indent(rest, column)
    # Tools ask for four columns or two; the first line that is indented decides.
    if not block.offset and deep >= 2:
        block.offset = min(deep, 4)
    if block.offset and deep >= block.offset:
        return strip_columns(rest, column, block.offset)
    return None


def _continue_indented(block: Block, rest: str, column: int) -> _Step:
    if not rest.strip():
        return rest, column
    if indent(rest, column) >= block.offset:
        return strip_columns(rest, column, block.offset)
    return None


def _continue_directive(block: Block, rest: str, column: int) -> _Step:
    return strip_columns(rest, column, min(block.level, indent(rest, column)))


def _continue_element(block: Block, rest: str, column: int) -> _Step:
    if not rest.strip():
        return rest, column
    deep = indent(rest, column)
    # Authors indent what stands in an element as they do in HTML: it is not code.
    if block.offset < 0:
        block.offset = deep
    return strip_columns(rest, column, min(block.offset, deep))


_CONTINUE: dict[str, Callable[[Block, str, int], _Step]] = {
    "quote": _continue_quote,
    "item": _continue_item,
    "note": _continue_note,
    "admonition": _continue_indented,
    "definition": _continue_indented,
    "directive": _continue_directive,
    "element": _continue_element,
}

# --- how leaves begin and continue -----------------------------------------------------------

_CLOSED_LEAVES = frozenset(("heading", "rule", "abbreviation"))


def _heading(bare: str) -> Block | None:
    found = _ATX.match(bare)
    if not found:
        return None
    text = (found.group(2) or "").strip(" \t")
    bare_text = text.rstrip("#")
    if not bare_text or bare_text[-1] in " \t":
        text = bare_text.rstrip(" \t")
    return Block("heading", level=len(found.group(1)), lines=[text])


def _fence(bare: str, deep: int) -> Block | None:
    if found := _HIGHLIGHT.match(bare):
        return Block("fence", name=found.group(1), closer="{%")
    found = _FENCE.match(bare)
    if not found:
        return None
    run = found.group(1) or found.group(3)
    info = (found.group(2) or found.group(4) or "").strip()
    return Block("fence", offset=deep, name=info, closer=run)


def _rule(bare: str) -> Block | None:
    return Block("rule") if is_rule(bare) else None


def _abbreviation(bare: str) -> Block | None:
    found = _ABBREVIATION.match(bare)
    return Block("abbreviation", name=found.group(1), title=found.group(2)) if found else None


def _take_fence(leaf: Block, rest: str, column: int) -> bool:
    line = rest.strip(" \t")
    mark = leaf.closer
    closes = (
        bool(_HIGHLIGHT_END.match(rest))
        if mark == "{%"
        else len(line) >= len(mark) and line == mark[0] * len(line) and indent(rest, column) < 4
    )
    if closes:
        leaf.ended = True
        return False
    leaf.lines.append(strip_columns(rest, column, leaf.offset)[0])
    return True


def _take_code(leaf: Block, rest: str, column: int) -> bool:
    if rest.strip() and indent(rest, column) < 4:
        return False
    leaf.lines.append(strip_columns(rest, column, 4)[0])
    return True


def _take_html(leaf: Block, rest: str, column: int) -> bool:
    if not leaf.closer:
        if not rest.strip():
            return False
        if not _LIQUID.match(rest):
            leaf.lines.append(rest)
        return True
    leaf.lines.append(rest)
    if leaf.closer in rest.lower():
        leaf.ended = True
        return False
    return True


def _take_table(leaf: Block, rest: str, column: int) -> bool:
    bare = rest.lstrip(" \t")
    if not bare or indent(rest, column) >= 4 or _CAPTION.match(bare):
        return False
    if bare[0] == ">" or _BULLET.match(bare) or _NUMBER.match(bare) or is_rule(bare):
        return False
    if _heading(bare) or _fence(bare, 0) or rawhtml.block_start(bare) or _NOTE.match(bare):
        return False
    if _DIRECTIVE_END.match(bare) or bare.startswith("<!--"):
        return False
    leaf.lines.append(bare.rstrip())
    return True


_LEAVES: dict[str, Callable[[Block, str, int], bool]] = {
    "fence": _take_fence,
    "code": _take_code,
    "html": _take_html,
    "table": _take_table,
}

_LABEL = re.compile(r"\[((?:[^\[\]\\]|\\.){1,999})\]:[ \t]*(\S.*)?$")
_TARGET = re.compile(r"(?:<((?:[^<>\\\n]|\\.)*)>|([^\s<]\S*))(?:[ \t]+(\S.*))?$")
_TITLE = re.compile(r"\"((?:[^\"\\]|\\.)*)\"$|'((?:[^'\\]|\\.)*)'$|\(((?:[^()\\]|\\.)*)\)$")


def _definition(lines: list[str]) -> tuple[Definition | None, int]:
    """The link definition that the lines begin with, and how many lines it takes."""
    label = _LABEL.match(lines[0].rstrip())
    if not label or not label.group(1).strip() or label.group(1).startswith("^"):
        return None, 0
    used, rest = 1, (label.group(2) or "").strip()
    if not rest:
        if len(lines) < 2:
            return None, 0
        used, rest = 2, lines[1].strip()
    target = _TARGET.match(rest)
    if not target:
        return None, 0
    where = target.group(1) if target.group(1) is not None else target.group(2)
    name = " ".join(label.group(1).split())
    if target.group(3):
        title = _TITLE.match(target.group(3).strip())
        return (Definition(name, where, _first(title)), used) if title else (None, 0)
    if len(lines) > used and (title := _TITLE.match(lines[used].strip())):
        return Definition(name, where, _first(title)), used + 1
    return Definition(name, where, ""), used


def _first(found: re.Match[str]) -> str:
    """The group that took part in the match."""
    return next((group for group in found.groups() if group is not None), "")
