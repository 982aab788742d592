"""Looks for runs that others made (the command line, another window) when a person comes back."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Slot
from PySide6.QtWidgets import QWidget

from resnet_gui.ui.train.controller import TrainController, TrainState

_COMES = (QEvent.Type.Show, QEvent.Type.WindowActivate)
_NEXT = (TrainState.EMPTY, TrainState.READY)  # the next run is thought of, or the last ones


class RunsWatch(QObject):
    """Asks for the list of runs when the page comes to the front, its window does, or a folder is
    opened: the name that the next run gets, and what it would repeat, depend on them."""

    def __init__(self, controller: TrainController, page: QWidget) -> None:
        super().__init__(page)
        self._controller = controller
        page.installEventFilter(self)
        controller.dataset_changed.connect(self._look)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _COMES and self._controller.state in (
            TrainState.EMPTY,
            TrainState.READY,
        ):
            self._look()
        return super().eventFilter(watched, event)

    @Slot()
    def _look(self) -> None:
        self._controller.earlier.look()
