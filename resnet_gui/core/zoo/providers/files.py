"""Providers: model files that ship in `models/`, and the user's own in the data folder."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.header_schema import shown_name
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState, Preprocessing
from resnet_gui.core.zoo.weights.model_file import SUFFIX, read_header, spec_from_header

_log = logging.getLogger(__name__)


class FileProvider:
    """Every `*.safetensors` in one folder. A file that cannot be used stays visible, with the
    reason in `problem`: a model that vanishes without a word would be worse.

    Attributes:
        folder: where to look; it need not exist.
        state: BUNDLED or YOURS.
    """

    def __init__(self, folder: Path, state: ModelState) -> None:
        self.folder = folder
        self.state = state
        self._seen: dict[Path, tuple[tuple[int, int], ModelEntry]] = {}

    def entries(self) -> Iterator[ModelEntry]:
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            if path.name.startswith("."):
                continue
            try:
                stat = path.stat()
            except OSError as error:
                if path.is_symlink():  # it leads nowhere, or in a circle
                    reason = f"{path.name} could not be read ({error.strerror})."
                    yield ModelEntry(_unusable(path, self.state), self.state, path, reason)
                continue  # else it was deleted between the listing and here
            stamp = (stat.st_mtime_ns, stat.st_size)
            known = self._seen.get(path)
            if known is None or known[0] != stamp:
                known = (stamp, self._entry(path))
                self._seen[path] = known
            yield known[1]

    def specs(self) -> tuple[ModelSpec, ...]:
        return ()

    def _entry(self, path: Path) -> ModelEntry:
        try:
            spec = spec_from_header(path, read_header(path), self.state.value)
        except ModelFileError as error:
            _log.warning("model file left out: %s", error)
            return ModelEntry(_unusable(path, self.state), self.state, path, problem=str(error))
        return ModelEntry(spec, self.state, path)


def _unusable(path: Path, state: ModelState) -> ModelSpec:
    empty = Preprocessing(resize=0, crop=1)
    spec = ModelSpec(path.stem, shown_name(path.stem), "Damaged", "", state.value, "", (), empty, 0)
    return dataclasses.replace(spec, path=path)
