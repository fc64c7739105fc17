"""A folder read: a manuscript for every language, and all that is wrong with it.

``settings`` knows ``publication.toml``, ``adopt`` the folders that have none, ``heads`` the
single file.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from .adopt import adopt, plain_order, unknown_languages
from .diagnostics import Diagnostic, Severity, error, warning
from .folder import Found, is_markdown, leads_out, markdown_files
from .heads import Entry, did_you_mean, known_language, read_source, read_text
from .model import Manuscript, Source
from .positions import Path as Setting
from .room import MOST_DATA_BYTES, Refusal, inside, read_inside
from .settings import (
    FILE,
    ChapterTable,
    Settings,
    Written,
    in_language,
    policy,
    publication,
    read_settings,
)

Loaded = tuple[tuple[Manuscript, ...], tuple[Diagnostic, ...]]


def load(folder: Path, *, languages: Sequence[str] = ()) -> Loaded:
    """A manuscript for each language of a folder, or for those asked for.

    No fault of the manuscript raises; what could not be read is left out and told.
    """
    if not folder.is_dir():
        message = f"There is no folder `{folder}`."
        return (), (error("no-folder", ".", 0, 0, message, "Name the folder of the chapters."),)
    root = folder.resolve()
    if not (root / FILE).exists():
        return adopt(root, languages=languages)
    if not inside(root, root / FILE):
        return (), (leads_out(FILE),)
    text, complaints = read_text(root, FILE)
    if text is None:
        return (), complaints
    written, faults = read_settings(text)
    found = [*complaints, *faults]
    if written is None:
        return (), tuple(found)
    manuscripts = tuple(_manuscripts(root, written, languages, found))
    return manuscripts, tuple(found)


def _manuscripts(
    root: Path, written: Written, asked: Sequence[str], found: Found
) -> Iterator[Manuscript]:
    """The manuscripts of the languages that are wanted and have a folder."""
    codes = _languages(root, written, found)
    found.extend(unknown_languages(asked, [known_language(code) for code in codes]))
    profile = _press_profile(root, written, found)
    wanted = {known_language(code) for code in asked or codes}
    for number, code in enumerate(codes):
        if known_language(code) not in wanted:
            continue
        folder = _language_folder(root, written, code, number, codes, found)
        if folder is None:
            continue
        sources = tuple(_sources(root, written, code, folder, codes, found))
        if sources:
            of_language = publication(written.settings, code, codes, root)
            of_language = replace(of_language, press_profile=profile)
            yield Manuscript(of_language, sources, root, policy=policy(written.settings))


def _press_profile(root: Path, written: Written, found: Found) -> str:
    """The file of the printing condition's profile; "" and a complaint if it is none."""
    named = written.settings.print.profile
    if not named:
        return ""
    # Publications that do not name a profile need not wait for what reads it.
    from .colours import condition_of

    content = read_inside(root, root / named, most_bytes=MOST_DATA_BYTES)
    if isinstance(content, Refusal):
        reason = content.reason
    else:
        try:
            condition_of(content)
            return named
        except ValueError as fault:
            reason = f"{fault}."
    message = f"The printing profile `{named}` cannot be used. {reason}"
    hint = "Put the ICC profile of the printer's paper and press (CMYK) into the folder."
    path = ("print", "profile")
    found.append(written.complain(Severity.ERROR, "press-profile", path, message, hint))
    return ""


def _languages(root: Path, written: Written, found: Found) -> list[str]:
    """The languages' codes as written; where none are, those that have a folder."""
    by_tag = {known_language(code): code for code in reversed(written.settings.languages)}
    if by_tag:
        return list(reversed(by_tag.values()))
    folders = [
        name
        for name in _folders(root)
        if known_language(name) and any(_markdown_in(root, name, []))
    ]
    guess = folders or ["en"]
    if ("languages",) not in written.places:
        message = "`languages` is missing; it is taken to be " + ", ".join(guess) + "."
        line = 'Add `languages = ["' + '", "'.join(guess) + '"]`.'
        found.append(warning("setting-missing", FILE, 1, 1, message, line))
    return guess


def _folders(root: Path) -> list[str]:
    """The names of the folders in a folder."""
    _place, folders, _files = next(os.walk(root), ("", [], []))
    return sorted(folders)


def _language_folder(
    root: Path,
    written: Written,
    code: str,
    number: int,
    codes: Sequence[str],
    found: Found,
) -> str | None:
    """The folder of a language, "" for the root, None and a complaint if there is none."""
    if (root / code).is_dir():
        if inside(root, root / code):
            return code
        found.append(leads_out(code))
        return None
    if len(codes) == 1:
        return ""
    message = f"There is no folder `{code}` for the language `{code}`."
    hint = did_you_mean(code, _folders(root)) or "Make it, or take the language out."
    path = ("languages", number)
    found.append(written.complain(Severity.ERROR, "language-folder", path, message, hint))
    return None


