"""The EPUB: one XHTML file a chapter, with the folios of the printed edition.

EPUB 3.3 (https://www.w3.org/TR/epub-33/) and EPUB Accessibility 1.1
(https://www.w3.org/TR/epub-a11y-11/). EbookLib writes the package; the content documents come
from the theme's templates, for EbookLib's own would lose the attributes of ``<body>``.
"""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from ebooklib import epub as ebooklib_epub
from jinja2 import Environment
from lxml import etree
from markupsafe import Markup

from imprint import reflow, webfonts
from imprint.contentmodel import safe_url
from imprint.model import Book, PageMap, Publication, TocEntry
from imprint.reflow import PageMark, Shaped
from imprint.words import date_text, direction, words

OPS = "http://www.idpf.org/2007/ops"
OPF = "http://www.idpf.org/2007/opf"
# Reading software of all ages looks for the prefix as written.
etree.register_namespace("epub", OPS)
CONFORMANCE = "EPUB Accessibility 1.1 - WCAG 2.2 Level AA"
STYLE_SHEET = "style.css"

# epub:type of a chapter's section, and the division of the book that it belongs to.
_DIVISIONS = {
    "foreword": "frontmatter",
    "preface": "frontmatter",
    "introduction": "frontmatter",
    "dedication": "frontmatter",
    "appendix": "backmatter",
    "glossary": "backmatter",
    "bibliography": "backmatter",
    "afterword": "backmatter",
}
_TYPES = {"tip": "tip", "pull-quote": "pullquote"}
_ROLES = {"tip": "doc-tip", "pullquote": "doc-pullquote"}


@dataclass(frozen=True)
class Document:
    """A content document: its file, its unit, what the contents say of it, and its text."""

    name: str
    unit: str
    title: str
    text: str
    in_spine: bool = True
    is_linear: bool = True
    properties: tuple[str, ...] = ()


@dataclass(frozen=True)
class LargePicture:
    """A picture alone on a page, and the place in the text that it belongs to.

    ``size`` is that of a picture for facing pages, which is shown in halves one above the other.
    """

    name: str
    src: str
    alt: str
    caption: str
    back: str
    lang: str
    size: tuple[float, float] | None = None


@dataclass(frozen=True)
class NavPoint:
    """A line of the contents; without ``href`` it only heads those under it.

    ``key`` is its id in the paged editions.
    """

    title: str
    href: str
    children: tuple[NavPoint, ...] = ()
    key: str = ""


@dataclass(frozen=True)
class Plan:
    """All that the content documents are made of."""

    book: Book
    pagemap: PageMap
    templates: Environment
    marks: tuple[PageMark, ...]
    chapters: tuple[Shaped, ...]
    files: Mapping[str, str]
    owner: Mapping[str, str]
    units: tuple[str, ...]
    cover: str = ""
    large: tuple[LargePicture, ...] = ()
    openers: Mapping[str, str] = field(default_factory=dict)

    @property
    def publication(self) -> Publication:
        """What is known of the book apart from its text."""
        return self.book.publication

    def stem(self, unit: str) -> str:
        """The name of a unit's file without its suffix."""
        return self.files[unit].removesuffix(".xhtml")


def make(
    book: Book,
    pagemap: PageMap,
    *,
    theme: Path,
    fonts: Path,
    cover: bytes | None,
    modified: datetime.datetime,
) -> bytes:
    """The EPUB file: the same bytes for the same book."""
    book, pagemap = reflow.apart(book, pagemap)
    templates = reflow.environment(theme)
    addresses, pictures = reflow.pictures(book, "images", fonts)
    plan = _plan(book, pagemap, templates, addresses, cover)
    openers = reflow.openers(book, templates, "epub")
    plan = replace(plan, openers={unit: f"openers/{plan.stem(unit)}.svg" for unit in openers})
    documents = _documents(plan)
    style = templates.get_template(f"epub/{STYLE_SHEET}").render()
    texts = [d.text for d in documents]
    files: dict[str, tuple[str, bytes]] = {
        STYLE_SHEET: ("text/css", style.encode()),
        **{
            name: (asset.media_type, asset.content)
            for name, asset in reflow.shown(pictures, plan.chapters).items()
        },
        **{plan.openers[u]: ("image/svg+xml", svg.encode()) for u, svg in openers.items()},
        **{f"fonts/{n}": ("font/woff2", f) for n, f in webfonts.faces(style, fonts, texts).items()},
    }
    package = _package(plan, documents, files, cover)
    return _zipped(_finished(_written(package, modified), plan))


