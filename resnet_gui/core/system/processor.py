"""The processor, and whether there is anything faster: known without torch."""

from __future__ import annotations

import functools
import importlib.util
import platform
import re
import subprocess
import sys
from pathlib import Path

from resnet_gui.core.events import DeviceInfo

AUTO = "auto"
# What the drivers of graphics cards leave on a computer that has one.
_LINUX_DRIVERS = ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


def cpu() -> DeviceInfo:
    return DeviceInfo("cpu", cpu_name())


@functools.cache
def only_cpu() -> bool:
    """Whether torch can use nothing but the CPU here: it was built without graphics cards, or
    there is no driver of one. False: it has to be asked."""
    if sys.platform == "darwin":
        return platform.machine() != "arm64"
    return not _built_for_cards() or not _has_driver()


def _built_for_cards() -> bool:
    """Says torch's own note of how it was built, read without running it."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        return True
    try:
        note = (Path(spec.submodule_search_locations[0]) / "version.py").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return True
    found = dict(re.findall(r"^(cuda|hip)\b[^=\n]*=\s*(\S+)", note, re.MULTILINE))
    return len(found) < 2 or any(value != "None" for value in found.values())


def _has_driver() -> bool:
    if sys.platform == "win32":
        return Path(r"C:\Windows\System32\nvcuda.dll").exists()
    return any(Path(name).exists() for name in _LINUX_DRIVERS)


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
