"""The linter: each rule fires on what it is about, where it stands, and on nothing near to it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from imprint.build import read
from imprint.contrast import check_theme, contrast
from imprint.diagnostics import Severity
from imprint.languages import other_language, script_of
from imprint.load import load
from imprint.theme import Theme

ROOT = Path(__file__).parent.parent
RULES = frozenset(
    "alt-missing alt-file-name alt-short alt-caption alt-redundant alt-repeated heading-gap "
    "link-text link-address link-ambiguous table-headers table-layout language-unmarked abbreviation "
    "contrast figure-text".split()
)
HEAD = "+++\ntitle = 'Tides'\n+++\n"


def told(folder: Path, text: str, lang: str = "en", **files: str) -> list[tuple[str, int, int]]:
    """The linter's findings in a book of one chapter (and others): code, line, column."""
    texts = {"a": text, **files}
    chapters = ", ".join(f'"{name}.md"' for name in texts)
    for name, content in texts.items():
        path = folder / lang / f"{name}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    (folder / "publication.toml").write_text(
        f'title = "Tides"\nlanguages = ["{lang}"]\nchapters = [{chapters}]\n', encoding="utf-8"
    )
    for name in ("one", "two", "IMG_2031"):
        Image.new("RGB", (40, 30), "navy").save(folder / lang / f"{name}.png")
    [manuscript], _ = load(folder)
    _, found = read(manuscript)
    assert all(d.severity is Severity.WARNING and d.hint for d in found)
    mine = [d for d in found if d.code in RULES]
    return sorted((d.code, d.line, d.column) for d in mine)


def codes(folder: Path, text: str, lang: str = "en", **files: str) -> list[str]:
    return [code for code, _, _ in told(folder, text, lang, **files)]


# --- pictures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alternative", "expected"),
    [
        ("A tide gauge with a float in a well", []),
        ("Mary Anning", []),
        ("tide-gauge.png", ["alt-file-name"]),
        ("IMG_2031", ["alt-file-name"]),
        ("Diagram", ["alt-short"]),
        ("Figure 3", ["alt-short"]),
        ("Image of a tide gauge", ["alt-redundant"]),
        ("Imagery of the coast from space", []),
        ("", ["alt-missing"]),
    ],
)
def test_text_alternatives(tmp_path: Path, alternative: str, expected: list[str]) -> None:
    assert codes(tmp_path, f"{HEAD}\n![{alternative}](one.png)\n") == expected


def test_an_alternative_is_told_where_its_picture_stands(tmp_path: Path) -> None:
    text = f"{HEAD}\nA word.\n\n![Diagram](one.png)\n"
    assert told(tmp_path, text) == [("alt-short", 7, 12)]


def test_an_alternative_that_repeats_the_caption(tmp_path: Path) -> None:
    picture = "![A float in a well](one.png)\n\nFigure: "
    assert codes(tmp_path, f"{HEAD}\n{picture}A float, in a well.\n") == ["alt-caption"]
    assert codes(tmp_path, f"{HEAD}\n{picture}The gauge at Brest, 1846.\n") == []


def test_the_same_alternative_for_two_pictures_in_a_row(tmp_path: Path) -> None:
    one, two = "![A float in a well](one.png)\n\n", "![A float in a well](two.png)\n\n"
    assert codes(tmp_path, f"{HEAD}\n{one}{two}") == ["alt-repeated"]
    assert codes(tmp_path, f"{HEAD}\n{one}{one}") == []


def test_decoration_needs_no_alternative(tmp_path: Path) -> None:
    assert codes(tmp_path, f"{HEAD}\n![Diagram](one.png){{role=presentation}}\n") == []


def test_a_redundant_beginning_in_the_language_of_the_text(tmp_path: Path) -> None:
    assert codes(tmp_path, f"{HEAD}\n![Image d'une marée haute](one.png)\n", "fr") == [
        "alt-redundant"
    ]


