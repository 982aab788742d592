"""Which part of a photo a network sees. Without Pillow: the window asks at its start."""

from __future__ import annotations

from dataclasses import dataclass

from resnet_gui.core.looks import CENTRE, Place
from resnet_gui.core.preprocessing import Preprocessing


@dataclass(frozen=True, slots=True)
class CropBox:
    """The part of the upright photo that the network sees, in the photo's pixels."""

    left: float
    top: float
    width: float
    height: float


def resized_size(width: int, height: int, resize: int) -> tuple[int, int]:
    """Size after the shorter side became `resize` pixels (0: unchanged), rounded down as in
    torchvision."""
    if resize <= 0:
        return width, height
    if width <= height:
        return resize, int(resize * height / width)
    return int(resize * width / height), resize


def crop_box(width: int, height: int, preprocessing: Preprocessing, at: Place = CENTRE) -> CropBox:
    """What of a photo of this size survives the crop."""
    new_width, new_height = resized_size(width, height, preprocessing.resize)
    crop = preprocessing.crop
    left, top = crop_offset(new_width, crop, at[0]), crop_offset(new_height, crop, at[1])
    x_scale, y_scale = width / new_width, height / new_height
    right, bottom = min(left + crop, new_width), min(top + crop, new_height)
    left, top = max(left, 0), max(top, 0)
    return CropBox(
        left * x_scale, top * y_scale, (right - left) * x_scale, (bottom - top) * y_scale
    )


def input_box(width: int, height: int, preprocessing: Preprocessing) -> CropBox:
    """As `crop_box`, with the black that is added where the photo is smaller than the crop."""
    new_width, new_height = resized_size(width, height, preprocessing.resize)
    crop = preprocessing.crop
    x_scale, y_scale = width / new_width, height / new_height
    left, top = (
        -((crop - length) // 2) if length < crop else crop_offset(length, crop)
        for length in (new_width, new_height)
    )
    return CropBox(left * x_scale, top * y_scale, crop * x_scale, crop * y_scale)


def crop_offset(length: int, crop: int, at: float = 0.5) -> int:
    """Where a crop begins, from the middle unless said otherwise; rounded as in torchvision."""
    return round((length - crop) * at)
