"""The print edition and the cover's sheet: inks, boxes, marks, identification."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from imprint import colours, press, separate
from imprint.model import Paper
from imprint.preflight import preflight
from tests import presswork

MM = 72 / 25.4
PALETTE = presswork.TEMPLATES / "palette.toml"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> presswork.Printed:
    folder = tmp_path_factory.mktemp("press") / "book"
    presswork.write_book(folder)
    return presswork.printed(folder)


@pytest.fixture(scope="module")
def separator() -> colours.Separator:
    return colours.Separator(PALETTE, colours.output_condition(colours.default_profile()))


def opened(content: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(content))


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def separated(separator: colours.Separator, content: bytes, resources: Dictionary) -> str:
    """One page's content in inks, without the opening line."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(200, 200))
    page.obj.Resources = resources
    page.obj.Contents = pdf.make_stream(content)
    separate.separate(separate.Sheet(pdf, separator))
    return page.obj.Contents.read_bytes().decode().partition("\n")[2]


# --- colours -------------------------------------------------------------------------------------


def test_palette_colours_take_the_themes_inks(separator: colours.Separator) -> None:
    assert separator.inks((20, 33, 61)) == (1, 0.85, 0.35, 0.5)
    assert separator.inks((26, 26, 26)) == colours.BLACK


def test_greys_are_on_the_black_plate_alone_and_in_order(separator: colours.Separator) -> None:
    greys = [separator.inks((n, n, n)) for n in range(256)]
    assert all(inks[:3] == (0, 0, 0) for inks in greys)
    blacks = [inks[3] for inks in greys if inks != colours.BLACK]
    assert blacks == sorted(blacks, reverse=True)
    assert greys[0] == colours.BLACK
    assert greys[255] == colours.NO_INK


def test_other_colours_stay_under_the_ink_limit(separator: colours.Separator) -> None:
    levels = range(0, 256, 51)
    heaviest = max(sum(separator.inks((r, g, b))) for r in levels for g in levels for b in levels)
    assert 2 < heaviest <= colours.INK_LIMIT + 0.001


def test_a_heavy_picture_is_lightened_but_keeps_its_black() -> None:
    heavy = Image.new("CMYK", (2, 2), (255, 255, 255, 200))
    lighter = colours.limited_picture(heavy).getpixel((0, 0))
    assert lighter[3] == 200
    assert sum(lighter) <= 765
    light = Image.new("CMYK", (2, 2), (10, 20, 30, 40))
    assert colours.limited_picture(light).getpixel((0, 0)) == (10, 20, 30, 40)


def test_the_shipped_profile_names_its_condition() -> None:
    condition = colours.output_condition(colours.default_profile())
    assert condition.identifier == "FOGRA39"
    assert condition.registered


def test_an_rgb_profile_is_refused(tmp_path: Path) -> None:
    from PIL import ImageCms

    path = tmp_path / "srgb.icc"
    path.write_bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    with pytest.raises(ValueError, match="not a CMYK profile of a press"):
        colours.output_condition(path)


# --- content -------------------------------------------------------------------------------------


def test_small_dark_text_goes_to_black_and_overprints(separator: colours.Separator) -> None:
    content = b"0.078431 0.129412 0.239216 rg BT /F 9 Tf 1 0 0 1 0 0 Tm <0001> Tj ET 0 0 9 9 re f"
    result = separated(separator, content, Dictionary())
    text, _, area = result.partition("ET")
    assert text.index("0 0 0 1 k") > text.index("1 0.85 0.35 0.5 k")
    assert text.rindex("/Overprint11 gs") > text.rindex("0 0 0 1 k")
    # What follows is in the colour asked for, and knocks out again.
    assert area.index("1 0.85 0.35 0.5 k") < area.index("/Overprint01 gs") < area.index("re f")


def test_large_dark_text_keeps_its_colour(separator: colours.Separator) -> None:
    content = b"0.078431 0.129412 0.239216 rg BT /F 9 Tf 2 0 0 2 0 0 Tm <0001> Tj ET"
    before = separated(separator, content, Dictionary()).partition("Tj")[0]
    assert re.findall(r"[\d. ]+ k\b", before)[-1].strip() == "1 0.85 0.35 0.5 k"


def test_white_never_overprints(separator: colours.Separator) -> None:
    content = b"0 g BT /F 9 Tf <01> Tj ET q 1 1 1 rg BT /F 9 Tf <01> Tj ET Q BT /F 9 Tf <01> Tj ET"
    result = separated(separator, content, Dictionary())
    white = result[result.index("0 0 0 0 k") :]
    assert white.index("/Overprint01 gs") < white.index("Tj")
    # Q brings back black with its overprint: nothing need be said.
    assert "gs" not in white.partition("Q")[2]


