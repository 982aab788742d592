"""The Lab in the real window: curves of networks and runs, and the page itself."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.lab.histories import HistoryFound, run_key
from resnet_gui.core.system.paths import data_dir
from resnet_gui.ui.lab.page import PROJECTOR_SCALE, LabPage, View
from resnet_gui.ui.lab.why import LabWhy
from resnet_gui.ui.page import PageContext
from resnet_gui.ui.widgets.glossary import explained
from resnet_gui.ui.widgets.plain_text import PlainLabel
from tests.core.lab.test_sources import make_run
from tests.helpers.charts import choose, open_menu
from tests.helpers.fake_engine import Rig
from tests.helpers.histories import epoch, history, write
from tests.ui.conftest import ANSWER_MS
from tests.ui.lab.conftest import curves_of, layers_of, open_lab


def test_the_paper_s_networks_side_by_side(qtbot: QtBot, models: Path, app: WindowApp) -> None:
    app.window.resize(1200, 760)
    page = open_lab(qtbot, app)
    assert app.window.rail.buttons["lab"].isChecked()
    view = curves_of(page)
    qtbot.waitUntil(lambda: view.plain.isVisible() and view.residual.isVisible())
    assert [line.name for line in view.plain.lines] == [
        "Plain-20, training",
        "Plain-20",
        "Plain-56, training",
        "Plain-56",
    ]
    assert [line.dashed for line in view.residual.lines] == [True, False, True, False]
    widths = [line.width for line in view.plain.lines]
    assert widths[3] > widths[1]
    assert view.plain.axes.y_range == view.residual.axes.y_range
    assert view.plain.lines[1].colour != view.residual.lines[1].colour
    assert view.sentence.text().startswith(
        "After the last epoch (6), Plain-56 has 88.0% training accuracy, Plain-20 91.0%"
    )
    assert "other way round" in view.sentence.text()
    figures = [row.figures.text() for row in page.networks.rows.values()]
    assert "validation 94.0% (best and last)\ntraining 96.0% (epoch 6)" in figures


def test_the_first_look_shows_no_bare_parts(
    qtbot: QtBot, models: Path, open_app: Callable[..., WindowApp]
) -> None:
    """Until the first view is there, a slow machine shows the page as it was made."""
    app = open_app()
    app.window.show_page("lab")
    page = app.window.lab_page
    assert not page.views
    bare = [
        button
        for button in page.findChildren(QPushButton)
        if button.isVisible() and not button.text() and button.icon().isNull()
    ]
    assert bare == []
    assert not page.networks.isVisible()
    qtbot.waitUntil(lambda: View.WHY in page.views and page.settled)
    assert not page.networks.isVisible()


def test_switches(qtbot: QtBot, models: Path, app: WindowApp) -> None:
    app.window.resize(1200, 760)
    page = open_lab(qtbot, app)
    view = curves_of(page)
    rows = {row.box.text(): row for row in page.networks.rows.values()}
    rows["Plain-56"].box.click()
    assert [line.name for line in view.plain.lines] == ["Plain-20, training", "Plain-20"]
    assert view.sentence.text().startswith("After the last epoch (6), ResNet-56 has 96.0%")
    rows["Plain-20"].box.click()
    assert not view.plain.isVisible()
    assert len(view.residual.lines) == 4
    rows["Plain-56"].box.click()
    view.together.click()
    assert not view.plain.isVisible()
    assert len(view.residual.lines) == 6
    view.training.click()
    assert [line.name for line in view.residual.lines] == ["Plain-56", "ResNet-20", "ResNet-56"]
    view.validation.click()
    assert not view.residual.lines
    for row in rows.values():
        row.box.setChecked(False)
    assert "Switch a network on" in view.sentence.text()


def test_the_sentence_follows_the_data(
    qtbot: QtBot, tmp_path: Path, models: Path, open_app: Callable[..., WindowApp]
) -> None:
    write(models, history("plain", 20, 0.2), history("residual", 56, 0.3))
    app = open_app()
    view = curves_of(open_lab(qtbot, app))
    assert "deeper is better" in view.sentence.text()
    assert "ResNet-56 70.0% against ResNet-20 92.0%" in view.sentence.text()


def test_a_run_of_the_user_joins_the_chart(qtbot: QtBot, models: Path, app: WindowApp) -> None:
    page = open_lab(qtbot, app)
    view = curves_of(page)
    make_run(data_dir() / "runs", "mine")
    page.refresh_if_shown()
    qtbot.waitUntil(lambda: "run:mine" in page.networks.rows, timeout=ANSWER_MS)
    row = page.networks.rows["run:mine"]
    assert not row.box.isChecked()
    row.box.click()
    names = [line.name for line in (*view.plain.lines, *view.residual.lines)]
    assert "Run mine, training" in names
    # The run goes on: the row stays, with newer figures, and the line grows.
    with (data_dir() / "runs" / "mine" / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(epoch(4, 4, 0.25, None).to_json()) + "\n")
    app.window.train_controller.earlier.changed.emit()
    qtbot.waitUntil(lambda: row.figures.text() == "training 75.0% (epoch 4)", timeout=ANSWER_MS)
    assert page.networks.rows["run:mine"] is row
    drawn = {line.name: line for line in (*view.plain.lines, *view.residual.lines)}
    assert len(drawn["Run mine, training"].xs) == 4


def test_a_run_that_goes_on_grows_without_reading(
    qtbot: QtBot, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resnet_gui.ui.lab.page.REFRESH_MS", 0)
    run = history("plain", 20, 0.1, epochs=3)
    rig.engine.script("histories", HistoryFound(run_key("r"), run, True, "d"))
    lanes = SimpleNamespace(inference=rig.inference, io=rig.io)
    means = SimpleNamespace(engine=rig.engine, store=rig.store, inference=rig.inference, io=rig.io)
    context = SimpleNamespace(means=means, lanes=lanes)
    page = LabPage(cast(PageContext, context))
    qtbot.addWidget(page)
    page.add_event(dataclasses.replace(epoch(4, 9, 0.5, 0.5), run="r"))  # nobody looks
    page.show()
    page.shown()
    rig.until(lambda: page.controller.looked)
    for number in (4, 5, 6):
        page.add_event(dataclasses.replace(epoch(number, 9, 0.5, 0.5), run="r"))
    rig.until(lambda: len(page.controller.histories[0].history.epochs) == 6)
    assert rig.engine.calls == [("histories", ())]
    page.hidden()
    page.hide()


def made_page(qtbot: QtBot, rig: Rig, *items: HistoryFound) -> LabPage:
    """The page on an engine that has these histories, before it is shown."""
    rig.engine.script("histories", *items)
    lanes = SimpleNamespace(inference=rig.inference, io=rig.io)
    means = SimpleNamespace(engine=rig.engine, store=rig.store, inference=rig.inference, io=rig.io)
    context = SimpleNamespace(means=means, lanes=lanes)
    page = LabPage(cast(PageContext, context))
    qtbot.addWidget(page)
    page.resize(1200, 760)
    page.show()
    page.show_view(View.CURVES)
    page.shown()
    rig.until(lambda: page.controller.looked and View.CURVES in page.views)
    return page


def run_of(key: str, title: str, data: str, **changes: Any) -> HistoryFound:
    made = dataclasses.replace(history("residual", 20, 0.1), id=key, title=title)
    return HistoryFound(run_key(key), made, True, data, **changes)


def test_runs_are_told_apart_by_name_colour_and_photos(qtbot: QtBot, rig: Rig) -> None:
    """All runs of one architecture had one name and one colour."""
    bundled = HistoryFound("b", history("residual", 20, 0.1), False, "cifar10")
    runs = [run_of(f"r{n}", "Ten things" if n < 2 else f"Run {n}", "/p/ten") for n in range(6)]
    page = made_page(qtbot, rig, bundled, *runs, run_of("c", "Pixels", "/d/cifar10"))
    view = curves_of(page)
    assert not view.warning.isVisible()
    for item in runs:
        page.controller.show(item.key, True)
    solid = [line for line in view.residual.lines if not line.dashed]
    assert len({line.colour for line in solid}) == len({line.name for line in solid}) == 7
    assert view.warning.isVisible()
    assert "(CIFAR-10, ten)" in view.warning.text()
    colour = {line.name: line.colour for line in solid}
    page.controller.show("run:r3", False)
    page.controller.show("run:c", True)  # takes what is free; the others keep theirs
    now = {line.name: line.colour for line in view.residual.lines if not line.dashed}
    assert now["Pixels"] == colour["Run 3"]
    assert all(now[name] == colour[name] for name in colour if name != "Run 3")
    page.controller.show("run:r3", True)
    now = {line.name: line.colour for line in view.residual.lines if not line.dashed}
    assert len(set(now.values())) == 8
    assert "Your runs on ten" in [label.text() for label in page.networks.findChildren(PlainLabel)]
    for item in runs:
        page.controller.show(item.key, False)
    assert not view.warning.isVisible()
    page.hidden()
    page.hide()


def test_axes_stand_still_while_a_run_goes_on(qtbot: QtBot, rig: Rig) -> None:
    run = run_of("r", "Mine", "d", planned=40)
    page = made_page(qtbot, rig, run)
    view = curves_of(page)
    axes = view.residual.axes
    assert axes.x_range == (0.0, 40.0)
    assert page.networks.rows["run:r"].figures.text().endswith("(epoch 6 of 40)")
    for number in range(7, 30):
        error = 0.1 / number
        done = dataclasses.replace(epoch(number, 40, error, error), run="r")
        page.controller.add_events([done])
        assert view.residual.axes.x_range == axes.x_range
        assert view.residual.axes.y_range == axes.y_range
    # Watched from the start again, it stays where it is; at the end it goes along.
    assert view.epochs.epoch == 29
    view.epochs.slider.setValue(10)
    done = dataclasses.replace(epoch(30, 40, 0.003, 0.003), run="r")
    page.controller.add_events([done])
    assert view.epochs.epoch == 10
    assert view.epochs.slider.maximum() == 30
    assert len(view.residual.lines[0].xs) == 10
    assert "in the last epoch (10 of 40)" in view.sentence.text()
    watched = view.residual.axes
    assert watched.y_range == (0.3, 1.0), "the first epochs, too: they lay below the axis"
    view.epochs.slider.setValue(30)
    assert len(view.residual.lines[0].xs) == 30
    assert view.residual.axes.y_range == watched.y_range, "no jump at the end"
    view.residual.set_zoom((1.0, 3.0))  # the first epochs lie below the axis of the whole
    assert view.residual.axes.y_range is not None
    low, high = view.residual.axes.y_range
    line = view.residual.lines[0]
    seen = [y for x, y in zip(line.xs, line.ys, strict=True) if 1 <= x <= 3]
    assert low <= min(seen) < max(seen) <= high
    view.residual.reset_zoom()
    assert view.residual.axes.y_range == watched.y_range
    page.hidden()
    page.hide()


def test_terms_are_explained_on_hover(qtbot: QtBot, models: Path, app: WindowApp) -> None:
    page = open_lab(qtbot, app)
    view = curves_of(page)
    tip = explained(view.sentence.text())  # which a label shows of itself
    assert not view.sentence.label.toolTip()
    assert "Accuracy: the share" in tip
    assert "Overfitting: " in tip
    assert "Epoch: one pass" in tip
    row = next(iter(page.networks.rows.values()))
    assert "Best epoch: " in row.figures.toolTip()
    assert "Accuracy: " in view.validation.toolTip()


@pytest.mark.parametrize("size", [(1200, 760), (1280, 720)])
def test_words_fit_on_one_screen(
    qtbot: QtBot, models: Path, app: WindowApp, size: tuple[int, int]
) -> None:
    app.window.resize(*size)
    page = open_lab(qtbot, app, View.WHY)
    qtbot.waitUntil(lambda: View.WHY in page.views)
    why = page.views[View.WHY]
    assert isinstance(why, LabWhy)
    qtbot.waitUntil(lambda: why.plain.verticalScrollBar().maximum() == 0)
    why.plain.turn.click()
    qtbot.waitUntil(lambda: why.exact.verticalScrollBar().maximum() == 0)
    assert why.exact.title.text() == "H(x) = F(x) + x"
    assert why.exact.turn.hasFocus()
    why.exact.turn.click()
    assert why.account is why.plain


@pytest.mark.parametrize(
    "view", [*list(View)[:4], pytest.param(View.DIAGRAM, marks=pytest.mark.slow)]
)
def test_what_is_shown_is_saved_as_a_picture(
    qtbot: QtBot,
    models: Path,
    app: WindowApp,
    view: View,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For a worksheet: of the words and the diagram there was none, and of a chart only by a menu
    that nobody finds."""
    app.window.resize(1100, 700)
    page = open_lab(qtbot, app, view)
    qtbot.waitUntil(lambda: view in page.views)
    qtbot.waitUntil(
        lambda: view is not View.DIAGRAM or page.controller.diagram is not None, timeout=ANSWER_MS
    )
    target = tmp_path / "worksheet"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, **_: (str(target), ""))
    page.save.click()
    qtbot.waitUntil(lambda: f"Saved as {target}.png" in page.notices.texts)
    with Image.open(f"{target}.png") as found:
        assert found.width > 1000
        assert found.height > 600
        colours = found.convert("RGB").getcolors(1 << 24) or []
    assert len(colours) > 20, "not an empty sheet"


