"""A realistic long book, made of nothing: a stranger's manuscript of more than 400 pages.

The same arguments give the same bytes. The prose is nonsense about a harbour, but it has the shape
of a real handbook: parts, chapters of uneven length, sections and sub-sections, notes, tables,
pictures, code, lists, boxes, quotations, definitions, cross-references and terms of the index, in
four faces.
"""

from __future__ import annotations

import io
import random
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw

# A chapter's running text in words, and the pages that it takes with its tables and pictures.
CHAPTER_WORDS = 3600
CHAPTER_PAGES = 20

_NOUNS = (
    "harbour tide pilot gauge lighthouse anchorage breakwater current chart vessel signal station "
    "keeper estuary sluice ferry quay mooring survey sounding channel buoy wreck cargo ledger storm "
    "barometer watchman lantern forecast observation almanac customs committee engineer reef"
).split()
_ADJECTIVES = (
    "northern shallow reliable ancient provisional uneven careful remote seasonal official silent "
    "measured abandoned considerable astronomical brackish exposed ordinary unwritten slow"
).split()
_VERBS = (
    "records explains replaces follows shelters delays measures confirms contradicts governs "
    "connects precedes describes maintains interrupts rewards abandons repeats"
).split()
_ADVERBS = "seldom usually quietly evidently twice rarely gradually formally later almost".split()
_OPENINGS = (
    "In the spring of {year}, ", "By then ", "For all that, ", "According to the keeper, ",
    "On most days ", "As the ledgers show, ", "It is often said that ", "Between the two wars ",
    "", "", "", "", "", "",
)  # fmt: skip
_PLACES = (
    "Ardvick Börsholm Cairnbeg Dunrossness Eyrarbakki Fécamp Gâvres Helgeroa Ísafjörður Jurmala "
    "Kyleakin Łeba Mølle Nørresundby Öregrund Plouézec"
).split()
_CODE = {
    "python": (
        "def height(station: Station, at: datetime) -> float:\n"
        '    """The height of the tide in metres."""\n'
        "    total = station.mean_level\n"
        "    for wave in station.constituents:\n"
        "        total += wave.amplitude * cos(wave.speed * hours(at) - wave.phase)\n"
        "    return round(total, 2)  # {year} and after\n"
    ),
    "toml": '[station]\nname = "{place}"\nlatitude = 58.{number}\nmean_level_m = 2.{number}\n',
    "sh": "tidewatch read --station {place} --since {year} | sort -k2 > {noun}.txt\n",
}


@dataclass(frozen=True)
class Shape:
    """How much of everything a book has, and from which seed it grows."""

    pages: int = 420
    seed: int = 7

    @property
    def chapters(self) -> int:
        return max(1, round(self.pages / CHAPTER_PAGES))


