"""Join fragments into one PDF: pages, fonts, folios, links, outline, labels and the tag tree.

The screen PDF is bound from gatherings (see ``gathering``) one after another, so that neither the
time nor the memory that joining takes grows with what was laid out before.
"""

from __future__ import annotations

import datetime
import hashlib
import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from itertools import pairwise
from typing import BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from imprint import __version__, fonts, metadata
from imprint.fragments import Placed
from imprint.gathering import (
    CATALOG,
    DOCUMENT,
    ENTRY,
    FONTS,
    GRAIN,
    NAMESPACE,
    PAGES,
    PARENT_TREE,
    STRUCTURE_ROOT,
    Copyist,
    Gathering,
    Order,
    Sheet,
    first_picture,
    gather,
    references,
    room,
    string,
)
from imprint.model import PageMap, Publication, TocEntry
from imprint.pagemap import from_roman, roman
from imprint.painted import FontUse
from imprint.pictures import picture_digest, unsmoothed
from imprint.stamping import lettering, stamp, used_fonts
from imprint.tags import ROLE_MAP
from imprint.words import direction

MM = 72 / 25.4
Gatherer = Callable[[Iterable[Order]], Iterable[Gathering]]
_LEAF = 64


def gathered_here(orders: Iterable[Order]) -> Iterable[Gathering]:
    """The gatherings made by this process, one after another."""
    return map(gather, orders)


# --- the screen PDF ------------------------------------------------------------------------------


def screen_pdf(
    target: BinaryIO,
    publication: Publication,
    placed: Sequence[Placed],
    page_map: PageMap,
    toc: Sequence[TocEntry],
    font_files: Mapping[str, bytes],
    modified: datetime.datetime,
    gatherer: Gatherer = gathered_here,
) -> None:
    """Write the PDF to read on a screen: PDF/UA-1 (ISO 14289-1) and PDF/A-2a (ISO 19005-2).

    ``gatherer`` has gatherings made, anywhere, and gives them in the orders' order.
    """
    uses = used_fonts(placed, font_files)
    orders, end, targets = _orders(placed, uses, font_files, publication.pdf_standard)
    volume = _Volume(target, end, publication.pdf_standard, targets)
    for gathering in gatherer(orders):
        volume.add(gathering)
    volume.close(publication, placed, page_map, toc, (uses, font_files), modified)


def _orders(
    placed: Sequence[Placed],
    uses: Mapping[str, FontUse],
    files: Mapping[str, bytes],
    standard: str,
) -> tuple[Iterator[Order], int, dict[str, int]]:
    """What each gathering is made of, and the first object number after all of them.

    From this number on stand, for PDF/UA-2, the arrays that name what links lead to.
    """
    known = {anchor for piece in placed for anchor in piece.fragment.anchors}
    bases = [GRAIN]
    owners: dict[str, int] = {}
    for piece in placed:
        own = [digest for digest in piece.fragment.images if digest not in owners]
        first = first_picture(bases[-1])
        owners |= {digest: first + n for n, digest in enumerate(own)}
        bases.append(bases[-1] + room(piece.fragment.objects + 2 * piece.fragment.page_count))

    cited = {t for piece in placed for t in piece.fragment.targets if t[1:] in known}
    newer = standard == "ua-2"
    targets = {t: bases[-1] + n for n, t in enumerate(sorted(cited))} if newer else {}

    def orders() -> Iterator[Order]:
        for piece, (base, following) in zip(placed, pairwise(bases), strict=True):
            fragment = piece.fragment
            yield Order(
                piece,
                base,
                lettering(piece, uses, files),
                tuple(sorted(t for t in fragment.targets if t[1:] not in known)),
                standard,
                {t: targets[t] for t in fragment.targets if t in targets},
                {
                    digest: owners[digest]
                    for digest in fragment.images
                    if not base <= owners[digest] < following
                },
            )

    return orders(), bases[-1], targets


