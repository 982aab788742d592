"""The Models page's state machine, without widgets: what is here, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.events import ModelRemoved
from resnet_gui.core.photos.endings import IMAGE_SUFFIXES
from resnet_gui.core.zoo import ModelEntry, ModelSpec, ModelState
from resnet_gui.core.zoo.storage.class_names import is_numbered
from resnet_gui.core.zoo.storage.inventory import Inventory, remove_model
from resnet_gui.core.zoo.storage.library import rename_model
from resnet_gui.core.zoo.storage.store import Speed
from resnet_gui.jobs.lane import Priority
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.imports import Imports, PageImports
from resnet_gui.ui.means import Means
from resnet_gui.ui.models.list_model import ModelList
from resnet_gui.ui.models.standing import Situation, Standing
from resnet_gui.ui.widgets.plain_text import one_line
from resnet_gui.ui.widgets.words import progress_line, sentence, size_text


class ModelsController(QObject):
    """Knows the inventory and the chosen model; starts downloads, imports and removals.

    Attributes:
        models: the list model that views show: groups, searchable.
        store, downloads, imports: the window's.
        current_id: the chosen model's id; "" if none is.
        confirming: whether “Remove” waits for its second click.
        used_id: the model that the Classify page has.
        watched: whether somebody sees this; only then speeds are looked at while photos are
            classified.

    Signals:
        current_changed(): another model is chosen, or something about it changed.
        import_changed(): what `imports` does changed.
        use_requested(str): the Classify page should take the model of this id.
        unnamed_imported(ModelSpec, str text): as `noticed`, of a model whose classes have no names.
        noticed(str text, str kind): something to show; kind "notice" or "warning".
    """

    current_changed = Signal()
    import_changed = Signal()
    use_requested = Signal(str)
    unnamed_imported = Signal(object, object)
    noticed = Signal(object, str)

    def __init__(
        self,
        means: Means,
        downloads: Downloads,
        imports: Imports,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._engine, self._inference, self._io = means.engine, means.inference, means.io
        self.store, self.downloads, self.imports = means.store, downloads, imports
        self.models = ModelList(self)
        self.current_id = self.used_id = ""
        self.confirming = self.watched = False
        self._search = self._needed = ""
        self._failures: dict[str, str] = {}
        self._to_select = ""
        self._forgetting: list[ModelEntry] = []  # in the order in which the lane ends them
        self._removing: list[str] = []  # ids, likewise
        self._own_imports = PageImports(imports, self)
        self.store.changed.connect(self._on_store_changed)
        self.store.failed.connect(self._on_refused)
        downloads.changed.connect(self._on_downloads_changed)
        downloads.progressed.connect(self._on_download_progressed)
        downloads.finished.connect(self._on_download_finished)
        downloads.failed.connect(self._on_download_failed)
        downloads.cancelled.connect(self._on_download_cancelled)
        imports.changed.connect(self.import_changed)
        self._own_imports.imported.connect(self._on_imported)
        self._own_imports.others_imported.connect(self._on_others_imported)
        self._own_imports.failed.connect(self._on_refused)

    # --- what is here -------------------------------------------------------------------------

    @property
    def inventory(self) -> Inventory | None:
        """None until the first look at the disk is over."""
        return self.store.inventory

    @Slot()
    def refresh(self) -> None:
        """Look at the disk again, soon."""
        self.store.refresh()

    @Slot()
    def refresh_speeds(self) -> None:
        """Photos were classified: a speed was perhaps measured."""
        if self.watched:
            self.refresh()

    @property
    def current(self) -> ModelEntry | None:
        return self.inventory.entry(self.current_id) if self.inventory else None

    @property
    def offline(self) -> bool:
        """Whether the settings forbid the network."""
        return self.store.offline

    def speeds(self, model_id: str) -> tuple[Speed, ...]:
        """What was measured, the fastest device first; empty before the first use."""
        return self.inventory.speeds.get(model_id, ()) if self.inventory else ()

    def standing(self, entry: ModelEntry) -> Standing:
        """What the list and the card say about a model now."""
        model_id, spec = entry.spec.id, entry.spec
        if self.downloads.is_running(model_id) and self.downloads.progress is not None:
            progress = self.downloads.progress
            fraction = min(1.0, progress.done / progress.total) if progress.total else None
            if self.downloads.stopping:
                return Standing(Situation.STOPPING, "Stopping…", fraction)
            return Standing(Situation.DOWNLOADING, progress_line(progress), fraction)
        if self.downloads.is_waiting(model_id):
            return Standing(Situation.WAITING, "Comes after the download that is going on")
        if model_id in self._failures:
            return Standing(Situation.FAILED, self._failures[model_id])
        problem = self.inventory.problems.get(model_id, "") if self.inventory else entry.problem
        if problem:
            return Standing(Situation.DAMAGED, problem)
        if entry.state.ready:
            used = model_id == self.used_id
            return Standing(Situation.IN_USE if used else Situation.READY)
        part = self.part_bytes(model_id)
        if part:
            text = f"{size_text(part)} of {size_text(spec.bytes)} are here already"
            return Standing(Situation.PART, text, part / spec.bytes if spec.bytes else None)
        return Standing(Situation.REMOTE)

    def part_bytes(self, model_id: str) -> int:
        """What has arrived of an interrupted download, in bytes."""
        return self.inventory.part_bytes.get(model_id, 0) if self.inventory else 0

    def can_remove(self, entry: ModelEntry) -> bool:
        """Whether there is a file that can go: not what came with the program."""
        if self.downloads.is_running(entry.spec.id) or entry.spec.id in self._leaving():
            return False
        if entry.state in (ModelState.YOURS, ModelState.CACHED):
            return True
        return self.part_bytes(entry.spec.id) > 0

    def _leaving(self) -> list[str]:
        return [*(entry.spec.id for entry in self._forgetting), *self._removing]

    def can_download(self, entry: ModelEntry) -> bool:
        """Whether its weights are published."""
        return entry.state in (ModelState.DOWNLOADABLE, ModelState.CACHED) and bool(entry.spec.url)

    # --- what the person does -----------------------------------------------------------------

    @Slot(str)
    def search(self, text: str) -> None:
        self._search = text
        self.models.search(text)

    @property
    def searched(self) -> str:
        return self._search.strip()

    def select(self, model_id: str) -> None:
        if model_id != self.current_id:
            self.current_id, self.confirming = model_id, False
            self.current_changed.emit()

    @Slot()
    def download(self) -> None:
        """Download the chosen model's weights, or go on with that."""
        entry = self.current
        if entry is not None and self.can_download(entry):
            self._failures.pop(entry.spec.id, None)
            self.downloads.start(entry)

    @Slot()
    def cancel_download(self) -> None:
        self.downloads.cancel(self.current_id)

    @Slot()
    def use(self) -> None:
        """Let the Classify page answer with the chosen model."""
        entry = self.current
        if entry is not None and entry.state.ready and not entry.problem:
            self.use_requested.emit(entry.spec.id)

    def need(self, model_id: str) -> None:
        """A training needs this model until its end; "": none does."""
        self._needed = model_id

    @Slot()
    def ask_to_remove(self) -> None:
        if self.current_id and self.current_id == self._needed:
            self.noticed.emit(
                "The training that is going on started from this model and needs it until its "
                "end. Wait for that, or stop the training first.",
                "warning",
            )
        else:
            self._confirm(True)

    @Slot()
    def keep(self) -> None:
        """“Remove” was not meant."""
        self._confirm(False)

    def _confirm(self, on: bool) -> None:
        self.confirming = on and self.current is not None and self.can_remove(self.current)
        self.current_changed.emit()

    @Slot()
    def remove(self) -> None:
        """Remove the chosen model's file, after it was confirmed."""
        entry = self.current
        self.confirming = False
        if entry is not None and self.can_remove(entry):
            # Out of memory first: some systems do not delete a file that is mapped.
            self._forgetting.append(entry)
            forget = partial(self._engine.forget, entry.spec.id)
            job = self._inference.submit(forget, Priority.INTERACTIVE)
            job.ended.connect(self._on_forgotten)
        self.current_changed.emit()

    def can_rename(self, entry: ModelEntry) -> bool:
        """Only the user's own models have a name that is theirs to change."""
        return entry.state is ModelState.YOURS and not entry.problem

    def rename(self, title: str, model_id: str = "") -> None:
        """Give this model or the chosen one, which may have gone meanwhile, another name; it stays
        what it is to whoever uses it."""
        entry = self.store.entry(model_id or self.current_id)
        if entry is None:
            self.noticed.emit("That model is not on this computer any more.", "miss")
        if entry is None or entry.weights_path is None or not self.can_rename(entry):
            return
        path = entry.weights_path
        if title.strip() == entry.spec.title:
            return
        if any(other.spec.title == title.strip() for other in self.store.entries):
            text = f"Another model is called “{one_line(title.strip(), 60)}”. Choose another name."
            self.noticed.emit(text, "miss")
            return

        def rename() -> Iterator[None]:
            yield None
            rename_model(path, title)

        job = self._io.submit(rename, Priority.INTERACTIVE)
        job.failed.connect(self._on_failed)
        job.ended.connect(self.refresh)

    def import_paths(self, paths: Sequence[Path]) -> None:
        """Take in weights, model files and offline kits."""
        if photos := [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES]:
            self.noticed.emit(
                f"{photos[0].name} is a photo. Drop photos on the Classify page; weights and "
                "models (.pth, .pt, .h5, .safetensors) are imported here.",
                "warning",
            )
        wanted = [path for path in paths if path not in photos]
        self._own_imports.start(wanted)

    # --- what the queues say ------------------------------------------------------------------

    @Slot(str)
    def set_used(self, model_id: str) -> None:
        """The Classify page has another model now."""
        before, self.used_id = self.used_id, model_id
        if self.inventory is not None and not self.current_id:
            self._on_store_changed()  # the page is built after the store's first look
        self._touch(before, model_id)

    def _touch(self, *model_ids: str) -> None:
        for model_id in model_ids:
            self.models.touch(model_id)
        if self.current_id in model_ids:
            self.current_changed.emit()

    @Slot()
    def _on_downloads_changed(self) -> None:
        self.models.touch_all()
        self.current_changed.emit()

    @Slot(str)
    def _on_download_progressed(self, model_id: str) -> None:
        self._touch(model_id)

    @Slot(str)
    def _on_download_finished(self, model_id: str) -> None:
        self._failures.pop(model_id, None)
        self.refresh()

    @Slot(str, object)
    def _on_download_failed(self, model_id: str, message: str) -> None:
        self._failures[model_id] = message
        self.refresh()

    @Slot(str)
    def _on_download_cancelled(self, model_id: str) -> None:
        self.refresh()

    @Slot(object, bool)
    def _on_imported(self, spec: ModelSpec, already: bool) -> None:
        self._search = ""  # what was imported must be seen
        self._to_select = spec.id  # as soon as it is in the inventory
        what = "was here already." if already else "was imported and can be used."
        text = f"“{one_line(spec.title)}” {what}"
        if is_numbered(spec):
            self.unnamed_imported.emit(spec, text)
        else:
            self.noticed.emit(text, "notice")
        self._on_others_imported(spec)

    @Slot(object)
    def _on_others_imported(self, spec: ModelSpec) -> None:
        self._failures.pop(spec.id, None)
        self.refresh()

    # --- jobs ---------------------------------------------------------------------------------

    @Slot()
    def _on_forgotten(self) -> None:
        entry = self._forgetting.pop(0)
        self._removing.append(entry.spec.id)
        job = self._io.submit(partial(remove_model, entry), Priority.INTERACTIVE)
        job.progressed.connect(self._on_removed)
        job.failed.connect(self._on_failed)
        job.ended.connect(self._on_removal_ended)

    @Slot(object)
    def _on_removed(self, events: list[object]) -> None:
        for event in events:
            if isinstance(event, ModelRemoved):
                self._failures.pop(event.model, None)
                where = "was moved to this computer’s trash." if event.to_trash else "was removed"
                freed = "" if event.to_trash else f": {size_text(event.bytes)} are free again."
                self.noticed.emit(f"“{one_line(event.title)}” {where}{freed}", "notice")

    @Slot()
    def _on_removal_ended(self) -> None:
        self._removing.pop(0)
        self.refresh()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")

    @Slot(object)
    def _on_refused(self, message: str) -> None:
        self.noticed.emit(message, "warning")

    @Slot()
    def _on_store_changed(self) -> None:
        inventory = self.store.inventory
        assert inventory is not None
        self.models.set_entries(inventory.entries)
        if inventory.entry(self._to_select) is not None:
            self.current_id, self.confirming, self._to_select = self._to_select, False, ""
        if inventory.entry(self.current_id) is None:
            self.current_id, self.confirming = self._first_id(inventory), False
        self.current_changed.emit()

    def _first_id(self, inventory: Inventory) -> str:
        if inventory.entry(self.used_id) is not None:
            return self.used_id
        return inventory.entries[0].spec.id if inventory.entries else ""
