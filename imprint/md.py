"""The Markdown converter in the one configuration that every chapter is read with."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from pymdownx.emoji import to_alt, twemoji

from imprint.words import quotes


def converter(lang: str) -> Markdown:
    """A converter from normalised Markdown (see ``dialect``) to HTML, with the language's quotes.

    It keeps footnotes, references and abbreviations between calls: use one a chapter.
    """
    return Markdown(
        extensions=[
            "markdown.extensions.tables",
            "markdown.extensions.footnotes",
            "markdown.extensions.def_list",
            "markdown.extensions.abbr",
            "markdown.extensions.attr_list",
            "markdown.extensions.md_in_html",
            "markdown.extensions.admonition",
            "markdown.extensions.smarty",
            "pymdownx.superfences",
            "pymdownx.highlight",
            "pymdownx.betterem",
            "pymdownx.caret",
            "pymdownx.tilde",
            "pymdownx.mark",
            "pymdownx.tasklist",
            "pymdownx.magiclink",
            "pymdownx.saneheaders",
            "pymdownx.emoji",
            _Imprint(),
        ],
        extension_configs={
            "markdown.extensions.smarty": {"substitutions": _quotation_marks(lang)},
            "pymdownx.highlight": {
                "css_class": "code",
                "guess_lang": False,
                "linenums": None,
                "pygments_lang_class": True,
            },
            "pymdownx.caret": {"superscript": False},
            "pymdownx.tilde": {"subscript": False},
            "pymdownx.emoji": {"emoji_index": twemoji, "emoji_generator": to_alt},
        },
        output_format="html",
        lazy_ol=False,
    )


def _quotation_marks(lang: str) -> dict[str, str]:
    """The language's marks under the names that smarty knows them by."""
    opening, closing, inner_opening, inner_closing = quotes(lang)
    return {
        "left-double-quote": opening,
        "right-double-quote": closing,
        "left-single-quote": inner_opening,
        "right-single-quote": inner_closing,
    }


class _Imprint(Extension):
    """What no extension offers: terms of the index."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - the name that Markdown calls
        """Register the processors."""
        # After code (190) and escapes (180), before emphasis could split the term.
        md.inlinePatterns.register(_IndexTerm(r"\{index:\s*([^{}]+?)\s*\}", md), "index_term", 175)


class _IndexTerm(InlineProcessor):
    """``{index: Term; sub-term}`` as an empty span that carries the term."""

    def handleMatch(  # type: ignore[override]  # noqa: N802 - the name that Markdown calls
        self, m: re.Match[str], data: str
    ) -> tuple[ElementTree.Element, int, int]:
        """The span, and where the text that it stands for begins and ends."""
        span = ElementTree.Element("span", {"class": "index-term", "data-term": m.group(1)})
        return span, m.start(0), m.end(0)
