"""Charts by mouse and keyboard: values, zoom, menu, files; and what they look like."""

from __future__ import annotations

import csv
import itertools
import math
from array import array
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QHelpEvent, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QToolTip
from pytestqt.qtbot import QtBot

from resnet_gui.ui.widgets.charts.chart import LineChart
from resnet_gui.ui.widgets.charts.model import (
    Axes,
    Line,
    fitted_y,
    pieces,
    plain_number,
    strokes,
    thinned,
    zoomed_x,
)
from resnet_gui.ui.widgets.charts.painter import ChartPainter
from resnet_gui.ui.widgets.charts.saving import write_picture
from resnet_gui.ui.widgets.plain_text import MessageBox
from tests.helpers.charts import choose, open_menu

Save = tuple[list[Path], list[str]]


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


def turn(chart: LineChart, notches: float, x: float) -> bool:
    """Turn the wheel over an x; whether the chart took that for itself."""
    position = QPointF(at(chart, x))
    event = QWheelEvent(
        position,
        chart.mapToGlobal(position),
        QPoint(),
        QPoint(0, round(notches * 120)),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(chart, event)
    return event.isAccepted()


def texts(chart: LineChart) -> list[str]:
    return [text for _, text in chart.readout()]


def test_hovering_reads_the_nearest_point_of_each_line(qtbot: QtBot, chart: LineChart) -> None:
    qtbot.mouseMove(chart, at(chart, 10.2))
    assert texts(chart) == ["training: 87%", "validation: 77%"]
    before = chart.grab().toImage()
    qtbot.mouseMove(chart, QPoint(3, 3))
    qtbot.waitUntil(lambda: texts(chart) == [])
    assert chart.grab().toImage() != before
    qtbot.mouseMove(chart, at(chart, 1))
    assert texts(chart) == ["training: 60%", "validation: 50%"]
    QApplication.sendEvent(chart, QEvent(QEvent.Type.Leave))
    assert texts(chart) == []


def test_the_wheel_zooms_around_the_pointer(qtbot: QtBot, chart: LineChart) -> None:
    assert not turn(chart, -1, 30)  # all is shown: the page below may scroll
    pointed = at(chart, 30)
    with qtbot.waitSignal(chart.zoomed):
        assert turn(chart, 3, 30)
    assert chart.zoom is not None
    low, high = chart.zoom
    assert high - low == pytest.approx(100 * 0.8**3)
    assert at(chart, 30).x() == pytest.approx(pointed.x(), abs=2)
    for _ in range(12):
        turn(chart, 3, 30)
    assert chart.zoom is not None
    assert chart.zoom[1] - chart.zoom[0] == pytest.approx(AXES.x_least)
    for _ in range(12):
        turn(chart, -3, 30)
    assert chart.zoom is None


def test_linked_charts_agree_on_a_zoom() -> None:
    """Else they would hand it to and fro for ever."""
    rng = np.random.default_rng(4)
    for _ in range(2_000):
        full = (0.0, float(rng.integers(1, 300)))
        low, high = sorted((rng.random(2) * 1.4 - 0.2) * full[1])
        zoom = zoomed_x(AXES, full, (float(low), float(high)))
        if zoom is not None:
            assert zoomed_x(AXES, full, zoom) == zoom
            assert zoom[1] - zoom[0] == pytest.approx(max(AXES.x_least, high - low))


def test_a_zoomed_chart_is_dragged_and_a_double_click_shows_all(
    qtbot: QtBot, chart: LineChart
) -> None:
    left = Qt.MouseButton.LeftButton
    chart.set_zoom((40.0, 60.0))
    start, end = at(chart, 50), at(chart, 55)
    qtbot.mousePress(chart, left, pos=start)
    qtbot.mouseMove(chart, end)
    assert chart.zoom == pytest.approx((35.0, 55.0), abs=0.2)
    qtbot.mouseMove(chart, end + QPoint(5000, 0))
    assert chart.zoom == pytest.approx((0.0, 20.0))  # not beyond the beginning
    qtbot.mouseRelease(chart, left, pos=end)
    qtbot.mouseMove(chart, at(chart, 10))
    assert texts(chart)[0] == "training: 87%"
    qtbot.mouseDClick(chart, left, pos=at(chart, 10))
    assert chart.zoom is None


def test_dragging_over_a_part_zooms_to_it(qtbot: QtBot, chart: LineChart) -> None:
    left = Qt.MouseButton.LeftButton
    start, end = at(chart, 70), at(chart, 30)

    def drag(to: QPoint, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        qtbot.mousePress(chart, left, keys, start)
        qtbot.mouseMove(chart, to)
        colour = chart.grab().toImage().pixelColor((start + to) / 2)
        assert colour.name() not in ("#ffffff", "#f9fafb")  # the part is seen
        qtbot.mouseRelease(chart, left, keys, to)

    near = start + QPoint(5, 0)
    drag(near)
    assert chart.zoom is None  # a click with an unsteady hand
    drag(end)
    assert chart.zoom == pytest.approx((30.0, 70.0), abs=0.3)
    middle = sum(chart.plan().frame.y) / 2
    start, end = at(chart, 40, middle), at(chart, 50, middle)
    drag(end, Qt.KeyboardModifier.ShiftModifier)  # without Shift the chart would be moved
    assert chart.zoom == pytest.approx((40.0, 50.0), abs=0.3)
    chart.reset_zoom()
    qtbot.mousePress(chart, left, pos=start)
    qtbot.mouseMove(chart, at(chart, 90))
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    qtbot.mouseRelease(chart, left, pos=at(chart, 90))
    assert chart.zoom is None


def test_every_line_is_read_out_also_where_they_lie_on_each_other(chart: LineChart) -> None:
    lines = [curve(f"network {n}", 0.6) for n in range(26)]
    chart.show_lines(AXES, lines)
    chart.point_at(50.0)
    assert len(texts(chart)) == 26
    painter = TextPainter()
    chart.plan().paint_readout(painter, 50.0)  # type: ignore[arg-type]
    written = [text for _, text in painter.texts]
    assert written[0] == "epoch 50"
    assert [text.split(":")[0] for text in written[1:]] == [line.name for line in lines]
    inside = chart.rect().adjusted(-1, -1, 1, 1)
    assert all(inside.contains(box.toAlignedRect()) for box, _ in painter.texts)
    chart.resize(200, 130)
    painter = TextPainter()
    chart.plan().paint_readout(painter, 50.0)  # type: ignore[arg-type]
    shown = len(painter.texts) - 1
    assert painter.texts[0][1] == f"epoch 50 ({shown} of 26)"


def test_only_points_of_one_epoch_are_read_out_together(chart: LineChart) -> None:
    """A short run's last value stood in the list of epochs that it never had."""
    chart.show_lines(AXES, [curve("long", 0.9), curve("short", 0.8, 12)])
    chart.point_at(15.2)
    assert texts(chart) == ["long: 88%"]
    chart.point_at(11.9)
    assert texts(chart) == ["long: 88%", "short: 78%"]
    chart.show_lines(AXES, [curve("short", 0.8, 3)])
    chart.point_at(5.0)
    assert texts(chart) == ["short: 70%"]  # the nearest there is
    chart.point_at(30.0)
    assert texts(chart) == []


def test_the_pointer_moves_without_painting_the_curves_again(
    chart: LineChart, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[ChartPainter] = []
    paint = ChartPainter.paint

    def count(plan: ChartPainter, *args: object) -> None:
        painted.append(plan)
        paint(plan, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(ChartPainter, "paint", count)
    chart.repaint()
    first = len(painted)
    for x in range(1, 20):
        chart.point_at(float(x))
        chart.repaint()
    assert len(painted) == first
    before = chart.grab().toImage()
    chart.show_lines(AXES, [curve("training", 0.4)])
    chart.repaint()
    assert len(painted) == first + 1
    assert chart.grab().toImage() != before
    for change in (
        lambda: chart.resize(610, 360),
        lambda: chart.set_zoom((1.0, 50.0)),
        lambda: chart.set_scale(1.4),
    ):
        before = chart.grab().toImage()
        change()
        assert chart.grab().toImage() != before


class TextPainter:
    """Notes what is written and where."""

    def __init__(self) -> None:
        self.texts: list[tuple[QRectF, str]] = []

    def drawText(self, box: QRectF, flags: object, text: str) -> None:
        self.texts.append((box, text))

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


def test_the_title_explains_its_words(qtbot: QtBot, chart: LineChart) -> None:
    def ask(position: QPoint) -> None:
        event = QHelpEvent(QEvent.Type.ToolTip, position, chart.mapToGlobal(position))
        QApplication.sendEvent(chart, event)

    ask(chart.plan().title.center().toPoint())
    assert QToolTip.text().startswith("Accuracy: the share of photos")
    ask(at(chart, 50))
    qtbot.waitUntil(lambda: not QToolTip.isVisible())  # values are read out there


def test_keys(qtbot: QtBot, chart: LineChart) -> None:
    qtbot.keyClick(chart, Qt.Key.Key_Plus)
    assert chart.zoom == pytest.approx((10.0, 90.0))
    assert chart.reset.isVisible()
    for _ in range(3):
        qtbot.keyClick(chart, Qt.Key.Key_Right)
    assert texts(chart)[0].startswith("training: 88%")
    for _ in range(4):
        qtbot.keyClick(chart, Qt.Key.Key_Left)
    assert chart.zoom == pytest.approx((8.0, 88.0))  # goes along
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert texts(chart) == []
    qtbot.keyClick(chart, Qt.Key.Key_Minus)
    qtbot.keyClick(chart, Qt.Key.Key_Minus)
    assert chart.zoom is None
    qtbot.keyClick(chart, Qt.Key.Key_Equal)
    qtbot.keyClick(chart, Qt.Key.Key_0)
    assert chart.zoom is None
    assert not chart.reset.isVisible()


def test_the_button_and_the_menu_reset_the_zoom(qtbot: QtBot, chart: LineChart) -> None:
    menu = open_menu(chart)
    named = [action.text() for action in menu.actions() if not action.isSeparator()]
    assert named == ["Zoom in", "Zoom out", "Reset zoom", "Save picture…", "Save values…"]
    assert [a.isEnabled() for a in menu.actions()[:3]] == [True, False, False]
    menu.close()
    chart.set_zoom((10.0, 30.0))
    choose(open_menu(chart), "Reset zoom")
    assert chart.zoom is None
    choose(open_menu(chart), "Zoom in")
    assert chart.zoom == pytest.approx((10.0, 90.0))
    choose(open_menu(chart), "Zoom out")
    assert chart.zoom is None
    chart.set_zoom((10.0, 30.0))
    qtbot.mouseClick(chart.reset, Qt.MouseButton.LeftButton)
    assert chart.zoom is None
    assert chart.plan().title.right() <= chart.width()


@pytest.fixture
def saved(chart: LineChart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Save:
    """Answers the dialog with a name in tmp_path and runs what the chart asks to be run."""
    files: list[Path] = []
    offered: list[str] = []

    def ask(
        parent: object, title: str, name: str, pattern: str, options: QFileDialog.Option
    ) -> tuple[str, str]:
        offered.append(Path(name).name)
        return str(tmp_path / "my chart"), pattern

    def run(job: Callable[[], object]) -> None:
        work = job()
        try:
            while True:
                next(work)  # type: ignore[call-overload]
        except StopIteration as end:
            files.append(end.value)

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    chart.save_requested.connect(run)
    return files, offered


def test_save_values(chart: LineChart, saved: Save) -> None:
    growing = Line("each step", "", array("d", [0.5, 1.0]), array("d", [2.25, 1.125]), "#000000")
    layers = Line("net", "", [1.0], [0.5], "#000000", point_name=["conv1, é"].__getitem__)
    chart.show_lines(AXES, [growing, layers, curve("validation", 0.8, 2)])
    choose(open_menu(chart), "Save values…")
    [file], offered = saved
    assert offered == ["Accuracy so far.csv"]
    assert file.name == "my chart.csv"
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.reader(opened))
    assert rows == [
        ["epoch", "each step", "net", "net: point", "validation"],
        ["0.5", "2.25", "", "", ""],
        ["1", "1.125", "0.5", "conv1, é", "0.5"],
        ["2", "", "", "", "0.65"],
    ]


def test_save_picture(chart: LineChart, saved: Save) -> None:
    chart.point_at(10.0)
    chart.setFocus()
    choose(open_menu(chart), "Save picture…")
    [file], offered = saved
    assert offered == ["Accuracy so far.png"]
    image = QImage(str(file))
    assert (image.width(), image.height()) == (1200, 720)
    chart.point_at(None)
    assert chart.picture().convertToFormat(image.format()) == image  # without the readout


def test_a_file_is_replaced_only_after_a_question(
    qtbot: QtBot, chart: LineChart, saved: Save, tmp_path: Path
) -> None:
    """The dialog knows the name without the suffix: it could not have asked."""
    mine = tmp_path / "my chart.csv"
    mine.write_text("mine")
    for answer in (MessageBox.StandardButton.Cancel, MessageBox.StandardButton.Save):
        assert mine.read_text() == "mine"
        choose(open_menu(chart), "Save values…")
        [box] = chart.findChildren(MessageBox)
        assert "my chart.csv" in box.text()
        with qtbot.waitSignal(box.destroyed):
            box.button(answer).click()
    assert mine.read_text(encoding="utf-8-sig").startswith("epoch,")
    assert saved[0] == [mine]


def test_a_picture_that_cannot_be_written_says_so(chart: LineChart, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"):
        list(write_picture(chart.picture(), tmp_path / "file" / "a.png"))
    with pytest.raises(OSError, match="could not be written"):
        list(write_picture(QImage(), tmp_path / "b.png"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


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
