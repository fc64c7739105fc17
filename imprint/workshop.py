"""The stages' work done by workers, and kept: what was made before is not made again.

The stages know nothing of this; it wraps them from outside. Whatever is made passes through the
same bytes, new or kept, so that a build's result does not depend on what the cache had.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from imprint import fingerprint, tasks
from imprint.cache import Kept, Store, digest
from imprint.crew import Crew, Task, WorkerLostError, processes
from imprint.diagnostics import Diagnostic, error
from imprint.figures import DataTable, Drawing, FigureStyle
from imprint.limits import FOR_A_FIGURE
from imprint.model import Chapter, Source, Tree
from imprint.trees import StoredTree, serialised

if TYPE_CHECKING:
    from imprint.gathering import Gathering, Order
    from imprint.paginate import Forecast
    from imprint.paper import Job, Typeset

Tell = Callable[[int, int], None]


@dataclass
class Workshop:
    """Workers, the store, and a folder for the fonts' files.

    ``told`` hears of every unit of layout that is wanted or done; ``at_hand`` counts those that
    the store had.
    """

    crew: Crew
    store: Store
    fonts: Path
    output: Path
    told: Tell = lambda wanted, done: None
    at_hand: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.shelf = self.store.own / "fonts"
        self.shelf.mkdir(exist_ok=True)
        self._common = digest(fingerprint.engine(), fingerprint.fonts(self.fonts))
        self._materials: dict[Path, str] = {}
        # Figures read the publication's folder, which machines of a cluster do not have. They are
        # programs of strangers: one that runs wild must not take the build with it.
        self.draughtsman = Crew(partial(processes, limits=FOR_A_FIGURE), 1)

    # --- reading ---

    def chapters(
        self, sources: Sequence[Source], lang: str
    ) -> list[tuple[Chapter, tuple[Diagnostic, ...]]]:
        """The sources parsed, in their order."""
        known: dict[str, tuple[Chapter, tuple[Diagnostic, ...]]] = {}
        keys = [digest(fingerprint.engine(), lang, _stable(vars(s))) for s in sources]
        missing: list[Task] = []
        for source, key in zip(sources, keys, strict=True):
            packed = self.store.get("chapters", key)
            try:
                known[key] = self._chapter(key, packed or b"")
            except ValueError:
                name = f"{source.file} {key}"
                missing.append(Task(name, tasks.parse_chapter, (source, lang)))
        for task, packed in self.crew.results(missing):
            key = task.name.rpartition(" ")[2]
            self.store.put("chapters", key, packed)
            known[key] = self._chapter(key, packed)
        return [known[key] for key in keys]

    def _chapter(self, key: str, packed: bytes) -> tuple[Chapter, tuple[Diagnostic, ...]]:
        """A parsed chapter whose tree stays on the disk."""
        from imprint.packing import Loose, unpack_chapter

        # What cannot be read is not kept.
        unpack_chapter(Loose(packed))
        return unpack_chapter(self.store.keep("chapters", key, packed))

    def lay_by(self, tree: etree._Element) -> Tree:
        """A tree that is read again when somebody needs it."""
        content = serialised(tree)
        return StoredTree(self.store.keep("trees", digest(content), content))

    def figure(
        self, path: Path, *, lang: str, room: Path, fonts: Path, style: FigureStyle
    ) -> Drawing:
        """A drawing as ``figures.draw`` makes it. What it reads may be any file of the folder."""
        name = path.relative_to(room).as_posix()
        key = digest(self._common, self._materials_of(room), name, lang, _stable(asdict(style)))
        try:
            return _unpack_drawing(self.store.get("figures", key) or b"")
        except ValueError:
            pass
        drawing, whole = draw_apart(
            self.draughtsman, path, lang=lang, room=room, fonts=fonts, style=style
        )
        if whole:
            self.store.put("figures", key, json.dumps(asdict(drawing)).encode())
        return drawing

    def _materials_of(self, room: Path) -> str:
        """The digest of all files of a publication but its text."""
        if room not in self._materials:
            files = fingerprint.tree(room, without=[self.output])
            parts = (f"{name}\0{files[name]}" for name in files if not name.endswith(".md"))
            self._materials[room] = digest(*parts)
        return self._materials[room]

    # --- laying out ---

    def lay_out(self, jobs: Iterable[Job]) -> Iterator[Typeset]:
        """The units laid out, in any order."""
        missing = self._missing(jobs)
        known: list[Typeset] = []

        def wanted() -> Iterator[Task]:
            for key, job, found in missing:
                self.told(1, 0)
                if found is not None:
                    with self._lock:
                        self.at_hand += 1
                    known.append(found)
                else:
                    arguments = (replace(job, shelf=""), self._fonts_at_hand())
                    yield Task(f"{job.unit} {key}", tasks.lay_out, arguments)

        for task, (packed, fonts) in self.crew.results(wanted()):
            yield from self._done(known)
            for name, content in fonts.items():
                self._shelve(name, content)
                self.store.put("fonts", name, content)
            key = task.name.rpartition(" ")[2]
            self.store.put("pages", key, packed)
            yield from self._done([self._unpacked(key, packed)])
        yield from self._done(known)

    def forecast(self, name: str) -> Forecast:
        """What the last build of a book came to. Only a hint: a wrong one does no harm."""
        from imprint.paginate import Forecast

        try:
            known = json.loads(self.store.get("forecasts", digest(name)) or b"{}")
            return Forecast(dict(known["shapes"]), dict(known["sides"]))
        except (KeyError, TypeError, ValueError):
            return Forecast()

    def expect(self, name: str, forecast: Forecast) -> None:
        """Keep what a book came to for its next build."""
        self.store.put("forecasts", digest(name), _stable(asdict(forecast)).encode())

    def _done(self, results: list[Typeset]) -> Iterator[Typeset]:
        while results:
            self.told(0, 1)
            yield results.pop()

    def _missing(self, jobs: Iterable[Job]) -> Iterator[tuple[str, Job, Typeset | None]]:
        for job in jobs:
            key = self._job_key(job)
            packed = self.store.get("pages", key)
            try:
                found = self._unpacked(key, packed) if packed is not None else None
            except ValueError:
                found = None
            complete = found is not None and all(
                self._has_font(use.file) for use in found.fragment.fonts.values()
            )
            yield key, job, found if complete else None

    def _job_key(self, job: Job) -> str:
        sheets = (_sheet(path) for path in job.sheets)
        pictures = (part for name in sorted(job.assets) for part in (name, job.assets[name]))
        cited = _stable(dict(job.cited))
        return digest(self._common, job.unit, job.html, cited, *sheets, "", *pictures)

    def _unpacked(self, key: str, packed: bytes) -> Typeset:
        from imprint.packing import unpack_typeset

        return unpack_typeset(self.store.keep("pages", key, packed), key)

    def _fonts_at_hand(self) -> frozenset[str]:
        return frozenset(file.name for file in self.shelf.iterdir())

    def _has_font(self, name: str) -> bool:
        if (self.shelf / name).exists():
            return True
        content = self.store.get("fonts", name)
        if content is not None:
            self._shelve(name, content)
        return content is not None

    def _shelve(self, name: str, content: bytes) -> None:
        with self._lock:
            if not (self.shelf / name).exists():
                beside = self.store.own / f"font-{name}"
                beside.write_bytes(content)
                beside.replace(self.shelf / name)

    # --- joining ---

    def gather(self, orders: Iterable[Order]) -> Iterator[Gathering]:
        """The gatherings of the orders, in their order."""
        ready: dict[int, Kept] = {}
        count = 0

        def wanted() -> Iterator[Task]:
            nonlocal count
            for number, order in enumerate(orders):
                count = number + 1
                key = self._order_key(order)
                packed = self.store.get("gatherings", key)
                if packed is not None and _is_gathering(packed):
                    ready[number] = self.store.keep("gatherings", key, packed)
                else:
                    yield Task(f"{number} {key}", tasks.make_gathering, (_in_memory(order),))

        following = 0
        for task, packed in self.crew.results(wanted()):
            number, _, key = task.name.partition(" ")
            self.store.put("gatherings", key, packed)
            ready[int(number)] = self.store.keep("gatherings", key, packed)
            while following in ready:
                yield _gathering(ready.pop(following).read())
                following += 1
        while following < count:
            yield _gathering(ready.pop(following).read())
            following += 1

    # --- editions ---

    def elsewhere(self, call: Callable[..., Any], *arguments: object) -> Callable[[], Any]:
        """A call begun by a worker; what is given waits for its result."""
        sent = tuple(_to_send(argument) for argument in arguments)
        task = Task(call.__name__, call, sent)
        if self.crew.alone:
            return lambda: self._result(task)
        with_it = ThreadPoolExecutor(max_workers=1)
        result = with_it.submit(self._result, task)
        with_it.shutdown(wait=False)
        return result.result

    def _result(self, task: Task) -> Any:
        return next(result for _, result in self.crew.results([task]))

    def _order_key(self, order: Order) -> str:
        piece = order.piece
        place = (
            piece.first,
            piece.labels,
            piece.cited,
            order.base,
            order.dead,
            order.images,
            order.standard,
            order.targets,
        )
        shaped = sorted((key, asdict(text)) for key, text in order.lettering.items())
        return digest(self._common, piece.fragment.key, _stable(place), _stable(shaped))


def _stable(value: object) -> str:
    """A value as text, the same for the same value."""
    return json.dumps(value, sort_keys=True, default=_written)


def _written(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else repr(value)


@lru_cache(maxsize=64)
def _sheet_at(path: str, _age: int) -> str:
    return Path(path).read_text(encoding="utf-8")


def _sheet(path: str) -> str:
    return _sheet_at(path, Path(path).stat().st_mtime_ns)


def draw_apart(
    draughtsman: Crew, path: Path, *, lang: str, room: Path, fonts: Path, style: FigureStyle
) -> tuple[Drawing, bool]:
    """A drawing made by a worker, which data may break without harm, and whether it was made."""
    name = path.relative_to(room).as_posix()
    task = Task(name, tasks.draw_figure, (path, lang, room, fonts, style))
    try:
        [(_, drawing)] = draughtsman.results([task])
    except WorkerLostError as lost:
        return _undrawn(name, lost), False
    return drawing, True


def _undrawn(name: str, lost: WorkerLostError) -> Drawing:
    _, reason = lost.losses[0]
    message = f"The figure cannot be drawn: it {reason or 'broke the program that draws it'}."
    hint = "Look for data without end in it, or for far too many of them."
    return Drawing(diagnostics=(error("figure-drawing", name, 1, 1, message, hint),))


def _unpack_drawing(packed: bytes) -> Drawing:
    from imprint.packing import unpack_diagnostics

    try:
        known = json.loads(packed)
        table = known.pop("table")
        found = unpack_diagnostics([list(d.values()) for d in known.pop("diagnostics")])
        rows = table and DataTable(tuple(table["header"]), tuple(map(tuple, table["rows"])))
        return Drawing(**known, table=rows, diagnostics=found)
    except (KeyError, TypeError, AttributeError) as fault:
        raise ValueError(str(fault)) from fault


def _to_send(argument: object) -> object:
    """Placed fragments with their bulk; everything else as it is."""
    from imprint.fragments import Placed
    from imprint.packing import Packed

    if not isinstance(argument, tuple) or not all(isinstance(p, Placed) for p in argument):
        return argument
    sent = []
    for piece in argument:
        assert isinstance(piece.fragment.body, Packed)
        body = piece.fragment.body.in_memory()
        sent.append(replace(piece, fragment=replace(piece.fragment, body=body, anchors={})))
    return tuple(sent)


def _in_memory(order: Order) -> Order:
    """The order with the fragment's bulk, to be sent to a worker."""
    from imprint.packing import Packed

    fragment = order.piece.fragment
    assert isinstance(fragment.body, Packed)
    # Of the facts a gathering needs few: what is sent is kept small.
    slim = replace(fragment, body=fragment.body.in_memory(), fonts={}, anchors={})
    return replace(order, piece=replace(order.piece, fragment=slim))


def _is_gathering(packed: bytes) -> bool:
    try:
        _gathering(packed)
    except ValueError:
        return False
    return True


def _gathering(packed: bytes) -> Gathering:
    from imprint.packing import unpack_gathering

    return unpack_gathering(packed)
