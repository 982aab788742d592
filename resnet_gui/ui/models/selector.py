"""The button that names the chosen model, and the list that opens below it."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.zoo import ModelEntry, ModelState
from resnet_gui.ui.models.list_model import (
    ModelList,
    accuracy_line,
    accuracy_texts,
    details,
    facts,
    parameters_text,
)
from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.plain_text import (
    PlainLabel,
    RichLabel,
    one_line,
    rich,
    rich_facts,
    rich_join,
    set_tooltip,
)
from resnet_gui.ui.widgets.screen_room import screen_room
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.titled_list_view import TitledListView
from resnet_gui.ui.widgets.words import size_text

_SIZE = (700, 470)  # pixels, where the screen is large enough


class ModelButton(QPushButton):
    """Two lines: the model's title, and what it was trained on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._line = "", ""
        self.setFixedHeight(48)
        self.setMinimumWidth(190)
        self.setMaximumWidth(330)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(330, 48)  # in a narrow window less: the text is elided

    def show_entry(self, entry: ModelEntry | None, *, random: bool = False) -> None:
        """random: of the entry only the shape counts, its weights will be random."""
        if entry is None:
            self._title, self._line = "No model", "Click to choose one to download"
        elif random:
            size = parameters_text(entry.spec.parameters)
            self._title, self._line = entry.spec.title, f"random weights · {size} parameters"
        else:
            self._title, self._line = entry.spec.title, accuracy_line(entry.spec)
        self.setAccessibleName(one_line(f"Model: {self._title}, {self._line}"))
        set_tooltip(self, "Choose a model (Ctrl+M)")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        colours = theme_colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        inner = QRectF(self.rect()).adjusted(12, 5, -34, -5)
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(colours.text))
        half = inner.height() / 2
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for text, top, bold, colour in (
            (self._title, inner.top(), True, colours.text),
            (self._line, inner.top() + half, False, colours.muted),
        ):
            font.setBold(bold)
            painter.setFont(font)
            painter.setPen(QColor(colour))
            elided = QFontMetricsF(font).elidedText(
                one_line(text), Qt.TextElideMode.ElideRight, inner.width()
            )
            painter.drawText(QRectF(inner.left(), top, inner.width(), half), flags, elided)
        mark = QRectF(self.width() - 28, self.height() / 2 - 9, 18, 18)
        draw_icon(painter, "down", mark, colours.muted)


