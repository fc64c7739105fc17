"""A drawing of what builds took, for the docs: ``python -m bench.plot FIGURES.json > speed.svg``."""

from __future__ import annotations

import json
import math
import sys
from html import escape
from pathlib import Path

_WIDTH, _LEFT, _ROW = 640, 210, 26
_LEAST_S = 0.1


def drawing(taken: list[dict[str, float | str]]) -> str:
    """Bars of wall time on a logarithmic scale, since builds differ by a thousand times."""
    most = max(float(t["wall_s"]) for t in taken)
    scale = (_WIDTH - _LEFT - 70) / math.log10(most / _LEAST_S)
    parts = []
    for row, t in enumerate(taken):
        y, seconds = 10 + row * _ROW, float(t["wall_s"])
        width = scale * math.log10(max(seconds, _LEAST_S * 1.05) / _LEAST_S)
        colour = "#8c3b1f" if t["name"] == "plain WeasyPrint" else "#38517e"
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(str(t["name"]))}</text>'
            f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="18" fill="{colour}"/>'
            f'<text x="{_LEFT + width + 6:.1f}" y="{y + 14}">{seconds:.2f} s</text>'
        )
    height = 20 + len(taken) * _ROW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="13" role="img">'
        "<title>Wall time of builds, logarithmic scale</title>"
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


if __name__ == "__main__":
    sys.stdout.write(drawing(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
