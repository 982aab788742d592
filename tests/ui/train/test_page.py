"""The Train page on the real engine: drop, look, Start, stop, go on, try the model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.decode import decode
from resnet_gui.core.runs.config import Method
from resnet_gui.core.runs.events import RunFinished, RunStopped
from resnet_gui.core.runs.listing import RunState, list_runs
from resnet_gui.core.runs.trash import trashed_runs
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.ui.train.augmentation_dialog import AugmentationDialog
from resnet_gui.ui.train.controller import TrainController, TrainState
from resnet_gui.ui.widgets.charts.saving import write_values
from resnet_gui.ui.widgets.plain_text import PlainLabel
from tests.ui.conftest import ANSWER_MS, close_app

RUN_MS = 90_000


@pytest.fixture(scope="session")
def dataset(photos: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of 24 crops each: easy, and real photos."""
    folder = tmp_path_factory.mktemp("data") / "cat or coffee ☕"
    for name, label in (("chelsea", "cat"), ("coffee", "coffee")):
        image = decode(ImageSource.file(photos[name]))
        (folder / label).mkdir(parents=True)
        for number in range(24):
            x, y = (number * 7) % 150, (number * 5) % 80
            image.crop((x, y, x + 280, y + 200)).save(folder / label / f"{number:02d}.jpg")
    return folder


def ready(qtbot: QtBot, app: WindowApp, folder: Path) -> TrainController:
    """Show the page with the folder scanned."""
    app.window.show_page("train")
    controller = app.window.train_controller
    controller.open_folder(folder)
    qtbot.waitUntil(
        lambda: controller.state is TrainState.READY and controller.config is not None,
        timeout=ANSWER_MS,
    )
    return controller


def finish(qtbot: QtBot, controller: TrainController) -> None:
    qtbot.waitUntil(lambda: controller.state is TrainState.ENDED, timeout=RUN_MS)


def test_drop_start_and_try_it(
    qtbot: QtBot, app: WindowApp, dataset: Path, photos: dict[str, Path], tmp_path: Path
) -> None:
    """The mission: drop a folder, press Start, touch nothing else, use the model."""
    window = app.window
    window.show_page("train")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(dataset))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(200, 200), copy, mime, left, keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(200, 200), copy, mime, left, keys))
    page, controller = window.train_page, window.train_controller
    qtbot.waitUntil(lambda: controller.config is not None, timeout=ANSWER_MS)
    assert page.setup is not None
    assert page.setup.folder.head.title.text() == "cat or coffee ☕"
    assert page.setup.folder.facts.text().startswith("48 photos in 2 classes")
    assert page.setup.preset_buttons["fast"].isChecked()
    qtbot.waitUntil(lambda: page.setup.estimate.text().startswith("About"), timeout=ANSWER_MS)
    page.setup.start.setFocus()
    page.setup.start.click()
    assert controller.running
    assert window.rail.buttons["train"].marked
    finish(qtbot, controller)
    assert isinstance(controller.end, RunFinished)
    assert page.run is not None
    assert page.run.result.text().startswith("100.0% validation accuracy")
    assert "chose the best epoch" in page.run.honest.text()
    assert page.run.try_it.isVisible()
    assert window.focusWidget() is page.run.try_it  # Return goes on; not a chart
    assert len(controller.history) == controller.config.epochs
    charts = page.run.charts
    for line in charts.accuracy.lines:
        qtbot.waitUntil(lambda line=line: len(line.xs) == len(controller.history))
    assert len(charts.rate.lines[0].xs) > 0
    target = tmp_path / "curves.csv"
    charts.loss.save_requested.emit(partial(write_values, charts.loss.axes, [], target))
    qtbot.waitUntil(lambda: any(str(target) in text for text in page.notices.texts))
    assert target.is_file()
    charts.loss.save_requested.emit(partial(write_values, charts.loss.axes, [], target / "x"))
    qtbot.waitUntil(lambda: any("could not be saved" in text for text in page.notices.texts))
    assert page.run.samples.samples
    page.run.try_it.click()
    assert window.pages.current is window.page
    window.controller.open_paths([photos["coffee"]])
    qtbot.waitUntil(lambda: window.page.results.answer.text() == "coffee", timeout=ANSWER_MS)
    assert list(user_models_dir().glob("*.safetensors"))


