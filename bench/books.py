"""Books of any length, as an author would have written them; the same for the same seed.

Chapters hold what books hold: headings on three levels, notes, tables, drawn and photographed
figures, charts from data, code, boxes, quotations, index terms, and cross-references with page
cites to chapters before and after.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

# What a text page of the default theme holds beside its figures, tables and notes.
WORDS_PER_PAGE = 180
PHOTOGRAPHS = 6


@dataclass(frozen=True)
class Vocabulary:
    """The words of a language, and how its sentences are made of them."""

    nouns: tuple[str, ...]
    qualities: tuple[str, ...]
    verbs: tuple[str, ...]
    openings: tuple[str, ...]
    joins: tuple[str, ...]
    patterns: tuple[str, ...]
    labels: dict[str, str]


_ENGLISH = Vocabulary(
    nouns=tuple(
        "harbour mountain railway library parliament instrument observation committee treaty village "
        "manuscript telescope expedition merchant inventory laboratory correspondence catalogue river "
        "settlement apprentice workshop measurement chronicle frontier orchestra translation archive "
        "government university neighbourhood agriculture architecture experiment administration "
        "lighthouse bridge surveyor cartographer almanac printing-house congregation granary".split()
    ),
    qualities=tuple(
        "early provincial remarkable unfinished disputed careful northern celebrated ordinary "
        "inconvenient independent mathematical temporary extraordinary neglected industrial "
        "contemporary agricultural municipal well-known forgotten expensive reliable".split()
    ),
    verbs=tuple(
        "described rebuilt examined transformed measured abandoned reorganised inherited financed "
        "photographed questioned surveyed interpreted administered published corrected".split()
    ),
    openings=(
        "In the following year,", "For this reason,", "Long before that,", "As the records show,",
        "Contrary to expectation,", "By the end of the century,", "Nevertheless,", "At first sight,",
    ),
    joins=(
        "while", "because", "although", "so that", "and in this way", "until at last", "where",
    ),
    patterns=(
        "the {q} {n} of the {n2} {v} the {n3}",
        "a {q} {n} {v} what the {n2} had left behind",
        "the {n} and the {n2} {v} each {q2} {n3} in turn",
        "nobody {v} the {q} {n} of this {n2}",
        "every {n} in the {q} {n2} {v} its {n3}",
    ),
    labels={"figure": "Figure", "table": "Table", "source": "Drawn for this book", "year": "Year",
            "count": "Entries", "share": "Share", "see": "See also", "index": "history of",
            "brief": "In brief", "chapter": "On the"},
)  # fmt: skip

_FRENCH = Vocabulary(
    nouns=tuple(
        "port montagne bibliothèque parlement instrument observation comité traité village manuscrit "
        "télescope expédition marchand inventaire laboratoire correspondance catalogue rivière "
        "apprenti atelier mesure chronique frontière orchestre traduction gouvernement université "
        "voisinage agriculture architecture expérience administration phare pont arpenteur".split()
    ),
    qualities=tuple(
        "remarquable célèbre ordinaire indispensable mathématique temporaire extraordinaire "
        "contemporaine agricole rare fidèle utile durable véritable".split()
    ),
    verbs=tuple(
        "décrivit examina transforma mesura abandonna réorganisa hérita finança photographia "
        "interrogea interpréta administra publia corrigea".split()
    ),
    openings=("L’année suivante,", "Pour cette raison,", "Bien avant cela,", "Contre toute attente,",
              "À la fin du siècle,", "Néanmoins,", "À première vue,"),
    joins=("tandis que", "parce que", "de sorte que", "lorsque", "jusqu’à ce que", "où"),
    patterns=(
        "quelque {n} {q} de chaque {n2} {v} cette {n3}",
        "un autre {n} {v} ce que leur {n2} {q} avait laissé",
        "personne ne {v} leur {n} {q} ni leur {n2}",
        "chaque {n} de notre {n2} {q} {v} leur {n3}",
    ),
    labels={"figure": "Figure", "table": "Tableau", "source": "Dessiné pour ce livre",
            "year": "Année", "count": "Entrées", "share": "Part", "see": "Voir aussi",
            "index": "histoire", "brief": "En bref", "chapter": "À propos :"},
)  # fmt: skip

VOCABULARIES = {"en": _ENGLISH, "fr": _FRENCH}
_TITLES = {"en": "A Book of Measure", "fr": "Un livre de mesure"}


def write_book(
    folder: Path,
    *,
    chapters: int,
    pages_per_chapter: int = 24,
    seed: int = 1,
    languages: Sequence[str] = ("en",),
) -> None:
    """Write a publication into a folder: ``publication.toml``, Markdown, pictures and data."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "publication.toml").write_text(_settings(languages), encoding="utf-8")
    _write_pictures(folder / "figures", chapters, seed)
    for lang in languages:
        (folder / lang).mkdir(exist_ok=True)
        for number in range(1, chapters + 1):
            # A seed a chapter: a book of more chapters begins with the same ones.
            chance = random.Random(f"{seed}-{lang}-{number}")
            author = _Author(VOCABULARIES[lang], chance, number, chapters)
            text = "\n\n".join(author.chapter(pages_per_chapter)) + "\n"
            (folder / lang / f"{number:03}.md").write_text(text, encoding="utf-8")


