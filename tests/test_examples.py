"""Whether the examples that Hypothesis tries are the same in any company."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

THINGS = st.lists(st.one_of(st.integers(), st.text(), st.sampled_from(range(9999))))


def examples() -> list[str]:
    tried: list[str] = []

    @settings(max_examples=300, database=None, derandomize=True)
    @given(THINGS)
    def drawn(things: list[object]) -> None:
        tried.append(repr(things))

    drawn()
    return tried


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of ours, full of constants, that has not been loaded so far."""
    numbers = "".join(f"N{n} = {n * 7 + 101}, {n}.5, 'word {n}'\n" for n in range(100))
    (tmp_path / "newcomer.py").write_text(numbers, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("newcomer")


def test_examples_do_not_depend_on_what_is_loaded(request: pytest.FixtureRequest) -> None:
    before = examples()
    request.getfixturevalue("newcomer")
    assert examples() == before