WORDS = (
    "alpha beta gamma delta epsilon zeta theta iota kappa lambda omicron upsilon omega rho".split()
)


def drawn(folder: Path, text: str) -> list[tuple[str, int, int]]:
    """What is told of a drawing with a dozen words and more in it."""
    lines = "".join(f'<text x="9" y="{n * 9}">{word}</text>' for n, word in enumerate(WORDS))
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 99 150">{lines}</svg>'
    (folder / "en").mkdir()
    (folder / "en" / "words.svg").write_text(svg, encoding="utf-8")
    return told(folder, f"{HEAD}\n![The letters of an alphabet](words.svg)\n{text}\n")


def test_a_drawing_full_of_words_that_stand_nowhere_else(tmp_path: Path) -> None:
    assert [(code, line) for code, line, _ in drawn(tmp_path, "")] == [("figure-text", 5)]


@pytest.mark.parametrize(
    "text",
    [" ".join(WORDS), "\n<details><summary>What it shows</summary>All of them.</details>"],
    ids=["in the text", "in a description"],
)
def test_words_of_a_drawing_that_are_told(tmp_path: Path, text: str) -> None:
    assert drawn(tmp_path, text) == []


# --- headings ------------------------------------------------------------------------------------


def test_a_heading_gap_is_told_although_the_editions_close_it(tmp_path: Path) -> None:
    text = "# Tides\n\n## Springs\n\nText.\n\n#### Neaps\n\nText.\n\n#### Eddies\n\n## Ebb\n"
    assert told(tmp_path, text) == [("heading-gap", 7, 6)]


def test_headings_without_gaps(tmp_path: Path) -> None:
    text = "# Tides\n\n## Springs\n\n### Neaps\n\n## Ebb\n\nFlow\n----\n\n### Eddies\n\n<h4>Bores</h4>\n"
    assert told(tmp_path, text) == []


def test_a_gap_below_a_title_from_the_head(tmp_path: Path) -> None:
    assert told(tmp_path, f"{HEAD}\n### Springs\n\nText.\n") == [("heading-gap", 5, 5)]


def test_a_number_sign_in_code_is_no_heading(tmp_path: Path) -> None:
    assert codes(tmp_path, f"{HEAD}\n## Springs\n\n```sh\n#### Springs\n```\n\n### Neaps\n") == []


# --- links ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "here"),
        ("en", "Click here."),
        ("fr", "cliquez ici"),
        ("de", "hier"),
        ("es", "aquí"),
        ("uk", "за посиланням"),
        ("ru", "здесь"),
    ],
)
def test_links_that_say_nothing(tmp_path: Path, lang: str, words: str) -> None:
    text = f"{HEAD}\n[{words}](https://tides.example/)\n"
    [(code, line, _)] = told(tmp_path, text, lang)
    assert (code, line) == ("link-text", 5)


def test_words_are_vague_only_in_their_own_language(tmp_path: Path) -> None:
    assert codes(tmp_path, f"{HEAD}\n[Hier](https://tides.example/hier)\n") == []


def test_a_long_address_as_words(tmp_path: Path) -> None:
    address = "https://tides.example/stations/brest/records/1846/january"
    assert codes(tmp_path, f"{HEAD}\nSee <{address}> for more.\n") == ["link-address"]
    assert codes(tmp_path, f"{HEAD}\nSee <https://tides.example/> for more.\n") == []
    assert codes(tmp_path, f"{HEAD}\nText.[^1]\n\n[^1]: Records, <{address}>.\n") == []
    bibliography = HEAD.replace("+++\n", "+++\nrole = 'bibliography'\n", 1)
    assert codes(tmp_path, f"{bibliography}\n- Records, <{address}>\n") == []


