"""Join fragments into one PDF: pages, fonts, folios, links, outline, labels and the tag tree."""

from __future__ import annotations

import datetime
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from imprint import __version__, fonts, metadata
from imprint.fragments import Fragment, Link, Placed
from imprint.model import PageMap, Publication, TocEntry
from imprint.tags import ROLE_MAP, Content, Kid, LinkObject, StructureElement
from imprint.weasy import FolioSlot, FontUse

MM = 72 / 25.4


@dataclass
class _Joining:
    """A PDF in the making."""

    pdf: pikepdf.Pdf
    uses: Mapping[str, FontUse]
    files: Mapping[str, bytes]
    pages: list[pikepdf.Page] = field(default_factory=list)
    images: dict[bytes, pikepdf.Object] = field(default_factory=dict)


def screen_pdf(
    publication: Publication,
    placed: Sequence[Placed],
    page_map: PageMap,
    toc: Sequence[TocEntry],
    font_files: Mapping[str, bytes],
    modified: datetime.datetime,
) -> bytes:
    """The PDF to read on a screen: PDF/UA-1 (ISO 14289-1) and PDF/A-2a (ISO 19005-2) in one file."""
    pdf = pikepdf.new()
    joining = joined(pdf, publication, placed, font_files)
    for page in joining.pages:
        _trim(page)
    _label_pages(pdf, page_map)
    _name_destinations(pdf, placed, joining.pages)
    _outline(pdf, toc, placed, joining.pages)
    annotations = _link(pdf, placed, joining.pages)
    _tag(pdf, publication, placed, joining.pages, annotations)
    _catalog(pdf, publication)
    metadata.describe(pdf, publication, modified, pdfua=1, pdfa=("2", "A"))
    return saved(pdf)


def joined(
    pdf: pikepdf.Pdf,
    publication: Publication,
    placed: Sequence[Placed],
    font_files: Mapping[str, bytes],
) -> _Joining:
    """The pages of all fragments in their places, with shared fonts and pictures and folios."""
    uses = fonts.merged(piece.fragment.fonts for piece in placed)
    uses = _with_folio_glyphs(uses, placed, font_files)
    joining = _Joining(pdf, uses, font_files)
    resource = fonts.embed(pdf, uses, font_files)
    for piece in placed:
        while len(pdf.pages) < piece.first - 1:
            _add_blank(pdf, publication)
        with pikepdf.open(io.BytesIO(piece.fragment.pdf)) as source:
            pdf.pages.extend(source.pages)
        _share(joining, list(pdf.pages)[piece.first - 1 :], resource, piece.fragment.fonts)
    joining.pages = list(pdf.pages)
    _stamp_folios(joining, placed)
    return joining


def saved(pdf: pikepdf.Pdf) -> bytes:
    """The finished file's bytes, the same for the same content."""
    buffer = io.BytesIO()
    pdf.save(
        buffer,
        deterministic_id=True,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        compress_streams=True,
        recompress_flate=False,
        min_version="1.7",
    )
    return buffer.getvalue()


# --- pages ---------------------------------------------------------------------------------------


def _add_blank(pdf: pikepdf.Pdf, publication: Publication) -> None:
    trim = publication.trim
    pdf.add_blank_page(page_size=(trim.width_mm * MM, trim.height_mm * MM))
    page = pdf.pages[-1]
    page.obj.TrimBox = page.obj.MediaBox


def _trim(page: pikepdf.Page) -> None:
    """Cut the bleed off: what is read on a screen ends where the paper would."""
    box = page.obj.get("/TrimBox", page.obj.MediaBox)
    page.obj.MediaBox = page.obj.TrimBox = Array(list(box))
    if "/BleedBox" in page.obj:
        del page.obj["/BleedBox"]


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
    pictures = resources_.get("/XObject", Dictionary())
    for name in list(pictures.keys()):
        stream = pictures[name]
        if stream.get("/Subtype") == Name.Form and "/Resources" in stream:
            _share_images(joining, stream.Resources)
        elif stream.get("/Subtype") == Name.Image:
            pictures[name] = joining.images.setdefault(_picture_digest(stream), stream)


def _picture_digest(stream: pikepdf.Object) -> bytes:
    """What makes a picture this picture: its samples, their format and its mask."""
    parts = []
    for part in (stream, stream.get("/SMask")):
        if part is None:
            continue
        if "/Interpolate" in part:
            # ISO 19005-2, 6.2.8: pictures are not smoothed.
            del part["/Interpolate"]
        described = [
            f"{k}={part[k]!r}" for k in sorted(part.keys()) if k not in ("/SMask", "/Length")
        ]
        parts += ["".join(described).encode(), part.read_raw_bytes()]
    return hashlib.sha256(b"\0".join(parts)).digest()


