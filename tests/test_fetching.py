"""Pictures from hosts that were named: what is asked, of whom, and what is refused.

The server is this machine's, and the names of hosts are this test's own: ``resolve`` leads them here
and ``admits`` lets them. Which addresses a build itself admits is tested apart, and through the
command line, which lets nobody reach this machine.
"""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pikepdf
import pytest

from imprint import fetching
from imprint.build import Request, build
from imprint.fetching import Bounds, Fetcher, is_public, named_host
from imprint.room import Refusal
from tests.conftest import Command
from tests.faults.hostile import png
from tests.faults.small import digests

PICTURE = png(2, 2, bytes([0, 0, 80, 0, 160, 240]))
DRAWING = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script>alert(1)</script>'
    b'<image href="http://elsewhere.example/x.png"/><rect width="9" height="9"/></svg>'
)
_TYPES = {"png": "image/png", "svg": "image/svg+xml", "html": "text/html", "bin": "text/plain"}


class _Host(BaseHTTPRequestHandler):
    """Answers as its path says."""

    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        self.asked.append((str(self.headers["Host"]), self.path))
        kind, _, rest = path.path.lstrip("/").partition("/")
        getattr(self, f"_{kind}", self._plain)(rest, path.query)

    def _plain(self, rest: str, query: str) -> None:
        ending = self.path.partition("?")[0].rpartition(".")[2]
        self._answer(DRAWING if ending == "svg" else PICTURE, _TYPES.get(ending, "image/png"))

    def _to(self, rest: str, query: str) -> None:
        self.send_response(302)
        self.send_header("Location", query)
        self.end_headers()

    def _gone(self, rest: str, query: str) -> None:
        self.send_error(404)

    def _packed(self, rest: str, query: str) -> None:
        self._answer(PICTURE, "image/png", ("Content-Encoding", "gzip"))

    def _cut(self, rest: str, query: str) -> None:
        self._answer(PICTURE, "image/png", length=len(PICTURE) + 9)

    def _endless(self, rest: str, query: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self._write(bytes(65536), 0.0)

    def _slow(self, rest: str, query: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self._write(b"x", 0.05)

    def _write(self, piece: bytes, pause_seconds: float) -> None:
        try:
            while True:
                self.wfile.write(piece)
                time.sleep(pause_seconds)
        except OSError:
            return

    def _answer(
        self, content: bytes, kind: str, *headers: tuple[str, str], length: int = 0
    ) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(content)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Not into the test's output."""


class Hosts:
    """A server that stands for any host, and who was asked what."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        handler = type("Handler", (_Host,), {"asked": self.asked})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        self.looked_up: list[str] = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def resolve(self, host: str, port: int, **more: object) -> list[tuple[Any, ...]]:
        self.looked_up.append(host)
        if host.startswith("no."):
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    def fetcher(self, *hosts: str, **more: Any) -> Fetcher:
        named = [f"{host}:{self.port}" for host in hosts or ("a.example",)]
        more = {"admits": lambda address: address == "127.0.0.1", "resolve": self.resolve, **more}
        return Fetcher(named, **more)

    def url(self, path: str, host: str = "a.example") -> str:
        return f"http://{host}:{self.port}/{path}"


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    made = Hosts()
    yield made
    made.server.shutdown()
    made.server.server_close()


def refusal(found: bytes | Refusal) -> str:
    assert isinstance(found, Refusal)
    assert found.code == "image-fetch"
    return found.reason


# --- where ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("64:ff9b::5db8:d822", True),
        ("127.0.0.1", False),
        ("127.255.0.9", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("::", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
    ],
)
def test_which_addresses_are_everybodys(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("example.org", ("example.org", None)),
        ("Example.ORG:8443", ("example.org", 8443)),
        ("bücher.example", ("xn--bcher-kva.example", None)),
        ("[2606:2800::1]:80", ("2606:2800::1", 80)),
    ],
)
def test_a_host_is_a_name_and_perhaps_a_port(text: str, host: tuple[str, int | None]) -> None:
    assert named_host(text) == host


@pytest.mark.parametrize(
    "text", ["", "*", "*.example.org", "https://a.org", "a.org/x", "u@a.org", "a.org:x", "a.org?q"]
)
def test_anything_else_is_no_host(text: str) -> None:
    with pytest.raises(ValueError, match=r"host|port|label|cast"):
        named_host(text)


def test_a_picture_of_a_named_host_is_fetched(hosts: Hosts) -> None:
    assert hosts.fetcher().fetch(hosts.url("a/p.png?q=1#top")) == PICTURE
    assert hosts.asked == [(f"a.example:{hosts.port}", "/a/p.png?q=1")]


@pytest.mark.parametrize(
    "address",
    [
        "http://b.example:{port}/p.png",
        "http://a.example/p.png",
        "http://a.example:1/p.png",
        "http://x.a.example:{port}/p.png",
        "http://a.example.b.example:{port}/p.png",
        "http://a.example:{port}@b.example/p.png",
        "http://me:secret@a.example:{port}/p.png",
        "ftp://a.example:{port}/p.png",
        "file://a.example:{port}/etc/passwd",
        "http://[bad/p.png",
        "http://127.0.0.1:{port}/p.png",
    ],
)
def test_nobody_else_may_be_asked(address: str, hosts: Hosts) -> None:
    assert not hosts.fetcher().may_ask(address.replace("{port}", str(hosts.port)))


def test_a_host_without_a_port_is_its_usual_two() -> None:
    fetcher = Fetcher(["a.example"])
    asked = (
        "http://A.example/p",
        "https://a.example:443/p",
        "//a.example/p",
        "https://a.example:80/p",
    )
    assert [fetcher.may_ask(address) for address in asked] == [True, True, True, False]


def test_a_private_network_is_not_asked(hosts: Hosts) -> None:
    fetcher = hosts.fetcher(admits=is_public)
    assert "private network" in refusal(fetcher.fetch(hosts.url("p.png")))
    assert hosts.asked == []


def test_one_private_address_among_public_ones_is_enough(hosts: Hosts) -> None:
    def both(host: str, port: int, **more: object) -> list[tuple[Any, ...]]:
        return [(0, 0, 0, "", (address, port)) for address in ("93.184.216.34", "10.0.0.1")]

    fetcher = hosts.fetcher(admits=is_public, resolve=both)
    assert "private network" in refusal(fetcher.fetch(hosts.url("p.png")))


def test_a_name_that_answers_otherwise_the_next_time_gains_nothing(hosts: Hosts) -> None:
    """The name is looked up once, and the connection goes to what was looked at."""
    answers = ["127.0.0.1", "192.0.2.1"]

    def rebinding(host: str, port: int, **more: object) -> list[tuple[Any, ...]]:
        return [(0, 0, 0, "", (answers.pop(0), port))]

    assert hosts.fetcher(resolve=rebinding).fetch(hosts.url("p.png")) == PICTURE
    assert answers == ["192.0.2.1"]


def test_the_system_s_own_answer_is_never_asked_for(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No library below looks the name up again: the connection is to an address."""
    real = socket.getaddrinfo

    def numbers_alone(host: str, *arguments: Any, **more: Any) -> Any:
        assert host == "127.0.0.1"
        return real(host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", numbers_alone)
    assert hosts.fetcher().fetch(hosts.url("p.png")) == PICTURE
    assert hosts.looked_up == ["a.example"]


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_an_encrypted_host_proves_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts, pair = Hosts(), tmp_path / "pair.pem"
    names = ("-subj", "/CN=a.example", "-addext", "subjectAltName=DNS:a.example")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(pair))
    made = ["openssl", "req", "-x509", "-days", "2", *names, *key, "-out", f"{pair}.crt"]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{pair}.crt", pair)
    hosts.server.socket = context.wrap_socket(hosts.server.socket, server_side=True)
    fetch = hosts.fetcher("a.example", "b.example").fetch
    assert "CERTIFICATE_VERIFY_FAILED" in refusal(fetch(f"https://a.example:{hosts.port}/1.png"))
    monkeypatch.setenv("SSL_CERT_FILE", f"{pair}.crt")
    assert fetch(f"https://a.example:{hosts.port}/2.png") == PICTURE
    assert "CERTIFICATE_VERIFY_FAILED" in refusal(fetch(f"https://b.example:{hosts.port}/3.png"))
    hosts.server.shutdown()
    hosts.server.server_close()


# --- redirects -----------------------------------------------------------------------------------


def test_a_redirect_within_what_was_named_is_followed(hosts: Hosts) -> None:
    assert hosts.fetcher().fetch(hosts.url("to/x?/p.png")) == PICTURE
    fetcher = hosts.fetcher("a.example", "b.example")
    assert fetcher.fetch(hosts.url(f"to/x?{hosts.url('p.png', 'b.example')}")) == PICTURE
    assert [host.partition(":")[0] for host, _ in hosts.asked[2:]] == ["a.example", "b.example"]


@pytest.mark.parametrize(
    "there",
    [
        "http://b.example:{port}/p.png",
        "//b.example:{port}/p.png",
        "http://127.0.0.1:{port}/p.png",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "http://a.example:22/p.png",
    ],
)
def test_a_redirect_to_elsewhere_is_refused(there: str, hosts: Hosts) -> None:
    there = there.replace("{port}", str(hosts.port))
    said = refusal(hosts.fetcher().fetch(hosts.url(f"to/x?{there}")))
    assert "redirected to" in said
    assert "was not named" in said
    assert len(hosts.asked) == 1
    assert hosts.looked_up == ["a.example"]


def test_a_redirect_out_of_encryption_is_refused() -> None:
    fetcher = Fetcher(["a.example"])
    fetcher._answer = lambda url: "http://a.example/p.png"  # type: ignore[method-assign]
    assert "not encrypted" in refusal(fetcher.fetch("https://a.example/p.png"))


def test_redirects_end(hosts: Hosts) -> None:
    said = refusal(hosts.fetcher().fetch(hosts.url("to/x?/to/y?/to/z?/to/w?/to/v?/p.png")))
    assert "again and again" in said
    assert len(hosts.asked) == 4


# --- what ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("gone/p.png", "404"),
        ("x.html", "text/html"),
        ("packed/p.png", "compressed"),
        ("cut/p.png", "in part"),
        ("endless/p.png", "larger than 1 MiB"),
    ],
)
def test_what_is_no_picture_is_refused(path: str, reason: str, hosts: Hosts) -> None:
    fetcher = hosts.fetcher(bounds=Bounds(picture_bytes=1024**2))
    assert reason in refusal(fetcher.fetch(hosts.url(path)))
    assert list(fetcher.refused) == [hosts.url(path)]


