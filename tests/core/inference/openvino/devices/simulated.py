"""One of OpenVINO's other devices. There is none here, so OpenVINO's own core is asked for the CPU
under another name, which goes the whole way of such a device."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import pytest

from resnet_gui.core.events import (
    ClassifyEvent,
    DeviceInfo,
    ImageSource,
    Prediction,
)
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.compare_on_device import compare_on_device
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.zoo import ModelEntry, Zoo
from tests.core.inference.openvino.conftest import ended_process, sources

NEEDS_OPENVINO = pytest.mark.skipif(
    not openvino_version(), reason="the extra “fast” is not installed"
)

# OpenVINO spreads a model over several devices under this name; here over one.
GPU = DeviceInfo("openvino:hetero:cpu", "Simulated GPU (OpenVINO)", "31.0.101")
NOT_HERE = DeviceInfo("openvino:no", "Broken GPU (OpenVINO)")  # its plugin does not load


def classifier_on(device: DeviceInfo = GPU) -> Classifier:
    return Classifier(Zoo.standard(), find_device=lambda wanted: device)


def classify(
    classifier: Classifier, photos: Sequence[ImageSource] | None = None
) -> list[ClassifyEvent]:
    return list(classifier.classify(photos or sources(), "insects", "auto"))


def labels(events: Sequence[ClassifyEvent]) -> list[str]:
    return [event.scores[0].label for event in events if isinstance(event, Prediction)]


def places(events: Sequence[ClassifyEvent]) -> set[str]:
    return {event.device for event in events if isinstance(event, Prediction)}


def like_the_process(
    entry: ModelEntry, device: DeviceInfo | None, *, in_turn: bool = False
) -> subprocess.Popen[bytes]:
    assert device is not None
    compare_on_device(entry, device)
    return ended_process()
