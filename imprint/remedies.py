"""Layout that mends what it can: the same pages as ``weasy`` lays out, with fewer flaws.

Words are not broken at the turn of a page; a picture that just misses a page is made a little
smaller; a figure or box that would leave a page half white changes places with a paragraph or two
beside it; and where a unit's last page has a line or two, its words are set a little closer or
wider.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock
from xml.etree import ElementTree

from weasyprint import Document
from weasyprint.formatting_structure import boxes
from weasyprint.layout import block, inline

from imprint import weasy
from imprint.painted import Block, Survey
from imprint.survey import stretch, survey
from imprint.tags import MOVED
from imprint.typography import LOOSEST, MOST_WHITE, has_short_end

# A picture keeps at least so much of its height, so that its letters can be read.
SMALLEST = 0.8
# How many pictures of a unit may be made smaller: each costs a layout.
MOST_PICTURES = 4
# How many moves of figures and boxes are tried in a unit, and how much text each may pass: a reader
# finds it on the page where it is named, or the next one.
MOST_MOVES = 8
FARTHEST_STEPS = 3
# The part of a page's white that a move must save.
LEAST_GAIN = 0.1
_MOVABLE = frozenset({"figure", "aside"})
_TEXT = frozenset({"p", "ul", "ol"})
# Changes of the word space, in ems, tried in turn; a line's width changes by less than 1 %.
WORD_SPACES = (-0.02, -0.04, 0.04)
# By how many lines a page may be short to end with a whole word.
_MOST_LINES_SHORT = 2


def lay_out(
    root: ElementTree.Element, base_url: str, case: weasy.Typecase
) -> tuple[Document, Survey]:
    """The laid-out pages of a tree, and a survey of them. The tree keeps what was changed."""

    def again() -> tuple[Document, Survey]:
        with _whole_words_at_foot():
            document = weasy.lay_out(root, base_url, case)
        return document, survey(document, root)

    laid_out = _with_fitting_pictures(root, again(), again)
    laid_out = _with_floats(root, laid_out, again)
    return _with_full_end(root, laid_out, again)


_Again = Callable[[], tuple[Document, Survey]]


# --- pictures that just miss a page --------------------------------------------------------------


def _with_fitting_pictures(
    root: ElementTree.Element, laid_out: tuple[Document, Survey], again: _Again
) -> tuple[Document, Survey]:
    """The pages with pictures made smaller where that lets them stand a page earlier."""
    elements = list(root.iter())
    tried: set[int] = set()
    for _ in range(MOST_PICTURES):
        found = next(_misses(laid_out[1], elements, tried), None)
        if found is None:
            break
        picture, height = found
        tried.add(picture)
        before = elements[picture].get("style", "")
        elements[picture].set("style", f"{before}; max-height: {height:.2f}pt")
        smaller = again()
        if _white(smaller[1]) < _white(laid_out[1]):
            laid_out = smaller
        else:
            elements[picture].set("style", before)
    return laid_out


def _misses(
    pages: Survey, elements: list[ElementTree.Element], tried: set[int]
) -> Iterator[tuple[int, float]]:
    """Pictures at a page's head that would fit the page before, and the height that they may have."""
    for figure in (b for b in pages.blocks if b.tag == "figure" and b.page):
        before, sheet = pages.sheets[figure.page - 1], pages.sheets[figure.page]
        inside = {id(element) for element in elements[figure.element].iter("img")}
        images = [
            b for b in pages.blocks
            if b.tag == "img" and b.page == figure.page and id(elements[b.element]) in inside
        ]  # fmt: skip
        if len(images) != 1 or images[0].element in tried or before.bare or sheet.bare:
            continue
        if before.white <= MOST_WHITE or not _is_first(figure, pages):
            continue
        picture = images[0]
        room = before.bottom - before.filled
        excess = figure.above + figure.bottom - figure.top - room
        height = picture.bottom - picture.top - excess
        if excess > 0 and height >= SMALLEST * (picture.bottom - picture.top):
            yield picture.element, height


