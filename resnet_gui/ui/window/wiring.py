"""What happens on one page and matters to another. No page knows another one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, Slot

from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.window.evaluation_wiring import EvaluationWiring
from resnet_gui.ui.window.improve_wiring import ImproveWiring
from resnet_gui.ui.window.pages import Pages
from resnet_gui.ui.window.runs_wiring import RunsWiring
from resnet_gui.ui.window.settings_window import SettingsWindow

if TYPE_CHECKING:
    from resnet_gui.core.runs.events import EpochDone, LayersMeasured
    from resnet_gui.core.zoo import ModelSpec
    from resnet_gui.ui.lab.page import LabPage
    from resnet_gui.ui.models.controller import ModelsController
    from resnet_gui.ui.models.page import ModelsPage
    from resnet_gui.ui.train.controller import TrainController
    from resnet_gui.ui.train.page import TrainPage


class Wiring(QObject):
    """Carries models, runs and photos from page to page. A page that is built later is connected
    then, and told what it missed."""

    def __init__(self, store: ModelStore, pages: Pages, settings: SettingsWindow) -> None:
        super().__init__(pages)
        self._store, self._pages, self._settings = store, pages, settings
        self._train: TrainController | None = None
        self._models: ModelsController | None = None
        self._lab: LabPage | None = None
        self._photos = pages.of(ClassifyPage)
        self._classify = self._photos.controller
        self._classify.model_changed.connect(self._on_model_changed)
        self._classify.batch_ended.connect(self._on_batch_ended)
        self._classify.devices_found.connect(self._on_devices_found)
        self._photos.train_requested.connect(self._on_training_folder_found)
        self._photos.imported_notice.names_requested.connect(self._on_names_requested)
        self.evaluation = EvaluationWiring(pages, self)
        self.improve = ImproveWiring(pages, self)
        self.runs = RunsWiring(pages, self)
        settings.changed.connect(store.refresh)
        pages.settings_requested.connect(settings.open_network)
        pages.when_built("train", self._connect_train)
        pages.when_built("models", self._connect_models)
        pages.when_built("lab", self._connect_lab)

    # --- a page is there ----------------------------------------------------------------------

    def _connect_train(self) -> None:
        page = self._train_page()
        self._train = train = page.controller
        train.state_changed.connect(self._on_train_state_changed)
        train.run_started.connect(self._on_train_state_changed)
        train.model_made.connect(self._store.refresh)
        train.earlier.changed.connect(self._on_runs_changed)
        train.epoch_done.connect(self._on_run_went_on)
        train.layers_measured.connect(self._on_run_went_on)
        page.try_requested.connect(self._on_use_requested)
        page.runs_requested.connect(self._on_runs_requested)
        self._on_model_changed()
        self._on_devices_found()

    def _connect_models(self) -> None:
        page = self._models_page()
        self._models = page.controller
        self._models.use_requested.connect(self._on_use_requested)
        page.train_requested.connect(self._on_train_requested)
        page.class_requested.connect(self._on_class_requested)
        page.settings_requested.connect(self._settings.open)
        self._on_model_changed()
        self._on_train_state_changed()

    def _connect_lab(self) -> None:
        from resnet_gui.ui.lab.page import LabPage

        self._lab = self._pages.of(LabPage)
        self._lab.photos_dropped.connect(self._on_photos_dropped)

    def _models_page(self) -> ModelsPage:
        from resnet_gui.ui.models.page import ModelsPage

        return self._pages.of(ModelsPage)

    def _train_page(self) -> TrainPage:
        from resnet_gui.ui.train.page import TrainPage

        return self._pages.of(TrainPage)

    # --- models -------------------------------------------------------------------------------

    @Slot()
    def _on_model_changed(self) -> None:
        entry = self._classify.entry
        if self._models is not None:
            self._models.set_used(entry.spec.id if entry else "")
        if self._train is not None and entry is not None:
            self._train.suggest_model(entry)

    @Slot()
    def _on_batch_ended(self) -> None:
        if self._models is not None:
            self._models.refresh_speeds()

    @Slot(str)
    def _on_use_requested(self, model_id: str) -> None:
        self._classify.set_model(model_id)
        self._pages.show_page("classify")

    @Slot()
    def _on_runs_requested(self) -> None:
        self._pages.show_page("runs")

    @Slot(object)
    def _on_names_requested(self, spec: ModelSpec) -> None:
        self._pages.show_page("models")
        self._models_page().controller.select(spec.id)
        self._models_page().naming.ask_for(spec)

    @Slot(str)
    def _on_train_requested(self, model_id: str) -> None:
        self._train_page().controller.set_model(model_id)
        self._pages.show_page("train")

    @Slot(str)
    def _on_class_requested(self, model_id: str) -> None:
        self._pages.show_page("train")
        self._train_page().classes.add_class(model_id)

    @Slot()
    def _on_train_state_changed(self) -> None:
        """The model that a run starts from is read again at the run's end."""
        if self._models is not None and (train := self._train) is not None:
            started = train.started if train.running else None
            self._models.need(started.model if started is not None else "")

    # --- devices, runs, photos ----------------------------------------------------------------

    @Slot()
    def _on_devices_found(self) -> None:
        chosen, devices = self._classify.device, self._classify.devices
        if devices and self._train is not None:
            trains = any(d.kind == chosen and not d.openvino for d in devices)
            self._train.set_device_kind(chosen if trains else devices[0].kind)

    @Slot()
    def _on_runs_changed(self) -> None:
        if self._lab is not None:
            self._lab.refresh_if_shown()

    @Slot(object)
    def _on_run_went_on(self, event: EpochDone | LayersMeasured) -> None:
        if self._lab is not None:
            self._lab.add_event(event)

    @Slot(object)
    def _on_photos_dropped(self, mime: QMimeData) -> None:
        self._pages.show_page("classify")
        self._photos.take(mime)

    @Slot(object)
    def _on_training_folder_found(self, folder: Path) -> None:
        self._pages.show_page("train")
        self._train_page().controller.open_folder(folder)
