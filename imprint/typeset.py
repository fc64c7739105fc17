"""Lay one unit out: a chapter or a generated part becomes a fragment of pages.

The work of one call depends on nothing but its job, so that calls can run anywhere, at once, and
their results be kept. The worker's typecase (fonts, parsed style sheets) only saves time.
"""

from __future__ import annotations

import io
import mimetypes
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from weasyprint.urls import URLFetcher, URLFetcherResponse

from imprint import remedies, tags, weasy
from imprint.fragments import Fragment, Held, Link, element_count
from imprint.model import TextPosition
from imprint.paper import ASSET_SCHEME, FOLIO_MARK, Job, Typeset
from imprint.pictures import census
from imprint.room import MOST_DATA_BYTES, Refusal, read_inside
from imprint.typography import flaws


@dataclass
class _Worker:
    """What a process keeps between jobs."""

    cases: dict[tuple[str, ...], weasy.Typecase] = field(default_factory=dict)


_worker = _Worker()
# WeasyPrint has parts of it replaced while it works: one unit at a time in a process.
_laying_out = threading.Lock()


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
    # What layout moved stands elsewhere in the source: pages begin with the text around it.
    moved = {
        id(inner)
        for element in elements
        if tags.MOVED in element.attrib
        for inner in element.iter()
    }
    for mark, offset in _consumed(marks, elements):
        if id(elements[mark.element]) in moved:
            continue
        number = elements[mark.element].get("data-e")
        # The indent of a line of code is no place of its own: its element begins pages before.
        blank = mark.rect is None and not weasy.printable(mark.text)
        if mark.footnote or mark.pseudo or number is None or blank:
            continue
        if starts[mark.page] is not None:
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
