"""Runs on disk: one directory each, readable without this program. No torch here.

    run.json            what was asked for, what came out, versions
    split.json          which photo trains, validates, tests
    metrics.jsonl       one line per epoch (EpochDone)
    last.safetensors    where to go on from (see `training.checkpoint`)
    best.safetensors    the best epoch's weights
    layers.jsonl        from scratch: one line per epoch, and one before the first (LayerStatistics)
    features.safetensors  of head training, the backbone's features; deleted at the end
    lock                held while a process trains; a killed process holds nothing

A run whose run.json says "running" while nobody holds the lock was interrupted.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from resnet_gui.core.atomic import write_json, write_text
from resnet_gui.core.dataset.split import Split
from resnet_gui.core.errors import ResNetGuiError, RunError
from resnet_gui.core.files import disk_use, move_to_trash, slug, try_lock, unlock
from resnet_gui.core.histories import LayerStatistics
from resnet_gui.core.paths import data_dir
from resnet_gui.core.training.config import RunConfig
from resnet_gui.core.training.events import EpochDone, epoch_from_json

FORMAT_VERSION = 1
RUN_FILE, SPLIT_FILE, METRICS_FILE = "run.json", "split.json", "metrics.jsonl"
LAST_FILE, BEST_FILE, FEATURES_FILE = "last.safetensors", "best.safetensors", "features.safetensors"
LAYERS_FILE = "layers.jsonl"
_LOCK_FILE = "lock"
T = TypeVar("T")


class RunState(StrEnum):
    RUNNING = "running"
    INTERRUPTED = "interrupted"  # killed, or the power went
    STOPPED = "stopped"  # by a person
    FAILED = "failed"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a list of runs shows.

    Attributes:
        name: of its directory, unique; `title` is what a person reads.
        created: ISO 8601, UTC.
        epochs_done: of `epochs` at most.
        best_val_accuracy: fraction of 1; None: no epoch is done, or nothing validates.
        model_path: the model it made so far; "" if none, or if it is deleted.
        resumable: `resume` can be asked for. message: why it failed.
        bytes: size of the directory.
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

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "state": self.state.value}


class RunDirectory:
    """One run's directory. Nothing is kept in memory but run.json's value.

    Attributes:
        path: the directory; its name is the run's name.
        document: the value of run.json.
    """

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self.path = path
        self.document = document

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """Read run.json.

        Raises:
            RunError: missing, damaged or of a newer version.
        """
        try:
            document = json.loads((path / RUN_FILE).read_text(encoding="utf-8"))
            version = int(document["format"])
        except FileNotFoundError as error:
            raise RunError(path, f"There is no run in {path}.") from error
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise RunError(
                path, f"The run “{path.name}” is damaged: {RUN_FILE} cannot be read."
            ) from error
        if version > FORMAT_VERSION:
            raise RunError(
                path,
                f"The run “{path.name}” was made by a newer version of this program.",
                "Update the program.",
            )
        return cls(path, document)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def last(self) -> Path:
        return self.path / LAST_FILE

    @property
    def best(self) -> Path:
        return self.path / BEST_FILE

    @property
    def features(self) -> Path:
        return self.path / FEATURES_FILE

    @property
    def config(self) -> RunConfig:
        """The settings.

        Raises:
            RunConfigError: they are of a newer version, or damaged.
        """
        return RunConfig.from_json(self.document["config"])

    def split(self) -> Split:
        """The stored split.

        Raises:
            RunError: missing or damaged.
        """
        try:
            return Split.from_json(json.loads((self.path / SPLIT_FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise RunError(
                self.path, f"The run “{self.name}” is damaged: {SPLIT_FILE} cannot be read."
            ) from error

    def update(self, **values: Any) -> None:
        """Change values of run.json, on disk and here."""
        self.document = self.document | values
        write_json(self.path / RUN_FILE, self.document)

    def metrics(self) -> list[EpochDone]:
        """All whole lines of metrics.jsonl; a line that was cut off ends the list."""
        return _lines(self.path / METRICS_FILE, epoch_from_json)

    def append_metrics(self, epoch: EpochDone) -> None:
        """Add a line and wait until it is on the disk."""
        _append(self.path / METRICS_FILE, epoch.to_json())

    def cut_metrics(self, epoch: int) -> list[EpochDone]:
        """Drop what lies beyond the checkpoint of this epoch; returns what is left."""
        kept = [item for item in self.metrics() if item.epoch <= epoch]
        lines = [json.dumps(item.to_json(), ensure_ascii=False) + "\n" for item in kept]
        write_text(self.path / METRICS_FILE, "".join(lines))
        return kept

    def layers(self) -> list[LayerStatistics]:
        """All whole lines of layers.jsonl; a line that was cut off ends the list."""
        return _lines(self.path / LAYERS_FILE, LayerStatistics.from_json)

    def append_layers(self, item: LayerStatistics) -> None:
        """Add a line and wait until it is on the disk."""
        _append(self.path / LAYERS_FILE, item.to_json())

    def cut_layers(self, epoch: int) -> None:
        """Drop what lies beyond the checkpoint of this epoch (0: there is none, so everything)."""
        kept = [item for item in self.layers() if item.epoch <= epoch] if epoch else []
        lines = [json.dumps(item.to_json()) + "\n" for item in kept]
        write_text(self.path / LAYERS_FILE, "".join(lines))

    def sweep(self) -> None:
        """Remove the temporary files that a killed process left."""
        for path in self.path.glob(".*.tmp"):
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for the time of a training. The system lets go of a killed process's lock.

        Raises:
            RunError: another process, or another part of this one, trains it.
        """
        with (self.path / _LOCK_FILE).open("a+b") as file:
            if not try_lock(file):
                raise RunError(
                    self.path,
                    f"The run “{self.name}” is being trained already.",
                    "Wait until it ends, or stop it.",
                )
            try:
                yield
            finally:
                unlock(file)

    @property
    def active(self) -> bool:
        """Whether somebody holds the lock now."""
        try:
            with (self.path / _LOCK_FILE).open("r+b") as file:
                if try_lock(file):
                    unlock(file)
                    return False
                return True
        except OSError:
            return False

    def info(self) -> RunInfo:
        """The line of this run in a list."""
        document, metrics = self.document, self.metrics()
        config = document.get("config") or {}
        state = RunState(document.get("state", "failed"))
        if state is RunState.RUNNING and not self.active:
            state = RunState.INTERRUPTED
        best = [item for item in metrics if item.best]
        model_path = str(document.get("model_path") or "")
        return RunInfo(
            name=self.name,
            path=str(self.path),
            title=str(document.get("title") or self.name),
            state=state,
            created=str(document.get("created") or ""),
            data=str(config.get("data") or ""),
            model=str(config.get("model") or ""),
            method=str(config.get("method") or ""),
            epochs_done=metrics[-1].epoch if metrics else 0,
            epochs=int(config.get("epochs") or 0),
            best_val_accuracy=best[-1].val_accuracy if best else None,
            best_epoch=best[-1].epoch if best else 0,
            model_path=model_path if model_path and Path(model_path).is_file() else "",
            resumable=state in (RunState.INTERRUPTED, RunState.STOPPED, RunState.FAILED),
            message=str(document.get("message") or ""),
            bytes=disk_use(self.path),
        )


