"""Answers on a GPU: this program in half precision and exactly, beside a plain torch loop.

    python -m benchmarks gpu [--device cuda] [--models resnet50 …] [--photos 512] [--rounds 7]
                             [--cifar FOLDER]

- *pixels*: crops that are in main memory go to the GPU, logits come back; 1 and 32 at a time. The
  plain loop is eager torch as it comes (float32 weights, cuDNN's TF32, channels first).
- *folder*: JPEGs from disk to answer. The plain loop reads, resizes and asks one photo after the
  other in batches of 32; ours is `Classifier.classify`.
- *cifar*: accuracy of the bundled networks on the test images, exact and fast.

Contestants take turns within one run; the first turn warms up. A ratio is the median of the
rounds'.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.models import ARCHITECTURES, make_photos, ready_model, table, versions
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
from resnet_gui.core.events import DeviceInfo, ImageSource, Prediction
from resnet_gui.core.inference.backend import Backend, Crops
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.exact import open_exact
from resnet_gui.core.inference.gpu_backend import open_gpu
from resnet_gui.core.inference.tensors import normalise
from resnet_gui.core.photos.preprocess import crop_photo
from resnet_gui.core.system.find_device import find_device
from resnet_gui.core.zoo import ModelEntry, Zoo
from resnet_gui.core.zoo.weights.load import load_network

_BATCHES = (1, 32)
_ASKED = {1: 100, 32: 20}  # calls in a turn
Turn = Callable[[], float]  # seconds


def in_turns(turns: dict[str, Turn], rounds: int) -> dict[str, list[float]]:
    for turn in turns.values():
        turn()
    found: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, turn in turns.items():
            found[name].append(turn())
    return found


def rows(what: str, found: dict[str, list[float]], photos: int, first: str) -> list[list[str]]:
    result = []
    for name, seconds in found.items():
        each = [a / b for a, b in zip(found[first], seconds, strict=True)]
        middle = statistics.median(seconds)
        times = f"{statistics.median(each):.2f} ({min(each):.2f} … {max(each):.2f})"
        result.append(
            [what, name, f"{photos / middle:,.0f}", f"{1000 * middle / photos:.3f}", times]
        )
    return result


def pixels(entry: ModelEntry, device: DeviceInfo, fast: Backend, rounds: int) -> list[list[str]]:
    side, preprocessing = entry.spec.preprocessing.crop, entry.spec.preprocessing
    network = load_network(entry).to(device.kind)
    exact = open_exact(entry, device)
    lines = []
    for batch in _BATCHES:
        crops = np.random.default_rng(0).integers(0, 256, (batch, side, side, 3), np.uint8)

        def plain(crops: Crops) -> np.ndarray:
            torch.backends.cudnn.allow_tf32 = True  # as torch comes
            with torch.inference_mode():
                x = torch.from_numpy(crops).permute(0, 3, 1, 2).to(device.kind)
                answer: np.ndarray = network(normalise(x, preprocessing)).cpu().numpy()
            torch.backends.cudnn.allow_tf32 = False
            return answer

        def turn(ask: Callable[[Crops], object], crops: Crops = crops) -> Turn:
            def run() -> float:
                began = time.perf_counter()
                for _ in range(_ASKED[len(crops)]):
                    ask(crops)
                return time.perf_counter() - began

            return run

        turns = {
            "plain torch": turn(plain),
            "ours, exact": turn(exact.infer),
            f"ours ({fast.precision})": turn(fast.infer),
        }
        found = in_turns(turns, rounds)
        what = f"{entry.spec.id}, {batch} at a time"
        lines += rows(what, found, batch * _ASKED[batch], "plain torch")
    return lines


def folder(
    entry: ModelEntry, device: DeviceInfo, photos: Sequence[Path], rounds: int
) -> list[list[str]]:
    from PIL import Image

    network = load_network(entry).to(device.kind)
    preprocessing = entry.spec.preprocessing

    def plain() -> float:
        began = time.perf_counter()
        torch.backends.cudnn.allow_tf32 = True
        for start in range(0, len(photos), 32):
            crops = np.stack(
                [
                    np.asarray(crop_photo(Image.open(path).convert("RGB"), preprocessing))
                    for path in photos[start : start + 32]
                ]
            )
            with torch.inference_mode():
                x = torch.from_numpy(crops).permute(0, 3, 1, 2).to(device.kind)
                network(normalise(x, preprocessing)).softmax(1).topk(5)[1].cpu()
        torch.backends.cudnn.allow_tf32 = False
        return time.perf_counter() - began

    def ours(exact: bool) -> Turn:
        classifier = Classifier(Zoo.standard(), wants_exact=lambda: exact)
        sources = [ImageSource.file(path) for path in photos]

        def run() -> float:
            began = time.perf_counter()
            events = classifier.classify(sources, entry.spec.id, device.kind)
            answered = sum(isinstance(event, Prediction) for event in events)
            assert answered == len(photos)
            return time.perf_counter() - began

        return run

    turns = {"plain torch": plain, "ours, exact": ours(True), "ours": ours(False)}
    return rows(f"{entry.spec.id}, folder", in_turns(turns, rounds), len(photos), "plain torch")


def cifar(data: Path, device: DeviceInfo) -> list[list[str]]:
    lines = []
    for entry in Zoo.standard().entries():
        if entry.spec.dataset != "CIFAR-10" or not entry.state.ready:
            continue
        found = []
        for exact in (True, False):
            *_, result = evaluate(entry, data, part="test", device=device.kind, exact=exact)
            assert isinstance(result, Evaluated)
            found.append(f"{result.top1:.2%}")
        lines.append([entry.spec.id, f"{result.n:,}", *found])
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--models", nargs="+", default=[*ARCHITECTURES, "resnet56-cifar10"])
    parser.add_argument("--photos", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cifar", type=Path, help="train/CLASS/ and test/CLASS/")
    values = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["RESNET_GUI_HOME"] = home
        os.environ.pop("RESNET_GUI_EXACT", None)
        device = find_device(values.device)
        print(f"# {device.name}, {versions()}, {torch.get_num_threads()} threads of torch")
        made = make_photos(Path(home, "photos"), values.photos)
        size = statistics.mean(path.stat().st_size for path in made) / 1000
        print(
            f"# {len(made)} JPEGs of 500 x 375 pixels, {size:.0f} KB each; {values.rounds} rounds"
        )
        header = ["what", "", "photos/s", "ms a photo", "times the plain loop"]
        for name in values.models:
            entry, about = ready_model(name)
            notes: list[str] = []
            fast = open_gpu(entry, device, notes.append)
            print(
                f"# {entry.spec.id}: {about}, {fast.name} in {fast.precision} {notes}", flush=True
            )
            lines = pixels(entry, device, fast, values.rounds)
            lines += folder(entry, device, made, max(3, values.rounds // 2))
            print(table(header, lines), flush=True)
        if values.cifar:
            print(table(["model", "images", "exact", "fast"], cifar(values.cifar, device)))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
