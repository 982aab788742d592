"""Head training on cached features against a plain loop that runs the backbone at every epoch.

    python benchmarks/bench_head.py FOLDER [--epochs 10] [--model efficientnet-lite0]

FOLDER has train/ and val/ with one sub-folder per class. Both train the same linear head with
the same optimizer, rate and batch for the same epochs, without augmentation, and validate after
each. The plain loop is what a tutorial does: every epoch decodes the photos and runs the backbone,
in float32 without gradients. Prints one JSON object with the ratio and the conditions.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch import nn

from resnet_gui.core.dataset import scan_dataset
from resnet_gui.core.dataset.split import Item, make_split
from resnet_gui.core.inference.tensors import normalise, to_tensor
from resnet_gui.core.nets.build import set_head
from resnet_gui.core.photos.store import exact_reader
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import EpochDone
from resnet_gui.core.system.processor import cpu_name
from resnet_gui.core.training.api import train
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.weights.load import load_network

BATCH, RATE = 32, 2e-3


def plain_loop(folder: Path, model: str, epochs: int, precision: str) -> tuple[float, int]:
    """Seconds, and right answers on the validation photos after the last epoch."""
    began = time.perf_counter()
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
    return time.perf_counter() - began, right


def cached(folder: Path, model: str, epochs: int) -> tuple[float, int]:
    """The same by this program, checkpoints and all."""
    began = time.perf_counter()
    config = RunConfig(
        str(folder), model, epochs=epochs, batch_size=BATCH, lr=RATE, schedule="constant",
        device="cpu",
    )  # fmt: skip
    last: EpochDone | None = None
    with tempfile.TemporaryDirectory() as home:
        for event in train(config, folder=Path(home) / "runs", models=Path(home) / "models"):
            if isinstance(event, EpochDone):
                last = event
    assert last is not None
    assert last.val_accuracy is not None
    photos = len(make_split(list(scan_dataset(folder))[-1].summary, 0.2, 0).val)
    return time.perf_counter() - began, round(last.val_accuracy * photos)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--model", default="efficientnet-lite0")
    parser.add_argument(
        "--plain-precision", default="fp32", choices=["fp32", "bf16"],
        help="bf16: the plain loop gets mixed precision and channels-last too",
    )  # fmt: skip
    arguments = parser.parse_args()
    fast_s, fast_right = cached(arguments.folder, arguments.model, arguments.epochs)
    plain_s, plain_right = plain_loop(
        arguments.folder, arguments.model, arguments.epochs, arguments.plain_precision
    )
    result = {
        "ratio": round(plain_s / fast_s, 1),
        "cached_s": round(fast_s, 1),
        "plain_s": round(plain_s, 1),
        "cached_right": fast_right,
        "plain_right": plain_right,
        "epochs": arguments.epochs,
        "model": arguments.model,
        "plain_precision": arguments.plain_precision,
        "cpu": cpu_name(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
