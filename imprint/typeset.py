"""Lay one unit out: a chapter or a generated part becomes a fragment of pages.

The work of one call depends on nothing but its job, so that calls can run anywhere, at once, and
their results be kept. The worker's typecase (fonts, parsed style sheets) only saves time.
"""

from __future__ import annotations

import copy
import io
import mimetypes
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote
from xml.etree import ElementTree

from lxml import etree
from weasyprint.urls import URLFetcher, URLFetcherResponse

from imprint import remedies, tags, weasy
from imprint.fragments import Fragment, Held, Link, element_count
from imprint.model import Chapter, TextPosition
from imprint.pictures import census
from imprint.room import MOST_DATA_BYTES, Refusal, read_inside
from imprint.typography import Flaw, flaws

ASSET_SCHEME = "asset:"
# What stands for a folio that is not known yet; most books have hundreds of pages.
UNKNOWN_FOLIO = "000"
# Stands around the id of a cited page in a link's words; XML has no such character.
FOLIO_MARK = "\0"


class Folios(Protocol):
    """What knows the folio of the page that an anchor stands on: a page map, or a guess."""

    def label(self, anchor_id: str) -> str: ...


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


@dataclass
class _Worker:
    """What a process keeps between jobs."""

    cases: dict[tuple[str, ...], weasy.Typecase] = field(default_factory=dict)


_worker = _Worker()
# WeasyPrint has parts of it replaced while it works: one unit at a time in a process.
_laying_out = threading.Lock()


# --- the chapter for paper -----------------------------------------------------------------------


def paged_body(chapter: Chapter, page_map: Folios) -> tuple[str, dict[str, str]]:
    """A chapter's section as paged editions have it, serialised, and the folios it cites."""
    body = copy.deepcopy(chapter.body)
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
    return etree.tostring(body, encoding="unicode"), cited


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


# --- laying out ----------------------------------------------------------------------------------


def typeset(job: Job) -> Typeset:
    """The unit's pages and all facts about them."""
    with _laying_out:
        return _typeset(job)


def _typeset(job: Job) -> Typeset:
    case = _typecase(job)
    case.fetcher.assets = job.assets
    root = _parse(job.html)
    document, pages = remedies.lay_out(root, ASSET_SCHEME, case)
    painted = weasy.paint(document, root)
    missing = painted.missing
    if missing:
        # A glyph that no font has would be an empty box: name the character instead.
        _spell_out(root, missing)
        document, pages = remedies.lay_out(root, ASSET_SCHEME, case)
        painted = weasy.paint(document, root)
    _leave_fonts(painted.font_files, Path(job.shelf))
    elements = list(root.iter())
    body = Held(
        pdf=painted.pdf,
        links=tuple(
            Link(link.page, link.rect, link.target, _words(elements[link.element]))
            for link in painted.links
        ),
        structure=tags.build(root, painted.marks, painted.links, job.unit),
    )
    images, objects = census(painted.pdf)
    fragment = Fragment(
        unit=job.unit,
        body=body,
        starts=page_starts(painted.marks, elements, painted.page_count),
        # A unit without an id in its text can still be pointed at: its first page's top.
        anchors={job.unit: (0, 0.0, 10_000.0), **painted.anchors},
        folios=painted.folios,
        fonts=painted.fonts,
        cites=painted.cites,
        cited=job.cited,
        targets=tuple(sorted({k.target for k in body.links if k.target.startswith("#")})),
        images=images,
        objects=objects + len(body.links) + element_count(body.structure),
    )
    return Typeset(fragment, missing, flaws(pages, elements))


def _typecase(job: Job) -> weasy.Typecase:
    """The worker's fonts and parsed style sheets for a theme."""
    key = (job.theme, *job.sheets)
    if key not in _worker.cases:
        fetcher = ClosedRoom(Path(job.theme))
        sheets = [
            (Path(sheet).read_text(encoding="utf-8"), Path(sheet).as_uri()) for sheet in job.sheets
        ]
        _worker.cases = {key: weasy.typecase(sheets, fetcher)}
    return _worker.cases[key]


