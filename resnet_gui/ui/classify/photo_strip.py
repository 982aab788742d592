"""The strip of thumbnails below the photo, and the line that says how far they are."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import (
    QModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.ui.classify.thumbnail_row import ThumbnailRow
from resnet_gui.ui.library.looks import LOOKS, MANY, PHOTO
from resnet_gui.ui.widgets.folding_row import FoldingRow
from resnet_gui.ui.widgets.photo_list import PhotoList, PhotoState
from resnet_gui.ui.widgets.plain_text import ElidedLabel, set_tooltip
from resnet_gui.ui.widgets.progress_bar import ProgressBar
from resnet_gui.ui.widgets.status import PhotosProgress
from resnet_gui.ui.widgets.turns import Turns
from resnet_gui.ui.widgets.words import duration, pace

_COUNTED_AT_ONCE = 2000  # photos
_COUNTED = 120  # pixels in which “1,234 of 10,000” is read


class LookSwitch(QWidget):
    """Three buttons of which one is down.

    Attributes:
        look: one of LOOKS.

    Signals:
        chosen(str): by a person.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.look = PHOTO
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for look, (text, tip, keys) in LOOKS.items():
            button = self.buttons[look] = QPushButton(text)
            button.setProperty("kind", "segment")
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.setAccessibleName(f"Show photos: {text}")
            set_tooltip(button, f"{tip} ({keys})")
            button.clicked.connect(self._on_clicked)
            bold = QFont(button.font())
            bold.setBold(True)  # as it is when it is down
            button.setMinimumWidth(QFontMetrics(bold).horizontalAdvance(text) + 24)
            row.addWidget(button)
        self.buttons[PHOTO].setChecked(True)
        self.setFocusProxy(self.buttons[PHOTO])

    def set_look(self, look: str) -> None:
        """Press a button without a person."""
        self.look = look if look in LOOKS else PHOTO
        self.buttons[self.look].setChecked(True)

    @Slot()
    def _on_clicked(self) -> None:
        look = next(look for look, button in self.buttons.items() if button.isChecked())
        if look != self.look:
            self.look = look
            self.chosen.emit(look)


