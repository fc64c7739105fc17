"""Readers of finished editions that share no code with the engine: PDF, EPUB and web edition.

The PDF is read through its tag tree and the text of its marked content (ISO 32000-1, 14.7 and
14.8), the others through their documents. All give the same kind of `Node`, so that the editions
can be compared with one another.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

import pikepdf
from lxml import etree, html
from pikepdf import Array, Dictionary, Name, Object

XHTML = "{http://www.w3.org/1999/xhtml}"
EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
HEADINGS = ("H1", "H2", "H3", "H4", "H5", "H6")


@dataclass(frozen=True)
class Piece:
    """A run of text of one page: a marked-content sequence, or a text node of a document.

    ``page`` is the page's index, -1 in documents; ``x`` and ``y`` are where its first glyph stands
    (points, origin lower left).
    """

    text: str
    page: int = -1
    x: float = 0.0
    y: float = 0.0


@dataclass
class Node:
    """An element, under the name of its structure type (ISO 32000-1, 14.8.4)."""

    type: str
    kids: list[Node | Piece] = field(default_factory=list)
    alt: str | None = None
    lang: str = ""
    id: str = ""
    expansion: str = ""
    targets: list[str] = field(default_factory=list)
    attributes: dict[str, object] = field(default_factory=dict)

    def nodes(self) -> Iterator[Node]:
        """The element and all in it, in reading order."""
        yield self
        for kid in self.kids:
            if isinstance(kid, Node):
                yield from kid.nodes()

    def find(self, *types: str) -> list[Node]:
        """The elements of these types in reading order."""
        return [node for node in self.nodes() if node.type in types]

    def pieces(self, *, without: tuple[str, ...] = ()) -> Iterator[Piece]:
        """The runs of text in reading order, apart from those in elements of some types."""
        for kid in self.kids:
            if isinstance(kid, Piece):
                yield kid
            elif kid.type not in without:
                yield from kid.pieces(without=without)

    def text(self, *, without: tuple[str, ...] = ("Note",)) -> str:
        """The text as it stands: nothing is added where runs meet."""
        return "".join(piece.text for piece in self.pieces(without=without))

    @property
    def page(self) -> int:
        """The index of the page that it begins on, -1 without content."""
        return next((piece.page for piece in self.pieces()), -1)


def without_markers(node: Node) -> Node:
    """The tree without what layout adds: bullets and numbers of lists, and numbers of notes."""
    numbered = node.type == "L" and "ListNumbering" in node.attributes

    def kept(parent: Node, marked: bool) -> list[Node | Piece]:
        return [
            kid if isinstance(kid, Piece) else without_markers(kid)
            for kid in parent.kids
            if not (marked and isinstance(kid, Node) and kid.type == "Lbl")
        ]

    if numbered:
        items = [
            replace(item, kids=kept(item, True)) if isinstance(item, Node) else item
            for item in node.kids
        ]
        return replace(node, kids=list(items))
    return replace(node, kids=kept(node, node.type == "Note"))


def squash(text: str) -> str:
    """The text without white space and what has no glyph."""
    return re.sub(r"[\s\u00ad\u200b\u2060\ufe0e\ufe0f\ufeff]+", "", _restored(text)).casefold()


def _restored(text: str) -> str:
    """The text with the characters that stand as their numbers, having no glyph."""
    return re.sub(r"\[U\+([0-9A-F]{4,6})\]", lambda match: chr(int(match[1], 16)), text)


def plain(text: str) -> str:
    """The text with single spaces, without soft hyphens and signs that choose a variant."""
    return re.sub(r"\s+", " ", re.sub("[\u00ad\u200b\ufe0e\ufe0f]", "", _restored(text))).strip()


# --- PDF -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pdf:
    """A PDF as read: ``labels`` by page, the structure tree, outline and named destinations.

    ``outline`` holds level, title and page's index; ``links`` every annotation's target by page;
    ``artifacts`` the text outside the tree, by page.
    """

    labels: tuple[str, ...]
    tree: Node
    outline: tuple[tuple[int, str, int], ...]
    destinations: Mapping[str, int]
    links: tuple[tuple[str, ...], ...]
    artifacts: tuple[tuple[Piece, ...], ...]
    types_in_role_map: Mapping[str, str]

    @cached_property
    def chapters(self) -> list[Node]:
        """Chapters and part pages: the sections right under the document."""
        return [
            kid for kid in self.tree.kids if isinstance(kid, Node) and kid.type in ("Sect", "Part")
        ]

    def on_page(self, page: int) -> list[Piece]:
        """The page's runs of text in reading order, without notes and the words in pictures."""
        return self._by_page.get(page, [])

    @cached_property
    def _by_page(self) -> dict[int, list[Piece]]:
        pages: dict[int, list[Piece]] = {}
        for piece in _flow(without_markers(self.tree)):
            pages.setdefault(piece.page, []).append(piece)
        return pages


