"""A chapter for paged editions: notes at the foot, cited folios, pictures by name.

The document made here is what ``typeset`` lays out; a :class:`Job` holds all that goes into it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from lxml import etree

from imprint.drawing import in_a_line
from imprint.fragments import Fragment
from imprint.model import Chapter
from imprint.typography import Flaw

ASSET_SCHEME = "asset:"
# What stands for a folio that is not known yet; most books have hundreds of pages.
UNKNOWN_FOLIO = "000"
# Stands around the id of a cited page in a link's words; XML has no such character.
FOLIO_MARK = "\0"


class Folios(Protocol):
    """What knows the folio of the page that an anchor stands on: a page map, or a guess."""

    def label(self, anchor_id: str) -> str:
        """The folio, "" while it is not known."""
        ...


@dataclass(frozen=True)
class Job:
    """Everything that goes into a unit's pages.

    ``html`` is a well-formed document; ``assets`` the pictures that it names, by name; ``sheets``
    the style sheets' files, ``fonts`` the folder that they take faces from; ``cited`` the folios
    that stand in the text; ``shelf`` a folder where font files are left for joining.
    """

    unit: str
    html: str
    sheets: tuple[str, ...]
    assets: Mapping[str, bytes]
    cited: Mapping[str, str]
    theme: str
    shelf: str


@dataclass(frozen=True)
class Typeset:
    """A unit's fragment, the characters that no font has, and what is wrong with its pages."""

    fragment: Fragment
    missing: tuple[int, ...] = ()
    flaws: tuple[Flaw, ...] = ()


# --- the chapter for paper -----------------------------------------------------------------------


def paged_body(chapter: Chapter, page_map: Folios) -> tuple[str, dict[str, str]]:
    """A chapter's section as paged editions have it, serialised, and the folios it cites."""
    body = chapter.tree.take()
    cited = _cite_pages(body, page_map)
    for details in list(body.iter("details")):
        if details.get("class") == "figure-data":
            _take_out(details)
        else:
            details.tag = "div"
            for summary in details.iter("summary"):
                summary.tag = "p"
    _notes_to_foot(body)
    for figure in list(body.iter("figure")):
        if "spread" in (figure.get("class") or "").split():
            _halve(figure)
    for picture in body.iter("img"):
        picture.set("src", ASSET_SCHEME + (picture.get("src") or ""))
        for name in ("width", "height"):
            picture.attrib.pop(name, None)
    for formula in list(body.iter("math")):
        _set_in_a_line(formula)
    return etree.tostring(body, encoding="unicode"), cited


def _set_in_a_line(formula: etree._Element) -> None:
    """Set a formula as text: the layout engine knows no mathematics."""
    text = in_a_line(formula)
    said = formula.get("alttext") or text
    display = " display" if formula.get("display") == "block" else ""
    kept = {
        name: formula.get(name, "") for name in ("id", "data-e", "data-at") if formula.get(name)
    }
    formula.clear(keep_tail=True)
    formula.tag, formula.text = "span", text
    formula.attrib.update({**kept, "class": f"formula{display}", "aria-label": said})


def _cite_pages(body: etree._Element, page_map: Folios) -> dict[str, str]:
    cited: dict[str, str] = {}
    for cite in body.iter("span"):
        target = cite.get("data-cites")
        if target is None:
            continue
        cited[target] = cited_shape(page_map, target)
        for number in cite.iter("span"):
            if number.get("class") == "page-number":
                number.text = cited[target]
                number.set("data-folio-of", target)
                # Figures of one width, whatever the style sheets ask for besides.
                number.set("style", 'font-feature-settings: "tnum"')
    return cited


def cited_shape(page_map: Folios, target: str) -> str:
    """A page's folio with noughts for its figures, which are as wide: what the layout depends on.

    The figures themselves are stamped when fragments are joined, so that a chapter stays good
    while the numbers that it cites change.
    """
    label = page_map.label(target) or UNKNOWN_FOLIO
    return "0" * len(label) if label.isascii() and label.isdigit() else label


def _halve(figure: etree._Element) -> None:
    """Put a picture that takes facing pages on both: the style sheet shows a half on each."""
    picture = figure.find("img")
    if picture is None:
        return
    position = figure.index(picture)
    left = etree.Element("div", {"class": "half"})
    right = etree.Element("div", {"class": "half", "aria-hidden": "true"})
    figure.replace(picture, left)
    figure.insert(position + 1, right)
    left.append(picture)
    again = copy.deepcopy(picture)
    again.attrib.pop("id", None)
    right.append(again)


def _notes_to_foot(body: etree._Element) -> None:
    """Put each note where it is called; the page's foot is where style sheets float it to."""
    section = next((s for s in body.iter("section") if s.get("class") == "notes"), None)
    if section is None:
        return
    notes = {note.get("id"): note for note in section.iter("li") if note.get("class") == "note"}
    placed: set[str] = set()
    for call in list(body.iter("a")):
        name = (call.get("href") or "")[1:]
        if call.get("role") != "doc-noteref" or name not in notes:
            continue
        inside_note = any(a.get("class") in ("note", "footnote") for a in call.iterancestors())
        if name in placed or inside_note:
            call.tag = "sup"
            call.attrib.clear()
            continue
        placed.add(name)
        _float_note(call, notes[name])
    for name in placed:
        notes[name].getparent().remove(notes[name])
    if next(section.iter("li"), None) is None:
        _take_out(section)


def _float_note(call: etree._Element, note: etree._Element) -> None:
    """A copy of the note instead of its call."""
    footnote = copy.deepcopy(note)
    for back in list(footnote.iter("a")):
        if back.get("role") == "doc-backlink":
            _take_out(back)
    footnote.tag = "div"
    footnote.set("class", "footnote")
    _open_paragraph(footnote)
    _collapse_spaces(footnote)
    footnote.attrib.pop("role", None)
    footnote.tail = call.tail
    anchor = call.get("id")
    parent = call.getparent()
    assert parent is not None
    if anchor:
        mark = etree.Element("span", {"id": anchor})
        parent.insert(parent.index(call), mark)
    parent.replace(call, footnote)


def _open_paragraph(note: etree._Element) -> None:
    """Let a note's first paragraph run on from its number: its text right in the note."""
    first = note[0] if len(note) else None
    if first is None or first.tag != "p" or (note.text or "").strip():
        return
    note.text = (first.text or "").lstrip()
    for position, child in enumerate(list(first)):
        note.insert(position, child)
    note.remove(first)


def _collapse_spaces(note: etree._Element) -> None:
    """White space made single: WeasyPrint 70 leaves it as it is in notes, line ends and all."""
    for element in note.iter():
        if any(e.tag == "pre" for e in (element, *element.iterancestors())):
            continue
        element.text = re.sub(r"[ \t\r\n]+", " ", element.text) if element.text else element.text
        if element is not note and element.tail:
            element.tail = re.sub(r"[ \t\r\n]+", " ", element.tail)


def _take_out(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    if element.tail:
        previous = element.getprevious()
        if previous is not None:
            previous.tail = (previous.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
        element.tail = None
    parent.remove(element)
