"""Pictures for these pages, made from what a build has put into output/.

    .venv/bin/python docs/pictures.py

``pictures/figures/`` gets a sheet a figure: as printed, in grey, as the three kinds of
colour-blind readers see it, on an e-reader 600 pixels wide and in dark mode. ``pictures/`` gets
the pages that README.md shows. Needs what the tests need (Chromium, poppler) and Pillow.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "output"
BOOK = "security-through-partnership.en"
PICTURES = ROOT / "docs" / "pictures"
CHROMIUM = os.environ.get("PUPPETEER_EXECUTABLE_PATH", "/usr/bin/chromium")
FACE = ROOT / "templates" / "fonts" / "SourceSans3-Semibold.ttf"
DPI = 120
EREADER = (600, 800)
TELEPHONE = (360, 660)
PAPER, INK, GROUND = "#ffffff", "#14213d", "#c9ced6"

# Machado, Oliveira and Fernandes 2009, "A Physiologically-based Model for Simulation of Color
# Vision Deficiency", severity 1.0; for linear light.
KINDS = {
    "Protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "Deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "Tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
Colour = tuple[float, float, float]


# --- eyes ----------------------------------------------------------------------------------------


def linear(value: float) -> float:
    """The light of an sRGB value (IEC 61966-2-1)."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def encoded(value: float) -> float:
    """The sRGB value of light."""
    value = min(1.0, max(0.0, value))
    return value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def seen_by(kind: str) -> Callable[[Colour], Colour]:
    """How an eye of a kind sees a colour (sRGB from 0 to 1)."""

    def seen(colour: Colour) -> Colour:
        light = [linear(value) for value in colour]
        mixed = [sum(f * v for f, v in zip(row, light, strict=True)) for row in KINDS[kind]]
        return encoded(mixed[0]), encoded(mixed[1]), encoded(mixed[2])

    return seen


def in_grey(colour: Colour) -> Colour:
    """The grey of a colour's lightness."""
    shares = (0.2126, 0.7152, 0.0722)
    grey = encoded(sum(s * linear(v) for s, v in zip(shares, colour, strict=True)))
    return grey, grey, grey


def recoloured(picture: Image.Image, change: Callable[[Colour], Colour]) -> Image.Image:
    """A picture of few colours with each of them changed."""
    flat = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    values = flat.getpalette() or []
    changed: list[int] = []
    for n in range(0, len(values), 3):
        red, green, blue = (value / 255 for value in values[n : n + 3])
        changed += [round(255 * value) for value in change((red, green, blue))]
    flat.putpalette(changed)
    return flat.convert("RGB")


# --- pages ---------------------------------------------------------------------------------------


def page(number: int, dpi: int = DPI, edition: str = "") -> Image.Image:
    """A page of the PDF, counted from 0."""
    file = OUTPUT / f"{BOOK}{edition}.pdf"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["pdftoppm", "-r", str(dpi), "-f", str(number + 1), "-singlefile", "-png", file,
             f"{folder}/page"],
            check=True,
        )  # fmt: skip
        return Image.open(f"{folder}/page.png").convert("RGB").copy()


@dataclass(frozen=True)
class Place:
    """Where a figure stands: its page, and its box in points from the lower left corner.

    The box of a map over facing pages goes on past the edge of the first.
    """

    page: int
    box: tuple[float, float, float, float]


def places() -> list[Place]:
    """The places of the book's numbered figures, in order."""
    with pikepdf.open(OUTPUT / f"{BOOK}.pdf") as pdf:
        numbers = {page.objgen: number for number, page in enumerate(pdf.pages)}
        return [
            Place(numbers[figure.Pg.objgen], tuple(map(float, figure.A.BBox)))
            for figure in _captioned(pdf.Root.StructTreeRoot)
        ]


