"""What a run starts from: a model with weights, or an architecture with random ones."""

from __future__ import annotations

from collections.abc import Callable

from resnet_gui.core.nets.registry import scratch_model
from resnet_gui.core.runs.config import Method, RunConfig
from resnet_gui.core.zoo import ModelEntry, ModelState
from resnet_gui.core.zoo.original import original_of
from resnet_gui.core.zoo.untrained import untrained_entries
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.widgets.plain_text import one_line


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
        self._used_id = ""  # of the model that photos are classified with
        self._title = ""  # of the chosen model, for the time after it is gone
        self._lost_title = ""

    @property
    def chosen_id(self) -> str:
        """What the present settings start from."""
        return (self.architecture_id or self._suited) if self.scratch else self.model_id

    def choose(self, model_id: str) -> None:
        """Choose for the present settings."""
        if self.scratch:
            self.architecture_id = model_id
        else:
            self._take(model_id)

    def suggest(self, used: ModelEntry) -> bool:
        """Photos are classified with this model: if nothing is chosen yet, start from it, or, if a
        run of the user's made it, from what that run started from: trained once more on the same
        photos it would only learn them by heart. Returns whether something else is chosen now."""
        if used.members:  # together they have no network that could learn
            used = used.members[0]
        self._used_id = used.spec.id
        if self.model_id:
            return False
        self._take((self.original_of(used) or used).spec.id)
        return True

    def _take(self, model_id: str, lost_title: str = "") -> None:
        entry = self._store.entry(model_id)
        self.model_id, self._lost_title = model_id, lost_title
        self._title = entry.spec.title if entry is not None else ""

    def replace_lost(self) -> bool:
        """Start from another model where the chosen one is here no more; whether that was so."""
        other, entry = self._store.default(), self._store.entry(self.model_id)
        if entry is not None:
            self._title = entry.spec.title
        lost = bool(self.model_id) and entry is None
        if other is None or not lost or not self._store.settled:
            return False
        self._take((self.original_of(other) or other).spec.id, self._title or self.model_id)
        return True

    def original_of(self, entry: ModelEntry) -> ModelEntry | None:
        """What the runs that led to this model began with; None: nothing that is here."""
        return original_of(entry, self._store.entry)

    @property
    def reason(self) -> str:
        """Why this model, in a sentence; "" where the person chose it and nothing is to be said."""
        entry = None if self.scratch else self.entry()
        if entry is None:
            return ""
        if self._lost_title:
            return f"“{one_line(self._lost_title, 60)}” is not here any more."
        used = self._store.entry(self._used_id)
        if used is not None and self.original_of(used) is entry:
            title = one_line(used.spec.title, 60)
            return f"Your model “{title}” was trained from it."
        if entry.state is ModelState.YOURS and entry.spec.run_id:
            learned = one_line(entry.spec.dataset, 40)
            return f"Your own model: it has learned “{learned}” already."
        return "You classify with it, too." if entry.spec.id == self._used_id else ""

    @property
    def other(self) -> ModelEntry | None:
        """What else suggests itself: of an own model the original, of the original the own one."""
        entry = None if self.scratch else self.entry()
        if entry is None:
            return None
        original = self.original_of(entry)
        if original is not None:
            return original
        used = self._store.entry(self._used_id)
        return used if used is not None and self.original_of(used) is entry else None

    def entries(self) -> list[ModelEntry]:
        """What can be chosen for the present settings."""
        models = [entry for entry in self._store.entries if not entry.spec.members]
        if not self.scratch:
            return models
        shapes = untrained_entries()
        names = {entry.spec.id for entry in shapes}  # some have weights as well: once is enough
        return [*shapes, *(item for item in models if item.spec.id not in names)]

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
