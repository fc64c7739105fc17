"""Strangers' Markdown through the dialect and the converter, against markdown-it as an oracle.

What stays unlike CommonMark on purpose, and is therefore kept out of the comparisons:

* `<T>` in prose is text, and so are unclosed comments and stray tags: no word is lost;
* a line that begins with an inline element (`<img …>`) begins a paragraph, not raw HTML;
* a table grows for a row that is too long, where GitHub cuts it;
* a link definition directly after a paragraph is one, where CommonMark reads text;
* comments are dropped, empty quotations and headings too;
* a quotation mark after four columns is none, as the standard says and markdown-it does not;
* "| a" over "---" is a heading as on GitHub, a table of one column to markdown-it;
* boxes, footnotes, definitions, abbreviations and attributes are ours besides.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tinyhtml5
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from imprint.dialect import normalise
from imprint.md import converter
from tests.examples import patient

ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT.parent / "shared" / "manuscripts" / "open-source-guide"
ORACLE = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def html(source: str, lang: str = "en") -> str:
    """The source's HTML without the white space between tags and at the ends of lines."""
    text = converter(lang).convert(normalise(source))
    text = re.sub(r'<div class="language-(\S+) code"><pre><span></span><code>', r"<pre \1>", text)
    text = text.replace("</code></pre></div>", "</pre>")
    return re.sub(r"\s*\n\s*(?=<)|(?<=>)\s*\n\s*", "", text).strip()


# --- the outline: what both readings must agree in --------------------------------------------

BLOCKS = set(
    "p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre table tr td th hr dl dt dd div details".split()
)
INLINES = {"strong", "em", "code", "img", "br", "del"}


def outline(text: str) -> list[str]:
    """Kind, depth and words of every block of the HTML, with the inline elements among them."""
    body = tinyhtml5.parse(text, namespace_html_elements=False).find("body")
    entries: list[tuple[str, list[str]]] = []
    assert body is not None
    for child in [body]:
        _walk(child, 0, "", entries)
    return [f"{kind} {' '.join(words)}" for kind, words in entries if words or "p@" not in kind]


def _walk(
    element: ElementTree.Element, depth: int, parent: str, entries: list[tuple[str, list[str]]]
) -> None:
    tag = str(element.tag)
    # What only wraps code for its colours is no block; tight or loose is a matter of look.
    code = tag == "div" and "code" in element.get("class", "").split()
    if tag == "body" or (tag in BLOCKS and not code and not (tag == "p" and parent == "li")):
        entries.append((f"{tag}@{depth}" if tag != "body" else "p@", []))
        depth += tag != "body"
    elif tag in INLINES:
        entries[-1][1].append(tag.upper())
    if tag == "pre":
        entries[-1][1].extend(_words("".join(element.itertext())))
        return
    entries[-1][1].extend(_words(element.text))
    for child in element:
        _walk(child, depth, parent if code else tag, entries)
        entries[-1][1].extend(_words(child.tail))


def _words(text: str | None) -> list[str]:
    return re.findall(r"\w+", text or "")


def assert_alike(source: str, oracle_source: str | None = None) -> None:
    expected = outline(ORACLE.render(source if oracle_source is None else oracle_source))
    normal = normalise(source)
    assert outline(converter("en").convert(normal)) == expected, f"from\n{normal}"


# --- each habit, one by one ------------------------------------------------------------------

