"""What a manuscript lacks for readers who cannot see it, or see it otherwise: all warnings.

Every rule is a function from a chapter to diagnostics, and reports only what is beyond doubt: a
writer who gets one false alarm reads none of the others. What a machine cannot judge is in the
conformance report's list for people (``report``).
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from lxml import etree

from imprint.diagnostics import Diagnostic, warning
from imprint.drawing import svg_tree
from imprint.languages import is_foreign
from imprint.markup import HEADINGS, text_of
from imprint.model import Book, Chapter, Source
from imprint.places import place_of

# What says that a picture is one, which its reader has been told already.
_REDUNDANT = {
    "en": r"(?:an? |the )?(?:image|picture|graphic|icon) (?:of|showing) ",
    "fr": r"(?:une |l['’])?image (?:de |du |des |d['’]|montrant )",
    "de": r"(?:ein |das )?bild (?:von |des |der |eines |einer )",
    "es": r"(?:una |la )?imagen (?:de |del )",
    "uk": r"(?:зображення|картинка) ",
    "ru": r"(?:изображение|картинка) ",
}
# Words that name a kind of picture and tell nothing of what is in it.
_EMPTY_ALTERNATIVES = {
    "en": "image picture photo photograph figure diagram chart graph graphic map table screenshot "
    "illustration drawing logo icon untitled",
    "fr": "image photo photographie figure schéma diagramme graphique carte tableau illustration "
    "dessin logo icône",
    "de": "bild foto abbildung diagramm grafik karte tabelle bildschirmfoto illustration zeichnung "
    "logo symbol",
    "es": "imagen foto fotografía figura diagrama gráfico mapa tabla ilustración dibujo logo icono",
    "uk": "зображення фото малюнок рисунок схема діаграма графік карта таблиця ілюстрація логотип",
    "ru": "изображение фото рисунок схема диаграмма график карта таблица иллюстрация логотип",
}
_VAGUE_LINKS = {
    "en": "here|click here|this|this link|link|the link|more|read more|learn more|see here",
    "fr": "ici|cliquez ici|cliquer ici|ce lien|lien|le lien|en savoir plus|lire la suite|plus",
    "de": "hier|hier klicken|klicken sie hier|klick hier|dieser link|diesem link|diesen link|link|"
    "mehr|mehr lesen|mehr erfahren|weiterlesen",
    "es": "aquí|haga clic aquí|haz clic aquí|pulse aquí|este enlace|enlace|leer más|más|saber más",
    "uk": "тут|натисніть тут|клацніть тут|це посилання|цим посиланням|за посиланням|посилання|"
    "за цим посиланням|детальніше|докладніше|читати далі",
    "ru": "здесь|тут|нажмите здесь|щёлкните здесь|эта ссылка|по ссылке|по этой ссылке|ссылка|"
    "подробнее|читать далее",
}
# Abbreviations that need no explanation: more people know them than know what they stand for.
_KNOWN_TO_ALL = frozenset(
    "AD AI AM API ATM BC BCE CD CE CEO CPU CSS CSV CV DIY DNA DVD EE EU FAQ FM GPS GPU HTML HTTP "
    "HTTPS ID IP ISBN ISSN IT JPEG JPG JSON OK ONU PC PDF PDG PIN PM PNG PS RAM SMS SOS SQL SVG TV "
    "TVA UE UK UN URL US USA USB UU VIP WWW XML YAML LKW PKW США ООН ЄС ЕС СРСР СССР".split()
)
_ABBREVIATION = re.compile(r"(?<![\w\-–/&@#.’'])([^\W\d_]{2,6}?)s?(?![\w\-–/&@#]|\.\w)")
_DEFINED = re.compile(
    r"(?<!\w)([^\W\d_]{2,6})[\"”»“]? (?:stands for|means|is (?:an?|the)|signifie|est (?:une?|l[ea])|"
    r"steht für|bedeutet|ist (?:ein|eine|der|die|das)|significa|es (?:una?|el|la)|означає|означает) "
)
_ROMAN = re.compile(r"M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")
_PICTURE_FILE = re.compile(r"\.(png|jpe?g|gif|svg|webp|avif|tiff?|bmp|heic|pdf|eps)$", re.I)
_CAMERA_NAME = re.compile(r"(IMG|DSC[FN]?|PXL|P|Screenshot|Bildschirmfoto)[ _-]?\d[\d _.-]*", re.I)
_ADDRESS = re.compile(r"(https?://|www\.)\S+", re.I)
_LONGEST_ADDRESS = 40
_WORDS = re.compile(r"[^\W\d_]{3,}")
# Fewer words are labels, which an alternative need not repeat.
_MANY_WORDS = 12
_ATX = re.compile(r"[ >]{0,6}(#{1,6})(?:\s|$)")
_HTML_HEADING = re.compile(r"<h([1-6])\b", re.I)
# Where words are quoted from machines or from other works: no place to look for the author's own.
_FOREIGN_MATTER = frozenset("code pre kbd samp var abbr svg math".split())


def lint(
    book: Book, sources: Sequence[Source], known: Collection[Diagnostic] = ()
) -> list[Diagnostic]:
    """Warnings about a resolved book; ``known`` are those that earlier stages gave already."""
    texts = {source.file: source for source in sources}
    told = {(d.file, d.line, d.column) for d in known if d.code == "alt-missing"}
    found: list[Diagnostic] = []
    for chapter in book.chapters:
        if chapter.role == "part":
            continue
        source = texts.get(chapter.file)
        for rule in (_alternatives, _links, _tables, _languages):
            found.extend(rule(chapter))
        found.extend(_words_in_drawings(chapter, book))
        if source is not None:
            found.extend(_heading_gaps(chapter, source))
    found = [d for d in found if (d.file, d.line, d.column) not in told or d.code[:4] != "alt-"]
    return [*found, *_abbreviations(book, texts)]


def _warn(
    chapter: Chapter, element: etree._Element, code: str, message: str, hint: str
) -> Diagnostic:
    line, column = place_of(element)
    return warning(code, chapter.file, line, column, message, hint)


def _language(element: etree._Element, chapter: Chapter) -> str:
    """The language of an element by itself or those around it, without its region."""
    while element is not None:
        if element.get("lang"):
            return str(element.get("lang")).partition("-")[0].lower()
        element = element.getparent()
    return chapter.lang.partition("-")[0].lower()


def _letters(text: str) -> str:
    """Only what is read, for comparing."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


