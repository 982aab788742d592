"""The Train page: drop a folder, look, Start, watch, try the model."""

from __future__ import annotations

import mimetypes
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QStackedWidget,
    QVBoxLayout,
)

from resnet_gui.core.dataset.cifar10.archive import is_archive_name
from resnet_gui.core.dataset.cifar10.folder import TITLE
from resnet_gui.core.photos.endings import looks_like_image
from resnet_gui.core.runs.listing import RunInfo
from resnet_gui.jobs.lane import Job, Priority
from resnet_gui.ui.imports import WEIGHTS_SUFFIXES
from resnet_gui.ui.page import Page, PageContext
from resnet_gui.ui.train.augmentation_dialog import AugmentationDialog
from resnet_gui.ui.train.cifar10_dialog import Cifar10Dialog, look_for_cifar10
from resnet_gui.ui.train.classes_part import ClassesPart
from resnet_gui.ui.train.controller import TrainController, TrainState
from resnet_gui.ui.train.folder_head import only_loose
from resnet_gui.ui.train.kept_classes import KeptClasses
from resnet_gui.ui.train.later_parts import LaterParts
from resnet_gui.ui.train.model_saver import ModelSaver
from resnet_gui.ui.train.moved_folder import MovedFolder
from resnet_gui.ui.train.run_offer import RunOffer
from resnet_gui.ui.train.run_view import TrainRunView
from resnet_gui.ui.train.runs_watch import RunsWatch
from resnet_gui.ui.train.setup import TrainSetup
from resnet_gui.ui.train.skipped_photos import SkippedPhotos
from resnet_gui.ui.train.start import TrainStart
from resnet_gui.ui.widgets.images import may_hold_photos, read_mime
from resnet_gui.ui.widgets.reveal import Reveal
from resnet_gui.ui.widgets.words import sentence

_RUN = "run"  # what notices are about


