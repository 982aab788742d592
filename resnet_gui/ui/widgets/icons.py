"""Line icons, drawn from SVG in the theme's colours."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QIcon, QPainter, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton

from resnet_gui.ui.widgets.theme import theme_colours, theme_switch

_PATHS = {
    "photo": '<rect x="3" y="5" width="18" height="14" rx="2.5"/><circle cx="8.5" cy="10" r="1.6"/>'
    '<path d="M4 17l5-4 3.5 3 3.5-4.5L21 17"/>',
    "drop": '<path d="M12 4v10m0 0l-4-4m4 4l4-4"/><path d="M4 15v3.5A1.5 1.5 0 0 0 5.5 20h13a1.5 '
    '1.5 0 0 0 1.5-1.5V15"/>',
    "alert": '<path d="M12 4L2.8 19.5h18.4z"/><path d="M12 10v4.5M12 17v.4"/>',
    "close": '<path d="M6 6l12 12M18 6L6 18"/>',
    "copy": '<rect x="8" y="8" width="12" height="12" rx="2"/><path d="M16 8V5.5A1.5 1.5 0 0 0 '
    '14.5 4h-9A1.5 1.5 0 0 0 4 5.5v9A1.5 1.5 0 0 0 5.5 16H8"/>',
    "crop": '<path d="M7 2v15h15M2 7h15v15"/>',
    "question": '<circle cx="12" cy="12" r="9"/><path d="M9.3 9.2a2.8 2.8 0 1 1 3.9 2.9c-.8.4'
    '-1.2.9-1.2 1.9M12 17v.3"/>',
    "eye": '<path d="M2.5 12s3.5-6.5 9.5-6.5 9.5 6.5 9.5 6.5-3.5 6.5-9.5 6.5S2.5 12 2.5 12z"/>'
    '<circle cx="12" cy="12" r="2.8"/>',
    "train": '<path d="M4 19V5M4 19h16"/><path d="M7 15c3-1 4-7 7-8s4-1 6-1"/>',
    "models": '<path d="M12 3l8 4.5v9L12 21l-8-4.5v-9z"/><path d="M4 7.5l8 4.5 8-4.5M12 12v9"/>',
    # A block with its shortcut: the drawing that every textbook has of it.
    "lab": '<path d="M3 15h4m10 0h4"/><rect x="7" y="11.5" width="7" height="7" rx="1.5"/>'
    '<path d="M14 15h1"/><circle cx="17" cy="15" r="2"/><path d="M4.5 15V9.5a4 4 0 0 1 4-4h4.5a4 4 '
    '0 0 1 4 4V13"/>',
    "target": '<circle cx="12" cy="12" r="9"/><circle cx="12" cy="12" r="4.5"/>'
    '<path d="M12 12l7-7"/>',
    # Photos one behind the other, the first of them looked at.
    "improve": '<rect x="3.5" y="7" width="13.5" height="13.5" rx="2"/><path d="M6.8 13.8l2.6 2.7 '
    '4.3-5M8 3.5h10A2.5 2.5 0 0 1 20.5 6v9.5"/>',
    "runs": '<rect x="3.5" y="4" width="17" height="16" rx="2"/><path d="M3.5 9.3h17M3.5 14.7h17'
    'M9.5 9.3V20"/>',
    "screen": '<rect x="3" y="4" width="18" height="12" rx="1.5"/><path d="M12 16v4M8 20h8"/>',
    "folder": '<path d="M3 7.5A1.5 1.5 0 0 1 4.5 6H9l2.2 2.5h8.3A1.5 1.5 0 0 1 21 10v7.5a1.5 1.5 0 '
    '0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17.5z"/>',
    "down": '<path d="M6 9l6 6 6-6"/>',
    "download": '<path d="M12 4v11m0 0l-4.5-4.5M12 15l4.5-4.5M5 20h14"/>',
}


def draw_icon(painter: QPainter, name: str, target: QRectF, colour: str) -> None:
    """Draw one icon of this module into a square."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" '
        f'stroke="{colour}" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">'
        f"{_PATHS[name]}</svg>"
    )
    QSvgRenderer(QByteArray(svg.encode())).render(painter, target)


def put_icon(button: QAbstractButton, name: str, side: int = 20) -> None:
    """Give a button an icon that follows the theme, in place of the one that it had."""
    kept = button.findChild(_ButtonIcon, options=Qt.FindChildOption.FindDirectChildrenOnly)
    if kept is None:
        kept = _ButtonIcon(button)
    kept.show(name, side)


class _ButtonIcon(QObject):
    """A button's icon, drawn anew at every switch of the theme."""

    def __init__(self, button: QAbstractButton) -> None:
        super().__init__(button)
        self._button = button
        self._name, self._side = "", 0
        theme_switch.switched.connect(self._draw)

    def show(self, name: str, side: int) -> None:
        self._name, self._side = name, side
        self._button.setIconSize(QSize(side, side))
        self._draw()

    @Slot()
    def _draw(self) -> None:
        self._button.setIcon(icon(self._name, side=self._side))


def icon(name: str, colour: str | None = None, side: int = 20) -> QIcon:
    """An icon for buttons and menus in the theme's text colour, sharp at 1x and 2x."""
    result = QIcon()
    colour = colour or theme_colours().text
    for ratio in (1, 2):
        result.addPixmap(_pixmap(name, colour, side, ratio))
    return result


def _pixmap(name: str, colour: str, side: int, ratio: int) -> QPixmap:
    """One of an icon's sizes. A switch of the theme asks for all icons of the program at once."""
    key = f"resnet-gui {name} {colour} {side} {ratio}"
    pixmap = QPixmap()
    if not QPixmapCache.find(key, pixmap):
        pixmap = QPixmap(QSize(side * ratio, side * ratio))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        draw_icon(painter, name, QRectF(0, 0, side * ratio, side * ratio), colour)
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        QPixmapCache.insert(key, pixmap)
    return pixmap
