"""The devices of this computer; torch is asked only where it may find more than the CPU."""

from __future__ import annotations

from collections.abc import Callable

from resnet_gui.core.errors import DeviceError
from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.system.gentle_import import gentle_import
from resnet_gui.core.system.openvino_devices import find_openvino_device, is_openvino
from resnet_gui.core.system.processor import AUTO, cpu, only_cpu


def find_devices() -> tuple[DeviceInfo, ...]:
    """As `devices.available_devices`, with torch only where it may find more than the CPU. Those
    that only OpenVINO knows are listed by `openvino_devices`."""
    if only_cpu():
        return (cpu(),)
    with gentle_import():
        from resnet_gui.core.system.devices import available_devices

    return available_devices()


def find_device(wanted: str) -> DeviceInfo:
    """As `devices.resolve_device`, with torch only where it has to be asked; also one of
    OpenVINO's. Automatic is never one of those: nobody knows whether it is faster.

    Raises:
        DeviceError: that device is not on this computer.
    """
    name = wanted.strip().lower()
    if is_openvino(name):
        return find_openvino_device(wanted)
    if name == "cpu" or (name in ("", AUTO) and only_cpu()):
        return cpu()
    with gentle_import():
        from resnet_gui.core.system.devices import resolve_device

    return resolve_device(wanted)


def device_or_cpu(
    wanted: str, find: Callable[[str], DeviceInfo] = find_device
) -> tuple[DeviceInfo, str]:
    """The device to answer with; and in a sentence why it is not the one that is wanted, "" if it
    is."""
    try:
        return find(wanted), ""
    except DeviceError as error:
        return cpu(), f"{error} The CPU is used instead."