def test_the_same_words_for_two_targets(tmp_path: Path) -> None:
    links = "[the gauge](https://a.example/) and [the gauge]({})\n"
    assert codes(tmp_path, HEAD + links.format("https://b.example/")) == ["link-ambiguous"]
    assert codes(tmp_path, HEAD + links.format("http://www.a.example")) == []


def test_notes_and_cross_references_are_not_the_authors_words(tmp_path: Path) -> None:
    text = (
        f"{HEAD}\nOne[^a] and two.[^b] See [](#s).\n\n## Springs {{#s}}\n\n[^a]: A.\n\n[^b]: B.\n"
    )
    assert codes(tmp_path, text) == []


# --- tables --------------------------------------------------------------------------------------


def test_tables_without_header_cells(tmp_path: Path) -> None:
    rows = "<tr><td>Brest</td><td>7.1</td></tr><tr><td>Dover</td><td>6.0</td></tr>"
    headed = "<tr><th>Port</th><th>Metres</th></tr>"
    assert codes(tmp_path, f"{HEAD}\n<table>{rows}</table>\n") == ["table-headers"]
    assert codes(tmp_path, f"{HEAD}\n<table>{headed}{rows}</table>\n") == []
    assert codes(tmp_path, f"{HEAD}\n| Port | Metres |\n|---|---|\n| Brest | 7.1 |\n") == []


def test_a_table_that_only_places_pictures(tmp_path: Path) -> None:
    cells = '<td><img src="one.png" alt="A float"></td><td><img src="two.png" alt="A well"></td>'
    assert codes(tmp_path, f"{HEAD}\n<table><tr>{cells}</tr></table>\n") == ["table-layout"]


# --- language ------------------------------------------------------------------------------------

FRENCH = (
    "La marée est le mouvement de la mer qui monte et descend deux fois par jour, et dont la "
    "cause est dans l'attraction de la lune."
)
ENGLISH = "The sea rises and falls twice a day, and the moon is the cause of it for the most part. "


def test_a_paragraph_in_another_language(tmp_path: Path) -> None:
    assert told(tmp_path, f"{HEAD}\n{ENGLISH * 3}\n\n{FRENCH}\n") == [("language-unmarked", 7, 1)]


def test_a_paragraph_that_says_its_language(tmp_path: Path) -> None:
    assert codes(tmp_path, f"{HEAD}\n{ENGLISH * 3}\n\n{FRENCH}\n{{lang=fr}}\n") == []


def test_a_chapter_in_another_language_is_told_once(tmp_path: Path) -> None:
    text = "\n\n".join([FRENCH] * 4)
    assert told(tmp_path, f"{HEAD}\n{text}\n") == [("language-unmarked", 5, 1)]


def test_a_paragraph_in_another_script(tmp_path: Path) -> None:
    greek = "Η θάλασσα ανεβαίνει και κατεβαίνει."
    assert codes(tmp_path, f"{HEAD}\n{ENGLISH * 2}\n\n{greek}\n") == ["language-unmarked"]
    assert codes(tmp_path, f"{HEAD}\n{ENGLISH * 2} Called *παλίρροια* in Greek.\n") == []


def test_languages_are_told_apart_only_beyond_doubt() -> None:
    assert other_language(FRENCH, "en") == "fr"
    assert other_language(FRENCH, "fr") == ""
    assert other_language(ENGLISH, "de") == "en"
    assert other_language("Ostsee, Nordsee, Elbe, Weser", "en") == ""  # too short to tell
    assert other_language("Brest Calais Dunkerque Le Havre Nantes Lorient La Rochelle Royan "
                          "Bayonne Dieppe Roscoff", "en") == ""  # fmt: skip
    assert other_language(FRENCH, "ka") == ""  # of which nothing is known
    assert [script_of(tag) for tag in ("en", "uk", "sr-Latn", "ja", "el")] == [
        "Latn", "Cyrl", "Latn", "Jpan", "Grek",
    ]  # fmt: skip


# --- abbreviations -------------------------------------------------------------------------------


