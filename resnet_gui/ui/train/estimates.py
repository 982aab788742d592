"""How long a run would take, measured a moment after its settings stay the same."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from resnet_gui.core.dataset.summary import DatasetSummary
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import Estimated
from resnet_gui.jobs.lane import Job, JobLane
from resnet_gui.ui.engine import Engine
from resnet_gui.ui.widgets.words import sentence

_DELAY_MS = 400


class Estimates(QObject):
    """The newest request wins.

    Signals:
        measured(Estimated). failed(object text): why nothing could be measured, in words: as a
        rule what Start would end in, too.
    """

    measured = Signal(object)
    failed = Signal(object)

    def __init__(self, engine: Engine, training: JobLane, parent: QObject) -> None:
        super().__init__(parent)
        self._engine, self._training = engine, training
        self._wanted: tuple[RunConfig, DatasetSummary] | None = None
        self._job: Job | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_DELAY_MS)
        self._soon.timeout.connect(self._measure)

    def ask(self, config: RunConfig, summary: DatasetSummary) -> None:
        """Measure soon, unless something else is asked for before."""
        self._wanted = (config, summary)
        self._soon.start()

    def stop(self) -> None:
        """Nobody wants to know any more."""
        self._soon.stop()
        if self._job is not None:
            self._job.let_go()

    @Slot()
    def _measure(self) -> None:
        self.stop()
        if self._wanted is None:
            return
        self._job = job = self._training.submit(partial(self._engine.estimate, *self._wanted))
        job.progressed.connect(self._on_progressed)
        job.failed.connect(self._on_failed)

    @Slot(object)
    def _on_progressed(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, Estimated):
                self.measured.emit(event)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(sentence(error))
