"""Every key and every entry of a menu acts on the page in front, or goes there visibly, or does
nothing: never on a page that nobody sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.ui.train.controller import TrainState
from tests.ui.conftest import ANSWER_MS

ELSEWHERE = ("train", "models", "lab")


class Dialogs:
    """Stands in for the system's dialogs; answers with nothing.

    Attributes:
        opened: the titles, in order.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[str] = []
        self.answer = ""
        monkeypatch.setattr(QFileDialog, "getOpenFileNames", self._files)
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", self._folder)
        monkeypatch.setattr(QFileDialog, "open", lambda dialog: self._opened(dialog.windowTitle()))

    def _opened(self, title: str) -> None:
        self.opened.append(title)

    def _files(self, _: object, title: str, *__: object) -> tuple[list[str], str]:
        self._opened(title)
        return [], ""

    def _folder(self, _: object, title: str, *__: object) -> str:
        self._opened(title)
        return self.answer

    def taken(self) -> list[str]:
        opened, self.opened = self.opened, []
        return opened


@pytest.fixture
def dialogs(monkeypatch: pytest.MonkeyPatch) -> Dialogs:
    return Dialogs(monkeypatch)


def press(qtbot: QtBot, app: WindowApp, keys: str) -> None:
    app.window.activateWindow()
    qtbot.waitUntil(app.window.isActiveWindow)
    qtbot.keySequence(app.window, QKeySequence(keys))


def entry(app: WindowApp, text: str) -> QAction:
    [action] = [
        action
        for menu in app.window.menus.menus.values()
        for action in menu.actions()
        if action.text().replace("&", "") == text
    ]
    return action


OPENING = {
    ("classify", "Ctrl+O"): ("Open photos", "classify"),
    ("classify", "Ctrl+Shift+O"): ("Open folder", "classify"),
    ("train", "Ctrl+O"): ("Folder with one sub-folder per class", "train"),
    ("train", "Ctrl+Shift+O"): ("Folder with one sub-folder per class", "train"),
    ("models", "Ctrl+O"): ("Import weights", "models"),
    ("models", "Ctrl+Shift+O"): ("Open folder", "classify"),
    ("lab", "Ctrl+O"): ("Open photos", "classify"),
    ("lab", "Ctrl+Shift+O"): ("Open folder", "classify"),
}


def test_keys_that_open(qtbot: QtBot, app: WindowApp, dialogs: Dialogs) -> None:
    for (page, keys), (title, there) in OPENING.items():
        app.window.show_page(page)
        press(qtbot, app, keys)
        assert (page, keys, dialogs.taken()) == (page, keys, [title])
        assert (page, keys, app.window.pages.current.objectName()) == (page, keys, there)


def test_entries_that_lead_to_another_page(qtbot: QtBot, app: WindowApp, dialogs: Dialogs) -> None:
    for page, text, title, there in (
        ("train", "Classify photos…", "Open photos", "classify"),
        ("lab", "Classify a folder…", "Open folder", "classify"),
        ("classify", "Train on a folder…", "Folder with one sub-folder per class", "train"),
        ("lab", "Import weights…", "Import weights", "models"),
    ):
        app.window.show_page(page)
        entry(app, text).trigger()
        assert dialogs.taken() == [title]
        assert app.window.pages.current.objectName() == there
    app.window.show_page("models")
    entry(app, "Classify sample photos").trigger()
    assert app.window.pages.current is app.window.page
    qtbot.waitUntil(lambda: app.window.controller.photos.rowCount() == 3, timeout=ANSWER_MS)
    app.window.show_page("lab")
    recent = app.window.page.recent_menu
    assert recent.menuAction() in app.window.menus.menus["File"].actions()
    recent.path_chosen.emit("/nowhere.jpg")
    assert app.window.pages.current is app.window.page


