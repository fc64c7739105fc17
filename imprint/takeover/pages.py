"""Pages of HTML as Markdown, with notes, figures, tables and boxes in our words.

The pages of a book are read together: a note may stand at the end of another page than its mark,
and a link leads from page to page.
"""

from __future__ import annotations

import posixpath
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString
from markdownify import MarkdownConverter

from ..diagnostics import Diagnostic, warning

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_NOTE_KINDS = frozenset("footnote endnote rearnote note doc-footnote doc-endnote".split())
_DROPPED = ("script", "style", "nav", "template", "form", "iframe", "object")


@dataclass
class Page:
    """A page: its name among the others, its tree, and the name of the chapter it becomes."""

    name: str
    soup: BeautifulSoup
    chapter: str = ""


@dataclass
class Book:
    """The pages of a book on their way to chapters.

    ``picture`` gives the new name of the picture that an address of a page means, "" if there is
    none.
    """

    pages: Sequence[Page]
    picture: Callable[[str, str], str]
    found: list[Diagnostic] = field(default_factory=list)
    lost: dict[tuple[str, str], int] = field(default_factory=dict)

    def markdown(self) -> Iterator[tuple[Page, str]]:
        """Each page as Markdown; those that held nothing but notes are left out."""
        for page in self.pages:
            for tag in page.soup.find_all(_DROPPED):
                tag.decompose()
        notes = _take_notes(self.pages, _places(self.pages))
        trees = [
            (page, tree)
            for page in self.pages
            for tree in (page.soup, *(note for _name, note in notes.get(page.name, [])))
        ]
        linked = _linked(trees)
        for page, tree in trees:
            self._prepare(page, tree, linked)
        for page in self.pages:
            text = _Writer(page.name, self).convert_soup(_body(page.soup))
            defined = [
                f"[^{name}]: {_indented(_Writer(page.name, self).convert_soup(_contents(note)).strip())}"
                for name, note in notes.get(page.name, [])
            ]
            text = _tidy("\n\n".join([text.strip(), *defined]))
            if text.strip():
                yield page, text
        for (name, what), times in self.lost.items():
            count = f" ({times} times)" if times > 1 else ""
            self.found.append(warning("import-lost", name, 0, 0, f"{what}{count}."))

    def lose(self, page: str, what: str) -> None:
        """Note what of a page is left out; it is told once, with how often."""
        self.lost[page, what] = self.lost.get((page, what), 0) + 1

    def _prepare(self, page: Page, tree: Any, linked: set[tuple[str, str]]) -> None:
        """Point links at chapters, pictures at their new names; keep the ids that links need."""
        chapters = {other.name: other.chapter for other in self.pages}
        for link in tree.find_all("a", href=True):
            address = _address(str(link["href"]), page.name, chapters)
            if address:
                link["href"] = address
            else:
                del link["href"]
                self.lose(page.name, "A link to what is not carried over keeps its words alone")
        for picture in tree.find_all(["img", "image"]):
            address = picture.get("src") or picture.get("xlink:href") or picture.get("href") or ""
            picture.name = "img"
            picture["src"] = self.picture(page.name, str(address)) if address else ""
        for tag in tree.find_all(id=True):
            if (page.name, str(tag["id"])) not in linked:
                del tag["id"]
            elif tag.name in _HOLDERS:
                _hand_down(tag)


_HOLDERS = (
    "body",
    "section",
    "div",
    "article",
    "main",
    "aside",
    "blockquote",
    "ul",
    "ol",
    "dl",
    "li",
)
_NUMBER = re.compile(
    r"(?:(?:chapter|part|kapitel|teil|chapitre|partie|capítulo)\s+)?[\dIVXLC]+[.:]?", re.I
)


