"""The Markdown converter in the one configuration that every chapter is read with.

It reads what ``dialect`` writes. Python-Markdown's own processors of lists, quotations, boxes and
raw HTML guess at what authors may have meant, and nested blocks suffer from it; since the dialect
has one form for each of them, the short processors here take their place.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from markdown import Markdown
from markdown.blockprocessors import BlockProcessor
from markdown.extensions import Extension
from markdown.extensions.admonition import AdmonitionProcessor
from markdown.extensions.attr_list import AttrListTreeprocessor
from markdown.extensions.smarty import SubstituteTextPattern
from markdown.extensions.tables import TableProcessor
from markdown.inlinepatterns import (
    LINE_BREAK_RE,
    REFERENCE_RE,
    AutolinkInlineProcessor,
    HtmlInlineProcessor,
    InlineProcessor,
    ReferenceInlineProcessor,
    ShortReferenceInlineProcessor,
    SubstituteTagInlineProcessor,
)
from markdown.treeprocessors import Treeprocessor
from markdown.util import ETX, HTML_PLACEHOLDER_RE, STX, AtomicString
from pymdownx.delimiterprocessor import DelimiterProcessor
from pymdownx.emoji import to_alt, twemoji

from imprint import rawhtml
from imprint.words import quotes

Element = ElementTree.Element


def converter(lang: str) -> Markdown:
    """A converter from normalised Markdown (see ``dialect``) to HTML, with the language's quotes.

    It keeps footnotes, references and abbreviations between calls: use one a chapter.
    """
    return Markdown(
        extensions=[
            "markdown.extensions.tables",
            "markdown.extensions.footnotes",
            "markdown.extensions.def_list",
            "markdown.extensions.abbr",
            "markdown.extensions.attr_list",
            "markdown.extensions.admonition",
            "markdown.extensions.smarty",
            "pymdownx.superfences",
            "pymdownx.highlight",
            "pymdownx.betterem",
            "pymdownx.caret",
            "pymdownx.tilde",
            "pymdownx.mark",
            "pymdownx.tasklist",
            "pymdownx.magiclink",
            "pymdownx.saneheaders",
            "pymdownx.emoji",
            _Imprint(),
        ],
        extension_configs={
            "markdown.extensions.smarty": {"substitutions": _quotation_marks(lang)},
            "pymdownx.superfences": {"preserve_tabs": True},
            "pymdownx.highlight": {
                "css_class": "code",
                "guess_lang": False,
                "linenums": None,
                "pygments_lang_class": True,
            },
            "pymdownx.caret": {"superscript": False},
            "pymdownx.tilde": {"subscript": False},
            "pymdownx.emoji": {"emoji_index": twemoji, "emoji_generator": to_alt},
        },
        output_format="html",
        lazy_ol=False,
    )


# Within a word, or after an elided article whose noun is emphasised: "l'*ami*".
_APOSTROPHE = r"(?<=\w)'(?=[\w\x02])|(?:(?<=\b\w)|(?<=\b[Qq]u))'$"


def _quotation_marks(lang: str) -> dict[str, str]:
    """The language's marks under the names that smarty knows them by."""
    opening, closing, inner_opening, inner_closing = quotes(lang)
    return {
        "left-double-quote": opening,
        "right-double-quote": closing,
        "left-single-quote": inner_opening,
        "right-single-quote": inner_closing,
    }


