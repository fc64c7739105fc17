"""One Markdown file as read: its text as clean Unicode, and what its head says.

A head is TOML between ``+++`` lines or YAML between ``---`` lines at the file's very start.
"""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from babel import Locale

from . import room
from .diagnostics import Diagnostic, error, warning
from .model import Source
from .positions import positions, syntax_fault

# DPUB-ARIA 1.1, the roles of sections, without "doc-".
ROLES = (
    "acknowledgments",
    "afterword",
    "appendix",
    "bibliography",
    "chapter",
    "conclusion",
    "epilogue",
    "foreword",
    "glossary",
    "introduction",
    "part",
    "preface",
    "prologue",
)
KNOWN_KEYS = ("title", "short_title", "standfirst", "role", "id", "lang")
# What other tools' heads call a standfirst, the best first.
_FOREIGN_STANDFIRSTS = ("subtitle", "description")
_FOREIGN_STANDFIRST_MAX = 300
HEAD_MAX_BYTES = 64 * 1024
_YAML_MAX_NODES = 10_000


class Entry(NamedTuple):
    """A file of the reading order before it is read: where it stands and what was said of it."""

    file: str
    level: int = 1
    part: str = ""
    role: str = ""
    title: str = ""


def read_source(
    root: Path, entry: Entry, *, adopted: bool = False
) -> tuple[Source | None, tuple[Diagnostic, ...]]:
    """The chapter of an entry, None if the file cannot be read at all.

    ``entry.title`` is what the file is called elsewhere: it serves if the file has no title.
    """
    text, found = read_text(root, entry.file)
    if text is None:
        return None, found
    head = split_head(text, entry.file)
    known, complaints = _known_values(head, entry.file, adopted=adopted)
    title = known.get("title", "")
    if not head.rest.strip():
        found += (_empty_chapter(entry.file),)
    if not title and not _has_title(head.rest):
        title = entry.title or presentable(Path(entry.file).stem)
    source = Source(
        file=entry.file,
        text=head.rest,
        line=head.rest_line,
        role=known.get("role") or entry.role or "chapter",
        level=entry.level,
        part=entry.part,
        title=title,
        short_title=known.get("short_title", ""),
        standfirst=known.get("standfirst", "") or _foreign_standfirst(head.values),
        lang=known.get("lang", ""),
        head=_rest_of_head(head, known),
    )
    return source, (*found, *head.diagnostics, *complaints)


def _empty_chapter(file: str) -> Diagnostic:
    """The complaint about a file without text."""
    message = "The chapter has no text."
    return error(
        "empty-chapter", file, 1, 1, message, "Write it, or take it out of the list of chapters."
    )


def presentable(name: str) -> str:
    """A title from a file's or folder's name: "01-getting_started" gives "Getting started"."""
    bare = re.sub(r"^\d+(?:\.\d+)*[\s._-]+(?=\S)", "", name)
    title = " ".join(re.sub(r"[-_]+", " ", bare).split()) or name
    return title[:1].upper() + title[1:]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest of the known words, "" if none is near."""
    candidates = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), candidates, n=1, cutoff=0.6)
    return f"Did you mean `{candidates[near[0]]}`?" if near else ""


_TAG = re.compile(
    r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?((?:-(?:\d[a-z0-9]{3}|[a-z0-9]{5,8}))*)",
    re.IGNORECASE,
)


def known_language(code: str) -> str:
    """The language tag as BCP 47 writes it ("pt_br" gives "pt-BR"), "" if there is no such."""
    match = _TAG.fullmatch(code.replace("_", "-"))
    if match is None:
        return ""
    language, script = match[1].lower(), (match[2] or "").title()
    territory, variants = (match[3] or "").upper(), match[4].lower()
    cldr = Locale("en")
    if language not in cldr.languages or language in ("und", "zxx"):
        return ""
    if (script and script not in cldr.scripts) or (territory and territory not in cldr.territories):
        return ""
    if not all(variant.upper() in cldr.variants for variant in variants.split("-")[1:]):
        return ""  # "my-guide" is a folder, no dialect of Burmese
    return "-".join(part for part in (language, script, territory) if part) + variants


# --- characters ----------------------------------------------------------------------------------

# XML 1.0, 2.2: no C0 controls but tab and line ends, no surrogates, no U+FFFE and U+FFFF.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """The text without the characters that XML forbids."""
    return _FORBIDDEN.sub("", text)


_READING_HINTS = {
    "outside": "Copy what it names into the folder.",
    "too-large": "Divide it into several files.",
    "unreadable": "Check that it is there and may be read.",
}


def read_text(root: Path, name: str) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """A file's text with LF line ends and without forbidden characters, None if unreadable."""
    content = room.read_inside(root, root / name, most_bytes=room.MOST_TEXT_BYTES)
    if isinstance(content, room.Refusal):
        message = f"The file is not read. {content.reason}"
        return None, (error(content.code, name, 0, 0, message, _READING_HINTS[content.code]),)
    text, found = decode(content, name)
    if bad := _FORBIDDEN.search(text):
        line, column = _line_and_column(text, bad.start())
        number = len(_FORBIDDEN.findall(text))
        what = unicodedata.name(bad.group(), f"U+{ord(bad.group()):04X}")
        message = (
            f"A control character ({what}) stands here; it is left out."
            if number == 1
            else f"{number} control characters, the first ({what}) here, are left out."
        )
        hint = "Delete it: no edition may contain it."
        found += (warning("control-character", name, line, column, message, hint),)
    return clean(text), found


