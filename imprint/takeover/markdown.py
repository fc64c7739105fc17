"""Other tools' Markdown in our words: MyST's directives and roles, Pandoc's divisions and
cross-references, the chunks of Quarto and R Markdown.

Block by block, so that code stays as it is. What we have no words for is kept as text and told.
"""

from __future__ import annotations

import csv
import re
import textwrap
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from ..blocks import ADMONITIONS
from ..diagnostics import Diagnostic, warning

# The dialects: what a text is read as.
PLAIN, MYST, PANDOC = "plain", "myst", "pandoc"

_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,}|:{3,})[ \t]*(?P<info>.*?)[ \t]*$")
_DIRECTIVE = re.compile(r"\{(?P<name>[A-Za-z][\w:.+-]*)\}[ \t]*(?P<argument>.*)")
_CHUNK = re.compile(r"\{(?P<engine>[a-zA-Z]\w*)(?P<options>[\s,].*)?\}$")
_ATTRIBUTES = re.compile(r"\{(?P<inside>[^{}]*)\}$")
_OPTION = re.compile(r":([\w-]+):[ \t]*(.*)")
_LABEL = re.compile(r"\((?P<label>[^()\s]+)\)=[ \t]*$")
_ALIASES = {"dropdown": "note", "topic": "note", "sidebar": "note", "margin": "note"}
_QUOTES = frozenset(("epigraph", "pull-quote", "highlights"))
_GONE = frozenset(
    "toctree tableofcontents contents bibliography printindex only raw tags listoffigures".split()
)
_CODE = frozenset("code code-block code-cell sourcecode highlight parsed-literal".split())
_FIELDS = {"fig-alt": "alt", "fig.alt": "alt", "fig-cap": "cap", "fig.cap": "cap"}


def rewritten(
    text: str, dialect: str, *, file: str, line: int = 1
) -> tuple[str, tuple[Diagnostic, ...]]:
    """The text in our format, and what could not be carried over."""
    if dialect == PLAIN:
        return text, ()
    rewriter = _Rewriter(dialect, file)
    lines = rewriter.blocks(text.split("\n"), line)
    lines += [""] * bool(rewriter.notes) + rewriter.notes
    return "\n".join(lines), tuple(rewriter.diagnostics())


_NAMED = re.compile(
    r"^[ \t]*(?:\((?P<label>[^()\s]+)\)=|:?(?:name|label):[ \t]*(?P<name>\S+))[ \t]*$", re.MULTILINE
)


def labels_in(text: str) -> Iterator[str]:
    """The labels that a text of MyST gives."""
    return (found["label"] or found["name"] for found in _NAMED.finditer(text))


def by_label(text: str, labels: Collection[str]) -> str:
    """The text with MyST's links to bare labels as links to places."""
    return re.sub(
        r"\]\((?P<target>[^()\s#]+)\)",
        lambda m: f"](#{m['target']})" if m["target"] in labels else m.group(),
        text,
    )


