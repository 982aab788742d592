"""The answer: label, bar and percentage per class, in words that do not claim too much."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from resnet_gui.core.events import INCOMPLETE
from resnet_gui.ui.classify.score_row import ScoreRow
from resnet_gui.ui.widgets.answer import answer_of, percent
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.glossary import explained
from resnet_gui.ui.widgets.icons import put_icon
from resnet_gui.ui.widgets.photo_list import Photo, PhotoState
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, set_tooltip
from resnet_gui.ui.widgets.spoken import announce

_ROWS = 5


class _Table(QWidget):
    """What scrolls: only where it does not fit at its least height, not at its usual one."""

    def heightForWidth(self, width: int) -> int:
        layout = self.layout()
        return layout.minimumHeightForWidth(width) if layout is not None else -1


class ResultsPanel(QFrame):
    """The current photo's answer.

    Signals:
        copy_requested(): the person wants the answer on the clipboard.
        menu_requested(object, QPoint): the menu of a line, a ClassScore; where on the screen.
        chosen(object): a line, a ClassScore, was clicked. why_clicked(): the button.
    """

    copy_requested = Signal()
    menu_requested = Signal(object, QPoint)
    chosen = Signal(object)
    why_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._old = False
        self._waited: Photo | None = None  # what was shown last, without an answer of now
        self.setProperty("kind", "card")
        self.setMinimumWidth(230)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 8, 12, 10)
        column.setSpacing(4)
        self.name = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle, tip=False)
        self.name.setProperty("kind", "muted")
        self.verdict = PlainLabel()
        self.verdict.setProperty("kind", "muted")
        self.answer = PlainLabel(break_at=16)  # in large type
        self.answer.setWordWrap(True)
        self.answer.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        embolden(self.answer, 1.8)
        self.copy = QPushButton("Copy")
        self.copy.setProperty("kind", "plain")
        put_icon(self.copy, "copy")
        set_tooltip(self.copy, "Copy labels and percentages (Ctrl+C)")
        self.copy.clicked.connect(self.copy_requested)
        self.why = QPushButton("Why?")
        self.why.setProperty("kind", "plain")
        self.why.setCheckable(True)
        put_icon(self.why, "eye")
        set_tooltip(self.why, "Show where on the photo the model looked (W)")
        self.why.clicked.connect(self.why_clicked)
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.name, 1)
        head.addWidget(self.why)
        head.addWidget(self.copy)
        column.addLayout(head)
        self.more = PlainLabel()
        self.more.setWordWrap(True)
        self.more.setProperty("kind", "muted")
        self.incomplete = PlainLabel(INCOMPLETE)
        self.incomplete.setWordWrap(True)
        self.incomplete.setProperty("kind", "danger")
        table = _Table()
        rows = QVBoxLayout(table)
        rows.setContentsMargins(0, 4, 6, 0)
        rows.setSpacing(1)
        for label in (self.verdict, self.answer, self.more, self.incomplete):
            rows.addWidget(label)
        rows.addSpacing(4)
        # Rows become lower where the window is low, and scroll where even that is not enough.
        self.rows = [ScoreRow() for _ in range(_ROWS)]
        for row in self.rows:
            row.menu_requested.connect(self.menu_requested)
            row.chosen.connect(self.chosen)
            rows.addWidget(row)
        rows.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setProperty("kind", "bare")
        scroll.setWidget(table)
        scroll.setAccessibleName("Answer")
        column.addWidget(scroll, 1)
        self.show_photo(None, "")

    def show_why(self, on: bool, index: int | None) -> None:
        """Whether answers are explained, and which class is now."""
        self.why.setChecked(on)
        for row in self.rows:
            row.set_marked(row.score is not None and row.score.index == index)

    def show_photo(self, photo: Photo | None, hint: str) -> None:
        """Show a photo's answer, or `hint` where there is none yet."""
        self.name.setText(photo.source.short_name if photo else "")
        set_tooltip(self.name, photo.source.name if photo else "")
        prediction = photo.prediction if photo else None
        old = photo is not None and photo.stale
        scores = prediction.scores if prediction else ()
        for number, row in enumerate(self.rows):
            score = scores[number] if number < len(scores) else None
            row.set_score(score, first=number == 0, old=old)
        self.copy.setVisible(prediction is not None)
        self.why.setVisible(prediction is not None)
        self.incomplete.setVisible(prediction is not None and prediction.incomplete)
        verdict, name, more, computed = hint, "", "", ""
        if photo is not None and prediction is not None:
            verdict, name, _, more = answer_of(prediction)
            computed = f"Computed on {prediction.device}.\n{explained(prediction.device)}".strip()
            if old:
                waiting = photo.state is PhotoState.WAITING
                verdict = "Looking again. Earlier answer:" if waiting else "Earlier answer:"
        elif photo is not None and photo.state is PhotoState.FAILED:
            verdict = "Could not be read"
        for label, text in (
            (self.verdict, verdict),
            (self.answer, class_words(name) if name else ""),
            (self.more, more),
        ):
            label.setText(text)
            label.setVisible(bool(text))
        set_tooltip(self.answer, computed)
        self._say(photo)
        if old != self._old:  # polishing again costs: only where the colour changes
            self._old = old
            self.answer.setProperty("kind", "muted" if old else "")
            self.answer.style().unpolish(self.answer)
            self.answer.style().polish(self.answer)

    def _say(self, photo: Photo | None) -> None:
        """An answer that a person has waited for is said; one that was there already belongs to the
        photo that they move to, and is said with that."""
        answered = photo is not None and photo.state in (PhotoState.DONE, PhotoState.FAILED)
        if photo is not None and answered and photo is self._waited:
            prediction = photo.prediction
            share = f", {percent(answer_of(prediction).probability)}" if prediction else ""
            words = f"{self.verdict.text()} {self.answer.text()}".strip()
            announce(self, f"{photo.source.short_name}: {words}{share}")
        self._waited = None if answered else photo
