"""The desk: the publication as it stands, its languages made anew as soon as a file changes.

One thread watches the files and one makes proofs. What is broken leaves the last good pages on
the desk, beside what is wrong.
"""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from watchfiles import Change, DefaultFilter, watch

from imprint import diagnostics as findings
from imprint.build import TEMPLATES, lost_work, resolved
from imprint.cache import LOCAL_FOLDER, Store
from imprint.crew import Crew, WorkerLostError
from imprint.diagnostics import Diagnostic, Severity
from imprint.load import load
from imprint.model import Manuscript
from imprint.policy import settled
from imprint.preview.galleys import Galleys
from imprint.preview.proof import Proof, prove
from imprint.workshop import Workshop

_usual = DefaultFilter()


@dataclass(frozen=True)
class View:
    """What the preview shows of a language.

    ``state`` is "waiting" before the first pages, "making", "ready", or "broken" when what is
    shown is older than the files; ``message`` tells of a fault of the program; ``changed`` names
    the files that were saved last, ``seconds`` is how long showing their text took and
    ``all_seconds`` how long everything did. No two views of a desk have the same ``number``.
    """

    lang: str
    state: str = "waiting"
    proof: Proof | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    message: str = ""
    changed: tuple[str, ...] = ()
    seconds: float = 0.0
    all_seconds: float = 0.0
    number: int = 0


@dataclass(frozen=True)
class _Errand:
    """Something to do: make a language's proof ("" is the first), or see to what has changed."""

    lang: str = ""
    changed: frozenset[Path] = frozenset()
    is_last: bool = False