def _plan(
    book: Book,
    pagemap: PageMap,
    templates: Environment,
    addresses: Mapping[str, str],
    cover: bytes | None,
) -> Plan:
    """Units in their order, the chapters shaped for them, and who has which id."""
    units = _units(book, has_cover=cover is not None)
    marks = reflow.page_marks(book, pagemap, units)
    files = reflow.file_names(book, ".xhtml")
    chapters = reflow.shaped(book, pagemap, marks, addresses)
    for each in chapters:
        _dress(each)
    owner = reflow.owners(chapters, files)
    for each in chapters:
        reflow.link(each.body, files[each.chapter.id], owner)
    large = _large_pictures(chapters, files)
    for each in chapters:
        _tie_descriptions(each.body)
        _set_languages(each.body)
    generated = {"contents": "nav.xhtml"} | {
        unit: f"{unit}.xhtml" for unit in reflow.GENERATED if unit != "contents"
    }
    return Plan(
        book=book,
        pagemap=pagemap,
        templates=templates,
        marks=reflow.as_found(marks, chapters),
        chapters=chapters,
        files={**generated, **files},
        owner=owner,
        units=units,
        large=large,
        cover=f"cover{reflow.picture_type(cover)[1]}" if cover is not None else "",
    )


def _units(book: Book, *, has_cover: bool) -> tuple[str, ...]:
    """The parts of the book that the EPUB has, in reading order."""
    publication = book.publication
    made = {
        "title-page": True,
        "imprint": True,
        "contents": True,
        "figures": bool(book.figures or book.tables),
        "index": bool(book.index),
    }
    front = [unit for unit in publication.front if made.get(unit)]
    back = [unit for unit in publication.back if made.get(unit) and unit not in front]
    if "title-page" not in front:
        front.insert(0, "title-page")
    cover = ["cover"] if has_cover else []
    return (*cover, *front, *(chapter.id for chapter in book.chapters), *back)


# --- chapters ------------------------------------------------------------------------------------


def _dress(each: Shaped) -> None:
    """Say with epub:type what ARIA roles and classes say, and make the notes pop-ups."""
    body = each.body
    body.set(f"{{{OPS}}}type", each.chapter.role)
    for element in body.iter():
        if element.get("role") == "doc-pagebreak":
            element.set(f"{{{OPS}}}type", "pagebreak")
        elif element.get("role") == "doc-noteref":
            element.set(f"{{{OPS}}}type", "noteref")
        elif element.tag == "aside":
            _dress_aside(element)
    for notes in body.iter("section"):
        if notes.get("role") == "doc-endnotes":
            _dress_notes(notes, body)
    etree.cleanup_namespaces(body, top_nsmap={"epub": OPS})


def _dress_aside(aside: etree._Element) -> None:
    """The kind of a box or pull quote, from its class."""
    names = aside.get("class", "").split()
    kind = next((_TYPES[n] for n in _TYPES if n in names), "")
    if kind:
        aside.set(f"{{{OPS}}}type", kind)
    if kind in _ROLES:
        aside.set("role", _ROLES[kind])


def _dress_notes(notes: etree._Element, body: etree._Element) -> None:
    """Each note as an ``<aside>`` of its own, which readers show where it is called.

    Readers that take asides out of the text would leave a list with nothing but numbers.
    """
    notes.set(f"{{{OPS}}}type", "footnotes")
    numbers = {
        a.get("href"): "".join(a.itertext()).strip()
        for a in body.iter("a")
        if a.get("role") == "doc-noteref"
    }
    for items in list(notes.iterchildren("ol")):
        for position, item in enumerate(list(items), 1):
            number = numbers.get(f"#{item.get('id')}") or str(position)
            item.tag = "aside"
            item.attrib.pop("value", None)
            item.set("role", "doc-footnote")
            item.set(f"{{{OPS}}}type", "footnote")
            _number_note(item, number)
            items.addprevious(item)
        notes.remove(items)