def _hand_down(holder: Any) -> None:
    """Give the id of what has no words of its own to its heading, or to a place before its words."""
    name = holder["id"]
    del holder["id"]
    first = holder.find(string=lambda text: bool(text.strip()))
    heading = first.find_parent(_HEADINGS) if first is not None else None
    if heading is not None and not heading.get("id"):
        heading["id"] = name
    elif first is not None:
        place = BeautifulSoup("", "lxml").new_tag("a", id=name)
        first.insert_before(place)


def _take_number(heading: Any) -> None:
    """Take the number out of a heading that has it in an element of its own: ours has a new one."""
    first = heading.find(True, recursive=False)
    if first is None or first.name not in ("span", "b", "strong", "small"):
        return
    place = heading.index(first)
    before = "".join(map(str, heading.contents[:place])).strip()
    follows = "".join(t.get_text() for t in heading.contents[place + 1 :]).strip()
    if not before and follows and _NUMBER.fullmatch(" ".join(first.get_text(" ").split())):
        first.decompose()


def parsed(content: bytes | str) -> BeautifulSoup:
    """A page's tree, whatever is wrong with it, its headings without their numbers."""
    with warnings.catch_warnings():
        # XHTML as strict as XML is what few EPUBs hold.
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        soup = BeautifulSoup(content, "lxml")
    for heading in soup.find_all(_HEADINGS):
        _take_number(heading)
    return soup


def first_heading(soup: BeautifulSoup) -> str:
    """The words of a page's first heading, "" if it has none."""
    heading = soup.find(_HEADINGS)
    return " ".join(heading.get_text(" ").split()) if heading else ""


def _body(soup: BeautifulSoup) -> Any:
    return soup.body or soup


# --- links ---------------------------------------------------------------------------------------

_Places = Mapping[tuple[str, str], Tag]


def _target(address: str, page: str) -> tuple[str, str] | None:
    """The page and the id that an address means, None if it leads out of the book."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", address):
        return None
    path, _, fragment = address.partition("#")
    name = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(path)))
    return (name if path else page), unquote(fragment)


def _places(pages: Iterable[Page]) -> _Places:
    """Every element with an id, by its page and its id."""
    return {
        (page.name, str(tag["id"])): tag for page in pages for tag in page.soup.find_all(id=True)
    }


def _linked(trees: Iterable[tuple[Page, Any]]) -> set[tuple[str, str]]:
    """The places that links lead to."""
    targets = (
        _target(str(link["href"]), page.name)
        for page, tree in trees
        for link in tree.find_all("a", href=True)
    )
    return {target for target in targets if target}


def _address(address: str, page: str, chapters: Mapping[str, str]) -> str:
    """A link's address with the chapter's new name in it; "" for what is not carried over."""
    target = _target(address, page)
    if target is None:
        return address
    name, fragment = target
    if name not in chapters:
        return ""
    file = "" if name == page and fragment else chapters[name]
    return f"{file}#{fragment}" if fragment else file


# --- notes ---------------------------------------------------------------------------------------


def _take_notes(pages: Sequence[Page], places: _Places) -> dict[str, list[tuple[str, Any]]]:
    """The notes of each page by name, taken out of the trees; their marks become ``[^name]``.

    A note is what says that it is one, or what links back to where a link to it stands.
    """
    notes: dict[str, list[tuple[str, Any]]] = {}
    taken: dict[int, tuple[str, str]] = {}
    number = 0
    for page in pages:
        for link in page.soup.find_all("a", href=True):
            target = _target(str(link["href"]), page.name)
            place = places.get(target) if target and target[1] else None
            if place is None or place.decomposed or link.decomposed:
                continue
            note = _note_around(place, link, page.name, target[0] if target else "")
            if note is None:
                continue
            if id(note) not in taken:
                number += 1
                taken[id(note)] = (page.name, f"n{number}")
                notes.setdefault(page.name, []).append((f"n{number}", note))
            owner, name = taken[id(note)]
            if owner == page.name:
                mark = link.parent if link.parent and link.parent.name == "sup" else link
                alone = mark.get_text(strip=True) == link.get_text(strip=True)
                (mark if alone else link).replace_with(_Mark(f"[^{name}]"))
    for listed in notes.values():
        for _name, note in listed:
            _take_out(note)
    return notes


class _Mark(NavigableString):
    """Text that is Markdown already."""


def _note_around(place: Tag, link: Tag, page: str, home: str) -> Tag | None:
    """The note that a link's target is or begins, None if it is none."""
    ids = {str(tag["id"]) for tag in [link, *link.parents][:3] if tag.get("id")}
    candidates = [place, *[p for p in place.parents if p.name in ("li", "aside", "p", "div", "dd")]]
    for candidate in candidates[:3]:
        if candidate.find(_HEADINGS) or link in candidate.descendants:
            return None
        if _NOTE_KINDS & _kinds(candidate):
            return candidate
        for back in candidate.find_all("a", href=True):
            target = _target(str(back["href"]), home)
            if target and target[0] == page and target[1] in ids:
                return candidate if candidate.name != "a" else None
    return None


