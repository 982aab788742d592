"""The training loop, from top to bottom. Needs torch.

The events are made in `report`, one optimizer step is `step`, what is on the disk after an epoch is
`durable`, and how a sitting ends is `finish`.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Iterator

from resnet_gui.core.errors import NonFiniteLossError, ResNetGuiError, TrainingError
from resnet_gui.core.runs.checkpoint import Progress
from resnet_gui.core.runs.events import (
    EpochDone,
    LayersMeasured,
    LayerStatistics,
    SamplesPredicted,
    TrainEvent,
)
from resnet_gui.core.runs.listing import RunState
from resnet_gui.core.training.data.source import made_ahead
from resnet_gui.core.training.durable import keep_samples, record_layers, save_epoch
from resnet_gui.core.training.finish import failed, finished, save_quietly, stopped
from resnet_gui.core.training.phase import Phase, open_phase
from resnet_gui.core.training.report import Tally, batch_done, epoch_done, started
from resnet_gui.core.training.setup import Setup
from resnet_gui.core.training.sitting import Sitting, Stop
from resnet_gui.core.training.space import release, reserve_model
from resnet_gui.core.training.step import average_statistics, divergence_advice, take_step
from resnet_gui.core.training.validate import Validation, validate


def run_sitting(
    setup: Setup, progress: Progress, history: list[EpochDone], stop: Stop | None
) -> Iterator[TrainEvent]:
    """Train until the plan is fulfilled, `stop()` says so, the generator is closed, or it fails.
    The caller holds the run's lock: `setup.run` is proof of it.

    A closed generator is a stop: what the last epoch left on the disk is completed to a usable
    model, and the run can be resumed.

    Raises:
        Exception: only what this program did not foresee; the run is marked as failed.
    """
    run = setup.run
    sitting = Sitting(setup, progress, history, stop or (lambda: False))
    try:
        run.sweep()
        run.update(state=RunState.RUNNING.value, message="", closed=False)
        yield from sitting.clock.timed(_train(sitting))
    except (GeneratorExit, KeyboardInterrupt):
        save_quietly(sitting)
        with contextlib.suppress(OSError):  # the disk is full or gone: it counts as interrupted
            run.update(state=RunState.STOPPED.value, closed=True)
        raise
    except (ResNetGuiError, OSError) as error:
        yield failed(sitting, error)
    except BaseException as error:
        with contextlib.suppress(OSError):
            run.update(state=RunState.FAILED.value, message=f"{type(error).__name__}: {error}")
        raise
    finally:
        sitting.close()
        keep_samples(sitting)
        release(run)


def _train(sitting: Sitting) -> Generator[TrainEvent, None, None]:
    """All epochs that are left, and the end."""
    setup, progress, config = sitting.setup, sitting.progress, sitting.setup.config
    yield started(setup, progress, sitting.history)
    reason = "completed"
    while progress.epoch < config.epochs:
        name = setup.phase_of(progress.epoch + 1)
        if sitting.phase is None or sitting.phase.name != name:
            for item in open_phase(setup, progress, carried=sitting.phase):
                if isinstance(item, Phase):
                    sitting.phase = item
                else:
                    yield item
                if sitting.stop():
                    del item  # else its network would outlive the end
                    yield stopped(sitting)
                    return
            del item
            reserve_model(setup, sitting.open_phase)
            if progress.phase != name:
                progress.bad_epochs = 0
            if not progress.epoch:
                yield from _measured(sitting, record_layers(sitting, 0))
        done = yield from _train_epoch(sitting)
        if not done:
            yield stopped(sitting)
            return
        # Of progressive, a head that is done is no reason not to go on with the rest.
        in_last_phase = setup.phase_of(config.epochs) == name
        if in_last_phase and 0 < config.patience <= progress.bad_epochs:
            reason = "early_stopping"
            break
    yield from finished(sitting, reason)


def _train_epoch(sitting: Sitting) -> Generator[TrainEvent, None, bool]:
    """One epoch; returns whether it was done. It is on the disk before EpochDone is yielded."""
    setup, progress, phase = sitting.setup, sitting.progress, sitting.open_phase
    epoch, seed = progress.epoch + 1, setup.config.seed
    batches = phase.order(epoch)
    if not batches:
        raise TrainingError(
            "None of the training photos can be read.", "Check the drive they are on."
        )
    tally = Tally(sitting, epoch, len(batches))
    phase.train_mode()
    phase.source.begin_epoch(epoch, setup.input_side(epoch))
    phase.workers.order("epoch", epoch=epoch, scale=progress.plateau.scale)
    for number, (planned, batch) in enumerate(made_ahead(phase.source, seed, epoch, batches)):
        lr = phase.set_learning_rate(epoch, number, progress.plateau.scale)
        yield from sitting.skipped()
        if batch is not None and tally.photos and len(batch.y) < phase.fewest:
            batch = None
        if batch is not None or phase.workers.several:
            result = yield from take_step(setup, phase, progress, batch, planned, epoch, number)
            if result is not None:
                sitting.step += 1
                tally.add(result, number, lr)
                yield batch_done(sitting, tally, result)
        if sitting.stopping:
            return False
    tally.end_training()
    if not tally.photos:
        raise TrainingError(
            "None of the training photos can be read any more.", "Check the drive they are on."
        )
    average_statistics(phase)
    validation = yield from validate(setup, phase, sitting.stop)
    phase.source.share_failures()
    yield from sitting.skipped()
    if validation is None:
        return False
    for loss in (tally.loss, validation.loss):
        if loss is not None and not math.isfinite(loss):
            raise NonFiniteLossError(epoch, len(batches), divergence_advice(phase.config.lr))
    _judge(sitting, epoch, tally.loss, validation)
    done = epoch_done(sitting, tally, validation)
    layers = save_epoch(sitting, done)
    sitting.history.append(done)
    yield done
    yield from _measured(sitting, layers)
    if validation.samples:
        sitting.samples = SamplesPredicted(setup.run.name, epoch, validation.samples)
        yield sitting.samples
    return not sitting.stop() or progress.epoch >= setup.config.epochs


def _measured(sitting: Sitting, layers: LayerStatistics | None) -> Iterator[LayersMeasured]:
    """The event of what is on the disk by now."""
    if layers is not None:
        yield LayersMeasured(sitting.setup.run.name, layers)


def _judge(sitting: Sitting, epoch: int, train_loss: float, validation: Validation) -> None:
    """Take the epoch into the progress: is it the best so far? Without validation the last is."""
    setup, progress, phase = sitting.setup, sitting.progress, sitting.open_phase
    progress.epoch, progress.step = epoch, sitting.step
    progress.phase = phase.name
    progress.seconds = sitting.seconds
    measured = train_loss if validation.loss is None else validation.loss
    progress.plateau = progress.plateau.after(measured, phase.config)
    # What was measured on smaller pictures is no match for what the model will see.
    grown = setup.input_side(epoch) > setup.input_side(max(1, progress.best_epoch))
    better = validation.beats(progress.best_loss, progress.best_accuracy, setup.config.method)
    if progress.best_epoch == 0 or grown or better:
        progress.best_epoch = epoch
        progress.best_accuracy, progress.best_loss = validation.accuracy, validation.loss
        progress.best_right, progress.best_photos = validation.right, validation.photos
        progress.bad_epochs = 0
        sitting.best = epoch, validation
    else:
        progress.bad_epochs += 1
