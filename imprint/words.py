"""The words, dates, numbers and order of the alphabet of each language.

The interface's words ("Figure", "Contents" …) come from the gettext catalogues in ``locale/``;
the English words are their keys. Dates, numbers and sizes follow CLDR through Babel.
"""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.units import format_unit


def words(lang: str) -> Callable[[str], str]:
    """A function from an English word of the interface to the word in the language.

    A word without translation, or any word of a language without a catalogue, stays English.
    """
    catalogue = _catalogue(lang)
    return lambda word: catalogue.get(word, word)


@lru_cache(maxsize=64)
def locale(lang: str) -> Locale:
    """CLDR's locale for a language tag ("fr", "pt-BR"); its nearest parent, or English."""
    parts = lang.replace("_", "-").split("-")
    while parts and parts[0]:
        try:
            return Locale.parse("_".join(parts))
        except (UnknownLocaleError, ValueError):
            parts.pop()
    return Locale.parse("en")


def direction(lang: str) -> str:
    """The direction of the language's script: "rtl" for Arabic or Hebrew, else "ltr"."""
    return "rtl" if locale(lang).character_order == "right-to-left" else "ltr"


@lru_cache(maxsize=64)
def _catalogue(lang: str) -> Mapping[str, str]:
    """The translations of the language's catalogue, or of the language without its region."""
    parts = lang.replace("_", "-").split("-")
    for end in range(len(parts), 0, -1):
        name = "_".join(parts[:end])
        # A language tag comes from the author: it must never be read as a path.
        if not name.replace("_", "").isalnum():
            continue
        file = files("imprint") / "locale" / name / "imprint.po"
        if file.is_file():
            with file.open("rb") as stream:
                catalogue = read_po(stream, locale=name)
            return {str(m.id): str(m.string) for m in catalogue if m.id and m.string}
    return {}


def date_text(date: datetime.date, lang: str) -> str:
    """The date in words: "1 May 2005" in British English, "1 mai 2005" in French."""
    return format_date(date, format="long", locale=locale(lang))


def number_text(number: int | float, lang: str) -> str:
    """The number with the language's separators: "1,400" in English, "1 400" in French."""
    return format_decimal(number, locale=locale(lang))


_SIZES = (
    (1_000_000_000, "digital-gigabyte"),
    (1_000_000, "digital-megabyte"),
    (1_000, "digital-kilobyte"),
)


def file_size(size_bytes: int, lang: str) -> str:
    """The size of a file as a reader expects it: "3.9 MB", in French "3,9 Mo"."""
    for factor, unit in _SIZES:
        # 999 999 bytes are 1 MB, not 1 000 kB: the rounding decides the unit.
        if size_bytes >= factor * 0.9995:
            amount = size_bytes / factor
            rounded = round(amount, 1) if amount < 10 else round(amount)
            return format_unit(rounded, unit, "short", locale=locale(lang))
    return format_unit(size_bytes, "digital-byte", "long", locale=locale(lang))


# Opening and closing marks, first and second level, after CLDR's delimiters and the style guides
# of each language; Babel does not carry them. French marks include their narrow no-break spaces.
_ENGLISH_QUOTES = ("“", "”", "‘", "’")
_LOW_QUOTES = ("„", "“", "‚", "‘")
_GUILLEMETS = ("«", "»", "„", "“")
_POLISH_QUOTES = ("„", "”", "‚", "’")
_NORDIC_QUOTES = ("”", "”", "’", "’")
_QUOTES: dict[str, tuple[str, str, str, str]] = {
    "bg": ("„", "“", "’", "’"),
    "ca": ("«", "»", "“", "”"),
    "cs": _LOW_QUOTES,
    "da": _NORDIC_QUOTES,
    "de": _LOW_QUOTES,
    "de-CH": ("«", "»", "‹", "›"),
    "el": ("«", "»", "“", "”"),
    "es": ("«", "»", "“", "”"),
    "et": _LOW_QUOTES,
    "fi": _NORDIC_QUOTES,
    "fr": ("«\u202f", "\u202f»", "“", "”"),
    "fr-CH": ("«\u202f", "\u202f»", "‹\u202f", "\u202f›"),
    "hr": ("„", "”", "‘", "’"),
    "hu": ("„", "”", "»", "«"),
    "hy": ("«", "»", "«", "»"),
    "is": _LOW_QUOTES,
    "it": ("«", "»", "“", "”"),
    "ja": ("「", "」", "『", "』"),
    "ka": _LOW_QUOTES,
    "lt": _LOW_QUOTES,
    "lv": _ENGLISH_QUOTES,
    "mk": ("„", "“", "’", "‘"),
    "nb": ("«", "»", "‘", "’"),
    "nn": ("«", "»", "‘", "’"),
    "no": ("«", "»", "‘", "’"),
    "pl": _POLISH_QUOTES,
    "pt-PT": ("«", "»", "“", "”"),
    "ro": ("„", "”", "«", "»"),
    "ru": _GUILLEMETS,
    "be": _GUILLEMETS,
    "kk": _GUILLEMETS,
    "sk": _LOW_QUOTES,
    "sl": _LOW_QUOTES,
    "sq": ("«", "»", "“", "”"),
    "sr": ("„", "“", "’", "’"),
    "sv": _NORDIC_QUOTES,
    "uk": _GUILLEMETS,
    "zh-Hant": ("「", "」", "『", "』"),
    "zh-TW": ("「", "」", "『", "』"),
}


