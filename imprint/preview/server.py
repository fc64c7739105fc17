"""The preview's server: from an open door to Ctrl-C."""

from __future__ import annotations

import contextlib
import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn

from imprint.build import TEMPLATES, hands
from imprint.cache import store_for
from imprint.crew import crew
from imprint.fontconfig import use_theme_fonts
from imprint.preview.app import Bulletin, application
from imprint.preview.desk import Desk
from imprint.preview.guard import MOST_HEAD_BYTES, Door, Guard, is_loopback
from imprint.preview.patience import PatientProtocol

LOOPBACK = "127.0.0.1"
FIRST_PORT = 8000
_TRIED_PORTS = 20
# A browser opens six connections; the rest is for those that hold theirs open in vain. uvicorn
# turns all away while there are more. Most systems let a process have 1024.
MOST_CONNECTIONS = 640


class _Server(uvicorn.Server):
    """uvicorn, which lets go of those that listen for news when it is told to end."""

    def __init__(self, config: uvicorn.Config, bulletin: Bulletin) -> None:
        super().__init__(config)
        self.bulletin = bulletin

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End, as soon as what is being answered is answered."""
        super().handle_exit(sig, frame)
        self.bulletin.close()


def listening(host: str, port: int | None) -> socket.socket:
    """A socket that listens at the port, or at the first free one; OSError if there is none."""
    ports = [port] if port is not None else [*range(FIRST_PORT, FIRST_PORT + _TRIED_PORTS), 0]
    for number in ports[:-1]:
        with contextlib.suppress(OSError):
            return _bound(host, number)
    return _bound(host, ports[-1])


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    made = socket.socket(family, kind, protocol)
    try:
        # Not to wait a minute for the port after Ctrl-C.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(MOST_CONNECTIONS)
    except OSError:
        made.close()
        raise
    return made


def door_of(host: str, made: socket.socket) -> Door:
    """The door of a socket; one that other machines reach has a lock."""
    token = "" if is_loopback(host) else secrets.token_urlsafe(24)
    return Door(host, made.getsockname()[1], token)


def address_of(door: Door) -> str:
    """The address to open in a browser."""
    host = f"[{door.host}]" if ":" in door.host else door.host
    # "All addresses" is none that a browser could open.
    if door.host in ("0.0.0.0", "::"):
        host = socket.gethostbyname(socket.gethostname())
    return f"http://{host}:{door.port}/" + (f"?token={door.token}" if door.token else "")


def serve(folder: Path, made: socket.socket, door: Door, jobs: int | None = None) -> None:
    """Show the preview until Ctrl-C."""
    output = folder.absolute().parent / "output"
    with _ended_by_signals(), store_for(folder) as store, crew(*hands(jobs)) as workers:
        use_theme_fonts(TEMPLATES / "fonts", store.folder / "fontconfig")
        workers.call_in()
        bulletin = Bulletin()
        desk = Desk(folder, output, store, workers)
        config = uvicorn.Config(
            Guard(application(desk, bulletin), door),
            http=PatientProtocol,
            ws="none",
            log_level="error",
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=2,
            h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        )
        server = _Server(config, bulletin)
        signal.signal(signal.SIGHUP, server.handle_exit)
        try:
            server.run(sockets=[made])
        finally:
            desk.close()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """End in order by Ctrl-C, by a kind kill, and with the terminal."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signals = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(each, end) for each in signals]
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)
