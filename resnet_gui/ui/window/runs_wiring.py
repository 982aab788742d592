"""What happens on the Runs page and matters to others, and the other way round."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.window.pages import Pages

if TYPE_CHECKING:
    from resnet_gui.core.runs.config import RunConfig
    from resnet_gui.core.runs.listing import RunInfo
    from resnet_gui.ui.runs.page import RunsPage
    from resnet_gui.ui.train.page import TrainPage


class RunsWiring(QObject):
    """Carries runs, their settings, models and photos from page to page."""

    def __init__(self, pages: Pages, parent: QObject) -> None:
        super().__init__(parent)
        self._pages = pages
        self._classify = pages.of(ClassifyPage).controller
        self._runs: RunsPage | None = None
        pages.when_built("runs", self._connect_runs)
        pages.when_built("train", self._connect_train)

    def _connect_runs(self) -> None:
        from resnet_gui.ui.runs.page import RunsPage

        self._runs = page = self._pages.of(RunsPage)
        page.controller.changed_runs.connect(self._on_runs_changed_here)
        page.run_actions.open_requested.connect(self._on_open_requested)
        page.run_actions.try_requested.connect(self._on_try_requested)
        page.config_requested.connect(self._on_config_requested)
        page.photo_requested.connect(self._on_photo_requested)
        page.training_requested.connect(self._on_training_requested)

    def _connect_train(self) -> None:
        train = self._train().controller
        train.earlier.changed.connect(self._on_runs_changed_there)
        train.epoch_done.connect(self._on_runs_changed_there)

    def _train(self) -> TrainPage:
        from resnet_gui.ui.train.page import TrainPage

        return self._pages.of(TrainPage)

    @Slot()
    def _on_runs_changed_here(self) -> None:
        self._train().controller.earlier.refresh()

    @Slot()
    def _on_runs_changed_there(self) -> None:
        if self._runs is not None:
            self._runs.refresh_if_shown()

    @Slot(object)
    def _on_open_requested(self, run: RunInfo) -> None:
        """The run that goes on is on the Train page already."""
        train = self._train().controller
        self._pages.show_page("train")
        started = train.started
        if not (train.running and started is not None and started.run_dir == run.path):
            train.open_results(run)

    @Slot(object)
    def _on_config_requested(self, config: RunConfig) -> None:
        self._pages.show_page("train")
        self._train().controller.open_folder(Path(config.data), config)

    @Slot(str)
    def _on_try_requested(self, model_id: str) -> None:
        self._classify.set_model(model_id)
        self._pages.show_page("classify")

    @Slot(object)
    def _on_photo_requested(self, path: Path) -> None:
        self._pages.show_page("classify")
        self._classify.open_paths([path])

    @Slot()
    def _on_training_requested(self) -> None:
        self._pages.show_page("train")
