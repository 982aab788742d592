"""The settings window's state machine, without widgets: check while typing, then store. What is
stored is read and written in the io lane."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
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
from resnet_gui.core.system.paths import home_dir
from resnet_gui.core.system.settings import wishes
from resnet_gui.core.zoo.apply_settings import FieldProblem, apply_network_settings
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.memory import Memory
from resnet_gui.ui.widgets.words import sentence


class SettingsController(QObject):
    """Holds a draft of the settings until it is saved.

    Attributes:
        settings: the network settings in force. draft: what the form says.
        loading: whether they have not been read yet, not even once.
        wishes: the other settings, as the form says: names of fields of `Settings` -> values.
        problems: why a field of the draft cannot be used, in words.
        failure: why the last saving did not work; empty if it did.
        progress: of moving the weights, None if nothing is moved.
        saving: whether a save is going on.
        environment_mirror: address that the environment sets and that comes first; "" if none.
        environment_problem: why that address cannot be used.

    Signals:
        changed(): one of the attributes changed.
        loaded(): the settings were read, and the draft is what they say.
        saved(): the new settings are in force.
    """

    changed = Signal()
    loaded = Signal()
    saved = Signal()

    def __init__(
        self, io: JobLane, downloads: Downloads, memory: Memory, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._io, self._downloads, self._memory = io, downloads, memory
        self._job: Job | None = None
        self._reading: Job | None = None
        self._known = False
        self.settings = self.draft = self._submitted = HttpSettings()
        self.wishes = self._remembered()
        self.problems: dict[str, str] = {}
        self.failure = ""
        self.progress: DownloadProgress | None = None
        self.environment_mirror = self.environment_problem = ""

    @Slot()
    def reset(self) -> None:
        """Forget the draft, begin with what was read last, and look again at what is stored: the
        lane may be busy for long."""
        if self._known:
            self._begin(self.settings)
        self.look()

    @Slot()
    def look(self) -> None:
        """Read what is stored. A draft that was begun meanwhile stays."""
        if self._reading is not None:
            self._reading.let_go()
        self._reading = job = self._io.submit(_read, Priority.INTERACTIVE)
        job.progressed.connect(self._on_read)
        job.failed.connect(self._on_not_read)
        self.changed.emit()

    @Slot(object)
    def _on_read(self, events: list[HttpSettings]) -> None:
        self._reading = None
        if not (self._known and (self.saving or self.problems or self.draft != self.settings)):
            self._begin(events[-1], self.wishes)

    @Slot(object)
    def _on_not_read(self, error: Exception) -> None:
        self._reading = None
        if not self._known:
            self._begin(HttpSettings())
        self.failure = sentence(error)
        self.changed.emit()

    def _begin(self, settings: HttpSettings, wishes: dict[str, Any] | None = None) -> None:
        self._known = True
        self.settings = self.draft = self._submitted = settings
        self.wishes = wishes or self._remembered()
        self.problems = {}
        self.failure = ""
        self.progress = None
        self.environment_mirror = os.environ.get(MIRROR_VARIABLE, "").strip()
        self.environment_problem = _why(check_weights_address, self.environment_mirror)
        self.loaded.emit()
        self.changed.emit()

    def _remembered(self) -> dict[str, Any]:
        return {name: getattr(self._memory.settings, name) for name in wishes()}

    @property
    def loading(self) -> bool:
        return not self._known

    @property
    def saving(self) -> bool:
        return self._job is not None

    @property
    def folder_changed(self) -> bool:
        return self.draft.weights_dir() != self.settings.weights_dir()

    @property
    def can_save(self) -> bool:
        if self.problems or self.saving or self.loading:
            return False
        return self.draft != self.settings or self.wishes != self._remembered()

    # --- the form -----------------------------------------------------------------------------

    def set_wish(self, name: str, value: Any) -> None:
        """`name`: a field of `Settings`."""
        self.wishes = {**self.wishes, name: value}
        self.changed.emit()

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
        if self.draft == self.settings:
            self._remember()
            self.changed.emit()
            self.saved.emit()
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
            self._remember()
        self.changed.emit()
        if isinstance(result, HttpSettings):
            self.saved.emit()

    def _remember(self) -> None:
        self._memory.change(**self.wishes)

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


def _read() -> Iterator[HttpSettings]:
    yield load_http_settings()


def _path(text: str) -> Path | None:
    """A path as it was typed; "~" is the person's own folder ("~somebody" would be looked up)."""
    text = text.strip()
    first, slash, rest = text.partition("/")
    if first == "~":
        return home_dir() / rest if slash else home_dir()
    return Path(text) if text else None


def _why(check: Callable[[str], None], value: str) -> str:
    """What a check says against a value; empty if nothing."""
    if not value:
        return ""
    try:
        check(value)
    except SettingsError as error:
        return str(error)
    return ""
