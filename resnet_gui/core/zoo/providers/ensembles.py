"""Provider: the user's ensembles, one small JSON file each in the data folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.header_schema import shown_name
from resnet_gui.core.zoo.ensembles import SUFFIX, read_ensemble, unfinished
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState


class EnsembleProvider:
    """Every `*.ensemble.json` in one folder. Who its members are the zoo knows: it finds them.

    Attributes:
        folder: where to look; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> Iterator[ModelEntry]:
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            if path.name.startswith("."):
                continue
            try:
                yield read_ensemble(path)
            except ModelFileError as error:
                spec = unfinished(path, shown_name(path.name.removesuffix(SUFFIX)))
                spec = dataclasses.replace(spec, family="Damaged")
                yield ModelEntry(spec, ModelState.YOURS, path, problem=str(error))

    def specs(self) -> tuple[ModelSpec, ...]:
        return ()
