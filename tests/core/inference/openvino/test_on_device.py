"""Models on OpenVINO's other devices. There is none here, so OpenVINO's own core is asked for the
CPU under another name, which goes the whole way of such a device."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from resnet_gui.core.errors import DeviceError
from resnet_gui.core.evaluation.evaluate import evaluate
from resnet_gui.core.evaluation.predictions import Measured
from resnet_gui.core.events import (
    ClassifyEvent,
    DeviceInfo,
    ImageSource,
    ModelReady,
    Notice,
    Prediction,
)
from resnet_gui.core.inference import background
from resnet_gui.core.inference.backend import OPENVINO, Crops, Rows
from resnet_gui.core.inference.background import CONVERSIONS, Conversions
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.compare_on_device import compare_on_device
from resnet_gui.core.inference.converted import (
    COMPILED,
    VERDICT,
    Conversion,
    State,
    Verdict,
    find_conversion,
)
from resnet_gui.core.inference.features import FeaturesDone, extract_features
from resnet_gui.core.inference.on_device import (
    describe_devices,
    place_of,
    precision_on,
    verdict_on,
    worth_comparing,
    write_verdict_on,
)
from resnet_gui.core.inference.openvino_backend import OpenVinoBackend
from resnet_gui.core.library.way import way_of
from resnet_gui.core.system import find_device
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.system.processor import cpu, cpu_name
from resnet_gui.core.zoo import ModelEntry, Zoo
from tests.core.inference.openvino.conftest import insects_entry, sources
from tests.helpers.pictures import encoded, gradient

pytestmark = pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")

# OpenVINO spreads a model over several devices under this name; here over one.
GPU = DeviceInfo("openvino:hetero:cpu", "Simulated GPU (OpenVINO)", "31.0.101")
NOT_HERE = DeviceInfo("openvino:no", "Broken GPU (OpenVINO)")  # its plugin does not load


def _classifier(device: DeviceInfo = GPU) -> Classifier:
    return Classifier(Zoo.standard(), find_device=lambda wanted: device)


def _classify(
    classifier: Classifier, photos: Sequence[ImageSource] | None = None
) -> list[ClassifyEvent]:
    return list(classifier.classify(photos or sources(), "insects", "auto"))


def _labels(events: Sequence[ClassifyEvent]) -> list[str]:
    return [event.scores[0].label for event in events if isinstance(event, Prediction)]


def _places(events: Sequence[ClassifyEvent]) -> set[str]:
    return {event.device for event in events if isinstance(event, Prediction)}


def _notices(events: Sequence[ClassifyEvent]) -> list[str]:
    return [event.message for event in events if isinstance(event, Notice)]


def _conversion() -> Conversion:
    found = find_conversion(insects_entry())
    assert found is not None
    return found


@pytest.fixture
def nothing_begins(monkeypatch: pytest.MonkeyPatch) -> list[DeviceInfo | None]:
    """Which comparisons would begin in a process of their own."""
    begun: list[DeviceInfo | None] = []
    monkeypatch.setattr(CONVERSIONS, "begin", lambda entry, device=None: begun.append(device))
    return begun


def _like_the_process(entry: ModelEntry, device: DeviceInfo | None) -> subprocess.Popen[bytes]:
    assert device is not None
    compare_on_device(entry, device)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process


# --- a device that answers well -------------------------------------------------------------------


def test_a_model_answers_on_a_device_once_it_was_compared_there(home: Path) -> None:
    entry, usual = insects_entry(), _classify(_classifier(cpu()))
    assert worth_comparing(_conversion(), GPU)
    compare_on_device(entry, GPU)
    assert precision_on(entry, GPU) == "fp16"
    assert not worth_comparing(_conversion(), GPU)

    classifier = _classifier()
    events = _classify(classifier)
    assert _notices(events) == []
    assert _places(events) == {GPU.name}
    assert _labels(events) == _labels(usual)
    ready = next(event for event in events if isinstance(event, ModelReady))
    assert (ready.device, ready.device_kind) == (GPU.name, GPU.kind)
    _, form = classifier.expected("insects")
    assert (form.name, form.precision, form.device) == (OPENVINO, "fp16", GPU)
    assert Classifier(Zoo.standard(), find_device=lambda _: GPU).expected("insects")[1] == form
    # What is compiled for it lies with its verdict, and goes with the conversion.
    place = place_of(_conversion(), GPU)
    assert {path.name for path in place.iterdir()} == {VERDICT, COMPILED}
    assert describe_devices(entry).startswith("Also on Simulated GPU (OpenVINO), half precision: ")


def test_a_folder_is_answered_by_several_threads(home: Path) -> None:
    compare_on_device(insects_entry(), GPU)
    events = _classify(_classifier(), sources(40))
    assert _places(events) == {GPU.name}
    assert _labels(events) == _labels(_classify(_classifier(cpu()), sources(40)))


def test_photos_go_alone_and_features_come_from_the_cpu(home: Path) -> None:
    entry = insects_entry()
    compare_on_device(entry, GPU)
    found, place = _conversion(), place_of(_conversion(), GPU)
    there = OpenVinoBackend(found.folder, "fp16", device=GPU, place=place)
    here = OpenVinoBackend(found.folder, "fp32")
    crops = np.random.default_rng(1).integers(0, 256, (5, 32, 32, 3), np.uint8)
    assert there._form_for(5) is None  # an NPU has to know all sizes
    np.testing.assert_allclose(there.infer(crops), here.infer(crops), rtol=0, atol=0.05)
    assert np.array_equal(there.features(crops), here.features(crops))
    assert np.array_equal(there.for_many().infer(crops), there.infer(crops))
    assert there.for_many().device == GPU


def test_features_are_asked_of_the_cpu_and_it_is_said(home: Path) -> None:
    events = list(
        extract_features(Classifier(Zoo.standard()), sources(2), "insects", device=GPU.kind)
    )
    ways = [event.way for event in events if isinstance(event, FeaturesDone)]
    assert [(way.backend, way.precision, way.reading) for way in ways if way is not None] == [
        (OPENVINO, "fp32", "quick")
    ] * 2
    assert [e.message for e in events if isinstance(e, Notice)] == [
        "Features are computed in full precision, which the CPU does."
    ]


def test_the_cpu_answers_until_it_was_compared(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a folder the device takes over."""
    monkeypatch.setattr(background, "_start", _like_the_process)
    monkeypatch.setattr(CONVERSIONS, "_begun", {})
    classifier = _classifier()
    events = _classify(classifier)
    assert _notices(events) == [
        f"“Insects [garden]” answers on the CPU until its answers on {GPU.name} have been "
        "compared with the exact ones."
    ]
    devices = [event.device for event in events if isinstance(event, Prediction)]
    assert devices == [f"{cpu_name()}, OpenVINO", *[GPU.name] * 3]
    assert _notices(_classify(classifier)) == []


