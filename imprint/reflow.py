"""What the EPUB and the web edition share: chapters shaped for a page that has no size.

Both mark in the text where each page of the printed edition begins, cite its folios, and spread
the book over files; only their dress differs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from lxml import etree
from markupsafe import Markup

from imprint.contentmodel import HEADINGS, INLINE, MARK, Admission, repaired, safe_id, safe_url
from imprint.drawing import svg_file
from imprint.model import Anchor, Asset, Book, Chapter, IndexEntry, Page, PageMap, TextPosition
from imprint.webfonts import with_faces
from imprint.words import direction, initial, words

# The generated parts of a book that a reflowable edition has as files of their own.
GENERATED = ("cover", "title-page", "imprint", "contents", "figures", "index")


@dataclass(frozen=True)
class PageMark:
    """Where a printed page begins: its id in the edition, its folio and the file's unit.

    ``start`` is None at the very beginning of the unit's file; ``page`` is the page's number.
    """

    id: str
    label: str
    unit: str
    start: TextPosition | None = None
    page: int = 0


@dataclass(frozen=True)
class Shaped:
    """A chapter's tree for an edition, with the marks of its pages in it."""

    chapter: Chapter
    body: etree._Element


def apart(book: Book, pagemap: PageMap) -> tuple[Book, PageMap]:
    """The same with no chapter called as a generated part is; ids in the text stay."""
    renamed = {c.id: f"{c.id}-chapter" for c in book.chapters if c.id in GENERATED}
    if not renamed:
        return book, pagemap
    chapters = tuple(replace(c, id=renamed.get(c.id, c.id)) for c in book.chapters)
    pages = tuple(
        replace(p, unit=renamed.get(p.unit, p.unit)) if p.start is not None else p
        for p in pagemap.pages
    )
    return replace(book, chapters=chapters), replace(pagemap, pages=pages)


# --- page marks ----------------------------------------------------------------------------------


def page_marks(book: Book, pagemap: PageMap, units: Collection[str]) -> tuple[PageMark, ...]:
    """The mark of every page whose unit the edition has, in the order of the pages.

    A page without text of its own (a blank one) begins where the next page does.
    """
    chapters = {chapter.id for chapter in book.chapters}
    taken = {safe_id(name) for name in book.anchors} | {safe_id(c) for c in chapters}
    marks: list[PageMark] = []
    waiting: list[Page] = []
    for page in pagemap.pages:
        if not page.label or page.unit not in units:
            continue
        waiting.append(page)
        if page.start is not None or page.unit not in chapters:
            marks += [_mark(p, page.unit, page.start, taken) for p in waiting]
            waiting = []
    if marks:
        last = marks[-1]
        marks += [_mark(p, last.unit, last.start, taken) for p in waiting]
    return tuple(marks)


def _mark(page: Page, unit: str, start: TextPosition | None, taken: set[str]) -> PageMark:
    """The mark of a page, with an id that nothing else in the book has."""
    name = safe_id(f"page-{page.label}")
    if name in taken:
        name = f"{name}-{page.number}"
    taken.add(name)
    return PageMark(name, page.label, unit, start, page.number)


@dataclass(frozen=True)
class Placing:
    """Where the marks of a generated part go: before everything, before lines of it, behind it."""

    top: tuple[PageMark, ...] = ()
    before: Mapping[str, tuple[PageMark, ...]] = field(default_factory=dict)
    end: tuple[PageMark, ...] = ()


def placed_marks(
    unit: str,
    marks: Iterable[PageMark],
    lines: Iterable[tuple[str, str]],
    pagemap: PageMap,
) -> Placing:
    """The marks of a generated part at its lines, given in order with the print's ids of them.

    A page begins with the first line that stands on it; a blank one begins where the next one does.
    """
    opening = pagemap.anchors.get(unit, 0)
    first: dict[int, str] = {}
    for key, name in lines:
        if name in pagemap.anchors:
            first.setdefault(pagemap.anchors[name], key)
    top: tuple[PageMark, ...] = ()
    before: dict[str, tuple[PageMark, ...]] = {}
    waiting: tuple[PageMark, ...] = ()
    for mark in marks:
        waiting = (*waiting, mark)
        if mark.page <= opening or not opening:
            top, waiting = (*top, *waiting), ()
        elif mark.page in first:
            key = first[mark.page]
            before[key] = (*before.get(key, ()), *waiting)
            waiting = ()
    return Placing(top, before, waiting)


