"""The words, dates, numbers and alphabets of each language."""

from __future__ import annotations

import datetime
import re
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from imprint.words import (
    date_text,
    file_size,
    list_join,
    number_text,
    quotes,
    sort_key,
    words,
)

LANGUAGES = ("en", "fr", "de", "es", "uk", "ru")


def catalogue(lang: str):
    with (files("imprint") / "locale" / lang / "imprint.po").open("rb") as stream:
        return read_po(stream, locale=lang, abort_invalid=True)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_catalogue_translates_every_word_and_keeps_its_places(lang: str) -> None:
    english = {str(m.id) for m in catalogue("en") if m.id}
    own = {str(m.id): str(m.string) for m in catalogue(lang) if m.id}
    assert own.keys() == english
    for word, translated in own.items():
        assert translated.strip() == translated != ""
        assert re.findall(r"%\(\w+\)s", translated) == re.findall(r"%\(\w+\)s", word)


def test_every_word_that_the_code_or_the_theme_sets_is_in_the_catalogue() -> None:
    root = Path(__file__).parent.parent
    english = {str(m.id) for m in catalogue("en") if m.id}
    asked = re.compile(r"""\b(?:words|say|word)\(\s*(["'])((?:(?!\1)[^\n])+)\1\s*\)""")
    used = {
        (match[2], file.name)
        for file in (*root.glob("imprint/**/*.py"), *root.glob("templates/**/*.j2"))
        for match in asked.finditer(file.read_text())
    }
    assert len(used) > 10
    assert sorted((word, file) for word, file in used if word not in english) == []


def test_words_in_the_language_its_region_and_else_in_english() -> None:
    assert words("fr")("Contents") == "Sommaire"
    assert words("fr-CA")("Contents") == words("fr_CA")("Contents") == "Sommaire"
    assert words("de")("Page %(label)s") % {"label": "iv"} == "Seite iv"
    assert words("tlh")("Contents") == "Contents"
    assert words("../fr")("Contents") == "Contents"
    assert words("")("Contents") == "Contents"
    assert words("uk")("No such word") == "No such word"


def test_dates_numbers_and_lists() -> None:
    day = datetime.date(2005, 5, 1)
    assert date_text(day, "en-GB") == "1 May 2005"
    assert date_text(day, "fr") == "1 mai 2005"
    assert date_text(day, "xx-unknown") == "May 1, 2005"
    assert number_text(1400, "en") == "1,400"
    assert number_text(1400, "fr") == "1\u202f400"
    assert list_join(["a", "b", "c"], "fr") == "a, b et c"
    assert list_join([], "fr") == ""


@pytest.mark.parametrize(
    ("size", "lang", "text"),
    [
        (3_912_345, "en", "3.9 MB"),
        (3_912_345, "fr", "3,9\u202fMo"),
        (999_999, "en", "1 MB"),
        (12_345, "en", "12 kB"),
        (12, "en", "12 bytes"),
        (1_250_000_000, "de", "1,2 GB"),
    ],
)
def test_file_sizes(size: int, lang: str, text: str) -> None:
    assert file_size(size, lang).replace("\u00a0", " ") == text


def test_quotation_marks() -> None:
    assert quotes("en-GB") == ("“", "”", "‘", "’")
    assert quotes("de") == ("„", "“", "‚", "‘")
    assert quotes("de-CH")[:2] == ("«", "»")
    assert quotes("fr-CA")[0] == "«\u202f"
    assert quotes("xx") == quotes("en")


@pytest.mark.parametrize(
    ("lang", "ordered"),
    [
        ("fr", ["côte", "Étape", "étapes", "fin"]),
        ("en", ["“Active Endeavour”", "Ankara", "Åre", "Nation", "NATO", "NATO enlargement"]),
        ("uk", ["Ґанок", "Європа", "Зміст", "Ірпінь", "Йод", "Київ"]),
        ("ru", ["ёж", "если", "игра", "йод", "карта"]),
        ("es", ["nube", "ñandú", "oso"]),
        ("sv", ["zebra", "Åre", "äpple", "ö"]),
    ],
)
def test_the_order_of_the_index(lang: str, ordered: list[str]) -> None:
    shuffled = sorted(ordered, key=lambda word: word[::-1])
    assert sorted(shuffled, key=lambda word: sort_key(word, lang)) == ordered
