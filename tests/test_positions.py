"""The places of keys and values in TOML."""

from __future__ import annotations

import datetime
import tomllib

import pytest
import tomlkit
from hypothesis import assume, given
from hypothesis import strategies as st

from imprint.positions import positions, syntax_fault

TEXT = '''\
# a comment with = and [brackets]
title = "A ] = # title"
"quoted \\"key\\"".'single' = 1
list = [ # comment, with a comma
  "one", # ]
  { file = "two.md", role = 'x', nested = { a = [1, 2] } },
  """
three""",
]
date = 2005-05-01 07:32:00
many = """"two" quotes at the end"""""

[isbn.en]
pdf = "978"

[[parts]]
title = "I"
[[parts]]
title = "II"
  [parts.more]
  deep = true
  [[parts.items]]
  x = 0.5
'''


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("title",), (2, 1), (2, 9)),
        (('quoted "key"', "single"), (3, 18), (3, 29)),
        (("list",), (4, 1), (4, 8)),
        (("list", 0), (5, 3), (5, 3)),
        (("list", 1, "role"), (6, 22), (6, 29)),
        (("list", 1, "nested", "a", 1), (6, 53), (6, 53)),
        (("list", 2), (7, 3), (7, 3)),
        (("date",), (10, 1), (10, 8)),
        (("many",), (11, 1), (11, 8)),
        (("isbn",), (13, 2), (13, 2)),
        (("isbn", "en"), (13, 7), (13, 7)),
        (("isbn", "en", "pdf"), (14, 1), (14, 7)),
        (("parts",), (16, 3), (16, 3)),
        (("parts", 0, "title"), (17, 1), (17, 9)),
        (("parts", 1), (18, 3), (18, 3)),
        (("parts", 1, "title"), (19, 1), (19, 9)),
        (("parts", 1, "more", "deep"), (21, 3), (21, 10)),
        (("parts", 1, "items", 0, "x"), (23, 3), (23, 7)),
    ],
)
def test_places(path: tuple, key: tuple[int, int], value: tuple[int, int]) -> None:
    tomllib.loads(TEXT)
    place = positions(TEXT)[path]
    assert (place.key, place.value) == (key, value)


def test_no_place_is_invented() -> None:
    """Every path found is a path of the data, and the other way round."""
    data = tomllib.loads(TEXT)

    def paths(value: object, at: tuple = ()):
        if at:
            yield at
        items = value.items() if isinstance(value, dict) else ()
        items = enumerate(value) if isinstance(value, list) else items
        for key, item in items:
            yield from paths(item, (*at, key))

    assert set(positions(TEXT)) == set(paths(data))


KEYS = st.text("abc._-\"' #=é\\[]", min_size=1, max_size=6)
SCALARS = (
    st.text(max_size=12)
    | st.integers(-(10**6), 10**6)
    | st.booleans()
    | st.dates(min_value=datetime.date(1, 1, 1))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_value_of_any_document_is_found_where_it_stands(data: dict) -> None:
    text = tomlkit.dumps(data)
    assume(tomllib.loads(text) == data)
    lines = text.split("\n")
    found = positions(text)

    def check(value: object, path: tuple) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                check(item, (*path, key))
        elif isinstance(value, list):
            for number, item in enumerate(value):
                check(item, (*path, number))
        else:
            line, column = found[path].value
            rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
            assert first_value(rest) == value

    check(data, ())


def first_value(text: str) -> object:
    """The TOML value that a text begins with."""
    for end in range(1, len(text) + 1):
        try:
            value = tomllib.loads(f"v = {text[:end]}")["v"]
        except tomllib.TOMLDecodeError:
            continue
        following = text[end : end + 1]
        if following in ("", ",", "]", "}", "\n", " "):
            return value
    raise AssertionError(f"no value at {text!r}")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("a = 1\nb =\n", 2, 4), ("a = 'x", 1, 7), ("a = 1\n\na = 2\n", 3, 6), ("[a\n", 1, 3)],
)
def test_syntax_faults_have_a_place(text: str, line: int, column: int) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    message, *place = syntax_fault(text, caught.value)
    assert place == [line, column]
    assert message
    assert "line" not in message
