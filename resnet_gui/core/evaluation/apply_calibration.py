"""What an evaluation says of a model, stored with it. No torch."""

from __future__ import annotations

import contextlib

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.inference.converted import file_stamp, known_hash, remember_hash
from resnet_gui.core.zoo.spec import ModelEntry
from resnet_gui.core.zoo.storage.calibrations import keep_calibration


def apply_calibration(entry: ModelEntry, calibration: Calibration) -> None:
    """Store how a model's answers are calibrated (see `keep_calibration`). Its weights stay as they
    are, so its faster form stays right: the file goes on under the hash it was converted under.

    Raises:
        ModelFileError: it cannot be written.
    """
    path = entry.weights_path
    known = None if path is None else known_hash(path)
    keep_calibration(entry, calibration)
    if path is not None and known is not None:
        with contextlib.suppress(OSError):
            remember_hash(path, file_stamp(path), known)
