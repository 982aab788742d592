"""One sitting of a run: what is known before the loop, and the phases it opens. Needs torch."""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from resnet_gui.core.dataset.split import Split
from resnet_gui.core.errors import RunConfigError, RunMismatchError
from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.inference.hardware import Forward, autocast
from resnet_gui.core.nets.build import build_network, head_name
from resnet_gui.core.runs.augmentations import NONE
from resnet_gui.core.runs.checkpoint import (
    Progress,
    fit_weights,
    load_checkpoint,
    restore_optimizer,
)
from resnet_gui.core.runs.config import Method, RunConfig, Switch
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.runs.listing import HeldRun
from resnet_gui.core.system.documents import parse_json
from resnet_gui.core.system.memory import free_memory_bytes
from resnet_gui.core.system.tensor_files import write_tensors
from resnet_gui.core.training.augment import step_seed, variation_of
from resnet_gui.core.training.average import running_average
from resnet_gui.core.training.data.photos import (
    Features,
    FeatureSource,
    PhotoSource,
    Source,
    compute_features,
    resized,
)
from resnet_gui.core.training.data.tensor import LEVELS, TensorSource, tensor_bytes
from resnet_gui.core.training.network import (
    HEAD,
    NETWORK,
    backbone_hash,
    has_live_batchnorm,
    make_optimizer,
    set_train_mode,
    set_trainable,
    split_off_head,
    start_network,
    trained_parameters,
)
from resnet_gui.core.training.presets import head_recipe
from resnet_gui.core.zoo.spec import ModelEntry, Preprocessing

_SMALL = 2_000  # training photos; below, their BatchNorm statistics are worse than the backbone's
# A batch's last photos, if fewer, make no step where BatchNorm takes its statistics from the batch:
# those of one or two photos say nothing, move the running ones, and of one BatchNorm may refuse it.
_FEWEST_FOR_BATCHNORM = 3
_VAL_LARGEST = 32  # photos in one validation pass
_SMALL_SIDE, _SMALL_AT_ONCE = 64, 250  # up to this many pixels a side, more go through at once
# Progressive resizing: until this part of the epochs, this part of the side.
_SIDES = ((0.6, 0.5), (0.8, 0.75))
_FEATURES_KEY, _FAILURES_KEY = "resnet_gui_features", "failures"

# Called before each piece of a batch goes through the network, with epoch, step and number of
# photos. It may raise what a device raises, so that running out of memory can be rehearsed.
Guard = Callable[[int, int, int], None]


