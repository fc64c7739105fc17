"""The command line: one file a command."""

from __future__ import annotations

from importlib import import_module

import click

from imprint import __version__

# Each command's name with its module and what it is called there. A command is loaded when it is
# called: a build with nothing to do takes less time than loading them all.
_COMMANDS = {
    "build": ("build", "build"),
    "check": ("check", "check"),
    "clean": ("clean", "clean"),
    "explain": ("explain", "explain"),
    "import": ("import_book", "import_book"),
    "new": ("new", "new"),
    "proof": ("proof", "proof"),
    "report": ("report", "report"),
    "schema": ("schema", "schema"),
    "serve": ("serve", "serve"),
    "theme": ("theme", "theme"),
    "translations": ("translations", "translations"),
    "verify": ("verify", "verify"),
}


class _Commands(click.Group):
    """The commands, by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of the help."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, None if there is none."""
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        found = getattr(import_module(f"imprint.commands.{module}"), name)
        assert isinstance(found, click.Command)
        return found


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="Imprint")
def main() -> None:
    """One folder of Markdown becomes a PDF, a print PDF, an EPUB and a web edition.

    Begin with: imprint build FOLDER
    """
