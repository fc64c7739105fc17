"""Write docs/licences.md: what each package that the lock files name is licensed under.

The licences are those that the installed packages state themselves.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from imprint.sbom import licences

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
_HEAD = """# Licences

Imprint is under the AGPL-3.0-or-later; what you publish with it is yours. It stands on the packages below, each under the licence
that it states itself. `./run lock` writes this page; every build's bill of materials (`output/sbom.cdx.json`) says the same of what
made it. The fonts are under the SIL Open Font License (`templates/fonts/`), borders come from Natural Earth (public domain), the
colour profile's licence is beside it (`imprint/profiles/`).
"""
PARTS = {
    "requirements.lock": "Imprint needs",
    "requirements-test.lock": "Its tests need besides",
}


def locked(file: str) -> list[str]:
    """The names of the packages of a lock file."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return re.findall(r"^([A-Za-z0-9][\w.-]*)==", text, re.M)


def stated(name: str) -> str:
    """A package's licence, "" if it is not installed here (it may be for another system)."""
    try:
        found = licences(distribution(name))
    except PackageNotFoundError:
        return ""
    words = [each.get("expression") or each["license"].get("id") or each["license"]["name"] for each in found]
    return ", ".join(words) or "stated in its files alone"


def page() -> str:
    """The whole page."""
    lines, seen = [_HEAD], set()
    for file, title in PARTS.items():
        lines += [f"## {title}\n", "| package | licence |", "|---|---|"]
        for name in locked(file):
            if name not in seen and (licence := stated(name)):
                lines.append(f"| {name} | {licence} |")
            seen.add(name)
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