@dataclass
class _Rewriter:
    """The rewriting of one file; losses of a kind are told once, with their number."""

    dialect: str
    file: str
    notes: list[str] = field(default_factory=list)
    lost: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)
    label: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def lose(self, code: str, what: str, hint: str, line: int) -> None:
        """Note what cannot be carried over; it is told once a file, with how often."""
        self.lost.setdefault((code, what, hint), []).append(line)

    def diagnostics(self) -> Iterator[Diagnostic]:
        for (code, what, hint), lines in self.lost.items():
            times = f" ({len(lines)} times, here the first)" if len(lines) > 1 else ""
            yield warning(code, self.file, lines[0], 1, f"{what}{times}.", hint)

    # --- blocks ------------------------------------------------------------------------------

    def blocks(self, lines: Sequence[str], first: int) -> list[str]:
        """The lines in our format; ``first`` is the number of the first."""
        made: list[str] = []
        text: list[str] = []
        place = 0
        while place < len(lines):
            fence = _FENCE.match(lines[place])
            if not fence or (fence["mark"][0] == ":" and not fence["info"]):
                text.append(lines[place])
                place += 1
                continue
            made += self.text(text, first + place - len(text))
            text = []
            end = _end_of_fence(lines, place, fence["mark"])
            inner = [_outdented(line, fence["indent"]) for line in lines[place + 1 : end]]
            block = self.fence(fence["mark"], fence["info"], inner, first + place)
            made += [fence["indent"] + line if line else "" for line in block]
            place = end + 1
        return made + self.text(text, first + place - len(text))

    def fence(self, mark: str, info: str, inner: list[str], line: int) -> list[str]:
        """A fenced block: a directive, a division, a chunk, or code."""
        directive = _DIRECTIVE.match(info) if self.dialect == MYST else None
        if directive:
            return self.directive(directive["name"], directive["argument"], inner, line)
        if mark[0] == ":":
            return self.division(info, inner, line)
        chunk = _CHUNK.match(info)
        if chunk and self.dialect == PANDOC:
            return self.chunk(chunk["engine"], chunk["options"] or "", inner, line)
        if info.startswith("{="):
            if info.startswith("{=html"):
                return ["", *inner, ""]
            self.lose("import-lost", f"Raw text for `{info[2:-1]}` is left out", "", line)
            return []
        language = re.search(r"\{\s*\.([\w+#-]+)", info)
        return [f"{mark}{language[1] if language else info}", *inner, mark]

    # --- MyST --------------------------------------------------------------------------------

    def directive(self, name: str, argument: str, inner: list[str], line: int) -> list[str]:
        """What a directive of MyST is with us."""
        name = name.lower()
        options, inner, skipped = _options(inner)
        first = line + 1 + skipped
        if name in _GONE:
            return []
        if name in ("figure", "image", "figure-md"):
            return self.figure(name, argument, options, inner, first)
        if name in _CODE:
            return [f"```{argument or options.get('lexer', '')}", *inner, "```"]
        if name in ("table", "list-table", "csv-table"):
            return self.table(name, argument, options, inner, first)
        if name == "math":
            self.formula(line)
            return ["```tex", *inner, "```"]
        if name == "index":
            return [" ".join(f"{{index: {t}}}" for t in _index_terms([argument, *inner])), ""]
        if name == "glossary":
            return self.blocks(_definitions(inner), first)
        if name in _QUOTES:
            return self.box("quote", argument, inner, first)
        kind = _ALIASES.get(name, name)
        if kind in ADMONITIONS:
            plain = {"admonition": options.get("class", "note").split()[0]}
            return self.box(plain.get(kind, kind), argument, inner, first)
        what = f"We have no `{{{name}}}`; what it holds is kept"
        self.lose("import-lost", what, "Look at what became of it.", line)
        return [*([argument, ""] if argument else []), *self.blocks(inner, first)]

    def box(self, kind: str, title: str, inner: list[str], first: int) -> list[str]:
        """A box, or a pull quote with its author for a title."""
        content = self.blocks(inner, first)
        if kind == "quote" and not title and content:
            content, title = _attribution(content)
        named = f' "{_in_quotes(self.inline(title, first))}"' if title else ""
        return ["", f"!!! {kind}{named}", *_indented(content), ""]

    def figure(
        self, name: str, path: str, options: dict[str, str], inner: list[str], first: int
    ) -> list[str]:
        """A picture with its caption."""
        label = options.get("name", options.get("label", ""))
        content = self.blocks(inner, first)
        if name == "figure-md":
            return self.drawn_figure(path, content)
        picture = _picture(options.get("alt", ""), path, label or self.taken_label())
        caption, rest = _first_paragraph(content)
        return ["", picture, "", *_captioned("Figure", caption), *rest, ""]

    def drawn_figure(self, label: str, content: list[str]) -> list[str]:
        """A picture written in Markdown, the paragraph after it its caption."""
        picture, rest = _first_paragraph(content)
        caption, rest = _first_paragraph(rest)
        shown = re.sub(r"(\))(\{[^}]*\})?$", rf"\1{{#{label}}}", picture) if label else picture
        return ["", shown, "", *_captioned("Figure", caption), *rest, ""]

    def table(
        self, name: str, caption: str, options: dict[str, str], inner: list[str], first: int
    ) -> list[str]:
        """A table with its caption."""
        if name == "list-table":
            content = _pipe_table(_list_rows(inner), int(options.get("header-rows", "0") or 0))
        elif name == "csv-table":
            rows = list(csv.reader(inner, skipinitialspace=True))
            header = options.get("header", "")
            rows = [*csv.reader([header], skipinitialspace=True), *rows] if header else rows
            content = _pipe_table(rows, 1 if header else int(options.get("header-rows", "0") or 0))
        else:
            content = inner
        label = options.get("name", options.get("label", "")) or self.taken_label()
        named = f" {{#{label}}}" if label else ""
        said = _captioned("Table", f"{self.inline(caption, first)}{named}" if caption else "")
        return ["", *self.blocks(content, first), "", *said]

    def taken_label(self) -> str:
        """The label that stood before this block; it is used up."""
        label, self.label = self.label, ""
        return label

    # --- Pandoc ------------------------------------------------------------------------------

    def division(self, info: str, inner: list[str], line: int) -> list[str]:
        """A fenced division of Pandoc: a callout of Quarto's, or its content alone."""
        attributes = _ATTRIBUTES.search(info)
        inside = attributes["inside"] if attributes else f".{info.split()[0]}" if info else ""
        classes = re.findall(r"\.([\w-]+)", re.sub(r'"[^"]*"', "", inside))
        kind = next((c.removeprefix("callout-") for c in classes), "")
        title = re.search(r'title="([^"]*)"', inside)
        content = list(inner)
        if any(c.startswith("callout-") for c in classes) and not title:
            heading = re.match(r"#+\s+(.*)", next((row for row in content if row.strip()), ""))
            if heading:
                content[content.index(heading.string)] = ""
                return self.box(kind, heading[1], content, line + 1)
        if kind in ADMONITIONS:
            return self.box(kind, title[1] if title else "", content, line + 1)
        label = re.search(r"#([\w:.-]+)", inside)
        made = self.blocks(content, line + 1)
        if kind and kind not in ("columns", "column", "refs", "references", "content-visible"):
            what = f"A division of the class `{kind}` is none with us; what it holds is kept"
            self.lose("import-lost", what, "Look at what became of it.", line)
        return ["", *([f'<span id="{label[1]}"></span>', ""] if label else []), *made, ""]

    def chunk(self, engine: str, options: str, inner: list[str], line: int) -> list[str]:
        """A chunk of code that ran: its text, or the picture that it only showed."""
        said = dict(re.findall(r"([\w.-]+)\s*=\s*[\"']?([^\"',]*)[\"']?", options))
        label = re.match(r"[\s,]*([\w-]+)\s*(?:,|$)", options)
        rest = []
        for row in inner:
            option = re.match(r"\s*#\|\s*([\w.-]+)\s*:\s*(.*)", row)
            if option:
                said[option[1]] = option[2].strip("\"' ")
            else:
                rest.append(row)
        named = {str(_FIELDS.get(key, key)): str(value) for key, value in said.items()}
        picture = re.search(r"include_graphics\(\s*[\"']([^\"']+)[\"']", "\n".join(rest))
        name = str(said.get("label") or (label[1] if label else ""))
        if picture:
            name = name if name.startswith("fig-") or not name else f"fig:{name}"
            shown = _picture(named.get("alt", ""), picture[1], name)
            caption = self.inline(named.get("cap", ""), line)
            return ["", shown, "", *_captioned("Figure", caption)]
        what = "Code that was run is kept as text; what it made is not there"
        hint = "Put the pictures and tables that it made into the text."
        self.lose("import-code", what, hint, line)
        hidden = {said.get(key, "").lower() for key in ("include", "echo")} & {"false", "f"}
        return [] if hidden else [f"```{engine.lower()}", *rest, "```"]

    # --- text --------------------------------------------------------------------------------

    def text(self, lines: list[str], first: int) -> list[str]:
        """Lines without fences: what stands in them rewritten, code left alone."""
        kept: list[str] = []
        for number, line in enumerate(lines):
            label = _LABEL.match(line.strip()) if self.dialect == MYST else None
            if label:
                self.label = label["label"]
                continue
            if self.dialect == MYST and re.match(r"%( |$)|\+\+\+( |$|\{)", line):
                continue
            if self.label and line.strip():
                line = self.labelled(line)
            if re.match(r"\+[-=:]{3,}[-=:+]*\+\s*$", line):
                what = "A table drawn with signs is kept as it was written"
                self.lose("import-table", what, "Write it as a pipe table.", first + number)
            kept.append(line)
        made = self.inline("\n".join(kept), first)
        if self.dialect == PANDOC:
            made = _pandoc_captions(made)
        return made.split("\n") if lines else []

    def labelled(self, line: str) -> str:
        """The line with the label that stood before it."""
        label = self.taken_label()
        if re.match(r"#{1,6} ", line):
            return line if "{#" in line else f"{line.rstrip()} {{#{label}}}"
        return f'<span id="{label}"></span>{line}'

    def inline(self, text: str, first: int) -> str:
        """Text with what stands within its lines rewritten."""
        shelf: list[str] = []

        def keep(words: str) -> str:
            shelf.append(words)
            return f"\x00{len(shelf) - 1}\x00"

        def put_away(m: re.Match[str]) -> str:
            if m["name"] and self.dialect == MYST:
                return _role(self, m, first + text.count("\n", 0, m.start()), keep)
            return (m["role"] or "") + keep(m.group().removeprefix(m["role"] or ""))

        made = _CODE_SPAN.sub(put_away, text)
        for pattern, write in _MYST_INLINE if self.dialect == MYST else _PANDOC_INLINE:
            made = pattern.sub(partial(self._put, write, made, first, keep), made)
        for _depth in range(3):
            made = re.sub(r"\x00(\d+)\x00", lambda m: shelf[int(m[1])], made)
        return made

    def _put(
        self, write: _Write, text: str, first: int, keep: Callable[[str], str], m: re.Match[str]
    ) -> str:
        return write(self, m, first + text.count("\n", 0, m.start()), keep)

    def formula(self, line: int) -> None:
        hint = "Put a picture of it in its place, or say it in words."
        self.lose("import-formula", "A formula is kept as code of TeX", hint, line)

    def citation(self, line: int) -> None:
        what = "A citation is kept as its key"
        self.lose("import-citation", what, "Write the reference out, or as a note.", line)

    def note(self, words: str) -> str:
        """The mark of a note written within the text; the note itself comes to the end."""
        name = f"inline-{next(self.numbers)}"
        self.notes.append(f"[^{name}]: {' '.join(words.split())}")
        return f"[^{name}]"


