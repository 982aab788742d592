"""Head training on cached features against a plain loop that runs the backbone at every epoch.

    python -m benchmarks.bench_head FOLDER [--epochs 10] [--model efficientnet-lite0] [--rounds 3]
        [--plain-epochs 1]

FOLDER has train/ and val/ with one sub-folder per class. Both train the same linear head with
the same optimizer, rate and batch for the same epochs, without augmentation, and validate after
each. The plain loop is what a tutorial does: every epoch decodes the photos and runs the backbone,
in float32 without gradients; it runs once, between our rounds. A round of ours is two runs: the
first finds no features, the second those of the first. The start model's conversion is there before
the rounds, as it is where the model has answered a photo; one more run, before them, goes without.
Prints one JSON object with medians, ratios and the conditions; `start` is from the call of
`train()` to its first step. `cpu` are ratios of processor time (of all threads), which say the same
on a quiet machine and more on a busy one. With --plain-epochs the plain loop runs so few and its
time is scaled: all its epochs are the same work.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch import nn

from benchmarks.common import machine
from resnet_gui.core.dataset import scan_dataset
from resnet_gui.core.dataset.split import Item, make_split
from resnet_gui.core.inference.convert import convert
from resnet_gui.core.inference.feature_cache import clear_features
from resnet_gui.core.inference.tensors import normalise, to_tensor
from resnet_gui.core.nets.build import set_head
from resnet_gui.core.photos.store import exact_reader
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import BatchDone, EpochDone
from resnet_gui.core.system import paths
from resnet_gui.core.system.settings import EXACT_VARIABLE
from resnet_gui.core.training.api import train
from resnet_gui.core.training.warm import import_all
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.weights.load import load_network

BATCH, RATE = 32, 2e-3


class Timed(NamedTuple):
    """seconds, processor seconds, seconds to the first step, right answers on validation photos."""

    s: float
    cpu_s: float
    start_s: float
    right: int


def plain_loop(folder: Path, model: str, epochs: int, precision: str) -> Timed:
    began, cpu = time.perf_counter(), time.process_time()
    torch.manual_seed(0)
    summary = list(scan_dataset(folder))[-1].summary
    split = make_split(summary, 0.2, 0)
    entry = Zoo.standard().ready(model)
    network = load_network(entry)
    if precision != "fp32":
        network = network.to(memory_format=torch.channels_last)
    head = set_head(network, len(split.classes))
    optimizer = torch.optim.AdamW(head.parameters(), RATE, weight_decay=1e-2)
    read = exact_reader(entry.spec.preprocessing)

    def batch(items: list[Item]) -> tuple[torch.Tensor, torch.Tensor]:
        photos = torch.stack([to_tensor(read(Path(summary.root) / item.path)) for item in items])
        return normalise(photos, entry.spec.preprocessing), torch.tensor([i.label for i in items])

    right = 0
    for _ in range(epochs):
        order = torch.randperm(len(split.train)).tolist()
        for start in range(0, len(order), BATCH):
            x, y = batch([split.train[i] for i in order[start : start + BATCH]])
            with torch.autocast("cpu", torch.bfloat16, enabled=precision != "fp32"):
                logits = network(x)
            loss = nn.functional.cross_entropy(logits.float(), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        right = 0
        for start in range(0, len(split.val), BATCH):
            x, y = batch(list(split.val[start : start + BATCH]))
            with (
                torch.inference_mode(),
                torch.autocast("cpu", torch.bfloat16, enabled=precision != "fp32"),
            ):
                right += int((network(x).argmax(1) == y).sum())
    return Timed(time.perf_counter() - began, time.process_time() - cpu, 0.0, right)


def cached(folder: Path, model: str, epochs: int, home: Path) -> Timed:
    """The same by this program, checkpoints and all."""
    config = RunConfig(
        str(folder), model, epochs=epochs, batch_size=BATCH, lr=RATE, schedule="constant",
        device="cpu",
    )  # fmt: skip
    last: EpochDone | None = None
    start_s = 0.0
    began, cpu = time.perf_counter(), time.process_time()
    for event in train(config, folder=home / "runs", models=home / "models"):
        if isinstance(event, BatchDone) and not start_s:
            start_s = time.perf_counter() - began
        if isinstance(event, EpochDone):
            last = event
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert last is not None
    assert last.val_accuracy is not None
    return Timed(seconds, cpu, start_s, round(last.val_accuracy * last.val_photos))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="efficientnet-lite0")
    parser.add_argument(
        "--plain-precision", default="fp32", choices=["fp32", "bf16"],
        help="bf16: the plain loop gets mixed precision and channels-last too",
    )  # fmt: skip
    parser.add_argument("--plain-epochs", type=int, help="of the plain loop; default: all")
    arguments = parser.parse_args()
    conditions = machine()
    # What every process pays once, whoever trains: it is no part of either.
    import_all()
    folder, model, epochs = arguments.folder, arguments.model, arguments.epochs
    plain_epochs = arguments.plain_epochs or epochs
    runs: list[Timed] = []
    plain = Timed(0.0, 0.0, 0.0, 0)
    with tempfile.TemporaryDirectory() as home:
        paths.cache_dir = lambda: Path(home) / "cache"  # what is kept of earlier runs is not found
        os.environ[EXACT_VARIABLE] = "1"
        unconverted = cached(folder, model, epochs, Path(home))
        os.environ[EXACT_VARIABLE] = ""
        began = time.perf_counter()
        list(convert(Zoo.standard().ready(model)))
        conversion_s = time.perf_counter() - began
        for number in range(arguments.rounds):
            clear_features()
            runs += [cached(folder, model, epochs, Path(home)) for _ in range(2)]
            if number == arguments.rounds // 2:
                plain = plain_loop(folder, model, plain_epochs, arguments.plain_precision)
    scale = epochs / plain_epochs
    parts = {"first": runs[::2], "second": runs[1::2], "unconverted": [unconverted]}
    result: dict[str, object] = {
        "plain_s": round(plain.s * scale, 1),
        "plain_cpu_s": round(plain.cpu_s * scale, 1),
        "conversion_s": round(conversion_s, 1),
    }
    for name, part in parts.items():
        seconds = statistics.median(run.s for run in part)
        cpu_s = statistics.median(run.cpu_s for run in part)
        result |= {
            f"ratio_{name}": round(plain.s * scale / seconds, 1),
            f"ratio_{name}_cpu": round(plain.cpu_s * scale / cpu_s, 1),
            f"{name}_s": round(seconds, 2),
            f"{name}_cpu_s": round(cpu_s, 2),
            f"{name}_start_s": round(statistics.median(run.start_s for run in part), 2),
        }
    result |= {
        "second_start_s_all": [round(run.start_s, 2) for run in runs[1::2]],
        "right": sorted({run.right for run in runs}),
        "plain_right": plain.right,
        "plain_epochs": plain_epochs,
        "epochs": epochs,
        "model": model,
        "plain_precision": arguments.plain_precision,
        "machine": conditions,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
