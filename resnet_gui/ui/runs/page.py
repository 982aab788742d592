"""The Runs page: every training in a table, the curves of those chosen, two of them compared."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.dataset.summary import count_noun
from resnet_gui.core.runs.trash import TrashedRun
from resnet_gui.ui.correcting import deciding
from resnet_gui.ui.page import Page, PageContext
from resnet_gui.ui.runs.actions import RunActions
from resnet_gui.ui.runs.comparison import RunComparison
from resnet_gui.ui.runs.controller import RunsController, thrown_sentence
from resnet_gui.ui.runs.curves import RunCurves
from resnet_gui.ui.runs.table import date_text
from resnet_gui.ui.runs.view import RunsTable
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.file_saver import FileSaver
from resnet_gui.ui.widgets.notice_bar import NoticeLine
from resnet_gui.ui.widgets.plain_text import (
    PlainLabel,
    action_text,
    one_line,
    set_tooltip,
)

_SOON_MS = 500  # a quick run has dozens of epochs a second
_MOST_IN_MENU = 20
_LOW = 640  # pixels of a window that has no room for the table above a comparison's photos


class RunsPage(Page):
    """Attributes:
        controller: the state machine that this page shows.
        table: the runs. run_actions: what can be done with those chosen.
        curves, comparison: below, one of them at a time.

    Signals:
        config_requested(object): a RunConfig that the Train page should offer again.
        photo_requested(object): Path of a photo for the Classify page.
        training_requested(): the Train page should come to the front.
    """

    other_keys = tuple(
        (keys, f"Among photos of a comparison: {what[0].lower()}{what[1:]}")
        for keys, what in deciding.HELP
    )
    config_requested = Signal(object)
    photo_requested = Signal(object)
    training_requested = Signal()

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        lanes = context.lanes
        self.controller = controller = RunsController(context.means, self)
        self._undo_notice: NoticeLine | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._on_soon)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(8)
        column.addWidget(self.notices)
        self.stack = QStackedWidget()
        column.addWidget(self.stack, 1)
        self.empty = self._empty_part()
        self.stack.addWidget(self.empty)
        self.table = RunsTable(controller.earlier.model_title)
        self.curves = RunCurves(controller)
        self.comparison = RunComparison(controller, lanes.io, context.corrector)
        self.run_actions = RunActions(
            self, controller, self.table, context, lambda: self.comparison.root
        )
        self.stack.addWidget(self._full_part())
        self._saver = FileSaver(lanes.io, self)
        self.curves.save_requested.connect(self._saver.save)
        self.comparison.save_requested.connect(self._saver.save)
        self._saver.saved.connect(self._on_saved)
        self._saver.failed.connect(self._on_not_saved)
        self.curves.drawn.connect(self.table.runs.show_colours)
        self.comparison.photo_requested.connect(self.photo_requested)
        self.comparison.improve_requested.connect(self.run_actions.improve_requested)
        self.table.chosen_changed.connect(self._on_chosen_changed)
        self.run_actions.find.triggered.connect(self._on_find)
        controller.runs_changed.connect(self._on_runs_changed)
        controller.trash_changed.connect(self._on_trash_changed)
        controller.trashed_now.connect(self._on_trashed)
        controller.comparison_changed.connect(self._on_comparison_changed)
        controller.config_read.connect(self.config_requested)
        controller.noticed.connect(self._on_noticed)
        self._on_runs_changed()
        self._on_trash_changed()
        self._on_comparison_changed()

    # --- parts --------------------------------------------------------------------------------

    def _empty_part(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setSpacing(12)
        column.addStretch(2)
        self.empty_title = PlainLabel("No training yet")
        embolden(self.empty_title, 1.7)
        column.addWidget(self.empty_title, alignment=Qt.AlignmentFlag.AlignHCenter)
        self.empty_hint = hint = PlainLabel(
            "Each training that you start is kept here with its curves, its settings and its "
            "accuracy, so that you can compare them."
        )
        hint.setProperty("kind", "muted")
        hint.setWordWrap(True)
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(hint)
        self.empty_train = QPushButton("Train a model…")
        self.empty_train.setProperty("kind", "primary")
        set_tooltip(self.empty_train, "Go to the Train page")
        self.empty_train.clicked.connect(self.training_requested)
        column.addWidget(self.empty_train, alignment=Qt.AlignmentFlag.AlignHCenter)
        self.empty_trash = QPushButton()
        self.empty_trash.setProperty("kind", "plain")
        column.addWidget(self.empty_trash, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        return part

    def _full_part(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._head = QWidget()
        head = QHBoxLayout(self._head)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(10)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find runs: name, model, folder, note…")
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(340)
        self.search.setAccessibleName("Find runs")
        set_tooltip(self.search, "Shows the runs that have all of these words (Ctrl+F)")
        self.search.textChanged.connect(self._on_search)
        head.addWidget(self.search, 1)
        self.count = PlainLabel()
        self.count.setProperty("kind", "muted")
        head.addWidget(self.count)
        head.addStretch()
        self.trash = QPushButton()
        self.trash.setProperty("kind", "plain")
        self.trash_menu = QMenu(self)
        self.trash_menu.aboutToShow.connect(self._fill_trash_menu)
        for button in (self.trash, self.empty_trash):
            button.setMenu(self.trash_menu)
            set_tooltip(button, "Runs in the trash: choose one to bring it back")
        head.addWidget(self.trash)
        column.addWidget(self._head)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self._alone = False  # the comparison has the page to itself
        self._above = QWidget()
        rows = QVBoxLayout(self._above)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        rows.addWidget(self.table, 1)
        rows.addLayout(self.run_actions.button_row())
        self.splitter.addWidget(self._above)
        self.below = QStackedWidget()
        self.below.addWidget(self.curves)
        self.below.addWidget(self.comparison)
        self.splitter.addWidget(self.below)
        self.splitter.setSizes([500, 500])  # shares
        column.addWidget(self.splitter, 1)
        return part

    @Slot()
    def _on_find(self) -> None:
        if not self._alone:  # else it is out of sight, and so are the runs that it would find
            self.search.setFocus()
            self.search.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.below.currentWidget() is self.comparison:
            self.controller.close_comparison()
        else:
            super().keyPressEvent(event)

    # --- what the controller says ---------------------------------------------------------------

    @Slot()
    def _on_runs_changed(self) -> None:
        runs = self.controller.runs
        self.stack.setCurrentIndex(1 if runs else 0)
        for widget in (self.empty_title, self.empty_hint, self.empty_train):
            widget.setVisible(self.controller.looked)  # before, nobody knows
        first = not self.table.runs.runs
        self.table.show_runs(runs)
        if first and runs:
            self.table.choose([runs[0].path])
        self._show_count()
        self.run_actions.refresh()

    @Slot()
    def _on_chosen_changed(self) -> None:
        self.curves.show_runs(tuple(self.table.chosen()))
        self.run_actions.refresh()

    def _show_count(self) -> None:
        shown, known = len(self.table.runs.rows), len(self.controller.runs)
        text = count_noun(known, "run")
        self.count.setText(text if shown == known else f"{shown:,} of {text}")

    @Slot(str)
    def _on_search(self, text: str) -> None:
        self.table.search(text)
        self._show_count()

    @Slot()
    def _on_comparison_changed(self) -> None:
        busy = self.controller.comparing
        comparing = busy or self.controller.compared is not None
        self.below.setCurrentWidget(self.comparison if comparing else self.curves)
        self._give_room()
        self.busy_changed.emit(busy)

    # --- room -----------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._give_room()

    def _give_room(self) -> None:
        """In a low window a comparison has the page to itself: its photos are what it is about,
        and below the table they would be out of sight."""
        comparing = self.below.currentWidget() is self.comparison
        alone = comparing and self.window().height() < _LOW
        if alone == self._alone:
            return
        self._alone = alone
        focused = self.window().focusWidget()
        parts = (self._head, self._above)
        left = focused is not None and any(part.isAncestorOf(focused) for part in parts)
        for part in parts:
            part.setHidden(alone)
        self.comparison.show_alone(alone)
        if alone and left:
            self.comparison.take_focus()
        elif not alone and focused is not None and self.below.isAncestorOf(focused):
            self.table.setFocus()

    @Slot(object, str)
    def _on_noticed(self, text: str, kind: str) -> None:
        self.notices.add(text, kind)

    @Slot(object)
    def _on_saved(self, path: object) -> None:
        self.notices.add(f"Saved: {path}")

    @Slot(object)
    def _on_not_saved(self, error: Exception) -> None:
        self.notices.add(str(error), "warning")

    # --- the trash ------------------------------------------------------------------------------

    @Slot(object)
    def _on_trashed(self, runs: tuple[TrashedRun, ...]) -> None:
        if self._undo_notice is not None:
            self.notices.remove(self._undo_notice)
        self._undo_notice = self.notices.add(thrown_sentence(runs), "notice", "Undo")
        self._undo_notice.acted.connect(self._on_undo_clicked)
        self._undo_notice.left.connect(self._on_undo_left)

    @Slot()
    def _on_undo_clicked(self) -> None:
        self._on_undo_left()
        self.controller.undo()

    @Slot()
    def _on_undo_left(self) -> None:
        if self._undo_notice is not None:
            self.notices.remove(self._undo_notice)
            self._undo_notice = None

    @Slot()
    def _on_trash_changed(self) -> None:
        trashed = self.controller.trashed
        for button in (self.trash, self.empty_trash):
            button.setVisible(bool(trashed))
            button.setText(f"Trash ({len(trashed)})")
            button.setAccessibleName(f"Trash: {count_noun(len(trashed), 'run')}")
        if not self.controller.can_undo:
            self._on_undo_left()
        self.run_actions.refresh()

    @Slot()
    def _fill_trash_menu(self) -> None:
        self.trash_menu.clear()
        for run in self.controller.trashed[:_MOST_IN_MENU]:
            when = date_text(run.info.created)
            text = f"Bring back “{one_line(run.info.title, 50)}”"
            action = self.trash_menu.addAction(action_text(f"{text}, {when}" if when else text))
            action.triggered.connect(partial(self.controller.restore, [run.place]))

    # --- the window -----------------------------------------------------------------------------

    def shown(self) -> None:
        self.controller.refresh()
        if self._alone:
            self.comparison.take_focus()
        else:
            self.table.setFocus()

    @Slot()
    def refresh_if_shown(self) -> None:
        """Runs have changed on the disk, or one that goes on has come to the end of an epoch."""
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    @Slot()
    def _on_soon(self) -> None:
        self.controller.refresh()
        self.controller.read_again()

    def refresh_theme(self) -> None:
        self.curves.refresh_theme()
        self.comparison.refresh_theme()
