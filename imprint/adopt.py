"""Any folder of Markdown as a manuscript: the reading order, languages and title of folders
that know nothing of us.

The order is that of mdBook's or GitBook's ``SUMMARY.md``, else of Jupyter Book's ``_toc.yml``,
else of the file names with numbers counted as numbers.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import yaml

from .diagnostics import Diagnostic, error, note
from .folder import LISTS, Found, is_own_file, markdown_files, natural
from .heads import (
    Entry,
    clean,
    did_you_mean,
    known_language,
    presentable,
    read_source,
    read_text,
)
from .includes import expanded
from .model import Creator, Manuscript, Publication, Source
from .positions import syntax_fault
from .settings import identifier, slug_from
from .summary import (
    DEEPEST_LEVEL,
    HEADING,
    Reading,
    listed_order,
    plain_title,
    yaml_fields,
    yaml_items,
    yaml_root,
    yaml_text,
)


def adopt(
    root: Path, *, languages: Sequence[str] = ()
) -> tuple[tuple[Manuscript, ...], tuple[Diagnostic, ...]]:
    """A manuscript for every language of a folder without ``publication.toml``."""
    found: Found = []
    files = markdown_files(root, found)
    config = _config(root, found)
    read = [
        (lang, *_read(root, reading))
        for lang, reading in _reading_orders(root, files, config, found)
    ]
    # A language without any chapter that can be read is none.
    tags = [
        lang or _own_language(sources, config) for lang, sources, _complaints in read if sources
    ]
    if not tags:
        found.extend(complaint for _lang, _sources, complaints in read for complaint in complaints)
        return (), (*found, _no_chapters(files))
    found.extend(unknown_languages(languages, tags))
    wanted = {known_language(code) for code in languages} or set(tags)
    manuscripts = []
    for lang, (_lang, sources, complaints) in zip(tags, filter(itemgetter(1), read), strict=True):
        if lang in wanted:
            found.extend(complaints)
            publication = _publication(root, config, lang, tags, sources)
            manuscripts.append(Manuscript(publication, sources, root, adopted=True))
    return tuple(manuscripts), tuple(found)


def _no_chapters(files: Sequence[str]) -> Diagnostic:
    """The complaint about a folder that gives no chapter."""
    message = "None of the files can be read as a chapter." if files else "There is no Markdown."
    hint = "Name the folder with the chapters; their file names end in `.md`."
    return error("no-chapters", ".", 0, 0, message, hint)


def unknown_languages(asked: Sequence[str], there: Sequence[str]) -> Iterator[Diagnostic]:
    """The complaints about languages that were asked for and are not there."""
    for code in asked:
        if known_language(code) not in there:
            message = f"The publication has no language `{code}`."
            hint = did_you_mean(code, there) or "It has " + ", ".join(there) + "."
            yield error("language", ".", 0, 0, message, hint)


def _reading_orders(
    root: Path, files: Sequence[str], config: _Config, found: Found
) -> list[tuple[str, Reading]]:
    """The reading order of each language; the language is "" where the folder names none."""
    base = _common_folder(files)
    for place in dict.fromkeys((config.source_folder, "", base, "docs")):
        listed = listed_order(root, place, files, found)
        if listed is not None:
            return [("", listed)]
    folders = _language_folders(files, base)
    if not folders:
        entries = plain_order(_without_legalese(files, base, found), base)
        return [("", Reading(entries))]
    chosen = tuple(f"{posixpath.join(base, folder)}/" for folder in folders.values())
    for file in files:
        if not file.startswith(chosen):
            message = "The file stands outside the folders of the languages and is left out."
            found.append(note("left-out", file, 0, 0, message, "Move it into one of them."))
    return [
        (lang, _language_order(root, posixpath.join(base, folder), files, found))
        for lang, folder in folders.items()
    ]


def _language_order(root: Path, folder: str, files: Sequence[str], found: Found) -> Reading:
    """The reading order of one language's folder."""
    own = [file for file in files if file.startswith(f"{folder}/")]
    listed = listed_order(root, folder, own, found)
    return listed or Reading(plain_order(own, folder))


def _read(root: Path, reading: Reading) -> tuple[tuple[Source, ...], tuple[Diagnostic, ...]]:
    """The files of a reading order, and what is wrong inside them."""
    sources: list[Source] = []
    complaints: list[Diagnostic] = []
    for entry in reading.entries:
        source, of_file = read_source(root, entry, adopted=True)
        complaints.extend(of_file)
        if source is None:
            continue
        if reading.by_list:
            text = expanded(root, source, complaints)
            source = replace(source, text=text)
        sources.append(source)
    return tuple(sources), tuple(complaints)


