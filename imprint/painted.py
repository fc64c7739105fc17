"""What painting tells of a document's pages: plain values, free of the program that painted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mark:
    """A marked-content sequence: the piece of an element's content painted on one page.

    ``element`` is the element's number in document order; ``pseudo`` names a generated part
    ("marker", "before", "footnote-call" …); ``rect`` is set for pictures (points, from the
    page's lower left corner).
    """

    element: int
    pseudo: str
    page: int
    mcid: int
    text: str = ""
    rect: tuple[float, float, float, float] | None = None
    footnote: bool = False


@dataclass(frozen=True)
class LinkArea:
    """A rectangle (points, origin lower left) of a page that is a link to ``target``."""

    page: int
    rect: tuple[float, float, float, float]
    target: str
    element: int


@dataclass(frozen=True)
class FolioSlot:
    """Where a page's number is to be stamped: a line of text in a margin box, in points.

    ``x`` and ``width`` give the box, ``align`` "left", "right" or "center" in it, ``baseline``
    the height above the trim's lower edge.
    """

    page: int
    x: float
    width: float
    baseline: float
    align: str
    size: float
    color: tuple[float, float, float]
    font: str
    features: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class CiteSlot:
    """Where a page's number is cited: noughts in page ``page``'s content, marked ``%cite n``.

    ``target`` is the id whose folio is to be set there, in figures as ``features`` ask for.
    """

    page: int
    target: str
    font: str
    features: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class FontUse:
    """A font as a fragment uses it: which file, and which of its glyphs stand for which text."""

    file: str
    index: int
    name: str
    family: str
    flags: int
    ascent: int
    descent: int
    upem: int
    variations: Mapping[str, float]
    glyphs: Mapping[int, str]
    widths: Mapping[int, int]


@dataclass(frozen=True)
class Painted:
    """The pages of one document as a PDF without fonts, tags and links, and those as values."""

    pdf: bytes
    page_count: int
    marks: tuple[Mark, ...]
    links: tuple[LinkArea, ...]
    anchors: Mapping[str, tuple[int, float, float]]
    folios: tuple[FolioSlot, ...]
    cites: tuple[CiteSlot, ...]
    fonts: Mapping[str, FontUse]
    font_files: Mapping[str, bytes]
    missing: tuple[int, ...]
    overflowing: tuple[tuple[int, int, float], ...] = ()
