"""What earlier builds made, kept under a name made of everything that went in.

An entry is believed only if its check sum is right for its name and its content: a damaged,
truncated or misplaced one counts as missing and is made anew. Entries are JSON and files' bytes,
never pickles, so that a foreign entry may be wrong but cannot run code. Any number of builds may
use one store at once: entries appear whole, and a build links those that it works with to a
folder of its own, out of reach of whoever tidies up meanwhile.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from imprint import scratch

DEFAULT_LIMIT_BYTES = 2 * 1024**3
# A publication that has this folder keeps its cache there.
LOCAL_FOLDER = ".imprint"
_MAGIC = b"Imprint cache 1\n"
_HEAD = len(_MAGIC) + hashlib.sha256().digest_size


def cache_folder(publication: Path) -> Path:
    """Where a publication's cache is: in the publication if it has a place for it, else the user's."""
    local = publication / LOCAL_FOLDER
    return local if local.is_dir() else Path(platformdirs.user_cache_dir("imprint"))


def digest(*parts: bytes | str) -> str:
    """A name for what is made of these parts."""
    total = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        # With their lengths, so that no two lists of parts are the same bytes.
        total.update(len(content).to_bytes(8))
        total.update(content)
    return total.hexdigest()


class Store:
    """A folder of entries, by kind and key."""

    def __init__(self, folder: Path, *, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._numbers = itertools.count()
        folder.mkdir(parents=True, exist_ok=True)
        self._working = folder / "working"
        self._working.mkdir(exist_ok=True)
        self.own = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=self._working))
        self._held = scratch.hold(self.own)

    def close(self) -> None:
        """Give up the build's own folder, and make the store small enough again."""
        shutil.rmtree(self.own, ignore_errors=True)
        os.close(self._held)
        self.prune()

    def path(self, kind: str, key: str) -> Path:
        """Where an entry is or would be."""
        return self.folder / kind / key[:2] / key

    def get(self, kind: str, key: str) -> bytes | None:
        """An entry's content, None if there is none that can be believed."""
        path = self.path(kind, key)
        content = _read(path, key)
        if content is not None:
            # The age of an entry is the time since it was last of use.
            with contextlib.suppress(OSError):
                os.utime(path)
        return content

    def put(self, kind: str, key: str, content: bytes) -> None:
        """Keep an entry. A full or read-only disk only means that it is not kept."""
        path = self.path(kind, key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = self.own / f"new-{next(self._numbers)}-{threading.get_ident()}"
            beside.write_bytes(_sealed(key, content))
            beside.replace(path)
        except OSError:
            return

    def keep(self, kind: str, key: str, content: bytes) -> Kept:
        """The content in the build's own folder, where it stays until the build ends."""
        name = self.own / f"{kind}-{key}"
        if not name.exists():
            beside = self.own / f"new-{next(self._numbers)}-{threading.get_ident()}"
            # What lies there need not be what is meant: keeping it may have failed, unnoticed.
            if not _linked(self.path(kind, key), beside) or _read(beside, key) != content:
                beside.unlink(missing_ok=True)
                beside.write_bytes(_sealed(key, content))
            beside.replace(name)
        return Kept(name)

    def prune(self) -> None:
        """Take out the entries that were of no use for longest until the rest is small enough."""
        entries = sorted(_entries(self.folder), key=lambda entry: entry[0])
        total = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if total <= self.limit_bytes:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size
        scratch.sweep(self._working, pattern="*")


class Kept:
    """Content that is on the disk for as long as the build lasts."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> bytes:
        """The content."""
        return self.path.read_bytes()[_HEAD:]


@contextmanager
def store_for(publication: Path, *, used: bool = True) -> Iterator[Store]:
    """The store of a publication; where the cache is not to be used, one for this build alone."""
    if not used:
        with _passing_store() as passing:
            yield passing
        return
    try:
        store = Store(cache_folder(publication))
    except OSError:
        # No home, or one that cannot be written to: build all the same.
        with _passing_store() as passing:
            yield passing
        return
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _passing_store() -> Iterator[Store]:
    with scratch.scratch() as folder:
        store = Store(folder)
        try:
            yield store
        finally:
            store.close()


def clean(folder: Path) -> int:
    """Take out all entries of a store; how many bytes they were."""
    freed = 0
    for _, size, path in list(_entries(folder)):
        with contextlib.suppress(OSError):
            path.unlink()
            freed += size
    return freed


def _linked(path: Path, beside: Path) -> bool:
    try:
        os.link(path, beside)
    except OSError:
        return False
    return True


def _sealed(key: str, content: bytes) -> bytes:
    return _MAGIC + _seal(key, content) + content


def _seal(key: str, content: bytes) -> bytes:
    total = hashlib.sha256(key.encode() + b"\0")
    total.update(content)
    return total.digest()


def _read(path: Path, key: str) -> bytes | None:
    try:
        whole = path.read_bytes()
    except OSError:
        return None
    head, content = whole[:_HEAD], whole[_HEAD:]
    return content if head == _MAGIC + _seal(key, content) else None


def _entries(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Every entry's age, size and place."""
    for kind in _folders(folder):
        if kind.name == "working":
            continue
        for shelf in _folders(kind):
            for path in _listed(shelf):
                with contextlib.suppress(OSError):
                    about = path.stat()
                    yield about.st_mtime, about.st_size, path


def _folders(folder: Path) -> Iterable[Path]:
    return [path for path in _listed(folder) if path.is_dir() and not path.is_symlink()]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
