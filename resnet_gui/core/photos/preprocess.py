"""A photo's way into the network: resize, centre crop, scale, normalise. No torch here.

The exact way is equal to `torchvision.transforms._presets.ImageClassification` on a PIL image, bit
for bit (a test compares), without its import, which costs more than a second. The other way saves
work on pixels that nobody sees: a JPEG is decoded at `reading_side`, and only the crop is resized.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from resnet_gui.core.looks import CENTRE, Place
from resnet_gui.core.photos.geometry import CropBox, crop_box, crop_offset, input_box, resized_size
from resnet_gui.core.preprocessing import Preprocessing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "CropBox", "crop_box", "crop_photo", "input_box", "network_input", "normalised", "quick_crop",
    "reading_side", "resized_size",
]  # fmt: skip
_RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "nearest": Image.Resampling.NEAREST,
}
# A hairline (1 × 30,000 pixels) would be resized to 256 × 7,680,000: gigabytes, to keep the middle.
# Beyond this only the crop is resized, which is the same but for rounding.
_MAX_RESIZED_PIXELS = 100_000_000
# Pixels per pixel of the result, in width and height, that the last step of resizing still gets.
_SPARE = 2.0


def reading_side(preprocessing: Preprocessing) -> int | None:
    """To how many pixels a JPEG's shorter side may come down while it is decoded, where the answer
    need not be the exact one: twice what the network is shown, so that resizing still has two
    pixels or more for each of its own. JPEG decoders can halve three times; a photo whose half is
    smaller than this is decoded whole.

    Returns:
        None: every pixel is needed. Nothing is resized, or single pixels are picked ("nearest"),
        which a mean of several would not replace.
    """
    if preprocessing.resize <= 0 or preprocessing.interpolation == "nearest":
        return None
    return int(_SPARE * max(preprocessing.resize, preprocessing.crop))


def crop_photo(image: Image.Image, preprocessing: Preprocessing, at: Place = CENTRE) -> Image.Image:
    """Resize and crop: what the network sees, before normalisation.

    Args:
        image: mode "RGB".
        at: where the crop lies.

    Returns:
        an image of crop x crop pixels; where the photo is smaller than the crop, black is added.
    """
    size = resized_size(*image.size, preprocessing.resize)
    if size == image.size:
        return _cut(image, preprocessing.crop, at)
    if size[0] * size[1] > _MAX_RESIZED_PIXELS:
        return _crop_alone(image, preprocessing, image.size, (0, 0, *image.size), at, gap=None)
    resized = image.resize(size, _RESAMPLING[preprocessing.interpolation])
    return _cut(resized, preprocessing.crop, at)


def quick_crop(
    image: Image.Image,
    preprocessing: Preprocessing,
    photo_size: tuple[int, int],
    extent: tuple[float, float, float, float] | None = None,
    at: Place = CENTRE,
) -> Image.Image:
    """`crop_photo` with less work. Only what the crop keeps is resized: that rounds differently, by
    one grey level of 255 at most, and takes 40 % less time for a photo of 500 x 375 pixels. What is
    far larger becomes the mean of whole blocks first, down to twice the target as in
    `reading_side`.

    Args:
        photo_size: the photo's own width and height; `image` may be smaller.
        extent: the photo's part of `image`: left, top, right, bottom. None: all of it.
    """
    whole = extent or (0, 0, *image.size)
    return _crop_alone(image, preprocessing, photo_size, whole, at, gap=_SPARE)


def _crop_alone(
    image: Image.Image,
    preprocessing: Preprocessing,
    photo_size: tuple[int, int],
    extent: tuple[float, float, float, float],
    at: Place,
    gap: float | None,
) -> Image.Image:
    width, height = photo_size
    left, top, right, bottom = extent
    x_scale, y_scale = (right - left) / width, (bottom - top) / height
    box = crop_box(width, height, preprocessing, at)
    part = (
        left + box.left * x_scale,
        top + box.top * y_scale,
        min(right, left + (box.left + box.width) * x_scale),
        min(bottom, top + (box.top + box.height) * y_scale),
    )
    crop = preprocessing.crop
    new_width, new_height = resized_size(width, height, preprocessing.resize)
    size = min(crop, new_width), min(crop, new_height)
    resampling = _RESAMPLING[preprocessing.interpolation]
    return _cut(image.resize(size, resampling, box=part, reducing_gap=gap), crop, at)


def _cut(image: Image.Image, crop: int, at: Place) -> Image.Image:
    if image.width < crop or image.height < crop:
        # torchvision pads half of what is missing before, the rest behind, then crops.
        left, top = max(crop - image.width, 0) // 2, max(crop - image.height, 0) // 2
        padded = Image.new("RGB", (max(image.width, crop), max(image.height, crop)))
        padded.paste(image, (left, top))
        image = padded
    left, top = crop_offset(image.width, crop, at[0]), crop_offset(image.height, crop, at[1])
    return image.crop((left, top, left + crop, top + crop))


def normalised(
    crops: npt.NDArray[np.uint8], preprocessing: Preprocessing
) -> npt.NDArray[np.float32]:
    """Scale and normalise.

    Args:
        crops: (..., crop, crop, 3) uint8.

    Returns:
        x: (..., 3, crop, crop) float32.
    """
    import numpy as np

    x = np.moveaxis(crops, -1, -3).astype(np.float32) / np.float32(255)
    mean = np.asarray(preprocessing.mean, dtype=np.float32)[:, None, None]
    std = np.asarray(preprocessing.std, dtype=np.float32)[:, None, None]
    return np.ascontiguousarray((x - mean) / std)


def network_input(image: Image.Image, preprocessing: Preprocessing) -> npt.NDArray[np.float32]:
    """The exact, normalised input of one photo.

    Args:
        image: mode "RGB".

    Returns:
        x: (3, crop, crop) float32, normalised.
    """
    import numpy as np  # not at the window's start: it takes 70 ms

    return normalised(np.asarray(crop_photo(image, preprocessing)), preprocessing)
