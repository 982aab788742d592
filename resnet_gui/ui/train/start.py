"""The Train page before a folder is chosen."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontDatabase, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from resnet_gui.core.dataset.cifar10.folder import TITLE, UnpackProgress
from resnet_gui.core.dataset.summary import ScanProgress, count_noun
from resnet_gui.core.events import DownloadProgress
from resnet_gui.ui.train.controller import TrainController, TrainState
from resnet_gui.ui.train.runs_list import RunsList
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip
from resnet_gui.ui.widgets.progress_bar import ProgressBar
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.words import progress_line

_LOOSE = "Only loose photos? Drop them here, too, and sort them into classes."
_LAYOUT = "my photos /\n    cats /  a.jpg, b.jpg, …\n    dogs /  c.jpg, d.jpg, …"


class TrainStart(QWidget):
    """The page before a folder is chosen.

    Signals:
        folder_requested(), classes_requested(), cifar10_requested().
    """

    folder_requested = Signal()
    classes_requested = Signal()
    cifar10_requested = Signal()

    def __init__(self, controller: TrainController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 20, 32, 20)
        column.setSpacing(10)
        column.addStretch(2)
        self._icon_space = QWidget()
        self._icon_space.setFixedHeight(60)
        column.addWidget(self._icon_space)
        title = PlainLabel("Drop a folder here to teach a model your classes")
        embolden(title, 1.7)
        title.setWordWrap(True)
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(title)
        hint = PlainLabel(
            "One sub-folder per class; its name is the class. Nothing is changed in it."
        )
        hint.setProperty("kind", "muted")
        column.addWidget(hint, alignment=Qt.AlignmentFlag.AlignHCenter)
        layout = PlainLabel(_LAYOUT)
        layout.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        layout.setProperty("kind", "muted")
        column.addWidget(layout, alignment=Qt.AlignmentFlag.AlignHCenter)
        self.open = QPushButton("Open folder…")
        self.open.setProperty("kind", "primary")
        self.open.clicked.connect(self.folder_requested)
        self.make = QPushButton("Make classes…")
        set_tooltip(self.make, "From loose photos: drop them on classes that you name")
        self.make.clicked.connect(self.classes_requested)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self.open)
        buttons.addWidget(self.make)
        buttons.addStretch()
        column.addLayout(buttons)
        self.loose = PlainLabel(_LOOSE)
        self.loose.setProperty("kind", "muted")
        column.addWidget(self.loose, alignment=Qt.AlignmentFlag.AlignHCenter)
        self.cifar10 = QPushButton("Try it with CIFAR-10…")
        self.cifar10.setProperty("kind", "plain")
        set_tooltip(self.cifar10, "60,000 small pictures of ten classes, the classic")
        self.cifar10.clicked.connect(self.cifar10_requested)
        column.addWidget(self.cifar10, alignment=Qt.AlignmentFlag.AlignHCenter)
        self.scan_text = PlainLabel()
        self.scan_bar = ProgressBar("How far the folder is read")
        self.scan_bar.setFixedWidth(320)
        self.scan_stop = QPushButton("Stop")
        self.scan_stop.setProperty("kind", "plain")
        self.scan_stop.clicked.connect(controller.cancel_scan)
        for widget in (self.scan_text, self.scan_bar, self.scan_stop):
            column.addWidget(widget, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        self.runs = RunsList(controller)
        column.addWidget(self.runs, 4)
        column.addStretch(1)
        controller.state_changed.connect(self._on_state_changed)
        controller.scan_progressed.connect(self._on_scan_progressed)
        self._on_state_changed()

    @Slot(str)
    def show_kept(self, text: str) -> None:
        """Below the buttons: what is kept of classes that were made earlier; "": nothing."""
        self.loose.setText(text or _LOOSE)

    @Slot()
    def _on_state_changed(self) -> None:
        scanning = self._controller.state is TrainState.SCANNING
        for widget in (self.scan_text, self.scan_bar, self.scan_stop):
            widget.setVisible(scanning)
        self.open.setVisible(not scanning)
        self.make.setVisible(not scanning)
        self.cifar10.setVisible(not scanning)
        if scanning:
            self.scan_text.setText("Looking through the folder…")
            self.scan_bar.show_progress(0, 0)

    @Slot(object)
    def _on_scan_progressed(self, event: ScanProgress | UnpackProgress | DownloadProgress) -> None:
        if isinstance(event, ScanProgress):
            problems = f", {count_noun(event.problems, 'problem')}" if event.problems else ""
            text = f"Looking through the folder: {_of(event.done, event.total)}{problems}"
        elif isinstance(event, UnpackProgress):
            text = event.note or f"Unpacking {TITLE}: {_of(event.done, event.total)} pictures"
        else:
            text = f"Downloading {TITLE}: {progress_line(event)}"
        self.scan_bar.show_progress(event.done, event.total)
        self.scan_text.setText(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme_colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(colours.surface))
        pen = QPen(QColor(colours.muted), 1.6, Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), 14, 14)
        space = QRectF(self._icon_space.geometry())
        mark = QRectF(space.center().x() - 28, space.top() + 2, 56, 56)
        draw_icon(painter, "folder", mark, colours.accent)


def _of(done: int, total: int) -> str:
    return f"{done:,} of {total:,}" if total else f"{done:,}"
