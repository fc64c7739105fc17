"""What CommonMark authors write, rewritten into what our converter reads the same way.

``blocks`` reads the text as CommonMark does; what is written here has one form for each block, so
that Python-Markdown (with the processors of ``md``) has nothing left to guess: four columns a
level, a blank line between blocks, tables with all their pipes, code between fences that nothing
in it can close, raw HTML in balance and without blank lines.

Where CommonMark would lose an author's words we do not follow it: a table grows for a row that is
too long, an unclosed comment is text, a second footnote of one name is text, ``<T>`` is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from imprint import rawhtml
from imprint.blocks import ADMONITIONS, Block, Definition, cells, read

# The converter marks its own places with these; no manuscript means them.
_CONTROLS = dict.fromkeys([*range(1, 9), 11, 12, *range(14, 32), 127])


def normalise(text: str) -> str:
    """The text in the converter's dialect of Markdown."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    document, definitions = read(text.removeprefix("\ufeff").translate(_CONTROLS))
    writer = _Writer()
    lines = writer.container(document.children)
    lines += _references(definitions, bool(lines))
    return "\n".join(lines) + "\n" if lines else ""


def _references(definitions: Iterable[Definition], after: bool) -> list[str]:
    """The link definitions, one a line; of two with one name the first counts."""
    lines, seen = [""] if after else [], set()
    for one in definitions:
        # The converter looks labels up without the marks of code in them.
        label = one.label.replace("`", "")
        name = label.casefold()
        # It cannot look up a label with brackets or escapes in it; the reference stays text.
        if name not in seen and not re.search(r"[\[\]\\]", label):
            seen.add(name)
            target = re.sub(r"\s", "%20", one.target) or "#"
            title = one.title.replace('"', "&quot;")
            lines.append(f"[{label}]: {target}" + (f' "{title}"' if title else ""))
    return lines if len(lines) > after else []


def _indented(lines: Iterable[str], by: str = "    ") -> list[str]:
    """The lines a level deeper; blank ones stay blank."""
    return [by + line if line else "" for line in lines]


def _spaced(*groups: list[str]) -> list[str]:
    """The lines of the groups with one blank line between those that have any."""
    lines: list[str] = []
    for group in groups:
        lines += ["", *group] if lines and group else group
    return lines


# What the converter would take for something else than text at the beginning of a block.
_MARK = re.compile(r"[-+*](?=\s|$)|>|#{1,6}(?=\s|$)|\[(?=[^\]]*\]:)|!!!|\*(?=\[[^\]]*\] ?:)")
_NUMBER = re.compile(r"(\d{1,9})([.)](?=\s|$).*)", re.DOTALL)
_CHARACTER = re.compile(r":(?=\s|$)|\?\?\?")
_TICKS = re.compile(r"`{3,}")
# And within one.
_UNDERLINE = re.compile(r"[-_*=|:](?=[-_*=|: \t]*$)")
_OPENING = re.compile(r"[\[<]|\*\[|~~~|\{:")


def _is_special(line: str) -> bool:
    """Whether the converter might see more than text in a line within a paragraph."""
    patterns = (_MARK, _NUMBER, _CHARACTER, _TICKS, _UNDERLINE, _OPENING)
    return any(pattern.match(line) for pattern in patterns)


def _guarded(line: str) -> str:
    """The line so that a block may begin with it as plain text."""
    if _MARK.match(line):
        return "\\" + line
    if found := _NUMBER.match(line):
        return f"{found.group(1)}\\{found.group(2)}"
    if _CHARACTER.match(line):
        return f"&#{ord(line[0])};{line[1:]}"
    # Code in the line, not a fence: the converter drops comments.
    return f"<!-- -->{line}" if _TICKS.match(line) else line


