"""The strip of thumbnails below the photo, and the line that says how far they are."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListView,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.menu_list_view import MenuListView
from resnet_gui.ui.widgets.photo_list import PhotoList, PhotoState, caption_lines
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip
from resnet_gui.ui.widgets.status import PhotosProgress
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.words import duration

_WIDTH, _HEIGHT, _LOW_HEIGHT = 116, 111, 81
_PICTURE_WIDTH, _CAPTION_HEIGHT = 104, 37
_SCROLL_BAR = 20  # below the cells, with the frame


class _PhotoDelegate(QStyledItemDelegate):
    """Paints one thumbnail with its top label; `height` of a cell, in points."""

    height = _HEIGHT

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(_WIDTH, self.height)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        colours = theme_colours()
        photo = index.data(PhotoList.PhotoRole)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        cell = QRectF(option.rect).adjusted(2, 2, -2, -2)
        if selected:
            ground = QPainterPath()
            ground.addRoundedRect(cell, 8, 8)
            painter.fillPath(ground, QColor(colours.accent_ground))
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawPath(ground)
        frame = QRectF(
            cell.center().x() - _PICTURE_WIDTH / 2,
            cell.top() + 4,
            _PICTURE_WIDTH,
            self.height - _CAPTION_HEIGHT,
        )
        image = index.data(Qt.ItemDataRole.DecorationRole)
        clip = QPainterPath()
        clip.addRoundedRect(frame, 5, 5)
        painter.save()
        painter.setClipPath(clip)
        if image is not None:
            wide = image.width() / image.height() > frame.width() / frame.height()
            height = image.height() if wide else image.width() * frame.height() / frame.width()
            width = image.height() * frame.width() / frame.height() if wide else image.width()
            part = QRectF((image.width() - width) / 2, (image.height() - height) / 2, width, height)
            painter.drawImage(frame, image, part)
        else:
            painter.fillRect(frame, QColor(colours.track))
            failed = photo.state is PhotoState.FAILED
            mark = QRectF(frame.center().x() - 12, frame.center().y() - 12, 24, 24)
            name, colour = ("alert", colours.danger) if failed else ("photo", colours.muted)
            draw_icon(painter, name, mark, colour)
        painter.restore()
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() * 0.85))
        painter.setFont(font)
        failed = photo.state is PhotoState.FAILED
        old = colours.muted if photo.stale else colours.text
        painter.setPen(QColor(colours.danger if failed else old))
        line = QRectF(
            cell.left() + 4,
            frame.bottom() + 2,
            cell.width() - 8,
            cell.bottom() - frame.bottom() - 2,
        )
        # Of a file's name the end counts too; a class keeps its beginning.
        mode = Qt.TextElideMode.ElideMiddle if failed else Qt.TextElideMode.ElideRight
        for number, text in enumerate(caption_lines(photo)):
            metrics = painter.fontMetrics()
            below = line.translated(0, number * metrics.height())
            below.setHeight(metrics.height())
            shown = metrics.elidedText(text, mode, int(line.width()))
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, shown)
            painter.setPen(QColor(colours.muted))
        painter.restore()


class _Photos(MenuListView):
    """The row of thumbnails. Del removes, Enter and a double click open.

    Signals:
        remove_requested(QModelIndex), open_requested(QModelIndex).
    """

    remove_requested = Signal(QModelIndex)
    open_requested = Signal(QModelIndex)

    def __init__(self) -> None:
        super().__init__()
        self._delegate = _PhotoDelegate(self)
        self.setItemDelegate(self._delegate)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMaximumHeight(_HEIGHT + _SCROLL_BAR)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), _HEIGHT + _SCROLL_BAR)

    def minimumSizeHint(self) -> QSize:
        return QSize(_WIDTH, _LOW_HEIGHT + _SCROLL_BAR)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Thumbnails become lower where the window is low."""
        height = max(_LOW_HEIGHT, min(_HEIGHT, self.height() - _SCROLL_BAR))
        if height != self._delegate.height:
            self._delegate.height = height
            self.scheduleDelayedItemsLayout()
        super().resizeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if index.isValid() and event.key() == Qt.Key.Key_Delete:
            self.remove_requested.emit(index)
        elif index.isValid() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_requested.emit(index)
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self.open_requested.emit(index)


