"""What the browser is answered: the frame, and in it the web edition, pages, EPUB and findings."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from imprint.build import TEMPLATES
from imprint.diagnostics import Diagnostic
from imprint.fragments import Placed
from imprint.model import Chapter
from imprint.preview.desk import Desk, View
from imprint.preview.galleys import key_of
from imprint.preview.proof import Proof, block_at
from imprint.room import MOST_TEXT_BYTES, Refusal, read_inside

MOST_LISTENERS = 64
_HEARTBEAT_SECONDS = 15.0
# As much of a line of the source as is shown.
_MOST_COLUMNS = 160
_FRAME = TEMPLATES / "default" / "preview"
_FRAME_FILES = ("frame.css", "frame.js")
_FRAME_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)
# The web edition's own policy; without a worker, which would keep drafts.
_WEB_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self' data:; manifest-src 'self'; worker-src 'none'; frame-ancestors 'self'; "
    "base-uri 'none'; form-action 'none'"
)
_EPUB_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xhtml": "application/xhtml+xml; charset=utf-8",
}


class Bulletin:
    """Tells all who listen that there is news, from whatever thread it comes."""

    def __init__(self) -> None:
        self.listeners: Counter[str] = Counter()
        self.is_over = False
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Listeners are in the event loop that runs now."""
        self._loop = asyncio.get_running_loop()

    def tell(self) -> None:
        """Wake all who listen."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Let all who listen go."""
        self.is_over = True
        self.tell()

    async def wait(self, seconds: float) -> None:
        """Until there is news, at most so long."""
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return

    def _wake(self) -> None:
        # Those who wait have the old event; the next news has its own.
        self._news.set()
        self._news = asyncio.Event()


class _Listening(StreamingResponse):
    """The stream of news to one who listens, and is counted for as long."""

    def __init__(self, news: AsyncIterator[str], bulletin: Bulletin, lang: str) -> None:
        super().__init__(news, media_type="text/event-stream")
        self.listeners, self.lang = bulletin.listeners, lang
        self.listeners[lang] += 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.listeners[self.lang] -= 1


class Preview:
    """The answers, by address."""

    def __init__(self, desk: Desk, bulletin: Bulletin) -> None:
        self.desk = desk
        self.bulletin = bulletin
        self.session = secrets.token_hex(4)

    def routes(self) -> list[Route]:
        """All addresses that there are."""
        return [
            Route("/", self.frame),
            Route("/preview/{name}", self.frame_file),
            Route("/proof", self.proof),
            Route("/events", self.events),
            Route("/web/{lang}/{name:path}", self.web),
            Route("/epub/{lang}/{name:path}", self.epub),
            Route("/pages/{lang}/{key}/places.json", self.places),
            Route("/pages/{lang}/{key}/{index:int}.png", self.picture),
        ]

    async def frame(self, request: Request) -> Response:
        """The page around everything."""
        return _content(_frame_file("frame.html"), "frame.html", _FRAME_POLICY)

    async def frame_file(self, request: Request) -> Response:
        """The frame's script and style sheet."""
        name = request.path_params["name"]
        return _content(_frame_file(name) if name in _FRAME_FILES else None, name)

    async def proof(self, request: Request) -> Response:
        """What there is to show, as JSON."""
        lang = request.query_params.get("lang", "")
        view = self.desk.view(lang)
        if view is None:
            return _missing()
        self.desk.want(lang)
        told = await run_in_threadpool(_told, self.desk, view)
        return JSONResponse(told | {"session": self.session})

    async def events(self, request: Request) -> Response:
        """A line whenever there is something new (Server-Sent Events)."""
        if self.bulletin.listeners.total() >= MOST_LISTENERS:
            more = {"Retry-After": "30", "Connection": "close"}
            return PlainTextResponse("Too many windows show this preview.\n", 503, more)
        view = self.desk.view(request.query_params.get("lang", ""))
        if view is None:
            return _missing()
        return _Listening(self._news(), self.bulletin, view.lang)

    async def _news(self) -> AsyncIterator[str]:
        told = -1
        while not self.bulletin.is_over:
            news = self.desk.number
            yield f"data: {self.session} {news}\n\n" if news != told else ": still here\n\n"
            told = news
            if told == self.desk.number and not self.bulletin.is_over:
                await self.bulletin.wait(_HEARTBEAT_SECONDS)

    async def web(self, request: Request) -> Response:
        """A file of the web edition."""
        proof, name = self._proof(request), request.path_params["name"]
        return _content(proof.files.get(name) if proof else None, name, _WEB_POLICY)

    async def epub(self, request: Request) -> Response:
        """A file of the EPUB."""
        proof, name = self._proof(request), request.path_params["name"]
        found = await run_in_threadpool(proof.ebook.file, proof, name) if proof else None
        return _content(found, name, _EPUB_POLICY)

    async def picture(self, request: Request) -> Response:
        """A page of the PDF as a picture."""
        proof, piece = self._piece(request)
        index = request.path_params["index"]
        if proof is None or piece is None or index >= piece.fragment.page_count:
            return _missing()
        galleys = self.desk.galleys
        drawn = await run_in_threadpool(galleys.picture, proof, proof.setting, piece, index)
        return _content(drawn, "page.png")

    async def places(self, request: Request) -> Response:
        """Where the blocks of a chapter stand on its pages."""
        proof, piece = self._piece(request)
        if proof is None or piece is None:
            return _missing()
        found = await run_in_threadpool(self.desk.galleys.places, proof, proof.setting, piece)
        return JSONResponse([asdict(place) for place in found])

    def _proof(self, request: Request) -> Proof | None:
        view = self.desk.view(request.path_params["lang"])
        return view.proof if view else None

    def _piece(self, request: Request) -> tuple[Proof | None, Placed | None]:
        proof, key = self._proof(request), request.path_params["key"]
        placed = proof.setting.pagination.placed if proof else ()
        return proof, next((piece for piece in placed if key_of(piece) == key), None)


