"""The list of pages, and the stack that shows one of them."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.evaluate.page import EvaluatePage
from resnet_gui.ui.lab.page import LabPage
from resnet_gui.ui.models.page import ModelsPage
from resnet_gui.ui.page import Page, PageContext, PageEntry
from resnet_gui.ui.train.page import TrainPage
from resnet_gui.ui.window.place import Place

# Adding a page: its package, and one line here. The first one is shown at the start.
PAGES = [
    PageEntry("classify", "Classify", "photo", ClassifyPage),
    PageEntry("train", "Train", "train", TrainPage),
    PageEntry("evaluate", "Evaluate", "target", EvaluatePage),
    PageEntry("models", "Models", "models", ModelsPage),
    PageEntry("lab", "Lab", "lab", LabPage),
]

AnyPage = TypeVar("AnyPage", bound=Page)


class Pages(QStackedWidget):
    """Builds the pages of the list and shows one of them.

    Attributes:
        entries: the pages' names, titles and icons, in order.
        current: the page in front.

    Signals:
        page_shown(str): name of the page that has come to the front.
    """

    page_shown = Signal(str)

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entries = tuple(PAGES)
        self._pages = {entry.name: entry.build(context) for entry in self.entries}
        self.current = self._pages[self.entries[0].name]
        self._places: dict[Page, QWidget] = {}
        for name, page in self._pages.items():
            page.setObjectName(name)
            place = self._places[page] = Place(page)
            self.addWidget(place)
            page.wanted.connect(partial(self.show_page, name))
            context.theme.changed.connect(page.refresh_theme)

    def __getitem__(self, name: str) -> Page:
        return self._pages[name]

    def of(self, kind: type[AnyPage]) -> AnyPage:
        """The page of this class."""
        return next(page for page in self._pages.values() if isinstance(page, kind))

    @Slot(str)
    def show_page(self, name: str) -> None:
        """Bring a page to the front."""
        before, now = self.current, self[name]
        if before is not now:
            self.current = now
            self.setCurrentWidget(self._places[now])
            before.hidden()
            now.shown()
            self.page_shown.emit(name)
