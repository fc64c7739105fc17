"""A good print file spoilt on purpose in each way, and what the printer says to it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, String

from imprint.diagnostics import Severity
from imprint.preflight import RULES, preflight
from tests import presswork

Spoil = Callable[[Pdf], None]
_BODY = 7


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The cover of a small book and its inside's plain pages, as one file passing all rules."""
    folder = tmp_path_factory.mktemp("preflight") / "book"
    presswork.write_book(folder)
    for picture in ("alpha.png", "photo.jpg"):
        (folder / "en" / picture).unlink()
    (folder / "en" / "02-pictures.md").write_text("# Pictures\n\n![A sweep.](sweep.svg)\n", "utf-8")
    return presswork.printed(folder).inside


def spoilt(good: bytes, folder: Path, spoil: Spoil, **options: object) -> Path:
    path = folder / "spoilt.pdf"
    with pikepdf.open(io.BytesIO(good)) as pdf:
        spoil(pdf)
        pdf.save(path, **{"force_version": "1.6", **options})  # type: ignore[arg-type]
    return path


def painted(content: bytes, **resources: object) -> Spoil:
    """A spoiler that paints this over a body page."""

    def spoil(pdf: Pdf) -> None:
        page = pdf.pages[_BODY]
        for kind, held in resources.items():
            if f"/{kind}" not in page.obj.Resources:
                page.obj.Resources[f"/{kind}"] = Dictionary()
            for name, value in held(pdf).items():  # type: ignore[operator]
                page.obj.Resources[f"/{kind}"][name] = value
        page.contents_add(b"q " + content + b" Q")

    return spoil


def image(space: Name, pixels: bytes, side: int = 1) -> Callable[[Pdf], dict[str, pikepdf.Object]]:
    def make(pdf: Pdf) -> dict[str, pikepdf.Object]:
        return {
            "/P": pdf.make_stream(
                pixels, Type=Name.XObject, Subtype=Name.Image, Width=side, Height=side,
                ColorSpace=space, BitsPerComponent=8,
            )
        }  # fmt: skip

    return make


def font_name(pdf: Pdf) -> str:
    return next(iter(pdf.pages[_BODY].obj.Resources.Font.keys()))


def words(colour: bytes, size: int = 9) -> Spoil:
    """A spoiler that sets a word in this colour."""

    def spoil(pdf: Pdf) -> None:
        font = font_name(pdf).encode()
        setting = b"q %s BT %s %d Tf 50 50 Td <0001> Tj ET Q" % (colour, font, size)
        pdf.pages[_BODY].contents_add(setting)

    return spoil


def xmp(old: bytes, new: bytes) -> Spoil:
    def spoil(pdf: Pdf) -> None:
        packet = pdf.Root.Metadata.read_bytes()
        assert old in packet
        pdf.Root.Metadata.write(packet.replace(old, new))

    return spoil


def no_fonts(pdf: Pdf) -> None:
    font = pdf.pages[_BODY].obj.Resources.Font[font_name(pdf)]
    descriptor = font.DescendantFonts[0].FontDescriptor
    for key in ("/FontFile2", "/FontFile3"):
        if key in descriptor:
            del descriptor[key]


def gradient(pdf: Pdf) -> dict[str, pikepdf.Object]:
    function = Dictionary(
        FunctionType=2, Domain=Array([0, 1]), C0=Array([1, 0, 0]), C1=Array([0, 0, 1]), N=1
    )
    return {
        "/G": pdf.make_indirect(
            Dictionary(
                ShadingType=2,
                ColorSpace=Name.DeviceRGB,
                Coords=Array([0, 0, 9, 0]),
                Function=function,
            )
        )
    }


def form(content: bytes) -> Callable[[Pdf], dict[str, pikepdf.Object]]:
    def make(pdf: Pdf) -> dict[str, pikepdf.Object]:
        return {
            "/F": pdf.make_stream(
                content, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]),
                Resources=Dictionary(),
            )
        }  # fmt: skip

    return make


def overprint(pdf: Pdf) -> dict[str, pikepdf.Object]:
    return {"/O": Dictionary(Type=Name.ExtGState, OP=True, op=True, OPM=1)}