@dataclass
class _Writer:
    """One chapter being written: the dice, and what can be referred to by now."""

    dice: random.Random
    number: int
    chapters: int
    figures: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    words: int = 0

    def pick(self, choices: tuple[str, ...] | list[str]) -> str:
        return self.dice.choice(choices)

    def filled(self, pattern: str) -> str:
        """A pattern with its year, place, noun and number."""
        return pattern.format(
            year=self.dice.randint(1790, 1999),
            place=self.pick(_PLACES),
            noun=self.pick(_NOUNS),
            number=self.dice.randint(10, 99),
        )

    # Words

    def phrase(self) -> str:
        return f"the {self.pick(_ADJECTIVES)} {self.pick(_NOUNS)}"

    def clause(self) -> str:
        return f"{self.phrase()} {self.pick(_ADVERBS)} {self.pick(_VERBS)} {self.phrase()}"

    def sentence(self) -> str:
        opening = self.filled(self.pick(_OPENINGS))
        text = opening + self.clause()
        if self.dice.random() < 0.5:
            text += self.pick([", and ", ", but ", ", although ", "; "]) + self.clause()
        if self.dice.random() < 0.3:
            text += f" of {self.pick(_PLACES)}"
        return text[0].upper() + text[1:] + "."

    def title(self) -> str:
        words = self.phrase().removeprefix("the ")
        ending = self.pick([" of {place}", " in {year}", " and its {noun}", ""])
        return (words + self.filled(ending)).capitalize()

    def embellished(self, sentence: str) -> str:
        """A sentence with one of the things that hang on words."""
        chance = self.dice.random()
        noun = self.pick(_NOUNS)
        if chance < 0.06:
            return f"{sentence} The word *{noun}* is older than **{self.pick(_PLACES)}** itself."
        if chance < 0.09:
            return (
                f"{sentence} See `{noun}.{self.pick(_VERBS)}()` and ***never*** ~~{noun}~~ again."
            )
        if chance < 0.13:
            self.notes.append(self.sentence())
            return f"{sentence[:-1]}.[^{len(self.notes)}]"
        if chance < 0.20:
            return f"{sentence} {noun.capitalize()}s{{index: {noun}; {self.pick(_ADJECTIVES)}}} matter."
        if chance < 0.24:
            return f"{sentence} In {self.pick(_PLACES)}{{index: {self.pick(_PLACES)}}} it was so."
        if chance < 0.28:
            return f"{sentence} {self.reference()}"
        if chance < 0.30:
            page = f"https://example.org/{noun}/{self.dice.randint(1, 999)}"
            return f"{sentence} More is said of [the {noun}]({page})."
        if chance < 0.31:
            return f"{sentence} The crew called it their *faute de mieux*{{lang=fr}}."
        return sentence

    def reference(self) -> str:
        """A sentence that refers to something of this chapter or to another chapter."""
        places = [*self.figures, *self.tables, *self.sections]
        if places and self.dice.random() < 0.6:
            return f"Compare [](#{self.pick(places)})."
        other = self.dice.randint(1, self.chapters)
        return f"More in [](#chapter-{other}), or [elsewhere](chapter-{other:02}.md)."

    def paragraph(self) -> str:
        sentences = [self.embellished(self.sentence()) for _ in range(self.dice.randint(3, 8))]
        text = " ".join(sentences)
        self.words += len(text.split())
        return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)

    # Blocks

    def blocks(self) -> Iterator[str]:
        """The chapter's blocks until it is long enough."""
        wanted = CHAPTER_WORDS * self.dice.uniform(0.6, 1.4)
        yield self.paragraph()
        while self.words < wanted:
            yield from self.section()

    def section(self) -> Iterator[str]:
        name = f"s-{self.number}-{len(self.sections) + 1}"
        yield f"## {self.title()} {{#{name}}}"
        self.sections.append(name)
        yield self.paragraph()
        for _ in range(self.dice.randint(2, 4)):
            yield from self.pick_block()
            yield self.paragraph()
        if self.dice.random() < 0.6:
            yield f"### {self.title()}"
            yield self.paragraph()
            yield from self.pick_block()
            yield self.paragraph()

    def pick_block(self) -> Iterator[str]:
        kinds = [
            self.list_, self.numbered, self.table, self.figure, self.code, self.box,
            self.quotation, self.definitions, self.pull_quote, self.paragraphs, self.paragraphs,
        ]  # fmt: skip
        return self.dice.choice(kinds)()

    def paragraphs(self) -> Iterator[str]:
        yield self.paragraph()
        yield self.paragraph()

    def list_(self) -> Iterator[str]:
        items = [f"- {self.sentence()}" for _ in range(self.dice.randint(3, 6))]
        if self.dice.random() < 0.4:
            items.insert(1, f"    - {self.sentence()}\n    - {self.sentence()}")
        yield "\n".join(items)

    def numbered(self) -> Iterator[str]:
        yield "\n".join(f"{n}. {self.sentence()}" for n in range(1, self.dice.randint(3, 6)))

    def table(self) -> Iterator[str]:
        name = f"tbl-{self.number}-{len(self.tables) + 1}"
        self.tables.append(name)
        yield f"Table: {self.title()} {{#{name}}}"
        rows = ["| Station | Observation | Height (m) |", "|---|---|---:|"]
        for _ in range(self.dice.choice((4, 6, 9, 24))):
            rows.append(
                self.filled("| {place} | ") + f"{self.clause()} | {self.dice.random():.2f} |"
            )
        yield "\n".join(rows)

    def figure(self) -> Iterator[str]:
        count = len(self.figures) + 1
        name = f"fig-{self.number}-{count}"
        self.figures.append(name)
        # A picture of several chapters' is stored once: every fifth is the same.
        ending = "png" if self.dice.random() < 0.6 else "svg"
        file = f"figures/{name}.{ending}" if count % 5 else f"figures/common.{ending}"
        seed = self.number * 100 + count if count % 5 else 0
        self.pictures[file] = _png(seed) if ending == "png" else _svg(seed)
        alternative = f"A curve of {self.dice.randint(20, 40)} heights at {self.pick(_PLACES)}."
        yield f'![{alternative}]({file}){{#{name} credit="Port of {self.pick(_PLACES)}"}}'
        yield f"Figure: {self.title()}."

    def code(self) -> Iterator[str]:
        language = self.pick(sorted(_CODE))
        yield f"```{language}\n{self.filled(_CODE[language])}```"

    def box(self) -> Iterator[str]:
        kind = self.pick(["brief", "note", "tip", "warning", "example"])
        body = textwrap.indent("\n".join(f"- {self.sentence()}" for _ in range(3)), "    ")
        yield f'!!! {kind} "{self.title()}"\n{body}'

    def quotation(self) -> Iterator[str]:
        yield f"> {self.sentence()} {self.sentence()}\n>\n> — {self.filled('Keeper at {place}')}"

    def pull_quote(self) -> Iterator[str]:
        yield f'!!! quote "{self.filled("Pilot, {place}")}"\n    {self.sentence()}'

    def definitions(self) -> Iterator[str]:
        terms = self.dice.sample(_NOUNS, 3)
        yield "\n\n".join(f"{term.capitalize()}\n:   {self.sentence()}" for term in terms)


