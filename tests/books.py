"""Books with their page maps, made by hand as ``resolve`` and ``pagemap`` would make them."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from pathlib import Path

from lxml import etree
from PIL import Image

from imprint.model import (
    Anchor,
    Asset,
    Book,
    Chapter,
    Creator,
    IndexEntry,
    Page,
    PageMap,
    Publication,
    Publisher,
    TextPosition,
    TocEntry,
)
from imprint.trees import HeldTree

THEME = Path(__file__).parent.parent / "templates" / "default"
FONTS = THEME.parent / "fonts"
MODIFIED = datetime.datetime(2026, 11, 24, 12, 30, tzinfo=datetime.UTC)

MAP = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 340" width="600" height="340">
<rect width="600" height="340" fill="#eceef1"/><g fill="none" stroke="#38517e" stroke-width="2">
<circle cx="200" cy="180" r="60"/><circle cx="200" cy="180" r="110"/><circle cx="400" cy="150" r="60"/>
<circle cx="400" cy="150" r="110"/></g><circle cx="200" cy="180" r="9" fill="#8c3b1f"/>
<circle cx="400" cy="150" r="9" fill="#14213d"/>
<text x="218" y="186" font-family="Source Sans 3" font-size="20">Brussels</text>
<text x="418" y="156" font-family="Source Sans 3" font-size="20">Tashkent</text></svg>"""


def png(width: int = 40, height: int = 30, colour: str = "#38517e") -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def body(markup: str) -> etree._Element:
    """The tree of a chapter with its elements numbered, as ``markup`` leaves it."""
    tree = etree.fromstring(markup)
    for number, element in enumerate(e for e in tree.iter() if isinstance(e.tag, str)):
        element.set("data-e", str(number))
    return tree


def chapter(id: str, title: str, markup: str, **known: str) -> Chapter:
    """A chapter whose ``<section>`` holds its title and the markup."""
    role = known.get("role", "chapter")
    lang = known.get("lang", "en")
    section = (
        f'<section id="{id}" class="{role}" role="doc-{role}" lang="{lang}">'
        f"<h1>{title}</h1>{markup}</section>"
    )
    return Chapter(
        id=id,
        file=f"{id}.md",
        role=role,
        level=1,
        title=title,
        short_title=known.get("short_title", ""),
        standfirst=known.get("standfirst", ""),
        lang=lang,
        tree=HeldTree(body(section)),
        number=known.get("number", ""),
    )


def simple(*chapters: Chapter, pages: Sequence[Page] = (), **known: object) -> tuple[Book, PageMap]:
    """A book of these chapters and nothing more."""
    publication = Publication(
        slug="small-book",
        lang="en",
        languages=("en",),
        title="A small book",
        identifier="urn:uuid:5b0f7c3e-3d1c-4c38-9a5e-0d6a3f1f2b11",
        publisher=Publisher(name="Small Press"),
        **known,  # type: ignore[arg-type]
    )
    toc = tuple(TocEntry(c.id, c.title, c.number) for c in chapters)
    anchors = {
        e.get("id"): Anchor(e.get("id"), c.id, "place")
        for c in chapters
        for e in c.body.iter("*")
        if e.get("id")
    }
    assets = {
        "figures/map.svg": Asset("map.svg", "image/svg+xml", MAP, 600, 340),
        "photo.png": Asset("photo.png", "image/png", png(), 40, 30),
    }
    book = Book(publication, tuple(chapters), anchors, toc, assets=assets)
    return book, PageMap(tuple(pages))


_FOREWORD = """<p class="standfirst">Why a small alliance of words needs a large one of deeds.</p>
<p>In ten years Partnership has grown from an offer into a habit. This book tells how.</p>
<p>Those who read <em lang="fr">raison d’être</em> as a question will find an answer in
<a class="xref" href="#origins">Chapter 1<span class="page-cite" data-cites="origins">, page 0</span></a>.</p>"""

