"""The Lab's legend and switches in one: a row per network with its line, name and final figures."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from resnet_gui.core.lab.histories import HistoryFound
from resnet_gui.core.lab.sentences import final_errors, percent, short_name
from resnet_gui.ui.lab.controller import LabController
from resnet_gui.ui.lab.style import line_colour, line_width
from resnet_gui.ui.widgets.check_box import CheckBox
from resnet_gui.ui.widgets.plain_text import PlainLabel, one_line, set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours

_NAME_WIDTH = 160


class NetworkRow(QWidget):
    """One network.

    Signals:
        toggled(str key, bool shown).
    """

    toggled = Signal(str, bool)

    def __init__(self, item: HistoryFound, shown: bool, curves: bool, scale: float) -> None:
        super().__init__()
        self.item, self._curves = item, curves
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(1)
        name = one_line(short_name(item.history), 60)
        self.box = CheckBox()
        self.box.setChecked(shown)
        set_tooltip(self.box, f"{one_line(item.history.title)} ({one_line(item.history.id)})")
        self.box.setAccessibleName(f"Show {name}")
        # A long name is cut instead of widening the list.
        self.box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        font = self.box.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * scale)
        self.box.setFont(font)
        # The end of a long name tells runs on the same folder apart.
        shown_name = QFontMetrics(font).elidedText(
            name, Qt.TextElideMode.ElideMiddle, round(_NAME_WIDTH * scale)
        )
        self.box.setText(shown_name.replace("&", "&&"))
        self.box.toggled.connect(self._on_toggled)
        column.addWidget(self.box)
        self.figures = PlainLabel(_figures(item, curves))
        self.figures.setProperty("kind", "muted")
        small = self.figures.font()
        small.setPointSizeF(small.pointSizeF() * scale)
        self.figures.setFont(small)
        self.figures.setIndent(24)
        column.addWidget(self.figures)
        self._swatch = _Swatch(item)
        column.addWidget(self._swatch)

    def take(self, item: HistoryFound) -> None:
        """Show newer figures of the same network."""
        self.item = item
        self.figures.setText(_figures(item, self._curves))

    @Slot(bool)
    def _on_toggled(self, on: bool) -> None:
        self.toggled.emit(self.item.key, on)


class _Swatch(QWidget):
    """The network's line as the chart draws it."""

    def __init__(self, item: HistoryFound) -> None:
        super().__init__()
        self._history = item.history
        self.setFixedHeight(8)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = line_width(self._history)
        painter.setPen(QPen(QColor(line_colour(self._history, theme_colours())), width))
        middle = QRectF(self.rect()).center().y()
        painter.drawLine(QPointF(24, middle), QPointF(64, middle))


class NetworkList(QFrame):
    """All networks that the present view can draw."""

    def __init__(self, controller: LabController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._curves = True
        self._scale = 1.0
        self._state: object = None
        self.rows: dict[str, NetworkRow] = {}
        self.setProperty("kind", "card")
        self.setAccessibleName("Networks")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(4, 8, 2, 8)
        self._scroll = QScrollArea()
        self._scroll.setProperty("kind", "bare")
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer.addWidget(self._scroll)
        controller.histories_changed.connect(self.rebuild)
        controller.shown_changed.connect(self._on_shown_changed)

    def sizeHint(self) -> QSize:
        return QSize(round(226 * (0.6 + 0.4 * self._scale)), 300)

    def show_for(self, curves: bool, scale: float) -> None:
        """Curves need epochs, the other charts need layers."""
        self._curves, self._scale = curves, scale
        self.setFixedWidth(self.sizeHint().width())
        self.rebuild()

    @Slot()
    def rebuild(self) -> None:
        """Make the rows anew, if anything in them has changed."""
        items = [
            item
            for item in self._controller.items()
            if (item.history.epochs if self._curves else item.history.layers)
        ]
        state = ([item.key for item in items], self._curves, self._scale)
        if state == self._state:  # the same rows: perhaps a run has gone on
            for item in items:
                self.rows[item.key].take(item)
            return
        self._state = state
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(8, 2, 6, 2)
        column.setSpacing(2)
        self.rows = {}
        heading = ""
        for item in items:
            group = _group(item)
            if group != heading:
                heading = group
                label = PlainLabel(group)
                label.setProperty("kind", "muted")
                font = label.font()
                font.setPointSizeF(font.pointSizeF() * self._scale)
                label.setFont(font)
                label.setContentsMargins(0, 6 if self.rows else 0, 0, 0)
                column.addWidget(label)
            shown = item.key in self._controller.shown
            row = NetworkRow(item, shown, self._curves, self._scale)
            row.toggled.connect(self._controller.show)
            self.rows[item.key] = row
            column.addWidget(row)
        column.addStretch()
        self._scroll.setWidget(inner)  # the old one is deleted

    @Slot()
    def _on_shown_changed(self) -> None:
        for key, row in self.rows.items():
            row.box.setChecked(key in self._controller.shown)


def _group(item: HistoryFound) -> str:
    if item.key.startswith("start:"):
        return "Computed here, untrained"
    if item.own:
        return "Your runs"
    return "Bundled, trained on CIFAR-10" if item.data == "cifar10" else "Bundled"


def _figures(item: HistoryFound, curves: bool) -> str:
    training, validation = final_errors(item.history)
    if training is not None:
        text = f"train {percent(training)}"
        return text if validation is None else f"{text} · val. {percent(validation)}"
    return "random weights"
