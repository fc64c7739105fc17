"""Put finished files into the output folder: all of them or none, the manifest last.

New files are written beside the old ones and flushed to the disk. Then a list of moves is made
final by one rename, and carried out: each move is one rename too. Where a move fails, those
before it are undone; where the process is killed between two, the next build ends what it began.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from imprint import __version__
from imprint.model import Edition

MANIFEST = "manifest.json"
# The manifest's own digest, in the form that ``sha256sum --check`` reads.
SEAL = "manifest.json.sha256"
STAGING = ".imprint-"
# A staging folder of this name is complete: its moves are to be carried out.
_FINAL = f"{STAGING}final"
_MOVES = "moves.json"


@dataclass(frozen=True)
class Finished:
    """An edition with its files: one under ``edition.file``, or many under it as a folder.

    A file is its content, or where its content is: long PDFs need not be held in memory.
    """

    edition: Edition
    files: Mapping[str, bytes | Path]

    @property
    def size_bytes(self) -> int:
        """The size of all files together."""
        return sum(map(_size, self.files.values()))

    @property
    def is_single(self) -> bool:
        """Whether the edition is a file and no folder."""
        return len(self.files) == 1 and self.edition.file.split("/")[-1] in self.files


def _size(content: bytes | Path) -> int:
    return content.stat().st_size if isinstance(content, Path) else len(content)


def _digest(content: bytes | Path) -> str:
    if not isinstance(content, Path):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Draft:
    """What is about to be published: the manifest's entries so far, and where each edition lies."""

    output: Path
    entries: Sequence[Mapping[str, object]]
    staged: Mapping[str, Path]

    def place(self, file: str) -> Path:
        """Where an edition lies now; those that are not made anew are in their places."""
        return self.staged.get(file, self.output / file)


def publish(
    output: Path,
    finished: Sequence[Finished],
    about: Callable[[Draft], Sequence[Finished]] = lambda draft: (),
) -> list[dict[str, object]]:
    """Put all files into their places; the entries of the new manifest.

    Nothing of the output changes before every new file is safely on the disk. Entries of editions
    that were not built this time stay. ``about`` makes what can only be said of finished files.
    """
    with locked(output):
        staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=output))
        try:
            staged = _stage(staging, finished)
            notes = about(Draft(output, _entries(output, finished), staged))
            staged |= _stage(staging, notes, first=len(finished))
            entries = _entries(output, [*finished, *notes])
            _finish(staging, output, staged, entries)
            final = output / _FINAL
            staging.rename(final)
            staging = final
            _carry_out(output, staging)
            (staging / _MOVES).unlink()
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return entries


# --- one at a time -------------------------------------------------------------------------------

_held: set[tuple[int, Path]] = set()


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """The output folder for this build alone; others wait. What killed builds left is put right.

    Whoever has it may ask for it again. The lock is on the folder itself: no file is left behind.
    """
    output.mkdir(parents=True, exist_ok=True)
    key = threading.get_ident(), output.resolve()
    if key in _held:
        yield
        return
    handle = os.open(output, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Some file systems know no locks: there it is up to people not to build twice at once.
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        _held.add(key)
        _put_right(output)
        yield
    finally:
        _held.discard(key)
        os.close(handle)


def _put_right(output: Path) -> None:
    """End what a killed build had begun to publish, and take away what others left."""
    final = output / _FINAL
    if (final / _MOVES).is_file():
        with suppress(OSError):
            _carry_out(output, final)
    for left in output.glob(f"{STAGING}*"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)


# --- staging -------------------------------------------------------------------------------------


def _stage(staging: Path, finished: Sequence[Finished], *, first: int = 0) -> dict[str, Path]:
    """Write editions into the staging folder: where each lies, by the place that it is for."""
    staged = {}
    for number, made in enumerate(finished, first):
        for name, content in made.files.items():
            _write(staging / str(number) / name, content)
        name = made.edition.file.split("/")[-1]
        staged[made.edition.file] = staging / str(number) / (name if made.is_single else "")
    return staged


def _finish(
    staging: Path,
    output: Path,
    staged: Mapping[str, Path],
    entries: Sequence[Mapping[str, object]],
) -> None:
    """Add the manifest to what is staged, and the list of moves to their places."""
    about = {"generator": f"Imprint {__version__}", "files": entries}
    manifest = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
    _write(staging / MANIFEST, manifest.encode())
    seal = f"{hashlib.sha256(manifest.encode()).hexdigest()}  {MANIFEST}\n"
    _write(staging / SEAL, seal.encode())
    places = {**staged, SEAL: staging / SEAL, MANIFEST: staging / MANIFEST}
    for target, new in places.items():
        if new.is_file() and (output / target).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), target)
        (output / target).parent.mkdir(parents=True, exist_ok=True)
    moves = [
        [new.relative_to(staging).as_posix(), target, new.stat().st_ino]
        for target, new in places.items()
    ]
    _write(staging / _MOVES, json.dumps(moves).encode())
    _sync(staging)


