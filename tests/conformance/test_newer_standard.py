"""A publication that asks for ``pdf.standard = "ua-2"``: PDF/UA-2 and PDF/A-4 in one file."""

import shutil
from pathlib import Path

import pikepdf
import pytest

from imprint.build import Request, build
from tests import validators
from tests.conftest import DEFAULT_LANGUAGES, ROOT

PUBLICATION = """
title = "Newer"
languages = ["en"]
chapters = ["one.md", "two.md"]

[pdf]
standard = "ua-2"
"""
ONE = """# One {#one}

Text with a note[^n], a [way on](#two), *stress* and [another](https://example.org/).

[^n]: The note, with *stress*.

## A part {#part}

> A quotation.
>
> — Somebody

Term
:   What it means.

| a | b |
|---|---|
| 1 | 2 |

Table: Numbers {#tbl-numbers}
"""
TWO = """# Two {#two}

Back to [](#one) and to [](#tbl-numbers). `Code`{index: code} and a list:

1. first
2. second
"""


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("newer")
    source = folder / "source" / "en"
    source.mkdir(parents=True)
    (folder / "source" / "publication.toml").write_text(PUBLICATION, encoding="utf-8")
    (source / "one.md").write_text(ONE, encoding="utf-8")
    (source / "two.md").write_text(TWO, encoding="utf-8")
    request = Request(folder / "source", folder / "output", editions=("pdf",), jobs=1)
    report = build(request)
    assert not report.failed, report.diagnostics
    return folder / "output" / "newer.en.pdf"


@pytest.mark.parametrize("profile", ["ua2", "4"])
def test_it_conforms(newer: Path, profile: str) -> None:
    assert validators.verapdf(newer, profile) == []


def test_every_destination_is_a_structure_element(newer: Path) -> None:
    with pikepdf.open(newer) as pdf:
        names = pikepdf.NameTree(pdf.Root.Names.Dests)
        assert {"one", "two", "part", "tbl-numbers"} <= set(names)
        for name, target in names.items():
            assert target.SD[0].Type == "/StructElem", name
        assert names["part"].SD[0].S == "/H2"


@pytest.fixture(scope="module")
def newer_default(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default publication as it is, but for the standard."""
    folder = tmp_path_factory.mktemp("newer-default")
    shutil.copytree(ROOT / "source", folder / "source")
    path = folder / "source" / "publication.toml"
    settings = path.read_text(encoding="utf-8")
    assert "[pdf]" not in settings
    path.write_text(f'{settings}\n[pdf]\nstandard = "ua-2"\n', encoding="utf-8")
    report = build(Request(folder / "source", folder / "output", editions=("pdf",)))
    assert not report.failed, report.diagnostics
    return folder / "output"


@pytest.mark.parametrize("profile", ["ua2", "4"])
def test_the_default_book_conforms_in_each_language(newer_default: Path, profile: str) -> None:
    files = sorted(newer_default.glob("*.pdf"))
    assert len(files) == len(DEFAULT_LANGUAGES)
    assert validators.verapdf_many(files, profile) == {file: [] for file in files}
