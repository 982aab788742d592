"""Which backend runs a model: the converted one where it was checked, else exact. No torch here."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable

from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.inference.averaged import open_averaged
from resnet_gui.core.inference.backend import EXACT, INT8, OPENVINO, Backend, BackendForm
from resnet_gui.core.inference.converted import (
    Conversion,
    find_conversion,
    note_use,
    remove_conversion,
)
from resnet_gui.core.inference.eight_bits import place_of, usable_eight_bits
from resnet_gui.core.inference.on_device import open_on_device, precision_on
from resnet_gui.core.inference.openvino_backend import OpenVinoBackend, openvino_device
from resnet_gui.core.system.gentle_import import gentle_import
from resnet_gui.core.system.openvino_devices import is_openvino
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo.spec import ModelEntry

_log = logging.getLogger(__name__)


def open_backend(
    entry: ModelEntry,
    device: DeviceInfo,
    *,
    exact: bool,
    eight_bits: bool = False,
    channels_last: bool = False,
    notify: Callable[[str], None] = _log.warning,
) -> Backend:
    """The fastest backend for a model that may answer. On one of OpenVINO's devices that is the
    CPU's, unless the model was compared with exact there.

    Args:
        exact: whether only the exact one may.
        eight_bits: whether one of 8 bits may, on the CPU.
        channels_last: of the exact one, for batches.
        notify: is told what a person should know: that half precision or the device is not used,
            and why.

    Raises:
        ModelError: the model's file is damaged or does not fit.
        RuntimeError: the device cannot take the network.
    """
    if is_openvino(device):
        if exact:
            notify(f"torch, which answers exactly, cannot use {device.name}: the CPU is used.")
        elif there := open_on_device(entry, device, notify):
            return there
        device, eight_bits = cpu(), False
    if not exact and device.kind != "cpu":
        return open_gpu(entry, device, notify)
    fast = None if exact else open_converted(entry, eight_bits=eight_bits)
    return fast or open_exact(entry, device, channels_last=channels_last)


def open_faster(
    entry: ModelEntry,
    device: DeviceInfo,
    now: Backend,
    notify: Callable[[str], None],
    *,
    eight_bits: bool = False,
) -> Backend | None:
    """What has become possible since `now` was opened for `device`: a conversion was made, or
    compared there, or has a form of 8 bits. None: nothing."""
    if is_openvino(device) and now.device != device:
        there = open_on_device(entry, device, notify, waiting=False)
        if there is not None:
            return there
    if now.name == EXACT:
        return open_converted(entry, eight_bits=eight_bits)
    faster = open_converted(entry, eight_bits=True) if eight_bits and not now.made else None
    return faster if faster is not None and faster.made else None


def open_gpu(entry: ModelEntry, device: DeviceInfo, notify: Callable[[str], None]) -> Backend:
    """As `gpu_backend.open_gpu`."""
    if _averages(entry):
        return open_averaged(entry, lambda single: open_gpu(single, device, notify))
    with gentle_import():
        from resnet_gui.core.inference import gpu_backend
    return gpu_backend.open_gpu(entry, device, notify)


def expected_backend(
    entry: ModelEntry, device: DeviceInfo, *, exact: bool, eight_bits: bool = False
) -> BackendForm:
    """What `open_backend` would open, without opening it. Looks at the disk."""
    if is_openvino(device):
        if not exact and (precision := precision_on(entry, device)):
            return BackendForm(OPENVINO, precision, device)
        device, eight_bits = cpu(), False
    if not exact and device.kind != "cpu":
        with gentle_import():  # torch is there already: it was asked for the device
            from resnet_gui.core.inference import gpu_backend
        return gpu_backend.expected_form(entry, device)
    found = None if exact else find_conversion(entry)
    if found is not None and found.verdict is not None and found.usable:
        if eight_bits and (quick := usable_eight_bits(found)):
            return BackendForm(OPENVINO, INT8, openvino_device(INT8), quick.made)
        return BackendForm(OPENVINO, found.verdict.precision, openvino_device())
    return BackendForm(EXACT, "fp32", device)


def open_exact(entry: ModelEntry, device: DeviceInfo, *, channels_last: bool = False) -> Backend:
    """Raises as `open_backend`."""
    if _averages(entry):
        return open_averaged(
            entry, lambda single: open_exact(single, device, channels_last=channels_last)
        )
    with gentle_import():
        from resnet_gui.core.inference import exact
    return exact.open_exact(entry, device, channels_last=channels_last)


def open_converted(entry: ModelEntry, *, eight_bits: bool = False) -> Backend | None:
    """The model through OpenVINO, in 8 bits where it may; None where there is no conversion, or
    none that may answer."""
    if _averages(entry):
        singles = {
            single.spec.id: open_converted(single, eight_bits=eight_bits)
            for single in entry.singles()
        }
        ready = {name: backend for name, backend in singles.items() if backend is not None}
        if len(ready) < len(singles):
            return None  # all of them in one way: photos are read for all alike
        return open_averaged(entry, lambda single: ready[single.spec.id])
    found = find_conversion(entry)
    if found is None or found.verdict is None or not found.usable:
        return None
    try:
        backend = (_open_eight_bits(found) if eight_bits else None) or OpenVinoBackend(
            found.folder, found.verdict.precision
        )
    except ImportError as error:
        _log.warning("OpenVINO cannot be loaded: %s", error)
        return None
    except RuntimeError as error:
        _log.warning("the conversion of %s is made again: %s", entry.spec.id, error)
        remove_conversion(found.folder)  # whoever makes it tries it
        return None
    note_use(found.folder)
    return backend


def _open_eight_bits(found: Conversion) -> OpenVinoBackend | None:
    known = usable_eight_bits(found)
    if known is None:
        return None
    try:
        return OpenVinoBackend(found.folder, INT8, made=known.made)
    except RuntimeError as error:
        _log.warning("the form of 8 bits in %s is made again: %s", found.folder, error)
        shutil.rmtree(place_of(found), ignore_errors=True)
        return None


def _averages(entry: ModelEntry) -> bool:
    return bool(entry.members or entry.spec.views)
