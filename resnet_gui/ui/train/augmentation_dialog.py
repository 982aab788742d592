"""What the network will really see: photos as the chosen augmentation varies them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.widgets.images import to_qimage
from resnet_gui.ui.widgets.plain_text import PlainLabel
from resnet_gui.ui.widgets.screen_room import fit_to_screen

_SIDE = 120
_VARIANTS = 3


class AugmentationDialog(QDialog):
    """A grid: one column per photo, one row per variant."""

    def __init__(self, training: JobLane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("What the network will see")
        self._training = training
        self._job: Job | None = None
        self._columns: dict[str, int] = {}
        text = PlainLabel(
            "Each photo in three variants, cropped and varied as in training. At every epoch the "
            "network sees another one."
        )
        text.setWordWrap(True)
        self._grid = QGridLayout()
        self._grid.setSpacing(8)
        pictures = QWidget()
        pictures.setLayout(self._grid)
        scroll = self._scroll = QScrollArea()  # six columns are wider than a small screen
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setProperty("kind", "bare")
        scroll.setWidget(pictures)
        scroll.setAccessibleName("Photos as the network would see them")
        self._cells: dict[tuple[int, int], PlainLabel] = {}
        self.status = PlainLabel()
        self.status.setProperty("kind", "muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.addWidget(text)
        column.addWidget(scroll, 1)
        column.addWidget(self.status)
        column.addWidget(buttons)

    def fill(self, start: Callable[[], Iterator[Any]], photos: int) -> None:
        """Make the pictures in the training lane (they draw from its random numbers)."""
        for column in range(photos):
            for row in range(_VARIANTS):
                cell = PlainLabel()
                cell.setFixedSize(_SIDE, _SIDE)
                cell.setAlignment(Qt.AlignmentFlag.AlignCenter)
                self._grid.addWidget(cell, row, column)
                self._cells[row, column] = cell
        grid, rest = self._grid.sizeHint(), self.sizeHint() - self._scroll.sizeHint()
        fit_to_screen(self, max(360, grid.width() + 60), grid.height() + rest.height() + 20)
        self.status.setText("Making the pictures…")
        self._job = job = self._training.submit(start, Priority.INTERACTIVE)
        job.progressed.connect(self._on_progressed)
        job.failed.connect(self._on_failed)
        job.finished.connect(self._on_finished)

    def done(self, result: int) -> None:
        if self._job is not None:
            self._job.let_go()
        super().done(result)

    @Slot(object)
    def _on_progressed(self, events: list[Any]) -> None:
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

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.status.setText(str(error))

    @Slot(object)
    def _on_finished(self, _: object) -> None:
        self.status.clear()
