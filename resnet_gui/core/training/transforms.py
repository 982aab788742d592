"""The transforms of each level of augmentation but none. They need torchvision, whose import takes
more than a second: `augment` imports this module when a run augments photos one by one.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torchvision.transforms import v2

from resnet_gui.core.training.augment import SHIFT, Drawing, Variation, mean_colour
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
    return [crop, *_flip(variation), ColourJitter(0.2)]


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


class RandomCrop(Drawing):
    """A part of the photo at another size: torchvision's RandomResizedCrop, equal to the last bit.

    Args:
        side: of what comes out, in pixels. smallest: share of the photo's area, at least.
        mode: how it is resized.
    """

    # The part is at most so many times as wide as high, and as high as wide.
    _LOG_RATIO: tuple[float, float] = tuple(torch.log(torch.tensor([3 / 4, 4 / 3])).tolist())

    def __init__(self, side: int, smallest: float, mode: v2.InterpolationMode) -> None:
        super().__init__()
        self._side, self._smallest, self._mode = side, smallest, mode

    def forward(self, photo: Tensor, draw: torch.Generator) -> Tensor:
        top, left, height, width = self._box(photo.shape[-2], photo.shape[-1], draw)
        # The function for tensors, not the one that first asks what it was given.
        seen: Tensor = v2.functional.resized_crop_image(
            photo, top, left, height, width, [self._side, self._side], self._mode, antialias=True
        )
        return seen

    def _box(self, height: int, width: int, draw: torch.Generator) -> tuple[int, int, int, int]:
        for _ in range(10):
            area = height * width * uniform(self._smallest, 1.0, draw).item()
            ratio = uniform(*self._LOG_RATIO, draw).exp().item()
            w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < w <= width and 0 < h <= height:
                top = int(torch.randint(0, height - h + 1, (1,), generator=draw))
                left = int(torch.randint(0, width - w + 1, (1,), generator=draw))
                return top, left, h, w
        # A photo far from square: the largest part in its middle.
        w, h = min(width, round(height * 4 / 3)), min(height, round(width / (3 / 4)))
        return (height - h) // 2, (width - w) // 2, h, w


class RandomMirror(Drawing):
    """Every second photo mirrored, as torchvision's RandomHorizontalFlip."""

    def forward(self, photo: Tensor, draw: torch.Generator) -> Tensor:
        return photo.flip(-1) if torch.rand(1, generator=draw) < 0.5 else photo


class ColourJitter(Drawing):
    """torchvision's ColorJitter, without hue, equal to the last bit in half the time: between the
    changes a photo stays float32 (torchvision makes it uint8 after each), and all are made in
    place.

    Args:
        strength: brightness, contrast and saturation are multiplied by 1 - strength to
            1 + strength.
    """

    def __init__(self, strength: float) -> None:
        super().__init__()
        self._least, self._most = max(0.0, 1 - strength), 1 + strength

    def forward(self, photo: Tensor, draw: torch.Generator) -> Tensor:
        """photo: (3, H, W) uint8; returns a changed copy of it."""
        order = torch.randperm(4, generator=draw).tolist()
        factors = [uniform(self._least, self._most, draw).item() for _ in range(3)]
        x = photo.to(torch.float32, copy=True)
        for number in order:
            if number == 3:  # hue
                continue
            if number == 0:
                x.mul_(factors[0])
            elif number == 1:
                mean = _grey(x).mean((-3, -2, -1), keepdim=True)
                x.mul_(factors[1]).add_(mean, alpha=1.0 - factors[1])
            else:
                grey = _grey(x)
                x.mul_(factors[2]).add_(grey, alpha=1.0 - factors[2])
            x.clamp_(0, 255).floor_()
        # By way of int16: torch goes from float32 to uint8 one number at a time.
        return x.to(torch.int16).to(torch.uint8)


def uniform(low: float, high: float, draw: torch.Generator) -> Tensor:
    """(1,) float32, drawn from low to high."""
    return torch.empty(1).uniform_(low, high, generator=draw)


def _grey(x: Tensor) -> Tensor:
    """x: (3, H, W) float32 -> its brightness, (1, H, W), as whole numbers; as in torchvision."""
    red, green, blue = x.unbind(0)
    grey = red.mul(0.2989).add_(green, alpha=0.587).add_(blue, alpha=0.114)
    return grey.floor_()[None]


def _flip(variation: Variation) -> list[nn.Module]:
    """Mirroring at random, unless it alternates."""
    return [] if variation.alternate_flip else [RandomMirror()]


def _random_crop(preprocessing: Preprocessing, smallest: float) -> RandomCrop:
    """A part of the photo, of at least this share of its area, at the network's size."""
    return RandomCrop(
        preprocessing.crop, smallest, v2.InterpolationMode(preprocessing.interpolation)
    )
