"""Work that takes too much time or memory costs that piece of work, and is told of."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path

import pytest

from imprint.build import Request, build
from imprint.crew import Crew, Task, WorkerLostError, processes
from imprint.limits import Limits

_HIRE = partial(processes, limits=Limits(seconds=1, memory_bytes=600 * 1024**2, grace_seconds=1))


def _double(number: int) -> int:
    return 2 * number


def _run_for_ever() -> None:
    while True:
        try:
            time.sleep(60)
        except Exception:
            continue


def _stay_in_a_library() -> int:
    # No signal is looked at before the sum is done.
    return sum(range(10**11))


def _take_memory() -> int:
    return len(bytearray(2 * 1024**3))


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (_run_for_ever, "took longer than 1 seconds"),
        (_stay_in_a_library, ""),
        (_take_memory, "took more than 600 MiB of memory"),
    ],
)
def test_only_what_takes_too_much_is_lost(call: object, reason: str) -> None:
    crew = Crew(_HIRE, 2)
    tasks = [Task("1", _double, (1,)), Task("greedy", call, ()), Task("2", _double, (2,))]  # type: ignore[arg-type]
    results: dict[str, int] = {}
    started = time.monotonic()
    with pytest.raises(WorkerLostError) as lost:
        results.update((task.name, result) for task, result in crew.results(tasks))
    crew.close(wait_for_tasks=False)
    assert results == {"1": 2, "2": 4}
    assert lost.value.losses == (("greedy", reason),)
    assert time.monotonic() - started < 30


def test_all_losses_are_told_at_once() -> None:
    crew = Crew(_HIRE, 2)
    tasks = [Task(name, _take_memory, ()) for name in "ab"] + [Task("c", _double, (1,))]
    with pytest.raises(WorkerLostError) as lost:
        list(crew.results(tasks))
    crew.close(wait_for_tasks=False)
    assert sorted(name for name, _ in lost.value.losses) == ["a", "b"]


def _publication(folder: Path, chapters: dict[str, str]) -> Path:
    (folder / "en").mkdir(parents=True)
    settings = 'title = "Slow"\nlanguages = ["en"]\ndate = 2020-01-01\nfront = []\n'
    (folder / "publication.toml").write_text(settings, encoding="utf-8")
    for name, text in chapters.items():
        (folder / "en" / name).write_text(text, encoding="utf-8")
    return folder


def test_every_chapter_that_takes_too_long_is_named(tmp_path: Path) -> None:
    endless = "# Endless\n\n" + "A word and another and more of them still. " * 120_000
    chapters = {"01.md": "# Short\n\nText.\n", "02.md": endless, "03.md": endless}
    room = _publication(tmp_path / "room", chapters)
    limits = Limits(seconds=4, grace_seconds=2)
    workers = Crew(partial(processes, limits=limits), 2)
    started = time.monotonic()
    report = build(
        Request(room, tmp_path / "out", editions=("pdf",), cached=False), workers=workers
    )
    workers.close(wait_for_tasks=False)
    assert report.failed
    assert not (tmp_path / "out").exists()
    told = {d.file for d in report.diagnostics if d.code == "worker-lost"}
    assert told == {"en/02.md", "en/03.md"}
    assert time.monotonic() - started < 60


def test_a_figure_that_runs_wild_is_told_of(tmp_path: Path) -> None:
    room = _publication(tmp_path / "room", {"01.md": "# One\n\n![A chart](wild.vl.json)\n"})
    wild = {
        "data": {"sequence": {"start": 0, "stop": 400_000_000, "as": "a"}},
        "mark": "point",
        "encoding": {"x": {"field": "a", "type": "quantitative"}},
    }
    (room / "en" / "wild.vl.json").write_text(json.dumps(wild), encoding="utf-8")
    report = build(Request(room, tmp_path / "out", editions=("epub",), cached=False))
    told = [d for d in report.diagnostics if d.code == "figure-drawing"]
    assert [d.file for d in told] == ["en/wild.vl.json"], report.diagnostics