def _number_note(note: etree._Element, number: str) -> None:
    """Put the note's number at the beginning of its first paragraph."""
    first = note[0] if len(note) and note[0].tag == "p" else note
    mark = etree.Element("span", {"class": "note-number"})
    mark.text = f"{number}."
    mark.tail = f" {first.text or ''}"
    first.text = None
    first.insert(0, mark)


def _large_pictures(
    chapters: Iterable[Shaped], files: Mapping[str, str]
) -> tuple[LargePicture, ...]:
    """A page for each wide picture; the figure gets a link to it."""
    found: list[LargePicture] = []
    for each in chapters:
        file, lang = files[each.chapter.id], each.body.get("lang", "")
        for figure, picture in list(reflow.large_pictures(each.body)):
            name = f"large-picture-{len(found) + 1}.xhtml"
            caption = " ".join(
                " ".join(c.xpath("string()") for c in figure.iterchildren("figcaption")).split()
            )
            back = f"{file}#{figure.get('id') or each.body.get('id')}"
            src, alt, size = (
                picture.get("src"),
                picture.get("alt"),
                _size_in_halves(figure, picture),
            )
            found.append(LargePicture(name, src, alt, caption, back, lang, size))
            reflow.add_large_link(figure, name, lang)
    return tuple(found)


def _size_in_halves(figure: etree._Element, picture: etree._Element) -> tuple[float, float] | None:
    """The size of a picture that was drawn for facing pages, None for any other."""
    if "spread" not in figure.get("class", "").split():
        return None
    try:
        return float(picture.get("width", "")), float(picture.get("height", ""))
    except ValueError:
        return None


def _tie_descriptions(body: etree._Element) -> None:
    """Name the data or the description behind a figure as the picture's details, with a way back."""
    for figure in body.iter("figure"):
        details, picture = figure.getnext(), figure.find(".//img")
        if details is None or details.tag != "details" or picture is None or not figure.get("id"):
            continue
        details.set("id", details.get("id") or f"{figure.get('id')}-description")
        picture.set("aria-details", details.get("id"))
        back = etree.SubElement(
            etree.SubElement(details, "p"), "a", {"href": f"#{figure.get('id')}"}
        )
        back.set("role", "doc-backlink")
        back.set("aria-label", words(_language(figure))("Back to the text"))
        back.text = "↩"


def _language(element: etree._Element) -> str:
    named = element.xpath("string(ancestor-or-self::*[@lang][1]/@lang)")
    return str(named) or "en"


def _set_languages(body: etree._Element) -> None:
    """Give each language in XML's attribute too: some readers know only that one."""
    for element in body.iter():
        if element.get("lang"):
            element.set("{http://www.w3.org/XML/1998/namespace}lang", element.get("lang"))


# --- content documents ---------------------------------------------------------------------------


def _documents(plan: Plan) -> list[Document]:
    """Every content document in reading order; the navigation document comes last if unread."""
    bodies = {each.chapter.id: each for each in plan.chapters}
    documents = [
        _chapter(plan, bodies[unit]) if unit in bodies else _generated(plan, unit)
        for unit in plan.units
    ]
    documents += [_large_picture(plan, picture) for picture in plan.large]
    if "contents" not in plan.units:
        documents.append(replace(_generated(plan, "contents"), in_spine=False))
    return documents


def _chapter(plan: Plan, each: Shaped) -> Document:
    """The document of a chapter."""
    chapter = each.chapter
    text = _render(
        plan,
        "chapter",
        lang=chapter.lang or plan.publication.lang,
        title=chapter.title,
        chapter=chapter,
        division=_DIVISIONS.get(chapter.role, "bodymatter"),
        opener=plan.openers.get(chapter.id, ""),
        body=reflow.as_xhtml(each.body),
    )
    kinds = {name: next(each.body.iter(name), None) is not None for name in ("svg", "math")}
    properties = [n for n, p in (("mathml", kinds["math"]), ("svg", kinds["svg"])) if p]
    name = plan.files[chapter.id]
    return Document(name, chapter.id, chapter.title, text, properties=tuple(properties))


