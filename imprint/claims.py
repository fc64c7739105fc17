"""What a PDF says of itself: the standards that it claims to keep, and what its catalogue has.

Libraries enter every object of a file in a table before they tell anything; that of a long book
takes more memory than all the rest of a build. Imprint's own files have the metadata (as ISO 19005
wants it, ISO 19005-2, 6.6.2.1) and the catalogue where they can be read as they are.
"""

from __future__ import annotations

import io
import mmap
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pikepdf

_PROPERTY = re.compile(rb'(pdf(?:uaid|aid):(?:part|conformance))(?:="|>)([^"<]+)')
_KEYS = ("/Lang", "/Outlines")


@dataclass(frozen=True)
class Claims:
    """XMP's properties by name, with their prefix; which keys the catalogue has."""

    properties: Mapping[str, str] = field(default_factory=dict)
    catalogue: frozenset[str] = frozenset()
    encrypted: bool = False

    @property
    def pdfua(self) -> str:
        """The part of ISO 14289, "" for none."""
        return self.properties.get("pdfuaid:part", "")

    @property
    def pdfa(self) -> tuple[str, str]:
        """The part of ISO 19005 and the level in small letters, "" for none."""
        level = self.properties.get("pdfaid:conformance", "")
        return self.properties.get("pdfaid:part", ""), level.lower()


def claims(content: bytes | Path) -> Claims:
    """What a PDF says of itself. Raises ``pikepdf.PdfError`` where it is none."""
    if isinstance(content, bytes):
        return _plain(content) or _opened(io.BytesIO(content))
    if not content.stat().st_size:
        return _opened(content)
    with content.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        found = _plain(raw)
    return found or _opened(content)


def _plain(raw: bytes | mmap.mmap) -> Claims | None:
    """What stands in the file as it is; None where that is not all."""
    start, end = raw.rfind(b"<x:xmpmeta"), raw.rfind(b"</x:xmpmeta>")
    last = raw.rfind(b"/Type/Catalog")
    if not 0 <= start < end or last < 0:
        return None
    beginning = raw.rfind(b" obj", 0, last)
    catalogue = raw[beginning : raw.find(b"endobj", last)]
    if raw.find(b"<x:xmpmeta") != start or raw.find(b"/Type/Catalog") != last:
        # Changed by another program later on: what is at the end need not be all.
        return None
    found = {name.decode(): value.decode() for name, value in _PROPERTY.findall(raw[start:end])}
    keys = frozenset(key for key in _KEYS if re.search(rb"%s\b" % key.encode(), catalogue))
    return Claims(found, keys, raw.rfind(b"/Encrypt") >= 0)


def _opened(source: Path | io.BytesIO) -> Claims:
    with pikepdf.open(source) as pdf, pdf.open_metadata() as metadata:
        names = ("pdfuaid:part", "pdfaid:part", "pdfaid:conformance")
        found = {name: str(metadata[name]) for name in names if name in metadata}
        keys = frozenset(key for key in _KEYS if key in pdf.Root)
        return Claims(found, keys, pdf.is_encrypted)
