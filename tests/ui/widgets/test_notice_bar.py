"""Notices: how long one stays, how many there are, how much of the page they take."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QPushButton, QStackedWidget, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.core.errors import NameLookupError, NotConnectedError
from resnet_gui.ui.widgets import notice_bar
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from resnet_gui.ui.widgets.words import kind_of


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    """A page of 600 x 400 pixels with a bar, room and a button."""
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    page.bar = NoticeBar()  # type: ignore[attr-defined]
    column.addWidget(page.bar)  # type: ignore[attr-defined]
    column.addStretch()
    page.button = QPushButton("Start")  # type: ignore[attr-defined]
    column.addWidget(page.button)  # type: ignore[attr-defined]
    page.setGeometry(100, 100, 600, 400)  # not under the pointer
    page.show()
    qtbot.waitExposed(page)
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    return page


@pytest.fixture
def bar(page: QWidget) -> NoticeBar:
    bar = page.bar  # type: ignore[attr-defined]
    assert isinstance(bar, NoticeBar)
    return bar


def test_what_went_well_goes_by_itself_and_errors_stay(
    qtbot: QtBot, bar: NoticeBar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_bar, "READING_MS", 60)
    monkeypatch.setattr(notice_bar, "READING_MS_PER_CHARACTER", 0)
    bar.add("Went wrong.", "warning")
    bar.add("An offer.", "notice", "Take it")
    running = bar.add("Copying.")
    running.close_button.hide()  # its owner removes it
    bar.add("Saved.")
    qtbot.waitUntil(lambda: "Saved." not in bar.texts)
    assert bar.texts == ["Went wrong.", "An offer.", "Copying."]


def test_an_offer_stands_below_what_happened_and_goes_once_it_was_seen(
    qtbot: QtBot, bar: NoticeBar, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = bar.add("There is a better model.", "offer", "Get it")
    bar.add("A folder holds classes.", "notice", "Train on it")
    bar.add("Went wrong.", "warning")
    bar.add("Saved.")
    bar.add("Saved, too.")
    bar.add("Saved once more.")
    assert bar.texts == [
        "A folder holds classes.", "Went wrong.", "Saved, too.", "Saved once more.",
        "There is a better model.",
    ]  # fmt: skip
    assert offer.property("kind") == "notice"  # it looks like one
    below = [notice.y() for notice in bar.shown]
    assert below == sorted(below)
    for number in range(20):
        bar.add(f"Went wrong {number}.", "warning")
    assert offer in bar.shown, "makes no room: its own time is over soon"
    monkeypatch.setattr(notice_bar, "OFFER_MS", 60)
    other = bar.add("There is another.", "offer", "Get it")
    qtbot.waitUntil(lambda: other not in bar.shown)


def test_an_offer_below_hides_nothing_that_has_just_happened(
    qtbot: QtBot, page: QWidget, bar: NoticeBar
) -> None:
    """Where not all has room, the newest is in sight, and the offer is scrolled to."""
    bar.add("There is a better model.", "offer", "Get it")
    for number in range(4):
        newest = bar.add(f"Went wrong {number}.", "warning")
    qtbot.waitUntil(lambda: newest.visibleRegion().boundingRect().height() >= newest.height())


def test_tab_goes_through_notices_as_they_are_seen(page: QWidget, bar: NoticeBar) -> None:
    offer = bar.add("There is a better model.", "offer", "Get it")
    bar.add("Gone.", "notice", "Undo")
    bar.add("Gone, too.", "notice", "Undo")
    buttons = [notice.button for notice in bar.shown]
    assert buttons[-1] is offer.button
    buttons[0].setFocus()
    seen: list[QWidget | None] = []
    for _ in range(6):
        if page.focusWidget() in buttons:
            seen.append(page.focusWidget())
        QApplication.sendEvent(
            page.focusWidget(),
            QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Tab, Qt.KeyboardModifier.NoModifier),
        )
    assert seen[:3] == buttons


def test_what_was_no_use_is_forgotten_with_the_next_try(bar: NoticeBar) -> None:
    bar.add("There is no photo on the clipboard.", "miss")
    bar.add("Went wrong.", "warning")
    assert bar.shown[0].property("kind") == "warning"  # it looks like one
    assert not bar.shown[0].passing
    bar.forget_misses()
    assert bar.texts == ["Went wrong."]


def test_what_is_about_something_goes_with_it(bar: NoticeBar) -> None:
    bar.add("The run failed.", "warning", topic="run")
    bar.add("The chart is saved.")
    bar.add("A photo was skipped.", "warning", topic="run")
    bar.forget("run")
    assert bar.texts == ["The chart is saved."]
    bar.forget("run")


def test_what_the_settings_mend_has_a_way_there(qtbot: QtBot, bar: NoticeBar) -> None:
    error = NameLookupError("https://example.org/net.pth", "example.org")
    notice = bar.add(str(error), kind_of(error))
    assert notice.property("kind") == "warning"
    assert notice.button.text() == "Settings…"
    with qtbot.waitSignal(bar.settings_requested):
        notice.button.click()
    assert bar.texts == [str(error)]
    assert kind_of(NotConnectedError("https://example.org")) == "warning", "a cable mends it"
    assert kind_of(ValueError(), "miss") == "miss"
    assert kind_of(error, "miss") == "settings"


def test_a_notice_under_the_pointer_stays(
    qtbot: QtBot, bar: NoticeBar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_bar, "READING_MS", 40)
    monkeypatch.setattr(notice_bar, "READING_MS_PER_CHARACTER", 0)
    read, other = bar.add("Being read."), bar.add("Not looked at.")
    here = QPointF(5, 5)
    QApplication.sendEvent(read, QEnterEvent(here, here, here))
    qtbot.waitUntil(lambda: other not in bar.shown)
    assert bar.texts == ["Being read."]
    QApplication.sendEvent(read, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: not bar.shown)
    assert bar.isHidden()


def test_a_notice_on_a_hidden_page_waits_until_it_can_be_read(
    qtbot: QtBot, page: QWidget, bar: NoticeBar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_bar, "READING_MS", 30)
    monkeypatch.setattr(notice_bar, "READING_MS_PER_CHARACTER", 0)
    other, holder = QWidget(), QWidget()
    QVBoxLayout(holder).addWidget(bar)
    stack = QStackedWidget(page)  # as the window's pages
    stack.addWidget(other)
    stack.addWidget(holder)
    stack.show()
    bar.add("Saved.")
    qtbot.wait(80)
    assert bar.texts == ["Saved."]
    stack.setCurrentWidget(holder)
    qtbot.waitUntil(lambda: not bar.texts)


def test_the_same_sentence_is_counted(qtbot: QtBot, bar: NoticeBar) -> None:
    first = bar.add("Not a photo.", "warning")
    assert first.times.isHidden()
    assert bar.add("Not a photo.", "warning") is first
    assert bar.add("Not a photo.", "warning") is first
    assert (bar.texts, first.times.text()) == (["Not a photo."], "3 times")


def test_many_notices_leave_the_page_its_room(qtbot: QtBot, page: QWidget, bar: NoticeBar) -> None:
    button = page.button  # type: ignore[attr-defined]
    for number in range(30):
        bar.add(f"Went well {number}.")
        bar.add(f"Went wrong {number}: " + "a long reason, " * 20, "warning")
        assert bar.height() <= 140
    qtbot.waitUntil(lambda: button.geometry().bottom() < page.height())
    assert button.geometry().top() > bar.geometry().bottom()
    assert "Went wrong 29" in bar.texts[-1]
    assert "Went wrong 25" in " ".join(bar.texts)  # an error is not pushed out by the next ones
    assert len(bar.texts) < 15
    newest = bar.shown[-1]
    bottom = newest.mapTo(bar, newest.rect().bottomLeft()).y()
    qtbot.waitUntil(lambda: newest.mapTo(bar, newest.rect().bottomLeft()).y() <= bar.height())
    assert bottom >= 0
    while bar.shown:
        qtbot.mouseClick(bar.shown[-1].close_button, Qt.MouseButton.LeftButton)
    assert bar.isHidden()


def test_closing_tells_the_owner_once(qtbot: QtBot, bar: NoticeBar) -> None:
    notice = bar.add("An offer.", "notice", "Take it")
    with qtbot.waitSignal(notice.closed):
        notice.close_button.click()
    assert bar.texts == []
