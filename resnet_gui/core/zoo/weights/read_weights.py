"""Weights from a file into memory, after a look at what the file claims. Needs torch.

Nothing is read before names, shapes and sizes are known to be those of a network: a file of some
kilobytes can ask for gigabytes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.zoo.weights.model_file import SUFFIX, TensorInfo, read_tensors
from resnet_gui.core.zoo.weights.plain_file import check_file
from resnet_gui.core.zoo.weights.torch_file import (
    DamagedError,
    MoreThanWeightsError,
    TorchFileError,
    TorchTensor,
    is_zip,
    look_into,
    tensors_of,
)

# The largest network of the zoo with as many classes as there may be has 0.92 GB.
MAX_WEIGHTS_BYTES = 1024**3
# Tensors may share their numbers (strides of 0, tied weights, a fill value in HDF5), so that they
# take more in memory than on the disk: as much as this anyway, beyond it as the file's size allows.
_ANYWAY_BYTES, _TIMES = 256 * 1024**2, 4

Described = TensorInfo | TorchTensor


def describe_weights(path: Path, wrappers: tuple[str, ...] = ()) -> Mapping[str, Described]:
    """Names and shapes of a weights file's tensors, with no tensor read.

    Args:
        path: `.safetensors`, or what `torch.save` made.
        wrappers: names under which checkpoints of whole trainings keep the weights.

    Raises:
        ModelFileError: unreadable, damaged, no weights, more than weights, or larger in memory
            than any network.
    """
    check_file(path)
    found: Mapping[str, Described]
    if path.suffix.lower() == SUFFIX:
        _, tensors = read_tensors(path)
        found = {tensor.name: tensor for tensor in tensors}
    else:
        found = _described_by_torch(path, wrappers)
    check_materialised(path, sum(tensor.bytes for tensor in found.values()))
    return found


def read_state_dict(path: Path, wrappers: tuple[str, ...] = ()) -> dict[str, Tensor]:
    """All tensors of a `.safetensors` or (weights only, never code) `.pth` file, on the CPU.

    Args:
        wrappers: as in `describe_weights`.

    Raises:
        ModelFileError: as `describe_weights`.
    """
    describe_weights(path, wrappers)
    return read_described(path, wrappers)


def read_described(path: Path, wrappers: tuple[str, ...] = ()) -> dict[str, Tensor]:
    """As `read_state_dict`, of a file that `describe_weights` has found right."""
    if path.suffix.lower() == SUFFIX:
        with _parsing(path), safe_open(path, framework="pt") as file:
            # Copied: tensors that stay mapped to the file change, or kill the process (SIGBUS),
            # when another program writes over it.
            return {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    with _parsing(path):
        # Mapped: of a checkpoint with an optimizer only the weights' pages are read.
        zipped = is_zip(path)
        value = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
        tensors = tensors_of(value, wrappers)
        if tensors is None:
            raise no_weights(path)
        seen: set[int] = set()
        return {name: _own(t.detach(), seen, copy=zipped) for name, t in tensors.items()}


def _own(tensor: Tensor, seen: set[int], *, copy: bool) -> Tensor:
    """The tensor with numbers of its own: contiguous, not mapped to the file, shared with none."""
    whole = tensor.is_contiguous() and tensor.untyped_storage().nbytes() == tensor.nbytes
    if not copy and whole and tensor.data_ptr() not in seen:
        seen.add(tensor.data_ptr())
        return tensor
    return tensor.clone(memory_format=torch.contiguous_format)


def check_materialised(path: Path, size: int) -> None:
    """Nothing if tensors of `size` bytes in memory may come from this file.

    Raises:
        ModelFileError: they are larger than any network, or out of all proportion to the file; or
            the file is gone.
    """
    allowed = max(_ANYWAY_BYTES, _TIMES * check_file(path))
    if size > min(allowed, MAX_WEIGHTS_BYTES):
        shown = f"{size / 1e9:,.1f} GB" if size < 10**18 else "endless space"
        raise ModelFileError(
            path,
            f"{path.name} was not read: its tensors would take {shown} in memory.",
            "Ask its maker for the weights of one network (a state_dict), without tensors that "
            "repeat their numbers.",
        )


def no_weights(path: Path, reason: str = "") -> ModelFileError:
    because = f": {reason}" if reason else ""
    return ModelFileError(
        path,
        f"{path.name} does not hold a network's weights{because}.",
        "PyTorch weights (.pth, .pt), Keras's (.h5) and .safetensors files can be imported. If it "
        f"was downloaded, delete it (it is in {path.parent}) and download it again.",
    )


def _described_by_torch(path: Path, wrappers: tuple[str, ...]) -> Mapping[str, TorchTensor]:
    try:
        found: Any = tensors_of(look_into(path), wrappers)
    except MoreThanWeightsError as error:
        raise ModelFileError(
            path,
            f"{path.name} holds more than weights ({error}): it was not opened, as that could run "
            "foreign code.",
            "Ask its maker for the plain weights (a state_dict) or a .safetensors file.",
        ) from error
    except DamagedError as error:
        raise _damaged(path, str(error)) from error
    except TorchFileError as error:
        raise no_weights(path, str(error)) from error
    except OSError as error:
        raise ModelFileError(path, f"{path.name} could not be read ({error.strerror}).") from error
    if found is None:
        raise no_weights(path)
    tensors: Mapping[str, TorchTensor] = found
    return tensors


@contextlib.contextmanager
def _parsing(path: Path) -> Iterator[None]:
    """Around a foreign parser: whatever error it ends in, the file is damaged."""
    try:
        yield
    except ModelFileError:
        raise
    except MemoryError as error:
        raise ModelFileError(
            path,
            f"{path.name} does not fit into the free memory.",
            "Close other programs and try again.",
        ) from error
    except Exception as error:
        raise _damaged(path) from error


def _damaged(path: Path, reason: str = "") -> ModelFileError:
    because = f" ({reason})" if reason else ""
    return ModelFileError(
        path,
        f"{path.name} is damaged or cut off{because}.",
        f"If it was downloaded, delete it (it is in {path.parent}) and download or copy it again.",
    )
