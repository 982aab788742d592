"""Weights from files: official ones by hash, others by their tensors, bundles, no foreign code."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from resnet_gui.core.errors import ModelError, ModelFileError
from resnet_gui.core.http.settings import HttpSettings
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.nets.registry import find_offer
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.zoo import ModelEntry, ModelState, Zoo
from resnet_gui.core.zoo.providers.torchvision import torchvision_specs
from resnet_gui.core.zoo.spec import ModelSpec
from resnet_gui.core.zoo.storage import imports as import_weights
from resnet_gui.core.zoo.storage import offline_kit as bundle
from resnet_gui.core.zoo.storage import store
from resnet_gui.core.zoo.storage.imports import Imported
from resnet_gui.core.zoo.storage.offline_kit import make_kit
from resnet_gui.core.zoo.weights.load import load_network, save_model
from resnet_gui.core.zoo.weights.model_file import copy_model
from tests.helpers.download_server import ONCE, drive, serve
from tests.helpers.models import PUBLISHED, published_weights


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return build_network("resnet18", 5).eval()


def take(path: Path, settings: HttpSettings | None = None) -> tuple[Imported, ...]:
    events, result = drive(import_weights.import_weights(path, settings))  # type: ignore[arg-type]
    assert [event for event in events if isinstance(event, Imported)] == list(result)
    return result


def saved(value: Any, path: Path) -> Path:
    torch.save(value, path)
    return path


def official(monkeypatch: pytest.MonkeyPatch, content: bytes, name: str = "net") -> ModelSpec:
    """Make the zoo know this content as published weights."""
    digest = hashlib.sha256(content).hexdigest()
    spec = dataclasses.replace(
        torchvision_specs()[0],
        id=name,
        title=name.title(),
        url=f"https://weights.example/{name}-{digest[:8]}.pth",
        sha256_prefix=digest[:8],
        bytes=len(content),
        **PUBLISHED,
    )
    for module in (import_weights, store):
        known = module.published_specs()
        monkeypatch.setattr(module, "published_specs", lambda specs=(*known, spec): specs)
    return spec


def test_an_official_file_is_known_by_its_hash_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    content = published_weights()
    spec = official(monkeypatch, content)
    (tmp_path / "renamed by a browser (1)").write_bytes(content)
    settings = HttpSettings(weights_folder=tmp_path / "weights")
    (first,) = take(tmp_path / "renamed by a browser (1)", settings)
    assert (first.spec.id, first.how, first.already) == ("net", "hash", False)
    assert first.path == tmp_path / "weights" / f"net-{spec.sha256_prefix}.pth"
    assert first.path.read_bytes() == content
    (second,) = take(tmp_path / "renamed by a browser (1)", settings)
    assert second.already
    first.path.write_bytes(content[:-1])  # damaged since: taken in anew
    (third,) = take(tmp_path / "renamed by a browser (1)", settings)
    assert not third.already
    assert third.path.read_bytes() == content


@pytest.mark.parametrize(
    ("name", "wrap"),
    [
        ("plain", lambda state: state),
        ("wrapped", lambda state: {"state_dict": state, "epoch": 3}),
        ("parallel", lambda state: {"model": {f"module.{k}": v for k, v in state.items()}}),
        ("without counters", lambda state: {k: v for k, v in state.items() if "num_b" not in k}),
    ],
)
def test_foreign_weights_are_known_by_names_and_shapes(
    network: nn.Module, tmp_path: Path, name: str, wrap: Callable[[dict[str, Tensor]], Any]
) -> None:
    path = saved(wrap(network.state_dict()), tmp_path / f"{name}.pth")
    (found,) = take(path)
    assert found.how == "names and shapes"
    entry = Zoo.standard().ready(found.spec.id)
    assert entry.state is ModelState.YOURS
    assert (entry.spec.architecture, len(entry.spec.classes)) == ("resnet18", 5)
    assert entry.spec.top1 is None
    x = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(load_network(entry)(x), network(x))
    (again,) = take(path)
    assert again.already
    assert again.path == found.path


def test_half_precision_and_bare_safetensors(network: nn.Module, tmp_path: Path) -> None:
    state = {
        name: t.half() if t.is_floating_point() else t for name, t in network.state_dict().items()
    }
    save_file(state, tmp_path / "half.safetensors")
    (found,) = take(tmp_path / "half.safetensors")
    loaded = load_network(Zoo.standard().ready("half"))
    assert found.spec.id == "half"
    assert next(loaded.parameters()).dtype == torch.float32


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("cifar-resnet8-b", "ResNet-8 B"),
        ("cifar-highway8", "Highway-8"),
        ("cifar-preresnet11", "ResNet-11 V2"),
        ("plain18", "Plain-18"),
    ],
)
def test_weights_of_an_architecture_that_nobody_publishes(
    tmp_path: Path, model_id: str, name: str
) -> None:
    offer = find_offer(model_id)
    assert offer is not None
    network = build_network(offer.architecture, 10, offer.options).eval()
    (found,) = take(saved(network.state_dict(), tmp_path / "bare.pth"))
    spec = Zoo.standard().ready("bare").spec
    assert found.spec == spec
    assert spec.architecture == offer.architecture
    assert spec.preprocessing == offer.preprocessing
    assert dict(spec.architecture_options).items() >= dict(offer.options).items()
    assert spec.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert f"recognised as {name} by" in spec.notes
    side = min(spec.preprocessing.crop, 64)
    x = torch.rand(2, 3, side, side)
    with torch.inference_mode():
        assert torch.equal(load_network(Zoo.standard().ready("bare"))(x), network(x))


def test_a_thousand_outputs_are_taken_for_imagenet_and_no_id_is_hidden(tmp_path: Path) -> None:
    state = build_network("resnet18", 1000).state_dict()
    (found,) = take(saved(state, tmp_path / "resnet18.pth"))
    assert found.spec.id == "resnet18-2"
    assert found.spec.classes[207] == "golden retriever"
    assert "taken for ImageNet" in found.spec.notes


def test_our_own_model_file(network: nn.Module, tmp_path: Path) -> None:
    spec = dataclasses.replace(torchvision_specs()[0], classes=tuple("abcde"))
    save_model(tmp_path / "mine.safetensors", spec, network.state_dict())
    (found,) = take(tmp_path / "mine.safetensors")
    assert (found.spec.id, found.how, found.already) == ("mine", "model file", False)
    assert take(tmp_path / "mine.safetensors")[0].already


class _Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def test_no_foreign_code_is_run(tmp_path: Path) -> None:
    saved({"fc.weight": torch.zeros(2, 2), "x": _Evil(tmp_path / "run")}, tmp_path / "evil.pth")
    (tmp_path / "old.pth").write_bytes(pickle.dumps(_Evil(tmp_path / "run"), protocol=2))
    for name in ("evil.pth", "old.pth"):
        with pytest.raises(ModelFileError, match=f"{name} holds more than weights"):
            take(tmp_path / name)
    assert not (tmp_path / "run").exists()
    assert not list(user_models_dir().glob("*"))


def test_what_cannot_be_imported_is_named(network: nn.Module, tmp_path: Path) -> None:
    whole = saved(network.state_dict(), tmp_path / "whole.pth").read_bytes()
    (tmp_path / "cut.pth").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "notes.txt").write_text("no weights")
    (tmp_path / "empty.pth").touch()
    saved(nn.Linear(3, 2).state_dict(), tmp_path / "linear.pth")
    saved([1, 2], tmp_path / "list.pth")
    wider = {**network.state_dict(), "conv1.weight": torch.zeros(64, 4, 7, 7)}
    saved(wider, tmp_path / "wider.pth")
    for name, words in {
        "cut.pth": "damaged or cut off",
        "notes.txt": "does not hold a network's weights",
        "empty.pth": "does not hold a network's weights",
        "list.pth": "does not hold a network's weights",
        "linear.pth": "fits no architecture",
        "wider.pth": "nearest is ResNet-18, but “conv1.weight” should be 64 × 3 × 7 × 7 and is",
        "missing.pth": "is not there",
        ".": "folder without an offline kit",
    }.items():
        with pytest.raises(ModelFileError, match=words):
            take(tmp_path / name)
    assert not list(user_models_dir().glob("*"))


def test_a_bundle_goes_from_a_connected_computer_to_one_without(
    monkeypatch: pytest.MonkeyPatch, network: nn.Module, tmp_path: Path
) -> None:
    content, folder = published_weights(), tmp_path / "bundle"
    spec = official(monkeypatch, content)
    save_model(
        tmp_path / "mine.safetensors",
        dataclasses.replace(torchvision_specs()[0], classes=tuple("abcde")),
        network.state_dict(),
    )
    mine = ModelEntry(
        dataclasses.replace(spec, id="mine"), ModelState.YOURS, tmp_path / "mine.safetensors"
    )
    with serve(content) as site:
        online = dataclasses.replace(spec, url=f"{site.address}/{Path(spec.url).name}")
        wanted = [ModelEntry(online, ModelState.DOWNLOADABLE), mine]
        _, files = drive(make_kit(wanted, folder, HttpSettings(), ONCE))
    assert [item.id for item in files] == ["net", "mine"]
    assert bundle.read_kit(folder) == files
    settings = HttpSettings(weights_folder=tmp_path / "weights", offline=True)
    taken = take(folder / "bundle.json", settings)
    assert [item.spec.id for item in taken] == ["net", "mine"]
    assert taken[0].path.read_bytes() == content
    assert Zoo.standard().get("mine").state is ModelState.YOURS
    # What is here already is copied into a bundle, not fetched; the bundle grows.
    cached = ModelEntry(spec, ModelState.CACHED, taken[0].path)
    _, files = drive(make_kit([cached], tmp_path / "second", settings))
    assert (tmp_path / "second" / files[0].file).read_bytes() == content


def test_a_damaged_bundle_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = published_weights()
    spec = official(monkeypatch, content)
    source = tmp_path / "here.pth"
    source.write_bytes(content)
    folder, settings = tmp_path / "bundle", HttpSettings(weights_folder=tmp_path / "weights")
    drive(make_kit([ModelEntry(spec, ModelState.CACHED, source)], folder, settings))
    weights = folder / Path(spec.url).name
    weights.write_bytes(content[:-1] + b"!")
    with pytest.raises(ModelFileError, match="is damaged"):
        take(folder, settings)
    assert not (tmp_path / "weights").exists()
    document = json.loads((folder / "bundle.json").read_text())
    for change in ({"file": "../here.pth"}, {"sha256": "12"}, {"file": ""}):
        broken = {**document, "files": [{**document["files"][0], **change}]}
        (folder / "bundle.json").write_text(json.dumps(broken))
        with pytest.raises(ModelFileError, match="list cannot be read"):
            take(folder, settings)
    (folder / "bundle.json").write_text(json.dumps({**document, "format": 2}))
    with pytest.raises(ModelFileError, match="newer version"):
        take(folder, settings)


def test_what_no_bundle_can_hold(tmp_path: Path) -> None:
    installed = ModelEntry(
        dataclasses.replace(torchvision_specs()[0], url="", id="lite"),
        ModelState.INSTALLED,
        tmp_path / "weights.pth",
    )
    with pytest.raises(ModelError, match="comes with a package"):
        drive(make_kit([installed], tmp_path / "bundle", HttpSettings()))


# --- the store --------------------------------------------------------------------------------


def entry_of(spec: ModelSpec, folder: Path) -> ModelEntry:
    folder.mkdir(exist_ok=True)
    path = folder / Path(spec.url).name
    path.write_bytes(b"x" * 1000)
    return ModelEntry(spec, ModelState.CACHED, path)


def test_space_is_counted_and_freed(tmp_path: Path) -> None:
    spec, other = torchvision_specs()[:2]
    folder = tmp_path / "weights"
    entry = entry_of(spec, folder)
    (folder / f"{Path(other.url).name}.part").write_bytes(b"y" * 70)
    own = ModelEntry(
        dataclasses.replace(spec, id="own"), ModelState.YOURS, tmp_path / "own.safetensors"
    )
    (tmp_path / "own.safetensors").write_bytes(b"z" * 5)
    use = store.disk_use([entry, own], folder)
    assert (use.weights, use.parts, use.own, use.total) == (1000, 70, 5, 1075)
    assert use.free > 0
    assert store.partial_bytes(other, folder) == 70
    assert store.remove_weights(ModelEntry(other, ModelState.DOWNLOADABLE), folder) == 70
    assert store.remove_weights(entry) == 1000
    assert store.remove_weights(own) == 5
    assert store.disk_use([entry, own], folder).total == 0
    assert store.disk_use([], tmp_path / "not" / "there").free > 0
    with pytest.raises(ModelError, match="came with the program"):
        store.remove_weights(dataclasses.replace(entry, state=ModelState.BUNDLED))


def test_what_is_being_downloaded_is_not_removed(tmp_path: Path) -> None:
    from filelock import FileLock

    entry = entry_of(torchvision_specs()[0], tmp_path / "weights")
    assert entry.weights_path is not None
    lock = FileLock(entry.weights_path.with_name(f".{entry.weights_path.name}.lock"))
    with lock, pytest.raises(ModelError, match="being downloaded right now"):
        store.remove_weights(entry)
    assert entry.weights_path.exists()


def test_speeds_are_remembered_and_damage_costs_only_them() -> None:
    assert store.load_speeds() == {}
    assert store.record_speed("net", "CPU", []) is None
    speed = store.record_speed("net", "CPU", [900.0, 10.0, 12.0, 11.0])
    assert speed is not None
    assert speed.ms_per_photo == 11.0
    store.record_speed("net", "GPU", [2.0])
    store.record_speed("net", "CPU", [0.0] + [20.0] * 12)
    known = store.load_speeds()
    assert known["net", "CPU"].ms_per_photo == 20.0
    assert known["net", "GPU"].samples == (2.0,)
    store.speeds_path().write_text("{")
    assert store.load_speeds() == {}


@pytest.mark.parametrize(
    ("name", "model_id", "found_as"),
    [
        ("groß", "gross", ("groß", "GROSS", "GROẞ")),
        ("Guß alt (2)", "guss-alt-2", ("guß-alt-2",)),
        ("cafe\u0301", "caf\u00e9", ("caf\u00e9", "CAFE\u0301")),
        ("...", "resnet18-2", ()),
    ],
)
def test_ids_are_made_by_one_rule_and_found_as_they_are_written(
    network: nn.Module, tmp_path: Path, name: str, model_id: str, found_as: tuple[str, ...]
) -> None:
    """A run “Guß alt” was guss-alt, a file “groß.pth” was groß."""
    (found,) = take(saved(network.state_dict(), tmp_path / f"{name}.pth"))
    assert found.spec.id == found.path.stem == model_id
    for wanted in found_as:
        assert Zoo.standard().ready(wanted).spec == found.spec


def test_an_id_of_before_that_rule_stays(network: nn.Module, tmp_path: Path) -> None:
    (new,) = take(saved(network.state_dict(), tmp_path / "groß.pth"))
    old = new.path.with_name("Groß Alt.safetensors")
    copy_model(new.path, old, id="Groß Alt")
    for wanted in ("Groß Alt", "groß alt", "GROSS ALT"):
        assert Zoo.standard().ready(wanted).spec.id == "Groß Alt"
    assert Zoo.standard().ready("groß").spec.id == "gross"
