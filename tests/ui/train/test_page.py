"""The Train page on the real engine: drop, look, Start, try the model."""

from __future__ import annotations

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
from resnet_gui.core.runs.config import Method
from resnet_gui.core.runs.events import RunFinished
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.ui.train.augmentation_dialog import AugmentationDialog
from resnet_gui.ui.train.controller import TrainState
from resnet_gui.ui.widgets.charts.saving import write_values
from resnet_gui.ui.widgets.file_saver import Saving
from resnet_gui.ui.widgets.plain_text import PlainLabel
from tests.helpers.fake_engine import heard
from tests.ui.conftest import ANSWER_MS
from tests.ui.train.real import finish, ready


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
    told = heard(page.ended_unseen)
    qtbot.waitUntil(lambda: controller.config is not None, timeout=ANSWER_MS)
    assert page.setup is not None
    assert page.setup.folder.head.title.text() == "cat or coffee ☕"
    assert page.setup.folder.facts.text().startswith("48 photos in 2 classes")
    assert page.setup.preset_buttons["fast"].isChecked()
    qtbot.waitUntil(lambda: page.setup.estimate.text().startswith("About"), timeout=ANSWER_MS)
    page.setup.start.setFocus()
    page.setup.start.click()
    qtbot.waitUntil(lambda: controller.running, timeout=ANSWER_MS)
    assert window.rail.buttons["train"].marked
    finish(qtbot, controller)
    assert isinstance(controller.end, RunFinished)
    assert page.run is not None
    assert page.run.result.text().startswith("100.0% validation accuracy")
    assert told == [page.run.result.text()]
    assert "chose the best epoch" in page.run.honest.text()
    assert page.run.try_it.isVisible()
    assert window.focusWidget() is page.run.try_it  # Return goes on; not a chart
    assert len(controller.history) == controller.config.epochs
    charts = page.run.charts
    for line in charts.accuracy.lines:
        qtbot.waitUntil(lambda line=line: len(line.xs) == len(controller.history))
    assert len(charts.rate.lines[0].xs) > 0
    target = tmp_path / "curves.csv"
    write = partial(write_values, charts.loss.axes, [])
    charts.loss.save_requested.emit(Saving("Save values", target, write, page))
    qtbot.waitUntil(lambda: any(str(target) in text for text in page.notices.texts))
    assert target.is_file()
    charts.loss.save_requested.emit(Saving("Save values", target / "x", write, page))
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
