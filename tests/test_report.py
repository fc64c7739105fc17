"""The conformance report: true of the files that lie there, and accessible itself."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pikepdf
import pytest
from click.testing import CliRunner

from imprint import epub, metadata, report, validators
from imprint.commands import main
from imprint.diagnostics import Diagnostic, error, warning
from imprint.model import Edition
from imprint.publish import Finished, publish
from tests.books import FONTS, MODIFIED, THEME, partnership

STEM = "security-through-partnership.en"
PAGE = "<!DOCTYPE html><html lang=en><title>Tides</title><main><h1>Tides</h1>{}</main></html>"


def _pdf() -> bytes:
    """A PDF that claims PDF/UA-1 and has no tags, so that it fails."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page()
    page.Contents = pdf.make_stream(b"0 0 100 100 re f")
    metadata.describe(pdf, partnership()[0].publication, MODIFIED, pdfua=1)
    target = io.BytesIO()
    pdf.save(target)
    return target.getvalue()


def _epub() -> bytes:
    book, pages = partnership()
    return epub.make(book, pages, theme=THEME, fonts=FONTS, cover=None, modified=MODIFIED)


def _built(
    output: Path, found: list[Diagnostic] | None = None, page: str = "", pdf: bytes | None = None
) -> report.Json:
    """The report of an output folder with three editions in it."""
    files = {"pdf": pdf or _pdf(), "epub": _epub()}
    made = [
        Finished(Edition(kind, "en", f"{STEM}.{kind}", 1), {f"{STEM}.{kind}": content})
        for kind, content in files.items()
    ]
    pages = {"index.html": PAGE.format(page).encode()}
    made.append(Finished(Edition("web", "en", "web/en"), pages))
    publish(output, made, lambda draft: report.notes(draft, [partnership()[0]], found or []))
    return json.loads((output / report.JSON).read_text(encoding="utf-8"))


def _results(made: report.Json) -> dict[str, str]:
    return {
        check["validator"]: check["result"]
        for publication in made["publications"]
        for edition in publication["editions"]
        for check in edition["checks"]
    }


def test_a_report_names_editions_standards_and_checks_to_come(tmp_path: Path) -> None:
    made = _built(tmp_path)
    [publication] = made["publications"]
    assert [e["edition"] for e in publication["editions"]] == ["pdf", "epub", "web"]
    assert publication["contact"] == "books@imprint.example"
    standards = [c["standard"] for e in publication["editions"] for c in e["checks"]]
    assert standards[:2] == ["PDF/UA-1 (ISO 14289-1)", "PDF syntax (ISO 32000)"]
    assert set(_results(made).values()) == {"not run"}


def test_the_manifest_lists_the_report(tmp_path: Path) -> None:
    _built(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    entries = {entry["file"]: entry for entry in manifest["files"]}
    size = (tmp_path / "report.html").stat().st_size
    assert entries["report.html"]["bytes"] == size
    assert {"report.json", f"{STEM}.pdf", "web/en/index.html"} <= entries.keys()


def test_validators_run_and_their_findings_stand_in_the_report(tmp_path: Path) -> None:
    _built(tmp_path, page='<img src="data:,">')
    made = report.validate(tmp_path)
    assert _results(made) == {
        "veraPDF": "failed",
        "qpdf": "passed",
        "EPUBCheck": "passed",
        "Ace by DAISY": "passed",
        "axe-core": "failed",
    }
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "7.1 11:" in text  # ISO 14289-1: there is no structure tree
    assert "image-alt" in text
    assert f"veraPDF {validators.version('veraPDF')}" in text
    failed = report.failures(made)
    assert [line.split(" fails ")[0] for line in failed] == [f"{STEM}.pdf", "web/en"]


def test_checks_of_files_that_stay_as_they_are_stay_too(tmp_path: Path) -> None:
    _built(tmp_path)
    path = tmp_path / "report.json"
    made = json.loads(path.read_text(encoding="utf-8"))
    for edition in made["publications"][0]["editions"]:
        for check in edition["checks"]:
            check.update(result="passed", version="1", date="2026-11-24")
    path.write_text(json.dumps(made), encoding="utf-8")
    again = _built(tmp_path, page="<p>Changed.")
    results = _results(again)
    assert results["EPUBCheck"] == "passed"
    assert results["axe-core"] == "not run"


def test_a_validator_that_is_missing_passes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _built(tmp_path)
    monkeypatch.setattr(validators, "TOOLS", tmp_path / "nothing")
    monkeypatch.setenv("PATH", str(tmp_path))
    made = report.validate(tmp_path)
    assert set(_results(made).values()) == {"not run"}
    assert report.failures(made) == []
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "not installed" in text


def test_files_that_nobody_can_read_fail(tmp_path: Path) -> None:
    _built(tmp_path, pdf=b"no PDF")
    (tmp_path / f"{STEM}.epub").write_bytes(b"no EPUB")
    results = _results(report.validate(tmp_path))
    assert results["qpdf"] == "failed"
    assert results["EPUBCheck"] == "failed"
    assert results["Ace by DAISY"] == "not run"
    assert not zipfile.is_zipfile(tmp_path / f"{STEM}.epub")


def test_what_the_linter_found_stands_beside_the_questions(tmp_path: Path) -> None:
    found = [
        warning("link-text", "origins.md", 7, 1, "A link says only “<here>”.", "Name it."),
        warning("link-target", "origins.md", 9, 1, "A link leads nowhere."),
        error("alt-missing", "elsewhere.md", 1, 1, "Another book's."),
    ]
    book = partnership()[0]
    assert {chapter.file for chapter in book.chapters} >= {"origins.md"}
    made = _built(tmp_path, found)
    manuscript = made["publications"][0]["manuscript"]
    assert (manuscript["errors"], manuscript["warnings"]) == (0, 2)
    assert [each["code"] for each in manuscript["accessibility"]] == ["link-text"]
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "“&lt;here&gt;”" in text
    for question in report.QUESTIONS:
        if set(question.editions) & {"pdf", "epub", "web"}:
            assert question.question.replace("'", "&#39;") in text
    assert "proof" not in text  # there is no print edition


def test_a_broken_report_is_made_anew(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"publications": [{"editions": [{"file": "."}]}]}'):
        (tmp_path / "report.json").write_text(text, encoding="utf-8")
        assert len(_built(tmp_path)["publications"]) == 1


def test_the_report_is_accessible_itself(tmp_path: Path) -> None:
    found = [warning("link-text", "origins.md", 7, 1, "A link says only “here”.", "Name it.")]
    _built(tmp_path, found, page='<img src="data:,">')
    assert validators.axe([tmp_path / "report.html"]) == {str(tmp_path / "report.html"): []}
    report.validate(tmp_path)
    assert validators.axe([tmp_path / "report.html"]) == {str(tmp_path / "report.html"): []}


def test_the_command_tells_what_failed(tmp_path: Path) -> None:
    _built(tmp_path)
    run = CliRunner().invoke(main, ["report", str(tmp_path)])
    assert run.exit_code == 1
    assert f"{STEM}.pdf fails PDF/UA-1 (ISO 14289-1) (veraPDF)" in run.output


def test_the_command_needs_something_to_check(tmp_path: Path) -> None:
    run = CliRunner().invoke(main, ["report", str(tmp_path)])
    assert run.exit_code == 1
    assert "nothing built" in run.output
