"""What each code means, from the handbook's page of diagnostics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# A wheel has the page within the package, a clone beside it.
_PAGES = (_PACKAGE / "pages" / "diagnostics.md", _PACKAGE.parent / "docs" / "diagnostics.md")
_SECTION = re.compile(
    r"^### `([a-z-]+)`\n\n\*\*(.+?)\*\*\n\n(.+?)(?=\n\n## |\n\n### `|\Z)", re.M | re.S
)


@dataclass(frozen=True)
class Explanation:
    """What a code wants to be so, and what to do where it is not, in Markdown."""

    code: str
    rule: str
    remedy: str


@cache
def explanations() -> Mapping[str, Explanation]:
    """The explanation of each code."""
    page = next(path for path in _PAGES if path.is_file()).read_text(encoding="utf-8")
    found = (Explanation(*map(str.strip, section)) for section in _SECTION.findall(page))
    return {each.code: each for each in found}
