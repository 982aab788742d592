"""The Lab's state machine: histories, networks measured with random weights, the chosen diagram.
No widgets."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.lab.diagram_types import NetworkDiagram
from resnet_gui.core.lab.histories import HistoryFailed, HistoryFound, StartMeasured, run_key
from resnet_gui.core.lab.names import display_names, first_shown, start_key
from resnet_gui.core.nets.registry import offered_ids
from resnet_gui.core.runs.events import EpochDone, LayersMeasured
from resnet_gui.core.runs.history import TrainingHistory
from resnet_gui.core.zoo.untrained import untrained_spec
from resnet_gui.jobs.lane import Job, Priority
from resnet_gui.ui.means import Means
from resnet_gui.ui.widgets.file_saver import FileSaver, Saving
from resnet_gui.ui.widgets.words import sentence

# Deeper ones take minutes and gigabytes to measure.
_DEEPEST_MEASURED = 200
_IMAGENET = ("resnet18", "resnet34", "resnet50")
FIRST_PAIR = ("cifar-plain56", "cifar-resnet56")


class LabController(QObject):
    """What the Lab shows.

    Attributes:
        histories: bundled, then the user's runs. failures: what could not be read.
        fresh: networks measured with random weights, as histories without epochs.
        looked: the histories were read at least once.
        shown: keys of what is drawn. names: key -> name, all of them different.
        measuring: ids that are being measured or wait for it, and their jobs.
        batch: what was measured on, in words.
        diagram: of `diagram_id`; None while it is being made.

    Signals:
        histories_changed(), shown_changed(), measuring_changed(), diagram_changed().
        noticed(str text, str kind).
    """

    histories_changed = Signal()
    shown_changed = Signal()
    measuring_changed = Signal()
    diagram_changed = Signal()
    noticed = Signal(object, str)

    def __init__(self, means: Means, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine, self._store = means.engine, means.store
        self._inference, self._io = means.inference, means.io
        self._saver = FileSaver(self._io, self)
        self._saver.saved.connect(self._on_saved)
        self._saver.failed.connect(self._on_save_failed)
        self.histories: tuple[HistoryFound, ...] = ()
        self.failures: tuple[HistoryFailed, ...] = ()
        self.fresh: dict[str, HistoryFound] = {}
        self.looked = False
        self.shown: set[str] = set()
        self.names: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self.measuring: dict[str, Job] = {}
        self.batch = ""
        self.diagram: NetworkDiagram | None = None
        self.diagram_id = ""
        self.diagram_error = ""
        self._known: set[str] = set()
        self._read: list[HistoryFound] = []
        self._failed: list[HistoryFailed] = []
        self._reading: Job | None = None
        self._drawing: Job | None = None
        self._again = False

    # --- histories --------------------------------------------------------------------------

    @Slot()
    def refresh(self) -> None:
        """Read the histories again, in the io lane."""
        if self._reading is not None:
            self._again = True
            return
        self._read, self._failed = [], []
        self._reading = job = self._io.submit(self._engine.histories, Priority.INTERACTIVE)
        job.progressed.connect(self._on_histories)
        job.failed.connect(self._on_failed)
        job.ended.connect(self._on_read)

    @Slot(object)
    def _on_histories(self, events: list[HistoryFound | HistoryFailed]) -> None:
        for event in events:
            if isinstance(event, HistoryFound):
                self._read.append(event)
            else:
                self._failed.append(event)

    @Slot()
    def _on_read(self) -> None:
        self._reading = None
        self._take_histories()
        if self._again:
            self._again = False
            self.refresh()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")

    def add_events(self, events: Sequence[EpochDone | LayersMeasured]) -> None:
        """Let the histories of runs that go on grow by what they tell. Only what this cannot know
        is read: a run that is new here, or went on elsewhere."""
        unknown = set()
        for event in events:
            held = next((h for h in self.histories if h.key == run_key(event.run)), None)
            grown = None if held is None else _grown(held.history, event)
            if held is None or grown is None:
                unknown.add(event.run)
            elif grown is not held.history:
                # A run that was over when it was read goes on again.
                planned = event.epochs if isinstance(event, EpochDone) else held.planned
                self._put(dataclasses.replace(held, history=grown, planned=planned))
        for run in unknown:
            job = self._io.submit(partial(self._engine.history, run), Priority.INTERACTIVE)
            job.progressed.connect(self._on_run_read)
            job.failed.connect(self._on_failed)
        if self.histories:
            self.histories_changed.emit()

    @Slot(object)
    def _on_run_read(self, events: list[HistoryFound | HistoryFailed]) -> None:
        for event in events:
            if isinstance(event, HistoryFound):
                self._put(event)
        self.histories_changed.emit()

    def _put(self, item: HistoryFound) -> None:
        """Replace a history or add it, in the order in which `histories` are read."""
        held = {old.key: old for old in self.histories} | {item.key: item}
        newest = sorted(held.values(), key=lambda history: history.created, reverse=True)
        self.histories = tuple(sorted(newest, key=lambda history: history.own))
        self._known.add(item.key)
        self._name()

    def items(self) -> list[HistoryFound]:
        """All that can be drawn: bundled, the user's runs, measured at the start."""
        return [*self.histories, *self.fresh.values()]

    def shown_items(self) -> list[HistoryFound]:
        return [item for item in self.items() if item.key in self.shown]

    def show(self, key: str, shown: bool) -> None:
        """Draw a network, or do not."""
        if shown != (key in self.shown):
            self.shown ^= {key}
            self._number_runs()
            self.shown_changed.emit()

    def number(self, key: str) -> int | None:
        """Of a run of the user's that is drawn: no other one on the screen has it, and it keeps it
        while it is drawn. None: of all else."""
        return self._numbers.get(key) if key in self.shown else None

    def _number_runs(self) -> None:
        shown = [item.key for item in self.items() if item.own and item.key in self.shown]
        for key in shown:
            taken = {self._numbers.get(other) for other in shown if other != key}
            if self._numbers.get(key) in {None, *taken}:
                self._numbers[key] = next(n for n in itertools.count() if n not in taken)

    def _name(self) -> None:
        """What is there has changed: name and number it."""
        self.names = display_names(self.items())
        self._number_runs()

    def _take_histories(self) -> None:
        found, failed = tuple(self._read), tuple(self._failed)
        first = not self.looked
        changed = first or (found, failed) != (self.histories, self.failures)
        self.looked, self.histories, self.failures = True, found, failed
        # The paper's four are the beginning; runs join by hand.
        self.shown |= first_shown(found) - self._known
        self._known |= {item.key for item in found}
        if first and not self.shown and self.histories:
            self.shown.add(self.histories[0].key)  # nothing is bundled: the newest run
        self._name()
        if changed:
            self.histories_changed.emit()

    @Slot(object)
    def save(self, saving: Saving) -> None:
        """Write a picture or a chart's values, in the io lane."""
        self._saver.save(saving)

    @Slot(object)
    def _on_saved(self, path: Path) -> None:
        self.noticed.emit(f"Saved as {path}", "notice")

    @Slot(object)
    def _on_save_failed(self, error: Exception) -> None:
        self.noticed.emit(f"It could not be saved: {error}", "warning")

    # --- networks with random weights -------------------------------------------------------

    def measurable(self) -> list[tuple[str, str]]:
        """(id, title) of networks that can be measured on the spot."""
        found = []
        for model_id in offered_ids():
            spec = untrained_spec(model_id)
            depth = spec.architecture_options.get("depth", 0) if spec else _DEEPEST_MEASURED
            if spec is not None and depth < _DEEPEST_MEASURED:
                found.append((model_id, spec.title))
        entries = {entry.spec.id: entry.spec.title for entry in self._store.entries}
        return found + [(name, entries[name]) for name in _IMAGENET if name in entries]

    def measure(self, model_id: str) -> None:
        """Measure a network with random weights, in the inference lane."""
        key = start_key(model_id)
        if key in self.fresh:
            self.show(key, True)
        elif model_id not in self.measuring:
            job = self._inference.submit(partial(self._engine.measure_start, model_id))
            if job.active:
                self.measuring[model_id] = job
                job.progressed.connect(self._on_measured)
                job.failed.connect(self._on_failed)
                job.ended.connect(self._on_measuring_ended)
                self.measuring_changed.emit()

    def stop_measuring(self) -> None:
        for job in self.measuring.values():
            job.cancel()

    @Slot(object)
    def _on_measured(self, events: list[StartMeasured]) -> None:
        for event in events:
            key = start_key(event.history.id)
            self.fresh[key] = HistoryFound(key, event.history, False, "")
            self.batch = event.batch
            self.shown.add(key)
            self._name()
            self.histories_changed.emit()

    @Slot()
    def _on_measuring_ended(self) -> None:
        self.measuring = {name: job for name, job in self.measuring.items() if job.active}
        self.measuring_changed.emit()

    # --- diagram ----------------------------------------------------------------------------

    def drawable(self) -> list[tuple[str, str]]:
        """(id, title) of networks that can be drawn: architectures, the zoo's, the user's."""
        found = {}
        for model_id in offered_ids():
            spec = untrained_spec(model_id)
            if spec is not None:
                found[model_id] = spec.title
        for entry in self._store.entries:
            if entry.spec.id not in found and "." not in entry.spec.id:
                found[entry.spec.id] = entry.spec.title
        return list(found.items())

    def draw(self, model_id: str) -> None:
        """Make the diagram of a network, in the inference lane."""
        if model_id == self.diagram_id and not self.diagram_error:
            return
        if self._drawing is not None:
            self._drawing.let_go()
        self.diagram_id, self.diagram, self.diagram_error = model_id, None, ""
        self._drawing = job = self._inference.submit(
            partial(self._engine.diagram, model_id), Priority.INTERACTIVE
        )
        job.progressed.connect(self._on_drawn)
        job.failed.connect(self._on_drawing_failed)
        self.diagram_changed.emit()

    @Slot(object)
    def _on_drawn(self, events: list[NetworkDiagram]) -> None:
        self.diagram = events[-1]
        self.diagram_changed.emit()

    @Slot(object)
    def _on_drawing_failed(self, error: Exception) -> None:
        self.diagram_error = sentence(error)
        self.diagram_changed.emit()


def _grown(history: TrainingHistory, event: EpochDone | LayersMeasured) -> TrainingHistory | None:
    """A history with what its run tells next; the same one if that is in it already. None: some
    before it are missing, or a resume cut some off."""
    if isinstance(event, LayersMeasured):
        layers = event.layers
        known = history.layers
        if layers.epoch == (known[-1].epoch + 1 if known else 0):
            return dataclasses.replace(history, layers=(*known, layers))
        return history if any(repr(item) == repr(layers) for item in known) else None
    if event.epoch == (history.epochs[-1].epoch + 1 if history.epochs else 1):
        return dataclasses.replace(history, epochs=(*history.epochs, event))
    return history if event in history.epochs else None
