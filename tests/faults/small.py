"""A publication of two chapters in two languages that has a bit of everything, and its builds."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SETTINGS = """title = { en = "Small", fr = "Petit" }
languages = ["en", "fr"]
date = 2020-01-01
front = ["title-page", "contents"]
"""
_ONE = """# One

Words *in* a paragraph.[^1] {index: Partnership}

![A square](square.svg){#fig-square}

Figure: A square.

[^1]: A note.
"""
_TWO = """# Two

See [](#fig-square) and [](01.md).

| a | b |
|---|---|
| 1 | 2 |

Table: Numbers. {#tbl-numbers}
"""
_SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 90"><rect width="80" height="80"/></svg>'


def write_small(folder: Path, *, mark: str = "") -> Path:
    """The publication in a new folder; ``mark`` makes it another one."""
    for lang in ("en", "fr"):
        (folder / lang).mkdir(parents=True)
        (folder / lang / "01.md").write_text(f"{_ONE}\n{mark}\n", encoding="utf-8")
        (folder / lang / "02.md").write_text(_TWO, encoding="utf-8")
        (folder / lang / "square.svg").write_text(_SQUARE, encoding="utf-8")
    (folder / "publication.toml").write_text(_SETTINGS, encoding="utf-8")
    return folder


def command(source: Path, output: Path, *more: str) -> list[str]:
    """The command line of a build."""
    return [sys.executable, "-m", "imprint", "build", str(source), "-o", str(output), "-q", *more]


def environment(home: Path, changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a build whose cache and scratch folders are below ``home``."""
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    own = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "TMPDIR": str(home / "tmp")}
    return os.environ | {"PYTHONPATH": str(ROOT)} | own | (changes or {})


def built(
    source: Path,
    output: Path,
    home: Path,
    *more: str,
    changes: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """A build that has come to its end."""
    return subprocess.run(
        command(source, output, *more),
        env=environment(home, changes),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def digests(output: Path) -> dict[str, str]:
    """Every file below a folder by its name, with the digest of its content."""
    return {
        path.relative_to(output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(output.rglob("*"))
        if path.is_file()
    }
