"""Start and resume a run. Needs torch.

for event in train(config):
    print(event.to_json())
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resnet_gui.core.dataset import DatasetSummary
from resnet_gui.core.dataset.split import make_split
from resnet_gui.core.dataset.walk import walk
from resnet_gui.core.errors import (
    DatasetChangedError,
    DatasetError,
    DeviceError,
    RunConfigError,
    RunError,
    RunMismatchError,
    UnknownModelError,
)
from resnet_gui.core.evaluation.learned_photos import learned_paths
from resnet_gui.core.events import DeviceInfo, Notice
from resnet_gui.core.inference.hardware import resolve_precision, use_channels_last
from resnet_gui.core.nets.registry import find_architecture
from resnet_gui.core.runs.config import Method, Precision, RunConfig, Switch
from resnet_gui.core.runs.events import TrainEvent
from resnet_gui.core.runs.listing import (
    HeldRun,
    RunDirectory,
    RunState,
    create_run,
    runs_dir,
)
from resnet_gui.core.runs.scanned import scanned
from resnet_gui.core.runs.titles import default_title
from resnet_gui.core.system.devices import (
    not_for_training,
    resolve_device,
    resolve_training_device,
)
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.training.data.tensor import LEVELS
from resnet_gui.core.training.durable import restored
from resnet_gui.core.training.input_size import check_input_size
from resnet_gui.core.training.loop import run_sitting
from resnet_gui.core.training.moved_photos import moved_root, note_root
from resnet_gui.core.training.network import architecture_options
from resnet_gui.core.training.setup import Guard, Setup
from resnet_gui.core.training.sitting import Stop
from resnet_gui.core.training.space import check_models, not_written
from resnet_gui.core.training.split_notices import split_notices
from resnet_gui.core.training.together import invite, not_held
from resnet_gui.core.training.versions import versions
from resnet_gui.core.training.workers import ALONE, Workers
from resnet_gui.core.zoo import ModelEntry, Preprocessing, Zoo
from resnet_gui.core.zoo.ensembles import single
from resnet_gui.core.zoo.original import original_of


def train(
    config: RunConfig,
    *,
    summary: DatasetSummary | None = None,
    zoo: Zoo | None = None,
    folder: Path | None = None,
    models: Path | None = None,
    stop: Stop | None = None,
    guard: Guard | None = None,
    workers: Workers = ALONE,
) -> Iterator[TrainEvent]:
    """Start a run.

    Args:
        config: what to do.
        summary: a scan of `config.data`, if there is one already.
        zoo: where `config.model` comes from.
        folder: where runs are kept (each gets a directory in it).
        models: where the finished model goes.
        stop: asked between batches; True ends the run with RunStopped, or, before RunStarted,
            without any event: then there is no run. Closing the generator stops as well, without
            that event.
        guard: see `setup.Guard`.
        workers: the processes that train it together (`distributed.join`), of which this one is
            the leader; the others call `follower.follow_leader`.

    Yields:
        Preparing, Notice, RunStarted, then BatchDone, EpochDone, LayersMeasured, SamplesPredicted,
        PhotoSkipped, Notice and Preparing; the last one is RunFinished, RunStopped or RunFailed.

    Raises:
        DatasetError: the folder cannot be trained with.
        ModelError: the model is unknown, not here or damaged.
        RunConfigError, DeviceError: a setting does not fit this computer.
        RunError: the run's directory cannot be made, or models not be written.
        WorkerError: another process cannot train with this one.
        All of them before RunStarted; after it there is RunFailed instead.
    """
    zoo = zoo or Zoo.standard()
    entry = start_entry(zoo, config)
    device, precision, channels_last = hardware_for(config, workers)
    check_input_size(entry, config)
    if why := not_for_training(config.device, device):
        yield Notice(why)
    if summary is None:
        summary = yield from scanned(Path(config.data))
    check_trainable(summary)
    for problem in summary.problems:
        yield Notice(problem.message)
    if config.early_stopping and not config.patience:
        yield Notice(
            f"early_stopping is ignored: the best part of the schedule “{config.schedule}” is its "
            "end."
        )
    known: frozenset[str] = frozenset()
    if config.method is not Method.SCRATCH:
        found = yield from learned_paths(entry, summary, stop or (lambda: False))
        if found is None:
            return
        known = found
    split = make_split(summary, config.val_fraction, config.seed, known, config.burst_seconds)
    yield from split_notices(entry.spec.title, summary, split, known, config.burst_seconds)
    title = config.title.strip() or _default_title(zoo, entry, config, summary)
    options = architecture_options(entry.spec.architecture_options, config)
    preprocessing = preprocessing_for(entry, config)
    document: dict[str, Any] = {
        "dataset": {
            "root": summary.root,
            "fingerprint": summary.fingerprint,
            "photos": len(summary.photos),
            "classes": list(summary.class_names),
            **({"known_before": len(known)} if known else {}),
        },
        "model": {
            "id": entry.spec.id,
            "architecture": entry.spec.architecture,
            "architecture_options": options,
            "preprocessing": preprocessing.to_json(),
        },
        "hardware": {
            "device": device.name,
            "kind": device.kind,
            "precision": precision,
            "channels_last": channels_last,
            **({"workers": workers.size} if workers.several else {}),
        },
        "versions": versions(),
    }
    models = models or user_models_dir()
    root = Path(summary.root)
    setup = Setup(
        not_held(root), config, split, root, entry, options, preprocessing, device, precision,
        channels_last, models, guard, workers,
    )  # fmt: skip
    stop = workers.asking(stop or (lambda: False))
    check_models(models)
    yield from invite(setup, summary.fingerprint)
    with create_run(config, title, split, document, folder or runs_dir(), models) as setup.run:
        if config.title.strip() and setup.run.title != title:
            yield Notice(f"A run is called “{title}” already: this one is “{setup.run.title}”.")
        yield from _sit(setup, stop)


def _default_title(zoo: Zoo, entry: ModelEntry, config: RunConfig, summary: DatasetSummary) -> str:
    """As the window calls it, before a number that tells it from others."""
    if config.method is not Method.SCRATCH:  # of own models: what they are of
        known = {item.spec.id: item for item in zoo.entries()}
        entry = original_of(entry, known.get) or entry
    return default_title(summary.title, entry.spec.title, ())


def resume(
    path: Path,
    *,
    zoo: Zoo | None = None,
    models: Path | None = None,
    stop: Stop | None = None,
    guard: Guard | None = None,
    device: str | None = None,
    workers: Workers = ALONE,
    data: Path | None = None,
) -> Iterator[TrainEvent]:
    """Go on with a run that was stopped, interrupted or failed. Everything is checked first.

    Args:
        path: the run's directory.
        device: another device than the run began with; the curve may then differ a little.
        workers: as of `train`. Others than the run began with: how many photos share BatchNorm's
            statistics then changes, and the last bits of sums.
        data: where the photos are now, if their folder was moved or renamed; the run notes it.

    Yields:
        as `train`; RunStarted has the epochs so far.

    Raises:
        RunError: it is finished, being trained, damaged or of a newer version.
        RunMismatchError: the start model has another architecture now.
        DatasetChangedError: the folder is not what it was.
        DatasetError, ModelError, DeviceError: what it needs is not here.
        WorkerError: another process cannot train with this one.
    """
    # The lock first: what is read without it may be somebody else's a moment later.
    with RunDirectory.open(path).locked() as run:
        setup = None
        models = models or user_models_dir()
        for item in _checked(run, zoo or Zoo.standard(), models, device, workers, data):
            if isinstance(item, Setup):
                setup = item
            else:
                yield item
        assert setup is not None  # _checked yields it last
        setup.guard = guard
        stop = workers.asking(stop or (lambda: False))
        check_models(models)
        yield from invite(setup, str(run.document["dataset"]["fingerprint"]))
        if data is not None:  # all processes have found the photos
            note_root(run, setup.root)
        yield from _sit(setup, stop)


def _sit(setup: Setup, stop: Stop | None) -> Iterator[TrainEvent]:
    try:
        progress, history = restored(setup)
    except OSError as error:
        raise not_written(setup, error) from error
    yield from run_sitting(setup, progress, history, stop)


def _checked(
    run: HeldRun,
    zoo: Zoo,
    models: Path,
    device: str | None,
    workers: Workers,
    data: Path | None,
) -> Iterator[Notice | Setup]:
    """Everything that a run needs to go on, checked; the Setup last."""
    path = run.path
    if run.document.get("state") == RunState.FINISHED.value:
        raise RunError(
            path, f"The run “{run.name}” is finished already.", "Its model is in the list."
        )
    config, split = run.config, run.split()
    try:
        dataset, model, hardware = (run.document[key] for key in ("dataset", "model", "hardware"))
        root, fingerprint = Path(dataset["root"]), str(dataset["fingerprint"])
        options = dict(model["architecture_options"])
        preprocessing = Preprocessing.from_json(model["preprocessing"])
        architecture = str(model["architecture"])
        precision, channels_last = str(hardware["precision"]), bool(hardware["channels_last"])
        kind = str(hardware["kind"])
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        lacks = f"run.json lacks {error}" if isinstance(error, KeyError) else "run.json is wrong"
        raise RunError(
            path, f"The run “{run.name}” is damaged: {lacks}.", "Start a new run."
        ) from error
    try:
        entry = start_entry(zoo, config)
    except UnknownModelError as error:
        raise RunError(
            path,
            f"The run “{run.title}” started from the model “{config.model}”, which is not on this "
            "computer any more.",
            "Bring it back from the trash, or start a new run.",
        ) from error
    if entry.spec.architecture != architecture:
        raise RunMismatchError(path, "architecture", architecture, entry.spec.architecture)
    if data is None:
        _check_unchanged(root, fingerprint)
    else:
        root = moved_root(data, split, fingerprint)
        config = config.replace(data=str(root))
    # Of several processes each has a GPU of its own, whichever the run began on.
    before = kind.split(":")[0] if workers.several else kind
    try:
        info = resolve_training_device(workers.device(device or before))
        if why := not_for_training(device or kind, info):
            yield Notice(why)
    except DeviceError as error:
        if device is not None:
            raise
        info = resolve_device(workers.device("auto"))
        yield Notice(f"{error} The run goes on on {info.name}.")
    if info.kind != kind:
        precision = resolve_precision(Precision.AUTO, info.kind)
        channels_last = use_channels_last(Switch.AUTO, info.kind, precision)
    yield Setup(
        run, config, split, root, entry, options, preprocessing, info, precision, channels_last,
        models, workers=workers,
    )  # fmt: skip


def start_entry(zoo: Zoo, config: RunConfig) -> ModelEntry:
    """The model to start from; from scratch its weights need not be here.

    Raises:
        UnknownModelError, DepthError, WeightsMissingError: it cannot be used.
        RunConfigError: a setting does not fit it.
    """
    if config.pixel_mean and config.method is not Method.SCRATCH:
        raise RunConfigError(
            "pixel_mean", "Only a run from scratch can subtract a mean photo.", "Turn it off."
        )
    if config.method is Method.SCRATCH:
        entry = zoo.architecture(config.model)
        shape = find_architecture(entry.spec.architecture)
        if config.pixel_mean and not (shape and shape.pixel_mean):
            raise RunConfigError(
                "pixel_mean",
                f"{entry.spec.title} cannot subtract a mean photo: only the networks for 32x32 "
                "pixels can.",
                "Turn pixel_mean off.",
            )
        if config.pixel_mean and config.augmentation not in LEVELS:
            raise RunConfigError(
                "pixel_mean",
                "The mean photo can be subtracted with no augmentation but “light”.",
                "Choose augmentation=light, or turn pixel_mean off.",
            )
        return entry
    return single(zoo.ready(config.model))


def hardware_for(config: RunConfig, workers: Workers = ALONE) -> tuple[DeviceInfo, str, bool]:
    """The device that trains, its precision and whether memory is channels-last.

    Raises:
        DeviceError, RunConfigError: this computer cannot do that.
    """
    device = resolve_training_device(workers.device(config.device))
    precision = resolve_precision(config.precision, device.kind)
    return device, precision, use_channels_last(config.channels_last, device.kind, precision)


def preprocessing_for(entry: ModelEntry, config: RunConfig) -> Preprocessing:
    """The model's preprocessing, scaled to the wished image size."""
    base = entry.spec.preprocessing
    if not config.image_size or config.image_size == base.crop:
        return base
    scale = config.image_size / base.crop
    return dataclasses.replace(base, crop=config.image_size, resize=round(base.resize * scale))


def check_trainable(summary: DatasetSummary) -> None:
    """Raises DatasetError with the first problem that blocks."""
    for problem in summary.problems:
        if problem.blocking:
            raise DatasetError(summary.root, problem.message)


def _check_unchanged(root: Path, fingerprint: str) -> None:
    *_, listing = walk(root)
    if listing.fingerprint() != fingerprint:
        raise DatasetChangedError(
            root,
            f"The folder {root.name} has changed since the run began: photos were added, removed "
            "or replaced.",
            "Put it back as it was, or start a new run.",
        )