def set_key(of: Callable[[Pdf], pikepdf.Object], key: str, value: object) -> Spoil:
    def spoil(pdf: Pdf) -> None:
        of(pdf)[key] = value

    return spoil


def drop_key(of: Callable[[Pdf], pikepdf.Object], key: str) -> Spoil:
    def spoil(pdf: Pdf) -> None:
        del of(pdf)[key]

    return spoil


def root(pdf: Pdf) -> pikepdf.Object:
    return pdf.Root


def page(pdf: Pdf) -> pikepdf.Object:
    return pdf.pages[_BODY].obj


def screen_profile(pdf: Pdf) -> None:
    from PIL import ImageCms

    content = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pdf.Root.OutputIntents[0].DestOutputProfile = pdf.make_stream(content, N=3)


def link(pdf: Pdf) -> None:
    annotation = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]))
    pdf.pages[_BODY].obj.Annots = Array([pdf.make_indirect(annotation)])


def endless(pdf: Pdf) -> None:
    """A form that draws itself, smaller."""
    form = pdf.make_stream(b"0.9 0 0 0.9 0 0 cm /F Do", Type=Name.XObject, Subtype=Name.Form,
                           BBox=Array([0, 0, 9, 9]))  # fmt: skip
    form.Resources = Dictionary(XObject=Dictionary(F=form))
    pdf.pages[_BODY].obj.Resources.XObject["/F"] = form
    pdf.pages[_BODY].contents_add(b"/F Do")


def without(drawing: bytes) -> Spoil:
    """A spoiler that leaves a drawing of the marks out."""

    def spoil(pdf: Pdf) -> None:
        content = pdf.pages[_BODY].obj.Contents.read_bytes()
        assert drawing in content
        pdf.pages[_BODY].obj.Contents = pdf.make_stream(content.replace(drawing, b""))

    return spoil


def registration(pdf: Pdf) -> dict[str, pikepdf.Object]:
    return {
        "/All": pdf.pages[0].obj.Resources.XObject.PrintersMarks.Resources.ColorSpace.Registration
    }


def half(pdf: Pdf) -> dict[str, pikepdf.Object]:
    return {"/H": Dictionary(Type=Name.ExtGState, ca=0.5, OP=True, op=True, OPM=1)}


def multiply(pdf: Pdf) -> dict[str, pikepdf.Object]:
    return {"/H": Dictionary(Type=Name.ExtGState, BM=Name.Multiply)}


def see_through(state: Callable[[Pdf], dict[str, pikepdf.Object]]) -> Spoil:
    """A spoiler that sets a word in black that is not quite there."""

    def spoil(pdf: Pdf) -> None:
        painted(b"", ExtGState=state)(pdf)
        words(b"/H gs 0 0 0 1 k", 20)(pdf)

    return spoil


