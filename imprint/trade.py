"""What the book trade reads: ONIX records, an OPDS catalogue, and schema.org for search engines.

ONIX for Books 3.1, reference tags (https://www.editeur.org/93/Release-3.0-and-3.1-Downloads/); the
numbers are EDItEUR's code lists. What a record says of an edition's accessibility is read from the
finished file itself, so that it is true of the file which goes out.
"""

from __future__ import annotations

import datetime
import io
import json
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel.core import get_global
from lxml import etree
from lxml.builder import ElementMaker

from imprint.claims import claims
from imprint.diagnostics import Diagnostic
from imprint.model import Book, Creator, Edition, Publication
from imprint.publish import Finished

ONIX = "http://ns.editeur.org/onix/3.1/reference"
OPDS_FILE = "opds.json"
# The editions that are products of their own; the web edition is not sold.
SOLD = ("pdf", "print", "epub")
_MEDIA_TYPES = {"pdf": "application/pdf", "epub": "application/epub+zip", "web": "text/html"}
_E = ElementMaker(namespace=ONIX, nsmap={None: ONIX})
_OPF = "{http://www.idpf.org/2007/opf}"
_OPS = "{http://www.idpf.org/2007/ops}"

# List 17 by MARC relator.
_ROLES = {
    "aut": "A01", "cmp": "A06", "art": "A07", "cre": "A09", "dsr": "A11", "bkd": "A11",
    "ill": "A12", "pht": "A13", "wpr": "A15", "aft": "A19", "ann": "A20", "wac": "A21",
    "wfw": "A23", "aui": "A24", "win": "A24", "ctb": "A32", "cov": "A36", "ctg": "A39",
    "ivr": "A43", "ive": "A44", "edt": "B01", "red": "B01", "abr": "B04", "adp": "B05",
    "trl": "B06", "pbd": "B16", "com": "C01", "nrt": "E03", "res": "A51",
}  # fmt: skip

# List 196 by what the package of an EPUB says (W3C, Schema.org Accessibility Properties Crosswalk).
_EPUB_FEATURES = {
    "tableOfContents": "11",
    "index": "12",
    "readingOrder": "13",
    "alternativeText": "14",
    "MathML": "17",
    "pageBreakMarkers": "19",
    "structuralNavigation": "29",
    "ARIA": "30",
    "latex": "35",
    "displayTransformability": "36",
    "pageNavigation": "41",
    "describedMath": "53",
}
_WCAG_VERSIONS = {"2.0": "80", "2.1": "81", "2.2": "82"}
_WCAG_LEVELS = {"A": "84", "AA": "85", "AAA": "86"}
# List 143: assessed, and no warning needed of flashing, sound or simulated motion.
_NO_HAZARDS = ("14", "16", "18")
_QUALIFIERS = {"1": "94", "2": "95", "3": "96", "4": "97", "5": "98", "6": "99"}
# ISO 639-2 has two codes for these; ONIX takes the bibliographic one.
_BIBLIOGRAPHIC = frozenset(
    "alb arm baq bur chi cze dut fre geo ger gre ice mac mao may per rum slo tib wel".split()
)


@dataclass(frozen=True)
class Feature:
    """A ``ProductFormFeature``: its type (list 79), its value, and words where it takes some."""

    kind: str
    value: str
    words: str = ""


# Findings of the linter that no claim to conform can stand beside (WCAG 2.2, 1.1.1 and 3.1.2).
_BLEMISHES = {
    "alt-missing": frozenset(("14", "52")),
    "alt-file-name": frozenset(("14", "52")),
    "alt-short": frozenset(("14", "52")),
    "language-unmarked": frozenset(("22",)),
}
_CONFORMANCE = frozenset(("04", "05", "06", "80", "81", "82", "84", "85", "86"))


