"""The window and its dialogs on small screens: 1366 x 768 and 1024 x 768 pixels, enlarged by half
(911 x 512 and 683 x 512 pixels of Qt's), a frame and a task bar left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.ui.lab.page import View
from resnet_gui.ui.library.looks import MANY
from resnet_gui.ui.train.augmentation_dialog import AugmentationDialog
from resnet_gui.ui.train.cifar10_dialog import Cifar10Dialog
from resnet_gui.ui.widgets.classes_dialog import ClassesDialog
from resnet_gui.ui.window.help import HelpBox
from resnet_gui.ui.window.place import Place

ROOM = QSize(675, 440)  # of 683 x 512


def fits(size: QSize) -> bool:
    return size.width() <= ROOM.width() and size.height() <= ROOM.height()


def cut(page: QWidget) -> list[str]:
    """Controls that the page's edge, or another one's around them, cuts for good."""
    return [
        f"{type(control).__name__} {control.accessibleName() or control.objectName()}"
        for kind in (QAbstractButton, QComboBox, QLineEdit)
        for control in page.findChildren(kind)
        if control.isVisible()
        and control.parentWidget() is not None
        and control.parentWidget().layout() is not None
        and not control.parentWidget().rect().contains(control.geometry())
    ]


def test_the_window_fits_and_nothing_is_cut(qtbot: QtBot, app: WindowApp) -> None:
    window = app.window
    assert fits(window.minimumSizeHint())
    assert fits(window.minimumSize())
    window.resize(ROOM)
    for name in (entry.name for entry in window.pages.entries):
        window.show_page(name)
        qtbot.waitUntil(lambda: not app.io.busy and not app.inference.busy, timeout=60_000)
        page = window.pages.current
        assert (name, window.size()) == (name, ROOM)
        assert page.width() >= page.minimumSizeHint().width()
        assert page.height() >= page.minimumSizeHint().height()
        assert (name, cut(page)) == (name, [])
        assert page.width() <= ROOM.width()  # never scrolled sideways in its whole width


def test_the_lab_fits_a_screen_that_is_enlarged_to_double(qtbot: QtBot, app: WindowApp) -> None:
    """1280 x 720 pixels are 640 x 360 of Qt's."""
    window = app.window
    window.resize(632, 340)
    window.show_page("lab")
    page = window.lab_page
    place = page.parentWidget().parentWidget()
    assert isinstance(place, Place)
    for view in View:
        page.show_view(view)
        qtbot.waitUntil(lambda view=view: page.settled and view in page.views, timeout=60_000)
        qtbot.waitUntil(lambda: place.horizontalScrollBar().maximum() == 0)
        assert (view, cut(page)) == (view, [])
    assert page.projector.accessibleName() == "Projector"
    page.projector.click()  # large type on the whole screen: it is large there already
    window.showNormal()
    window.resize(640, 360)
    qtbot.waitUntil(lambda: place.size() == QSize(640, 360))
    for view in View:
        page.show_view(view)
        qtbot.waitUntil(lambda view=view: page.settled and view in page.views, timeout=60_000)
        qtbot.waitUntil(lambda: place.horizontalScrollBar().maximum() == 0)
        assert (view, cut(page)) == (view, [])
        seen = page.projector.visibleRegion().boundingRect()
        assert (view, seen) == (view, page.projector.rect()), "it leads back"
    page.projector.click()
    window.resize(1100, 740)
    qtbot.waitUntil(lambda: page.projector.text() == "Projector")


