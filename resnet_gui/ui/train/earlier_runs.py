"""The runs on this computer, read and changed in the io lane."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.info import recipe_of
from resnet_gui.core.runs.listing import (
    RunInfo,
    RunState,
    list_runs,
    rename_run,
)
from resnet_gui.core.runs.results import RunResults, read_results
from resnet_gui.core.runs.trash import trash_run
from resnet_gui.core.zoo import ModelEntry
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.train.state import RunEnd
from resnet_gui.ui.widgets.words import sentence

_Known = tuple[tuple[ModelEntry, ...], dict[str, list[ModelEntry]], dict[str, ModelEntry]]


class EarlierRuns(QObject):
    """Attributes:
        runs: as of the last look, newest first.

    Signals:
        changed(): `runs` is new.
        opened(RunResults), looked_into(RunResults): see the methods.
        noticed(str text, str kind).
    """

    changed = Signal()
    opened = Signal(object)
    looked_into = Signal(object)
    noticed = Signal(object, str)

    def __init__(self, store: ModelStore, io: JobLane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store, self._io = store, io
        self.runs: tuple[RunInfo, ...] = ()
        self._opening: Job | None = None
        # The store's models of the last time, and those that are the person's own.
        self._known: _Known = ((), {}, {})

    @Slot()
    def refresh(self) -> None:
        """Read the list of runs."""
        self._io.submit(_read_runs).progressed.connect(self._on_runs)

    @Slot()
    def look(self) -> None:
        """As `refresh`, but where nothing has changed nothing is said: the list on the screen is
        made anew each time, and would lose the focus."""
        self._io.submit(_read_runs).progressed.connect(self._on_looked)

    def open(self, path: Path) -> None:
        """Read what came out of a run; `opened` says it."""
        job = self._read(path, resting=True)
        job.finished.connect(self.opened)
        job.failed.connect(self._on_failed)

    def look_into(self, path: Path) -> None:
        """As `open` for a run that goes on meanwhile, which says itself what is wrong with it;
        `looked_into` says what it had come to."""
        self._read(path, resting=False).finished.connect(self.looked_into)

    def _read(self, path: Path, *, resting: bool) -> Job:
        if self._opening is not None:
            self._opening.let_go()
        read = partial(_read_results, path, resting, self._start_of(path))
        self._opening = self._io.submit(read, Priority.INTERACTIVE)
        return self._opening

    def _start_of(self, path: Path) -> Path | None:
        """The run that made the model which a run started from, where both are here."""
        by_path = {run.path: run for run in self.runs}
        run = by_path.get(str(path))
        entry = self._store.entry(run.model) if run is not None else None
        if entry is None or not entry.spec.run_id:
            return None
        return next((Path(r.path) for r in self.runs if r.id == entry.spec.run_id), None)

    def same(self, config: RunConfig, fingerprint: str) -> RunInfo | None:
        """The newest finished run that had these settings on the same photos."""
        recipe = recipe_of(config, fingerprint)
        return next(
            (r for r in self.runs if r.state is RunState.FINISHED and r.recipe == recipe), None
        )

    def model_of(self, run: RunInfo) -> ModelEntry | None:
        """The model that a run made, whatever it is called now; None: it is not here."""
        made_by, at = self._own_models()
        found = made_by.get(run.id, []) if run.id else []
        # Of copies, the one in its place. Version 0 noted no run: there the place alone says it.
        if not found:
            return at.get(run.model_path)
        return next((e for e in found if str(e.spec.path) == run.model_path), found[0])

    def _own_models(self) -> tuple[dict[str, list[ModelEntry]], dict[str, ModelEntry]]:
        """Models with a file of their own, by the run that made them, and by their place."""
        entries = self._store.entries
        if entries is not self._known[0]:
            made_by: dict[str, list[ModelEntry]] = {}
            at: dict[str, ModelEntry] = {}
            for entry in entries:
                if entry.spec.path is not None:
                    made_by.setdefault(entry.spec.run_id, []).append(entry)
                    at.setdefault(str(entry.spec.path), entry)
            self._known = entries, made_by, at
        return self._known[1:]

    def with_model(self, run: RunInfo, end: RunEnd) -> RunEnd:
        """How a run ended, with the id that its model has now and where it is; "" if it is not."""
        model = self.model_of(run)
        found = (model.spec.id, str(model.spec.path)) if model is not None else ("", "")
        return dataclasses.replace(end, model_id=found[0], model_path=found[1])

    def model_gone(self, run: RunInfo) -> bool:
        """Whether a finished run's model is not here any more. False while nobody has looked."""
        looked = bool(self._store.entries)
        return looked and run.state is RunState.FINISHED and self.model_of(run) is None

    def model_title(self, model_id: str) -> str:
        """What a model is called now; its id where it is not here."""
        entry = self._store.entry(model_id)
        return entry.spec.title if entry is not None else model_id

    def rename(self, run: RunInfo, title: str) -> None:
        self._change(partial(rename_run, Path(run.path), title))

    def delete(self, run: RunInfo) -> None:
        """Move a run to the trash of runs; its model stays."""
        self._change(partial(trash_run, Path(run.path)))

    def _change(self, change: Callable[[], object]) -> None:
        def changed() -> Iterator[None]:
            change()
            yield None

        job = self._io.submit(changed, Priority.INTERACTIVE)
        job.failed.connect(self._on_failed)
        job.ended.connect(self.refresh)

    @Slot(object)
    def _on_runs(self, events: list[tuple[RunInfo, ...]]) -> None:
        self.runs = events[-1]
        self.changed.emit()

    @Slot(object)
    def _on_looked(self, events: list[tuple[RunInfo, ...]]) -> None:
        if events[-1] != self.runs:
            self._on_runs(events)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")


def _read_runs() -> Iterator[tuple[RunInfo, ...]]:
    yield tuple(list_runs())


def _read_results(
    path: Path, resting: bool, start: Path | None
) -> Generator[None, None, RunResults]:
    yield None
    return read_results(path, resting=resting, start=start)
