"""The main window: menus, drop, the page, the status line."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

from PySide6.QtCore import QMimeData, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
)
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QMainWindow,
    QStackedWidget,
    QSystemTrayIcon,
    QWidget,
)

from resnet_gui.core.photos.decode import IMAGE_SUFFIXES
from resnet_gui.core.system.settings import Settings
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.engine import Engine
from resnet_gui.ui.lab.controller import LabController
from resnet_gui.ui.lab.page import LabPage
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.models.controller import ModelsController
from resnet_gui.ui.models.downloads import Downloads
from resnet_gui.ui.models.imports import Imports
from resnet_gui.ui.models.page import ModelsPage
from resnet_gui.ui.settings.controller import SettingsController
from resnet_gui.ui.settings.dialog import SettingsDialog
from resnet_gui.ui.train.controller import TrainController
from resnet_gui.ui.train.page import TrainPage
from resnet_gui.ui.widgets.images import read_mime
from resnet_gui.ui.widgets.plain_text import ElidedLabel, MessageBox, PlainLabel, one_line
from resnet_gui.ui.widgets.status import Status
from resnet_gui.ui.widgets.theme import ThemeManager
from resnet_gui.ui.window.drop_overlay import DropOverlay
from resnet_gui.ui.window.menus import about_text, build_menus, keys_text, show_box
from resnet_gui.ui.window.nav_rail import NavRail
from resnet_gui.ui.window.shape import restore_shape

_SAVE_DELAY_MS = 800


class Page(Protocol):
    """What the window asks of each of its pages.

    Attributes:
        drop_hint: what letting go over this page does.
    """

    drop_hint: str

    def may_take(self, mime: QMimeData) -> bool: ...
    def take(self, mime: QMimeData) -> None: ...


class MainWindow(QMainWindow):
    """One window with the Classify page.

    Attributes:
        settings: what will be remembered; changes are saved soon after they happen.
        page, controller: the Classify page and its state machine.

    Signals:
        close_requested(): the person closes the window. `app` stops the lanes, then the window
            really closes (`allow_close`).
    """

    close_requested = Signal()

    def __init__(
        self,
        engine: Engine,
        lanes: tuple[JobLane, JobLane, JobLane],
        theme: ThemeManager,
        settings: Settings,
        save: Callable[[Settings], None],
        samples: list[Path],
    ) -> None:
        super().__init__()
        self.setWindowTitle("ResNet GUI")
        self.setAcceptDrops(True)
        self.setMinimumSize(780, 580)
        self.settings = settings
        self._save, self._theme, self._samples = save, theme, samples
        self._may_close = self._closing = self._quit_confirmed = False
        self._quit_question: MessageBox | None = None
        inference, io, training = lanes
        self.store = ModelStore(engine, io, self)
        self.downloads = Downloads(engine.download, io, self)
        self.imports = Imports(engine.import_weights, io, self)
        self.controller = ClassifyController(
            engine, inference, io, self.store, self.downloads, self.imports, self
        )
        self.page = ClassifyPage(self.controller, io, samples)
        self.models_controller = ModelsController(
            engine, inference, io, self.store, self.downloads, self.imports, self
        )
        self.models_page = ModelsPage(self.models_controller)
        self.settings_dialog = SettingsDialog(SettingsController(io, self.downloads, self), self)
        self.train_controller = TrainController(engine, self.store, training, io, self)
        self.train_page = TrainPage(self.train_controller, engine, training, io)
        self.lab_controller = LabController(engine, self.store, inference, io, self)
        self.lab_page = LabPage(self.lab_controller)
        self._before_projector = Qt.WindowState.WindowNoState
        self.rail = NavRail()
        self.pages = QStackedWidget()
        self.overlay = DropOverlay(self.pages)
        self._build_pages()
        self._save_timer = QTimer(self)
        self._save_timer.setSingleShot(True)
        self._save_timer.setInterval(_SAVE_DELAY_MS)
        self._save_timer.timeout.connect(self.save_now)
        self._build_status_line()
        self._menus = build_menus(self)
        self.crop_action = self._menus.crop
        self._connect()
        self._restore()

    def start(self, paths: list[Path]) -> None:
        """Choose the model and open the command line's paths. Call after the window is shown."""
        self.controller.start(self.settings.model, self.settings.device)
        self.train_controller.earlier.refresh()
        self._on_model_changed()
        if paths:
            self.controller.open_paths(paths)

    # --- building ---------------------------------------------------------------------------

    def _build_pages(self) -> None:
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(self.pages, 1)
        self.setCentralWidget(middle)
        for page, text, icon_name in (
            (self.page, "Classify", "photo"),
            (self.train_page, "Train", "train"),
            (self.models_page, "Models", "models"),
            (self.lab_page, "Lab", "lab"),
        ):
            self.pages.addWidget(page)
            self.rail.add(text, icon_name)
        self.rail.chosen.connect(self.show_page)

    @Slot(int)
    def show_page(self, number: int) -> None:
        """Bring a page to the front."""
        self.pages.setCurrentIndex(number)
        if self.pages.currentWidget() is not self.lab_page:
            self.lab_page.projector.setChecked(False)
        self.rail.show_page(number)

    def _shown_page(self) -> Page:
        return cast(Page, self.pages.currentWidget())

    def _build_status_line(self) -> None:
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        self.status_text, self.status_model = ElidedLabel(), ElidedLabel()
        self.status_device, self.status_time = PlainLabel(), PlainLabel()
        bar.addWidget(self.status_text, 1)
        for label in (self.status_model, self.status_device, self.status_time):
            bar.addPermanentWidget(label)

    def _connect(self) -> None:
        controller, page = self.controller, self.page
        self._menus.recent.path_chosen.connect(self._on_recent_chosen)
        self._menus.recent.forget_requested.connect(self._on_forget_recent)
        self._menus.themes.triggered.connect(self._on_theme_chosen)
        page.open_requested.connect(self.open_files)
        page.folder_requested.connect(self.open_folder)
        page.paste_requested.connect(self.paste)
        page.crop_toggled.connect(self._on_crop_toggled)
        controller.status_changed.connect(self._on_status_changed)
        controller.model_changed.connect(self._on_model_changed)
        controller.opened.connect(self._on_opened)
        controller.devices_found.connect(self._on_devices_found)
        train = self.train_controller
        train.state_changed.connect(self._on_training_changed)
        train.model_made.connect(self.store.refresh)
        self.train_page.try_requested.connect(self._on_try_requested)
        self.train_page.resume_offered.connect(self._on_resume_offered)
        self.train_page.ended_unseen.connect(self._on_training_ended)
        page.device_box.activated.connect(self._on_device_activated)
        page.splitter.splitterMoved.connect(self._save_soon)
        self._theme.changed.connect(page.refresh_theme)
        self._connect_models()
        self.lab_page.photos_dropped.connect(self._on_photos_dropped)
        self.lab_page.projector_toggled.connect(self._on_projector_toggled)
        train.earlier.changed.connect(self.lab_page.refresh_if_shown)
        train.epoch_done.connect(self.lab_page.add_epoch)
        self._theme.changed.connect(self.lab_page.refresh_theme)

    def _connect_models(self) -> None:
        models, page = self.models_controller, self.models_page
        models.use_requested.connect(self._on_use_requested)
        models.renamed.connect(self._on_model_renamed)
        models.renamed.connect(self.train_controller.follow_rename)
        self.controller.batch_ended.connect(models.refresh_speeds)
        self.downloads.changed.connect(self._on_downloads_changed)
        page.settings_requested.connect(self.settings_dialog.open_fresh)
        self.settings_dialog.controller.saved.connect(self.store.refresh)
        self._theme.changed.connect(page.refresh_theme)
        self._theme.changed.connect(self.train_page.refresh_theme)

    def _restore(self) -> None:
        settings = self.settings
        restore_shape(self, self.page.splitter, settings.window, settings.splitter)
        self._theme.choose(settings.theme)
        for action in self._menus.themes.actions():
            action.setChecked(action.data() == settings.theme)
        self.crop_action.setChecked(settings.show_crop)

    # --- models -----------------------------------------------------------------------------

    @Slot(str)
    def _on_use_requested(self, model_id: str) -> None:
        self.controller.set_model(model_id)
        self.show_page(self.pages.indexOf(self.page))

    @Slot(str, str)
    def _on_model_renamed(self, before: str, now: str) -> None:
        entry = self.controller.entry
        if entry is not None and entry.spec.id == before:
            self.controller.set_model(now)

    @Slot()
    def _on_downloads_changed(self) -> None:
        number = self.pages.indexOf(self.models_page)
        self.rail.buttons[number].set_marked(self.downloads.busy)

    # --- opening ----------------------------------------------------------------------------

    @Slot()
    def open_files(self) -> None:
        patterns = " ".join(f"*{suffix} *{suffix.upper()}" for suffix in sorted(IMAGE_SUFFIXES))
        names, _ = QFileDialog.getOpenFileNames(
            self, "Open photos", self.settings.last_folder, f"Photos ({patterns});;All files (*)"
        )
        self._open([Path(name) for name in names])

    @Slot()
    def open_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Open folder", self.settings.last_folder)
        self._open([Path(name)] if name else [])

    @Slot()
    def import_weights(self) -> None:
        self.show_page(self.pages.indexOf(self.models_page))  # there its progress is shown
        self.models_page.choose_import()

    @Slot()
    def open_samples(self) -> None:
        self.controller.open_paths(self._samples)

    def _open(self, paths: list[Path]) -> None:
        if paths:
            self._remember(last_folder=str(paths[0].parent))
            self.controller.open_paths(paths)

    @Slot()
    def paste(self) -> None:
        dropped = read_mime(QGuiApplication.clipboard().mimeData())
        if dropped:
            self.controller.open_dropped(dropped)
        else:
            self.page.notices.add("There is no photo on the clipboard.", "warning")

    @Slot(object)
    def _on_recent_chosen(self, name: str) -> None:
        self.controller.open_paths([Path(name)])

    @Slot()
    def _on_forget_recent(self) -> None:
        self._remember(recent=())

    # --- drag and drop ----------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        page = self._shown_page()
        if page.may_take(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)  # never move: the files are not ours
            event.accept()
            self.overlay.appear(page.drop_hint)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.overlay.hide()
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self._shown_page().take(event.mimeData())
        self.activateWindow()

    @Slot(object)
    def _on_photos_dropped(self, mime: QMimeData) -> None:
        self.show_page(self.pages.indexOf(self.page))
        self.page.take(mime)

    @Slot(bool)
    def _on_projector_toggled(self, on: bool) -> None:
        """The Lab on the whole screen: its own type grows, the rest makes room."""
        for part in (self.rail, self.menuBar(), self.statusBar()):
            part.setVisible(not on)
        if on:
            self._before_projector = self.windowState()
            self.setWindowState(self._before_projector | Qt.WindowState.WindowFullScreen)
        else:
            self.setWindowState(self._before_projector & ~Qt.WindowState.WindowFullScreen)

    # --- status, theme, help ----------------------------------------------------------------

    @Slot(object)
    def _on_status_changed(self, status: Status) -> None:
        self.status_text.setText(status.text)
        self.status_device.setText(status.device)
        self.status_time.setText(status.milliseconds)

    @Slot()
    def _on_model_changed(self) -> None:
        entry = self.controller.entry
        self.models_controller.set_used(entry.spec.id if entry else "")
        nothing = "no model" if self.store.inventory is not None else ""
        self.status_model.setText(entry.spec.title if entry else nothing)
        if entry is not None and not self.train_controller.start_model.model_id:
            self.train_controller.set_model(entry.spec.id)
        if entry is not None and entry.spec.id != self.settings.model:
            self._remember(model=entry.spec.id)

    @Slot()
    def _on_devices_found(self) -> None:
        chosen = self.controller.device
        devices = self.controller.devices
        if devices:
            self.train_controller.set_device_kind(devices[0].kind if chosen == "auto" else chosen)

    @Slot()
    def _on_training_changed(self) -> None:
        self.rail.buttons[self.pages.indexOf(self.train_page)].set_marked(
            self.train_controller.running
        )

    @Slot(str)
    def _on_try_requested(self, model_id: str) -> None:
        self.controller.set_model(model_id)
        self.show_page(0)

    @Slot(str)
    def _on_resume_offered(self, title: str) -> None:
        """The window opens on the Classify page: say there, too, that a run can go on."""
        text = f"The training “{one_line(title)}” was interrupted. It can go on where it was."
        notice = self.page.notices.add(text, "notice", "Show")
        notice.acted.connect(self._on_resume_shown)
        notice.acted.connect(notice.closed)

    @Slot()
    def _on_resume_shown(self) -> None:
        self.show_page(self.pages.indexOf(self.train_page))

    @Slot(str)
    def _on_training_ended(self, text: str) -> None:
        """Tell a person who looks elsewhere."""
        if self.isActiveWindow():
            return
        QApplication.alert(self)
        if QSystemTrayIcon.isSystemTrayAvailable():
            tray = QSystemTrayIcon(self.windowIcon(), self)
            tray.show()
            tray.showMessage("Training has ended", text, self.windowIcon())
            QTimer.singleShot(10_000, tray, tray.deleteLater)

    @Slot(int)
    def _on_device_activated(self, row: int) -> None:
        self._remember(device=self.controller.device)

    @Slot(bool)
    def _on_crop_toggled(self, on: bool) -> None:
        self.crop_action.setChecked(on)
        self._remember(show_crop=on)

    @Slot(QAction)
    def _on_theme_chosen(self, action: QAction) -> None:
        self._theme.choose(str(action.data()))
        self._remember(theme=str(action.data()))

    @Slot(object)
    def _on_opened(self, path: str) -> None:
        if Path(path) not in self._samples:
            self.settings = self.settings.with_recent(path)
            self._save_soon()

    @Slot()
    def show_next(self) -> None:
        self.controller.step(1)

    @Slot()
    def show_previous(self) -> None:
        self.controller.step(-1)

    @Slot()
    def show_keys(self) -> None:
        show_box(self, "Keyboard and mouse", keys_text())

    @Slot()
    def show_about(self) -> None:
        show_box(self, "About ResNet GUI", about_text())

    # --- remembering ------------------------------------------------------------------------

    def _remember(self, **changes: object) -> None:
        self.settings = dataclasses.replace(self.settings, **changes)  # type: ignore[arg-type]
        self._save_soon()

    @Slot()
    def _save_soon(self, *_: object) -> None:
        self._save_timer.start()

    @Slot()
    def save_now(self) -> None:
        """Store the settings with the window's present shape."""
        self._save_timer.stop()
        # Never the projector's whole screen: the next start has the window as it was before.
        projector = self.lab_page.projector.isChecked()
        geometry = base64.b64encode(self.saveGeometry().data()).decode("ascii")
        sizes = tuple(self.page.splitter.sizes()) if self.page.stack.currentIndex() else ()
        self.settings = dataclasses.replace(
            self.settings,
            window=self.settings.window if projector else geometry,
            splitter=sizes or self.settings.splitter,
        )
        self._save(self.settings)

    def _ask_before_quitting(self) -> None:
        """Once, and not with a loop of its own: the run goes on meanwhile."""
        if self._quit_question is not None:
            self._quit_question.activateWindow()
            return
        box = self._quit_question = MessageBox(
            self,
            "A training is running",
            "A training is running. Stop it and quit?",
            "What it learned up to its last epoch is kept. At the next start it can go on.",
        )
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setStandardButtons(MessageBox.StandardButton.Cancel | MessageBox.StandardButton.Close)
        box.button(MessageBox.StandardButton.Close).setText("Stop and quit")
        box.finished.connect(self._on_quit_answered)
        box.open()

    @Slot(int)
    def _on_quit_answered(self, answer: int) -> None:
        self._quit_question = None
        if answer == MessageBox.StandardButton.Close:
            self._quit_confirmed = True
            self.close()

    # --- closing ----------------------------------------------------------------------------

    def allow_close(self) -> None:
        """From now on closing closes."""
        self._may_close = True

    def close_unasked(self) -> None:
        """Close by the usual steps, but without a question: nobody is there to answer it. A run
        is stopped and can go on at the next start."""
        self._quit_confirmed = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
            return
        event.ignore()
        if self._closing:
            return  # the lanes have been asked already; a second click changes nothing
        if self.train_controller.running and not self._quit_confirmed:
            self._ask_before_quitting()
            return
        self._closing = True
        self.save_now()
        self.status_text.setText("Stopping…")
        self.setEnabled(False)
        self.close_requested.emit()