@dataclass
class _Volume:
    """A PDF being written: what stands in the file so far, and what its end must tell."""

    target: BinaryIO
    end: int
    standard: str = "ua-1"
    targets: Mapping[str, int] = field(default_factory=dict)
    position: int = 0
    gatherings: list[Gathering] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.digest = hashlib.sha256()
        self.entries = bytearray(ENTRY.pack(0, 0, 65535) * GRAIN)
        version = b"2.0" if self.standard == "ua-2" else b"1.7"
        self._write(b"%PDF-" + version + b"\n%\xe2\xe3\xcf\xd3\n")

    def _write(self, content: bytes) -> None:
        self.target.write(content)
        self.digest.update(content)
        self.position += len(content)

    def add(self, gathering: Gathering) -> None:
        """Write a gathering; those before it have lower numbers."""
        self._place(gathering.base, gathering.entries)
        self._write(gathering.content)
        # The bulk is in the file; what follows needs the rest.
        self.gatherings.append(gathering.without_bulk())

    def _place(self, base: int, entries: bytes) -> None:
        """Enter objects in the cross-reference table, with offsets counted from the file's start."""
        unused = base - len(self.entries) // ENTRY.size
        self.entries += ENTRY.pack(0, 0, 65535) * unused
        self.entries += self._moved(entries)

    def _moved(self, entries: bytes) -> bytes:
        """Entries with the offsets that they have when their objects are written next."""
        rows = (
            (kind, place + self.position if kind == 1 else place, last)
            for kind, place, last in ENTRY.iter_unpack(entries)
        )
        return b"".join(ENTRY.pack(*row) for row in rows)

    def close(
        self,
        publication: Publication,
        placed: Sequence[Placed],
        page_map: PageMap,
        toc: Sequence[TocEntry],
        lettered: tuple[Mapping[str, FontUse], Mapping[str, bytes]],
        modified: datetime.datetime,
    ) -> None:
        """Write all that gatherings share, and the file's end."""
        sheet = Sheet(self.end)
        elements = _elements(self.gatherings) if self.standard == "ua-2" else {}
        for target in sorted(self.targets):
            sheet.put(sheet.take(), b"[%d 0 R]" % _element_of(target[1:], placed, elements))
        catalog = _shared_objects(sheet, publication, lettered, modified)
        pages = _page_tree(sheet, publication, placed, self.gatherings)
        catalog["/PageLabels"] = _page_labels(page_map)
        dests = _destinations(sheet, placed, pages, elements)
        catalog["/Names"] = b"<</Dests %d 0 R>>" % dests
        outline = _outline(sheet, toc, placed, pages, elements)
        if outline:
            catalog["/Outlines"] = b"%d 0 R" % outline
        _structure(sheet, publication, self.gatherings)
        # ISO 19005-4, 6.1.3: PDF 2.0 says everything in its XMP.
        information = b"/Info " + catalog.pop("/Info") if self.standard == "ua-1" else b""
        catalog.pop("/Info", None)
        # Not packed into an object stream: see ``claims``.
        sheet.streams[CATALOG] = b"<<%s>>" % b"".join(
            key.encode() + (b"" if value[:1] == b"/" else b" ") + value
            for key, value in catalog.items()
        )
        self._finish(sheet, information)

    def _finish(self, sheet: Sheet, information: bytes) -> None:
        content, entries = sheet.finished()
        first = CATALOG * ENTRY.size
        # What has a number known beforehand stands in the table's first rows.
        own = self._moved(sheet.early_entries)
        self.entries[first : first + len(own)] = own
        self._place(self.end, entries)
        self._write(content)
        number, start = len(self.entries) // ENTRY.size, self.position
        self.entries += ENTRY.pack(1, start, 0)
        identity = self.digest.hexdigest()[:32].encode()
        table = _predicted(bytes(self.entries))
        self._write(
            b"%d 0 obj\n<</Type/XRef/Size %d/W[1 4 2]/Root %d 0 R%s/ID[<%s><%s>]"
            b"/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns %d>>/Length %d>>stream\n"
            % (
                number, number + 1, CATALOG, information, identity, identity, ENTRY.size,
                len(table),
            )
            + table
            + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start
        )  # fmt: skip


def _predicted(rows: bytes) -> bytes:
    """Rows as differences from the row above (PNG's "Up"), compressed: a tenth of the size."""
    width = ENTRY.size
    above = bytes(width) + rows[:-width]
    # All bytes are subtracted at once: the high bits are kept apart, so that nothing is borrowed.
    high = int.from_bytes(b"\x80" * len(rows))
    x, y = int.from_bytes(rows), int.from_bytes(above)
    difference = (((x | high) - (y & ~high)) ^ ((x ^ ~y) & high)).to_bytes(len(rows))
    count = len(rows) // width
    tagged = bytearray(count * (width + 1))
    tagged[:: width + 1] = b"\2" * count
    for column in range(width):
        tagged[column + 1 :: width + 1] = difference[column::width]
    return zlib.compress(bytes(tagged), 9)