def test_a_form_keeps_the_colour_that_it_inherits(separator: colours.Separator) -> None:
    pdf = pikepdf.new()
    form = pdf.make_stream(b"0 0 9 9 re f", Type=Name.XObject, Subtype=Name.Form,
                           BBox=Array([0, 0, 9, 9]))  # fmt: skip
    page = pdf.add_blank_page(page_size=(9, 9))
    page.obj.Resources = Dictionary(XObject=Dictionary(F=form))
    page.obj.Contents = pdf.make_stream(b"0.078431 0.129412 0.239216 rg /F Do")
    separate.separate(separate.Sheet(pdf, separator))
    assert form.read_bytes() == b"/Overprint00 gs\n0 0 9 9 re f"


def test_strings_are_left_alone(separator: colours.Separator) -> None:
    content = rb"BT /F 20 Tf (1 0 0 rg \) 1 0 0 rg) Tj ET"
    assert rb"(1 0 0 rg \) 1 0 0 rg)".decode() in separated(separator, content, Dictionary())


def test_lab_and_icc_colours_become_inks(separator: colours.Separator) -> None:
    pdf = pikepdf.new()
    profile = pdf.make_stream(b"", N=3)
    spaces = Dictionary(
        L=Array([Name.Lab, Dictionary(WhitePoint=Array([0.96, 1, 0.82]))]),
        S=Array([Name.ICCBased, profile]),
    )
    page = pdf.add_blank_page(page_size=(9, 9))
    page.obj.Resources = Dictionary(ColorSpace=spaces)
    page.obj.Contents = pdf.make_stream(
        b"/L cs 60 0 0 scn 0 0 1 1 re f /S CS 0.078431 0.129412 0.239216 SCN 0 0 m 1 1 l S"
    )
    separate.separate(separate.Sheet(pdf, separator))
    result = page.obj.Contents.read_bytes().decode()
    area, _, line = result.partition("re f")
    assert re.search(r"0 0 0 0\.\d+ k /Overprint01 gs 0 0 1 1 $", area)
    assert line.endswith("1 0.85 0.35 0.5 K /Overprint00 gs 0 0 m 1 1 l S")
    assert "scn" not in result.lower()
    assert "/ColorSpace" not in page.obj.Resources


def test_a_gradient_has_inks_and_its_mask_is_grey(printed: presswork.Printed) -> None:
    pdf = opened(printed.inside)
    shadings = [o for o in pdf.objects if isinstance(o, Dictionary) and "/ShadingType" in o]
    spaces = sorted(str(s.ColorSpace) for s in shadings)
    assert spaces == ["/DeviceCMYK", "/DeviceGray"]
    coloured = next(s for s in shadings if s.ColorSpace == "/DeviceCMYK")
    function = coloured.Function.Functions[0]
    assert [float(v) for v in function.C0] == [0.2, 0.85, 0.95, 0.3]


# --- pictures ------------------------------------------------------------------------------------


def test_pictures_are_in_inks_and_those_on_paper_have_no_mask(printed: presswork.Printed) -> None:
    pdf = opened(printed.inside)
    pictures = [
        o for o in pdf.objects if isinstance(o, pikepdf.Stream) and o.get("/Subtype") == "/Image"
    ]
    assert sorted(str(p.ColorSpace) for p in pictures) == ["/DeviceCMYK", "/DeviceCMYK"]
    assert not any("/SMask" in p for p in pictures)


def test_a_cut_out_picture_on_colour_keeps_its_mask(separator: colours.Separator) -> None:
    pdf = pikepdf.new()
    mask = pdf.make_stream(b"\x00", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1,
                           ColorSpace=Name.DeviceGray, BitsPerComponent=8)  # fmt: skip
    picture = pdf.make_stream(b"\xff\x00\x00", Type=Name.XObject, Subtype=Name.Image, Width=1,
                              Height=1, ColorSpace=Name.DeviceRGB, BitsPerComponent=8, SMask=mask)  # fmt: skip
    page = pdf.add_blank_page(page_size=(99, 99))
    page.obj.Resources = Dictionary(XObject=Dictionary(P=picture))
    page.obj.Contents = pdf.make_stream(b"0.2 0.3 0.4 rg 0 0 50 50 re f q 20 0 0 20 5 5 cm /P Do Q")
    separate.separate(separate.Sheet(pdf, separator))
    assert "/SMask" in picture
    assert picture.ColorSpace == "/DeviceCMYK"


