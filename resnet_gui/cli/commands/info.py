"""The command `info`."""

from __future__ import annotations

import platform
from typing import Any

from resnet_gui import __version__
from resnet_gui.cli.options import JsonLines
from resnet_gui.cli.output import emit_json, emit_line
from resnet_gui.core.inference.converted import conversions_dir, describe
from resnet_gui.core.inference.eight_bits import describe_eight_bits
from resnet_gui.core.photos.decode import HEIC_READABLE
from resnet_gui.core.system import paths
from resnet_gui.core.system.find_device import find_devices
from resnet_gui.core.system.openvino_devices import openvino_devices
from resnet_gui.core.system.versions import version_of
from resnet_gui.core.zoo import ModelEntry, Zoo


def info(as_json: JsonLines = False) -> None:
    """Show versions, devices and folders: what a bug report needs."""
    default = Zoo.standard().default()
    facts: dict[str, Any] = {
        "version": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        **{
            name: version_of(name) or None
            for name in ("torch", "torchvision", "openvino", "nncf", "pillow", "PySide6-Essentials")
        },
        "heic": HEIC_READABLE,
        "devices": [f"{d.kind}: {d.name}" for d in (*openvino_devices(), *find_devices())],
        "default_model": default.spec.id if default else None,
        "backend": _backend(default),
        "models": str(paths.user_models_dir()),
        "weights": str(paths.torch_hub_checkpoints_dir()),
        "settings": str(paths.config_dir()),
        "converted": str(conversions_dir()),
        "log": str(paths.log_dir()),
    }
    if as_json:
        emit_json(facts)
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        shown = ", ".join(value) if isinstance(value, list) else _plain_value(value)
        emit_line(f"{name.replace('_', ' '):<{width}}  {shown}")


def _backend(entry: ModelEntry | None) -> str | None:
    """How the model answers on the CPU."""
    if entry is None:
        return None
    usual = describe(entry) or "Exact, until it was used once."
    return f"{usual} {describe_eight_bits(entry)}".strip()


def _plain_value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)