def as_found(marks: Sequence[PageMark], chapters: Sequence[Shaped]) -> tuple[PageMark, ...]:
    """The marks in the order in which a reader comes upon them in each unit."""
    ids = [e.get("id") for each in chapters for e in each.body.iter("span")]
    order = {name: number for number, name in enumerate(ids) if name}
    units = {unit: number for number, unit in enumerate(dict.fromkeys(m.unit for m in marks))}
    written = {each.chapter.id for each in chapters}
    found = [m for m in marks if m.id in order or m.unit not in written]
    return tuple(sorted(found, key=lambda m: (units[m.unit], order.get(m.id, 0))))


def mark_attributes(mark: PageMark, lang: str) -> dict[str, str]:
    """The attributes of a page mark's ``<span>``."""
    said = words(lang)("Page %(label)s") % {"label": mark.label}
    return {"class": "page-mark", "id": mark.id, "role": "doc-pagebreak", "aria-label": f"{said}."}


def set_marks(body: etree._Element, marks: Iterable[PageMark], lang: str) -> None:
    """Put a mark into a chapter's tree before the very word that begins each page."""
    by_number = {e.get("data-e"): e for e in body.iter() if isinstance(e.tag, str)}
    for mark in marks:
        start = mark.start or TextPosition(int(body.get("data-e", "0")))
        element = by_number.get(str(start.element), body)
        _set_mark(etree.Element(MARK, mark_attributes(mark, lang)), element, start.offset, body)


# Text of an element: before its first child (the element itself, "text") or behind a child
# (that child, "tail"); a place is such a text and the number of characters before the place.
_Text = tuple[etree._Element, str]
_Place = tuple[etree._Element, str, int]


def _set_mark(
    mark: etree._Element, element: etree._Element, offset: int, body: etree._Element
) -> None:
    """Put the mark before the word at the offset in the element's own text."""
    if element is not body and _is_sealed(element):
        _put_before(_outermost_sealed(element), mark, body)
        return
    node, kind, index = _word_start(_place(element, offset), body)
    while kind == "text" and not (node.text or "")[:index].strip() and _opens_with(node, body):
        if not _is_first(node):
            break
        parent = node.getparent()
        if parent.tag not in _HOISTED:
            break
        node = parent
    if kind == "text" and _opens_with(node, body) and not (node.text or "")[:index].strip():
        _put_before(node, mark, body)
    else:
        _put(mark, node, kind, index)


# A mark at the start of these goes before them: it is no part of a heading or of a link's words.
_HOISTED = (INLINE - {"svg", "math"}) | frozenset(HEADINGS)


def _opens_with(node: etree._Element, body: etree._Element) -> bool:
    """Whether a mark at the start of the node belongs before it."""
    return node is not body and node.tag in _HOISTED


def _is_first(node: etree._Element) -> bool:
    """Whether no text comes before the node in its parent."""
    before = node.getprevious()
    parent = node.getparent()
    return before is None and not (parent.text or "").strip()


def _is_sealed(element: etree._Element) -> bool:
    """Whether nothing can be put into the element: it is a picture or inside one."""
    return element.tag in ("img", "br", "hr", "input", "image") or _drawing(element) is not None


def _drawing(element: etree._Element) -> etree._Element | None:
    """The whole drawing or formula that the element belongs to."""
    found = [e for e in (element, *element.iterancestors()) if e.tag in ("svg", "math")]
    return found[-1] if found else None