# --- the chapters --------------------------------------------------------------------------------


class _Listed(NamedTuple):
    """A chapter as ``publication.toml`` lists it, and where."""

    setting: Setting
    entry: Entry


def _listed(settings: Settings, lang: str, languages: Sequence[str]) -> Iterator[_Listed]:
    """The chapters in order: those outside parts first."""
    groups: list[tuple[Setting, str, Sequence[str | ChapterTable]]] = [
        (("chapters",), "", settings.chapters)
    ]
    groups += (
        (("parts", number, "chapters"), in_language(part.title, lang, languages), part.chapters)
        for number, part in enumerate(settings.parts)
    )
    for setting, part, items in groups:
        for number, item in enumerate(items):
            table = ChapterTable(file=item) if isinstance(item, str) else item
            place = (*setting, number)
            yield _Listed(
                place if isinstance(item, str) else (*place, "file"),
                Entry(table.file, table.level, part, table.role),
            )


def _sources(
    root: Path,
    written: Written,
    lang: str,
    folder: str,
    languages: Sequence[str],
    found: Found,
) -> Iterator[Source]:
    """The chapters of a language as far as they can be read."""
    refused: Found = []
    there = tuple(_markdown_in(root, folder, refused))
    listed = list(_listed(written.settings, lang, languages))
    if listed:
        entries = list(_existing(root, written, folder, listed, there, found))
        _complain_of_unlisted(folder, [entry.file for entry in entries], there, found)
    else:
        # A list is complained about where it names a file that is refused.
        found.extend(refused)
        entries = list(plain_order(there, folder))
    if not entries and not listed:
        message = f"There is no Markdown file in `{folder or '.'}`."
        found.append(error("no-chapters", FILE, 1, 1, message, "Write a chapter, `01-….md`."))
    for entry in entries:
        source, complaints = read_source(root, entry)
        found.extend(complaints)
        if source is not None:
            yield source


def _existing(
    root: Path,
    written: Written,
    folder: str,
    listed: Sequence[_Listed],
    there: Sequence[str],
    found: Found,
) -> Iterator[Entry]:
    """The listed chapters that are there, each once."""
    seen: set[str] = set()
    for setting, entry in listed:
        file = posixpath.normpath(posixpath.join(folder, entry.file.replace("\\", "/")))
        complaint = _complaint(root, folder, file, entry.file, there, seen)
        if complaint:
            found.append(written.complain(complaint[0], complaint[1], setting, *complaint[2:]))
        else:
            seen.add(file)
            yield entry._replace(file=file)


def _complaint(
    root: Path, folder: str, file: str, named: str, there: Sequence[str], seen: set[str]
) -> tuple[Severity, str, str, str] | None:
    """Severity, code, message and hint if a listed chapter cannot be read, else None."""
    if file in seen:
        return (
            Severity.ERROR,
            "chapter-twice",
            f"The chapter `{named}` is listed twice.",
            "Take one of them out.",
        )
    if file.startswith(("../", "/")) or not inside(root, root / file):
        message = f"`{named}` leads out of the publication's folder."
        return Severity.ERROR, "outside", message, "Copy the file into the folder."
    if not (root / file).is_file():
        names = [posixpath.relpath(name, folder or ".") for name in there]
        hint = did_you_mean(named, names) or "Write the file, or take it out of the list."
        return Severity.ERROR, "chapter-missing", f"There is no file `{file}`.", hint
    if not is_markdown(posixpath.basename(file)):
        message = f"`{named}` is no Markdown file."
        return Severity.ERROR, "chapter-format", message, "Chapters end in `.md`."
    return None


def _complain_of_unlisted(
    folder: str, listed: Sequence[str], there: Sequence[str], found: Found
) -> None:
    """Warn of Markdown files beside the chapters that no list names."""
    for file in there:
        if file not in listed:
            message = f"The file is not listed in `{FILE}` and is left out."
            hint = f"Add `{posixpath.relpath(file, folder or '.')}` to `chapters`."
            found.append(warning("chapter-unlisted", file, 0, 0, message, hint))


_NO_CHAPTERS = ("readme", "license", "licence", "changelog", "contributing")


def _markdown_in(root: Path, folder: str, found: Found) -> Iterator[str]:
    """The Markdown files of a language; in the root not those about the folder itself."""
    for file in markdown_files(root, found):
        about_folder = posixpath.splitext(file)[0].lower() in _NO_CHAPTERS
        if file.startswith(f"{folder}/") if folder else not about_folder:
            yield file
