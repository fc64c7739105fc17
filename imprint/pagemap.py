"""The page map: for every anchor its page, for every page where in the source it begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from imprint.fragments import Fragment, Placed
from imprint.model import Page, PageMap

COVER, BACK_COVER = "cover", "back-cover"


def roman(number: int) -> str:
    """The number in small roman numerals, as front matter is numbered."""
    numerals = (
        (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
        (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
    )  # fmt: skip
    text = ""
    for value, sign in numerals:
        count, number = divmod(number, value)
        text += sign * count
    return text


def place(
    front: Sequence[Fragment],
    body: Sequence[Fragment],
    cover: Fragment | None = None,
    back_cover: Fragment | None = None,
    *,
    any_side: Iterable[str] = (),
) -> tuple[Placed, ...]:
    """Every fragment with its page numbers and labels.

    The cover comes first with an empty inside; the front matter is numbered in roman, the body
    from 1; every unit opens on a right-hand (odd) page but those named in ``any_side``.
    """
    placed: list[Placed] = []
    number = 1
    if cover:
        placed.append(Placed(cover, 1, ("Cover",)))
        number = 3
    free = set(any_side)
    for group, label in ((front, roman), (body, str)):
        number += (number + 1) % 2
        origin = number
        for fragment in group:
            if fragment.unit not in free:
                number += (number + 1) % 2
            labels = tuple(label(number - origin + 1 + n) for n in range(fragment.page_count))
            placed.append(Placed(fragment, number, labels))
            number += fragment.page_count
    if back_cover:
        number += number % 2
        placed.append(Placed(back_cover, number, ("Back cover",)))
    return tuple(placed)


def page_map(placed: Sequence[Placed]) -> PageMap:
    """The page map of placed fragments; blank pages between them belong to the one before."""
    pages: list[Page] = []
    anchors: dict[str, int] = {}
    for piece in placed:
        while len(pages) < piece.first - 1:
            pages.append(_blank(pages))
        for index, label in enumerate(piece.labels):
            start = piece.fragment.starts[index]
            pages.append(Page(len(pages) + 1, label, piece.fragment.unit, start))
        for anchor, (index, _, _) in piece.fragment.anchors.items():
            anchors.setdefault(anchor, piece.first + index)
    return PageMap(tuple(pages), anchors)


def with_citations(piece: Placed, pages: PageMap) -> Placed:
    """The placed fragment with the folios that it cites."""
    return replace(piece, cited={name: pages.label(name) for name in piece.fragment.cited})


def _blank(pages: Sequence[Page]) -> Page:
    """A page that only fills up: it counts, and its label is the next of its neighbour's kind."""
    before = pages[-1] if pages else Page(0, "", "", None)
    if before.label.isdigit():
        label = str(int(before.label) + 1)
    elif before.unit == COVER:
        label = ""
    else:
        label = roman(from_roman(before.label) + 1) if before.label else ""
    return Page(before.number + 1, label, before.unit, None)


def from_roman(text: str) -> int:
    """The number that small roman numerals stand for; 0 for none."""
    values = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
    total = 0
    for sign, following in zip(text, text[1:] + " ", strict=True) if text else ():
        value = values.get(sign, 0)
        total += -value if values.get(following, 0) > value else value
    return total


def following_label(pages: Sequence[Page]) -> str:
    """The label that the page after these would have."""
    return _blank(pages).label
