"""What a run leaves on the disk after each epoch, and how it goes on from there. Needs torch."""

from __future__ import annotations

import contextlib

from resnet_gui.core.errors import RunError
from resnet_gui.core.inference.hardware import is_out_of_memory
from resnet_gui.core.lab.layer_statistics import measure_layers
from resnet_gui.core.runs.checkpoint import Progress, load_checkpoint, save_checkpoint
from resnet_gui.core.runs.config import Method
from resnet_gui.core.runs.events import EpochDone, LayerStatistics
from resnet_gui.core.training.average import averaged_weights
from resnet_gui.core.training.setup import Setup
from resnet_gui.core.training.sitting import Sitting

# Gradients by layer are measured on so many photos of 64x64 pixels, or as many pixels in larger
# ones: it is done in one go, and must not take more memory than the training itself.
_LAYER_PHOTOS, _LAYER_SIDE, _FEWEST = 64, 64, 4


def save_epoch(sitting: Sitting, done: EpochDone) -> LayerStatistics | None:
    """Layers, then metrics, then the checkpoint, then the best weights; returns what
    `record_layers` found.

    The checkpoint is what counts: metrics beyond it are cut off on resume, and best weights
    that lack behind it are made again from it.
    """
    run, progress, phase = sitting.setup.run, sitting.progress, sitting.open_phase
    progress.backbone = phase.backbone
    progress.scaler = phase.scaler.state_dict()
    layers = record_layers(sitting, done.epoch)
    run.append_metrics(done)
    save_checkpoint(
        run.last, progress, phase.module.state_dict(), phase.optimizer, phase.parameters(),
        phase.average_state(),
    )  # fmt: skip
    if done.best:
        save_checkpoint(run.best, progress, phase.judged.state_dict())
    return layers


def keep_samples(sitting: Sitting) -> None:
    """Note what the network said last about a few photos: whoever opens the run sees it at once.
    Once a sitting, as the epochs of a head are shorter than a write to the disk."""
    if sitting.samples is not None:
        with contextlib.suppress(OSError):  # a full disk: the strip of photos is no result
            sitting.setup.run.write_samples(sitting.samples)


def restored(setup: Setup) -> tuple[Progress, list[EpochDone]]:
    """Where a run goes on: its checkpoint, and the metrics up to it.

    Best weights that a killed process did not get to write are made again from the checkpoint.

    Raises:
        RunError: the checkpoint is damaged.
    """
    run = setup.run
    if not run.last.is_file():
        run.cut_layers(0)
        return Progress(pieces=setup.config.accumulate), run.cut_metrics(0)
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


def written_progress(setup: Setup) -> Progress:
    """How far a run is on the disk: an epoch that could not be written does not count."""
    with contextlib.suppress(RunError):
        if setup.run.last.is_file():
            return load_checkpoint(setup.run.last).progress
    return Progress()


def record_layers(sitting: Sitting, epoch: int) -> LayerStatistics | None:
    """From scratch: measure gradients and the weight of F, for the Lab, and write them. None:
    nothing was measured."""
    setup, phase = sitting.setup, sitting.open_phase
    if setup.config.method is not Method.SCRATCH:
        return None
    fitting = _LAYER_PHOTOS * _LAYER_SIDE**2 // setup.preprocessing.crop**2
    batch = phase.source.first_photos(max(_FEWEST, min(_LAYER_PHOTOS, fitting)))
    if batch is None or len(batch.y) < 2:
        return None
    try:
        measured = measure_layers(phase.module, batch.x, batch.y, epoch)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return None  # a picture less in the Lab is no reason to end a run
    setup.run.append_layers(measured)
    return measured