@dataclass(slots=True)
class Session:
    """What one sitting works with.

    Attributes:
        entry: the model that the run starts from.
        options: the architecture options of the model that it makes.
        root: the dataset's folder.
        precision, channels_last: resolved for the device, as in the run's first sitting.
        models: where the finished model goes.
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


class Phase:
    """A module that learns, its optimizer and its data.

    Attributes:
        name: "head" or "network". config: the settings that hold in it.
        module: the head alone, or the whole network, on the device.
        source: its data. indices: training photos to go through at every epoch.
        first_epoch, epochs: the run's epochs that belong to it.
        average: running average of the weights, if the run keeps one.
        fewest: photos that make a step; what is left over of an epoch, if fewer, waits for the
            next one's order. forward: evaluation passes.
        backbone: hash of the backbone ("" in the phase "network").
    """

    def __init__(
        self, session: Session, name: str, module: nn.Module, source: Source, backbone: str
    ) -> None:
        config, kind = session.phase_config(name), session.device.kind
        self.name = name
        self.config = config
        self.module = module
        self.source = source
        self.backbone = backbone
        self.first_epoch, self.epochs = session.phase_epochs(name)
        self.forward = Forward(kind, session.precision if name == NETWORK else "fp32", _VAL_LARGEST)
        self.indices = source.trainable
        prefix = "" if name == HEAD else head_name(module) + "."
        self.optimizer = make_optimizer(module, prefix, config)
        self.scaler = torch.amp.GradScaler(
            kind.split(":", maxsplit=1)[0], enabled=self.forward.precision == "fp16"
        )
        self.average = (
            running_average(module, config.ema_decay)
            if name == NETWORK and config.ema_decay
            else None
        )
        self._freeze = session.freeze_batchnorm
        self._batch_size = config.batch_size
        self._seed = config.seed
        self.train_mode()
        live = has_live_batchnorm(module)
        fewest = min(_FEWEST_FOR_BATCHNORM, config.batch_size, max(1, len(self.indices)))
        self.fewest = fewest if live else 1

    @property
    def steps(self) -> int:
        """Optimizer steps per epoch."""
        full, rest = divmod(len(self.indices), self._batch_size)
        return full + (rest >= self.fewest)

    def order(self, epoch: int) -> list[list[int]]:
        """The batches of an epoch, as indices; the same for the same seed and epoch."""
        generator = torch.Generator().manual_seed(step_seed(self._seed, epoch, -1))
        mixed = torch.randperm(len(self.indices), generator=generator).tolist()
        size = self._batch_size
        return [
            [self.indices[i] for i in mixed[step * size : (step + 1) * size]]
            for step in range(self.steps)
        ]

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
        self.source.close()


def open_phase(
    session: Session, progress: Progress, carried: Phase | None = None
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
    name = session.phase_of(progress.epoch + 1)
    weights: dict[str, Tensor] = {}
    states: dict[str, Tensor] = {}
    average: dict[str, Tensor] = {}
    if progress.epoch:
        # The rest goes on from the best head, not from the last one.
        last = load_checkpoint(session.run.last if progress.phase == name else session.run.best)
        weights, states, average = last.weights, last.optimizer, last.average
    same_phase = progress.phase == name
    yield Preparing("model", 0, 0)
    network, backbone = _network(session, progress, name, weights)
    if name == HEAD:
        network.eval()
        head = split_off_head(network)
        features: Features | None = load_features(session, backbone)
        if features is None:
            for item in _features(session, network):
                if isinstance(item, Features):
                    features = item
                else:
                    yield item
            assert features is not None  # compute_features yields it last
            save_features(session, backbone, features)
        del network  # its memory is better spent on features
        module: nn.Module = head.to(session.device.kind)
        module.requires_grad_(True)
        source: Source = FeatureSource(features, session.split, session.device.kind)
    else:
        module = _to_device(session, network)
        set_trainable(module, session.config, name)
        photos = _photo_source(session)
        try:
            yield from photos.fill()
        except BaseException:
            photos.close()
            raise
        source = photos
        if session.config.pixel_mean and not progress.epoch:
            _set_pixel_mean(module, photos)
    phase = Phase(session, name, module, source, backbone)
    if same_phase and states:
        restore_optimizer(phase.optimizer, phase.parameters(), states)
        if progress.scaler:
            phase.scaler.load_state_dict(progress.scaler)
        if phase.average is not None and average:
            phase.average.load_state_dict(average)
    if carried is not None:
        carried.close()
        gc.collect()
    yield phase


def _network(
    session: Session, progress: Progress, phase: str, weights: dict[str, Tensor]
) -> tuple[nn.Module, str]:
    """The network on the CPU with the checkpoint's weights, and its backbone's hash in phase
    "head" (or "")."""
    classes = len(session.split.classes)
    if progress.epoch and progress.phase == NETWORK:
        # All weights are in the checkpoint: the start model may be gone.
        network = build_network(session.entry.spec.architecture, classes, session.options)
        fit_weights(network, weights, session.run.path)
        return network, ""
    network = start_network(session.entry, classes, session.config)
    if not progress.epoch:
        return network, backbone_hash(network) if phase == HEAD else ""
    found = backbone_hash(network)
    if found != progress.backbone:
        raise RunMismatchError(
            session.run.path, "backbone", progress.backbone[:12], f"{found[:12]}"
        )
    fit_weights(network.get_submodule(head_name(network)), weights, session.run.path)
    return network, found if phase == HEAD else ""


def _to_device(session: Session, network: nn.Module) -> nn.Module:
    layout = torch.channels_last if session.channels_last else torch.contiguous_format
    # nn.Module.to takes a memory format, which its type stub does not say
    return network.to(device=session.device.kind, memory_format=layout)  # type: ignore[call-overload, no-any-return]


def _features(session: Session, network: nn.Module) -> Iterator[Preparing | Features]:
    kind = session.device.kind
    yield from compute_features(
        _to_device(session, network),
        session.root,
        session.split,
        session.preprocessing,
        kind,
        session.channels_last,
        Forward(kind, session.precision, _VAL_LARGEST),
    )


def _photo_source(session: Session) -> PhotoSource | TensorSource:
    """All photos in one tensor where they fit and a batch can be augmented at once; else photo by
    photo."""
    config, split = session.config, session.split
    budget = config.memory_mb * 2**20 or free_memory_bytes() // 2
    variation = variation_of(config)
    values = (
        session.root, split, session.preprocessing, variation, session.device.kind,
        session.channels_last,
    )  # fmt: skip
    photos = len(split.train) + len(split.val)
    needed = tensor_bytes(photos, session.preprocessing.crop, variation)
    if config.augmentation in LEVELS and needed <= budget:
        at_once = _SMALL_AT_ONCE if session.preprocessing.crop <= _SMALL_SIDE else _VAL_LARGEST
        return TensorSource(*values, at_once)
    return PhotoSource(*values, budget, _VAL_LARGEST)


def _set_pixel_mean(network: nn.Module, photos: PhotoSource | TensorSource) -> None:
    if not isinstance(photos, TensorSource):
        raise RunConfigError(
            "pixel_mean",
            "The mean photo needs all photos in memory, and no augmentation but “light”.",
            "Raise memory_mb, choose augmentation=light, or turn pixel_mean off.",
        )
    mean = network.get_submodule("pixel_mean").get_buffer("mean")
    mean.copy_(resized(photos.mean_photo()[None], mean.shape[-1])[0])


def save_features(session: Session, backbone: str, features: Features) -> None:
    """Keep features in the run's directory, so that resuming takes no second pass."""
    tensors = {
        "train": features.train.contiguous(),
        "train_indices": features.train_indices,
        "val": features.val.contiguous(),
        "val_indices": features.val_indices,
    }
    # As one JSON value: the names of files may hold bytes that are no text.
    failures = {_FAILURES_KEY: json.dumps(features.failures)}
    # They can be computed again: a full disk is left to what cannot.
    with contextlib.suppress(OSError):
        write_tensors(session.run.features, tensors, {_FEATURES_KEY: backbone, **failures})


def load_features(session: Session, backbone: str) -> Features | None:
    """The kept features, or None if there are none that fit (they can be computed again)."""
    try:
        with safe_open(session.run.features, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get(_FEATURES_KEY) != backbone:
                return None
            failures = parse_json(metadata[_FAILURES_KEY])
            names = ("train", "train_indices", "val", "val_indices")
            # clone: aligned as the first sitting's were, so that results are equal to the last bit
            tensors = [file.get_tensor(name).clone() for name in names]
            failed = tuple((str(path), str(message)) for path, message in failures)
    except (OSError, SafetensorError, LookupError, TypeError, ValueError):
        return None
    return Features(tensors[0], tensors[1], tensors[2], tensors[3], failed)
