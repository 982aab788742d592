"""Which architectures this version builds, and which options each takes, with their ranges. Without
torch, and without building anything: a file may ask for a million layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resnet_gui.core.errors import DepthError
from resnet_gui.core.header_schema import (
    Choice,
    Field,
    Flag,
    HeaderValueError,
    Number,
    Table,
    Whole,
)
from resnet_gui.core.nets.architectures import DEEPEST, PLAIN_STAGES, check_depth
from resnet_gui.core.zoo.providers.keras import KERAS_ARCHITECTURES
from resnet_gui.core.zoo.providers.lite0 import MODEL_ID as LITE0
from resnet_gui.core.zoo.providers.torchvision import ARCHITECTURES

_NONE = object()  # an option that is not given stays away: the network's own default counts
_HEAD = Field(
    Table({"width": Field(Whole(0, 65_536), _NONE), "dropout": Field(Number(0, 0.99), _NONE)}),
    _NONE,
)
_DEPTH = Field(Whole(1, DEEPEST))
_PIXEL_MEAN = Field(Flag(), _NONE)
_OPTIONS: dict[str, dict[str, Field]] = {
    **{name: {} for name in (*ARCHITECTURES, *KERAS_ARCHITECTURES)},
    LITE0: {
        "width_coefficient": Field(Number(0.01, 4), _NONE),
        "depth_coefficient": Field(Number(0.01, 4), _NONE),
        "dropout_rate": Field(Number(0, 0.99), _NONE),
    },
    "cifar_resnet": {
        "depth": _DEPTH,
        "kind": Field(Choice(("residual", "plain", "highway")), _NONE),
        "shortcut": Field(Choice(("A", "B")), _NONE),
        "pixel_mean": _PIXEL_MEAN,
    },
    "cifar_preresnet": {"depth": _DEPTH, "pixel_mean": _PIXEL_MEAN},
    "plain_resnet": {"depth": Field(Choice(tuple(PLAIN_STAGES)))},
}


def is_architecture(architecture: str) -> bool:
    """Whether this version can build it."""
    return architecture in _OPTIONS


def read_options(architecture: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of an architecture that `is_architecture`, as `build_network` takes them.

    Raises:
        HeaderValueError: it has no such option, or not with this value; the text names it.
        DepthError: it has no such depth.
    """
    rules = Table({**_OPTIONS[architecture], "head": _HEAD})
    found = _given(rules.read(options, f"architecture {architecture}"))
    if "head" in found:
        found["head"] = _given(found["head"])
    if architecture in ("cifar_resnet", "cifar_preresnet"):
        check_depth(architecture, found["depth"])
    kind = found.get("kind", "residual")
    if kind != "residual" and found.get("shortcut", "A") != "A":
        raise HeaderValueError(f"{kind} networks have no shortcuts of option B")
    return found


def _given(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not _NONE}


__all__ = ["DepthError", "is_architecture", "read_options"]
