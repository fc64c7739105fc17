"""The web edition of one language: pages that work without scripts and load nothing from elsewhere."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment
from lxml import etree

from imprint import offline, reflow, webfonts
from imprint.contentmodel import safe_url
from imprint.model import Asset, Book, Chapter, PageMap, Publication, TocEntry
from imprint.reflow import Shaped
from imprint.trade import json_ld
from imprint.words import date_text, file_size, locale, words

HOME = "index.html"
INDEX = "book-index.html"
FIGURES = "figures.html"
IMPRINT = "imprint.html"
SEARCH = "search.html"
STYLE_SHEET = "style.css"
# What the library page reads of an edition.
RECORD = "publication.json"
# The index of pages by their file names, in a language, as files.
Indexer = Callable[[Mapping[str, str], str], Mapping[str, bytes]]


@dataclass(frozen=True)
class Download:
    """Another edition as a file: its kind ("PDF"), where it lies, and its size."""

    name: str
    href: str
    size_bytes: int
    media_type: str = ""


@dataclass(frozen=True)
class Link:
    """A link with the words that show."""

    text: str
    href: str


@dataclass(frozen=True)
class Language:
    """A language of the publication, by its own name, and the same page in it."""

    tag: str
    name: str
    href: str
    is_current: bool


@dataclass(frozen=True)
class Line:
    """A line of the contents."""

    number: str
    title: str
    standfirst: str
    href: str
    children: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Site:
    """All that the pages are made of."""

    book: Book
    pagemap: PageMap
    templates: Environment
    chapters: tuple[Shaped, ...]
    marks: tuple[reflow.PageMark, ...]
    files: Mapping[str, str]
    owner: Mapping[str, str]
    toc: tuple[Line, ...]
    downloads: tuple[Download, ...]
    languages: Mapping[str, Collection[str]]
    cover: str
    library: str
    has_search: bool
    installable: bool

    @property
    def publication(self) -> Publication:
        """What is known of the book apart from its text."""
        return self.book.publication

    @property
    def address(self) -> str:
        """Where the edition's folder is published, with a slash at its end; "" if nobody says."""
        publication = self.publication
        return f"{publication.url.rstrip('/')}/{publication.lang}/" if publication.url else ""

    @property
    def name(self) -> str:
        """What the reader's browser remembers the edition by."""
        return f"{self.publication.slug}.{self.publication.lang}"


def make(
    book: Book,
    pagemap: PageMap,
    *,
    theme: Path,
    fonts: Path,
    cover: bytes | None,
    downloads: Sequence[Download],
    languages: Mapping[str, Collection[str]],
    library: str = "",
    modified: datetime.datetime | None = None,
    indexer: Indexer | None = None,
    installable: bool = False,
) -> dict[str, bytes]:
    """The files of the edition by their path in its folder: the same bytes for the same book.

    ``languages`` maps each language that has a web edition, in its folder beside this one, to the
    ids of its chapters. ``library`` leads to the page over all publications; without an
    ``indexer`` there is no search; what is ``installable`` is kept by the reader's browser.
    """
    site, pictures, openers = _begun(
        book,
        pagemap,
        theme,
        fonts,
        cover=cover,
        downloads=tuple(downloads),
        languages=languages,
        library=library,
        has_search=indexer is not None,
        installable=installable,
    )
    book, templates = site.book, site.templates
    pages = _pages(site, openers)
    style = templates.get_template(f"web/{STYLE_SHEET}").render()
    files = {name: text.encode() for name, text in pages.items()}
    files[STYLE_SHEET] = style.encode()
    files |= _drawings(site, pictures, openers)
    faces = webfonts.faces(style, fonts, pages.values())
    files |= {f"fonts/{name}": face for name, face in faces.items()}
    if cover is not None:
        files[site.cover] = cover
    if indexer is not None:
        texts = {name: pages[name] for name in (site.files[c.id] for c in book.chapters)}
        files |= indexer(texts, book.publication.lang)
    files |= _scripts(templates, "\n".join(pages.values()))
    files |= offline.icons(templates)
    files[RECORD] = _record(site, sorted(pages), modified)
    if installable:
        files[offline.MANIFEST] = offline.manifest(book.publication, HOME)
        files[offline.WORKER] = offline.worker(templates, book.publication, files)
    return dict(sorted(files.items()))


