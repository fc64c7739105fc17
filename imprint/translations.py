"""A translation tied to its original, paragraph by paragraph.

``translated.toml`` in a translation's folder records of which paragraph of the original each of its
paragraphs was made, both by digests of their words. A paragraph of the original that was edited
since, or was added, is told at its place and at the translation's. The original is the
publication's first language, and chapters correspond by the names of their files.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from hashlib import sha256
from pathlib import Path

from lxml import etree

from imprint.diagnostics import Diagnostic, error, warning
from imprint.heads import Entry, read_source
from imprint.model import Chapter, Manuscript, Source
from imprint.places import place_of
from imprint.policy import settled
from imprint.room import MOST_DATA_BYTES, Refusal, read_inside
from imprint.trees import HeldTree
from imprint.words import words

RECORD = "translated.toml"

_HEADER = """\
# Of which paragraph of the original ("{original}") each paragraph of this translation was made:
# digests of the translation's paragraph and of the original's. `imprint translations --mark` writes
# this file; keep it with the text. "-" stands for a paragraph that the other language does without.
"""
_DIGITS = 12
_NONE = "-"
_PAIR = re.compile(rf"(?:[0-9a-f]{{{_DIGITS}}}|-) (?:[0-9a-f]{{{_DIGITS}}}|-)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
# What each language has of its own: abbreviations explained, and comments.
_OWN = re.compile(r"\*\[[^\]]+\]:|<!--(?:(?!-->).)*-->\s*\Z", re.S)
# What a block is by the signs at its beginning, with the names that no language changes.
_SHAPES = (
    re.compile(r"#{1,6} "),
    re.compile(r"!!! +\w+"),
    re.compile(r"\[\^[^\]]+\]:"),
    re.compile(r"(?=!\[).*\]\([^)\s]*", re.S),
    re.compile(r"\|"),
    re.compile(r"(?:Figure|Table) ?:"),
    re.compile(r"(?:[-*+]|\d+[.)]) "),
    re.compile(r"> ?"),
    re.compile(r"</?\w+"),
    re.compile(r" {4}"),
)
_ALPHABETIC = ("glossary", "bibliography", "index")


@dataclass(frozen=True)
class Block:
    """A paragraph, heading, list, table … of a source, and the line on which it begins."""

    line: int
    text: str
    shape: str

    @property
    def digest(self) -> str:
        """What tells the block from another; where its lines are broken does not matter."""
        return sha256(" ".join(self.text.split()).encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True)
class Pair:
    """A block of the original and what stands for it in the translation.

    ``state`` is "good", "stale" (the original is another than the translation was made from),
    "missing" (no translation) or "alone" (no original).
    """

    original: Block | None
    translation: Block | None
    state: str


@dataclass(frozen=True)
class Comparison:
    """A chapter of the translation beside the original. ``end`` is the translation's last line."""

    original: str
    translation: str
    pairs: tuple[Pair, ...]
    end: int

    def place(self, number: int) -> int:
        """The line of the translation where a pair stands or should stand."""
        for pair in self.pairs[number:]:
            if pair.translation:
                return pair.translation.line
        return self.end


# --- blocks --------------------------------------------------------------------------------------


def blocks(source: Source) -> list[Block]:
    """What of a source is to be translated, in order: its head, then block after block.

    A glossary is sorted anew in each language, so it is one block.
    """
    head = " ".join((source.title, source.short_title, source.standfirst)).strip()
    found = [Block(1, head, "head")] if head and source.line > 1 else []
    texts = [each for each in _runs(source.text, source.line) if not _OWN.match(each.text)]
    if source.role in _ALPHABETIC and texts:
        texts = [Block(texts[0].line, "\n\n".join(each.text for each in texts), source.role)]
    return found + texts


def _runs(text: str, first_line: int) -> Iterator[Block]:
    """Lines that no blank line divides; code between fences is one, whatever is in it."""
    run: list[str] = []
    fence = ""
    start = first_line
    for number, line in enumerate(text.split("\n"), first_line):
        mark = _FENCE.match(line)
        if fence:
            run.append(line)
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif line.strip():
            start = start if run else number
            run.append(line)
            fence = mark[1] if mark else ""
        elif run:
            yield _block(start, run)
            run = []
    if run:
        yield _block(start, run)


def _block(line: int, lines: Sequence[str]) -> Block:
    text = "\n".join(lines)
    return Block(line, text, _shape(text))


def _shape(text: str) -> str:
    named = re.search(r"\{[^}]*(#[\w:.-]+)[^}]*\}\s*$", text)
    found = next((match[0] for form in _SHAPES if (match := form.match(text))), "")
    if found.startswith("!["):
        found = "!" + found.rpartition("](")[2]
    return f"{found.replace(' :', ':')}{named[1] if named else ''}"


# --- what belongs together -----------------------------------------------------------------------

