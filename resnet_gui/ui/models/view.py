"""How the Models page paints its list: a row per model, with columns where there is room."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import (
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from resnet_gui.core.words import count_noun
from resnet_gui.core.zoo import RECOMMENDED_ID, ModelEntry
from resnet_gui.core.zoo.storage.store import Speed
from resnet_gui.ui.models.controller import ModelsController
from resnet_gui.ui.models.list_model import ModelList, accuracy_texts
from resnet_gui.ui.models.standing import Situation, Standing
from resnet_gui.ui.widgets.plain_text import one_line, set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.words import size_text

_SIDE = 16  # pixels between the text and the list's edges
_COLUMNS = (("Accuracy", 118), ("Size", 72), ("Speed here", 88))  # title, width in pixels
_COLUMNS_FROM = 500  # pixels: a narrower list has no columns
_ROW, _GROUP = 54, 32
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_MARKS = {
    Situation.IN_USE: "in use",
    Situation.DAMAGED: "damaged",
    Situation.WAITING: "waiting",
    Situation.FAILED: "download failed",
    Situation.PART: "interrupted",
}


def speed_text(speeds: tuple[Speed, ...]) -> str:
    """The fastest device's time for one photo; empty if nothing was measured."""
    if not speeds:
        return ""
    ms = speeds[0].ms_per_photo
    return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms"


def _values(entry: ModelEntry, size_bytes: int, speeds: tuple[Speed, ...]) -> tuple[str, str, str]:
    accuracy = accuracy_texts(entry.spec)[0]
    return accuracy or "–", size_text(size_bytes) if size_bytes else "–", speed_text(speeds) or "–"


class ColumnTitles(QWidget):
    """The words above the columns."""

    def __init__(self, view: QListView) -> None:
        super().__init__()
        self._view = view
        self.setFixedHeight(22)
        set_tooltip(
            self,
            "Accuracy: how often the first answer is right, as published; of your own models, on "
            "the photos kept aside.\nOnly models of one dataset can be compared: they stand "
            "together.\n"
            "Speed here: time for one photo on this computer, measured when a model is used.",
        )

    def fit(self) -> None:
        """Take no room where the list has no columns."""
        self.setVisible(self._view.isVisible() and self._view.viewport().width() >= _COLUMNS_FROM)

    def paintEvent(self, event: QPaintEvent) -> None:
        width = self._view.viewport().width()
        painter = QPainter(self)
        painter.setFont(_small(painter.font()))
        painter.setPen(QColor(theme_colours().muted))
        left = self.mapFromGlobal(self._view.viewport().mapToGlobal(QPoint(0, 0))).x()
        area = QRectF(left, 0, width, self.height())
        painter.drawText(area.adjusted(_SIDE, 0, 0, 0), _LEFT, "Model")
        right = area.right() - _SIDE
        for title, room in reversed(_COLUMNS):
            painter.drawText(QRectF(right - room, 0, room, self.height()), _RIGHT, title)
            right -= room


