"""What Kindle and Kobo refuse or show badly, and no validator tells of.

From Amazon's Kindle Publishing Guidelines and Kobo's ePub conversion guidelines.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

import pytest
import tinycss2
from lxml import etree
from PIL import Image

from tests.conftest import Built

# Kobo takes files up to 100 MB, Kindle up to 650 MB; either sends few readers more than this.
MOST_BYTES = 50_000_000
MOST_PICTURE_BYTES = 5_000_000
MOST_PICTURE_PIXELS = 5_600_000
# Larger documents make old devices slow to turn a page.
MOST_DOCUMENT_BYTES = 300_000
# What takes text out of its flow, moves it, or needs a browser of today.
_UNSUPPORTED = re.compile(
    r"position|z-index|transform.*|transition.*|animation.*|filter|clip-path|columns|column-.*|"
    r"grid.*|flex.*|float|overflow|content-visibility|mix-blend-mode"
)
_UNITS = ("vw", "vh", "vmin", "vmax", "px", "pt", "cm", "mm", "in")


@pytest.fixture(scope="module")
def files(book: Built) -> dict[str, bytes]:
    with zipfile.ZipFile(book.file("epub")) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def declarations(sheet: str) -> Iterator[tuple[str, tinycss2.ast.Declaration]]:
    """Every declaration of a style sheet with the selector that it stands under."""
    for rule in tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            selector = tinycss2.serialize(rule.prelude).strip()
            for found in tinycss2.parse_blocks_contents(rule.content):
                if found.type == "declaration":
                    yield selector, found


def test_files_are_within_the_shops_limits(book: Built, files: dict[str, bytes]) -> None:
    assert book.file("epub").stat().st_size < MOST_BYTES
    for name, content in files.items():
        if name.endswith(".xhtml"):
            assert len(content) < MOST_DOCUMENT_BYTES, name


def test_the_cover_has_the_size_that_shops_ask_for(files: dict[str, bytes]) -> None:
    package = etree.fromstring(files["EPUB/content.opf"])
    [item] = package.xpath("//*[@properties='cover-image']")
    with Image.open(io.BytesIO(files[f"EPUB/{item.get('href')}"])) as cover:
        assert (cover.format, cover.mode, cover.size) == ("JPEG", "RGB", (1600, 2560))


def test_pictures_are_of_a_kind_and_size_that_devices_show(files: dict[str, bytes]) -> None:
    for name, content in files.items():
        if name.endswith((".svg", ".png", ".jpg", ".gif", ".webp")):
            assert len(content) < MOST_PICTURE_BYTES, name
        if name.endswith((".png", ".jpg", ".gif")):
            with Image.open(io.BytesIO(content)) as picture:
                assert picture.width * picture.height < MOST_PICTURE_PIXELS, name
                assert picture.mode != "CMYK", name
        assert not name.endswith((".webp", ".avif", ".tif", ".tiff", ".bmp")), name


def test_styles_are_those_that_devices_know(files: dict[str, bytes]) -> None:
    sheet = files["EPUB/style.css"].decode()
    assert "@import" not in sheet
    assert "var(" not in sheet
    for selector, found in declarations(sheet):
        value = tinycss2.serialize(found.value).strip()
        assert not _UNSUPPORTED.fullmatch(found.lower_name), (selector, found.name)
        assert not found.important, (selector, found.name)
        if found.lower_name in ("font-size", "line-height"):
            assert not value.endswith(_UNITS), (selector, found.name, value)
        if found.lower_name.startswith("margin"):
            assert "-" not in value, (selector, found.name, value)


def test_readers_choose_colours_and_size_of_the_text(files: dict[str, bytes]) -> None:
    """Night mode and a larger type must reach all of it."""
    for selector, found in declarations(files["EPUB/style.css"].decode()):
        if selector in ("html", "body", "p"):
            assert found.lower_name not in ("color", "background", "background-color", "font-size")


def test_old_devices_find_the_contents_and_nothing_runs(files: dict[str, bytes]) -> None:
    assert b"<navPoint" in files["EPUB/toc.ncx"]
    package = etree.fromstring(files["EPUB/content.opf"])
    assert package.find("{*}spine").get("toc") == "ncx"
    for name, content in files.items():
        assert not name.endswith(".js")
        if name.endswith(".xhtml"):
            tree = etree.fromstring(content)
            assert tree.xpath("//*[local-name()='script' or local-name()='form']") == [], name
            assert tree.xpath("//@style") == [], name
