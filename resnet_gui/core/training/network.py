"""The network that is trained: its start weights, what of it learns, and the optimizer over that.
This module needs torch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from resnet_gui.core.errors import RunConfigError
from resnet_gui.core.nets.build import build_network, head_name, set_head
from resnet_gui.core.runs.config import Decayed, HeadKind, Method, Optimizer, RunConfig
from resnet_gui.core.training.setup import NETWORK
from resnet_gui.core.zoo.spec import ModelEntry
from resnet_gui.core.zoo.weights.load import load_network

# Parameters of so many dimensions are decayed: kernels of convolutions have four, of linear layers
# two, norms and biases one.
_DECAYED_FROM = {Decayed.ALL: 0, Decayed.WEIGHTS: 2, Decayed.CONVOLUTIONS: 4}

_FUSED = ("cpu", "cuda")  # devices with an optimizer step in one go


def head_options(config: RunConfig) -> dict[str, Any]:
    """The "head" of a model's architecture options; empty for one plain linear layer."""
    options: dict[str, Any] = {}
    if config.head is HeadKind.MLP:
        options["width"] = config.head_width
    if config.dropout:
        options["dropout"] = config.dropout
    return options


def architecture_options(base: Mapping[str, Any], config: RunConfig) -> dict[str, Any]:
    """The options of the model that the run makes, from those of the model it starts from."""
    options = {key: value for key, value in base.items() if key != "head"}
    head = head_options(config)
    if config.pixel_mean:
        options["pixel_mean"] = True
    return options | ({"head": head} if head else {})


def start_network(entry: ModelEntry, classes: int, config: RunConfig) -> nn.Module:
    """The network before the first step: the entry's weights with a new head, or random ones.

    Draws from torch's global generator after seeding it with the run's seed.

    Raises:
        ModelError: the model cannot be loaded.
    """
    torch.manual_seed(config.seed)
    if config.method is Method.SCRATCH:
        options = architecture_options(entry.spec.architecture_options, config)
        return build_network(entry.spec.architecture, classes, options)
    network = load_network(entry)
    # Into memory of torch's own: tensors mapped from a file lie at any address, and the last bit
    # of a matrix product depends on alignment, so a resumed run would drift from an unbroken one.
    for tensor in (*network.parameters(), *network.buffers()):
        tensor.data = tensor.data.clone()
    set_head(network, classes, head_options(config))
    return network


def backbone_state(network: nn.Module) -> dict[str, Tensor]:
    """All tensors but the head's."""
    prefix = head_name(network) + "."
    return {key: value for key, value in network.state_dict().items() if not key.startswith(prefix)}


def backbone_hash(network: nn.Module) -> str:
    """SHA-256 (hex) over names and values of the backbone: which features a head was made for."""
    digest = hashlib.sha256()
    for name, tensor in sorted(backbone_state(network).items()):
        digest.update(name.encode())
        values = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        digest.update(values.numpy().data)
    return digest.hexdigest()


def split_off_head(network: nn.Module) -> nn.Module:
    """Take the head out and return it; the network then gives features: (N, D)."""
    name = head_name(network)
    head = network.get_submodule(name)
    network.set_submodule(name, nn.Identity())
    return head


def head_width(head: nn.Module) -> int:
    """How many features a head takes for a photo."""
    return next(m for m in head.modules() if isinstance(m, nn.Linear)).in_features


def stages(network: nn.Module) -> list[tuple[str, list[nn.Module]]]:
    """The backbone's stages from input to output, each a name and its modules.

    Of a ResNet: stem, layer1 … layer4. Blocks in a list (EfficientNet) form one stage as long as
    their width stays the same. Small modules (BatchNorm) belong to the stage before them.
    """
    head = head_name(network)
    units: list[tuple[str, nn.Module]] = []
    for name, module in network.named_children():
        if name == head or not any(True for _ in module.parameters()):
            continue
        if isinstance(module, nn.ModuleList):
            units += [(f"{name}.{index}", item) for index, item in enumerate(module)]
        else:
            units.append((name, module))
    found: list[tuple[str, list[nn.Module]]] = []
    previous: tuple[str, int] | None = None
    for name, module in units:
        parent = name.rpartition(".")[0]
        key = (parent, _width(module)) if parent else None
        if found and (_is_norm(module) or (key is not None and key == previous)):
            found[-1][1].append(module)
        else:
            found.append((name, [module]))
        previous = key
    return found


