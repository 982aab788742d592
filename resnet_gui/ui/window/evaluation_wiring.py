"""What leads from other pages to a test of a model, and from its photos back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.window.pages import Pages

if TYPE_CHECKING:
    from resnet_gui.ui.evaluate.page import EvaluatePage


class EvaluationWiring(QObject):
    """Carries models, folders and runs to the Evaluate page."""

    def __init__(self, pages: Pages, parent: QObject) -> None:
        super().__init__(parent)
        self._pages = pages
        classify = pages.of(ClassifyPage)
        self._classify = classify.controller
        classify.test_requested.connect(self._on_folder_found)
        pages.when_built("train", self._connect_train)
        pages.when_built("models", self._connect_models)
        pages.when_built("evaluate", self._connect_evaluate)

    def _connect_train(self) -> None:
        from resnet_gui.ui.train.page import TrainPage

        page = self._pages.of(TrainPage)
        page.test_requested.connect(self._on_test_requested)
        page.result_requested.connect(self._on_result_requested)

    def _connect_models(self) -> None:
        from resnet_gui.ui.models.page import ModelsPage

        self._pages.of(ModelsPage).test_requested.connect(self._on_test_requested)

    def _connect_evaluate(self) -> None:
        self._page().photo_wanted.connect(self._on_photo_wanted)

    def _page(self) -> EvaluatePage:
        from resnet_gui.ui.evaluate.page import EvaluatePage

        return self._pages.of(EvaluatePage)

    @Slot(str)
    def _on_test_requested(self, model_id: str) -> None:
        self._page().test(model_id)

    @Slot(str)
    def _on_result_requested(self, run: str) -> None:
        self._page().show_run(run)

    @Slot(object)
    def _on_folder_found(self, folder: Path) -> None:
        entry = self._classify.entry
        self._page().test(entry.spec.id if entry is not None else "", folder)

    @Slot(object)
    def _on_photo_wanted(self, path: Path) -> None:
        self._pages.show_page("classify")
        self._classify.open_paths([path])
