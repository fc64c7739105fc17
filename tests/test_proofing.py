"""Contact sheets, pages that changed, and the specimen of every element."""

from __future__ import annotations

import json
from pathlib import Path

import pikepdf
import pytest
from click.testing import CliRunner
from lxml import html
from PIL import Image

from imprint.build import Request, build
from imprint.commands import main
from imprint.proofing import Leaf, changes, marked, spreads

TEMPLATES = Path(__file__).parent.parent / "templates"


def _pdf(path: Path, pages: list[str], *, from_right: bool = False) -> None:
    """A PDF with a grey square at another place on each page, as each page's text says."""
    pdf = pikepdf.new()
    for page in pages:
        x = sum(page.encode()) % 80
        made = pdf.add_blank_page(page_size=(120, 160))
        made.obj.Contents = pdf.make_stream(b"0.2 g %d 60 20 20 re f" % x)
    if from_right:
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(Direction=pikepdf.Name.R2L)
    path.parent.mkdir(exist_ok=True)
    pdf.save(path)
    listed = [{"file": path.name, "edition": "pdf"}]
    (path.parent / "manifest.json").write_text(json.dumps({"files": listed}))


def _proof(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["proof", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def _shown(folder: Path) -> list[tuple[str, str]]:
    """The pictures that the proof's page shows, each of which is there, and what it says of them."""
    page = html.parse(str(folder / "index.html"))
    pictures = [(str(img.get("src")), str(img.get("alt"))) for img in page.iter("img")]
    assert all((folder / file).is_file() for file, _ in pictures)
    return pictures


def test_pages_that_lie_open_together() -> None:
    assert spreads(4) == [(None, 0), (1, 2), (3, None)]
    assert spreads(3) == [(None, 0), (1, 2)]


def test_pages_that_only_moved_have_not_changed() -> None:
    before = [Leaf(n, str(n + 1), look) for n, look in enumerate("abcd")]
    after = [Leaf(n, str(n + 1), look) for n, look in enumerate("axbcz")]
    told = [
        (c.before and c.before.label, c.after and c.after.label) for c in changes(before, after)
    ]
    assert told == [(None, "2"), ("4", "5")]
    assert changes(before, before) == []


def test_a_sheet_of_all_pages(tmp_path: Path) -> None:
    _pdf(tmp_path / "out" / "book.en.pdf", list("abcdefg"))
    told = _proof(str(tmp_path / "out"))
    assert "book.en.pdf: 7 pages" in told
    assert "changed" not in told
    assert _shown(tmp_path / "proof") == [("book.en-sheet-01.png", "Pages 1 to 7 in small")]


def test_a_book_that_is_read_from_the_right(tmp_path: Path) -> None:
    for name, from_right in (("left", False), ("right", True)):
        _pdf(tmp_path / name / "book.ar.pdf", ["a"], from_right=from_right)
        _proof(str(tmp_path / name), "--to", str(tmp_path / f"proof-{name}"))
    sheets = [
        Image.open(tmp_path / f"proof-{name}" / "book.ar-sheet-01.png").convert("L")
        for name in ("left", "right")
    ]
    whites = [sheet.point(lambda v: 255 * (v == 255)).getbbox() for sheet in sheets]
    # The first page lies on the right of its spread, or on the left where reading begins there.
    assert whites[0] is not None
    assert whites[1] is not None
    assert whites[0][0] > whites[1][0]


def test_what_changed_since_an_earlier_build(tmp_path: Path) -> None:
    _pdf(tmp_path / "before" / "book.en.pdf", list("abcd"))
    _pdf(tmp_path / "after" / "book.en.pdf", list("abXd"))
    told = _proof(str(tmp_path / "after"), "--against", str(tmp_path / "before"))
    assert "book.en.pdf: 4 pages, 1 changed" in told
    shown = _shown(tmp_path / "proof")
    assert shown[0] == ("book.en-change-001.png", "Page 3 before, and page 3 now")
    # A proof made again leaves nothing behind of what it showed before.
    _proof(str(tmp_path / "after"), "--against", str(tmp_path / "after"))
    assert not (tmp_path / "proof" / "book.en-change-001.png").exists()


def test_bars_stand_beside_what_changed() -> None:
    old = Image.new("RGB", (100, 100), "white")
    new = old.copy()
    new.paste("black", (50, 40, 51, 44))
    shown = marked(old, new)
    assert shown is not None
    barred = [y for y in range(100) if shown.getpixel((0, y)) != (255, 255, 255)]
    assert barred == [40, 41, 42, 43]


@pytest.mark.parametrize("content", [None, "{}", '{"files": []}'])
def test_without_anything_built(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    result = CliRunner().invoke(main, ["proof", str(tmp_path)])
    assert result.exit_code == 1
    assert "Build one" in result.output


# --- the specimen --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theme", "trim", "size"),
    [
        ("default", "A5", (148, 210)),
        ("default", "6x9in", (152.4, 228.6)),
        ("plain", "A4", (210, 297)),
    ],
)
def test_the_specimen_in_every_theme_and_size(
    tmp_path: Path, theme: str, trim: str, size: tuple[float, float]
) -> None:
    arguments = ["theme", theme, "--trim", trim, "-e", "pdf", "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "warning" not in result.output
    with pikepdf.open(tmp_path / "out" / "specimen.en.pdf") as pdf:
        box = [float(value) * 25.4 / 72 for value in pdf.pages[10].trimbox]
        assert (box[2] - box[0], box[3] - box[1]) == pytest.approx(size, abs=0.2)
        assert len(pdf.pages) > 20


def test_the_specimen_has_every_element() -> None:
    specimen = Path(__file__).parent.parent / "imprint" / "specimen" / "en"
    text = "".join(file.read_text("utf-8") for file in specimen.glob("*.md"))
    for sign in ("!!! brief", "!!! dates", "!!! quote", "!!! note", "!!! tip", "!!! warning",
                 "!!! example", "[^note]:", ".wide", ".spread", "Table: ", "Figure: ", "{index:",
                 "- [x]", "```", "\n:   ", "*[", "\n> ", "######", "~~", "^^", "=="):  # fmt: skip
        assert sign in text, sign


# --- drawings over chapters ----------------------------------------------------------------------


def test_a_drawing_of_its_own_opens_a_chapter(tmp_path: Path) -> None:
    book = tmp_path / "book"
    (book / "figures" / "openers").mkdir(parents=True)
    (book / "publication.toml").write_text(
        'title = "A book"\nlanguages = ["en"]\ndate = 2026-01-01\n'
    )
    (book / "a.md").write_text('+++\nid = "first"\n+++\n# First\n\nText.\n')
    (book / "b.md").write_text('+++\nid = "second"\n+++\n# Second\n\nText.\n')
    drawing = book / "figures" / "openers" / "first.svg"
    drawing.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><script>x()</script>'
        '<path id="sign" d="M1 2L3 4"/></svg>'
    )
    output = tmp_path / "out"
    report = build(Request(book, output, editions=("web",), jobs=1, cached=False))
    assert not report.failed
    first, second = (
        (output / "web" / "en" / "openers" / f"{name}.svg").read_text()
        for name in ("first", "second")
    )
    assert "M1 2L3 4" in first
    assert "script" not in first
    assert "M1 2L3 4" not in second
