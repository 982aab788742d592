"""Training throughput at 32x32 pixels: ours against a plain DataLoader loop, in turns.

    python -m benchmarks bench_cifar [--images 3200] [--rounds 5] [--only plain ours …]

All train a CIFAR ResNet-20 with batches of 128 on the same generated images, shifted and mirrored,
on the CPU with all its cores, each in a process of its own. The plain loop is what tutorials write:
a Dataset of PIL images, torchvision's transforms, a DataLoader (with no worker process, and with
two: the faster counts), fp32. Ours is `train()` itself, with what the preset chooses, checkpoints
and events included; one epoch a turn, once at full size in every epoch (`ours`) and once at the
sizes with which the preset begins and goes on (`half`, `threequarters`: the recipe has six, two and
two epochs of each). `bare` is forward, backward and optimizer step on tensors in memory, in our
precision and layout.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

if sys.argv[1:2] == ["child"] and sys.argv[2] not in ("plain", "workers"):  # as this program is
    from resnet_gui.__main__ import prepare_environment

    prepare_environment()

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from benchmarks.common import machine
from benchmarks.turns import (
    Contestant,
    Told,
    Turn,
    Watch,
    answer_turns,
    compare,
    fastest,
    take_turns,
)
from resnet_gui.core.inference.hardware import autocast, resolve_precision
from resnet_gui.core.nets.cifar import CifarResNet
from resnet_gui.core.runs.config import Precision
from resnet_gui.core.runs.events import BatchDone, EpochDone
from resnet_gui.core.training.api import train
from resnet_gui.core.training.presets import config_for

CLASSES, BATCH = 10, 128
TITLES = {
    "plain": "plain loop, no worker process",
    "workers": "plain loop, two worker processes",
    "ours": "ours at 32x32",
    "half": "ours at 16x16",
    "threequarters": "ours at 24x24",
    "bare": "bare step at 32x32",
}
_SIDES = {"ours": 32, "half": 16, "threequarters": 24}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=3_200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=list(TITLES), choices=list(TITLES))
    values = parser.parse_args()
    print(f"# {machine()}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    with tempfile.TemporaryDirectory() as home:
        data = _write(_pixels(values.images), Path(home) / "images")
        contestants = []
        for kind in values.only:
            command = [sys.executable, "-m", "benchmarks.bench_cifar", "child", kind, str(data)]
            command.append(str(values.rounds + 1))
            contestants.append(Contestant(kind, TITLES[kind], command))
        ran = take_turns(contestants, values.rounds)
    plain = fastest(ran, ("plain", "workers"))
    for item in ran.values():
        if plain is not None and item is not plain:
            compare(item, plain)
    if "ours" in ran and "bare" in ran:
        compare(ran["ours"], ran["bare"])
    if plain is not None and all(kind in ran for kind in _SIDES):
        rates = {kind: statistics.median(ran[kind].rates()) for kind in _SIDES}
        share = {"half": 0.6, "threequarters": 0.2, "ours": 0.2}
        recipe = 1 / sum(part / rates[kind] for kind, part in share.items())
        print(
            f"so the recipe: {recipe:.0f} images/s, "
            f"{recipe / statistics.median(plain.rates()):.2f} times “{plain.title}”"
        )


def _pixels(images: int) -> Any:
    return np.random.default_rng(0).integers(0, 255, (images, 32, 32, 3), dtype=np.uint8)


def _write(pixels: Any, folder: Path) -> Path:
    for number, image in enumerate(pixels):
        path = folder / f"class{number % CLASSES}" / f"{number:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path, compress_level=0)
    return folder


def _make(kind: str, data: Path, turns: int, home: Path) -> Turn:
    count = len(list(data.glob("*/*.png")))
    kinds: dict[str, Callable[[], Turn]] = {
        "plain": lambda: _Plain(count, 0),
        "workers": lambda: _Plain(count, 2),
        "bare": lambda: _Bare(count),
        **{
            name: lambda side=side: _Ours(data, count, turns, side, home)
            for name, side in _SIDES.items()
        },
    }
    return kinds[kind]()


class _Ours:
    """A real run, one epoch a turn; counted is the training part of it."""

    def __init__(self, data: Path, count: int, turns: int, side: int, home: Path) -> None:
        config = config_for(
            "cifar-fast", data=str(data), model="cifar-resnet20", photos=count,
            epochs=turns, progressive_resizing=False, image_size=side, device="cpu",
        )  # fmt: skip
        self._events = train(config, folder=home / "runs", models=home / "models")

    def __call__(self) -> Told:
        watch, told = Watch(), Told()
        for event in self._events:
            if isinstance(event, BatchDone):
                told = watch.told(0)
            if isinstance(event, EpochDone):
                seconds = event.train_photos / event.photos_per_s
                return {**told, "photos": event.train_photos, "seconds": seconds}
        raise RuntimeError("the run ended early")


class _Bare:
    def __init__(self, count: int) -> None:
        self._steps = count // BATCH
        self._precision = resolve_precision(Precision.AUTO, "cpu")
        self._network = _network().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimizer = torch.optim.SGD(
            self._network.parameters(), 0.1, 0.9, weight_decay=5e-4, nesterov=True, fused=True
        )
        self._x = torch.randn(BATCH, 3, 32, 32).contiguous(memory_format=torch.channels_last)
        self._y = torch.randint(0, CLASSES, (BATCH,))

    def __call__(self) -> Told:
        watch = Watch()
        for _ in range(self._steps):
            with autocast("cpu", self._precision):
                logits = self._network(self._x)
            torch.nn.functional.cross_entropy(logits.float(), self._y).backward()
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
        return watch.told(self._steps * BATCH)


def _network() -> CifarResNet:
    return CifarResNet(20, CLASSES).train()


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


class _Plain:
    def __init__(self, count: int, workers: int) -> None:
        self._network = _network()
        self._optimizer = torch.optim.SGD(
            self._network.parameters(), 0.1, momentum=0.9, weight_decay=5e-4, nesterov=True
        )
        self._loader = DataLoader(
            _Images(_pixels(count)), BATCH, shuffle=True, num_workers=workers, drop_last=True
        )

    def __call__(self) -> Told:
        seen, watch = 0, Watch()
        for x, y in self._loader:
            loss = torch.nn.functional.cross_entropy(self._network(x), y)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            seen += len(y)
        return watch.told(seen)


def _child(kind: str, data: str, turns: str) -> None:
    with tempfile.TemporaryDirectory() as home:
        answer_turns(lambda: _make(kind, Path(data), int(turns), Path(home)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        _child(*sys.argv[2:])
    else:
        main()
