"""A fragment: a chapter's pages, laid out on their own, with all that joining needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from imprint.model import TextPosition
from imprint.tags import StructureElement
from imprint.weasy import FolioSlot, FontUse


@dataclass(frozen=True)
class Link:
    """A link area of a page (index in the fragment; points, origin at the trim's lower left).

    ``target`` is "#id" or a URL; ``text`` says in words where it leads.
    """

    page: int
    rect: tuple[float, float, float, float]
    target: str
    text: str


@dataclass(frozen=True)
class Fragment:
    """The pages of one unit (a chapter or a generated part) and the facts about them.

    ``pdf`` has neither fonts nor tags nor links nor folios. ``starts`` says for each page where
    in the unit's text it begins; ``anchors`` maps ids to page index, x and y; ``cited`` holds the
    folios that stand in its text, by the id of what they point at, as they were set.
    """

    unit: str
    pdf: bytes
    starts: tuple[TextPosition | None, ...]
    anchors: Mapping[str, tuple[int, float, float]]
    links: tuple[Link, ...]
    structure: tuple[StructureElement, ...]
    folios: tuple[FolioSlot, ...]
    fonts: Mapping[str, FontUse]
    cited: Mapping[str, str] = field(default_factory=dict)

    @property
    def page_count(self) -> int:
        return len(self.starts)


@dataclass(frozen=True)
class Placed:
    """A fragment in its place: the number (from 1) of its first page, and its pages' labels."""

    fragment: Fragment
    first: int
    labels: tuple[str, ...]