class ModelRowDelegate(QStyledItemDelegate):
    """Paints a group's title, or a model: title, mark, what it is or how its download goes."""

    def __init__(self, controller: ModelsController, view: QListView) -> None:
        super().__init__(view)
        self._controller = controller

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        is_title = isinstance(index.data(ModelList.EntryRole), str)
        return QSize(200, _GROUP if is_title else _ROW)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        value = index.data(ModelList.EntryRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect)
        if isinstance(value, ModelEntry):
            self._paint_entry(painter, option, rect, value)
        else:
            font = _small(painter.font())
            font.setBold(True)
            painter.setFont(font)
            painter.setPen(QColor(theme_colours().muted))
            painter.drawText(rect.adjusted(_SIDE, 8, -_SIDE, 0), _LEFT, str(value))
        painter.restore()

    def _paint_entry(
        self, painter: QPainter, option: QStyleOptionViewItem, rect: QRectF, entry: ModelEntry
    ) -> None:
        colours = theme_colours()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected or option.state & QStyle.StateFlag.State_MouseOver:
            ground = QPainterPath()
            ground.addRoundedRect(rect.adjusted(5, 1, -5, -1), 7, 7)
            painter.fillPath(ground, QColor(colours.accent_ground if selected else colours.window))
        standing = self._controller.standing(entry)
        inventory = self._controller.inventory
        here = inventory.file_bytes.get(entry.spec.id, 0) if inventory else 0
        values = _values(entry, here or entry.spec.bytes, self._controller.speeds(entry.spec.id))
        right = rect.right() - _SIDE
        if rect.width() >= _COLUMNS_FROM:
            painter.setPen(QColor(colours.text if entry.state.ready else colours.muted))
            for (_, room), text in zip(reversed(_COLUMNS), reversed(values), strict=True):
                cell = QRectF(right - room, rect.top(), room, _ROW)
                on = accuracy_texts(entry.spec)[1] if room == _COLUMNS[0][1] else ""
                _paint_cell(painter, cell, text, on)
                right -= room
            values = ("", "", "")
        area = QRectF(rect.left() + _SIDE, rect.top(), right - rect.left() - _SIDE - 8, _ROW)
        self._paint_title(painter, area, entry, standing)
        self._paint_line(painter, area, entry, standing, values)

    def _paint_title(
        self, painter: QPainter, area: QRectF, entry: ModelEntry, standing: Standing
    ) -> None:
        colours = theme_colours()
        bad = standing.situation in (Situation.DAMAGED, Situation.FAILED)
        mark = "lacks a model" if entry.lacks_member else _MARKS.get(standing.situation, "")
        if not mark and entry.spec.id == RECOMMENDED_ID and not entry.state.ready:
            mark = "recommended"
        small, bold = _small(painter.font()), painter.font()
        bold.setBold(True)
        mark_width = QFontMetricsF(small).horizontalAdvance(mark) + 14 if mark else 0.0
        metrics = QFontMetricsF(bold)
        room = area.width() - (mark_width + 8 if mark else 0)
        title = metrics.elidedText(one_line(entry.spec.title), Qt.TextElideMode.ElideRight, room)
        painter.save()
        painter.setFont(bold)
        painter.setPen(QColor(colours.text))
        upper = QRectF(area.left(), area.top() + 7, area.width(), 20)
        painter.drawText(upper, _LEFT, title)
        if mark:
            badge = QRectF(
                upper.left() + metrics.horizontalAdvance(title) + 8, upper.top() + 1, mark_width, 18
            )
            ground = QPainterPath()
            ground.addRoundedRect(badge, 9, 9)
            fill = colours.warning_ground if bad else colours.track
            if standing.situation is Situation.IN_USE:
                fill = colours.accent
            painter.fillPath(ground, QColor(fill))
            painter.setFont(small)
            used = standing.situation is Situation.IN_USE
            painter.setPen(QColor(colours.on_accent if used else colours.text))
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, mark)
        painter.restore()

    def _paint_line(
        self,
        painter: QPainter,
        area: QRectF,
        entry: ModelEntry,
        standing: Standing,
        values: tuple[str, str, str],
    ) -> None:
        colours = theme_colours()
        painter.setFont(_small(painter.font()))
        painter.setPen(QColor(colours.muted))
        lower = QRectF(area.left(), area.top() + 27, area.width(), 18)
        going_on = standing.situation in (Situation.DOWNLOADING, Situation.STOPPING)
        text = standing.text
        if standing.situation in (Situation.DAMAGED, Situation.FAILED):
            painter.setPen(QColor(colours.danger))
        elif not text:
            spec = entry.spec
            classes = count_noun(len(spec.classes), "class", "classes") if spec.classes else ""
            # Without columns there is no room for the number of classes; the card has it.
            more = (classes,) if not any(values) else (" ".join(accuracy_texts(spec)), *values[1:])
            parts = (spec.dataset or "own photos", *more)
            text = " · ".join(part for part in parts if part not in ("", "–"))
        metrics = QFontMetricsF(painter.font())
        painter.drawText(
            lower,
            _LEFT,
            metrics.elidedText(one_line(text), Qt.TextElideMode.ElideRight, lower.width()),
        )
        if going_on:
            bar = QRectF(lower.left(), area.bottom() - 8, lower.width(), 4)
            _paint_bar(painter, bar, standing.fraction)


def _paint_cell(painter: QPainter, cell: QRectF, text: str, on: str) -> None:
    """A column's value; `on`, smaller, below it."""
    if not on:
        painter.drawText(cell, _RIGHT, text)
        return
    painter.drawText(QRectF(cell.left(), cell.top() + 7, cell.width(), 20), _RIGHT, text)
    painter.save()
    painter.setFont(_small(painter.font()))
    painter.setPen(QColor(theme_colours().muted))
    painter.drawText(QRectF(cell.left(), cell.top() + 27, cell.width(), 18), _RIGHT, on)
    painter.restore()


def _paint_bar(painter: QPainter, bar: QRectF, fraction: float | None) -> None:
    colours = theme_colours()
    for width, colour in ((bar.width(), colours.border), (bar.width() * (fraction or 0), "")):
        path = QPainterPath()
        path.addRoundedRect(QRectF(bar.left(), bar.top(), width, bar.height()), 2, 2)
        painter.fillPath(path, QColor(colour or colours.accent))


def _small(font: QFont) -> QFont:
    result = QFont(font)
    result.setBold(False)
    result.setPointSizeF(font.pointSizeF() * 0.92)
    return result
