"""Files are saved in the io lane, and nothing is replaced unasked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.ui.widgets.file_saver import FileSaver, Saving, ask_where, file_name
from resnet_gui.ui.widgets.plain_text import MessageBox
from tests.helpers.fake_engine import Rig, heard


def write(target: Path) -> Iterator[None]:
    yield None
    target.write_text("new")
    return target


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    page = QWidget()
    qtbot.addWidget(page)
    page.show()
    return page


def ask(page: QWidget, monkeypatch: pytest.MonkeyPatch, name: str) -> Saving | None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (name, ""))
    return ask_where(page, "Save values", "Accuracy", ".csv", "Tables", write)


def test_a_file_is_replaced_only_after_a_question(
    rig: Rig, page: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog knows the name without the suffix: it could not have asked."""
    saver = FileSaver(rig.io, rig.parent)
    saved, began = heard(saver.saved), heard(saver.began)
    mine = tmp_path / "my chart.csv"
    mine.write_text("mine")
    for answer in (MessageBox.StandardButton.Cancel, MessageBox.StandardButton.Save):
        saving = ask(page, monkeypatch, str(tmp_path / "my chart"))
        assert saving is not None
        saver.save(saving)
        rig.until(lambda: bool(page.findChildren(MessageBox)))
        [box] = page.findChildren(MessageBox)
        assert "my chart.csv" in box.text()
        assert mine.read_text() == "mine"
        assert not began
        box.button(answer).click()
        rig.until(lambda: not page.findChildren(MessageBox))
        rig.settle()
    assert mine.read_text() == "new"
    assert saved == [mine]


def test_the_disk_is_asked_in_the_lane(
    rig: Rig, page: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder on a network that does not answer must not hold the window."""
    asked: list[str] = []
    exists = Path.exists

    def noted(path: Path, **options: bool) -> bool:
        if path.name == "new.csv":
            asked.append(threading.current_thread().name)
        return exists(path, **options)

    monkeypatch.setattr(Path, "exists", noted)
    saver = FileSaver(rig.io, rig.parent)
    saving = ask(page, monkeypatch, str(tmp_path / "new.csv"))
    assert saving is not None
    assert saving.target == tmp_path / "new.csv"
    saver.save(saving)
    rig.until((tmp_path / "new.csv").is_file)
    assert asked
    assert threading.current_thread().name not in asked
    assert ask(page, monkeypatch, "") is None


def test_what_cannot_be_written_is_told(
    rig: Rig, page: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saver = FileSaver(rig.io, rig.parent)
    failed = heard(saver.failed)
    saving = ask(page, monkeypatch, str(tmp_path / "gone" / "a.csv"))
    assert saving is not None
    saver.save(saving)
    rig.until(lambda: bool(failed))
    rig.settle()


def test_names_of_files() -> None:
    assert file_name("Ants: a/b") == "Ants a b"
    assert file_name("?") == "Chart"
