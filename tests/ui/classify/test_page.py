"""The Classify page in the real window: with photos, with none, and in little room."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolTip
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.ui.widgets.photo_list import PhotoState
from tests.ui.conftest import ANSWER_MS, CATS


def test_open_and_undo_are_where_a_hand_looks_for_them(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    window, page = app.window, app.window.page
    assert not page.open_button.isVisible()  # the drop area has larger ones
    window.controller.open_paths([photos["chelsea"], photos["coffee"]])
    qtbot.waitUntil(
        lambda: all(p.state is PhotoState.DONE for p in window.controller.photos.photos()),
        timeout=ANSWER_MS,
    )
    assert page.results.answer.text() in CATS
    assert page.open_button.isVisible()
    page.results.copy.click()
    qtbot.waitUntil(lambda: QToolTip.text().startswith("Copied: "))  # beside the button
    assert window.status_line.text.text() == QToolTip.text()
    texts = [action.text().split("\t")[0] for action in page.open_button.menu().actions()]
    assert texts == ["Photos…", "Folder…", "Paste"]
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    page.strip.view.setFocus()
    qtbot.keyClick(page.strip.view, Qt.Key.Key_Delete)
    assert window.controller.photos.rowCount() == 1
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.controller.photos.rowCount() == 2
    page.strip.remove_all.click()
    assert not page.open_button.isVisible()
    (notice,) = [n for n in page.notices.shown if n.button.text() == "Undo"]
    assert notice.label.text() == "2 photos removed from the list."
    notice.button.click()
    assert page.results.answer.text() in CATS
    assert page.strip.isVisible()


def test_in_little_room_parts_become_smaller(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    window, page = app.window, app.window.page
    window.controller.open_paths(list(photos.values()))
    qtbot.waitUntil(page.strip.isVisible)
    window.resize(1100, 740)
    qtbot.waitUntil(lambda: page.classes_button.text() != "")
    tall = page.strip.view.height()
    window.setMinimumSize(400, 300)
    window.resize(683, 512)
    qtbot.waitUntil(lambda: page.classes_button.text() == "")
    assert page.classes_button.accessibleName() == "What can it recognise?"
    qtbot.waitUntil(lambda: page.strip.view.height() < tall)
    window.resize(1100, 740)
    qtbot.waitUntil(lambda: page.strip.view.height() == tall)


def test_a_labelled_folder_leads_to_train(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path], tmp_path: Path
) -> None:
    for number, name in enumerate(("cat", "coffee")):
        (tmp_path / "things" / name).mkdir(parents=True)
        for copy in range(5):
            data = list(photos.values())[number].read_bytes()
            (tmp_path / "things" / name / f"{copy}.jpg").write_bytes(data)
    window = app.window
    window.controller.open_paths([tmp_path / "things"])
    offers = lambda: [n for n in window.page.notices.shown if n.button.text() == "Train on it"]  # noqa: E731
    qtbot.waitUntil(lambda: len(offers()) == 1)
    window.controller.stop()
    offers()[0].button.click()
    assert window.pages.current is window.train_page
    qtbot.waitUntil(lambda: window.train_controller.summary is not None, timeout=ANSWER_MS)
    assert window.train_controller.summary is not None
    assert [item.name for item in window.train_controller.summary.classes] == ["cat", "coffee"]
