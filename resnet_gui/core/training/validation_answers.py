"""What a run's best network says of the validation photos, at the run's end or when it is stopped:
kept with the run, and what the model's calibration comes from. Needs torch."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.dataset.split import Split
from resnet_gui.core.errors import DatasetError, ModelFileError, OutOfMemoryError, WorkerError
from resnet_gui.core.evaluation.calibrate import FEWEST, fit_calibration
from resnet_gui.core.evaluation.metrics import Ints
from resnet_gui.core.evaluation.predictions import (
    MAX_BYTES,
    Facts,
    Predictions,
    now,
    read_facts,
    size_of,
    write_predictions,
)
from resnet_gui.core.evaluation.store import weights_key
from resnet_gui.core.inference.backend import EXACT, OPENVINO, Rows
from resnet_gui.core.inference.network_features import WithFeatures
from resnet_gui.core.inference.unknown import Numbers, energy
from resnet_gui.core.nets.build import head_name
from resnet_gui.core.runs.checkpoint import Progress
from resnet_gui.core.runs.events import Accuracy, Preparing, TrainEvent
from resnet_gui.core.runs.info import MOST_RARE
from resnet_gui.core.system.documents import text
from resnet_gui.core.training.feature_ways import note_of
from resnet_gui.core.training.judged import Judged
from resnet_gui.core.training.setup import HEAD, NETWORK, Setup
from resnet_gui.core.training.sitting import Sitting
from resnet_gui.core.zoo.spec import ModelEntry, ModelState
from resnet_gui.core.zoo.weights.model_file import read_header, spec_from_header

_log = logging.getLogger(__name__)
_MOST_FITTED = 2_000_000  # numbers that a stop fits the calibration from
_MOST_FEATURES = 40_000_000  # numbers in memory


@dataclass(slots=True)
class Answers:
    """The best network's answers to the validation photos that could be read; none where they were
    not asked for.

    Attributes:
        positions: in the validation part. truth: (N,). logits: (N, classes) float32.
        unlike: (N,), see `Predictions`. calibration: what they make of it.
        epoch: whose network answered; 0: the best one's.
    """

    positions: list[int] = field(default_factory=list)
    truth: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    logits: Rows = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    unlike: Numbers = field(default_factory=lambda: np.zeros(0, np.float32))
    calibration: Calibration = field(default_factory=Calibration)
    epoch: int = 0


def validation_answers(
    sitting: Sitting, network: nn.Module
) -> Generator[TrainEvent, None, Answers]:
    """Ask the best network about all validation photos, as the epochs did: from photos in memory,
    or, of a head, on the features that it learned from. One validation's time.

    Yields:
        Preparing ("validating"), where photos go through the network.

    Returns:
        the answers; none without validation photos, where the sitting trained nothing, or where
        memory runs out or another worker is lost: they are no reason to lose a run at its end.
    """
    setup, phase = sitting.setup, sitting.phase
    items, classes = setup.split.val, len(setup.split.classes)
    if phase is None or not items or size_of(len(items), classes) > MAX_BYTES:
        return Answers()
    module = network.get_submodule(head_name(network)) if phase.name == HEAD else network
    asked = _HeadWithInput(module) if phase.name == HEAD else WithFeatures(module)
    workers = phase.workers
    found: list[Judged] = []
    try:
        workers.order("answers")
        workers.hand_over(network.state_dict, {})
        asked = asked.to(setup.device.kind)
        phase.source.begin_epoch(setup.config.epochs, setup.preprocessing.crop)
        for judged in workers.all_of(phase.source.judge(asked, phase.forward)):
            # What is too much to be kept in memory is left out: the energy needs no features.
            many = len(items) * judged.logits.shape[1] > _MOST_FEATURES
            rows = judged.logits[:, :classes].clone() if many else judged.logits
            found.append(Judged(judged.positions, rows))
            if phase.name == NETWORK:
                done = sum(len(answered.positions) for answered in found)
                yield Preparing("validating", done, len(items))
            if not workers.several and sitting.stop():
                return Answers()
        if workers.stopping:
            return Answers()
    except (OutOfMemoryError, WorkerError, RuntimeError, MemoryError) as error:
        _log.warning("the validation photos' answers are not kept: %s", error)
        return Answers()
    finally:
        network.to("cpu")
    if not found:
        return Answers()
    found.sort(key=lambda judged: judged.positions)  # several processes answer in turns
    positions = [position for judged in found for position in judged.positions]
    everything: Rows = torch.cat([judged.logits for judged in found]).numpy()
    logits = np.ascontiguousarray(everything[:, :classes])
    features = everything[:, classes:] if everything.shape[1] > classes else None
    truth = np.array([items[index].label for index in positions], np.int64)
    if not np.isfinite(everything).all():
        return Answers()
    calibration, unlike = fit_calibration(logits, truth, features)
    return Answers(positions, truth, logits, unlike, calibration)


def answers_so_far(sitting: Sitting, epoch: int) -> Answers | None:
    """The answers of a run that ends before its plan: what its best epoch's validation said, so
    that it takes no time. Without features, the unknown score is the energy.

    Args:
        epoch: whose weights the model gets.

    Returns:
        None where nothing new is to be kept: that epoch was in an earlier sitting (whose answers
        are kept), its answers were too many, or it saw smaller pictures than the model will see.
    """
    setup = sitting.setup
    if sitting.best is None or sitting.best[0] != epoch:
        return None
    found = sitting.best[1]
    if not found.positions or setup.input_side(epoch) != setup.preprocessing.crop:
        return None
    logits: Rows = torch.cat(found.logits).numpy()
    if not np.isfinite(logits).all():
        return None
    items = setup.split.val
    truth = np.array([items[index].label for index in found.positions], np.int64)
    # A program that is being closed waits for it: of very many photos every n-th will do.
    every = max(1, min(-(-logits.size // _MOST_FITTED), len(truth) // FEWEST))
    calibration, unlike = fit_calibration(logits[::every], truth[::every])
    if every > 1:
        unlike = energy(logits)
    return Answers(list(found.positions), truth, logits, unlike, calibration, epoch)


def kept_calibration(setup: Setup, progress: Progress) -> Calibration | None:
    """What the answers say that an earlier sitting kept of the best epoch; None: it kept none. They
    go, if they are of an epoch that is the best no more."""
    run = setup.run
    with contextlib.suppress(DatasetError):
        facts = read_facts(run.predictions)
        if facts.epoch == progress.best_epoch:
            return Calibration.from_json(facts.fitted)
    run.predictions.unlink(missing_ok=True)
    return None


class _HeadWithInput(nn.Module):
    """x: (N, D) -> (N, classes + D): a head's answers, then what it was asked."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.head(x).float(), x.float()], 1)


