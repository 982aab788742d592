"""The zoo: the committed table, who finds which weights, names, and what to start with."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import pytest
import torch
from PIL import Image
from skimage import data as photos

from resnet_gui.core.errors import ModelError, UnknownModelError, WeightsMissingError
from resnet_gui.core.events import ImageSource, ModelReady, Prediction
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.nets.families.torchvision import ARCHITECTURES
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import RECOMMENDED_ID, ModelEntry, ModelState, Zoo
from resnet_gui.core.zoo.providers.files import FileProvider
from resnet_gui.core.zoo.providers.lite0 import MODEL_ID as LITE0
from resnet_gui.core.zoo.providers.lite0 import OfflineProvider, lite0_spec, lite0_weights_path
from resnet_gui.core.zoo.providers.torchvision import (
    CLASSES_FILE,
    TABLE_FILE,
    TorchvisionProvider,
    imagenet_classes,
    torchvision_specs,
)
from tests.helpers.models import cache_weights, random_state, small_model
from tests.helpers.pictures import encoded
from tools import make_table

ZOO_FOLDER = paths.PACKAGE_DIR / "core" / "zoo" / "providers"
NAMES = [item.name for item in ARCHITECTURES]


def committed(name: str) -> object:
    return json.loads((ZOO_FOLDER / name).read_text(encoding="utf-8"))


# --- the table --------------------------------------------------------------------------------


def test_the_committed_table_is_what_torchvision_says() -> None:
    assert make_table.make_table() == committed(TABLE_FILE)
    assert make_table.make_classes() == committed(CLASSES_FILE)


def test_every_architecture_and_weight_set_is_in_it() -> None:
    from torchvision import models

    expected = {
        (name, weights.name) for name in NAMES for weights in models.get_model_weights(name)
    }
    specs = torchvision_specs()
    assert {(spec.architecture, spec.weights) for spec in specs} == expected
    assert len(expected) == 17
    assert len({spec.id for spec in specs}) == len(specs)
    # The bare name is the set that torchvision recommends.
    for name in NAMES:
        spec = next(spec for spec in specs if spec.id == name)
        assert models.get_model_weights(name)["DEFAULT"].name == spec.weights


def test_entries_carry_what_a_card_shows() -> None:
    for spec in (*torchvision_specs(), lite0_spec()):
        assert len(spec.classes) == 1000
        assert 0.6 < (spec.top1 or 0) < (spec.top5 or 0.99) < 1
        assert spec.parameters > 1_000_000
        assert spec.gflops is not None
        assert 0.2 < spec.gflops < 25
        assert spec.bytes > 2 * spec.parameters  # one set is published in half precision
        assert spec.licence
        assert spec.notes
        assert len(spec.sha256_prefix) >= 8
    assert "states no licence" in lite0_spec().licence


def test_parameters_and_classes_are_those_of_the_networks() -> None:
    for name in ("resnet18", "wide_resnet50_2", LITE0):
        spec = Zoo.standard().get(name).spec
        with torch.device("meta"):
            network = build_network(spec.architecture, len(spec.classes))
        assert sum(p.numel() for p in network.parameters()) == spec.parameters
    path = lite0_weights_path()
    assert path is not None
    assert path.stat().st_size == lite0_spec().bytes


def test_well_known_labels_stand_at_their_index() -> None:
    classes = imagenet_classes()
    assert (classes[0], classes[281], classes[340], classes[963]) == (
        "tench", "tabby", "zebra", "pizza",
    )  # fmt: skip


# --- all architectures classify ---------------------------------------------------------------


def _builds_loads_and_classifies(model_id: str) -> None:
    """Random weights where a download would be; the answer is the plain network's."""
    from torchvision.transforms._presets import ImageClassification

    spec = Zoo.standard().get(model_id).spec
    state = random_state(spec.architecture, 1000)
    cache_weights(model_id, state)
    photo = Image.fromarray(photos.astronaut())
    events = list(
        Classifier(Zoo.standard()).classify(
            [ImageSource("astronaut", encoded(photo, "PNG"))], model_id, "cpu", top_k=1000
        )
    )
    answer = events[-1]
    assert isinstance(answer, Prediction)
    from torchvision import models

    network = models.get_model(spec.architecture, weights=None)
    network.load_state_dict(state)
    preset = ImageClassification(
        crop_size=spec.preprocessing.crop, resize_size=spec.preprocessing.resize
    )
    with torch.inference_mode():
        expected = network.eval()(preset(photo)[None]).softmax(1)[0]
    got = torch.empty(1000)
    for score in answer.scores:
        got[score.index] = score.probability
        assert score.label == imagenet_classes()[score.index]
    assert float((got - expected).abs().max()) < 1e-4
    # Not by chance: the answer is far from “all the same”.
    assert float(expected.max()) > 0.0015


