"""What `imprint check` says, to people and to programs, and what publications make of it."""

from __future__ import annotations

import ast
import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from imprint import links
from imprint.codes import rules
from imprint.commands import main
from imprint.commands.check import of_folder
from imprint.diagnostics import Severity

ROOT = Path(__file__).resolve().parent.parent
SARIF = ROOT / ".venv/node/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
TOML = 'title = "Tides"\nlanguages = ["en"]\nchapters = ["a.md"]\n'


def publication(folder: Path, text: str, settings: str = "") -> Path:
    (folder / "en").mkdir(parents=True, exist_ok=True)
    (folder / "publication.toml").write_text(TOML + settings, encoding="utf-8")
    (folder / "en" / "a.md").write_text(text, encoding="utf-8")
    return folder


def check(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)], catch_exceptions=False)


def codes(result: Result) -> list[tuple[str, str, int]]:
    return [(d["code"], d["severity"], d["line"]) for d in json.loads(result.stdout)]


TWO = "# Tides\n\nA [dead](gone.md) link.\n\n![](no.png)\n"


# --- formats -------------------------------------------------------------------------------------


def test_people_see_the_line_the_place_and_what_to_do(tmp_path: Path) -> None:
    told = check(publication(tmp_path, TWO))
    assert told.exit_code == 1
    lines = told.stderr.splitlines()
    assert lines[0].startswith("en/a.md:3:10: warning [link-target] The link to `gone.md` leads")
    assert lines[1].endswith("│ A [dead](gone.md) link.")
    assert lines[2].index("^") == lines[1].index("gone.md")
    assert lines[3].strip().startswith("→ Mend the address")
    assert "error [image-missing]" in told.stderr
    assert told.stdout.splitlines()[-1].startswith("Mend the errors above")


def test_a_sound_publication_hears_what_comes_next(tmp_path: Path) -> None:
    told = check(publication(tmp_path, "# Tides\n\nText.\n"))
    assert told.exit_code == 0
    assert told.stdout == f"There is nothing to mend. Next: imprint build {tmp_path}\n"


def test_strict_takes_warnings_for_errors(tmp_path: Path) -> None:
    folder = publication(tmp_path, "# Tides\n\nA [dead](gone.md) link.\n")
    assert check(folder).exit_code == 0
    assert check(folder, "--strict").exit_code == 1


def test_json_holds_the_diagnostics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    publication(tmp_path / "book", TWO)
    found = json.loads(check("book", "--format", "json").stdout)
    assert found[0] == {
        "code": "link-target",
        "severity": "warning",
        "file": "book/en/a.md",
        "line": 3,
        "column": 10,
        "message": "The link to `gone.md` leads nowhere in this book; its text stays without it.",
        "hint": "Mend the address, or link to a page of the World Wide Web.",
    }


