"""What is said of a model that was dropped here and taken in: where its classes have no names, the
way to name them."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.words import count_noun
from resnet_gui.core.zoo import ModelSpec
from resnet_gui.core.zoo.storage.class_names import is_numbered
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine
from resnet_gui.ui.widgets.plain_text import one_line


class ImportedNotice(QObject):
    """Signals:
    names_requested(object): the ModelSpec whose classes a person wants to name.
    """

    names_requested = Signal(object)

    def __init__(self, controller: ClassifyController, notices: NoticeBar, parent: QObject) -> None:
        super().__init__(parent)
        self._notices, self._store = notices, controller.store
        self._offers: dict[NoticeLine, ModelSpec] = {}
        controller.imports.imported.connect(self._on_imported)
        controller.store.changed.connect(self._on_store_changed)

    @Slot(object, bool)
    def _on_imported(self, spec: ModelSpec, already: bool) -> None:
        what = "was here already." if already else "was added to your models."
        text = f"“{one_line(spec.title)}” {what}"
        if not is_numbered(spec):
            self._notices.add(text, "notice")
            return
        classes = count_noun(len(spec.classes), "class", "classes")
        text = f"{text} Its file does not say what its {classes} are called, so they have numbers."
        notice = self._notices.add(text, "notice", "Name the classes…")
        if notice not in self._offers:  # the same one again is the same line
            notice.acted.connect(self._on_acted)
            notice.left.connect(self._on_left)
        self._offers[notice] = spec

    @Slot()
    def _on_acted(self) -> None:
        notice = self.sender()
        if isinstance(notice, NoticeLine) and notice in self._offers:
            self.names_requested.emit(self._offers[notice])

    @Slot()
    def _on_store_changed(self) -> None:
        """They may have names now."""
        for notice, spec in list(self._offers.items()):
            entry = self._store.entry(spec.id)
            if entry is not None and not is_numbered(entry.spec):
                self._notices.remove(notice)
                self._offers.pop(notice, None)

    @Slot(object)
    def _on_left(self, notice: NoticeLine) -> None:
        self._offers.pop(notice, None)