def decode(content: bytes, name: str) -> tuple[str, tuple[Diagnostic, ...]]:
    """The bytes as text with LF line ends; what is no UTF-8 is replaced and complained about."""
    found: tuple[Diagnostic, ...] = ()
    hint = "Save it as UTF-8."
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", errors="replace")
        message = "The file is in UTF-16, not in UTF-8."
        found = (error("encoding", name, 1, 1, message, hint),)
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("utf-8-sig", errors="replace")
            found = (_bad_byte(content, name, hint),)
    return text.replace("\r\n", "\n").replace("\r", "\n"), found


def _bad_byte(content: bytes, name: str, hint: str) -> Diagnostic:
    """The complaint about the first byte that is no UTF-8."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        content.decode("utf-8")
        raise AssertionError("called for bytes that are UTF-8")
    except UnicodeDecodeError as fault:
        before = content[: fault.start].decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
        line, column = _line_and_column(before, len(before))
        message = f"The file is not UTF-8: byte 0x{content[fault.start]:02X} stands here."
        return error("encoding", name, line, column, message, hint)


def _line_and_column(text: str, index: int) -> tuple[int, int]:
    """Line and column, from 1, of a character of the text."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


# --- heads ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Head:
    """What a file's head says, and the text that follows it.

    ``as_written`` gives YAML's plain values as they stand in the file ("1984", "2005-05-01"), so
    that a title need not be quoted; ``places`` the line and column of every key.
    """

    rest: str
    rest_line: int = 1
    values: Mapping[str, Any] = field(default_factory=dict)
    as_written: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()


class _Block(NamedTuple):
    """A head as it stands: its language, its lines from the file's second on, and the rest."""

    kind: str
    text: str
    rest: str
    rest_line: int
    closed: bool


def split_head(text: str, file: str) -> Head:
    """The head of a file's text and the text after it, whatever is wrong with the head."""
    block = _find_block(text)
    if block is None:
        return Head(text)
    fence = "+++" if block.kind == "toml" else "---"
    bare = Head(block.rest, block.rest_line)
    if not block.closed:
        message = f"The head that begins here is not closed by a line `{fence}`."
        return _with(
            bare, error("head", file, 1, 1, message, f"Add `{fence}` after its last line.")
        )
    if len(block.text.encode()) > HEAD_MAX_BYTES:
        message = "The head is longer than 64 KiB; it is not read."
        return _with(bare, error("head", file, 1, 1, message, "Move the text below the head."))
    read = _read_toml if block.kind == "toml" else _read_yaml
    return read(block, bare, file)


def _with(head: Head, *diagnostics: Diagnostic) -> Head:
    """The head without values, with complaints."""
    return Head(head.rest, head.rest_line, diagnostics=diagnostics)


# A line of YAML that begins a mapping: a key, a colon, and a blank or nothing.
_YAML_KEY = re.compile(r"(?:\"[^\"]*\"|'[^']*'|[A-Za-z_][\w .-]*?)\s*:(?:\s|$)")
_YAML_KNOWN_KEY = re.compile(rf"(?:{'|'.join(KNOWN_KEYS)}|layout|description|author|date)\s*:")


def _find_block(text: str) -> _Block | None:
    """The head at the text's start, None if there is none.

    A ``---`` may also be a thematic break: it begins a head only if a key follows it.
    """
    lines = text.split("\n")
    opening = lines[0].rstrip()
    if opening == "+++":
        kind, closings = "toml", {"+++"}
    elif opening == "---":
        kind, closings = "yaml", {"---", "..."}
    else:
        return None
    end = next((n for n, line in enumerate(lines) if n and line.rstrip() in closings), 0)
    if kind == "yaml" and not _begins_mapping(lines[1:end] if end else lines[1:2], closed=end > 0):
        return None
    if end:
        return _block(kind, lines, end, end + 1, closed=True)
    blank = next((n for n, line in enumerate(lines) if not line.strip()), len(lines))
    return _block(kind, lines, blank, blank, closed=False)


