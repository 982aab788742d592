"""Calibrate the packed CIFAR models: one command for all of them, each time they are packed.

    python -m tools.calibrate_models --data FOLDER [--models FOLDER] [NAME ...]

FOLDER of --data is the one that they were trained on. The held-out images of a model's training
are found again by the seed in its file; they say how sure it may sound (temperature), from where
on it should say "not sure", and what is unlike all that it learned. The test images only measure
what that changed, which goes into the card NAME.md. Weights and best classes stay as they are.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.dataset import DatasetScanned, DatasetSummary, scan_dataset
from resnet_gui.core.dataset.split import Item, make_split
from resnet_gui.core.evaluation.answers import answers_of
from resnet_gui.core.evaluation.calibrate import fit_calibration
from resnet_gui.core.evaluation.metrics import (
    Ints,
    calibration_error,
    confidences_of,
    coverage_at,
    losses_of,
    reliability,
)
from resnet_gui.core.inference.backend import Rows
from resnet_gui.core.inference.open_backend import open_exact
from resnet_gui.core.system.atomic import replacing, write_text
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo import ModelEntry
from resnet_gui.core.zoo.providers.files import FileProvider
from resnet_gui.core.zoo.spec import ModelState
from resnet_gui.core.zoo.weights.model_file import copy_model, read_header

MODELS = Path(__file__).resolve().parent.parent / "models"
IMAGES = 60_000
WANTED = 0.95  # share of the answers above the threshold that are to be right


@dataclasses.dataclass(frozen=True, slots=True)
class Answers:
    """truth: (N,). logits: (N, classes). features: (N, D); None: the network has none."""

    truth: Ints
    logits: Rows
    features: Rows | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="all, if none is named")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=MODELS)
    values = parser.parse_args()
    summary = scanned(values.data)
    entries = list(FileProvider(values.models, ModelState.BUNDLED).entries())
    wanted = values.names or [entry.spec.id for entry in entries]
    for entry in entries:
        if entry.spec.id in wanted:
            print(calibrate(entry, summary), file=sys.stderr, flush=True)


def scanned(data: Path) -> DatasetSummary:
    """The folder of CIFAR-10.

    Raises:
        DatasetError: there is none. SystemExit: it is another one, or a part of it.
    """
    (summary,) = (e.summary for e in scan_dataset(data) if isinstance(e, DatasetScanned))
    if len(summary.photos) != IMAGES:
        raise SystemExit(f"{data} has {len(summary.photos):,} images, not all {IMAGES:,}")
    return summary


def calibrate(entry: ModelEntry, summary: DatasetSummary) -> str:
    """Write a packed model's calibration into its file, and what it changed into its card.

    Returns:
        what it changed, in a line.

    Raises:
        SystemExit: its file does not say how its images were divided.
    """
    path = entry.weights_path
    assert path is not None  # it was listed from its file
    val, test = _held_out(path, summary)
    held_out = ask(entry, summary, val)
    found, _ = fit_calibration(held_out.logits, held_out.truth, held_out.features)
    threshold = threshold_of(
        confidences_of(held_out.logits, found.temperature),
        held_out.logits.argmax(axis=1) == held_out.truth,
    )
    found = found.with_unsure(threshold)
    with replacing(path) as temporary:
        copy_model(path, temporary, calibration=found.to_json())
    changed = _changed(found, ask(entry, summary, test))
    _note(path.with_suffix(".md"), changed)
    return f"{entry.spec.id}: {changed}"


def threshold_of(confidences: np.ndarray, right: np.ndarray) -> float | None:
    """The lowest whole percentage from which on `WANTED` of the answers are right; None: none is.

    Args:
        confidences: (N,), 0..1. right: (N,) bool.
    """
    for percent in range(100):
        found = coverage_at(confidences, right, percent / 100)
        if found.answered and found.right >= WANTED * found.answered:
            return percent / 100
    return None


def ask(entry: ModelEntry, summary: DatasetSummary, items: Sequence[Item]) -> Answers:
    """The model's answers to these images, in fp32.

    Raises:
        SystemExit: one cannot be read.
    """
    paths = [Path(summary.root) / item.path for item in items]
    logits: list[Rows] = []
    features: list[Rows] = []
    backend = open_exact(entry, cpu(), channels_last=True)
    for answered in answers_of(paths, entry.spec, backend):
        if answered.failed:
            raise SystemExit(f"images cannot be read: {answered.failed}")
        logits += answered.logits
        features += answered.features
    places = [entry.spec.classes.index(name) for name in summary.class_names]
    truth = np.array([places[item.label] for item in items], np.int64)
    seen = np.stack(features) if len(features) == len(logits) else None
    return Answers(truth, np.stack(logits), seen)


def _held_out(path: Path, summary: DatasetSummary) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Validation and test images of the training that made a file."""
    try:
        recipe = read_header(path).document["provenance"]["recipe"]
        split = make_split(summary, float(recipe["val_fraction"]), int(recipe["seed"]))
    except (KeyError, TypeError, ValueError) as error:
        raise SystemExit(f"{path.name} does not say how its images were divided") from error
    return split.val, split.test


def _note(card: Path, changed: str) -> None:
    """A line of the card's table, in place of an earlier one, below that of the accuracy."""
    lines = card.read_text(encoding="utf-8").split("\n")
    lines = [line for line in lines if not line.startswith("| calibration |")]
    place = next(n for n, line in enumerate(lines) if line.startswith("| test accuracy |"))
    lines.insert(place + 1, f"| calibration | {changed} |")
    write_text(card, "\n".join(lines))


def _changed(found: Calibration, test: Answers) -> str:
    right = test.logits.argmax(axis=1) == test.truth

    def measured(temperature: float) -> tuple[float, float]:
        bins = reliability(confidences_of(test.logits, temperature), right)
        return calibration_error(bins), float(
            losses_of(test.logits, test.truth, temperature).mean()
        )

    (error, loss), (new_error, new_loss) = measured(1.0), measured(found.temperature)
    sure = coverage_at(confidences_of(test.logits, found.temperature), right, found.unsure or 0.0)
    return (
        f"temperature {found.temperature:g} from {found.photos:,} held-out images; of the "
        f"{len(right):,} test images, {right.mean():.2%} of them right before and after, the "
        f"calibration error went from {error:.2%} to {new_error:.2%} and the loss from {loss:.4f} "
        f"to {new_loss:.4f}; “not sure” below {found.unsure or 0:.0%}: it answers "
        f"{sure.answered / len(right):.1%}, {sure.right / max(1, sure.answered):.1%} of them "
        "rightly"
    )


if __name__ == "__main__":
    main()
