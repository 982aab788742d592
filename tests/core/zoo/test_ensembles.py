"""Ensembles in the zoo: kept as a small file, and out of use with a reason where a member is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resnet_gui.core.errors import ModelError, ModelFileError, UnknownModelError
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import ModelEntry, ModelState, Zoo
from resnet_gui.core.zoo.ensembles import ensemble_of, save_ensemble
from resnet_gui.core.zoo.storage.inventory import remove_model
from resnet_gui.core.zoo.storage.library import rename_model
from resnet_gui.core.zoo.weights.load import load_network
from tests.helpers.models import small_model

BUNDLED = ("resnet20-cifar10", "resnet56-cifar10")


def bundled() -> list[ModelEntry]:
    return [Zoo.standard().ready(name) for name in BUNDLED]


def stored(text: str) -> ModelEntry:
    folder = paths.user_models_dir()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "two.ensemble.json").write_text(text, "utf-8")
    return next(entry for entry in Zoo.standard().entries() if entry.spec.id == "two")


def test_stored_ensemble_is_a_model_like_any_other() -> None:
    made = save_ensemble(bundled(), "Both nets")
    found = Zoo.standard().ready("both-nets")
    assert found == made
    assert found.state is ModelState.YOURS
    assert found.spec.title == "Both nets"
    assert found.spec.classes == bundled()[0].spec.classes
    assert found.spec.parameters == sum(entry.spec.parameters for entry in bundled())
    assert [entry.spec.id for entry in found.members] == list(BUNDLED)
    assert found.to_json()["classes"] == 10


def test_names_do_not_collide() -> None:
    small_model(paths.user_models_dir() / "both.safetensors")
    first, second = (save_ensemble(bundled(), "Both") for _ in range(2))
    assert [first.spec.id, second.spec.id] == ["both-2", "both-3"]


def test_rename_and_remove(monkeypatch: pytest.MonkeyPatch) -> None:
    made = save_ensemble(bundled(), "Both nets")
    assert made.weights_path is not None
    rename_model(made.weights_path, "The two")
    found = Zoo.standard().get("both-nets")
    assert (found.spec.title, len(found.members)) == ("The two", 2)
    trashed: list[Path] = []
    monkeypatch.setattr("resnet_gui.core.zoo.storage.inventory.move_to_trash", trashed.append)
    list(remove_model(found))
    assert trashed == [made.weights_path]
    assert all(entry.weights_path and entry.weights_path.exists() for entry in found.members)


def test_without_a_member_it_says_why() -> None:
    for name in ("one", "other"):
        small_model(paths.user_models_dir() / f"{name}.safetensors")
    zoo = Zoo.standard()
    save_ensemble([zoo.ready("one"), zoo.ready("other")], "Pair")
    (paths.user_models_dir() / "other.safetensors").unlink()
    pair = zoo.get("pair")
    assert "“other”, which is not here any more. Bring its file back" in pair.problem
    assert pair.lacks_member
    assert not zoo.get("one").lacks_member
    with pytest.raises(ModelFileError, match="not here any more"):
        zoo.ready("pair")
    small_model(paths.user_models_dir() / "other.safetensors", classes=("x", "y"))
    assert "different classes" in zoo.get("pair").problem
    small_model(paths.user_models_dir() / "other.safetensors")
    assert not zoo.get("pair").lacks_member


def test_different_classes_are_named() -> None:
    small_model(paths.user_models_dir() / "one.safetensors", title="One")
    small_model(
        paths.user_models_dir() / "more.safetensors",
        title="More",
        classes=("ant", "bee", "wasp", "fly"),
    )
    zoo = Zoo.standard()
    with pytest.raises(ModelError) as caught:
        zoo.get("one+more")
    assert "only “One” has “cat [tabby]”; only “More” has “wasp”, “fly”" in str(caught.value)


def test_joined_ids() -> None:
    zoo = Zoo.standard()
    assert zoo.ready("+".join(BUNDLED)).spec.members == BUNDLED
    with pytest.raises(UnknownModelError, match="resnet21-cifar10"):
        zoo.get("resnet20-cifar10+resnet21-cifar10")
    made = save_ensemble(bundled(), "Both")
    with pytest.raises(ModelError, match="ensemble already"):
        ensemble_of([made, *bundled()])
    with pytest.raises(ModelError, match="two models"):
        ensemble_of(bundled()[:1])


def test_no_network_of_its_own() -> None:
    """Nothing can be trained from it, and no diagram drawn."""
    made = save_ensemble(bundled(), "Both")
    with pytest.raises(ModelError, match="no network of its own"):
        load_network(made)
    with pytest.raises(ModelError, match="no network of its own"):
        Zoo.standard().architecture("both")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no json", "cannot be read"),
        ("[]", "cannot be read"),
        ("{}", "names no models"),
        (json.dumps({"format": 1, "members": ["a"]}), "names no models"),
        (json.dumps({"format": 1, "members": ["a", 5]}), "names no models"),
        (json.dumps({"format": 1, "members": "ab"}), "names no models"),
        (json.dumps({"format": 9, "members": ["a", "b"]}), "newer version"),
        (json.dumps({"format": 1, "members": ["two", "two"]}), "different|ensemble|cannot"),
    ],
)
def test_damaged_file_stays_visible(text: str, reason: str) -> None:
    import re

    assert re.search(reason, stored(text).problem)
