"""The user's own models keep their id, whatever happens to their titles and files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from resnet_gui.core.errors import ModelFileError, UnknownModelError
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.zoo.storage.imports import import_weights
from resnet_gui.core.zoo.storage.library import rename_model
from resnet_gui.core.zoo.weights.load import load_network
from resnet_gui.core.zoo.weights.model_file import copy_model, read_header
from tests.helpers.training import make_tiny_model, user_zoo


def of_version_0(path: Path) -> Path:
    """As that version wrote it: no id stands in it."""
    copy_model(path, path.with_suffix(".tmp"), id="")
    return path.with_suffix(".tmp").rename(path)


@pytest.mark.parametrize("old", [False, True])
def test_a_renamed_model_is_the_same_model(old: bool) -> None:
    path = make_tiny_model()
    if old:
        of_version_0(path)
    before = load_network(user_zoo().get("tiny")).state_dict()
    size = path.stat().st_size
    rename_model(path, " Bienen ")
    entry = user_zoo().get("tiny")
    assert (entry.spec.title, entry.weights_path) == ("Bienen", path)
    for left, right in zip(before.values(), load_network(entry).state_dict().values(), strict=True):
        assert left.equal(right)
    assert abs(path.stat().st_size - size) < 200  # the header is written anew, with its id
    # Its file may be renamed by hand, too: the id stands in it.
    path.rename(path.with_name("wespen.safetensors"))
    assert user_zoo().get("tiny").spec.title == "Bienen"
    assert user_zoo().get("wespen").spec.id == "tiny", "the file's name is understood as well"


def test_a_model_needs_a_name() -> None:
    path = make_tiny_model()
    with pytest.raises(ModelFileError, match="needs a name"):
        rename_model(path, "")


def test_of_a_file_and_its_copy_each_has_an_id() -> None:
    path = make_tiny_model()
    copy = path.with_name("a copy.safetensors")  # sorts before the file that it is of
    shutil.copyfile(path, copy)
    paths = {entry.spec.id: entry.weights_path for entry in user_zoo().entries()}
    assert paths == {"tiny": path, "a copy": copy}


def test_an_imported_model_keeps_its_id_unless_it_is_taken(tmp_path: Path) -> None:
    source = make_tiny_model(tmp_path, "bees")
    renamed = source.rename(tmp_path / "from my other computer.safetensors")
    [first, again] = [list(import_weights(renamed))[-1] for _ in range(2)]
    assert (first.spec.id, first.already, again.already) == ("bees", False, True)
    assert again.path == first.path
    rename_model(renamed, "Another")  # no longer the same
    other = list(import_weights(renamed))[-1]
    assert other.spec.id == other.path.stem == "from-my-other-computer-2"
    assert read_header(other.path).id == other.spec.id
    assert len(list(user_models_dir().iterdir())) == 2
    with pytest.raises(UnknownModelError):
        user_zoo().get("nobody")