def test_a_folder_opened_on_the_train_page_is_trained_on(
    qtbot: QtBot, app: WindowApp, dialogs: Dialogs, tmp_path: Path
) -> None:
    """It was classified instead, on a page that nobody saw."""
    for label in ("cats", "dogs"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for number in range(4):
            picture = Image.new("RGB", (40, 40), (number, len(label), 9))
            picture.save(tmp_path / "pets" / label / f"{number}.png")
    dialogs.answer = str(tmp_path / "pets")
    app.window.show_page("train")
    press(qtbot, app, "Ctrl+Shift+O")
    qtbot.waitUntil(lambda: app.window.train_controller.state is TrainState.READY)
    assert app.window.controller.photos.rowCount() == 0


def test_keys_of_the_classify_page_do_nothing_elsewhere(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    window, controller = app.window, app.window.controller
    controller.open_paths([photos["coffee"], photos["rocket"]])
    qtbot.waitUntil(lambda: controller.photos.rowCount() == 2, timeout=ANSWER_MS)
    qtbot.waitUntil(
        lambda: all(photo.prediction for photo in controller.photos.photos()), timeout=ANSWER_MS
    )
    before, seen = controller.current, window.page.crop_action.isChecked()
    QGuiApplication.clipboard().setText("untouched")
    for page in ELSEWHERE:
        window.show_page(page)
        for keys in ("Ctrl+C", "Alt+Right", "Alt+Left", "Ctrl+Backspace", "Ctrl+M", "Ctrl+E"):
            press(qtbot, app, keys)
        assert controller.current is before
        assert controller.photos.rowCount() == 2
        assert window.page.crop_action.isChecked() is seen
        assert QGuiApplication.clipboard().text() == "untouched"
        assert not window.page.popup.isVisible()
        assert "Clear list" not in [a.text().replace("&", "") for a in window.actions()]
        texts = [a.text().replace("&", "") for a in window.menus.menus["Edit"].actions()]
        assert not {"Clear list", "Copy result", "Next photo"} & set(texts)
    window.show_page("classify")
    press(qtbot, app, "Ctrl+C")
    assert QGuiApplication.clipboard().text() != "untouched"
    press(qtbot, app, "Alt+Right")
    assert controller.current is not before
    press(qtbot, app, "Ctrl+Backspace")
    assert controller.photos.rowCount() == 1


def test_paste_is_a_drop_on_the_page_in_front(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path], tmp_path: Path
) -> None:
    window, clipboard = app.window, QGuiApplication.clipboard()

    def copy(path: Path) -> None:
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path))])
        clipboard.setMimeData(mime)

    (tmp_path / "folder").mkdir()
    (tmp_path / "broken.pth").write_bytes(b"no weights")
    copy(tmp_path / "folder")
    window.show_page("train")
    press(qtbot, app, "Ctrl+V")
    qtbot.waitUntil(lambda: window.train_controller.state is TrainState.READY)
    copy(tmp_path / "broken.pth")
    window.show_page("models")
    press(qtbot, app, "Ctrl+V")
    qtbot.waitUntil(lambda: any("broken" in t for t in window.models_page.notices.texts))
    assert window.controller.photos.rowCount() == 0
    window.show_page("train")
    press(qtbot, app, "Ctrl+V")
    assert window.train_page.notices.texts[-1].startswith("The clipboard holds nothing that this")
    copy(photos["coffee"])
    assert window.controller.photos.rowCount() == 0
    window.show_page("lab")
    press(qtbot, app, "Ctrl+V")  # as a drop there: it goes where photos belong
    assert window.pages.current is window.page
    qtbot.waitUntil(lambda: window.controller.photos.rowCount() == 1, timeout=ANSWER_MS)
    clipboard.setText("")
    press(qtbot, app, "Ctrl+V")
    assert "There is no photo on the clipboard." in window.page.notices.texts
    # What could not be pasted is of yesterday as soon as something could be.
    copy(photos["coffee"])  # is there already, and asked again
    press(qtbot, app, "Ctrl+V")
    assert "There is no photo on the clipboard." not in window.page.notices.texts
    window.show_page("train")
    assert window.train_page.notices.texts
    copy(tmp_path / "folder")
    press(qtbot, app, "Ctrl+V")
    assert window.train_page.notices.texts == []
    qtbot.waitUntil(lambda: window.train_controller.state is TrainState.READY)


def test_a_folder_that_was_no_use_is_forgotten_with_the_next(
    qtbot: QtBot, app: WindowApp, tmp_path: Path
) -> None:
    window = app.window
    window.show_page("train")
    window.train_controller.open_folder(tmp_path / "gone")
    qtbot.waitUntil(lambda: bool(window.train_page.notices.texts))
    (tmp_path / "folder").mkdir()
    window.train_controller.open_folder(tmp_path / "folder")
    qtbot.waitUntil(lambda: window.train_controller.state is TrainState.READY)
    assert window.train_page.notices.texts == []
    window.train_controller.open_folder(tmp_path / "gone")
    qtbot.waitUntil(lambda: bool(window.train_page.notices.texts))  # the folder before stays open
    assert window.train_controller.state is TrainState.READY


