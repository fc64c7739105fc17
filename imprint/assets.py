"""The pictures that a text uses: found in the publication's folder, checked, made fit to publish."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from imprint import figures
from imprint.diagnostics import Diagnostic, error, warning
from imprint.drawing import excess, refused_parts, svg_file, svg_tree
from imprint.model import Asset
from imprint.raster import raster
from imprint.room import MOST_PICTURE_BYTES, OUTSIDE, Refusal, inside, local_path, read_inside

if TYPE_CHECKING:
    from imprint.fetching import Fetcher


@dataclass
class Gallery:
    """The pictures found so far, by the file they come from."""

    root: Path
    lang: str
    fonts: Path
    style: figures.FigureStyle
    draw: Callable[..., figures.Drawing] = figures.draw
    fetcher: Fetcher | None = None
    by_file: dict[str, Asset | None] = field(default_factory=dict)
    tables: dict[str, figures.DataTable] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def asset(
        self, address: str, file: str, line: int, column: int
    ) -> tuple[Asset | None, tuple[Diagnostic, ...]]:
        """The picture at an address as ``file`` writes it, or None with what is wrong."""
        if is_remote(address):
            return self._fetched(address, (file, line, column))
        found = locate(self.root, address, file, self.lang)
        if found is OUTSIDE:
            return None, (_outside(address, file, line, column),)
        if isinstance(found, Refusal):
            return None, (_missing(address, file, line, column),)
        name = found.relative_to(self.root).as_posix()
        if name in self.by_file:
            asset = self.by_file[name]
            problem = () if asset else (_broken(address, file, line, column, ""),)
            return asset, problem
        asset, problems = self._read(found, name, address, (file, line, column))
        self.by_file[name] = asset
        return asset, problems

    def may_ask(self, address: str) -> bool:
        """Whether a picture on another host may be fetched."""
        return self.fetcher is not None and self.fetcher.may_ask(address)

    def _fetched(
        self, address: str, place: tuple[str, int, int]
    ) -> tuple[Asset | None, tuple[Diagnostic, ...]]:
        if not self.fetcher or not self.fetcher.may_ask(address):
            return None, (remote(address, *place),)
        if known := self.by_file.get(address):
            return known, ()
        content = self.fetcher.fetch(address)
        if isinstance(content, Refusal):
            return None, (_unfetched(address, *place, content.reason),)
        parts = urlsplit(address)
        asset, problems = self._made(content, f"{parts.hostname}{parts.path}", address, place)
        self.by_file[address] = asset
        return asset, problems

    def _read(
        self, path: Path, name: str, address: str, place: tuple[str, int, int]
    ) -> tuple[Asset | None, tuple[Diagnostic, ...]]:
        if figures.is_drawn(path):
            return self._drawn(path, name)
        content = read_inside(self.root, path, most_bytes=MOST_PICTURE_BYTES)
        if isinstance(content, Refusal):
            return None, (_broken(address, *place, content.reason),)
        return self._made(content, name, address, place)

    def _made(
        self, content: bytes, name: str, address: str, place: tuple[str, int, int]
    ) -> tuple[Asset | None, tuple[Diagnostic, ...]]:
        """The picture as the editions have it, from a file's content."""
        if name.lower().endswith(".svg") or content.lstrip()[:5] in (b"<?xml", b"<svg "):
            return self._svg(content, name, address, place)
        picture = raster(content)
        if isinstance(picture, str):
            return None, (_broken(address, *place, picture),)
        name = self._name(name, picture.suffix)
        size = picture.width, picture.height
        return Asset(name, picture.media_type, picture.content, *size), ()

    def _svg(
        self, content: bytes, name: str, address: str, place: tuple[str, int, int]
    ) -> tuple[Asset | None, tuple[Diagnostic, ...]]:
        tree = svg_tree(content)
        made = None if tree is None or excess(tree) else svg_file(content)
        if tree is None or made is None:
            reason = "It is not well-formed SVG." if tree is None else excess(tree)
            return None, (_broken(address, *place, reason),)
        left_out = tuple(_foreign(address, *place, what) for what in refused_parts(tree))
        asset = Asset(self._name(name, "svg"), "image/svg+xml", made, *svg_size(made))
        return asset, left_out

    def _drawn(self, path: Path, name: str) -> tuple[Asset | None, tuple[Diagnostic, ...]]:
        drawing = self.draw(
            path, lang=self.lang, room=self.root, fonts=self.fonts, style=self.style
        )
        if not drawing.svg:
            return None, drawing.diagnostics
        stem = name.removesuffix(figures.SPECIFICATION).removesuffix(".svg")
        asset = Asset(
            self._name(stem, "svg"),
            "image/svg+xml",
            drawing.svg.encode(),
            _pixels(drawing.width_px),
            _pixels(drawing.height_px),
        )
        if drawing.table:
            self.tables[asset.name] = drawing.table
        return asset, drawing.diagnostics

    def _name(self, file: str, suffix: str) -> str:
        """A name for the editions: ASCII, flat below one folder, no two alike."""
        stem = str(PurePosixPath(file).with_suffix("")) if "." in PurePosixPath(file).name else file
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", stem.replace("/", "--")).strip("-.") or "picture"
        name, count = f"{plain}.{suffix}", 1
        while name.lower() in self._taken:
            count += 1
            name = f"{plain}-{count}.{suffix}"
        self._taken.add(name.lower())
        return name

    def assets(self) -> Mapping[str, Asset]:
        """Every picture in use, by its name in the editions."""
        return {asset.name: asset for asset in self.by_file.values() if asset}


