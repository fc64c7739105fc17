"""What of a folder on disk is the manuscript's own: its Markdown files, and nothing outside it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .diagnostics import Diagnostic, error
from .heads import clean
from .room import inside

ENDINGS = (".md", ".markdown", ".mdown", ".mkd")
Found = list[Diagnostic]


def is_own_file(root: Path, file: str) -> bool:
    """Whether there is such a file in the folder, links followed."""
    path = root / file
    try:
        return path.is_file() and inside(root, path)
    except OSError:
        # A name may be longer than file systems allow.
        return False


_SKIPPED_FOLDERS = {
    "node_modules",
    "__pycache__",
    "venv",
    "_build",
    "_data",
    "_drafts",
    "_includes",
    "_layouts",
    "_sass",
    "_site",
}
LISTS = {"summary.md", "langs.md"}


def is_markdown(name: str) -> bool:
    """Whether a file's name ends like Markdown's."""
    return name.lower().endswith(ENDINGS) and not name.startswith(".")


def markdown_files(root: Path, found: Found) -> tuple[str, ...]:
    """The Markdown files under a folder, relative to it with "/", in natural order."""
    files: list[str] = []
    for place, folders, names in os.walk(root):
        here = Path(place)
        folders[:] = sorted(name for name in folders if _is_open(root, here / name, found))
        files += (
            relative
            for name in names
            if is_markdown(name)
            for relative in [(here / name).relative_to(root).as_posix()]
            if _is_readable(root, relative, found)
        )
    return tuple(sorted(files, key=natural))


def _is_open(root: Path, folder: Path, found: Found) -> bool:
    """Whether to look for chapters in a folder."""
    if folder.name.startswith(".") or folder.name in _SKIPPED_FOLDERS:
        return False
    if not folder.is_symlink():
        return True
    relative = folder.relative_to(root).as_posix()
    if not inside(root, folder):
        found.append(leads_out(printable(relative)))
    # A link to a folder inside holds nothing new, and may hold itself.
    return False


def _is_readable(root: Path, relative: str, found: Found) -> bool:
    """Whether a Markdown file is one of the folder's own."""
    if relative != printable(relative):
        message = "The file's name is not in UTF-8; it is left out."
        found.append(error("file-name", printable(relative), 0, 0, message, "Rename it."))
        return False
    if not inside(root, root / relative):
        found.append(leads_out(relative))
        return False
    # Pipes and devices would never end.
    return (root / relative).is_file()


def leads_out(file: str) -> Diagnostic:
    """The refusal of a link that leads out of the publication's folder."""
    message = "The link leads out of the publication's folder; it is not followed."
    return error("outside", file, 0, 0, message, "Copy what it names into the folder.")


def printable(name: str) -> str:
    """The name with "?" for what is no text."""
    return clean(name.encode("utf-8", errors="replace").decode("utf-8"))


def natural(path: str) -> list[tuple[list[tuple[str, int]], bool, str]]:
    """A key that sorts paths as people do: 2 before 10, a folder after the file of its name."""
    *folders, file = path.split("/")
    key = [(_natural_part(folder), True, folder) for folder in folders]
    return [*key, (_natural_part(file), False, file)]


def _natural_part(name: str) -> list[tuple[str, int]]:
    """The texts and numbers of a name without its ending, in turn."""
    stem = name
    for ending in ENDINGS:
        if name.lower().endswith(ending):
            stem = name[: -len(ending)]
    pieces = re.split(r"(\d+)", stem.casefold())
    return [
        (piece, int(number or 0))
        for piece, number in zip(pieces[::2], [*pieces[1::2], ""], strict=True)
    ]
