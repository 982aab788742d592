"""Imported weights whose classes have only numbers: names are offered, given and taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.nets.build import build_network
from resnet_gui.ui.models.naming_dialog import NamingDialog
from resnet_gui.ui.widgets.notice_bar import NoticeLine
from tests.helpers.fake_engine import Rig, heard, model
from tests.ui.conftest import ANSWER_MS
from tests.ui.models.conftest import show


@pytest.fixture
def leaves(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    torch.save(build_network("resnet18", 3).state_dict(), tmp_path / "leaves.pth")
    return tmp_path / "leaves.pth"


def classes(app: WindowApp) -> tuple[str, ...]:
    entry = app.window.models_controller.store.entry("leaves")
    return entry.spec.classes if entry is not None else ()


def test_classes_are_named_after_the_import(
    qtbot: QtBot, open_app: Callable[..., WindowApp], leaves: Path, tmp_path: Path
) -> None:
    app = show(qtbot, open_app())
    page = app.window.models_page
    page.controller.import_paths([leaves])
    qtbot.waitUntil(lambda: page.controller.current_id == "leaves", timeout=ANSWER_MS)
    assert classes(app) == ("class 0", "class 1", "class 2")
    [offer] = [notice for notice in page.notices.shown if "imported" in notice.label.text()]
    assert "its 3 classes are called" in offer.label.text()
    assert not page.card.names.isHidden()
    offer.button.click()
    dialog = page.naming.dialog
    assert isinstance(dialog, NamingDialog)
    assert not dialog.give.isEnabled()  # nothing was typed yet
    dialog.names.setPlainText("oak\nbeech")
    assert dialog.state.text() == "2 names for 3 classes."
    assert not dialog.give.isEnabled()
    (tmp_path / "names.txt").write_text("oak\nbeech\nbirch\n", "utf-8")
    dialog.read_file(str(tmp_path / "names.txt"))
    qtbot.waitUntil(dialog.give.isEnabled)
    dialog.give.click()
    qtbot.waitUntil(lambda: classes(app) == ("oak", "beech", "birch"))
    assert page.naming.dialog is None
    assert page.card.names.isHidden()
    [done] = [notice for notice in page.notices.shown if "are called" in notice.label.text()]
    assert "“oak”, “beech”, “birch” now" in done.label.text()
    done.button.click()
    qtbot.waitUntil(lambda: classes(app) == ("class 0", "class 1", "class 2"))
    page.card.names.click()  # the way that stays
    assert page.naming.dialog is not None
    page.naming.dialog.close()


def test_a_model_dropped_among_the_photos_leads_to_the_names(
    qtbot: QtBot, open_app: Callable[..., WindowApp], leaves: Path
) -> None:
    app = show(qtbot, open_app())
    app.window.show_page("classify")
    app.window.controller.open_paths([leaves])
    notices = app.window.page.notices

    def offers() -> list[NoticeLine]:
        return [notice for notice in notices.shown if "leaves" in notice.label.text()]

    qtbot.waitUntil(lambda: bool(offers()) and bool(classes(app)), timeout=ANSWER_MS)
    [offer] = offers()
    assert "was added to your models. Its file does not say what its 3 classes" in (
        offer.label.text()
    )
    assert offer.button.text() == "Name the classes…"
    # Dropped twice more: "was here already", which is one line.
    app.window.controller.open_paths([leaves])
    qtbot.waitUntil(lambda: len(offers()) == 2, timeout=ANSWER_MS)
    again = next(line for line in offers() if "was here already" in line.label.text())
    app.window.controller.open_paths([leaves])
    qtbot.waitUntil(lambda: again.times.text() == "2 times", timeout=ANSWER_MS)
    asked = heard(app.window.page.imported_notice.names_requested)
    again.button.click()
    assert len(asked) == 1
    page = app.window.models_page
    assert app.window.pages.current is page
    dialog = page.naming.dialog
    assert dialog is not None
    assert page.controller.current_id == "leaves"
    dialog.names.setPlainText("oak\nbeech\nbirch")
    dialog.give.click()
    qtbot.waitUntil(lambda: classes(app) == ("oak", "beech", "birch"))
    qtbot.waitUntil(lambda: not offers())


def test_what_is_answered_takes_the_names(
    qtbot: QtBot, open_app: Callable[..., WindowApp], leaves: Path, photos: dict[str, Path]
) -> None:
    app = show(qtbot, open_app())
    page, answer = app.window.models_page, app.window.page.results.answer
    page.controller.import_paths([leaves])
    qtbot.waitUntil(lambda: page.controller.current_id == "leaves", timeout=ANSWER_MS)
    page.controller.use()
    app.window.controller.open_paths([photos["coffee"]])
    qtbot.waitUntil(lambda: answer.text().startswith("class "), timeout=ANSWER_MS)
    number = int(answer.text().split()[1])
    page.naming.ask()
    dialog = page.naming.dialog
    assert dialog is not None
    dialog.names.setPlainText("oak\nbeech\nbirch")
    dialog.give.click()
    name = ("oak", "beech", "birch")[number]
    qtbot.waitUntil(lambda: answer.text() == name, timeout=ANSWER_MS)


def test_a_list_that_cannot_be_read_says_so_in_the_dialog(
    qtbot: QtBot, rig: Rig, tmp_path: Path
) -> None:
    dialog = NamingDialog(model("a").spec, rig.io)
    qtbot.addWidget(dialog)
    dialog.read_file(str(tmp_path / "none.txt"))
    qtbot.waitUntil(lambda: "could not be read" in dialog.state.text())
    assert dialog.names.toPlainText() == "ant\nbee"  # what was typed is not lost
    dialog.names.setPlainText("ant\nwasp")
    assert dialog.give.isEnabled()
