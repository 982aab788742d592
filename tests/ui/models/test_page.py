"""The list of models, its card, and the settings that concern models."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.http.settings import HttpSettings, load_http_settings
from resnet_gui.core.inference.converted import (
    State,
    Verdict,
    conversion_of,
    file_stamp,
    remember_hash,
    write_verdict,
)
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.system.settings import Settings
from resnet_gui.ui.models.standing import Situation
from resnet_gui.ui.widgets.photo_list import PhotoState
from tests.helpers.download_server import Site
from tests.ui.conftest import ANSWER_MS
from tests.ui.models.conftest import SLOW, entry_of, show, situation, target, texts, wait_for

# --- the list ---------------------------------------------------------------------------------


def test_a_search_without_a_match_says_so_and_leads_back(qtbot: QtBot, shown: WindowApp) -> None:
    page = shown.window.models_page
    everything = page.controller.models.rowCount()
    page.search.setText("wide 101")
    assert page.card.title.text().startswith("Wide ResNet-101")
    page.search.setText("unicorn")
    assert page.empty.isVisible()
    assert page.empty_text.text() == "No model matches “unicorn”."
    assert not page.view.isVisible()
    assert not page.card.isVisible()
    page.clear_search.click()
    assert page.view.isVisible()
    assert page.card.isVisible()
    assert page.controller.models.rowCount() == everything


def test_a_click_on_a_row_shows_its_card(qtbot: QtBot, shown: WindowApp) -> None:
    page = shown.window.models_page
    row = page.controller.models.row_of("resnet18")
    page.view.scrollTo(page.controller.models.index(row))
    middle: QPoint = page.view.visualRect(page.controller.models.index(row)).center()
    qtbot.mouseClick(page.view.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert page.card.title.text() == "ResNet-18"
    assert "non-commercial research" in page.card.facts.text()  # the licence
    assert page.card.primary.text() == "Download 47 MB"
    qtbot.keyClick(page.view, Qt.Key.Key_Down)
    assert page.card.title.text() == "ResNet-34"


def test_speed_is_measured_by_using_a_model(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    show(qtbot, app, "efficientnet-lite0")
    card = app.window.models_page.card
    assert "Measured when it is first used" in card.facts.text()
    app.window.controller.open_paths(list(photos.values()))
    qtbot.waitUntil(
        lambda: all(p.state is PhotoState.DONE for p in app.window.controller.photos.photos()),
        timeout=ANSWER_MS,
    )
    qtbot.waitUntil(lambda: "ms per photo on " in card.facts.text(), timeout=ANSWER_MS)
    [speed] = app.window.models_controller.speeds("efficientnet-lite0")
    assert speed.ms_per_photo > 0


@pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")
def test_the_card_says_how_a_model_answers_and_why(
    qtbot: QtBot, shown: WindowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = shown.window.models_page
    page.controller.select("efficientnet-lite0")
    assert "Exact, as the settings say." in page.card.facts.text()
    monkeypatch.delenv("RESNET_GUI_EXACT")
    entry = entry_of(shown, "efficientnet-lite0")
    assert entry.weights_path is not None
    remember_hash(entry.weights_path, file_stamp(entry.weights_path), "0" * 64)
    folder = conversion_of(entry.spec, "0" * 64, openvino_version()).folder
    folder.mkdir()
    write_verdict(folder, Verdict(State.REFUSED, reason="it gives another first answer"))
    shown.window.store.refresh()
    qtbot.waitUntil(
        lambda: "was refused, as it gives another first answer." in page.card.facts.text(),
        timeout=ANSWER_MS,
    )


def test_show_in_folder(
    qtbot: QtBot, shown: WindowApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # nothing that opens folders
    page = shown.window.models_page
    page.folder_button.click()
    qtbot.waitUntil(lambda: any("first download makes it" in text for text in texts(page)))
    shown.window.models_controller.select("efficientnet-lite0")
    page.card.reveal.click()
    path = str(entry_of(shown, "efficientnet-lite0").weights_path)
    qtbot.waitUntil(lambda: page.reveal.notice is not None)
    assert f"No file manager answered. It is here: {path}" in texts(page)
    page.reveal.notice.button.click()
    assert QGuiApplication.clipboard().text() == path
    assert not any(path in text for text in texts(page))


# --- settings ---------------------------------------------------------------------------------


def test_settings_that_cannot_work_are_refused_where_they_are_typed(
    qtbot: QtBot, shown: WindowApp, tmp_path: Path
) -> None:
    shown.window.models_page.settings_button.click()
    dialog = shown.window.settings_dialog
    assert dialog.isVisible()
    qtbot.waitUntil(lambda: not dialog.controller.loading)
    assert not dialog.save.isEnabled()
    dialog.mirror_text.setText("http://mirror.example/weights")
    assert "the connection is not protected" in dialog.mirror.problem.text()
    assert dialog.mirror.problem.isVisible()
    assert not dialog.save.isEnabled()
    dialog.mirror_text.setText("https://mirror.example/weights")
    assert not dialog.mirror.problem.isVisible()
    dialog.proxy_kind.setCurrentIndex(2)
    assert "Enter the proxy's address" in dialog.proxy.problem.text()
    dialog.proxy_address.setText("ftp://proxy")
    assert "http://host:port" in dialog.proxy.problem.text()
    dialog.proxy_address.setText("proxy.example:8080")
    assert not dialog.proxy.problem.isVisible()
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    dialog.ca_text.setText(str(bad))
    dialog.folder_text.setText("relative/folder")
    dialog.save.click()
    qtbot.waitUntil(dialog.ca_bundle.problem.isVisible)
    assert "holds no certificates" in dialog.ca_bundle.problem.text()
    assert "whole path" in dialog.folder.problem.text()
    assert load_http_settings() == HttpSettings()
    dialog.ca_text.clear()
    dialog.folder_text.clear()
    dialog.save.click()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert load_http_settings() == HttpSettings(
        proxy="http://proxy.example:8080", mirror="https://mirror.example/weights"
    )
    dialog.open_fresh()
    assert dialog.proxy_address.text() == "http://proxy.example:8080"
    assert QApplication.activeModalWidget() is None


def test_the_environments_mirror_is_shown_as_the_one_in_force(
    qtbot: QtBot, shown: WindowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESNET_GUI_WEIGHTS_URL", "https://weights.example")
    dialog = shown.window.settings_dialog
    dialog.open_fresh()
    qtbot.waitUntil(lambda: not dialog.controller.loading)
    assert "RESNET_GUI_WEIGHTS_URL is set and comes first" in dialog.mirror.hint.text()
    assert "https://weights.example" in dialog.mirror.hint.text()
    dialog.close()
    monkeypatch.setenv("RESNET_GUI_WEIGHTS_URL", "ftp://weights.example")
    dialog.open_fresh()
    assert "cannot be used" in dialog.mirror.problem.text()


def test_the_weights_move_with_their_folder(
    qtbot: QtBot, site: Site, open_app: Callable[..., WindowApp], tmp_path: Path
) -> None:
    target(site).parent.mkdir(parents=True)
    target(site).write_bytes(site.content)
    app = show(qtbot, open_app(Settings(model="efficientnet-lite0")))
    dialog = app.window.settings_dialog
    dialog.open_fresh()
    assert not dialog.move_weights.isVisible()
    new = tmp_path / "new place"
    dialog.folder_text.setText(str(new))
    assert dialog.move_weights.isVisible()
    dialog.save.click()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert (new / site.file_name).read_bytes() == site.content
    assert not target(site).exists()
    assert load_http_settings().weights_folder == new
    qtbot.waitUntil(lambda: entry_of(app).weights_path == new / site.file_name)
    assert app.window.models_page.folder_button.toolTip().endswith(str(new))


def test_the_folder_stays_while_something_is_downloaded(
    qtbot: QtBot, shown: WindowApp, site: Site, tmp_path: Path
) -> None:
    site.default = SLOW
    shown.window.models_page.card.primary.click()
    dialog = shown.window.settings_dialog
    dialog.open_fresh()
    dialog.folder_text.setText(str(tmp_path / "new"))
    dialog.save.click()
    assert "A download is going on" in dialog.failure.text()
    assert dialog.isVisible()
    wait_for(qtbot, shown, Situation.READY)
    assert (
        hashlib.sha256(target(site).read_bytes()).hexdigest().startswith(site.spec().sha256_prefix)
    )


def test_an_own_model_can_be_renamed_while_it_is_used(
    qtbot: QtBot, shown: WindowApp, own_model: Path
) -> None:
    user_models_dir().mkdir(parents=True, exist_ok=True)
    own_model.rename(user_models_dir() / own_model.name)
    controller = shown.window.models_controller
    controller.refresh()
    qtbot.waitUntil(
        lambda: (
            controller.inventory is not None and controller.inventory.entry("defects") is not None
        )
    )
    shown.window.controller.set_model("defects")
    controller.select("defects")
    assert not shown.window.models_page.card.rename.isHidden()
    controller.rename("Scratches & dents")
    line = shown.window.status_line.model
    qtbot.waitUntil(lambda: line.text() == "Scratches & dents")
    assert controller.current_id == "defects"  # its title is only a label
    assert situation(shown, "defects") is Situation.IN_USE
    entry = shown.window.controller.entry
    assert entry is not None
    assert (entry.spec.id, entry.spec.title) == ("defects", "Scratches & dents")
    assert [path.name for path in user_models_dir().glob("*")] == ["defects.safetensors"]
    controller.rename("  ")
    qtbot.waitUntil(
        lambda: any("needs a name" in text for text in shown.window.models_page.notices.texts)
    )


def test_a_right_click_offers_what_the_card_can_do(qtbot: QtBot, app: WindowApp) -> None:
    show(qtbot, app, "resnet20-cifar10")
    page, view = app.window.models_page, app.window.models_page.view
    row = view.visualRect(page.controller.models.index(page.controller.models.row_of("resnet18")))
    view.customContextMenuRequested.emit(row.center())
    assert page.controller.current_id == "resnet18"  # it is its menu
    [menu] = [child for child in page.card.findChildren(QMenu) if child.isVisible()]
    assert menu.actions()[0].text().startswith("Download ")
    menu.close()
    page.controller.select("resnet20-cifar10")
    menu = page.card.menu()
    texts = [action.text() for action in menu.actions() if not action.isSeparator()]
    assert texts == [
        "Use this model", "Start a training from it", "Test it on a folder…", "Show in folder",
    ]  # fmt: skip
    menu.actions()[1].trigger()
    assert app.window.pages.current is app.window.train_page
    assert app.window.train_controller.model_id == "resnet20-cifar10"
    menu.close()
