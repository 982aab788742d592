"""The training loop: generators of events that read from top to bottom. Needs torch."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import cast

import torch

from resnet_gui.core.errors import NonFiniteLossError, ResNetGuiError, RunError, TrainingError
from resnet_gui.core.inference.hardware import is_out_of_memory, used_memory_mb
from resnet_gui.core.lab.layer_statistics import measure_layers
from resnet_gui.core.runs.checkpoint import Progress, load_checkpoint, save_checkpoint
from resnet_gui.core.runs.config import Method
from resnet_gui.core.runs.events import (
    Accuracy,
    BatchDone,
    EpochDone,
    PhotoSkipped,
    RunFailed,
    RunFinished,
    RunStopped,
    SamplesPredicted,
    TrainEvent,
)
from resnet_gui.core.runs.listing import RunState
from resnet_gui.core.runs.schedules import learning_rate
from resnet_gui.core.training.augment import step_seed
from resnet_gui.core.training.average import averaged_weights
from resnet_gui.core.training.finish import (
    accuracy,
    best_network,
    measure,
    missing_photos,
    save_best,
)
from resnet_gui.core.training.report import Validation, remaining_s, started, validate
from resnet_gui.core.training.session import Phase, Session, open_phase
from resnet_gui.core.training.space import not_written, release, reserve_model
from resnet_gui.core.training.step import StepResult, take_step

# Gradients by layer are measured on so many photos of 64x64 pixels, or as many pixels in larger
# ones: it is done in one go, and must not take more memory than the training itself.
_LAYER_PHOTOS, _LAYER_SIDE, _FEWEST = 64, 64, 4
Stop = Callable[[], bool]


def run_session(
    session: Session, progress: Progress, history: list[EpochDone], stop: Stop | None
) -> Iterator[TrainEvent]:
    """Train until the plan is fulfilled, `stop()` says so, the generator is closed, or it fails.
    The caller holds the run's lock: `session.run` is proof of it.

    A closed generator is a stop: what the last epoch left on the disk is completed to a usable
    model, and the run can be resumed.

    Raises:
        Exception: only what this program did not foresee; the run is marked as failed.
    """
    run = session.run
    sitting = _Sitting(session, progress, history, stop or (lambda: False))
    try:
        run.sweep()
        run.update(state=RunState.RUNNING.value, message="")
        yield from sitting.go()
    except (GeneratorExit, KeyboardInterrupt):
        sitting.save_quietly()
        with contextlib.suppress(OSError):  # the disk is full or gone: it counts as interrupted
            run.update(state=RunState.STOPPED.value)
        raise
    except (ResNetGuiError, OSError) as error:
        yield sitting.failed(error)
    except BaseException as error:
        with contextlib.suppress(OSError):
            run.update(state=RunState.FAILED.value, message=f"{type(error).__name__}: {error}")
        raise
    finally:
        sitting.close()
        release(run)


class _Sitting:
    """The mutable state of one sitting; `progress` is what the checkpoints hold of it."""

    def __init__(
        self, session: Session, progress: Progress, history: list[EpochDone], stop: Stop
    ) -> None:
        self.session = session
        self.progress = progress
        self.history = history
        self.stop = stop
        self.phase: Phase | None = None
        self.step = progress.step  # of the run, also of the epoch that is not saved yet
        self.missing: set[str] = set()  # photos that could not be read in this sitting
        self.began = time.monotonic()
        self.seconds_before = progress.seconds

    @property
    def seconds(self) -> float:
        """Training time over all sittings."""
        return self.seconds_before + time.monotonic() - self.began

    def close(self) -> None:
        if self.phase is not None:
            self.phase.close()
            self.phase = None

    def go(self) -> Iterator[TrainEvent]:
        config, progress = self.session.config, self.progress
        yield started(self.session, progress, self.history)
        reason = "completed"
        while progress.epoch < config.epochs:
            wanted = self.session.phase_of(progress.epoch + 1)
            if self.phase is None or self.phase.name != wanted:
                for item in open_phase(self.session, progress, carried=self.phase):
                    if isinstance(item, Phase):
                        self.phase = item
                    else:
                        yield item
                    if self.stop():
                        yield self._stopped()
                        return
                reserve_model(self.session, cast(Phase, self.phase))
                if progress.phase != wanted:
                    progress.bad_epochs = 0
                if not progress.epoch:
                    self._record_layers(0)
            finished = yield from self._epoch()
            if not finished:
                yield self._stopped()
                return
            # Of progressive, a head that is done is no reason not to go on with the rest.
            in_last_phase = self.session.phase_of(config.epochs) == wanted
            if in_last_phase and 0 < config.patience <= progress.bad_epochs:
                reason = "early_stopping"
                break
        yield from self._finish(reason)

    def _epoch(self) -> Generator[TrainEvent, None, bool]:
        """One epoch; returns whether it was finished. What is yielded last is durable."""
        session, progress, phase = self.session, self.progress, cast(Phase, self.phase)
        epoch, began = progress.epoch + 1, time.monotonic()
        batches = phase.order(epoch)
        if not batches:
            raise TrainingError(
                "None of the training photos can be read.", "Check the drive they are on."
            )
        phase.train_mode()
        phase.source.begin_epoch(epoch, session.input_side(epoch))
        loss_sum = right = seen = 0.0
        lr = 0.0
        for number, indices in enumerate(batches):
            if number + 1 < len(batches):
                phase.source.prefetch(batches[number + 1])
            lr = self._set_learning_rate(epoch, number, len(batches))
            torch.manual_seed(step_seed(session.config.seed, epoch, number))
            batch = phase.source.batch(indices)
            yield from self._skipped()
            if batch is not None and (not seen or len(batch.y) >= phase.fewest):
                result = yield from take_step(session, phase, progress, batch, epoch, number)
                loss_sum += result.loss * result.photos
                right += result.right
                seen += result.photos
                self.step += 1
                yield self._batch_done(epoch, number, len(batches), result, lr, seen, began)
            if self.stop():
                return False
        if not seen:
            raise TrainingError(
                "None of the training photos can be read any more.", "Check the drive they are on."
            )
        trained_s = time.monotonic() - began
        validation = yield from validate(session, phase, self.stop)
        yield from self._skipped()
        if validation is None:
            return False
        val_loss, val_accuracy = validation.loss, validation.accuracy
        train_loss = loss_sum / seen
        if not math.isfinite(train_loss) or (val_loss is not None and not math.isfinite(val_loss)):
            raise NonFiniteLossError(epoch, len(batches), _divergence_advice(phase))
        self._judge_epoch(epoch, train_loss, validation)
        done = EpochDone(
            run=session.run.name,
            epoch=epoch,
            epochs=session.config.epochs,
            step=self.step,
            phase=phase.name,
            train_loss=train_loss,
            train_accuracy=right / seen,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            lr=lr,
            seconds=time.monotonic() - began,
            photos_per_s=seen / max(trained_s, 1e-9),
            best=progress.best_epoch == epoch,
            train_photos=int(seen),
            val_photos=validation.photos,
        )
        self._make_durable(done)
        self.history.append(done)
        yield done
        if validation.samples:
            yield SamplesPredicted(session.run.name, epoch, validation.samples)
        return not self.stop() or progress.epoch >= session.config.epochs

    def _set_learning_rate(self, epoch: int, number: int, steps: int) -> float:
        """Set all groups' rates for a step (from 0) of the epoch; returns the head's."""
        phase = cast(Phase, self.phase)
        step = (epoch - phase.first_epoch) * steps + number
        rate = 0.0
        for group in phase.optimizer.param_groups:
            group["lr"] = learning_rate(
                phase.config,
                group["peak_lr"],
                step,
                steps,
                phase.epochs,
                self.progress.plateau.scale,
            )
            rate = max(rate, group["lr"])
        return rate

    def _judge_epoch(self, epoch: int, train_loss: float, validation: Validation) -> None:
        """Is it the best so far? Without validation the last is."""
        progress, phase = self.progress, cast(Phase, self.phase)
        progress.epoch, progress.step = epoch, self.step
        progress.phase = phase.name
        progress.seconds = self.seconds
        val_loss, val_accuracy = validation.loss, validation.accuracy
        measured = val_loss if val_loss is not None else train_loss
        progress.plateau = progress.plateau.after(measured, phase.config)
        sides = self.session.input_side(epoch), self.session.input_side(max(1, progress.best_epoch))
        # What was measured on smaller pictures is no match for what the model will see.
        grown = sides[0] > sides[1]
        method = self.session.config.method
        better = grown or validation.beats(progress.best_loss, progress.best_accuracy, method)
        if progress.best_epoch == 0 or better:
            progress.best_epoch = epoch
            progress.best_accuracy, progress.best_loss = val_accuracy, val_loss
            progress.best_right, progress.best_photos = validation.right, validation.photos
            progress.bad_epochs = 0
        else:
            progress.bad_epochs += 1

    def _record_layers(self, epoch: int) -> None:
        """From scratch: gradients and the weight of F, for the Lab."""
        phase = cast(Phase, self.phase)
        if self.session.config.method is not Method.SCRATCH:
            return
        side = self.session.preprocessing.crop
        fitting = _LAYER_PHOTOS * _LAYER_SIDE**2 // side**2
        batch = phase.source.first_photos(max(_FEWEST, min(_LAYER_PHOTOS, fitting)))
        if batch is None or len(batch.y) < 2:
            return
        try:
            measured = measure_layers(phase.module, batch.x, batch.y, epoch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return  # a picture less in the Lab is no reason to end a run
        self.session.run.append_layers(measured)

    def _make_durable(self, done: EpochDone) -> None:
        """Metrics, then the checkpoint, then the best weights.

        The checkpoint is what counts: metrics beyond it are cut off on resume, and best weights
        that lack behind it are made again from it.
        """
        run, progress, phase = self.session.run, self.progress, cast(Phase, self.phase)
        progress.backbone = phase.backbone
        progress.scaler = phase.scaler.state_dict()
        self._record_layers(done.epoch)
        run.append_metrics(done)
        save_checkpoint(
            run.last, progress, phase.module.state_dict(), phase.optimizer, phase.parameters(),
            phase.average_state(),
        )  # fmt: skip
        if done.best:
            save_checkpoint(run.best, progress, phase.judged.state_dict())

    def _finish(self, reason: str) -> Iterator[TrainEvent]:
        run, progress = self.session.run, self.progress
        self.close()
        measured: Accuracy | None = None
        network = best_network(self.session)
        for item in measure(self.session, network):
            if isinstance(item, Accuracy):
                measured = item
            else:
                if isinstance(item, PhotoSkipped):
                    self.missing.add(item.path)
                yield item
        measured = measured or self._chosen_accuracy(progress)
        path = save_best(self.session, progress, network, measured)
        run.update(
            state=RunState.FINISHED.value, model_path=path, reason=reason,
            result=dataclasses.asdict(measured), best_epoch=progress.best_epoch,
            seconds=self.seconds,
        )  # fmt: skip
        run.features.unlink(missing_ok=True)
        if self.missing:
            yield missing_photos(self.session, len(self.missing))
        yield RunFinished(
            run=run.name,
            epoch=progress.epoch,
            step=progress.step,
            reason=reason,
            best_val_accuracy=progress.best_accuracy,
            best_epoch=progress.best_epoch,
            accuracy=measured,
            model_path=path,
            model_id=Path(path).stem,
            seconds=self.seconds,
        )

    def _chosen_accuracy(self, progress: Progress) -> Accuracy:
        """The best epoch's accuracy on the photos that chose it; else that on training photos."""
        split = self.session.split
        if progress.best_photos:
            missing = len(split.val) - progress.best_photos
            return accuracy("validation", progress.best_right, progress.best_photos, missing)
        for best in reversed(self.history):
            if best.epoch == progress.best_epoch:
                n = best.train_photos or len(split.train)
                # Not all that is not seen is missing: a last batch of one photo is left out.
                missing = min(len(split.train) - n, len(self.missing))
                return accuracy("training", round(best.train_accuracy * n), n, missing)
        return accuracy("training", 0, 0)  # its line is lost

    def save_quietly(self) -> str:
        """The model of the best epoch so far, if there is one; "" else. Raises nothing that is
        foreseen: it runs when something else is ending already."""
        path = ""
        try:
            if not self.session.run.best.is_file():
                return ""
            # Not this sitting's progress: the epoch that counts as the best by now may be the one
            # that could not be written.
            progress = load_checkpoint(self.session.run.best).progress
            network = best_network(self.session)
            measured = self._chosen_accuracy(progress)
            path = save_best(self.session, progress, network, measured, quickly=True)
            self.session.run.update(model_path=path)
        except (ResNetGuiError, OSError):
            return path
        return path

    def _stopped(self) -> RunStopped:
        self.close()
        path = self.save_quietly()
        self.session.run.update(state=RunState.STOPPED.value)
        progress = self.progress
        return RunStopped(
            run=self.session.run.name,
            epoch=progress.epoch,
            step=progress.step,
            best_val_accuracy=progress.best_accuracy,
            best_epoch=progress.best_epoch,
            model_path=path,
            model_id=Path(path).stem,
            resumable=True,
            seconds=self.seconds,
        )

    def failed(self, error: Exception) -> RunFailed:
        """Mark the run as failed, save what there is, and say so."""
        self.close()
        progress = self.progress
        if isinstance(error, OSError):
            error = not_written(self.session, error)
            progress = _written_progress(self.session)
        message = str(error)
        release(self.session.run)
        with contextlib.suppress(OSError):  # the disk is full or gone: it counts as interrupted
            self.session.run.update(state=RunState.FAILED.value, message=message)
        path = self.save_quietly()
        return RunFailed(
            run=self.session.run.name,
            epoch=progress.epoch + 1,
            step=self.step + 1,
            error_type=type(error).__name__,
            message=message,
            best_val_accuracy=progress.best_accuracy,
            best_epoch=progress.best_epoch,
            model_path=path,
            model_id=Path(path).stem,
            resumable=not isinstance(error, NonFiniteLossError | RunError),
        )

    def _skipped(self) -> Iterator[TrainEvent]:
        for path, message in cast(Phase, self.phase).source.take_failures():
            self.missing.add(path)
            yield PhotoSkipped(self.session.run.name, path, message)

    def _batch_done(
        self,
        epoch: int,
        number: int,
        steps: int,
        result: StepResult,
        lr: float,
        seen: float,
        began: float,
    ) -> BatchDone:
        elapsed = max(time.monotonic() - began, 1e-9)
        return BatchDone(
            run=self.session.run.name,
            epoch=epoch,
            step=self.step,
            step_in_epoch=number + 1,
            steps_in_epoch=steps,
            phase=cast(Phase, self.phase).name,
            loss=result.loss,
            accuracy=result.right / result.photos,
            lr=lr,
            photos_per_s=seen / elapsed,
            eta_s=remaining_s(
                self.session, cast(Phase, self.phase), self.history, epoch, number, steps, elapsed
            ),
            memory_mb=used_memory_mb(self.session.device.kind),
        )