def _kinds(tag: Tag) -> set[str]:
    """What an element says that it is."""
    return set(f"{tag.get('epub:type') or ''} {tag.get('role') or ''}".split())


def _take_out(note: Tag) -> None:
    """Take a note out of its page, without its links back and its number."""
    for link in note.find_all("a", href=True):
        said = link.get_text(strip=True)
        if "doc-backlink" in _kinds(link) or re.fullmatch(
            r"[\[(]?[\d*†‡↑↩⏎︎\ufe0e^]+[\])]?\.?|", said
        ):
            around = link.parent
            link.decompose()
            if around is not None and around.name == "sup" and not around.get_text(strip=True):
                around.decompose()
    first = note.find(string=lambda text: bool(text.strip()))
    if first is not None:
        first.replace_with(re.sub(r"^\s*(?:[\[(]?\d+[\])]?[.:]?(?=\s|$)|[.:])\s*", "", str(first)))
    holder = note.parent
    note.extract()
    while holder is not None and holder.name in ("ol", "ul", "section", "div", "aside", "dl"):
        outer = holder.parent
        left = "".join(t for t in holder.strings if t.parent.name not in _HEADINGS).strip()
        if left or holder.find("img"):
            return
        holder.decompose()
        holder = outer


# --- Markdown ------------------------------------------------------------------------------------


