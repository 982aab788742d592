"""The state of Make classes, without widgets: the boxes, what comes in, and what is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.dataset.collection.boxes import UNSORTED, Boxes, Changed
from resnet_gui.core.dataset.collection.folder_names import renamed_classes
from resnet_gui.core.dataset.collection.folders import (
    FolderEvent,
    FolderMade,
    FolderProgress,
    make_training_folder,
    save_class_folder,
)
from resnet_gui.core.dataset.collection.held import CollectionElsewhereError, HeldCollection
from resnet_gui.core.dataset.collection.readiness import Readiness, readiness
from resnet_gui.core.dataset.collection.take_in import FolderRead, read_class_folder
from resnet_gui.core.dataset.collection.values import (
    CollectedClass,
    CollectedPhoto,
    Collection,
    store_collection,
)
from resnet_gui.core.dataset.summary import count_noun
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.making.intake import Fetch, Intake, in_two_classes, start_of
from resnet_gui.ui.making.sentences import (
    extended_text,
    folder_notices,
    in_two_classes_text,
    not_extended_text,
    other_folder,
)
from resnet_gui.ui.saver import Saver
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.images import Dropped
from resnet_gui.ui.widgets.plain_text import one_line
from resnet_gui.ui.widgets.words import sentence

FIRST = Collection((CollectedClass("Class 1"), CollectedClass("Class 2")))


class MakingController(QObject):
    """Attributes:
        boxes: the photos; it is changed through this controller alone.
        loaded: whether what was kept before is here; until then nothing can be changed.

    Signals:
        changed(Changed): the boxes did.
        noticed(object text, str kind): kind as a NoticeBar's. misnamed(object): see `misnamings`.
        problems_found(tuple[str, ...]): what could not be taken in, a sentence for each file.
        found_elsewhere(object text, object paths, int box): photos that another class has; they can
            be moved to this box.
        work_changed(object text): what goes on, "" if nothing does.
        made(FolderMade): a folder to train on. saved(FolderMade): a copy where the person wanted.
        extended(str): the classes of this model's training are here.
        refused(): another window has the classes; `noticed` has said so.
    """

    changed = Signal(object)
    noticed = Signal(object, str)
    misnamed = Signal(object)
    problems_found = Signal(object)
    found_elsewhere = Signal(object, object, int)
    work_changed = Signal(object)
    made = Signal(object)
    saved = Signal(object)
    extended = Signal(str)
    refused = Signal()

    def __init__(self, io: JobLane, fetch: Fetch, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._io, self._fetch = io, fetch
        self.boxes = Boxes()
        self.loaded = False
        self._loading: Job | None = None
        self._intakes: list[Intake] = []
        self._waiting: list[tuple[Dropped, int]] = []  # came before what is kept
        self._folder_job: Job | None = None
        self._extending: tuple[Path, str, str] | None = None
        self._held = HeldCollection()
        self._open = self._filled = False
        self._saver = Saver(io, store_collection, self)
        self._saver.failed.connect(self._on_not_saved)

    # --- what is kept -----------------------------------------------------------------------

    def load(self) -> None:
        """Bring back what is kept, if it is not here."""
        self._open = True
        if self.loaded or self._loading is not None:
            return
        self._loading = self._io.submit(partial(_load, self._held), Priority.INTERACTIVE)
        self._loading.progressed.connect(self._on_loaded)
        self._loading.failed.connect(self._on_not_loaded)

    def leave(self) -> None:
        """Nobody looks any more: let another window of the program have the classes, as soon as
        what goes on has ended and is kept."""
        self._open = False
        self._let_go()

    def _let_go(self) -> None:
        if self.loaded and not (self._open or self._intakes or self._folder_job):
            self.loaded = False
            job = self._io.submit(partial(_let_go, self._saver, self._held), Priority.INTERACTIVE)
            job.failed.connect(self._on_not_let_go)

    @Slot(object)
    def _on_not_let_go(self, error: Exception) -> None:
        """What cannot be written is kept here."""
        self.loaded = True
        self._on_not_saved(error)

    @Slot(object)
    def _on_loaded(self, events: list[Collection | None]) -> None:
        self._have(events[-1])

    @Slot(object)
    def _on_not_loaded(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")
        if isinstance(error, CollectionElsewhereError):
            self._loading = self._extending = None
            self._open = False
            self._waiting.clear()
            self.refused.emit()
        else:
            self._have(None)

    def _have(self, kept: Collection | None) -> None:
        self.loaded, self._loading = True, None
        found = kept if kept is not None else FIRST
        if not self._filled:
            self._filled = True
            self.changed.emit(self.boxes.fill(found))
        elif found != self.boxes.snapshot():
            self.changed.emit(self.boxes.fill(found, "what another window changed"))
        waiting, self._waiting = self._waiting, []
        for dropped, box in waiting:
            self.take(dropped, box)
        if self._extending is not None:
            self.extend(*self._extending)
        self._let_go()

    def store_now(self) -> None:
        """Write what is not written yet, in this thread: for the end of the program."""
        self._saver.write()

    def _did(self, changed: Changed) -> None:
        if changed.boxes or changed.classes:
            self._saver.save(self.boxes.snapshot())
            self.changed.emit(changed)

    @Slot(object)
    def _on_not_saved(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")

    @property
    def readiness(self) -> Readiness:
        counts = [(self.boxes.name(n), self.boxes.count(n)) for n in self.boxes.classes]
        return readiness(counts, self.boxes.count(UNSORTED))

    # --- what comes in ----------------------------------------------------------------------

    def take(self, dropped: Dropped, box: int) -> None:
        """Photos, folders or a picture without a file, for this box."""
        if not dropped:
            return
        if not self.loaded:
            self._waiting.append((dropped, box))
            return
        intake = Intake(self._io, start_of(dropped, self._fetch), box, self, dropped.paths)
        intake.came.connect(self._on_came)
        intake.ended.connect(self._on_intake_ended)
        self._intakes.append(intake)
        self._tell_work()

    @Slot(object, object)
    def _on_came(self, intake: Intake, photos: list[CollectedPhoto]) -> None:
        box = intake.box if intake.box in self.boxes.classes else UNSORTED  # removed meanwhile
        added = self.boxes.add(photos, box, "add photos", intake, intake.folder_of(photos))
        intake.count += added.count
        intake.here += added.here
        intake.elsewhere += added.elsewhere
        self._did(added.changed)

    @Slot(object)
    def _on_intake_ended(self, intake: Intake) -> None:
        self._intakes.remove(intake)
        self._tell_work()
        self._let_go()
        if intake.problems:
            self.problems_found.emit(tuple(intake.problems))
        if intake.elsewhere:
            self._tell_elsewhere(intake)
        elif intake.here and intake.box:
            name, what = self.boxes.name(intake.box), count_noun(intake.here, "photo")
            verb = "was" if intake.here == 1 else "were"
            self.noticed.emit(f"{what} {verb} in “{class_words(name)}” already.", "notice")
        elif intake.here:
            self.noticed.emit(f"{count_noun(intake.here, 'photo')} came twice.", "notice")

    def _tell_elsewhere(self, intake: Intake) -> None:
        shown = [
            f"{one_line(Path(photo.path).name, 60)} (in “{class_words(self.boxes.name(box))}”)"
            for photo, box in intake.elsewhere
        ]
        names = ", ".join(shown[:3]) + (f" and {len(shown) - 3:,} more" if len(shown) > 3 else "")
        what = "A photo is" if len(shown) == 1 else f"{len(shown):,} photos are"
        stay = "it stays" if len(shown) == 1 else "they stay"
        text = f"{what} in another class already: {names}. A photo has one class; {stay} there."
        if intake.box == UNSORTED:  # nobody means to take them out of their class
            self.noticed.emit(text, "notice")
        else:
            paths = tuple(photo.path for photo, _ in intake.elsewhere)
            self.found_elsewhere.emit(text, paths, intake.box)

    def stop(self) -> None:
        """End what goes on; what has come stays."""
        for intake in self._intakes:
            intake.stop()
        if self._folder_job is not None:
            self._folder_job.cancel()

    def _tell_work(self) -> None:
        self.work_changed.emit("Looking at the photos…" if self._intakes else "")

    # --- what the person does ---------------------------------------------------------------

    def move(self, paths: Iterable[str], box: int) -> None:
        """Into another box, while it is there."""
        if not self.loaded or box not in (UNSORTED, *self.boxes.classes):
            return
        paths = tuple(paths)
        name = f"“{class_words(self.boxes.name(box))}”" if box else "the unsorted ones"
        self._did(self.boxes.move(paths, box, f"move {count_noun(len(paths), 'photo')} to {name}"))

    def remove(self, paths: Iterable[str]) -> None:
        """Out of all boxes; the files stay where they are."""
        if not self.loaded:
            return
        paths = tuple(paths)
        self._did(self.boxes.move(paths, None, f"remove {count_noun(len(paths), 'photo')}"))

    def new_class(self, name: str = "", paths: Iterable[str] = ()) -> int:
        """A class, perhaps with photos of other boxes; where its name is taken that class. Its
        number; UNSORTED where nothing can be changed yet."""
        if not self.loaded:
            return UNSORTED
        known = self.boxes.find_class(name) if name.strip() else None
        if known is not None:
            self.move(paths, known)
            return known
        number, changed = self.boxes.new_class(name.strip() or self.boxes.free_name(), paths)
        self._did(changed)
        self._tell_folder(number)
        return number

    def rename(self, box: int, name: str) -> str:
        """Returns a sentence that says why not. A class without a name keeps the one it has."""
        name = name.strip()
        if not self.loaded or not name:
            return ""
        other = self.boxes.find_class(name)
        if other not in (None, box):
            return f"Another class is called “{class_words(self.boxes.name(other))}”."
        self._did(self.boxes.rename(box, name))
        self._tell_folder(box)
        return ""

    def _tell_folder(self, box: int) -> None:
        """A class that a person just named, if no folder can be called so."""
        if text := self.misnamings().get(self.boxes.name(box)):
            self.misnamed.emit(text)

    def misnamings(self) -> dict[str, str]:
        """A sentence for each class that no folder can be called like, by the class's name."""
        names = [self.boxes.name(n) for n in self.boxes.classes]
        return {name: other_folder(name, folder) for name, folder in renamed_classes(names)}

    def remove_class(self, box: int) -> None:
        if self.loaded:
            self._did(self.boxes.remove_class(box))

    def start_over(self) -> None:
        """Two empty classes; undo brings all back."""
        if self.loaded:
            self._did(self.boxes.fill(FIRST, "start over"))

    def undo(self) -> Changed:
        changed = self.boxes.undo() if self.loaded else Changed()
        self._did(changed)
        return changed

    def redo(self) -> Changed:
        changed = self.boxes.redo() if self.loaded else Changed()
        self._did(changed)
        return changed

    # --- folders ----------------------------------------------------------------------------

    def make(self) -> None:
        """A class folder in the data folder; `made` follows."""
        if self.readiness.ready:
            job = self._work(partial(make_training_folder, self.boxes.snapshot()))
            job.progressed.connect(self._on_making)

    def save_to(self, folder: Path) -> None:
        """Copies in folders of their classes; `saved` follows."""
        job = self._work(partial(save_class_folder, self.boxes.snapshot(), folder))
        job.progressed.connect(self._on_saving)

    def extend(self, folder: Path, title: str, model_id: str) -> None:
        """The classes of a model's training, with an empty one more; `extended` follows."""
        self._extending = (folder, title, model_id)
        if not self.loaded:
            self.load()
            return
        job = self._work(partial(read_class_folder, folder))
        job.progressed.connect(self._on_reading)

    def _work(self, start: Callable[[], Iterator[object]]) -> Job:
        if self._folder_job is not None:
            self._folder_job.let_go()
        self._folder_job = job = self._io.submit(start, Priority.INTERACTIVE)
        job.failed.connect(self._on_folder_failed)
        job.ended.connect(self._on_folder_ended)
        return job

    @Slot(object)
    def _on_making(self, events: list[FolderEvent]) -> None:
        for event in events:
            if isinstance(event, FolderProgress):
                done = f"{event.done:,} of {event.total:,}"
                self.work_changed.emit(f"Making the class folder: {done} photos")
            else:
                self._tell(event)
                self.made.emit(event)

    @Slot(object)
    def _on_saving(self, events: list[FolderEvent]) -> None:
        for event in events:
            if isinstance(event, FolderProgress):
                self.work_changed.emit(f"Copying: {event.done:,} of {event.total:,} photos")
            else:
                self._tell(event)
                self.saved.emit(event)

    def _tell(self, event: FolderMade) -> None:
        for text, kind in folder_notices(event):
            self.noticed.emit(text, kind)

    @Slot(object)
    def _on_reading(self, events: list[FolderRead | Collection]) -> None:
        event = events[-1]
        if isinstance(event, FolderRead):
            self.work_changed.emit(f"Looking through the training folder: {event.done:,} photos")
            return
        if self._extending is None:
            return
        _, title, model_id = self._extending
        self._extending = None
        self._did(self.boxes.fill(event, "open a model's classes"))
        self.new_class()
        both = in_two_classes(event)
        if both:
            self.noticed.emit(in_two_classes_text(both), "warning")
        self.noticed.emit(extended_text(title), "notice")
        self.extended.emit(model_id)

    @Slot(object)
    def _on_folder_failed(self, error: Exception) -> None:
        text = sentence(error)
        if self._extending is not None:
            folder, title, _ = self._extending
            text = f"{not_extended_text(title, folder)} {text}"
        self.noticed.emit(text, "warning")

    @Slot()
    def _on_folder_ended(self) -> None:
        self._folder_job = self._extending = None
        self._tell_work()
        self._let_go()


def _load(held: HeldCollection) -> Iterator[Collection | None]:
    yield held.load()


def _let_go(saver: Saver[Collection], held: HeldCollection) -> Iterator[None]:
    """Another window is to see all of it: what cannot be written stays in hand."""
    saver.write()
    held.let_go()
    yield None
