"""A program for the tests: Keras itself, in a process of its own, so that its settings of torch do
not reach other tests. It reads one JSON request a line and answers with one:

    {"facts": true}                          what the installed Keras says of its weights
    {"preprocess": "pixels.npy"}             what its `preprocess_input` makes of pixels
    {"build": "ResNet50V2", "folder": "…"}   random weights in each layout, and what they answer
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"
# Each is a message of Keras or of its libraries about themselves; any other warning is an error.
warnings.simplefilter("error")
warnings.filterwarnings("ignore", message="__array__ implementation doesn't accept a copy keyword")

import h5py  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from keras.applications import resnet as v1  # noqa: E402
from keras.applications import resnet_v2 as v2  # noqa: E402
from keras.src.applications import resnet as source  # noqa: E402
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group  # noqa: E402

CLASSES = 7
# Even maps in one direction, odd ones in the other: padding and strides differ there first.
HEIGHT, WIDTH = 64, 75


def facts() -> dict[str, Any]:
    return {
        "base": source.BASE_WEIGHTS_PATH,
        "md5": {name: hashes[0] for name, hashes in source.WEIGHTS_HASHES.items()},
        "tensorflow": "tensorflow" in sys.modules,
    }


def preprocess(path: str) -> dict[str, Any]:
    pixels = np.load(path)
    for name, module in (("v1", v1), ("v2", v2)):
        np.save(f"{path}.{name}.npy", module.preprocess_input(pixels.copy()))
    return {}


def build(name: str, folder: Path) -> dict[str, Any]:
    """Random values in every tensor: fresh BatchNorm ones (0 and 1) would hide a mistake."""
    keras.utils.set_random_seed(sum(map(ord, name)))
    make = getattr(keras.applications, name)
    shape = (HEIGHT, WIDTH, 3)
    model = make(weights=None, classes=CLASSES, input_shape=shape, classifier_activation=None)
    random = np.random.default_rng(1)
    for layer in model.layers:
        values = layer.get_weights()
        if isinstance(layer, keras.layers.BatchNormalization):
            # Variances also far below epsilon: there even 1e-5 instead of 1.001e-5 shows. The
            # scale goes with them, so that no channel drowns the others.
            gamma, beta, mean, variance = values
            small = 10.0 ** random.uniform(-7, 0, variance.shape)
            values = [
                random.uniform(0.7, 1.5, gamma.shape) * np.sqrt(small + 1e-5),
                random.normal(0, 0.1, beta.shape),
                random.normal(0, 0.1, mean.shape),
                small,
            ]
        elif len(values) == 2:
            values[1] = random.normal(0, 0.1, values[1].shape)
        layer.set_weights(values)
    colours = random.normal(0, 3, (2, 1, 1, 3))
    x = (colours + random.normal(0, 1, (2, *shape))).astype(np.float32)
    with torch.no_grad():
        logits = model(x, training=False).cpu().numpy()
    np.savez(folder / "answers.npz", x=x, logits=logits)
    model.save_weights(folder / "three.weights.h5")
    with h5py.File(folder / "old.h5", "w") as file:
        save_weights_to_hdf5_group(file, model)
    return {"parameters": sum(int(np.prod(v.shape)) for v in model.trainable_variables)}


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        if "facts" in request:
            answer = facts()
        elif "preprocess" in request:
            answer = preprocess(request["preprocess"])
        else:
            answer = build(request["build"], Path(request["folder"]))
        print(json.dumps(answer), flush=True)  # noqa: T201 - the answer to the test


if __name__ == "__main__":
    main()
