"""``publication.toml``: what it may say, what is wrong with it, and the publications it describes.

Every fault is told with the line and column of the key or value; the faulty value is then left
out, so that ``--keep-going`` can build the rest.
"""

from __future__ import annotations

import datetime
import re
import tomllib
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Tag, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from . import positions as toml
from .codes import rules
from .diagnostics import Diagnostic, Severity, error
from .heads import ROLES, clean_values, did_you_mean, kind_name, known_language, presentable
from .model import EDITIONS, Creator, Paper, Policy, Publication, Publisher, Trim

FILE = "publication.toml"
FRONT = ("half-title", "title-page", "imprint", "contents", "figures")
BACK = ("index",)

# MARC relator codes (https://www.loc.gov/marc/relators/), those that books and reports need.
RELATORS = {
    "abr": "abridger",
    "aft": "author of afterword",
    "ann": "annotator",
    "arr": "arranger",
    "art": "artist",
    "aud": "author of dialogue",
    "aui": "author of introduction",
    "aut": "author",
    "bjd": "bookjacket designer",
    "bkd": "book designer",
    "bkp": "book producer",
    "blw": "blurb writer",
    "bnd": "binder",
    "cmp": "composer",
    "cns": "censor",
    "col": "collector",
    "com": "compiler",
    "cor": "registrar",
    "cov": "cover designer",
    "cph": "copyright holder",
    "cre": "creator",
    "csl": "consultant",
    "ctb": "contributor",
    "ctg": "cartographer",
    "cur": "curator",
    "dgc": "degree committee member",
    "dgs": "degree supervisor",
    "drm": "draftsman",
    "dsr": "designer",
    "dst": "distributor",
    "dte": "dedicatee",
    "dto": "dedicator",
    "edc": "editor of compilation",
    "edt": "editor",
    "fmo": "former owner",
    "fnd": "funder",
    "his": "host institution",
    "hst": "host",
    "ill": "illustrator",
    "inv": "inventor",
    "isb": "issuing body",
    "ive": "interviewee",
    "ivr": "interviewer",
    "lbt": "librettist",
    "led": "lead",
    "lyr": "lyricist",
    "mrb": "marbler",
    "mrk": "markup editor",
    "nrt": "narrator",
    "org": "originator",
    "oth": "other",
    "pbd": "publishing director",
    "pbl": "publisher",
    "pdr": "project director",
    "pfr": "proofreader",
    "pht": "photographer",
    "ppm": "papermaker",
    "pra": "praeses",
    "prg": "programmer",
    "prt": "printer",
    "red": "redactor",
    "res": "researcher",
    "rev": "reviewer",
    "rtm": "research team member",
    "spn": "sponsor",
    "std": "set designer",
    "sec": "secretary",
    "tcd": "technical director",
    "trc": "transcriber",
    "trl": "translator",
    "tyd": "type designer",
    "tyg": "typographer",
    "wac": "writer of added commentary",
    "wam": "writer of accompanying material",
    "wat": "writer of added text",
    "win": "writer of introduction",
    "wpr": "writer of preface",
    "wst": "writer of supplementary text",
}

# --- what a value may be -------------------------------------------------------------------------


def _refuse(code: str, message: str, hint: str = "") -> PydanticCustomError:
    """The exception that pydantic turns into an error at the value's place."""
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint})


def _one_of(code: str, noun: str, known: Sequence[str]) -> Callable[[str], str]:
    """A check that a text is one of a few names."""

    def check(name: str) -> str:
        if name not in known:
            hint = did_you_mean(name, known) or "Choose among " + ", ".join(known) + "."
            raise _refuse(code, f"There is no {noun} `{name}`.", hint)
        return name

    return check


def _relator(code: str) -> str:
    """The MARC relator code if it is one; the hint finds codes by their names as well."""
    if code in RELATORS:
        return code
    names = {name: short for short, name in RELATORS.items()}
    near = did_you_mean(code, (*names, *RELATORS)).removeprefix("Did you mean `").removesuffix("`?")
    short = names.get(near, near)
    hint = f"Did you mean `{short}` ({RELATORS[short]})?" if near else "For an author it is `aut`."
    raise _refuse("relator", f"`{code}` is no MARC relator code.", hint)