def _shared_objects(
    sheet: Sheet,
    publication: Publication,
    lettered: tuple[Mapping[str, FontUse], Mapping[str, bytes]],
    modified: datetime.datetime,
) -> dict[str, bytes]:
    """Fonts, description and colours on the sheet; the catalogue's entries so far."""
    pdf = pikepdf.new()
    resource = fonts.embed(pdf, *lettered)
    if publication.pdf_standard == "ua-2":
        metadata.describe(pdf, publication, modified, pdfua=2, pdfa=("4", ""))
    else:
        metadata.describe(pdf, publication, modified, pdfua=1, pdfa=("2", "A"))
    _catalog(pdf, publication)
    copyist = Copyist(pdf, sheet)
    copyist.numbers[resource.objgen] = FONTS
    sheet.put(FONTS, copyist.text(resource))
    information = b"%d 0 R" % copyist.number(pdf.trailer.Info)
    del pdf.Root["/Pages"]
    catalog = {}
    for key in sorted(pdf.Root.keys()):
        value = pdf.Root[key]
        catalog[key] = (
            b"%d 0 R" % copyist.number(value) if value.is_indirect else copyist.text(value)
        )
    copyist.copy_rest()
    catalog |= {
        "/Pages": b"%d 0 R" % PAGES,
        "/StructTreeRoot": b"%d 0 R" % STRUCTURE_ROOT,
        "/Info": information,
    }
    return catalog


def _page_tree(
    sheet: Sheet,
    publication: Publication,
    placed: Sequence[Placed],
    gatherings: Sequence[Gathering],
) -> list[int]:
    """The page tree's root; the numbers of all pages in order, blank ones among them."""
    trim = publication.trim
    box = b"[0 0 %g %g]" % (round(trim.width_mm * MM, 3), round(trim.height_mm * MM, 3))
    kids: list[int] = []
    pages: list[int] = []
    for piece, gathering in zip(placed, gatherings, strict=True):
        while len(pages) < piece.first - 1:
            blank = sheet.take()
            sheet.put(
                blank,
                b"<</Type/Page/Parent %d 0 R/MediaBox%s/TrimBox%s/Tabs/S/Resources<<>>>>"
                % (PAGES, box, box),
            )
            kids.append(blank)
            pages.append(blank)
        kids.append(gathering.node)
        pages += gathering.pages
    sheet.put(PAGES, b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), references(kids)))
    return pages


def _page_labels(page_map: PageMap) -> bytes:
    """Page labels (ISO 32000-1, 12.4.2): a new range wherever the numbering changes its kind."""
    ranges: list[bytes] = []
    before = ("", 0)
    for index, page in enumerate(page_map.pages):
        kind, value = _numbering(page.label)
        if (kind, value) != (before[0], before[1] + 1) or not kind:
            ranges.append(b"%d %s" % (index, _label_range(kind, value, page.label)))
        before = (kind, value)
    return b"<</Nums[%s]>>" % b" ".join(ranges)


def _numbering(label: str) -> tuple[str, int]:
    if label.isdigit():
        return "D", int(label)
    value = from_roman(label)
    return ("r", value) if value and roman(value) == label else ("", 0)


def _label_range(kind: str, value: int, label: str) -> bytes:
    if kind:
        return b"<</S/%s/St %d>>" % (kind.encode(), value)
    return b"<</P%s>>" % string(label) if label else b"<<>>"


def _elements(gatherings: Sequence[Gathering]) -> dict[str, int]:
    """The structure element of every id; a unit's first where the id has none of its own."""
    return {name: number for gathering in gatherings for name, number in gathering.anchors}


def _element_of(anchor: str, placed: Sequence[Placed], elements: Mapping[str, int]) -> int:
    """The structure element of an id, or of the unit that has it."""
    units = (piece.fragment.unit for piece in placed if anchor in piece.fragment.anchors)
    return elements.get(anchor) or elements.get(next(units, ""), DOCUMENT)


def _destinations(
    sheet: Sheet, placed: Sequence[Placed], pages: Sequence[int], elements: Mapping[str, int]
) -> int:
    """A named destination for every id, so that ``book.pdf#map`` works (12.3.2.3).

    Where ``elements`` are given they lead to these as well (ISO 14289-2, 8.8).
    """
    names: dict[bytes, tuple[bytes, bytes]] = {}
    for piece in placed:
        for anchor, (index, x, y) in piece.fragment.anchors.items():
            page = pages[piece.first - 1 + index]
            where = b"[%d 0 R/XYZ %g %g 0]" % (page, round(x, 2), round(y, 2))
            if elements:
                element = _element_of(anchor, (piece,), elements)
                structured = b"[%d 0 R/XYZ %g %g 0]" % (element, round(x, 2), round(y, 2))
                where = b"<</D%s/SD%s>>" % (where, structured)
            names.setdefault(bytes(String(anchor)), (string(anchor), where))
    return _name_tree(sheet, names)


