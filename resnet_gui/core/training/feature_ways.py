"""How a run's features are computed: by torch, or through OpenVINO, which takes about half the
time, where the start model's conversion is on the disk and was checked. Needs torch.

All features of a run come in one way, those of validation photos too: two ways differ by what
rounding and reading photos quickly change, and that is no matter as long as a head is trained,
chosen and measured on the same. The way is noted in the run, so that a resume keeps to it also
where the features themselves were lost.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from resnet_gui.core.dataset.split import Split
from resnet_gui.core.events import DeviceInfo, ImageFailed, ImageSource
from resnet_gui.core.inference.backend import EXACT, OPENVINO
from resnet_gui.core.inference.background import CONVERSIONS
from resnet_gui.core.inference.converted import FORMAT_VERSION, find_conversion, note_use
from resnet_gui.core.inference.many_photos import rows_of
from resnet_gui.core.inference.openvino_backend import THROUGHPUT, OpenVinoBackend
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.system.settings import exact_wanted
from resnet_gui.core.training.data.features import Features
from resnet_gui.core.training.data.source import check_root, paths_of
from resnet_gui.core.training.setup import Setup
from resnet_gui.core.training.versions import versions
from resnet_gui.core.zoo.spec import ModelEntry, Preprocessing

# From so many photos on, making a conversion first takes less time than torch takes longer for
# them. Two cores, of which a conversion uses one, in processor time: its 9 s for EfficientNet-Lite0
# are back after 840 photos (34 ms each with torch, 14 with OpenVINO, decoding included), the 10 and
# 20 s for ResNet-18 and 50 after 2,400 to 3,000. The next run and all answers gain by it, too.
WORTH_CONVERTING = 1_500
TORCH_COST = 2.0  # 1.2 to 2.5 times OpenVINO's time per photo, by network
_CONVERSION_S = 60.0  # after which torch begins all the same
_ASKED_S = 0.25
_CHUNK = 16  # photos from one Preparing to the next


@dataclass(frozen=True, slots=True)
class Conditions:
    """What decides which ways there are: the start model, how photos become input, and what torch
    would compute with."""

    entry: ModelEntry
    preprocessing: Preprocessing
    device: DeviceInfo
    precision: str
    channels_last: bool

    @classmethod
    def of(cls, setup: Setup) -> Conditions:
        return cls(
            setup.entry, setup.preprocessing, setup.device, setup.precision, setup.channels_last
        )


@dataclass(frozen=True, slots=True)
class Way:
    """One way of computing features.

    Attributes:
        backend: EXACT (torch in the run's precision) or OPENVINO.
        precision: "fp32", "bf16" or "fp16".
        depends: all that decides the numbers, for `FeatureCache`.
        cost: time per photo, of OpenVINO's.
        folder: of the conversion.
    """

    backend: str
    precision: str
    depends: Mapping[str, Any]
    cost: float = 1.0
    folder: Path | None = None

    @property
    def note(self) -> dict[str, str]:
        """What the run keeps of it."""
        return {"backend": self.backend, "precision": self.precision}


def torch_way(conditions: Conditions, backbone: str) -> Way:
    """The way that is always there. backbone: its hash."""
    depends = _depends(conditions, backbone) | {"channels_last": conditions.channels_last}
    return Way(EXACT, conditions.precision, depends, cost=TORCH_COST)


def fast_way(conditions: Conditions, backbone: str) -> Way | None:
    """OpenVINO in the run's precision; None where there is no conversion that may be used in it.
    (In float32 it takes longer than torch does in bfloat16.)"""
    found = find_conversion(conditions.entry) if _may_be_fast(conditions) else None
    if found is None or found.verdict is None or not found.usable or not found.verdict.features:
        return None
    if conditions.precision not in ("fp32", found.verdict.precision):  # all are right in float32
        return None
    depends = _depends(conditions, backbone)
    depends["backend"] = [OPENVINO, openvino_version(), FORMAT_VERSION]
    return Way(OPENVINO, conditions.precision, depends, folder=found.folder)


def ways_for(conditions: Conditions, backbone: str, note: object = None) -> list[Way]:
    """The ways that a run may go, the fastest first.

    Args:
        note: of the way that it has gone before; then it is only that, as long as that is open.
    """
    fast = fast_way(conditions, backbone)
    ways = [*([fast] if fast else []), torch_way(conditions, backbone)]
    return [way for way in ways if way.note == note] or ways


def note_of(setup: Setup) -> object:
    """What the run has noted of its way; None before it has gone one."""
    return setup.run.document.get("features")


def way_gone(setup: Setup) -> Way | None:
    """The fast way, if the run's features were computed in it and it is still open."""
    way = fast_way(Conditions.of(setup), "")
    return way if way is not None and note_of(setup) == way.note else None


def converted_first(setup: Setup, missing: int) -> Iterator[Preparing]:
    """Wait for the start model's conversion, if there is none and so many missing photos make it
    worth while. Its process is `background`'s; whatever becomes of it, `ways_for` tells.

    Yields:
        Preparing ("converting"), again and again.
    """
    if not note_of(setup):
        yield from conversion_awaited(Conditions.of(setup), missing)


def conversion_awaited(conditions: Conditions, missing: int) -> Iterator[Preparing]:
    """As `converted_first`, outside of a run."""
    if missing < WORTH_CONVERTING or not _may_be_fast(conditions):
        return
    CONVERSIONS.begin(conditions.entry)
    end = time.monotonic() + _CONVERSION_S
    while CONVERSIONS.underway(conditions.entry) and time.monotonic() < end:
        yield Preparing("converting", 0, 0)
        time.sleep(_ASKED_S)


def compute_fast(
    setup: Setup, way: Way, width: int, split: Split
) -> Generator[Preparing | Features, None, None]:
    """`features_fast` of a run's start model and folder."""
    return features_fast(setup.entry, way, width, setup.root, split)


def features_fast(
    entry: ModelEntry, way: Way, width: int, root: Path, split: Split
) -> Generator[Preparing | Features, None, None]:
    """The features of a split's training and validation photos through OpenVINO.

    Args:
        entry: the model of the way's conversion.
        width: how many numbers the head takes for a photo.

    Yields:
        Preparing, and the Features last.

    Raises:
        ImportError, RuntimeError: OpenVINO fails, or gives what are no features.
        TrainingError: the whole folder is gone.
    """
    assert way.folder is not None
    backend = OpenVinoBackend(way.folder, way.precision, THROUGHPUT)
    note_use(way.folder)
    paths = paths_of(root, (*split.train, *split.val))
    sources = [ImageSource.file(path) for path in paths]
    rows: list[Tensor] = []
    numbers: list[int] = []
    failures: list[tuple[str, str]] = []
    events = rows_of(sources, entry.spec, backend, backend.quick_features)
    with contextlib.closing(events):
        for number, row in enumerate(events):
            if isinstance(row, ImageFailed):
                failures.append((str(paths[number]), row.message))
            elif row.shape != (width,) or not np.isfinite(row).all():
                raise RuntimeError("its features are not what the head takes")
            else:
                rows.append(torch.from_numpy(row))
                numbers.append(number)
            if (number + 1) % _CHUNK == 0 or number + 1 == len(paths):
                yield Preparing("features", number + 1, len(paths))
    check_root(root, len(failures))
    x = torch.stack(rows) if rows else torch.empty(0, width)
    place = torch.tensor(numbers, dtype=torch.int64)
    train = int((place < len(split.train)).sum())
    yield Features(
        x[:train], place[:train], x[train:], place[train:] - len(split.train), tuple(failures)
    )


def _may_be_fast(conditions: Conditions) -> bool:
    """A conversion takes photos of one size, and is for the CPU."""
    same = conditions.preprocessing == conditions.entry.spec.preprocessing
    on_cpu = conditions.device.kind == "cpu"
    return same and on_cpu and not exact_wanted() and bool(openvino_version())


def _depends(conditions: Conditions, backbone: str) -> dict[str, Any]:
    return {
        "backbone": backbone,
        "preprocessing": conditions.preprocessing.to_json(),
        "precision": conditions.precision,
        "device": conditions.device.name,
        "versions": versions(),
    }
