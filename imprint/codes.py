"""Every code that a diagnostic may carry, and the rule behind it in one sentence.

The codes are stable: publications name them in ``[diagnostics]`` and in comments, and other
programs in what they keep of our reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

_MANUSCRIPT = {
    # The folder and its settings
    "no-folder": "The folder to be read is there.",
    "no-chapters": "There is Markdown to be read.",
    "outside": "Nothing outside the publication's folder is read.",
    "unreadable": "Files may be read.",
    "too-large": "Files are of a size that a publication can use.",
    "encoding": "Files are in UTF-8.",
    "file-name": "File names are in UTF-8.",
    "control-character": "Texts hold no control characters.",
    "toml": "`publication.toml` and other settings are well-formed TOML.",
    "yaml": "Lists of chapters in YAML are well-formed.",
    "setting-missing": "The settings that a publication needs are there.",
    "setting-unknown": "Every setting is a known one.",
    "setting-type": "Every setting has the kind of value that it needs.",
    "setting-twice": "Nothing stands twice in a list of the settings.",
    "setting-language": "Texts by language are there for the publication's languages and no others.",
    "language": "The language asked for is one of the publication's.",
    "language-code": "Languages are given by codes such as `en` or `pt-BR`.",
    "language-folder": "Every language has a folder of its name.",
    "edition": "Editions are `pdf`, `print`, `epub` or `web`.",
    "front": "The parts in front are ones that can be made.",
    "back": "The parts at the back are ones that can be made.",
    "role": "The role of a chapter is one that readers' programs know.",
    "level": "Chapters nest six deep at most.",
    "relator": "The role of a creator is a MARC relator code.",
    "isbn": "ISBNs have thirteen digits, the last of them right, and each edition has its own.",
    "email": "Mail addresses look like `name@example.org`.",
    "url": "Web addresses begin with `https://`.",
    "slug": "The name of the files is one that every system can carry.",
    "theme": "The theme is a folder in `templates/`.",
    "trim": "The trim size is one that a page can have.",
    "press-profile": "The printing profile is an ICC profile for CMYK in the publication's folder.",
    "paper": "The paper is one that books are printed on.",
    "diagnostic": "The codes in `[diagnostics]` are known ones.",
    # The chapters as files
    "chapter-missing": "Every chapter that is listed is there.",
    "chapter-twice": "No chapter is listed twice.",
    "chapter-unlisted": "Every Markdown file in the folder is listed as a chapter.",
    "chapter-format": "Chapters are Markdown.",
    "left-out": "What lies in the folder is part of the publication.",
    "draft": "Chapters that are listed are written.",
    "include": "What a chapter includes is there.",
    "head": "The head of a chapter is well-formed and closed.",
    "head-key": "The head of a chapter has no unknown keys.",
    "head-type": "What the head of a chapter says is text.",
    "head-value": "What the head of a chapter says is one of what it may be.",
    "empty-chapter": "Chapters have text.",
    # The text
    "empty-heading": "Headings have words.",
    "heading-gap": "Headings follow one another without a level left out.",
    "duplicate-id": "An id names one place only.",
    "unknown-element": "Raw HTML uses elements that there are.",
    "html-refused": "Raw HTML holds no scripts, forms or styles.",
    "caption-alone": "A caption stands beside its figure or table.",
    "note-missing": "Every mark of a note has its note.",
    "note-unused": "Every note has its mark in the text.",
    "abbreviation": "Abbreviations are explained.",
    "language-unmarked": "Passages in another language are marked with it.",
    "spelling": "Words are in the dictionary of their language.",
    "spelling-dictionary": "There is a dictionary for each language.",
    # Translations
    "translation-stale": "A translation is as old as its original, paragraph by paragraph.",
    "translation-missing": "A translation has every paragraph of its original.",
    "translation-alone": "A translation has no paragraph that its original lacks.",
    "translation-record": "The record of what was translated is well-formed.",
    # Links
    "link-target": "Links inside the book lead somewhere.",
    "link-place": "Links to a place in a chapter name one that is there.",
    "link-text": "The words of a link say where it leads.",
    "link-address": "Links have words instead of their address.",
    "link-ambiguous": "The same words lead to the same place.",
    "link-dead": "Pages of the World Wide Web that are linked to are there.",
    "link-moved": "Links to the World Wide Web give the present address.",
    "link-private": "Links lead to where readers can follow.",
    "link-unchecked": "Pages of the World Wide Web that are linked to answer.",
    # Pictures and figures
    "image-missing": "Pictures are in the publication's folder.",
    "image-broken": "Pictures can be opened.",
    "image-remote": "Pictures are in the publication's folder and not on another host.",
    "image-fetch": "Pictures on hosts that may be asked can be fetched.",
    "image-foreign": "Drawings hold nothing that readers' programs refuse.",
    "image-inline": "Pictures stand in files, not in the text.",
    "image-resolution": "Pictures have the resolution that print needs.",
    "alt-missing": "Pictures have a text alternative.",
    "alt-file-name": "A text alternative is no file name.",
    "alt-short": "A text alternative tells what the picture shows.",
    "alt-caption": "A text alternative tells other things than the caption.",
    "alt-redundant": "A text alternative does not say that it is of a picture.",
    "alt-repeated": "Pictures in a row have text alternatives of their own.",
    "figure-syntax": "Figures drawn from data are well-formed.",
    "figure-words": "The words of a figure are well-formed.",
    "figure-word": "The words of a figure are there in each language.",
    "figure-data": "The data of a figure are in the publication's folder.",
    "figure-drawing": "Figures can be drawn from their data.",
    "figure-foreign": "Figures hold no scripts, pictures or foreign objects.",
    "figure-text": "What the words in a drawing say is said in the text as well.",
    "figure-opacity": "Figures use no transparency.",
    "figure-table": "The table of a figure can be made.",
    # Tables
    "table-cells": "The rows of a table have no more cells than its head.",
    "table-columns": "A table's head has as many columns as the line under it.",
    "table-headers": "Tables have header cells.",
    "table-limit": "Tables have no more cells than programs can set.",
    "table-layout": "Tables hold data.",
    # What is imported
    "import-source": "What is to be imported is there, and of a known kind.",
    "import-lost": "All that the source says can be said in our format.",
    "import-head": "The heads of imported files say what our heads say.",
    "import-formula": "Formulas are carried over as what they show.",
    "import-citation": "Citations are carried over as references.",
    "import-code": "What code made is carried over.",
    "import-table": "Tables are carried over.",
    "import-picture": "Pictures are carried over.",
    # The pages
    "contrast": "The colours of the theme can be told apart.",
    "glyph-missing": "The theme's faces have every character.",
    "folios-unsettled": "Page numbers that are cited come to rest.",
    "line-overfull": "Lines end within their column.",
    "table-overfull": "Tables are no wider than the page's text.",
    "orphan": "No first line of a paragraph stands alone at a page's foot.",
    "widow": "No last line of a paragraph stands alone at a page's head.",
    "heading-at-foot": "Headings have text under them on their page.",
    "hyphens-stacked": "No more than three lines on end are hyphenated.",
    "hyphen-at-foot": "No word is broken by the turn of a page.",
    "line-loose": "Word spaces are not stretched beyond three times their width.",
    "page-white": "Pages within a chapter are not left empty by a third.",
    "chapter-end-short": "A chapter's last page has more than two lines.",
    "figure-far": "Figures and tables stand within two pages of their mention.",
    "worker-lost": "Every chapter can be laid out.",
    "output-write": "The output can be written.",
    # What was published
    "verify-manifest": "The manifest is there and is the one that was published.",
    "verify-missing": "Every file of the manifest is there.",
    "verify-changed": "Every file is as it was when it was published.",
    "verify-unknown": "Nothing lies in the output that no build put there.",
    "verify-interrupted": "No build was stopped while it published.",
}


@cache
def rules() -> Mapping[str, str]:
    """The rule behind each code, those of the press at the end."""
    # Few commands look at finished PDFs, and what that takes is slow to load.
    from .preflight import RULES

    return {**_MANUSCRIPT, **RULES}
