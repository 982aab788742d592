"""The Lab's layer charts: gradient norm by layer, ‖F(x)‖/‖x‖ by block, from the start of a
training to its end."""

from __future__ import annotations

import math
from enum import Enum, auto

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from resnet_gui.core.lab.histories import HistoryFound
from resnet_gui.core.lab.names import is_untrained, short_name
from resnet_gui.core.lab.sentences import (
    Named,
    called,
    gradients_sentence,
    layers_at,
    main_gradients,
    residual_ratios,
    residuals_sentence,
)
from resnet_gui.core.nets.registry import kind_of
from resnet_gui.core.runs.events import LayerStatistics
from resnet_gui.ui.lab.controller import LabController
from resnet_gui.ui.lab.epochs import EpochBar
from resnet_gui.ui.lab.parts import HINT, Sentence, scaled
from resnet_gui.ui.lab.style import line_colour, line_width
from resnet_gui.ui.widgets.charts.chart import LineChart
from resnet_gui.ui.widgets.charts.model import Axes, Line, Range, plain_number
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.glossary import explained
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, one_line, set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours


class Measure(Enum):
    GRADIENTS = auto()
    RESIDUALS = auto()


class LabLayers(QWidget):
    """One chart with a slider over the epochs.

    Attributes:
        measure: what is drawn. row: what stands above the chart.
        epochs: which epoch; 0 is the initialisation.

    Signals:
        measure_requested(str): id of a network to measure with random weights.
    """

    measure_requested = Signal(str)

    def __init__(
        self, controller: LabController, measure: Measure, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._controller, self.measure = controller, measure
        self._ranged: list[tuple[str, int]] = []
        self._range: Range | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.row = self._measure_row()
        column.addLayout(self.row)
        self.chart = LineChart(self._axes(None))
        self.chart.save_requested.connect(controller.save)
        column.addWidget(self.chart, 1)
        self.epochs = EpochBar()
        self.epochs.moved.connect(self.refresh)
        column.addWidget(self.epochs)
        self.sentence = Sentence()
        column.addWidget(self.sentence)
        self.note = PlainLabel()
        self.note.setProperty("kind", "muted")
        self.note.setWordWrap(True)
        column.addWidget(self.note)
        controller.histories_changed.connect(self.refresh)
        controller.shown_changed.connect(self.refresh)
        controller.measuring_changed.connect(self._on_measuring_changed)
        self._on_measuring_changed()
        self.refresh()

    # --- building ---------------------------------------------------------------------------

    def _measure_row(self) -> QHBoxLayout:
        self.choice = ComboBox()
        self.choice.setAccessibleName("Network to compute")
        self.choice.setMaxVisibleItems(20)
        self.choice.setMinimumWidth(120)  # in narrow windows
        for model_id, title in self._controller.measurable():
            self.choice.add_choice(title, model_id)
        self.choice.setCurrentIndex(max(0, self.choice.findData("cifar-plain56")))
        self.compute = QPushButton("Compute untrained")
        words = explained("gradient, untrained")
        set_tooltip(
            self.compute, f"Measure this network with random weights, on this computer\n{words}"
        )
        self.compute.clicked.connect(self._on_compute_clicked)
        self.progress = ElidedLabel()
        self.progress.setProperty("kind", "muted")
        self.stop = QPushButton("Stop")
        self.stop.setProperty("kind", "plain")
        self.stop.clicked.connect(self._controller.stop_measuring)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.choice)
        row.addWidget(self.compute)
        row.addWidget(self.progress)
        row.addWidget(self.stop)
        row.addStretch()
        return row

    def set_scale(self, scale: float) -> None:
        self.chart.set_scale(scale)
        self.sentence.set_scale(scale)
        self.epochs.set_scale(scale)
        scaled(self.note, scale)
        for widget in (self.choice, self.compute, self.progress, self.stop):
            scaled(widget, scale)

    def set_low(self, low: bool) -> None:
        """Whether there is little height: the chart needs it."""
        self.sentence.set_low(low)

    def refresh_theme(self) -> None:
        self.refresh()

    # --- what the person does ---------------------------------------------------------------

    @Slot()
    def _on_compute_clicked(self) -> None:
        self.measure_requested.emit(str(self.choice.currentData()))

    # --- drawing ----------------------------------------------------------------------------

    @Slot()
    def _on_measuring_changed(self) -> None:
        names = list(self._controller.measuring)
        titles = dict(self._controller.measurable())
        text = f"Computing {titles.get(names[0], names[0])}…" if names else ""
        self.progress.setText(text + (f" ({len(names) - 1} more)" if len(names) > 1 else ""))
        self.progress.setVisible(bool(names))
        self.stop.setVisible(bool(names))

    @Slot()
    def refresh(self) -> None:
        """Draw the shown networks at the slider's epoch."""
        items = [item for item in self._controller.shown_items() if item.history.layers]
        last = max((item.history.layers[-1].epoch for item in items), default=0)
        self.epochs.set_last(last)
        epoch = self.epochs.epoch
        recorded = {short_name(item.history) for item in items if not is_untrained(item)}
        lines: list[Line] = []
        named: list[Named] = []
        hidden = 0
        for item in items:
            if is_untrained(item) and epoch > 0:
                hidden += 1
                continue
            layers = layers_at(item.history, epoch)
            if layers is not None:
                name = one_line(self._controller.names[item.key], 60)
                twin = is_untrained(item) and short_name(item.history) in recorded
                lines.append(self._line(item, name, layers, twin))
                kind = kind_of(item.history.architecture, item.history.options)
                named.append((called(item, self._controller.names), kind, layers))
        self.chart.show_lines(self._axes(self._y_range(items)), lines)
        gradients = self.measure is Measure.GRADIENTS
        text = gradients_sentence(named) if gradients else residuals_sentence(named)
        self.sentence.setText(text or "Switch a network on in the list, or compute one.")
        self.note.setText(self._note(items, hidden))
        self.note.setVisible(bool(self.note.text()))

    def _note(self, items: list[HistoryFound], hidden: int) -> str:
        parts = []
        if hidden:
            parts.append("What was computed here has no epochs: move the slider to the start.")
        elif self._controller.batch and any(is_untrained(i) for i in items):
            parts.append(f"Computed here on {self._controller.batch}, with random weights.")
        missing = [
            one_line(self._controller.names[item.key], 60)
            for item in self._controller.shown_items()
            if not item.history.layers
        ]
        if missing:
            verb = "has" if len(missing) == 1 else "have"
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            parts.append(
                f"{', '.join(missing[:3])}{more} {verb} no recorded layers: only trainings from "
                "scratch record them."
            )
        return " ".join(parts)

    def _values(self, layers: LayerStatistics) -> list[tuple[str, float]]:
        if self.measure is Measure.GRADIENTS:
            return main_gradients(layers)
        return residual_ratios(layers)

    def _line(self, item: HistoryFound, name: str, layers: LayerStatistics, dotted: bool) -> Line:
        values = self._values(layers)
        names = [key for key, _ in values]
        return Line(
            name=name,
            label=name,
            xs=range(1, len(values) + 1),
            ys=[value for _, value in values],
            colour=line_colour(item.history, theme_colours(), self._controller.number(item.key)),
            width=line_width(item.history),
            dotted=dotted,
            point_name=names.__getitem__,
        )

    def _y_range(self, items: list[HistoryFound]) -> Range | None:
        """Over all epochs: the axis stands still while the slider moves."""
        wanted = [(item.key, len(item.history.layers)) for item in items]
        if wanted != self._ranged:
            self._ranged, self._range = wanted, self._find_range(items)
        return self._range

    def _find_range(self, items: list[HistoryFound]) -> Range | None:
        values = [
            value
            for item in items
            for layers in item.history.layers
            for _, value in self._values(layers)
            if value > 0
        ]
        if not values:
            return None
        # In round steps: the axis stands still while a run goes on.
        if self.measure is Measure.GRADIENTS:
            low, high = math.log10(min(values)), math.log10(max(values))
            return 10 ** (math.floor(low * 2) / 2), 10 ** (math.ceil(high * 2) / 2)
        step = 0.5 if max(values) > 1 else 0.1
        return 0.0, math.ceil(max(values) * 1.04 / step) * step

    def _axes(self, y_range: Range | None) -> Axes:
        gradients = self.measure is Measure.GRADIENTS
        title = (
            "Size of each layer's gradient, ‖∂loss/∂W‖"
            if gradients
            else "How much each block changes its input, ‖F(x)‖ / ‖x‖"
        )
        return Axes(
            title=title,
            x_label="layer, from the image to the answer" if gradients else "block",
            value=plain_number,
            x_name="layer" if gradients else "block",
            log=gradients,
            y_range=y_range,
            at_one=not gradients,
            hint=HINT,
        )
