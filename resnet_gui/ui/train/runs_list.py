"""Earlier runs, each with what can be done with it."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
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
    """One run: title, facts, its main button and a menu.

    Signals:
        try_requested(object): RunInfo of a run whose model should be used.
        folder_requested(object): RunInfo of a run whose files should be shown.
    """

    try_requested = Signal(object)
    folder_requested = Signal(object)

    def __init__(self, run: RunInfo, controller: TrainController) -> None:
        super().__init__()
        self._run, self._controller = run, controller
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 4, 4)
        text = QVBoxLayout()
        text.setSpacing(0)
        title = ElidedLabel(run.title)
        facts = ElidedLabel(describe(run), tip=False)
        facts.setProperty("kind", "muted")
        set_tooltip(facts, run.message or run.path)
        text.addWidget(title)
        text.addWidget(facts)
        row.addLayout(text, 1)
        self.action = QPushButton("Go on" if run.resumable else "Try it")
        self.action.clicked.connect(self._on_action_clicked)
        row.addWidget(self.action)
        self.action.setVisible(run.resumable or bool(run.model_path))
        self.more = QPushButton("…")
        self.more.setProperty("kind", "plain")
        self.more.setAccessibleName(one_line(f"More for {run.title}"))
        menu = QMenu(self.more)
        menu.addAction("Rename…").triggered.connect(self._on_rename)
        menu.addAction("Open folder").triggered.connect(self._on_open_folder)
        menu.addSeparator()
        menu.addAction("Move to the trash").triggered.connect(self._on_delete)
        self.more.setMenu(menu)
        row.addWidget(self.more)

    @Slot()
    def _on_action_clicked(self) -> None:
        if self._run.resumable:
            self._controller.resume(self._run)
        else:
            self.try_requested.emit(self._run)

    @Slot()
    def _on_rename(self) -> None:
        title = ask_for_name(self.window(), "Rename run", "Name of the run:", self._run.title)
        if title is not None:
            self._controller.earlier.rename(self._run, title)

    @Slot()
    def _on_open_folder(self) -> None:
        self.folder_requested.emit(self._run)

    @Slot()
    def _on_delete(self) -> None:
        self._controller.earlier.delete(self._run)


class RunsList(QFrame):
    """Hidden while there are no runs.

    Signals:
        try_requested(object), folder_requested(object): RunInfo.
    """

    try_requested = Signal(object)
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
            row.folder_requested.connect(self.folder_requested)
            column.addWidget(row)
        column.addStretch()
        self._scroll.setWidget(table)
        self.setMaximumHeight(table.sizeHint().height() + 60)


def describe(run: RunInfo) -> str:
    """State, accuracy, model, folder, date."""
    parts = [_STATES[run.state]]
    if run.state is not RunState.FINISHED and run.epochs:
        parts[0] += f" after epoch {run.epochs_done} of {run.epochs}"
    if run.best_val_accuracy is not None:
        parts.append(f"validation {run.best_val_accuracy:.1%}")
    parts += [part for part in (run.model, Path(run.data).name) if part]
    with contextlib.suppress(ValueError):  # a damaged run has no date
        parts.append(f"{datetime.fromisoformat(run.created).astimezone():%Y-%m-%d %H:%M}")
    return " · ".join(parts)
