"""Between Start and the training the folder is looked at once more; skipped photos share a line."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from resnet_gui.core.dataset.summary import ScanProgress
from resnet_gui.core.runs.events import PhotoSkipped
from resnet_gui.ui.train import last_look
from resnet_gui.ui.train.controller import TrainController, TrainState
from resnet_gui.ui.train.setup import TrainSetup
from resnet_gui.ui.train.skipped_photos import SkippedPhotos, skipped_text
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from tests.helpers.fake_engine import Rig, heard
from tests.ui.train.conftest import ready, started, stopped

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def changing(folder: Path, tmp_path: Path) -> Path:
    """A folder of this test's own."""
    return Path(shutil.copytree(folder, tmp_path / "garden"))


def test_a_folder_that_changed_is_trained_as_it_is_now(
    rig: Rig, controller: TrainController, changing: Path
) -> None:
    """Before, three photos were missing and three of another class were never seen."""
    ready(rig, controller, changing)
    controller.set_preset("best")
    controller.set_option("epochs", 7)
    controller.set_title("My garden")
    for number in range(3):
        (changing / "ant" / f"{number}.png").rename(changing / "bee" / f"from ant {number}.png")
    noticed, shown = heard(controller.run_noticed), heard(controller.dataset_changed)
    rig.engine.script("train", started(), stopped())
    controller.start()
    assert controller.state is TrainState.LOOKING
    controller.start()  # a second click begins nothing more
    rig.settle()
    [(config, summary, _)] = rig.engine.asked("train")
    assert {item.name: item.count for item in summary.classes} == {"ant": 3, "bee": 9}
    assert (config.preset, config.epochs, config.title) == ("best", 7, "My garden")
    assert noticed == [
        "“garden” has changed since it was opened: 3 photos came and 3 went. The training takes "
        "the folder as it is now."
    ]
    assert len(shown) == 1
    assert controller.summary is summary


def test_a_folder_that_cannot_train_any_more_is_not_trained_on(
    rig: Rig, controller: TrainController, changing: Path
) -> None:
    ready(rig, controller, changing)
    shutil.rmtree(changing / "bee")
    noticed = heard(controller.run_noticed)
    controller.start()
    rig.settle()
    assert not rig.engine.asked("train")
    assert controller.state is TrainState.READY
    assert "only one class" in controller.config_error
    [text] = noticed
    assert text.endswith("6 photos went. So it cannot be trained on.")


def test_a_folder_that_is_gone_is_not_trained_on(
    rig: Rig, controller: TrainController, changing: Path
) -> None:
    ready(rig, controller, changing)
    moved = changing.rename(changing.with_name("moved"))
    noticed = heard(controller.noticed)
    controller.start()
    rig.settle()
    assert not rig.engine.asked("train")
    assert controller.state is TrainState.READY
    [(text, kind)] = noticed
    assert "garden is not there" in text
    assert kind == "miss"
    moved.rename(changing)  # and then it is there again
    rig.engine.script("train", started(), stopped())
    controller.start()
    rig.settle()
    assert controller.state is TrainState.ENDED


def test_who_goes_elsewhere_during_the_look_starts_nothing(
    rig: Rig, controller: TrainController, folder: Path, changing: Path
) -> None:
    ready(rig, controller, changing)
    hold = rig.occupy(rig.io)
    controller.start()
    controller.open_folder(folder)
    hold.over.set()
    rig.settle()
    assert controller.state is TrainState.READY
    hold = rig.occupy(rig.io)
    controller.start()
    controller.close_folder()
    hold.over.set()
    rig.settle()
    assert controller.state is TrainState.EMPTY
    assert not rig.engine.asked("train")


def test_the_look_can_be_stopped(
    rig: Rig, controller: TrainController, changing: Path, qtbot: QtBot
) -> None:
    setup = TrainSetup(controller, rig.io)
    qtbot.addWidget(setup)
    list(setup.add_settings())
    ready(rig, controller, changing)
    hold = rig.occupy(rig.io)
    setup.start.click()
    assert setup.look.isVisibleTo(setup)
    setup.look.stop.click()
    assert not setup.look.isVisibleTo(setup)
    hold.over.set()
    rig.settle()
    assert controller.state is TrainState.READY
    assert not rig.engine.asked("train")


