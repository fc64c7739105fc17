"""What a result depends on besides the manuscript: this program, its libraries, the fonts."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from imprint.cache import digest
from imprint.room import inside

_PACKAGE = Path(__file__).resolve().parent
_SYSTEM_FONTS = ("/usr/share/fonts", "/usr/local/share/fonts")
_LIBRARIES = ("libpango", "libharfbuzz", "libfontconfig", "libfreetype", "libfribidi")


@lru_cache(maxsize=1)
def engine() -> str:
    """The program and its libraries, by content or by version."""
    own = digest(*(file.read_bytes() for file in sorted(_PACKAGE.rglob("*.py"))))
    return digest(sys.version, own, *sorted(_distributions()), *sorted(_native_libraries()))


def _distributions() -> Iterator[str]:
    """The installed packages with their versions, as the names of their folders tell them."""
    for entry in sys.path:
        try:
            names = [path.name for path in Path(entry or ".").iterdir()]
        except OSError:
            continue
        yield from (name for name in names if name.endswith((".dist-info", ".egg-info")))


def _native_libraries() -> Iterator[str]:
    """Pango and what it stands on: versions are in the names of the files that links lead to."""
    for folder in (Path("/usr/lib"), Path("/usr/local/lib"), *Path("/usr/lib").glob("*-linux-*")):
        for name in _LIBRARIES:
            for path in folder.glob(f"{name}*.so.*"):
                yield f"{path.resolve()} {path.stat().st_size}"


def fonts(folder: Path) -> str:
    """The faces that the layout may use: the theme's by content, the system's by place and age."""
    own = (file.name.encode() + b"\0" + file.read_bytes() for file in files_in(folder))
    return digest(*own, *_system_fonts())


def _system_fonts() -> Iterator[str]:
    user = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "fonts"
    for folder in (*map(Path, _SYSTEM_FONTS), user):
        for file in files_in(folder):
            about = file.stat()
            yield f"{file} {about.st_size} {about.st_mtime_ns}"


def files_in(folder: Path, *, without: Iterable[Path] = ()) -> list[Path]:
    """Every file below a folder but those in hidden folders, in a fixed order."""
    left_out = {path.resolve() for path in without}
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and (here / name).resolve() not in left_out
        )
        found += [here / name for name in sorted(names)]
    return [file for file in found if file.is_file()]


def tree(folder: Path, *, without: Iterable[Path] = ()) -> dict[str, str]:
    """Every file below a folder by its relative name, with the digest of its content.

    A link that leads out of the folder stands for itself: nobody reads what it names.
    """
    found = {}
    for file in files_in(folder, without=without):
        name = file.relative_to(folder).as_posix()
        if file.is_symlink() and not inside(folder, file):
            found[name] = f"link to {file.readlink()}"
            continue
        with file.open("rb") as opened:
            found[name] = hashlib.file_digest(opened, "sha256").hexdigest()
    return found
