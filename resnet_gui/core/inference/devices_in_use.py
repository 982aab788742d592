"""Which device answers, and what is said where one is missing or has failed. No torch."""

from __future__ import annotations

from collections.abc import Callable

from resnet_gui.core.events import DeviceInfo, Notice
from resnet_gui.core.system.find_device import device_or_cpu
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.words import first_line


class DevicesInUse:
    """A kind of device that has failed once is not asked again: the CPU answers instead.

    Args:
        find: from a setting ("auto", "cuda:1") to a device; DeviceError if it is not here.
    """

    def __init__(self, find: Callable[[str], DeviceInfo]) -> None:
        self._find = find
        self._broken: set[str] = set()

    def device(self, wanted: str) -> tuple[DeviceInfo, str]:
        """The device to use; and in words why it is not the one that is wanted, "" if it is."""
        info, missing = device_or_cpu(wanted, self._find)
        return (cpu() if info.kind in self._broken else info), missing

    def failed(self, device: DeviceInfo, error: Exception) -> Notice:
        """A device could not do what it should; of the CPU: not through a converted model."""
        why = f"{device.name} failed ({first_line(error)})."
        if device.kind == "cpu":
            return Notice(f"{why} torch is used instead.")
        self._broken.add(device.kind)
        return Notice(f"{why} The CPU is used instead.")
