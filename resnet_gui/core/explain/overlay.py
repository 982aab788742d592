"""A photo with the heat laid over it, as a picture file. No torch here."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from resnet_gui.core.events import ImageSource
from resnet_gui.core.explain.events import Explained
from resnet_gui.core.photos.decode import encode_png, preview
from resnet_gui.core.system.atomic import replacing

STRENGTH = 0.6
_SIDE = 1600  # pixels: the longer side of the picture, where the photo is larger


def overlay(source: ImageSource, explained: Explained, strength: float = STRENGTH) -> Image.Image:
    """The photo, upright, with the layer in its place; mode "RGB", at most 1,600 pixels wide and
    high.

    Args:
        strength: 0 (the photo alone) to 1.

    Raises:
        ImageReadError: the photo cannot be read any more.
    """
    pixels = preview(source, _SIDE)
    photo = Image.frombytes("RGB", (pixels.width, pixels.height), pixels.data)
    x_scale, y_scale = pixels.width / explained.width, pixels.height / explained.height
    box, layer = explained.box, explained.layer
    heat = Image.frombytes("RGBA", (layer.width, layer.height), layer.data)
    # The part of the layer that is on the photo, at the photo's own scale: black around a small
    # photo is seen by the network alone.
    left, top = max(box.left, 0.0), max(box.top, 0.0)
    right = min(box.left + box.width, explained.width)
    bottom = min(box.top + box.height, explained.height)
    to_x, to_y = layer.width / box.width, layer.height / box.height
    part = (
        (left - box.left) * to_x, (top - box.top) * to_y,
        (right - box.left) * to_x, (bottom - box.top) * to_y,
    )  # fmt: skip
    place = round(left * x_scale), round(top * y_scale)
    size = (
        max(1, round(right * x_scale) - place[0]),
        max(1, round(bottom * y_scale) - place[1]),
    )
    heat = heat.resize(size, Image.Resampling.BILINEAR, box=part)
    opacity = heat.getchannel("A").point(lambda value: round(value * strength))
    photo.paste(heat.convert("RGB"), place, opacity)
    return photo


def save_overlay(path: Path, source: ImageSource, explained: Explained) -> None:
    """Write the overlay as PNG.

    Raises:
        ImageReadError: the photo cannot be read any more. OSError: the file cannot be written.
    """
    data = encode_png(overlay(source, explained))
    with replacing(path) as temporary:
        temporary.write_bytes(data)
