"""The end of a run: the model file, and an accuracy said honestly. Needs torch."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import torch
from torch import nn

from resnet_gui import __version__
from resnet_gui.core.dataset.pixels import PhotoStore, exact_reader
from resnet_gui.core.learned_photos import note_photos
from resnet_gui.core.statistics import wilson_interval
from resnet_gui.core.training.augment import normalise, to_tensor
from resnet_gui.core.training.checkpoint import Progress, load_checkpoint
from resnet_gui.core.training.config import Method
from resnet_gui.core.training.events import Accuracy, PhotoSkipped, Preparing
from resnet_gui.core.training.hardware import Forward
from resnet_gui.core.training.network import HEAD, start_network
from resnet_gui.core.training.session import Session
from resnet_gui.core.types import Notice
from resnet_gui.core.zoo.builder import build_network, head_name, save_model
from resnet_gui.core.zoo.spec import ModelSpec

_CHUNK = 16
_S, _QUICK_S = 10.0, 2.0  # for the note on training photos: 50,000 took 4 s


def best_network(session: Session) -> nn.Module:
    """The network with the best epoch's weights, on the CPU, in evaluation mode.

    Raises:
        RunError: best.safetensors is damaged. ModelError: the start model is gone (head runs).
    """
    best, weights, _ = load_checkpoint(session.run.best)
    classes = len(session.split.classes)
    if best.phase == HEAD:
        network = start_network(session.entry, classes, session.config)
        network.get_submodule(head_name(network)).load_state_dict(weights)
    else:
        network = build_network(session.entry.spec.architecture, classes, session.options)
        network.load_state_dict(weights)
    return network.eval().requires_grad_(False)


def measure(
    session: Session, network: nn.Module
) -> Iterator[Preparing | PhotoSkipped | Notice | Accuracy]:
    """Accuracy on the test part, the Accuracy last; none if there is no test part, or none of it
    can be read (a Notice says so)."""
    items = session.split.test
    if not items:
        return
    kind = session.device.kind
    network = network.to(kind)
    forward = Forward(kind, session.precision, _CHUNK)
    paths = [session.root / item.path for item in items]
    store = PhotoStore(paths, exact_reader(session.preprocessing), 0)
    right = tried = done = 0
    try:
        for positions, pixels in store.chunks(_CHUNK):
            if positions:
                x = torch.stack([to_tensor(item) for item in pixels]).to(kind)
                x = normalise(x, session.preprocessing)
                logits = forward(network, lambda a, b, x=x: x[a:b], len(x))  # type: ignore[misc]
                truth = torch.tensor([items[i].label for i in positions])
                right += int((logits.argmax(1) == truth).sum())
                tried += len(positions)
            done = min(done + _CHUNK, len(items))
            yield Preparing("testing", done, len(items))
    finally:
        store.close()
    network.to("cpu")
    for index, message in sorted(store.failed.items()):
        yield PhotoSkipped(session.run.name, str(store.paths[index]), message)
    if tried:
        yield accuracy("test", right, tried, len(items) - tried)
    else:
        yield Notice(
            f"None of the {len(items):,} test photos can be read any more, so nothing could be "
            "measured on them."
        )


def accuracy(part: str, right: int, n: int, missing: int = 0) -> Accuracy:
    """With Wilson's 95 % interval."""
    low, high = wilson_interval(right, n)
    return Accuracy(part, right / n if n else 0.0, low, high, right, n, missing)


def missing_photos(session: Session, missing: int) -> Notice:
    """What is to be said at the end of a run in which photos could not be read."""
    split = session.split
    total = len(split.train) + len(split.val) + len(split.test)
    return Notice(
        f"{missing:,} of the {total:,} photos of this run could not be read: the model has neither "
        "learned from them nor been measured on them."
    )


def save_best(
    session: Session,
    progress: Progress,
    network: nn.Module,
    measured: Accuracy,
    *,
    quickly: bool = False,
) -> str:
    """Write the model file of the run and return its path.

    Args:
        quickly: somebody waits for the program to end; of very many training photos no note is
            made then (a finished run makes it).
    """
    config, base = session.config, session.entry.spec
    path = session.models / f"{session.run.name}.safetensors"
    scratch = config.method is Method.SCRATCH
    metrics: dict[str, Any] = {
        "accuracy": measured.value,
        "accuracy_part": measured.part,
        "accuracy_ci95": [measured.low, measured.high],
        "photos": measured.n,
        "photos_missing": measured.missing,
        "best_epoch": progress.best_epoch,
        "best_val_accuracy": progress.best_accuracy,
        "best_val_loss": progress.best_loss,
    }
    start = "random weights" if scratch else f"“{base.title}”"
    spec = ModelSpec(
        id=path.stem,
        title=str(session.run.document.get("title") or path.stem),
        family="Your models",
        architecture=base.architecture,
        provider="yours",
        dataset=session.root.name,
        classes=session.split.classes,
        preprocessing=session.preprocessing,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        gflops=base.gflops if session.preprocessing.crop == base.preprocessing.crop else None,
        licence="" if scratch else base.licence,
        notes=f"Trained on “{session.root.name}” from {start}. {measured.sentence()}",
        architecture_options=session.options,
        metrics=metrics,
    )
    provenance = {
        "run": session.run.name,
        "base_model": None if scratch else base.id,
        "dataset": session.run.document.get("dataset"),
        "config": config.to_json(),
        "versions": versions(),
        "learned": note_photos(
            [session.root / item.path for item in session.split.train], _QUICK_S if quickly else _S
        ),
    }
    save_model(path, spec, network.state_dict(), provenance)
    return str(path)


def versions() -> dict[str, str]:
    """What a run was made with."""
    return {
        "resnet-gui": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": metadata.version("torchvision"),
    }
