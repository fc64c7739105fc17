"""Contact sheets of a finished PDF, and the pages that differ from an earlier one's, side by side.

Pages are compared as they look, drawn by PDFium: a PDF made anew from the same source shows no
change, and a page that only moved is none.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pypdfium2
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image, ImageChops, ImageDraw, ImageFont

from imprint.publish import MANIFEST
from imprint.room import inside

INDEX = "index.html"
# Spreads in a row and rows on a sheet, and a page's width there in pixels.
_COLUMNS, _ROWS = 4, 4
_SMALL_PX, _LARGE_PX = 210, 620
_GAP_PX, _LABEL_PX = 22, 20
_GROUND, _INK = "#d5d9e0", "#14213d"
_MARK = (140, 59, 31)
# Differences of a colour's part below this are not seen.
_UNSEEN = 12


@dataclass(frozen=True)
class Leaf:
    """A page: its index in the file, its folio, and a digest of how it looks."""

    index: int
    label: str
    look: str


@dataclass(frozen=True)
class Change:
    """A page before and after, one of them None where it was put in or taken out."""

    before: Leaf | None
    after: Leaf | None


@dataclass(frozen=True)
class Shown:
    """A picture of the proof: its file and what it shows."""

    file: str
    alt: str


@dataclass(frozen=True)
class Proof:
    """What the proof of one PDF shows; ``changes`` is None where there was nothing to compare."""

    name: str
    pages: int
    sheets: tuple[Shown, ...]
    changes: tuple[Shown, ...] | None


def proofs(output: Path, against: Path | None, target: Path, fonts: Path) -> tuple[Proof, ...]:
    """Contact sheets of all PDFs of an output folder, and a page that shows them, in ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    face = ImageFont.truetype(str(fonts / "SourceSans3-Regular.ttf"), 13)
    made = tuple(_proof(pdf, against, target, face) for pdf in paged_editions(output))
    environment = Environment(
        loader=PackageLoader("imprint", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("proof.html.j2").render(proofs=made)
    (target / INDEX).write_text(page, encoding="utf-8")
    return made


def paged_editions(output: Path) -> list[Path]:
    """The PDFs of an output folder: those for the screen, or those for print if it has no others."""
    entries = json.loads((output / MANIFEST).read_text(encoding="utf-8"))["files"]
    for edition in ("pdf", "print"):
        names = [e["file"] for e in entries if e["edition"] == edition]
        files = [output / n for n in names if n.endswith(".pdf") and inside(output, output / n)]
        if files:
            return [file for file in files if not file.name.endswith(".cover.pdf")]
    return []


def _proof(pdf: Path, against: Path | None, target: Path, face: ImageFont.FreeTypeFont) -> Proof:
    for pattern in ("sheet-[0-9]*", "change-[0-9]*"):
        for left_over in target.glob(f"{pdf.stem}-{pattern}.png"):
            left_over.unlink()
    earlier = against / pdf.name if against and (against / pdf.name).is_file() else None
    with pypdfium2.PdfDocument(pdf) as document:
        labels = [_label(document, index) for index in range(len(document))]
        sheets = tuple(_sheets(document, pdf, labels, target, face))
        if earlier is None:
            return Proof(pdf.name, len(document), sheets, None)
        with pypdfium2.PdfDocument(earlier) as before:
            found = changes(leaves(before), leaves(document))
            shown = tuple(_changes(before, document, found, pdf.stem, target, face))
    return Proof(pdf.name, len(labels), sheets, shown)


# --- contact sheets ------------------------------------------------------------------------------


def _label(document: pypdfium2.PdfDocument, index: int) -> str:
    return str(document.get_page_label(index) or index + 1)


def spreads(count: int) -> list[tuple[int | None, int | None]]:
    """The pages that lie open together: the first alone on the right, then pairs."""
    pages: list[int | None] = [None, *range(count)]
    if len(pages) % 2:
        pages.append(None)
    return list(zip(pages[::2], pages[1::2], strict=True))


def _sheets(
    document: pypdfium2.PdfDocument,
    pdf: Path,
    labels: Sequence[str],
    target: Path,
    face: ImageFont.FreeTypeFont,
) -> Iterator[Shown]:
    from_right = _reads_from_right(pdf)
    opened = spreads(len(labels))
    per_sheet = _COLUMNS * _ROWS
    for number, start in enumerate(range(0, len(opened), per_sheet), 1):
        part = opened[start : start + per_sheet]
        sheet = _sheet(document, part, labels, face, from_right=from_right)
        file = f"{pdf.stem}-sheet-{number:02}.png"
        sheet.save(target / file, optimize=True)
        inner = [page for spread in part for page in spread if page is not None]
        yield Shown(file, f"Pages {labels[inner[0]]} to {labels[inner[-1]]} in small")


def _reads_from_right(pdf: Path) -> bool:
    """Whether the book opens from the right, as Arabic and Hebrew ones do."""
    with pikepdf.open(pdf) as opened:
        preferences = opened.Root.get("/ViewerPreferences")
        return preferences is not None and preferences.get("/Direction") == pikepdf.Name.R2L


def _sheet(
    document: pypdfium2.PdfDocument,
    part: Sequence[tuple[int | None, int | None]],
    labels: Sequence[str],
    face: ImageFont.FreeTypeFont,
    *,
    from_right: bool,
) -> Image.Image:
    """A picture of some spreads with the folios under their pages."""
    pictures = {p: _picture(document, p, _SMALL_PX) for s in part for p in s if p is not None}
    width = 2 * _SMALL_PX + _GAP_PX
    height = max(picture.height for picture in pictures.values()) + _GAP_PX + _LABEL_PX
    columns, rows = min(_COLUMNS, len(part)), -(-len(part) // _COLUMNS)
    sheet = Image.new("RGB", (columns * width + _GAP_PX, rows * height + _GAP_PX), _GROUND)
    pen = ImageDraw.Draw(sheet)
    for place, spread in enumerate(part):
        x = _GAP_PX + place % _COLUMNS * width
        y = _GAP_PX + place // _COLUMNS * height
        for side, page in enumerate(reversed(spread) if from_right else spread):
            if page is None:
                continue
            left = x + side * _SMALL_PX
            sheet.paste(pictures[page], (left, y))
            middle = (left + _SMALL_PX / 2, y + pictures[page].height + 4)
            pen.text(middle, labels[page], fill=_INK, font=face, anchor="ma")
    return sheet


def _picture(document: pypdfium2.PdfDocument, index: int, width_px: int) -> Image.Image:
    page = document[index]
    picture = page.render(scale=width_px / page.get_width(), draw_annots=False).to_pil()
    return picture.convert("RGB")


# --- changes -------------------------------------------------------------------------------------


def leaves(document: pypdfium2.PdfDocument) -> list[Leaf]:
    """Every page with a digest of how it looks."""
    return [
        Leaf(index, _label(document, index), _look(_picture(document, index, _LARGE_PX)))
        for index in range(len(document))
    ]


def _look(picture: Image.Image) -> str:
    return hashlib.sha256(f"{picture.size}".encode() + picture.tobytes()).hexdigest()


def changes(before: Sequence[Leaf], after: Sequence[Leaf]) -> list[Change]:
    """The pages that are no longer as they were, in order; pages that only moved are not."""
    looks = [leaf.look for leaf in before], [leaf.look for leaf in after]
    found: list[Change] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, *looks, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        old, new = list(before[a:b]), list(after[c:d])
        for n in range(max(len(old), len(new))):
            found.append(Change(old[n] if n < len(old) else None, new[n] if n < len(new) else None))
    return found


def _changes(
    before: pypdfium2.PdfDocument,
    after: pypdfium2.PdfDocument,
    found: Sequence[Change],
    stem: str,
    target: Path,
    face: ImageFont.FreeTypeFont,
) -> Iterator[Shown]:
    """A picture a change: before on the left, after on the right with what differs marked."""
    for number, change in enumerate(found, 1):
        old = _picture(before, change.before.index, _LARGE_PX) if change.before else None
        new = _picture(after, change.after.index, _LARGE_PX) if change.after else None
        file = f"{stem}-change-{number:03}.png"
        _side_by_side(old, marked(old, new), change, face).save(target / file, optimize=True)
        yield Shown(file, _told(change))


def _told(change: Change) -> str:
    if change.before is None:
        assert change.after is not None
        return f"Page {change.after.label} is new"
    if change.after is None:
        return f"Page {change.before.label} is gone"
    return f"Page {change.before.label} before, and page {change.after.label} now"


def marked(old: Image.Image | None, new: Image.Image | None) -> Image.Image | None:
    """The new page with bars at its edge beside the lines that differ from the old one."""
    if old is None or new is None or old.size != new.size:
        return new
    difference = ImageChops.difference(old, new).convert("L").point(lambda v: 255 * (v > _UNSEEN))
    shown = new.copy()
    pen = ImageDraw.Draw(shown)
    for y in range(new.height):
        if difference.crop((0, y, new.width, y + 1)).getbbox():
            pen.line([(0, y), (5, y)], fill=_MARK)
    return shown


def _side_by_side(
    old: Image.Image | None, new: Image.Image | None, change: Change, face: ImageFont.FreeTypeFont
) -> Image.Image:
    height = max(p.height for p in (old, new) if p is not None)
    size = (2 * _LARGE_PX + 3 * _GAP_PX, height + 2 * _GAP_PX + _LABEL_PX)
    canvas = Image.new("RGB", size, _GROUND)
    pen = ImageDraw.Draw(canvas)
    for side, (picture, leaf) in enumerate(((old, change.before), (new, change.after))):
        if picture is None or leaf is None:
            continue
        left = _GAP_PX + side * (_LARGE_PX + _GAP_PX)
        canvas.paste(picture, (left, _GAP_PX))
        middle = (left + _LARGE_PX / 2, _GAP_PX + picture.height + 6)
        pen.text(middle, leaf.label, fill=_INK, font=face, anchor="ma")
    return canvas
