"""Which devices torch can use here, under the hardware's real names. This module needs torch."""

from __future__ import annotations

import torch

from resnet_gui.core.errors import DeviceError
from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.system.openvino_devices import is_openvino
from resnet_gui.core.system.processor import AUTO, cpu, cpu_name


def available_devices() -> tuple[DeviceInfo, ...]:
    """All usable devices, the fastest kind first; the CPU is always the last."""
    found = [
        DeviceInfo(f"cuda:{index}", torch.cuda.get_device_name(index))
        for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    ]
    if torch.backends.mps.is_available():
        found.append(DeviceInfo("mps", f"{cpu_name()} GPU"))
    found.append(cpu())
    return tuple(found)


def resolve_device(wanted: str) -> DeviceInfo:
    """The device for a setting: "auto" (the fastest), "cuda", "cuda:1", "mps" or "cpu".

    Raises:
        DeviceError: that device is not on this computer.
    """
    devices = available_devices()
    name = wanted.strip().lower()
    if name in ("", AUTO):
        return devices[0]
    for device in devices:
        if name in (device.kind, device.kind.split(":")[0]):
            return device
    kinds = ", ".join(device.kind for device in devices)
    raise DeviceError(
        f"There is no device “{wanted}” on this computer.", f"Available: auto, {kinds}."
    )


def resolve_training_device(wanted: str) -> DeviceInfo:
    """As `resolve_device`; the fastest where one is wanted that only OpenVINO can use, which does
    not train (see `not_for_training`)."""
    return resolve_device(AUTO if is_openvino(wanted) else wanted)


def not_for_training(wanted: str, device: DeviceInfo) -> str:
    """Why the device of `resolve_training_device` is not the one that is wanted, in a sentence; ""
    where nothing has to be said."""
    if not is_openvino(wanted):
        return ""
    return (
        f"“{wanted}” answers about photos, but training is not possible there: it runs on "
        f"{device.name}."
    )
