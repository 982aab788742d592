"""The GUI thread never looks at the disk while something is dragged, dropped or remembered: a path
may lie on a network drive that does not answer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.system.settings import load_settings, settings_path
from resnet_gui.ui.train.cifar10_dialog import Cifar10Dialog
from resnet_gui.ui.train.controller import TrainState
from tests.helpers.disk_watch import watched_disk
from tests.ui.conftest import ANSWER_MS


def files(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def text(line: str) -> QMimeData:
    mime = QMimeData()
    mime.setText(line)
    return mime


def drag_and_drop(app: WindowApp, mime: QMimeData) -> None:
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(200, 200), copy, mime, left, keys)
    enter.ignore()
    QApplication.sendEvent(app.window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(app.window, QDropEvent(QPointF(200, 200), copy, mime, left, keys))


def idle(app: WindowApp) -> bool:
    return not any(lane.busy for lane in (app.inference, app.io, app.training))


@pytest.fixture
def watched(
    qtbot: QtBot, app: WindowApp, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, QMimeData, Callable[[], bool]], None]:
    """Drops something on a page, waits for what comes of it, and looks who looked at the disk."""

    def drop_on(name: str, mime: QMimeData, done: Callable[[], bool]) -> None:
        app.window.show_page(name)
        qtbot.waitUntil(lambda: idle(app), timeout=ANSWER_MS)  # what the page is built of is loaded
        with watched_disk(monkeypatch) as looks:
            drag_and_drop(app, mime)
            qtbot.waitUntil(done, timeout=ANSWER_MS)
            qtbot.waitUntil(lambda: idle(app), timeout=ANSWER_MS)
        assert looks == []

    return drop_on


Watched = Callable[[str, QMimeData, Callable[[], bool]], None]


@pytest.mark.parametrize("page", ["classify", "lab"])
def test_photos(app: WindowApp, watched: Watched, photos: dict[str, Path], page: str) -> None:
    controller = app.window.controller
    watched(page, files(photos["coffee"]), lambda: controller.photos.rowCount() == 1)
    album = photos["coffee"].parent
    watched(page, files(album), lambda: controller.photos.rowCount() == len(photos))
    assert app.window.memory.settings.recent == (str(album), str(photos["coffee"]))


def test_a_path_in_a_text(
    app: WindowApp, watched: Watched, photos: dict[str, Path], tmp_path: Path
) -> None:
    controller, notices = app.window.controller, app.window.page.notices
    watched("classify", text(str(photos["rocket"])), lambda: controller.photos.rowCount() == 1)
    watched(
        "classify",
        text(str(tmp_path / "nothing.jpg")),
        lambda: "There is no photo at the path that the text names." in notices.texts,
    )
    assert controller.photos.rowCount() == 1


def test_weights_and_a_folder_of_weights(app: WindowApp, watched: Watched, tmp_path: Path) -> None:
    """The folder is no album: what it is, the io lane sees."""
    (tmp_path / "broken.pth").write_bytes(b"no weights")
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "bundle.json").write_text("no list")
    notices = app.window.page.notices
    for name, path in (("broken.pth", "broken.pth"), ("kit", "bundle.json")):
        watched(
            "classify",
            files(tmp_path / name),
            lambda path=path: any(path in said for said in notices.texts),
        )
    assert app.window.controller.photos.rowCount() == 0
    assert app.window.memory.settings.recent == ()
    watched(
        "models",
        files(tmp_path / "broken.pth"),
        lambda: any("broken.pth" in said for said in app.window.models_page.notices.texts),
    )


def test_a_folder_to_train_on(app: WindowApp, watched: Watched, tmp_path: Path) -> None:
    for label in ("cats.v2", "dogs"):
        (tmp_path / "pets.2026" / label).mkdir(parents=True)
        for number in range(4):
            picture = Image.new("RGB", (40, 40), (number, len(label), 9))
            picture.save(tmp_path / "pets.2026" / label / f"{number}.png")
    (tmp_path / "README").write_text("no folder, and its name does not say so")
    controller, notices = app.window.train_controller, app.window.train_page.notices
    watched("train", files(tmp_path / "README"), lambda: bool(notices.texts))
    assert notices.texts[0].startswith("README is no folder. One folder at a time")
    assert controller.state is TrainState.EMPTY
    watched("train", files(tmp_path / "pets.2026"), lambda: controller.state is TrainState.READY)
    controller.close_folder()
    folder = text(str(tmp_path / "pets.2026"))
    watched("train", folder, lambda: controller.state is TrainState.READY)


def test_asking_for_cifar10(qtbot: QtBot, app: WindowApp, monkeypatch: pytest.MonkeyPatch) -> None:
    app.window.show_page("train")
    qtbot.waitUntil(lambda: idle(app), timeout=ANSWER_MS)

    def asked() -> list[Cifar10Dialog]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, Cifar10Dialog)]

    with watched_disk(monkeypatch) as looks:
        app.window.train_page.start.cifar10.click()
        qtbot.waitUntil(lambda: bool(asked()))
    assert looks == []
    asked()[0].reject()


def test_remembering(qtbot: QtBot, app: WindowApp, monkeypatch: pytest.MonkeyPatch) -> None:
    qtbot.waitUntil(lambda: idle(app), timeout=ANSWER_MS)
    settings_path().unlink(missing_ok=True)
    with watched_disk(monkeypatch) as looks:
        app.window.memory.change(theme="dark")
        with qtbot.waitSignal(app.window.memory.due):
            pass  # soon
        qtbot.waitUntil(lambda: not app.io.busy)
    assert looks == []
    assert load_settings().theme == "dark"


def test_settings_that_cannot_be_saved_are_a_notice(
    qtbot: QtBot, open_app: Callable[..., WindowApp], own_home: Path
) -> None:
    app = open_app(start=False)
    own_home.mkdir(exist_ok=True)
    settings_path().parent.write_text("a file where the folder should be")
    app.window.save_now()
    qtbot.waitUntil(lambda: bool(app.window.page.notices.texts), timeout=10_000)
    assert app.window.page.notices.texts[0].startswith("The settings could not be saved to")


def test_the_watch_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched_disk(monkeypatch) as looks:
        (tmp_path / "a").is_dir()
        (tmp_path / "a").write_text("b")
        assert len(list(tmp_path.iterdir())) == 1
    listed = "os.scandir" if sys.version_info >= (3, 13) else "os.listdir"
    assert [look.split()[0] for look in looks] == ["stat", "open", listed]
