"""The row below a chart of the Lab that runs through the epochs: Play, a slider, and the epoch."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSlider, QWidget

from resnet_gui.ui.lab.parts import scaled
from resnet_gui.ui.widgets.glossary import explained
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip

_FASTEST_MS, _SLOWEST_MS = 120, 400  # of an epoch
_WHOLE_MS = 8000  # to run through a training of some ten epochs: a class wants to see each of them
_MOST_STEPS = 80  # a training of 200 epochs is through in some ten seconds, too


class EpochBar(QWidget):
    """Play and a slider; 0 is the initialisation.

    Attributes:
        play, slider, when: its parts.

    Signals:
        moved(int): the epoch that is to be shown, by hand or by Play.
    """

    moved = Signal(int)

    def __init__(self, parent: QWidget | None = None, *, from_end: bool = False) -> None:
        """`from_end`: it begins at the last epoch, and stays there while a training goes on."""
        super().__init__(parent)
        self._from_end = from_end
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._on_frame)
        self.play = QPushButton("Play")
        self.play.setCheckable(True)
        set_tooltip(self.play, f"Run through the epochs (Space)\n{explained('epoch')}")
        self.play.toggled.connect(self._on_play_toggled)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Epoch")
        set_tooltip(self.slider, explained("epoch, initialisation"))
        self.slider.setRange(0, 0)
        self.slider.valueChanged.connect(self._on_moved)
        self.when = PlainLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.play)
        row.addWidget(self.slider, 1)
        row.addWidget(self.when)
        self._say_when()

    @property
    def epoch(self) -> int:
        return self.slider.value()

    @property
    def at_end(self) -> bool:
        return self.slider.value() >= self.slider.maximum()

    def set_last(self, last: int) -> None:
        """There are so many epochs now. Says nothing by `moved`: who calls draws anew anyway."""
        if self.slider.maximum() != last:
            follows = self._from_end and self.at_end and not self.play.isChecked()
            self.slider.blockSignals(True)
            self.slider.setRange(0, last)
            self.slider.setPageStep(max(1, last // 10))
            if follows:
                self.slider.setValue(last)
            self.slider.blockSignals(False)
            self._fit_when()
            self._say_when()
        for widget in (self.slider, self.play):
            widget.setEnabled(last > 0)

    def set_scale(self, scale: float) -> None:
        scaled(self.when, scale, bold=True)
        scaled(self.play, scale)
        self._fit_when()

    @Slot(bool)
    def _on_play_toggled(self, on: bool) -> None:
        self.play.setText("Pause" if on else "Play")
        if on:
            if self.at_end:
                self.slider.setValue(0)
            self._timer.start(self._frame_ms())
        else:
            self._timer.stop()

    def _frame_ms(self) -> int:
        return min(max(_WHOLE_MS // max(1, self.slider.maximum()), _FASTEST_MS), _SLOWEST_MS)

    @Slot()
    def _on_frame(self) -> None:
        if not self.at_end:
            step = max(1, self.slider.maximum() // _MOST_STEPS)
            self.slider.setValue(self.slider.value() + step)
        if self.at_end:
            self.play.setChecked(False)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.play.setChecked(False)

    @Slot(int)
    def _on_moved(self, epoch: int) -> None:
        self._say_when()
        self.moved.emit(epoch)

    def _say_when(self) -> None:
        self.when.setText(_when(self.epoch))

    def _fit_when(self) -> None:
        """A fixed width, so that the slider does not jump while it is moved."""
        metrics = self.when.fontMetrics()
        texts = (_when(0), _when(self.slider.maximum()))
        self.when.setFixedWidth(max(metrics.horizontalAdvance(text) for text in texts) + 6)


def _when(epoch: int) -> str:
    return f"after epoch {epoch}" if epoch else "at initialisation"