class _Writer(MarkdownConverter):
    """Markdownify's converter with our figures, tables, boxes and attributes."""

    def __init__(self, page: str, book: Book) -> None:
        super().__init__(
            heading_style="atx",
            bullets="-",
            sub_symbol="<sub>",
            sup_symbol="<sup>",
            escape_misc=False,
            code_language_callback=_code_language,
            table_infer_header=True,
        )
        self.page = page
        self.book = book

    def process_text(self, el: Any, parent_tags: Any = None) -> str:
        """Text, with what Markdown would read in it escaped; marks of notes as they are."""
        if isinstance(el, _Mark):
            return str(el)
        text: str = super().process_text(el, parent_tags)  # type: ignore[misc]
        if parent_tags and "pre" in parent_tags:
            return text
        return re.sub(r"(?<!\\)([\[\]])(?![\^(])", r"\\\1", text)

    def convert_hN(self, n: int, el: Any, text: str, parent_tags: Any) -> str:  # noqa: N802
        """A heading with its id."""
        words = " ".join(text.split())
        if not words or "_inline" in parent_tags:
            return words
        name = f" {{#{el['id']}}}" if el.get("id") else ""
        return f"\n\n{'#' * n} {words}{name}\n\n"

    def convert_img(self, el: Any, text: str, parent_tags: Any) -> str:
        """A picture; none where its file is missing."""
        source = str(el.get("src") or "")
        if not source:
            self.book.lose(
                self.page,
                "A picture is left out: its file is missing, or of a kind that cannot be shown",
            )
            return ""
        return _shown(el, "")

    def convert_figure(self, el: Any, text: str, parent_tags: Any) -> str:
        """A figure: its picture, and its caption after it."""
        caption, picture = el.find("figcaption"), el.find("img")
        if picture is None or not picture.get("src") or el.find("table"):
            return f"\n\n{text.strip()}\n\n"
        shown = _shown(picture, str(el.get("id") or ""))
        said = _one_line(self.convert_soup(_contents(caption))) if caption else ""
        said = re.sub(r"^(?:Figure|Fig\.|Abbildung|Illustration)\s*[\d.–-]+\s*[.:–—]?\s*", "", said)
        return f"\n\n{shown}\n\n" + (f"Figure: {said}\n\n" if said else "")

    def convert_figcaption(self, el: Any, text: str, parent_tags: Any) -> str:
        """A caption that has no picture is a paragraph."""
        return f"\n\n{text.strip()}\n\n"

    def convert_table(self, el: Any, text: str, parent_tags: Any) -> str:
        """A pipe table, or HTML where cells span others or hold blocks."""
        caption = el.find("caption")
        said = _one_line(self.convert_soup(_contents(caption.extract()))) if caption else ""
        said = re.sub(r"^(?:Table|Tableau|Tabelle)\s*[\d.–-]+\s*[.:–—]?\s*", "", said)
        name = f" {{#{el['id']}}}" if el.get("id") else ""
        below = f"Table: {said}{name}\n\n" if said else ""
        spans = el.find(
            lambda tag: tag.get("colspan", "1") != "1" or tag.get("rowspan", "1") != "1"
        )
        if spans or el.find(["ul", "ol", "table", "pre", "blockquote"]):
            return f"\n\n{_plain_html(el)}\n\n{below}"
        rows = [self._row(row) for row in el.find_all("tr")]
        rows = [row for row in rows if row]
        if not rows:
            return ""
        width = max(map(len, rows))
        filled = [row + [""] * (width - len(row)) for row in rows]
        first = el.find("tr")
        if not first.find("th") and not el.find("thead"):
            filled.insert(0, [""] * width)
        filled.insert(1, ["---"] * width)
        lines = ["| " + " | ".join(row) + " |" for row in filled]
        return "\n\n" + "\n".join(lines) + f"\n\n{below}"

    def _row(self, row: Any) -> list[str]:
        return [
            _one_line(self.convert_soup(_contents(cell))).replace("|", r"\|")
            for cell in row.find_all(["td", "th"], recursive=False)
        ]

    def convert_aside(self, el: Any, text: str, parent_tags: Any) -> str:
        """A box with its title, or a pull quote with whom it is from."""
        children = [child for child in el.children if getattr(child, "name", None)]
        quote = next((child for child in children if child.name == "blockquote"), None)
        if quote is not None and len(children) <= 2:
            by = next((child for child in children if child is not quote), None)
            named = _title(self.convert_soup(_contents(by))) if by is not None else ""
            return (
                f"\n\n!!! quote{named}\n{_indent(self.convert_soup(_contents(quote)).strip())}\n\n"
            )
        first = children[0] if children else None
        titled = first is not None and (
            first.name in _HEADINGS or "title" in " ".join(first.get("class") or [])
        )
        named = (
            _title(self.convert_soup(_contents(first.extract())))
            if first is not None and titled
            else ""
        )
        body = self.convert_soup(_contents(el)).strip() if titled else text.strip()
        return f"\n\n!!! note{named}\n{_indent(body)}\n\n" if body else ""

    def convert_span(self, el: Any, text: str, parent_tags: Any) -> str:
        """A span's words; its language and its id are kept."""
        kept = "".join(f' {key}="{el[key]}"' for key in ("id", "lang") if el.get(key))
        return f"<span{kept}>{text}</span>" if kept else text

    def convert_a(self, el: Any, text: str, parent_tags: Any) -> str:
        """A link; a mere place keeps its id."""
        name = f'<span id="{el["id"]}"></span>' if el.get("id") else ""
        if not el.get("href"):
            return name + text
        words = " ".join(text.split())
        if not words:
            return name
        address = str(el["href"]).replace(" ", "%20").replace("(", "%28").replace(")", "%29")
        before = " " if text[:1].isspace() else ""
        after = " " if text[-1:].isspace() else ""
        return f"{name}{before}[{words}]({address}){after}"

    def convert_p(self, el: Any, text: str, parent_tags: Any) -> str:
        """A paragraph; the place that it is keeps its id."""
        if el.get("id") and text.strip():
            text = f'<span id="{el["id"]}"></span>{text.lstrip()}'
        return super().convert_p(el, text, parent_tags)  # type: ignore[misc]

    def convert_abbr(self, el: Any, text: str, parent_tags: Any) -> str:
        """An abbreviation with what it stands for."""
        title = str(el.get("title") or "").replace('"', "&quot;")
        return f'<abbr title="{title}">{text}</abbr>' if title else text

    def convert_math(self, el: Any, text: str, parent_tags: Any) -> str:
        """A formula's own words, where it has any."""
        self.book.lose(self.page, "A formula is carried over as its words")
        said = " ".join(str(el.get("alttext") or el.get_text(" ")).split())
        return f"`{said}`" if said else ""

    def convert_svg(self, el: Any, text: str, parent_tags: Any) -> str:
        """A drawing's picture; a drawing itself is left out."""
        if not el.find("img"):
            self.book.lose(self.page, "A drawing within the text is left out")
        return text


