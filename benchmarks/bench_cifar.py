"""Training throughput at 32x32 pixels: ours against a plain DataLoader loop, in turns.

    python -m benchmarks.bench_cifar [--images 6400] [--rounds 3]

Both train a CIFAR ResNet-20 with batches of 128 on the same generated images, shifted and mirrored,
on the CPU with all its cores. The plain loop is what tutorials write: a Dataset of PIL images,
torchvision's transforms, a DataLoader (with no worker process, and with two: the faster counts),
fp32. Ours is `train()` itself, with what the preset chooses, checkpoints and events included; once
at full size in every epoch and once as the preset has it (most epochs at fewer pixels).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from benchmarks.common import machine
from resnet_gui.core.nets.cifar import CifarResNet
from resnet_gui.core.runs.events import EpochDone
from resnet_gui.core.training.api import train
from resnet_gui.core.training.presets import config_for

CLASSES, BATCH = 10, 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=6_400)
    parser.add_argument("--rounds", type=int, default=3)
    values = parser.parse_args()
    print(f"# {machine()}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    pixels = np.random.default_rng(0).integers(0, 255, (values.images, 32, 32, 3), dtype=np.uint8)
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        data = _write(pixels, Path(folder) / "images")
        for number in range(values.rounds):
            for name, workers in (("plain, no worker", 0), ("plain, two workers", 2)):
                found.setdefault(name, []).append(_plain(pixels, workers))
            where = Path(folder) / str(number)
            full, recipe = _ours(data, where, False), _ours(data, where, True)
            found.setdefault("ours, full size", []).append(full)
            found.setdefault("ours, recipe", []).append(recipe)
            print({key: round(values[-1]) for key, values in found.items()}, flush=True)
    middle = {name: statistics.median(values) for name, values in found.items()}
    plain = max(middle["plain, no worker"], middle["plain, two workers"])
    for name, rate in middle.items():
        low, high = min(found[name]), max(found[name])
        print(f"{name}: {rate:.0f} images/s ({low:.0f} to {high:.0f}), {rate / plain:.2f} x")


def _write(pixels: Any, folder: Path) -> Path:
    for number, image in enumerate(pixels):
        path = folder / f"class{number % CLASSES}" / f"{number:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path, compress_level=0)
    return folder


def _ours(data: Path, where: Path, recipe: bool) -> float:
    """Training images per second of `train()`, over the epochs but the first (it warms up)."""
    count = len(list(data.glob("*/*.png")))
    # Ten epochs of the recipe: six at 16x16, two at 24x24, two at 32x32.
    config = config_for(
        "cifar-fast", data=str(data), model="cifar-resnet20", photos=count, classes=CLASSES,
        epochs=10 if recipe else 3, progressive_resizing=recipe, device="cpu",
    )  # fmt: skip
    events = train(config, folder=where / "runs", models=where / "models")
    epochs = [event for event in events if isinstance(event, EpochDone)]
    if recipe:
        return len(epochs) / sum(1 / epoch.photos_per_s for epoch in epochs)
    return statistics.median(epoch.photos_per_s for epoch in epochs[1:])


class _Images(Dataset):  # type: ignore[type-arg]
    """As torchvision's CIFAR10: an array that becomes PIL images one by one."""

    def __init__(self, pixels: Any) -> None:
        from torchvision import transforms

        self._pixels = pixels
        self._transform = transforms.Compose(
            [
                transforms.RandomCrop(32, padding=4),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
            ]
        )

    def __len__(self) -> int:
        return len(self._pixels)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self._transform(Image.fromarray(self._pixels[index])), index % CLASSES


def _plain(pixels: Any, workers: int) -> float:
    """Images per second of one epoch, after a few batches to warm up."""
    network = CifarResNet(20, CLASSES).train()
    optimizer = torch.optim.SGD(
        network.parameters(), 0.1, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    loader = DataLoader(_Images(pixels), BATCH, shuffle=True, num_workers=workers, drop_last=True)
    warm, began, seen = 5, 0.0, 0
    for number, (x, y) in enumerate(loader):
        if number == warm:
            began = time.perf_counter()
        loss = torch.nn.functional.cross_entropy(network(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if number >= warm:
            seen += len(y)
    return seen / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
