"""Augmentation: photos as the network sees them while it trains. This module needs torch.

All randomness comes from torch's global generator, so only the training thread may call this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from resnet_gui.core.dataset.pixels import Pixels, Reader, crop_reader, whole_reader
from resnet_gui.core.training.config import Augmentation
from resnet_gui.core.types import RgbImage
from resnet_gui.core.zoo.spec import Preprocessing


def reader_for(level: Augmentation, preprocessing: Preprocessing) -> Reader:
    """How training photos are read for this level: the crop, or the whole for random crops."""
    if level in (Augmentation.NONE, Augmentation.LIGHT):
        return crop_reader(preprocessing)
    return whole_reader(preprocessing)


def transform_for(level: Augmentation, preprocessing: Preprocessing) -> Any:
    """The transform of one photo: (3, H, W) uint8 -> (3, crop, crop) uint8.

    STANDARD is Inception's random crop and colour (Szegedy et al. 2015), milder, since small
    folders have little to spare, and without hue, which took ten times as long as all the rest;
    STRONG is TrivialAugment (Müller & Hutter 2021) and random erasing (Zhong et al. 2020);
    torchvision turns and shears no tensor bicubically, so that is bilinear then.
    """
    from torchvision.transforms import v2

    crop = preprocessing.crop
    mode = v2.InterpolationMode(preprocessing.interpolation)
    fill = [round(255 * value) for value in preprocessing.mean]
    if level is Augmentation.NONE:
        return v2.Identity()
    if level is Augmentation.LIGHT:
        return v2.Compose([v2.RandomHorizontalFlip(), v2.RandomAffine(0, (0.1, 0.1), fill=fill)])
    if level is Augmentation.STANDARD:
        return v2.Compose(
            [
                v2.RandomResizedCrop(crop, (0.35, 1.0), interpolation=mode, antialias=True),
                v2.RandomHorizontalFlip(),
                v2.ColorJitter(0.2, 0.2, 0.2),
            ]
        )
    cubic = mode is v2.InterpolationMode.BICUBIC
    warp = v2.InterpolationMode.BILINEAR if cubic else mode
    return v2.Compose(
        [
            v2.RandomResizedCrop(crop, (0.2, 1.0), interpolation=mode, antialias=True),
            v2.RandomHorizontalFlip(),
            v2.TrivialAugmentWide(interpolation=warp, fill=fill),
            v2.RandomErasing(p=0.25, value=fill),
        ]
    )


def to_tensor(pixels: Pixels) -> Tensor:
    """(H, W, 3) uint8 array -> (3, H, W) uint8 tensor that shares its memory."""
    return torch.from_numpy(np.require(pixels, requirements="W")).permute(2, 0, 1)


def normalise(x: Tensor, preprocessing: Preprocessing) -> Tensor:
    """x: (N, 3, H, W) uint8 -> the same float32, normalised, on the same device."""
    mean = torch.tensor(preprocessing.mean, device=x.device)[:, None, None]
    std = torch.tensor(preprocessing.std, device=x.device)[:, None, None]
    return (x.float() / 255 - mean) / std


@dataclass(frozen=True, slots=True)
class AugmentedPhoto:
    """A picture of the preview. path: the photo it was made from; variant: counted from 0."""

    path: str
    variant: int
    image: RgbImage


def preview_augmentation(
    paths: Sequence[Path],
    level: Augmentation,
    preprocessing: Preprocessing,
    variants: int = 3,
    seed: int = 0,
) -> Iterator[AugmentedPhoto]:
    """What the network will really see: each photo in some variants, photo by photo.

    Run it in the training thread (it reseeds and draws from torch's global generator).

    Raises:
        ImageReadError: a photo cannot be read.
    """
    read, transform = reader_for(level, preprocessing), transform_for(level, preprocessing)
    for index, path in enumerate(paths):
        photo = to_tensor(read(path))
        for variant in range(variants):
            torch.manual_seed(step_seed(seed, index, variant))
            seen = transform(photo).permute(1, 2, 0).contiguous().numpy()
            height, width = seen.shape[:2]
            image = RgbImage(width, height, seen.tobytes(), photo.shape[2], photo.shape[1])
            yield AugmentedPhoto(str(path), variant, image)


def step_seed(seed: int, epoch: int, step: int) -> int:
    """A seed of 63 bits from three numbers, unrelated for neighbours (SplitMix64, Steele 2014)."""
    value = (seed * 1_000_003 + epoch) * 1_000_003 + step + 0x9E3779B97F4A7C15
    value &= 2**64 - 1
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
    return (value ^ (value >> 31)) & (2**63 - 1)
