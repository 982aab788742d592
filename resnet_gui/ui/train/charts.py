"""Live curves of a run: accuracy, loss and learning rate.

Training is dashed and blue, validation solid and orange: told apart without colour, too (Okabe and
Ito's colours).
"""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from resnet_gui.core.runs.events import BatchDone, EpochDone
from resnet_gui.core.runs.history import loss_chose
from resnet_gui.ui.widgets.charts.chart import LineChart
from resnet_gui.ui.widgets.charts.model import Axes, Line, Range, plain_number, plain_percent
from resnet_gui.ui.widgets.plain_text import PlainLabel
from resnet_gui.ui.widgets.theme import theme_colours

_REDRAW_MS = 100  # a quick run has dozens of epochs a second
_TRAINING = ("#0072b2", "#56b4e9")  # light, dark
_VALIDATION = ("#c05000", "#e69f00")
_FAINT = 0.45


class TrainingCharts(QWidget):
    """Three charts over the epochs, which zoom and read out together.

    Attributes:
        accuracy, loss, rate: the charts. readout: the best and the last epoch so far.

    Signals:
        save_requested(object): as a chart's.
    """

    save_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._length = 1
        self._redraw_soon = QTimer(self)
        self._redraw_soon.setSingleShot(True)
        self._redraw_soon.setInterval(_REDRAW_MS)
        self._redraw_soon.timeout.connect(self._redraw)
        self.accuracy, self.loss, self.rate = (
            LineChart(self._axes(title)) for title in ("Accuracy", "Loss", "Learning rate")
        )
        charts = (self.accuracy, self.loss, self.rate)
        for chart in charts:
            chart.setMinimumSize(160, 110)
            chart.save_requested.connect(self.save_requested)
        for one, other in itertools.permutations(charts, 2):
            one.zoomed.connect(other.set_zoom)
            one.pointed.connect(other.point_at)
        self.readout = PlainLabel()
        self.readout.setProperty("kind", "muted")
        self.readout.setIndent(14)
        grid = QGridLayout()
        grid.setSpacing(8)
        grid.addWidget(self.accuracy, 0, 0, 2, 1)
        grid.addWidget(self.loss, 0, 1)
        grid.addWidget(self.rate, 1, 1)
        for number, share in enumerate((3, 2)):
            grid.setColumnStretch(number, share)
            grid.setRowStretch(number, share)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(grid, 1)
        column.addWidget(self.readout)
        self.clear()

    def clear(self) -> None:
        """Begin a new run."""
        self._epochs: list[EpochDone] = []
        self._losses = _Steps()
        self._rates = _Steps()
        self.readout.clear()
        self.accuracy.reset_zoom()
        self._redraw()

    def set_length(self, epochs: int) -> None:
        """How many epochs the axis shows: the plan's, at the end what there was."""
        self._length = max(1, epochs)
        self._mark_stale()

    def add_batches(self, batches: Sequence[BatchDone]) -> None:
        """The loss and rate of each step, between the epochs' points."""
        for batch in batches:
            if math.isfinite(batch.loss):
                self._losses.add(batch, batch.loss)
            self._rates.add(batch, batch.lr)
        self._mark_stale()

    def add_epochs(self, epochs: Sequence[EpochDone]) -> None:
        """What each epoch came to; also of epochs whose steps nobody saw, before a resume."""
        self._epochs += epochs
        for epoch in epochs:
            self._rates.add_epoch(epoch)
        self._mark_stale()

    def refresh_theme(self) -> None:
        """Take the theme's colours."""
        self._redraw()

    def _mark_stale(self) -> None:
        if not self._redraw_soon.isActive():
            self._redraw_soon.start()

    @Slot()
    def _redraw(self) -> None:
        self._redraw_soon.stop()
        colours = theme_colours()
        training, validation = _TRAINING[colours.dark], _VALIDATION[colours.dark]
        best = next((epoch for epoch in reversed(self._epochs) if epoch.best), None)
        mark = None if best is None else float(best.epoch)
        for chart, what in ((self.accuracy, "accuracy"), (self.loss, "loss")):
            lines = [
                self._line("training", f"train_{what}", training, dashed=True),
                self._line("validation", f"val_{what}", validation),
            ]
            if chart is self.loss:
                lines.insert(0, self._losses.line("each step", _faint(training), 1.0))
            chart.show_lines(self._axes(chart.axes.title, mark), lines)
        rate = self._rates.line("learning rate", colours.muted, 2.0)
        self.rate.show_lines(self._axes("Learning rate"), [rate])
        if best is not None:
            why = ", for its lowest validation loss" if loss_chose(self._epochs, best) else ""
            text = f"Best epoch: {_epoch_text(best)}{why}, dotted line"
            if self._epochs[-1] is not best:
                text += f"  ·  last epoch: {_epoch_text(self._epochs[-1])}"
            self.readout.setText(text)

    def _line(self, name: str, key: str, colour: str, *, dashed: bool = False) -> Line:
        points = [
            (float(epoch.epoch), value)
            for epoch in self._epochs
            if (value := getattr(epoch, key)) is not None and math.isfinite(value)
        ]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return Line(name, name, xs, ys, colour, dashed=dashed)

    def _axes(self, title: str, mark: float | None = None) -> Axes:
        accuracy = title == "Accuracy"
        value: Callable[[float], str] = plain_percent if accuracy else plain_number
        limits: Range = (0.0, 1.0) if accuracy else (-math.inf, math.inf)
        return Axes(
            title=title,
            x_label="epoch",
            value=value,
            x_name="epoch",
            x_range=(0.0, float(self._length)),
            y_zero=not accuracy,
            y_least=0.1 if accuracy else 0.0,
            y_limits=limits,
            x_least=0.1,
            mark=mark,
        )


class _Steps:
    """A value of each step; the x is the share of the epochs that are done."""

    def __init__(self) -> None:
        self._xs, self._ys, self._steps = array("d"), array("d"), array("q")

    def add(self, batch: BatchDone, value: float) -> None:
        x = batch.epoch - 1 + batch.step_in_epoch / max(1, batch.steps_in_epoch)
        self._append(x, value, batch.step)

    def add_epoch(self, epoch: EpochDone) -> None:
        """The rate in the epoch's last step, unless its steps were seen."""
        if not self._xs or self._xs[-1] < epoch.epoch - 1e-9:
            self._append(float(epoch.epoch), epoch.lr, epoch.step)

    def _append(self, x: float, value: float, step: int) -> None:
        self._xs.append(x)
        self._ys.append(value)
        self._steps.append(step)

    def line(self, name: str, colour: str, width: float) -> Line:
        steps = self._steps
        return Line(
            name, "", self._xs, self._ys, colour, width, point_name=lambda n: f"step {steps[n]:,}"
        )


def _epoch_text(epoch: EpochDone) -> str:
    """ "3 (validation accuracy 77.5%)"."""
    if epoch.val_accuracy is None:
        return f"{epoch.epoch} (training accuracy {epoch.train_accuracy:.1%})"
    return f"{epoch.epoch} (validation accuracy {epoch.val_accuracy:.1%})"


def _faint(colour: str) -> str:
    """The colour halfway into the ground: what is behind stays hidden, unlike with transparency."""
    front, back = QColor(colour), QColor(theme_colours().surface)
    red, green, blue = (
        round(b + (f - b) * _FAINT)
        for f, b in (
            (front.red(), back.red()),
            (front.green(), back.green()),
            (front.blue(), back.blue()),
        )
    )
    return QColor(red, green, blue).name()