CASES = {
    "nested by two columns": ("- a\n  - b\n    - c\n", "<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li></ul>"),
    "nested by four, as Python-Markdown": ("- a\n    - b\n", "<ul><li>a<ul><li>b</li></ul></li></ul>"),
    "nested by a tab": ("1. a\n\t- b\n", "<ol><li>a<ul><li>b</li></ul></li></ol>"),
    "continuation in an item": ("1. a\n\n   b\n2. c\n", "<ol><li><p>a</p><p>b</p></li><li><p>c</p></li></ol>"),
    "parenthesis and start": ("3) a\n4) b\n", '<ol start="3"><li>a</li><li>b</li></ol>'),
    "fence in an item": ("- a\n  ```py\n  b\n\n   c\n  ```\n- d\n", '<ul><li>a<pre py><span class="n">b</span><span class="n">c</span></pre></li><li>d</li></ul>'),
    "code in an item": ("- a\n\n      b\n", "<ul><li>a<pre text>b</pre></li></ul>"),
    "table and quotation in an item": ("- a\n\n  |x|y|\n  |-|-|\n  |1|2|\n\n  > q\n", "<ul><li>a<table><thead><tr><th>x</th><th>y</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table><blockquote><p>q</p></blockquote></li></ul>"),
    "other marks, other lists": ("- a\n* b\n+ c\n", "<ul><li>a</li></ul><ul><li>b</li></ul><ul><li>c</li></ul>"),
    "lists parted by a comment": ("- a\n\n<!-- -->\n\n- b\n", "<ul><li>a</li></ul><ul><li>b</li></ul>"),
    "a list interrupts": ("text\n- a\n1. b\n", "<p>text</p><ul><li>a</li></ul><ol><li>b</li></ol>"),
    "a year does not": ("born in\n1986. Then\n", "<p>born in 1986. Then</p>"),
    "a year that begins a paragraph": ("1986\\. Then\n", "<p>1986. Then</p>"),
    "a table interrupts": ("text\na|b\n-|-\n1|2\n", "<p>text</p><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>"),
    "a fence and a quotation interrupt": ("text\n```\nx\n```\ntext\n> q\n", "<p>text</p><pre text>x</pre><p>text</p><blockquote><p>q</p></blockquote>"),
    "unclosed fence": ("```\na\n\nb\n", "<pre text>a\n\nb</pre>"),
    "longer fence": ("`````\n```\nx\n```\n`````\n", "<pre text>```\nx\n```</pre>"),
    "tildes": ("~~~~\n~~~\n~~~~\n", "<pre text>~~~</pre>"),
    "tabs in code": ("```make\na:\n\tb\n```\n", '<pre make><span class="nf">a</span><span class="o">:</span><span class="w">\t</span>b</pre>'),
    "backslash at the end": ("a\\\nb\n", "<p>a<br>b</p>"),
    "backslash in a heading": ("a\\\nb\n===\n", "<h1>a<br> b</h1>"),
    "Markdown in details": ("<details>\n<summary>S</summary>\n\n*a*\n\n</details>\n", "<details><summary>S</summary><p><em>a</em></p></details>"),
    "Markdown in a division": ('<div align="center">\n\n# a\n\n</div>\n', '<div align="center"><h1>a</h1></div>'),
    "an element left open": ("<div>\n\n*a*\n", "<div><p><em>a</em></p></div>"),
    "an end tag too many": ("*a*\n\n</div>\n\nb\n", "<p><em>a</em></p><p>b</p>"),
    "markdown=1": ('<div markdown="1">\n# a\n</div>\n', "<div><h1>a</h1></div>"),
    "markdown=1 without content": (
        '- <div markdown="1">\n  </div>\n- b\n',
        "<ul><li><div></div></li><li>b</li></ul>",
    ),
    "markdown=1 on a paragraph": ('<p markdown="1" class="x">\n*a* & b\n</p>\n', '<p class="x"><em>a</em> &amp; b</p>'),
    "markdown=1 nested in its like": ('<div markdown="1">\n<div class="b">\nx\n</div>\n*a*\n</div>\n*c*\n', '<div><div class="b">x</div><p><em>a</em></p></div><p><em>c</em></p>'),
    "Docusaurus": (":::note My title\n*a*\n:::\n", '<div class="admonition note"><p class="admonition-title">My title</p><p><em>a</em></p></div>'),
    "Docusaurus, title in brackets": (":::tip[T]\na\n:::\nb\n", '<div class="admonition tip"><p class="admonition-title">T</p><p>a</p></div><p>b</p>'),
    "Quarto": ("::: {.callout-warning}\n## T\na\n:::\n", '<div class="admonition warning"><p class="admonition-title">T</p><p>a</p></div>'),
    "Pandoc's division": ("::: {#i .c}\n*a*\n:::\n", '<div id="i" class="c"><p><em>a</em></p></div>'),
    "MyST": ("```{note}\n:class: x\na\n```\n", '<div class="admonition note"><p class="admonition-title">Note</p><p>a</p></div>'),
    "MyST's figure": ("```{figure} a b.png\n:name: fig-a\n:alt: A [b]\n\nC *d*\n```\n", '<p><img alt="A [b]" id="fig-a" src="a%20b.png"></p><p>Figure: C <em>d</em></p>'),
    "MyST's figure between colons": (":::{figure} a.png\nC\n:::\n", '<p><img alt="" src="a.png"></p><p>Figure: C</p>'),
    "MyST's code": ("```{code-block} py\n---\nlineno: 1\n---\na\n```\n", '<pre py><span class="n">a</span></pre>'),
    "GitHub's box": ("> [!TIP]\n> a\n>\n> b\n", '<div class="admonition tip"><p class="admonition-title">Tip</p><p>a</p><p>b</p></div>'),
    "our box": ('!!! brief "In *brief*"\n    a\n\n    - b\n\nc\n', '<div class="admonition brief"><p class="admonition-title">In <em>brief</em></p><p>a</p><ul><li>b</li></ul></div><p>c</p>'),
    "our box without a title": ('!!! note ""\n    a\n', '<div class="admonition note"><p>a</p></div>'),
    "a folded box": ('???+ note "T"\n    a\n', '<details class="note"><summary>T</summary><p>a</p></details>'),
    "comments": ("a <!-- x -- y --> b\n\n<!--\n\n*x*\n--> c\n", "<p>a  b</p><p>c</p>"),
    "unclosed comment": ("<!-- a\n\nb\n", "<p>&lt;!&ndash; a</p><p>b</p>"),
    "unclosed inline elements": ("<b>a\n\nb <a name='x'/>c<br>d\n", "<p><b>a</b></p><p>b <a name='x'></a>c<br>d</p>"),
    "an inline end tag too many": ("a</b> b\n", "<p>a b</p>"),
    "less-than in prose": ("a < b, <3, Vec<T> & AT&T &copy; R&D\n", "<p>a &lt; b, &lt;3, Vec&lt;T&gt; &amp; AT&amp;T &copy; R&amp;D</p>"),
    "less-than in raw HTML": ("<div>\na <b c Vec<T>\n</div>\n", "<div>a &lt;b c Vec&lt;T></div>"),
    "addresses": ("<irc://a.b/c> https://x.org/a_b_c.\n", '<p><a href="irc://a.b/c">irc://a.b/c</a> <a href="https://x.org/a_b_c">https://x.org/a_b_c</a>.</p>'),
    "table without outer pipes": ("a | b\n--|:-:\n1 | 2\n", '<table><thead><tr><th>a</th><th style="text-align: center;">b</th></tr></thead><tbody><tr><td>1</td><td style="text-align: center;">2</td></tr></tbody></table>'),
    "pipes in cells": ("|a|b|\n|-|-|\n|`x\\|y`|z\\|w|\n", "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td><code>x|y</code></td><td>z|w</td></tr></tbody></table>"),
    "pipes in code that GitHub would split at": ("|a|b|\n|-|-|\n|`x|y`|z|\n", "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td><code>x|y</code></td><td>z</td></tr></tbody></table>"),
    "rows of unequal length": ("|a|\n|-|\n|1|2|\n||\n", "<table><thead><tr><th>a</th><th></th></tr></thead><tbody><tr><td>1</td><td>2</td></tr><tr><td></td><td></td></tr></tbody></table>"),
    "a caption right after the table": ("|a|\n|-|\nTable: C\n", "<table><thead><tr><th>a</th></tr></thead><tbody></tbody></table><p>Table: C</p>"),
    "definition after a paragraph": ("a [b]\n[b]: /u 'T'\n", '<p>a <a href="/u" title="T">b</a></p>'),
    "definition over lines": ("[a]\n\n[a]:\n  /u\n  'T'\n", '<p><a href="/u" title="T">a</a></p>'),
    "the first definition counts": ("[a]\n\n[a]: /1\n[A]: /2\n", '<p><a href="/1">a</a></p>'),
    "reference with code": ("[`a`] [b][`a`]\n\n[`a`]: /u\n", '<p><a href="/u"><code>a</code></a> <a href="/u">b</a></p>'),
    "setext after several lines": ("a\nb\n---\n", "<h2>a b</h2>"),
    "headings without blank lines": ("a\n# b #\nc\n## C#\n#5 d\n", "<p>a</p><h1>b</h1><p>c</p><h2>C#</h2><p>#5 d</p>"),
    "attributes": ("# a {#i .c}\n\n*b*{lang=fr} c\n{: .d }\n", '<h1 class="c" id="i">a</h1><p class="d"><em lang="fr">b</em> c</p>'),
    "braces that are no attributes": ("# GET {id}\n\n**a**{b}\n", "<h1>GET {id}</h1><p><strong>a</strong>{b}</p>"),
    "Kramdown's attributes under a heading": ("# a\n{: .c}\nb\n", '<h1 class="c">a</h1><p>b</p>'),
    "Liquid": ("a\n{% include x %}\nb {{ c | d }}\n\n{%- highlight py -%}\n# a\n{% endhighlight %}\n", '<p>a\nb {{ c | d }}</p><pre py><span class="c1"># a</span></pre>'),
    "line ends": ("a\r\nb\rc\n\r\n- d\r\n", "<p>a\nb\nc</p><ul><li>d</li></ul>"),
    "index term": ("a {index: NATO; *x*} `{index: b}`\n", '<p>a <span class="index-term" data-term="NATO; *x*"></span> <code>{index: b}</code></p>'),
    "definitions": ("A\nB\n: c\n\n  d\n: e\n", "<dl><dt>A</dt><dt>B</dt><dd><p>c</p><p>d</p></dd><dd>e</dd></dl>"),
    "abbreviations": ("NATO\n\n*[NATO]: North Atlantic\n", '<p><abbr title="North Atlantic">NATO</abbr></p>'),
    "tasks": ("- [ ] a\n- [x] b\n", '<ul class="task-list"><li class="task-list-item"><input type="checkbox" disabled/> a</li><li class="task-list-item"><input type="checkbox" disabled checked/> b</li></ul>'),
    "deleted, inserted, marked": ("~~a~~ ^^b^^ ==c== a_b_c 2^3^\n", "<p><del>a</del> <ins>b</ins> <mark>c</mark> a_b_c 2^3^</p>"),
    "marks that are none beside emphasis": ("*a *b* === c\nd *e* x ***_f g_~_ *~~ ^ ~~ h*\n", "<p>*a <em>b</em> === c\nd <em>e</em> x ***<em>f g</em>~_ <em>~~ ^ ~~ h</em></p>"),
    "a break is white space": ("*a  \n*b*\n", "<p>*a<br><em>b</em></p>"),
    "emoji are characters": (":tada: :nonesuch: 10:30:00\n", "<p>\N{PARTY POPPER} :nonesuch: 10:30:00</p>"),
    "escapes": ("\\&copy; \\< \\: \\a \\*\n", "<p>&amp;copy; &lt; : \\a *</p>"),
    "inline code that looks like a fence": ("```a``` b\n", "<p><code>a</code> b</p>"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_habit(name: str) -> None:
    source, expected = CASES[name]
    assert html(source) == expected


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ("rust,ignore", "rust"),
        ("js {1,3}", "js"),
        ("js{1,3}", "js"),
        ("{.python .numberLines}", "python"),
        ("{r, echo=FALSE}", "r"),
        ('python title="a.py" hl_lines="1"', "python"),
        ("c++", "c++"),
        ("nonesuch-language", "text"),
        ("{}", "text"),
        ("", "text"),
    ],
)
def test_language_of_a_fence(info: str, language: str) -> None:
    assert f'class="language-{language} code"' in converter("en").convert(
        normalise(f"```{info}\nx\n```\n")
    )


