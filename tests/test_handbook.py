"""The handbook is a publication of ours like any other: all editions, nothing to mend, links that lead."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from imprint.preflight import preflight
from tests.conftest import Built, Command, Publications

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


@pytest.fixture
def handbook(publications: Publications) -> Built:
    return publications.built("handbook", "en")


def test_it_has_all_four_editions_and_nothing_to_mend(handbook: Built) -> None:
    assert handbook.run.exit_code == 0
    # Notes on how lines fall are left to whoever writes: a word more anywhere may move them.
    assert re.findall(r"\b(?:error|warning) \[.*", handbook.run.stderr) == []
    assert {file["edition"] for file in handbook.manifest} >= {"pdf", "print", "epub", "web"}


def test_a_printer_would_take_it(handbook: Built) -> None:
    assert list(preflight(handbook.file("print.pdf"))) == []


def test_checking_finds_nothing_either(imprint: Command) -> None:
    run = imprint("check", DOCS, "--format", "json")
    assert (run.exit_code, run.stdout.strip()) == (0, "[]")


def test_every_page_of_the_folder_is_a_chapter() -> None:
    settings = tomllib.loads((DOCS / "publication.toml").read_text(encoding="utf-8"))
    listed = [name for part in settings["parts"] for name in part["chapters"]]
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert set(listed) == there
    assert len(listed) == len(there)


def test_the_readme_leads_to_pages_that_there_are() -> None:
    text = re.sub(r"```.*?```", "", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S)
    linked = [name for name in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in name]
    assert len(linked) > 8
    assert [name for name in linked if not (ROOT / name).exists()] == []
