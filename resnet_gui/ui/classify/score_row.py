"""One line of an answer: its class and percentage above a bar."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from resnet_gui.core.events import ClassScore
from resnet_gui.ui.widgets.answer import percent
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.plain_text import set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours

_HIGHEST, _LOWEST = 42, 25
_BAR, _THIN_BAR = 8, 3


class ScoreRow(QWidget):
    """As high as there is room, within limits.

    Signals:
        menu_requested(object, QPoint): the ClassScore, and where on the screen.
        chosen(object): the ClassScore; by a click, Space or Enter.
    """

    menu_requested = Signal(object, QPoint)
    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(_LOWEST)
        self.setMaximumHeight(_HIGHEST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._score: ClassScore | None = None
        self._first = self._old = self._marked = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(200, _HIGHEST)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, _LOWEST)

    def set_score(self, score: ClassScore | None, *, first: bool, old: bool) -> None:
        """old: a new answer is waited for."""
        self._score, self._first, self._old = score, first, old
        self.setVisible(score is not None)
        if score is not None:
            text = f"{class_words(score.label)}, {percent(score.probability)}"
            self.setAccessibleName(text)
            tip = f"{text}\nclass {score.index}\nClick: see where the model looked for it"
            set_tooltip(self, tip)
        self.update()

    @property
    def score(self) -> ClassScore | None:
        return self._score

    def set_marked(self, marked: bool) -> None:
        """Whether this is the class that is explained."""
        if marked != self._marked:
            self._marked = marked
            self.setAccessibleDescription("Shown on the photo" if marked else "")
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        inside = self.rect().contains(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and inside and self._score is not None:
            self.chosen.emit(self._score)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() in keys and self._score is not None:
            self.chosen.emit(self._score)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._score is not None:
            self.menu_requested.emit(self._score, event.globalPos())

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._score is None:
            return
        colours = theme_colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus():
            ring = QPainterPath()
            ring.addRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)
            painter.strokePath(ring, QPen(QColor(colours.accent), 2))
        font = painter.font()
        font.setBold(self._first)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        share = percent(self._score.probability)
        share_width = metrics.horizontalAdvance("100.0%") + 4
        bar_height = _BAR if self.height() >= _HIGHEST - 4 else _THIN_BAR
        gap = 5 if bar_height == _BAR else 2
        height = metrics.height() + gap + bar_height
        line = QRectF(0, (self.height() - height) / 2, self.width(), metrics.height())
        painter.setPen(QColor(colours.muted if self._old else colours.text))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, share)
        room = self.width() - share_width - 8
        if self._marked:
            side = min(16.0, line.height())
            eye = QRectF(line.right() - share_width - side, 0, side, side)
            eye.moveCenter(QPointF(eye.center().x(), line.center().y()))
            draw_icon(painter, "eye", eye, colours.accent)
            room -= side
        label = metrics.elidedText(
            class_words(self._score.label), Qt.TextElideMode.ElideRight, room
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, label)
        full = colours.muted if self._old else colours.accent
        for width, colour in (
            (float(self.width()), colours.track),
            (self.width() * self._score.probability, full),
        ):
            bar = QPainterPath()
            radius = bar_height / 2
            area = QRectF(0, line.bottom() + gap, max(width, 2.0), bar_height)
            bar.addRoundedRect(area, radius, radius)
            painter.fillPath(bar, QColor(colour))
