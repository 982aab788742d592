"""One photo as large as the window, to zoom and move, with the next and the one before."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGraphicsPixmapItem,
    QGraphicsScene,
    QGraphicsView,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.photo_list import Photo, caption
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, set_tooltip, window_title
from resnet_gui.ui.widgets.previews import Preview, Previews
from resnet_gui.ui.widgets.theme import theme_colours

_SHARP = 4096  # pixels of the longer side, once somebody looks closely
_STEP = 1.25
_MOST = 16.0  # points for one of the photo's own pixels
_SAME = 1.01


class ZoomView(QGraphicsView):
    """Wheel and +/- zoom, dragging moves, 0 fits, 1 shows the photo's own pixels, a double click
    changes between the two.

    Signals:
        zoomed(): `scale_now` changed.
        stepped(int): to the next photo (1) or the one before (-1).
    """

    zoomed = Signal()
    stepped = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._scene = QGraphicsScene(self)
        self.setScene(self._scene)
        self._item = QGraphicsPixmapItem()
        self._item.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
        self._scene.addItem(self._item)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Photo")
        self._fits = True
        self._width = 0

    @property
    def scale_now(self) -> float:
        """Points of the screen for one of the photo's own pixels."""
        return self.transform().m11()

    @property
    def fits(self) -> bool:
        """Whether the whole photo is shown, and stays so when the window changes."""
        return self._fits

    def show_pixels(self, pixmap: QPixmap, full_width: int, full_height: int) -> None:
        """Show a photo; sharper pixels of the one that is shown change nothing else.

        Args:
            full_width, full_height: the photo's own size, in pixels; `pixmap` may have fewer.
        """
        ratio = full_width / max(1, pixmap.width())
        same = ratio > 0 and self._width == full_width and self._item.data(0) == full_height
        self._item.setPixmap(pixmap)
        self._item.setScale(ratio)
        self._item.setData(0, full_height)
        self._width = full_width
        self._scene.setSceneRect(QRectF(0, 0, full_width, full_height))
        if not same or self._fits:
            self.fit()

    def clear(self) -> None:
        """Show nothing."""
        self._item.setPixmap(QPixmap())
        self._width = 0

    def fit(self) -> None:
        """Show the whole photo, not larger than its own pixels twice."""
        self._fits = True
        self._to(self._fitting())

    def _fitting(self) -> float:
        rect, room = self._scene.sceneRect(), self.viewport().size()
        if rect.isEmpty():
            return 1.0
        return min(room.width() / rect.width(), room.height() / rect.height(), 2.0)

    def zoom(self, by: float) -> None:
        """By a factor, down to the whole photo."""
        least = self._fitting()
        wanted = min(max(self.scale_now * by, least), max(_MOST, least))
        self._fits = wanted < least * _SAME
        self._to(wanted)

    def _to(self, scale: float) -> None:
        self.scale(scale / self.scale_now, scale / self.scale_now)
        self.zoomed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y()
        if turned:
            self.zoom(_STEP ** (turned / 120))
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self._fits and self._fitting() < 1:
            at = self.mapToScene(event.position().toPoint())
            self._own_pixels()
            self.centerOn(at)
        else:
            self.fit()

    def _own_pixels(self) -> None:
        self._fits = False
        self._to(1.0 / self.devicePixelRatioF())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fits or self.scale_now < self._fitting():
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_middle(_STEP)
        elif key in (Qt.Key.Key_Minus, Qt.Key.Key_Underscore):
            self.zoom_middle(1 / _STEP)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_1:
            self._own_pixels()
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_PageDown, Qt.Key.Key_Space):
            self.stepped.emit(1)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_PageUp, Qt.Key.Key_Backspace):
            self.stepped.emit(-1)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            super().keyPressEvent(event)
        else:
            event.ignore()  # Escape is the dialog's

    def zoom_middle(self, by: float) -> None:
        """As `zoom`, around what is in the middle, wherever the pointer is."""
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self.zoom(by)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)


