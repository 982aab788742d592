"""Full training of ResNet-18 at 224 pixels on the CPU, in photos/s: this program, the bare step,
and the loops that others offer, in turns in one run.

    python -m benchmarks full_training [--data FOLDER] [--rounds 5] [--batch 32]
                                       [--only ours bare …] [--peer-python PYTHON]

- *reference*: the loop of torchvision's references/classification/train.py on one machine, fp32:
  ImageFolder, RandomResizedCrop, mirroring, a DataLoader (with no worker process, and with two: the
  faster counts), SGD, accuracy and loss read at every step.
- *ours*: `train()` itself, method full, augmentation standard (crop, mirroring, colour), BatchNorm
  learning, with checkpoints, validation and events. Its rate is that of the training part of an
  epoch, as the program shows it. The photos were decoded before the first epoch, which is not
  measured; the line “whole run” has everything from the first line of `train()` to the last epoch.
- *bare*: forward, backward, optimizer step on tensors in memory, with our precision and layout and
  a fused optimizer. *kept*: the same, with freed memory kept in the process, as in a run. Nothing
  that trains this network this way can be faster.
- *fastai*, *lightning*: where they are installed, here or in another environment (--peer-python).

Each in a process of its own that sleeps meanwhile, so that what one does to its process is not the
others' gain; the loops of others under the settings that they get by themselves. Of each the first
turn does not count, and a ratio is the median of the rounds' ratios. The last line says what bf16
gains on a small CIFAR network (32x32 pixels, batches of 128, one thread).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import nn

from benchmarks.common import machine, make_classes
from benchmarks.full_training_child import ARCHITECTURE, SIDE
from benchmarks.turns import Contestant, compare, fastest, take_turns
from resnet_gui.core.inference.hardware import autocast
from resnet_gui.core.nets.cifar import CifarResNet

TITLES = {
    "reference": "torchvision's reference loop, no worker process",
    "workers": "torchvision's reference loop, two worker processes",
    "ours": "ours",
    "bare": "bare step",
    "kept": "bare step, freed memory kept",
    "fastai": "fastai",
    "lightning": "Lightning",
}
_PEERS = ("fastai", "lightning")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="classes as folders, or train/ and val/")
    parser.add_argument("--photos", type=int, default=160, help="of generated ones (640x480)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--only", nargs="+", default=list(TITLES), choices=list(TITLES))
    parser.add_argument(
        "--peer-python", default=sys.executable, help="the Python that fastai and Lightning are in"
    )
    values = parser.parse_args()
    print(f"# {machine()}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    with tempfile.TemporaryDirectory() as home:
        data = values.data
        if data is None:
            data = Path(home) / "photos"
            make_classes(data, values.photos)
        contestants = []
        for kind in values.only:
            python = values.peer_python if kind in _PEERS else sys.executable
            command = [python, "-m", "benchmarks.full_training_child", kind, str(data)]
            command += [str(values.batch), str(values.rounds + 1)]
            contestants.append(Contestant(kind, TITLES[kind], command))
        print(f"{ARCHITECTURE} at {SIDE} pixels, batches of {values.batch}, {values.rounds} rounds")
        ran = take_turns(contestants, values.rounds)
    reference = fastest(ran, ("reference", "workers"))
    for item in ran.values():
        if reference is not None and item is not reference:
            compare(item, reference)
    for kind in ("bare", "kept"):
        if "ours" in ran and kind in ran:
            compare(ran["ours"], ran[kind])
    if "ours" in ran:
        print(
            f"whole run of ours: {ran['ours'].rounds[-1]['whole']:.1f} training photos/s over all, "
            "with start, decoding, validation and checkpoints"
        )
    _small_networks()


def _small_networks() -> None:
    """What bf16 gains where a network is small: if nothing, automatic must not choose it."""
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
    slow, fast = (statistics.median(measured[1:]) for measured in times.values())
    print(
        f"CIFAR ResNet-20, 128 x 32x32, 1 thread: fp32 {1000 * slow:.0f} ms, bf16 "
        f"{1000 * fast:.0f} ms: bf16 is {slow / fast:.2f} x"
    )


if __name__ == "__main__":
    main()
