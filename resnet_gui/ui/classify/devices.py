"""Which devices there are. Those that torch knows come first; OpenVINO's are listed beside it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.events import DeviceInfo
from resnet_gui.jobs.lane import Priority
from resnet_gui.ui.means import Means


class Devices(QObject):
    """Looks for them in the lanes.

    Attributes:
        all: the one that “automatic” means first; empty as long as that is not known.
        listed: nothing more will come.

    Signals:
        found(): there are others than before, or all are known.
        failed(object): the exception.
    """

    found = Signal()
    failed = Signal(object)

    def __init__(self, means: Means, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._means = means
        self.all: tuple[DeviceInfo, ...] = ()
        self.listed = False
        self._torch: tuple[DeviceInfo, ...] = ()
        self._further: tuple[DeviceInfo, ...] = ()

    def look(self) -> None:
        """Ask for them; nobody waits for the answer."""
        engine = self._means.engine
        job = self._means.inference.submit(engine.devices, Priority.BACKGROUND)
        job.progressed.connect(self._on_devices)
        job.failed.connect(self.failed)
        further = self._means.io.submit(engine.further_devices, Priority.LEISURE)
        further.progressed.connect(self._on_further)
        further.failed.connect(self.failed)
        further.finished.connect(self._on_listed)

    @Slot(object)
    def _on_devices(self, events: list[tuple[DeviceInfo, ...]]) -> None:
        self._torch = events[-1]
        self._tell()

    @Slot(object)
    def _on_further(self, events: list[tuple[DeviceInfo, ...]]) -> None:
        self._further = events[-1]
        self._tell()

    @Slot(object)
    def _on_listed(self, _: object) -> None:
        self.listed = True
        self.found.emit()

    def _tell(self) -> None:
        found = self._torch + self._further if self._torch else ()
        if found != self.all:
            self.all = found
            self.found.emit()
