"""The Lab's curves: training and validation error by epoch, as in figures 1 and 6 of
He et al. 2015."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from resnet_gui.core.lab.histories import HistoryFound
from resnet_gui.core.lab.sentences import curves_sentence, percent, short_name
from resnet_gui.core.nets.registration import Kind
from resnet_gui.core.nets.registry import kind_of
from resnet_gui.ui.lab.controller import LabController
from resnet_gui.ui.lab.parts import Sentence, scaled
from resnet_gui.ui.lab.style import line_colour, line_width
from resnet_gui.ui.widgets.charts.chart import LineChart
from resnet_gui.ui.widgets.charts.model import Axes, Line, Range
from resnet_gui.ui.widgets.check_box import CheckBox
from resnet_gui.ui.widgets.plain_text import one_line, set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours

_NARROW = 620  # two charts need more


class LabCurves(QWidget):
    """Two charts side by side, without and with shortcuts on the same axes, or all in one; below
    them what there is to see.

    Attributes:
        training, validation: which errors are drawn. together: one chart for all.
    """

    def __init__(self, controller: LabController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._scale = 1.0
        self._narrow = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.training = CheckBox("Training (dashed)")
        self.validation = CheckBox("Validation (solid)")
        self.together = CheckBox("All in one")
        self._switches = (self.training, self.validation, self.together)
        row = QHBoxLayout()
        row.setSpacing(18)
        for box, name in zip(
            self._switches, ("training error", "validation error", "all in one chart"), strict=True
        ):
            box.setAccessibleName(f"Show {name}")
        set_tooltip(self.training, "Mean over each epoch, on the images as they were augmented")
        set_tooltip(self.validation, "After each epoch, on images that are not trained with")
        for box in self._switches[:2]:
            box.setChecked(True)
        for box in self._switches:
            box.toggled.connect(self.refresh)
            row.addWidget(box)
        row.addStretch()
        column.addLayout(row)
        self.plain = LineChart(_axes("Without shortcuts", (0, 1), (0, 1)))
        self.residual = LineChart(_axes("With shortcuts", (0, 1), (0, 1)))
        self.charts = QHBoxLayout()
        self.charts.setSpacing(10)
        self.charts.addWidget(self.plain, 1)
        self.charts.addWidget(self.residual, 1)
        column.addLayout(self.charts, 1)
        for one, other in ((self.plain, self.residual), (self.residual, self.plain)):
            one.zoomed.connect(other.set_zoom)
            one.save_requested.connect(controller.save)
        self.sentence = Sentence()
        column.addWidget(self.sentence)
        controller.histories_changed.connect(self.refresh)
        controller.shown_changed.connect(self.refresh)
        self.refresh()

    def set_scale(self, scale: float) -> None:
        self._scale = scale
        for chart in (self.plain, self.residual):
            chart.set_scale(scale)
        for box in self._switches:
            scaled(box, scale)
        self.sentence.set_scale(scale)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW * self._scale
        if narrow != self._narrow:
            self._narrow = narrow
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Draw what is switched on."""
        items = [item for item in self._controller.shown_items() if item.history.epochs]
        figures = len(items) <= 4 and not self._narrow
        lines = {item.key: self._lines(item, figures) for item in items}
        drawn = [line for found in lines.values() for line in found]
        x_range = (0.0, max([2.0, *(x for line in drawn for x in line.xs)]))
        y_range = (0.0, _ceiling([y for line in drawn for y in line.ys]))
        plain = [item for item in items if _kind(item) is Kind.PLAIN]
        others = [item for item in items if _kind(item) is not Kind.PLAIN]
        both = bool(plain) and bool(others)
        split = both and not self.together.isChecked() and not self._narrow
        self.plain.setVisible(split)
        right = others if split else items
        title = "With shortcuts" if split else _title(plain, others)
        self.plain.show_lines(
            _axes("Without shortcuts", x_range, y_range),
            [line for item in plain for line in lines[item.key]] if split else [],
        )
        self.residual.show_lines(
            _axes(title, x_range, y_range), [line for item in right for line in lines[item.key]]
        )
        self.together.setVisible(both and not self._narrow)
        text = curves_sentence(items)
        self.sentence.setText(text or "Switch a network on in the list to see its curves.")

    def refresh_theme(self) -> None:
        self.refresh()

    def _lines(self, item: HistoryFound, figures: bool) -> list[Line]:
        """`figures`: the last value stands beside the name; too much with many networks."""
        history = item.history
        colour, width = line_colour(history, theme_colours()), line_width(history)
        epochs = [float(e.epoch) for e in history.epochs]
        training = [1 - e.train_accuracy for e in history.epochs]
        validation = [
            (float(e.epoch), 1 - e.val_accuracy)
            for e in history.epochs
            if e.val_accuracy is not None
        ]
        name = one_line(short_name(history), 60)
        short = name if len(name) <= 24 else f"{name[:22]}…"
        solid = self.validation.isChecked() and bool(validation)
        found = []
        if self.training.isChecked():
            figure = percent(training[-1]) if figures else ""
            label = ("train" if solid else short) if figures or not solid else ""
            thin = max(1.4, width * 0.75)
            found.append(
                Line(
                    f"{name} train",
                    label,
                    epochs,
                    training,
                    colour,
                    thin,
                    dashed=True,
                    figure=figure,
                )
            )
        if solid:
            xs, ys = [x for x, _ in validation], [y for _, y in validation]
            figure = percent(ys[-1]) if figures else ""
            found.append(Line(name, short, xs, ys, colour, width, figure=figure))
        return found


def _axes(title: str, x_range: Range, y_range: Range) -> Axes:
    return Axes(
        title=f"{title}: error",
        x_label="epoch",
        value=_percent,
        x_name="epoch",
        x_range=x_range,
        y_range=y_range,
    )


def _percent(value: float) -> str:
    number = f"{value * 100:.1f}"
    return number.removesuffix(".0") + " %"


def _ceiling(errors: list[float]) -> float:
    """The upper end of the axis: the first epochs may leave it, so that the end is seen well."""
    if not errors:
        return 1.0
    ordered = sorted(errors)
    typical = ordered[int(0.8 * (len(ordered) - 1))]
    return min(1.0, max(0.05, typical * 1.2, ordered[0] * 1.5))


def _kind(item: HistoryFound) -> Kind:
    return kind_of(item.history.architecture, item.history.options)


def _title(plain: list[HistoryFound], others: list[HistoryFound]) -> str:
    if plain and others:
        return "Without and with shortcuts"
    return "Without shortcuts" if plain else "With shortcuts" if others else "Nothing chosen"
