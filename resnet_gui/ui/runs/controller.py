"""The Runs page's state machine, without widgets: runs, curves, trash, a comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.errors import ResNetGuiError, RunError
from resnet_gui.core.evaluation.paired import Compared
from resnet_gui.core.events import Notice
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.directory import RunDirectory
from resnet_gui.core.runs.events import EpochDone, Preparing
from resnet_gui.core.runs.listing import RunInfo, RunState, note_run
from resnet_gui.core.runs.trash import TrashedRun, restore_run, trash_run, trashed_runs
from resnet_gui.core.undoable import next_turn
from resnet_gui.core.zoo import ModelEntry
from resnet_gui.core.zoo.ensembles import save_ensemble
from resnet_gui.jobs.lane import Job, Priority
from resnet_gui.ui.means import Means
from resnet_gui.ui.train.earlier_runs import EarlierRuns
from resnet_gui.ui.widgets.plain_text import one_line
from resnet_gui.ui.widgets.words import sentence

_LONGEST = 150  # letters of a title that is made of others


@dataclass(frozen=True, slots=True)
class Curve:
    """The epochs of one run. path: of its directory."""

    path: str
    epochs: tuple[EpochDone, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs to be compared, the older one first, with the models that they made."""

    runs: tuple[RunInfo, RunInfo]
    models: tuple[ModelEntry, ModelEntry]

    @property
    def folder(self) -> str:
        """The folder that both learned from; "": they learned from different ones."""
        first, second = (run.data for run in self.runs)
        return first if first == second else ""


@dataclass(frozen=True, slots=True)
class _Thrown:
    """Runs that were thrown away together. turn: when, see `next_turn`. places: in the trash."""

    turn: int
    places: tuple[Path, ...]


