"""The transforms of each level of augmentation but none. They need torchvision, whose import takes
more than a second: `augment` imports this module when a run augments photos one by one.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
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
    return [crop, *_flip(variation), ColourJitter(0.2, 0.2, 0.2)]


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


class ColourJitter(v2.ColorJitter):  # type: ignore[misc]  # torchvision has no types
    """torchvision's, without hue, equal to the last bit in half the time: between the changes a
    photo stays float32 (torchvision makes it uint8 after each), and all are made in place.
    """

    def forward(self, photo: Tensor) -> Tensor:
        """photo: (3, H, W) uint8; returns a changed copy of it."""
        drawn = self.make_params([photo])
        x = photo.to(torch.float32, copy=True)
        for number in drawn["fn_idx"].tolist():
            if number == 0:
                x.mul_(drawn["brightness_factor"])
            elif number == 1:
                factor = drawn["contrast_factor"]
                mean = _grey(x).mean((-3, -2, -1), keepdim=True)
                x.mul_(factor).add_(mean, alpha=1.0 - factor)
            elif number == 2:
                grey, factor = _grey(x), drawn["saturation_factor"]
                x.mul_(factor).add_(grey, alpha=1.0 - factor)
            x.clamp_(0, 255).floor_()
        # By way of int16: torch goes from float32 to uint8 one number at a time.
        return x.to(torch.int16).to(torch.uint8)


def _grey(x: Tensor) -> Tensor:
    """x: (3, H, W) float32 -> its brightness, (1, H, W), as whole numbers; as in torchvision."""
    red, green, blue = x.unbind(0)
    grey = red.mul(0.2989).add_(green, alpha=0.587).add_(blue, alpha=0.114)
    return grey.floor_()[None]


def _flip(variation: Variation) -> list[nn.Module]:
    """Mirroring at random, unless it alternates."""
    return [] if variation.alternate_flip else [v2.RandomHorizontalFlip()]


def _random_crop(preprocessing: Preprocessing, smallest: float) -> Any:
    """A part of the photo, of at least this share of its area, at the network's size."""
    mode = v2.InterpolationMode(preprocessing.interpolation)
    return v2.RandomResizedCrop(
        preprocessing.crop, (smallest, 1.0), interpolation=mode, antialias=True
    )
