"""Publications built once for all tests and all of pytest-xdist's workers.

`book` runs a test for each of them in each language. Building goes through the command line, as a
user's would.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from filelock import FileLock

from tests import examples
from tests.manuscripts.long import write_long_book
from tests.readers import Epub, Pdf, Web, read_epub, read_pdf, read_web

# The same examples at every run: a change shall be judged by what it changes.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")
examples.make_steady()
ROOT = Path(__file__).resolve().parent.parent
MANUSCRIPTS = Path(__file__).resolve().parent / "manuscripts"
GUIDE = ROOT.parent / "shared" / "manuscripts" / "open-source-guide"
DEFAULT_LANGUAGES = tomllib.loads((ROOT / "source" / "publication.toml").read_text("utf-8"))[
    "languages"
]
# The editions that all tests look at; print is made of the default publication and of the handbook.
JUDGED = ("pdf", "epub", "web")


@dataclass(frozen=True)
class Run:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str


Command = Callable[..., Run]


def run_imprint(*arguments: str | Path, cache: Path, cwd: Path = ROOT) -> Run:
    """The command line, run in a process of its own with a cache of its own."""
    run = subprocess.run(
        [sys.executable, "-m", "imprint", *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cache)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    return Run(run.returncode, run.stdout, run.stderr)


@pytest.fixture(scope="session")
def imprint(workshop: Path) -> Command:
    """The command line as a function of its arguments."""
    return partial(run_imprint, cache=workshop / "cache")


@dataclass(frozen=True)
class Built:
    """A publication in one language, built: its source, its output and what was said."""

    name: str
    lang: str
    source: Path
    output: Path
    run: Run

    @cached_property
    def manifest(self) -> list[dict[str, object]]:
        return json.loads((self.output / "manifest.json").read_text(encoding="utf-8"))["files"]

    def file(self, ending: str) -> Path:
        """The one file of this language with the ending."""
        [file] = self.output.glob(f"*.{self.lang}.{ending}")
        return file

    @property
    def web_folder(self) -> Path:
        return self.output / "web" / self.lang

    @cached_property
    def pdf(self) -> Pdf:
        """The screen PDF as read; reading takes long enough to be done once for all workers."""
        return _kept(self.output.parent / f"{self.name}.{self.lang}.pdf.pickle", self._read_pdf)

    def _read_pdf(self) -> Pdf:
        return read_pdf(self.file("pdf"))

    @cached_property
    def epub(self) -> Epub:
        return read_epub(self.file("epub"))

    @cached_property
    def web(self) -> Web:
        return read_web(self.web_folder)


def _kept(path: Path, make: Callable[[], Any]) -> Any:
    with FileLock(f"{path}.lock"):
        if not path.exists():
            path.write_bytes(pickle.dumps(make()))
        return pickle.loads(path.read_bytes())


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers share."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder = shared / "publications"
    folder.mkdir(exist_ok=True)
    return folder


class Publications:
    """Builds each publication when the first test of any worker asks for it."""

    def __init__(self, workshop: Path) -> None:
        self.workshop = workshop
        self.known: dict[tuple[str, str], Built] = {}

    def built(self, name: str, lang: str) -> Built:
        if (name, lang) not in self.known:
            self.known[name, lang] = self._built(name, lang)
        return self.known[name, lang]

    def _built(self, name: str, lang: str) -> Built:
        source = self._source(name)
        output = self.workshop / name
        run: Run = _kept(self.workshop / f"{name}.run", lambda: self._build(source, output))
        if not (output / "manifest.json").exists():
            pytest.fail(f"{name} was not built: {run.stdout}{run.stderr}", pytrace=False)
        return Built(name, lang, source, output, run)

    def _build(self, source: Path, output: Path) -> Run:
        printed = source in (ROOT / "source", ROOT / "docs")
        kinds = (*JUDGED, "print") if printed else JUDGED
        editions = [option for kind in kinds for option in ("--edition", kind)]
        return run_imprint(
            "build", source, "--output", output, *editions, cache=self.workshop / "cache"
        )

    def _source(self, name: str) -> Path:
        if name == "default":
            return ROOT / "source"
        if name == "handbook":
            return ROOT / "docs"
        if name == "guide":
            if not GUIDE.exists():
                pytest.skip("The manuscript of the Open Source Guides is not at hand.")
            return GUIDE
        if name == "long":
            folder = self.workshop / "long-source"
            _kept(self.workshop / "long-source.written", lambda: str(write_long_book(folder)))
            return folder
        return MANUSCRIPTS / name


BOOKS = [
    *(("default", lang) for lang in DEFAULT_LANGUAGES),
    ("guide", "en"),
    ("guide", "fr"),
    ("mdbook", "en"),
    ("odds and ends", "en"),
    ("handbook", "en"),
    ("long", "en"),
]


@pytest.fixture(scope="session")
def publications(workshop: Path) -> Publications:
    return Publications(workshop)


@pytest.fixture(scope="session", params=BOOKS, ids="-".join)
def book(request: pytest.FixtureRequest, publications: Publications) -> Built:
    """Each publication in each of its languages."""
    return publications.built(*request.param)