def set_trainable(network: nn.Module, config: RunConfig, phase: str) -> None:
    """Set `requires_grad` of every parameter by the method and the phase.

    Raises:
        RunConfigError: more last stages are asked for than there are.
    """
    everything = phase == NETWORK and config.method is not Method.LAST
    everything = everything and config.method is not Method.HEAD
    for parameter in network.parameters():
        parameter.requires_grad_(everything)
    for parameter in network.get_submodule(head_name(network)).parameters():
        parameter.requires_grad_(True)
    if phase == NETWORK and config.method is Method.LAST:
        all_stages = stages(network)
        if config.last_stages > len(all_stages):
            names = ", ".join(name for name, _ in all_stages)
            raise RunConfigError(
                "last_stages",
                f"This network has {len(all_stages)} stages ({names}), not {config.last_stages}.",
                "Choose fewer, or the method “full”.",
            )
        for _, modules in all_stages[-config.last_stages :]:
            for module in modules:
                module.requires_grad_(True)


def set_train_mode(network: nn.Module, freeze_batchnorm: bool) -> None:
    """Training mode where something learns; what is frozen, and BatchNorm's statistics if they
    are kept, stay in evaluation mode."""
    network.train()
    for module in network.modules():
        parameters = list(module.parameters())
        frozen = bool(parameters) and not any(p.requires_grad for p in parameters)
        if frozen or (freeze_batchnorm and _is_norm(module)):
            module.eval()


def has_live_batchnorm(network: nn.Module) -> bool:
    """Whether any BatchNorm takes its statistics from the batch in the present mode."""
    return any(_is_norm(module) and module.training for module in network.modules())


def make_optimizer(module: nn.Module, head_prefix: str, config: RunConfig) -> torch.optim.Optimizer:
    """The optimizer over all parameters that learn, in groups by (head or backbone, decay or not).

    Unless the config says otherwise, norms and biases (all parameters with fewer than two
    dimensions) are not decayed: shrinking them costs accuracy (He et al. 2019, "Bag of Tricks",
    arXiv:1812.01187). Each group has its peak rate in "peak_lr".

    Args:
        head_prefix: the names of the head's parameters start with it ("" if `module` is the head).
    """
    groups: dict[tuple[bool, bool], list[Tensor]] = {}
    for name, parameter in trained_parameters(module):
        key = (name.startswith(head_prefix), parameter.ndim >= _DECAYED_FROM[config.decayed])
        groups.setdefault(key, []).append(parameter)
    scratch = config.method is Method.SCRATCH
    # One pass over the memory instead of several: 3 % of a step of ResNet-18 on the CPU.
    fused = all(p.device.type in _FUSED for found in groups.values() for p in found)
    settings = []
    for (in_head, decays), parameters in sorted(groups.items(), key=lambda item: item[0]):
        peak = config.lr if in_head or scratch else config.lr * config.backbone_lr_factor
        decay = config.weight_decay if decays else 0.0
        settings.append({"params": parameters, "lr": peak, "peak_lr": peak, "weight_decay": decay})
    if config.optimizer is Optimizer.SGD:
        nesterov = config.nesterov and config.momentum > 0
        return torch.optim.SGD(
            settings, config.lr, momentum=config.momentum, nesterov=nesterov, fused=fused
        )
    kind = torch.optim.AdamW if config.optimizer is Optimizer.ADAMW else torch.optim.Adam
    return kind(settings, config.lr, fused=fused)


def trained_parameters(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Names and parameters that learn, in the module's order."""
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            yield name, parameter


def _is_norm(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.batchnorm._BatchNorm)


def _width(module: nn.Module) -> int:
    """Output channels of the module's last convolution; 0 if it has none."""
    widths = [item.out_channels for item in module.modules() if isinstance(item, nn.Conv2d)]
    return widths[-1] if widths else 0