def _append(path: Path, value: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(value, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _lines(path: Path, parse: Callable[[dict[str, Any]], T]) -> list[T]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    found: list[T] = []
    for line in text.splitlines():
        try:
            found.append(parse(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError):
            break
    return found


def runs_dir() -> Path:
    """Where runs are kept if nothing else is said."""
    return data_dir() / "runs"


def create_run(
    config: RunConfig,
    title: str,
    split: Split,
    document: dict[str, Any],
    folder: Path,
    models: Path,
) -> RunDirectory:
    """Make the directory of a new run, state "running", under a free name made from `title`.

    Args:
        document: further values of run.json (dataset, model, versions).
        folder: where runs are kept. models: a name is free if no model there has it either.

    Raises:
        RunError: the folder cannot be written.
    """
    stem, number = slug(title), 1
    while True:
        name = stem if number == 1 else f"{stem}-{number}"
        number += 1
        path = folder / name
        if (models / f"{name}.safetensors").exists():
            continue
        try:
            path.mkdir(parents=True, exist_ok=False)
            break
        except FileExistsError:
            continue
        except OSError as error:
            raise RunError(
                folder,
                f"The folder of runs {folder} cannot be written ({error.strerror}).",
                "Free some space, or choose another folder.",
            ) from error
    return fill_run(path, config, title, split, document)


def fill_run(
    path: Path, config: RunConfig, title: str, split: Split, document: dict[str, Any]
) -> RunDirectory:
    """Write a new run's files into an existing directory; run.json comes last."""
    write_json(path / SPLIT_FILE, split.to_json())
    (path / _LOCK_FILE).touch()
    run = RunDirectory(path, {})
    run.update(
        format=FORMAT_VERSION,
        title=title,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        state=RunState.RUNNING.value,
        message="",
        config=config.to_json(),
        model_path="",
        **document,
    )
    return run


def list_runs(folder: Path | None = None) -> list[RunInfo]:
    """All runs, the newest first. Directories that are no runs are left out."""
    found: list[RunInfo] = []
    try:
        paths = sorted((folder or runs_dir()).iterdir())
    except OSError:
        return []
    for path in paths:
        if path.name.startswith(".") or not (path / RUN_FILE).is_file():
            continue
        # A damaged run stays visible: one that vanishes without a word would be worse.
        try:
            found.append(RunDirectory.open(path).info())
        except (ResNetGuiError, ValueError, TypeError) as error:
            found.append(_damaged(path, str(error)))
    return sorted(found, key=lambda info: info.created, reverse=True)


def interrupted_runs(folder: Path | None = None) -> list[RunInfo]:
    """Runs that ended without being stopped: to be offered for resuming at the next start."""
    return [info for info in list_runs(folder) if info.state is RunState.INTERRUPTED]


def find_run(wanted: str, folder: Path | None = None) -> RunDirectory:
    """A run by its name or its directory.

    Raises:
        RunError: there is none.
    """
    for path in (Path(wanted).expanduser(), (folder or runs_dir()) / wanted):
        if (path / RUN_FILE).is_file():
            return RunDirectory.open(path.absolute())
    raise RunError(wanted, f"There is no run “{wanted}”.", "“resnet-gui runs” lists them.")


def rename_run(path: Path, title: str) -> None:
    """Give a run another title; its directory keeps its name, which scripts may use.

    Raises:
        RunError: the title is empty, or the run is damaged.
    """
    if not title.strip():
        raise RunError(path, "A run needs a name.")
    RunDirectory.open(path).update(title=title.strip())


def delete_run(path: Path, trash: Callable[[Path], None] | None = None) -> None:
    """Move a run to the trash. The model that it made stays.

    Raises:
        RunError: it is being trained, or cannot be moved.
    """
    if RunDirectory(path, {}).active:
        raise RunError(path, f"The run “{path.name}” is being trained.", "Stop it first.")
    (trash or move_to_trash)(path)


def _damaged(path: Path, message: str) -> RunInfo:
    return RunInfo(
        path.name, str(path), path.name, RunState.FAILED, "", "", "", "", 0, 0, None, 0, "", False,
        message, disk_use(path),
    )  # fmt: skip