def application(desk: Desk, bulletin: Bulletin) -> Starlette:
    """The preview of a desk. The desk is at work for as long as the application runs."""

    @asynccontextmanager
    async def at_work(_app: Starlette) -> AsyncIterator[None]:
        bulletin.open()
        desk.tell = bulletin.tell
        desk.is_watched = lambda lang: bulletin.listeners[lang] > 0
        desk.start()
        yield

    return Starlette(routes=list(Preview(desk, bulletin).routes()), lifespan=at_work)


def _frame_file(name: str) -> bytes:
    return (_FRAME / name).read_bytes()


def _content(content: bytes | None, name: str, policy: str = "") -> Response:
    if content is None:
        return _missing()
    media_type = _TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
    headers = {"Content-Security-Policy": policy} if policy else None
    return Response(content, media_type=media_type, headers=headers)


def _missing() -> Response:
    return PlainTextResponse("There is no such thing here.\n", 404)


# --- what there is to show ------------------------------------------------------------------------


def _told(desk: Desk, view: View) -> dict[str, Any]:
    """A view for the frame's script."""
    told = {
        "number": view.number,
        "lang": view.lang,
        "languages": desk.languages,
        "state": view.state,
        "message": view.message,
        "changed": view.changed,
        "seconds": round(view.seconds, 2),
        "allSeconds": round(view.all_seconds, 2),
        "title": desk.folder.resolve().name,
        "diagnostics": list(_diagnostics(desk.folder, view)),
        "chapters": [],
        "files": {},
        "pages": [],
    }
    if view.proof is None:
        return told
    publication = view.proof.book.publication
    return told | {
        "title": publication.title,
        "ratio": publication.trim.height_mm / publication.trim.width_mm,
        "chapters": list(_chapters(view.proof)),
        "files": {
            name: hashlib.sha256(content).hexdigest()[:16]
            for name, content in view.proof.files.items()
            if name.endswith((".html", ".css"))
        },
        "pages": list(_pages(view.proof)),
    }


def _chapters(proof: Proof) -> Iterator[dict[str, str]]:
    web, ebook = proof.file_names(".html"), proof.file_names(".xhtml")
    for chapter in proof.book.chapters:
        yield {
            "id": chapter.id,
            "title": f"{chapter.number} {chapter.title}".strip(),
            "file": chapter.file,
            "web": web[chapter.id],
            "epub": f"EPUB/{ebook[chapter.id]}",
        }


def _pages(proof: Proof) -> Iterator[dict[str, Any]]:
    """Every page with the key of its unit's pictures; blank pages have none."""
    setting = proof.setting
    by_number = {
        piece.first + index: (key, index)
        for piece in setting.pagination.placed
        for key in [key_of(piece)]
        for index in range(piece.fragment.page_count)
    }
    for page in setting.pagination.page_map.pages:
        key, index = by_number.get(page.number, ("", 0))
        yield {"label": page.label, "unit": page.unit, "key": key, "index": index}


def _diagnostics(folder: Path, view: View) -> Iterator[dict[str, Any]]:
    """The findings, each with its line of the source and the block of the page that it is in."""
    chapters = {c.file: c for c in view.proof.book.chapters} if view.proof else {}
    web = view.proof.file_names(".html") if view.proof else {}
    lines: dict[str, list[str]] = {}
    for found in view.diagnostics:
        chapter = chapters.get(found.file)
        yield {
            "severity": str(found.severity),
            "code": found.code,
            "place": _place(found),
            "message": found.message,
            "hint": found.hint,
            "source": _line(folder, found, lines),
            "web": web[chapter.id] if chapter else "",
            "id": _block(chapter, found),
        }


def _place(found: Diagnostic) -> str:
    numbers = f":{found.line}:{found.column or 1}" if found.line else ""
    return f"{found.file}{numbers}"


def _block(chapter: Chapter | None, found: Diagnostic) -> str:
    return block_at(chapter, found.line) if chapter is not None and found.line else ""


def _line(folder: Path, found: Diagnostic, lines: dict[str, list[str]]) -> str:
    if not found.line:
        return ""
    if found.file not in lines:
        content = read_inside(folder, folder / found.file, most_bytes=MOST_TEXT_BYTES)
        text = "" if isinstance(content, Refusal) else content.decode("utf-8", "replace")
        lines[found.file] = text.splitlines()
    known = lines[found.file]
    return known[found.line - 1].strip()[:_MOST_COLUMNS] if found.line <= len(known) else ""
