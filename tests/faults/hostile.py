"""Manuscripts as an attacker would write them: what each tries, and what must be said of it.

In texts ``{up}`` is a path out of the publication, ``{abs}`` an absolute one, both to the folder
of the secrets; ``{port}`` is where the test listens, to hear whoever calls.
"""

from __future__ import annotations

import base64
import gzip
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SECRET = "Zaphod-Quux-Secret"
SECRET_SVG = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><title>{SECRET}</title>'
    f'<text y="5">{SECRET}</text></svg>'
)


@dataclass(frozen=True)
class Link:
    """A symbolic link to be made."""

    to: str


Content = str | bytes | Link


@dataclass(frozen=True)
class Attack:
    """A manuscript's one chapter, its other files, and a diagnostic that must come of it."""

    name: str
    text: str
    code: str
    files: Mapping[str, Content] = field(default_factory=dict)
    toml: str = ""


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG that says to be so large, whatever rows it has."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(rows or bytes((width + 1) * min(height, 2)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def _svg(inside: str, before: str = "") -> str:
    return (
        f'{before}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 90" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink"><rect width="9" height="9"/>{inside}</svg>'
    )


def _picture(name: str, svg: str, code: str = "image-foreign") -> Attack:
    return Attack(name, "![A picture](p.svg)", code, {"en/p.svg": svg})


def _figure(name: str, specification: str, code: str = "figure-data", **files: Content) -> Attack:
    return Attack(
        name,
        "![A chart](c.vl.json)",
        code,
        {"en/c.vl.json": specification, **{f"en/{k}": v for k, v in files.items()}},
    )


def _chart(data: str, more: str = "") -> str:
    return (
        '{"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "data": ' + data + ", "
        '"mark": "bar", "encoding": {"x": {"field": "a"}, "y": {"field": "b"}}' + more + "}"
    )


