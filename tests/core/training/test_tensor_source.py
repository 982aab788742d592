"""Photos as one tensor, augmented a batch at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from resnet_gui.core.dataset.split import Item, Split
from resnet_gui.core.inference.hardware import Forward
from resnet_gui.core.runs.augmentations import AUGMENTATIONS
from resnet_gui.core.training.augment import Variation, drawing_from, transform_for
from resnet_gui.core.training.data.photos import PhotoSource
from resnet_gui.core.training.data.source import Source
from resnet_gui.core.training.data.tensor import LEVELS, TensorSource, tensor_bytes
from resnet_gui.core.zoo import Preprocessing
from tests.helpers.training import make_photos

SMALL = Preprocessing(32, 32, (0.4, 0.5, 0.6), (0.2, 0.25, 0.3))
PAD = 3  # a tenth of 32, rounded


opened: list[Source] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while opened:
        opened.pop().close()


@pytest.fixture
def split(tmp_path: Path) -> Split:
    make_photos(tmp_path, ("red", "green", "blue"), count=6)
    (tmp_path / "red" / "003.jpg").write_bytes(b"no photo")
    items = [
        Item(f"{name}/{number:03}.jpg", label)
        for label, name in enumerate(("red", "green", "blue"))
        for number in range(6)
    ]
    val = tuple(item for item in items if item.path.endswith("5.jpg"))
    train = tuple(item for item in items if item not in val)
    return Split(("red", "green", "blue"), train, val, (), True)


def filled(tmp_path: Path, split: Split, level: str, channels_last: bool = True) -> TensorSource:
    source = TensorSource(tmp_path, split, SMALL, Variation(level), "cpu", channels_last, 10**9, 2)
    opened.append(source)
    events = list(source.fill())
    assert events[-1].done == events[-1].total == len(split.train) + len(split.val)
    return source


def reference(tmp_path: Path, split: Split) -> PhotoSource:
    source = PhotoSource(tmp_path, split, SMALL, Variation(), "cpu", False, 10**9, largest=2)
    opened.append(source)
    list(source.fill())
    return source


def test_without_augmentation_it_is_what_photo_by_photo_gives(tmp_path: Path, split: Split) -> None:
    source, other = filled(tmp_path, split, "none"), reference(tmp_path, split)
    assert source.trainable == other.trainable
    assert 3 not in source.trainable, "the file that is no photo"
    indices = source.trainable[::-1]
    got, wanted = source.batch(indices, 0), other.batch(indices, 0)
    assert got is not None
    assert wanted is not None
    torch.testing.assert_close(got.x, wanted.x)
    assert torch.equal(got.y, wanted.y)
    assert got.x.is_contiguous(memory_format=torch.channels_last)
    failures = source.take_failures()
    assert [Path(path).name for path, _ in failures] == ["003.jpg"]
    assert source.take_failures() == []


@pytest.mark.parametrize("side", [32, 16])
def test_validation_is_what_photo_by_photo_gives(tmp_path: Path, split: Split, side: int) -> None:
    source, other = filled(tmp_path, split, "light"), reference(tmp_path, split)
    source.begin_epoch(1, side)
    other.begin_epoch(1, side)
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(3 * side * side, 3)).eval()
    forward = Forward("cpu", "fp32", 2)
    got = list(source.judge(module, forward))
    wanted = list(other.judge(module, forward))
    assert [item.positions for item in got] == [[0, 1], [2]] == [i.positions for i in wanted]
    for mine, theirs in zip(got, wanted, strict=True):
        torch.testing.assert_close(mine.logits, theirs.logits)


def test_light_shifts_and_mirrors_and_nothing_else(tmp_path: Path, split: Split) -> None:
    plain = filled(tmp_path, split, "none")
    light = filled(tmp_path, split, "light")
    indices = [0, 5, 12] * 60
    original = plain.batch(indices, 0)
    seen, again = light.batch(indices, 11), light.batch(indices, 11)
    assert original is not None
    assert seen is not None
    assert again is not None
    assert torch.equal(seen.x, again.x), "the seed decides"
    found = [_shift_and_mirror(a, b) for a, b in zip(original.x, seen.x, strict=True)]
    assert {mirrored for _, _, mirrored in found} == {False, True}
    shifts = range(-PAD, PAD + 1)
    assert {dy for dy, _, _ in found} == set(shifts) == {dx for _, dx, _ in found}


def _shift_and_mirror(original: Tensor, seen: Tensor) -> tuple[int, int, bool]:
    """The only shift (dy, dx) and mirroring that turn one photo (3, 32, 32) into the other."""
    mean = torch.tensor([round(255 * m) / 255 for m in SMALL.mean])
    fill = (mean - torch.tensor(SMALL.mean)) / torch.tensor(SMALL.std)
    padded = fill[:, None, None].expand(3, 32 + 2 * PAD, 32 + 2 * PAD).clone()
    padded[:, PAD:-PAD, PAD:-PAD] = original

    def fits(dy: int, dx: int, mirrored: bool) -> bool:
        crop = padded[:, PAD + dy : PAD + dy + 32, PAD + dx : PAD + dx + 32]
        return torch.allclose(crop.flip(2) if mirrored else crop, seen, atol=1e-5)

    shifts = range(-PAD, PAD + 1)
    (match,) = (key for key in itertools.product(shifts, shifts, (False, True)) if fits(*key))
    return match


def test_fewer_pixels_are_the_same_picture(tmp_path: Path, split: Split) -> None:
    source = filled(tmp_path, split, "none")
    whole = source.batch([0, 7], 0)
    source.begin_epoch(1, 16)
    half = source.batch([0, 7], 0)
    assert whole is not None
    assert half is not None
    assert half.x.shape == (2, 3, 16, 16)
    assert half.x.is_contiguous(memory_format=torch.channels_last)
    expected = nn.functional.interpolate(whole.x, (16, 16), mode="bilinear", antialias=True)
    torch.testing.assert_close(half.x, expected)


@pytest.mark.parametrize("level", ["none", "light"])
def test_the_mean_photo(tmp_path: Path, split: Split, level: str) -> None:
    source, plain = filled(tmp_path, split, level), filled(tmp_path, split, "none")
    every = plain.batch(plain.trainable, 0)
    assert every is not None
    torch.testing.assert_close(source.mean_photo(), every.x.mean(0), atol=1e-5, rtol=0)


def test_the_photos_that_layers_are_measured_on(tmp_path: Path, split: Split) -> None:
    for source in (filled(tmp_path, split, "light"), reference(tmp_path, split)):
        batch, again = source.first_photos(6), source.first_photos(6)
        assert batch is not None
        assert again is not None
        assert torch.equal(batch.x, again.x)
        assert len(batch.y) == 6
        assert set(batch.y.tolist()) == {0, 1, 2}, "not all of the first class"
        assert batch.x.shape == (6, 3, 32, 32)


def test_what_it_needs_of_memory(tmp_path: Path, split: Split) -> None:
    source = filled(tmp_path, split, "light")
    held = source._train._held
    assert held is not None
    kept = held.numel() * 4
    assert kept == tensor_bytes(len(source.trainable), 32, Variation("light"))


def test_no_validation_photos_and_no_readable_ones(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.jpg").write_bytes(b"nothing")
    source = filled(tmp_path, Split(("a", "b"), (Item("a/x.jpg", 0),), (), (), True), "light")
    assert source.trainable == []
    assert source.first_photos(4) is None
    assert list(source.judge(nn.Identity(), Forward("cpu", "fp32", 2))) == []
    assert len(source.take_failures()) == 1


def test_labels_belong_to_their_photos(tmp_path: Path, split: Split) -> None:
    """Colours tell: each photo is noise around its class's colour."""
    source = filled(tmp_path, split, "light")
    batch = source.batch(source.trainable, 1)
    assert batch is not None
    colours = batch.x.mean((2, 3)) * torch.tensor(SMALL.std) + torch.tensor(SMALL.mean)
    assert np.array_equal(colours.argmax(1), batch.y)


