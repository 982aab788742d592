"""The Lab's curves: training and validation accuracy by epoch. Figures 1 and 6 of He et al. 2015
draw the error, which is the rest; the program says accuracy everywhere."""

from __future__ import annotations

import bisect
import math
from dataclasses import replace

from PySide6.QtCore import Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from resnet_gui.core.lab.histories import HistoryFound, up_to
from resnet_gui.core.lab.sentences import curves_sentence, different_data_warning, percent
from resnet_gui.core.nets.registration import Kind
from resnet_gui.core.nets.registry import kind_of
from resnet_gui.ui.lab.controller import LabController
from resnet_gui.ui.lab.epochs import EpochBar
from resnet_gui.ui.lab.parts import HINT, Sentence, scaled
from resnet_gui.ui.lab.style import line_colour, line_width
from resnet_gui.ui.widgets.charts.chart import LineChart
from resnet_gui.ui.widgets.charts.model import Axes, Line, Range, plain_percent, seen
from resnet_gui.ui.widgets.check_box import CheckBox
from resnet_gui.ui.widgets.glossary import explained
from resnet_gui.ui.widgets.plain_text import ElidedLabel, one_line, set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours

_NARROW = 620  # two charts need more
_BEFORE = "Before training"
_SCRATCH = "scratch"  # the method that begins with random weights
_MOST_FIGURES = 4  # networks; with more the names alone stand at the lines' ends