def test_footnotes_with_several_paragraphs_by_two_to_four_columns() -> None:
    for by in ("  ", "   ", "    "):
        text = html(f"a[^1]\n\n[^1]: one\n\n{by}two\n\n{by}- three\n\nb\n")
        assert "<p>one</p><p>two</p><ul><li>three</li></ul>" in text
        assert text.index("<p>b</p>") < text.index("<p>one</p>")


def test_no_footnote_is_lost_in_another_or_for_its_name() -> None:
    text = html("a[^1]\n\n[^1]: one\n\n    [^2]: two\n\n[^1]: three\n")
    assert [word in text for word in ("one", "two", "three")] == [True] * 3


def test_very_many_footnotes_stay_in_order() -> None:
    text = html("".join(f"a[^{n}]\n\n[^{n}]: note {n}.\n\n" for n in range(400)))
    assert re.findall(r"note (\d+)\.", text) == [str(n) for n in range(400)]
    assert "imprint-group" not in text


def test_quotation_marks_and_apostrophes_by_language() -> None:
    assert html("\"a\" 'b' it's", "en") == "<p>“a” ‘b’ it’s</p>"
    assert html('"a" l\'*ami*', "fr") == "<p>«\u202fa\u202f» l’<em>ami</em></p>"
    assert html('"a" `"b"`', "de") == '<p>„a“ <code>"b"</code></p>'


