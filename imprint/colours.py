"""From screen colours to process inks: the theme's own values, black alone for greys, the profile.

Inks are given as cyan, magenta, yellow and black from 0 to 1.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageMath

Inks = tuple[float, float, float, float]
Srgb = tuple[int, int, int]

NO_INK: Inks = (0.0, 0.0, 0.0, 0.0)
BLACK: Inks = (0.0, 0.0, 0.0, 1.0)
# What coated paper takes without smearing; sheet-fed printers ask for 300 % or a little more.
INK_LIMIT = 3.0
# Channels of a grey differ by no more than rounding.
_GREY_TOLERANCE = 2
# Relative luminance below which an eye takes small text for black: 10.5 : 1 against paper.
_DARK = 0.05


@dataclass(frozen=True)
class OutputCondition:
    """The printing condition that a file is made for, by the names that ISO 15930-7, 6.2.3 wants."""

    identifier: str
    info: str
    registered: bool
    profile: bytes


def default_profile() -> Path:
    """The profile that ships with Imprint: offset printing on coated paper, FOGRA39."""
    return Path(str(resources.files("imprint") / "profiles" / "FOGRA39L_coated.icc"))


def output_condition(profile: Path) -> OutputCondition:
    """What a CMYK profile's file stands for."""
    return condition_of(profile.read_bytes())


def condition_of(content: bytes) -> OutputCondition:
    """What a CMYK profile stands for; the characterisation's name is taken from its own words.

    `ValueError` where it is no such profile.
    """
    try:
        opened = ImageCms.getOpenProfile(BytesIO(content))
    except (ImageCms.PyCMSError, OSError) as fault:
        raise ValueError("It is no ICC profile") from fault
    # ICC.1, 7.2.5: profiles of presses are of the class "prtr".
    if opened.profile.xcolor_space.strip() != "CMYK" or opened.profile.device_class != "prtr":
        raise ValueError("It is not a CMYK profile of a press")
    info = ImageCms.getProfileDescription(opened).strip()
    words = f"{info} {opened.profile.target or ''}"
    found = re.search(r"FOGRA\d{2}|CGATS ?TR ?00\d|JC200\d{3}", words)
    identifier = found.group() if found else "Custom"
    return OutputCondition(identifier, info, found is not None, content)


class Separator:
    """Turns screen colours into inks for one printing condition, and remembers the answers."""

    def __init__(self, palette: Path, condition: OutputCondition) -> None:
        self.condition = condition
        self._known: dict[Srgb, Inks] = dict(read_palette(palette))
        self._to_press = _transform("RGB", "CMYK", condition.profile)
        self._greys = _grey_curve(condition.profile)

    def inks(self, colour: Srgb) -> Inks:
        """The inks of a screen colour: the palette's, black alone for a grey, else the profile's."""
        if colour not in self._known:
            self._known[colour] = self._separated(colour)
        return self._known[colour]

    def _separated(self, colour: Srgb) -> Inks:
        if max(colour) - min(colour) <= _GREY_TOLERANCE:
            return self.grey(sum(colour) / 765)
        pixel = Image.new("RGB", (1, 1), colour)
        return _of_pixel(self.picture(pixel).getpixel((0, 0)))

    def grey(self, level: float) -> Inks:
        """A grey (0 black, 1 white) on the black plate alone."""
        return 0.0, 0.0, 0.0, self._greys[round(level * 255)]

    def lab(self, lightness: float, a: float, b: float) -> Inks:
        """The inks of a CIE Lab colour (D50), through sRGB."""
        bytes_ = (round(lightness * 2.55), round(a) + 128, round(b) + 128)
        pixel = Image.new("LAB", (1, 1), tuple(min(max(v, 0), 255) for v in bytes_))
        rgb = ImageCms.applyTransform(pixel, _lab_to_srgb())
        return self.inks(rgb.getpixel((0, 0)))  # type: ignore[union-attr, arg-type]

    def picture(self, picture: Image.Image, profile: bytes | None = None) -> Image.Image:
        """An RGB picture in CMYK, its ink limited; ``profile`` is the picture's own."""
        transform = self._to_press
        if profile:
            try:
                transform = _transform("RGB", "CMYK", self.condition.profile, profile)
            except (ImageCms.PyCMSError, OSError):
                transform = self._to_press
        separated = ImageCms.applyTransform(picture, transform)
        assert separated is not None
        return limited_picture(separated)


