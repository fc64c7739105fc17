"""What the pages for publishers say of codes is what the engine says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from imprint.codes import rules
from imprint.report import ACCESSIBILITY_CODES, QUESTIONS

ROOT = Path(__file__).parent.parent
_ROW = re.compile(r"^\| `([a-z-]+)` \| ([^|]+) \| ([^|]+) \|$", re.M)
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


def _page() -> dict[str, tuple[str, str]]:
    text = (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8")
    rows = _ROW.findall(text)
    assert len(rows) == len({code for code, _, _ in rows})
    return {code: (rule.strip(), remedy.strip()) for code, rule, remedy in rows}


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


def test_every_code_stands_on_the_page_with_its_rule_and_a_remedy() -> None:
    page = _page()
    assert page.keys() == rules().keys()
    assert {code: rule for code, (rule, _) in page.items()} == dict(rules())
    assert all(remedy.endswith((".", "?")) for _, remedy in page.values())


def test_every_code_that_the_engine_gives_is_known() -> None:
    given = _given()
    assert {"alt-missing", "alt-short", "no-folder", "language-folder"} <= given
    assert given - rules().keys() == set()


def test_the_report_asks_about_codes_that_there_are() -> None:
    assert rules().keys() >= ACCESSIBILITY_CODES
    assert {code for each in QUESTIONS for code in each.codes} <= ACCESSIBILITY_CODES