# --- pictures ------------------------------------------------------------------------------------


def _alternatives(chapter: Chapter) -> Iterator[Diagnostic]:
    """Text alternatives that tell nothing."""
    before: etree._Element | None = None
    for picture in chapter.body.iter("img"):
        alternative = " ".join((picture.get("alt") or "").split())
        if not alternative or picture.get("role") == "presentation":
            continue
        fault = _alternative_fault(chapter, picture, alternative)
        if fault is not None:
            yield fault
        elif before is not None and _is_same_alternative(before, picture):
            yield _warn(
                chapter,
                picture,
                "alt-repeated",
                f"Two pictures in a row have the text alternative “{_cut(alternative)}”.",
                "Write what tells the second from the first.",
            )
        before = picture


def _alternative_fault(
    chapter: Chapter, picture: etree._Element, alternative: str
) -> Diagnostic | None:
    """What is wrong with one alternative, the gravest first."""
    lang = _language(picture, chapter)
    stem = PurePosixPath(picture.get("src") or "").stem
    letters = _letters(alternative)
    if _PICTURE_FILE.search(alternative) or _CAMERA_NAME.fullmatch(alternative):
        return _warn(
            chapter,
            picture,
            "alt-file-name",
            f"The text alternative “{_cut(alternative)}” is a file's name.",
            "Write what the picture shows.",
        )
    figure = next(picture.iterancestors("figure"), None)
    is_name = letters == _letters(stem) and re.search(r"[-_\d]", alternative)
    empty = {*_EMPTY_ALTERNATIVES.get(lang, "").split(), *_EMPTY_ALTERNATIVES["en"].split()}
    bare = re.sub(r"[\s\d.:#-]+$", "", alternative.casefold())
    if is_name or (figure is not None and (bare in empty or len(letters) < 3)):
        return _warn(
            chapter,
            picture,
            "alt-short",
            f"The text alternative “{_cut(alternative)}” does not tell what the picture shows.",
            "Say in a sentence what a reader should get from it.",
        )
    if figure is not None and letters == _letters(_caption(figure)):
        return _warn(
            chapter,
            picture,
            "alt-caption",
            "The text alternative repeats the caption, which is read out as well.",
            "Let it tell what the picture shows, the caption what it means.",
        )
    pattern = _REDUNDANT.get(lang)
    if pattern and re.match(pattern, alternative, re.I):
        return _warn(
            chapter,
            picture,
            "alt-redundant",
            f"The text alternative begins “{_cut(alternative, 24)}”: readers know that it is one.",
            "Begin with what it shows.",
        )
    return None