def test_the_look_goes_with_its_folder(
    rig: Rig,
    controller: TrainController,
    changing: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before, it went on, and told of its photos where another folder was looked through."""
    looks: list[int] = []

    def slow(_: object) -> Iterator[ScanProgress]:
        for done in range(100_000):
            time.sleep(0.002)
            looks.append(done)
            yield ScanProgress(done, 100_000, 3)

    monkeypatch.setattr(last_look, "look_again", slow)
    ready(rig, controller, changing)
    controller.start()
    rig.until(lambda: len(looks) > 5)
    controller.close_folder()
    rig.until(lambda: not rig.io.busy)
    told = heard(controller.scan_progressed)
    ready(rig, controller, folder)
    assert all(progress.total <= 12 for progress in told)


def test_what_is_trained_was_chosen_at_the_click(
    rig: Rig, controller: TrainController, changing: Path, qtbot: QtBot
) -> None:
    setup = TrainSetup(controller, rig.io)
    qtbot.addWidget(setup)
    list(setup.add_settings())
    ready(rig, controller, changing)
    controller.set_option("epochs", 7)
    hold = rig.occupy(rig.io)
    rig.engine.script("train", started(), stopped())
    controller.start()
    assert not setup.model_button.isEnabled()
    assert not setup.preset_buttons["best"].isEnabled()
    assert setup.name.isReadOnly()
    controller.set_option("epochs", 50)  # whoever else changes them
    controller.set_model("b")
    hold.over.set()
    rig.settle()
    [(config, _, _)] = rig.engine.asked("train")
    assert (config.epochs, config.model) == (7, "a")
    assert controller.run_config is config
    controller.back_to_settings()
    assert setup.model_button.isEnabled()
    assert not setup.name.isReadOnly()


def skipped(*names: str) -> list[PhotoSkipped]:
    return [PhotoSkipped("r", f"/photos/ant/{n}.jpg", f"{n}.jpg is not there.") for n in names]


def test_what_is_said_of_skipped_photos() -> None:
    assert skipped_text(skipped("a")) == "a.jpg is not there."
    assert skipped_text(skipped("a", "b")) == (
        "2 photos could not be read and are left out: “a.jpg”, “b.jpg”. Were they moved or deleted?"
    )
    assert "“a.jpg”, “b.jpg”, “c.jpg” and 6 more." in skipped_text(skipped(*"abcdefghi"))


def test_skipped_photos_share_a_line(
    rig: Rig, controller: TrainController, folder: Path, qtbot: QtBot
) -> None:
    notices = NoticeBar()
    qtbot.addWidget(notices)
    line = SkippedPhotos(notices, controller)
    controller.photos_skipped.connect(line.show)
    ready(rig, controller, folder)
    photos = skipped(*"abcdefghi")
    # A photo that is asked for again in the test part is one photo.
    rig.engine.script("train", started(), *photos[:2], *photos[2:], photos[0], stopped())
    controller.start()
    rig.settle()
    [text] = notices.texts
    assert text.startswith("9 photos could not be read")
    notices.shown[0].close_button.click()
    assert not notices.texts
    line.show(photos[:1])
    assert notices.texts == ["a.jpg is not there."]
    line.forget()
    assert not notices.texts


def test_skipped_photos_are_told_of_again_after_their_line_made_room(
    controller: TrainController, qtbot: QtBot
) -> None:
    notices = NoticeBar()
    qtbot.addWidget(notices)
    line = SkippedPhotos(notices, controller)
    photos = skipped("a", "b")
    line.show(photos[:1])
    for number in range(12):
        notices.add(f"Something else, number {number}", "warning")
    assert "a.jpg is not there." not in notices.texts
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # as the window's loop does
    line.show(photos)
    assert notices.texts[-1].startswith("2 photos could not be read")
