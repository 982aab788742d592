"""Weights from files: what is damaged, hostile or of another network is refused and named."""

from __future__ import annotations

import math
import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from resnet_gui.core.errors import (
    CheckpointMismatchError,
    ModelError,
    ModelFileError,
)
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.storage.add_model import add_model_file
from resnet_gui.core.zoo.weights.load import load_network, read_state_dict, save_model
from tests.helpers.models import description, entry_of, file_by_hand, random_state, small_spec


@pytest.mark.parametrize("new_format", [True, False])
def test_pth_of_both_formats(new_format: bool, tmp_path: Path) -> None:
    state = random_state("resnet18", 3)
    path = tmp_path / "weights.pth"
    torch.save(state, path, _use_new_zipfile_serialization=new_format)
    loaded = read_state_dict(path)
    assert all(torch.equal(loaded[name], state[name]) for name in state)


class _Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("how", ["torch", "torch_legacy", "pickle"])
def test_a_malicious_pickle_is_refused_and_not_run(how: str, tmp_path: Path) -> None:
    target, path = tmp_path / "owned", tmp_path / "weights.pth"
    content = {"fc.weight": torch.zeros(2), "bomb": _Bomb(target)}
    if how == "pickle":
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=how == "torch")
    with pytest.raises(ModelFileError, match=r"weights\.pth .*(foreign code|damaged)") as caught:
        read_state_dict(path)
    if how != "pickle":
        assert "safetensors" in caught.value.advice
    assert not target.exists()


def test_weights_that_are_no_network(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    torch.save([torch.zeros(2)], path)
    with pytest.raises(ModelFileError, match="does not hold a network's weights"):
        read_state_dict(path)
    torch.save({"epoch": 3, "state_dict": {}}, path)
    with pytest.raises(ModelFileError, match="does not hold a network's weights"):
        read_state_dict(path)
    with pytest.raises(ModelFileError, match=r"nothing\.pth is not there"):
        read_state_dict(tmp_path / "nothing.pth")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damaged_weights_are_named(suffix: str, tmp_path: Path) -> None:
    """Cut off and overwritten in many places; the same places every time."""
    whole = tmp_path / f"whole{suffix}"
    state = {f"layer{n}.weight": torch.randn(5, 7) for n in range(4)}
    if suffix == ".pth":
        torch.save(state, whole)
    else:
        save_model(whole, small_spec(), state)
    raw, chance = whole.read_bytes(), random.Random(4)
    path = tmp_path / f"damaged{suffix}"
    refused = 0
    for _ in range(150):
        damaged = bytearray(raw)
        for _ in range(chance.randrange(4)):
            damaged[chance.randrange(len(raw))] = chance.randrange(256)
        if chance.random() < 0.6:
            del damaged[chance.randrange(len(raw)) :]
        path.write_bytes(damaged)
        try:
            read_state_dict(path)
        except ModelFileError as error:
            refused += 1
            assert path.name in str(error)  # noqa: PT017 - reading may also succeed
    assert refused > 60


def test_old_files_without_the_batch_counter_load(tmp_path: Path) -> None:
    """torchvision's older files lack `num_batches_tracked`."""
    state = {
        name: tensor
        for name, tensor in random_state("resnet18", 3).items()
        if not name.endswith("num_batches_tracked")
    }
    save_model(tmp_path / "old.safetensors", small_spec(), state)
    network = load_network(entry_of(tmp_path / "old.safetensors"))
    assert not any(tensor.is_meta for tensor in network.state_dict().values())
    assert torch.isfinite(network(torch.zeros(1, 3, 32, 32))).all()


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    def change(state: dict[str, Any]) -> None:
        del state[name]

    return change


_MISFITS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "one tensor missing": (_without("layer2.0.conv1.weight"), "layer2.0.conv1.weight"),
    "one too many": (
        lambda state: state.update({"extra.bias": torch.zeros(1)}),
        "no more tensors.*extra.bias",
    ),
    "other number of classes": (
        lambda state: state.update({"fc.weight": torch.zeros(9, 512)}),
        r"fc.weight.*\(3, 512\).*\(9, 512\)",
    ),
    "whole numbers for weights": (
        lambda state: state.update({"fc.weight": torch.zeros(3, 512, dtype=torch.int8)}),
        "fc.weight.*(numbers|int8|I8)",
    ),
}


@pytest.mark.parametrize("case", _MISFITS)
def test_misfits_are_refused_and_nothing_is_copied(case: str, tmp_path: Path) -> None:
    change, words = _MISFITS[case]
    state = random_state("resnet18", 3)
    change(state)
    path, folder = tmp_path / "misfit.safetensors", tmp_path / "models"
    save_model(path, small_spec(), state)
    with pytest.raises(CheckpointMismatchError, match=words) as caught:
        add_model_file(path, folder)
    assert caught.value.expected
    assert caught.value.found
    assert not folder.exists()
    with pytest.raises(CheckpointMismatchError, match=words):
        load_network(entry_of(path))


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    path = file_by_hand(tmp_path / "m.safetensors", description(architecture="vit_giant"))
    with pytest.raises(ModelError, match=r"does not know the architecture “vit_giant”.*Update"):
        add_model_file(path, tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_weights_with_no_numbers_in_them_are_refused(tmp_path: Path) -> None:
    from resnet_gui.core.events import ImageSource
    from resnet_gui.core.inference.classifier import Classifier
    from resnet_gui.core.system.paths import sample_photos

    state = random_state("resnet18", 3)
    state["fc.bias"][1] = math.nan
    user_models_dir().mkdir(parents=True)
    save_model(user_models_dir() / "diverged.safetensors", small_spec(id="diverged"), state)
    classifier = Classifier(Zoo.standard())
    with pytest.raises(ModelError, match=r"diverged.*no number"):
        list(classifier.classify([ImageSource.file(sample_photos()[0])], "diverged", "cpu"))
