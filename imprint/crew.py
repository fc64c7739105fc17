"""Workers: tasks go to an executor, a few at a time, and a dead worker costs one task."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from typing import Any

from imprint.limits import USUAL, Limits, OverLimitError, take_seat, within
from imprint.scratch import lasting

# So many tasks a worker are on their way: enough that none waits, few enough to hold in memory.
_AHEAD = 3
# A process that was killed in the middle of a write is gone when that is done.
_DYING_SECONDS = 5
Hire = Callable[[int], Executor]


class WorkerLostError(Exception):
    """Tasks that could not be done: each killed its worker twice, or took more than it may.

    ``losses`` gives the name of each and why.
    """

    def __init__(self, name: str, reason: str = "", *others: WorkerLostError) -> None:
        super().__init__(name, reason)
        self.losses: tuple[tuple[str, str], ...] = (
            (name, reason),
            *(loss for other in others for loss in other.losses),
        )


@dataclass(frozen=True)
class Task:
    """A call to be made, under the name of what it is about."""

    name: str
    call: Callable[..., Any]
    arguments: tuple[Any, ...]


class Crew:
    """Workers that are hired when the first task comes, and anew when one has died.

    Without ``hire`` the tasks are done here, one after another.
    """

    def __init__(self, hire: Hire | None, size: int) -> None:
        self._hire = hire
        self.size = size
        self._executor: Executor | None = None
        self._closed = False
        self._lock = threading.Lock()

    @property
    def alone(self) -> bool:
        """Whether there is nobody but this process."""
        return self._hire is None

    def results(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Any]]:
        """Each task with its result, in the order in which they are done.

        What is lost is told of when all others are done, so that all of it is told at once.
        """
        if self._hire is None:
            for task in tasks:
                yield task, task.call(*task.arguments)
            return
        yield from self._spread(iter(tasks))

    def call_in(self) -> None:
        """Have the workers come while there is other work: starting takes them a second."""
        if self._hire is not None:
            threading.Thread(target=self._await_first, daemon=True).start()

    def _await_first(self) -> None:
        # Whoever needs workers will hear of it if none can be had.
        with contextlib.suppress(WorkerLostError, OSError, RuntimeError):
            for _ in range(self.size):
                self._submit(Task("", _nothing, ()))

    def relieve(self) -> None:
        """Have others do the tasks to come: those at work keep what they have read."""
        executor = self._let_go(for_good=False)
        if executor is not None:
            # Nothing is cancelled: whoever waits for a task that is would wait for ever.
            executor.shutdown(wait=False)

    def close(self, *, wait_for_tasks: bool = True) -> None:
        """Send the workers home."""
        executor = self._let_go(for_good=True)
        if executor is not None:
            _send_home(executor, wait_for_tasks=wait_for_tasks)

    def abandon(self) -> None:
        """End the workers at once, in the middle of what they do.

        Whoever waits for a task is told that it is lost. Were tasks cancelled instead, they would
        wait for ever: ``wait`` takes no notice of that (CPython 3.11 to 3.14).
        """
        executor = self._let_go(for_good=True)
        workers = multiprocessing.active_children()
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join(_DYING_SECONDS)
        if executor is not None:
            executor.shutdown(wait=False)

    def _let_go(self, *, for_good: bool) -> Executor | None:
        """Those who are at work, who get no more tasks; ``for_good`` nobody is hired after them."""
        with self._lock:
            executor, self._executor = self._executor, None
            self._closed = self._closed or for_good
        return executor

    def _spread(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Any]]:
        under_way: dict[Future[Any], tuple[Task, Executor]] = {}
        done: deque[Future[Any]] = deque()
        lost: list[WorkerLostError] = []
        while True:
            while len(under_way) < self.size * _AHEAD and (task := next(tasks, None)):
                future, executor = self._submit(task)
                under_way[future] = task, executor
            if not under_way:
                break
            done.extend(wait(under_way, return_when=FIRST_COMPLETED).done)
            while done:
                future = done.popleft()
                task, executor = under_way.pop(future)
                try:
                    result = self._result(future, task, executor)
                except WorkerLostError as loss:
                    lost.append(loss)
                else:
                    yield task, result
        if lost:
            raise WorkerLostError(*lost[0].losses[0], *lost[1:])

    def _submit(self, task: Task) -> tuple[Future[Any], Executor]:
        while True:
            executor = self._at_work()
            try:
                return executor.submit(within, task.call, *task.arguments), executor
            except (BrokenExecutor, RuntimeError):
                self._dismiss(executor)

    def _at_work(self) -> Executor:
        assert self._hire is not None
        with self._lock:
            if self._closed:
                raise WorkerLostError("")
            if self._executor is None:
                self._executor = self._hire(self.size)
            return self._executor

    def _dismiss(self, executor: Executor) -> None:
        """Have others hired for the tasks to come."""
        with self._lock:
            if self._executor is executor:
                self._executor = None
        _send_home(executor, wait_for_tasks=False)

    def _result(self, future: Future[Any], task: Task, executor: Executor) -> Any:
        try:
            return future.result()
        except BaseException as fault:
            if isinstance(fault, OverLimitError):
                raise WorkerLostError(task.name, str(fault)) from fault
            if type(fault).__name__ == "KilledWorker":
                # A cluster has tried more than once already, each time on another worker.
                raise WorkerLostError(task.name) from fault
            if not _is_death(fault):
                raise
        # All tasks of a pool fail when one of its workers dies; only alone can it be told whose
        # fault that was.
        self._dismiss(executor)
        if self._closed:
            raise WorkerLostError(task.name)
        assert self._hire is not None
        alone = self._hire(1)
        try:
            return alone.submit(within, task.call, *task.arguments).result()
        except BaseException as fault:
            if isinstance(fault, OverLimitError):
                raise WorkerLostError(task.name, str(fault)) from fault
            if _is_death(fault):
                raise WorkerLostError(task.name) from fault
            raise
        finally:
            _send_home(alone, wait_for_tasks=False)


def _send_home(executor: Executor, *, wait_for_tasks: bool) -> None:
    try:
        executor.shutdown(wait=wait_for_tasks, cancel_futures=True)
    except TypeError:
        # Dask's knows no more than Python 3.8's.
        executor.shutdown(wait=wait_for_tasks)


def _is_death(fault: BaseException) -> bool:
    """Whether a task failed because a worker died, of this task or of another one."""
    return isinstance(fault, BrokenExecutor | CancelledError)


def _nothing() -> None:
    """What a worker does to be there."""


def _way_to_start() -> str:
    """From a server that has all read already, where the path of its socket may be so long.

    The address of a socket has 108 bytes at most (unix(7)); some 40 of them are multiprocessing's.
    """
    return "forkserver" if len(os.fsencode(tempfile.gettempdir())) < 60 else "spawn"


def processes(size: int, limits: Limits = USUAL) -> Executor:
    """Worker processes on this machine, which have read the layout engine before they start."""
    context = multiprocessing.get_context(_way_to_start())
    context.set_forkserver_preload(["imprint.typeset", "imprint.packing"])
    if context.get_start_method() == "forkserver":
        _start_deaf()
    return ProcessPoolExecutor(
        max_workers=size,
        mp_context=context,
        initializer=take_seat,
        # Their scratch folders are in one of this process: it tidies up for those that it ends.
        initargs=(limits, lasting("workers")),
    )


def _start_deaf() -> None:
    """Start the process that all workers come from, so that Ctrl-C never interrupts its reading.

    It is the parent that is told to stop; without this both would say so, one with a traceback.
    """
    # It would undo the blocking below when it is started.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def cluster(address: str) -> tuple[Hire, int]:
    """Workers of a Dask cluster, ``tcp://HOST:PORT`` or ``dask://HOST:PORT``, and how many."""
    from distributed import Client

    client = Client(address.replace("dask://", "tcp://", 1), set_as_default=False)
    return lambda size: client.get_executor(), max(1, sum(client.nthreads().values()))


@contextmanager
def crew(hire: Hire | None, size: int) -> Iterator[Crew]:
    """Workers for as long as they are needed."""
    workers = Crew(hire, size)
    try:
        yield workers
    except BaseException:
        workers.close(wait_for_tasks=False)
        raise
    workers.close()