_Write = Callable[[_Rewriter, re.Match[str], int, Callable[[str], str]], str]
_CODE_SPAN = re.compile(
    r"(?P<role>\{(?P<name>[A-Za-z][\w:+-]*)\})?(?<![`\\])(?P<ticks>`+)(?!`)"
    r"(?P<said>(?:(?!\n\n)[\s\S])*?)(?<!`)(?P=ticks)(?!`)|<!--[\s\S]*?-->"
)


# --- MyST's roles --------------------------------------------------------------------------------


def _role(this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]) -> str:
    """What a role is with us."""
    name, said = m["name"].lower(), " ".join(m["said"].split())
    titled = re.fullmatch(r"(?P<words>.*?)\s*<(?P<target>[^<>]+)>", said)
    words, target = (titled["words"], titled["target"]) if titled else ("", said)
    if name in ("ref", "numref", "eq", "prf:ref"):
        words = "" if name == "numref" or "%s" in words else words
        return f"[{words}](#{target})"
    if name == "doc":
        return f"[{words}]({_document(target)})"
    if name.startswith("cite"):
        this.citation(line)
        return "[" + "; ".join(f"@{key.strip()}" for key in said.split(",")) + "]"
    if name in ("math", "eval"):
        this.formula(line)
        return keep(f"`{said}`")
    if name == "abbr" and (long := re.fullmatch(r"(.+?)\s*\((.+)\)", said)):
        return f'<abbr title="{long[2]}">{long[1]}</abbr>'
    if name in ("sub", "sup", "kbd", "subscript", "superscript"):
        tag = name.removesuffix("script").replace("super", "sup")
        return f"<{tag}>{said}</{tag}>"
    if name == "index":
        return words + "".join(f"{{index: {term}}}" for term in _index_terms([target]))
    if name in ("term", "download", "fn", "guilabel", "menuselection", "dfn", "strong"):
        return words or (f"**{target}**" if name in ("guilabel", "menuselection") else target)
    # Programs' names, files, and the objects of a language.
    return keep(f"`{words or said.rpartition('~')[2] or said}`")


