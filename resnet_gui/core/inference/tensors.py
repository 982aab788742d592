"""From pixels to tensors. Needs torch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from resnet_gui.core.photos.store import Pixels
from resnet_gui.core.preprocessing import Preprocessing


def to_tensor(pixels: Pixels) -> Tensor:
    """(H, W, 3) uint8 array -> (3, H, W) uint8 tensor that shares its memory."""
    return torch.from_numpy(np.require(pixels, requirements="W")).permute(2, 0, 1)


def normalise(x: Tensor, preprocessing: Preprocessing) -> Tensor:
    """x: (N, 3, H, W) uint8 -> the same float32, normalised, on the same device."""
    mean = torch.tensor(preprocessing.mean, device=x.device)[:, None, None]
    std = torch.tensor(preprocessing.std, device=x.device)[:, None, None]
    # In place: a batch at 224 pixels is 19 MB, and memory that is new has to be cleared first.
    return x.to(torch.float32, copy=True).div_(255).sub_(mean).div_(std)


def normalised_input(
    crops: npt.NDArray[np.uint8], preprocessing: Preprocessing, device: str
) -> Tensor:
    """crops: (N, crop, crop, 3) uint8 -> x: (N, 3, crop, crop) float32, normalised."""
    # Contiguous before it moves: with the strides of the photo another kernel would answer.
    x = torch.from_numpy(crops).permute(0, 3, 1, 2).contiguous()
    return normalise(x.to(device), preprocessing)
