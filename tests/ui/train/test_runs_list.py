"""The earlier runs on the start of the Train page, on a made-up engine."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from resnet_gui.core.runs.listing import RunInfo
from resnet_gui.ui.train.controller import TrainController
from resnet_gui.ui.train.runs_list import RunsList
from tests.helpers.fake_engine import Rig, heard
from tests.ui.train.test_earlier_runs import write_run


@pytest.fixture
def runs_list(qtbot: QtBot, rig: Rig, controller: TrainController) -> RunsList:
    for number in range(3):
        write_run(f"run-{number}")
    runs_list = RunsList(controller)
    qtbot.addWidget(runs_list)
    controller.earlier.refresh()
    rig.until(lambda: len(runs_list.rows) == 3)
    runs_list.resize(500, 400)
    runs_list.show()
    return runs_list


def shown(runs_list: RunsList) -> list[RunInfo]:
    """What the rows show, from top to bottom."""
    rows = sorted(runs_list.rows, key=lambda row: row.mapTo(runs_list, QPoint()).y())
    return [row.run for row in rows]


def test_a_row_that_nothing_happened_to_keeps_the_focus(
    rig: Rig, controller: TrainController, runs_list: RunsList
) -> None:
    rows = list(runs_list.rows)
    assert [row.run for row in rows] == list(controller.earlier.runs) == shown(runs_list)
    rows[1].more.setFocus()
    controller.earlier.delete(rows[0].run)
    rig.until(lambda: len(runs_list.rows) == 2)
    assert runs_list.rows == rows[1:]
    assert rows[1].more.hasFocus()
    controller.earlier.rename(rows[2].run, "Another name")
    rig.until(lambda: runs_list.rows[-1].run.title == "Another name")
    assert runs_list.rows[0] is rows[1]
    assert rows[1].more.hasFocus()
    rig.settle()
    QApplication.processEvents()
    assert shown(runs_list) == list(controller.earlier.runs)


def test_many_rows_are_made_in_several_turns(
    rig: Rig, controller: TrainController, runs_list: RunsList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resnet_gui.ui.train.runs_list.TURN_S", 0.0)  # one row is too much
    for number in range(3, 9):
        write_run(f"run-{number}")
    counts: list[int] = []
    controller.earlier.changed.connect(lambda: counts.append(len(runs_list.rows)))
    controller.earlier.refresh()
    rig.until(lambda: len(runs_list.rows) == 9)
    assert counts == [4]  # the first turn, in which the list became known
    QApplication.processEvents()
    assert shown(runs_list) == list(controller.earlier.runs)


def test_what_else_can_be_done_is_in_a_menu_that_opens_with_the_first_press(
    qtbot: QtBot, rig: Rig, runs_list: RunsList
) -> None:
    row = runs_list.rows[0]
    seen: list[list[str]] = []
    looking = QTimer()  # a menu may hold the press until it is closed

    def look() -> None:
        if isinstance(menu := QApplication.activePopupWidget(), QMenu):
            seen.append([action.text() for action in menu.actions() if action.text()])
            menu.close()

    looking.timeout.connect(look)
    looking.start(5)
    for count in (1, 2):
        qtbot.mouseClick(row.more, Qt.MouseButton.LeftButton)
        rig.until(lambda count=count: len(seen) == count)
    looking.stop()
    assert seen[0][:2] == ["Show results", "Go on training"]
    assert seen[0] == seen[1] == [a.text() for a in row.menu.actions() if a.text()]


def test_its_menu_is_filled_without_a_press(qtbot: QtBot, rig: Rig, runs_list: RunsList) -> None:
    """A screen reader opens it so."""
    row, looking = runs_list.rows[0], QTimer()
    seen: list[int] = []

    def look() -> None:
        if isinstance(menu := QApplication.activePopupWidget(), QMenu):
            seen.append(len(menu.actions()))
            menu.close()

    looking.timeout.connect(look)
    looking.start(5)
    row.more.showMenu()
    rig.until(lambda: seen)
    looking.stop()
    assert seen[0] > 5


def test_tab_goes_from_row_to_row_as_they_stand(
    qtbot: QtBot, rig: Rig, controller: TrainController, runs_list: RunsList
) -> None:
    controller.earlier.rename(runs_list.rows[0].run, "Another name")
    rig.until(lambda: runs_list.rows[0].run.title == "Another name")
    window = runs_list.window()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    runs_list.all.setFocus()
    for row in runs_list.rows:
        for button in (row.action, row.more):
            if not button.isHidden():
                focused = window.focusWidget()
                assert focused is not None
                qtbot.keyClick(focused, Qt.Key.Key_Tab)
                assert button.hasFocus(), row.run.title


def test_of_many_runs_the_newest_are_here_and_the_others_one_click_away(
    rig: Rig, controller: TrainController, runs_list: RunsList, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert runs_list.title.text().startswith("Earlier runs (")
    assert "newest" not in runs_list.title.text()
    monkeypatch.setattr("resnet_gui.ui.train.runs_list.MOST", 2)
    write_run("run-3")
    controller.earlier.refresh()
    rig.until(lambda: "the newest 2 of 4" in runs_list.title.text())
    rig.until(lambda: len(runs_list.rows) == 2)
    assert shown(runs_list) == list(controller.earlier.runs[:2])
    asked = heard(runs_list.all_requested)
    runs_list.all.click()
    assert len(asked) == 1
