"""A fragment: a chapter's pages, laid out on their own, with all that joining needs to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from imprint.model import TextPosition
from imprint.painted import CiteSlot, FolioSlot, FontUse
from imprint.tags import Kid, StructureElement


@dataclass(frozen=True)
class Link:
    """A link area of a page (index in the fragment; points, origin at the trim's lower left).

    ``target`` is "#id" or a URL; ``text`` says in words where it leads, with the id of a cited
    page between two of ``paper.FOLIO_MARK``.
    """

    page: int
    rect: tuple[float, float, float, float]
    target: str
    text: str


class Body(Protocol):
    """The bulk of a fragment, needed once when it is joined.

    ``pdf`` has neither fonts nor tags nor links nor folios, ``structure`` is the tag tree.
    """

    @property
    def pdf(self) -> bytes:
        """The pages, without what joining adds."""
        ...

    @property
    def links(self) -> tuple[Link, ...]:
        """The areas that are links."""
        ...

    @property
    def structure(self) -> tuple[StructureElement, ...]:
        """The outermost structure elements."""
        ...


@dataclass(frozen=True)
class Held:
    """A body in memory."""

    pdf: bytes
    links: tuple[Link, ...] = ()
    structure: tuple[StructureElement, ...] = ()


@dataclass(frozen=True)
class Fragment:
    """The pages of one unit (a chapter or a generated part) and the facts about them.

    ``starts`` says for each page where in the unit's text it begins; ``anchors`` maps ids to page
    index, x and y; ``cites`` are the places where folios are to be set; ``cited`` holds the shapes of
    the folios that stand in its text, by the id of what they point at; ``targets`` the links'
    targets inside the book ("#id"); ``images`` the digests
    of its pictures; ``objects`` is more than it needs of a joined PDF's object numbers.
    """

    unit: str
    body: Body
    starts: tuple[TextPosition | None, ...]
    anchors: Mapping[str, tuple[int, float, float]]
    folios: tuple[FolioSlot, ...]
    fonts: Mapping[str, FontUse]
    cites: tuple[CiteSlot, ...] = ()
    cited: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    objects: int = 0
    # The name under which the cache keeps it: two fragments of one name are the same.
    key: str = ""

    @property
    def pdf(self) -> bytes:
        """The pages, without what joining adds."""
        return self.body.pdf

    @property
    def links(self) -> tuple[Link, ...]:
        """The areas that are links."""
        return self.body.links

    @property
    def structure(self) -> tuple[StructureElement, ...]:
        """The outermost structure elements."""
        return self.body.structure

    @property
    def page_count(self) -> int:
        """How many pages there are."""
        return len(self.starts)


def element_count(structure: Iterable[Kid]) -> int:
    """How many structure elements a tag tree has."""
    return sum(
        1 + element_count(kid.kids) for kid in structure if isinstance(kid, StructureElement)
    )


@dataclass(frozen=True)
class Placed:
    """A fragment in its place: the number (from 1) of its first page, and its pages' labels.

    ``cited`` holds the folios that it cites, by the id of what they point at.
    """

    fragment: Fragment
    first: int
    labels: tuple[str, ...]
    cited: Mapping[str, str] = field(default_factory=dict)
