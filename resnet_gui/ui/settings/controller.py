"""The settings dialog's state machine, without widgets: check while typing, then store."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.errors import SettingsError
from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.http.settings import (
    DIRECT,
    MIRROR_VARIABLE,
    HttpSettings,
    check_weights_address,
    load_http_settings,
)
from resnet_gui.core.zoo.apply_settings import FieldProblem, apply_network_settings
from resnet_gui.jobs.lane import Job, JobLane
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.widgets.words import sentence


class SettingsController(QObject):
    """Holds a draft of the network settings until it is saved.

    Attributes:
        settings: what is in force. draft: what the form says.
        problems: why a field of the draft cannot be used, in words.
        failure: why the last saving did not work; empty if it did.
        progress: of moving the weights, None if nothing is moved.
        saving: whether a save is going on.
        environment_mirror: address that the environment sets and that comes first; "" if none.
        environment_problem: why that address cannot be used.

    Signals:
        changed(): one of the attributes changed.
        saved(): the new settings are in force.
    """

    changed = Signal()
    saved = Signal()

    def __init__(self, io: JobLane, downloads: Downloads, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._io, self._downloads = io, downloads
        self._job: Job | None = None
        self.reset()

    @Slot()
    def reset(self) -> None:
        """Forget the draft and look again at what is stored."""
        self.settings = self.draft = self._submitted = load_http_settings()
        self.problems: dict[str, str] = {}
        self.failure = ""
        self.progress: DownloadProgress | None = None
        self.environment_mirror = os.environ.get(MIRROR_VARIABLE, "").strip()
        self.environment_problem = _why(check_weights_address, self.environment_mirror)
        self.changed.emit()

    @property
    def saving(self) -> bool:
        return self._job is not None

    @property
    def folder_changed(self) -> bool:
        return self.draft.weights_dir() != self.settings.weights_dir()

    @property
    def can_save(self) -> bool:
        return not self.problems and not self.saving and self.draft != self.settings

    # --- the form -----------------------------------------------------------------------------

    def set_proxy(self, kind: str, address: str) -> None:
        """`kind`: "system", "none" or "address"."""
        value = {"system": "", "none": DIRECT}.get(kind, address.strip())
        if kind == "address" and not value:
            self._refuse("proxy", "Enter the proxy's address, or choose another line above.")
            return
        if kind == "address" and "://" not in value:
            value = f"http://{value}"
        self._change("proxy", value)

    def set_mirror(self, text: str) -> None:
        self._change("mirror", text.strip())

    def set_ca_bundle(self, text: str) -> None:
        self._change("ca_bundle", _path(text))

    def set_folder(self, text: str) -> None:
        self._change("weights_folder", _path(text))

    def set_offline(self, on: bool) -> None:
        self._change("offline", on)

    def _change(self, field: str, value: object) -> None:
        changes: Mapping[str, Any] = {field: value}
        self.problems.pop(field, None)
        self.failure = ""
        try:
            self.draft = dataclasses.replace(self.draft, **changes)
        except SettingsError as error:
            self.problems[field] = str(error)
        self.changed.emit()

    def _refuse(self, field: str, message: str) -> None:
        self.problems[field] = message
        self.changed.emit()

    # --- saving -------------------------------------------------------------------------------

    def save(self, *, move: bool) -> None:
        """Check what takes a look at the disk, bring the weights along if wanted, store."""
        if not self.can_save:
            return
        if self.folder_changed and self._downloads.busy:
            self.failure = (
                "A download is going on. Wait for it or cancel it, then change the folder."
            )
            self.changed.emit()
            return
        self.failure = ""
        self._submitted = self.draft
        start = partial(apply_network_settings, self.draft, move=move, since=self.settings)
        self._job = job = self._io.submit(start)
        job.progressed.connect(self._on_progressed)
        job.finished.connect(self._on_finished)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(self._on_cancelled)
        self.changed.emit()

    @Slot()
    def cancel(self) -> None:
        """Stop moving the weights; everything stays as it was."""
        if self._job is not None:
            self._job.cancel()

    @Slot(object)
    def _on_progressed(self, events: list[object]) -> None:
        for event in events:
            if isinstance(event, FieldProblem):
                self.problems[event.field] = event.message
            elif isinstance(event, DownloadProgress):
                self.progress = event
        self.changed.emit()

    @Slot(object)
    def _on_finished(self, result: object) -> None:
        self._job = self.progress = None
        if isinstance(result, HttpSettings):
            self.settings = result  # and with it what another window has changed
            if self.draft == self._submitted:
                self.draft = result
        self.changed.emit()
        if isinstance(result, HttpSettings):
            self.saved.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._job = self.progress = None
        self.failure = sentence(error)
        self.changed.emit()

    @Slot()
    def _on_cancelled(self) -> None:
        self._job = self.progress = None
        self.failure = "Stopped: the weights and the settings are as they were."
        self.changed.emit()


def _path(text: str) -> Path | None:
    return Path(text.strip()).expanduser() if text.strip() else None


def _why(check: Callable[[str], None], value: str) -> str:
    """What a check says against a value; empty if nothing."""
    if not value:
        return ""
    try:
        check(value)
    except SettingsError as error:
        return str(error)
    return ""
