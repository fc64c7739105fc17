"""The reading order that a folder's own list gives: ``SUMMARY.md`` of mdBook and GitBook,
``_toc.yml`` of Jupyter Book.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import yaml

from .diagnostics import error, note, warning
from .folder import ENDINGS, LISTS, Found, is_markdown, is_own_file, leads_out
from .heads import UNREADABLE_YAML, Entry, clean, did_you_mean, read_text, read_yaml
from .room import inside

DEEPEST_LEVEL = 6


class Reading(NamedTuple):
    """The files of one language in order; ``by_list`` if a list such as SUMMARY.md gave it."""

    entries: tuple[Entry, ...]
    by_list: bool = False


def listed_order(root: Path, folder: str, files: Sequence[str], found: Found) -> Reading | None:
    """The reading order by the folder's SUMMARY.md or _toc.yml.

    None if it has none, or if the list names no chapter that is there.
    """
    lists = [
        (posixpath.join(place, name), _summary)
        for place in (folder, posixpath.join(folder, "src"))
        for name in ("SUMMARY.md", "summary.md")
    ]
    for file, read in (*lists, (posixpath.join(folder, "_toc.yml"), _toc)):
        if is_own_file(root, file):
            entries = read(root, file, files, found)
            if entries:
                return _finish(entries, file, files, found)
    return None


def _finish(entries: Sequence[Entry], file: str, files: Sequence[str], found: Found) -> Reading:
    """The reading order with each file once, and a note on the files that it leaves out."""
    by_file = {entry.file: entry for entry in reversed(entries)}
    once = tuple(entry for entry in entries if by_file[entry.file] is entry)
    left = [
        other
        for other in files
        if other not in by_file and posixpath.basename(other).lower() not in LISTS
    ]
    if left:
        which = f"`{left[0]}`" if len(left) == 1 else f"{len(left)} files, the first `{left[0]}`,"
        verb = "is" if len(left) == 1 else "are"
        message = f"{which} {verb} not listed here and {verb} left out."
        hint = "List a file here to have it in the publication."
        found.append(note("chapter-unlisted", file, 0, 0, message, hint))
    return Reading(once, by_list=True)


# --- SUMMARY.md -----------------------------------------------------------------------------------

_LINK = re.compile(
    r"\[(?P<title>(?:\\.|[^\[\]\\]|\[[^\[\]]*\])*)\]"
    r"\(\s*(?P<target><[^<>]*>|(?:[^()\s]|\([^()\s]*\))*)(?:\s+[\"'(][^\n]*?[\"')])?\s*\)"
)
_ITEM = re.compile(r"(?P<indent>[ \t]*)(?P<bullet>(?:[-*+]|\d+[.)])[ \t]+)?(?P<rest>.*)")
HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?P<title>.*?)[ \t]*#*[ \t]*$")


class _Line(NamedTuple):
    """A line of SUMMARY.md that links to a chapter."""

    number: int
    column: int
    indent: int
    in_list: bool
    title: str
    target: str


def _summary(root: Path, file: str, files: Sequence[str], found: Found) -> list[Entry]:
    """The chapters that SUMMARY.md lists, with their levels and parts."""
    text, complaints = read_text(root, file)
    found.extend(complaints)
    entries: list[Entry] = []
    # Indentation and level of the list items that the present line is nested in.
    nest: list[tuple[int, int]] = []
    part, heading_seen = "", False
    for item in _summary_lines(_without_comments(text or "")):
        if isinstance(item, str):
            # The first heading before any chapter is the summary's own.
            part = item if heading_seen or entries else ""
            heading_seen, nest = True, []
            continue
        if not item.in_list:
            part, nest = ("" if nest else part), []
        while nest and nest[-1][0] >= item.indent:
            nest.pop()
        level = nest[-1][1] + 1 if nest else 1
        entry = _summary_entry(root, file, item, files, found)
        if item.in_list:
            nest.append((item.indent, level if entry else level - 1))
        if entry and any(entry.file == other.file for other in entries):
            message = f"`{item.target}` is listed twice; the first place counts."
            found.append(warning("chapter-twice", file, item.number, item.column, message))
        elif entry:
            level = min(level, DEEPEST_LEVEL)
            entries.append(entry._replace(level=level, part=part))
    return entries


def _without_comments(text: str) -> str:
    """The text with HTML comments blanked, its lines and columns kept."""
    return re.sub(
        r"<!--.*?-->", lambda match: re.sub(r"[^\n]", " ", match.group()), text, flags=re.DOTALL
    )


def _summary_lines(text: str) -> Iterator[_Line | str]:
    """The links of a summary's lines, and its headings as plain texts."""
    for number, line in enumerate(text.split("\n"), 1):
        if heading := HEADING.match(line):
            yield plain_title(heading["title"])
            continue
        item = _ITEM.match(line)
        link = _LINK.search(line)
        if item is None or link is None:
            continue
        indent = len(item["indent"].expandtabs(4))
        target = link["target"].strip("<>")
        yield _Line(
            number,
            link.start("target") + 1,
            indent,
            bool(item["bullet"]),
            plain_title(link["title"]),
            target,
        )