def test_presets_and_advanced_settings_change_the_config(
    qtbot: QtBot, app: WindowApp, dataset: Path
) -> None:
    controller = ready(qtbot, app, dataset)
    setup = app.window.train_page.setup
    assert setup is not None
    setup.preset_buttons["balanced"].click()
    assert controller.config is not None
    assert controller.config.method is Method.PROGRESSIVE
    setup.fold.click()
    assert setup.form.isVisible()
    epochs = setup.form.editors["epochs"]
    epochs.setFocus()
    epochs.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(epochs, "9")
    qtbot.keyClick(epochs, Qt.Key.Key_Return)
    assert controller.config.epochs == 9
    epochs.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(epochs, "many")
    qtbot.keyClick(epochs, Qt.Key.Key_Return)
    assert controller.config is None
    assert not setup.start.isEnabled()
    assert "must be a whole number" in setup.error.text()
    setup.form.reset.click()
    assert controller.config is not None
    assert setup.start.isEnabled()
    assert not setup.error.isVisible()


def test_augmentation_preview_shows_pictures(qtbot: QtBot, app: WindowApp, dataset: Path) -> None:
    controller = ready(qtbot, app, dataset)
    controller.set_option("method", "full")
    controller.set_option("augmentation", "strong")
    assert app.window.train_page.setup is not None
    app.window.train_page.setup.form.preview.click()
    [dialog] = [w for w in QApplication.topLevelWidgets() if isinstance(w, AugmentationDialog)]
    labels = dialog.findChildren(PlainLabel)
    pictures = [label for label in labels if label.width() == label.height()]
    assert len(pictures) == 6
    qtbot.waitUntil(
        lambda: all(not picture.pixmap().isNull() for picture in pictures), timeout=ANSWER_MS
    )
    with qtbot.waitSignal(dialog.destroyed):
        dialog.reject()


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


def test_a_folder_that_cannot_be_trained_says_why(
    qtbot: QtBot, app: WindowApp, tmp_path: Path, photos: dict[str, Path]
) -> None:
    (tmp_path / "only" / "one").mkdir(parents=True)
    Image.open(photos["coffee"]).save(tmp_path / "only" / "one" / "a.jpg")
    app.window.show_page("train")
    controller = app.window.train_controller
    controller.open_folder(tmp_path / "only")
    qtbot.waitUntil(lambda: controller.state is TrainState.READY, timeout=ANSWER_MS)
    setup = app.window.train_page.setup
    assert setup is not None
    assert not setup.start.isEnabled()
    assert "class" in setup.error.text()
    controller.open_folder(tmp_path / "missing")
    qtbot.waitUntil(lambda: bool(app.window.train_page.notices.texts))
    assert "missing" in app.window.train_page.notices.texts[0]


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
    document.write_text(document.read_text(encoding="utf-8").replace('"stopped"', '"running"'))
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


def test_saving_a_model_asks_before_it_replaces_one(
    qtbot: QtBot, app: WindowApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name was typed without its suffix, so that the file dialog saw nothing to ask about."""
    page = app.window.train_page
    made, kept = tmp_path / "made.safetensors", tmp_path / "v1.2.safetensors"
    made.write_bytes(b"new")
    kept.write_bytes(b"old")
    page.controller.end = SimpleNamespace(model_path=str(made))  # type: ignore[assignment]
    chosen = str(tmp_path / "v1.2")

    def boxes() -> list[QMessageBox]:
        found = (w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox))
        return [box for box in found if box.isVisible()]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (chosen, ""))
    for answer, content in (("Cancel", b"old"), ("Save", b"new")):
        page.save_model()
        qtbot.waitUntil(lambda: len(boxes()) == 1)
        [box] = boxes()
        assert kept.read_bytes() == b"old"
        box.button(QMessageBox.StandardButton[answer]).click()
        qtbot.waitUntil(lambda: not app.io.busy)
        assert kept.read_bytes() == content
    chosen = str(tmp_path / "v1.3")
    page.save_model()
    qtbot.waitUntil(lambda: (tmp_path / "v1.3.safetensors").is_file())
    qtbot.waitUntil(lambda: any("v1.3.safetensors" in text for text in page.notices.texts))
