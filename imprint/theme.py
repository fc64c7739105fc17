"""A theme: the templates and style sheets of a folder in ``templates/``, filled with a book."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from imprint import words as lexicon
from imprint.model import Book, Chapter, IndexEntry, PageMap, Publication

# Words bound together must not be wider than a cover.
_LONGEST_BOUND = 22
_SMALL_WORD = 3
SHEETS = ("tokens", "fonts", "page", "type", "opener", "figures", "tables", "boxes", "notes", "code",
          "front", "cover")  # fmt: skip


class Theme:
    """Where a theme's files are; an own sheet or template hides the default theme's."""

    def __init__(self, templates: Path, name: str) -> None:
        self.templates = templates
        self.name = name
        self.folders = [templates / name, templates / "default"]

    @property
    def folder(self) -> Path:
        """The theme's own folder."""
        return self.folders[0]

    @property
    def fonts(self) -> Path:
        """The folder of the faces that all themes share."""
        return self.templates / "fonts"

    @property
    def palette(self) -> Path:
        """The file of the colours, on screen and on press."""
        return self.templates / "palette.toml"

    def sheets(self) -> tuple[str, ...]:
        """The paged editions' style sheets in order: the default's, then the theme's own."""
        found = []
        for sheet in SHEETS:
            for folder in reversed(self.folders):
                path = folder / "css" / f"{sheet}.css"
                if path.is_file() and str(path) not in found:
                    found.append(str(path))
        return tuple(found)

    def render(self, template: str, **values: Any) -> str:
        """A template filled in."""
        return (
            _environment(tuple(str(f) for f in self.folders)).get_template(template).render(values)
        )


@lru_cache(maxsize=8)
def _environment(folders: tuple[str, ...]) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["bound"] = bound
    environment.filters["first_sentence"] = first_sentence
    return environment


def bound(title: str) -> str:
    """A title for large type: no line ends with a small word, which belongs to the next one.

    "La sécurité par le partenariat" breaks before "par", not behind "le".
    """
    words = title.split(" ")
    small = [word.isalpha() and len(word) <= _SMALL_WORD for word in words]
    spaces = ["\u00a0" if is_small else " " for is_small in small[:-1]]
    tied = "".join(itertools.chain(*zip(words, [*spaces, ""], strict=True)))
    longest = max(map(len, tied.split(" ")))
    return tied if longest <= _LONGEST_BOUND else title


def first_sentence(caption: str) -> str:
    """A caption as lists name it: what it says after its first sentence is for who looks at it."""
    match = re.match(r"(.{20,}?[^\W\d_]{2,}|.{20,}?\d)[.。](?=\s+[^\W\d_a-z])", caption, re.S)
    return match[1] if match else caption.removesuffix(".")


def chapter_html(
    theme: Theme,
    publication: Publication,
    chapter: Chapter,
    body: str,
    side: str = "recto",
    drawing: str = "",
) -> str:
    """The document of a chapter for the paged editions; the theme draws what ``drawing`` lacks."""
    return theme.render(
        "paged/chapter.html.j2",
        publication=publication,
        chapter=chapter,
        body=Markup(body),
        words=lexicon.words(chapter.lang),
        direction=lexicon.direction(chapter.lang),
        side=side,
        drawing=drawing,
    )


def part_html(
    theme: Theme, name: str, book: Book, page_map: PageMap, side: str = "recto", **more: Any
) -> str:
    """The document of a generated part: "half-title", "contents", "index", "cover" …"""
    lang = book.publication.lang
    return theme.render(
        f"paged/{name}.html.j2",
        publication=book.publication,
        words=lexicon.words(lang),
        direction=lexicon.direction(lang),
        side=side,
        toc=book.toc,
        anchors=book.anchors,
        pagemap=page_map,
        figures=book.figures,
        tables=book.tables,
        index=book.index,
        page_refs=page_references(page_map),
        initial=lambda entry: lexicon.initial(entry.term),
        date_text=lambda date: lexicon.date_text(date, lang),
        **more,
    )


def page_references(page_map: PageMap) -> Callable[[IndexEntry], list[tuple[str, str]]]:
    """A function from an index entry to its folios, runs of pages as "12–14", with ids."""

    def references(entry: IndexEntry) -> list[tuple[str, str]]:
        pages: dict[int, str] = {}
        for anchor in entry.ids:
            number = page_map.anchors.get(anchor)
            if number is not None:
                pages.setdefault(number, anchor)
        runs: list[list[int]] = []
        for number in sorted(pages):
            if runs and number == runs[-1][-1] + 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        return [(_run_label(page_map, run), pages[run[0]]) for run in runs]

    return references


def _run_label(page_map: PageMap, run: list[int]) -> str:
    first, last = (page_map.pages[n - 1].label for n in (run[0], run[-1]))
    return first if first == last else f"{first}–{last}"
