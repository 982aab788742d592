"""What a run will take: a short measurement on this machine, extrapolated. Needs torch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import nn

from resnet_gui.core.dataset import DatasetSummary
from resnet_gui.core.dataset.split import Split, make_split
from resnet_gui.core.errors import ImageReadError
from resnet_gui.core.inference.feature_cache import photo_keys
from resnet_gui.core.inference.hardware import autocast, is_out_of_memory, release_memory
from resnet_gui.core.nets.build import head_name
from resnet_gui.core.photos.store import exact_reader, workers
from resnet_gui.core.runs.augmentations import NONE
from resnet_gui.core.runs.config import Method, RunConfig
from resnet_gui.core.runs.events import Estimated, Preparing
from resnet_gui.core.system.memory import free_memory_bytes
from resnet_gui.core.training.api import hardware_for, preprocessing_for, start_entry
from resnet_gui.core.training.augment import reader_for
from resnet_gui.core.training.feature_ways import TORCH_COST, Conditions, ways_for
from resnet_gui.core.training.input_size import check_input_size
from resnet_gui.core.training.kept_features import cheapest
from resnet_gui.core.training.network import (
    backbone_hash,
    head_width,
    set_train_mode,
    set_trainable,
    start_network,
)
from resnet_gui.core.training.setup import NETWORK, input_side
from resnet_gui.core.zoo import Preprocessing, Zoo

_PHOTOS = 6
_LOOKED_UP = 500  # photos; that many tell how many have features already
_MEASURED_BATCH, _MEASURED_SIDE = 4, 224
_BASE_MB = 700  # torch and the program itself
_HEAD_STEP_S = 0.0012


def estimate(
    config: RunConfig, summary: DatasetSummary, *, zoo: Zoo | None = None
) -> Iterator[Preparing | Estimated]:
    """Time and memory of a run: a few photos are read, a few steps are tried, nothing is kept.

    The measurement takes one to five seconds. It is a guess to a factor of about two.

    Yields:
        Preparing ("measuring"), and the Estimated last.

    Raises:
        ModelError, DeviceError, RunConfigError: as `train`.
    """
    zoo = zoo or Zoo.standard()
    entry = start_entry(zoo, config)
    device, precision, channels_last = hardware_for(config)
    check_input_size(entry, config)
    preprocessing = preprocessing_for(entry, config)
    split = make_split(summary, config.val_fraction, config.seed, (), config.burst_seconds)
    yield Preparing("measuring", 0, 3)
    read_s, photo_bytes = _measure_reading(config, summary, split, preprocessing)
    read_s = read_s if photo_bytes else 0.01
    yield Preparing("measuring", 1, 3)
    network = start_network(entry, len(split.classes), config)
    method = config.method
    cached = config.cache_features and config.augmentation == NONE
    deep = method is not Method.HEAD or not cached
    train, val = len(split.train), len(split.val)
    unknown = train + val  # photos whose features have to be computed
    share = 1.0  # of torch's time for them
    if not deep or method is Method.PROGRESSIVE:
        width = head_width(network.get_submodule(head_name(network)))
        conditions = Conditions(entry, preprocessing, device, precision, channels_last)
        ways = ways_for(conditions, backbone_hash(network))
        stride = max(1, unknown // _LOOKED_UP)
        some = [*split.train, *split.val][::stride]
        kept = cheapest(ways, photo_keys([Path(summary.root) / item.path for item in some]), width)
        unknown = round(unknown * (1 - len(kept.numbers) / len(some)))
        share = kept.way.cost / TORCH_COST
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = network.to(device=device.kind, memory_format=layout)  # type: ignore[call-overload]
    size = preprocessing.crop
    forward_s = _time(network, config, device.kind, precision, size, learn=False)
    yield Preparing("measuring", 2, 3)
    train_s = _time(network, config, device.kind, precision, size, learn=True) if deep else 0.0
    network_mb = sum(p.numel() * 4 for p in network.parameters()) / 2**20
    steps = math.ceil(train / config.batch_size)
    crop_mb = 3 * size * size / 2**20
    head_epoch_s = steps * _HEAD_STEP_S + 0.01
    sides = [input_side(config, size, epoch) for epoch in range(1, config.epochs + 1)]
    deep_epoch_s = train * train_s + val * forward_s
    deep_epoch_s *= sum((side / size) ** 2 for side in sides) / len(sides)
    photos_mb = (train * photo_bytes / 2**20 + val * crop_mb) if deep else 0.0
    budget_mb = config.memory_mb or free_memory_bytes() / 2**21
    in_memory = photos_mb <= budget_mb
    if not in_memory:
        # Reading overlaps with the step before: only what is slower counts.
        deep_epoch_s = max(deep_epoch_s, (train + val) * read_s)
    prepare_s = 0.0
    seconds = 0.0
    if not deep or method is Method.PROGRESSIVE:
        prepare_s += unknown * share * max(read_s, forward_s)
        head_epochs = config.head_epochs if deep else config.epochs
        seconds += head_epochs * head_epoch_s
    if deep:
        prepare_s += min(1.0, budget_mb / max(photos_mb, 1e-9)) * (train + val) * read_s
        deep_epochs = config.epochs - (config.head_epochs if method is Method.PROGRESSIVE else 0)
        seconds += deep_epochs * deep_epoch_s
    seconds += prepare_s + len(split.test) * max(read_s, forward_s)
    activations_mb = _activations_mb(network, size, config, deep)
    on_device = network_mb * (4 if deep else 1) + activations_mb
    gpu = device.kind != "cpu"
    memory_mb = _BASE_MB + min(photos_mb, budget_mb) + (network_mb if gpu else on_device)
    yield Preparing("measuring", 3, 3)
    yield Estimated(
        seconds=seconds,
        seconds_per_epoch=deep_epoch_s if deep else head_epoch_s,
        prepare_s=prepare_s,
        memory_mb=memory_mb,
        device_memory_mb=on_device if gpu else 0.0,
        photos_in_memory=in_memory,
        text=f"About {duration(seconds)} and {memory_mb / 1024:.1f} GB of memory on {device.name}.",
    )


def duration(seconds: float) -> str:
    """A time in words, as coarse as a guess deserves: "5 seconds", "3 minutes", "2.5 hours"."""
    if seconds < 90:
        rounded = max(1, round(seconds)) if seconds < 10 else 5 * round(seconds / 5)
        return f"{rounded} second{'s' if rounded > 1 else ''}"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"


def _measure_reading(
    config: RunConfig, summary: DatasetSummary, split: Split, preprocessing: Preprocessing
) -> tuple[float, float]:
    """Seconds per photo with all reading threads, and bytes of its pixels in memory."""
    deep = config.method is not Method.HEAD or config.augmentation != NONE
    level = config.augmentation if deep else NONE
    read = reader_for(level, preprocessing) if deep else exact_reader(preprocessing)
    stride = max(1, len(split.train) // _PHOTOS)
    paths = [Path(summary.root) / item.path for item in split.train[::stride][:_PHOTOS]]

    def size_of(path: Path) -> int:
        try:
            return read(path).nbytes
        except ImageReadError:
            return 0

    began = time.perf_counter()
    with ThreadPoolExecutor(workers()) as pool:
        sizes = [size for size in pool.map(size_of, paths) if size]
    if not sizes:
        return 0.0, 0.0
    return (time.perf_counter() - began) / len(sizes), sum(sizes) / len(sizes)


def _time(
    network: nn.Module, config: RunConfig, kind: str, precision: str, size: int, *, learn: bool
) -> float:
    """Seconds per photo of a forward pass, or of one with the gradients of the method."""
    count = config.batch_size
    if kind == "cpu":  # enough pixels to measure the network and not what each call costs
        count = min(count, _MEASURED_BATCH * max(1, (_MEASURED_SIDE // size) ** 2))
    try:
        x = torch.zeros(max(2, count), 3, size, size, device=kind)
        if learn:
            set_trainable(network, config, NETWORK)
            set_train_mode(network, freeze_batchnorm=True)
        else:
            network.eval()
        best = math.inf
        for _ in range(2):  # the first pass prepares kernels
            began = time.perf_counter()
            with torch.set_grad_enabled(learn), autocast(kind, precision):
                loss = network(x).float().sum()
            if learn:
                loss.backward()
            float(loss.detach())  # waits for the device
            best = min(best, time.perf_counter() - began)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        release_memory(kind)
        return 0.1
    network.zero_grad(set_to_none=True)
    return best / len(x)


def _activations_mb(network: nn.Module, size: int, config: RunConfig, deep: bool) -> float:
    """Outputs of all layers that are kept for the gradients, of one piece of a batch."""
    counts: list[int] = []
    handles = [
        module.register_forward_hook(
            lambda _m, _i, out: counts.append(out.numel() if isinstance(out, torch.Tensor) else 0)
        )
        for module in network.modules()
        if not any(True for _ in module.children())
    ]
    try:
        device = next(network.parameters()).device
        network.eval()
        with torch.inference_mode():
            network(torch.zeros(1, 3, size, size, device=device))
    finally:
        for handle in handles:
            handle.remove()
    total = sum(counts) if deep else max(counts, default=0) * 4
    photos = math.ceil(config.batch_size / config.accumulate) if deep else 16
    return total * 4 * photos / 2**20
