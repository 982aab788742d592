"""Make `torchvision_table.json` and `imagenet1k.json` from torchvision's own weight entries.

`python -m tools.make_table` writes both; a test makes them again and compares.
Nothing else imports this module: the committed table is what keeps the zoo free of torch.
"""

from __future__ import annotations

import re
from typing import Any

from torchvision import models

from resnet_gui.core.nets.families.torchvision import ARCHITECTURES
from resnet_gui.core.system.atomic import write_json
from resnet_gui.core.system.paths import PACKAGE_DIR
from resnet_gui.core.zoo.providers.torchvision import CLASSES_FILE, TABLE_FILE

_HASH = re.compile(r"-([0-9a-f]{8,})\.pth$")


def make_table() -> list[dict[str, Any]]:
    """One row per published weight set of the ten residual architectures, in their order."""
    rows = []
    for architecture in (item.name for item in ARCHITECTURES):
        enum = models.get_model_weights(architecture)
        default = enum["DEFAULT"]
        for weights in enum:
            transforms, meta = weights.transforms(), weights.meta
            metrics = meta["_metrics"]["ImageNet-1K"]
            match = _HASH.search(weights.url)
            assert match is not None, weights.url
            rows.append(
                {
                    "architecture": architecture,
                    "weights": weights.name,
                    "default": weights == default,
                    "url": weights.url,
                    "sha256_prefix": match.group(1),
                    "bytes": round(meta["_file_size"] * 1024 * 1024),
                    "parameters": meta["num_params"],
                    "gflops": meta["_ops"],
                    "top1": round(metrics["acc@1"] / 100, 5),
                    "top5": round(metrics["acc@5"] / 100, 5),
                    "resize": transforms.resize_size[0],
                    "crop": transforms.crop_size[0],
                    "mean": list(transforms.mean),
                    "std": list(transforms.std),
                    "interpolation": transforms.interpolation.value,
                }
            )
    return rows


def make_classes() -> list[str]:
    """The 1000 labels of ImageNet-1k in the order of the networks' outputs."""
    return list(models.get_model_weights("resnet18")["DEFAULT"].meta["categories"])


if __name__ == "__main__":
    folder = PACKAGE_DIR / "core" / "zoo" / "providers"
    write_json(folder / TABLE_FILE, make_table())
    write_json(folder / CLASSES_FILE, make_classes())
