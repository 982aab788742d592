"""A photo's menu on the Classify page: what it offers, what copying says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QEvent
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.core.events import ImageSource
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.classify.photo_actions import PhotoActions
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from resnet_gui.ui.widgets.photo_list import Photo, PhotoState
from tests.helpers.answered_photos import CAT, UNSURE, answered
from tests.helpers.classify import paths
from tests.helpers.fake_engine import Rig


@pytest.fixture
def notices(qtbot: QtBot) -> Iterator[NoticeBar]:
    page = QWidget()
    yield NoticeBar(page)
    shiboken6.delete(page)


@pytest.fixture
def actions(rig: Rig, controller: ClassifyController, notices: NoticeBar) -> Iterator[PhotoActions]:
    page = notices.parentWidget()
    actions = PhotoActions(controller, rig.io, notices, page)
    yield actions
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def entries(actions: PhotoActions, photo: Photo) -> dict[str, bool]:
    menu = actions.photo_menu(photo)
    return {action.text(): action.isEnabled() for action in menu.actions() if action.text()}


def choose(actions: PhotoActions, photo: Photo, text: str) -> None:
    menu = actions.photo_menu(photo)
    next(action for action in menu.actions() if action.text() == text).trigger()


def test_what_a_photos_menu_offers(actions: PhotoActions) -> None:
    everything = ["Copy answer", "Copy path", "Open", "Show in folder", "Remove from list"]
    assert entries(actions, answered(0.9)) == dict.fromkeys(everything, True)
    pasted = entries(actions, Photo(ImageSource("Pasted image", b"x")))
    assert [name for name, possible in pasted.items() if possible] == ["Remove from list"]
    damaged = Photo(ImageSource.file("/a/b.jpg"), PhotoState.FAILED, problem="It is cut off.")
    assert entries(actions, damaged)["Copy what is wrong"]


def test_copying_says_what_was_copied(
    rig: Rig, controller: ClassifyController, actions: PhotoActions
) -> None:
    clipboard = QGuiApplication.clipboard()
    photo = answered(*UNSURE, kind=CAT)
    choose(actions, photo, "Copy answer")
    assert clipboard.text().split("\n") == [
        "cat.jpg\tModel a",
        "tabby\t31.0%",
        "tiger cat\t25.0%",
        "Egyptian cat\t17.6%",
        "lynx\t10.0%",
        "washer\t5.0%",
        "Any kind of cat\t73.6%",
    ]
    assert controller.status.text == "Copied: tabby 31.0%, tiger cat 25.0%, …"
    choose(actions, photo, "Copy path")
    assert clipboard.text() == "/a/cat.jpg"
    assert controller.status.text == "Copied: /a/cat.jpg"
    assert photo.prediction is not None
    menu = actions.class_menu(photo, photo.prediction.scores[2])
    assert menu.actions()[0].text() == "Copy “Egyptian cat 17.6%”"
    menu.actions()[0].trigger()
    assert clipboard.text() == "Egyptian cat\t17.6%"
    actions.copy_answer(Photo(ImageSource("x", b"")))  # no answer: nothing happens
    assert clipboard.text() == "Egyptian cat\t17.6%"


def test_open_show_and_remove(
    rig: Rig,
    controller: ClassifyController,
    actions: PhotoActions,
    notices: NoticeBar,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")  # neither a program for photos nor a file manager
    (tmp_path / "1.png").write_bytes(b"")
    controller.open_paths(paths(tmp_path, "1.png", "2.png"))
    rig.settle()
    first, second = controller.photos.photos()
    choose(actions, first, "Open")
    rig.settle()
    choose(actions, first, "Show in folder")
    rig.settle()
    choose(actions, second, "Show in folder")
    rig.settle()
    one, two = tmp_path / "1.png", tmp_path / "2.png"
    assert notices.texts == [
        f"No program answered. The photo is here: {one}",
        f"No file manager answered. It is here: {one}",
        f"{two} is not there any more.",
    ]
    choose(actions, second, "Remove from list")
    assert list(controller.photos.photos()) == [first]
