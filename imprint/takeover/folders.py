"""A folder of Markdown that another tool makes a book of.

The chapters are laid out in a folder of our own under the names that they will have, with a list
that says their order; there ``load`` reads them as it reads any folder. So mdBook's includes, the
heads of files and everything else that strangers may get wrong is dealt with in one place.
"""

from __future__ import annotations

import ast
import json
import os
import posixpath
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..diagnostics import Diagnostic, Severity, note, warning
from ..folder import Found, is_own_file, markdown_files
from ..heads import UNREADABLE_YAML, clean, known_language, presentable, read_text, read_yaml
from ..load import load
from ..model import Manuscript, Source
from ..room import MOST_PICTURE_BYTES, MOST_TEXT_BYTES, Refusal, read_inside
from .markdown import MYST, PANDOC, PLAIN, by_label, labels_in, rewritten
from .taken import PICTURES, Taken, TakenChapter

_FOREIGN = (".qmd", ".rmd", ".ipynb", ".myst")
_SKIPPED = frozenset("node_modules __pycache__ venv _build _book _site _freeze docs/_build".split())
_DEEPEST_TREE = 6


@dataclass(frozen=True)
class Listed:
    """A line of a book's list of chapters: without a file a part begins, or ends if it has no
    title.
    """

    file: str = ""
    title: str = ""
    level: int = 1
    role: str = "chapter"


@dataclass(frozen=True)
class Plan:
    """What a tool's own files say: its dialect, the list (empty where ``load`` finds it) and more.

    ``base`` is the folder of the chapters, which all files of the list are relative to.
    """

    dialect: str = PLAIN
    base: str = ""
    listed: tuple[Listed, ...] = ()
    title: str = ""
    authors: tuple[str, ...] = ()
    lang: str = ""
    description: str = ""


def read_folder(folder: Path) -> tuple[Taken | None, tuple[Diagnostic, ...]]:
    """The book of a folder, whatever tool it was written for."""
    root = folder.resolve()
    found: Found = []
    plan = _plan(root, found)
    with tempfile.TemporaryDirectory(prefix="imprint-") as scratch:
        stage = Path(scratch) / (root.name or "book")
        stage.mkdir()
        moved = _lay_out(root, stage, plan, found)
        manuscripts, told = load(stage)
    found.extend(_in_source(d, moved, plan) for d in told)
    books = [_taken(root, manuscript, plan, moved, found) for manuscript in manuscripts]
    if not books:
        return None, tuple(found)
    return replace(books[0], more=tuple(books[1:])), tuple(found)


# --- which tool ----------------------------------------------------------------------------------


def _plan(root: Path, found: Found) -> Plan:
    """The plan of the first tool whose files are here."""
    for name, read in _TOOLS:
        if is_own_file(root, name):
            return read(root, name, found)
    if any(path.suffix.lower() in (".qmd", ".rmd") for path in root.iterdir()):
        return Plan(PANDOC)
    return Plan()


def _values(root: Path, name: str, found: Found) -> dict[str, Any]:
    """What a YAML file says; nothing, and a complaint, if it cannot be read."""
    text, told = read_text(root, name)
    found.extend(told)
    try:
        values = read_yaml(text or "")[1]
    except UNREADABLE_YAML as fault:
        message = f"The file is not valid YAML: {getattr(fault, 'problem', None) or fault}."
        found.append(warning("import-lost", name, 1, 1, message, "Mend it, and import again."))
        return {}
    return values if isinstance(values, dict) else {}


def _mdbook(root: Path, name: str, found: Found) -> Plan:
    """The list of mdBook and GitBook is one that ``load`` knows."""
    return Plan(PLAIN)


def _quarto(root: Path, name: str, found: Found) -> Plan:
    values = _values(root, name, found)
    book = values.get("book")
    book = book if isinstance(book, dict) else values
    listed = [
        *_nested(book.get("chapters"), root, keys=("chapters",), titles=("part", "text")),
        *_nested(
            book.get("appendices"), root, keys=("chapters",), titles=("part",), role="appendix"
        ),
    ]
    return _described(Plan(PANDOC, listed=tuple(listed)), book, values)