class LabCurves(QWidget):
    """Two charts side by side, without and with shortcuts on the same axes, or all in one; below
    them what there is to see.

    Attributes:
        training, validation: which accuracies are drawn. together: one chart for all.
        row: what stands above the charts. epochs: up to which epoch; at first the last one.
        warning: where different photos are in one chart.
    """

    def __init__(self, controller: LabController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._scale = 1.0
        self._narrow = False
        self._held: tuple[object, float] = (None, 1.0)  # what is drawn, the lower end of its axis
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.row = self._switch_row()
        column.addLayout(self.row)
        self.plain = LineChart(_axes("Without shortcuts", (0, 1), (0, 1)))
        self.residual = LineChart(_axes("With shortcuts", (0, 1), (0, 1)))
        self.charts = QHBoxLayout()
        self.charts.setSpacing(10)
        self.charts.addWidget(self.plain, 1)
        self.charts.addWidget(self.residual, 1)
        column.addLayout(self.charts, 1)
        for one, other in ((self.plain, self.residual), (self.residual, self.plain)):
            one.zoomed.connect(other.set_zoom)
            one.zoomed.connect(self.refresh)
            one.save_requested.connect(controller.save)
        self.epochs = EpochBar(from_end=True)
        self.epochs.moved.connect(self.refresh)
        column.addWidget(self.epochs)
        self.warning = Sentence("warning")
        column.addWidget(self.warning)
        self.sentence = Sentence()
        column.addWidget(self.sentence)
        controller.histories_changed.connect(self.refresh)
        controller.shown_changed.connect(self.refresh)
        self.refresh()

    def _switch_row(self) -> QHBoxLayout:
        self.training = CheckBox("Training (dashed)")
        self.validation = CheckBox("Validation (solid)")
        self.together = CheckBox("All in one")
        self._switches = (self.training, self.validation, self.together)
        row = QHBoxLayout()
        row.setSpacing(18)
        names = ("training accuracy", "validation accuracy", "all in one chart")
        for box, name in zip(self._switches, names, strict=True):
            box.setAccessibleName(f"Show {name}")
        tips = (
            "Mean over each epoch, on the images as they were augmented",
            "After each epoch, on images that are not trained with",
        )
        for box, tip in zip(self._switches, tips, strict=False):
            set_tooltip(box, f"{tip}\n{explained('accuracy, epoch')}")
        set_tooltip(self.together, "Networks with and without shortcuts in one chart")
        for box in self._switches[:2]:
            box.setChecked(True)
        for box in self._switches:
            box.toggled.connect(self.refresh)
            row.addWidget(box)
        row.addStretch()
        self.note = ElidedLabel("Error = 100% − accuracy", tip=False)
        set_tooltip(self.note, "Papers draw the error: the share of answers that are wrong")
        self.note.setProperty("kind", "muted")
        row.addWidget(self.note)
        return row

    def set_scale(self, scale: float) -> None:
        self._scale = scale
        for chart in (self.plain, self.residual):
            chart.set_scale(scale)
        for box in self._switches:
            scaled(box, scale)
        scaled(self.note, scale)
        self.epochs.set_scale(scale)
        for text in (self.warning, self.sentence):
            text.set_scale(scale)

    def set_low(self, low: bool) -> None:
        """Whether there is little height: the charts need it."""
        for text in (self.warning, self.sentence):
            text.set_low(low)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW * self._scale
        if narrow != self._narrow:
            self._narrow = narrow
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Draw what is switched on, up to the slider's epoch. The axes are those of the whole."""
        items = [item for item in self._controller.shown_items() if item.history.epochs]
        figures = len(items) <= _MOST_FIGURES and not self._narrow
        lines = {item.key: self._lines(item, figures) for item in items}
        drawn = [line for found in lines.values() for line in found]
        self.epochs.set_last(max((item.history.epochs[-1].epoch for item in items), default=0))
        # The plan's end while a run goes on: the axis stands still while points arrive.
        x_range = (0.0, max([2.0, *(float(_length(item)) for item in items)]))
        y_range = self._y_range(items, drawn)
        epoch, hint = self.epochs.epoch, HINT
        if not self.epochs.at_end:
            lines = {key: [_cut(line, epoch) for line in found] for key, found in lines.items()}
            hint = _BEFORE if epoch == 0 else ""
        plain = [item for item in items if _kind(item) is Kind.PLAIN]
        others = [item for item in items if _kind(item) is not Kind.PLAIN]
        both = bool(plain) and bool(others)
        split = both and not self.together.isChecked() and not self._narrow
        self.plain.setVisible(split)
        right = others if split else items
        title = _title([] if split else plain, others)
        if split and not title:
            title = "With shortcuts, and others"
        self.plain.show_lines(
            _axes("Without shortcuts", x_range, y_range, hint),
            [line for item in plain for line in lines[item.key]] if split else [],
        )
        self.residual.show_lines(
            _axes(title, x_range, y_range, hint),
            [line for item in right for line in lines[item.key]],
        )
        self.together.setVisible(both and not self._narrow)
        self.warning.setText(different_data_warning(items))
        self.sentence.hold(not self.epochs.at_end)
        self.sentence.setText(self._text(items, epoch))

    def _text(self, items: list[HistoryFound], epoch: int) -> str:
        if not items:
            return "Switch a network on in the list to see its curves."
        if epoch == 0:
            if all(item.history.recipe.get("method", _SCRATCH) == _SCRATCH for item in items):
                return f"{_BEFORE}: the weights are random, and the networks can only guess."
            return f"{_BEFORE}: nothing has been learned of these photos yet."
        return curves_sentence([up_to(item, epoch) for item in items], self._controller.names)

    def refresh_theme(self) -> None:
        self.refresh()

    def _lines(self, item: HistoryFound, figures: bool) -> list[Line]:
        """`figures`: the last value stands beside the name; too much with many networks."""
        history = item.history
        number = self._controller.number(item.key)
        colour, width = line_colour(history, theme_colours(), number), line_width(history)
        epochs = [float(e.epoch) for e in history.epochs]
        training = [e.train_accuracy for e in history.epochs]
        validation = [
            (float(e.epoch), e.val_accuracy) for e in history.epochs if e.val_accuracy is not None
        ]
        name = one_line(self._controller.names[item.key], 60)
        solid = self.validation.isChecked() and bool(validation)
        found = []
        if self.training.isChecked():
            found.append(
                Line(
                    f"{name}, training",
                    ("training" if solid else name) if figures or not solid else "",
                    epochs,
                    training,
                    colour,
                    max(1.4, width * 0.75),
                    dashed=True,
                    figure=percent(training[-1]) if figures else "",
                )
            )
        if solid:
            xs, ys = [x for x, _ in validation], [y for _, y in validation]
            figure = percent(ys[-1]) if figures else ""
            found.append(Line(name, name, xs, ys, colour, width, figure=figure))
        return found

    def _y_range(self, items: list[HistoryFound], lines: list[Line]) -> Range:
        """Of both charts. While the same curves grow, or are watched from their start, the axis at
        most gets longer."""
        zoom = self.residual.zoom
        if zoom is not None:
            parts = [y for line in lines for y in seen(line, zoom)[1].tolist()]
            step = 0.05 if not parts or max(parts) - min(parts) > 0.1 else 0.01
            low = math.floor(min(parts, default=0.0) / step + 1e-6) * step
            return low, min(1.0, max(math.ceil(max(parts, default=1.0) / step) * step, low + step))
        drawn = ({i.key for i in items}, self.training.isChecked(), self.validation.isChecked())
        values = [y for line in lines for y in line.ys]
        low = _floor(values)
        if not self.epochs.at_end:  # who watches from the start wants to see the start
            low = min(low, math.floor(min(values, default=0.0) * 10) / 10)
        if self._held[0] == drawn:
            low = min(low, self._held[1])
        self._held = (drawn, low)
        return low, 1.0


def _cut(line: Line, epoch: int) -> Line:
    """The line up to an epoch, with its value there beside its name."""
    count = bisect.bisect_right(line.xs, epoch)
    figure = percent(line.ys[count - 1]) if line.figure and count else line.figure
    return replace(line, xs=line.xs[:count], ys=line.ys[:count], figure=figure)


def _axes(title: str, x_range: Range, y_range: Range, hint: str = HINT) -> Axes:
    return Axes(
        title=f"{title}: accuracy" if title else "Accuracy",
        x_label="epoch",
        value=plain_percent,
        x_name="epoch",
        x_range=x_range,
        y_range=y_range,
        hint=hint,
    )


def _floor(accuracies: list[float]) -> float:
    """The lower end of the axis, in round steps: the first epochs may leave it, so that the end
    is seen well."""
    if not accuracies:
        return 0.0
    errors = sorted(1 - value for value in accuracies)
    typical = errors[int(0.8 * (len(errors) - 1))]
    wanted = min(1.0, max(0.05, typical * 1.2, errors[0] * 1.5))
    step = 0.1 if wanted > 0.2 else 0.05
    return max(0.0, 1.0 - math.ceil(wanted / step - 1e-6) * step)


def _length(item: HistoryFound) -> int:
    return max(item.planned, item.history.epochs[-1].epoch)


def _kind(item: HistoryFound) -> Kind:
    return kind_of(item.history.architecture, item.history.options)


def _title(plain: list[HistoryFound], others: list[HistoryFound]) -> str:
    if plain and others:
        return "Without and with shortcuts"
    if plain:
        return "Without shortcuts"
    # Of networks from elsewhere nobody knows.
    return "" if any(_kind(item) is Kind.OTHER for item in others) else "With shortcuts"
