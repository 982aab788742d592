"""What the Lab shows beside the curves: words, gradients, diagrams, and why there is nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.system.paths import data_dir
from resnet_gui.ui.lab.curves import LabCurves
from resnet_gui.ui.lab.diagram import LabDiagram
from resnet_gui.ui.lab.diagram_canvas import DiagramCanvas
from resnet_gui.ui.lab.page import PROJECTOR_SCALE, View
from resnet_gui.ui.lab.why import LabWhy
from resnet_gui.ui.widgets.plain_text import PlainLabel
from tests.core.lab.test_sources import make_run
from tests.helpers.histories import history, write
from tests.ui.conftest import ANSWER_MS
from tests.ui.lab.conftest import curves_of, layers_of, open_lab


def test_the_words_come_first_and_agree_with_the_gradients(
    qtbot: QtBot, models: Path, app: WindowApp
) -> None:
    """They said that gradients do not vanish, beside a chart in which they explode."""
    app.window.show_page("lab")
    page = app.window.lab_page
    assert page.view is View.WHY
    assert next(iter(page.tabs)) is View.WHY
    qtbot.waitUntil(lambda: page.controller.looked and View.WHY in page.views, timeout=ANSWER_MS)
    why = page.views[View.WHY]
    assert isinstance(why, LabWhy)
    qtbot.waitUntil(lambda: why.measured.text().startswith("Before training"))
    assert "in Plain-56 is 900 times that of the last convolution, in ResNet-56 3 times" in (
        why.measured.text()
    )
    assert "explode at the start, in spite of batch normalisation" in why.measured.text()
    page.show_view(View.GRADIENTS)
    qtbot.waitUntil(lambda: View.GRADIENTS in page.views)
    assert "In Plain-56 the first layer's gradient is 900 times" in layers_of(page).sentence.text()


def test_the_first_words_are_for_a_school_class(qtbot: QtBot, models: Path, app: WindowApp) -> None:
    """Vanishing gradients, batch normalisation and V2 stood on the first screen."""
    page = open_lab(qtbot, app, View.WHY)
    qtbot.waitUntil(lambda: page.controller.looked and View.WHY in page.views)
    why = page.views[View.WHY]
    assert isinstance(why, LabWhy)
    assert why.account is why.plain
    qtbot.waitUntil(lambda: why.seen.text().startswith("Of the photos"))
    assert "91.0% right with 20 layers, but only 88.0% with 56" in why.seen.text()
    words = " ".join(label.text() for label in why.plain.findChildren(PlainLabel)).lower()
    for word in ("gradient", "batch", "activation", "v2", "f(x)", "parameter", "optimi"):
        assert word not in words
    assert "not a proof" in words
    # A formula is one word where lines end.
    exact = " ".join(label.text() for label in why.exact.texts)
    assert "as 1\u00a0+\u00a0…," in exact
    assert "vanishing gradients to blame" in exact, "the paper rules them out"


def test_curves_are_watched_epoch_by_epoch(qtbot: QtBot, models: Path, app: WindowApp) -> None:
    """Gradients and residuals had Play, the curves had not."""
    app.window.resize(1200, 760)
    view = curves_of(open_lab(qtbot, app))
    bar = view.epochs
    assert bar.at_end
    assert bar.when.text() == "after epoch 6"
    whole = view.sentence.text()
    bar.play.click()
    assert bar.play.text() == "Pause"
    assert bar.epoch == 0
    assert all(not len(line.xs) for line in view.plain.lines)
    axes = view.plain.axes
    assert view.sentence.text().startswith("Before training")
    drawn: list[int] = []
    bar.moved.connect(lambda epoch: drawn.append(len(view.plain.lines[1].xs)))
    qtbot.waitUntil(lambda: not bar.play.isChecked())
    assert drawn == [1, 2, 3, 4, 5, 6]
    assert view.sentence.text() == whole
    qtbot.keyClick(bar.slider, Qt.Key.Key_Left)
    qtbot.keyClick(bar.slider, Qt.Key.Key_Left)
    assert "After 4 epochs, Plain-56 has 68.0% training accuracy" in view.sentence.text()
    assert view.plain.lines[2].figure == "68.0%"
    for name in ("x_range", "y_range"):
        assert getattr(view.plain.axes, name) == getattr(axes, name), "the axes stand still"


def test_without_bundled_histories_the_newest_run_is_shown(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, app: WindowApp
) -> None:
    monkeypatch.setattr(
        "resnet_gui.core.system.paths.bundled_models_dir", lambda: tmp_path / "none"
    )
    make_run(data_dir() / "runs", "mine")
    page = open_lab(qtbot, app)
    qtbot.waitUntil(lambda: View.CURVES in page.views)
    assert page.networks.rows["run:mine"].box.isChecked()
    assert curves_of(page).sentence.text() == (
        "“Run mine” on photos: 50.0% training accuracy in the last epoch (3), without validation."
    )


def test_a_damaged_history_is_named_and_the_others_are_shown(
    qtbot: QtBot, models: Path, open_app: Callable[..., WindowApp]
) -> None:
    (models / "resnet20-broken.history.json").write_text("{", encoding="utf-8")
    page = open_lab(qtbot, open_app())
    qtbot.waitUntil(lambda: bool(page.notices.texts))
    assert "resnet20-broken.history.json" in page.notices.texts[0]
    assert len(page.networks.rows) == 4


def test_nothing_to_show_says_so(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, app: WindowApp
) -> None:
    monkeypatch.setattr(
        "resnet_gui.core.system.paths.bundled_models_dir", lambda: tmp_path / "none"
    )
    page = open_lab(qtbot, app)
    qtbot.waitUntil(lambda: page.empty.title.text() == "No trainings to show yet")
    assert not page.empty.button.isVisible()
    page.tabs[View.GRADIENTS].click()
    qtbot.waitUntil(lambda: page.empty.title.text() == "No recorded layers yet")
    page.empty.button.click()
    assert len(page.controller.measuring) == 2
    qtbot.waitUntil(lambda: len(page.controller.fresh) == 2, timeout=ANSWER_MS)
    view = layers_of(page)
    assert page.stack.currentWidget() is view
    assert [line.label for line in view.chart.lines] == ["Plain-56", "ResNet-56"]
    assert all(len(line.xs) == 56 for line in view.chart.lines)
    assert view.sentence.text().startswith("In Plain-56 the first layer's gradient is")
    assert "stay closer to one size" in view.sentence.text()
    assert "sample photos" in view.note.text()
    qtbot.waitUntil(lambda: not page.controller.measuring, timeout=ANSWER_MS)
    assert not view.progress.isVisible()


def test_the_slider_runs_from_the_start_to_the_end(
    qtbot: QtBot, models: Path, app: WindowApp
) -> None:
    page = open_lab(qtbot, app, View.GRADIENTS)
    view = layers_of(page)
    assert view.epochs.slider.maximum() == 2
    assert view.epochs.when.text() == "at initialisation"
    assert "900 times" in view.sentence.text()
    axes = view.chart.axes.y_range
    view.epochs.slider.setValue(1)
    assert view.epochs.when.text() == "after epoch 1"
    assert "300 times" in view.sentence.text()
    view.epochs.slider.setValue(2)
    assert "30 times" in view.sentence.text()
    assert view.chart.axes.y_range == axes
    view.epochs.play.click()
    assert view.epochs.slider.value() == 0
    qtbot.waitUntil(lambda: view.epochs.slider.value() == 2 and not view.epochs.play.isChecked())
    view.epochs.play.click()
    page.tabs[View.RESIDUALS].click()
    qtbot.waitUntil(lambda: View.RESIDUALS in page.views)
    assert not view.epochs.play.isChecked()
    residuals = layers_of(page, View.RESIDUALS)
    assert "0.30 in ResNet-56" in residuals.sentence.text()
    assert [len(line.xs) for line in residuals.chart.lines] == [9, 27, 9, 27]


def test_a_network_measured_here_has_no_epochs(qtbot: QtBot, models: Path, app: WindowApp) -> None:
    page = open_lab(qtbot, app, View.GRADIENTS)
    view = layers_of(page)
    view.choice.setCurrentIndex(view.choice.findData("cifar-plain20"))
    view.compute.click()
    qtbot.waitUntil(lambda: bool(page.controller.fresh), timeout=ANSWER_MS)
    assert view.chart.lines[-1].name == "Plain-20, untrained"
    assert view.chart.lines[-1].dotted
    view.epochs.slider.setValue(1)
    assert all("untrained" not in line.name for line in view.chart.lines)
    assert "move the slider to the start" in view.note.text()


def test_histories_without_layers_say_so(
    qtbot: QtBot, models: Path, open_app: Callable[..., WindowApp]
) -> None:
    write(models, history("residual", 56, 0.04))
    page = open_lab(qtbot, open_app(), View.GRADIENTS)
    assert "ResNet-56 has no recorded layers" in layers_of(page).note.text()


def test_a_click_on_a_block_shows_it(qtbot: QtBot, models: Path, app: WindowApp) -> None:
    page = open_lab(qtbot, app, View.DIAGRAM)
    view = page.views[View.DIAGRAM]
    assert isinstance(view, LabDiagram)
    qtbot.waitUntil(lambda: view.canvas.diagram is not None, timeout=ANSWER_MS)
    assert not page.networks.isVisible()
    assert view.choice.currentText() == "ResNet-20 for 32×32 pixels"
    assert "0.27 M parameters" in view.facts.text()
    assert "20 layers with weights in 9 blocks" in view.panel.facts.text()
    # Before a click the first block stands for all.
    assert view.panel.shortcut.text().endswith("This is the first one:")
    assert "3×3" in view.panel.drawing.accessibleDescription()
    area = view.canvas.block_area(4)
    left = Qt.MouseButton.LeftButton
    qtbot.mouseClick(view.canvas, left, pos=area.center())
    assert view.canvas.selected == 4
    assert view.panel.title.text() == "Block 2.1"
    assert view.panel.formula.text() == "y = relu(F(x) + x)"
    assert "13,952 parameters" in view.panel.facts.text()
    assert view.panel.shortcut.text().startswith("Option A")
    qtbot.keyClick(view.canvas, Qt.Key.Key_Right)
    assert view.panel.shortcut.text().startswith("Identity")
    qtbot.keyClick(view.canvas, Qt.Key.Key_End)
    assert view.panel.title.text() == "Head"
    view.larger.click()
    assert view.canvas.zoom > 1


def test_in_large_type_nothing_that_matters_is_cut(
    qtbot: QtBot, models: Path, app: WindowApp
) -> None:
    """Of a screen of 1280 x 720 pixels, as projectors have it."""
    page = open_lab(qtbot, app, View.DIAGRAM)
    view = page.views[View.DIAGRAM]
    assert isinstance(view, LabDiagram)
    qtbot.waitUntil(lambda: view.canvas.diagram is not None, timeout=ANSWER_MS)
    diagram = view.canvas.diagram
    assert diagram is not None
    area, canvas = QScrollArea(), DiagramCanvas()
    qtbot.addWidget(area)
    area.setWidgetResizable(True)
    area.setWidget(canvas)
    area.resize(860, 606)
    area.show()
    canvas.set_scale(PROJECTOR_SCALE)
    canvas.show_diagram(diagram)
    last = canvas.block_area(len(diagram.blocks) - 2)  # the head may be scrolled to
    assert last.bottom() < area.viewport().height()
    assert canvas.zoom > 1.1  # and its words are still larger than the program's
    for name, words in (("resnet18", True), ("resnet50", True), ("cifar-resnet56", False)):
        page.controller.draw(name)
        qtbot.waitUntil(lambda: page.controller.diagram is not None, timeout=ANSWER_MS)
        deeper = page.controller.diagram
        assert deeper is not None
        canvas.show_diagram(deeper)
        last = canvas.block_area(len(deeper.blocks) - 2)
        assert last.bottom() < area.viewport().height(), f"{name}: later stages are not seen"
        assert (canvas.zoom > 0.9) is words
        assert all(canvas.rect().contains(canvas.block_area(n)) for n in range(len(deeper.blocks)))
        assert len(
            {canvas.block_area(n).topLeft().toTuple() for n in range(len(deeper.blocks))}
        ) == len(deeper.blocks)
    curves = LabCurves(page.controller)
    qtbot.addWidget(curves)
    curves.resize(860, 600)
    curves.set_scale(PROJECTOR_SCALE)
    curves.show()
    qtbot.waitUntil(lambda: QLabel.text(curves.note) == curves.note.text())


def test_a_very_deep_network_does_not_stall(qtbot: QtBot, models: Path, app: WindowApp) -> None:
    page = open_lab(qtbot, app, View.DIAGRAM)
    view = page.views[View.DIAGRAM]
    assert isinstance(view, LabDiagram)
    qtbot.waitUntil(lambda: view.canvas.diagram is not None, timeout=ANSWER_MS)
    page.controller.draw("cifar-resnet1202")
    qtbot.waitUntil(lambda: view.canvas.diagram is not None, timeout=ANSWER_MS)
    diagram = view.canvas.diagram
    assert len(diagram.blocks) == 602
    started = time.process_time()
    view.canvas.show_diagram(diagram)
    view.canvas.repaint()
    for number in (0, 300, 601):
        view.canvas.select(number)
    assert time.process_time() - started < 0.5
    assert view.panel.title.text() == "Head"


def test_an_unknown_network_is_told(qtbot: QtBot, models: Path, app: WindowApp) -> None:
    page = open_lab(qtbot, app, View.DIAGRAM)
    view = page.views[View.DIAGRAM]
    assert isinstance(view, LabDiagram)
    page.controller.draw("cifar-resnet21")
    qtbot.waitUntil(lambda: "6n+2" in view.facts.text(), timeout=ANSWER_MS)


def test_the_projector_leaves_the_diagram_as_it_was(
    qtbot: QtBot, models: Path, app: WindowApp
) -> None:
    page = open_lab(qtbot, app, View.DIAGRAM)
    view = page.views[View.DIAGRAM]
    assert isinstance(view, LabDiagram)
    qtbot.waitUntil(lambda: view.canvas.diagram is not None, timeout=ANSWER_MS)
    size, zoom = app.window.size(), view.canvas.zoom
    page.projector.click()
    assert view.canvas.scale > 1
    page.projector.click()
    app.window.resize(size)
    qtbot.waitUntil(lambda: view.canvas.zoom == zoom)
    view.larger.click()
    by_hand = view.canvas.zoom
    page.projector.click()
    page.projector.click()
    app.window.resize(size)
    assert view.canvas.zoom == by_hand, "what a person chose stays"
