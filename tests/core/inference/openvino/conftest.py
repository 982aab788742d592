"""A model with its conversion, made once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from resnet_gui.core.events import ClassifyEvent, ImageSource, Notice, Prediction
from resnet_gui.core.inference import converted
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.convert import convert
from resnet_gui.core.inference.converted import Conversion, conversions_dir, find_conversion
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import ModelEntry, Zoo
from tests.helpers.models import small_model
from tests.helpers.pictures import encoded, gradient


def small_insects(seed: int = 0) -> None:
    small_model(
        paths.user_models_dir() / "insects.safetensors",
        seed,
        architecture="cifar_resnet",
        architecture_options={"depth": 8},
        preprocessing=Preprocessing(32, 32, (0.5, 0.4, 0.3), (0.2, 0.2, 0.25), "bicubic"),
    )


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a model of three classes and its conversion."""
    home = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_GUI_HOME", str(home))
        small_insects()
        assert list(convert(insects_entry())) == ["hash", "network", "convert", "compare", "done"]
    return home


@pytest.fixture
def home(made: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, of the test's own."""
    monkeypatch.delenv("RESNET_GUI_EXACT")
    copy_home(made, own_home)
    return own_home


def copy_home(made: Path, home: Path) -> None:
    """Make `home`, which is that of now, a copy of `made`."""
    shutil.copytree(made, home)
    # A hash is remembered for a file as it was: of the copies, they are the same.
    entry = insects_entry()
    assert entry.weights_path is not None
    original = made / entry.weights_path.relative_to(home)
    sha256 = json.loads((conversions_dir() / "hashes.json").read_text())[str(original)][-1]
    converted.remember_hash(entry.weights_path, converted.file_stamp(entry.weights_path), sha256)


def insects_entry() -> ModelEntry:
    return Zoo.standard().ready("insects")


def conversion_now() -> Conversion:
    found = find_conversion(insects_entry())
    assert found is not None
    return found


def notices(events: Sequence[ClassifyEvent]) -> list[str]:
    return [event.message for event in events if isinstance(event, Notice)]


def ended_process() -> subprocess.Popen[bytes]:
    """Stands for one that was started, did its work and has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process


def sources(count: int = 4) -> list[ImageSource]:
    return [
        ImageSource(f"photo {n}", encoded(gradient(64 + n, 48, seed=n), "JPEG"))
        for n in range(count)
    ]


def answers(classifier: Classifier, count: int = 4) -> list[Prediction]:
    events = classifier.classify(sources(count), "insects", "cpu")
    return [event for event in events if isinstance(event, Prediction)]


def backend_of(classifier: Classifier) -> str:
    (model,) = classifier._loaded.values()
    return model.backend.name
