"""``imprint verify``: whether published files are as they were when they were published."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from imprint import diagnostics as findings
from imprint.commands.show import show_diagnostics
from imprint.verify import verified


@click.command()
@click.argument("output", type=click.Path(path_type=Path), default=Path("output"))
def verify(output: Path) -> None:
    """Compare every file of OUTPUT (by default: output) with its manifest.

    Exit code 1 tells that a file is missing or is not what was published.
    """
    count, found = verified(output)
    show_diagnostics(findings.ordered(found), output)
    click.echo(f"{count} {'file is' if count == 1 else 'files are'} as published.")
    sys.exit(1 if findings.has_errors(found) else 0)