def test_photos_fit_a_small_window(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path], tmp_path: Path
) -> None:
    """While they are answered there are the most buttons, and the table has a line of filters."""
    data = next(iter(photos.values())).read_bytes()
    for number in range(MANY):
        (tmp_path / f"{number:02d}.jpg").write_bytes(data)
    window, page = app.window, app.window.page
    window.resize(ROOM)
    page.controller.open_paths([tmp_path])
    listed = page.controller.photos
    qtbot.waitUntil(lambda: listed.rowCount() == MANY, timeout=60_000)
    qtbot.waitUntil(page.strip.looks.isVisible)
    page.controller.set_paused(True)
    place = page.parentWidget().parentWidget()
    assert isinstance(place, Place)
    for show in (page.look.show_photo, page.look.show_table):
        show()
        qtbot.waitUntil(lambda: place.horizontalScrollBar().maximum() == 0)
        qtbot.waitUntil(lambda: cut(page) == [])
        edge = page.strip.remove_all.rect().topRight()
        last = page.strip.remove_all
        qtbot.waitUntil(lambda edge=edge, last=last: last.mapTo(page, edge).x() < page.width())
        qtbot.waitUntil(lambda: page.width() <= ROOM.width())
    # The photo, its answer and the row of photos are seen at once, below two lines of notices, too.
    page.look.show_photo()
    qtbot.waitUntil(lambda: page.strip.view.isVisible() and page.strip.isVisible())
    scrolled, two_lines = place.verticalScrollBar(), 40
    qtbot.waitUntil(lambda: scrolled.maximum() <= max(0, page.notices.height() - two_lines))
    assert page.crop_button.parentWidget() is page.view
    assert page.view.rect().contains(page.crop_button.geometry())
    assert page.crop_button.accessibleName() == "What the network sees"
    page.look.show_table()
    qtbot.waitUntil(lambda: page.look.shown is not None)
    library = page.look.shown
    assert library is not None
    qtbot.waitUntil(lambda: library.bar.folded)
    qtbot.waitUntil(lambda: place.horizontalScrollBar().maximum() == 0)
    window.resize(1200, 740)
    qtbot.waitUntil(lambda: not library.bar.folded)
    assert page.crop_button.text() == "What the network sees"
    assert page.crop_button.parentWidget() is not page.view
    page.controller.set_paused(False)
    page.controller.stop()
    qtbot.waitUntil(lambda: not app.io.busy and not app.inference.busy, timeout=60_000)


def test_a_page_with_room_is_not_scrolled(qtbot: QtBot, app: WindowApp) -> None:
    """Not even where its wrapped texts would like more height than they need."""
    app.window.resize(790, 640)
    for name in (entry.name for entry in app.window.pages.entries):
        app.window.show_page(name)
        place = app.window.pages.current.parentWidget().parentWidget()
        assert isinstance(place, Place)
        qtbot.waitUntil(
            lambda place=place, page=app.window.pages.current: (
                page.size() == place.maximumViewportSize()
            )
        )


def test_dialogs_fit(qtbot: QtBot, app: WindowApp, monkeypatch: pytest.MonkeyPatch) -> None:
    window = app.window
    monkeypatch.setattr(
        "resnet_gui.ui.widgets.screen_room.screen_room", lambda window: ROOM, raising=True
    )
    monkeypatch.setattr("resnet_gui.ui.models.selector.screen_room", lambda window: ROOM)
    entry = window.controller.entry
    assert entry is not None
    augmentation = AugmentationDialog(app.training, window)
    augmentation.fill(lambda: iter(()), 6)
    window.show_keys()
    dialogs: list[QDialog] = [
        ClassesDialog(entry.spec, window),
        Cifar10Dialog("www.example.org", "", window),
        augmentation,
        window.findChildren(HelpBox)[0],
        window.settings_dialog,
    ]
    window.settings_dialog.open_fresh()
    for dialog in dialogs:
        dialog.show()
        assert (type(dialog).__name__, fits(dialog.minimumSizeHint())) == (
            type(dialog).__name__,
            True,
        )
    assert all(fits(dialog.size()) for dialog in dialogs[:4])
    window.page.show_models()
    assert fits(window.page.popup.size())
    window.page.popup.hide()
    qtbot.waitUntil(lambda: not app.training.busy and not app.io.busy)
    for dialog in dialogs:
        dialog.close()