def test_sarif_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    publication(tmp_path / "a book", TWO, 'titel = "x"\n')
    log = json.loads(check("a book", "--format", "sarif").stdout)
    jsonschema.Draft7Validator(json.loads(SARIF.read_text(encoding="utf-8"))).validate(log)
    [run] = log["runs"]
    results = {result["ruleId"]: result for result in run["results"]}
    assert set(results) == {"link-target", "image-missing", "setting-unknown", "alt-missing"}
    place = results["link-target"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20book/en/a.md"
    assert place["region"] == {"startLine": 3, "startColumn": 10}
    listed = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert listed[result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_of_nothing_is_valid(tmp_path: Path) -> None:
    log = json.loads(check(publication(tmp_path, "# T\n\nT.\n"), "--format", "sarif").stdout)
    jsonschema.Draft7Validator(json.loads(SARIF.read_text(encoding="utf-8"))).validate(log)
    assert log["runs"][0]["results"] == []


def test_github_gets_a_command_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    publication(tmp_path / "book", "# T\n\n[x](a%0A::error::b,100%.md)\n")
    told = check("book", "--format", "github").stdout
    assert told.splitlines() == [
        "::warning file=book/en/a.md,line=3,col=5,title=link-target::The link to "
        "`a%250A::error::b,100%25.md` leads nowhere in this book; its text stays without it. "
        "Mend the address, or link to a page of the World Wide Web."
    ]


def test_a_folder_that_is_not_there() -> None:
    told = check("nowhere", "--format", "json")
    assert told.exit_code == 1
    assert codes(told) == [("no-folder", "error", 0)]


def test_a_pdf_is_looked_at_as_a_printer_would(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"no PDF")
    told = check(path, "--format", "json")
    assert told.exit_code == 1
    assert codes(told) == [("press-unreadable", "error", 0)]


# --- what a publication makes of them ------------------------------------------------------------


def test_ignored_by_the_publication(tmp_path: Path) -> None:
    settings = '[diagnostics]\nignore = ["link-target", "alt-missing"]\n'
    told = check(publication(tmp_path, TWO, settings), "--format", "json")
    assert codes(told) == [("image-missing", "error", 5)]


def test_made_errors_by_the_publication(tmp_path: Path) -> None:
    settings = '[diagnostics]\nerror = ["link-target"]\n'
    folder = publication(tmp_path, "# Tides\n\nA [dead](gone.md) link.\n", settings)
    assert codes(check(folder, "--format", "json")) == [("link-target", "error", 3)]
    built = CliRunner().invoke(main, ["build", str(folder), "-o", str(tmp_path / "out"), "-j", "1"])
    assert built.exit_code == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text",
    [
        "A [dead](gone.md) link. <!-- imprint: ignore link-target -->\n",
        "<!-- imprint: ignore link-target -->\nA [dead](gone.md) link.\n",
        "<!-- imprint: ignore link-target -->\n\nA [dead](gone.md) link.\n",
        "<!-- imprint: ignore alt-short, link-target -->\nA [dead](gone.md) link.\n",
    ],
)
def test_ignored_by_a_comment(tmp_path: Path, text: str) -> None:
    folder = publication(tmp_path, f"+++\ntitle = 'T'\n+++\n\n{text}")
    assert codes(check(folder, "--format", "json")) == []


@pytest.mark.parametrize(
    "text",
    [
        "A [dead](gone.md) link.\n\n<!-- imprint: ignore link-target -->\n",
        "<!-- imprint: ignore link-text -->\nA [dead](gone.md) link.\n",
        "<!-- imprint: ignore link-target -->\n\nText.\n\nA [dead](gone.md) link.\n",
        "<!-- imprint: ignore -->\nA [dead](gone.md) link.\n",
    ],
)
def test_a_comment_ignores_nothing_else(tmp_path: Path, text: str) -> None:
    folder = publication(tmp_path, f"# T\n\n{text}")
    assert [code for code, *_ in codes(check(folder, "--format", "json"))] == ["link-target"]


def test_a_code_that_there_is_not(tmp_path: Path) -> None:
    settings = '[diagnostics]\nignore = ["link-targt"]\n'
    [found] = of_folder(publication(tmp_path, "# T\n\nText.\n", settings))
    assert (found.code, found.severity, found.line) == ("diagnostic", Severity.ERROR, 5)
    assert found.hint == "Did you mean `link-target`?"


def used_codes() -> Iterator[str]:
    """The codes that the engine's own text gives to diagnostics."""
    givers = {
        "error",
        "warning",
        "note",
        "Diagnostic",
        "_warn",
        "warn",
        "_refuse",
        "_one_of",
        "lose",
    }
    shape = re.compile(r"[a-z]+(-[a-z]+)*")
    for path in (ROOT / "imprint").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call | ast.Tuple):
                continue
            items = node.args if isinstance(node, ast.Call) else node.elts
            name = getattr(getattr(node, "func", None), "attr", "")
            name = name or getattr(getattr(node, "func", None), "id", "")
            for before, item in zip([None, *items], items, strict=False):
                if not isinstance(item, ast.Constant) or not isinstance(item.value, str):
                    continue
                after_severity = isinstance(before, ast.Attribute) and (
                    getattr(before.value, "id", "") == "Severity"
                )
                if shape.fullmatch(item.value) and (
                    after_severity or (before is None and name in givers) or name == "_warn"
                ):
                    yield item.value


def test_every_code_has_its_rule() -> None:
    used = set(used_codes())
    assert len(used) > 60
    assert used - set(rules()) == set()


# --- spelling ------------------------------------------------------------------------------------

AFF = "SET UTF-8\nSFX S Y 1\nSFX S 0 s .\nMAP 1\nMAP eé\n"


@pytest.fixture
def dictionary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "dictionaries"
    folder.mkdir()
    words = "the/\ntide/S\nboat/S\nharbour/S\nrise/S\nat\nisn't\nnoon\nrule/S\nof\n"
    (folder / "en_GB.aff").write_text(AFF, encoding="utf-8")
    (folder / "en_GB.dic").write_text(f"10\n{words}", encoding="utf-8")
    (folder / "fr.aff").write_text(AFF, encoding="utf-8")
    (folder / "fr.dic").write_text("2\nmarée/S\nla\n", encoding="utf-8")
    monkeypatch.setenv("DICPATH", str(folder))
    monkeypatch.setattr("imprint.spelling._FOLDERS", ())
    return folder


SPELT = (
    "# Tides\n\nThe tides rise at the harbor, at noon. It isn’t\nthe harbor of `teh` boats NATO A4\n"
    "https://exmaple.org *la marée*{lang=fr} *la mraée*{lang=fr}\n"
)


@pytest.mark.usefixtures("dictionary")
def test_words_that_no_dictionary_has(tmp_path: Path) -> None:
    found = of_folder(publication(tmp_path / "b", SPELT), spelling=True)
    assert [(d.code, d.line, d.column, d.message) for d in found if d.code == "spelling"] == [
        ("spelling", 3, 23, "“harbor” is not in the dictionary."),
        ("spelling", 3, 40, "“It” is not in the dictionary."),
        ("spelling", 5, 45, "“mraée” is not in the dictionary."),
    ]
    assert found[0].hint.startswith("Did you mean “harbour”?")


