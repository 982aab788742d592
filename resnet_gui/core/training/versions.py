"""What a run is made with. Needs torch."""

from __future__ import annotations

import platform
from importlib import metadata

import torch

from resnet_gui import __version__


def versions() -> dict[str, str]:
    """Of the program and of what computes."""
    return {
        "resnet-gui": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": metadata.version("torchvision"),
    }