def _shown(picture: Any, name: str) -> str:
    """A picture in Markdown; an empty alternative says that it only decorates."""
    words = re.sub(r"([\[\]])", r"\\\1", " ".join(str(picture.get("alt") or "").split()))
    decorates = picture.get("alt") == "" or picture.get("role") == "presentation"
    attributes = [f"#{name}"] * bool(name) + ["role=presentation"] * decorates
    address = str(picture["src"]).replace(" ", "%20")
    return f"![{words}]({address})" + (f"{{{' '.join(attributes)}}}" if attributes else "")


def _title(markdown: str) -> str:
    """A box's title as it stands behind its kind."""
    words = re.sub(r"^#+\s+|\s*\{#[^}]*\}$|\*\*", "", _one_line(markdown).strip())
    return f' "{words.replace(chr(34), "”")}"' if words else ""


def _contents(tag: Any) -> Any:
    """What an element holds, without the element."""
    holder = BeautifulSoup("", "lxml").new_tag("div")
    holder.extend([child.extract() for child in list(tag.children)])
    return holder


def _code_language(el: Any) -> str:
    """The language of code, where a class says it."""
    for tag in [el, *el.find_all("code")]:
        for name in tag.get("class") or []:
            if found := re.match(r"(?:language|lang|sourceCode|brush:)-?(\w+)$", name):
                return found[1]
    return ""


def _plain_html(table: Any) -> str:
    """A table as HTML without blank lines and without the looks of another book."""
    for tag in [table, *table.find_all(True)]:
        tag.attrs = {
            key: value
            for key, value in tag.attrs.items()
            if key in ("colspan", "rowspan", "scope", "id", "href", "src", "alt", "lang")
        }
    return re.sub(r"\n\s*\n+", "\n", str(table))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" if line.strip() else "" for line in text.split("\n"))


def _indented(text: str) -> str:
    """A note's text, all lines but the first four columns in."""
    return _indent(text).strip()


def _tidy(text: str) -> str:
    """The text without blank lines in a row outside code, and without spaces at line ends."""
    made: list[str] = []
    fenced = False
    for line in text.split("\n"):
        fenced ^= line.lstrip().startswith("```")
        if fenced or line.strip() or (made and made[-1].strip()):
            made.append(line if fenced or line.endswith("  ") else line.rstrip())
    return "\n".join(made).strip("\n") + "\n"