@dataclass
class Desk:
    """The views by language, and the threads that renew them.

    ``tell`` is called from another thread whenever a view is new; ``is_watched`` says whether
    anybody looks at a language.
    """

    folder: Path
    output: Path
    store: Store
    crew: Crew
    tell: Callable[[], None] = lambda: None
    is_watched: Callable[[str], bool] = lambda lang: True

    def __post_init__(self) -> None:
        self.languages: tuple[str, ...] = ()
        self.views: dict[str, View] = {}
        self.galleys = Galleys()
        self.number = 0
        self._stale: set[str] = set()
        self._errands: queue.SimpleQueue[_Errand] = queue.SimpleQueue()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._work, self._watch)
        ]

    # --- asked from outside ---

    def start(self) -> None:
        """Begin to watch, and to make the first proof."""
        self._errands.put(_Errand())
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop. A proof that is being made is given up with the workers."""
        self._over.set()
        self._errands.put(_Errand(is_last=True))
        self.crew.close(wait_for_tasks=False)
        for thread in self._threads:
            thread.join(timeout=2)

    def view(self, lang: str) -> View | None:
        """The view of a language, of the first for ""; None for one that is not there."""
        lang = lang or self._first()
        if lang and lang not in self.languages:
            return None
        return self.views.get(lang) or View(lang)

    def want(self, lang: str) -> None:
        """Have a language's proof made unless it is there and of the files as they are."""
        if self._is_due(lang or self._first()):
            self._errands.put(_Errand(lang))

    def _first(self) -> str:
        return self.languages[0] if self.languages else ""

    def _is_due(self, lang: str) -> bool:
        return lang not in self.views or lang in self._stale

    # --- watching ---

    def _watch(self) -> None:
        places = [path for path in (self.folder, TEMPLATES) if path.is_dir()]
        changes = watch(
            *places, watch_filter=self._matters, stop_event=self._over, raise_interrupt=False
        )
        for found in changes:
            self._errands.put(_Errand(changed=frozenset(Path(path) for _, path in found)))

    def _matters(self, change: Change, path: str) -> bool:
        """Whether a changed file is an author's, and not what building writes."""
        file = Path(path)
        own = (self.output.resolve(), self.folder.resolve() / LOCAL_FOLDER)
        return _usual(change, path) and not any(file.is_relative_to(place) for place in own)

    # --- making proofs ---

    def _work(self) -> None:
        while not self._over.is_set():
            errands = [self._errands.get()]
            while not self._errands.empty():
                errands.append(self._errands.get())
            if any(errand.is_last for errand in errands):
                return
            changed = frozenset[Path]().union(*(errand.changed for errand in errands))
            if any(path.is_relative_to(TEMPLATES) for path in changed):
                # Workers keep the theme's style sheets as they have read them.
                self.crew.relieve()
            wanted = [errand.lang for errand in errands if not errand.changed]
            for lang in self._due(wanted, is_change=bool(changed)):
                self._renew(lang, self._names(changed))

    def _due(self, wanted: Sequence[str], *, is_change: bool) -> list[str]:
        """The languages to be made anew now; those that nobody looks at wait."""
        due = [lang or self._first() for lang in wanted]
        if is_change:
            self._stale.update(self.views)
            due += [lang for lang in self.views if self.is_watched(lang)] or [self._first()]
        return [lang for lang in dict.fromkeys(due) if self._is_due(lang)]

    def _renew(self, lang: str, changed: tuple[str, ...]) -> None:
        began = time.monotonic()
        self._stale.discard(lang)
        try:
            manuscripts, told = load(self.folder)
            self.languages = tuple(m.publication.lang for m in manuscripts) or self.languages
            lang = lang or self._first()
            view = replace(self.views.get(lang) or View(lang), changed=changed, message="")
            view = replace(view, seconds=0.0, all_seconds=0.0)
            self._put(replace(view, state="making" if view.proof else "waiting"))
            manuscript = next((m for m in manuscripts if m.publication.lang == lang), None)
            if manuscript is None:
                self._put(replace(view, state="broken", diagnostics=tuple(findings.ordered(told))))
            else:
                self._prove(manuscript, view, list(told), began)
        except Exception as fault:
            if self._over.is_set():
                return
            # A fault of the program, not of the manuscript: whoever mends it wants the traceback.
            traceback.print_exc()
            said = f"{type(fault).__name__}: {fault}"
            view = self.views.get(lang) or View(lang)
            self._put(replace(view, state="broken", message=said))

    def _prove(
        self, manuscript: Manuscript, view: View, found: list[Diagnostic], began: float
    ) -> None:
        workshop = Workshop(self.crew, self.store, TEMPLATES / "fonts", self.output)

        def put(state: str, proof: Proof | None, told: Sequence[Diagnostic]) -> None:
            told = tuple(findings.ordered(settled(told, [manuscript])))
            self._put(replace(view, state=state, proof=proof, diagnostics=told))

        files: dict[str, str] = {}
        try:
            book, problems = resolved(manuscript, workshop)
            files = {chapter.id: chapter.file for chapter in book.chapters}
            found += problems
            if view.proof and _is_unreadable(view.proof, manuscript, found):
                put("broken", view.proof, found)
                return
            for shown, more in prove(manuscript, book, found, workshop, view.proof):
                seconds = time.monotonic() - began
                view = replace(
                    view, proof=shown, seconds=view.seconds or seconds, all_seconds=seconds
                )
                if more or shown.is_complete or findings.has_errors(found):
                    put("ready" if shown.is_complete else "making", shown, [*found, *more])
                else:
                    # What else is wrong is not yet known: what was known stays for a moment.
                    self._put(replace(view, state="making"))
        except WorkerLostError as loss:
            put("broken", view.proof, [*found, *lost_work(loss, files)])
        finally:
            workshop.draughtsman.close(wait_for_tasks=False)

    def _put(self, view: View) -> None:
        self.number += 1
        known = {lang: each for lang, each in self.views.items() if lang in self.languages}
        self.views = known | {view.lang: replace(view, number=self.number)}
        self.tell()

    def _names(self, changed: Iterable[Path]) -> tuple[str, ...]:
        """The changed files of the publication by their names in it."""
        root = self.folder.resolve()
        within = sorted(path for path in changed if path.is_relative_to(root))
        return tuple(path.relative_to(root).as_posix() for path in within)


def _is_unreadable(proof: Proof, manuscript: Manuscript, found: Iterable[Diagnostic]) -> bool:
    """Whether a chapter that is shown cannot be read any more, and its author is told why."""
    there = {source.file for source in manuscript.sources}
    gone = {chapter.file for chapter in proof.book.chapters} - there
    return any(d.severity is Severity.ERROR and d.file in gone for d in found)
