"""What is kept is believed only if it is whole, and makes no difference but to the time."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

import pikepdf
import pytest

from bench.books import write_book
from imprint.build import Request, build
from imprint.cache import Store, cache_folder, clean, digest, store_for
from imprint.crew import Crew, Task, WorkerLostError, cluster, processes

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("books") / "small"
    write_book(folder, chapters=3, pages_per_chapter=4)
    return folder


def _copy(book: Path, target: Path) -> Path:
    shutil.copytree(book, target)
    return target


def _made(folder: Path, output: Path, **wishes: object) -> dict[str, str]:
    report = build(Request(folder, output, **{"editions": ("pdf",), "jobs": 1, **wishes}))  # type: ignore[arg-type]
    assert not report.failed, report.diagnostics
    return {
        file.relative_to(output).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(output.rglob("*"))
        if file.is_file()
    }


# --- the store -----------------------------------------------------------------------------------


def test_an_entry_comes_back_as_it_was(store: Store) -> None:
    store.put("pages", digest("a"), b"content")
    assert store.get("pages", digest("a")) == b"content"
    assert store.get("pages", digest("b")) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[:-1],
        lambda whole: whole[:-1] + bytes([whole[-1] ^ 1]),
        lambda whole: b"",
        lambda whole: b"\x80\x04\x95 a pickle from elsewhere",
        lambda whole: whole + b"more",
    ],
)
def test_a_damaged_entry_counts_as_missing(store: Store, damage: object) -> None:
    key = digest("a")
    store.put("pages", key, b"content")
    path = store.path("pages", key)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert store.get("pages", key) is None


def test_an_entry_under_a_wrong_name_counts_as_missing(store: Store) -> None:
    store.put("pages", digest("a"), b"content")
    there = store.path("pages", digest("b"))
    there.parent.mkdir(parents=True)
    store.path("pages", digest("a")).rename(there)
    assert store.get("pages", digest("b")) is None


def test_what_was_of_no_use_for_longest_goes_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", limit_bytes=2500)
    for age, name in enumerate(("old", "used", "new")):
        store.put("pages", digest(name), name.encode().ljust(1000))
        os.utime(store.path("pages", digest(name)), (1000 + age, 1000 + age))
    os.utime(store.path("pages", digest("old")), (2000, 2000))
    store.close()
    assert store.get("pages", digest("used")) is None
    assert store.get("pages", digest("old")) is not None
    assert store.get("pages", digest("new")) is not None


def test_what_a_build_works_with_outlives_tidying(store: Store) -> None:
    store.put("pages", digest("a"), b"content")
    kept = store.keep("pages", digest("a"), b"content")
    clean(store.folder)
    assert store.get("pages", digest("a")) is None
    assert kept.read() == b"content"


def test_a_publication_with_a_place_for_it_keeps_its_own_cache(tmp_path: Path) -> None:
    assert cache_folder(tmp_path) != tmp_path / ".imprint"
    (tmp_path / ".imprint").mkdir()
    assert cache_folder(tmp_path) == tmp_path / ".imprint"


def test_a_cache_that_cannot_be_written_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with store_for(tmp_path) as store:
        store.put("pages", digest("a"), b"content")
        assert store.get("pages", digest("a")) == b"content"


# --- the same bytes, however they come about -----------------------------------------------------


def test_cold_warm_and_without_a_cache_the_bytes_are_the_same(book: Path, tmp_path: Path) -> None:
    cold = _made(book, tmp_path / "one", jobs=1)
    assert _made(book, tmp_path / "two", jobs=2, cached=False) == cold
    # Elsewhere, so that nothing is taken for done: only what was kept is used.
    assert _made(book, tmp_path / "three", jobs=1) == cold


def test_after_an_edit_a_warm_build_equals_a_cold_one(book: Path, tmp_path: Path) -> None:
    edited = _copy(book, tmp_path / "edited")
    _made(edited, tmp_path / "out")
    chapter = edited / "en" / "002.md"
    text = chapter.read_text(encoding="utf-8")
    chapter.write_text(text + "\n\n" + "A line more, and then another one. " * 300)
    warm = build(Request(edited, tmp_path / "out", editions=("pdf",), jobs=1))
    assert not warm.failed
    # The chapter, and the contents, lists and index that name its pages: not the other chapters.
    anew = warm.laid_out - warm.from_cache
    assert 1 <= anew <= 4, anew
    cold = _made(edited, tmp_path / "cold", cached=False)
    assert cold["measure.en.pdf"] == _digest(tmp_path / "out" / "measure.en.pdf")


def test_nothing_is_done_when_nothing_changed(book: Path, tmp_path: Path) -> None:
    request = Request(book, tmp_path / "out", editions=("pdf",), jobs=1)
    build(request)
    before = (tmp_path / "out" / "measure.en.pdf").stat()
    again = build(request)
    assert again.unchanged
    assert (tmp_path / "out" / "measure.en.pdf").stat() == before


def test_output_that_somebody_touched_is_made_again(book: Path, tmp_path: Path) -> None:
    request = Request(book, tmp_path / "out", editions=("pdf",), jobs=1)
    build(request)
    pdf = tmp_path / "out" / "measure.en.pdf"
    good = _digest(pdf)
    pdf.write_bytes(b"not a PDF any more")
    assert not build(request).unchanged
    assert _digest(pdf) == good


@pytest.mark.parametrize("name", ["opds.json", "report.html", "measure.en.onix.xml", "sbom*.json"])
def test_what_stands_beside_the_editions_is_made_again(
    book: Path, tmp_path: Path, name: str
) -> None:
    request = Request(book, tmp_path / "out", editions=("pdf",), jobs=1)
    build(request)
    [note] = (tmp_path / "out").glob(name)
    good = note.read_bytes()
    note.unlink()
    assert not build(request).unchanged
    assert note.read_bytes() == good
    assert build(request).unchanged


def test_damaged_entries_are_made_anew(book: Path, tmp_path: Path) -> None:
    good = _made(book, tmp_path / "one")
    for entry in (tmp_path / "cache").rglob("*"):
        if entry.is_file() and len(entry.name) == 64:
            entry.write_bytes(entry.read_bytes()[:-7] + b"garbage")
    assert _made(book, tmp_path / "two") == good


def test_builds_at_once_share_a_cache(book: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "imprint",
        "build",
        str(book),
        "-e",
        "pdf",
        "-j",
        "1",
        "-q",
        "-o",
    ]
    running = [subprocess.Popen([*command, str(tmp_path / f"out{n}")], cwd=ROOT) for n in range(2)]
    assert [process.wait() for process in running] == [0, 0]
    made = {_digest(tmp_path / f"out{n}" / "measure.en.pdf") for n in range(2)}
    assert len(made) == 1


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


# --- workers -------------------------------------------------------------------------------------


def _double(number: int) -> int:
    return 2 * number


def _die(number: int) -> int:
    """Die as a process that the system ran out of memory for."""
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def _die_once(marker: str) -> int:
    path = Path(marker)
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 7


def test_a_worker_that_dies_costs_only_its_task(tmp_path: Path) -> None:
    crew = Crew(processes, 2)
    tasks = [Task(str(n), _double, (n,)) for n in range(8)]
    tasks.insert(3, Task("deadly", _die_once, (str(tmp_path / "died"),)))
    results = {task.name: result for task, result in crew.results(tasks)}
    crew.close()
    assert results == {**{str(n): 2 * n for n in range(8)}, "deadly": 7}


def test_a_task_that_always_kills_is_named(tmp_path: Path) -> None:
    crew = Crew(processes, 2)
    tasks = [Task("good", _double, (1,)), Task("deadly", _die, (1,))]
    with pytest.raises(WorkerLostError, match="deadly"):
        list(crew.results(tasks))
    crew.close(wait_for_tasks=False)


def test_a_chapter_that_kills_its_worker_is_told_of(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imprint import tasks

    lay_out = tasks.lay_out

    def lost(job: object, known: frozenset[str]) -> object:
        if job.unit == "chapter-2":  # type: ignore[attr-defined]
            raise WorkerLostError(f"chapter-2 {'0' * 64}")
        return lay_out(job, known)  # type: ignore[arg-type]

    monkeypatch.setattr(tasks, "lay_out", lost)
    report = build(Request(book, tmp_path / "out", editions=("pdf",)), workers=Crew(None, 1))
    assert report.failed
    assert [(d.code, d.file) for d in report.diagnostics if d.severity == 2] == [
        ("worker-lost", "en/002.md")
    ]


def test_a_cluster_of_other_processes_makes_the_same(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    local = _made(book, tmp_path / "local")["measure.en.pdf"]
    # The workers are processes of their own, and need to find the program.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as machines:
        hire, size = cluster(machines.scheduler_address.replace("tcp://", "dask://"))
        crew = Crew(hire, size)
        request = Request(book, tmp_path / "far", editions=("pdf",), cached=False)
        report = build(request, workers=crew)
        crew.close()
    assert not report.failed, report.diagnostics
    assert _digest(tmp_path / "far" / "measure.en.pdf") == local


def test_an_executor_from_elsewhere_is_used(book: Path, tmp_path: Path) -> None:
    """Any ``concurrent.futures.Executor`` will do: here one that counts."""
    from concurrent.futures import ThreadPoolExecutor

    class Counting(ThreadPoolExecutor):
        calls = 0

        def submit(self, *given: object, **named: object):  # type: ignore[no-untyped-def, override]
            Counting.calls += 1
            return super().submit(*given, **named)  # type: ignore[arg-type]

    def hire(size: int) -> Executor:
        return Counting(size)

    build(Request(book, tmp_path / "out", editions=("pdf",)), workers=Crew(hire, 2))
    assert Counting.calls > 10


# --- lists, watching, the command ----------------------------------------------------------------


def test_a_list_is_one_job_and_is_taken_up_again(book: Path, tmp_path: Path) -> None:
    _copy(book, tmp_path / "second")
    (tmp_path / "list.toml").write_text(
        f'output = "published"\n[[publications]]\nfolder = "{book}"\neditions = ["pdf"]\n'
        '[[publications]]\nfolder = "second"\neditions = ["pdf"]\n'
    )
    command = [sys.executable, "-m", "imprint", "build", str(tmp_path / "list.toml"), "-j", "2"]
    first = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    for name in ("small", "second"):
        assert (tmp_path / "published" / name / "measure.en.pdf").is_file()
    (tmp_path / "published" / "second" / "measure.en.pdf").unlink()
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert again.stdout.count("Nothing had changed.") == 1
    assert (tmp_path / "published" / "second" / "measure.en.pdf").is_file()


def test_watching_builds_again_on_a_change(book: Path, tmp_path: Path) -> None:
    watched = _copy(book, tmp_path / "watched")
    # A cache and an output among what is watched: what builds write there is no change.
    (watched / ".imprint").mkdir()
    command = [sys.executable, "-u", "-m", "imprint", "build", str(watched), "-e", "pdf", "-j", "2",
               "-o", str(watched / "out"), "--watch"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        # Whoever starts the tests in the background of a shell has them ignore Ctrl-C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    lines: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: lines.extend(process.stdout))  # type: ignore[arg-type]
    reader.start()
    try:
        _await(lambda: any("laid out anew" in line for line in lines))
        before = _digest(watched / "out" / "measure.en.pdf")
        # The watch begins a moment after the first build is told of.
        time.sleep(2)
        chapter = watched / "en" / "001.md"
        chapter.write_text(chapter.read_text(encoding="utf-8") + "\n\nAn afterthought.\n")
        _await(lambda: sum("laid out anew" in line for line in lines) == 2)
        time.sleep(3)
        assert not [line for line in lines if "Nothing had changed" in line]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        reader.join(60)
    assert _digest(watched / "out" / "measure.en.pdf") != before
    assert [line for line in lines if "laid out anew" in line][-1].startswith("1 of ")


def _await(happened: object, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


def test_clean_empties_the_cache(book: Path, tmp_path: Path) -> None:
    _made(book, tmp_path / "out")
    command = [sys.executable, "-m", "imprint", "clean", str(book)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    left = [f for f in (tmp_path / "cache").rglob("*") if f.is_file() and len(f.name) == 64]
    assert left == []
    assert not build(Request(book, tmp_path / "out", editions=("pdf",), jobs=1)).unchanged


def test_only_the_tools_of_a_no_change_build_are_loaded(book: Path, tmp_path: Path) -> None:
    """What takes long to load is left alone when there is nothing to do."""
    build(Request(book, tmp_path / "out", editions=("pdf",), jobs=1))
    script = (
        "import sys; from pathlib import Path; from imprint.build import Request, build\n"
        f"r = build(Request(Path({str(book)!r}), Path({str(tmp_path / 'out')!r}), "
        "editions=('pdf',), jobs=1))\n"
        "assert r.unchanged\n"
        "print([m for m in ('weasyprint', 'vl_convert', 'pikepdf', 'ebooklib') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_chapters_stay_while_the_pages_that_they_cite_move(book: Path, tmp_path: Path) -> None:
    """Cited folios are stamped: a chapter that cites a moved page is not laid out again."""
    moved = _copy(book, tmp_path / "moved")
    build(Request(moved, tmp_path / "out", editions=("pdf",), jobs=1))
    chapter = moved / "en" / "002.md"
    chapter.write_text(chapter.read_text(encoding="utf-8") + "\n\n" + "More words here. " * 400)
    report = build(Request(moved, tmp_path / "out", editions=("pdf",), jobs=1))
    # The chapter itself and what lists its pages; chapter 1 cites chapter 3, which moved, and stays.
    assert report.laid_out - report.from_cache <= 4
    cold = _made(moved, tmp_path / "cold", cached=False)
    assert cold["measure.en.pdf"] == _digest(tmp_path / "out" / "measure.en.pdf")
    assert re.findall(r"page\s00", _text(tmp_path / "out" / "measure.en.pdf")) == []


def test_cited_folios_are_those_of_the_pages(book: Path, tmp_path: Path) -> None:
    """What stands behind "page" is the label of the page that the link beside it leads to."""
    _made(book, tmp_path / "out")
    with pikepdf.open(tmp_path / "out" / "measure.en.pdf") as pdf:
        labels = {page.obj.objgen: page.label for page in pdf.pages}
        names = _destinations(pdf)
        cited = [
            (str(link.Contents), labels[names[str(link.Dest)].objgen])
            for page in pdf.pages
            for link in page.obj.get("/Annots", [])
            if ", page" in str(link.Contents)
        ]
    assert len(cited) > 3
    for words, label in cited:
        assert words.endswith(f"page {label}")
        assert words in _text(tmp_path / "out" / "measure.en.pdf")


def _destinations(pdf: pikepdf.Pdf) -> dict[str, pikepdf.Object]:
    tree = pikepdf.NameTree(pdf.Root.Names.Dests)
    return {name: where[0] for name, where in tree.items()}


def _text(pdf: Path) -> str:
    run = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True)
    return " ".join(run.stdout.replace("\xa0", " ").split())
