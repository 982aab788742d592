"""The Lab's legend and switches in one: a row per network with its line, name and final figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from resnet_gui.core.lab.histories import HistoryFound
from resnet_gui.core.lab.names import dataset_names, is_untrained
from resnet_gui.core.lab.sentences import best_epoch, percent
from resnet_gui.ui.lab.controller import LabController
from resnet_gui.ui.lab.style import line_colour, line_width
from resnet_gui.ui.widgets.check_box import CheckBox
from resnet_gui.ui.widgets.glossary import explained
from resnet_gui.ui.widgets.plain_text import PlainLabel, one_line, set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.turns import Turns

_NAME_WIDTH = 200
_AT_ONCE = 24  # rows, more than are seen
_LOW = 112  # pixels of height above the charts: a network and the next one's name


class NetworkRow(QWidget):
    """One network.

    Signals:
        toggled(str key, bool shown).
    """

    toggled = Signal(str, bool)

    def __init__(self, controller: LabController, item: HistoryFound, scale: float) -> None:
        super().__init__()
        self._controller, self.item = controller, item
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(1)
        name = one_line(controller.names[item.key], 60)
        self.box = CheckBox()
        self.box.setChecked(item.key in controller.shown)
        set_tooltip(self.box, _tip(item, name))
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
        self.figures = PlainLabel(_figures(item))
        self.figures.setProperty("kind", "muted")
        words = "accuracy, best epoch, validation" if item.history.epochs else "untrained"
        set_tooltip(self.figures, explained(words))
        small = self.figures.font()
        small.setPointSizeF(small.pointSizeF() * scale)
        self.figures.setFont(small)
        self.figures.setIndent(24)
        column.addWidget(self.figures)
        self._swatch = _Swatch(controller, item)
        column.addWidget(self._swatch)

    def take(self, item: HistoryFound) -> None:
        """Show newer figures of the same network."""
        self.item = item
        self.figures.setText(_figures(item))

    def show_shown(self) -> None:
        """Show whether the network is drawn, and in which colour."""
        self.box.setChecked(self.item.key in self._controller.shown)
        self._swatch.update()

    @Slot(bool)
    def _on_toggled(self, on: bool) -> None:
        self.toggled.emit(self.item.key, on)


class _Swatch(QWidget):
    """The network's line as the chart draws it."""

    def __init__(self, controller: LabController, item: HistoryFound) -> None:
        super().__init__()
        self._controller, self._item = controller, item
        self.setFixedHeight(8)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        history, colours = self._item.history, theme_colours()
        number = self._controller.number(self._item.key)
        colour = line_colour(history, colours, number)
        if self._item.own and number is None:
            colour = colours.border  # it gets its colour when it is switched on
        painter.setPen(QPen(QColor(colour), line_width(history)))
        middle = QRectF(self.rect()).center().y()
        painter.drawLine(QPointF(24, middle), QPointF(64, middle))


class NetworkList(QFrame):
    """All networks that the present view can draw.

    Attributes:
        rows: by key, as many as are made by now.
    """

    def __init__(self, controller: LabController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._curves = True
        self._scale, self._above = 1.0, False
        self._state: object = None
        self.rows: dict[str, NetworkRow] = {}
        self._items: dict[str, HistoryFound] = {}
        self._turns = Turns(self)
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
        return QSize(round(268 * (0.1 + 0.9 * self._scale)), 300)

    def show_for(self, curves: bool, scale: float) -> None:
        """Curves need epochs, the other charts need layers."""
        self._curves, self._scale = curves, scale
        self._take_room()
        self.rebuild()

    def set_above(self, above: bool) -> None:
        """Whether it stands above the charts, and low, and not beside them: in narrow windows."""
        if above != self._above:
            self._above = above
            self._take_room()

    def _take_room(self) -> None:
        most, width = 2**24 - 1, self.sizeHint().width()  # Qt's own "no limit"
        low = round(_LOW * self._scale)
        self.setMinimumSize(QSize(0, low) if self._above else QSize(width, 0))
        self.setMaximumSize(QSize(most, low) if self._above else QSize(width, most))

    @Slot()
    def rebuild(self) -> None:
        """Make the rows anew, if anything in them has changed."""
        items = [
            item
            for item in self._controller.items()
            if (item.history.epochs if self._curves else item.history.layers)
        ]
        data = dataset_names(items)
        groups = {item.key: _group(item, data) for item in items}
        order = list(dict.fromkeys(groups.values()))
        items.sort(key=lambda item: order.index(groups[item.key]))
        names = self._controller.names
        state = ([(item.key, names[item.key]) for item in items], self._scale)
        if state == self._state:  # the same rows: perhaps a run has gone on
            self._items = {item.key: item for item in items}
            for key, row in self.rows.items():
                row.take(self._items[key])
            return
        self._state = state
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(8, 2, 6, 2)
        column.setSpacing(2)
        column.addStretch()
        self._scroll.setWidget(inner)  # the old one is deleted
        self.rows = {}
        self._items = {item.key: item for item in items}
        self._turns.start(self._adding(column, groups))

    def _adding(self, column: QVBoxLayout, groups: Mapping[str, str]) -> Iterator[None]:
        """Rows with headings of their groups; those that are out of sight in turns: of 300 runs all
        take a fifth of a second."""
        heading = ""
        for key in self._items:
            if (group := groups[key]) != heading:
                heading = group
                label = PlainLabel(group)
                label.setProperty("kind", "muted")
                font = label.font()
                font.setPointSizeF(font.pointSizeF() * self._scale)
                label.setFont(font)
                label.setContentsMargins(0, 6 if self.rows else 0, 0, 0)
                column.insertWidget(column.count() - 1, label)
            row = NetworkRow(self._controller, self._items[key], self._scale)
            row.toggled.connect(self._controller.show)
            self.rows[key] = row
            column.insertWidget(column.count() - 1, row)
            if len(self.rows) >= _AT_ONCE:
                yield

    @Slot()
    def _on_shown_changed(self) -> None:
        for row in self.rows.values():
            row.show_shown()


def _group(item: HistoryFound, data: Mapping[str, str]) -> str:
    if is_untrained(item):
        return "Computed here, untrained"
    on = f" on {one_line(data[item.data], 40)}" if item.data else ""
    return f"Your runs{on}" if item.own else f"Bundled, trained{on}"


def _figures(item: HistoryFound) -> str:
    best = best_epoch(item.history)
    if best is None:
        return "random weights"
    last = item.history.epochs[-1]
    number = f"{last.epoch} of {item.planned}" if item.planned > last.epoch else f"{last.epoch}"
    if last.val_accuracy is None or best.val_accuracy is None:
        return f"training {percent(last.train_accuracy)} (epoch {number})"
    final = percent(last.val_accuracy)
    if best is last:
        lines = [f"validation {final} (best and last)"]
    else:
        first = percent(best.val_accuracy)
        lines = [
            f"validation {first} (best epoch {best.epoch})",
            f"validation {final} (last epoch {last.epoch})",
        ]
    return "\n".join([*lines, f"training {percent(last.train_accuracy)} (epoch {number})"])


def _tip(item: HistoryFound, name: str) -> str:
    lines = [name, one_line(item.history.title), one_line(item.history.id)]
    if item.own and item.data:
        lines.append(f"Photos: {one_line(item.data)}")
    return "\n".join(dict.fromkeys(lines))
