"""A run's three charts: they zoom and read out together, and follow the run and the theme."""

from __future__ import annotations

import dataclasses

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from resnet_gui.core.runs.events import BatchDone, EpochDone
from resnet_gui.ui.train.charts import TrainingCharts
from resnet_gui.ui.widgets.theme import ThemeManager
from tests.helpers.charts import open_menu

STEPS = 40


def epoch_done(epoch: int, *, val: bool = True) -> EpochDone:
    done = 1 - 0.5**epoch
    return EpochDone(
        run="r",
        epoch=epoch,
        epochs=10,
        step=epoch * STEPS,
        phase="network",
        train_loss=2 - done,
        train_accuracy=done,
        val_loss=2.1 - done if val else None,
        val_accuracy=done - 0.1 if val else None,
        lr=0.01,
        seconds=1.0,
        photos_per_s=100.0,
        best=epoch != 4,
    )


def batches(epoch: int) -> list[BatchDone]:
    return [
        BatchDone(
            run="r",
            epoch=epoch,
            step=(epoch - 1) * STEPS + n,
            step_in_epoch=n,
            steps_in_epoch=STEPS,
            phase="network",
            loss=float("nan") if n == 7 else 3 / epoch,
            accuracy=0.5,
            lr=0.01 / epoch,
            photos_per_s=100.0,
            eta_s=None,
            memory_mb=100.0,
        )
        for n in range(1, STEPS + 1)
    ]


@pytest.fixture
def charts(qtbot: QtBot) -> TrainingCharts:
    """A run of ten epochs after the fourth."""
    charts = TrainingCharts()
    qtbot.addWidget(charts)
    charts.resize(900, 460)
    charts.show()
    charts.set_length(10)
    for epoch in range(1, 5):
        charts.add_batches(batches(epoch))
        charts.add_epochs([epoch_done(epoch)])
    qtbot.waitUntil(lambda: len(charts.accuracy.lines[0].xs) == 4)
    return charts


def test_hovering_one_chart_reads_all_three(qtbot: QtBot, charts: TrainingCharts) -> None:
    frame = charts.accuracy.plan().frame
    assert frame.x == (0.0, 10.0)
    qtbot.mouseMove(charts.accuracy, frame.point(2.2, 0.6).toPoint())
    assert [text for _, text in charts.accuracy.readout()] == ["training: 75%", "validation: 65%"]
    loss = [text for _, text in charts.loss.readout()]
    assert loss[0].startswith("each step: ")
    assert "(step 80)" in loss[0]  # that of the epoch, not of the pointer
    assert loss[1:] == ["training: 1.25", "validation: 1.35"]
    [rate] = [text for _, text in charts.rate.readout()]
    assert rate.startswith("learning rate: 0.00")
    assert charts.readout.text() == (
        "Best epoch: 3 (validation accuracy 77.5%), dotted line"
        "  ·  last epoch: 4 (validation accuracy 83.8%)"
    )
    assert charts.accuracy.axes.mark == charts.loss.axes.mark == 3.0


def test_a_best_epoch_that_is_less_often_right_says_what_chose_it(
    qtbot: QtBot, charts: TrainingCharts
) -> None:
    """Else it stands below a curve that was higher elsewhere, and seems wrong."""
    last = dataclasses.replace(epoch_done(5), val_accuracy=0.7, val_loss=0.9)
    charts.add_epochs([last])
    said = "Best epoch: 5 (validation accuracy 70.0%), for its lowest validation loss, dotted line"
    qtbot.waitUntil(lambda: charts.readout.text() == said)


def test_one_zoom_for_all_until_the_next_run(qtbot: QtBot, charts: TrainingCharts) -> None:
    charts.loss.set_zoom((1.0, 1.5))
    assert charts.accuracy.zoom == charts.rate.zoom == charts.loss.zoom == (1.0, 1.5)
    charts.set_length(3)  # stopped early
    qtbot.waitUntil(lambda: charts.accuracy.axes.x_range == (0.0, 3.0))
    assert charts.accuracy.zoom == (1.0, 1.5)
    charts.clear()
    assert charts.accuracy.zoom is charts.loss.zoom is charts.rate.zoom is None
    assert charts.readout.text() == ""
    assert not any(len(line.xs) for line in charts.loss.lines)


def test_the_learning_rate_before_a_resume_is_drawn(qtbot: QtBot, charts: TrainingCharts) -> None:
    """Its steps are not told again; the rate was a vertical line at the place of the resume."""
    charts.clear()
    charts.add_epochs([epoch_done(n) for n in (1, 2, 3)])
    charts.add_batches(batches(4))
    charts.add_epochs([epoch_done(4)])
    qtbot.waitUntil(lambda: charts.readout.text().startswith("Best epoch: 3"))
    [rate] = charts.rate.lines
    assert len(rate.xs) == 3 + STEPS
    assert list(rate.xs[:4]) == [1.0, 2.0, 3.0, 3 + 1 / STEPS]
    assert list(rate.ys[:4]) == [0.01, 0.01, 0.01, 0.0025]
    assert rate.point_name is not None
    assert rate.point_name(1) == "step 80"


def test_losses_that_are_no_numbers_leave_a_gap(qtbot: QtBot, charts: TrainingCharts) -> None:
    each = charts.loss.lines[0]
    assert len(each.xs) == len(each.ys) == 4 * (STEPS - 1)
    assert len(charts.rate.lines[0].xs) == 4 * STEPS
    charts.add_epochs([epoch_done(5, val=False)])
    qtbot.waitUntil(lambda: len(charts.accuracy.lines[0].xs) == 5)
    assert [len(line.xs) for line in charts.accuracy.lines] == [5, 4]


def test_the_menu_is_our_own(qtbot: QtBot, charts: TrainingCharts) -> None:
    """A foreign one offered an export that needed Matplotlib, and failed."""
    for place in (charts.rect().center() / 2, charts.rect().bottomRight() * 0.9):
        target = charts.childAt(place)
        position = target.rect().center()
        menu = open_menu(target, position)
        named = [action.text() for action in menu.actions() if action.text()]
        assert named == ["Zoom in", "Zoom out", "Reset zoom", "Save picture…", "Save values…"]
        menu.close()


def test_the_theme_changes_while_a_run_is_shown(
    qtbot: QtBot, charts: TrainingCharts, qapp: QApplication
) -> None:
    theme = ThemeManager(qapp)
    theme.changed.connect(charts.refresh_theme)
    grounds, colours = [], []
    for choice in ("light", "dark"):
        theme.choose(choice)
        image = charts.accuracy.grab().toImage()
        grounds.append(image.pixelColor(image.width() // 2, image.height() // 2).lightness())
        colours.append(
            [line.colour for chart in (charts.loss, charts.rate) for line in chart.lines]
        )
    assert grounds[0] > 200
    assert grounds[1] < 80
    assert all(light != dark for light, dark in zip(*colours, strict=True))
    theme.choose("light")


def test_a_zoom_stays_while_points_arrive(qtbot: QtBot, charts: TrainingCharts) -> None:
    charts.accuracy.setFocus()
    qtbot.keyClick(charts.accuracy, Qt.Key.Key_Plus)
    zoom = charts.accuracy.zoom
    assert zoom is not None
    charts.add_batches(batches(5))
    charts.add_epochs([epoch_done(5)])
    qtbot.waitUntil(lambda: len(charts.accuracy.lines[0].xs) == 5)
    assert charts.accuracy.zoom == zoom  # the view is the person's
    qtbot.mouseClick(charts.loss.reset, Qt.MouseButton.LeftButton)
    assert charts.accuracy.zoom is None
