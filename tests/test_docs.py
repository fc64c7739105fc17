"""What the pages for publishers say of codes is what the engine says."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from imprint.codes import rules
from imprint.commands import main
from imprint.explained import explanations
from imprint.report import ACCESSIBILITY_CODES, QUESTIONS

ROOT = Path(__file__).parent.parent
# The functions of the engine that take a diagnostic's code, and which argument it is.
_MAKERS = {
    "warning": 0,
    "error": 0,
    "note": 0,
    "warn": 0,
    "_warn": 2,
    "_refuse": 0,
    "complain": 1,
    "report": 1,
    "Refusal": 0,
    "Answer": 0,
}


def _given() -> set[str]:
    """The codes that the engine's modules give, by their source."""
    found = set()
    for path in (ROOT / "imprint").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "attr", None) or getattr(call.func, "id", "")
            position = _MAKERS.get(name)
            if position is None or len(call.args) <= position:
                continue
            code = call.args[position]
            if isinstance(code, ast.Constant) and re.fullmatch(
                r"[a-z]+(-[a-z]+)*", str(code.value)
            ):
                found.add(code.value)
    return found


def test_every_code_has_a_section_with_its_rule_and_a_remedy() -> None:
    page = (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### (`.*)$", page, re.M)
    assert [f"`{code}`" for code in explanations()] == headings
    assert {code: each.rule for code, each in explanations().items()} == dict(rules())
    for each in explanations().values():
        assert each.remedy.partition("\n\n")[0].endswith((".", "?")), each.code
        assert each.remedy.count("```") in (0, 2), each.code


def test_a_code_is_explained_at_the_command_line() -> None:
    run = CliRunner().invoke(main, ["explain", "[alt-missing]"])
    assert run.exit_code == 0
    assert run.output.startswith("alt-missing: Pictures have a text alternative.")
    assert "Write between the brackets what the picture shows" in run.output
    unknown = CliRunner().invoke(main, ["explain", "alt-mising"])
    assert unknown.exit_code == 1
    assert "Did you mean alt-missing" in unknown.output
    every = CliRunner().invoke(main, ["explain"])
    assert [line.split()[0] for line in every.output.splitlines()] == list(explanations())


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    page = ROOT / "docs" / "handbook" / "commands.md"
    made = subprocess.run(
        [sys.executable, "-c", "import commands_page; print(commands_page.page(), end='')"],
        cwd=ROOT / "docs",
        capture_output=True,
        check=True,
    )
    assert page.read_text(encoding="utf-8") == made.stdout.decode()


def test_every_code_that_the_engine_gives_is_known() -> None:
    given = _given()
    assert {"alt-missing", "alt-short", "no-folder", "language-folder"} <= given
    assert given - rules().keys() == set()


def test_the_report_asks_about_codes_that_there_are() -> None:
    assert rules().keys() >= ACCESSIBILITY_CODES
    assert {code for each in QUESTIONS for code in each.codes} <= ACCESSIBILITY_CODES
