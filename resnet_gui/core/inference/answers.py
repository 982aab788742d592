"""A model in memory, and what it says about photos. No torch here."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.errors import DeviceError, ModelError
from resnet_gui.core.events import (
    ClassScore,
    DeviceInfo,
    ImageFailed,
    ImageSource,
    Prediction,
)
from resnet_gui.core.inference.backend import EXACT, Backend, BackendForm, Crops, Rows, softmax
from resnet_gui.core.inference.photo_inputs import Ask, PhotoInput, read_photo
from resnet_gui.core.inference.unknown import unknown_scores
from resnet_gui.core.zoo.kinds import article, kinds_of, least_probable, likely_kind
from resnet_gui.core.zoo.spec import ModelSpec


@dataclasses.dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory, ready to answer."""

    spec: ModelSpec
    backend: Backend

    @property
    def device(self) -> DeviceInfo:
        return self.backend.device

    @property
    def exact(self) -> bool:
        """Whether its answers are the reference; its photos are read exactly, too."""
        return self.backend.name == EXACT

    @property
    def form(self) -> BackendForm:
        one = self.backend
        return BackendForm(one.name, one.precision, one.device, one.made)

    def answers(self, crops: Crops) -> Rows:
        """crops: (N, crop, crop, 3) uint8 -> (N, classes + 1) float32: the logits, and in the last
        column by how much the photo is further from what the model learned from than it may be
        (above 0: unlike). 0 where nobody knows."""
        calibration = self.spec.calibration
        features = None
        # What averages has no logits of one network, from which such a score comes.
        single = not self.spec.views and not self.spec.members
        if single and calibration.unlike is not None and calibration.means:
            logits, features = self.backend.infer_both(crops)
        else:
            logits = self.backend.infer(crops)
        scores = unknown_scores(calibration, logits, features) if single else None
        beyond = np.zeros(len(logits), np.float32)
        if scores is not None and calibration.unlike is not None:
            beyond = scores - np.float32(calibration.unlike)
        return np.concatenate([logits, beyond[:, None]], axis=1, dtype=np.float32)

    def probabilities(self, crops: Crops) -> Rows:
        """crops: (N, crop, crop, 3) uint8 -> (N, classes) float32, calibrated; each row sums to
        1."""
        return calibrated(self.spec.calibration, self.backend.infer(crops))


# What is asked of a model, in any thread: crops: (N, crop, crop, 3) uint8 -> one row per photo.
Run = Callable[[LoadedModel, Crops], Rows]


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a model says about one photo, as numbers: a row of what was asked."""

    model: LoadedModel
    photo: PhotoInput
    row: Rows
    milliseconds: float


def as_exact(
    item: PhotoInput | ImageFailed | Answer, sources: Sequence[ImageSource], model: LoadedModel
) -> PhotoInput | ImageFailed | Answer:
    """A photo that was read for a fast backend is read again where the exact one answers now."""
    if isinstance(item, PhotoInput) and model.exact and not item.exact:
        return read_photo(item.position, sources[item.position], model.spec, exact=True)
    return item


def asking_for_many(model: LoadedModel, run: Run) -> Ask[Answer] | None:
    """How several threads ask this model at once; None: they gain nothing by it."""
    many = dataclasses.replace(model, backend=model.backend.for_many())
    return functools.partial(_asked, many, run) if many.backend.threads > 1 else None


def _asked(model: LoadedModel, run: Run, photos: Sequence[PhotoInput]) -> list[Answer] | None:
    started = time.perf_counter()
    try:
        rows = run(model, np.stack([photo.crop for photo in photos]))
    except (RuntimeError, NotImplementedError):
        return None
    if not np.isfinite(rows).all():
        return None
    each_ms = (time.perf_counter() - started) * 1000 / len(photos)
    return [Answer(model, *each, each_ms) for each in zip(photos, rows, strict=True)]


def checked(model: LoadedModel, rows: Rows) -> Rows:
    """The rows as they are.

    Raises:
        DeviceError: something else than exact on the CPU gives what is no number.
        ModelError: exact on the CPU does.
    """
    if not np.isfinite(rows).all():
        if model.backend.name != EXACT or model.device.kind != "cpu":
            raise DeviceError("its answers are no numbers")
        raise ModelError(
            f"The model “{model.spec.id}” answers with no number (NaN): its weights are damaged, "
            "or its training went wrong.",
            "Choose another model, or get its file again.",
        )
    return rows


def calibrated(calibration: Calibration, logits: Rows) -> Rows:
    """Probabilities: (N, classes) float32, each row sums to 1."""
    return softmax(logits / np.float32(calibration.temperature))


def _largest(logits: Rows, count: int) -> npt.NDArray[np.intp]:
    """Where the largest values are, largest first, `count` or more of them. Without ordering all
    thousand, it takes a third of the time."""
    places = np.arange(len(logits))
    if count < len(logits):
        places = np.flatnonzero(logits >= np.partition(logits, -count)[-count])
    return places[np.argsort(-logits[places], kind="stable")]


def prediction(answer: Answer, sources: Sequence[ImageSource], top_k: int) -> Prediction:
    """The classes of an answer of `LoadedModel.answers`, most probable first. Of two that are equal
    the first is first."""
    photo, spec = answer.photo, answer.model.spec
    logits, beyond = answer.row[:-1], float(answer.row[-1])
    probabilities = calibrated(spec.calibration, logits[np.newaxis])[0]
    order = _largest(logits, max(2, top_k))
    best = order[: max(1, top_k)].tolist()
    kinds = kinds_of(spec.classes)
    kind = likely_kind(probabilities, kinds) if kinds else None
    second = float(probabilities[order[1]]) if len(order) > 1 else 0.0
    return Prediction(
        position=photo.position,
        path=sources[photo.position].name,
        model=spec.id,
        scores=tuple(ClassScore(spec.label(n), n, float(probabilities[n])) for n in best),
        width=photo.width,
        height=photo.height,
        device=answer.model.device.name,
        decode_ms=photo.milliseconds,
        inference_ms=answer.milliseconds,
        incomplete=photo.incomplete,
        kind=kind,
        article=article(spec.label(best[0])),
        least=least_probable(spec.calibration.unsure, second, of_a_kind=kind is not None),
        unlike=beyond > 0,
    )