# --- folios --------------------------------------------------------------------------------------


def _with_folio_glyphs(
    uses: Mapping[str, FontUse], placed: Sequence[Placed], files: Mapping[str, bytes]
) -> dict[str, FontUse]:
    """The fonts' uses with the glyphs of the numbers that will be stamped."""
    result = dict(uses)
    for piece in placed:
        for slot in piece.fragment.folios:
            use = result[slot.font]
            shaped = fonts.shape(files[use.file], use, piece.labels[slot.page], slot.features)
            glyphs = dict(zip(shaped.glyphs, piece.labels[slot.page], strict=False))
            result[slot.font] = fonts.merged([{"": use}, {"": _using(use, glyphs)}])[""]
    return result


def _using(use: FontUse, glyphs: Mapping[int, str]) -> FontUse:
    return FontUse(**{**use.__dict__, "glyphs": glyphs, "widths": {}})


def _stamp_folios(joining: _Joining, placed: Sequence[Placed]) -> None:
    for piece in placed:
        for slot in piece.fragment.folios:
            page = joining.pages[piece.first - 1 + slot.page]
            use = joining.uses[slot.font]
            content = folio_content(slot, piece.labels[slot.page], use, joining.files[use.file])
            # WeasyPrint's own content leaves its coordinate system behind: stamp before it.
            page.contents_add(content, prepend=True)


def folio_content(slot: FolioSlot, label: str, use: FontUse, file: bytes) -> bytes:
    """The operators that set a page's number, as an artifact of pagination."""
    shaped = fonts.shape(file, use, label, slot.features)
    width = shaped.width * slot.size / 1000
    x = {"left": slot.x, "right": slot.x + slot.width - width}.get(
        slot.align, slot.x + (slot.width - width) / 2
    )
    glyphs = "".join(f"{glyph:04x}" for glyph in shaped.glyphs)
    red, green, blue = (f"{channel:.4g}" for channel in slot.color)
    return (
        f"/Artifact <</Type/Pagination/Subtype/Footer>> BDC q BT {red} {green} {blue} rg "
        f"/{slot.font} {slot.size:.3f} Tf {x:.3f} {slot.baseline:.3f} Td <{glyphs}> Tj ET Q EMC\n"
    ).encode()


# --- navigation ----------------------------------------------------------------------------------


def _label_pages(pdf: pikepdf.Pdf, page_map: PageMap) -> None:
    """Page labels (ISO 32000-1, 12.4.2): a new range wherever the numbering changes its kind."""
    ranges: list[object] = []
    before = ("", 0)
    for index, page in enumerate(page_map.pages):
        kind, value = _numbering(page.label)
        if (kind, value) != (before[0], before[1] + 1) or not kind:
            ranges += [index, _label_range(kind, value, page.label)]
        before = (kind, value)
    pdf.Root.PageLabels = Dictionary(Nums=Array(ranges))


def _numbering(label: str) -> tuple[str, int]:
    from imprint.pagemap import _from_roman, roman

    if label.isdigit():
        return "D", int(label)
    value = _from_roman(label)
    return ("r", value) if value and roman(value) == label else ("", 0)


def _label_range(kind: str, value: int, label: str) -> Dictionary:
    if kind:
        return Dictionary(S=Name(f"/{kind}"), St=value)
    return Dictionary(P=String(label)) if label else Dictionary()


def _name_destinations(
    pdf: pikepdf.Pdf, placed: Sequence[Placed], pages: Sequence[pikepdf.Page]
) -> None:
    """A named destination for every id, so that ``book.pdf#map`` works (12.3.2.3)."""
    names: dict[bytes, Array] = {}
    for piece in placed:
        for anchor, (index, x, y) in piece.fragment.anchors.items():
            page = pages[piece.first - 1 + index]
            names.setdefault(
                bytes(String(anchor)), Array([page.obj, Name.XYZ, round(x, 2), round(y, 2), 0])
            )
    flat: list[object] = []
    for name in sorted(names):
        flat += [String(name.decode("utf-8", "replace")) if _ascii(name) else name, names[name]]
    pdf.Root.Names = Dictionary(
        Dests=pdf.make_indirect(
            Dictionary(
                Kids=Array([_name_leaf(pdf, flat[n : n + 128]) for n in range(0, len(flat), 128)])
            )
            if flat
            else Dictionary(Names=Array())
        )
    )


def _ascii(name: bytes) -> bool:
    return all(byte < 128 for byte in name)


def _name_leaf(pdf: pikepdf.Pdf, flat: list[object]) -> pikepdf.Object:
    return pdf.make_indirect(Dictionary(Limits=Array([flat[0], flat[-2]]), Names=Array(flat)))