def _is_first(figure: Block, pages: Survey) -> bool:
    tops = [line.top for line in pages.lines if line.page == figure.page and not line.footnote]
    return figure.top <= min(tops, default=figure.top)


def _white(pages: Survey) -> tuple[int, float]:
    """How many pages a unit has, and how empty the worst of them is but the last."""
    inner = [sheet.white for sheet in pages.sheets[:-1] if not sheet.bare]
    return len(pages.sheets), sum(white for white in inner if white > MOST_WHITE)


# --- figures and boxes that leave a page white ---------------------------------------------------


def _with_floats(
    root: ElementTree.Element, laid_out: tuple[Document, Survey], again: _Again
) -> tuple[Document, Survey]:
    """The pages with figures and boxes moved past text where that fills the page before them."""
    tried: set[tuple[int, int]] = set()
    for _ in range(MOST_MOVES):
        found = next(
            (m for m in _moves(laid_out[1], root) if (id(m.thing), m.steps) not in tried), None
        )
        if found is None:
            break
        tried.add((id(found.thing), found.steps))
        found.make(found.steps)
        moved = again()
        if _is_worth_it(_white(moved[1]), _white(laid_out[1])):
            found.thing.set(MOVED, "")
            laid_out = moved
        else:
            found.make(-found.steps)
    return laid_out


def _is_worth_it(after: tuple[int, float], before: tuple[int, float]) -> bool:
    return after[0] < before[0] or (after[0] == before[0] and after[1] <= before[1] - LEAST_GAIN)


@dataclass(frozen=True)
class _Move:
    """A thing among its siblings and how many of them it passes, upwards where negative."""

    parent: ElementTree.Element
    thing: ElementTree.Element
    steps: int

    def make(self, steps: int) -> None:
        """Let the thing pass so many siblings."""
        place = list(self.parent).index(self.thing)
        self.parent.remove(self.thing)
        self.parent.insert(place + steps, self.thing)


def _moves(pages: Survey, root: ElementTree.Element) -> Iterator[_Move]:
    """What may help: a figure or box at a page's head with white before it, and how far it goes."""
    elements = list(root.iter())
    parents = {id(child): parent for parent in elements for child in parent}
    for found in pages.blocks:
        thing = elements[found.element]
        parent = parents.get(id(thing))
        if not found.page or found.tag not in _MOVABLE or parent is None or MOVED in thing.attrib:
            continue
        before, sheet = pages.sheets[found.page - 1], pages.sheets[found.page]
        if before.bare or sheet.bare or before.white <= MOST_WHITE or not _is_first(found, pages):
            continue
        if parent.tag != "section":
            continue
        heights = _heights(pages, elements)
        needed = found.above + found.bottom - found.top
        white = before.bottom - before.filled
        for steps, passed in _passed(parent, thing, -1):
            if white + sum(heights[id(each), found.page - 1] for each in passed) >= needed:
                yield _Move(parent, thing, -steps)
        for steps, passed in _passed(parent, thing, 1):
            yield _Move(parent, thing, steps)
            if sum(heights[id(each), found.page] for each in passed) >= white:
                break


def _passed(
    parent: ElementTree.Element, thing: ElementTree.Element, way: int
) -> Iterator[tuple[int, list[ElementTree.Element]]]:
    """How many siblings a thing may pass, and which: text alone, and not to stand under a heading."""
    siblings = list(parent)
    place = siblings.index(thing)
    passed: list[ElementTree.Element] = []
    for steps in range(1, FARTHEST_STEPS + 1):
        at = place + way * steps
        if not 0 < at < len(siblings) or siblings[at].tag not in _TEXT:
            return
        if siblings[at].get("class"):
            return
        passed.append(siblings[at])
        if way > 0 or siblings[at - 1].tag in _TEXT:
            yield steps, list(passed)


def _heights(pages: Survey, elements: list[ElementTree.Element]) -> Mapping[tuple[int, int], float]:
    """The height of the text of each paragraph or list, by page."""
    owners = {
        id(inner): id(element) for element in reversed(elements) if element.tag in _TEXT
        for inner in element.iter()
    }  # fmt: skip
    heights: defaultdict[tuple[int, int], float] = defaultdict(float)
    for line in pages.lines:
        owner = owners.get(id(elements[line.element]))
        if owner is not None and not line.footnote:
            heights[owner, line.page] += line.bottom - line.top
    return heights


