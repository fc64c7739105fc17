"""Folders that know nothing of us: their order, languages, titles and includes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from imprint.diagnostics import Diagnostic, Severity
from imprint.folder import natural
from imprint.includes import selected
from imprint.load import load
from imprint.model import Manuscript

MDBOOK = Path(__file__).parent / "manuscripts" / "mdbook"


def folder(root: Path, files: Mapping[str, str]) -> Path:
    """The folder with the files written; without content a file has its name as its heading."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content or f"# {name}\n")
    return root


def named(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "")


def outline(manuscript: Manuscript) -> list[tuple[int, str, str]]:
    """Level, part and file of each chapter."""
    return [(s.level, s.part, s.file) for s in manuscript.sources]


def order(root: Path) -> list[str]:
    """The files in reading order."""
    return [source.file for source in load(root)[0][0].sources]


def graver(found: tuple[Diagnostic, ...]) -> list[tuple[str, str, int, int]]:
    """Code and place of the errors and warnings."""
    return [(d.code, d.file, d.line, d.column) for d in found if d.severity > Severity.NOTE]


# --- mdBook --------------------------------------------------------------------------------------


def test_an_mdbook() -> None:
    manuscripts, found = load(MDBOOK)
    (book,) = manuscripts
    assert book.adopted
    assert book.publication.title == "The Tidewatch Book"
    assert [c.name for c in book.publication.creators] == ["Marit Holm", "Joaquín Abreu"]
    assert book.publication.lang == "en"
    assert outline(book) == [
        (1, "", "src/foreword.md"),
        (1, "", "src/ch00-00-audience.md"),
        (1, "First steps", "src/first-steps/README.md"),
        (2, "First steps", "src/first-steps/linux.md"),
        (2, "First steps", "src/first-steps/other systems.md"),
        (1, "First steps", "src/first-steps/reading.md"),
        (1, "Telling the future", "src/forecasts/index.md"),
        (2, "Telling the future", "src/forecasts/models/harmonic.md"),
        (3, "Telling the future", "src/forecasts/models/constituents.md"),
        (2, "Telling the future", "src/forecasts/failure.md"),
        (1, "Telling the future", "src/forecasts/alarms.md"),
        (1, "Reference", "src/reference/config.md"),
        (1, "", "src/appendix.md"),
        (1, "", "src/contributors.md"),
    ]
    assert [(d.code, d.file, d.line, d.column) for d in found] == [
        ("draft", "src/SUMMARY.md", 19, 13),
        ("chapter-unlisted", "src/SUMMARY.md", 0, 0),
        ("include", "src/reference/config.md", 21, 1),
    ]


def test_includes_of_an_mdbook() -> None:
    texts = {source.file: source.text for source in load(MDBOOK)[0][0].sources}
    reading = texts["src/first-steps/reading.md"]
    assert "fn main() -> io::Result<()> {" in reading
    assert "ANCHOR" not in reading
    assert "```rust,ignore\nuse std::io;\nuse std::time::Duration;\nuse tidewatch::" in reading
    assert "write `{{#include file.rs}}`" in reading
    assert "It is always the cable." in reading
    assert "{{#title" not in texts["src/first-steps/README.md"]
    assert 'name = "Harbour wall"' in texts["src/reference/config.md"]


def test_a_summary_with_faults(tmp_path: Path) -> None:
    summary = """\
# Summary

- [One](one.md)
  - [Two](tow.md)
    - [Three](three.md)
  - [Again](./one.md#place)
- [Draft]()
  - [Under a draft](four.md)
- [The web](https://example.org/)
- [Out](../../secret.md)
- [Picture](a.png)
* [Five \\[sic\\] *em*](<fi ve.md>)

[After](six.md)
"""
    root = folder(
        tmp_path / "book",
        {
            "SUMMARY.md": summary,
            "a.png": "x",
            "fi ve.md": "Only text.\n",
            **named("one.md", "two.md", "three.md", "four.md", "six.md", "seven.md"),
        },
    )
    manuscripts, found = load(root)
    assert outline(manuscripts[0]) == [
        (1, "", "one.md"),
        (2, "", "three.md"),
        (1, "", "four.md"),
        (1, "", "fi ve.md"),
        (1, "", "six.md"),
    ]
    assert manuscripts[0].sources[3].title == "Five [sic] em"
    assert graver(found) == [
        ("chapter-missing", "SUMMARY.md", 4, 11),
        ("chapter-twice", "SUMMARY.md", 6, 13),
        ("outside", "SUMMARY.md", 10, 9),
        ("left-out", "SUMMARY.md", 11, 13),
    ]
    assert "`two.md`" in next(d.hint for d in found if d.code == "chapter-missing")
    notes = [(d.code, d.line) for d in found if d.severity is Severity.NOTE]
    assert notes == [("draft", 7), ("left-out", 9), ("chapter-unlisted", 0)]