def _flow(node: Node) -> Iterator[Piece]:
    for kid in node.kids:
        if isinstance(kid, Node):
            if kid.type != "Note":
                yield from _flow(kid)
        elif node.type != "Figure":
            yield kid


def read_pdf(path: Path) -> Pdf:
    """Everything of a PDF that a reader with a screen reader gets."""
    with pikepdf.open(path) as pdf:
        pages = [_read_page(page, index) for index, page in enumerate(pdf.pages)]
        root = pdf.Root.StructTreeRoot
        number = {page.obj.objgen: index for index, page in enumerate(pdf.pages)}
        names = {str(key): value for key, value in pikepdf.NameTree(pdf.Root.Names.Dests).items()}
        return Pdf(
            labels=tuple(page.label for page in pdf.pages),
            tree=_Tree([marked for marked, _ in pages], number).read(root),
            outline=tuple(_outline(pdf, number, names)),
            destinations={key: number[_dest(value)[0].objgen] for key, value in names.items()},
            links=tuple(tuple(_targets(page)) for page in pdf.pages),
            artifacts=tuple(tuple(outside) for _, outside in pages),
            types_in_role_map={
                key.lstrip("/"): str(value).lstrip("/")
                for key, value in root.get("/RoleMap", Dictionary()).items()
            },
        )


def _dest(value: Object) -> Object:
    return value.D if isinstance(value, Dictionary) else value


def _outline(
    pdf: pikepdf.Pdf, number: Mapping[tuple[int, int], int], names: Mapping[str, Object]
) -> Iterator[tuple[int, str, int]]:
    def walk(item: Object | None, level: int) -> Iterator[tuple[int, str, int]]:
        while item is not None:
            where = item.get("/Dest", item.A.D if "/A" in item else None)
            if not isinstance(where, Array):
                where = _dest(names[str(where)])
            yield level, str(item.Title), number[where[0].objgen]
            yield from walk(item.get("/First"), level + 1)
            item = item.get("/Next")

    if "/Outlines" in pdf.Root:
        yield from walk(pdf.Root.Outlines.get("/First"), 1)


def _targets(page: pikepdf.Page) -> Iterator[str]:
    for annotation in page.obj.get("/Annots", Array()):
        yield _target(annotation)


def _target(annotation: Object) -> str:
    """Where a link leads: "#name", or an address."""
    if "/Dest" in annotation:
        return f"#{annotation.Dest}"
    action = annotation.A
    return _address(str(action.URI)) if action.S == Name.URI else f"#{action.D}"


def _address(address: str) -> str:
    """An address with its scheme in small letters, which are the same to a browser."""
    scheme, colon, rest = address.partition(":")
    return f"{scheme.lower()}{colon}{rest}"


def read_print(path: Path) -> list[list[Piece]]:
    """The running text of each page, without a tree: no furniture, and no words in pictures."""
    with pikepdf.open(path) as pdf:
        readers = [_page_reader(page, index) for index, page in enumerate(pdf.pages)]
    return [
        [piece for mcid, piece in reader.marked.items() if mcid not in reader.pictures]
        for reader in readers
    ]


