"""Values as bytes and back: for the cache, and for the way to workers and home again.

Facts are JSON, pages are PDF. What does not have the shape that it should have raises
:class:`ValueError`, so that whoever asked makes it anew.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from imprint.diagnostics import Diagnostic, Severity
from imprint.fragments import Fragment, Link
from imprint.gathering import Gathering
from imprint.model import Chapter, Readable, TextPosition
from imprint.painted import CiteSlot, FolioSlot, FontUse
from imprint.paper import Typeset
from imprint.tags import Content, Kid, LinkObject, StructureElement
from imprint.trees import StoredTree, serialised
from imprint.typography import Flaw

_LENGTHS = struct.Struct(">II")


@dataclass(frozen=True)
class Loose:
    """Packed content in memory."""

    content: bytes

    def read(self) -> bytes:
        """The content."""
        return self.content


@dataclass(frozen=True)
class Packed:
    """A fragment's body that is unpacked when it is asked for, and not held."""

    source: Readable

    @property
    def pdf(self) -> bytes:
        """The pages."""
        return _parts(self.source.read())[2]

    @property
    def links(self) -> tuple[Link, ...]:
        """The areas that are links."""
        return tuple(
            Link(page, tuple(rect), target, text)
            for page, rect, target, text in json.loads(_parts(self.source.read())[1])[0]
        )

    @property
    def structure(self) -> tuple[StructureElement, ...]:
        """The outermost structure elements."""
        kids = json.loads(_parts(self.source.read())[1])[1]
        return tuple(_element(kid) for kid in kids)

    def in_memory(self) -> Packed:
        """The body with its content, to be sent elsewhere."""
        return Packed(Loose(self.source.read()))


@dataclass(frozen=True)
class _Middle:
    """The second part of packed content."""

    source: Readable

    def read(self) -> bytes:
        """The part."""
        return _parts(self.source.read())[1]


def _parts(content: bytes) -> tuple[bytes, bytes, bytes]:
    """Facts, structure and pages."""
    facts, structure = _LENGTHS.unpack_from(content)
    middle = _LENGTHS.size + facts
    return (
        content[_LENGTHS.size : middle],
        content[middle : middle + structure],
        content[middle + structure :],
    )


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


# --- laid-out units ------------------------------------------------------------------------------


def pack_typeset(result: Typeset) -> bytes:
    """A laid-out unit as bytes."""
    fragment = result.fragment
    facts = _json(
        {
            "unit": fragment.unit,
            "starts": [start and (start.element, start.offset) for start in fragment.starts],
            "anchors": fragment.anchors,
            "folios": [asdict(slot) for slot in fragment.folios],
            "fonts": {name: asdict(use) for name, use in fragment.fonts.items()},
            "cites": [asdict(slot) for slot in fragment.cites],
            "cited": fragment.cited,
            "targets": fragment.targets,
            "images": fragment.images,
            "objects": fragment.objects,
            "missing": result.missing,
            "flaws": [list(vars(flaw).values()) for flaw in result.flaws],
        }
    )
    links = [(link.page, link.rect, link.target, link.text) for link in fragment.links]
    structure = _json([links, [_listed(element) for element in fragment.structure]])
    return _LENGTHS.pack(len(facts), len(structure)) + facts + structure + fragment.pdf


def unpack_typeset(source: Readable, key: str) -> Typeset:
    """A laid-out unit whose bulk stays where it is."""
    try:
        facts = json.loads(_parts(source.read())[0])
        fragment = Fragment(
            unit=facts["unit"],
            body=Packed(source),
            starts=tuple(start and TextPosition(*start) for start in facts["starts"]),
            anchors={name: (int(p), x, y) for name, (p, x, y) in facts["anchors"].items()},
            folios=tuple(
                FolioSlot(**{**slot, "color": tuple(slot["color"])}) for slot in facts["folios"]
            ),
            fonts={name: _font(use) for name, use in facts["fonts"].items()},
            cites=tuple(CiteSlot(**slot) for slot in facts["cites"]),
            cited=facts["cited"],
            targets=tuple(facts["targets"]),
            images=tuple(facts["images"]),
            objects=facts["objects"],
            key=key,
        )
        flaws = tuple(Flaw(*flaw) for flaw in facts["flaws"])
        return Typeset(fragment, tuple(facts["missing"]), flaws)
    except (KeyError, TypeError, AttributeError, struct.error) as fault:
        raise ValueError(str(fault)) from fault


