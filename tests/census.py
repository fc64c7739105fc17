"""What a Markdown source holds, counted by a converter that is not the engine's.

markdown-it-py reads CommonMark with tables. What other dialects add is taken apart here by hand
before, as far as it hides headings, pictures, tables, notes and links.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from lxml import html
from markdown_it import MarkdownIt

_HEAD = re.compile(r"\A\ufeff?(---|\+\+\+)\n.*?\n\1[ \t]*\n", re.S)
_TITLE = re.compile(r"^title\s*[:=]\s*(.+?)\s*$", re.M)
_NOTE = re.compile(r"^\[\^([^\]]+)\]:[ \t]*", re.M)
_CALL = re.compile(r"(?<!^)\[\^([^\]\s]+)\](?!:)", re.M)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_BOX = re.compile(r"^(!!!|\?\?\?\+?) .*$")
_ATTRIBUTES = re.compile(r"\s*\{[:#.][^{}]*\}\s*$")
_INCLUDE = re.compile(r"^\{\{#include ([^}:]+)\}\}", re.M)
_MARKDOWN_INSIDE = re.compile(r"<\w+[^<>]*\bmarkdown=[\"'](?:1|block|span)[\"'][^<>]*>")


@dataclass
class Census:
    """Headings, pictures (alternative and address), tables, notes and links (address) in order."""

    headings: list[str] = field(default_factory=list)
    pictures: list[tuple[str, str]] = field(default_factory=list)
    tables: int = 0
    notes: int = 0
    links: list[str] = field(default_factory=list)

    def __add__(self, other: Census) -> Census:
        return Census(
            self.headings + other.headings,
            self.pictures + other.pictures,
            self.tables + other.tables,
            self.notes + other.notes,
            self.links + other.links,
        )

    @property
    def local_pictures(self) -> list[tuple[str, str]]:
        return [each for each in self.pictures if not is_remote(each[1])]

    @property
    def remote_pictures(self) -> list[tuple[str, str]]:
        return [each for each in self.pictures if is_remote(each[1])]

    @property
    def outside_links(self) -> list[str]:
        return [address for address in self.links if is_remote(address)]

    @property
    def inside_links(self) -> list[str]:
        return [address for address in self.links if not is_remote(address)]


def is_remote(address: str) -> bool:
    return bool(re.match(r"(?:[a-z][a-z0-9+.-]*:|//)", address, re.I))


def letters(text: str) -> str:
    """Letters and digits alone: typography changes marks, never these."""
    return "".join(c for c in text.casefold() if c.isalnum())


def of_files(files: list[Path]) -> Census:
    """All that the files hold, in their order."""
    total = Census()
    for file in files:
        total += of_file(file)
    return total


def of_file(file: Path) -> Census:
    """What one file holds; the title of its head counts as a heading."""
    text = file.read_text(encoding="utf-8").replace("\r\n", "\n")
    head = _HEAD.match(text)
    text = text[head.end() :] if head else text
    text = _INCLUDE.sub(lambda m: _included(file.parent / m[1].strip()), text)
    called = set(_CALL.findall(_without_code(text)))
    text, notes = _notes_as_text(text)
    found = _of_html(MarkdownIt("commonmark").enable("table").render(_opened(text)))
    found.notes = len(notes & called)
    title = _TITLE.search(head[0]) if head else None
    if title:
        said = title[1].strip("\"'")
        if not found.headings or letters(found.headings[0]) != letters(said):
            found.headings.insert(0, said)
    return found


def _included(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _without_code(text: str) -> str:
    kept, fence = [], ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
        elif not fence:
            kept.append(line)
    return re.sub(r"`[^`\n]+`", "", "\n".join(kept))


def _notes_as_text(text: str) -> tuple[str, set[str]]:
    """The text with notes as paragraphs, and the notes' names."""
    names = set(_NOTE.findall(_without_code(text)))
    lines, inside = [], False
    for line in text.split("\n"):
        start = _NOTE.match(line)
        if start and start[1] in names:
            inside = True
            lines += ["", line[start.end() :]]
            continue
        if inside and line.strip() and not line.startswith((" ", "\t")):
            inside = False
        lines.append(line.lstrip() if inside else line)
    return "\n".join(lines), names


def _opened(text: str) -> str:
    """The text with boxes, and elements that hold Markdown, opened up."""
    text = _MARKDOWN_INSIDE.sub("\n\n", text)
    lines, inside = [], False
    for line in text.split("\n"):
        if _BOX.match(line):
            inside = True
            lines.append("")
        elif inside and (line.startswith("    ") or not line.strip()):
            lines.append(line[4:])
        else:
            inside = False
            lines.append(line)
    return "\n".join(lines)


def _of_html(rendered: str) -> Census:
    found = Census()
    for element in html.fragment_fromstring(rendered, create_parent="div").iter():
        if not isinstance(element.tag, str):
            continue
        if re.fullmatch(r"h[1-6]", element.tag):
            found.headings.append(_ATTRIBUTES.sub("", element.text_content()).strip())
        elif element.tag == "img":
            found.pictures.append((element.get("alt") or "", element.get("src") or ""))
        elif element.tag == "svg":
            found.pictures.append((element.get("aria-label") or "", ""))
        elif element.tag == "table":
            found.tables += 1
        elif element.tag == "a" and element.get("href"):
            found.links.append(unquote(element.get("href")))
    return found