_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha ha ha ha ha ha ha ha">'
    + "".join(
        "<!ENTITY " + n + ' "' + f"&{p};" * 10 + '">'
        for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
_TEN = {n: f"<use href='#u{n - 1}'/>" * 10 for n in range(1, 9)}
_USES = "<defs><g id='u0'><rect width='1' height='1'/></g>" + "".join(
    f"<g id='u{n}'>{ten}</g>" for n, ten in _TEN.items()
)
_BIG_PNG = base64.b64encode(png(60_000, 60_000)).decode()


def _image(name: str, address: str, code: str = "outside", **files: Content) -> Attack:
    return Attack(name, f"![A picture](<{address}>)", code, files)


ATTACKS: tuple[Attack, ...] = (
    # --- pictures named by Markdown ---
    _image("image-up", "../{up}/secret.svg"),
    _image("image-far-up", "../../../../../../../../../../../../{abs}/secret.svg"),
    _image("image-absolute", "{abs}/secret.svg", "image-missing"),
    _image("image-file-url", "file://{abs}/secret.svg", "image-remote"),
    _image("image-file-colon", "file:{abs}/secret.svg"),
    _image("image-file-localhost", "FILE://localhost{abs}/secret.svg", "image-remote"),
    _image("image-percent", "%2e%2e/%2e%2e/{up}/secret.svg"),
    _image("image-percent-slash", "..%2f{up}%2fsecret.svg"),
    _image("image-percent-twice", "%252e%252e%252f{up}%252fsecret.svg", "image-missing"),
    _image("image-backslash", "..\\\\{up}\\\\secret.svg"),
    _image("image-percent-backslash", "..%5c{up}%5csecret.svg"),
    _image("image-unc", "\\\\\\\\127.0.0.1\\\\share\\\\p.png"),
    _image("image-unc-slashes", "//127.0.0.1:{port}/p.png", "image-remote"),
    _image("image-drive", "C:\\\\Windows\\\\win.ini"),
    _image("image-drive-slash", "c:/Windows/win.ini"),
    _image("image-nul", "p.svg%00.png", "image-missing"),
    _image("image-http", "http://127.0.0.1:{port}/p.png", "image-remote"),
    _image("image-odd-scheme", "gopher://127.0.0.1:{port}/p.png", "image-remote"),
    _image("image-broken-host", "http://[bad/p.png", "image-remote"),
    _image("image-one-letter-scheme", "x://[bad/p.png"),
    _image("image-proc", "/proc/self/environ", "image-missing"),
    _image("image-device", "../../../../../../../../../../dev/zero"),
    _image("image-overlong", "a/" * 3000 + "p.png", "image-missing"),
    _image("image-tilde", "~/secret.svg", "image-missing"),
    _image("image-variable", "$HOME/secret.svg", "image-missing"),
    Attack("image-data", f"![Data](data:image/png;base64,{_BIG_PNG[:400]})", "image-inline"),
    # --- links in the file system ---
    _image("symlink-file", "p.svg", **{"en/p.svg": Link("{abs}/secret.svg")}),
    _image("symlink-relative", "p.svg", **{"en/p.svg": Link("../../{up}/secret.svg")}),
    _image("symlink-folder", "f/secret.svg", **{"en/f": Link("{abs}")}),
    _image("symlink-loop", "p.svg", **{"en/p.svg": Link("p.svg")}),
    _image("symlink-proc", "p.svg", **{"en/p.svg": Link("/proc/self/environ")}),
    _image("symlink-device", "p.png", **{"en/p.png": Link("/dev/zero")}),
    Attack("symlink-chapter", "Text.", "outside", {"en/02.md": Link("{abs}/secret.md")}),
    Attack("symlink-folder-of-chapters", "Text.", "outside", {"en/more": Link("{abs}")}),
    # --- pictures named by HTML ---
    Attack("html-img", '<img src="../{up}/secret.svg" alt="x">', "outside"),
    Attack("html-img-file", '<img src="file:{abs}/secret.svg" alt="x">', "outside"),
    Attack("html-picture", '<picture><source srcset="http://127.0.0.1:{port}/a.png">'
           '<img src="../{up}/secret.svg" alt="x"></picture>', "outside"),
    Attack("html-link", '<link rel="stylesheet" href="http://127.0.0.1:{port}/a.css">\n\nText.',
           "html-refused"),
    Attack("html-style-import", '<style>@import "file://{abs}/secret.css";</style>\n\nText.',
           "html-refused"),
    Attack("html-style-face", "<style>@font-face{font-family:x;src:url(file://{abs}/secret.css)}"
           "</style>\n\nText.", "html-refused"),
    Attack("html-style-attribute",
           '<p style="background:url(http://127.0.0.1:{port}/a.png)">Text.</p>', "html-refused"),
    Attack("html-base", '<base href="http://127.0.0.1:{port}/">\n\nText.', "html-refused"),
    Attack("html-object", '<object data="file://{abs}/secret.md">Old</object>', "link-target"),
    Attack("html-iframe", '<iframe src="file://{abs}/secret.md"></iframe>', "link-target"),
    Attack("html-embed", '<embed src="../{up}/secret.md">', "link-target"),
    Attack("html-attachment", '<a href="file://{abs}/secret.md" rel="attachment">Take</a>',
           "link-target"),
    Attack("html-onclick", '<p onclick="fetch(1)">Text.</p>', "html-refused"),
    Attack("html-onerror", '<img src="nothing.png" alt="x" onerror="alert(1)">', "html-refused"),
    Attack("html-meta", '<meta http-equiv="refresh" content="0;url=http://127.0.0.1:{port}/">\n\n'
           "<a href=\"javascript:alert(1)\">Run</a>", "link-target"),
    Attack("markdown-javascript", "[Run](javascript:alert\\(1\\))", "link-target"),
    Attack("markdown-data-link", "[Run](data:text/html;base64,PHNjcmlwdD4=)", "link-target"),
    Attack("markdown-link-file", "[Take](file://{abs}/secret.md)", "link-target"),
    Attack("markdown-link-up", "[Take](../{up}/secret.md)", "link-target"),
    # --- drawings in the text ---
    Attack("inline-svg-image", _svg('<image href="file://{abs}/secret.svg"/>'), "html-refused"),
    Attack("inline-svg-use", _svg('<use href="http://127.0.0.1:{port}/a.svg#x"/>'), "html-refused"),
    Attack("inline-svg-fill", _svg('<rect fill="url(http://127.0.0.1:{port}/a.svg#x)"/>'),
           "html-refused"),
    Attack("inline-svg-script", _svg("<script>alert(1)</script>"), "html-refused"),
    Attack("inline-svg-laughs", _svg(_USES + "</defs><use href='#u8'/>"), "html-refused"),
    # --- drawings in files ---
    _picture("svg-image", _svg('<image href="file://{abs}/secret.svg"/>')),
    _picture("svg-image-up", _svg('<image xlink:href="../../{up}/secret.svg"/>')),
    _picture("svg-image-http", _svg('<image href="http://127.0.0.1:{port}/a.png"/>')),
    _picture("svg-use", _svg('<use xlink:href="file://{abs}/secret.svg#x"/>')),
    _picture("svg-style-import", _svg("<style>@import 'http://127.0.0.1:{port}/a.css';</style>")),
    _picture("svg-style-url", _svg("<style>rect{fill:url(file://{abs}/secret.svg#x)}</style>")),
    _picture("svg-attribute-url", _svg('<rect style="fill:url(http://127.0.0.1:{port}/a#x)"/>')),
    _picture("svg-filter-image", _svg('<filter id="f"><feImage href="file://{abs}/secret.svg"/>'
                                      "</filter>")),
    _picture("svg-script", _svg("<script>alert(1)</script>")),
    _picture("svg-onload", _svg('<g onload="alert(1)"/>')),
    _picture("svg-foreign-object", _svg('<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml"'
                                        ' src="file://{abs}/secret.md"/></foreignObject>')),
    _picture("svg-style-sheet", _svg("", '<?xml-stylesheet href="http://127.0.0.1:{port}/a.css"?>')),
    _picture("svg-external-entity", _svg(
        "<text>&x;</text>", '<!DOCTYPE svg [<!ENTITY x SYSTEM "file://{abs}/secret.md">]>')),
    _picture("svg-external-dtd", _svg("<text>&x;</text>", '<!DOCTYPE svg SYSTEM '
             '"http://127.0.0.1:{port}/a.dtd" [<!ENTITY x "y">]>')),
    _picture("svg-parameter-entity", _svg("<text>&x;</text>", "<!DOCTYPE svg [<!ENTITY % p SYSTEM "
             '"http://127.0.0.1:{port}/a.dtd"> %p; <!ENTITY x "y">]>')),
    _picture("svg-laughing-attribute", _LAUGHS + _svg('<text id="&i;">x</text>'), "image-broken"),
    _picture("svg-laughing-uses", _svg(_USES + "</defs><use href='#u8'/>"), "image-broken"),
    _picture("svg-uses-itself", _svg("<g id='s'><use href='#s'/><use href='#s'/></g>"),
             "image-broken"),
    _picture("svg-pixel-bomb", _svg(f'<image href="data:image/png;base64,{_BIG_PNG}"/>'),
             "image-broken"),
    _picture("svg-nested", "<svg xmlns='http://www.w3.org/2000/svg'>" + "<g>" * 20_000,
             "image-broken"),
    _picture("svg-many", _svg("<path/>" * 250_000), "image-broken"),
    # --- bombs ---
    Attack("png-pixels", "![Big](p.png)", "image-broken", {"en/p.png": png(60_000, 60_000)}),
    Attack("png-just-above", "![Big](p.png)", "image-broken", {"en/p.png": png(20_000, 6_000)}),
    Attack("gzip-svg", "![Packed](p.svg)", "image-broken",
           {"en/p.svg": gzip.compress(bytes(30_000_000))}),
    Attack("postscript", "![Program](p.eps)", "image-broken",
           {"en/p.eps": "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n"}),
    Attack("picture-is-text", "![Text](p.png)", "image-broken", {"en/p.png": SECRET[:6]}),
    Attack("table-spans", "<table>" + "<tr><td rowspan=900 colspan=200>y</td></tr>" * 900 + "</table>",
           "table-limit"),
    Attack("head-long", "+++\ntitle = \"" + "x" * 70_000 + "\"\n+++\n\nText.", "head"),
    Attack("head-alias-bomb", "---\na: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{n}: &{n} [{','.join([f'*{p}'] * 9)}]\n"
        for p, n in zip("abcdefgh", "bcdefghi", strict=True)) + "title: *i\n---\n\nText.", "head"),
    Attack("head-python", "---\ntitle: !!python/object/apply:os.system ['true']\n---\n\nText.",
           "head"),
    # --- figures drawn from data ---
    _figure("vega-url-up", _chart('{"url": "../../{up}/secret.csv"}')),
    _figure("vega-url-file", _chart('{"url": "file://{abs}/secret.csv"}')),
    _figure("vega-url-http", _chart('{"url": "http://127.0.0.1:{port}/a.csv"}')),
    _figure("vega-url-percent", _chart('{"url": "..%2f..%2f{up}%2fsecret.csv"}')),
    _figure("vega-url-symlink", _chart('{"url": "d.csv"}'), **{"d.csv": Link("{abs}/secret.csv")}),
    _figure("vega-lookup", _chart(
        '{"values": [{"a": 1, "b": 2}]}', ', "transform": [{"lookup": "a", "from": {"data": '
        '{"url": "http://127.0.0.1:{port}/a.csv"}, "key": "a", "fields": ["b"]}}]')),
    _figure("vega-deep", "[" * 50_000, "figure-syntax"),
    _figure("vega-words-symlink", _chart('{"values": [{"a": 1, "b": 2}]}'), "figure-data",
            **{"c.en.toml": Link("{abs}/secret.toml")}),
    _figure("vega-data-deep", _chart('{"url": "d.json"}'), **{"d.json": "[" * 50_000}),
    # --- the publication's own settings ---
    Attack("toml-chapter-up", "Text.", "outside", toml='chapters = ["01.md", "../../{up}/secret.md"]'),
    Attack("toml-chapter-absolute", "Text.", "outside", toml='chapters = ["01.md", "{abs}/secret.md"]'),
    Attack("toml-slug", "Text.", "slug", toml='slug = "../../evil"'),
    Attack("toml-theme", "Text.", "theme", toml='theme = "../../evil"'),
    Attack("toml-template", "{{ ''.__class__.__mro__ }} {% include 'x' %}", "setting-unknown",
           toml='templates = "../x"'),
    Attack("toml-deep", "Text.", "toml", toml="x = " + "[" * 20_000),
)  # fmt: skip


