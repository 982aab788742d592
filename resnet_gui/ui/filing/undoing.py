"""“Undo” of the newest batch of files, after a question: an entry of a menu."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from resnet_gui.core.filing.batch import CORRECTING, BatchInfo, How
from resnet_gui.ui.filing.filer import Filer
from resnet_gui.ui.widgets.plain_text import MessageBox, action_text, one_line


class UndoBatch(QObject):
    """The newest batch may be another page's: the action is named after the batch.

    Attributes:
        action: says what it would take back.
    """

    def __init__(self, filer: Filer, text: str, title: str, widget: QWidget) -> None:
        """
        Args:
            text: of the action, with its mark. title: of the question: "Undo applying" or "Undo
                sorting", whichever batches the page makes. widget: in whose window that is asked.
        """
        super().__init__(widget)
        self._filer, self._text, self._title, self._widget = filer, text, title, widget
        self._asked: BatchInfo | None = None
        self.action = QAction(text, widget)
        self.action.triggered.connect(self._on_undo)
        filer.changed.connect(self._refresh)

    def usable(self) -> bool:
        """Whether there is something to undo."""
        return self._filer.working is None and self._filer.undoable is not None

    @Slot()
    def _refresh(self) -> None:
        info = self._filer.undoable
        said = f": {action_text(_lower(info.undo_text))}" if info is not None else ""
        title = _title(info) if info is not None else self._title
        # The mark is the page's own: in another page's menu its letter may be taken.
        self.action.setText(f"{self._text if title == self._title else title}{said}")

    @Slot()
    def _on_undo(self) -> None:
        info = self._filer.undoable
        if info is None or self._filer.working is not None:
            return
        self._asked = info
        what = {How.MOVE: "The photos", How.COPY: "The copies", How.LINK: "The links"}[info.how]
        box = MessageBox(
            self._widget.window(),
            _title(info),
            f"{info.undo_text}?",
            f"{one_line(info.title, 120)}, on {info.when}.\n\n{what} are below "
            f"{info.folder or 'several folders'}. What was changed since stays as it is, and is "
            "named.",
        )
        yes = box.addButton(
            "Move back" if info.how is How.MOVE else "Remove", MessageBox.ButtonRole.AcceptRole
        )
        box.addButton(MessageBox.StandardButton.Cancel)
        box.setDefaultButton(yes)
        box.accepted.connect(self._on_confirmed)
        box.open()

    @Slot()
    def _on_confirmed(self) -> None:
        if self._asked is not None:
            self._filer.undo(self._asked)


def _title(info: BatchInfo) -> str:
    return "Undo applying" if info.title.startswith(CORRECTING) else "Undo sorting"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
