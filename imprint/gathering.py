"""A gathering: a placed fragment as finished PDF objects, ready to be bound into a volume.

As printers fold sheets into gatherings and sew these into a book, so a long PDF is made of parts
that are finished apart, at once and in any order, and kept. A gathering has a range of object
numbers of its own; what all share (fonts, the catalogue) has numbers known to all beforehand.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeGuard
from urllib.parse import quote

import pikepdf
from pikepdf import Array, Dictionary, Name

from imprint.fragments import Link, Placed
from imprint.paper import FOLIO_MARK
from imprint.pictures import picture_digest, pictures, unsmoothed
from imprint.stamping import Lettering, stamp
from imprint.tags import Content, Kid, LinkObject, StructureElement

# The numbers of what a volume's gatherings refer to.
CATALOG, PAGES, STRUCTURE_ROOT, DOCUMENT, FONTS, PARENT_TREE, NAMESPACE = range(1, 8)
# Where gatherings' ranges may begin: an edited chapter seldom moves the ranges after its own.
GRAIN = 1024
_PER_OBJECT_STREAM = 200
# An entry of the cross-reference stream (ISO 32000-1, 7.5.8): its type and two fields.
ENTRY = struct.Struct(">BIH")


@dataclass(frozen=True)
class Order:
    """What a gathering is made of: the fragment in its place, and the numbers of its objects.

    ``dead`` are link targets that the volume does not have; ``standard`` is "ua-1" or "ua-2";
    ``targets`` are the numbers of arrays that will name the structure elements that links lead
    to (PDF/UA-2 alone); ``images`` are the numbers of pictures, by digest, that other gatherings hold.
    """

    piece: Placed
    base: int
    lettering: Lettering
    dead: tuple[str, ...] = ()
    standard: str = "ua-1"
    targets: Mapping[str, int] = field(default_factory=dict)
    images: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Gathering:
    """Objects as they stand in the file, and what the volume must know of them.

    ``entries`` are their cross-reference entries, from ``base`` on, with offsets counted from the
    gathering's beginning. ``kids`` are the numbers of the outermost structure elements, ``ids``
    those of elements with an id, ``anchors`` those of the elements that ids of the text lead to.
    """

    base: int
    content: bytes
    entries: bytes
    pages: tuple[int, ...]
    kids: tuple[int, ...]
    ids: tuple[tuple[str, int], ...]
    anchors: tuple[tuple[str, int], ...]
    tagged: bool

    def without_bulk(self) -> Gathering:
        """What remains to be told once the objects stand in the file."""
        return replace(self, content=b"", entries=b"")

    @property
    def node(self) -> int:
        """The number of its node of the page tree."""
        return self.base

    @property
    def leaf(self) -> int:
        """The number of its leaf of the parent tree, where it is tagged."""
        return self.base + 1


def room(objects: int) -> int:
    """How many object numbers a gathering of at most so many objects takes up."""
    with_streams = objects + objects // _PER_OBJECT_STREAM + 8
    return -(-with_streams // GRAIN) * GRAIN


def gather(order: Order) -> Gathering:
    """The gathering of a placed fragment."""
    sheet = Sheet(order.base)
    piece = order.piece
    with pikepdf.open(io.BytesIO(piece.fragment.pdf)) as source:
        stamp(source, piece, order.lettering)
        copyist = Copyist(source, sheet)
        node, leaf = sheet.take(), sheet.take()
        _know_pictures(copyist, piece, order.images)
        pages = [page.obj for page in source.pages]
        numbers = [copyist.known(page) for page in pages]
        _know_shared(copyist, pages, node)
        links = _Links(sheet, piece, numbers, order.dead)
        tree = _Tree(sheet, numbers, links, order)
        kids = [tree.write(element, DOCUMENT) for element in piece.fragment.structure]
        for page, number, annotations in zip(pages, numbers, links.by_page, strict=True):
            sheet.put(number, _page(copyist, page, number, annotations, bool(tree.parents[number])))
        copyist.copy_rest()
        sheet.put(leaf, tree.leaf())
    kids_text = references(numbers)
    sheet.put(node, b"<</Type/Pages/Parent %d 0 R/Count %d/Kids[%s]>>" % (
        PAGES, len(numbers), kids_text))  # fmt: skip
    content, entries = sheet.finished()
    return Gathering(
        base=order.base,
        content=content,
        entries=entries,
        pages=tuple(numbers),
        kids=tuple(kids),
        ids=tuple(tree.ids),
        anchors=tuple(tree.anchors),
        tagged=any(tree.parents.values()),
    )


def references(numbers: Iterable[int]) -> bytes:
    """References to objects as they stand in an array."""
    return b" ".join(b"%d 0 R" % number for number in numbers)


# --- writing objects -----------------------------------------------------------------------------


class Sheet:
    """Numbered objects on their way into a file: streams one by one, the others many in a stream."""

    def __init__(self, base: int) -> None:
        self.base = self.next = base
        self.plain: dict[int, bytes] = {}
        self.streams: dict[int, bytes] = {}
        # Entries of the numbers known beforehand, if they are on this sheet.
        self.early_entries = b""

    def take(self) -> int:
        """A number for an object to come."""
        self.next += 1
        return self.next - 1

    def put(self, number: int, text: bytes) -> None:
        """An object that is no stream."""
        self.plain[number] = text

    def put_stream(self, number: int, entries: bytes, content: bytes) -> None:
        """A stream: ``entries`` are those of its dictionary but for the length."""
        self.streams[number] = b"<<%s/Length %d>>stream\n%s\nendstream" % (
            entries, len(content), content)  # fmt: skip

    def finished(self) -> tuple[bytes, bytes]:
        """The objects as bytes, and their cross-reference entries."""
        places: dict[int, tuple[int, int, int]] = {}
        numbers = sorted(self.plain)
        for start in range(0, len(numbers), _PER_OBJECT_STREAM):
            chunk = numbers[start : start + _PER_OBJECT_STREAM]
            stream = self.take()
            self._pack(stream, chunk)
            places |= {number: (2, stream, index) for index, number in enumerate(chunk)}
        content = bytearray()
        for number in sorted(self.streams):
            places[number] = (1, len(content), 0)
            content += b"%d 0 obj\n%s\nendobj\n" % (number, self.streams[number])
        unused = (0, 0, 65535)
        entries = b"".join(
            ENTRY.pack(*places.get(number, unused)) for number in range(self.base, self.next)
        )
        self.early_entries = b"".join(
            ENTRY.pack(*places.get(number, unused)) for number in range(CATALOG, NAMESPACE + 1)
        )
        return bytes(content), entries

    def _pack(self, stream: int, numbers: Sequence[int]) -> None:
        """An object stream (ISO 32000-1, 7.5.7)."""
        offsets, body = [], bytearray()
        for number in numbers:
            offsets.append(b"%d %d" % (number, len(body)))
            body += self.plain[number] + b"\n"
        head = b" ".join(offsets) + b"\n"
        entries = b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode" % (len(numbers), len(head))
        self.put_stream(stream, entries, zlib.compress(head + bytes(body), 6))


# Strings and names are skipped, so that a reference is never seen in one.
_TOKEN = re.compile(rb"\((?:\\.|[^\\)])*\)|<[0-9A-Fa-f]*>|/[^\s/<>()\[\]]*|\b(\d+) (\d+) R\b", re.S)


class Copyist:
    """Copies objects of a PDF, with all that they refer to, onto a sheet under new numbers."""

    def __init__(self, source: pikepdf.Pdf, sheet: Sheet) -> None:
        self.source = source
        self.sheet = sheet
        self.numbers: dict[tuple[int, int], int] = {}
        self.waiting: list[tuple[tuple[int, int], int]] = []

    def known(self, obj: pikepdf.Object) -> int:
        """A number for an object that the caller writes."""
        return self.numbers.setdefault(obj.objgen, self.sheet.take())

    def number(self, obj: pikepdf.Object) -> int:
        """The number of an object, which is copied if it was not met before."""
        return self._met(obj.objgen)

    def _met(self, objgen: tuple[int, int]) -> int:
        if objgen not in self.numbers:
            self.numbers[objgen] = self.sheet.take()
            self.waiting.append((objgen, self.numbers[objgen]))
        return self.numbers[objgen]

    def text(self, obj: pikepdf.Object) -> bytes:
        """An object's own text with references to the new numbers."""
        return _TOKEN.sub(self._renumbered, obj.unparse(resolved=True))

    def _renumbered(self, match: re.Match[bytes]) -> bytes:
        if match[1] is None:
            return match[0]
        return b"%d 0 R" % self._met((int(match[1]), int(match[2])))

    def copy_rest(self) -> None:
        """Write everything that was referred to so far, and what that refers to."""
        while self.waiting:
            objgen, number = self.waiting.pop()
            self._copy(self.source.get_object(objgen), number)

    def _copy(self, obj: pikepdf.Object, number: int) -> None:
        if not isinstance(obj, pikepdf.Stream):
            self.sheet.put(number, self.text(obj))
            return
        entries = obj.stream_dict
        content = obj.read_raw_bytes()
        extra = b""
        # Metadata can be read by whoever does not know PDF (ISO 16684-1, 7.3.1; see ``claims``).
        if "/Filter" not in entries and entries.get("/Type") != Name.Metadata:
            content, extra = zlib.compress(content, 6), b"/Filter/FlateDecode"
        written = dict(entries.items())
        written.pop("/Length", None)
        text = self.text(Dictionary(written))
        self.sheet.put_stream(number, text.strip()[2:-2] + extra, content)


