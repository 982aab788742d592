"""Augmentation: photos as the network sees them while it trains. This module needs torch.

torch's global generator belongs to the network that learns (dropout) meanwhile, in another thread.
So transforms draw from one of their own: ours are given it, others get it by `drawing_from`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from resnet_gui.core.events import RgbImage
from resnet_gui.core.inference.tensors import to_tensor
from resnet_gui.core.photos.store import Reader
from resnet_gui.core.runs.augmentations import AUGMENTATIONS, NONE
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.zoo.spec import Preprocessing

SHIFT = 0.1  # of the side, where no number of pixels is given


@dataclass(frozen=True, slots=True)
class Variation:
    """How training photos are varied: the fields of RunConfig that say so, and their meaning.

    Attributes:
        level: its name in AUGMENTATIONS. shift_pixels, shift_reflect: of light.
        alternate_flip, cutout: of all levels but none.
        seed: decides which photos are mirrored first, where flips alternate.
    """

    level: str = NONE
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
    if config.augmentation == NONE:
        return Variation()
    return Variation(
        config.augmentation,
        config.shift_pixels,
        config.shift_reflect,
        config.alternate_flip,
        config.cutout,
        config.seed,
    )


def reader_for(level: str, preprocessing: Preprocessing) -> Reader:
    """How training photos are read for this level."""
    return AUGMENTATIONS[level].reader(preprocessing)


class Drawing(nn.Module):
    """A transform that draws from the generator that it is given. (What is no such transform may
    draw, too, but each call of torch in it takes some microseconds longer then: a fifth of the time
    of a photo of the level standard.)"""

    def forward(self, photo: Tensor, draw: torch.Generator) -> Tensor:
        """photo: (3, H, W) uint8; returns another one, or the same one untouched."""
        raise NotImplementedError


class Transform:
    """Transforms one after the other."""

    def __init__(self, steps: Sequence[nn.Module]) -> None:
        self._steps = tuple(steps)

    def __call__(self, photo: Tensor, seed: int) -> Tensor:
        """photo: (3, H, W) uint8; the seed decides what is drawn, and the seed alone."""
        draw = torch.Generator().manual_seed(seed)
        for step in self._steps:
            if isinstance(step, Drawing):
                photo = step(photo, draw)
            else:
                with drawing_from(draw):
                    photo = step(photo)
        return photo


def transform_for(variation: Variation, preprocessing: Preprocessing) -> Transform:
    """The transform of one photo: (3, H, W) uint8 -> (3, crop, crop) uint8. Where flips alternate,
    who calls it mirrors (see `Variation.first_flips`): the transform does not know the epoch."""
    steps = []
    if name := AUGMENTATIONS[variation.level].steps:
        module, _, function = name.partition(":")
        steps += getattr(importlib.import_module(module), function)(variation, preprocessing)
    if variation.cutout:
        steps.append(Cutout(variation.cutout, mean_colour(preprocessing)))
    return Transform(steps)


def mean_colour(preprocessing: Preprocessing) -> list[int]:
    """The colour that is zero after normalisation, three values of 0..255."""
    return [round(255 * value) for value in preprocessing.mean]


class Cutout(Drawing):
    """A square of one colour at a random place; its centre is anywhere in the photo, so that it
    may lie partly outside (DeVries & Taylor 2017).

    Args:
        side: in pixels. fill: the colour, three values of 0..255.
    """

    def __init__(self, side: int, fill: Sequence[int]) -> None:
        super().__init__()
        self._side = side
        self._fill = torch.tensor(fill, dtype=torch.uint8)[:, None, None]

    def forward(self, photo: Tensor, draw: torch.Generator) -> Tensor:
        """photo: (3, H, W) uint8; returns a copy with the square."""
        height, width = photo.shape[-2:]
        top = int(torch.randint(height, (), generator=draw)) - self._side // 2
        left = int(torch.randint(width, (), generator=draw)) - self._side // 2
        seen = photo.clone()
        rows = slice(max(0, top), max(0, top + self._side))
        columns = slice(max(0, left), max(0, left + self._side))
        seen[:, rows, columns] = self._fill
        return seen


# The functions that draw and take a generator; what torch.rand_like and its like draw, no level of
# augmentation may use.
_DRAWS = frozenset({
    torch.bernoulli, torch.multinomial, torch.normal, torch.rand, torch.randint, torch.randn,
    torch.randperm, Tensor.bernoulli, Tensor.bernoulli_, Tensor.cauchy_, Tensor.exponential_,
    Tensor.geometric_, Tensor.log_normal_, Tensor.multinomial, Tensor.normal_, Tensor.random_,
    Tensor.uniform_,
})  # fmt: skip


class drawing_from(TorchFunctionMode):  # noqa: N801 - used like a function
    """Inside this, what draws at random in this thread draws from this generator: the same numbers
    as from the global one in its state.

    Args:
        draw: the generator, or the seed of one.
    """

    def __init__(self, draw: int | torch.Generator) -> None:
        super().__init__()
        seeded = torch.Generator().manual_seed(draw) if isinstance(draw, int) else draw
        self._generator = seeded

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func in _DRAWS and kwargs.get("generator") is None:
            kwargs = {**kwargs, "generator": self._generator}
        return func(*args, **kwargs)


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

    Raises:
        ImageReadError: a photo cannot be read.
    """
    read = reader_for(variation.level, preprocessing)
    transform = transform_for(variation, preprocessing)
    for index, path in enumerate(paths):
        photo = to_tensor(read(path))
        for variant in range(variants):
            mirrored = variation.alternate_flip and variant % 2
            turned = photo.flip(2) if mirrored else photo
            varied = transform(turned, step_seed(seed, index, variant))
            seen = varied.permute(1, 2, 0).contiguous().numpy()
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
