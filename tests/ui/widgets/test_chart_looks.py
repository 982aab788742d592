"""What a chart looks like: axes, lines, names, numbers."""

from __future__ import annotations

import itertools
import math
from array import array

import numpy as np
import pytest

from resnet_gui.ui.widgets.charts.chart import LineChart
from resnet_gui.ui.widgets.charts.model import (
    Axes,
    Line,
    fitted_y,
    pieces,
    plain_number,
    strokes,
    thinned,
)
from tests.ui.widgets.conftest import AXES, TextPainter, at, curve, percent


def test_axes_grow_in_steps_while_points_arrive(chart: LineChart) -> None:
    rng = np.random.default_rng(1)
    axes = Axes("Loss", "epoch", plain_number, "epoch", x_range=(0.0, 200.0), y_zero=True)
    xs, ys = array("d"), array("d")
    chart.show_lines(axes, [])
    shown = []
    for step in range(200):
        xs.append(step + 1.0)
        ys.append(3 * math.exp(-step / 40) + rng.random() * 0.2 + step / 100)
        chart.show_lines(axes, [Line("loss", "loss", xs, ys, "#000000")])
        frame = chart.plan().frame
        assert frame.x == (0.0, 200.0)
        shown.append((frame.y, frame.area))
    assert all(y[0] == 0.0 for y, _ in shown)
    highs = [y[1] for y, _ in shown]
    assert highs == sorted(highs)
    assert len(set(highs)) <= 2
    assert len({area.left() for _, area in shown}) == 1  # nor does the axis itself move


def test_a_level_or_narrow_line_has_an_axis() -> None:
    limits = Axes("", "", percent, "", y_least=0.1, y_limits=(0.0, 1.0))
    for level in (0.0, 0.5, 0.97, 1.0):
        line = Line("", "", [1.0, 2.0], [level, level], "#000000")
        (low, high), _ = fitted_y(limits, [line], (0.0, 2.0), None, 5)
        assert 0.0 <= low <= level <= high <= 1.0
        assert high - low >= 0.0999
    for level in (0.0, 3e-5, 7.0, -2.0):
        line = Line("", "", [1.0], [level], "#000000")
        (low, high), _ = fitted_y(Axes("", "", percent, ""), [line], (0.0, 2.0), None, 5)
        assert low <= level <= high
        assert low < high


def test_a_zoomed_axis_fits_what_is_seen(chart: LineChart) -> None:
    whole = chart.plan().frame.y
    chart.set_zoom((60.0, 100.0))
    low, high = chart.plan().frame.y
    assert high - low < (whole[1] - whole[0]) / 2
    chart.set_zoom(None)
    assert chart.plan().frame.y == whole


def test_thinning_keeps_every_peak() -> None:
    xs = np.linspace(0, 10, 100_000)
    ys = np.random.default_rng(2).random(100_000)
    ys[54_321], ys[777] = 9.0, -9.0
    thin_x, thin_y = thinned(xs, ys, (0.0, 10.0), 500)
    assert len(thin_x) <= 1_004
    assert np.all(np.diff(thin_x) >= 0)
    edges = np.searchsorted(xs, np.linspace(0, 10, 501)[1:-1])
    columns = np.split(ys, edges)
    peaks = {column.max() for column in columns} | {column.min() for column in columns}
    assert peaks <= set(thin_y)
    falling = thinned(xs, -xs, (0.0, 10.0), 500)[1]
    assert np.all(np.diff(falling) <= 0)  # no zigzag
    few = thinned(xs[:100], ys[:100], (0.0, 10.0), 500)
    assert len(few[0]) == 100


def test_lines_are_cut_into_pieces_and_dashes() -> None:
    across, down = np.array([0.0, 30.0, 30.0]), np.array([0.0, 0.0, 40.0])
    assert [piece.length() for piece in pieces(across, down, None)] == [30.0, 40.0]
    dashes = pieces(across, down, (9.0, 6.0))
    assert sum(piece.length() for piece in dashes) == pytest.approx(9.0 * 4 + 9.0)
    assert dashes[0].p1().x() == 0.0
    assert dashes[0].length() == pytest.approx(9.0)
    assert dashes[1].p1().x() == pytest.approx(15.0)
    noise = np.random.default_rng(3).random(2_000) * 400
    assert len(pieces(np.linspace(0, 900, 2_000), noise, (9.0, 6.0))) < 4_000
    assert pieces(across[:1], down[:1], (9.0, 6.0)) == []


