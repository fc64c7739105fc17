"""A new publication: begun by a command, checked, built; what editors know of its settings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from imprint.commands import main
from imprint.schema import SAID, schema, schema_text
from imprint.settings import read_settings
from tests.validators import epubcheck, verapdf

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = {"en": "The island", "fr": "L’île"}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=answers, catch_exceptions=False)


def settings_of(folder: str) -> dict[str, object]:
    return tomllib.loads(Path(folder, "source", "publication.toml").read_text(encoding="utf-8"))


# --- imprint new ---------------------------------------------------------------------------------


def test_three_questions() -> None:
    told = run("new", "night-sky", answers="Le ciel\nJeanne Dubois\nfr\n")
    assert told.exit_code == 0
    made = settings_of("night-sky")
    assert made["title"] == "Le ciel"
    assert made["languages"] == ["fr"]
    assert made["creators"] == [{"name": "Jeanne Dubois", "role": "aut"}]


def test_answers_left_empty_take_the_defaults() -> None:
    told = run("new", "night-sky", "--author", "A", answers="\n\n")
    assert "Title [Night sky]:" in told.output
    assert settings_of("night-sky")["title"] == "Night sky"


def test_what_is_given_is_not_asked() -> None:
    told = run("new", "x", "--title", 'The "X" \\ file\n', "--author", "Ü", "--lang", "en")
    assert told.exit_code == 0
    assert "[" not in told.output
    assert settings_of("x")["title"] == 'The "X" \\ file'


def test_it_says_what_comes_next() -> None:
    told = run("new", "book", "--yes")
    assert [line.split("  ")[1] for line in told.output.splitlines() if line.startswith("  ")] == [
        "cd book",
        "imprint serve",
        "imprint check",
        "imprint build",
    ]


def test_nothing_is_overwritten() -> None:
    Path("book").mkdir()
    Path("book", "mine.md").write_text("Mine.\n", encoding="utf-8")
    told = run("new", "book", "--yes")
    assert told.exit_code == 1
    assert "book is there already" in told.output
    assert [path.name for path in Path("book").iterdir()] == ["mine.md"]


def test_an_empty_folder_is_taken() -> None:
    Path("book").mkdir()
    assert run("new", "book", "--yes").exit_code == 0


def test_no_language_code() -> None:
    told = run("new", "book", "--yes", "--lang", "Klingonese")
    assert told.exit_code == 1
    assert "no language code" in told.output
    assert not Path("book").exists()


def test_no_answer_at_all() -> None:
    told = run("new", "book", answers="")
    assert told.exit_code == 1
    assert not Path("book").exists()


@pytest.mark.parametrize("lang", ["en", "fr", "de", "pt-BR", "en-GB"])
def test_the_sample_has_nothing_to_mend(lang: str) -> None:
    run("new", "book", "--yes", "--lang", lang)
    told = run("check", "book/source", "--strict", "--format", "json")
    assert json.loads(told.stdout) == []
    assert told.exit_code == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sample_shows_what_books_need(lang: str) -> None:
    run("new", "book", "--yes", "--lang", lang)
    text = "".join(path.read_text("utf-8") for path in Path("book/source", lang).glob("*.md"))
    for mark in (
        r"^!\[[^\]]+\]\(\.\./figures/lighthouse\.svg\)",
        r"^!\[[^\]]+\]\(\.\./figures/weather\.vl\.json\)",
        r"^Figure: ",
        r"^Table: ",
        r"\[\]\(#fig-",
        r"\[\^\w+\]: ",
        r"\{index: \w",
        r"^> — ",
        r"^!!! brief ",
        r"^!!! quote ",
        r"^:   ",
    ):
        assert re.search(mark, text, re.MULTILINE), mark


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sample_builds_and_is_valid(lang: str, tmp_path: Path) -> None:
    run("new", "book", "--yes", "--lang", lang)
    built = subprocess.run(
        [sys.executable, "-m", "imprint", "build", "-e", "pdf", "-e", "epub", "-j", "1"],
        cwd=tmp_path / "book",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert "warning" not in built.stderr
    output = tmp_path / "book" / "output"
    told = epubcheck(output / f"book.{lang}.epub")
    assert [line for line in told if line.startswith(("FATAL", "ERROR", "WARNING"))] == []
    assert verapdf(output / f"book.{lang}.pdf") == []


def test_samples_in_all_languages_are_alike() -> None:
    home = files("imprint") / "starter"
    shapes = {}
    for lang in LANGUAGES:
        chapters = sorted(item.name for item in (home / lang).iterdir() if item.name[-3:] == ".md")
        text = "".join((home / lang / name).read_text("utf-8") for name in chapters)
        marks = re.findall(r"\]\(|\[\^|^!!!|^#+|^\||^>|^\d\.|\{index", text, re.MULTILINE)
        shapes[lang] = (len(chapters), marks)
    assert shapes["en"] == shapes["fr"]


# --- what editors know ---------------------------------------------------------------------------


def test_the_committed_schema_is_current() -> None:
    committed = (ROOT / "schema" / "publication.schema.json").read_text(encoding="utf-8")
    assert committed == run("schema").stdout == schema_text(), (
        "Write it anew: imprint schema > schema/publication.schema.json"
    )


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(schema())


def test_every_setting_is_explained() -> None:
    made = schema()
    tables = {"": made, **{f"{name}.": table for name, table in made["definitions"].items()}}
    paths = {prefix + key for prefix, table in tables.items() for key in table["properties"]}
    assert paths == set(SAID)


def as_json(text: str) -> object:
    """The settings as an editor compares them with the schema."""
    return json.loads(json.dumps(tomllib.loads(text), default=str))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_schema_accepts_the_sample_with_its_comments_used(lang: str) -> None:
    run("new", "book", "--yes", "--lang", lang)
    text = Path("book/source/publication.toml").read_text(encoding="utf-8")
    used = re.sub(r"^# (?=[a-z_]+ = |\[)", "", text, flags=re.MULTILINE)
    assert used.count("\n# ") < text.count("\n# ") - 10
    used = used.replace("978-…", "978-0-306-40615-7").replace("https://…", "https://example.org")
    jsonschema.validate(as_json(used), schema())
    written, found = read_settings(used)
    assert written is not None
    assert {d.code for d in found} <= {"isbn"}


def test_the_schema_accepts_the_default_publication() -> None:
    text = (ROOT / "source" / "publication.toml").read_text(encoding="utf-8")
    jsonschema.validate(as_json(text), schema())


@pytest.mark.parametrize(
    "line",
    [
        "titel = 'T'",
        "editions = ['pdf', 'kindle']",
        "front = ['titlepage']",
        "languages = 'en'",
        "slug = 'Not A Slug'",
        "numbered = 'yes'",
        "url = 'ftp://example.org'",
        "isbn.en.epub = '978-1'",
        "creators = [{ name = 'A', role = 'writer' }]",
        "chapters = [{ file = 'a.md', level = 9 }]",
        "diagnostics.ignore = ['link-targt']",
    ],
)
def test_the_schema_refuses_what_the_settings_refuse(line: str) -> None:
    text = f"title = 'T'\n{line}\n"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_json(text), schema())
    _written, found = read_settings(text)
    assert found


def test_what_machines_read_is_well_formed() -> None:
    """GitHub's action and workflow by the schemas that check-jsonschema brings."""
    for name, kind in (
        ("action.yml", "vendor.github-actions"),
        (".github/workflows/publication.yml", "vendor.github-workflows"),
    ):
        checked = subprocess.run(
            [sys.executable, "-m", "check_jsonschema", "--builtin-schema", kind, ROOT / name],
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_tasks_find_the_place_of_a_finding() -> None:
    run("new", "book", "--yes", "--lang", "en")
    tasks = json.loads(Path("book/.vscode/tasks.json").read_text(encoding="utf-8"))["tasks"]
    pattern = tasks[0]["problemMatcher"]["pattern"]
    chapter = Path("book/source/en/01-island.md")
    chapter.write_text(chapter.read_text("utf-8") + "\n[gone](gone.md)\n", encoding="utf-8")
    told = run("check", "book/source").stderr
    [found] = re.finditer(pattern["regexp"], told, re.MULTILINE)
    line = len(chapter.read_text("utf-8").splitlines())
    assert found[pattern["file"]] == "en/01-island.md"
    assert found[pattern["line"]] == str(line)
    assert found[pattern["severity"]] == "warning"
    assert found[pattern["code"]] == "link-target"
