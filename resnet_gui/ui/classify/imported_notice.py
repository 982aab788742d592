"""What is said of a model that was dropped here and taken in: where its classes have no names, the
way to name them."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.zoo import ModelSpec
from resnet_gui.core.zoo.storage.class_names import is_numbered
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.widgets.naming_offers import NamingOffers
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from resnet_gui.ui.widgets.plain_text import one_line


class ImportedNotice(QObject):
    """Signals:
    names_requested(object): the ModelSpec whose classes a person wants to name.
    """

    names_requested = Signal(object)

    def __init__(self, controller: ClassifyController, notices: NoticeBar, parent: QObject) -> None:
        super().__init__(parent)
        self._notices, self._store = notices, controller.store
        self._offers = NamingOffers(notices, self)
        self._offers.taken.connect(self.names_requested)
        controller.imports.imported.connect(self._on_imported)
        controller.store.changed.connect(self._on_store_changed)

    @Slot(object, bool)
    def _on_imported(self, spec: ModelSpec, already: bool) -> None:
        what = "was here already." if already else "was added to your models."
        text = f"“{one_line(spec.title)}” {what}"
        if is_numbered(spec):
            self._offers.offer(spec, text)
        else:
            self._notices.add(text, "notice")

    @Slot()
    def _on_store_changed(self) -> None:
        self._offers.withdraw(self._has_names)

    def _has_names(self, spec: ModelSpec) -> bool:
        entry = self._store.entry(spec.id)
        return entry is not None and not is_numbered(entry.spec)
