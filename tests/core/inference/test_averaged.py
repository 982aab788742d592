"""Test-time augmentation and ensembles: which crops are cut, and that the answers are averaged."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.transforms.functional import InterpolationMode, five_crop, resize, ten_crop

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.errors import ModelError
from resnet_gui.core.evaluation.store import weights_key
from resnet_gui.core.events import ImageSource, Prediction
from resnet_gui.core.inference.answers import LoadedModel
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.convert import convert
from resnet_gui.core.inference.features import FeaturesDone, extract_features
from resnet_gui.core.inference.looking import look_wanted, looking
from resnet_gui.core.inference.open_backend import open_converted, open_exact
from resnet_gui.core.inference.photo_inputs import read_for
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.answering import Library
from resnet_gui.core.library.way import way_of
from resnet_gui.core.looks import LOOKS, View, views_of
from resnet_gui.core.photos.crops import read_crop
from resnet_gui.core.photos.views import read_views
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system import paths
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.system.settings import Settings, save_settings
from resnet_gui.core.zoo import ModelEntry, Zoo
from resnet_gui.core.zoo.ensembles import save_ensemble
from tests.helpers.models import CLASSES, small_model
from tests.helpers.pictures import encoded, gradient

USUAL = Preprocessing(40, 32)
LOOKING_TWICE_OR_MORE = [name for name in LOOKS if name != "none"]


def photo(number: int = 0, width: int = 90, height: int = 60) -> ImageSource:
    return ImageSource(f"photo {number}", encoded(gradient(width, height, seed=number), "PNG"))


def tiny(name: str, seed: int = 0, **changes: object) -> ModelEntry:
    values = {
        "architecture": "cifar_resnet",
        "architecture_options": {"depth": 8},
        "preprocessing": USUAL,
        **changes,
    }
    small_model(paths.user_models_dir() / f"{name}.safetensors", seed, **values)
    return Zoo.standard().ready(name)


def rows(entry: ModelEntry, sources: Sequence[ImageSource], look: str = "") -> np.ndarray:
    """What the exact backend says, as probabilities."""
    seen = looking(entry, look)
    model = LoadedModel(seen.spec, open_exact(seen, cpu()))
    crops = [read_for(source, seen.spec, exact=True).pixels for source in sources]
    return model.probabilities(np.stack(crops))


def cut(source: ImageSource, look: str, *, exact: bool = True) -> np.ndarray:
    row = read_views(source, (USUAL,), views_of(look), exact=exact).pixels
    return row.reshape(-1, 32, 32, 3)


# --- crops ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("look", "torchvisions"), [("five-crop", five_crop), ("ten-crop", ten_crop)]
)
def test_crops_are_torchvisions(look: str, torchvisions: object) -> None:
    source = photo()
    image = gradient(90, 60, seed=0)
    resized = resize(image, [40], InterpolationMode.BILINEAR)
    expected = {np.asarray(crop).tobytes() for crop in torchvisions(resized, [32, 32])}  # type: ignore[operator]
    found = [crop.tobytes() for crop in cut(source, look)]
    assert set(found) == expected
    assert len(found) == len(expected) == len(views_of(look))


@pytest.mark.parametrize("look", LOOKS)
def test_first_crop_is_the_usual_one(look: str) -> None:
    for exact in (True, False):
        usual = read_crop(photo(), USUAL, exact=exact).pixels
        assert (cut(photo(), look, exact=exact)[0] == usual).all()


def test_mirrored_crop_is_mirrored() -> None:
    plain, mirrored = cut(photo(), "flip")
    assert (plain[:, ::-1] == mirrored).all()
    assert not (plain == mirrored).all()


def test_larger_crops_show_less() -> None:
    assert View(zoom=1.25).preprocessing(USUAL) == dataclasses.replace(USUAL, resize=50)
    unresized = Preprocessing(0, 32)
    assert View(zoom=1.25).preprocessing(unresized) == unresized


def test_quickly_cut_crops_differ_little() -> None:
    source = ImageSource("jpeg", encoded(gradient(900, 600), "JPEG"))
    for look in LOOKS:
        exact, quick = (cut(source, look, exact=exact).astype(int) for exact in (True, False))
        assert abs(exact - quick).mean() < 2, look


def test_photo_smaller_than_the_crop_is_padded() -> None:
    small = Preprocessing(0, 32)
    row = read_views(photo(0, 20, 10), (small,), views_of("ten-crop"), exact=True).pixels
    assert row.shape == (10 * 32 * 32 * 3,)


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", LOOKING_TWICE_OR_MORE)
def test_answers_to_all_crops_are_averaged(look: str) -> None:
    entry = tiny("insects")
    single = LoadedModel(entry.spec, open_exact(entry, cpu()))
    expected = np.mean([single.probabilities(crop[None]) for crop in cut(photo(), look)], axis=0)
    found = rows(entry, [photo(), photo(1)], look)
    assert np.allclose(found[:1], expected, atol=1e-6)
    assert not np.allclose(found[:1], rows(entry, [photo()]), atol=1e-4)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)


def test_unknown_way_is_refused() -> None:
    with pytest.raises(ModelError, match=r"no way “twice”.*five-crop"):
        looking(tiny("insects"), "twice")


def test_ensemble_averages_and_matches_classes_by_label() -> None:
    """The second model has the classes in another order and takes photos in another way."""
    one = tiny("one")
    turned = (CLASSES[2], CLASSES[0], CLASSES[1])
    other = tiny("other", 1, classes=turned, preprocessing=Preprocessing(48, 40))
    both = Zoo.standard().ready("one+other")
    assert both.spec.classes == CLASSES
    sources = [photo(n) for n in range(3)]
    expected = (rows(one, sources) + rows(other, sources)[:, [1, 2, 0]]) / 2
    assert np.allclose(rows(both, sources), expected, atol=1e-6)
    flipped = (rows(one, sources, "flip") + rows(other, sources, "flip")[:, [1, 2, 0]]) / 2
    assert np.allclose(rows(both, sources, "flip"), flipped, atol=1e-6)


def test_classifier_answers_with_an_ensemble_and_looks_as_asked() -> None:
    tiny("one"), tiny("other", 1)
    look = "none"
    classifier = Classifier(Zoo.standard(), look=lambda: look)

    def ask() -> list[float]:
        events = classifier.classify([photo(n) for n in range(3)], "one+other", "cpu", 3)
        found = [event for event in events if isinstance(event, Prediction)]
        assert [item.model for item in found] == ["one+other"] * 3
        by_label = {score.label: score.probability for score in found[0].scores}
        return [by_label[label] for label in CLASSES]

    entry = Zoo.standard().ready("one+other")
    assert np.allclose(ask(), rows(entry, [photo()])[0], atol=1e-6)
    look = "flip"  # from one call to the next, as the settings window does it
    assert np.allclose(ask(), rows(entry, [photo()], "flip")[0], atol=1e-6)


def test_forgetting_a_member_forgets_the_ensemble() -> None:
    tiny("one"), tiny("other", 1)
    classifier = Classifier(Zoo.standard())
    list(classifier.classify([photo()], "one+other", "cpu"))
    classifier.forget("other")
    assert not classifier._loaded


def test_features_are_those_of_one_model() -> None:
    tiny("one"), tiny("other", 1)
    classifier = Classifier(Zoo.standard(), look=lambda: "flip")
    (found,) = [
        event
        for event in extract_features(classifier, [photo()], "one", device="cpu")
        if isinstance(event, FeaturesDone)
    ]
    assert found.features.ndim == 1
    with pytest.raises(ModelError, match="no features of its own"):
        list(extract_features(classifier, [photo()], "one+other", device="cpu"))


def test_settings_say_how_to_look() -> None:
    assert look_wanted() == "none"
    save_settings(Settings(look="flip"))
    assert look_wanted() == "flip"


@pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")
def test_converted_members_answer_without_torch(
    monkeypatch: pytest.MonkeyPatch, own_home: Path
) -> None:
    """One conversion is not enough: photos are read in one way for all. Then as exact does."""
    monkeypatch.delenv("RESNET_GUI_EXACT")
    one, other = tiny("one"), tiny("other", 1)
    both = looking(Zoo.standard().ready("one+other"), "flip")
    list(convert(one))
    assert open_converted(both) is None
    list(convert(other))
    fast = open_converted(both)
    assert fast is not None
    assert fast.name == "openvino"
    sources = [photo(n) for n in range(3)]
    crops = np.stack([read_for(source, both.spec, exact=True).pixels for source in sources])
    with torch.no_grad():
        expected = rows(both, sources)
    for backend in (fast, fast.for_many()):
        assert abs(LoadedModel(both.spec, backend).probabilities(crops) - expected).max() < 0.05


def test_kept_answers_are_of_one_way_of_looking() -> None:
    """What a model said when it looked once is not what it says when it looks twice."""
    entry = tiny("insects")
    ways = {
        way_of(looking(entry, look).spec, "0" * 64, "exact", "fp32", cpu()).digest for look in LOOKS
    }
    assert len(ways) == len(LOOKS)


def test_of_an_ensemble_nothing_is_kept() -> None:
    """Its answers are those of several files, any of which may be replaced."""
    tiny("one"), tiny("other", 1)
    save_ensemble([Zoo.standard().ready(name) for name in ("one", "other")], "Both")
    classifier = Classifier(Zoo.standard())
    library = Library(classifier)
    sources = [photo(n) for n in range(20)]
    for _ in range(2):
        told = list(library.answer(sources, "both", "cpu"))
        answered = [event for event in told if isinstance(event, AnsweredPhoto)]
        assert len(answered) == 20
        assert not any(event.kept for event in answered)
    library.store.close()


def test_kept_results_are_of_one_way_of_looking_and_of_all_members() -> None:
    """An ensemble whose member was replaced is another one."""
    one, other = tiny("one"), tiny("other", 1)
    both = save_ensemble([one, other], "Both")
    keys = [weights_key(entry) for entry in (one, other, looking(one, "flip"), both)]
    assert len(set(keys)) == 4
    tiny("other", 2)
    assert weights_key(Zoo.standard().ready("both")) != keys[-1]


def test_what_averages_says_nothing_of_unknown_photos() -> None:
    """The score comes from the logits of one network; their mean has lost it."""
    entry = tiny("insects")
    suspicious = replace(entry.spec, calibration=Calibration(unlike=-1e9))
    entry = replace(entry, spec=suspicious)
    for look, unlike in (("none", True), ("flip", False)):
        seen = looking(entry, look)
        model = LoadedModel(seen.spec, open_exact(seen, cpu()))
        crops = np.stack([read_for(photo(), seen.spec, exact=True).pixels])
        assert (model.answers(crops)[0, -1] > 0) == unlike
