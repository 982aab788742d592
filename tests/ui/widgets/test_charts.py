"""Charts by mouse and keyboard: values, zoom, menu, files."""

from __future__ import annotations

import csv
from array import array
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QLocale, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QToolTip
from pytestqt.qtbot import QtBot

from resnet_gui.ui.widgets.charts.chart import LineChart
from resnet_gui.ui.widgets.charts.model import Line, zoomed_x
from resnet_gui.ui.widgets.charts.painter import ChartPainter
from resnet_gui.ui.widgets.charts.saving import table, write_picture
from resnet_gui.ui.widgets.file_saver import Saving
from tests.helpers.charts import choose, open_menu
from tests.ui.widgets.conftest import AXES, TextPainter, at, curve

Save = tuple[list[Path], list[str]]


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

    def run(saving: Saving) -> None:
        work = saving.write(saving.target)
        try:
            while True:
                next(work)
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


def test_a_picture_that_cannot_be_written_says_so(chart: LineChart, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"):
        list(write_picture(chart.picture(), tmp_path / "file" / "a.png"))
    with pytest.raises(OSError, match="could not be written"):
        list(write_picture(QImage(), tmp_path / "b.png"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_values_for_a_spreadsheet_of_another_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a comma in its numbers; and what a run is called is no formula."""
    german = QLocale(QLocale.Language.German)
    monkeypatch.setattr(QLocale, "system", lambda: german)
    line = Line("=1+1; 2.5", "", (1.0, 2.5), (0.25, 1.0), "#000000")
    rows = list(csv.reader(table(AXES, [line]).splitlines(), delimiter=";"))
    assert rows[0][1] == "'=1+1; 2.5"
    assert rows[1:] == [["1", "0,25"], ["2,5", "1,0"]]
