"""How good a model is on a folder of labelled photos: streaming, whatever the folder's size.

It runs on the same backend as `classify`, and so without torch where that does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from resnet_gui.core.dataset import DatasetSummary
from resnet_gui.core.dataset.summary import ProblemKind, name_list
from resnet_gui.core.errors import DatasetError
from resnet_gui.core.evaluation.answered_by import no_8_bits, not_in_8_bits
from resnet_gui.core.evaluation.begun import BegunTest
from resnet_gui.core.evaluation.cautions import cautions
from resnet_gui.core.evaluation.gathered import Gathered
from resnet_gui.core.evaluation.intervals import wilson_interval
from resnet_gui.core.evaluation.learned_photos import choose_photos
from resnet_gui.core.evaluation.metrics import losses_of, places_of
from resnet_gui.core.evaluation.predictions import Measured
from resnet_gui.core.evaluation.store import keep
from resnet_gui.core.events import ImageFailed, Notice
from resnet_gui.core.inference.backend import EXACT, Rows
from resnet_gui.core.inference.background import CONVERSIONS
from resnet_gui.core.inference.open_backend import open_backend, open_exact
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.runs.scanned import scanned
from resnet_gui.core.system.find_device import device_or_cpu
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.system.settings import exact_wanted
from resnet_gui.core.values import Value
from resnet_gui.core.words import first_line, lopsided_sentence, never_sentence
from resnet_gui.core.zoo import ModelEntry

_ALL_CLASSES = 200  # up to here the confusion matrix has all classes of the model
_MOST_CLASSES = 2_000  # beyond, a matrix would take more memory than all the photos


@dataclass(frozen=True, slots=True)
class ClassMeasure:
    """One class. recall: share of its photos that were recognised; precision: share of the
    photos called so that are so; None where there are none to divide by."""

    label: str
    n: int
    right: int
    recall: float | None
    precision: float | None


@dataclass(frozen=True, slots=True)
class Evaluated(Value):
    """The result, and the JSON object of `evaluate --json`.

    Attributes:
        model, data: id of the model and the folder.
        part: "all", "train", "val", "test", or "unseen": photos that the model did not learn from.
        part_of: whose part: "folder", or "run": of the run that made the model.
        trained_on: how many of the judged photos the model learned from; None: nobody knows.
        n: photos that were judged; failed: photos that could not be read.
        top1, top5: fractions of 1 (top5 of the first min(5, classes) answers).
        top1_ci95: Wilson's 95 % interval.
        loss: mean cross-entropy in nats, of the probabilities that the model says: divided by its
            temperature, where its percentages were adjusted.
        temperature: that of the model; 1: nothing was adjusted.
        backend, precision: what answered, as in `inference.backend.Backend`.
        per_class: for each of `classes`.
        classes: labels of the confusion matrix: all of the model's up to 200, else those that
            occur.
        confusion: rows truth, columns answer, in photos; empty for more than 2,000 classes.
    """

    urgent: ClassVar[bool] = True
    model: str
    data: str
    part: str
    n: int
    failed: int
    top1: float
    top1_ci95: tuple[float, float]
    top5: float
    loss: float
    per_class: tuple[ClassMeasure, ...]
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    part_of: str = "folder"
    trained_on: int | None = None
    temperature: float = 1.0
    backend: str = ""
    precision: str = ""

    def caution(self) -> str:
        """What to bear in mind with the figures; "" for nothing."""
        most = max(self.per_class, key=lambda item: item.n, default=None)
        lopsided = lopsided_sentence(most.label, most.n, self.n) if most else ""
        never = never_sentence([(c.label, c.n) for c in self.per_class if c.precision is None])
        # Not the epoch: a notice told of that before.
        return " ".join(filter(None, [*cautions(self, epoch=False), lopsided, never]))


EvaluateEvent = Preparing | Notice | ImageFailed | Measured | Evaluated


def evaluate(
    entry: ModelEntry,
    folder: Path,
    *,
    part: str = "auto",
    device: str = "auto",
    exact: bool = False,
    eight_bits: bool = False,
    summary: DatasetSummary | None = None,
) -> Iterator[EvaluateEvent]:
    """Measure a model on a folder with one sub-folder per class. Where such a test was stopped
    before, of the same photos by the same weights in the same precision, it goes on.

    Args:
        entry: a model that is here.
        part: "all", "train", "val", "test"; "auto" takes test, else val, else all. Where the model
            was trained on this folder the parts are those of its run; otherwise "auto" leaves out
            photos that the model is known to have learned from, unless there are no others.
        exact: whether only the exact backend will do; else that is as the settings say.
        eight_bits: whether to measure the form of 8 bits, where there is one and `exact` is not
            wanted. Whatever the settings say, that is not done by itself: models are compared and
            calibrated by what is measured. It is kept apart, for neither.

    Yields:
        Preparing ("folder", then "photos"), Notice and ImageFailed (also for files that are no
        usable photos); Measured, unless the answers are too many to be kept; Evaluated last.

    Raises:
        DatasetError: no folder, no photos in that part, or no class that the model knows.
        ModelError: the model cannot be used. A device that is not here is replaced by the CPU.
    """
    if summary is None:
        summary = yield from scanned(folder)
    chosen = choose_photos(entry, summary, part)
    labels = match_classes(summary.class_names, entry.spec.classes)
    unknown = [
        name for name, label in zip(summary.class_names, labels, strict=True) if label is None
    ]
    learned = chosen.learned or (False,) * len(chosen.photos)
    judged = [
        (photo, label, old)
        for photo, old in zip(chosen.photos, learned, strict=True)
        if (label := labels[photo.label]) is not None
    ]
    if not judged:
        raise DatasetError(
            summary.root,
            f"The model “{entry.spec.title}” knows none of the classes of this folder "
            f"({name_list(summary.class_names)}).",
            "Choose a model that learned these classes, or name the sub-folders like this model's.",
        )
    if unknown:
        yield Notice(f"The model does not know {name_list(unknown)}: their photos are left out.")
    for sentence in chosen.sentences:
        yield Notice(sentence)
    root = Path(summary.root)
    for number, problem in enumerate(summary.unreadable, len(judged)):
        path = str(root / problem.path)
        yield ImageFailed(number, path, entry.spec.id, "ImageReadError", problem.message)
    exact = exact or exact_wanted()
    info, missing = device_or_cpu(device)
    said = [missing] if missing else []
    backend = open_backend(
        entry, info, exact=exact, eight_bits=eight_bits, channels_last=True, notify=said.append
    )
    if eight_bits and not backend.made and not exact:
        said.append(no_8_bits(entry))
    elif not exact and not backend.made and (other := not_in_8_bits([entry])):
        said.append(other)
    yield from map(Notice, said)
    paths = [summary.absolute(photo) for photo, _, _ in judged]
    failed_photos: dict[int, str] = {}
    while True:
        tally = _Tally(len(entry.spec.classes), entry.spec.calibration.temperature)
        gathered = Gathered(len(paths), len(entry.spec.classes))
        done, trained_on = 0, 0
        begun = BegunTest(entry, backend, ["evaluate", summary.root, part])
        try:
            with contextlib.closing(begun.answers(paths)) as answers:
                for answered in answers:
                    if text := begun.going_on(done, len(paths)):
                        yield Notice(text)
                    if answered.positions:
                        truth = np.array([judged[i][1] for i in answered.positions])
                        tally.add(np.stack(answered.logits), truth)
                        gathered.add(answered)
                        trained_on += sum(judged[i][2] for i in answered.positions)
                    for index, message in answered.failed.items():
                        if index not in failed_photos:
                            path = str(paths[index])
                            yield ImageFailed(index, path, entry.spec.id, "ImageReadError", message)
                    failed_photos |= answered.failed
                    done += answered.photos
                    yield Preparing("photos", done, len(paths))
            break
        except (RuntimeError, NotImplementedError) as error:
            if backend.name == EXACT:
                raise
            # From the beginning: all photos are judged alike.
            begun.forget()
            yield Notice(
                f"{backend.device.name} failed ({first_line(error)}). torch is used instead."
            )
            backend = open_exact(entry, cpu(), channels_last=True)
    if not tally.n:
        raise DatasetError(summary.root, "None of the photos could be read.")
    if not exact:
        CONVERSIONS.begin(
            entry, info
        )  # all of one evaluation is judged alike: it is for the next one
    files = [p for p in summary.unreadable if p.kind is not ProblemKind.UNREADABLE_FOLDER]
    failed = len(failed_photos) + len(files)
    result = dataclasses.replace(
        tally.result(entry, str(folder), chosen.part, failed),
        part_of=chosen.part_of,
        trained_on=None if chosen.learned is None else trained_on,
        backend=backend.name,
        precision=backend.precision,
    )
    photos = [(photo.path, label) for photo, label, _ in judged]
    predictions = gathered.predictions(
        photos, entry, summary, backend,
        part=result.part, part_of=result.part_of, trained_on=result.trained_on, failed=failed,
    )  # fmt: skip
    if predictions is not None:
        yield Measured(predictions, keep(predictions))
    begun.forget()
    yield result


def match_classes(names: tuple[str, ...], classes: tuple[str, ...]) -> list[int | None]:
    """For each name of a folder the index of the model's class of that name, or None.

    Spelling counts, but not case, nor "_" and "-" for spaces. Where a name fits two classes (as
    ImageNet's two "crane"s), the first is taken.
    """
    exact: dict[str, int] = {}
    loose: dict[str, int] = {}
    for index, label in enumerate(classes):
        exact.setdefault(unicodedata.normalize("NFC", label), index)
        loose.setdefault(_loose(label), index)
    return [exact.get(name, loose.get(_loose(name))) for name in names]


class _Tally:
    """Running sums over batches: memory does not grow with the number of photos."""

    def __init__(self, classes: int, temperature: float) -> None:
        self.n = 0
        self._temperature = temperature
        self._k = min(5, classes)
        self._loss = 0.0
        self._in_top = 0
        self._cells: Counter[tuple[int, int]] = Counter()  # truth and answer -> photos

    def add(self, logits: Rows, truth: npt.NDArray[np.int64]) -> None:
        """logits: (N, classes) float32; truth: (N,)."""
        self._loss += float(losses_of(logits, truth, self._temperature).sum())
        self._cells.update(zip(truth.tolist(), logits.argmax(axis=1).tolist(), strict=True))
        self._in_top += int((places_of(logits, truth) < self._k).sum())
        self.n += len(truth)

    def result(self, entry: ModelEntry, data: str, part: str, failed: int) -> Evaluated:
        classes = entry.spec.classes
        support: Counter[int] = Counter()
        answered: Counter[int] = Counter()
        for (truth, answer), photos in self._cells.items():
            support[truth] += photos
            answered[answer] += photos
        used = list(range(len(classes)))
        if len(classes) > _ALL_CLASSES:
            used = sorted(support.keys() | answered.keys())
        shown = used if len(used) <= _MOST_CLASSES else []
        confusion = tuple(tuple(self._cells[row, column] for column in shown) for row in shown)
        right = sum(self._cells[index, index] for index in used)
        measures = []
        for index in used:
            n, hits, called = support[index], self._cells[index, index], answered[index]
            measures.append(
                ClassMeasure(
                    classes[index],
                    n,
                    hits,
                    hits / n if n else None,
                    hits / called if called else None,
                )
            )
        return Evaluated(
            model=entry.spec.id,
            data=data,
            part=part,
            n=self.n,
            failed=failed,
            top1=right / self.n,
            top1_ci95=wilson_interval(right, self.n),
            top5=self._in_top / self.n,
            loss=self._loss / self.n,
            per_class=tuple(measures),
            classes=tuple(classes[index] for index in used),
            confusion=confusion,
            temperature=self._temperature,
        )


def _loose(name: str) -> str:
    text = unicodedata.normalize("NFC", name).casefold()
    return " ".join(text.replace("_", " ").replace("-", " ").split())