SPOILERS: list[tuple[str, str, Spoil]] = [
    ("press-unreadable", "cannot be read", painted(b"/F Tf")),
    ("press-unreadable", "without end", endless),
    ("press-standard", "PDF/X-1a", xmp(b">PDF/X-4<", b">PDF/X-1a<")),
    ("press-standard", "does not say", drop_key(root, "/Metadata")),
    ("press-metadata", "title", xmp(b"dc:title", b"dc:note")),
    ("press-metadata", "DocumentID", xmp(b"xmpMM:DocumentID", b"xmpMM:Other")),
    ("press-output-intent", "no output intent", drop_key(root, "/OutputIntents")),
    ("press-output-intent", "not that of a CMYK printer", screen_profile),
    ("press-trapped", "does not say", drop_key(lambda pdf: pdf.trailer.Info, "/Trapped")),
    ("press-trapped", "two things", set_key(lambda pdf: pdf.trailer.Info, "/Trapped", Name("/True"))),
    ("press-boxes", "no trim box", drop_key(page, "/TrimBox")),
    ("press-boxes", "within", set_key(page, "/MediaBox", Array([0, 0, 300, 300]))),
    ("press-boxes", "crop box", set_key(page, "/CropBox", Array([0, 0, 300, 300]))),
    ("press-bleed", "2.1 mm", set_key(page, "/BleedBox", Array([-6, -6, 488, 687]))),
    ("press-page-size", "170 × 230 mm", set_key(page, "/TrimBox", Array([0, 28.3465, 481.89, 680.315]))),
    ("press-marks", "no room", set_key(page, "/MediaBox", Array([-8.504, -8.504, 490.394, 688.819]))),
    ("press-marks", "Crop marks", without(b"/PrintersMarks Do")),
    ("press-marks", "Registration marks", without(b"/PrintersMarks Do")),
    ("press-marks", "within the bleed", painted(b"/All cs 1 scn 9 9 9 9 re f", ColorSpace=registration)),
    ("press-marks", "within the bleed", painted(b"/All CS 1 SCN 9 9 m 99 99 l S", ColorSpace=registration)),
    ("press-rgb", "An area", painted(b"1 0 0 rg 9 9 9 9 re f")),
    ("press-rgb", "A line", painted(b"1 0 0 RG 9 9 m 99 9 l S")),
    ("press-rgb", "Text", words(b"0 0 0 rg")),
    ("press-rgb", "pictures", painted(b"9 0 0 9 9 9 cm /P Do", XObject=image(Name.DeviceRGB, b"abc" * 1600, 40))),
    ("press-rgb", "pictures", painted(
        b"0.1 0 0 0.1 9 9 cm BI /W 1 /H 1 /CS /RGB /BPC 8 ID abc EI")),
    ("press-rgb", "gradients", painted(b"/G sh", Shading=gradient)),
    ("press-rgb", "An area", painted(b"/F Do", XObject=form(b"0 1 0 rg 0 0 9 9 re f"))),
    ("press-blend-space", "RGB", set_key(page, "/Group", Dictionary(S=Name.Transparency, CS=Name.DeviceRGB))),
    ("press-ink-limit", "An area takes 340 %", painted(b"0.8 0.8 0.8 1 k 9 9 9 9 re f")),
    ("press-ink-limit", "A picture takes", painted(
        b"9 0 0 9 9 9 cm /P Do", XObject=image(Name.DeviceCMYK, b"\xff" * 6400, 40))),
    ("press-text-black", "C 75 M 68 Y 67 K 90", words(b"0.75 0.68 0.67 0.9 k")),
    ("press-rule-black", "A rule of 0.5 pt is in C 60", painted(
        b"0.5 w 0.6 0.6 0.6 0.9 K 9 9 m 99 9 l S")),
    ("press-black-knocks-out", "A black rule", painted(
        b"/Overprint00 gs 0.5 w 0 0 0 1 K 9 9 m 9 99 l S")),
    ("press-transparency", "Text is transparent", see_through(half)),
    ("press-transparency", "Text is transparent", see_through(multiply)),
    ("press-transparency", "An area overprints and is transparent", painted(
        b"/H gs 0 0 0 1 k 9 9 9 9 re f", ExtGState=half)),
    ("press-black-knocks-out", "Black text", words(b"/Overprint00 gs 0 0 0 1 k")),
    ("press-white-overprints", "in white", painted(b"/O gs 0 0 0 0 k 9 9 9 9 re f", ExtGState=overprint)),
    ("press-resolution", "144 dots", painted(
        b"20 0 0 20 9 9 cm /P Do", XObject=image(Name.DeviceGray, b"x" * 1600, 40))),
    ("press-font", "is missing", no_fonts),
    ("press-interactive", "Link", link),
    ("press-interactive", "a form", set_key(root, "/AcroForm", Dictionary(Fields=Array([])))),
    ("press-interactive", "scripts", set_key(root, "/Names", Dictionary(JavaScript=Dictionary()))),
    ("press-interactive", "attached files", set_key(root, "/Names", Dictionary(EmbeddedFiles=Dictionary()))),
    ("press-interactive", "an action on opening", set_key(
        root, "/OpenAction", Dictionary(S=Name.JavaScript, JS=String("1")))),
]  # fmt: skip


def test_the_good_file_passes(good: bytes, tmp_path: Path) -> None:
    assert preflight(spoilt(good, tmp_path, lambda pdf: None)) == ()