def _document(target: str) -> str:
    path = target if re.search(r"\.(?:md|ipynb|rst|myst)$", target) else f"{target}.md"
    return re.sub(r"\.(?:ipynb|rst|myst)$", ".md", path)


def _dollars(this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]) -> str:
    """A formula between dollar signs, kept from being read as Markdown."""
    this.formula(line)
    if m["display"] is None:
        return keep(f"`{m['inline']}`")
    body = textwrap.dedent(m["display"]).strip("\n")
    return keep(f"\n```tex\n{body}\n```\n")


def _notebook_link(this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]) -> str:
    return f"]({m['path']}.md{m['rest']}"


_DOLLARS = re.compile(
    r"(?<![\\$\w])(?:\$\$(?P<display>(?:(?!\n\n)[^$])+)\$\$"
    r"|\$(?P<inline>(?![\s$])(?:[^$\n\\]|\\.|\n(?!\n))*?(?<![\s\\]))\$(?!\d))"
)
_OTHER_SOURCES = re.compile(
    r"\]\((?!\w+:)(?P<path>[^()\s#]+)\.(?:qmd|[Rr]md|ipynb|myst)(?P<rest>[)#][^()\s]*)"
)
_MYST_INLINE: tuple[tuple[re.Pattern[str], _Write], ...] = (
    (_DOLLARS, _dollars),
    (_OTHER_SOURCES, _notebook_link),
)