class TrainPage(Page):
    """Start, set-up, or run: one of them at a time, below the notices.

    Attributes:
        controller: the state machine that this page shows.

    Signals:
        try_requested(str): id of a model that the Classify page should use. test_requested(str):
            … that the Evaluate page should test. result_requested(str): name of a run whose answers
            to its validation photos should be shown.
        improve_requested(object, str): a Path whose labels should be looked through, and the id of
            a model; "": any.
        runs_requested(): all runs should be shown.
        resume_offered(object): a sentence about a run that this start found interrupted.
        ended_unseen(str): a run ended; the sentence is for a notification.
    """

    drop_hint = "Drop to train on this folder"
    takes = "a folder with one sub-folder per class, or loose photos"
    other_keys = (
        ("1 to 9", "While photos are sorted by eye: put the photo into this class"),
        ("Enter, N", "Into the class that the model says; into a new class"),
        ("Space, Left", "Skip the photo; back to the one before"),
        ("Del", "Take the selected photos out of a class"),
    )
    try_requested = Signal(str)
    test_requested = Signal(str)
    result_requested = Signal(str)
    improve_requested = Signal(object, str)
    runs_requested = Signal()
    resume_offered = Signal(object)
    ended_unseen = Signal(str)

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self._engine = context.engine
        self._training, self._io = context.lanes.training, context.lanes.io
        self.controller = controller = TrainController(context.means, self)
        self._looking: Job | None = None
        self.saver = ModelSaver(self._io, self)
        self.saver.told.connect(self._on_noticed)
        self._last_folder = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(10)
        column.addWidget(self.notices)
        self.reveal = Reveal(self._io, self.notices, self)
        self.stack = QStackedWidget()
        self.start = TrainStart(controller)
        self.start.folder_requested.connect(self.choose_folder)
        self.start.cifar10_requested.connect(self.choose_cifar10)
        self.start.runs.try_requested.connect(self._on_try)
        self.start.runs.test_requested.connect(self._on_test)
        self.start.runs.mistakes_requested.connect(self.result_requested)
        self.start.runs.folder_requested.connect(self._on_run_folder_requested)
        self.start.runs.all_requested.connect(self.runs_requested)
        self.stack.addWidget(self.start)
        self.classes = ClassesPart(context, controller, self.stack, self.notices, self.reveal, self)
        self.classes.shown_changed.connect(self._on_state_changed)
        self.start.classes_requested.connect(self.classes.open)
        self.start.runs.class_requested.connect(self.classes.add_class_to_run)
        self.parts = LaterParts(controller, context.lanes, self.stack)
        self.parts.setup_made.connect(self._on_setup_made)
        self.parts.run_made.connect(self._on_run_made)
        column.addWidget(self.stack, 1)
        controller.state_changed.connect(self._on_state_changed)
        controller.noticed.connect(self._on_noticed)
        self._state = controller.state
        controller.run_noticed.connect(self._on_run_noticed)
        self._skipped = SkippedPhotos(self.notices, self)
        controller.photos_skipped.connect(self._skipped.show)
        self._moved = MovedFolder(controller, self.notices, self)
        controller.dataset_changed.connect(self._forget_run_notices)
        controller.results_opened.connect(self._forget_run_notices)
        self.classes.shown_changed.connect(self._forget_run_notices)
        controller.dataset_changed.connect(self.notices.forget_misses)
        self._runs_watch = RunsWatch(controller, self)
        self._kept_classes = KeptClasses(self._io, self.start)
        self._kept_classes.told.connect(self.start.show_kept)
        self._offer = RunOffer(controller, self.notices, self)
        self._offer.offered.connect(self.resume_offered)
        self.offer_action(
            "File",
            "&Open folder to train on…",
            self.choose_folder,
            keys=("Ctrl+O", "Ctrl+Shift+O"),
            elsewhere="&Train on a folder…",
            usable=self._can_open,
        )
        self.offer_action(
            "File", "&Make classes…", self.classes.open, elsewhere="Ma&ke classes…",
            usable=self._can_open,
        )  # fmt: skip
        for text, slot, keys, usable in (
            ("&Undo", self.classes.undo, ("Ctrl+Z",), self.classes.can_undo),
            ("&Redo", self.classes.redo, ("Ctrl+Shift+Z", "Ctrl+Y"), self.classes.can_redo),
        ):
            self.offer_action("Edit", text, slot, keys=keys, usable=usable)
        self.offer_action(
            "File", "Train with &CIFAR-10…", self.choose_cifar10, usable=self._can_open
        )

    def _can_open(self) -> bool:
        return not self.controller.running

    # --- drop -------------------------------------------------------------------------------

    def may_take(self, mime: QMimeData) -> bool:
        """Whether a folder, loose photos, or an archive that may be CIFAR-10, is perhaps dragged
        here; while classes are made, anything that may hold photos."""
        if self.classes.shown:
            return may_hold_photos(mime)
        loose = _loose_photos(mime)
        self.drop_hint = "Drop to make classes of these photos" if loose else TrainPage.drop_hint
        return loose or any(
            is_archive_name(p.name) or _may_be_folder(p) for p in read_mime(mime).all_paths
        )

    def take(self, mime: QMimeData) -> None:
        if not self.classes.shown and _loose_photos(mime):
            self.classes.open()
        if self.classes.shown:
            self.classes.take(mime)
            return
        self.controller.open_dropped(read_mime(mime).all_paths)

    def paste(self, mime: QMimeData) -> None:
        if self.classes.shown and self.may_take(mime):
            self.notices.forget_misses()
            self.classes.paste(mime)  # into the class that the person is at
        else:
            super().paste(mime)

    @Slot()
    def choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(
            self, "Folder with one sub-folder per class", self._last_folder
        )
        if name:
            self._last_folder = str(Path(name).parent)
            self.controller.open_folder(Path(name))

    @Slot()
    def choose_cifar10(self) -> None:
        """Open CIFAR-10; ask first where it comes from, if it is not on this computer."""
        if self._looking is not None and self._looking.active:
            return  # a second click asks nothing more
        self._looking = job = self._io.submit(look_for_cifar10, Priority.INTERACTIVE)
        job.finished.connect(self._on_cifar10_looked_for)
        job.failed.connect(self._on_cifar10_forbidden)

    @Slot(object)
    def _on_cifar10_looked_for(self, host: str | None) -> None:
        if host is None:
            self.controller.open_cifar10()
        else:
            self._ask_for_cifar10(host)

    @Slot(object)
    def _on_cifar10_forbidden(self, error: Exception) -> None:
        self._ask_for_cifar10("", sentence(error))

    def _ask_for_cifar10(self, host: str, problem: str = "") -> None:
        dialog = Cifar10Dialog(host, problem, self.window())
        # Queued: the dialog is gone before the next one opens.
        queued = Qt.ConnectionType.QueuedConnection
        dialog.archive_requested.connect(self._on_archive_requested, queued)
        dialog.download_requested.connect(self._on_download_requested)
        dialog.settings_requested.connect(self.notices.settings_requested, queued)
        dialog.open()

    @Slot()
    def _on_archive_requested(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, f"Archive of {TITLE}", self._last_folder, Cifar10Dialog.patterns()
        )
        if name:
            self.controller.open_cifar10(Path(name))

    @Slot()
    def _on_download_requested(self) -> None:
        self.controller.open_cifar10(download=True)

    def refresh_theme(self) -> None:
        for part in (self.setup, self.run):
            if part is not None:
                part.refresh_theme()

    # --- parts, built when they are needed --------------------------------------------------

    @property
    def setup(self) -> TrainSetup | None:
        return self.parts.setup

    @property
    def run(self) -> TrainRunView | None:
        return self.parts.run

    @Slot(object)
    def _on_setup_made(self, setup: TrainSetup) -> None:
        setup.folder_requested.connect(self.choose_folder)
        setup.classes_requested.connect(self._on_classes_requested)
        setup.improve_requested.connect(self._on_improve_requested)
        setup.noticed.connect(self._on_noticed)
        setup.preview_requested.connect(self._on_preview_requested)

    @Slot(object)
    def _on_run_made(self, run: TrainRunView) -> None:
        # After the view, whose words are passed on.
        self.controller.run_ended.connect(self._on_run_ended)
        run.try_requested.connect(self._on_try)
        run.test_requested.connect(self._on_test)
        run.mistakes_requested.connect(self.result_requested)
        run.save_requested.connect(self.save_model)
        run.folder_requested.connect(self._on_folder_requested)
        run.class_requested.connect(self._on_class_requested)

    @Slot()
    def _on_state_changed(self) -> None:
        before, self._state = self._state, self.controller.state
        state = self._state
        if state is TrainState.RUNNING and before not in (state, TrainState.PAUSED):
            self._forget_run_notices()
        self.busy_changed.emit(self.controller.running)
        made = self.classes.shown
        self.drop_hint = "Drop among the unsorted photos" if made else TrainPage.drop_hint
        self.takes = "photos, folders or a picture" if made else TrainPage.takes
        if made and self.classes.view is not None:
            self.stack.setCurrentWidget(self.classes.view)
        elif state in (TrainState.READY, TrainState.LOOKING):
            self.stack.setCurrentWidget(self.parts.needed_setup())
        elif self.controller.running or state is TrainState.ENDED:
            self.stack.setCurrentWidget(self.parts.needed_run())
        else:
            self.stack.setCurrentWidget(self.start)
        if state is TrainState.SCANNING:
            self.parts.hurry()

    # --- what the controller says -----------------------------------------------------------

    @Slot(object, str)
    def _on_noticed(self, text: str, kind: str) -> None:
        self.notices.add(text, kind)

    @Slot(object)
    def _on_run_noticed(self, text: str) -> None:
        self.notices.add(text, "warning", topic=_RUN)

    @Slot()
    @Slot(object)
    def _forget_run_notices(self, *_: object) -> None:
        """What was said of a run says nothing of another folder or run."""
        self.notices.forget(_RUN)
        self._skipped.forget()
        self._moved.forget()

    @Slot(object)
    def _on_run_ended(self, end: object) -> None:
        if self.run is not None:
            self.ended_unseen.emit(self.run.result.text())

    # --- the end of a run -------------------------------------------------------------------

    @Slot()
    @Slot(object)
    def _on_try(self, run: RunInfo | None = None) -> None:
        if model_id := self._made_by(run):
            self.try_requested.emit(model_id)

    @Slot()
    @Slot(object)
    def _on_test(self, run: RunInfo | None = None) -> None:
        if model_id := self._made_by(run):
            self.test_requested.emit(model_id)

    def _made_by(self, run: RunInfo | None) -> str:
        """Id of the model of an earlier run, or of the one that has just ended; "": none."""
        if run is None:
            return self.controller.end.model_id if self.controller.end is not None else ""
        model = self.controller.earlier.model_of(run)
        return model.spec.id if model is not None else ""

    @Slot()
    def _on_folder_requested(self) -> None:
        if self.controller.started is not None:
            self.reveal.show(Path(self.controller.started.run_dir))

    @Slot(object)
    def _on_run_folder_requested(self, path: Path) -> None:
        self.reveal.show(path)

    @Slot()
    def _on_class_requested(self) -> None:
        end, config = self.controller.end, self.controller.run_config
        if end is not None and config is not None:
            self.classes.extend(config.data, self.controller.run_title, end.model_id)

    @Slot()
    def save_model(self) -> None:
        """Ask where to, and save a copy of the run's model there."""
        if self.controller.end is None:
            return
        self.saver.ask(Path(self.controller.end.model_path))

    @Slot()
    def _on_classes_requested(self) -> None:
        """The boxes; with the photos of a folder that holds nothing else."""
        summary = self.controller.summary
        if summary is not None and only_loose(summary):
            self.classes.sort_folder(Path(summary.root))
        else:
            self.classes.open()

    @Slot()
    def _on_improve_requested(self) -> None:
        """By whichever model that page has: one that learned from this folder is chosen there."""
        if self.controller.summary is not None:
            self.improve_requested.emit(Path(self.controller.summary.root), "")

    # --- augmentation -----------------------------------------------------------------------

    @Slot()
    def _on_preview_requested(self) -> None:
        config, summary = self.controller.config, self.controller.summary
        if config is None or summary is None:
            return
        photos = [Path(path) for item in summary.classes[:6] for path in item.samples[:1]]
        dialog = AugmentationDialog(self._training, self.window())
        dialog.fill(partial(self._engine.preview_augmentation, photos, config), len(photos))
        dialog.show()


def _loose_photos(mime: QMimeData) -> bool:
    paths = read_mime(mime).paths
    return bool(paths) and all(looks_like_image(path) for path in paths)


def _may_be_folder(path: Path) -> bool:
    """Whether its name does not end like a file's."""
    suffix = path.suffix.lower()
    kinds = (mimetypes.types_map, mimetypes.common_types, WEIGHTS_SUFFIXES)
    return not looks_like_image(path) and not any(suffix in known for known in kinds)
