"""What a run starts from: a model with weights, or an architecture with random ones."""

from __future__ import annotations

from collections.abc import Callable

from resnet_gui.core.nets.registry import scratch_model
from resnet_gui.core.runs.config import Method, RunConfig
from resnet_gui.core.zoo import ModelEntry
from resnet_gui.core.zoo.untrained import untrained_entries
from resnet_gui.ui.model_store import ModelStore


class StartModel:
    """Two choices side by side, so that changing the method back and forth loses neither.

    Attributes:
        model_id: whose weights are the start; "": none is chosen yet.
        architecture_id: what a run from scratch builds; "": what suits the photos.
        scratch: whether the present settings train from scratch.
    """

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        self.model_id = ""
        self.architecture_id = ""
        self.scratch = False
        self._suited = ""

    @property
    def chosen_id(self) -> str:
        """What the present settings start from."""
        return (self.architecture_id or self._suited) if self.scratch else self.model_id

    def choose(self, model_id: str) -> None:
        """Choose for the present settings."""
        if self.scratch:
            self.architecture_id = model_id
        else:
            self.model_id = model_id

    def replace_lost(self) -> bool:
        """Start from another model where the chosen one is here no more; whether that was so."""
        other = self._store.default()
        lost = bool(self.model_id) and self._store.entry(self.model_id) is None
        if other is None or not lost or not self._store.settled:
            return False
        self.model_id = other.spec.id
        return True

    def entries(self) -> list[ModelEntry]:
        """What can be chosen for the present settings."""
        if not self.scratch:
            return list(self._store.entries)
        shapes = untrained_entries()
        names = {entry.spec.id for entry in shapes}  # some have weights as well: once is enough
        return [*shapes, *(item for item in self._store.entries if item.spec.id not in names)]

    def entry(self) -> ModelEntry | None:
        for entry in self.entries():
            if entry.spec.id == self.chosen_id:
                return entry
        return None

    def configure(self, make: Callable[[str], RunConfig], typical_side: int) -> RunConfig:
        """The settings with what they start from.

        Args:
            make: the settings for a model's id.
            typical_side: of the photos, in pixels.

        Raises:
            RunConfigError: of `make`.
        """
        config = make(self.model_id)
        self.scratch = config.method is Method.SCRATCH
        if not self.scratch:
            return config
        self._suited = scratch_model(self.model_id, typical_side)
        return config if self.chosen_id == self.model_id else make(self.chosen_id)
