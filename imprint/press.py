"""The print edition: PDF/X-4 (ISO 15930-7) with bleed, marks and inks, and the cover's sheet."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from imprint import fonts, metadata
from imprint.assemble import MM, joined
from imprint.colours import OutputCondition, Separator, output_condition
from imprint.diagnostics import Diagnostic, warning
from imprint.fragments import Placed
from imprint.marks import SLUG_SIZE_PT, Slug, marks, slug_line
from imprint.model import PageMap, Publication
from imprint.pagemap import BACK_COVER, COVER
from imprint.painted import FontUse
from imprint.paper import Job
from imprint.separate import PicturePlaces, PictureUse, Sheet, separate
from imprint.theme import Theme
from imprint.words import words

BLEED_MM = 3.0
MARGIN_MM = 10.0
LEAST_DPI = 300
# A spine narrower than this holds no text that stays on it when folding is half a millimetre off.
LEAST_LETTERED_SPINE_MM = 5.0
# Where spines are lettered from foot to head, as on the bookshelves of these languages.
_UPWARDS = ("es", "fr", "it", "pt", "ru", "uk")

Result = tuple[bytes, tuple[Diagnostic, ...]]


def print_pdf(
    publication: Publication,
    placed: Sequence[Placed],
    page_map: PageMap,
    font_files: Mapping[str, bytes],
    *,
    palette: Path,
    profile: Path,
    modified: datetime.datetime,
    places: PicturePlaces | None = None,
) -> Result:
    """The inside of the book for the printer, without covers, and what may print badly.

    ``places`` tells where in the source a picture stands that is to be found fault with.
    """
    inside, shift = interior(placed)
    labels = [page.label for page in page_map.pages[shift:]]
    condition = output_condition(profile)
    pdf = pikepdf.new()
    slugs = [_slug_text(publication, label, modified) for label in labels]
    inside, font = _with_slug_glyphs(inside, slugs, font_files)
    joining = joined(pdf, publication, inside, font_files)
    if len(pdf.pages) % 2:
        pdf.add_blank_page(page_size=tuple(joining.pages[-1].trimbox[2:]))  # type: ignore[arg-type]
        pdf.pages[-1].trimbox = joining.pages[-1].trimbox
    sheet = Sheet(pdf, Separator(palette, condition))
    uses = separate(sheet)
    frame = _Frame(pdf, font, joining.uses, font_files)
    slugs += [_slug_text(publication, "", modified)] * (len(pdf.pages) - len(slugs))
    for page, slug in zip(pdf.pages, slugs, strict=False):
        frame.mount(page, slug)
    _finish(pdf, publication, condition, modified)
    return saved(pdf), tuple(_coarse(uses, inside, labels, places or {}))


def interior(placed: Sequence[Placed]) -> tuple[list[Placed], int]:
    """The units between the covers, the first on page 1, and by how many pages they moved."""
    inside = [piece for piece in placed if piece.fragment.unit not in (COVER, BACK_COVER)]
    if not inside:
        return [], 0
    # By whole leaves, so that a right-hand page stays one.
    shift = (inside[0].first - 1) // 2 * 2
    return [replace(piece, first=piece.first - shift) for piece in inside], shift


def cover_pdf(
    publication: Publication,
    cover: Placed,
    back: Placed,
    font_files: Mapping[str, bytes],
    *,
    theme: Theme,
    shelf: Path,
    pages: int,
    profile: Path,
    modified: datetime.datetime,
) -> Result:
    """The cover as one sheet: back, spine and front, as wide as the book is thick."""
    spine_mm = round(publication.paper.spine_mm(pages), 2)
    # This pulls WeasyPrint in, which nothing else here needs.
    from imprint.typeset import typeset

    spine = typeset(_spine_job(publication, theme, shelf, spine_mm)).fragment
    # The spine may have brought faces that the rest of the book does not use.
    files = {
        **{use.file: (shelf / use.file).read_bytes() for use in spine.fonts.values()},
        **font_files,
    }
    pieces = [replace(back, first=1), Placed(spine, 2, ("",)), replace(cover, first=3)]
    condition = output_condition(profile)
    pdf = pikepdf.new()
    slug = _slug_text(publication, words(publication.lang)("Cover"), modified)
    pieces, font = _with_slug_glyphs(pieces, [slug], files)
    joining = joined(pdf, publication, pieces, files)
    sheet = Sheet(pdf, Separator(theme.palette, condition))
    uses = separate(sheet)
    frame = _Frame(pdf, font, joining.uses, files)
    _impose(pdf, joining.pages, publication, spine_mm)
    frame.mount(pdf.pages[0], f"{slug} · {spine_mm:.1f} mm", folds=(
        publication.trim.width_mm * MM, (publication.trim.width_mm + spine_mm) * MM
    ))  # fmt: skip
    _finish(pdf, publication, condition, modified)
    return saved(pdf), tuple(_coarse([[u for use in uses for u in use]], pieces, [COVER], {}))


# --- the cover's sheet ---------------------------------------------------------------------------


def _spine_job(publication: Publication, theme: Theme, shelf: Path, spine_mm: float) -> Job:
    html = theme.render(
        "paged/spine.html.j2",
        publication=publication,
        words=words(publication.lang),
        spine_mm=spine_mm,
        lettered=spine_mm >= LEAST_LETTERED_SPINE_MM,
        direction="up" if publication.lang.split("-")[0] in _UPWARDS else "down",
    )
    return Job("spine", html, theme.sheets(), {}, {}, str(theme.templates), str(shelf))


def _impose(
    pdf: pikepdf.Pdf, pages: Sequence[pikepdf.Page], publication: Publication, spine_mm: float
) -> None:
    """Put back, spine and front beside each other on one page; bleed only at the outer edges."""
    width, height = publication.trim.width_mm * MM, publication.trim.height_mm * MM
    spine, bleed = spine_mm * MM, BLEED_MM * MM
    places = (
        (0.0, (-bleed, width)),
        (width, (0.0, spine)),
        (width + spine, (0.0, width + bleed)),
    )
    content, drawings = [], Dictionary()
    for number, (page, (x, (left, right))) in enumerate(zip(pages, places, strict=True)):
        form = pdf.make_stream(page.obj.Contents.read_bytes())
        form.Type, form.Subtype = Name.XObject, Name.Form
        form.BBox = Array([left, -bleed, right, height + bleed])
        form.Resources = page.obj.Resources
        drawings[f"/Part{number}"] = form
        content.append(f"q 1 0 0 1 {x:.3f} 0 cm /Part{number} Do Q")
    used = pages[0].obj.Resources.get("/Font", Dictionary())
    while len(pdf.pages):
        del pdf.pages[0]
    pdf.add_blank_page(page_size=(2 * width + spine, height))
    sheet = pdf.pages[0].obj
    sheet.TrimBox = Array([0, 0, 2 * width + spine, height])
    sheet.Resources = Dictionary(XObject=drawings, Font=used)
    sheet.Contents = pdf.make_stream("\n".join(content).encode())


# --- marks around the page -----------------------------------------------------------------------


def _slug_text(publication: Publication, label: str, modified: datetime.datetime) -> str:
    """What the line outside the bleed says: which book, which page, of when."""
    parts = [publication.title, label, modified.strftime("%Y-%m-%d %H:%M"), publication.lang]
    return " · ".join(part for part in parts if part)


def _with_slug_glyphs(
    placed: Sequence[Placed], slugs: Iterable[str], files: Mapping[str, bytes]
) -> tuple[list[Placed], str]:
    """The pieces with one font that holds the slug lines' glyphs, and that font's name."""
    folio = next((slot.font for p in placed for slot in p.fragment.folios), "")
    uses = fonts.merged(piece.fragment.fonts for piece in placed)
    name = folio if folio in uses else min(uses)
    use = uses[name]
    glyphs: dict[int, str] = {}
    for letter in sorted(set("".join(slugs)) | set("0123456789. m")):
        for glyph in fonts.shape(files[use.file], use, letter, {}).glyphs:
            glyphs.setdefault(glyph, letter)
    lettered = replace(use, glyphs={**glyphs, **use.glyphs})
    return [
        replace(piece, fragment=replace(piece.fragment, fonts={**piece.fragment.fonts, name: lettered}))
        for piece in placed
    ], name  # fmt: skip


class _Frame:
    """The marks of one file: drawn once for each size of page, mounted on every page."""

    def __init__(
        self,
        pdf: pikepdf.Pdf,
        font: str,
        uses: Mapping[str, FontUse],
        files: Mapping[str, bytes],
    ) -> None:
        self.pdf = pdf
        self.font = font
        self.use = uses[font]
        self.file = files[self.use.file]
        self.font_object = self._font_object()
        self.drawn: dict[tuple[float, ...], pikepdf.Object] = {}

    def _font_object(self) -> pikepdf.Object:
        for page in self.pdf.pages:
            found = page.obj.get("/Resources", Dictionary()).get("/Font", Dictionary())
            if f"/{self.font}" in found:
                return found[f"/{self.font}"]
        raise LookupError(self.font)

    def mount(self, page: pikepdf.Page, slug: str, folds: tuple[float, ...] = ()) -> None:
        """Set the page's boxes, keep its content inside the bleed, and put the marks around it."""
        trim = tuple(float(value) for value in page.obj.TrimBox)
        bleed = _grown(trim, BLEED_MM)
        media = _grown(trim, BLEED_MM + MARGIN_MM)
        page.obj.TrimBox, page.obj.BleedBox = Array(list(trim)), Array(list(bleed))
        page.obj.MediaBox = Array(list(media))
        for key in ("/CropBox", "/ArtBox", "/Annots", "/StructParents", "/Tabs", "/Group"):
            if key in page.obj:
                del page.obj[key]
        resources = page.obj.Resources
        for kind in ("/XObject", "/Font"):
            if kind not in resources:
                resources[kind] = Dictionary()
        if trim not in self.drawn:
            self.drawn[trim] = marks(self.pdf, trim, media, folds)
        resources.XObject["/PrintersMarks"] = self.drawn[trim]
        resources.XObject[f"/Slug{page.index}"] = self._slug(slug, trim, media)
        x, y, right, top = bleed
        before = f"q {x:.4f} {y:.4f} {right - x:.4f} {top - y:.4f} re W n\n".encode()
        after = f"\nQ q /PrintersMarks Do /Slug{page.index} Do Q".encode()
        content = page.obj.Contents.read_bytes()
        page.obj.Contents = self.pdf.make_stream(before + content + after)

    def _slug(self, text: str, trim: tuple[float, ...], media: tuple[float, ...]) -> pikepdf.Object:
        shaped = fonts.shape(self.file, self.use, text, {"liga": 0, "clig": 0, "calt": 0})
        return slug_line(
            self.pdf,
            Slug(self.font, self.font_object, shaped.glyphs, shaped.width * SLUG_SIZE_PT / 1000),
            trim,
            media,
        )