class _ModelDelegate(QStyledItemDelegate):
    """Paints a group's title, or a model with its accuracy."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        is_title = isinstance(index.data(ModelList.EntryRole), str)
        return QSize(200, 30 if is_title else 46)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        colours = theme_colours()
        value = index.data(ModelList.EntryRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect)
        font = painter.font()
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if isinstance(value, str):
            font.setBold(True)
            font.setPointSizeF(font.pointSizeF() * 0.9)
            painter.setFont(font)
            painter.setPen(QColor(colours.muted))
            painter.drawText(rect.adjusted(10, 6, -10, 0), left, value)
            painter.restore()
            return
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            ground = QPainterPath()
            ground.addRoundedRect(rect.adjusted(4, 1, -4, -1), 6, 6)
            painter.fillPath(ground, QColor(colours.accent_ground))
        spec = value.spec
        accuracy = accuracy_texts(spec)[0]
        upper = QRectF(rect.left() + 14, rect.top() + 4, rect.width() - 28, 20)
        lower = QRectF(rect.left() + 14, rect.top() + 23, rect.width() - 28, 18)
        font.setBold(True)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        room = upper.width() - metrics.horizontalAdvance(accuracy) - 12
        painter.setPen(QColor(colours.text))
        title = metrics.elidedText(one_line(spec.title), Qt.TextElideMode.ElideRight, room)
        painter.drawText(upper, left, title)
        painter.drawText(upper, right, accuracy)
        font.setBold(False)
        font.setPointSizeF(font.pointSizeF() * 0.92)
        painter.setFont(font)
        painter.setPen(QColor(colours.danger if value.problem else colours.muted))
        line = one_line(facts(value))
        painter.drawText(
            lower,
            left,
            QFontMetricsF(font).elidedText(line, Qt.TextElideMode.ElideRight, lower.width() - 18),
        )
        if value.state is ModelState.DOWNLOADABLE:
            draw_icon(
                painter, "download", QRectF(lower.right() - 15, lower.top(), 15, 15), colours.muted
            )
        painter.restore()


class ModelPopup(QFrame):
    """Search, list and card. Closes when a model is chosen or something else is clicked.

    Args:
        chooses_only: choosing downloads nothing (the Train page's start model).
        verb: what the button says of a model that is here.

    Attributes:
        offline: whether nothing can be downloaded now.

    Signals:
        chosen(str): id of the model that was chosen.
    """

    chosen = Signal(str)

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        chooses_only: bool = False,
        verb: str = "Start from this model",
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._chooses_only, self._verb = chooses_only, verb
        self.offline = False
        self.setProperty("kind", "popup")
        self.models = ModelList(self)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search models")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search models")
        set_tooltip(self.search, "Shows the models whose title or id has these letters")
        self.search.textChanged.connect(self._on_search_changed)
        self.search.installEventFilter(self)
        self.view = TitledListView()
        self.view.setModel(self.models)
        self.view.setItemDelegate(_ModelDelegate(self.view))
        self.view.setMouseTracking(True)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setAccessibleName("Models")
        self.view.clicked.connect(self._on_activated)
        self.view.activated.connect(self._on_activated)
        self.view.selectionModel().currentChanged.connect(self._on_current_changed)
        self.empty = PlainLabel("No model matches.")
        self.empty.setProperty("kind", "muted")
        self.empty.hide()
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.card = RichLabel()
        self.card.setWordWrap(True)
        self.card.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.use = QPushButton("Use")
        self.use.setProperty("kind", "primary")
        set_tooltip(self.use, "Take the chosen model (Enter)")
        self.use.clicked.connect(self._on_use_clicked)
        self.use.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.search)
        left.addWidget(self.view, 1)
        left.addWidget(self.empty, 1)
        right = QVBoxLayout()
        right.setContentsMargins(8, 4, 4, 4)
        right.addWidget(self.card, 1)
        right.addWidget(self.use)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 10, 10, 10)
        row.addLayout(left, 11)
        row.addLayout(right, 9)

    def open_below(self, anchor: QWidget, entries: list[ModelEntry], current: str) -> None:
        """Show the list below `anchor` with the model of id `current` selected."""
        self.search.clear()
        self.models.set_entries(entries)
        self._select(self.models.row_of(current))
        below = anchor.mapToGlobal(QPoint(0, anchor.height() + 4))
        self.setScreen(anchor.screen())
        self.setFixedSize(QSize(*_SIZE).boundedTo(screen_room(self)))
        screen = anchor.screen().availableGeometry()
        below.setX(max(screen.left(), min(below.x(), screen.right() - self.width())))
        below.setY(max(screen.top(), min(below.y(), screen.bottom() - self.height())))
        self.move(below)
        self.show()
        self.search.setFocus()

    def show_entries(self, entries: list[ModelEntry]) -> None:
        """The models are others now; what is selected and searched for stays."""
        entry = self.models.entry(self.view.currentIndex().row())
        self.models.set_entries(entries)
        self._select(self.models.row_of(entry.spec.id if entry else ""))

    def event(self, event: QEvent) -> bool:
        """Escape closes the list and nothing behind it."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()
            return True
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys and Return in the search field act on the list."""
        if watched is self.search and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.KeyPress and event.key() in (
                Qt.Key.Key_Down,
                Qt.Key.Key_Up,
            ):
                self._step(1 if event.key() == Qt.Key.Key_Down else -1)
                return True
            if event.type() == QEvent.Type.KeyPress and event.key() in (
                Qt.Key.Key_Return,
                Qt.Key.Key_Enter,
            ):
                self._choose(self.view.currentIndex())
                return True
        return super().eventFilter(watched, event)

    def _step(self, by: int) -> None:
        row = self.view.currentIndex().row() + by
        while 0 <= row < self.models.rowCount() and self.models.entry(row) is None:
            row += by
        if self.models.entry(row) is not None:
            self._select(row)

    def _select(self, row: int) -> None:
        if self.models.entry(row) is None:
            row = self.models.first_entry_row()
        index = self.models.index(row)
        self.view.setCurrentIndex(index)
        self.view.scrollTo(index)
        self._show_card(self.models.entry(row))

    @Slot(str)
    def _on_search_changed(self, text: str) -> None:
        self.models.search(text)
        found = self.models.rowCount() > 0
        self.view.setVisible(found)
        self.empty.setVisible(not found)
        self._select(-1)

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, current: QModelIndex, previous: QModelIndex) -> None:
        self._show_card(self.models.entry(current.row()))

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        """A click on what is ready uses it; what needs a download asks with the button first."""
        entry = self.models.entry(index.row())
        if entry is not None and (entry.state.ready or self._chooses_only):
            self._choose(index)

    @Slot()
    def _on_use_clicked(self) -> None:
        self._choose(self.view.currentIndex())

    def _choose(self, index: QModelIndex) -> None:
        entry = self.models.entry(index.row())
        if entry is not None and self._usable(entry):
            self.hide()
            self.chosen.emit(entry.spec.id)

    def _usable(self, entry: ModelEntry) -> bool:
        return entry.state.ready or self._chooses_only or not self.offline

    def _show_card(self, entry: ModelEntry | None) -> None:
        self.use.setVisible(entry is not None and self._usable(entry))
        if entry is None:
            self.card.clear()
            return
        muted = theme_colours().muted
        title = rich(
            "<p style='margin:0 0 10px 0; font-size:large'><b>{title}</b></p>",
            title=one_line(entry.spec.title),
        )
        rows = details(entry)
        if not self._usable(entry):
            rows.insert(0, ("Not on this computer", "Offline mode is on: nothing is downloaded."))
        self.card.setText(rich_join([title, rich_facts(rows, muted)]))
        ready = entry.state.ready
        size = size_text(entry.spec.bytes)
        if entry.state is ModelState.UNTRAINED:
            self.use.setText("Train this network")
        elif self._chooses_only:
            self.use.setText(self._verb)
        else:
            self.use.setText("Use this model" if ready else f"Download {size} and use")
        self.use.setEnabled(not entry.problem)
