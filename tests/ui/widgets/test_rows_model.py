"""Lists of very many photos in Qt's views."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, QStringListModel, Qt
from PySide6.QtWidgets import QListView
from pytestqt.qtbot import QtBot

from resnet_gui.ui.correcting.selection import selected_region, selected_rows
from resnet_gui.ui.correcting.wall import WallModel
from resnet_gui.ui.evaluate.gallery import GalleryModel
from resnet_gui.ui.runs.gallery import PairedPhotos
from resnet_gui.ui.widgets.class_list import ClassModel
from resnet_gui.ui.widgets.photo_list import PhotoList
from resnet_gui.ui.widgets.rows_model import RowsModel

Index = QModelIndex | QPersistentModelIndex


class Rows(RowsModel):
    asked = 0

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        self.asked += 1
        return str(index.row()) if role == Qt.ItemDataRole.DisplayRole else None


def wall(qtbot: QtBot, model: RowsModel) -> QListView:
    view = QListView()
    qtbot.addWidget(view)
    view.setModel(model)
    view.setViewMode(QListView.ViewMode.IconMode)
    view.setResizeMode(QListView.ResizeMode.Adjust)
    view.setUniformItemSizes(True)
    view.setGridSize(QSize(100, 100))
    view.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
    view.resize(450, 400)
    view.show()
    return view


def test_a_wall_asks_for_what_it_shows(qtbot: QtBot) -> None:
    model = Rows()
    view = wall(qtbot, model)
    model.set_rows(20_000)
    assert model.rowCount() == 20_000
    qtbot.waitUntil(lambda: view.verticalScrollBar().maximum() > 100_000)
    qtbot.waitUntil(lambda: model.asked > 0)
    view.resize(750, 400)
    qtbot.waitUntil(lambda: view.verticalScrollBar().maximum() < 400_000)
    assert model.asked < 2000
    model.set_rows(3)
    assert model.rowCount() == 3
    assert not model.flags(model.index(0)) & Qt.ItemFlag.ItemIsEditable


def test_no_list_of_photos_or_classes_lets_qt_ask_python_for_its_length() -> None:
    """For each of 50,000 photos at each change of a width, and waiting for the interpreter's lock
    each time."""
    for model in (GalleryModel, WallModel, PairedPhotos, PhotoList, ClassModel):
        assert model.rowCount is QStringListModel.rowCount, model


def test_all_that_is_seen_is_painted_when_very_many_are_selected(qtbot: QtBot) -> None:
    model = Rows()
    view = wall(qtbot, model)
    model.set_rows(20_000)
    view.setCurrentIndex(model.index(3))
    selection = view.selectionModel().selection()
    assert selected_region(view, selection) is None
    assert selected_rows(view) == [3]
    view.selectAll()
    region = selected_region(view, view.selectionModel().selection())
    assert region is not None
    assert region.boundingRect() == view.viewport().rect()
    assert selected_rows(view) == list(range(20_000))
