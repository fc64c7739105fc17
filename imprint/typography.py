"""Checks on finished pages: what a typographer would mark, with the page and the source's line.

A chapter is judged where it is laid out, from a survey of its pages; what is found travels home
as flaws, and becomes diagnostics when the pages have their folios. Most are notes: they tell what
an author may mend by moving a figure or turning a phrase, and never fail a build.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from imprint.diagnostics import Diagnostic, note, warning
from imprint.markup import HEADINGS
from imprint.painted import Block, Line, Survey

# The Chicago Manual of Style, 2.113: no more than three hyphens on end.
MOST_HYPHENS = 3
# Word spaces as a multiple of the face's own, above which the eye sees a hole.
LOOSEST = 3.0
# The part of the text's height that may be empty at the foot of a page that others follow.
MOST_WHITE = 0.30
# A chapter whose last page has so few lines looks like a mistake.
FEW_LINES = 2
FARTHEST_PAGES = 2
# What sticks out by less is not seen, in points.
_UNSEEN = 1.0
# The elements whose lines are lines of running text.
_RUNNING = frozenset({"p", "li", "dd", "blockquote", "div"})


@dataclass(frozen=True)
class Flaw:
    """Something to mend: on which page of the unit (from 0), and where in its source.

    ``place`` is "line:column", "" where unknown; ``amount`` a measure of it, ``times`` how often
    it occurs in the unit if only the worst is told of.
    """

    code: str
    page: int
    place: str
    amount: float = 0.0
    times: int = 1


def flaws(pages: Survey, elements: Sequence[ElementTree.Element]) -> tuple[Flaw, ...]:
    """What there is to mend on a unit's pages; ``elements`` are the tree's in document order."""
    check = _Check(pages, elements)
    found = [
        *check.overfull(),
        *check.broken_paragraphs(),
        *check.headings_at_foot(),
        *_worst(check.stacked_hyphens()),
        *check.hyphens_at_foot(),
        *_worst(check.loose_lines()),
        *check.white(),
        *check.short_end(),
        *check.far_figures(),
    ]
    return tuple(found)


def has_short_end(pages: Survey) -> bool:
    """Whether the unit's last page, not its only one, has nothing but a line or two of text."""
    last = len(pages.sheets) - 1
    lines = [n for n in pages.lines if n.page == last and not n.footnote]
    has_blocks = any(b.page == last for b in pages.blocks)
    return bool(last and lines and len(lines) <= FEW_LINES and not has_blocks)


def place_at(elements: Sequence[ElementTree.Element], number: int) -> str:
    """The place in the source of an element, or of the nearest before it that has one."""
    # A figure has no words of its own, its picture has an address.
    picture = next(elements[number].iter("img"), None)
    if picture is not None and picture.get("data-at"):
        return picture.get("data-at", "")
    for element in reversed(elements[: number + 1]):
        if element.get("data-at"):
            return element.get("data-at", "")
    return ""


def _worst(found: Iterable[Flaw]) -> Iterator[Flaw]:
    """The worst of many alike, with their number: a chapter full of them gets one diagnostic."""
    every = list(found)
    if every:
        worst = max(every, key=lambda flaw: (flaw.amount, -flaw.page))
        yield Flaw(worst.code, worst.page, worst.place, worst.amount, len(every))


