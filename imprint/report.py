"""The conformance report of an output folder, for people and for programs.

``report.json`` and ``report.html`` say which standards each edition claims, which validators judged
it and how, what the linter found in the manuscript, and what only a person can judge. A check is
that of a file: where the file has changed since, it counts as not run.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import subprocess
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pikepdf
from jinja2 import Environment, PackageLoader, StrictUndefined

from imprint import __version__, validators
from imprint.claims import Claims, claims
from imprint.diagnostics import Diagnostic, Severity
from imprint.model import Book, Edition
from imprint.preflight import preflight
from imprint.publish import Draft, Finished, publish

HTML, JSON = "report.html", "report.json"
PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"
PREFLIGHT = "Imprint preflight"
EDITION_NAMES = {"pdf": "Screen PDF", "print": "Print PDF", "epub": "EPUB", "web": "Web edition"}
_MOST_FINDINGS = 100
_WCAG_MACHINE = "WCAG 2.2 A and AA, as far as a machine can check"
_EPUB_MACHINE = "EPUB Accessibility 1.1 and WCAG 2.2 A and AA, as far as a machine can check"
# The linter's codes, and those of earlier stages, that are about accessibility.
ACCESSIBILITY_CODES = frozenset(
    "alt-missing alt-file-name alt-short alt-caption alt-redundant alt-repeated heading-gap "
    "empty-heading figure-text link-text link-address link-ambiguous table-headers table-layout language-unmarked "
    "abbreviation contrast".split()
)

Progress = Callable[[str], None]
Json = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """What one validator is to find out, or has found out, about one file or folder."""

    standard: str
    validator: str
    run: Callable[[], list[str]]


@dataclass(frozen=True)
class Question:
    """What a person must judge: the requirement, the question, and the linter's codes near it."""

    requirement: str
    question: str
    editions: tuple[str, ...]
    codes: tuple[str, ...] = ()


_READ = ("pdf", "epub", "web")
QUESTIONS = (
    Question(
        "WCAG 1.1.1 Non-text content; PDF/UA-1, 7.3",
        "Does every text alternative tell what a reader should get from the picture, and is every "
        "picture that is marked as decoration no more than that?",
        _READ,
        ("alt-missing", "alt-file-name", "alt-short", "alt-caption", "alt-redundant",
         "alt-repeated"),
    ),
    Question(
        "WCAG 1.1.1; EPUB Accessibility 1.1",
        "Is all that a chart or map shows also said in the text, in its caption or in its table?",
        _READ,
    ),
    Question(
        "WCAG 1.3.1 Info and relationships",
        "Is what looks like a heading, a list, a quotation or a table written as one? Does every "
        "table have the header cells that its figures need?",
        _READ,
        ("heading-gap", "empty-heading", "table-headers", "table-layout"),
    ),
    Question(
        "WCAG 1.3.2 Meaningful sequence; PDF/UA-1, 7.2",
        "Heard from beginning to end, do boxes, figures and notes come where they make sense?",
        _READ,
    ),
    Question(
        "WCAG 1.3.3 Sensory characteristics",
        "Does the text do without “the box on the right” and “the red line”?",
        _READ,
    ),
    Question(
        "WCAG 1.4.1 Use of colour",
        "Can every chart, map and drawing be read without telling its colours apart?",
        _READ,
    ),
    Question(
        "WCAG 1.4.3 Contrast; 1.4.11 Non-text contrast",
        "Do the words and lines inside pictures stand out from their ground? The theme's own "
        "colours are checked by machine.",
        _READ,
        ("contrast",),
    ),
    Question(
        "WCAG 1.4.5 Images of text",
        "Is no text given as a picture where it could be given as text?",
        _READ,
        ("figure-text",),
    ),
    Question(
        "WCAG 2.3.1 Three flashes",
        "Does no picture move or flash?",
        ("epub", "web"),
    ),
    Question(
        "WCAG 2.4.4 Link purpose",
        "Is it clear from a link's words, with the sentence around it, where it leads?",
        _READ,
        ("link-text", "link-address", "link-ambiguous"),
    ),
    Question(
        "WCAG 2.4.6 Headings and labels",
        "Do the headings say what is below them?",
        _READ,
    ),
    Question(
        "WCAG 3.1.1 Language of page; 3.1.2 Language of parts",
        "Is every passage in another language marked with it?",
        _READ,
        ("language-unmarked",),
    ),
    Question(
        "WCAG 3.1.3 Unusual words; 3.1.4 Abbreviations (AAA)",
        "Are terms and abbreviations explained where they first stand, or in a glossary?",
        _READ,
        ("abbreviation",),
    ),
    Question(
        "EPUB Accessibility 1.1, 2 and 3.3",
        "Is what the metadata and the accessibility summary say true of this book, and are the "
        "page marks those of the print edition that is sold?",
        ("epub",),
    ),
    Question(
        "PDF/UA-1; EN 301 549, 10",
        "Read with a screen reader, by keyboard alone, at 400 % and in dark mode: can everything be "
        "reached and understood?",
        _READ,
    ),
    Question(
        "ISO 15930-7",
        "Has the printer agreed to the output condition and the paper, and has a proof been seen?",
        ("print",),
    ),
)  # fmt: skip