def _write(path: Path, content: bytes | Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        if isinstance(content, Path):
            with content.open("rb") as source:
                shutil.copyfileobj(source, file, 1 << 20)
        else:
            file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- moving --------------------------------------------------------------------------------------


def _carry_out(output: Path, staging: Path) -> None:
    """Make the moves of a staging folder, or none of them where one fails."""
    moves = json.loads((staging / _MOVES).read_text(encoding="utf-8"))
    made: list[tuple[Path, Path]] = []
    try:
        for staged, target, number in moves:
            # What has been moved before this process began has its number there.
            if not _has_number(output / target, number):
                _put(staging / staged, output / target)
                made.append((staging / staged, output / target))
    except BaseException:
        for new, target in reversed(made):
            _take_back(new, target)
        (staging / _MOVES).unlink(missing_ok=True)
        raise
    for folder in {output, *((output / target).parent for _, target, _ in moves)}:
        _sync(folder)


def _has_number(path: Path, number: int) -> bool:
    return os.path.lexists(path) and path.lstat().st_ino == number


def _put(new: Path, target: Path) -> None:
    """Put what is new into its place; what was there stands in the place of what was new."""
    if not os.path.lexists(target):
        new.rename(target)
    elif not _exchange(new, target):
        before = new.with_name(f"{new.name}.before")
        target.rename(before)
        new.rename(target)
        before.rename(new)


def _take_back(new: Path, target: Path) -> None:
    if os.path.lexists(new):
        _put(new, target)
    else:
        target.rename(new)


_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def _exchange(one: Path, other: Path) -> bool:
    """Have two files or folders change places in one step; False where the system cannot."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    paths = os.fsencode(one), os.fsencode(other)
    if not renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE):
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS):
        return False
    raise OSError(number, os.strerror(number), str(other))


# --- the manifest --------------------------------------------------------------------------------


def _entries(output: Path, finished: Sequence[Finished]) -> list[dict[str, object]]:
    """The manifest's entries: those of this build, and those of earlier ones still there."""
    made = [entry for each in finished for entry in _described(each)]
    replaced = {each.edition.file for each in finished}
    kept = [
        entry
        for entry in _earlier(output)
        if (output / str(entry["file"])).is_file()
        and not any(
            entry["file"] == file or str(entry["file"]).startswith(f"{file}/") for file in replaced
        )
    ]
    return sorted([*kept, *made], key=lambda entry: str(entry["file"]))


def _described(each: Finished) -> list[dict[str, object]]:
    edition = each.edition
    return [
        {
            "file": edition.file if each.is_single else f"{edition.file}/{name}",
            "edition": edition.kind,
            "language": edition.lang,
            "bytes": _size(content),
            "sha256": _digest(content),
            **({"pages": edition.pages} if edition.pages else {}),
        }
        for name, content in sorted(each.files.items())
    ]


def _earlier(output: Path) -> list[dict[str, object]]:
    try:
        known = json.loads((output / MANIFEST).read_text(encoding="utf-8"))
        return [entry for entry in known["files"] if isinstance(entry.get("file"), str)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