def test_gitbook_and_languages_each_with_a_summary(tmp_path: Path) -> None:
    summary = "# Summary\n\n## Part\n* [B](b.md)\n* [A](a.md)\n"
    root = folder(
        tmp_path,
        {
            **named("LANGS.md", "en/a.md", "en/b.md", "fr/a.md", "fr/b.md"),
            "en/SUMMARY.md": summary,
            "fr/SUMMARY.md": summary,
        },
    )
    manuscripts, _found = load(root)
    assert [outline(m) for m in manuscripts] == [
        [(1, "Part", f"{lang}/b.md"), (1, "Part", f"{lang}/a.md")] for lang in ("en", "fr")
    ]


def test_a_broken_book_toml_is_told_and_the_book_still_read(tmp_path: Path) -> None:
    root = folder(
        tmp_path,
        {
            "book.toml": "[book]\ntitle = 'x\n",
            "src/SUMMARY.md": "- [A](a.md)\n",
            **named("src/a.md"),
        },
    )
    manuscripts, found = load(root)
    assert [s.file for s in manuscripts[0].sources] == ["src/a.md"]
    assert graver(found) == [("toml", "book.toml", 2, 11)]


def test_another_source_folder(tmp_path: Path) -> None:
    files = {"book.toml": '[book]\nsrc = "./text"\n', "text/SUMMARY.md": "- [A](a.md)\n"}
    root = folder(tmp_path, {**files, **named("text/a.md", "src/b.md")})
    assert order(root) == ["text/a.md"]


# --- Jupyter Book --------------------------------------------------------------------------------


def test_a_jupyter_book(tmp_path: Path) -> None:
    toc = """\
format: jb-book
root: intro
parts:
  - caption: First
    chapters:
      - file: one
        sections:
          - file: sub/deep.md
          - url: https://example.org
      - glob: many/*
  - caption: Second
    chapters:
      - file: notebook
      - file: nowhere
"""
    root = folder(
        tmp_path,
        {
            "_toc.yml": toc,
            "_config.yml": "title: Tides\nauthor: Marit Holm\n",
            "notebook.ipynb": "{}",
            **named("intro.md", "one.md", "sub/deep.md", "many/10.md", "many/2.md"),
        },
    )
    manuscripts, found = load(root)
    assert manuscripts[0].publication.title == "Tides"
    assert [c.name for c in manuscripts[0].publication.creators] == ["Marit Holm"]
    assert outline(manuscripts[0]) == [
        (1, "", "intro.md"),
        (1, "First", "one.md"),
        (2, "First", "sub/deep.md"),
        (1, "First", "many/2.md"),
        (1, "First", "many/10.md"),
    ]
    assert graver(found) == [
        ("left-out", "_toc.yml", 13, 15),
        ("chapter-missing", "_toc.yml", 14, 15),
    ]


def test_a_jupyter_article_and_a_broken_toc(tmp_path: Path) -> None:
    toc = "format: jb-article\nroot: a\nsections:\n- file: c\n- file: b\n"
    root = folder(tmp_path, {"_toc.yml": toc, **named("a.md", "b.md", "c.md")})
    assert order(root) == ["a.md", "c.md", "b.md"]
    folder(tmp_path, {"_toc.yml": "format: jb-book\nroot: [a\n"})
    manuscripts, found = load(tmp_path)
    assert order(root) == ["a.md", "b.md", "c.md"]
    assert manuscripts
    assert graver(found) == [("yaml", "_toc.yml", 3, 1)]


# --- plain folders -------------------------------------------------------------------------------


