"""Networks with random weights and the BatchNorm of trained ones, for comparing ways to compute.

What a rounding becomes on its way through a network depends on the network. These are as close to
trained ones as random weights can be:

- Scale and shift of each BatchNorm are drawn, channel by channel and as pairs, from a trained
  network of the same family: from the layer of the same role at the same relative depth. The five
  bundled networks and EfficientNet-Lite0 are those sources; nothing is written down here. No
  trained network with a BatchNorm in its shortcuts is at hand: those take that of a block's last.
- Mean and variance are measured, layer by layer in order, on crops of photos.
- The head gives logits as trained heads do: centred, and with their spread (`_SPREAD`).

They still enlarge every rounding from layer to layer where trained networks do not: trained weights
fit each other (see `benchmarks/RESULTS.md`), which no choice of BatchNorm's numbers replaces.
`harsh_network` is what it was before: scales about 1 and small shifts, whatever the layer.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from skimage import data
from torch import Tensor, nn

from resnet_gui.core.inference.backend import Crops
from resnet_gui.core.inference.exact import open_exact
from resnet_gui.core.inference.tensors import normalise
from resnet_gui.core.nets.build import build_network, head_name
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo import ModelSpec, Zoo

_PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "retina", "immunohistochemistry")
_RESIDUAL = ("resnet56-cifar10", "resnet20-cifar10")
_PLAIN = ("plain56-cifar10", "plain20-cifar10")
_PREACTIVATED = ("resnet56v2-cifar10",)
_LITE0 = ("efficientnet-lite0",)
# Standard deviation of a class's logits over photos. On 33 photos: plain20-cifar10 2.5, plain56
# 2.1, resnet20 3.7, resnet56 3.5, resnet56v2 2.9 (EfficientNet-Lite0, of 1,000 classes, 1.1). It
# decides how sure the network is, not how far apart its answers are beside the largest logit.
_SPREAD = 3.0
_BATCH = 24  # crops in a step of `begun_network`


def lifelike_network(spec: ModelSpec, preprocessing: Preprocessing, seed: int = 0) -> nn.Module:
    """Random weights with scales, shifts and statistics as in a trained network of this family.

    Raises:
        ModelError: EfficientNet-Lite0 is not installed.
    """
    network = _fresh(spec, seed)
    draw = torch.Generator().manual_seed(seed)
    sources = [_layers(_trained(name)) for name in _family(network)]
    for role, layers in _layers(network).items():
        for number, layer in enumerate(layers):
            depth = number / max(1, len(layers) - 1)
            source = sources[int(torch.randint(len(sources), (1,), generator=draw))]
            known = source[role if role in source else "last"]
            _draw(layer, known[round(depth * (len(known) - 1))], draw)
    _measure(network, preprocessing)
    _centre(network, preprocessing)
    return network


def harsh_network(spec: ModelSpec, preprocessing: Preprocessing, seed: int = 0) -> nn.Module:
    """Random weights, scales of 0.6 to 1.4 and small shifts everywhere, the statistics measured.
    Such a network enlarges roundings more than a trained one does."""
    network = _fresh(spec, seed)
    for norm in _norms(network).values():
        nn.init.uniform_(norm.weight, 0.6, 1.4)
        nn.init.normal_(norm.bias, std=0.2)
    _measure(network, preprocessing)
    return network


def begun_network(
    spec: ModelSpec, preprocessing: Preprocessing, steps: int = 60, seed: int = 0
) -> nn.Module:
    """Random weights that a short training has begun to change: it tells from which of six photos
    a crop is. The statistics are measured afterwards."""
    network = _fresh(spec, seed)
    crops = photo_crops(preprocessing.crop, _BATCH * steps, seed=2)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.05)
    network.train()
    for step in range(steps):
        batch = slice(step * _BATCH, (step + 1) * _BATCH)
        optimizer.param_groups[0]["lr"] = 1e-3 * min(1, (step + 1) / 10)
        logits = network(_normalised(crops[batch], preprocessing))
        photos = torch.arange(batch.start, batch.stop) % len(_PHOTOS)
        optimizer.zero_grad()
        nn.functional.cross_entropy(logits, photos).backward()
        optimizer.step()
    _measure(network, preprocessing)
    return network


def photo_crops(side: int, count: int = 32, seed: int = 0) -> Crops:
    """Parts of scikit-image's photos, of several sizes, half of them mirrored: (count, side, side,
    3) uint8, always the same."""
    photos = [Image.fromarray(getattr(data, name)()) for name in _PHOTOS]
    numbers = np.random.default_rng(seed)
    crops = []
    for number in range(count):
        photo = photos[number % len(photos)]
        part = numbers.uniform(0.4, 1.0) * min(photo.size)
        left, top = (numbers.uniform(0, length - part) for length in photo.size)
        crop = photo.resize(
            (side, side), Image.Resampling.BICUBIC, box=(left, top, left + part, top + part)
        )
        crops.append(np.asarray(crop)[:, :: numbers.choice([1, -1])])
    return np.ascontiguousarray(np.stack(crops))


def _fresh(spec: ModelSpec, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    classes = max(10, len(spec.classes))
    return build_network(spec.architecture, classes, spec.architecture_options).eval()


# --- where the numbers come from ------------------------------------------------------------------


@functools.cache
def _trained(model_id: str) -> nn.Module:
    return open_exact(Zoo.standard().ready(model_id), cpu()).network


def _family(network: nn.Module) -> Sequence[str]:
    blocks = {type(module).__name__ for module in network.modules()}
    if "MBConvBlock" in blocks:
        return _LITE0
    if any("preactivation" in name for name, _ in network.named_modules()):
        return _PREACTIVATED
    return _PLAIN if "PlainBlock" in blocks else _RESIDUAL


def _norms(network: nn.Module) -> dict[str, nn.BatchNorm2d]:
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm2d)
    }


def _layers(network: nn.Module) -> dict[str, list[nn.Module]]:
    """What is drawn of a network, by role, from the first layer to the last: BatchNorms, and those
    convolutions whose size no BatchNorm behind them takes away."""
    norms = _norms(network)
    inside = {name.rpartition(".")[0]: name for name in norms if _INSIDE.search(name)}
    last = set() if any("preactivation" in name for name in norms) else set(inside.values())
    found: dict[str, list[nn.Module]] = {}
    for name, module in network.named_modules():
        if name in norms:
            found.setdefault("last" if name in last else _role(name), []).append(module)
        elif not last and isinstance(module, nn.Conv2d) and _UNNORMED.search(name):
            found.setdefault(_UNNORMED.search(name)[0], []).append(module)  # type: ignore[index]
    return found


_INSIDE = re.compile(r"(layer|stage)\d\.\d+\.(residual\.norm|bn)\d$")
_UNNORMED = re.compile(r"^stem|conv3$|projection$")


def _role(name: str) -> str:
    if re.search(r"downsample|shortcut", name):
        return "shortcut"
    if "preactivation" in name:
        return "preactivation"
    if _INSIDE.search(name):
        return "inside"
    if name.startswith("_"):  # EfficientNet-Lite0's: each layer for itself
        return name
    return "end" if name.startswith("norm") else "stem"


@torch.no_grad()
def _draw(layer: nn.Module, source: nn.Module, draw: torch.Generator) -> None:
    if isinstance(layer, nn.BatchNorm2d):
        assert isinstance(source, nn.BatchNorm2d)
        chosen = torch.randint(source.num_features, (layer.num_features,), generator=draw)
        layer.weight.copy_(source.weight[chosen])
        layer.bias.copy_(source.bias[chosen])
    elif isinstance(layer, nn.Conv2d):
        assert isinstance(source, nn.Conv2d)
        size = source.weight.std() * (source.weight[0].numel() / layer.weight[0].numel()) ** 0.5
        layer.weight.normal_(0, float(size), generator=draw)


# --- what is measured on photos -------------------------------------------------------------------


def _input(preprocessing: Preprocessing) -> Tensor:
    return _normalised(photo_crops(preprocessing.crop), preprocessing)


def _normalised(crops: Crops, preprocessing: Preprocessing) -> Tensor:
    return normalise(torch.from_numpy(crops).permute(0, 3, 1, 2), preprocessing)


@torch.no_grad()
def _measure(network: nn.Module, preprocessing: Preprocessing) -> None:
    """Let each BatchNorm know what passes through it. With the statistics of a new one (0 and 1)
    values would grow or fade from layer to layer."""
    for norm in _norms(network).values():
        norm.momentum = None  # the mean over all that it sees
        norm.reset_running_stats()
    network.train()
    network(_input(preprocessing))
    network.eval()


@torch.no_grad()
def _centre(network: nn.Module, preprocessing: Preprocessing) -> None:
    """Logits of mean 0 over photos and of the spread `_SPREAD`: what all photos have in common says
    nothing of a photo, and would hide how far apart the rest is."""
    head = network.get_submodule(head_name(network))
    assert isinstance(head, nn.Linear)
    head.bias.zero_()
    logits = network(_input(preprocessing))
    scale = _SPREAD / float((logits - logits.mean(0)).std())
    head.weight.mul_(scale)
    head.bias.copy_(-scale * logits.mean(0))
