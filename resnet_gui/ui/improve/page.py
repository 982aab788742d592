"""The Improve page: a folder of classes, the photos of it that look wrong, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QSize, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QVBoxLayout

from resnet_gui.core.photos.endings import looks_like_image
from resnet_gui.ui.correcting import deciding
from resnet_gui.ui.filing.notices import FilingNotices
from resnet_gui.ui.filing.undoing import UndoBatch
from resnet_gui.ui.improve.apply_dialog import ApplyDialog
from resnet_gui.ui.improve.controller import ImproveController, ImproveState, Task
from resnet_gui.ui.improve.large import Large
from resnet_gui.ui.improve.start import ImproveStart
from resnet_gui.ui.improve.view import ImproveView
from resnet_gui.ui.page import Page, PageContext
from resnet_gui.ui.widgets.images import read_mime
from resnet_gui.ui.widgets.plain_text import MessageBox
from resnet_gui.ui.widgets.reveal import Reveal


class ImprovePage(Page):
    """Start, or photos to decide about.

    Attributes:
        controller: what this page shows. view: None until photos are shown the first time.
        dialog: the newest one that asked whether to apply.
        device_kind: asked what a training will run on, whose usual settings are meant.

    Signals:
        photo_wanted(object): Path of a photo that the Classify page should show.
        training_requested(object): a RunConfig that the Train page should get ready.
    """

    drop_hint = "Drop to look for wrong labels in this folder"
    takes = "a folder with one sub-folder per class"
    other_keys = (
        *deciding.HELP,
        ("Enter", "Fine as it is; while labelling: as the model says"),
        ("Space", "The photo as large as the window; the same keys count there"),
    )
    photo_wanted = Signal(object)
    training_requested = Signal(object)

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._io, self._memory, self._filer = context.lanes.io, context.memory, context.filer
        self._corrector = context.corrector
        self._last_folder = ""
        self.device_kind: Callable[[], str] = lambda: "cpu"
        self.controller = controller = ImproveController(context.means, self._corrector, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(10)
        column.addWidget(self.notices)
        self.reveal = Reveal(self._io, self.notices, self)
        self.filing = FilingNotices(self._filer, self.notices, self.reveal, self, correcting=True)
        self.start = ImproveStart(controller, context.store)
        self.start.folder_requested.connect(self.choose_folder)
        self.start.label_requested.connect(self.choose_photos)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start)
        self.view: ImproveView | None = None
        self.large: Large | None = None
        self.dialog: ApplyDialog | None = None
        self._question: MessageBox | None = None
        column.addWidget(self.stack, 1)
        controller.changed.connect(self._on_changed)
        controller.noticed.connect(self._on_noticed)
        controller.training_requested.connect(self.training_requested)
        self._corrector.noticed.connect(self._on_noticed)
        self._offer_actions()

    def _offer_actions(self) -> None:
        self.offer_action(
            "File", "&Open folder to improve…", self.choose_folder,
            keys=("Ctrl+O", "Ctrl+Shift+O"), elsewhere="&Improve a folder…", usable=self._can_open,
        )  # fmt: skip
        self.offer_action(
            "File", "&Label more photos…", self.choose_photos, keys="Ctrl+L",
            usable=self._can_start,
        )  # fmt: skip
        self.offer_action(
            "File", "&Apply decisions…", self.ask_to_apply, keys="Ctrl+Return",
            usable=self._can_apply,
        )  # fmt: skip
        self.offer_action(
            "File", "Train a&gain…", self.train_again, keys="Ctrl+R", usable=self._can_train
        )
        self.offer_action("Edit", "&Undo", self.undo, keys="Ctrl+Z", usable=self._can_undo)
        self.offer_action(
            "Edit", "&Redo", self.redo, keys=("Ctrl+Shift+Z", "Ctrl+Y"), usable=self._can_redo
        )
        undoing = UndoBatch(self._filer, "Undo a&pplying", "Undo applying", self)
        self.offer_action("Edit", undoing.action, usable=undoing.usable)
        self.offer_action(
            "Edit", "Choose the &model…", self.choose_model, keys="Ctrl+M", usable=self._can_open
        )

    # --- what can be done -------------------------------------------------------------------

    def _can_open(self) -> bool:
        return not self.controller.busy

    def _can_start(self) -> bool:
        return self.controller.startable

    def _can_apply(self) -> bool:
        counts = self._corrector.counts(self.controller.root)
        return bool(counts.pending) and self._filer.working is None and not self.controller.busy

    def _can_train(self) -> bool:
        controller = self.controller
        return (
            controller.summary is not None and controller.entry is not None and not controller.busy
        )

    def _can_undo(self) -> bool:
        root = self.controller.root
        return bool(self._corrector.undo_text(root)) and not self.controller.busy

    def _can_redo(self) -> bool:
        root = self.controller.root
        return bool(self._corrector.redo_text(root)) and not self.controller.busy

    def sizeHint(self) -> QSize:
        return QSize(1000, 640)

    # --- the window asks --------------------------------------------------------------------

    def shown(self) -> None:
        self.controller.suggest(self._memory.settings.model)

    def may_take(self, mime: QMimeData) -> bool:
        """Whether a folder is perhaps dragged here."""
        return any(not looks_like_image(path) for path in read_mime(mime).all_paths)

    def take(self, mime: QMimeData) -> None:
        folders = [path for path in read_mime(mime).all_paths if not looks_like_image(path)]
        if folders:
            self.open_folder(folders[0])

    def refresh_theme(self) -> None:
        if self.view is not None:
            self.view.refresh_theme()
        if self.large is not None:
            self.large.refresh_theme()

    # --- asked for elsewhere ----------------------------------------------------------------

    def improve(self, folder: Path, model_id: str = "") -> None:
        """Look for wrong labels in a folder, by a model where one is named."""
        self.wanted.emit()
        if self.controller.busy:
            self._on_noticed("This page is busy. Stop it first, or wait for its end.", "miss")
            return
        if model_id:
            self.controller.set_model(model_id)
        self.open_folder(folder)

    # --- what a person asks for -------------------------------------------------------------

    def open_folder(self, folder: Path) -> None:
        self.controller.device = self._memory.settings.device
        self.controller.set_folder(folder)

    @Slot()
    def choose_folder(self) -> None:
        """Ask for a folder of classes."""
        if self.controller.busy:
            return
        name = QFileDialog.getExistingDirectory(
            self, "Folder with one sub-folder per class", self._last_folder
        )
        if name:
            self._last_folder = str(Path(name).parent)
            self.open_folder(Path(name))

    @Slot()
    def choose_photos(self) -> None:
        """Ask for a folder of photos without classes, and begin to label them."""
        if not self.controller.startable:
            return
        name = QFileDialog.getExistingDirectory(
            self, "Folder with photos that have no class yet", self._last_folder
        )
        if name:
            self._last_folder = str(Path(name).parent)
            self.controller.device = self._memory.settings.device
            self.controller.label_more([Path(name)])

    @Slot()
    def choose_model(self) -> None:
        if not self.controller.busy:
            self.controller.close()
            self.start.choose_model()

    @Slot()
    def undo(self) -> None:
        if self._can_undo():
            self._corrector.undo(self.controller.root)

    @Slot()
    def redo(self) -> None:
        if self._can_redo():
            self._corrector.redo(self.controller.root)

    @Slot()
    def ask_to_apply(self) -> None:
        """Show what would happen, and do it if the person says so."""
        if not self._can_apply():
            return
        self.dialog = ApplyDialog(self._corrector, self.controller.root, self.window())
        self.dialog.start_requested.connect(self._filer.start)
        self.dialog.open()

    @Slot()
    def train_again(self) -> None:
        """Get the Train page ready. What is decided and not applied yet would not be learned."""
        if not self._can_train():
            return
        pending = self._corrector.counts(self.controller.root).pending
        if not pending:
            self._train()
            return
        box = self._question = MessageBox(
            self.window(),
            "Train again",
            "Some decisions are not applied yet.",
            "A training learns from the folder as it is on the disk.",
        )
        first = box.addButton("Apply first…", MessageBox.ButtonRole.AcceptRole)
        as_is = box.addButton("Train as it is", MessageBox.ButtonRole.ActionRole)
        box.addButton(MessageBox.StandardButton.Cancel)
        box.setDefaultButton(first)
        first.clicked.connect(self.ask_to_apply)
        as_is.clicked.connect(self._train)
        box.open()

    @Slot()
    def _train(self) -> None:
        self.controller.train_again(self.device_kind())

    # --- what the controller says -----------------------------------------------------------

    @Slot()
    def _on_changed(self) -> None:
        state = self.controller.state
        self.busy_changed.emit(self.controller.busy)
        if state is ImproveState.SHOWN:
            self.notices.forget_misses()
            view = self._view_part()
            if self.stack.currentWidget() is not view:
                self.stack.setCurrentWidget(view)
                view.wall.setFocus()  # the keys count at once
        elif state in (ImproveState.EMPTY, ImproveState.LOOKING):
            self.stack.setCurrentWidget(self.start)
        labelling = state is ImproveState.SHOWN and self.controller.task is Task.QUEUE
        if self.view is not None:
            self.view.set_labelling(labelling)

    def _view_part(self) -> ImproveView:
        if self.view is None:
            self.view = view = ImproveView(self.controller, self._filer, self._io)
            view.apply_requested.connect(self.ask_to_apply)
            view.train_requested.connect(self.train_again)
            view.folder_requested.connect(self._on_folder_requested)
            view.photo_requested.connect(self.photo_wanted)
            view.large_requested.connect(self._on_large_requested)
            self.stack.addWidget(view)
            view.show_photos()
            view.show_state()
        return self.view

    @Slot()
    def _on_large_requested(self) -> None:
        if self.view is None:
            return
        if self.large is None:
            self.large = Large(self._io, self.view, self)
        self.large.open()

    @Slot(object, str)
    def _on_noticed(self, text: str, kind: str) -> None:
        self.notices.add(text, kind)

    @Slot(object)
    def _on_folder_requested(self, path: Path) -> None:
        self.reveal.show(path)
