"""Conversions on OpenVINO's other devices than the CPU: whether they may answer there. No torch
here, and no OpenVINO.

What was compared on a device is kept inside the conversion's folder, one folder for each device
and version of its driver; a conversion that goes takes it along. There nothing is used without a
verdict, either.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.inference.averaged import open_averaged
from resnet_gui.core.inference.backend import Backend
from resnet_gui.core.inference.converted import (
    MAX_ATTEMPTS,
    VERDICT,
    Conversion,
    State,
    Verdict,
    find_conversion,
    note_use,
)
from resnet_gui.core.inference.openvino_backend import OpenVinoBackend
from resnet_gui.core.system import atomic
from resnet_gui.core.system.documents import DocumentError, read_object
from resnet_gui.core.values import Value, from_json
from resnet_gui.core.words import first_line
from resnet_gui.core.zoo.spec import ModelEntry

_log = logging.getLogger(__name__)
_DEVICES = "devices"
_MAX_DOCUMENT = 100_000


@dataclass(frozen=True, slots=True)
class DeviceVerdict(Value):
    """What comparing a conversion on a device with exact gave."""

    device: DeviceInfo
    verdict: Verdict


def place_of(conversion: Conversion, device: DeviceInfo) -> Path:
    """The folder of what is kept of a conversion on a device."""
    text = "\n".join((device.kind, device.name, device.driver))
    return conversion.folder / _DEVICES / hashlib.sha256(text.encode()).hexdigest()[:16]


def verdict_on(conversion: Conversion, device: DeviceInfo) -> Verdict | None:
    kept = _read(place_of(conversion, device))
    return kept.verdict if kept is not None and kept.device == device else None


def write_verdict_on(conversion: Conversion, device: DeviceInfo, verdict: Verdict) -> None:
    """Raises OSError."""
    place = place_of(conversion, device)
    place.mkdir(parents=True, exist_ok=True)
    atomic.write_json(place / VERDICT, DeviceVerdict(device, verdict).to_json())


def worth_comparing(conversion: Conversion, device: DeviceInfo) -> bool:
    """Whether comparing may help: nobody has, or the last attempt did not end."""
    found = verdict_on(conversion, device)
    return conversion.usable and (
        found is None or (found.state is State.UNFINISHED and found.attempts < MAX_ATTEMPTS)
    )


def precision_on(entry: ModelEntry, device: DeviceInfo) -> str:
    """In which the model may answer on a device; "" where it may not, or not yet."""
    found = find_conversion(entry)
    verdict = verdict_on(found, device) if found is not None and found.usable else None
    return verdict.precision if verdict is not None and verdict.state is State.CHECKED else ""


def open_on_device(
    entry: ModelEntry, device: DeviceInfo, notify: Callable[[str], None], *, waiting: bool = True
) -> Backend | None:
    """The model on one of OpenVINO's devices; None, and why, where the CPU has to answer.

    Args:
        waiting: whether one can still hope that it will be compared there.
        notify: is told why, in a sentence.
    """
    singles = entry.singles()
    for single in singles:
        if not precision_on(single, device) and (why := _why_not(single, device, waiting)):
            notify(why)
            return None
    try:
        if entry.members or entry.spec.views:
            return open_averaged(entry, lambda single: _opened(single, device))
        return _opened(entry, device)
    except (ImportError, RuntimeError) as error:
        notify(f"{device.name} failed ({first_line(error)}). The CPU is used instead.")
        return None


def _opened(entry: ModelEntry, device: DeviceInfo) -> OpenVinoBackend:
    """Raises RuntimeError: the device cannot take it, or the conversion has gone meanwhile."""
    found, precision = find_conversion(entry), precision_on(entry, device)
    if found is None or not precision:
        raise RuntimeError("the converted model is not there any more")
    place = place_of(found, device)
    backend = OpenVinoBackend(found.folder, precision, device=device, place=place)
    note_use(found.folder)
    return backend


def _why_not(entry: ModelEntry, device: DeviceInfo, waiting: bool) -> str:
    found, reason = find_conversion(entry), ""
    if found is not None and found.verdict is not None and not found.worth_trying:
        verdict = verdict_on(found, device)
        if found.verdict.state is State.REFUSED:
            reason = f"as {found.verdict.reason}"
        elif not found.usable:
            reason = "as the faster form could not be made"
        elif verdict is not None and not worth_comparing(found, device):
            reason = _reason(verdict)
    title, name = entry.spec.title, device.name
    if reason:
        return f"“{title}” is not run on {name}, {reason}. The CPU is used instead."
    if waiting:
        return (
            f"“{title}” answers on the CPU until its answers on {name} have been compared with "
            "the exact ones."
        )
    return f"“{title}” could not be compared on {name} this time. The CPU is used instead."


def describe_devices(entry: ModelEntry) -> str:
    """How a model is run on other devices than the CPU, a sentence for each; "" where nothing is
    known. Looks at the disk."""
    found = find_conversion(entry)
    if found is None or not found.usable:
        return ""
    try:
        places = sorted((found.folder / _DEVICES).iterdir())
    except OSError:
        return ""
    kept = [verdict for verdict in map(_read, places) if verdict is not None]
    return " ".join(filter(None, map(_described, kept)))


def _described(kept: DeviceVerdict) -> str:
    verdict, name = kept.verdict, kept.device.name
    if verdict.state is State.CHECKED:
        how = "half precision" if verdict.precision == "fp16" else "full precision"
        return (
            f"Also on {name}, {how}: probabilities were at most "
            f"{max(verdict.probabilities, 0.001):.1%} apart."
        )
    if verdict.state is State.UNFINISHED and verdict.attempts < MAX_ATTEMPTS:
        return ""
    return f"Not on {name}, {_reason(verdict)}."


def _reason(verdict: Verdict) -> str:
    if verdict.state is State.REFUSED:
        return f"as {verdict.reason}"
    return "as comparing it there did not come to an end"


def _read(place: Path) -> DeviceVerdict | None:
    try:
        return from_json(DeviceVerdict, read_object(place / VERDICT, _MAX_DOCUMENT))
    except (OSError, DocumentError, ValueError):
        return None