def test_a_host_that_gives_a_byte_at_a_time_is_hung_up_on_and_left_alone(hosts: Hosts) -> None:
    fetcher = hosts.fetcher(bounds=Bounds(picture_seconds=0.4))
    assert "took longer than 0.4 seconds" in refusal(fetcher.fetch(hosts.url("slow/p.png")))
    assert "too slow before" in refusal(fetcher.fetch(hosts.url("p.png")))
    assert len(hosts.asked) == 1


def test_there_is_an_end_to_how_much_is_fetched(hosts: Hosts) -> None:
    by_number = hosts.fetcher(bounds=Bounds(pictures=2))
    assert [isinstance(by_number.fetch(hosts.url(f"{n}.png")), bytes) for n in range(3)] == [True, True, False]  # fmt: skip
    by_size = hosts.fetcher(bounds=Bounds(total_bytes=1))
    assert [isinstance(by_size.fetch(hosts.url(f"{n}.png")), bytes) for n in range(2)] == [True, False]  # fmt: skip


def test_a_host_that_is_not_there_is_told_of(hosts: Hosts) -> None:
    fetcher = hosts.fetcher("no.example", "a.example")
    assert "no such host" in refusal(fetcher.fetch(hosts.url("p.png", "no.example")))
    hosts.server.shutdown()
    hosts.server.server_close()
    assert "could not be had" in refusal(fetcher.fetch(hosts.url("p.png")))