# --- pages ---------------------------------------------------------------------------------------


def _know_pictures(copyist: Copyist, piece: Placed, elsewhere: Mapping[str, int]) -> None:
    """Number the fragment's pictures: its own first, those of other gatherings by theirs."""
    own = [digest for digest in piece.fragment.images if digest not in elsewhere]
    numbers = {**elsewhere, **{digest: copyist.sheet.take() for digest in own}}
    written: set[str] = set(elsewhere)
    for _, _, stream in pictures(copyist.source):
        if stream.objgen in copyist.numbers:
            continue
        digest = picture_digest(stream)
        copyist.numbers[stream.objgen] = numbers[digest]
        if digest not in written:
            written.add(digest)
            unsmoothed(stream)
            copyist.waiting.append((stream.objgen, numbers[digest]))


def first_picture(base: int) -> int:
    """The number of the first of a gathering's own pictures; the others follow."""
    return base + 2


def _know_shared(copyist: Copyist, pages: Sequence[pikepdf.Object], node: int) -> None:
    """Let the pages' parent be the gathering's, and their fonts the volume's."""
    for page in pages:
        if "/Parent" in page:
            copyist.numbers[page.Parent.objgen] = node
    for obj in copyist.source.objects:
        fonts = obj.get("/Resources", Dictionary()).get("/Font") if _holds(obj) else None
        if fonts is not None and fonts.is_indirect:
            copyist.numbers[fonts.objgen] = FONTS
        if _holds(obj) and obj.get("/Font") is not None and obj.Font.is_indirect:
            copyist.numbers[obj.Font.objgen] = FONTS


