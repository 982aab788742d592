"""Full training of ResNet-18 at 224 pixels on the CPU, in photos/s: this program, the bare step,
and the loops that others offer, in turns in one run.

    python -m benchmarks full_training [--data FOLDER] [--rounds 5] [--batch 32]

- *reference*: the loop of torchvision's references/classification/train.py on one machine, fp32:
  ImageFolder, RandomResizedCrop, mirroring, a DataLoader (with no worker process, and with two: the
  faster counts), SGD, accuracy and loss read at every step.
- *ours*: `train()` itself, method full, augmentation standard (crop, mirroring, colour), BatchNorm
  learning, with checkpoints, validation and events. Its rate is that of the training part of an
  epoch, as the program shows it. The photos were decoded before the first epoch, which is not
  measured; the line “whole run” has everything from the first line of `train()` to its end.
- *bare step*: forward, backward, optimizer step on tensors in memory, with our precision and
  layout and a fused optimizer. Nothing that trains this network this way can be faster.
- *fastai*, *Lightning*: where they are installed.

A 1-thread line says what bf16 gains on a small CIFAR network (32x32 pixels, batches of 128).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch import Tensor, nn

from benchmarks.common import machine, make_classes
from resnet_gui.core.inference.hardware import autocast, resolve_precision
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.nets.cifar import CifarResNet
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.runs.config import Precision, RunConfig
from resnet_gui.core.runs.events import BatchDone, EpochDone
from resnet_gui.core.training.api import train
from resnet_gui.core.zoo import ModelSpec, Zoo
from resnet_gui.core.zoo.providers.files import FileProvider
from resnet_gui.core.zoo.spec import ModelState
from resnet_gui.core.zoo.weights.load import save_model

ARCHITECTURE, SIDE = "resnet18", 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Turn = Callable[[], float]  # trains for a while and returns photos/s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="classes as folders, or train/ and val/")
    parser.add_argument("--photos", type=int, default=160, help="of generated ones (640x480)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32)
    values = parser.parse_args()
    print(f"# {machine()}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    precision = resolve_precision(Precision.AUTO, "cpu")
    _small_networks()
    with tempfile.TemporaryDirectory() as home:
        data = values.data or _generated(Path(home) / "photos", values.photos)
        loader_data = data / "train" if (data / "train").is_dir() else data
        ours = _Ours(data, Path(home), values.batch, values.rounds + 1)
        bare = _BareStep(values.batch, precision)
        turns: dict[str, Turn] = {
            "reference, no worker": _Reference(loader_data, values.batch, 0),
            "reference, two workers": _Reference(loader_data, values.batch, 2),
            "ours": ours,
            "bare step": bare,
        }
        for name, make in (("fastai", _fastai), ("lightning", _lightning)):
            if importlib.util.find_spec(name) is None:
                print(f"# {name} is not installed here: not measured")
            else:
                turns[name] = make(loader_data, values.batch)
        found: dict[str, list[float]] = {name: [] for name in turns}
        for name, turn in turns.items():  # warm
            print(f"# warm-up of {name}: {turn():.1f} photos/s", flush=True)
        for number in range(values.rounds):
            for name, turn in turns.items():
                found[name].append(turn())
            print(f"# round {number + 1}: {_rates(found)}", flush=True)
        whole = ours.finish()
    middle = {name: statistics.median(rates) for name, rates in found.items()}
    reference = max(middle["reference, no worker"], middle["reference, two workers"])
    print(f"{ARCHITECTURE} at {SIDE} pixels, batches of {values.batch}, ours in {precision}")
    for name, rate in middle.items():
        low, high = min(found[name]), max(found[name])
        print(f"{name}: {rate:.1f} photos/s ({low:.1f} to {high:.1f}), {rate / reference:.2f} x")
    # Of each round, so that a machine that slows down for a while slows both down.
    pairs = [a / b for a, b in zip(found["ours"], found["bare step"], strict=True)]
    print(f"ours against the bare step: {statistics.median(pairs):.3f} (each round {_list(pairs)})")
    busy = [1000 * statistics.median(item.busy_s[1:]) for item in (ours, bare)]
    print(
        f"processor time of a photo, all cores (other programs do not change it much): ours "
        f"{busy[0]:.1f} ms, bare step {busy[1]:.1f} ms, {busy[1] / busy[0]:.3f}"
    )
    print(whole)


def _rates(found: dict[str, list[float]]) -> str:
    return ", ".join(f"{name} {rates[-1]:.1f}" for name, rates in found.items())


def _list(values: list[float]) -> str:
    return " ".join(f"{value:.3f}" for value in values)


def _generated(folder: Path, count: int) -> Path:
    make_classes(folder, count)
    return folder


class _Ours:
    """A real run, one epoch a turn. A run whose generator is not asked stands still."""

    def __init__(self, data: Path, home: Path, batch: int, epochs: int) -> None:
        models = home / "models"
        torch.manual_seed(0)
        network = build_network(ARCHITECTURE, 1000, {})
        spec = ModelSpec(
            id="start", title="Start", family="Benchmark", architecture=ARCHITECTURE,
            provider="yours", dataset="none", classes=tuple(str(n) for n in range(1000)),
            preprocessing=Preprocessing(256, SIDE, MEAN, STD), parameters=0,
        )  # fmt: skip
        save_model(models / "start.safetensors", spec, network.state_dict())
        config = RunConfig(
            str(data), "start", method="full", epochs=epochs, batch_size=batch, lr=1e-4,
            augmentation="standard", freeze_batchnorm="off", device="cpu",
        )  # fmt: skip
        zoo = Zoo((FileProvider(models, ModelState.YOURS),))
        self._events = train(config, zoo=zoo, folder=home / "runs", models=models)
        self._seconds, self._seen, self._first_s = 0.0, 0, 0.0
        self.busy_s: list[float] = []

    def __call__(self) -> float:
        began, busy, last = time.perf_counter(), 0.0, time.process_time()
        for event in self._events:
            if isinstance(event, BatchDone):
                self._first_s = self._first_s or time.perf_counter() - began
                busy, last = busy + time.process_time() - last, time.process_time()
            if isinstance(event, EpochDone):
                self.busy_s.append(busy / event.train_photos)
                self._seconds += time.perf_counter() - began
                self._seen += event.train_photos
                return event.photos_per_s
        raise SystemExit("The run ended early.")

    def finish(self) -> str:
        began = time.perf_counter()
        for _ in self._events:
            pass
        self._seconds += time.perf_counter() - began
        return (
            f"whole run of ours: {self._seen / self._seconds:.1f} training photos/s over all, with "
            f"start ({self._first_s:.1f} s to the first step), validation, checkpoints and model"
        )


class _BareStep:
    def __init__(self, batch: int, precision: str, steps: int = 4) -> None:
        self._network = _network().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimizer = torch.optim.AdamW(self._network.parameters(), 1e-4, fused=True)
        self._x = torch.randn(batch, 3, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
        self._y = torch.randint(0, 2, (batch,))
        self._precision, self._steps = precision, steps
        self.busy_s: list[float] = []

    def __call__(self) -> float:
        began, busy = time.perf_counter(), time.process_time()
        for _ in range(self._steps):
            with autocast("cpu", self._precision):
                logits = self._network(self._x)
            nn.functional.cross_entropy(logits.float(), self._y).backward()
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
        self.busy_s.append((time.process_time() - busy) / self._steps / len(self._y))
        return self._steps * len(self._y) / (time.perf_counter() - began)


def _network() -> nn.Module:
    from torchvision.models import resnet18

    return resnet18(num_classes=2).train()


def _loader(data: Path, batch: int, workers: int) -> Any:
    """As in torchvision's references (presets.ClassificationPresetTrain)."""
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2

    transform = v2.Compose(
        [
            v2.RandomResizedCrop(SIDE, antialias=True),
            v2.RandomHorizontalFlip(0.5),
            v2.PILToTensor(),
            v2.ToDtype(torch.float, scale=True),
            v2.Normalize(MEAN, STD),
            v2.ToPureTensor(),
        ]
    )
    folder = ImageFolder(str(data), transform)
    return DataLoader(folder, batch, shuffle=True, num_workers=workers)


