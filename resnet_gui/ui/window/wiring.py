"""What happens on one page and matters to another. No page knows another one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Slot

from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.lab.page import LabPage
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.models.page import ModelsPage
from resnet_gui.ui.settings.dialog import SettingsDialog
from resnet_gui.ui.train.page import TrainPage
from resnet_gui.ui.window.evaluation_wiring import EvaluationWiring
from resnet_gui.ui.window.pages import Pages


class Wiring(QObject):
    """Carries models, runs and photos from page to page."""

    def __init__(self, store: ModelStore, pages: Pages, settings: SettingsDialog) -> None:
        super().__init__(pages)
        self._pages = pages
        self._photos = pages.of(ClassifyPage)
        self._classify = self._photos.controller
        self._train = pages.of(TrainPage).controller
        models_page, lab = pages.of(ModelsPage), pages.of(LabPage)
        self._models = models_page.controller
        # Models: one owner of the zoo, one page that uses one of them.
        self._classify.model_changed.connect(self._on_model_changed)
        self._classify.batch_ended.connect(self._models.refresh_speeds)
        self._models.use_requested.connect(self._on_use_requested)
        self._train.state_changed.connect(self._on_train_state_changed)
        self._train.run_started.connect(self._on_train_state_changed)
        self._train.model_made.connect(store.refresh)
        pages.of(TrainPage).try_requested.connect(self._on_use_requested)
        models_page.train_requested.connect(self._on_train_requested)
        models_page.settings_requested.connect(settings.open_fresh)
        settings.controller.saved.connect(store.refresh)
        settings.kept.controller.cleared.connect(store.refresh)
        # Devices, runs, photos.
        self._classify.devices_found.connect(self._on_devices_found)
        self._train.earlier.changed.connect(lab.refresh_if_shown)
        self._train.epoch_done.connect(lab.add_event)
        self._train.layers_measured.connect(lab.add_event)
        lab.photos_dropped.connect(self._on_photos_dropped)
        self._photos.train_requested.connect(self._on_training_folder_found)
        self.evaluation = EvaluationWiring(pages, self)

    @Slot()
    def _on_model_changed(self) -> None:
        entry = self._classify.entry
        self._models.set_used(entry.spec.id if entry else "")
        if entry is not None:
            self._train.suggest_model(entry)

    @Slot(str)
    def _on_use_requested(self, model_id: str) -> None:
        self._classify.set_model(model_id)
        self._pages.show_page("classify")

    @Slot(str)
    def _on_train_requested(self, model_id: str) -> None:
        self._train.set_model(model_id)
        self._pages.show_page("train")

    @Slot()
    def _on_train_state_changed(self) -> None:
        """The model that a run starts from is read again at the run's end."""
        started = self._train.started if self._train.running else None
        self._models.need(started.model if started is not None else "")

    @Slot()
    def _on_devices_found(self) -> None:
        chosen, devices = self._classify.device, self._classify.devices
        if devices:
            self._train.set_device_kind(devices[0].kind if chosen == "auto" else chosen)

    @Slot(object)
    def _on_photos_dropped(self, mime: QMimeData) -> None:
        self._pages.show_page("classify")
        self._photos.take(mime)

    @Slot(object)
    def _on_training_folder_found(self, folder: Path) -> None:
        self._pages.show_page("train")
        self._train.open_folder(folder)