def test_coarse_pictures_are_told_with_the_size_that_would_do(printed: presswork.Printed) -> None:
    found = [d for d in printed.diagnostics if d.code == "image-resolution"]
    assert len(found) == 2
    assert [(d.file, d.line) for d in found] == [("en/02-pictures.md", 3), ("en/02-pictures.md", 5)]
    assert "96 dots to the inch" in found[0].message
    assert "500 × 375 pixels" in found[0].hint


def test_pictures_look_as_they_did(printed: presswork.Printed, tmp_path: Path) -> None:
    """Through another reader: upside-down JPEG inks or a lost ground would show."""
    path = tmp_path / "print.pdf"
    path.write_bytes(printed.inside)
    with opened(printed.inside) as pdf:
        number = next(
            n for n, page in enumerate(pdf.pages, 1)
            if any(x.get("/Subtype") == "/Image" for x in page.obj.Resources.XObject.values())
        )  # fmt: skip
    subprocess.run(
        [tool("pdftoppm"), "-r", "72", "-f", str(number), "-l", str(number), "-png", path, tmp_path / "page"],
        check=True,
    )  # fmt: skip
    with Image.open(next(tmp_path.glob("page*.png"))) as picture:
        colours_seen = picture.convert("RGB").getcolors(1 << 20)
    assert colours_seen is not None
    reds = sum(n for n, (r, g, b) in colours_seen if r > 170 and g < 80 and b < 80)
    # The cut-out's middle is a quarter of its area: 126 × 63 mm at 72 dots to the inch.
    assert reds > 10_000


# --- the file ------------------------------------------------------------------------------------


def test_the_files_pass_preflight_but_for_the_coarse_pictures(
    printed: presswork.Printed, tmp_path: Path
) -> None:
    for name, content in (("inside", printed.inside), ("cover", printed.cover)):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(content)
        assert {d.code for d in preflight(path)} <= {"press-resolution"}


def test_the_file_says_what_it_is(printed: presswork.Printed) -> None:
    with opened(printed.inside) as pdf:
        assert pdf.pdf_version == "1.6"
        assert pdf.trailer.Info.Trapped == Name("/False")
        assert "/ID" in pdf.trailer
        packet = pdf.Root.Metadata.read_bytes().decode()
        intent = pdf.Root.OutputIntents[0]
        assert intent.DestOutputProfile.read_bytes() == colours.default_profile().read_bytes()
        assert intent.OutputConditionIdentifier == "FOGRA39"
    assert "<pdfxid:GTS_PDFXVersion>PDF/X-4</pdfxid:GTS_PDFXVersion>" in packet
    assert "<pdf:Trapped>False</pdf:Trapped>" in packet


def test_boxes_leave_bleed_and_room_for_marks(printed: presswork.Printed) -> None:
    with opened(printed.inside) as pdf:
        assert len(pdf.pages) % 2 == 0
        # Neither covers nor their blank backs.
        assert len(pdf.pages) in (printed.pages - 4, printed.pages - 3, printed.pages - 2)
        for page in pdf.pages:
            trim, bleed, media = (
                [float(v) for v in box] for box in (page.trimbox, page.obj.BleedBox, page.mediabox)
            )
            assert trim[2] - trim[0] == pytest.approx(170 * MM, abs=0.01)
            assert trim[0] - bleed[0] == pytest.approx(3 * MM, abs=0.01)
            assert bleed[3] - trim[3] == pytest.approx(3 * MM, abs=0.01)
            assert bleed[1] - media[1] == pytest.approx(10 * MM, abs=0.01)
            assert not {"/Annots", "/StructParents", "/Group", "/CropBox"} & set(page.obj.keys())


def test_marks_and_slug_are_on_every_page_outside_the_bleed(printed: presswork.Printed) -> None:
    with opened(printed.inside) as pdf:
        for page in pdf.pages:
            content = page.obj.Contents.read_bytes()
            assert content.startswith(b"q -8.5039 -8.5039 ")
            assert content.endswith(b"Do Q")
            assert b"/PrintersMarks Do" in content
        marks = pdf.pages[0].obj.Resources.XObject["/PrintersMarks"]
        assert list(marks.Resources.ColorSpace["/Registration"])[:2] == ["/Separation", "/All"]


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_the_slug_names_book_and_page(printed: presswork.Printed, tmp_path: Path) -> None:
    path = tmp_path / "print.pdf"
    path.write_bytes(printed.inside)
    text = subprocess.run(
        ["pdftotext", "-f", "8", "-l", "8", path, "-"], check=True, capture_output=True, text=True
    ).stdout
    assert "A small book · 2 · 2026-11-24 12:30 · en" in text


