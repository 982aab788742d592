"""The transforms of each level of augmentation but none. They need torchvision, whose import takes
more than a second: `augment` imports this module when a run augments photos one by one.
"""

from __future__ import annotations

from typing import Any

from torch import nn
from torchvision.transforms import v2

from resnet_gui.core.training.augment import SHIFT, Variation, mean_colour
from resnet_gui.core.zoo.spec import Preprocessing


def light(variation: Variation, preprocessing: Preprocessing) -> list[nn.Module]:
    """Mirrored and shifted (He et al. 2015, section 4.2)."""
    crop, pixels = preprocessing.crop, variation.shift_pixels
    fill = mean_colour(preprocessing)
    padding = pixels or round(SHIFT * crop)
    if variation.shift_reflect:
        shift = v2.RandomCrop(crop, padding=padding, padding_mode="reflect")
    elif pixels:
        shift = v2.RandomCrop(crop, padding=padding, fill=fill)
    else:
        shift = v2.RandomAffine(0, (SHIFT, SHIFT), fill=fill)
    return [*_flip(variation), shift]


def standard(variation: Variation, preprocessing: Preprocessing) -> list[nn.Module]:
    """Inception's random crop and colour (Szegedy et al. 2015), milder, since small folders have
    little to spare, and without hue, which took ten times as long as all the rest."""
    crop = _random_crop(preprocessing, 0.35)
    return [crop, *_flip(variation), v2.ColorJitter(0.2, 0.2, 0.2)]


def strong(variation: Variation, preprocessing: Preprocessing) -> list[nn.Module]:
    """TrivialAugment (Müller & Hutter 2021) and random erasing (Zhong et al. 2020); torchvision
    turns and shears no tensor bicubically, so that is bilinear then."""
    mode, fill = v2.InterpolationMode(preprocessing.interpolation), mean_colour(preprocessing)
    warp = v2.InterpolationMode.BILINEAR if mode is v2.InterpolationMode.BICUBIC else mode
    return [
        _random_crop(preprocessing, 0.2),
        *_flip(variation),
        v2.TrivialAugmentWide(interpolation=warp, fill=fill),
        v2.RandomErasing(p=0.25, value=fill),
    ]


def _flip(variation: Variation) -> list[nn.Module]:
    """Mirroring at random, unless it alternates."""
    return [] if variation.alternate_flip else [v2.RandomHorizontalFlip()]


def _random_crop(preprocessing: Preprocessing, smallest: float) -> Any:
    """A part of the photo, of at least this share of its area, at the network's size."""
    mode = v2.InterpolationMode(preprocessing.interpolation)
    return v2.RandomResizedCrop(
        preprocessing.crop, (smallest, 1.0), interpolation=mode, antialias=True
    )