# --- writing -------------------------------------------------------------------------------------


def notes(draft: Draft, books: Sequence[Book], found: Iterable[Diagnostic]) -> list[Finished]:
    """The report on what is about to be published; checks of files that have not changed stay."""
    earlier = _earlier(draft.output)
    told = list(found)
    now = [_publication(book, draft, told) for book in books]
    keys = {_key(publication) for publication in now}
    kept = [
        publication
        for publication in earlier
        if _key(publication) not in keys and _is_there(publication, draft.output)
    ]
    known = _known_checks(earlier)
    for publication in now:
        for edition in publication["editions"]:
            for check in edition["checks"]:
                check.update(known.get(_check_key(edition, check), {}))
    return _files_of(_report(sorted([*now, *kept], key=_key)))


def validate(output: Path, progress: Progress = lambda what: None) -> Json:
    """Run every validator that there is on what lies in the folder, and write the report."""
    publications = list(_earlier(output))
    for publication in publications:
        for edition in publication["editions"]:
            path = output / edition["file"]
            edition["sha256"] = _digest(path)
            edition["checks"] = [
                _carried_out(check, progress, f"{check.validator}: {edition['file']}")
                for check in _checks(edition["edition"], path)
            ]
    report = _report(publications)
    publish(output, _files_of(report))
    return report


def failures(report: Json) -> list[str]:
    """The checks of a report that failed, each in a line."""
    return [
        f"{edition['file']} fails {check['standard']} ({check['validator']})"
        for publication in report["publications"]
        for edition in publication["editions"]
        for check in edition["checks"]
        if check["result"] == FAILED
    ]


def _report(publications: Sequence[Json]) -> Json:
    return {
        "generator": f"Imprint {__version__}",
        "publications": list(publications),
        "to_check_by_hand": [
            {
                "requirement": each.requirement,
                "question": each.question,
                "editions": list(each.editions),
                "linter": list(each.codes),
            }
            for each in QUESTIONS
        ],
    }


def _files_of(report: Json) -> list[Finished]:
    """The report as it is published."""
    files = {
        JSON: json.dumps(report, indent=1, ensure_ascii=False) + "\n",
        HTML: render(report),
    }
    return [Finished(Edition("report", "", name), {name: t.encode()}) for name, t in files.items()]


