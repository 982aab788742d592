"""A few validation photos with what the network says of them, epoch after epoch."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from resnet_gui.core.events import ImageSource
from resnet_gui.core.runs.events import SamplePrediction, SamplesPredicted
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.widgets.answer import percent
from resnet_gui.ui.widgets.class_names import class_words, fitted
from resnet_gui.ui.widgets.plain_text import show_tooltip
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.thumbnails import Thumbnails

_WIDTH = 132  # pixels of one photo with its texts
_PICTURE = 84


class SamplesView(QWidget):
    """One row of photos; a frame and a sign say right or wrong, not colour alone.

    Attributes:
        samples: what is shown, as far as there is room.
    """

    def __init__(self, io: JobLane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.samples: tuple[SamplePrediction, ...] = ()
        self.setFixedHeight(self._wanted_height())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._thumbnails = Thumbnails(io, _PICTURE * 2, self)
        self._thumbnails.made.connect(self._on_made)

    def sizeHint(self) -> QSize:
        return QSize(4 * _WIDTH, self.minimumHeight())

    def clear(self) -> None:
        self.samples = ()
        self.update()

    def show_samples(self, event: SamplesPredicted) -> None:
        self.samples = event.samples
        right = sum(sample.right for sample in event.samples)
        self.setAccessibleName(f"Validation photos: {right} of {len(event.samples)} right")
        self.setFixedHeight(self._wanted_height())
        self.update()

    def _wanted_height(self) -> int:
        """As high as the longest names need: the charts above have the rest."""
        metrics = self.fontMetrics()
        lines = max(
            (
                sum(
                    fitted(text, metrics, _WIDTH - 8).count("\n") + 1
                    for text in (_taken_for(sample), _truth(sample))
                    if text
                )
                for sample in self.samples
            ),
            default=2,
        )
        return _PICTURE + 10 + max(2, lines) * (metrics.height() + 1)

    @Slot(object)
    def _on_made(self, name: str) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        shown = min(len(self.samples), max(1, self.width() // _WIDTH))
        for number, sample in enumerate(self.samples[:shown]):
            cell = QRectF(number * _WIDTH, 0, _WIDTH - 8, self.height())
            self._paint_sample(painter, sample, cell)

    def _paint_sample(self, painter: QPainter, sample: SamplePrediction, cell: QRectF) -> None:
        colours = theme_colours()
        frame = QRectF(cell.center().x() - _PICTURE / 2, 3, _PICTURE, _PICTURE)
        clip = QPainterPath()
        clip.addRoundedRect(frame, 6, 6)
        painter.save()
        painter.setClipPath(clip)
        image = self._thumbnails.get(ImageSource(sample.path))
        if image is None:
            painter.fillRect(frame, QColor(colours.track))
        else:
            side = min(image.width(), image.height())
            part = QRectF((image.width() - side) / 2, (image.height() - side) / 2, side, side)
            painter.drawImage(frame, image, part)
        painter.restore()
        colour = QColor(colours.accent if sample.right else colours.danger)
        painter.setPen(QPen(colour, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(clip)
        first = _taken_for(sample)
        metrics = painter.fontMetrics()
        texts = QRectF(cell.left(), frame.bottom() + 5, cell.width(), metrics.height())
        # What it took it for, and below what it is: each may need two lines.
        for text, shade in ((first, colour), (_truth(sample), QColor(colours.muted))):
            shown = fitted(text, metrics, texts.width())
            texts.setHeight(metrics.height() * (shown.count("\n") + 1))
            painter.setPen(shade)
            painter.drawText(
                texts, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, shown
            )
            texts.moveTop(texts.bottom() + 1)

    def event(self, event: QEvent) -> bool:
        """The names in full, where one is cut."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            show_tooltip(self, event.globalPos(), self.tip_at(event.pos()))
            return True
        return super().event(event)

    def tip_at(self, place: QPoint) -> str:
        """What the photo at this place was taken for, and what it is."""
        number = place.x() // _WIDTH
        if not 0 <= number < len(self.samples):
            return ""
        sample = self.samples[number]
        return "\n".join(part for part in (_taken_for(sample), _truth(sample)) if part)


def _taken_for(sample: SamplePrediction) -> str:
    sign = "✓" if sample.right else "✗"
    if not sample.scores:
        return sign
    top = sample.scores[0]
    # The figure in front: of a long name the end is cut.
    return f"{sign} {percent(top.probability)} {class_words(top.label)}"


def _truth(sample: SamplePrediction) -> str:
    return "" if sample.right else f"is {class_words(sample.truth)}"
