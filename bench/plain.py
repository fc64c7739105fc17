"""The same book laid out by plain WeasyPrint as one document: ``python -m bench.plain FOLDER PDF``."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from markupsafe import Markup
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from imprint.build import TEMPLATES, read, theme_of
from imprint.fontconfig import use_theme_fonts
from imprint.load import load
from imprint.model import Book, IndexEntry
from imprint.paginate import _with_generated
from imprint.paper import ASSET_SCHEME, paged_body
from imprint.theme import Theme, chapter_html, part_html
from imprint.typeset import ClosedRoom

# What an author would write by hand: the page that a link leads to.
_TARGETS = ".target::after { content: target-counter(attr(href), page) }"


class _Links:
    """Links to pages where a page map would give their numbers."""

    @property
    def anchors(self) -> dict[str, int]:
        return {}

    def label(self, anchor_id: str) -> Markup:
        return Markup('<a class="target" href="#{}"></a>').format(anchor_id)


def one_document(book: Book, theme: Theme) -> str:
    """The whole book as one document, in the order of its pages."""
    links: Any = _Links()
    names = ("title-page", "contents", "figures")
    parts = [part_html(theme, name, book, links) for name in names]
    for chapter in book.chapters:
        body, _ = paged_body(chapter, links)
        parts.append(chapter_html(theme, book.publication, chapter, _linked(body)))
    parts.append(_index(book, theme, links))
    units = "\n".join(_unit(part) for part in parts)
    head = parts[0].partition("<body")[0]
    return f"{head}<body>{units}</body></html>"


def _index(book: Book, theme: Theme, links: _Links) -> str:
    """The index with a link to every place of a term: runs of pages are not known to a browser."""

    def places(entry: IndexEntry) -> list[tuple[Markup, str]]:
        return [(links.label(anchor), anchor) for anchor in entry.ids]

    html = part_html(theme, "index", book, links)  # type: ignore[arg-type]
    lines = (f"<li>{e.term}{_refs(places(e))}</li>" for e in _flat(book.index))
    return re.sub(r'(<div class="index-columns">).*(</div>)', rf"\1<ul>{''.join(lines)}</ul>\2",
                  html, flags=re.S)  # fmt: skip


def _flat(entries: tuple[IndexEntry, ...]) -> list[IndexEntry]:
    return [e for entry in entries for e in (entry, *_flat(entry.children))]


def _refs(places: list[tuple[Markup, str]]) -> str:
    return "".join(f", {link}" for link, _ in places)


def _linked(body: str) -> str:
    """Page citations as counters of their targets."""
    return re.sub(
        r'<span class="page-number" data-folio-of="([^"]+)"[^>]*>0+</span>',
        r'<a class="target" href="#\1"></a>',
        re.sub(r'<span class="page-number"[^>]*data-folio-of="([^"]+)"[^>]*>[^/]*/a&gt;</span>',
               r'<a class="target" href="#\1"></a>', body),
    )  # fmt: skip


def _unit(html: str) -> str:
    """A document's body as a division of a longer one; notes fit into paragraphs as spans."""
    inner = re.search(r"<body([^>]*)>(.*)</body>", html, re.S)
    assert inner is not None
    attributes = re.sub(r'class="', 'class="unit ', inner[1])
    return f"<div{attributes}>{inner[2]}</div>"


def main(folder: Path, target: Path) -> None:
    """Lay the book out and write it as PDF/UA."""
    use_theme_fonts(TEMPLATES / "fonts", Path(tempfile.mkdtemp()))
    manuscripts, _ = load(folder)
    book, _ = read(manuscripts[0])
    book = _with_generated(book)
    theme = theme_of(manuscripts[0])
    room = ClosedRoom(TEMPLATES)
    room.assets = {name: asset.content for name, asset in book.assets.items()}
    fonts = FontConfiguration()
    sheets = [
        CSS(string=re.sub(r"\bbody\b", ".unit", Path(path).read_text(encoding="utf-8")),
            base_url=Path(path).as_uri(), url_fetcher=room, font_config=fonts)
        for path in theme.sheets()
    ]  # fmt: skip
    sheets.append(CSS(string=_TARGETS, font_config=fonts))
    document = HTML(string=one_document(book, theme), base_url=ASSET_SCHEME, url_fetcher=room)
    document.write_pdf(target, stylesheets=sheets, font_config=fonts, pdf_variant="pdf/ua-1")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