def _language(code: str) -> str:
    """The language code as written, if there is such a language."""
    if not known_language(code):
        message = f"`{code}` is no language code."
        raise _refuse("language-code", message, "Write a code such as `en`, `fr` or `pt-BR`.")
    return code


def _web_address(url: str) -> str:
    """The address if it is one that a reader's program can open."""
    if not re.fullmatch(r"https?://[^\s/]+\S*", url):
        raise _refuse("url", f"`{url}` is no web address.", "It begins with `https://`.")
    return url


def _mail_address(address: str) -> str:
    """The address if it looks like one."""
    if not re.fullmatch(r"[^\s@]+@[^\s@]+\.[^\s@]+", address):
        raise _refuse("email", f"`{address}` is no e-mail address.", "Write `name@example.org`.")
    return address


def _slug(slug: str) -> str:
    """The slug if every file system and every address can carry it."""
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", slug):
        better = slug_from(slug)
        message = f"`{slug}` cannot name files."
        hint = f"Small letters a to z, digits and single hyphens: `{better}`."
        raise _refuse("slug", message, hint)
    return slug


def _isbn(isbn: str) -> str:
    """The thirteen digits of an ISBN whose check digit is right."""
    digits = re.sub(r"[\s\u2010-\u2015-]", "", isbn)
    if not re.fullmatch(r"97[89][0-9]{10}", digits):
        message = f"`{isbn}` is no ISBN-13."
        raise _refuse("isbn", message, "It has thirteen digits and begins with 978 or 979.")
    right = isbn_check_digit(digits)
    if digits[-1] != right:
        message = f"The check digit of ISBN {isbn} is wrong."
        hint = f"If the other digits are right, the last must be {right}."
        raise _refuse("isbn", message, hint)
    return digits


def isbn_check_digit(digits: str) -> str:
    """The thirteenth digit that belongs to the first twelve (ISO 2108, annex A)."""
    total = sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(digits[:12]))
    return str(-total % 10)


# ISO 216 and the American sizes, in millimetres.
_PAPERS = {
    "a3": (297, 420),
    "a4": (210, 297),
    "a5": (148, 210),
    "a6": (105, 148),
    "b4": (250, 353),
    "b5": (176, 250),
    "b6": (125, 176),
    "letter": (215.9, 279.4),
}
_MM_PER_UNIT = {"mm": 1.0, "cm": 10.0, "in": 25.4}
_TRIM = re.compile(r"(\d+(?:\.\d+)?)\s*[x×]\s*(\d+(?:\.\d+)?)\s*(mm|cm|in)")
_TRIM_RANGE_MM = (60, 700)


def trim_from(size: str) -> Trim | None:
    """The trim size that "A5", "6x9in" or "170x240mm" names, None if none."""
    paper = _PAPERS.get(size.strip().lower())
    if paper:
        return Trim(float(paper[0]), float(paper[1]))
    match = _TRIM.fullmatch(size.strip().lower())
    if match is None:
        return None
    factor = _MM_PER_UNIT[match[3]]
    return Trim(round(float(match[1]) * factor, 3), round(float(match[2]) * factor, 3))


def _trim(size: str) -> str:
    """The size as written, if it is one that a page can have."""
    trim = trim_from(size)
    if trim is None:
        hint = did_you_mean(size, ("A4", "A5", "A6", "B5", "letter")) or (
            "Write `A5`, `A4`, `6x9in` or `170x240mm`."
        )
        raise _refuse("trim", f"`{size}` is no size of a page.", hint)
    low, high = _TRIM_RANGE_MM
    if not all(low <= side <= high for side in (trim.width_mm, trim.height_mm)):
        message = f"A page of {trim.width_mm:g} × {trim.height_mm:g} mm cannot be set."
        raise _refuse("trim", message, f"Each side has {low} to {high} mm.")
    return size


def _between(code: str, unit: str, low: float, high: float) -> Callable[[float], float]:
    """A check that a number lies within what there is."""

    def check(value: float) -> float:
        if not low <= value <= high:
            raise _refuse(
                code,
                f"There is no paper of {value:g} {unit}.",
                f"It has {low:g} to {high:g} {unit}.",
            )
        return value

    return check


