"""What the Improve page is about: a labelled folder, what looks wrong in it, and what to label
next. No widgets here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.dataset.summary import DatasetSummary, ScanProgress, count_noun
from resnet_gui.core.events import Notice
from resnet_gui.core.improve.events import Improving, LeastSure, NotRead, Suspect, SuspectsFound
from resnet_gui.core.zoo import ModelEntry
from resnet_gui.jobs.lane import Job, Priority
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.correcting.judged import Judged, JudgedLater
from resnet_gui.ui.means import Means
from resnet_gui.ui.widgets.words import duration, sentence

if TYPE_CHECKING:
    from resnet_gui.core.runs.config import RunConfig

_MOST_NAMED = 3  # photos that could not be read


class ImproveState(Enum):
    EMPTY = auto()  # no folder, or one of which nothing is shown yet
    LOOKING = auto()  # the folder is being looked through
    WORKING = auto()
    STOPPING = auto()
    SHOWN = auto()  # photos to decide about


class Task(Enum):
    """What the photos are for: to find labels that are wrong, or to label more."""

    SUSPECTS = auto()
    QUEUE = auto()


class Which(Enum):
    """Photos of a look for wrong labels."""

    WRONG = auto()
    ALL = auto()
    DECIDED = auto()


class ImproveController(QObject):
    """Attributes:
        state, task, which: see above.
        folder: as a person chose it; None: none. root: as it was found; "": not yet.
        model_id: of the model that judges. device: what computes, as the settings say.
        pool: files and folders of unlabelled photos.
        found: the newest look for wrong labels. round: the newest photos to label.
        photos: what is shown, in order.

    Signals:
        changed(): state, folder or model are others now. photos_changed(): so are the photos.
        progressed(object text, int done, int total).
        noticed(object text, str kind).
        training_requested(object): a RunConfig: train the model again on the folder of now.
    """

    changed = Signal()
    photos_changed = Signal()
    progressed = Signal(object, int, int)
    noticed = Signal(object, str)
    training_requested = Signal(object)

    def __init__(self, means: Means, corrector: Corrector, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine, self._store = means.engine, means.store
        self._inference, self._io = means.inference, means.io
        self.corrector = corrector
        self.state, self.task, self.which = ImproveState.EMPTY, Task.SUSPECTS, Which.WRONG
        self.folder: Path | None = None
        self.root = ""
        self.model_id = self._suggested = ""
        self.device = "auto"
        self.pool: tuple[Path, ...] = ()
        self.found: SuspectsFound | None = None
        self.round: LeastSure | None = None
        self.photos: Sequence[Judged] = ()
        self._then: Callable[[], None] | None = None  # once the folder has been looked through
        self._job: Job | None = None
        self._what, self._began, self._judging = "", 0.0, ""
        means.store.changed.connect(self.changed)
        corrector.looked.connect(self._on_looked)
        corrector.failed.connect(self._on_look_failed)
        corrector.progressed.connect(self._on_scanned)

    # --- folder and model -------------------------------------------------------------------

    @property
    def summary(self) -> DatasetSummary | None:
        """The folder as it was found last."""
        return self.corrector.summary(self.root) if self.root else None

    @property
    def entry(self) -> ModelEntry | None:
        """The model that judges the next time."""
        chosen = self._store.entry(self.model_id) if self.model_id else None
        return chosen or self._store.default(self._suggested)

    @property
    def judge(self) -> ModelEntry | None:
        """The model that is at work, or whose word is shown; None: none is, or it is gone."""
        found = self.round if self.task is Task.QUEUE else self.found
        model_id = self._judging if self.busy else found.model if found is not None else ""
        return self._store.entry(model_id) if model_id else None

    @property
    def busy(self) -> bool:
        return self.state in (ImproveState.WORKING, ImproveState.STOPPING)

    @property
    def classes(self) -> list[str]:
        """Those that photos can be moved to, in the order of their keys."""
        return self.corrector.classes(self.root) if self.root else []

    def set_model(self, model_id: str) -> None:
        self.model_id = model_id
        self.changed.emit()

    def suggest(self, model_id: str) -> None:
        """The model used last, while nobody has chosen one."""
        if not self.model_id and model_id != self._suggested:
            self._suggested = model_id
            self.changed.emit()

    def set_folder(self, folder: Path, then: Callable[[], None] | None = None) -> None:
        """Look through a folder. then: what follows when that is done."""
        if self.busy:
            self.noticed.emit("It is being worked on. Stop it first, or wait for its end.", "miss")
            return
        if self.folder is not None and self.state is ImproveState.LOOKING:
            self.corrector.stop_looking(self.folder)
        self.folder, self.root, self._then = folder, "", then
        self.found = self.round = None
        self.pool = ()
        self._show(())
        self._set(ImproveState.LOOKING)
        self.corrector.look(folder)

    @Slot(object)
    def _on_scanned(self, progress: ScanProgress) -> None:
        if self.state is ImproveState.LOOKING:
            self.progressed.emit("Looking through the folder", progress.done, progress.total)

    @Slot(object, object)
    def _on_looked(self, folder: str, root: str) -> None:
        if self.state is ImproveState.LOOKING and folder == str(self.folder):
            self.root = root
            self._set(ImproveState.EMPTY)
            then, self._then = self._then, None
            if then is not None:
                then()
        elif root == self.root:
            if self.which is Which.DECIDED and self.task is Task.SUSPECTS:
                self.show_which(self.which)
            self.changed.emit()

    @Slot(object, object)
    def _on_look_failed(self, folder: str, text: str) -> None:
        if self.state is ImproveState.LOOKING and folder == str(self.folder):
            self.noticed.emit(text, "warning")
            self.folder, self._then = None, None
            self._set(ImproveState.EMPTY)

    @Slot()
    def close(self) -> None:
        """Back to the start of the page; what was decided is kept. While the folder is looked
        through it is there already."""
        if self.busy or self.state is ImproveState.LOOKING:
            return
        self._show(())
        self._set(ImproveState.EMPTY)
        self._inference.submit(self._engine.end_improving, Priority.BACKGROUND)

    # --- looking for wrong labels, and photos to label ----------------------------------------

    @property
    def startable(self) -> bool:
        """Whether a folder and a model are there to begin with."""
        entry = self.entry
        usable = entry is not None and entry.state.ready and not (entry.problem or entry.needs)
        return usable and self.summary is not None and not self.busy

    @Slot()
    def find_suspects(self) -> None:
        """Look for photos that are in the wrong class."""
        entry, summary = self.entry, self.summary
        if not self.startable or entry is None or summary is None:
            return
        decisions = self.corrector.decisions(self.root)
        self.task, self._judging = Task.SUSPECTS, entry.spec.id
        self._begin(partial(self._engine.suspects, summary, entry.spec.id, decisions, self.device))

    def label_more(self, photos: Sequence[Path]) -> None:
        """Begin with unlabelled photos, files or folders."""
        if not self.startable or not photos:
            return
        self.pool = tuple(photos)
        self.next_round()

    @Slot()
    def next_round(self) -> None:
        """Learn from all that is labelled and decided, and show the photos to label next."""
        entry, summary = self.entry, self.summary
        if not self.startable or not self.pool or entry is None or summary is None:
            return
        decisions = self.corrector.decisions(self.root)
        self.task, self._judging = Task.QUEUE, entry.spec.id
        self._begin(
            partial(
                self._engine.least_sure, summary, self.pool, entry.spec.id, decisions, self.device
            )
        )

    def _begin(self, start: Callable[[], Iterator[Any]]) -> None:
        self._what, self._began = "", time.monotonic()
        self._job = job = self._inference.submit(start, Priority.NORMAL)
        job.progressed.connect(self._on_progressed)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(self._on_cancelled)
        self._set(ImproveState.WORKING)

    @Slot()
    def stop(self) -> None:
        """End what goes on; what was shown before is shown again."""
        if self.state is ImproveState.LOOKING and self.folder is not None:
            self.corrector.stop_looking(self.folder)
            self.folder, self._then = None, None
            self._set(ImproveState.EMPTY)
        elif self.state is ImproveState.WORKING and self._job is not None:
            self._set(ImproveState.STOPPING)
            self._job.cancel()

    @Slot(object)
    def _on_progressed(self, events: list[Any]) -> None:
        steps = [event for event in events if isinstance(event, Improving)]
        if steps:
            self._tell(steps[-1])
        for event in events:
            if isinstance(event, Notice):
                self.noticed.emit(event.message, "notice")
            elif isinstance(event, SuspectsFound):
                self._on_suspects(event)
            elif isinstance(event, LeastSure):
                self._on_round(event)

    def _tell(self, event: Improving) -> None:
        if event.what != self._what:
            self._what, self._began = event.what, time.monotonic()
        text = _WORK[event.what]
        if event.what == "features" and event.total:
            text = f"{event.done:,} of {event.total:,} photos"
            elapsed = time.monotonic() - self._began
            if event.done and elapsed > 1:
                left = elapsed / event.done * (event.total - event.done)
                text += f" · about {duration(left)} left"
        self.progressed.emit(text, event.done, event.total)

    def _on_suspects(self, found: SuspectsFound) -> None:
        self._job = None
        self.found = found
        self._tell_unread(found.failed)
        self.show_which(Which.WRONG if found.wrong else Which.ALL)
        self._set(ImproveState.SHOWN)

    def _on_round(self, found: LeastSure) -> None:
        self._job = None
        self.round = found
        self._tell_unread(found.failed)
        self._show([Judged(g.path, "", g.label, g.probability) for g in found.guesses])
        self._set(ImproveState.SHOWN)

    def _tell_unread(self, failed: Sequence[NotRead]) -> None:
        for photo in failed[:_MOST_NAMED]:
            self.noticed.emit(photo.message, "warning")
        if len(failed) > _MOST_NAMED:
            more = count_noun(len(failed) - _MOST_NAMED, "more photo")
            self.noticed.emit(f"{more} could not be read.", "warning")

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")
        self._on_cancelled()

    @Slot()
    def _on_cancelled(self) -> None:
        self._job = None
        self._set(ImproveState.SHOWN if self.photos else ImproveState.EMPTY)

    # --- what is shown ------------------------------------------------------------------------

    def show_which(self, which: Which) -> None:
        """Show these photos of the look for wrong labels."""
        self.task, self.which = Task.SUSPECTS, which
        if which is Which.DECIDED:
            self._show(self.corrector.decided(self.root))
        elif self.found is not None:
            suspects = self.found.suspects
            if which is not Which.ALL:
                suspects = tuple(suspect for suspect in suspects if suspect.wrong)
            self._show(JudgedLater(suspects, _judged, attrgetter("path")))
        else:
            self._show(())

    @Slot()
    def show_decided(self) -> None:
        """Show what was decided, without a look for more."""
        if self.root and not self.busy:
            self.show_which(Which.DECIDED)
            self._set(ImproveState.SHOWN)

    def _show(self, photos: Sequence[Judged]) -> None:
        self.photos = photos
        self.photos_changed.emit()

    # --- training again -----------------------------------------------------------------------

    def train_again(self, device_kind: str = "cpu") -> None:
        """Find the settings to train the model again; `training_requested` follows.

        Args:
            device_kind: what the training will run on, "cpu" or "cuda:0" say.
        """
        entry, summary = self.entry, self.summary
        if entry is None or summary is None or self.busy:
            return
        start = partial(_settings_again, entry, summary, device_kind)
        job = self._io.submit(start, Priority.INTERACTIVE)
        job.progressed.connect(self._on_settings)
        job.failed.connect(self._on_not_settled)

    @Slot(object)
    def _on_settings(self, found: list[RunConfig]) -> None:
        self.training_requested.emit(found[-1])

    @Slot(object)
    def _on_not_settled(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")

    def _set(self, state: ImproveState) -> None:
        self.state = state
        self.changed.emit()


_WORK = {
    "photos": "Finding out which photos are known already",
    "converting": "Preparing the model",
    "features": "Looking at the photos",
    "learning": "Learning from the photos that are labelled",
}


def _settings_again(
    entry: ModelEntry, summary: DatasetSummary, device_kind: str
) -> Iterator[RunConfig]:
    from resnet_gui.core.improve.again import config_again

    yield config_again(entry, summary, device_kind)


def _judged(suspect: Suspect) -> Judged:
    if suspect.wrong or suspect.suggested_probability > suspect.probability:
        guess, sure = suspect.suggested, suspect.suggested_probability
        return Judged(suspect.path, suspect.label, guess, sure)
    return Judged(suspect.path, suspect.label, fits=suspect.probability)
