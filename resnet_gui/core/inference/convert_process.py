"""What the process runs that `background` starts: one model in through stdin, as JSON."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.values import from_json
from resnet_gui.core.zoo.spec import ModelEntry

_log = logging.getLogger(__name__)
_NICE = 10


def main() -> None:
    """Make the conversion, and end with 0 if there is a verdict now."""
    entry = from_json(ModelEntry, json.loads(sys.stdin.buffer.read()))
    with contextlib.suppress(AttributeError, OSError):  # Windows has no such thing
        os.nice(_NICE)
    from resnet_gui.core.inference.convert import convert  # torch

    try:
        for _ in convert(entry):
            pass
    except (ResNetGuiError, OSError, ImportError) as error:
        _log.warning("no conversion: %s", error)
        raise SystemExit(1) from None
