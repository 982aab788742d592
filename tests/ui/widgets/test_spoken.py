"""What a screen reader is told of what appears by itself."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.core.events import ClassScore, ImageSource, KindScore
from resnet_gui.ui.classify.results_panel import ResultsPanel
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from resnet_gui.ui.widgets.photo_list import Photo, PhotoState
from resnet_gui.ui.widgets.spoken import announce
from tests.helpers.fake_engine import prediction

Said = list[tuple[str, str]]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    """As if a screen reader ran: (how, what) of each announcement."""
    found: Said = []

    def update(event: QAccessibleAnnouncementEvent) -> None:
        found.append((event.politeness().name, event.message()))

    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(QAccessible, "updateAccessibility", update)
    return found


def test_only_what_is_seen_is_said(qtbot: QtBot, said: Said) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    announce(widget, "Too early")
    assert said == []
    widget.show()
    announce(widget, "Saved\n  to x.csv")
    announce(widget, "", urgent=True)
    announce(widget, "It failed", urgent=True)
    assert said == [("Polite", "Saved to x.csv"), ("Assertive", "It failed")]


def test_a_notice_is_said_once(qtbot: QtBot, said: Said) -> None:
    """What went well disappears by itself, before anybody has come to it by Tab."""
    page = QWidget()
    qtbot.addWidget(page)
    bar = NoticeBar(page)
    bar.add("Behind another page")
    assert said == []
    page.show()
    bar.add("Saved 3 rows")
    bar.add("Saved 3 rows")
    bar.add("The disk is full.", "warning")
    assert said == [("Polite", "Saved 3 rows"), ("Assertive", "The disk is full.")]


def test_an_answer_is_said_where_it_was_waited_for(qtbot: QtBot, said: Said) -> None:
    panel = ResultsPanel()
    qtbot.addWidget(panel)
    panel.show()
    photo = Photo(ImageSource.file(str(Path("/photos/a.jpg"))), PhotoState.WAITING)
    panel.show_photo(photo, "Classifying…")
    assert said == []
    photo.answer(prediction(1, "cat"))
    panel.show_photo(photo, "")
    panel.show_photo(photo, "")
    (one,) = said
    assert one[0] == "Polite"
    assert one[1].startswith("a.jpg: ")
    assert "cat, " in one[1]
    assert one[1].endswith("%")
    assert one[1] == "a.jpg: This is cat, 90.0%"
    other = Photo(ImageSource.file("/photos/b.jpg"), PhotoState.WAITING)
    other.answer(prediction(2, "dog"))
    panel.show_photo(other, "")  # a key has moved there: the list says it
    assert len(said) == 1
    broken = Photo(ImageSource.file("/photos/c.jpg"), PhotoState.WAITING)
    panel.show_photo(broken, "Classifying…")
    broken.state = PhotoState.FAILED
    panel.show_photo(broken, "")
    assert said[1] == ("Polite", "c.jpg: Could not be read")


def test_no_more_is_said_than_is_shown(qtbot: QtBot, said: Said) -> None:
    """The share of what is named, and never all of it where something is left."""
    panel = ResultsPanel()
    qtbot.addWidget(panel)
    panel.show()
    kind = KindScore("cat", "a ", 0.736)
    unsure = tuple(ClassScore(name, n, 0.31) for n, name in enumerate(("tabby", "lynx")))
    sure = (ClassScore("cat", 0, 0.9998),)
    for scores, found in ((unsure, kind), (sure, None)):
        photo = Photo(ImageSource.file("/photos/a.jpg"), PhotoState.WAITING)
        panel.show_photo(photo, "Classifying…")
        photo.answer(dataclasses.replace(prediction(), scores=scores, kind=found))
        panel.show_photo(photo, "")
    assert [text for _, text in said] == [
        "a.jpg: Probably a cat, 73.6%", "a.jpg: This is cat, 99.9%"
    ]  # fmt: skip
