"""A combo box in the theme's colours that shows its whole text.

A style sheet alone takes the arrow away, and the style's own list of choices paints the row under
the pointer in the list's own colours.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Slot,
)
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QComboBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionComboBox,
    QStyleOptionViewItem,
    QStylePainter,
    QWidget,
)

from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.plain_text import one_line, show_tooltip, widest
from resnet_gui.ui.widgets.theme import theme_colours

_Index = QModelIndex | QPersistentModelIndex
_MARK = 26  # pixels left of a row's text, for the sign of the chosen one
_ROW_SPACE = 10  # pixels that a row is higher than its text
_FRAME = 54  # pixels of a closed box beside its text: padding and arrow
_WIDEST_HINT = 340  # pixels that a closed box asks for
_WIDEST_MINIMUM = 150  # pixels that it needs at least; a longer text is elided


class _RowDelegate(QStyledItemDelegate):
    """One choice: a tick before the chosen one, a ground under the one that Return would take."""

    def __init__(self, box: QComboBox) -> None:
        super().__init__(box)
        self._box = box

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        metrics = self._box.fontMetrics()
        width = metrics.horizontalAdvance(str(index.data() or ""))
        return QSize(_MARK + width + 16, metrics.height() + _ROW_SPACE)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        colours = theme_colours()
        under = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(option.rect, QColor(colours.accent if under else colours.raised))
        colour = QColor(colours.on_accent if under else colours.text)
        painter.setPen(colour)
        painter.setFont(self._box.font())
        row = QRectF(option.rect)
        painter.drawText(
            row.adjusted(_MARK, 0, -8, 0),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            painter.fontMetrics().elidedText(
                str(index.data() or ""), Qt.TextElideMode.ElideRight, int(row.width()) - _MARK - 8
            ),
        )
        if index.row() == self._box.currentIndex():
            painter.setPen(QPen(colour, 1.8))
            middle = row.center().y()
            painter.drawPolyline(
                QPolygonF(
                    [
                        QPointF(row.left() + x, middle + y)
                        for x, y in ((8, 0), (11.5, 3.5), (18, -4))
                    ]
                )
            )
        painter.restore()


class ComboBox(QComboBox):
    """QComboBox in the window's style: as wide as its longest choice, the chosen one ticked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(_RowDelegate(self))
        self.setMaxVisibleItems(14)
        # The policy by which Qt tells the layout that a choice has come.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._widest = -1  # pixels; below 0: not measured yet. Layouts ask for it again and again
        model = self.model()
        for signal in (
            model.rowsInserted,
            model.rowsRemoved,
            model.dataChanged,
            model.modelReset,
        ):
            signal.connect(self._forget_width)

    @Slot()
    def _forget_width(self) -> None:
        self._widest = -1

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._widest = -1

    def setAccessibleName(self, name: str) -> None:
        super().setAccessibleName(name)
        self._describe()

    def _describe(self) -> None:
        """On Linux Qt takes what is chosen for a combo box's name and asks nobody what is chosen
        there, so that is said where a screen reader finds what else there is to say."""
        if sys.platform == "linux" and self.accessibleName():
            said = (self.accessibleName(), self.toolTip())
            self.setAccessibleDescription(". ".join(filter(None, said)))

    def add_choice(self, text: str, data: object = None) -> None:
        """Add a name, as one line and not longer than a screen is wide."""
        self.addItem(one_line(text, 80), data)

    def sizeHint(self) -> QSize:
        return QSize(self._wanted_width(), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        width = min(self._wanted_width(), _WIDEST_MINIMUM)
        return QSize(width, super().minimumSizeHint().height())

    def _wanted_width(self) -> int:
        if self._widest < 0:
            metrics = self.fontMetrics()
            texts = (self.itemText(row) for row in range(self.count()))
            self._widest = int(widest(texts, metrics))
        return min(self._widest + _FRAME, _WIDEST_HINT)

    def showPopup(self) -> None:
        view = self.view()
        wanted = view.sizeHintForColumn(self.modelColumn()) + 2 * view.frameWidth()
        wanted += view.verticalScrollBar().sizeHint().width() if self._scrolls() else 0
        view.setMinimumWidth(max(wanted, self.width()))
        super().showPopup()

    def _scrolls(self) -> bool:
        return self.count() > self.maxVisibleItems()

    def event(self, event: QEvent) -> bool:
        """A text that does not fit stands in full in the tooltip."""
        if event.type() == QEvent.Type.ToolTipChange:
            self._describe()
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._cut():
            text = "\n".join(part for part in (self.currentText(), self.toolTip()) if part)
            show_tooltip(self, event.globalPos(), text)
            return True
        return super().event(event)

    def _cut(self) -> bool:
        return self.shown_text != self.currentText()

    @property
    def shown_text(self) -> str:
        """The chosen text as far as it fits."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        room = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self,
        )
        return self.fontMetrics().elidedText(
            self.currentText(), Qt.TextElideMode.ElideRight, room.width() - 2
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.shown_text
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        mark = QRectF(self.width() - 24, self.height() / 2 - 8, 16, 16)
        draw_icon(painter, "down", mark, theme_colours().muted)
