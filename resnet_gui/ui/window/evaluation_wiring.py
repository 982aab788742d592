"""What leads from other pages to a test of a model, and from its photos back."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Slot

from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.evaluate.page import EvaluatePage
from resnet_gui.ui.models.page import ModelsPage
from resnet_gui.ui.train.page import TrainPage
from resnet_gui.ui.window.pages import Pages


class EvaluationWiring(QObject):
    """Carries models, folders and runs to the Evaluate page."""

    def __init__(self, pages: Pages, parent: QObject) -> None:
        super().__init__(parent)
        self._pages = pages
        self._evaluate = pages.of(EvaluatePage)
        classify = pages.of(ClassifyPage)
        self._classify = classify.controller
        pages.of(TrainPage).test_requested.connect(self._on_test_requested)
        pages.of(TrainPage).result_requested.connect(self._on_result_requested)
        pages.of(ModelsPage).test_requested.connect(self._on_test_requested)
        classify.test_requested.connect(self._on_folder_found)
        self._evaluate.photo_wanted.connect(self._on_photo_wanted)

    @Slot(str)
    def _on_test_requested(self, model_id: str) -> None:
        self._evaluate.test(model_id)

    @Slot(str)
    def _on_result_requested(self, run: str) -> None:
        self._evaluate.show_run(run)

    @Slot(object)
    def _on_folder_found(self, folder: Path) -> None:
        entry = self._classify.entry
        self._evaluate.test(entry.spec.id if entry is not None else "", folder)

    @Slot(object)
    def _on_photo_wanted(self, path: Path) -> None:
        self._pages.show_page("classify")
        self._classify.open_paths([path])
