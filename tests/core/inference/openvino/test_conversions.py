"""Conversions are checked before they answer, and kept, cleared and made in the background."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor, nn

from resnet_gui.core.events import ClassScore, ModelReady, Notice, Prediction
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
    clear_conversions,
    conversions_dir,
    describe,
    find_conversion,
    keep_within,
    known_hash,
    used_bytes,
    write_verdict,
)
from resnet_gui.core.inference.open_backend import open_converted
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.answering import Library
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system import openvino_import, paths
from resnet_gui.core.system.openvino_import import import_openvino, openvino_version
from resnet_gui.core.zoo import Zoo
from tests.core.inference.openvino.conftest import (
    answers,
    backend_of,
    insects_entry,
    small_insects,
    sources,
)

pytestmark = pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")


# --- the check ------------------------------------------------------------------------------------


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


# --- files ----------------------------------------------------------------------------------------


def test_another_file_of_the_same_name_is_another_model(home: Path) -> None:
    path = insects_entry().weights_path
    assert path is not None
    assert open_converted(insects_entry()) is not None
    stamp = path.stat().st_mtime_ns
    small_insects(seed=5)
    assert known_hash(path) is None
    os.utime(path, ns=(stamp, stamp))  # a copy may keep the time; the file is another one
    assert known_hash(path) is None
    assert open_converted(insects_entry()) is None


def test_the_ones_used_longest_ago_go_first_and_all_can_be_cleared(home: Path) -> None:
    found = find_conversion(insects_entry())
    assert found is not None
    others = []
    for number in range(3):
        folder = conversions_dir() / f"other{number}"
        folder.mkdir()
        (folder / "model.bin").write_bytes(bytes(1000))
        write_verdict(folder, Verdict(State.CHECKED))
        os.utime(folder / VERDICT, ns=(number * 10**9, number * 10**9))
        others.append(folder)
    total = used_bytes()
    assert total > 3000
    keep_within(total - 1500)
    assert [folder.exists() for folder in others] == [False, False, True]
    keep_within(0, keep=found.folder)
    assert not others[2].exists()
    assert open_converted(insects_entry()) is not None
    backend = open_converted(insects_entry())
    assert backend is not None
    clear_conversions()
    assert used_bytes() == 0
    assert open_converted(insects_entry()) is None
    many = backend.for_many()  # what is in memory goes on
    assert many.threads == 1
    assert many.infer(np.zeros((2, 32, 32, 3), np.uint8)).shape == (2, 3)


def test_a_full_disk_decides_nothing(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from resnet_gui.core.errors import DiskFullError
    from resnet_gui.core.system import disk

    small_insects()
    usage = shutil.disk_usage(paths.user_models_dir())
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    for _ in range(converted.MAX_ATTEMPTS):
        with pytest.raises(DiskFullError):
            list(convert(insects_entry()))
    found = find_conversion(insects_entry())
    assert found is not None
    assert found.verdict is None  # and with more space it is tried again
    assert not found.folder.exists()


def test_memory_that_runs_out_refuses_nothing(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_insects()
    monkeypatch.delenv("RESNET_GUI_EXACT")

    def full(*_: object) -> None:
        raise RuntimeError("Failed to allocate 1548288 bytes of memory")  # as OpenVINO says it

    monkeypatch.setattr(conversion, "write_model", full)
    list(convert(insects_entry()))
    found = find_conversion(insects_entry())
    assert found is not None
    assert found.worth_trying
    assert describe(insects_entry()).startswith("Exact for now: the faster form was not made, as ")


def test_clearing_while_one_is_made_refuses_nothing(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_insects()

    def cleared(network: nn.Module, preprocessing: Preprocessing, folder: Path) -> None:
        _write(network, preprocessing, folder)
        clear_conversions()

    monkeypatch.setattr(conversion, "write_model", cleared)
    with pytest.raises(OSError, match="cleared"):
        list(convert(insects_entry()))
    assert used_bytes() == 0


# --- the background -------------------------------------------------------------------------------


def test_the_first_answers_are_exact_and_the_later_ones_fast(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real process, which is waited for."""
    monkeypatch.delenv("RESNET_GUI_EXACT")
    begun = Conversions()
    monkeypatch.setattr("resnet_gui.core.inference.faster_forms.CONVERSIONS", begun)
    small_insects()
    classifier = Classifier(Zoo.standard())
    devices = []
    for event in classifier.classify(sources(6), "insects", "cpu"):
        if isinstance(event, Prediction):
            devices.append(event.device)
            if event.position == 2:
                assert backend_of(classifier) == EXACT
                begun.wait(100)
    assert ["OpenVINO" in device for device in devices] == [False, False, False, True, True, True]
    assert backend_of(classifier) == OPENVINO


def test_kept_answers_of_the_fast_and_the_exact_form_are_apart(home: Path) -> None:
    """Who would answer is known before anything is loaded, and is who answers then."""
    photos = sources(20)
    kept: list[list[tuple[int, tuple[ClassScore, ...]]]] = []
    for exact in (False, True, False, True):
        classifier = Classifier(Zoo.standard())
        _, expected = classifier.expected("insects", "cpu", exact=exact)
        library = Library(classifier)
        events = list(library.answer(photos, "insects", "cpu", exact=exact))
        library.store.close()
        found = [event for event in events if isinstance(event, AnsweredPhoto)]
        assert [photo.kept for photo in found] == [len(kept) > 1] * 20
        assert {photo.answer.device for photo in found} == {expected.device.name}
        if len(kept) < 2:
            assert classifier.expected("insects", "cpu", exact=exact)[1] == expected
            assert backend_of(classifier) == expected.name
        kept.append(sorted((photo.position, photo.scores) for photo in found))
    assert kept[:2] == kept[2:]
    assert kept[0] != kept[1]


# --- without it -----------------------------------------------------------------------------------


@pytest.fixture
def blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "openvino"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "openvino", None)


def test_without_the_extra_all_is_as_before(home: Path, blocked: None) -> None:
    with pytest.raises(ImportError):
        import_openvino()
    assert openvino_import.openvino_version() == ""
    entry = insects_entry()
    assert find_conversion(entry) is None
    assert describe(entry) == ""
    begun = Conversions()
    begun.begin(entry)
    assert list(begun._begun.values()) == [None]
    classifier = Classifier(Zoo.standard())
    assert len(answers(classifier)) == 4
    assert backend_of(classifier) == EXACT
