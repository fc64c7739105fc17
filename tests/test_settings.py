"""publication.toml: each fault with its place, and what is made of what is right."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imprint.diagnostics import Diagnostic, Severity
from imprint.model import Creator, Publisher, Trim
from imprint.settings import (
    RELATORS,
    isbn_check_digit,
    publication,
    read_settings,
    slug_from,
    trim_from,
)

ROOT = Path("a-folder")

FULL = """\
title = { en = "Security through Partnership", fr = "La sécurité par le partenariat" }
subtitle = "2005"
languages = ["en", "fr"]
date = 2005-05-01
subjects = ["JPSN", "JWK"]
licence_url = "https://example.org/licence"
trim = "6x9in"
editions = ["pdf", "epub"]
chapters = ["01.md", { file = "02.md", role = "glossary", level = 2 }]

[[creators]]
name = "Ana Ardelean"
role = "edt"
sort = "Ardelean, Ana"

[publisher]
name = "Quay"
email = "quay@example.org"

[isbn.en]
epub = "978-0-306-40615-7"
"""


def read(text: str) -> tuple[Diagnostic, ...]:
    return read_settings(text)[1]


def test_a_sound_file_gives_a_publication_a_language() -> None:
    written, found = read_settings(FULL)
    assert found == ()
    assert written is not None
    english = publication(written.settings, "en", ("en", "fr"), ROOT)
    french = publication(written.settings, "fr", ("en", "fr"), ROOT)
    assert english.title == "Security through Partnership"
    assert french.title == "La sécurité par le partenariat"
    assert english.slug == french.slug == "security-through-partnership"
    assert english.subtitle == french.subtitle == "2005"
    assert english.date == datetime.date(2005, 5, 1)
    assert english.trim == Trim(152.4, 228.6)
    assert english.editions == ("pdf", "epub")
    assert english.creators == (Creator("Ana Ardelean", "edt", "Ardelean, Ana"),)
    assert english.publisher == Publisher("Quay", "", "quay@example.org", "")
    assert english.isbns == {"epub": "9780306406157"}
    assert english.identifier == "urn:isbn:9780306406157"
    assert french.isbns == {}
    assert french.identifier.startswith("urn:uuid:")
    assert english.languages == ("en", "fr")


def test_identifiers_are_stable_and_of_one_language() -> None:
    """The value itself is fixed: changing it would make every shop see a new book."""
    written, _found = read_settings('title = "Tides"\nlanguages = ["en", "fr"]\n')
    assert written is not None
    names = [publication(written.settings, c, ("en", "fr"), ROOT).identifier for c in ("en", "fr")]
    assert names == [
        "urn:uuid:cde33afd-11cc-543e-a5c0-4c130eded82a",
        "urn:uuid:173c054f-5da4-55be-b63a-d9252f60833d",
    ]


# The text, and the code, line, column and words of the message and hint of its one fault.
FAULTS = [
    ('title = "A\nx = 1', "toml", 1, 11, "not valid TOML", ""),
    ("languages = ['en']", "setting-missing", 1, 1, "`title` is missing", ""),
    ('title = ""', "setting-missing", 1, 9, "`title` is empty", ""),
    ('title = "A"\ntilte = "B"', "setting-unknown", 2, 1, "no setting `tilte`", "`title`"),
    ('title = "A"\n[publisher]\n mail = "a@b.c"', "setting-unknown", 3, 2, "publisher.mail", "ema"),
    ("title = 3", "setting-type", 1, 9, "`title` must be text, not a number", "quotation"),
    ('title = { en = "A", fr = 1 }', "setting-type", 1, 26, "`title.fr`", ""),
    ('title = "A"\nnumbered = "yes"', "setting-type", 2, 12, "true", "without quotation"),
    ('title = "A"\ndate = "2005-05-01"', "setting-type", 2, 8, "a date, not text", "without"),
    ('title = "A"\ndate = 2005-05-01T10:00:00', "setting-type", 2, 8, "a date", ""),
    ('title = "A"\nlanguages = "en"', "setting-type", 2, 13, "a list, not text", "["),
    ('title = "A"\nlanguages = ["en",\n  5]', "setting-type", 3, 3, "An item of", ""),
    ('title = "A"\nlanguages = ["en", "engl"]', "language-code", 2, 20, "`engl`", ""),
    ('title = "A"\nlanguages = ["en", "en"]', "setting-twice", 2, 20, "twice", ""),
    ('title = "A"\neditions = ["pdf", "epup"]', "edition", 2, 20, "`epup`", "`epub`"),
    ('title = "A"\neditions = []', "edition", 2, 12, "names none", "pdf"),
    ('title = "A"\nfront = ["tittle-page"]', "front", 2, 10, "tittle-page", "`title-page`"),
    ('title = "A"\ntrim = "A55"', "trim", 2, 8, "`A55`", "`A5`"),
    ('title = "A"\ntrim = "17x24mm"', "trim", 2, 8, "17 × 24 mm", "60 to 700"),
    ('title = "A"\nslug = "Ünder/scored"', "slug", 2, 8, "cannot name", "`under-scored`"),
    ('title = "A"\nlicence_url = "example.org"', "url", 2, 15, "no web address", "https"),
    ('title = "A"\ntheme = "../x"', "theme", 2, 9, "no theme", ""),
    ('title = "A"\n[[creators]]\nname = "X"\nrole = "author"', "relator", 4, 8, "author", "`aut`"),
    ('title = "A"\n[[creators]]\nrole = "aut"', "setting-missing", 2, 3, "creators.name", ""),
    ('title = "A"\n[publisher]\nemail = "quay"', "email", 3, 9, "`quay`", ""),
    ('title = "A"\n[isbn.en]\nepub = "978-0-306-40615-6"', "isbn", 3, 8, "check digit", "be 7"),
    ('title = "A"\n[isbn.en]\nepub = "0-306-40615-2"', "isbn", 3, 8, "no ISBN-13", "thirteen"),
    (
        'title = "A"\n[isbn]\nepub = "978-0-306-40615-7"',
        "setting-type",
        3,
        8,
        "a table",
        "[isbn.en",
    ),
    (
        'title = "A"\n[isbn.en]\nepub = "9780306406157"\nprint = "9780306406157"',
        "isbn",
        4,
        9,
        "same ISBN as `isbn.en.epub`",
        "of its own",
    ),
    ('title = "A"\nchapters = [{ role = "part" }]', "setting-missing", 2, 13, "chapters.file", ""),
    (
        'title = "A"\nchapters = [{ file = "a.md", role = "glosary" }]',
        "role",
        2,
        37,
        "`glosary`",
        "`glossary`",
    ),
    ('title = "A"\nchapters = [{ file = "a.md", level = 9 }]', "level", 2, 38, "no level 9", ""),
    (
        'title = { en = "A" }\nlanguages = ["en", "fr"]',
        "setting-language",
        1,
        1,
        "no text in `fr`",
        "",
    ),
    (
        'title = { en = "A", rf = "B", fr = "C" }\nlanguages = ["en", "fr"]',
        "setting-language",
        1,
        21,
        "`rf` is not among",
        "Add it there",
    ),
    ('title = "A"\n[print]\npaper_gsm = 5', "paper", 3, 13, "no paper of 5 g/m²", "30 to 500"),
    ('title = "A"\n[print]\npaper_bulk = "x"', "setting-type", 3, 14, "", ""),
    (
        'title = "A"\n\n  [[parts]]\n  titel = "x"\n title = "y"',
        "setting-unknown",
        4,
        3,
        "titel",
        "title",
    ),
]


@pytest.mark.parametrize(("text", "code", "line", "column", "message", "hint"), FAULTS)
def test_a_fault_is_told_with_its_place(
    text: str, code: str, line: int, column: int, message: str, hint: str
) -> None:
    written, found = read_settings(text)
    assert [(d.code, d.file, d.line, d.column) for d in found] == [
        (code, "publication.toml", line, column)
    ]
    assert message in found[0].message
    assert hint in found[0].hint
    assert found[0].message.endswith(".")
    assert written is not None or code == "toml"


def test_all_faults_are_told_at_once_and_the_rest_is_kept() -> None:
    text = """\
