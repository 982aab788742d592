"""The training photos that a model finds most like the photo, side by side."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.events import ImageSource
from resnet_gui.core.explain.events import Neighbour, NeighboursFound, NeighboursUnknown
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.classify.why import Why
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import ElidedLabel, action_text, set_tooltip
from resnet_gui.ui.widgets.progress_bar import ProgressBar
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.thumbnails import Thumbnails

_PICTURE = 64  # points
_WIDTH = 92


class NeighbourRow(QWidget):
    """As many of them as there is room for, or why there are none.

    Attributes:
        photos: a button for each; those that there is room for are visible.

    Signals:
        open_requested(str path): one was clicked.
    """

    open_requested = Signal(object)

    def __init__(self, why: Why, io: JobLane) -> None:
        super().__init__()
        self._why, self._low = why, False
        self._shown: NeighboursFound | NeighboursUnknown | None = None
        self.photos: list[_NeighbourButton] = []
        self._thumbnails = Thumbnails(io, 2 * _PICTURE, self)
        self._thumbnails.made.connect(self._on_made)
        self.text = ElidedLabel()
        self.text.setProperty("kind", "muted")
        self.compute = QPushButton("Compare with them")
        self.compute.setProperty("kind", "plain")
        set_tooltip(
            self.compute,
            "Find the training photos that this one is most like. The first time all of them have "
            "to be read.",
        )
        self.compute.clicked.connect(why.compute_neighbours)
        self.progress = ProgressBar("How far the comparison with training photos is")
        self.progress.setMaximumWidth(120)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.text, 1)
        head.addWidget(self.progress)
        head.addWidget(self.compute)
        self._pictures = QHBoxLayout()
        self._pictures.setSpacing(4)
        self._pictures.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addLayout(self._pictures)
        why.changed.connect(self.refresh)

    def minimumSizeHint(self) -> QSize:
        """Narrower than what it shows: it then shows less."""
        return QSize(120, super().minimumSizeHint().height())

    def set_low(self, low: bool) -> None:
        """Whether there is no room for pictures."""
        self._low = low
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what is known now."""
        why = self._why
        some = (why.neighbours or why.neighbour_progress) is not None
        self.setVisible(why.open and some and not self._low)
        progress, found = why.neighbour_progress, why.neighbours
        self.progress.setVisible(progress is not None)
        if progress is not None:
            self.progress.show_progress(progress.done, progress.total)
            known = progress.total > 0
            self.text.setText(
                f"Comparing with its {progress.total:,} training photos…"
                if known
                else "Looking for its training photos…"
            )
        elif found is not None:
            self.text.setText(_sentence(found))
        can = progress is None and isinstance(found, NeighboursUnknown) and found.photos > 0
        self.compute.setVisible(can)
        if isinstance(found, NeighboursUnknown) and can:
            set_tooltip(
                self.compute,
                f"Look at the {found.photos:,} training photos once; what is found is kept",
            )
        if found is not self._shown:
            self._shown = found
            self._show(found.neighbours if isinstance(found, NeighboursFound) else ())

    def _show(self, neighbours: tuple[Neighbour, ...]) -> None:
        for button in self.photos:
            self._pictures.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.photos = [_NeighbourButton(item) for item in neighbours]
        for number, button in enumerate(self.photos):
            self._pictures.insertWidget(number, button)
            button.clicked.connect(self._on_clicked)
            button.show_picture(self._thumbnails)
        self._fit()

    def _fit(self) -> None:
        room = max(1, (self.width() + 4) // (_WIDTH + 4))
        for number, button in enumerate(self.photos):
            button.setVisible(number < room)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @Slot(object)
    def _on_made(self, photo: object) -> None:
        for button in self.photos:
            if button.source.id == photo:
                button.show_picture(self._thumbnails)

    @Slot()
    def _on_clicked(self) -> None:
        sender = self.sender()
        if isinstance(sender, _NeighbourButton):
            self.open_requested.emit(sender.source.name)


class _NeighbourButton(QToolButton):
    """One training photo with its class and how near it is."""

    def __init__(self, neighbour: Neighbour) -> None:
        super().__init__()
        self.source = ImageSource.file(neighbour.path)
        label = class_words(neighbour.label)
        near = f"{neighbour.similarity:.2f}"
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setIconSize(QSize(_PICTURE, _PICTURE))
        self.setFixedWidth(_WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        room = _WIDTH - 8 - self.fontMetrics().horizontalAdvance(f" {near}")
        name = self.fontMetrics().elidedText(label, Qt.TextElideMode.ElideRight, max(room, 24))
        self.setText("this photo" if neighbour.same else action_text(f"{name} {near}"))
        said = "the photo itself" if neighbour.same else f"similarity {neighbour.similarity:.2f}"
        self.setAccessibleName(f"{label}, {said}, {Path(neighbour.path).name}")
        set_tooltip(
            self,
            f"{label}: {said} (1 is the same)\n{neighbour.path}\nClick: open it in another program",
        )

    def show_picture(self, thumbnails: Thumbnails) -> None:
        """The photo, once it was read; a frame until then."""
        image = thumbnails.get(self.source)
        side = 2 * _PICTURE
        picture = QPixmap(side, side)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        frame = QPainterPath()
        frame.addRoundedRect(QRectF(0, 0, side, side), 10, 10)
        if image is None:
            painter.fillPath(frame, QColor(theme_colours().track))
        else:
            painter.setClipPath(frame)
            short = min(image.width(), image.height())
            part = QRectF((image.width() - short) / 2, (image.height() - short) / 2, short, short)
            painter.drawImage(QRectF(0, 0, side, side), image, part)
        painter.end()
        picture.setDevicePixelRatio(2)
        self.setIcon(QIcon(picture))


def _sentence(found: NeighboursFound | NeighboursUnknown) -> str:
    if isinstance(found, NeighboursUnknown):
        return found.reason
    text = f"What it finds most alike of {found.of:,} training photos (1: the same)"
    if found.missing:
        text += f"; {found.missing:,} more are gone or unknown"
    return text