def test_by_name_with_folders_nested_under_their_readme(tmp_path: Path) -> None:
    root = folder(
        tmp_path,
        named(
            "README.md",
            "10-last.md",
            "2-second.MD",
            "2-second-b.markdown",
            "3-folder/index.md",
            "3-folder/b.md",
            "3-folder/a.mkd",
            "3-folder/deep/README.md",
            "3-folder/deep/x.mdown",
            "4-part/y.md",
            "LICENSE.md",
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "CODE_OF_CONDUCT.md",
            "node_modules/z/README.md",
            ".github/ISSUE.md",
            "notes.txt",
        ),
    )
    manuscripts, found = load(root)
    assert outline(manuscripts[0]) == [
        (1, "", "README.md"),
        (1, "", "2-second.MD"),
        (1, "", "2-second-b.markdown"),
        (1, "", "3-folder/index.md"),
        (2, "", "3-folder/a.mkd"),
        (2, "", "3-folder/b.md"),
        (2, "", "3-folder/deep/README.md"),
        (3, "", "3-folder/deep/x.mdown"),
        (1, "Part", "4-part/y.md"),
        (1, "", "10-last.md"),
        (1, "", "CODE_OF_CONDUCT.md"),
    ]
    assert [(d.code, d.file) for d in found] == [
        ("left-out", "CHANGELOG.md"),
        ("left-out", "CONTRIBUTING.md"),
        ("left-out", "LICENSE.md"),
    ]
    assert not graver(found)


def test_a_licence_alone_is_a_chapter(tmp_path: Path) -> None:
    assert order(folder(tmp_path, named("LICENSE.md"))) == ["LICENSE.md"]


def test_all_in_one_folder_makes_no_part(tmp_path: Path) -> None:
    root = folder(tmp_path, named("content/posts/b.md", "content/posts/a.md"))
    (book,) = load(root)[0]
    assert outline(book) == [(1, "", "content/posts/a.md"), (1, "", "content/posts/b.md")]


def test_natural_order() -> None:
    names = ["10.md", "9b.md", "a/2.md", "a/10.md", "1.md", "a.md", "a-b.md", "9a.md", "1.2.md"]
    assert sorted(names, key=natural) == [
        "1.md",
        "1.2.md",
        "9a.md",
        "9b.md",
        "10.md",
        "a.md",
        "a/2.md",
        "a/10.md",
        "a-b.md",
    ]


@pytest.mark.parametrize(
    ("files", "title"),
    [
        ({"README.md": "Tides\n=====\n", "a.md": ""}, "Tides"),
        ({"README.md": "---\ntitle: Waves\n---\n# Tides\n", "a.md": ""}, "Waves"),
        ({"README.md": "## [The *Tide* book](x.md) ##\n", "a.md": ""}, "The Tide book"),
        ({"README.md": "# Tides\n"}, "Open source guide"),
        ({"a.md": "# Tides\n", "b.md": ""}, "Open source guide"),
        ({"README.md": "# Tides\n", "a.md": "", "myst.yml": "project:\n  title: Myst\n"}, "Myst"),
        ({"a.md": "", "_config.yml": "title: 2005\n"}, "2005"),
    ],
)
def test_the_title(tmp_path: Path, files: dict[str, str], title: str) -> None:
    (book,) = load(folder(tmp_path / "open-source-guide", files))[0]
    assert book.publication.title == title
    assert book.publication.slug


# --- languages -----------------------------------------------------------------------------------


def test_languages_by_folders(tmp_path: Path) -> None:
    root = folder(
        tmp_path / "open-source-guide",
        named("README.md", "en/a.md", "pt-BR/a.md", "pt-BR/b/c.md", "zh_Hans/a.md", "docs/d.md"),
    )
    manuscripts, found = load(root)
    assert [(m.publication.lang, len(m.sources)) for m in manuscripts] == [
        ("en", 1),
        ("pt-BR", 2),
        ("zh-Hans", 1),
    ]
    assert {m.publication.languages for m in manuscripts} == {("en", "pt-BR", "zh-Hans")}
    assert len({m.publication.identifier for m in manuscripts}) == 3
    assert {m.publication.title for m in manuscripts} == {"Open source guide"}
    assert [(d.code, d.file) for d in found] == [
        ("left-out", "docs/d.md"),
        ("left-out", "README.md"),
    ]
    only, found = load(root, languages=["pt_BR", "ja"])
    assert [m.publication.lang for m in only] == ["pt-BR"]
    assert ("language", ".", 0, 0) in graver(found)


