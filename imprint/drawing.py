"""SVG and MathML with what scripts, hosts and validators object to taken out."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from imprint.raster import raster

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
MATHML = "http://www.w3.org/1998/Math/MathML"


def _by_lower_case(text: str) -> dict[str, str]:
    """The names in a text, by themselves in lower case."""
    return {name.lower(): name for name in text.split()}


_SVG_ELEMENTS = _by_lower_case(
    "svg g defs symbol use path rect circle ellipse line polyline polygon text tspan textPath "
    "title desc linearGradient radialGradient stop pattern clipPath mask marker image switch "
    "filter feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix "
    "feDiffuseLighting feDisplacementMap feDistantLight feFlood feFuncA feFuncB feFuncG feFuncR "
    "feGaussianBlur feImage feMerge feMergeNode feMorphology feOffset fePointLight "
    "feSpecularLighting feSpotLight feTile feTurbulence style"
)
_SVG_TEXT = frozenset({"text", "tspan", "textPath", "title", "desc", "style"})
# An HTML parser writes SVG's attributes in lower case, but SVG tells the cases apart.
_SVG_CASES = _by_lower_case(
    "viewBox preserveAspectRatio gradientUnits gradientTransform patternUnits patternTransform "
    "patternContentUnits clipPathUnits maskUnits maskContentUnits markerWidth markerHeight "
    "markerUnits refX refY textLength lengthAdjust startOffset spreadMethod pathLength "
    "stdDeviation filterUnits primitiveUnits"
)
_SVG_ATTRIBUTES = frozenset(_SVG_CASES.values()) | frozenset(
    """id class transform x y x1 y1 x2 y2 cx cy r rx ry fx fy d dx dy points width height rotate
    offset orient in in2 result mode type values tableValues slope intercept amplitude exponent
    k1 k2 k3 k4 operator radius scale order kernelMatrix seed baseFrequency numOctaves method
    alignment-baseline baseline-shift clip-path clip-rule color color-interpolation
    color-interpolation-filters direction display dominant-baseline fill fill-opacity fill-rule
    filter flood-color flood-opacity font-family font-size font-stretch font-style font-variant
    font-weight letter-spacing lighting-color marker-end marker-mid marker-start mask opacity
    overflow pointer-events shape-rendering stop-color stop-opacity stroke stroke-dasharray
    stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width
    text-anchor text-decoration text-rendering unicode-bidi visibility word-spacing
    writing-mode""".split()
)
_DECLARATION = re.compile(r"\s*([a-z][a-z-]*)\s*:\s*([^;]+?)\s*(?:;|$)")
_OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#|data:)|@import|javascript:|expression\(", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,")


def svg_file(content: bytes) -> bytes | None:
    """The SVG file without scripts, references to other places and foreign elements."""
    root = svg_tree(content)
    if root is None:
        return None
    clean = _svg_element(root, is_file=True)
    etree.cleanup_namespaces(clean, top_nsmap={None: SVG, "xlink": XLINK})
    return etree.tostring(clean, encoding="utf-8", xml_declaration=True)


def svg_tree(content: bytes) -> etree._Element | None:
    """The drawing of a file as it is, None where it is none. Nothing else is read for it.

    Entities stand for other text; libxml2 refuses those that grow beyond measure.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, load_dtd=False
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        return None
    return root if etree.QName(root).localname == "svg" else None


# --- what is refused -----------------------------------------------------------------------------

# More than the most detailed map of the world in a book needs.
MOST_ELEMENTS = 200_000
# A drawing in a drawing in a drawing …: no hand has made a deeper one.
_DEEPEST_USE = 24
_ACTIVE = frozenset(
    "script handler listener foreignobject iframe audio video animate animatemotion "
    "animatetransform set".split()
)
_REFERENCE = re.compile(r"url\(\s*['\"]?#([^'\")\s]+)")


