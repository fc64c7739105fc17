"""Three hundred malformed inputs, the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.hostile import png
from tests.fuzz.reading import SETTINGS, read_files

_MARKDOWN = """+++
title = "A title"
standfirst = "A line"
+++

Text with *emphasis*, `code`, a note,[^1] {index: term; under} and [a link](#part){#x .y}.

## A part {#part}

> A quotation
>
> — Somebody

| a | b |
|---|--:|
| 1 | 2 |

Table: Numbers. {#tbl-n}

!!! brief "In brief"
    Words in a box.

![A picture](p.svg){#fig-p .wide credit="C"}

Figure: A caption.

<div class="x" markdown="1"><table><tr><td>cell</td></tr></table></div>

```python
def f(): return 1
```

Term
:   Definition

*[NATO]: North Atlantic Treaty Organization

[^1]: The note.
"""
_YAML = _MARKDOWN.replace(
    '+++\ntitle = "A title"\nstandfirst = "A line"\n+++', "---\ntitle: A\n---"
)
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 90"><defs><g id="a"><path d="M0,0h9"/>'
    '</g></defs><use href="#a"/><text x="1" y="2">Words</text><style>path{fill:red}</style></svg>'
)
_CHART = (
    '{"data": {"url": "d.csv"}, "mark": "bar", "encoding": {"x": {"field": "a", "type": "nominal"}, '
    '"y": {"field": "b", "type": "quantitative"}}, "title": "{{title}}"}'
)
_TOML = SETTINGS + '[[creators]]\nname = "A"\n[publisher]\nname = "P"\n[isbn.en]\npdf = ""\n'
_SUMMARY = "# Summary\n\n- [One](one.md)\n  - [Two](two.md)\n- [Web](https://example.org)\n"
_TOC = "format: jb-book\nroot: one\nchapters:\n- file: two\n  title: T\n- glob: '*'\n"
_PICTURE = {"publication.toml": SETTINGS, "en/01.md": "# One\n\n![P](p.svg)\n\n![C](c.vl.json)\n"}

# What is malformed of each kind of file: its name in the folder, and the files beside it.
_KINDS: dict[str, tuple[str, dict[str, str], str]] = {
    "markdown": ("en/01.md", {"publication.toml": SETTINGS, "en/p.svg": _SVG}, _MARKDOWN),
    "yaml-head": ("en/01.md", {"publication.toml": SETTINGS}, _YAML),
    "toml": ("publication.toml", {"en/01.md": "# One\n\nText.\n"}, _TOML),
    "svg": ("en/p.svg", _PICTURE, _SVG),
    "chart": ("en/c.vl.json", {**_PICTURE, "en/d.csv": "a,b\nx,1\n"}, _CHART),
    "words": ("en/c.en.toml", {**_PICTURE, "en/c.vl.json": _CHART}, 'title = "T"\n[a]\nb = 1\n'),
    "csv": ("en/d.csv", {**_PICTURE, "en/c.vl.json": _CHART}, 'a,b\nx,1\n"y",2\n'),
    "summary": ("SUMMARY.md", {"one.md": "# One\n", "two.md": "# Two\n"}, _SUMMARY),
    "toc": ("_toc.yml", {"one.md": "# One\n", "two.md": "# Two\n"}, _TOC),
    "png": ("en/p.png", {"publication.toml": SETTINGS, "en/01.md": "# One\n\n![P](p.png)\n"}, ""),
}


def _truncated(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def _flipped(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randrange(1, 9)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _swapped(content: bytes, chance: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines)


def _without(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content))
    return content[:start] + content[start + chance.randrange(1, 40) :]


def _doubled(content: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    return content[:end] + content[start:end] * chance.randrange(1, 30) + content[end:]


_ODD = (b"\0", b"\xff\xfe", b"\r", b"\x1b[31m", b"\xed\xa0\x80", b"\xe2\x80\xae", b"&#0;", b"]]>",
        b"<!--", b"-->", b"<![CDATA[", b"{{#include ../x}}", b"\xef\xbb\xbf", b"%00", b"<?x", b"*" * 500,
        b"[" * 500, b">" * 300, b"<div>" * 300, b"`" * 99, b"|" * 300, b"\t" * 200, b"[^1]" * 60,
        b"&lt;" * 50, b"'\"" * 90, b"{" * 200, b"#" * 90, b"\xf0\x9f\x92\xa3", b"1e999", b"-" * 400)  # fmt: skip


def _with_oddities(content: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(content) + 1)
        content = content[:at] + chance.choice(_ODD) + content[at:]
    return content


def _recoded(content: bytes, chance: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(chance.choice(("utf-16", "utf-16-be", "utf-32", "cp1252")), "replace")


_CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _truncated,
    _flipped,
    _swapped,
    _without,
    _doubled,
    _with_oddities,
    _recoded,
)


def _cases() -> Iterator[tuple[str, int]]:
    for kind in _KINDS:
        for number in range(30):
            yield kind, number


def test_there_are_three_hundred() -> None:
    assert len(list(_cases())) == 300


@pytest.mark.parametrize(("kind", "number"), list(_cases()))
def test_malformed_input_is_no_fault_of_the_program(kind: str, number: int, tmp_path: Path) -> None:
    name, beside, text = _KINDS[kind]
    content = png(9, 9) if kind == "png" else text.encode()
    chance = random.Random(f"{kind} {number}")
    change = _CHANGES[number % len(_CHANGES)]
    read_files(tmp_path / "book", {**beside, name: change(content, chance)})


@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 20_000,
        "> " * 5_000 + "x",
        "- " * 3_000 + "x",
        "*a " * 20_000,
        "[" * 20_000,
        "![" * 10_000,
        "`" * 30_001,
        "<b><i>" * 5_000,
        "&" * 50_000,
        "\n".join(f"{'  ' * n}- x" for n in range(400)),
        "<span>" * 3_000 + "x" + "</span>" * 3_000,
        "<table><tr><td>" * 1_500,
        "".join(f"[^{n}]" for n in range(2_000)) + "\n\n[^1]: x",
        "!!! note\n" + "    !!! note\n" * 500,
        "| a " * 5_000 + "\n" + "|---" * 5_000 + "\n",
        "<svg>" + "<g>" * 10_000,
        "<math>" + "<mrow>" * 10_000,
        "a_" * 20_000,
        "http://" * 8_000,
        "\\" * 50_000,
    ],
    ids=lambda text: text[:12].strip(),
)
def test_deep_and_long_text_is_read(text: str, tmp_path: Path) -> None:
    files = {"publication.toml": SETTINGS, "en/01.md": f"# One\n\nWords.\n\n{text}\n"}
    read_files(tmp_path / "book", files)