def _holds(obj: pikepdf.Object) -> bool:
    return isinstance(obj, pikepdf.Dictionary | pikepdf.Stream)


def _page(
    copyist: Copyist, page: pikepdf.Object, number: int, annotations: Sequence[int], tagged: bool
) -> bytes:
    """A page for the screen: cut to its trim, with its links."""
    box = page.get("/TrimBox", page.MediaBox)
    page.MediaBox = page.TrimBox = Array(list(box))
    for key in ("/BleedBox", "/Annots", "/StructParents"):
        if key in page:
            del page[key]
    # ISO 14289-1, 7.18.3: pages with annotations follow the structure's order.
    page.Tabs = Name.S
    if tagged:
        page.StructParents = number
    text = copyist.text(page)
    if annotations:
        text = text.rstrip()[:-2] + b"/Annots[%s]>>" % references(annotations)
    return text


# --- links ---------------------------------------------------------------------------------------


class _Links:
    """The fragment's link annotations: their numbers by index, None for those that lead nowhere."""

    def __init__(
        self, sheet: Sheet, piece: Placed, pages: Sequence[int], dead: Sequence[str]
    ) -> None:
        self.by_page: list[list[int]] = [[] for _ in pages]
        self.numbers: list[int | None] = []
        self.pages: list[int] = []
        for link in piece.fragment.links:
            self.pages.append(pages[link.page])
            if link.target in dead:
                self.numbers.append(None)
                continue
            number = sheet.take()
            sheet.put(number, _annotation(link, number, pages[link.page], piece.cited))
            self.by_page[link.page].append(number)
            self.numbers.append(number)


