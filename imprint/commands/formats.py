"""Diagnostics for programs: JSON, SARIF for code scanning, annotations for GitHub's checks."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from imprint import __version__
from imprint.diagnostics import Diagnostic, Severity
from imprint.explained import explanations

FORMATS = ("human", "json", "sarif", "github")

# SARIF 2.1.0, 3.27.10
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def formatted(diagnostics: Sequence[Diagnostic], folder: Path, format_name: str) -> str:
    """The diagnostics of a folder in one of the formats for programs, with a line end."""
    write = {"json": _json, "sarif": _sarif, "github": _github}[format_name]
    return write(diagnostics, folder)


def _json(diagnostics: Sequence[Diagnostic], folder: Path) -> str:
    """A list of objects whose keys are the fields of a diagnostic."""
    listed = [
        {
            "code": d.code,
            "severity": str(d.severity),
            "file": _path(d, folder),
            "line": d.line,
            "column": d.column,
            "message": d.message,
            "hint": d.hint,
        }
        for d in diagnostics
    ]
    return json.dumps(listed, ensure_ascii=False, indent=1) + "\n"


def _path(diagnostic: Diagnostic, folder: Path) -> str:
    """The file as it is called from here, where editors and checks look for it."""
    path = os.path.relpath(folder / diagnostic.file)
    return PurePosixPath(*Path(path).parts).as_posix()


# --- SARIF ---------------------------------------------------------------------------------------


def _sarif(diagnostics: Sequence[Diagnostic], folder: Path) -> str:
    """A log as SARIF 2.1.0 defines it, with the rules that the results name."""
    codes = sorted({d.code for d in diagnostics})
    run = {
        "tool": {
            "driver": {
                "name": "Imprint",
                "version": __version__,
                "rules": [_rule(code) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(d, folder, codes.index(d.code)) for d in diagnostics],
    }
    log = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(log, ensure_ascii=False, indent=1) + "\n"


def _rule(code: str) -> dict[str, Any]:
    known = explanations().get(code)
    rule = {"id": code, "shortDescription": {"text": known.rule if known else code}}
    if not known:
        return rule
    # 3.49.13: what to do, for those who look at a finding
    return rule | {"help": {"text": known.remedy, "markdown": known.remedy}}


def _result(diagnostic: Diagnostic, folder: Path, rule: int) -> dict[str, Any]:
    place: dict[str, Any] = {
        # 3.4.4: relative to a folder that whoever reads the log knows
        "artifactLocation": {"uri": quote(_path(diagnostic, folder)), "uriBaseId": "%SRCROOT%"}
    }
    if diagnostic.line:
        place["region"] = {"startLine": diagnostic.line, "startColumn": diagnostic.column or 1}
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": f"{diagnostic.message} {diagnostic.hint}".strip()},
        "locations": [{"physicalLocation": place}],
    }


# --- GitHub --------------------------------------------------------------------------------------


def _github(diagnostics: Sequence[Diagnostic], folder: Path) -> str:
    """A workflow command a line: GitHub shows them beside the lines of a change."""
    return "".join(f"{_annotation(d, folder)}\n" for d in diagnostics)


def _annotation(diagnostic: Diagnostic, folder: Path) -> str:
    properties = {"file": _path(diagnostic, folder)}
    if diagnostic.line:
        properties |= {"line": str(diagnostic.line), "col": str(diagnostic.column or 1)}
    properties["title"] = diagnostic.code
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    message = _escaped(f"{diagnostic.message} {diagnostic.hint}".strip())
    return f"::{_COMMANDS[diagnostic.severity]} {written}::{message}"


def _escaped(text: str) -> str:
    """Text on one line: manuscripts must not write commands of their own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
