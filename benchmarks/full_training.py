"""Full training of ResNet-18 at 224 pixels on the CPU, in photos/s: this program, the bare step,
and the loops that others offer, in turns in one run.

    python -m benchmarks full_training [--data FOLDER] [--rounds 5] [--batch 32] [--only ours bare …]
                                       [--peer-python PYTHON]

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
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.common import machine, make_classes
from benchmarks.full_training_child import ARCHITECTURE, SIDE, Told

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
_OURS = ("ours", "bare", "kept")  # with the settings of this program


class Contestant:
    """One way to train, in a process of its own. reason: why it cannot run, "" if it can."""

    def __init__(self, kind: str, data: Path, batch: int, turns: int, python: str) -> None:
        self.kind, self.reason = kind, ""
        self.rounds: list[Told] = []
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
        policy = {"OMP_WAIT_POLICY": "PASSIVE"} if kind in _OURS else {}
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.full_training_child", kind, str(data), str(batch), str(turns)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, **policy},
        )
        self._read()
        self.take_turn()  # warms up
        self.rounds.clear()

    def take_turn(self) -> None:
        if self.reason:
            return
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        told = self._read()
        if told:
            self.rounds.append(told)

    def rates(self) -> list[float]:
        """Photos/s of each round."""
        return [told["photos"] / told["seconds"] for told in self.rounds]

    def processor_ms(self) -> list[float]:
        """Milliseconds of processors per photo, of each round."""
        return [1000 * told["processor_seconds"] / told["photos"] for told in self.rounds]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def _read(self) -> Told:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            told: Told = json.loads(line)
            return told
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        self.reason = lines[-1] if lines else "it ended without a word"
        return {}


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
    import torch

    print(f"# {machine()}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    with tempfile.TemporaryDirectory() as home:
        data = values.data
        if data is None:
            data = Path(home) / "photos"
            make_classes(data, values.photos)
        contestants = []
        for kind in values.only:
            python = values.peer_python if kind in _PEERS else sys.executable
            contestants.append(Contestant(kind, data, values.batch, values.rounds + 1, python))
            if contestants[-1].reason:
                print(f"# {TITLES[kind]} cannot run: {contestants[-1].reason}", flush=True)
        try:
            _take_turns(contestants, values.rounds)
        finally:
            for contestant in contestants:
                contestant.close()
    ran = {item.kind: item for item in contestants if not item.reason}
    print(f"{ARCHITECTURE} at {SIDE} pixels, batches of {values.batch}, {values.rounds} rounds")
    _report(ran)
    _small_networks()


def _take_turns(contestants: list[Contestant], rounds: int) -> None:
    order = random.Random(0)
    for number in range(rounds):
        # In another order each time: who comes after whom must not matter.
        for contestant in order.sample(contestants, len(contestants)):
            contestant.take_turn()
        rates = [f"{item.kind} {item.rates()[-1]:.1f}" for item in contestants if item.rates()]
        print(f"# round {number + 1}: {', '.join(rates)}", flush=True)


def _report(ran: dict[str, Contestant]) -> None:
    for item in ran.values():
        busy = statistics.median(item.processor_ms())
        print(
            f"{TITLES[item.kind]}: {_spread(item.rates(), 1)} photos/s, {busy:.1f} ms of "
            "processors per photo"
        )
    loops = [ran[kind] for kind in ("reference", "workers") if kind in ran]
    if loops:  # the faster one counts
        best = max(loops, key=lambda item: statistics.median(item.rates()))
        _compare("as fast as the reference loop", ran, best)
    for kind in ("bare", "kept"):
        if kind in ran:
            _compare(f"of the {TITLES[kind]}", ran, ran[kind])
    if "ours" in ran and ran["ours"].rounds:
        print(
            f"whole run of ours: {ran['ours'].rounds[-1]['whole']:.1f} training photos/s over all, "
            "with start, decoding, validation and checkpoints"
        )


def _compare(words: str, ran: dict[str, Contestant], other: Contestant) -> None:
    """Ratios of each round, so that a machine that slows down for a while slows both down."""
    for item in ran.values():
        if item is not other and (item.kind == "ours" or other.kind in ("reference", "workers")):
            by_clock = [a / b for a, b in zip(item.rates(), other.rates(), strict=True)]
            busy = [b / a for a, b in zip(item.processor_ms(), other.processor_ms(), strict=True)]
            print(
                f"{TITLES[item.kind]}: {_spread(by_clock, 2)} times {words}; by processor time "
                f"{_spread(busy, 2)}"
            )


def _spread(values: list[float], digits: int) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} … {high:.{digits}f})"


def _small_networks() -> None:
    """What bf16 gains where a network is small: if nothing, automatic must not choose it."""
    import time

    import torch
    from torch import nn

    from resnet_gui.core.inference.hardware import autocast
    from resnet_gui.core.nets.cifar import CifarResNet

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
