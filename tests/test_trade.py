"""Records for the trade: valid by EDItEUR's schema, and true of the files that go out."""

from __future__ import annotations

import datetime
import importlib.util
import io
import json
from collections.abc import Collection
from dataclasses import replace
from functools import cache
from pathlib import Path

import pikepdf
import pytest
from lxml import etree

from imprint import epub, metadata, trade
from imprint.diagnostics import warning
from imprint.model import Book, Creator, Edition, PageMap, Publication, Publisher
from imprint.publish import Finished, publish
from tests.books import FONTS, MODIFIED, THEME, partnership

ONIX = f"{{{trade.ONIX}}}"


@cache
def _schema() -> etree.XMLSchema:
    """EDItEUR's schema of ONIX 3.1 with its code lists."""
    package = importlib.util.find_spec("onixcheck")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "schema" / "xsd3.1"
    return etree.XMLSchema(etree.parse(folder / "ONIX_BookProduct_3.1_reference.xsd"))


@cache
def _epub() -> bytes:
    book, pages = partnership()
    return epub.make(book, pages, theme=THEME, fonts=FONTS, cover=None, modified=MODIFIED)


def _pdf(*, pdfua: int | None = 1) -> bytes:
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.Root.Lang = pikepdf.String("en")
    with pdf.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem("One", 0))
    metadata.describe(pdf, partnership()[0].publication, MODIFIED, pdfua=pdfua)
    target = io.BytesIO()
    pdf.save(target)
    return target.getvalue()


def _made(kind: str, lang: str = "en") -> Finished:
    ending = {"pdf": "pdf", "print": "print.pdf", "epub": "epub", "cover": "cover.pdf"}[kind]
    file = f"security-through-partnership.{lang}.{ending}"
    content = _epub() if kind == "epub" else _pdf()
    pages = {"pdf": 200, "print": 198, "cover": 1}.get(kind, 0)
    edition = Edition("print" if kind == "cover" else kind, lang, file, pages)
    return Finished(edition, {file: content})


def _message(
    book: Book | None = None,
    kinds: Collection[str] = ("pdf", "print", "cover", "epub"),
    codes: Collection[str] = (),
    others: Collection[Publication] = (),
    earlier: etree._Element | None = None,
) -> etree._Element:
    """The message, which is valid by the schema whatever goes in."""
    content = trade.onix(
        book or partnership()[0], [_made(k) for k in kinds], [*others], MODIFIED, codes, earlier
    )
    assert content is not None
    message = etree.fromstring(content)
    _schema().assertValid(message)
    return message


def _texts(element: etree._Element, path: str) -> list[str]:
    steps = "/".join(f"{ONIX}{name}" for name in path.split("/"))
    return [found.text or "" for found in element.iterfind(f".//{steps}")]


def _product(message: etree._Element, kind: str) -> etree._Element:
    [found] = [
        p for p in message.iter(f"{ONIX}Product") if _texts(p, "RecordReference")[0].endswith(kind)
    ]
    return found


def _codes(product: etree._Element, kind: str = "09") -> set[str]:
    return {
        feature[1].text
        for feature in product.iter(f"{ONIX}ProductFormFeature")
        if feature[0].text == kind
    }


# --- ONIX ----------------------------------------------------------------------------------------


def test_a_product_for_each_edition_that_is_sold() -> None:
    message = _message()
    assert _texts(message, "ProductForm") == ["ED", "BC", "ED"]
    assert _texts(message, "ProductFormDetail") == ["E107", "E201", "E101", "E200"]
    isbns = [
        i[1].text for i in message.iterfind(f"{ONIX}Product/{ONIX}ProductIdentifier")
        if i[0].text == "15"
    ]  # fmt: skip
    assert isbns == ["9789279000010", "9789279000003", "9789279000027"]


def test_titles_people_and_dates() -> None:
    epub_product = _product(_message(), "epub")
    assert _texts(epub_product, "TitleElement/TitleText")[-1] == "Security through Partnership"
    assert _texts(epub_product, "Subtitle") == ["Ten years of working together"]
    assert _texts(epub_product, "Collection/TitleDetail/TitleElement/TitleText") == [
        "Partnership papers"
    ]
    assert _texts(epub_product, "ContributorRole") == ["A01", "B01"]
    assert _texts(epub_product, "PersonNameInverted") == ["Writer, Ada", "Editor, Ben"]
    assert _texts(epub_product, "LanguageCode") == ["eng"]
    assert _texts(epub_product, "SubjectCode") == ["JPSN", "JWK"]
    assert len(_texts(epub_product, "MainSubject")) == 1
    assert _texts(epub_product, "PublishingDate/Date") == ["20050501"]
    assert _texts(epub_product, "EpubLicenseName") == ["CC BY 4.0"]


