"""The training photos that a model finds most like a photo."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from resnet_gui.core.events import ImageSource
from resnet_gui.core.explain.events import Explaining, NeighboursFound, NeighboursUnknown
from resnet_gui.core.explain.explainer import Explainer
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.feature_cache import clear_features
from resnet_gui.core.runs.events import RunFinished
from resnet_gui.core.runs.listing import runs_dir
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.training.api import train
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours")


def trained(data: Path, **settings: object) -> str:
    """Train a model; its id."""
    *_, last = train(tiny_config(data, epochs=1, **settings), zoo=user_zoo())
    assert isinstance(last, RunFinished)
    return next(e.spec.id for e in user_zoo().entries() if e.spec.path == Path(last.model_path))


def asked(photo: Path, model: str, explainer: Explainer | None = None, **options: Any) -> list[Any]:
    explainer = explainer or Explainer(Classifier(user_zoo()))
    return list(explainer.neighbours(ImageSource.file(photo), model, **options))


def test_a_heads_training_photos_are_compared_at_once(data: Path, tmp_path: Path) -> None:
    model = trained(data, method="head")
    # A copy under another name: what it shows decides.
    photo = tmp_path / "mine.jpg"
    shutil.copy(data / "green" / "003.jpg", photo)
    events = asked(photo, model, count=5)
    found = events[-1]
    assert isinstance(found, NeighboursFound)
    assert (found.of, found.missing, len(found.neighbours)) == (16, 0, 5)
    likeness = [item.similarity for item in found.neighbours]
    assert likeness == sorted(likeness, reverse=True)
    first = found.neighbours[0]
    in_training = Path(first.path) == data / "green" / "003.jpg"
    assert first.same == in_training
    assert not in_training or first.similarity == pytest.approx(1, abs=1e-5)
    assert {item.label for item in found.neighbours[:2]} == {"green"}
    assert all(Path(item.path).parent.name == item.label for item in found.neighbours)


def test_a_whole_networks_features_are_computed_when_asked_for(data: Path) -> None:
    model = trained(data)
    photo = data / "red" / "000.jpg"
    *_, unknown = asked(photo, model)
    assert isinstance(unknown, NeighboursUnknown)
    assert unknown.photos == 16
    assert "not kept" in unknown.reason
    explainer = Explainer(Classifier(user_zoo()))
    events = asked(photo, model, explainer, compute=True)
    steps = [event for event in events if isinstance(event, Explaining)]
    assert (steps[-1].done, steps[-1].total) == (16, 16)
    assert isinstance(events[-1], NeighboursFound)
    assert events[-1].of == 16
    # Now they are kept, also for the next window.
    *_, again = asked(photo, model)
    assert again == events[-1]
    # And the same explainer looks at no photo of the folder again.
    assert not [e for e in asked(photo, model, explainer) if isinstance(e, Explaining)]


def test_a_stop_keeps_what_was_computed(data: Path) -> None:
    model = trained(data)
    explainer = Explainer(Classifier(user_zoo()))
    photo = ImageSource.file(data / "red" / "000.jpg")
    events = explainer.neighbours(photo, model, compute=True)
    for event in events:
        if isinstance(event, Explaining) and event.total == 16 and 0 < event.done < 16:
            break
    events.close()
    *_, found = asked(data / "red" / "000.jpg", model)
    assert isinstance(found, NeighboursFound)
    assert found.of + found.missing == 16
    assert found.of >= 1


def test_what_is_gone_is_said(data: Path) -> None:
    model = trained(data, method="head")
    photo = data / "red" / "000.jpg"
    clear_features()
    *_, unknown = asked(photo, model)
    assert isinstance(unknown, NeighboursUnknown)
    assert unknown.photos == 16
    kept = photo.read_bytes()
    shutil.rmtree(data)
    data.mkdir()
    (data / "alone.jpg").write_bytes(kept)
    *_, unknown = asked(data / "alone.jpg", model)
    assert isinstance(unknown, NeighboursUnknown)
    assert (unknown.photos, "not there any more" in unknown.reason) == (0, True)
    shutil.rmtree(runs_dir())
    *_, unknown = asked(data / "alone.jpg", model)
    assert isinstance(unknown, NeighboursUnknown)
    assert "not on this computer" in unknown.reason


def test_a_model_from_elsewhere_has_no_training_photos_here(data: Path) -> None:
    *_, unknown = asked(data / "red" / "000.jpg", "tiny")
    assert isinstance(unknown, NeighboursUnknown)
    assert "not trained on this computer" in unknown.reason


def test_the_start_model_may_be_gone(data: Path) -> None:
    model = trained(data, method="head")
    (user_models_dir() / "tiny.safetensors").unlink()
    *_, found = asked(data / "red" / "000.jpg", model)
    assert isinstance(found, NeighboursFound)
    assert found.of == 16