def with_rare(accuracy: Accuracy, answers: Answers, split: Split) -> Accuracy:
    """An accuracy on the validation photos with what it hides where most are of one class: how many
    of each other class are recognised."""
    others = {item.label for item in split.val if split.classes[item.label] != accuracy.common}
    if not accuracy.common or len(answers.positions) != accuracy.n or len(others) > MOST_RARE:
        return accuracy
    right = answers.logits.argmax(axis=1) == answers.truth
    rare = tuple(
        (split.classes[label], int(right[of_it].sum()), int(of_it.sum()))
        for label in sorted(others)
        for of_it in [answers.truth == label]
    )
    return dataclasses.replace(accuracy, rare=rare)


def keep_answers(sitting: Sitting, answers: Answers, model_path: str) -> None:
    """Write them into the run's directory; a full disk is no reason to lose a run at its end.

    Args:
        model_path: the model file that the run made.
    """
    setup, run, path = sitting.setup, sitting.setup.run, Path(model_path)
    if not answers.positions:
        run.predictions.unlink(missing_ok=True)
        return
    try:
        spec = spec_from_header(path, read_header(path), ModelState.YOURS.value)
        weights = weights_key(ModelEntry(spec, ModelState.YOURS, path))
    except (ModelFileError, OSError):
        return
    calibration = answers.calibration.to_json()
    epoch = answers.epoch or sitting.progress.best_epoch
    backend, precision = _what_answered(setup, epoch)
    dataset = run.document.get("dataset")
    facts = Facts(
        model=spec.id,
        title=spec.title,
        data=str(setup.root),
        part="val",
        classes=setup.split.classes,
        n=len(answers.positions),
        right=int((answers.logits.argmax(axis=1) == answers.truth).sum()),
        weights=weights,
        fingerprint=text(dataset.get("fingerprint")) if isinstance(dataset, dict) else "",
        part_of="run",
        trained_on=0,
        failed=len(setup.split.val) - len(answers.positions),
        backend=backend,
        precision=precision,
        made=now(),
        run=run.name,
        run_title=run.title,
        epoch=epoch,
        calibration=calibration,
        fitted=calibration,
    )
    paths = tuple(setup.split.val[index].path for index in answers.positions)
    predictions = Predictions(facts, paths, answers.truth, answers.logits, answers.unlike)
    with contextlib.suppress(OSError):
        write_predictions(run.predictions, predictions)


def _what_answered(setup: Setup, epoch: int) -> tuple[str, str]:
    """Backend and precision; a head answered from features, and they may be OpenVINO's."""
    note = note_of(setup)
    if setup.phase_of(epoch) == HEAD and isinstance(note, dict) and note.get("backend") == OPENVINO:
        return OPENVINO, text(note.get("precision"))
    return EXACT, setup.precision
