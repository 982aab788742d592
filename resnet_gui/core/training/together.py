"""The start of a run that several processes train: what the leader tells the others, and what they
make of it. Needs torch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from resnet_gui.core.dataset.split import Split
from resnet_gui.core.dataset.walk import walk
from resnet_gui.core.errors import DatasetChangedError, RunConfigError
from resnet_gui.core.events import Notice
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.listing import HeldRun
from resnet_gui.core.system.devices import resolve_device
from resnet_gui.core.system.documents import parse_json
from resnet_gui.core.training.setup import NETWORK, Guard, Setup
from resnet_gui.core.training.workers import Workers
from resnet_gui.core.values import from_json, to_json
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState, Preprocessing

if TYPE_CHECKING:
    from resnet_gui.core.training.distributed import LaunchedWorkers

_FEW = 8  # photos; of fewer, BatchNorm's statistics are poor


def _check_shares(config: RunConfig, workers: Workers) -> None:
    """Raises RunConfigError: the batch is too small for so many processes. Two photos each are the
    least of which a BatchNorm can take statistics."""
    if config.batch_size < 2 * workers.size:
        raise RunConfigError(
            "batch_size",
            f"A batch of {config.batch_size} is too small for {workers.size} workers: each takes "
            "its share of it.",
            f"Start fewer workers, or add --set batch_size={2 * workers.size}.",
        )


def invite(setup: Setup, fingerprint: str) -> Iterator[Notice]:
    """Tell the other processes what is trained, and wait until each has found the same photos.

    Yields:
        Notice of what is otherwise than in a process that is alone.

    Raises:
        WorkerError: one of them has other photos, or lacks something.
    """
    workers, config = setup.workers, setup.config
    if not workers.several:
        return
    shared = setup.phase_of(config.epochs) == NETWORK
    if shared:
        _check_shares(config, workers)
    workers.order(
        "begin",
        config=config.to_json(),
        root=str(setup.root),
        fingerprint=fingerprint,
        spec=to_json(setup.entry.spec),
        options=setup.options,
        preprocessing=setup.preprocessing.to_json(),
        device=setup.device.kind.split(":")[0],
        precision=setup.precision,
        channels_last=setup.channels_last,
    )
    # The split of a large folder is too long for an order.
    split = bytearray(json.dumps(setup.split.to_json()).encode())
    workers.hand_over(lambda: {"split": torch.frombuffer(split, dtype=torch.uint8)}, {})
    workers.gather("ready")
    if not shared:
        yield Notice(
            f"A head on kept features learns in one process; the other {workers.size - 1} of the "
            f"{workers.size} workers wait."
        )
    elif not setup.freeze_batchnorm and config.batch_size // workers.size < _FEW:
        yield Notice(
            f"Each of the {workers.size} workers has {config.batch_size // workers.size} photos of "
            "a batch, and normalises by these alone (BatchNorm). A larger batch_size may learn "
            "better."
        )


def not_held(path: Path) -> HeldRun:
    """A run that cannot be written to: there is none yet, or it is another process's."""
    run = HeldRun(path, {})
    run.let_go()
    return run


def accept(
    order: dict[str, Any], workers: LaunchedWorkers, folder: Path | None, guard: Guard | None
) -> Setup:
    """What the leader's `invite` makes in another process. Its run cannot be written to.

    Args:
        folder: where this computer has the photos; None, or no folder: where the leader has them.

    Raises:
        DatasetError: there are no photos. DatasetChangedError: they are not the leader's.
        DeviceError: there is no device for this process.
    """
    _, tensors = workers.received()
    split = Split.from_json(parse_json(tensors["split"].numpy().tobytes()))
    given = folder if folder is not None and folder.is_dir() else Path(order["root"])
    *_, listing = walk(given)
    if listing.fingerprint() != order["fingerprint"]:
        raise DatasetChangedError(
            listing.root,
            f"The photos in {listing.root} are not the same as those of the first worker: some are "
            "missing, added or replaced.",
            "Copy the folder anew, so that all computers have the same.",
        )
    spec = from_json(ModelSpec, order["spec"])
    setup = Setup(
        not_held(listing.root), RunConfig.from_json(order["config"]),
        split, listing.root,
        ModelEntry(spec, ModelState.UNTRAINED), dict(order["options"]),
        Preprocessing.from_json(order["preprocessing"]),
        resolve_device(workers.device(order["device"])), str(order["precision"]),
        bool(order["channels_last"]), listing.root, guard, workers,
    )  # fmt: skip
    workers.gather("ready")
    return setup