def test_extents_are_those_of_the_files() -> None:
    message = _message()
    extents = {
        kind: {
            extent[0].text: int(extent[1].text)
            for extent in _product(message, kind).iter(f"{ONIX}Extent")
        }
        for kind in ("pdf", "print", "epub")
    }
    assert extents["print"] == {"06": 198}
    assert extents["pdf"]["07"] == 200
    assert extents["epub"] == {"08": 198, "22": len(_epub())}
    assert _texts(_product(message, "print"), "Measurement") == ["240", "170"]


def test_the_epubs_features_are_those_that_its_package_names() -> None:
    product = _product(_message(), "epub")
    expected = {"00", "04", "82", "85", "10", "11", "12", "13", "14", "19", "22", "29", "30", "32"}
    assert _codes(product) == expected | {"36", "41", "52", "99"}
    assert _codes(product, "12") == {"14", "16", "18"}
    assert "17" not in _codes(product)  # there is no mathematics


def test_an_epub_without_pages_or_index_claims_neither() -> None:
    book, _ = partnership()
    bare = replace(book, index=())
    content = epub.make(bare, PageMap(), theme=THEME, fonts=FONTS, cover=None, modified=MODIFIED)
    made = Finished(Edition("epub", "en", "a.epub"), {"a.epub": content})
    codes = {f.value for f in trade.features(made, book.publication)}
    assert not codes & {"12", "19", "41"}
    assert "11" in codes


def test_a_pdf_claims_what_its_metadata_claims() -> None:
    assert {"05", "10", "11", "13", "14", "22", "52", "99"} <= _codes(_product(_message(), "pdf"))
    plain = Finished(Edition("pdf", "en", "a.pdf"), {"a.pdf": _pdf(pdfua=None)})
    publication = replace(partnership()[0].publication, publisher=Publisher("Imprint Press"))
    assert trade.features(plain, publication) == []


def test_a_book_with_pictures_that_nobody_described_conforms_to_nothing() -> None:
    message = _message(codes={"alt-missing", "link-target"})
    for kind in ("pdf", "epub"):
        assert not _codes(_product(message, kind)) & {"04", "05", "82", "85", "14", "52"}
        assert {"10", "11", "13", "22"} <= _codes(_product(message, kind))


def test_print_has_no_accessibility_details() -> None:
    assert _codes(_product(_message(), "print")) == set()


def test_relations_between_editions_and_languages() -> None:
    french = replace(partnership("fr")[0].publication, isbns={"epub": "9789279000034"})
    message = _message(others=[french])
    relations = {
        related[-1][1].text: {code.text for code in related[:-1]}
        for related in _product(message, "epub").iter(f"{ONIX}RelatedProduct")
    }
    assert relations == {
        "9789279000010": {"06"},
        "9789279000003": {"06", "13"},
        "9789279000034": {"11"},
    }


def test_a_publication_that_says_next_to_nothing() -> None:
    book, _ = partnership()
    bare = Publication("tides", "en", ("en",), "Tides", creators=(Creator("Ada Writer", "xyz"),))
    message = _message(replace(book, publication=bare, figures=(), toc=()))
    assert _texts(message, "SenderName") == ["Ada Writer"]
    assert set(_texts(message, "ContributorRole")) == {"Z99"}
    assert set(_texts(message, "ProductIDType")) == {"01"}
    nobody = replace(book, publication=replace(bare, creators=()))
    assert trade.onix(nobody, [_made("epub")], [], MODIFIED) is None


def test_words_that_are_no_codes_are_keywords() -> None:
    book, _ = partnership()
    publication = replace(book.publication, subjects=("1D", "JPSN", "peace", "3MPQ"))
    product = _product(_message(replace(book, publication=publication)), "epub")
    assert _texts(product, "SubjectSchemeIdentifier") == ["94", "93", "96", "20"]
    assert _texts(product, "SubjectHeadingText") == ["peace"]


def test_a_bodys_name_is_not_turned_round() -> None:
    book, _ = partnership()
    creators = (Creator("The editors of Imprint Press", "edt", "Imprint Press, The editors of"),)
    publication = replace(book.publication, creators=creators)
    product = _product(_message(replace(book, publication=publication)), "epub")
    assert _texts(product, "CorporateName") == ["The editors of Imprint Press"]


