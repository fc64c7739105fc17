"""The command line: one file a command."""

from __future__ import annotations

import click

from imprint import __version__
from imprint.commands.build import build
from imprint.commands.check import check
from imprint.commands.clean import clean
from imprint.commands.new import new
from imprint.commands.report import report
from imprint.commands.schema import schema


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="Imprint")
def main() -> None:
    """One folder of Markdown becomes a PDF, a print PDF, an EPUB and a web edition.

    Begin with: imprint build FOLDER
    """


main.add_command(build)
main.add_command(check)
main.add_command(clean)
main.add_command(new)
main.add_command(report)
main.add_command(schema)
