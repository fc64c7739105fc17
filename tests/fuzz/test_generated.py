"""Generated manuscripts: never a traceback, a hang, or a tree that is no XML.

A few hundred by default; IMPRINT_LONG=1 tries twenty thousand.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import patient
from tests.fuzz.reading import SETTINGS, read_files

generated = patient(few=60, many=4_000)


def _of(pieces: str, most: int = 25) -> st.SearchStrategy[str]:
    """Texts of these pieces, with any others between."""
    known = st.sampled_from(
        [piece.replace("␤", "\n").replace("␣", " ") for piece in pieces.split()]
    )
    return st.lists(known | known | known | st.text(max_size=6), max_size=most).map("".join)


markdown = _of(
    "# ## ###### * ** _ ~~ == ^^ ` ``` ~~~ > - + 1. [ ] ( ) ![ ]( {#a} {.b} {index:␣x;y} [^1] [^1]: "
    '␤ ␤␤ ␤␤␤ ␣ ␣␣␣␣ ␤␤␣␣␣␣ | --- |---| :--: ␤|a|b|␤|-|-|␤|c|d|␤ !!!␣brief ␤!!!␣quote␣"A"␤␣␣␣␣ '
    "Figure:␣ Table:␣ ␤:␣␣␣ - <div> </div> <p> <table> <tr> <td> <td␣colspan=3> </table> <b> </i> "
    "<svg> <g> <math> <mi> <!-- --> <?x <![CDATA[ <a␣href='#x'> <img␣src='a.svg'␣alt> <br/> <x-y> "
    "&amp; &#0; &nosuch; \\ \\* http://a.b/c <mailto:a@b.c> [](#a) [x](b.md#c) *[A]:␣b {:␣lang=fr} "
    "$x$ [ref] ␤[ref]:␣u word Ünïcödé 日本 \u202e \u00ad \ufeff \u2028 {{#include␣x}} ===␤ ---␤"
)
toml_head = _of(
    'title = "x" \'y\' """ \'\'\' [ ] [[ ]] { } , . ␤ lang = "fr" role id standfirst true 1 1e9 '
    "1979-05-27 nan # \\u0000 \\uD800 a.b.c short_title -inf 0x1f ␣"
)
yaml_head = _of(
    "title: ␣ x - [ ] { } , & * &a *a ! !!python/name:os | > ␤ ␤␣␣ ' \" # % @ ? : --- ... <<: true "
    "null 1_000 2020-01-01 lang: role: id: !!binary ~ 0o7 .nan"
)
svg_parts = _of(
    "<g> </g> <rect␣width='9'/> <path␣d='M0,0'/> <use␣href='#a'/> <g␣id='a'> <text> </text> <style> "
    "</style> <image␣href='x.png'/> <a␣href='u'> </a> <svg> </svg> <x:y/> &amp; &x; <![CDATA[ ]]> "
    "<script> </script> url(#a) width='9999999999999' viewBox='0␣0␣1e99␣1' fill='url(x)' <!--x--> x"
)
css = _of(
    "a { } ; : @import @media @font-face url( ) 'x' \" /* */ \\ !important color red #fff 1px 100% "
    "--x var(--x) attr(y) content expression( </style> <!-- calc( :: ␤ ␣ *"
)


def _read(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        read_files(Path(folder) / "book", {"publication.toml": SETTINGS, **files})


@given(markdown)
@generated
def test_markdown(text: str) -> None:
    _read({"en/01.md": text, "en/02.md": f"# Two\n\n{text}"})


@given(toml_head, yaml_head, markdown)
@generated
def test_heads(toml: str, yaml: str, text: str) -> None:
    _read({"en/01.md": f"+++\n{toml}\n+++\n\n{text}", "en/02.md": f"---\n{yaml}\n---\n\n{text}"})


@given(toml_head, st.booleans())
@generated
def test_settings(toml: str, after: bool) -> None:
    whole = f"{SETTINGS}\n{toml}\n" if after else toml
    _read({"publication.toml": whole, "en/01.md": "# One\n\nText.\n"})


@given(css)
@generated
def test_css(text: str) -> None:
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg"><style>{text}</style><g style="{text}"/></svg>'
    )
    chapter = f'# One\n\n<style>{text}</style>\n\n<p style="{text}">x</p>\n\n![P](p.svg)\n'
    _read({"en/01.md": chapter, "en/p.svg": drawing})


@given(svg_parts)
@generated
def test_svg(text: str) -> None:
    whole = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{text}</svg>'
    _read({"en/01.md": f"# One\n\n![P](p.svg)\n\nx {whole} y\n", "en/p.svg": whole})