_Marked = dict[int, Piece]


def _read_page(page: pikepdf.Page, index: int) -> tuple[_Marked, list[Piece]]:
    """The text of a page by marked-content identifier, and that of its artifacts."""
    reader = _page_reader(page, index)
    return reader.marked, reader.outside


def _page_reader(page: pikepdf.Page, index: int) -> _PageReader:
    reader = _PageReader(page, index)
    for instruction in pikepdf.parse_content_stream(
        page, "q Q cm BT ET Tm Td TD T* Tf Tj TJ ' \" BDC BMC EMC"
    ):
        reader.follow(str(instruction.operator), instruction.operands)
    return reader


Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)


def _times(a: Matrix, b: Matrix) -> Matrix:
    return (
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    )


class _PageReader:
    """Follows a page's operators as far as text is concerned (ISO 32000-1, 9.4 and 14.6)."""

    def __init__(self, page: pikepdf.Page, index: int) -> None:
        resources = page.obj.get("/Resources", Dictionary())
        self.fonts = {
            name: _unicode_map(font) for name, font in resources.get("/Font", Dictionary()).items()
        }
        self.index = index
        self.matrix = _IDENTITY
        self.saved: list[Matrix] = []
        self.line = _IDENTITY
        self.font: Mapping[int, str] = {}
        # What is open: a marked-content identifier, "artifact", or None for other sequences.
        self.open: list[int | str | None] = []
        self.actual: dict[int, str] = {}
        self.marked: _Marked = {}
        self.pictures: set[int] = set()
        self.outside: list[Piece] = []

    def follow(self, operator: str, operands: list[Object]) -> None:
        """Take one operator into account."""
        match operator:
            case "q":
                self.saved.append(self.matrix)
            case "Q":
                self.matrix = self.saved.pop()
            case "cm":
                self.matrix = _times(_matrix(operands), self.matrix)
            case "BMC" | "BDC":
                self.begin(operands)
            case "EMC":
                self.open.pop()
            case _:
                self.follow_text(operator, operands)

    def follow_text(self, operator: str, operands: list[Object]) -> None:
        """Take an operator between BT and ET into account."""
        match operator:
            case "BT":
                self.line = _IDENTITY
            case "Tm":
                self.line = _matrix(operands)
            case "Td" | "TD":
                self.line = _times((1, 0, 0, 1, float(operands[0]), float(operands[1])), self.line)
            case "Tf":
                self.font = self.fonts[str(operands[0])]
            case "Tj":
                self.show([operands[0]])
            case "TJ":
                self.show(operands[0])
            case "ET":
                pass
            case _:
                raise ValueError(f"This reader does not know the operator {operator}.")

    def begin(self, operands: list[Object]) -> None:
        properties = operands[1] if len(operands) > 1 else Dictionary()
        if operands[0] == Name.Artifact:
            self.open.append("artifact")
        elif isinstance(properties, Dictionary) and "/MCID" in properties:
            mcid = int(properties.MCID)
            self.open.append(mcid)
            if operands[0] == Name.Figure:
                self.pictures.add(mcid)
            self.marked.setdefault(mcid, Piece("", self.index))
            if "/ActualText" in properties:
                self.actual[mcid] = str(properties.ActualText)
        else:
            self.open.append(None)

    def show(self, parts: object) -> None:
        """Text shown: it belongs to the innermost sequence with an identifier, if any."""
        text = "".join(
            self.font[code]
            for part in parts  # type: ignore[attr-defined]
            if isinstance(part, pikepdf.String)
            for code in _codes(bytes(part))
        )
        where = _times(self.line, self.matrix)
        owner = next((each for each in reversed(self.open) if each is not None), "artifact")
        if isinstance(owner, str) or "artifact" in self.open:
            self.outside.append(Piece(text, self.index, where[4], where[5]))
            return
        before = self.marked[owner]
        if owner in self.actual:
            text, before = self.actual.pop(owner), Piece("", self.index)
        elif before.text and owner not in self.actual:
            self.marked[owner] = Piece(before.text + text, self.index, before.x, before.y)
            return
        self.marked[owner] = Piece(text, self.index, where[4], where[5])