@pytest.mark.parametrize("model_id", ["resnet18", "resnext50_32x4d.imagenet1k_v1"])
def test_two_architectures_build_load_and_classify(model_id: str) -> None:
    _builds_loads_and_classifies(model_id)


@pytest.mark.slow
@pytest.mark.parametrize("model_id", NAMES)
def test_all_architectures_build_load_and_classify(model_id: str) -> None:
    _builds_loads_and_classifies(model_id)


# --- providers and states ---------------------------------------------------------------------


def test_each_state_comes_from_its_place(tmp_path: Path, own_home: Path) -> None:
    small_model(paths.user_models_dir() / "mine.safetensors")
    small_model(tmp_path / "shipped" / "cifar.safetensors")
    cache_weights("resnet34", {"x": torch.zeros(1)})
    zoo = Zoo(
        (
            FileProvider(tmp_path / "shipped", ModelState.BUNDLED),
            *Zoo.standard().providers[1:],
        )
    )
    states = {entry.spec.id: entry.state for entry in zoo.entries()}
    assert states["mine"] is ModelState.YOURS
    assert states["cifar"] is ModelState.BUNDLED
    assert states[LITE0] is ModelState.INSTALLED
    assert states["resnet34"] is ModelState.CACHED
    assert states["resnet50"] is ModelState.DOWNLOADABLE
    assert len(states) == 26
    # Grouped by state, the user's own first.
    order = [entry.state for entry in zoo.entries()]
    assert order == sorted(order, key=list(ModelState).index)


def test_changes_are_seen_without_a_restart() -> None:
    zoo = Zoo.standard()
    before = len(zoo.entries())
    path = small_model(paths.user_models_dir() / "mine.safetensors")
    assert len(zoo.entries()) == before + 1
    assert zoo.get("mine").spec.classes[0] == "ant"
    stamp = path.stat().st_mtime_ns
    small_model(path, classes=("x", "y", "z", "w"))
    os.utime(path, ns=(stamp + 1_000_000, stamp + 1_000_000))
    assert zoo.get("mine").spec.classes == ("x", "y", "z", "w")
    path.unlink()
    assert len(zoo.entries()) == before
    cached = cache_weights("resnet18", {"x": torch.zeros(1)})
    assert zoo.get("resnet18").weights_path == cached