def _outermost_sealed(element: etree._Element) -> etree._Element:
    """The picture as a whole."""
    drawing = _drawing(element)
    return element if drawing is None else drawing


def _put_before(element: etree._Element, mark: etree._Element, body: etree._Element) -> None:
    """Put the mark directly before an element."""
    if element is body:
        _put(mark, body, "text", 0)
    else:
        parent = element.getparent()
        parent.insert(parent.index(element), mark)


def _put(mark: etree._Element, node: etree._Element, kind: str, index: int) -> None:
    """Put the mark into a text after so many characters, and behind marks that stand there."""
    text = getattr(node, kind) or ""
    setattr(node, kind, text[:index])
    mark.tail = text[index:]
    if kind == "text":
        node.insert(0, mark)
    else:
        tail, mark.tail = mark.tail, None
        parent = node.getparent()
        parent.insert(parent.index(node) + 1, mark)
        mark.tail = tail


def _place(element: etree._Element, offset: int) -> _Place:
    """The place before the ``offset``-th character of the element's own text."""
    texts: list[_Text] = [(element, "text"), *((child, "tail") for child in element)]
    left = offset
    for node, kind in texts:
        for index, char in enumerate(getattr(node, kind) or ""):
            if char.isspace():
                continue
            if left == 0:
                return node, kind, index
            left -= 1
    if offset == 0:
        return _behind_marks(element)
    node, kind = texts[-1]
    return node, kind, len(getattr(node, kind) or "")


def _behind_marks(element: etree._Element) -> _Place:
    """The start of an element without text of its own, behind marks that are there already."""
    if (element.text or "").strip() or not len(element) or element[0].tag != MARK:
        return element, "text", 0
    last = element[0]
    while (following := last.getnext()) is not None and following.tag == MARK:
        last = following
    return last, "tail", 0


def _word_start(place: _Place, body: etree._Element) -> _Place:
    """The place before the whole word that the place lies in: a page may begin within one."""
    node, kind, index = place
    block = node if kind == "text" else node.getparent()
    while block is not body and block.tag in INLINE:
        block = block.getparent()
    characters = [
        (char, text, i)
        for text in _texts(block)
        for i, char in enumerate(" " if text is None else getattr(*text) or "")
    ]
    at = next((n for n, c in enumerate(characters) if c[1] == (node, kind) and c[2] == index), None)
    if at is None or not _breaks_within_words(characters[at][0]):
        return place
    first = at
    while first > 0 and _breaks_within_words(characters[first - 1][0]):
        first -= 1
    text = characters[first][1]
    return place if text is None else (*text, characters[first][2])


def _texts(block: etree._Element) -> Iterator[_Text | None]:
    """The texts of a block in their order; None where another block parts them."""
    yield block, "text"
    for child in block:
        inline = child.tag in INLINE or child.tag == MARK
        if not inline:
            yield None
        if child.tag in ("svg", "math"):
            yield None
        elif child.tag != MARK:
            yield from _texts(child)
        if not inline:
            yield None
        yield child, "tail"


def _breaks_within_words(char: str) -> bool:
    """Whether lines break within words of the character's script by hyphens alone.

    Ideographs, Thai, Lao, Khmer and Burmese break between any two words, and no blank tells where.
    """
    if char in "\u00ad\u200d'’":
        return True
    if unicodedata.category(char)[0] not in "LMN" or unicodedata.east_asian_width(char) in "WF":
        return False
    return not (
        "\u0e00" <= char <= "\u0eff" or "\u1000" <= char <= "\u109f" or "\u1780" <= char <= "\u17ff"
    )


# --- chapters ------------------------------------------------------------------------------------


def shaped(
    book: Book,
    pagemap: PageMap,
    marks: Sequence[PageMark],
    pictures: Mapping[str, str],
    chosen: Collection[int] | None = None,
) -> tuple[Shaped, ...]:
    """Every chapter with its page marks, cited folios, safe content and its number in the title.

    Where some are ``chosen``, by their numbers from 0, only these.
    """
    return tuple(
        Shaped(chapter, _shaped_body(chapter, book, pagemap, marks, pictures))
        for number, chapter in enumerate(book.chapters)
        if chosen is None or number in chosen
    )


