"""Whether an output folder holds what its manifest says, to the byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from imprint.diagnostics import Diagnostic, error, warning
from imprint.publish import MANIFEST, SEAL, STAGING
from imprint.room import inside

_AGAIN = "Build again; if the file was changed on purpose, it is no longer what was published."


def verified(output: Path) -> tuple[int, list[Diagnostic]]:
    """How many files are as the manifest says, and what is wrong."""
    try:
        content = (output / MANIFEST).read_bytes()
        entries = [_entry(entry) for entry in json.loads(content)["files"]]
    except FileNotFoundError:
        message = "There is no manifest."
        return 0, [error("verify-manifest", MANIFEST, 0, 0, message, "Name an output folder.")]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as fault:
        message = f"The manifest cannot be read: {fault}."
        return 0, [error("verify-manifest", MANIFEST, 0, 0, message, "Build again.")]
    found = [*_seal(output, content), *_interrupted(output)]
    wrong = [d for entry in entries for d in _compared(output, *entry)]
    known = {MANIFEST, SEAL, *(file for file, _, _ in entries)}
    found += [*wrong, *_unknown(output, known)]
    return len(entries) - len(wrong), found


def _entry(entry: Mapping[str, Any]) -> tuple[str, int, str]:
    return str(entry["file"]), int(entry["bytes"]), str(entry["sha256"])


def _seal(output: Path, manifest: bytes) -> Iterator[Diagnostic]:
    """A complaint if the manifest is not the one that its digest was written for."""
    try:
        expected = (output / SEAL).read_text(encoding="ascii").split()[:1]
    except (OSError, ValueError) as fault:
        yield error("verify-manifest", SEAL, 0, 0, f"The digest is not there: {fault}.", _AGAIN)
        return
    if expected != [hashlib.sha256(manifest).hexdigest()]:
        yield error("verify-manifest", MANIFEST, 0, 0, "The manifest was changed.", _AGAIN)


def _interrupted(output: Path) -> Iterator[Diagnostic]:
    if any(output.glob(f"{STAGING}*")):
        message = "A build was stopped while it published, or is doing so now."
        hint = "Wait, or build again: the next build ends what that one began."
        yield warning("verify-interrupted", MANIFEST, 0, 0, message, hint)


def _compared(output: Path, file: str, size: int, digest: str) -> Iterator[Diagnostic]:
    """What is wrong with a file of the manifest, at most one complaint."""
    path = output / file
    if not inside(output, path):
        message = "The manifest names a file outside the folder."
        yield error("verify-manifest", file, 0, 0, message, _AGAIN)
        return
    try:
        with path.open("rb") as content:
            now = hashlib.file_digest(content, "sha256").hexdigest()
            length = content.tell()
    except OSError as fault:
        message = f"The file cannot be read: {fault.strerror}."
        yield error("verify-missing", file, 0, 0, message, _AGAIN)
        return
    if length != size:
        message = f"The file has {length} bytes; it had {size} when it was published."
        yield error("verify-changed", file, 0, 0, message, _AGAIN)
    elif now != digest:
        yield error("verify-changed", file, 0, 0, "The file was changed.", _AGAIN)


def _unknown(output: Path, known: set[str]) -> Iterator[Diagnostic]:
    """What lies in the folder and is not in the manifest."""
    for path in sorted(output.rglob("*")):
        file = path.relative_to(output).as_posix()
        if path.is_dir() or file in known or file.startswith(STAGING):
            continue
        message = "The file is not in the manifest."
        yield warning("verify-unknown", file, 0, 0, message, "No build put it here.")