def _bookdown(root: Path, name: str, found: Found) -> Plan:
    values = _values(root, name, found)
    files = values.get("rmd_files")
    if isinstance(files, dict):
        files = files.get("html") or next(iter(files.values()), [])
    names = [str(file) for file in files] if isinstance(files, list) else _own_rmd(root)
    text, _told = read_text(root, "index.Rmd") if is_own_file(root, "index.Rmd") else (None, ())
    head = re.match(r"---\n(.*?)\n---\n", text or "", re.DOTALL)
    try:
        about = read_yaml(head[1])[1] if head else {}
    except UNREADABLE_YAML:
        about = {}
    about = about if isinstance(about, dict) else {}
    plan = Plan(PANDOC, listed=tuple(Listed(_as_markdown(file)) for file in names))
    return _described(plan, about, values)


def _own_rmd(root: Path) -> list[str]:
    """Bookdown's order without a list: the index, then the files by name; "_…" are none."""
    names = [path.name for path in root.iterdir() if path.suffix.lower() == ".rmd"]
    own = sorted(name for name in names if not name.startswith("_"))
    return sorted(own, key=lambda name: name.lower() != "index.rmd")


def _myst(root: Path, name: str, found: Found) -> Plan:
    values = _values(root, name, found)
    project = values.get("project")
    project = project if isinstance(project, dict) else values
    listed = _nested(project.get("toc"), root, keys=("children",), titles=("title",))
    return _described(Plan(MYST, listed=tuple(listed)), project, values)


def _jupyter_book(root: Path, name: str, found: Found) -> Plan:
    values = _values(root, "_config.yml", found) if is_own_file(root, "_config.yml") else {}
    text, _told = read_text(root, "_toc.yml") if is_own_file(root, "_toc.yml") else ("", ())
    try:
        toc = read_yaml(text or "")[1]
    except UNREADABLE_YAML:
        toc = None
    listed: list[Listed] = []
    if isinstance(toc, dict):
        first = toc.get("root", toc.get("file"))
        listed = [Listed(_as_markdown(str(first)))] if first else []
        listed += _nested(
            toc.get("parts") or toc.get("chapters") or toc.get("sections"),
            root,
            keys=("chapters", "sections"),
            titles=("caption", "title"),
        )
    elif isinstance(toc, list):
        listed = [*_nested(toc, root, keys=("chapters", "sections"), titles=("part", "title"))]
    return _described(Plan(MYST, listed=tuple(listed)), values, values)


def _sphinx(root: Path, name: str, found: Found) -> Plan:
    text, _told = read_text(root, name)
    said = _assignments(text or "")
    base = posixpath.dirname(name)
    main = str(said.get("root_doc", said.get("master_doc", "index")))
    listed = tuple(_toctree(root, base, main, 1, {main}))
    about = {"title": said.get("project"), "author": said.get("author")}
    about["language"] = said.get("language")
    return _described(Plan(MYST, base=base, listed=listed), about, said)


def _assignments(text: str) -> dict[str, Any]:
    """The plain values that a Python file gives to names; nothing of it is run."""
    said: dict[str, Any] = {}
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return said
    for statement in body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            try:
                said[statement.targets[0].id] = ast.literal_eval(statement.value)
            except ValueError:
                continue
    return said


_TOCTREE = re.compile(
    r"^(?P<mark>`{3,}|:{3,}|~{3,})\{toctree\}[^\n]*\n(?P<body>.*?)^(?P=mark)[ \t]*$",
    re.DOTALL | re.MULTILINE,
)


def _toctree(root: Path, base: str, name: str, level: int, seen: set[str]) -> Iterator[Listed]:
    """A document of Sphinx's and those that its tables of contents name."""
    file = posixpath.join(base, f"{name}.md")
    if not is_own_file(root, file):
        return
    yield Listed(f"{name}.md", level=max(level - 1, 1))
    text, _told = read_text(root, file)
    for tree in _TOCTREE.finditer(text or ""):
        caption = re.search(r"^:caption:\s*(.+)$", tree["body"], re.MULTILINE)
        if caption and level == 1:
            yield Listed(title=caption[1].strip())
        for line in tree["body"].split("\n"):
            entry = re.search(r"<([^<>]+)>\s*$", line)
            target = (entry[1] if entry else line).strip()
            if not target or target.startswith((":", "-")) or "://" in target:
                continue
            path = posixpath.join(posixpath.dirname(name), target.removesuffix(".md"))
            path = posixpath.normpath(path).lstrip("/")
            for match in _globbed(root, base, path):
                if match not in seen and level < _DEEPEST_TREE:
                    seen.add(match)
                    yield from _toctree(root, base, match, level + 1, seen)
        if caption and level == 1:
            yield Listed()