class RunsController(QObject):
    """What the Runs page shows.

    Attributes:
        earlier: the runs on this computer. runs: the same, newest first.
        looked: the list was read at least once.
        trashed: runs in the trash, the newest first.
        curves: of the runs that were asked for, by path.
        compared: the last result; None: there is none. pair: whose it is, or will be.
        comparing: whether a comparison goes on. progress: how far it is.

    Signals:
        runs_changed(), trash_changed(), curves_changed(), comparison_changed().
        trashed_now(object): the TrashedRuns that have just been thrown away.
        config_read(object): the settings of a run that should be had again.
        changed_runs(): something was changed on the disk that others show, too.
        noticed(str text, str kind).
    """

    runs_changed = Signal()
    trash_changed = Signal()
    curves_changed = Signal()
    comparison_changed = Signal()
    trashed_now = Signal(object)
    config_read = Signal(object)
    changed_runs = Signal()
    noticed = Signal(object, str)

    def __init__(self, means: Means, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine, self._store = means.engine, means.store
        self._inference, self._io = means.inference, means.io
        self.earlier = EarlierRuns(means.store, means.io, self)
        self.earlier.changed.connect(self._on_runs_changed)
        self.earlier.noticed.connect(self.noticed)
        means.store.changed.connect(self.runs_changed)
        self.looked = False
        self._known: set[str] = set()  # ids of runs that were finished when they were seen
        self.trashed: tuple[TrashedRun, ...] = ()
        self.curves: dict[str, Curve] = {}
        self.compared: Compared | None = None
        self.pair: Pair | None = None
        self.comparing = False
        self.progress: Preparing | None = None
        self._wanted: tuple[str, ...] = ()
        self._reading: Job | None = None
        self._comparison: Job | None = None
        self._undo: list[_Thrown] = []  # the newest last

    @property
    def runs(self) -> tuple[RunInfo, ...]:
        return self.earlier.runs

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def undo_turn(self) -> int:
        """When what `undo` would bring back was thrown away, see `undoable.next_turn`."""
        return self._undo[-1].turn if self._undo else 0

    @Slot()
    def refresh(self) -> None:
        """Look at the disk again."""
        self.earlier.refresh()
        self._io.submit(_read_trash).progressed.connect(self._on_trash)

    # --- curves -----------------------------------------------------------------------------

    def want_curves(self, runs: Sequence[RunInfo]) -> None:
        """Read the epochs of these runs, and forget those of others."""
        self._wanted = tuple(run.path for run in runs)
        if self._reading is not None:
            self._reading.let_go()
        self.curves = {path: self.curves[path] for path in self._wanted if path in self.curves}
        self.curves_changed.emit()
        if self._wanted:
            start = partial(_read_curves, self._wanted)
            self._reading = job = self._io.submit(start, Priority.INTERACTIVE)
            job.progressed.connect(self._on_curves)

    def read_again(self) -> None:
        """A run that goes on has come to the end of an epoch."""
        by_path = {run.path: run for run in self.runs}
        self.want_curves([by_path[path] for path in self._wanted if path in by_path])

    @Slot(object)
    def _on_curves(self, curves: list[Curve]) -> None:
        self.curves.update({curve.path: curve for curve in curves})
        self.curves_changed.emit()

    # --- what a person does with a run ------------------------------------------------------

    def rename(self, run: RunInfo, title: str) -> None:
        self.earlier.rename(run, title)
        self._tell_others()

    def note(self, run: RunInfo, note: str) -> None:
        """Keep what a person writes about a run."""
        self._change(partial(note_run, Path(run.path), note))

    def throw_away(self, runs: Sequence[RunInfo]) -> None:
        """Move runs to the trash; one that is in training stays."""
        resting = [run for run in runs if run.state is not RunState.RUNNING]
        if len(resting) < len(runs):
            self.noticed.emit(
                "A run that is being trained cannot be moved to the trash: stop it first.",
                "warning",
            )
        if resting:
            job = self._io.submit(partial(_trash, resting), Priority.INTERACTIVE)
            job.progressed.connect(partial(self._on_thrown, next_turn()))
            job.failed.connect(self._on_failed)
            job.ended.connect(self._on_changed)

    def restore(self, places: Sequence[Path]) -> None:
        """Bring runs back from the trash."""
        self._keep_undo(lambda place: place not in places)
        self._change(partial(_restore, list(places)))

    @Slot()
    def undo(self) -> None:
        """Bring back what was thrown away last, as often as something was."""
        if self._undo:
            self.restore(self._undo[-1].places)

    def _keep_undo(self, keep: Callable[[Path], bool]) -> None:
        left = (replace(item, places=tuple(filter(keep, item.places))) for item in self._undo)
        self._undo = [item for item in left if item.places]

    def again(self, run: RunInfo) -> None:
        """Read a run's settings; `config_read` says them."""
        job = self._io.submit(partial(_read_config, Path(run.path)), Priority.INTERACTIVE)
        job.progressed.connect(self._on_config)
        job.failed.connect(self._on_failed)

    def _change(self, change: Callable[[], object]) -> None:
        def changed() -> Iterator[None]:
            change()
            yield None

        job = self._io.submit(changed, Priority.INTERACTIVE)
        job.failed.connect(self._on_failed)
        job.ended.connect(self._on_changed)

    def _on_thrown(self, turn: int, events: list[tuple[TrashedRun, ...]]) -> None:
        for runs in events:
            self._undo.append(_Thrown(turn, tuple(run.place for run in runs)))
            self.trashed_now.emit(runs)

    @Slot(object)
    def _on_config(self, configs: list[RunConfig]) -> None:
        self.config_read.emit(configs[-1])

    @Slot()
    def _on_changed(self) -> None:
        self.refresh()
        self._tell_others()

    def _tell_others(self) -> None:
        self.changed_runs.emit()

    # --- models that answer together --------------------------------------------------------

    def members(self, runs: Sequence[RunInfo]) -> list[ModelEntry]:
        """The models of runs that could answer together; none where one is missing, or they know
        different classes."""
        models = [self.earlier.model_of(run) for run in runs]
        found = [model for model in models if model is not None and not model.problem]
        same = len({frozenset(model.spec.classes) for model in found}) == 1
        return found if same and len(found) == len(runs) >= 2 else []

    def join(self, runs: Sequence[RunInfo]) -> None:
        """Keep the models of runs as one that answers with the mean of theirs, called after them;
        the Models page can rename it."""
        members = self.members(runs)
        if not members:
            return
        titles = list(dict.fromkeys(entry.spec.title for entry in members))
        title = " + ".join(titles) if len(titles) > 1 else f"{titles[0]}, {len(members)} together"
        job = self._io.submit(partial(_join, members, title[:_LONGEST]), Priority.INTERACTIVE)
        job.progressed.connect(self._on_joined)
        job.failed.connect(self._on_failed)
        job.ended.connect(self._store.refresh)

    @Slot(object)
    def _on_joined(self, titles: list[str]) -> None:
        name = one_line(titles[-1], 60)
        text = f"“{name}” is among your models now, on the Models page and wherever one is chosen."
        self.noticed.emit(text, "notice")

    # --- comparing --------------------------------------------------------------------------

    def pair_of(self, runs: Sequence[RunInfo]) -> Pair | None:
        """Two runs with models that are here, the older one first; None: these cannot be
        compared."""
        if len(runs) != 2:
            return None
        first, second = sorted(runs, key=lambda run: run.created)
        one, other = self.earlier.model_of(first), self.earlier.model_of(second)
        if one is None or other is None or one.problem or other.problem:
            return None
        return Pair((first, second), (one, other))

    def compare(self, pair: Pair, folder: Path) -> None:
        """Let the two models answer the photos of a folder."""
        self.stop_comparing()
        self.pair, self.comparing, self.compared, self.progress = pair, True, None, None
        one, other = (entry.spec.id for entry in pair.models)
        start = partial(self._engine.compare, one, other, folder)
        self._comparison = job = self._inference.submit(start, Priority.NORMAL)
        job.progressed.connect(self._on_compared)
        job.failed.connect(self._on_comparison_failed)
        job.ended.connect(self._on_comparison_ended)
        self.comparison_changed.emit()

    @Slot()
    def stop_comparing(self) -> None:
        if self._comparison is not None:
            self._comparison.let_go()
            self._comparison = self.progress = None
            self.comparing = False
            self.comparison_changed.emit()

    @Slot()
    def close_comparison(self) -> None:
        """Show curves again."""
        self.stop_comparing()
        self.compared = None
        self.comparison_changed.emit()

    @Slot(object)
    def _on_compared(self, events: list[object]) -> None:
        for event in events:
            if isinstance(event, Preparing):
                self.progress = event
            elif isinstance(event, Notice):
                self.noticed.emit(event.message, "notice")
            elif isinstance(event, Compared):
                self.compared = event
        self.comparison_changed.emit()

    @Slot(object)
    def _on_comparison_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")

    @Slot()
    def _on_comparison_ended(self) -> None:
        self._comparison = self.progress = None
        self.comparing = False
        self.comparison_changed.emit()

    # --- what the lanes say -----------------------------------------------------------------

    @Slot()
    def _on_runs_changed(self) -> None:
        self.looked = True
        made = {run.id for run in self.earlier.runs if run.state is RunState.FINISHED}
        new = made - self._known
        self._known |= made
        if new - {entry.spec.run_id for entry in self._store.entries}:
            self._store.refresh()  # another program trained: its model is not in the list yet
        self.runs_changed.emit()

    @Slot(object)
    def _on_trash(self, events: list[tuple[TrashedRun, ...]]) -> None:
        self.trashed = events[-1]
        here = {run.place for run in self.trashed}
        self._keep_undo(lambda place: place in here)
        self.trash_changed.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")


def thrown_sentence(runs: Sequence[TrashedRun]) -> str:
    """What is said when runs were thrown away."""
    if len(runs) == 1:
        return f"“{one_line(runs[0].info.title, 60)}” was moved to the trash. Its model stays."
    return f"{len(runs)} runs were moved to the trash. Their models stay."


def _read_trash() -> Iterator[tuple[TrashedRun, ...]]:
    yield tuple(trashed_runs())


def _read_curves(paths: Sequence[str]) -> Iterator[Curve]:
    for path in paths:
        try:
            yield Curve(path, tuple(RunDirectory.open(Path(path)).metrics()))
        except ResNetGuiError:
            yield Curve(path, ())  # the table says what is wrong with it


def _join(members: Sequence[ModelEntry], title: str) -> Iterator[str]:
    yield save_ensemble(members, title).spec.title


def _read_config(path: Path) -> Iterator[RunConfig]:
    yield RunDirectory.open(path).config


def _trash(runs: Sequence[RunInfo]) -> Iterator[tuple[TrashedRun, ...]]:
    """All that could be moved as one, to be undone as one."""
    moved, problem = [], None
    for run in runs:
        try:
            moved.append(TrashedRun(trash_run(Path(run.path)), run, ""))
        except RunError as error:
            problem = error
    if moved:
        yield tuple(moved)
    if problem is not None:
        raise problem


def _restore(places: Sequence[Path]) -> None:
    for place in places:
        restore_run(place)
