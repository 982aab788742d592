"""Networks for photos of 32x32 pixels, and their twins.

| id | network |
| --- | --- |
| `cifar-resnet20` (32, 44, 56, 110, 1202: 6n+2) | He et al. 2015, section 4.2, shortcut option A |
| `cifar-resnet20-b` | the same with option B |
| `cifar-plain20` | its plain twin, without shortcuts |
| `cifar-highway20` | its highway twin, with gated shortcuts |
| `cifar-preresnet164` (29, 56, 110, 164, 1001: 9n+2) | He et al. 2016, pre-activated bottlenecks |
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from resnet_gui.core.errors import DepthError
from resnet_gui.core.header_schema import ABSENT, Choice, Field, Flag, HeaderValueError, Whole
from resnet_gui.core.nets.registration import Architecture, BlockKind, Kind, Offer, Options, Shapes
from resnet_gui.core.preprocessing import Preprocessing

# architecture -> (layers per n, layers beside them, rule in words, depths that lists offer: those
# of the papers, and for the second smaller ones that a small computer can train)
DEPTHS: dict[str, tuple[int, int, str, tuple[int, ...]]] = {
    "cifar_resnet": (6, 2, "6n+2", (20, 32, 44, 56, 110, 1202)),
    "cifar_preresnet": (9, 2, "9n+2", (29, 56, 110, 164, 1001)),
}
DEEPEST = 2000
# What CIFAR-10's training images have, pixel values scaled to 0..1 (per channel R, G, B).
CIFAR_PREPROCESSING = Preprocessing(
    resize=32, crop=32, mean=(0.4914, 0.4822, 0.4465), std=(0.2470, 0.2435, 0.2616)
)
_KINDS = {
    "resnet": ("cifar_resnet", "residual", "ResNet-{} for 32×32 pixels", "CIFAR ResNet"),
    "plain": ("cifar_resnet", "plain", "Plain-{} (no shortcuts)", "CIFAR plain"),
    "highway": ("cifar_resnet", "highway", "Highway-{} (gated shortcuts)", "CIFAR highway"),
    "preresnet": ("cifar_preresnet", "", "ResNet-{} V2 (pre-activation)", "CIFAR ResNet V2"),
}
_ID = re.compile(r"cifar-(resnet|plain|highway|preresnet)([0-9]{1,9})(-b)?")
_BLOCKS = (
    BlockKind("ResidualBlock", Kind.RESIDUAL, "relu(F(x) + x)", "relu(F(x) + W·x)"),
    BlockKind("PlainBlock", Kind.PLAIN, "relu(F(x))"),
    BlockKind("HighwayBlock", Kind.HIGHWAY, "relu(T(x)·F(x) + (1 − T(x))·x)"),
)
_PREACTIVATED = BlockKind(
    "PreActivationBottleneck", Kind.PREACTIVATION, "F(x) + x", "F(x) + W·a, a = relu(norm(x))"
)


def check_depth(architecture: str, depth: int) -> int:
    """Blocks per stage of a depth.

    Raises:
        DepthError: no n gives it; the error names the rule and the nearest depths.
    """
    step, rest, rule, _ = DEPTHS[architecture]
    blocks, remainder = divmod(depth - rest, step)
    if remainder or blocks < 1 or depth > DEEPEST:
        lower = max(1, min(blocks, (DEEPEST - rest) // step))
        nearest = [step * n + rest for n in (lower, lower + 1) if step * n + rest <= DEEPEST]
        raise DepthError(depth, rule if depth <= DEEPEST else f"{rule} up to {DEEPEST}", nearest)
    return blocks


def _offered(architecture: str) -> tuple[str, ...]:
    ids = []
    for name, (of, *_) in _KINDS.items():
        for depth in DEPTHS[of][3] if of == architecture else ():
            ids.append(f"cifar-{name}{depth}")
            if name == "resnet":
                ids.append(f"cifar-{name}{depth}-b")
    return tuple(ids)


def _find(wanted: str, model_id: str) -> Offer | None:
    match = _ID.fullmatch(model_id)
    if match is None or (match[3] and match[1] != "resnet"):
        return None
    architecture, kind, title, family = _KINDS[match[1]]
    if architecture != wanted:
        return None
    depth = int(match[2])
    blocks = check_depth(architecture, depth)
    options: dict[str, Any] = {"depth": depth}
    if architecture == "cifar_resnet":
        options |= {"kind": kind, "shortcut": "B" if match[3] else "A"}
        parameters, multiply_adds = _basic_size(blocks, kind, options["shortcut"])
    else:
        parameters, multiply_adds = _bottleneck_size(blocks)
    return Offer(
        id=f"cifar-{match[1]}{depth}{match[3] or ''}",
        title=title.format(depth) + (", option B" if match[3] else ""),
        family=family,
        architecture=architecture,
        options=options,
        preprocessing=CIFAR_PREPROCESSING,
        parameters=parameters,
        gflops=multiply_adds / 1e9,
    )


def _guesses(architecture: str, shapes: Shapes) -> Iterable[Options]:
    """The depth from the number of blocks, the kind and shortcut from what they hold."""
    blocks = sum(bool(re.fullmatch(r"stage1\.\d+\.residual\.conv1\.weight", n)) for n in shapes)
    third = "stage1.0.residual.conv3.weight" in shapes
    if not blocks or third != (architecture == "cifar_preresnet"):
        return ()
    if any(name.startswith("stage4.") for name in shapes):
        return ()
    step, rest, *_ = DEPTHS[architecture]
    options: dict[str, Any] = {"depth": step * blocks + rest}
    if options["depth"] > DEEPEST:
        return ()
    if "pixel_mean.mean" in shapes:
        options["pixel_mean"] = True
    if architecture == "cifar_preresnet":
        return (options,)
    if "stage1.0.gate.weight" in shapes:
        return ({**options, "kind": "highway", "shortcut": "A"},)
    if "stage2.0.shortcut.conv.weight" in shapes:
        return ({**options, "kind": "residual", "shortcut": "B"},)
    # With option A a residual network has the very tensors of its plain twin: to guess would be to
    # answer wrongly half of the time. Our own files say which of the two it is.
    return ()


_RULES: dict[str, dict[str, Field]] = {
    "cifar_resnet": {
        "depth": Field(Whole(1, DEEPEST)),
        "kind": Field(Choice(("residual", "plain", "highway")), ABSENT),
        "shortcut": Field(Choice(("A", "B")), ABSENT),
        "pixel_mean": Field(Flag(), ABSENT),
    },
    "cifar_preresnet": {
        "depth": Field(Whole(1, DEEPEST)),
        "pixel_mean": Field(Flag(), ABSENT),
    },
}


def _check(architecture: str, options: Options) -> None:
    check_depth(architecture, options["depth"])
    kind = options.get("kind", "residual")
    if kind != "residual" and options.get("shortcut", "A") != "A":
        raise HeaderValueError(f"{kind} networks have no shortcuts of option B")


def _short_name(options: Options) -> str:
    kind = str(options.get("kind", "residual"))
    name = {"plain": "Plain", "highway": "Highway"}.get(kind, "ResNet")
    suffix = " B" if kind == "residual" and options.get("shortcut") == "B" else ""
    return f"{name}-{options['depth']}{suffix}"


def _depth(options: Options) -> int:
    return int(options["depth"])


ARCHITECTURES = (
    Architecture(
        name="cifar_resnet",
        title="ResNet for 32×32 pixels",
        family="CIFAR ResNet",
        builder="resnet_gui.core.nets.cifar:build",
        kind=lambda options: Kind(str(options.get("kind", "residual"))),
        depth=_depth,
        blocks=_BLOCKS,
        last_stage="stage3",
        short_name=_short_name,
        preprocessing=CIFAR_PREPROCESSING,
        small=True,
        pixel_mean=True,
        offered=_offered("cifar_resnet"),
        find=lambda model_id: _find("cifar_resnet", model_id),
        options=_RULES["cifar_resnet"],
        check=lambda options: _check("cifar_resnet", options),
        guesses=lambda shapes: _guesses("cifar_resnet", shapes),
    ),
    Architecture(
        name="cifar_preresnet",
        title="ResNet V2 for 32×32 pixels",
        family="CIFAR ResNet V2",
        builder="resnet_gui.core.nets.cifar:build",
        kind=Kind.PREACTIVATION,
        depth=_depth,
        blocks=(_PREACTIVATED,),
        last_stage="relu",
        short_name=lambda options: f"ResNet-{options['depth']} V2",
        preprocessing=CIFAR_PREPROCESSING,
        small=True,
        pixel_mean=True,
        offered=_offered("cifar_preresnet"),
        find=lambda model_id: _find("cifar_preresnet", model_id),
        options=_RULES["cifar_preresnet"],
        check=lambda options: _check("cifar_preresnet", options),
        guesses=lambda shapes: _guesses("cifar_preresnet", shapes),
    ),
)


def _basic_size(blocks: int, kind: str, shortcut: str) -> tuple[int, int]:
    """Parameters (with ten outputs) and multiply-adds at 32x32 of the 6n+2 networks."""
    parameters, multiply_adds = 3 * 9 * 16 + 2 * 16, 3 * 9 * 16 * 32 * 32
    channels = 16
    for number, width in enumerate((16, 32, 64)):
        pixels = (32 >> number) ** 2
        for _ in range(blocks):
            weights = 9 * channels * width + 9 * width * width
            if kind == "residual" and shortcut == "B" and channels != width:
                weights += channels * width
                parameters += 2 * width
            if kind == "highway":
                weights += channels * width
                parameters += width
            parameters += weights + 4 * width
            multiply_adds += weights * pixels
            channels = width
    return parameters + channels * 10 + 10, multiply_adds + channels * 10


def _bottleneck_size(blocks: int) -> tuple[int, int]:
    """Parameters (with ten outputs) and multiply-adds at 32x32 of the 9n+2 networks."""
    parameters, multiply_adds = 3 * 9 * 16, 3 * 9 * 16 * 32 * 32
    channels = 16
    for number, width in enumerate((16, 32, 64)):
        pixels = (32 >> number) ** 2
        for position in range(blocks):
            weights = channels * width + 9 * width * width + 4 * width * width
            if not position:
                weights += channels * 4 * width
            parameters += weights + 2 * channels + 4 * width
            multiply_adds += weights * pixels
            channels = 4 * width
    parameters += 2 * channels + channels * 10 + 10
    return parameters, multiply_adds + channels * 10
