"""The set-up: lock files that are complete and name no address, and a `run` that helps."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["requirements.lock", "requirements-test.lock"]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def locked(name: str) -> dict[str, str]:
    """Each package of a lock with its version."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE))


def names(requirements: list[str]) -> set[str]:
    """The packages of requirements, as a lock spells them."""
    return {re.sub(r"[._]", "-", re.split(r"[<>=\[ ;]", line)[0]) for line in requirements}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(ROOT / "run"), *arguments],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_locks_hold_all_that_the_project_asks_for() -> None:
    project = PYPROJECT["project"]
    engine = names(project["dependencies"] + PYPROJECT["dependency-groups"]["build"])
    assert engine <= locked("requirements.lock").keys()
    assert names(project["optional-dependencies"]["test"]) <= locked(LOCKS[1]).keys()


def test_tests_run_with_the_versions_that_users_get() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-test.lock").items()


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_has_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    packages = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert [package for package in packages if "--hash=sha256:" not in package] == []
    assert "://" not in text


def test_npm_lock_has_hashes_and_no_address() -> None:
    lock = json.loads((ROOT / "setup/package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert [name for name, package in packages.items() if "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_run_without_a_command_shows_what_there_is() -> None:
    shown = run()
    assert shown.returncode == 0
    assert "./run build" in shown.stdout
    assert "./run test" in shown.stdout


def test_run_refuses_a_command_that_it_does_not_know() -> None:
    refused = run("biuld")
    assert refused.returncode == 2
    assert 'there is no command "biuld"' in refused.stderr


def test_run_shows_one_command_where_it_may_not_install(tmp_path: Path) -> None:
    for tool in ("dirname", "mkdir", "grep"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    (tmp_path / "python3").symlink_to(sys.executable)
    # A machine without any of the libraries, without apt-get and without sudo.
    (tmp_path / "ldconfig").write_text("#!/bin/sh\n")
    (tmp_path / "ldconfig").chmod(0o755)
    bash = shutil.which("bash")
    stopped = subprocess.run(
        [bash, str(ROOT / "run"), "build"],
        env={"PATH": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert stopped.returncode == 1
    [command] = stopped.stdout.splitlines()
    assert re.match(r"(sudo )?apt-get update && (sudo )?apt-get install -y ", command)
    assert "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz0b" in command