class PhotoStrip(QWidget):
    """How far the photos are, and thumbnails in one row; hidden while there is one photo.

    Attributes:
        look: how photos are looked at, one of LOOKS; where there are few that is PHOTO.

    Signals:
        look_changed(): `look` is another, or will be with the next photos.
        appeared(): there are several photos now.
        chosen(int): row of the photo that was clicked or reached with the arrow keys.
        stop_requested(), go_on_requested(), clear_requested().
        pause_requested(bool): begin nothing more; False: go on.
        unsure_requested(): the next photo of which the model is not sure.
        sort_requested(): into folders.
        menu_requested(object, QPoint): a Photo's menu; where on the screen.
        remove_requested(object), open_requested(object): a Photo.
    """

    look_changed = Signal()
    appeared = Signal()
    chosen = Signal(int)
    menu_requested = Signal(object, QPoint)
    remove_requested = Signal(object)
    open_requested = Signal(object)
    stop_requested = Signal()
    pause_requested = Signal(bool)
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
        row = FoldingRow(10)
        header, looks = row.first, row.second
        self.summary = ElidedLabel()
        self.summary.setMinimumWidth(_COUNTED)
        self.summary.setProperty("kind", "muted")
        self.bar = ProgressBar("How far the photos are")
        self.bar.setFixedWidth(160)
        self.pause = QPushButton("Pause")
        set_tooltip(self.pause, "Leave the computer to other work for a while")
        self.pause.clicked.connect(self._on_pause_clicked)
        self.pause.setProperty("kind", "plain")
        self.stop = QPushButton("Stop")
        self.go_on = QPushButton("Go on")
        self.next_unsure = QPushButton("Next unsure")
        set_tooltip(self.next_unsure, "The next photo that the model is not sure of (Ctrl+U)")
        self.sort = QPushButton("Sort into folders…")
        set_tooltip(self.sort, "Copy, move or link the photos by their answer (Ctrl+Shift+S)")
        self.remove_all = QPushButton("Clear")
        set_tooltip(
            self.remove_all,
            "Empty the list. Your files stay where they are, and the answers are kept.",
        )
        for button, signal in (
            (self.stop, self._on_stop_clicked),
            (self.go_on, self.go_on_requested),
            (self.next_unsure, self.unsure_requested),
            (self.sort, self.sort_requested),
            (self.remove_all, self.clear_requested),
        ):
            button.setProperty("kind", "plain")
            button.clicked.connect(signal)
        header.addWidget(self.summary)
        header.addWidget(self.bar)
        header.addWidget(self.pause)
        header.addWidget(self.stop)
        header.addWidget(self.go_on)
        header.addWidget(self.next_unsure)
        header.addStretch()
        self.looks = LookSwitch()
        self.looks.chosen.connect(self._on_look_chosen)
        looks.addWidget(self.looks)
        looks.addWidget(self.sort)
        looks.addWidget(self.remove_all)
        looks.addStretch()
        column.addWidget(row)
        self.view = ThumbnailRow()
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
        self._stopped = False  # by a person, perhaps before the first answer
        self._many = False  # once there were: a grid does not go while photos are sorted out
        for changed in (photos.rowsInserted, photos.rowsRemoved, photos.modelReset):
            changed.connect(self._on_rows_changed)
        # Counting looks at every photo: a few times a second are enough.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(60)
        self._soon.timeout.connect(self._refresh)
        self._turns = Turns(self)
        photos.counted.connect(self._on_counted)
        self._refresh()

    @property
    def look(self) -> str:
        """How photos are looked at now."""
        return self.looks.look if self._many else PHOTO

    def set_look(self, look: str) -> None:
        """Look at photos in another way, as soon as there are many."""
        self.looks.set_look(look)
        self._refresh()
        self.look_changed.emit()

    @Slot(str)
    def _on_look_chosen(self, look: str) -> None:
        self.set_look(look)

    def show_current(self, row: int) -> None:
        """Follow the controller's current photo."""
        index = self._photos.index(row)
        if index.isValid() and index != self.view.currentIndex():
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)

    @Slot(object)
    def show_progress(self, progress: PhotosProgress) -> None:
        before, self._progress = self._progress, progress
        if before.running and progress.running and before.paused == progress.paused:
            self._on_counted()  # numbers come 30 times a second
        else:
            self._refresh()

    @Slot()
    def _on_stop_clicked(self) -> None:
        self._stopped = True
        self.stop_requested.emit()

    @Slot()
    def _on_pause_clicked(self) -> None:
        self.pause_requested.emit(not self._progress.paused)

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, current: QModelIndex, previous: QModelIndex) -> None:
        # Hidden, it moves by itself when photos are removed: what is shown says which is next.
        if current.isValid() and self.look == PHOTO:
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
    def _on_rows_changed(self, *_: object) -> None:
        count = self._photos.rowCount()
        many = count >= MANY or (self._many and count > 1)
        if many != self._many:
            self._many = many
            self._refresh()
            self.look_changed.emit()

    @Slot()
    def _on_counted(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    @Slot()
    def _refresh(self) -> None:
        count = self._photos.rowCount()
        appears = count > 1 and self.isHidden()
        self.setVisible(count > 1)
        self.looks.setVisible(self._many)
        self.view.setVisible(self.look == PHOTO)
        if appears:
            self.appeared.emit()
        self._turns.start(self._counting(count))

    def _counting(self, count: int) -> Iterator[None]:
        """Say how far the photos are, and what can be done with them."""
        progress = self._progress
        running = progress.running
        idle = unsure = 0
        # Counted at the end only: answers come many times a second, and there may be 50,000 photos.
        photos = [] if running else list(self._photos.photos())
        for first in range(0, len(photos), _COUNTED_AT_ONCE):
            part = photos[first : first + _COUNTED_AT_ONCE]
            idle += sum(photo.state is PhotoState.IDLE for photo in part)
            unsure += sum(photo.unsure for photo in part)
            yield
        if running or not count:
            self._stopped = False
        # Where nothing is answered because no model is here, there is nothing to go on with.
        left = not running and idle > 0 and (idle < count or self._stopped)
        unsure = 0 if left else unsure
        focused = self.window().focusWidget()
        if running:
            self.bar.show_progress(progress.done, progress.total)
        self.bar.setVisible(running)
        self.stop.setVisible(running)
        self.pause.setVisible(running)
        self.pause.setText("Continue" if progress.paused else "Pause")
        self.go_on.setVisible(left)
        self.next_unsure.setVisible(unsure > 0)
        buttons = (self.pause, self.stop, self.go_on, self.next_unsure)
        if focused in buttons and focused.isHidden():
            # Qt would go on to “Clear”, and the next press of the space bar would empty the list.
            others = self.view if self.look == PHOTO else self.looks
            (self.stop if running else self.go_on if left else others).setFocus()
        if running:
            text = f"{progress.done:,} of {progress.total:,}"
            if progress.paused:
                text += " · paused"
            elif progress.per_second:
                text += f" · {pace(progress.per_second)}"
            if progress.eta_s is not None and not progress.paused:
                text += f" · about {duration(progress.eta_s)} left"
        else:
            text = f"{count:,} photos"
            if left:
                text += f" · {idle:,} not classified"
            if unsure:
                text += f" · {unsure:,} unsure"
        self.summary.setText(text)
