"""Trees as no author should write them, for editions that must be valid whatever comes."""

from __future__ import annotations

import copy

from hypothesis import strategies as st
from lxml import etree

_TAGS = (
    "p p p div span em strong a a ul ol li dl dt dd table thead tbody tfoot tr td th caption colgroup "
    "col h1 h2 h3 h6 img figure figcaption blockquote pre code br hr details summary ruby rt rp input "
    "iframe video audio source object embed script style center font big section article aside header "
    "footer main nav address svg math mfrac mi g path form button select option label textarea q cite "
    "abbr time data dfn bdo bdi ins del sub sup mark wbr map area picture unknown noscript template "
    "title link meta hgroup dialog menu legend fieldset progress output acronym tt strike u s small"
).split(" ")
_VALUES = {
    "id": ["a", "b c", "1x", "é", "", "x:y"],
    "class": ["x", "  ", "wide"],
    "title": ["t", ""],
    "href": ["#a", "#c1", "#nowhere", "http://x.org/a b?q=[1]|{}^", "https://", "javascript:x",
             "rel/path.html", "mailto:a@b.c", "http://[bad", "http://ex ample.org", "//x.org/",
             "http://münchen.de/ü%zz", "ftp://x.org", "http://x.org:99999/", "tel:+1 2"],
    "src": ["figures/map.svg", "photo.png", "nope.png", "http://x.org/i.png"],
    "alt": ["A", ""],
    "width": ["50%", "40"],
    "align": ["center", "x"],
    "style": ["color:red", "text-align:right"],
    "border": ["0"],
    "onclick": ["x()"],
    "role": ["doc-noteref", "doc-endnotes", "button", "presentation", "doc-footnote"],
    "aria-label": ["L"],
    "aria-hidden": ["true"],
    "lang": ["fr", "xx-yy", "not a lang"],
    "dir": ["rtl", "up"],
    "colspan": ["2", "0", "x"],
    "scope": ["col", "x"],
    "headers": ["q"],
    "start": ["3", "x"],
    "type": ["checkbox", "A", "x"],
    "value": ["2", "x"],
    "datetime": ["2020-01-01", "x"],
    "name": ["n"],
    "span": ["2"],
    "open": ["", "open"],
    "tabindex": ["1"],
    "contenteditable": ["true"],
}  # fmt: skip
_TEXTS = ["word ", "", "  ", "one two", "é", "\n", "<&>", "日本語", "soft\u00adhyphen"]
_ATTRIBUTES = st.dictionaries(st.sampled_from(sorted(_VALUES)), st.integers(0, 20), max_size=3)


def _element(
    tag: str, attributes: dict[str, int], text: str, parts: list[tuple[etree._Element, str]]
) -> etree._Element:
    chosen = {name: _VALUES[name][n % len(_VALUES[name])] for name, n in attributes.items()}
    element = etree.Element(tag, chosen)
    element.text = text
    for part, tail in parts:
        child = copy.deepcopy(part)
        child.tail = tail
        element.append(child)
    return element


def _tree(inner: st.SearchStrategy[etree._Element]) -> st.SearchStrategy[etree._Element]:
    parts = st.lists(st.tuples(inner, st.sampled_from(_TEXTS)), max_size=4)
    return st.builds(_element, st.sampled_from(_TAGS), _ATTRIBUTES, st.sampled_from(_TEXTS), parts)


_leaves = st.builds(
    _element, st.sampled_from(_TAGS), _ATTRIBUTES, st.sampled_from(_TEXTS), st.just([])
)
trees = st.recursive(_leaves, _tree, max_leaves=14)
