"""The library: the page over all publications and languages of an output folder, and its feed.

What it tells comes from the manifest and from the ``publication.json`` in each web edition's
folder, so that it holds for editions of this build and of earlier ones alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import Any

from lxml import etree
from lxml.builder import ElementMaker

from imprint import reflow, webfonts
from imprint.model import Edition, Publication
from imprint.publish import MANIFEST, Finished
from imprint.web import RECORD, own_name
from imprint.words import file_size, words

WEB = "web"
PAGE = f"{WEB}/index.html"
FEED = f"{WEB}/feed.xml"
SITEMAP = f"{WEB}/sitemap.xml"
# Style sheet, faces and script of the page.
PARTS = f"{WEB}/library"
# Files for readers; what goes to the printer is not offered.
_FORMATS = {"pdf": "PDF", "epub": "EPUB"}
_ATOM = ElementMaker(
    namespace="http://www.w3.org/2005/Atom", nsmap={None: "http://www.w3.org/2005/Atom"}
)
_SITEMAP_NS = "http://www.sitemaps.org/schemas/sitemap/0.9"
_XHTML_NS = "http://www.w3.org/1999/xhtml"


_TOLD = frozenset(("slug", "language", "languages", "title", "identifier", "pages"))


@dataclass(frozen=True)
class Format:
    """A file of a publication for readers: "PDF, 3.9 MB", and where it lies from the page."""

    text: str
    href: str


@dataclass(frozen=True)
class Volume:
    """A publication in one language: its folder from the page, what is known of it, its files."""

    folder: str
    record: Mapping[str, Any]
    formats: tuple[Format, ...]

    @property
    def name(self) -> str:
        """The language's own name."""
        return own_name(self.record["language"])


def pages(
    finished: Sequence[Finished], output: Path, templates: Path, fonts: Path
) -> list[Finished]:
    """The library's files for an output folder that is about to have these editions as well."""
    volumes = _volumes(finished, output)
    if not volumes:
        return []
    made = {PAGE: _page(volumes, templates), FEED: _feed(volumes)}
    sitemap = _sitemap(volumes)
    if sitemap:
        made[SITEMAP] = sitemap
    parts = _parts(made[PAGE].decode(), templates, fonts)
    singles = [
        Finished(Edition("library", "", file), {PurePosixPath(file).name: content})
        for file, content in made.items()
    ]
    return [*singles, Finished(Edition("library", "", PARTS), parts)]


def place(output: Path, publication: Publication) -> str:
    """The folder that holds a publication's web editions, a language each: ``web``.

    Where another publication is there already, it is a folder of its own below that.
    """
    slug = publication.slug
    below = (f"{WEB}/{slug}{suffix}" for suffix in chain([""], (f"-{n}" for n in count(2))))
    return next(
        folder
        for folder in chain([WEB], below)
        if folder != PARTS and _is_free(output / folder, slug)
    )


def _is_free(folder: Path, slug: str) -> bool:
    """Whether no other publication's web edition is in the folder or is the folder."""
    if (folder / RECORD).exists():
        return False
    return all(
        (record := _read_record(path)) is None or record["slug"] == slug
        for path in folder.glob(f"*/{RECORD}")
    )


# --- what there is -------------------------------------------------------------------------------


def _volumes(finished: Sequence[Finished], output: Path) -> list[Volume]:
    """Every publication in every language that has a web edition, by title and language."""
    records = _earlier_records(output) | {
        f.edition.file: json.loads(_bytes(f.files[RECORD])) for f in finished if RECORD in f.files
    }
    sizes = _sizes(finished, output)
    volumes = [
        Volume(folder.removeprefix(f"{WEB}/"), record, _formats(record, sizes))
        for folder, record in records.items()
    ]
    return sorted(volumes, key=lambda v: (v.record["slug"], _rank(v.record)))


def _rank(record: Mapping[str, Any]) -> tuple[int, str]:
    """The place of a language among those of its publication."""
    order = record["languages"]
    lang = record["language"]
    return (order.index(lang) if lang in order else len(order), lang)


def _earlier_records(output: Path) -> dict[str, Any]:
    """What is known of the web editions that the folder has already, by their folders."""
    return {
        path.parent.relative_to(output).as_posix(): record
        for path in sorted((output / WEB).glob(f"**/{RECORD}"))
        if (record := _read_record(path)) is not None
    }


