"""A result: the figure, what is confused, the classes, how far to trust it, and photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.calibration import Calibration
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.correcting.counts import counts_text
from resnet_gui.ui.evaluate.class_table import ClassTable
from resnet_gui.ui.evaluate.controller import EvaluateController
from resnet_gui.ui.evaluate.gallery import Gallery
from resnet_gui.ui.evaluate.matrix import MatrixView
from resnet_gui.ui.evaluate.result import Result
from resnet_gui.ui.evaluate.result_words import facts_words, terms_words, title_words
from resnet_gui.ui.evaluate.trust import TrustView
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, one_line, set_tooltip
from resnet_gui.ui.widgets.sight import bring_into_sight
from resnet_gui.ui.widgets.turns import Turns

_TABS = (
    ("Co&nfusions", "What was taken for what (Alt+N)"),
    ("&Classes", "How well each class is recognised (Alt+C)"),
    ("&Trust", "Whether its percentages hold, and when Classify should say “not sure” (Alt+T)"),
)
_ORDERS = ("Most confused first", "By name")
_CELLS = ("Photos", "Per cent of the row")
_NARROW = 820  # pixels: below, photos and matrix are too small side by side
_MATRIX, _GALLERY = 190, 176  # pixels of height, one above the other: some of each can be seen
_MANY = 200  # classes
_SIDES = 30  # pixels of a card's margins


class ResultView(QWidget):
    """Signals:
    opened(object), folder_requested(object): see `Gallery`.
    report_requested(), again_requested(), improve_requested(), chart_save_requested(object).
    """

    opened = Signal(object)
    folder_requested = Signal(object)
    improve_requested = Signal()
    report_requested = Signal()
    again_requested = Signal()
    chart_save_requested = Signal(object)

    def __init__(
        self,
        controller: EvaluateController,
        corrector: Corrector,
        io: JobLane,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller, self._corrector = controller, corrector
        self._result: Result | None = None
        self._galleries: list[tuple[str, Sequence[int]]] = []
        self._turns = Turns(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._head())
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self._sides = (self._left(), self._right(io))
        for side in self._sides:
            self.splitter.addWidget(side)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.splitter.setSizes([620, 420])
        column.addWidget(self.splitter, 1)
        controller.changed.connect(self.show_state)

    # --- its width --------------------------------------------------------------------------

    def minimumSizeHint(self) -> QSize:
        """As narrow as it can get, whatever it is now."""
        least = [side.minimumSizeHint().width() for side in self._sides]
        least.append(self._buttons_row.minimumSizeHint().width() + _SIDES)
        return QSize(max(least), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the photos stand below the matrix, and the buttons below the texts."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        across, along = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        wanted = along if narrow else across
        if self.splitter.orientation() is not wanted:
            self.splitter.setOrientation(wanted)
            self.splitter.setSizes([400, 300] if narrow else [620, 420])
            self.gallery.setMinimumHeight(_GALLERY if narrow else 0)
            self.matrix.setMinimumHeight(_MATRIX if narrow else 0)
            direction = QBoxLayout.Direction
            self._head_row.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)
            self.updateGeometry()

    # --- building ---------------------------------------------------------------------------

    def _head(self) -> QFrame:
        card = QFrame()
        card.setProperty("kind", "card")
        self._head_row = row = QHBoxLayout(card)
        row.setContentsMargins(16, 10, 12, 10)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        self.title = ElidedLabel()
        self.title.setProperty("kind", "muted")
        self.figure = PlainLabel()
        embolden(self.figure, 1.6)
        self.facts = PlainLabel()
        self.facts.setWordWrap(True)
        self.terms = PlainLabel()  # words of the trade, which the pointer explains
        self.terms.setWordWrap(True)
        self.terms.setProperty("kind", "muted")
        self.terms.setCursor(Qt.CursorShape.WhatsThisCursor)
        for widget in (self.title, self.figure, self.facts, self.terms):
            texts.addWidget(widget)
        row.addLayout(texts, 1)
        self.report = QPushButton("Save &report…")
        set_tooltip(self.report, "One page with everything, and a table of all photos (Ctrl+S)")
        self.report.clicked.connect(self.report_requested)
        self.again = QPushButton("Test on a fol&der…")
        set_tooltip(self.again, "Test this model on other photos (Ctrl+O)")
        self.again.clicked.connect(self.again_requested)
        self.close_button = QPushButton("C&lose")
        self.close_button.setProperty("kind", "plain")
        set_tooltip(self.close_button, "Back to all results. This one stays there (Alt+L).")
        self.close_button.clicked.connect(self._controller.close)
        self._buttons_row = QWidget()
        buttons = QHBoxLayout(self._buttons_row)
        buttons.setContentsMargins(0, 0, 0, 0)
        for button in (self.report, self.again, self.close_button):
            buttons.addWidget(button)
        buttons.addStretch()
        row.addWidget(self._buttons_row, alignment=Qt.AlignmentFlag.AlignTop)
        return card

    def _left(self) -> QWidget:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        bar = QHBoxLayout()
        bar.setSpacing(4)
        self.tabs: list[QPushButton] = []
        group = QButtonGroup(self)
        for number, (words, tip) in enumerate(_TABS):
            button = QPushButton(words)
            button.setCheckable(True)
            set_tooltip(button, tip)
            group.addButton(button, number)
            self.tabs.append(button)
            bar.addWidget(button)
        self.tabs[0].setChecked(True)
        group.idClicked.connect(self.show_tab)
        bar.addStretch()
        self.order, self.cells = ComboBox(), ComboBox()
        for box, choices, name, tip in (
            (self.order, _ORDERS, "Order of the classes", "In which order the classes stand"),
            (self.cells, _CELLS, "What the cells hold", "What stands in the cells"),
        ):
            for words in choices:
                box.addItem(words)
            box.setAccessibleName(name)
            set_tooltip(box, tip)
            bar.addWidget(box)
        self.order.currentIndexChanged.connect(self._on_order_changed)
        self.cells.currentIndexChanged.connect(self._on_cells_changed)
        self.matrix = MatrixView()
        self.matrix.cell_chosen.connect(self.show_cell)
        self.pointed = ElidedLabel()
        self.pointed.setProperty("kind", "muted")
        self.matrix.pointed.connect(self._on_pointed)
        card = QFrame()
        card.setProperty("kind", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(8, 8, 8, 8)
        inside.addWidget(self.matrix, 1)
        inside.addWidget(self.pointed)
        self.classes = ClassTable()
        self.classes.class_chosen.connect(self.show_class)
        self.trust = TrustView()
        self.trust.threshold_chosen.connect(self._controller.set_unsure)
        self.trust.adjust_requested.connect(self._controller.adjust)
        self.trust.save_requested.connect(self.chart_save_requested)
        self.stack = QStackedWidget()
        for widget in (card, self.classes, self.trust):
            self.stack.addWidget(widget)
        column.addLayout(bar)
        column.addWidget(self.stack, 1)
        return left

    def _right(self, io: JobLane) -> QWidget:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.which = ComboBox()
        self.which.setAccessibleName("Which photos are shown")
        set_tooltip(self.which, "Which photos are shown below (Alt+Down opens the list)")
        self.which.currentIndexChanged.connect(self._on_gallery_changed)
        self.gallery = Gallery(io, self._corrector)
        self.gallery.opened.connect(self.opened)
        self.gallery.folder_requested.connect(self.folder_requested)
        self.none = PlainLabel("No photo is like that.")
        self.none.setProperty("kind", "muted")
        self.none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self.which)
        column.addWidget(self.gallery, 1)
        column.addWidget(self.none, 1)
        foot = QHBoxLayout()
        self.decided = PlainLabel()
        self.decided.setProperty("kind", "muted")
        self.decided.setWordWrap(True)
        self.improve = QPushButton("&Improve this folder…")
        set_tooltip(
            self.improve,
            "Find the photos of this folder that are in the wrong class, and apply what was "
            "decided here (Ctrl+I)",
        )
        self.improve.clicked.connect(self.improve_requested)
        foot.addWidget(self.decided, 1)
        foot.addWidget(self.improve)
        column.addLayout(foot)
        self._corrector.changed.connect(self._on_corrected)
        self._corrector.opened.connect(self._on_corrected)
        return right

    # --- what is shown ----------------------------------------------------------------------

    @Slot()
    def show_state(self) -> None:
        result = self._controller.result
        if result is None:
            return
        facts = result.predictions.facts
        entry = self._controller.model_of(facts)
        calibration = entry.spec.calibration if entry is not None else None
        if result is not self._result:
            same_photos = (
                self._result is not None
                and self._result.predictions.logits is result.predictions.logits
            )
            self._result = result
            self.decided.setText("")  # what is said of the folder before
            self._corrector.open(facts.data)
            self._turns.start(self._showing(result, calibration, keep=same_photos))
        elif not self._turns.running:
            self.trust.show_result(result, calibration)
        self.again.setEnabled(entry is not None)

    def _showing(
        self, result: Result, calibration: Calibration | None, *, keep: bool
    ) -> Iterator[None]:
        """A part in each turn where there are very many classes."""
        if not keep:
            self.show_tab(0)
        for show in (
            partial(self._show_head, result),
            self._show_matrix,
            partial(self._show_galleries, keep=keep),
            partial(self.classes.show_result, result),
            partial(self.trust.show_result, result, calibration),
        ):
            show()
            if len(result.order) > _MANY:
                yield

    def _show_head(self, result: Result) -> None:
        self.title.setText(title_words(result.predictions.facts))
        self.figure.setText(f"{result.figures.accuracy:.1%} right")
        self.facts.setText(facts_words(result))
        self.terms.setText(terms_words(result))

    def _show_matrix(self) -> None:
        if self._result is not None:
            self.matrix.show_result(self._result, by_confusion=self.order.currentIndex() == 0)

    def _show_galleries(self, *, keep: bool) -> None:
        result = self._result
        assert result is not None
        place = self.which.currentIndex() if keep else 0
        extra = self._galleries[3:] if keep else []
        self._galleries = [
            ("Confidently wrong", result.wrong),
            ("Highest loss", result.worst),
            ("Least sure", result.unsure),
            *extra,
        ]
        self._fill(place)

    def _fill(self, place: int) -> None:
        with QSignalBlocker(self.which):
            self.which.clear()
            for name, photos in self._galleries:
                self.which.addItem(f"{name} ({len(photos):,})")
            self.which.setCurrentIndex(place)
        self._on_gallery_changed(place)

    def _show_extra(self, name: str, photos: Sequence[int]) -> None:
        """A gallery of its own, in place of the one that was asked for before."""
        self._galleries[3:] = [(name, photos)]
        self._fill(3)
        bring_into_sight(self.gallery)

    @Slot(int, int)
    def show_cell(self, truth: int, answer: int) -> None:
        """Show the photos of a cell of the matrix."""
        if self._result is not None and not self._turns.running:
            names = [class_words(item.label) for item in self._result.figures.classes]
            said = "recognised" if truth == answer else f"taken for “{names[answer]}”"
            name = one_line(f"“{names[truth]}” {said}", 80)
            self._show_extra(name, self._result.cell(truth, answer))

    @Slot(int)
    def show_class(self, number: int) -> None:
        """Show the photos of a class that were called something else."""
        if self._result is not None and not self._turns.running:
            name = class_words(self._result.figures.classes[number].label)
            title = one_line(f"“{name}” taken for others", 80)
            self._show_extra(title, self._result.missed(number))

    @Slot(int)
    def show_tab(self, number: int) -> None:
        """Confusions (0), Classes (1) or Trust (2)."""
        self.tabs[number].setChecked(True)
        self.stack.setCurrentIndex(number)
        for box in (self.order, self.cells):
            box.setVisible(number == 0)

    def refresh_theme(self) -> None:
        self.trust.refresh_theme()
        self.matrix.viewport().update()
        self.gallery.viewport().update()

    @Slot(object, object)
    def _on_corrected(self, root: str, paths: object = None) -> None:
        """What is decided about its photos."""
        if self._result is not None and root == self._result.predictions.facts.data:
            self.decided.setText(counts_text(self._corrector.counts(root)))

    @Slot(int)
    def _on_gallery_changed(self, place: int) -> None:
        if 0 <= place < len(self._galleries):
            name, photos = self._galleries[place]
            self.gallery.show_photos(self._result, photos, name)
            self.gallery.setVisible(bool(photos))
            self.none.setVisible(not photos)

    @Slot(object)
    def _on_pointed(self, words: str) -> None:
        self.pointed.setText(words or "A click on a cell shows its photos (arrow keys, Enter)")

    @Slot()
    def _on_order_changed(self) -> None:
        self._show_matrix()

    @Slot(int)
    def _on_cells_changed(self, index: int) -> None:
        self.matrix.set_percent(index == 1)