UNTOUCHED = "- x\n  y\n\n\n# z  \n{% a %}\n:::note\n> b\n1) c\n<!-- d"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("```\n", "\n```\n"),
        ("~~~~\n```\n", "\n~~~~\n"),
        ("<pre>\n", "\n</pre>\n"),
        ("<pre>\n```\n", "\n</pre>\n"),
        ("<script>\n", "\n</script>\n"),
        ("<style>\n", "\n</style>\n"),
    ],
)
def test_content_of_code_and_raw_text_is_not_touched(before: str, after: str) -> None:
    text = converter("en").convert(normalise(f"a\n\n{before}{UNTOUCHED}{after}\n*b*\n"))
    body = tinyhtml5.parse(text, namespace_html_elements=False).find("body")
    assert body is not None
    content = "".join(body.itertext())
    if "<s" in before:
        # Blank lines mean nothing there and would end the raw HTML for the converter.
        assert UNTOUCHED.replace("\n\n\n", "\n").replace("z  ", "z") in content
    else:
        assert UNTOUCHED in content
    assert body.find("p/em") is not None


def test_indented_code_is_not_touched() -> None:
    code = "".join(f"    {line}\n" if line else "\n" for line in UNTOUCHED.split("\n"))
    text = converter("en").convert(normalise(f"a\n\n{code}\n*b*\n"))
    body = tinyhtml5.parse(text, namespace_html_elements=False).find("body")
    assert body is not None
    assert UNTOUCHED in "".join(body.itertext())


