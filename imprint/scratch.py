"""Folders for what is needed while something is made, and the taking away of forgotten ones.

A process that is killed cannot tidy up. Whoever has a folder holds a lock on it, which ends with
the process: a folder that nobody holds any more is litter, and goes at the next build.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

_PREFIX = "imprint-"
# Between making a folder and locking it a moment passes.
_YOUNG_SECONDS = 60


@contextmanager
def scratch(folder: Path | None = None) -> Iterator[Path]:
    """A new folder, in ``folder`` or where the system has such, gone when it is done with."""
    with tempfile.TemporaryDirectory(
        prefix=_PREFIX, dir=folder, ignore_cleanup_errors=True
    ) as name:
        handle = hold(Path(name))
        try:
            yield Path(name)
        finally:
            os.close(handle)


@lru_cache
def lasting(purpose: str) -> Path:
    """A folder for one purpose until this process ends, the same at each call."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{purpose}-"))
    hold(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def hold(folder: Path) -> int:
    """Hold a folder for as long as this process lives or the handle is open."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    with suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def sweep(folder: Path | None = None, *, pattern: str = f"{_PREFIX}*") -> None:
    """Take away the folders that killed processes left."""
    for left in (folder or Path(tempfile.gettempdir())).glob(pattern):
        with suppress(OSError):
            about = left.lstat()
            is_own = left.is_dir() and not left.is_symlink() and about.st_uid == os.geteuid()
            if is_own and time.time() - about.st_mtime > _YOUNG_SECONDS and _is_forgotten(left):
                shutil.rmtree(left, ignore_errors=True)


def _is_forgotten(folder: Path) -> bool:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
