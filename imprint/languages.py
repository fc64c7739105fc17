"""What language a paragraph is written in, told only where it is beyond doubt."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from babel.core import get_global

# ISO 15924's names of scripts, and how Unicode begins the names of their letters.
_LETTERS = {
    "Latn": ("LATIN",),
    "Cyrl": ("CYRILLIC",),
    "Grek": ("GREEK",),
    "Arab": ("ARABIC",),
    "Hebr": ("HEBREW",),
    "Thai": ("THAI",),
    "Deva": ("DEVANAGARI",),
    "Geor": ("GEORGIAN",),
    "Armn": ("ARMENIAN",),
    "Hans": ("CJK",),
    "Hant": ("CJK",),
    "Jpan": ("CJK", "HIRAGANA", "KATAKANA"),
    "Kore": ("HANGUL", "CJK"),
}
_IDEOGRAPHIC = frozenset(("CJK", "HIRAGANA", "KATAKANA", "HANGUL"))
_FEWEST_LETTERS = 20
_FEWEST_IDEOGRAPHS = 10

# Little words that a paragraph of the language can hardly do without. Those that two of these
# languages spell alike stand in both lists or in none: they must not decide.
_LITTLE_WORDS = {
    "en": "the of and to that is was with for by this which from are were has have been they their "
    "would could should what when where you your we our it its be at or if will than into",
    "fr": "le la les des du de et est une dans pour qui que sur par avec ce cette ces sont été aux "
    "plus ne pas au il elle ils elles nous vous leur leurs mais ou où comme être ont a en se son",
    "de": "der die das und ist nicht von mit den dem des ein eine einen einem einer zu auf für im "
    "sich als auch wird werden wurde sind war bei oder wie aus nach dass es er sie wir durch",
    "es": "el la los las de y en que es del una un por con para se no su al lo como más pero sus le "
    "ha este esta son entre cuando muy sin sobre también fue había o si ser",
    "it": "il lo la i gli le di e è che un una per con non del della dei delle nel nella si sono "
    "come più ma anche da al alla questo questa ha dal o se essere stato suo sua",
    "pt": "o a os as de e em que é do da dos das no na nos nas um uma para com não por se mais como "
    "mas ao à foi ele ela seu sua ou são também pelo pela isso ser",
    "nl": "de het een en van is dat niet op te in zijn voor met die er aan om ook als bij maar door "
    "wordt worden naar uit dan nog wel over tot heeft ze hij wij deze dit of",
    "pl": "i w nie na się z do to że jest o jak po co dla ale od za przez tym który która są być był "
    "była jego jej oraz tego też lub przy",
    "uk": "і та в у на з що не до це як за від для по є про або але його її вони був була були який "
    "яка які також при бути цього так через після",
    "ru": "и в на с что не к это как за от для по о или но его её они был была были который которая "
    "которые также при быть этого так через после из он она мы вы",
}  # fmt: skip
_WORDS = {lang: frozenset(words.split()) for lang, words in _LITTLE_WORDS.items()}
_FEWEST_WORDS = 12


def script_of(lang: str) -> str:
    """The script that a language is written in (ISO 15924), "" where that is not known."""
    tag = lang.replace("-", "_")
    for part in tag.split("_")[1:]:
        if len(part) == 4 and part.isalpha():
            return part.title()
    likely = get_global("likely_subtags")
    full = likely.get(tag) or likely.get(tag.partition("_")[0].lower(), "")
    parts = full.split("_")
    return parts[1] if len(parts) > 1 else ""


def is_foreign(text: str, lang: str) -> bool:
    """Whether a paragraph is surely not in the language that it is said to be in."""
    return _other_script(text, lang) or bool(other_language(text, lang))


def _other_script(text: str, lang: str) -> bool:
    """Whether the letters are, but for a few, of a script that the language is not written in."""
    own = _LETTERS.get(script_of(lang))
    if own is None:
        return False
    counts: Counter[str] = Counter()
    # Letters first: a paragraph has hundreds, and few different ones.
    for character, times in Counter(text).items():
        if character.isalpha():
            counts[_letters_of(character)] += times
    total = sum(counts.values())
    ideographs = sum(n for name, n in counts.items() if name in _IDEOGRAPHIC)
    enough = total >= _FEWEST_LETTERS or ideographs >= _FEWEST_IDEOGRAPHS
    return enough and sum(counts[name] for name in own) < total / 10


def _letters_of(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]


def other_language(text: str, lang: str) -> str:
    """The language that the text is in if not ``lang``, "" where it is or there is a doubt."""
    own = _WORDS.get(lang.partition("-")[0].lower())
    words = [w.casefold() for w in re.findall(r"[^\W\d_]+", text)]
    if own is None or len(words) < _FEWEST_WORDS:
        return ""
    shares = {tag: sum(w in known for w in words) / len(words) for tag, known in _WORDS.items()}
    best = max(shares, key=lambda tag: shares[tag])
    sure = shares[best] >= 0.25 and len(_WORDS[best].intersection(words)) >= 4
    mine = sum(w in own for w in words) / len(words)
    return best if sure and mine <= shares[best] / 3 and _WORDS[best] is not own else ""
