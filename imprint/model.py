"""The values that flow from stage to stage. See ``docs/architecture.md`` for who makes which.

``load`` makes a :class:`Manuscript` a language; ``markup`` turns each :class:`Source` into a
:class:`Chapter`; ``resolve`` numbers and links them into a :class:`Book`; ``typeset`` makes a
:class:`Fragment` a chapter; ``pagemap`` joins their facts into a :class:`PageMap`; ``assemble``,
``epub`` and ``web`` read the book and the page map and make editions.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lxml import etree

EDITIONS = ("pdf", "print", "epub", "web")
# The units that are generated. Their names stand for them in the page map: no chapter and no place
# in a text may have one.
GENERATED = (
    "cover", "half-title", "title-page", "imprint", "contents", "figures", "index", "back-cover",
)  # fmt: skip


# --- what load makes -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Creator:
    """A person or body behind the work; ``role`` is a MARC relator code (aut, edt, trl, ill …)."""

    name: str
    role: str = "aut"
    sort: str = ""


@dataclass(frozen=True)
class Publisher:
    name: str = ""
    place: str = ""
    email: str = ""
    url: str = ""


@dataclass(frozen=True)
class Trim:
    """The size of the finished, cut page in millimetres."""

    width_mm: float = 170.0
    height_mm: float = 240.0


@dataclass(frozen=True)
class Paper:
    """Printing paper: its weight, and its volume in cubic centimetres a gram ("bulk")."""

    grammage_gsm: float = 90.0
    bulk_cm3_per_g: float = 1.2

    def spine_mm(self, pages: int) -> float:
        """The thickness of a block of so many pages, two to a leaf."""
        leaves = (pages + 1) // 2
        return leaves * self.grammage_gsm * self.bulk_cm3_per_g / 1000


@dataclass(frozen=True)
class Publication:
    """All that is known of a publication in one language, apart from its text.

    ``identifier`` is a URN (``urn:isbn:…`` or ``urn:uuid:…``), the same at every build.
    ``isbns`` maps an edition ("pdf", "print", "epub") to its ISBN-13, digits only.
    ``front`` and ``back`` name the generated parts in order: "half-title", "title-page",
    "imprint", "contents", "figures" in front, "index" at the back. ``url`` is where the web
    edition is published: the address of the folder that holds the languages' folders.
    ``press_profile`` is the printing condition's ICC profile, a file of the publication's folder;
    "" for the one that ships with Imprint.
    """

    slug: str
    lang: str
    languages: tuple[str, ...]
    title: str
    subtitle: str = ""
    creators: tuple[Creator, ...] = ()
    publisher: Publisher = Publisher()
    date: datetime.date | None = None
    edition: str = ""
    identifier: str = ""
    isbns: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    subjects: tuple[str, ...] = ()
    rights: str = ""
    licence_url: str = ""
    series: str = ""
    theme: str = "default"
    trim: Trim = Trim()
    editions: tuple[str, ...] = EDITIONS
    front: tuple[str, ...] = ("half-title", "title-page", "imprint", "contents", "figures")
    back: tuple[str, ...] = ("index",)
    numbered: bool = True
    colophon: str = ""
    cover_note: str = ""
    url: str = ""
    pdf_standard: str = "ua-1"
    press_profile: str = ""
    paper: Paper = Paper()


@dataclass(frozen=True)
class Source:
    """One Markdown file as read: its text without the head, and where that text stands.

    ``file`` is relative to the publication's folder; ``line`` is the line number, from 1, of the
    text's first line. ``role`` is "chapter" or a DPUB-ARIA section name without its "doc-"
    ("foreword", "preface", "introduction", "appendix", "glossary", "bibliography", "afterword",
    "part"). ``level`` is 1 for a chapter, 2 for one nested in it, and so on. ``head`` holds what
    the file's TOML or YAML head said beyond the known keys.
    """

    file: str
    text: str
    line: int = 1
    role: str = "chapter"
    level: int = 1
    part: str = ""
    title: str = ""
    short_title: str = ""
    standfirst: str = ""
    lang: str = ""
    head: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """What a publication says of its diagnostics: the codes that it ignores, those that are errors.

    ``spelling`` tells whether words are looked up; ``words`` are right whatever dictionaries say.
    """

    ignored: frozenset[str] = frozenset()
    errors: frozenset[str] = frozenset()
    spelling: bool = False
    words: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Manuscript:
    """A publication in one language with its files in reading order.

    ``root`` is the folder that nothing may be read outside of. ``adopted`` tells that there was
    no ``publication.toml``: build as with ``--keep-going``.
    """

    publication: Publication
    sources: tuple[Source, ...]
    root: Path
    adopted: bool = False
    policy: Policy = Policy()


# --- what markup and resolve make ----------------------------------------------------------------


class Readable(Protocol):
    """Bytes, wherever they are."""

    def read(self) -> bytes:
        """The bytes."""
        ...


class Tree(Protocol):
    """A chapter's tree, wherever it is (see ``trees``)."""

    def read(self) -> etree._Element:
        """The tree; nobody may change it."""
        ...

    def take(self) -> etree._Element:
        """A tree that whoever makes the next one from it may change."""
        ...


