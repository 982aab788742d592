"""Make classes as a part of the Train page: opened, filled, and handed on to training."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, Signal, Slot
from PySide6.QtWidgets import QStackedWidget

from resnet_gui.core.runs.listing import RunInfo, list_runs
from resnet_gui.core.runs.trash import trashed_runs
from resnet_gui.jobs.lane import Priority
from resnet_gui.ui.page import PageContext
from resnet_gui.ui.train.controller import TrainController
from resnet_gui.ui.widgets.images import Dropped
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from resnet_gui.ui.widgets.plain_text import one_line
from resnet_gui.ui.widgets.reveal import Reveal

if TYPE_CHECKING:
    from resnet_gui.core.dataset.collection.boxes import Changed
    from resnet_gui.core.dataset.collection.folders import FolderMade
    from resnet_gui.core.dataset.collection.values import Collection
    from resnet_gui.ui.making.controller import MakingController
    from resnet_gui.ui.making.guesses import Guesses
    from resnet_gui.ui.making.view import MakingView

_NAME = "name of a class"  # what notices are about


class ClassesPart(QObject):
    """Its modules are imported when it is opened the first time: the window is up sooner.

    Attributes:
        shown: whether it is on the page instead of folder and settings.
        view: None until it is opened the first time.

    Signals:
        shown_changed().
    """

    shown_changed = Signal()

    def __init__(
        self,
        context: PageContext,
        train: TrainController,
        stack: QStackedWidget,
        notices: NoticeBar,
        reveal: Reveal,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._context, self._train, self._stack = context, train, stack
        self._notices, self._reveal = notices, reveal
        self._io = context.lanes.io
        self.shown = False
        self.view: MakingView | None = None
        train.state_changed.connect(self._on_train_state_changed)
        train.earlier.changed.connect(self._on_runs_changed)
        self._guesses: Guesses | None = None
        self._runs: frozenset[str] = frozenset()
        self._made = ""
        self._sorted: set[Path] = set()  # folders whose photos were taken in

    @property
    def controller(self) -> MakingController:
        """The boxes, which this makes when they are asked for the first time."""
        return self._part().controller

    def _part(self) -> MakingView:
        if self.view is None:
            from resnet_gui.ui.making.controller import MakingController
            from resnet_gui.ui.making.guesses import Guesses
            from resnet_gui.ui.making.view import MakingView

            engine, lanes = self._context.engine, self._context.lanes
            controller = MakingController(self._io, engine.fetch_image, self)
            controller.noticed.connect(self._on_noticed)
            controller.misnamed.connect(self._on_misnamed)
            controller.changed.connect(self._on_classes_changed)
            controller.made.connect(self._on_made)
            controller.extended.connect(self._on_extended)
            controller.refused.connect(self.close)
            controller.saved.connect(self._context.filer.look)
            self._context.memory.at_close(controller.store_now)
            self._guesses = Guesses(engine, lanes.inference, self)
            self._train.config_changed.connect(self._on_model_changed)
            self._train.models_changed.connect(self._on_model_changed)
            self.view = MakingView(controller, self._guesses, self._io, self._notices, self._reveal)
            self.view.closed.connect(self.close)
            self._stack.addWidget(self.view)
        return self.view

    @Slot()
    def open(self) -> None:
        """Show the boxes as they were left."""
        if self._train.running:
            self._on_noticed("A training is running. Stop it first.", "warning")
            return
        self._train.cancel_look()  # else the boxes would go when the training begins
        view = self._part()
        view.controller.load()
        self._on_model_changed()
        view.show_board()
        self._set_shown(True)

    def sort_folder(self, folder: Path) -> None:
        """Show the boxes, with the photos of a folder among the unsorted ones. The second time as
        they were left: what was taken out of them does not come back."""
        self.open()
        if self.shown and folder not in self._sorted:
            from resnet_gui.core.dataset.collection.boxes import UNSORTED

            self._sorted.add(folder)
            self.controller.take(Dropped([folder]), UNSORTED)

    @Slot()
    def close(self) -> None:
        """All is kept."""
        self._set_shown(False)

    def extend(self, folder: str, title: str, model_id: str) -> None:
        """Open the classes that a model was trained on, with an empty one more."""
        self.open()
        if self.shown:
            self.controller.extend(Path(folder), title, model_id)

    def add_class(self, model_id: str) -> None:
        """As `extend`, of one of the user's models."""
        entry = self._context.store.entry(model_id)
        if entry is None:
            return
        title, run_id = entry.spec.title, entry.spec.run_id
        runs = [run for run in self._train.earlier.runs if run_id and run.id == run_id]
        if runs and runs[0].data:
            self.extend(runs[0].data, title, model_id)
        else:
            self._on_noticed(
                f"Which photos “{one_line(title, 60)}” was trained on is not known any more: its "
                "run is not on this computer. Make its classes anew, and start from it.",
                "warning",
            )

    def add_class_to_run(self, run: RunInfo) -> None:
        """As `extend`, of the model that a run made."""
        model = self._train.earlier.model_of(run)
        if model is not None:
            self.extend(run.data, model.spec.title, model.spec.id)

    def take(self, mime: QMimeData) -> None:
        """What was dropped beside the boxes."""
        if self.view is not None:
            self.view.take(mime)

    def paste(self, mime: QMimeData) -> None:
        if self.view is not None:
            self.view.paste(mime)

    def undo(self) -> None:
        if self.shown:
            self.controller.undo()

    def redo(self) -> None:
        if self.shown:
            self.controller.redo()

    def can_undo(self) -> bool:
        return self.shown and bool(self.controller.boxes.undo_text)

    def can_redo(self) -> bool:
        return self.shown and bool(self.controller.boxes.redo_text)

    def _set_shown(self, shown: bool) -> None:
        if shown != self.shown:
            self.shown = shown
            if self._guesses is not None and not shown:
                self._guesses.stop()
            if self.view is not None and not shown:
                self.view.controller.leave()
            self.shown_changed.emit()

    # --- what others say --------------------------------------------------------------------

    @Slot(object, str)
    def _on_noticed(self, text: str, kind: str) -> None:
        self._notices.add(text, kind)

    @Slot(object)
    def _on_misnamed(self, text: str) -> None:
        self._notices.add(text, "miss", topic=_NAME)

    @Slot(object)
    def _on_classes_changed(self, changed: Changed) -> None:
        """A name that was mended, or went with its class, is none to warn of."""
        told = [line for line in self._notices.shown if line.topic == _NAME]
        if changed.classes and told:
            hold = self.controller.misnamings().values()
            for line in told:
                if line.label.text() not in hold:
                    self._notices.remove(line)

    @Slot(object)
    def _on_made(self, made: FolderMade) -> None:
        self._made = str(made.path)
        self._tidy()
        self._set_shown(False)
        self._train.open_folder(made.path)

    @Slot(str)
    def _on_extended(self, model_id: str) -> None:
        self._train.start_model.scratch = False
        self._train.set_model(model_id)
        self._on_model_changed()
        if self.view is not None:
            self.view.board.show_box(self.controller.boxes.classes[-1])

    @Slot()
    def _on_model_changed(self) -> None:
        assert self._guesses is not None
        self._guesses.set_model(self._context.store.entry(self._train.start_model.model_id))

    @Slot()
    def _on_train_state_changed(self) -> None:
        """Another folder is opened, or a training begins."""
        if self._train.running:
            self._set_shown(False)

    @Slot()
    def _on_runs_changed(self) -> None:
        """A run that is gone may have been the last that needed its folder."""
        runs = frozenset(run.path for run in self._train.earlier.runs)
        if self._runs - runs:
            self._tidy()
        self._runs = runs

    def _tidy(self) -> None:
        """Remove the class folders that nothing needs any more."""
        summary = self._train.summary
        used = {self._made, summary.root if summary is not None else ""}
        shown = None
        if self.view is not None and self.controller.loaded:
            shown = self.controller.boxes.snapshot()
        self._io.submit(partial(_remove_unused, used, shown), Priority.BACKGROUND)


def _remove_unused(used: set[str], shown: Collection | None) -> Iterator[None]:
    """A job.

    Args:
        used: folders that are needed whatever the runs say.
        shown: what is in the boxes; None: they are not loaded, and what is kept counts.
    """
    from resnet_gui.core.dataset.collection.folders import remove_unused
    from resnet_gui.core.dataset.collection.values import (
        Collection,
        CollectionError,
        read_collection,
    )

    yield None
    # One in the trash can be brought back, and wants its folder then.
    runs = [*list_runs(), *(item.info for item in trashed_runs())]
    try:
        collection = shown or read_collection() or Collection()
    except CollectionError:
        return
    if all(run.data for run in runs):  # else nobody knows what a damaged run needs
        remove_unused(used | {run.data for run in runs}, collection)