def refused_parts(root: etree._Element) -> list[str]:
    """What of a drawing is left out because it runs a program or leads out of the drawing.

    Each is named as its author wrote it, once.
    """
    named: list[str] = []
    before = root.getprevious()
    while before is not None:
        if isinstance(before, etree._ProcessingInstruction) and before.target != "xml":
            named.append(f"<?{before.target}?>")
        before = before.getprevious()
    for element in root.iter():
        if isinstance(element, etree._Entity):
            named.append(f"{element.text}")
        elif isinstance(element.tag, str):
            named.extend(_refused(element))
    return list(dict.fromkeys(named))


def _refused(element: etree._Element) -> Iterator[str]:
    local = etree.QName(element).localname.lower()
    if local in _ACTIVE:
        yield f"<{local}>"
    if local == "style" and (found := _OUTSIDE.search(element.text or "")):
        yield found.group()
    for name, value in element.attrib.items():
        bare = etree.QName(name).localname.lower()
        if bare.startswith("on"):
            yield f"{bare}="
        elif bare in ("href", "src"):
            harmless = local == "a" or value.startswith("#") or _PICTURE.match(value)
            if not harmless:
                yield _shortened(value)
        elif _OUTSIDE.search(value):
            yield _shortened(value)


def _shortened(value: str) -> str:
    return value if len(value) <= 60 else f"{value[:57]}…"


def excess(root: etree._Element) -> str:
    """Why a drawing is too much for any reader: a sentence, "" where it is not."""
    total = sum(1 for _ in root.iter())
    if total > MOST_ELEMENTS:
        return f"It has {total} elements; {MOST_ELEMENTS} are the most."
    if _drawn_elements(root) > MOST_ELEMENTS:
        return f"Its parts use each other until more than {MOST_ELEMENTS} elements are drawn."
    for element in root.iter("{*}image", "{*}feImage", "image", "feimage"):
        address = element.get("href") or element.get(f"{{{XLINK}}}href") or ""
        if _PICTURE.match(address) and (reason := _embedded_fault(address)):
            return f"A picture in it cannot be used. {reason}"
    return ""


def _embedded_fault(address: str) -> str:
    """What is wrong with a picture that stands in a drawing as data, "" where nothing is."""
    try:
        content = base64.b64decode(unquote(address.partition(",")[2]), validate=False)
    except ValueError as fault:
        return f"Its data are no Base64: {fault}."
    found = raster(content)
    return found if isinstance(found, str) else ""


def _drawn_elements(root: etree._Element) -> int:
    """How many elements are drawn when every use of a part counts, cut off above the limit.

    Parts that use themselves count as without end.
    """
    sizes: dict[str, int] = {}
    uses: dict[str, list[str]] = {}
    for element in root.iter(etree.Element):
        name = element.get("id")
        if name is not None and name not in sizes and element is not root:
            sizes[name], uses[name] = _size_and_uses(element)
    own, references = _size_and_uses(root)
    drawn = dict(sizes)
    for _ in range(_DEEPEST_USE):
        grown = {
            name: min(size + sum(drawn.get(u, 0) for u in uses[name]), MOST_ELEMENTS + 1)
            for name, size in sizes.items()
        }
        if grown == drawn:
            return own + sum(drawn.get(name, 0) for name in references)
        drawn = grown
    return MOST_ELEMENTS + 1


def _size_and_uses(element: etree._Element) -> tuple[int, list[str]]:
    """How many elements there are in one, and the ids of the parts that they draw."""
    size, uses = 0, []
    for part in element.iter(etree.Element):
        size += 1
        for name, value in part.attrib.items():
            if etree.QName(name).localname == "href" and value.startswith("#"):
                uses.append(value[1:])
            elif "url(" in value:
                uses += _REFERENCE.findall(value)
    return size, uses


def inline_svg(element: etree._Element) -> etree._Element:
    """A drawing for a line of text: named by its title, else hidden from who does not see it."""
    clean = _svg_element(element, is_file=False)
    title = element.get("aria-label") or next(
        (t.text for t in clean if etree.QName(t).localname == "title" and t.text), ""
    )
    title = " ".join(title.split())
    clean.attrib.update({"role": "img", "aria-label": title} if title else {"aria-hidden": "true"})
    for child in list(clean.iter(f"{{{SVG}}}title")):
        child.getparent().remove(child)
    # The tree has no namespaces: the attribute gives the subtree its own when it is written.
    for part in clean.iter():
        part.tag = etree.QName(part).localname
    clean.set("xmlns", SVG)
    return clean