class _Imprint(Extension):
    """The processors of this module in the places of those that they replace."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the name that Markdown calls
        """Register the processors."""
        # Every punctuation mark may be escaped (CommonMark 2.4).
        md.ESCAPED_CHARS = sorted({*md.ESCAPED_CHARS, *string.punctuation})
        md.preprocessors.deregister("html_block")
        blocks = md.parser.blockprocessors
        for name in ("indent", "defindent", "deflist", "olist", "ulist", "quote", "setextheader"):
            blocks.deregister(name)
        blocks.register(_Box(md.parser), "admonition", 105)
        blocks.register(_RawHtml(md.parser), "raw_html", 99)
        blocks.register(_List(md.parser), "list", 98)
        blocks.register(_Quotation(md.parser), "quotation", 97)
        blocks.register(_Definitions(md.parser), "definitions", 96)
        config = {"use_align_attribute": False}
        blocks.register(_Table(md.parser, config), "table", 75)
        # After code (190) and escapes (180), before emphasis could split the term.
        md.inlinePatterns.register(_IndexTerm(_IndexTerm.RE, md), "index_term", 175)
        md.inlinePatterns.register(_Ampersand(r"\\&", md), "escaped_ampersand", 181)
        md.inlinePatterns.register(AutolinkInlineProcessor(_AUTOLINK, md), "any_autolink", 121)
        md.inlinePatterns.register(_Reference(REFERENCE_RE, md), "short_reference", 130)
        md.inlinePatterns.register(_FullReference(REFERENCE_RE, md), "reference", 170)
        md.inlinePatterns.register(_Tag(_Tag.RE, md), "html", 90)
        blunt = md.inlinePatterns["delimiter"]
        md.inlinePatterns.register(_Emphasis.in_place_of(blunt), "delimiter", 60)
        # After emphasis, which asks whether white space stands beside its marks: a break is some.
        md.inlinePatterns.register(
            SubstituteTagInlineProcessor(LINE_BREAK_RE, "br"), "linebreak", 55
        )
        md.treeprocessors.register(_Grouped(md), "grouped", 22)
        md.treeprocessors.register(_Brackets(md), "brackets", 21)
        md.treeprocessors.register(_Shallow(md), "shallow", 19.5)
        md.treeprocessors.register(_Balanced(md), "balanced_html", 19)
        md.treeprocessors.register(_Attributes(md), "attr_list", 8)
        md.treeprocessors.register(_Ungrouped(md), "ungrouped", 5)
        # Named as block elements so that raw HTML made of them needs no paragraph around it.
        known = rawhtml.BLOCK_TAGS | rawhtml.VERBATIM_TAGS | rawhtml.EMBEDDED_TAGS
        md.block_level_elements = sorted({*md.block_level_elements, *known} - {"link", "meta"})
        # "It's" has an apostrophe in every language, whatever its quotation marks are.
        smarty = md.treeprocessors["smarty"].inlinePatterns
        smarty.register(SubstituteTextPattern(_APOSTROPHE, ("’",), md), "smarty-apostrophe", 60)


# --- blocks ----------------------------------------------------------------------------------


def _take_indented(blocks: list[str]) -> list[str]:
    """The blocks that follow indented by a level, a level less, taken off the list."""
    taken = []
    while blocks and blocks[0].startswith("    "):
        taken.append(_outdented(blocks.pop(0)))
    return taken


def _outdented(block: str) -> str:
    """The block a level less deep."""
    return "\n".join(line.removeprefix("    ") for line in block.split("\n"))


class _List(BlockProcessor):
    """Lists: their items' content stands four columns in, marks tell one list from the next."""

    ITEM = re.compile(r"(?:[-*]|(\d{1,9})[.)])(?: +|$)", re.MULTILINE)

    def test(self, parent: Element, block: str) -> bool:
        """Whether a list begins here."""
        return bool(self.ITEM.match(block))

    def run(self, parent: Element, blocks: list[str]) -> None:
        """Take all blocks of the list and parse each item on its own."""
        first = self.ITEM.match(blocks[0])
        assert first is not None
        number = first.group(1)
        tree = ElementTree.SubElement(parent, "ol" if number else "ul")
        if number and int(number) != 1:
            tree.set("start", str(int(number)))
        items, loose = self.take(blocks)
        for text in items:
            item = ElementTree.SubElement(tree, "li")
            self.parser.state.set("item")
            self.parser.parseChunk(item, text)
            self.parser.state.reset()
            if not loose and len(item) and item[0].tag == "p" and not item.text:
                self.unwrap(item)

    def take(self, blocks: list[str]) -> tuple[list[str], bool]:
        """The texts of the items, taken off the blocks, and whether blank lines part them."""
        mark = self.mark(blocks[0])
        items: list[list[str]] = []
        loose = False
        while blocks and (blocks[0].startswith("    ") or self.mark(blocks[0]) == mark):
            loose = loose or bool(items and self.mark(blocks[0]))
            if items:
                items[-1].append("")
            for line in blocks.pop(0).split("\n"):
                if self.mark(line) == mark:
                    found = self.ITEM.match(line)
                    items.append([line[found.end() :] if found else line])
                else:
                    items[-1].append(line.removeprefix("    "))
        return ["\n".join(lines).strip("\n") for lines in items], loose

    def mark(self, line: str) -> str:
        """The character that marks the line as an item: "-", "*", "." or ")"; "" for none."""
        found = self.ITEM.match(line)
        return found.group().rstrip()[-1] if found else ""

    def unwrap(self, item: Element) -> None:
        """A tight list's item has its first paragraph's text as its own."""
        paragraph = item[0]
        item.text = paragraph.text
        if paragraph.tail:
            item.text = f"{item.text}\n{paragraph.tail}"
        item.remove(paragraph)


