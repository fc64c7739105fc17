"""Hostile manuscripts: none reads outside its folder, none calls out, each is told of."""

from __future__ import annotations

import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from imprint.build import Request, build, read
from imprint.diagnostics import Diagnostic
from imprint.load import load
from tests.faults.hostile import ATTACKS, SECRET, Attack, write_secrets, written

# Attacks whose own content could get into an edition: the others leave nothing but a name.
_THROUGH = (
    "svg-",
    "html-",
    "inline-",
    "vega-url",
    "markdown-",
    "symlink-",
    "image-file",
    "image-http",
)


class Listener:
    """A port of this machine that counts whoever calls."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.calls = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self.server.accept()
            except OSError:
                return
            self.calls += 1
            caller.close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    listening = Listener()
    yield listening
    listening.server.close()


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    write_secrets(folder)
    return folder


def read_all(room: Path) -> tuple[bytes, list[Diagnostic]]:
    """All that editions are made from, and the diagnostics."""
    manuscripts, found = load(room)
    pieces: list[bytes] = []
    diagnostics = list(found)
    for manuscript in manuscripts:
        book, problems = read(manuscript)
        diagnostics += problems
        pieces += [etree.tostring(chapter.body) for chapter in book.chapters]
        pieces += [asset.content for asset in book.assets.values()]
    return b"\n".join(pieces), diagnostics


def test_there_are_enough_attacks() -> None:
    assert len(ATTACKS) >= 60
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


def test_listener_hears(listener: Listener) -> None:
    before = listener.calls
    with socket.create_connection(("127.0.0.1", listener.port)) as call:
        call.recv(1)
    assert listener.calls == before + 1


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack_is_refused_and_told(
    attack: Attack, tmp_path: Path, secrets: Path, listener: Listener
) -> None:
    before = listener.calls
    room = written(attack, tmp_path, secrets=secrets, port=listener.port)
    content, found = read_all(room)
    assert SECRET.encode() not in content
    assert b"onload" not in content
    assert b"<script" not in content
    assert attack.code in {d.code for d in found}, found
    told = next(d for d in found if d.code == attack.code)
    assert told.file
    assert SECRET not in told.message
    assert listener.calls == before


def test_no_attack_gets_into_an_edition(tmp_path: Path, secrets: Path, listener: Listener) -> None:
    """One publication of attacks, a chapter each, through every edition."""
    before = listener.calls
    room = tmp_path / "room"
    for number, attack in enumerate(ATTACKS):
        if not attack.name.startswith(_THROUGH) or attack.name in ("svg-many", "symlink-loop"):
            continue
        one = written(attack, tmp_path / str(number), secrets=secrets, port=listener.port)
        (one / "en").rename(room / "en" / attack.name) if room.exists() else _first(one, room)
    report = build(
        Request(folder=room, output=tmp_path / "out", keep_going=True, cached=False, jobs=2)
    )
    kinds = {made.edition.kind for made in report.made}
    assert kinds >= {"pdf", "print", "epub", "web"}
    assert listener.calls == before
    for path, content in _published(tmp_path / "out"):
        assert SECRET.encode() not in content, path
        if path.endswith((".html", ".xhtml", ".svg")):
            assert b"alert(1)" not in content, path
            assert b"javascript:" not in content, path
            assert b"onerror=" not in content, path


def _first(one: Path, room: Path) -> None:
    (room / "en").mkdir(parents=True)
    (one / "publication.toml").rename(room / "publication.toml")
    (one / "en").rename(room / "en" / "first")


def _published(output: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of the output, with those in EPUBs, and PDFs without compression."""
    import pikepdf

    for path in output.rglob("*"):
        if path.suffix == ".epub":
            with zipfile.ZipFile(path) as packed:
                yield from ((name, packed.read(name)) for name in packed.namelist())
        elif path.suffix == ".pdf":
            with pikepdf.open(path) as pdf:
                for number, thing in enumerate(pdf.objects):
                    if isinstance(thing, pikepdf.Stream):
                        try:
                            yield f"{path.name} {number}", thing.read_bytes()
                        except pikepdf.PdfError:
                            continue
        elif path.is_file():
            yield str(path), path.read_bytes()