def _svg_element(element: etree._Element, *, is_file: bool) -> etree._Element:
    """The element with those of its attributes and children that stay."""
    local = _SVG_ELEMENTS[etree.QName(element).localname.lower()]
    clean = etree.Element(f"{{{SVG}}}{local}", nsmap={None: SVG})
    for name, value in element.attrib.items():
        _admit_attribute(clean, etree.QName(name), value)
    clean.text = element.text if local in _SVG_TEXT else None
    for child in element:
        known = isinstance(child.tag, str) and _admits(child, is_file=is_file)
        if known:
            clean.append(_svg_element(child, is_file=is_file))
        if local not in _SVG_TEXT:
            continue
        if child.tail and len(clean):
            clean[-1].tail = (clean[-1].tail or "") + child.tail
        elif child.tail:
            clean.text = (clean.text or "") + child.tail
    return clean


def _admits(element: etree._Element, *, is_file: bool) -> bool:
    """Whether an element of a drawing stays."""
    name = etree.QName(element)
    local = name.localname.lower()
    if name.namespace not in (None, SVG) or local not in _SVG_ELEMENTS:
        return False
    if local == "style":
        # Within a page a drawing's style sheet would style the page.
        return is_file and not _OUTSIDE.search(element.text or "")
    if local in ("image", "feimage"):
        address = element.get("href") or element.get(f"{{{XLINK}}}href") or ""
        return bool(_PICTURE.match(address))
    return True


def _admit_attribute(element: etree._Element, name: etree.QName, value: str) -> None:
    """Set an attribute where it is SVG's own and stays inside the drawing."""
    local = name.localname
    if local == "style" and not name.namespace:
        for key, set_to in _DECLARATION.findall(value):
            if not _OUTSIDE.search(set_to) and key in _SVG_ATTRIBUTES:
                element.set(key, set_to)
    elif local == "href" and name.namespace in (None, XLINK):
        if value.startswith("#") or _PICTURE.match(value):
            # Reading software older than SVG 2 knows only the XLink attribute.
            element.set(f"{{{XLINK}}}href", value)
    elif name.namespace is None and not _OUTSIDE.search(value):
        local = _SVG_CASES.get(local.lower(), local)
        is_name = local != "id" or re.fullmatch(r"[A-Za-z_][\w.-]*", value)
        if local in _SVG_ATTRIBUTES and is_name:
            element.set(local, value)
    elif name.namespace == "http://www.w3.org/XML/1998/namespace" and local == "space":
        element.set(f"{{{name.namespace}}}space", value)


# --- MathML --------------------------------------------------------------------------------------

# How many children each element of presentation MathML must have (MathML 3, 3.1.3.2).
_COUNTS = {
    "mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2,
    "msubsup": 3, "munderover": 3,
}  # fmt: skip
_TOKENS = frozenset({"mi", "mn", "mo", "mtext", "ms"})
# What stands between the parts of a formula that is written in a line.
_JOINTS = {
    "mfrac": "/", "msub": "_", "msup": "^", "munder": "_", "mover": "^",
    "msubsup": "_^", "munderover": "_^",
}  # fmt: skip
_ROWS = frozenset({"math", "mrow", "mstyle", "mpadded", "mphantom", "msqrt", "mtd", "merror"})
_MATH_ATTRIBUTES = {
    "mathvariant": re.compile(r"normal|bold|italic|bold-italic|double-struck|script|fraktur|sans-serif|monospace"),
    "display": re.compile(r"block|inline"),
    "stretchy": re.compile(r"true|false"),
    "fence": re.compile(r"true|false"),
    "separator": re.compile(r"true|false"),
    "displaystyle": re.compile(r"true|false"),
    "form": re.compile(r"prefix|infix|postfix"),
    "alttext": re.compile(r".+", re.DOTALL),
}  # fmt: skip
_MATH_HOMES = {
    "mathvariant": _TOKENS, "display": {"math"}, "stretchy": {"mo"}, "fence": {"mo"},
    "separator": {"mo"}, "displaystyle": {"math", "mstyle"}, "form": {"mo"}, "alttext": {"math"},
}  # fmt: skip


