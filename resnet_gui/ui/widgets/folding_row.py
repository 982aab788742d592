"""Two groups of controls in one line; where that has no room for both, one below the other."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget


class FoldingRow(QWidget):
    """Attributes:
    first, second: the groups. `first` gets the room that is left.
    """

    def __init__(self, spacing: int, parent: QWidget | None = None) -> None:
        """`spacing`: between two controls, in pixels."""
        super().__init__(parent)
        self._spacing = spacing
        self.first, self.second = QHBoxLayout(), QHBoxLayout()
        self._both = both = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        both.setContentsMargins(0, 0, 0, 0)
        for layout in (both, self.first, self.second):
            layout.setSpacing(spacing)
        both.addLayout(self.first, 1)
        both.addLayout(self.second)

    @property
    def folded(self) -> bool:
        return self._both.direction() is QBoxLayout.Direction.TopToBottom

    def minimumSizeHint(self) -> QSize:
        """As narrow as it can get, whatever it is now."""
        width = max(group.minimumSize().width() for group in (self.first, self.second))
        return QSize(width, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def event(self, event: QEvent) -> bool:
        """A control has come or gone, or says something else."""
        result = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fold()
        return result

    def _fold(self) -> None:
        least = sum(group.minimumSize().width() for group in (self.first, self.second))
        folds = least + self._spacing > self.width()
        if folds != self.folded:
            direction = QBoxLayout.Direction
            self._both.setDirection(direction.TopToBottom if folds else direction.LeftToRight)
            self._both.setSpacing(4 if folds else self._spacing)
            self.updateGeometry()
