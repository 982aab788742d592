"""The settings window: a row for each wish, what is kept, and no look at the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.filing.batch import How
from resnet_gui.core.filing.journal import list_batches
from resnet_gui.core.http.settings import HttpSettings, load_http_settings, save_http_settings
from resnet_gui.core.inference.feature_cache import FeatureCache
from resnet_gui.core.system.settings import wishes
from resnet_gui.core.zoo.providers.torchvision import torchvision_specs
from resnet_gui.core.zoo.storage.remote_file import PART_SUFFIX, lock_path, weights_file_name
from resnet_gui.core.zoo.storage.store import all_partial_bytes, remove_partial
from resnet_gui.ui.settings import kept
from resnet_gui.ui.settings.dialog import SettingsDialog
from resnet_gui.ui.settings.kept import Kept
from resnet_gui.ui.widgets.check_box import CheckBox
from resnet_gui.ui.widgets.combo_box import ComboBox
from tests.helpers.disk_watch import watched_disk
from tests.helpers.filing import filed, write


def opened(qtbot: QtBot, app: WindowApp) -> SettingsDialog:
    dialog = app.window.settings_dialog
    dialog.open_fresh()
    qtbot.waitUntil(lambda: not dialog.controller.loading and not app.io.busy)
    return dialog


def test_the_disk_is_looked_at_elsewhere(
    qtbot: QtBot, open_app: Callable[..., WindowApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_http_settings(HttpSettings(offline=True))
    app = open_app(start=False)
    with watched_disk(monkeypatch) as looks:
        dialog = opened(qtbot, app)
        assert dialog.offline.isChecked()
        dialog.folder_text.setText("/elsewhere")
        dialog.ca_text.setText("~somebody/a.pem")
        dialog.offline.setChecked(False)
        dialog.ca_text.clear()
        dialog.folder_text.clear()
        dialog.save.click()
        qtbot.waitUntil(lambda: not dialog.isVisible())
        qtbot.waitUntil(lambda: not app.io.busy)
    assert looks == []
    assert not load_http_settings().offline


def test_each_wish_has_a_row(qtbot: QtBot, open_app: Callable[..., WindowApp]) -> None:
    app = open_app(start=False)
    dialog = opened(qtbot, app)
    assert set(dialog.wishes.editors) == set(wishes()) >= {"theme", "another_window"}
    theme, another = (dialog.wishes.editors[name] for name in ("theme", "another_window"))
    assert isinstance(theme, ComboBox)
    assert isinstance(another, CheckBox)
    assert not dialog.save.isEnabled()
    theme.setCurrentIndex(theme.findData("dark"))
    another.setChecked(True)
    dialog.save.click()
    assert not dialog.isVisible()
    assert app.theme.colours.dark
    assert app.window.memory.settings.another_window
    [checked] = [a.data() for a in app.window.theme_menu.actions() if a.isChecked()]
    assert checked == "dark"
    # And the other way round.
    next(a for a in app.window.theme_menu.actions() if a.data() == "light").trigger()
    assert not app.theme.colours.dark
    opened(qtbot, app)
    assert theme.currentData() == "light"
    assert another.isChecked()
    another.setChecked(False)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)  # forgets
    assert app.window.memory.settings.another_window


def test_a_theme_is_tried_at_once_and_taken_back_on_closing(
    qtbot: QtBot, open_app: Callable[..., WindowApp]
) -> None:
    app = open_app(start=False)
    memory = app.window.memory
    memory.change(theme="light")
    for close in ("click", "escape"):
        dialog = opened(qtbot, app)
        theme = dialog.wishes.editors["theme"]
        assert isinstance(theme, ComboBox)
        theme.setCurrentIndex(theme.findData("dark"))
        assert app.theme.colours.dark
        memory.opened("/a/photo.jpg")  # what else is remembered does not take it back
        assert app.theme.colours.dark
        assert memory.settings.theme == "light"
        if close == "click":
            dialog.cancel.click()
        else:
            qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        assert not dialog.isVisible()
        assert not app.theme.colours.dark
    dialog = opened(qtbot, app)
    theme = dialog.wishes.editors["theme"]
    assert isinstance(theme, ComboBox)
    assert theme.currentData() == "light"
    theme.setCurrentIndex(theme.findData("dark"))
    dialog.save.click()
    assert not dialog.isVisible()
    assert app.theme.colours.dark
    assert memory.settings.theme == "dark"


def part(home: Path, size: int) -> Path:
    spec = torchvision_specs()[0]
    path = load_http_settings().weights_dir() / f"{weights_file_name(spec)}{PART_SUFFIX}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def test_interrupted_downloads_can_be_cleared(
    qtbot: QtBot, open_app: Callable[..., WindowApp], own_home: Path
) -> None:
    path = part(own_home, 3_000_000)
    app = open_app(start=False)
    dialog = opened(qtbot, app)
    row = dialog.kept.rows["Interrupted downloads"]
    qtbot.waitUntil(lambda: row.size_label.text() == "3.0 MB")
    row.button.click()
    qtbot.waitUntil(lambda: row.size_label.text() == "nothing")
    assert not path.exists()
    assert not row.button.isEnabled()


def test_features_of_photos_can_be_cleared(
    qtbot: QtBot, open_app: Callable[..., WindowApp]
) -> None:
    cache = FeatureCache({"backbone": "b"}, 1000)
    cache.add([b"k" * 16], np.ones((1, 1000), np.float32))
    dialog = opened(qtbot, open_app(start=False))
    row = dialog.kept.rows["Features of photos"]
    assert row.size_label.text().startswith("4")
    row.button.click()
    qtbot.waitUntil(lambda: row.size_label.text() == "nothing")
    assert cache.find([b"k" * 16])[1] == []


def test_notes_of_sortings_are_cleared_after_a_question(
    qtbot: QtBot, open_app: Callable[..., WindowApp], tmp_path: Path
) -> None:
    photo = write(tmp_path / "a.jpg", "a")
    filed([(photo, tmp_path / "sorted" / "x" / "a.jpg", How.COPY)])
    app = open_app(start=False)
    filer = app.window.filer
    filer.look()
    qtbot.waitUntil(lambda: filer.undoable is not None)
    dialog = opened(qtbot, app)
    row = dialog.kept.rows["Notes of sortings"]
    for answer in ("Cancel", "Clear"):
        assert row.button.isEnabled()
        row.button.click()
        [box] = [box for box in dialog.findChildren(QMessageBox) if box.isVisible()]
        assert "cannot be undone" in box.informativeText().replace("\n", " ")
        [button] = [b for b in box.buttons() if b.text().replace("&", "") == answer]
        button.click()
    qtbot.waitUntil(lambda: row.size_label.text() == "nothing")
    qtbot.waitUntil(lambda: filer.undoable is None)
    assert list_batches() == []


def test_a_download_that_goes_on_is_not_cleared(own_home: Path) -> None:
    from filelock import FileLock

    path = part(own_home, 10)
    with FileLock(lock_path(path.with_name(path.name.removesuffix(PART_SUFFIX)))):
        assert remove_partial() == 0
    assert all_partial_bytes() == 10
    assert remove_partial() == 10


def test_another_kind_is_one_entry(
    qtbot: QtBot, open_app: Callable[..., WindowApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OSError("The drive is gone.")

    toys = Kept("Toys", "They are bought again.", lambda: 5_000, fail)
    monkeypatch.setattr(kept, "KEPT", [*kept.KEPT, toys])
    dialog = opened(qtbot, open_app(start=False))
    row = dialog.kept.rows["Toys"]
    assert row.size_label.text() == "5 kB"
    row.button.click()
    qtbot.waitUntil(dialog.kept.failure.isVisible)
    assert dialog.kept.failure.text() == "The drive is gone."