@pytest.mark.slow
def test_the_comparison_runs_in_a_process_of_its_own(home: Path) -> None:
    begun = Conversions()
    begun.begin(insects_entry(), GPU)
    assert begun.underway(insects_entry(), GPU)
    assert not begun.underway(insects_entry())
    begun.wait(60)
    assert begun.ended(insects_entry(), GPU)
    assert precision_on(insects_entry(), GPU) == "fp16"


def test_another_driver_is_another_device(home: Path) -> None:
    compare_on_device(insects_entry(), GPU)
    newer = DeviceInfo(GPU.kind, GPU.name, "32.0.1")
    assert verdict_on(_conversion(), newer) is None
    assert precision_on(insects_entry(), newer) == ""
    spec, both = insects_entry().spec, (GPU, newer)
    assert len({way_of(spec, "0", OPENVINO, "fp16", device).digest for device in both}) == 2


# --- devices that do not --------------------------------------------------------------------------


def _refused(device: DeviceInfo) -> str:
    """What is said of a device after comparing; the CPU has answered."""
    events = _classify(_classifier(device))
    assert _places(events) == {f"{cpu_name()}, OpenVINO"}
    assert len(_labels(events)) == 4
    verdict = verdict_on(_conversion(), device)
    assert verdict is not None
    assert verdict.state is State.REFUSED
    assert {path.name for path in place_of(_conversion(), device).iterdir()} == {VERDICT}
    begun = Conversions()
    begun.begin(insects_entry(), device)  # not again
    assert not begun.underway(insects_entry(), device)
    assert not begun.ended(insects_entry(), device)
    (notice,) = _notices(events)
    assert notice == (
        f"“Insects [garden]” is not run on {device.name}, as {verdict.reason}. The CPU is used "
        "instead."
    )
    assert describe_devices(insects_entry()) == f"Not on {device.name}, as {verdict.reason}."
    return verdict.reason


def test_a_device_that_cannot_compile_is_refused(home: Path) -> None:
    compare_on_device(insects_entry(), NOT_HERE)
    assert "OpenVINO cannot run it there (" in _refused(NOT_HERE)