class _Quotation(BlockProcessor):
    """Quotations: every line of one begins with its mark, a blank line ends it."""

    def test(self, parent: Element, block: str) -> bool:
        """Whether a quotation begins here."""
        return block.startswith(">")

    def run(self, parent: Element, blocks: list[str]) -> None:
        """Parse what stands behind the marks."""
        lines = [line.removeprefix(">").removeprefix(" ") for line in blocks.pop(0).split("\n")]
        self.parser.state.set("blockquote")
        self.parser.parseChunk(ElementTree.SubElement(parent, "blockquote"), "\n".join(lines))
        self.parser.state.reset()


class _Definitions(BlockProcessor):
    """Definition lists: lines of terms, then ``:   `` with the definition."""

    MARK = re.compile(r"^:(?:   |$)", re.MULTILINE)

    def test(self, parent: Element, block: str) -> bool:
        """Whether terms with their definition begin here, or another definition."""
        return bool(self.MARK.search(block))

    def run(self, parent: Element, blocks: list[str]) -> None:
        """Add the terms and their definitions to the list before, or to a new one."""
        last = parent[-1] if len(parent) else None
        tree = last if last is not None and last.tag == "dl" and not last.tail else None
        tree = ElementTree.SubElement(parent, "dl") if tree is None else tree
        terms, *definitions = self.MARK.split(blocks.pop(0))
        for term in terms.strip("\n").split("\n"):
            if term:
                ElementTree.SubElement(tree, "dt").text = term
        for number, text in enumerate(definitions, 1):
            more = _take_indented(blocks) if number == len(definitions) else []
            self.define(tree, [_outdented(text.strip("\n")), *more])

    def define(self, tree: Element, texts: list[str]) -> None:
        """Add one definition; one of a single paragraph has its text as its own."""
        definition = ElementTree.SubElement(tree, "dd")
        self.parser.state.set("item")
        self.parser.parseChunk(definition, "\n\n".join(texts))
        self.parser.state.reset()
        if len(definition) == 1 and definition[0].tag == "p" and not definition[0].tail:
            definition.text = definition[0].text
            definition.remove(definition[0])


class _Box(AdmonitionProcessor):
    """Boxes: ``!!! kind "Title"`` alone, then its content indented; ``???`` can be folded."""

    RE = re.compile(r"(?P<fold>\?\?\?\+?|!!!) ?([\w-]+(?: +[\w-]+)*)(?: +\"(.*)\")? *$")

    def test(self, parent: Element, block: str) -> bool:
        """Whether a box begins here."""
        return bool(self.RE.match(block.split("\n", 1)[0]))

    def run(self, parent: Element, blocks: list[str]) -> None:
        """Parse the content with the box as its parent."""
        line, _, rest = blocks.pop(0).partition("\n")
        found = self.RE.match(line)
        assert found is not None
        kind, title = self.get_class_and_title(found)
        folds = found.group("fold") != "!!!"
        box = ElementTree.SubElement(parent, "details" if folds else "div")
        box.set("class", kind if folds else f"{self.CLASSNAME} {kind}")
        if title:
            head = ElementTree.SubElement(box, "summary" if folds else "p")
            head.text = title
            if not folds:
                head.set("class", self.CLASSNAME_TITLE)
        texts = _take_indented(blocks)
        texts = [_outdented(rest), *texts] if rest else texts
        self.parser.parseChunk(box, "\n\n".join(texts))

    def get_class_and_title(self, match: re.Match[str]) -> tuple[str, str | None]:
        """The box's classes, and its title: the kind's name where none is given."""
        kind, title = match.group(2).lower(), match.group(3)
        if title is None:
            title = kind.split()[0].capitalize()
        return " ".join(kind.split()), title or None


