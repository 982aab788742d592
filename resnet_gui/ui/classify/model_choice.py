"""Which model answers: the one in use, and the one that is used as soon as it is here."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.zoo import ModelEntry
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.widgets.plain_text import one_line


class ModelChoice(QObject):
    """Stays with a model as long as it is here.

    Attributes:
        entry: the model in use, None if there is none.

    Signals:
        changed(): another model is in use.
        noticed(str text, str kind).
    """

    changed = Signal()
    noticed = Signal(object, str)

    def __init__(self, store: ModelStore, downloads: Downloads, parent: QObject) -> None:
        super().__init__(parent)
        self._store, self._downloads = store, downloads
        self.entry: ModelEntry | None = None
        self._wanted = ""  # id of the model that is used as soon as it is here
        self._first_id: str | None = None  # the model of last time, until one is chosen
        store.changed.connect(self._on_store_changed)
        downloads.finished.connect(self._on_download_finished)
        downloads.failed.connect(self._on_download_failed)
        downloads.cancelled.connect(self._on_download_cancelled)

    @property
    def id(self) -> str:
        return self.entry.spec.id if self.entry is not None else ""

    def start(self, model_id: str) -> None:
        """Choose the first model: that of last time, if it is still here."""
        self._first_id = model_id
        self._store.refresh()

    def choose(self, model_id: str) -> None:
        """Use another model. The latest request wins. One that is not known yet (just trained,
        imported or renamed) is used as soon as it is."""
        entry = self._store.entry(model_id)
        if entry is None:
            self.want(model_id)
        elif entry.spec.id == self.id:
            return
        elif entry.problem:
            self.noticed.emit(entry.problem, "warning")
        elif not entry.state.ready:
            self.download(entry)
        else:
            self._wanted = ""
            self._use(entry)

    def want(self, model_id: str) -> None:
        """Use a model as soon as it is here, which it soon is."""
        self._wanted = model_id
        self._store.refresh()

    def download(self, entry: ModelEntry) -> None:
        """Download a model's weights, then use it (of several the one asked for last)."""
        self._wanted = entry.spec.id
        self._downloads.start(entry)

    def _use(self, entry: ModelEntry | None) -> None:
        self.entry = entry
        self.changed.emit()

    @Slot()
    def _on_store_changed(self) -> None:
        """Stay with the model in use if it is still here, else take what the zoo offers."""
        wanted = self._store.entry(self._wanted)
        if wanted is not None and wanted.state.ready:
            self.choose(wanted.spec.id)
        elif self._store.settled and not self._downloads.has(self._wanted):
            self._wanted = ""  # it did not come
        model_id = self.id or self._first_id or ""
        entry = self._store.entry(model_id)
        if entry is None or entry.problem or not entry.state.ready:
            entry = self._store.default(model_id)
        self._tell_why(model_id, entry)
        first, self._first_id = self._first_id is not None, None
        old, self.entry = self.entry, entry
        if first or _answers(old) != _answers(entry):
            self._use(entry)

    def _tell_why(self, model_id: str, instead: ModelEntry | None) -> None:
        """The model in use, or that of last time, cannot answer any more, or is gone: another one
        must not take its place in silence."""
        lost, kind = self._store.entry(model_id), "warning"
        if lost is not None and lost.problem and lost is not instead:
            text = f"“{one_line(lost.spec.title, 60)}” cannot answer any more. {lost.problem}"
        elif self.entry is not None and (lost is None or not lost.state.ready):
            title, kind = one_line(self.entry.spec.title, 60), "notice"
            text = f"“{title}” is not on this computer any more."
        else:
            return
        if instead is not None:
            text += f" “{one_line(instead.spec.title, 60)}” answers now."
        self.noticed.emit(text, kind)

    @Slot(str)
    def _on_download_finished(self, model_id: str) -> None:
        self._store.refresh()  # then it is here, and used if it is what is wanted

    @Slot(str, object, str)
    def _on_download_failed(self, model_id: str, message: str, kind: str) -> None:
        if model_id == self._wanted:
            self._wanted = ""
            entry = self._store.entry(model_id)
            title = f"{one_line(entry.spec.title, 60)} was not downloaded: " if entry else ""
            self.noticed.emit(f"{title}{message}", kind)

    @Slot(str)
    def _on_download_cancelled(self, model_id: str) -> None:
        if model_id == self._wanted:
            self._wanted = ""


def _answers(entry: ModelEntry | None) -> tuple[str, tuple[str, ...]]:
    """A model whose classes got other names answers with those."""
    return (entry.spec.id, entry.spec.classes) if entry is not None else ("", ())
