"""Caches whose entries are damaged, swapped or used by many at once: the bytes stay right.

A few entries by default; IMPRINT_LONG=1 damages a hundred and more, and has many builds at once.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from imprint.cache import Store
from tests.examples import LONG
from tests.faults.small import built, command, digests, environment, write_small

_EDITIONS = ("-e", "pdf", "-e", "epub") if LONG else ("-e", "pdf", "-l", "en")
_ROUNDS = 12 if LONG else 1
_CROWDS = 10 if LONG else 1


def _entries(cache: Path) -> list[Path]:
    return sorted(path for path in cache.glob("*/??/*") if path.is_file() and len(path.name) == 64)


def _believed(store: Store, entry: Path) -> bool:
    return store.get(entry.parent.parent.name, entry.name) is not None


def _truncated(entry: Path, other: Path, chance: random.Random) -> None:
    os.truncate(entry, chance.randrange(entry.stat().st_size))


def _flipped(entry: Path, other: Path, chance: random.Random) -> None:
    content = bytearray(entry.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    entry.write_bytes(content)


def _swapped(entry: Path, other: Path, chance: random.Random) -> None:
    shutil.copy(other, entry.with_name("x"))
    entry.with_name("x").replace(entry)


_DAMAGES: Sequence[Callable[[Path, Path, random.Random], None]] = (_truncated, _flipped, _swapped)


def test_damaged_entries_are_noticed_and_remade(tmp_path: Path) -> None:
    source, home = write_small(tmp_path / "book"), tmp_path / "home"
    assert built(source, tmp_path / "first", home, *_EDITIONS).returncode == 0
    good = digests(tmp_path / "first")
    cache = home / "cache" / "imprint"
    store = Store(cache)
    count = 0
    for number in range(_ROUNDS):
        chance = random.Random(number)
        entries = _entries(cache)
        damaged = chance.sample(entries, len(entries) // 3)
        for place, entry in enumerate(damaged):
            other = chance.choice([e for e in entries if e != entry])
            _DAMAGES[place % 3](entry, other, chance)
        assert not [entry for entry in damaged if _believed(store, entry)]
        run = built(source, tmp_path / f"again{number}", home, *_EDITIONS)
        assert run.returncode == 0, run.stderr
        assert digests(tmp_path / f"again{number}") == good
        # What an earlier build told is of no use for another output.
        needed = [entry for entry in damaged if entry.parent.parent.name != "builds"]
        assert [entry for entry in needed if not _believed(store, entry)] == []
        count += len(needed)
    store.close()
    assert count >= (100 if LONG else 5)


@pytest.mark.parametrize("crowd", range(_CROWDS))
def test_many_builds_share_a_cache_that_is_damaged_meanwhile(crowd: int, tmp_path: Path) -> None:
    source, home = write_small(tmp_path / "book"), tmp_path / "home"
    options = ("-e", "pdf", "-j", "1")
    assert built(source, tmp_path / "first", home, *options).returncode == 0
    good = digests(tmp_path / "first")
    cache = home / "cache" / "imprint"
    chance = random.Random(crowd)
    if crowd % 2:
        shutil.rmtree(cache)
    variables = environment(home)
    running = [
        subprocess.Popen(
            command(source, tmp_path / f"out{n}", *options),
            env=variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(4 if LONG else 2)
    ]
    while any(process.poll() is None for process in running):
        for entry in chance.sample(entries := _entries(cache), len(entries) // 4):
            # Replaced as a disk or another program would, not by those who write entries.
            beside = tmp_path / "beside"
            try:
                beside.write_bytes(entry.read_bytes()[: chance.randrange(1, 400)])
                beside.replace(entry)
            except FileNotFoundError:
                continue
        if chance.random() < 0.1:
            shutil.rmtree(cache / "pages", ignore_errors=True)
    said = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0] * len(running), said
    for n in range(len(running)):
        assert digests(tmp_path / f"out{n}") == good
