"""The photo, as large as it fits, with what the network sees of it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from resnet_gui.core.photos.geometry import CropBox, crop_box, input_box
from resnet_gui.core.zoo import Preprocessing
from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.plain_text import lines
from resnet_gui.ui.widgets.theme import theme_colours


class PhotoView(QWidget):
    """Paints one photo, a sentence instead of it, or both.

    Attributes:
        preprocessing: the model's, None hides the overlay.
        pixels: what the network gets of the photo; None: not made yet.

    Signals:
        menu_requested(QPoint): where on the screen. open_requested(): by a double click.
    """

    menu_requested = Signal(QPoint)
    open_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 120)
        self.setAccessibleName("Photo")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.preprocessing: Preprocessing | None = None
        self._image: QImage | None = None
        self._scaled = QPixmap()
        self._full = (0, 0)
        self._message = ""
        self._failed = False
        self._show_crop = False
        self.pixels: QImage | None = None
        self._heat: QImage | None = None
        self._strength = 1.0

    def sizeHint(self) -> QSize:
        return QSize(640, 240)

    def show_photo(self, image: QImage, full_width: int, full_height: int) -> None:
        """Show pixels; `full_*` is the photo's own size, upright, in pixels."""
        if image is self._image:
            return
        self._image, self._full = image, (full_width, full_height)
        self._message, self._failed = "", False
        self._scaled, self.pixels = QPixmap(), None
        self.setAccessibleDescription(f"{full_width} by {full_height} pixels")
        self.update()

    def show_message(self, text: str, *, failed: bool = False) -> None:
        """Show a sentence instead of a photo."""
        self._image, self._message, self._failed = None, lines(text), failed
        self._scaled, self.pixels = QPixmap(), None
        self.setAccessibleDescription(self._message)
        self.update()

    def set_preprocessing(self, preprocessing: Preprocessing | None) -> None:
        """That of another model."""
        if preprocessing != self.preprocessing:
            self.preprocessing, self.pixels = preprocessing, None
            self.update()

    def show_pixels(self, image: QImage) -> None:
        """Show what the network gets of the photo, `preprocessing.crop` pixels wide and high."""
        self.pixels = image
        self.update()

    def show_heat(self, heat: QImage | None, strength: float) -> None:
        """Lay a picture with transparency over what the network gets of the photo; None: no more.
        Also over the next photo, until this is called again. strength: 0..1."""
        if (heat, strength) != (self._heat, self._strength):
            self._heat, self._strength = heat, strength
            self.update()

    def set_show_crop(self, on: bool) -> None:
        self._show_crop = on
        self.update()

    @property
    def has_photo(self) -> bool:
        return self._image is not None

    @property
    def image(self) -> QImage | None:
        """The photo that is shown, at the size at which it was read for the screen."""
        return self._image

    def photo_rect(self) -> QRectF:
        """Where the photo is painted, in points; never larger than its own pixels twice."""
        if self._image is None:
            return QRectF()
        area = QRectF(self.rect()).adjusted(12, 12, -12, -12)
        width, height = self._full
        scale = min(area.width() / width, area.height() / height)
        # A tiny picture is shown larger, but not so large that it is only blocks.
        scale = min(scale, max(2.0, 320 / max(width, height)))
        size = QPointF(width * scale, height * scale)
        centre = area.center()
        return QRectF(centre.x() - size.x() / 2, centre.y() - size.y() / 2, size.x(), size.y())

    def crop_rect(self) -> QRectF:
        """Where the network's crop is painted, in points; empty without photo or model."""
        if self._image is None or self.preprocessing is None:
            return QRectF()
        return self._on_photo(crop_box(*self._full, self.preprocessing))

    def input_rect(self) -> QRectF:
        """Where the network's pixels are painted, in points: the crop, with the black around a
        photo that is smaller."""
        if self._image is None or self.preprocessing is None:
            return QRectF()
        return self._on_photo(input_box(*self._full, self.preprocessing))

    def _on_photo(self, box: CropBox) -> QRectF:
        target = self.photo_rect()
        scale = target.width() / self._full[0]
        return QRectF(
            target.x() + box.left * scale,
            target.y() + box.top * scale,
            box.width * scale,
            box.height * scale,
        )

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_requested.emit(event.globalPos())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.open_requested.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme_colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QPainterPath()
        frame.addRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)
        painter.fillPath(frame, QColor(colours.canvas))
        if self._image is not None:
            painter.setClipPath(frame)
            self._paint_photo(painter)
        elif self._message:
            self._paint_message(painter)
        if self.hasFocus():
            painter.setClipping(False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawPath(frame)

    def _paint_photo(self, painter: QPainter) -> None:
        assert self._image is not None
        target = self.photo_rect()
        ratio = self.devicePixelRatioF()
        size = QSize(max(1, round(target.width() * ratio)), max(1, round(target.height() * ratio)))
        if self._scaled.size() != size:
            enlarged = size.width() > 2 * self._image.width()
            self._scaled = QPixmap.fromImage(
                self._image.scaled(
                    size,
                    Qt.AspectRatioMode.IgnoreAspectRatio,
                    Qt.TransformationMode.FastTransformation
                    if enlarged
                    else Qt.TransformationMode.SmoothTransformation,
                )
            )
        painter.drawPixmap(target, self._scaled, QRectF(self._scaled.rect()))
        show_crop = self._show_crop and self.preprocessing is not None
        if show_crop and self.pixels is not None:
            # Without smoothing: each of the network's pixels becomes a block of the screen's.
            painter.drawImage(self.input_rect(), self.pixels)
        if self._heat is not None:
            painter.save()
            if not show_crop:
                painter.setClipRect(target, Qt.ClipOperation.IntersectClip)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setOpacity(self._strength)
            painter.drawImage(self.input_rect(), self._heat)
            painter.restore()
        if show_crop:
            self._paint_crop(painter, target)

    def _paint_crop(self, painter: QPainter, target: QRectF) -> None:
        crop = self.crop_rect() if self.pixels is None else self.input_rect()
        outside = QPainterPath()
        outside.addRect(target)
        inside = QPainterPath()
        inside.addRect(crop)
        painter.fillPath(outside.subtracted(inside), QColor(0, 0, 0, 150))
        for width, colour in ((3.0, QColor(0, 0, 0, 120)), (1.4, QColor("#ffffff"))):
            painter.setPen(QPen(colour, width))
            painter.drawRect(crop)
        assert self.preprocessing is not None
        side = self.preprocessing.crop
        texts = (f"What the network sees: {side} × {side} pixels", f"{side} × {side}")
        room = crop.width() - 32
        text = next((t for t in texts if painter.fontMetrics().horizontalAdvance(t) <= room), "")
        if not text:
            return
        box = painter.fontMetrics().boundingRect(text).adjusted(-8, -4, 8, 4)
        box.moveBottomLeft(crop.bottomLeft().toPoint() + (QPointF(8, -8)).toPoint())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 170))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_message(self, painter: QPainter) -> None:
        colours = theme_colours()
        area = QRectF(self.rect()).adjusted(40, 24, -40, -24)
        name, colour = ("alert", colours.danger) if self._failed else ("photo", colours.muted)
        side = 40.0
        flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap)
        text = painter.boundingRect(area, flags, self._message)
        top = area.center().y() - (side + 12 + text.height()) / 2
        draw_icon(painter, name, QRectF(area.center().x() - side / 2, top, side, side), colour)
        painter.setPen(QColor(colours.text if self._failed else colours.muted))
        painter.drawText(
            QRectF(area.left(), top + side + 12, area.width(), text.height() + 4),
            flags,
            self._message,
        )
