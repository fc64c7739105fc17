"""Builds that are killed or stopped: the output stays whole, the next build is right, no litter.

Ten moments by default; IMPRINT_LONG=1 tries two hundred.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from imprint.publish import STAGING, locked
from imprint.scratch import hold, sweep
from imprint.verify import verified
from tests.faults.small import built, command, digests, environment, write_small

_MOMENTS = 200 if os.environ.get("IMPRINT_LONG") else 10
_EDITIONS = ("-e", "web", "-l", "en", "-j", "2")


class Yard:
    """Two publications of one name, a build of each, and how long a build takes."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.before = write_small(folder / "before" / "book", mark="Before.")
        self.after = write_small(folder / "after" / "book", mark="After.")
        self.outputs = {
            "before": self._built(self.before, folder / "first"),
            "after": self._built(self.after, folder / "second"),
        }
        started = time.monotonic()
        self._built(self.after, folder / "timed", "--no-cache")
        self.seconds = time.monotonic() - started
        self.files = {name: digests(output) for name, output in self.outputs.items()}
        assert self.files["before"] != self.files["after"]

    def _built(self, source: Path, output: Path, *more: str) -> Path:
        run = built(source, output, self.home, *_EDITIONS, *more)
        assert run.returncode == 0, run.stderr
        return output


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Yard:
    return Yard(tmp_path_factory.mktemp("yard"))


def _descendants(session: int) -> Iterator[int]:
    """The processes of a session that still run."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                yield int(entry.name)


def _wait_until_gone(session: int) -> None:
    until = time.monotonic() + 20
    while list(_descendants(session)):
        assert time.monotonic() < until, "workers outlive the build that hired them"
        time.sleep(0.05)


@pytest.mark.parametrize("moment", range(_MOMENTS))
def test_killed_at_any_moment(moment: int, yard: Yard, tmp_path: Path) -> None:
    """Even moments build anew, odd ones with all in the cache, where publishing is most of it."""
    output = tmp_path / "out"
    shutil.copytree(yard.outputs["before"], output)
    cold = moment % 2 == 0
    more = ("--no-cache",) if cold else ()
    if not cold:
        shutil.copytree(yard.home, tmp_path / "home", symlinks=True)
    home = tmp_path / "home"
    chance = random.Random(moment)
    process = subprocess.Popen(
        command(yard.after, output, *_EDITIONS, *more),
        env=environment(home),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(chance.uniform(0.1, 1.1) * yard.seconds * (1 if cold else 0.5))
    process.send_signal(signal.SIGKILL)
    process.wait()
    _wait_until_gone(process.pid)
    _, found = verified(output)
    interrupted = any(d.code == "verify-interrupted" for d in found)
    wrong = [d for d in found if not d.code.startswith(("verify-interrupted", "verify-unknown"))]
    assert not wrong or interrupted, wrong
    again = built(yard.after, output, home, *_EDITIONS, *more)
    assert again.returncode == 0, again.stderr
    assert digests(output) == yard.files["after"]
    assert not list(output.glob(f"{STAGING}*"))


def test_what_was_begun_is_ended(yard: Yard, tmp_path: Path) -> None:
    """Killed between two renames: the next build carries out those that are left."""
    output = tmp_path / "out"
    shutil.copytree(yard.outputs["before"], output)
    killer = (
        "import os, signal, sys; from pathlib import Path; from imprint import publish as p\n"
        "from imprint.model import Edition\n"
        "real, count = p._put, [0]\n"
        "def put(new, target):\n"
        "    count[0] += 1\n"
        "    if count[0] == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    real(new, target)\n"
        "p._put = put\n"
        "made = [p.Finished(Edition('pdf', 'en', f'{n}.pdf'), {f'{n}.pdf': b'x'}) for n in 'ab']\n"
        "p.publish(Path(sys.argv[1]), made)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", killer, str(output)], env=environment(tmp_path / "h"), check=False
    )
    assert run.returncode == -signal.SIGKILL
    assert (output / "a.pdf").exists()
    assert not (output / "b.pdf").exists()
    with locked(output):
        pass
    count, found = verified(output)
    assert found == []
    assert (output / "b.pdf").read_bytes() == b"x"
    assert count == len(digests(output)) - 2


def test_ctrl_c_ends_all_and_leaves_nothing(yard: Yard, tmp_path: Path) -> None:
    output = tmp_path / "out"
    shutil.copytree(yard.outputs["before"], output)
    home = tmp_path / "home"
    for share in (0.3, 0.6):
        process = subprocess.Popen(
            command(yard.after, output, *_EDITIONS, "--no-cache"),
            env=environment(home),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        time.sleep(share * yard.seconds)
        # As a terminal does: to every process of the foreground.
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert process.returncode != 0
        assert "Traceback" not in said
        _wait_until_gone(process.pid)
        assert digests(output) == yard.files["before"]
        assert not list((home / "tmp").glob("imprint-*"))


def test_litter_of_the_killed_is_swept(tmp_path: Path) -> None:
    old, held, young = (tmp_path / f"imprint-{name}" for name in ("old", "held", "young"))
    for folder in (old, held, young):
        folder.mkdir()
    hour_ago = time.time() - 3600
    os.utime(old, (hour_ago, hour_ago))
    os.utime(held, (hour_ago, hour_ago))
    handle = hold(held)
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["imprint-held", "imprint-young"]
    os.close(handle)
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["imprint-young"]


def test_two_builds_at_once_do_not_mix(yard: Yard, tmp_path: Path) -> None:
    output = tmp_path / "out"
    home = environment(tmp_path / "home")
    both = [
        subprocess.Popen(command(source, output, *_EDITIONS), env=home)
        for source in (yard.before, yard.after)
    ]
    assert [process.wait(timeout=200) for process in both] == [0, 0]
    assert digests(output) in yard.files.values()
