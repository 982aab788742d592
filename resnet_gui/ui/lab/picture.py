"""What a view of the Lab shows as a picture, for slides and worksheets."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage, QPainter, QRegion
from PySide6.QtWidgets import QWidget

from resnet_gui.ui.lab.curves import LabCurves
from resnet_gui.ui.lab.diagram import LabDiagram
from resnet_gui.ui.lab.layers import LabLayers
from resnet_gui.ui.lab.why import LabWhy
from resnet_gui.ui.widgets.charts.chart import LineChart
from resnet_gui.ui.widgets.theme import theme_colours

_FINE = 2.0  # pixels for one of the screen's: print wants more
_MOST_PIXELS = 40_000_000  # of a deep network's diagram, which would take half a gigabyte


def picture_of(view: LabCurves | LabLayers | LabDiagram | LabWhy) -> QImage:
    """What stands in it without what it is operated with: charts with their sentence, all of a
    diagram (also what is scrolled away), the texts with their drawing."""
    widget, area = _shown(view)
    pixels = max(1, area.width() * area.height())
    scale = min(_FINE, (_MOST_PIXELS / pixels) ** 0.5)
    image = QImage(area.size() * scale, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    image.fill(QColor(theme_colours().window))
    painter = QPainter(image)
    widget.render(painter, QPoint(), QRegion(area))
    painter.translate(-area.topLeft())
    for chart in widget.findChildren(LineChart):
        if chart.isVisible():  # what it keeps is as fine as the screen
            place = QRect(chart.mapTo(widget, QPoint()), chart.size())
            painter.fillRect(place, QColor(theme_colours().window))
            painter.drawImage(place.topLeft(), chart.picture())
    if isinstance(view, LabWhy):
        turn = view.account.turn
        at = QRect(turn.mapTo(widget, QPoint()), turn.size())
        painter.fillRect(at, QColor(theme_colours().surface))
    if isinstance(view, LabLayers | LabCurves):
        for operated in (view.epochs.play, view.epochs.slider):
            place = QRect(operated.mapTo(widget, QPoint()), operated.size())
            painter.fillRect(place, QColor(theme_colours().window))
    painter.end()
    return image


def _shown(view: LabCurves | LabLayers | LabDiagram | LabWhy) -> tuple[QWidget, QRect]:
    if isinstance(view, LabDiagram):
        return view.canvas, view.canvas.rect()
    if isinstance(view, LabWhy):
        return view.account.sheet, view.account.sheet.rect()
    first = view.chart if isinstance(view, LabLayers) else view.residual
    return view, view.rect().adjusted(0, first.y(), 0, 0)
