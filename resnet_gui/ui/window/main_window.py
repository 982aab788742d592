"""The main window: the rail and the pages, menus, drag and drop, closing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import QAbstractButton, QApplication, QHBoxLayout, QMainWindow, QWidget

from resnet_gui.core.system.settings import Settings
from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.engine import Engine
from resnet_gui.ui.filing.filer import Filer
from resnet_gui.ui.imports import Imports
from resnet_gui.ui.memory import Memory
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.page import Keys, Lanes, PageContext, set_keys
from resnet_gui.ui.widgets.images import clipboard_mime
from resnet_gui.ui.widgets.theme import ThemeManager
from resnet_gui.ui.window.announcements import Announcements
from resnet_gui.ui.window.coming_back import ComingBack
from resnet_gui.ui.window.drop_overlay import DropOverlay
from resnet_gui.ui.window.menus import Menus, ThemeMenu
from resnet_gui.ui.window.nav_rail import NavRail
from resnet_gui.ui.window.pages import Pages
from resnet_gui.ui.window.projector import Projector
from resnet_gui.ui.window.quit_question import QuitQuestion
from resnet_gui.ui.window.settings_window import SettingsWindow
from resnet_gui.ui.window.shape import restore_shape, shape_of
from resnet_gui.ui.window.status_line import StatusLine
from resnet_gui.ui.window.training_notices import TrainingNotices
from resnet_gui.ui.window.wiring import Wiring

if TYPE_CHECKING:
    from resnet_gui.ui.lab.controller import LabController
    from resnet_gui.ui.lab.page import LabPage
    from resnet_gui.ui.models.controller import ModelsController
    from resnet_gui.ui.models.page import ModelsPage
    from resnet_gui.ui.settings.dialog import SettingsDialog
    from resnet_gui.ui.train.controller import TrainController
    from resnet_gui.ui.train.page import TrainPage

_HELP = "resnet_gui.ui.window.help"  # imported once the window is up
_LIBRARY = "resnet_gui.ui.library.view"
_SMALLEST = (480, 360)  # pixels; a page that needs more is scrolled


class MainWindow(QMainWindow):
    """One window with the pages of `pages.PAGES`.

    Attributes:
        memory: what will be remembered; changes are saved soon after they happen.
        pages: all pages, by name or class. page, controller: the Classify page and its state
            machine; the others likewise, built when they are first asked for.

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
        self.setMinimumSize(*_SMALLEST)
        self._theme, self._remembered_theme = theme, settings.theme
        self._may_close = self._closing = self._quit_confirmed = False
        self._question = QuitQuestion(self)
        self._question.confirmed.connect(self.close_unasked)
        io = lanes.io
        self.memory = Memory(settings, io, self)
        self.store = ModelStore(engine, io, self)
        self.downloads = Downloads(engine.download, io, self)
        self.imports = Imports(engine.import_weights, io, self)
        self.settings = SettingsWindow(io, self.downloads, self.memory, self)
        self.filer = Filer(io, self)
        self.corrector = Corrector(io, self.filer, self)
        self.memory.at_close(self.corrector.store_now)
        context = PageContext(
            engine,
            lanes,
            self.store,
            self.downloads,
            self.imports,
            self.memory,
            theme,
            samples,
            self.filer,
            self.corrector,
        )
        self.pages = Pages(context)
        self.page = self.pages.of(ClassifyPage)
        self.controller = self.page.controller
        self.overlay = DropOverlay(self.pages)
        self.rail = NavRail()
        self._build_middle()
        self._build_menus()
        self.status_line = StatusLine(self.statusBar(), self.controller)
        self.wiring = Wiring(self.store, self.pages, self.settings)
        self.coming_back = ComingBack(self.store, self)
        self.projector = Projector(self, (self.rail, self.menuBar(), self.statusBar()))
        self.pages.when_built("lab", self._connect_projector)
        self.announcements = Announcements(self.pages)
        self.training_notices = TrainingNotices(self.pages, self.announcements, self)
        self.memory.due.connect(self.save_now)
        self.memory.failed.connect(self._on_not_saved)
        self.settings.changed.connect(self.filer.look)  # notes of sortings can be cleared there
        restore_shape(self, self.page.splitter, settings.window, settings.splitter)
        self._theme.choose(settings.theme)

    def start(self, paths: list[Path]) -> None:
        """Choose the model and open the command line's paths. Call after the window is shown."""
        settings = self.memory.settings
        self.pages.current.shown()
        self.controller.start(settings.model, settings.device)
        self.pages.when_built("train", self._look_for_runs)
        self.filer.look()
        if paths:
            self.controller.open_paths(paths)
        self.pages.all_built.connect(self.settings.prepare)
        self.pages.build_rest_soon([_LIBRARY, self.settings.module, _HELP])

    def _look_for_runs(self) -> None:
        self.train_controller.earlier.refresh()

    def _connect_projector(self) -> None:
        self.lab_page.projector_toggled.connect(self.projector.switch)

    # --- the other pages, and what is built when it is wanted ---------------------------------

    @property
    def train_page(self) -> TrainPage:
        from resnet_gui.ui.train.page import TrainPage

        return self.pages.of(TrainPage)

    @property
    def train_controller(self) -> TrainController:
        return self.train_page.controller

    @property
    def models_page(self) -> ModelsPage:
        from resnet_gui.ui.models.page import ModelsPage

        return self.pages.of(ModelsPage)

    @property
    def models_controller(self) -> ModelsController:
        return self.models_page.controller

    @property
    def lab_page(self) -> LabPage:
        from resnet_gui.ui.lab.page import LabPage

        return self.pages.of(LabPage)

    @property
    def lab_controller(self) -> LabController:
        return self.lab_page.controller

    @property
    def settings_dialog(self) -> SettingsDialog:
        return self.settings.dialog

    @Slot(object)
    def come_to_front(self, paths: list[Path]) -> None:
        """Somebody started the program again, perhaps with files: show that it is here."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.raise_()
        self.activateWindow()
        QApplication.alert(self)  # where the system lets nobody take the front, it says so
        if paths:
            self.show_page("classify")
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
            self.rail.add(entry.name, entry.title, entry.icon, tip)
            self.pages.when_built(entry.name, partial(self._mark_when_busy, entry.name))
        self.rail.show_page(self.pages.entries[0].name)
        self.rail.chosen.connect(self.pages.show_page)
        self.pages.page_shown.connect(self.rail.show_page)
        self.pages.page_shown.connect(self._on_page_shown)

    @Slot(str)
    def _on_page_shown(self, name: str) -> None:
        """The keys for a page lead into it, also from a button of the rail, which is where Qt puts
        the focus whenever what had it was hidden."""
        focus = self.focusWidget()
        if focus in self.rail.buttons.values() and focus is not self.rail.buttons[name]:
            self.pages.current.setFocus()
            self.pages.current.focusNextChild()

    def _mark_when_busy(self, name: str) -> None:
        self.pages[name].busy_changed.connect(self.rail.buttons[name].set_marked)
        if name == "train":
            self.pages[name].busy_changed.connect(self._question.training_changed)

    def _build_menus(self) -> None:
        keys = QKeySequence.StandardKey
        self.menus = menus = Menus(self.menuBar(), self.pages)
        self.theme_menu = ThemeMenu("&Theme", self.memory.settings.theme, self)
        self.theme_menu.chosen.connect(self._on_theme_chosen)
        self.settings.theme_tried.connect(self._show_theme)
        self.memory.changed.connect(self._on_remembered)
        pages = [
            self._action(entry.title, f"Ctrl+{number}", self.rail.buttons[entry.name].click)
            for number, entry in enumerate(self.pages.entries, 1)
        ]
        paste = self._action("&Paste", keys.Paste, self.paste)
        settings = self._action("Se&ttings…", "Ctrl+,", self.settings.open)
        quit_ = self._action("&Quit", keys.Quit, self.close)
        help_ = self._action("&Keyboard and mouse", keys.HelpContents, self.show_keys)
        about = self._action("&About ResNet GUI", (), self.show_about)
        menus.add("File", quit_)
        menus.add("Edit", paste, first=True)
        menus.add("Edit", settings)
        menus.add("View", *pages, first=True)
        menus.add("View", self.theme_menu.menuAction())
        menus.add("Help", help_, about)
        menus.refresh()
        self._general = (*pages, paste, settings, help_, quit_)

    def _action(self, text: str, keys: Keys, slot: Callable[[], object]) -> QAction:
        """One of the window's own: it can be done on every page."""
        action = QAction(text, self)
        set_keys(action, keys)
        action.triggered.connect(slot)
        return action

    # --- what the person does ---------------------------------------------------------------

    @Slot(str)
    def show_page(self, name: str) -> None:
        """Bring a page to the front."""
        self.pages.show_page(name)

    @Slot()
    def paste(self) -> None:
        """What is on the clipboard goes to the page in front, as if it were dropped there."""
        self.pages.current.paste(clipboard_mime())

    @Slot()
    def show_keys(self) -> None:
        from resnet_gui.ui.window.help import HelpBox, keys_of, keys_text, plain_name

        general = [(keys_of(action), plain_name(action)) for action in self._general]
        HelpBox(self, "Keyboard and mouse", keys_text(general, self.pages)).show()

    @Slot()
    def show_about(self) -> None:
        from resnet_gui.ui.window.help import HelpBox, about_text

        HelpBox(self, "About ResNet GUI", about_text()).show()

    @Slot(str)
    def _on_theme_chosen(self, theme: str) -> None:
        self.memory.change(theme=theme)

    @Slot()
    def _on_remembered(self) -> None:
        theme = self.memory.settings.theme
        if theme != self._remembered_theme:  # else the settings' window may be trying another
            self._remembered_theme = theme
            self.theme_menu.show_theme(theme)
            self._show_theme(theme)

    @Slot(str)
    def _show_theme(self, theme: str) -> None:
        if theme != self._theme.choice:
            self._theme.choose(theme)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return presses the button that has the focus, as it does in a dialog."""
        button = self.focusWidget()
        is_return = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_return and isinstance(button, QAbstractButton) and not event.isAutoRepeat():
            button.click()  # nothing where it is disabled
        else:
            super().keyPressEvent(event)

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
        self.pages.current.notices.add(text, "warning")

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

    @property
    def _training(self) -> bool:
        return "train" in self.pages.built and self.train_controller.running

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
            return
        event.ignore()
        if self._closing:
            return  # the lanes have been asked already; a second click changes nothing
        if self._training and not self._quit_confirmed:
            self._question.ask()
            return
        self._closing = True
        self.pages.stop_building()
        self._keep_shape()
        self.status_line.text.setText("Stopping…")
        self.setEnabled(False)
        self.close_requested.emit()