def math(element: etree._Element) -> etree._Element | None:
    """The formula as presentation MathML; None where it is not that."""
    source = element
    semantics = next(
        (c for c in element if isinstance(c.tag, str) and _local(c) == "semantics"), None
    )
    if semantics is not None and len(semantics):
        source = semantics[0]
    clean = _math_element(source)
    if clean is None:
        return None
    if clean.tag != "math":
        outer = etree.Element("math", _math_attributes(element, "math"))
        outer.append(clean)
        clean = outer
    clean.set("xmlns", MATHML)
    words = in_a_line(clean)
    if words and not clean.get("alttext"):
        clean.set("alttext", words)
    return clean


def in_a_line(element: etree._Element) -> str:
    """A formula as text: a/b for a fraction, x^2 for a power, x_1 for what stands below."""
    tag = _local(element)
    if tag in ("annotation", "annotation-xml", "mphantom"):
        return ""
    parts = [in_a_line(part) for part in element if isinstance(part.tag, str)]
    if not parts or _has_stray_words(element):
        return " ".join("".join(element.itertext()).split())
    if tag in _JOINTS and len(parts) > 1:
        joined = parts[0]
        for joint, part in zip(_JOINTS[tag], parts[1:], strict=False):
            joined = f"{_whole(joined)}{joint}{_whole(part)}"
        return joined
    if tag == "mroot" and len(parts) == 2:
        return f"{parts[1]}√({parts[0]})"
    if tag == "msqrt":
        return f"√({''.join(parts)})"
    if tag == "mtable":
        return "; ".join(parts)
    return (", " if tag == "mtr" else "").join(parts)


def _has_stray_words(element: etree._Element) -> bool:
    """Whether words stand between the parts of a formula, where MathML has none."""
    return any(text and text.strip() for text in (element.text, *(part.tail for part in element)))


def _whole(part: str) -> str:
    """A part of a formula that nothing beside it can tear apart."""
    return part if len(part) < 2 or part.isalnum() or part[-1] == ")" else f"({part})"


def _local(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return etree.QName(element).localname.lower()


def _math_attributes(element: etree._Element, tag: str) -> dict[str, str]:
    """Those attributes of a formula's element that stay."""
    return {
        name: value
        for name, value in element.attrib.items()
        if name in _MATH_ATTRIBUTES
        and tag in _MATH_HOMES[name]
        and _MATH_ATTRIBUTES[name].fullmatch(value)
    }


def _math_element(element: etree._Element) -> etree._Element | None:
    """The element of a formula with its parts; None where it or one of them is not valid."""
    tag = _local(element)
    clean = etree.Element(tag, _math_attributes(element, tag))
    parts = [c for c in element if isinstance(c.tag, str)]
    if tag in _TOKENS:
        clean.text = " ".join("".join(element.itertext()).split())
        return None if parts else clean
    if tag == "mspace":
        return clean
    if not _is_sound(tag, [_local(p) for p in parts]) or _has_stray_words(element):
        return None
    for part in parts:
        inner = _math_element(part)
        if inner is None:
            return None
        clean.append(inner)
    return clean


def _is_sound(tag: str, parts: list[str]) -> bool:
    """Whether an element of that name may have these children."""
    if tag == "mtable":
        return bool(parts) and set(parts) == {"mtr"}
    if tag == "mtr":
        return bool(parts) and set(parts) == {"mtd"}
    if set(parts) & {"mtr", "mtd", "math"}:
        return False
    return (tag in _ROWS and bool(parts)) or _COUNTS.get(tag) == len(parts)
