"""What the Train page's state machine says."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class TrainSignals(QObject):
    """Signals:
    state_changed(), dataset_changed(), config_changed().
    scan_progressed(ScanProgress, UnpackProgress or DownloadProgress),
    prepared(Preparing), estimated(Estimated or None), not_estimated(str why).
    run_started(RunStarted), batches_done(list[BatchDone]), epoch_done(EpochDone),
    layers_measured(LayersMeasured), samples_predicted(SamplesPredicted),
    run_ended(RunFinished | RunStopped | RunFailed).
    folder_lost(str run_dir, str text): a run cannot go on, as its folder is not what it was.
    photos_skipped(list[PhotoSkipped]): all that the run which goes on could not read so far.
    results_opened(RunResults): a run of earlier is shown, as it ended.
    noticed(str text, str kind), run_noticed(str text): of the run that goes on or ended last.
    model_made(str id), models_changed(): others are here now.
    """

    state_changed = Signal()
    dataset_changed = Signal()
    config_changed = Signal()
    scan_progressed = Signal(object)
    prepared = Signal(object)
    estimated = Signal(object)
    not_estimated = Signal(object)
    run_started = Signal(object)
    batches_done = Signal(object)
    epoch_done = Signal(object)
    layers_measured = Signal(object)
    samples_predicted = Signal(object)
    run_ended = Signal(object)
    folder_lost = Signal(str, object)
    photos_skipped = Signal(object)
    results_opened = Signal(object)
    noticed = Signal(object, str)
    run_noticed = Signal(object)
    model_made = Signal(str)
    models_changed = Signal()