_ORIGINS = """<p class="standfirst">From a declaration in London to thirty countries in one programme.</p>
<p>In July 1990 the allies, meeting in London, held out a hand across the division of Europe.<a class="noteref"
role="doc-noteref" id="noteref-origins-1" href="#note-origins-1">1</a> What followed was slow, careful and, in the
end, remarkable: <abbr title="Partnership for Peace">PfP</abbr> was launched in January 1994<span class="index-term"
id="ix-origins-1" data-term="Partnership for Peace"></span> and signed by twenty-two states within months.</p>
<h2 id="the-first-steps">The first steps</h2>
<p>The invitation was addressed to all, and each Partner chose its own pace. See
<a class="xref" href="#fig-map">Figure 1</a>, <a class="xref" href="#tbl-dates">Table 1</a> and
<a class="external" href="https://www.nato.int/docu/basictxt.htm">the basic texts</a>. A very long
word, internationalisation, is hyphenated wherever a line asks for it.</p>
<figure id="fig-map" class="figure wide"><img src="figures/map.svg" alt="Two centres, Brussels and Tashkent, from
which rings spread and meet halfway."/><figcaption><span class="label">Figure 1</span> <span class="caption">Where
rings meet.</span> <span class="credit">Drawing: Imprint</span></figcaption></figure>
<p>A second paragraph follows the figure, long enough to show how lines of text run when nothing
interrupts them, and how the measure of the page feels to a reader who has come this far.</p>
<aside class="box brief"><p class="box-title">In brief</p><ul><li>Thirty states had signed by 2005.</li>
<li>Ten of them had become members.</li></ul></aside>
<table id="tbl-dates"><caption><span class="label">Table 1</span> <span class="caption">Signatures by year.</span></caption>
<thead><tr><th scope="col">Year</th><th scope="col">Countries that signed</th><th scope="col" class="align-right">Number</th></tr></thead>
<tbody><tr><th scope="row">1994</th><td>Romania, Lithuania, Poland, Estonia, Hungary, Ukraine, Slovakia, Bulgaria</td><td class="align-right">22</td></tr>
<tr><th scope="row">1995</th><td>Belarus, Austria, Malta</td><td class="align-right">4</td></tr></tbody></table>
<aside class="box dates"><p class="box-title">Key dates</p><p>1990 London. 1994 Brussels.</p></aside>
<h3 id="a-detail">A detail</h3>
<p>Definitions, code and a list come next.</p>
<dl><dt>EAPC</dt><dd>The council in which Allies and Partners meet.</dd><dt>PARP</dt><dd>The planning and review
process.</dd></dl>
<div class="code"><pre><code class="language-python"><span class="k">def</span> <span class="nf">partners</span>():
    <span class="k">return</span> 20</code></pre></div>
<section class="notes" role="doc-endnotes"><h2 class="notes-title">Notes</h2><ol><li class="note" id="note-origins-1"
role="doc-footnote"><p>London Declaration, 6 July 1990. <a class="note-back" role="doc-backlink"
href="#noteref-origins-1">↩</a></p></li></ol></section>"""

_MECHANISMS = """<p class="standfirst">How thirty armies learn to speak one language.</p>
<aside class="pull-quote"><blockquote><p>Partnership is what we do together, not what we say to each other.</p></blockquote>
<p class="attribution">A Partner’s ambassador</p></aside>
<p>Planning and review began with a questionnaire.<span class="index-term" id="ix-mechanisms-1"
data-term="planning; review"></span> It became a habit.</p>
<ol><li><p>Choose goals.</p></li><li><p>Meet them.</p><ul><li>On time.</li><li>In <strong>full</strong>.</li></ul></li></ol>
<blockquote><p>Quotations stand apart.</p><p class="attribution">— Anonymous</p></blockquote>
<p>The end is near.</p>"""