def _annotation(link: Link, number: int, page: int, cited: Mapping[str, str]) -> bytes:
    # ISO 14289-1, 7.18.5: links say in Contents where they lead; ISO 19005-2, 6.3.2: they print.
    words = re.sub(
        f"{FOLIO_MARK}([^{FOLIO_MARK}]*){FOLIO_MARK}", lambda m: cited.get(m[1], ""), link.text
    )
    rect = b" ".join(b"%g" % value for value in link.rect)
    text = (
        b"<</Type/Annot/Subtype/Link/Rect[%s]/Border[0 0 0]/F 4/P %d 0 R/Contents%s/StructParent %d"
        % (rect, page, string(words or link.target), number)
    )
    if link.target.startswith("#"):
        return text + b"/Dest%s>>" % string(link.target[1:])
    return text + b"/A<</Type/Action/S/URI/URI%s>>>>" % string(uri(link.target))


def uri(target: str) -> str:
    """The address in ASCII (ISO 32000-1, 12.6.4.7: URI is a 7-bit string)."""
    return quote(target, safe="%/:=&?~#+!$,;'@()*[]")


_ESCAPES = {ord("("): "\\(", ord(")"): "\\)", ord("\\"): "\\\\", ord("\n"): "\\n", ord("\r"): "\\r"}


def string(text: str) -> bytes:
    """A text string (ISO 32000-1, 7.9.2.2): ASCII as it is, else UTF-16."""
    if text.isascii() and text.isprintable():
        return b"(" + text.translate(_ESCAPES).encode() + b")"
    return b"<feff" + text.encode("utf-16-be").hex().encode() + b">"


# --- structure -----------------------------------------------------------------------------------


class _Tree:
    """Writes a fragment's structure elements (ISO 32000-1, 14.7), each before its kids."""

    def __init__(self, sheet: Sheet, pages: Sequence[int], links: _Links, order: Order) -> None:
        self.sheet = sheet
        self.pages = pages
        self.links = links
        self.parents: dict[int, dict[int, int]] = {page: {} for page in pages}
        self.annotations: dict[int, int] = {}
        self.ids: list[tuple[str, int]] = []
        self.anchors: list[tuple[str, int]] = []
        self.standard = order.standard
        # ISO 14289-2, 8.2.5.8: lines of the contents name what they lead to.
        self.targets = [order.targets.get(link.target) for link in order.piece.fragment.links]

    def write(self, element: StructureElement, parent: int) -> int:
        """The number of an element that was written with all that is in it."""
        number = self.sheet.take()
        page = _first_page(element)
        self.anchors += [(name, number) for name in element.anchors]
        kids = self._kids(element, number, page)
        kind, extra = _type_in(self.standard, element.type)
        parts = [b"<</Type/StructElem/S/%s/P %d 0 R%s" % (kind.encode(), parent, extra)]
        if page is not None:
            parts.append(b"/Pg %d 0 R" % self.pages[page])
        if kids:
            parts.append(b"/K[%s]" % b" ".join(kids))
        target = next((self.targets[k.index] for k in element.kids if _is_link(k)), None)
        if target:
            parts.append(b"/Ref %d 0 R" % target)
        if element.alt is not None:
            parts.append(b"/Alt" + string(element.alt))
        if element.lang:
            parts.append(b"/Lang" + string(element.lang))
        if element.expansion:
            parts.append(b"/E" + string(element.expansion))
        if element.id:
            parts.append(b"/ID" + string(element.id))
            self.ids.append((element.id, number))
        parts.append(_attributes(_in_standard(self.standard, element)) + b">>")
        self.sheet.put(number, b"".join(parts))
        return number

    def _kids(self, element: StructureElement, number: int, page: int | None) -> list[bytes]:
        written: list[bytes] = []
        before: Kid | None = None
        for kid in element.kids:
            text = self._kid(kid, number, page)
            if self.standard == "ua-2" and _is_note_after_call(before, kid):
                self._refer(written[-1], text)
            if text:
                written.append(text)
            before = kid
        return written

    def _refer(self, call: bytes, note: bytes) -> None:
        """Let a note and its call name each other (ISO 14289-2, 8.2.5.14)."""
        for one, other in ((call, note), (note, call)):
            number = int(one.split()[0])
            self.sheet.put(number, self.sheet.plain[number][:-2] + b"/Ref[%s]>>" % other)

    def _kid(self, kid: Kid, parent: int, page: int | None) -> bytes:
        if isinstance(kid, StructureElement):
            return b"%d 0 R" % self.write(kid, parent)
        if isinstance(kid, Content):
            self.parents[self.pages[kid.page]][kid.mcid] = parent
            if kid.page == page:
                return b"%d" % kid.mcid
            return b"<</Type/MCR/Pg %d 0 R/MCID %d>>" % (self.pages[kid.page], kid.mcid)
        return self._object_reference(kid, parent)

    def _object_reference(self, kid: LinkObject, parent: int) -> bytes:
        annotation = self.links.numbers[kid.index]
        if annotation is None:
            return b""
        self.annotations[annotation] = parent
        return b"<</Type/OBJR/Obj %d 0 R/Pg %d 0 R>>" % (annotation, self.links.pages[kid.index])

    def leaf(self) -> bytes:
        """The gathering's leaf of the parent tree; keys are the numbers of pages and links."""
        values: dict[int, bytes] = {}
        for page, parents in self.parents.items():
            if parents:
                row = (parents.get(mcid) for mcid in range(max(parents) + 1))
                values[page] = b"[%s]" % b" ".join(
                    b"null" if number is None else b"%d 0 R" % number for number in row
                )
        values |= {link: b"%d 0 R" % parent for link, parent in self.annotations.items()}
        if not values:
            return b"null"
        nums = b" ".join(b"%d %s" % (key, values[key]) for key in sorted(values))
        return b"<</Limits[%d %d]/Nums[%s]>>" % (min(values), max(values), nums)


