"""Which devices OpenVINO lists beside the CPU, and how they are called."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from resnet_gui.core.errors import DeviceError
from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.system import openvino_devices as listed
from resnet_gui.core.system.find_device import device_or_cpu, find_device
from resnet_gui.core.system.openvino_devices import (
    Listing,
    devices_of,
    is_openvino,
    plain_name,
)
from resnet_gui.core.system.openvino_import import import_openvino, openvino_version


class _Core:
    """What `openvino.Core` says on a computer with such devices."""

    def __init__(self, **devices: dict[str, str]) -> None:
        self._devices = {name.replace("_", "."): known for name, known in devices.items()}
        self.available_devices = ["CPU", *self._devices]

    def get_property(self, name: str, what: str) -> Any:
        try:
            return self._devices[name][what]
        except KeyError:
            raise RuntimeError(f"Unsupported property {what}") from None


def test_devices_have_plain_names_and_drivers() -> None:
    core = _Core(
        GPU_0={
            "FULL_DEVICE_NAME": "Intel(R) UHD Graphics 770 (iGPU)",
            "GPU_DRIVER_VERSION": "31.0.101",
        },
        GPU_1={"FULL_DEVICE_NAME": "Intel(R) Arc(TM) A770 Graphics (dGPU)"},
        NPU={"FULL_DEVICE_NAME": "Intel(R) AI Boost", "NPU_DRIVER_VERSION": "1688"},
    )
    assert devices_of(core) == (
        DeviceInfo("openvino:gpu.0", "Intel UHD Graphics 770 (OpenVINO)", "31.0.101"),
        DeviceInfo("openvino:gpu.1", "Intel Arc A770 (OpenVINO)"),
        DeviceInfo("openvino:npu", "Intel AI Boost (OpenVINO)", "1688"),
    )


def test_two_of_one_name_are_told_apart_and_one_without_a_name_has_openvinos() -> None:
    arc = {"FULL_DEVICE_NAME": "Intel(R) Arc(TM) B580 Graphics (dGPU)"}
    names = [device.name for device in devices_of(_Core(GPU_0=arc, GPU_1=arc, NPU={}))]
    assert names == [
        "Intel Arc B580 1 (OpenVINO)", "Intel Arc B580 2 (OpenVINO)", "NPU (OpenVINO)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Intel(R) Iris(R) Xe Graphics (iGPU)", "Intel Iris Xe"),
        ("Intel(R) Graphics (iGPU)", "Intel Graphics"),
        ("Intel(R) Data Center GPU Flex 170 (dGPU)", "Intel Data Center GPU Flex 170"),
    ],
)
def test_plain_names(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")
def test_the_real_core_lists_no_cpu_twice() -> None:
    assert all(is_openvino(device) for device in devices_of(import_openvino().Core()))


def test_kinds_are_openvinos_names() -> None:
    assert [DeviceInfo(kind, "").openvino for kind in ("openvino:gpu.1", "cuda:0")] == ["GPU.1", ""]
    assert [is_openvino(kind) for kind in ("openvino", " OpenVINO:npu", "cpu", "cuda:0")] == [
        True, True, False, False,
    ]  # fmt: skip


ONE = (DeviceInfo("openvino:gpu", "Intel Arc A770 (OpenVINO)"),)
TWO = (
    DeviceInfo("openvino:gpu.0", "Intel UHD (OpenVINO)"),
    DeviceInfo("openvino:gpu.1", "Intel Arc A770 (OpenVINO)"),
)


@pytest.mark.parametrize(
    ("devices", "wanted", "number"),
    [
        (ONE, "openvino:gpu", 0),
        (ONE, " OpenVINO:GPU ", 0),
        (ONE, "openvino", 0),
        (ONE, "openvino:gpu.0", 0),  # another one was taken out
        (TWO, "openvino:gpu", 0),  # another one was put in
        (TWO, "openvino:gpu.1", 1),
    ],
)
def test_a_device_is_found_by_its_kind(
    devices: tuple[DeviceInfo, ...], wanted: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "openvino_devices", lambda: devices)
    assert find_device(wanted) == devices[number]


@pytest.mark.parametrize("wanted", ["openvino:gpu.1", "openvino:npu", "openvino:"])
def test_one_that_is_away_is_named_and_the_cpu_used(
    wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "openvino_devices", lambda: ONE)
    with pytest.raises(DeviceError, match=r"no device .*OpenVINO lists: openvino:gpu\."):
        find_device(wanted)
    device, why = device_or_cpu(wanted)
    assert device.kind == "cpu"
    assert why.endswith("The CPU is used instead.")


def _process(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('print(\'driver 1.2\'); print(\'[{"kind": "openvino:npu", "name": "N"}]\')', 1),
        ("print('[]')", 0),
        ("import os; os.abort()", 0),  # a driver that ends its process
        ("print('{')", 0),
        ("", 0),
    ],
)
def test_devices_are_listed_in_a_process_of_its_own(
    code: str, found: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def start(module: str, *, listen: bool) -> subprocess.Popen[bytes]:
        begun.append(module)
        return _process(code)

    monkeypatch.setattr(listed, "start_python", start)
    monkeypatch.setattr(listed, "may_have_devices", lambda: True)
    monkeypatch.setattr(listed, "openvino_version", lambda: "2026")
    listing = Listing()
    assert set(listing.awaited()) <= {None}
    assert len(listing.devices) == found
    assert list(listing.awaited()) == []  # it is known
    assert begun == ["resnet_gui.core.system.openvino_devices"]


def test_a_driver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = "import time; time.sleep(60)"
    monkeypatch.setattr(listed, "start_python", lambda module, *, listen: _process(hanging))
    monkeypatch.setattr(listed, "may_have_devices", lambda: True)
    monkeypatch.setattr(listed, "openvino_version", lambda: "2026")
    monkeypatch.setattr(listed, "_LISTING_S", 0.05)
    listing = Listing()
    for _ in listing.awaited():
        pass
    assert listing.devices == ()


def test_nothing_is_started_where_no_such_device_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "may_have_devices", lambda: False)
    monkeypatch.setattr(listed, "start_python", lambda *_, **__: pytest.fail("started"))
    assert list(Listing().awaited()) == []


def test_a_card_of_intels_is_seen_without_openvino(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(listed, "_WSL", str(tmp_path / "no"))
    monkeypatch.setattr(listed, "_LINUX_DEVICES", (str(tmp_path / "drm"), str(tmp_path / "accel")))
    assert not listed.may_have_devices()
    note = tmp_path / "drm" / "card0" / "device" / "vendor"
    note.parent.mkdir(parents=True)
    note.write_text("0x10de\n")
    assert not listed.may_have_devices()
    npu = tmp_path / "accel" / "accel0" / "device" / "vendor"
    npu.parent.mkdir(parents=True)
    npu.write_text("0x8086\n")
    assert listed.may_have_devices()
