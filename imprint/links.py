"""Links to the World Wide Web followed, to find the dead ones.

Only when asked: a manuscript comes from strangers, and what it links to would see who reads it.
Nothing on a private network is ever asked for (no loopback, no 10.0.0.0/8, no name that leads
there, no redirect either): the address is looked up first and the connection goes to that very
address. Each host is asked one thing at a time, with a pause.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin, urlsplit

from . import __version__
from .diagnostics import Diagnostic, note, warning
from .fetching import Admits, PrivateError, connected, is_public, target
from .model import Book
from .places import place_of

_AGENT = f"Imprint/{__version__} (link check)"
_MOST_LINKS = 1000
_MOST_HOPS = 5
_HOSTS_AT_ONCE = 8
_MOST_SECONDS = 30.0
_PAUSE_SECONDS = 0.3
_MOST_SECONDS_A_HOST = 180.0
# RFC 9110, 15.4: those after which the old address is of no use any more.
_MOVED_FOR_GOOD = (301, 308)
_MOVED = (301, 302, 303, 307, 308)
_GONE = (404, 410)


@dataclass(frozen=True)
class Answer:
    """What came of following a link: ``code`` is a diagnostic's, "" where all is well."""

    code: str = ""
    message: str = ""
    hint: str = ""


@dataclass(frozen=True)
class _Link:
    file: str
    line: int
    column: int


def dead_links(books: Iterable[Book], admits: Admits = is_public) -> Iterator[Diagnostic]:
    """What is wrong with the links of the books; asks for each page once.

    ``admits`` tells which IP addresses may be connected to; only tests give another.
    """
    links = _links(books)
    asked = dict(list(links.items())[:_MOST_LINKS])
    for url, answer in followed(list(asked), admits).items():
        if answer.code:
            tell = note if answer.code in ("link-moved", "link-unchecked") else warning
            for link in links[url]:
                place = (link.file, link.line, link.column)
                yield tell(answer.code, *place, answer.message, answer.hint)
    if len(links) > len(asked):
        message = f"Only the first {_MOST_LINKS} of {len(links)} links were followed."
        yield note("link-unchecked", ".", 0, 0, message, "Check the languages one by one.")


def _links(books: Iterable[Book]) -> Mapping[str, list[_Link]]:
    """Where each page is linked to from, without the places in pages."""
    links: dict[str, list[_Link]] = defaultdict(list)
    for book in books:
        for chapter in book.chapters:
            for element in chapter.body.iter("a"):
                url = urldefrag(element.get("href") or "").url
                if url.lower().startswith(("http://", "https://")):
                    links[url].append(_Link(chapter.file, *place_of(element)))
    return links


def followed(urls: Sequence[str], admits: Admits) -> dict[str, Answer]:
    """What came of each address: hosts side by side, the pages of a host one after another."""
    by_host: dict[str, list[str]] = defaultdict(list)
    for url in urls:
        by_host[urlsplit(url).netloc.lower()].append(url)
    with ThreadPoolExecutor(_HOSTS_AT_ONCE) as threads:
        answers = threads.map(lambda pages: _of_one_host(pages, admits), by_host.values())
        return {url: answer for found in answers for url, answer in found.items()}


def _of_one_host(urls: Sequence[str], admits: Admits) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    started = time.monotonic()
    for number, url in enumerate(urls):
        if time.monotonic() - started > _MOST_SECONDS_A_HOST:
            answers[url] = _unchecked(url, "its host is too slow")
            continue
        if number:
            time.sleep(_PAUSE_SECONDS)
        answers[url] = follow(url, admits)
    return answers


def follow(url: str, admits: Admits) -> Answer:
    """What comes of an address, redirects followed."""
    here, for_good = url, True
    for _hop in range(_MOST_HOPS + 1):
        try:
            status, location = _asked(here, admits)
        except PrivateError:
            message = f"`{here}` is on a private network: readers cannot follow the link."
            return Answer("link-private", message, "Link to a public page.")
        except socket.gaierror:
            message = f"There is no host for `{here}`."
            return Answer("link-dead", message, "Mend the link, or take it out.")
        except (OSError, ValueError, http.client.HTTPException) as fault:
            return _unchecked(url, str(fault) or type(fault).__name__)
        if status in _MOVED and location:
            for_good = for_good and status in _MOVED_FOR_GOOD
            here = urljoin(here, location)
            if not here.lower().startswith(("http://", "https://")):
                return _unchecked(url, f"it leads on to `{here}`")
            continue
        return _judged(url, here if for_good else url, status)
    return _unchecked(url, "it is redirected again and again")


def _judged(url: str, now: str, status: int) -> Answer:
    """What a page's last answer means; ``now`` is where it has moved to for good."""
    if status in _GONE:
        message = f"There is no page `{url}` any more ({status})."
        return Answer("link-dead", message, "Mend the link, or take it out.")
    if not 200 <= status < 300:
        return _unchecked(url, f"it answered {status} {http.client.responses.get(status, '')}")
    if urldefrag(now).url != urldefrag(url).url:
        message = f"The page `{url}` has moved for good."
        return Answer("link-moved", message, f"Link to `{now}`.")
    return Answer()


def _unchecked(url: str, reason: str) -> Answer:
    message = f"`{url}` could not be checked: {reason.strip()}."
    return Answer("link-unchecked", message, "Look at it in a browser.")


# --- asking --------------------------------------------------------------------------------------


def _asked(url: str, admits: Admits) -> tuple[int, str]:
    """The status of a page and where it sends on to: by HEAD, or by GET where that fails."""
    status, location = _request("HEAD", url, admits)
    # Many servers know no HEAD, and answer anything.
    return (status, location) if status < 400 else _request("GET", url, admits)


def _request(method: str, url: str, admits: Admits) -> tuple[int, str]:
    """The status and the "Location" of one request; the page itself is not read."""
    parts = urlsplit(url)
    with connected(parts, admits, seconds=_MOST_SECONDS) as connection:
        headers = {"User-Agent": _AGENT, "Accept": "*/*"}
        connection.request(method, target(parts), headers=headers)
        response = connection.getresponse()
        return response.status, response.getheader("Location") or ""