@dataclass(frozen=True)
class Chapter:
    """A chapter as a tree.

    ``id`` is its name in every edition (file names, destinations). ``body`` is a ``<section>``
    of XHTML without namespace, its first child the ``<h1>``; every element carries ``data-e``,
    its number in document order within the chapter, and, where known, ``data-at="line:column"``.
    After ``resolve`` ids are unique in the whole book, and every link inside the book is
    ``href="#id"`` whatever chapter holds the id.
    """

    id: str
    file: str
    role: str
    level: int
    title: str
    short_title: str
    standfirst: str
    lang: str
    tree: Tree
    number: str = ""
    part: str = ""

    @property
    def body(self) -> etree._Element:
        """The tree, read anew if need be: whoever looks at all of it asks once."""
        return self.tree.read()


@dataclass(frozen=True)
class Anchor:
    """Something that can be pointed at.

    ``kind`` is "chapter", "section", "figure", "table", "note" or "place"; ``number`` is its
    number as set ("3", "2.1", ""); ``title`` its title or caption as plain text.
    """

    id: str
    chapter_id: str
    kind: str
    number: str = ""
    title: str = ""


@dataclass(frozen=True)
class TocEntry:
    """A line of the contents: a chapter or a heading, with those under it."""

    id: str
    title: str
    number: str = ""
    standfirst: str = ""
    level: int = 1
    children: tuple[TocEntry, ...] = ()


@dataclass(frozen=True)
class IndexEntry:
    """A term of the index with the ids where it is treated, and the terms under it."""

    term: str
    ids: tuple[str, ...] = ()
    children: tuple[IndexEntry, ...] = ()


@dataclass(frozen=True)
class Asset:
    """A picture that the text uses: its name inside every edition, its type and its bytes."""

    name: str
    media_type: str
    content: bytes
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Book:
    """A publication in one language, resolved: numbered, cross-referenced, ready for editions.

    ``assets`` maps the ``src`` that stands in the chapters to the picture it names; ``openers`` the
    ids of chapters to the drawings (SVG) over their titles.
    """

    publication: Publication
    chapters: tuple[Chapter, ...]
    anchors: Mapping[str, Anchor]
    toc: tuple[TocEntry, ...]
    figures: tuple[Anchor, ...] = ()
    tables: tuple[Anchor, ...] = ()
    index: tuple[IndexEntry, ...] = ()
    assets: Mapping[str, Asset] = field(default_factory=dict)
    openers: Mapping[str, str] = field(default_factory=dict)


# --- what typeset and pagemap make ---------------------------------------------------------------


@dataclass(frozen=True)
class TextPosition:
    """A point in a chapter's text: before the ``offset``-th character that is not white space
    of the own text (children's text left out, their tails kept) of the element whose ``data-e``
    is ``element``. Offset 0 of an element without text (an image) is the element itself.
    """

    element: int
    offset: int = 0


@dataclass(frozen=True)
class Page:
    """A page of the paged editions.

    ``number`` counts the leaves' sides from 1 (the cover counts); ``label`` is the folio as
    readers cite it ("iv", "41"); ``unit`` is the id of the chapter or generated part that it
    belongs to; ``start`` is where the page begins in that chapter, None on pages without text
    of the chapter's own (blank pages, covers).
    """

    number: int
    label: str
    unit: str
    start: TextPosition | None = None


@dataclass(frozen=True)
class PageMap:
    """For every page where it begins, and for every anchor the number of its page."""

    pages: tuple[Page, ...] = ()
    anchors: Mapping[str, int] = field(default_factory=dict)

    def label(self, anchor_id: str) -> str:
        """The folio of the page that the anchor stands on; "" while that is not known."""
        number = self.anchors.get(anchor_id)
        return self.pages[number - 1].label if number else ""


@dataclass(frozen=True)
class Edition:
    """A finished file of the output folder. ``file`` is relative to it, with "/"."""

    kind: str
    lang: str
    file: str
    pages: int = 0
    seconds: float = 0.0
