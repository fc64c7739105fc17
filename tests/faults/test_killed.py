"""Builds that are killed or stopped: the output stays whole, the next build is right, no litter.

Ten moments of a small build by default; IMPRINT_LONG=1 tries two hundred, a quarter of them of a
build of all editions in both languages, and stops a hundred by Ctrl-C.
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
from functools import partial
from pathlib import Path

import pytest

from imprint.publish import STAGING, locked
from imprint.scratch import hold, sweep
from imprint.verify import verified
from tests.examples import LONG
from tests.faults.small import built, command, digests, environment, write_small

_KILLED = 200 if LONG else 10
_STOPPED = 100 if LONG else 2
_WEB = ("-e", "web", "-l", "en", "-j", "2")
_ALL = ("-j", "2")


class Yard:
    """Two publications of one name, a build of each, and how long a build takes."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.options = options
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
        run = built(source, output, self.home, *self.options, *more)
        assert run.returncode == 0, run.stderr
        return output

    def start(self, output: Path, home: Path, *more: str) -> subprocess.Popen[str]:
        """A build of the second publication where the first one's editions are, in its own session."""
        shutil.copytree(self.outputs["before"], output)
        return subprocess.Popen(
            command(self.after, output, *self.options, *more),
            env=environment(home),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            # Deaf to Ctrl-C where these tests run in the background.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )

    def assert_whole(self, output: Path) -> None:
        """Every edition is one of the two, to the byte; none is a bit of each, none is missing."""
        before, after, now = map(_by_edition, (*self.files.values(), digests(output)))
        for edition in before | after:
            assert now[edition] in (before[edition], after[edition]), edition


def _by_edition(files: dict[str, str]) -> dict[str, dict[str, str]]:
    """The files of each edition: a file is one, and so is each language's folder of the web."""
    editions: dict[str, dict[str, str]] = {}
    for name, digest in files.items():
        parts = name.split("/")
        editions.setdefault("/".join(parts[:2]), {})[name] = digest
    return editions


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Yard:
    """Builds that take a second."""
    return Yard(tmp_path_factory.mktemp("yard"), *_WEB)


@pytest.fixture(scope="module")
def wide_yard(tmp_path_factory: pytest.TempPathFactory) -> Yard:
    """Builds of all there is."""
    return Yard(tmp_path_factory.mktemp("wide"), *_ALL)


@pytest.fixture
def any_yard(request: pytest.FixtureRequest, moment: int) -> Yard:
    """The small one, or for a quarter of the moments where there is time the other."""
    return request.getfixturevalue("wide_yard" if LONG and moment % 8 > 5 else "yard")


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
    # Whoever is still importing looks up only then, and a machine may be busy.
    until = time.monotonic() + 100
    while left := list(_descendants(session)):
        assert time.monotonic() < until, f"workers outlive the build that hired them: {left}"
        time.sleep(0.05)


@pytest.mark.parametrize("moment", range(_KILLED))
def test_killed_at_any_moment(moment: int, any_yard: Yard, tmp_path: Path) -> None:
    """Even moments build anew, odd ones with all in the cache, where publishing is most of it."""
    yard, output, home = any_yard, tmp_path / "out", tmp_path / "home"
    cold = moment % 2 == 0
    more = ("--no-cache",) if cold else ()
    if not cold:
        shutil.copytree(yard.home, home, symlinks=True)
    process = yard.start(output, home, *more)
    share = random.Random(moment).uniform(0.05, 1.1)
    time.sleep(share * yard.seconds * (1 if cold else 0.5))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    _wait_until_gone(process.pid)
    yard.assert_whole(output)
    _, found = verified(output)
    interrupted = any(d.code == "verify-interrupted" for d in found)
    wrong = [d for d in found if not d.code.startswith(("verify-interrupted", "verify-unknown"))]
    assert not wrong or interrupted, wrong
    again = built(yard.after, output, home, *yard.options, *more)
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


@pytest.mark.parametrize("moment", range(_STOPPED))
def test_ctrl_c_ends_all_and_leaves_nothing(moment: int, any_yard: Yard, tmp_path: Path) -> None:
    yard, output, home = any_yard, tmp_path / "out", tmp_path / "home"
    process = yard.start(output, home, "--no-cache")
    time.sleep(random.Random(moment).uniform(0.2, 0.9) * yard.seconds)
    # As a terminal does: to every process of the foreground.
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=100)
    _wait_until_gone(process.pid)
    assert "Traceback" not in said
    # It may have published when it is told to stop; it may even have come to its end.
    possible = ("after",) if process.returncode == 0 else ("before", "after")
    assert digests(output) in [yard.files[name] for name in possible]
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
        subprocess.Popen(command(source, output, *yard.options), env=home)
        for source in (yard.before, yard.after)
    ]
    assert [process.wait(timeout=200) for process in both] == [0, 0]
    assert digests(output) in yard.files.values()
