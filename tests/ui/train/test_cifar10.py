"""The Train page's ways to CIFAR-10, and architectures with random weights."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QObject, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.dataset.cifar10 import folder as cifar10
from resnet_gui.core.http.settings import HttpSettings, save_http_settings
from resnet_gui.core.runs.config import Method
from resnet_gui.core.runs.events import RunFinished
from resnet_gui.core.zoo import ModelState, Zoo
from resnet_gui.core.zoo.storage.inventory import take_inventory
from resnet_gui.core.zoo.storage.remote_file import RemoteFile
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.train.cifar10_dialog import Cifar10Dialog
from resnet_gui.ui.train.controller import TrainController, TrainState
from resnet_gui.ui.train.start_model import StartModel
from tests.helpers.cifar_archives import make_binary, make_folder_archive, make_small
from tests.helpers.download_server import Answer, serve
from tests.ui.conftest import ANSWER_MS


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RESNET_GUI_WEIGHTS_URL", raising=False)
    make_small(monkeypatch)


def ask(qtbot: QtBot, app: WindowApp) -> Cifar10Dialog:
    """Click on the button, twice as an impatient person does; the dialog that opens."""

    def found() -> list[Cifar10Dialog]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, Cifar10Dialog)]

    qtbot.waitUntil(lambda: not found())
    app.window.train_page.start.cifar10.click()
    app.window.train_page.start.cifar10.click()
    qtbot.waitUntil(lambda: bool(found()))
    [dialog] = found()
    return dialog


def drop(app: WindowApp, path: Path) -> bool:
    """Drop a file on the window; whether it is taken."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(200, 200), copy, mime, left, keys)
    QApplication.sendEvent(app.window, enter)
    if enter.isAccepted():
        event = QDropEvent(QPointF(200, 200), copy, mime, left, keys)
        QApplication.sendEvent(app.window, event)
    return enter.isAccepted()


def wait_until_ready(qtbot: QtBot, controller: TrainController) -> None:
    qtbot.waitUntil(
        lambda: controller.state is TrainState.READY and controller.config is not None,
        timeout=ANSWER_MS,
    )


def test_drop_the_archive_and_train_from_random_weights(
    qtbot: QtBot, app: WindowApp, tmp_path: Path
) -> None:
    app.window.show_page("train")
    page, controller = app.window.train_page, app.window.train_controller
    make_folder_archive(tmp_path / "cifar10-jpeg.tar.xz")
    (tmp_path / "notes.txt").write_text("no archive")
    assert not drop(app, tmp_path / "notes.txt")
    assert drop(app, tmp_path / "cifar10-jpeg.tar.xz")
    wait_until_ready(qtbot, controller)
    setup = page.setup
    assert setup is not None
    assert setup.folder.head.title.text() == "cifar10"
    assert "50 training, 20 test" in setup.folder.facts.text()
    with_weights = controller.model_id
    assert all(e.state is not ModelState.UNTRAINED for e in controller.start_model.entries())
    setup.preset_buttons["scratch"].click()
    assert controller.config is not None
    assert controller.config.method is Method.SCRATCH
    assert controller.config.model == "cifar-resnet20"
    assert setup.start_title.text() == "Shape of the network"
    said = setup.model_button.accessibleName()
    assert said.endswith(", random weights · 270,000 parameters")
    setup.model_button.click()
    assert setup.popup.models.row_of("cifar-plain20") > 0
    assert "nothing yet" in setup.popup.card.text()
    setup.popup.chosen.emit("cifar-plain20")
    setup.popup.hide()
    assert controller.config.model == "cifar-plain20"
    # Another method goes back to the model with weights, and scratch to what was chosen.
    setup.preset_buttons["fast"].click()
    assert controller.config.model == with_weights == controller.model_id
    controller.set_option("method", "scratch")
    assert controller.config.model == "cifar-plain20"
    controller.set_option("epochs", 1)
    setup.start.click()
    qtbot.waitUntil(lambda: controller.state is TrainState.ENDED, timeout=90_000)
    assert isinstance(controller.end, RunFinished)
    store, made = app.window.store, controller.end.model_id
    qtbot.waitUntil(lambda: store.entry(made) is not None, timeout=ANSWER_MS)
    assert all(entry.state is not ModelState.UNTRAINED for entry in store.entries)


def test_the_button_asks_and_downloads(
    qtbot: QtBot, app: WindowApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.window.show_page("train")
    page, controller = app.window.train_page, app.window.train_controller
    content = make_binary(tmp_path / "a.tar.gz").read_bytes()
    with serve(content) as site:
        digest = hashlib.sha256(content).hexdigest()
        url = f"{site.address}/cifar-10-binary.tar.gz"
        monkeypatch.setattr(cifar10, "ARCHIVE", RemoteFile("CIFAR-10", url, digest, len(content)))
        dialog = ask(qtbot, app)
        assert "127.0.0.1" in dialog.informativeText()
        with qtbot.waitSignal(dialog.destroyed):
            dialog.reject()
        assert site.requests == []
        # Cancel in the middle keeps what has arrived; the next try goes on from there.
        site.answers = [Answer(stall_at=0.5)]
        dialog = ask(qtbot, app)
        assert dialog.download.text() == "Download 170 MB"
        dialog.download.click()
        part = cifar10.cifar10_dir().parent / "cifar-10-binary.tar.gz.part"
        qtbot.waitUntil(lambda: part.exists() and part.stat().st_size > 0, timeout=ANSWER_MS)
        qtbot.waitUntil(lambda: page.start.scan_text.text().startswith("Downloading CIFAR-10"))
        assert page.start.scan_stop.isVisible()
        page.start.scan_stop.click()
        qtbot.waitUntil(lambda: controller.state is TrainState.EMPTY, timeout=ANSWER_MS)
        kept = part.stat().st_size
        ask(qtbot, app).download.click()
        wait_until_ready(qtbot, controller)
        assert site.ranges()[-1] == f"bytes={kept}-"
    controller.close_folder()
    page.start.cifar10.click()  # it is here now: nobody is asked
    wait_until_ready(qtbot, controller)


def test_choosing_a_wrong_archive_says_so(
    qtbot: QtBot, app: WindowApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.window.show_page("train")
    page = app.window.train_page
    (tmp_path / "holiday.tar.gz").write_bytes(b"no archive at all")
    chosen = str(tmp_path / "holiday.tar.gz")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (chosen, ""))
    ask(qtbot, app).choose.click()
    qtbot.waitUntil(lambda: bool(page.notices.texts), timeout=ANSWER_MS)
    assert "holiday.tar.gz is no archive of CIFAR-10" in page.notices.texts[0]
    assert app.window.train_controller.state is TrainState.EMPTY


class Looked(ModelStore):
    """A store after its first look."""

    def __init__(self) -> None:
        QObject.__init__(self)
        [self.inventory] = take_inventory(Zoo.standard().entries)


def test_no_shape_is_offered_twice() -> None:
    start = StartModel(Looked())
    start.scratch = True
    ids = [entry.spec.id for entry in start.entries()]
    assert len(ids) == len(set(ids))
    assert {"cifar-resnet20", "resnet50v2", "resnet18"} <= set(ids)


def test_offline_mode_leads_to_the_settings(qtbot: QtBot, app: WindowApp) -> None:
    save_http_settings(HttpSettings(offline=True))
    app.window.show_page("train")
    dialog = ask(qtbot, app)
    assert "offline mode is on" in dialog.informativeText()
    dialog.settings.click()
    qtbot.waitUntil(app.window.settings_dialog.isVisible)
    assert app.window.settings_dialog.proxy_kind.isVisible()
