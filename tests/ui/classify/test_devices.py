"""Where the network runs: the devices that torch knows, and those that OpenVINO lists later."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.system.settings import Settings
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.classify.device_box import DeviceBox
from resnet_gui.ui.memory import Memory
from tests.helpers.classify import make
from tests.helpers.fake_engine import CPU, Rig, heard, model

ARC = DeviceInfo("openvino:gpu.0", "Intel Arc A770 (OpenVINO)", "1")
NPU = DeviceInfo("openvino:npu", "Intel AI Boost with quite a long name of its own (OpenVINO)")


@pytest.fixture
def controller(rig: Rig) -> ClassifyController:
    rig.engine.models = [model("a")]
    return make(rig)


def _rows(box: DeviceBox) -> list[tuple[str, str]]:
    return [(box.itemText(row), str(box.itemData(row))) for row in range(box.count())]


def test_openvinos_devices_join_when_they_are_known(
    rig: Rig, controller: ClassifyController, qtbot: QtBot
) -> None:
    """Until then one can choose among the others; the remembered one is asked for at once."""
    hold = rig.engine.hold()
    rig.engine.script("further_devices", (), hold, (), (ARC, NPU))
    memory = Memory(Settings(device=ARC.kind), rig.io, rig.parent)
    box = DeviceBox(controller, memory)
    qtbot.addWidget(box)
    found = heard(controller.devices_found)
    controller.start("a", ARC.kind)
    rig.until(lambda: len(found) == 1)
    assert _rows(box) == [
        ("Device: automatic (A made-up)", "auto"),
        ("CPU: A made-up", "cpu"),
    ]
    hold.over.set()
    rig.settle()
    assert len(found) == 3, "and once when nothing more will come"
    assert controller.devices == (CPU, ARC, NPU)
    assert _rows(box)[2:] == [
        ("GPU: Intel Arc A770 (OpenVINO)", ARC.kind),
        ("NPU: Intel AI Boost with quite a lon… (OpenVINO)", NPU.kind),
    ]
    assert box.currentData() == ARC.kind
    assert rig.engine.asked("load") == [("a", ARC.kind)]
    box.setCurrentIndex(3)
    box.activated.emit(3)
    assert (controller.device, memory.settings.device) == (NPU.kind, NPU.kind)


def test_where_there_are_none_nothing_changes(rig: Rig, controller: ClassifyController) -> None:
    rig.engine.script("further_devices", (), (), ())
    found = heard(controller.devices_found)
    controller.start("a", "auto")
    rig.settle()
    assert len(found) == 2
    assert controller.devices == (CPU,)


def test_one_that_is_away_is_said_to_be(
    rig: Rig, controller: ClassifyController, qtbot: QtBot
) -> None:
    """The box said “automatic” while the setting was another one."""
    rig.engine.script("further_devices", (), (), ())
    memory = Memory(Settings(device=ARC.kind), rig.io, rig.parent)
    box = DeviceBox(controller, memory)
    qtbot.addWidget(box)
    controller.start("a", ARC.kind)
    rig.settle()
    assert (box.currentText(), box.currentData()) == ("GPU.0: not found", ARC.kind)


def test_one_of_another_number_is_the_same_card(
    rig: Rig, controller: ClassifyController, qtbot: QtBot
) -> None:
    """A second card was taken out: “gpu.0” is “gpu” now."""
    alone = DeviceInfo("openvino:gpu", ARC.name, ARC.driver)
    rig.engine.script("further_devices", (), (alone,))
    box = DeviceBox(controller, Memory(Settings(device=ARC.kind), rig.io, rig.parent))
    qtbot.addWidget(box)
    controller.start("a", ARC.kind)
    rig.settle()
    assert box.currentData() == alone.kind
