"""Figures drawn from data: a specification, its data and its words become SVG.

A figure is either a Vega-Lite specification (``NAME.vl.json``), drawn with vl-convert, or a
diagram drawn by hand (``NAME.svg``) whose words are exchanged. ``NAME.<lang>.toml`` beside it
holds the words of a language. Colours and faces come from the theme; data come from files inside
the publication's folder and from nowhere else. ``docs/figures.md`` tells authors how to write one.
"""

from __future__ import annotations

import csv
import datetime
import functools
import glob
import io
import itertools
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import vl_convert
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal
from lxml import etree

from imprint.diagnostics import Diagnostic, error, warning
from imprint.drawing import excess, svg_file
from imprint.room import MOST_DATA_BYTES, OUTSIDE, Refusal, local_path, read_inside

SPECIFICATION = ".vl.json"
FALLBACK_LANGUAGE = "en"

_SVG = "http://www.w3.org/2000/svg"
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_PLACEHOLDER = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
_WORD_IN_EXPRESSION = re.compile(r"\bwords(?:\.([A-Za-z_]\w*)|\['([^']+)'\])")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DECIMAL = re.compile(r"-?\d*\.\d+")
_TINY = re.compile(r"-?\d+(?:\.\d+)?e-\d+")
_PIXELS = re.compile(r"(-?\d+(?:\.\d+)?)(?:px)?")
_ID_REFERENCE = re.compile(r"url\((['\"]?)#([^)'\"]+)\1\)")

_OPACITIES = ("opacity", "fill-opacity", "stroke-opacity")
_QUOTES = "'\""

# Outlines to a tenth of a CSS pixel (0.03 mm), which saves a map half its bytes.
_OUTLINE_DIGITS = 1
_DIGITS = 2


@dataclass(frozen=True)
class FigureStyle:
    """What the theme gives to figures: its sans serif face, named colours and colours for data.

    ``colours`` holds at least "ink", "secondary", "rule" and "paper"; ``text_px`` is the size of
    labels in CSS pixels (96 to the inch).
    """

    family: str
    colours: Mapping[str, str]
    chart: tuple[str, ...]
    text_px: float = 10.5


