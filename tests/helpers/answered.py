"""Answers to photos, made by hand."""

from __future__ import annotations

from typing import Any

from resnet_gui.core.events import ClassScore, DeviceInfo, ImageFailed, KindScore, Prediction
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.identity import Stamp
from resnet_gui.core.library.store import NewAnswer
from resnet_gui.core.library.tables import without_formula
from resnet_gui.core.library.way import Way, way_of
from resnet_gui.core.zoo.spec import ModelSpec, Preprocessing

CPU = DeviceInfo("cpu", "Some processor")
STAMP = Stamp(1234, 10, 20)


def prediction(path: str = "cat.jpg", *labels: str, **changes: Any) -> Prediction:
    """Of classes that are half as probable each as the one before."""
    scores = tuple(
        ClassScore(label, number, 0.5 ** (number + 1))
        for number, label in enumerate(labels or ("cat", "dog", "cow"))
    )
    values: dict[str, Any] = {
        "position": 0,
        "path": path,
        "model": "pets",
        "scores": scores,
        "width": 640,
        "height": 480,
        "device": CPU.name,
        "decode_ms": 1.25,
        "inference_ms": 20.1,
        "kind": KindScore("pet", "a ", 0.8),
        "article": "a ",
    }
    return Prediction(**{**values, **changes})


def answered(path: str = "/photos/cat.jpg", *labels: str, **changes: Any) -> AnsweredPhoto:
    values: dict[str, Any] = {
        "model_title": "Pets",
        "size": 1234,
        "modified": 1.7e9,
        "content": "00" * 16,
        "way": "11" * 16,
        "answered": 1.8e9,
    }
    return AnsweredPhoto(prediction(path, *labels), **{**values, **changes})


def cell_text(cell: str) -> str:
    """What stood there before `without_formula` made a cell of it."""
    return cell[1:] if cell.startswith("'") and without_formula(cell) != cell else cell


def failed(path: str, message: str) -> AnsweredPhoto:
    return AnsweredPhoto(ImageFailed(0, path, "pets", "CorruptImageError", message))


def pets_way(classes: int = 3, **changes: Any) -> Way:
    labels = ("cat", "dog", "cow", *(f"class {n}" for n in range(3, classes)))[:classes]
    spec = ModelSpec(
        "pets", "Pets", "ResNet", "resnet18", "files", "pets", labels, Preprocessing(32, 32), 1
    )
    values: dict[str, Any] = {
        "weights_sha256": "0" * 64,
        "backend": "exact",
        "precision": "fp32",
        "device": CPU,
    }
    return way_of(spec, **{**values, **changes})


def new(
    number: int = 0, answer: Prediction | None = None, way: Way | None = None, stamp: Stamp = STAMP
) -> NewAnswer:
    return NewAnswer(
        way or pets_way(),
        number.to_bytes(16, "big"),
        stamp.size,
        answer or prediction(),
        1.8e9,
        f"/photos/{number}.jpg".encode(),
        stamp,
    )


def place(number: int = 0) -> tuple[bytes, Stamp]:
    return f"/photos/{number}.jpg".encode(), STAMP
