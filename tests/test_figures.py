"""Figures: the default publication's are right, and the room that they read in is closed."""

import csv
import functools
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from lxml import etree

from imprint import figures
from imprint.diagnostics import Severity

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "source"
FONTS = ROOT / "templates" / "fonts"
PALETTE = ROOT / "templates" / "palette.toml"
STYLE = figures.read_style(PALETTE)
LANGUAGES = ("en", "fr")
SPECIFICATIONS = sorted(path for path in (SOURCE / "figures").iterdir() if figures.is_drawn(path))
SVG = "{http://www.w3.org/2000/svg}"


def drawn(path: Path, lang: str = "en", room: Path = SOURCE) -> figures.Drawing:
    return figures.draw(path, lang=lang, room=room, fonts=FONTS, style=STYLE)


def tree(drawing: figures.Drawing) -> etree._Element:
    return etree.fromstring(drawing.svg.encode())


def rows(name: str) -> list[dict[str, str]]:
    with (SOURCE / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- where text stands ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Label:
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Label") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


_FACES = {
    weight: TTFont(FONTS / f"SourceSans3-{name}.ttf")
    for weight, name in (("400", "Regular"), ("600", "Semibold"), ("700", "Bold"))
}


def width(text: str, size: float, weight: str) -> float:
    face = _FACES[weight]
    glyphs, metrics = face.getBestCmap(), face["hmtx"]
    return sum(metrics[glyphs[ord(char)]][0] for char in text) * size / face["head"].unitsPerEm


def origin(element: etree._Element) -> tuple[float, float]:
    """Where an element stands on the figure, from the translations around it."""
    x, y = float(element.get("x", 0)), float(element.get("y", 0))
    for node in (element, *element.iterancestors()):
        for shift in re.findall(r"translate\(([^)]*)\)", node.get("transform", "")):
            dx, _, dy = shift.partition(",")
            x, y = x + float(dx), y + float(dy or 0)
    return x, y


def inherited(element: etree._Element, name: str, default: str) -> str:
    nodes = (element, *element.iterancestors())
    return next((value for node in nodes if (value := node.get(name))), default)


def labels(svg: etree._Element) -> Iterator[Label]:
    """The boxes of all upright text: from the height of an x and a bit to the baseline."""
    for element in svg.iter(f"{SVG}text"):
        if not element.text or "rotate" in inherited(element, "transform", ""):
            continue
        size = float(inherited(element, "font-size", "16").removesuffix("px"))
        weight = {"normal": "400", "bold": "700"}.get(
            value := inherited(element, "font-weight", "400"), value
        )
        x, y = origin(element)
        extent = width(element.text, size, weight)
        x -= {"start": 0, "middle": extent / 2, "end": extent}[
            inherited(element, "text-anchor", "start")
        ]
        yield Label(element.text, x, y - size * 0.68, x + extent, y + size * 0.05)


def dots(svg: etree._Element) -> Iterator[Label]:
    """The boxes of small round marks."""
    for element in svg.iter(f"{SVG}path"):
        if match := re.match(r"M([\d.]+),0A\1,\1,", element.get("d", "")):
            radius = float(match[1])
            x, y = origin(element)
            yield Label("●", x - radius, y - radius, x + radius, y + radius)


# --- the default publication's figures ------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", SPECIFICATIONS, ids=lambda path: path.name)
def test_every_figure_is_drawn_without_a_finding(path: Path, lang: str) -> None:
    drawing = drawn(path, lang)
    assert drawing.diagnostics == ()
    svg = tree(drawing)
    assert (svg.get("width"), svg.get("height")) == (
        f"{drawing.width_px:g}",
        f"{drawing.height_px:g}",
    )
    # The text block is 126 mm wide; the map takes a spread.
    assert drawing.width_px / 96 * 25.4 <= (300.1 if path.name.startswith("map") else 126)
    assert drawing.height_px / 96 * 25.4 <= 190


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", SPECIFICATIONS, ids=lambda path: path.name)
def test_text_stays_text_and_no_label_meets_another(path: Path, lang: str) -> None:
    drawing = drawn(path, lang)
    svg = tree(drawing)
    boxes = list(labels(svg))
    assert len(boxes) >= 7
    assert {inherited(text, "font-family", "") for text in svg.iter(f"{SVG}text")} == {
        "'Source Sans 3',sans-serif"
    }
    assert [(a.text, b.text) for a, b in itertools.combinations(boxes, 2) if a.meets(b)] == []
    assert [a.text for a in boxes for dot in dots(svg) if a.meets(dot)] == []
    assert [
        box.text
        for box in boxes
        if box.left < 0
        or box.top < 0
        or box.right > drawing.width_px + 0.5
        or box.bottom > drawing.height_px
    ] == []


@pytest.mark.parametrize("path", SPECIFICATIONS, ids=lambda path: path.name)
def test_only_the_theme_s_colours_are_used(path: Path) -> None:
    # The print edition replaces each of them by its CMYK mate.
    known = {*STYLE.colours.values(), *STYLE.chart, "none"}
    svg = tree(drawn(path))
    used = {element.get(name, "none") for element in svg.iter() for name in ("fill", "stroke")}
    assert used <= known
    assert not {"opacity", "fill-opacity", "stroke-opacity", "filter", "mask"} & {
        name for element in svg.iter() for name in element.attrib
    }


@pytest.mark.parametrize("path", SPECIFICATIONS, ids=lambda path: path.name)
def test_the_french_figure_differs_in_words_only(path: Path) -> None:
    def shapes(lang: str) -> list[tuple[str, dict[str, str]]]:
        svg = tree(drawn(path, lang))
        for element in list(svg.iter(f"{SVG}text", f"{SVG}title")):
            element.getparent().remove(element)
        return [
            (element.tag, {k: v.replace(f"-{lang}-", "-") for k, v in element.attrib.items()
                           if not k.endswith("}lang")})
            for element in svg.iter()
        ]  # fmt: skip

    english, french = shapes("en"), shapes("fr")
    assert english == french
    words = [
        [text.text for text in tree(drawn(path, lang)).iter(f"{SVG}text")] for lang in LANGUAGES
    ]
    assert words[0] != words[1]


@pytest.mark.parametrize("path", SPECIFICATIONS, ids=lambda path: path.name)
def test_french_has_every_word_of_its_own(path: Path) -> None:
    stem = path.name.split(".")[0]
    french = tomllib.loads(path.with_name(f"{stem}.fr.toml").read_text(encoding="utf-8"))
    assert french
    english = path.with_name(f"{stem}.en.toml")
    if english.exists():
        own = tomllib.loads(english.read_text(encoding="utf-8"))
        assert dict(figures._flat(own)).keys() == dict(figures._flat(french)).keys()


def test_figures_in_one_document_share_no_id() -> None:
    names = [
        element.get("id")
        for path, lang in itertools.product(SPECIFICATIONS, LANGUAGES)
        for element in tree(drawn(path, lang)).iter()
        if element.get("id")
    ]
    assert len(names) > 60
    assert len(names) == len(set(names))


def test_references_follow_their_ids() -> None:
    svg = tree(drawn(SOURCE / "figures" / "map.vl.json"))
    names = {element.get("id") for element in svg.iter()}
    cited = re.findall(r"url\(#([^)]+)\)", etree.tostring(svg, encoding="unicode"))
    assert cited
    assert set(cited) <= names


def test_a_figure_is_the_same_at_every_build() -> None:
    path = SOURCE / "figures" / "map.vl.json"
    first = drawn(path)
    drawn(SOURCE / "figures" / "timeline.vl.json", "fr")
    assert drawn(path) == first


# --- the map against the table --------------------------------------------------------------------

MEMBERS = {
    1949: "BE CA DK FR GB IS IT LU NL NO PT US",
    1952: "GR TR",
    1955: "DE",
    1982: "ES",
    1999: "CZ HU PL",
    2004: "BG EE LT LV RO SI SK",
}
PARTNERS = "AL AM AT AZ BY CH FI GE HR IE KG KZ MD MK RU SE TJ TM UA UZ"


def test_the_table_has_26_members_and_20_partners() -> None:
    table = rows("countries.csv")
    assert Counter(row["status"] for row in table) == {"member": 26, "partner": 20}
    years = {int(row["member_since"]): set() for row in table if row["member_since"]}
    for row in table:
        if row["member_since"]:
            years[int(row["member_since"])].add(row["iso"])
    assert years == {year: set(codes.split()) for year, codes in MEMBERS.items()}
    assert {row["iso"] for row in table if row["status"] == "partner"} == set(PARTNERS.split())
    signed = Counter(row["pfp_signed"][:4] for row in table if row["pfp_signed"])
    assert signed == {"1994": 23, "1995": 3, "1996": 1, "1999": 1, "2000": 1, "2002": 1}
    # Confirmed by CRS report 94-351: 22 by 3 August 1994.
    assert sum("" < row["pfp_signed"] <= "1994-08-03" for row in table) == 22


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_country_on_the_map_has_the_colour_of_its_class(lang: str) -> None:
    colours = {
        "founder": STYLE.colours["ink"],
        "joined_1952_1982": STYLE.colours["navy"],
        "joined_1999_2004": STYLE.colours["sky"],
        "partner": STYLE.colours["sand"],
    }
    shown: dict[str, set[str]] = {}
    for title in tree(drawn(SOURCE / "figures" / "map.vl.json", lang)).iter(f"{SVG}title"):
        name, _, _ = title.text.partition(":")
        shown.setdefault(name, set()).add(title.getparent().get("fill"))
    expected = {row[f"name_{lang}"]: {colours[row["class"]]} for row in rows("countries.csv")}
    assert shown == expected


def test_the_borders_are_those_of_2005() -> None:
    borders = json.loads((SOURCE / "data" / "borders.topo.json").read_text())
    shapes = borders["objects"]["countries"]["geometries"]
    codes = [shape["id"] for shape in shapes if "id" in shape]
    assert sorted(codes) == sorted([*(row["iso"] for row in rows("countries.csv")), "CS", "CY"])
    holders = {code: holds(borders, code) for code in ("UA", "RU", "CS", "DK")}
    assert holders["UA"](34.1, 45.0)  # Simferopol
    assert not holders["RU"](34.1, 45.0)
    assert holders["RU"](37.6, 55.7)  # Moscow
    for place in ((20.5, 44.5), (21.1, 42.6), (19.2, 42.6)):  # Serbia, Kosovo, Montenegro
        assert holders["CS"](*place)


def holds(borders: dict[str, Any], code: str) -> Callable[[float, float], bool]:
    """A test whether a point in degrees lies in the shape of a country."""
    (shape,) = (s for s in borders["objects"]["countries"]["geometries"] if s.get("id") == code)
    (sx, sy), (tx, ty) = borders["transform"]["scale"], borders["transform"]["translate"]

    def line(number: int) -> list[tuple[float, float]]:
        steps = borders["arcs"][number if number >= 0 else ~number]
        xs = itertools.accumulate(step[0] for step in steps)
        ys = itertools.accumulate(step[1] for step in steps)
        points = [(x * sx + tx, y * sy + ty) for x, y in zip(xs, ys, strict=True)]
        return points if number >= 0 else points[::-1]

    polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
    rings = [[point for arc in ring for point in line(arc)] for poly in polygons for ring in poly]

    def inside(lon: float, lat: float) -> bool:
        crossings = 0
        for ring in rings:
            for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
                if (y0 > lat) != (y1 > lat) and lon < x0 + (lat - y0) / (y1 - y0) * (x1 - x0):
                    crossings += 1
        return crossings % 2 == 1

    return inside


def test_every_label_on_the_map_stands_in_its_country() -> None:
    borders = json.loads((SOURCE / "data" / "borders.topo.json").read_text())
    table = {row["iso"]: row for row in rows("countries.csv")}
    labels = {row["iso"]: row for row in rows("map-labels.csv")}
    # The two candidates have numbers; the shapes of some dependencies have no code.
    assert labels.keys() - table.keys() == {"BA", "CS"}
    assert table.keys() <= labels.keys()
    shapes = {s.get("id") for s in borders["objects"]["countries"]["geometries"]}
    for iso in table:
        label = labels[iso]
        for lang in LANGUAGES:
            words = label[f"label_{lang}"].replace("-|", "-").replace("|", " ")
            assert words == table[iso][f"name_{lang}"] or iso == "MK"
        lead = label["lead_lon"], label["lead_lat"]
        lon, lat = map(float, lead if all(lead) else (label["lon"], label["lat"]))
        assert iso in shapes
        # A leader ends at the country's edge; a label without one may stand beside it, in the sea.
        step = 0.4 if all(lead) else 0 if label["align"] == "center" else 1
        inside = holds(borders, iso)
        near = itertools.product((-2, -1, 0, 1, 2), (-1, 0, 1))
        assert any(inside(lon + step * east, lat + step * north) for east, north in near), iso


def test_the_capitals_stand_in_their_countries() -> None:
    borders = json.loads((SOURCE / "data" / "borders.topo.json").read_text())
    near = [(east / 10, north / 10) for east in (-2, -1, 0, 1, 2) for north in (-2, -1, 0, 1, 2)]
    for row in rows("countries.csv"):
        # Outlines are simplified: a capital on the shore may lie a little outside.
        inside = holds(borders, row["iso"])
        lon, lat = float(row["lon"]), float(row["lat"])
        assert any(inside(lon + east, lat + north) for east, north in near), row["iso"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_map_can_be_cut_in_the_middle(lang: str) -> None:
    drawing = drawn(SOURCE / "figures" / "map.vl.json", lang)
    middle, gutter = drawing.width_px / 2, 6 / 25.4 * 96
    assert [
        box.text
        for box in labels(tree(drawing))
        if box.right > middle - gutter and box.left < middle + gutter
    ] == []


def test_every_row_names_its_source() -> None:
    tables = [path.name for path in (SOURCE / "data").glob("*.csv")]
    assert len(tables) >= 7
    for name in tables:
        if name != "map-labels.csv":
            assert all(row["source"] for row in rows(name)), name


# --- the colours ----------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("text", "paper"), ("ink", "paper"), ("secondary", "paper"), ("accent", "paper"),
        ("ink", "mist"), ("ink", "sand"), ("ink", "sky"), ("ink", "ochre"),
        ("paper", "ink"), ("paper", "navy"),
    ],
)  # fmt: skip
def test_text_stands_out_from_its_ground(text: str, ground: str) -> None:
    assert contrast(STYLE.colours[text], STYLE.colours[ground]) >= 7


