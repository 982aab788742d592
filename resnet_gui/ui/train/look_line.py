"""What is said between Start and the training, with a way back."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from resnet_gui.core.dataset.summary import ScanProgress
from resnet_gui.ui.train.controller import TrainController, TrainState
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip


class LookLine(QWidget):
    """Shown while the folder is looked at once more: of many photos that takes its time."""

    def __init__(self, controller: TrainController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.text = PlainLabel()
        self.text.setProperty("kind", "muted")
        self.text.setWordWrap(True)
        row.addWidget(self.text, 1)
        # Beside Start and not in its place: the second click of a double click would meet it.
        self.stop = QPushButton("Stop")
        self.stop.setProperty("kind", "plain")
        set_tooltip(self.stop, "Back to the settings. Nothing is trained.")
        self.stop.clicked.connect(controller.cancel_look)
        row.addWidget(self.stop, alignment=Qt.AlignmentFlag.AlignTop)
        self.hide()
        controller.state_changed.connect(self._on_state_changed)
        controller.scan_progressed.connect(self._on_progressed)

    @Slot()
    def _on_state_changed(self) -> None:
        self.text.setText("Looking whether the folder has changed…")
        self.setVisible(self._controller.state is TrainState.LOOKING)

    @Slot(object)
    def _on_progressed(self, progress: object) -> None:
        if isinstance(progress, ScanProgress):
            far = f"{progress.done:,} of {progress.total:,} photos"
            self.text.setText(f"The folder has changed. Looking through it: {far}")
