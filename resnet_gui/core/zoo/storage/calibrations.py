"""How the answers of models are calibrated that are not the user's own: bundled and published
files belong to the program or to others, so what a person sets for them stands in one document of
the data folder. No torch."""

from __future__ import annotations

import dataclasses
import logging
import threading
from pathlib import Path

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.header_schema import CALIBRATION, HeaderValueError
from resnet_gui.core.system.atomic import replacing, write_json
from resnet_gui.core.system.documents import DocumentError, read_object
from resnet_gui.core.system.paths import data_dir
from resnet_gui.core.zoo.spec import ModelEntry, ModelState
from resnet_gui.core.zoo.weights.model_file import copy_model, model_id

_log = logging.getLogger(__name__)
_FILE = "calibrations.json"
_lock = threading.Lock()


def with_kept(entry: ModelEntry, kept: dict[str, Calibration]) -> ModelEntry:
    """The entry with what a person set for it."""
    found = kept.get(entry.spec.id)
    if found is None or entry.state is ModelState.YOURS:
        return entry
    return dataclasses.replace(entry, spec=dataclasses.replace(entry.spec, calibration=found))


def kept_calibrations() -> dict[str, Calibration]:
    """By the id of the model; what is damaged is left out."""
    try:
        document = read_object(data_dir() / _FILE)
    except FileNotFoundError:
        return {}
    except DocumentError as error:
        _log.warning("%s is left out: %s", _FILE, error)
        return {}
    found = {}
    for name, value in document.items():
        try:
            found[name] = Calibration.from_json(CALIBRATION.read(value, name))
        except HeaderValueError as error:
            _log.warning("%s: %s", _FILE, error)
    return found


def keep_calibration(entry: ModelEntry, calibration: Calibration) -> None:
    """Store how a model's answers are calibrated: in the file of a model of the user's own, whose
    id and weights stay as they are; else in the data folder.

    Raises:
        ModelFileError: it cannot be written.
    """
    path = entry.spec.path if entry.state is ModelState.YOURS else None
    try:
        if path is not None:
            own_id = model_id(path)
            with replacing(path) as temporary:
                copy_model(path, temporary, calibration=calibration.to_json(), id=own_id)
            return
        with _lock:
            kept = kept_calibrations() | {entry.spec.id: calibration}
            values = {name: item.to_json() for name, item in kept.items() if not item.empty}
            write_json(data_dir() / _FILE, values)
    except OSError as error:
        raise ModelFileError(
            path or Path(_FILE), f"The threshold could not be stored ({error.strerror})."
        ) from error