def _grown(box: Sequence[float], by_mm: float) -> tuple[float, ...]:
    by = by_mm * MM
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


# --- the file ------------------------------------------------------------------------------------


def _finish(
    pdf: pikepdf.Pdf,
    publication: Publication,
    condition: OutputCondition,
    modified: datetime.datetime,
) -> None:
    """The output intent and the description; nothing that a screen alone has use for."""
    profile = pikepdf.Stream(pdf, condition.profile)
    profile.N = 4
    profile.Alternate = Name.DeviceCMYK
    intent = Dictionary(
        Type=Name.OutputIntent,
        S=Name.GTS_PDFX,
        OutputConditionIdentifier=String(condition.identifier),
        OutputCondition=String(condition.info),
        Info=String(condition.info),
        DestOutputProfile=pdf.make_indirect(profile),
    )
    if condition.registered:
        # ISO 15930-7, 6.2.3: names of the ICC's register of characterisations.
        intent.RegistryName = String("http://www.color.org")
    pdf.Root.OutputIntents = Array([intent])
    pdf.Root.Lang = String(publication.lang)
    metadata.describe(pdf, publication, modified, pdfx="PDF/X-4")


def saved(pdf: pikepdf.Pdf) -> bytes:
    """The finished file's bytes, the same for the same content, as PDF 1.6 (ISO 15930-7, 6.1)."""
    buffer = io.BytesIO()
    pdf.save(
        buffer,
        deterministic_id=True,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        compress_streams=True,
        recompress_flate=False,
        force_version="1.6",
    )
    return buffer.getvalue()


