"""``imprint explain``: what the code of a diagnostic means."""

from __future__ import annotations

import difflib

import click

from imprint.explained import Explanation, explanations


@click.command()
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Say what the CODE of a diagnostic means and what to do; without CODE, list all.

    Codes stand in square brackets in what `imprint check` and `imprint build` say.
    """
    known = explanations()
    if code is None:
        for each in known.values():
            click.echo(f"{each.code:<24}{each.rule}")
        return
    wanted = code.strip("[]").lower()
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, 3)
        hint = f"Did you mean {' or '.join(near)}?" if near else "List all with: imprint explain"
        raise click.ClickException(f"There is no code “{code}”. {hint}")
    click.echo(_told(known[wanted]))


def _told(explanation: Explanation) -> str:
    code = explanation.code
    return (
        f"{code}: {explanation.rule}\n\n{explanation.remedy}\n\n"
        f'Not to be told of it: ignore = ["{code}"] under [diagnostics] in publication.toml,\n'
        f"or <!-- imprint: ignore {code} --> in the line before."
    )
