"""Looking through what is to be trained on, in the io lane."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.dataset.cifar10.archive import is_archive_name
from resnet_gui.core.dataset.cifar10.folder import UnpackProgress, prepare_cifar10
from resnet_gui.core.dataset.scan import scan_dataset
from resnet_gui.core.dataset.summary import DatasetScanned, ScanProgress
from resnet_gui.core.errors import DatasetError
from resnet_gui.core.events import DownloadProgress, Notice
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.widgets.words import kind_of, sentence


def look_and_scan(paths: Sequence[Path]) -> Iterator[Any]:
    """What was dropped: a folder of classes, or an archive of CIFAR-10.

    Raises:
        DatasetError: neither.
    """
    archives = [path for path in paths if is_archive_name(path.name) and path.is_file()]
    if archives:
        yield from unpack_and_scan(archives[0], False)
        return
    folders = [path for path in paths if path.is_dir()]
    advice = "One folder at a time: drop the folder that holds the classes."
    if not folders:
        raise DatasetError(paths[0], f"{paths[0].name} is no folder.", advice)
    if len(folders) > 1:
        yield Notice(advice)
    yield from scan_dataset(folders[0])


def unpack_and_scan(archive: Path | None, download: bool) -> Iterator[Any]:
    """CIFAR-10, unpacked if it is not there yet, and then looked through."""
    folder = yield from prepare_cifar10(archive, download=download)
    yield from scan_dataset(folder)


class FolderScan(QObject):
    """At most one look at a folder at a time; the newest request wins.

    Signals:
        progressed(ScanProgress, UnpackProgress or DownloadProgress).
        scanned(DatasetSummary, RunConfig or None): the look is over; with the settings that
            are wanted for the folder. ended(): it is over without one.
        noticed(str text, str kind).
    """

    progressed = Signal(object)
    scanned = Signal(object, object)
    ended = Signal()
    noticed = Signal(object, str)

    def __init__(self, io: JobLane, parent: QObject) -> None:
        super().__init__(parent)
        self._io = io
        self._job: Job | None = None
        self._wanted: RunConfig | None = None

    def open_folder(self, folder: Path, wanted: RunConfig | None) -> None:
        """Scan a folder of class sub-folders. wanted: settings for it."""
        self._start(partial(scan_dataset, folder), Priority.INTERACTIVE)
        self._wanted = wanted

    def open_dropped(self, paths: Sequence[Path]) -> None:
        """As `open_folder` or `open_cifar10`, whichever the disk says was dropped."""
        archive = any(is_archive_name(path.name) for path in paths)
        priority = Priority.BACKGROUND if archive else Priority.INTERACTIVE
        self._start(partial(look_and_scan, paths), priority)

    def open_cifar10(self, archive: Path | None, download: bool) -> None:
        """Unpack CIFAR-10 if it is not there yet, then scan it."""
        # In the background: photos and thumbnails must not wait for the network.
        self._start(partial(unpack_and_scan, archive, download), Priority.BACKGROUND)

    def _start(self, start: Callable[[], Iterator[Any]], priority: Priority) -> None:
        self.let_go()
        self._wanted = None
        self._job = job = self._io.submit(start, priority)
        job.progressed.connect(self._on_progressed)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(self._on_cancelled)

    def let_go(self) -> None:
        """Nobody wants to know any more: nothing is said of it."""
        if self._job is not None:
            self._job.let_go()
        self._job = None

    def cancel(self) -> None:
        """End it; `ended` follows."""
        if self._job is not None:
            self._job.cancel()

    @Slot(object)
    def _on_progressed(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, ScanProgress | UnpackProgress | DownloadProgress):
                self.progressed.emit(event)
            elif isinstance(event, Notice):
                self.noticed.emit(event.message, "notice")
            elif isinstance(event, DatasetScanned):
                self.scanned.emit(event.summary, self._wanted)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), kind_of(error, "miss"))
        self._on_cancelled()

    @Slot()
    def _on_cancelled(self) -> None:
        self._job = None
        self.ended.emit()