def test_every_entry_of_another_page_says_what_it_does(app: WindowApp) -> None:
    """“Open recent” on the Train page classified."""
    for page in ELSEWHERE:
        app.window.show_page(page)
        texts = [a.text().replace("&", "") for a in app.window.menus.menus["File"].actions()]
        assert "Classify recent" in texts
        assert "Open recent" not in texts
    app.window.show_page("classify")
    texts = [a.text().replace("&", "") for a in app.window.menus.menus["File"].actions()]
    assert "Open recent" in texts


def test_the_next_unsure_photo_is_one_key_away(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    window, controller = app.window, app.window.controller
    controller.open_paths([photos["chelsea"], photos["coffee"], photos["rocket"]])
    qtbot.waitUntil(
        lambda: (
            controller.photos.rowCount() == 3
            and all(photo.prediction for photo in controller.photos.photos())
        ),
        timeout=ANSWER_MS,
    )
    unsure = [photo for photo in controller.photos.photos() if photo.unsure]
    assert [Path(photo.source.name).stem for photo in unsure] == ["rocket"]
    qtbot.waitUntil(lambda: window.page.strip.summary.text() == "3 photos · 1 unsure")
    press(qtbot, app, "Ctrl+U")
    assert controller.current is unsure[0]
    controller.select(0)
    window.page.strip.next_unsure.click()
    assert controller.current is unsure[0]
    controller.remove_current()
    edit = window.menus.menus["Edit"]
    edit.aboutToShow.emit()
    assert not entry(app, "Next unsure photo").isEnabled()
    edit.aboutToHide.emit()


def test_what_has_nothing_to_do_is_grey(qtbot: QtBot, app: WindowApp) -> None:
    edit = app.window.menus.menus["Edit"]
    edit.aboutToShow.emit()
    assert not entry(app, "Copy result").isEnabled()
    assert not entry(app, "Clear list").isEnabled()
    assert not entry(app, "Undo removal").isEnabled()
    assert entry(app, "Settings…").isEnabled()
    edit.aboutToHide.emit()
    assert entry(app, "Copy result").isEnabled()  # its key must count as soon as there is something


def test_no_key_means_two_things(app: WindowApp) -> None:
    for name in (entry.name for entry in app.window.pages.entries):
        app.window.show_page(name)
        keys = [
            sequence.toString()
            for menu in app.window.menus.menus.values()
            for action in menu.actions()
            for sequence in action.shortcuts()
        ]
        assert len(set(keys)) == len(keys), name
        lone = [
            a.text()
            for m in app.window.menus.menus.values()
            for a in m.actions()
            if a.shortcut().toString() == "Open"
        ]
        assert lone == [], name


def test_find_puts_the_cursor_into_the_search_field(qtbot: QtBot, app: WindowApp) -> None:
    app.window.show_page("models")
    press(qtbot, app, "Ctrl+F")
    assert app.window.models_page.search.hasFocus()


def test_large_type_comes_and_goes_without_the_menu_bar(qtbot: QtBot, app: WindowApp) -> None:
    app.window.show_page("lab")
    press(qtbot, app, "F11")
    assert app.window.projector.on
    assert not app.window.menuBar().isVisible()
    press(qtbot, app, "F11")
    assert not app.window.projector.on
    app.window.show_page("train")
    press(qtbot, app, "F11")
    assert not app.window.projector.on


def test_a_second_start_brings_the_window_to_the_front(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    app.window.show_page("lab")
    app.window.showMinimized()
    app.window.come_to_front([])
    assert not app.window.isMinimized()
    assert app.window.pages.current is app.window.lab_page
    app.window.come_to_front([photos["coffee"]])
    assert app.window.pages.current is app.window.page
    qtbot.waitUntil(lambda: app.window.controller.photos.rowCount() == 1, timeout=ANSWER_MS)


def test_a_menu_with_nothing_in_it_is_not_in_the_bar(app: WindowApp) -> None:
    window = app.window
    names = [entry.name for entry in window.pages.entries]
    for name in (*names, *names):
        window.show_page(name)
        menus = window.menus.menus
        shown = {title for title, menu in menus.items() if menu.menuAction().isVisible()}
        assert shown == {title for title, menu in menus.items() if menu.actions()}
        assert ("Runs" in shown) is (name == "runs")