def test_an_abbreviation_that_nobody_explains(tmp_path: Path) -> None:
    text = f"{HEAD}\nThe tide at the\nPSMSL was high. The PSMSL said so.\n"
    assert told(tmp_path, text) == [("abbreviation", 6, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "The Service for Sea Level (PSMSL) is there. The PSMSL said so.",
        "The PSMSL (Permanent Service) is there. The PSMSL said so.",
        "PSMSL stands for a service. The PSMSL said so.",
        "The PSMSL is there. The PSMSL said so.\n\n*[PSMSL]: Permanent Service",
        "The PSMSL is there. The PSMSL said so.\n\nPSMSL\n:   Permanent Service",
        "The PSMSL is there, once.",
        "Louis XIV and Louis XIV again.",
        "Do NOT swim. Do NOT dive, do not wade.",
        "Write `PSMSL` or `PSMSL`.",
        "In UTF-8 and UTF-8.",
        "A PDF and a PDF.",
        "THE SEA IS HIGH AND THE SEA IS LOW.",
    ],
)
def test_what_needs_no_explanation(tmp_path: Path, text: str) -> None:
    assert codes(tmp_path, f"{HEAD}\n{text}\n") == []


def test_a_glossary_explains_for_the_whole_book(tmp_path: Path) -> None:
    text = f"{HEAD}\nThe PSMSL was right. The PSMSL said so.\n"
    glossary = "+++\ntitle = 'Glossary'\nrole = 'glossary'\n+++\n\nPSMSL\n:   Permanent Service\n"
    assert codes(tmp_path, text, glossary=glossary) == []


# --- the theme -----------------------------------------------------------------------------------


def themed(folder: Path, sheet: str, rule: str) -> list[tuple[str, str, int]]:
    """What the contrast of the default theme with one more rule is found fault with."""
    templates = folder / "templates"
    shutil.copytree(ROOT / "templates" / "default", templates / "default")
    path = templates / "default" / sheet
    lines = len(path.read_text(encoding="utf-8").splitlines())
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{rule}\n")
    found = check_theme(Theme(templates, "default"))
    assert all(d.line > lines for d in found)
    return [(d.code, d.file, d.message.count("dark mode")) for d in found]


def test_contrast_is_reckoned_as_wcag_does() -> None:
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    grey = 0x76 / 255
    assert contrast((grey,) * 3, (1, 1, 1)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", ["default", "plain"])
def test_the_themes_stand_out(theme: str) -> None:
    assert check_theme(Theme(ROOT / "templates", theme)) == []


def test_text_that_stands_out_nowhere(tmp_path: Path) -> None:
    found = themed(tmp_path, "css/type.css", ".faint { color: #888 }")
    assert found == [("contrast", "templates/default/css/type.css", 0)]


def test_text_too_near_to_its_own_ground(tmp_path: Path) -> None:
    found = themed(
        tmp_path, "css/type.css", ".faint { color: var(--ink); background: var(--navy) }"
    )
    assert found == [("contrast", "templates/default/css/type.css", 0)]


def test_text_that_is_too_faint_at_night_only(tmp_path: Path) -> None:
    rule = ".faint { color: #14213d; background: var(--paper) }"
    found = themed(tmp_path, "web/style.css", rule)
    assert found == [("contrast", "templates/default/web/style.css", 1)]


# --- whole books ---------------------------------------------------------------------------------


def test_the_default_publication_gives_no_warning() -> None:
    manuscripts, _ = load(ROOT / "source")
    for manuscript in manuscripts:
        assert [d for d in read(manuscript)[1] if d.code in RULES] == []


def test_a_strangers_book_gives_no_false_alarm() -> None:
    [manuscript], _ = load(ROOT / "tests" / "manuscripts" / "mdbook")
    found = [d.code for d in read(manuscript)[1] if d.code in RULES]
    assert set(found) <= {"alt-missing"}
