"""Parts of `benchmarks.photo` that need a process of their own; each prints one JSON object.

python -m benchmarks.photo_child latency MODEL PHOTO ROUNDS
python -m benchmarks.photo_child large FOLDER ROUNDS
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.models import compile_alone, ready_model
from resnet_gui.core.events import ImageSource, Prediction
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.photos.crops import read_crop
from resnet_gui.core.photos.preprocess import normalised
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.zoo import Zoo


def in_turns(
    ways: dict[str, Callable[[], Any]], rounds: int, prepare: Callable[[], None] = lambda: None
) -> dict[str, list[float]]:
    """Milliseconds of each, one after the other in every round; the first two do not count."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 2):
        for name, way in ways.items():
            prepare()
            began = time.perf_counter()
            way()
            taken[name].append((time.perf_counter() - began) * 1000)
    return {name: times[2:] for name, times in taken.items()}


def latency(model: str, photo: str, rounds: int) -> dict[str, Any]:
    """One photo at a time, without torch."""
    entry, _ = ready_model(model)
    compiled, x = compile_alone(model, "LATENCY")
    request = compiled.create_infer_request()
    classifier = Classifier(Zoo.standard(), wants_exact=lambda: False)
    source, way = ImageSource.file(photo), entry.spec.preprocessing
    loading = classifier.load(entry.spec.id, "cpu")
    while True:
        try:
            next(loading)
        except StopIteration as end:
            loaded = end.value
            break
    crop = read_crop(source, way, exact=False).pixels[np.newaxis]

    def whole() -> None:
        events = list(classifier.classify([source], entry.spec.id, "cpu"))
        assert isinstance(events[-1], Prediction)
        assert "OpenVINO" in events[-1].device

    taken = in_turns(
        {
            "alone": lambda: request.infer({0: x}),
            "network": lambda: loaded.probabilities(crop),
            "read": lambda: read_crop(source, way, exact=False),
            "whole": whole,
        },
        rounds,
    )
    beyond = [
        (whole_ms - read_ms) / alone_ms
        for whole_ms, read_ms, alone_ms in zip(
            taken["whole"], taken["read"], taken["alone"], strict=True
        )
    ]
    return {
        **{name: statistics.median(times) for name, times in taken.items()},
        "network / alone": statistics.median(
            a / b for a, b in zip(taken["network"], taken["alone"], strict=True)
        ),
        "(whole - read) / alone": statistics.median(beyond),
        "precision": loaded.backend.precision,
        "torch": "torch" in sys.modules,
    }


def large(folder: str, rounds: int) -> dict[str, Any]:
    """Large JPEGs to what the network sees: the plain way, ours exact and ours; and whether
    EfficientNet-Lite0 gives all of them the same answer."""
    import torch

    from resnet_gui.core.zoo.weights.load import load_network

    entry, _ = ready_model("efficientnet-lite0")
    network = load_network(entry)
    usual = Preprocessing(256, 224)
    photos = sorted(Path(folder).glob("*.jpg"))
    ratios: list[float] = []
    times: dict[str, list[float]] = {"plain": [], "exact": [], "fast": []}
    same = sure = 0
    worst = 0.0
    for photo in photos:
        source = ImageSource.file(photo)

        def plain(photo: Path = photo) -> None:
            image = Image.open(photo).convert("RGB")
            short = 256 / min(image.size)
            size = int(image.width * short), int(image.height * short)
            image = image.resize(size, Image.Resampling.BILINEAR)
            left, top = (image.width - 224) // 2, (image.height - 224) // 2
            np.asarray(image.crop((left, top, left + 224, top + 224)))

        taken = in_turns(
            {
                "plain": plain,
                "exact": lambda source=source: read_crop(source, usual, exact=True),
                "fast": lambda source=source: read_crop(source, usual, exact=False),
            },
            rounds,
        )
        for name, each in taken.items():
            times[name].append(statistics.median(each))
        ratios.append(
            statistics.median(a / b for a, b in zip(taken["plain"], taken["fast"], strict=True))
        )
        answers = []
        for exact in (True, False):
            crop = read_crop(source, entry.spec.preprocessing, exact=exact).pixels[np.newaxis]
            with torch.inference_mode():
                x = torch.from_numpy(normalised(crop, entry.spec.preprocessing))
                answers.append(network(x).softmax(1)[0])
        first, second = answers[0].topk(2).values.tolist()
        same += bool(answers[0].argmax() == answers[1].argmax())
        sure += first - second > 0.1
        worst = max(worst, float((answers[0] - answers[1]).abs().max()))
    return {
        "photos": len(photos),
        **{name: statistics.median(each) for name, each in times.items()},
        "ratio": statistics.median(ratios),
        "least": min(ratios),
        "most": max(ratios),
        "same": same,
        "sure": sure,
        "worst": worst,
    }


def main(what: str, *arguments: str) -> None:
    if what == "latency":
        told = latency(arguments[0], arguments[1], int(arguments[2]))
    else:
        told = large(arguments[0], int(arguments[1]))
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