class ClosedRoom(URLFetcher):
    """WeasyPrint's only door: the job's pictures, and files of the theme; nothing else."""

    def __init__(self, theme: Path) -> None:
        super().__init__()
        self.theme = theme.resolve()
        self.assets: Mapping[str, bytes] = {}

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        """The content of an address inside the room; ValueError for any other."""
        name = unquote(url.removeprefix(ASSET_SCHEME)).lstrip("/")
        if url.startswith(ASSET_SCHEME) and name in self.assets:
            content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
            return URLFetcherResponse(
                url, io.BytesIO(self.assets[name]), {"Content-Type": content_type}
            )
        if url.startswith("file:"):
            path = Path(unquote(url.removeprefix("file://")))
            content = read_inside(self.theme, path, most_bytes=MOST_DATA_BYTES)
            if not isinstance(content, Refusal):
                content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                return URLFetcherResponse(url, io.BytesIO(content), {"Content-Type": content_type})
        raise ValueError(f"{url} is outside the publication and the theme")


def _parse(html: str) -> ElementTree.Element:
    """The document as the tree that WeasyPrint works on."""
    return ElementTree.fromstring(re.sub(r"^\s*<!DOCTYPE[^>]*>", "", html, flags=re.I))


def _leave_fonts(files: Mapping[str, bytes], shelf: Path) -> None:
    for digest, content in files.items():
        target = shelf / digest
        if not target.exists():
            beside = shelf / f"{digest}.{id(content)}"
            beside.write_bytes(content)
            beside.replace(target)


def _spell_out(root: ElementTree.Element, missing: Sequence[int]) -> None:
    """Characters without a glyph as their code points: "[U+1F9FF]"."""
    table = {code: f"[U+{code:04X}]" for code in missing}
    for element in root.iter():
        if element.tag in ("style", "script"):
            continue
        element.text = element.text.translate(table) if element.text else element.text
        element.tail = element.tail.translate(table) if element.tail else element.tail


def _words(element: ElementTree.Element) -> str:
    """An element's words, or those of the pictures in it; cited folios by their ids."""
    text = " ".join("".join(_spoken(element)).split())
    return text or " ".join(filter(None, (e.get("alt") for e in element.iter("img"))))


def _spoken(element: ElementTree.Element) -> Iterator[str]:
    target = element.get("data-folio-of")
    if target is not None and not (element.text or "").strip("0"):
        yield f"{FOLIO_MARK}{target}{FOLIO_MARK}"
    else:
        yield element.text or ""
        for child in element:
            yield from _spoken(child)
            yield child.tail or ""


# --- where pages begin ---------------------------------------------------------------------------


def page_starts(
    marks: Sequence[weasy.Mark], elements: Sequence[ElementTree.Element], page_count: int
) -> tuple[TextPosition | None, ...]:
    """For each page, where in the chapter's text it begins, to the character."""
    starts: list[TextPosition | None] = [None] * page_count
    for mark, offset in _consumed(marks, elements):
        number = elements[mark.element].get("data-e")
        if mark.footnote or mark.pseudo or number is None or starts[mark.page] is not None:
            continue
        starts[mark.page] = TextPosition(int(number), offset)
    return tuple(starts)


def _consumed(
    marks: Sequence[weasy.Mark], elements: Sequence[ElementTree.Element]
) -> Iterator[tuple[weasy.Mark, int]]:
    """Each mark with the count of its element's own characters that were set before it."""
    texts: dict[int, str] = {}
    done: dict[int, int] = defaultdict(int)
    for mark in marks:
        yield mark, done[mark.element]
        if mark.pseudo or mark.rect is not None:
            continue
        if mark.element not in texts:
            texts[mark.element] = _own_text(elements[mark.element])
        text, before = texts[mark.element], done[mark.element]
        piece = weasy.printable(mark.text)
        if _matches(text, before, piece):
            done[mark.element] = before + len(piece)
        elif piece and _matches(text, before, piece[:-1]):
            # The last character is the hyphen of a word broken at the line's end.
            done[mark.element] = before + len(piece) - 1
        else:
            done[mark.element] = min(before + len(piece), len(text))


def _matches(text: str, start: int, piece: str) -> bool:
    return text[start : start + len(piece)].casefold() == piece.casefold()


def _own_text(element: ElementTree.Element) -> str:
    parts = [element.text or "", *(child.tail or "" for child in element)]
    return weasy.printable("".join(parts))
