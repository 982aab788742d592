"""A chart with two lines."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QRectF
from pytestqt.qtbot import QtBot

from resnet_gui.ui.widgets.charts.chart import LineChart
from resnet_gui.ui.widgets.charts.model import Axes, Line


def percent(value: float) -> str:
    return f"{value:.0%}"


AXES = Axes("Accuracy, ‖so far‖", "epoch", percent, "epoch", x_range=(0.0, 100.0), x_least=2.0)


def curve(name: str, level: float, epochs: int = 100, *, dashed: bool = False) -> Line:
    xs = [float(n + 1) for n in range(epochs)]
    return Line(name, name, xs, [level - 0.3 / x for x in xs], "#0072b2", dashed=dashed)


@pytest.fixture
def chart(qtbot: QtBot) -> LineChart:
    """Two lines of a hundred epochs."""
    chart = LineChart(AXES)
    qtbot.addWidget(chart)
    chart.resize(600, 360)
    chart.show_lines(AXES, [curve("training", 0.9, dashed=True), curve("validation", 0.8)])
    chart.show()
    qtbot.waitExposed(chart)
    return chart


def at(chart: LineChart, x: float, y: float = 0.6) -> QPoint:
    return chart.plan().frame.point(x, y).toPoint()


class TextPainter:
    """Notes what is written and where."""

    def __init__(self) -> None:
        self.texts: list[tuple[QRectF, str]] = []

    def drawText(self, box: QRectF, flags: object, text: str) -> None:
        self.texts.append((box, text))

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None
