"""How far a model's percentages hold, and from where on Classify believes them."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSlider, QVBoxLayout, QWidget

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.evaluation.intervals import wilson_interval
from resnet_gui.core.words import count_noun
from resnet_gui.core.zoo.kinds import MARGIN, PROBABLE
from resnet_gui.ui.evaluate.result import Fate, Result
from resnet_gui.ui.widgets.charts.chart import LineChart
from resnet_gui.ui.widgets.charts.model import Axes, Line, plain_percent
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours

_HOLDS, _WORTH_SAYING = 0.03, 0.005  # of the calibration error
_RIGHT, _ANSWERED = ("#0072b2", "#56b4e9"), ("#c05000", "#e69f00")  # light, dark


class TrustView(QWidget):
    """Reliability diagram, the curve of what is answered by threshold, and the threshold.

    Attributes:
        slider: the threshold in per cent. careful: which class is not to be missed; its first
            entry is none.

    Signals:
        threshold_chosen(object): a probability, or None for what the model says by itself.
        adjust_requested(). save_requested(object): as a chart's.
    """

    threshold_chosen = Signal(object)
    adjust_requested = Signal()
    save_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: Result | None = None
        self._stored: float | None = None
        self.reliability = LineChart(_reliability_axes())
        self.coverage = LineChart(_coverage_axes(None))
        for chart in (self.reliability, self.coverage):
            chart.setMinimumSize(160, 120)
            chart.save_requested.connect(self.save_requested)
        self.verdict = PlainLabel()
        self.verdict.setWordWrap(True)
        self.adjust = QPushButton("Adjust its percentages")
        set_tooltip(
            self.adjust,
            "Make them mean what they say, as these photos show it. No answer changes, only how "
            "sure it sounds.",
        )
        self.adjust.clicked.connect(self.adjust_requested)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setAccessibleName("“Not sure” below this percentage")
        set_tooltip(self.slider, "Below this percentage Classify says “not sure” (arrow keys)")
        self.slider.valueChanged.connect(self._on_moved)
        self.effect = PlainLabel()
        self.effect.setWordWrap(True)
        self.careful = ComboBox()
        self.careful.setAccessibleName("Class that is not to be missed")
        set_tooltip(
            self.careful,
            "The slider goes to the lowest percentage from which on no photo of this class is "
            "called something else: it is then recognised, or “not sure”, and you look yourself",
        )
        self.careful.currentIndexChanged.connect(self._on_careful)
        self.use = QPushButton("&Use in Classify")
        self.use.setProperty("kind", "primary")
        set_tooltip(self.use, "Store the threshold with the model (Alt+U)")
        self.use.clicked.connect(self._on_use)
        self.forget = QPushButton("For&get it")
        self.forget.setProperty("kind", "plain")
        set_tooltip(self.forget, "Classify decides by itself again when it is not sure (Alt+G)")
        self.forget.clicked.connect(self._on_forget)
        charts = QHBoxLayout()
        charts.setSpacing(8)
        charts.addWidget(self.reliability, 1)
        charts.addWidget(self.coverage, 1)
        top = QHBoxLayout()
        top.addWidget(self.verdict, 1)
        top.addWidget(self.adjust, alignment=Qt.AlignmentFlag.AlignTop)
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(self.slider, 1)
        below.addWidget(self.use)
        below.addWidget(self.forget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(top)
        column.addLayout(charts, 1)
        not_missed = QHBoxLayout()
        not_missed.setSpacing(8)
        not_missed.addWidget(PlainLabel("Not to be missed:"))
        not_missed.addWidget(self.careful)
        not_missed.addStretch()
        column.addWidget(self.effect)
        column.addLayout(not_missed)
        column.addLayout(below)

    def show_result(self, result: Result, calibration: Calibration | None) -> None:
        """What is shown again stays as the person left it.

        Args:
            calibration: the model's; None: it is not here, so that nothing can be stored.
        """
        stored = calibration.unsure if calibration is not None else None
        other, stored_anew = result is not self._result, stored != self._stored
        self._result, self._stored = result, stored
        fitted = result.predictions.fitted
        here = calibration is not None
        self.adjust.setVisible(
            here and not fitted.empty and not (calibration and calibration.photos)
        )
        for button in (self.use, self.forget, self.slider):
            button.setEnabled(here)
        if other:  # an open list of choices would be emptied under the pointer
            self._list_classes(result)
        self.forget.setVisible(self._stored is not None)
        if other or stored_anew:
            self._set_slider(other)
        self.verdict.setText(_verdict(result, calibration))
        self._draw()

    def _set_slider(self, other: bool) -> None:
        """To what is stored, or keeps the chosen class from being missed, or is usual. other: it is
        another result than before."""
        assert self._result is not None
        # Where Classify draws the line by itself: of two classes one has always half.
        usual = PROBABLE if len(self._result.figures.classes) > 2 else PROBABLE + MARGIN / 2
        percent = round((usual if self._stored is None else self._stored) * 100)
        if (chosen := self._chosen) is not None:
            safe = self._safe_percent(chosen)
            if self._stored is None:
                percent = safe
            elif other and percent < safe:  # what was chosen before holds
                with QSignalBlocker(self.careful):
                    self.careful.setCurrentIndex(0)
        with QSignalBlocker(self.slider):
            self.slider.setValue(percent)

    def _safe_percent(self, chosen: int) -> int:
        assert self._result is not None
        percent = self._result.safe_percent(chosen)
        return 100 if percent is None else percent

    def refresh_theme(self) -> None:
        self._draw()

    @property
    def threshold(self) -> float:
        return self.slider.value() / 100

    def _list_classes(self, result: Result) -> None:
        """The chosen class stays chosen while there is one of its name."""
        before = self.careful.currentText()
        with QSignalBlocker(self.careful):
            self.careful.clear()
            self.careful.addItem("no class in particular", None)
            for number, item in enumerate(result.figures.classes):
                if item.support:
                    self.careful.addItem(class_words(item.label), number)
            self.careful.setCurrentIndex(max(0, self.careful.findText(before)))

    @property
    def _chosen(self) -> int | None:
        """The number of the class that is not to be missed."""
        number = self.careful.currentData()
        return number if isinstance(number, int) else None

    def _draw(self) -> None:
        if self._result is None:
            return
        dark = theme_colours().dark
        full = [item for item in self._result.bins if item.photos]
        line = Line("ideal", "", (0.0, 100.0), (0.0, 1.0), theme_colours().muted, 1.2, dashed=True)
        found = Line(
            "right",
            "right",
            [item.confidence * 100 for item in full],
            [item.accuracy for item in full],
            _RIGHT[dark],
            point_name=lambda n: f"{full[n].photos:,} photos" if n < len(full) else "",
        )
        self.reliability.show_lines(_reliability_axes(), [line, found])
        n = max(1, self._result.predictions.facts.n)
        curve = [item for item in self._result.curve if item.answered]
        xs = [item.threshold * 100 for item in curve]
        lines = [
            Line("right of these", "right", xs, [c.right / c.answered for c in curve],
                 _RIGHT[dark]),
            Line("answered", "answered", xs, [c.answered / n for c in curve], _ANSWERED[dark],
                 dashed=True),
        ]  # fmt: skip
        if (chosen := self._chosen) is not None:
            own = max(1, self._result.figures.classes[chosen].support)
            counts = self._result.missed_by(chosen, [x / 100 for x in xs])
            missed = [count / own for count in counts]
            lines.append(Line("missed", "missed", xs, missed, theme_colours().danger, 2.4))
        self.coverage.show_lines(_coverage_axes(self.threshold * 100), lines)
        self._say_effect()

    def _say_effect(self) -> None:
        assert self._result is not None
        found = self._result.coverage(self.threshold)
        n = self._result.predictions.facts.n
        share = found.answered / n if n else 0.0
        right = f"{found.right / found.answered:.1%} of them rightly" if found.answered else "none"
        text = (
            f"“Not sure” below {self.threshold:.0%}: of these photos it answers {share:.1%}, "
            f"{right}."
        )
        if (chosen := self._chosen) is not None:
            name = class_words(self._result.figures.classes[chosen].label)
            text += f" {_fate_words(self._result.fate(chosen, self.threshold), name)}"
        if self._stored is not None:
            text += f" Classify uses {self._stored:.0%} now."
        self.effect.setText(text)

    @Slot()
    def _on_moved(self) -> None:
        self._draw()

    @Slot()
    def _on_careful(self) -> None:
        if self._result is not None and (chosen := self._chosen) is not None:
            self.slider.setValue(self._safe_percent(chosen))
        self._draw()

    @Slot()
    def _on_use(self) -> None:
        self.threshold_chosen.emit(self.threshold)

    @Slot()
    def _on_forget(self) -> None:
        self.threshold_chosen.emit(None)


def _fate_words(fate: Fate, name: str) -> str:
    """What becomes of a class's photos, and how far that holds for others: a handful of photos
    cannot show that none is ever missed."""
    unsure = fate.photos - fate.right - fate.missed
    text = (
        f"Of the {count_noun(fate.photos, 'photo')} of “{name}” {fate.right:,} are recognised, "
        f"{unsure:,} are “not sure”, {fate.missed:,} are missed (called something else)."
    )
    if not fate.missed:
        most = wilson_interval(0, fate.photos)[1]
        text += f" Of very many photos up to {most:.0%} may be missed all the same (95 % interval)."
    return text


def _reliability_axes() -> Axes:
    return Axes(
        "Do its percentages hold?", "how sure it was (%)", plain_percent, "sure",
        x_range=(0.0, 100.0), y_range=(0.0, 1.0), x_least=10.0,
    )  # fmt: skip


def _coverage_axes(mark: float | None) -> Axes:
    return Axes(
        "If it may say “not sure”", "threshold (%)", plain_percent, "threshold",
        x_range=(0.0, 100.0), y_range=(0.0, 1.0), x_least=10.0, mark=mark,
    )  # fmt: skip


def _verdict(result: Result, calibration: Calibration | None) -> str:
    """Whether what it says can be taken at its word, in a sentence or two."""
    sure = float(result.confidences.mean()) if len(result.confidences) else 0.0
    accuracy, (low, high) = result.figures.accuracy, result.figures.interval
    if result.error < _HOLDS:
        text = f"Its percentages hold: on average they are off by {result.error:.1%}."
    elif low <= sure <= high:
        text = (
            f"As far as {result.figures.n:,} photos can tell, its percentages hold: on average it "
            f"is {sure:.0%} sure, and {accuracy:.0%} right."
        )
    else:
        way = "too sure" if sure > accuracy else "not sure enough"
        text = (
            f"It is {way}: on average {sure:.0%} sure, and {accuracy:.0%} right; its percentages "
            f"are off by {result.error:.1%} (calibration error)."
        )
    if calibration is not None and calibration.photos:
        text += " They are adjusted already"
        better = result.raw_error - result.error > _WORTH_SAYING
        text += f" (before, they were off by {result.raw_error:.1%})." if better else "."
    return text