class _RawHtml(BlockProcessor):
    """Raw HTML goes to the output as it is; an element with ``markdown="span"`` is read."""

    SPAN = re.compile(rf"{rawhtml.TAG.pattern}(?P<text>.*)</(?P=name)>$", re.DOTALL)

    def test(self, parent: Element, block: str) -> bool:
        """Whether the block is raw HTML."""
        return rawhtml.is_raw_block(block)

    def run(self, parent: Element, blocks: list[str]) -> None:
        """Stash the HTML; its place is in the text between the elements, not in a paragraph."""
        block = blocks.pop(0)
        found = self.SPAN.match(block)
        if found and rawhtml.markdown_mode(found.group("attributes")) == "span":
            attributes = rawhtml.without_markdown(found.group("attributes"))
            element = ElementTree.SubElement(parent, found.group("name").lower())
            for name, value in rawhtml.attributes(attributes):
                element.set(name, value)
            element.text = found.group("text")
            return
        place = self.parser.md.htmlStash.store(block)
        if len(parent):
            parent[-1].tail = f"{parent[-1].tail or ''}\n{place}\n"
        elif parent.tag != "div" or parent is self.parser.root:
            parent.text = f"{parent.text or ''}\n{place}\n"
        else:
            # The footnotes take children alone from what they have parsed.
            ElementTree.SubElement(parent, "p").text = place


class _Table(TableProcessor):
    """Tables with all their pipes; an escaped pipe is a pipe, in code too (GFM, 4.10)."""

    PIPE = re.compile(r"(?<!\\)\|")

    def test(self, parent: Element, block: str) -> bool:
        """Whether a table begins here."""
        return block.startswith("|") and super().test(parent, block)

    def _build_empty_row(self, parent: Element, align: Sequence[str | None]) -> None:
        """No row of empty cells in a table of a header alone."""

    def _split(self, row: str) -> list[str]:
        return [cell.replace("\\|", "|") for cell in self.PIPE.split(row)]


# --- inlines ---------------------------------------------------------------------------------


class _IndexTerm(InlineProcessor):
    """``{index: Term; sub-term}`` as an empty span that carries the term."""

    RE = r"\{index:([^{}\n]+)\}"

    def handleMatch(  # noqa: N802 - the name that Markdown calls
        self, m: re.Match[str], data: str
    ) -> tuple[Element, int, int]:
        """The span, and where the text that it stands for begins and ends."""
        span = Element("span", {"class": "index-term", "data-term": m.group(1).strip()})
        return span, m.start(0), m.end(0)


# CommonMark 6.5: any scheme makes an autolink, magiclink knows but a few.
_AUTOLINK = r"<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*)>"


