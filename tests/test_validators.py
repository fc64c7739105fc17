"""Each validator finds the fault that was put into a file for it, and passes one without."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest
from ebooklib import epub
from weasyprint import HTML

from imprint import validators

PAGE = "<!DOCTYPE html><html lang=en><title>Tides</title><main><h1>Tides</h1>{}</main></html>"


def write_pdf(path: Path, **options: object) -> Path:
    HTML(string=PAGE.format("<p>Twice a day.")).write_pdf(path, **options)
    return path


def write_epub(path: Path, body: str) -> Path:
    book = epub.EpubBook()
    book.set_identifier("urn:uuid:4f0d6a1c-58c5-4c5d-8d4f-5b1f7f2a9c11")
    book.set_title("Tides")
    book.set_language("en")
    chapter = epub.EpubHtml(title="Tides", file_name="tides.xhtml", lang="en", content=body)
    book.add_item(chapter)
    book.add_item(epub.EpubNav())
    book.add_item(epub.EpubNcx())
    book.toc = (chapter,)
    book.spine = [chapter]
    epub.write_epub(path, book)
    return path


def write_page(path: Path, body: str) -> Path:
    path.write_text(PAGE.format(body), encoding="utf-8")
    return path


def test_verapdf_names_the_rules_that_an_untagged_pdf_breaks(tmp_path: Path) -> None:
    untagged = write_pdf(tmp_path / "untagged.pdf")
    tagged = write_pdf(tmp_path / "tagged.pdf", pdf_variant="pdf/ua-1")
    broken = tmp_path / "broken.pdf"
    broken.write_text("no PDF")

    findings = validators.verapdf_many([untagged, tagged, broken])

    assert findings[tagged] == []
    assert (
        "7.1 3: Content shall be marked as Artifact or tagged as real content (2 times)"
        in findings[untagged]
    )
    assert len(findings[broken]) == 1
    assert findings[broken][0].startswith("unreadable: ")


@pytest.mark.parametrize(
    ("variant", "profile", "other"), [("pdf/a-2a", "2a", "ua2"), ("pdf/a-2b", "2b", "4")]
)
def test_verapdf_checks_the_profile_it_is_given(
    tmp_path: Path, variant: str, profile: str, other: str
) -> None:
    path = write_pdf(tmp_path / "archive.pdf", pdf_variant=variant)
    assert validators.verapdf(path, profile) == []
    assert validators.verapdf(path, other) != []


def test_epubcheck_says_where_a_link_is_broken(tmp_path: Path) -> None:
    path = write_epub(tmp_path / "bad.epub", '<h1>Tides</h1><p><a href="gone.xhtml">on</a></p>')
    [finding] = validators.epubcheck(path)
    assert finding.startswith("ERROR RSC-007 EPUB/tides.xhtml(")
    assert '"EPUB/gone.xhtml" could not be found' in finding


def test_epubcheck_has_nothing_to_say_of_a_sound_epub(tmp_path: Path) -> None:
    assert validators.epubcheck(write_epub(tmp_path / "good.epub", "<h1>Tides</h1>")) == []


def test_epubcheck_reports_a_file_that_is_no_epub(tmp_path: Path) -> None:
    path = tmp_path / "broken.epub"
    path.write_text("no EPUB")
    assert any(line.startswith("FATAL PKG-008 ") for line in validators.epubcheck(path))


def test_ace_finds_missing_metadata_and_a_picture_without_alternative(tmp_path: Path) -> None:
    path = write_epub(tmp_path / "bad.epub", '<h1>Tides</h1><img src="data:,"/>')
    findings = validators.ace(path)
    assert any(line.startswith("critical image-alt tides.xhtml: ") for line in findings)
    assert any(line.startswith("serious metadata-accessmode EPUB/content.opf") for line in findings)
    assert not any(" nav.xhtml: " in line for line in findings)


def test_ace_raises_at_a_file_that_is_no_epub(tmp_path: Path) -> None:
    path = tmp_path / "broken.epub"
    path.write_text("no EPUB")
    with pytest.raises(validators.ValidatorError, match="Ace could not check"):
        validators.ace(path)


def test_axe_finds_an_image_without_alternative(tmp_path: Path) -> None:
    good = write_page(tmp_path / "good.html", "<p>Twice a day.")
    bad = write_page(tmp_path / "bad.html", '<img id=map src="data:,">')
    with validators.served(tmp_path) as address:
        findings = validators.axe([good, f"{address}bad.html"])
        with pytest.raises(validators.ValidatorError, match="cannot be opened"):
            validators.axe([f"{address}gone.html"])
    assert findings[str(good)] == []
    assert findings[f"{address}{bad.name}"] == [
        "critical image-alt: Images must have alternative text (#map)"
    ]


def test_browser_reaches_this_machine_only(tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", "")
    with (
        validators.served(tmp_path) as address,
        validators.browser() as browser,
    ):
        page = browser.new_page()
        page.goto(f"{address}page.html")
        elsewhere = address.replace("127.0.0.1", "localhost")
        fetches = "url => fetch(url, {mode: 'no-cors'}).then(() => true, () => false)"
        assert page.evaluate(fetches, address)
        # A name that this machine could resolve stands for all the others.
        assert not page.evaluate(fetches, elsewhere)


def test_served_ends_with_its_block(tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", "")
    with (
        validators.served(tmp_path) as address,
        urllib.request.urlopen(f"{address}page.html") as response,
    ):
        assert response.headers["Content-Type"] == "text/html"
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address)


def test_qpdf_finds_a_damaged_table_of_objects(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "sound.pdf")
    assert validators.qpdf_check(path) == []
    damaged = tmp_path / "damaged.pdf"
    damaged.write_bytes(path.read_bytes().replace(b"startxref\n", b"startxref\n9"))
    assert any("file is damaged" in line for line in validators.qpdf_check(damaged))


@pytest.mark.parametrize(
    "check",
    [validators.verapdf, validators.epubcheck, validators.ace, validators.qpdf_check],
)
def test_a_file_that_is_not_there_never_passes(check: object, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check(tmp_path / "gone")


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (validators.verapdf, "book.pdf"),
        (validators.ace, "book.epub"),
        (lambda path: validators.axe([path]), "page.html"),
    ],
)
def test_a_validator_that_is_not_set_up_raises(
    check: object, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_page(tmp_path / name, "")
    monkeypatch.setattr(validators, "TOOLS", tmp_path / "nothing")
    validators._axe_source.cache_clear()
    with pytest.raises(validators.ValidatorError, match="is missing"):
        check(path)


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (validators.verapdf, "java"),
        (validators.epubcheck, "java"),
        (validators.qpdf_check, "qpdf"),
        (validators.ace, "Chromium"),
    ],
)
def test_a_program_that_is_not_installed_raises(
    check: object, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_page(tmp_path / "book", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(validators.ValidatorError, match=f"{name} is not installed"):
        check(path)


def test_nothing_to_check_is_no_pass() -> None:
    with pytest.raises(validators.ValidatorError):
        validators.verapdf_many([])
    with pytest.raises(validators.ValidatorError):
        validators.axe([])
