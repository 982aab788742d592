"""The one owner of the zoo in the window. It looks at the disk, in the io lane; pages read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.zoo import ModelEntry
from resnet_gui.core.zoo.catalogue import default_of
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.engine import Engine
from resnet_gui.ui.widgets.words import sentence

if TYPE_CHECKING:
    from resnet_gui.core.zoo.storage.inventory import Inventory

    _Seen = tuple[Inventory, Mapping[str, str]]


class ModelStore(QObject):
    """What models there are, as of the last look.

    Attributes:
        inventory: None until the first look is over.
        ways: how models answer on the CPU, in a sentence, by id; only where something is known.

    Signals:
        changed(): `inventory` is new.
        failed(str): a look failed, with the reason in words; what was known stays.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, engine: Engine, io: JobLane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine, self._io = engine, io
        self.inventory: Inventory | None = None
        self.ways: Mapping[str, str] = {}
        self._looking: Job | None = None
        self._again = False

    @property
    def entries(self) -> tuple[ModelEntry, ...]:
        """All models; none before the first look."""
        return self.inventory.entries if self.inventory is not None else ()

    @property
    def offline(self) -> bool:
        """Whether the settings forbid the network."""
        return self.inventory is not None and self.inventory.settings.offline

    @property
    def settled(self) -> bool:
        """Whether the last look began after everything that was asked for."""
        return not self._again

    def entry(self, model_id: str) -> ModelEntry | None:
        return self.inventory.entry(model_id) if self.inventory is not None else None

    def default(self, last_used: str = "") -> ModelEntry | None:
        """What to start with, given the id used last; None: no model is here."""
        return default_of(self.entries, last_used)

    @Slot()
    def refresh(self) -> None:
        """Look again; asking often costs one look more."""
        if self._looking is not None and self._looking.active:
            self._again = True
            return
        job = self._begin(partial(_look, self._engine.entries))
        job.failed.connect(self._on_failed)

    @Slot()
    def look_for_changes(self) -> None:
        """Look whether another program added, changed or removed a model. Quiet: `changed` comes
        only if one did, so that nothing is listed anew for nothing, and nobody asked for it, so
        nobody is told where it fails."""
        if self.inventory is None or (self._looking is not None and self._looking.active):
            return  # the look that goes on, or comes first, sees it
        known = (self.inventory, self.ways)
        self._begin(partial(_look_for_changes, self._engine.entries, known))

    def _begin(self, look: Callable[[], Iterator[_Seen]]) -> Job:
        self._looking = job = self._io.submit(look, Priority.INTERACTIVE)
        job.progressed.connect(self._on_inventory)
        job.ended.connect(self._on_ended)
        return job

    @Slot(object)
    def _on_inventory(self, events: list[_Seen]) -> None:
        self.inventory, self.ways = events[-1]
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(sentence(error))

    @Slot()
    def _on_ended(self) -> None:
        if self._again:
            self._again = False
            self.refresh()


def _look(entries: Callable[[], list[ModelEntry]]) -> Iterator[_Seen]:
    """A job: the inventory and the ways in which models answer."""
    from resnet_gui.core.inference.converted import describe  # not at the window's start
    from resnet_gui.core.inference.eight_bits import describe_eight_bits
    from resnet_gui.core.inference.on_device import describe_devices
    from resnet_gui.core.zoo.storage.inventory import take_inventory

    for inventory in take_inventory(entries):
        ready = [entry for entry in inventory.entries if entry.state.ready]
        said = (describe, describe_eight_bits, describe_devices)
        ways = {e.spec.id: " ".join(filter(None, (say(e) for say in said))) for e in ready}
        yield inventory, {model_id: way for model_id, way in ways.items() if way}


def _look_for_changes(entries: Callable[[], list[ModelEntry]], known: _Seen) -> Iterator[_Seen]:
    """A job: what `_look` sees, but nothing where that is what is known."""
    for inventory, ways in _look(entries):
        if not inventory.same_models(known[0]) or ways != known[1]:
            yield inventory, ways