def draft(
    book: Book, pagemap: PageMap, chosen: Collection[int], *, theme: Path, fonts: Path
) -> dict[str, bytes]:
    """The pages of some chapters alone, by their numbers from 0, with what is drawn in them.

    They are those of an edition without covers, downloads, other languages and search.
    """
    site, pictures, openers = _begun(
        book,
        pagemap,
        theme,
        fonts,
        chosen=chosen,
        cover=None,
        downloads=(),
        languages={},
        library="",
        has_search=False,
        installable=False,
    )
    pages = {name: text.encode() for name, text in _chapters(site, openers).items()}
    return pages | _drawings(site, pictures, openers)


def _begun(
    book: Book, pagemap: PageMap, theme: Path, fonts: Path, **known: Any
) -> tuple[Site, Mapping[str, Asset], Mapping[str, str]]:
    """What the pages are made from, the pictures by their files, and the openers by chapter."""
    book, pagemap = reflow.apart(book, pagemap)
    templates = reflow.environment(theme)
    addresses, pictures = reflow.pictures(book, "images", fonts)
    openers = reflow.openers(book, templates, "web")
    return _site(book, pagemap, templates, addresses, **known), pictures, openers


def _drawings(
    site: Site, pictures: Mapping[str, Asset], openers: Mapping[str, str]
) -> dict[str, bytes]:
    """The files of the pictures that the chapters show, and of what stands over their titles."""
    files = {n: asset.content for n, asset in reflow.shown(pictures, site.chapters).items()}
    units = [each.chapter.id for each in site.chapters]
    drawn = [unit for unit in units if unit in openers]
    return files | {_opener_file(site, unit): openers[unit].encode() for unit in drawn}


def _scripts(templates: Environment, pages: str) -> dict[str, bytes]:
    """The theme's scripts that the pages name; each page works without."""
    names = templates.list_templates(filter_func=lambda n: n.startswith("web/scripts/"))
    loader = templates.loader
    if loader is None:
        return {}
    return {
        name.removeprefix("web/"): loader.get_source(templates, name)[0].encode()
        for name in names
        if f'src="{name.removeprefix("web/")}"' in pages
    }


