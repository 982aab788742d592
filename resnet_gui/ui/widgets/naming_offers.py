"""Offers to name the classes of models whose files did not."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.words import count_noun
from resnet_gui.core.zoo import ModelSpec
from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine


class NamingOffers(QObject):
    """Signals:
    taken(object): the ModelSpec whose classes a person wants to name.
    """

    taken = Signal(object)

    def __init__(self, notices: NoticeBar, parent: QObject) -> None:
        super().__init__(parent)
        self._notices = notices
        self._offers: dict[NoticeLine, ModelSpec] = {}

    def offer(self, spec: ModelSpec, text: str) -> None:
        """text: what became of the model. The same one again is the same line."""
        classes = count_noun(len(spec.classes), "class", "classes")
        text = f"{text} Its file does not say what its {classes} are called, so they have numbers."
        notice = self._notices.add(text, "notice", "Name the classes…")
        if notice not in self._offers:
            notice.acted.connect(self._on_acted)
            notice.left.connect(self._on_left)
        self._offers[notice] = spec

    def withdraw(self, named: Callable[[ModelSpec], bool]) -> None:
        """Take back those of models that have names now."""
        for notice, spec in list(self._offers.items()):
            if named(spec):
                self._notices.remove(notice)
                self._offers.pop(notice, None)

    @Slot()
    def _on_acted(self) -> None:
        notice = self.sender()
        if isinstance(notice, NoticeLine) and notice in self._offers:
            self.taken.emit(self._offers[notice])

    @Slot(object)
    def _on_left(self, notice: NoticeLine) -> None:
        self._offers.pop(notice, None)
