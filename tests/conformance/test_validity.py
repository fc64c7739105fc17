"""Every edition of every publication passes the validators that its readers and shops use."""

from __future__ import annotations

import pytest

from tests import validators
from tests.conftest import BOOKS, DEFAULT_LANGUAGES, Built, Publications


@pytest.mark.parametrize("profile", ["ua1", "2a"])
def test_the_screen_pdf_is_pdf_ua_1_and_pdf_a_2a(book: Built, profile: str) -> None:
    assert validators.verapdf(book.file("pdf"), profile) == []


def test_the_screen_pdf_is_sound(book: Built) -> None:
    assert validators.qpdf_check(book.file("pdf")) == []


def test_epubcheck_has_nothing_to_say(book: Built) -> None:
    # CSS-028 only remarks that fonts are embedded, as they are meant to be.
    messages = validators.epubcheck(book.file("epub"))
    assert [line for line in messages if not line.startswith("USAGE CSS-028")] == []


@pytest.mark.parametrize(("name", "lang"), [each for each in BOOKS if each[0] != "long"])
def test_ace_finds_no_violation(publications: Publications, name: str, lang: str) -> None:
    assert validators.ace(publications.built(name, lang).file("epub")) == []


@pytest.mark.parametrize("lang", DEFAULT_LANGUAGES)
def test_axe_finds_no_violation_on_any_page(publications: Publications, lang: str) -> None:
    pages = sorted(publications.built("default", lang).web_folder.rglob("*.html"))
    findings = validators.axe(pages)
    assert {page: found for page, found in findings.items() if found} == {}


def test_axe_finds_no_violation_in_a_strangers_book(publications: Publications) -> None:
    pages = sorted(publications.built("mdbook", "en").web_folder.rglob("*.html"))
    findings = validators.axe(pages)
    assert {page: found for page, found in findings.items() if found} == {}
