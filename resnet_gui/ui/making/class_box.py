"""One box: a class with its name and photos, or the unsorted ones. Things are dropped on it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.dataset.collection.boxes import UNSORTED
from resnet_gui.core.dataset.summary import count_noun
from resnet_gui.ui.making.box_model import PHOTOS_MIME, THUMBNAIL, BoxModel, PhotoDelegate, paths_of
from resnet_gui.ui.making.controller import MakingController
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.images import clipboard_mime, may_hold_photos, read_mime
from resnet_gui.ui.widgets.menu_list_view import MenuListView
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.thumbnails import Thumbnails

WIDTH = 236  # points that a class takes at least
_HEIGHT = 216
_LOW = 34  # points of the unsorted photos while there are none
_LONGEST_NAME = 100
_ROWS_AT_ONCE = 1000  # that are laid out in one step: 2 ms


class _NameEdit(QLineEdit):
    """A class's name. Photos on the clipboard are pasted into the class, not as text.

    Signals:
        photos_pasted().
    """

    photos_pasted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Paste):
            mime = clipboard_mime()
            if mime.hasUrls() or mime.hasImage():
                self.photos_pasted.emit()
                return
        super().keyPressEvent(event)


class _Photos(MenuListView):
    """Del takes the selected photos out. What is painted while there are none says what to do.

    Signals:
        remove_requested().
    """

    remove_requested = Signal()

    def __init__(self, hint: str) -> None:
        super().__init__()
        self._hint = hint
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(_ROWS_AT_ONCE)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setDragDropMode(QListView.DragDropMode.DragOnly)
        self.setProperty("kind", "bare")
        self.setItemDelegate(PhotoDelegate(self))

    def minimumSizeHint(self) -> QSize:
        return QSize(THUMBNAIL + 16, THUMBNAIL + 12)

    def sizeHint(self) -> QSize:
        return QSize(3 * THUMBNAIL, THUMBNAIL + 16)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_requested.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.model().rowCount():
            return
        painter = QPainter(self.viewport())
        painter.setPen(QColor(theme_colours().muted))
        room = QRectF(self.viewport().rect()).adjusted(8, 4, -8, -4)
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        painter.drawText(room, flags, self._hint)


class _Over(PlainLabel):
    """A sentence over the photos' upper edge: it moves nothing while somebody types."""

    def __init__(self, photos: QWidget) -> None:
        super().__init__(parent=photos)
        self._photos = photos
        self.setProperty("kind", "warning")
        self.setContentsMargins(8, 5, 8, 5)
        self.setWordWrap(True)
        self.hide()
        photos.installEventFilter(self)

    def say(self, text: str) -> None:
        """ "": nothing."""
        self.setText(text)
        self.setVisible(bool(text))
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        width = self._photos.width()
        self.setGeometry(0, 0, width, self.heightForWidth(width))


