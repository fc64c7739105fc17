"""``imprint translations``: what of a translation is missing or older than its original."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from imprint.commands.show import show_diagnostics
from imprint.diagnostics import Diagnostic, has_errors, ordered
from imprint.model import Manuscript

# The lines of a file that are up to date, None for all of them.
_Marks = Mapping[str, frozenset[int] | None]


@click.command()
@click.argument(
    "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path("source")
)
@click.option("-l", "--lang", "languages", multiple=True, help="This translation only.")
@click.option(
    "--mark",
    "marks",
    multiple=True,
    metavar="WHERE",
    help="What is up to date: fr, fr/02.md or fr/02.md:88. May be given more than once.",
)
def translations(folder: Path, languages: tuple[str, ...], marks: tuple[str, ...]) -> None:
    """Say which paragraphs of the translations in FOLDER are missing or stale.

    The original is the publication's first language. A translation is tied to it when it is
    marked for the first time (--mark fr); from then on builds warn of every paragraph whose
    original was edited or added, until the translation is revised and marked again.

    Exit code 1 tells that a translation is not up to date.
    """
    from imprint.load import load

    manuscripts, found = load(folder, languages=languages)
    translated = [m for m in manuscripts if m.publication.lang != m.publication.languages[0]]
    told = [d for d in found if has_errors([d])]
    wanted = _wanted(marks, translated)
    for manuscript in translated:
        told += _in_order(manuscript, wanted)
    show_diagnostics(ordered(told), folder)
    if not translated:
        click.echo("There is no translation.")
    sys.exit(1 if told else 0)


def _wanted(marks: Sequence[str], translated: Sequence[Manuscript]) -> _Marks:
    """What is marked, by file: a whole language is all of its files."""
    files = {m.publication.lang: [source.file for source in m.sources] for m in translated}
    known = {file for of_language in files.values() for file in of_language}
    known |= {_original(m, file) for m in translated for file in files[m.publication.lang]}
    wanted: dict[str, frozenset[int] | None] = {}
    for mark in marks:
        match = re.fullmatch(r"(.*?):(\d+)", mark)
        file, line = match.groups() if match else (mark, None)
        for each in files.get(file, [file]):
            before = wanted.get(each, frozenset())
            whole = line is None or before is None
            wanted[each] = None if whole else (before or frozenset()) | {int(line or 0)}
            if each not in known:
                said = f"there is no translation `{each}`; name it relative to the publication."
                raise click.BadParameter(said, param_hint="--mark")
    return wanted


def _original(manuscript: Manuscript, file: str) -> str:
    return f"{manuscript.publication.languages[0]}/{file.partition('/')[2]}"


def _in_order(manuscript: Manuscript, wanted: _Marks) -> list[Diagnostic]:
    """Mark what is wanted of a translation, and say how it stands; what is left to do."""
    from imprint.translations import (
        comparisons,
        faults,
        read_record,
        renewed,
        write_record,
    )

    lang, original = manuscript.publication.lang, manuscript.publication.languages[0]
    record, broken = read_record(manuscript.root, lang)
    if broken:
        return broken
    compared, _ = comparisons(manuscript, untied=True)
    if any(c.translation in wanted or c.original in wanted for c in compared):
        record = {
            name: ties
            for chapter in compared
            if (name := chapter.translation.partition("/")[2])
            and (ties := renewed(chapter, record.get(name, ()), wanted))
        }
        write_record(manuscript.root, lang, original, record)
        compared, _ = comparisons(manuscript, untied=True)
    pairs = [pair for chapter in compared for pair in chapter.pairs]
    if not record:
        click.echo(
            f"{lang}: not tied to {original} yet. Tie it: imprint translations --mark {lang}"
        )
        return [d for d in faults(compared) if d.code != "translation-stale"]
    good = sum(pair.state == "good" for pair in pairs)
    click.echo(f"{lang}: {good} of {len(pairs)} paragraphs are up to date with {original}.")
    return list(faults(compared))
