"""Chapters become a book: numbers, unique ids, links inside, contents, lists and index."""

from __future__ import annotations

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from lxml import etree

from imprint import assets
from imprint.assets import Gallery
from imprint.diagnostics import Diagnostic, warning
from imprint.figures import DataTable
from imprint.heads import clean
from imprint.markup import HEADINGS, name_token, slug, text_of
from imprint.model import GENERATED, Anchor, Book, Chapter, IndexEntry, Manuscript, TocEntry
from imprint.places import place_of
from imprint.trees import HeldTree, Keep
from imprint.words import sort_key, words

_UNNUMBERED = frozenset(
    "foreword preface introduction prologue epilogue afterword conclusion appendix glossary "
    "bibliography acknowledgments colophon dedication part".split()
)
# Languages that write "Figure 3" with a capital within a sentence.
_CAPITALISED = ("en", "de")
_LINK_SCHEMES = frozenset(("http", "https", "mailto", "tel", "ftp", "ftps"))
_LEADING_TITLES = re.compile(r"\.(html?|md|markdown|mdown|mkd)$", re.I)


def resolve(
    manuscript: Manuscript,
    chapters: Sequence[Chapter],
    gallery: Gallery,
    keep: Keep = HeldTree,
) -> tuple[Book, tuple[Diagnostic, ...]]:
    """The book of parsed chapters, and what was found wrong with links, pictures and ids.

    ``keep`` lays a tree by until it is needed again.
    """
    named = _name_chapters(chapters)
    with_parts = _with_parts(_number_chapters(manuscript, named))
    desk = _Desk(manuscript, with_parts, gallery, keep)
    desk.know_chapters(chapters, named)
    desk.unify_ids()
    desk.rework(desk.rename, desk.place_pictures, desk.number_figures)
    # What is pointed at has its name and number by now.
    desk.rework(desk.follow_links, desk.mark_index, _number_elements)
    book = Book(
        publication=manuscript.publication,
        chapters=tuple(desk.chapters),
        anchors=desk.anchors,
        toc=contents(desk.chapters),
        figures=tuple(a for a in desk.anchors.values() if a.kind == "figure"),
        tables=tuple(a for a in desk.anchors.values() if a.kind == "table"),
        index=desk.index(),
        assets=gallery.assets(),
    )
    return book, tuple(desk.diagnostics)


# --- chapters ------------------------------------------------------------------------------------


def _name_chapters(chapters: Sequence[Chapter]) -> list[Chapter]:
    """Every chapter with an id of its own: what its head says, else its file's name."""
    wanted = [name_token(c.id or slug(_stem(c.file)) or "chapter") for c in chapters]
    counts = Counter(wanted)
    taken = set(GENERATED)
    named = []
    for chapter, name in zip(chapters, wanted, strict=True):
        folder = PurePosixPath(chapter.file).parent.name
        if counts[name] > 1 and folder and not chapter.id:
            name = name_token(slug(f"{folder}-{name}"))
        number, free = 1, name
        while free in taken:
            number += 1
            free = f"{name}-{number}"
        taken.add(free)
        named.append(replace(chapter, id=free))
    return named


def _stem(file: str) -> str:
    path = PurePosixPath(file)
    stem = path.parent.name if path.stem.lower() in ("readme", "index", "_index") else path.stem
    return re.sub(r"^\d+[\s._-]+(?=\D)", "", stem or path.stem)


def _number_chapters(manuscript: Manuscript, chapters: Sequence[Chapter]) -> list[Chapter]:
    """Numbers "3", and "3.1" for chapters nested in others."""
    counters: list[int] = []
    numbered = []
    for chapter in chapters:
        if not manuscript.publication.numbered or chapter.role in _UNNUMBERED:
            numbered.append(chapter)
            continue
        level = min(chapter.level, len(counters) + 1)
        counters = counters[:level] + [0] * (level - len(counters))
        counters[level - 1] += 1
        numbered.append(replace(chapter, number=".".join(map(str, counters))))
    return numbered