def written(attack: Attack, folder: Path, *, secrets: Path, port: int) -> Path:
    """The attack's publication in a new folder."""
    room = folder / "room"
    (room / "en").mkdir(parents=True)

    def filled(text: str) -> str:
        # Not by format(): the texts are full of braces.
        up = f"../{secrets.name}"
        for name, value in (("{up}", up), ("{abs}", str(secrets)), ("{port}", str(port))):
            text = text.replace(name, value)
        return text

    head = 'title = "Room"\nlanguages = ["en"]\ndate = 2020-01-01\n'
    (room / "publication.toml").write_text(head + filled(attack.toml), encoding="utf-8")
    opening = "" if attack.text[:3] in ("+++", "---") else "# Chapter\n\nA beginning.\n\n"
    (room / "en" / "01.md").write_text(opening + filled(attack.text) + "\n", encoding="utf-8")
    for name, content in attack.files.items():
        path = room / name
        if isinstance(content, Link):
            path.symlink_to(filled(content.to))
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(filled(content), encoding="utf-8")
    return room


def write_secrets(folder: Path) -> None:
    """Files outside the room that nobody may read."""
    folder.mkdir()
    (folder / "secret.svg").write_text(SECRET_SVG, encoding="utf-8")
    (folder / "secret.md").write_text(f"# {SECRET}\n\n{SECRET}\n", encoding="utf-8")
    (folder / "secret.css").write_text(f"/* {SECRET} */ p::before {{content: '{SECRET}'}}", "utf-8")
    (folder / "secret.csv").write_text(f"a,b\n{SECRET},1\n", encoding="utf-8")
    (folder / "secret.toml").write_text(f'a = "{SECRET}"\n', encoding="utf-8")
