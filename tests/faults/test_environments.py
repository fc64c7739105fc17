"""The same source makes the same bytes, wherever, as whomever and however it is built."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.small import ROOT, command, digests, environment, write_small


@dataclass(frozen=True)
class Surroundings:
    """What differs in one build from the others."""

    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    folder: str = "source"
    umask: int = 0o022
    user: str = ""


VARIED = (
    Surroundings("elsewhere", folder="a b/ü & <c>/source"),
    Surroundings("time-zone", {"TZ": "Pacific/Kiritimati"}),
    Surroundings("locale", {"LC_ALL": "C", "LANG": "C", "LANGUAGE": "tr_TR", "PYTHONUTF8": "0"}),
    Surroundings("hash-seed", {"PYTHONHASHSEED": "1"}),
    Surroundings("other-hash-seed", {"PYTHONHASHSEED": "77"}, ("-j", "2")),
    Surroundings("one-worker", options=("-j", "1")),
    Surroundings("umask", umask=0o077, options=("-j", "3")),
    Surroundings("user", user="nobody"),
)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The bytes of a build without anything special."""
    return _built(Surroundings("plain"), tmp_path_factory.mktemp("plain"))


def _built(around: Surroundings, folder: Path) -> dict[str, str]:
    source = write_small(folder / around.folder)
    home, output = folder / "home", folder / "out"
    variables = environment(home, {"SOURCE_DATE_EPOCH": "1700000000", **around.variables})
    if "LANG" not in around.variables:
        variables["LANG"] = "C.UTF-8"
    run = subprocess.run(
        command(source, output, *around.options),
        env=variables,
        cwd=home,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
        check=False,
        preexec_fn=_becoming(around, folder),
    )
    assert run.returncode == 0, run.stderr
    return digests(output)


def _becoming(around: Surroundings, folder: Path) -> Callable[[], None]:
    """What makes a new process the build's: its umask and its user."""
    account = pwd.getpwnam(around.user) if around.user else None
    if account:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)

    def become() -> None:
        os.umask(around.umask)
        if account:
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)

    return become


def _may_read(user: str, paths: list[Path]) -> bool:
    tests = [word for path in paths for word in ("-r", str(path), "-a")][:-1]
    return not subprocess.run(
        ["setpriv", f"--reuid={user}", "test", *tests], check=False
    ).returncode


@pytest.mark.parametrize("around", VARIED, ids=lambda around: around.name)
def test_the_bytes_are_the_same(
    around: Surroundings, plain: dict[str, str], tmp_path: Path
) -> None:
    if around.user:
        python = Path(sys.executable).resolve()
        if os.geteuid() or not shutil.which("setpriv") or not _may_read("65534", [ROOT, python]):
            pytest.skip("Only root may build as another user, who must be able to read all this.")
        # The folders of pytest are closed to others.
        for path in (tmp_path, *tmp_path.parents):
            if path.name.startswith("pytest"):
                path.chmod(0o755)
    assert _built(around, tmp_path) == plain


def test_the_day_of_a_book_without_a_date_is_the_epoch_s(tmp_path: Path) -> None:
    made = []
    for number in "12":
        source = write_small(tmp_path / number / "book")
        settings = source / "publication.toml"
        settings.write_text(settings.read_text().replace("date = 2020-01-01\n", ""), "utf-8")
        variables = environment(tmp_path / "home", {"SOURCE_DATE_EPOCH": "1234567890"})
        output = tmp_path / number / "out"
        run = command(source, output, "-e", "epub", "-l", "en", "--no-cache")
        assert subprocess.run(run, env=variables, check=False).returncode == 0
        made.append(digests(output))
    assert made[0] == made[1]
