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


@dataclass(frozen=True)
class Line:
    """A line of running text.

    ``block`` tells blocks apart, ``element`` is the number of the block's element; ``stretch`` is
    the width of its word spaces as a multiple of the face's own; ``excess`` is what it sticks out of
    its block by; ``last`` tells that the block ends with it.
    """

    page: int
    block: int
    element: int
    top: float
    bottom: float
    stretch: float
    excess: float
    hyphenated: bool
    last: bool
    footnote: bool = False


@dataclass(frozen=True)
class Block:
    """The part of a heading, figure, picture, table or box that stands on one page.

    ``above`` is the white that its style asks for above it, also where a page begins with it.
    """

    page: int
    element: int
    tag: str
    top: float
    bottom: float
    excess: float = 0.0
    above: float = 0.0


@dataclass(frozen=True)
class Sheet:
    """A page: where its text may stand (above any notes), and where the text on it ends.

    ``bare`` pages are blank, or carry a picture to their edges.
    """

    top: float
    bottom: float
    filled: float
    bare: bool
    notes: bool

    @property
    def white(self) -> float:
        """The part of the text's height that is empty at the foot."""
        return max(0.0, self.bottom - max(self.filled, self.top)) / max(1.0, self.bottom - self.top)


@dataclass(frozen=True)
class Survey:
    """All pages of a unit with their lines and blocks in reading order.

    Heights are points from the trimmed page's upper edge.
    """

    sheets: tuple[Sheet, ...]
    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]
