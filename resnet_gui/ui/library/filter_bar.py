"""What decides which photos are shown, and in which order."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QToolButton

from resnet_gui.ui.library.arrangement import Filter, SortBy, Which
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.folding_row import FoldingRow
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip
from resnet_gui.ui.widgets.spin_box import SpinBox

_TYPING_MS = 150  # after the last letter


class _Search(QLineEdit):
    """Down leads to the photos.

    Signals:
        left().
    """

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.left.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class FilterBar(FoldingRow):
    """Signals:
    filter_changed(): `filter_with` gives another value.
    order_chosen(object by, bool falling).
    left(): the person goes on to the photos.
    """

    filter_changed = Signal()
    order_chosen = Signal(object, bool)
    left = Signal()

    def __init__(self) -> None:
        super().__init__(8)
        self.search = _Search()
        self.search.setPlaceholderText("Find by name, answer or folder")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Find photos by name, answer or folder")
        set_tooltip(
            self.search,
            "Words that stand in a photo's path or answer. A model that knows ImageNet's classes "
            "also finds kinds: “cat” finds a tabby.",
        )
        self.search.setMinimumWidth(140)
        self.which = ComboBox()
        self.which.setAccessibleName("Which photos")
        for which in Which:
            self.which.addItem(which.value, which)
        self.least, self.most = SpinBox(), SpinBox()
        for box, value, prefix, name in (
            (self.least, 0, "from ", "Least probability"),
            (self.most, 100, "to ", "Highest probability"),
        ):
            box.setRange(0, 100)
            box.setSingleStep(5)
            box.setValue(value)
            box.setPrefix(prefix)
            box.setSuffix(" %")
            box.setAccessibleName(name)
            box.setMinimumHeight(self.search.sizeHint().height())
            set_tooltip(box, "Only photos whose answer is this probable")
        self.sort = ComboBox()
        self.sort.setAccessibleName("Sort by")
        for by in SortBy:
            self.sort.addItem(by.value, by)
        self.turn = QToolButton()
        self.turn.setArrowType(Qt.ArrowType.UpArrow)
        self.turn.setAccessibleName("Turn the order round")
        set_tooltip(self.turn, "Turn the order round")
        self._falling = False
        self.first.addWidget(self.search, 1)
        self.first.addWidget(self.which)
        row = self.second
        row.addWidget(self.least)
        row.addWidget(self.most)
        label = PlainLabel("Sort by")
        label.setProperty("kind", "muted")
        row.addSpacing(6)
        row.addWidget(label)
        row.addWidget(self.sort)
        row.addWidget(self.turn)
        row.addStretch()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.filter_changed)
        self.search.textChanged.connect(self._on_typed)
        self.search.left.connect(self.left)
        self.search.returnPressed.connect(self.left)
        self.which.activated.connect(self._on_changed)
        self.least.valueChanged.connect(self._on_least_changed)
        self.most.valueChanged.connect(self._on_most_changed)
        self.sort.activated.connect(self._on_sort_chosen)
        self.turn.clicked.connect(self._on_turned)

    def filter_with(self, labels: frozenset[str]) -> Filter:
        """The filter that stands here, for photos of these labels."""
        return Filter(
            self.search.text().strip(),
            labels,
            self.least.value() / 100,
            self.most.value() / 100,
            self.which.currentData(),
        )

    def reset(self) -> None:
        """Let all photos pass."""
        for box in (self.search, self.which, self.least, self.most):
            box.blockSignals(True)
        self.search.clear()
        self.which.setCurrentIndex(0)
        self.least.setValue(0)
        self.most.setValue(100)
        for box in (self.search, self.which, self.least, self.most):
            box.blockSignals(False)
        self._on_changed()

    def show_order(self, by: SortBy, *, falling: bool) -> None:
        self.sort.setCurrentIndex(list(SortBy).index(by))
        self._falling = falling
        self.turn.setArrowType(Qt.ArrowType.DownArrow if falling else Qt.ArrowType.UpArrow)

    @Slot()
    def _on_typed(self) -> None:
        self._typing.start()

    @Slot()
    def _on_changed(self, *_: object) -> None:
        self._typing.stop()
        self.filter_changed.emit()

    @Slot(int)
    def _on_least_changed(self, value: int) -> None:
        if self.most.value() < value:
            self.most.setValue(value)
        self._typing.start()

    @Slot(int)
    def _on_most_changed(self, value: int) -> None:
        if self.least.value() > value:
            self.least.setValue(value)
        self._typing.start()

    @Slot()
    def _on_sort_chosen(self, *_: object) -> None:
        by = self.sort.currentData()
        # The surest and the newest first.
        self.order_chosen.emit(by, by in (SortBy.PROBABILITY, SortBy.MARGIN, SortBy.DATE))

    @Slot()
    def _on_turned(self) -> None:
        self.order_chosen.emit(self.sort.currentData(), not self._falling)