def test_aside_of_the_open_source_guide() -> None:
    source = (
        '<aside markdown="1" class="pquote">\n'
        '  <img src="x.png" class="pquote-avatar" alt="avatar">\n'
        "  What *counts*.\n"
        '  <p markdown="1" class="pquote-credit">\n'
        '— @lord, ["Tips"](https://x.org/)\n'
        "  </p>\n"
        "</aside>\n\nAfter.\n"
    )
    assert html(source) == (
        '<aside class="pquote"><p><img src="x.png" class="pquote-avatar" alt="avatar">What '
        '<em>counts</em>.</p><p class="pquote-credit">— @lord, <a href="https://x.org/">“Tips”</a>'
        "</p></aside><p>After.</p>"
    )


# --- against the oracle ----------------------------------------------------------------------

ALIKE = [
    "- a\n\n  b\n- c\n\n\n- d\n",
    "- a\n - b\n  - c\n   - d\n    - e\n",
    "1. a\n\n  2. b\n\n    3. c\n",
    "-\n  a\n-\n  ```\n  b\n  ```\n-\n\n  c\n",
    "10) a\n    - b\n\n      c\n11) d\n",
    "- a\n  > b\n  ```\n  c\n  ```\n- d\n",
    "> a\nb\n> - c\nd\n\n> e\n",
    "> ```\n> a\n\nb\n> ```\n",
    "> > a\n> b\n>\n> > c\n>\n> d\n",
    ">- a\n>- b\n>\n>  c\n",
    "   > a\n    > b\n\n    > c\n",
    "- - a\n  - b\n- 1. c\n  2. d\n",
    "- # a\n- b\n  ---\n  c\n",
    "-   a\n\n    b\n\n        c\n",
    "- a\n\n\tb\n\n\t\tc\n",
    "\ta\n\n  \tb\n",
    "a\n    b\n  c\n",
    "a\n***\nb\n___\n* * *\n- - -\n",
    "a\n=\nb\n-\n- c\n-\n",
    "# a\n####### b\n#c\n#\td\n## e ## f\n### g \\###\n",
    "```\na\n````\nb\n",
    "~~~ a`b\n~~~ c\n~~~\n",
    "a `b\nc` d\n`` e`f ``\n",
    "a  \nb\\\nc `d\\`\n",
    "[a]: <b c> 'd'\n[e]: f\n\n[a] [e] [g]\n",
    "[a]: b\nc\n===\n[a]\n",
    "1. a\n1) b\n1. c\n",
    "a\n1. b\n\nc\n2. d\n\ne\n+ f\n",
    "|a|b|\n|-|-|\n|1|\n|`2`|*3*\n> q\n",
    "a | b\n- | -\n\n| c |\n| - |\n| d |\n# e\n",
    "a\nb | c\n- | -\n1 | 2\n\n| x |\n|---|---|\n",
    "<div>\n*a*\n\n*b*\n</div>\n*c*\n\n*d*\n",
    "<table><tr><td>\n\n*a*\n\n</td></tr></table>\n",
    "- <div>\n\n  *a*\n\n  </div>\n- b\n",
    "a\n<div>\nb\n</div>\n",
    "***a** b*  _c_d_ __e__ *f **g***\n",
    "a * b * c, **d**e, 5*6*7\n",
    "![a *b*](c) [d `e](f)`\n",
    "1234567890. a\n\n003. b\n",
    "+ a\n\n      b\n    c\n",
    "* a\n*\n\n* c\n",
    "- a\n-\n- c\n",
    "1.  a\n\n        b\n\n    > c\n",
    " -    a\n\n       b\n",
    "a\n\n---\n\n- ---\n- b\n",
]


