"""What the program remembers, in the window: changed by pages, saved soon, in the io lane."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from resnet_gui.core.errors import ResNetGuiError, SettingsError
from resnet_gui.core.system.settings import Settings, save_settings
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.widgets.words import sentence

_log = logging.getLogger(__name__)
_SAVE_DELAY_MS = 800


class Memory(QObject):
    """The settings as they are now, and their way to the disk.

    Attributes:
        settings: what will be remembered.

    Signals:
        changed(): `settings` is another value.
        due(): something changed a moment ago; who knows the window's shape adds it and saves.
        failed(object): why saving did not work, in words.
        secured(): after `close`: what is to be saved is on the disk, or cannot be.
    """

    changed = Signal()
    due = Signal()
    failed = Signal(object)
    secured = Signal()

    def __init__(self, settings: Settings, io: JobLane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self._io = io
        # What is on the disk, as far as this window knows, and what is on its way there. What other
        # windows change meanwhile is not undone.
        self._stored, self._begun = settings, settings
        self._lock = threading.Lock()
        self._last: list[Callable[[], object]] = []
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SAVE_DELAY_MS)
        self._soon.timeout.connect(self.due)

    def change(self, **changes: object) -> None:
        """Remember other values of these fields of `Settings`."""
        before = self.settings
        self.settings = dataclasses.replace(before, **changes)  # type: ignore[arg-type]
        self.save_soon()
        if self.settings != before:
            self.changed.emit()

    def opened(self, path: str) -> None:
        """A file or folder was opened."""
        self.change(recent=self.settings.with_recent(path).recent)

    @Slot()
    def save_soon(self, *_: object) -> None:
        self._soon.start()

    def save(self) -> Job:
        """Save now, in the io lane."""
        self._soon.stop()
        job = self._io.submit(partial(self._saved, self.settings), Priority.INTERACTIVE)
        job.failed.connect(self._on_failed)
        return job

    def close(self) -> None:
        """Save for the last time, before anything else that waits in the lane; `secured` follows.
        Does not wait."""
        self._io.cancel_all()
        self._soon.stop()
        job = self._io.submit(partial(self._saved_last, self.settings), Priority.INTERACTIVE)
        job.failed.connect(self._on_failed)
        job.ended.connect(self.secured)

    def at_close(self, write: Callable[[], object]) -> None:
        """Let this be called in the io lane with the last save: what a page has not written yet."""
        self._last.append(write)

    def save_here(self) -> None:
        """The lane is stuck: save in this thread, unless the lane has begun to. (Then the disk is
        what is stuck.)"""
        try:
            self._write(self.settings)
        except SettingsError as error:
            _log.warning("%s", error)
        self._write_last()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(sentence(error))

    def _saved(self, settings: Settings) -> Iterator[None]:
        self._write(settings)
        yield None

    def _saved_last(self, settings: Settings) -> Iterator[None]:
        self._write_last()
        self._write(settings)
        yield None

    def _write_last(self) -> None:
        for write in self._last:
            try:
                write()
            except ResNetGuiError as error:
                _log.warning("%s", error)

    def _write(self, settings: Settings) -> None:
        with self._lock:
            if settings is self._begun:
                return
            self._begun = settings
        save_settings(settings, self._stored)
        self._stored = settings
