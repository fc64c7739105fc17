"""The JSON Schema of ``publication.toml``, by which editors complete, explain and check it.

Made from the models of ``settings``; what those check by functions (names, codes, sizes) is said
here again as lists and patterns.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .codes import rules
from .heads import ROLES
from .model import EDITIONS
from .settings import BACK, FRONT, RELATORS, Settings

SAID: Mapping[str, str] = {
    "title": "The title, or a table by language: { en = “…”, fr = “…” }.",
    "subtitle": "The line under the title.",
    "slug": "The name of the files; made from the title where missing.",
    "languages": "The languages; each has a folder of its name.",
    "date": "The day of publication, without quotation marks: 2005-05-24.",
    "edition": "Which edition this is: “First edition”.",
    "description": "The blurb: on the back cover, in shops and in search results.",
    "subjects": "Subject codes of the Thema scheme.",
    "rights": "The copyright line.",
    "licence_url": "The address of the licence's text.",
    "url": "Where the web edition is published: the address of the folder of the languages.",
    "series": "The series that the publication belongs to.",
    "theme": "A folder in templates/.",
    "trim": "The size of the cut page: “A5”, “6x9in”, “170x240mm”.",
    "editions": "The editions to be made.",
    "numbered": "Whether chapters are numbered.",
    "colophon": "How the book was made, for the imprint page.",
    "cover_note": "A line for the cover.",
    "front": "The parts before the chapters, in order.",
    "chapters": "The chapters' files in order, relative to the language's folder.",
    "back": "The parts after the chapters, in order.",
    "creators": "Who made the work.",
    "publisher": "Who publishes it.",
    "isbn": "The ISBNs by language, then by edition.",
    "parts": "The parts of the book, each with its chapters; instead of chapters.",
    "pdf": "What the screen PDF conforms to.",
    "print": "The paper and the printing condition of the print edition.",
    "diagnostics": "Which findings are ignored, and which stop a build.",
    "ChapterTable.file": "The chapter's file, relative to the language's folder.",
    "ChapterTable.role": "What the chapter is, for readers' programs.",
    "ChapterTable.level": "1 for a chapter, 2 for one nested in the chapter before, and so on.",
    "PartTable.title": "The part's title.",
    "PartTable.chapters": "The part's chapters in order.",
    "CreatorTable.name": "The name as it is set on the title page.",
    "CreatorTable.role": "A MARC relator code: aut for an author, edt, ill, trl …",
    "CreatorTable.sort": "The name as catalogues sort it: “Surname, Name”.",
    "PublisherTable.name": "The publisher's name.",
    "PublisherTable.place": "The publisher's town.",
    "PublisherTable.email": "The publisher's mail address.",
    "PublisherTable.url": "The publisher's web address.",
    "IsbnTable.pdf": "The ISBN of the screen PDF.",
    "IsbnTable.print": "The ISBN of the printed book; its cover has it as a bar code.",
    "IsbnTable.epub": "The ISBN of the EPUB.",
    "PrintTable.profile": "The printer's ICC profile (CMYK), a file of the folder; FOGRA39 where none is named.",
    "PrintTable.paper_gsm": "The paper's weight in g/m²: the spine is reckoned from it.",
    "PrintTable.paper_bulk": "The paper's volume in cm³/g: 1.0 is thin for its weight, 2.0 thick.",
    "PdfTable.standard": "“ua-1”: PDF/UA-1 and PDF/A-2a; “ua-2”: PDF/UA-2 and PDF/A-4.",
    "DiagnosticsTable.ignore": "Codes that are not told.",
    "DiagnosticsTable.error": "Codes that stop a build.",
    "DiagnosticsTable.spelling": "Whether `imprint check` looks words up in hunspell's dictionaries.",
    "DiagnosticsTable.words": "Words that are right whatever dictionaries say.",
}


def schema() -> dict[str, Any]:
    """The schema as a value."""
    made = Settings.model_json_schema()
    tables = {"": made, **{f"{name}.": table for name, table in made["$defs"].items()}}
    for prefix, table in tables.items():
        table.pop("title", None)
        for key, value in table["properties"].items():
            path = prefix + key
            value.pop("title", None)
            if path in SAID:
                value["description"] = SAID[path]
            _narrow(value, _LIMITS.get(path))
    # TOML has no null: what is missing is left out.
    made["properties"]["date"] = {
        "description": SAID["date"],
        "type": "string",
        "format": "date",
    }
    made["description"] = "The settings of a publication that Imprint makes."
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "publication.toml",
        **_draft_07(made),
    }


def schema_text() -> str:
    """The schema as the text of a file."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


def _narrow(value: dict[str, Any], limit: Mapping[str, Any] | None) -> None:
    """Put what a value may be into its schema, or into that of the items of a list."""
    if limit:
        (value["items"] if value.get("type") == "array" else value).update(limit)


def _one_of(names: Iterable[str]) -> dict[str, Any]:
    return {"enum": list(names)}


_WEB_ADDRESS = {"pattern": r"^(https?://[^\s/]+\S*)?$"}
_ISBN = {"pattern": r"^(97[89]([\s-]?[0-9]){10})?$"}
_LIMITS: Mapping[str, Mapping[str, Any]] = {
    "slug": {"pattern": "^([a-z0-9]+(-[a-z0-9]+)*)?$"},
    "languages": {"pattern": "^[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*$"},
    "licence_url": _WEB_ADDRESS,
    "url": _WEB_ADDRESS,
    "trim": {"examples": ["170x240mm", "A4", "A5", "6x9in"]},
    "editions": _one_of(EDITIONS),
    "front": _one_of(FRONT),
    "back": _one_of(BACK),
    "ChapterTable.role": _one_of(ROLES),
    "ChapterTable.level": {"minimum": 1, "maximum": 6},
    "CreatorTable.role": _one_of(RELATORS),
    "PublisherTable.url": _WEB_ADDRESS,
    "IsbnTable.pdf": _ISBN,
    "IsbnTable.print": _ISBN,
    "IsbnTable.epub": _ISBN,
    "DiagnosticsTable.ignore": _one_of(rules()),
    "DiagnosticsTable.error": _one_of(rules()),
}


def _draft_07(value: Any) -> Any:
    """The schema in the words of draft 7, the one that editors know best."""
    if isinstance(value, dict):
        renamed = {"$defs": "definitions"}
        return {renamed.get(key, key): _draft_07(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_draft_07(item) for item in value]
    return value.replace("#/$defs/", "#/definitions/") if isinstance(value, str) else value