# The digest of the original that each of a translation's blocks was made from, by the translation's;
# the same words may stand in a chapter more than once.
Record = Sequence[tuple[str, str]]


class _Sources:
    """What each of a translation's blocks was made from, by the record, in the order of the text."""

    def __init__(self, record: Record) -> None:
        self._by_words: defaultdict[str, deque[str]] = defaultdict(deque)
        for own, other in record:
            self._by_words[own].append(other)

    def next_of(self, block: Block) -> str:
        """The digest of the block's original, "" for none; the next one for the same words again."""
        sources = self._by_words[block.digest]
        return sources.popleft() if sources else ""

    @property
    def left_out(self) -> Iterable[str]:
        """Blocks of the original that the translation does without."""
        return self._by_words[_NONE]


def compare(original: Sequence[Block], translation: Sequence[Block], record: Record) -> list[Pair]:
    """The blocks of both in pairs, in the translation's order.

    First those that the record ties and that have not changed; what lies between them is paired by
    its shape.
    """
    made_from = _Sources(record)
    sources = [made_from.next_of(block) for block in translation]
    seen = {other for _, other in record}
    pairs: list[Pair] = []
    done_original = done_translation = 0
    ties = SequenceMatcher(None, [b.digest for b in original], sources)
    for at, to, size in ties.get_matching_blocks():
        pairs += _between(
            original[done_original:at],
            translation[done_translation:to],
            sources[done_translation:to],
            seen,
            left_out=made_from.left_out,
        )
        pairs += [Pair(original[at + n], translation[to + n], "good") for n in range(size)]
        done_original, done_translation = at + size, to + size
    return pairs


def _between(
    original: Sequence[Block],
    translation: Sequence[Block],
    sources: Sequence[str],
    seen: set[str],
    *,
    left_out: Iterable[str],
) -> Iterator[Pair]:
    """Pairs of what the record does not tie, by shape."""
    shapes = SequenceMatcher(None, [b.shape for b in original], [b.shape for b in translation])
    for kind, at, at_end, to, to_end in shapes.get_opcodes():
        both = min(at_end - at, to_end - to) if kind in ("equal", "replace") else 0
        for n in range(both):
            # The words of the translation alone were mended since it was marked.
            good = not sources[to + n] and original[at + n].digest in seen
            yield Pair(original[at + n], translation[to + n], "good" if good else "stale")
        for block in original[at + both : at_end]:
            yield Pair(block, None, "good" if block.digest in left_out else "missing")
        for block, source in zip(
            translation[to + both : to_end], sources[to + both : to_end], strict=True
        ):
            yield Pair(None, block, "good" if source == _NONE else "alone")


# --- a manuscript and its original ---------------------------------------------------------------


def comparisons(
    manuscript: Manuscript, *, untied: bool = False
) -> tuple[list[Comparison], list[Diagnostic]]:
    """Each chapter of a translation beside its original, if the translation is tied to one.

    ``untied`` compares chapters that the record does not name as well.
    """
    publication = manuscript.publication
    original = publication.languages[0] if publication.languages else publication.lang
    if publication.lang == original:
        return [], []
    record, found = read_record(manuscript.root, publication.lang)
    if not record and not untied:
        return [], found
    made = []
    for source in manuscript.sources:
        name = source.file.removeprefix(f"{publication.lang}/")
        file = f"{original}/{name}"
        if (name not in record and not untied) or not (manuscript.root / file).is_file():
            continue
        other, _ = read_source(manuscript.root, Entry(file, role=source.role))
        if other is not None:
            pairs = compare(blocks(other), blocks(source), record.get(name, ()))
            end = source.line + source.text.rstrip("\n").count("\n")
            made.append(Comparison(file, source.file, tuple(pairs), end))
    return made, found


def faults(compared: Iterable[Comparison]) -> Iterator[Diagnostic]:
    """A warning for each paragraph that is not what it was made from, or has no counterpart."""
    for chapter in compared:
        for number, pair in enumerate(chapter.pairs):
            if pair.state != "good":
                yield _fault(chapter, pair, chapter.place(number))


def _fault(chapter: Comparison, pair: Pair, line: int) -> Diagnostic:
    file = chapter.translation
    mark = f"imprint translations --mark {file}:{line}"
    if pair.original and pair.translation:
        message = f"The original was changed since this was translated: see {_at(chapter, pair)}."
        hint = f"Revise the passage, then run: {mark}"
        return warning("translation-stale", file, line, 1, message, hint)
    if pair.original:
        message = f"The translation lacks what the original says in {_at(chapter, pair)}."
        mark = f"imprint translations --mark {chapter.original}:{pair.original.line}"
        hint = f"Translate it here, or if the translation is to do without: {mark}"
        return warning("translation-missing", file, line, 1, message, hint)
    message = f"The original, `{chapter.original}`, has nothing that corresponds to this."
    hint = f"Take it out, or if it is to stay: {mark}"
    return warning("translation-alone", file, line, 1, message, hint)


