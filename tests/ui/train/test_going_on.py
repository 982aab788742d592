"""Runs that are stopped, paused or interrupted, and go on: on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.runs.events import RunStopped
from resnet_gui.core.runs.listing import RunState, list_runs
from resnet_gui.ui.train.controller import TrainState
from tests.ui.conftest import ANSWER_MS, close_app
from tests.ui.train.real import RUN_MS, finish, ready


def test_stop_keeps_the_model_and_the_run_goes_on(
    qtbot: QtBot, app: WindowApp, dataset: Path
) -> None:
    controller = ready(qtbot, app, dataset)
    controller.set_option("epochs", 4000)
    controller.start()
    qtbot.waitUntil(lambda: len(controller.history) >= 3, timeout=RUN_MS)
    page = app.window.train_page
    assert page.run is not None
    page.run.stop.click()
    assert controller.state is TrainState.STOPPING
    assert page.run.stop.text() == "Stopping…"
    finish(qtbot, controller)
    assert isinstance(controller.end, RunStopped)
    assert Path(controller.end.model_path).is_file()
    assert page.run.go_on.isVisible()
    stopped_at = controller.end.epoch
    page.run.go_on.click()
    qtbot.waitUntil(lambda: len(controller.history) > stopped_at, timeout=RUN_MS)
    assert controller.started is not None
    assert controller.started.resumed
    assert [epoch.epoch for epoch in controller.history] == list(
        range(1, len(controller.history) + 1)
    )
    controller.stop()
    finish(qtbot, controller)


def test_pause_holds_the_run_and_classify_works_meanwhile(
    qtbot: QtBot, app: WindowApp, dataset: Path, photos: dict[str, Path]
) -> None:
    controller = ready(qtbot, app, dataset)
    controller.set_option("epochs", 4000)
    controller.start()
    qtbot.waitUntil(lambda: len(controller.history) >= 2, timeout=RUN_MS)
    app.window.controller.open_paths([photos["coffee"]])
    qtbot.waitUntil(lambda: app.window.page.results.answer.text() == "espresso", timeout=ANSWER_MS)
    run = app.window.train_page.run
    assert run is not None
    controller.run_noticed.emit("The disk is nearly full.")
    run.pause.click()
    assert run.detail.text().startswith("Paused in epoch ")
    assert run.detail.text().endswith(" of 4000. “Go on” continues exactly here.")
    qtbot.wait(300)
    assert run.detail.text().startswith("Paused"), "the step that was going on is over"
    assert run.bar.value() < run.bar.maximum() / 2, "the bar is the run's, not its last step's"
    epochs = len(controller.history)
    qtbot.wait(300)
    assert len(controller.history) == epochs
    run.pause.click()
    assert run.detail.text().startswith("Epoch ")
    assert "The disk is nearly full." in app.window.train_page.notices.texts, "it still holds"
    qtbot.waitUntil(lambda: len(controller.history) > epochs, timeout=RUN_MS)
    controller.stop()
    finish(qtbot, controller)


def test_quitting_asks_once_and_the_run_is_offered_again(
    qtbot: QtBot, open_app: Callable[..., WindowApp], dataset: Path
) -> None:
    app = open_app()
    controller = ready(qtbot, app, dataset)
    controller.set_option("epochs", 4000)
    controller.start()
    qtbot.waitUntil(lambda: len(controller.history) >= 2, timeout=RUN_MS)
    app.window.close()
    [box] = [w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox)]
    assert "can go on" in box.informativeText()
    box.button(QMessageBox.StandardButton.Cancel).click()
    assert app.window.isVisible()
    assert controller.running
    app.window.close()
    boxes = [
        w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox) and w.isVisible()
    ]
    boxes[0].button(QMessageBox.StandardButton.Close).click()
    close_app(qtbot, app)
    [run] = list_runs()
    assert run.resumable
    assert run.state in (RunState.STOPPED, RunState.INTERRUPTED)
    assert run.closed
    again = open_app()
    notices = again.window.page.notices
    qtbot.waitUntil(lambda: any("When the program was closed" in text for text in notices.texts))
    again.window.show_page("train")
    page = again.window.train_page
    qtbot.waitUntil(lambda: bool(page.start.runs.rows), timeout=ANSWER_MS)
    assert page.start.runs.rows[0].action.text() == "Go on"
    assert any("It can go on exactly there." in text for text in page.notices.texts)
    page.start.runs.rows[0].action.click()
    controller = again.window.train_controller
    qtbot.waitUntil(lambda: page.run is not None and len(page.run.samples.samples) > 0)
    assert page.run is not None
    qtbot.waitUntil(lambda: controller.started is not None, timeout=ANSWER_MS)
    assert page.notices.texts == [], "what goes on is not offered any more"
    assert page.run.bar.maximum() == 4000 * 1000
    assert page.run.bar.value() >= run.epochs_done * 1000
    qtbot.waitUntil(lambda: len(controller.history) > run.epochs_done, timeout=RUN_MS)
    qtbot.waitUntil(lambda: page.run.charts.rate.lines[0].xs[0] == 1, timeout=RUN_MS)
    assert page.run.title.text().startswith("Cat and coffee, EfficientNet-Lite0: ")
    controller.stop()
    finish(qtbot, controller)
    page.run.again.click()  # the folder was never opened in this window
    qtbot.waitUntil(lambda: controller.state is TrainState.READY, timeout=ANSWER_MS)
    assert page.setup is not None
    assert page.setup.folder.head.title.text() == dataset.name
    assert controller.config is not None
    assert controller.config.epochs == 4000
    assert controller.config.title == "Cat and coffee, EfficientNet-Lite0 (2)"


def test_an_interrupted_run_is_offered_at_the_next_start(
    qtbot: QtBot, open_app: Callable[..., WindowApp], dataset: Path
) -> None:
    app = open_app()
    controller = ready(qtbot, app, dataset)
    controller.set_option("epochs", 4000)
    controller.start()
    qtbot.waitUntil(lambda: len(controller.history) >= 3, timeout=RUN_MS)
    controller.stop()
    finish(qtbot, controller)
    close_app(qtbot, app)
    [run] = list_runs()
    document = Path(run.path) / "run.json"
    # What kill -9 leaves behind: a run that says it is running, and nobody who runs it.
    text = document.read_text(encoding="utf-8").replace('"stopped"', '"running"')
    document.write_text(text, encoding="utf-8")
    [run] = list_runs()
    assert run.state is RunState.INTERRUPTED
    again = open_app()
    page = again.window.train_page
    qtbot.waitUntil(lambda: any("was interrupted after" in text for text in page.notices.texts))
    [notice] = [n for n in again.window.page.notices.shown if "interrupted" in n.label.text()]
    notice.button.click()
    assert again.window.pages.current is page
    assert not any("interrupted" in text for text in again.window.page.notices.texts)
    page.notices.shown[0].button.click()
    controller = again.window.train_controller
    qtbot.waitUntil(lambda: len(controller.history) > run.epochs_done, timeout=RUN_MS)
    assert page.notices.texts == []
    controller.stop()
    finish(qtbot, controller)
