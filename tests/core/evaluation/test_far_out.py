"""Pictures that are no CIFAR photos at all against CIFAR's: what the unknown score is worth."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data as textures
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from resnet_gui.core.evaluation.calibrate import PASS, fit_calibration
from resnet_gui.core.inference.exact import open_exact
from resnet_gui.core.inference.unknown import energy, unknown_scores
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo import Zoo

pytestmark = [pytest.mark.slow, pytest.mark.data]
_EACH = 300  # photos of CIFAR's test part per class


def cifar_photos(archive: Path) -> tuple[np.ndarray, list[str]]:
    found: dict[str, list[np.ndarray]] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            *_, part, label, name = ("", "", *member.name.split("/"))
            photos = found.setdefault(label, [])
            if part != "test" or not name.endswith(".jpg") or len(photos) >= _EACH:
                continue
            with tar.extractfile(member) as file, Image.open(file) as image:  # type: ignore[union-attr]
                photos.append(np.asarray(image.convert("RGB")))
    labels = [label for label, photos in found.items() for _ in photos]
    return np.stack([photo for photos in found.values() for photo in photos]), labels


def far_out() -> dict[str, np.ndarray]:
    """Noise (even, normal, smooth), textures and digits, 32 x 32."""
    rng = np.random.default_rng(0)

    def sized(pixels: np.ndarray) -> np.ndarray:
        image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).convert("RGB")
        return np.asarray(image.resize((32, 32), Image.Resampling.BICUBIC))

    def pieces(name: str) -> list[np.ndarray]:
        picture, found = getattr(textures, name)(), []
        for side in (32, 64, 128):
            for _ in range(50):
                y, x = rng.integers(0, min(picture.shape[:2]) - side, 2)
                found.append(sized(picture[y : y + side, x : x + side]))
        return found

    return {
        "even noise": rng.integers(0, 256, (400, 32, 32, 3)).astype(np.uint8),
        "normal noise": np.clip(rng.normal(128, 50, (400, 32, 32, 3)), 0, 255).astype(np.uint8),
        "smooth noise": np.stack([sized(x) for x in rng.normal(128, 60, (400, 8, 8, 3))]),
        "textures": np.stack([p for n in ("brick", "grass", "gravel") for p in pieces(n)]),
        "digits": np.stack([sized(x * 16) for x in load_digits().images[:400]]),
    }


def test_far_out_pictures_are_told_from_photos(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crops, labels = cifar_photos(shared_data / "cifar10-jpeg.tar.xz")
    entry = Zoo.standard().ready("resnet56-cifar10")
    backend = open_exact(entry, cpu(), channels_last=True)
    truth = np.array([entry.spec.classes.index(label) for label in labels])
    logits, features = backend.infer_both(crops)
    assert features is not None
    fitting = np.arange(len(truth)) % 3 == 0  # a third stands for validation photos
    calibration, _ = fit_calibration(logits[fitting], truth[fitting], features[fitting])
    assert calibration.means
    near = unknown_scores(calibration, logits[~fitting], features[~fitting])
    assert near is not None
    assert (near <= calibration.unlike).mean() > PASS - 0.02
    areas, flagged, plain = [], [], []
    for kind, pictures in far_out().items():
        answers, seen = backend.infer_both(pictures)
        far = unknown_scores(calibration, answers, seen)
        assert far is not None
        which = np.repeat([0, 1], [len(near), len(far)])
        areas.append(roc_auc_score(which, np.concatenate([near, far])))
        flagged.append(float((far > calibration.unlike).mean()))
        energies = np.concatenate([energy(logits[~fitting]), energy(answers)])
        plain.append(roc_auc_score(which, energies))
        with capsys.disabled():
            print(  # noqa: T201
                f"\n{kind}: AUROC {areas[-1]:.3f} (energy alone {plain[-1]:.3f}), "
                f"{flagged[-1]:.0%} called unlike"
            )
    assert min(areas) >= 0.85
    assert np.mean(areas) >= 0.9
    assert np.mean(areas) > np.mean(plain)
