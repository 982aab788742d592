"""Makes conversions in a process of its own, while this one answers. No torch here.

The process outlives this one if need be: a command that has answered one photo ends at once, and
the next one is fast. It runs at low priority, ends by itself, and a second one for the same model
finds a lock and leaves.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import subprocess
import sys
import threading

from resnet_gui.core.inference.converted import file_stamp, find_conversion
from resnet_gui.core.system import paths
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.values import to_json
from resnet_gui.core.zoo.spec import ModelEntry

_log = logging.getLogger(__name__)
_MODULE = "resnet_gui.core.inference.convert_process"
# 0 on other systems than Windows: there the process makes itself nice.
_LOW_PRIORITY = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) | getattr(
    subprocess, "CREATE_NO_WINDOW", 0
)


class Conversions:
    """The conversions that this process has begun. Each model file is tried once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: dict[tuple[object, ...], subprocess.Popen[bytes] | None] = {}

    def begin(self, entry: ModelEntry) -> None:
        """Start making a model's conversion, of an ensemble those of its models, unless that was
        tried. Does not wait."""
        for single in entry.singles():
            self._begin(single)

    def _begin(self, entry: ModelEntry) -> None:
        key = _key(entry)
        with self._lock:
            if key is None or key in self._begun:
                return
            self._begun[key] = None
            found = find_conversion(entry)
            if not openvino_version() or not (found is None or found.worth_trying):
                return
            try:
                self._begun[key] = _start(entry)
            except OSError as error:
                _log.warning("the conversion of %s was not started: %s", entry.spec.id, error)

    def ended(self, entry: ModelEntry) -> bool:
        """Whether a conversion of this model was begun here and has come to its end; of an
        ensemble all that were begun."""
        codes = [process.poll() for process in self._processes(entry)]
        return bool(codes) and None not in codes

    def underway(self, entry: ModelEntry) -> bool:
        """Whether a conversion of this model was begun here and goes on."""
        return any(process.poll() is None for process in self._processes(entry))

    @property
    def busy(self) -> bool:
        """Whether any that was begun here goes on."""
        with self._lock:
            begun = [process for process in self._begun.values() if process is not None]
        return any(process.poll() is None for process in begun)

    def _processes(self, entry: ModelEntry) -> list[subprocess.Popen[bytes]]:
        with self._lock:
            if not any(self._begun.values()):
                return []  # as a rule; looking at the files takes longer, for each photo
        keys = [_key(single) or () for single in entry.singles()]
        with self._lock:
            found = [self._begun.get(key) for key in keys]
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


def _key(entry: ModelEntry) -> tuple[object, ...] | None:
    """The model and its file as it is now; None if that is gone."""
    if entry.weights_path is None:
        return None
    try:
        return (entry.spec.id, str(entry.weights_path), *file_stamp(entry.weights_path))
    except OSError:
        return None


def _start(entry: ModelEntry) -> subprocess.Popen[bytes]:
    """Raises OSError: the system starts no process, or it ended at once."""
    # Behind what Python finds itself, and never the folder that one happens to be in (-P): it may
    # hold anything under the name of a library.
    code = f"import sys; sys.path.append({str(paths.PACKAGE_DIR.parent)!r}); import {_MODULE} as p"
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", f"{code}; p.main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # the other cores are the person's
        start_new_session=True,  # Ctrl+C in the terminal is not for it
        creationflags=_LOW_PRIORITY,
    )
    assert process.stdin is not None
    with process.stdin as stdin:
        stdin.write(json.dumps(to_json(dataclasses.asdict(entry))).encode())
    return process