def _large_picture(plan: Plan, picture: LargePicture) -> Document:
    """The document of a picture alone; it lies outside the reading order."""
    title = picture.caption or words(picture.lang)("Large picture")
    lang = picture.lang or plan.publication.lang
    text = _render(plan, "large-picture", lang=lang, title=title, picture=picture)
    properties = ("svg",) if picture.size else ()
    return Document(picture.name, picture.name, title, text, is_linear=False, properties=properties)


def _generated(plan: Plan, unit: str) -> Document:
    """The document of a part that the author did not write."""
    say = words(plan.publication.lang)
    title, context = _GENERATED[unit](plan)
    placing = _placing(plan, unit)
    template = "nav" if unit == "contents" else unit
    text = _render(
        plan,
        template,
        lang=plan.publication.lang,
        title=say(title),
        page_marks=_markup(plan, placing.top),
        marks_before=lambda key: _markup(plan, placing.before.get(key, ())),
        end_marks=_markup(plan, placing.end),
        **context,
    )
    properties = ("nav",) if unit == "contents" else ()
    return Document(plan.files[unit], unit, say(title), text, properties=properties)


def _placing(plan: Plan, unit: str) -> reflow.Placing:
    """Where the page marks of a generated part go."""
    marks = [mark for mark in plan.marks if mark.unit == unit]
    lines = {"contents": _contents_lines, "figures": _figures_lines, "index": _index_lines}
    named = lines[unit](plan) if unit in lines else []
    return reflow.placed_marks(unit, marks, named, plan.pagemap)


def _contents_lines(plan: Plan) -> Iterator[tuple[str, str]]:
    def walk(points: Iterable[NavPoint]) -> Iterator[tuple[str, str]]:
        for point in points:
            yield point.key, point.key
            yield from walk(point.children)

    return walk(_nav_points(plan))


def _figures_lines(plan: Plan) -> Iterator[tuple[str, str]]:
    for anchor in (*plan.book.figures, *plan.book.tables):
        yield f"figures/{anchor.id}", f"figures/{anchor.id}"


def _index_lines(plan: Plan) -> Iterator[tuple[str, str]]:
    """The letters, where the first term under them stands, and the terms."""
    for group in _index_groups(plan):
        yield group.key, group.terms[0].key
        for term in group.terms:
            yield term.key, term.key
            yield from ((child.key, child.key) for child in term.children)


def _markup(plan: Plan, marks: Iterable[PageMark]) -> Markup:
    return Markup("").join(_mark_markup(mark, plan.publication.lang) for mark in marks)


def _mark_markup(mark: PageMark, lang: str) -> Markup:
    """A page mark as markup for a template."""
    element = etree.Element("span", reflow.mark_attributes(mark, lang), nsmap={"epub": OPS})
    element.set(f"{{{OPS}}}type", "pagebreak")
    return reflow.as_xhtml(element)


def _render(plan: Plan, template: str, *, lang: str, title: str, **context: Any) -> str:
    """A content document from the theme's template of that name."""
    publication = plan.publication
    return plan.templates.get_template(f"epub/{template}.xhtml.j2").render(
        publication=publication,
        lang=lang,
        title=" ".join(title.split()) or publication.title,
        words=words(lang),
        date_text=partial(date_text, lang=lang),
        safe_url=safe_url,
        **context,
    )


def _cover_context(plan: Plan) -> tuple[str, dict[str, Any]]:
    """The cover page."""
    return "Cover", {"cover": plan.cover}


def _title_page_context(plan: Plan) -> tuple[str, dict[str, Any]]:
    """The title page."""
    return "Title page", {}


def _imprint_context(plan: Plan) -> tuple[str, dict[str, Any]]:
    """The imprint page."""
    return "Imprint", {}


def _figures_context(plan: Plan) -> tuple[str, dict[str, Any]]:
    """The list of figures and tables."""
    say = words(plan.publication.lang)
    return "Figures and maps", {
        "figures": reflow.listed(plan.book.figures, say("Figure"), plan.pagemap, plan.owner),
        "tables": reflow.listed(plan.book.tables, say("Table"), plan.pagemap, plan.owner),
    }


