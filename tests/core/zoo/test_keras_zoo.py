"""Keras's models in the zoo: listed, downloaded with an MD5, imported by hand, used."""

from __future__ import annotations

import dataclasses
import hashlib
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from resnet_gui.cli.main import app
from resnet_gui.core import errors
from resnet_gui.core.errors import ModelError
from resnet_gui.core.events import ImageSource, Prediction
from resnet_gui.core.http.settings import HttpSettings
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.nets.families.keras import SHAPES
from resnet_gui.core.system.checksum import Checksum, hashes_of
from resnet_gui.core.system.paths import (
    keras_models_dir,
    torch_hub_checkpoints_dir,
    user_models_dir,
)
from resnet_gui.core.zoo import ModelEntry, ModelState, Zoo
from resnet_gui.core.zoo.providers import keras as keras_zoo
from resnet_gui.core.zoo.providers.keras import KerasProvider, keras_specs
from resnet_gui.core.zoo.providers.registry import published_specs
from resnet_gui.core.zoo.providers.torchvision import imagenet_classes
from resnet_gui.core.zoo.spec import ModelSpec
from resnet_gui.core.zoo.storage import imports as import_weights
from resnet_gui.core.zoo.storage import offline_kit as bundle
from resnet_gui.core.zoo.storage.downloads import download_weights
from resnet_gui.core.zoo.storage.offline_kit import make_kit
from resnet_gui.core.zoo.untrained import untrained_spec
from tests.helpers.download_server import FAST, ONCE, Answer, Site, drive, serve, wait_for_threads
from tests.helpers.models import PUBLISHED, published_weights
from tests.helpers.pictures import encoded, gradient

from .test_keras_files import keras_file

SIZE = 1_000_000


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.delenv("RESNET_GUI_WEIGHTS_URL", raising=False)
    with serve(random.Random(7).randbytes(SIZE)) as running:
        yield running
    assert wait_for_threads() == []


def md5_spec(site: Site, **changes: Any) -> ModelSpec:
    md5 = hashlib.md5(site.content, usedforsecurity=False).hexdigest()
    return site.spec(**{"sha256_prefix": "", "md5": md5, **changes})


# --- downloads with an MD5 --------------------------------------------------------------------


def test_a_download_is_checked_by_its_md5(site: Site, tmp_path: Path) -> None:
    spec = md5_spec(site)
    assert spec.checksum.title == "MD5"
    _, path = drive(download_weights(spec, tmp_path, patience=ONCE))
    assert path.read_bytes() == site.content
    drive(download_weights(spec, tmp_path, patience=ONCE))
    assert len(site.requests) == 1  # here and right: nothing was asked again
    path.write_bytes(b"x" + site.content[1:])
    drive(download_weights(spec, tmp_path, patience=ONCE))
    assert path.read_bytes() == site.content


def test_a_part_goes_on_and_is_checked_whole(site: Site, tmp_path: Path) -> None:
    site.answers = [Answer(cut_at=0.5)]
    _, path = drive(download_weights(md5_spec(site), tmp_path, patience=FAST))
    assert path.read_bytes() == site.content
    assert site.ranges() == [None, f"bytes={SIZE // 2}-"]


def test_other_bytes_are_thrown_away(site: Site, tmp_path: Path) -> None:
    wrong = "0" * 32
    with pytest.raises(errors.WrongHashError, match="its MD5 should begin with 0000") as caught:
        drive(download_weights(md5_spec(site, md5=wrong), tmp_path, patience=ONCE))
    assert caught.value.found == hashlib.md5(site.content, usedforsecurity=False).hexdigest()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


@pytest.mark.parametrize("md5", ["", "abcdef0123", "Z" * 32, "0" * 31, "0" * 33])
def test_without_a_whole_md5_nothing_is_fetched(site: Site, tmp_path: Path, md5: str) -> None:
    with pytest.raises(ModelError, match="not published"):
        drive(download_weights(md5_spec(site, md5=md5), tmp_path, patience=ONCE))
    assert site.requests == []