@pytest.mark.usefixtures("dictionary")
def test_spelling_is_off_unless_wished_for(tmp_path: Path) -> None:
    folder = publication(tmp_path / "b", SPELT)
    assert codes(check(folder, "--format", "json")) == []
    assert len(codes(check(folder, "--format", "json", "--spelling"))) == 3


@pytest.mark.usefixtures("dictionary")
def test_spelling_by_the_publication_with_words_of_its_own(tmp_path: Path) -> None:
    settings = '[diagnostics]\nspelling = true\nwords = ["harbor", "it"]\n'
    found = of_folder(publication(tmp_path / "b", SPELT, settings))
    assert [d.message for d in found] == ["“mraée” is not in the dictionary."]


@pytest.mark.usefixtures("dictionary")
def test_a_language_without_a_dictionary(tmp_path: Path) -> None:
    folder = publication(tmp_path / "b", "# Tides\n\nThe *Gezeiten*{lang=de}.\n")
    [found] = of_folder(folder, spelling=True)
    assert (found.code, found.severity) == ("spelling-dictionary", Severity.NOTE)
    assert "`de`" in found.message


# --- links to the World Wide Web -----------------------------------------------------------------


class Site(http.server.BaseHTTPRequestHandler):
    """A site that has seen better days."""

    asked: list[str]

    def answer(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")  # type: ignore[attr-defined]
        status, location = {
            "/fine": (200, ""),
            "/gone": (404, ""),
            "/moved": (301, "/fine"),
            "/away": (302, "/fine"),
            "/round": (302, "/round"),
            "/inside": (302, "http://10.0.0.1/"),
            "/file": (302, "file:///etc/passwd"),
            "/broken": (500, ""),
            "/no-head": (405 if self.command == "HEAD" else 200, ""),
        }.get(self.path, (404, ""))
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET = answer  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[http.server.ThreadingHTTPServer]:
    monkeypatch.setattr(links, "_PAUSE_SECONDS", 0.0)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def loopback(address: str) -> bool:
    """Who may be asked in these tests: this machine alone."""
    return address == "127.0.0.1"


PAGES = {
    "/fine": "",
    "/fine#place": "",
    "/gone": "link-dead",
    "/moved": "link-moved",
    "/away": "",
    "/round": "link-unchecked",
    "/inside": "link-private",
    "/file": "link-unchecked",
    "/broken": "link-unchecked",
    "/no-head": "",
}


def test_remote_links(tmp_path: Path, site: http.server.ThreadingHTTPServer) -> None:
    home = f"http://127.0.0.1:{site.server_port}"
    urls = [home + page for page in PAGES]
    answers = links.followed(urls, loopback)
    assert {page: answers[home + page].code for page in PAGES} == PAGES
    assert answers[f"{home}/moved"].hint == f"Link to `{home}/fine`."
    asked = site.asked  # type: ignore[attr-defined]
    assert asked.count("HEAD /round") == 6
    assert "GET /no-head" in asked
    assert "GET /fine" not in asked


def test_remote_links_have_their_places_and_are_asked_for_once(
    tmp_path: Path, site: http.server.ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = f"http://127.0.0.1:{site.server_port}"
    text = f"# T\n\n[One]({home}/gone)\n\n[Two]({home}/gone#x) and [three]({home}/fine)\n"
    folder = publication(tmp_path, text)
    monkeypatch.setattr(links.dead_links, "__defaults__", (loopback,))
    told = check(folder, "--links", "--format", "json")
    assert codes(told) == [("link-dead", "warning", 3), ("link-dead", "warning", 5)]
    asked = site.asked  # type: ignore[attr-defined]
    assert sorted(asked) == ["GET /gone", "HEAD /fine", "HEAD /gone"]


def test_nothing_private_is_asked_for(
    tmp_path: Path, site: http.server.ThreadingHTTPServer
) -> None:
    """The command itself: there is no option or variable that lets it."""
    port = site.server_port
    hosts = ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "10.1.2.3", "169.254.169.254", "127.1"]
    text = "\n\n".join(f"[Host {n}](http://{host}:{port}/fine)" for n, host in enumerate(hosts))
    told = check(publication(tmp_path, f"# T\n\n{text}\n"), "--links", "--format", "json")
    assert [code for code, *_ in codes(told)] == ["link-private"] * len(hosts)
    assert site.asked == []  # type: ignore[attr-defined]


def test_links_are_not_followed_unless_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_arguments: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr("socket.getaddrinfo", never)
    monkeypatch.setattr("socket.create_connection", never)
    folder = publication(tmp_path, "# T\n\n[A page](https://example.org/gone)\n")
    assert codes(check(folder, "--format", "json")) == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("fd00::1", False),
    ],
)
def test_which_addresses_are_everybodys(address: str, public: bool) -> None:
    assert links.is_public(address) is public
