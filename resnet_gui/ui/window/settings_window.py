"""The settings' window, built when it is first wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.memory import Memory

if TYPE_CHECKING:
    from resnet_gui.ui.settings.controller import SettingsController
    from resnet_gui.ui.settings.dialog import SettingsDialog


class SettingsWindow(QObject):
    """Opens the settings.

    Attributes:
        module: what is imported for it.

    Signals:
        changed(): settings were saved, or something was cleared: the models may be others now.
        theme_tried(str): the theme that the form says, to be looked at; when it is closed, the one
            that is remembered.
    """

    changed = Signal()
    theme_tried = Signal(str)
    module = "resnet_gui.ui.settings.dialog"

    def __init__(self, io: JobLane, downloads: Downloads, memory: Memory, parent: QWidget) -> None:
        super().__init__(parent)
        self._io, self._downloads, self._memory, self._parent = io, downloads, memory, parent
        self._controller: SettingsController | None = None
        self._dialog: SettingsDialog | None = None
        self._tried = memory.settings.theme

    @property
    def dialog(self) -> SettingsDialog:
        """Builds it, too."""
        if self._dialog is None:
            from resnet_gui.ui.settings.dialog import SettingsDialog
            from resnet_gui.ui.settings.kept import KeptController

            kept = KeptController(self._io, self)
            kept.cleared.connect(self.changed)
            self._dialog = SettingsDialog(self._its_controller(), kept, self._parent)
            self._dialog.finished.connect(self._on_closed)
        return self._dialog

    @Slot()
    def prepare(self) -> None:
        """Read the settings, so that they are known when the window is opened."""
        self._its_controller().look()

    def _its_controller(self) -> SettingsController:
        if self._controller is None:
            from resnet_gui.ui.settings.controller import SettingsController

            self._controller = SettingsController(self._io, self._downloads, self._memory, self)
            self._controller.saved.connect(self.changed)
            self._controller.changed.connect(self._on_form_changed)
        return self._controller

    @Slot()
    def open(self) -> None:
        """Show what is in force now; a draft that was left open stays."""
        self.dialog.open_fresh()

    @Slot()
    def open_network(self) -> None:
        """As `open`, at what mends a download."""
        self.open()
        self.dialog.show_network()

    @Slot()
    def _on_form_changed(self) -> None:
        theme = self._its_controller().wishes["theme"]
        if self._dialog is not None and self._dialog.isVisible() and theme != self._tried:
            self._tried = theme
            self.theme_tried.emit(theme)

    @Slot()
    def _on_closed(self) -> None:
        self._tried = self._memory.settings.theme
        self.theme_tried.emit(self._tried)