BOTH = ("tensor", "photo by photo")
COPIES = 150  # of a photo: one of them, at least, is not shifted


def varied(tmp_path: Path, split: Split, kind: str, variation: Variation) -> Source:
    source: TensorSource | PhotoSource
    if kind == "tensor":
        source = TensorSource(tmp_path, split, SMALL, variation, "cpu", False, 10**9, 2)
    else:
        source = PhotoSource(tmp_path, split, SMALL, variation, "cpu", False, 10**9, largest=2)
    opened.append(source)
    list(source.fill())
    return source


@pytest.mark.parametrize("kind", BOTH)
def test_alternating_flips_show_each_photo_from_both_sides(
    tmp_path: Path, split: Split, kind: str
) -> None:
    plain = varied(tmp_path, split, kind, Variation())
    # The least shift there is, so that some photos are not shifted and can be compared.
    variation = Variation("light", shift_pixels=1, alternate_flip=True, seed=5)
    source = varied(tmp_path, split, kind, variation)
    indices = [i for i in source.trainable for _ in range(COPIES)]
    original = plain.batch(indices, 0)
    assert original is not None
    sides: list[list[bool]] = []
    for epoch in (1, 2, 3):
        source.begin_epoch(epoch, 32)
        seen = source.batch(indices, epoch)
        assert seen is not None
        inner = slice(1, -1)
        flips: list[bool] = []
        for number in range(len(source.trainable)):
            rows = range(number * COPIES, (number + 1) * COPIES)
            as_it_is = any(
                torch.equal(seen.x[i, :, inner, inner], original.x[i, :, inner, inner])
                for i in rows
            )
            mirrored = any(
                torch.equal(seen.x[i].flip(2)[:, inner, inner], original.x[i, :, inner, inner])
                for i in rows
            )
            assert as_it_is != mirrored, "one side in one epoch"
            flips.append(mirrored)
        sides.append(flips)
    assert sides[0] == sides[2] == [not side for side in sides[1]]
    assert set(sides[0]) == {False, True}, "not all photos turn at once"


