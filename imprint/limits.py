"""How much time and memory a worker may take for one piece of work: a chapter, a figure.

A piece that takes too long is first interrupted. Where that does not help, because the time goes
by inside a library, the worker ends itself; the crew then tells whose fault it was.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import resource
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

# A chapter of 300 pages takes a minute on a slow machine.
_SECONDS = 300
_MEMORY_BYTES = 3 * 1024**3
_GRACE_SECONDS = 10


@dataclass(frozen=True)
class Limits:
    """The most seconds and bytes of memory for one piece of work.

    One that is interrupted has ``grace_seconds`` to come to its end.
    """

    seconds: float = _SECONDS
    memory_bytes: int = _MEMORY_BYTES
    grace_seconds: float = _GRACE_SECONDS


USUAL = Limits()
FOR_A_FIGURE = Limits(seconds=60, memory_bytes=1024**3)


class OverLimitError(BaseException):
    """A piece of work took too much. No library may take this for a fault of its own."""


@dataclass
class _Seat:
    """What a worker process has been told when it was hired."""

    limits: Limits | None = None
    nowhere: TextIO | None = None


_seat = _Seat()


def take_seat(limits: Limits, room: Path) -> None:
    """Have this process, a worker's, keep to the limits and its scratch to ``room`` from now on."""
    _seat.limits = limits
    tempfile.tempdir = str(room)
    leave_with_parent()
    # It is the parent that is told to stop by Ctrl-C; it sends its workers home.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What is written to, not what is reserved: JavaScript's engine reserves without end.
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = limits.memory_bytes if hard == resource.RLIM_INFINITY else min(limits.memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def leave_with_parent() -> None:
    """End this process when the one that hired it is gone, killed without a word perhaps.

    A pool's workers wait on a pipe whose other end they hold as well: they would wait for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def within(call: Callable[..., Any], *arguments: Any) -> Any:
    """The result of the call, within the limits of the process if it has any."""
    limits = _seat.limits
    if limits is None or threading.current_thread() is not threading.main_thread():
        return call(*arguments)
    try:
        with _watched(limits.seconds, limits.grace_seconds):
            return call(*arguments)
    except MemoryError as fault:
        said = f"took more than {limits.memory_bytes // 1024**2} MiB of memory"
        raise OverLimitError(said) from fault


@contextmanager
def _watched(seconds: float, grace_seconds: float) -> Iterator[None]:
    """Interrupt what takes longer, and end the process if that is of no avail."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise OverLimitError(f"took longer than {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, interrupt)
    if _seat.nowhere is None:
        # faulthandler's thread needs nothing of Python's, not even its lock, to end the process.
        _seat.nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    faulthandler.dump_traceback_later(seconds + grace_seconds, exit=True, file=_seat.nowhere)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)
