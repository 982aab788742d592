"""What a person can see of a widget: its pixels, and how they stand out from each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage, QPixmap
from PySide6.QtWidgets import QWidget

Pixels = NDArray[np.uint8]


def pixels(source: QWidget | QPixmap | QImage) -> Pixels:
    """The picture as (height, width, 3) uint8 RGB."""
    image = source.grab().toImage() if isinstance(source, QWidget) else source
    image = image.toImage() if isinstance(image, QPixmap) else image
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def luminance(colours: Pixels) -> NDArray[np.float64]:
    """WCAG 2's relative luminance of (..., 3) uint8 RGB."""
    part = colours / 255.0
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(one: Pixels | QColor | str, other: Pixels | QColor | str) -> NDArray[np.float64]:
    """WCAG 2's contrast, 1 to 21, of two colours or two pictures pixel by pixel."""
    first, second = (luminance(_array(item)) + 0.05 for item in (one, other))
    return np.asarray(np.maximum(first, second) / np.minimum(first, second))


def text_contrast(area: Pixels) -> float:
    """Of what stands out most in an area against its ground, the most frequent colour."""
    flat = area.reshape(-1, 3)
    colours, counts = np.unique(flat, axis=0, return_counts=True)
    return float(contrast(flat, colours[counts.argmax()]).max())


def ground(area: Pixels) -> Pixels:
    """The most frequent colour of an area."""
    colours, counts = np.unique(area.reshape(-1, 3), axis=0, return_counts=True)
    return np.asarray(colours[counts.argmax()])


def _array(colour: Pixels | QColor | str) -> Pixels:
    if isinstance(colour, str):
        colour = QColor(colour)
    if isinstance(colour, QColor):
        return np.array([colour.red(), colour.green(), colour.blue()], np.uint8)
    return colour
