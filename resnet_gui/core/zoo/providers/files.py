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
        found = list(self._entries())
        # Of two files with one id, as a copy made by hand has it, that one has the id which is
        # named after it; the other's name stands for its own.
        owners: dict[str, ModelEntry] = {}
        for entry in found:
            own_id = entry.spec.id.lower()
            if own_id not in owners or _stem(entry).lower() == own_id:
                owners[own_id] = entry
        for entry in found:
            if owners[entry.spec.id.lower()] is entry:
                yield entry
            else:
                yield dataclasses.replace(
                    entry, spec=dataclasses.replace(entry.spec, id=_stem(entry))
                )

    def _entries(self) -> Iterator[ModelEntry]:
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


def _stem(entry: ModelEntry) -> str:
    return entry.spec.path.stem if entry.spec.path is not None else entry.spec.id


def _unusable(path: Path, state: ModelState) -> ModelSpec:
    empty = Preprocessing(resize=0, crop=1)
    spec = ModelSpec(path.stem, shown_name(path.stem), "Damaged", "", state.value, "", (), empty, 0)
    return dataclasses.replace(spec, path=path)