title = "A"
numbred = true
languages = ["en", "xx", "fr", 3]
chapters = ["a.md", 4, "b.md", { file = "c.md", rolle = "part" }]
[publisher]
name = "Quay"
email = "quay"
"""
    written, found = read_settings(text)
    places = sorted((d.line, d.column) for d in found)
    assert places == [(2, 1), (3, 20), (3, 32), (4, 21), (4, 49), (7, 9)]
    assert written is not None
    assert written.settings.languages == ["en", "fr"]
    assert written.settings.chapters[:2] == ["a.md", "b.md"]
    assert written.settings.publisher.name == "Quay"
    # The second language now is the first list's third item as written: its place says so.
    assert written.places["languages", 1].value == (3, 26)
    assert written.places["chapters", 2, "file"].key == (4, 34)


def test_a_creator_without_a_name_goes_and_the_next_one_stays_whole() -> None:
    written, found = read_settings(
        'title = "A"\n[[creators]]\naka = "x"\n[[creators]]\nname = "Y"\naka = "z"\n'
    )
    assert sorted((d.line, d.column) for d in found) == [(2, 3), (3, 1), (6, 1)]
    assert written is not None
    assert [creator.name for creator in written.settings.creators] == ["Y"]


def test_the_missing_language_falls_back_to_the_first() -> None:
    written, found = read_settings(
        'title = { en = "Tides", de = "Gezeiten" }\nlanguages = ["en", "de", "fr"]\n'
    )
    assert [d.severity for d in found] == [Severity.WARNING]
    assert written is not None
    assert publication(written.settings, "fr", ("en", "de", "fr"), ROOT).title == "Tides"


def test_nul_by_escape_is_taken_out() -> None:
    written, _found = read_settings('title = "A\\u0000B"\n')
    assert written is not None
    assert written.settings.title == "AB"


@given(st.text(alphabet="abtile= \"'[]{}\n.,#0123x-", max_size=60))
def test_no_text_whatever_raises(text: str) -> None:
    written, found = read_settings(text)
    assert written is not None or found
    lines = text.split("\n")
    for diagnostic in found:
        assert 1 <= diagnostic.line <= len(lines)
        assert 1 <= diagnostic.column <= len(lines[diagnostic.line - 1]) + 1


@pytest.mark.parametrize(
    "text",
    [
        'title = "A"\ncreators = [{ title = "x" }]\npublisher = { title = 1 }',
        "parts = [{ title = 1, chapters = [{ title = 2 }] }, { chapters = 1 }, 3]",
        "a = " + "[" * 5000,
        "title = [[[]]]\nchapters = 3\nisbn = [1]\nparts = {}",
        "title = nan",
    ],
)
def test_hostile_files_are_told(text: str) -> None:
    assert read(text)


def test_trim_sizes() -> None:
    assert trim_from("A5") == Trim(148, 210)
    assert trim_from("170 x 240 mm") == Trim(170, 240)
    assert trim_from("6x9in") == Trim(152.4, 228.6)
    assert trim_from("17×24cm") == Trim(170, 240)
    assert trim_from("A5 landscape") is None


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Security through Partnership", "security-through-partnership"),
        ("Où va l'Œuvre ? Déjà vu…", "ou-va-loeuvre-deja-vu"),
        ("Straße & Þór", "strasse-thor"),
        ("Безпека через партнерство", "bezpeka-cherez-partnerstvo"),
        ("Щедрий Йод", "shchedryi-iod"),
        ("Ασφάλεια", "asfaleia"),
        ("安全", "publication"),
        ("../../etc/passwd", "etc-passwd"),
        ("x" * 300, "x" * 80),
    ],
)
def test_slugs(title: str, slug: str) -> None:
    assert slug_from(title) == slug


def test_check_digits() -> None:
    assert isbn_check_digit("978030640615") == "7"
    assert isbn_check_digit("979999990000") == "2"
    assert isbn_check_digit("978000000000") == "2"


def test_relators_are_codes() -> None:
    assert all(len(code) == 3 and code.islower() for code in RELATORS)
