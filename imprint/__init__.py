"""Imprint: one folder of Markdown becomes a PDF, a print PDF, an EPUB and a web edition."""

__version__ = "0.1.0"
