"""Disks that are full, broken or not to be written: the last good output stays, and all is told."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from imprint import publish as publishing
from imprint.build import Request, build
from imprint.model import Edition
from imprint.publish import STAGING, Finished, publish
from imprint.verify import verified
from tests.faults.small import built, digests, write_small


def _editions(mark: bytes) -> list[Finished]:
    return [
        Finished(Edition("pdf", "en", "a.pdf"), {"a.pdf": mark}),
        Finished(Edition("web", "en", "web/en"), {"index.html": mark, "x/y.css": b"y"}),
        Finished(Edition("epub", "en", "b.epub"), {"b.epub": mark * 3}),
    ]


class Broken:
    """A call of the operating system that fails once, at its ``failing``-th use."""

    def __init__(self, real: object, failing: int, number: int) -> None:
        self.real, self.failing, self.number, self.uses = real, failing, number, 0

    def __call__(self, *arguments: object, **more: object) -> object:
        self.uses += 1
        if self.uses == self.failing:
            raise OSError(self.number, os.strerror(self.number))
        return self.real(*arguments, **more)  # type: ignore[operator]


_CALLS = (
    (os, "fsync"),
    (publishing, "_exchange"),
    (publishing, "_write"),
    (Path, "mkdir"),
    (Path, "rename"),
    (Path, "open"),
)


def _failures() -> Iterator[tuple[object, str, int, int]]:
    for owner, name in _CALLS:
        for failing in range(1, 9):
            for number in (errno.ENOSPC, errno.EIO, errno.EACCES):
                yield owner, name, failing, number


@pytest.mark.parametrize(
    ("owner", "name", "failing", "number"),
    list(_failures()),
    ids=lambda value: errno.errorcode.get(value) if isinstance(value, int) and value > 8 else None,
)
def test_a_write_that_fails_changes_nothing(
    owner: object,
    name: str,
    failing: int,
    number: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = tmp_path / "out"
    publish(output, _editions(b"old"))
    before = digests(output)
    broken = Broken(getattr(owner, name), failing, number)
    # A plain function, so that it is bound to the path that it is called on.
    monkeypatch.setattr(owner, name, lambda *a, **k: broken(*a, **k))
    told: int | None = None
    try:
        publish(output, _editions(b"new"))
    except OSError as fault:
        told = fault.errno
    monkeypatch.undo()
    failed = told is not None
    assert told in (None, number)
    assert failed or broken.uses < failing or digests(output) != before
    count, found = verified(output)
    assert [d for d in found if d.code != "verify-interrupted"] == []
    assert count == 4
    assert not list(output.glob(f"{STAGING}*"))
    # The output's folders themselves are flushed last, when all is in its place.
    if failed and name != "fsync":
        assert digests(output) == before
    publish(output, _editions(b"new"))
    assert (output / "a.pdf").read_bytes() == b"new"
    assert verified(output)[1] == []


def test_without_exchange_the_result_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path / "one", _editions(b"old"))
    publish(tmp_path / "one", _editions(b"new"))
    monkeypatch.setattr(publishing, "_exchange", lambda one, other: False)
    publish(tmp_path / "two", _editions(b"old"))
    publish(tmp_path / "two", _editions(b"new"))
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_a_folder_in_a_file_s_place_is_refused(tmp_path: Path) -> None:
    publish(tmp_path, _editions(b"old"))
    before = digests(tmp_path)
    (tmp_path / "c.pdf").mkdir()
    with pytest.raises(IsADirectoryError):
        publish(tmp_path, [Finished(Edition("pdf", "", "c.pdf"), {"c.pdf": b"x"})])
    assert digests(tmp_path) == before


def test_a_build_tells_what_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_small(tmp_path / "book")
    full = Broken(publishing._write, 3, errno.ENOSPC)
    monkeypatch.setattr(publishing, "_write", lambda *a: full(*a))
    report = build(Request(source, tmp_path / "out", editions=("epub",), cached=False))
    assert report.failed
    [told] = [d for d in report.diagnostics if d.code == "output-write"]
    assert "No space left on device" in told.message


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes: less than the editions of the small publication take."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("Only root may mount a disk.")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_leaves_the_last_output(tiny_disk: Path, tmp_path: Path) -> None:
    source = write_small(tmp_path / "book")
    home = tmp_path / "home"
    output = tiny_disk / "out"
    first = built(source, output, home, "-e", "epub", "-l", "en")
    assert first.returncode == 0, first.stderr
    before = digests(output)
    filler = tiny_disk / "filler"
    free = shutil.disk_usage(tiny_disk).free
    filler.write_bytes(bytes(max(free - 300_000, 0)))
    (source / "en" / "02.md").write_text("# Two\n\nOther words.\n", encoding="utf-8")
    second = built(source, output, home, "-e", "epub", "-l", "en")
    assert second.returncode == 1
    assert "output-write" in second.stderr
    assert "Traceback" not in second.stderr
    assert digests(output) == before
    filler.unlink()
    third = built(source, output, home, "-e", "epub", "-l", "en")
    assert third.returncode == 0, third.stderr
    assert digests(output) != before