def test_the_better_hash_counts_where_both_are_given(site: Site, tmp_path: Path) -> None:
    both = md5_spec(site, sha256_prefix="00000000")
    with pytest.raises(errors.WrongHashError, match="its SHA-256 should begin with 00000000"):
        drive(download_weights(both, tmp_path, patience=ONCE))


def test_checksums(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    md5 = "900150983cd24fb0d6963f7d28e17f72"
    assert drive(Checksum("md5", md5).of(path))[1] == md5  # type: ignore[arg-type]
    assert Checksum("md5", md5).matches(md5)
    assert not Checksum("md5", "").matches(md5)
    assert not Checksum("md5", md5[:8]).matches(md5)
    assert not Checksum("sha256", "").matches("ba7816bf")
    assert not Checksum("crc32", "0" * 32).is_valid()
    _, both = drive(hashes_of(path, ("sha256", "md5")))  # type: ignore[arg-type,var-annotated]
    assert (both["sha256"][:8], both["md5"]) == ("ba7816bf", md5)


def test_a_bundle_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made with the network, taken in without; a damaged copy in the cache is fetched anew."""
    monkeypatch.delenv("RESNET_GUI_WEIGHTS_URL", raising=False)
    with serve(published_weights()) as site:
        _bundle_of(site, tmp_path, monkeypatch)
    assert wait_for_threads() == []


def _bundle_of(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = md5_spec(site, **PUBLISHED)
    entry = ModelEntry(spec, ModelState.DOWNLOADABLE)
    drive(make_kit([entry], tmp_path / "bundle", patience=ONCE))
    (item,) = bundle.read_kit(tmp_path / "bundle")
    assert item.sha256 == hashlib.sha256(site.content).hexdigest()
    damaged = tmp_path / site.file_name
    damaged.write_bytes(b"x" * len(site.content))
    cached = ModelEntry(spec, ModelState.CACHED, damaged)
    drive(make_kit([cached], tmp_path / "second", patience=ONCE))
    assert (tmp_path / "second" / site.file_name).read_bytes() == site.content
    monkeypatch.setattr(import_weights, "published_specs", lambda: (spec,))
    settings = HttpSettings(weights_folder=tmp_path / "weights")
    _, (imported,) = drive(import_weights.import_weights(tmp_path / "bundle", settings))  # type: ignore[arg-type,misc]
    assert (imported.how, imported.spec.id) == ("hash", "net")
    assert imported.path.read_bytes() == site.content


# --- the entries ------------------------------------------------------------------------------


def test_entries() -> None:
    specs = keras_specs()
    assert [spec.id for spec in specs] == [
        "resnet50v2", "resnet101v2", "resnet152v2",
        "resnet50-keras", "resnet101-keras", "resnet152-keras",
    ]  # fmt: skip
    for spec in specs:
        row = SHAPES[spec.architecture]
        assert spec.family == ("ResNet V2" if row.version == 2 else "ResNet (Keras)")
        assert spec.checksum.is_valid()
        assert spec.url.startswith("https://storage.googleapis.com/tensorflow/")
        assert spec.classes == imagenet_classes()
        assert 0.7 < (spec.top1 or 0) < (spec.top5 or 0) < 0.95
        # Float32, BatchNorm's statistics among them, and HDF5's own some hundred kilobytes.
        assert 0 < spec.bytes - 4 * spec.parameters < 0.02 * spec.bytes
        assert "ImageNet" in spec.licence
        untrained = untrained_spec(spec.architecture)
        assert untrained is not None
        assert untrained.preprocessing == spec.preprocessing
    ids = [spec.id for spec in published_specs()]
    assert len(set(ids)) == len(ids) == 17 + 6


def test_states(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    v2, old = keras_specs()[0], keras_specs()[3]
    for folder, spec in ((torch_hub_checkpoints_dir(), v2), (keras_models_dir(), old)):
        folder.mkdir(parents=True)
        (folder / spec.url.rsplit("/", 1)[-1]).write_bytes(b"x")
    states = {entry.spec.id: entry.state for entry in KerasProvider().entries()}
    assert states["resnet50v2"] is states["resnet50-keras"] is ModelState.CACHED
    assert states["resnet101v2"] is ModelState.DOWNLOADABLE
    zoo = Zoo.standard()
    assert zoo.get("ResNet50V2.imagenet").spec == v2
    monkeypatch.setenv("KERAS_HOME", str(own_home / "elsewhere"))
    states = {entry.spec.id: entry.state for entry in KerasProvider().entries()}
    assert states["resnet50-keras"] is ModelState.DOWNLOADABLE


def test_scratch_takes_the_architecture() -> None:
    zoo = Zoo.standard()
    assert zoo.architecture("resnet50v2").state is ModelState.UNTRAINED
    assert zoo.architecture("keras_resnet50").spec.architecture == "keras_resnet50"
    assert zoo.architecture("resnet50-keras").spec.architecture == "keras_resnet50"


def test_without_h5py_they_are_listed_and_never_chosen(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = keras_specs()[2]
    folder = keras_models_dir()
    folder.mkdir(parents=True)
    (folder / spec.url.rsplit("/", 1)[-1]).write_bytes(b"x")
    zoo = Zoo((KerasProvider(),))
    default = zoo.default()
    assert default is not None
    assert default.spec.id == spec.id
    assert zoo.ready(spec.id).weights_path == folder / spec.url.rsplit("/", 1)[-1]
    monkeypatch.setattr(keras_zoo, "has_h5py", lambda: False)
    assert zoo.default() is None
    with pytest.raises(ModelError, match=r"“ResNet-152 V2” cannot be used yet.*pip install h5py"):
        zoo.ready(spec.id)
    assert "h5py" in zoo.get(spec.id).to_json()["problem"]


# --- by hand ----------------------------------------------------------------------------------


def test_an_official_file_is_known_by_its_md5(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = keras_file(tmp_path / "renamed.bin", "resnet50v2", 1000)
    md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    spec = dataclasses.replace(keras_specs()[0], md5=md5)
    monkeypatch.setattr(import_weights, "published_specs", lambda: (spec,))
    _, (imported,) = drive(import_weights.import_weights(path))  # type: ignore[arg-type,misc]
    assert imported.how == "hash"
    assert imported.path.name == "resnet50v2_weights_tf_dim_ordering_tf_kernels.h5"
    zoo = Zoo.standard()
    assert zoo.get("resnet50v2").state is ModelState.CACHED
    photo = ImageSource("photo", encoded(gradient(250, 240), "PNG"))
    events = list(Classifier(zoo).classify([photo], "resnet50v2", "cpu"))
    (answer,) = (event for event in events if isinstance(event, Prediction))
    assert len(answer.scores) == 5


@pytest.mark.parametrize("name", ["mine.weights.h5", "mine.h5"])
def test_another_file_becomes_a_model_of_ones_own(tmp_path: Path, name: str) -> None:
    path = keras_file(tmp_path / name, "keras_resnet50", 3)
    done = CliRunner().invoke(app, ["import", str(path)])
    assert done.exit_code == 0, done.stderr
    (made,) = user_models_dir().iterdir()
    entry = Zoo.standard().ready(made.stem)
    spec = entry.spec
    assert (spec.architecture, len(spec.classes)) == ("keras_resnet50", 3)
    assert spec.preprocessing == keras_specs()[3].preprocessing
    assert (spec.top1, spec.licence) == (None, "")
    photo = ImageSource("photo", encoded(gradient(250, 240), "PNG"))
    events = list(Classifier(Zoo.standard()).classify([photo], spec.id, "cpu"))
    assert sum(isinstance(event, Prediction) for event in events) == 1
    again = CliRunner().invoke(app, ["import", str(path)])
    assert "here already" in again.stderr


def test_import_without_h5py_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = keras_file(tmp_path / "mine.h5")
    monkeypatch.setitem(sys.modules, "h5py", None)
    done = CliRunner().invoke(app, ["import", str(path)])
    assert done.exit_code == 1
    assert "pip install h5py" in " ".join(done.stderr.split())