def _index_context(plan: Plan) -> tuple[str, dict[str, Any]]:
    """The index."""
    return "Index", {"groups": _index_groups(plan)}


def _index_groups(plan: Plan) -> tuple[reflow.Group, ...]:
    return reflow.by_letter(reflow.index_terms(plan.book.index, plan.pagemap, plan.owner))


def _nav_context(plan: Plan) -> tuple[str, dict[str, Any]]:
    """The contents with the page list and the landmarks."""
    return "Contents", {
        "toc": _nav_points(plan),
        "pages": _page_list(plan),
        "landmarks": _landmarks(plan),
    }


_GENERATED = {
    "cover": _cover_context,
    "title-page": _title_page_context,
    "imprint": _imprint_context,
    "contents": _nav_context,
    "figures": _figures_context,
    "index": _index_context,
}


# --- navigation ----------------------------------------------------------------------------------


def _nav_points(plan: Plan) -> tuple[NavPoint, ...]:
    """The contents: generated parts before and after, chapters and their headings between."""
    say = words(plan.publication.lang)
    names = {"figures": "Figures and maps", "index": "Index"}
    chapters = {chapter.id for chapter in plan.book.chapters}
    order = [u for u in plan.units if u in names or u in chapters]
    first = next((n for n, u in enumerate(order) if u in chapters), len(order))
    generated = [NavPoint(say(names.get(u, "")), plan.files[u]) for u in order if u in names]
    before = sum(1 for u in order[:first] if u in names)
    points = [p for entry in plan.book.toc for p in _nav_point(entry, plan.owner)]
    found = (*generated[:before], *points, *generated[before:])
    # EPUB 3.3, 5.4.1.2: the list has at least one entry.
    return found or (NavPoint(plan.publication.title, plan.files["title-page"]),)


def _nav_point(entry: TocEntry, owner: Mapping[str, str]) -> list[NavPoint]:
    """The line of a heading; where the EPUB does not have it, those under it alone."""
    children = tuple(p for child in entry.children for p in _nav_point(child, owner))
    title = " ".join(f"{entry.number} {entry.title}".split())
    href = reflow.place(entry.id, owner)
    if not title or not (href or children):
        return list(children)
    return [NavPoint(title, href, children, f"contents/{entry.id}")]


def _page_list(plan: Plan) -> tuple[reflow.Locator, ...]:
    """Every printed page with the place where it begins."""
    return tuple(reflow.Locator(m.label, f"{plan.files[m.unit]}#{m.id}") for m in plan.marks)


@dataclass(frozen=True)
class Landmark:
    """A place of the book's make-up that readers may jump to."""

    type: str
    title: str
    href: str


def _landmarks(plan: Plan) -> tuple[Landmark, ...]:
    """Cover, title page, contents, start of the text, lists and index."""
    say = words(plan.publication.lang)
    known = {
        "cover": ("cover", "Cover"),
        "title-page": ("titlepage", "Title page"),
        "contents": ("toc", "Table of contents"),
        "figures": ("loi", "List of figures"),
        "index": ("index", "Index"),
    }
    found = [
        Landmark(known[unit][0], say(known[unit][1]), plan.files[unit])
        for unit in plan.units
        if unit in known
    ]
    body = [c for c in plan.book.chapters if c.role not in _DIVISIONS] or plan.book.chapters
    if body:
        found.append(Landmark("bodymatter", say("Start of content"), plan.files[body[0].id]))
    return tuple(found)


# --- the package ---------------------------------------------------------------------------------


