"""Devices beside the CPU that OpenVINO computes on: Intel's GPUs and NPUs. No torch here.

They are listed in a process of their own: that loads the drivers, which takes a second where there
are some, and a broken one may end its process. This one then does not even import OpenVINO before
a model answers. Where no such device can be, nothing is started.

torch cannot use them: who trains, or answers exactly, does so on another device.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from resnet_gui.core.errors import DeviceError
from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.system.openvino_import import import_openvino, openvino_version
from resnet_gui.core.system.python_process import start_python
from resnet_gui.core.values import from_json, to_json

_log = logging.getLogger(__name__)
_KIND = "openvino"
_FAMILIES = ("GPU", "NPU")  # of OpenVINO's names: "GPU", or "GPU.0" and "GPU.1"
_MODULE = "resnet_gui.core.system.openvino_devices"
_LISTING_S, _ASKED_S = 30.0, 0.03
_NICE = 10
_INTEL = "0x8086"  # the maker's number on the bus
# Where Linux keeps what graphics cards and NPUs say of themselves; what WSL has instead.
_LINUX_DEVICES = ("/sys/class/drm", "/sys/class/accel")
_WSL = "/dev/dxg"
_DRIVER_VERSIONS = ("GPU_DRIVER_VERSION", "NPU_DRIVER_VERSION")
_MARKS = re.compile(r"\((?:R|TM|C|dGPU|iGPU)\)", re.IGNORECASE)


def is_openvino(device: DeviceInfo | str) -> bool:
    """Whether only OpenVINO can compute there. device: or its kind, or the text of a setting."""
    kind = device if isinstance(device, str) else device.kind
    return kind.strip().lower().split(":")[0] == _KIND


def find_openvino_device(wanted: str) -> DeviceInfo:
    """The device of a setting: "openvino:gpu", "openvino:gpu.1", "openvino:npu", or "openvino" for
    the first. Waits for the listing.

    Raises:
        DeviceError: it is not on this computer.
    """
    name, found = wanted.strip().lower(), openvino_devices()
    for same in same_device(name):
        for device in found:
            if device.kind == same:
                return device
    if name == _KIND and found:
        return found[0]
    kinds = ", ".join(device.kind for device in found) or "none"
    why = "" if openvino_version() else " OpenVINO, which would find it, is not installed."
    raise DeviceError(
        f"There is no device “{wanted}” on this computer.{why}", f"OpenVINO lists: {kinds}."
    )


def same_device(kind: str) -> tuple[str, ...]:
    """How else a device may be called: a second card makes "gpu.0" and "gpu.1" of "gpu", and its
    removal "gpu" of "gpu.0"."""
    return kind, f"{kind}.0", kind.removesuffix(".0")


def openvino_devices() -> tuple[DeviceInfo, ...]:
    """All that OpenVINO lists; waits for the listing, which is made once."""
    for _ in LISTING.awaited():
        pass
    return LISTING.devices


class Listing:
    """The listing of this process, for which several threads may wait.

    Attributes:
        devices: what was found.
    """

    def __init__(self) -> None:
        self.devices: tuple[DeviceInfo, ...] = ()
        self._known = threading.Event()
        self._lock = threading.Lock()
        self._begun = False

    def awaited(self) -> Iterator[None]:
        """Begin it, unless somebody has, and wait until it is known. Yields now and then, so that
        the thread can turn to something else."""
        with self._lock:
            if not self._begun:
                self._begun = True
                if openvino_version() and may_have_devices():
                    threading.Thread(target=self._list, name="devices", daemon=True).start()
                else:
                    self._known.set()
        while not self._known.wait(_ASKED_S):
            yield

    def _list(self) -> None:
        try:
            self.devices = _listed()
        finally:
            self._known.set()


def _listed() -> tuple[DeviceInfo, ...]:
    """What fails is no device."""
    try:
        process = start_python(_MODULE, listen=True)
        try:
            out, _ = process.communicate(timeout=_LISTING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
        lines = out.splitlines() or [b""]  # a driver may print something, too
        return from_json(tuple[DeviceInfo, ...], json.loads(lines[-1]))
    except (OSError, ValueError) as error:
        _log.warning("OpenVINO's devices are not listed: %s", error)
        return ()


LISTING = Listing()


def may_have_devices() -> bool:
    """Whether it is worth asking OpenVINO. Looks at a few files."""
    if sys.platform == "win32":
        return True
    if sys.platform != "linux":
        return False
    if Path(_WSL).exists():
        return True
    for folder in _LINUX_DEVICES:
        for note in Path(folder).glob("*/device/vendor"):
            try:
                if note.read_text("ascii", "ignore").strip() == _INTEL:
                    return True
            except OSError:
                continue
    return False


# --- in the process that lists --------------------------------------------------------------------


def main() -> None:
    """Say the devices as JSON, on stdout."""
    with contextlib.suppress(AttributeError, OSError):  # Windows has no such thing
        os.nice(_NICE)
    sys.stdout.write(json.dumps(to_json(devices_of(import_openvino().Core()))))


def devices_of(core: Any) -> tuple[DeviceInfo, ...]:
    """The devices of an `openvino.Core` beside the CPU."""
    names = [name for name in core.available_devices if name.split(".")[0] in _FAMILIES]
    titles = _distinct([plain_name(str(_asked(core, name, "FULL_DEVICE_NAME"))) for name in names])
    return tuple(
        DeviceInfo(f"{_KIND}:{name.lower()}", f"{title or name} (OpenVINO)", _driver(core, name))
        for name, title in zip(names, titles, strict=True)
    )


def plain_name(name: str) -> str:
    """As people say it: "Intel(R) Arc(TM) A770 Graphics (dGPU)" -> "Intel Arc A770"."""
    words = _MARKS.sub(" ", name).split()
    if len(words) > 2 and words[-1] == "Graphics":
        words.pop()
    return " ".join(words)


def _distinct(titles: Sequence[str]) -> list[str]:
    """Two cards of one name get numbers."""
    many, seen = Counter(titles), Counter[str]()
    found = []
    for title in titles:
        seen[title] += 1
        found.append(f"{title} {seen[title]}" if many[title] > 1 else title)
    return found


def _driver(core: Any, name: str) -> str:
    return next((str(v) for p in _DRIVER_VERSIONS if (v := _asked(core, name, p))), "")


def _asked(core: Any, name: str, what: str) -> Any:
    """A property of a device; "" where it does not know it."""
    try:
        return core.get_property(name, what)
    except RuntimeError:
        return ""
