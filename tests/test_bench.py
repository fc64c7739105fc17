"""The bench's books are the same every time, and joined PDFs hold what one document would."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest

from bench.books import write_book
from imprint.build import Request, build

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def joined_and_whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A book's screen PDF, and the same book by plain WeasyPrint as one document."""
    room = tmp_path_factory.mktemp("bench")
    write_book(room / "book", chapters=3, pages_per_chapter=6)
    request = Request(room / "book", room / "out", editions=("pdf",), jobs=2, cached=False)
    report = build(request)
    assert not report.failed, report.diagnostics
    command = [sys.executable, "-m", "bench.plain", str(room / "book"), str(room / "plain.pdf")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return room / "out" / "measure.en.pdf", room / "plain.pdf"


def test_books_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        write_book(tmp_path / name, chapters=2, pages_per_chapter=3, seed=seed)
    one, again, other = (_contents(tmp_path / name) for name in ("one", "again", "other"))
    assert one == again
    assert one != other
    assert one.keys() == other.keys()


def test_books_hold_what_books_hold(tmp_path: Path) -> None:
    write_book(tmp_path, chapters=5, pages_per_chapter=14, languages=("en", "fr"))
    for lang in ("en", "fr"):
        text = "".join(f.read_text(encoding="utf-8") for f in (tmp_path / lang).iterdir())
        for sign in ("[^n1]:", "Table: ", "Figure: ", "```python", "{index: ", "](#chapter-", "!!! ",
                     "> ", "**", ".vl.json", ".jpg"):  # fmt: skip
            assert sign in text, (lang, sign)


def _contents(folder: Path) -> dict[str, bytes]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def test_all_headings_are_in_the_outline(joined_and_whole: tuple[Path, Path]) -> None:
    ours, whole = (_outline(pdf) for pdf in joined_and_whole)
    # Chapters' titles have their numbers, and generated parts are listed as well.
    # A book's title may be broken over lines by sense, with spaces that do not break.
    of_the_book = ("A Book of Measure", "Contents")
    plain = {title for title in whole if title.replace("\xa0", " ") not in of_the_book}
    unnumbered = {title.lstrip("0123456789 ") for title in ours}
    assert {title.lstrip("0123456789 ") for title in plain} <= unnumbered | {
        "Figures and maps",
        "Tables",
    }


def test_all_cross_references_lead_somewhere(joined_and_whole: tuple[Path, Path]) -> None:
    ours, whole = (_targets(pdf) for pdf in joined_and_whole)
    assert ours
    assert {name for name in whole if name.startswith(("chapter-", "fig-"))} <= ours
    with pikepdf.open(joined_and_whole[0]) as pdf:
        names = set(pikepdf.NameTree(pdf.Root.Names.Dests).keys())
    assert ours <= names


def test_all_of_the_source_is_tagged(joined_and_whole: tuple[Path, Path]) -> None:
    ours, whole = (_types(pdf) for pdf in joined_and_whole)
    for kind in ("H2", "H3"):
        assert ours[kind] >= whole[kind] > 0, (kind, ours[kind], whole[kind])
    book = joined_and_whole[1].parent / "book" / "en"
    text = "".join(file.read_text(encoding="utf-8") for file in book.iterdir())
    assert ours["Figure"] == text.count("](../figures/")
    assert ours["Table"] == text.count("Table: ")
    assert ours["Note"] > 0


def test_every_page_has_its_label(joined_and_whole: tuple[Path, Path]) -> None:
    with pikepdf.open(joined_and_whole[0]) as pdf:
        labels = [page.label for page in pdf.pages]
    assert labels[0] == "Cover"
    body = labels[labels.index("1") :]
    numbers = [int(label) for label in body if label.isdigit()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_joined_file_is_hardly_larger(joined_and_whole: tuple[Path, Path]) -> None:
    """A short book has its covers besides: a twentieth more, and 60 kB for these."""
    ours, whole = (pdf.stat().st_size for pdf in joined_and_whole)
    assert ours <= 1.05 * whole + 60_000


def _outline(file: Path) -> set[str]:
    def titles(items: list[pikepdf.OutlineItem]) -> Iterator[str]:
        for item in items:
            yield item.title
            yield from titles(list(item.children))

    with pikepdf.open(file) as pdf, pdf.open_outline() as outline:
        return set(titles(list(outline.root)))


def _targets(file: Path) -> set[str]:
    """The names that links inside the document lead to."""
    with pikepdf.open(file) as pdf:
        return {
            str(link.Dest)
            for page in pdf.pages
            for link in page.obj.get("/Annots", [])
            if "/Dest" in link and isinstance(link.Dest, pikepdf.String)
        }


def _types(file: Path) -> Counter[str]:
    """How many structure elements there are of each type."""
    counts: Counter[str] = Counter()
    with pikepdf.open(file) as pdf:
        for obj in pdf.objects:
            if isinstance(obj, pikepdf.Dictionary) and obj.get("/Type") == "/StructElem":
                counts[str(obj.S)[1:]] += 1
    return counts