def _record(site: Site, pages: Sequence[str], modified: datetime.datetime | None) -> bytes:
    """What the library page tells of the publication in this language."""
    publication = site.publication
    content = {
        "slug": publication.slug,
        "language": publication.lang,
        "languages": list(publication.languages),
        "title": publication.title,
        "subtitle": publication.subtitle,
        "creators": [creator.name for creator in publication.creators],
        "description": publication.description,
        "publisher": publication.publisher.name,
        "rights": publication.rights,
        "date": publication.date.isoformat() if publication.date else "",
        "modified": modified.isoformat() if modified else "",
        "identifier": publication.identifier,
        "address": site.address,
        "cover": site.cover,
        "pages": list(pages),
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _site(
    book: Book,
    pagemap: PageMap,
    templates: Environment,
    addresses: Mapping[str, str],
    *,
    cover: bytes | None,
    chosen: Collection[int] | None = None,
    **known: Any,
) -> Site:
    """The chapters shaped for the web, and what every page needs to know of the others."""
    files = reflow.file_names(book, ".html")
    generated = {"figures": FIGURES, "index": INDEX}
    units = [*(unit for unit in generated if _has(book, unit)), *files]
    marks = reflow.page_marks(book, pagemap, units)
    chapters = reflow.shaped(book, pagemap, marks, addresses, chosen)
    owner = reflow.owners(chapters, files)
    if chosen is not None:
        owner = reflow.all_ids(book.chapters, files) | owner
    for each in chapters:
        reflow.link(each.body, files[each.chapter.id], owner)
        _dress(each, marks)
    return Site(
        book=book,
        pagemap=pagemap,
        templates=templates,
        chapters=chapters,
        marks=marks,
        files={**generated, **files},
        owner=owner,
        toc=tuple(line for entry in book.toc for line in _lines(entry, owner)),
        cover=f"cover{reflow.picture_type(cover)[1]}" if cover is not None else "",
        **known,
    )


def _has(book: Book, unit: str) -> bool:
    """Whether the edition has a generated part."""
    if unit == "index":
        return bool(book.index) and unit in book.publication.back + book.publication.front
    return bool(book.figures or book.tables) and unit in book.publication.front


def _lines(entry: TocEntry, owner: Mapping[str, str]) -> list[Line]:
    """The contents' line of a heading with those under it."""
    children = tuple(line for child in entry.children for line in _lines(child, owner))
    href = reflow.place(entry.id, owner)
    if not entry.title.strip() or not href:
        return list(children)
    # The chapter's file is its beginning: no fragment is needed to get there.
    file, _, fragment = href.partition("#")
    begins = owner.get(fragment) == file and entry.level == 1
    return [Line(entry.number, entry.title, entry.standfirst, file if begins else href, children)]


# --- chapters ------------------------------------------------------------------------------------


def _dress(each: Shaped, marks: Sequence[reflow.PageMark]) -> None:
    """Set off the opening, show folios, and let what is wide scroll by itself."""
    body = each.body
    lang = each.chapter.lang or "en"
    labels = {mark.id: mark.label for mark in marks}
    for element in body.iter("span"):
        if element.get("role") == "doc-pagebreak":
            element.set("data-folio", labels.get(element.get("id"), ""))
            # axe-core knows no DPUB role, and so forbids aria-label here; a title names it as well.
            element.set("title", element.attrib.pop("aria-label"))
    for note in body.iter("li"):
        # A list's items must stay items: doc-footnote has no place on them (ARIA in HTML).
        note.attrib.pop("role", None)
    for figure, picture in list(reflow.large_pictures(body)):
        reflow.add_large_link(figure, picture.get("src"), lang)
    for number, table in enumerate(list(body.iter("table")), 1):
        if next(table.iterancestors("table"), None) is None:
            _let_scroll(table, number, words(lang)("Table"))
    _set_off_opening(body)


def _let_scroll(table: etree._Element, number: int, word: str) -> None:
    """Put a table in a box that scrolls sideways, which the keyboard reaches too."""
    caption = table.find("caption")
    named = " ".join(caption.xpath("string()").split()) if caption is not None else ""
    attributes = {"class": "table-scroll", "role": "group", "tabindex": "0"}
    box = etree.Element("div", attributes | {"aria-label": named or f"{word} {number}"})
    box.tail, table.tail = table.tail, None
    table.getparent().replace(table, box)
    box.append(table)


def _set_off_opening(body: etree._Element) -> None:
    """Put title and standfirst, with the page mark before them, into a ``<header>``."""
    title = body.find("h1")
    if title is None:
        return
    header = etree.Element("header", {"class": "opener"})
    last = title.getnext()
    is_standfirst = last is not None and "standfirst" in last.get("class", "").split()
    end = body.index(last if is_standfirst else title)
    for element in body[: end + 1]:
        element.tail = None
        header.append(element)
    body.insert(0, header)


def _opener_file(site: Site, unit: str) -> str:
    """The file of the drawing over a chapter's title."""
    return f"openers/{site.files[unit].removesuffix('.html')}.svg"


# --- pages ---------------------------------------------------------------------------------------


def _pages(site: Site, openers: Collection[str]) -> dict[str, str]:
    """Every page of the edition by its file name."""
    pages = {HOME: _home(site), IMPRINT: _page(site, "imprint", IMPRINT, "Imprint")}
    pages |= _chapters(site, openers)
    if _has(site.book, "figures"):
        pages[FIGURES] = _figures(site)
    if _has(site.book, "index"):
        terms = reflow.index_terms(site.book.index, site.pagemap, site.owner)
        pages[INDEX] = _page(site, "book-index", INDEX, "Index", unit="index", terms=terms)
    if site.has_search:
        pages[SEARCH] = _page(site, "search", SEARCH, "Search")
    return pages


def _chapters(site: Site, openers: Collection[str]) -> dict[str, str]:
    """The pages of the chapters by their file names."""
    pages = {}
    for each in site.chapters:
        unit = each.chapter.id
        drawing = _opener_file(site, unit) if unit in openers else ""
        pages[site.files[unit]] = _chapter(site, each, drawing)
    return pages


def _home(site: Site) -> str:
    """The first page: cover, blurb, other formats, contents."""
    publication = site.publication
    return _render(
        site,
        "home",
        HOME,
        lang=publication.lang,
        title=publication.title,
        cover=site.cover,
        downloads=[
            Link(f"{d.name}, {file_size(d.size_bytes, publication.lang)}", d.href)
            for d in site.downloads
        ],
        first=site.toc[0] if site.toc else None,
        about=_about(site),
    )


def _about(site: Site) -> dict[str, Any]:
    """The book for search engines."""
    chapters = [each.chapter for each in site.chapters]
    return json_ld(
        site.publication,
        downloads=[(d.media_type, d.href) for d in site.downloads],
        chapters=[(c.title, f"{site.address}{site.files[c.id]}") for c in chapters],
        cover=f"{site.address}{site.cover}" if site.cover else "",
        features=_features(site),
    )


def _features(site: Site) -> list[str]:
    """What the edition offers readers, in the words of schema.org's ``accessibilityFeature``."""
    pictures = [img for each in site.chapters for img in each.body.iter("img")]
    found = ["structuralNavigation", "readingOrder", "ARIA"]
    if pictures and all("alt" in img.attrib for img in pictures):
        found.append("alternativeText")
    if site.marks:
        found.append("pageBreakMarkers")
    return found


def _chapter(site: Site, each: Shaped, drawing: str) -> str:
    """The page of a chapter."""
    chapters, chapter, body = site.book.chapters, each.chapter, each.body
    number = [one.id for one in chapters].index(chapter.id)
    header = body.find("header")
    if drawing and header is not None:
        header.insert(0, etree.Element("img", {"class": "drawing", "src": drawing, "alt": ""}))
    return _render(
        site,
        "chapter",
        site.files[chapter.id],
        lang=chapter.lang or site.publication.lang,
        title=chapter.title,
        description=chapter.standfirst,
        unit=chapter.id,
        body=reflow.as_html(body),
        previous=_neighbour(site, chapters, number - 1),
        following=_neighbour(site, chapters, number + 1),
        pages=_pages_of(site, chapter),
    )


def _pages_of(site: Site, chapter: Chapter) -> str:
    """The pages of the printed edition that a chapter takes: "pages 5–18"; "" without pages."""
    say = words(site.publication.lang)
    labels = [mark.label for mark in site.marks if mark.unit == chapter.id]
    if not labels:
        return ""
    if labels[0] == labels[-1]:
        return f"{say('page')} {labels[0]}"
    return f"{say('pages')} {labels[0]}–{labels[-1]}"


def _neighbour(site: Site, chapters: Sequence[Chapter], number: int) -> Link | None:
    """The link to the chapter before or after."""
    if not 0 <= number < len(chapters):
        return None
    chapter = chapters[number]
    return Link(f"{chapter.number} {chapter.title}".strip(), site.files[chapter.id])


def _figures(site: Site) -> str:
    """The list of figures and tables."""
    say = words(site.publication.lang)
    lists = {
        "figures": reflow.listed(site.book.figures, say("Figure"), site.pagemap, site.owner),
        "tables": reflow.listed(site.book.tables, say("Table"), site.pagemap, site.owner),
    }
    return _page(site, "figures", FIGURES, "Figures and maps", unit="figures", **lists)


def _page(site: Site, template: str, file: str, title: str, unit: str = "", **context: Any) -> str:
    """A page that the author did not write."""
    lang = site.publication.lang
    marks = [m for m in site.marks if unit and m.unit == unit]
    said = [(m.label, _titled(reflow.mark_attributes(m, lang))) for m in marks]
    return _render(
        site, template, file, lang=lang, title=words(lang)(title), page_marks=said, **context
    )


def _titled(attributes: dict[str, str]) -> dict[str, str]:
    """The attributes of a page mark with its name as a title: see ``_dress``."""
    return {("title" if name == "aria-label" else name): v for name, v in attributes.items()}


def _render(site: Site, template: str, file: str, *, lang: str, title: str, **context: Any) -> str:
    """A page from the theme's template of that name."""
    publication = site.publication
    say: Callable[[str], str] = words(publication.lang)
    return site.templates.get_template(f"web/{template}.html.j2").render(
        {"unit": "", "description": publication.description, **context},
        publication=publication,
        lang=lang,
        title=" ".join(title.split()) or publication.title,
        file=file,
        words=say,
        date_text=partial(date_text, lang=publication.lang),
        safe_url=safe_url,
        toc=site.toc,
        languages=_languages(site, context.get("unit", ""), file),
        address=site.address,
        edition=site.name,
        library=site.library,
        installable=site.installable,
        search_file=SEARCH if site.has_search else "",
        figures_file=FIGURES if _has(site.book, "figures") else "",
        index_file=INDEX if _has(site.book, "index") else "",
        imprint_file=IMPRINT,
        home=HOME,
    )


def _languages(site: Site, unit: str, file: str) -> list[Language]:
    """The languages of the publication; the link leads to the same chapter where there is one."""
    current = site.publication.lang
    if len(site.languages) < 2:
        return []
    return [
        Language(tag, own_name(tag), _other_page(unit, file, tag, ids), tag == current)
        for tag, ids in site.languages.items()
    ]


def own_name(tag: str) -> str:
    """A language's name in that language: "Français"."""
    name = locale(tag).get_display_name() or tag
    return name[:1].upper() + name[1:]


def _other_page(unit: str, file: str, tag: str, ids: Collection[str]) -> str:
    """The page that matches this one in another language, from this one's folder."""
    is_same = file in (HOME, IMPRINT, SEARCH) or (unit in ids and file == f"{unit}.html")
    return f"../{tag}/{file if is_same else HOME}"