def _captioned(node: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """The figures of a tag tree that have a caption."""
    kids = node.get("/K")
    kids = [kid for kid in kids if isinstance(kid, pikepdf.Dictionary)] if isinstance(
        kids, pikepdf.Array
    ) else [kids] * isinstance(kids, pikepdf.Dictionary)  # fmt: skip
    if node.get("/S") == "/Figure" and any(kid.get("/S") == "/Caption" for kid in kids):
        yield node
        return
    for kid in kids:
        yield from _captioned(kid)


def printed(place: Place) -> Image.Image:
    """A figure as it is printed, at 100 %."""
    sheet = page(place.page)
    scale = DPI / 72
    left, low, right, high = place.box
    width = sheet.width / scale
    if right > width + 20:
        both = Image.new("RGB", (2 * sheet.width, sheet.height), PAPER)
        both.paste(sheet, (0, 0))
        both.paste(page(place.page + 1), (sheet.width, 0))
        sheet = both
    height = sheet.height / scale
    cut = (left - 6, height - high - 6, right + 6, height - low + 6)
    edges = (0, 0, sheet.width, sheet.height)
    return sheet.crop(
        tuple(
            round(max(value * scale, edge) if n < 2 else min(value * scale, edge))
            for n, (value, edge) in enumerate(zip(cut, edges, strict=True))
        )
    )


# --- screens -------------------------------------------------------------------------------------


def shown(
    browser: Browser,
    file: Path,
    selector: str = "",
    *,
    scheme: str = "light",
    near: str = "",
    window: tuple[int, int] = EREADER,
) -> Image.Image:
    """An element of a page, or what a window shows of it, scrolled to what is ``near``."""
    size = {"width": window[0], "height": window[1]}
    context = browser.new_context(viewport=size, color_scheme=scheme)
    tab = context.new_page()
    tab.goto(file.as_uri(), timeout=120_000)
    tab.evaluate("document.fonts.ready")
    if scheme == "dark" and file.suffix == ".xhtml":
        # What e-readers do at night: they set their own colours, and leave pictures alone.
        tab.add_style_tag(content="html, body { background: #111; color: #ddd }")
    with tempfile.NamedTemporaryFile(suffix=".png") as target:
        if near:
            tab.locator(near).first.evaluate("e => e.scrollIntoView({block: 'center'})")
            tab.screenshot(path=target.name)
        elif selector:
            tab.locator(selector).first.screenshot(path=target.name)
        else:
            tab.screenshot(path=target.name)
        picture = Image.open(target.name).convert("RGB").copy()
    context.close()
    return picture


def unpacked(folder: Path) -> dict[str, Path]:
    """The EPUB in a folder: the file of each figure by its id, in reading order."""
    with zipfile.ZipFile(OUTPUT / f"{BOOK}.epub") as epub:
        epub.extractall(folder)
    package = (folder / "EPUB" / "content.opf").read_text(encoding="utf-8")
    hrefs = {
        match["id"]: match["href"]
        for item in re.findall(r"<item [^>]*>", package)
        if (match := _item(item)) is not None
    }
    files = [hrefs[name] for name in re.findall(r'<itemref [^>]*idref="([^"]+)"', package)]
    found = {}
    for name in files:
        text = (folder / "EPUB" / name).read_text(encoding="utf-8")
        for figure in re.findall(r'<figure [^>]*id="(fig-[\w-]+)"', text):
            found.setdefault(figure, folder / "EPUB" / name)
    return found


def _item(text: str) -> dict[str, str] | None:
    values = dict(re.findall(r'(id|href)="([^"]*)"', text))
    return values if {"id", "href"} <= values.keys() else None


# --- sheets --------------------------------------------------------------------------------------


def sheet(parts: list[tuple[str, Image.Image]], *, columns: int) -> Image.Image:
    """Pictures with their names over them, in columns of the widest one's width."""
    width = max(picture.width for _, picture in parts) + 24
    face = ImageFont.truetype(str(FACE), 17)
    rows = [parts[n : n + columns] for n in range(0, len(parts), columns)]
    heights = [max(picture.height for _, picture in row) + 48 for row in rows]
    made = Image.new("RGB", (columns * width + 24, sum(heights) + 24), GROUND)
    pen = ImageDraw.Draw(made)
    top = 12
    for row, height in zip(rows, heights, strict=True):
        for column, (name, picture) in enumerate(row):
            pen.text((24 + column * width, top), name, fill=INK, font=face)
            made.paste(picture, (24 + column * width, top + 26))
        top += height
    return made


def save(picture: Image.Image, name: str, colours: int = 96) -> None:
    """A picture of few colours: drawings lose nothing by it."""
    target = PICTURES / f"{name}.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(colours, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1000} kB")


