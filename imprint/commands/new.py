"""``imprint new``: a small, complete publication to begin with."""

from __future__ import annotations

import datetime
import locale
import subprocess
from pathlib import Path

import click

from imprint.heads import known_language, presentable
from imprint.starting import Wish, sample_language, starter, write


@click.command()
@click.argument("name", type=click.Path(path_type=Path))
@click.option("--title", help="The title. [default: from NAME]")
@click.option("--author", help="Who wrote it. [default: git's user.name]")
@click.option("--lang", help="The language, such as en or pt-BR. [default: this system's]")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing; take the defaults.")
def new(name: Path, title: str | None, author: str | None, lang: str | None, yes: bool) -> None:
    """Make a small, complete publication in a new folder NAME.

    Asks for title, author and language unless they are given.
    """
    if name.exists() and not (name.is_dir() and not any(name.iterdir())):
        raise click.ClickException(f"{name} is there already. Give another name; nothing was made.")
    title = _answer("Title", title, presentable(name.resolve().name), yes=yes)
    author = _answer("Author", author, _git_name() or "Anonymous", yes=yes)
    code = _answer("Language", lang, _own_language(), yes=yes)
    tag = known_language(code)
    if not tag:
        raise click.ClickException(f"“{code}” is no language code: write one such as en or pt-BR.")
    wish = Wish(title, author, tag)
    try:
        write(name, starter(wish, datetime.date.today()))
    except OSError as fault:
        reason = fault.strerror or fault
        raise click.ClickException(f"{name} could not be written: {reason}.") from None
    _say_what_next(name, wish)


def _answer(question: str, given: str | None, default: str, *, yes: bool) -> str:
    """What was given, else the answer to a question; one line of words."""
    said = given or (default if yes else click.prompt(question, default=default))
    words = " ".join(str(said).split())
    return words or default


def _git_name() -> str:
    """The author's name as git knows it, "" if it does not."""
    asked = ["git", "config", "--get", "user.name"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return told.stdout.strip()


def _own_language() -> str:
    """The language of the system, "en" where it says none."""
    try:
        code = (locale.setlocale(locale.LC_CTYPE, "") or "").partition(".")[0]
    except locale.Error:
        return "en"
    return known_language(code).partition("-")[0] or "en"


def _say_what_next(name: Path, wish: Wish) -> None:
    click.echo(
        f"Made “{wish.title}” in {name}: three chapters in source/{wish.lang}/, a picture, a chart."
    )
    if sample_language(wish.lang) != wish.lang.partition("-")[0]:
        click.echo("The sample is in English: its chapters say so in their heads.")
    click.echo("\nWhat comes next:")
    for command, why in (
        (f"cd {name}", ""),
        ("imprint serve", "the book in a browser, while you write"),
        ("imprint check", "what is wrong, line by line"),
        ("imprint build", "all editions, in output/"),
    ):
        click.echo(f"  {command:<16}{why}".rstrip())
    click.echo("Then write in source/: publication.toml says what the publication is.")
