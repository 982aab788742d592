"""Augmentation: photos as the network sees them while it trains. This module needs torch.

All randomness comes from torch's global generator, so only the training thread may call this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from resnet_gui.core.events import RgbImage
from resnet_gui.core.inference.tensors import to_tensor
from resnet_gui.core.photos.store import Reader, crop_reader, whole_reader
from resnet_gui.core.runs.config import Augmentation, RunConfig
from resnet_gui.core.zoo.spec import Preprocessing

SHIFT = 0.1  # of the side, where no number of pixels is given


@dataclass(frozen=True, slots=True)
class Variation:
    """How training photos are varied: the fields of RunConfig that say so, and their meaning.

    Attributes:
        level: see Augmentation. shift_pixels, shift_reflect: of light.
        alternate_flip, cutout: of all levels but none.
        seed: decides which photos are mirrored first, where flips alternate.
    """

    level: Augmentation = Augmentation.NONE
    shift_pixels: int = 0
    shift_reflect: bool = False
    alternate_flip: bool = False
    cutout: int = 0
    seed: int = 0

    def first_flips(self, photos: int) -> Tensor:
        """(photos,) int64 of 0 and 1: which are mirrored in even epochs, the others in odd ones."""
        generator = torch.Generator().manual_seed(step_seed(self.seed, -1, -2))
        return torch.randint(0, 2, (photos,), generator=generator)


def variation_of(config: RunConfig) -> Variation:
    """The variation that a run's settings ask for."""
    if config.augmentation is Augmentation.NONE:
        return Variation()
    return Variation(
        config.augmentation,
        config.shift_pixels,
        config.shift_reflect,
        config.alternate_flip,
        config.cutout,
        config.seed,
    )


def reader_for(level: Augmentation, preprocessing: Preprocessing) -> Reader:
    """How training photos are read for this level: the crop, or the whole for random crops."""
    if level in (Augmentation.NONE, Augmentation.LIGHT):
        return crop_reader(preprocessing)
    return whole_reader(preprocessing)


def transform_for(variation: Variation, preprocessing: Preprocessing) -> Any:
    """The transform of one photo: (3, H, W) uint8 -> (3, crop, crop) uint8. Where flips alternate,
    who calls it mirrors (see `Variation.first_flips`): the transform does not know the epoch.

    STANDARD is Inception's random crop and colour (Szegedy et al. 2015), milder, since small
    folders have little to spare, and without hue, which took ten times as long as all the rest;
    STRONG is TrivialAugment (Müller & Hutter 2021) and random erasing (Zhong et al. 2020);
    torchvision turns and shears no tensor bicubically, so that is bilinear then.
    """
    from torchvision.transforms import v2

    crop = preprocessing.crop
    mode = v2.InterpolationMode(preprocessing.interpolation)
    fill = [round(255 * value) for value in preprocessing.mean]
    level = variation.level
    if level is Augmentation.NONE:
        return v2.Identity()
    flip = [] if variation.alternate_flip else [v2.RandomHorizontalFlip()]
    square = [Cutout(variation.cutout, fill)] if variation.cutout else []
    if level is Augmentation.LIGHT:
        pixels = variation.shift_pixels
        if not pixels and not variation.shift_reflect:
            return v2.Compose([*flip, v2.RandomAffine(0, (SHIFT, SHIFT), fill=fill), *square])
        padding = pixels or round(SHIFT * crop)
        if variation.shift_reflect:
            shift = v2.RandomCrop(crop, padding=padding, padding_mode="reflect")
        else:
            shift = v2.RandomCrop(crop, padding=padding, fill=fill)
        return v2.Compose([*flip, shift, *square])
    if level is Augmentation.STANDARD:
        return v2.Compose(
            [
                v2.RandomResizedCrop(crop, (0.35, 1.0), interpolation=mode, antialias=True),
                *flip,
                v2.ColorJitter(0.2, 0.2, 0.2),
                *square,
            ]
        )
    cubic = mode is v2.InterpolationMode.BICUBIC
    warp = v2.InterpolationMode.BILINEAR if cubic else mode
    return v2.Compose(
        [
            v2.RandomResizedCrop(crop, (0.2, 1.0), interpolation=mode, antialias=True),
            *flip,
            v2.TrivialAugmentWide(interpolation=warp, fill=fill),
            v2.RandomErasing(p=0.25, value=fill),
            *square,
        ]
    )


class Cutout(nn.Module):
    """A square of one colour at a random place; its centre is anywhere in the photo, so that it
    may lie partly outside (DeVries & Taylor 2017).

    Args:
        side: in pixels. fill: the colour, three values of 0..255.
    """

    def __init__(self, side: int, fill: Sequence[int]) -> None:
        super().__init__()
        self._side = side
        self._fill = torch.tensor(fill, dtype=torch.uint8)[:, None, None]

    def forward(self, photo: Tensor) -> Tensor:
        """photo: (3, H, W) uint8; returns a copy with the square."""
        height, width = photo.shape[-2:]
        top = int(torch.randint(height, ())) - self._side // 2
        left = int(torch.randint(width, ())) - self._side // 2
        seen = photo.clone()
        rows = slice(max(0, top), max(0, top + self._side))
        columns = slice(max(0, left), max(0, left + self._side))
        seen[:, rows, columns] = self._fill
        return seen


@dataclass(frozen=True, slots=True)
class AugmentedPhoto:
    """A picture of the preview. path: the photo it was made from; variant: counted from 0."""

    path: str
    variant: int
    image: RgbImage


def preview_augmentation(
    paths: Sequence[Path],
    variation: Variation,
    preprocessing: Preprocessing,
    variants: int = 3,
    seed: int = 0,
) -> Iterator[AugmentedPhoto]:
    """What the network will really see: each photo in some variants, photo by photo.

    Run it in the training thread (it reseeds and draws from torch's global generator).

    Raises:
        ImageReadError: a photo cannot be read.
    """
    read = reader_for(variation.level, preprocessing)
    transform = transform_for(variation, preprocessing)
    for index, path in enumerate(paths):
        photo = to_tensor(read(path))
        for variant in range(variants):
            torch.manual_seed(step_seed(seed, index, variant))
            mirrored = variation.alternate_flip and variant % 2
            seen = transform(photo.flip(2) if mirrored else photo)
            seen = seen.permute(1, 2, 0).contiguous().numpy()
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