def test_chart_colours_stay_apart_in_grey() -> None:
    lightness = [116 * luminance(colour) ** (1 / 3) - 16 for colour in STYLE.chart]
    assert len(lightness) == 6
    assert min(b - a for a, b in itertools.pairwise(lightness)) > 10


def test_the_press_gets_under_300_per_cent_of_ink_and_text_on_black_alone() -> None:
    palette = tomllib.loads(PALETTE.read_text(encoding="utf-8"))
    inks = [entry["cmyk"] for group in palette.values() for entry in group.values()]
    assert all(len(ink) == 4 and sum(ink) < 300 for ink in inks)
    assert palette["colour"]["text"]["cmyk"] == [0, 0, 0, 100]
    # A colour that stands in both groups has one mate on the press.
    by_srgb: dict[str, set[tuple[int, ...]]] = {}
    for group in palette.values():
        for entry in group.values():
            by_srgb.setdefault(entry["srgb"], set()).add(tuple(entry["cmyk"]))
    assert all(len(mates) == 1 for mates in by_srgb.values())


# --- the engine, with small publications ----------------------------------------------------------

BAR = {
    "data": {"url": "data/sums.csv"},
    "width": 200,
    "height": 100,
    "mark": "bar",
    "encoding": {
        "x": {"field": "name", "title": "{{names}}"},
        "y": {"field": "sum", "type": "quantitative"},
    },
}