def _matrix(operands: list[Object]) -> Matrix:
    a, b, c, d, e, f = (float(value) for value in operands)
    return a, b, c, d, e, f


def _codes(shown: bytes) -> Iterator[int]:
    """Identity-H (9.7.5.2): every two bytes are a glyph."""
    for index in range(0, len(shown), 2):
        yield int.from_bytes(shown[index : index + 2], "big")


_MAPS: dict[bytes, dict[int, str]] = {}
_CHARS = re.compile(rb"beginbfchar(.*?)endbfchar", re.S)
_RANGES = re.compile(rb"beginbfrange(.*?)endbfrange", re.S)
_PAIR = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]*)>")
_RANGE = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")


def _unicode_map(font: Object) -> Mapping[int, str]:
    """What each glyph says (ISO 32000-1, 9.10.3)."""
    if font.get("/Encoding") != Name("/Identity-H"):
        raise ValueError(f"This reader does not know the encoding of {font.BaseFont}.")
    cmap = font.ToUnicode.read_bytes()
    if cmap not in _MAPS:
        known: dict[int, str] = {}
        for block in _CHARS.findall(cmap):
            for code, text in _PAIR.findall(block):
                known[int(code, 16)] = _utf16(text)
        for block in _RANGES.findall(cmap):
            for first, last, text in _RANGE.findall(block):
                for offset in range(int(last, 16) - int(first, 16) + 1):
                    known[int(first, 16) + offset] = chr(ord(_utf16(text)) + offset)
        _MAPS[cmap] = known
    return _MAPS[cmap]


def _utf16(digits: bytes) -> str:
    return bytes.fromhex(digits.decode()).decode("utf-16-be")


@dataclass
class _Tree:
    """Reads a structure tree (ISO 32000-1, 14.7.2)."""

    marked: list[_Marked]
    number: Mapping[tuple[int, int], int]

    def read(self, root: Object) -> Node:
        top = [self.element(kid, None) for kid in _kids(root)]
        if len(top) != 1 or top[0].type != "Document":
            raise ValueError("A document's tree has one Document at its top.")
        return top[0]

    def element(self, element: Object, page: int | None) -> Node:
        if "/Pg" in element:
            page = self.number[element.Pg.objgen]
        node = Node(
            str(element.S).lstrip("/"),
            alt=_string(element, "/Alt"),
            lang=_string(element, "/Lang") or "",
            id=_string(element, "/ID") or "",
            expansion=_string(element, "/E") or "",
            attributes=_attributes(element),
        )
        for kid in _kids(element):
            self.kid(node, kid, page)
        return node

    def kid(self, node: Node, kid: Object, page: int | None) -> None:
        if isinstance(kid, int):
            assert page is not None
            node.kids.append(self.marked[page][kid])
        elif kid.get("/Type") == Name.MCR:
            where = self.number[kid.Pg.objgen] if "/Pg" in kid else page
            assert where is not None
            node.kids.append(self.marked[where][int(kid.MCID)])
        elif kid.get("/Type") == Name.OBJR:
            node.targets.append(_target(kid.Obj))
        else:
            node.kids.append(self.element(kid, page))


def _kids(element: Object) -> list[Object]:
    kids = element.get("/K")
    if kids is None:
        return []
    return list(kids) if isinstance(kids, Array) else [kids]


def _string(element: Object, key: str) -> str | None:
    return str(element[key]) if key in element else None


def _attributes(element: Object) -> dict[str, object]:
    found = element.get("/A")
    if found is None:
        return {}
    return {
        key.lstrip("/"): [str(item) for item in value] if isinstance(value, Array) else str(value)
        for each in (found if isinstance(found, Array) else [found])
        for key, value in each.items()
        if key != "/O"
    }


