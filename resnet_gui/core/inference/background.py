"""Makes conversions in a process of its own, while this one answers, compares them on other devices
than the CPU, and makes their forms of 8 bits. No torch here.

The process outlives this one if need be: a command that has answered one photo ends at once, and
the next one is fast. It runs at low priority, ends by itself, and a second one for the same model
finds a lock and leaves.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import os
import subprocess
import threading
from collections.abc import Callable, Sequence

from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.inference.backend import INT8
from resnet_gui.core.inference.converted import file_stamp, find_conversion
from resnet_gui.core.inference.eight_bits import worth_making
from resnet_gui.core.inference.on_device import worth_comparing
from resnet_gui.core.system.openvino_devices import is_openvino
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.system.python_process import start_python
from resnet_gui.core.values import to_json
from resnet_gui.core.zoo.spec import ModelEntry

_log = logging.getLogger(__name__)
_MODULE = "resnet_gui.core.inference.convert_process"
_IN_TURN = "in turn"  # ends the key of one that waits for those of an ensemble's other models


class Conversions:
    """The conversions that this process has begun. Each model file is tried once.

    In `ended` and `underway`, `eight_bits` asks about the form of 8 bits instead.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: dict[tuple[object, ...], subprocess.Popen[bytes] | None] = {}

    def begin(self, entry: ModelEntry, device: DeviceInfo | None = None) -> None:
        """Start making a model's conversion, of an ensemble those of its models, one after the
        other, unless that was tried. Does not wait.

        Args:
            device: where it is to answer; on one of OpenVINO's it is compared, too.
        """
        there = device if device is not None and is_openvino(device) else None

        def worth(single: ModelEntry) -> bool:
            found = find_conversion(single)
            if found is None or found.worth_trying:
                return True
            return there is not None and worth_comparing(found, there)

        singles = entry.singles()
        for single in singles:
            in_turn = len(singles) > 1
            start = functools.partial(_start, single, there, in_turn=in_turn)
            self._begin(single, _place(there), worth, start, in_turn=in_turn)

    def begin_eight_bits(self, entry: ModelEntry, photos: Sequence[str]) -> None:
        """As `begin`, the form of 8 bits. photos: files that it is made from."""

        def worth(single: ModelEntry) -> bool:
            found = find_conversion(single)
            return found is not None and worth_making(found)

        for single in entry.singles():
            if self.ended(single, eight_bits=True) and worth(single):
                # It decided nothing: too little memory was free, or too few photos could be read.
                self.forget_eight_bits(single)
            start = functools.partial(_start, single, None, photos)
            self._begin(single, INT8, worth, start)

    def forget_eight_bits(self, entry: ModelEntry) -> None:
        """Another one may be begun."""
        with self._lock:
            for single in entry.singles():
                self._begun.pop(_key(single, INT8) or (), None)

    def _begin(
        self,
        entry: ModelEntry,
        place: str,
        worth: Callable[[ModelEntry], bool],
        start: Callable[[], subprocess.Popen[bytes]],
        *,
        in_turn: bool = False,
    ) -> None:
        key = _key(entry, place)
        with self._lock:
            if key is None or key in self._begun:
                return
            queued = (*key, _IN_TURN)
            if queued in self._begun:
                process = self._begun[queued]
                if in_turn or process is None or process.poll() is not None:
                    return
                # It stands behind others of an ensemble, and now somebody waits for this model:
                # another process makes it, and the one in the queue will find it made.
            key = queued if in_turn else key
            self._begun[key] = None
            if not openvino_version() or not worth(entry):
                return
            try:
                self._begun[key] = start()
            except OSError as error:
                _log.warning("the conversion of %s was not started: %s", entry.spec.id, error)

    def ended(
        self, entry: ModelEntry, device: DeviceInfo | None = None, *, eight_bits: bool = False
    ) -> bool:
        """Whether a conversion of this model was begun here, for this device, and has come to its
        end; of an ensemble all that were begun."""
        processes = self._processes(entry, INT8 if eight_bits else _place(device))
        codes = [process.poll() for process in processes]
        return bool(codes) and None not in codes

    def underway(
        self, entry: ModelEntry, device: DeviceInfo | None = None, *, eight_bits: bool = False
    ) -> bool:
        """Whether a conversion of this model was begun here, for this device, and goes on."""
        processes = self._processes(entry, INT8 if eight_bits else _place(device))
        return any(process.poll() is None for process in processes)

    @property
    def busy(self) -> bool:
        """Whether any that was begun here goes on."""
        with self._lock:
            begun = [process for process in self._begun.values() if process is not None]
        return any(process.poll() is None for process in begun)

    def _processes(self, entry: ModelEntry, place: str) -> list[subprocess.Popen[bytes]]:
        with self._lock:
            if not any(self._begun.values()):
                return []  # as a rule; looking at the files takes longer, for each photo
        keys = [_key(single, place) or () for single in entry.singles()]
        with self._lock:
            found = [self._begun.get(key) or self._begun.get((*key, _IN_TURN)) for key in keys]
        return [process for process in found if process is not None]

    def wait(self, timeout_s: float) -> None:
        """Until all that were begun have ended. For tests and measurements.

        Raises:
            subprocess.TimeoutExpired: one has not.
        """
        with self._lock:
            running = [process for process in self._begun.values() if process is not None]
        for process in running:
            process.wait(timeout_s)


CONVERSIONS = Conversions()  # of this process: two that answer with one model make it once


def _place(device: DeviceInfo | None) -> str:
    """What beside the CPU it is for."""
    return device.kind if device is not None and is_openvino(device) else ""


def _key(entry: ModelEntry, place: str) -> tuple[object, ...] | None:
    """The model, its file as it is now and what is made of it; None if the file is gone."""
    if entry.weights_path is None:
        return None
    try:
        return (entry.spec.id, str(entry.weights_path), *file_stamp(entry.weights_path), place)
    except OSError:
        return None


def _start(
    entry: ModelEntry,
    device: DeviceInfo | None,
    photos: Sequence[str] = (),
    *,
    in_turn: bool = False,
) -> subprocess.Popen[bytes]:
    """Raises OSError: the system starts no process, or it ended at once.

    Args:
        in_turn: it waits for others that do.
    """
    env = {**os.environ, "OMP_NUM_THREADS": "1"}  # the other cores are the person's
    process = start_python(_MODULE, env=env, low_priority=True)
    assert process.stdin is not None
    what = {
        "entry": to_json(dataclasses.asdict(entry)),
        "device": to_json(device) if device is not None else None,
        "photos": list(photos),
        "in_turn": in_turn,
    }
    with process.stdin as stdin:
        stdin.write(json.dumps(what).encode())
    return process