# --- folders without a list ----------------------------------------------------------------------

_LEADS = ("readme", "index", "_index")
_LEGALESE = re.compile(r"(?:licen[cs]es?|changelog|contributing)(?:[-_.].*)?", re.IGNORECASE)


def _stem(file: str) -> str:
    """A file's name without folders and ending."""
    return posixpath.splitext(posixpath.basename(file))[0]


def _is_lead(file: str) -> bool:
    """Whether the file speaks for its folder."""
    return _stem(file).lower() in _LEADS


def _common_folder(files: Sequence[str]) -> str:
    """The one folder that holds all the Markdown: "content" of a site that has all in it.

    A folder named by a language ends the way down: it tells the language.
    """
    common: list[str] = []
    parents = [posixpath.dirname(file).split("/") for file in files]
    for names in zip(*parents, strict=False):
        if len(set(names)) > 1 or not names[0] or _folder_language(names[0]):
            break
        common.append(names[0])
    return "/".join(common)


def _language_folders(files: Sequence[str], base: str) -> dict[str, str]:
    """The folders named by a language code that hold Markdown, by language."""
    prefix = f"{base}/" if base else ""
    paths = [file.removeprefix(prefix).split("/") for file in files]
    folders = dict.fromkeys(path[0] for path in paths if len(path) > 1)
    languages = {_folder_language(name): name for name in folders if _folder_language(name)}
    # One folder "ts" or "is" among others is more likely a topic than a translation.
    if len(languages) == 1 and len(folders) > 1:
        return {}
    return languages


def _folder_language(name: str) -> str:
    """The language that a folder's name stands for, "" if for none."""
    # Three letters alone ("man", "bin", "doc") are words more often than codes.
    return known_language(name) if re.fullmatch(r"[a-z]{2}|[a-z]{2,3}[-_]\w+", name) else ""


def _without_legalese(files: Sequence[str], base: str, found: Found) -> list[str]:
    """The files without the licence and the like beside the chapters."""
    beside = [
        file
        for file in files
        if _LEGALESE.fullmatch(_stem(file)) and posixpath.dirname(file) in ("", base)
    ]
    rest = [file for file in files if file not in beside]
    if not rest:
        return list(files)
    for file in beside:
        message = "The file is not taken for a chapter."
        hint = "Rename it, or list the chapters in a `publication.toml`, to have it in."
        found.append(note("left-out", file, 0, 0, message, hint))
    return rest


@dataclass
class _Folder:
    """A folder on its way into the reading order."""

    files: list[str]
    folders: dict[str, _Folder]


def plain_order(files: Sequence[str], base: str = "") -> tuple[Entry, ...]:
    """The files by name; a folder's README or index first, the rest of it one level below."""
    top = _Folder([], {})
    prefix = f"{base}/" if base else ""
    for file in files:
        names = file.removeprefix(prefix).split("/")
        if names[-1].lower() in LISTS:
            continue
        folder = top
        for name in names[:-1]:
            folder = folder.folders.setdefault(name, _Folder([], {}))
        folder.files.append(file)
    return tuple(_entries_of(top, level=1, part=""))


def _entries_of(folder: _Folder, *, level: int, part: str) -> Iterator[Entry]:
    """The entries of a folder's content, its lead files first."""
    leads = sorted(
        filter(_is_lead, folder.files), key=lambda file: _LEADS.index(_stem(file).lower())
    )
    yield from (Entry(file, level, part) for file in leads)
    rest: list[tuple[str, str | _Folder]] = [
        (posixpath.basename(file), file) for file in folder.files if file not in leads
    ]
    rest += ((f"{name}/", below) for name, below in folder.folders.items())
    for name, item in sorted(rest, key=lambda pair: natural(pair[0])):
        if isinstance(item, str):
            yield Entry(item, level, part)
        else:
            yield from _entries_of_subfolder(name.rstrip("/"), item, level=level, part=part)


def _entries_of_subfolder(name: str, folder: _Folder, *, level: int, part: str) -> Iterator[Entry]:
    """The entries of a folder in a folder: under its lead file, else as a part at the top."""
    lead = next(filter(_is_lead, folder.files), "")
    if not lead:
        top = level == 1 and not part
        yield from _entries_of(folder, level=level, part=presentable(name) if top else part)
        return
    first, *others = _entries_of(folder, level=level, part=part)
    yield first._replace(title=presentable(name))
    for other in others:
        yield other._replace(level=min(other.level + 1, DEEPEST_LEVEL))


