"""The Improve page by keys and mouse, on a made-up engine and real files."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from resnet_gui.ui.correcting.class_popup import ClassPopup
from resnet_gui.ui.improve.controller import ImproveState, Which
from resnet_gui.ui.improve.page import ImprovePage
from resnet_gui.ui.improve.view import ImproveView
from resnet_gui.ui.widgets.plain_text import MessageBox
from tests.helpers.controls import controls_of, faults_of
from tests.helpers.fake_engine import Rig, heard, model
from tests.helpers.filing import tree
from tests.ui.improve.conftest import found, to_label, working

Key = Qt.Key
LEFT = Qt.MouseButton.LeftButton


def shown(rig: Rig, page: ImprovePage, folder: Path, wrong: int = 6) -> ImproveView:
    """The page with all six bees suspected."""
    page.open_folder(folder)
    rig.until(lambda: page.start.look.isEnabled())
    rig.engine.script("suspects", *working(), found(folder, wrong))
    page.start.look.click()
    rig.until(lambda: page.view is not None and page.stack.currentWidget() is page.view)
    assert page.view is not None
    page.activateWindow()
    page.view.wall.setFocus()
    rig.settle()
    return page.view


def badges(view: ImproveView) -> list[str]:
    model = view.wall.photos
    return [str(model.index(row).data(model.BadgeRole)) for row in range(model.rowCount())]


def test_by_keys_alone(
    qtbot: QtBot,
    rig: Rig,
    page: ImprovePage,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view = shown(rig, page, folder)
    wall = view.wall

    def press(key: Qt.Key, by: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        qtbot.keyClick(wall, key, by)

    assert wall.hasFocus()
    assert wall.currentIndex().row() == 0
    assert "is in “bees”, looks like “ants” (97.0%)" in view.panel.said.text()
    press(Key.Key_1)  # ants, and on to the next one
    press(Key.Key_A)
    press(Key.Key_S)
    press(Key.Key_Return)
    monkeypatch.setattr("resnet_gui.ui.correcting.deciding.ask_for_name", lambda *_: "wasps")
    press(Key.Key_N)
    press(Key.Key_9)  # no class has this key
    assert badges(view) == ["→ ants", "→ ants", "set aside", "✓ fine", "→ wasps", ""]
    assert view.counts.text() == (
        "4 decisions not applied yet: 3 to other classes, 1 set aside. 1 marked as fine."
    )
    assert [button.text() for button in view.panel.buttons] == ["1   ants", "2   bees", "3   wasps"]
    press(Key.Key_3)
    assert badges(view)[5] == "→ wasps"
    # The last one stays where it is; several are decided at once.
    assert wall.currentIndex().row() == 5
    press(Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert len(wall.chosen()) == 2
    assert view.panel.said.text() == "2 photos are selected."
    press(Key.Key_Delete)
    assert badges(view)[4:] == ["set aside", "set aside"]
    press(Key.Key_Backspace)
    assert badges(view)[4:] == ["set aside", ""]  # the last one is the current one
    for _ in range(8):
        page.undo()
    assert badges(view) == [""] * 6
    assert not view.undo.isEnabled()
    for _ in range(3):
        view.redo.click()
    assert badges(view) == ["→ ants", "→ ants", "set aside", "", "", ""]
    rig.settle()


def test_a_class_is_typed(qtbot: QtBot, rig: Rig, page: ImprovePage, folder: Path) -> None:
    view = shown(rig, page, folder)

    def typed(text: str) -> ClassPopup:
        qtbot.keyClick(view.wall, Key.Key_M)
        [popup] = view.wall.findChildren(ClassPopup)
        assert popup.isVisible()
        qtbot.keyClicks(popup.search, text)
        return popup

    popup = typed("an")
    qtbot.keyClick(popup.search, Key.Key_Return)
    assert not popup.isVisible()
    assert badges(view)[0] == "→ ants"
    popup = typed("hornets")
    assert popup.view.model().index(0, 0).data() == "New class “hornets”"
    qtbot.keyClick(popup.search, Key.Key_Return)
    assert badges(view)[1] == "→ hornets"
    popup = typed("")
    assert popup.view.model().rowCount() == 3
    qtbot.keyClick(popup.search, Key.Key_Down)
    qtbot.keyClick(popup.search, Key.Key_Down)
    qtbot.keyClick(popup.search, Key.Key_Return)
    assert badges(view)[2] == "→ hornets"
    popup = typed("")
    qtbot.keyClick(popup.search, Key.Key_Escape)
    assert not popup.isVisible()
    assert badges(view)[3] == ""
    rig.settle()


def test_the_menu_and_the_buttons_do_the_same(
    qtbot: QtBot, rig: Rig, page: ImprovePage, folder: Path
) -> None:
    view = shown(rig, page, folder)
    at = view.wall.visualRect(view.wall.photos.index(0)).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.mapToGlobal(at))
    QApplication.sendEvent(view.wall.viewport(), event)
    [menu] = [menu for menu in view.findChildren(QMenu) if menu.isVisible()]
    texts = {action.text().partition("\t")[0]: action for action in menu.actions()}
    assert {"Move to “ants”", "Set aside", "Fine as it is", "Open large"} <= set(texts)
    assert not texts["Move to “bees”"].isEnabled()  # it is there
    texts["Move to “ants”"].trigger()
    menu.close()
    for button in (view.panel.buttons[0], view.panel.agree, view.panel.aside, view.panel.fine):
        qtbot.mouseClick(button, LEFT)
    assert badges(view)[:5] == ["→ ants", "→ ants", "→ ants", "set aside", "✓ fine"]
    assert view.wall.hasFocus()
    rig.settle()


def test_large_the_same_keys_count(qtbot: QtBot, rig: Rig, page: ImprovePage, folder: Path) -> None:
    view = shown(rig, page, folder)
    qtbot.keyClick(view.wall, Key.Key_Space)
    assert page.large is not None
    dialog = page.large.dialog
    rig.until(dialog.view.isVisible)
    rig.settle()
    assert dialog.photo is not None
    assert dialog.photo.source.name == str(folder / "bees/0.jpg")
    assert dialog.answer.text() == "is in “bees”, looks like “ants” (97.0%)"
    qtbot.keyClick(dialog.view, Key.Key_1)  # a class, and not the photo's own pixels
    assert badges(view)[0] == "→ ants"
    assert dialog.photo.source.name == str(folder / "bees/1.jpg")
    qtbot.keyClick(dialog.view, Key.Key_Left)
    assert dialog.answer.text().endswith("Decided: → ants")
    qtbot.keyClick(dialog.view, Key.Key_Right)
    qtbot.keyClick(dialog.view, Key.Key_S)
    assert badges(view)[1] == "set aside"
    qtbot.keyClick(dialog, Key.Key_Escape)
    assert not dialog.isVisible()
    rig.settle()


def test_apply_is_shown_first_and_can_be_undone(
    qtbot: QtBot, rig: Rig, page: ImprovePage, folder: Path
) -> None:
    before = tree(folder.parent)
    view = shown(rig, page, folder)
    assert not view.apply.isEnabled()
    for key in (Key.Key_1, Key.Key_S):
        qtbot.keyClick(view.wall, key)
    rig.settle()
    view.apply.click()
    dialog = page.dialog
    assert dialog is not None
    rig.until(dialog.start.isEnabled)
    assert tree(folder.parent) == before
    assert "bees → ants: 1" in dialog.details.text()
    assert dialog.start.text() == "Apply to 2 photos"
    assert dialog.preview.rowCount() == 2
    dialog.start.click()
    rig.until(lambda: badges(view)[0] == "✓ in ants")
    rig.settle()
    assert tree(folder.parent) != before
    assert view.counts.text() == "All that was decided is carried out."
    assert "is in “ants”, fits it (97.0%)" in view.wall.photos.index(0).data()
    said = [offered.action.text() for offered in page.offered]
    assert "Undo a&pplying: move 2 photos back" in said
    [outcome] = [n for n in page.notices.shown if n.button.text() == "Undo"]
    outcome.button.click()
    rig.until(lambda: badges(view)[0] == "→ ants")
    rig.settle()
    assert tree(folder.parent) == before
    assert view.apply.isEnabled()


def test_twenty_at_a_time(
    qtbot: QtBot,
    rig: Rig,
    page: ImprovePage,
    folder: Path,
    loose: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page.open_folder(folder)
    rig.until(lambda: page.start.label.isEnabled())
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: str(loose))
    rig.engine.script("least_sure", *working(), to_label(folder, loose, 3))
    page.start.label.click()
    rig.until(lambda: page.controller.state is ImproveState.SHOWN)
    view = page.view
    assert view is not None
    page.activateWindow()
    rig.until(view.wall.hasFocus)
    assert view.next.isVisible()
    assert not view.which.isVisible()
    assert "3 photos of 3 without a class" in view.facts.text()
    assert not view.panel.fine.isEnabled()  # it has no class that could be right
    qtbot.keyClick(view.wall, Key.Key_Return)  # as the model says
    qtbot.keyClick(view.wall, Key.Key_2)
    qtbot.keyClick(view.wall, Key.Key_1)
    assert badges(view) == ["→ bees", "→ bees", "→ ants"]
    assert "3 newly labelled" in view.counts.text()
    assert view.next.hasFocus()
    hold = rig.engine.hold()
    rig.engine.script("least_sure", *working(), hold, to_label(folder, loose, 0))
    view.next.click()
    rig.until(hold.reached.is_set)
    rig.until(lambda: "Learning" in view.facts.text())
    assert view.bar.isVisible()
    qtbot.keyClick(view.wall, Key.Key_1)  # not while they are being replaced
    hold.over.set()
    rig.until(lambda: page.controller.state is ImproveState.SHOWN)
    assert view.none.isVisible()
    assert "All photos of this choice" in view.facts.text()
    view.apply.click()
    assert page.dialog is not None
    rig.until(page.dialog.start.isEnabled)
    assert page.dialog.moving.isVisible()
    page.dialog.start.click()
    rig.until(lambda: not page.controller.corrector.counts(page.controller.root).pending)
    rig.settle()
    assert len(list((folder / "bees").iterdir())) == 8
    assert len(list(loose.iterdir())) == 5  # copies: they stay where they are, too


def test_train_again_asks_about_what_is_not_applied(
    qtbot: QtBot, rig: Rig, page: ImprovePage, folder: Path
) -> None:
    view = shown(rig, page, folder)
    asked = heard(page.training_requested)
    view.train.click()
    rig.until(lambda: asked)
    qtbot.keyClick(view.wall, Key.Key_1)
    view.train.click()
    [box] = [box for box in page.findChildren(MessageBox) if box.isVisible()]
    assert "not applied" in box.text()
    [as_is] = [b for b in box.findChildren(QPushButton) if b.text() == "Train as it is"]
    as_is.click()
    rig.until(lambda: len(asked) == 2)
    assert asked[1].data == str(folder)
    rig.settle()


def test_a_folder_is_dropped_and_what_is_kept_offered(
    qtbot: QtBot, rig: Rig, page: ImprovePage, folder: Path
) -> None:
    view = shown(rig, page, folder)
    qtbot.keyClick(view.wall, Key.Key_1)
    view.close_button.click()
    assert page.stack.currentWidget() is page.start
    assert page.start.waiting_card.isVisible()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(folder))])
    assert page.may_take(mime)
    page.take(mime)
    rig.until(lambda: page.start.look.isEnabled())
    assert "12 photos in 2 classes" in page.start.facts.text()
    page.start.show_decided.click()
    assert page.stack.currentWidget() is view
    assert page.controller.which is Which.DECIDED
    assert badges(view) == ["→ ants"]
    assert view.which.currentText() == "Decided"
    view.which.setCurrentIndex(0)
    assert view.none.isVisible()
    assert "Look again" in view.none.text()
    rig.settle()


def test_what_is_wrong_is_said(qtbot: QtBot, rig: Rig, page: ImprovePage, tmp_path: Path) -> None:
    page.open_folder(tmp_path / "nowhere")
    rig.until(lambda: bool(page.notices.texts))
    assert "nowhere" in page.notices.texts[0]
    assert not page.start.look.isEnabled()
    page.improve(tmp_path / "nowhere either", "a")
    rig.until(lambda: len(page.notices.texts) == 2)


def test_the_title_names_the_model_that_judged(
    rig: Rig, page: ImprovePage, folder: Path, loose: Path
) -> None:
    """It used to name the one that would judge the next time."""
    view = shown(rig, page, folder)
    rig.look(model("a"), model("b"))
    assert view.title.text() == "insects · judged by Model a"
    page.controller.set_model("b")
    assert view.title.text() == "insects · judged by Model a"
    hold = rig.engine.hold()
    rig.engine.script("least_sure", *working(), hold, to_label(folder, loose))
    page.controller.label_more([loose])
    rig.until(hold.reached.is_set)
    assert view.title.text() == "insects · judged by Model b"
    hold.over.set()
    rig.until(lambda: page.controller.state is ImproveState.SHOWN)
    assert view.title.text() == "insects · judged by Model a"  # as the made-up engine says
    rig.look(model("b"))  # the other one is deleted
    assert view.title.text() == "insects"


def test_what_was_decided_before_is_shown_as_nobody_s_word(
    rig: Rig, page: ImprovePage, folder: Path
) -> None:
    page.open_folder(folder)
    rig.until(lambda: page.start.look.isEnabled())
    page.controller.show_decided()
    assert page.view is not None
    assert page.view.title.text() == "insects"


def test_every_control_has_a_name_a_tip_and_a_key(
    qtbot: QtBot, rig: Rig, page: ImprovePage, folder: Path
) -> None:
    view, start = shown(rig, page, folder), page.start
    controls = list(controls_of(page))
    assert len(controls) > 20
    faults = [fault for control in controls for fault in faults_of(control)]
    assert not faults, "\n".join(faults)
    for part in (view.wall, view.bar, start.bar):
        assert part.accessibleName()
    first = view.wall.photos.index(0)
    said = first.data(Qt.ItemDataRole.AccessibleTextRole)
    assert said == "0.jpg; is in “bees”, looks like “ants” (97.0%)"
    keys = [row for row, _ in page.other_keys]
    assert {"1 to 9", "A", "S, Del", "F", "Space"} <= set(keys)


def calls(monkeypatch: pytest.MonkeyPatch, whose: object, name: str) -> list[object]:
    """What a method is called with from now on."""
    found: list[object] = []
    method = getattr(whose, name)

    def noted(*values: object) -> object:
        found.append(values)
        return method(*values)

    monkeypatch.setattr(whose, name, noted)
    return found


def test_five_thousand_suspects(
    qtbot: QtBot, rig: Rig, page: ImprovePage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what is on the screen gets a thumbnail, also after going to the end."""
    from resnet_gui.core.improve.events import Suspect, SuspectsFound

    page.open_folder(folder)
    rig.until(lambda: page.start.look.isEnabled())
    many = tuple(
        Suspect(str(folder / "bees" / f"{n}.jpg"), "bees", "ants", 0.1, 0.9, 2.0, True)
        for n in range(5000)
    )
    rig.engine.script("suspects", SuspectsFound(str(folder), "a", many, 5000, 5000))
    page.start.look.click()
    rig.until(lambda: page.controller.state is ImproveState.SHOWN)
    view = page.view
    assert view is not None
    assert view.wall.photos.rowCount() == 5000
    asked: list[int] = []
    model = view.wall.photos
    data = model.data

    def counted(index: object, role: int = 0) -> object:
        if role == Qt.ItemDataRole.DecorationRole:
            asked.append(index.row())  # type: ignore[attr-defined]
        return data(index, role)  # type: ignore[arg-type]

    model.data = counted  # type: ignore[method-assign]
    qtbot.keyClick(view.wall, Key.Key_End)
    rig.until(lambda: view.wall.currentIndex().row() == 4999)
    rig.until(lambda: 4999 in asked)
    assert len(set(asked)) < 200
    assert view.wall.indexAt(QPoint(20, 20)).row() > 4900
    rig.settle()
    # With all of them selected the panel is not made from each of them, nor is each drawn.
    corrector = page.controller.corrector
    looked = calls(monkeypatch, corrector, "now")
    counted_rows = calls(monkeypatch, model, "rowCount")
    qtbot.keyClick(view.wall, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert view.panel.said.text() == "5,000 photos are selected."
    assert len(looked) < 500
    assert len(counted_rows) < 10_000
    qtbot.keyClick(view.wall, Key.Key_A)
    assert corrector.counts(page.controller.root).moves == 5000
    assert view.wall.currentIndex().row() == 4999
    rig.settle()
