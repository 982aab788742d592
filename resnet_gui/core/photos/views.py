"""Several crops of one photo, for one network or several: read once, cut as often as is needed.

No torch here. What is cut is one row of bytes: for each way of preprocessing in turn, each view's
(crop, crop, 3) pixels. `inference.averaged` takes it apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from resnet_gui.core.events import ImageSource
from resnet_gui.core.looks import Place, View
from resnet_gui.core.photos.crops import PhotoCrop
from resnet_gui.core.photos.decode import decoded
from resnet_gui.core.photos.preprocess import crop_photo, quick_crop, reading_side
from resnet_gui.core.preprocessing import Preprocessing


def row_bytes(preprocessings: Sequence[Preprocessing], views: Sequence[View]) -> list[int]:
    """How long each network's part of a photo's row is."""
    return [len(views) * way.crop**2 * 3 for way in preprocessings]


def read_views(
    source: ImageSource,
    preprocessings: Sequence[Preprocessing],
    views: Sequence[View],
    *,
    exact: bool,
) -> PhotoCrop:
    """Read one photo for several crops of it. exact, and raises: as `crops.read_crop`.

    Returns:
        its `pixels` are (sum of `row_bytes`,) uint8.
    """
    ways = [(view, view.preprocessing(way)) for way in preprocessings for view in views]
    sides = [None if exact else reading_side(way) for _, way in ways]
    least = None if None in sides else max(side for side in sides if side is not None)
    cut: dict[tuple[Preprocessing, Place], npt.NDArray[np.uint8]] = {}
    with decoded(source, at_least=least) as photo:
        size = photo.width, photo.height
        for view, way in ways:
            if (way, view.at) in cut:
                continue
            if least is None:
                crop = crop_photo(photo.image, way, view.at)
            else:
                crop = quick_crop(photo.image, way, size, photo.extent, view.at)
            cut[way, view.at] = np.asarray(crop, dtype=np.uint8)
    found = [cut[way, view.at] for view, way in ways]
    turned = [p[:, ::-1] if view.mirrored else p for p, (view, _) in zip(found, ways, strict=True)]
    row = np.concatenate([pixels.reshape(-1) for pixels in turned])
    return PhotoCrop(row, *size, photo.incomplete)
