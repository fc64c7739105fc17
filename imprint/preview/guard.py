"""Who may ask: the author's browser alone, and no page of a stranger in it.

Another page in the same browser can send requests here (https://fetch.spec.whatwg.org/), and a
stranger's host name can be made to lead to this machine (DNS rebinding): so the Host must name
this machine by its address, Origin and Sec-Fetch-Site must be ours, and nothing can be changed by
asking. Where other machines reach the preview, a token is asked for as well.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "imprint-preview"
MOST_TARGET_BYTES = 2048
MOST_HEAD_BYTES = 16 * 1024
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# What no answer of ours needs unless it says so itself.
_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class Door:
    """Where the preview is reached: the host it was told to listen at, the port, and the token.

    Without a token only this machine gets in.
    """

    host: str
    port: int
    token: str = ""

    def knows(self, netloc: str) -> bool:
        """Whether a Host header names this door."""
        try:
            parts = urlsplit(f"//{netloc}")
            host, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        if parts.netloc != netloc or parts.username is not None or parts.path or parts.query:
            return False
        return port == self.port and self._is_ours(host)

    def _is_ours(self, host: str) -> bool:
        if host == "localhost" or (self.token and host == self.host.lower()):
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            # A name: whoever owns it decides where it leads.
            return False
        return bool(self.token) or address.is_loopback

    def opens_to(self, given: str) -> bool:
        """Whether this is the token."""
        return secrets.compare_digest(given.encode(), self.token.encode())


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens at the host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """Refuses what does not come from the author's own page, and marks each answer as private."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app = app
        self.door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Content-Security-Policy", _NOTHING)
            await send(message)

        answer: ASGIApp = refusal(scope, self.door) or self._entrance(scope) or self.app
        await answer(scope, receive, send_marked)

    def _entrance(self, scope: Scope) -> Response | None:
        """What stands between a stranger and the preview where there is a token; None to let in."""
        if not self.door.token:
            return None
        given = QueryParams(scope["query_string"]).get("token", "")
        if scope["path"] == "/" and given and self.door.opens_to(given):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(COOKIE, given, httponly=True, samesite="strict")
            return answer
        if any(self.door.opens_to(cookie) for cookie in _cookies(Headers(scope=scope))):
            return None
        said = "This preview is private. Open the address that `imprint serve` printed.\n"
        return PlainTextResponse(said, 403)


def refusal(scope: Scope, door: Door) -> Response | None:
    """Why a request is turned away at once; None if it is not."""
    headers = Headers(scope=scope)
    fault = _fault_of_form(scope, headers) or _fault_of_origin(scope, headers, door)
    if fault is None:
        return None
    status, said = fault
    # What is left of such a request is not read.
    more = {"Connection": "close"} | ({"Allow": "GET, HEAD"} if status == 405 else {})
    return PlainTextResponse(f"{said}\n", status, more)


def _fault_of_form(scope: Scope, headers: Headers) -> tuple[int, str] | None:
    if scope["method"] not in ("GET", "HEAD"):
        return 405, "The preview only shows."
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        return 400, "There is nothing to send."
    if len(scope["raw_path"]) + len(scope["query_string"]) > MOST_TARGET_BYTES:
        return 414, "The address is too long."
    if sum(len(name) + len(value) for name, value in headers.raw) > MOST_HEAD_BYTES:
        return 431, "The request's head is too long."
    return None


def _fault_of_origin(scope: Scope, headers: Headers, door: Door) -> tuple[int, str] | None:
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not door.knows(hosts[0]):
        return 421, "The preview is not known by this name."
    if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in headers.getlist("origin")):
        return 403, "The preview answers its own pages only."
    site = headers.get("sec-fetch-site", "none")
    if site not in ("none", "same-origin") and not _is_visit(scope, headers):
        return 403, "The preview answers its own pages only."
    return None


def _is_visit(scope: Scope, headers: Headers) -> bool:
    """Whether a link of another page has led the reader to the first page."""
    asked = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return scope["path"] == "/" and asked == ("navigate", "document")


def _cookies(headers: Headers) -> Iterable[str]:
    """The values of our cookie in a request."""
    for line in headers.getlist("cookie"):
        try:
            jar = SimpleCookie(line)
        except CookieError:
            continue
        if COOKIE in jar:
            yield jar[COOKIE].value
