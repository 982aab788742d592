"""What leads from other pages to improving a folder, and from there to training again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.window.pages import Pages

if TYPE_CHECKING:
    from resnet_gui.core.runs.config import RunConfig
    from resnet_gui.ui.improve.page import ImprovePage
    from resnet_gui.ui.train.controller import TrainController


class ImproveWiring(QObject):
    """Carries folders and models to the Improve page, and settings from it to the Train page."""

    def __init__(self, pages: Pages, parent: QObject) -> None:
        super().__init__(parent)
        self._pages = pages
        self._classify = pages.of(ClassifyPage).controller
        pages.when_built("train", self._connect_train)
        pages.when_built("runs", self._connect_runs)
        pages.when_built("evaluate", self._connect_evaluate)
        pages.when_built("improve", self._connect_improve)

    def _connect_train(self) -> None:
        from resnet_gui.ui.train.page import TrainPage

        self._pages.of(TrainPage).improve_requested.connect(self._on_improve_requested)

    def _connect_runs(self) -> None:
        from resnet_gui.ui.runs.page import RunsPage

        actions = self._pages.of(RunsPage).run_actions
        actions.improve_requested.connect(self._on_improve_requested)

    def _connect_evaluate(self) -> None:
        from resnet_gui.ui.evaluate.page import EvaluatePage

        self._pages.of(EvaluatePage).improve_requested.connect(self._on_improve_requested)

    def _connect_improve(self) -> None:
        page = self._page()
        page.photo_wanted.connect(self._on_photo_wanted)
        page.training_requested.connect(self._on_training_requested)
        page.device_kind = self._training_device

    def _page(self) -> ImprovePage:
        from resnet_gui.ui.improve.page import ImprovePage

        return self._pages.of(ImprovePage)

    @Slot(object, str)
    def _on_improve_requested(self, folder: Path, model_id: str) -> None:
        self._page().improve(folder, model_id)

    @Slot(object)
    def _on_photo_wanted(self, path: Path) -> None:
        self._pages.show_page("classify")
        self._classify.open_paths([path])

    def _train(self) -> TrainController:
        from resnet_gui.ui.train.page import TrainPage

        return self._pages.of(TrainPage).controller

    def _training_device(self) -> str:
        """The Train page compares with the usual settings of this one: others would count as set
        by hand."""
        return self._train().settings.device_kind

    @Slot(object)
    def _on_training_requested(self, config: RunConfig) -> None:
        self._pages.show_page("train")
        self._train().open_folder(Path(config.data), config)