def _words_in_drawings(chapter: Chapter, book: Book) -> Iterator[Diagnostic]:
    """Drawings full of words that stand nowhere else: who does not see them does not get them.

    Pictures made of pixels may hold words as well, which takes eyes to find out (``report``).
    """
    body = chapter.body
    said: set[str] | None = None
    for picture in body.iter("img"):
        asset = book.assets.get(picture.get("src") or "")
        if asset is None or asset.media_type != "image/svg+xml":
            continue
        figure = next(picture.iterancestors("figure"), picture)
        following = figure.getnext()
        if following is not None and following.tag == "details":
            continue  # its data or its description
        drawn = _words_of_drawing(asset.content)
        if said is None:
            said = _words_of(text_of(body))
        unsaid = drawn - said - _words_of(picture.get("alt") or "")
        if len(unsaid) >= _MANY_WORDS and len(unsaid) > len(drawn) / 2:
            yield _warn(
                chapter,
                picture,
                "figure-text",
                f"This drawing holds {len(drawn)} words, of which {len(unsaid)} stand neither in its "
                "text alternative nor in the chapter.",
                "Say in the text or in the alternative what they say, or put a `<details>` with a "
                "description behind the figure.",
            )


def _words_of(text: str) -> set[str]:
    return set(_WORDS.findall(text.casefold()))


def _words_of_drawing(content: bytes) -> set[str]:
    tree = svg_tree(content)
    if tree is None:
        return set()
    return set().union(*(_words_of(" ".join(t.itertext())) for t in tree.iter("{*}text")))


def _caption(figure: etree._Element) -> str:
    words = figure.find("figcaption/span[@class='caption']")
    return text_of(words) if words is not None else ""


def _is_same_alternative(one: etree._Element, other: etree._Element) -> bool:
    same = _letters(one.get("alt") or "") == _letters(other.get("alt") or "")
    return same and one.get("src") != other.get("src")


