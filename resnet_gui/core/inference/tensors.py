"""From pixels to tensors. Needs torch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from resnet_gui.core.photos.store import Pixels
from resnet_gui.core.preprocessing import Preprocessing

_IN_CACHE = 2**18  # numbers: a megabyte of float32


def to_tensor(pixels: Pixels) -> Tensor:
    """(H, W, 3) uint8 array -> (3, H, W) uint8 tensor that shares its memory."""
    return torch.from_numpy(np.require(pixels, requirements="W")).permute(2, 0, 1)


def stacked(photos: Sequence[Tensor], memory_format: torch.memory_format) -> Tensor:
    """photos: N of (3, H, W) uint8 on the CPU -> (N, 3, H, W) uint8 in this memory format. What has
    another one is rearranged here, where a number has one byte, and not when it is float32."""
    if memory_format is not torch.channels_last:
        return torch.stack(list(photos))
    _, height, width = photos[0].shape
    x = torch.empty((len(photos), height, width, 3), dtype=torch.uint8)
    for place, photo in zip(x, photos, strict=True):
        if photo.is_contiguous():  # a plane of each colour: copy_ takes twice as long
            torch.stack(tuple(photo), dim=-1, out=place)
        else:
            place.copy_(photo.permute(1, 2, 0))
    return x.permute(0, 3, 1, 2)


def normalise(x: Tensor, preprocessing: Preprocessing) -> Tensor:
    """x: (N, 3, H, W) uint8 -> the same float32, normalised, on the same device, in the same memory
    format."""
    mean = torch.tensor(preprocessing.mean, device=x.device)
    std = torch.tensor(preprocessing.std, device=x.device)
    result = torch.empty_like(x, dtype=torch.float32)
    values = result
    if x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous():
        # The colours of a pixel lie side by side: a row at once, not three numbers.
        values, x = (tensor.permute(0, 2, 3, 1).flatten(2) for tensor in (result, x))
        mean, std = mean.repeat(result.shape[3]), std.repeat(result.shape[3])
    else:
        mean, std = mean[:, None, None], std[:, None, None]
    # A few photos at a time, all steps happen in a CPU's cache; a GPU is asked once.
    on_cpu, numbers = x.device.type == "cpu", math.prod(x.shape[1:])
    at_once = max(1, _IN_CACHE // max(1, numbers) if on_cpu else len(x))
    for start in range(0, len(x), at_once):
        rows = slice(start, start + at_once)
        values[rows].copy_(x[rows]).div_(255).sub_(mean).div_(std)
    return result


def normalised_input(
    crops: npt.NDArray[np.uint8], preprocessing: Preprocessing, device: str
) -> Tensor:
    """crops: (N, crop, crop, 3) uint8 -> x: (N, 3, crop, crop) float32, normalised."""
    # Contiguous before it moves: with the strides of the photo another kernel would answer.
    x = torch.from_numpy(crops).permute(0, 3, 1, 2).contiguous()
    return normalise(x.to(device), preprocessing)
