"""What a list of runs shows of each. Nothing in a run's files is trusted. No torch here."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import Accuracy, EpochDone
from resnet_gui.core.system.atomic import dump_json
from resnet_gui.core.system.documents import share, text, whole
from resnet_gui.core.system.files import disk_use
from resnet_gui.core.values import Value

MOST_EPOCHS = 1_000_000
MOST_RARE = 20  # classes beside the most frequent one whose figures a run notes
_MOST = 10**12
_PATH = 4096  # letters
# Of the settings. Where the folder is does not matter: its fingerprint says what is in it.
_WITHOUT_EFFECT = ("data", "title", "preset", "memory_mb")
_YEARS = range(1980, 2200)  # others make trouble in conversions between time zones


class RunState(StrEnum):
    RUNNING = "running"
    INTERRUPTED = "interrupted"  # killed, or the power went
    STOPPED = "stopped"  # by a person
    FAILED = "failed"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class RunInfo(Value):
    """What a list of runs shows.

    Attributes:
        name: of its directory, unique; `title` is what a person reads.
        created: ISO 8601, UTC.
        epochs_done: of `epochs` at most.
        best_val_accuracy: fraction of 1; None: no epoch is done, or nothing validates.
        model_path: the model it made so far; "" if none, or if it is deleted.
        resumable: `resume` can be asked for. message: why it failed, or cannot be read.
        bytes: size of the directory.
        id: the same in the header of the model that it made; "" in a damaged run.
        recipe: see `recipe_of`; "" where the settings cannot be read.
        closed: it was stopped because the program was closed, not to be left as it is.
        accuracy: of the model that a finished run made; None: it is not finished.
        seconds: of training. note: what a person wrote about it.
    """

    name: str
    path: str
    title: str
    state: RunState
    created: str
    data: str
    model: str
    method: str
    epochs_done: int
    epochs: int
    best_val_accuracy: float | None
    best_epoch: int
    model_path: str
    resumable: bool
    message: str
    bytes: int
    id: str = ""
    recipe: str = ""
    closed: bool = False
    accuracy: Accuracy | None = None
    seconds: float = 0.0
    note: str = ""


def recipe_of(config: RunConfig, fingerprint: str) -> str:
    """What decides how a run turns out: equal where a run would repeat another one, number by
    number on the same computer.

    Args:
        fingerprint: of the dataset's folder.
    """
    values = {k: v for k, v in config.to_json().items() if k not in _WITHOUT_EFFECT}
    return hashlib.sha256(f"{fingerprint} {dump_json(values)}".encode()).hexdigest()[:16]


def run_info(
    path: Path, title: str, document: Mapping[str, Any], metrics: list[EpochDone], active: bool
) -> RunInfo:
    """The line of a run that can be read. A value that is none is left empty.

    Raises:
        ValueError: there is no such state.
    """
    config = document.get("config")
    settings: Mapping[str, Any] = config if isinstance(config, Mapping) else {}
    state = RunState(text(document.get("state", RunState.FAILED.value)))
    if state is RunState.RUNNING and not active:
        state = RunState.INTERRUPTED
    best = [item for item in metrics if item.best]
    model_path = text(document.get("model_path"), _PATH)
    return RunInfo(
        name=path.name,
        path=str(path),
        title=title,
        state=state,
        created=_date(document.get("created")),
        data=text(settings.get("data"), _PATH),
        model=text(settings.get("model")),
        method=text(settings.get("method")),
        epochs_done=metrics[-1].epoch if metrics else 0,
        epochs=whole(settings.get("epochs"), 0, MOST_EPOCHS),
        best_val_accuracy=best[-1].val_accuracy if best else None,
        best_epoch=best[-1].epoch if best else 0,
        model_path=model_path if os.path.isfile(model_path) else "",  # noqa: PTH113 - never raises
        resumable=state in (RunState.INTERRUPTED, RunState.STOPPED, RunState.FAILED),
        message=text(document.get("message"), _PATH),
        bytes=disk_use(path),
        id=text(document.get("id"), 100),
        recipe=_recipe(document),
        closed=state is RunState.STOPPED and document.get("closed") is True,
        accuracy=accuracy_of(document) if state is RunState.FINISHED else None,
        seconds=seconds_of(document.get("seconds")) or sum(seconds_of(e.seconds) for e in metrics),
    )


def accuracy_of(document: Mapping[str, Any]) -> Accuracy:
    """What a finished run says of its model."""
    value = document.get("result")
    result: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    names = ("right", "n", "missing", "common_photos")
    right, n, missing, most = (whole(result.get(name), 0, _MOST) for name in names)
    exact, low, high = (share(result.get(name)) or 0.0 for name in ("value", "low", "high"))
    part, common = text(result.get("part"), 40), text(result.get("common"), _PATH)
    rare = _rare(result.get("rare"))
    return Accuracy(part, exact, low, high, right, n, missing, common, min(most, n), rare)


def _rare(value: Any) -> tuple[tuple[str, int, int], ...]:
    """Of `Accuracy`; what is none is left out."""
    found = []
    for item in value[:MOST_RARE] if isinstance(value, list) else ():
        if isinstance(item, list) and len(item) == 3:
            right, n = (whole(number, 0, _MOST) for number in item[1:])
            found.append((text(item[0], _PATH), min(right, n), n))
    return tuple(found)


def seconds_of(value: Any) -> float:
    """A time span; 0 where it is none."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 <= value < _MOST else 0.0


def _recipe(document: Mapping[str, Any]) -> str:
    try:
        config = RunConfig.from_json(document["config"])
        return recipe_of(config, text(document["dataset"]["fingerprint"]))
    except (ResNetGuiError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return ""


def damaged_run(path: Path, message: str) -> RunInfo:
    """The line of a run that cannot be read: one that vanishes without a word would be worse."""
    return RunInfo(
        path.name, str(path), path.name, RunState.FAILED, "", "", "", "", 0, 0, None, 0, "", False,
        message, disk_use(path),
    )  # fmt: skip


def _date(value: Any) -> str:
    date = text(value, 40)
    try:
        return date if datetime.fromisoformat(date).year in _YEARS else ""
    except ValueError:
        return ""
