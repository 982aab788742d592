"""Provider: Keras's residual networks with ImageNet weights. Without torch and h5py.

What Keras does to a photo (`preprocess_input`), on values of 0..1 in the order R, G, B:

- V2 ("tf" mode): x·2 − 1 is mean 0.5, standard deviation 0.5.
- The original ones ("caffe" mode): pixels of 0..255 minus a mean per channel, not scaled, in the
  order B, G, R. Mean and deviation are divided by 255 here; the order is turned round in the first
  kernel when the weights are read (`keras_weights`), so that the answer is the same.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from resnet_gui.core.http.settings import load_http_settings
from resnet_gui.core.nets.families.keras import PREPROCESSING, SHAPES
from resnet_gui.core.system.paths import keras_models_dir
from resnet_gui.core.zoo.providers.torchvision import imagenet_classes
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState
from resnet_gui.core.zoo.weights.keras_file import INSTALL, has_h5py

PROVIDER = "keras"
URL = "https://storage.googleapis.com/tensorflow/keras-applications/resnet/"

# As Keras's documentation names the origin of the weights.
_LICENCE = {
    1: "MIT (Kaiming He's weights, ported by Keras).",
    2: "BSD (Facebook's weights of fb.resnet.torch, ported by Keras).",
}
_IMAGENET = (
    " They were trained on ImageNet, whose terms allow non-commercial research and education."
)
_NOTES = {
    1: "The original network with the weights of Keras's {}: what keras.applications answers.",
    2: "Norm and ReLU before each convolution (pre-activation), with the weights of Keras's {}.",
}


@dataclass(frozen=True, slots=True)
class KerasWeights:
    """One row: what Keras publishes for an architecture of `nets.families.keras`.

    Attributes:
        model_id: as in `ModelSpec`.
        keras: the name in `keras.applications`.
        top1, top5: from keras.io's table, as fractions of 1.
        bytes: the file's size, to some hundred bytes.
        md5: the file's, from Keras's own source (it publishes no SHA-256).
    """

    model_id: str
    keras: str
    top1: float
    top5: float
    bytes: int
    md5: str

    @property
    def file_name(self) -> str:
        return f"{self.keras.lower()}_weights_tf_dim_ordering_tf_kernels.h5"


# Architecture -> its row. A test compares hashes and addresses with the installed Keras, and the
# figures with the networks.
WEIGHTS = {
    "resnet50v2": KerasWeights(
        "resnet50v2", "ResNet50V2", 0.760, 0.930, 102_869_336, "3ef43a0b657b3be2300d5770ece849e0"
    ),
    "resnet101v2": KerasWeights(
        "resnet101v2", "ResNet101V2", 0.772, 0.938, 179_518_384, "6343647c601c52e1368623803854d971"
    ),
    "resnet152v2": KerasWeights(
        "resnet152v2", "ResNet152V2", 0.780, 0.942, 242_745_792, "a49b44d1979771252814e80f8ec446f9"
    ),
    "keras_resnet50": KerasWeights(
        "resnet50-keras", "ResNet50", 0.749, 0.921, 102_967_424, "2cb95161c43110f7111970584f804107"
    ),
    "keras_resnet101": KerasWeights(
        "resnet101-keras", "ResNet101", 0.764, 0.928, 179_648_224,
        "f1aeb4b969a6efcfb50fad2f0c20cfc5",
    ),
    "keras_resnet152": KerasWeights(
        "resnet152-keras", "ResNet152", 0.766, 0.931, 242_900_552,
        "100835be76be38e30d865e96f2aaae62",
    ),
}  # fmt: skip


@functools.cache
def keras_specs() -> tuple[ModelSpec, ...]:
    """All rows with their ImageNet weights."""
    return tuple(_spec(name, row) for name, row in WEIGHTS.items())


class KerasProvider:
    """Weights in the folder of the settings, or in Keras's own cache."""

    def entries(self) -> Iterator[ModelEntry]:
        folders = dict.fromkeys((load_http_settings().weights_dir(), keras_models_dir()))
        needs = "" if has_h5py() else f"Keras's files need the package h5py. {INSTALL}"
        for spec in keras_specs():
            paths = (folder / spec.url.rsplit("/", 1)[-1] for folder in folders)
            path = next((path for path in paths if path.is_file()), None)
            state = ModelState.DOWNLOADABLE if path is None else ModelState.CACHED
            yield ModelEntry(spec, state, path, needs=needs)


def _spec(architecture: str, row: KerasWeights) -> ModelSpec:
    shape = SHAPES[architecture]
    return ModelSpec(
        id=row.model_id,
        title=shape.title,
        family=shape.family,
        architecture=architecture,
        provider=PROVIDER,
        dataset="ImageNet-1k",
        classes=imagenet_classes(),
        preprocessing=PREPROCESSING[shape.version],
        parameters=shape.parameters,
        gflops=shape.gflops,
        top1=row.top1,
        top5=row.top5,
        bytes=row.bytes,
        licence=_LICENCE[shape.version] + _IMAGENET,
        url=f"{URL}{row.file_name}",
        md5=row.md5,
        weights="IMAGENET",
        notes=_NOTES[shape.version].format(row.keras),
    )
