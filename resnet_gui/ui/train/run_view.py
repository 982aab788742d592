"""A run while it goes on, and its end."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.runs.events import (
    BatchDone,
    EpochDone,
    Preparing,
    RunFinished,
    RunStarted,
    RunStopped,
    SamplesPredicted,
)
from resnet_gui.core.runs.results import RunResults
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.train.charts import TrainingCharts
from resnet_gui.ui.train.controller import RunEnd, TrainController, TrainState
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.file_saver import FileSaver
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, one_line, set_tooltip
from resnet_gui.ui.widgets.progress_bar import ProgressBar
from resnet_gui.ui.widgets.samples_view import SamplesView
from resnet_gui.ui.widgets.spoken import announce
from resnet_gui.ui.widgets.words import duration, pace

_PREPARING = {
    "folder": "Looking through the folder",
    "model": "Loading the model",
    "converting": "Making the model's faster form, once",
    "photos": "Reading photos",
    "features": "Computing features",
    "validating": "Validating",
    "testing": "Testing the best model",
    "measuring": "Measuring",
}


class TrainRunView(QWidget):
    """Progress, charts, sample photos; at the end the result and what to do with it.

    Signals:
        try_requested(), test_requested(), mistakes_requested(str run), save_requested(),
        folder_requested(), class_requested().
    """

    try_requested = Signal()
    test_requested = Signal()
    mistakes_requested = Signal(str)
    save_requested = Signal()
    folder_requested = Signal()
    class_requested = Signal()

    def __init__(
        self, controller: TrainController, io: JobLane, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._ended = False
        self._epoch, self._detail = 0, ""  # what is shown unless the run is paused
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._progress_card())
        column.addWidget(self._result_card())
        self.charts = TrainingCharts()
        self._saver = saver = FileSaver(io, self)
        self.charts.save_requested.connect(saver.save)
        saver.saved.connect(self._on_saved)
        saver.failed.connect(self._on_save_failed)
        self.samples_title = PlainLabel("Validation photos the network has not learned from")
        self.samples_title.setProperty("kind", "muted")
        self.samples = SamplesView(io)
        # In a small window all of this does not fit below the result.
        scrolled = QWidget()
        below = QVBoxLayout(scrolled)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(10)
        below.addWidget(self.charts, 1)
        below.addWidget(self.samples_title)
        below.addWidget(self.samples)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setProperty("kind", "bare")
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it has it
        scroll.setWidget(scrolled)
        column.addWidget(scroll, 1)
        controller.state_changed.connect(self.show_state)
        controller.prepared.connect(self._on_prepared)
        controller.run_started.connect(self._on_run_started)
        controller.batches_done.connect(self._on_batches_done)
        controller.epoch_done.connect(self._on_epoch_done)
        controller.samples_predicted.connect(self._on_samples_predicted)
        controller.run_ended.connect(self._on_run_ended)
        controller.results_opened.connect(self._on_results_opened)
        controller.models_changed.connect(self._on_models_changed)

    def _progress_card(self) -> QFrame:
        self.progress_card = QFrame()
        self.progress_card.setProperty("kind", "card")
        row = QHBoxLayout(self.progress_card)
        row.setContentsMargins(16, 10, 12, 10)
        row.setSpacing(12)
        text = QVBoxLayout()
        text.setSpacing(6)
        self.title = ElidedLabel()
        embolden(self.title)
        self.bar = ProgressBar("How far the run is")
        self.detail = ElidedLabel()
        self.detail.setProperty("kind", "muted")
        for widget in (self.title, self.bar, self.detail):
            text.addWidget(widget)
        row.addLayout(text, 1)
        self.pause = QPushButton("Pause")
        self.pause.setCheckable(True)
        self.pause.clicked.connect(self._on_pause_clicked)
        self.stop = QPushButton("Stop")
        set_tooltip(self.stop, "End after this step. The best model so far is kept.")
        self.stop.clicked.connect(self._controller.stop)
        row.addWidget(self.pause)
        row.addWidget(self.stop)
        return self.progress_card

    def _result_card(self) -> QFrame:
        self.result_card = QFrame()
        self.result_card.setProperty("kind", "card")
        column = QVBoxLayout(self.result_card)
        column.setContentsMargins(16, 12, 12, 12)
        column.setSpacing(4)
        self.result = PlainLabel()
        embolden(self.result, 1.4)
        self.honest = PlainLabel()
        self.honest.setWordWrap(True)
        self.honest.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.gone = PlainLabel("Its model was removed. What the run measured is still here.")
        self.gone.setProperty("kind", "muted")
        # Two rows: what is asked of the model, and what is done with the run. One is too wide for
        # a small screen.
        asked, done = QHBoxLayout(), QHBoxLayout()
        self.try_it = QPushButton("Try it")
        set_tooltip(self.try_it, "Classify photos with the new model")
        self.try_it.setProperty("kind", "primary")
        self.mistakes = QPushButton("What it gets wrong")
        set_tooltip(self.mistakes, "Its answers to the validation photos, one by one")
        self.mistakes.clicked.connect(self._on_mistakes_clicked)
        self.test = QPushButton("Test on a folder…")
        set_tooltip(self.test, "How often it is right on other photos")
        self.test.clicked.connect(self.test_requested)
        self.save_as = QPushButton("Save as…")
        self.open_folder = QPushButton("Show in folder")
        self.add_class = QPushButton("Add a class…")
        set_tooltip(self.add_class, "The same photos with one class more, starting from this model")
        self.go_on = QPushButton("Go on training")
        self.again = QPushButton("Back to the settings")
        self.close_button = QPushButton("Close")
        set_tooltip(self.close_button, "Back to the start of this page and the list of runs.")
        for button in (self.again, self.close_button):
            button.setProperty("kind", "plain")
        self.try_it.clicked.connect(self.try_requested)
        self.save_as.clicked.connect(self.save_requested)
        self.open_folder.clicked.connect(self.folder_requested)
        self.add_class.clicked.connect(self.class_requested)
        self.go_on.clicked.connect(self._on_go_on_clicked)
        self.again.clicked.connect(self._controller.back_to_settings)
        self.close_button.clicked.connect(self._controller.close_folder)
        self._buttons = (
            self.try_it, self.mistakes, self.test, self.save_as, self.open_folder, self.add_class,
            self.go_on, self.again,
        )  # fmt: skip
        for button in (*self._buttons, self.close_button):
            first = button in (self.try_it, self.mistakes, self.test)
            (asked if first else done).addWidget(button)
        asked.addStretch()
        done.addStretch()
        self.result_title = ElidedLabel()
        self.result_title.setProperty("kind", "muted")
        column.addWidget(self.result_title)
        column.addWidget(self.result)
        column.addWidget(self.honest)
        column.addWidget(self.gone)
        column.addSpacing(4)
        column.addLayout(asked)
        column.addLayout(done)
        self.result_card.hide()
        return self.result_card

    def refresh_theme(self) -> None:
        self.charts.refresh_theme()

    @Slot(object)
    def _on_saved(self, path: Path) -> None:
        self._controller.noticed.emit(f"The chart is saved as {path}.", "notice")

    @Slot(object)
    def _on_save_failed(self, error: Exception) -> None:
        self._controller.noticed.emit(f"The chart could not be saved: {error}", "warning")

    # --- what the controller says -----------------------------------------------------------

    @Slot()
    def show_state(self) -> None:
        """Show how far the controller's run is."""
        state = self._controller.state
        running = self._controller.running
        self.result_card.setVisible(state is TrainState.ENDED)
        if state is TrainState.ENDED and not self._ended:
            self._on_models_changed()
            focus = self.window().focusWidget()  # also while the person is in another window
            if focus is not None and self.isAncestorOf(focus):
                # What comes next; a button that goes gives its focus to a chart.
                (self.again if self.try_it.isHidden() else self.try_it).setFocus()
        self._ended = state is TrainState.ENDED
        self.progress_card.setVisible(running)
        self.pause.setChecked(state is TrainState.PAUSED)
        self.pause.setText("Go on" if state is TrainState.PAUSED else "Pause")
        stopping = state is TrainState.STOPPING
        for button in (self.pause, self.stop):
            button.setEnabled(not stopping)
        self.stop.setText("Stopping…" if stopping else "Stop")
        if state is TrainState.PAUSED:
            self.detail.setText(self._paused_text())
        elif running and self._detail:
            self.detail.setText(self._detail)
        if state is TrainState.RUNNING and self._controller.started is None:
            self.charts.clear()
            self.samples.clear()
            self._show_samples(False)
            self._epoch, self._detail = 0, ""
            summary = self._controller.summary
            name = self._controller.run_title or (summary.title if summary else "")
            self.title.setText(f"Training “{one_line(name, 80)}”" if name else "Training")
            self.bar.show_progress(0, 0)
            self._say("Starting…")

    def _say(self, text: str) -> None:
        """Show what goes on; while the run is paused that is what goes on with it."""
        self._detail = text
        if self._controller.state is not TrainState.PAUSED:
            self.detail.setText(text)

    def _paused_text(self) -> str:
        started = self._controller.started
        where = f" in epoch {self._epoch} of {started.epochs}" if started and self._epoch else ""
        return f"Paused{where}. “Go on” continues exactly here."

    @Slot(object)
    def _on_prepared(self, event: Preparing) -> None:
        text = _PREPARING.get(event.what, event.what)
        text = f"{text}: {event.done:,} of {event.total:,}" if event.total else text
        started = self._controller.started
        if started is not None and self._epoch:
            # Within the run the bar is the whole run's: full means that it is over.
            self._say(f"Epoch {self._epoch} of {started.epochs} · {text[:1].lower()}{text[1:]}")
            return
        self.bar.show_progress(event.done, event.total)
        self._say(text)

    @Slot(object)
    def _on_run_started(self, event: RunStarted) -> None:
        self.charts.clear()
        self.charts.set_length(event.epochs)
        self.charts.add_epochs(event.history)
        if event.epoch:  # it was resumed: what is done stays done while it prepares
            self._epoch = min(event.epoch + 1, event.epochs)
            self.bar.show_progress(event.epoch * 1000, event.epochs * 1000)
        name = self._controller.run_title or event.run
        self.title.setText(
            f"{one_line(name, 80)}: {event.train_photos:,} photos in "
            f"{len(event.classes)} classes, {event.val_photos:,} to validate, on {event.device}"
        )

    @Slot(object)
    def _on_batches_done(self, batches: list[BatchDone]) -> None:
        self.charts.add_batches(batches)
        last, started = batches[-1], self._controller.started
        if started is None:
            return
        self._epoch = last.epoch
        within = last.step_in_epoch / max(1, last.steps_in_epoch)
        self.bar.show_progress(int((last.epoch - 1 + within) * 1000), started.epochs * 1000)
        parts = [f"Epoch {last.epoch} of {started.epochs}"]
        if last.eta_s is not None:
            parts.append(f"about {duration(last.eta_s)} left")
        parts.append(pace(last.photos_per_s))
        parts.append(f"{last.memory_mb:,.0f} MB")
        self._say(" · ".join(parts))

    @Slot(object)
    def _on_epoch_done(self, event: EpochDone) -> None:
        self.charts.add_epochs([event])
        quarters = [epoch * 4 // event.epochs for epoch in (event.epoch - 1, event.epoch)]
        if quarters[0] < quarters[1] < 4:  # the end is told by itself, and each epoch is too much
            accuracy, which = event.val_accuracy, "validation"
            if accuracy is None:
                accuracy, which = event.train_accuracy, "training"
            part = f"Epoch {event.epoch} of {event.epochs}"
            announce(self, f"{part}: {accuracy:.1%} {which} accuracy")

    @Slot(object)
    def _on_samples_predicted(self, event: SamplesPredicted) -> None:
        self._show_samples(bool(event.samples))
        self.samples.show_samples(event)

    def _show_samples(self, visible: bool) -> None:
        self.samples.setVisible(visible)
        self.samples_title.setVisible(visible)

    @Slot(object)
    def _on_run_ended(self, end: RunEnd) -> None:
        made = bool(end.model_id)
        self.charts.set_length(end.epoch)
        self.result_title.setText(self._controller.run_title)
        self._on_models_changed()
        resumable = not isinstance(end, RunFinished) and end.resumable
        self.go_on.setVisible(resumable)
        if isinstance(end, RunFinished):
            accuracy = end.accuracy
            self.result.setText(
                f"{accuracy.value:.1%} {accuracy.part} accuracy, after {duration(end.seconds)}"
            )
            self.honest.setText(accuracy.sentence())
        elif isinstance(end, RunStopped):
            self.result.setText(
                f"Stopped after epoch {end.epoch}"
                if end.epoch
                else "Stopped before the first epoch"
            )
            best = "" if end.best_val_accuracy is None else f" ({end.best_val_accuracy:.1%})"
            text = "There is no model yet. The run can go on from its beginning."
            if made:
                text = f"The best model so far, of epoch {end.best_epoch}{best}, is saved."
            elif end.epoch:
                text = f"Its best epoch so far was {end.best_epoch}{best}. There is no model of it."
            self.honest.setText(text)
        else:
            self.result.setText("The run could not go on")
            self.honest.setText(end.message)

    @Slot(object)
    def _on_results_opened(self, results: RunResults) -> None:
        """Show a run of earlier as it ended."""
        self.charts.clear()
        self.charts.add_epochs(results.started.history)
        self._show_samples(results.samples is not None)
        if results.samples is not None:
            self.samples.show_samples(results.samples)
        if self._controller.end is not None:
            self._on_run_ended(self._controller.end)
        if caution := results.caution():
            self.honest.setText(f"{self.honest.text()} {caution}")

    @Slot()
    def _on_models_changed(self) -> None:
        """A model that was removed cannot be tried."""
        end = self._controller.end
        here = end is not None and self._controller.has_model(end.model_id)
        for button in (self.try_it, self.test, self.save_as, self.add_class):
            button.setVisible(here)
        gone = self._controller.model_lost
        self.mistakes.setVisible(isinstance(end, RunFinished) and not gone)
        self.gone.setVisible(gone)

    @Slot()
    def _on_mistakes_clicked(self) -> None:
        if self._controller.end is not None:
            self.mistakes_requested.emit(self._controller.end.run)

    @Slot(bool)
    def _on_pause_clicked(self, on: bool) -> None:
        self._controller.set_paused(on)

    @Slot()
    def _on_go_on_clicked(self) -> None:
        started = self._controller.started
        if started is not None:
            self._controller.resume_path(started.run_dir)
