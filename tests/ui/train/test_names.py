"""Runs and models are renamed and removed: on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.runs.events import RunFinished
from resnet_gui.core.runs.trash import trashed_runs
from resnet_gui.ui.train.controller import TrainState
from tests.ui.conftest import ANSWER_MS, close_app
from tests.ui.train.real import finish, ready


def test_runs_can_be_renamed_and_deleted(qtbot: QtBot, app: WindowApp, dataset: Path) -> None:
    controller = ready(qtbot, app, dataset)
    controller.set_option("epochs", 2)
    controller.start()
    finish(qtbot, controller)
    qtbot.waitUntil(lambda: len(controller.earlier.runs) == 1)
    controller.earlier.rename(controller.earlier.runs[0], "My first")
    qtbot.waitUntil(lambda: controller.earlier.runs[0].title == "My first")
    model = Path(controller.earlier.runs[0].model_path)
    controller.earlier.delete(controller.earlier.runs[0])
    qtbot.waitUntil(lambda: not controller.earlier.runs)
    assert [run.info.title for run in trashed_runs()] == ["My first"]
    assert model.is_file()  # the model is not the run's


def test_renaming_and_removing_the_model_in_use(
    qtbot: QtBot,
    open_app: Callable[..., WindowApp],
    dataset: Path,
    photos: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Train, use the model, rename it, start again, remove it, start again."""
    trashed: list[Path] = []
    monkeypatch.setattr(
        "resnet_gui.core.zoo.storage.inventory.move_to_trash", lambda path: _trash(path, trashed)
    )
    app = open_app()
    controller = ready(qtbot, app, dataset)
    assert app.window.train_page.setup is not None
    app.window.train_page.setup.name.setText("Breakfast")
    app.window.train_page.setup.name.setModified(True)
    app.window.train_page.setup.name.editingFinished.emit()
    controller.set_option("epochs", 2)
    controller.start()
    finish(qtbot, controller)
    assert app.window.train_page.run is not None
    app.window.train_page.run.try_it.click()
    window = app.window
    qtbot.waitUntil(lambda: window.status_line.model.text() == "Breakfast", timeout=ANSWER_MS)
    made = window.controller.entry.spec.id
    window.show_page("models")
    window.models_controller.select(made)
    window.models_controller.rename("Cat or cup")
    qtbot.waitUntil(lambda: window.status_line.model.text() == "Cat or cup")
    assert window.controller.entry.spec.id == made
    assert window.train_page.run.try_it.isVisibleTo(window.train_page.run)
    # Training from the renamed model itself works, too.
    controller.back_to_settings()
    assert window.train_page.setup.repeat.text().startswith("“Breakfast” had the same photos")
    controller.set_model(made)
    assert window.train_page.setup.repeat_box.isHidden()
    assert window.train_page.setup.start_other.text() == "Start again from EfficientNet-Lite0"
    controller.start()
    finish(qtbot, controller)
    assert isinstance(controller.end, RunFinished)
    close_app(qtbot, app)

    app = open_app()
    window, controller = app.window, app.window.train_controller
    qtbot.waitUntil(lambda: window.status_line.model.text() == "Cat or cup", timeout=ANSWER_MS)
    assert controller.model_id == "efficientnet-lite0"  # and not the result of the last run
    assert controller.start_model.reason == "Your model “Cat or cup” was trained from it."
    rows = window.train_page.start.runs
    qtbot.waitUntil(lambda: len(rows.rows) == 2)
    assert rows.rows[1].action.text() == "Try it"
    assert not rows.rows[1].action.isHidden()
    # A double click opens the results as they were.
    window.show_page("train")
    qtbot.mouseDClick(rows.rows[1], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: controller.state is TrainState.ENDED)
    run = window.train_page.run
    assert run is not None
    assert run.result.text().startswith("100.0% validation accuracy")
    assert run.result_title.text() == "Breakfast"
    qtbot.waitUntil(lambda: len(run.charts.accuracy.lines[0].xs) == 2)
    assert len(run.samples.samples) > 0
    assert run.try_it.isVisible()
    run.again.click()
    qtbot.waitUntil(lambda: controller.config is not None, timeout=ANSWER_MS)
    assert controller.config is not None
    assert (controller.config.epochs, controller.config.model) == (2, "efficientnet-lite0")
    controller.set_model(made)
    window.models_controller.select(made)
    window.models_controller.remove()
    qtbot.waitUntil(lambda: controller.model_id == "efficientnet-lite0")
    assert len(trashed) == 1
    assert controller.start_model.reason == "“Cat or cup” is not here any more."
    assert not run.try_it.isVisibleTo(run)
    assert rows.rows[1].action.isHidden()
    assert rows.rows[1].facts.text().startswith("finished · its model is not here any more · ")
    assert rows.rows[0].facts.text().startswith("finished · validation ")
    assert controller.config.model == "efficientnet-lite0"
    controller.close_folder()
    window.show_page("train")
    qtbot.mouseDClick(rows.rows[1], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: controller.state is TrainState.ENDED)
    assert run.gone.isVisible(), "why there is nothing to try"
    assert not run.mistakes.isVisible()


def _trash(path: Path, trashed: list[Path]) -> None:
    trashed.append(path.rename(path.with_name(f".{path.name}.gone")))


def test_a_name_that_is_taken_gets_a_number_on_the_screen_too(
    qtbot: QtBot, app: WindowApp, dataset: Path
) -> None:
    controller = ready(qtbot, app, dataset)
    controller.set_option("epochs", 1)
    for title in ("Mine", "Mine (2)"):
        controller.set_title("Mine")
        controller.start()
        finish(qtbot, controller)
        assert app.window.train_page.run is not None
        assert app.window.train_page.run.result_title.text() == title
        qtbot.waitUntil(
            lambda title=title: [run.title for run in controller.earlier.runs[:1]] == [title]
        )