@pytest.mark.parametrize(("by", "reason"), [(np.nan, "no number"), (3.0, "another first|apart")])
def test_a_device_that_answers_wrongly_is_refused(
    by: float, reason: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = OpenVinoBackend._infer

    def infer(self: OpenVinoBackend, crops: Crops, *outputs: int) -> list[Rows]:
        rows = real(self, crops, *outputs)
        if self.device == GPU:
            rows[0][:, 0] += np.float32(by)
        return rows

    monkeypatch.setattr(OpenVinoBackend, "_infer", infer)
    compare_on_device(insects_entry(), GPU)
    assert re.search(reason, _refused(GPU))


@pytest.mark.parametrize("photos", [4, 40])
@pytest.mark.parametrize("answered", [0, 2])
def test_a_device_that_is_lost_leaves_no_photo_without_an_answer(
    photos: int, answered: int, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare_on_device(insects_entry(), GPU)
    real, calls = OpenVinoBackend._infer, iter(range(10**6))

    def infer(self: OpenVinoBackend, crops: Crops, *outputs: int) -> list[Rows]:
        if self.device == GPU and next(calls) >= answered:
            raise RuntimeError("[GPU] CL_OUT_OF_RESOURCES\nand more")
        return real(self, crops, *outputs)

    monkeypatch.setattr(OpenVinoBackend, "_infer", infer)
    classifier = _classifier()
    events = _classify(classifier, sources(photos))
    assert _labels(events) == _labels(_classify(_classifier(cpu()), sources(photos)))
    (notice,) = _notices(events)
    assert notice == (f"{GPU.name} failed ([GPU] CL_OUT_OF_RESOURCES). The CPU is used instead.")
    # Not asked again in this session.
    assert _notices(_classify(classifier, sources(2))) == []
    assert classifier.expected("insects")[1].device.kind == "cpu"


def test_a_device_that_compiles_no_more_is_left(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_verdict_on(_conversion(), NOT_HERE, Verdict(State.CHECKED, precision="fp16"))
    events = _classify(_classifier(NOT_HERE))
    assert _places(events) == {f"{cpu_name()}, OpenVINO"}
    (notice,) = _notices(events)
    assert notice.startswith(f"{NOT_HERE.name} failed (")
    assert notice.endswith("The CPU is used instead.")


def test_a_driver_that_ends_the_process_is_not_tried_for_ever(
    home: Path, nothing_begins: list[DeviceInfo | None]
) -> None:
    write_verdict_on(_conversion(), GPU, Verdict(State.UNFINISHED, attempts=1))
    assert worth_comparing(_conversion(), GPU)
    assert describe_devices(insects_entry()) == ""
    write_verdict_on(_conversion(), GPU, Verdict(State.UNFINISHED, attempts=2))
    assert not worth_comparing(_conversion(), GPU)
    reason = "as comparing it there did not come to an end"
    assert _notices(_classify(_classifier())) == [
        f"“Insects [garden]” is not run on {GPU.name}, {reason}. The CPU is used instead."
    ]
    assert describe_devices(insects_entry()) == f"Not on {GPU.name}, {reason}."


def test_a_damaged_verdict_is_none(home: Path) -> None:
    compare_on_device(insects_entry(), GPU)
    (place_of(_conversion(), GPU) / VERDICT).write_text("{")
    assert verdict_on(_conversion(), GPU) is None
    assert precision_on(insects_entry(), GPU) == ""
    assert describe_devices(insects_entry()) == ""


def test_the_exact_way_is_torchs_on_the_cpu(home: Path) -> None:
    classifier = Classifier(Zoo.standard(), find_device=lambda _: GPU, wants_exact=lambda: True)
    events = _classify(classifier)
    assert _places(events) == {cpu().name}
    assert _notices(events) == [
        f"torch, which answers exactly, cannot use {GPU.name}: the CPU is used."
    ]
    assert classifier.expected("insects")[1].device == cpu()


def test_a_device_that_is_away_is_replaced_by_the_cpu(home: Path) -> None:
    def find(wanted: str) -> DeviceInfo:
        raise DeviceError("There is no device “openvino:gpu” on this computer.", "Listed: none.")

    events = _classify(Classifier(Zoo.standard(), find_device=find))
    assert _places(events) == {f"{cpu_name()}, OpenVINO"}
    assert "The CPU is used instead" in _notices(events)[0]


# --- elsewhere ------------------------------------------------------------------------------------


def test_evaluations_use_it_and_begin_the_comparison(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    nothing_begins: list[DeviceInfo | None],
) -> None:
    monkeypatch.setattr(find_device, "find_openvino_device", lambda wanted: GPU)
    for number, label in enumerate(insects_entry().spec.classes):
        (tmp_path / label).mkdir()
        for copy in range(2):
            data = encoded(gradient(40, 40, seed=number * 2 + copy), "JPEG")
            (tmp_path / label / f"{copy}.jpg").write_bytes(data)

    def evaluated() -> tuple[list[str], str]:
        events = list(evaluate(insects_entry(), tmp_path, device="openvino:gpu"))
        assert events[-1].n == 6  # type: ignore[union-attr]
        measured = next(event for event in events if isinstance(event, Measured))
        said = [event.message for event in events if isinstance(event, Notice)]
        return said, f"{measured.predictions.facts.backend} {measured.predictions.facts.precision}"

    said, form = evaluated()
    assert GPU.name in said[-1]
    assert not form.endswith("fp16")
    assert nothing_begins == [GPU]
    compare_on_device(insects_entry(), GPU)
    assert evaluated() == ([], "openvino fp16")

    def away(wanted: str) -> DeviceInfo:
        raise DeviceError("There is no device “openvino:gpu” on this computer.", "None is listed.")

    monkeypatch.setattr(find_device, "find_openvino_device", away)
    said, form = evaluated()
    assert said[-1].endswith("The CPU is used instead.")
    assert not form.endswith("fp16")
