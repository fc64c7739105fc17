"""The one door to the network: pictures on hosts that a build was told it may ask.

A manuscript comes from strangers, so nothing is fetched unless whoever builds names the host. Even
then no private network is asked (the host's name is looked up once, every address that comes of it
must be everybody's, and the connection goes to that very address: a name that answers otherwise
the next moment gains nothing), no redirect leads to a host that was not named, and no answer is
longer, slower or of another kind than a picture's may be. What was fetched stays in the cache:
later builds make the same bytes of it without asking again.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, quote, urldefrag, urljoin, urlsplit

from imprint import __version__
from imprint.room import Refusal

Admits = Callable[[str], bool]
Resolve = Callable[..., Any]

_STEP_SECONDS = 15.0
_MOVED = (301, 302, 303, 307, 308)
_MOST_HOPS = 3
# What hosts call pictures; some of them have one name for all they do not know.
_OTHER_TYPES = ("application/octet-stream", "binary/octet-stream", "text/plain", "text/xml")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateError(Exception):
    """The address leads to a network that is not everybody's."""


class _RefusedError(Exception):
    """A picture that is not fetched, and why."""


@dataclass(frozen=True)
class Bounds:
    """The most that may be fetched: bytes and seconds a picture, bytes and pictures a build."""

    picture_bytes: int = 32 * 1024**2
    picture_seconds: float = 60.0
    total_bytes: int = 512 * 1024**2
    pictures: int = 500


# --- where ---------------------------------------------------------------------------------------


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open network, whatever address it may stand for."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        within = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in _NAT64:
            within.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if not all(is_public(str(inner)) for inner in within if inner is not None):
            return False
    return ip.is_global and not ip.is_multicast


def named_host(text: str) -> tuple[str, int | None]:
    """A host as people name it, "example.org" or "example.org:8443"; ValueError for anything else."""
    parts = urlsplit(f"//{text.strip()}")
    host = _ascii(parts.hostname or "")
    if not host or "*" in host or parts.netloc != text.strip() or parts.username is not None:
        raise ValueError(f"`{text}` is no name of a host, such as example.org")
    return host, parts.port


