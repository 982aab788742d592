"""How a sitting ends: finished, stopped or failed. Needs torch."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Generator
from pathlib import Path

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.errors import ModelFileError, NonFiniteLossError, ResNetGuiError, RunError
from resnet_gui.core.runs.checkpoint import Progress, load_checkpoint
from resnet_gui.core.runs.events import (
    Accuracy,
    PhotoSkipped,
    RunFailed,
    RunFinished,
    RunStopped,
    TrainEvent,
)
from resnet_gui.core.runs.listing import RunState
from resnet_gui.core.training.best_model import (
    accuracy,
    best_network,
    measure,
    missing_photos,
    most_common,
    save_best,
)
from resnet_gui.core.training.durable import written_progress
from resnet_gui.core.training.sitting import Sitting
from resnet_gui.core.training.space import not_written, release
from resnet_gui.core.training.validation_answers import (
    answers_so_far,
    keep_answers,
    kept_calibration,
    validation_answers,
    with_rare,
)
from resnet_gui.core.zoo.weights.model_file import model_id


def finished(sitting: Sitting, reason: str) -> Generator[TrainEvent, None, None]:
    """Measure the best epoch's network on the test part, and save it as a model.

    Args:
        reason: "completed" or "early_stopping".
    """
    setup, progress, run = sitting.setup, sitting.progress, sitting.setup.run
    network = best_network(setup)
    answers = yield from validation_answers(sitting, network)
    calibration: Calibration | None = answers.calibration
    if not answers.positions:
        # Nobody was asked again, or a stop came between: what was said before still holds.
        if (so_far := answers_so_far(sitting, progress.best_epoch)) is not None:
            answers, calibration = so_far, so_far.calibration
        else:
            calibration = kept_calibration(setup, progress)
    sitting.close()
    measured: Accuracy | None = None
    for item in measure(setup, network, setup.phase_of(progress.best_epoch)):
        if isinstance(item, Accuracy):
            measured = item
        else:
            if isinstance(item, PhotoSkipped):
                sitting.missing.add(item.path)
            yield item
    measured = measured or with_rare(_chosen_accuracy(sitting, progress), answers, setup.split)
    path = save_best(setup, progress, network, measured, calibration=calibration)
    if answers.positions:
        keep_answers(sitting, answers, path)
    run.update(
        state=RunState.FINISHED.value, model_path=path, reason=reason,
        result=dataclasses.asdict(measured), best_epoch=progress.best_epoch,
        seconds=sitting.seconds,
    )  # fmt: skip
    run.features.unlink(missing_ok=True)
    if sitting.missing:
        yield missing_photos(setup, len(sitting.missing))
    yield RunFinished(
        run=run.name,
        epoch=progress.epoch,
        step=progress.step,
        reason=reason,
        best_val_accuracy=progress.best_accuracy,
        best_epoch=progress.best_epoch,
        accuracy=measured,
        model_path=path,
        model_id=_id_of(path),
        seconds=sitting.seconds,
    )


def stopped(sitting: Sitting) -> RunStopped:
    """Save what there is, mark the run as stopped, and say so."""
    sitting.close()
    path = save_quietly(sitting)
    sitting.setup.run.update(state=RunState.STOPPED.value)
    progress = sitting.progress
    return RunStopped(
        run=sitting.setup.run.name,
        epoch=progress.epoch,
        step=progress.step,
        best_val_accuracy=progress.best_accuracy,
        best_epoch=progress.best_epoch,
        model_path=path,
        model_id=_id_of(path),
        resumable=True,
        seconds=sitting.seconds,
    )


def failed(sitting: Sitting, error: Exception) -> RunFailed:
    """Mark the run as failed, save what there is, and say so."""
    sitting.close()
    setup, progress, run = sitting.setup, sitting.progress, sitting.setup.run
    if isinstance(error, OSError):
        error = not_written(setup, error)
        progress = written_progress(setup)
    message = str(error)
    release(run)
    with contextlib.suppress(OSError):  # the disk is full or gone: it counts as interrupted
        run.update(state=RunState.FAILED.value, message=message)
    path = save_quietly(sitting)
    return RunFailed(
        run=run.name,
        epoch=progress.epoch + 1,
        step=sitting.step + 1,
        error_type=type(error).__name__,
        message=message,
        best_val_accuracy=progress.best_accuracy,
        best_epoch=progress.best_epoch,
        model_path=path,
        model_id=_id_of(path),
        resumable=not isinstance(error, NonFiniteLossError | RunError),
    )


def save_quietly(sitting: Sitting) -> str:
    """The model of the best epoch so far, if there is one; "" else. Raises nothing that is
    foreseen: it runs when something else is ending already."""
    setup, path = sitting.setup, ""
    try:
        if not setup.run.best.is_file():
            return ""
        # Not this sitting's progress: the epoch that counts as the best by now may be the one
        # that could not be written.
        progress = load_checkpoint(setup.run.best).progress
        measured = _chosen_accuracy(sitting, progress)
        answers = answers_so_far(sitting, progress.best_epoch)
        calibration = answers.calibration if answers else kept_calibration(setup, progress)
        network = best_network(setup)
        path = save_best(setup, progress, network, measured, quickly=True, calibration=calibration)
        if answers is not None:
            keep_answers(sitting, answers, path)
        setup.run.update(model_path=path)
    except (ResNetGuiError, OSError):
        return path
    return path


def _id_of(path: str) -> str:
    """The id of the model that was saved a moment ago; "" if none was."""
    if not path:
        return ""
    try:
        return model_id(Path(path))
    except ModelFileError:  # taken away again already
        return Path(path).stem


def _chosen_accuracy(sitting: Sitting, progress: Progress) -> Accuracy:
    """The best epoch's accuracy on the photos that chose it; else that on training photos."""
    split = sitting.setup.split
    if progress.best_photos:
        missing = len(split.val) - progress.best_photos
        common = most_common(split, "val")
        return accuracy("validation", progress.best_right, progress.best_photos, missing, common)
    for best in reversed(sitting.history):
        if best.epoch == progress.best_epoch:
            n = best.train_photos or len(split.train)
            # Not all that is not seen is missing: a last batch of one photo is left out.
            missing = min(len(split.train) - n, len(sitting.missing))
            return accuracy("training", round(best.train_accuracy * n), n, missing)
    return accuracy("training", 0, 0)  # its line is lost
