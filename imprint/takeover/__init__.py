"""An existing book taken over: read as its own tool reads it, written in our format.

``folders`` reads trees of Markdown (mdBook, Pandoc, Quarto, Bookdown, MyST, Jupyter Book, Sphinx),
``markdown`` rewrites their dialects, ``pages`` turns HTML into Markdown for ``epub`` and ``word``.
What cannot be carried over is told as diagnostics, at its place in the source.
"""

from __future__ import annotations

from pathlib import Path

from ..diagnostics import Diagnostic, error
from .taken import Taken


def take_over(source: Path) -> tuple[Taken | None, tuple[Diagnostic, ...]]:
    """The book that a folder, an EPUB or a DOCX holds, None if there is none."""
    # Each reader brings libraries that the others do without.
    if source.is_dir():
        from .folders import read_folder

        return read_folder(source)
    suffix = source.suffix.lower()
    if source.is_file() and suffix == ".epub":
        from .epub import read_epub

        return read_epub(source)
    if source.is_file() and suffix == ".docx":
        from .word import read_word

        return read_word(source)
    if source.is_file():
        message = f"`{source.name}` is of no kind that can be taken over."
        hint = "Name a folder of Markdown, an EPUB or a DOCX."
    else:
        message = f"There is no `{source}`."
        hint = "Name the folder or the file of a book."
    return None, (error("import-source", source.name, 0, 0, message, hint),)