@pytest.mark.parametrize("source", ALIKE)
def test_read_as_commonmark_reads_it(source: str) -> None:
    assert_alike(source)


def commonmark_of(source: str) -> str:
    """What the guide's authors meant, in plain CommonMark: it has no ``markdown="1"``."""
    source = re.sub(r"\A---\n.*?\n---\n", "", source, flags=re.DOTALL)
    source = re.sub(r'[ ]*<(aside|div) markdown="1"([^>]*)>\n?', r"\n\n<\1\2>\n\n", source)
    source = re.sub(r'[ ]*<p markdown="1"[^>]*>\n?', "\n\n", source)
    source = re.sub(r"(?m)^[ ]*</p>", "\n", source)
    source = re.sub(r"[ ]*</aside>", "\n\n</aside>\n\n", source)
    # An image at the beginning of a line begins a paragraph to us.
    return re.sub(r"(?m)^([ ]*)(?=<img)", r"\1&#8203;", source)


@pytest.mark.skipif(not GUIDE.is_dir(), reason="the open-source guide is not on this machine")
def test_a_real_book_is_read_as_commonmark_reads_it() -> None:
    files = sorted(GUIDE.rglob("*.md"))
    assert len(files) > 20
    for file in files:
        source = file.read_text("utf-8")
        assert_alike(
            re.sub(r"\A---\n.*?\n---\n", "", source, flags=re.DOTALL), commonmark_of(source)
        )


# A grammar of documents: lines of blocks, each drawn from what authors write.

Lines = list[str]
PIECES = st.builds(
    lambda shape, words: shape.format(" ".join(words)),
    st.sampled_from(["{}", "{}", "*{}*", "**{}**", "`{}`", "[{}](u)", "{} < b & c", "<b>{}</b>"]),
    st.lists(st.from_regex(r"[a-j]{2,4}[0-9]", fullmatch=True), min_size=1, max_size=3),
)
TEXT = st.lists(PIECES, min_size=1, max_size=2).map(" ".join)
INTERRUPTION = st.sampled_from(
    ["1986. ", "2. ", "- ", "1. ", "> ", "# ", "===", "---", "    - ", "+ ", "* * *"]
)


@st.composite
def paragraphs(draw: st.DrawFn) -> Lines:
    lines = [
        draw(TEXT) + draw(st.sampled_from(["", "", "  ", "\\"]))
        for _ in range(draw(st.integers(0, 2)))
    ]
    lines.append(draw(TEXT))
    if draw(st.integers(0, 6)) == 0:
        lines.insert(draw(st.integers(1, len(lines))), draw(INTERRUPTION) + draw(TEXT))
    return lines


@st.composite
def fences(draw: st.DrawFn) -> Lines:
    fence = draw(st.sampled_from(["```", "~~~", "````"]))
    inside = st.sampled_from(["", "x1", "  x2", "- x3", "\tx4", "# x5", "> x6"])
    info = draw(st.sampled_from(["", "rust,ignore", "js {1,3}"]))
    return [fence + info, *draw(st.lists(inside, max_size=4)), fence]


