"""What a sitting of a run works with, known before its first epoch. A run has one sitting, and one
more each time that it is resumed. No torch here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet_gui.core.dataset.split import Split
from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.runs.augmentations import NONE
from resnet_gui.core.runs.config import Method, RunConfig, Switch
from resnet_gui.core.runs.listing import HeldRun
from resnet_gui.core.training.presets import head_recipe
from resnet_gui.core.training.workers import ALONE, Workers
from resnet_gui.core.zoo.spec import ModelEntry, Preprocessing

HEAD, NETWORK = "head", "network"  # the phases of a run
_SMALL = 2_000  # training photos; below, their BatchNorm statistics are worse than the backbone's
# Progressive resizing: until this part of the epochs, this part of the side.
_SIDES = ((0.6, 0.5), (0.8, 0.75))

# Called before each piece of a batch goes through the network, with epoch, step and number of
# photos. It may raise what a device raises, so that running out of memory can be rehearsed.
Guard = Callable[[int, int, int], None]


@dataclass(slots=True)
class Setup:
    """Everything that is decided and checked.

    Attributes:
        entry: the model that the run starts from.
        options: the architecture options of the model that it makes.
        root: the dataset's folder.
        precision, channels_last: resolved for the device, as in the run's first sitting.
        models: where the finished model goes.
        workers: the processes that train it together.
    """

    run: HeldRun
    config: RunConfig
    split: Split
    root: Path
    entry: ModelEntry
    options: dict[str, Any]
    preprocessing: Preprocessing
    device: DeviceInfo
    precision: str
    channels_last: bool
    models: Path
    guard: Guard | None = None
    workers: Workers = ALONE

    @property
    def freeze_batchnorm(self) -> bool:
        """Whether BatchNorm keeps its running statistics (never from scratch: there are none)."""
        if self.config.freeze_batchnorm is not Switch.AUTO:
            return self.config.freeze_batchnorm is Switch.ON
        return self.config.method is not Method.SCRATCH and len(self.split.train) < _SMALL

    def phase_of(self, epoch: int) -> str:
        """The phase of an epoch (from 1): "head" on cached features, or "network"."""
        config = self.config
        if config.method is Method.PROGRESSIVE:
            return HEAD if epoch <= config.head_epochs else NETWORK
        cached = config.cache_features and config.augmentation == NONE
        return HEAD if config.method is Method.HEAD and cached else NETWORK

    def input_side(self, epoch: int) -> int:
        """Side of the network's input in an epoch (from 1)."""
        return input_side(self.config, self.preprocessing.crop, epoch)

    def phase_config(self, phase: str) -> RunConfig:
        """The settings of a phase: of progressive the head's may be those of the preset "fast"."""
        config = self.config
        if phase == HEAD and config.method is Method.PROGRESSIVE and config.fast_head:
            return config.replace(
                **head_recipe(len(self.split.train)), label_smoothing=0.0, accumulate=1
            )
        return config

    def phase_epochs(self, phase: str) -> tuple[int, int]:
        """First epoch (from 1) of a phase and how many it has."""
        config = self.config
        if config.method is not Method.PROGRESSIVE:
            return 1, config.epochs
        if phase == HEAD:
            return 1, config.head_epochs
        return config.head_epochs + 1, config.epochs - config.head_epochs


def input_side(config: RunConfig, side: int, epoch: int) -> int:
    """Side of the network's input in an epoch (from 1), of `side` at full size."""
    if not config.progressive_resizing or config.method is not Method.SCRATCH:
        return side
    progress = (epoch - 1) / config.epochs
    return next((round(side * share) for end, share in _SIDES if progress < end - 1e-9), side)
