"""A folder of photos, decoding included: ours against a plain loop and against OpenVINO alone.

    python -m benchmarks folder [--photos 500] [--rounds 5] [--models resnet50 …] [--peers plain …]
                                [--home FOLDER] [--folder PHOTOS]

Models are ids: the published ones (with random weights where they are not on this computer), or
those of a person in --home. In 8 bits a model answers only if it does so alike, which one of random
weights does not.

Contestants take turns within one run, each in a process of its own that sleeps meanwhile; the first
turn warms up and does not count. A ratio is the median of the ratios of the rounds.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.folder_child import KINDS
from benchmarks.models import (
    ARCHITECTURES,
    child_environment,
    make_photos,
    table,
    versions,
)

TITLES = {
    "plain": "plain torchvision loop",
    "torch.compile": "the same, torch.compile",
    "onnxruntime": "the same, ONNX Runtime",
    "exact": "ours, exact",
    "fast": "ours",
    "8 bits": "ours, 8 bits",
    "openvino": "OpenVINO alone, nothing decoded",
}
HEADER = [
    "model", "", "photos/s", "times the plain loop", "times OpenVINO alone",
    "ms of a core per photo", "same top-1",
]  # fmt: skip
_WARM = 20  # photos


class Contestant:
    """One way to answer, in its own process. reason: why it cannot run, "" if it can."""

    def __init__(self, kind: str, model: str, folder: Path, home: str) -> None:
        self.kind, self.reason = kind, ""
        self.seconds: list[float] = []
        self.processor_seconds: list[float] = []
        self.top: list[int] = []
        self.torch = True
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.folder_child", kind, model, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=child_environment(home),
        )
        self._turn(0, _WARM)

    def take_turn(self, first: int, last: int) -> None:
        told = self._turn(first, last)
        if told is not None:
            self.seconds.append(told["seconds"])
            self.processor_seconds.append(told["processor_seconds"])
            self.top, self.torch = told["top"], told["torch"]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _turn(self, first: int, last: int) -> dict[str, Any] | None:
        if self.reason:
            return None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = ""
        try:
            self._process.stdin.write(f"{first} {last}\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            pass
        if line:
            told: dict[str, Any] = json.loads(line)
            return told
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        self.reason = lines[-1] if lines else "it ended without a word"
        return None


def measure(
    model: str, kinds: list[str], folder: Path, photos: int, rounds: int, home: str
) -> list[Contestant]:
    order = random.Random(0)
    contestants = [Contestant(kind, model, folder, home) for kind in kinds]
    try:
        for _ in range(rounds):
            # In another order each time: who comes after whom must not matter.
            for contestant in order.sample(contestants, len(contestants)):
                contestant.take_turn(0, photos)
    finally:
        for contestant in contestants:
            contestant.close()
    return contestants


def ratio(one: Contestant, other: Contestant | None) -> str:
    """How many times as fast the first one is."""
    if other is None or one.reason or other.reason:
        return "–"
    each = [b / a for a, b in zip(one.seconds, other.seconds, strict=True)]
    return f"{statistics.median(each):.2f} ({min(each):.2f} … {max(each):.2f})"


def rows(model: str, contestants: list[Contestant], photos: int) -> list[list[str]]:
    by_kind = {contestant.kind: contestant for contestant in contestants}
    result = []
    for one in contestants:
        if one.reason:
            result.append([model, TITLES[one.kind], f"cannot run: {one.reason[:120]}", *[""] * 4])
            continue
        plain, alone = by_kind.get("plain"), by_kind.get("openvino")
        same = "–"
        if one.top and plain is not None and plain.top and one is not plain:
            equal = sum(a == b for a, b in zip(one.top, plain.top, strict=True))
            same = f"{equal} of {photos}"
        rate = photos / statistics.median(one.seconds)
        title = TITLES[one.kind] + ("" if one.torch else " (no torch in the process)")
        core_ms = f"{statistics.median(one.processor_seconds) / photos * 1000:.1f}"
        ratios = [ratio(one, plain), ratio(one, alone)]
        result.append([model, title, f"{rate:.1f}", *ratios, core_ms, same])
    return result


def linked(photos: list[Path], folder: Path) -> list[Path]:
    """The photos in one folder, under numbers."""
    folder.mkdir(parents=True)
    links = [folder / f"{number:04d}.jpg" for number in range(len(photos))]
    for link, photo in zip(links, photos, strict=True):
        link.symlink_to(photo.resolve())
    return links


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", nargs="+", default=list(ARCHITECTURES), metavar="ID")
    parser.add_argument("--home", metavar="FOLDER", help="keep the models here for the next time")
    parser.add_argument("--folder", metavar="PHOTOS", help="JPEGs to answer instead of generated")
    parser.add_argument("--peers", nargs="+", default=list(KINDS), choices=list(KINDS))
    options = parser.parse_args()
    print(versions())
    with tempfile.TemporaryDirectory() as folder:
        if options.folder:
            found = sorted(Path(options.folder).rglob("*.jpg"))
            made = linked(found[: options.photos], Path(folder, "photos"))
        else:
            made = make_photos(Path(folder, "photos"), options.photos)
        photos = len(made)
        size = statistics.mean(path.stat().st_size for path in made) / 1000
        pixels = "" if options.folder else " of 500 x 375 pixels"
        print(
            f"{photos} JPEGs{pixels}, {size:.0f} KB each; "
            f"{options.rounds} rounds in turns; median (min … max) of the rounds' ratios"
        )
        home = options.home or f"{folder}/home"
        lines: list[list[str]] = []
        for model in options.models:
            about = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "benchmarks.convert_child",
                    model,
                    *([str(made[0].parent)] if "8 bits" in options.peers else []),
                ],
                env=child_environment(home),
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout
            contestants = measure(
                model, options.peers, made[0].parent, photos, options.rounds, home
            )
            print(f"{model}: {about.strip()}", flush=True)
            lines += rows(model, contestants, photos)
        print(table(HEADER, lines))


if __name__ == "__main__":
    main()
