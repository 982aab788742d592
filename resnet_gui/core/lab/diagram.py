"""From a network to its drawing: one forward pass on torch's meta device, where nothing is
computed. Needs torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn

from resnet_gui.core.lab.diagram_types import (
    BlockBox,
    LayerBox,
    NetworkDiagram,
    Path,
    Shape,
    StageBox,
)
from resnet_gui.core.lab.layer_statistics import residual_functions
from resnet_gui.core.nets.blocks import PaddedShortcut
from resnet_gui.core.nets.meta import build_meta
from resnet_gui.core.nets.registration import BlockKind, Kind, Shortcut
from resnet_gui.core.nets.registry import block_kind
from resnet_gui.core.zoo.spec import ModelSpec

_DEFAULT_OUTPUTS = {32: 10}  # CIFAR-10 has ten classes


def warm_up() -> None:
    """Import what additions on the meta device ask for (900 modules), to be done gently."""
    import torch._dynamo  # noqa: F401


def describe_spec(spec: ModelSpec) -> NetworkDiagram:
    """The drawing of a model or architecture at its own image size; no weights are read.

    Raises:
        ModelError: this version does not know the architecture.
    """
    side = spec.preprocessing.crop
    outputs = len(spec.classes) or _DEFAULT_OUTPUTS.get(side, 1000)
    network = build_meta(spec.architecture, outputs, spec.architecture_options)
    return describe(network, (3, side, side), spec.id, spec.title)


def describe(
    network: nn.Module, input_shape: Shape, network_id: str = "", title: str = ""
) -> NetworkDiagram:
    """The drawing of any network; of one with blocks that are not known, its parts by name.

    Args:
        network: (N, 3, H, W) -> logits; left as it is. Its weights are not used.
        input_shape: (3, H, W).
    """
    blocks = _blocks(network)
    calls = _trace(network, input_shape, blocks)
    counted: set[int] = set()
    groups: list[tuple[str, list[_Call]]] = []
    shapes = {call.name: (call.input, call.output) for call in calls if call.name in blocks}
    leaves = [call for call in calls if call.name not in blocks]
    for name, members in groupby(leaves, key=lambda call: _owner(call.name, blocks)):
        groups.append((name, list(members)))
    boxes: list[BlockBox] = []
    first = next((n for n, (name, _) in enumerate(groups) if name), len(groups))
    for number, (name, group) in enumerate(groups):
        module = blocks.get(name)
        layers = tuple(_layer(call, name, module, counted) for call in group)
        kind = block_kind(type(module).__name__)
        if kind is not None and kind.relu_last and layers[-1].kind == "ReLU":
            layers = (*layers[:-1], dataclasses.replace(layers[-1], path=Path.AFTER))
        role = name or ("stem" if number < first else "head")
        ends = shapes.get(name, (group[0].input, group[-1].output))
        shortcut = _shortcut(module, kind, *ends, layers)
        boxes.append(
            BlockBox(
                name=role,
                title="",
                formula=_formula(kind, shortcut),
                shortcut=shortcut,
                input_shape=ends[0],
                output_shape=ends[1],
                layers=layers,
                parameters=sum(layer.parameters for layer in layers),
                multiply_adds=sum(layer.multiply_adds for layer in layers),
            )
        )
    return NetworkDiagram(
        id=network_id,
        title=title,
        input_shape=input_shape,
        stages=_stages(boxes),
        parameters=sum(p.numel() for p in network.parameters()),
        multiply_adds=sum(box.multiply_adds for box in boxes),
    )


class _Call:
    """One module at work. A module that is used twice (torchvision's ReLU) has two calls."""

    def __init__(self, name: str, module: nn.Module, x: Shape, y: Shape) -> None:
        self.name, self.module, self.input, self.output = name, module, x, y


def _blocks(network: nn.Module) -> dict[str, nn.Module]:
    """Name -> block. Where no residual function is known: members of lists of like modules, as
    other families are built."""
    known = {name: block for name, (block, _) in residual_functions(network).items()}
    if known:
        return known
    found: dict[str, nn.Module] = {}
    for name, module in network.named_children():
        children = list(module.named_children())
        if isinstance(module, nn.ModuleList | nn.Sequential) and children:
            inner = [child for _, child in children if any(True for _ in child.children())]
            if len(inner) == len(children):
                found |= {f"{name}.{child_name}": child for child_name, child in children}
    return found


def _trace(network: nn.Module, input_shape: Shape, blocks: Mapping[str, nn.Module]) -> list[_Call]:
    """All calls of leaves in their order, and of blocks after their leaves."""
    calls: list[_Call] = []
    handles = []

    def note(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            if args and isinstance(args[0], Tensor) and isinstance(output, Tensor):
                x, y = tuple(args[0].shape[1:]), tuple(output.shape[1:])
                calls.append(_Call(name, module, x, y))

        return hook

    modes = [(module, module.training) for module in network.modules()]
    state = {
        name: torch.empty_like(tensor, device="meta")
        for name, tensor in (*network.named_parameters(), *network.named_buffers())
    }
    leaves = _leaves(network)
    for name, module in network.named_modules():
        if name in blocks or name in leaves:
            handles.append(module.register_forward_hook(note(name)))
    # On the meta device BatchNorm is made of many small steps in Python, seconds of them in a deep
    # network; its output has the shape of its input.
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    try:
        for norm in norms:
            norm.__dict__["forward"] = _same
        network.eval()
        with torch.no_grad():
            x = torch.empty((1, *input_shape), device="meta")
            torch.func.functional_call(network, state, (x,))
    finally:
        for norm in norms:
            del norm.__dict__["forward"]
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
    return calls


def _same(x: Tensor) -> Tensor:
    return x


def _leaves(network: nn.Module) -> set[str]:
    """Names of what counts as one layer. A convolution does, also one with its padding inside."""
    found: set[str] = set()
    whole: list[str] = []
    for name, module in network.named_modules():
        if any(name.startswith(f"{outer}.") for outer in whole[-1:]):
            continue
        if isinstance(module, nn.Conv2d | nn.Linear):
            whole.append(name)
            found.add(name)
        elif name and not any(True for _ in module.children()):
            found.add(name)
    return found


def _owner(name: str, blocks: Mapping[str, nn.Module]) -> str:
    """The block that a leaf lies in; "" for none."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        parent = ".".join(parts[:length])
        if parent in blocks:
            return parent
    return ""


def _layer(call: _Call, block_name: str, block: nn.Module | None, counted: set[int]) -> LayerBox:
    module = call.module
    own = 0
    for parameter in module.parameters(recurse=False):
        if id(parameter) not in counted:
            counted.add(id(parameter))
            own += parameter.numel()
    weighted = isinstance(module, nn.Conv2d | nn.Linear)
    local = call.name[len(block_name) + 1 :] if block is not None else ""
    path = Path.MAIN
    if local.split(".")[0] in ("shortcut", "downsample", "projection"):
        path = Path.SHORTCUT
    elif local == "gate":
        path = Path.GATE
    return LayerBox(
        name=call.name,
        title=_layer_title(module, call),
        kind=type(module).__name__,
        path=path,
        weighted=weighted,
        input_shape=call.input,
        output_shape=call.output,
        parameters=own,
        multiply_adds=_multiply_adds(module, call),
    )


def _multiply_adds(module: nn.Module, call: _Call) -> int:
    if isinstance(module, nn.Conv2d):
        channels, height, width = call.output
        kernel = module.kernel_size[0] * module.kernel_size[1]
        return channels * height * width * (module.in_channels // module.groups) * kernel
    if isinstance(module, nn.Linear):
        rows = 1
        for side in call.output[:-1]:
            rows *= side
        return rows * module.in_features * module.out_features
    return 0


def _layer_title(module: nn.Module, call: _Call) -> str:
    if isinstance(module, nn.Conv2d):
        kernel = f"{module.kernel_size[0]}×{module.kernel_size[1]}"
        what = "convolution"
        if module.groups == module.in_channels > 1:
            what = "convolution per channel"
        elif module.groups > 1:
            what = f"convolution in {module.groups} groups"
        stride = f", stride {module.stride[0]}" if module.stride[0] > 1 else ""
        return f"{kernel} {what}{stride}"
    if isinstance(module, PaddedShortcut):
        return "every other pixel, zeros as new channels"
    titles = {
        "BatchNorm2d": "batch normalisation",
        "Linear": "linear layer",
        "ReLU": "ReLU",
        "ReLU6": "ReLU6",
        "Identity": "x as it is",
        "MaxPool2d": "max pooling",
        "AdaptiveAvgPool2d": "mean over the pixels",
        "Dropout": "dropout",
    }
    kind = type(module).__name__
    return titles.get(kind, kind)


def _formula(kind: BlockKind | None, shortcut: Shortcut) -> str:
    if kind is None:
        return ""
    return (shortcut is Shortcut.PROJECTION and kind.projected) or kind.formula


def _shortcut(
    block: nn.Module | None,
    kind: BlockKind | None,
    x: Shape,
    y: Shape,
    layers: tuple[LayerBox, ...],
) -> Shortcut:
    if kind is None or kind.kind is Kind.PLAIN:
        return Shortcut.NONE
    if kind.kind is Kind.HIGHWAY:
        return Shortcut.GATE
    if kind.skips:
        skips = bool(getattr(block, kind.skips, False)) and x == y
        return Shortcut.IDENTITY if skips else Shortcut.NONE
    way = [layer for layer in layers if layer.path is Path.SHORTCUT]
    if any(layer.kind == "PaddedShortcut" for layer in way):
        return Shortcut.PADDED
    if any(layer.weighted for layer in way):
        return Shortcut.PROJECTION
    return Shortcut.IDENTITY if x == y else Shortcut.STRIDED


def _stages(boxes: list[BlockBox]) -> tuple[StageBox, ...]:
    """Blocks with the same parent and the same output shape follow each other in one stage."""

    def key(box: BlockBox) -> tuple[str, Shape]:
        if box.name in ("stem", "head"):
            return box.name, ()
        return box.name.rpartition(".")[0], box.output_shape

    stages: list[StageBox] = []
    number = 0
    for (parent, _), group in groupby(boxes, key=key):
        members = list(group)
        role = parent if parent in ("stem", "head") else "stage"
        if role == "stage":
            number += 1
            title = f"Stage {number}"
            names = [f"Block {number}.{position + 1}" for position in range(len(members))]
        else:
            title = {"stem": "Stem", "head": "Head"}[role]
            names = [title] * len(members)
        blocks = tuple(
            dataclasses.replace(box, title=name) for box, name in zip(members, names, strict=True)
        )
        stages.append(StageBox(title, role, members[-1].output_shape, blocks))
    return tuple(stages)