def is_remote(address: str) -> bool:
    """Whether an address leads out of this machine's files."""
    return bool(re.match(r"(?:[a-z][a-z0-9+.-]+:)?//", address, re.I))


def locate(root: Path, address: str, file: str, lang: str) -> Path | Refusal:
    """The file inside the publication's folder that an address of ``file`` means.

    Addresses are relative to the file or, with a leading "/", to the folder or that of the
    language; sites also count from the page's own folder (``../`` from ``en/page/``).
    """
    path = local_path(address)
    if isinstance(path, Refusal):
        return path
    here = PurePosixPath(file).parent
    bases = (
        [PurePosixPath(), PurePosixPath(lang), here]
        if path.startswith("/")
        else [here, PurePosixPath(file).with_suffix(""), PurePosixPath(lang), PurePosixPath()]
    )
    candidates = [root / base / path.lstrip("/") for base in bases]
    for candidate in candidates:
        try:
            if inside(root, candidate) and candidate.is_file():
                return root / candidate.resolve().relative_to(root.resolve())
        except (OSError, ValueError):
            continue
    # What the author means is the first: the others only make allowance for sites.
    if not inside(root, candidates[0]):
        return OUTSIDE
    return Refusal("image-missing", "There is no such file.")


def svg_size(svg: bytes) -> tuple[int, int]:
    """Width and height of a drawing in CSS pixels, 0 where it does not say."""
    head = svg[:2000].decode("utf-8", "replace")
    view = re.search(r'viewBox="\s*[-\d.]+[\s,]+[-\d.]+[\s,]+([\d.]+)[\s,]+([\d.]+)', head)
    wide = re.search(r'<svg[^>]*\swidth="([\d.]+)(?:px)?"', head)
    high = re.search(r'<svg[^>]*\sheight="([\d.]+)(?:px)?"', head)
    if wide and high:
        return _pixels(wide[1]), _pixels(high[1])
    return (_pixels(view[1]), _pixels(view[2])) if view else (0, 0)


def _pixels(length: str | float) -> int:
    """A length in whole pixels, 0 where it is none that a picture can have."""
    try:
        number = float(length)
    except ValueError:
        return 0
    return round(number) if 0 < number < 1_000_000 else 0


def _missing(address: str, file: str, line: int, column: int) -> Diagnostic:
    return error(
        "image-missing",
        file,
        line,
        column,
        f"There is no picture `{address}` in the publication's folder.",
        "Put it there, or mend its name (capitals count).",
    )


def _outside(address: str, file: str, line: int, column: int) -> Diagnostic:
    return error(
        "outside",
        file,
        line,
        column,
        f"The picture `{address}` is outside the publication's folder; it is not read.",
        "Copy it into the folder.",
    )


def _foreign(address: str, file: str, line: int, column: int, what: str) -> Diagnostic:
    return warning(
        "image-foreign",
        file,
        line,
        column,
        f"In the picture `{address}` stands `{what}`, which leads out of it or runs a program; "
        "it is left out.",
        "Draw it with shapes and text alone.",
    )


def _broken(address: str, file: str, line: int, column: int, reason: str) -> Diagnostic:
    return error(
        "image-broken",
        file,
        line,
        column,
        f"The picture `{address}` cannot be used. {reason}".strip(),
        "Save it anew as PNG, JPEG or SVG.",
    )


def remote(address: str, file: str, line: int, column: int) -> Diagnostic:
    """The warning about a picture on another host."""
    return warning(
        "image-remote",
        file,
        line,
        column,
        f"The picture `{address}` is on another host and was not fetched.",
        "Put a copy into the publication's folder, or allow its host: --allow-network HOST.",
    )


def _unfetched(address: str, file: str, line: int, column: int, reason: str) -> Diagnostic:
    return error(
        "image-fetch",
        file,
        line,
        column,
        f"The picture `{address}` was not fetched. {reason}",
        "Put a copy into the publication's folder.",
    )
