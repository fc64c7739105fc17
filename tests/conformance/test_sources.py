"""Every heading, picture, table, note and link of the sources is found in every edition."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from tests import census
from tests.census import Census, letters
from tests.conftest import Built, Publications
from tests.readers import HEADINGS, Node

EDITIONS = ("pdf", "epub", "web")
# The stranger's mdBook in the order of its SUMMARY.md.
MDBOOK = (
    "foreword.md", "ch00-00-audience.md", "first-steps/README.md", "first-steps/linux.md",
    "first-steps/other systems.md", "first-steps/reading.md", "forecasts/index.md",
    "forecasts/models/harmonic.md", "forecasts/models/constituents.md", "forecasts/failure.md",
    "forecasts/alarms.md", "reference/config.md", "appendix.md", "contributors.md",
)  # fmt: skip
_DEAD = re.compile(r"\[link-target\] The link to `([^`]+)`")
_MISSING = re.compile(r"\[image-missing\]")


def files(book: Built) -> list[Path]:
    """The sources in reading order, found without the engine."""
    settings = book.source / "publication.toml"
    if settings.exists():
        known = tomllib.loads(settings.read_text(encoding="utf-8"))
        parts = known.get("parts", [])
        listed = known.get("chapters") or [name for part in parts for name in part["chapters"]]
        names = [each if isinstance(each, str) else each["file"] for each in listed]
        # A publication in one language may do without a folder for it.
        folder = book.source / book.lang
        return [(folder if folder.is_dir() else book.source) / name for name in names]
    if book.name == "mdbook":
        return [book.source / "src" / name for name in MDBOOK]
    if book.name == "guide":
        return sorted((book.source / book.lang).glob("*.md"))
    others = sorted(each for each in book.source.glob("*.md") if each.name != "README.md")
    return [book.source / "README.md", *others]


def source(book: Built) -> Census:
    return census.of_files(files(book))


def chapters(book: Built, edition: str) -> list[Node]:
    """The chapters of an edition as structure."""
    if edition == "pdf":
        return book.pdf.chapters
    return [document.node() for document in getattr(book, edition).chapters]


def found(book: Built, edition: str, *types: str) -> Iterator[Node]:
    for chapter in chapters(book, edition):
        yield from chapter.find(*types)


def test_every_chapter_is_there(book: Built) -> None:
    """Chapters apart from the pages of parts, which have no text of their own."""
    for edition in EDITIONS:
        texts = [chapter for chapter in chapters(book, edition) if chapter.find("P", "L", "Table")]
        assert len(texts) == len(files(book)), edition


def test_every_heading_is_there_in_order(book: Built) -> None:
    wanted = [letters(heading) for heading in source(book).headings]
    assert len(wanted) > 20
    for edition in EDITIONS:
        headings = [letters(node.text()) for node in found(book, edition, *HEADINGS)]
        # Pages of parts have headings that no file has.
        kept = iter(headings)
        missing = [heading for heading in wanted if heading not in kept]
        assert missing == [], edition
        assert len(headings) - len(wanted) <= _parts(book), edition


def _parts(book: Built) -> int:
    return {"handbook": 4, "long": 4, "mdbook": 3}.get(book.name, 0)


def test_every_picture_is_there_with_its_alternative(book: Built) -> None:
    pictures = source(book).local_pictures
    gone = len(_MISSING.findall(book.run.stderr))
    assert pictures
    for edition in EDITIONS:
        shown = list(found(book, edition, "Figure"))
        assert len(shown) == len(pictures) - gone, edition
        alternatives = Counter(letters(node.alt or "") for node in shown)
        wanted = Counter(letters(alternative) for alternative, _ in pictures if alternative)
        assert sum((wanted - alternatives).values()) <= gone, edition


def test_every_remote_picture_leaves_a_link(book: Built) -> None:
    wanted = Counter(_address(address) for _, address in source(book).remote_pictures)
    for edition in EDITIONS:
        assert wanted - _outside(book, edition) == Counter(), edition


def test_every_table_is_there(book: Built) -> None:
    for edition in EDITIONS:
        assert len(list(found(book, edition, "Table"))) == source(book).tables, edition


def test_every_note_is_there(book: Built) -> None:
    for edition in EDITIONS:
        assert len(list(found(book, edition, "Note"))) == source(book).notes, edition


def test_every_link_to_the_world_is_there(book: Built) -> None:
    counted = source(book)
    text = "".join(file.read_text(encoding="utf-8") for file in files(book))
    wanted = Counter(_address(address) for address in counted.outside_links)
    dead = Counter(_address(address) for address in _dead(book))
    pictures = Counter(_address(address) for _, address in counted.remote_pictures)
    for edition in EDITIONS:
        links = _outside(book, edition)
        assert wanted - links == wanted & dead, edition
        # Bare addresses are links as well; nothing else may have become one.
        for address in links - wanted - pictures:
            assert address.removeprefix("mailto:").casefold() in text.casefold(), edition


def test_every_link_within_is_there(book: Built) -> None:
    wanted = len(source(book).inside_links)
    dead = sum(1 for address in _dead(book) if not census.is_remote(address))
    for edition in EDITIONS:
        links = [link for link in found(book, edition, "Link") if link.targets[0].startswith("#")]
        assert len(links) == wanted - dead, edition


def test_web_and_epub_say_the_same(book: Built) -> None:
    for ours, theirs in zip(chapters(book, "epub"), chapters(book, "web"), strict=True):
        assert letters(ours.text(without=())) == letters(theirs.text(without=()))


def _outside(book: Built, edition: str) -> Counter[str]:
    return Counter(
        _address(link.targets[0])
        for link in found(book, edition, "Link")
        if not link.targets[0].startswith("#")
    )


def _address(address: str) -> str:
    """An address with its scheme in small letters, decoded."""
    address = unquote(address).replace(" ", "%20")
    return re.sub(r"^[A-Za-z]+:", lambda match: match[0].lower(), address)


def _dead(book: Built) -> list[str]:
    """Addresses of this language's files that the build told to lead nowhere."""
    folder = {"mdbook": "src/", "odds and ends": ""}.get(book.name, f"{book.lang}/")
    told = [line for line in book.run.stderr.splitlines() if line.startswith(folder)]
    return [match for line in told for match in _DEAD.findall(line)]


def test_parts_of_a_summary_have_pages(publications: Publications) -> None:
    book = publications.built("mdbook", "en")
    for edition in EDITIONS:
        headings = {letters(node.text()) for node in found(book, edition, "H1")}
        assert {"firststeps", "tellingthefuture", "reference"} <= headings, edition