@dataclass
class _Writer:
    """Writes blocks; remembers the footnotes that it has seen."""

    notes: set[str] = field(default_factory=set)
    # Those within the note that is being written; None while none is.
    inner_notes: list[Block] | None = None

    def container(self, children: list[Block]) -> list[str]:
        """The lines of a container's content."""
        return self.settled(_settled(children))

    def item(self, mark: str, children: list[Block], *below: str) -> list[str]:
        """A container's content behind a mark: a paragraph beside it, all else below it.

        Between the mark and what stands below it come the lines named last.
        """
        children = _settled(children)
        content = self.settled(children)
        if content and children[0].kind == "paragraph":
            return [f"{mark} {content[0]}", *_indented(content[1:])]
        return [mark.rstrip(), *below, *_indented(content)] if content else [mark.rstrip()]

    def settled(self, children: list[Block]) -> list[str]:
        """The lines of blocks whose raw HTML is in balance."""
        lines: list[str] = []
        place, mark = 0, ""
        while place < len(children):
            end = _group_end(children, place)
            group = children[place:end]
            if group[0].kind == "item":
                # Directly after a list of the same mark another mark keeps the two apart.
                mark = _other(mark, group[0])
                written = self.items(group, mark)
            elif group[0].kind == "terms":
                written = self.definitions(group)
            else:
                written = self.block(group[0])
            if written:
                lines += ["", *written] if lines else written
                mark = mark if group[0].kind == "item" else ""
            place = end
        return lines

    def block(self, block: Block) -> list[str]:
        """The lines of one block that is no list."""
        return _WRITERS[block.kind](self, block)

    # --- lists ------------------------------------------------------------------------------

    def items(self, items: list[Block], mark: str) -> list[str]:
        """A list: loose if blank lines stand between its items or between the blocks in one."""
        loose = any(item.gap for item in items[1:]) or any(
            child.gap for item in items for child in item.children[1:]
        )
        lines: list[str] = []
        for number, item in enumerate(items):
            head = mark if items[0].level < 0 else f"{items[0].level + number}{mark}"
            lines += [""] if loose and number else []
            # Filled up so that the text begins at the fourth column where it can.
            lines += self.item(f"{head:<3}", item.children)
        return lines

    def definitions(self, group: list[Block]) -> list[str]:
        """Terms with their definitions."""
        lines: list[str] = []
        after = "terms"
        for block in group:
            if block.kind == "terms":
                lines += [""] if lines else []
                lines += [_guarded(line.rstrip()) for line in block.lines]
                after = "terms"
                continue
            # The first stands under its terms, others apart: the one before may be long.
            lines += [""] if after == "definition" else []
            lines += self.item(":  ", block.children, "")
            after = "definition"
        return lines

    # --- other containers -------------------------------------------------------------------

    def quote(self, block: Block) -> list[str]:
        """A quotation, or the box that GitHub makes of one that begins with ``[!NOTE]``."""
        first = block.children[0] if block.children else None
        alert = _ALERT.match(first.lines[0]) if first and first.kind == "paragraph" else None
        if first and alert:
            lines = first.lines[1:]
            rest = [Block("paragraph", lines=lines)] if lines else []
            return self.box(alert.group(1).lower(), None, [*rest, *block.children[1:]])
        lines = self.container(block.children)
        return [f"> {line}" if line else ">" for line in lines]

    def note(self, block: Block) -> list[str]:
        """A footnote; a second one of the same name is text, or its words would be lost."""
        head = f"[^{block.name}]:"
        if block.name in self.notes:
            return _spaced(["\\" + head], self.container(block.children))
        self.notes.add(block.name)
        if self.inner_notes is not None:
            # The converter would lose a note within a note: it goes after the outer one.
            self.inner_notes.append(block)
            return []
        self.inner_notes = []
        lines = self.item(head, block.children, "")
        for inner in self.inner_notes:
            lines += ["", *self.item(f"[^{inner.name}]:", inner.children, "")]
        self.inner_notes = None
        return lines

    def admonition(self, block: Block) -> list[str]:
        """A box as Python-Markdown writes it, kept."""
        title = f' "{block.title}"' if block.level else ""
        content = _indented(self.container(block.children))
        return _spaced([f"{block.closer} {block.name}{title}"], content)

    def box(self, kind: str, title: str | None, children: list[Block]) -> list[str]:
        """A box made from another tool's."""
        quoted = "" if title is None else ' "{}"'.format(title.replace('"', "”"))
        return _spaced([f"!!! {kind}{quoted}"], _indented(self.container(children)))

    def directive(self, block: Block) -> list[str]:
        """A box for the kinds that are boxes, a division with the name as class for others."""
        kind, title, attributes = _directive(block)
        children = block.children
        if kind in ("figure", "image") and block.braced:
            return self.figure(title or "", children)
        if block.braced and children and children[0].kind == "paragraph":
            children = _options(children)[1]
        if kind == "figure-md":
            # What stands for its title is the name that others refer to it by.
            title = None
        if title is None and children and children[0].kind == "heading" and kind in ADMONITIONS:
            # Quarto: a heading at its beginning is the box's title.
            title, children = " ".join(children[0].lines), children[1:]
        if kind in ADMONITIONS:
            return self.box("note" if kind == "admonition" else kind, title, children)
        head = [f"**{title}**"] if title else []
        return _spaced([f"<div{attributes}>"], head, self.container(children), ["</div>"])

    def element(self, block: Block) -> list[str]:
        """An element whose content is Markdown."""
        attributes = rawhtml.without_markdown(block.title)
        lines = self.container(block.children)
        name = block.name
        if name in rawhtml.PHRASING_TAGS or block.closer == "span":
            if all(child.kind == "paragraph" for child in block.children):
                text = " ".join(line for line in lines if line)
                return [f'<{name}{attributes} markdown="span">{text}</{name}>']
            # Blocks may not stand in it: HTML would end it before them.
            name = "div"
        return _spaced([f"<{name}{attributes}>"], lines, [f"</{name}>"])

    # --- leaves -----------------------------------------------------------------------------

    def paragraph(self, block: Block) -> list[str]:
        """A paragraph's lines, with those joined that would begin something else."""
        lines = [_broken(line) for line in block.lines]
        lines[-1] = block.lines[-1].rstrip()
        text = [_guarded(lines[0])]
        for number, line in enumerate(lines[1:], 1):
            attributes = line.startswith("{:") and number == len(lines) - 1
            if attributes or not _is_special(line):
                text.append(line)
            else:
                text[-1] = f"{_in_line(text[-1])} {line}"
        return text

    def heading(self, block: Block) -> list[str]:
        """A heading on one line."""
        text = " ".join(_in_line(line) for line in block.lines[:-1])
        text = f"{text} {block.lines[-1].strip()}".strip()
        if not text:
            return []
        # The converter takes number signs off the end, and a backslash escapes the line's end.
        bare = text.rstrip("#")
        signs = len(text) - len(bare)
        if signs:
            text = bare.removesuffix("\\") if _is_odd(bare) else bare
            text += "\\#" * signs
        elif _is_odd(text):
            text += "\\"
        return [f"{'#' * block.level} {text}"]

    def rule(self, block: Block) -> list[str]:
        """A thematic break."""
        return ["---"]

    def code(self, block: Block) -> list[str]:
        """Code between fences longer than any in it."""
        runs = [len(m.group()) for line in block.lines if (m := _TICKS.search(line))]
        fence = "`" * max(3, max(runs, default=0) + 1)
        return [fence + _language(block.name), *block.lines, fence]

    def fence(self, block: Block) -> list[str]:
        """Fenced code, or what MyST's figures and pictures are with us."""
        found = _FENCE_DIRECTIVE.match(block.name)
        if not found:
            return self.code(block)
        kind, argument = found.groups()
        if kind in ("figure", "image"):
            return self.figure(argument.strip(), read("\n".join(block.lines))[0].children)
        if kind in ("code", "code-block", "code-cell", "sourcecode"):
            block.name, block.lines = argument, _split_options(block.lines)[1]
        return self.code(block)

    def figure(self, path: str, children: list[Block]) -> list[str]:
        """MyST's figure: the picture, and after it the paragraph with its caption."""
        options, rest = _options(children)
        name = f"{{#{options['name']}}}" if _NAME.fullmatch(options.get("name", "")) else ""
        alternative = re.sub(r"([\[\]\\])", r"\\\1", options.get("alt", ""))
        lines = [f"![{alternative}]({path.replace(' ', '%20')}){name}"]
        written = self.container(rest)
        if written and rest[0].kind == "paragraph":
            written[0] = f"Figure: {written[0]}"
        return _spaced(lines, written)

    def table(self, block: Block) -> list[str]:
        """A table with all its pipes; it grows for the longest row."""
        columns = len(cells(block.lines[1]))
        rows = [_fitting(cells(line, columns), columns) for line in block.lines]
        width = max(len(row) for row in rows)
        header, delimiter, *body = (row + [""] * (width - len(row)) for row in rows)
        marks = [_alignment(cell) for cell in delimiter]
        return [_row(header), _row(marks), *(_row(row) for row in body)]

    def abbreviation(self, block: Block) -> list[str]:
        """What an abbreviation stands for."""
        return [f"*[{block.name}]: {block.title}"]

    def nothing(self, block: Block) -> list[str]:
        """What nobody sees, but still stands between two lists."""
        return []

    def html(self, block: Block) -> list[str]:
        """Raw HTML, made of lines that are not blank."""
        return block.lines

    def fallen(self, block: Block) -> list[str]:
        """What began like raw HTML and never ended is text."""
        first, *rest = (line.strip() for line in block.lines)
        return self.paragraph(
            Block("paragraph", lines=["&lt;" + first[1:], *(line for line in rest if line)])
        )