def test_the_cache_is_torch_hubs_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where torch hub would look, so that no file is downloaded twice."""
    monkeypatch.delenv("RESNET_GUI_HOME")
    for variables in ({"TORCH_HOME": str(tmp_path / "t")}, {"XDG_CACHE_HOME": str(tmp_path / "x")}):
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            expected = Path(torch.hub.get_dir()) / "checkpoints"
            assert paths.torch_hub_checkpoints_dir() == expected


def test_without_its_packages_the_offline_model_is_not_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> object:
        return None if name.startswith("efficientnet") else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    assert list(OfflineProvider().entries()) == []
    zoo = Zoo.standard()
    default = zoo.default()
    assert default is not None
    assert default.spec.id == "resnet56-cifar10", "the most accurate of those that ship"
    with pytest.raises(UnknownModelError):
        zoo.get(LITE0)


def test_the_json_line_has_what_the_contract_names() -> None:
    line = json.loads(json.dumps(Zoo.standard().get("resnet50").to_json()))
    assert {
        "id", "title", "family", "state", "classes", "top1", "parameters", "gflops", "bytes",
    } <= set(line)  # fmt: skip
    assert (line["id"], line["state"], line["classes"]) == ("resnet50", "downloadable", 1000)
    assert line["problem"] is None


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("resnet50", "resnet50"), ("ResNet50", "resnet50"), (" resnet50 ", "resnet50"),
        ("resnet50.IMAGENET1K_V2", "resnet50"),
        ("resnet50.imagenet1k_v1", "resnet50.imagenet1k_v1"),
        ("resnet18.imagenet1k_v1", "resnet18"), ("EfficientNet-Lite0", LITE0),
    ],
)  # fmt: skip
def test_ids_and_their_aliases(asked: str, found: str) -> None:
    assert Zoo.standard().get(asked).spec.id == found


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("resnet-50", "resnet50"), ("resnet51", "resnet50"), ("efficientnet", LITE0),
        ("wide_resnet50", "wide_resnet50_2"), ("resnext50", "resnext50_32x4d"),
        ("ResNet-18", "resnet18"),
    ],
)  # fmt: skip
def test_a_near_miss_is_suggested(asked: str, meant: str) -> None:
    with pytest.raises(UnknownModelError) as caught:
        Zoo.standard().get(asked)
    assert meant in caught.value.similar
    assert f"There is no model “{asked}”. Did you mean" in str(caught.value)


def test_the_name_on_screen_leads_to_the_id() -> None:
    for title in ("ResNet-50 (first weights)", " resnet-50 (FIRST weights)"):
        with pytest.raises(UnknownModelError) as caught:
            Zoo.standard().get(title)
        assert caught.value.similar == ("resnet50.imagenet1k_v1",)


def test_nonsense_gets_no_suggestion() -> None:
    for asked in ("qqq", "", "   "):
        with pytest.raises(UnknownModelError) as caught:
            Zoo.standard().get(asked)
        assert caught.value.similar == ()
        assert "Did you mean" not in str(caught.value)
        assert "lists them all" in str(caught.value)


def test_a_model_without_weights_says_how_to_get_them() -> None:
    with pytest.raises(WeightsMissingError, match=r"resnet152.*resnet-gui download resnet152"):
        Zoo.standard().ready("resnet152")


# --- what to start with -----------------------------------------------------------------------


def default_id(last_used: str | None = None) -> str | None:
    entry = Zoo.standard().default(last_used)
    return entry.spec.id if entry else None


def test_the_default_rises_with_what_is_at_hand() -> None:
    assert default_id() == LITE0
    small_model(paths.user_models_dir() / "aaa.safetensors")
    assert default_id() == LITE0  # a model for insects is no answer for everything
    cache_weights("resnet18", {})
    assert default_id() == "resnet18"
    cache_weights("resnet152", {})
    assert default_id() == "resnet152"
    cache_weights(RECOMMENDED_ID, {})
    assert default_id() == RECOMMENDED_ID


def test_the_model_used_last_comes_first_while_it_can_be_used() -> None:
    cache_weights(RECOMMENDED_ID, {})
    path = small_model(paths.user_models_dir() / "mine.safetensors")
    assert default_id("mine") == "mine"
    assert default_id(LITE0) == LITE0
    assert default_id("resnet101") == RECOMMENDED_ID  # not downloaded
    assert default_id("was deleted") == RECOMMENDED_ID
    path.write_bytes(b"damaged")
    assert default_id("mine") == RECOMMENDED_ID


def test_any_model_is_better_than_none(tmp_path: Path) -> None:
    empty = Zoo((FileProvider(tmp_path / "none", ModelState.YOURS), TorchvisionProvider()))
    assert empty.default() is None
    small_model(tmp_path / "some" / "only.safetensors")
    entry = Zoo((FileProvider(tmp_path / "some", ModelState.YOURS),)).default()
    assert entry is not None
    assert entry.spec.id == "only"


def test_a_bundled_model_keeps_its_id(tmp_path: Path) -> None:
    small_model(tmp_path / "a" / "same.safetensors", classes=("first", "x"))
    small_model(tmp_path / "b" / "same.safetensors", classes=("second", "x"))
    zoo = Zoo(
        (
            FileProvider(tmp_path / "a", ModelState.BUNDLED),
            FileProvider(tmp_path / "b", ModelState.YOURS),
        )
    )
    assert zoo.get("same").spec.classes[0] == "first"
    assert zoo.get("same-yours").spec.classes[0] == "second"


def test_a_users_model_classifies(own_home: Path) -> None:
    small_model(paths.user_models_dir() / "insects.safetensors")
    source = ImageSource("astronaut", encoded(Image.fromarray(photos.astronaut()), "PNG"))
    events = list(Classifier(Zoo.standard()).classify([source], "insects", "cpu"))
    assert isinstance(events[-2], ModelReady)
    answer = events[-1]
    assert isinstance(answer, Prediction)
    assert {score.label for score in answer.scores} == {"ant", "bee", "cat [tabby]"}
    assert sum(score.probability for score in answer.scores) == pytest.approx(1, abs=1e-5)


def test_an_entry_without_weights_is_not_built() -> None:
    from resnet_gui.core.zoo.weights.load import load_network

    with pytest.raises(ModelError, match="not on this computer"):
        load_network(ModelEntry(lite0_spec(), ModelState.INSTALLED, None))
    with pytest.raises(ModelError, match="does not know the architecture"):
        build_network("resnet9000", 10)
