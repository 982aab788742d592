"""Architectures to train from random weights: their names, depths and sizes. No torch here.

| id | network |
| --- | --- |
| `cifar-resnet20` (32, 44, 56, 110, 1202: 6n+2) | He et al. 2015, section 4.2, shortcut option A |
| `cifar-resnet20-b` | the same with option B |
| `cifar-plain20` | its plain twin, without shortcuts |
| `cifar-highway20` | its highway twin, with gated shortcuts |
| `cifar-preresnet164` (29, 56, 110, 164, 1001: 9n+2) | He et al. 2016, pre-activated bottlenecks |
| `plain18`, `plain34` | the plain twins of ResNet-18 and ResNet-34 |
| `resnet50v2` (101, 152) | He et al. 2016 for ImageNet, in Keras's form |
| `keras_resnet50` (101, 152) | He et al. 2015 for ImageNet, in Keras's form |
"""

from __future__ import annotations

import re
from typing import Any

from resnet_gui.core.errors import DepthError
from resnet_gui.core.zoo.providers.keras import KERAS_ARCHITECTURES, keras_specs
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState, Preprocessing

PROVIDER = "architectures"
# What to train from random weights where nobody says: made for 32x32 pixels, and quick.
SMALL_PHOTOS_ID, SMALL_SIDE = "cifar-resnet20", 64

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
_CIFAR = re.compile(r"cifar-(resnet|plain|highway|preresnet)([0-9]{1,9})(-b)?")
# Blocks per stage of the plain twins of ResNet-18 and -34 (He et al. 2015, table 1).
PLAIN_STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
_PLAIN = {f"plain{depth}": depth for depth in PLAIN_STAGES}


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


def architecture_ids() -> list[str]:
    """The ids that lists offer; every other depth of the rule is known, too."""
    ids = []
    for name, (architecture, *_) in _KINDS.items():
        for depth in DEPTHS[architecture][3]:
            ids.append(f"cifar-{name}{depth}")
            if name == "resnet":
                ids.append(f"cifar-{name}{depth}-b")
    return [*ids, *_PLAIN, *KERAS_ARCHITECTURES]


def architecture_entries() -> list[ModelEntry]:
    """What lists offer, without weights."""
    specs = map(find_architecture, architecture_ids())
    return [ModelEntry(spec, ModelState.UNTRAINED) for spec in specs if spec is not None]


def scratch_model(model_id: str, typical_side: int) -> str:
    """What to train from random weights where nobody chose: a network for small pictures, or the
    shape of the model `model_id`.

    Args:
        typical_side: of the photos, in pixels; 0: not known.
    """
    return SMALL_PHOTOS_ID if 0 < typical_side <= SMALL_SIDE else model_id


def find_architecture(model_id: str) -> ModelSpec | None:
    """The architecture of this id as a spec without weights; None: there is none of that name.

    Raises:
        DepthError: the name is known and has no such depth.
    """
    wanted = model_id.strip().lower()
    if wanted in _PLAIN:
        return _plain_spec(wanted)
    if wanted in KERAS_ARCHITECTURES:
        return _keras_spec(wanted)
    match = _CIFAR.fullmatch(wanted)
    if match is None or (match[3] and match[1] != "resnet"):
        return None
    architecture, kind, title, family = _KINDS[match[1]]
    depth = int(match[2])
    blocks = check_depth(architecture, depth)
    options: dict[str, Any] = {"depth": depth}
    if architecture == "cifar_resnet":
        options |= {"kind": kind, "shortcut": "B" if match[3] else "A"}
        parameters, multiply_adds = _basic_size(blocks, kind, options["shortcut"])
    else:
        parameters, multiply_adds = _bottleneck_size(blocks)
    return ModelSpec(
        id=f"cifar-{match[1]}{depth}{match[3] or ''}",
        title=title.format(depth) + (", option B" if match[3] else ""),
        family=family,
        architecture=architecture,
        provider=PROVIDER,
        dataset="",
        classes=(),
        preprocessing=CIFAR_PREPROCESSING,
        parameters=parameters,
        gflops=multiply_adds / 1e9,
        architecture_options=options,
        notes="Random weights: to be trained from scratch.",
    )


def _plain_spec(model_id: str) -> ModelSpec:
    depth = _PLAIN[model_id]
    blocks = PLAIN_STAGES[depth]
    # With 1000 outputs, as ResNet's published count.
    parameters, multiply_adds, channels, side = 3 * 49 * 64 + 128, 3 * 49 * 64 * 112**2, 64, 56
    for number, (width, count) in enumerate(zip((64, 128, 256, 512), blocks, strict=True)):
        side = side if not number else side // 2
        for _ in range(count):
            weights = 9 * channels * width + 9 * width * width
            parameters += weights + 4 * width
            multiply_adds += weights * side * side
            channels = width
    parameters += channels * 1000 + 1000
    multiply_adds += channels * 1000
    return ModelSpec(
        id=model_id,
        title=f"Plain-{depth} (ResNet-{depth} without shortcuts)",
        family="Plain",
        architecture="plain_resnet",
        provider=PROVIDER,
        dataset="",
        classes=(),
        preprocessing=Preprocessing(resize=256, crop=224),
        parameters=parameters,
        gflops=multiply_adds / 1e9,
        architecture_options={"depth": depth},
        notes="Random weights: to be trained from scratch.",
    )


def _keras_spec(architecture: str) -> ModelSpec:
    published = next(spec for spec in keras_specs() if spec.architecture == architecture)
    return ModelSpec(
        id=architecture,
        title=published.title,
        family=published.family,
        architecture=architecture,
        provider=PROVIDER,
        dataset="",
        classes=(),
        preprocessing=published.preprocessing,
        parameters=published.parameters,
        gflops=published.gflops,
        notes="Random weights: to be trained from scratch.",
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
