"""The package as others install it: from a wheel, outside of any clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this clone."""
    folder = tmp_path_factory.mktemp("wheel")
    # What builds it is in the lock: nothing is fetched.
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(ROOT)], check=True)
    [made] = folder.glob("*.whl")
    return made


Installed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """A Python that has the wheel; its dependencies are those of the tests."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home / "venv", symlinks=True)
    python = home / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--no-index", str(wheel)], check=True)
    [packages] = (home / "venv" / "lib").glob("python*/site-packages")
    # A path in a .pth file is searched last, and the .pth files there are not read: this clone's
    # own editable installation stays out.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(python), *arguments],
            cwd=cwd,
            env=kept | {"XDG_CACHE_HOME": str(home / "cache")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return run


def test_a_wheel_has_all_that_is_no_code(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    in_package = (path for path in (ROOT / "imprint").rglob("*") if path.is_file())
    beside = (path for path in (ROOT / "templates").rglob("*") if path.is_file())
    wanted = {
        *(path.relative_to(ROOT).as_posix() for path in in_package),
        *(f"imprint/{path.relative_to(ROOT).as_posix()}" for path in beside),
    }
    wanted = {name for name in wanted if "__pycache__" not in name}
    assert wanted - names == set()
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_a_first_book_with_nothing_but_the_wheel(installed: Installed, tmp_path: Path) -> None:
    where = installed("-c", "import imprint; print(imprint.__file__)", cwd=tmp_path)
    assert str(ROOT) not in where.stdout
    assert "site-packages" in where.stdout
    command = ("-m", "imprint")
    for arguments in (["new", "book", "--yes", "--lang", "en"], ["check", "book/source"]):
        run = installed(*command, *arguments, cwd=tmp_path)
        assert run.returncode == 0, run.stdout + run.stderr
    run = installed(*command, "build", cwd=tmp_path / "book")
    assert run.returncode == 0, run.stdout + run.stderr
    assert (
        "a text alternative" in installed(*command, "explain", "alt-missing", cwd=tmp_path).stdout
    )
    manifest = json.loads((tmp_path / "book" / "output" / "manifest.json").read_text("utf-8"))
    editions = {file["edition"] for file in manifest["files"]}
    assert editions >= {"pdf", "print", "epub", "web"}
