"""What can be done with the runs that are chosen: menu entries, keys, buttons, a context menu."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QPushButton

from resnet_gui.core.runs.listing import RunInfo, RunState
from resnet_gui.ui.page import Page, PageContext
from resnet_gui.ui.runs.controller import RunsController
from resnet_gui.ui.runs.view import RunsTable
from resnet_gui.ui.widgets.plain_text import action_text, ask_for_name, one_line, set_tooltip
from resnet_gui.ui.widgets.reveal import Reveal

# Keys that mean something else in the search and among photos.
_OF_THE_TABLE = ("Return", "F2", "F4", "Del")


class RunActions(QObject):
    """Attributes:
        actions: by name, each with the words and the tooltip of its button. buttons: likewise.
        find: looks for runs; the page does it.

    Signals:
        open_requested(object): a RunInfo that the Train page should show.
        try_requested(str): id of a model that the Classify page should use.
        improve_requested(object, str): the Path of a run's folder, and its model's id or "".
    """

    open_requested = Signal(object)
    try_requested = Signal(str)
    improve_requested = Signal(object, str)

    def __init__(
        self,
        page: Page,
        controller: RunsController,
        table: RunsTable,
        context: PageContext,
        compared_on: Callable[[], str],
    ) -> None:
        """compared_on: the folder whose photos a comparison shows; "": none is shown."""
        super().__init__(page)
        self._corrector, self._compared_on = context.corrector, compared_on
        self._page, self._controller, self._table = page, controller, table
        self._reveal = Reveal(context.lanes.io, page.notices, self)
        self._last_folder = ""
        self.buttons: dict[str, QPushButton] = {}
        self._offer_actions()
        table.open_requested.connect(self._on_open)
        table.note_requested.connect(self._on_note)
        table.menu_requested.connect(self._on_menu_requested)
        self._corrector.changed.connect(self._show_undo)
        controller.trashed_now.connect(self._show_undo)
        controller.trash_changed.connect(self._show_undo)
        controller.comparison_changed.connect(self._show_undo)

    def button_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        for name, (action, words, tip) in self.actions.items():
            button = QPushButton(words)
            set_tooltip(button, f"{tip} ({action.shortcut().toString()})")
            button.clicked.connect(action.trigger)
            self.buttons[name] = button
            row.addWidget(button)
        self.buttons["open"].setProperty("kind", "primary")
        row.addStretch()
        return row

    def _offer_actions(self) -> None:
        """Their menu, their keys, and below the table a button for each."""
        rows = (
            ("open", "&Open on the Train page", "Open", "Return", self._on_open,
             "Show what came out of it on the Train page"),
            ("again", "Train &again with the same settings…", "Again…", "Ctrl+R",
             self._on_again, "Open its folder on the Train page with all of its settings"),
            ("compare", "&Compare two runs…", "Compare…", "Ctrl+D", self._on_compare,
             "Let the models of the two chosen runs answer the same photos"),
            ("rename", "Re&name…", "Rename…", "F2", self._on_rename, "Give the run another name"),
            ("note", "No&te…", "Note…", "F4", self._on_note, "Write something about the run"),
            ("trash", "Move to the &trash", "To the trash", "Del", self._on_trash,
             "Move the chosen runs to the trash; their models stay"),
        )  # fmt: skip
        self.actions: dict[str, tuple[QAction, str, str]] = {}
        self._usable: dict[str, bool] = {}
        for name, text, words, keys, slot, tip in rows:
            usable = partial(self._can, name)
            action = self._page.offer_action("Runs", text, slot, keys=keys, usable=usable)
            if keys in _OF_THE_TABLE:
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                self._table.addAction(action)
            self.actions[name] = (action, words, tip)
        self._page.offer_line("Runs")
        self._try = self._page.offer_action(
            "Runs", "Tr&y its model", self._on_try, keys="Ctrl+T", usable=partial(self._can, "try")
        )
        self._join = self._page.offer_action(
            "Runs", "&Join the models", self._on_join, keys="Ctrl+J",
            usable=partial(self._can, "join"),
        )  # fmt: skip
        set_tooltip(
            self._join,
            "Make one model of those of the chosen runs, which answers with the mean of theirs (an "
            "ensemble): a little more often right, and as slow as all of them together",
        )
        self._improve = self._page.offer_action(
            "Runs", "&Improve its folder", self._on_improve, keys="Ctrl+I",
            usable=partial(self._can, "again"),
        )  # fmt: skip
        set_tooltip(self._improve, "Find photos of its folder that are in the wrong class")
        self._folder = self._page.offer_action(
            "Runs", "Show in &folder", self._on_folder, usable=partial(self._can, "one")
        )
        self.find = self._page.offer_action("Edit", "&Find runs", keys="Ctrl+F")
        self._undo = self._page.offer_action(
            "Edit", "&Undo", self._on_undo, keys="Ctrl+Z", usable=self._can_undo
        )
        self._page.offer_action(
            "Edit", "&Redo", self._on_redo, keys=("Ctrl+Shift+Z", "Ctrl+Y"), usable=self._can_redo
        )

    # --- what can be done -----------------------------------------------------------------------

    def _can(self, name: str) -> bool:
        return self._usable.get(name, False)

    def _can_undo(self) -> bool:
        """What was decided about photos that are shown, or what was thrown away."""
        return bool(self._decided()) or self._controller.can_undo

    def _decided(self) -> str:
        """The last decision about photos that are shown; "": there is none."""
        return self._corrector.undo_text(self._compared_on())

    def _of_trash(self) -> bool:
        """Whether it is a run that undoing brings back."""
        return self._controller.undo_turn > self._corrector.undo_turn(self._compared_on())

    def _can_redo(self) -> bool:
        return bool(self._corrector.redo_text(self._compared_on()))

    @Slot()
    def _show_undo(self) -> None:
        what = "move to the trash" if self._of_trash() else action_text(self._decided())
        self._undo.setText(f"&Undo: {what}" if what else "&Undo")
        self._undo.setEnabled(self._can_undo())

    @Slot()
    def _on_undo(self) -> None:
        if self._of_trash():
            self._controller.undo()
        else:
            self._corrector.undo(self._compared_on())
        self._show_undo()

    @Slot()
    def _on_redo(self) -> None:
        self._corrector.redo(self._compared_on())

    def refresh(self) -> None:
        """Say what can be done with the runs that are chosen now."""
        runs = self._table.chosen()
        one = runs[0] if len(runs) == 1 else None
        whole = one is not None and bool(one.id)  # a damaged one has none
        resting = [run for run in runs if run.state is not RunState.RUNNING]
        self._usable = {
            "one": one is not None,
            "open": whole,
            "again": whole,
            "try": one is not None and self._controller.earlier.model_of(one) is not None,
            "join": bool(self._controller.members(runs)),
            "compare": self._controller.pair_of(runs) is not None,
            "rename": whole,
            "note": whole,
            "trash": bool(resting),
        }
        for name, (action, _, tip) in self.actions.items():
            button, usable = self.buttons[name], self._usable[name]
            action.setEnabled(usable)
            button.setEnabled(usable)
            why = self._why_not(name, runs)
            keys = action.shortcut().toString()
            set_tooltip(button, f"{tip} ({keys})" + (f"\n{why}" if why else ""))
        self._try.setEnabled(self._usable["try"])
        self._join.setEnabled(self._usable["join"])
        self._improve.setEnabled(self._usable["again"])
        self._folder.setEnabled(self._usable["one"])
        self._show_undo()

    def _why_not(self, name: str, runs: list[RunInfo]) -> str:
        """Why something cannot be done now; "" where it can."""
        if self._usable[name]:
            return ""
        if name == "compare":
            if len(runs) != 2:
                return "Choose two runs: click one, and the other with Ctrl."
            return "Both need a model that is here."
        if name == "trash":
            return "It is being trained: stop it first." if runs else "Choose a run."
        if len(runs) > 1:
            return "Choose one run only."
        return "It cannot be read." if runs else "Choose a run."

    def _one(self) -> RunInfo | None:
        runs = self._table.chosen()
        return runs[0] if len(runs) == 1 else None

    @Slot()
    def _on_open(self) -> None:
        run = self._one()
        if run is not None and self._usable["open"]:
            self.open_requested.emit(run)

    @Slot()
    def _on_again(self) -> None:
        run = self._one()
        if run is not None:
            self._controller.again(run)

    @Slot()
    def _on_try(self) -> None:
        run = self._one()
        model = self._controller.earlier.model_of(run) if run is not None else None
        if model is not None:
            self.try_requested.emit(model.spec.id)

    @Slot()
    def _on_improve(self) -> None:
        run = self._one()
        if run is not None and run.data:
            model = self._controller.earlier.model_of(run)
            self.improve_requested.emit(Path(run.data), model.spec.id if model is not None else "")

    @Slot()
    def _on_join(self) -> None:
        self._controller.join(self._table.chosen())

    @Slot()
    def _on_folder(self) -> None:
        run = self._one()
        if run is not None:
            self._reveal.show(Path(run.path))

    @Slot()
    def _on_rename(self) -> None:
        run = self._one()
        if run is None:
            return
        title = ask_for_name(self._page.window(), "Rename run", "Name of the run:", run.title)
        if title is not None:
            self._controller.rename(run, title)

    @Slot()
    def _on_note(self) -> None:
        run = self._one()
        if run is None or not self._usable["note"]:
            return
        question = f"Note about “{one_line(run.title, 60)}”:"
        note = ask_for_name(self._page.window(), "Note", question, run.note)
        if note is not None:
            self._controller.note(run, note)

    @Slot()
    def _on_trash(self) -> None:
        self._controller.throw_away(self._table.chosen())

    @Slot()
    def _on_compare(self) -> None:
        """Where both learned from one folder, on its photos that neither learned from; else, or
        where the person wants it, on another one."""
        pair = self._controller.pair_of(self._table.chosen())
        if pair is None:
            return
        menu = QMenu(self._page)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if pair.folder:
            name = action_text(Path(pair.folder).name)
            own = menu.addAction(f"On the validation photos of “{name}”")
            own.triggered.connect(partial(self._controller.compare, pair, Path(pair.folder)))
        other = menu.addAction("On the photos of a folder…")
        other.triggered.connect(self.compare_on_folder)
        button = self.buttons["compare"]
        menu.popup(button.mapToGlobal(QPoint(0, button.height())))
        menu.setActiveAction(menu.actions()[0])

    @Slot()
    def compare_on_folder(self) -> None:
        """Ask for a folder of labelled photos, and compare the two chosen runs on it."""
        pair = self._controller.pair_of(self._table.chosen())
        if pair is None:
            return
        start = self._last_folder or pair.runs[0].data
        name = QFileDialog.getExistingDirectory(
            self._page, "Folder with one sub-folder per class", start
        )
        if name:
            self._last_folder = name
            self._controller.compare(pair, Path(name))

    @Slot(QPoint)
    def _on_menu_requested(self, at: QPoint) -> None:
        menu = QMenu(self._page)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.refresh()
        menu.addActions([action for action, _, _ in self.actions.values()])
        menu.addSeparator()
        menu.addActions([self._try, self._join, self._improve, self._folder])
        menu.popup(at)
