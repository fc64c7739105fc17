"""A folder read: heads, characters, chapters listed and missing."""

from __future__ import annotations

import datetime
import os
import pickle
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ImageCms

from imprint.colours import default_profile
from imprint.diagnostics import Diagnostic, Severity
from imprint.heads import known_language, presentable, split_head
from imprint.load import load
from imprint.model import Paper, Source


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """The folder with the files written."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def publication(root: Path, chapters: Mapping[str, str | bytes], more: str = "") -> Path:
    """A publication in English whose chapters are the files."""
    listed = ", ".join(f'"{name}"' for name in chapters)
    toml = f'title = "Tides"\nlanguages = ["en"]\nchapters = [{listed}]\n{more}'
    files = {f"en/{name}": content for name, content in chapters.items()}
    return write(root, {"publication.toml": toml, **files})


def chapter(root: Path, content: str | bytes) -> tuple[Source, tuple[Diagnostic, ...]]:
    """The one chapter of a publication, and what is wrong."""
    manuscripts, found = load(publication(root, {"a.md": content}))
    return manuscripts[0].sources[0], found


def told(found: tuple[Diagnostic, ...]) -> list[tuple[str, str, int, int]]:
    """Code and place of each finding."""
    return [(d.code, d.file, d.line, d.column) for d in found]


# --- heads ---------------------------------------------------------------------------------------


def test_a_toml_head(tmp_path: Path) -> None:
    source, found = chapter(
        tmp_path,
        '+++\ntitle = "Origins of  it all"\nshort_title = "Origins"\nstandfirst = "How."\n'
        'role = "foreword"\nid = "origins"\nlang = "pt_br"\n+++\n\nText.\n',
    )
    assert found == ()
    assert source == Source(
        file="en/a.md",
        text="\nText.\n",
        line=9,
        role="foreword",
        title="Origins of it all",
        short_title="Origins",
        standfirst="How.",
        lang="pt-BR",
        head={"id": "origins"},
    )


def test_a_yaml_head_with_the_keys_of_other_tools(tmp_path: Path) -> None:
    text = (
        "---\nlang: fr\ntitle: 1984\ndate: 2005-05-01\ndescription: Court.\n"
        "related: [a, b]\nstandfirst:\n---\n# T\n"
    )
    manuscripts, found = load(write(tmp_path, {"a.md": text}))
    source = manuscripts[0].sources[0]
    assert found == ()
    assert (source.title, source.lang, source.standfirst, source.line) == (
        "1984",
        "fr",
        "Court.",
        9,
    )
    assert source.head["related"] == ["a", "b"]
    assert source.head["date"] == datetime.date(2005, 5, 1)


def test_a_long_description_is_no_standfirst(tmp_path: Path) -> None:
    text = f"---\ntitle: T\ndescription: {'word ' * 80}\n---\nText.\n"
    manuscripts, _found = load(write(tmp_path, {"a.md": text}))
    assert manuscripts[0].sources[0].standfirst == ""


@pytest.mark.parametrize(
    "text",
    [
        "---\n\nA thematic break, then text.\n",
        "---\nA paragraph.\n\n---\n\nAnother.\n",
        "---\n\n---\n\nTwo breaks.\n",
        "---\nNote: this is a paragraph and no head.\n\nMore.\n",
        "----\ntitle: x\n----\n",
        "***\ntitle: x\n",
        " ---\ntitle: x\n---\n",
        "Text\n---\ntitle: x\n---\n",
        "",
        "---",
        "+ + +\n",
    ],
)
def test_what_is_no_head_is_left_alone(text: str) -> None:
    head = split_head(text, "a.md")
    assert (head.rest, head.rest_line, head.values, head.diagnostics) == (text, 1, {}, ())


@pytest.mark.parametrize(
    ("text", "rest", "line"),
    [
        ("---\n---\nText", "Text", 3),
        ("---\n# only a comment\ntitle: x\n...\nText", "Text", 5),
        ("+++\n+++", "", 3),
        ("---  \ntitle: x\n---\t\nText", "Text", 4),
    ],
)
def test_where_the_text_begins(text: str, rest: str, line: int) -> None:
    head = split_head(text, "a.md")
    assert (head.rest, head.rest_line, head.diagnostics) == (rest, line, ())


HEAD_FAULTS = [
    ('+++\ntitle = "A\n+++\nText.\n', "head", 2, 11, "Text.\n"),
    ("+++\nrole = 'part'\ntitle == 3\n+++\nText.\n", "head", 3, 8, "Text.\n"),
    ("+++\ntitle = 'x'\n\nText.\n", "head", 1, 1, "\nText.\n"),
    ("---\ntitle: A: B\n---\nText.\n", "head", 2, 9, "Text.\n"),
    ("---\ntitle: x\nrole: [a\n---\nText.\n", "head", 3, 9, "Text.\n"),
    ("---\ntitle: x\n\nText.\n", "head", 1, 1, "\nText.\n"),
    ("---\ndate: 2005-13-45\n---\nText.\n", "head", 2, 1, "Text.\n"),
    ("---\ntitle: !!python/object:os.system x\n---\nText.\n", "head", 2, 8, "Text.\n"),
    ("---\ntitle: x\nid: *nowhere\n---\nText.\n", "head", 3, 5, "Text.\n"),
    ("+++\ntitle = 3\n+++\nText.\n", "head-type", 2, 1, "Text.\n"),
    ("---\nrole: chapter\ntitle: [a]\n---\nText.\n", "head-type", 3, 1, "Text.\n"),
    ("+++\n\n  titel = 'x'\n+++\nText.\n", "head-key", 3, 3, "Text.\n"),
    ("+++\nrole = 'forword'\n+++\nText.\n", "head-value", 2, 1, "Text.\n"),
    ("+++\nid = '1 2'\n+++\nText.\n", "head-value", 2, 1, "Text.\n"),
    ("+++\nlang = 'frenchish'\n+++\nText.\n", "head-value", 2, 1, "Text.\n"),
]


@pytest.mark.parametrize(("text", "code", "line", "column", "rest"), HEAD_FAULTS)
def test_a_faulty_head_is_told_and_its_text_used(
    tmp_path: Path, text: str, code: str, line: int, column: int, rest: str
) -> None:
    source, found = chapter(tmp_path, text)
    assert told(found) == [(code, "en/a.md", line, column)]
    assert source.text == rest
    assert source.line == text.count("\n") - rest.count("\n") + 1
    assert source.role == "chapter"


def test_hints_name_the_nearest_word(tmp_path: Path) -> None:
    _source, found = chapter(tmp_path, "+++\ntitel = 'x'\nrole = 'forword'\n+++\nText.\n")
    assert [d.hint for d in found] == ["Did you mean `title`?", "Did you mean `foreword`?"]


@pytest.mark.parametrize(
    "head",
    [
        "a: &a [x, x]\n"
        + "".join(f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}]\n" for a, b in pairwise("abcdefghijkl")),
        "a: &a [*a]\n",
        "a: " + "[" * 30_000 + "\n",
        "a: " + "x" * 70_000 + "\n",
    ],
    ids=["aliases", "holds-itself", "deep", "long"],
)
def test_hostile_heads_are_refused_quickly(tmp_path: Path, head: str) -> None:
    source, found = chapter(tmp_path, f"---\ntitle: x\n{head}---\nText.\n")
    assert [d.code for d in found] == ["head"]
    assert source.text == "Text.\n"
    assert source.head == {}


def test_sources_cross_processes(tmp_path: Path) -> None:
    """What a head holds must be plain: chapters go to other processes."""
    source, _found = chapter(tmp_path, "---\ntitle: x\na: 2005-05-01\nb: !!set {c}\n---\nText.\n")
    assert pickle.loads(pickle.dumps(source)) == source


# --- characters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "place", "text"),
    [
        (b"\xef\xbb\xbfText\r\nmore\r", None, "Text\nmore\n"),
        ("L'été\ndéjà".encode("latin-1"), (1, 3), "L'�t�\nd�j�"),
        ("Où vont\r\nles ch".encode() + b"\x80ts", (2, 7), "Où vont\nles ch�ts"),
        (b"\xef\xbb\xbfab\xff", (1, 3), "ab�"),
        (b"abc\xe2\x82", (1, 4), "abc�"),
        (b"a\xed\xa0\x80b", (1, 2), "a���b"),
        ("Été".encode("utf-16"), (1, 1), "Été"),
    ],
)
def test_decoding(tmp_path: Path, content: bytes, place: tuple[int, int] | None, text: str) -> None:
    source, found = chapter(tmp_path, content)
    assert source.text == text
    expected = [("encoding", "en/a.md", *place)] if place else []
    assert told(found) == expected
    assert all(d.severity is Severity.ERROR for d in found)


def test_characters_that_xml_forbids_are_taken_out(tmp_path: Path) -> None:
    source, found = chapter(tmp_path, "# T\n\nab\x00c\x0b\ud7ff\ufffe\t\x1b[0m\n")
    assert source.text == "# T\n\nabc\ud7ff\t[0m\n"
    assert told(found) == [("control-character", "en/a.md", 3, 3)]
    assert found[0].severity is Severity.WARNING
    assert found[0].message.startswith("4 control characters")


def test_an_escape_in_a_head_smuggles_nothing_in(tmp_path: Path) -> None:
    source, _found = chapter(tmp_path, '+++\ntitle = "A\\u0000\\uFFFFB"\n+++\nText.\n')
    assert source.title == "AB"


@pytest.mark.parametrize(
    ("text", "title"), [("", "A"), (" \n\t\n", "A"), ("+++\ntitle = 'Tides'\n+++\n\n", "Tides")]
)
def test_an_empty_chapter_is_told_and_kept(tmp_path: Path, text: str, title: str) -> None:
    source, found = chapter(tmp_path, text)
    assert told(found) == [("empty-chapter", "en/a.md", 1, 1)]
    assert found[0].severity is Severity.ERROR
    assert source.title == title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Tides\n", ""),
        ("Tides\n=====\n", ""),
        ("<h1>Tides</h1>\n", ""),
        ("\n## Tides\n", ""),
        ("Tides\n-----\n", ""),
        ("Text.\n\n# Tides\n", ""),
        ("Text.\n\n## A section\n", "A"),
        ("Text.\n\nA section\n---------\n", "A"),
        ("Only text.\n", "A"),
        ("```\n# a comment\n```\n", "A"),
        ("~~~~\n~~~\n# a comment\n~~~~\nText.\n", "A"),
        ("Text\n\n---\n", "A"),
    ],
)
def test_the_file_names_a_chapter_without_a_title(tmp_path: Path, text: str, title: str) -> None:
    assert chapter(tmp_path, text)[0].title == title


# --- the chapters of a publication ---------------------------------------------------------------


def test_chapters_parts_roles_and_levels(tmp_path: Path) -> None:
    toml = """\