def _block(kind: str, lines: list[str], end: int, rest: int, *, closed: bool) -> _Block:
    """The block of the lines up to ``end`` and the text from line ``rest`` on, both from 0."""
    return _Block(kind, "\n".join(lines[1:end]), "\n".join(lines[rest:]), rest + 1, closed)


def _begins_mapping(lines: list[str], *, closed: bool) -> bool:
    """Whether the lines after ``---`` are YAML's; without a closing line only a usual key tells."""
    meant = [line for line in lines if line.strip() and not line.startswith("#")]
    if not meant:
        # `---` and `---` with nothing between them is an empty head; with blank lines between
        # them it is two thematic breaks.
        return closed and not lines
    return bool((_YAML_KEY if closed else _YAML_KNOWN_KEY).match(meant[0]))


def _read_toml(block: _Block, bare: Head, file: str) -> Head:
    """The values of a TOML head."""
    try:
        values = tomllib.loads(block.text)
    except tomllib.TOMLDecodeError as fault:
        said, line, column = syntax_fault(block.text, fault)
        return _with(bare, _malformed("TOML", said, file, line + 1, column))
    except (RecursionError, ValueError) as fault:
        return _with(bare, _malformed("TOML", _reason(fault), file, 2, 1))
    places = {
        str(path[0]): (place.key[0] + 1, place.key[1])
        for path, place in positions(block.text).items()
        if len(path) == 1
    }
    return Head(bare.rest, bare.rest_line, clean_values(values), {}, places)


def _read_yaml(block: _Block, bare: Head, file: str) -> Head:
    """The values of a YAML head; aliases count as often as they are used."""
    try:
        node, values = read_yaml(block.text)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line, column = (mark.line + 2, mark.column + 1) if mark else (2, 1)
        return _with(bare, _malformed("YAML", fault.problem or "", file, line, column))
    except UNREADABLE_YAML as fault:
        return _with(bare, _malformed("YAML", _reason(fault), file, 2, 1))
    if node is None:
        return bare
    if not isinstance(values, dict):
        return _with(bare, _malformed("YAML", "it holds no keys", file, 2, 1))
    places, as_written = {}, {}
    for key, value in node.value:
        name = str(key.value)
        places[name] = (key.start_mark.line + 2, key.start_mark.column + 1)
        if isinstance(value, yaml.ScalarNode) and not value.tag.endswith(":null"):
            as_written[name] = value.value
    return Head(bare.rest, bare.rest_line, clean_values(values), as_written, places)


# What reading YAML may raise besides faults that know their place: a date such as 2005-13-45 is
# a ValueError, a key that is a list a TypeError.
UNREADABLE_YAML = (yaml.YAMLError, RecursionError, ValueError, OverflowError, TypeError)


def read_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """The nodes, which know their places, and the values of a YAML text; aliases are bounded."""
    loader = yaml.SafeLoader(_readable(text))
    try:
        node = loader.get_single_node()
        if node is None:
            return None, None
        _bound(node)
        return node, loader.construct_document(node)
    finally:
        loader.dispose()


def _readable(text: str) -> str:
    """The text without the C1 controls, which YAML refuses to read."""
    return re.sub("[\x7f-\x84\x86-\x9f]", "", text)