def _ascii(host: str) -> str:
    """The host's name as the network knows it."""
    return host.encode("idna").decode("ascii").lower()


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _public_address(host: str, port: int, admits: Admits, resolve: Resolve) -> str:
    """The host's first address; all of them must be public, or none is used."""
    found = resolve(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(map(admits, addresses)):
        raise PrivateError(host)
    return addresses[0]


@contextmanager
def connected(
    parts: SplitResult, admits: Admits, *, seconds: float, resolve: Resolve | None = None
) -> Iterator[http.client.HTTPConnection]:
    """A connection to an address's host, for so many seconds, by an IP address that was looked at."""
    host, port, secure = _ascii(parts.hostname or ""), _port(parts), parts.scheme == "https"
    # Named here and not as the default, so that a test may have the system know no host.
    address = _public_address(host, port, admits, resolve or socket.getaddrinfo)
    line = socket.create_connection((address, port), min(_STEP_SECONDS, seconds))
    if secure:
        context = ssl.create_default_context()
        line = context.wrap_socket(line, server_hostname=host, do_handshake_on_connect=False)
    late = threading.Event()
    # Each step has its patience; a host that sends a byte at a time would outlast any number of them.
    end = threading.Timer(seconds, _hang_up, (line, late))
    end.daemon = True
    end.start()
    try:
        if isinstance(line, ssl.SSLSocket):
            line.do_handshake()
        made = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(host, port)
        made.sock = line
        # Never by itself, by the name that has been looked up already.
        made.auto_open = 0
        yield made
    except (OSError, http.client.HTTPException):
        if not late.is_set():
            raise
    finally:
        end.cancel()
        line.close()
    if late.is_set():
        raise TimeoutError(f"it took longer than {seconds:g} seconds")


def _hang_up(line: socket.socket, late: threading.Event) -> None:
    late.set()
    with contextlib.suppress(OSError):
        # Not as TLS ends it: whoever reads would take what is left for plain text.
        socket.socket.shutdown(line, socket.SHUT_RDWR)


def target(parts: SplitResult) -> str:
    """What to ask a host for: path and query, with nothing in them that could end the line."""
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._[]")
    return f"{path}?{query}" if query else path


# --- what ----------------------------------------------------------------------------------------


@dataclass
class Fetcher:
    """Fetches pictures of named hosts, each once; remembers what it could not have.

    ``recall`` and ``keep`` are the cache's. ``admits`` tells which IP addresses may be connected
    to, ``resolve`` looks names up: only tests give others.
    """

    hosts: Iterable[str]
    recall: Callable[[str], bytes | None] = lambda url: None
    keep: Callable[[str, bytes], None] = lambda url, content: None
    bounds: Bounds = Bounds()
    admits: Admits = is_public
    resolve: Resolve | None = None
    refused: dict[str, Refusal] = field(default_factory=dict)
    _slow: set[str] = field(default_factory=set)
    _bytes: int = 0
    _asked: int = 0

    def __post_init__(self) -> None:
        self._named = {named_host(host) for host in self.hosts}

    def may_ask(self, address: str) -> bool:
        """Whether a picture's host was named."""
        try:
            return self._is_named(urlsplit(_whole(address)))
        except ValueError:
            return False

    def fetch(self, address: str) -> bytes | Refusal:
        """The picture at an address, or why it is not had."""
        url = urldefrag(_whole(address)).url
        if url in self.refused:
            return self.refused[url]
        known = self.recall(url)
        if known is not None:
            return known
        try:
            content = self._fetched(url)
        except _RefusedError as reason:
            self.refused[url] = Refusal("image-fetch", f"{reason}.")
            return self.refused[url]
        self.keep(url, content)
        return content

    def _is_named(self, parts: SplitResult) -> bool:
        host, port = _ascii(parts.hostname or ""), _port(parts)
        usual = port == (443 if parts.scheme == "https" else 80)
        known = (host, port) in self._named or (usual and (host, None) in self._named)
        # A name and a password in an address are nobody's business here.
        return parts.scheme in ("http", "https") and known and "@" not in parts.netloc

    def _fetched(self, url: str) -> bytes:
        if self._asked >= self.bounds.pictures or self._bytes >= self.bounds.total_bytes:
            raise _RefusedError("So many pictures have been fetched that no more are")
        self._asked += 1
        here = url
        for _hop in range(_MOST_HOPS + 1):
            host = urlsplit(here).netloc
            if host in self._slow:
                raise _RefusedError("Its host has been too slow before")
            try:
                answer = self._answer(here)
            except TimeoutError as fault:
                self._slow.add(host)
                raise _RefusedError(f"It could not be had: {_said(fault)}") from None
            except PrivateError:
                raise _RefusedError("Its host is on a private network") from None
            except socket.gaierror:
                raise _RefusedError("There is no such host") from None
            except (OSError, ValueError, http.client.HTTPException) as fault:
                raise _RefusedError(f"It could not be had: {_said(fault)}") from None
            if isinstance(answer, bytes):
                self._bytes += len(answer)
                return answer
            here = self._led_on(here, answer)
        raise _RefusedError("It is redirected again and again")

    def _led_on(self, here: str, location: str) -> str:
        """Where a redirect leads to; nowhere but to hosts that were named, never in the open."""
        there = urldefrag(urljoin(here, location)).url
        if not self.may_ask(there):
            raise _RefusedError(f"It is redirected to `{there[:200]}`, whose host was not named")
        if urlsplit(here).scheme == "https" != urlsplit(there).scheme:
            raise _RefusedError("It is redirected to an address that is not encrypted")
        return there

    def _answer(self, url: str) -> bytes | str:
        """The picture, or where it is said to be."""
        parts = urlsplit(url)
        seconds = self.bounds.picture_seconds
        with connected(parts, self.admits, seconds=seconds, resolve=self.resolve) as line:
            line.request(
                "GET",
                target(parts),
                headers={
                    "User-Agent": f"Imprint/{__version__}",
                    "Accept": "image/*",
                    "Accept-Encoding": "identity",
                    "Connection": "close",
                },
            )
            response = line.getresponse()
            if response.status in _MOVED and (location := response.getheader("Location")):
                return location
            return _picture(response, self.bounds.picture_bytes)


def _picture(response: http.client.HTTPResponse, most_bytes: int) -> bytes:
    """The answer's content, if it may be a picture and is there from beginning to end."""
    if response.status != 200:
        raise _RefusedError(f"Its host answered {response.status} {response.reason}".strip())
    kind = response.headers.get_content_type()
    if not kind.startswith("image/") and kind not in _OTHER_TYPES:
        raise _RefusedError(f"It is {kind} and no picture")
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise _RefusedError("It came compressed, which was not asked for")
    expected = response.length
    content = response.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise _RefusedError(f"It is larger than {most_bytes // 1024**2} MiB")
    if expected is not None and len(content) < expected:
        raise _RefusedError("It came in part or too slowly")
    return content


def _whole(address: str) -> str:
    """An address with its scheme: the one that readers' programs would take is encrypted."""
    address = address.strip()
    return f"https:{address}" if address.startswith("//") else address


def _said(fault: Exception) -> str:
    text = str(getattr(fault, "strerror", None) or fault) or type(fault).__name__
    return " ".join(text.split())[:200]