def _shaped_body(
    chapter: Chapter,
    book: Book,
    pagemap: PageMap,
    marks: Sequence[PageMark],
    pictures: Mapping[str, str],
) -> etree._Element:
    """The chapter's tree; links still name ids of the book, whatever file has them."""
    lang = chapter.lang or book.publication.lang
    say = words(lang)
    body = chapter.tree.take()
    body.tail = None
    set_marks(body, [m for m in marks if m.unit == chapter.id], lang)
    _cite_folios(body, pagemap, say("page"))
    body = repaired(body, Admission(pictures, say("Missing picture")))
    body.set("id", body.get("id") or safe_id(chapter.id))
    _number_title(body, chapter.number)
    for box in body.iter("aside"):
        # Without a role each would be a landmark, and landmarks need names that differ.
        box.set("role", box.get("role", "note"))
    for link in body.iter("a"):
        if link.get("role") == "doc-backlink" and not link.get("aria-label"):
            link.set("aria-label", say("Back to the text"))
    return body


def _cite_folios(body: etree._Element, pagemap: PageMap, word: str) -> None:
    """Fill in the pages of "see page 41"; where a page is not known, nothing is said."""
    for cite in list(body.iter("span")):
        target = cite.get("data-cites")
        if not target:
            continue
        label = pagemap.label(target)
        for child in list(cite):
            cite.remove(child)
        cite.text = f", {word}\u00a0{label}" if label else ""


def _number_title(body: etree._Element, number: str) -> None:
    """Put the chapter's number before its title."""
    title = next(body.iter("h1"), None)
    if title is None or not number:
        return
    span = etree.Element("span", {"class": "number"})
    span.text = number
    span.tail = f" {title.text or ''}"
    title.text = None
    title.insert(0, span)


def pictures(book: Book, folder: str, fonts: Path) -> tuple[dict[str, str], dict[str, Asset]]:
    """For each ``src`` of the text its address in the edition; and the files themselves.

    Drawings are cleaned of scripts and of what they would fetch, and get the faces of their text;
    one that cannot be read is left out, and the text says so.
    """
    addresses: dict[str, str] = {}
    files: dict[str, Asset] = {}
    for src, asset in sorted(book.assets.items()):
        content: bytes | None = asset.content
        if asset.media_type == "image/svg+xml":
            content = svg_file(asset.content)
            content = content and with_faces(content, fonts)
        if content is None:
            continue
        name = _file_name(asset, folder, files, content)
        addresses[src] = name
        files[name] = Asset(name, asset.media_type, content, asset.width, asset.height)
    return addresses, files


def shown(files: Mapping[str, Asset], chapters: Iterable[Shaped]) -> dict[str, Asset]:
    """Those of the pictures' files that the shaped chapters show."""
    used = {img.get("src") for each in chapters for img in each.body.iter("img")}
    return {name: asset for name, asset in files.items() if name in used}


_SUFFIXES = {
    "image/svg+xml": ".svg",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
}


