"""What of the Train page is not seen first: the settings of a run, and the run."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QStackedWidget

from resnet_gui.ui.page import Lanes
from resnet_gui.ui.train.controller import TrainController
from resnet_gui.ui.train.run_view import TrainRunView
from resnet_gui.ui.train.setup import TrainSetup

_AHEAD_MS = 250  # after the page was built, and between looks at the lanes
_BETWEEN_MS = 8  # room for what else the window has to do


class LaterParts(QObject):
    """Makes them in turns of some milliseconds while the person looks at something else. A run
    begins with a click, and beside the engine's imports all would take twice as long.

    Attributes:
        setup, run: None until they are there.

    Signals:
        setup_made(TrainSetup), run_made(TrainRunView): it has its place in the stack.
    """

    setup_made = Signal(object)
    run_made = Signal(object)

    def __init__(self, controller: TrainController, lanes: Lanes, stack: QStackedWidget) -> None:
        super().__init__(stack)
        self._controller, self._lanes, self._stack = controller, lanes, stack
        self.setup: TrainSetup | None = None
        self.run: TrainRunView | None = None
        self._turns = self._make()
        self._hurried = False
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._on_next)
        self._next.start(_AHEAD_MS)

    def hurry(self) -> None:
        """They will be seen soon: make them in the next turns, whatever the lanes do."""
        if not self._hurried and self.run is None:
            self._hurried = True
            self._next.start(0)

    def needed_setup(self) -> TrainSetup:
        """The settings, to be seen now."""
        while self.setup is None:
            self._turn()
        return self.setup

    def needed_run(self) -> TrainRunView:
        """The run, to be seen now."""
        while self.run is None:
            self._turn()
        return self.run

    def _turn(self) -> None:
        """Raises: what the step raises, and RuntimeError ever after: whoever needs a part must not
        wait for what never comes."""
        try:
            next(self._turns)
        except Exception as error:
            self._next.stop()
            if isinstance(error, StopIteration):
                raise RuntimeError("The Train page's parts could not be made.") from None
            raise

    def _make(self) -> Iterator[None]:
        """Each step is a turn. With their parent from the beginning: style comes as they grow."""
        io, stack = self._lanes.io, self._stack
        setup = TrainSetup(self._controller, io, stack)
        setup.hide()  # or it would be shown, half made, along with a page that was hidden
        yield
        yield from setup.add_settings()
        setup.refresh_theme()
        setup.show_dataset()
        stack.addWidget(setup)
        self.setup = setup
        self.setup_made.emit(setup)
        yield
        self.run = run = TrainRunView(self._controller, io, stack)
        stack.addWidget(run)
        run.show_state()
        self.run_made.emit(run)
        self._lanes.training.prepare()
        yield

    @Slot()
    def _on_next(self) -> None:
        lanes = self._lanes
        busy = any(lane.busy for lane in (lanes.training, lanes.io, lanes.inference))
        if busy and not self._hurried:
            self._next.start(_AHEAD_MS)
        elif self.run is None:
            self._turn()
            self._next.start(_BETWEEN_MS)