# --- what other tools' settings say --------------------------------------------------------------


@dataclass(frozen=True)
class _Config:
    """What ``book.toml``, ``_config.yml`` or ``myst.yml`` says of the publication."""

    title: str = ""
    authors: tuple[str, ...] = ()
    description: str = ""
    language: str = ""
    source_folder: str = ""


def _config(root: Path, found: Found) -> _Config:
    """What the folder's own tool was told, the first tool's that has a file here."""
    if is_own_file(root, "book.toml"):
        return _book_toml(root, found)
    for name in ("_config.yml", "myst.yml"):
        if is_own_file(root, name):
            fields = yaml_fields(yaml_root(root, name, found))
            fields = {**fields, **yaml_fields(fields.get("project"))}
            authors = fields.get("authors", fields.get("author"))
            return _Config(
                title=yaml_text(fields.get("title")),
                authors=tuple(filter(None, map(_author, yaml_items(authors) or [authors]))),
                description=yaml_text(fields.get("description")),
                language=known_language(yaml_text(fields.get("lang", fields.get("language")))),
            )
    return _Config()


def _author(node: yaml.Node | None) -> str:
    """An author's name, written alone or in a mapping."""
    return yaml_text(node) or yaml_text(yaml_fields(node).get("name"))


def _book_toml(root: Path, found: Found) -> _Config:
    """What mdBook was told."""
    text, complaints = read_text(root, "book.toml")
    found.extend(complaints)
    try:
        book = tomllib.loads(text or "").get("book", {})
    except tomllib.TOMLDecodeError as fault:
        said, line, column = syntax_fault(text or "", fault)
        message = f"The file is not valid TOML: {said[:1].lower()}{said[1:]}."
        hint = "Mend it: the title and the authors stand in it."
        found.append(error("toml", "book.toml", line, column, message, hint))
        return _Config()
    except (RecursionError, ValueError) as fault:
        found.append(error("toml", "book.toml", 1, 1, f"The file cannot be read: {fault}.", ""))
        return _Config()
    book = book if isinstance(book, dict) else {}
    authors = book.get("authors", [])
    folder = posixpath.normpath(_text_of(book, "src") or "src")
    if folder.startswith(("..", "/")):
        message = f"`src` names `{folder}`, outside the publication's folder."
        found.append(error("outside", "book.toml", 1, 1, message, "Name a folder in this one."))
        folder = "src"
    return _Config(
        title=_text_of(book, "title"),
        authors=tuple(clean(name) for name in authors if isinstance(name, str))
        if isinstance(authors, list)
        else (),
        description=_text_of(book, "description"),
        language=known_language(_text_of(book, "language")),
        source_folder="" if folder == "." else folder,
    )


def _text_of(table: Mapping[str, Any], key: str) -> str:
    """A text of a table, "" if there is none."""
    value = table.get(key)
    return clean(value).strip() if isinstance(value, str) else ""


def _own_language(sources: Sequence[Source], config: _Config) -> str:
    """The language of a folder that no folder's name tells: the settings', else most heads'."""
    said = Counter(source.lang for source in sources if source.lang)
    return config.language or (said.most_common(1)[0][0] if said else "en")


def _publication(
    root: Path,
    config: _Config,
    lang: str,
    languages: Sequence[str],
    sources: Sequence[Source],
) -> Publication:
    """What can be known of the publication."""
    readme = sources[0] if len(languages) == 1 and len(sources) > 1 else None
    of_readme = ""
    if readme and _is_lead(readme.file) and "/" not in readme.file:
        of_readme = readme.title or first_heading(readme.text)
    title = config.title or of_readme or presentable(root.name) or "Untitled"
    slug = slug_from(title)
    return Publication(
        slug=slug,
        lang=lang,
        languages=tuple(languages),
        title=title,
        creators=tuple(Creator(name) for name in config.authors),
        description=" ".join(config.description.split()),
        identifier=identifier({}, slug=slug, publisher="", title=title, lang=lang),
    )


def first_heading(text: str) -> str:
    """The words of a Markdown text's first heading, "" if it has none."""
    lines = text.split("\n")
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if re.match(r" {0,3}(?:```|~~~)", line):
            return ""
        if heading := HEADING.match(line):
            return plain_title(heading["title"])
        if line.strip() and re.fullmatch(r" {0,3}=+\s*", below):
            return plain_title(line)
    return ""
