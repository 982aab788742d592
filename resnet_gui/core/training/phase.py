"""What learns in a part of a run: the head alone, or the whole network; its optimizer and its data.
Needs torch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from resnet_gui.core.errors import RunMismatchError
from resnet_gui.core.inference.hardware import Forward, autocast
from resnet_gui.core.nets.build import build_network, head_name
from resnet_gui.core.runs.checkpoint import (
    Progress,
    checkpoint_tensors,
    fit_weights,
    load_checkpoint,
    restore_optimizer,
)
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.runs.schedules import learning_rate
from resnet_gui.core.system import garbage
from resnet_gui.core.system.allocator import keeping_freed_memory
from resnet_gui.core.system.memory import free_memory_bytes
from resnet_gui.core.training.augment import step_seed, variation_of
from resnet_gui.core.training.average import RunningAverage
from resnet_gui.core.training.data.features import Features, FeatureSource
from resnet_gui.core.training.data.photos import PhotoSource
from resnet_gui.core.training.data.source import Source, resized
from resnet_gui.core.training.data.tensor import LEVELS, TensorSource
from resnet_gui.core.training.kept_features import features_of
from resnet_gui.core.training.network import (
    backbone_hash,
    has_live_batchnorm,
    head_width,
    make_optimizer,
    set_train_mode,
    set_trainable,
    split_off_head,
    start_network,
    trained_parameters,
)
from resnet_gui.core.training.setup import HEAD, NETWORK, Setup
from resnet_gui.core.training.workers import ALONE

# A batch's last photos, if fewer, make no step where BatchNorm takes its statistics from the batch:
# those of one or two photos say nothing, move the running ones, and of one BatchNorm may refuse it.
_FEWEST_FOR_BATCHNORM = 3
_VAL_LARGEST = 32  # photos in one validation pass
_SMALL_SIDE, _SMALL_AT_ONCE = 64, 250  # up to this many pixels a side, more go through at once


class Phase:
    """A module that learns, its optimizer and its data.

    Attributes:
        name: "head" or "network". config: the settings that hold in it.
        module: the head alone, or the whole network, on the device.
        source: its data. indices: training photos to go through at every epoch.
        first_epoch, epochs: the run's epochs that belong to it.
        average: running average of the weights, if the run keeps one.
        fewest: photos that make a step, of each process that trains; what is left over of an
            epoch, if fewer, waits for the next one's order. forward: evaluation passes.
        backbone: hash of the backbone ("" in the phase "network").
        workers: the processes that learn in it. A head on kept features is the leader's alone: an
            epoch of it takes less time than telling the others what to do.
        live_batchnorm: whether any BatchNorm takes its statistics from the batch.
        gradients: what adds theirs up; None: there is one process.
    """

    def __init__(
        self, setup: Setup, name: str, module: nn.Module, source: Source, backbone: str
    ) -> None:
        config, kind = setup.phase_config(name), setup.device.kind
        self.name = name
        self.config = config
        self.module = module
        self.source = source
        self.backbone = backbone
        self.workers = setup.workers if name == NETWORK else ALONE
        self.first_epoch, self.epochs = setup.phase_epochs(name)
        self.forward = Forward(kind, setup.precision if name == NETWORK else "fp32", _VAL_LARGEST)
        self.indices = source.trainable
        prefix = "" if name == HEAD else head_name(module) + "."
        self.optimizer = make_optimizer(module, prefix, config)
        self.scaler = torch.amp.GradScaler(
            kind.split(":", maxsplit=1)[0], enabled=self.forward.precision == "fp16"
        )
        self.average = (
            RunningAverage(module, config.ema_decay)
            if name == NETWORK and config.ema_decay
            else None
        )
        self._freeze = setup.freeze_batchnorm
        self._batch_size = config.batch_size
        self._seed = config.seed
        self._open = contextlib.ExitStack()
        self._open.callback(source.close)
        self.train_mode()
        self.live_batchnorm = has_live_batchnorm(module)
        # Of several processes each takes BatchNorm's statistics from its share.
        size = self.workers.size
        least = min(config.batch_size // size, len(self.indices) // size)
        self.fewest = min(_FEWEST_FOR_BATCHNORM, max(1, least)) if self.live_batchnorm else 1
        learning = [parameter for _, parameter in self.parameters()]
        self.gradients = self.workers.gradients(learning)
        if self.gradients is not None:
            self._open.callback(self.gradients.close)

    @property
    def steps(self) -> int:
        """Optimizer steps per epoch."""
        full, rest = divmod(len(self.indices), self._batch_size)
        return full + (rest >= (self.fewest * self.workers.size if self.live_batchnorm else 1))

    def order(self, epoch: int) -> list[list[int]]:
        """The batches of an epoch, as indices; the same for the same seed and epoch."""
        generator = torch.Generator().manual_seed(step_seed(self._seed, epoch, -1))
        mixed = torch.randperm(len(self.indices), generator=generator).tolist()
        size = self._batch_size
        return [
            [self.indices[i] for i in mixed[step * size : (step + 1) * size]]
            for step in range(self.steps)
        ]

    def set_learning_rate(self, epoch: int, number: int, scale: float) -> float:
        """Set all groups' rates for a step (from 0) of the epoch; returns the head's.

        Args:
            scale: of `PlateauState`.
        """
        step = (epoch - self.first_epoch) * self.steps + number
        rate = 0.0
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(
                self.config, group["peak_lr"], step, self.steps, self.epochs, scale
            )
            rate = max(rate, group["lr"])
        return rate

    def train_mode(self) -> None:
        if self.name == HEAD:
            self.module.train()
        else:
            set_train_mode(self.module, self._freeze)

    @property
    def judged(self) -> nn.Module:
        """What is validated and saved: the average of the weights if there is one."""
        return self.module if self.average is None else self.average.module

    def average_state(self) -> dict[str, Tensor]:
        return {} if self.average is None else self.average.state_dict()

    def autocast(self) -> Any:
        return autocast(self.forward.device_kind, self.forward.precision)

    def parameters(self) -> list[tuple[str, Tensor]]:
        return list(trained_parameters(self.module))

    def close(self) -> None:
        """Let go of the pixels and threads."""
        self._open.close()

    def begin(self) -> None:
        """All is in memory; what comes now are steps."""
        if self.name == NETWORK and self.forward.device_kind == "cpu":
            share = free_memory_bytes() // 4 // self.workers.local_size
            self._open.enter_context(keeping_freed_memory(share))


def open_phase(
    setup: Setup, progress: Progress, carried: Phase | None = None
) -> Iterator[Preparing | Phase]:
    """Build the phase of the next epoch, with the checkpoint's weights and optimizer if it was
    saved in this phase.

    Args:
        carried: the phase before, in the same sitting; its head goes on learning.

    Yields:
        Preparing, and the Phase last.

    Raises:
        ModelError: the start model cannot be loaded.
        RunMismatchError: the head in the checkpoint was made for another backbone.
        RunError: the checkpoint is damaged.
    """
    name = setup.phase_of(progress.epoch + 1)
    weights: dict[str, Tensor] = {}
    states: dict[str, Tensor] = {}
    average: dict[str, Tensor] = {}
    if progress.epoch:
        # The rest goes on from the best head, not from the last one.
        last = load_checkpoint(setup.run.last if progress.phase == name else setup.run.best)
        weights, states, average = last.weights, last.optimizer, last.average
    same_phase = progress.phase == name
    yield Preparing("model", 0, 0)
    network, backbone = _network(setup, progress, name, weights)
    if name == HEAD:
        network.eval()
        head = split_off_head(network)
        width = head_width(head)
        forward = Forward(setup.device.kind, setup.precision, _VAL_LARGEST)
        features: Features | None = None
        for item in features_of(setup, network, backbone, width, forward):
            if isinstance(item, Features):
                features = item
            else:
                yield item
        assert features is not None  # features_of yields it last
        del network  # its memory is better spent on features
        module: nn.Module = head.to(setup.device.kind)
        module.requires_grad_(True)
        source: Source = FeatureSource(features, setup.split, setup.device.kind)
    else:
        setup.workers.order("phase")
        module = to_device(setup, network)
        set_trainable(module, setup.config, name)
        photos = photo_source(setup)
        try:
            yield from photos.fill()
            if setup.config.pixel_mean and not progress.epoch:
                assert isinstance(photos, TensorSource)  # `start_entry` has seen to it
                mean = module.get_submodule("pixel_mean").get_buffer("mean")
                mean.copy_(resized(photos.mean_photo()[None], mean.shape[-1])[0])
            photos.share_failures()  # last: the mean reads photos, too
        except BaseException:
            photos.close()
            raise
        source = photos
    phase = Phase(setup, name, module, source, backbone)
    if same_phase and states:
        restore(phase, progress, states, average, setup.run.path)
    if name == NETWORK:
        setup.workers.hand_over(
            lambda: checkpoint_tensors(
                module.state_dict(), phase.optimizer, phase.parameters(), phase.average_state()
            ),
            {**progress.to_json(), "photos": len(source.trainable)},
        )
    if carried is not None:
        carried.close()
        garbage.collect()
    phase.begin()
    yield phase


def _network(
    setup: Setup, progress: Progress, phase: str, weights: dict[str, Tensor]
) -> tuple[nn.Module, str]:
    """The network on the CPU with the checkpoint's weights, and its backbone's hash in phase
    "head" (or "")."""
    classes = len(setup.split.classes)
    if progress.epoch and progress.phase == NETWORK:
        # All weights are in the checkpoint: the start model may be gone.
        network = build_network(setup.entry.spec.architecture, classes, setup.options)
        fit_weights(network, weights, setup.run.path)
        return network, ""
    network = start_network(setup.entry, classes, setup.config)
    if not progress.epoch:
        return network, backbone_hash(network) if phase == HEAD else ""
    found = backbone_hash(network)
    if found != progress.backbone:
        raise RunMismatchError(setup.run.path, "backbone", progress.backbone[:12], f"{found[:12]}")
    fit_weights(network.get_submodule(head_name(network)), weights, setup.run.path)
    return network, found if phase == HEAD else ""


def restore(
    phase: Phase,
    progress: Progress,
    states: dict[str, Tensor],
    average: dict[str, Tensor],
    run: Path,
) -> None:
    """Give a phase, whose weights are there, what else a checkpoint of it holds.

    Raises:
        RunError: it was not made for this phase. `run` is the run's directory.
    """
    restore_optimizer(phase.optimizer, phase.parameters(), states, run)
    if progress.scaler:
        phase.scaler.load_state_dict(progress.scaler)
    if phase.average is not None and average:
        fit_weights(phase.average, average, run)


def to_device(setup: Setup, network: nn.Module) -> nn.Module:
    """The network on the run's device, in its memory layout."""
    layout = torch.channels_last if setup.channels_last else torch.contiguous_format
    # nn.Module.to takes a memory format, which its type stub does not say
    return network.to(device=setup.device.kind, memory_format=layout)  # type: ignore[call-overload, no-any-return]


def photo_source(setup: Setup) -> PhotoSource | TensorSource:
    """A batch at once where the augmentation can be done so; else photo by photo. How much memory
    there is makes no difference to what the network sees."""
    config = setup.config
    budget = config.memory_mb * 2**20 or free_memory_bytes() // 2 // setup.workers.local_size
    values = (
        setup.root, setup.split, setup.preprocessing, variation_of(config), setup.device.kind,
        setup.channels_last, budget,
    )  # fmt: skip
    if config.augmentation in LEVELS:
        at_once = _SMALL_AT_ONCE if setup.preprocessing.crop <= _SMALL_SIDE else _VAL_LARGEST
        return TensorSource(*values, at_once, setup.workers)
    return PhotoSource(*values, _VAL_LARGEST, setup.workers)
