"""The table of photos. The grid shows the same model with the same selection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from resnet_gui.ui.library.arrangement import SortBy
from resnet_gui.ui.library.columns import BEFORE, COLUMNS, NUMBERS
from resnet_gui.ui.library.drawn import Drawn
from resnet_gui.ui.library.model import LibraryModel
from resnet_gui.ui.library.widths import Widths
from resnet_gui.ui.widgets.photo_delegate import draw_thumbnail
from resnet_gui.ui.widgets.photo_list import Photo, PhotoState
from resnet_gui.ui.widgets.theme import theme_colours

_ROW, _THUMBNAIL, _MARGIN = 44, 54, 8
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
    """How wide a cell would be; rows are painted by the table."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        text = option.fontMetrics.horizontalAdvance(str(index.data()))
        picture = _THUMBNAIL + 10 if index.column() == 0 else 0
        return QSize(text + picture + 2 * _MARGIN + 2, _ROW)


class Table(QTableView):
    """Attributes:
        widths: of the columns.

    Signals:
    opened(), remove_requested(), menu_requested(QPoint): as the grid's.
    order_chosen(object by, bool falling): a heading was clicked.
    """

    opened = Signal()
    remove_requested = Signal()
    menu_requested = Signal(QPoint)
    order_chosen = Signal(object, bool)

    def __init__(self, model: LibraryModel) -> None:
        super().__init__()
        self._photos = model
        self._drawn = Drawn(self._draw)
        self._layout: tuple[tuple[int, int, int], ...] = ()
        self.setItemDelegate(_CellDelegate(self))
        self.setModel(model)
        model.pictured.connect(self._on_pictured)
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
        heads.setSectionsMovable(True)
        heads.setSectionsClickable(True)
        heads.moveSection(BEFORE, 2)
        self.setColumnHidden(BEFORE, True)
        self.widths = Widths(heads, self)
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
        """Show what the models before said."""
        if self.isColumnHidden(BEFORE) is shown:
            self.setColumnHidden(BEFORE, not shown)
            self.widths.fit(self.viewport().width())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.widths.fit(self.viewport().width())

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

    # --- painting ---------------------------------------------------------------------------

    def _rows_in(self, rect: QRect) -> range:
        """The rows that a part of the viewport shows."""
        offset = self.verticalOffset()
        last = min((rect.bottom() + offset) // _ROW + 1, self._photos.rowCount())
        return range(max(0, rect.top() + offset) // _ROW, last)

    def _columns(self) -> tuple[tuple[int, int, int], ...]:
        """The columns that are seen: (column, left edge, width)."""
        heads, room = self.horizontalHeader(), self.viewport().width()
        found = (
            (column, heads.sectionViewportPosition(column), heads.sectionSize(column))
            for column in range(len(COLUMNS))
        )
        return tuple(f for f in found if f[2] > 0 and f[1] < room and f[1] + f[2] > 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A row is painted as one picture."""
        painter = QPainter(self.viewport())
        photos, selection, colours = self._photos, self.selectionModel(), theme_colours()
        some, ratio = selection.hasSelection(), self.devicePixelRatioF()
        self._layout = self._columns()
        size = QSize(self.viewport().width(), _ROW)
        style = (self._layout, size.width(), ratio, colours.dark, self.font().key(), photos.titles)
        self._drawn.begin(style, size, ratio)
        offset, missing = self.verticalOffset(), list[int]()
        for row in self._rows_in(event.rect()):
            photo = photos.photo(row)
            if photo is None:
                break
            selected = some and selection.isSelected(photos.index(row, 0))
            look = photo.state, photos.facts(photo), photos.date(photo), selected
            at = QPoint(0, row * _ROW - offset)
            if not self._drawn.paint(painter, at, photo, look, selected):
                missing.append(row)
        current = self.currentIndex()
        if current.isValid() and self.hasFocus():
            cell = self.visualRect(current)
            painter.fillRect(cell.adjusted(0, cell.height() - 2, 0, 0), QColor(colours.accent))
        painter.end()
        self._drawn.end(len(self._rows_in(self.viewport().rect())))
        self._repaint(missing)

    def _draw(self, painter: QPainter, photo: Photo | None, selected: bool) -> bool:
        """One row; returns whether its thumbnail is there, too."""
        colours = theme_colours()
        if selected:
            for _, left, width in self._layout:
                painter.fillRect(left, 0, width, _ROW, QColor(colours.accent_ground))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(self.font())
        metrics, whole = painter.fontMetrics(), True
        failed = photo is not None and photo.state is PhotoState.FAILED
        for column, left, width in self._layout:
            area = QRectF(left + _MARGIN, 0, width - 2 * _MARGIN, _ROW)
            if column == 0:
                frame = area.adjusted(0, 3, 0, -4)
                frame.setWidth(_THUMBNAIL)
                image = None if photo is None else self._photos.source.thumbnail(photo)
                draw_thumbnail(painter, frame, image, failed=failed)
                area.setLeft(frame.right() + 10)
                whole = image is not None or failed
            if photo is None:
                continue
            muted = photo.stale or column > 3
            colour = colours.danger if failed and column == 1 else colours.text
            painter.setPen(QColor(colours.muted if muted and not selected else colour))
            # Of a file's name and of a folder the end counts, too.
            middle = COLUMNS[column][1] in (SortBy.NAME, SortBy.FOLDER)
            mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
            words = metrics.elidedText(self._photos.cell(photo, column), mode, int(area.width()))
            side = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
            painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, words)
        return whole

    def _repaint(self, rows: Iterable[int]) -> None:
        """In the next round of events, from the first to the last of these."""
        rows = list(rows)
        if rows:
            top, count = min(rows) * _ROW - self.verticalOffset(), max(rows) - min(rows) + 1
            self.viewport().update(0, top, self.viewport().width(), count * _ROW)

    @Slot(object)
    def _on_pictured(self, rows: Sequence[int]) -> None:
        if self.isVisible():
            seen = self._rows_in(self.viewport().rect())
            self._repaint(row for row in rows if row in seen)

    # --- keys and mouse ---------------------------------------------------------------------

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