def _globbed(root: Path, base: str, path: str) -> list[str]:
    """The documents that a line of a toctree names: with "*" in it, several."""
    if "*" not in path:
        return [path]
    home = root / base
    return [
        file.relative_to(home).with_suffix("").as_posix()
        for file in sorted(home.glob(f"{path}.md"))
    ]


def _nested(
    items: Any,
    root: Path,
    *,
    keys: Sequence[str],
    titles: Sequence[str],
    level: int = 1,
    role: str = "chapter",
) -> Iterator[Listed]:
    """The chapters of nested lists: texts and tables with a file, or a title, and items below."""
    for item in items if isinstance(items, list) and level <= _DEEPEST_TREE else []:
        if isinstance(item, str):
            yield Listed(_as_markdown(item), level=level, role=role)
            continue
        if not isinstance(item, dict):
            continue
        file = str(item.get("file") or item.get("href") or "")
        title = next((str(item[key]) for key in titles if item.get(key)), "")
        opening = ""
        if not file and title and re.search(r"\.(?:qmd|[Rr]md|md|ipynb)$", title):
            # Quarto: a part may be a file of its own, whose heading is the part's title. What else
            # it says becomes the part's first chapter.
            opening, title = title, _heading_of(root, title)
        if file and "://" not in file:
            yield Listed(_as_markdown(file), title, level, role)
        elif title and level == 1:
            yield Listed(title=title)
        if opening and is_own_file(root, opening) and _says_more(root, opening):
            yield Listed(_as_markdown(opening), level=level, role=role)
        for key in keys:
            deeper = level + 1 if file else level
            yield from _nested(
                item.get(key), root, keys=keys, titles=titles, level=deeper, role=role
            )
        if title and not file and level == 1:
            yield Listed()


def _says_more(root: Path, file: str) -> bool:
    """Whether there is text in a file besides its head and its first heading."""
    text, _told = read_text(root, file)
    body = re.sub(r"\A---\n.*?\n---\n", "", text or "", flags=re.DOTALL)
    return bool(re.sub(r"^# .*$", "", body, count=1, flags=re.MULTILINE).strip())


def _heading_of(root: Path, file: str) -> str:
    text, _told = read_text(root, file) if is_own_file(root, file) else ("", ())
    found = re.search(r"^# +(.+?)\s*(?:\{[^}]*\})?\s*$", text or "", re.MULTILINE)
    return found[1] if found else presentable(posixpath.splitext(posixpath.basename(file))[0])


def _described(plan: Plan, *tables: Mapping[str, Any]) -> Plan:
    """The plan with title, authors and language from the first table that says them."""

    def told(*names: str) -> Any:
        return next((table[name] for name in names for table in tables if table.get(name)), "")

    authors = told("author", "authors")
    authors = authors if isinstance(authors, list) else [authors]
    names = [author.get("name", "") if isinstance(author, dict) else author for author in authors]
    return replace(
        plan,
        title=_words(told("title")),
        authors=tuple(filter(None, map(_words, names))),
        lang=known_language(_words(told("lang", "language"))),
        description=_words(told("description", "subtitle")),
    )


def _words(value: Any) -> str:
    return " ".join(clean(str(value)).split()) if isinstance(value, str) else ""


_Reader = Callable[[Path, str, Found], Plan]
_TOOLS: tuple[tuple[str, _Reader], ...] = (
    ("_quarto.yml", _quarto),
    ("_bookdown.yml", _bookdown),
    ("book.toml", _mdbook),
    ("myst.yml", _myst),
    ("_toc.yml", _jupyter_book),
    ("conf.py", _sphinx),
    ("docs/conf.py", _sphinx),
    ("source/conf.py", _sphinx),
    ("docs/source/conf.py", _sphinx),
    ("doc/conf.py", _sphinx),
)


