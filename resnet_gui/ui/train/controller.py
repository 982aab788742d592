"""The Train page's state machine, without widgets: folder, settings, the run and its events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from resnet_gui.core.dataset.cifar10.archive import is_archive_name
from resnet_gui.core.dataset.cifar10.folder import UnpackProgress
from resnet_gui.core.dataset.scan import scan_dataset
from resnet_gui.core.dataset.summary import DatasetScanned, DatasetSummary, ScanProgress
from resnet_gui.core.errors import RunConfigError
from resnet_gui.core.events import DownloadProgress, Notice
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import (
    BatchDone,
    EpochDone,
    Estimated,
    LayersMeasured,
    PhotoSkipped,
    Preparing,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    SamplesPredicted,
)
from resnet_gui.core.runs.listing import RunInfo
from resnet_gui.core.training.presets import config_for
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.engine import Engine
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.train.earlier_runs import EarlierRuns
from resnet_gui.ui.train.scans import look_and_scan, unpack_and_scan
from resnet_gui.ui.train.start_model import StartModel
from resnet_gui.ui.widgets.words import sentence

_ESTIMATE_DELAY_MS = 400
RunEnd = RunFinished | RunStopped | RunFailed


class TrainState(Enum):
    EMPTY = auto()  # no folder
    SCANNING = auto()
    READY = auto()  # a folder with its settings
    RUNNING = auto()  # preparing or training
    PAUSED = auto()
    STOPPING = auto()
    ENDED = auto()  # finished, stopped or failed: `end` says how


class TrainController(QObject):
    """One folder, one set of settings, one run at a time.

    Attributes:
        state: see TrainState.
        summary: what the scan found. config: what Start will do; None while it is not valid.
        config_error: why there is no valid config, in words.
        started, end: the run's first and last event. history: its epochs.
        earlier: the runs on this computer.
        start_model: what a run starts from, and what else can be chosen.

    Signals:
        state_changed(), dataset_changed(), config_changed().
        scan_progressed(ScanProgress, UnpackProgress or DownloadProgress),
        prepared(Preparing), estimated(Estimated or None).
        run_started(RunStarted), batches_done(list[BatchDone]), epoch_done(EpochDone),
        layers_measured(LayersMeasured), samples_predicted(SamplesPredicted),
        run_ended(RunFinished | RunStopped | RunFailed).
        noticed(str text, str kind), model_made(str id).
    """

    state_changed = Signal()
    dataset_changed = Signal()
    config_changed = Signal()
    scan_progressed = Signal(object)
    prepared = Signal(object)
    estimated = Signal(object)
    run_started = Signal(object)
    batches_done = Signal(object)
    epoch_done = Signal(object)
    layers_measured = Signal(object)
    samples_predicted = Signal(object)
    run_ended = Signal(object)
    noticed = Signal(object, str)
    model_made = Signal(str)

    def __init__(
        self,
        engine: Engine,
        store: ModelStore,
        training: JobLane,
        io: JobLane,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._engine, self._training, self._io = engine, training, io
        self.state = TrainState.EMPTY
        self.summary: DatasetSummary | None = None
        self.config: RunConfig | None = None
        self.config_error = ""
        self.started: RunStarted | None = None
        self.end: RunEnd | None = None
        self.history: list[EpochDone] = []
        self.earlier = EarlierRuns(io, self)
        self.earlier.noticed.connect(self.noticed)
        self.preset: str | None = None
        self.start_model = StartModel(store)
        store.changed.connect(self._on_store_changed)
        self.overrides: dict[str, Any] = {}
        self.device_kind = "cpu"
        self._scan: Job | None = None
        self._estimating: Job | None = None
        self._run: Job | None = None
        self._stop = threading.Event()
        self._estimate_soon = QTimer(self)
        self._estimate_soon.setSingleShot(True)
        self._estimate_soon.setInterval(_ESTIMATE_DELAY_MS)
        self._estimate_soon.timeout.connect(self._estimate)

    @property
    def running(self) -> bool:
        """Whether a run has the training lane."""
        return self.state in (TrainState.RUNNING, TrainState.PAUSED, TrainState.STOPPING)

    # --- folder and settings ------------------------------------------------------------------

    def open_folder(self, folder: Path) -> None:
        """Scan a folder of class sub-folders in the background."""
        self._open(partial(scan_dataset, folder), Priority.INTERACTIVE)

    def open_dropped(self, paths: Sequence[Path]) -> None:
        """As `open_folder` or `open_cifar10`, whichever the disk says was dropped."""
        archive = any(is_archive_name(path.name) for path in paths)
        priority = Priority.BACKGROUND if archive else Priority.INTERACTIVE
        self._open(partial(look_and_scan, paths), priority)

    def open_cifar10(self, archive: Path | None = None, *, download: bool = False) -> None:
        """Unpack CIFAR-10 if it is not there yet, then scan it.

        Args:
            archive: from where. download: the person said that the network may be asked.
        """
        # In the background: photos and thumbnails must not wait for the network.
        self._open(partial(unpack_and_scan, archive, download), Priority.BACKGROUND)

    def _open(self, start: Callable[[], Iterator[Any]], priority: Priority) -> None:
        if self.running:
            self.noticed.emit(
                "A training is running. Stop it first, then drop the folder again.", "warning"
            )
            return
        if self._scan is not None:
            self._scan.let_go()
        self._scan = job = self._io.submit(start, priority)
        job.progressed.connect(self._on_scan)
        job.failed.connect(self._on_scan_failed)
        job.cancelled.connect(self._on_scan_cancelled)
        self._set_state(TrainState.SCANNING)

    def cancel_scan(self) -> None:
        if self._scan is not None:
            self._scan.cancel()

    def close_folder(self) -> None:
        """Back to the empty page; the run and its model stay on the disk."""
        if not self.running:
            self.summary = self.config = None
            self.overrides = {}
            self._set_state(TrainState.EMPTY)
            self.earlier.refresh()

    def back_to_settings(self) -> None:
        """From the end of a run to the same folder's settings."""
        if not self.running and self.summary is not None:
            self._set_state(TrainState.READY)
            self._configure()
        else:
            self.close_folder()

    @property
    def model_id(self) -> str:
        """What the present settings start from; "": nothing is chosen yet."""
        return self.start_model.chosen_id

    def set_model(self, model_id: str) -> None:
        """Choose what the present settings start from: a model, or of scratch an architecture."""
        self.start_model.choose(model_id)
        self._configure()

    @Slot(str, str)
    def follow_rename(self, before: str, now: str) -> None:
        """A model has another id now: a run that would start from it starts from it still."""
        if self.start_model.model_id == before:
            self.start_model.model_id = now
            self._configure()

    @Slot()
    def _on_store_changed(self) -> None:
        if self.start_model.replace_lost():
            self._configure()

    def set_preset(self, preset: str | None) -> None:
        """Choose a preset (None: by the folder's size); it replaces what was changed by hand."""
        self.preset, self.overrides = preset, {}
        self._configure()

    def set_option(self, name: str, value: Any) -> None:
        """Change one setting by hand (see RunConfig)."""
        self.overrides[name] = value
        self._configure()

    def reset_options(self) -> None:
        self.overrides = {}
        self._configure()

    def set_device_kind(self, kind: str) -> None:
        """What training will run on ("cpu", "cuda:0", "mps"): presets depend on it."""
        self.device_kind = kind
        self._configure()

    def _configure(self) -> None:
        if self.summary is None or not self.start_model.model_id:
            return
        self.config, self.config_error = None, ""
        try:
            if not self.summary.trainable:
                blocking = [p.message for p in self.summary.problems if p.blocking]
                raise RunConfigError("data", blocking[0])
            self.config = self.start_model.configure(self._config_from, self.summary.typical_side)
        except RunConfigError as error:
            self.config_error = str(error)
        self.config_changed.emit()
        self.estimated.emit(None)
        if self.config is not None and not self.running:
            self._estimate_soon.start()

    def _config_from(self, model_id: str) -> RunConfig:
        assert self.summary is not None
        options = dict(self.overrides)
        return config_for(
            self.preset,
            data=self.summary.root,
            model=model_id,
            photos=len(self.summary.photos),
            classes=len(self.summary.classes),
            device_kind=self.device_kind,
            method=options.pop("method", None),
            **options,
        )

    @Slot()
    def _estimate(self) -> None:
        if self.config is None or self.summary is None or self.running:
            return
        self._stop_estimating()
        start = partial(self._engine.estimate, self.config, self.summary)
        self._estimating = job = self._training.submit(start)
        job.progressed.connect(self._on_estimate)
        job.failed.connect(self._on_failed)

    def _stop_estimating(self) -> None:
        self._estimate_soon.stop()
        if self._estimating is not None:
            self._estimating.let_go()

    # --- the run ------------------------------------------------------------------------------

    def start(self) -> None:
        """Train with the present folder and settings."""
        if self.config is None or self.summary is None or self.running:
            return
        self._begin(partial(self._engine.train, self.config, self.summary, self._stop.is_set))

    def resume(self, run: RunInfo) -> None:
        """Go on with an earlier run; everything is checked before anything changes."""
        if self.running:
            self.noticed.emit("One training at a time: stop the one that runs first.", "warning")
            return
        self.resume_path(run.path)

    def resume_path(self, run_dir: str) -> None:
        """As `resume`, by the run's directory."""
        self._begin(partial(self._engine.resume, Path(run_dir), self._stop.is_set))

    def _begin(self, start: Callable[[], Iterator[Any]]) -> None:
        self._stop_estimating()
        self._stop.clear()
        self.started, self.end, self.history = None, None, []
        self._run = job = self._training.submit(start)
        job.progressed.connect(self._on_run)
        job.failed.connect(self._on_failed)
        job.ended.connect(self._on_run_ended)
        self._set_state(TrainState.RUNNING)

    def stop(self) -> None:
        """End after the current batch; the best model so far is kept."""
        if self.running and self.state is not TrainState.STOPPING:
            self._stop.set()
            self._pause(False)
            self._set_state(TrainState.STOPPING)

    def set_paused(self, paused: bool) -> None:
        if self.state in (TrainState.RUNNING, TrainState.PAUSED):
            self._pause(paused)
            self._set_state(TrainState.PAUSED if paused else TrainState.RUNNING)

    def _pause(self, paused: bool) -> None:
        if self._run is not None:
            self._run.set_paused(paused)

    # --- what the lanes say -------------------------------------------------------------------

    @Slot(object)
    def _on_estimate(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, Estimated):
                self.estimated.emit(event)

    @Slot(object)
    def _on_run(self, events: list[Any]) -> None:
        batches = [event for event in events if isinstance(event, BatchDone)]
        if batches:
            self.batches_done.emit(batches)
        for event in events:
            self._take(event)

    def _take(self, event: Any) -> None:
        if isinstance(event, Preparing):
            self.prepared.emit(event)
        elif isinstance(event, RunStarted):
            self.started, self.history = event, list(event.history)
            self.run_started.emit(event)
        elif isinstance(event, EpochDone):
            self.history.append(event)
            self.epoch_done.emit(event)
        elif isinstance(event, LayersMeasured):
            self.layers_measured.emit(event)
        elif isinstance(event, SamplesPredicted):
            self.samples_predicted.emit(event)
        elif isinstance(event, PhotoSkipped | Notice):
            self.noticed.emit(event.message, "warning")
        elif isinstance(event, RunFinished | RunStopped | RunFailed):
            self.end = event
            if isinstance(event, RunFailed):
                self.noticed.emit(event.message, "warning")
            if event.model_id:
                self.model_made.emit(event.model_id)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")

    @Slot()
    def _on_run_ended(self) -> None:
        self._run = None
        if self.end is not None:
            self._set_state(TrainState.ENDED)
            self.run_ended.emit(self.end)
        else:  # it never began: the notice says why
            self._set_state(TrainState.READY if self.summary else TrainState.EMPTY)
        self.earlier.refresh()

    @Slot(object)
    def _on_scan(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, ScanProgress | UnpackProgress | DownloadProgress):
                self.scan_progressed.emit(event)
            elif isinstance(event, Notice):
                self.noticed.emit(event.message, "notice")
            elif isinstance(event, DatasetScanned):
                self._scanned(event.summary)

    def _scanned(self, summary: DatasetSummary) -> None:
        self.summary = summary
        self.preset, self.overrides = None, {}
        self._set_state(TrainState.READY)
        self.dataset_changed.emit()
        self._configure()

    @Slot(object)
    def _on_scan_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")
        self._on_scan_cancelled()

    @Slot()
    def _on_scan_cancelled(self) -> None:
        self._scan = None
        self._set_state(TrainState.READY if self.summary else TrainState.EMPTY)

    def _set_state(self, state: TrainState) -> None:
        if state is not self.state:
            self.state = state
            self.state_changed.emit()
