"""The answer: label, bar and percentage per class, in words that do not claim too much."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.events import INCOMPLETE, ClassScore
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.icons import put_icon
from resnet_gui.ui.widgets.photo_list import Photo, PhotoState, percent
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours

_ROWS = 5
_ROW_HEIGHT = 42
_UNSURE_BELOW = 0.5


class ScoreRow(QWidget):
    """One class: its label and percentage above a bar."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(_ROW_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._score: ClassScore | None = None
        self._first = False

    def sizeHint(self) -> QSize:
        return QSize(200, _ROW_HEIGHT)

    def set_score(self, score: ClassScore | None, *, first: bool) -> None:
        self._score, self._first = score, first
        self.setVisible(score is not None)
        if score is not None:
            text = f"{class_words(score.label)}, {percent(score.probability)}"
            self.setAccessibleName(text)
            set_tooltip(self, f"{text}\nclass {score.index}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._score is None:
            return
        colours = theme_colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setBold(self._first)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        share = percent(self._score.probability)
        share_width = metrics.horizontalAdvance("100.0%") + 4
        line = QRectF(0, 4, self.width(), metrics.height() + 2)
        painter.setPen(QColor(colours.text))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, share)
        label = metrics.elidedText(
            class_words(self._score.label),
            Qt.TextElideMode.ElideRight,
            self.width() - share_width - 8,
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, label)
        top = line.bottom() + 5
        for width, colour in (
            (float(self.width()), colours.track),
            (self.width() * self._score.probability, colours.accent),
        ):
            bar = QPainterPath()
            bar.addRoundedRect(QRectF(0, top, max(width, 2.0), 8), 4, 4)
            painter.fillPath(bar, QColor(colour))


class ResultsPanel(QFrame):
    """The current photo's answer.

    Signals:
        copy_requested(): the person wants the answer on the clipboard.
    """

    copy_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.setMinimumWidth(260)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 12, 12, 12)
        column.setSpacing(4)
        self.name = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle, tip=False)
        self.name.setProperty("kind", "muted")
        self.verdict = PlainLabel()
        self.verdict.setProperty("kind", "muted")
        self.answer = PlainLabel(break_at=16)  # in large type
        self.answer.setWordWrap(True)
        self.answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        font = self.answer.font()
        font.setPointSizeF(font.pointSizeF() * 1.8)
        font.setBold(True)
        self.answer.setFont(font)
        self.copy = QPushButton("Copy")
        self.copy.setProperty("kind", "plain")
        put_icon(self.copy, "copy")
        set_tooltip(self.copy, "Copy labels and percentages (Ctrl+C)")
        self.copy.clicked.connect(self.copy_requested)
        head = QHBoxLayout()
        head.addWidget(self.name, 1)
        head.addWidget(self.copy)
        column.addLayout(head)
        column.addSpacing(4)
        column.addWidget(self.verdict)
        column.addWidget(self.answer)
        self.incomplete = PlainLabel(INCOMPLETE)
        self.incomplete.setWordWrap(True)
        self.incomplete.setProperty("kind", "danger")
        column.addWidget(self.incomplete)
        column.addSpacing(8)
        # The rows scroll where the window is low: squeezed bars could not be read.
        self.rows = [ScoreRow() for _ in range(_ROWS)]
        table = QWidget()
        rows = QVBoxLayout(table)
        rows.setContentsMargins(0, 0, 6, 0)
        rows.setSpacing(2)
        for row in self.rows:
            rows.addWidget(row)
        rows.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setProperty("kind", "bare")
        scroll.setWidget(table)
        column.addWidget(scroll, 1)
        self.show_photo(None, "")

    def show_photo(self, photo: Photo | None, hint: str) -> None:
        """Show a photo's answer, or `hint` where there is none yet."""
        self.name.setText(photo.source.short_name if photo else "")
        set_tooltip(self.name, photo.source.name if photo else "")
        prediction = photo.prediction if photo else None
        scores = prediction.scores if prediction else ()
        for number, row in enumerate(self.rows):
            row.set_score(scores[number] if number < len(scores) else None, first=number == 0)
        self.copy.setVisible(prediction is not None)
        self.incomplete.setVisible(prediction is not None and prediction.incomplete)
        if prediction is not None:
            top = prediction.top
            sure = top.probability >= _UNSURE_BELOW
            waiting = photo is not None and photo.state is PhotoState.WAITING
            self.verdict.setText(
                "Asking the new model…"
                if waiting
                else "This is"
                if sure
                else "Not sure. Best guess:"
            )
            self.answer.setText(class_words(top.label))
        elif photo is not None and photo.state is PhotoState.FAILED:
            self.verdict.setText("Could not be read")
            self.answer.setText("")
        else:
            self.verdict.setText(hint)
            self.answer.setText("")
        for label in (self.verdict, self.answer):
            label.setVisible(bool(label.text()))