@pytest.mark.parametrize(
    "files",
    [
        ("en/a.md", "fr/a.md"),
        ("content/en/a.md", "content/fr/a.md"),
        ("fr/a.md", "en/a.md", "R.md"),
    ],
)
def test_languages_are_found_one_below(tmp_path: Path, files: tuple[str, ...]) -> None:
    manuscripts, _found = load(folder(tmp_path, named(*files)))
    assert [m.publication.lang for m in manuscripts] == ["en", "fr"]


def test_a_topic_is_no_language(tmp_path: Path) -> None:
    root = folder(tmp_path, named("ts/a.md", "install/b.md", "c.md"))
    manuscripts, _found = load(root)
    assert [len(m.sources) for m in manuscripts] == [3]


@pytest.mark.parametrize(
    ("files", "lang"),
    [
        ({"a.md": "# A\n"}, "en"),
        ({"a.md": "---\nlang: uk\n---\n# A\n", "b.md": ""}, "uk"),
        ({"fr/a.md": "# A\n"}, "fr"),
        ({"a.md": "---\nlang: uk\n---\n", "_config.yml": "lang: de_at\n"}, "de-AT"),
    ],
)
def test_the_language_of_one(tmp_path: Path, files: dict[str, str], lang: str) -> None:
    (book,) = load(folder(tmp_path, files))[0]
    assert (book.publication.lang, book.publication.languages) == (lang, (lang,))


# --- the closed room -----------------------------------------------------------------------------


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    folder(tmp_path, {"secret.md": "# Secret\n", "far/x.md": "# Secret\n", "key.txt": "Secret"})
    root = folder(
        tmp_path / "book",
        {
            "SUMMARY.md": "- [A](a.md)\n- [B](b.md)\n",
            "a.md": "# A\n\n{{#include ../key.txt}}\n{{#include /etc/passwd}}\n{{#include k.txt}}\n",
        },
    )
    (root / "b.md").symlink_to(tmp_path / "secret.md")
    (root / "k.txt").symlink_to(tmp_path / "key.txt")
    (root / "far").symlink_to(tmp_path / "far")
    (root / "loop").symlink_to(root)
    manuscripts, found = load(root)
    texts = "".join(source.text for source in manuscripts[0].sources)
    assert "Secret" not in texts
    assert "root:" not in texts
    assert {(d.code, d.file, d.line) for d in found} == {
        ("outside", "far", 0),
        ("outside", "b.md", 0),
        ("include", "a.md", 3),
        ("include", "a.md", 4),
        ("include", "a.md", 5),
    }
    (root / "SUMMARY.md").unlink()
    assert order(root) == ["a.md"]


def test_includes_end(tmp_path: Path) -> None:
    root = folder(
        tmp_path,
        {
            "SUMMARY.md": "- [A](a.md)\n",
            "a.md": "# A\n\n{{#include b.txt}}\n",
            "b.txt": "x {{#include b.txt}} {{#include b.txt}}\n" + "y" * 100_000,
        },
    )
    manuscripts, found = load(root)
    assert len(manuscripts[0].sources[0].text) < 20_000_000
    assert {d.code for d in found} == {"include"}


@pytest.mark.parametrize(
    ("selection", "lines"),
    [
        ([], "1\n2\n3\n4"),
        ([""], "1\n2\n3\n4"),
        (["2"], "2"),
        (["2", ""], "2\n3\n4"),
        (["", "2"], "1\n2"),
        (["2", "3"], "2\n3"),
        (["9"], ""),
        (["there"], None),
    ],
)
def test_selected_lines(selection: list[str], lines: str | None) -> None:
    assert selected("1\n2\n3\n4\n", selection) == lines


def test_anchors() -> None:
    text = "0\n// ANCHOR: a\n1\n// ANCHOR: b\n2\n// ANCHOR_END: b\n3\n// ANCHOR_END: a\n4\n"
    assert selected(text, ["a"]) == "1\n2\n3"
    assert selected(text, ["b"]) == "2"
    assert selected(text, []) == "0\n1\n2\n3\n4"


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    folder(tmp_path, named("a.md"))
    (tmp_path / "b\udcff.md").write_text("# B\n")
    manuscripts, found = load(tmp_path)
    assert len(manuscripts[0].sources) == 1
    assert [(d.code, d.file) for d in found] == [("file-name", "b?.md")]
