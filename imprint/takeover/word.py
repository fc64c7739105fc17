"""A Word document: read by pandoc if it is installed, else by mammoth; a chapter a top heading."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import mammoth
from bs4 import BeautifulSoup, Tag
from lxml import etree

from ..diagnostics import Diagnostic, error, note
from ..heads import known_language, presentable
from ..settings import slug_from
from .pages import Book, Page, first_heading, parsed
from .taken import PICTURES, Taken, TakenChapter

_MOST_BYTES = 512 * 1024 * 1024
_STYLES = """
p[style-name='Title'] => p.title:fresh
p[style-name='Subtitle'] => p.subtitle:fresh
p[style-name='caption'] => p.caption:fresh
p[style-name='Caption'] => p.caption:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
r[style-name='Code'] => code
"""
# The names that houses give to styles of their own without saying what they are.
_HOUSE_HEADING = re.compile(r"(?:Chapter ?Title|Head(?:ing)? ?(?P<level>[A-F1-6]))", re.IGNORECASE)
_HOUSE_CODE = re.compile(r"(?:Code|Listing)[ \w]*", re.IGNORECASE)
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DC = "{http://purl.org/dc/elements/1.1/}"


def read_word(path: Path) -> tuple[Taken | None, tuple[Diagnostic, ...]]:
    """The book of a DOCX, None if it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                return None, (_unreadable(path, "unpacked it is too large"),)
            about = _about(archive)
            styles = _own_styles(archive)
        html, pictures, told = _by_pandoc(path, styles) or _by_mammoth(path, styles)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as fault:
        return None, (_unreadable(path, str(fault) or type(fault).__name__),)
    soup = parsed(html)
    title = _take_title(soup) or about.get("title", "") or presentable(path.stem)
    _caption_figures(soup)
    pages = list(_chapters(soup, path.name))
    _link_pages(pages)
    shown = {name: data for name, data in pictures.items() if name.endswith(PICTURES)}
    book = Book(pages, lambda _page, address: address if address in shown else "")
    chapters = tuple(
        TakenChapter(file=page.chapter, text=text, title="" if text.startswith("# ") else title)
        for page, text in book.markdown()
    )
    if not chapters:
        return None, (_unreadable(path, "it has no text"),)
    taken = Taken(
        title=title,
        lang=known_language(about.get("language", "")) or "en",
        chapters=chapters,
        authors=tuple(filter(None, (n.strip() for n in about.get("creator", "").split(";")))),
        description=about.get("description", ""),
        pictures=shown,
    )
    return taken, (*told, *book.found)


def _unreadable(path: Path, reason: str) -> Diagnostic:
    message = f"The document cannot be read: {reason}."
    return error("import-source", path.name, 0, 0, message, "Open it in Word, and save it anew.")


def _about(archive: zipfile.ZipFile) -> dict[str, str]:
    """What the document says of itself."""
    if "docProps/core.xml" not in archive.namelist():
        return {}
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    core = etree.fromstring(archive.read("docProps/core.xml"), parser)
    found = {
        name: core.findtext(_DC + name) for name in ("title", "creator", "language", "description")
    }
    return {name: " ".join(text.split()) for name, text in found.items() if text}


def _own_styles(archive: zipfile.ZipFile) -> dict[str, str]:
    """What the document's own styles are in HTML: headings by their outline level, and code."""
    if "word/styles.xml" not in archive.namelist():
        return {}
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    styles: dict[str, str] = {}
    for style in etree.fromstring(archive.read("word/styles.xml"), parser).iter(f"{_W}style"):
        name = style.find(f"{_W}name")
        if style.get(f"{_W}type") != "paragraph" or name is None:
            continue
        words = name.get(f"{_W}val", "")
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        level = int(outline.get(f"{_W}val", "9")) + 1 if outline is not None else 0
        if not 1 <= level <= 6:
            level = _house_level(words)
        if 1 <= level <= 6:
            styles[words] = f"h{level}"
        elif _HOUSE_CODE.fullmatch(words):
            styles[words] = "pre"
    return styles


def _house_level(name: str) -> int:
    """The level of the headings that a style's name means, 0 if it means none."""
    house = _HOUSE_HEADING.fullmatch(name)
    if house is None:
        return 0
    letter = (house["level"] or "1").upper()
    return int(letter) if letter.isdigit() else ord(letter) - ord("A") + 2


# --- reading -------------------------------------------------------------------------------------

_Read = tuple[str, dict[str, bytes], tuple[Diagnostic, ...]]


def _by_mammoth(path: Path, styles: Mapping[str, str]) -> _Read:
    """The document as HTML by mammoth, with its pictures and what mammoth did not know."""
    pictures: dict[str, bytes] = {}

    def shelve(image: Any) -> dict[str, str]:
        ending = image.content_type.partition("/")[2].partition("+")[0].replace("jpeg", "jpg")
        name = f"../figures/picture-{len(pictures) + 1}.{ending}"
        with image.open() as stream:
            pictures[name] = stream.read()
        return {"src": name}

    lines = [_STYLES]
    for name, tag in styles.items():
        quoted = name.replace("\\", "").replace("'", "\\'")
        way = "pre:separator('\\n')" if tag == "pre" else f"{tag}:fresh"
        lines.append(f"p[style-name='{quoted}'] => {way}")
    with path.open("rb") as stream:
        result = mammoth.convert_to_html(
            stream, style_map="\n".join(lines), convert_image=mammoth.images.img_element(shelve)
        )
    unknown = re.findall(r"style: (.+?) \(Style ID", "\n".join(m.message for m in result.messages))
    told = []
    if unknown:
        names = ", ".join(f"“{name}”" for name in dict.fromkeys(unknown))
        message = f"What Word's own styles mean is not carried over: {names}."
        told.append(note("import-lost", path.name, 0, 0, message, "Their words are there."))
    return result.value, pictures, tuple(told)


