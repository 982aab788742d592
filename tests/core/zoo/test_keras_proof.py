"""Keras's networks are ours: the same weights give the same answers, in every layout of its files.

Keras runs once, in a child process (`keras_writer`), with random weights and BatchNorm statistics.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from resnet_gui.core.nets.families.keras import SHAPES
from resnet_gui.core.photos.preprocess import network_input
from resnet_gui.core.zoo.providers.keras import URL, WEIGHTS, keras_specs
from resnet_gui.core.zoo.weights.foreign import read_foreign
from tests.helpers.keras_networks import keras_network

ROOT = Path(__file__).resolve().parents[3]
CLASSES = 7
WORST = 1e-4  # of the largest |logit|
pytestmark = pytest.mark.timeout(400)  # six networks of up to 60 million values, twice


class Keras:
    """The child process: one request, one answer."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the child with Keras ended; its error stands above"
        answer: dict[str, Any] = json.loads(line)
        return answer


@pytest.fixture(scope="module")
def keras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keras]:
    environment = {
        **os.environ,
        "KERAS_HOME": str(tmp_path_factory.mktemp("keras")),
        "OMP_NUM_THREADS": str(torch.get_num_threads()),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.helpers.keras_writer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    ) as process:
        yield Keras(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def error_of(folder: Path, network: torch.nn.Module, turned: bool) -> float:
    """Largest difference to Keras's logits, as a share of the largest |logit|.

    Args:
        turned: whether ours takes RGB where Keras takes BGR.
    """
    with np.load(folder / "answers.npz") as answers:
        x, expected = answers["x"], answers["logits"]
    x = np.ascontiguousarray((x[..., ::-1] if turned else x).transpose(0, 3, 1, 2))
    with torch.inference_mode():
        found = network(torch.from_numpy(x)).numpy()
    assert found.shape == expected.shape == (2, CLASSES)
    assert expected.std(axis=0).mean() > 0.01 * np.abs(expected).max()  # the photo matters
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def without_names(source: Path, target: Path) -> Path:
    """The file as the first versions of Keras 3 wrote it: the layers are only counted."""
    shutil.copyfile(source, target)
    with h5py.File(target, "a") as file:
        file.visititems(lambda _, item: item.attrs.pop("name", None) and None)
    return target


def as_published(source: Path, target: Path) -> Path:
    """The file as Keras 2 wrote the published ones: “:0” after names, the last layer is “probs”."""
    with h5py.File(source) as old, h5py.File(target, "w") as new:
        for layer, group in old.items():
            name = "probs" if layer == "predictions" else layer
            for inner in group.values():
                for variable, dataset in inner.items():
                    new[f"{name}/{name}/{variable}:0"] = dataset[()]
    return target


# The deeper ones have the same blocks more often.
_EVERYDAY = ("keras_resnet50", "resnet50v2")


@pytest.mark.parametrize(
    "architecture",
    [name if name in _EVERYDAY else pytest.param(name, marks=pytest.mark.slow) for name in SHAPES],
)
def test_our_logits_are_those_of_keras(architecture: str, keras: Keras, tmp_path: Path) -> None:
    row = SHAPES[architecture]
    answer = keras.ask(build=WEIGHTS[architecture].keras, folder=str(tmp_path))
    assert answer["parameters"] == row.parameters - (1000 - CLASSES) * 2049
    files = {
        "old": tmp_path / "old.h5",
        "Keras 3": tmp_path / "three.weights.h5",
    }
    if "50" in architecture:  # these differ in the file only
        files["first Keras 3"] = without_names(files["Keras 3"], tmp_path / "first.weights.h5")
        files["published"] = as_published(files["old"], tmp_path / "published.h5")
    for layout, path in files.items():
        network = keras_network(architecture, path, CLASSES)
        error = error_of(tmp_path, network, turned=row.version == 1)
        print(f"{architecture}, {layout}: {error:.1e}")  # noqa: T201 - shown by pytest -s
        assert error < WORST, layout
    foreign = read_foreign(files["Keras 3"])
    assert (foreign.architecture, foreign.classes) == (architecture, CLASSES)
    for path in files.values():  # up to 240 MB each
        path.unlink()


def test_the_table_is_what_the_installed_keras_says(keras: Keras) -> None:
    facts = keras.ask(facts=True)
    assert facts["base"] == URL
    assert not facts["tensorflow"]
    for row in WEIGHTS.values():
        assert row.md5 == facts["md5"][row.keras.lower()]


def test_our_preprocessing_is_that_of_keras(keras: Keras, tmp_path: Path) -> None:
    """Ours before the first kernel, theirs with their channels in our order."""
    pixels = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    np.save(tmp_path / "pixels.npy", pixels.astype(np.float32))
    keras.ask(preprocess=str(tmp_path / "pixels.npy"))
    for spec in keras_specs():
        version = SHAPES[spec.architecture].version
        theirs = np.load(tmp_path / f"pixels.npy.v{version}.npy")
        theirs = theirs[..., ::-1] if version == 1 else theirs
        preprocessing = dataclasses.replace(spec.preprocessing, resize=0)
        ours = network_input(Image.fromarray(pixels), preprocessing).transpose(1, 2, 0)
        # Float32 rounding at values up to 152 (version 1) and 1 (version 2).
        assert np.abs(ours - theirs).max() < 1e-6 * np.abs(theirs).max()