def _outline(
    pdf: pikepdf.Pdf,
    toc: Sequence[TocEntry],
    placed: Sequence[Placed],
    pages: Sequence[pikepdf.Page],
) -> None:
    """The outline: the contents with all headings, closed below the chapters."""
    targets = {
        anchor: (piece.first - 1 + index, y)
        for piece in placed
        for anchor, (index, _, y) in piece.fragment.anchors.items()
    }

    def item(entry: TocEntry) -> pikepdf.OutlineItem | None:
        if entry.id not in targets:
            return None
        index, y = targets[entry.id]
        title = f"{entry.number} {entry.title}".strip()
        made = pikepdf.OutlineItem(title, index, "XYZ", left=0, top=y, zoom=0)
        made.children.extend(child for child in map(item, entry.children) if child)
        made.is_closed = True
        return made

    with pdf.open_outline() as outline:
        outline.root.extend(made for made in map(item, toc) if made)


def _link(
    pdf: pikepdf.Pdf, placed: Sequence[Placed], pages: Sequence[pikepdf.Page]
) -> list[list[pikepdf.Object | None]]:
    """Link annotations, by fragment and index; None where a target does not exist."""
    known = {anchor for piece in placed for anchor in piece.fragment.anchors}
    result: list[list[pikepdf.Object | None]] = []
    for piece in placed:
        made: list[pikepdf.Object | None] = []
        for link in piece.fragment.links:
            page = pages[piece.first - 1 + link.page]
            annotation = _annotation(link, page, known)
            if annotation is None:
                made.append(None)
                continue
            reference = pdf.make_indirect(annotation)
            if "/Annots" not in page.obj:
                page.obj.Annots = Array()
            page.obj.Annots.append(reference)
            made.append(reference)
        result.append(made)
    return result


def _annotation(link: Link, page: pikepdf.Page, known: set[str]) -> Dictionary | None:
    annotation = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Link,
        Rect=Array(link.rect),
        Border=Array([0, 0, 0]),
        # ISO 19005-2, 6.3.2: annotations print.
        F=4,
        P=page.obj,
        # ISO 14289-1, 7.18.5: links say in Contents where they lead.
        Contents=String(link.text or link.target),
    )
    if link.target.startswith("#"):
        if link.target[1:] not in known:
            return None
        annotation.Dest = String(link.target[1:])
    else:
        annotation.A = Dictionary(Type=Name.Action, S=Name.URI, URI=String(_uri(link.target)))
    return annotation


def _uri(target: str) -> str:
    """The address in ASCII (ISO 32000-1, 12.6.4.7: URI is a 7-bit string)."""
    from urllib.parse import quote

    return quote(target, safe="%/:=&?~#+!$,;'@()*[]")


# --- structure -----------------------------------------------------------------------------------


@dataclass
class _Tagging:
    """The tag tree in the making: parents by page and annotation, elements with an id."""

    pdf: pikepdf.Pdf
    page_parents: list[dict[int, pikepdf.Object]]
    annotation_parents: list[pikepdf.Object] = field(default_factory=list)
    ids: dict[str, pikepdf.Object] = field(default_factory=dict)


def _tag(
    pdf: pikepdf.Pdf,
    publication: Publication,
    placed: Sequence[Placed],
    pages: Sequence[pikepdf.Page],
    annotations: Sequence[Sequence[pikepdf.Object | None]],
) -> None:
    """The structure tree with its parent tree (ISO 32000-1, 14.7)."""
    root = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    document = pdf.make_indirect(
        Dictionary(Type=Name.StructElem, S=Name.Document, P=root, Lang=String(publication.lang))
    )
    tagging = _Tagging(pdf, [{} for _ in pages])
    kids = Array()
    for piece, made in zip(placed, annotations, strict=True):
        span = pages[piece.first - 1 : piece.first - 1 + piece.fragment.page_count]
        parents = tagging.page_parents[piece.first - 1 : piece.first - 1 + len(span)]
        writer = _TreeWriter(tagging, [p.obj for p in span], parents, made, len(pages))
        for element in piece.fragment.structure:
            kids.append(writer.write(element, document))
    document.K = kids
    root.K = Array([document])
    root.RoleMap = Dictionary({f"/{own}": Name(f"/{known}") for own, known in ROLE_MAP.items()})
    root.ParentTree = _parent_tree(tagging, pages)
    root.ParentTreeNextKey = len(pages) + len(tagging.annotation_parents)
    if tagging.ids:
        flat: list[object] = []
        for name in sorted(tagging.ids):
            flat += [String(name), tagging.ids[name]]
        root.IDTree = Dictionary(
            Kids=Array([_name_leaf(pdf, flat[n : n + 128]) for n in range(0, len(flat), 128)])
        )
    pdf.Root.StructTreeRoot = root