def _name_tree(sheet: Sheet, names: Mapping[bytes, tuple[bytes, bytes]]) -> int:
    """A name tree (7.9.6): keys in the order of their bytes, with the values."""
    root = sheet.take()
    ordered = [names[key] for key in sorted(names)]
    leaves = []
    for start in range(0, len(ordered), _LEAF):
        chunk = ordered[start : start + _LEAF]
        leaves.append(sheet.take())
        pairs = b"".join(name + b" " + value for name, value in chunk)
        limits = chunk[0][0] + chunk[-1][0]
        sheet.put(leaves[-1], b"<</Limits[%s]/Names[%s]>>" % (limits, pairs))
    kids = b"<</Kids[%s]>>" % references(leaves) if leaves else b"<</Names[]>>"
    sheet.put(root, kids)
    return root


def _outline(
    sheet: Sheet,
    toc: Sequence[TocEntry],
    placed: Sequence[Placed],
    pages: Sequence[int],
    elements: Mapping[str, int],
) -> int:
    """The outline: the contents with all headings, closed below the chapters; 0 if empty."""
    targets = {
        anchor: (pages[piece.first - 1 + index], y)
        for piece in placed
        for anchor, (index, _, y) in piece.fragment.anchors.items()
    }

    def items(entries: Sequence[TocEntry], parent: int) -> list[int]:
        shown = [entry for entry in entries if entry.id in targets]
        numbers = [sheet.take() for _ in shown]
        for n, (entry, number) in enumerate(zip(shown, numbers, strict=True)):
            page, y = targets[entry.id]
            title = f"{entry.number} {entry.title}".strip()
            where = b"[%d 0 R/XYZ 0 %g 0]" % (page, round(y, 2))
            dest = b"/Dest" + (string(entry.id) if elements else where)
            text = b"<</Title%s/Parent %d 0 R%s" % (string(title), parent, dest)
            if n:
                text += b"/Prev %d 0 R" % numbers[n - 1]
            if n + 1 < len(numbers):
                text += b"/Next %d 0 R" % numbers[n + 1]
            sheet.put(number, text + _kin(items(entry.children, number), sign=-1) + b">>")
        return numbers

    root = sheet.take()
    top = items(toc, root)
    sheet.put(root, b"<</Type/Outlines%s>>" % _kin(top, sign=1))
    return root if top else 0


def _kin(numbers: Sequence[int], *, sign: int) -> bytes:
    """An item's first, last and count; a negative count means closed (ISO 32000-1, 12.3.3)."""
    if not numbers:
        return b""
    return b"/First %d 0 R/Last %d 0 R/Count %d" % (numbers[0], numbers[-1], sign * len(numbers))


def _structure(sheet: Sheet, publication: Publication, gatherings: Sequence[Gathering]) -> None:
    """The structure tree's root with its parent tree (ISO 32000-1, 14.7)."""
    kids = [kid for gathering in gatherings for kid in gathering.kids]
    newer = publication.pdf_standard == "ua-2"
    space = b"/NS %d 0 R" % NAMESPACE if newer else b""
    sheet.put(
        DOCUMENT,
        b"<</Type/StructElem/S/Document/P %d 0 R%s/Lang%s/K[%s]>>"
        % (STRUCTURE_ROOT, space, string(publication.lang), references(kids)),
    )
    if newer:
        sheet.put(NAMESPACE, b"<</Type/Namespace/NS(http://iso.org/pdf2/ssn)>>")
    leaves = [gathering.leaf for gathering in gatherings if gathering.tagged]
    sheet.put(
        PARENT_TREE,
        b"<</Kids[%s]>>" % references(leaves) if leaves else b"<</Nums[]>>",
    )
    ids = {
        bytes(String(name)): (string(name), b"%d 0 R" % number)
        for gathering in gatherings
        for name, number in gathering.ids
    }
    named = b"/IDTree %d 0 R" % _name_tree(sheet, ids) if ids else b""
    own_types = {} if newer else ROLE_MAP
    roles = b"".join(b"/%s/%s" % (own.encode(), known.encode()) for own, known in own_types.items())
    spaces = b"/Namespaces[%d 0 R]" % NAMESPACE if newer else b""
    sheet.put(
        STRUCTURE_ROOT,
        b"<</Type/StructTreeRoot/K[%d 0 R]/ParentTree %d 0 R/ParentTreeNextKey %d"
        b"/RoleMap<<%s>>%s%s>>" % (DOCUMENT, PARENT_TREE, sheet.base, roles, named, spaces),
    )


