"""One run's directory: who reads it, and who may write to it (see `runs`). No torch here."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from resnet_gui.core.dataset.split import Split
from resnet_gui.core.errors import RunError, RunNotWrittenError
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import EpochDone, LayerStatistics, SamplesPredicted
from resnet_gui.core.runs.info import MOST_EPOCHS, RunInfo, run_info
from resnet_gui.core.system.atomic import dump_json, write_json, write_text
from resnet_gui.core.system.documents import DocumentError, read_lines, read_object, share, text
from resnet_gui.core.system.locks import Timeout, is_held, lock
from resnet_gui.core.values import from_json

FORMAT_VERSION = 1
RUN_FILE, TITLE_FILE, SPLIT_FILE = "run.json", "title.json", "split.json"
NOTE_FILE, LONGEST_NOTE = "note.json", 2000
METRICS_FILE, LAYERS_FILE = "metrics.jsonl", "layers.jsonl"
SAMPLES_FILE = "samples.json"
PREDICTIONS_FILE = "predictions.safetensors"
LAST_FILE, BEST_FILE, FEATURES_FILE = "last.safetensors", "best.safetensors", "features.safetensors"
RESERVE_FILE = ".reserve.tmp"
LOCK_FILE = "lock"
# Lists ask for a moment whether a lock is held, which must not turn a training away.
PATIENCE_S = 0.5
DAMAGE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class RunDirectory:
    """One run's directory, to be read. Nothing is kept in memory but run.json's value.

    Attributes:
        path: the directory; its name is the run's name.
        document: the value of run.json as it was when this was made.
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
        return cls(path, _read_run(path))

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def title(self) -> str:
        """What a person reads; it may have been renamed a moment ago."""
        try:
            renamed = text(read_object(self.path / TITLE_FILE).get("title"))
        except (FileNotFoundError, DocumentError):
            renamed = ""
        return renamed or text(self.document.get("title")) or self.name

    @property
    def note(self) -> str:
        """What a person wrote about it; "" for nothing."""
        try:
            return text(read_object(self.path / NOTE_FILE).get("note"), LONGEST_NOTE)
        except (FileNotFoundError, DocumentError):
            return ""

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
            RunError: there are none.
            RunConfigError: they are of a newer version, or damaged.
        """
        config = self.document.get("config")
        if not isinstance(config, dict):
            raise self._damaged(RUN_FILE, "it holds no settings")
        return RunConfig.from_json(config)

    def split(self) -> Split:
        """The stored split.

        Raises:
            RunError: missing or damaged.
        """
        try:
            return Split.from_json(read_object(self.path / SPLIT_FILE))
        except FileNotFoundError as error:
            raise self._damaged(SPLIT_FILE, "it is not there") from error
        except DocumentError as error:
            raise self._damaged(SPLIT_FILE, str(error)) from error
        except DAMAGE as error:
            raise self._damaged(SPLIT_FILE, "something in it is wrong or missing") from error

    def metrics(self) -> list[EpochDone]:
        """All whole lines of metrics.jsonl; a line that was cut off ends the list.

        Raises:
            RunError: it is no file that can be read.
        """
        try:
            return read_lines(self.path / METRICS_FILE, _epoch)
        except DocumentError as error:
            raise self._damaged(METRICS_FILE, str(error)) from error

    def layers(self) -> list[LayerStatistics]:
        """All whole lines of layers.jsonl; a line that was cut off ends the list.

        Raises:
            RunError: it is no file that can be read.
        """
        try:
            # Gradients that are no number are what a diverging run has to tell.
            return read_lines(
                self.path / LAYERS_FILE, partial(from_json, LayerStatistics), finite=False
            )
        except DocumentError as error:
            raise self._damaged(LAYERS_FILE, str(error)) from error

    def samples(self) -> SamplesPredicted | None:
        """What the network said last about a few validation photos; None: nobody noted it."""
        try:
            return from_json(SamplesPredicted, read_object(self.path / SAMPLES_FILE))
        except (FileNotFoundError, DocumentError, *DAMAGE):
            return None  # the next epoch says it again

    @contextlib.contextmanager
    def locked(self) -> Iterator[HeldRun]:
        """Hold the run for the time of a training, and hand out what writes to it, with run.json
        as it is now: another process may have written between `open` and here. The system lets go
        of a killed process's lock.

        Raises:
            RunError: another process, or another part of this one, trains it; or it is damaged.
        """
        with hold(self.path) as held:
            held.document = _read_run(self.path)
            yield held

    @property
    def active(self) -> bool:
        """Whether somebody holds the lock now."""
        return is_held(self.path / LOCK_FILE)

    def info(self) -> RunInfo:
        """The line of this run in a list.

        Raises:
            RunError, ValueError: it is damaged.
        """
        info = run_info(self.path, self.title, self.document, self.metrics(), self.active)
        note = self.note
        return replace(info, note=note) if note else info

    def _damaged(self, file: str, reason: str) -> RunError:
        return damage(self.path, file, reason)


class HeldRun(RunDirectory):
    """A run whose lock is held: the one way to write to its directory.

    Of its methods and paths none can be used once the lock is let go: a write that comes too late
    would be a write into somebody else's training.
    """

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        super().__init__(path, document)
        self._held = True

    def let_go(self) -> None:
        """The lock is about to be given back."""
        self._held = False

    def writable(self, name: str) -> Path:
        """The path of a file of the run, to be written."""
        if not self._held:
            raise RuntimeError(f"{name} of the run “{self.name}” is not written without its lock")
        return self.path / name

    @property
    def last(self) -> Path:
        return self.writable(LAST_FILE)

    @property
    def best(self) -> Path:
        return self.writable(BEST_FILE)

    @property
    def features(self) -> Path:
        return self.writable(FEATURES_FILE)

    @property
    def predictions(self) -> Path:
        return self.writable(PREDICTIONS_FILE)

    @property
    def reserve(self) -> Path:
        return self.writable(RESERVE_FILE)

    def update(self, **values: Any) -> None:
        """Change values of run.json, on disk and here."""
        path = self.writable(RUN_FILE)
        self.document = self.document | values
        write_json(path, self.document)

    def write_split(self, split: Split) -> None:
        """Store which photo trains, validates, tests."""
        write_json(self.writable(SPLIT_FILE), split.to_json())

    def write_samples(self, samples: SamplesPredicted) -> None:
        """Keep what the network says now about a few validation photos."""
        write_json(self.writable(SAMPLES_FILE), samples.to_json())

    def append_metrics(self, epoch: EpochDone) -> None:
        """Add a line and wait until it is on the disk."""
        _append(self.writable(METRICS_FILE), epoch.to_json())

    def cut_metrics(self, epoch: int) -> list[EpochDone]:
        """Drop what lies beyond the checkpoint of this epoch; returns what is left."""
        kept = [item for item in self.metrics() if item.epoch <= epoch]
        lines = [dump_json(item.to_json()) + "\n" for item in kept]
        write_text(self.writable(METRICS_FILE), "".join(lines))
        return kept

    def append_layers(self, item: LayerStatistics) -> None:
        """Add a line and wait until it is on the disk."""
        _append(self.writable(LAYERS_FILE), item.to_json())

    def cut_layers(self, epoch: int) -> None:
        """Drop what lies beyond the checkpoint of this epoch (0: there is none, so everything)."""
        kept = [item for item in self.layers() if item.epoch <= epoch] if epoch else []
        lines = [dump_json(item.to_json()) + "\n" for item in kept]
        write_text(self.writable(LAYERS_FILE), "".join(lines))

    def sweep(self) -> None:
        """Remove the temporary files that a killed process left."""
        for path in self.writable(".").glob(".*.tmp"):
            path.unlink(missing_ok=True)


def _read_run(path: Path) -> dict[str, Any]:
    try:
        document = read_object(path / RUN_FILE)
    except FileNotFoundError as error:
        raise RunError(path, f"There is no run in {path}.") from error
    except DocumentError as error:
        raise damage(path, RUN_FILE, str(error)) from error
    version = document.get("format")
    if type(version) is not int:
        raise damage(path, RUN_FILE, "it does not say its format")
    if version > FORMAT_VERSION:
        raise RunError(
            path,
            f"The run “{path.name}” was made by a newer version of this program.",
            "Update the program.",
        )
    return document


def damage(path: Path, file: str, reason: str) -> RunError:
    """The error for a file of a run that cannot be read."""
    return RunError(
        path,
        f"The run “{path.name}” is damaged: {file} cannot be read ({reason}).",
        "Start a new run.",
    )


@contextlib.contextmanager
def hold(path: Path) -> Iterator[HeldRun]:
    """Hold a run that need not be whole yet.

    Raises:
        RunError: somebody else holds it, or there is no such directory.
        RunNotWrittenError: no lock can be had there.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(lock(path / LOCK_FILE, PATIENCE_S))
        except Timeout as error:
            raise RunError(
                path,
                f"The run “{path.name}” is being trained already.",
                "Wait until it ends, or stop it.",
            ) from error
        except FileNotFoundError as error:
            raise RunError(path, f"There is no run in {path}.") from error
        except OSError as error:
            raise RunNotWrittenError(path / LOCK_FILE, path.name, error) from error
        held = HeldRun(path, {})
        stack.callback(held.let_go)
        yield held


def _append(path: Path, value: dict[str, Any]) -> None:
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(dump_json(value) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say it
        raise


def _epoch(value: Any) -> EpochDone:
    """A line of metrics.jsonl whose numbers can be shown."""
    item = from_json(EpochDone, value)
    shares = (item.train_accuracy, item.val_accuracy)
    if not 0 <= item.epoch <= MOST_EPOCHS or not 0 <= item.epochs <= MOST_EPOCHS:
        raise ValueError("no such epoch")
    if any(share(value) is None for value in shares if value is not None):
        raise ValueError("no such accuracy")
    return item