class ClassBox(QFrame):
    """Signals:
    entered(int): the box is the one that the person is at. The others carry the box's number, too.
    add_requested(int): choose files. paste_requested(int). sort_requested().
    menu_requested(int, QPoint): what can be done with it; where on the screen.
    """

    entered = Signal(int)
    add_requested = Signal(int)
    paste_requested = Signal(int)
    menu_requested = Signal(int, QPoint)
    sort_requested = Signal()

    def __init__(
        self,
        box: int,
        controller: MakingController,
        thumbnails: Thumbnails,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.box, self._controller = box, controller
        self._current = self._target = False
        self.setProperty("kind", "card")
        self.setAcceptDrops(True)
        unsorted = box == UNSORTED
        self.view = _Photos(
            "Drop photos here that belong to no class yet, and sort them one by one."
            if unsorted
            else "Drop photos or folders here, or paste them (Ctrl+V)."
        )
        self.model = BoxModel(thumbnails, self)
        self.view.setModel(self.model)
        self.model.pictured.connect(self._on_pictured)
        self.view.remove_requested.connect(self.remove_selected)
        self.view.menu_requested.connect(self._on_menu_requested)
        self.refused = _Over(self.view)
        self.add = QPushButton("Add photos…")
        self.add.setProperty("kind", "plain")
        self.add.clicked.connect(self._on_add_clicked)
        self.more = QPushButton("…")
        self.more.setProperty("kind", "plain")
        set_tooltip(self.more, "What can be done with these photos")
        self.more.clicked.connect(self._on_more_clicked)
        self.count = PlainLabel()
        self.count.setProperty("kind", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 8, 6)
        column.setSpacing(4)
        if unsorted:
            self._build_unsorted(column)
        else:
            self._build_class(column)
        for part in self.findChildren(QWidget):
            part.installEventFilter(self)

    def _build_class(self, column: QVBoxLayout) -> None:
        self.setMinimumSize(WIDTH, _HEIGHT)
        self.name = _NameEdit()
        self.name.setMaxLength(_LONGEST_NAME)
        self.name.setAcceptDrops(False)  # files are photos here, not text
        self.name.setAccessibleName("Name of the class")
        self.name.setPlaceholderText("Name of the class")
        self.name.textEdited.connect(self.refused.hide)
        self.name.editingFinished.connect(self._on_named)
        self.name.returnPressed.connect(self.view.setFocus)
        self.name.photos_pasted.connect(self._on_photos_pasted)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.name, 1)
        head.addWidget(self.more)
        foot = QHBoxLayout()
        foot.addWidget(self.count, 1)
        foot.addWidget(self.add)
        column.addLayout(head)
        column.addWidget(self.view, 1)
        column.addLayout(foot)

    def _build_unsorted(self, column: QVBoxLayout) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.view.setAccessibleName("Unsorted photos")
        title = PlainLabel("Unsorted")
        embolden(title)
        self.sort = QPushButton("Sort by eye…")
        set_tooltip(self.sort, "One photo at a time, large: a key puts it into its class")
        self.sort.clicked.connect(self.sort_requested)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(title)
        head.addWidget(self.count, 1)
        head.addWidget(self.add)
        head.addWidget(self.sort)
        head.addWidget(self.more)
        column.addLayout(head)
        column.addWidget(self.view)

    # --- showing ----------------------------------------------------------------------------

    def show_photos(self) -> None:
        photos = self._controller.boxes.photos(self.box)
        self.model.show_photos(photos)
        self.refused.hide()  # something else was done
        self.count.setText(count_noun(len(photos), "photo"))
        self.more.setEnabled(bool(photos) or self.box != UNSORTED)
        if self.box == UNSORTED:
            self.sort.setEnabled(bool(photos))
            self.view.setFixedHeight(THUMBNAIL + 12 if photos else _LOW)
        self._name_parts()

    def show_name(self) -> None:
        name = self._controller.boxes.name(self.box)
        if not (self.name.hasFocus() and self.name.isModified()):
            self.name.setText(name)
            self.name.setCursorPosition(0)
        set_tooltip(self.name, class_words(name))
        self._name_parts()

    def _name_parts(self) -> None:
        boxes = self._controller.boxes
        what = f"“{class_words(boxes.name(self.box))}”" if self.box else "the unsorted photos"
        if self.box:
            self.view.setAccessibleName(f"Photos of {what}")
        self.setAccessibleName(f"{what}: {self.count.text()}")
        set_tooltip(self.add, f"Choose photos for {what}" if self.box else "Choose photos to sort")
        self.add.setAccessibleName(f"Add photos to {what}")
        self.more.setAccessibleName(f"More for {what}")

    def set_current(self, on: bool) -> None:
        """Whether what is pasted comes here."""
        if on != self._current:
            self._current = on
            self.update()

    def selected(self) -> list[str]:
        """The paths of the selected photos."""
        # By ranges: an index object for each of 10,000 photos takes 70 ms.
        return [
            self.model.path(row)
            for rows in self.view.selectionModel().selection().toList()
            for row in range(rows.top(), rows.bottom() + 1)
        ]

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not (self._current or self._target):
            return
        colours = theme_colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._target:
            painter.setBrush(QColor(colours.accent_ground))
        painter.setPen(QPen(QColor(colours.accent), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 10, 10)

    # --- what the person does ---------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn:
            self.entered.emit(self.box)
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.view.setFocus()

    @Slot(int)
    def _on_pictured(self, row: int) -> None:
        self.view.viewport().update(self.view.visualRect(self.model.index(row)))

    @Slot()
    def _on_named(self) -> None:
        if self.name.isModified():
            self.name.setModified(False)
            refused = self._controller.rename(self.box, self.name.text())
            self.refused.say(refused)
            self.name.setAccessibleDescription(refused)
            self.show_name()  # the old one, or without the spaces around it

    @Slot()
    def _on_add_clicked(self) -> None:
        self.add_requested.emit(self.box)

    @Slot()
    def _on_photos_pasted(self) -> None:
        self.paste_requested.emit(self.box)

    @Slot()
    def _on_more_clicked(self) -> None:
        self.menu_requested.emit(self.box, self.more.mapToGlobal(QPoint(0, self.more.height())))

    @Slot(object, QPoint)
    def _on_menu_requested(self, index: object, at: QPoint) -> None:
        self.menu_requested.emit(self.box, at)

    @Slot()
    def remove_selected(self) -> None:
        """Take the selected photos out; the next one is current then."""
        selected = self.selected()
        if selected:
            ranges = self.view.selectionModel().selection().toList()
            row = min(rows.top() for rows in ranges)
            self._controller.remove(selected)
            row = min(row, self.model.rowCount() - 1)
            if row >= 0:
                self.view.setCurrentIndex(self.model.index(row))

    # --- drag and drop ----------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        mime = event.mimeData()
        if mime.hasFormat(PHOTOS_MIME):
            own = event.source() is self.view
            event.setAccepted(not own)
            self._set_target(not own)
        elif may_hold_photos(mime):
            event.setDropAction(Qt.DropAction.CopyAction)  # never move: the files are not ours
            event.accept()
            self._set_target(True)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if not event.mimeData().hasFormat(PHOTOS_MIME):
            event.setDropAction(Qt.DropAction.CopyAction)
        event.setAccepted(self._target)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._set_target(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._set_target(False)
        mime = event.mimeData()
        if mime.hasFormat(PHOTOS_MIME):
            event.accept()
            self._controller.move(paths_of(mime), self.box)
        else:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self._controller.take(read_mime(mime), self.box)
            self.window().activateWindow()
        self.entered.emit(self.box)

    @property
    def targeted(self) -> bool:
        """Whether something is dragged over it that it would take."""
        return self._target

    def _set_target(self, on: bool) -> None:
        self._target = on
        self.update()
