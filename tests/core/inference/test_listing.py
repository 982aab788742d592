"""How often the engine lists the folders of models: per load, not per photo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from resnet_gui.core.errors import UnknownModelError
from resnet_gui.core.events import ImageSource, ModelLoading, Prediction
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.zoo import ModelEntry, ModelState, Zoo
from resnet_gui.core.zoo.providers.files import FileProvider
from tests.helpers.models import small_model
from tests.helpers.pictures import encoded, gradient


class CountingProvider(FileProvider):
    """Counts how often its folder is listed."""

    listed = 0

    def entries(self) -> Iterator[ModelEntry]:
        self.listed += 1
        yield from super().entries()


@pytest.fixture
def provider(tmp_path: Path) -> CountingProvider:
    (tmp_path / "models").mkdir()
    small_model(tmp_path / "models" / "insects.safetensors")
    return CountingProvider(tmp_path / "models", ModelState.YOURS)


def test_photos_after_a_load_list_no_folder(provider: CountingProvider) -> None:
    classifier = Classifier(Zoo([provider]))
    photo = ImageSource("photo", encoded(gradient(64, 48), "JPEG"))
    list(classifier.load("insects", "cpu"))
    assert provider.listed == 1
    for _ in range(3):  # three drops
        events = list(classifier.classify([photo], "insects", "cpu"))
        assert any(isinstance(event, Prediction) for event in events)
    assert provider.listed == 1


def test_a_file_that_changed_or_went_is_looked_for(provider: CountingProvider) -> None:
    classifier = Classifier(Zoo([provider]))
    list(classifier.load("insects", "cpu"))
    path = small_model(provider.folder / "insects.safetensors", seed=1)
    events = list(classifier.load("insects", "cpu"))
    assert any(isinstance(event, ModelLoading) for event in events)
    assert provider.listed == 2
    path.unlink()
    with pytest.raises(UnknownModelError):
        list(classifier.load("insects", "cpu"))


def test_a_forgotten_model_is_looked_for(provider: CountingProvider) -> None:
    classifier = Classifier(Zoo([provider]))
    list(classifier.load("insects", "cpu"))
    classifier.forget("insects")
    list(classifier.load("insects", "cpu"))
    assert provider.listed == 2
