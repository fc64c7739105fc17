"""What importers give: a book as values, and the files that it becomes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from ..settings import slug_from
from ..starting import quoted

# The endings of pictures that can be used.
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".tif", ".tiff", ".bmp")


@dataclass(frozen=True)
class TakenChapter:
    """A chapter in our Markdown; ``file`` is relative to the language's folder."""

    file: str
    text: str
    title: str = ""
    short_title: str = ""
    standfirst: str = ""
    role: str = "chapter"
    level: int = 1
    part: str = ""
    lang: str = ""


@dataclass(frozen=True)
class Taken:
    """A book; ``pictures`` are by their names relative to the language's folder.

    ``lang`` is the language of the folder, ``more`` the same book in other languages.
    """

    title: str
    lang: str
    chapters: tuple[TakenChapter, ...]
    authors: tuple[str, ...] = ()
    description: str = ""
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    more: tuple[Taken, ...] = ()


def files_of(taken: Taken) -> dict[str, bytes]:
    """The files of the publication that the book becomes, relative to its folder."""
    made = {"publication.toml": settings_text(taken).encode()}
    for book in (taken, *taken.more):
        for chapter in book.chapters:
            made[posixpath.join(book.lang, chapter.file)] = chapter_text(chapter).encode()
        for name, content in book.pictures.items():
            made[posixpath.normpath(posixpath.join(book.lang, name))] = content
    return made


def chapter_text(chapter: TakenChapter) -> str:
    """A chapter's file: its head, if it has anything to say, and its text."""
    head = {
        "title": chapter.title,
        "short_title": chapter.short_title,
        "standfirst": chapter.standfirst,
        "lang": chapter.lang,
    }
    lines = [f"{key} = {quoted(value)}\n" for key, value in head.items() if value]
    written = f"+++\n{''.join(lines)}+++\n\n" if lines else ""
    return written + chapter.text.strip("\n") + "\n"


def settings_text(taken: Taken) -> str:
    """``publication.toml`` for the book."""
    languages = [taken.lang, *(book.lang for book in taken.more)]
    lines = [
        "#:schema publication.schema.json",
        "",
        f"title = {_by_language([(b.lang, b.title) for b in (taken, *taken.more)])}",
        f"slug = {quoted(slug_from(taken.title))}",
        f"languages = [{', '.join(map(quoted, languages))}]",
    ]
    if taken.description:
        lines.append(f"description = {quoted(taken.description)}")
    lines += ["", *_chapters(taken.chapters)]
    for author in taken.authors:
        lines += ["", "[[creators]]", f"name = {quoted(author)}", 'role = "aut"']
    return "\n".join(lines) + "\n"


def _by_language(texts: Sequence[tuple[str, str]]) -> str:
    """A text, or a table where the languages have texts of their own."""
    if len({text for _lang, text in texts}) == 1:
        return quoted(texts[0][1])
    return "{ " + ", ".join(f"{quoted(lang)} = {quoted(text)}" for lang, text in texts) + " }"


def _chapters(chapters: Sequence[TakenChapter]) -> Iterator[str]:
    """The settings that list the chapters; those after a part and in none stand in one without
    a title, since `chapters` comes before all parts.
    """
    groups = [(part, list(own)) for part, own in groupby(chapters, key=attrgetter("part"))]
    if groups and not groups[0][0]:
        yield from _list(groups.pop(0)[1])
    for part, own in groups:
        yield from ("", "[[parts]]", f"title = {quoted(part)}")
        yield from _list(own)


def _list(chapters: Sequence[TakenChapter]) -> Iterator[str]:
    yield "chapters = ["
    for chapter in chapters:
        more = f", role = {quoted(chapter.role)}" if chapter.role != "chapter" else ""
        more += f", level = {chapter.level}" if chapter.level > 1 else ""
        name = quoted(chapter.file)
        yield f"  {{ file = {name}{more} }}," if more else f"  {name},"
    yield "]"
