"""What the Evaluate page is about: a result, or the test that makes one. No widgets here."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from enum import Enum, auto
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.errors import DatasetError
from resnet_gui.core.evaluation.apply_calibration import apply_calibration
from resnet_gui.core.evaluation.predictions import Facts, Measured, read_facts
from resnet_gui.core.evaluation.report import ReportWritten, write_report
from resnet_gui.core.evaluation.store import Stored, run_result, stored_results, weights_key
from resnet_gui.core.events import ImageFailed, Notice
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.zoo import ModelEntry
from resnet_gui.jobs.lane import Job, Priority
from resnet_gui.ui.engine import Engine
from resnet_gui.ui.evaluate.result import Result, make_result, open_result
from resnet_gui.ui.means import Means
from resnet_gui.ui.widgets.spreadsheets import decimal_comma
from resnet_gui.ui.widgets.words import duration, sentence

_MOST_NAMED = 3  # photos that could not be read


class EvaluateState(Enum):
    EMPTY = auto()  # nothing is open
    OPENING = auto()  # a kept result is being read
    TESTING = auto()
    STOPPING = auto()
    SHOWN = auto()  # a result


class EvaluateController(QObject):
    """Opens results, makes them, and stores what a person takes from them.

    Attributes:
        state: see above. result: the one that is shown, while a test goes on the one before.
        results: what is kept on this computer, the newest first.
        model_id, folder, part: what a test is about. device: what computes, as the settings say.

    Signals:
        changed(): state, result, model or folder are others now.
        results_changed(): `results` is new.
        progressed(object text, int done, int total).
        noticed(object text, str kind). stopped(object text): a test was, and what became of it.
        calibrated(object): a model's calibration was stored; its id.
    """

    changed = Signal()
    results_changed = Signal()
    progressed = Signal(object, int, int)
    noticed = Signal(object, str)
    stopped = Signal(object)
    calibrated = Signal(object)

    def __init__(self, means: Means, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine, self._store = means.engine, means.store
        self._inference, self._io = means.inference, means.io
        self.state = EvaluateState.EMPTY
        self.result: Result | None = None
        self.results: tuple[Stored, ...] = ()
        self.model_id = self._suggested = ""
        self.folder: Path | None = None
        self.part = "auto"
        self.device = "auto"
        self._job: Job | None = None
        self._failed, self._began = 0, 0.0
        self._done, self._first = (0, 0), 0  # photos answered, of so many; as the first was told
        means.store.changed.connect(self.changed)

    @property
    def entry(self) -> ModelEntry | None:
        """The model to be tested."""
        chosen = self._store.entry(self.model_id) if self.model_id else None
        return chosen or self._store.default(self._suggested)

    @property
    def busy(self) -> bool:
        """Whether a test goes on."""
        return self.state in (EvaluateState.TESTING, EvaluateState.STOPPING)

    def model_of(self, facts: Facts) -> ModelEntry | None:
        """The model of a result, if it is here and still has these classes."""
        entry = self._store.entry(facts.model)
        if entry is None or entry.spec.classes != facts.classes:
            return None
        return entry

    # --- kept results -----------------------------------------------------------------------

    @Slot()
    def refresh(self) -> None:
        """Look what is kept."""
        job = self._io.submit(_look, Priority.NORMAL)
        job.progressed.connect(self._on_results)

    @Slot(object)
    def _on_results(self, events: list[tuple[Stored, ...]]) -> None:
        self.results = events[-1]
        self.results_changed.emit()

    def open(self, stored: Stored) -> None:
        """Show a kept result."""
        self._open(partial(_open_known, stored.path, self.model_of(stored.facts)))

    def open_run(self, run: str) -> None:
        """Show what a run kept of its validation photos, if it did; else say so, with the run's
        model chosen for a test."""
        made = [entry.spec.id for entry in self._store.entries if entry.spec.run_id == run]
        if made and not self.busy:
            self.model_id = made[0]
        entries = {entry.spec.id: entry for entry in self._store.entries}
        self._open(partial(_open_run, run, entries))

    def _open(self, start: Callable[[], Generator[None, None, Result]]) -> None:
        if self.busy:
            self.noticed.emit("A test is going on. Stop it first, or wait for its end.", "miss")
            return
        self._let_go()
        self._job = job = self._io.submit(start, Priority.INTERACTIVE)
        job.finished.connect(self._on_opened)
        job.failed.connect(self._on_failed)
        self._set(EvaluateState.OPENING)

    @Slot(object)
    def _on_opened(self, result: Result) -> None:
        self._job = None
        self._show(result)

    def _show(self, result: Result) -> None:
        self.result = result
        if self.model_of(result.predictions.facts) is not None:
            self.model_id = result.predictions.facts.model
        self._set(EvaluateState.SHOWN)

    @Slot()
    def close(self) -> None:
        """Back to the start of the page."""
        if not self.busy:
            self._let_go()
            self.result = None
            self._set(EvaluateState.EMPTY)
            self.refresh()

    # --- a test -----------------------------------------------------------------------------

    def set_model(self, model_id: str) -> None:
        self.model_id = model_id
        self.changed.emit()

    def suggest(self, model_id: str) -> None:
        """What to test while nobody has chosen: the model used last, or whichever is here."""
        if not self.model_id:
            self._suggested = model_id
            self.changed.emit()

    def set_part(self, part: str) -> None:
        self.part = part

    def set_folder(self, folder: Path) -> None:
        """Test on this folder when `start` is asked for."""
        self.folder = folder
        if self.state is EvaluateState.SHOWN:
            self.result = None
            self.state = EvaluateState.EMPTY
        self.changed.emit()

    @property
    def startable(self) -> bool:
        entry = self.entry
        usable = entry is not None and entry.state.ready and not (entry.problem or entry.needs)
        return usable and self.folder is not None and not self.busy

    @Slot()
    def start(self) -> None:
        """Test the model on the folder."""
        entry = self.entry
        if not self.startable or self.folder is None or entry is None:
            return
        self._let_go()
        self.model_id = entry.spec.id
        self._failed, self._done, self._fresh = 0, (0, 0), True
        start = partial(_test, self._engine, self.model_id, self.folder, self.device, self.part)
        self._job = job = self._inference.submit(start, Priority.NORMAL)
        job.progressed.connect(self._on_progressed)
        job.finished.connect(self._on_tested)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(self._on_cancelled)
        self._set(EvaluateState.TESTING)

    @Slot()
    def stop(self) -> None:
        """End the test. Started again on the same photos it goes on where it was."""
        if self._job is not None and self.state is EvaluateState.TESTING:
            self._set(EvaluateState.STOPPING)
            self._job.cancel()

    @Slot(object)
    def _on_progressed(self, events: list[Preparing | Notice | ImageFailed]) -> None:
        for event in events:
            if isinstance(event, Notice):
                self.noticed.emit(event.message, "notice")
                self._fresh = True  # it goes on from answers of before, or begins again
            elif isinstance(event, ImageFailed):
                self._failed += 1
                if self._failed <= _MOST_NAMED:
                    self.noticed.emit(event.message, "warning")
            elif event is events[-1] or event.done == event.total:
                self._tell(event)

    def _tell(self, event: Preparing) -> None:
        if event.what != "photos":
            self.progressed.emit("Looking through the folder", event.done, event.total)
            return
        if self._fresh:
            self._first, self._began, self._fresh = event.done, time.monotonic(), False
        self._done = (event.done, event.total)
        elapsed, new = time.monotonic() - self._began, event.done - self._first
        left = elapsed / new * (event.total - event.done) if new > 0 else None
        text = f"{event.done:,} of {event.total:,} photos"
        if left is not None and elapsed > 1:
            text += f" · about {duration(left)} left"
        self.progressed.emit(text, event.done, event.total)

    @Slot(object)
    def _on_tested(self, result: Result | None) -> None:
        self._job = None
        if self._failed > _MOST_NAMED:
            more = self._failed - _MOST_NAMED
            self.noticed.emit(f"{more:,} more photos could not be read.", "warning")
        if result is None:
            self.noticed.emit("These are too many answers to be shown here.", "warning")
            self._set(EvaluateState.EMPTY)
            return
        if result.path is None:
            self.noticed.emit("The result could not be kept: is the disk full?", "warning")
        self._show(result)
        self.refresh()

    @Slot()
    def _on_cancelled(self) -> None:
        self._end()
        done, total = self._done
        text = "Stopped before its first photo. To test them, start it again."
        if done:
            text = (
                f"Stopped after {done:,} of {total:,} photos. Start the test again with the same "
                "model and folder, and it goes on with the answers that are kept."
            )
        if self.state is EvaluateState.SHOWN:
            text += " What you see is the result from before."
        self.stopped.emit(text)

    def _end(self) -> None:
        """Without a result of its own."""
        self._job = None
        self._set(EvaluateState.EMPTY if self.result is None else EvaluateState.SHOWN)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")
        self._end()

    def _let_go(self) -> None:
        if self._job is not None:
            self._job.let_go()
            self._job = None

    # --- what is taken from a result --------------------------------------------------------

    def set_unsure(self, threshold: float | None) -> None:
        """Below this probability Classify calls an answer of this model a guess; None: as it says
        by itself."""
        entry = self._shown_model()
        if entry is not None:
            self._calibrate(entry, entry.spec.calibration.with_unsure(threshold))

    def adjust(self) -> None:
        """Give the model the temperature and the unknown score that these photos ask for."""
        entry = self._shown_model()
        if entry is not None and self.result is not None:
            fitted = self.result.predictions.fitted
            self._calibrate(entry, fitted.with_unsure(entry.spec.calibration.unsure))

    def _shown_model(self) -> ModelEntry | None:
        return None if self.result is None else self.model_of(self.result.predictions.facts)

    def _calibrate(self, entry: ModelEntry, calibration: Calibration) -> None:
        assert self.result is not None
        start = partial(_calibrate, entry, calibration, self.result)
        job = self._io.submit(start, Priority.INTERACTIVE)
        job.finished.connect(self._on_calibrated)
        job.failed.connect(self._on_not_calibrated)

    @Slot(object)
    def _on_calibrated(self, result: Result) -> None:
        model_id = result.predictions.facts.model
        self._inference.submit(partial(self._engine.forget, model_id), Priority.INTERACTIVE)
        self._store.refresh()
        if self.result is not None and self.result.path == result.path:
            self.result = result
            self.changed.emit()
        self.calibrated.emit(model_id)

    @Slot(object)
    def _on_not_calibrated(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")

    def write_report(self, folder: Path) -> None:
        """Write the shown result as a page and a table; a notice says where it is."""
        if self.result is None:
            return
        predictions = self.result.predictions
        entry = self.model_of(predictions.facts)
        start = partial(
            write_report, predictions, folder, entry.spec if entry else None,
            bom=True, semicolons=decimal_comma(),
        )  # fmt: skip
        job = self._io.submit(start, Priority.NORMAL)
        job.progressed.connect(self._on_report_progressed)
        job.failed.connect(self._on_not_calibrated)

    @Slot(object)
    def _on_report_progressed(self, events: list[Preparing | ReportWritten]) -> None:
        for event in events:
            if isinstance(event, ReportWritten):
                self.noticed.emit(f"The report is saved as {event.html}.", "notice")

    def _set(self, state: EvaluateState) -> None:
        self.state = state
        self.changed.emit()


def _look() -> Iterator[tuple[Stored, ...]]:
    yield tuple(sorted(stored_results(), key=lambda stored: stored.facts.made, reverse=True))


def _same_weights(entry: ModelEntry, facts: Facts) -> bool:
    """Whether a result is that of the model as it is now, looking once. Reads its file."""
    try:
        return not facts.weights or weights_key(entry) == facts.weights
    except OSError:
        return False


def _open_known(path: Path, entry: ModelEntry | None) -> Generator[None, None, Result]:
    yield None
    same = entry is not None and _same_weights(entry, read_facts(path))
    return (yield from open_result(path, entry.spec.calibration if entry and same else None))


def _open_run(run: str, entries: dict[str, ModelEntry]) -> Generator[None, None, Result]:
    yield None
    path = run_result(run)
    if path is None:
        raise DatasetError(
            run, "This run kept no answers of its own.", "Test its model on a folder instead."
        )
    return (yield from _open_known(path, entries.get(read_facts(path).model)))


def _test(
    engine: Engine, model_id: str, folder: Path, device: str, part: str
) -> Generator[Preparing | Notice | ImageFailed, None, Result | None]:
    result = None
    for event in engine.evaluate(model_id, folder, device, part):
        if isinstance(event, Measured):
            result = make_result(event.predictions, event.path)
        else:
            yield event
    return result


def _calibrate(
    entry: ModelEntry, calibration: Calibration, result: Result
) -> Generator[None, None, Result]:
    yield None
    facts = result.predictions.facts
    if entry.weights_path is not None and not entry.weights_path.exists():
        # Removed in a second window, or by hand.
        gone = "The model is not on this computer any more."
        raise DatasetError(facts.data, gone, "Its result can still be read.")
    if not _same_weights(entry, facts):
        raise DatasetError(
            facts.data,
            "The model has changed since this test, or looked at photos several times in it.",
            "Test it again.",
        )
    apply_calibration(entry, calibration)
    return make_result(result.predictions.calibrated_by(calibration), result.path)
