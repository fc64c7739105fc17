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