def test_the_same_content_makes_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        presswork.write_book(tmp_path / name)
        made.append(presswork.printed(tmp_path / name))
    assert made[0].inside == made[1].inside
    assert made[0].cover == made[1].cover


def test_qpdf_finds_no_fault(printed: presswork.Printed, tmp_path: Path) -> None:
    for name, content in (("inside", printed.inside), ("cover", printed.cover)):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(content)
        subprocess.run([tool("qpdf"), "--check", path], check=True, capture_output=True)


def test_body_pages_are_on_the_black_plate_alone(
    printed: presswork.Printed, tmp_path: Path
) -> None:
    path = tmp_path / "print.pdf"
    path.write_bytes(printed.inside)
    coverage = subprocess.run(
        [tool("gs"), "-q", "-dBATCH", "-dNOPAUSE", "-dUseTrimBox", "-sDEVICE=inkcov", "-o", "-", path],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    pages = [
        [float(v) for v in line.split()[:4]] for line in coverage.splitlines() if "CMYK" in line
    ]
    # Pages 8 to 11 of the file are the plain chapter's second to fifth.
    for cyan, magenta, yellow, black in pages[7:11]:
        assert (cyan, magenta, yellow) == (0, 0, 0)
        assert black > 0.03


# --- the cover -----------------------------------------------------------------------------------


def test_the_spine_is_as_thick_as_the_leaves() -> None:
    assert Paper(90, 1.2).spine_mm(200) == pytest.approx(10.8)
    assert Paper(80, 1.5).spine_mm(99) == pytest.approx(6.0)


def test_the_cover_is_back_spine_and_front(printed: presswork.Printed) -> None:
    with opened(printed.cover) as pdf:
        assert len(pdf.pages) == 1
        trim = [float(v) for v in pdf.pages[0].trimbox]
        assert trim[2] == pytest.approx((2 * 170 + 10.8) * MM, abs=0.01)
        assert trim[3] == pytest.approx(240 * MM, abs=0.01)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_the_cover_has_its_words_in_their_places(
    printed: presswork.Printed, tmp_path: Path
) -> None:
    path = tmp_path / "cover.pdf"
    path.write_bytes(printed.cover)
    margin, width = 13 * MM, 170 * MM
    places = {"back": (0, width), "spine": (width, 10.8 * MM), "front": (width + 10.8 * MM, width)}
    text = {}
    for name, (x, wide) in places.items():
        area = ["-x", f"{margin + x:.0f}", "-y", "45", "-W", f"{wide:.0f}", "-H", "660"]
        text[name] = subprocess.run(
            ["pdftotext", *area, path, "-"], check=True, capture_output=True, text=True
        ).stdout
    assert "What is in it." in text["back"]
    assert "9" in text["back"]
    assert "A small book" in text["spine"]
    assert "Small Press" in text["spine"]
    assert "A small book" in text["front"]


def test_a_narrow_spine_has_no_words(tmp_path: Path) -> None:
    from imprint.model import Publication
    from imprint.theme import Theme

    publication = Publication(slug="s", lang="en", languages=("en",), title="Thin")
    theme = Theme(presswork.TEMPLATES, "default")
    narrow = press._spine_job(publication, theme, tmp_path, 4.9)
    wide = press._spine_job(publication, theme, tmp_path, 5.0)
    assert "spine-title" not in narrow.html.partition("<body>")[2]
    assert "Thin</p>" in wide.html


def test_the_bar_code_is_black_on_nothing(printed: presswork.Printed, tmp_path: Path) -> None:
    path = tmp_path / "cover.pdf"
    path.write_bytes(printed.cover)
    separations = ["-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=tiffsep", "-r100"]
    subprocess.run([tool("gs"), *separations, "-o", tmp_path / "plate.tif", path], check=True)
    # The white field ends 16 mm from the spine and 14 mm from the foot of the page.
    right, foot = 13 + 170 - 16, 13 + 240 - 14
    field = [round(mm / 25.4 * 100) for mm in (right - 36, foot - 28, right - 2, foot - 4)]
    seen = {}
    for plate in ("Cyan", "Magenta", "Yellow", "Black"):
        with Image.open(tmp_path / f"plate({plate}).tif") as picture:
            seen[plate] = picture.convert("L").crop(tuple(field)).getextrema()
    assert seen["Cyan"] == seen["Magenta"] == seen["Yellow"] == (255, 255)
    assert seen["Black"] == (0, 255)