@pytest.mark.parametrize(
    ("code", "words_", "spoil"), SPOILERS, ids=[f"{c}-{w}" for c, w, _ in SPOILERS]
)
def test_a_spoilt_file_is_told(
    good: bytes, tmp_path: Path, code: str, words_: str, spoil: Spoil
) -> None:
    found = preflight(spoilt(good, tmp_path, spoil))
    told = [d for d in found if d.code == code]
    assert told, found
    assert any(words_ in d.message for d in told)
    assert all(d.severity is Severity.ERROR and d.hint for d in told if words_ in d.message)
    assert all(d.file == "spoilt.pdf" for d in found)


def test_a_later_version_is_told(good: bytes, tmp_path: Path) -> None:
    path = spoilt(good, tmp_path, lambda pdf: None, force_version="1.7")
    assert [d.code for d in preflight(path)] == ["press-standard"]


@pytest.mark.parametrize("password", ["", "secret"])
def test_an_encrypted_file_is_told(good: bytes, tmp_path: Path, password: str) -> None:
    # Later kinds of encryption are not in PDF 1.6.
    locked = pikepdf.Encryption(owner="owner", user=password, R=4)
    path = spoilt(good, tmp_path, lambda pdf: None, encryption=locked)
    assert "press-encrypted" in {d.code for d in preflight(path)}


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(b"This is no PDF.")
    assert [d.code for d in preflight(path)] == ["press-unreadable"]


def test_a_picture_that_is_nearly_fine_enough_is_a_warning(good: bytes, tmp_path: Path) -> None:
    spoil = painted(b"11 0 0 11 9 9 cm /P Do", XObject=image(Name.DeviceGray, b"x" * 1600, 40))
    found = preflight(spoilt(good, tmp_path, spoil))
    assert [(d.code, d.severity) for d in found] == [("press-resolution", Severity.WARNING)]


@pytest.mark.parametrize(
    ("missing", "words_"), [(b"/PrintersMarks Do", "colour bar"), (b"/Slug7 Do", "slug line")]
)
def test_a_missing_colour_bar_or_slug_is_a_warning(
    good: bytes, tmp_path: Path, missing: bytes, words_: str
) -> None:
    found = preflight(spoilt(good, tmp_path, without(missing)))
    [told] = [d for d in found if words_ in d.message]
    assert (told.code, told.severity) == ("press-marks", Severity.WARNING)


@pytest.mark.parametrize(
    "content",
    [
        b"2 w 0.6 0.6 0.6 0.9 K 9 9 m 99 9 l S",  # too thick to be a rule
        b"0.5 w 0.6 0.6 0.6 0.9 K 9 9 m 99 99 l S",  # part of a drawing
        b"0.5 w 0.2 0.2 0 0 K 9 9 m 99 9 l S",  # light: nobody sees plates that do not meet
        b"/H gs 0.2 0.2 0 0 k 9 9 9 9 re f",  # transparent, and neither text nor overprinting
    ],
)
def test_what_is_no_fault_is_not_told(good: bytes, tmp_path: Path, content: bytes) -> None:
    assert preflight(spoilt(good, tmp_path, painted(content, ExtGState=multiply))) == ()


def test_pages_are_named_in_runs(good: bytes, tmp_path: Path) -> None:
    def spoil(pdf: Pdf) -> None:
        for number in (2, 3, 4, 7):
            pdf.pages[number - 1].contents_add(b"q 1 0 0 rg 9 9 9 9 re f Q")

    (found,) = preflight(spoilt(good, tmp_path, spoil))
    assert found.message == "An area is in RGB (pages 2–4, 7)."


def test_marks_on_every_plate_are_no_ink_too_much(good: bytes, tmp_path: Path) -> None:
    """The colour "All" of the marks stands on four plates by design."""
    with pikepdf.open(io.BytesIO(good)) as pdf:
        assert "/PrintersMarks" in pdf.pages[0].obj.Resources.XObject
    assert preflight(spoilt(good, tmp_path, lambda pdf: None)) == ()


def test_every_rule_is_tested() -> None:
    tested = {code for code, _, _ in SPOILERS} | {"press-encrypted"}
    assert tested == set(RULES)


def test_the_handbook_lists_every_rule() -> None:
    handbook = (presswork.TEMPLATES.parent / "docs" / "printing.md").read_text("utf-8")
    for code, rule in RULES.items():
        assert f"| `{code}` | {rule.rstrip('.')}" in handbook
