"""Earlier runs, each with what can be done with it."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
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
MOST = 30
TURN_S = 0.006
_BETWEEN_MS = 4  # room for what else the window has to do


class RunRow(QFrame):
    """One run: title, facts, its main button and a menu, which a right click opens, too. A double
    click opens its results.

    Attributes:
        run: what it shows.

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

    def __init__(self, run: RunInfo, controller: TrainController, parent: QWidget) -> None:
        super().__init__(parent)
        self.run, self._controller = run, controller
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
        self.more = QPushButton("…")
        self.more.setProperty("kind", "plain")
        self.more.setAccessibleName(one_line(f"More for {run.title}"))
        self._menu = QMenu(self.more)
        self.more.pressed.connect(self._fill_menu)  # the button places it by its size
        self._menu.aboutToShow.connect(self._fill_menu)  # a screen reader presses nothing
        self.more.setMenu(self._menu)
        row.addWidget(self.more)
        set_tooltip(self, "Double click: show its results")
        self.show_models()

    @property
    def menu(self) -> QMenu:
        """What else can be done with it."""
        self._fill_menu()
        return self._menu

    @Slot()
    def _fill_menu(self) -> None:
        """When it is opened: most menus never are."""
        menu = self._menu
        if menu.isEmpty():
            menu.addAction("Show results").triggered.connect(self._on_show_results)
            going_on = menu.addAction("Go on training")
            going_on.triggered.connect(self._on_resume)
            moved = menu.addAction("Go on with its folder elsewhere…")
            moved.triggered.connect(self._on_moved)
            trying = menu.addAction("Try its model")
            trying.triggered.connect(self._on_try)
            wrong = menu.addAction("What it gets wrong")
            wrong.triggered.connect(self._on_mistakes)
            testing = menu.addAction("Test its model on a folder…")
            testing.triggered.connect(self._on_test)
            adding = menu.addAction("Add a class…")
            adding.triggered.connect(self._on_add_class)
            menu.addSeparator()
            menu.addAction("Rename…").triggered.connect(self._on_rename)
            menu.addAction("Show in folder").triggered.connect(self._on_open_folder)
            menu.addSeparator()
            menu.addAction("Move to the trash").triggered.connect(self._on_delete)
            wrong.setEnabled(self.run.state is RunState.FINISHED)
            for action in (going_on, moved):
                action.setEnabled(self.run.resumable)
            self._of_model = (trying, testing, adding)
        for action in self._of_model:
            action.setEnabled(self._model_here)

    @Slot()
    def show_models(self) -> None:
        """Show what can be done, with the models that there are now."""
        earlier = self._controller.earlier
        self._model_here = earlier.model_of(self.run) is not None
        self.action.setVisible(self.run.resumable or self._model_here)
        start = earlier.model_title(self.run.model)
        facts = describe(self.run, start, gone=earlier.model_gone(self.run))
        if facts != self.facts.text():
            self.facts.setText(facts)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu.popup(event.globalPos())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._on_show_results()

    @Slot()
    def _on_action_clicked(self) -> None:
        if self.run.resumable:
            self._on_resume()
        else:
            self._on_try()

    @Slot()
    def _on_show_results(self) -> None:
        self._controller.open_results(self.run)

    @Slot()
    def _on_resume(self) -> None:
        self._controller.resume(self.run)

    @Slot()
    def _on_moved(self) -> None:
        ask_for_folder(self, self._controller, self.run.path)

    @Slot()
    def _on_try(self) -> None:
        self.try_requested.emit(self.run)

    @Slot()
    def _on_test(self) -> None:
        self.test_requested.emit(self.run)

    @Slot()
    def _on_mistakes(self) -> None:
        self.mistakes_requested.emit(self.run.name)

    @Slot()
    def _on_add_class(self) -> None:
        self.class_requested.emit(self.run)

    @Slot()
    def _on_rename(self) -> None:
        title = ask_for_name(self.window(), "Rename run", "Name of the run:", self.run.title)
        if title is not None:
            self._controller.earlier.rename(self.run, title)

    @Slot()
    def _on_open_folder(self) -> None:
        self.folder_requested.emit(Path(self.run.path))

    @Slot()
    def _on_delete(self) -> None:
        self._controller.earlier.delete(self.run)