def _coarse(
    uses: Sequence[Sequence[PictureUse]],
    placed: Sequence[Placed],
    labels: Sequence[str],
    places: PicturePlaces,
) -> Iterable[Diagnostic]:
    """A finding for every picture that has too few pixels for its size on paper."""
    for index, met in enumerate(uses):
        for use in met:
            width, height = int(use.picture.Width), int(use.picture.Height)
            dpi = min(width / use.width_pt, height / use.height_pt) * 72
            if dpi < LEAST_DPI - 0.5:
                unit = _unit(placed, index)
                fallback = places.get((unit, 0, 0), (unit, 0, 0))
                place = places.get((unit, width, height), fallback)
                yield _too_coarse(use, dpi, place, "".join(labels[index : index + 1]) or unit)


def _unit(placed: Sequence[Placed], index: int) -> str:
    return next((p.fragment.unit for p in reversed(placed) if p.first <= index + 1), "")


def _too_coarse(use: PictureUse, dpi: float, place: tuple[str, int, int], page: str) -> Diagnostic:
    width = round(use.width_pt / 72 * LEAST_DPI)
    height = round(use.height_pt / 72 * LEAST_DPI)
    return warning(
        "image-resolution",
        *place,
        f"A picture on page {page} has {dpi:.0f} dots to the inch at its printed "
        f"size of {use.width_pt / MM:.0f} × {use.height_pt / MM:.0f} mm; it will look coarse.",
        f"Use a picture of {width} × {height} pixels or more, or a drawing as SVG.",
    )
