"""What CommonMark authors write, rewritten into what our converter reads the same way."""

from __future__ import annotations


def normalise(text: str) -> str:
    """The text in the converter's dialect of Markdown."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
