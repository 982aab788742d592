"""What is painted over the window while photos are dragged across it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.theme import theme_colours


class DropOverlay(QWidget):
    """Covers its parent and says that letting go here works. Mouse events pass through it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._text = ""
        self.hide()
        parent.installEventFilter(self)

    def appear(self, text: str) -> None:
        """Cover the parent and say what letting go here does."""
        self._text = text
        parent = self.parentWidget()
        assert parent is not None
        self.setGeometry(parent.rect())
        self.raise_()
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        parent = self.parentWidget()
        if event.type() == QEvent.Type.Resize and parent is not None and watched is parent:
            self.setGeometry(parent.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme_colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QColor(colours.accent_ground)
        ground.setAlpha(225)
        painter.fillRect(self.rect(), ground)
        painter.setPen(QPen(QColor(colours.accent), 3, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(14, 14, -14, -14), 14, 14)
        centre = QRectF(self.rect()).center()
        draw_icon(painter, "drop", QRectF(centre.x() - 28, centre.y() - 56, 56, 56), colours.accent)
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 1.4)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(colours.accent))
        line = QRectF(0, centre.y() + 8, self.width(), 40)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, self._text)
