"""The book that comes with Imprint: what each of its sections has, in both languages."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from lxml import etree

from imprint.load import load
from imprint.markup import parse
from imprint.model import Source

SOURCE = Path(__file__).parent.parent / "source"
MANUSCRIPTS = load(SOURCE)[0]
SECTIONS = [
    pytest.param(source, id=source.file)
    for manuscript in MANUSCRIPTS
    for source in manuscript.sources
    if source.role == "chapter"
]
# What stands beside the running text.
_ASIDE = (
    "ancestor::aside or ancestor::section[@class='notes'] or ancestor::figure or ancestor::table"
)


def _section(source: Source) -> etree._Element:
    lang = source.file.partition("/")[0]
    return parse(source, lang)[0].body


def test_there_are_ten_sections_in_each_language() -> None:
    assert len(SECTIONS) == 20


@pytest.mark.parametrize("source", SECTIONS)
def test_a_section_is_of_the_length_that_the_book_asks_for(source: Source) -> None:
    body = _section(source)
    texts = body.xpath(f".//p[not({_ASIDE})] | .//li[not({_ASIDE})]")
    words = sum(len("".join(text.itertext()).split()) for text in texts)
    assert 1200 <= words <= 2000


@pytest.mark.parametrize("source", SECTIONS)
def test_a_section_has_all_its_parts(source: Source) -> None:
    body = _section(source)
    assert source.standfirst
    assert len(body.xpath(".//h2")) >= 3
    assert len(body.xpath(".//aside[contains(@class, 'brief')]//li")) >= 3
    assert len(body.xpath(".//aside[contains(@class, 'dates')]//dt")) >= 5
    (quote,) = body.xpath(".//aside[contains(@class, 'pull-quote')]")
    assert quote.xpath(".//p[@class='attribution']")
    assert body.xpath(".//li[@class='note']")
    assert body.xpath(".//a[starts-with(@href, '#') and not(@role)]")
    assert len(body.xpath(".//span[@class='index-term']")) >= 5


def test_the_languages_have_the_same_figures_tables_and_boxes() -> None:
    english, french = (
        [
            [
                (each.tag, each.get("class"), each.get("id"))
                for each in _section(source).iter("figure", "table", "aside", "h2", "h3")
            ]
            for source in manuscript.sources
            if source.role == "chapter"
        ]
        for manuscript in MANUSCRIPTS
    )
    assert english == french


def _runs(text: str, length: int = 9) -> set[str]:
    """Digests of all runs of so many words."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {
        hashlib.sha256(" ".join(words[n : n + length]).encode()).hexdigest()[:12]
        for n in range(len(words) - length + 1)
    }


def test_the_sentences_are_our_own() -> None:
    """No nine words on end are those of the publication of 2005 that the book takes its theme from.

    ``public_text.txt`` holds digests of such runs in the first paragraphs of its closing section.
    """
    theirs = set((Path(__file__).parent / "public_text.txt").read_text().split())
    assert len(theirs) > 100
    sentence = (
        "Direct benefits to citizens of NATO member and Partner countries alike are also "
        "being generated."
    )
    assert _runs(sentence) <= theirs
    for source in MANUSCRIPTS[0].sources:
        text = re.sub(r"\{index:[^}]*\}", "", source.text)
        assert not _runs(text) & theirs, source.file