def _png(seed: int) -> bytes:
    """A photograph's stand-in: grey bands and a curve."""
    dice = random.Random(seed)
    picture = Image.new("RGB", (720, 420), "#eceef1")
    draw = ImageDraw.Draw(picture)
    points = [(x, 210 + dice.randint(-150, 150)) for x in range(0, 721, 30)]
    for x in range(0, 720, 60):
        draw.rectangle((x, 0, x + 30, 420), fill="#dfe3ea")
    draw.line(points, fill="#38517e", width=5)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=False)
    return out.getvalue()


def _svg(seed: int) -> bytes:
    """A chart: a curve with words in the theme's face."""
    dice = random.Random(seed)
    points = " ".join(f"{x},{dice.randint(20, 280)}" for x in range(40, 600, 20))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 320" width="620" height="320">'
        '<path d="M40 20V290H610" fill="none" stroke="#5c6470"/>'
        f'<polyline points="{points}" fill="none" stroke="#8c3b1f" stroke-width="3"/>'
        '<text x="44" y="312" font-family="Source Sans 3" font-size="15">Hours after noon</text>'
        "</svg>"
    ).encode()


def write_long_book(folder: Path, shape: Shape = Shape()) -> Path:
    """A publication of about so many pages in the folder; the folder."""
    dice = random.Random(shape.seed)
    text = folder / "en"
    (text / "figures").mkdir(parents=True)
    files = []
    for number in range(1, shape.chapters + 1):
        writer = _Writer(random.Random(dice.random()), number, shape.chapters)
        files.append(f"chapter-{number:02}.md")
        (text / files[-1]).write_text(_chapter(writer), encoding="utf-8")
        for name, content in writer.pictures.items():
            (text / name).write_bytes(content)
    (folder / "publication.toml").write_text(_settings(files), encoding="utf-8")
    return folder


def _chapter(writer: _Writer) -> str:
    head = (
        f'+++\ntitle = "{writer.title()} ({writer.number})"\nid = "chapter-{writer.number}"\n'
        f'standfirst = "{writer.sentence()}"\n+++\n'
    )
    blocks = list(writer.blocks())
    notes = [f"[^{number}]: {note}" for number, note in enumerate(writer.notes, 1)]
    return "\n\n".join([head, *blocks, *notes]) + "\n"


def _settings(files: list[str]) -> str:
    """The publication's settings: its chapters in four parts."""
    per_part = -(-len(files) // 4)
    parts = [files[n : n + per_part] for n in range(0, len(files), per_part)]
    titles = ("The shore", "The instruments", "The people", "The future")
    lines = [
        'title = "The keeper’s handbook"',
        'subtitle = "Tides, stations and those who read them"',
        'slug = "handbook"',
        'languages = ["en"]',
        "date = 2024-03-01",
        'description = "All that a keeper of a tide gauge must know, at length."',
        'rights = "In the public domain."',
        'back = ["index"]',
        "",
        "[[creators]]",
        'name = "Una Gauge"',
        'sort = "Gauge, Una"',
        "",
        "[publisher]",
        'name = "Harbour Press"',
        'place = "Ardvick"',
    ]
    for title, chapters in zip(titles, parts, strict=False):
        listed = ", ".join(f'"{file}"' for file in chapters)
        lines += ["", "[[parts]]", f'title = "{title}"', f"chapters = [{listed}]"]
    return "\n".join(lines) + "\n"
