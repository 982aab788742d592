"""A classifier, and photos for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from resnet_gui.core.events import ClassifyEvent, ImageFailed, ImageSource, Prediction
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import Zoo
from tests.helpers.models import small_model
from tests.helpers.pictures import encoded, gradient

LITE0 = "efficientnet-lite0"


def run(
    sources: Sequence[ImageSource],
    model: str = LITE0,
    device: str = "cpu",
    classifier: Classifier | None = None,
    top_k: int = 5,
) -> list[ClassifyEvent]:
    classifier = classifier or Classifier(Zoo.standard())
    return list(classifier.classify(sources, model, device, top_k))


def answers(events: Sequence[ClassifyEvent]) -> list[Prediction | ImageFailed]:
    return [event for event in events if isinstance(event, Prediction | ImageFailed)]


@pytest.fixture
def insects(own_home: Path) -> str:
    """A small model of three classes, and the one that most tests use: it costs milliseconds."""
    small_model(paths.user_models_dir() / "insects.safetensors")
    return "insects"


def photo(n: int, size: tuple[int, int] = (64, 48)) -> ImageSource:
    return ImageSource(f"photo {n}", encoded(gradient(*size, seed=n), "JPEG"))