# --- Pandoc's words ------------------------------------------------------------------------------


def _reference(this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]) -> str:
    """A cross-reference of Quarto or pandoc-crossref."""
    return f"[](#{m['target']})"


def _bookdown_reference(
    this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]
) -> str:
    return f"[](#{m['target']})"


def _bookdown_label(
    this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]
) -> str:
    return f"{{#{m['label']}}}"


def _citation(this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]) -> str:
    this.citation(line)
    return m.group()


def _inline_note(this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]) -> str:
    return this.note(m["words"])


def _lone_figure(this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]) -> str:
    """A picture alone in its paragraph: with Pandoc its words are the caption."""
    attributes = m["attributes"] or ""
    alternative = re.search(r'fig-alt="([^"]*)"', attributes) or re.search(
        r'\balt="([^"]*)"', attributes
    )
    label = re.search(r"#([\w:.-]+)", attributes)
    caption = m["caption"].strip()
    said = f"\n\nFigure: {caption}" if caption else ""
    alt = alternative[1] if alternative else ""
    return f"{_picture(alt, m['path'], label[1] if label else '')}{said}"


def _inline_picture(
    this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]
) -> str:
    return f"![{m['alt']}]({m['path']})"


def _span(this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]) -> str:
    """A span with attributes: its language and its id are kept."""
    lang = re.search(r"lang=[\"']?([\w-]+)", m["attributes"])
    label = re.search(r"#([\w:.-]+)", m["attributes"])
    kept = f' lang="{lang[1]}"' if lang else ""
    kept += f' id="{label[1]}"' if label else ""
    return f"<span{kept}>{m['words']}</span>" if kept else m["words"]


def _unnumbered(this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]) -> str:
    label = re.search(r"#[\w:.-]+", m["attributes"])
    return f"{m['heading']} {{{label[0]}}}" if label else m["heading"]


def _small(this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]) -> str:
    tag = "sub" if m["sign"] == "~" else "sup"
    return f"<{tag}>{m['words'].replace(chr(92) + ' ', ' ')}</{tag}>"


def _page_break(this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]) -> str:
    return ""


