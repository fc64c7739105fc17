"""What Imprint is made of: locked by hash, with known licences, and told in a bill of materials."""

from __future__ import annotations

import datetime
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from imprint.sbom import FILE, bill

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-test.lock", "setup/audit.lock")
MOMENT = datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "setup" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _document() -> dict[str, object]:
    content = bill(MOMENT).files[FILE]
    assert isinstance(content, bytes)
    return json.loads(content)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_locked_by_version_and_hash(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.M)[1:]
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[\w.-]+==[\w.!+]+", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry
    assert "://" not in text


def test_the_page_of_licences_is_that_of_the_locks() -> None:
    script = _script("licences")
    rows = re.findall(
        r"^\| ([\w.-]+) \| (.+) \|$", (ROOT / "docs" / "licences.md").read_text("utf-8"), re.M
    )
    page = {name: licence for name, licence in rows if name != "package"}
    names = [name for file in script.PARTS for name in script.locked(file)]
    assert page.keys() <= set(names)
    # Another version of Python may need others besides.
    installed = {name: licence for name in names if (licence := script.stated(name))}
    assert len(installed) > 100
    assert {**page, **installed} == page


def test_the_bill_of_materials_names_every_package_with_its_licence() -> None:
    document = _document()
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    parts = {part["name"].lower(): part for part in document["components"]}
    assert {"weasyprint", "ebooklib", "jinja2", "markdown", "pikepdf", "tinycss2"} <= parts.keys()
    assert "pytest" not in parts
    for name, part in parts.items():
        if part["type"] == "library":
            assert re.fullmatch(r"pkg:pypi/[a-z0-9-]+@[\w.!+]+", part["purl"]), name
            assert part["licenses"], name
    references = {part["bom-ref"] for part in document["components"]}
    assert len(references) == len(document["components"])
    [needs] = document["dependencies"]
    assert set(needs["dependsOn"]) == references
    assert document["metadata"]["timestamp"] == "2020-01-02T00:00:00Z"


def test_the_same_software_is_the_same_bill() -> None:
    assert bill(MOMENT) == bill(MOMENT)
    other = bill(MOMENT + datetime.timedelta(days=1))
    assert other.files != bill(MOMENT).files


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ({"dependencies": [{"name": "a", "version": "1", "vulns": []}]}, 0, "0 known flaws in 1 of 1"),
        ({"dependencies": [{"name": "a", "skip_reason": "offline"}]}, 0, "nothing was audited"),
        (
            {"dependencies": [{"name": "a", "version": "1", "vulns": [
                {"id": "PYSEC-1", "fix_versions": ["2"]}]}]},
            1, "a 1: PYSEC-1, mended in 2",
        ),
        (None, 0, "nothing was audited"),
    ],
)  # fmt: skip
def test_an_audit_says_what_it_came_to(answer: object, code: int, said: str) -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "setup" / "audit.py"],
        input=json.dumps(answer) if answer else "",
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == code
    assert said in run.stdout
