"""The notice by which the Train page offers to go on with a run that was interrupted."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.runs.events import RunStarted
from resnet_gui.core.runs.listing import RunInfo, RunState
from resnet_gui.ui.train.controller import TrainController
from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine
from resnet_gui.ui.widgets.plain_text import one_line


class RunOffer(QObject):
    """Once per start: offers what was interrupted, or stopped as the program was closed.

    The offer goes as soon as it is taken up, by whichever button, or its run is gone.

    Signals:
        offered(object): the sentence about the run.
    """

    offered = Signal(object)

    def __init__(self, controller: TrainController, notices: NoticeBar, parent: QObject) -> None:
        super().__init__(parent)
        self._controller, self._notices = controller, notices
        self._looked = False
        self._run: RunInfo | None = None
        self._notice: NoticeLine | None = None
        controller.earlier.changed.connect(self._on_runs_changed)
        controller.run_started.connect(self._on_run_started)

    @Slot()
    def _on_runs_changed(self) -> None:
        runs = self._controller.earlier.runs
        if not self._looked:
            self._looked = True
            for run in runs:
                if run.closed or run.state is RunState.INTERRUPTED:
                    self._offer(run)
                    return
        elif self._run is not None and all(run.path != self._run.path for run in runs):
            self._withdraw()

    def _offer(self, run: RunInfo) -> None:
        what = f"The training “{one_line(run.title)}” was interrupted"
        if run.closed:
            what = f"When the program was closed, the training “{one_line(run.title)}” stopped"
        text = f"{what} after epoch {run.epochs_done} of {run.epochs}. It can go on exactly there."
        self._run = run
        self._notice = self._notices.add(text, "notice", "Go on")
        self._notice.acted.connect(self._on_accepted)
        self.offered.emit(text)

    def _withdraw(self) -> None:
        if self._notice is not None:
            self._notices.remove(self._notice)
        self._run = self._notice = None

    @Slot()
    def _on_accepted(self) -> None:
        run = self._run
        self._withdraw()
        if run is not None:
            self._controller.resume(run)

    @Slot(object)
    def _on_run_started(self, started: RunStarted) -> None:
        if self._run is not None and started.run_dir == self._run.path:
            self._withdraw()