def _settings(languages: Sequence[str]) -> str:
    titles = ", ".join(f"{lang} = {json.dumps(_TITLES[lang])}" for lang in languages)
    codes = ", ".join(f'"{lang}"' for lang in languages)
    return (
        f'title = {{ {titles} }}\nslug = "measure"\nlanguages = [{codes}]\ndate = 2026-01-05\n'
        'description = "A book made to be measured."\nrights = "Public domain (CC0)."\n'
        'front = ["half-title", "title-page", "imprint", "contents", "figures"]\nback = ["index"]\n'
        '\n[[creators]]\nname = "Ada Composer"\nsort = "Composer, Ada"\n'
        '\n[publisher]\nname = "The Bench Press"\nplace = "Nowhere"\n'
    )


# --- pictures ------------------------------------------------------------------------------------


def _write_pictures(folder: Path, chapters: int, seed: int) -> None:
    """Photographs that many chapters share, a drawing a chapter, a chart for every fourth."""
    folder.mkdir(exist_ok=True)
    for number in range(PHOTOGRAPHS):
        (folder / f"photograph-{number}.jpg").write_bytes(_photograph(number, seed))
    for number in range(1, chapters + 1):
        chance = random.Random(f"{seed}-drawing-{number}")
        (folder / f"drawing-{number}.svg").write_text(_drawing(chance), encoding="utf-8")
        if number % 4 == 1:
            (folder / f"chart-{number}.vl.json").write_text(_chart(chance), encoding="utf-8")


