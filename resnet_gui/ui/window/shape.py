"""The window as it was the last time, whatever the settings file says."""

from __future__ import annotations

import base64
import logging
from collections.abc import Sequence

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow, QSplitter

from resnet_gui.ui.widgets.screen_room import fit_to_screen

_log = logging.getLogger(__name__)
_USUAL = (1120, 740)  # pixels
_FILLED = 0.9  # of the screen: no size to which anybody makes a window smaller
_WIDEST = 100_000  # pixels that a part of the window may have been wide


def restore_shape(
    window: QMainWindow, splitter: QSplitter, geometry: str, sizes: Sequence[int]
) -> None:
    """Give the window its place and size and the splitter its parts.

    Args:
        geometry: `saveGeometry`, base64; empty at the first start.
        sizes: of the splitter's parts, in pixels; empty at the first start.

    What cannot be used (a file changed by hand, another version, a screen that is gone) leaves
    the usual shape.
    """
    if not (geometry and _restore_geometry(window, geometry)):
        fit_to_screen(window, *_USUAL)
    elif window.isMaximized() and _fills_screen(window):
        # Where a person maximised it on Wayland, Qt 6.11 takes that size for the normal one, too:
        # the button that makes the window smaller again would change nothing.
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMaximized)
        fit_to_screen(window, *_USUAL)
        window.setWindowState(window.windowState() | Qt.WindowState.WindowMaximized)
    if len(sizes) == splitter.count() and all(_is_size(size) for size in sizes):
        splitter.setSizes(list(sizes))


def _restore_geometry(window: QMainWindow, geometry: str) -> bool:
    try:
        data = base64.b64decode(geometry, validate=True)
    except ValueError as error:
        _log.warning("the window's stored shape is not base64: %s", error)
        return False
    before = window.geometry()
    if window.restoreGeometry(QByteArray(data)):
        if any(
            s.availableGeometry().intersects(window.geometry()) for s in QGuiApplication.screens()
        ):
            return True
        window.setGeometry(before)
    _log.warning("the window's stored shape cannot be used")
    return False


def _fills_screen(window: QMainWindow) -> bool:
    """Whether its normal size is about the screen's."""
    normal, room = window.normalGeometry().size(), window.screen().availableSize() * _FILLED
    return normal.width() >= room.width() and normal.height() >= room.height()


def _is_size(size: object) -> bool:
    return isinstance(size, int) and not isinstance(size, bool) and 0 < size <= _WIDEST


def shape_of(window: QMainWindow) -> str:
    """What `restore_shape` takes as `geometry`."""
    return base64.b64encode(window.saveGeometry().data()).decode("ascii")
