"""The Evaluate page: a result, or how to come to one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QSize, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QVBoxLayout

from resnet_gui.core.photos.decode import looks_like_image
from resnet_gui.ui.correcting import deciding
from resnet_gui.ui.evaluate.controller import EvaluateController, EvaluateState
from resnet_gui.ui.evaluate.result_view import ResultView
from resnet_gui.ui.evaluate.start import EvaluateStart
from resnet_gui.ui.page import Page, PageContext
from resnet_gui.ui.widgets.file_saver import FileSaver
from resnet_gui.ui.widgets.images import read_mime
from resnet_gui.ui.widgets.reveal import Reveal
from resnet_gui.ui.widgets.words import sentence

_TEST = "test"  # what notices are about


class EvaluatePage(Page):
    """Start, or a result.

    Attributes:
        controller: what this page shows. result: None until the first one is shown.

    Signals:
        photo_wanted(object): Path of a photo that the Classify page should show.
        improve_requested(object, str): a Path whose labels should be looked through, and a model's
            id.
    """

    drop_hint = "Drop to test the model on this folder"
    takes = "a folder with one sub-folder per class"
    other_keys = (
        ("Arrow keys, Enter", "In the matrix: another cell, and its photos"),
        ("N", "In the matrix: the largest confusion, then the next one"),
        ("+ − 0", "In the matrix: larger, smaller, all of it"),
        *((keys, f"Among photos: {what[0].lower()}{what[1:]}") for keys, what in deciding.HELP),
    )
    photo_wanted = Signal(object)
    improve_requested = Signal(object, str)

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._io = context.lanes.io
        self._memory, self._corrector = context.memory, context.corrector
        self._last_folder = ""
        self.controller = controller = EvaluateController(context.means, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(10)
        column.addWidget(self.notices)
        self._saver = FileSaver(self._io, self)
        self._saver.saved.connect(self._on_chart_saved)
        self._saver.failed.connect(self._on_chart_failed)
        self.reveal = Reveal(self._io, self.notices, self)
        self.start = EvaluateStart(controller, context.store)
        self.start.folder_requested.connect(self.choose_folder)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start)
        self.result: ResultView | None = None
        self._state = controller.state
        column.addWidget(self.stack, 1)
        controller.changed.connect(self._on_changed)
        controller.noticed.connect(self._on_noticed)
        controller.stopped.connect(self._on_stopped)
        controller.calibrated.connect(self._on_calibrated)
        self.offer_action(
            "File",
            "&Open folder to test on…",
            self.choose_folder,
            keys=("Ctrl+O", "Ctrl+Shift+O"),
            elsewhere="T&est on a folder…",
            usable=self._can_open,
        )
        self.offer_action(
            "File", "&Save report…", self.save_report, keys="Ctrl+S", usable=self._has_result
        )
        self.offer_action(
            "Edit", "Choose the &model…", self.choose_model, keys="Ctrl+M", usable=self._can_open
        )

        self.offer_action(
            "File", "&Improve this folder…", self.improve, keys="Ctrl+I", usable=self._has_result
        )
        for text, slot, keys, usable in (
            ("&Undo", self.undo, ("Ctrl+Z",), self._can_undo),
            ("&Redo", self.redo, ("Ctrl+Shift+Z", "Ctrl+Y"), self._can_redo),
        ):
            self.offer_action("Edit", text, slot, keys=keys, usable=usable)

    @property
    def _root(self) -> str:
        """The folder whose photos are shown; "": none."""
        result = self.controller.result
        return result.predictions.facts.data if result is not None and self._has_result() else ""

    def _can_undo(self) -> bool:
        return bool(self._corrector.undo_text(self._root))

    def _can_redo(self) -> bool:
        return bool(self._corrector.redo_text(self._root))

    def _can_open(self) -> bool:
        return not self.controller.busy

    def _has_result(self) -> bool:
        return self.controller.state is EvaluateState.SHOWN

    def sizeHint(self) -> QSize:
        return QSize(1000, 640)

    # --- the window asks --------------------------------------------------------------------

    def shown(self) -> None:
        self.controller.suggest(self._memory.settings.model)
        self.controller.refresh()

    def may_take(self, mime: QMimeData) -> bool:
        """Whether a folder is perhaps dragged here."""
        return any(not looks_like_image(path) for path in read_mime(mime).all_paths)

    def take(self, mime: QMimeData) -> None:
        folders = [path for path in read_mime(mime).all_paths if not looks_like_image(path)]
        if folders and not self.controller.busy:
            self.controller.set_folder(folders[0])

    def refresh_theme(self) -> None:
        if self.result is not None:
            self.result.refresh_theme()

    # --- asked for elsewhere ----------------------------------------------------------------

    def test(self, model_id: str, folder: Path | None = None) -> None:
        """Test a model on a folder that is asked for; or get ready to test it on a folder that was
        found, of which nobody knows yet whether it is for this model."""
        if self.controller.busy:
            self.wanted.emit()
            return
        self.controller.device = self._memory.settings.device
        self.controller.set_model(model_id)
        self.wanted.emit()
        if folder is not None:
            self.controller.set_folder(folder)
        elif self.choose_folder():
            self.controller.start()

    def show_run(self, run: str) -> None:
        """Show what a run kept of its validation photos."""
        self.controller.open_run(run)
        self.wanted.emit()

    # --- what a person asks for -------------------------------------------------------------

    @Slot()
    def test_again(self) -> None:
        """Test the model of the result that is shown on another folder."""
        if self.choose_folder():
            self.controller.start()

    @Slot()
    def choose_folder(self) -> bool:
        """Ask for a folder to test on; whether one was chosen."""
        name = QFileDialog.getExistingDirectory(
            self, "Folder with one sub-folder per class", self._last_folder
        )
        if name:
            self._last_folder = str(Path(name).parent)
            self.controller.device = self._memory.settings.device
            self.controller.set_folder(Path(name))
        return bool(name)

    @Slot()
    def choose_model(self) -> None:
        if self.controller.state is EvaluateState.SHOWN:
            self.controller.close()
        self.start.choose_model()

    @Slot()
    def save_report(self) -> None:
        """Ask for a folder, and write the report into it."""
        name = QFileDialog.getExistingDirectory(self, "Folder for the report", self._last_folder)
        if name:
            self.controller.write_report(Path(name))

    @Slot()
    def improve(self) -> None:
        """Lead to the Improve page with the folder of the result."""
        result = self.controller.result
        if result is not None and self._has_result():
            facts = result.predictions.facts
            entry = self.controller.model_of(facts)
            self.improve_requested.emit(
                Path(facts.data), entry.spec.id if entry is not None else ""
            )

    @Slot()
    def undo(self) -> None:
        """Take the last decision about a photo of this folder back."""
        self._corrector.undo(self._root)

    @Slot()
    def redo(self) -> None:
        self._corrector.redo(self._root)

    # --- what the controller says -----------------------------------------------------------

    @Slot()
    def _on_changed(self) -> None:
        state = self.controller.state
        self.busy_changed.emit(self.controller.busy)
        begins = state is not self._state and state in (
            EvaluateState.OPENING,
            EvaluateState.TESTING,
        )
        self._state = state
        if begins:  # what went wrong with the test before says nothing of this one
            self.notices.forget(_TEST)
        if state is EvaluateState.SHOWN:
            self.notices.forget_misses()
            self.stack.setCurrentWidget(self._result_part())
        elif state is not EvaluateState.OPENING:
            self.stack.setCurrentWidget(self.start)

    def _result_part(self) -> ResultView:
        if self.result is None:
            self.result = ResultView(self.controller, self._corrector, self._io)
            self.result.improve_requested.connect(self.improve)
            self.result.opened.connect(self.photo_wanted)
            self.result.folder_requested.connect(self._on_folder_requested)
            self.result.report_requested.connect(self.save_report)
            self.result.again_requested.connect(self.test_again)
            self.result.chart_save_requested.connect(self._saver.save)
            self.stack.addWidget(self.result)
            self.result.show_state()
        return self.result

    @Slot(object, str)
    def _on_noticed(self, text: str, kind: str) -> None:
        self.notices.add(text, kind, topic=_TEST if kind == "warning" else "")

    @Slot(object)
    def _on_stopped(self, text: str) -> None:
        self.notices.add(text, topic=_TEST)  # it must not stand above another result

    @Slot(object)
    def _on_calibrated(self, model_id: str) -> None:
        self.notices.add("Stored with the model. Photos that Classify answers from now on use it.")

    @Slot(object)
    def _on_folder_requested(self, path: Path) -> None:
        self.reveal.show(path)

    @Slot(object)
    def _on_chart_saved(self, path: Path) -> None:
        self.notices.add(f"The chart is saved as {path}.")

    @Slot(object)
    def _on_chart_failed(self, error: Exception) -> None:
        self.notices.add(f"The chart could not be saved: {sentence(error)}", "warning")