def quotes(lang: str) -> tuple[str, str, str, str]:
    """The language's quotation marks: opening, closing, and both of a quotation inside one."""
    parts = lang.replace("_", "-").split("-")
    for end in range(len(parts), 0, -1):
        found = _QUOTES.get("-".join(parts[:end]))
        if found:
            return found
    return _ENGLISH_QUOTES


# Letters that stand apart in the alphabet of a language: each follows the letter before it.
_ALPHABETS = {
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "ru": "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "be": "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "es": "abcdefghijklmnñopqrstuvwxyz",
    "sv": "abcdefghijklmnopqrstuvwxyzåäö",
    "fi": "abcdefghijklmnopqrstuvwxyzåäö",
    "da": "abcdefghijklmnopqrstuvwxyzæøå",
    "nb": "abcdefghijklmnopqrstuvwxyzæøå",
    "nn": "abcdefghijklmnopqrstuvwxyzæøå",
    "et": "abcdefghijklmnopqrsšzžtuvwõäöüxy",
    "pl": "aąbcćdeęfghijklłmnńoópqrsśtuvwxyzźż",
    "cs": "abcčdefghijklmnopqrřsštuvwxyzž",
    "tr": "abcçdefgğhıijklmnoöpqrsştuüvwxyz",
}
# Folded as readers look them up; decomposition alone leaves these whole.
_FOLDED = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ð": "d", "þ": "th", "ı": "i"}
)

SortKey = tuple[tuple[tuple[int, int], ...], str, str]


def sort_key(text: str, lang: str) -> SortKey:
    """A key that puts texts in the order of the language's dictionaries.

    Accents and capitals decide only between words that are otherwise equal; quotation marks and
    other punctuation do not count; letters of the language's own alphabet keep their places.
    """
    alphabet = _ALPHABETS.get(lang.replace("_", "-").split("-")[0], "")
    folded = unicodedata.normalize("NFC", text.replace("’", "'")).casefold()
    letters = "".join(_letters(char, alphabet) for char in folded)
    counted = "".join(c if c.isalnum() else " " for c in letters if c not in "'").split()
    return tuple(_weight(c, alphabet) for c in " ".join(counted)), folded, text


def _letters(char: str, alphabet: str) -> str:
    """The character as it is looked up: itself if the alphabet has it, else without accents."""
    if char in alphabet:
        return char
    plain = unicodedata.normalize("NFKD", char.translate(_FOLDED))
    return "".join(c for c in plain if not unicodedata.combining(c))


def _weight(char: str, alphabet: str) -> tuple[int, int]:
    """The place of a character: blanks, digits, the language's alphabet, other scripts."""
    if char == " ":
        return 0, 0
    if char.isdigit():
        return 1, ord(char)
    place = alphabet.find(char)
    return (2, place) if place >= 0 else (3, ord(char))


def list_join(items: Sequence[str], lang: str) -> str:
    """The items as a list in words: "a, b and c" in British English, "a, b et c" in French."""
    return format_list(list(items), locale=locale(lang)) if items else ""


def initial(term: str) -> str:
    """The letter under which a term stands in the index, without its accents; "#" for none."""
    for character in unicodedata.normalize("NFKD", term):
        if character.isalpha():
            return character.upper()
    return "#"
