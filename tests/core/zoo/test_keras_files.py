"""Files of Keras that are not as they should be, and the six networks' own promises. That their
answers are Keras's is shown in `test_keras_proof`."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from torch import nn

from resnet_gui.core.errors import (
    CheckpointMismatchError,
    ModelError,
    ModelFileError,
)
from resnet_gui.core.lab.layer_statistics import measure_layers, residual_functions
from resnet_gui.core.nets.build import build_network, head_name
from resnet_gui.core.nets.families.keras import SHAPES
from resnet_gui.core.nets.keras_resnet import (
    STAGES,
    KerasResNet,
    OriginalBottleneck,
    PreActivatedBottleneck,
)
from resnet_gui.core.zoo.weights.foreign import read_foreign
from resnet_gui.core.zoo.weights.keras_weights import keras_tensors
from tests.helpers.keras_networks import keras_network


def empty_network(architecture: str, classes: int) -> KerasResNet:
    with torch.device("meta"):
        network = build_network(architecture, classes)
    assert isinstance(network, KerasResNet)
    return network


def keras_file(
    path: Path, architecture: str = "resnet50v2", classes: int = 5, top: bool = True
) -> Path:
    """A file of the right names and shapes. One value stands for a whole tensor, so it is small."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for tensor in keras_tensors(empty_network(architecture, classes)):
            if not top and tensor.layer == "predictions":
                continue
            value = 1.0 / math.prod(tensor.shape[:-1])  # a kernel takes the mean of its inputs
            name = f"{tensor.layer}/{tensor.layer}/{tensor.variable}:0"
            file.create_dataset(name, tensor.shape, dtype="f4", fillvalue=value)
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return keras_file(tmp_path / "good.h5")


def changed(path: Path, name: str, **values: Any) -> Path:
    """Another tensor in the place of one; without values: none."""
    with h5py.File(path, "a") as file:
        del file[name]
        if values:
            file.create_dataset(name, **values)
    return path


# --- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", SHAPES)
def test_each_is_recognised_by_its_names_and_shapes(architecture: str, tmp_path: Path) -> None:
    foreign = read_foreign(keras_file(tmp_path / "x.weights.h5", architecture))
    assert (foreign.architecture, foreign.classes) == (architecture, 5)
    network = empty_network(architecture, 5)
    assert set(foreign.state) == set(network.state_dict())
    network.load_state_dict(foreign.state, assign=True)


KERNEL = "conv3_block1_1_conv/conv3_block1_1_conv/kernel:0"
DAMAGE: list[tuple[str, dict[str, Any], str, str]] = [
    (KERNEL, {}, "“conv3_block1_1_conv/kernel” of shape (1, 1, 256, 128)", "none of that name"),
    (KERNEL, {"shape": (1, 1, 128, 256), "dtype": "f4"}, "(1, 1, 256, 128)", "(1, 1, 128, 256)"),
    (KERNEL, {"shape": (1, 1, 256, 128), "dtype": "i4"}, "fractions in “conv3", "int32"),
    (
        "predictions/predictions/bias:0",
        {"shape": (6,), "dtype": "f4"},
        "“predictions/bias” of shape (5,)",
        "(6,)",
    ),
]


@pytest.mark.parametrize(("name", "values", "expected", "found"), DAMAGE)
def test_what_does_not_fit_is_named(
    good: Path, name: str, values: dict[str, Any], expected: str, found: str
) -> None:
    path = changed(good, name, **values)
    with pytest.raises(CheckpointMismatchError) as caught:
        keras_network("resnet50v2", path, 5)
    assert expected in caught.value.expected
    assert found in caught.value.found
    assert "good.h5" in str(caught.value)
    with pytest.raises(ModelFileError) as other:  # imported by hand: which one is not known
        read_foreign(path)
    assert "good.h5" in str(other.value)
    assert expected in str(other.value)
    assert found in str(other.value)


