"""The bar code of a back cover: an EAN-13 with its digits, as a drawing."""

from __future__ import annotations

from barcode import EAN13

# ISO/IEC 15420: nominal width of a module 0.33 mm, bars 22.85 mm high, quiet zones 11 and 7 modules.
_MODULE_MM = 0.33
_BAR_MM = 22.85
_QUIET_LEFT, _QUIET_RIGHT = 11, 7


def ean13_svg(isbn: str) -> str:
    """An SVG of the ISBN's bar code at its nominal size, black on white with quiet zones."""
    modules = EAN13(isbn[:12]).build()[0]
    width = (_QUIET_LEFT + len(modules) + _QUIET_RIGHT) * _MODULE_MM
    bars = []
    start = None
    for position, module in enumerate(modules + "0"):
        if module != "0" and start is None:
            start = position
        elif module == "0" and start is not None:
            guard = start in (0, 2, 46, 48, 92, 94)
            bars.append(_bar(start, position - start, _BAR_MM if not guard else _BAR_MM + 1.65))
            start = None
    digits = _digits(isbn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="ISBN {isbn}" '
        f'width="{width:.2f}mm" height="27mm" viewBox="0 0 {width:.2f} 27">'
        f'<rect width="{width:.2f}" height="27" fill="#ffffff"/>{"".join(bars)}{digits}</svg>'
    )


def _bar(start: int, count: int, height: float) -> str:
    x = (_QUIET_LEFT + start) * _MODULE_MM
    return f'<rect x="{x:.2f}" y="1" width="{count * _MODULE_MM:.2f}" height="{height:.2f}" fill="#000000"/>'


def _digits(isbn: str) -> str:
    """The number below the bars: one digit before, six under each half."""
    places = [(1.5, isbn[0])]
    places += [((_QUIET_LEFT + 4 + 7 * n) * _MODULE_MM, d) for n, d in enumerate(isbn[1:7])]
    places += [((_QUIET_LEFT + 51 + 7 * n) * _MODULE_MM, d) for n, d in enumerate(isbn[7:13])]
    return "".join(
        f'<text x="{x:.2f}" y="26.4" font-family="Source Sans 3" font-size="3" fill="#000000">{d}</text>'
        for x, d in places
    )