def _written_progress(session: Session) -> Progress:
    """How far a run is on the disk: the epoch that could not be written does not count."""
    with contextlib.suppress(RunError):
        if session.run.last.is_file():
            return load_checkpoint(session.run.last).progress
    return Progress()


def _divergence_advice(phase: Phase) -> str:
    return (
        f"Start again with a smaller learning rate, for instance lr={phase.config.lr / 10:g}. "
        "The best epoch so far is kept."
    )


def prepared_progress(session: Session) -> tuple[Progress, list[EpochDone]]:
    """Where a run goes on: its checkpoint, and the metrics up to it.

    Best weights that a killed process did not get to write are made again from the checkpoint.

    Raises:
        RunError: the checkpoint is damaged.
    """
    run = session.run
    if not run.last.is_file():
        run.cut_layers(0)
        return Progress(pieces=session.config.accumulate), run.cut_metrics(0)
    last = load_checkpoint(run.last)
    progress = last.progress
    run.cut_layers(progress.epoch)
    if progress.best_epoch == progress.epoch:
        try:
            best = load_checkpoint(run.best).progress.epoch
        except RunError:
            best = 0
        if best != progress.epoch:
            save_checkpoint(run.best, progress, averaged_weights(last.average) or last.weights)
    return progress, run.cut_metrics(progress.epoch)