def plain_title(markdown: str) -> str:
    """A heading's or link's words without the marks of emphasis, code and links."""
    words = _LINK.sub(lambda link: link["title"], markdown)
    words = re.sub(r"(?<!\\)[*`]|(?<![\w\\])_|(?<!\\)_(?!\w)", "", words)
    return " ".join(re.sub(r"\\([\W_])", r"\1", words).split())


def _summary_entry(
    root: Path, file: str, item: _Line, files: Sequence[str], found: Found
) -> Entry | None:
    """The chapter that a line of the summary names, None if there is none to read."""
    at = (file, item.number, item.column)
    if not item.target:
        message = f"“{item.title}” is a draft without a file; it is left out."
        found.append(note("draft", *at, message, "Name its file when it is written."))
        return None
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", item.target):
        message = f"“{item.title}” is a link to the web and no chapter; it is left out."
        found.append(note("left-out", *at, message, "Put the link into a chapter's text."))
        return None
    named = unquote(item.target.split("#")[0].split("?")[0])
    target = _locate(root, file, named, at, files, found)
    return Entry(target, title=item.title) if target else None


def _locate(
    root: Path,
    file: str,
    named: str,
    at: tuple[str, int, int],
    files: Sequence[str],
    found: Found,
    endings: Sequence[str] = ("",),
) -> str:
    """The file that a list names, relative to the root; "" and a complaint if there is none."""
    folder = posixpath.dirname(file)
    target = posixpath.normpath(posixpath.join(folder, named.replace("\\", "/")))
    if target.startswith(("..", "/")) or "\0" in target:
        message = f"`{named}` leads out of the publication's folder."
        found.append(error("outside", *at, message, "Copy the file into the folder."))
        return ""
    leads = [posixpath.join(target, f"{lead}.md") for lead in ("README", "index")]
    for candidate in (*(target + ending for ending in endings), *leads):
        # os.path's answers for names that are too long as well: there is no such link.
        if os.path.islink(root / candidate) and not inside(  # noqa: PTH114
            root, root / candidate
        ):
            found.append(leads_out(candidate))
            return ""
        if is_own_file(root, candidate) and is_markdown(posixpath.basename(candidate)):
            return candidate
    if other := next((e for e in ("", *_OTHER_FORMATS) if is_own_file(root, target + e)), None):
        return _no_markdown(target + other, at, found)
    if is_own_file(root, target):
        return _no_markdown(target, at, found)
    relative = [posixpath.relpath(name, folder or ".") for name in files]
    hint = did_you_mean(named, relative) or "Write the file, or take the line out."
    message = f"There is no file `{named}`."
    found.append(error("chapter-missing", *at, message, hint))
    return ""


_OTHER_FORMATS = (".ipynb", ".rst")


def _no_markdown(target: str, at: tuple[str, int, int], found: Found) -> str:
    """No file, and a warning about one in a format that is not read here."""
    message = f"`{target}` is not Markdown; it is left out."
    found.append(warning("left-out", *at, message, "Only Markdown files become chapters."))
    return ""


# --- _toc.yml ------------------------------------------------------------------------------------

_CHILDREN = ("chapters", "sections", "children")


class _TocPlace(NamedTuple):
    """Where in a _toc.yml a chapter is found."""

    level: int
    part: str


def _toc(root: Path, file: str, files: Sequence[str], found: Found) -> list[Entry]:
    """The chapters of Jupyter Book's table of contents (format jb-book or jb-article)."""
    node = yaml_root(root, file, found)
    walk = _TocWalk(root, file, files, found)
    if isinstance(node, yaml.SequenceNode):
        return list(walk.items(node, _TocPlace(1, "")))
    fields = yaml_fields(node)
    entries = list(walk.file(fields["root"], _TocPlace(1, ""))) if "root" in fields else []
    for part in yaml_items(fields.get("parts")):
        caption = yaml_text(yaml_fields(part).get("caption"))
        entries += walk.children(part, _TocPlace(1, caption))
    if node is not None:
        entries += walk.children(node, _TocPlace(1, ""))
    return entries


