"""What was painted of photos, kept: to paint a cell takes dozens of calls of Qt, each of which lets
the threads that answer photos have the interpreter first; to paint it again takes one."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QPainter, QPixmap

from resnet_gui.ui.widgets.photo_list import Photo

BUDGET_S = 0.008  # of one round of events, for cells that were not painted before
_MORE = 60  # kept beside those on the screen


class _Kept(NamedTuple):
    """A cell.

    Attributes:
        look: all that it was made of. style: what all cells have in common.
        whole: whether nothing is waited for, as its photo's thumbnail.
    """

    look: object
    style: object
    whole: bool
    picture: QPixmap


class Drawn:
    """The cells of one view. In each round of events new ones are painted for 8 ms; the others look
    as before, or blank, until the next round.

    Args of the constructor:
        draw: paints a cell with its top left corner at the origin; a Photo's, or a blank one.
            Returns whether nothing is waited for.
    """

    def __init__(self, draw: Callable[[QPainter, Photo | None, bool], bool]) -> None:
        self._draw = draw
        self._kept: OrderedDict[Photo, _Kept] = OrderedDict()
        self._blank: tuple[object, QPixmap] | None = None
        self._style: object = None
        self._size, self._ratio = QSize(), 1.0
        self._until = 0.0

    def begin(self, style: object, size: QSize, ratio: float) -> None:
        """A round of painting begins.

        Args:
            style: what all cells depend on. size: of a cell, in points.
            ratio: pixels of a point.
        """
        self._style, self._size, self._ratio = style, size, ratio
        self._until = time.perf_counter() + BUDGET_S

    def paint(
        self, painter: QPainter, at: QPoint, photo: Photo, look: object, selected: bool
    ) -> bool:
        """Paint a photo's cell.

        Args:
            look: all else that it depends on.

        Returns:
            whether it looks as it should; if not, it is to be painted again in the next round.
        """
        kept = self._kept.get(photo)
        right = kept is not None and kept.look == look and kept.style == self._style
        late = time.perf_counter() > self._until
        if kept is not None and right and (kept.whole or late):
            painter.drawPixmap(at, kept.picture)
            self._kept.move_to_end(photo)
            return True  # a thumbnail that comes is told of
        if late:
            fits = kept is not None and kept.style == self._style
            painter.drawPixmap(at, kept.picture if kept is not None and fits else self._nothing())
            return False
        picture, whole = self._painted(photo, selected)
        self._kept[photo] = _Kept(look, self._style, whole, picture)
        self._kept.move_to_end(photo)
        painter.drawPixmap(at, picture)
        return True

    def end(self, on_screen: int) -> None:
        """The round is over; so many cells are seen."""
        while len(self._kept) > on_screen + _MORE:
            self._kept.popitem(last=False)

    def _nothing(self) -> QPixmap:
        if self._blank is None or self._blank[0] != self._style:
            self._blank = self._style, self._painted(None, False)[0]
        return self._blank[1]

    def _painted(self, photo: Photo | None, selected: bool) -> tuple[QPixmap, bool]:
        picture = QPixmap(self._size * self._ratio)
        picture.setDevicePixelRatio(self._ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        whole = self._draw(painter, photo, selected)
        painter.end()
        return picture, whole
