"""The model that a run makes: its best epoch's network, measured and saved. Needs torch."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.dataset.split import Split
from resnet_gui.core.errors import ModelFileError, TrainingError
from resnet_gui.core.evaluation.intervals import wilson_interval
from resnet_gui.core.evaluation.learned_photos import note_photos, with_earlier
from resnet_gui.core.events import Notice
from resnet_gui.core.inference.hardware import Forward
from resnet_gui.core.inference.tensors import normalise, to_tensor
from resnet_gui.core.nets.build import build_network, head_name
from resnet_gui.core.photos.store import PhotoStore, exact_reader
from resnet_gui.core.runs.checkpoint import Progress, fit_weights, load_checkpoint
from resnet_gui.core.runs.config import Method
from resnet_gui.core.runs.events import Accuracy, PhotoSkipped, Preparing
from resnet_gui.core.system.documents import text
from resnet_gui.core.training.feature_ways import Way, compute_fast, way_gone
from resnet_gui.core.training.network import head_width, start_network
from resnet_gui.core.training.setup import HEAD, Setup
from resnet_gui.core.training.space import release
from resnet_gui.core.training.versions import versions
from resnet_gui.core.zoo.spec import ModelSpec
from resnet_gui.core.zoo.storage.add_model import save_new_model
from resnet_gui.core.zoo.weights.load import save_model
from resnet_gui.core.zoo.weights.model_file import SUFFIX, model_id, read_header

_log = logging.getLogger(__name__)
_CHUNK = 16
_S, _QUICK_S = 10.0, 2.0  # for the note on training photos: 50,000 took 4 s


def best_network(setup: Setup) -> nn.Module:
    """The network with the best epoch's weights, on the CPU, in evaluation mode.

    Raises:
        RunError: best.safetensors is damaged. ModelError: the start model is gone (head runs).
    """
    best = load_checkpoint(setup.run.best)
    weights = best.weights
    classes = len(setup.split.classes)
    if best.progress.phase == HEAD:
        network = start_network(setup.entry, classes, setup.config)
        fit_weights(network.get_submodule(head_name(network)), weights, setup.run.path)
    else:
        network = build_network(setup.entry.spec.architecture, classes, setup.options)
        fit_weights(network, weights, setup.run.path)
    return network.eval().requires_grad_(False)


def measure(
    setup: Setup, network: nn.Module, phase: str
) -> Iterator[Preparing | PhotoSkipped | Notice | Accuracy]:
    """Accuracy on the test part, the Accuracy last; none if there is no test part, or none of it
    can be read (a Notice says so). A head is measured on features that were computed as those that
    it learned from.

    Args:
        phase: that of the best epoch.
    """
    items = setup.split.test
    if not items:
        return
    if phase == HEAD and (way := way_gone(setup)) is not None:
        try:
            yield from _measure_head(setup, network, way)
        except (ImportError, RuntimeError, TrainingError) as error:
            _log.warning("the test photos go through torch, as OpenVINO failed: %s", error)
        else:
            return
    kind = setup.device.kind
    network = network.to(kind)
    forward = Forward(kind, setup.precision, _CHUNK)
    paths = [setup.root / item.path for item in items]
    store = PhotoStore(paths, exact_reader(setup.preprocessing), 0)
    right = tried = done = 0
    try:
        for positions, pixels in store.chunks(_CHUNK):
            if positions:
                x = torch.stack([to_tensor(item) for item in pixels]).to(kind)
                x = normalise(x, setup.preprocessing)
                logits = forward(network, lambda a, b, x=x: x[a:b], len(x))  # type: ignore[misc]
                truth = torch.tensor([items[i].label for i in positions])
                right += int((logits.argmax(1) == truth).sum())
                tried += len(positions)
            done = min(done + _CHUNK, len(items))
            yield Preparing("testing", done, len(items))
    finally:
        store.close()
    network.to("cpu")
    failures = [(str(store.paths[i]), message) for i, message in sorted(store.failed.items())]
    yield from _measured(setup, right, tried, failures)


def _measure_head(
    setup: Setup, network: nn.Module, way: Way
) -> Iterator[Preparing | PhotoSkipped | Notice | Accuracy]:
    items = setup.split.test
    head = network.get_submodule(head_name(network))
    part = dataclasses.replace(setup.split, train=(), val=items)
    for item in compute_fast(setup, way, head_width(head), part):
        if isinstance(item, Preparing):
            yield dataclasses.replace(item, what="testing")
            continue
        with torch.inference_mode():
            answers = head(item.val).argmax(1)
        truth = torch.tensor([items[i].label for i in item.val_indices])
        yield from _measured(setup, int((answers == truth).sum()), len(truth), item.failures)


def _measured(
    setup: Setup, right: int, tried: int, failures: Sequence[tuple[str, str]]
) -> Iterator[PhotoSkipped | Notice | Accuracy]:
    """failures: paths and messages."""
    photos = len(setup.split.test)
    for path, message in failures:
        yield PhotoSkipped(setup.run.name, path, message)
    if tried:
        yield accuracy("test", right, tried, photos - tried, most_common(setup.split, "test"))
    else:
        yield Notice(
            f"None of the {photos:,} test photos can be read any more, so nothing could be "
            "measured on them."
        )


def accuracy(
    part: str, right: int, n: int, missing: int = 0, common: tuple[str, int] = ("", 0)
) -> Accuracy:
    """With Wilson's 95 % interval. `common`: as `most_common` finds it in the whole part; where not
    all of it was seen nobody knows how many of those photos it was."""
    low, high = wilson_interval(right, n)
    label, photos = ("", 0) if missing else common
    return Accuracy(part, right / n if n else 0.0, low, high, right, n, missing, label, photos)


def most_common(split: Split, part: str) -> tuple[str, int]:
    """The class that most photos of a part ("train", "val", "test") have, and how many; ("", 0) of
    an empty one."""
    counts = Counter(item.label for item in getattr(split, part))
    found = counts.most_common(1)
    return (split.classes[found[0][0]], found[0][1]) if found else ("", 0)


def missing_photos(setup: Setup, missing: int) -> Notice:
    """What is to be said at the end of a run in which photos could not be read."""
    split = setup.split
    total = len(split.train) + len(split.val) + len(split.test)
    return Notice(
        f"{missing:,} of the {total:,} photos of this run could not be read: the model has neither "
        "learned from them nor been measured on them."
    )


def save_best(
    setup: Setup,
    progress: Progress,
    network: nn.Module,
    measured: Accuracy,
    *,
    quickly: bool = False,
    calibration: Calibration | None = None,
) -> str:
    """Write the model file of the run and return its path: that of the model that it saved before,
    or a name that is free.

    Args:
        quickly: somebody waits for the program to end; of very many training photos no note is
            made then (a finished run makes it).
        calibration: what the validation photos say of how far its answers can be trusted.

    Raises:
        OSError: the folder cannot be written or the disk is full; an older model is untouched.
    """
    config, base = setup.config, setup.entry.spec
    own = own_model(setup)
    path = own or setup.models / f"{setup.run.name}{SUFFIX}"
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
        title=setup.run.title,
        family="Your models",
        architecture=base.architecture,
        provider="yours",
        dataset=setup.root.name,
        classes=setup.split.classes,
        preprocessing=setup.preprocessing,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        gflops=base.gflops if setup.preprocessing.crop == base.preprocessing.crop else None,
        licence="" if scratch else base.licence,
        notes=f"Trained on “{setup.root.name}” from {start}. {measured.sentence()}",
        architecture_options=setup.options,
        metrics=metrics,
        calibration=calibration or Calibration(),
    )
    provenance = {
        "run": setup.run.name,
        "run_id": setup.run.document.get("id"),
        "base_model": None if scratch else base.id,
        "dataset": setup.run.document.get("dataset"),
        "config": config.to_json(),
        "versions": versions(),
        "learned": with_earlier(
            note_photos(
                [setup.root / item.path for item in setup.split.train],
                _QUICK_S if quickly else _S,
            ),
            None if scratch else setup.entry,
        ),
    }
    release(setup.run)  # what was kept for this
    if own is not None:
        title = read_header(own).document["title"]  # it may have been renamed
        spec = dataclasses.replace(spec, id=model_id(own), title=title or spec.title)
        save_model(own, spec, network.state_dict(), provenance)
        return str(own)
    return str(save_new_model(path, spec, network.state_dict(), provenance))


def own_model(setup: Setup) -> Path | None:
    """The model file that this run saved earlier, if it is still there and still the run's: the
    same name may have gone to a model that was imported since."""
    run = setup.run
    known = Path(text(run.document.get("model_path"), 4096)).name
    likely = (known, f"{run.name}{SUFFIX}")  # the second: killed before it was noted down
    found = sorted(path.name for path in setup.models.glob(f"*{SUFFIX}"))  # if it was renamed
    for name in dict.fromkeys((*likely, *found)):
        path = setup.models / name
        try:
            made_by = read_header(path).document["provenance"]
        except (ModelFileError, OSError):
            continue
        if made_by.get("run") != run.name:
            continue
        if made_by.get("run_id") == run.document.get("id"):
            return path
    return None