def _with_parts(chapters: Sequence[Chapter]) -> list[Chapter]:
    """The chapters with a page for each part before its first chapter."""
    result: list[Chapter] = []
    part = ""
    names: Counter[str] = Counter(chapter.id for chapter in chapters)
    for chapter in chapters:
        if chapter.part and chapter.part != part:
            name = name_token(slug(f"part-{chapter.part}")) or "part"
            names[name] += 1
            result.append(_part(chapter, name if names[name] == 1 else f"{name}-{names[name]}"))
        part = chapter.part
        result.append(chapter)
    return result


def _part(first: Chapter, name: str) -> Chapter:
    body = etree.Element("section", {"lang": first.lang})
    etree.SubElement(body, "h1", {"data-at": "0:0"}).text = first.part
    return Chapter(
        id=name,
        file=first.file,
        role="part",
        level=1,
        title=first.part,
        short_title=first.part,
        standfirst="",
        lang=first.lang,
        tree=HeldTree(body),
        part=first.part,
    )


def _number_elements(_chapter: Chapter, body: etree._Element) -> None:
    for number, element in enumerate(body.iter(etree.Element)):
        element.set("data-e", str(number))


# --- contents ------------------------------------------------------------------------------------


def contents(chapters: Sequence[Chapter]) -> tuple[TocEntry, ...]:
    """The contents: chapters under their parts and parents, headings under their chapters."""
    roots: list[_Line] = []
    open_lines: list[tuple[int, _Line]] = []
    in_part = False
    for chapter in chapters:
        line = _Line(chapter.id, chapter.title, chapter.number, chapter.standfirst)
        if chapter.role == "part":
            depth, in_part = 0, True
        else:
            in_part = in_part and bool(chapter.part)
            depth = chapter.level
            for heading in _contents_headings(chapter):
                _place_heading(line, heading)
        while open_lines and (
            open_lines[-1][0] >= depth or (depth and not in_part and not open_lines[-1][0])
        ):
            open_lines.pop()
        (open_lines[-1][1].children if open_lines else roots).append(line)
        open_lines.append((depth, line))
    return tuple(line.entry(1) for line in roots)


@dataclass
class _Line:
    id: str
    title: str
    number: str = ""
    standfirst: str = ""
    children: list[_Line] = field(default_factory=list)
    depth: int = 1

    def entry(self, level: int) -> TocEntry:
        kids = tuple(child.entry(level + 1) for child in self.children)
        return TocEntry(self.id, self.title, self.number, self.standfirst, level, kids)


def _contents_headings(chapter: Chapter) -> Iterator[etree._Element]:
    """The headings of the text proper: not those in quotations, boxes, tables or notes."""
    aside = ("blockquote", "aside", "table", "li", "dd", "figure", "details")
    for heading in chapter.body.iter(*HEADINGS[1:]):
        inside = any(ancestor.tag in aside for ancestor in heading.iterancestors())
        if heading.get("id") and not inside and heading.get("class") != "notes-title":
            yield heading


def _place_heading(line: _Line, heading: etree._Element) -> None:
    level = int(heading.tag[1])
    parent = line
    while parent.children and parent.children[-1].depth < level:
        parent = parent.children[-1]
    parent.children.append(_Line(heading.get("id", ""), text_of(heading), depth=level))


# --- ids, pictures, links ------------------------------------------------------------------------


