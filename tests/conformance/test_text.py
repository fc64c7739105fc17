"""What programs that know nothing of tags take out of the screen PDF: whole words, apart."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import Built
from tests.readers import Node, Pdf, Piece

_INLINE = ("", "Span", "Link", "Em", "Strong", "Quote")
# Letters alone: the number of a note may follow a word without a space.
_WORD = re.compile(r"[^\W\d_]+")
_BROKEN = re.compile("\u00ad\\s*")
# Ligatures and signs that stand for no character of the text.
_UNREADABLE = re.compile("[\ufb00-\ufb06\ufffd\ue000-\uf8ff]")


@pytest.fixture(scope="module")
def text(book: Built) -> str:
    if book.name == "odds and ends":
        pytest.skip("Its table of twelve columns has no room for whole words.")
    return pdftotext(book.file("pdf"))


def pdftotext(path: Path, *options: str) -> str:
    """The text of a PDF, page by page, by Poppler."""
    command = ["pdftotext", *options, str(path), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def words(text: str) -> Counter[str]:
    """The words, those that a line's end broke put together again."""
    return Counter(_WORD.findall(_BROKEN.sub("", text)))


def written(node: Node) -> str:
    """The text of an element, blocks apart; code is left out, whose lines break anywhere."""
    parts = []
    for kid in node.kids:
        if isinstance(kid, Piece):
            parts.append(kid.text)
        elif kid.type in _INLINE:
            parts.append(written(kid))
        else:
            parts.append(" " if kid.type == "Code" else f" {written(kid)} ")
    return "".join(parts)


def test_every_word_comes_out_whole(book: Built, text: str) -> None:
    wanted: Counter[str] = Counter()
    for document in book.epub.chapters:
        wanted += words(written(document.node()))
    assert sum(wanted.values()) > 500
    missing = wanted - words(text)
    # Where the turn of a page breaks a word, a running head stands between its parts.
    parts = "".join(_broken_by_a_page(book.pdf)).casefold()
    assert [word for word in missing if word.casefold() not in parts] == []
    assert sum(missing.values()) <= len(book.pdf.labels) // 40


def _broken_by_a_page(pdf: Pdf) -> list[str]:
    """The words that begin on a page and end on the next one."""
    found = []
    for page in range(len(pdf.labels)):
        pieces, following = pdf.on_page(page), pdf.on_page(page + 1)
        if pieces and following and pieces[-1].text.endswith("\u00ad"):
            head = re.split(r"\s", pieces[-1].text)[-1].rstrip("\u00ad")
            found.append(head + re.split(r"\s", following[0].text)[0] + " ")
    return found


def test_nothing_comes_out_that_no_reader_writes(book: Built, text: str) -> None:
    allowed = set("".join("".join(each.root.itertext()) for each in book.epub.documents))
    assert set(_UNREADABLE.findall(text)) <= allowed