def _photograph(number: int, seed: int) -> bytes:
    """A grainy landscape: some 60 kB that do not compress to nothing."""
    chance = random.Random(f"{seed}-photograph-{number}")
    small = Image.frombytes("RGB", (96, 64), chance.randbytes(96 * 64 * 3))
    picture = small.resize((960, 640), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y = chance.randrange(960), chance.randrange(300, 640)
        colour = tuple(chance.randrange(60, 200) for _ in range(3))
        draw.polygon([(x - 200, 640), (x, y), (x + 200, 640)], fill=colour)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


def _drawing(chance: random.Random) -> str:
    circles = "".join(
        f'<circle cx="{chance.randrange(40, 560)}" cy="{chance.randrange(40, 260)}" '
        f'r="{chance.randrange(8, 60)}" fill="none" stroke="#38517e" stroke-width="2"/>'
        for _ in range(24)
    )
    words = "".join(
        f'<text x="{chance.randrange(20, 480)}" y="{chance.randrange(30, 290)}" '
        f'font-family="Source Sans 3" font-size="16">{chance.choice(_ENGLISH.nouns)}</text>'
        for _ in range(6)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 300" width="600" height="300">'
        f'<rect width="600" height="300" fill="#eceef1"/>{circles}{words}</svg>'
    )


def _chart(chance: random.Random) -> str:
    values = [{"year": 1990 + n, "count": chance.randrange(20, 400)} for n in range(16)]
    return json.dumps(
        {
            "width": 420,
            "height": 200,
            "data": {"values": values},
            "mark": "bar",
            "encoding": {
                "x": {"field": "year", "type": "ordinal", "title": None},
                "y": {"field": "count", "type": "quantitative", "title": None},
            },
        },
        indent=1,
    )


# --- text ----------------------------------------------------------------------------------------


@dataclass
class _Author:
    """Writes one chapter."""

    words: Vocabulary
    chance: random.Random
    number: int
    chapters: int

    def __post_init__(self) -> None:
        self.notes: list[str] = []
        self.count = 0

    def chapter(self, pages: int) -> Iterator[str]:
        """The chapter's blocks: for each page a text and one of the book's other pieces."""
        noun = self._noun()
        title = f"{self.words.labels['chapter']} {self.chance.choice(self.words.qualities)} {noun}"
        yield (
            f'+++\ntitle = "{title}"\nid = "chapter-{self.number}"\n'
            f'standfirst = "{self.sentence()}"\n+++'
        )
        pieces = (self._figure, self._table, self._code, self._box, self._quotation, self._photo)
        for page in range(pages):
            if page % 3 == 1:
                yield f"## {self.heading()} {{#section-{self.number}-{page}}}"
            elif page % 3 == 2:
                yield f"### {self.heading()}"
            yield from self._page()
            if page and page % 2 == 0:
                yield from pieces[page // 2 % len(pieces)]()
        if self.number % 4 == 1:
            yield from self._chart_figure()
        yield from self.notes

    def heading(self) -> str:
        return f"{self.chance.choice(self.words.qualities)} {self._noun()}".capitalize()

    def sentence(self) -> str:
        clauses = [self._clause() for _ in range(self.chance.choice((1, 2, 2, 3)))]
        text = clauses[0]
        for clause in clauses[1:]:
            text += f", {self.chance.choice(self.words.joins)} {clause}"
        if self.chance.random() < 0.3:
            return f"{self.chance.choice(self.words.openings)} {text}."
        return text[0].upper() + text[1:] + "."

    def _clause(self) -> str:
        chance, words = self.chance, self.words
        return chance.choice(words.patterns).format(
            n=self._noun(),
            n2=self._noun(),
            n3=self._noun(),
            q=chance.choice(words.qualities),
            q2=chance.choice(words.qualities),
            v=chance.choice(words.verbs),
        )

    def _noun(self) -> str:
        return self.chance.choice(self.words.nouns)

    def _page(self) -> Iterator[str]:
        """A page's worth of paragraphs, one of them with a note, an index term and faces."""
        written = 0
        while written < WORDS_PER_PAGE:
            sentences = [self.sentence() for _ in range(self.chance.randrange(3, 7))]
            paragraph = " ".join(sentences)
            written += paragraph.count(" ") + 1
            yield self._enrich(paragraph)

    def _enrich(self, paragraph: str) -> str:
        noun = self._noun()
        self.count += 1
        kind = self.count % 6
        if kind == 0:
            return f"{paragraph} *{self.sentence()[:-1]}*, `{noun}.{self.count}()`."
        if kind == 1:
            term = f"{noun}; {self.words.labels['index']} {self._noun()}"
            return f"{paragraph} {noun.capitalize()}{{index: {term}}}: **{self._clause()}**."
        if kind == 2:
            name = f"n{len(self.notes) + 1}"
            self.notes.append(f"[^{name}]: {self.sentence()} {self.sentence()}")
            return f"{paragraph}[^{name}]"
        if kind == 3:
            return f"{paragraph} {self.words.labels['see']} {self._reference()}."
        return paragraph

    def _reference(self) -> str:
        """A link to a chapter near by, before or after, which cites its page."""
        near = range(max(1, self.number - 4), min(self.chapters, self.number + 4) + 1)
        others = [number for number in near if number != self.number] or [self.number]
        return f"[](#chapter-{self.chance.choice(others)})"

    def _captioned(self, file: str, more: str = "") -> Iterator[str]:
        self.count += 1
        name = f"fig-{self.number}-{self.count}"
        credit = self.words.labels["source"]
        yield f'![{self.sentence()}](../figures/{file}){{#{name}{more} credit="{credit}"}}'
        yield f"Figure: {self.sentence()}"
        yield f"{self.words.labels['see']} [](#{name}). {self.sentence()}"

    def _figure(self) -> Iterator[str]:
        yield from self._captioned(f"drawing-{self.number}.svg", " .wide")

    def _photo(self) -> Iterator[str]:
        yield from self._captioned(f"photograph-{self.chance.randrange(PHOTOGRAPHS)}.jpg")

    def _chart_figure(self) -> Iterator[str]:
        yield from self._captioned(f"chart-{self.number}.vl.json")

    def _table(self) -> Iterator[str]:
        self.count += 1
        labels = self.words.labels
        rows = [
            f"| {1900 + self.chance.randrange(120)} | {self._noun()} "
            f"| {self.chance.randrange(1, 9000)} | {self.chance.randrange(1, 100)} |"
            for _ in range(self.chance.randrange(5, 14))
        ]
        head = f"| {labels['year']} | {labels['table']} | {labels['count']} | {labels['share']} |"
        yield f"Table: {self.sentence()} {{#tbl-{self.number}-{self.count}}}"
        yield "\n".join([head, "|---|---|--:|--:|", *rows])

    def _code(self) -> Iterator[str]:
        lines = [f"def {self._plain()}(records, *, limit={self.chance.randrange(9, 99)}):"]
        lines.append(f'    """The {self._plain()} of a list of records."""')
        for _ in range(self.chance.randrange(4, 12)):
            name = self._plain()
            lines.append(
                f"    {name} = [r.{self._plain()} for r in records if r.size > {len(name)}]"
            )
        yield "\n".join(["```python", *lines, "    return records[:limit]", "```"])

    def _plain(self) -> str:
        return self.chance.choice(_ENGLISH.nouns).replace("-", "_")

    def _box(self) -> Iterator[str]:
        points = "\n".join(f"    - {self.sentence()}" for _ in range(3))
        yield f'!!! brief "{self.words.labels["brief"]}"\n{points}'

    def _quotation(self) -> Iterator[str]:
        yield f"> {self.sentence()} {self.sentence()}\n>\n> — {self._noun().capitalize()}"
