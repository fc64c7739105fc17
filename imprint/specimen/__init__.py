"""A publication with every element of the format, for those who make themes."""

from __future__ import annotations

import shutil
from pathlib import Path

from jinja2 import Environment, StrictUndefined


def write_specimen(source: Path, folder: Path, *, theme: str, trim: str) -> None:
    """Put the specimen into a folder, to be built in a theme at a trim size."""
    for part in ("en", "figures"):
        shutil.copytree(source / part, folder / part)
    template = (source / "publication.toml.j2").read_text(encoding="utf-8")
    settings = Environment(undefined=StrictUndefined).from_string(template)
    (folder / "publication.toml").write_text(
        settings.render(theme=theme, trim=trim), encoding="utf-8"
    )
