"""Books that are read from right to left: what stands at which side of the page."""

from __future__ import annotations

import re
import subprocess

import pytest

from imprint.build import Request, build

_PAGE = re.compile(r'<page width="([\d.]+)".*?</page>', re.S)
_WORD = re.compile(r'<word xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)" yMax="[\d.]+">([^<]*)<')


@pytest.fixture(scope="module", params=["he", "en"])
def sides(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The side of the contents page from which its lines begin."""
    lang: str = request.param
    folder = tmp_path_factory.mktemp(lang)
    (folder / lang).mkdir()
    text = "# Ebb\n\nText.\n" if lang == "en" else "# גאות ושפל\n\nטקסט קצר.\n"
    (folder / lang / "a.md").write_text(text, encoding="utf-8")
    (folder / "publication.toml").write_text(
        f'title = "T"\ndate = 2005-05-24\nlanguages = ["{lang}"]\nchapters = ["a.md"]\n'
        "numbered = false\n"
    )
    build(Request(folder, folder / "output", editions=("pdf",), jobs=1))
    (file,) = (folder / "output").glob("*.pdf")
    layout = subprocess.run(
        ["pdftotext", "-bbox", file, "-"], capture_output=True, text=True, check=True
    ).stdout
    contents = next(page for page in _PAGE.finditer(layout) if ">Contents<" in page[0])
    middle = float(contents[1]) / 2
    words = [(float(x), float(x2), word) for x, x2, word in _WORD.findall(contents[0])]
    (heading,) = (x < middle for x, _, word in words if word == "Contents")
    (folio,) = (x < middle for x, _, word in words if word == "1")
    assert heading is not folio
    return f"{lang}: {'left' if heading else 'right'}"


def test_lines_begin_where_readers_begin(sides: str) -> None:
    assert sides in ("he: right", "en: left")
