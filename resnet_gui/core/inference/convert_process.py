"""What the process runs that `background` starts: one model in through stdin, as JSON, and the
device that it is for if that is not the CPU, or the photos that a form of 8 bits is made from."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.inference.converted import conversions_dir
from resnet_gui.core.system.locks import lock
from resnet_gui.core.values import from_json
from resnet_gui.core.zoo.spec import ModelEntry

_log = logging.getLogger(__name__)
_NICE = 10
# Somebody else may make the same conversion now. Nothing is left to do then, but to compare it on
# another device.
_NOT_LONG_S, _OTHERS_S = 0.2, 600.0
# Making a form of 8 bits takes all cores for a minute or two, and a GB of memory: those of an
# ensemble's models, or of two windows, are made one after the other.
_TURN = "int8.lock"
# Usual forms are made at once as a rule: a model that somebody waits for does not stand behind
# another. Those of an ensemble's models help only all together, and five at once would take the
# memory of five networks and the time of all cores.
_USUAL_TURN = "ensemble.lock"
_TURN_S, _LOOK_S = 3600.0, 0.5


def main() -> None:
    """Make the conversion, and end with 0 if there is a verdict now."""
    what = json.loads(sys.stdin.buffer.read())
    entry = from_json(ModelEntry, what["entry"])
    device = from_json(DeviceInfo, what["device"]) if what["device"] is not None else None
    with contextlib.suppress(AttributeError, OSError):  # Windows has no such thing
        os.nice(_NICE)
    # The computer is shut down, say: nothing half made stays, and it was no attempt.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    photos = [Path(name) for name in what["photos"]]
    try:
        if photos:
            make_in_turn(entry, photos)
        elif what["in_turn"]:
            convert_in_turn(entry, device)
        else:
            _convert(entry, device)
    except (ResNetGuiError, OSError, ImportError) as error:
        _log.warning("no conversion: %s", error)
        raise SystemExit(1) from None


def make_in_turn(entry: ModelEntry, photos: Sequence[Path]) -> None:
    """Make a form of 8 bits, when no other process makes one.

    Raises: as `make_eight_bits`; OSError also if its turn did not come within an hour.
    """
    with _turn(_TURN):
        # Not before, so that who waits takes no memory. It needs torch.
        from resnet_gui.core.inference.quantize import make_eight_bits

        make_eight_bits(entry, photos)


def convert_in_turn(entry: ModelEntry, device: DeviceInfo | None) -> None:
    """Make a usual form, when no other one of an ensemble's is made. Raises as `make_in_turn`."""
    with _turn(_USUAL_TURN):
        _convert(entry, device)


@contextlib.contextmanager
def _turn(name: str) -> Iterator[None]:
    """Raises OSError: it did not come within an hour, or the folder cannot be written."""
    turn = conversions_dir() / name
    turn.parent.mkdir(parents=True, exist_ok=True)
    with lock(turn, _TURN_S, _LOOK_S):
        yield


def _convert(entry: ModelEntry, device: DeviceInfo | None) -> None:
    from resnet_gui.core.inference.compare_on_device import compare_on_device  # torch
    from resnet_gui.core.inference.convert import convert

    for _ in convert(entry, patience_s=_NOT_LONG_S if device is None else _OTHERS_S):
        pass
    if device is not None:
        compare_on_device(entry, device)