def _catalog(pdf: pikepdf.Pdf, publication: Publication) -> None:
    """What a reader is told on opening: language, title bar, marks, colours."""
    root = pdf.Root
    root.Lang = String(publication.lang)
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    if direction(publication.lang) == "rtl":
        root.ViewerPreferences.Direction = Name.R2L
    root.MarkInfo = Dictionary(Marked=True)
    root.PageMode = Name.UseOutlines
    root.PageLayout = Name.TwoPageRight
    profile = pikepdf.Stream(
        pdf, (resources.files("weasyprint") / "pdf" / "sRGB2014.icc").read_bytes()
    )
    profile.N = 3
    root.OutputIntents = Array(
        [
            Dictionary(
                Type=Name.OutputIntent,
                S=Name.GTS_PDFA1,
                OutputConditionIdentifier=String("sRGB"),
                Info=String("sRGB IEC61966-2.1"),
                DestOutputProfile=pdf.make_indirect(profile),
            )
        ]
    )


# --- pages of other editions ---------------------------------------------------------------------


@dataclass
class _Joining:
    """A PDF in the making."""

    pdf: pikepdf.Pdf
    uses: Mapping[str, FontUse]
    files: Mapping[str, bytes]
    pages: list[pikepdf.Page] = field(default_factory=list)
    images: dict[str, pikepdf.Object] = field(default_factory=dict)


def joined(
    pdf: pikepdf.Pdf,
    publication: Publication,
    placed: Sequence[Placed],
    font_files: Mapping[str, bytes],
) -> _Joining:
    """The pages of all fragments in their places, with shared fonts and pictures and folios."""
    uses = used_fonts(placed, font_files)
    joining = _Joining(pdf, uses, font_files)
    resource = fonts.embed(pdf, uses, font_files)
    for piece in placed:
        while len(pdf.pages) < piece.first - 1:
            _add_blank(pdf, publication)
        with pikepdf.open(io.BytesIO(piece.fragment.pdf)) as source:
            stamp(source, piece, lettering(piece, uses, font_files))
            pdf.pages.extend(source.pages)
        _share(joining, list(pdf.pages)[piece.first - 1 :], resource, piece.fragment.fonts)
    joining.pages = list(pdf.pages)
    return joining


def _add_blank(pdf: pikepdf.Pdf, publication: Publication) -> None:
    trim = publication.trim
    pdf.add_blank_page(page_size=(trim.width_mm * MM, trim.height_mm * MM))
    page = pdf.pages[-1]
    page.obj.TrimBox = page.obj.MediaBox


def _share(
    joining: _Joining,
    pages: Sequence[pikepdf.Page],
    resource: pikepdf.Object,
    used: Mapping[str, FontUse],
) -> None:
    """Give a fragment's pages the book's fonts, and pictures that others have stored already."""
    seen: set[tuple[int, int]] = set()
    for page in pages:
        resources_ = page.obj.get("/Resources")
        if resources_ is None or resources_.objgen in seen:
            continue
        seen.add(resources_.objgen)
        own_fonts = resources_.get("/Font")
        if own_fonts is not None:
            # The fragment's forms and patterns refer to the same dictionary: fill it in place.
            for name in {*own_fonts.keys(), *(f"/{name}" for name in used)}:
                if name in resource:
                    own_fonts[name] = resource[name]
                else:
                    del own_fonts[name]
        _share_images(joining, resources_)


def _share_images(joining: _Joining, resources_: pikepdf.Object) -> None:
    """Let equal pictures be one, in pages and in the forms on them."""
    drawings = resources_.get("/XObject", Dictionary())
    for name in list(drawings.keys()):
        stream = drawings[name]
        if stream.get("/Subtype") == Name.Form and "/Resources" in stream:
            _share_images(joining, stream.Resources)
        elif stream.get("/Subtype") == Name.Image:
            digest = picture_digest(stream)
            drawings[name] = joining.images.setdefault(digest, unsmoothed(stream))


def producer() -> str:
    """The name under which files say what made them."""
    return f"Imprint {__version__}"


__all__ = ["MM", "joined", "producer", "screen_pdf"]
