"""Words that no hunspell dictionary of their language knows.

Dictionaries are looked for where systems and office suites keep them; none is brought along.
Addresses, code, abbreviations and names with digits in them are left alone.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lxml import etree
from spylls.hunspell import Dictionary

from .diagnostics import Diagnostic, note, warning
from .model import Book, Chapter, Source
from .places import place_of

_FOLDERS = (
    "/usr/share/hunspell",
    "/usr/share/myspell/dicts",
    "/usr/local/share/hunspell",
    "/opt/homebrew/share/hunspell",
    "~/.local/share/hunspell",
    "~/Library/Spelling",
    "/Library/Spelling",
)
# What a bare language code stands for where there is no dictionary of that very name.
_USUAL = {"en": ("en_GB", "en_US"), "fr": ("fr_FR",), "de": ("de_DE",), "es": ("es_ES",)}
_SKIPPED = frozenset("code pre kbd samp var abbr svg math".split())
_SKIPPED_CLASSES = frozenset(("index-term", "missing", "page-cite", "label", "note-back"))
# Letters with apostrophes between them, as one word; not beside digits, signs of an address, "_".
_WORD = re.compile(r"(?<![\w@/.#'’-])[^\W\d_]+(?:['’][^\W\d_]+)*(?![\w@/]|[.-]\w)")
_ADDRESS = re.compile(r"\S+://\S+|\S+@\S+|\bwww\.\S+")


def misspelt(
    book: Book, sources: Sequence[Source], words: Collection[str] = ()
) -> Iterator[Diagnostic]:
    """Warnings about words that are in no dictionary, each once a chapter.

    ``words`` are right whatever the dictionaries say.
    """
    texts = {source.file: source for source in sources}
    shelf: dict[str, Lexicon | None] = {}
    known = {word.casefold() for word in words}
    for chapter in book.chapters:
        if chapter.role == "part":
            continue
        seen: set[str] = set()
        for element, lang, word in _words(chapter.body, chapter.lang):
            if lang not in shelf:
                shelf[lang] = lexicon(lang)
            lookup = shelf[lang]
            if lookup is None or word in seen or word.casefold() in known or lookup.knows(word):
                continue
            seen.add(word)
            yield _misspelt(chapter, texts.get(chapter.file), element, word, lookup)
    for lang in sorted(lang for lang, lookup in shelf.items() if lookup is None):
        message = f"No dictionary for `{lang}` is installed; words in it are not looked up."
        hint = f"Install hunspell's, or put `{lang}.aff` and `{lang}.dic` into a folder that the "
        yield note("spelling-dictionary", ".", 0, 0, message, f"{hint}variable DICPATH names.")


def _misspelt(
    chapter: Chapter,
    source: Source | None,
    element: etree._Element,
    word: str,
    lookup: Lexicon,
) -> Diagnostic:
    line, column = _place(source, element, word)
    message = f"“{word}” is not in the dictionary."
    near = lookup.nearest(word)
    hint = f"Did you mean “{near}”? " if near else ""
    hint += "If it is right, add it to `words` in `[diagnostics]`."
    return warning("spelling", chapter.file, line, column, message, hint)


def _place(source: Source | None, element: etree._Element, word: str) -> tuple[int, int]:
    """Where the word stands: its first place in the source from that of its element on."""
    line, column = place_of(element)
    if source is None or not line:
        return line, column
    letters = re.escape(word).replace("’", "['’]")
    pattern = re.compile(rf"(?<!\w){letters}(?!\w)")
    for number, text in enumerate(source.text.split("\n")[line - source.line :], line):
        if found := pattern.search(text):
            return number, found.start() + 1
    return line, column


def _words(element: etree._Element, lang: str) -> Iterator[tuple[etree._Element, str, str]]:
    """The words of an element in reading order, each with its element and its language."""
    if not isinstance(element.tag, str) or element.tag in _SKIPPED:
        return
    if _SKIPPED_CLASSES.intersection((element.get("class") or "").split()):
        return
    lang = element.get("lang") or lang
    yield from ((element, lang, word) for word in _split(element.text))
    for child in element:
        yield from _words(child, lang)
        yield from ((element, lang, word) for word in _split(child.tail))


def _split(text: str | None) -> Iterator[str]:
    """The words of a text that dictionaries may know: no initials, no capitals alone."""
    for found in _WORD.finditer(_ADDRESS.sub(" ", (text or "").replace("\u00ad", ""))):
        word = found.group()
        if len(word) > 1 and not word.isupper():
            yield word


# --- dictionaries --------------------------------------------------------------------------------


@dataclass
class Lexicon:
    """A hunspell dictionary; answers are kept, since it is slow to ask."""

    dictionary: Dictionary
    answers: dict[str, bool] = field(default_factory=dict)

    def knows(self, word: str) -> bool:
        """Whether the dictionary has the word, or all parts of a word with apostrophes."""
        if word not in self.answers:
            self.answers[word] = self._looked_up(word)
        return self.answers[word]

    def _looked_up(self, word: str) -> bool:
        plain = word.replace("’", "'")
        if any(self.dictionary.lookup(form) for form in dict.fromkeys((word, plain))):
            return True
        bare = re.sub(r"'s?$", "", plain)
        return bare != plain and self.dictionary.lookup(bare)

    @cached_property
    def _by_initial(self) -> Mapping[str, list[str]]:
        initials: dict[str, list[str]] = {}
        for entry in self.dictionary.dic.words:
            initials.setdefault(entry.stem[:1].casefold(), []).append(entry.stem)
        return initials

    def nearest(self, word: str) -> str:
        """The word of the dictionary that looks most like it, "" if none does.

        The library's own suggestions may take minutes for a single word.
        """
        same = self._by_initial.get(word[:1].casefold(), [])
        near = [stem for stem in same if abs(len(stem) - len(word)) < 3]
        found = difflib.get_close_matches(word, near, n=1, cutoff=0.75)
        return found[0] if found else ""


def lexicon(lang: str) -> Lexicon | None:
    """The dictionary of a language tag ("fr", "pt-BR"), None if none is installed."""
    path = _dictionary(lang)
    return Lexicon(Dictionary.from_files(str(path.with_suffix("")))) if path else None


def _dictionary(lang: str) -> Path | None:
    """The file with the words of a language's dictionary."""
    name = lang.replace("-", "_")
    language = name.partition("_")[0]
    own = [name, language, *_USUAL.get(language, ())]
    folders = [Path(folder).expanduser() for folder in (*_own_folders(), *_FOLDERS)]
    for stem in dict.fromkeys(own):
        for folder in folders:
            if (folder / f"{stem}.dic").is_file() and (folder / f"{stem}.aff").is_file():
                return folder / f"{stem}.dic"
    regional = (
        path
        for folder in folders
        for path in sorted(folder.glob(f"{language}_*.dic"))
        if path.with_suffix(".aff").is_file()
    )
    return next(regional, None)


def _own_folders() -> list[str]:
    """The folders that hunspell's own variable names."""
    return [folder for folder in os.environ.get("DICPATH", "").split(os.pathsep) if folder]