LEAVES = st.one_of(
    paragraphs(),
    fences(),
    st.builds(lambda n, t, e: ["#" * n + " " + t + e], st.integers(1, 6), TEXT, st.sampled_from(["", " ##"])),
    st.builds(lambda p, u: [*p, u], paragraphs(), st.sampled_from(["===", "---"])),
    st.sampled_from([["---"], ["* * *"], ["    x7", "", "      x8"], ["| a | b |", "|---|:-:|", "| c1 | `d\\|e` |"]]),
)  # fmt: skip


def _indented(mark: str, blocks: list[tuple[Lines, bool]], loose: bool) -> Lines:
    lines = []
    for block, _ in blocks:
        lines += [
            (mark if n == 0 else " " * len(mark)) + line if line else ""
            for n, line in enumerate(block)
        ]
        lines += [""] if loose else []
    return lines


def _joined(blocks: list[tuple[Lines, bool]]) -> Lines:
    lines: Lines = []
    for block, blank in blocks:
        lines += [""] if lines and blank else []
        lines += block
    return lines


def _containers(inner: st.SearchStrategy[Lines]) -> st.SearchStrategy[Lines]:
    blocks = st.lists(st.tuples(inner, st.booleans()), min_size=1, max_size=3)
    marks = st.sampled_from(["- ", "* ", "+ ", "1. ", "1) ", "3. ", "-   ", "10. "])
    return st.one_of(
        st.builds(_indented, marks, blocks, st.booleans()),
        blocks.map(lambda b: [f"> {line}" if line else ">" for line in _joined(b)]),
        blocks.map(_joined),
    )


DOCUMENTS = st.lists(
    st.tuples(st.recursive(LEAVES, _containers, max_leaves=6), st.booleans()), min_size=1, max_size=4
).map(lambda blocks: "\n".join(_joined(blocks)) + "\n")  # fmt: skip
PATIENT = patient(few=150, many=4_000)


@PATIENT
@given(DOCUMENTS)
def test_any_document_is_read_as_commonmark_reads_it(source: str) -> None:
    assert_alike(source)


@PATIENT
@given(DOCUMENTS)
def test_normal_text_keeps_its_meaning(source: str) -> None:
    # What follows "1986. " is to stand at six columns for CommonMark and at four for the package.
    assume(not re.search(r"\b\d{3,}[.)] ", source))
    normal = normalise(source)
    assert normalise(source) == normal
    convert = converter("en").convert
    assert outline(convert(normalise(normal))) == outline(convert(normal))


# --- nothing is lost -------------------------------------------------------------------------

MARKUP = st.sampled_from(
    """\n \n\n |    |\t|- |* |1. |2) |> |# |*|**|_|`|~~~\n|<|<b>|</b>|<div>\n|</div>\n|<br>|<p>|</p>
    |<T>|<img src=x>|&|&amp;|\\|[|]|!|(|)|'|"|:|^|~~|==|{|}|[^1]|\n: |\n!!! note\n\n|\n??? note\n\n
    |:::note\n|:::\n|{{|}}|<details>\n|</details>\n|<aside markdown="1">|</aside>|<pre>|</pre>
    |<!-- -->|<!--\n|\\\n|  \n|[x] |\n    |\n  |\n> |\n- |---\n|===\n|| a | b |\n|---|---|\n""".split(
        "|"
    )
)


@PATIENT
@given(st.lists(st.one_of(MARKUP, st.just("word"), st.just("word\n")), max_size=40))
def test_no_word_is_lost_and_none_changes_its_place(pieces: list[str]) -> None:
    numbered = [f"w{n}q " + p[4:] if p.startswith("word") else p for n, p in enumerate(pieces)]
    source = re.sub(r"(?m)^([ >]*(?:[-*] |\d[.)] )*)~~~\s*w", r"\1~~~\nw", "".join(numbered))
    # A line of a fence's opening may name a language: that is no prose.
    source = re.sub(r"(~~~+)[^\n]*", r"\1", source)
    # An end of a comment would make what stands before it one.
    source = source.replace("-->", "- ->") if "<!--\n" in source else source
    body = tinyhtml5.parse(converter("en").convert(normalise(source))).find(
        "{http://www.w3.org/1999/xhtml}body"
    )
    assert body is not None
    assert re.findall(r"w\d+q", "".join(body.itertext())) == re.findall(r"w\d+q", source)