def records(
    books: Sequence[Book],
    finished: Sequence[Finished],
    output: Path,
    moment: datetime.datetime,
    found: Iterable[Diagnostic] = (),
) -> list[Finished]:
    """The ONIX message of each book, and the catalogue of the whole output folder.

    ``found`` is what is wrong in the manuscript: a book with pictures that nobody described is
    not said to conform to anything.
    """
    told = list(found)
    made = []
    for book in books:
        publication = book.publication
        own = [each for each in finished if each.edition.lang == publication.lang]
        others = [b.publication for b in books if b.publication.lang != publication.lang]
        files = {chapter.file for chapter in book.chapters}
        codes = {diagnostic.code for diagnostic in told if diagnostic.file in files}
        message = onix(book, own, others, moment, codes, _earlier_message(output, publication))
        if message is not None:
            file = f"{publication.slug}.{publication.lang}.onix.xml"
            made.append(Finished(Edition("onix", publication.lang, file), {file: message}))
    catalogue = opds([b.publication for b in books], finished, output, moment)
    content = json.dumps(catalogue, indent=1, ensure_ascii=False) + "\n"
    made.append(Finished(Edition("opds", "", OPDS_FILE), {OPDS_FILE: content.encode()}))
    return made


# --- ONIX ----------------------------------------------------------------------------------------


