"""The table of photos. The grid shows the same model with the same selection."""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QKeyEvent,
    QPainter,
    QRegion,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from resnet_gui.ui.library.arrangement import SortBy
from resnet_gui.ui.library.model import BEFORE, COLUMNS, LibraryModel
from resnet_gui.ui.widgets.photo_delegate import draw_thumbnail
from resnet_gui.ui.widgets.photo_list import PhotoList, PhotoState
from resnet_gui.ui.widgets.theme import theme_colours

_ROW, _THUMBNAIL = 44, 54
_WIDTHS = (200, 200, 104, 86, 140, 136, 260, 160)  # of the table's columns
_Index = QModelIndex | QPersistentModelIndex
REMOVE = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


def menu_place(view: QAbstractItemView, event: QContextMenuEvent) -> QPoint | None:
    """Where a menu opens, on the screen; None: there is no photo there."""
    if event.reason() == QContextMenuEvent.Reason.Keyboard:
        rect = view.visualRect(view.currentIndex()).intersected(view.viewport().rect())
        return view.viewport().mapToGlobal(rect.center()) if rect.isValid() else None
    return event.globalPos() if view.indexAt(event.pos()).isValid() else None


class _CellDelegate(QStyledItemDelegate):
    """One cell of the table; the first column has the thumbnail."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        photo = index.data(PhotoList.PhotoRole)
        if photo is None:
            return
        colours = theme_colours()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if selected:
            painter.fillRect(option.rect, QColor(colours.accent_ground))
        area = QRectF(option.rect).adjusted(8, 0, -8, 0)
        failed = photo.state is PhotoState.FAILED
        if index.column() == 0:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            frame = area.adjusted(0, 3, 0, -4)
            frame.setWidth(_THUMBNAIL)
            image = index.data(Qt.ItemDataRole.DecorationRole)
            draw_thumbnail(painter, frame, image, failed=failed)
            area.setLeft(frame.right() + 10)
        muted = photo.stale or index.column() > 3
        text = colours.danger if failed and index.column() == 1 else colours.text
        painter.setPen(QColor(colours.muted if muted and not selected else text))
        # Of a file's name and of a folder the end counts, too.
        middle = COLUMNS[index.column()][1] in (SortBy.NAME, SortBy.FOLDER)
        mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        words = painter.fontMetrics().elidedText(str(index.data()), mode, int(area.width()))
        painter.drawText(area, int(index.data(Qt.ItemDataRole.TextAlignmentRole)), words)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.fillRect(
                option.rect.adjusted(0, option.rect.height() - 2, 0, 0), QColor(colours.accent)
            )
        painter.restore()


class Table(QTableView):
    """Signals:
    opened(), remove_requested(), menu_requested(QPoint): as the grid's.
    order_chosen(object by, bool falling): a heading was clicked.
    """

    opened = Signal()
    remove_requested = Signal()
    menu_requested = Signal(QPoint)
    order_chosen = Signal(object, bool)

    def __init__(self, model: LibraryModel) -> None:
        super().__init__()
        self.setItemDelegate(_CellDelegate(self))
        self.setModel(model)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setAccessibleName("Photos as a table")
        rows = self.verticalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(_ROW)
        rows.hide()
        heads = self.horizontalHeader()
        heads.setHighlightSections(False)
        heads.setMinimumSectionSize(60)
        heads.setStretchLastSection(True)
        heads.setSectionsMovable(True)
        heads.setSectionsClickable(True)
        for column, width in enumerate(_WIDTHS):
            heads.resizeSection(column, width)
        heads.moveSection(BEFORE, 2)
        self.setColumnHidden(BEFORE, True)
        heads.sectionClicked.connect(self._on_head_clicked)
        self.doubleClicked.connect(self.opened)
        self._by, self._falling = SortBy.ADDED, False

    def setSelectionModel(self, selection: QItemSelectionModel) -> None:
        """The headings know nothing of the selection: to paint one, Qt would ask of each of 20,000
        rows whether it is selected."""
        super().setSelectionModel(selection)
        nothing = QItemSelectionModel(selection.model(), self)
        self.horizontalHeader().setSelectionModel(nothing)

    def show_order(self, by: SortBy, *, falling: bool) -> None:
        """The next click on a heading goes on from here."""
        self._by, self._falling = by, falling

    def show_before(self, shown: bool) -> None:
        """Show what the model before said."""
        if self.isColumnHidden(BEFORE) is shown:
            self.setColumnHidden(BEFORE, not shown)

    @Slot(int)
    def _on_head_clicked(self, column: int) -> None:
        """First the useful way (the surest on top), then the other, then as they came."""
        by = COLUMNS[column][1]
        first = by in (SortBy.PROBABILITY, SortBy.MARGIN, SortBy.DATE)
        if by is not self._by:
            self.order_chosen.emit(by, first)
        elif self._falling is first:
            self.order_chosen.emit(by, not first)
        else:
            self.order_chosen.emit(SortBy.ADDED, False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER and self.currentIndex().isValid():
            self.opened.emit()
        elif event.key() in REMOVE:
            self.remove_requested.emit()
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and self.model().rowCount():
            # To the first and last photo, not column.
            row = 0 if event.key() == Qt.Key.Key_Home else self.model().rowCount() - 1
            self.setCurrentIndex(self.model().index(row, 0))
        else:
            super().keyPressEvent(event)

    @property
    def selecting(self) -> bool:
        """Whether a person is dragging over photos."""
        return self.state() == QAbstractItemView.State.DragSelectingState

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        """What is painted anew when the selection changes: all. Qt would ask for the place of each
        of 20,000 rows to find out."""
        return QRegion(self.viewport().rect())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = menu_place(self, event)
        if place is not None:
            self.menu_requested.emit(place)
