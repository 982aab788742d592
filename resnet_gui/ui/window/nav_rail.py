"""The rail on the left: one button per page."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.plain_text import set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours

_BUTTON = QSize(68, 64)
_LOWEST = 52  # pixels, where the window is low
_INSIDE = 42  # pixels that icon and word take


class NavButton(QAbstractButton):
    """An icon above a word; filled while its page is shown.

    Attributes:
        marked: whether it has a dot.
    """

    def __init__(self, text: str, icon_name: str) -> None:
        super().__init__()
        self.setText(text)
        self.setAccessibleName(f"Page {text}")
        self.setCheckable(True)
        self.setFixedWidth(_BUTTON.width())
        self.setMinimumHeight(_LOWEST)
        self.setMaximumHeight(_BUTTON.height())
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._icon_name = icon_name
        self.marked = False

    def sizeHint(self) -> QSize:
        return _BUTTON

    @Slot(bool)
    def set_marked(self, marked: bool) -> None:
        """Show a dot: something is going on on that page."""
        self.marked = marked
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme_colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(6, 3, -6, -3)
        if self.isChecked() or self.underMouse() or self.hasFocus():
            ground = QPainterPath()
            ground.addRoundedRect(area, 8, 8)
            fill = colours.accent_ground if self.isChecked() else colours.track
            painter.fillPath(ground, QColor(fill))
            if self.hasFocus():
                painter.setPen(QPen(QColor(colours.accent), 2))
                painter.drawPath(ground)
        colour = colours.accent if self.isChecked() else colours.muted
        mark = QRectF(area.center().x() - 11, area.top() + (area.height() - _INSIDE) / 2, 22, 22)
        draw_icon(painter, self._icon_name, mark, colour)
        if self.marked:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent))
            painter.drawEllipse(QRectF(mark.right() + 1, mark.top() - 2, 7, 7))
        font = painter.font()
        font.setBold(self.isChecked())
        font.setPointSizeF(font.pointSizeF() * 0.92)
        painter.setFont(font)
        painter.setPen(QColor(colours.accent if self.isChecked() else colours.text))
        line = QRectF(area.left(), mark.bottom() + 2, area.width(), 18)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, self.text())


class NavRail(QWidget):
    """Buttons from top to bottom, exactly one of them checked.

    Attributes:
        buttons: by name of the page.

    Signals:
        chosen(str): name of the page.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(_BUTTON.width())
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 6, 0, 6)
        self._column.setSpacing(2)
        self._column.addStretch()
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._on_clicked)
        self.buttons: dict[str, NavButton] = {}

    def add(self, name: str, text: str, icon_name: str, tip: str) -> NavButton:
        """Add a button below the others."""
        button = self.buttons[name] = NavButton(text, icon_name)
        button.setObjectName(name)
        self._group.addButton(button)
        self._column.insertWidget(self._column.count() - 1, button)
        set_tooltip(button, tip)
        return button

    @Slot(str)
    def show_page(self, name: str) -> None:
        self.buttons[name].setChecked(True)
        for button in self.buttons.values():  # Tab comes to the page's own; arrows go on from there
            tab = button.isChecked()
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus if tab else Qt.FocusPolicy.NoFocus)

    @Slot(QAbstractButton)
    def _on_clicked(self, button: QAbstractButton) -> None:
        self.chosen.emit(button.objectName())