def partnership(lang: str = "en") -> tuple[Book, PageMap]:
    """A book with all that a book may have, and its pages."""
    chapters = (
        chapter("foreword", "Foreword", _FOREWORD, role="foreword", lang=lang),
        chapter("origins", "Origins and evolution of Partnership", _ORIGINS, number="1", lang=lang,
                standfirst="From a declaration in London to thirty countries in one programme."),
        chapter("mechanisms", "Mechanisms", _MECHANISMS, number="2", lang=lang,
                standfirst="How thirty armies learn to speak one language."),
    )  # fmt: skip
    publication = Publication(
        slug="security-through-partnership",
        lang=lang,
        languages=("en", "fr"),
        title="Security through Partnership",
        subtitle="Ten years of working together",
        creators=(
            Creator("Ada Writer", "aut", "Writer, Ada"),
            Creator("Ben Editor", "edt", "Editor, Ben"),
        ),
        publisher=Publisher(
            "Imprint Press", "Brussels", "books@imprint.example", "https://imprint.example/"
        ),
        date=datetime.date(2005, 5, 1),
        edition="First edition",
        identifier="urn:uuid:5b0f7c3e-3d1c-4c38-9a5e-0d6a3f1f2b10",
        isbns={"print": "9789279000003", "pdf": "9789279000010", "epub": "9789279000027"},
        description="What Partnership is, how it works, and what it has changed.",
        subjects=("JPSN", "JWK"),
        rights="© 2005 Imprint Press",
        licence_url="https://creativecommons.org/licenses/by/4.0/",
        series="Partnership papers",
        colophon="Set in Source Serif 4 and Source Sans 3.",
    )
    anchors = {
        "foreword": Anchor("foreword", "foreword", "chapter", "", "Foreword"),
        "origins": Anchor(
            "origins", "origins", "chapter", "1", "Origins and evolution of Partnership"
        ),
        "the-first-steps": Anchor("the-first-steps", "origins", "section", "", "The first steps"),
        "fig-map": Anchor("fig-map", "origins", "figure", "1", "Where rings meet."),
        "tbl-dates": Anchor("tbl-dates", "origins", "table", "1", "Signatures by year."),
        "mechanisms": Anchor("mechanisms", "mechanisms", "chapter", "2", "Mechanisms"),
    }
    toc = (
        TocEntry("foreword", "Foreword", "", "Why a small alliance of words needs a large one of deeds."),
        TocEntry("origins", "Origins and evolution of Partnership", "1",
                 "From a declaration in London to thirty countries in one programme.", 1,
                 (TocEntry("the-first-steps", "The first steps", "", "", 2,
                           (TocEntry("a-detail", "A detail", "", "", 3),)),)),
        TocEntry("mechanisms", "Mechanisms", "2", "How thirty armies learn to speak one language."),
    )  # fmt: skip
    index = (
        IndexEntry("Partnership for Peace", ("ix-origins-1",)),
        IndexEntry("planning", (), (IndexEntry("review", ("ix-mechanisms-1",)),)),
    )
    assets = {"figures/map.svg": Asset("map.svg", "image/svg+xml", MAP, 600, 340)}
    book = Book(
        publication,
        chapters,
        anchors,
        toc,
        (anchors["fig-map"],),
        (anchors["tbl-dates"],),
        index,
        assets,
    )
    return book, _pages(chapters)


def number_of(of: Chapter, path: str) -> int:
    """The ``data-e`` of the element that an XPath finds in a chapter."""
    return int(of.body.xpath(path)[0].get("data-e"))


def _pages(chapters: Sequence[Chapter]) -> PageMap:
    """Front matter in roman numbers, a blank page, and pages that begin in odd places."""
    foreword, origins, mechanisms = chapters
    front = [
        "cover",
        "half-title",
        "half-title",
        "title-page",
        "imprint",
        "contents",
        "contents",
        "figures",
    ]
    labels = ["", "i", "ii", "iii", "iv", "v", "vi", "vii"]
    pages = [
        Page(n, label, unit) for n, (label, unit) in enumerate(zip(labels, front, strict=True), 1)
    ]
    long_word = origins.body.xpath("//p[contains(., 'internationalisation')]")[0]
    tail = "".join((c.tail or "") for c in long_word)
    own = "".join((long_word.text + tail).split())
    starts = [
        (foreword, 0, 0),
        (origins, 0, 0),
        (origins, number_of(origins, "//h2[@id='the-first-steps']"), 0),
        (origins, int(long_word.get("data-e")), own.index("ation,")),
        (origins, number_of(origins, "//figure/img"), 0),
        (origins, number_of(origins, "//tbody/tr[2]/td[1]"), 0),
        (mechanisms, 0, 0),
    ]
    folio = 1
    for of, element, offset in starts:
        if of is mechanisms:  # a chapter opens on a right-hand page: the one before is blank
            pages.append(Page(len(pages) + 1, str(folio), "mechanisms"))
            folio += 1
        pages.append(Page(len(pages) + 1, str(folio), of.id, TextPosition(element, offset)))
        folio += 1
    pages.append(Page(len(pages) + 1, str(folio), "index"))
    anchors = {
        "origins": 10,
        "fig-map": 13,
        "tbl-dates": 13,
        "ix-origins-1": 10,
        "mechanisms": 16,
        "ix-mechanisms-1": 16,
    }
    return PageMap(tuple(pages), anchors)
