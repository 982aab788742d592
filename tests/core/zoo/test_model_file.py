"""Model files: what is saved comes back; what is damaged says how, and never runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resnet_gui.core.errors import (
    ModelError,
    ModelFileError,
    ResNetGuiError,
)
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.zoo import ModelState, Zoo
from resnet_gui.core.zoo.providers.files import FileProvider
from resnet_gui.core.zoo.storage.add_model import add_model_file
from resnet_gui.core.zoo.weights.load import load_network, read_state_dict, save_model
from resnet_gui.core.zoo.weights.model_file import MAX_HEADER_BYTES, read_header, spec_from_header
from tests.helpers.models import (
    description,
    entry_of,
    file_by_hand,
    random_state,
    small_model,
    small_spec,
)

# --- what is saved comes back -----------------------------------------------------------------


def test_round_trip(tmp_path: Path) -> None:
    spec = small_spec()
    state = random_state("resnet18", 3)
    path = tmp_path / "garden insects.safetensors"
    save_model(path, spec, state, {"run": "2024-05-01"})
    header = read_header(path)
    back = spec_from_header(path, header, "yours")
    for field in (
        "title", "family", "architecture", "classes", "preprocessing", "dataset", "gflops", "top1",
        "notes", "metrics",
    ):  # fmt: skip
        assert getattr(back, field) == getattr(spec, field), field
    assert back.id == "insects"  # whatever its file is called
    assert back.bytes == path.stat().st_size
    assert back.path == path
    assert header.document["provenance"] == {"run": "2024-05-01"}
    trained = [t for n, t in state.items() if not n.endswith(("mean", "var", "tracked"))]
    assert back.parameters == sum(t.numel() for t in trained)
    loaded = read_state_dict(path)
    assert set(loaded) == set(state)
    assert all(torch.equal(loaded[name], state[name]) for name in state)


def test_labels_of_any_script_survive(tmp_path: Path) -> None:
    classes = ("Biene 🐝", "蜂", "نحلة", "a\nb", '"quoted"')
    path = small_model(tmp_path / "labels.safetensors", classes=classes)
    assert entry_of(path).spec.classes == classes


def test_half_precision_weights_are_read_as_float32(tmp_path: Path) -> None:
    state = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in random_state("resnet18", 3).items()
    }
    save_model(tmp_path / "half.safetensors", small_spec(), state)
    network = load_network(entry_of(tmp_path / "half.safetensors"))
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    assert torch.isfinite(network(torch.zeros(1, 3, 32, 32))).all()


def test_a_failed_save_leaves_the_older_file(tmp_path: Path) -> None:
    path = small_model(tmp_path / "m.safetensors")
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save_model(path, small_spec(metrics={"f": object()}), random_state("resnet18", 3))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_model_in_memory_outlives_its_file(tmp_path: Path) -> None:
    """Weights that stay mapped to their file would change, or kill the process, when another
    program writes the file anew."""
    path = small_model(tmp_path / "m.safetensors")
    network = load_network(entry_of(path))
    x = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    before = network(x)
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(b"\0" * 1000)
    assert torch.equal(network(x), before)


# --- what is damaged says how -----------------------------------------------------------------

_METADATA_GONE = {"fc.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}
_DAMAGED: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda p: p.write_bytes(b""), "not a model file, or it is cut off"),
    "a photo": (lambda p: p.write_bytes(b"\xff\xd8\xff\xe0" * 99), "not a model file"),
    "four bytes": (lambda p: p.write_bytes(b"\x01\0\0\0"), "not a model file"),
    "header longer than the file": (
        lambda p: file_by_hand(p, length=10_000),
        "not a model file, or it is cut off",
    ),
    "header over the limit": (
        lambda p: file_by_hand(p, length=MAX_HEADER_BYTES + 1),
        "not a model file",
    ),
    "header of 2**63 bytes": (lambda p: file_by_hand(p, length=2**63), "not a model file"),
    "header is no JSON": (lambda p: file_by_hand(p, raw_header=b"{" * 50), "header cannot be read"),
    "header is no UTF-8": (
        lambda p: file_by_hand(p, raw_header=b'{"\xff":1}'),
        "header cannot be read",
    ),
    "header is a list": (lambda p: file_by_hand(p, header=[1, 2]), "header cannot be read"),
    "header is nested a million deep": (
        lambda p: file_by_hand(p, raw_header=b"[" * 1_000_000),
        "header cannot be read",
    ),
    "a shape that is infinite": (
        lambda p: file_by_hand(
            p, raw_header=b'{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,16]}}'
        ),
        "header cannot be read",
    ),
    "a negative shape": (
        lambda p: file_by_hand(
            p, header={"a": {"dtype": "F32", "shape": [-2, -2], "data_offsets": [0, 16]}}
        ),
        "header cannot be read",
    ),
    "tensor without offsets": (
        lambda p: file_by_hand(p, header={"a": {"dtype": "F32", "shape": [4]}}),
        "header cannot be read",
    ),
    "cut off": (lambda p: file_by_hand(p, data=b"\0" * 7), "is cut off: .* bytes are there"),
    "something appended": (lambda p: file_by_hand(p, data=b"\0" * 70), "bytes"),
    "weights only": (
        lambda p: file_by_hand(p, header=_METADATA_GONE),
        "does not say which architecture and classes.*Only model files that this program saved",
    ),
    "description is no JSON": (
        lambda p: file_by_hand(p, "hello"),
        "description cannot be read",
    ),
    "description is a list": (lambda p: file_by_hand(p, "[1]"), "description cannot be read"),
    "description is nested": (
        lambda p: file_by_hand(p, "[" * 100_000),
        "description cannot be read",
    ),
    "no format": (lambda p: file_by_hand(p, description(format=None)), "description cannot be"),
    "format is infinite": (
        lambda p: file_by_hand(p, '{"format": Infinity}'),
        "description cannot be read",
    ),
    "too new": (
        lambda p: file_by_hand(p, description(format=2)),
        r"saved by a newer version of this program \(format 2.*Update the program",
    ),
    "no classes": (lambda p: file_by_hand(p, description(classes=None)), "incomplete.*classes"),
    "empty classes": (lambda p: file_by_hand(p, description(classes=[])), "names no classes"),
    "classes is a word": (lambda p: file_by_hand(p, description(classes="ab")), "classes"),
    "no architecture": (
        lambda p: file_by_hand(p, description(architecture=None)),
        "incomplete.*architecture",
    ),
    "no preprocessing": (
        lambda p: file_by_hand(p, description(preprocessing=None)),
        "incomplete.*preprocessing",
    ),
    "top1 is a word": (lambda p: file_by_hand(p, description(top1="high")), "incomplete"),
    "top1 is no number": (lambda p: file_by_hand(p, description(top1=math.nan)), "incomplete"),
    "the id is a number": (lambda p: file_by_hand(p, description(id=7)), "id is no text"),
    "the id is endless": (lambda p: file_by_hand(p, description(id="a" * 300)), "id has 300"),
    "made by a word": (lambda p: file_by_hand(p, description(provenance="me")), "provenance"),
    "an unknown option": (
        lambda p: file_by_hand(p, description(architecture_options={"colour": 1})),
        "incomplete.*colour",
    ),
    "options are a number": (
        lambda p: file_by_hand(p, description(architecture_options=7)),
        "incomplete",
    ),
}


@pytest.mark.parametrize("case", _DAMAGED)
def test_each_damage_has_its_own_words(case: str, own_home: Path) -> None:
    make, words = _DAMAGED[case]
    path = user_models_dir() / "broken one.safetensors"
    path.parent.mkdir(parents=True)
    make(path)
    with pytest.raises(ModelFileError, match=f"broken one.*{words}"):
        spec_from_header(path, read_header(path), "yours")
    # In the zoo it stays visible, with the reason, and takes nothing else down.
    entry = next(e for e in Zoo.standard().entries() if e.spec.id == "broken one")
    assert "broken one" in entry.problem
    with pytest.raises(ModelError, match="broken one"):
        Zoo.standard().ready("broken one")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"crop": 0}, "crop 0"), ({"crop": 99999}, "crop 99999"), ({"resize": -1}, "resize -1"),
        ({"std": [0, 1, 1]}, "std 0 is not between"), ({"mean": [1, 2]}, "mean has 2 values"),
        ({"std": [math.nan] * 3}, "std"), ({"mean": [math.inf] * 3}, "mean"),
        ({"interpolation": "lanczos"}, "lanczos"), ({"crop": None}, "crop|NoneType"),
        ({"resize": math.inf}, "resize|infinity"), ({"mean": "abc"}, "mean|convert"),
    ],
)  # fmt: skip
def test_preprocessing_out_of_range(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    preprocessing = {**description()["preprocessing"], **change}
    path = file_by_hand(tmp_path / "m.safetensors", description(preprocessing=preprocessing))
    with pytest.raises(ModelFileError, match=f"incomplete.*({words})"):
        spec_from_header(path, read_header(path), "yours")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"gone\.safetensors could not be read"):
        read_header(tmp_path / "gone.safetensors")
    folder = tmp_path / "folder.safetensors"
    folder.mkdir()
    with pytest.raises(ModelFileError, match="could not be read"):
        read_header(folder)
    (entry,) = FileProvider(tmp_path, ModelState.YOURS).entries()
    assert "could not be read" in entry.problem


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_damage_to_the_header_escapes(data: st.DataObject, tmp_path: Path) -> None:
    path = file_by_hand(tmp_path / "m.safetensors")
    raw = bytearray(path.read_bytes())
    for position in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=6)):
        raw[position] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw) - 1)) :]
    path.write_bytes(raw)
    try:
        spec_from_header(path, read_header(path), "yours")
    except ModelFileError as error:
        assert "m.safetensors" in str(error)  # noqa: PT017 - reading may also succeed
    # What the zoo lists must not fail either, whatever stands in the file.
    for entry in FileProvider(tmp_path, ModelState.YOURS).entries():
        assert entry.to_json()


# --- adding -----------------------------------------------------------------------------------


def test_adding_copies_under_a_free_name(tmp_path: Path) -> None:
    folder = user_models_dir()
    first = small_model(tmp_path / "a" / "insects.safetensors", seed=1)
    second = small_model(tmp_path / "b" / "insects.safetensors", seed=2)
    assert add_model_file(first, folder).id == "insects"
    assert add_model_file(second, folder).id == "insects-2"
    header = read_header(folder / "insects-2.safetensors")
    assert header.document == read_header(second).document | {"id": "insects-2"}
    assert add_model_file(second, folder).id == "insects-2"  # there already: no second copy
    assert add_model_file(folder / "insects.safetensors", folder).id == "insects"
    assert sorted(p.name for p in folder.iterdir()) == [
        "insects-2.safetensors", "insects.safetensors",
    ]  # fmt: skip
    assert first.exists()
    assert second.exists()


@pytest.mark.parametrize("name", ["resnet50", "ResNet50", "efficientnet-lite0"])
def test_a_model_never_hides_behind_one_of_the_zoo(name: str, tmp_path: Path) -> None:
    """A file named as a known model gets an id of its own, whether added or copied by hand."""
    spec = add_model_file(small_model(tmp_path / f"{name}.safetensors"), user_models_dir())
    assert spec.id.lower() != name.lower()
    entry = Zoo.standard().ready(spec.id)
    assert (entry.state, entry.spec.classes) == (ModelState.YOURS, small_spec().classes)
    small_model(user_models_dir() / f"{name}.safetensors", seed=3)
    yours = [e for e in Zoo.standard().entries() if e.state is ModelState.YOURS]
    assert len(yours) == 2
    for entry in yours:
        assert Zoo.standard().get(entry.spec.id) == entry
    assert Zoo.standard().get(name).state is not ModelState.YOURS


def test_errors_of_adding_are_sentences(tmp_path: Path) -> None:
    photo = tmp_path / "photo.safetensors"
    photo.write_bytes(b"\xff\xd8" * 100)
    for path in (photo, tmp_path / "gone.safetensors"):
        with pytest.raises(ResNetGuiError) as caught:
            add_model_file(path, user_models_dir())
        assert str(caught.value).endswith(".")
    assert not user_models_dir().exists()
