"""“Show in folder” and “Open” on a system that opens folders, and on systems that do not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from resnet_gui.ui.widgets.notice_bar import NoticeBar
from resnet_gui.ui.widgets.reveal import Reveal
from resnet_gui.ui.widgets.saved_file import say_saved
from tests.helpers.fake_engine import Rig

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="by xdg-open")


@pytest.fixture
def bar(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NoticeBar:
    """Of a system whose commands lie in tmp_path/bin."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    bar = NoticeBar()
    qtbot.addWidget(bar)
    return bar


def install(tmp_path: Path, script: str) -> None:
    command = tmp_path / "bin" / "xdg-open"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)


@pytest.mark.parametrize("script", [None, "exit 3", "not a script"])
def test_without_a_file_manager_the_path_can_be_copied(
    qtbot: QtBot, rig: Rig, bar: NoticeBar, tmp_path: Path, script: str | None
) -> None:
    if script is not None:
        install(tmp_path, script)
    photo = tmp_path / "photo.jpg"
    photo.touch()
    reveal = Reveal(rig.io, bar, bar)
    reveal.show(photo)
    rig.until(lambda: reveal.notice is not None)
    assert bar.texts == [f"No file manager answered. It is here: {photo}"]
    assert reveal.notice is not None
    assert reveal.notice.button.text() == "Copy path"
    reveal.notice.button.click()
    assert QGuiApplication.clipboard().text() == str(photo)
    assert bar.texts == ["The path is copied."]


def test_with_a_file_manager_nothing_is_said(
    qtbot: QtBot, rig: Rig, bar: NoticeBar, tmp_path: Path
) -> None:
    install(tmp_path, f'echo "$1" > {tmp_path}/asked')
    (tmp_path / "photo.jpg").touch()
    reveal = Reveal(rig.io, bar, bar)
    reveal.show(tmp_path / "photo.jpg")
    asked = tmp_path / "asked"
    rig.until(lambda: asked.is_file() and asked.read_text())
    assert asked.read_text().strip() == str(tmp_path)
    rig.settle()
    rig.until(lambda: not reveal.looking)
    assert bar.texts == []


def test_what_is_gone_is_said(qtbot: QtBot, rig: Rig, bar: NoticeBar, tmp_path: Path) -> None:
    Reveal(rig.io, bar, bar).show(tmp_path / "run")
    rig.until(lambda: bar.texts)
    assert bar.texts == [f"{tmp_path / 'run'} is not there any more."]


def test_a_file_is_opened_itself(qtbot: QtBot, rig: Rig, bar: NoticeBar, tmp_path: Path) -> None:
    install(tmp_path, f'echo "$1" >> {tmp_path}/asked')
    table, asked = tmp_path / "answers.csv", tmp_path / "asked"
    table.touch()
    reveal = Reveal(rig.io, bar, bar)
    reveal.open(table)
    rig.until(lambda: asked.is_file() and asked.read_text())
    rig.until(lambda: not reveal.looking)
    assert asked.read_text().strip() == str(table)
    assert bar.texts == []
    install(tmp_path, "exit 3")  # nothing is known for such a file
    reveal.open(table, "table")
    rig.until(lambda: bar.texts)
    assert bar.texts == [f"No program answered. The table is here: {table}"]
    table.unlink()
    reveal.open(table, "table")
    rig.until(lambda: len(bar.texts) == 2)
    assert bar.texts[1] == f"{table} is not there any more."


def test_each_notice_opens_the_file_that_it_speaks_of(
    qtbot: QtBot, rig: Rig, bar: NoticeBar, tmp_path: Path
) -> None:
    install(tmp_path, f'echo "$1" >> {tmp_path}/asked')
    asked = tmp_path / "asked"
    reveal = Reveal(rig.io, bar, bar)
    for name in ("a.csv", "b.csv", "a.csv"):  # the first is saved once more
        (tmp_path / name).touch()
        say_saved(bar, reveal, f"Saved {name}", tmp_path / name, "table")
    assert bar.texts == ["Saved a.csv", "Saved b.csv"]
    first = bar.shown[0]
    buttons = [b.text() for b in first.findChildren(QPushButton) if not b.isHidden()]
    assert buttons == ["Open", "Show in folder"]
    for number, button in enumerate(first.findChildren(QPushButton), 1):
        button.click()
        rig.until(lambda n=number: asked.is_file() and len(asked.read_text().split()) == n)
        rig.until(lambda: not reveal.looking)
    assert asked.read_text().splitlines() == [str(tmp_path / "a.csv"), str(tmp_path)]
