"""The devices of this computer; torch is asked only where it may find more than the CPU."""

from __future__ import annotations

from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.system.gentle_import import gentle_import
from resnet_gui.core.system.processor import AUTO, cpu, only_cpu


def find_devices() -> tuple[DeviceInfo, ...]:
    """As `devices.available_devices`, with torch only where it may find more than the CPU."""
    if only_cpu():
        return (cpu(),)
    with gentle_import():
        from resnet_gui.core.system.devices import available_devices

    return available_devices()


def find_device(wanted: str) -> DeviceInfo:
    """As `devices.resolve_device`, with torch only where it has to be asked.

    Raises:
        DeviceError: that device is not on this computer.
    """
    name = wanted.strip().lower()
    if name == "cpu" or (name in ("", AUTO) and only_cpu()):
        return cpu()
    with gentle_import():
        from resnet_gui.core.system.devices import resolve_device

    return resolve_device(wanted)