def _package(
    plan: Plan,
    documents: Sequence[Document],
    files: Mapping[str, tuple[str, bytes]],
    cover: bytes | None,
) -> ebooklib_epub.EpubBook:
    """The package for EbookLib to write."""
    package = ebooklib_epub.EpubBook()
    _describe(package, plan, documents)
    for number, document in enumerate(documents, 1):
        item = _item(f"text-{number}", document.name, "application/xhtml+xml", document.text)
        item.properties = list(document.properties)
        package.add_item(item)
        if document.in_spine:
            package.spine.append((item, "yes" if document.is_linear else "no"))
    for number, (name, (media_type, content)) in enumerate(sorted(files.items()), 1):
        package.add_item(_item(f"file-{number}", name, media_type, content))
    if cover is not None:
        item = _item("cover-image", plan.cover, reflow.picture_type(cover)[0], cover)
        item.properties = ["cover-image"]
        package.add_item(item)
    # EbookLib's own NCX has no page list.
    ncx = plan.templates.get_template("epub/toc.ncx.j2").render(
        publication=plan.publication,
        identifier=_identifier(plan.publication),
        words=words(plan.publication.lang),
        toc=_nav_points(plan),
        pages=_page_list(plan),
    )
    package.add_item(_item("ncx", "toc.ncx", "application/x-dtbncx+xml", ncx))
    return package


def _item(uid: str, name: str, media_type: str, content: str | bytes) -> ebooklib_epub.EpubItem:
    """A file of the package."""
    data = content.encode() if isinstance(content, str) else content
    return ebooklib_epub.EpubItem(uid=uid, file_name=name, media_type=media_type, content=data)


def _describe(package: ebooklib_epub.EpubBook, plan: Plan, documents: Sequence[Document]) -> None:
    """Put in who made what, when, by what right, and for whom it can be read."""
    publication = plan.publication
    package.set_identifier(_identifier(publication))
    package.set_language(publication.lang)
    if direction(publication.lang) == "rtl":
        package.set_direction("rtl")
    package.add_metadata("DC", "title", publication.title, {"id": "title"})
    if publication.subtitle:
        package.add_metadata("DC", "title", publication.subtitle, {"id": "subtitle"})
        _meta(package, "title-type", "main", refines="#title")
        _meta(package, "title-type", "subtitle", refines="#subtitle")
    for number, creator in enumerate(publication.creators, 1):
        _add_creator(package, number, creator.name, creator.role, creator.sort)
    for name, value in _dublin_core(publication):
        package.add_metadata("DC", name, value)
    if publication.series:
        _meta(package, "belongs-to-collection", publication.series, id="series")
        _meta(package, "collection-type", "series", refines="#series")
    _describe_access(package, plan, documents)


def _identifier(publication: Publication) -> str:
    """The EPUB's own identifier: its ISBN, else the publication's URN."""
    isbn = publication.isbns.get("epub", "")
    return f"urn:isbn:{isbn}" if isbn else publication.identifier or f"urn:x:{publication.slug}"


def _dublin_core(publication: Publication) -> Iterable[tuple[str, str]]:
    """Those entries that are a name and a value and no more, where there is a value."""
    yield from (
        (name, value)
        for name, value in (
            ("publisher", publication.publisher.name),
            ("date", publication.date.isoformat() if publication.date else ""),
            ("description", " ".join(publication.description.split())),
            ("rights", publication.rights),
        )
        if value
    )
    yield from (("subject", subject) for subject in publication.subjects)


# MARC relators of those who did not make the work but took part in it.
_CONTRIBUTORS = frozenset({"edt", "trl", "bkd", "cov", "dsr", "pfr", "prd", "ctb", "red", "tyd"})


def _add_creator(
    package: ebooklib_epub.EpubBook, number: int, name: str, role: str, sort: str
) -> None:
    """A person with role and sorting form; editors and translators are contributors."""
    uid = f"creator-{number}"
    kind = "contributor" if role in _CONTRIBUTORS else "creator"
    package.add_metadata("DC", kind, name, {"id": uid})
    _meta(package, "role", role, refines=f"#{uid}", scheme="marc:relators")
    if sort:
        _meta(package, "file-as", sort, refines=f"#{uid}")


def _meta(package: ebooklib_epub.EpubBook, key: str, value: str, **attributes: str) -> None:
    """A ``<meta property>`` of the package."""
    package.add_metadata("OPF", "meta", value, {"property": key, **attributes})