def _level(level: int) -> int:
    """The level if headings can show it."""
    if not 1 <= level <= 6:
        raise _refuse("level", f"There is no level {level}.", "Levels go from 1 to 6.")
    return level


def _theme(name: str) -> str:
    """The theme's name if it is the name of a folder and no path."""
    if not re.fullmatch(r"\w[\w-]*", name):
        raise _refuse("theme", f"`{name}` is no theme's name.", "Name a folder in `templates/`.")
    return name


def _diagnostic(code: str) -> str:
    """The code if a diagnostic may carry it."""
    if code not in rules():
        hint = did_you_mean(code, rules()) or "`imprint check` shows them in square brackets."
        raise _refuse("diagnostic", f"There is no diagnostic `{code}`.", hint)
    return code


def _text_or_table(value: object) -> str:
    """Which of the two ways to write a text this is."""
    return "by-language" if isinstance(value, dict) else "text"


def _file_or_table(value: object) -> str:
    """Which of the two ways to write a chapter this is."""
    return "with-role" if isinstance(value, dict) else "file"


Text = Annotated[
    Annotated[str, Tag("text")] | Annotated[dict[str, str], Tag("by-language")],
    Discriminator(_text_or_table),
]
Language = Annotated[str, AfterValidator(_language)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Isbn = Annotated[str, AfterValidator(_isbn)]
Code = Annotated[str, AfterValidator(_diagnostic)]


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ChapterTable(_Table):
    """A chapter with more than its file's name."""

    file: str
    role: Annotated[str, AfterValidator(_one_of("role", "role", ROLES))] = ""
    level: Annotated[int, AfterValidator(_level)] = 1


ChapterItem = Annotated[
    Annotated[str, Tag("file")] | Annotated[ChapterTable, Tag("with-role")],
    Discriminator(_file_or_table),
]


class PartTable(_Table):
    title: Text
    chapters: list[ChapterItem] = []


class CreatorTable(_Table):
    name: Text
    role: Annotated[str, AfterValidator(_relator)] = "aut"
    sort: Text = ""


class PublisherTable(_Table):
    name: Text = ""
    place: Text = ""
    email: Annotated[str, AfterValidator(_mail_address)] = ""
    url: WebAddress = ""


class IsbnTable(_Table):
    pdf: Isbn = ""
    print: Isbn = ""
    epub: Isbn = ""


class PdfTable(_Table):
    """What the screen PDF conforms to: PDF/UA-1 with PDF/A-2a, or PDF/UA-2 with PDF/A-4."""

    standard: Literal["ua-1", "ua-2"] = "ua-1"


class PrintTable(_Table):
    """The paper and the printing condition of the print edition."""

    profile: str = ""
    paper_gsm: Annotated[float, AfterValidator(_between("paper", "g/m²", 30, 500))] = 90.0
    paper_bulk: Annotated[float, AfterValidator(_between("paper", "cm³/g", 0.5, 3))] = 1.2


class DiagnosticsTable(_Table):
    ignore: list[Code] = []
    error: list[Code] = []
    spelling: bool = False
    words: list[str] = []


class Settings(_Table):
    """``publication.toml`` as written; see ``docs/source-format.md`` for what each key means."""

    title: Text
    subtitle: Text = ""
    slug: Annotated[str, AfterValidator(_slug)] = ""
    languages: list[Language] = []
    date: datetime.date | None = None
    edition: Text = ""
    description: Text = ""
    subjects: list[str] = []
    rights: Text = ""
    licence_url: WebAddress = ""
    url: WebAddress = ""
    series: Text = ""
    theme: Annotated[str, AfterValidator(_theme)] = "default"
    trim: Annotated[str, AfterValidator(_trim)] = "170x240mm"
    editions: list[Annotated[str, AfterValidator(_one_of("edition", "edition", EDITIONS))]] = list(
        EDITIONS
    )
    numbered: bool = True
    colophon: Text = ""
    cover_note: Text = ""
    front: list[Annotated[str, AfterValidator(_one_of("front", "front part", FRONT))]] = list(FRONT)
    chapters: list[ChapterItem] = []
    back: list[Annotated[str, AfterValidator(_one_of("back", "back part", BACK))]] = list(BACK)
    creators: list[CreatorTable] = []
    publisher: PublisherTable = PublisherTable()
    isbn: dict[str, IsbnTable] = {}
    pdf: PdfTable = PdfTable()
    print: PrintTable = PrintTable()
    parts: list[PartTable] = []
    diagnostics: DiagnosticsTable = DiagnosticsTable()


# --- reading -------------------------------------------------------------------------------------

Places = dict[toml.Path, toml.Place]


@dataclass(frozen=True)
class Written:
    """The settings as far as they are sound, and the place of each in the file."""

    settings: Settings
    places: Mapping[toml.Path, toml.Place]

    def complain(
        self, severity: Severity, code: str, path: toml.Path, message: str, hint: str = ""
    ) -> Diagnostic:
        """A finding at the value of a setting, or at what encloses it."""
        line, column = _place(self.places, path).value
        return Diagnostic(code, severity, FILE, line, column, message, hint)


def read_settings(text: str) -> tuple[Written | None, tuple[Diagnostic, ...]]:
    """The settings that the text holds, None if it is no TOML, and all that is wrong."""
    try:
        data = clean_values(tomllib.loads(text))
    except tomllib.TOMLDecodeError as fault:
        said, line, column = toml.syntax_fault(text, fault)
        return None, (_no_toml(said, line, column),)
    except (RecursionError, ValueError) as fault:
        reason = "it is nested too deeply" if isinstance(fault, RecursionError) else str(fault)
        return None, (_no_toml(reason, 1, 1),)
    places = dict(toml.positions(text))
    found: list[Diagnostic] = list(_empty_title(data, places))
    # Each round takes out what is wrong; a second round meets only what that made incomplete.
    for _round in range(4):
        try:
            written = Written(Settings.model_validate(data), places)
            return written, (*found, *_second_look(written))
        except ValidationError as faults:
            places = _mend(data, places, faults.errors(), found)
    raise AssertionError("publication.toml is still faulty after mending")


def _no_toml(said: str, line: int, column: int) -> Diagnostic:
    """The complaint about a file that is no TOML."""
    message = f"The file is not valid TOML: {said[:1].lower()}{said[1:]}."
    hint = "Text stands between quotation marks; every key has a line of its own."
    return error("toml", FILE, line, column, message, hint)


def _empty_title(data: Mapping[str, Any], places: Places) -> Iterator[Diagnostic]:
    """The complaint about a title without words."""
    title = data.get("title")
    if title == {} or (isinstance(title, str) and not title.strip()):
        line, column = _place(places, ("title",)).value
        hint = "Write the publication's title between the quotation marks."
        yield error("setting-missing", FILE, line, column, "`title` is empty.", hint)


def _place(places: Mapping[toml.Path, toml.Place], path: toml.Path) -> toml.Place:
    """The place of a setting, else of the nearest table around it, else the file's start."""
    while path and path not in places:
        path = path[:-1]
    return places.get(path, toml.Place((1, 1), (1, 1)))


def _mend(
    data: dict[str, Any], places: Places, faults: list[ErrorDetails], found: list[Diagnostic]
) -> Places:
    """Note every fault and take the faulty values out of the data; the places that remain."""
    located = [(_path_in(data, fault), fault) for fault in faults]
    found.extend(_described(data, places, path, fault) for path, fault in located)
    titles = {path for path, fault in located if _is_needed_title(path, fault)}
    for path in titles:
        _at(data, path[:-1])["title"] = ""
    # A table without a key that it needs goes as a whole.
    targets = {
        path[:-1] if fault["type"] == "missing" else path
        for path, fault in located
        if path not in titles
    }
    # From the end, so that the places of items before the one taken out stay true.
    for target in sorted(targets, key=_order, reverse=True):
        places = _drop(data, places, target)
    return places


def _is_needed_title(path: toml.Path, fault: ErrorDetails) -> bool:
    """Whether a title is wrong or missing where there must be one."""
    return path[-1] == "title" and fault["type"] != "extra_forbidden"


def _order(path: toml.Path) -> tuple[tuple[int, str], ...]:
    """A key that sorts paths with numbers and names in them."""
    return tuple((part, "") if isinstance(part, int) else (-1, part) for part in path)


def _path_in(data: object, fault: ErrorDetails) -> toml.Path:
    """The fault's place in the data: its location without pydantic's names of alternatives."""
    path: list[str | int] = []
    for part in fault["loc"]:
        if (isinstance(data, dict) and part in data) or (
            isinstance(data, list) and isinstance(part, int)
        ):
            path.append(part)
            data = data[part]  # type: ignore[index]
    if fault["type"] == "missing":
        path.append(fault["loc"][-1])
    return tuple(path)


def _at(data: Any, path: toml.Path) -> Any:
    """The value at a path."""
    for part in path:
        data = data[part]
    return data


def _drop(data: Any, places: Places, path: toml.Path) -> Places:
    """Take a value out of the data; the places with later items of its list moved up."""
    parent, last = path[:-1], path[-1]
    try:
        del _at(data, parent)[last]
    except (KeyError, IndexError, TypeError):
        return places  # it went with what enclosed it
    if not isinstance(last, int):
        return places
    depth = len(parent)
    moved: Places = {}
    for old, place in places.items():
        number = old[depth] if len(old) > depth and old[:depth] == parent else None
        if number == last:
            continue
        later = isinstance(number, int) and number > last
        moved[(*parent, number - 1, *old[depth + 1 :]) if later else old] = place  # type: ignore[operator]
    return moved


_WANTED = {
    "string_type": "text",
    "bool_type": "`true` or `false`",
    "int_type": "a whole number",
    "float_type": "a number",
    "date_type": "a date",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}
_HINTS = {
    "string_type": "Put it between quotation marks.",
    "bool_type": "Write it without quotation marks.",
    "int_type": "Write it without quotation marks.",
    "float_type": "Write it without quotation marks.",
    "date_type": "Write it as 2005-05-01, without quotation marks.",
    "list_type": "Put it between square brackets, [ and ].",
}


def _described(data: Any, places: Places, path: toml.Path, fault: ErrorDetails) -> Diagnostic:
    """A fault of pydantic's in the author's words."""
    place = _place(places, path)
    name = ".".join(part for part in path if isinstance(part, str))
    kind = fault["type"]
    if kind == "extra_forbidden":
        known = _keys_at(path[:-1])
        hint = did_you_mean(str(path[-1]), known) or "Known here: " + ", ".join(known) + "."
        return error("setting-unknown", FILE, *place.key, f"There is no setting `{name}`.", hint)
    if kind == "missing":
        return error("setting-missing", FILE, *place.key, f"`{name}` is missing.", "Add it.")
    if kind in _WANTED:
        what = f"An item of `{name}`" if isinstance(path[-1], int) else f"`{name}`"
        message = f"{what} must be {_WANTED[kind]}, not {kind_name(_at(data, path))}."
        hint = _HINTS.get(kind, "")
        if path[0] == "isbn":
            hint = 'ISBNs stand by language, then by edition: [isbn.en] epub = "978-…".'
        return error("setting-type", FILE, *place.value, message, hint)
    context = fault.get("ctx", {})
    message = str(context.get("message", f"`{name}`: {fault['msg']}."))
    return error(kind, FILE, *place.value, message, str(context.get("hint", "")))


def _keys_at(path: toml.Path) -> tuple[str, ...]:
    """The keys that may stand in the table at a path."""
    tables: dict[str, type[BaseModel]] = {
        "publisher": PublisherTable,
        "creators": CreatorTable,
        "isbn": IsbnTable,
        "parts": PartTable,
        "chapters": ChapterTable,
        "diagnostics": DiagnosticsTable,
        "pdf": PdfTable,
    }
    names = [part for part in path if isinstance(part, str) and part in tables]
    return tuple((tables[names[-1]] if names else Settings).model_fields)


# --- checks of the whole -------------------------------------------------------------------------


def _second_look(written: Written) -> Iterator[Diagnostic]:
    """What is wrong though each value by itself is right."""
    settings = written.settings
    for name in ("languages", "editions", "front", "back"):
        yield from _twice(written, name, getattr(settings, name))
    if not settings.editions:
        message = "`editions` names none, so there is nothing to make."
        hint = "Choose among " + ", ".join(EDITIONS) + "."
        yield written.complain(Severity.ERROR, "edition", ("editions",), message, hint)
    yield from _isbns_twice(written)
    if settings.languages:
        yield from _other_languages(written)


def _twice(written: Written, name: str, items: Sequence[str]) -> Iterator[Diagnostic]:
    """The items of a list that stand there a second time."""
    for number, item in enumerate(items):
        if item in items[:number]:
            message = f"`{item}` stands twice in `{name}`."
            hint = "Take one of them out."
            path = (name, number)
            yield written.complain(Severity.WARNING, "setting-twice", path, message, hint)


def _isbns_twice(written: Written) -> Iterator[Diagnostic]:
    """The ISBNs that two editions share: each needs its own."""
    first: dict[str, str] = {}
    isbns = [
        (_place(written.places, ("isbn", lang, edition)).value, f"{lang}.{edition}", isbn)
        for lang, table in written.settings.isbn.items()
        for edition, isbn in table.model_dump().items()
        if isbn
    ]
    for place, here, isbn in sorted(isbns):
        if first.setdefault(isbn, here) != here:
            message = f"`isbn.{here}` is the same ISBN as `isbn.{first[isbn]}`."
            hint = "Every edition in every language needs an ISBN of its own."
            yield error("isbn", FILE, *place, message, hint)


def _other_languages(written: Written) -> Iterator[Diagnostic]:
    """The texts and ISBNs of languages that the publication does not have, and missing texts."""
    languages = written.settings.languages
    tables = [(path, text) for path, text in _texts(written.settings) if isinstance(text, dict)]
    named = [(path, list(text)) for path, text in tables]
    for path, keys in [*named, (("isbn",), list(written.settings.isbn))]:
        for key in keys:
            if key not in languages:
                message = f"`{key}` is not among the publication's `languages`."
                hint = did_you_mean(key, languages) or "Add it there, or take this out."
                yield _at_key(written, (*path, key), message, hint)
    for path, text in tables:
        used = next((lang for lang in languages if text.get(lang)), "")
        for lang in languages:
            if used and not text.get(lang):
                name = ".".join(part for part in path if isinstance(part, str))
                message = f"`{name}` has no text in `{lang}`; the one in `{used}` is set instead."
                yield _at_key(written, path, message, f'Add `{lang} = "…"`.')


def _at_key(written: Written, path: toml.Path, message: str, hint: str) -> Diagnostic:
    """A warning about the languages of a setting, at its key."""
    line, column = _place(written.places, path).key
    code = "setting-language"
    return Diagnostic(code, Severity.WARNING, FILE, line, column, message, hint)


def _texts(settings: Settings) -> Iterator[tuple[toml.Path, str | dict[str, str]]]:
    """Every text that may be a table by language, with its path."""
    for name in _TEXTS:
        yield (name,), getattr(settings, name)
    for number, creator in enumerate(settings.creators):
        yield ("creators", number, "name"), creator.name
        yield ("creators", number, "sort"), creator.sort
    yield ("publisher", "name"), settings.publisher.name
    yield ("publisher", "place"), settings.publisher.place
    for number, part in enumerate(settings.parts):
        yield ("parts", number, "title"), part.title


_TEXTS = (
    "title",
    "subtitle",
    "edition",
    "description",
    "rights",
    "series",
    "colophon",
    "cover_note",
)


# --- what follows from them ----------------------------------------------------------------------


def in_language(text: str | Mapping[str, str], lang: str, languages: Iterable[str]) -> str:
    """The text in the language, else in the first language that has it."""
    if isinstance(text, str):
        return text
    order = (lang, *languages, *text)
    return next((text[name] for name in order if text.get(name)), "")


def publication(settings: Settings, lang: str, languages: Sequence[str], root: Path) -> Publication:
    """The publication in one language; ``lang`` as the settings write it."""

    def say(text: str | Mapping[str, str]) -> str:
        return in_language(text, lang, languages).strip()

    title = say(settings.title) or presentable(root.name)
    first_title = in_language(settings.title, languages[0], languages).strip() or title
    slug = settings.slug or slug_from(first_title)
    isbn = settings.isbn.get(lang, IsbnTable())
    isbns = {edition: number for edition, number in isbn.model_dump().items() if number}
    publisher = settings.publisher
    return Publication(
        slug=slug,
        lang=known_language(lang),
        languages=tuple(known_language(code) for code in languages),
        title=title,
        subtitle=say(settings.subtitle),
        creators=tuple(
            Creator(say(creator.name), creator.role, say(creator.sort))
            for creator in settings.creators
        ),
        publisher=Publisher(
            say(publisher.name), say(publisher.place), publisher.email, publisher.url
        ),
        date=settings.date,
        edition=say(settings.edition),
        identifier=identifier(
            isbns, slug=slug, publisher=say(publisher.name), title=title, lang=lang
        ),
        isbns=isbns,
        description=say(settings.description),
        subjects=tuple(settings.subjects),
        rights=say(settings.rights),
        licence_url=settings.licence_url,
        series=say(settings.series),
        theme=settings.theme,
        trim=trim_from(settings.trim) or Trim(),
        editions=tuple(dict.fromkeys(settings.editions)),
        front=tuple(dict.fromkeys(settings.front)),
        back=tuple(dict.fromkeys(settings.back)),
        numbered=settings.numbered,
        colophon=say(settings.colophon),
        cover_note=say(settings.cover_note),
        url=settings.url,
        pdf_standard=settings.pdf.standard,
        press_profile=settings.print.profile,
        paper=Paper(settings.print.paper_gsm, settings.print.paper_bulk),
    )


def policy(settings: Settings) -> Policy:
    """What the publication says of its diagnostics."""
    table = settings.diagnostics
    return Policy(
        ignored=frozenset(table.ignore),
        errors=frozenset(table.error),
        spelling=table.spelling,
        words=frozenset(table.words),
    )


# Never to be changed: every publication without an ISBN is known by what is made from it.
_NAMESPACE = uuid.UUID("6f1c7a1e-6c0b-5a53-9d3e-2f4f5b8a7c10")


def identifier(
    isbns: Mapping[str, str], *, slug: str, publisher: str, title: str, lang: str
) -> str:
    """The URN that names the publication in its language, the same at every build."""
    for edition in ("epub", "print", "pdf"):
        if edition in isbns:
            return f"urn:isbn:{isbns[edition]}"
    name = "\n".join((slug, publisher, title, known_language(lang)))
    return uuid.uuid5(_NAMESPACE, name).urn


# Letters without a decomposition into ASCII, as passports and catalogues write them.
_LETTERS = (
    "а=a б=b в=v г=g ґ=g д=d е=e ж=zh з=z и=y і=i ї=i й=i к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u "
    "ф=f х=kh ц=ts ч=ch ш=sh щ=shch ъ= ы=y ь= э=e ю=iu я=ia є=ie ё=e ў=u ј=j "
    "α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s ς=s τ=t υ=y φ=f "
    "χ=ch ψ=ps ω=o ß=ss æ=ae œ=oe ø=o đ=d ł=l þ=th ð=d ı=i ’= '="
)
_ROMANISED = str.maketrans(dict(pair.split("=") for pair in _LETTERS.split()))
_SLUG_MAX = 80


def slug_from(title: str) -> str:
    """A name for files made from a title: ASCII, small letters, hyphens."""
    folded = unicodedata.normalize("NFC", title).casefold().translate(_ROMANISED)
    plain = unicodedata.normalize("NFKD", folded)
    ascii_only = "".join(c for c in plain if not unicodedata.combining(c)).translate(_ROMANISED)
    words = re.findall(r"[a-z0-9]+", ascii_only)
    slug = ""
    for word in words:
        if len(slug) + 1 + len(word) > _SLUG_MAX:
            break
        slug = f"{slug}-{word}" if slug else word
    return slug or (words[0][:_SLUG_MAX] if words else "publication")
