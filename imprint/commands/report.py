"""``imprint report``: the validators run on an output folder, and the conformance report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console


@click.command()
@click.argument(
    "output", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path("output")
)
def report(output: Path) -> None:
    """Check what lies in OUTPUT (by default: output) and write report.html and report.json.

    Runs veraPDF, EPUBCheck, Ace, axe-core and qpdf where they are set up. Exit code 1 tells that a
    check failed.
    """
    sys.exit(1 if validated(output) else 0)


def validated(output: Path) -> bool:
    """Whether any check failed, after the validators ran and their results were shown."""
    from imprint import report as conformance

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    with console.status("Checking") as status:
        made = conformance.validate(output, status.update)
    if not made["publications"]:
        console.print(f"There is nothing built in {output}.", style="red")
        return True
    failed = conformance.failures(made)
    for line in failed:
        console.print(line, style="red", markup=False)
    for line in _not_run(made):
        console.print(line, style="yellow", markup=False)
    console.print(f"{output / conformance.HTML} says what was checked and what is yours to check.")
    return bool(failed)


def _not_run(made: dict[str, Any]) -> list[str]:
    """The validators that could not run, each with why."""
    reasons = {
        check["validator"]: check["reason"]
        for publication in made["publications"]
        for edition in publication["editions"]
        for check in edition["checks"]
        if check["result"] == "not run"
    }
    return [f"{name} did not run: {reason}" for name, reason in reasons.items()]
