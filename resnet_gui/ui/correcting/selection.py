"""The photos that are selected in a gallery, one in each row of its model."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractItemView


def selected_rows(view: QAbstractItemView) -> list[int]:
    """In order."""
    return sorted(index.row() for index in view.selectionModel().selectedIndexes())


def choose_next(view: QAbstractItemView) -> None:
    """Go on to the photo behind those that were decided about, if there is one."""
    rows, model = selected_rows(view), view.model()
    if rows and rows[-1] < model.rowCount() - 1:
        view.setCurrentIndex(model.index(rows[-1] + 1, 0))