def onix(
    book: Book,
    finished: Sequence[Finished],
    others: Sequence[Publication],
    moment: datetime.datetime,
    codes: Collection[str] = (),
    earlier: etree._Element | None = None,
) -> bytes | None:
    """The message about a book's editions; None where nobody is named who could send it.

    Products of an earlier message stay in it if this build did not make them anew.
    """
    publication = book.publication
    sender = publication.publisher.name or next((c.name for c in publication.creators), "")
    sold = [each for each in finished if _is_product(each)]
    if not sender or not sold:
        return None
    header = _E.Header(_E.Sender(_E.SenderName(sender)))
    if publication.publisher.email:
        header[0].append(_E.EmailAddress(publication.publisher.email))
    header.append(_E.SentDateTime(moment.astimezone(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")))
    message = _E.ONIXMessage(header, release="3.1")
    kinds = dict.fromkeys(each.edition.kind for each in sold)
    kept = [p for p in _products(earlier) if _kind_of(p) not in kinds]
    related = [*kinds, *map(_kind_of, kept)]
    for each in sold:
        product = _product(book, each, sold, sender, moment, codes)
        relations = list(_related(publication, each.edition.kind, related, others))
        if relations:
            product.append(_E.RelatedMaterial(*relations))
        message.append(product)
    message.extend(kept)
    etree.indent(message)
    return bytes(etree.tostring(message, encoding="utf-8", xml_declaration=True))


def _is_product(each: Finished) -> bool:
    """Whether a file is an edition that is sold: the cover's sheet is for the printer alone."""
    return each.edition.kind in SOLD and not each.edition.file.endswith(".cover.pdf")


def _product(
    book: Book,
    each: Finished,
    sold: Sequence[Finished],
    sender: str,
    moment: datetime.datetime,
    codes: Collection[str],
) -> etree._Element:
    publication, kind = book.publication, each.edition.kind
    is_forthcoming = publication.date is not None and publication.date > moment.date()
    product = _E.Product(
        _E.RecordReference(f"imprint.{publication.slug}.{publication.lang}.{kind}"),
        _E.NotificationType("02" if is_forthcoming else "03"),
        *_identifiers(publication, kind),
        _descriptive(book, each, sold, codes),
    )
    texts = list(_texts(book))
    if texts:
        product.append(_E.CollateralDetail(*texts))
    product.append(_publishing(publication, sender, is_forthcoming=is_forthcoming))
    return product


def _earlier_message(output: Path, publication: Publication) -> etree._Element | None:
    """The message of an earlier build, None where there is none that can be read."""
    path = output / f"{publication.slug}.{publication.lang}.onix.xml"
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
    try:
        return etree.fromstring(path.read_bytes(), parser)
    except (OSError, etree.XMLSyntaxError):
        return None


def _products(message: etree._Element | None) -> Iterator[etree._Element]:
    if message is not None:
        yield from message.iterchildren(f"{{{ONIX}}}Product")


def _kind_of(product: etree._Element) -> str:
    """The edition that a product of ours is."""
    return product.findtext(f"{{{ONIX}}}RecordReference", "").rpartition(".")[2]


def _identifiers(publication: Publication, kind: str) -> list[etree._Element]:
    isbn = publication.isbns.get(kind)
    if isbn:
        return [
            _E.ProductIdentifier(_E.ProductIDType(code), _E.IDValue(isbn)) for code in ("03", "15")
        ]
    return [
        _E.ProductIdentifier(
            _E.ProductIDType("01"),
            _E.IDTypeName("Imprint"),
            _E.IDValue(f"{publication.identifier or publication.slug}:{kind}"),
        )
    ]


# --- ONIX, block 1: what the product is ------------------------------------------------------------


def _descriptive(
    book: Book, each: Finished, sold: Sequence[Finished], codes: Collection[str]
) -> etree._Element:
    publication, kind = book.publication, each.edition.kind
    detail = _E.DescriptiveDetail(_E.ProductComposition("00"), *_form(publication, kind))
    for feature in features(each, publication, codes):
        detail.append(
            _E.ProductFormFeature(
                _E.ProductFormFeatureType(feature.kind),
                _E.ProductFormFeatureValue(feature.value),
                *([_E.ProductFormFeatureDescription(feature.words)] if feature.words else []),
            )
        )
    detail.append(_E.PrimaryContentType("10"))
    if book.figures:
        detail.append(_E.ProductContentType("19"))
    if kind == "print":
        detail.extend(_measures(publication))
    else:
        detail.append(_E.EpubTechnicalProtection("00"))
        detail.extend(_licence(publication))
    detail.extend(_collection(publication))
    detail.append(_title(publication))
    detail.extend(_contributors(publication))
    detail.append(
        _E.EditionStatement(publication.edition) if publication.edition else _E.NoEdition()
    )
    detail.extend(_languages(book))
    detail.extend(_extents(each, sold))
    if book.figures:
        detail.append(_E.Illustrated("02"))
        detail.append(_E.NumberOfIllustrations(str(len(book.figures))))
    detail.extend(_subjects(publication))
    return detail


def _form(publication: Publication, kind: str) -> list[etree._Element]:
    if kind == "print":
        return [_E.ProductForm("BC")]
    details = {"epub": ("E101", "E200"), "pdf": ("E107", "E201")}[kind]
    return [_E.ProductForm("ED"), *(_E.ProductFormDetail(code) for code in details)]


def _measures(publication: Publication) -> Iterator[etree._Element]:
    trim = publication.trim
    for kind, length_mm in (("01", trim.height_mm), ("02", trim.width_mm)):
        yield _E.Measure(
            _E.MeasureType(kind), _E.Measurement(f"{length_mm:g}"), _E.MeasureUnitCode("mm")
        )


def _licence(publication: Publication) -> Iterator[etree._Element]:
    url = publication.licence_url
    if not url:
        return
    name = re.search(r"creativecommons\.org/licenses/([a-z-]+)/([\d.]+)", url)
    yield _E.EpubLicense(
        _E.EpubLicenseName(f"CC {name[1].upper()} {name[2]}" if name else url),
        _E.EpubLicenseExpression(
            _E.EpubLicenseExpressionType("01"), _E.EpubLicenseExpressionLink(url)
        ),
    )


def _collection(publication: Publication) -> Iterator[etree._Element]:
    if not publication.series:
        yield _E.NoCollection()
        return
    yield _E.Collection(
        _E.CollectionType("10"),
        _E.TitleDetail(
            _E.TitleType("01"),
            _E.TitleElement(_E.TitleElementLevel("02"), _E.TitleText(publication.series)),
        ),
    )


def _title(publication: Publication) -> etree._Element:
    code = language_code(publication.lang)
    attributes = {"language": code} if code else {}
    element = _E.TitleElement(
        _E.TitleElementLevel("01"), _E.TitleText(publication.title, attributes)
    )
    if publication.subtitle:
        element.append(_E.Subtitle(publication.subtitle, attributes))
    return _E.TitleDetail(_E.TitleType("01"), element)


def _contributors(publication: Publication) -> Iterator[etree._Element]:
    if not publication.creators:
        yield _E.NoContributor()
    for number, creator in enumerate(publication.creators, 1):
        yield _E.Contributor(
            _E.SequenceNumber(str(number)),
            _E.ContributorRole(_ROLES.get(creator.role, "Z99")),
            *_name(creator, publication),
        )


def _name(creator: Creator, publication: Publication) -> list[etree._Element]:
    """A creator's name; one that contains the publisher's is a body's."""
    body = publication.publisher.name
    is_body = bool(body) and body.casefold() in creator.name.casefold()
    if is_body:
        return [_E.CorporateName(creator.name)]
    inverted = [_E.PersonNameInverted(creator.sort)] if creator.sort else []
    return [_E.PersonName(creator.name), *inverted]


def _languages(book: Book) -> Iterator[etree._Element]:
    """The languages of the text: the publication's, and those of whole chapters in others."""
    tags = [book.publication.lang, *(chapter.lang for chapter in book.chapters)]
    for code in dict.fromkeys(filter(None, map(language_code, tags))):
        yield _E.Language(_E.LanguageRole("01"), _E.LanguageCode(code))


def _extents(each: Finished, sold: Sequence[Finished]) -> Iterator[etree._Element]:
    kind = each.edition.kind
    pages = {other.edition.kind: other.edition.pages for other in sold if other.edition.pages}
    counted = {"print": "06", "pdf": "07", "epub": "08"}[kind]
    count = pages.get("print") if kind == "epub" else each.edition.pages
    if count:
        yield _extent(counted, count, "03")
    if kind != "print":
        yield _extent("22", each.size_bytes, "17")


def _extent(kind: str, value: int, unit: str) -> etree._Element:
    return _E.Extent(_E.ExtentType(kind), _E.ExtentValue(str(value)), _E.ExtentUnit(unit))


def _subjects(publication: Publication) -> Iterator[etree._Element]:
    """Thema codes (scheme 93, qualifiers 94 to 99); words that are no codes as keywords."""
    keywords = []
    has_main = False
    for subject in publication.subjects:
        is_category = re.fullmatch(r"[A-Z]{1,8}\d{0,3}", subject) is not None
        if not is_category and not re.fullmatch(r"[1-6][A-Z0-9-]{1,19}", subject):
            keywords.append(subject)
            continue
        scheme = "93" if is_category else _QUALIFIERS[subject[0]]
        main = [_E.MainSubject()] if is_category and not has_main else []
        has_main = has_main or is_category
        yield _E.Subject(*main, _E.SubjectSchemeIdentifier(scheme), _E.SubjectCode(subject))
    if keywords:
        yield _E.Subject(
            _E.SubjectSchemeIdentifier("20"), _E.SubjectHeadingText("; ".join(keywords))
        )


# --- ONIX, blocks 2 to 5 ---------------------------------------------------------------------------


def _texts(book: Book) -> Iterator[etree._Element]:
    """The blurb and the contents."""
    code = language_code(book.publication.lang)
    attributes = {"language": code} if code else {}
    contents = "; ".join(" ".join(f"{e.number} {e.title}".split()) for e in book.toc)
    blurb = " ".join(book.publication.description.split())
    for kind, text in (("03", blurb), ("04", contents)):
        if text:
            yield _E.TextContent(
                _E.TextType(kind), _E.ContentAudience("00"), _E.Text(text, attributes)
            )


def _publishing(publication: Publication, sender: str, *, is_forthcoming: bool) -> etree._Element:
    publisher = _E.Publisher(_E.PublishingRole("01"), _E.PublisherName(sender))
    if publication.publisher.url:
        publisher.append(_E.Website(_E.WebsiteLink(publication.publisher.url)))
    detail = _E.PublishingDetail(publisher)
    if publication.publisher.place:
        detail.append(_E.CityOfPublication(publication.publisher.place))
    detail.append(_E.PublishingStatus("02" if is_forthcoming else "04"))
    if publication.date:
        detail.append(
            _E.PublishingDate(
                _E.PublishingDateRole("01"),
                _E.Date(publication.date.strftime("%Y%m%d"), dateformat="00"),
            )
        )
    return detail


def _related(
    publication: Publication, kind: str, kinds: Iterable[str], others: Sequence[Publication]
) -> Iterator[etree._Element]:
    """The same book in other forms and languages, as far as they have ISBNs."""
    for other in dict.fromkeys(kinds):
        if other == kind or other not in publication.isbns:
            continue
        codes = ["06"]
        if other == "print":
            codes.append("13")  # the pages that the digital editions count are its pages
        elif kind == "print":
            codes.append("27")
        yield _relation(codes, publication.isbns[other])
    for translated in others:
        if kind in translated.isbns:
            yield _relation(["11"], translated.isbns[kind])


def _relation(codes: Sequence[str], isbn: str) -> etree._Element:
    return _E.RelatedProduct(
        *(_E.ProductRelationCode(code) for code in codes),
        _E.ProductIdentifier(_E.ProductIDType("15"), _E.IDValue(isbn)),
    )


@cache
def language_code(lang: str) -> str:
    """The code of a language in ISO 639-2/B, which ONIX asks for; "" where there is none."""
    short = lang.replace("_", "-").partition("-")[0].lower()
    if len(short) == 3:
        return short
    found = {code for code, tag in get_global("language_aliases").items() if tag == short}
    codes = sorted(code for code in found if len(code) == 3 and code.isalpha())
    return next((code for code in codes if code in _BIBLIOGRAPHIC), codes[0] if codes else "")


# --- accessibility, as the finished files have it --------------------------------------------------


def features(
    each: Finished, publication: Publication, codes: Collection[str] = ()
) -> list[Feature]:
    """What an edition's file offers to readers with disabilities (lists 79 and 196).

    ``codes`` are those of the manuscript's diagnostics.
    """
    content = next(iter(each.files.values()))
    if each.edition.kind == "epub":
        found = [*_epub_features(content)]
    elif each.edition.kind == "pdf":
        found = [Feature("09", code) for code in _pdf_features(content)]
    else:
        return []
    blemishes = [_BLEMISHES[code] for code in codes if code in _BLEMISHES]
    untrue = _CONFORMANCE.union(*blemishes) if blemishes else frozenset[str]()
    found = [f for f in found if f.kind != "09" or f.value not in untrue]
    email = publication.publisher.email
    return [*found, Feature("09", "99", email)] if email else found


def _readable(content: bytes | Path) -> io.BytesIO | Path:
    """A file's content as libraries open it."""
    return content if isinstance(content, Path) else io.BytesIO(content)


def _epub_features(content: bytes | Path) -> Iterator[Feature]:
    """What the package and the navigation document of an EPUB say."""
    with zipfile.ZipFile(_readable(content)) as container:
        roots = etree.fromstring(container.read("META-INF/container.xml"))
        path = roots.find(".//{*}rootfile").get("full-path")
        package = etree.fromstring(container.read(path))
        nav = _navigation(package, container, path)
    said: dict[str, list[str]] = {}
    for meta in package.iter(f"{_OPF}meta"):
        name = (meta.get("property") or "").removeprefix("schema:")
        said.setdefault(name, []).append(" ".join("".join(meta.itertext()).split()))
    for summary in said.get("accessibilitySummary", [])[:1]:
        yield Feature("09", "00", summary)
    codes = {code for text in said.get("dcterms:conformsTo", []) for code in _conformance(text)}
    codes |= {
        _EPUB_FEATURES[f] for f in said.get("accessibilityFeature", []) if f in _EPUB_FEATURES
    }
    codes.add("10")  # there is no protection that could disable anything
    if package.get("{http://www.w3.org/XML/1998/namespace}lang"):
        codes.add("22")
    if any("landmarks" in (n.get(f"{_OPS}type") or "").split() for n in nav.iter("{*}nav")):
        codes.add("32")
    if "textual" in said.get("accessModeSufficient", []):
        codes.add("52")
    yield from (Feature("09", code) for code in sorted(codes))
    if said.get("accessibilityHazard") == ["none"]:
        yield from (Feature("12", code) for code in _NO_HAZARDS)


def _navigation(
    package: etree._Element, container: zipfile.ZipFile, package_path: str
) -> etree._Element:
    item = next(i for i in package.iter(f"{_OPF}item") if "nav" in (i.get("properties") or ""))
    folder = package_path.rpartition("/")[0]
    path = f"{folder}/{item.get('href')}".lstrip("/")
    return etree.fromstring(container.read(path))


def _conformance(text: str) -> Iterator[str]:
    """The codes of "EPUB Accessibility 1.1 - WCAG 2.2 Level AA"."""
    match = re.fullmatch(r"EPUB Accessibility 1\.1 - WCAG (2\.\d) Level (A{1,3})", text)
    if match and match[1] in _WCAG_VERSIONS:
        yield from ("04", _WCAG_VERSIONS[match[1]], _WCAG_LEVELS[match[2]])


def _pdf_features(content: bytes | Path) -> list[str]:
    """What the catalogue, the tag tree and the metadata of a PDF say."""
    said = claims(content)
    codes = {"1": {"05"}, "2": {"06"}}.get(said.pdfua, set())
    if not codes:
        return []
    codes |= {"13", "14", "29"}  # which PDF/UA requires, and veraPDF checks
    if not said.encrypted:
        codes.add("10")
    if "/Lang" in said.catalogue:
        codes.add("22")
    if "/Outlines" in said.catalogue:
        codes.add("11")
    codes.add("52")
    return sorted(codes)


# --- OPDS ----------------------------------------------------------------------------------------


def opds(
    publications: Sequence[Publication],
    finished: Sequence[Finished],
    output: Path,
    moment: datetime.datetime,
) -> dict[str, Any]:
    """The catalogue of the output folder (https://drafts.opds.io/opds-2.0).

    What earlier builds put there and is there still stays in it.
    """
    entries = {}
    for entry in _earlier(output):
        entries[_entry_key(entry)] = entry
    for publication in publications:
        own = [each for each in finished if each.edition.lang == publication.lang]
        entry = _entry(publication, own, moment)
        before = entries.get(_entry_key(entry))
        if before is not None:
            new = {link["href"] for link in entry["links"]}
            entry["links"] += [link for link in before["links"] if link["href"] not in new]
            entry["images"] = entry["images"] or before.get("images", [])
        if not entry["images"]:
            del entry["images"]  # there must be one, or no list of them
        if entry["links"]:
            entries[_entry_key(entry)] = entry
    ordered = sorted(entries.values(), key=lambda e: (e["metadata"]["title"], _entry_key(e)))
    return {
        "metadata": {"title": _catalogue_title(publications), "numberOfItems": len(ordered)},
        "links": [{"rel": "self", "href": OPDS_FILE, "type": "application/opds+json"}],
        "publications": ordered,
    }


def _catalogue_title(publications: Sequence[Publication]) -> str:
    names = dict.fromkeys(p.publisher.name for p in publications if p.publisher.name)
    return ", ".join(names) or "Publications"


def _entry_key(entry: Mapping[str, Any]) -> str:
    metadata = entry["metadata"]
    return f"{metadata['identifier']} {metadata['language']}"


def _entry(
    publication: Publication, finished: Sequence[Finished], moment: datetime.datetime
) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "@type": "http://schema.org/Book",
        "identifier": publication.identifier or f"urn:x:{publication.slug}",
        "title": publication.title,
        "language": publication.lang,
        "modified": moment.astimezone(datetime.UTC).isoformat(timespec="seconds"),
    }
    optional = {
        "subtitle": publication.subtitle,
        "author": _people(publication, "aut"),
        "editor": _people(publication, "edt"),
        "translator": _people(publication, "trl"),
        "illustrator": _people(publication, "ill"),
        "publisher": publication.publisher.name,
        "published": publication.date.isoformat() if publication.date else "",
        "description": " ".join(publication.description.split()),
        "subject": [
            {"name": code, "code": code, "scheme": "https://www.editeur.org/151/Thema/"}
            for code in publication.subjects
        ],
        "numberOfPages": max((each.edition.pages for each in finished), default=0),
        "belongsTo": {"series": publication.series} if publication.series else {},
    }
    metadata |= {name: value for name, value in optional.items() if value}
    return {
        "metadata": metadata,
        "links": [link for each in finished for link in _acquisition(each)],
        "images": [image for each in finished for image in _images(each)],
    }


def _people(publication: Publication, role: str) -> list[dict[str, str]]:
    return [
        {"name": c.name, **({"sortAs": c.sort} if c.sort else {})}
        for c in publication.creators
        if c.role == role
    ]


def _acquisition(each: Finished) -> Iterator[dict[str, Any]]:
    """How to get an edition; the print edition is not for readers to fetch."""
    kind, file = each.edition.kind, each.edition.file
    if kind not in _MEDIA_TYPES:
        return
    link: dict[str, Any] = {
        "rel": "http://opds-spec.org/acquisition/open-access",
        "href": f"{file}/index.html" if kind == "web" else file,
        "type": _MEDIA_TYPES[kind],
    }
    if kind == "web":
        link["rel"] = "alternate"
    else:
        link["size"] = each.size_bytes
    yield link


def _images(each: Finished) -> Iterator[dict[str, str]]:
    """The cover, which lies in the web edition."""
    types = {"cover.jpg": "image/jpeg", "cover.png": "image/png", "cover.svg": "image/svg+xml"}
    if each.edition.kind == "web":
        for name in types.keys() & each.files.keys():
            yield {"href": f"{each.edition.file}/{name}", "type": types[name]}


def _earlier(output: Path) -> Iterator[dict[str, Any]]:
    """The catalogue's entries of earlier builds, without files that are gone."""
    try:
        known = json.loads((output / OPDS_FILE).read_text(encoding="utf-8"))["publications"]
        for entry in known:
            links = [link for link in entry["links"] if (output / link["href"]).is_file()]
            images = [
                image for image in entry.get("images", []) if (output / image["href"]).is_file()
            ]
            _entry_key(entry), entry["metadata"]["title"]
            if links:
                shown = {"images": images} if images else {}
                yield {"metadata": entry["metadata"], "links": links, **shown}
    except (OSError, ValueError, KeyError, TypeError):
        return


# --- schema.org ----------------------------------------------------------------------------------

_SCHEMA_ROLES = {"aut": "author", "edt": "editor", "trl": "translator", "ill": "illustrator"}


def json_ld(
    publication: Publication,
    *,
    downloads: Iterable[tuple[str, str]] = (),
    chapters: Iterable[tuple[str, str]] = (),
    cover: str = "",
    features: Iterable[str] = (),
) -> dict[str, Any]:
    """The book for search engines (https://schema.org/Book), for a page of the web edition.

    ``downloads`` are media types with addresses, ``chapters`` titles with addresses, ``features``
    values of ``accessibilityFeature``.
    """
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Book",
        "name": publication.title,
        "inLanguage": publication.lang,
        "isAccessibleForFree": True,
        "accessMode": ["textual", "visual"],
        "accessModeSufficient": [
            {"@type": "ItemList", "itemListElement": ["textual"]},
        ],
        "accessibilityHazard": "none",
    }
    isbns = publication.isbns
    optional: dict[str, Any] = {
        "@id": publication.identifier,
        "alternativeHeadline": publication.subtitle,
        "description": " ".join(publication.description.split()),
        "datePublished": publication.date.isoformat() if publication.date else "",
        "bookEdition": publication.edition,
        "license": publication.licence_url,
        "image": cover,
        "accessibilityFeature": list(features),
        "publisher": _organization(publication),
        "isPartOf": {"@type": "BookSeries", "name": publication.series}
        if publication.series
        else {},
        "workExample": [
            {"@type": "Book", "isbn": isbns[kind], "bookFormat": form}
            for kind, form in (
                ("print", "https://schema.org/Paperback"),
                ("epub", "https://schema.org/EBook"),
                ("pdf", "https://schema.org/EBook"),
            )
            if kind in isbns
        ],
        "encoding": [
            {"@type": "MediaObject", "encodingFormat": kind, "contentUrl": address}
            for kind, address in downloads
        ],
        "hasPart": [
            {"@type": "Chapter", "name": title, "url": address} for title, address in chapters
        ],
    }
    for creator in publication.creators:
        role = _SCHEMA_ROLES.get(creator.role, "contributor")
        optional.setdefault(role, []).append(_creator(creator, publication))
    return found | {name: value for name, value in optional.items() if value}


def _organization(publication: Publication) -> dict[str, str]:
    publisher = publication.publisher
    if not publisher.name:
        return {}
    address = {"url": publisher.url} if publisher.url else {}
    return {"@type": "Organization", "name": publisher.name, **address}


def _creator(creator: Creator, publication: Publication) -> dict[str, str]:
    body = publication.publisher.name
    is_body = bool(body) and body.casefold() in creator.name.casefold()
    return {"@type": "Organization" if is_body else "Person", "name": creator.name}