# Types of the namespace of PDF 2.0 (ISO 32000-2, 14.8.6); the others are PDF 1.7's.
_IN_PDF_2 = frozenset(
    "Part Sect Div Aside P H1 H2 H3 H4 H5 H6 Title Lbl Span Em Strong Link L LI LBody Table TR TH TD "
    "THead TBody TFoot Caption Figure Formula FENote".split()
)


def _type_in(standard: str, kind: str) -> tuple[str, bytes]:
    """A structure type as the standard has it, and the entry for its namespace."""
    if standard != "ua-2":
        return kind, b""
    kind = "FENote" if kind == "Note" else kind
    return kind, b"/NS %d 0 R" % NAMESPACE if kind in _IN_PDF_2 else b""


def _in_standard(standard: str, element: StructureElement) -> StructureElement:
    """An element with the attributes that the standard wants beyond its own."""
    if standard != "ua-2":
        return element
    if element.type == "Note":
        return replace(element, attributes={**element.attributes, "NoteType": "Footnote"})
    if element.type == "L" and "ListNumbering" not in element.attributes:
        # ISO 14289-2, 8.2.5.25: lists whose items have labels say of which kind these are.
        return replace(element, attributes={**element.attributes, "ListNumbering": "Description"})
    return element


def _is_link(kid: Kid) -> TypeGuard[LinkObject]:
    return isinstance(kid, LinkObject)


def _is_note_after_call(before: Kid | None, kid: Kid) -> bool:
    return (
        isinstance(before, StructureElement)
        and isinstance(kid, StructureElement)
        and (before.type, kid.type) == ("Reference", "Note")
    )


def _first_page(element: StructureElement) -> int | None:
    for kid in element.kids:
        if isinstance(kid, Content):
            return kid.page
        if isinstance(kid, StructureElement):
            page = _first_page(kid)
            if page is not None:
                return page
    return None


def _attributes(element: StructureElement) -> bytes:
    """Attribute objects by owner (ISO 32000-1, 14.8.5)."""
    by_owner: dict[bytes, list[bytes]] = {}
    for key, value in element.attributes.items():
        owner, written = _attribute(key, value)
        by_owner.setdefault(owner, []).append(b"/%s %s" % (key.encode(), written))
    objects = [b"<</O/%s%s>>" % (owner, b"".join(own)) for owner, own in by_owner.items()]
    if not objects:
        return b""
    return b"/A" + (objects[0] if len(objects) == 1 else b"[%s]" % b"".join(objects))


def _attribute(key: str, value: object) -> tuple[bytes, bytes]:
    if key == "BBox":
        assert isinstance(value, tuple)
        return b"Layout", b"[%s]" % b" ".join(b"%g" % number for number in value)
    if key == "NoteType":
        return b"FENote", b"/" + str(value).encode()
    if key in ("ListNumbering", "Scope"):
        return (b"List" if key == "ListNumbering" else b"Table"), b"/" + str(value).encode()
    if key == "Headers":
        assert isinstance(value, tuple)
        return b"Table", b"[%s]" % b"".join(string(name) for name in value)
    return b"Table", str(value).encode()