def _parent_tree(tagging: _Tagging, pages: Sequence[pikepdf.Page]) -> pikepdf.Object:
    nums: list[object] = []
    for index, (page, parents) in enumerate(zip(pages, tagging.page_parents, strict=True)):
        # ISO 14289-1, 7.18.3: pages with annotations follow the structure's order.
        page.obj.Tabs = Name.S
        if parents:
            page.obj.StructParents = index
            row = [parents.get(mcid) for mcid in range(max(parents) + 1)]
            nums += [index, tagging.pdf.make_indirect(Array(row))]
        elif "/StructParents" in page.obj:
            del page.obj["/StructParents"]
    for offset, parent in enumerate(tagging.annotation_parents):
        nums += [len(pages) + offset, parent]
    leaves = [nums[n : n + 256] for n in range(0, len(nums), 256)]
    make = tagging.pdf.make_indirect
    kids = [
        make(Dictionary(Limits=Array([leaf[0], leaf[-2]]), Nums=Array(leaf))) for leaf in leaves
    ]
    return make(Dictionary(Kids=Array(kids)) if kids else Dictionary(Nums=Array()))


@dataclass
class _TreeWriter:
    """Writes one fragment's structure elements."""

    tagging: _Tagging
    pages: Sequence[pikepdf.Object]
    parents: Sequence[dict[int, pikepdf.Object]]
    annotations: Sequence[pikepdf.Object | None]
    first_key: int

    def write(self, element: StructureElement, parent: pikepdf.Object) -> pikepdf.Object:
        made = self.tagging.pdf.make_indirect(
            Dictionary(Type=Name.StructElem, S=Name(f"/{element.type}"), P=parent)
        )
        page = _first_page(element)
        if page is not None:
            made.Pg = self.pages[page]
        kids = [k for k in (self._kid(kid, made, page) for kid in element.kids) if k is not None]
        if kids:
            made.K = Array(kids)
        if element.alt is not None:
            made.Alt = String(element.alt)
        if element.lang:
            made.Lang = String(element.lang)
        if element.expansion:
            made.E = String(element.expansion)
        if element.id:
            made.ID = String(element.id)
            self.tagging.ids[element.id] = made
        attributes = _attribute_objects(element)
        if attributes:
            made.A = attributes[0] if len(attributes) == 1 else Array(attributes)
        return made

    def _kid(self, kid: Kid, parent: pikepdf.Object, page: int | None) -> object:
        if isinstance(kid, StructureElement):
            return self.write(kid, parent)
        if isinstance(kid, Content):
            self.parents[kid.page][kid.mcid] = parent
            if kid.page == page:
                return kid.mcid
            return Dictionary(Type=Name.MCR, Pg=self.pages[kid.page], MCID=kid.mcid)
        return self._object_reference(kid, parent)

    def _object_reference(self, kid: LinkObject, parent: pikepdf.Object) -> Dictionary | None:
        annotation = self.annotations[kid.index]
        if annotation is None:
            return None
        annotation.StructParent = self.first_key + len(self.tagging.annotation_parents)
        self.tagging.annotation_parents.append(parent)
        return Dictionary(Type=Name.OBJR, Obj=annotation, Pg=annotation.P)


def _first_page(element: StructureElement) -> int | None:
    for kid in element.kids:
        if isinstance(kid, Content):
            return kid.page
        if isinstance(kid, StructureElement):
            page = _first_page(kid)
            if page is not None:
                return page
    return None


def _attribute_objects(element: StructureElement) -> list[Dictionary]:
    """Attribute objects by owner (ISO 32000-1, 14.8.5)."""
    by_owner: dict[str, Dictionary] = {}
    for key, value in element.attributes.items():
        owner, written = _attribute(key, value)
        by_owner.setdefault(owner, Dictionary(O=Name(f"/{owner}")))[f"/{key}"] = written
    return list(by_owner.values())


def _attribute(key: str, value: object) -> tuple[str, object]:
    if key == "BBox":
        assert isinstance(value, tuple)
        return "Layout", Array(list(value))
    if key == "ListNumbering":
        return "List", Name(f"/{value}")
    if key == "Scope":
        return "Table", Name(f"/{value}")
    if key == "Headers":
        assert isinstance(value, tuple)
        return "Table", Array([String(name) for name in value])
    return "Table", value


def _catalog(pdf: pikepdf.Pdf, publication: Publication) -> None:
    """What a reader is told on opening: language, title bar, marks, colours."""
    root = pdf.Root
    root.Lang = String(publication.lang)
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
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


def producer() -> str:
    """The name under which files say what made them."""
    return f"Imprint {__version__}"


__all__ = ["Fragment", "folio_content", "joined", "producer", "saved", "screen_pdf"]
