"""One contestant of `full_training`. The peers need nothing of this program, so that they can live
in another environment.

    python -m benchmarks.full_training_child KIND PHOTOS BATCH TURNS
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

if sys.argv[1:2] in (["ours"], ["bare"], ["kept"]):  # under this program's settings
    from resnet_gui.__main__ import prepare_environment

    prepare_environment()

import torch
from torch import Tensor, nn

from benchmarks.turns import Told, Turn, Watch, answer_turns

ARCHITECTURE, SIDE = "resnet18", 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_BARE_STEPS = 6


class Ours:
    """A real run, one epoch a turn. A run whose generator is not asked stands still. Counted is the
    training part of the epoch."""

    def __init__(self, data: Path, batch: int, turns: int, home: Path) -> None:
        from resnet_gui.core.nets.build import build_network
        from resnet_gui.core.preprocessing import Preprocessing
        from resnet_gui.core.runs.config import RunConfig
        from resnet_gui.core.training.api import train
        from resnet_gui.core.zoo import ModelSpec, Zoo
        from resnet_gui.core.zoo.providers.files import FileProvider
        from resnet_gui.core.zoo.spec import ModelState
        from resnet_gui.core.zoo.weights.load import save_model

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
            str(data), "start", method="full", epochs=turns, batch_size=batch, lr=1e-4,
            augmentation="standard", freeze_batchnorm="off", device="cpu",
        )  # fmt: skip
        zoo = Zoo((FileProvider(models, ModelState.YOURS),))
        self._events = train(config, zoo=zoo, folder=home / "runs", models=models)
        self._seen, self._whole_s = 0.0, 0.0

    def __call__(self) -> Told:
        from resnet_gui.core.runs.events import BatchDone, EpochDone

        watch, told = Watch(), Told()
        for event in self._events:
            if isinstance(event, BatchDone):
                told = watch.told(0)
            if isinstance(event, EpochDone):
                # The program's own figure: what was prepared before the first epoch is not in it.
                seconds = event.train_photos / event.photos_per_s
                self._seen += event.train_photos
                self._whole_s += watch.told(0)["seconds"]
                whole = self._seen / self._whole_s
                return {**told, "photos": event.train_photos, "seconds": seconds, "whole": whole}
        raise RuntimeError("the run ended early")


class BareStep:
    """Forward, backward and optimizer step on tensors in memory, in our precision and layout, with
    a fused optimizer.

    Args:
        keep: whether freed memory is kept, with large pages, as in a run.
    """

    def __init__(self, batch: int, keep: bool) -> None:
        from resnet_gui.core.inference.hardware import autocast, resolve_precision
        from resnet_gui.core.runs.config import Precision
        from resnet_gui.core.system.allocator import keeping_freed_memory
        from resnet_gui.core.system.memory import free_memory_bytes

        self._keeping = contextlib.ExitStack()
        if keep:
            self._keeping.enter_context(keeping_freed_memory(free_memory_bytes() // 4))
        precision = resolve_precision(Precision.AUTO, "cpu")
        self._autocast = lambda: autocast("cpu", precision)
        self._network = _network().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimizer = torch.optim.AdamW(self._network.parameters(), 1e-4, fused=True)
        self._x = torch.randn(batch, 3, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
        self._y = torch.randint(0, 2, (batch,))

    def __call__(self) -> Told:
        watch = Watch()
        for _ in range(_BARE_STEPS):
            with self._autocast():
                logits = self._network(self._x)
            nn.functional.cross_entropy(logits.float(), self._y).backward()
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
        return watch.told(_BARE_STEPS * len(self._y))


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


class Reference:
    """An epoch of torchvision's references/classification/train.py: train_one_epoch."""

    def __init__(self, data: Path, batch: int, workers: int) -> None:
        self._loader = _loader(data, batch, workers)
        self._network = _network()
        self._optimizer = torch.optim.SGD(
            self._network.parameters(), 0.1, momentum=0.9, weight_decay=1e-4
        )
        self._criterion = nn.CrossEntropyLoss()

    def __call__(self) -> Told:
        seen, watch = 0, Watch()
        for image, target in self._loader:
            output = self._network(image)
            loss = self._criterion(output, target)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            _accuracy(output, target)
            loss.item()
            seen += len(target)
        return watch.told(seen)


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

    def turn() -> Told:
        watch = Watch()
        with learner.no_bar(), learner.no_logging():
            learner.fit(1, 1e-4)
        # fastai drops the last batch that is not full, and validates on the twentieth part.
        return watch.told(len(loaders.train) * batch)

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

    def turn() -> Told:
        trainer = lightning.Trainer(
            max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        watch = Watch()
        trainer.fit(module, loader)
        return watch.told(len(loader.dataset))

    return turn


def _make(kind: str, data: Path, batch: int, turns: int, home: Path) -> Turn:
    photos = data / "train" if (data / "train").is_dir() else data
    kinds: dict[str, Callable[[], Turn]] = {
        "reference": lambda: Reference(photos, batch, 0),
        "workers": lambda: Reference(photos, batch, 2),
        "ours": lambda: Ours(data, batch, turns, home),
        "bare": lambda: BareStep(batch, False),
        "kept": lambda: BareStep(batch, True),
        "fastai": lambda: _fastai(photos, batch),
        "lightning": lambda: _lightning(photos, batch),
    }
    return kinds[kind]()


def main(kind: str, data: str, batch: str, turns: str) -> None:
    with tempfile.TemporaryDirectory() as home:
        answer_turns(lambda: _make(kind, Path(data), int(batch), int(turns), Path(home)))


if __name__ == "__main__":
    main(*sys.argv[1:])
