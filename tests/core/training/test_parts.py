"""Augmentation, the network's surgery, the estimate: parts of the engine that stand alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from resnet_gui.core.dataset import scan_dataset
from resnet_gui.core.inference.tensors import normalise, stacked, to_tensor
from resnet_gui.core.nets.build import build_network, head_name, set_head
from resnet_gui.core.photos.preprocess import network_input
from resnet_gui.core.photos.store import PhotoStore, crop_reader, exact_reader, whole_reader
from resnet_gui.core.runs.augmentations import AUGMENTATIONS
from resnet_gui.core.runs.config import Method
from resnet_gui.core.runs.events import Estimated
from resnet_gui.core.training.augment import (
    Transform,
    Variation,
    drawing_from,
    preview_augmentation,
    step_seed,
)
from resnet_gui.core.training.estimate import duration, estimate
from resnet_gui.core.training.network import NETWORK, make_optimizer, set_trainable, stages
from resnet_gui.core.zoo import Preprocessing
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo

SMALL = Preprocessing(36, 32)
CUBIC = Preprocessing(36, 32, interpolation="bicubic")


@pytest.mark.parametrize("level", list(AUGMENTATIONS))
def test_preview_is_what_the_network_sees(tmp_path: Path, level: str) -> None:
    photos = sorted(make_photos(tmp_path, count=2).glob("*/*.jpg"))
    seen = list(preview_augmentation(photos, Variation(level), SMALL, variants=2, seed=3))
    assert [(item.path, item.variant) for item in seen] == [
        (str(path), variant) for path in photos for variant in (0, 1)
    ]
    assert {(item.image.width, item.image.height) for item in seen} == {(32, 32)}
    assert all(len(item.image.data) == 32 * 32 * 3 for item in seen)
    assert seen == list(preview_augmentation(photos, Variation(level), SMALL, variants=2, seed=3))
    differ = seen[0].image.data != seen[1].image.data
    assert differ is (level != "none")


@pytest.mark.parametrize("level", list(AUGMENTATIONS))
def test_every_augmentation_works_with_bicubic_resizing(tmp_path: Path, level: str) -> None:
    """Which operation is drawn differs by photo: enough of them to draw each one."""
    photos = sorted(make_photos(tmp_path, count=1).glob("*/*.jpg"))
    seen = list(preview_augmentation(photos, Variation(level), CUBIC, variants=40))
    assert len({item.image.data for item in seen}) > (1 if level == "none" else 40)


def test_colours_change_as_in_torchvision() -> None:
    """To the last bit, in every order of the changes, for pale and for glaring photos."""
    from torchvision.transforms import v2

    from resnet_gui.core.training.transforms import ColourJitter

    numbers = torch.Generator().manual_seed(0)
    for strength in (0.2, 0.8, 1.5):
        ours, theirs = Transform([ColourJitter(strength)]), v2.ColorJitter(*[strength] * 3)
        for seed in range(40):
            photo = torch.randint(0, 256, (3, 19, 23), dtype=torch.uint8, generator=numbers)
            photo = photo if seed % 2 else photo.permute(1, 2, 0).contiguous().permute(2, 0, 1)
            before = photo.clone()
            seen = ours(photo, seed)
            with drawing_from(seed):
                expected = theirs(photo)
            assert seen.dtype is torch.uint8
            assert torch.equal(seen, expected)
            assert torch.equal(photo, before)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_parts_are_cut_out_and_mirrored_as_in_torchvision(mode: str) -> None:
    """To the last bit, also where no part has the wanted shape."""
    from torchvision.transforms import InterpolationMode, v2

    from resnet_gui.core.training.transforms import RandomCrop, RandomMirror

    how, numbers = InterpolationMode(mode), torch.Generator().manual_seed(0)
    for smallest, size in ((0.35, (36, 50)), (0.2, (32, 32)), (0.9, (36, 108)), (0.9, (90, 30))):
        ours = Transform([RandomCrop(32, smallest, how), RandomMirror()])
        cut = v2.RandomResizedCrop(32, (smallest, 1.0), interpolation=how, antialias=True)
        theirs = v2.Compose([cut, v2.RandomHorizontalFlip()])
        for seed in range(25):
            photo = torch.randint(0, 256, (*size, 3), dtype=torch.uint8, generator=numbers)
            photo = photo.permute(2, 0, 1)  # as it is decoded
            with drawing_from(seed):
                expected = theirs(photo)
            assert torch.equal(ours(photo, seed), expected)


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("size", [(9, 11), (170, 180)])  # all at once; in two pieces
def test_the_layout_of_a_batch_changes_no_number(
    layout: torch.memory_format, size: tuple[int, int]
) -> None:
    numbers = torch.Generator().manual_seed(0)
    flat = torch.randint(0, 256, (4, 3, *size), dtype=torch.uint8, generator=numbers)
    upright = flat.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    x = stacked([flat[0], upright[1], flat[2].flip(2), upright[3].flip(2)], layout)
    assert x.is_contiguous(memory_format=layout)
    assert torch.equal(x, torch.stack([flat[0], flat[1], flat[2].flip(2), flat[3].flip(2)]))
    preprocessing = Preprocessing(12, 9, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    seen = normalise(x, preprocessing)
    mean, std = (
        torch.tensor(values)[:, None, None] for values in (preprocessing.mean, preprocessing.std)
    )
    assert torch.equal(seen, x.float().div(255).sub(mean).div(std))
    assert seen.is_contiguous(memory_format=layout)


def test_reading_and_normalising_is_what_classify_does(tmp_path: Path) -> None:
    from PIL import Image

    path = next(make_photos(tmp_path, count=1, side=90).glob("red/*.jpg"))
    x = normalise(to_tensor(exact_reader(SMALL)(path))[None], SMALL)[0].numpy()
    with Image.open(path) as image:
        expected = network_input(image.convert("RGB"), SMALL)
    np.testing.assert_allclose(x, expected, atol=1e-6)
    assert crop_reader(SMALL)(path).shape == (32, 32, 3)
    assert min(whole_reader(SMALL)(path).shape[:2]) == 36


def test_store_keeps_what_fits_and_reads_the_rest(tmp_path: Path) -> None:
    paths = sorted(make_photos(tmp_path, count=6).glob("*/*.jpg"))
    bytes_each = 32 * 32 * 3
    store = PhotoStore(paths, crop_reader(SMALL), 5 * bytes_each)
    assert list(store.fill())[-1] == 12
    assert store.kept_bytes == 5 * bytes_each
    first = store.get(range(12))
    again = store.get(range(12))
    for left, right in zip(first, again, strict=True):
        assert left is not None
        assert right is not None
        np.testing.assert_array_equal(left, right)
    assert [position for positions, _ in store.chunks(5) for position in positions] == [*range(12)]
    store.close()


def test_seeds_are_spread() -> None:
    seeds = {step_seed(s, e, n) for s in range(5) for e in range(20) for n in range(-1, 50)}
    assert len(seeds) == 5 * 20 * 51


@pytest.mark.parametrize("architecture", ["resnet18", "resnet50", "efficientnet-lite0"])
def test_any_head_fits_any_architecture(architecture: str) -> None:
    with torch.device("meta"):
        network = build_network(architecture, 7, {"head": {"width": 8, "dropout": 0.1}})
        name = head_name(network)
        again = build_network(architecture, 7, {"head": {"width": 8, "dropout": 0.1}})
        assert network.state_dict().keys() == again.state_dict().keys()
        set_head(network, 3)
    assert head_name(network) == name
    plain = build_network(architecture, 3)
    assert network.state_dict().keys() == plain.state_dict().keys()
    names = [stage for stage, _ in stages(network)]
    if architecture.startswith("resnet"):
        assert names == ["conv1", "layer1", "layer2", "layer3", "layer4"]


def test_norms_and_biases_are_not_decayed_and_the_backbone_is_slower() -> None:
    network = build_network("resnet18", 3)
    config = tiny_config(Path("/x"), weight_decay=0.1, lr=1.0, backbone_lr_factor=0.1)
    set_trainable(network, config, NETWORK)
    optimizer = make_optimizer(network, "fc.", config)
    groups = {(g["peak_lr"], g["weight_decay"]): g["params"] for g in optimizer.param_groups}
    assert groups.keys() == {(1.0, 0.1), (1.0, 0.0), (0.1, 0.1), (0.1, 0.0)}
    assert all(p.ndim == 1 for p in groups[(0.1, 0.0)])
    assert all(p.ndim > 1 for p in groups[(0.1, 0.1)])
    assert sum(len(group) for group in groups.values()) == len(list(network.parameters()))
    scratch = config.replace(method=Method.SCRATCH)
    optimizer = make_optimizer(network, "fc.", scratch)
    assert {group["peak_lr"] for group in optimizer.param_groups} == {1.0}


@pytest.mark.parametrize("method", ["head", "full"])
def test_estimate_measures_and_keeps_nothing(tmp_path: Path, method: str) -> None:
    make_tiny_model()
    data = make_photos(tmp_path / "colours")
    summary = list(scan_dataset(data))[-1].summary  # type: ignore[union-attr]
    events = list(estimate(tiny_config(data, method=method), summary, zoo=user_zoo()))
    result = events[-1]
    assert isinstance(result, Estimated)
    assert 0 < result.seconds < 60
    assert result.memory_mb > 100
    assert result.photos_in_memory
    assert "second" in result.text
    assert not (tmp_path / "home" / "data" / "runs").exists()


def test_durations_are_said_coarsely() -> None:
    said = [duration(seconds) for seconds in (0.2, 7.4, 42, 200, 9000)]
    assert said == ["1 second", "7 seconds", "40 seconds", "3 minutes", "2.5 hours"]
