"""Sentences above a page: what has just happened, what went wrong, and offers.

How long one stays: what went well ("notice") goes by itself once it could be read; what went wrong
("warning"), and what offers a button, stays until it is closed. What was dropped or pasted for
nothing ("miss", shown like a warning) is forgotten as soon as something else was of use. What is
proposed without an occasion ("offer") stands below all that has one, and goes once it was in sight
for a while, button or not. What can
be mended in the settings ("settings") is a warning with a way there. All together never take more
than a few lines of the page: what does not fit is scrolled to.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QEnterEvent, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.ui.widgets.icons import put_icon
from resnet_gui.ui.widgets.plain_text import PlainLabel, action_text, set_tooltip
from resnet_gui.ui.widgets.progress_bar import ProgressBar
from resnet_gui.ui.widgets.spoken import announce

_MOST_PASSING = 2  # notices that go by themselves; the oldest makes room
_MOST = 12  # of all that can be closed
_HIGHEST = 136  # pixels of all together: three lines, then they scroll
_LOWEST_LIMIT = 48  # pixels that they may take on the lowest page
_SHARE_OF_PAGE = 6  # and of a page no more than the sixth part
READING_MS = 7_000  # a notice stays so long, and longer by each character
READING_MS_PER_CHARACTER = 50
_LONGEST_READING_MS = 20_000
OFFER_MS = 45_000  # what nobody asked for is read between two other things


class NoticeLine(QFrame):
    """One sentence, perhaps with a button and a progress bar.

    Attributes:
        missed: it says that something was of no use. offers: nothing has happened; it proposes
            something. topic: what it is about; see
            `NoticeBar.forget`.

    Signals:
        closed(): by the person. acted(): its button was clicked.
        left(NoticeLine): it was closed, its time is over, or it made room for newer ones.
    """

    closed = Signal()
    acted = Signal()
    left = Signal(object)

    def __init__(
        self, text: str, kind: str = "notice", action: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._times = 1
        self.offers = kind == "offer"
        self._passing = self.offers or (kind == "notice" and not action)
        self.missed = kind == "miss"
        self.topic = ""
        self.setProperty("kind", "notice" if kind in ("notice", "offer") else "warning")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.setSpacing(10)
        self.label = PlainLabel(text)
        self.label.setWordWrap(True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(self.label, 1)
        self.times = PlainLabel()
        self.times.setProperty("kind", "muted")
        self.times.hide()
        row.addWidget(self.times)
        self.bar = ProgressBar("How far it is")
        self.bar.setFixedWidth(160)
        self.bar.hide()
        row.addWidget(self.bar)
        # Shown before it has a parent, it would be a window for a moment and take the focus.
        self.button = QPushButton(action_text(action), self)
        self.button.setVisible(bool(action))
        self.button.clicked.connect(self.acted)
        row.addWidget(self.button)
        self.close_button = QToolButton()
        self.close_button.setAutoRaise(True)
        put_icon(self.close_button, "close", side=14)
        set_tooltip(self.close_button, "Close")
        self.close_button.setAccessibleName("Close this notice")
        self.close_button.clicked.connect(self._on_close_clicked)
        row.addWidget(self.close_button)
        self._row = row
        self._time = QTimer(self)
        self._time.setSingleShot(True)
        self._time.timeout.connect(self._on_time_over)

    @property
    def closable(self) -> bool:
        """What cannot be closed by hand belongs to something that goes on: its owner removes it."""
        return not self.close_button.isHidden()

    @property
    def passing(self) -> bool:
        """Whether it goes by itself."""
        return self._passing and self.closable

    def add_button(self, text: str) -> QPushButton:
        """A second way to answer, beside the first button."""
        button = QPushButton(action_text(text), self)
        self._row.insertWidget(self._row.indexOf(self.close_button), button)
        self.setTabOrder(self.button, button)
        self.setTabOrder(button, self.close_button)
        button.show()
        return button

    def count_again(self) -> None:
        """The same was said once more."""
        self._times += 1
        self.times.setText(f"{self._times} times")
        self.times.show()
        self._start_time()

    def _start_time(self) -> None:
        if self.passing and self.isVisible():
            reading = READING_MS + READING_MS_PER_CHARACTER * len(self.label.text())
            self._time.start(OFFER_MS if self.offers else min(reading, _LONGEST_READING_MS))

    def showEvent(self, event: QShowEvent) -> None:
        """Only what is on the screen can be read: on a hidden page it waits."""
        super().showEvent(event)
        self._start_time()

    def hideEvent(self, event: QHideEvent) -> None:
        self._time.stop()
        super().hideEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._time.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._start_time()
        super().leaveEvent(event)

    @Slot()
    def _on_time_over(self) -> None:
        read = self.window().isActiveWindow() and not self.underMouse()
        used = self.button.hasFocus() or self.close_button.hasFocus()
        if self.passing and read and not used:
            self.left.emit(self)
        else:
            self._start_time()

    @Slot()
    def _on_close_clicked(self) -> None:
        self.closed.emit()
        self.left.emit(self)


class NoticeBar(QWidget):
    """The notices of one page, one below the other; the same sentence never twice.

    Signals:
        settings_requested(): by the button of a notice of that kind.
    """

    settings_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notices: list[NoticeLine] = []
        self._wanted = 0
        self._inner = QWidget()
        self._column = QVBoxLayout(self._inner)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._scroll = QScrollArea(self)
        self._scroll.setProperty("kind", "still")
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._inner)
        self._inner.installEventFilter(self)
        self.hide()

    @property
    def texts(self) -> list[str]:
        return [notice.label.text() for notice in self._notices]

    @property
    def shown(self) -> tuple[NoticeLine, ...]:
        """The notices from top to bottom."""
        return tuple(self._notices)

    def add(self, text: str, kind: str = "notice", action: str = "", topic: str = "") -> NoticeLine:
        """Show a sentence; returns its widget (the one that is there, if it says the same).

        Args:
            topic: what it is about, a word of the caller's for `forget`.
        """
        for notice in self._notices:
            if notice.label.text() == text:
                notice.count_again()
                return notice
        leads = kind == "settings"
        notice = NoticeLine(text, kind, "Settings…" if leads else action, self._inner)
        notice.topic = topic
        notice.left.connect(self._on_left)
        if leads:
            notice.acted.connect(self.settings_requested)
        below = next((shown for shown in self._notices if shown.offers), None)
        place = len(self._notices) if below is None else self._notices.index(below)
        self._join_focus_chain(notice, below)
        self._notices.insert(place, notice)
        self._column.insertWidget(place, notice)
        self._make_room()
        self.show()
        notice.show()
        self._fit()
        # It may have gone by itself before anybody who does not see it comes to it.
        announce(notice, text, urgent=kind in ("warning", "settings"))
        return notice

    def _join_focus_chain(self, notice: NoticeLine, below: NoticeLine | None) -> None:
        """Tab reaches a notice where it is seen; what is made late would come last of all."""
        after: QWidget = self if below is None else below.button
        before: QWidget = after.previousInFocusChain() or self
        for button in (notice.button, notice.close_button):
            self.setTabOrder(before, button)
            before = button

    def remove(self, notice: NoticeLine) -> None:
        if notice in self._notices:
            self._notices.remove(notice)
            self._column.removeWidget(notice)
            notice.hide()
            notice.deleteLater()
        self.setVisible(bool(self._notices))
        self._fit()

    def forget(self, topic: str) -> None:
        """What was said of this says nothing of what comes now."""
        for notice in [notice for notice in self._notices if notice.topic == topic]:
            self.remove(notice)

    @Slot()
    def forget_misses(self) -> None:
        """Something was of use: what was not is of yesterday."""
        for notice in [notice for notice in self._notices if notice.missed]:
            self.remove(notice)

    def _make_room(self) -> None:
        passing = [notice for notice in self._notices if notice.passing and not notice.offers]
        for old in passing[:-_MOST_PASSING]:
            old.left.emit(old)  # who added it may want to change its text later
        closable = [notice for notice in self._notices if notice.closable]
        for old in closable[:-_MOST]:
            old.left.emit(old)

    @Slot(object)
    def _on_left(self, notice: NoticeLine) -> None:
        self.remove(notice)

    # --- how high it is ---------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(300, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Not by a layout: it would come after the height that is found here, with the old one.
        self._fit()
        self._scroll.setGeometry(self.rect())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A sentence has changed: it may need another line."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        """As high as the notices, up to the limit; then the newest is in sight."""
        wanted = self._column.totalHeightForWidth(self.width()) if self._notices else 0
        page = self.parentWidget()
        limit = _HIGHEST
        if page is not None:
            limit = max(_LOWEST_LIMIT, min(limit, page.height() // _SHARE_OF_PAGE))
        self.setFixedHeight(max(0, min(wanted, limit)))
        if wanted != self._wanted and wanted > limit:
            self._inner.resize(self._inner.width(), wanted)
            self._column.activate()  # else where the newest stands would be of before
            newest = next((n for n in reversed(self._notices) if not n.offers), self._notices[-1])
            room = limit - 2 * self._scroll.frameWidth()
            self._scroll.verticalScrollBar().setValue(newest.geometry().bottom() + 1 - room)
        self._wanted = wanted
