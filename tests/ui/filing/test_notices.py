"""What came of a batch is said where it belongs, and its Undo stays there."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.core.filing.batch import CORRECTING, How
from resnet_gui.ui.filing.filer import Filer
from resnet_gui.ui.filing.notices import FilingNotices
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from resnet_gui.ui.widgets.reveal import Reveal
from tests.helpers.fake_engine import Rig
from tests.helpers.filing import planned, tree, write


def page(rig: Rig, filer: Filer, pages: QStackedWidget, *, correcting: bool) -> NoticeBar:
    """A page with its notices."""
    place, bar = QWidget(), NoticeBar()
    QVBoxLayout(place).addWidget(bar)
    pages.addWidget(place)
    FilingNotices(filer, bar, Reveal(rig.io, bar, place), place, correcting=correcting)
    return bar


def file(rig: Rig, filer: Filer, folder: Path, title: str) -> None:
    source = write(folder / f"{len(title)}.jpg", title)
    filer.start(planned([(source, folder / "into" / source.name, How.MOVE)], title))
    rig.settle()


def test_a_sorting_does_not_take_the_undo_of_corrections_away(
    qtbot: QtBot, rig: Rig, tmp_path: Path
) -> None:
    filer, pages = Filer(rig.io, rig.parent), QStackedWidget()
    qtbot.addWidget(pages)
    classify = page(rig, filer, pages, correcting=False)
    improve = page(rig, filer, pages, correcting=True)
    pages.show()
    pages.setCurrentIndex(1)
    file(rig, filer, tmp_path, f"{CORRECTING}pets”: 1 photo to another class")
    corrected = "Applied to “pets”: 1 photo to another class."
    assert (classify.texts, improve.texts) == ([], [corrected])
    pages.setCurrentIndex(0)
    file(rig, filer, tmp_path, "Move 1 photo into 1 folder of “into”")
    [sorted_] = classify.texts
    assert sorted_.startswith("1 photo was moved into ")
    assert improve.texts == [corrected], "nothing of what was done elsewhere"

    pages.setCurrentIndex(1)
    improve.shown[0].button.click()
    rig.settle()
    assert classify.texts == [sorted_]
    assert improve.texts == ["1 file is back."]
    assert len([found for found in tree(tmp_path) if found.startswith("into/")]) == 1


def test_what_was_undone_elsewhere_cannot_be_undone_again(
    qtbot: QtBot, rig: Rig, tmp_path: Path
) -> None:
    filer, pages = Filer(rig.io, rig.parent), QStackedWidget()
    qtbot.addWidget(pages)
    classify = page(rig, filer, pages, correcting=False)
    improve = page(rig, filer, pages, correcting=True)
    pages.show()
    file(rig, filer, tmp_path, f"{CORRECTING}pets”: 1 photo to another class")
    assert "Undo" in [notice.button.text() for notice in improve.shown]
    assert filer.undoable is not None
    filer.undo(filer.undoable)  # from the other page's menu
    rig.settle()
    assert classify.texts == ["1 file is back."]
    assert improve.texts == ["1 file is back."]
    assert "Undo" not in [notice.button.text() for notice in improve.shown]
