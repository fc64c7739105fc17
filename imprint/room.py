"""The closed room: the one door through which files of a publication or a theme are read.

Manuscripts come from strangers. Whatever names a file (a picture, an include, a figure's data, a
style sheet's face, a line of SUMMARY.md) is read by :func:`read_inside`: it follows links first and
looks where they lead, reads nothing but plain files, and no more of them than is sensible.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

# Text that people write: the longest novels have some four million characters.
MOST_TEXT_BYTES = 16 * 1024 * 1024
# Tables and shapes of figures, faces of a theme.
MOST_DATA_BYTES = 64 * 1024 * 1024
MOST_PICTURE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Refusal:
    """Why a file is not read: ``code`` is the diagnostic's, ``reason`` a sentence about it."""

    code: str
    reason: str


OUTSIDE = Refusal("outside", "It leads out of the publication's folder.")
_MISSING = Refusal("unreadable", "There is no such file.")
_NO_FILE = Refusal("unreadable", "It is a folder or a device and no file.")


def inside(root: Path, path: Path) -> bool:
    """Whether the path, links followed, stays in the folder."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):
        return False


def local_path(address: str) -> str | Refusal:
    r"""The path with "/" that an address names, as far as it can be a file of the publication.

    Percent signs are decoded once, so that "%252e" is a name with a percent sign and no dot.
    A scheme (``file:``, ``C:``) or a host (``//host``, ``\\host``) is refused.
    """
    path = re.split(r"[?#]", address.strip(), maxsplit=1)[0]
    path = unquote(path).replace("\\", "/")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", path):
        return OUTSIDE
    if not path or re.search(r"[\0-\x1f\x7f]", path):
        return _MISSING
    return path


def read_inside(root: Path, path: Path, *, most_bytes: int) -> bytes | Refusal:
    """The content of a file below ``root``, or why it is not read."""
    try:
        real = path.resolve()
        if not real.is_relative_to(root.resolve()):
            return OUTSIDE
        # Not to wait for a pipe's other end; and not to follow a link put there since.
        handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            return _content(file.fileno(), most_bytes)
    except (FileNotFoundError, NotADirectoryError):
        return _MISSING
    except (OSError, RuntimeError, ValueError) as fault:
        said = getattr(fault, "strerror", None) or str(fault)
        return Refusal("unreadable", f"It cannot be read: {said}.")


def _content(handle: int, most_bytes: int) -> bytes | Refusal:
    about = os.fstat(handle)
    if not stat.S_ISREG(about.st_mode):
        return _NO_FILE
    if about.st_size > most_bytes:
        return _too_large(most_bytes)
    pieces: list[bytes] = []
    # What a file says of its size need not be so (those of /proc say 0).
    left = most_bytes + 1
    while left > 0 and (piece := os.read(handle, min(left, 1024 * 1024))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces) if left > 0 else _too_large(most_bytes)


def _too_large(most_bytes: int) -> Refusal:
    return Refusal("too-large", f"It is larger than {most_bytes // 1024**2} MiB.")