def _read_record(path: Path) -> dict[str, Any] | None:
    """What an edition says of itself; None where that is not to be read."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_whole = isinstance(record, dict) and record.keys() >= _TOLD
    return record if is_whole else None


def _sizes(finished: Sequence[Finished], output: Path) -> dict[str, tuple[str, int]]:
    """Kind and size in bytes of every single file, by its name."""
    try:
        manifest = json.loads((output / MANIFEST).read_text(encoding="utf-8"))
        earlier = [(e["file"], e["edition"]) for e in manifest["files"]]
    except (OSError, ValueError, KeyError, TypeError):
        earlier = []
    found = {
        file: (kind, (output / file).stat().st_size)
        for file, kind in earlier
        if kind in _FORMATS and (output / file).is_file()
    }
    return found | {
        f.edition.file: (f.edition.kind, f.size_bytes)
        for f in finished
        if f.edition.kind in _FORMATS
    }


def _formats(record: Mapping[str, Any], sizes: Mapping[str, tuple[str, int]]) -> tuple[Format, ...]:
    """The files of a publication in its language, as the page offers them."""
    stem = f"{record['slug']}.{record['language']}."
    return tuple(
        Format(f"{_FORMATS[kind]}, {file_size(size, record['language'])}", f"../{file}")
        for kind, size, file in sorted(
            (kind, size, file) for file, (kind, size) in sizes.items() if file.startswith(stem)
        )[::-1]
    )


def _bytes(content: bytes | Path) -> bytes:
    return content.read_bytes() if isinstance(content, Path) else content


# --- the page ------------------------------------------------------------------------------------


def _page(volumes: Sequence[Volume], templates: Path) -> bytes:
    """The page; its own words are in the first publication's first language."""
    lang = str(volumes[0].record["language"])
    by_slug: dict[str, list[Volume]] = {}
    for volume in volumes:
        by_slug.setdefault(str(volume.record["slug"]), []).append(volume)
    page = (
        reflow.environment(templates / "default")
        .get_template("web/library.html.j2")
        .render(
            lang=lang,
            words=words(lang),
            publications=list(by_slug.values()),
            say={volume.record["language"]: words(volume.record["language"]) for volume in volumes},
        )
    )
    return page.encode()


def _parts(page: str, templates: Path, fonts: Path) -> dict[str, bytes]:
    """What the page loads: the style sheet of the web editions, with the faces it needs."""
    environment = reflow.environment(templates / "default")
    style = environment.get_template("web/style.css").render()
    script = environment.get_template("web/scripts/appearance.js").render()
    faces = webfonts.faces(style, fonts, [page])
    return {
        "style.css": style.encode(),
        "appearance.js": script.encode(),
        **{f"fonts/{name}": face for name, face in faces.items()},
    }


# --- for programs --------------------------------------------------------------------------------


def _feed(volumes: Sequence[Volume]) -> bytes:
    """An Atom feed (RFC 4287) with an entry for each publication in each language."""
    newest = max(_moment(volume) for volume in volumes)
    address = _root(volumes[0])
    feed = _ATOM.feed(
        _ATOM.id(address or f"urn:imprint:library:{volumes[0].record['slug']}"),
        _ATOM.title(words(str(volumes[0].record["language"]))("Library")),
        _ATOM.updated(newest),
        _ATOM.link(rel="alternate", type="text/html", href=f"{address}index.html"),
        _ATOM.link(rel="self", type="application/atom+xml", href=f"{address}feed.xml"),
    )
    feed.extend(_entry(volume) for volume in sorted(volumes, key=_moment, reverse=True))
    return _xml(feed)


def _entry(volume: Volume) -> etree._Element:
    record = volume.record
    names = record.get("creators") or [record.get("publisher") or record["title"]]
    address = record.get("address") or f"{volume.folder}/"
    entry = _ATOM.entry(
        _ATOM.id(record["identifier"]),
        _ATOM.title(record["title"]),
        _ATOM.updated(_moment(volume)),
        *[_ATOM.author(_ATOM.name(name)) for name in names],
        _ATOM.link(rel="alternate", type="text/html", hreflang=record["language"], href=address),
    )
    entry.set("{http://www.w3.org/XML/1998/namespace}lang", record["language"])
    if record.get("description"):
        entry.append(_ATOM.summary(" ".join(record["description"].split())))
    return entry


def _moment(volume: Volume) -> str:
    return str(volume.record.get("modified") or "1970-01-01T00:00:00+00:00")


def _root(volume: Volume) -> str:
    """The address at which the library is published; "" if nobody says."""
    return str(volume.record.get("address") or "").removesuffix(f"{volume.folder}/")


def _sitemap(volumes: Sequence[Volume]) -> bytes | None:
    """Every page of the publications whose address is known (https://www.sitemaps.org)."""
    make = ElementMaker(namespace=_SITEMAP_NS, nsmap={None: _SITEMAP_NS, "xhtml": _XHTML_NS})
    root = make.urlset()
    known = [volume for volume in volumes if volume.record.get("address")]
    for volume in known:
        for name in volume.record["pages"]:
            url = make.url(make.loc(_page_address(volume, name)))
            url.append(make.lastmod(_moment(volume)))
            url.extend(
                make(
                    f"{{{_XHTML_NS}}}link",
                    rel="alternate",
                    hreflang=other.record["language"],
                    href=_page_address(other, name),
                )
                for other in known
                if other.record["slug"] == volume.record["slug"] and name in other.record["pages"]
            )
            root.append(url)
    return _xml(root) if known else None


def _page_address(volume: Volume, name: str) -> str:
    return f"{volume.record['address']}{'' if name == 'index.html' else name}"


def _xml(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)