# --- last pages of a line or two -----------------------------------------------------------------


def _with_full_end(
    root: ElementTree.Element, laid_out: tuple[Document, Survey], again: _Again
) -> tuple[Document, Survey]:
    """The pages without a last one of a line or two, if a little less or more space can help."""
    if not has_short_end(laid_out[1]):
        return laid_out
    before = root.get("style", "")
    for space in WORD_SPACES:
        root.set("style", f"{before}; word-spacing: {space}em")
        spaced = again()
        if not has_short_end(spaced[1]) and _white(spaced[1]) <= _white(laid_out[1]):
            return spaced
    root.set("style", before)
    return laid_out


# --- words at the turn of a page -----------------------------------------------------------------

_linebox_layout = block._linebox_layout


@contextmanager
def _whole_words_at_foot() -> Iterator[None]:
    """WeasyPrint with css-text-4's ``hyphenate-limit-last: page``, which it lacks.

    https://drafts.csswg.org/css-text-4/#propdef-hyphenate-limit-last
    """
    with mock.patch.object(block, "_linebox_layout", _lines_that_end_well):
        yield


def _lines_that_end_well(
    context: Any, box: Any, index: int, child: Any, lines: list[Any], *more: Any
) -> Any:
    """A block's lines on one page; where it goes on, the last of them ends with a whole word."""
    result = _linebox_layout(context, box, index, child, lines, *more)
    abort, stop, _, *rest = result
    if not stop or abort or context.in_column:
        return result
    shorter = _ending_well(context, box, child, lines)
    if shorter is None:
        return result
    lines[:] = shorter
    return abort, stop, {index: lines[-1].resume_at}, *rest


def _ending_well(context: Any, box: Any, child: Any, lines: list[Any]) -> list[Any] | None:
    """The lines with the last one made whole; else those before it, if they end better.

    A page that is a line short is less than a hole between words or a broken word.
    """
    fewest = max(2, box.style["orphans"], len(lines) - _MOST_LINES_SHORT)
    for count in range(len(lines), fewest - 1, -1):
        kept = lines[:count]
        if not _ends_in_hyphen(kept[-1]):
            return kept if count < len(lines) else None
        if not _may_be_set_again(kept[-1]):
            return None
        line = _without_hyphen(context, box, child, kept)
        if line is not None:
            return [*kept[:-1], line]
    return None


def _without_hyphen(context: Any, box: Any, child: Any, lines: list[Any]) -> Any:
    """The last line ended with a whole word, None if that would tear a hole into it."""
    with mock.patch.object(inline, "split_first_line", _unhyphenated(inline.split_first_line)):
        line, resume_at = inline.get_next_linebox(
            context, child, lines[-1].position_y, 0, lines[-2].resume_at, box, [], [], None, None
        )
    if line is None or resume_at is None or abs(line.height - lines[-1].height) > 0.1:
        return None
    line.resume_at = resume_at
    spaces = [stretch(text, {}) for text in _texts(line)]
    return line if max(spaces, default=1.0) <= LOOSEST else None


def _texts(line: Any) -> list[Any]:
    return [b for b in line.descendants() if isinstance(b, boxes.TextBox)]


def _ends_in_hyphen(line: Any) -> bool:
    texts = _texts(line)
    return bool(texts) and texts[-1].text.endswith(texts[-1].style["hyphenate_character"])


def _may_be_set_again(line: Any) -> bool:
    """Whether nothing hangs on a line that is placed already."""
    return all(b.footnote is None and b.is_in_normal_flow() for b in line.descendants())


def _unhyphenated(split_first_line: Callable[..., Any]) -> Callable[..., Any]:
    """The same breaking of lines, but between words alone."""

    def split(text: str, style: Any, *more: Any, **options: Any) -> Any:
        style = style.copy()
        style["hyphens"] = "none"
        return split_first_line(text, style, *more, **options)

    return split