class _Desk:
    """The chapters on which the passes work, and what they find."""

    def __init__(
        self, manuscript: Manuscript, chapters: list[Chapter], gallery: Gallery, keep: Keep
    ) -> None:
        self.manuscript = manuscript
        self.chapters = chapters
        self.gallery = gallery
        self.keep = keep
        self.word = words(manuscript.publication.lang)
        self.anchors: dict[str, Anchor] = {}
        self.counts: Counter[str] = Counter()
        # The ids of the places where a term is treated, by the term and the one under it.
        self.terms: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.diagnostics: list[Diagnostic] = []
        # For each file, the ids as its author knows them, to the ids as they are in the book.
        self.local: dict[str, dict[str, str]] = defaultdict(dict)
        # Ids of chapters as their heads give them, where the book has others for them.
        self.renamed: dict[str, str] = {}
        self.chapter_of_file = {c.file: c for c in reversed(chapters) if c.role != "part"}

    def rework(self, *passes: Callable[[Chapter, etree._Element], None]) -> None:
        """Have passes change every chapter, one chapter after another."""
        for number, chapter in enumerate(self.chapters):
            body = chapter.tree.take()
            for change in passes:
                change(chapter, body)
            self.chapters[number] = replace(chapter, tree=self.keep(body))

    def warn(
        self, code: str, chapter: Chapter, element: etree._Element, message: str, hint: str
    ) -> None:
        line, column = place_of(element)
        self.diagnostics.append(warning(code, chapter.file, line, column, message, hint))

    def know_chapters(self, written: Sequence[Chapter], named: Sequence[Chapter]) -> None:
        """Note which chapters are not called what their heads say: generated parts are."""
        for before, after in zip(written, named, strict=True):
            if name_token(before.id) in GENERATED:
                self.renamed.setdefault(before.id, after.id)

    def unify_ids(self) -> None:
        """Ids that are unique in the book; those made from headings give way to the authors'."""
        for chapter in self.chapters:
            self.anchors[chapter.id] = Anchor(
                chapter.id, chapter.id, "chapter", chapter.number, chapter.title
            )
        for automatic in (False, True):
            for chapter in self.chapters:
                self._unify(chapter, automatic)

    def _unify(self, chapter: Chapter, automatic: bool) -> None:
        known = self.local[chapter.file] if chapter.role != "part" else {}
        body = chapter.body
        for element in body.iter(etree.Element):
            own = element.get("id")
            if own is None or bool(element.get("data-auto-id")) is not automatic:
                continue
            if own in known:
                continue
            if element.tag == "h1" or element is body:
                known[own] = chapter.id
                continue
            wanted = name_token(own)
            note = element.get("role") in ("doc-footnote", "doc-noteref")
            if note:
                wanted = re.sub(r"^(note|noteref)-", rf"\1-{chapter.id}-", wanted)
            name, number = wanted, 1
            if name in self.anchors or name in GENERATED:
                name = f"{chapter.id}-{wanted}"
            while name in self.anchors:
                number += 1
                name = f"{chapter.id}-{wanted}-{number}"
            known[own] = name
            kind = "section" if element.tag in HEADINGS else "note" if note else "place"
            self.anchors[name] = Anchor(name, chapter.id, kind, "", text_of(element)[:200])

    def rename(self, chapter: Chapter, body: etree._Element) -> None:
        """Give every element its id in the book."""
        known = self.local[chapter.file] if chapter.role != "part" else {}
        for element in body.iter(etree.Element):
            element.attrib.pop("data-auto-id", None)
            own = element.get("id")
            if own is None:
                continue
            if element.tag == "h1":
                del element.attrib["id"]
                continue
            element.set("id", known.get(own, own))
        for link in body.iter("a"):
            if link.get("role") in ("doc-noteref", "doc-backlink"):
                target = (link.get("href") or "")[1:]
                link.set("href", f"#{known.get(target, target)}")
        body.set("id", chapter.id)
        body.set("class", "part" if chapter.role == "part" else "chapter")
        role = f"doc-{chapter.role}"
        body.set("role", role)

    # Pictures

    def place_pictures(self, chapter: Chapter, body: etree._Element) -> None:
        """Put the book's pictures in the place of files, and marks in that of missing ones."""
        for picture in list(body.iter("img")):
            self._place_picture(chapter, picture)

    def _place_picture(self, chapter: Chapter, picture: etree._Element) -> None:
        address = picture.get("src") or ""
        line, column = place_of(picture)
        if address.startswith("data:"):
            self._mark_missing(picture, self.word("Missing picture"), "")
            self.warn(
                "image-inline",
                chapter,
                picture,
                "A picture stands in the text as data.",
                "Save it as a file beside the text.",
            )
            return
        if assets.is_remote(address) and not self.gallery.may_ask(address):
            self.diagnostics.append(assets.remote(address, chapter.file, line, column))
            self._mark_remote(picture, address)
            return
        asset, problems = self.gallery.asset(address, chapter.file, line, column)
        self.diagnostics.extend(problems)
        if asset is None:
            self._mark_missing(picture, self.word("Missing picture"), address)
            return
        picture.set("src", asset.name)
        if asset.width and asset.height:
            picture.set("width", str(asset.width))
            picture.set("height", str(asset.height))
        figure = next(picture.iterancestors("figure"), None)
        table = self.gallery.tables.get(asset.name)
        if table is not None and figure is not None:
            figure.addnext(self._data(table, figure))

    def _data(self, table: DataTable, figure: etree._Element) -> etree._Element:
        """The data of a drawn figure as a table that opens on demand (not in the PDF)."""
        details = etree.Element("details", {"class": "figure-data"})
        details.tail, figure.tail = figure.tail, None
        details.set("data-at", figure.get("data-at", "0:0"))
        etree.SubElement(details, "summary").text = self.word("Data")
        grid = etree.SubElement(details, "table")
        head = etree.SubElement(etree.SubElement(grid, "thead"), "tr")
        for name in table.header:
            etree.SubElement(head, "th", {"scope": "col"}).text = clean(name)
        body = etree.SubElement(grid, "tbody")
        for row in table.rows:
            line = etree.SubElement(body, "tr")
            for cell in row:
                etree.SubElement(line, "td").text = clean(cell)
        return details

    def _mark_missing(self, picture: etree._Element, words_: str, address: str) -> None:
        """What stands in place of a picture that is not there: nobody shall miss that it is."""
        mark = _replacement(picture, "span", {"class": "missing"})
        mark.text = f"{words_}: "
        if address:
            code = etree.SubElement(mark, "code")
            code.text = address
        if picture.get("alt"):
            _append_tail(mark, f" ({picture.get('alt')})" if address else picture.get("alt", ""))

    def _mark_remote(self, picture: etree._Element, address: str) -> None:
        """A link to a picture on another host, with its alternative as text."""
        if address.startswith("//"):
            address = f"https:{address}"
        label = picture.get("alt") or PurePosixPath(urlsplit(address).path).name or address
        linked = any(ancestor.tag == "a" for ancestor in picture.iterancestors())
        if linked:
            _replacement(picture, "span", {"class": "remote-picture"}).text = f"[{label}]"
            return
        mark = _replacement(picture, "a", {"class": "remote-picture", "href": address})
        mark.text = f"[{label}]"

    # Figures and tables

    def number_figures(self, chapter: Chapter, body: etree._Element) -> None:
        """Numbers for captioned figures and tables through the whole book."""
        for element in body.iter("figure", "table"):
            kind = "Table" if element.tag == "table" else "Figure"
            caption = element.find("caption" if kind == "Table" else "figcaption")
            if caption is None:
                continue
            words_ = caption.find("span[@class='caption']")
            if words_ is None:
                continue
            inner = element.find("table") if kind == "Figure" else None
            if inner is not None and element.find(".//img") is None:
                kind = "Table"
            self.counts[kind] += 1
            self._label(chapter, element, caption, kind, self.counts[kind], text_of(words_))

    def _label(
        self,
        chapter: Chapter,
        element: etree._Element,
        caption: etree._Element,
        kind: str,
        number: int,
        title: str,
    ) -> None:
        label = etree.Element("span", {"class": "label"})
        label.text = f"{self.word(kind)} {number}"
        label.tail = " "
        caption.insert(0, label)
        name = element.get("id") or self._free_id(f"{kind.lower()}-{number}")
        element.set("id", name)
        self.anchors[name] = Anchor(name, chapter.id, kind.lower(), str(number), title)

    def _free_id(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self.anchors:
            number += 1
            name = f"{wanted}-{number}"
        return name

    # Links

    def follow_links(self, chapter: Chapter, body: etree._Element) -> None:
        """Have every link lead to an id of the book or to another host, or be none."""
        for link in list(body.iter("a")):
            if link.get("href") is None:
                if link.get("id"):
                    link.tag = "span"
                continue
            if link.get("role") in ("doc-noteref", "doc-backlink"):
                continue
            self._follow(chapter, link)

    def _follow(self, chapter: Chapter, link: etree._Element) -> None:
        address = (link.get("href") or "").strip()
        scheme = urlsplit_scheme(address)
        if scheme or address.startswith("//"):
            self._external(chapter, link, f"https:{address}" if not scheme else address, scheme)
            return
        target = self._target(chapter, address)
        if target is None:
            self._lead_nowhere(chapter, link, address)
            return
        name, exact = target
        if not exact:
            self.warn(
                "link-place",
                chapter,
                link,
                f"`{address}` names a place that is not in the chapter; the link leads to its top.",
                "Mend the part behind the `#`.",
            )
        link.set("href", f"#{name}")
        if not text_of(link) and link.find(".//img") is None:
            self._cite(chapter, link, name)

    def _external(self, chapter: Chapter, link: etree._Element, address: str, scheme: str) -> None:
        if (scheme or "https") not in _LINK_SCHEMES:
            self._lead_nowhere(chapter, link, address)
            return
        link.set("href", re.sub(r"\s", "%20", address))
        link.set("class", f"external {link.get('class', '')}".strip())
        if not text_of(link) and link.find(".//img") is None:
            link.text = address.removeprefix("mailto:")

    def _target(self, chapter: Chapter, address: str) -> tuple[str, bool] | None:
        """The id that an address means, and whether it is that very place."""
        path, _, fragment = address.partition("#")
        path = unquote(path.partition("?")[0])
        fragment = unquote(fragment)
        if not path:
            return self._place(chapter, fragment, own=True) if fragment else (chapter.id, True)
        other = self._chapter_at(chapter, path)
        if other is None:
            return None
        return self._place(other, fragment) if fragment else (other.id, True)

    def _place(
        self, chapter: Chapter, fragment: str, *, own: bool = False
    ) -> tuple[str, bool] | None:
        """An id as the author of a file writes it, as the book knows it."""
        known = self.local[chapter.file]
        if fragment in known:
            return known[fragment], True
        if own and fragment in self.renamed:
            return self.renamed[fragment], True
        if own and (fragment in self.anchors):
            return fragment, True
        loose = _loose(fragment)
        for name, final in known.items():
            if _loose(name) == loose:
                return final, True
        elsewhere = [ids[fragment] for ids in self.local.values() if fragment in ids]
        if own:
            return (elsewhere[0], True) if len(elsewhere) == 1 else None
        return chapter.id, False

    def _chapter_at(self, chapter: Chapter, path: str) -> Chapter | None:
        """The chapter that a path means, written for files or for a site made from them."""
        lang = self.manuscript.publication.lang
        here = posixpath.dirname(chapter.file)
        page = str(PurePosixPath(chapter.file).with_suffix(""))
        bases = ["", lang, here] if path.startswith("/") else [here, page, lang, ""]
        for base in bases:
            full = posixpath.normpath(posixpath.join(base, path.lstrip("/")))
            for file in _files_named(full):
                if file in self.chapter_of_file:
                    return self.chapter_of_file[file]
        wanted = _LEADING_TITLES.sub("", posixpath.basename(path.rstrip("/"))).lower()
        same = [
            c
            for file, c in self.chapter_of_file.items()
            if wanted and PurePosixPath(file).stem.lower() == wanted
        ]
        return same[0] if len(same) == 1 and path.rstrip("/") not in (".", "..") else None

    def _lead_nowhere(self, chapter: Chapter, link: etree._Element, address: str) -> None:
        """Take the link away, leave its text."""
        self.warn(
            "link-target",
            chapter,
            link,
            f"The link to `{address}` leads nowhere in this book; its text stays without it.",
            "Mend the address, or link to a page of the World Wide Web.",
        )
        if not text_of(link) and link.find(".//img") is None:
            link.text = address
        link.tag = "span"
        for name in ("href", "title", "class"):
            link.attrib.pop(name, None)
        link.set("class", "dead-link")

    def _cite(self, chapter: Chapter, link: etree._Element, name: str) -> None:
        """Words for a cross-reference without any: what it points at, and on which page."""
        anchor = self.anchors[name]
        link.set("class", "xref")
        if anchor.kind in ("figure", "table"):
            kind = self._kind("Figure" if anchor.kind == "figure" else "Table", link)
            link.text = f"{kind}\xa0{anchor.number}"
            return
        if anchor.kind == "chapter" and anchor.number:
            link.text = f"{self._kind('Chapter', link)}\xa0{anchor.number}"
        else:
            link.text = anchor.title or name
        cite = etree.SubElement(link, "span", {"class": "page-cite", "data-cites": name})
        cite.text = f", {self.word('page')}\xa0"
        etree.SubElement(cite, "span", {"class": "page-number"})

    def _kind(self, word: str, link: etree._Element) -> str:
        """The word for what is cited, small within a sentence where the language writes it so."""
        lang = self.manuscript.publication.lang.split("-")[0]
        previous = link.getprevious()
        parent = link.getparent()
        before = (
            previous.tail if previous is not None else parent.text if parent is not None else ""
        )
        begins = previous is None and not (before or "").strip()
        if lang in _CAPITALISED or begins or (before or "").rstrip().endswith((".", "!", "?")):
            return self.word(word)
        return self.word(word).lower()

    # Index

    def mark_index(self, chapter: Chapter, body: etree._Element) -> None:
        """Note the terms that are marked for the index, and give their places ids."""
        count = 0
        for mark in body.iter("span"):
            if mark.get("class") != "index-term":
                continue
            term, _, under = (mark.get("data-term") or "").partition(";")
            term, under = term.strip(), under.strip()
            if not term:
                continue
            count += 1
            name = self._free_id(f"ix-{chapter.id}-{count}")
            mark.set("id", name)
            self.anchors[name] = Anchor(name, chapter.id, "place", "", term)
            self.terms[term, under].append(name)

    def index(self) -> tuple[IndexEntry, ...]:
        """The index from the terms marked in the text, in the language's order."""
        places = self.terms
        lang = self.manuscript.publication.lang
        terms = sorted({term for term, _ in places}, key=lambda t: sort_key(t, lang))
        return tuple(_index_entry(term, places, lang) for term in terms)


def _index_entry(
    term: str, places: Mapping[tuple[str, str], Sequence[str]], lang: str
) -> IndexEntry:
    under = sorted((u for t, u in places if t == term and u), key=lambda t: sort_key(t, lang))
    children = tuple(IndexEntry(u, tuple(places[term, u])) for u in under)
    return IndexEntry(term, tuple(places.get((term, ""), ())), children)


def urlsplit_scheme(address: str) -> str:
    """The scheme of an address in small letters, "" where it has none."""
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", address)
    return match[1].lower() if match else ""


def _files_named(path: str) -> Iterator[str]:
    """The files that a path may mean: with its ending or without, or a folder's first page."""
    yield path
    bare = _LEADING_TITLES.sub("", path)
    for ending in (".md", ".markdown", ".mdown", ".mkd", ".MD"):
        yield bare + ending
    for name in ("README.md", "index.md", "_index.md"):
        yield posixpath.normpath(posixpath.join(bare, name))
    if posixpath.basename(bare).lower() == "index":
        yield posixpath.join(posixpath.dirname(bare), "README.md")


def _loose(fragment: str) -> str:
    return re.sub(r"[\W_]+", "", fragment).lower()


def _replacement(
    element: etree._Element, tag: str, attributes: Mapping[str, str]
) -> etree._Element:
    """A new element in the place of another, its text after it kept."""
    made = etree.Element(tag, dict(attributes))
    if element.get("data-at"):
        made.set("data-at", element.get("data-at", ""))
    made.tail, element.tail = element.tail, None
    parent = element.getparent()
    assert parent is not None
    parent.replace(element, made)
    return made


def _append_tail(element: etree._Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text
