"""Models answer on one of OpenVINO's other devices, once they were compared there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from resnet_gui.core.errors import DeviceError
from resnet_gui.core.evaluation.evaluate import evaluate
from resnet_gui.core.evaluation.predictions import Measured
from resnet_gui.core.events import (
    DeviceInfo,
    ModelReady,
    Notice,
    Prediction,
)
from resnet_gui.core.inference import background
from resnet_gui.core.inference.backend import OPENVINO
from resnet_gui.core.inference.background import CONVERSIONS, Conversions
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.compare_on_device import compare_on_device
from resnet_gui.core.inference.converted import (
    COMPILED,
    VERDICT,
)
from resnet_gui.core.inference.features import FeaturesDone, extract_features
from resnet_gui.core.inference.on_device import (
    describe_devices,
    place_of,
    precision_on,
    verdict_on,
    worth_comparing,
)
from resnet_gui.core.inference.openvino_backend import OpenVinoBackend
from resnet_gui.core.library.way import way_of
from resnet_gui.core.system import find_device
from resnet_gui.core.system.processor import cpu, cpu_name
from resnet_gui.core.zoo import Zoo
from tests.core.inference.openvino.conftest import conversion_now, insects_entry, notices, sources
from tests.core.inference.openvino.devices.simulated import (
    GPU,
    NEEDS_OPENVINO,
    classifier_on,
    classify,
    labels,
    like_the_process,
    places,
)
from tests.helpers.pictures import encoded, gradient

pytestmark = NEEDS_OPENVINO


def test_a_model_answers_on_a_device_once_it_was_compared_there(home: Path) -> None:
    entry, usual = insects_entry(), classify(classifier_on(cpu()))
    assert worth_comparing(conversion_now(), GPU)
    compare_on_device(entry, GPU)
    assert precision_on(entry, GPU) == "fp16"
    assert not worth_comparing(conversion_now(), GPU)

    classifier = classifier_on()
    events = classify(classifier)
    assert notices(events) == []
    assert places(events) == {GPU.name}
    assert labels(events) == labels(usual)
    ready = next(event for event in events if isinstance(event, ModelReady))
    assert (ready.device, ready.device_kind) == (GPU.name, GPU.kind)
    _, form = classifier.expected("insects")
    assert (form.name, form.precision, form.device) == (OPENVINO, "fp16", GPU)
    assert Classifier(Zoo.standard(), find_device=lambda _: GPU).expected("insects")[1] == form
    # What is compiled for it lies with its verdict, and goes with the conversion.
    place = place_of(conversion_now(), GPU)
    assert {path.name for path in place.iterdir()} == {VERDICT, COMPILED}
    assert describe_devices(entry).startswith("Also on Simulated GPU (OpenVINO), half precision: ")


def test_a_folder_is_answered_by_several_threads(home: Path) -> None:
    compare_on_device(insects_entry(), GPU)
    events = classify(classifier_on(), sources(40))
    assert places(events) == {GPU.name}
    assert labels(events) == labels(classify(classifier_on(cpu()), sources(40)))


def test_photos_go_alone_and_features_come_from_the_cpu(home: Path) -> None:
    entry = insects_entry()
    compare_on_device(entry, GPU)
    found, place = conversion_now(), place_of(conversion_now(), GPU)
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
    monkeypatch.setattr(background, "_start", like_the_process)
    monkeypatch.setattr(CONVERSIONS, "_begun", {})
    classifier = classifier_on()
    events = classify(classifier)
    assert notices(events) == [
        f"“Insects [garden]” answers on the CPU until its answers on {GPU.name} have been "
        "compared with the exact ones."
    ]
    devices = [event.device for event in events if isinstance(event, Prediction)]
    assert devices == [f"{cpu_name()}, OpenVINO", *[GPU.name] * 3]
    assert notices(classify(classifier)) == []


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
    assert verdict_on(conversion_now(), newer) is None
    assert precision_on(insects_entry(), newer) == ""
    spec, both = insects_entry().spec, (GPU, newer)
    assert len({way_of(spec, "0", OPENVINO, "fp16", device).digest for device in both}) == 2


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