@pytest.mark.parametrize(
    ("lang", "code"),
    [("en", "eng"), ("fr", "fre"), ("de", "ger"), ("el", "gre"), ("uk", "ukr"), ("pt-BR", "por"),
     ("zh-Hant", "chi"), ("gsw", "gsw")],
)  # fmt: skip
def test_languages_have_bibliographic_codes(lang: str, code: str) -> None:
    assert trade.language_code(lang) == code


def test_products_of_an_earlier_build_stay() -> None:
    earlier = _message(kinds=("pdf", "print"))
    message = _message(kinds=("epub",), earlier=earlier)
    assert sorted(_texts(message, "ProductForm")) == ["BC", "ED", "ED"]
    assert "9789279000003" in _texts(
        _product(message, "epub"), "RelatedProduct/ProductIdentifier/IDValue"
    )


def test_a_book_to_come_is_forthcoming() -> None:
    book, _ = partnership()
    publication = replace(book.publication, date=datetime.date(2031, 1, 1))
    message = _message(replace(book, publication=publication))
    assert set(_texts(message, "NotificationType")) == {"02"}
    assert set(_texts(message, "PublishingStatus")) == {"02"}


# --- the catalogue -------------------------------------------------------------------------------


def _catalogue(output: Path, kinds: Collection[str], book: Book | None = None) -> dict[str, object]:
    books = [book or partnership()[0]]
    finished = [_made(kind) for kind in kinds]
    found = [warning("link-text", "a.md", 1, 1, "A link says only “here”.")]
    notes = trade.records(books, finished, output, MODIFIED, found)
    publish(output, [*finished, *notes])
    return json.loads((output / "opds.json").read_text(encoding="utf-8"))


def test_the_catalogue_lists_what_lies_in_the_folder(tmp_path: Path) -> None:
    catalogue = _catalogue(tmp_path, ["pdf", "print", "epub"])
    [entry] = catalogue["publications"]
    assert entry["metadata"]["title"] == "Security through Partnership"
    assert entry["metadata"]["author"] == [{"name": "Ada Writer", "sortAs": "Writer, Ada"}]
    assert [link["type"] for link in entry["links"]] == ["application/pdf", "application/epub+zip"]
    for link in entry["links"]:
        assert (tmp_path / link["href"]).stat().st_size == link["size"]


def test_the_manifest_lists_the_records(tmp_path: Path) -> None:
    _catalogue(tmp_path, ["epub"])
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert {"security-through-partnership.en.onix.xml", "opds.json"} <= {
        entry["file"] for entry in manifest["files"]
    }


def test_what_an_earlier_build_made_stays_in_the_catalogue_while_it_is_there(
    tmp_path: Path,
) -> None:
    other, _ = partnership()
    tides = replace(other.publication, slug="tides", title="A book of tides", identifier="urn:x:t")
    _catalogue(tmp_path, ["pdf"])
    _catalogue(tmp_path, ["epub"], replace(other, publication=tides))
    catalogue = _catalogue(tmp_path, ["epub"])
    assert [len(e["links"]) for e in catalogue["publications"]] == [1, 2]
    (tmp_path / "security-through-partnership.en.pdf").unlink()
    catalogue = _catalogue(tmp_path, ["epub"])
    assert [len(e["links"]) for e in catalogue["publications"]] == [1, 1]


def test_a_broken_catalogue_is_made_anew(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"publications": [1, {"links": [{}]}]}'):
        (tmp_path / "opds.json").write_text(text, encoding="utf-8")
        assert len(_catalogue(tmp_path, ["epub"])["publications"]) == 1


# --- schema.org ----------------------------------------------------------------------------------


def test_the_book_for_search_engines() -> None:
    publication = partnership()[0].publication
    found = trade.json_ld(
        publication,
        downloads=[("application/epub+zip", "../../book.epub")],
        chapters=[("Foreword", "foreword.html")],
        features=["tableOfContents"],
    )
    assert found["@type"] == "Book"
    assert found["author"] == [{"@type": "Person", "name": "Ada Writer"}]
    assert {work["isbn"] for work in found["workExample"]} == set(publication.isbns.values())
    assert found["encoding"][0]["contentUrl"] == "../../book.epub"
    assert found["accessibilityFeature"] == ["tableOfContents"]
    assert json.loads(json.dumps(found)) == found
    assert "" not in found.values()