def _file_name(asset: Asset, folder: str, files: Mapping[str, Asset], content: bytes) -> str:
    """A name of plain letters that ends as the type asks and is not another picture's."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(asset.name).stem).strip("-") or "picture"
    suffix = _SUFFIXES.get(asset.media_type, Path(asset.name).suffix.lower())
    name = f"{folder}/{stem}{suffix}"
    number = 2
    while name in files and files[name].content != content:
        name = f"{folder}/{stem}-{number}{suffix}"
        number += 1
    return name


def picture_type(content: bytes) -> tuple[str, str]:
    """Media type and suffix of a cover, from its first bytes."""
    if content.startswith(b"\x89PNG"):
        return "image/png", ".png"
    if content.startswith(b"\xff\xd8"):
        return "image/jpeg", ".jpg"
    return "image/svg+xml", ".svg"


# --- files and links -----------------------------------------------------------------------------


_RESERVED = frozenset(
    {*GENERATED, "nav", "toc", "book-index", "search", "con", "prn", "aux", "nul"}
)


def file_names(book: Book, suffix: str) -> dict[str, str]:
    """The file of each chapter, by its id: named after it where that is a plain name.

    A plain name keeps clear of the edition's other files, and says nothing to the file system.
    """
    names: dict[str, str] = {}
    for number, chapter in enumerate(book.chapters, 1):
        is_plain = re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,80}", chapter.id)
        stem = chapter.id if is_plain else f"chapter-{number}"
        if (
            stem in _RESERVED
            or stem.startswith("large-picture-")
            or f"{stem}{suffix}" in names.values()
        ):
            stem = f"{stem}-text-{number}"
        names[chapter.id] = f"{stem}{suffix}"
    return names


def owners(chapters: Iterable[Shaped], files: Mapping[str, str]) -> dict[str, str]:
    """For every id in the chapters the file that has it; the first one's where several do."""
    found: dict[str, str] = {}
    for each in chapters:
        for element in each.body.iter():
            name = element.get("id")
            if name and name in found and element is not each.body:
                del element.attrib["id"]
            elif name:
                found.setdefault(name, files[each.chapter.id])
    return found


def all_ids(chapters: Iterable[Chapter], files: Mapping[str, str]) -> dict[str, str]:
    """For every id in chapters, shaped or not, the file that has it."""
    return {
        safe_id(name): files[chapter.id]
        for chapter in chapters
        for name in (chapter.id, *(element.get("id") for element in chapter.body.iter()))
        if name
    }


def link(body: etree._Element, file: str, owner: Mapping[str, str]) -> None:
    """Let the links of a file lead to the right files; what leads nowhere is no link."""
    for element in list(body.iter("a")):
        address = _address(element.get("href", ""), file, owner)
        named = "".join(element.itertext()).strip() or element.get("aria-label")
        pictured = any(img.get("alt") for img in element.iter("img"))
        if address and (named or pictured):
            element.set("href", address)
            continue
        for name in ("href", "role", "aria-label"):
            element.attrib.pop(name, None)
        # An <a> may hold blocks where a <span> may not: it stays, as a placeholder.
        if all(child.tag in INLINE for child in element.iterdescendants()):
            element.tag = "span"


def _address(href: str, file: str, owner: Mapping[str, str]) -> str:
    """Where a link leads as written in a file; "" for nowhere."""
    if href.startswith("#"):
        return place(href[1:], owner, file)
    return safe_url(href)


def place(name: str, owner: Mapping[str, str], file: str = "") -> str:
    """The address of an id of the book as written in a file; "" where no file has it."""
    target = safe_id(name) if name else ""
    if target not in owner:
        return ""
    return f"#{target}" if owner[target] == file else f"{owner[target]}#{target}"


# --- large pictures ------------------------------------------------------------------------------


def large_pictures(body: etree._Element) -> Iterator[tuple[etree._Element, etree._Element]]:
    """The figures, each with its picture, that were made for more room than a column gives."""
    for figure in body.iter("figure"):
        picture = next(figure.iter("img"), None)
        if picture is not None and {"wide", "spread"} & set(figure.get("class", "").split()):
            yield figure, picture


def add_large_link(figure: etree._Element, href: str, lang: str) -> None:
    """Put a link to the picture alone at the end of a figure's caption."""
    caption = figure.find("figcaption")
    if caption is None:
        caption = etree.SubElement(figure, "figcaption")
    if any(True for _ in figure.iterancestors("a")):
        return
    anchor = etree.SubElement(caption, "a", {"class": "large", "href": href})
    anchor.text = words(lang)("Large picture")
    previous = anchor.getprevious()
    if previous is None:
        caption.text = f"{caption.text or ''} "
    else:
        previous.tail = f"{previous.tail or ''} "


# --- lists of places -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Locator:
    """A place where a term is treated: what stands in the index, and where it leads."""

    text: str
    href: str