class LargePhoto(QDialog):
    """Shows photos that its owner gives it.

    Signals:
        stepped(int): the next photo (1) or the one before (-1) is wanted.
        remove_requested(object): the Photo that is shown should leave the list.
    """

    stepped = Signal(int)
    remove_requested = Signal(object)

    def __init__(self, io: JobLane, parent: QWidget) -> None:
        super().__init__(parent)
        self.photo: Photo | None = None
        self._previews = Previews(io, self)
        self._sharp = Previews(io, self, side=_SHARP, most=1)
        self._previews.made.connect(self._on_made)
        self._sharp.made.connect(self._on_made)
        self.view = ZoomView()
        self.view.zoomed.connect(self._on_zoomed)
        self.view.stepped.connect(self.stepped)
        self.message = PlainLabel()
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.name, self.answer = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle), ElidedLabel()
        self.name.setProperty("kind", "muted")
        embolden(self.answer)
        self.scale_label = PlainLabel()
        self.scale_label.setProperty("kind", "muted")
        row = QHBoxLayout()
        row.setContentsMargins(14, 0, 14, 10)
        row.setSpacing(8)
        row.addWidget(self.answer)
        row.addWidget(self.name, 1)
        row.addWidget(self.scale_label)
        for text, tip, slot in (
            ("−", "Smaller (-)", self._on_smaller),
            ("+", "Larger (+)", self._on_larger),
            ("Fit", "The whole photo (0)", self.view.fit),
            ("Previous", "The photo before (Left)", self._on_previous),
            ("Next", "The next photo (Right)", self._on_next),
        ):
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setProperty("kind", "plain")
            set_tooltip(button, tip)
            button.clicked.connect(slot)
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.view, 1)
        column.addWidget(self.message, 1)
        column.addLayout(row)
        self.message.hide()
        self.refresh_theme()

    def open_over(self, window: QWidget) -> None:
        """Open almost as large as a window, unless a person gave it another size."""
        if not self.testAttribute(Qt.WidgetAttribute.WA_Resized):
            self.resize(window.size() * 0.94)
        self.open()

    def refresh_theme(self) -> None:
        """Take the theme's colours."""
        self.view.setBackgroundBrush(QColor(theme_colours().canvas))

    def show_photo(self, photo: Photo, said: str = "") -> None:
        """Show a photo, or why it cannot be read.

        Args:
            said: what stands below it; "": the model's answer.
        """
        other = photo is not self.photo
        self.photo = photo
        self.setWindowTitle(window_title(photo.source.short_name))
        self.name.setText(photo.source.name)
        self.answer.setText("" if photo.problem else said or caption(photo))
        if not other:
            return
        if photo.problem:
            self._say(photo.problem)
        elif (kept := self._previews.get(photo.source)) is not None:
            self._on_made(kept)
        else:
            self.view.clear()
            self._say("")

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))
        self.view.setVisible(not text)
        if text:
            self.scale_label.clear()

    @Slot(object)
    def _on_made(self, made: Preview) -> None:
        if self.photo is None or made.photo_id != self.photo.source.id:
            return
        if made.image is None:
            self._say(self.photo.problem or made.problem)
            return
        self._say("")
        self._pixels = made.image.width()
        self.view.show_pixels(QPixmap.fromImage(made.image), made.width, made.height)

    @Slot()
    def _on_zoomed(self) -> None:
        view = self.view
        self.scale_label.setText(f"{view.scale_now * view.devicePixelRatioF() * 100:.0f} %")
        wanted = view.scene().sceneRect().width() * view.scale_now * view.devicePixelRatioF()
        full = view.scene().sceneRect().width()
        if self.photo is None or self._pixels >= min(wanted, full) / 1.2 or not self._pixels:
            return
        kept = self._sharp.get(self.photo.source)
        if kept is not None and kept.image is not None and kept.image.width() > self._pixels:
            self._on_made(kept)

    _pixels = 0  # width of what is shown

    @Slot()
    def _on_smaller(self) -> None:
        self.view.zoom_middle(1 / _STEP)

    @Slot()
    def _on_larger(self) -> None:
        self.view.zoom_middle(_STEP)

    @Slot()
    def _on_previous(self) -> None:
        self.stepped.emit(-1)

    @Slot()
    def _on_next(self) -> None:
        self.stepped.emit(1)