@pytest.mark.parametrize("kind", BOTH)
def test_what_a_shift_brings_in_can_be_the_mirrored_edge(
    tmp_path: Path, split: Split, kind: str
) -> None:
    plain = varied(tmp_path, split, kind, Variation())
    variation = Variation("light", shift_pixels=4, shift_reflect=True, alternate_flip=True)
    source = varied(tmp_path, split, kind, variation)
    source.begin_epoch(2 - int(variation.first_flips(len(split.train))[0]) % 2, 32)
    original, seen = plain.batch([0], 0), source.batch([0] * 200, 3)
    assert original is not None
    assert seen is not None
    whole = nn.functional.pad(original.x, (4, 4, 4, 4), mode="reflect")[0]
    crops = [whole[:, y : y + 32, x : x + 32] for y in range(9) for x in range(9)]
    crops += [crop.flip(2) for crop in crops]
    found = {
        next(n for n, c in enumerate(crops) if torch.allclose(c, x, atol=1e-5)) for x in seen.x
    }
    assert len({number % 81 for number in found}) > 40, "shifts of up to 4 both ways"


@pytest.mark.parametrize("kind", BOTH)
def test_cutout_is_a_square_of_the_mean_colour(tmp_path: Path, split: Split, kind: str) -> None:
    source = varied(tmp_path, split, kind, Variation("light", shift_pixels=1, cutout=6))
    batch = source.batch([0] * 100, 0)
    assert batch is not None
    flat = batch.x.abs().amax(1) < 0.02  # 0.5/255/0.2: the mean colour, rounded to a byte
    areas = flat[:, 1:-1, 1:-1].sum((1, 2))
    assert int(areas.max()) <= 36
    assert int((areas == 36).sum()) > 30, "a whole square where it lies inside"
    assert int(areas.min()) >= 4, "the centre is always inside"


VARIATIONS = (
    Variation(),
    Variation("light"),
    Variation("light", shift_pixels=4, shift_reflect=True, alternate_flip=True, cutout=6, seed=2),
)


