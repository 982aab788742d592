"""Where histories come from: what ships with the program, and the user's runs. No torch here.

Apart from `histories`, which `runs` builds on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.runs.history import SUFFIX, TrainingHistory, read_history
from resnet_gui.core.runs.listing import RUN_FILE, RunDirectory


@dataclass(frozen=True, slots=True)
class HistoryFound:
    """One history and where it is from.

    Attributes:
        key: unique among all of them.
        own: a run of the user's; else it ships with the program.
        data: what it was trained on, to know which histories may be compared.
        created: when the run began, ISO 8601; "" of what ships with the program.
        planned: epochs of a run that goes on; 0: it is over.
    """

    key: str
    history: TrainingHistory
    own: bool
    data: str
    created: str = ""
    planned: int = 0


@dataclass(frozen=True, slots=True)
class HistoryFailed:
    """A history that cannot be read; `message` names the file and says what is wrong."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class StartMeasured:
    """A network with random weights, measured on one batch (`start_statistics`).

    Attributes:
        history: with no epochs, and one entry of layers, epoch 0.
        batch: what it was measured on, in words.
    """

    history: TrainingHistory
    batch: str


def up_to(item: HistoryFound, epoch: int) -> HistoryFound:
    """The history as it was after this epoch, while the training still went on."""
    epochs = tuple(done for done in item.history.epochs if done.epoch <= epoch)
    if len(epochs) == len(item.history.epochs):
        return item
    planned = max(item.planned, item.history.epochs[-1].epoch)
    return replace(item, history=replace(item.history, epochs=epochs), planned=planned)


def read_histories(models: Path, runs: Path) -> Iterator[HistoryFound | HistoryFailed]:
    """The bundled histories by file name, then the runs, the newest first. A damaged one is told
    and the others come all the same; runs without a finished epoch are left out.

    Args:
        models: the folder of bundled models. runs: the folder of the user's runs.
    """
    for path in sorted(models.glob(f"*{SUFFIX}")):
        try:
            history = read_history(path)
        except ResNetGuiError as error:
            yield HistoryFailed(str(path), str(error))
        else:
            data = str(history.recipe.get("data", ""))
            yield HistoryFound(f"bundled:{path.name}", history, False, data)
    try:
        folders = [path for path in runs.iterdir() if (path / RUN_FILE).is_file()]
    except OSError:
        return
    found = [item for path in folders if not path.name.startswith(".") for item in read_run(path)]
    yield from sorted(found, key=lambda item: getattr(item, "created", ""), reverse=True)


def run_key(run: str) -> str:
    """The key of a run's history, by the run's name."""
    return f"run:{run}"


def read_run(path: Path) -> Iterator[HistoryFound | HistoryFailed]:
    """The history of one run so far, by its directory; nothing before its first epoch or
    statistics of layers."""
    try:
        run = RunDirectory.open(path)
        history = _history_of(run)
    except ResNetGuiError as error:
        yield HistoryFailed(str(path), str(error))
        return
    if history.epochs or history.layers:
        data, created = history.recipe.get("data", ""), run.document.get("created") or ""
        planned = max((epoch.epochs for epoch in history.epochs[-1:]), default=0)
        if planned <= len(history.epochs) or not run.active:
            planned = 0
        yield HistoryFound(run_key(run.name), history, True, str(data), str(created), planned)


def _history_of(run: RunDirectory) -> TrainingHistory:
    model = _mapping(run.document.get("model"))
    return TrainingHistory(
        id=run.name,
        title=run.title,
        architecture=str(model.get("architecture") or ""),
        options=_mapping(model.get("architecture_options")),
        epochs=tuple(run.metrics()),
        layers=tuple(run.layers()),
        recipe=_mapping(run.document.get("config")),
    )


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
