"""`python -m benchmarks.convert_child MODEL [PHOTOS]`: make a model ready to measure, in
RESNET_GUI_HOME.

Our conversion, with a folder of photos also its form of 8 bits, and beside it OpenVINO's own of the
same network, which knows nothing of ours.
Prints what came of it.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import torch

from benchmarks.models import alone_file, ready_model
from resnet_gui.core.events import ImageSource
from resnet_gui.core.inference.convert import convert
from resnet_gui.core.inference.converted import describe
from resnet_gui.core.inference.eight_bits import describe_eight_bits, photos_for
from resnet_gui.core.system.openvino_import import import_openvino
from resnet_gui.core.system.settings import EIGHT_BITS_VARIABLE
from resnet_gui.core.zoo.weights.load import load_network


def main(model: str, photos: str = "") -> None:
    entry, weights = ready_model(model)
    began = time.perf_counter()
    list(convert(entry))
    seconds = time.perf_counter() - began
    about = f"{weights}; converted and compared in {seconds:.1f} s; {describe(entry)}"
    if photos:
        from resnet_gui.core.inference.quantize import make_eight_bits

        began = time.perf_counter()
        files = [ImageSource.file(path) for path in sorted(Path(photos).glob("*.jpg"))]
        make_eight_bits(entry, [Path(name) for name in photos_for(files)])
        os.environ[EIGHT_BITS_VARIABLE] = "1"
        about += f" {describe_eight_bits(entry)} ({time.perf_counter() - began:.0f} s)"
    openvino = import_openvino()
    crop = entry.spec.preprocessing.crop
    network, x = load_network(entry), torch.zeros(1, 3, crop, crop)
    alone = openvino.convert_model(network, example_input=x, input=[1, 3, crop, crop])
    file = alone_file(model)
    file.parent.mkdir(parents=True, exist_ok=True)
    openvino.save_model(alone, file, compress_to_fp16=False)
    print(about)


if __name__ == "__main__":
    main(*sys.argv[1:])