# --- documents -----------------------------------------------------------------------------------


@dataclass
class Document:
    """A page of an EPUB or of the web edition: its name, its tree without namespaces."""

    name: str
    root: etree._Element

    @property
    def chapter(self) -> etree._Element | None:
        """The section of a chapter or part page."""
        for section in self.root.iter("section"):
            if {"chapter", "part"} & set((section.get("class") or "").split()):
                return section
        return None

    def links(self) -> list[tuple[str, str]]:
        """Words and target of each link of the chapter's text."""
        tree = self.node()
        return [(link.text(), link.targets[0]) for link in tree.find("Link")]

    def node(self) -> Node:
        """The chapter as structure, in the terms of the PDF's tag tree."""
        assert self.chapter is not None
        return html_node(self.chapter, self.name)


@dataclass(frozen=True)
class Epub:
    """An EPUB as read: documents in reading order, and its navigation."""

    documents: list[Document]
    nav: Document
    names: frozenset[str]

    @property
    def chapters(self) -> list[Document]:
        return [document for document in self.documents if document.chapter is not None]

    def document(self, name: str) -> Document:
        return next(document for document in self.documents if document.name == name)

    def page_list(self) -> list[tuple[str, str]]:
        """Label and target of each line of the page list."""
        return [
            ("".join(link.itertext()), link.get("href"))
            for nav in self.nav.root.iter("nav")
            if nav.get("epub-type") == "page-list"
            for link in nav.iter("a")
        ]

    def contents(self) -> list[tuple[int, str, str]]:
        """Level, words and target of each line of the contents."""
        return [
            (sum(1 for each in link.iterancestors("ol")), plain("".join(link.itertext())), href)
            for nav in self.nav.root.iter("nav")
            if nav.get("epub-type") == "toc"
            for link in nav.iter("a")
            for href in [link.get("href")]
        ]


def read_epub(path: Path) -> Epub:
    """The documents of an EPUB, found through its container and package."""
    with zipfile.ZipFile(path) as archive:
        container = etree.fromstring(archive.read("META-INF/container.xml"))
        package_name = container.find(".//{*}rootfile").get("full-path")
        package = etree.fromstring(archive.read(package_name))
        folder = posixpath.dirname(package_name)
        manifest = {item.get("id"): item for item in package.iter("{*}item")}
        nav = next(i for i in manifest.values() if "nav" in (i.get("properties") or "").split())

        def opened(name: str) -> Document:
            tree = etree.fromstring(archive.read(posixpath.join(folder, unquote(name))))
            return Document(name, _without_namespaces(tree))

        spine = [manifest[each.get("idref")].get("href") for each in package.iter("{*}itemref")]
        return Epub(
            [opened(name) for name in spine],
            opened(nav.get("href")),
            frozenset(archive.namelist()),
        )


def _without_namespaces(tree: etree._Element) -> etree._Element:
    for element in tree.iter(etree.Element):
        name = etree.QName(element)
        if name.namespace == XHTML.strip("{}"):
            element.tag = name.localname
        if EPUB_TYPE in element.attrib:
            element.set("epub-type", element.attrib.pop(EPUB_TYPE))
    return tree


@dataclass(frozen=True)
class Web:
    """A web edition as read: its pages by name, chapters in the order of their "next" links."""

    pages: Mapping[str, Document]

    @property
    def chapters(self) -> list[Document]:
        chapters = {n: page for n, page in self.pages.items() if page.chapter is not None}
        following = {name: self._next(page) for name, page in self.pages.items()}
        first = next(
            name
            for name in chapters
            if not any(after == name and before in chapters for before, after in following.items())
        )
        ordered = [chapters[first]]
        while (name := following[ordered[-1].name]) in chapters:
            ordered.append(chapters[name])
        if len(ordered) != len(chapters):
            raise ValueError("Not every chapter is reached from the one before it.")
        return ordered

    def _next(self, page: Document) -> str:
        return next((e.get("href") for e in page.root.iter("link") if e.get("rel") == "next"), "")


