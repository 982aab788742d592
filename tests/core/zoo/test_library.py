"""The user's own models: renamed."""

from __future__ import annotations

import pytest

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.zoo.storage.library import rename_model
from resnet_gui.core.zoo.weights.load import load_network
from tests.helpers.training import make_tiny_model, user_zoo


def test_a_renamed_model_is_the_same_model() -> None:
    path = make_tiny_model()
    make_tiny_model(name="bienen")
    before = load_network(user_zoo().get("tiny")).state_dict()
    size = path.stat().st_size
    new = rename_model(path, " Bienen ")
    assert new.name == "bienen-2.safetensors", "the other one keeps its name"
    assert not path.exists()
    entry = user_zoo().get("bienen-2")
    assert entry.spec.title == "Bienen"
    for left, right in zip(before.values(), load_network(entry).state_dict().values(), strict=True):
        assert left.equal(right)
    assert abs(new.stat().st_size - size) < 100
    again = rename_model(new, "Bienen 2")
    assert again == new
    assert user_zoo().get("bienen-2").spec.title == "Bienen 2"


def test_a_model_needs_a_name() -> None:
    path = make_tiny_model()
    with pytest.raises(ModelFileError, match="needs a name"):
        rename_model(path, "")
