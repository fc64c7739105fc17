"""The default publication's web edition behind a server, and a Chromium to read it with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.conftest import DEFAULT_LANGUAGES, Built, Publications
from tests.validators import browser, served


# Not for the whole session: a thread cannot run two of Playwright's loops, and others start theirs.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture(scope="session")
def editions(publications: Publications) -> dict[str, Built]:
    """The default publication by its languages."""
    return {lang: publications.built("default", lang) for lang in DEFAULT_LANGUAGES}


@pytest.fixture(scope="session")
def site(editions: dict[str, Built]) -> Iterator[str]:
    """The address of the output folder, with a slash at its end."""
    with served(editions[DEFAULT_LANGUAGES[0]].output) as address:
        yield address


@pytest.fixture(scope="session")
def pages(editions: dict[str, Built]) -> list[str]:
    """Every page of the web edition, the library first, by its path in the output folder."""
    output = editions[DEFAULT_LANGUAGES[0]].output
    return [
        path.relative_to(output).as_posix() for path in sorted((output / "web").rglob("*.html"))
    ]
