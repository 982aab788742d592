"""A device that answers otherwise, fails or is away: the CPU answers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from resnet_gui.core.errors import DeviceError
from resnet_gui.core.events import (
    DeviceInfo,
)
from resnet_gui.core.inference.backend import Crops, Rows
from resnet_gui.core.inference.background import Conversions
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.compare_on_device import compare_on_device
from resnet_gui.core.inference.converted import (
    VERDICT,
    State,
    Verdict,
)
from resnet_gui.core.inference.on_device import (
    describe_devices,
    place_of,
    precision_on,
    verdict_on,
    worth_comparing,
    write_verdict_on,
)
from resnet_gui.core.inference.openvino_backend import OpenVinoBackend
from resnet_gui.core.system.processor import cpu, cpu_name
from resnet_gui.core.zoo import Zoo
from tests.core.inference.openvino.conftest import conversion_now, insects_entry, notices, sources
from tests.core.inference.openvino.devices.simulated import (
    GPU,
    NEEDS_OPENVINO,
    NOT_HERE,
    classifier_on,
    classify,
    labels,
    places,
)

pytestmark = NEEDS_OPENVINO


def _refused(device: DeviceInfo) -> str:
    """What is said of a device after comparing; the CPU has answered."""
    events = classify(classifier_on(device))
    assert places(events) == {f"{cpu_name()}, OpenVINO"}
    assert len(labels(events)) == 4
    verdict = verdict_on(conversion_now(), device)
    assert verdict is not None
    assert verdict.state is State.REFUSED
    assert {path.name for path in place_of(conversion_now(), device).iterdir()} == {VERDICT}
    begun = Conversions()
    begun.begin(insects_entry(), device)  # not again
    assert not begun.underway(insects_entry(), device)
    assert not begun.ended(insects_entry(), device)
    (notice,) = notices(events)
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
    classifier = classifier_on()
    events = classify(classifier, sources(photos))
    assert labels(events) == labels(classify(classifier_on(cpu()), sources(photos)))
    (notice,) = notices(events)
    assert notice == (f"{GPU.name} failed ([GPU] CL_OUT_OF_RESOURCES). The CPU is used instead.")
    # Not asked again in this session.
    assert notices(classify(classifier, sources(2))) == []
    assert classifier.expected("insects")[1].device.kind == "cpu"


def test_a_device_that_compiles_no_more_is_left(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_verdict_on(conversion_now(), NOT_HERE, Verdict(State.CHECKED, precision="fp16"))
    events = classify(classifier_on(NOT_HERE))
    assert places(events) == {f"{cpu_name()}, OpenVINO"}
    (notice,) = notices(events)
    assert notice.startswith(f"{NOT_HERE.name} failed (")
    assert notice.endswith("The CPU is used instead.")


def test_a_driver_that_ends_the_process_is_not_tried_for_ever(
    home: Path, nothing_begins: list[DeviceInfo | None]
) -> None:
    write_verdict_on(conversion_now(), GPU, Verdict(State.UNFINISHED, attempts=1))
    assert worth_comparing(conversion_now(), GPU)
    assert describe_devices(insects_entry()) == ""
    write_verdict_on(conversion_now(), GPU, Verdict(State.UNFINISHED, attempts=2))
    assert not worth_comparing(conversion_now(), GPU)
    reason = "as comparing it there did not come to an end"
    assert notices(classify(classifier_on())) == [
        f"“Insects [garden]” is not run on {GPU.name}, {reason}. The CPU is used instead."
    ]
    assert describe_devices(insects_entry()) == f"Not on {GPU.name}, {reason}."


def test_a_damaged_verdict_is_none(home: Path) -> None:
    compare_on_device(insects_entry(), GPU)
    (place_of(conversion_now(), GPU) / VERDICT).write_text("{")
    assert verdict_on(conversion_now(), GPU) is None
    assert precision_on(insects_entry(), GPU) == ""
    assert describe_devices(insects_entry()) == ""


def test_the_exact_way_is_torchs_on_the_cpu(home: Path) -> None:
    classifier = Classifier(Zoo.standard(), find_device=lambda _: GPU, wants_exact=lambda: True)
    events = classify(classifier)
    assert places(events) == {cpu().name}
    assert notices(events) == [
        f"torch, which answers exactly, cannot use {GPU.name}: the CPU is used."
    ]
    assert classifier.expected("insects")[1].device == cpu()


def test_a_device_that_is_away_is_replaced_by_the_cpu(home: Path) -> None:
    def find(wanted: str) -> DeviceInfo:
        raise DeviceError("There is no device “openvino:gpu” on this computer.", "Listed: none.")

    events = classify(Classifier(Zoo.standard(), find_device=find))
    assert places(events) == {f"{cpu_name()}, OpenVINO"}
    assert "The CPU is used instead" in notices(events)[0]