@pytest.fixture
def room(tmp_path: Path) -> Path:
    folder = tmp_path / "book"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "sums.csv").write_text("name,sum,day\nA,1234.5,1994-02-08\nB,2000,\n")
    (folder / "bar.en.toml").write_text('names = "The names"\n')
    return folder


def put(room: Path, specification: object, name: str = "bar.vl.json") -> Path:
    path = room / name
    path.write_text(
        specification if isinstance(specification, str) else json.dumps(specification, indent=1)
    )
    return path


def texts(drawing: figures.Drawing) -> list[str]:
    return [text.text for text in tree(drawing).iter(f"{SVG}text")]


def codes(drawing: figures.Drawing) -> list[str]:
    return [finding.code for finding in drawing.diagnostics]


def test_words_are_put_in(room: Path) -> None:
    (room / "bar.fr.toml").write_text('names = "Les noms de l’été d\'hier"\n', encoding="utf-8")
    path = put(room, BAR)
    assert "The names" in texts(drawn(path, "en", room))
    assert "Les noms de l’été d'hier" in texts(drawn(path, "fr", room))


def test_a_missing_word_is_a_warning_and_the_english_shown(room: Path) -> None:
    drawing = drawn(put(room, BAR), "de", room)
    assert "The names" in texts(drawing)
    (finding,) = drawing.diagnostics
    assert (finding.code, finding.severity) == ("figure-word", Severity.WARNING)
    assert finding.file == "bar.vl.json"
    line = (room / "bar.vl.json").read_text().splitlines()[finding.line - 1]
    assert line[finding.column - 1 :].startswith("{{names}}")


