"""From a file to what the network sees of it, as 8-bit pixels: the one way for all who ask a
network, exact or fast. No torch here; normalising is the backend's part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.decode import decoded
from resnet_gui.core.photos.preprocess import crop_photo, quick_crop, reading_side
from resnet_gui.core.preprocessing import Preprocessing


@dataclass(frozen=True, slots=True)
class PhotoCrop:
    """What the network sees of one photo.

    Attributes:
        pixels: (crop, crop, 3) uint8.
        width, height: the upright photo, in pixels.
        incomplete: the file ends early.
    """

    pixels: npt.NDArray[np.uint8]
    width: int
    height: int
    incomplete: bool = False


def read_crop(source: ImageSource, preprocessing: Preprocessing, *, exact: bool) -> PhotoCrop:
    """Read one photo for a network. Its decoded pixels are counted in the memory budget and freed
    before this returns.

    Args:
        exact: True: from every pixel of the photo, equal to torchvision's way bit for bit: the
            reference. False: a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, as far as
            `reading_side` allows, and only the crop is resized. Photos that are smaller than twice
            that, and all other formats, are decoded as for True. Orientation, colour profile,
            CMYK and grey are treated alike.

    Raises:
        ImageReadError: or a subclass of it; the text names the file and says what to do.
    """
    side = None if exact else reading_side(preprocessing)
    with decoded(source, at_least=side) as photo:
        if side is None:
            crop = crop_photo(photo.image, preprocessing)
        else:
            size = photo.width, photo.height
            crop = quick_crop(photo.image, preprocessing, size, photo.extent)
        pixels = np.asarray(crop, dtype=np.uint8)
    return PhotoCrop(pixels, photo.width, photo.height, photo.incomplete)
