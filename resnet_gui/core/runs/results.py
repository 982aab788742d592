"""What came out of a run, read from its directory as the events that told it. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet_gui.core.errors import RunError
from resnet_gui.core.runs.config import Method, RunConfig
from resnet_gui.core.runs.directory import DAMAGE, RUN_FILE, RunDirectory, damage
from resnet_gui.core.runs.events import (
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    SamplesPredicted,
)
from resnet_gui.core.runs.info import RunInfo, RunState, accuracy_of, seconds_of
from resnet_gui.core.system.documents import text


@dataclass(frozen=True, slots=True)
class RunResults:
    """A run that is over, or rests.

    Attributes:
        info: its line in a list.
        started: with all epochs so far as its history. end: how it stands.
        samples: what it said last about a few validation photos; None: that was not noted.
        known: how many of the photos that it was measured on its start model had learned from, as
            far as the runs here tell. Today's runs keep them out; those of older versions do not.
    """

    info: RunInfo
    config: RunConfig
    started: RunStarted
    end: RunFinished | RunStopped | RunFailed
    samples: SamplesPredicted | None
    known: int = 0

    def caution(self) -> str:
        """A sentence about `known`; "": there is nothing to say."""
        if not self.known or not isinstance(self.end, RunFinished):
            return ""
        measured = self.started.test_photos or self.started.val_photos
        which = "all" if self.known >= measured else f"{self.known:,}"
        return (
            f"The model that it started from had learned from {which} of these {measured:,} photos "
            "before, so this accuracy flatters. Train again to measure without them."
        )


def read_results(path: Path, *, resting: bool = True, start: Path | None = None) -> RunResults:
    """What came out of a run.

    Args:
        resting: a run that is being trained is refused.
        start: the run that made the model which this one started from, where it is known.

    Raises:
        RunError: it is being trained, damaged or of a newer version. RunConfigError: its settings
            are.
    """
    run = RunDirectory.open(path)
    try:
        info = run.info()
        if resting and info.state is RunState.RUNNING:
            raise RunError(path, f"The run “{info.title}” is being trained.", "Wait for its end.")
        started = _started(run, info)
        known = _known(run, start) if start is not None else 0
        end = _end(run, info, started)
        return RunResults(info, run.config, started, end, run.samples(), known)
    except DAMAGE as error:
        raise damage(path, RUN_FILE, "something in it is wrong or missing") from error


def _known(run: RunDirectory, start: Path) -> int:
    """How many of a run's test or validation photos another one trained on, by their places."""
    if run.config.method is Method.SCRATCH:
        return 0
    try:
        other = RunDirectory.open(start)
        folder = Path(text(other.document["dataset"]["root"]))
        learned = {folder / item.path for item in other.split().train}
        split, root = run.split(), Path(text(run.document["dataset"]["root"]))
        return sum(root / item.path in learned for item in split.test or split.val)
    except (RunError, *DAMAGE):  # of that other one this one's page says nothing
        return 0


def _started(run: RunDirectory, info: RunInfo) -> RunStarted:
    split, metrics, config = run.split(), run.metrics(), run.config
    value = run.document.get("hardware")
    hardware: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    return RunStarted(
        run=run.name,
        run_dir=str(run.path),
        epoch=info.epochs_done,
        step=metrics[-1].step if metrics else 0,
        model=config.model,
        method=config.method.value,
        epochs=config.epochs,
        steps_per_epoch=-(-len(split.train) // config.batch_size),
        resumed=bool(metrics),
        classes=split.classes,
        train_photos=len(split.train),
        val_photos=len(split.val),
        test_photos=len(split.test),
        batch_size=config.batch_size,
        device=text(hardware.get("device")),
        device_kind=text(hardware.get("kind")),
        precision=text(hardware.get("precision")),
        batchnorm_frozen=False,
        history=tuple(metrics),
        title=run.title,
    )


def _end(
    run: RunDirectory, info: RunInfo, started: RunStarted
) -> RunFinished | RunStopped | RunFailed:
    document = run.document
    model_id = Path(info.model_path).stem  # whoever knows the models knows better
    if info.state is RunState.FINISHED:
        return RunFinished(
            run=run.name,
            epoch=started.epoch,
            step=started.step,
            reason=text(document.get("reason")),
            best_val_accuracy=info.best_val_accuracy,
            best_epoch=info.best_epoch,
            accuracy=accuracy_of(document),
            model_path=info.model_path,
            model_id=model_id,
            seconds=seconds_of(document.get("seconds")),
        )
    if info.state is RunState.FAILED:
        return RunFailed(
            run=run.name,
            epoch=started.epoch + 1,
            step=started.step + 1,
            error_type="",
            message=info.message,
            best_val_accuracy=info.best_val_accuracy,
            best_epoch=info.best_epoch,
            model_path=info.model_path,
            model_id=model_id,
            resumable=info.resumable,
        )
    return RunStopped(
        run=run.name,
        epoch=started.epoch,
        step=started.step,
        best_val_accuracy=info.best_val_accuracy,
        best_epoch=info.best_epoch,
        model_path=info.model_path,
        model_id=model_id,
        resumable=info.resumable,
        seconds=sum(epoch.seconds for epoch in started.history),
    )