def test_a_word_in_no_language_shows_its_key(room: Path) -> None:
    (room / "bar.en.toml").unlink()
    drawing = drawn(put(room, BAR), "en", room)
    assert "names" in texts(drawing)
    assert codes(drawing) == ["figure-word"]


def test_words_in_expressions_may_hold_apostrophes(room: Path) -> None:
    (room / "bar.en.toml").write_text('name.A = "d\'A"\nname.B = \'B "b"\'\n')
    specification = {
        **BAR,
        "transform": [{"calculate": "words['name.' + datum.name]", "as": "label"}],
        "encoding": {"x": {"field": "label", "title": None}, "y": {"field": "sum"}},
    }
    drawing = drawn(put(room, specification), "en", room)
    assert {"d'A", 'B "b"'} <= set(texts(drawing))


def test_numbers_are_set_in_the_language_s_way(room: Path) -> None:
    specification = {
        **BAR,
        "mark": "text",
        "encoding": {"text": {"field": "sum", "type": "quantitative", "format": ",.1f"}},
    }
    path = put(room, specification)
    assert "1,234.5" in texts(drawn(path, "en", room))
    assert "1\u202f234,5" in texts(drawn(path, "fr", room))


def test_the_table_holds_the_data_in_the_language_s_way(room: Path) -> None:
    columns = [
        {"field": "name", "title": "{{names}}"},
        {"field": "sum", "title": "Sum", "kind": "number"},
        {"field": "day", "title": "Day", "kind": "date"},
    ]
    specification = {**BAR, "usermeta": {"imprint": {"table": {"columns": columns}}}}
    path = put(room, specification)
    assert drawn(path, "en", room).table == figures.DataTable(
        ("The names", "Sum", "Day"),
        (("A", "1,234.5", "February 8, 1994"), ("B", "2,000", "")),
    )
    french = drawn(path, "fr", room).table
    assert french is not None
    assert french.rows[0] == ("A", "1\u202f234,5", "8 février 1994")


