"""What stands outside the bleed of a printed page: marks to cut, fold and register by, and a slug.

All marks are drawn in the colour "All", which is on every plate (ISO 32000-1, 8.6.6.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pikepdf
from pikepdf import Array, Dictionary, Name

MM = 72 / 25.4
SLUG_SIZE_PT = 6.5
# Crop marks keep clear of the bleed of 3 mm, so that none shows when the knife is off.
_CROP_FROM, _CROP_TO = 4.5 * MM, 10 * MM
_CENTRE = 8 * MM
_RADIUS = 2 * MM
_PATCH = 5 * MM
# Full inks, their overprints under the ink limit, half tones, and the grey that shows a cast.
_PATCHES = (
    (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1),
    (1, 1, 0, 0), (0, 1, 1, 0), (1, 0, 1, 0),
    (0.5, 0, 0, 0), (0, 0.5, 0, 0), (0, 0, 0.5, 0), (0, 0, 0, 0.5),
    (0.5, 0.4, 0.4, 0),
)  # fmt: skip


@dataclass(frozen=True)
class Slug:
    """A line of glyphs ready to be set: font, its object, glyph numbers, width in points."""

    font: str
    font_object: pikepdf.Object
    glyphs: tuple[int, ...]
    width_pt: float


def marks(
    pdf: pikepdf.Pdf, trim: Sequence[float], media: Sequence[float], folds: Sequence[float] = ()
) -> pikepdf.Object:
    """A form with crop, fold and registration marks and the colour bar around a trim box."""
    drawing = ["/Registration cs /Registration CS 1 scn 1 SCN 0.25 w"]
    drawing += _crop_marks(trim)
    drawing += [_line(x, trim[edge], 0, sign) for x in folds for edge, sign in ((1, -1), (3, 1))]
    middle_y = (trim[1] + trim[3]) / 2
    # A cover's folds lie in the middle: its marks go to the middle of the front.
    middle_x = (max(folds, default=trim[0]) + trim[2]) / 2
    drawing += _registration_mark(trim[0] - _CENTRE, middle_y)
    drawing += _registration_mark(trim[2] + _CENTRE, middle_y)
    drawing += _registration_mark(middle_x, trim[1] - _CENTRE)
    drawing += _registration_mark(middle_x, trim[3] + _CENTRE)
    drawing += _colour_bar(trim)
    return _form(pdf, "\n".join(drawing), media, Dictionary(ColorSpace=_all_plates(pdf)))


def slug_line(
    pdf: pikepdf.Pdf, slug: Slug, trim: Sequence[float], media: Sequence[float]
) -> pikepdf.Object:
    """A form with the slug's text, below the page and left of the middle mark."""
    room = (trim[2] - trim[0]) / 2 - 12 * MM - _RADIUS
    narrowed = min(100.0, 100 * room / slug.width_pt) if slug.width_pt else 100.0
    glyphs = "".join(f"{glyph:04x}" for glyph in slug.glyphs)
    content = (
        f"/Registration cs 1 scn BT /{slug.font} {SLUG_SIZE_PT} Tf {narrowed:.2f} Tz "
        f"{trim[0] + 6 * MM:.3f} {trim[1] - _CENTRE - 2:.3f} Td <{glyphs}> Tj ET"
    )
    resources = Dictionary(ColorSpace=_all_plates(pdf))
    resources.Font = Dictionary({f"/{slug.font}": slug.font_object})
    return _form(pdf, content, media, resources)


def _form(
    pdf: pikepdf.Pdf, content: str, box: Sequence[float], resources: Dictionary
) -> pikepdf.Object:
    form = pdf.make_stream(content.encode())
    form.Type, form.Subtype = Name.XObject, Name.Form
    form.BBox = Array(list(box))
    form.Resources = resources
    return form


def _all_plates(pdf: pikepdf.Pdf) -> Dictionary:
    tint = Dictionary(
        FunctionType=2, Domain=Array([0, 1]), C0=Array([0] * 4), C1=Array([1] * 4), N=1
    )
    space = Array([Name.Separation, Name("/All"), Name.DeviceCMYK, tint])
    return Dictionary({"/Registration": space})


def _line(x: float, y: float, across: int, up: int) -> str:
    """A mark that begins outside the bleed and points away from the page."""
    return (
        f"{x + across * _CROP_FROM:.3f} {y + up * _CROP_FROM:.3f} m "
        f"{x + across * _CROP_TO:.3f} {y + up * _CROP_TO:.3f} l S"
    )


def _crop_marks(trim: Sequence[float]) -> list[str]:
    left, bottom, right, top = trim
    drawn = []
    for x, across in ((left, -1), (right, 1)):
        for y, up in ((bottom, -1), (top, 1)):
            drawn += [_line(x, y, across, 0), _line(x, y, 0, up)]
    return drawn


def _registration_mark(x: float, y: float) -> list[str]:
    """A circle with a cross, on every plate, to lay the plates on one another."""
    r, k, arm = _RADIUS * 0.6, _RADIUS * 0.6 * 0.5523, _RADIUS
    return [
        f"{x - arm:.3f} {y:.3f} m {x + arm:.3f} {y:.3f} l S",
        f"{x:.3f} {y - arm:.3f} m {x:.3f} {y + arm:.3f} l S",
        f"{x + r:.3f} {y:.3f} m "
        f"{x + r:.3f} {y + k:.3f} {x + k:.3f} {y + r:.3f} {x:.3f} {y + r:.3f} c "
        f"{x - k:.3f} {y + r:.3f} {x - r:.3f} {y + k:.3f} {x - r:.3f} {y:.3f} c "
        f"{x - r:.3f} {y - k:.3f} {x - k:.3f} {y - r:.3f} {x:.3f} {y - r:.3f} c "
        f"{x + k:.3f} {y - r:.3f} {x + r:.3f} {y - k:.3f} {x + r:.3f} {y:.3f} c S",
    ]


def _colour_bar(trim: Sequence[float]) -> list[str]:
    """Patches above the page, left of the middle mark, as many as there is room for."""
    room = (trim[2] - trim[0]) / 2 - 10 * MM - _RADIUS
    size = min(_PATCH, room / len(_PATCHES))
    x, y = trim[0] + 6 * MM, trim[3] + _CENTRE - size / 2
    drawn = []
    for number, inks in enumerate(_PATCHES):
        written = " ".join(f"{ink:g}" for ink in inks)
        drawn.append(f"{written} k {x + number * size:.3f} {y:.3f} {size:.3f} {size:.3f} re f")
    return drawn
