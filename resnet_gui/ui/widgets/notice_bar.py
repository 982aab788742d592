"""Sentences above the photo: notices that stay until they are closed, and one offer."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.ui.widgets.icons import icon
from resnet_gui.ui.widgets.plain_text import PlainLabel, action_text, set_tooltip

_MOST = 3


class NoticeLine(QFrame):
    """One sentence, perhaps with a button and a progress bar.

    Signals:
        closed(), acted().
    """

    closed = Signal()
    acted = Signal()

    def __init__(
        self, text: str, kind: str = "notice", action: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("kind", kind)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.setSpacing(10)
        self.label = PlainLabel(text)
        self.label.setWordWrap(True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(self.label, 1)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(160)
        self.bar.hide()
        row.addWidget(self.bar)
        self.button = QPushButton(action_text(action))
        self.button.setVisible(bool(action))
        self.button.clicked.connect(self.acted)
        row.addWidget(self.button)
        self.close_button = QToolButton()
        self.close_button.setAutoRaise(True)
        self.close_button.setIcon(icon("close", side=14))
        set_tooltip(self.close_button, "Close")
        self.close_button.setAccessibleName("Close this notice")
        self.close_button.clicked.connect(self.closed)
        row.addWidget(self.close_button)


class NoticeBar(QWidget):
    """The newest few notices, one below the other; the same sentence never twice."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._notices: list[NoticeLine] = []
        self.hide()

    @property
    def texts(self) -> list[str]:
        return [notice.label.text() for notice in self._notices]

    @property
    def shown(self) -> tuple[NoticeLine, ...]:
        """The notices from top to bottom."""
        return tuple(self._notices)

    def add(self, text: str, kind: str = "notice", action: str = "") -> NoticeLine:
        """Show a sentence; returns its widget (the one that is there, if it says the same)."""
        for notice in self._notices:
            if notice.label.text() == text:
                return notice
        notice = NoticeLine(text, kind, action, self)
        notice.closed.connect(self._on_closed)
        self._notices.append(notice)
        self._column.addWidget(notice)
        # What cannot be closed by hand belongs to something that goes on: its owner removes it.
        closable = [n for n in self._notices if not n.close_button.isHidden()]
        for old in closable[:-_MOST]:
            self.remove(old)
        self.show()
        return notice

    def remove(self, notice: NoticeLine) -> None:
        if notice in self._notices:
            self._notices.remove(notice)
            self._column.removeWidget(notice)
            notice.hide()
            notice.deleteLater()
        self.setVisible(bool(self._notices))

    @Slot()
    def _on_closed(self) -> None:
        notice = self.sender()
        if isinstance(notice, NoticeLine):
            self.remove(notice)
