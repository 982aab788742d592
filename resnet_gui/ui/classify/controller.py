"""The Classify page's state machine, without widgets: photos, model, device, and the jobs."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.events import (
    DeviceInfo,
    ImageFailed,
    ImageSource,
    ModelLoading,
    ModelReady,
    Notice,
    Prediction,
)
from resnet_gui.core.zoo import ModelEntry, ModelSpec
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.classify.photo_intake import PhotoIntake
from resnet_gui.ui.engine import Engine
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.models.downloads import Downloads
from resnet_gui.ui.models.imports import Imports, looks_like_weights
from resnet_gui.ui.widgets.images import Dropped
from resnet_gui.ui.widgets.photo_list import Photo, PhotoList, PhotoState
from resnet_gui.ui.widgets.plain_text import one_line
from resnet_gui.ui.widgets.status import PhotosProgress, Status
from resnet_gui.ui.widgets.words import sentence

_log = logging.getLogger(__name__)


class ClassifyController(QObject):
    """Takes what the person drops and keeps the answers.

    Attributes:
        photos: the list model that views show.
        entry: the chosen model, None if there is none.
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
        opened(str): a path for the list of recent files.
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
    batch_ended = Signal()

    def __init__(
        self,
        engine: Engine,
        inference: JobLane,
        io: JobLane,
        store: ModelStore,
        downloads: Downloads,
        imports: Imports,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._engine, self._inference = engine, inference
        self.store, self._downloads, self._imports = store, downloads, imports
        self.photos = PhotoList(io, self)
        self._intake = PhotoIntake(io, engine.fetch_image, self)
        self._intake.found.connect(self._on_photos_found)
        self._intake.noticed.connect(self.noticed)
        self._intake.began.connect(self._on_intake_began)
        self._intake.ended.connect(self._on_intake_ended)
        self.entry: ModelEntry | None = None
        self.device = "auto"
        self.devices: tuple[DeviceInfo, ...] = ()
        self.status = Status()
        self._current: Photo | None = None
        self._batches: list[_Batch] = []
        self._warming: Job | None = None
        self._import_requests: set[int] = set()
        self._wanted = ""  # id of the model that is used as soon as it is here
        self._first_id: str | None = None  # the model of last time, until one is chosen
        self._batch_started = 0.0
        self._batch_done = 0
        store.changed.connect(self._on_store_changed)
        downloads.changed.connect(self._on_downloads_changed)
        downloads.progressed.connect(self._on_download_progressed)
        downloads.finished.connect(self._on_download_finished)
        downloads.failed.connect(self._on_download_failed)
        downloads.cancelled.connect(self._on_download_cancelled)
        imports.imported.connect(self._on_imported)
        imports.failed.connect(self._on_import_failed)
        imports.cancelled.connect(self._on_import_cancelled)

    # --- what comes in ----------------------------------------------------------------------

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Photos, folders, model files, weights from elsewhere and bundles."""
        models = [path for path in paths if looks_like_weights(path)]
        if models:
            self._import_requests.update(self._imports.start(models))
            self._say("Reading the model file…", busy=True)
        photos = [path for path in paths if path not in models]
        for path in photos[:1]:
            self.opened.emit(str(path))
        if photos:
            self._intake.open_paths(photos)

    def open_dropped(self, dropped: Dropped) -> None:
        """What a drop or the clipboard carried."""
        if dropped.paths:
            self.open_paths(dropped.paths)
        else:
            self._intake.open_content(dropped)

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
        sources = list({source.name: source for source in sources}.values())
        fresh = [source for source in sources if self.photos.find(source) is None]
        again = [photo for source in sources if (photo := self.photos.find(source)) is not None]
        added = [*self.photos.add(fresh), *again]
        if not added:
            return
        if show:
            first = self.photos.find(sources[0]) or added[0]
            added.sort(key=lambda photo: photo is not first)
            self.select(self.photos.row(first))
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

    def remove_current(self) -> None:
        if self._current is None:
            return
        row = self.photos.row(self._current)
        self.photos.remove(row)
        self._current = None
        self.select(min(row, self.photos.rowCount() - 1))
        if self._current is None:
            self.current_changed.emit()
        self._report_progress()

    def clear(self) -> None:
        """Empty the window (the files stay where they are)."""
        self._cancel_photo_jobs()
        self._intake.stop()
        self._current = None
        self.photos.clear()
        self._batch_done = 0
        self.current_changed.emit()
        self._report_progress()

    # --- model and device -------------------------------------------------------------------

    def start(self, model_id: str, device: str) -> None:
        """Choose the first model and bring it into memory, so that the first drop is quick."""
        self.device, self._first_id = device, model_id
        self.store.refresh()
        job = self._inference.submit(self._engine.devices, Priority.BACKGROUND)
        job.progressed.connect(self._on_devices)
        job.failed.connect(self._on_failed)

    def set_model(self, model_id: str) -> None:
        """Use another model; what is shown is classified again. The latest request wins. One that
        is not known yet (just trained, imported or renamed) is used as soon as it is."""
        entry = self.store.entry(model_id)
        if entry is None:
            self._wanted = model_id
            self.store.refresh()
            return
        if self.entry is not None and entry.spec.id == self.entry.spec.id:
            return
        if entry.problem:
            self.noticed.emit(entry.problem, "warning")
            return
        if not entry.state.ready:
            self.download(entry)
            return
        self._wanted = ""
        self._use(entry)

    def _use(self, entry: ModelEntry | None) -> None:
        self.entry = entry
        self.model_changed.emit()
        self.classify_all()

    def set_device(self, kind: str) -> None:
        if kind != self.device:
            self.device = kind
            self.classify_all()

    def download(self, entry: ModelEntry) -> None:
        """Download a model's weights, then use it (of several the one asked for last)."""
        self._wanted = entry.spec.id
        self._downloads.start(entry)

    @Slot()
    def cancel_download(self) -> None:
        """Cancel what `download_changed` shows."""
        if self._downloads.running is not None:
            self._downloads.cancel(self._downloads.running.spec.id)

    @Slot()
    def _on_store_changed(self) -> None:
        """Stay with the model in use if it is still here, else take what the zoo offers."""
        wanted = self.store.entry(self._wanted)
        if wanted is not None and wanted.state.ready:
            self.set_model(wanted.spec.id)
        elif self.store.settled and not self._downloads.has(self._wanted):
            self._wanted = ""  # it did not come
        model_id = self.entry.spec.id if self.entry is not None else self._first_id or ""
        entry = self.store.entry(model_id)
        if entry is None or entry.problem or not entry.state.ready:
            entry = self.store.default(model_id)
        first, self._first_id = self._first_id is not None, None
        old, self.entry = self.entry, entry
        if first or (old.spec.id if old else "") != (entry.spec.id if entry else ""):
            self._use(entry)

    def classify_all(self) -> None:
        """Classify every photo of the window anew, the one that is shown first."""
        self._cancel_photo_jobs()
        photos = sorted(self.photos.photos(), key=lambda photo: photo is not self._current)
        if photos:
            self._classify(photos, interactive=True)
        else:
            self._warm_up()

    def stop(self) -> None:
        """Stop classifying; answers that are there stay."""
        self._cancel_photo_jobs()
        self._intake.stop()
        self._report_progress()
        self._say("Stopped.")

    def go_on(self) -> None:
        """Classify what was left when it was stopped."""
        self._classify([p for p in self.photos.photos() if p.state is PhotoState.IDLE])

    # --- jobs on the inference lane -----------------------------------------------------------

    @Slot(object)
    def _on_devices(self, events: list[tuple[DeviceInfo, ...]]) -> None:
        self.devices = events[-1]
        self.devices_found.emit()

    def _warm_up(self) -> None:
        if self.entry is not None:
            start = partial(self._engine.load, self.entry.spec.id, self.device)
            if self._warming is not None:
                self._warming.let_go()
            self._warming = job = self._inference.submit(start, Priority.BACKGROUND)
            job.progressed.connect(self._on_told)
            job.failed.connect(self._on_failed)

    def _classify(self, photos: Sequence[Photo], *, interactive: bool = False) -> None:
        if not self._batches:
            self._batch_started = time.monotonic()
            self._batch_done = 0
        if self.entry is None:
            for photo in photos:
                photo.state = PhotoState.IDLE
            self.photos.touch_all()
            self.current_changed.emit()
            return
        # The first photo alone and before everything else: that is the one being looked at.
        if interactive:
            self._submit(photos[:1], Priority.INTERACTIVE)
            photos = photos[1:]
        if photos:
            self._submit(photos, Priority.NORMAL)
        self._report_progress()

    def _submit(self, photos: Sequence[Photo], priority: Priority) -> None:
        assert self.entry is not None
        sources = [photo.source for photo in photos]
        start = partial(self._engine.classify, sources, self.entry.spec.id, self.device)
        batch = _Batch(self._inference.submit(start, priority), photos, self)
        batch.told.connect(self._on_told)
        batch.answered.connect(self._on_answered)
        batch.job.failed.connect(self._on_batch_failed)
        batch.job.ended.connect(self._on_batch_ended)
        self._batches.append(batch)
        self.photos.touch_all()
        if self._current is not None and self._current.owner is batch:
            self.current_changed.emit()

    def _cancel_photo_jobs(self) -> None:
        for batch in self._batches:
            batch.job.let_go()
            for photo in batch.waiting():
                photo.state = PhotoState.DONE if photo.prediction else PhotoState.IDLE
            batch.deleteLater()
        self._batches.clear()
        self.photos.touch_all()

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
    def _on_answered(self, answers: list[tuple[Photo, Prediction | ImageFailed]]) -> None:
        for photo, event in answers:
            self._answer(photo, event)
        self._report_progress()

    def _answer(self, photo: Photo, event: Prediction | ImageFailed) -> None:
        self._batch_done += 1
        if isinstance(event, Prediction):
            photo.state, photo.prediction, photo.problem = PhotoState.DONE, event, ""
            total_ms = event.decode_ms + event.inference_ms
            self.status = Status(
                self.status.text,
                event.device,
                f"{event.inference_ms:.0f} ms network, {total_ms:.0f} ms in all",
                self.status.busy,
            )
            self.status_changed.emit(self.status)
        else:
            photo.state, photo.prediction, photo.problem = PhotoState.FAILED, None, event.message
        self.photos.touch(photo)
        if photo is self._current:
            self.current_changed.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")
        self._say("The model could not be used.")
        self.current_changed.emit()
        self._report_progress()

    @Slot(object)
    def _on_batch_failed(self, error: Exception) -> None:
        for batch in self._batches:
            for photo in () if batch.job.active else batch.waiting():
                photo.state = PhotoState.IDLE
        self.photos.touch_all()
        self._on_failed(error)

    @Slot()
    def _on_batch_ended(self) -> None:
        for batch in self._batches:
            if not batch.job.active:
                batch.deleteLater()
        self._batches = [batch for batch in self._batches if batch.job.active]
        self._report_progress()
        self.batch_ended.emit()

    # --- downloads and imports ----------------------------------------------------------------

    @Slot()
    def _on_downloads_changed(self) -> None:
        self.download_changed.emit(self._downloads.progress)

    @Slot(str)
    def _on_download_progressed(self, model_id: str) -> None:
        self.download_changed.emit(self._downloads.progress)

    @Slot(str)
    def _on_download_finished(self, model_id: str) -> None:
        self.store.refresh()  # then it is here, and used if it is what is wanted

    @Slot(str, object)
    def _on_download_failed(self, model_id: str, message: str) -> None:
        if model_id == self._wanted:
            self._wanted = ""
            self.noticed.emit(message, "warning")

    @Slot(str)
    def _on_download_cancelled(self, model_id: str) -> None:
        if model_id == self._wanted:
            self._wanted = ""

    @Slot(int, object, bool)
    def _on_imported(self, request: int, spec: ModelSpec, already: bool) -> None:
        if request in self._import_requests:
            text = "was here already." if already else "was added to your models."
            self.noticed.emit(f"“{one_line(spec.title)}” {text}", "notice")
            self._say(self._ready_text())
            self._wanted = spec.id
        self.store.refresh()

    @Slot(int, object)
    def _on_import_failed(self, request: int, message: str) -> None:
        if request in self._import_requests:
            self._import_requests.discard(request)
            self._say(self._ready_text())
            self.noticed.emit(message, "warning")

    @Slot(int)
    def _on_import_cancelled(self, request: int) -> None:
        if request in self._import_requests:
            self._import_requests.discard(request)
            self._say(self._ready_text())

    # --- status -------------------------------------------------------------------------------

    def _ready_text(self) -> str:
        return "Ready." if self.status.device else ""

    def _say(self, text: str, *, device: str = "", busy: bool = False) -> None:
        old = self.status
        self.status = Status(text, device or old.device, old.milliseconds, busy)
        self.status_changed.emit(self.status)

    def _report_progress(self) -> None:
        waiting = sum(len(batch.waiting()) for batch in self._batches)
        if not waiting:
            self._batch_done = 0
        elapsed_s = time.monotonic() - self._batch_started
        self.progress_changed.emit(PhotosProgress.of(self._batch_done, waiting, elapsed_s))


class _Batch(QObject):
    """Photos that one job has.

    Attributes:
        job: the job.

    Signals:
        answered(list[tuple[Photo, Prediction | ImageFailed]]): of photos that no later batch has.
        told(list): all other events.
    """

    answered = Signal(object)
    told = Signal(object)

    def __init__(self, job: Job, photos: Sequence[Photo], parent: QObject) -> None:
        super().__init__(parent)
        self.job = job
        self._photos = photos
        for photo in photos:
            photo.owner, photo.state = self, PhotoState.WAITING
        job.progressed.connect(self._on_progressed)

    def waiting(self) -> list[Photo]:
        """The photos that have no answer yet and are still this batch's."""
        return [p for p in self._photos if p.owner is self and p.state is PhotoState.WAITING]

    @Slot(object)
    def _on_progressed(self, events: list[object]) -> None:
        answers: list[tuple[Photo, Prediction | ImageFailed]] = []
        others: list[object] = []
        for event in events:
            if isinstance(event, Prediction | ImageFailed):
                photo = self._photos[event.position]
                if photo.owner is self:
                    answers.append((photo, event))
            else:
                others.append(event)
        if others:
            self.told.emit(others)
        if answers:
            self.answered.emit(answers)