def _cut(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


# --- headings ------------------------------------------------------------------------------------


def _heading_gaps(chapter: Chapter, source: Source) -> Iterator[Diagnostic]:
    """Levels left out in the source: the editions close the gap, and guess in doing so."""
    lines = source.text.splitlines()
    title = chapter.body.find("h1")
    level = _written_level(title, lines, source.line) if title is not None else 0
    level = level or 1
    for heading in chapter.body.iter(*HEADINGS[1:]):
        if any(a.tag in ("aside", "blockquote", "li") for a in heading.iterancestors()):
            continue
        written = _written_level(heading, lines, source.line)
        if not written:
            level = 6  # what may follow a heading of unknown level is unknown too
            continue
        if written > level + 1:
            yield _warn(
                chapter,
                heading,
                "heading-gap",
                f"A heading of level {written} follows one of level {level}.",
                f"Write it with {'#' * (level + 1)}, or add the heading between.",
            )
        level = written


def _written_level(heading: etree._Element, lines: Sequence[str], first_line: int) -> int:
    """The level that the source gives a heading, 0 where the line does not look like it."""
    number = place_of(heading)[0] - first_line
    if not 0 <= number < len(lines):
        return 0
    line = html.unescape(lines[number])
    if _letters(text_of(heading))[:8] not in _letters(line):
        return 0
    if marks := _ATX.match(line):
        return len(marks[1])
    if tag := _HTML_HEADING.search(line):
        return int(tag[1])
    below = lines[number + 1].strip() if number + 1 < len(lines) else ""
    if below and not below.strip("="):
        return 1
    return 2 if below and not below.strip("-") else 0


# --- links ---------------------------------------------------------------------------------------


def _links(chapter: Chapter) -> Iterator[Diagnostic]:
    """Links whose words do not say where they lead."""
    targets: dict[str, str] = {}
    for link in chapter.body.iter("a"):
        href, words = link.get("href"), text_of(link)
        if not href or not words or not _is_written(link):
            continue
        vague = _VAGUE_LINKS.get(_language(link, chapter), "").split("|")
        bare = words.casefold().strip(" .,:;!?…»›>→[]()“”«\u00a0")
        if bare in vague:
            yield _warn(
                chapter,
                link,
                "link-text",
                f"A link says only “{words}”: in a list of links nobody knows where it leads.",
                "Link the words that name what is there.",
            )
        elif _ADDRESS.fullmatch(words):
            if len(words) > _LONGEST_ADDRESS and _is_running_text(link, chapter):
                yield _warn(
                    chapter,
                    link,
                    "link-address",
                    f"The address “{_cut(words)}” stands for a link's words: it is read out "
                    "letter by letter.",
                    "Link words that name what is there.",
                )
        elif len(_letters(words)) > 2 and not words.isdigit():
            first = targets.setdefault(_letters(words), href)
            if _destination(first) != _destination(href):
                yield _warn(
                    chapter,
                    link,
                    "link-ambiguous",
                    f"“{_cut(words)}” leads elsewhere than the same words did before.",
                    "Word the two links differently.",
                )


def _is_written(link: etree._Element) -> bool:
    """Whether the link's words are the author's own."""
    made = {"noteref", "note-back", "xref", "remote-picture"}
    return not made.intersection((link.get("class") or "").split()) and link.find(".//img") is None


def _is_running_text(link: etree._Element, chapter: Chapter) -> bool:
    """Whether a link stands in prose: bibliographies, notes and tables give addresses in full."""
    if chapter.role == "bibliography":
        return False
    return all(
        a.tag not in ("table", "dd", "figcaption") and a.get("role") != "doc-endnotes"
        for a in link.iterancestors()
    )


def _destination(href: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", href).rstrip("/").lower()


# --- tables --------------------------------------------------------------------------------------


def _inside_table(table: etree._Element) -> bool:
    return next(table.iterancestors("table"), None) is not None


def _tables(chapter: Chapter) -> Iterator[Diagnostic]:
    """Tables whose cells nobody can tell the meaning of, and those that only place things."""
    for table in chapter.body.iter("table"):
        if any(a.get("class") == "figure-data" for a in table.iterancestors()):
            continue
        if table.get("role") == "presentation" or _inside_table(table):
            continue
        if _is_layout(table):
            yield _warn(
                chapter,
                table,
                "table-layout",
                "This table holds no data: it only sets things side by side.",
                "Write its content as text, a list or figures.",
            )
        elif next(table.iter("th"), None) is None and _has_data(table):
            yield _warn(
                chapter,
                table,
                "table-headers",
                "This table has no header cells: heard cell by cell, its figures mean nothing.",
                "Give its columns names in the first row.",
            )


def _is_layout(table: etree._Element) -> bool:
    if next(table.iterdescendants("table"), None) is not None:
        return True
    if next(table.iter("th"), None) is not None:
        return False
    cells = [cell for cell in table.iter("td") if len(cell) or text_of(cell)]
    placed = ("img", "ul", "ol", "pre", "blockquote", "figure", "h2", "h3", "h4", "h5", "h6")
    return bool(cells) and (
        len(cells) == 1 or all(next(cell.iter(*placed), None) is not None for cell in cells)
    )


def _has_data(table: etree._Element) -> bool:
    rows = [list(row.iterchildren("td")) for row in table.iter("tr")]
    return len(rows) > 1 and max(map(len, rows)) > 1


# --- language ------------------------------------------------------------------------------------


def _languages(chapter: Chapter) -> Iterator[Diagnostic]:
    """Paragraphs in a language that they are not said to be in."""
    texts = [
        (element, " ".join(_own_words(element).split()))
        for element in chapter.body.iter("p", "li", "dd", "dt")
        if not any(a.tag in _FOREIGN_MATTER for a in element.iterancestors())
    ]
    foreign = [(e, t) for e, t in texts if t and is_foreign(t, _declared(e, chapter))]
    length = sum(len(text) for _, text in texts)
    if foreign and sum(len(text) for _, text in foreign) > length / 2:
        yield _warn(
            chapter,
            foreign[0][0],
            "language-unmarked",
            f"Most of this chapter is not in the language that it is said to be in "
            f"({chapter.lang}).",
            'Name its language in the file\'s head: `lang = "…"`.',
        )
        return
    for element, _ in foreign:
        yield _warn(
            chapter,
            element,
            "language-unmarked",
            f"This paragraph is not in the language around it ({_declared(element, chapter)}): "
            "it would be read out wrongly, and hyphenated so.",
            "End it with the language, as in `{lang=fr}`.",
        )


def _declared(element: etree._Element, chapter: Chapter) -> str:
    while element is not None:
        if element.get("lang"):
            return str(element.get("lang"))
        element = element.getparent()
    return chapter.lang


def _own_words(element: etree._Element) -> str:
    """An element's text without code, what has a language of its own, and blocks inside it."""
    parts = [element.text or ""]
    for child in element:
        apart = child.tag in _FOREIGN_MATTER or child.get("lang")
        block = child.tag in ("p", "ul", "ol", "dl", "li", "div", "blockquote", "table", "pre")
        if isinstance(child.tag, str) and not apart and not block:
            parts.append(_own_words(child))
        parts.append(child.tail or "")
    return " ".join(parts)


# --- abbreviations -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Use:
    file: str
    line: int
    column: int


def _abbreviations(book: Book, sources: Mapping[str, Source]) -> Iterator[Diagnostic]:
    """Abbreviations that the book uses more than once and never explains, at their first use."""
    uses: dict[str, list[_Use]] = defaultdict(list)
    explained: set[str] = set()
    plain: Counter[str] = Counter()
    for chapter in book.chapters:
        body = chapter.body
        explained |= _explained(chapter, body)
        for element, text in _author_texts(body):
            plain.update(w for w in re.findall(r"[^\W\d_]+", text) if w.islower())
            for match in _ABBREVIATION.finditer(text):
                if match[1].isupper() and not _in_capitals(text, match):
                    uses[match[1]].append(_Use(chapter.file, *place_of(element)))
    for token, places in uses.items():
        common = token in _KNOWN_TO_ALL or _ROMAN.fullmatch(token) or plain[token.lower()]
        if common or token in explained or len(places) < 2:
            continue
        yield _unexplained(token, places, sources)


def _unexplained(token: str, places: Sequence[_Use], sources: Mapping[str, Source]) -> Diagnostic:
    first = places[0]
    line, column = first.line, first.column
    source = sources.get(first.file)
    if source is not None:
        for number, text in enumerate(source.text.splitlines(), source.line):
            match = re.search(rf"(?<!\w){token}s?(?!\w)", text) if number >= line else None
            if match:
                line, column = number, match.start() + 1
                break
    return warning(
        "abbreviation",
        first.file,
        line,
        column,
        f"The abbreviation {token} is used {len(places)} times and nowhere explained.",
        f"Write it out at its first use, “… ({token})”, or add a line `*[{token}]: …`.",
    )


def _explained(chapter: Chapter, body: etree._Element) -> set[str]:
    """The abbreviations that a chapter explains: marked, in brackets, or as a list's terms."""
    found = {text_of(abbr) for abbr in body.iter("abbr") if abbr.get("title")}
    for term in body.iter("dt"):
        found.update(re.findall(r"\w+", text_of(term)))
    if chapter.role == "glossary":
        for cell in body.iter("td", "th", "strong"):
            found.update(re.findall(r"\w+", text_of(cell)))
    # Block by block, so that a bracket may hold marked words and not reach into the next one.
    for block in body.iter(*HEADINGS, "p", "li", "dd", "td", "th", "figcaption", "caption"):
        text = text_of(block)
        for inside in re.findall(r"\(([^()]{2,120})\)", text):
            found.update(re.findall(r"(?<!\w)([^\W\d_]{2,6}?)s?(?!\w)", inside))
        for token, first in re.findall(r"(?<!\w)([^\W\d_]{2,6})(?: ?[(–—]|, [“«„\"]) ?(\w)", text):
            if token.isupper() and first.casefold() == token[0].casefold():
                found.add(token)
        found.update(match[1] for match in _DEFINED.finditer(text) if match[1].isupper())
    return found


def _author_texts(element: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """The pieces of running text with the element that each stands in."""
    skipped = element.tag in _FOREIGN_MATTER or element.tag in (*HEADINGS, "details")
    names = {"missing", "remote-picture", "credit", "external"}
    made = names.intersection((element.get("class") or "").split()) and _ADDRESS.search(
        text_of(element)
    )
    if not isinstance(element.tag, str) or skipped or made:
        return
    if element.text:
        yield element, element.text
    for child in element:
        yield from _author_texts(child)
        if child.tail:
            yield element, child.tail


def _in_capitals(text: str, match: re.Match[str]) -> bool:
    """Whether a word stands among others in capitals: loud, not short."""
    before = re.findall(r"[^\W\d_]{2,}", text[: match.start()])[-1:]
    after = re.findall(r"[^\W\d_]{2,}", text[match.end() :])[:1]
    return any(word.isupper() and len(word) > 1 for word in before + after)
