"""The main window: the rail and the pages, menus, drag and drop, closing."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeySequence,
)
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QWidget

from resnet_gui.core.system.settings import Settings
from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.engine import Engine
from resnet_gui.ui.imports import Imports
from resnet_gui.ui.lab.page import LabPage
from resnet_gui.ui.memory import Memory
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.models.page import ModelsPage
from resnet_gui.ui.page import Lanes, PageContext
from resnet_gui.ui.settings.controller import SettingsController
from resnet_gui.ui.settings.dialog import SettingsDialog
from resnet_gui.ui.train.page import TrainPage
from resnet_gui.ui.widgets.theme import ThemeManager
from resnet_gui.ui.window.drop_overlay import DropOverlay
from resnet_gui.ui.window.menus import RecentMenu, ThemeMenu, about_text, keys_text, show_box
from resnet_gui.ui.window.nav_rail import NavRail
from resnet_gui.ui.window.pages import Pages
from resnet_gui.ui.window.projector import Projector
from resnet_gui.ui.window.quit_question import QuitQuestion
from resnet_gui.ui.window.shape import restore_shape, shape_of
from resnet_gui.ui.window.status_line import StatusLine
from resnet_gui.ui.window.training_notices import TrainingNotices
from resnet_gui.ui.window.wiring import Wiring


class MainWindow(QMainWindow):
    """One window with the pages of `pages.PAGES`.

    Attributes:
        memory: what will be remembered; changes are saved soon after they happen.
        pages: all pages, by name or class. page, controller: the Classify page and its state
            machine; the others likewise.

    Signals:
        close_requested(): the person closes the window. `app` stops the lanes, then the window
            really closes (`allow_close`).
    """

    close_requested = Signal()

    def __init__(
        self,
        engine: Engine,
        lanes: Lanes,
        theme: ThemeManager,
        settings: Settings,
        samples: list[Path],
    ) -> None:
        super().__init__()
        self.setWindowTitle("ResNet GUI")
        self.setAcceptDrops(True)
        self.setMinimumSize(780, 580)
        self._theme = theme
        self._may_close = self._closing = self._quit_confirmed = False
        self._question = QuitQuestion(self)
        self._question.confirmed.connect(self.close_unasked)
        io = lanes.io
        self.memory = Memory(settings, io, self)
        self.store = ModelStore(engine, io, self)
        self.downloads = Downloads(engine.download, io, self)
        self.imports = Imports(engine.import_weights, io, self)
        self.settings_dialog = SettingsDialog(SettingsController(io, self.downloads, self), self)
        context = PageContext(
            engine, lanes, self.store, self.downloads, self.imports, self.memory, theme, samples
        )
        self.pages = Pages(context)
        self.page = self.pages.of(ClassifyPage)
        self.controller = self.page.controller
        self.train_page, self.models_page = self.pages.of(TrainPage), self.pages.of(ModelsPage)
        self.lab_page = self.pages.of(LabPage)
        self.train_controller = self.train_page.controller
        self.models_controller = self.models_page.controller
        self.lab_controller = self.lab_page.controller
        self.overlay = DropOverlay(self.pages)
        self.rail = NavRail()
        self._build_middle()
        self._build_menus()
        self.status_line = StatusLine(self.statusBar(), self.controller)
        self.wiring = Wiring(self.store, self.pages, self.settings_dialog)
        self.projector = Projector(self, (self.rail, self.menuBar(), self.statusBar()))
        self.lab_page.projector_toggled.connect(self.projector.switch)
        self.training_notices = TrainingNotices(self.train_page, self.page.notices, self)
        self.training_notices.show_requested.connect(self._on_training_wanted)
        self.memory.due.connect(self.save_now)
        self.memory.failed.connect(self._on_not_saved)
        restore_shape(self, self.page.splitter, settings.window, settings.splitter)
        self._theme.choose(settings.theme)

    def start(self, paths: list[Path]) -> None:
        """Choose the model and open the command line's paths. Call after the window is shown."""
        settings = self.memory.settings
        self.pages.current.shown()
        self.controller.start(settings.model, settings.device)
        self.train_controller.earlier.refresh()
        if paths:
            self.controller.open_paths(paths)

    # --- building ---------------------------------------------------------------------------

    def _build_middle(self) -> None:
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(self.pages, 1)
        self.setCentralWidget(middle)
        for number, entry in enumerate(self.pages.entries, 1):
            tip = f"{entry.title} (Ctrl+{number})"
            button = self.rail.add(entry.name, entry.title, entry.icon, tip)
            self.pages[entry.name].busy_changed.connect(button.set_marked)
        self.rail.show_page(self.pages.entries[0].name)
        self.rail.chosen.connect(self.pages.show_page)
        self.pages.page_shown.connect(self.rail.show_page)

    def _build_menus(self) -> None:
        keys = QKeySequence.StandardKey
        page, controller, opening = self.page, self.controller, self.page.opening
        self.recent_menu = RecentMenu("Open &recent", lambda: self.memory.settings.recent, self)
        self.recent_menu.path_chosen.connect(opening.open_again)
        self.recent_menu.forget_requested.connect(self._on_forget_recent)
        self.theme_menu = ThemeMenu("&Theme", self.memory.settings.theme, self)
        self.theme_menu.chosen.connect(self._on_theme_chosen)

        file = self.menuBar().addMenu("&File")
        file.addAction("&Open photos…", keys.Open, opening.open_files)
        file.addAction("Open &folder…", "Ctrl+Shift+O", opening.open_folder)
        file.addMenu(self.recent_menu)
        file.addAction("&Sample photos", opening.open_samples)
        file.addSeparator()
        file.addAction("&Import weights…", self.import_weights)
        file.addSeparator()
        file.addAction("&Quit", keys.Quit, self.close)
        edit = self.menuBar().addMenu("&Edit")
        edit.addAction("&Paste photo", keys.Paste, opening.paste)
        edit.addAction("&Copy result", keys.Copy, page.copy_result)
        edit.addSeparator()
        edit.addAction("&Next photo", "Alt+Right", controller.show_next)
        edit.addAction("Pre&vious photo", "Alt+Left", controller.show_previous)
        edit.addAction("&Remove photo from window", "Ctrl+Backspace", controller.remove_current)
        edit.addAction("C&lear window", controller.clear)
        edit.addSeparator()
        edit.addAction("Se&ttings…", keys.Preferences, self.settings_dialog.open_fresh)
        view = self.menuBar().addMenu("&View")
        for number, entry in enumerate(self.pages.entries, 1):
            view.addAction(entry.title, f"Ctrl+{number}", self.rail.buttons[entry.name].click)
        view.addSeparator()
        view.addAction("Choose &model…", "Ctrl+M", page.show_models)
        view.addAction(page.crop_action)
        view.addMenu(self.theme_menu)
        help_menu = self.menuBar().addMenu("&Help")
        help_menu.addAction("&Keyboard and mouse", self.show_keys)
        help_menu.addAction("&About ResNet GUI", self.show_about)

    # --- what the person does ---------------------------------------------------------------

    @Slot(str)
    def show_page(self, name: str) -> None:
        """Bring a page to the front."""
        self.pages.show_page(name)

    @Slot()
    def _on_training_wanted(self) -> None:
        self.show_page("train")

    @Slot()
    def import_weights(self) -> None:
        self.show_page("models")  # there its progress is shown
        self.models_page.choose_import()

    @Slot()
    def show_keys(self) -> None:
        titles = [entry.title for entry in self.pages.entries]
        show_box(self, "Keyboard and mouse", keys_text(titles))

    @Slot()
    def show_about(self) -> None:
        show_box(self, "About ResNet GUI", about_text())

    @Slot(str)
    def _on_theme_chosen(self, theme: str) -> None:
        self._theme.choose(theme)
        self.memory.change(theme=theme)

    @Slot()
    def _on_forget_recent(self) -> None:
        self.memory.change(recent=())

    # --- drag and drop ----------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        page = self.pages.current
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
        self.pages.current.take(event.mimeData())
        self.activateWindow()

    # --- remembering ------------------------------------------------------------------------

    @Slot()
    def save_now(self) -> None:
        """Store the settings with the window's present shape."""
        self._keep_shape()
        self.memory.save()

    def _keep_shape(self) -> None:
        # Never the projector's whole screen: the next start has the window as it was before.
        window = self.memory.settings.window if self.projector.on else shape_of(self)
        splitter = self.page.part_sizes() or self.memory.settings.splitter
        self.memory.change(window=window, splitter=splitter)

    @Slot(object)
    def _on_not_saved(self, text: str) -> None:
        self.page.notices.add(text, "warning")

    # --- closing ----------------------------------------------------------------------------

    def allow_close(self) -> None:
        """From now on closing closes."""
        self._may_close = True

    @Slot()
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
            self._question.ask()
            return
        self._closing = True
        self._keep_shape()
        self.status_line.text.setText("Stopping…")
        self.setEnabled(False)
        self.close_requested.emit()