class _Reference:
    """An epoch of torchvision's references/classification/train.py: train_one_epoch."""

    def __init__(self, data: Path, batch: int, workers: int) -> None:
        self._loader = _loader(data, batch, workers)
        self._network = _network()
        self._optimizer = torch.optim.SGD(
            self._network.parameters(), 0.1, momentum=0.9, weight_decay=1e-4
        )
        self._criterion = nn.CrossEntropyLoss()

    def __call__(self) -> float:
        seen, began = 0, time.perf_counter()
        for image, target in self._loader:
            output = self._network(image)
            loss = self._criterion(output, target)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            _accuracy(output, target)
            loss.item()
            seen += len(target)
        return seen / (time.perf_counter() - began)


def _accuracy(output: Tensor, target: Tensor) -> float:
    with torch.inference_mode():
        return float((output.topk(1).indices[:, 0] == target).sum() * (100.0 / len(target)))


def _fastai(data: Path, batch: int) -> Turn:
    from fastai.vision.all import (
        ImageDataLoaders,
        RandomResizedCrop,
        accuracy,
        resnet18,
        vision_learner,
    )

    loaders = ImageDataLoaders.from_folder(
        data, valid_pct=0.05, seed=0, item_tfms=RandomResizedCrop(SIDE), bs=batch, num_workers=0
    )
    learner = vision_learner(loaders, resnet18, pretrained=False, metrics=accuracy)
    learner.unfreeze()

    def turn() -> float:
        began = time.perf_counter()
        with learner.no_bar(), learner.no_logging():
            learner.fit(1, 1e-4)
        # fastai drops the last batch that is not full, and validates.
        seen = len(loaders.train) * batch
        return seen / (time.perf_counter() - began)

    return turn


def _lightning(data: Path, batch: int) -> Turn:
    import lightning

    class Module(lightning.LightningModule):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.network = _network()

        def training_step(self, pair: Any, _: int) -> Tensor:
            return nn.functional.cross_entropy(self.network(pair[0]), pair[1])

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters(), 1e-4)

    module, loader = Module(), _loader(data, batch, 0)

    def turn() -> float:
        trainer = lightning.Trainer(
            max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        began = time.perf_counter()
        trainer.fit(module, loader)
        return len(loader.dataset) / (time.perf_counter() - began)

    return turn


def _small_networks() -> None:
    """What bf16 gains where a network is small: if nothing, automatic must not choose it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times: dict[str, list[float]] = {"fp32": [], "bf16": []}
    network = CifarResNet(20, 10).train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.randn(128, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    y = torch.randint(0, 10, (128,))
    for _ in range(6):
        for precision, measured in times.items():
            began = time.perf_counter()
            with autocast("cpu", precision):
                logits = network(x)
            nn.functional.cross_entropy(logits.float(), y).backward()
            network.zero_grad(set_to_none=True)
            measured.append(time.perf_counter() - began)
    torch.set_num_threads(threads)
    slow, fast = (statistics.median(measured[1:]) for measured in times.values())
    print(
        f"CIFAR ResNet-20, 128 x 32x32, 1 thread: fp32 {1000 * slow:.0f} ms, bf16 "
        f"{1000 * fast:.0f} ms: bf16 is {slow / fast:.2f} x"
    )


if __name__ == "__main__":
    main()