@dataclass(frozen=True)
class DataTable:
    """The data behind a figure as readers see them in a table, set in the figure's language."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Drawing:
    """A figure in one language. ``svg`` is "" where it could not be drawn: see ``diagnostics``."""

    svg: str = ""
    width_px: float = 0.0
    height_px: float = 0.0
    table: DataTable | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


def read_style(palette: Path, *, family: str = "Source Sans 3") -> FigureStyle:
    """The style of a theme whose colours are in ``palette`` (a TOML file, see the default's)."""
    entries = tomllib.loads(palette.read_text(encoding="utf-8"))
    return FigureStyle(
        family=family,
        colours={name: entry["srgb"] for name, entry in entries["colour"].items()},
        chart=tuple(entry["srgb"] for _, entry in sorted(entries["chart"].items())),
    )


def is_drawn(picture: Path) -> bool:
    """Whether ``picture`` is one that :func:`draw` makes rather than one to be used as it is."""
    if picture.name.endswith(SPECIFICATION):
        return True
    return picture.suffix == ".svg" and any(
        picture.parent.glob(f"{glob.escape(_stem(picture))}.*.toml")
    )


def draw(specification: Path, *, lang: str, room: Path, fonts: Path, style: FigureStyle) -> Drawing:
    """The figure of ``specification`` in ``lang``.

    Nothing outside the folder ``room`` is read, and nothing from the network. ``fonts`` is the
    folder of the theme's font files, by which the space that labels take is measured.
    """
    desk = _Desk(specification, lang, room.resolve())
    text = desk.read(specification.name)
    if text is None:
        return Drawing(diagnostics=tuple(desk.findings))
    desk = _Desk(specification, lang, desk.room, text=text, findings=desk.findings)
    words = _read_words(desk)
    if specification.suffix == ".svg":
        tree, table = _relabelled(desk, words), None
    else:
        tree, table = _plotted(desk, words, fonts=fonts, style=style)
    tree = _safe(tree, desk) if tree is not None else None
    if tree is None:
        return Drawing(table=table, diagnostics=tuple(desk.findings))
    _clean(tree, desk)
    return Drawing(
        svg=etree.tostring(tree, encoding="unicode"),
        width_px=_length(tree, "width"),
        height_px=_length(tree, "height"),
        table=table,
        diagnostics=tuple(desk.findings),
    )


# --- the room that a figure may read in -----------------------------------------------------------


@dataclass(frozen=True)
class _Desk:
    """Where one figure is drawn: its specification, language and folder, and what was found."""

    specification: Path
    lang: str
    room: Path
    text: str = ""
    findings: list[Diagnostic] = field(default_factory=list)

    def name(self, path: Path) -> str:
        """How diagnostics name a file: relative to the publication's folder where it can be."""
        path = path.parent.resolve() / path.name
        if path.is_relative_to(self.room):
            return path.relative_to(self.room).as_posix()
        return path.name

    def report(
        self, level: Callable[..., Diagnostic], code: str, at: str, message: str, hint: str = ""
    ) -> None:
        """Notes a finding at the first place of the specification where ``at`` stands."""
        offset = max(self.text.find(at), 0) if at else 0
        line = self.text.count("\n", 0, offset) + 1
        column = offset - self.text.rfind("\n", 0, offset)
        self.findings.append(
            level(code, self.name(self.specification), line, column, message, hint)
        )

    def read(self, address: str) -> str | None:
        """The text of a file named relative to the specification, None where that is refused."""
        content = self._content(address)
        if content is OUTSIDE:
            message = f"The figure reads `{address}`, which is outside the publication's folder."
            hint = "Copy the file into the publication and name it relative to the figure."
        elif isinstance(content, Refusal):
            message = f"The file `{address}` of the figure cannot be used. {content.reason}"
            hint = "Check the name; it is relative to the figure."
        else:
            try:
                return content.decode("utf-8-sig")
            except UnicodeDecodeError:
                message = f"The file `{address}` of the figure is not UTF-8 text."
                hint = "Save the file as UTF-8."
        self.report(error, "figure-data", address, message, hint)
        return None

    def _content(self, address: str) -> bytes | Refusal:
        """The file's content. An address from the root on is none of the figure's folder."""
        path = local_path(address)
        if isinstance(path, Refusal):
            return path
        if path.startswith("/") or "\\" in address:
            return OUTSIDE
        place = self.specification.parent / path
        return read_inside(self.room, place, most_bytes=MOST_DATA_BYTES)


def _stem(picture: Path) -> str:
    """The figure's name: its file's name without ``.vl.json`` or ``.svg``."""
    return picture.name.removesuffix(SPECIFICATION).removesuffix(".svg")


# --- words ----------------------------------------------------------------------------------------


def _read_words(desk: _Desk) -> dict[str, Any]:
    """The words of the desk's language; English ones, with a warning, where it has none."""
    fallback = _words_of(desk, FALLBACK_LANGUAGE)
    own = fallback if desk.lang == FALLBACK_LANGUAGE else _words_of(desk, desk.lang)
    for key in sorted(fallback.keys() - own.keys()):
        _report_missing(desk, key)
    return fallback | own


def _words_of(desk: _Desk, lang: str) -> dict[str, Any]:
    """The words in ``NAME.<lang>.toml`` by dotted key, empty where there is no such file."""
    path = desk.specification.with_name(f"{_stem(desk.specification)}.{lang}.toml")
    if not path.is_symlink() and not path.exists():
        return {}
    text = desk.read(path.name)
    if text is None:
        return {}
    try:
        return dict(_flat(tomllib.loads(text)))
    # Besides what is no TOML: tables in tables without end, numbers of thousands of figures.
    except (ValueError, RecursionError) as fault:
        place = re.search(r"line (\d+), column (\d+)", str(fault))
        line, column = map(int, place.groups()) if place else (1, 1)
        message = f"The words of the figure are not valid TOML: {fault}."
        desk.findings.append(error("figure-words", desk.name(path), line, column, message))
        return {}


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _report_missing(desk: _Desk, key: str) -> None:
    name = f"{_stem(desk.specification)}.{desk.lang}.toml"
    at = f"{{{{{key}}}}}" if f"{{{{{key}}}}}" in desk.text else key
    desk.report(
        warning,
        "figure-word",
        at,
        f"The figure has no word `{key}` in the language `{desk.lang}`.",
        f"Add `{key}` to `{name}`.",
    )


def _worded(node: Any, words: Mapping[str, Any], missing: Callable[[str], None]) -> Any:
    """The same JSON with ``{{key}}`` replaced in every string.

    A string that is a placeholder and nothing else takes the word whole, also where it is a list
    (lines of a text) or a number.
    """
    if isinstance(node, dict):
        return {key: _worded(value, words, missing) for key, value in node.items()}
    if isinstance(node, list):
        return [_worded(value, words, missing) for value in node]
    if not isinstance(node, str):
        return node

    def word(match: re.Match[str]) -> Any:
        key = match[1]
        if key not in words:
            missing(key)
        return words.get(key, key)

    whole = _PLACEHOLDER.fullmatch(node)
    return word(whole) if whole else _PLACEHOLDER.sub(lambda match: str(word(match)), node)


def _theme_words(style: FigureStyle, lang: str) -> dict[str, Any]:
    """What a specification may name besides its own words: the language and the theme's colours."""
    colours = {f"colour.{name}": value for name, value in style.colours.items()}
    chart = {f"chart.{number}": value for number, value in enumerate(style.chart, 1)}
    return {"lang": lang, **colours, **chart}


# --- data -----------------------------------------------------------------------------------------

Rows = list[dict[str, Any]]


def _gather(node: Any, desk: _Desk, data: dict[str, Any]) -> Any:
    """The same JSON with each ``data.url`` replaced by a name, its content put into ``data``."""
    if isinstance(node, list):
        return [_gather(value, desk, data) for value in node]
    if not isinstance(node, dict):
        return node
    gathered = {key: _gather(value, desk, data) for key, value in node.items()}
    source = gathered.get("data")
    if isinstance(source, dict) and isinstance(source.get("url"), str):
        gathered["data"] = _named(source, desk, data)
    return gathered


def _named(source: dict[str, Any], desk: _Desk, data: dict[str, Any]) -> dict[str, Any]:
    """A data reference by name: a full one, as Vega-Lite tells two apart by name alone."""
    address = source["url"]
    form = dict(_mapping(source.get("format")))
    parts = [str(form[key]) for key in ("feature", "mesh", "property") if key in form]
    name = "#".join([address, *parts])
    if name not in data:
        data[name] = _content(address, desk)
    if address.endswith((".csv", ".tsv")):
        form.pop("type", None)
    return {"name": name, **({"format": form} if form else {})}


def _content(address: str, desk: _Desk) -> Any:
    """What a data file holds: a CSV's rows, a JSON's value; no rows where it is unreadable."""
    text = desk.read(address)
    if text is None:
        return []
    kind = "CSV" if address.endswith((".csv", ".tsv")) else "JSON"
    try:
        if kind == "CSV":
            return _rows(text, delimiter="\t" if address.endswith(".tsv") else ",")
        return json.loads(text)
    except (csv.Error, ValueError, RecursionError) as fault:
        message = f"The file `{address}` of the figure is not valid {kind}: {fault}."
        desk.report(error, "figure-data", address, message)
        return []


def _rows(text: str, *, delimiter: str) -> Rows:
    """The rows of a CSV; a column whose every cell is a number holds numbers, empty cells None."""
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    # Cells beyond the header's last column have no name.
    rows: Rows = [{key: cell for key, cell in row.items() if key} for row in reader]
    for column in rows[0] if rows else ():
        cells = [row[column] for row in rows if row[column] not in ("", None)]
        numeric = bool(cells) and all(_NUMBER.fullmatch(cell) for cell in cells)
        for row in rows:
            row[column] = _cell_value(row[column], numeric=numeric)
    return rows


def _cell_value(cell: str | None, *, numeric: bool) -> str | int | float | None:
    if not cell:
        return None
    if not numeric:
        return cell
    return float(cell) if re.search(r"[.eE]", cell) or len(cell) > 15 else int(cell)


def _plottable(content: Any) -> Any:
    """Rows with dates that mean the same day in every time zone.

    JavaScript takes ``1994-02-08`` for midnight in Greenwich, which is the day before in America;
    with a time it is local, as Vega's scales and formats are.
    """
    if not _is_rows(content):
        return content
    return [
        {
            key: f"{value}T00:00:00" if isinstance(value, str) and _DATE.fullmatch(value) else value
            for key, value in row.items()
        }
        for row in content
    ]


# --- drawing with Vega-Lite -----------------------------------------------------------------------


def _plotted(
    desk: _Desk, words: dict[str, Any], *, fonts: Path, style: FigureStyle
) -> tuple[etree._Element | None, DataTable | None]:
    """The figure of a Vega-Lite specification, as a tree, and its data as a table."""
    specification = _parsed(desk)
    if specification is None:
        return None, None
    for match in _WORD_IN_EXPRESSION.finditer(desk.text):
        if (key := match[1] or match[2]) not in words:
            _report_missing(desk, key)
    known = words | _theme_words(style, desk.lang)
    specification = _worded(specification, known, lambda key: _report_missing(desk, key))
    data: dict[str, Any] = {}
    specification = _gather(specification, desk, data)
    table = _table(specification, data, words, desk)
    if any(finding.code == "figure-data" for finding in desk.findings):
        return None, table
    specification["datasets"] = {name: _plottable(content) for name, content in data.items()}
    # In expressions the words are `words.key`, so that an apostrophe in one breaks no string.
    params = specification.get("params")
    own = params if isinstance(params, list) else []
    specification["params"] = [*own, {"name": "words", "value": words}]
    return _svg(specification, desk, fonts=fonts, style=style), table


def _parsed(desk: _Desk) -> dict[str, Any] | None:
    """The specification as JSON, None with a diagnostic where it is not one."""
    try:
        specification = json.loads(desk.text)
    except (ValueError, RecursionError) as fault:
        message = f"The figure is not valid JSON: {getattr(fault, 'msg', fault)}."
        file = desk.name(desk.specification)
        place = (getattr(fault, "lineno", 1), getattr(fault, "colno", 1))
        desk.findings.append(error("figure-syntax", file, *place, message))
        return None
    if not isinstance(specification, dict):
        desk.report(error, "figure-syntax", "", "The figure is not a Vega-Lite specification.")
        return None
    return specification


def _svg(
    specification: dict[str, Any], desk: _Desk, *, fonts: Path, style: FigureStyle
) -> etree._Element | None:
    """The drawing that vl-convert makes, None with a diagnostic where it makes none."""
    _register(fonts)
    numbers, times = _locale_formats(desk.lang)
    try:
        vega = vl_convert.vegalite_to_vega(specification, config=_config(style))
        if address := next(_addresses(vega), None):
            hint = "Name a CSV, JSON or TopoJSON file of the publication in `data.url`."
            message = f"The figure loads `{address}` in a way that is not allowed."
            desk.report(error, "figure-data", address, message, hint)
            return None
        svg = vl_convert.vega_to_svg(
            vega, allowed_base_urls=[], format_locale=numbers, time_format_locale=times
        )
    except ValueError as fault:
        lines = [line.strip() for line in str(fault).splitlines()]
        reason = next((line for line in lines if re.match(r"\w*Error: ", line)), lines[0])
        desk.report(error, "figure-drawing", "", f"The figure cannot be drawn: {reason}")
        return None
    return etree.fromstring(svg.encode(), _parser())


@functools.cache
def _register(fonts: Path) -> None:
    """Lets vl-convert measure text in the theme's faces; it keeps them for the whole process."""
    vl_convert.register_font_directory(str(fonts.resolve()))


def _addresses(node: Any) -> Iterator[str]:
    """Every address that a compiled Vega specification would load data from."""
    if isinstance(node, list):
        for value in node:
            yield from _addresses(value)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "values":
                continue
            if key == "url" and "name" in node:
                yield str(value)
            yield from _addresses(value)


def _config(style: FigureStyle) -> dict[str, Any]:
    """The theme as a Vega-Lite configuration: quiet axes, labels that can be read in print."""
    ink, secondary, rule = (style.colours[name] for name in ("ink", "secondary", "rule"))
    small, chart = style.text_px, list(style.chart)
    return {
        "font": style.family,
        "background": style.colours["paper"],
        # Each edition gives the text alternative; only marks that ask for it carry a title.
        "aria": False,
        "padding": 0,
        "mark": {"color": chart[0]},
        "text": {"color": ink, "fontSize": small},
        "view": {"stroke": None},
        "range": {"category": chart, "ordinal": chart[::-1], "ramp": chart[::-1]},
        "axis": {
            "domainColor": secondary,
            "tickColor": secondary,
            "gridColor": rule,
            "gridWidth": 0.5,
            "domainWidth": 0.75,
            "tickWidth": 0.75,
            "tickSize": 4,
            "labelColor": secondary,
            "labelFontSize": small,
            "labelPadding": 4,
            "labelLimit": 0,
            "titleColor": ink,
            "titleFontSize": small,
            "titleFontWeight": 600,
        },
        "legend": {
            "labelColor": ink,
            "labelFontSize": small,
            "labelLimit": 0,
            "titleColor": ink,
            "titleFontSize": small,
            "titleFontWeight": 600,
            "symbolSize": 90,
            "symbolStrokeWidth": 0,
        },
        "header": {
            "labelColor": ink,
            "labelFontSize": small,
            "titleColor": ink,
            "titleFontSize": small,
        },
        "title": {"color": ink, "fontSize": small + 1.5, "fontWeight": 600, "anchor": "start"},
    }


# --- the language's numbers and dates -------------------------------------------------------------


def _locale(lang: str) -> Locale:
    """What is known of a language's conventions; English ones for a language without any."""
    try:
        return Locale.parse(lang, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(FALLBACK_LANGUAGE)


def _locale_formats(lang: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The language's conventions as d3 wants them, for numbers and for times."""
    locale = _locale(lang)
    symbols = locale.number_symbols["latn"]
    numbers = {
        "decimal": symbols["decimal"],
        "thousands": symbols["group"],
        "grouping": [3],
        "currency": ["", ""],
        "minus": symbols["minusSign"],
        "percent": "%",
    }
    # CLDR counts the days of the week from Monday, d3 from Sunday.
    days, short_days = (
        [locale.days["stand-alone"][width][day] for day in (6, 0, 1, 2, 3, 4, 5)]
        for width in ("wide", "abbreviated")
    )
    months, short_months = (
        [locale.months["stand-alone"][width][month] for month in range(1, 13)]
        for width in ("wide", "abbreviated")
    )
    day_periods = locale.day_periods["format"]["wide"]
    times = {
        "dateTime": "%x, %X",
        "date": "%-d %B %Y",
        "time": "%H:%M",
        "periods": [day_periods.get(half, half.upper()) for half in ("am", "pm")],
        "days": days,
        "shortDays": short_days,
        "months": months,
        "shortMonths": short_months,
    }
    return numbers, times


# --- the table behind the figure ------------------------------------------------------------------


def _table(
    specification: Mapping[str, Any], data: dict[str, Any], words: Mapping[str, Any], desk: _Desk
) -> DataTable | None:
    """The figure's data as a table.

    ``usermeta.imprint.table`` may name the file (``data``) and the columns, each with ``field``,
    ``title`` and ``kind``: "number" and "date" are set in the language's way, "word" is looked up
    in the figure's words, in their table ``words`` if one is named. Otherwise it is all of the first data file as it stands.
    """
    wish = specification
    for key in ("usermeta", "imprint", "table"):
        wish = _mapping(wish.get(key))
    if address := str(wish.get("data", "")):
        rows = data[address] if address in data else _content(address, desk)
    else:
        rows = next((content for content in data.values() if _is_rows(content)), None)
    if not _is_rows(rows):
        return None
    asked = wish.get("columns")
    known = asked if isinstance(asked, list) else []
    columns = [column for column in known if isinstance(_mapping(column).get("field"), str)]
    columns = columns or [{"field": key} for key in rows[0]]
    for column in columns:
        if column["field"] not in rows[0]:
            message = f"The figure's table names a column `{column['field']}` that the data lack."
            desk.report(warning, "figure-table", f'"{column["field"]}"', message)
    return DataTable(
        header=tuple(str(column.get("title", column["field"])) for column in columns),
        rows=tuple(
            tuple(_cell_text(row, column, words, desk) for column in columns) for row in rows
        ),
    )


def _is_rows(content: Any) -> bool:
    """Whether it is a non-empty list of records, as opposed to shapes."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(row, dict) for row in content)
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a table, an empty one where an author put something else there."""
    return value if isinstance(value, Mapping) else {}


def _cell_text(
    row: Mapping[str, Any], column: Mapping[str, str], words: Mapping[str, Any], desk: _Desk
) -> str:
    """A cell as readers see it."""
    value, kind = row.get(column["field"]), column.get("kind", "text")
    if value is None:
        return ""
    if kind == "number" and isinstance(value, int | float):
        return format_decimal(value, locale=_locale(desk.lang))
    if kind == "date" and (day := _day(str(value))):
        return format_date(day, "long", locale=_locale(desk.lang))
    if kind == "word":
        prefix = f"{column['words']}." if "words" in column else ""
        word = words.get(f"{prefix}{value}", value)
        # In the figure a word may be broken into lines, in the table it is not.
        return " ".join(str(word).replace("-\n", "-").split())
    return str(value)


def _day(text: str) -> datetime.date | None:
    """The day that an ISO 8601 date names, None where it is no such date."""
    try:
        return datetime.date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


# --- diagrams drawn by hand -----------------------------------------------------------------------


def _parser() -> etree.XMLParser:
    """A parser that reads no other file and no comments, and expands no entities."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )


def _relabelled(desk: _Desk, words: Mapping[str, Any]) -> etree._Element | None:
    """The diagram, the text of each ``<text>`` or ``<tspan>`` whose id is a word's key replaced."""
    try:
        tree = etree.fromstring(desk.text.encode(), _parser())
    except etree.XMLSyntaxError as fault:
        line, column = fault.position
        message = f"The diagram is not well-formed XML: {fault.msg}."
        file = desk.name(desk.specification)
        desk.findings.append(error("figure-syntax", file, line, max(column, 1), message))
        return None
    elements = {element.get("id"): element for element in tree.iter("{*}text", "{*}tspan")}
    for key, word in words.items():
        if key in elements:
            elements[key].text = str(word)
    if desk.lang != (tree.get("{http://www.w3.org/XML/1998/namespace}lang") or FALLBACK_LANGUAGE):
        for key in sorted(set(filter(None, elements)) - words.keys()):
            _report_missing(desk, key)
    return tree


# --- SVG that can stand in any document -----------------------------------------------------------


def _clean(tree: etree._Element, desk: _Desk) -> None:
    """Makes the tree fit to stand among others: own ids, no classes, no scripts, few digits."""
    for element in list(tree.iter(f"{{{_SVG}}}text")):
        _split_lines(element)
    for element in list(tree.iter(f"{{{_SVG}}}*")):
        _clean_element(element)
    _drop_empty_groups(tree)
    prefix = re.sub(r"[^\w-]", "-", _stem(desk.specification))
    _rename_ids(tree, f"{prefix}-{desk.lang}")
    tree.set("{http://www.w3.org/XML/1998/namespace}lang", desk.lang)
    if any(name in element.attrib for element in tree.iter() for name in _OPACITIES):
        message = "The figure uses transparency, which presses may print wrongly."
        desk.report(warning, "figure-opacity", "pacity", message, "Use a lighter solid colour.")
    etree.cleanup_namespaces(tree)


def _clean_element(element: etree._Element) -> None:
    """Drops what only scripts and Vega's own style sheet read, and shortens numbers."""
    for name in list(element.attrib):
        if name in ("class", "pointer-events"):
            del element.attrib[name]
    for name in _OPACITIES:
        if element.get(name) in ("1", "100%"):
            del element.attrib[name]
    for name in ("transform", "x", "y", "x1", "y1", "x2", "y2", "width", "height"):
        if name in element.attrib:
            element.set(name, _shortened(element.attrib[name], _DIGITS))
    for name in ("d", "points"):
        if name in element.attrib:
            element.set(name, _shortened(element.attrib[name], _OUTLINE_DIGITS))
    if (family := element.get("font-family")) and "," not in family:
        # In quotes: a name with a digit is no CSS identifier. Without a blank after the comma:
        # WeasyPrint would keep it as a part of the name.
        element.set("font-family", f"'{family.strip(_QUOTES)}',sans-serif")


def _split_lines(element: etree._Element) -> None:
    """Replaces a Vega text of several lines by a text a line.

    WeasyPrint anchors all the lines of a ``<text>`` by the extent of the whole.
    """
    lines = element.findall(f"{{{_SVG}}}tspan")
    parent = element.getparent()
    if parent is None or not lines or any(set(line.attrib) - {"x", "dy"} for line in lines):
        return
    places = [element.get("y", "0"), *(line.get("dy", "0") for line in lines)]
    measured = [match for match in map(_PIXELS.fullmatch, places) if match]
    if len(measured) < len(places):
        return
    baselines = itertools.accumulate(float(match[1]) for match in measured)
    for line, y in zip(lines, itertools.islice(baselines, 1, None), strict=True):
        copy = etree.Element(element.tag, {**element.attrib, "y": f"{y:g}"})
        copy.text = line.text
        element.addprevious(copy)
    parent.remove(element)


def _shortened(numbers: str, digits: int) -> str:
    """The same numbers with at most so many decimals."""
    numbers = _TINY.sub("0", numbers)
    return _DECIMAL.sub(lambda match: f"{round(float(match[0]), digits) + 0:g}", numbers)


def _drop_empty_groups(tree: etree._Element) -> None:
    """Removes hidden elements, and groups and paths that draw nothing."""
    for element in reversed(list(tree.iter(f"{{{_SVG}}}g", f"{{{_SVG}}}path"))):
        hidden = element.get("display") == "none"
        nothing = element.tag.endswith("}path") and element.get("d") in (None, "", "M0,0h0v0h0Z")
        invisible = element.get("fill") is None and element.get("stroke") is None
        frame = element.tag.endswith("}path") and invisible and _in_plain_group(element)
        empty = element.tag.endswith("}g") and len(element) == 0
        if (hidden or nothing or frame or empty) and element.getparent() is not None:
            element.getparent().remove(element)


def _in_plain_group(element: etree._Element) -> bool:
    """Whether nothing around the element gives it a fill or a stroke: Vega's empty frames."""
    return all(
        ancestor.get("fill") in (None, "none") and ancestor.get("stroke") in (None, "none")
        for ancestor in element.iterancestors()
    )


def _safe(tree: etree._Element, desk: _Desk) -> etree._Element | None:
    """The drawing without what would load another file or run a program, which is reported."""
    for element in list(tree.iter(f"{{{_SVG}}}*")):
        kind = etree.QName(element).localname
        address = element.get("href") or element.get(_XLINK_HREF) or "#"
        if kind not in ("script", "foreignObject", "image") and address.startswith("#"):
            continue
        at = address if address in desk.text else f"<{kind}"
        message = f"The figure holds `<{kind}>`, which leads out of the drawing; it is left out."
        desk.report(error, "figure-foreign", at, message, "Draw it with shapes and text.")
        if (parent := element.getparent()) is not None:
            parent.remove(element)
    if reason := excess(tree):
        desk.report(error, "figure-syntax", "", f"The figure cannot be used. {reason}")
        return None
    for element in tree.iterfind(f".//{{{_SVG}}}*[@aria-label]"):
        etree.SubElement(element, f"{{{_SVG}}}title").text = element.get("aria-label")
    content = svg_file(etree.tostring(tree))
    if content is None:
        desk.report(error, "figure-syntax", "", "The diagram is not an SVG drawing.")
        return None
    return etree.fromstring(content, _parser())


def _rename_ids(tree: etree._Element, prefix: str) -> None:
    """Gives ids that no other figure has, and that do not depend on what was drawn before."""
    names: dict[str, str] = {}
    for element in tree.iter():
        if (name := element.get("id")) is not None:
            element.set("id", names.setdefault(name, f"{prefix}-{len(names) + 1}"))
    for element in tree.iter():
        for key, value in element.attrib.items():
            if key in ("href", _XLINK_HREF) and value[1:] in names:
                element.set(key, f"#{names[value[1:]]}")
            elif "url(" in value:
                element.set(key, _ID_REFERENCE.sub(functools.partial(_reference, names), value))


def _reference(names: Mapping[str, str], match: re.Match[str]) -> str:
    return f"url(#{names.get(match[2], match[2])})"


def _length(tree: etree._Element, side: str) -> float:
    """Width or height in CSS pixels, from the attribute or else from the view box."""
    if match := _PIXELS.fullmatch(tree.get(side, "")):
        return float(match[1])
    box = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", tree.get("viewBox", ""))]
    return box[2 if side == "width" else 3] if len(box) == 4 else 0.0
