"""Models and photos that the benchmarks of inference share. Needs torch where a model is made."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from resnet_gui.core.system import paths
from resnet_gui.core.zoo import ModelEntry, Zoo
from resnet_gui.core.zoo.spec import ModelState

ARCHITECTURES = ("resnet50", "resnet18", "efficientnet-lite0")
_PACKAGES = ("torch", "torchvision", "openvino", "nncf", "onnxruntime", "pillow", "numpy")


def versions() -> str:
    """What the figures depend on, as far as it is installed."""
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def ready_model(name: str) -> tuple[ModelEntry, str]:
    """A model to measure with, and what its weights are: a published one, or one of the user's (in
    RESNET_GUI_HOME). Where the published weights are not on this computer, a model of random ones
    is saved among the user's."""
    zoo = Zoo.standard()
    known = {entry.spec.id: entry for entry in zoo.entries()}
    if name not in known:
        raise SystemExit(f"There is no model “{name}”: {', '.join(sorted(known))}")
    if known[name].state.ready:
        yours = known[name].state is ModelState.YOURS
        return zoo.ready(name), "a model of the user's" if yours else "published weights"
    random_id = f"{name}-random"
    if random_id not in known:
        _save_random(known[name], random_id)
    return zoo.ready(random_id), "random weights"


def alone_file(name: str) -> Path:
    """OpenVINO's own conversion of a model, made by `convert_child`."""
    return paths.data_dir() / "alone" / f"{name}.xml"


def compile_alone(name: str, goal: str) -> tuple[Any, np.ndarray]:
    """That conversion compiled for "LATENCY" or "THROUGHPUT", and an input for it. Its precision is
    left to OpenVINO: bf16 where the processor has it."""
    from resnet_gui.core.system.openvino_import import import_openvino

    core = import_openvino().Core()
    compiled = core.compile_model(alone_file(name), "CPU", {"PERFORMANCE_HINT": goal})
    shape = tuple(compiled.input(0).shape)
    return compiled, np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)


def _save_random(entry: ModelEntry, new_id: str) -> None:
    import torch
    from torch import nn

    from resnet_gui.core.nets.build import build_network
    from resnet_gui.core.photos.preprocess import network_input
    from resnet_gui.core.zoo.weights.load import save_model

    spec = dataclasses.replace(entry.spec, id=new_id, title=new_id, provider="yours")
    torch.manual_seed(0)
    network = build_network(spec.architecture, len(spec.classes), spec.architecture_options)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # the mean over all batches
    # Statistics of real activations, without which they would grow from block to block.
    images = [Image.open(path).convert("RGB") for path in paths.sample_photos()]
    images += [image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for image in images]
    x = torch.from_numpy(np.stack([network_input(image, spec.preprocessing) for image in images]))
    network.train()
    with torch.no_grad():
        network(x)
    save_model(paths.user_models_dir() / f"{new_id}.safetensors", spec, network.state_dict())


def make_photos(folder: Path, count: int, seed: int = 0) -> list[Path]:
    """`count` JPEGs of 500 x 375 pixels, about 110 KB each: parts of skimage's photos in random
    places, sizes and turns, with the noise of a camera."""
    from skimage import data

    names = ("astronaut", "chelsea", "coffee", "rocket", "retina", "immunohistochemistry")
    bases = [Image.fromarray(getattr(data, name)()) for name in names]
    folder.mkdir(parents=True, exist_ok=True)
    numbers = np.random.default_rng(seed)
    made = []
    for number in range(count):
        base = bases[number % len(bases)]
        part = numbers.uniform(0.6, 1.0) * min(base.width / 4, base.height / 3)
        width, height = 4 * part, 3 * part
        left, top = numbers.uniform(0, base.width - width), numbers.uniform(0, base.height - height)
        box = (left, top, left + width, top + height)
        image = base.resize((500, 375), Image.Resampling.BICUBIC, box=box)
        if numbers.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        noisy = np.asarray(image, np.int16) + numbers.normal(0, 6, (375, 500, 1)).astype(np.int16)
        path = folder / f"{number:04d}.jpg"
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=96)
        made.append(path)
    return made


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table as RESULTS.md has them."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def child_environment(home: str) -> dict[str, str]:
    """Each contestant runs as a person would run it: with its library's own choice of threads."""
    unwanted = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    here = str(Path(__file__).parent.parent)
    path = os.pathsep.join(filter(None, [here, kept.get("PYTHONPATH")]))
    return {**kept, "RESNET_GUI_HOME": home, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}


if sys.flags.optimize:
    raise SystemExit("Benchmarks check their results with assert: run them without -O.")