def _shortcode(this: _Rewriter, m: re.Match[str], line: int, keep: Callable[[str], str]) -> str:
    what = f"The shortcode `{m['name']}` of Quarto is left out"
    this.lose("import-lost", what, "Write what it stood for.", line)
    return ""


_PANDOC_INLINE: tuple[tuple[re.Pattern[str], _Write], ...] = (
    (re.compile(r"(?<!`)\{\{<\s*(?P<name>\w+)[^\n]*?>\}\}"), _shortcode),
    (_DOLLARS, _dollars),
    (_OTHER_SOURCES, _notebook_link),
    (re.compile(r"(?m)^\\(?:newpage|pagebreak|clearpage|tableofcontents)\b.*$"), _page_break),
    (
        re.compile(
            r"(?m)(?:(?<=\n\n)|(?<=\A\n)|(?<![\s\S]))!\[(?P<caption>(?:[^\[\]]|\[[^\[\]]*\])*)\]"
            r"\((?P<path>[^()\s]+)(?:\s+\"[^\"]*\")?\)(?:\{(?P<attributes>[^{}\n]*)\})?[ \t]*$(?=\n\n|\n?\Z)"
        ),
        _lone_figure,
    ),
    (
        re.compile(r"!\[(?P<alt>[^\[\]]*)\]\((?P<path>[^()\s]+)(?:\s+\"[^\"]*\")?\)\{[^{}#\n]*\}"),
        _inline_picture,
    ),
    (
        re.compile(r"(?m)^(?P<heading>#{1,6} .*?)[ \t]*\{(?P<attributes>[^{}\n]*)\}[ \t]*$"),
        _unnumbered,
    ),
    (re.compile(r"\\@ref\((?P<target>[\w:.-]+)\)"), _bookdown_reference),
    (re.compile(r"\(\\#(?P<label>[\w:.-]+)\)"), _bookdown_label),
    (
        re.compile(
            r"\[?(?<![\w\\@])-?@(?P<target>(?:[Ff]ig|[Tt]bl|[Ss]ec|[Ee]q|[Ll]st)[-:][\w-]+)\]?"
        ),
        _reference,
    ),
    (
        re.compile(
            r"\[-?@[\w:.#$%&+?<>~/-]+[^\[\]\n]*\]|(?<![\w\\@/\[])@[A-Za-z][\w:-]+\b(?!\.\w)"
        ),
        _citation,
    ),
    (re.compile(r"\^\[(?P<words>(?:[^\[\]]|\[[^\[\]]*\](?:\([^()\s]*\))?)+)\]"), _inline_note),
    (
        re.compile(r"(?<![\]!\\])\[(?P<words>[^\[\]\n]+)\]\{(?P<attributes>[^{}\n]+)\}"),
        _span,
    ),
    (
        re.compile(
            r"(?<![~^\\\[/])(?P<sign>[~^])(?P<words>(?:[^~^\s\[\]/\\]|\\ )+)(?P=sign)(?!(?P=sign))"
        ),
        _small,
    ),
)


def _pandoc_captions(text: str) -> str:
    """Captions of tables in our form: ``: Caption {#tbl-x}`` below a pipe table."""
    return re.sub(
        r"(?m)(?<=\|\n)(\n?)(?:Table)?:[ \t]+(?=\S)(?!Table:)", lambda m: "\nTable: ", text
    )


# --- pieces --------------------------------------------------------------------------------------


def _end_of_fence(lines: Sequence[str], start: int, mark: str) -> int:
    """The number of the line that closes a fence, or that after the last."""
    depth = 1
    for number in range(start + 1, len(lines)):
        fence = _FENCE.match(lines[number])
        if not fence or fence["mark"][0] != mark[0]:
            continue
        if mark[0] != ":":
            if not fence["info"] and len(fence["mark"]) >= len(mark):
                return number
            continue
        depth += 1 if fence["info"] else -1
        if depth == 0:
            return number
    return len(lines)


def _outdented(line: str, indent: str) -> str:
    return line[len(indent) :] if line.startswith(indent) else line.lstrip()


def _indented(lines: Sequence[str]) -> list[str]:
    """The lines four columns in, without blank ones at either end."""
    text = "\n".join(lines).strip("\n")
    return [f"    {line}" if line else "" for line in text.split("\n")] if text else []