MARKS = st.sampled_from("* ** *** _ = == ~ ~~ ^ ^^ ( .".split() + [" "] * 5 + ["w"] * 6)


@PATIENT
@given(st.lists(MARKS, max_size=30))
def test_no_mark_of_emphasis_costs_a_letter(pieces: list[str]) -> None:
    source = "x" + "".join(f"w{n}q" if p == "w" else p for n, p in enumerate(pieces))
    text = "".join(tinyhtml5.parse(read(source), namespace_html_elements=False).itertext())
    assert re.findall("[a-z0-9]", text) == re.findall("[a-z0-9]", source)


# --- hostile texts ---------------------------------------------------------------------------

SIZE = 10_000
HOSTILE = """* *a a* *a_ **a a**b _ _a ` `a [ [a ![ []( [a]( [a][b] [[]] < <a <a> <!-- <? & &a \\ > - 1.
    # | ~~a =  ==a ^^a : :a: { {a {index: {% {{ [^a " ' "a http:// a@ a@b.c www. -- ... {: <div> \\&
    """.split()


def repeated(piece: str, size: int = SIZE) -> str:
    return piece * (size // len(piece))


def read(source: str) -> str:
    return converter("en").convert(normalise(source))


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_line_is_read_to_its_end(piece: str) -> None:
    read(repeated(piece))
    read(repeated(f"{piece} "))
    assert isinstance(read(repeated(f"x {piece} ")), str)


LINES = {
    "growing backticks": "".join("`" * n + " " for n in range(1, 440)),
    "definitions": "".join(f"[{n}]: /x\n" for n in range(SIZE // 10)),
    "brackets": repeated("[^a\n"),
    "attributes of a tag": "<a " + repeated("a=b "),
    "attributes without an end": "<a" + repeated(" a"),
    "spaces": "a" + repeated(" ") + "b",
    "options of a fence": "```" + repeated("a=b ") + "\nx\n```\n",
    "quotes in a fence's options": "```" + repeated('a="') + "\nx\n```\n",
    "parentheses": "[a](" + repeated("("),
    "end tags": repeated("</div>\nx\n"),
    "open elements": repeated("<div>\n\n", 3_000),
    "nested elements": repeated('<div markdown="1">\n', 3_000),
    "breaks": repeated("a\\\n"),
    "links": repeated("[a](b) "),
    "references": "[a]: /b\n\n" + repeated("[a] "),
    "a row of cells": "|a|b|\n|-|-|\n" + repeated("|a"),
    "columns": repeated("|a") + "\n" + repeated("|-"),
    "boxes": repeated(":::a\n", 3_000),
}


@pytest.mark.parametrize("name", LINES)
def test_a_hostile_text_is_read_to_its_end(name: str) -> None:
    assert isinstance(read(LINES[name]), str)


def test_an_ordinary_long_chapter_is_read_whole() -> None:
    paragraph = 'A *long* sentence with "quotes", [a link](x.md) and `code`. ' * 8 + "\n\n"
    assert read("## Section\n\n" + paragraph * 200).count("<em>") == 8 * 200


@pytest.mark.parametrize(
    "source",
    [
        "> " * 200 + "deep",
        "- " * 200 + "deep",
        "> - " * 200 + "deep",
        "".join("  " * n + "- deep\n" for n in range(200)),
        "".join("\t" * n + "1. deep\n" for n in range(200)),
        "".join("    " * n + "!!! note\n" for n in range(200)) + "    " * 200 + "deep",
        ":::note\n" * 200 + "deep\n" + ":::\n" * 200,
        "<div>\n\n" * 200 + "deep\n\n" + "</div>\n\n" * 200,
        '<aside markdown="1">\n' * 200 + "deep\n" + "</aside>\n" * 200,
        "x " + "<b>" * 200 + "deep" + "</b>" * 200,
        "*a **b " * 200 + "deep" + " b** a*" * 200,
        "[" * 200 + "deep" + "](x)" * 200,
    ],
)  # fmt: skip
def test_depth_is_bounded(source: str) -> None:
    text = converter("en").convert(normalise(source))
    assert "deep" in text
    tree = tinyhtml5.parse(text, namespace_html_elements=False)
    assert _depth(tree) < 150


def _depth(element: ElementTree.Element) -> int:
    return 1 + max((_depth(child) for child in element), default=0)