def figure_sheets(browser: Browser) -> None:
    """A sheet a figure, with all ways in which readers may meet it."""
    web = OUTPUT / "web" / "en"
    with tempfile.TemporaryDirectory() as folder:
        ids = unpacked(Path(folder))
        for (name, file), place in zip(ids.items(), places(), strict=True):
            ink = printed(place)
            # A spread is shown whole, at half its size.
            wide = ink.width > 1200
            small = ink.reduce(2) if wide else ink
            reader = shown(browser, file, f"#{name}", scheme="light")
            parts = [
                ("In print, 50 %" if wide else "In print, 100 %", small),
                ("In grey", recoloured(small, in_grey)),
                *((kind, recoloured(small, seen_by(kind))) for kind in KINDS),
                ("E-reader, 600 pixels, in grey", recoloured(reader, in_grey)),
                ("E-reader, dark", shown(browser, file, scheme="dark", near=f"#{name}")),
                (
                    "Web, dark",
                    shown(browser, web / f"{file.stem}.html", f"#{name}", scheme="dark"),
                ),
            ]
            if wide:
                left, top = ink.width // 2 - 330, ink.height // 3
                parts.insert(
                    1, ("In print, 100 %: the middle", ink.crop((left, top, left + 660, top + 420)))
                )
                halves = Path(folder) / "EPUB" / "large-picture-4.xhtml"
                alone = shown(browser, halves, "figure", scheme="light")
                parts.insert(-2, ("E-reader, the picture alone", recoloured(alone, in_grey)))
            save(sheet(parts, columns=2), f"figures/{name.removeprefix('fig-')}")


# --- what README.md shows ------------------------------------------------------------------------


def page_that_says(words: str) -> int:
    """The first page whose text matches, counted from 0."""
    text = subprocess.run(
        ["pdftotext", OUTPUT / f"{BOOK}.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    return next(n for n, each in enumerate(text.split("\f")) if re.search(words, each))


def side_by_side(pictures: list[Image.Image], *, joined: bool = False) -> Image.Image:
    """Pictures of one height in a row; pages that face each other touch."""
    gap = 0 if joined else 24
    width = sum(picture.width for picture in pictures) + gap * (len(pictures) - 1)
    made = Image.new("RGB", (width + 48, pictures[0].height + 48), GROUND)
    left = 24
    for picture in pictures:
        made.paste(picture, (left, 24))
        left += picture.width + gap
    return made


def readme_pictures(browser: Browser) -> None:
    """Cover, contents and opener; the map; pages with charts; an e-reader; the site."""
    at = places()
    opener = page_that_says(r"\A2\s+Origins")
    contents = page_that_says(r"\AContents\b")
    save(side_by_side([page(n, 60) for n in (0, contents, opener)]), "pages", 128)
    spread = [page(at[3].page + n, 60) for n in (0, 1)]
    save(side_by_side(spread, joined=True), "map", 128)
    save(side_by_side([page(at[n].page, 60) for n in (0, 7, 5)]), "charts", 128)
    with tempfile.TemporaryDirectory() as folder:
        ids = unpacked(Path(folder))
        file = ids["fig-accessions"]
        screens = [
            shown(browser, file, window=TELEPHONE),
            shown(browser, file, near="#fig-accessions", window=TELEPHONE),
            shown(browser, file, near=".pull-quote", window=TELEPHONE, scheme="dark"),
        ]
        save(side_by_side(screens), "ereader", 128)
    web = OUTPUT / "web" / "en"
    window = (1200, 800)
    site = [
        shown(browser, web / "index.html", window=window).reduce(2),
        shown(browser, web / "origins.html", near="#fig-accessions", window=window).reduce(2),
    ]
    save(side_by_side(site), "site", 200)


def main() -> None:
    """All pictures."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        readme_pictures(browser)
        figure_sheets(browser)
        browser.close()


if __name__ == "__main__":
    main()
