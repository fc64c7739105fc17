"""Bad manuscripts, through the command line: what is told, where, with which exit code.

Errors stop a build and leave earlier output as it was; `--keep-going` builds all the same, with a
visible mark and editions that still pass their validators; `--strict` makes warnings errors.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import validators
from tests.conftest import Command, Run
from tests.readers import read_epub, read_pdf, read_web, squash

_TOLD = re.compile(
    r"^(?P<file>[^\n:]+)(?::(?P<line>\d+):\d+)?: (?P<severity>error|warning|note)"
    r" \[(?P<code>[\w-]+)\] (?P<message>.+)$",
    re.M,
)
SETTINGS = 'title = "Tides"\nlanguages = ["en"]\nchapters = ["a.md"]\n'
CHAPTER = "# Ebb\n\nThe sea goes out.\n"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080200000090"
    "7753de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)


@dataclass(frozen=True)
class Case:
    """A fault: files that differ from a sound publication, and what is to be told of it.

    ``mark`` is what a reader sees in place of what is missing when the build keeps going; None
    where nothing is missing.
    """

    name: str
    code: str
    file: str
    line: int
    severity: str
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    settings: str = SETTINGS
    mark: str | None = None


def chapter(body: str) -> dict[str, str | bytes]:
    return {"en/a.md": CHAPTER + "\n" + body}


CASES = [
    Case("missing-image", "image-missing", "en/a.md", 6, "error",
         chapter("Before.\n![A chart](chart.png)\n"), mark="chart.png"),
    Case("image-that-is-none", "image-broken", "en/a.md", 5, "error",
         {**chapter("![A chart](broken.png)\n"), "en/broken.png": b"no picture"}, mark="broken.png"),
    Case("broken-link", "link-target", "en/a.md", 5, "warning",
         chapter("See [the flood](flood.md) there.\n"), mark="the flood"),
    Case("link-to-a-heading-that-is-not-there", "link-target", "en/a.md", 5, "warning",
         chapter("See [the flood](#flood) there.\n"), mark="the flood"),
    Case("reference-to-nothing", "link-target", "en/a.md", 5, "warning",
         chapter("See [](#fig-none) there.\n"), mark="#fig-none"),
    Case("script-link", "link-target", "en/a.md", 5, "warning",
         chapter("See [this](javascript:alert(1)) there.\n"), mark="this"),
    Case("duplicate-id", "duplicate-id", "en/a.md", 9, "warning",
         chapter("## One {#tide}\n\nText.\n\n## Two {#tide}\n\nText.\n")),
    Case("duplicate-id-on-one-line", "duplicate-id", "en/a.md", 7, "warning",
         chapter('<p id="x">One</p>\n\n<p id="x">Two</p>\n')),
    Case("unknown-key", "setting-unknown", "publication.toml", 4, "error",
         settings=SETTINGS + 'subtitel = "In and out"\n'),
    Case("wrong-type", "setting-type", "publication.toml", 4, "error",
         settings=SETTINGS + "subtitle = 3\n"),
    Case("no-title", "setting-missing", "publication.toml", 1, "error",
         settings='languages = ["en"]\nchapters = ["a.md"]\n'),
    Case("bad-isbn", "isbn", "publication.toml", 5, "error",
         settings=SETTINGS + '[isbn.en]\nepub = "978-3-16-148410-1"\n'),
    Case("bad-toml", "toml", "publication.toml", 3, "error",
         settings='title = "Tides"\nlanguages = ["en"\nchapters = ["a.md"]\n'),
    Case("undecodable-file", "encoding", "en/a.md", 3, "error",
         {"en/a.md": b"# Ebb\n\nThe caf\xe9 is closed.\n"}, mark="caf"),
    Case("missing-file", "chapter-missing", "publication.toml", 3, "error",
         settings='title = "Tides"\nlanguages = ["en"]\nchapters = ["a.md", "flood.md"]\n'),
    Case("empty-chapter", "empty-chapter", "en/b.md", 1, "error", {"en/b.md": "\n\n"},
         settings='title = "Tides"\nlanguages = ["en"]\nchapters = ["a.md", "b.md"]\n'),
    Case("malformed-toml-head", "head", "en/a.md", 2, "error",
         {"en/a.md": "+++\ntitle = Ebb\n+++\n\nThe sea goes out.\n"}),
    Case("malformed-yaml-head", "head", "en/a.md", 3, "error",
         {"en/a.md": '---\ntitle: "Ebb"\nlist: [1, 2\n---\n\nThe sea goes out.\n'}),
    Case("unclosed-head", "head", "en/a.md", 1, "error",
         {"en/a.md": '+++\ntitle = "Ebb"\n\nThe sea goes out.\n'}),
    Case("unknown-key-in-a-head", "head-key", "en/a.md", 3, "warning",
         {"en/a.md": '+++\ntitle = "Ebb"\nstandfrist = "Out."\n+++\n\nThe sea goes out.\n'}),
    Case("malformed-table", "table-cells", "en/a.md", 8, "warning",
         chapter("| Port | Height |\n|---|---|\n| Oban | 3.9 |\n| Wick | 3.1 | 7 | 8 |\n")),
    Case("table-whose-head-is-short", "table-columns", "en/a.md", 6, "warning",
         chapter("| Port | Height |\n|---|---|---|\n| Oban | 3.9 | 1 |\n"), mark="Oban"),
    Case("note-that-is-not-there", "note-missing", "en/a.md", 5, "warning",
         chapter("The moon.[^moon]\n"), mark="moon"),
    Case("note-that-is-not-called", "note-unused", "en/a.md", 5, "warning",
         chapter("[^moon]: It pulls.\n")),
    Case("image-without-alternative", "alt-missing", "en/a.md", 5, "warning",
         {**chapter("![](pixel.png)\n"), "en/pixel.png": PIXEL}),
    Case("remote-image", "image-remote", "en/a.md", 5, "warning",
         chapter("![A chart](https://example.org/chart.png)\n"), mark="A chart"),
]  # fmt: skip


def written(folder: Path, case: Case) -> Path:
    files: dict[str, str | bytes] = {"publication.toml": case.settings, "en/a.md": CHAPTER}
    files |= case.files
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def told(run: Run) -> list[tuple[str, str, int, str]]:
    """Code, file, line and severity of everything that the command told."""
    return [
        (m["code"], m["file"], int(m["line"] or 0), m["severity"])
        for m in _TOLD.finditer(run.stderr)
    ]


def hashes(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_a_sound_publication_has_nothing_told(imprint: Command, tmp_path: Path) -> None:
    source = written(tmp_path / "source", Case("sound", "", "", 0, ""))
    run = imprint("build", source, "-o", tmp_path / "out", "-e", "epub")
    assert (run.exit_code, told(run)) == (0, [])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_fault_is_told_with_its_place(case: Case, imprint: Command, tmp_path: Path) -> None:
    """Errors give exit code 1 and leave what was there; warnings give a book."""
    source = written(tmp_path / "source", case)
    output = tmp_path / "out"
    output.mkdir()
    (output / "tides.en.epub").write_bytes(b"an earlier edition")
    before = hashes(output)
    run = imprint("build", source, "-o", output, "-e", "epub")
    assert (case.code, case.file, case.line, case.severity) in told(run), run.stderr
    assert "Traceback" not in run.stderr
    if case.severity == "error":
        assert run.exit_code == 1
        assert hashes(output) == before
        assert "--keep-going" in run.stdout
    else:
        assert run.exit_code == 0
        assert hashes(output) != before


STRICT = [c for c in CASES if c.name in ("broken-link", "malformed-table", "remote-image")]


@pytest.mark.parametrize("case", STRICT, ids=lambda case: case.name)
def test_strict_makes_warnings_errors(case: Case, imprint: Command, tmp_path: Path) -> None:
    source = written(tmp_path / "source", case)
    run = imprint("build", source, "-o", tmp_path / "out", "-e", "epub", "--strict")
    assert run.exit_code == 1
    assert (case.code, case.file, case.line, "error") in told(run)
    assert not (tmp_path / "out" / "manifest.json").exists()


def told_in(output: Path) -> Iterator[str]:
    """What each edition says, without white space."""
    [epub] = output.glob("*.epub")
    [pdf] = output.glob("*.pdf")
    for chapters in (
        [document.node() for document in read_epub(epub).chapters],
        read_pdf(pdf).chapters,
        [document.node() for document in read_web(output / "web" / "en").chapters],
    ):
        yield squash("".join(chapter.text(without=()) for chapter in chapters))


def keep_going(imprint: Command, source: Path, output: Path) -> Run:
    return imprint(
        "build", source, "-o", output, "--keep-going", "-e", "pdf", "-e", "epub", "-e", "web"
    )


KEPT = [c for c in CASES if c.severity == "error" and c.name not in ("bad-toml", "no-title")]


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case.name)
def test_keep_going_builds_in_spite_of_errors(case: Case, imprint: Command, tmp_path: Path) -> None:
    source = written(tmp_path / "source", case)
    run = keep_going(imprint, source, tmp_path / "out")
    assert run.exit_code == 1
    assert (case.code, case.file, case.line, case.severity) in told(run)
    for text in told_in(tmp_path / "out"):
        assert squash(case.mark or "") in text
        assert "thesea" in text or case.name == "undecodable-file"


def test_editions_full_of_faults_are_marked_and_valid(imprint: Command, tmp_path: Path) -> None:
    """All faults of texts in one book: each is told, each is marked, and validators pass."""
    texts = [c for c in CASES if c.mark or set(c.files) == {"en/a.md"}]
    source = tmp_path / "source"
    names = []
    for case in texts:
        names.append(f"{case.name}.md")
        for name, content in case.files.items():
            file = source / "en" / (names[-1] if name == "en/a.md" else Path(name).name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
    listed = ", ".join(f'"{name}"' for name in names)
    settings = f'title = "Tides"\nlanguages = ["en"]\nchapters = [{listed}]\n'
    (source / "publication.toml").write_text(settings, encoding="utf-8")
    run = keep_going(imprint, source, tmp_path / "out")
    assert {(c.code, f"en/{c.name}.md", c.line, c.severity) for c in texts} <= set(told(run))
    for text in told_in(tmp_path / "out"):
        assert [case.name for case in texts if squash(case.mark or "") not in text] == []
    [epub] = (tmp_path / "out").glob("*.epub")
    messages = validators.epubcheck(epub)
    assert [line for line in messages if not line.startswith("USAGE CSS-028")] == []
    [pdf] = (tmp_path / "out").glob("*.pdf")
    assert validators.verapdf(pdf) == []


def test_a_folder_without_settings_builds_in_spite_of_errors(
    imprint: Command, tmp_path: Path
) -> None:
    """A newcomer sees a book, and a list of what to mend."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "one.md").write_text("# One\n\n![A chart](none.png)\n\n[gone](gone.md)\n")
    run = imprint("build", folder, "-o", tmp_path / "out", "-e", "epub")
    assert {code for code, *_ in told(run)} == {"image-missing", "link-target"}
    assert run.exit_code == 1
    [epub] = (tmp_path / "out").glob("*.epub")
    [document] = read_epub(epub).chapters
    assert "none.png" in document.node().text()
    assert "gone" in document.node().text()