def _bound(root: yaml.Node) -> None:
    """Raise ValueError if the value that the nodes stand for is too large or holds itself."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: yaml.Node) -> int:
        key = id(node)
        if key in sizes:
            return sizes[key]
        if key in open_nodes:
            raise ValueError("a value holds itself")
        open_nodes.add(key)
        children = [] if isinstance(node, yaml.ScalarNode) else node.value
        flat = (c for child in children for c in (child if isinstance(child, tuple) else (child,)))
        sizes[key] = 1 + sum(size(child) for child in flat)
        open_nodes.remove(key)
        return sizes[key]

    if size(root) > _YAML_MAX_NODES:
        raise ValueError("its aliases make it too large")


def _reason(fault: BaseException) -> str:
    """Why reading failed, in words."""
    return "it is nested too deeply" if isinstance(fault, RecursionError) else str(fault)


def _malformed(language: str, said: str, file: str, line: int, column: int) -> Diagnostic:
    """The complaint about a head that cannot be read."""
    said = said.strip().rstrip(".")
    message = f"The head is not valid {language}: {said[:1].lower()}{said[1:]}."
    hint = (
        'Text stands between quotation marks: title = "…".'
        if language == "TOML"
        else "A value that holds a colon or begins with a sign needs quotation marks."
    )
    return error("head", file, line, column, message, hint)


def clean_values(value: Any) -> Any:
    """The same values with texts that XML can carry and keys that are text.

    An escaped character may smuggle in what the file itself may not hold.
    """
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(str(key)): clean_values(item) for key, item in value.items()}
        case list() | tuple() | set():
            return [clean_values(item) for item in value]
    return value


# --- what the head means -------------------------------------------------------------------------


def _known_values(
    head: Head, file: str, *, adopted: bool
) -> tuple[dict[str, str], tuple[Diagnostic, ...]]:
    """The texts of the known keys, and what is wrong with the head's keys and values."""
    known: dict[str, str] = {}
    found: list[Diagnostic] = []
    for key, value in head.values.items():
        line, column = head.places.get(key, (2, 1))
        if key not in KNOWN_KEYS:
            if not adopted and key not in _FOREIGN_STANDFIRSTS:
                message = f"A chapter's head has no key `{key}`."
                hint = did_you_mean(key, KNOWN_KEYS) or "Keys: " + ", ".join(KNOWN_KEYS) + "."
                found.append(warning("head-key", file, line, column, message, hint))
            continue
        if value is None:
            continue
        text = value if isinstance(value, str) else head.as_written.get(key)
        if text is None:
            message = f"`{key}` must be text, not {kind_name(value)}."
            complain = warning if adopted else error
            hint = "Put the words between quotation marks."
            found.append(complain("head-type", file, line, column, message, hint))
            continue
        text = " ".join(text.split())
        check = _CHECKS.get(key)
        complaint = check(text) if check and text else None
        if complaint is None:
            known[key] = (known_language(text) or text) if key == "lang" else text
        elif not adopted:
            # What strangers' tools call `role` or `id` need not be ours: no complaint there.
            found.append(warning("head-value", file, line, column, *complaint))
    return known, tuple(found)


def kind_name(value: object) -> str:
    """What sort of value it is, in an author's words."""
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list() | tuple() | set():
            return "a list"
        case dict():
            return "a table"
        case None:
            return "nothing"
    return "a date or time"


def _check_role(role: str) -> tuple[str, str] | None:
    """What is wrong with a role, and what to do."""
    if role in ROLES:
        return None
    hint = did_you_mean(role, ROLES) or "Roles: " + ", ".join(ROLES) + "."
    return f"There is no role `{role}`; the text is set as a chapter.", hint


def _check_id(name: str) -> tuple[str, str] | None:
    """What is wrong with an id, and what to do."""
    if re.fullmatch(r"[^\W\d][\w.-]*", name):
        return None
    return (
        f"`{name}` cannot be an id.",
        "An id begins with a letter and holds letters, digits, hyphens and full stops.",
    )


def _check_language(code: str) -> tuple[str, str] | None:
    """What is wrong with a language code, and what to do."""
    if known_language(code):
        return None
    return f"`{code}` is no language code.", "Write a code such as `en`, `fr` or `pt-BR`."


_CHECKS: Mapping[str, Callable[[str], tuple[str, str] | None]] = {
    "role": _check_role,
    "id": _check_id,
    "lang": _check_language,
}


def _foreign_standfirst(values: Mapping[str, Any]) -> str:
    """What another tool's head offers as a standfirst, "" if it is missing or too long."""
    for key in _FOREIGN_STANDFIRSTS:
        value = values.get(key)
        if isinstance(value, str) and 0 < len(value.strip()) <= _FOREIGN_STANDFIRST_MAX:
            return " ".join(value.split())
    return ""


def _rest_of_head(head: Head, known: Mapping[str, str]) -> dict[str, Any]:
    """What the head says beyond the fields of a Source; a valid ``id`` is among it."""
    rest = {key: value for key, value in head.values.items() if key not in KNOWN_KEYS}
    if known.get("id"):
        rest["id"] = known["id"]
    return rest


_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(?P<marks>#{1,6})\s*[^\s#]|\s*<h(?P<level>[1-6])[\s>]", re.IGNORECASE)
_UNDERLINE = re.compile(r" {0,3}(?:(?P<first>=+)|-+)\s*$")


def _has_title(text: str) -> bool:
    """Whether the Markdown text gives its own title: a heading of the first level outside fenced
    code, or one of any level that it begins with.
    """
    fence = before = ""
    is_start = True
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark.group(1)
        elif mark and mark.group(1).startswith(fence):
            fence = ""
        elif not fence:
            level = _heading_level(line, before)
            if level == 1 or (level and is_start):
                return True
        # An underline comes after its words: they are still the start.
        is_start = is_start and not (before.strip() or mark)
        before = "" if fence or mark else line
    return False


def _heading_level(line: str, before: str) -> int:
    """The level of the heading that a line is or underlines, 0 if it is none."""
    if heading := _HEADING.match(line):
        return len(heading["marks"] or "") or int(heading["level"])
    underline = _UNDERLINE.match(line) if before.strip() else None
    return (1 if underline["first"] else 2) if underline else 0