_WRITERS = {
    "quote": _Writer.quote,
    "note": _Writer.note,
    "admonition": _Writer.admonition,
    "directive": _Writer.directive,
    "element": _Writer.element,
    "paragraph": _Writer.paragraph,
    "terms": _Writer.paragraph,
    "heading": _Writer.heading,
    "rule": _Writer.rule,
    "code": _Writer.code,
    "fence": _Writer.fence,
    "table": _Writer.table,
    "abbreviation": _Writer.abbreviation,
    "html": _Writer.html,
    "fallen": _Writer.fallen,
    "comment": _Writer.nothing,
}
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*$", re.IGNORECASE)
_FENCE_DIRECTIVE = re.compile(r"\{([\w:-]+)\}(.*)$")
# One long row must not make every other one as long.
_MOST_EXTRA_CELLS = 8
_NAME = re.compile(r"[A-Za-z][\w:.-]*")
_YAML_END = re.compile(r"---\s*$")
_OPTION = re.compile(r":([\w-]+):(?:[ \t]+(.*))?$")
_LANGUAGE = re.compile(r"(?:\{?[ \t]*\.?)([A-Za-z][\w#+.-]*)")


# --- containers ------------------------------------------------------------------------------


def _group_end(children: list[Block], place: int) -> int:
    """Where the list, or the definition list, that begins at this place ends."""
    first, end = children[place], place + 1
    if first.kind == "item":
        while end < len(children) and _same_list(children[end], first):
            end += 1
    elif first.kind == "terms":
        while end < len(children) and children[end].kind in ("terms", "definition"):
            end += 1
    return end