class _Ampersand(InlineProcessor):
    r"""``\&``, which must not become an entity with the letters after it."""

    def handleMatch(  # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[str, int, int]:
        """The ampersand's place in the stash."""
        return self.md.htmlStash.store("&amp;"), m.start(0), m.end(0)


class _FullReference(ReferenceInlineProcessor):
    """References whose label may hold code: ``[text][`name`]``, ``[`name`][]``."""

    # No space between the two (CommonMark 6.3): "[one] [two]" is two references.
    RE_LINK = re.compile(r"\[([^\]]*)\]")

    def evalId(  # noqa: N802
        self, data: str, index: int, text: str
    ) -> tuple[str | None, int, bool]:
        """The label without the marks of code, as ``dialect`` writes definitions."""
        label, end, found = super().evalId(data, index, text)
        return (label and self.unescape(label).replace("`", "")), end, found


class _Reference(ShortReferenceInlineProcessor):
    """References by their text alone, which may hold code: ``[`name`]``."""

    def evalId(  # noqa: N802
        self, data: str, index: int, text: str
    ) -> tuple[str, int, bool]:
        """The label without the marks of code."""
        return self.unescape(text).lower(), index, True


class _Emphasis(DelimiterProcessor):
    """Emphasis and its like, where marks that are none stand between: ``*a *b* == c *d*``.

    The package finds all pairs of a text at once and gives them out one by one, each at the next
    mark that it meets. Marks that begin nothing would have it cut the text in the wrong place; here
    each pair is found again by its distance from the end, which what stands before cannot change.
    """

    _length = 0

    @classmethod
    def in_place_of(cls, other: DelimiterProcessor) -> _Emphasis:
        """One that knows the same marks."""
        first, *more = other.delimiters.values()
        made = cls(first, other.md)
        for delimiter in more:
            made.add(delimiter)
        return made

    def handleMatch(  # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[Element | None, int | None, int | None]:
        """The next element, or how far to go on without one."""
        self.cache_legacy_pos = -1
        if not self.regions:
            self._length = len(data)
            return super().handleMatch(m, data)
        moved_by = len(data) - self._length
        outer = self.regions[self.cache_index]
        start, end = outer[0] + moved_by, outer[3] + moved_by
        if m.start() < start:
            return None, m.start(), start
        element, count = self._build_element(data, self.cache_index, moved_by)
        self.cache_index += count
        if self.cache_index >= len(self.regions):
            self.reset()
        return element, start, end


class _Grouped(Treeprocessor):
    """Parts very many children into groups: the inline patterns take the square of their number."""

    MOST = 300
    TAG = "imprint-group"

    def run(self, root: Element) -> None:
        """Group the children of every element that has too many."""
        # The footnotes are counted and put in order later on: they stay as they are.
        notes = [note for div in root.iterfind("div[@class='footnote']") for note in div]
        for element in list(root.iter()):
            children = list(element)
            if len(children) <= self.MOST or element in notes:
                continue
            for child in children:
                element.remove(child)
            for start in range(0, len(children), self.MOST):
                group = ElementTree.SubElement(element, self.TAG)
                group.extend(children[start : start + self.MOST])


class _Ungrouped(Treeprocessor):
    """Takes the groups away again."""

    def run(self, root: Element) -> None:
        """Put each group's children in its place."""
        for element in list(root.iter()):
            if not any(child.tag == _Grouped.TAG for child in element):
                continue
            children = [
                child
                for group in element
                for child in (group if group.tag == _Grouped.TAG else [group])
            ]
            element[:] = children


class _Brackets(Treeprocessor):
    """Escapes brackets that cannot make a link, in texts with very many.

    Python-Markdown looks from each bracket to the end of the text, once a pattern: ten thousand
    take it a quarter of a minute. A paragraph with thousands of one mark stays as it is written.
    """

    FEW = 40
    DEEP = 8
    MOST = 2000
    MOST_LINKS = 5000
    TOKEN = re.compile(r"\\.|(`+)|\]\(|[\[\]()]", re.DOTALL)
    MARK = re.compile(r"[*_~=^\"'`&<:@{!\\]")

    def run(self, root: Element) -> None:
        """Escape them in all text that inline patterns would see."""
        for element in root.iter():
            for place in ("text", "tail"):
                text = getattr(element, place)
                if not text or isinstance(text, AtomicString):
                    continue
                if text.count("[") > self.FEW:
                    text = self.tame(text)
                    setattr(element, place, text)
                if len(text) > self.MOST:
                    setattr(element, place, self.limit(text))

    def limit(self, text: str) -> str:
        """The text, beyond the reach of inline patterns if a mark stands in it too often."""
        counts = Counter(self.MARK.findall(text))
        links_or_lines = max(text.count("["), text.count("  \n"))
        if max(counts.values(), default=0) > self.MOST or links_or_lines > self.MOST_LINKS:
            return AtomicString(text)
        return text

    def tame(self, text: str) -> str:
        """The text with those escaped that nothing closes, or that stand too deep."""
        escaped: list[int] = []
        # Where each bracket that is still open stands; "(" counts only as the start of a target.
        brackets: list[int] = []
        targets: list[int] = []
        ends = self.code_ends(text)
        at = 0
        while token := self.TOKEN.search(text, at):
            at = token.end()
            if token.group(1):
                at = ends.get(token.start(), at)
            elif token.group() == "[":
                brackets.append(token.start())
            elif token.group().startswith("]"):
                if brackets and len(brackets) > self.DEEP:
                    escaped.append(brackets[-1])
                if brackets:
                    brackets.pop()
                if token.group() == "](":
                    targets.append(token.end() - 1)
            elif token.group() == "(" and targets:
                targets.append(token.start())
            elif token.group() == ")" and targets:
                targets.pop()
        return self.escape(text, sorted([*escaped, *brackets, *targets]))

    def code_ends(self, text: str) -> dict[int, int]:
        """For each run of backticks that begins code, where that code ends."""
        runs = [found.span() for found in re.finditer("`+", text)]
        next_of_length: dict[int, int] = {}
        ends = {}
        for start, end in reversed(runs):
            if end - start in next_of_length:
                ends[start] = next_of_length[end - start]
            next_of_length[end - start] = end
        return ends

    def escape(self, text: str, places: list[int]) -> str:
        """The text with Python-Markdown's own form of escaped characters at the places."""
        pieces, end = [], 0
        for place in places:
            pieces += [text[end:place], f"{STX}{ord(text[place])}{ETX}"]
            end = place + 1
        return "".join([*pieces, text[end:]])


class _Shallow(Treeprocessor):
    """Bounds how deep emphasis nests: what reads the tree later does so by recursion."""

    DEPTH = 100

    def run(self, root: Element) -> None:
        """Leave of everything deeper its text."""
        level = [root]
        for _ in range(self.DEPTH):
            level = [child for element in level for child in element]
        for element in level:
            element.text = "".join(element.itertext())
            element[:] = []


class _TagText(str):
    """A tag of inline HTML in the stash, among code, entities and blocks."""


class _Tag(HtmlInlineProcessor):
    """Inline HTML: known elements' tags are kept, comments dropped, all else is text."""

    RE = rf"<!--(?:-?>|.{{0,2000}}?-->)|{rawhtml.TAG.pattern}"

    def handleMatch(  # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[str | None, int | None, int | None]:
        """The tag's place in the stash."""
        name = m.group("name")
        if name is None:
            return "", m.start(0), m.end(0)
        if not rawhtml.is_known(name) or (m.group("close") and m.group("attributes")):
            return None, None, None
        tag = rawhtml.without_markdown(self.backslash_unescape(self.unescape(m.group())))
        return self.md.htmlStash.store(_TagText(tag)), m.start(0), m.end(0)


class _Balanced(Treeprocessor):
    """Closes inline HTML at the end of its block: an unclosed ``<b>`` must not run on."""

    def run(self, root: Element) -> None:
        """Settle every block."""
        for block in list(root.iter()):
            if self.md.is_block_level(block.tag):
                self.settle(block)

    def settle(self, block: Element) -> None:
        """Settle the inline content of a block, up to each block in it."""
        balance = rawhtml.Balance([])
        last = (block, "text")
        for element, place in self.texts(block):
            if element is not block and place == "text" and self.md.is_block_level(element.tag):
                self.finish(balance, last)
                balance = rawhtml.Balance([])
                continue
            for found in HTML_PLACEHOLDER_RE.finditer(getattr(element, place) or ""):
                self.settle_tag(int(found.group(1)), balance)
            last = (element, place)
        self.finish(balance, last)

    def texts(self, block: Element) -> Iterator[tuple[Element, str]]:
        """The places of a block's text in order; of a block in it the beginning alone."""
        yield block, "text"
        for child in block:
            if self.md.is_block_level(child.tag):
                yield child, "text"
            else:
                yield from self.texts(child)
            yield child, "tail"

    def settle_tag(self, number: int, balance: rawhtml.Balance) -> None:
        """Put a stashed tag in balance with those before it."""
        stash = self.md.htmlStash.rawHtmlBlocks
        if number < len(stash) and isinstance(stash[number], _TagText):
            stash[number] = balance.settle(stash[number])

    def finish(self, balance: rawhtml.Balance, last: tuple[Element, str]) -> None:
        """Add the end tags that are due at the end of the run."""
        if rest := balance.rest():
            element, place = last
            text = getattr(element, place) or ""
            setattr(element, place, text + self.md.htmlStash.store(rest))


class _Attributes(AttrListTreeprocessor):
    """Attribute lists: ``{#id .class key=value}``, ``{: …}``; other braces are text."""

    BASE_RE = r"\{(?::[ ]*|[ ]*(?=[#.][\w-]|[\w-]+=))([^\}\n ][^\n]*)\}"
    HEADER_RE = re.compile(rf"[ ]+{BASE_RE}[ ]*$")
    BLOCK_RE = re.compile(rf"\n[ ]*{BASE_RE}[ ]*$")
    INLINE_RE = re.compile(rf"^{BASE_RE}")