def test_what_is_too_much_is_named(good: Path) -> None:
    with h5py.File(good, "a") as file:
        file["extra/extra/kernel:0"] = np.zeros((1, 1, 2, 2), np.float32)
    with pytest.raises(CheckpointMismatchError, match=r"no more tensors.*“extra/kernel”"):
        keras_network("resnet50v2", good, 5)
    with pytest.raises(ModelFileError, match="ResNet-50 V2: expected no more tensors"):
        read_foreign(good)


def test_other_classes_and_other_networks(good: Path) -> None:
    with pytest.raises(CheckpointMismatchError, match=r"\(2048, 1000\).*\(2048, 5\)"):
        keras_network("resnet50v2", good)
    with pytest.raises(CheckpointMismatchError, match="conv1_bn/gamma"):
        keras_network("keras_resnet50", good, 5)


def test_a_file_without_a_head_is_a_start(tmp_path: Path) -> None:
    path = keras_file(tmp_path / "notop.h5", "keras_resnet50", top=False)
    torch.manual_seed(0)
    network = keras_network("keras_resnet50", path, 3)
    assert float(network.get_parameter("stage1.0.residual.norm1.weight").detach()[0]) == 1.0
    assert network.head.weight.std() > 0
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 3)
    with pytest.raises(ModelFileError, match="notop"):
        read_foreign(path)


def linked(path: Path) -> None:
    other = path.with_name("other.h5")
    with h5py.File(other, "w") as file:
        file["kernel"] = np.zeros((1, 1, 256, 128), np.float32)
    with h5py.File(path, "a") as file:
        del file[KERNEL]
        file[KERNEL] = h5py.ExternalLink(other.name, "kernel")


def soft(path: Path) -> None:
    with h5py.File(path, "a") as file:
        del file[KERNEL]
        file[KERNEL] = h5py.SoftLink("/conv1_conv")


def external(path: Path) -> None:
    """The numbers lie in another file: any file of the computer could be read like this."""
    other = path.with_name("secret.bin")
    other.write_bytes(bytes(256 * 128 * 4))
    with h5py.File(path, "a") as file:
        del file[KERNEL]
        shape = (1, 1, 256, 128)
        file.create_dataset(KERNEL, shape, "f4", external=[(str(other), 0, 256 * 128 * 4)])


def virtual(path: Path) -> None:
    layout = h5py.VirtualLayout(shape=(1, 1, 256, 128), dtype="f4")
    layout[:] = h5py.VirtualSource(path.with_name("x.h5"), "x", shape=(1, 1, 256, 128))
    with h5py.File(path, "a") as file:
        del file[KERNEL]
        file.create_virtual_dataset(KERNEL, layout)


