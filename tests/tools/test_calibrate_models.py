"""What packed models say of how far they can be trusted comes from images they did not learn from,
and changes no answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from resnet_gui.core.dataset import scan_dataset
from resnet_gui.core.zoo.weights.load import read_state_dict
from resnet_gui.core.zoo.weights.model_file import copy_model, read_header
from tests.helpers.training import make_photos, make_tiny_model, user_zoo
from tools.calibrate_models import WANTED, calibrate, threshold_of

CARD = "# Tiny\n\n| | |\n| --- | --- |\n| test accuracy | **50 %** |\n| seed | 0 |\n"


def test_the_threshold_is_the_lowest_with_so_many_right() -> None:
    rng = np.random.default_rng(0)
    confidences = rng.uniform(0.3, 1, 2000)
    right = rng.uniform(0, 1, 2000) < confidences
    found = threshold_of(confidences, right)
    assert found is not None
    assert right[confidences >= found].mean() >= WANTED
    assert right[confidences >= found - 0.01].mean() < WANTED
    assert threshold_of(confidences, np.zeros(2000, bool)) is None
    assert threshold_of(confidences, np.ones(2000, bool)) == 0


def test_a_packed_model_is_calibrated_by_its_held_out_images(tmp_path: Path) -> None:
    path = make_tiny_model()
    recipe = {"val_fraction": 0.5, "seed": 0}
    copy_model(path, path.with_suffix(".new"), provenance={"recipe": recipe})
    path.with_suffix(".new").replace(path)
    path.with_suffix(".md").write_text(CARD, encoding="utf-8")
    for part, count in (("train", 44), ("test", 3)):
        make_photos(tmp_path / "letters" / part, tuple("abcde"), count=count, side=36)
    summary = list(scan_dataset(tmp_path / "letters"))[-1].summary  # type: ignore[union-attr]
    before = read_state_dict(path)
    for _ in range(2):  # the second time in place of the first
        said = calibrate(user_zoo().ready("tiny"), summary)
        assert said.startswith("tiny: temperature ")
        assert "15 test images" in said
    calibration = user_zoo().ready("tiny").spec.calibration
    assert calibration.photos == 5 * 22
    assert calibration.means
    assert calibration.unlike is not None
    after = read_state_dict(path)
    assert all(bool((after[name] == tensor).all()) for name, tensor in before.items())
    assert read_header(path).document["provenance"]["recipe"] == recipe
    lines = path.with_suffix(".md").read_text(encoding="utf-8").split("\n")
    assert [line[:13] for line in lines[4:7]] == ["| test accura", "| calibration", "| seed | 0 |"]


def test_a_file_that_does_not_say_how_is_refused(tmp_path: Path) -> None:
    path = make_tiny_model()
    make_photos(tmp_path / "letters", ("a", "b"), count=3)
    summary = list(scan_dataset(tmp_path / "letters"))[-1].summary  # type: ignore[union-attr]
    before = path.read_bytes()
    with pytest.raises(SystemExit, match="does not say how"):
        calibrate(user_zoo().ready("tiny"), summary)
    assert path.read_bytes() == before
