"""The curves of the chosen runs, one over the other: accuracy and loss by epoch."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from resnet_gui.core.runs.events import EpochDone
from resnet_gui.core.runs.listing import RunInfo
from resnet_gui.ui.runs.controller import RunsController
from resnet_gui.ui.runs.table import date_text
from resnet_gui.ui.widgets.charts.chart import LineChart
from resnet_gui.ui.widgets.charts.model import Axes, Line, plain_number, plain_percent
from resnet_gui.ui.widgets.charts.palette import run_colour
from resnet_gui.ui.widgets.check_box import CheckBox
from resnet_gui.ui.widgets.glossary import explained
from resnet_gui.ui.widgets.plain_text import ElidedLabel, one_line, set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours

MOST = 12  # runs that are drawn at once
_ROOMY = 780  # pixels of both charts
_LABELLED = 6  # with more the lines' ends would cover each other
Value = Callable[[EpochDone], float | None]


class RunCurves(QWidget):
    """Two charts that zoom and read out together.

    Attributes:
        accuracy, loss: the charts. training, validation: which lines are drawn.

    Signals:
        save_requested(object): as a chart's. drawn(object): colours of the runs, by path.
    """

    save_requested = Signal(object)
    drawn = Signal(object)

    def __init__(self, controller: RunsController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._runs: tuple[RunInfo, ...] = ()
        self._roomy = True
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        row.setSpacing(18)
        self.validation = CheckBox("Validation (solid)")
        self.training = CheckBox("Training (dashed)")
        self.validation.setChecked(True)
        tips = (
            "After each epoch, on photos that are not trained with",
            "Mean over each epoch, on the photos as they were augmented",
        )
        for box, tip in zip((self.validation, self.training), tips, strict=True):
            set_tooltip(box, f"{tip}\n{explained('accuracy, epoch')}")
            box.setAccessibleName(f"Show curves: {box.text()}")
            box.toggled.connect(self.refresh)
            row.addWidget(box)
        row.addStretch()
        self.hint = ElidedLabel()
        self.hint.setProperty("kind", "muted")
        row.addWidget(self.hint)
        column.addLayout(row)
        self.accuracy, self.loss = (LineChart(_axes(name)) for name in ("Accuracy", "Loss"))
        charts = QHBoxLayout()
        charts.setSpacing(10)
        for one, other in ((self.accuracy, self.loss), (self.loss, self.accuracy)):
            one.setMinimumSize(180, 110)
            one.zoomed.connect(other.set_zoom)
            one.pointed.connect(other.point_at)
            one.save_requested.connect(self.save_requested)
            charts.addWidget(one, 1)
        column.addLayout(charts, 1)
        controller.curves_changed.connect(self.refresh)

    def show_runs(self, runs: tuple[RunInfo, ...]) -> None:
        """Draw these, as soon as they are read."""
        self._runs = runs[:MOST]
        left_out = len(runs) - len(self._runs)
        self.hint.setText(f"{left_out:,} more are not drawn" if left_out else "")
        self._controller.want_curves(self._runs)

    @Slot()
    def refresh(self) -> None:
        colours = theme_colours()
        shades = {run.path: run_colour(n, colours) for n, run in enumerate(self._runs)}
        curves = self._controller.curves
        known = [(run, curves[run.path].epochs) for run in self._runs if run.path in curves]
        # The only one needs no name, and in a small chart names would hide the curves; the dots in
        # the table say which is which.
        named = 1 < len(known) <= _LABELLED and self._roomy
        titles = Counter(run.title for run, _ in known)
        longest = max((epochs[-1].epoch for _, epochs in known if epochs), default=1)
        for chart, title, held, seen in (
            (self.accuracy, "Accuracy", lambda e: e.val_accuracy, lambda e: e.train_accuracy),
            (self.loss, "Loss", lambda e: e.val_loss, lambda e: e.train_loss),
        ):
            lines: list[Line] = []
            for run, epochs in known:
                # Runs of one name are told apart by their dates.
                label = run.title if titles[run.title] == 1 else date_text(run.created)
                label = one_line(label, 60) if named else ""
                if self.training.isChecked():
                    beside = "" if self.validation.isChecked() else label
                    lines += _line(run, epochs, seen, shades[run.path], "training", beside)
                if self.validation.isChecked():
                    lines += _line(run, epochs, held, shades[run.path], "validation", label)
            chart.show_lines(_axes(title, longest, self._hint(known)), lines)
        self.drawn.emit(shades)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        roomy = event.size().width() >= _ROOMY
        if roomy is not self._roomy:
            self._roomy = roomy
            self.refresh()

    def refresh_theme(self) -> None:
        self.refresh()

    def _hint(self, known: Sequence[tuple[RunInfo, tuple[EpochDone, ...]]]) -> str:
        if not self._runs:
            return "Choose one or more runs above"
        if not (self.training.isChecked() or self.validation.isChecked()):
            return "Neither kind of curve is switched on"
        if not known:
            return ""  # they are being read
        if any(epochs for _, epochs in known):  # no photos were kept aside
            return "Nothing was validated. Tick “Training” to see its curve"
        return "No epoch is done yet"


def _axes(title: str, epochs: int = 1, hint: str = "") -> Axes:
    if title == "Accuracy":
        return Axes(
            title, "epoch", plain_percent, "epoch", x_range=(1, max(2, epochs)),
            y_least=0.1, y_limits=(0.0, 1.0), hint=hint,
        )  # fmt: skip
    return Axes(
        title, "epoch", plain_number, "epoch", x_range=(1, max(2, epochs)), y_zero=True, hint=hint
    )


def _line(
    run: RunInfo,
    epochs: tuple[EpochDone, ...],
    value: Value,
    colour: str,
    part: str,
    label: str,
) -> list[Line]:
    """One line, or none where nothing was measured."""
    found = [(e.epoch, value(e)) for e in epochs]
    points = [(float(x), float(y)) for x, y in found if y is not None and math.isfinite(y)]
    if not points:
        return []
    name = one_line(run.title, 60)
    dashed = part == "training"
    return [
        Line(
            f"{name}, {part}",
            label,
            [x for x, _ in points],
            [y for _, y in points],
            colour,
            width=1.4 if dashed else 2.2,
            dashed=dashed,
        )
    ]
