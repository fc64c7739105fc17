"""Books of other tools taken over: nothing lost that we have words for, the rest told."""

from __future__ import annotations

import base64
import io
import json
import shutil
import tomllib
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from imprint.build import read
from imprint.commands import main
from imprint.load import load
from imprint.takeover import take_over
from imprint.takeover.markdown import MYST, PANDOC, rewritten

MDBOOK = Path(__file__).parent / "manuscripts" / "mdbook"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


def folder(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def imported(source: Path, tmp_path: Path) -> tuple[Path, Result]:
    """The publication that the command makes of a book, and what it said."""
    made = tmp_path / "made"
    told = run("import", source, made)
    assert told.exit_code == 0, told.output
    return made, told


def settings_of(made: Path) -> dict[str, object]:
    return tomllib.loads((made / "publication.toml").read_text(encoding="utf-8"))


def outline(made: Path) -> list[tuple[int, str, str, str]]:
    """Level, part, role and file of each chapter, as our own reading finds them."""
    [manuscript] = load(made)[0]
    return [(s.level, s.part, s.role, s.file.partition("/")[2]) for s in manuscript.sources]


def counts(publication: Path) -> Counter[str]:
    """How much there is of everything in a publication, as read."""
    found: Counter[str] = Counter()
    for manuscript in load(publication)[0]:
        book, _problems = read(manuscript)
        found["chapters"] += len(book.chapters)
        for chapter in book.chapters:
            for element in chapter.body.iter("h2", "h3", "h4", "table", "pre", "li", "aside"):
                found[element.tag] += 1
            for element in chapter.body.iter("img"):
                found["picture"] += element.get("role") != "presentation"
            for element in chapter.body.iter("a"):
                found["note" if element.get("role") == "doc-noteref" else "link"] += 1
            for element in chapter.body.iter("span"):
                found["dead link"] += element.get("class") == "dead-link"
    return +found


def errors(made: Path) -> list[str]:
    """The codes of what stops a build."""
    told = json.loads(run("check", made, "--format", "json").stdout)
    return [d["code"] for d in told if d["severity"] == "error"]


# --- the command ---------------------------------------------------------------------------------


def test_it_says_what_comes_next_and_overwrites_nothing(tmp_path: Path) -> None:
    made, told = imported(MDBOOK, tmp_path)
    assert told.stdout.splitlines() == [
        f"Made “The Tidewatch Book” in {made}: 14 chapters, 2 pictures.",
        f"Next: imprint check {made}; then: imprint build {made}",
    ]
    before = sorted(made.rglob("*"))
    again = run("import", MDBOOK, made)
    assert again.exit_code == 1
    assert "is there already" in again.output
    assert sorted(made.rglob("*")) == before


def test_the_folder_is_named_by_the_title(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("import", MDBOOK).exit_code == 0
    assert (tmp_path / "the-tidewatch-book" / "publication.toml").is_file()


@pytest.mark.parametrize("name", ["nowhere", "a.odt", "broken.epub", "broken.docx", "empty"])
def test_what_is_no_book(tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    if name == "empty":
        source.mkdir()
    elif name != "nowhere":
        source.write_bytes(b"PK\x03\x04 not really")
    told = run("import", source, tmp_path / "made")
    assert told.exit_code == 1
    assert "Nothing was imported." in told.stdout
    assert not (tmp_path / "made").exists()


# --- mdBook --------------------------------------------------------------------------------------


def test_an_mdbook_keeps_all_that_it_has(tmp_path: Path) -> None:
    made, told = imported(MDBOOK, tmp_path)
    assert counts(made) == counts(MDBOOK)
    [theirs], [ours] = load(MDBOOK)[0], load(made)[0]
    assert [(s.level, s.part) for s in ours.sources] == [(s.level, s.part) for s in theirs.sources]
    assert [c.name for c in ours.publication.creators] == ["Marit Holm", "Joaquín Abreu"]
    assert "draft" in told.stderr


# --- Quarto, Bookdown, Pandoc --------------------------------------------------------------------

QUARTO = {
    "_quarto.yml": """
project: {type: book}
book:
  title: The Quarto book
  author: [Ana Lima, {name: Bo Ek}]
  chapters:
    - index.qmd
    - part: Beginnings
      chapters: [intro.qmd, deep/methods.qmd]
    - summary.qmd
  appendices: [more.qmd]
lang: en-GB
""",
    "index.qmd": "# Preface {.unnumbered}\n\nSee @sec-intro and [methods](deep/methods.qmd#sec-m).\n",
    "intro.qmd": """---
title: Introduction
---

## Start {#sec-intro}

![A *fine* boat](img/boat.png){#fig-boat fig-alt="A boat at sea" width=50%}

In @fig-boat and @tbl-x, by @knuth [@lamport, p. 3].^[Said $x^2$ once.]

| a | b |
|---|---|
| 1 | 2 |

: Numbers {#tbl-x}

::: {.callout-tip title="Mind"}
The **step**.
:::

```{python}
#| label: fig-plot
plot()
```
""",
    "deep/methods.qmd": "# Methods {#sec-m}\n\nH~2~O, [mot]{lang=fr}, ~~no~~ `@fig-boat`.\n",
    "summary.qmd": "# Summary\n\nEnd.\n",
    "more.qmd": "# More\n\nAnd more.\n",
    "img/boat.png": PNG,
    "img/unused.png": PNG,
}


def test_a_quarto_book(tmp_path: Path) -> None:
    made, told = imported(folder(tmp_path / "q", QUARTO), tmp_path)
    assert outline(made) == [
        (1, "", "chapter", "index.md"),
        (1, "Beginnings", "chapter", "intro.md"),
        (1, "Beginnings", "chapter", "deep/methods.md"),
        (1, "", "chapter", "summary.md"),
        (1, "", "appendix", "more.md"),
    ]
    made_settings = settings_of(made)
    assert made_settings["title"] == "The Quarto book"
    assert made_settings["languages"] == ["en-GB"]
    assert [c["name"] for c in made_settings["creators"]] == ["Ana Lima", "Bo Ek"]  # type: ignore[attr-defined]
    # A part is a page of its own, and the notes have a heading.
    assert counts(made) == {
        "chapters": 6, "h2": 2, "picture": 1, "table": 1, "note": 1, "aside": 1, "pre": 1, "link": 5,
        "li": 1,
    }  # fmt: skip
    text = (made / "en-GB/intro.md").read_text("utf-8")
    assert "![A boat at sea](img/boat.png){#fig-boat}\n\nFigure: A *fine* boat\n" in text
    assert "Table: Numbers {#tbl-x}" in text
    assert '!!! tip "Mind"\n    The **step**.' in text
    methods = (made / "en-GB/deep/methods.md").read_text("utf-8")
    assert 'H<sub>2</sub>O, <span lang="fr">mot</span>, ~~no~~ `@fig-boat`.' in methods
    assert not (made / "en-GB/img/unused.png").exists()
    for code in ("import-citation", "import-code", "import-formula"):
        assert "intro.qmd:" in told.stderr
        assert f"[{code}]" in told.stderr
    assert errors(made) == []


def test_a_bookdown_book(tmp_path: Path) -> None:
    source = folder(
        tmp_path / "b",
        {
            "_bookdown.yml": "book_filename: x\n",
            "index.Rmd": "---\ntitle: The R book\nauthor: Ida Roe\n---\n\n# Preface {-}\n\nHello.\n",
            "02-b.Rmd": "# Second\n\nSee Figure \\@ref(fig:sea).\n",
            "01-a.Rmd": '# First\n\n```{r sea, fig.cap="The sea", echo=FALSE}\n'
            'knitr::include_graphics("images/sea.png")\n```\n',
            "_draft.Rmd": "# Draft\n",
            "images/sea.png": PNG,
        },
    )
    made, _told = imported(source, tmp_path)
    assert [file for *_, file in outline(made)] == ["index.md", "01-a.md", "02-b.md"]
    assert settings_of(made)["title"] == "The R book"
    assert "![](images/sea.png){#fig:sea}" in (made / "en/01-a.md").read_text("utf-8")
    assert counts(made)["picture"] == 1
    assert counts(made)["link"] == 1
    assert counts(made)["dead link"] == 0
    assert errors(made) == []


def test_pandocs_words() -> None:
    text, found = rewritten(
        "::: {.columns}\n::: column\nOne.\n:::\n:::\n\n```{=latex}\n\\vfill\n```\n\n"
        "~~~ {.python .numberLines}\nx = '[@no]'\n~~~\n\n+---+---+\n| a | b |\n+---+---+\n",
        PANDOC,
        file="a.md",
    )
    assert "One." in text
    assert ":::" not in text
    assert "vfill" not in text
    assert "~~~python\nx = '[@no]'\n~~~" in text
    assert [(d.code, d.line) for d in found] == [("import-lost", 7), ("import-table", 15)]


# --- MyST, Jupyter Book, Sphinx ------------------------------------------------------------------

NOTEBOOK = {
    "metadata": {"kernelspec": {"language": "python"}},
    "cells": [
        {"cell_type": "markdown", "source": ["# The notebook\n", "\n", "Words.\n"]},
        {"cell_type": "code", "source": "print(1)", "outputs": [{"output_type": "stream"}]},
        {"cell_type": "code", "source": "hide()", "metadata": {"tags": ["hide-input"]}},
    ],
}
MYST_TEXT = """(start)=
# Start

See {ref}`start`, {numref}`fig-boat`, {doc}`sub/next`, {ref}`the label <deep>`, [](deep),
{abbr}`NATO (North Atlantic Treaty Organization)`, {cite:p}`knuth`, `` {ref}`code` ``.

```{figure} img/boat.png
---
name: fig-boat
alt: A boat at sea
---
A *fine* boat
```

:::{warning} Mind
The step.

```{tip}
Inside.
```
:::

```{list-table} Numbers
:header-rows: 1
:name: tbl-n

* - a
  - b
* - 1
  - 2
```

% a comment

```{toctree}
other
```

```{mermaid}
graph
```
"""


def test_a_jupyter_book(tmp_path: Path) -> None:
    source = folder(
        tmp_path / "j",
        {
            "_config.yml": "title: The Jupyter book\nauthor: Kai Um\n",
            "_toc.yml": "format: jb-book\nroot: start\nparts:\n- caption: One\n  chapters:\n"
            "  - file: sub/next\n    sections:\n    - file: nb\n",
            "start.md": MYST_TEXT,
            "sub/next.md": "# Next\n\n(deep)=\n## Deep\n\n[the notebook](../nb.ipynb)\n",
            "nb.ipynb": json.dumps(NOTEBOOK),
            "img/boat.png": PNG,
        },
    )
    made, told = imported(source, tmp_path)
    assert outline(made) == [
        (1, "", "chapter", "start.md"),
        (1, "One", "chapter", "sub/next.md"),
        (2, "One", "chapter", "nb.md"),
    ]
    text = (made / "en/start.md").read_text("utf-8")
    assert "# Start {#start}" in text
    assert "[](#start), [](#fig-boat), [](sub/next.md), [the label](#deep), [](#deep)" in text
    assert "![A boat at sea](img/boat.png){#fig-boat}\n\nFigure: A *fine* boat\n" in text
    assert '!!! warning "Mind"\n    The step.\n' in text
    assert "\n    !!! tip\n        Inside.\n" in text
    assert "| a | b |\n| --- | --- |\n| 1 | 2 |\n\nTable: Numbers {#tbl-n}" in text
    assert "`` {ref}`code` ``" in text
    assert "comment" not in text
    assert "toctree" not in text
    assert "print(1)" in (made / "en/nb.md").read_text("utf-8")
    assert "hide()" not in (made / "en/nb.md").read_text("utf-8")
    assert counts(made)["dead link"] == 0
    assert "nb.ipynb:1:1: warning [import-code]" in told.stderr
    assert "start.md:39:1: warning [import-lost] We have no `{mermaid}`" in told.stderr
    assert errors(made) == []


def test_a_myst_project(tmp_path: Path) -> None:
    source = folder(
        tmp_path / "m",
        {
            "myst.yml": "version: 1\nproject:\n  title: MyST\n  authors: [{name: Kai Um}]\n  toc:\n"
            "    - file: b.md\n    - title: Part\n      children: [{file: a.md}]\n",
            "a.md": "# A\n\nText.\n",
            "b.md": "# B\n\n$$\na_b\n$$\n",
        },
    )
    made, _told = imported(source, tmp_path)
    assert outline(made) == [(1, "", "chapter", "b.md"), (1, "Part", "chapter", "a.md")]
    assert "```tex\na_b\n```" in (made / "en/b.md").read_text("utf-8")
    assert settings_of(made)["title"] == "MyST"


def test_a_sphinx_tree(tmp_path: Path) -> None:
    source = folder(
        tmp_path / "s",
        {
            "docs/conf.py": "import os\nproject = 'The Sphinx'\nauthor = 'Leo'\nlanguage = 'de'\n"
            "raise SystemExit('never run')\n",
            "docs/index.md": "# Hello\n\n```{toctree}\n:caption: Guide\n\none\nTwo <dir/two>\n```\n",
            "docs/one.md": "# One\n\n{index}`Sea <single: sea; deep>` {kbd}`x` {py:func}`~a.b`\n",
            "docs/dir/two.md": "# Two\n\n```{glossary}\nTerm\n  What it means.\n```\n\n"
            "```{epigraph}\nWords.\n\n-- Somebody\n```\n",
            "docs/left-out.md": "# No\n",
        },
    )
    made, told = imported(source, tmp_path)
    assert outline(made) == [
        (1, "", "chapter", "index.md"),
        (1, "Guide", "chapter", "one.md"),
        (1, "Guide", "chapter", "dir/two.md"),
    ]
    assert settings_of(made)["title"] == "The Sphinx"
    assert settings_of(made)["languages"] == ["de"]
    assert "{index: sea; deep}" in (made / "de/one.md").read_text("utf-8")
    two = (made / "de/dir/two.md").read_text("utf-8")
    assert "Term\n\n:   What it means." in two
    assert '!!! quote "Somebody"\n    Words.' in two
    assert "left-out" in told.stderr


def test_code_is_left_alone() -> None:
    code = "````md\n```{note}\n{ref}`x` $y$\n```\n````\n"
    for dialect in (MYST, PANDOC):
        assert rewritten(code, dialect, file="a.md") == (code, ())


# --- EPUB ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_book_of_ours_comes_back_from_its_epub(tmp_path: Path, lang: str) -> None:
    assert run("new", tmp_path / "book", "--yes", "--author", "Ö", "--lang", lang).exit_code == 0
    source = tmp_path / "book" / "source"
    output = tmp_path / "output"
    built = run("build", source, "-e", "epub", "-j", "1", "-q", "-o", output)
    assert built.exit_code == 0, built.output
    made, _told = imported(output / f"book.{lang}.epub", tmp_path)
    ours, theirs = counts(made), counts(source)
    for kind in ("h2", "h3", "note", "aside", "picture", "table"):
        assert ours[kind] == theirs[kind], kind
    assert ours["dead link"] == 0
    [manuscript] = load(made)[0]
    assert manuscript.publication.lang == lang
    assert manuscript.publication.creators[0].name == "Ö"
    assert errors(made) == []


def epub_of(path: Path, pages: Mapping[str, str], extra: Mapping[str, bytes]) -> Path:
    """An EPUB as somebody else's program makes it."""
    items = "".join(
        f'<item id="i{n}" href="{name}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(pages)
    ) + "".join(
        f'<item id="x{n}" href="{name}" media-type="image/png"/>' for n, name in enumerate(extra)
    )
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(pages)))
    opf = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">x'
        "</dc:identifier><dc:title>Strange &amp; old</dc:title><dc:creator>Una Vey</dc:creator>"
        f"<dc:language>pt-BR</dc:language></metadata><manifest>{items}</manifest>"
        f"<spine>{spine}</spine></package>"
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
        '<rootfiles><rootfile full-path="O/c.opf" media-type="application/oebps-package+xml"/>'
        "</rootfiles></container>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("O/c.opf", opf)
        for name, body in pages.items():
            archive.writestr(
                f"O/{name}",
                '<html xmlns="http://www.w3.org/1999/xhtml" '
                'xmlns:epub="http://www.idpf.org/2007/ops"><head><title>t</title></head>'
                f"<body>{body}</body></html>",
            )
        for name, content in extra.items():
            archive.writestr(f"O/{name}", content)
    return path


def test_an_epub_of_another_program(tmp_path: Path) -> None:
    source = epub_of(
        tmp_path / "a.epub",
        {
            "cover.xhtml": '<img src="img/cover.png" alt="Cover"/>',
            "one.xhtml": '<h1><span class="n">1</span> First &amp; [odd]</h1>'
            '<p>Text<a id="r1" href="notes.xhtml#n1"><sup>1</sup></a> *star* '
            '<a href="two.xhtml#deep">deep</a>.</p>'
            '<figure id="f"><img src="img/a.png" alt="A thing"/>'
            "<figcaption>Figure 1. Said of it</figcaption></figure>"
            '<p><a href="#f">see</a></p>'
            "<table><caption>Nums</caption><tr><th>a</th><th>b|c</th></tr><tr><td>1</td><td>2</td>"
            '</tr></table><table><tr><td colspan="2">wide</td></tr><tr><td>1</td><td>2</td></tr>'
            '</table><aside class="box"><p class="box-title">Mind</p><p>The step.</p></aside>'
            '<pre><code class="language-python">x = [1]\n\n\ny</code></pre>',
            "two.xhtml": '<section id="deep"><h1>Second</h1><p>H<sub>2</sub>O '
            '<span lang="fr">mot</span> <img src="img/gone.png" alt="x"/></p></section>',
            "notes.xhtml": '<h2>Notes</h2><ol><li id="n1"><p>1. The note. '
            '<a href="one.xhtml#r1">↩</a></p></li></ol>',
        },
        {"img/cover.png": PNG, "img/a.png": PNG},
    )
    made, told = imported(source, tmp_path)
    files = [file for *_, file in outline(made)]
    assert files[:2] == ["01-first-odd.md", "02-second.md"]
    text = (made / "pt-BR" / files[0]).read_text("utf-8")
    assert text.startswith("# First & \\[odd\\]\n")
    assert "Text[^n1] \\*star\\* [deep](02-second.md#deep)." in text
    assert "[^n1]: The note." in text
    assert "![A thing](../figures/a.png){#f}\n\nFigure: Said of it\n" in text
    assert "| a | b\\|c |\n| --- | --- |\n| 1 | 2 |\n\nTable: Nums" in text
    assert '<td colspan="2">wide</td>' in text
    assert '!!! note "Mind"\n    The step.' in text
    assert "```python\nx = [1]\n\n\ny\n```" in text
    second = (made / "pt-BR" / files[1]).read_text("utf-8")
    assert second.startswith("# Second {#deep}")
    assert 'H<sub>2</sub>O <span lang="fr">mot</span>' in second
    assert "O/two.xhtml" in told.stderr or "two.xhtml: warning [import-lost]" in told.stderr
    assert settings_of(made)["title"] == "Strange & old"
    assert errors(made) == []
    assert counts(made)["dead link"] == 0


# --- Word ----------------------------------------------------------------------------------------

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
# Word declares all namespaces at the top, and pandoc looks for them there.
ROOT = (
    f'{W} xmlns:r="{R}" xmlns:wp="{DRAWING}/wordprocessingDrawing" xmlns:a="{DRAWING}/main" '
    f'xmlns:pic="{DRAWING}/picture"'
)


def paragraph(text: str, style: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    runs = text if text.startswith("<w:") else f"<w:r><w:t>{text}</w:t></w:r>"
    return f"<w:p>{properties}{runs}</w:p>"


PICTURE = (
    '<w:r><w:drawing><wp:inline><wp:docPr id="1" name="p" descr="A small square"/><a:graphic>'
    '<a:graphicData><pic:pic><pic:nvPicPr><pic:cNvPr id="1" name="p"/><pic:cNvPicPr/>'
    '</pic:nvPicPr><pic:blipFill><a:blip r:embed="rId1"/></pic:blipFill><pic:spPr/></pic:pic>'
    "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
)
TABLE = (
    '<w:tbl><w:tblGrid><w:gridCol w:w="4000"/><w:gridCol w:w="4000"/></w:tblGrid><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t>'
    "</w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p><w:r><w:t>1</w:t></w:r></w:p></w:tc><w:tc><w:p>"
    "<w:r><w:t>2</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
)
STYLES = [
    ("Title", "Title", ""),
    ("H1", "heading 1", '<w:pPr><w:outlineLvl w:val="0"/></w:pPr>'),
    ("House", "House Section", '<w:pPr><w:outlineLvl w:val="1"/></w:pPr>'),
    ("Caption", "caption", ""),
    ("Quote", "Quote", ""),
]


def docx(path: Path) -> Path:
    """A document as Word keeps it: title, chapters, a house style, picture, table, note, link."""
    body = "".join(
        [
            paragraph("The Word book", "Title"),
            paragraph("First", "H1"),
            paragraph(
                '<w:r><w:t>Text</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r>'
                '<w:r><w:t xml:space="preserve"> and </w:t></w:r>'
                '<w:hyperlink r:id="rId2"><w:r><w:t>a page</w:t></w:r></w:hyperlink>'
            ),
            paragraph("Below", "House"),
            paragraph(PICTURE),
            paragraph("Figure 1: The square", "Caption"),
            paragraph("Second", "H1"),
            TABLE,
            paragraph("Said.", "Quote"),
        ]
    )
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/>{more}</w:style>'
        for key, name, more in STYLES
    )
    footnotes = (
        f'<w:footnotes {W}><w:footnote w:id="2">{paragraph("The note.")}</w:footnote></w:footnotes>'
    )
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{kinds}/image" Target="media/a.png"/>'
        f'<Relationship Id="rId2" Type="{kinds}/hyperlink" Target="https://example.org/" '
        'TargetMode="External"/>'
        f'<Relationship Id="rId3" Type="{kinds}/footnotes" Target="footnotes.xml"/>'
        f'<Relationship Id="rId4" Type="{kinds}/styles" Target="styles.xml"/></Relationships>'
    )
    top = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{kinds}/officeDocument" Target="word/document.xml"/>'
        "</Relationships>"
    )
    main_type = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="png" ContentType="image/png"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main_type}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{main_type}.styles+xml"/>'
        f'<Override PartName="/word/footnotes.xml" ContentType="{main_type}.footnotes+xml"/></Types>'
    )
    core = (
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/'
        'core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>Ada B.; Cy D.'
        "</dc:creator><dc:language>en-US</dc:language></cp:coreProperties>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("_rels/.rels", top)
        archive.writestr("docProps/core.xml", core)
        archive.writestr(
            "word/document.xml", f"<w:document {ROOT}><w:body>{body}</w:body></w:document>"
        )
        archive.writestr("word/styles.xml", f"<w:styles {W}>{styles}</w:styles>")
        archive.writestr("word/footnotes.xml", footnotes)
        archive.writestr("word/_rels/document.xml.rels", relations)
        archive.writestr("word/media/a.png", PNG)
    return path


@pytest.mark.parametrize("reader", ["mammoth", "pandoc"])
def test_a_word_document(tmp_path: Path, reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if reader == "pandoc" and not shutil.which("pandoc"):
        pytest.skip("pandoc is not installed")
    # The other reader must not step in unseen.
    if reader == "mammoth":
        monkeypatch.setattr("imprint.takeover.word.shutil.which", lambda _name: None)
    else:
        monkeypatch.delattr("imprint.takeover.word._by_mammoth")
    made, _told = imported(docx(tmp_path / "a.docx"), tmp_path)
    assert [file for *_, file in outline(made)] == ["01-first.md", "02-second.md"]
    made_settings = settings_of(made)
    assert made_settings["title"] == "The Word book"
    assert made_settings["languages"] == ["en-US"]
    assert [c["name"] for c in made_settings["creators"]] == ["Ada B.", "Cy D."]  # type: ignore[attr-defined]
    first = (made / "en-US/01-first.md").read_text("utf-8")
    assert first.startswith("# First")
    assert "Text[^n1] and [a page](https://example.org/)" in first
    assert "[^n1]: The note." in first
    assert "## Below" in first
    assert "![A small square](../figures/" in first
    assert "Figure: The square" in first
    second = (made / "en-US/02-second.md").read_text("utf-8")
    assert "| 1 | 2 |" in second
    assert "> Said." in second
    assert errors(made) == []


# --- strangers -----------------------------------------------------------------------------------


def test_nothing_outside_the_source_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    (tmp_path / "secret.md").write_text("# Secret\n", encoding="utf-8")
    source = folder(
        tmp_path / "s",
        {
            "SUMMARY.md": "- [A](a.md)\n- [S](../secret.md)\n",
            "a.md": "# A\n\n![s](../secret.png)\n",
        },
    )
    (source / "secret.png").symlink_to(tmp_path / "secret.png")
    taken, found = take_over(source)
    assert taken is not None
    assert [chapter.file for chapter in taken.chapters] == ["a.md"]
    assert taken.pictures == {}
    assert "outside" in {d.code for d in found}


def test_an_epub_that_unpacks_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imprint.takeover.epub._MOST_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "a.epub", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", io.BytesIO(b"0" * 5000).read())
    taken, [found] = take_over(tmp_path / "a.epub")
    assert taken is None
    assert found.code == "import-source"


def test_a_part_that_is_a_file_keeps_what_it_says(tmp_path: Path) -> None:
    book = tmp_path / "book"
    book.mkdir()
    (book / "_quarto.yml").write_text(
        "project: {type: book}\nbook:\n  title: Gauges\n  chapters:\n    - index.qmd\n"
        "    - part: begin.qmd\n      chapters: [intro.qmd]\n"
        "    - part: end.qmd\n      chapters: [last.qmd]\n"
    )
    (book / "index.qmd").write_text("# Preface\n\nWords.\n")
    (book / "begin.qmd").write_text("# Beginnings {.unnumbered}\n\nWhat this part is about.\n")
    (book / "intro.qmd").write_text("# Introduction\n\nWords.\n")
    (book / "end.qmd").write_text("# Endings\n")
    (book / "last.qmd").write_text("# Last\n\nWords.\n")
    made = tmp_path / "made"
    told = CliRunner().invoke(main, ["import", str(book), str(made)])
    assert told.exit_code == 0, told.output
    settings = tomllib.loads((made / "publication.toml").read_text(encoding="utf-8"))
    assert settings["parts"] == [
        {"title": "Beginnings", "chapters": ["begin.md", "intro.md"]},
        {"title": "Endings", "chapters": ["last.md"]},
    ]
    text = (made / "en" / "begin.md").read_text(encoding="utf-8")
    assert "What this part is about." in text
