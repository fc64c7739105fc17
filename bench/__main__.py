"""Times builds side by side in one run: ``python -m bench [--chapters N] [--plain] [--markdown F]``.

Every build is a process of its own. Wall time, processor time of all processes, the peak of the
largest process and of all together, and the size of the screen PDF are taken; ratios are to plain
WeasyPrint in the same run, since other work on the machine slows both alike.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.books import write_book

HERE = Path(__file__).resolve().parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Taken:
    """What a build took."""

    name: str
    wall_s: float = 0.0
    cpu_s: float = 0.0
    largest_mb: float = 0.0
    together_mb: float = 0.0
    size_mb: float = 0.0
    pages: int = 0


@dataclass
class _Watch:
    """Looks at the processes of a session while they run."""

    session: int
    cpu: dict[int, float] = field(default_factory=dict)
    largest: float = 0.0
    together: float = 0.0
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopped.wait(0.05):
            total = 0.0
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit():
                    total += self._look(entry)
            self.together = max(self.together, total)

    def _look(self, entry: Path) -> float:
        """The memory of a process in MB, 0 if it is none of the session's."""
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) != self.session:
                return 0.0
            self.cpu[int(entry.name)] = (int(fields[11]) + int(fields[12])) / _TICKS
            shares = (entry / "smaps_rollup").read_text()
        except (OSError, IndexError, ValueError):
            return 0.0
        # Pages that processes share count a part in each: what is forked is not counted twice.
        found = re.search(r"^Pss:\s+(\d+) kB", shares, re.M)
        memory = int(found[1]) / 1024 if found else int(fields[21]) * _PAGE / 2**20
        self.largest = max(self.largest, memory)
        return memory


def take(name: str, command: list[str], pdf: Path, cache: Path) -> Taken:
    """Run a command and see what it takes."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(HERE)}
    started = time.monotonic()
    process = subprocess.Popen(
        command, env=environment, cwd=HERE, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    watch = _Watch(process.pid)
    thread = threading.Thread(target=watch.run)
    thread.start()
    _, complaints = process.communicate()
    wall = time.monotonic() - started
    watch.stopped.set()
    thread.join()
    if process.returncode:
        raise SystemExit(f"{name} failed:\n{complaints}")
    taken = Taken(name, wall, sum(watch.cpu.values()), watch.largest, watch.together)
    taken.size_mb = pdf.stat().st_size / 1e6
    taken.pages = _pages(pdf)
    print(_line(taken), file=sys.stderr, flush=True)
    return taken


def _pages(pdf: Path) -> int:
    import pikepdf

    with pikepdf.open(pdf) as opened:
        return len(opened.pages)


def _line(taken: Taken) -> str:
    return (
        f"{taken.name:32} {taken.wall_s:7.2f} s  cpu {taken.cpu_s:7.2f} s  "
        f"largest {taken.largest_mb:5.0f} MB  all {taken.together_mb:5.0f} MB  "
        f"{taken.size_mb:6.2f} MB  {taken.pages} pages"
    )


class Bench:
    """One book, built in many ways."""

    def __init__(self, room: Path, chapters: int, jobs: int) -> None:
        self.book, self.output, self.cache = room / "book", room / "output", room / "cache"
        self.jobs = jobs
        self.middle = self.book / "en" / f"{(chapters + 1) // 2:03}.md"
        write_book(self.book, chapters=chapters)

    def build(self, name: str, *wishes: str) -> Taken:
        """A build with what the cache has."""
        command = [sys.executable, "-m", "imprint", "build", str(self.book), "-o",
                   str(self.output), "-j", str(self.jobs), "-q", *wishes]  # fmt: skip
        return take(name, command, self.output / "measure.en.pdf", self.cache)

    def forget(self) -> None:
        """Have the next build begin from nothing."""
        shutil.rmtree(self.cache, ignore_errors=True)
        shutil.rmtree(self.output, ignore_errors=True)

    def edit(self, old: str, new: str) -> None:
        """Change the middle chapter's text in one place."""
        text = self.middle.read_text(encoding="utf-8")
        at = text.index(old, len(text) // 2)
        self.middle.write_text(text[:at] + new + text[at + len(old) :], encoding="utf-8")

    def scenarios(self) -> list[Taken]:
        """The builds that authors make, one after another."""
        only = ("-e", "pdf")
        taken = [self.build("cold, screen PDF", *only)]
        taken.append(self.build("no change", *only))
        self.edit(" because ", " since ")
        taken.append(self.build("one chapter edited", *only))
        grown = " ".join(
            f"Paragraph {n} makes the chapter longer by a line or two." for n in range(60)
        )
        self.edit("\n\n", f"\n\n{grown}\n\n")
        taken.append(self.build("one chapter a page longer", *only))
        return taken

    def all_editions(self) -> list[Taken]:
        """Every edition from nothing, and again without a change."""
        self.forget()
        return [self.build("cold, all four editions"), self.build("no change, all four editions")]

    def style(self) -> Taken:
        """The contents' style changed, in a copy of the theme that only this run sees."""
        sheet = HERE / "templates" / "default" / "css" / "front.css"
        before = sheet.read_text(encoding="utf-8")
        try:
            sheet.write_text(f"{before}\n.toc-title {{ font-style: italic }}\n", encoding="utf-8")
            return self.build("contents' style changed", "-e", "pdf")
        finally:
            sheet.write_text(before, encoding="utf-8")

    def plain(self) -> Taken:
        """The same book by plain WeasyPrint, as one document."""
        target = self.output / "plain.pdf"
        target.parent.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "bench.plain", str(self.book), str(target)]
        return take("plain WeasyPrint", command, target, self.cache)


def table(taken: list[Taken]) -> str:
    """The runs as a Markdown table; ratios where plain WeasyPrint ran."""
    plain = next((t for t in taken if t.name == "plain WeasyPrint"), None)
    lines = [
        "| build | wall, s | of plain | CPU, s | largest process, MB | all together, MB | PDF, MB | pages |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for t in taken:
        ratio = f"1/{plain.wall_s / t.wall_s:.1f}" if plain else ""
        lines.append(
            f"| {t.name} | {t.wall_s:.2f} | {ratio} | {t.cpu_s:.1f} | {t.largest_mb:.0f} "
            f"| {t.together_mb:.0f} | {t.size_mb:.2f} | {t.pages} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the bench and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--chapters", type=int, default=8, help="56 give some 1,400 pages")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--plain", action="store_true", help="run plain WeasyPrint as well")
    parser.add_argument("--cold-only", action="store_true", help="for long books: memory and time")
    parser.add_argument("--json", type=Path, help="write the figures here")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as room:
        bench = Bench(Path(room), chosen.chapters, chosen.jobs)
        if chosen.cold_only:
            taken = [bench.build("cold, screen PDF", "-e", "pdf")]
        else:
            taken = bench.scenarios()
            taken.append(bench.style())
            taken += bench.all_editions()
        if chosen.plain:
            taken.append(bench.plain())
    print(table(taken))
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(t) for t in taken], indent=1) + "\n")


if __name__ == "__main__":
    main()
