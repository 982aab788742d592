"""Where a page stands in the window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class Place(QScrollArea):
    """Gives a page all the room there is. Where that is less than the page can do with, on a small
    screen, the page can be scrolled and nothing of it is cut.

    Not by `setWidgetResizable`: that takes the height that a page with wrapped texts would like
    for the one that it needs, and would scroll where nothing has to.
    """

    def __init__(self, page: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setProperty("kind", "bare")
        self._page = page
        self.setWidget(page)
        page.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The page needs another size than before."""
        if event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self._fit()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room, bars = self.maximumViewportSize(), self._bars()
        need = self._needed(room.width())
        if need.height() > room.height():
            room -= QSize(bars.width(), 0)
            need = self._needed(room.width())
        if need.width() > room.width():
            room -= QSize(0, bars.height())
            if (
                need.height() > room.height()
                and need.height() <= self.maximumViewportSize().height()
            ):
                room -= QSize(bars.width(), 0)
        self._page.resize(room.expandedTo(need))

    def _bars(self) -> QSize:
        """How much room the two scroll bars take."""
        across, along = self.verticalScrollBar(), self.horizontalScrollBar()
        return QSize(across.sizeHint().width(), along.sizeHint().height())

    def _needed(self, width: int) -> QSize:
        """The least that the page can do with, in a width of so many pixels."""
        least, layout = self._page.minimumSizeHint(), self._page.layout()
        least = least.expandedTo(self._page.minimumSize())
        if layout is not None and layout.hasHeightForWidth():
            height = layout.totalMinimumHeightForWidth(max(width, least.width()))
            least.setHeight(max(height, self._page.minimumHeight()))
        return least
