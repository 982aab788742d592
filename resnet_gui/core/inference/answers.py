"""A model in memory, and what it says about photos. No torch here."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Sequence

import numpy as np

from resnet_gui.core.errors import DeviceError, ModelError
from resnet_gui.core.events import (
    ClassScore,
    DeviceInfo,
    ImageFailed,
    ImageSource,
    Prediction,
)
from resnet_gui.core.inference.backend import EXACT, Backend, BackendForm, Crops, Rows, softmax
from resnet_gui.core.inference.photo_inputs import PhotoInput, read_photo
from resnet_gui.core.zoo.kinds import article, kinds_of, likely_kind
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
        return BackendForm(self.backend.name, self.backend.precision, self.backend.device)

    def probabilities(self, crops: Crops) -> Rows:
        """crops: (N, crop, crop, 3) uint8 -> (N, classes) float32, each row sums to 1."""
        return softmax(self.backend.infer(crops))


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


def asking_for_many(model: LoadedModel, run: Run) -> Callable[[PhotoInput], Answer | None] | None:
    """How several threads ask this model at once; None: they gain nothing by it."""
    many = dataclasses.replace(model, backend=model.backend.for_many())
    return functools.partial(_asked, many, run) if many.backend.threads > 1 else None


def _asked(model: LoadedModel, run: Run, photo: PhotoInput) -> Answer | None:
    started = time.perf_counter()
    try:
        rows = run(model, photo.crop[np.newaxis])
    except (RuntimeError, NotImplementedError):
        return None
    if not np.isfinite(rows).all():
        return None
    return Answer(model, photo, rows[0], (time.perf_counter() - started) * 1000)


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


def prediction(answer: Answer, sources: Sequence[ImageSource], top_k: int) -> Prediction:
    """The answer's classes, most probable first. Of two that are equal the first is first."""
    photo, spec = answer.photo, answer.model.spec
    best = np.argsort(-answer.row, kind="stable")[: max(1, top_k)].tolist()
    kinds = kinds_of(spec.classes)
    return Prediction(
        position=photo.position,
        path=sources[photo.position].name,
        model=spec.id,
        scores=tuple(ClassScore(spec.label(n), n, float(answer.row[n])) for n in best),
        width=photo.width,
        height=photo.height,
        device=answer.model.device.name,
        decode_ms=photo.milliseconds,
        inference_ms=answer.milliseconds,
        incomplete=photo.incomplete,
        kind=likely_kind(answer.row.tolist(), kinds) if kinds else None,
        article=article(spec.label(best[0])),
    )