def test_without_a_wish_the_table_is_the_data(room: Path) -> None:
    table = drawn(put(room, BAR), "en", room).table
    assert table == figures.DataTable(
        ("name", "sum", "day"), (("A", "1234.5", "1994-02-08"), ("B", "2000", ""))
    )


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland", "UTC"])
def test_a_day_is_the_same_in_every_time_zone(room: Path, zone: str) -> None:
    specification = {
        "data": {"url": "data/sums.csv"},
        "transform": [{"filter": "isValid(datum.day)"}],
        "mark": "text",
        "encoding": {"text": {"field": "day", "type": "temporal", "format": "%-d %B %Y"}},
    }
    path = put(room, specification)
    program = (
        "import sys; from pathlib import Path; from imprint import figures as f;"
        "a, room, fonts, palette = map(Path, sys.argv[1:]);"
        "print(f.draw(a, lang='fr', room=room, fonts=fonts, style=f.read_style(palette)).svg)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, path, room, FONTS, PALETTE],
        env={**os.environ, "TZ": zone, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert "8 février 1994" in result.stdout


def test_multi_line_text_is_a_text_a_line(room: Path) -> None:
    (room / "bar.en.toml").write_text('names = ["One", "Two"]\n')
    specification = {"data": {"values": [{}]}, "mark": {"type": "text", "text": "{{names}}"}}
    svg = tree(drawn(put(room, specification), "en", room))
    one, two = svg.iter(f"{SVG}text")
    assert (one.text, two.text) == ("One", "Two")
    assert float(two.get("y")) - float(one.get("y")) > 8
    assert not list(svg.iter(f"{SVG}tspan"))


# --- the closed room ------------------------------------------------------------------------------

SECRET = "name,sum\nsecret,1\n"


@pytest.mark.parametrize(
    "address",
    [
        "../outside.csv",
        "data/../../outside.csv",
        "link.csv",
        "folder/outside.csv",
        "{absolute}",
        "file://{absolute}",
        "http://127.0.0.1:9/outside.csv",
        "//127.0.0.1/outside.csv",
        "\\\\host\\outside.csv",
    ],
)
def test_data_outside_the_folder_are_refused(room: Path, address: str) -> None:
    outside = room.parent / "outside.csv"
    outside.write_text(SECRET)
    (room / "link.csv").symlink_to(outside)
    (room / "folder").symlink_to(room.parent, target_is_directory=True)
    address = address.replace("{absolute}", str(outside))
    drawing = drawn(put(room, {**BAR, "data": {"url": address}}), "en", room)
    assert drawing.svg == ""
    assert drawing.table is None
    (finding,) = drawing.diagnostics
    assert (finding.code, finding.severity) == ("figure-data", Severity.ERROR)
    assert "secret" not in repr(drawing)


def test_lookups_are_in_the_room_too(room: Path) -> None:
    (room.parent / "outside.csv").write_text(SECRET)
    lookup = {
        "lookup": "name",
        "from": {"data": {"url": "../outside.csv"}, "key": "name", "fields": ["sum"]},
    }
    assert codes(drawn(put(room, {**BAR, "transform": [lookup]}), "en", room)) == ["figure-data"]


def test_words_and_the_specification_itself_are_in_the_room_too(room: Path) -> None:
    outside = room.parent / "outside.toml"
    outside.write_text('names = "secret"\n')
    (room / "bar.fr.toml").symlink_to(outside)
    drawing = drawn(put(room, BAR), "fr", room)
    assert "figure-data" in codes(drawing)
    assert "secret" not in repr(drawing)
    other = put(room.parent, BAR, "other.vl.json")
    (room / "other.vl.json").symlink_to(other)
    assert codes(drawn(room / "other.vl.json", "en", room)) == ["figure-data"]


def test_a_link_that_stays_in_the_room_is_followed(room: Path) -> None:
    (room / "near.csv").symlink_to(room / "data" / "sums.csv")
    assert drawn(put(room, {**BAR, "data": {"url": "near.csv"}}), "en", room).svg


def test_pictures_from_elsewhere_are_left_out(room: Path) -> None:
    specification = {
        "data": {"values": [{"u": "http://127.0.0.1:9/x.png"}]},
        "mark": {"type": "image", "width": 20, "height": 20},
        "encoding": {"url": {"field": "u"}},
    }
    drawing = drawn(put(room, specification), "en", room)
    assert codes(drawing) == ["figure-foreign"]
    assert "127.0.0.1" not in drawing.svg


# --- faults of authors ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("specification", "code", "line"),
    [
        ('{\n "mark": "bar",\n}', "figure-syntax", 3),
        ("[1]", "figure-syntax", 1),
        ('{"data": {"url": "data/none.csv"}, "mark": "bar"}', "figure-data", 1),
        ('{\n"data": {"url": "data/broken.json"},\n"mark": "bar"}', "figure-data", 2),
        ('{"data": {"values": []}, "mark": "no such mark"}', "figure-drawing", 1),
        ("{}", "figure-drawing", 1),
    ],
)
def test_a_fault_is_a_diagnostic(room: Path, specification: str, code: str, line: int) -> None:
    (room / "data" / "broken.json").write_text("{")
    drawing = drawn(put(room, specification), "en", room)
    assert drawing.svg == ""
    (finding,) = drawing.diagnostics
    assert (finding.code, finding.line, finding.severity) == (code, line, Severity.ERROR)


@pytest.mark.parametrize(
    "oddity",
    [
        {"usermeta": 1},
        {"usermeta": {"imprint": {"table": {"columns": [1, {}, {"field": 2}]}}}},
        {"params": "none"},
        {"data": {"url": "data/sums.csv", "format": "csv"}},
        {"data": {"url": "data/long.csv"}},
    ],
)
def test_odd_values_do_no_harm(room: Path, oddity: dict[str, object]) -> None:
    (room / "data" / "long.csv").write_text("name,sum\nA,1,too,many\nB\nC," + "9" * 5000 + "\n")
    assert drawn(put(room, {**BAR, **oddity}), "en", room).svg


def test_broken_words_are_a_diagnostic_at_their_line(room: Path) -> None:
    (room / "bar.en.toml").write_text('names = "A"\nnames = 1 2\n')
    drawing = drawn(put(room, BAR), "en", room)
    (finding, *_) = drawing.diagnostics
    assert (finding.code, finding.file, finding.line) == ("figure-words", "bar.en.toml", 2)


def test_transparency_is_a_warning(room: Path) -> None:
    specification = {**BAR, "mark": {"type": "bar", "opacity": 0.5}}
    drawing = drawn(put(room, specification), "en", room)
    assert drawing.svg
    (finding,) = drawing.diagnostics
    assert (finding.code, finding.severity) == ("figure-opacity", Severity.WARNING)


# --- diagrams drawn by hand -----------------------------------------------------------------------


def test_a_diagram_has_its_words_exchanged(room: Path) -> None:
    put(room, f'<svg xmlns="{SVG[1:-1]}" width="90" height="30"><text id="a" y="9">Old</text>'
        '<path id="b" d="M0,0H9.123456"/><script>x</script></svg>', "plan.svg")  # fmt: skip
    assert not figures.is_drawn(room / "plan.svg")
    (room / "plan.fr.toml").write_text('a = "Neuf"\n')
    assert figures.is_drawn(room / "plan.svg")
    drawing = drawn(room / "plan.svg", "fr", room)
    assert texts(drawing) == ["Neuf"]
    assert codes(drawing) == ["figure-foreign"]
    assert "script" not in drawing.svg
    assert (drawing.width_px, drawing.height_px) == (90, 30)
    assert codes(drawn(room / "plan.svg", "de", room)) == ["figure-word", "figure-foreign"]
    assert texts(drawn(room / "plan.svg", "en", room)) == ["Old"]


# --- on paper -------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler's pdftotext")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pdf_s_figure_can_be_read_and_is_set_in_the_theme_s_face(
    tmp_path: Path, lang: str
) -> None:
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    drawing = drawn(SOURCE / "figures" / "map.vl.json", lang)
    faces = "".join(
        f"@font-face{{font-family:'Source Sans 3';font-weight:{weight};"
        f"src:url({(FONTS / f'SourceSans3-{name}.ttf').as_uri()})}}"
        for weight, name in ((400, "Regular"), (600, "Semibold"))
    )
    page = f"<style>{faces}@page{{size:1134px 718px;margin:0}}body{{margin:0}}</style>"
    target = tmp_path / "map.pdf"
    weasyprint.HTML(string=page + drawing.svg).write_pdf(target, font_config=FontConfiguration())
    run = functools.partial(subprocess.run, capture_output=True, encoding="utf-8", check=True)
    text = run(["pdftotext", "-layout", target, "-"]).stdout
    for row in rows("map-labels.csv"):
        for line in row[f"label_{lang}"].split("|"):
            assert line in text
    fonts = run(["pdffonts", target]).stdout.splitlines()[2:]
    assert {line.split()[0].partition("+")[2].split("-")[0] for line in fonts} == {"Source"}
