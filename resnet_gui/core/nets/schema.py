"""Which options an architecture takes: its registration's rules, applied to a file's header. No
torch, and nothing is built: a file may ask for a million layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resnet_gui.core.header_schema import ABSENT, Field, Number, Table, Whole
from resnet_gui.core.nets.registration import Architecture

_HEAD = Field(
    Table({"width": Field(Whole(0, 65_536), ABSENT), "dropout": Field(Number(0, 0.99), ABSENT)}),
    ABSENT,
)


def read_options(architecture: Architecture, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as `build_network` takes them.

    Raises:
        HeaderValueError: it has no such option, or not with this value; the text names it.
        DepthError: it has no such depth.
    """
    rules = Table({**architecture.options, "head": _HEAD})
    found = _given(rules.read(options, f"architecture {architecture.name}"))
    if "head" in found:
        found["head"] = _given(found["head"])
    architecture.check(found)
    return found


def _given(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not ABSENT}
