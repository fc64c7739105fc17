"""A translation tied to its original: what an edit leaves stale or missing, and how that is marked."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from imprint.build import read
from imprint.commands import main
from imprint.commands.check import of_folder
from imprint.load import load

TOML = 'title = "Tides"\nlanguages = ["en", "fr"]\nchapters = ["a.md"]\n'
HEAD = '+++\ntitle = "{}"\nstandfirst = "{}"\n+++\n\n'
ENGLISH = (
    HEAD.format("Tides", "Of the sea.")
    + """\
The sea rises.

## Why {#why}

The moon pulls.[^1]

The sun pulls less.

- one
- two

[^1]: Newton found it.

*[HW]: high water
"""
)
FRENCH = (
    HEAD.format("Les marées", "De la mer.")
    + """\
La mer monte.

## Pourquoi {#why}

La lune attire.[^1]

Le soleil attire moins.

- un
- deux

[^1]: Newton l’a trouvé.
"""
)
WHOLE = "fr: 7 of 7 paragraphs are up to date with en.\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    for lang, text in (("en", ENGLISH), ("fr", FRENCH)):
        (tmp_path / lang).mkdir()
        (tmp_path / lang / "a.md").write_text(text, encoding="utf-8")
    (tmp_path / "publication.toml").write_text(TOML)
    return tmp_path


def run(book: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["translations", str(book), *arguments], catch_exceptions=False)


def tied(book: Path) -> Path:
    assert run(book, "--mark", "fr").exit_code == 0
    return book


def edit(book: Path, file: str, old: str, new: str) -> None:
    path = book / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def found(book: Path) -> list[tuple[str, str, int]]:
    """What a build would say of the translation: codes with their places."""
    told = of_folder(book)
    return [(d.code, d.file, d.line) for d in told if d.code.startswith("translation")]


def test_a_translation_that_was_never_marked_is_left_alone(book: Path) -> None:
    told = run(book)
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout.startswith("fr: not tied to en yet.")
    edit(book, "en/a.md", "The moon pulls.", "The moon pulls hard.")
    assert found(book) == []


def test_nothing_is_stale_after_marking(book: Path) -> None:
    assert run(tied(book)).stdout == WHOLE
    assert found(book) == []


def test_a_paragraph_edited_in_the_original_is_told_at_both_places(book: Path) -> None:
    edit(tied(book), "en/a.md", "The sun pulls less.", "The sun pulls a good deal less.")
    told = run(book)
    assert told.exit_code == 1
    assert told.stdout == "fr: 6 of 7 paragraphs are up to date with en.\n"
    assert told.stderr.startswith("fr/a.md:12:1: warning [translation-stale]")
    assert "`en/a.md`, line 12" in told.stderr
    assert "--mark fr/a.md:12" in told.stderr
    assert found(book) == [("translation-stale", "fr/a.md", 12)]
    assert run(book, "--mark", "fr/a.md:12").stdout == WHOLE


def test_lines_broken_anew_change_nothing(book: Path) -> None:
    edit(tied(book), "en/a.md", "The sun pulls less.", "The sun\n  pulls less.")
    assert found(book) == []


def test_words_mended_in_the_translation_alone_leave_it_good(book: Path) -> None:
    edit(tied(book), "fr/a.md", "La lune attire.", "La Lune attire.")
    assert found(book) == []


def test_revising_the_translation_is_not_enough(book: Path) -> None:
    edit(tied(book), "en/a.md", "The moon pulls.", "The moon pulls hard.")
    edit(book, "fr/a.md", "La lune attire.", "La lune attire fort.")
    assert found(book) == [("translation-stale", "fr/a.md", 10)]
    assert run(book, "--mark", "fr/a.md").stdout == WHOLE


def test_a_new_paragraph_of_the_original_is_missing_where_it_belongs(book: Path) -> None:
    edit(tied(book), "en/a.md", "The sun pulls", "The earth turns.\n\nThe sun pulls")
    assert found(book) == [("translation-missing", "fr/a.md", 12)]
    assert "`en/a.md`, line 12" in run(book).stderr
    # That the rest of the chapter is up to date does not make up for it.
    assert run(book, "--mark", "fr/a.md").exit_code == 1
    assert run(book, "--mark", "en/a.md:12").exit_code == 0
    assert found(book) == []


def test_a_paragraph_that_stands_alone_in_the_translation(book: Path) -> None:
    edit(tied(book), "fr/a.md", "Le soleil", "Ajout du traducteur.\n\nLe soleil")
    assert found(book) == [("translation-alone", "fr/a.md", 12)]
    assert run(book, "--mark", "fr/a.md:12").exit_code == 0


def test_a_paragraph_taken_out_of_both_leaves_no_trace(book: Path) -> None:
    edit(tied(book), "en/a.md", "The sun pulls less.\n\n", "")
    assert found(book) == [("translation-alone", "fr/a.md", 12)]
    edit(book, "fr/a.md", "Le soleil attire moins.\n\n", "")
    assert found(book) == []


def test_a_title_is_part_of_the_translation(book: Path) -> None:
    edit(tied(book), "en/a.md", "Of the sea.", "Of the wide sea.")
    assert found(book) == [("translation-stale", "fr/a.md", 1)]


def test_the_same_words_twice_are_two_paragraphs(book: Path) -> None:
    for lang, said in (("en", "The sea rises."), ("fr", "La mer monte.")):
        edit(book, f"{lang}/a.md", said, f"{said}\n\n{said}")
    edit(
        tied(book),
        "en/a.md",
        "The sea rises.\n\nThe sea rises.",
        "The sea falls.\n\nThe sea rises.",
    )
    assert found(book) == [("translation-stale", "fr/a.md", 6)]


def test_a_glossary_is_tied_as_a_whole(book: Path) -> None:
    for lang, text in (("en", "Ebb\n:   Falling\n\nFlood\n:   Rising\n"), ("fr", "Flot\n:   F\n\nJusant\n:   J\n")):  # fmt: skip
        (book / lang / "a.md").write_text(f'+++\nrole = "glossary"\ntitle = "T"\n+++\n{text}')
    assert run(tied(book)).stdout == "fr: 2 of 2 paragraphs are up to date with en.\n"
    edit(book, "en/a.md", "Rising", "Rising tide")
    assert found(book) == [("translation-stale", "fr/a.md", 5)]


def test_code_between_fences_is_one_block(book: Path) -> None:
    code = "```\na\n\n# b\n\nc\n```"
    for lang, said in (("en", "The sea rises."), ("fr", "La mer monte.")):
        edit(book, f"{lang}/a.md", said, f"{said}\n\n{code}")
    assert run(tied(book)).stdout == WHOLE.replace("7", "8")


def marks(book: Path) -> list[str]:
    """What the French book shows of passages that are stale, each with the text after it."""
    [manuscript] = load(book, languages=["fr"])[0]
    body = read(manuscript)[0].chapters[0].body
    shown = body.iterfind(".//p[@class='missing']")
    return [f"{mark.text} {''.join(mark.getnext().itertext())}" for mark in shown]


@pytest.mark.parametrize(
    ("old", "new", "after"),
    [
        ("The sun pulls less.", "The sun pulls.", "Le soleil attire moins."),
        ("- two", "- three", "\nun\ndeux\n"),
        ("## Why", "## How", "Pourquoi"),
        ("Newton found it.", "Newton found this.", "Newton l’a trouvé. ↩"),
    ],
)
def test_a_stale_passage_is_marked_in_the_book(book: Path, old: str, new: str, after: str) -> None:
    assert marks(tied(book)) == []
    edit(book, "en/a.md", old, new)
    said = "Ce passage est plus ancien que l’original."
    assert [" ".join(mark.split()) for mark in marks(book)] == [f"{said} {after}".replace("\n", " ").strip().replace("  ", " ")]  # fmt: skip


def test_what_is_ignored_is_not_marked(book: Path) -> None:
    edit(tied(book), "en/a.md", "The sun pulls less.", "The sun pulls.")
    with (book / "publication.toml").open("a") as settings:
        settings.write('[diagnostics]\nignore = ["translation-stale"]\n')
    assert marks(book) == []
    assert found(book) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('"a.md" = [\n  x\n', 2),
        ('"a.md" = ["zz yy"]', 1),
        ('"a.md" = [1]', 1),
        ('"a.md" = 1', 1),
        ("\xff", 1),
    ],
)
def test_a_broken_record_is_an_error_at_its_line(book: Path, text: str, line: int) -> None:
    (book / "fr" / "translated.toml").write_bytes(text.encode("latin-1"))
    told = run(book)
    assert told.exit_code == 1
    assert told.stderr.startswith(f"fr/translated.toml:{line}:")
    assert found(book) == [("translation-record", "fr/translated.toml", line)]
    # Marking does not write over what may be brought back.
    run(book, "--mark", "fr")
    assert (book / "fr" / "translated.toml").read_bytes() == text.encode("latin-1")


def test_marking_what_is_not_there_is_refused(book: Path) -> None:
    told = run(book, "--mark", "fr/b.md")
    assert told.exit_code == 2
    assert "there is no translation `fr/b.md`" in told.stderr


def test_the_default_book_s_translation_is_up_to_date() -> None:
    told = run(Path(__file__).parent.parent / "source")
    assert told.exit_code == 0, told.stderr
    assert "not tied" not in told.stdout