def circle(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["conv1_conv/again"] = file["conv1_conv"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def overwritten(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[600:3000] = bytes(i % 251 for i in range(2400))
    path.write_bytes(data)


def emptied(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["conv1_conv"]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (linked, "leads to another place or file"),
        (soft, "leads to another place or file"),
        (external, "leads to another place or file"),
        (virtual, "leads to another place or file"),
        (circle, "damaged"),
        (cut, "damaged or cut off"),
        (overwritten, "damaged"),
        (emptied, "does not hold a network's weights"),
    ],
)
def test_a_bad_file_is_refused(good: Path, damage: Callable[[Path], None], words: str) -> None:
    damage(good)
    for read in (read_foreign, lambda path: keras_network("resnet50v2", path, 5)):
        with pytest.raises(ModelFileError, match=words) as caught:
            read(good)
        assert "good.h5" in str(caught.value)


def test_no_hdf5_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    path.write_text("<html>Log in first</html>")
    with pytest.raises(ModelFileError, match=r"x\.h5 is damaged or cut off, or no HDF5"):
        keras_network("resnet50v2", path)
    with pytest.raises(ModelFileError, match="is not there"):
        keras_network("resnet50v2", tmp_path / "gone.h5")


def test_an_old_network_of_another_make_is_not_taken_for_one(tmp_path: Path) -> None:
    """ResNet50 before Keras 2.2.5 had the same shapes under other names, and another epsilon."""
    path = tmp_path / "resnet50_weights_tf_dim_ordering_tf_kernels.h5"
    with h5py.File(path, "w") as file:
        for number, tensor in enumerate(keras_tensors(empty_network("keras_resnet50", 5))):
            layer = f"res2a_branch{number}"
            file.create_dataset(f"{layer}/{layer}/{tensor.variable}:0", tensor.shape, "f4")
    with pytest.raises(ModelFileError, match="fits no architecture"):
        read_foreign(path)


def test_without_h5py_it_says_what_to_install(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ModelError, match=r"good\.h5 needs the package h5py.*pip install h5py"):
        read_foreign(good)


# --- the networks -----------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", SHAPES)
def test_blocks_head_and_names(architecture: str) -> None:
    network = empty_network(architecture, 7)
    functions = residual_functions(network)
    assert len(functions) == sum(STAGES[network.depth])
    assert head_name(network) == "head"
    tensors = list(keras_tensors(network))
    ours = [name for name in network.state_dict() if not name.endswith("num_batches_tracked")]
    assert sorted(tensor.name for tensor in tensors) == sorted(ours)
    assert len({(tensor.layer, tensor.variable) for tensor in tensors}) == len(tensors)


@pytest.mark.parametrize("architecture", ["resnet50v2", "keras_resnet50"])
def test_the_ratio_is_that_of_f(architecture: str) -> None:
    torch.manual_seed(0)
    network = build_network(architecture, 4)
    x = torch.randn(2, 3, 33, 47)
    found = measure_layers(network, x, torch.tensor([0, 3]))
    assert len(found.residual_ratio) == 16
    assert all(0 < ratio < 100 for ratio in found.residual_ratio.values())
    assert found.gradient_norm["head"] > 0
    network.train()
    loss = nn.functional.cross_entropy(network(x), torch.tensor([0, 3]))
    loss.backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("architecture", ["resnet50v2", "keras_resnet50"])
def test_any_size_from_32_up(architecture: str) -> None:
    network = empty_network(architecture, 4).eval()
    with torch.device("meta"):
        for height, width in itertools.product((32, 33, 224), (32, 61)):
            assert network(torch.empty(1, 3, height, width)).shape == (1, 4)
        for size in ((31, 64), (64, 31), (1, 1)):
            with pytest.raises(ModelError, match="at least 32 × 32") as caught:
                network(torch.empty(1, 3, *size))
            assert f"{size[1]} × {size[0]}" in str(caught.value)


@pytest.mark.parametrize(
    ("version", "maps"), [(1, (56, 28, 14, 7)), (2, (28, 14, 7, 7))], ids=["V1", "V2"]
)
def test_where_the_map_is_halved(version: int, maps: tuple[int, ...]) -> None:
    sizes = []
    with torch.device("meta"):
        network = KerasResNet(50, version).eval()
        for number in range(1, 5):
            network.get_submodule(f"stage{number}").register_forward_hook(
                lambda module, args, output: sizes.append(tuple(output.shape[1:]))
            )
        network(torch.empty(1, 3, 224, 224))
    assert sizes == [(256 * 2**n, side, side) for n, side in enumerate(maps)]


@torch.no_grad()
def test_a_block_without_f_is_its_shortcut() -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 256, 5, 6)
    plain = PreActivatedBottleneck(256, 64, 2, projects=False).eval()
    for parameter in plain.residual[-1].parameters():
        nn.init.zeros_(parameter)
    assert torch.equal(plain(x), x[:, :, ::2, ::2])
    original = OriginalBottleneck(256, 64, 1, projects=False).eval()
    for parameter in original.residual[-1].parameters():
        nn.init.zeros_(parameter)
    assert torch.equal(original(x), x.relu())