def _options(inner: list[str]) -> tuple[dict[str, str], list[str], int]:
    """A directive's options, its content, and how many lines the options took."""
    options: dict[str, str] = {}
    place = 0
    if inner and inner[0].strip() == "---" and "---" in [row.strip() for row in inner[1:]]:
        place = [row.strip() for row in inner[1:]].index("---") + 2
        pairs = (row.partition(":") for row in inner[1 : place - 1])
        options = {key.strip(): value.strip() for key, _, value in pairs}
    else:
        while place < len(inner) and (found := _OPTION.match(inner[place].strip())):
            options[found[1]] = found[2]
            place += 1
    while place < len(inner) and not inner[place].strip():
        place += 1
    return options, inner[place:], place


def _picture(alternative: str, path: str, label: str) -> str:
    alternative = re.sub(r"([\[\]])", r"\\\1", alternative)
    return f"![{alternative}]({path.strip().replace(' ', '%20')})" + (
        f"{{#{label}}}" if label else ""
    )


def _captioned(kind: str, caption: str) -> list[str]:
    return [f"{kind}: {' '.join(caption.split())}", ""] if caption.strip() else []


def _first_paragraph(lines: list[str]) -> tuple[str, list[str]]:
    """The words of the first paragraph, and what follows it."""
    text = "\n".join(lines).strip("\n")
    first, _, rest = text.partition("\n\n")
    return first, ["", *rest.split("\n")] if rest.strip() else []


def _attribution(lines: list[str]) -> tuple[list[str], str]:
    """A quotation's lines and whom it is from, where its last line begins with a dash."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    found = re.match(r"\s*(?:--+|[—–])\s*(.+)", lines[filled[-1]]) if filled else None
    return (lines[: filled[-1]], found[1]) if found else (lines, "")


def _in_quotes(words: str) -> str:
    return words.replace('"', "”")


def _index_terms(lines: Sequence[str]) -> Iterator[str]:
    """The terms of Sphinx's index entries: ``single: a; b``, ``pair: a; b``, ``a, b``."""
    for line in lines:
        kind, colon, said = line.strip().partition(":")
        if colon and kind.strip() in ("single", "see", "seealso", "triple", "pair"):
            terms = [term.strip(" !") for term in said.split(";")]
            yield "; ".join(terms[:2])
            if kind.strip() == "pair" and len(terms) == 2:
                yield "; ".join(reversed(terms))
        else:
            yield from (term.strip(" !") for term in line.split(",") if term.strip())


def _definitions(lines: list[str]) -> list[str]:
    """A glossary's terms and definitions, these indented below those, as Markdown's."""
    made: list[str] = []
    opened = False
    for line in lines:
        if not line.strip():
            made.append("")
        elif line[0] not in " \t":
            made += ["", line] if made else [line]
            opened = False
        else:
            made += [f"    {line.strip()}"] if opened else ["", f":   {line.strip()}"]
            opened = True
    return made


def _list_rows(lines: list[str]) -> list[list[str]]:
    """The rows of a table that is written as a list of lists."""
    rows: list[list[str]] = []
    for line in lines:
        row = re.match(r"\s*[*-]\s+[*-](?:\s+(.*))?$", line)
        cell = re.match(r"\s+[*-](?:\s+(.*))?$", line)
        if row:
            rows.append([row[1] or ""])
        elif cell and rows:
            rows[-1].append(cell[1] or "")
        elif line.strip() and rows:
            rows[-1][-1] += f" {line.strip()}"
    return rows


def _pipe_table(rows: list[list[str]], header_rows: int) -> list[str]:
    """A pipe table; without header rows its header is empty."""
    if not rows:
        return []
    width = max(map(len, rows))
    filled = [
        [cell.replace("|", r"\|") for cell in row] + [""] * (width - len(row)) for row in rows
    ]
    header, body = (filled[0], filled[1:]) if header_rows else ([""] * width, filled)
    lines = [header, ["---"] * width, *body]
    return ["| " + " | ".join(row) + " |" for row in lines]
