"""``imprint schema``: what ``publication.toml`` may say, for editors."""

from __future__ import annotations

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of publication.toml.

    Editors complete and check the file by it where its first line names the schema's file:
    #:schema publication.schema.json
    """
    from imprint.schema import schema_text

    click.echo(schema_text(), nl=False)