def test_all_faults_are_told_at_once_in_order(imprint: Command, tmp_path: Path) -> None:
    body = "![A](one.png)\n\n[b](two.md)\n\n![C](three.png)\n"
    source = written(tmp_path / "source", Case("many", "", "", 0, "", chapter(body)))
    run = imprint("build", source, "-o", tmp_path / "out", "-e", "epub")
    assert [(code, line) for code, _, line, _ in told(run)] == [
        ("image-missing", 5),
        ("link-target", 7),
        ("image-missing", 9),
    ]
    # The line of the source is shown with each.
    assert "![C](three.png)" in run.stderr


@pytest.mark.parametrize("name", ["none", "empty"])
def test_a_folder_with_nothing_to_read(name: str, imprint: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = imprint("build", tmp_path / name, "-o", tmp_path / "out")
    assert run.exit_code == 1
    assert told(run)[0][0] in ("no-folder", "no-chapters")
    assert "Traceback" not in run.stderr
    assert not list((tmp_path / "out").glob("*"))


def test_output_that_cannot_be_written(imprint: Command, tmp_path: Path) -> None:
    source = written(tmp_path / "source", Case("sound", "", "", 0, ""))
    (tmp_path / "out").write_text("a file, no folder")
    run = imprint("build", source, "-o", tmp_path / "out", "-e", "epub")
    assert run.exit_code == 1
    assert "output-write" in {code for code, *_ in told(run)}
    assert (tmp_path / "out").read_text() == "a file, no folder"


def test_a_failed_build_leaves_every_edition_as_it_was(imprint: Command, tmp_path: Path) -> None:
    source = written(tmp_path / "source", Case("sound", "", "", 0, ""))
    output = tmp_path / "out"
    editions = ("-e", "pdf", "-e", "epub", "-e", "web")
    assert imprint("build", source, "-o", output, *editions).exit_code == 0
    before = hashes(output)
    assert len(before) > 6
    (source / "en" / "a.md").write_text("# Ebb\n\n![A chart](none.png)\n")
    assert imprint("build", source, "-o", output, *editions).exit_code == 1
    assert hashes(output) == before
