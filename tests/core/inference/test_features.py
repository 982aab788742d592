"""Features: what the head really sees, for every kind of network, in a file that numpy reads."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from typer.testing import CliRunner

from resnet_gui.cli.main import app
from resnet_gui.core.errors import ModelError, ResNetGuiError
from resnet_gui.core.events import DeviceInfo, ImageFailed, ImageSource, Notice
from resnet_gui.core.inference.backend import Crops, Pooling, Rows
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.exact import ExactBackend
from resnet_gui.core.inference.feature_file import FeatureFile
from resnet_gui.core.inference.features import FeaturesDone, extract_features
from resnet_gui.core.inference.network_features import features_of
from resnet_gui.core.nets.build import build_network, head_name
from resnet_gui.core.photos.preprocess import network_input
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system import paths
from resnet_gui.core.system.processor import cpu_name
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.providers.lite0 import MODEL_ID as LITE0
from tests.helpers.models import small_model
from tests.helpers.pictures import encoded, gradient

NETWORKS: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "torchvision": ("resnet18", {}, (512, 2, 2)),
    "bottlenecks": ("resnet50", {}, (2048, 2, 2)),
    "own head": ("resnet18", {"head": {"width": 8, "dropout": 0.5}}, (512, 2, 2)),
    "embedded": (LITE0, {}, (1280, 2, 2)),
    "Keras V2": ("resnet50v2", {}, (2048, 2, 2)),
    "Keras": ("keras_resnet50", {}, (2048, 2, 2)),
    "CIFAR": ("cifar_resnet", {"depth": 8}, (64, 16, 16)),
    "CIFAR V2": ("cifar_preresnet", {"depth": 11}, (256, 16, 16)),
    "plain": ("plain_resnet", {"depth": 18}, (512, 2, 2)),
}


def small_network(name: str) -> nn.Module:
    architecture, options, _ = NETWORKS[name]
    torch.manual_seed(0)
    return build_network(architecture, 5, options).eval()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_head_makes_the_logits_of_the_features(name: str) -> None:
    network = small_network(name)
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        logits = network(x)
        average = features_of(network, x)
        whole = features_of(network, x, Pooling.NONE)
        largest = features_of(network, x, Pooling.MAX)
        head = network.get_submodule(head_name(network))
        assert torch.equal(head(average), logits)
        assert whole.shape == (2, *NETWORKS[name][2])
        torch.testing.assert_close(whole.mean((2, 3)), average)
        assert torch.equal(largest, whole.flatten(2).max(dim=2).values)
        assert (largest >= average).all()
        assert torch.equal(network(x), logits)  # nothing is left behind
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


class NoMean(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(x).amax((2, 3)))
        return logits


def test_a_network_that_pools_otherwise_has_only_what_its_head_sees() -> None:
    network, x = NoMean(), torch.rand(1, 3, 8, 8)
    assert torch.equal(network.head(features_of(network, x)), network(x))
    with pytest.raises(ModelError, match="no map of which"):
        features_of(network, x, Pooling.NONE)
    with pytest.raises(ModelError, match="no linear head"):
        features_of(nn.Conv2d(3, 3, 1), x)


# --- photos -----------------------------------------------------------------------------------


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        data = encoded(gradient(60 + 10 * number, 50), "JPEG")
        (folder / f"photo {number}.jpg").write_bytes(data)
    (folder / "broken.jpg").write_bytes(b"no photo")
    small_model(paths.user_models_dir() / "insects.safetensors")
    return folder


def test_events_come_in_order_and_a_bad_photo_stops_nothing(photos: Path) -> None:
    names = sorted(photos.iterdir())
    sources = [ImageSource.file(path) for path in names]
    classifier = Classifier(Zoo.standard())
    events = list(extract_features(classifier, sources, "insects", Pooling.AVG, "cpu"))
    answers = [event for event in events if isinstance(event, FeaturesDone | ImageFailed)]
    assert [answer.path for answer in answers] == [str(path) for path in names]
    assert [type(answer) for answer in answers] == [ImageFailed] + 3 * [FeaturesDone]
    network = next(iter(classifier._loaded.values())).backend.network
    preprocessing = Zoo.standard().get("insects").spec.preprocessing
    for number, answer in enumerate(answers[1:]):
        assert isinstance(answer, FeaturesDone)
        assert answer.features.dtype == np.float32
        x = network_input(Image.open(names[number + 1]).convert("RGB"), preprocessing)
        with torch.inference_mode():
            expected = features_of(network, torch.from_numpy(x[None]))[0].numpy()
        assert np.array_equal(answer.features, expected)
        assert json.loads(json.dumps(answer.to_json()))["path"] == answer.path


def test_a_device_that_fails_is_replaced(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The “device” is the CPU under another name; its first batch fails."""
    real, failing = ExactBackend.features, [True]

    def once(self: ExactBackend, crops: Crops, pooling: Pooling) -> Rows:
        if failing.pop() if failing else False:
            raise RuntimeError("CUDA out of memory\nand much more")
        return real(self, crops, pooling)

    monkeypatch.setattr(ExactBackend, "features", once)
    load = Classifier.load

    def renamed(self: Classifier, model_id: str, device: str = "auto", **options: Any) -> Any:
        model = yield from load(self, model_id, "cpu")
        if device == "auto":
            model.backend.device = DeviceInfo("cpu:9", "A card")
        return model

    monkeypatch.setattr(Classifier, "load", renamed)
    sources = [ImageSource.file(path) for path in sorted(photos.glob("photo*"))]
    events = list(extract_features(Classifier(Zoo.standard()), sources, "insects"))
    assert sum(isinstance(event, FeaturesDone) for event in events) == 3
    (notice,) = (event for event in events if isinstance(event, Notice))
    assert notice.message == "A card failed (CUDA out of memory). The CPU is used instead."