# --- laying out ----------------------------------------------------------------------------------


def _as_markdown(file: str) -> str:
    """The name that a chapter will have."""
    stem, ending = posixpath.splitext(file)
    if ending.lower() in _FOREIGN:
        return f"{stem}.md"
    return file if ending.lower() in (".md", ".markdown") else f"{file}.md"


def _lay_out(root: Path, stage: Path, plan: Plan, found: Found) -> dict[str, str]:
    """Lay the chapters out; gives for each of its new names the name in the source."""
    moved: dict[str, str] = {}
    for file in _texts(root, found):
        inner = posixpath.relpath(file, plan.base) if plan.base else file
        if plan.base and inner.startswith("../"):
            continue
        name = _as_markdown(inner) if file.lower().endswith(_FOREIGN) else inner
        text = _text(root, file, found)
        if text is None or name in moved:
            continue
        moved[name] = file
        path = stage / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    if plan.listed:
        (stage / "SUMMARY.md").write_text(_summary(plan.listed, moved, stage), encoding="utf-8")
        moved["SUMMARY.md"] = "."
    elif is_own_file(root, "book.toml"):
        (stage / "book.toml").write_bytes((root / "book.toml").read_bytes())
        _copy_listings(root, stage, moved)
    return moved


def _texts(root: Path, found: Found) -> Iterator[str]:
    """The files that may be chapters, relative to the folder."""
    yield from markdown_files(root, found)
    for place, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED and f[0] != ".")
        for name in sorted(names):
            file = (Path(place) / name).relative_to(root).as_posix()
            if name.lower().endswith(_FOREIGN) and is_own_file(root, file):
                yield file


def _text(root: Path, file: str, found: Found) -> str | None:
    """A file as Markdown: a notebook's cells one after another."""
    text, _told = read_text(root, file)
    if text is None or not file.lower().endswith(".ipynb"):
        return text
    try:
        return _notebook(json.loads(text), file, found)
    except (ValueError, TypeError, AttributeError, RecursionError):
        message = "The notebook cannot be read."
        found.append(warning("import-lost", file, 1, 1, message, "Save it anew."))
        return None


def _notebook(notebook: dict[str, Any], file: str, found: Found) -> str:
    """A notebook's words and code; what its code made is not carried over."""
    about = notebook.get("metadata", {}).get("kernelspec", {})
    language = about.get("language", "python")
    parts, outputs = [], 0
    for cell in notebook.get("cells", []):
        said = cell.get("source", "")
        text = said if isinstance(said, str) else "".join(said)
        if cell.get("cell_type") == "code":
            outputs += len(cell.get("outputs", []))
            hidden = {"remove-input", "hide-input", "remove-cell"}
            if not hidden & set(cell.get("metadata", {}).get("tags", [])) and text.strip():
                parts.append(f"```{language}\n{text}\n```")
        else:
            parts.append(text)
    if outputs:
        message = f"What the notebook's code made ({outputs} outputs) is not carried over."
        hint = "Save its pictures and tables, and put them into the text."
        found.append(warning("import-code", file, 1, 1, message, hint))
    return "\n\n".join(parts) + "\n"


def _summary(listed: Sequence[Listed], moved: Mapping[str, str], stage: Path) -> str:
    """The list of chapters as mdBook writes it."""
    lines = ["# Summary", ""]
    for item in listed:
        if not item.file:
            lines += ["", f"# {item.title}", ""]
            continue
        file = posixpath.normpath(item.file)
        title = re.sub(r"([\[\]])", r"\\\1", item.title) or " "
        lines.append(f"{'    ' * (item.level - 1)}- [{title}](<{file}>)")
    return "\n".join(lines) + "\n"


def _copy_listings(root: Path, stage: Path, moved: Mapping[str, str]) -> None:
    """Lay out the files that mdBook's chapters include."""
    for new, file in moved.items():
        text = (stage / new).read_text(encoding="utf-8")
        for name in re.findall(r"\{\{\s*#\w+\s+([^}:\s]+)", text):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(file), name))
            if path.startswith(("..", "/")) or (stage / path).exists():
                continue
            content = read_inside(root, root / path, most_bytes=MOST_TEXT_BYTES)
            if not isinstance(content, Refusal):
                (stage / path).parent.mkdir(parents=True, exist_ok=True)
                (stage / path).write_bytes(content)


