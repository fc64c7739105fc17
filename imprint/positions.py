"""Where each key and value of a TOML text stands: ``tomllib`` gives values without places.

The text must be valid TOML (https://toml.io/en/v1.0.0): ``tomllib`` has read it before. Only what
is needed to find keys and values is told apart here; no value is interpreted.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """Line and column, from 1, of a key and of its value; an array's item has both alike."""

    key: tuple[int, int]
    value: tuple[int, int]


def positions(text: str) -> Mapping[Path, Place]:
    """The place of every key, table and array item, by its path: ("isbn", "fr", "pdf")."""
    return _Scan(text).run()


_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACES = re.compile(r"[ \t]*")
_KEY = re.compile(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|[A-Za-z0-9_-]+")
# A multi-line string may end in up to two quotation marks of its own: five in a row.
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


@dataclass
class _Scan:
    """One pass over a TOML text: ``at`` is the place reached, ``found`` what is known so far."""

    text: str
    at: int = 0
    found: dict[Path, Place] = field(default_factory=dict)
    # How many tables each array of tables has so far: [[parts]] twice makes ("parts",): 2.
    counts: dict[Path, int] = field(default_factory=dict)
    line_starts: list[int] = field(default_factory=list)

    def run(self) -> Mapping[Path, Place]:
        """The places of the whole text."""
        self.line_starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        table: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self.header()
            else:
                self.key_and_value(table)
            self.skip(_BLANK)
        return self.found

    def skip(self, pattern: re.Pattern[str]) -> None:
        """Go past what the pattern matches, perhaps nothing."""
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def place(self, index: int) -> tuple[int, int]:
        """Line and column of a character."""
        line = bisect_right(self.line_starts, index)
        return line, index - self.line_starts[line - 1] + 1

    def key_parts(self) -> list[tuple[str, int]]:
        """The parts of a dotted key, each with the character where it begins."""
        parts = []
        while match := _KEY.match(self.text, self.at):
            parts.append((_plain(match.group()), self.at))
            self.at = match.end()
            self.skip(_SPACES)
            if not self.text.startswith(".", self.at):
                break
            self.at += 1
            self.skip(_SPACES)
        return parts

    def header(self) -> Path:
        """The path of the table that ``[a.b]`` or ``[[a.b]]`` opens."""
        is_item = self.text.startswith("[[", self.at)
        self.at += 2 if is_item else 1
        self.skip(_SPACES)
        path: Path = ()
        parts = self.key_parts()
        for number, (name, index) in enumerate(parts, 1):
            path = (*path, name)
            here = self.place(index)
            self.found.setdefault(path, Place(here, here))
            if number == len(parts) and is_item:
                self.counts[path] = self.counts.get(path, 0) + 1
                self.found[(*path, self.counts[path] - 1)] = Place(here, here)
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        self.at += 2 if is_item else 1
        return path

    def key_and_value(self, table: Path) -> None:
        """Note a key's place and go past its value."""
        path = table
        key = self.place(self.at)
        for name, index in self.key_parts():
            path = (*path, name)
            key = self.place(index)
            self.found.setdefault(path, Place(key, key))
        self.at += 1  # the equals sign
        self.skip(_SPACES)
        self.found[path] = Place(key, self.place(self.at))
        self.value(path)

    def value(self, path: Path) -> None:
        """Go past a value, noting what is inside an array or an inline table."""
        if self.text.startswith("[", self.at):
            self.array(path)
        elif self.text.startswith("{", self.at):
            self.inline_table(path)
        else:
            before = self.at
            self.skip(_STRING)
            if self.at == before:
                self.skip(_SCALAR)

    def array(self, path: Path) -> None:
        """Go past ``[…]``, noting the place of each item."""
        self.at += 1
        number = 0
        self.skip(_BLANK)
        while not self.text.startswith("]", self.at):
            item = (*path, number)
            here = self.place(self.at)
            self.found[item] = Place(here, here)
            self.value(item)
            number += 1
            self.skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1
                self.skip(_BLANK)
        self.at += 1

    def inline_table(self, path: Path) -> None:
        """Go past ``{…}``, noting the place of each key."""
        self.at += 1
        self.skip(_BLANK)
        while not self.text.startswith("}", self.at):
            self.key_and_value(path)
            self.skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1
                self.skip(_BLANK)
        self.at += 1


def _plain(key: str) -> str:
    """A key without its quotation marks and escapes."""
    return next(iter(tomllib.loads(f"{key} = 0")))


_SYNTAX_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def syntax_fault(text: str, fault: tomllib.TOMLDecodeError) -> tuple[str, int, int]:
    """What is wrong with a text that is no TOML, with line and column."""
    message = str(fault)
    match = _SYNTAX_PLACE.search(message)
    if match is None:
        return message, 1, 1
    said = message[: match.start()]
    if match.group(1):
        return said, int(match.group(1)), int(match.group(2))
    lines = text.rstrip().split("\n")
    return said, len(lines), len(lines[-1]) + 1