def read_web(folder: Path) -> Web:
    """The pages of a web edition."""
    return Web(
        {
            file.name: Document(file.name, html.fromstring(file.read_bytes()))
            for file in sorted(folder.glob("*.html"))
        }
    )


# --- from HTML to structure ----------------------------------------------------------------------

_TYPES = {
    "p": "P", "pre": "P", "summary": "P", "ul": "L", "ol": "L", "dl": "L", "li": "LI", "dt": "Lbl",
    "dd": "LBody", "table": "Table", "thead": "THead", "tbody": "TBody", "tfoot": "TFoot",
    "tr": "TR", "td": "TD", "th": "TH", "caption": "Caption", "figcaption": "Caption",
    "blockquote": "BlockQuote", "q": "Quote", "em": "Em", "strong": "Strong", "code": "Code",
    "section": "Sect", "aside": "Aside", "abbr": "Span",
    **{f"h{level}": f"H{level}" for level in range(1, 7)},
}  # fmt: skip
_BLOCKS = frozenset(
    "p pre summary ul ol dl table blockquote section aside div figure figcaption caption details "
    "article header h1 h2 h3 h4 h5 h6 li dt dd hr address".split()
)
_ALWAYS_WRAPPED = frozenset("section aside blockquote div details article header address".split())
_WRAPPED_BESIDE_BLOCKS = frozenset("li dd td th".split())


def _only_here(element: etree._Element) -> bool:
    """Whether it serves reading on a screen alone: the paged editions do without it."""
    classes = (element.get("class") or "").split()
    role = element.get("role") or ""
    return (
        role in ("doc-pagebreak", "doc-backlink")
        or element.get("aria-hidden") == "true"
        or bool({"large", "note-number", "figure-data", "heading-link"} & set(classes))
        or (element.tag == "span" and classes == ["number"])
    )


def html_node(element: etree._Element, file: str) -> Node:
    """An HTML element as structure. Notes stand where they are called, as in the PDF."""
    return _Html(element, file).node(element)


