"""What “Why?” shows over a photo, as a picture of its own. A job for a lane."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from resnet_gui.core.explain.events import Explained
from resnet_gui.ui.widgets.charts.saving import write_picture

_LEAST = 320  # pixels of the longer side: of a tiny photo nobody would see the colours


@dataclass(frozen=True, slots=True)
class WhyPicture:
    """photo: as it is on the screen. heat: to be laid over `found.box`. strength: 0..1."""

    photo: QImage
    heat: QImage
    found: Explained
    strength: float

    @property
    def name(self) -> str:
        """What it is of, as a file may be called."""
        return f"{Path(self.found.path).stem}, {self.found.label}, {self.found.method.value}"

    def image(self) -> QImage:
        """The photo with the colours over it."""
        longer = max(self.photo.width(), self.photo.height())
        times = -(-_LEAST // longer) if longer < _LEAST else 1
        image = self.photo.scaled(self.photo.width() * times, self.photo.height() * times)
        image = image.convertToFormat(QImage.Format.Format_RGB32)
        box, scale = self.found.box, image.width() / self.found.width
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setOpacity(self.strength)
        place = QRectF(box.left, box.top, box.width, box.height)
        scaled = QRectF(
            place.x() * scale, place.y() * scale, place.width() * scale, place.height() * scale
        )
        painter.drawImage(scaled, self.heat)
        painter.end()
        return image

    def write(self, target: Path) -> Generator[None, None, Path]:
        """Raises OSError: it cannot be written."""
        yield None
        return (yield from write_picture(self.image(), target))
