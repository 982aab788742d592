"""What is looked at again when a person comes back from another program."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QGuiApplication

from resnet_gui.ui.model_store import ModelStore


class ComingBack(QObject):
    """Another window of the program, or a file manager, may have added or removed models meanwhile.

    Going from one of the program's own windows to another, a dialog for example, is not coming
    back: Qt calls the application active all the while.
    """

    def __init__(self, store: ModelStore, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.applicationStateChanged.connect(self._on_state_changed)

    @Slot(Qt.ApplicationState)
    def _on_state_changed(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive:
            self._store.look_for_changes()