def read_palette(path: Path) -> Iterator[tuple[Srgb, Inks]]:
    """The theme's colours as pairs of what screens show and what the press prints."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    for table in tables.values():
        for colour in table.values():
            code = colour["srgb"].lstrip("#")
            srgb = tuple(int(code[n : n + 2], 16) for n in (0, 2, 4))
            inks = tuple(value / 100 for value in colour["cmyk"])
            yield srgb, limited(inks)  # type: ignore[misc]


def limited(inks: Inks) -> Inks:
    """The inks with no more than the limit in all: black stays, the others give way."""
    cyan, magenta, yellow, black = inks
    coloured = cyan + magenta + yellow
    if coloured + black <= INK_LIMIT:
        return inks
    share = (INK_LIMIT - black) / coloured
    return round(cyan * share, 4), round(magenta * share, 4), round(yellow * share, 4), black


def limited_picture(picture: Image.Image) -> Image.Image:
    """The same for every pixel of a CMYK picture."""
    cyan, magenta, yellow, black = picture.split()
    most = int(INK_LIMIT * 255)

    def kept(bands: Mapping[str, Any], name: str) -> Any:
        coloured = bands["c"] + bands["m"] + bands["y"]
        room = most - bands["k"]
        # Whole numbers rounded down, so that a sum never exceeds the limit.
        fits = bands["min"](bands["convert"](room, "I"), coloured)
        return bands["convert"](bands[name] * fits / bands["max"](coloured, 1), "L")

    values = {"c": cyan, "m": magenta, "y": yellow, "k": black}
    bands = [ImageMath.lambda_eval(partial(kept, name=name), **values) for name in "cmy"]
    return Image.merge("CMYK", (*bands, black))


def is_dark(inks: Inks) -> bool:
    """Whether small text in these inks looks black to the eye."""
    cyan, magenta, yellow, black = inks
    linear = [((1 - ink) * (1 - black)) ** 2.2 for ink in (cyan, magenta, yellow)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < _DARK


def _of_pixel(pixel: Any) -> Inks:
    cyan, magenta, yellow, black = (round(value / 255, 4) for value in pixel)
    return cyan, magenta, yellow, black


def _transform(
    source: str, target: str, press: bytes, profile: bytes | None = None
) -> ImageCms.ImageCmsTransform:
    """Relative colorimetric with black point compensation, either way between screen and press."""
    srgb = ImageCms.ImageCmsProfile(BytesIO(profile)) if profile else ImageCms.createProfile("sRGB")
    condition = ImageCms.ImageCmsProfile(BytesIO(press))
    first, second = (srgb, condition) if target == "CMYK" else (condition, srgb)
    return ImageCms.buildTransform(
        first,
        second,
        source,
        target,
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _lab_to_srgb() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )


def _grey_curve(press: bytes) -> list[float]:
    """For each grey of a screen the share of black ink that looks the same beside paper and black.

    The press's black is lighter than a screen's: the scale between white and black is kept.
    """
    ramp = Image.new("CMYK", (256, 1))
    ramp.putdata([(0, 0, 0, black) for black in range(256)])
    shown = ImageCms.applyTransform(ramp, _transform("CMYK", "RGB", press))
    assert shown is not None
    levels = [sum(shown.getpixel((x, 0))) / 3 for x in range(256)]  # type: ignore[arg-type]
    paper, black = levels[0], levels[-1]
    scaled = [(level - black) / (paper - black) * 255 for level in levels]
    # The levels fall as ink is added: look greys up from the dark end.
    rising = scaled[::-1]
    return [round(max(255 - bisect_left(rising, grey), 0) / 255, 4) for grey in range(256)]
