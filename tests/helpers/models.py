"""Small models for tests: real architectures with random weights, and model files by hand."""

from __future__ import annotations

import functools
import io
import json
import random
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from resnet_gui.core.nets.build import build_network
from resnet_gui.core.system.paths import torch_hub_checkpoints_dir
from resnet_gui.core.zoo.providers.torchvision import torchvision_specs
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState, Preprocessing
from resnet_gui.core.zoo.untrained import untrained_spec
from resnet_gui.core.zoo.weights.load import save_model
from resnet_gui.core.zoo.weights.model_file import METADATA_KEY, read_header, spec_from_header

CLASSES = ("ant", "bee", "cat [tabby]")


@dataclass(frozen=True, slots=True)
class Counts:
    """What a built network consists of.

    Attributes:
        parameters: trained values, BatchNorm's among them. norm_parameters: BatchNorm's alone.
        layers: convolutions and linear layers that a signal passes on the longest way, as the
            papers count depth: without projections and gates.
    """

    parameters: int
    norm_parameters: int
    layers: int


@functools.cache
def counts(model_id: str) -> Counts:
    """Built on the meta device, once in a session: depth 1202 takes a second."""
    spec = untrained_spec(model_id)
    assert spec is not None
    with torch.device("meta"):
        classes = 10 if spec.architecture.startswith("cifar") else 1000
        network = build_network(spec.architecture, classes, spec.architecture_options)
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    beside = ("shortcut", "projection", "gate")
    return Counts(
        sum(p.numel() for p in network.parameters()),
        sum(p.numel() for norm in norms for p in norm.parameters()),
        sum(
            isinstance(module, nn.Conv2d | nn.Linear)
            and not any(part in beside for part in name.split("."))
            for name, module in network.named_modules()
        ),
    )


def random_state(
    architecture: str, classes: int, seed: int = 0, options: dict[str, Any] | None = None
) -> dict[str, Tensor]:
    """A state dict whose network answers differently for different photos.

    Fresh BatchNorm statistics (0 and 1) would let a wrong buffer pass unnoticed.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.device("meta"):
        shapes = build_network(architecture, classes, options).state_dict()
    state: dict[str, Tensor] = {}
    for name, like in shapes.items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(7)
        elif name.endswith("running_var") or (like.ndim == 1 and name.endswith("weight")):
            state[name] = 0.8 + 0.4 * torch.rand(like.shape, generator=generator)
        elif like.ndim == 1:
            state[name] = 0.1 * torch.randn(like.shape, generator=generator)
        else:
            fan_in = like[0].numel()
            state[name] = torch.randn(like.shape, generator=generator) * (1.2 / fan_in) ** 0.5
    return state


# What of a spec goes with `published_weights`.
PUBLISHED: dict[str, Any] = {
    "architecture": "cifar_resnet",
    "architecture_options": {"depth": 20},
    "classes": CLASSES,
    "preprocessing": Preprocessing(32, 32),
}


def published_weights(size: int = 0) -> bytes:
    """A small weights file as a maker would publish it (1.1 MB), or `size` bytes with something
    behind the weights."""
    torch.manual_seed(0)
    network = build_network("cifar_resnet", len(CLASSES), {"depth": 20})
    buffer = io.BytesIO()
    # The older layout: what stands behind the numbers is not looked at.
    torch.save(network.state_dict(), buffer, _use_new_zipfile_serialization=not size)
    return buffer.getvalue() + random.Random(7).randbytes(max(0, size - buffer.tell()))


def cache_weights(model_id: str, state: dict[str, Tensor], **options: Any) -> Path:
    """Put weights where a download would have left them."""
    spec = next(spec for spec in torchvision_specs() if spec.id == model_id)
    path = torch_hub_checkpoints_dir() / spec.url.rsplit("/", 1)[-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path, **options)
    return path


def small_spec(**changes: Any) -> ModelSpec:
    values: dict[str, Any] = {
        "id": "insects",
        "title": "Insects [garden]",
        "family": "Your models",
        "architecture": "resnet18",
        "provider": "yours",
        "dataset": "garden",
        "classes": CLASSES,
        "preprocessing": Preprocessing(40, 32, (0.5, 0.4, 0.3), (0.2, 0.2, 0.25), "bicubic"),
        "parameters": 0,
        "gflops": 0.04,
        "top1": 0.9,
        "metrics": {"val_accuracy": 0.9},
        "notes": "made for a test",
        **changes,
    }
    return ModelSpec(**values)


def small_model(path: Path, seed: int = 0, **changes: Any) -> Path:
    """A whole model file: ResNet-18 with three classes."""
    spec = small_spec(**{"id": path.stem, **changes})
    state = random_state(
        spec.architecture, len(spec.classes), seed, dict(spec.architecture_options)
    )
    save_model(path, spec, state, {"made_by": "test"})
    return path


def description(**changes: Any) -> dict[str, Any]:
    """The JSON value of a tiny, valid file. A value of None removes its key."""
    document = {
        "format": 1,
        "title": "Tiny",
        "architecture": "resnet18",
        "classes": ["a", "b"],
        "preprocessing": Preprocessing(40, 32).to_json(),
        **changes,
    }
    return {key: value for key, value in document.items() if value is not None}


def file_by_hand(
    path: Path,
    document: Any = None,
    *,
    header: Any = None,
    raw_header: bytes | None = None,
    length: int | None = None,
    data: bytes = b"\0" * 16,
) -> Path:
    """A .safetensors file from its parts, any of which may be wrong."""
    if header is None:
        text = document if isinstance(document, str) else json.dumps(document or description())
        header = {
            "__metadata__": {METADATA_KEY: text},
            "fc.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        }
    raw = json.dumps(header).encode() if raw_header is None else raw_header
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(raw) if length is None else length) + raw + data)
    return path


def entry_of(path: Path) -> ModelEntry:
    """A model of the person's own, by its file."""
    return ModelEntry(spec_from_header(path, read_header(path), "yours"), ModelState.YOURS, path)