def _same_list(item: Block, first: Block) -> bool:
    return item.kind == "item" and item.name == first.name


def _other(before: str, first: Block) -> str:
    """The mark of a list, unlike that of the list directly before it."""
    usual, unusual = ("-", "*") if first.level < 0 else (".", ")")
    return unusual if before == usual else usual


def _settled(children: list[Block]) -> list[Block]:
    """The blocks with raw HTML in balance, its comments gone, and stray attribute lists placed."""
    settled: list[Block] = []
    balance = rawhtml.Balance([])
    for block in children:
        if block.kind == "html":
            settled += _html(block, balance)
        elif block.kind == "paragraph" and _ATTRIBUTES.match(block.lines[0]):
            # Kramdown's attributes for the block before: headings alone can carry them here.
            if settled and settled[-1].kind == "heading" and not block.gap:
                settled[-1].lines[-1] += " " + block.lines[0].strip()
            if len(block.lines) > 1:
                settled.append(replace(block, lines=block.lines[1:]))
        else:
            settled.append(block)
    if rest := balance.rest():
        settled.append(Block("html", lines=[rest]))
    return settled


def _html(block: Block, balance: rawhtml.Balance) -> list[Block]:
    """Raw HTML as it may stand: without comments, in balance, without blank lines."""
    text = "\n".join(block.lines)
    name = rawhtml.block_start(text)
    if name not in rawhtml.VERBATIM_TAGS:
        text = rawhtml.without_comments(text)
        if block.closer:
            # What follows a comment on its last line is text to us.
            return _settled(read(text.strip())[0].children) or [Block("comment")]
        before = list(balance.names)
        text = balance.settle(rawhtml.readable(text, components=not name)).strip()
        if text and not rawhtml.is_raw_block(text):
            # The tag that made it raw HTML closed nothing, or was nobody's: the rest is text.
            balance.names = before
            return _settled(read(text)[0].children)
    else:
        if name in ("pre", "textarea"):
            text = rawhtml.readable(text, components=False)
        text += "" if f"</{name}" in text.lower() else f"</{name}>"
    if name in ("pre", "textarea"):
        text = _BLANK_LINE.sub("&#10;", text)
    # A fence here would pair with the next one of the text.
    text = _FENCE_LINE.sub(lambda m: f"{m.group(1)}&#{ord(m.group(2))};", text)
    lines = [line.rstrip() if name != "pre" else line for line in text.split("\n")]
    lines = [line for line in lines if line.strip()]
    if not lines:
        return []
    return [Block("html", lines=[lines[0].lstrip(), *lines[1:]])]