class RunsList(QFrame):
    """Hidden while there are no runs.

    Attributes:
        rows: of the newest runs, as many as are there by now: each turn of the event loop makes
            some of those that the list does not have yet. all: leads to the page of all runs.

    Signals:
        try_requested(object), test_requested(object), mistakes_requested(str),
        folder_requested(object): as a row's.
        all_requested(): the page of all runs should be shown.
    """

    try_requested = Signal(object)
    test_requested = Signal(object)
    mistakes_requested = Signal(str)
    class_requested = Signal(object)
    folder_requested = Signal(object)
    all_requested = Signal()

    def __init__(self, controller: TrainController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._controller = controller
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 10, 10)
        self.title = PlainLabel("Earlier runs")
        self.all = QPushButton("All runs")
        self.all.setProperty("kind", "plain")
        set_tooltip(self.all, "The table of all runs, with their settings and curves")
        self.all.clicked.connect(self.all_requested)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.all)
        column.addLayout(head)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setProperty("kind", "bare")
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its buttons have it
        column.addWidget(self._scroll)
        self._table = QWidget()
        self._column = QVBoxLayout(self._table)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._column.addStretch()
        self._scroll.setWidget(self._table)
        self.rows: list[RunRow] = []
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._add_rows)
        controller.earlier.changed.connect(self._on_runs_changed)
        controller.models_changed.connect(self._on_models_changed)
        self._on_runs_changed()

    @Slot()
    def _on_runs_changed(self) -> None:
        """Only what has changed is made anew: a row that stays keeps the focus, and the rows
        of all are a tenth of a second."""
        runs = self._controller.earlier.runs
        self.setVisible(bool(runs))
        total = sum(run.bytes for run in runs)
        newest = f"the newest {MOST} of {len(runs)}, " if len(runs) > MOST else ""
        self.title.setText(f"Earlier runs ({newest}{size_text(total)} on the disk)")
        shown = set(runs[:MOST])
        for row in [row for row in self.rows if row.run not in shown]:
            self.rows.remove(row)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        for row in self.rows:
            row.show_models()
        self._add_rows()

    @Slot()
    def _add_rows(self) -> None:
        """Make rows that are missing, for some milliseconds; the others have a turn later."""
        end = time.perf_counter() + TURN_S
        here = {row.run: row for row in self.rows}
        rows, late = [], False
        for run in self._controller.earlier.runs[:MOST]:
            if run in here:
                rows.append(here[run])
            elif not late:
                rows.append(self._row(run))
                late = time.perf_counter() > end
        for place, row in enumerate(rows):
            if self._column.indexOf(row) != place:
                self._column.insertWidget(place, row)
                row.show()
        if rows != self.rows:  # a row made anew would be the last one that Tab comes to
            before: QWidget = self.all
            for row in rows:
                for button in (row.action, row.more):
                    QWidget.setTabOrder(before, button)
                    before = button
        self.rows = rows
        self.setMaximumHeight(self._table.sizeHint().height() + 70)
        if len(rows) < min(len(self._controller.earlier.runs), MOST):
            self._next.start(_BETWEEN_MS)

    def _row(self, run: RunInfo) -> RunRow:
        row = RunRow(run, self._controller, self._table)
        row.try_requested.connect(self.try_requested)
        row.test_requested.connect(self.test_requested)
        row.mistakes_requested.connect(self.mistakes_requested)
        row.folder_requested.connect(self.folder_requested)
        row.class_requested.connect(self.class_requested)
        return row

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
