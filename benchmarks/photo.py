"""One photo: the network against OpenVINO's own latency, a large JPEG, and from launch to answer.

    python -m benchmarks photo [--rounds 40] [--starts 7] [--models resnet50 …] [--large FOLDER]

The large JPEGs are made from the photos in FOLDER (default: the shared data beside the project,
else skimage's), enlarged to 12 megapixels. All is measured in turns within one run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.models import (
    ARCHITECTURES,
    child_environment,
    make_photos,
    ready_model,
    table,
    versions,
)

_SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "photos"
_LAUNCH = "from resnet_gui.__main__ import main; main()"
_TOLD = (
    "import sys, atexit; atexit.register(lambda: print('torch' in sys.modules, file=sys.stderr)); "
)


def child(home: str, module: str, *arguments: str) -> str:
    """What a module prints last."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=child_environment(home), stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip().splitlines()[-1]


def make_large(folder: Path, originals: Path, count: int) -> tuple[str, float]:
    """12-megapixel JPEGs with a camera's noise; returns where from, and their mean size in MB."""
    folder.mkdir(parents=True)
    files = [p for p in sorted(originals.glob("*")) if p.suffix.lower() in (".jpg", ".jpeg")]
    if files:
        images = [Image.open(file).convert("RGB") for file in files[:count]]
        source = "photos of the shared data"
    else:
        from skimage import data

        names = ("astronaut", "chelsea", "coffee", "rocket", "retina")
        images = [Image.fromarray(getattr(data, name)()) for name in names]
        source = "skimage's photos"
    numbers = np.random.default_rng(0)
    for number, image in enumerate(images):
        scale = (12_000_000 / (image.width * image.height)) ** 0.5
        size = round(image.width * scale), round(image.height * scale)
        enlarged = np.asarray(image.resize(size, Image.Resampling.BICUBIC), np.int16)
        noise = numbers.normal(0, 3, (size[1], size[0], 1)).astype(np.int16)
        noisy = (enlarged + noise).clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{number:02d}.jpg", quality=90)
    sizes = [path.stat().st_size / 1e6 for path in folder.iterdir()]
    return f"{len(images)} {source}", statistics.mean(sizes)


def launch(home: str, model: str, photo: Path, exact: bool) -> tuple[float, bool]:
    """Seconds of `resnet-gui classify PHOTO`, and whether torch was imported."""
    options = ["--exact"] if exact else []
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _TOLD + _LAUNCH, "classify", str(photo), "--model", model, *options],
        env=child_environment(home), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return time.perf_counter() - began, done.stderr.strip().splitlines()[-1] == "True"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--models", nargs="+", default=list(ARCHITECTURES), metavar="ID")
    parser.add_argument("--home", metavar="FOLDER", help="keep the models here for the next time")
    parser.add_argument("--large", type=Path, default=_SHARED, metavar="FOLDER")
    parser.add_argument("--large-photos", type=int, default=19, metavar="N")
    options = parser.parse_args()
    print(versions())
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or f"{folder}/home"
        photo = make_photos(Path(folder, "photos"), 1)[0]
        latencies, starts = [], []
        for model in options.models:
            print(f"{model}: {child(home, 'benchmarks.convert_child', model)}", flush=True)
            told = child(
                home, "benchmarks.photo_child", "latency", model, str(photo), str(options.rounds)
            )
            latencies.append(latency_row(model, json.loads(told)))
            starts += start_rows(home, model, photo, options.starts)
        print(f"\nOne photo of 500 x 375 pixels, median of {options.rounds} rounds, ms")
        print(table(LATENCY, latencies))
        print(f"\n`resnet-gui classify photo.jpg`, launch to end, {options.starts} starts, s")
        print(table(["model", "", "median (min … max)", "torch in the process"], starts))
        source, megabytes = make_large(Path(folder, "large"), options.large, options.large_photos)
        rounds = str(max(5, options.rounds // 8))
        told = child(home, "benchmarks.photo_child", "large", f"{folder}/large", rounds)
        print(f"\n12-megapixel JPEGs of {megabytes:.1f} MB ({source}) to 224 x 224 pixels, ms")
        print(table(LARGE, [large_row(json.loads(told))]))


LATENCY = [
    "model", "OpenVINO alone", "our network", "reading", "photo to answer", "network / alone",
    "(photo to answer - reading) / alone", "precision", "torch in the process",
]  # fmt: skip
LARGE = [
    "plain way", "ours, exact", "ours", "plain / ours", "same top-1 (EfficientNet-Lite0)",
    "largest difference of a probability",
]  # fmt: skip


def latency_row(model: str, told: dict[str, Any]) -> list[str]:
    each = [f"{told[name]:.1f}" for name in ("alone", "network", "read", "whole")]
    ratios = [f"{told[name]:.2f}" for name in ("network / alone", "(whole - read) / alone")]
    return [model, *each, *ratios, told["precision"], "yes" if told["torch"] else "no"]


def large_row(told: dict[str, Any]) -> list[str]:
    same = f"{told['same']} of {told['photos']}"
    return [
        *(f"{told[name]:.0f}" for name in ("plain", "exact", "fast")),
        f"{told['ratio']:.2f} ({told['least']:.2f} … {told['most']:.2f})",
        f"{same} ({told['sure']} of them by more than 0.1)",
        f"{told['worst']:.3f}",
    ]


def start_rows(home: str, model: str, photo: Path, starts: int) -> list[list[str]]:
    identifier = child(home, "benchmarks.photo", "id", model)
    taken: dict[bool, list[float]] = {False: [], True: []}
    torch: dict[bool, bool] = {}
    for number in range(starts + 1):
        for exact in (False, True):
            seconds, torch[exact] = launch(home, identifier, photo, exact)
            if number:
                taken[exact].append(seconds)
    return [
        [
            model,
            "exact" if exact else "converted",
            f"{statistics.median(times):.2f} ({min(times):.2f} … {max(times):.2f})",
            "yes" if torch[exact] else "no",
        ]
        for exact, times in taken.items()
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["id"]:
        print(ready_model(sys.argv[2])[0].spec.id)
    else:
        main()
