"""Whether anything changed since a build whose files are still there, byte for byte."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from imprint import fingerprint
from imprint.cache import Store, digest
from imprint.diagnostics import Diagnostic, Severity
from imprint.model import Edition

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Told:
    """What a build had to tell: editions with their sizes, findings, and whether it failed.

    ``notes`` are the files and folders beside the editions: records, catalogue, library, report.
    """

    made: tuple[tuple[Edition, int], ...]
    diagnostics: tuple[Diagnostic, ...]
    failed: bool
    notes: tuple[str, ...] = ()


def key_of(folder: Path, output: Path, templates: Path, wishes: Sequence[object]) -> str:
    """A name for a build of exactly this folder by exactly this program with these wishes."""
    files = fingerprint.tree(folder, without=[output]) if folder.is_dir() else {}
    return digest(
        fingerprint.engine(),
        fingerprint.fonts(templates / "fonts"),
        json.dumps(fingerprint.tree(templates)),
        # The folder's name may become the title.
        str(folder.resolve()),
        json.dumps(files),
        str(output.resolve()),
        os.environ.get("SOURCE_DATE_EPOCH", ""),
        repr(wishes),
    )


def remember(store: Store, key: str, output: Path, told: Told, *, dated: bool) -> None:
    """Keep what a build told, with the digests of the files that it made.

    ``dated`` builds are good for the day alone, since they say in their files when it was.
    """
    entries = _entries(output, [edition.file for edition, _ in told.made])
    day = datetime.datetime.now(datetime.UTC).date().isoformat() if dated else ""
    store.put("builds", key, json.dumps({"day": day, "files": entries, **asdict(told)}).encode())


def recalled(store: Store, key: str, output: Path) -> Told | None:
    """What the build told, if it was made before and its files are as it left them."""
    packed = store.get("builds", key)
    if packed is None:
        return None
    try:
        known = json.loads(packed)
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        made = tuple((Edition(**edition), size) for edition, size in known["made"])
        found = tuple(
            Diagnostic(**{**d, "severity": Severity(d["severity"])}) for d in known["diagnostics"]
        )
        notes = tuple(str(file) for file in known["notes"])
        if known["day"] not in ("", today) or not _untouched(output, made, known["files"]):
            return None
        if not _are_there(output, notes):
            return None
        return Told(made, found, bool(known["failed"]), notes)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _entries(output: Path, files: Sequence[str]) -> list[dict[str, object]]:
    """The manifest's entries of editions, by the file or the folder that each is."""
    known = json.loads((output / MANIFEST).read_text(encoding="utf-8"))["files"]
    return [
        entry
        for entry in known
        if any(entry["file"] == file or entry["file"].startswith(f"{file}/") for file in files)
    ]


def _untouched(
    output: Path,
    made: Sequence[tuple[Edition, int]],
    expected: Sequence[Mapping[str, object]],
) -> bool:
    """Whether the files are in the manifest and on the disk as they were."""
    try:
        entries = _entries(output, [edition.file for edition, _ in made])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return entries == list(expected) and all(_matches(output, entry) for entry in entries)


def _are_there(output: Path, notes: Sequence[str]) -> bool:
    """Whether what stands beside the editions is there as the manifest of now has it.

    Other builds and validators write these anew: they need not be as this build left them.
    """
    entries = _entries(output, notes)
    named = [str(entry["file"]) for entry in entries]
    return all(
        any(file == note or file.startswith(f"{note}/") for file in named) for note in notes
    ) and all(_matches(output, entry) for entry in entries)


def _matches(output: Path, entry: Mapping[str, object]) -> bool:
    try:
        with (output / str(entry["file"])).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == entry["sha256"]
    except OSError:
        return False