@pytest.mark.parametrize("variation", VARIATIONS)
@pytest.mark.parametrize("side", [32, 16])
def test_how_much_memory_there_is_changes_nothing(
    tmp_path: Path, split: Split, variation: Variation, side: int
) -> None:
    """A run may be resumed where less is free than when it began."""
    sources = []
    for budget in (10**9, 20_000, 0):  # all in one tensor; a few photos; none
        source = TensorSource(tmp_path, split, SMALL, variation, "cpu", True, budget, 2)
        opened.append(source)
        list(source.fill())
        sources.append(source)
    assert [Path(path).name for path, _ in sources[0].take_failures()] == ["003.jpg"]
    plenty = sources[0]
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(3 * side * side, 3)).eval()
    for source in sources:
        source.begin_epoch(2, side)
    forward = Forward("cpu", "fp32", 2)
    judged = list(plenty.judge(module, forward))
    wanted = plenty.batch([0, 7, 12, 4], 5)
    first = plenty.first_photos(4)
    assert wanted is not None
    assert first is not None
    for source in sources[1:]:
        for _ in range(2):  # read, then from memory if there was room
            got = source.batch([0, 7, 12, 4], 5)
            assert got is not None
            assert torch.equal(got.x, wanted.x)
            assert torch.equal(got.y, wanted.y)
            assert got.x.stride() == wanted.x.stride()
        again = source.first_photos(4)
        assert again is not None
        assert torch.equal(again.x, first.x)
        for mine, theirs in zip(source.judge(module, forward), judged, strict=True):
            assert mine.positions == theirs.positions
            assert torch.equal(mine.logits, theirs.logits)
        assert torch.equal(source.mean_photo(), plenty.mean_photo())


def test_a_photo_that_breaks_changes_no_other(tmp_path: Path, split: Split) -> None:
    variation = Variation("light", shift_pixels=4, cutout=6)
    source = TensorSource(tmp_path, split, SMALL, variation, "cpu", True, 0, 2)
    opened.append(source)
    list(source.fill())
    whole = source.batch([0, 7, 12], 5)
    (tmp_path / split.train[7].path).unlink()
    rest = source.batch([0, 7, 12], 5)
    assert whole is not None
    assert rest is not None
    assert torch.equal(rest.x, whole.x[[0, 2]])
    assert torch.equal(rest.y, whole.y[[0, 2]])
    assert source.batch([7], 5) is None


@pytest.mark.parametrize("level", sorted(AUGMENTATIONS))
def test_what_is_made_ahead_draws_nothing_that_the_network_draws(
    tmp_path: Path, split: Split, level: str
) -> None:
    """Dropout draws from torch's global generator while the next batches are made."""
    kind = "tensor" if level in LEVELS else "photo by photo"
    source = varied(tmp_path, split, kind, Variation(level, cutout=4))
    indices = [0, 7, 12] * 4
    before = torch.get_rng_state()
    alone = [source.batch(indices, seed) for seed in (1, 2)]
    for seed in (1, 2):
        source.prefetch(indices, seed)
    ahead = [source.batch(indices, seed) for seed in (1, 2)]
    assert torch.equal(torch.get_rng_state(), before)
    for left, right in zip(alone, ahead, strict=True):
        assert left is not None
        assert right is not None
        assert torch.equal(left.x, right.x)


@pytest.mark.parametrize("level", sorted(AUGMENTATIONS))
def test_the_seed_alone_decides_how_a_photo_is_varied(level: str) -> None:
    transform = transform_for(Variation(level, cutout=4), SMALL)
    photo = torch.randint(0, 255, (3, 40, 50), dtype=torch.uint8)
    for seed in range(40):  # TrivialAugment has many ways
        before = torch.get_rng_state()
        wanted = transform(photo, seed)
        assert torch.equal(torch.get_rng_state(), before)
        torch.manual_seed(seed)  # the network's dropout draws, meanwhile
        assert torch.equal(transform(photo, seed), wanted)


def test_a_generator_of_its_own_gives_the_numbers_of_the_global_one() -> None:
    from torchvision.transforms import v2

    transform = v2.Compose([v2.TrivialAugmentWide(), v2.RandomErasing(p=0.5)])
    photo = torch.randint(0, 255, (3, 40, 50), dtype=torch.uint8)
    for seed in range(40):
        torch.manual_seed(seed)
        wanted = transform(photo)
        with drawing_from(seed):
            assert torch.equal(transform(photo), wanted)
