"""A new publication: small, complete, and a sample of what most books need.

The sample's words are in ``starter/en`` and ``starter/fr``; in any other language it is in English
and says so to whoever reads it aloud.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.abc import Traversable
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from .schema import schema_text

_SAMPLES = ("en", "fr")
_HIDDEN = ("gitignore", "vscode", "taplo.toml")


@dataclass(frozen=True)
class Wish:
    """What the author said of the new publication; ``lang`` is a language tag."""

    title: str
    author: str
    lang: str


def starter(wish: Wish, today: datetime.date) -> dict[str, str]:
    """The files of a new publication by their names, relative to its folder."""
    sample = sample_language(wish.lang)
    home = files("imprint") / "starter"
    made = {_shown(name): text for name, text in _texts(home / "common")}
    for name, text in _texts(home / sample):
        if name == "publication.toml.j2":
            made["source/publication.toml"] = _settings(text, wish, today)
        elif name.endswith(".toml"):
            stem = name.removesuffix(".toml")
            made[f"source/figures/{stem}.{wish.lang}.toml"] = text
        else:
            made[f"source/{wish.lang}/{name}"] = _chapter(text, sample, wish.lang)
    made["publication.schema.json"] = schema_text()
    return made


def sample_language(lang: str) -> str:
    """The language that the sample is in."""
    language = lang.partition("-")[0]
    return language if language in _SAMPLES else "en"


def write(folder: Path, made: dict[str, str]) -> None:
    """Write the files into a folder that holds none of them."""
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def _texts(folder: Traversable, within: str = "") -> Iterator[tuple[str, str]]:
    """The files under a folder, by their names relative to it."""
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        name = f"{within}{item.name}"
        if item.is_dir():
            yield from _texts(item, f"{name}/")
        else:
            yield name, item.read_text(encoding="utf-8")


def _shown(name: str) -> str:
    """The name of a file in the new folder: what systems hide has a dot there."""
    return f".{name}" if name.startswith(_HIDDEN) else name


def _settings(text: str, wish: Wish, today: datetime.date) -> str:
    """``publication.toml`` with the author's words in it."""
    template = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(text)
    return template.render(
        title=quoted(wish.title),
        author=quoted(wish.author),
        lang=quoted(wish.lang),
        lang_key=wish.lang,
        date=today.isoformat(),
        rights=quoted(f"© {today.year} {wish.author}"),
    )


def quoted(text: str) -> str:
    """The text as a string of TOML, whose escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _chapter(text: str, sample: str, lang: str) -> str:
    """The chapter; where it is not in the publication's language its head says so."""
    if lang.partition("-")[0] == sample:
        return text
    own = f'lang = "{sample}"  # of the sample: delete this line when the words are yours\n'
    return text.replace("+++\n", f"+++\n{own}", 1)