@dataclass(frozen=True)
class _Check:
    pages: Survey
    elements: Sequence[ElementTree.Element]

    @property
    def running(self) -> list[Line]:
        """The lines of running text, notes left out."""
        tags = [element.tag for element in self.elements]
        return [n for n in self.pages.lines if not n.footnote and tags[n.element] in _RUNNING]

    @property
    def things(self) -> list[Line | Block]:
        """All lines and blocks."""
        return [*self.pages.blocks, *self.pages.lines]

    def _flaw(self, code: str, page: int, element: int, amount: float = 0.0) -> Flaw:
        return Flaw(code, page, place_at(self.elements, element), round(amount, 2))

    def overfull(self) -> Iterator[Flaw]:
        """Lines and tables that are wider than their room, each element once."""
        widest: dict[int, Line | Block] = {}
        for thing in self.things:
            before = widest.get(thing.element)
            if thing.excess > (before.excess if before else _UNSEEN):
                widest[thing.element] = thing
        for element, thing in widest.items():
            code = "table-overfull" if isinstance(thing, Block) else "line-overfull"
            yield self._flaw(code, thing.page, element, thing.excess)

    def broken_paragraphs(self) -> Iterator[Flaw]:
        """Paragraphs that leave one line alone at a page's foot or head."""
        for lines in _by_block(self.running):
            by_page = [list(run) for _, run in itertools.groupby(lines, key=lambda n: n.page)]
            if len(by_page) < 2:
                continue
            if len(by_page[0]) == 1:
                yield self._flaw("orphan", by_page[0][0].page, lines[0].element)
            if len(by_page[-1]) == 1 and by_page[-1][0].last:
                yield self._flaw("widow", by_page[-1][0].page, lines[0].element)

    def headings_at_foot(self) -> Iterator[Flaw]:
        """Headings with nothing under them on their page."""
        bottoms: dict[int, float] = defaultdict(float)
        for thing in self.things:
            is_note = isinstance(thing, Line) and thing.footnote
            if self.elements[thing.element].tag not in HEADINGS and not is_note:
                bottoms[thing.page] = max(bottoms[thing.page], thing.top)
        last = len(self.pages.sheets) - 1
        for block in self.pages.blocks:
            if block.tag in HEADINGS and block.page < last and bottoms[block.page] < block.top:
                yield self._flaw("heading-at-foot", block.page, block.element)

    def stacked_hyphens(self) -> Iterator[Flaw]:
        """Hyphens under hyphens, each stack once."""
        for lines in _by_block(self.running):
            for hyphenated, run in itertools.groupby(lines, key=lambda n: n.hyphenated):
                stack = list(run)
                if hyphenated and len(stack) > MOST_HYPHENS:
                    yield self._flaw("hyphens-stacked", stack[0].page, stack[0].element, len(stack))

    def hyphens_at_foot(self) -> Iterator[Flaw]:
        """Words that are broken by the turn of a page."""
        for before, after in itertools.pairwise(self.running):
            if before.hyphenated and before.page != after.page and before.block == after.block:
                yield self._flaw("hyphen-at-foot", before.page, before.element)

    def loose_lines(self) -> Iterator[Flaw]:
        """Justified lines with holes between their words."""
        for line in self.running:
            if line.stretch > LOOSEST:
                yield self._flaw("line-loose", line.page, line.element, line.stretch)

    def white(self) -> Iterator[Flaw]:
        """Pages with much white at the foot, and what did not fit on them."""
        sheets = self.pages.sheets
        for number, (sheet, following) in enumerate(itertools.pairwise(sheets)):
            if sheet.bare or sheet.white <= MOST_WHITE:
                continue
            after = number + 1 if not following.bare else number
            yield self._flaw("page-white", number, self._first_on(after), sheet.white)

    def _first_on(self, page: int) -> int:
        """The first element of a page's text."""
        things = [t for t in self.things if t.page == page]
        return min(things, key=lambda t: (t.top, t.element)).element if things else 0

    def short_end(self) -> Iterator[Flaw]:
        """A last page with a line or two."""
        if has_short_end(self.pages):
            last = len(self.pages.sheets) - 1
            lines = [n for n in self.pages.lines if n.page == last and not n.footnote]
            yield self._flaw("chapter-end-short", last, lines[0].element, len(lines))

    def far_figures(self) -> Iterator[Flaw]:
        """Figures and tables whose nearest mention in the unit is pages away."""
        pages = {thing.element: thing.page for thing in self.things}
        stands = {
            name: (number, pages[number])
            for number, element in enumerate(self.elements)
            if element.tag in ("figure", "table") and number in pages
            and (name := element.get("id"))
        }  # fmt: skip
        cited: dict[str, list[int]] = defaultdict(list)
        page = 0
        for number, element in enumerate(self.elements):
            page = pages.get(number, page)
            target = (element.get("href") or "")[1:]
            if element.tag == "a" and target in stands:
                cited[target].append(page)
        for name, (number, at) in stands.items():
            distance = min((abs(at - page) for page in cited[name]), default=0)
            if distance > FARTHEST_PAGES:
                yield self._flaw("figure-far", at, number, distance)


def _by_block(lines: Iterable[Line]) -> list[list[Line]]:
    blocks: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        blocks[line.block].append(line)
    return list(blocks.values())


# --- in the author's words -----------------------------------------------------------------------


def diagnostic(flaw: Flaw, file: str, label: str) -> Diagnostic:
    """A flaw as a diagnostic; ``label`` is its page's folio."""
    message, hint = _WORDS[flaw.code]
    line, _, column = flaw.place.partition(":")
    say = warning if flaw.code in _CERTAIN else note
    others = f" ({flaw.times} such places in this chapter; this is the worst.)"
    return say(
        flaw.code,
        file,
        int(line or 0),
        int(column or 0),
        message.format(page=label, amount=flaw.amount, percent=round(flaw.amount * 100))
        + (others if flaw.times > 1 else ""),
        hint,
    )


# Text in the margin is a fault on any page; the others are matters of degree.
_CERTAIN = frozenset({"line-overfull", "table-overfull"})
_WORDS = {
    "line-overfull": (
        "A line on page {page} is {amount:.0f} points wider than its column.",
        "Break the long word or address, or turn the phrase.",
    ),
    "table-overfull": (
        "A table on page {page} is {amount:.0f} points wider than the page's text.",
        "Give it fewer columns or shorter words, or split it.",
    ),
    "orphan": (
        "The first line of a paragraph stands alone at the foot of page {page}.",
        "Add or take a few words before it.",
    ),
    "widow": (
        "The last line of a paragraph stands alone at the head of page {page}.",
        "Add or take a few words before it.",
    ),
    "heading-at-foot": (
        "A heading at the foot of page {page} has no text under it.",
        "Move what follows it, or add a sentence below it.",
    ),
    "hyphens-stacked": (
        "On page {page} {amount:.0f} lines on end are hyphenated.",
        "Turn a phrase in this paragraph.",
    ),
    "hyphen-at-foot": (
        "A word is broken at the end of page {page}.",
        "Turn a phrase in this paragraph.",
    ),
    "line-loose": (
        "On page {page} the words of a line stand {amount:.1f} times as far apart as they should.",
        "Turn a phrase in this paragraph, or allow its long words to be hyphenated.",
    ),
    "page-white": (
        "The lower {percent} % of page {page} are empty, since what follows did not fit there.",
        "Move this figure, table or box up or down by a paragraph.",
    ),
    "chapter-end-short": (
        "Page {page}, the chapter's last, has {amount:.0f} lines of text.",
        "Take out or add a few words in the chapter's last paragraphs.",
    ),
    "figure-far": (
        "The figure or table on page {page} is {amount:.0f} pages away from where the text names it.",
        "Move it nearer to its mention.",
    ),
}  # fmt: skip
