"""Which devices torch can use here, under the hardware's real names. This module needs torch."""

from __future__ import annotations

import functools
import platform
import subprocess
from pathlib import Path

import torch

from resnet_gui.core.errors import DeviceError
from resnet_gui.core.events import DeviceInfo

AUTO = "auto"


def available_devices() -> tuple[DeviceInfo, ...]:
    """All usable devices, the fastest kind first; the CPU is always the last."""
    found = [
        DeviceInfo(f"cuda:{index}", torch.cuda.get_device_name(index))
        for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    ]
    if torch.backends.mps.is_available():
        found.append(DeviceInfo("mps", f"{cpu_name()} GPU"))
    found.append(DeviceInfo("cpu", cpu_name()))
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


@functools.cache
def cpu_name() -> str:
    """The processor's name as its maker writes it; the architecture where that is not known."""
    system = platform.system()
    name = ""
    try:
        if system == "Linux":
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
                if line.lower().startswith(("model name", "hardware")):
                    name = line.partition(":")[2]
                    break
        elif system == "Darwin":
            command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            name = subprocess.run(command, capture_output=True, text=True, timeout=2).stdout
        elif system == "Windows":
            name = platform.processor()
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        name = ""
    return " ".join(name.split()) or f"{platform.machine()} CPU"
