"""Mathematics: MathML for reflowing editions, a Formula with its words in the PDF."""

import zipfile
from pathlib import Path

import pytest

from imprint.build import Request, build
from tests import validators
from tests.readers import read_pdf

TEXT = """# Sums

The share <math alttext="a over b"><mfrac><mi>a</mi><mi>b</mi></mfrac></math> is small.

<math display="block"><msup><mi>x</mi><mn>2</mn></msup><mo>=</mo><msqrt><mi>y</mi><mo>+</mo><mn>1</mn></msqrt></math>

Broken: <math><mfrac><mi>c</mi></mfrac></math>, and more words.
"""
WORDS = """# Words

The rate <math><mtext>of <b>all</b> ships</mtext></math> is <math>let <mi>x</mi> be <mn>2</mn></math> here.

<math><mi"q>y</mi"q><mo>+</mo><mtext>z<script>alert(1)</script></mtext></math>
"""


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("formulas")
    (folder / "sums").mkdir()
    (folder / "sums" / "a.md").write_text(TEXT, encoding="utf-8")
    report = build(Request(folder / "sums", folder / "out", ("pdf", "epub"), jobs=1))
    assert not report.failed
    return folder / "out"


def test_a_formula_of_the_pdf_has_its_words(output: Path) -> None:
    [pdf] = output.glob("*.pdf")
    formulas = read_pdf(pdf).tree.find("Formula")
    assert [f.alt for f in formulas] == ["a over b", "x^2=√(y+1)", "c"]
    assert [f.text().strip() for f in formulas] == ["a/b", "x^2=√(y+1)", "c"]


def test_reflowing_editions_have_mathml(output: Path) -> None:
    [epub] = output.glob("*.epub")
    with zipfile.ZipFile(epub) as package:
        text = package.read("EPUB/a.xhtml").decode()
    assert text.count("<math") == 2
    assert 'alttext="x^2=√(y+1)"' in text
    # No fraction has one part: its words stay.
    assert '<span class="formula">c</span>' in text


def test_both_pass(output: Path) -> None:
    [pdf], [epub] = output.glob("*.pdf"), output.glob("*.epub")
    assert validators.verapdf(pdf, "ua1") == []
    assert validators.verapdf(pdf, "2a") == []
    assert not [m for m in validators.epubcheck(epub) if not m.startswith("USAGE ")]


def test_whatever_stands_in_a_formula_its_words_stay(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "a.md").write_text(WORDS, encoding="utf-8")
    report = build(Request(tmp_path / "words", tmp_path / "out", ("pdf", "epub"), jobs=1))
    assert not report.failed
    [pdf], [epub] = (tmp_path / "out").glob("*.pdf"), (tmp_path / "out").glob("*.epub")
    formulas = read_pdf(pdf).tree.find("Formula")
    assert [f.text().strip() for f in formulas] == ["of all ships", "let x be 2", "y+z"]
    with zipfile.ZipFile(epub) as package:
        text = package.read("EPUB/a.xhtml").decode()
    assert "<mtext>of all ships</mtext>" in text
    assert '<span class="formula">let x be 2</span>' in text
    assert "alert" not in text
    assert validators.verapdf(pdf, "ua1") == []
    assert not [m for m in validators.epubcheck(epub) if not m.startswith("USAGE ")]
