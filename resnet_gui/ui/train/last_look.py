"""The look at the folder between Start and the training, in the io lane."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.dataset.look_again import LookedAgain, look_again
from resnet_gui.core.dataset.summary import DatasetSummary, ScanProgress
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.widgets.plain_text import one_line
from resnet_gui.ui.widgets.words import kind_of, sentence


class LastLook(QObject):
    """One at a time. What is trained is the folder as it is, not as it was when it was opened:
    people go on sorting their photos meanwhile.

    Signals:
        progressed(ScanProgress): it has changed and is looked through.
        looked(LookedAgain or None, RunConfig): it is over, and what was to be trained at its
            beginning; None: it could not be made, `noticed` says why.
        noticed(str text, str kind).
    """

    progressed = Signal(object)
    looked = Signal(object, object)
    noticed = Signal(object, str)

    def __init__(self, io: JobLane, parent: QObject) -> None:
        super().__init__(parent)
        self._io = io
        self._job: Job | None = None
        self._config: RunConfig | None = None

    def begin(self, summary: DatasetSummary, config: RunConfig) -> None:
        """Look whether a folder is still what it was. config: given back with the answer."""
        self.let_go()
        self._config = config
        self._job = job = self._io.submit(partial(look_again, summary), Priority.INTERACTIVE)
        job.progressed.connect(self._on_progressed)
        job.failed.connect(self._on_failed)

    def let_go(self) -> None:
        """Nobody wants to know any more: nothing is said of it."""
        if self._job is not None:
            self._job.let_go()
        self._job = None

    @Slot(object)
    def _on_progressed(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, LookedAgain):
                self._job = None
                self.looked.emit(event, self._config)
            elif isinstance(event, ScanProgress) and event.total:
                self.progressed.emit(event)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._job = None
        self.noticed.emit(sentence(error), kind_of(error, "miss"))
        self.looked.emit(None, self._config)


def changed_text(now: LookedAgain, *, trains: bool) -> str:
    """What is said of a folder that has changed since it was opened."""
    name = one_line(now.summary.name, 60)
    end = "The training takes the folder as it is now." if trains else "So it cannot be trained on."
    return f"“{name}” has changed since it was opened: {now.changes}. {end}"
