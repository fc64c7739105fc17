"""The pictures in a fragment's PDF, told apart by what they are, so that each is stored once."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator

import pikepdf
from pikepdf import Dictionary, Name


def picture_digest(stream: pikepdf.Object) -> str:
    """What makes a picture this picture: its samples, their format and its mask."""
    digest = hashlib.sha256()
    for part in (stream, stream.get("/SMask")):
        if part is None:
            continue
        described = [
            f"{k}={part[k]!r}"
            for k in sorted(part.keys())
            if k not in ("/SMask", "/Length", "/Interpolate")
        ]
        digest.update("".join(described).encode() + b"\0" + part.read_raw_bytes() + b"\0")
    return digest.hexdigest()


def unsmoothed(stream: pikepdf.Object) -> pikepdf.Object:
    """The picture without smoothing (ISO 19005-2, 6.2.8)."""
    for part in (stream, stream.get("/SMask")):
        if part is not None and "/Interpolate" in part:
            del part["/Interpolate"]
    return stream


def pictures(pdf: pikepdf.Pdf) -> Iterator[tuple[pikepdf.Object, str, pikepdf.Object]]:
    """Every place where a page or a form on it names a picture: the dictionary, name, picture."""
    seen: set[tuple[int, int]] = set()
    for page in pdf.pages:
        yield from _named(page.obj.get("/Resources"), seen)


def _named(
    resources: pikepdf.Object | None, seen: set[tuple[int, int]]
) -> Iterator[tuple[pikepdf.Object, str, pikepdf.Object]]:
    if resources is None or (resources.is_indirect and resources.objgen in seen):
        return
    if resources.is_indirect:
        seen.add(resources.objgen)
    for kind in ("/XObject", "/Pattern"):
        drawings = resources.get(kind, Dictionary())
        for name in list(drawings.keys()):
            stream = drawings[name]
            if stream.get("/Subtype") == Name.Image:
                yield drawings, name, stream
            elif "/Resources" in stream:
                yield from _named(stream.Resources, seen)


def census(pdf: bytes) -> tuple[tuple[str, ...], int]:
    """The digests of a fragment's pictures, each once and in order, and its count of objects."""
    with pikepdf.open(io.BytesIO(pdf)) as source:
        digests: dict[tuple[int, int], str] = {}
        for _, _, stream in pictures(source):
            if stream.objgen not in digests:
                digests[stream.objgen] = picture_digest(stream)
        return tuple(dict.fromkeys(digests.values())), len(source.objects)


__all__ = ["census", "picture_digest", "pictures", "unsmoothed"]
