"""The runs on this computer, read and changed in the io lane."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.runs.listing import RunInfo, delete_run, list_runs, rename_run
from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.widgets.words import sentence


class EarlierRuns(QObject):
    """Attributes:
        runs: as of the last look, newest first.

    Signals:
        changed(): `runs` is new.
        noticed(str text, str kind).
    """

    changed = Signal()
    noticed = Signal(object, str)

    def __init__(self, io: JobLane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._io = io
        self.runs: tuple[RunInfo, ...] = ()

    @Slot()
    def refresh(self) -> None:
        """Read the list of runs."""
        self._io.submit(_read_runs).progressed.connect(self._on_runs)

    def rename(self, run: RunInfo, title: str) -> None:
        self._change(partial(rename_run, Path(run.path), title))

    def delete(self, run: RunInfo) -> None:
        """Move a run to the trash; its model stays."""
        self._change(partial(delete_run, Path(run.path)))

    def _change(self, change: Callable[[], None]) -> None:
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
    def _on_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")


def _read_runs() -> Iterator[tuple[RunInfo, ...]]:
    yield tuple(list_runs())