_ATTRIBUTES = re.compile(r"\{:[^{}]*\}\s*$")
_BLANK_LINE = re.compile(r"\n(?=[ \t]*(?:\n|$))")
_FENCE_LINE = re.compile(r"(?m)^([ \t>]*)([`~])(?=\2\2)")


def _directive(block: Block) -> tuple[str, str | None, str]:
    """A directive's kind, its title if it has one, and the attributes of its division."""
    name, title = block.name, block.title.strip()
    classes = re.findall(r"\.([\w-]+)", name) or re.findall(r"^[\w-]+", name)
    kind = classes[0].lower() if classes else "div"
    kind = kind.removeprefix("callout-")
    if found := re.search(r"title=(?:\"([^\"]*)\"|'([^']*)')", name):
        title = found.group(1) or found.group(2) or title
    if len(title) > 1 and title[0] + title[-1] in ('""', "[]", "''"):
        title = title[1:-1]
    identity = re.search(r"#([\w:.-]+)", name)
    attributes = f' id="{identity.group(1)}"' if identity else ""
    attributes += f' class="{" ".join(classes)}"' if classes else ""
    return kind, title or None, attributes


def _options(children: list[Block]) -> tuple[dict[str, str], list[Block]]:
    """The options that a directive's blocks begin with, and the blocks without them.

    They stand in lines like ``:name: value``, or as YAML between two lines of dashes: Markdown
    sees a rule and a heading there.
    """
    if not children:
        return {}, children
    first, *rest = children
    if first.kind == "rule" and rest and rest[0].kind == "heading" and not rest[0].gap:
        pairs = (line.partition(":") for line in rest[0].lines)
        return {name.strip(): value.strip() for name, _, value in pairs}, rest[1:]
    if first.kind != "paragraph":
        return {}, children
    options, first.lines = _split_options(first.lines)
    return options, children if first.lines else rest


def _split_options(lines: list[str]) -> tuple[dict[str, str], list[str]]:
    """The options that a directive's lines begin with, and the other lines."""
    options: dict[str, str] = {}
    if lines and _YAML_END.match(lines[0]):
        end = next((n for n, line in enumerate(lines[1:], 1) if _YAML_END.match(line)), 0)
        pairs = (line.partition(":") for line in lines[1:end])
        if end:
            return {name.strip(): value.strip() for name, _, value in pairs}, lines[end + 1 :]
    for number, line in enumerate(lines):
        found = _OPTION.match(line.strip())
        if not found:
            return options, lines[number:]
        options[found.group(1)] = (found.group(2) or "").strip()
    return options, []


# --- leaves ----------------------------------------------------------------------------------


def _broken(line: str) -> str:
    """The line with a backslash at its end, a hard break, as two spaces."""
    bare = line.rstrip()
    return bare[:-1].rstrip() + "  " if _is_odd(bare) else line


def _is_odd(text: str) -> bool:
    """Whether a backslash at the text's end escapes what follows it."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _in_line(line: str) -> str:
    """The line as it stands before another one on the same line: a hard break is a tag then."""
    line = _broken(line)
    return f"{line.rstrip()}<br>" if line.endswith("  ") else line


def _language(info: str) -> str:
    """The language that an info string begins with, "" for none."""
    found = _LANGUAGE.match(info.strip())
    return found.group(1) if found else ""


def _fitting(row: list[str], columns: int) -> list[str]:
    """The row with cells beyond the table's columns only where they say something, and few."""
    while len(row) > columns and not row[-1]:
        row.pop()
    most = columns + _MOST_EXTRA_CELLS
    return row if len(row) <= most else [*row[: most - 1], " \\| ".join(row[most - 1 :])]


def _alignment(cell: str) -> str:
    left, right = cell.startswith(":"), cell.endswith(":")
    return f"{':' if left else ''}---{':' if right and cell != ':' else ''}"


def _row(row: list[str]) -> str:
    return f"| {' | '.join(row)} |"
