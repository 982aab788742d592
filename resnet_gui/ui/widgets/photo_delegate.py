"""A photo in a list: its thumbnail with what the model says of it below."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    QSizeF,
    Qt,
)
from PySide6.QtGui import (
    QBrush,
    QColor,
    QImage,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QTransform,
)
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.photo_list import Photo, PhotoList, PhotoState, caption_lines
from resnet_gui.ui.widgets.theme import theme_colours

_SIDE, _CAPTION_HEIGHT, _BARE_HEIGHT = 4, 37, 12  # beside a thumbnail, below and above it


class PhotoDelegate(QStyledItemDelegate):
    """Paints one thumbnail with its top label.

    Attributes:
        width, height: of a cell, in points. captioned: whether words stand below the picture.
    """

    def __init__(self, width: int, height: int, parent: QObject) -> None:
        super().__init__(parent)
        self.width, self.height = width, height
        self.captioned = True

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(self.width, self.height)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        photo = index.data(PhotoList.PhotoRole)
        image = index.data(Qt.ItemDataRole.DecorationRole)
        cell = QRectF(option.rect.x(), option.rect.y(), option.rect.width(), self.height)
        painter.save()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        draw_photo(
            painter, cell, photo, image, selected=selected, kept=True, captioned=self.captioned
        )
        painter.restore()


def draw_photo(
    painter: QPainter,
    room: QRectF,
    photo: Photo | None,
    image: QImage | None,
    *,
    selected: bool,
    kept: bool,
    captioned: bool = True,
) -> None:
    """Paint a photo's cell.

    Args:
        room: the whole cell. photo: None: a blank one.
        image: the thumbnail, if it is there.
        kept: whether the picture is kept as it was drawn, see `draw_thumbnail`.
        captioned: whether the answer stands below it.
    """
    colours = theme_colours()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    cell = room.adjusted(2, 2, -2, -2)
    if selected:
        ground = QPainterPath()
        ground.addRoundedRect(cell, 8, 8)
        painter.fillPath(ground, QColor(colours.accent_ground))
        painter.setPen(QPen(QColor(colours.accent), 2))
        painter.drawPath(ground)
    frame = cell.adjusted(_SIDE, 4, -_SIDE, 0)
    frame.setHeight(room.height() - (_CAPTION_HEIGHT if captioned else _BARE_HEIGHT))
    failed = photo is not None and photo.state is PhotoState.FAILED
    if kept:
        draw_thumbnail(painter, frame, image, failed=failed)
    else:
        painter.save()
        paint_thumbnail(painter, frame, image, failed=failed)
        painter.restore()
    if photo is None or not captioned:
        return
    font = painter.font()
    font.setPointSizeF(max(7.0, font.pointSizeF() * 0.85))
    painter.setFont(font)
    old = colours.muted if photo.stale else colours.text
    painter.setPen(QColor(colours.danger if failed else old))
    line = QRectF(
        cell.left() + 4, frame.bottom() + 2, cell.width() - 8, cell.bottom() - frame.bottom() - 2
    )
    # Of a file's name the end counts too; a class keeps its beginning.
    mode = Qt.TextElideMode.ElideMiddle if failed else Qt.TextElideMode.ElideRight
    metrics = painter.fontMetrics()
    for number, text in enumerate(caption_lines(photo)):
        if not text:
            continue
        below = line.translated(0, number * metrics.height())
        below.setHeight(metrics.height())
        shown = metrics.elidedText(text, mode, int(line.width()))
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, shown)
        painter.setPen(QColor(colours.muted))


def draw_thumbnail(
    painter: QPainter,
    frame: QRectF,
    image: QImage | None,
    *,
    failed: bool,
    whole: bool = False,
) -> None:
    """Fill a frame with the middle of a picture, or with a sign where there is none. What was drawn
    is kept: smoothing and round corners take a millisecond, and a grid has a hundred of them.

    Args:
        whole: the picture with its edges, which leaves some of the frame free.
    """
    ratio = painter.device().devicePixelRatioF()
    size = QSize(round(frame.width() * ratio), round(frame.height() * ratio))
    colours = theme_colours()
    key: tuple[object, ...] = (failed, colours.dark, size.width(), size.height(), ratio)
    if image is not None:
        key = (image.cacheKey(), size.width(), size.height(), ratio, whole)
    kept = _drawn.get(key)
    if kept is None:
        kept = _drawn[key] = _thumbnail(
            frame.size(), size, ratio, image, failed=failed, whole=whole
        )
        while len(_drawn) > _KEPT:
            _drawn.popitem(last=False)
    else:
        _drawn.move_to_end(key)
    painter.drawPixmap(frame.topLeft(), kept)


_KEPT = 100  # more than a strip has, and the table
_drawn: OrderedDict[tuple[object, ...], QPixmap] = OrderedDict()


def _thumbnail(
    room: QSizeF,
    size: QSize,
    ratio: float,
    image: QImage | None,
    *,
    failed: bool,
    whole: bool,
) -> QPixmap:
    drawn = QPixmap(size.expandedTo(QSize(1, 1)))
    drawn.setDevicePixelRatio(ratio)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    frame = QRectF(QPointF(0, 0), room)
    paint_thumbnail(painter, frame, image, failed=failed, whole=whole)
    painter.end()
    return drawn


def paint_thumbnail(
    painter: QPainter,
    frame: QRectF,
    image: QImage | None,
    *,
    failed: bool,
    whole: bool = False,
) -> None:
    """As `draw_thumbnail`; nothing is kept. The painter's pen and brush are others then."""
    colours = theme_colours()
    painter.setPen(Qt.PenStyle.NoPen)
    if image is not None:
        scales = frame.width() / image.width(), frame.height() / image.height()
        scale = min(scales) if whole else max(scales)
        if whole:
            shown = QRectF(QPointF(0, 0), QSizeF(image.size()) * scale)
            shown.moveCenter(frame.center())
        else:
            shown = frame
        brush = QBrush(image)
        place = QTransform.fromTranslate(
            frame.left() + (frame.width() - image.width() * scale) / 2,
            frame.top() + (frame.height() - image.height() * scale) / 2,
        )
        brush.setTransform(place.scale(scale, scale))
        painter.setBrush(brush)
        painter.drawRoundedRect(shown, 5, 5)
    else:
        painter.setBrush(QColor(colours.track))
        painter.drawRoundedRect(frame, 5, 5)
        side = min(24.0, frame.height() - 8)
        mark = QRectF(0, 0, side, side)
        mark.moveCenter(frame.center())
        name, colour = ("alert", colours.danger) if failed else ("photo", colours.muted)
        draw_icon(painter, name, mark, colour)