@dataclass(frozen=True)
class _TocWalk:
    """The way through the nodes of a table of contents."""

    root: Path
    toc: str
    files: Sequence[str]
    found: Found

    def children(self, node: yaml.Node, place: _TocPlace) -> Iterator[Entry]:
        """The chapters listed under a node."""
        fields = yaml_fields(node)
        for key in _CHILDREN:
            yield from self.items(fields.get(key), place)

    def items(self, node: yaml.Node | None, place: _TocPlace) -> Iterator[Entry]:
        """The chapters of a list and what is nested in them."""
        for item in yaml_items(node):
            yield from self.item(item, place)

    def item(self, item: yaml.Node, place: _TocPlace) -> Iterator[Entry]:
        """The chapters of one item: a file, a pattern of files, a part, or a link to leave out."""
        fields = yaml_fields(item)
        if "part" in fields:  # Jupyter Book before 0.11
            yield from self.children(item, _TocPlace(1, yaml_text(fields["part"])))
            return
        named = list(self.file(fields["file"], place)) if "file" in fields else []
        title = yaml_text(fields.get("title"))
        yield from (entry._replace(title=title or entry.title) for entry in named)
        if "glob" in fields:
            yield from self.glob(fields["glob"], place)
        if "url" in fields:
            message = f"`{yaml_text(fields['url'])}` is a link to the web and no chapter."
            at = _mark(fields["url"])
            self.found.append(note("left-out", self.toc, *at, message, "It is left out."))
        below = min(place.level + 1, DEEPEST_LEVEL) if named else place.level
        yield from self.children(item, place._replace(level=below))

    def file(self, node: yaml.Node, place: _TocPlace) -> Iterator[Entry]:
        """The chapter that a node names, with or without its ending."""
        at = (self.toc, *_mark(node))
        endings = ("", *ENDINGS)
        target = _locate(
            self.root, self.toc, yaml_text(node), at, self.files, self.found, endings=endings
        )
        if target:
            yield Entry(target, place.level, place.part)

    def glob(self, node: yaml.Node, place: _TocPlace) -> Iterator[Entry]:
        """The chapters whose path, without its ending, matches a pattern."""
        folder = posixpath.dirname(self.toc)
        pattern = posixpath.join(folder, yaml_text(node)) if folder else yaml_text(node)
        for file in self.files:
            if _is_like(file, pattern) or _is_like(posixpath.splitext(file)[0], pattern):
                yield Entry(file, place.level, place.part)


def _is_like(file: str, pattern: str) -> bool:
    """Whether a path matches a pattern, where ``**`` stands for any number of folders."""
    names = file.split("/")
    # How many names the pattern's parts up to here may have matched: no part is tried twice.
    matched = {0}
    for part in pattern.split("/"):
        if part == "**":
            matched = set(range(min(matched, default=len(names) + 1), len(names) + 1))
        else:
            matched = {n + 1 for n in matched if n < len(names) and fnmatchcase(names[n], part)}
    return len(names) in matched


def yaml_root(root: Path, file: str, found: Found) -> yaml.Node | None:
    """The root node of a YAML file, None and a complaint if it cannot be read."""
    text, complaints = read_text(root, file)
    found.extend(complaints)
    try:
        return read_yaml(text or "")[0]
    except UNREADABLE_YAML as fault:
        mark = getattr(fault, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = getattr(fault, "problem", None) or str(fault)
        message = f"The file is not valid YAML: {said}."
        found.append(error("yaml", file, line, column, message, "Mend it, or delete it."))
        return None


def yaml_fields(node: yaml.Node | None) -> dict[str, yaml.Node]:
    """The values of a mapping by their keys."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): value for key, value in node.value}


def yaml_items(node: yaml.Node | None) -> list[yaml.Node]:
    """The items of a list."""
    return node.value if isinstance(node, yaml.SequenceNode) else []


def yaml_text(node: yaml.Node | None) -> str:
    """A plain value as text."""
    if not isinstance(node, yaml.ScalarNode) or node.tag.endswith(":null"):
        return ""
    return clean(node.value).strip()


def _mark(node: yaml.Node) -> tuple[int, int]:
    """Line and column of a node."""
    return node.start_mark.line + 1, node.start_mark.column + 1
