"""The handbook's page about the command line, as the commands describe themselves.

``python docs/commands_page.py`` writes it anew; a test holds it to the commands.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from imprint.commands import main

PAGE = Path(__file__).resolve().parent / "handbook" / "commands.md"
HEAD = """\
+++
title = "The command line"
standfirst = "Every command with its options, as its help shows them."
id = "commands"
+++

<!-- Written by docs/commands_page.py: change the commands, then run it. -->

Every command answers to `--help`. Exit code 0 tells that all went well, 1 that there were errors, 2 that the command was not
understood.
"""


def page() -> str:
    """The whole page."""
    context = click.Context(main, info_name="imprint")
    commands = [
        "\n".join(_command(command, click.Context(command, context, name)))
        for name in main.list_commands(context)
        if (command := main.get_command(context, name)) is not None
    ]
    return "\n".join([HEAD, *commands])


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    """A command's section: what it does, how it is called, its options."""
    yield f"## imprint {context.info_name} {{#imprint-{context.info_name}}}\n"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```sh\nimprint {context.info_name} {usage}\n```\n"
    for paragraph in (command.help or "").strip().split("\n\n"):
        yield f"{_marked(' '.join(paragraph.split()))}\n"
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if isinstance(parameter, click.Option) and record and "--help" not in record[0]:
            yield f"`{record[0]}`\n"
            yield f":   {_marked(' '.join(record[1].split()))}\n"


def _marked(text: str) -> str:
    """Text with options, files and names of arguments set as code, its brackets as they are."""
    arguments = {
        str(parameter.name).upper()
        for command in main.commands.values()
        for parameter in command.params
        if isinstance(parameter, click.Argument)
    }
    files = r"#:schema \S+|[\w./]*\w\.(?:toml|json|html|md)|\.imprint"
    names = "|".join([r"--[a-z-]+", files, *sorted(arguments)])
    return re.sub(rf"(?<![\w/])(?:{names})(?!\w)", r"`\g<0>`", text).replace("[", r"\[")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
