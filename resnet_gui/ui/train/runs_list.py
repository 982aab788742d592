"""Earlier runs, each with what can be done with it."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QContextMenuEvent, QMouseEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.runs.listing import RunInfo, RunState
from resnet_gui.ui.train.controller import TrainController
from resnet_gui.ui.train.moved_folder import ask_for_folder
from resnet_gui.ui.widgets.plain_text import (
    ElidedLabel,
    PlainLabel,
    ask_for_name,
    one_line,
    set_tooltip,
)
from resnet_gui.ui.widgets.words import size_text

_STATES = {
    RunState.RUNNING: "running",
    RunState.INTERRUPTED: "interrupted",
    RunState.STOPPED: "stopped",
    RunState.FAILED: "failed",
    RunState.FINISHED: "finished",
}
_MOST = 100


class RunRow(QFrame):
    """One run: title, facts, its main button and a menu, which a right click opens, too. A double
    click opens its results.

    Signals:
        try_requested(object): RunInfo of a run whose model should be used. test_requested(object):
            … should be tested. mistakes_requested(str): name of a run whose answers to its
            validation photos should be shown.
        folder_requested(object): Path of a run that should be shown in its folder.
        class_requested(object): RunInfo of a run whose model should get one class more.
    """

    try_requested = Signal(object)
    test_requested = Signal(object)
    mistakes_requested = Signal(str)
    class_requested = Signal(object)
    folder_requested = Signal(object)

    def __init__(self, run: RunInfo, controller: TrainController) -> None:
        super().__init__()
        self._run, self._controller = run, controller
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 4, 4)
        text = QVBoxLayout()
        text.setSpacing(0)
        title = ElidedLabel(run.title)
        self.facts = ElidedLabel(tip=False)
        self.facts.setProperty("kind", "muted")
        set_tooltip(self.facts, run.message or run.path)
        text.addWidget(title)
        text.addWidget(self.facts)
        row.addLayout(text, 1)
        self.action = QPushButton("Go on" if run.resumable else "Try it")
        self.action.clicked.connect(self._on_action_clicked)
        row.addWidget(self.action)
        self.action.setVisible(run.resumable or bool(run.model_path))
        self.more = QPushButton("…")
        self.more.setProperty("kind", "plain")
        self.more.setAccessibleName(one_line(f"More for {run.title}"))
        self.menu = QMenu(self.more)
        self.menu.addAction("Show results").triggered.connect(self._on_show_results)
        self.going_on = self.menu.addAction("Go on training")
        self.going_on.triggered.connect(self._on_resume)
        self.moved = self.menu.addAction("Go on with its folder elsewhere…")
        self.moved.triggered.connect(self._on_moved)
        self.trying = self.menu.addAction("Try its model")
        self.trying.triggered.connect(self._on_try)
        self.wrong = self.menu.addAction("What it gets wrong")
        self.wrong.triggered.connect(self._on_mistakes)
        self.testing = self.menu.addAction("Test its model on a folder…")
        self.testing.triggered.connect(self._on_test)
        self.adding = self.menu.addAction("Add a class…")
        self.adding.triggered.connect(self._on_add_class)
        self.menu.addSeparator()
        self.menu.addAction("Rename…").triggered.connect(self._on_rename)
        self.menu.addAction("Show in folder").triggered.connect(self._on_open_folder)
        self.menu.addSeparator()
        self.menu.addAction("Move to the trash").triggered.connect(self._on_delete)
        self.more.setMenu(self.menu)
        row.addWidget(self.more)
        set_tooltip(self, "Double click: show its results")
        self.show_models()

    @Slot()
    def show_models(self) -> None:
        """Show what can be done, with the models that there are now."""
        here = self._controller.earlier.model_of(self._run) is not None
        self.action.setVisible(self._run.resumable or here)
        self.going_on.setEnabled(self._run.resumable)
        self.moved.setEnabled(self._run.resumable)
        self.trying.setEnabled(here)
        self.testing.setEnabled(here)
        self.wrong.setEnabled(self._run.state is RunState.FINISHED)
        self.adding.setEnabled(here)
        start = self._controller.earlier.model_title(self._run.model)
        gone = self._controller.earlier.model_gone(self._run)
        self.facts.setText(describe(self._run, start, gone=gone))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu.popup(event.globalPos())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._on_show_results()

    @Slot()
    def _on_action_clicked(self) -> None:
        if self._run.resumable:
            self._on_resume()
        else:
            self._on_try()

    @Slot()
    def _on_show_results(self) -> None:
        self._controller.open_results(self._run)

    @Slot()
    def _on_resume(self) -> None:
        self._controller.resume(self._run)

    @Slot()
    def _on_moved(self) -> None:
        ask_for_folder(self, self._controller, self._run.path)

    @Slot()
    def _on_try(self) -> None:
        self.try_requested.emit(self._run)

    @Slot()
    def _on_test(self) -> None:
        self.test_requested.emit(self._run)

    @Slot()
    def _on_mistakes(self) -> None:
        self.mistakes_requested.emit(self._run.name)

    @Slot()
    def _on_add_class(self) -> None:
        self.class_requested.emit(self._run)

    @Slot()
    def _on_rename(self) -> None:
        title = ask_for_name(self.window(), "Rename run", "Name of the run:", self._run.title)
        if title is not None:
            self._controller.earlier.rename(self._run, title)

    @Slot()
    def _on_open_folder(self) -> None:
        self.folder_requested.emit(Path(self._run.path))

    @Slot()
    def _on_delete(self) -> None:
        self._controller.earlier.delete(self._run)


class RunsList(QFrame):
    """Hidden while there are no runs.

    Signals:
        try_requested(object), test_requested(object), mistakes_requested(str),
        folder_requested(object): as a row's.
    """

    try_requested = Signal(object)
    test_requested = Signal(object)
    mistakes_requested = Signal(str)
    class_requested = Signal(object)
    folder_requested = Signal(object)

    def __init__(self, controller: TrainController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._controller = controller
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 10, 10)
        self.title = PlainLabel("Earlier runs")
        column.addWidget(self.title)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setProperty("kind", "bare")
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its buttons have it
        column.addWidget(self._scroll)
        self.rows: list[RunRow] = []
        controller.earlier.changed.connect(self._on_runs_changed)
        controller.models_changed.connect(self._on_models_changed)
        self._on_runs_changed()

    @Slot()
    def _on_runs_changed(self) -> None:
        runs = self._controller.earlier.runs
        self.setVisible(bool(runs))
        total = sum(run.bytes for run in runs)
        self.title.setText(f"Earlier runs ({size_text(total)} on the disk)")
        table = QWidget()
        column = QVBoxLayout(table)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.rows = [RunRow(run, self._controller) for run in runs[:_MOST]]
        for row in self.rows:
            row.try_requested.connect(self.try_requested)
            row.test_requested.connect(self.test_requested)
            row.mistakes_requested.connect(self.mistakes_requested)
            row.folder_requested.connect(self.folder_requested)
            row.class_requested.connect(self.class_requested)
            column.addWidget(row)
        column.addStretch()
        self._scroll.setWidget(table)
        self.setMaximumHeight(table.sizeHint().height() + 60)

    @Slot()
    def _on_models_changed(self) -> None:
        for row in self.rows:
            row.show_models()


def describe(run: RunInfo, model_title: str, *, gone: bool = False) -> str:
    """State, accuracy, model that it started from, folder, date. `gone`: its own model is."""
    parts = [_STATES[run.state]]
    if run.state is not RunState.FINISHED and run.epochs:
        parts[0] += f" after epoch {run.epochs_done} of {run.epochs}"
    if gone:
        parts.append("its model is not here any more")
    if run.best_val_accuracy is not None:
        parts.append(f"validation {run.best_val_accuracy:.1%}")
    parts += [part for part in (model_title, Path(run.data).name) if part]
    with contextlib.suppress(ValueError):  # a damaged run has no date
        parts.append(f"{datetime.fromisoformat(run.created).astimezone():%Y-%m-%d %H:%M}")
    return " · ".join(parts)