class _Html:
    def __init__(self, root: etree._Element, file: str) -> None:
        self.file = file
        self.notes = {note.get("id"): note for note in root.iter() if _is_note(note)}

    def node(self, element: etree._Element) -> Node:
        node = Node(_TYPES.get(element.tag, ""), lang=element.get("lang") or "")
        if element.tag == "abbr":
            node.expansion = element.get("title") or ""
        node.kids = self.kids(element)
        if element.tag == "q":
            # Browsers and layout set the marks of the language, which the text leaves out.
            lang = next(
                (e.get("lang") for e in [element, *element.iterancestors()] if e.get("lang")), ""
            )
            marks = ("«", "»") if (lang or "").startswith("fr") else ("“", "”")
            node.kids = [Piece(marks[0]), *node.kids, Piece(marks[1])]
        return node

    def kids(self, element: etree._Element) -> list[Node | Piece]:
        """What an element holds, loose text beside blocks made a paragraph."""
        kids: list[Node | Piece] = []
        run: list[Node | Piece] = []
        holds_blocks = any(child.tag in _BLOCKS for child in element)
        wraps = element.tag in _ALWAYS_WRAPPED or (
            element.tag in _WRAPPED_BESIDE_BLOCKS and holds_blocks
        )

        def settle() -> None:
            if wraps and any(_says_something(kid) for kid in run) and not _is_lone_picture(run):
                kids.append(Node("P", list(run)))
            else:
                kids.extend(run)
            run.clear()

        if element.text:
            run.append(Piece(element.text))
        for child in element:
            if isinstance(child.tag, str) and not _only_here(child):
                if child.tag in _BLOCKS:
                    settle()
                    kids.extend(self.child(child))
                else:
                    run.extend(self.child(child))
            if child.tail:
                run.append(Piece(child.tail))
        settle()
        return kids

    def child(self, child: etree._Element) -> list[Node | Piece]:
        if (child.get("class") or "") == "notes" or _is_note(child):
            return []
        if child.tag == "br":
            return [Piece("\n")]
        if child.tag == "img":
            alternative = child.get("alt")
            return [Node("Figure", alt=alternative)] if alternative else []
        if child.tag.rpartition("}")[2] == "svg":
            return [Node("Figure", alt=child.get("aria-label"))] if child.get("aria-label") else []
        if child.tag == "a" and child.get("href"):
            return self.link(child)
        if child.tag == "dl":
            return [self.terms(child)]
        if child.tag in _TYPES:
            return [self.node(child)]
        if child.get("lang") and child.tag == "span":
            return [Node("Span", self.kids(child), lang=child.get("lang") or "")]
        if child.tag == "figure":
            return self.figure(child)
        return self.kids(child)

    def figure(self, figure: etree._Element) -> list[Node | Piece]:
        """A picture takes its caption into itself, so does a table."""
        kids = self.kids(figure)
        nodes = [kid for kid in kids if isinstance(kid, Node)]
        captions = [kid for kid in nodes if kid.type == "Caption"]
        for type_, in_front in (("Figure", False), ("Table", True)):
            owners = [kid for kid in nodes if kid.type == type_]
            if len(owners) == 1 and captions:
                [owner] = owners
                owner.kids = [*captions, *owner.kids] if in_front else [*owner.kids, *captions]
                return [kid for kid in kids if kid not in captions]
        return kids

    def terms(self, list_: etree._Element) -> Node:
        """A list of terms: an item is one or more terms with their definitions."""
        items: list[Node] = []
        for each in list_.iter("dt", "dd"):
            if next(each.iterancestors("dl")) is not list_:
                continue
            made = self.node(each)
            if not items or (made.type == "Lbl" and items[-1].kids[-1].type != "Lbl"):  # type: ignore[union-attr]
                items.append(Node("LI"))
            items[-1].kids.append(made)
        return Node("L", list(items))

    def link(self, link: etree._Element) -> list[Node | Piece]:
        address = link.get("href") or ""
        if link.get("role") == "doc-noteref":
            note = self.notes.pop(address.rpartition("#")[2], None)
            call = Node("Reference", [Piece("".join(link.itertext()))])
            return [call] if note is None else [call, self.note(note)]
        node = Node("Link", self.kids(link), targets=[self.target(address)])
        return [node]

    def note(self, note: etree._Element) -> Node:
        """A note, whose first paragraph runs on from its number: it is the note's own text."""
        kids = [kid for kid in self.kids(note) if not isinstance(kid, Piece) or kid.text.strip()]
        if kids and isinstance(kids[0], Node) and kids[0].type == "P":
            kids[:1] = kids[0].kids
        return Node("Note", kids)

    def target(self, address: str) -> str:
        """An address as the PDF has it: places of the book by their name alone."""
        if "://" in address or address.startswith(("mailto:", "tel:")):
            return _address(address)
        file, _, name = address.partition("#")
        return f"#{unquote(name)}" if name else f"#{posixpath.splitext(unquote(file))[0]}"


def _is_note(element: etree._Element) -> bool:
    return element.get("role") == "doc-footnote" or (
        element.tag == "li" and element.get("class") == "note"
    )


def _is_lone_picture(run: list[Node | Piece]) -> bool:
    """A picture alone between blocks is a block itself."""
    said = [kid for kid in run if _says_something(kid)]
    return len(said) == 1 and isinstance(said[0], Node) and said[0].type == "Figure"


def _says_something(kid: Node | Piece) -> bool:
    if isinstance(kid, Piece):
        return bool(squash(kid.text))
    return bool(squash(kid.text())) or any(node.type == "Figure" for node in kid.nodes())