def _at(chapter: Comparison, pair: Pair) -> str:
    return f"`{chapter.original}`, line {pair.original.line if pair.original else 0}"


def mark_chapters(
    manuscript: Manuscript, chapters: Sequence[Chapter]
) -> tuple[list[Chapter], list[Diagnostic]]:
    """The chapters with a mark before each passage that is stale, and what there is to say.

    A passage whose diagnostic is ignored, by the publication or by a comment, is not marked.
    """
    compared, found = comparisons(manuscript)
    found += faults(compared)
    stale: defaultdict[str, set[int]] = defaultdict(set)
    for each in settled(found, [manuscript]):
        if each.code == "translation-stale":
            stale[each.file].add(each.line)
    starts = {
        c.translation: [p.translation.line for p in c.pairs if p.translation] for c in compared
    }
    said = words(manuscript.publication.lang)("This passage is older than its original.")
    marked = [
        _marked(chapter, starts[chapter.file], stale[chapter.file], said)
        if chapter.file in stale
        else chapter
        for chapter in chapters
    ]
    return marked, found


def _marked(chapter: Chapter, starts: Sequence[int], stale: set[int], said: str) -> Chapter:
    """The chapter with words before each element with which a stale block begins."""
    body = chapter.tree.take()
    left = set(stale)
    for element in [*body, *body.iterfind(".//li[@class='note']")]:
        if element.tag == "h1" or element.get("class") == "standfirst":
            continue
        line, _ = place_of(element)
        before = {n for n in starts[: bisect_right(starts, line)][-1:] if n in left}
        # The head's words stand over the text.
        for start in sorted(before | (left & {1})):
            left.discard(start)
            mark = etree.Element("p", {"class": "missing", "data-at": f"{start}:1"})
            mark.text = said
            if element.tag == "li":
                element.insert(0, mark)
            else:
                element.addprevious(mark)
    return replace(chapter, tree=HeldTree(body))


# --- the record ----------------------------------------------------------------------------------


def read_record(root: Path, lang: str) -> tuple[Mapping[str, Record], list[Diagnostic]]:
    """The pairs of digests by the names of chapters' files; nothing if there is no record."""
    file = f"{lang}/{RECORD}"
    if not (root / file).is_file():
        return {}, []
    content = read_inside(root, root / file, most_bytes=MOST_DATA_BYTES)
    try:
        if isinstance(content, Refusal):
            raise ValueError(content.reason)
        chapters = tomllib.loads(content.decode("utf-8"))
        return {name: [_pair(line) for line in lines] for name, lines in chapters.items()}, []
    except (ValueError, TypeError, RecursionError) as fault:
        place = re.search(r"line (\d+), column (\d+)", str(fault))
        line, column = map(int, place.groups()) if place else (1, 1)
        message = f"The record of what was translated cannot be read: {fault}"
        hint = (
            f"Bring back an earlier state of the file, or delete it and mark anew: {_MARK} {lang}"
        )
        return {}, [error("translation-record", file, line, column, message, hint)]


_MARK = "imprint translations --mark"


def _pair(line: str) -> tuple[str, str]:
    if not _PAIR.fullmatch(line):
        raise ValueError(f"`{line[:40]}` is no pair of digests.")
    own, _, other = line.partition(" ")
    return own, other


def write_record(root: Path, lang: str, original: str, chapters: Mapping[str, Record]) -> None:
    """Write the record of a translation: a line a paragraph, in the order of the text."""
    lines = [_HEADER.format(original=original)]
    for name, record in chapters.items():
        lines.append(f'"{name}" = [')
        lines += [f'  "{own} {other}",' for own, other in record]
        lines.append("]\n")
    (root / lang / RECORD).write_text("\n".join(lines), encoding="utf-8")


def renewed(
    compared: Comparison, record: Record, is_marked: Mapping[str, frozenset[int] | None]
) -> Record:
    """The record of a chapter with what is marked tied anew.

    ``is_marked`` names the lines of each file that are up to date, None for all of them. A
    passage of the original without translation is only taken for one that is left out on purpose
    if its own line is named.
    """
    made_from = _Sources(record)
    lines = is_marked.get(compared.translation, frozenset())
    left_out = is_marked.get(compared.original, frozenset()) or frozenset()
    ties: list[tuple[str, str]] = []
    for pair in compared.pairs:
        other = pair.original.digest if pair.original else _NONE
        if pair.translation is None:
            if pair.state == "good" or (pair.original and pair.original.line in left_out):
                ties.append((_NONE, other))
            continue
        own = pair.translation.digest
        before = made_from.next_of(pair.translation)
        if pair.state == "good" or lines is None or pair.translation.line in lines:
            ties.append((own, other))
        elif before:
            ties.append((own, before))
    return ties