@dataclass(frozen=True)
class Term:
    """A line of the index; ``key`` is its id in the paged editions."""

    term: str
    locators: tuple[Locator, ...]
    children: tuple[Term, ...] = ()
    key: str = ""


def index_terms(
    entries: Iterable[IndexEntry],
    pagemap: PageMap,
    owner: Mapping[str, str],
    prefix: str = "index/",
) -> tuple[Term, ...]:
    """The index with a link for each folio; without folios the places are counted."""
    return tuple(
        Term(
            entry.term,
            _locators(entry.ids, pagemap, owner),
            index_terms(entry.children, pagemap, owner, f"{prefix}{number}."),
            f"{prefix}{number}",
        )
        for number, entry in enumerate(entries, 1)
    )


@dataclass(frozen=True)
class Group:
    """The lines of the index under a letter."""

    letter: str
    terms: tuple[Term, ...]

    @property
    def key(self) -> str:
        """A name for the letter's own line."""
        return f"{self.terms[0].key} {self.letter}"


def by_letter(terms: Iterable[Term]) -> tuple[Group, ...]:
    """The index under its letters, as the paged editions have it."""
    return tuple(
        Group(letter, tuple(group)) for letter, group in groupby(terms, lambda t: initial(t.term))
    )


def _locators(
    ids: Iterable[str], pagemap: PageMap, owner: Mapping[str, str]
) -> tuple[Locator, ...]:
    """The places of a term, each folio once."""
    found: dict[str, str] = {}
    for name in ids:
        href = place(name, owner)
        if href:
            found.setdefault(pagemap.label(name) or str(len(found) + 1), href)
    return tuple(Locator(text, href) for text, href in found.items())


@dataclass(frozen=True)
class Listed:
    """A line of the list of figures and tables; ``key`` is its id in the paged editions."""

    label: str
    title: str
    page: str
    href: str
    key: str = ""


def listed(
    anchors: Iterable[Anchor], word: str, pagemap: PageMap, owner: Mapping[str, str]
) -> tuple[Listed, ...]:
    """The figures or tables that the edition has, with their places."""
    return tuple(
        Listed(f"{word} {a.number}".strip(), a.title, pagemap.label(a.id), href, f"figures/{a.id}")
        for a in anchors
        if (href := place(a.id, owner))
    )


# --- drawings over chapters ----------------------------------------------------------------------


def openers(book: Book, templates: Environment, edition: str) -> dict[str, str]:
    """The drawing over the title of each numbered chapter, as SVG; a theme may have none."""
    name = f"{edition}/opener.svg.j2"
    if name not in templates.list_templates():
        return {}
    template = templates.get_template(name)
    return {
        chapter.id: template.render(
            seed=int(chapter.number), drawing=Markup(book.openers.get(chapter.id, ""))
        )
        for chapter in book.chapters
        if chapter.level == 1 and re.fullmatch(r"[0-9]{1,4}", chapter.number)
    }


# --- templates -----------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def environment(theme: Path) -> Environment:
    """The theme's templates; what a theme leaves out comes from the default one.

    Kept: compiling them takes longer than filling in a page. A file that changes is read anew.
    """
    folders = [theme, theme.parent / "default"]
    environment = SandboxedEnvironment(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["direction"] = direction
    return environment


def as_xhtml(tree: etree._Element) -> Markup:
    """The tree as text for an XHTML file, whose root declares the namespaces."""
    for element in tree.iter():
        # A reader that takes the file for HTML would leave <span/> open.
        if not len(element) and element.text is None and element.tag not in _VOID:
            element.text = ""
    return Markup(etree.tostring(tree, encoding="unicode", with_tail=False))


def as_html(tree: etree._Element) -> Markup:
    """The tree as text for an HTML file."""
    return Markup(etree.tostring(tree, encoding="unicode", method="html", with_tail=False))


_VOID = frozenset({"br", "hr", "img", "wbr", "col"})