def test_views_that_are_not_seen_become_large_when_they_are_shown(
    qtbot: QtBot, models: Path, app: WindowApp
) -> None:
    page = open_lab(qtbot, app, View.GRADIENTS)
    layers = layers_of(page)
    open_lab(qtbot, app)
    page.projector.click()
    assert curves_of(page).plain.scale == PROJECTOR_SCALE
    assert layers.chart.scale == 1
    page.show_view(View.GRADIENTS)
    qtbot.waitUntil(lambda: page.stack.currentWidget() is layers)
    assert layers.chart.scale == PROJECTOR_SCALE
    page.projector.click()
    assert layers.chart.scale == 1
    open_lab(qtbot, app)
    assert curves_of(page).plain.scale == 1


def test_projector(qtbot: QtBot, models: Path, app: WindowApp) -> None:
    page = open_lab(qtbot, app)
    window = app.window
    window.save_now()
    shape = window.memory.settings.window
    page.projector.click()
    assert not window.rail.isVisible()
    assert not window.statusBar().isVisible()
    assert curves_of(page).plain.scale == PROJECTOR_SCALE
    assert window.isFullScreen()
    # The charts have all of the width; the list opens over them.
    qtbot.waitUntil(lambda: page.settled and page.choose.isVisible())
    assert not page.networks.isVisible()
    qtbot.waitUntil(lambda: page.stack.width() > page.width() - 60)
    assert page.choose.font().pointSizeF() == page.save.font().pointSizeF()
    page.choose.click()
    assert page.networks.isVisible()
    page.choose.click()
    window.save_now()
    assert window.memory.settings.window == shape
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    qtbot.waitUntil(page.networks.isVisible)
    assert not page.choose.isVisible()
    assert window.rail.isVisible()
    assert not window.isFullScreen()
    page.projector.click()
    # A presenter's keys turn over; the space bar plays.
    qtbot.keyClick(page, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: page.settled and View.GRADIENTS in page.views)
    assert page.tabs[View.GRADIENTS].isChecked()
    qtbot.keyClick(page, Qt.Key.Key_PageUp)
    qtbot.waitUntil(lambda: page.settled and curves_of(page).isVisible())
    qtbot.keyClick(curves_of(page).plain, Qt.Key.Key_Space)
    assert curves_of(page).epochs.play.isChecked()
    qtbot.keyClick(page, Qt.Key.Key_Space)
    assert not curves_of(page).epochs.play.isChecked()
    for _ in range(3):
        qtbot.keyClick(page, Qt.Key.Key_PageUp)
    assert page.view is View.WHY
    window.show_page("classify")
    assert not page.projector.isChecked()
    assert window.rail.isVisible()


