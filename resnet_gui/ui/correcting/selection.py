"""The photos that are selected in a gallery, one in each row of its model."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection
from PySide6.QtGui import QRegion
from PySide6.QtWidgets import QAbstractItemView

_MANY = 500  # photos, more than a screen shows


def selected_rows(view: QAbstractItemView) -> list[int]:
    """In order. From spans of rows: with all of many thousand selected an index for each takes
    long."""
    spans = view.selectionModel().selection().toList()
    return sorted({row for span in spans for row in range(span.top(), span.bottom() + 1)})


def selected_region(view: QAbstractItemView, selection: QItemSelection) -> QRegion | None:
    """What is drawn anew when many photos are selected or are not any more: all that is visible. Qt
    would look for the place of each of them, most of which are far away. None: of few it may."""
    many = sum(span.height() for span in selection.toList()) > _MANY
    return QRegion(view.viewport().rect()) if many else None


def choose_next(view: QAbstractItemView) -> None:
    """Go on to the photo behind those that were decided about, if there is one."""
    rows, model = selected_rows(view), view.model()
    if rows and rows[-1] < model.rowCount() - 1:
        view.setCurrentIndex(model.index(rows[-1] + 1, 0))
