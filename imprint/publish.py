"""Put finished files into the output folder: each whole or not at all, the manifest last."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imprint import __version__
from imprint.model import Edition

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Finished:
    """An edition with its files: one under ``edition.file``, or many under it as a folder.

    A file is its content, or where its content is: long PDFs need not be held in memory.
    """

    edition: Edition
    files: Mapping[str, bytes | Path]

    @property
    def size_bytes(self) -> int:
        """The size of all files together."""
        return sum(map(_size, self.files.values()))


def _size(content: bytes | Path) -> int:
    return content.stat().st_size if isinstance(content, Path) else len(content)


def _digest(content: bytes | Path) -> str:
    if not isinstance(content, Path):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def publish(output: Path, finished: Sequence[Finished]) -> list[dict[str, object]]:
    """Write all files beside the old ones, then put them in their places; the new manifest.

    Nothing of the output changes before every new file is safely on the disk. Entries of editions
    that were not built this time stay.
    """
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".imprint-", dir=output) as beside:
        staging = Path(beside)
        for number, made in enumerate(finished):
            for name, content in made.files.items():
                _write(staging / str(number) / name, content)
        entries = _entries(output, finished)
        manifest = json.dumps(
            {"generator": f"Imprint {__version__}", "files": entries}, indent=1, ensure_ascii=False
        )
        _write(staging / MANIFEST, (manifest + "\n").encode())
        for number, made in enumerate(finished):
            _move(staging / str(number), output, made, staging / f"old-{number}")
        os.replace(staging / MANIFEST, output / MANIFEST)
    _sync(output)
    return entries


def _write(path: Path, content: bytes | Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        if isinstance(content, Path):
            with content.open("rb") as source:
                shutil.copyfileobj(source, file, 1 << 20)
        else:
            file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _move(staged: Path, output: Path, made: Finished, old: Path) -> None:
    target = output / made.edition.file
    target.parent.mkdir(parents=True, exist_ok=True)
    if len(made.files) == 1 and made.edition.file.split("/")[-1] in made.files:
        os.replace(staged / target.name, target)
        return
    if target.exists():
        os.replace(target, old)
    os.replace(staged, target)
    shutil.rmtree(old, ignore_errors=True)


def _entries(output: Path, finished: Sequence[Finished]) -> list[dict[str, object]]:
    """The manifest's entries: those of this build, and those of earlier ones still there."""
    made = [entry for each in finished for entry in _described(each)]
    replaced = {each.edition.file for each in finished}
    kept = [
        entry
        for entry in _earlier(output)
        if (output / str(entry["file"])).is_file()
        and not any(
            entry["file"] == file or str(entry["file"]).startswith(f"{file}/") for file in replaced
        )
    ]
    return sorted([*kept, *made], key=lambda entry: str(entry["file"]))


def _described(each: Finished) -> list[dict[str, object]]:
    edition = each.edition
    single = len(each.files) == 1 and edition.file.split("/")[-1] in each.files
    return [
        {
            "file": edition.file if single else f"{edition.file}/{name}",
            "edition": edition.kind,
            "language": edition.lang,
            "bytes": _size(content),
            "sha256": _digest(content),
            **({"pages": edition.pages} if edition.pages else {}),
        }
        for name, content in sorted(each.files.items())
    ]


def _earlier(output: Path) -> list[dict[str, object]]:
    try:
        known = json.loads((output / MANIFEST).read_text(encoding="utf-8"))
        return [entry for entry in known["files"] if isinstance(entry.get("file"), str)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
