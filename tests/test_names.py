"""Chapters and places named like what is generated: every one is found under its own number."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from imprint.build import Request, build, read
from imprint.diagnostics import has_errors
from imprint.load import load
from imprint.model import GENERATED


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A chapter for each name that stands for a generated part, each cited by the last one."""
    (tmp_path / "en").mkdir()
    names = [f"{number:02}.md" for number in range(len(GENERATED) + 1)]
    for file, name in zip(names, GENERATED, strict=False):
        text = f'+++\nid = "{name}"\n+++\n\n# On {name}\n\nWords{{index: words}}.\n\n## Contents\n'
        (tmp_path / "en" / file).write_text(text)
    cites = " ".join(f"[](#{name})" for name in GENERATED)
    last = f"# Last\n\nSee {cites}; [a section](00.md#contents).\n"
    (tmp_path / "en" / names[-1]).write_text(last)
    listed = ", ".join(f'"{name}"' for name in names)
    (tmp_path / "publication.toml").write_text(
        f'title = "Names"\ndate = 2005-05-24\nlanguages = ["en"]\nchapters = [{listed}]\n'
    )
    return tmp_path


def test_no_chapter_and_no_place_has_a_generated_name(book: Path) -> None:
    [manuscript] = load(book)[0]
    resolved, found = read(manuscript)
    assert not [problem for problem in found if problem.code.startswith("link")]
    assert not set(GENERATED) & {chapter.id for chapter in resolved.chapters}
    assert not set(GENERATED) & resolved.anchors.keys()
    last = resolved.chapters[-1].body
    shown = ["".join(link.itertext()) for link in last.iter("a") if link.get("class") == "xref"]
    numbers = [text.split(",")[0] for text in shown[: len(GENERATED)]]
    assert numbers == [f"Chapter\u00a0{n}" for n in range(1, len(GENERATED) + 1)]


def test_their_pages_are_cited(book: Path, tmp_path: Path) -> None:
    report = build(Request(book, tmp_path / "output", editions=("pdf",), jobs=1))
    assert not has_errors(report.diagnostics)
    file = tmp_path / "output" / "names.en.pdf"
    text = subprocess.run(
        ["pdftotext", "-layout", file, "-"], capture_output=True, text=True, check=True
    ).stdout
    for number in range(len(GENERATED)):
        assert f"Chapter {number + 1}, page {2 * number + 1}" in " ".join(text.split())
