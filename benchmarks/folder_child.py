"""One contestant of `benchmarks.folder`, in a process of its own: idle threads of another library
would take part in its measurement otherwise.

    python -m benchmarks.folder_child KIND MODEL FOLDER

Reads lines "first last" from stdin and answers each with one JSON line: the seconds that it took
for these photos, those of all its threads together, and its first answers.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.models import compile_alone, ready_model

Work = Callable[[list[Path]], list[int]]


def plain(model: str, compiled: bool = False) -> Work:
    """What a tutorial writes: PIL, torchvision's preset, one photo at a time, eager torch."""
    import torch
    from PIL import Image
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms._presets import ImageClassification

    from resnet_gui.core.zoo.weights.load import load_network

    entry, _ = ready_model(model)
    network: Any = load_network(entry)
    way = entry.spec.preprocessing
    transform = ImageClassification(
        crop_size=way.crop,
        resize_size=way.resize,
        mean=way.mean,
        std=way.std,
        interpolation=InterpolationMode(way.interpolation),
    )
    if compiled:
        if not any(map(shutil.which, ("g++", "clang++", "cl"))):
            raise RuntimeError("torch.compile needs a C++ compiler")
        network = torch.compile(network)

    def work(photos: list[Path]) -> list[int]:
        top = []
        with torch.inference_mode():
            for path in photos:
                x = transform(Image.open(path).convert("RGB"))
                probabilities = network(x[None]).softmax(1)[0]
                top.append(int(probabilities.topk(min(5, len(probabilities))).indices[0]))
        return top

    return work


def onnxruntime(model: str) -> Work:
    """The plain loop with the network in ONNX Runtime."""
    import tempfile

    import onnxruntime as ort
    import torch
    from PIL import Image

    from resnet_gui.core.photos.preprocess import network_input
    from resnet_gui.core.zoo.weights.load import load_network

    entry, _ = ready_model(model)
    way = entry.spec.preprocessing
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "network.onnx"))
        example = (torch.zeros(1, 3, way.crop, way.crop),)
        torch.onnx.export(load_network(entry), example, file, dynamo=True, verbose=False)
        session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def work(photos: list[Path]) -> list[int]:
        top = []
        for path in photos:
            x = network_input(Image.open(path).convert("RGB"), way)
            top.append(int(session.run(None, {name: x[np.newaxis]})[0][0].argmax()))
        return top

    return work


def ours(model: str, exact: bool, eight_bits: bool = False) -> Work:
    from resnet_gui.core.events import ImageSource, Prediction
    from resnet_gui.core.inference.classifier import Classifier
    from resnet_gui.core.inference.eight_bits import describe_eight_bits
    from resnet_gui.core.system.settings import EIGHT_BITS_VARIABLE
    from resnet_gui.core.zoo import Zoo

    os.environ[EIGHT_BITS_VARIABLE] = str(int(eight_bits))
    entry, _ = ready_model(model)
    classifier = Classifier(
        Zoo.standard(), wants_exact=lambda: exact, wants_eight_bits=lambda: eight_bits
    )

    def work(photos: list[Path]) -> list[int]:
        sources = [ImageSource.file(path) for path in photos]
        events = classifier.classify(sources, entry.spec.id, "cpu")
        answers = [event for event in events if isinstance(event, Prediction)]
        wanted = "torch" if exact else "OpenVINO"
        if ("OpenVINO" in answers[0].device) is exact:
            raise RuntimeError(f"it was not {wanted} that answered")
        if any(("8 bits" in answer.device) is not eight_bits for answer in answers):
            raise RuntimeError(describe_eight_bits(entry) or "not all was answered in 8 bits")
        return [answer.top.index for answer in answers]

    return work


def openvino(model: str) -> Work:
    """OpenVINO alone: its own conversion and queue of requests, numbers from memory, nothing
    decoded. No photo can be answered faster."""
    from resnet_gui.core.system.openvino_import import import_openvino

    compiled, x = compile_alone(model, "THROUGHPUT")
    queue = import_openvino().AsyncInferQueue(compiled)

    def work(photos: list[Path]) -> list[int]:
        for _ in photos:
            queue.start_async({0: x})
        queue.wait_all()
        return []

    return work


KINDS: dict[str, Callable[[str], Work]] = {
    "plain": plain,
    "torch.compile": lambda model: plain(model, compiled=True),
    "onnxruntime": onnxruntime,
    "exact": lambda model: ours(model, exact=True),
    "fast": lambda model: ours(model, exact=False),
    "8 bits": lambda model: ours(model, exact=False, eight_bits=True),
    "openvino": openvino,
}


def main(kind: str, model: str, folder: str) -> None:
    # Only JSON for the one who asks: libraries print to stdout, too.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    photos = sorted(Path(folder).glob("*.jpg"))
    work = KINDS[kind](model)
    for line in sys.stdin:
        first, last = map(int, line.split())
        began, used = time.perf_counter(), time.process_time()
        top = work(photos[first:last])
        told = {
            "seconds": time.perf_counter() - began,
            "processor_seconds": time.process_time() - used,
            "top": top,
            "torch": "torch" in sys.modules,
        }
        print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