# --- the file ---------------------------------------------------------------------------------


def test_the_file_is_there_at_once_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "new" / "features.npz"
    with FeatureFile(target, "m", "none") as file:
        for number in range(3):
            features = np.full((2, 3, 4), number, dtype=np.float32)
            file.add(f"{number}.jpg", features, '{"backend": "é"}' if number else "{}")
        file.add_failed("é\udcff.jpg", "“no” photo")
        assert not target.exists()
        file.save()
    with np.load(target) as found:  # no pickles: numpy refuses them here
        assert found["features"].shape == (3, 2, 3, 4)
        assert found["features"].dtype == np.float32
        assert found["features"][:, 0, 0, 0].tolist() == [0, 1, 2]
        assert found["paths"].tolist() == ["0.jpg", "1.jpg", "2.jpg"]
        assert found["failed"].tolist() == ["é\udcff.jpg"]
        assert found["messages"].tolist() == ["“no” photo"]
        assert (str(found["model"]), str(found["pooling"])) == ("m", "none")
        # A model whose faster form became ready meanwhile went on in another way.
        assert found["ways"].tolist() == ["{}", '{"backend": "é"}']
        assert found["way"].tolist() == [0, 1, 1]
    before = target.read_bytes()
    with FeatureFile(target, "m", "avg") as file:
        file.add("a", np.zeros(2, np.float32))
        with pytest.raises(ValueError, match="after"):
            file.add("b", np.zeros(3, np.float32))
    assert target.read_bytes() == before
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with (
        pytest.raises(ResNetGuiError, match="could not be written"),
        FeatureFile(tmp_path / "file" / "x.npz", "m", "avg"),
    ):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_disk_that_is_full_is_what_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing the file writes once more, and its error took the place of the one with words."""
    monkeypatch.setattr(
        "resnet_gui.core.inference.feature_file.tempfile.TemporaryFile",
        lambda dir: Path("/dev/full").open("wb"),  # noqa: SIM115 - the file closes it
    )
    target = tmp_path / "x.npz"
    few, many = np.zeros(8, np.float32), np.zeros(100_000, np.float32)
    with pytest.raises(ResNetGuiError, match="No space left"), FeatureFile(target, "m", "a") as one:
        one.add("a", many)
    with FeatureFile(target, "m", "a") as other:
        other.add("a", few)  # it fits into the buffer, and nobody saves it
    assert not target.exists()


# --- the command ------------------------------------------------------------------------------


@pytest.fixture
def command(photos: Path) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: object) -> tuple[int, str, str]:
        words = ["features", *map(str, arguments)]
        done = CliRunner().invoke(app, words)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


def test_the_command_writes_the_file_and_a_summary(
    command: Callable[..., tuple[int, str, str]], photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "x.npz"
    code, stdout, stderr = command(photos, "--model", "insects", "--out", out, "--json")
    assert code == 1  # one photo is broken
    summary = json.loads(stdout)
    assert (summary["model"], summary["pooling"], summary["n"]) == ("insects", "avg", 3)
    assert (summary["out"], summary["shape"]) == (str(out), [3, 512])
    assert [item["path"] for item in summary["failed"]] == [str(photos / "broken.jpg")]
    assert "broken.jpg" in stderr
    with np.load(out) as found:
        assert found["features"].shape == (3, 512)
        assert found["paths"].tolist() == [str(p) for p in sorted(photos.glob("photo*"))]
        assert found["failed"].tolist() == [str(photos / "broken.jpg")]
        assert found["messages"].tolist() == [summary["failed"][0]["message"]]
        assert found["way"].tolist() == [0, 0, 0]
        (way,) = map(json.loads, found["ways"].tolist())
    assert summary["ways"] == [way]
    entry = Zoo.standard().ready("insects")
    assert entry.weights_path is not None
    assert way["weights"] == hashlib.sha256(entry.weights_path.read_bytes()).hexdigest()
    assert (way["model"], way["architecture"], way["pooling"]) == ("insects", "resnet18", "avg")
    assert Preprocessing.from_json(way["preprocessing"]) == entry.spec.preprocessing
    assert (way["backend"], way["precision"], way["reading"]) == ("exact", "fp32", "exact")
    assert way["device"] == cpu_name()
    assert set(way["versions"]) == {"resnet-gui", "torch"}
    (photos / "broken.jpg").unlink()
    code, stdout, stderr = command(photos, "--model", "insects", "--pooling", "none", "--out", out)
    assert (code, stdout) == (0, "")
    assert "3 × 512 × 1 × 1 features" in stderr
    code, _, _ = command(photos, "--model", "insects", "--pooling", "max", "--out", out)
    assert code == 0
    with np.load(out) as found:
        assert str(found["pooling"]) == "max"


def test_no_features_no_file(
    command: Callable[..., tuple[int, str, str]], photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "x.npz"
    broken = photos / "broken.jpg"
    code, stdout, _ = command(broken, "--model", "insects", "--out", out, "--json")
    assert (code, json.loads(stdout)["out"]) == (1, None)
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--out", "x.npy"), "ending in .npz"),
        (("--out", "x.npz", "--pooling", "sum"), "choose avg, max or none"),
        (("--out", "x.npz", "--device", "gpu"), "no kind of device"),
        ((), "--out"),
    ],
)
def test_wrong_use(
    command: Callable[..., tuple[int, str, str]],
    photos: Path,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    code, stdout, stderr = command(photos, *arguments)
    assert (code, stdout) == (2, "")
    assert words in " ".join(stderr.replace("│", " ").split())
    with pytest.raises(ResNetGuiError, match="There is no model"):
        command(photos, "--out", "x.npz", "--model", "nope")


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_leaves_nothing(photos: Path, tmp_path: Path, own_home: Path) -> None:
    large = encoded(gradient(1500, 1500), "JPEG")
    for number in range(300):
        (photos / f"more {number}.jpg").write_bytes(large)
    out = tmp_path / "out" / "x.npz"
    process = subprocess.Popen(
        [sys.executable, "-m", "resnet_gui", "features", str(photos), "--out", str(out),
         "--model", "insects"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    first = process.stderr.readline()  # “broken.jpg …”: it is at work
    assert "broken.jpg" in first
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert "Nothing was written" in process.stderr.read()
    process.stderr.close()
    assert not list(tmp_path.glob("out/*"))


def test_help_reads_well() -> None:
    done = CliRunner().invoke(app, ["features", "--help"])
    text = " ".join(done.stdout.split())
    for words in ("--out", "--pooling", "numpy.load reads the file", "FILE.npz"):
        assert words in text
