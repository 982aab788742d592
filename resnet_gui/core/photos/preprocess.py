"""A photo's way into the network: resize, centre crop, scale, normalise. No torch here.

Equal to `torchvision.transforms._presets.ImageClassification` on a PIL image, bit for bit (a test
compares), without its import, which costs more than a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from resnet_gui.core.preprocessing import Preprocessing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "nearest": Image.Resampling.NEAREST,
}
# A hairline (1 × 30,000 pixels) would be resized to 256 × 7,680,000: gigabytes, to keep the middle.
# Beyond this only the crop is resized, which is the same but for rounding.
_MAX_RESIZED_PIXELS = 100_000_000


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


def crop_box(width: int, height: int, preprocessing: Preprocessing) -> CropBox:
    """What of a photo of this size survives the crop."""
    new_width, new_height = resized_size(width, height, preprocessing.resize)
    crop = preprocessing.crop
    left, top = _crop_offset(new_width, crop), _crop_offset(new_height, crop)
    x_scale, y_scale = width / new_width, height / new_height
    right, bottom = min(left + crop, new_width), min(top + crop, new_height)
    left, top = max(left, 0), max(top, 0)
    return CropBox(
        left * x_scale, top * y_scale, (right - left) * x_scale, (bottom - top) * y_scale
    )


def crop_photo(image: Image.Image, preprocessing: Preprocessing) -> Image.Image:
    """Resize and centre crop: what the network sees, before normalisation.

    Args:
        image: mode "RGB".

    Returns:
        an image of crop x crop pixels; where the photo is smaller than the crop, black is added.
    """
    size = resized_size(image.width, image.height, preprocessing.resize)
    crop = preprocessing.crop
    if size != image.size:
        resampling = _RESAMPLING[preprocessing.interpolation]
        if size[0] * size[1] > _MAX_RESIZED_PIXELS:
            box = crop_box(image.width, image.height, preprocessing)
            part = (box.left, box.top, box.left + box.width, box.top + box.height)
            image = image.resize((min(crop, size[0]), min(crop, size[1])), resampling, box=part)
        else:
            image = image.resize(size, resampling)
    if image.width < crop or image.height < crop:
        # torchvision pads half of what is missing before, the rest behind, then crops.
        left, top = max(crop - image.width, 0) // 2, max(crop - image.height, 0) // 2
        padded = Image.new("RGB", (max(image.width, crop), max(image.height, crop)))
        padded.paste(image, (left, top))
        image = padded
    left, top = _crop_offset(image.width, crop), _crop_offset(image.height, crop)
    return image.crop((left, top, left + crop, top + crop))


def network_input(image: Image.Image, preprocessing: Preprocessing) -> npt.NDArray[np.float32]:
    """The normalised input of one photo.

    Args:
        image: mode "RGB".

    Returns:
        x: (3, crop, crop) float32, normalised.
    """
    import numpy as np  # not at the window's start: it takes 70 ms

    pixels = np.asarray(crop_photo(image, preprocessing), dtype=np.uint8).transpose(2, 0, 1)
    x = pixels.astype(np.float32) / np.float32(255)
    mean = np.asarray(preprocessing.mean, dtype=np.float32)[:, None, None]
    std = np.asarray(preprocessing.std, dtype=np.float32)[:, None, None]
    return np.ascontiguousarray((x - mean) / std)


def _crop_offset(length: int, crop: int) -> int:
    return round((length - crop) / 2)
