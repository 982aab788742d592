"""Whether a conversion answers on a device of OpenVINO's as exact does. Needs torch and OpenVINO.

It is run in a process of its own (`background`): compiling for a GPU takes up to a minute the first
time, and a driver may end the process.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.inference.check import Expected, check_pictures, compare, expected_of
from resnet_gui.core.inference.convert import MemoryShortError, check_memory
from resnet_gui.core.inference.converted import VERDICT, Conversion, State, Verdict, find_conversion
from resnet_gui.core.inference.exact import open_exact
from resnet_gui.core.inference.on_device import (
    place_of,
    verdict_on,
    worth_comparing,
    write_verdict_on,
)
from resnet_gui.core.inference.openvino_backend import LATENCY, THROUGHPUT, OpenVinoBackend
from resnet_gui.core.system.locks import Timeout, lock
from resnet_gui.core.system.openvino_import import import_openvino
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo.spec import ModelEntry

_log = logging.getLogger(__name__)
_PATIENCE_S = 0.2


def compare_on_device(entry: ModelEntry, device: DeviceInfo) -> None:
    """Compare a model's conversion on a device, unless that was done; the verdict is then on the
    disk. Nothing, where there is no conversion that may be used.

    Raises:
        ModelError: the model itself cannot be used.
        OSError: the disk is full or cannot be written; nothing was decided.
        ImportError: OpenVINO is not here.
    """
    found = find_conversion(entry)
    if found is None or not worth_comparing(found, device):
        return
    name = f"{found.folder.name}-{place_of(found, device).name}.lock"
    try:
        with lock(found.folder.with_name(name), _PATIENCE_S):
            if worth_comparing(found, device):  # whoever held it meanwhile may have done it
                _compare(entry, found, device)
    except Timeout:
        return  # somebody else does it now


def _compare(entry: ModelEntry, found: Conversion, device: DeviceInfo) -> None:
    exact = open_exact(entry, cpu())
    try:
        check_memory(exact.network)
    except MemoryShortError as error:  # nothing is noted: it is tried again
        _log.warning("%s is not compared on %s, as %s", entry.spec.id, device.name, error)
        return
    before = verdict_on(found, device)
    attempts = before.attempts + 1 if before else 1
    write_verdict_on(found, device, Verdict(State.UNFINISHED, attempts=attempts))
    expected = expected_of(exact, check_pictures(entry.spec.preprocessing))
    del exact
    verdict = _judged(found.folder, place_of(found, device), device, expected)
    if verdict.state is State.REFUSED:
        shutil.rmtree(place_of(found, device), ignore_errors=True)
    if (found.folder / VERDICT).exists():  # or the cache was cleared meanwhile
        write_verdict_on(found, device, verdict)


def _judged(folder: Path, place: Path, device: DeviceInfo, expected: Expected) -> Verdict:
    """The verdict on the first precision that is good enough, or on the last that was tried."""
    verdict = Verdict(State.REFUSED, reason="OpenVINO cannot run it there")
    for precision in _precisions(device):
        try:
            verdict = _compared(folder, place, device, precision, expected)
        except (RuntimeError, NotImplementedError, TypeError, ValueError) as error:
            lines = str(error).strip().splitlines() or [repr(error)]
            reason = f"OpenVINO cannot run it there ({lines[-1][:200]})"
            verdict = Verdict(State.REFUSED, reason=reason)
        if verdict.state is State.CHECKED:
            break
        _log.info("%s in %s on %s: %s", folder.name, precision, device.name, verdict.reason)
    return verdict


def _compared(
    folder: Path, place: Path, device: DeviceInfo, precision: str, expected: Expected
) -> Verdict:
    """Both for one photo and for many: they are compiled differently.

    Raises:
        RuntimeError: the device fails.
    """
    # Another order of sums than the CPU's is no fault, so what is asked is what half precision is.
    verdict = Verdict(State.REFUSED)
    for goal in (THROUGHPUT, LATENCY):
        backend = OpenVinoBackend(folder, precision, goal, device=device, place=place)
        verdict = compare(expected, backend, tolerance="fp16")
        if verdict.state is not State.CHECKED:
            break
    return verdict


def _precisions(device: DeviceInfo) -> tuple[str, ...]:
    """What the device computes in, the quickest first. An NPU knows no float32."""
    try:
        core = import_openvino().Core()
        can = core.get_property(device.openvino, "OPTIMIZATION_CAPABILITIES")
    except RuntimeError:
        can = ()
    return ("fp16", "fp32") if "FP32" in can else ("fp16",)
