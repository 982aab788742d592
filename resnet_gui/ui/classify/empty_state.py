"""The page before the first photo: one large drop area with everything one can do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QImageReader, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours

_SAMPLE_SIZE = QSize(132, 88)


class _DropMark(QWidget):
    """The icon in the middle, in the theme's colour."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(64, 64)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_icon(QPainter(self), "photo", QRectF(0, 0, 64, 64), theme_colours().accent)


class _SampleButton(QToolButton):
    """A sample photo; `chosen` carries its path."""

    chosen = Signal(object)

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self.setIcon(_small_icon(path))
        self.setIconSize(_SAMPLE_SIZE)
        self.setAutoRaise(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        set_tooltip(self, f"Classify {path.name}")
        self.setAccessibleName(f"Sample photo {path.stem}")
        self.clicked.connect(self._on_clicked)

    @Slot()
    def _on_clicked(self) -> None:
        self.chosen.emit(self._path)


class EmptyState(QWidget):
    """Hint, buttons, shortcuts and sample photos.

    Signals:
        open_requested(), folder_requested(), paste_requested().
        sample_chosen(object): path of a sample photo.
    """

    open_requested = Signal()
    folder_requested = Signal()
    paste_requested = Signal()
    sample_chosen = Signal(object)

    def __init__(self, samples: Sequence[Path], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Drop area")
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 24, 32, 24)
        column.setSpacing(10)
        column.addStretch(3)
        column.addWidget(_DropMark(), alignment=Qt.AlignmentFlag.AlignHCenter)
        title = PlainLabel("Drop a photo here to see what it is")
        embolden(title, 1.7)
        title.setWordWrap(True)
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(title)
        hint = PlainLabel("Several photos or whole folders work too. Nothing leaves this computer.")
        hint.setProperty("kind", "muted")
        column.addWidget(hint, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(8)
        column.addLayout(self._buttons())
        keys = PlainLabel("Ctrl+O opens photos  ·  Ctrl+Shift+O a folder  ·  Ctrl+V pastes")
        keys.setProperty("kind", "muted")
        column.addWidget(keys, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        self.sample_buttons: list[QToolButton] = []
        if samples:
            caption = PlainLabel("Or try a sample photo")
            caption.setProperty("kind", "muted")
            column.addWidget(caption, alignment=Qt.AlignmentFlag.AlignHCenter)
            column.addLayout(self._samples(samples))
        column.addStretch(1)

    def minimumSizeHint(self) -> QSize:
        """Behind the photos it asks for no room: they would be scrolled for its sake."""
        return QSize() if self.isHidden() else super().minimumSizeHint()

    def heightForWidth(self, width: int) -> int:
        return -1 if self.isHidden() else super().heightForWidth(width)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch()
        for text, shortcut, signal, primary in (
            ("Open photos…", "Ctrl+O", self.open_requested, True),
            ("Open folder…", "Ctrl+Shift+O", self.folder_requested, False),
            ("Paste", "Ctrl+V", self.paste_requested, False),
        ):
            button = QPushButton(text)
            set_tooltip(button, shortcut)
            if primary:
                button.setProperty("kind", "primary")
            button.clicked.connect(signal)
            row.addWidget(button)
        row.addStretch()
        return row

    def _samples(self, samples: Sequence[Path]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addStretch()
        for path in samples:
            button = _SampleButton(path)
            button.chosen.connect(self.sample_chosen)
            self.sample_buttons.append(button)
            row.addWidget(button)
        row.addStretch()
        return row

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme_colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(colours.surface))
        painter.setPen(QPen(QColor(colours.muted), 1.6, Qt.PenStyle.CustomDashLine))
        pen = painter.pen()
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), 14, 14)


def _small_icon(path: Path) -> QIcon:
    """The photo, cropped to the button; decoded small (1 ms), as three of them come at start."""
    reader = QImageReader(str(path))
    size = reader.size().scaled(_SAMPLE_SIZE * 2, Qt.AspectRatioMode.KeepAspectRatioByExpanding)
    reader.setScaledSize(size)
    pixmap = QPixmap.fromImage(reader.read())
    offset = (pixmap.size() - _SAMPLE_SIZE * 2) / 2
    cropped = pixmap.copy(
        offset.width(), offset.height(), _SAMPLE_SIZE.width() * 2, _SAMPLE_SIZE.height() * 2
    )
    cropped.setDevicePixelRatio(2)
    return QIcon(cropped)