def test_nothing_is_asked_twice(hosts: Hosts) -> None:
    kept: dict[str, bytes] = {}
    for _ in range(2):
        fetcher = hosts.fetcher(recall=kept.get, keep=kept.__setitem__)
        for _ in range(2):
            assert fetcher.fetch(hosts.url("p.png")) == PICTURE
            assert "404" in refusal(fetcher.fetch(hosts.url("gone/p.png")))
    assert [path for _, path in hosts.asked] == ["/p.png", "/gone/p.png", "/gone/p.png"]


# --- through a build -----------------------------------------------------------------------------

_CHAPTER = """# Ebb

![A picture]({picture})

![A drawing]({drawing})

<img src="{picture}" alt="The same again">
"""


def _publication(folder: Path, text: str) -> Path:
    (folder / "en").mkdir(parents=True)
    settings = 'title = "Tides"\nlanguages = ["en"]\ndate = 2020-01-01\n'
    (folder / "publication.toml").write_text(settings, encoding="utf-8")
    (folder / "en" / "a.md").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def reachable(hosts: Hosts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Builds of this process find their hosts here, and have a cache of their own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    here = partial(Fetcher, admits=lambda address: address == "127.0.0.1", resolve=hosts.resolve)
    monkeypatch.setattr(fetching, "Fetcher", here)


@pytest.fixture
def book(hosts: Hosts, tmp_path: Path) -> Path:
    text = _CHAPTER.format(picture=hosts.url("p.png"), drawing=hosts.url("figures/d.svg"))
    return _publication(tmp_path / "book", text)


@pytest.mark.usefixtures("reachable")
def test_fetched_pictures_are_in_every_edition_and_stay_the_same(
    hosts: Hosts, book: Path, tmp_path: Path
) -> None:
    named = (f"a.example:{hosts.port}",)
    report = build(Request(book, tmp_path / "out", network=named))
    assert {d.code for d in report.diagnostics if d.severity > 0} <= {"image-foreign", "image-resolution"}  # fmt: skip
    assert [path for _, path in hosts.asked] == ["/p.png", "/figures/d.svg"]
    stem = tmp_path / "out" / "tides.en"
    with zipfile.ZipFile(f"{stem}.epub") as packed:
        inside = {name: packed.read(name) for name in packed.namelist()}
    assert PICTURE in inside.values()
    [drawing] = [content for name, content in inside.items() if name.endswith("d.svg")]
    assert b"<rect" in drawing
    assert b"script" not in drawing
    assert b"elsewhere" not in drawing
    pages = tmp_path / "out" / "web" / "en"
    assert PICTURE in [path.read_bytes() for path in pages.rglob("*.png")]
    for edition in (f"{stem}.pdf", f"{stem}.print.pdf"):
        with pikepdf.open(edition) as pdf:
            assert any(page.get_images() for page in pdf.pages), edition
    # The host is not needed any more, and what is made of its pictures does not change.
    before = digests(tmp_path / "out")
    hosts.server.shutdown()
    hosts.server.server_close()
    again = build(Request(book, tmp_path / "again", network=named))
    assert not again.failed
    assert digests(tmp_path / "again") == before


@pytest.mark.usefixtures("reachable")
def test_without_leave_nothing_is_fetched(hosts: Hosts, book: Path, tmp_path: Path) -> None:
    report = build(Request(book, tmp_path / "out", editions=("epub",)))
    told = [(d.code, d.file, d.line) for d in report.diagnostics if d.code.startswith("image")]
    assert told == [("image-remote", "en/a.md", line) for line in (3, 5, 7)]
    assert hosts.asked == []


@pytest.mark.usefixtures("reachable")
def test_a_refusal_has_its_place_and_is_not_remembered(hosts: Hosts, tmp_path: Path) -> None:
    text = f"# Ebb\n\n![A]({hosts.url('gone/a.png')})\n\nAgain ![A]({hosts.url('gone/a.png')})\n"
    book = _publication(tmp_path / "book", text)
    wish = Request(
        book, tmp_path / "out", ("epub",), keep_going=True, network=(f"a.example:{hosts.port}",)
    )
    for _ in range(2):
        report = build(wish)
        told = [(d.code, d.file, d.line) for d in report.diagnostics if d.code == "image-fetch"]
        assert told == [("image-fetch", "en/a.md", 3), ("image-fetch", "en/a.md", 5)]
        assert "404" in next(d.message for d in report.diagnostics if d.code == "image-fetch")
    assert len(hosts.asked) == 2


@pytest.mark.parametrize("command", ["build", "check"])
def test_the_command_line_lets_nobody_reach_this_machine(
    command: str, hosts: Hosts, imprint: Command, tmp_path: Path
) -> None:
    text = "# Ebb\n\n" + "\n\n".join(
        f"![A picture](http://{host}:{hosts.port}/p.png)" for host in ("127.0.0.1", "localhost")
    )
    book = _publication(tmp_path / "book", text)
    output = ("-o", tmp_path / "out", "-e", "epub") if command == "build" else ()
    named = [
        word
        for host in ("127.0.0.1", "localhost")
        for word in ("--allow-network", f"{host}:{hosts.port}")
    ]
    run = imprint(command, book, *output, *named)
    assert run.exit_code == 1
    assert run.stderr.count("[image-fetch]") == 2
    assert "en/a.md:3:" in run.stderr
    assert "en/a.md:5:" in run.stderr
    assert "private network" in run.stderr
    assert hosts.asked == []


def test_a_wrong_name_of_a_host_is_told_at_once(imprint: Command, tmp_path: Path) -> None:
    book = _publication(tmp_path / "book", "# Ebb\n\nText.\n")
    run = imprint("build", book, "-o", tmp_path / "out", "--allow-network", "https://a.example/")
    assert run.exit_code == 2
    assert "is no name of a host" in run.stderr
    assert not (tmp_path / "out").exists()
