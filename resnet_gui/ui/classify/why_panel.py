"""What “Why?” shows below the photo: what is seen and what it is worth, how it is shown, and the
training photos that are nearest."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontMetrics, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.explain.events import HEAT_COLOURS, Explained, Explaining, Method
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.classify.neighbour_row import NeighbourRow
from resnet_gui.ui.classify.why import Why
from resnet_gui.ui.widgets.answer import percent
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.icons import put_icon
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip
from resnet_gui.ui.widgets.progress_bar import ProgressBar
from resnet_gui.ui.widgets.theme import theme_colours

_STRENGTH = 60  # percent
_SEES_ALL = 0.97  # of the photo's area: what is missing then need not be said
_METHODS = (
    (
        Method.GRADCAM,
        "Grad-CAM",
        "Asks the network in which parts of the photo it found what speaks for the class. At once. "
        "(Shift+W changes to and fro)",
    ),
    (
        Method.OCCLUSION,
        "Occlusion",
        "Covers one part of the photo after the other and sees what that costs the answer. "
        "A second opinion; takes some seconds. (Shift+W changes to and fro)",
    ),
)


class WhyPanel(QFrame):
    """Shows what a `Why` knows.

    Signals:
        strength_changed(float): of the heat over the photo, 0..1.
        open_requested(str path): a training photo should be shown in another program.
        save_requested(): the photo with its colours, as a picture.
    """

    strength_changed = Signal(float)
    open_requested = Signal(object)
    save_requested = Signal()

    def __init__(self, why: Why, io: JobLane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._why = why
        self.setProperty("kind", "card")
        self.setAccessibleName("Why this answer")
        self.sentence = PlainLabel()
        self.sentence.setWordWrap(True)
        self.close_button = QPushButton()
        self.close_button.setProperty("kind", "plain")
        self.close_button.setAccessibleName("Close")
        put_icon(self.close_button, "close", 16)
        set_tooltip(self.close_button, "Show the photo alone again (W or Esc)")
        self.close_button.clicked.connect(why.close)
        self.save_button = QPushButton()
        self.save_button.setProperty("kind", "plain")
        self.save_button.setAccessibleName("Save picture")
        put_icon(self.save_button, "download", 16)
        set_tooltip(self.save_button, "Save the photo with its colours as a picture (Ctrl+S)")
        self.save_button.clicked.connect(self.save_requested)
        head = QHBoxLayout()
        head.addWidget(self.sentence, 1)
        head.addWidget(self.save_button, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self.progress = ProgressBar("How far the explanation is")
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # the photo above must not jump
        self.progress.setSizePolicy(policy)
        self.row = NeighbourRow(why, io)
        self.row.open_requested.connect(self.open_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 8, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addLayout(self._controls())
        column.addWidget(self.progress)
        column.addWidget(self.row)
        why.changed.connect(self.refresh)
        self.refresh()

    def _controls(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.methods: dict[Method, QPushButton] = {}
        group = QButtonGroup(self)
        for method, name, tip in _METHODS:
            button = QPushButton(name)
            button.setCheckable(True)
            button.setProperty("kind", "segment")
            bold = button.font()
            bold.setBold(True)  # what it is once it is chosen
            button.setMinimumWidth(QFontMetrics(bold).horizontalAdvance(name) + 20)
            button.setAccessibleName(name)
            set_tooltip(button, tip)
            group.addButton(button)
            row.addWidget(button)
            self.methods[method] = button
            button.clicked.connect(self._on_method_clicked)
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.strength.setRange(0, 100)
        self.strength.setPageStep(10)
        self.strength.setValue(_STRENGTH)
        self.strength.setAccessibleName("Strength of the colours over the photo")
        self.strength.setMinimumWidth(40)
        self.strength.setMaximumWidth(160)
        set_tooltip(self.strength, "How strong the colours over the photo are")
        self.strength.valueChanged.connect(self._on_strength_changed)
        self.legend = _Legend()
        row.addSpacing(6)
        row.addWidget(self.legend)
        row.addWidget(self.strength, 1)
        row.addStretch()
        return row

    @property
    def opacity(self) -> float:
        return self.strength.value() / 100

    def set_picture(self, there: bool) -> None:
        """Whether there are colours over the photo that could be saved."""
        self.save_button.setEnabled(there)

    def set_low(self, low: bool) -> None:
        """Whether there is no room for the training photos."""
        self.row.set_low(low)

    @Slot()
    def refresh(self) -> None:
        """Show what is known now."""
        why = self._why
        self.setVisible(why.open)
        if not why.open:
            return
        self.sentence.setText(_sentence(why))
        for method, button in self.methods.items():
            button.setChecked(method is why.method)
        show_progress(self.progress, why.progress)

    @Slot()
    def _on_method_clicked(self) -> None:
        sender = self.sender()
        for method, button in self.methods.items():
            if button is sender:
                self._why.set_method(method)

    @Slot(int)
    def _on_strength_changed(self, value: int) -> None:
        self.strength_changed.emit(value / 100)


def show_progress(bar: ProgressBar, progress: Explaining | None) -> None:
    """How far something is; a bar that moves where nobody knows, none where nothing goes on."""
    bar.setVisible(progress is not None)
    if progress is not None:
        bar.show_progress(progress.done, progress.total)


def _sentence(why: Why) -> str:
    """What is seen, and what it is worth."""
    if why.problem:
        return why.problem
    if why.target is None:
        return "As soon as there is an answer, you see here where the model looked."
    name = f"“{class_words(why.target.label)}”"
    if why.explained is None:
        return f"Looking for what speaks for {name}…"
    return _finding(why.explained, name)


def _finding(found: Explained, name: str) -> str:
    share = percent(found.probability)
    if found.method is Method.GRADCAM:
        if found.peak is None:
            return f"Nothing on this photo speaks for {name} ({share})."
        rows, columns = found.heat.shape
        if rows * columns == 1:
            return (
                "This network keeps no places apart in the end, so Grad-CAM cannot say where it "
                f"looked for {name} ({share}). Occlusion can."
            )
        text = (
            f"Where the model looked for {name} ({share}) — a hint, not a proof. Bright: here it "
            f"found what speaks for it, no finer than {columns} × {rows} patches."
        )
    elif found.peak is None:
        return (
            f"No single part decides about {name} ({share}): covering any of them changes next to "
            "nothing."
        )
    else:
        text = (
            f"Where covering the photo costs {name} ({share}) the most — a hint, not a proof. "
            "Bright: without this part the model would be less sure."
        )
    box = found.box
    seen = min(box.width, found.width) * min(box.height, found.height)
    if seen < _SEES_ALL * found.width * found.height:
        text += " The model does not see what lies outside of the square."
    return text


class _Legend(QWidget):
    """The colours from weak to strong."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Colours: dark is little, bright is much")
        set_tooltip(self, "Dark: little speaks for the class here. Bright: much.")

    def sizeHint(self) -> QSize:
        return QSize(self._texts() + 64, self.fontMetrics().height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, self.sizeHint().height())

    def _texts(self) -> int:
        metrics = self.fontMetrics()
        return metrics.horizontalAdvance("little") + metrics.horizontalAdvance("much") + 12

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme_colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect())
        painter.setPen(QColor(colours.muted))
        left, right = 1.0, area.width() - 1
        if area.width() >= self._texts() + 24:  # else the colours have to do
            metrics, centre = self.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
            painter.drawText(area, int(centre | Qt.AlignmentFlag.AlignLeft), "little")
            painter.drawText(area, int(centre | Qt.AlignmentFlag.AlignRight), "much")
            left += metrics.horizontalAdvance("little") + 5
            right -= metrics.horizontalAdvance("much") + 5
        bar = QRectF(left, area.center().y() - 5, right - left, 10)
        shades = QLinearGradient(QPointF(left, 0), QPointF(right, 0))
        for number, (red, green, blue) in enumerate(HEAT_COLOURS):
            shades.setColorAt(number / (len(HEAT_COLOURS) - 1), QColor(red, green, blue))
        painter.setPen(QColor(colours.muted))
        painter.setBrush(shades)
        painter.drawRoundedRect(bar, 3, 3)
