"""The line at the window's lower edge: what goes on, model, device, time."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QStatusBar

from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel
from resnet_gui.ui.widgets.spoken import announce
from resnet_gui.ui.widgets.status import Status

PASSING_MS = 6000


class StatusLine(QObject):
    """Says what the Classify page is doing.

    Attributes:
        text, model, device, time: its labels.
    """

    def __init__(self, bar: QStatusBar, controller: ClassifyController) -> None:
        super().__init__(bar)
        self._controller = controller
        self._lasting = Status()
        self._passed = QTimer(self)
        self._passed.setSingleShot(True)
        self._passed.setInterval(PASSING_MS)
        self._passed.timeout.connect(self._on_passed)
        bar.setSizeGripEnabled(False)
        self.text, self.model = ElidedLabel(), ElidedLabel()
        self.device, self.time = PlainLabel(), PlainLabel()
        bar.addWidget(self.text, 1)
        for label in (self.model, self.device, self.time):
            bar.addPermanentWidget(label)
        controller.status_changed.connect(self._on_status_changed)
        controller.model_changed.connect(self._on_model_changed)
        controller.store.changed.connect(self._on_model_changed)  # it may have a new title

    @Slot(object)
    def _on_status_changed(self, status: Status) -> None:
        if status.passing:
            self._passed.start()
            announce(self.text, status.text)
        else:
            self._passed.stop()
            self._lasting = status
        self.text.setText(status.text)
        self.device.setText(status.device)
        self.time.setText(status.milliseconds)

    @Slot()
    def _on_passed(self) -> None:
        self._on_status_changed(self._lasting)

    @Slot()
    def _on_model_changed(self) -> None:
        entry = self._controller.entry
        nothing = "no model" if self._controller.store.inventory is not None else ""
        self.model.setText(entry.spec.title if entry else nothing)