def test_strokes_of_a_thin_line_meet() -> None:
    ys = np.random.default_rng(5).random(5_000) * 300
    thin_x, thin_y = thinned(np.linspace(0, 100, 5_000), ys, (0.0, 100.0), 400)
    found = strokes(thin_x, thin_y)
    assert len(found) == len(thin_x) / 2
    for before, after in itertools.pairwise(found):
        assert after.y1() <= before.y2()
        assert after.y2() >= before.y1()
    assert min(line.y1() for line in found) == ys.min()
    assert max(line.y2() for line in found) == ys.max()


def test_a_peak_among_a_hundred_thousand_points_is_painted(chart: LineChart) -> None:
    xs, ys = array("d", np.linspace(0, 100, 100_000)), array("d", np.full(100_000, 0.2))
    ys[50_000] = 1.0
    chart.show_lines(AXES, [Line("loss", "", xs, ys, "#ff0000", 1.0)])
    image, peak = chart.grab().toImage(), at(chart, 50.0, 0.9)
    seen = [image.pixelColor(peak.x() + n, peak.y()) for n in range(-2, 3)]
    assert any(colour.red() > colour.green() + 60 for colour in seen)


def test_names_at_the_ends_do_not_meet(chart: LineChart) -> None:
    lines = [curve(f"network {n}", 0.6 + n / 1000, 100 - n % 3) for n in range(7)]
    chart.show_lines(AXES, lines)
    for scale, height in ((1.0, 360), (1.45, 360), (1.0, 180)):
        chart.set_scale(scale)
        chart.resize(600, height)
        plan = chart.plan()
        boxes = [box for box, _, _ in plan.labels()]
        assert len(boxes) >= 4
        for number, box in enumerate(boxes):
            assert box.right() <= 600
            assert box.top() >= plan.title.bottom()
            inner = box.adjusted(0, 0.1, 0, -0.1)
            assert not any(inner.intersects(other) for other in boxes[number + 1 :])


def test_a_name_stays_where_its_line_leaves_a_zoomed_chart(chart: LineChart) -> None:
    line = Line("net", "net", [0.0, 100.0], [0.0, 1.0], "#000000", figure="100 %")
    chart.show_lines(AXES, [line])
    assert [text for _, text, _ in chart.plan().labels()] == ["net 100 %"]
    chart.set_zoom((20.0, 40.0))
    plan = chart.plan()
    [(box, text, _)] = plan.labels()
    assert text == "net"  # the figure is that of the end
    assert box.center().y() == pytest.approx(plan.frame.point(40.0, 0.4).y(), abs=1)


def test_a_single_point_is_seen(chart: LineChart) -> None:
    for dashed in (True, False):
        chart.show_lines(AXES, [curve("training", 0.9, 1, dashed=dashed)])
        image, point = chart.grab().toImage(), at(chart, 1, 0.6)
        colours = {
            image.pixelColor(point.x() + dx, point.y() + dy).name()
            for dx in range(-5, 6)
            for dy in range(-5, 6)
        }
        assert "#0072b2" in colours


def test_a_chart_without_points_says_what_to_do(chart: LineChart) -> None:
    """Ticks from 10⁻¹² to 1 stood there."""
    axes = Axes("Gradients", "layer", plain_number, "layer", log=True, hint="Switch one on")
    for lines in ([], [Line("net", "net", [], [], "#000000")]):
        chart.show_lines(axes, lines)
        painter = TextPainter()
        chart.plan().paint(painter, "#000000", 100.0)  # type: ignore[arg-type]
        assert [text for _, text in painter.texts] == ["Gradients", "layer", "Switch one on"]
        chart.grab()
    chart.show_lines(axes, [curve("net", 0.5)])
    painter = TextPainter()
    chart.plan().paint(painter, "#000000", 100.0)  # type: ignore[arg-type]
    assert "Switch one on" not in [text for _, text in painter.texts]


def test_numbers_as_people_write_them() -> None:
    found = [plain_number(v) for v in (0, 0.025, 0.5, 12.3456, 1500, 3e-5, 1e-7, 2_000_000)]
    assert found == ["0", "0.025", "0.5", "12.3", "1,500", "3·10⁻⁵", "10⁻⁷", "2·10⁶"]


def test_a_name_is_cut_once_and_in_the_middle(chart: LineChart) -> None:
    names = [f"Ants and bees of the garden, the {n}th time" for n in (1, 2)]
    lines = [Line(n, n, [1.0, 2.0], [0.1 * k, 0.4 * k], "#000000") for k, n in enumerate(names)]
    for width in (200, 275, 600, 1200):
        chart.resize(width, 200)
        chart.show_lines(AXES, lines)
        texts = sorted(text for _, text, _ in chart.plan().labels())
        assert len(texts) == 2
        assert all(text.count("…") == 1 and text.startswith("A") for text in texts), texts
        if width > 200:
            assert all(text.endswith("h time") for text in texts), texts
        assert all(box.right() <= width for box, _, _ in chart.plan().labels())
