"""Conversions are checked before they answer; what is not as good is refused."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor, nn

from resnet_gui.core.events import ModelReady, Notice, Prediction
from resnet_gui.core.inference import convert as conversion
from resnet_gui.core.inference import converted
from resnet_gui.core.inference.backend import EXACT, OPENVINO
from resnet_gui.core.inference.background import CONVERSIONS, Conversions
from resnet_gui.core.inference.classifier import Classifier, LoadedModel
from resnet_gui.core.inference.convert import convert
from resnet_gui.core.inference.converted import (
    MODEL_FOR_ONE,
    VERDICT,
    State,
    Verdict,
    describe,
    find_conversion,
    write_verdict,
)
from resnet_gui.core.inference.open_backend import open_converted
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.zoo import Zoo
from tests.core.inference.openvino.conftest import (
    answers,
    backend_of,
    insects_entry,
    small_insects,
    sources,
)

pytestmark = pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")


def _confused(network: nn.Module, preprocessing: Preprocessing, folder: Path) -> None:
    """A conversion in which the means of red and blue are confused."""
    mean, std = preprocessing.mean, preprocessing.std
    wrong = dataclasses.replace(preprocessing, mean=mean[::-1], std=std[::-1])
    _write(network, wrong, folder)


def _other_statistics(network: nn.Module, preprocessing: Preprocessing, folder: Path) -> None:
    """A conversion that normalises with ImageNet's mean and deviation instead of the model's."""
    wrong = Preprocessing(preprocessing.resize, preprocessing.crop)
    assert wrong.mean != preprocessing.mean
    _write(network, wrong, folder)


@contextlib.contextmanager
def _changed(network: nn.Module, tensor: str, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """While this is open, one of the network's tensors is another."""
    found = network.state_dict()[tensor]
    original = found.clone()
    found.copy_(change(original))
    try:
        yield
    finally:
        found.copy_(original)


def _swapped(network: nn.Module, preprocessing: Preprocessing, folder: Path) -> None:
    """A conversion that takes red for blue."""
    with _changed(network, "stem.conv.weight", lambda weight: weight.flip(1)):
        _write(network, preprocessing, folder)


def _other_weights(network: nn.Module, preprocessing: Preprocessing, folder: Path) -> None:
    """A conversion in which one of some sixty tensors is a thousandth too large."""
    with _changed(network, "stage2.0.residual.conv1.weight", lambda weight: 1.001 * weight):
        _write(network, preprocessing, folder)


def _one_kernel(network: nn.Module, preprocessing: Preprocessing, folder: Path) -> None:
    """A conversion in which a single kernel of a single layer is missing."""

    def without(weight: Tensor) -> Tensor:
        weight = weight.clone()
        weight[0] = 0
        return weight

    with _changed(network, "stage1.0.residual.conv2.weight", without):
        _write(network, preprocessing, folder)


def _old_statistics(network: nn.Module, preprocessing: Preprocessing, folder: Path) -> None:
    """A conversion in which one BatchNorm's variance is a hundredth off."""
    with _changed(network, "stage3.0.residual.norm1.running_var", lambda values: 1.01 * values):
        _write(network, preprocessing, folder)


def _alone(network: nn.Module, preprocessing: Preprocessing, folder: Path) -> None:
    """A conversion that is right but for the form for a single photo."""
    _write(network, preprocessing, folder)
    with tempfile.TemporaryDirectory() as other:
        _one_kernel(network, preprocessing, Path(other))
        for path in Path(other).glob(Path(MODEL_FOR_ONE).with_suffix(".*").name):
            (folder / path.name).unlink()
            shutil.copy(path, folder / path.name)


def _impossible(network: nn.Module, preprocessing: Preprocessing, folder: Path) -> None:
    raise RuntimeError("Check 'x' failed\nno such operation: aten::odd")


_write = conversion.write_model