def render(report: Json) -> str:
    """The report as a page."""
    environment = Environment(
        loader=PackageLoader("imprint", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        report=report, names=EDITION_NAMES, name=_name, size=_size, hits=_hits
    )


def _name(edition: Json) -> str:
    """What readers of the report call an edition's file."""
    is_cover = edition["file"].endswith(".cover.pdf")
    return "Cover sheet" if is_cover else EDITION_NAMES[edition["edition"]]


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e5 else f"{size_bytes / 1e3:.1f} kB"


def _hits(publication: Json, codes: Iterable[str]) -> int:
    """How many findings of these codes the linter has in a publication."""
    wanted = set(codes)
    return sum(each["code"] in wanted for each in publication["manuscript"]["accessibility"])


# --- what there is -------------------------------------------------------------------------------


def _earlier(output: Path) -> list[Json]:
    """The publications of the report that is there, without editions that are gone."""
    try:
        known = json.loads((output / JSON).read_text(encoding="utf-8"))["publications"]
        for publication in known:
            publication["editions"] = [
                edition
                for edition in publication["editions"]
                if (output / edition["file"]).exists()
            ]
            _key(publication), _known_checks([publication])
        return [publication for publication in known if publication["editions"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _key(publication: Mapping[str, Any]) -> tuple[str, str]:
    return publication["slug"], publication["language"]


def _is_there(publication: Json, output: Path) -> bool:
    return any((output / edition["file"]).exists() for edition in publication["editions"])


def _check_key(edition: Json, check: Json) -> tuple[str, ...]:
    return edition["file"], edition["sha256"], check["standard"], check["validator"]


def _known_checks(publications: Iterable[Json]) -> dict[tuple[str, ...], Json]:
    return {
        _check_key(edition, check): check
        for publication in publications
        for edition in publication["editions"]
        for check in edition["checks"]
    }


def _publication(book: Book, draft: Draft, found: Sequence[Diagnostic]) -> Json:
    publication = book.publication
    entries: Sequence[Json] = [dict(entry) for entry in draft.entries]
    stem = f"{publication.slug}.{publication.lang}."
    web = f"web/{publication.lang}"
    editions = [
        _edition(draft, entry["file"], entry["edition"], entry.get("pages", 0))
        for entry in entries
        if entry["file"].startswith(stem) and entry["edition"] in EDITION_NAMES
    ]
    if any(entry["file"].startswith(f"{web}/") for entry in entries):
        editions.append(_edition(draft, web, "web", 0))
    order = list(EDITION_NAMES)
    files = {chapter.file for chapter in book.chapters}
    return {
        "slug": publication.slug,
        "language": publication.lang,
        "title": publication.title,
        "identifier": publication.identifier,
        "publisher": publication.publisher.name,
        "contact": publication.publisher.email,
        "isbns": dict(publication.isbns),
        "editions": sorted(editions, key=lambda e: (order.index(e["edition"]), e["file"])),
        "manuscript": _manuscript([d for d in found if d.file in files or d.code == "contrast"]),
    }


def _edition(draft: Draft, file: str, kind: str, pages: int) -> Json:
    path = draft.place(file)
    return {
        "edition": kind,
        "file": file,
        "bytes": sum(each.stat().st_size for each in _files(path)),
        "pages": pages,
        "sha256": _digest(path),
        "checks": [
            {"standard": check.standard, "validator": check.validator, "version": "",
             "result": NOT_RUN, "findings": [], "reason": "It was not asked for.", "date": ""}
            for check in _checks(kind, path)
        ],
    }  # fmt: skip


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())


def _digest(path: Path) -> str:
    """The SHA-256 of a file, or of the list of a folder's files with theirs."""
    sums = []
    for each in _files(path):
        with each.open("rb") as file:
            sums.append((each, hashlib.file_digest(file, "sha256").hexdigest()))
    if path.is_file():
        return sums[0][1]
    lines = "".join(f"{each.relative_to(path).as_posix()} {digest}\n" for each, digest in sums)
    return hashlib.sha256(lines.encode()).hexdigest()


def _manuscript(found: Sequence[Diagnostic]) -> Json:
    counts = Counter(diagnostic.severity for diagnostic in found)
    return {
        "errors": counts[Severity.ERROR],
        "warnings": counts[Severity.WARNING],
        "notes": counts[Severity.NOTE],
        "accessibility": [
            {"code": d.code, "file": d.file, "line": d.line, "column": d.column,
             "message": d.message, "hint": d.hint}
            for d in found
            if d.code in ACCESSIBILITY_CODES
        ],
    }  # fmt: skip


# --- checking ------------------------------------------------------------------------------------


def _checks(kind: str, path: Path) -> list[Check]:
    """The checks of an edition, by the standards that the file itself claims."""
    return [*_CHECKS[kind](path)]


def _pdf_checks(path: Path) -> Iterator[Check]:
    said = _pdf_claims(path)
    part, (pdfa, level) = said.pdfua, said.pdfa
    if part:
        standard = f"PDF/UA-{part} (ISO 14289-{part})"
        yield Check(standard, "veraPDF", partial(validators.verapdf, path, f"ua{part}"))
    if pdfa:
        standard = f"PDF/A-{pdfa}{level} (ISO 19005-{pdfa})"
        yield Check(standard, "veraPDF", partial(validators.verapdf, path, f"{pdfa}{level}"))
    yield Check("PDF syntax (ISO 32000)", "qpdf", partial(validators.qpdf_check, path))


def _pdf_claims(path: Path) -> Claims:
    """What a file says it conforms to; nothing where it is no PDF."""
    try:
        return claims(path)
    except pikepdf.PdfError:
        return Claims()


def _print_checks(path: Path) -> Iterator[Check]:
    yield Check("PDF/X-4 (ISO 15930-7)", PREFLIGHT, partial(_preflight, path))
    yield Check("PDF syntax (ISO 32000)", "qpdf", partial(validators.qpdf_check, path))


def _preflight(path: Path) -> list[str]:
    return [f"{d.code}: {d.message}" for d in preflight(path) if d.severity is not Severity.NOTE]


def _epub_checks(path: Path) -> Iterator[Check]:
    yield Check("EPUB 3.3", "EPUBCheck", partial(_epubcheck, path))
    yield Check(_EPUB_MACHINE, "Ace by DAISY", partial(validators.ace, path))


def _epubcheck(path: Path) -> list[str]:
    """Messages but those of the level USAGE, which tell what is there and find no fault."""
    return [line for line in validators.epubcheck(path) if not line.startswith("USAGE ")]


def _web_checks(path: Path) -> Iterator[Check]:
    yield Check(_WCAG_MACHINE, "axe-core", partial(_axe, path))


def _axe(folder: Path) -> list[str]:
    pages = sorted(page.relative_to(folder).as_posix() for page in folder.rglob("*.html"))
    with validators.served(folder) as address:
        found = validators.axe(f"{address}{page}" for page in pages)
        return [
            f"{page.removeprefix(address)}: {line}"
            for page, lines in found.items()
            for line in lines
        ]


_CHECKS: dict[str, Callable[[Path], Iterator[Check]]] = {
    "pdf": _pdf_checks,
    "print": _print_checks,
    "epub": _epub_checks,
    "web": _web_checks,
}


def _carried_out(check: Check, progress: Progress, what: str) -> Json:
    """The result of a check; a validator that cannot do its work passes nothing."""
    progress(what)
    result: Json = {
        "standard": check.standard,
        "validator": check.validator,
        "version": "",
        "findings": [],
        "reason": "",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    try:
        own = check.validator == PREFLIGHT
        result["version"] = __version__ if own else validators.version(check.validator)
        findings = check.run()
    except (validators.ValidatorError, subprocess.TimeoutExpired, zipfile.BadZipFile) as fault:
        return result | {"result": NOT_RUN, "reason": str(fault).partition("\n")[0], "date": ""}
    return result | {
        "result": FAILED if findings else PASSED,
        "findings": findings[:_MOST_FINDINGS],
    }