def _in_source(diagnostic: Diagnostic, moved: Mapping[str, str], plan: Plan) -> Diagnostic:
    """The finding at its place in the source; none stops an import."""
    severity = min(diagnostic.severity, Severity.WARNING)
    file = moved.get(diagnostic.file, diagnostic.file)
    return replace(diagnostic, file=file, severity=severity)


# --- taking --------------------------------------------------------------------------------------


@dataclass
class _Pictures:
    """The pictures that chapters name, found by their addresses."""

    root: Path
    base: str
    found: Found
    names: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place, folders, files in os.walk(self.root):
            folders[:] = sorted(f for f in folders if f not in _SKIPPED and f[0] != ".")
            for name in files:
                if name.lower().endswith(PICTURES):
                    file = (Path(place) / name).relative_to(self.root).as_posix()
                    self.names.setdefault(name, []).append(file)

    def named_in(self, texts: str) -> Iterator[tuple[str, bytes]]:
        """The pictures whose names stand in the texts, by their new names."""
        for name, files in self.names.items():
            if name not in texts and name.replace(" ", "%20") not in texts:
                continue
            for file in files:
                content = read_inside(self.root, self.root / file, most_bytes=MOST_PICTURE_BYTES)
                new = posixpath.relpath(file, self.base or ".")
                if isinstance(content, Refusal) or new.startswith("../../"):
                    reason = (
                        content.reason if isinstance(content, Refusal) else "It is too far off."
                    )
                    message = f"The picture is left out. {reason}"
                    self.found.append(warning("import-picture", file, 0, 0, message))
                else:
                    yield new, content


def _taken(
    root: Path, manuscript: Manuscript, plan: Plan, moved: Mapping[str, str], found: Found
) -> Taken:
    """The book of one language."""
    publication = manuscript.publication
    base = _base(manuscript)
    appendices = {item.file for item in plan.listed if item.role == "appendix"}
    chapters = []
    for source in manuscript.sources:
        text, lost = rewritten(
            source.text, plan.dialect, file=moved.get(source.file, source.file), line=source.line
        )
        found.extend(lost)
        role = "appendix" if source.file in appendices else source.role
        chapters.append(_chapter(source, text, base, role, publication.lang))
    if plan.dialect == MYST:
        labels = frozenset(name for s in manuscript.sources for name in labels_in(s.text))
        chapters = [replace(c, text=by_label(c.text, labels)) for c in chapters]
    _tell_of_heads(manuscript.sources, moved, found)
    place = posixpath.join(plan.base, base) if plan.base else base
    pictures = _Pictures(root, place, found)
    return Taken(
        title=plan.title or publication.title,
        lang=plan.lang or publication.lang,
        chapters=tuple(chapters),
        authors=plan.authors or tuple(creator.name for creator in publication.creators),
        description=plan.description or publication.description,
        pictures=dict(pictures.named_in("\n".join(chapter.text for chapter in chapters))),
    )


def _base(manuscript: Manuscript) -> str:
    """The folder that all chapters are in."""
    folders = [posixpath.dirname(source.file) for source in manuscript.sources]
    return posixpath.commonpath(folders) if all(folders) else ""


def _chapter(source: Source, text: str, base: str, role: str, lang: str) -> TakenChapter:
    return TakenChapter(
        file=posixpath.relpath(source.file, base or "."),
        text=text,
        title=source.title,
        short_title=source.short_title,
        standfirst=source.standfirst,
        role=role,
        level=source.level,
        part=source.part,
        lang=source.lang if source.lang != lang else "",
    )


def _tell_of_heads(sources: Sequence[Source], moved: Mapping[str, str], found: Found) -> None:
    """Tell once which keys of the heads mean nothing to us."""
    keys: dict[str, int] = {}
    for source in sources:
        for key in source.head:
            keys[key] = keys.get(key, 0) + 1
    keys.pop("id", None)
    if keys:
        names = ", ".join(f"`{key}`" for key in sorted(keys))
        message = f"Some of what heads say is left out: {names}."
        found.append(note("import-head", ".", 0, 0, message, "Publications say it as a whole."))
