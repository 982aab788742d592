"""The Classify page's state machine, without widgets: photos, model, device, and the jobs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.events import (
    DeviceInfo,
    ImageSource,
    ModelLoading,
    ModelReady,
    Notice,
    Prediction,
)
from resnet_gui.core.zoo import ModelEntry, ModelSpec
from resnet_gui.jobs.lane import Job, Priority
from resnet_gui.ui.classify.devices import Devices
from resnet_gui.ui.classify.model_choice import ModelChoice
from resnet_gui.ui.classify.photo_intake import PhotoIntake
from resnet_gui.ui.classify.photo_jobs import Answer, PhotoJobs
from resnet_gui.ui.classify.removals import Removals
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.imports import Imports, PageImports, looks_like_weights
from resnet_gui.ui.means import Means
from resnet_gui.ui.widgets.images import Dropped
from resnet_gui.ui.widgets.photo_list import Photo, PhotoList, PhotoState
from resnet_gui.ui.widgets.plain_text import one_line
from resnet_gui.ui.widgets.status import Status
from resnet_gui.ui.widgets.words import sentence


class ClassifyController(QObject):
    """Takes what the person drops and keeps the answers.

    Attributes:
        photos: the list model that views show. removals: what was taken out of it.
        model: which model answers. entry: that, None if there is none.
        device: the chosen device ("auto", …).

    Signals:
        current_changed(): another photo is the current one, or its answer changed.
        model_changed(): `entry` changed.
        devices_found(): `devices` is known.
        status_changed(Status).
        progress_changed(PhotosProgress).
        noticed(str text, str kind): something to show above the photo; kind "notice" or "warning".
        download_changed(object): DownloadProgress of the window's download, whoever asked for it,
            or None when there is none.
        labelled(LabelledFolder): one was opened.
        opened(str): a path for the list of recent files.
        taken(): photos came, perhaps some that are here already.
        batch_ended(): a job that classified photos is over.
    """

    current_changed = Signal()
    model_changed = Signal()
    devices_found = Signal()
    status_changed = Signal(object)
    progress_changed = Signal(object)
    noticed = Signal(object, str)
    download_changed = Signal(object)
    # Texts and paths that cross as `object`: a Qt string would lose the bytes of a file name
    # that are no UTF-8.
    opened = Signal(object)
    labelled = Signal(object)
    taken = Signal()
    batch_ended = Signal()

    def __init__(
        self,
        means: Means,
        downloads: Downloads,
        imports: Imports,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._engine, self._inference = means.engine, means.inference
        self.store, self._downloads = means.store, downloads
        self.photos = PhotoList(means.io, self)
        self.removals = Removals(self.photos, self)
        self._intake = PhotoIntake(means.io, means.engine.fetch_image, self)
        self._intake.found.connect(self._on_photos_found)
        self._intake.opened.connect(self.opened)
        self._intake.labelled.connect(self.labelled)
        self._intake.kits_found.connect(self._import)
        self._intake.noticed.connect(self.noticed)
        self._intake.began.connect(self._on_intake_began)
        self._intake.ended.connect(self._on_intake_ended)
        self.model = ModelChoice(means.store, downloads, self)
        self.model.changed.connect(self._on_model_changed)
        self.model.noticed.connect(self.noticed)
        self._jobs = PhotoJobs(means.inference, self.photos, self)
        self._jobs.told.connect(self._on_told)
        self._jobs.answered.connect(self._on_answered)
        self._jobs.failed.connect(self._on_failed)
        self._jobs.ended.connect(self._report_progress)
        self._jobs.ended.connect(self.batch_ended)
        self.device = "auto"
        self._devices = Devices(means, self)
        self._devices.found.connect(self.devices_found)
        self._devices.failed.connect(self._on_failed)
        self.status = Status()
        self._current: Photo | None = None
        self._warming: Job | None = None
        self.imports = PageImports(imports, self)
        self.imports.imported.connect(self._on_imported)
        self.imports.others_imported.connect(means.store.refresh)
        self.imports.failed.connect(self._on_import_failed)
        self.imports.ended.connect(self._on_intake_ended)
        downloads.changed.connect(self._on_downloads_changed)
        downloads.progressed.connect(self._on_downloads_changed)

    # --- what comes in ----------------------------------------------------------------------

    def open_paths(self, paths: Sequence[Path], *, guessed: bool = False) -> None:
        """Photos, folders, model files, weights from elsewhere and offline kits.

        Args:
            guessed: the paths come from a text; those that do not exist are left out.
        """
        models = [path for path in paths if looks_like_weights(path)]
        photos = [path for path in paths if path not in models]
        if models:
            self._import(models)
        if photos:
            self._intake.open_paths(photos, guessed=guessed)

    def open_dropped(self, dropped: Dropped) -> None:
        """What a drop or the clipboard carried."""
        if dropped.all_paths:
            self.open_paths(dropped.all_paths, guessed=not dropped.paths)
        else:
            self._intake.open_content(dropped)

    @Slot(object)
    def _import(self, paths: Sequence[Path]) -> None:
        self.imports.start(paths)
        self._say("Reading the model file…", busy=True)

    @Slot(object, bool)
    def _on_photos_found(self, sources: Sequence[ImageSource], first: bool) -> None:
        self._add(sources, show=first)

    @Slot(object)
    def _on_intake_began(self, text: str) -> None:
        self._say(text, busy=True)

    @Slot()
    def _on_intake_ended(self) -> None:
        self._say(self._ready_text())

    def _add(self, sources: Sequence[ImageSource], *, show: bool) -> None:
        """Add photos (one that is there already is asked again) and classify them."""
        sources = list({source.id: source for source in sources}.values())
        fresh = [source for source in sources if self.photos.find(source) is None]
        again = [photo for source in sources if (photo := self.photos.find(source)) is not None]
        added = [*self.photos.add(fresh), *again]
        if not added:
            return
        if show:
            first = self.photos.find(sources[0]) or added[0]
            added.sort(key=lambda photo: photo is not first)
            self.select(self.photos.row(first))
            self.taken.emit()
        self._classify(added, interactive=show)

    # --- current photo ----------------------------------------------------------------------

    @property
    def current(self) -> Photo | None:
        return self._current

    def select(self, row: int) -> None:
        photo = self.photos.photo(row)
        if photo is not self._current:
            self._current = photo
            self.current_changed.emit()

    def step(self, by: int) -> None:
        """To the next or previous photo, staying within the list."""
        count = self.photos.rowCount()
        if self._current is not None and count:
            row = self.photos.row(self._current) + by
            self.select(min(max(row, 0), count - 1))

    @Slot()
    def show_next(self) -> None:
        self.step(1)

    @Slot()
    def show_previous(self) -> None:
        self.step(-1)

    @Slot()
    def remove_current(self) -> None:
        if self._current is not None:
            self.remove(self._current)

    def remove(self, photo: Photo) -> None:
        """Take a photo out of the list (the file stays where it is)."""
        self.remove_many([photo])

    def remove_many(self, photos: Sequence[Photo]) -> None:
        """Take photos out of the list (the files stay where they are)."""
        row = self.photos.row(self._current) if self._current is not None else -1
        self.removals.take(photos)
        if self._current is not None and self.photos.row(self._current) < 0:
            self._current = self.photos.photo(min(row, self.photos.rowCount() - 1))
            self.current_changed.emit()
        self._report_progress()

    @Slot()
    def clear(self) -> None:
        """Empty the list (the files stay where they are)."""
        self._intake.stop()
        self.removals.take_all()
        self._jobs.let_go()
        self._current = None
        self.current_changed.emit()
        self._report_progress()

    @Slot()
    def undo_removal(self) -> None:
        """Bring back what was removed, with its answers; what has none of this model's is asked."""
        back, waited = self.removals.bring_back()
        if not back:
            return
        self._current = None
        self.select(self.photos.row(back[0]))
        old = [p for p in back if p.prediction is not None and p.prediction.model != self.model.id]
        if again := list(dict.fromkeys(waited + old)):
            self._classify(again)
        self._report_progress()

    # --- model and device -------------------------------------------------------------------

    def start(self, model_id: str, device: str) -> None:
        """Choose the first model and bring it into memory, so that the first drop is quick."""
        self.device = device
        self.model.start(model_id)
        self._devices.look()

    @property
    def devices(self) -> tuple[DeviceInfo, ...]:
        return self._devices.all

    @property
    def devices_listed(self) -> bool:
        """Whether `devices` are all that there are."""
        return self._devices.listed

    @property
    def entry(self) -> ModelEntry | None:
        return self.model.entry

    def set_model(self, model_id: str) -> None:
        """Use another model; what is shown is classified again."""
        self.model.choose(model_id)

    @Slot()
    def _on_model_changed(self) -> None:
        self.model_changed.emit()
        self.classify_all()

    def set_device(self, kind: str) -> None:
        if kind != self.device:
            self.device = kind
            self.classify_all()

    @Slot()
    def cancel_download(self) -> None:
        """Cancel what `download_changed` shows."""
        if self._downloads.running is not None:
            self._downloads.cancel(self._downloads.running.spec.id)

    def classify_all(self) -> None:
        """Classify every photo of the window anew, the one that is shown first."""
        self._jobs.let_go()
        photos = sorted(self.photos.photos(), key=lambda photo: photo is not self._current)
        if photos:
            self._classify(photos, interactive=True)
        else:
            self._warm_up()

    def stop(self) -> None:
        """Classify no more; answers that are there stay."""
        self._jobs.let_go()
        self._intake.stop()
        self._report_progress()
        self._say("Stopped.")

    def set_paused(self, paused: bool) -> None:
        """Let no other photo begin, or go on."""
        self._jobs.set_paused(paused)
        self._report_progress()

    def go_on(self) -> None:
        """Classify what was left when it was stopped."""
        self._classify([p for p in self.photos.photos() if p.state is PhotoState.IDLE])

    # --- jobs on the inference lane -----------------------------------------------------------

    def _warm_up(self) -> None:
        if self.entry is not None:
            start = partial(self._engine.load, self.entry.spec.id, self.device)
            if self._warming is not None:
                self._warming.let_go()
            self._warming = job = self._inference.submit(start, Priority.BACKGROUND)
            job.progressed.connect(self._on_told)
            job.failed.connect(self._on_failed)

    def _classify(self, photos: Sequence[Photo], *, interactive: bool = False) -> None:
        if self.entry is None:
            for photo in photos:
                photo.state = PhotoState.IDLE
            self.photos.touch(photos)
        else:
            classify = partial(
                self._engine.classify, model_id=self.entry.spec.id, device=self.device
            )
            self._jobs.classify(photos, classify, interactive=interactive)
            self._report_progress()
        if self._current in photos:
            self.current_changed.emit()

    @Slot(object)
    def _on_told(self, events: list[object]) -> None:
        """What a job says beside its answers."""
        for event in events:
            if isinstance(event, ModelLoading):
                text = f"Loading {one_line(event.title)}…"
                if event.first:
                    text = "Starting the engine and loading the model…"
                self._say(text, busy=True)
            elif isinstance(event, ModelReady):
                self._say("Ready.", device=event.device)
            elif isinstance(event, Notice):
                self.noticed.emit(event.message, "warning")

    @Slot(object)
    def _on_answered(self, answers: list[tuple[Photo, Answer]]) -> None:
        # Of the last one alone: of what was kept, hundreds come at a time.
        event = next((e for _, e in reversed(answers) if isinstance(e, Prediction)), None)
        if event is not None:
            total_ms = event.decode_ms + event.inference_ms
            milliseconds = f"{event.inference_ms:.0f} ms network, {total_ms:.0f} ms in all"
            text, busy = self.status.text, self.status.busy
            self.status = Status(text, event.device, milliseconds, busy)
            self.status_changed.emit(self.status)
        if any(photo is self._current for photo, _ in answers):
            self.current_changed.emit()
        self._report_progress()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")
        self._say("The model could not be used.")
        self.current_changed.emit()
        self._report_progress()

    # --- downloads and imports ----------------------------------------------------------------

    @Slot()
    def _on_downloads_changed(self) -> None:
        self.download_changed.emit(self._downloads.progress)

    @Slot(object, bool)
    def _on_imported(self, spec: ModelSpec, _already: bool) -> None:
        self.model.want(spec.id)

    @Slot(object)
    def _on_import_failed(self, message: str) -> None:
        self.noticed.emit(message, "warning")

    # --- status -------------------------------------------------------------------------------

    def tell(self, text: str) -> None:
        """Say in the status line what was done."""
        self.status = dataclasses.replace(self.status, text=text, passing=True)
        self.status_changed.emit(self.status)

    def _ready_text(self) -> str:
        return "Ready." if self.status.device else ""

    def _say(self, text: str, *, device: str = "", busy: bool = False) -> None:
        old = self.status
        self.status = Status(text, device or old.device, old.milliseconds, busy)
        self.status_changed.emit(self.status)

    @Slot()
    def _report_progress(self) -> None:
        self.progress_changed.emit(self._jobs.progress())