@pytest.mark.parametrize(
    ("breaking", "reason"),
    [
        (_confused, "apart|another first answer"),
        (_other_statistics, "apart|another first answer"),
        (_swapped, "apart|another first answer"),
        (_other_weights, "apart"),
        (_old_statistics, "apart"),
        (_alone, "apart|another first answer"),
        (_impossible, r"OpenVINO cannot run it \(no such operation: aten::odd\)"),
    ],
)
def test_a_broken_conversion_is_refused_and_the_model_stays_on_exact(
    breaking: object, reason: str, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_insects()
    monkeypatch.delenv("RESNET_GUI_EXACT")
    monkeypatch.setattr(conversion, "write_model", breaking)
    entry = insects_entry()
    assert list(convert(entry))[-1] == "done"
    found = find_conversion(entry)
    assert found is not None
    assert found.verdict is not None
    assert found.verdict.state is State.REFUSED
    assert re.search(reason, found.verdict.reason)
    assert describe(entry) == f"Exact: the faster form was refused, as {found.verdict.reason}."
    assert [path.name for path in found.folder.iterdir()] == [VERDICT]
    begun = Conversions()
    begun.begin(entry)  # not again
    assert not begun.ended(entry)
    assert list(begun._begun.values()) == [None]
    classifier = Classifier(Zoo.standard())
    assert len(answers(classifier)) == 4
    assert backend_of(classifier) == EXACT


def test_without_enough_memory_nothing_is_begun_and_it_is_tried_again(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_insects()
    monkeypatch.delenv("RESNET_GUI_EXACT")
    monkeypatch.setattr(conversion, "write_model", lambda *_: pytest.fail("it was begun"))
    monkeypatch.setattr(conversion, "free_memory_bytes", lambda: 100_000_000)
    entry = insects_entry()
    for _ in range(3):
        assert list(convert(entry)) == ["hash", "network", "done"]
        found = find_conversion(entry)
        assert found is not None
        assert found.worth_trying
        assert not found.usable
        assert describe(entry) == (
            "Exact for now: the faster form was not made, as making it takes about 0.3 GB of "
            "memory and 0.1 GB were free. It is tried again after the next start."
        )


def test_a_conversion_that_ends_its_process_is_not_begun_for_ever(home: Path) -> None:
    found = find_conversion(insects_entry())
    assert found is not None
    for attempts, again in ((1, True), (2, False)):
        write_verdict(found.folder, Verdict(State.UNFINISHED, attempts=attempts))
        now = find_conversion(insects_entry())
        assert now is not None
        assert (now.usable, now.worth_trying) == (False, again)
    assert describe(insects_entry()) == "Exact: the faster form could not be made."
    assert open_converted(insects_entry()) is None


@pytest.mark.parametrize("damage", ["verdict", "weights", "model", "gone"])
def test_a_damaged_conversion_is_not_used(
    damage: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_conversion(insects_entry())
    assert found is not None
    if damage == "verdict":
        (found.folder / VERDICT).write_text('{"state": "chec')
    elif damage == "weights":  # what is compiled needs them, too
        for name in ("model.bin", "one.bin"):
            (found.folder / name).unlink()
    elif damage == "model":
        (found.folder / MODEL_FOR_ONE).write_text("<net>")
        shutil.rmtree(found.folder / converted.COMPILED)
    else:
        (found.folder / MODEL_FOR_ONE).unlink()
        shutil.rmtree(found.folder / converted.COMPILED)
    classifier = Classifier(Zoo.standard(), wants_exact=lambda: False)
    monkeypatch.setattr(CONVERSIONS, "begin", lambda *_: None)  # not now
    events = list(classifier.classify(sources(1), "insects", "cpu"))
    assert isinstance(events[-1], Prediction)
    assert backend_of(classifier) == EXACT
    now = find_conversion(insects_entry())
    assert now is not None
    assert now.worth_trying  # it is made again


def test_a_backend_that_fails_midway_is_replaced_by_exact(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = Classifier(Zoo.standard())
    run = LoadedModel.answers

    def failing(self: LoadedModel, crops: np.ndarray) -> np.ndarray:
        if self.backend.name == OPENVINO:
            raise RuntimeError("oneDNN is unhappy\nand says why")
        return run(self, crops)

    monkeypatch.setattr(LoadedModel, "answers", failing)
    events = list(classifier.classify(sources(3), "insects", "cpu"))
    (notice,) = (event for event in events if isinstance(event, Notice))
    assert "OpenVINO failed (oneDNN is unhappy). torch is used instead." in notice.message
    assert sum(isinstance(event, Prediction) for event in events) == 3
    assert sum(isinstance(event, ModelReady) for event in events) == 2
    assert backend_of(classifier) == EXACT
