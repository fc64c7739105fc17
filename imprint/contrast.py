"""The contrast of a theme's colours: text must stand out from its ground by 7 to 1.

WCAG 2.2, 1.4.6. A style sheet does not say which of its boxes lie on which. So a colour of text
is found fault with where its rule names the ground as well and the two are too near, or where no
ground that the theme has would do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import tinycss2
import tinycss2.color3

from imprint.diagnostics import Diagnostic, warning
from imprint.theme import Theme

LEAST = 7.0
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,([^()]*))?\)")

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Rule:
    """What one style rule says of colour, its variables not yet filled in."""

    sheet: Path
    line: int
    selector: str
    colour: str = ""
    ground: str = ""


def contrast(one: Colour, other: Colour) -> float:
    """The ratio of two colours' luminance, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def check_theme(theme: Theme) -> list[Diagnostic]:
    """Warnings for text that is too faint, in the paged sheets and in the web edition's."""
    beside = theme.templates.parent
    found = _check([_Sheet(Path(path)) for path in theme.sheets()], beside, dark=False)
    own = [folder / "web" / "style.css" for folder in theme.folders]
    web = next((path for path in own if path.is_file()), None)
    if web is not None:
        sheet = _Sheet(web)
        found += _check([sheet], beside, dark=False)
        found += _check([sheet], beside, dark=True) if sheet.dark else []
    return found


class _Sheet:
    """A style sheet read: its rules in order, its variables by day and by night."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rules: list[Rule] = []
        self.light: dict[str, str] = {}
        self.dark: dict[str, str] = {}
        self._read(tinycss2.parse_stylesheet(path.read_text(encoding="utf-8"), True, True))

    def _read(self, nodes: Iterable[tinycss2.ast.Node], condition: str = "") -> None:
        for node in nodes:
            if node.type == "qualified-rule":
                self._rule(node, condition)
            elif node.type == "at-rule" and node.lower_at_keyword in ("media", "supports"):
                inner = tinycss2.parse_rule_list(node.content or [], True, True)
                self._read(inner, tinycss2.serialize(node.prelude).lower())

    def _rule(self, node: tinycss2.ast.QualifiedRule, condition: str) -> None:
        selector = tinycss2.serialize(node.prelude).strip()
        said = {
            each.lower_name: tinycss2.serialize(each.value).strip()
            for each in tinycss2.parse_blocks_contents(node.content, True, True)
            if each.type == "declaration"
        }
        if ":root" in selector:
            variables = {name: value for name, value in said.items() if name.startswith("--")}
            # By the system's wish, or by the reader's: :root[data-appearance="dark"].
            is_dark = "dark" in condition or '"dark"' in selector
            (self.dark if is_dark else self.light).update(variables)
        if "print" in condition or "forced-colors" in condition:
            return
        ground = said.get("background-color") or said.get("background", "")
        if said.get("color") or ground:
            line = node.source_line
            self.rules.append(Rule(self.path, line, selector, said.get("color", ""), ground))


def _check(sheets: Sequence[_Sheet], beside: Path, *, dark: bool) -> list[Diagnostic]:
    """The findings of sheets that are used together."""
    variables: dict[str, str] = {}
    for sheet in sheets:
        variables |= sheet.light
    if dark:
        for sheet in sheets:
            variables |= sheet.dark
    rules = [rule for sheet in sheets for rule in sheet.rules]
    paper = _colour("var(--paper)", variables) or (1.0, 1.0, 1.0)
    grounds = {paper} | {g for rule in rules if (g := _colour(rule.ground, variables))}
    return [
        _finding(rule, beside, ratio, dark=dark)
        for rule, ratio in _faint(rules, variables, grounds)
    ]


def _faint(
    rules: Iterable[Rule], variables: Mapping[str, str], grounds: Iterable[Colour]
) -> Iterator[tuple[Rule, float]]:
    """The rules whose text is too faint, with the contrast that it has at best."""
    for rule in rules:
        text = _colour(rule.colour, variables)
        if text is None:
            continue
        ground = _colour(rule.ground, variables)
        ratio = max(contrast(text, each) for each in ([ground] if ground else grounds))
        if ratio < LEAST:
            yield rule, ratio


def _colour(value: str, variables: Mapping[str, str]) -> Colour | None:
    """A value's colour; None where it names none, or one that lets the ground through."""
    for _ in range(5):
        value = _VARIABLE.sub(lambda m: variables.get(m[1], m[2] or ""), value)
    parsed = tinycss2.color3.parse_color(value) if value else None
    if parsed is None or isinstance(parsed, str) or parsed.alpha < 1:
        return None
    return parsed.red, parsed.green, parsed.blue


def _finding(rule: Rule, beside: Path, ratio: float, *, dark: bool) -> Diagnostic:
    inside = rule.sheet.is_relative_to(beside)
    path = rule.sheet.relative_to(beside) if inside else rule.sheet
    mode = " in dark mode" if dark else ""
    other = "its ground" if rule.ground else "any ground of the theme"
    return warning(
        "contrast",
        path.as_posix(),
        rule.line,
        1,
        f"The text of `{rule.selector}` stands out from {other} by {ratio:.1f} : 1{mode} only.",
        f"Make the one darker or the other lighter, to {LEAST:.0f} : 1 at least.",
    )
