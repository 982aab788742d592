"""A bar that is set is painted in its turn, and nothing else because of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from pytestqt.qtbot import QtBot

import resnet_gui.ui
from resnet_gui.ui.widgets.progress_bar import ProgressBar


class Paints(QObject):
    count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def test_a_bar_paints_later_and_once(qtbot: QtBot) -> None:
    bar = ProgressBar()
    qtbot.addWidget(bar)
    bar.show()
    qtbot.waitExposed(bar)
    qtbot.wait(20)
    paints = Paints(bar)
    bar.installEventFilter(paints)
    for done in range(0, 101, 10):
        bar.show_progress(done, 100)
    assert paints.count == 0
    qtbot.waitUntil(lambda: paints.count > 0)
    assert paints.count == 1
    assert (bar.value(), bar.maximum()) == (100, 100)
    bar.show_progress(100, 100)  # nothing new
    qtbot.wait(20)
    assert paints.count == 1
    bar.show_progress(0, 0)
    assert (bar.minimum(), bar.maximum()) == (0, 0)


def test_a_download_of_many_gigabytes_fits(qtbot: QtBot) -> None:
    bar = ProgressBar("Download")
    qtbot.addWidget(bar)
    bar.show_progress(30_000_000_000, 40_000_000_000)
    assert bar.value() / bar.maximum() == 0.75
    assert bar.accessibleName() == "Download"


def test_no_other_bar_is_used() -> None:
    """Each of Qt's own would paint whatever waits, in the turn in which something is counted."""
    root = Path(resnet_gui.ui.__file__).parent
    for path in root.rglob("*.py"):
        if path.name != "progress_bar.py":
            assert "import QProgressBar" not in path.read_text("utf-8"), path
            assert "    QProgressBar,\n" not in path.read_text("utf-8"), path
