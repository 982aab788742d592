"""Features of photos for a head: those that training keeps, and the rest computed as training would
do it, so that both find what the other has computed. Needs torch."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from resnet_gui.core.dataset.split import Item, Split
from resnet_gui.core.dataset.summary import DatasetSummary
from resnet_gui.core.errors import ModelError, TrainingError
from resnet_gui.core.evaluation.learned_photos import choose_photos, training_of
from resnet_gui.core.improve.events import Improving, NotRead
from resnet_gui.core.improve.head import Floats
from resnet_gui.core.improve.values import ImproveError
from resnet_gui.core.inference.backend import EXACT
from resnet_gui.core.inference.feature_cache import keys_in_pieces
from resnet_gui.core.inference.hardware import Forward
from resnet_gui.core.runs.config import Method, RunConfig
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.training.api import hardware_for
from resnet_gui.core.training.data.features import Features, compute_features
from resnet_gui.core.training.feature_ways import (
    Conditions,
    conversion_awaited,
    features_fast,
    torch_way,
    ways_for,
)
from resnet_gui.core.training.kept_features import Kept, cheapest
from resnet_gui.core.training.network import backbone_hash, head_width, split_off_head
from resnet_gui.core.zoo import ModelEntry, Zoo
from resnet_gui.core.zoo.weights.load import load_network

_log = logging.getLogger(__name__)
_KEPT_AT_ONCE = 512  # photos computed, after which they are kept, so that a Stop loses little
_LARGEST = 64  # photos in one pass through torch's network


@dataclass(frozen=True, slots=True)
class Seen:
    """What a model sees of photos.

    Attributes:
        rows: (N, D) of those that could be read. numbers: which they are, rising.
        keys: of all photos; the same for the same content, b"" for what cannot be read.
        failed: those that could not be read.
    """

    rows: Floats
    numbers: list[int]
    keys: list[bytes]
    failed: tuple[NotRead, ...]


def judging_model(
    zoo: Zoo, entry: ModelEntry, summary: DatasetSummary
) -> tuple[ModelEntry, tuple[str, ...]]:
    """The model whose features judge the labels of a folder's photos.

    A network that learned from these photos as a whole has wrong labels learned by heart, so what
    it sees of a photo agrees with them. The model that it started from knows none of them, and is
    taken where it is here. Where only a head was trained, the start model has the same backbone,
    and its features are kept already.

    Returns:
        it, and what a person should know of the choice, whole sentences.
    """
    said: list[str] = []
    if entry.members:
        entry = entry.members[0]
        said.append(f"Of the ensemble, “{entry.spec.title}” looks at the photos.")
    wanted = entry
    seen: set[str] = set()
    while entry.spec.id not in seen and _knows(entry, summary):
        seen.add(entry.spec.id)
        try:
            entry = zoo.ready(entry.spec.base_model)
        except ModelError:
            said.append(
                f"“{wanted.spec.title}” has learned from these photos with the labels that they "
                "have, so it overlooks wrong ones. Choose a model that was not trained on them to "
                "find more."
            )
            break
    if entry.spec.id != wanted.spec.id and not _head_only(wanted):
        said.append(
            f"“{entry.spec.title}” looks at the photos, from which “{wanted.spec.title}” was "
            "trained: it has not learned from these labels."
        )
    return entry, tuple(said)


def _knows(entry: ModelEntry, summary: DatasetSummary) -> bool:
    """Whether the backbone learned from these photos, or is that of its start model."""
    if not entry.spec.run_id and not entry.spec.base_model:
        return False
    if _head_only(entry):
        return True
    learned = choose_photos(entry, summary, "all").learned
    return learned is None or any(learned)


def _head_only(entry: ModelEntry) -> bool:
    training = training_of(entry)
    return training is not None and training.config.method is Method.HEAD


def features_of(
    entry: ModelEntry, root: Path, paths: Sequence[Path], device: str
) -> Generator[Improving, None, Seen]:
    """What a model sees of photos: all in one way (see `training.feature_ways`).

    Args:
        root: the folder that most of them are in.
        device: "auto", "cpu", "cuda:1" or "mps".

    Yields:
        Improving ("photos", "converting", "features").

    Raises:
        ModelError: the model cannot be used.
        DeviceError: the device is not here.
        ImproveError: the whole folder is gone.
    """
    keys: list[bytes] = []
    yield Improving("photos", 0, len(paths))
    for some in keys_in_pieces(paths):
        keys += some
        yield Improving("photos", len(keys), len(paths))
    network = load_network(entry).eval()
    backbone = backbone_hash(network)
    width = head_width(split_off_head(network))
    info, precision, channels_last = hardware_for(
        RunConfig(data=str(root), model=entry.spec.id, device=device)
    )
    conditions = Conditions(entry, entry.spec.preprocessing, info, precision, channels_last)
    full = dataclasses.replace(conditions, precision="fp32")  # some runs are told to

    def best_way() -> Kept:
        ways = [*ways_for(conditions, backbone), *ways_for(full, backbone)]
        return cheapest(ways, keys, width)

    kept = best_way()
    here = sum(map(bool, keys))
    if kept.way.backend == EXACT and len(kept.numbers) < here:
        for waiting in conversion_awaited(conditions, here - len(kept.numbers)):
            yield Improving(waiting.what, 0, 0)
        kept = best_way()

    def by_torch(split: Split) -> Generator[Preparing | Features, None, None]:
        layout = torch.channels_last if channels_last else torch.contiguous_format
        # nn.Module.to takes a memory format, which its type stub does not say
        network.to(device=info.kind, memory_format=layout)  # type: ignore[call-overload]
        return compute_features(
            network, root, split, conditions.preprocessing, info.kind, channels_last,
            Forward(info.kind, kept.way.precision, _LARGEST),
        )  # fmt: skip

    try:
        if kept.way.backend != EXACT:
            fast = functools.partial(features_fast, entry, kept.way, width, root)
            try:
                return (yield from _completed(kept, paths, keys, fast))
            except (ImportError, RuntimeError) as error:
                _log.warning("features come from torch, as OpenVINO failed: %s", error)
            kept = cheapest([torch_way(conditions, backbone)], keys, width)
        return (yield from _completed(kept, paths, keys, by_torch))
    except TrainingError as error:
        raise ImproveError(error.what, "Connect its drive or put it back.") from error


def _completed(
    kept: Kept,
    paths: Sequence[Path],
    keys: list[bytes],
    compute: Callable[[Split], Generator[Preparing | Features, None, None]],
) -> Generator[Improving, None, Seen]:
    """What is kept and, computed and kept too, the rest."""
    known = set(kept.numbers)
    # Of photos with the same content one is enough.
    first = {key: number for number, key in reversed(list(enumerate(keys))) if key}
    left = [number for key, number in sorted(first.items(), key=lambda item: item[1])
            if number not in known]  # fmt: skip
    rows, numbers, failed = [kept.found.read()], list(kept.numbers), []
    yield Improving("features", len(known), len(known) + len(left))
    for start in range(0, len(left), _KEPT_AT_ONCE):
        chunk = left[start : start + _KEPT_AT_ONCE]
        items = tuple(Item(str(paths[number]), 0) for number in chunk)
        split = Split(("",), items, (), (), seeded=False)
        with contextlib.closing(compute(split)) as events:
            for event in events:
                if isinstance(event, Preparing):
                    done = len(known) + start + event.done
                    yield Improving("features", done, len(known) + len(left))
                    continue
                fresh = [chunk[place] for place in event.train_indices.tolist()]
                computed = event.train.numpy()
                if fresh:
                    kept.cache.add([keys[number] for number in fresh], computed)
                    rows.append(computed)
                    numbers += fresh
                failed += [NotRead(path, message) for path, message in event.failures]
    failed += [
        NotRead(str(path), f"{path.name} could not be read.")
        for path, key in zip(paths, keys, strict=True)
        if not key
    ]
    return _spread(np.concatenate(rows), numbers, keys, tuple(failed))


def _spread(
    rows: Floats, numbers: list[int], keys: list[bytes], failed: tuple[NotRead, ...]
) -> Seen:
    """A row for each photo of a content that there is one of."""
    place = {keys[number]: row for row, number in enumerate(numbers)}
    found = [number for number, key in enumerate(keys) if key and key in place]
    return Seen(rows[[place[keys[number]] for number in found]], found, keys, failed)