def _font(use: Mapping[str, Any]) -> FontUse:
    # Names and texts recur in every chapter: one object each saves most of the memory.
    return FontUse(
        **{
            **use,
            "glyphs": {int(glyph): text for glyph, text in use["glyphs"].items()},
            # Joining takes widths from the font itself.
            "widths": {},
        }
    )


def _listed(element: StructureElement) -> list[object]:
    extra = {
        name: value
        for name, value in (
            ("alt", element.alt),
            ("lang", element.lang or None),
            ("expansion", element.expansion or None),
            ("id", element.id or None),
            ("attributes", dict(element.attributes) or None),
            ("anchors", element.anchors or None),
        )
        if value is not None
    }
    return [element.type, [_listed_kid(kid) for kid in element.kids], *([extra] if extra else [])]


def _listed_kid(kid: Kid) -> object:
    if isinstance(kid, StructureElement):
        return _listed(kid)
    return [kid.page, kid.mcid] if isinstance(kid, Content) else kid.index


def _element(listed: Sequence[Any]) -> StructureElement:
    kind, kids = listed[0], tuple(_kid(kid) for kid in listed[1])
    if len(listed) == 2:
        return StructureElement(kind, kids)
    extra = dict(listed[2])
    extra["anchors"] = tuple(extra.get("anchors", ()))
    if "attributes" in extra:
        extra["attributes"] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in extra["attributes"].items()
        }
    return StructureElement(kind, kids, **extra)


def _kid(listed: Any) -> Kid:
    if isinstance(listed, int):
        return LinkObject(listed)
    if isinstance(listed[0], int):
        return Content(*listed)
    return _element(listed)


# --- gatherings ----------------------------------------------------------------------------------


def pack_gathering(gathering: Gathering) -> bytes:
    """A gathering as bytes."""
    facts = _json(
        {
            **asdict(replace(gathering, content=b"", entries=b"")),
            "content": "",
            "entries": "",
        }
    )
    lengths = _LENGTHS.pack(len(facts), len(gathering.entries))
    return lengths + facts + gathering.entries + gathering.content


def unpack_gathering(packed: bytes) -> Gathering:
    """A gathering from its bytes."""
    try:
        facts, entries, content = _parts(packed)
        known = json.loads(facts)
        return Gathering(
            base=known["base"],
            content=content,
            entries=entries,
            pages=tuple(known["pages"]),
            kids=tuple(known["kids"]),
            ids=tuple((name, number) for name, number in known["ids"]),
            anchors=tuple((name, number) for name, number in known["anchors"]),
            tagged=known["tagged"],
        )
    except (KeyError, TypeError, struct.error) as fault:
        raise ValueError(str(fault)) from fault


# --- chapters ------------------------------------------------------------------------------------


def pack_chapter(chapter: Chapter, found: Sequence[Diagnostic]) -> bytes:
    """A parsed chapter and what is wrong in it as bytes."""
    known = {name: value for name, value in vars(chapter).items() if name != "tree"}
    facts = _json([known, [list(vars(d).values()) for d in found]])
    body = serialised(chapter.body)
    return _LENGTHS.pack(len(facts), len(body)) + facts + body


def unpack_chapter(source: Readable) -> tuple[Chapter, tuple[Diagnostic, ...]]:
    """A parsed chapter whose tree stays where it is."""
    try:
        facts, _, _ = _parts(source.read())
        known, found = json.loads(facts)
        chapter = Chapter(**known, tree=StoredTree(_Middle(source)))
        return chapter, unpack_diagnostics(found)
    except (TypeError, struct.error) as fault:
        raise ValueError(str(fault)) from fault


def unpack_diagnostics(found: Sequence[Sequence[Any]]) -> tuple[Diagnostic, ...]:
    """Diagnostics from lists of their fields."""
    return tuple(Diagnostic(code, Severity(rank), *rest) for code, rank, *rest in found)
