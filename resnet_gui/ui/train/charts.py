"""Live curves of a run: accuracy, loss and learning rate, with pyqtgraph.

Training is dashed and blue, validation solid and orange: told apart without colour, too (Okabe and
Ito's colours). Imported only when a run is shown: pyqtgraph's import takes most of a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, QTimer, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from resnet_gui.core.runs.events import BatchDone, EpochDone
from resnet_gui.ui.widgets.plain_text import PlainLabel
from resnet_gui.ui.widgets.theme import theme_colours

_CHARTS = 3
_REDRAW_MS = 100
_TRAINING = {"light": "#0072b2", "dark": "#56b4e9"}
_VALIDATION = {"light": "#c05000", "dark": "#e69f00"}


class TrainingCharts(QWidget):
    """Three charts over the epochs. Hovering reads the values out; the wheel zooms, a right
    click offers the whole view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._length = 1
        self._unveil_soon = QTimer(self)
        self._unveil_soon.setSingleShot(True)
        self._unveil_soon.setInterval(20)
        self._unveil_soon.timeout.connect(self._on_unveil_soon)
        self._stale: set[str] = set()
        self._drew_epochs = False
        self._redraw_soon = QTimer(self)
        self._redraw_soon.setSingleShot(True)
        self._redraw_soon.setInterval(_REDRAW_MS)
        self._redraw_soon.timeout.connect(self._redraw)
        self._epochs: list[EpochDone] = []
        self._batches: tuple[list[float], list[float]] = ([], [])
        self._rates: tuple[list[float], list[float]] = ([], [])
        self.readout = PlainLabel()
        self.readout.setProperty("kind", "muted")
        self._plots: list[pg.PlotWidget] = []
        self._curves: dict[str, pg.PlotDataItem] = {}
        self._best: list[pg.InfiniteLine] = []
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        self._grid.setColumnStretch(0, 3)
        self._grid.setColumnStretch(1, 2)
        self._grid.setRowStretch(0, 3)
        self._grid.setRowStretch(1, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._grid, 1)
        column.addWidget(self.readout)

    def build_step(self) -> bool:
        """Build the next chart; each takes some 80 ms, so that they are built one per turn of the
        event loop, before a run needs them.

        Returns:
            whether there are more to build.
        """
        number = len(self._plots)
        if number == 0:
            accuracy = self._plot("Accuracy", percent=True)
            accuracy.disableAutoRange(axis="x")  # the run's length is known: it does not jump
            self._add_curve(accuracy, "train_accuracy", name="training", symbol="o", symbolSize=5)
            self._add_curve(accuracy, "val_accuracy", name="validation", symbol="s", symbolSize=6)
            self._add_best_line(accuracy)
            self._grid.addWidget(accuracy, 0, 0, 2, 1)
        elif number == 1:
            loss = self._plot("Loss")
            loss.setXLink(self._plots[0])
            self._add_curve(loss, "batch_loss")
            self._add_curve(loss, "train_loss", symbol="o", symbolSize=5)
            self._add_curve(loss, "val_loss", symbol="s", symbolSize=6)
            self._add_best_line(loss)
            self._grid.addWidget(loss, 0, 1)
        elif number == 2:
            rate = self._plot("Learning rate")
            rate.setXLink(self._plots[0])
            self._add_curve(rate, "lr")
            self._grid.addWidget(rate, 1, 1)
            self.refresh_theme()
            self.set_length(self._length)
            self._mark_stale("epochs", "batches")
        return len(self._plots) < _CHARTS

    def build(self) -> None:
        """Build what is missing now."""
        while self.build_step():
            pass

    def _add_curve(self, plot: pg.PlotWidget, key: str, **options: Any) -> None:
        self._curves[key] = plot.plot(**options)

    def _add_best_line(self, plot: pg.PlotWidget) -> None:
        line = pg.InfiniteLine(angle=90, movable=False)
        line.hide()
        plot.addItem(line, ignoreBounds=True)
        self._best.append(line)

    def clear(self) -> None:
        """Begin a new run."""
        self._epochs = []
        self._batches, self._rates = ([], []), ([], [])
        for line in self._best:
            line.hide()
        self.readout.clear()
        self._mark_stale("epochs", "batches")
        for plot in self._plots:
            plot.enableAutoRange(axis="y")

    def set_length(self, epochs: int) -> None:
        """How many epochs the axis shows: the plan's, at the end what there was."""
        self._length = max(1, epochs)
        if self._plots:
            self._plots[0].setXRange(0, self._length, padding=0.02)

    def add_batches(self, batches: Sequence[BatchDone]) -> None:
        """The loss and rate of each step, between the epochs' points."""
        for batch in batches:
            x = batch.epoch - 1 + batch.step_in_epoch / max(1, batch.steps_in_epoch)
            if math.isfinite(batch.loss):
                self._batches[0].append(x)
                self._batches[1].append(batch.loss)
            self._rates[0].append(x)
            self._rates[1].append(batch.lr)
        self._mark_stale("batches")

    def add_epochs(self, epochs: Sequence[EpochDone]) -> None:
        self._epochs += epochs
        self._mark_stale("epochs")

    def refresh_theme(self) -> None:
        """Take the theme's colours."""
        if len(self._plots) < _CHARTS:
            return
        colours = theme_colours()
        name = "dark" if colours.dark else "light"
        training, validation = _TRAINING[name], _VALIDATION[name]
        for plot in self._plots:
            plot.setBackground(colours.surface)
            for axis_name in ("left", "bottom"):
                axis = plot.getAxis(axis_name)
                axis.setPen(colours.border)
                axis.setTextPen(colours.muted)
            plot.setTitle(plot.title_text, color=colours.text, size="10pt")
        dashed = Qt.PenStyle.DashLine
        for key, colour, style in (
            ("train_accuracy", training, dashed),
            ("val_accuracy", validation, Qt.PenStyle.SolidLine),
            ("train_loss", training, dashed),
            ("val_loss", validation, Qt.PenStyle.SolidLine),
        ):
            self._curves[key].setPen(pg.mkPen(colour, width=2, style=style))
            self._curves[key].setSymbolBrush(colour)
            self._curves[key].setSymbolPen(None)
        faint = QColor(training)
        faint.setAlpha(80)
        self._curves["batch_loss"].setPen(pg.mkPen(faint, width=1))
        self._curves["lr"].setPen(pg.mkPen(colours.muted, width=2))
        self._legend.setLabelTextColor(colours.text)
        for line in self._best:
            line.setPen(pg.mkPen(colours.muted, width=1, style=Qt.PenStyle.DotLine))

    def _plot(self, title: str, *, percent: bool = False) -> pg.PlotWidget:
        plot = pg.PlotWidget()
        plot.title_text = title
        plot.setMinimumSize(160, 110)
        plot.showGrid(x=False, y=True, alpha=0.15)
        plot.setMenuEnabled(True)
        plot.hideButtons()
        plot.getAxis("bottom").setLabel("epoch")
        plot.getAxis("bottom").enableAutoSIPrefix(False)
        left = plot.getAxis("left")
        left.enableAutoSIPrefix(False)
        left.setWidth(56)
        plot.setAccessibleName(f"Chart: {title}")
        if percent:
            self._legend = plot.addLegend(offset=(-10, -10))
            left.tickStrings = _percent_ticks
            plot.setLimits(yMin=-0.05, yMax=1.05)
        plot.scene().sigMouseMoved.connect(self._on_mouse_moved)
        self._plots.append(plot)
        return plot

    def veil(self) -> None:
        """Hold the charts' painting back; each is painted in a turn of its own (some 40 ms)."""
        for plot in self._plots:
            plot.setUpdatesEnabled(False)
        self._unveil_soon.start()

    @Slot()
    def _on_unveil_soon(self) -> None:
        veiled = [plot for plot in self._plots if not plot.updatesEnabled()]
        if veiled:
            veiled[0].setUpdatesEnabled(True)
            self._unveil_soon.start()

    def _mark_stale(self, *what: str) -> None:
        """Draw soon, several events at once: a quick run has dozens of epochs a second."""
        self._stale.update(what)
        if not self._redraw_soon.isActive():
            self._redraw_soon.start()

    @Slot()
    def _redraw(self) -> None:
        """One kind of curve per turn of the event loop, so that a turn stays short."""
        if len(self._plots) < _CHARTS or not self._stale:
            return
        # In turn: in a quick run the epochs are stale again before the batches' turn came.
        epochs = "epochs" in self._stale and not (self._drew_epochs and "batches" in self._stale)
        self._drew_epochs = epochs
        if epochs:
            self._stale.discard("epochs")
            self._draw_epochs()
        else:
            self._stale.discard("batches")
            self._draw_batches()
        if self._stale:
            self._redraw_soon.start()

    def _draw_epochs(self) -> None:
        for key in ("train_accuracy", "val_accuracy", "train_loss", "val_loss"):
            points = [
                (epoch.epoch, getattr(epoch, key))
                for epoch in self._epochs
                if getattr(epoch, key) is not None and math.isfinite(getattr(epoch, key))
            ]
            self._curves[key].setData([x for x, _ in points], [y for _, y in points])
        best = next((epoch for epoch in reversed(self._epochs) if epoch.best), None)
        for line in self._best:
            line.setVisible(best is not None)
            if best is not None:
                line.setPos(best.epoch)
        if best is not None:
            shown = "" if best.val_accuracy is None else f", validation {best.val_accuracy:.1%}"
            self.readout.setText(f"Best so far: epoch {best.epoch}{shown} (dotted line)")

    def _draw_batches(self) -> None:
        self._curves["batch_loss"].setData(*self._batches)
        self._curves["lr"].setData(*self._rates)

    @Slot(object)
    def _on_mouse_moved(self, position: QPointF) -> None:
        if not self._epochs:
            return
        scene = self.sender()
        for plot in self._plots:
            if plot.scene() is scene:
                x = plot.getPlotItem().vb.mapSceneToView(position).x()
                nearest = min(self._epochs, key=lambda epoch: abs(epoch.epoch - x))
                self.readout.setText(describe(nearest))


def describe(epoch: EpochDone) -> str:
    """One epoch's figures in a line."""
    parts = [
        f"Epoch {epoch.epoch}: training {epoch.train_accuracy:.1%}, loss {epoch.train_loss:.3f}"
    ]
    if epoch.val_accuracy is not None and epoch.val_loss is not None:
        parts.append(f"validation {epoch.val_accuracy:.1%}, loss {epoch.val_loss:.3f}")
    parts.append(f"rate {epoch.lr:.2g}")
    return " · ".join(parts)


def _percent_ticks(values: Sequence[float], scale: float, spacing: float) -> list[str]:
    digits = 0 if spacing >= 0.01 else 1
    return [f"{value:.{digits}%}" if -0.001 <= value <= 1.001 else "" for value in values]
