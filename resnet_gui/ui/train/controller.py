"""The Train page's state machine, without widgets: folder, settings, the run and its events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Slot

from resnet_gui.core.dataset.look_again import LookedAgain
from resnet_gui.core.dataset.summary import DatasetSummary
from resnet_gui.core.errors import DatasetError, RunConfigError
from resnet_gui.core.events import Notice
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import (
    BatchDone,
    EpochDone,
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
from resnet_gui.core.runs.results import RunResults
from resnet_gui.core.zoo import ModelEntry
from resnet_gui.jobs.lane import Job
from resnet_gui.ui.means import Means
from resnet_gui.ui.train.earlier_runs import EarlierRuns
from resnet_gui.ui.train.estimates import Estimates
from resnet_gui.ui.train.last_look import LastLook, changed_text
from resnet_gui.ui.train.run_settings import RunSettings
from resnet_gui.ui.train.scans import FolderScan
from resnet_gui.ui.train.signals import TrainSignals
from resnet_gui.ui.train.state import RunEnd as RunEnd
from resnet_gui.ui.train.state import TrainState as TrainState
from resnet_gui.ui.widgets.words import sentence


class TrainController(TrainSignals):
    """One folder, one set of settings, one run at a time.

    Attributes:
        state: see TrainState. summary: what the scan found.
        config: what Start will do; None while it is not valid. config_error: why not, in words.
        started, end: the first and last event of the run that is shown. history: its epochs.
        earlier: the runs on this computer.
        run_title, run_config: its name and settings. settings, start_model: of the next run.
    """

    def __init__(self, means: Means, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine, self._store, self._training = means.engine, means.store, means.training
        self.state = TrainState.EMPTY
        self.summary: DatasetSummary | None = None
        self.config: RunConfig | None = None
        self.config_error = ""
        self.started: RunStarted | None = None
        self.end: RunEnd | None = None
        self.history: list[EpochDone] = []
        self.run_title = ""
        self.run_config: RunConfig | None = None
        self.earlier = EarlierRuns(means.store, means.io, self)
        self.earlier.noticed.connect(self.noticed)
        self.earlier.opened.connect(self._on_results)
        self.earlier.looked_into.connect(self._on_looked_into)
        self.earlier.changed.connect(self._on_runs_changed)
        self.settings = RunSettings(means.store)
        self.start_model = self.settings.start_model
        means.store.changed.connect(self._on_store_changed)
        self._scan = FolderScan(means.io, self)
        self._scan.scanned.connect(self._on_scanned)
        self._scan.ended.connect(self._on_scan_ended)
        self._look = LastLook(means.io, self)
        for looks in (self._scan, self._look):
            looks.progressed.connect(self.scan_progressed)
            looks.noticed.connect(self.noticed)
        self._look.looked.connect(self._on_looked)
        self._estimates = Estimates(means.engine, means.training, self)
        self._estimates.measured.connect(self.estimated)
        self._estimates.failed.connect(self.not_estimated)
        self._run: Job | None = None
        self._skipped: dict[str, PhotoSkipped] = {}
        self._just_made = ""  # id of a model that the store does not know yet
        self._opened: RunInfo | None = None  # whose results are shown
        self._stop = threading.Event()

    @property
    def running(self) -> bool:
        """Whether a run has the training lane."""
        return self.state in (TrainState.RUNNING, TrainState.PAUSED, TrainState.STOPPING)

    # --- folder and settings ------------------------------------------------------------------

    def open_folder(self, folder: Path, wanted: RunConfig | None = None) -> None:
        """Scan a folder of class sub-folders in the background. wanted: settings for it."""
        self._open(partial(self._scan.open_folder, folder, wanted))

    def open_dropped(self, paths: Sequence[Path]) -> None:
        """As `open_folder` or `open_cifar10`, whichever the disk says was dropped."""
        self._open(partial(self._scan.open_dropped, paths))

    def open_cifar10(self, archive: Path | None = None, *, download: bool = False) -> None:
        """Unpack CIFAR-10 if it is not there yet, then scan it.

        Args:
            archive: from where. download: the person said that the network may be asked.
        """
        self._open(partial(self._scan.open_cifar10, archive, download))

    def _open(self, start: Callable[[], None]) -> None:
        if self.running:
            self.noticed.emit(
                "A training is running. Stop it first, then drop the folder again.", "warning"
            )
            return
        self._set_state(TrainState.SCANNING)
        start()

    def cancel_scan(self) -> None:
        self._scan.cancel()

    def close_folder(self) -> None:
        """Back to the empty page; the run and its model stay on the disk."""
        if not self.running:
            self.summary = self.config = None
            self.settings.overrides = {}
            self._set_state(TrainState.EMPTY)
            self.earlier.refresh()

    def back_to_settings(self) -> None:
        """From the end of a run to its settings, and its folder if another one is open."""
        config = self.run_config
        if self.running:
            return
        if self.summary is not None and (config is None or config.data == self.summary.root):
            if config is not None and config != self.config:
                self.settings.take(config, self.summary)
            self._set_state(TrainState.READY)
            self._configure()
        elif config is not None:
            self.open_folder(Path(config.data), config)
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

    def suggest_model(self, used: ModelEntry) -> None:
        """Photos are classified with this model now."""
        if self.start_model.suggest(used):
            self._configure()

    @Slot()
    def _on_store_changed(self) -> None:
        if self._store.entry(self._just_made) is not None:
            self._just_made = ""  # from now on the store knows
        if self._opened is not None and self.end is not None and not self.end.model_id:
            self.end = self.earlier.with_model(self._opened, self.end)  # of another program
        self._configure(measure=self.start_model.replace_lost())  # or only its title changed
        self.models_changed.emit()

    @Slot()
    def _on_runs_changed(self) -> None:
        if self.state is TrainState.READY:
            self._configure(measure=False)  # a name is taken, or a run would repeat another

    def set_preset(self, preset: str | None) -> None:
        """Choose a preset (None: by the folder's size); it replaces what was changed by hand."""
        self.settings.preset, self.settings.overrides = preset, {}
        self._configure()

    def set_option(self, name: str, value: Any) -> None:
        """Change one setting by hand (see RunConfig)."""
        self.settings.overrides[name] = value
        self._configure()

    def reset_options(self) -> None:
        self.settings.overrides = {}
        self._configure()

    def set_title(self, title: str) -> None:
        """Name the run and its model; an empty name is made from the folder and the model."""
        self.settings.title = title.strip()
        self._configure(measure=False)

    def set_device_kind(self, kind: str) -> None:
        """What training will run on ("cpu", "cuda:0", "mps"): presets depend on it."""
        self.settings.device_kind = kind
        self._configure()

    def _configure(self, *, measure: bool = True) -> None:
        if self.summary is None or not self.start_model.model_id:
            return
        self.config, self.config_error = None, ""
        try:
            taken = {run.title for run in self.earlier.runs}
            self.config = self.settings.config(self.summary, taken)
        except RunConfigError as error:
            self.config_error = str(error)
        self.config_changed.emit()
        if measure:
            self.estimated.emit(None)
            if self.config is not None and not self.running:
                self._estimates.ask(self.config, self.summary)

    @property
    def repeated(self) -> RunInfo | None:
        """A finished run that Start would repeat number by number; None: there is none."""
        if self.config is None or self.summary is None:
            return None
        return self.earlier.same(self.config, self.summary.fingerprint)

    # --- the run ------------------------------------------------------------------------------

    def start(self) -> None:
        """Train with the present settings and the folder as it is now, after one more look."""
        begun = self.running or self.state is TrainState.LOOKING
        if self.config is not None and self.summary is not None and not begun:
            self._set_state(TrainState.LOOKING)
            self._look.begin(self.summary, self.config)

    def cancel_look(self) -> None:
        """Train nothing after all."""
        if self.state is TrainState.LOOKING:
            self._set_state(TrainState.READY)

    @Slot(object, object)
    def _on_looked(self, now: LookedAgain | None, config: RunConfig | None) -> None:
        """config: what Start was clicked for."""
        if now is not None and now.changes:
            self.summary = now.summary
            self.dataset_changed.emit()
            self._configure(measure=False)
            config = self.config
        if now is None or config is None:
            self._set_state(TrainState.READY)
        else:
            self.run_title, self.run_config = config.title, config
            self._begin(partial(self._engine.train, config, now.summary, self._stop.is_set))
        if now is not None and now.changes:
            self.run_noticed.emit(changed_text(now, trains=config is not None))

    def resume(self, run: RunInfo, data: Path | None = None) -> None:
        """Go on with an earlier run, once all is checked. data: where its photos were moved."""
        if self.running:
            self.noticed.emit("One training at a time: stop the one that runs first.", "warning")
            return
        self.run_title, self.run_config = run.title, None
        self.resume_path(run.path, data)

    def resume_path(self, run_dir: str, data: Path | None = None) -> None:
        """As `resume`, of the run that is shown."""
        self._begin(partial(self._engine.resume, Path(run_dir), self._stop.is_set, data), run_dir)
        self.earlier.look_into(Path(run_dir))  # its settings, and its last answers

    def _begin(self, start: Callable[[], Iterator[Any]], resumed: str = "") -> None:
        self._estimates.stop()
        self._stop.clear()
        self._resumed = resumed  # its directory
        self.started, self.end, self.history, self._skipped = None, None, [], {}
        self._run = job = self._training.submit(start)
        job.progressed.connect(self._on_run)
        job.failed.connect(self._on_failed)
        job.ended.connect(self._on_run_ended)
        self._set_state(TrainState.RUNNING)

    def stop(self) -> None:
        """End after the current batch; the best model so far is kept."""
        if self.running and self.state is not TrainState.STOPPING:
            self._stop.set()
            if self._run is not None:
                self._run.set_paused(False)
            self._set_state(TrainState.STOPPING)

    def set_paused(self, paused: bool) -> None:
        if self._run is not None and self.state in (TrainState.RUNNING, TrainState.PAUSED):
            self._run.set_paused(paused)
            self._set_state(TrainState.PAUSED if paused else TrainState.RUNNING)

    def has_model(self, model_id: str) -> bool:
        """Whether a run's model is here, or was made a moment ago."""
        return bool(model_id) and (model_id == self._just_made or bool(self._store.entry(model_id)))

    @property
    def model_lost(self) -> bool:
        """Whether the finished run that is shown has no model any more. False until one looked."""
        here = self.end is None or self.has_model(self.end.model_id) or not self._store.entries
        return isinstance(self.end, RunFinished) and not here

    # --- a run of earlier ---------------------------------------------------------------------

    def open_results(self, run: RunInfo) -> None:
        """Show what came out of a run."""
        self.earlier.open(Path(run.path))

    @Slot(object)
    def _on_looked_into(self, results: RunResults) -> None:
        """The run that was resumed, as it was before."""
        if self.running:
            self.run_config, self.run_title = results.config, results.info.title
            if results.samples is not None and len(self.history) <= results.info.epochs_done:
                self.samples_predicted.emit(results.samples)

    @Slot(object)
    def _on_results(self, results: RunResults) -> None:
        if self.running:
            return
        self._opened = results.info
        self.run_config, self.run_title = results.config, results.info.title
        self.started, self.history = results.started, list(results.started.history)
        self.end = self.earlier.with_model(results.info, results.end)
        self._set_state(TrainState.ENDED)
        self.results_opened.emit(results)

    # --- what the lanes say -------------------------------------------------------------------

    @Slot(object)
    def _on_run(self, events: list[Any]) -> None:
        if batches := [event for event in events if isinstance(event, BatchDone)]:
            self.batches_done.emit(batches)
        for event in events:
            self._take(event)
        if skipped := {event.path: event for event in events if isinstance(event, PhotoSkipped)}:
            self._skipped |= skipped
            self.photos_skipped.emit(list(self._skipped.values()))

    def _take(self, event: Any) -> None:
        if isinstance(event, Preparing):
            self.prepared.emit(event)
        elif isinstance(event, RunStarted):
            self.started, self.history = event, list(event.history)
            self.run_title = event.title or self.run_title  # numbered, where it was taken
            self.run_started.emit(event)
        elif isinstance(event, EpochDone):
            self.history.append(event)
            self.epoch_done.emit(event)
        elif isinstance(event, LayersMeasured):
            self.layers_measured.emit(event)
        elif isinstance(event, SamplesPredicted):
            self.samples_predicted.emit(event)
        elif isinstance(event, RunFinished | RunStopped | RunFailed):
            self.end = event
            if event.model_id:
                self._just_made = event.model_id
                self.model_made.emit(event.model_id)
        if isinstance(event, Notice | RunFailed):
            self.run_noticed.emit(event.message)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        if self._resumed and isinstance(error, DatasetError):
            self.folder_lost.emit(self._resumed, sentence(error))
        else:
            self.run_noticed.emit(sentence(error))

    @Slot()
    def _on_run_ended(self) -> None:
        self._run = None
        if self.end is not None:
            self._set_state(TrainState.ENDED)
            self.run_ended.emit(self.end)
        else:  # it never began: the notice says why
            self._set_state(TrainState.READY if self.summary else TrainState.EMPTY)
            self._configure()  # the measurement of the settings was given up for it
        self.earlier.refresh()

    @Slot(object, object)
    def _on_scanned(self, summary: DatasetSummary, wanted: RunConfig | None) -> None:
        self.summary = summary
        self.settings.clear()
        if wanted is not None:
            self.settings.take(wanted, summary)
        self._set_state(TrainState.READY)
        self.dataset_changed.emit()
        self._configure()

    @Slot()
    def _on_scan_ended(self) -> None:
        self._set_state(TrainState.READY if self.summary else TrainState.EMPTY)

    def _set_state(self, state: TrainState) -> None:
        if state is not self.state:
            for look in (self._scan, self._look):
                look.let_go()  # it says nothing in another state
            self.state = state
            self.state_changed.emit()