def _by_pandoc(path: Path, styles: Mapping[str, str]) -> _Read | None:
    """The document as HTML by pandoc, with its pictures; None if pandoc is not there or fails."""
    if not shutil.which("pandoc"):
        return None
    with tempfile.TemporaryDirectory(prefix="imprint-") as scratch:
        command = ["pandoc", "--from=docx+styles", "--to=html5", "--extract-media=.", "--wrap=none"]
        # The title stands only in whole pages.
        command += ["--standalone", "--metadata=pagetitle:-", str(path.resolve())]
        try:
            made = subprocess.run(
                command, cwd=scratch, capture_output=True, timeout=300, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return None
        pictures: dict[str, bytes] = {}
        html = made.stdout.decode("utf-8")
        for file in sorted(Path(scratch).rglob("*")):
            if file.is_file():
                name = f"../figures/{slug_from(file.stem)}{file.suffix.lower()}"
                pictures[name] = file.read_bytes()
                html = html.replace(f"./{file.relative_to(scratch).as_posix()}", name)
    return _with_styles(html, styles), pictures, ()


def _with_styles(html: str, styles: Mapping[str, str]) -> str:
    """Pandoc's page with the paragraphs of the document's own styles as what they are."""
    soup = parsed(html)
    for holder in soup.select("div[data-custom-style]"):
        tag = styles.get(str(holder["data-custom-style"]))
        if tag == "pre":
            holder.string = "\n".join(p.get_text() for p in holder.find_all("p"))
            holder.name = "pre"
            # Each line of code is a paragraph of its own.
            before = holder.find_previous_sibling()
            if before is not None and before.name == "pre":
                before.string = f"{before.get_text()}\n{holder.get_text()}"
                holder.decompose()
        elif tag:
            for words in holder.find_all("p"):
                words.name = tag
            holder.unwrap()
    return str(soup)


# --- chapters ------------------------------------------------------------------------------------


def _take_title(soup: BeautifulSoup) -> str:
    """The document's title, taken out of its text: the paragraph in Word's style for it."""
    holder = soup.select_one(".title, [data-custom-style='Title']")
    if not isinstance(holder, Tag):
        return ""
    words = " ".join(holder.get_text(" ").split())
    (holder.find_parent("header") or holder).decompose()
    return words


def _caption_figures(soup: BeautifulSoup) -> None:
    """Put pictures and the captions beside them into figures, captions of tables into tables."""
    captions = soup.select(".caption, [data-custom-style*='aption']")
    for caption in captions:
        before, after = caption.find_previous_sibling(), caption.find_next_sibling()
        table = next((t for t in (after, before) if t is not None and t.name == "table"), None)
        if table is not None:
            caption.name = "caption"
            table.insert(0, caption.extract())
            continue
        holder = next((t for t in (before, after) if t is not None and _is_picture(t)), None)
        if holder is not None:
            caption.name = "figcaption"
            holder.name = "figure"
            holder.append(caption.extract())


def _is_picture(tag: Tag) -> bool:
    return tag.name == "p" and tag.find("img") is not None and not tag.get_text(strip=True)


def _chapters(soup: BeautifulSoup, name: str) -> Iterator[Page]:
    """The document cut before each heading of the highest level that stands there twice."""
    body = soup.body or soup
    levels = Counter(
        child.name for child in body.find_all(re.compile(r"^h[1-6]$"), recursive=False)
    )
    cut = next((f"h{n}" for n in range(1, 7) if levels[f"h{n}"] > 1), "")
    groups: list[list[Any]] = [[]]
    for child in list(body.children):
        if isinstance(child, Tag) and child.name == cut and any(_says(one) for one in groups[-1]):
            groups.append([])
        groups[-1].append(child.extract())
    for number, group in enumerate(groups, 1):
        page = parsed("<body></body>")
        assert page.body is not None
        page.body.extend(group)
        _raise_headings(page)
        stem = slug_from(first_heading(page) or "text")[:60].rstrip("-")
        yield Page(f"{name}/{number}", page, f"{number:02}-{stem}.md")


def _link_pages(pages: Sequence[Page]) -> None:
    """Let links within the document name the chapter that their target is in now."""
    homes = {str(tag["id"]): page.name for page in pages for tag in page.soup.find_all(id=True)}
    for page in pages:
        for link in page.soup.find_all("a", href=re.compile("^#")):
            home = homes.get(str(link["href"])[1:], page.name)
            if home != page.name:
                link["href"] = f"{home.rpartition('/')[2]}{link['href']}"


def _says(node: Any) -> bool:
    return bool(node.get_text(strip=True)) or (
        isinstance(node, Tag) and node.find("img") is not None
    )


def _raise_headings(page: BeautifulSoup) -> None:
    """Let the chapter's first heading be of the first level."""
    headings = page.find_all(re.compile(r"^h[1-6]$"))
    above = int(headings[0].name[1]) - 1 if headings else 0
    for heading in headings:
        heading.name = f"h{max(int(heading.name[1]) - above, 1)}"
