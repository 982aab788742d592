"""Provider: torchvision's residual networks with ImageNet weights, from the committed table."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resnet_gui.core.http.settings import load_http_settings
from resnet_gui.core.nets.families.torchvision import ARCHITECTURES
from resnet_gui.core.system.paths import torch_hub_checkpoints_dir
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState, Preprocessing

TABLE_FILE = "torchvision_table.json"
CLASSES_FILE = "imagenet1k.json"
PROVIDER = "torchvision"
_SHAPES = {item.name: item for item in ARCHITECTURES}

_LICENCE = (
    "BSD-3-Clause (torchvision). The weights were trained on ImageNet, whose terms allow "
    "non-commercial research and education."
)
_NOTES = {
    "IMAGENET1K_V1": "Trained with the simple recipe of the original paper.",
    "IMAGENET1K_V2": "Trained with torchvision's newer, longer recipe: more accurate.",
}


@functools.cache
def imagenet_classes() -> tuple[str, ...]:
    """The 1000 labels of ImageNet-1k, index = output of the network."""
    return tuple(json.loads(_text(CLASSES_FILE)))


@functools.cache
def torchvision_specs() -> tuple[ModelSpec, ...]:
    """All rows of the table. The default weight set's id is the architecture's name; another
    set's carries its own (`resnet50.imagenet1k_v1`)."""
    return tuple(_spec(row) for row in json.loads(_text(TABLE_FILE)))


class TorchvisionProvider:
    """Weights in the folder of the settings, or in torch hub's cache, which every program that
    uses torchvision shares."""

    def entries(self) -> Iterator[ModelEntry]:
        folders = dict.fromkeys((load_http_settings().weights_dir(), torch_hub_checkpoints_dir()))
        for spec in torchvision_specs():
            paths = (folder / spec.url.rsplit("/", 1)[-1] for folder in folders)
            path = next((path for path in paths if path.is_file()), None)
            state = ModelState.DOWNLOADABLE if path is None else ModelState.CACHED
            yield ModelEntry(spec, state, path)


def _text(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _spec(row: dict[str, Any]) -> ModelSpec:
    architecture, weights = row["architecture"], row["weights"]
    shape = _SHAPES[architecture]
    model_id = architecture if row["default"] else f"{architecture}.{weights.lower()}"
    return ModelSpec(
        id=model_id,
        title=shape.title if row["default"] else f"{shape.title} (first weights)",
        family=shape.family,
        architecture=architecture,
        provider=PROVIDER,
        dataset="ImageNet-1k",
        classes=imagenet_classes(),
        preprocessing=Preprocessing(
            row["resize"], row["crop"], tuple(row["mean"]), tuple(row["std"]), row["interpolation"]
        ),
        parameters=row["parameters"],
        gflops=row["gflops"],
        top1=row["top1"],
        top5=row["top5"],
        bytes=row["bytes"],
        licence=_LICENCE,
        url=row["url"],
        sha256_prefix=row["sha256_prefix"],
        weights=weights,
        notes=_NOTES[weights],
    )