title = { en = "Tides", fr = "Marées" }
languages = ["en", "fr"]
chapters = ["00.md"]
[[parts]]
title = { en = "One", fr = "Une" }
chapters = ["01.md", { file = "sub/02.md", role = "appendix", level = 2 }]
"""
    names = ("00.md", "01.md", "sub/02.md")
    files = {f"{lang}/{name}": f"# {name}\n" for lang in ("en", "fr") for name in names}
    manuscripts, found = load(write(tmp_path, {"publication.toml": toml, **files}))
    assert found == ()
    english, french = manuscripts
    assert [(s.file, s.part, s.role, s.level) for s in french.sources] == [
        ("fr/00.md", "", "chapter", 1),
        ("fr/01.md", "Une", "chapter", 1),
        ("fr/sub/02.md", "Une", "appendix", 2),
    ]
    assert (english.publication.title, french.publication.title) == ("Tides", "Marées")
    assert english.root == tmp_path.resolve()
    assert not english.adopted
    only, _found = load(tmp_path, languages=["fr"])
    assert [m.publication.lang for m in only] == ["fr"]
    none, found = load(tmp_path, languages=["de"])
    assert none == ()
    assert told(found) == [("language", ".", 0, 0)]


def test_missing_unlisted_doubled_and_foreign_chapters(tmp_path: Path) -> None:
    root = write(
        tmp_path / "book",
        {
            "publication.toml": 'title = "T"\nlanguages = ["en"]\nchapters = [\n  "01-orgins.md",\n'
            '  "a.md", "a.md",\n  "../../out.md", "data.csv",\n  { file = "nowhere.md" },\n]\n',
            "en/01-origins.md": "# O\n",
            "en/a.md": "# A\n",
            "en/data.csv": "a,b\n",
            "en/notes/left.md": "# L\n",
            "en/.hidden.md": "# H\n",
        },
    )
    write(tmp_path, {"out.md": "# Secret\n"})
    manuscripts, found = load(root)
    assert [s.file for s in manuscripts[0].sources] == ["en/a.md"]
    assert told(found) == [
        ("chapter-missing", "publication.toml", 4, 3),
        ("chapter-twice", "publication.toml", 5, 11),
        ("outside", "publication.toml", 6, 3),
        ("chapter-format", "publication.toml", 6, 19),
        ("chapter-missing", "publication.toml", 7, 12),
        ("chapter-unlisted", "en/01-origins.md", 0, 0),
        ("chapter-unlisted", "en/notes/left.md", 0, 0),
    ]
    assert found[0].hint == "Did you mean `01-origins.md`?"


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    write(tmp_path, {"secret.md": "# Secret\n", "outside/x.md": "# X\n"})
    root = publication(tmp_path / "book", {"a.md": "# A\n", "b.md": "# B\n"})
    (root / "en/a.md").unlink()
    (root / "en/a.md").symlink_to(tmp_path / "secret.md")
    manuscripts, found = load(root)
    assert [s.file for s in manuscripts[0].sources] == ["en/b.md"]
    assert [d.code for d in found] == ["outside"]
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "en").symlink_to(tmp_path / "outside")
    write(bare, {"publication.toml": 'title = "T"\nlanguages = ["en"]\n'})
    assert [d.code for d in load(bare)[1]] == ["outside"]


def test_a_language_without_folder(tmp_path: Path) -> None:
    root = publication(tmp_path, {"a.md": "# A\n"})
    toml = (root / "publication.toml").read_text().replace('["en"]', '["en",\n "fr"]')
    write(root, {"publication.toml": toml})
    manuscripts, found = load(root)
    assert [m.publication.lang for m in manuscripts] == ["en"]
    assert told(found) == [("language-folder", "publication.toml", 3, 2)]


def test_one_language_may_use_the_root(tmp_path: Path) -> None:
    toml = 'title = "T"\nlanguages = ["de"]\nchapters = ["a.md"]\n'
    files = {"publication.toml": toml, "a.md": "# A\n", "b.md": "# B\n", "README.md": "# R\n"}
    manuscripts, found = load(write(tmp_path, files))
    assert [s.file for s in manuscripts[0].sources] == ["a.md"]
    assert told(found) == [("chapter-unlisted", "b.md", 0, 0)]


def test_languages_and_chapters_may_be_left_to_the_folders(tmp_path: Path) -> None:
    files = {"publication.toml": 'title = "T"\n', "fr/10.md": "# X\n", "fr/2.md": "# II\n"}
    manuscripts, found = load(write(tmp_path, files))
    assert [s.file for s in manuscripts[0].sources] == ["fr/2.md", "fr/10.md"]
    assert manuscripts[0].publication.lang == "fr"
    assert told(found) == [("setting-missing", "publication.toml", 1, 1)]
    assert found[0].severity is Severity.WARNING


def test_faults_of_the_settings_leave_a_manuscript(tmp_path: Path) -> None:
    root = publication(tmp_path, {"a.md": "# A\n"}, more='trim = "A55"\n')
    manuscripts, found = load(root)
    assert told(found) == [("trim", "publication.toml", 4, 8)]
    assert len(manuscripts[0].sources) == 1


@pytest.mark.parametrize(
    ("content", "code"), [(b"title = ", "toml"), (b"title = 'x'\xff", "encoding"), (None, "unrea")]
)
def test_settings_that_cannot_be_read(tmp_path: Path, content: bytes | None, code: str) -> None:
    if content is None:
        (tmp_path / "publication.toml").mkdir()
    else:
        write(tmp_path, {"publication.toml": content})
    manuscripts, found = load(tmp_path)
    assert manuscripts == ()
    assert found[0].code.startswith(code)


PRINT = "\n[print]\nprofile = '{}'\npaper_gsm = 100\n"


def test_the_printing_profile_and_the_paper(tmp_path: Path) -> None:
    root = publication(tmp_path, {"a.md": "# A\n"}, PRINT.format("press.icc"))
    (root / "press.icc").write_bytes(default_profile().read_bytes())
    [manuscript], found = load(root)
    assert found == ()
    assert manuscript.publication.press_profile == "press.icc"
    assert manuscript.publication.paper == Paper(100, 1.2)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.icc", b"", "no such file"),
        ("../press.icc", b"", "leads out"),
        ("press.icc", b"no profile", "no ICC profile"),
        ("press.icc", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), "CMYK"),
    ],
)
def test_a_printing_profile_that_is_none(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    root = publication(tmp_path, {"a.md": "# A\n"}, PRINT.format(name))
    if content:
        (root / name).write_bytes(content)
    [manuscript], [found] = load(root)
    assert (found.code, found.column) == ("press-profile", 11)
    assert said in found.message
    assert manuscript.publication.press_profile == ""


def test_no_folder_and_no_chapters(tmp_path: Path) -> None:
    assert [d.code for d in load(tmp_path / "nowhere")[1]] == ["no-folder"]
    assert [d.code for d in load(tmp_path)[1]] == ["no-chapters"]
    write(tmp_path, {"publication.toml": 'title = "T"\nlanguages = ["en"]\n'})
    assert [d.code for d in load(tmp_path)[1]] == ["no-chapters"]


def test_pipes_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "endless.md")
    write(tmp_path, {"a.md": "# A\n"})
    assert [s.file for s in load(tmp_path)[0][0].sources] == ["a.md"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=80) | st.text("-+:=\n\"'[]{}&*!#? atile", max_size=80))
def test_no_chapter_whatever_raises(tmp_path: Path, content: str | bytes) -> None:
    for opening in ("", "---\n", "+++\n", "---\ntitle: x\n"):
        whole = opening.encode() + (content.encode() if isinstance(content, str) else content)
        source, _found = chapter(tmp_path, whole)
        assert not set(source.text + source.title) & set("\x00\x08\x1f\ufffe")


# --- words ---------------------------------------------------------------------------------------


def test_presentable_names() -> None:
    assert presentable("open-source-guide") == "Open source guide"
    assert presentable("01-getting_started") == "Getting started"
    assert presentable("2. Éléments") == "Éléments"
    assert presentable("2001") == "2001"
    assert presentable("---") == "---"


def test_language_codes() -> None:
    codes = ("en", "pt_br", "zh_Hans", "de-1996", "es-419", "grc")
    assert [known_language(c) for c in codes] == [
        "en",
        "pt-BR",
        "zh-Hans",
        "de-1996",
        "es-419",
        "grc",
    ]
    assert not any(
        map(known_language, ("", "xx", "en-XX", "english", "e", "../en", "en/", "my-guide"))
    )