class PhotoStrip(QWidget):
    """Thumbnails in one row; hidden while there is one photo.

    Signals:
        chosen(int): row of the photo that was clicked or reached with the arrow keys.
        stop_requested(), go_on_requested(), clear_requested().
        unsure_requested(): the next photo of which the model is not sure.
        sort_requested(): into folders.
        menu_requested(object, QPoint): a Photo's menu; where on the screen.
        remove_requested(object), open_requested(object): a Photo.
    """

    chosen = Signal(int)
    menu_requested = Signal(object, QPoint)
    remove_requested = Signal(object)
    open_requested = Signal(object)
    stop_requested = Signal()
    go_on_requested = Signal()
    clear_requested = Signal()
    unsure_requested = Signal()
    sort_requested = Signal()

    def __init__(self, photos: PhotoList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._photos = photos
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        header = QHBoxLayout()
        header.setSpacing(10)
        self.summary = PlainLabel()
        self.summary.setProperty("kind", "muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(160)
        self.stop = QPushButton("Stop")
        self.go_on = QPushButton("Go on")
        self.next_unsure = QPushButton("Next unsure")
        set_tooltip(self.next_unsure, "The next photo that the model is not sure of (Ctrl+U)")
        self.sort = QPushButton("Sort into folders…")
        set_tooltip(self.sort, "Copy, move or link the photos by their label (Ctrl+Shift+S)")
        self.remove_all = QPushButton("Clear")
        set_tooltip(self.remove_all, "Empty the list. Your files stay where they are.")
        for button, signal in (
            (self.stop, self.stop_requested),
            (self.go_on, self.go_on_requested),
            (self.next_unsure, self.unsure_requested),
            (self.sort, self.sort_requested),
            (self.remove_all, self.clear_requested),
        ):
            button.setProperty("kind", "plain")
            button.clicked.connect(signal)
        header.addWidget(self.summary)
        header.addWidget(self.bar)
        header.addWidget(self.stop)
        header.addWidget(self.go_on)
        header.addWidget(self.next_unsure)
        header.addStretch()
        header.addWidget(self.sort)
        header.addWidget(self.remove_all)
        column.addLayout(header)
        self.view = _Photos()
        self.view.menu_requested.connect(self._on_menu_requested)
        self.view.remove_requested.connect(self._on_remove_requested)
        self.view.open_requested.connect(self._on_open_requested)
        self.view.setModel(photos)
        self.view.setFlow(QListView.Flow.LeftToRight)
        self.view.setWrapping(False)
        self.view.setUniformItemSizes(True)
        self.view.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setAccessibleName("Photos")
        column.addWidget(self.view)
        self.view.selectionModel().currentChanged.connect(self._on_current_changed)
        self._progress = PhotosProgress(0, 0, 0.0, None)
        # Counting looks at every photo: a few times a second are enough.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(60)
        self._soon.timeout.connect(self._refresh)
        photos.counted.connect(self._on_counted)
        self._refresh()

    def show_current(self, row: int) -> None:
        """Follow the controller's current photo."""
        index = self._photos.index(row)
        if index.isValid() and index != self.view.currentIndex():
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)

    @Slot(object)
    def show_progress(self, progress: PhotosProgress) -> None:
        self._progress = progress
        self._refresh()

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, current: QModelIndex, previous: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(current.row())

    @Slot(QModelIndex, QPoint)
    def _on_menu_requested(self, index: QModelIndex, at: QPoint) -> None:
        self.menu_requested.emit(index.data(PhotoList.PhotoRole), at)

    @Slot(QModelIndex)
    def _on_remove_requested(self, index: QModelIndex) -> None:
        self.remove_requested.emit(index.data(PhotoList.PhotoRole))

    @Slot(QModelIndex)
    def _on_open_requested(self, index: QModelIndex) -> None:
        self.open_requested.emit(index.data(PhotoList.PhotoRole))

    @Slot()
    def _on_counted(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    @Slot()
    def _refresh(self) -> None:
        count = self._photos.rowCount()
        self.setVisible(count > 1)
        progress = self._progress
        running = progress.running
        idle = sum(photo.state is PhotoState.IDLE for photo in self._photos.photos())
        left = not running and 0 < idle < count
        # Counted at the end only: answers come many times a second.
        unsure = 0 if running or left else sum(photo.unsure for photo in self._photos.photos())
        focused = self.window().focusWidget()
        self.bar.setVisible(running)
        self.stop.setVisible(running)
        self.go_on.setVisible(left)
        self.next_unsure.setVisible(unsure > 0)
        if focused in (self.stop, self.go_on, self.next_unsure) and focused.isHidden():
            # Qt would go on to “Clear”, and the next press of the space bar would empty the list.
            (self.stop if running else self.go_on if left else self.view).setFocus()
        if running:
            self.bar.setRange(0, progress.total)
            self.bar.setValue(progress.done)
            text = f"{progress.done:,} of {progress.total:,}"
            if progress.per_second:
                text += f" · {progress.per_second:.0f} photos/s"
            if progress.eta_s is not None:
                text += f" · about {duration(progress.eta_s)} left"
        else:
            text = f"{count:,} photos"
            if left:
                text += f" · {idle:,} not classified"
            if unsure:
                text += f" · {unsure:,} unsure"
        self.summary.setText(text)