def test_photos_dropped_here_are_classified(
    qtbot: QtBot, models: Path, app: WindowApp, photos: dict[str, Path]
) -> None:
    page = open_lab(qtbot, app)
    window = app.window
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(photos["coffee"]))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(300, 300), copy, mime, left, keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), copy, mime, left, keys))
    assert window.pages.current is window.page
    assert not page.isVisible()
    qtbot.waitUntil(lambda: window.page.results.answer.text() == "espresso", timeout=ANSWER_MS)


def test_values_are_read_out_by_keys(qtbot: QtBot, models: Path, app: WindowApp) -> None:
    page = open_lab(qtbot, app, View.GRADIENTS)
    chart = layers_of(page).chart
    assert chart.readout() == []
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    texts = [text for _, text in chart.readout()]
    assert any(text.startswith("Plain-56: ") and "stage1.0" in text for text in texts)
    assert chart.accessibleName().startswith("Chart: Size of each layer's gradient")
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert chart.readout() == []


def test_curves_zoom_together_and_are_saved(
    qtbot: QtBot, models: Path, app: WindowApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.window.resize(1200, 760)
    page = open_lab(qtbot, app)
    view = curves_of(page)
    qtbot.waitUntil(lambda: view.plain.isVisible() and bool(view.plain.lines))
    view.plain.setFocus()
    qtbot.keyClick(view.plain, Qt.Key.Key_Plus)
    assert view.plain.zoom is not None
    assert view.residual.zoom == view.plain.zoom
    qtbot.keyClick(view.residual, Qt.Key.Key_0)
    assert view.plain.zoom is None
    names = iter([tmp_path / "curves.png", tmp_path / "curves.png" / "no folder.csv"])
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(next(names)), ""))
    choose(open_menu(view.plain), "Save picture…")
    qtbot.waitUntil(lambda: any("curves.png" in text for text in page.notices.texts))
    assert (tmp_path / "curves.png").is_file()
    choose(open_menu(view.plain), "Save values…")
    qtbot.waitUntil(lambda: any("could not be saved" in text for text in page.notices.texts))


def test_themes(qtbot: QtBot, models: Path, app: WindowApp) -> None:
    page = open_lab(qtbot, app)
    app.theme.choose("light")
    light = curves_of(page).residual.lines[0].colour
    app.theme.choose("dark")
    assert curves_of(page).residual.lines[0].colour != light


def test_the_lab_s_widgets_need_no_torch() -> None:
    code = (
        "import json, sys, resnet_gui.ui.lab.page, resnet_gui.core.lab.histories;"
        "print(json.dumps('torch' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False
