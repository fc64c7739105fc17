"""Which fonts the layout may use: the theme's own, then the system's for what these lack."""

from __future__ import annotations

import os
from pathlib import Path
from xml.sax.saxutils import escape

# Colour fonts are pictures of letters to a PDF: neither searchable nor printable in black.
_TEMPLATE = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <dir>/usr/share/fonts</dir>
  <dir>/usr/local/share/fonts</dir>
  <dir prefix="xdg">fonts</dir>
  <selectfont><rejectfont>
    <pattern><patelt name="color"><bool>true</bool></patelt></pattern>
    <pattern><patelt name="scalable"><bool>false</bool></patelt></pattern>
  </rejectfont></selectfont>
  <alias><family>serif</family><prefer><family>Source Serif 4</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>Source Sans 3</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>Source Code Pro</family></prefer></alias>
  <alias><family>emoji</family><prefer><family>Noto Emoji</family></prefer></alias>
  <cachedir>{cache}</cachedir>
</fontconfig>
"""


def use_theme_fonts(fonts: Path, folder: Path) -> None:
    """Make fontconfig in this process and its children look for fonts in these places alone."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "fonts.conf"
    text = _TEMPLATE.format(
        fonts=escape(str(fonts.resolve())), cache=escape(str(folder / "fontconfig"))
    )
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        # Whole or not at all: other builds may be reading it.
        beside = folder / f"fonts.conf.{os.getpid()}"
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
    os.environ["FONTCONFIG_FILE"] = str(file)