def _describe_access(
    package: ebooklib_epub.EpubBook, plan: Plan, documents: Sequence[Document]
) -> None:
    """The accessibility metadata, true to what the book holds (EPUB Accessibility 1.1, 2)."""
    bodies = [each.body for each in plan.chapters]
    has_pictures = any(next(body.iter("img", "svg"), None) is not None for body in bodies)
    has_pictures = has_pictures or bool(plan.cover)
    modes = ["textual", "visual"] if has_pictures else ["textual"]
    for mode in modes:
        _meta(package, "schema:accessMode", mode)
    for sufficient in ["textual", ",".join(modes)][: len(modes)]:
        _meta(package, "schema:accessModeSufficient", sufficient)
    for feature in _features(plan, documents, has_pictures=has_pictures):
        _meta(package, "schema:accessibilityFeature", feature)
    _meta(package, "schema:accessibilityHazard", "none")
    _meta(package, "schema:accessibilitySummary", _summary(plan))
    _meta(package, "dcterms:conformsTo", CONFORMANCE, id="conformance")
    certifier = plan.publication.publisher.name
    if certifier:
        _meta(package, "a11y:certifiedBy", certifier, refines="#conformance")
    if plan.marks:
        source = _page_source(plan.publication)
        package.add_metadata("DC", "source", source, {"id": "page-source"})
        _meta(package, "source-of", "pagination", refines="#page-source")
        _meta(package, "pageBreakSource", source)


def _page_source(publication: Publication) -> str:
    """The edition whose pages are marked: print, else PDF."""
    isbn = publication.isbns.get("print") or publication.isbns.get("pdf")
    return f"urn:isbn:{isbn}" if isbn else publication.identifier or _identifier(publication)


def _features(plan: Plan, documents: Sequence[Document], *, has_pictures: bool) -> list[str]:
    """What helps to read the book in other ways than by sight."""
    formulas = any("mathml" in document.properties for document in documents)
    present = {
        "tableOfContents": True,
        "readingOrder": True,
        "structuralNavigation": True,
        "displayTransformability": True,
        "ARIA": True,
        "alternativeText": has_pictures,
        "pageBreakMarkers": bool(plan.marks),
        "pageNavigation": bool(plan.marks),
        "index": bool(plan.book.index) and "index" in plan.units,
        "MathML": formulas,
        "longDescription": any(
            img.get("aria-details") for each in plan.chapters for img in each.body.iter("img")
        ),
    }
    return [name for name, is_there in present.items() if is_there]


def _summary(plan: Plan) -> str:
    """A sentence or two on how the book can be read."""
    say = words(plan.publication.lang)
    sentences = [
        say("This publication meets WCAG 2.2 Level AA: its text follows the reader’s choices."),
        say("It can be navigated by headings and contents, and pictures are described."),
    ]
    if plan.marks:
        sentences.append(say("Page numbers of the print edition are marked."))
    return " ".join(sentences)


def _written(package: ebooklib_epub.EpubBook, modified: datetime.datetime) -> dict[str, bytes]:
    """The files that EbookLib writes, by their names."""
    out = io.BytesIO()
    ebooklib_epub.EpubWriter(out, package, {"mtime": modified.astimezone(datetime.UTC)}).write()
    with zipfile.ZipFile(out) as written:
        return {name: written.read(name) for name in written.namelist()}


def _finished(files: dict[str, bytes], plan: Plan) -> dict[str, bytes]:
    """The files with what EbookLib leaves out of the package document."""
    name = "EPUB/content.opf"
    package = etree.fromstring(files[name])
    package.set("{http://www.w3.org/XML/1998/namespace}lang", plan.publication.lang)
    # EbookLib declares a prefix that EPUB reserves and this book does not use.
    package.attrib.pop("prefix", None)
    for generator in package.iterfind(f".//{{{OPF}}}meta[@name='generator']"):
        generator.getparent().remove(generator)
    etree.indent(package)
    content = etree.tostring(package, encoding="utf-8", xml_declaration=True)
    return {**files, name: content}


# The first moment that a ZIP file can name.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """The container: ``mimetype`` first and not compressed (OCF 4.2.2), all else by name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as container:
        for name in sorted(files, key=lambda n: (n != "mimetype", n)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            is_first = name == "mimetype"
            entry.compress_type = zipfile.ZIP_STORED if is_first else zipfile.ZIP_DEFLATED
            container.writestr(entry, files[name])
    return out.getvalue()
