"""The large photo."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.library.large_photo import LargePhoto
from tests.helpers.fake_engine import Rig
from tests.ui.library.pages import library_of, open_photos


def large_of(rig: Rig, page: ClassifyPage, qtbot: QtBot) -> LargePhoto:
    library = library_of(rig, page)
    library.view.setCurrentIndex(library.model.index(2, 0))
    qtbot.keyClick(library.view, Qt.Key.Key_Return)
    large = page.look.large
    assert large is not None
    rig.settle()
    return large


def test_the_large_photo_is_zoomed_and_moved(
    rig: Rig, page: ClassifyPage, tmp_path: Path, qtbot: QtBot
) -> None:
    open_photos(rig, page, tmp_path, 13)
    Image.new("RGB", (4000, 3000), (200, 90, 60)).save(tmp_path / "02.png")
    large = large_of(rig, page, qtbot)
    view = large.view
    assert view.fits
    assert large.answer.text() == "=SUM(1) 90.0%"
    fitting = view.scale_now
    at = QPointF(view.viewport().rect().center() + QPoint(40, 30))
    under = view.mapToScene(at.toPoint())
    for _ in range(6):
        wheel = QWheelEvent(
            at,
            QPointF(view.viewport().mapToGlobal(at.toPoint())),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(view.viewport(), wheel)
    assert view.scale_now > 3 * fitting
    rig.settle()  # sharper pixels come
    assert view.scale_now > 3 * fitting
    qtbot.keyClick(view, Qt.Key.Key_Minus)
    assert not view.fits
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view.fits
    assert view.scale_now == pytest.approx(fitting)
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at.toPoint())
    assert view.scale_now == pytest.approx(1.0)
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at.toPoint())
    assert view.fits
    assert under.x() > 0
    rig.settle()
    large.close()


def test_the_large_photo_leads_to_the_next(
    rig: Rig, page: ClassifyPage, tmp_path: Path, qtbot: QtBot
) -> None:
    open_photos(rig, page, tmp_path, 13)
    large = large_of(rig, page, qtbot)
    shown = lambda: large.photo.source.short_name if large.photo else ""  # noqa: E731
    assert shown() == "02.png"
    qtbot.keyClick(large.view, Qt.Key.Key_Right)
    assert shown() == "03.png"
    qtbot.keyClick(large.view, Qt.Key.Key_Left)
    qtbot.keyClick(large.view, Qt.Key.Key_Left)
    assert shown() == "01.png"
    library = page.look.shown
    assert library is not None
    for _ in range(13):
        large.stepped.emit(1)
    assert shown() == "12.png"  # the last one, which cannot be read
    assert large.message.text() == "It is cut."
    rig.settle()
    qtbot.keyClick(large.view, Qt.Key.Key_Escape)
    assert not large.isVisible()
    assert library.selection.currentIndex().row() == 12
