"""What the network will really see: photos as the chosen augmentation varies them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QVBoxLayout, QWidget

from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.widgets.images import to_qimage
from resnet_gui.ui.widgets.plain_text import PlainLabel

_SIDE = 120
_VARIANTS = 3


class AugmentationDialog(QDialog):
    """A grid: one column per photo, one row per variant."""

    def __init__(self, training: JobLane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("What the network will see")
        self._training = training
        self._job = 0
        self._columns: dict[str, int] = {}
        text = PlainLabel(
            "Each photo in three variants, cropped and varied as in training. At every epoch the "
            "network sees another one."
        )
        text.setWordWrap(True)
        self._grid = QGridLayout()
        self._grid.setSpacing(8)
        self._cells: dict[tuple[int, int], PlainLabel] = {}
        self.status = PlainLabel()
        self.status.setProperty("kind", "muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.addWidget(text)
        column.addLayout(self._grid)
        column.addWidget(self.status)
        column.addWidget(buttons)
        training.progressed.connect(self._on_progressed)
        training.failed.connect(self._on_failed)
        training.finished.connect(self._on_finished)

    def fill(self, start: Callable[[], Iterator[Any]], photos: int) -> None:
        """Make the pictures in the training lane (they draw from its random numbers)."""
        for column in range(photos):
            for row in range(_VARIANTS):
                cell = PlainLabel()
                cell.setFixedSize(_SIDE, _SIDE)
                cell.setAlignment(Qt.AlignmentFlag.AlignCenter)
                self._grid.addWidget(cell, row, column)
                self._cells[row, column] = cell
        self.status.setText("Making the pictures…")
        self._job = self._training.submit(start, Priority.INTERACTIVE)

    def done(self, result: int) -> None:
        self._training.cancel(self._job)
        super().done(result)

    @Slot(object, object)
    def _on_progressed(self, job_id: int, events: list[Any]) -> None:
        if job_id != self._job:
            return
        for event in events:
            column = self._columns.setdefault(event.path, len(self._columns))
            cell = self._cells.get((event.variant, column))
            if cell is not None:
                pixmap = QPixmap.fromImage(to_qimage(event.image)).scaled(
                    _SIDE,
                    _SIDE,
                    Qt.AspectRatioMode.KeepAspectRatio,
                    Qt.TransformationMode.SmoothTransformation,
                )
                cell.setPixmap(pixmap)

    @Slot(object, object)
    def _on_failed(self, job_id: int, error: Exception) -> None:
        if job_id == self._job:
            self.status.setText(str(error))

    @Slot(object, object)
    def _on_finished(self, job_id: int, _: object) -> None:
        if job_id == self._job:
            self.status.clear()
