"""All boxes together: the classes in a grid that is scrolled, the unsorted photos below."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLayout, QMenu, QScrollArea, QVBoxLayout, QWidget

from resnet_gui.core.dataset.collection.boxes import UNSORTED, Changed
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.making.box_model import THUMBNAIL
from resnet_gui.ui.making.class_box import WIDTH, ClassBox
from resnet_gui.ui.making.controller import MakingController
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import action_text
from resnet_gui.ui.widgets.thumbnails import Thumbnails

_GAP = 10


class _Grid(QWidget):
    """As many boxes side by side as have room."""

    def __init__(self) -> None:
        super().__init__()
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setSpacing(_GAP)
        # The columns follow the width; the width must not follow the columns.
        self.grid.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._boxes: list[ClassBox] = []
        self._columns = 0

    def minimumSizeHint(self) -> QSize:
        return QSize(WIDTH, self.grid.minimumSize().height())

    def arrange(self, boxes: list[ClassBox], *, anew: bool = True) -> None:
        fitting = max(1, (self.width() + _GAP) // (WIDTH + _GAP))
        columns = max(1, min(fitting, len(boxes)))
        if not anew and columns == self._columns:
            return
        for number in range(self.grid.columnCount()):
            self.grid.setColumnStretch(number, 0)
        while self.grid.count():
            self.grid.takeAt(0)
        self._boxes, self._columns = boxes, columns
        for number, box in enumerate(boxes):
            self.grid.addWidget(box, number // columns, number % columns)
            self.grid.setColumnStretch(number % columns, 1)
            box.show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange(self._boxes, anew=False)


class Board(QWidget):
    """Attributes:
        boxes: the widgets of the classes, by number, and of UNSORTED.
        current: the box that the person is at: what is pasted comes there.

    Signals:
        add_requested(int), folder_requested(int), paste_requested(int): for a box.
        reveal_requested(object): a photo's path. sort_requested().
    """

    add_requested = Signal(int)
    folder_requested = Signal(int)
    paste_requested = Signal(int)
    reveal_requested = Signal(object)
    sort_requested = Signal()

    def __init__(
        self, controller: MakingController, io: JobLane, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self.current = UNSORTED
        self._thumbnails = Thumbnails(io, 2 * THUMBNAIL, self)
        self._grid = _Grid()
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setProperty("kind", "still")
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it has it
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._grid)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(_GAP)
        column.addWidget(self._scroll, 1)
        self.boxes: dict[int, ClassBox] = {}
        self.unsorted = self._new_box(UNSORTED)
        column.addWidget(self.unsorted)
        self.unsorted.show_photos()
        controller.changed.connect(self._on_changed)

    def _new_box(self, number: int) -> ClassBox:
        box = ClassBox(number, self._controller, self._thumbnails)
        box.entered.connect(self._on_entered)
        box.add_requested.connect(self.add_requested)
        box.paste_requested.connect(self.paste_requested)
        box.menu_requested.connect(self._on_menu_requested)
        box.sort_requested.connect(self.sort_requested)
        self.boxes[number] = box
        return box

    @Slot(object)
    def _on_changed(self, changed: Changed) -> None:
        if changed.classes:
            self._show_classes()
        for number in changed.boxes:
            if number in self.boxes:
                self.boxes[number].show_photos()

    def _show_classes(self) -> None:
        wanted = self._controller.boxes.classes
        first = set(self.boxes) == {UNSORTED}
        for number in [n for n in self.boxes if n != UNSORTED and n not in wanted]:
            box = self.boxes.pop(number)
            self._grid.grid.removeWidget(box)
            box.hide()
            box.deleteLater()
        for number in wanted:
            if number not in self.boxes:
                self._new_box(number).show_photos()
            self.boxes[number].show_name()
        shown = [self.boxes[number] for number in wanted]
        self._grid.arrange(shown)
        before: QWidget = self._scroll
        for box in shown:  # Tab goes in the order in which they are seen
            for part in (box.name, box.more, box.view, box.add):
                self.setTabOrder(before, part)
                before = part
        if self.current not in self.boxes or self.current == UNSORTED:
            self._on_entered(wanted[0] if wanted else UNSORTED)
        if first and self.isVisible():
            self.begin()

    @Slot(int)
    def _on_entered(self, number: int) -> None:
        self.current = number
        for known, box in self.boxes.items():
            box.set_current(known == number)

    def show_box(self, number: int) -> None:
        """Bring a class into sight, ready to be named."""
        box = self.boxes.get(number)
        if box is not None and number != UNSORTED:
            self._grid.grid.activate()
            self._scroll.ensureWidgetVisible(box)
            box.name.setFocus()
            box.name.selectAll()

    def begin(self) -> None:
        """Where the person most likely goes on: names the first class, or is where they were."""
        classes = self._controller.boxes.classes
        if not classes:
            return
        if any(self._controller.boxes.count(number) for number in classes):
            self.boxes[self.current].view.setFocus()
        else:
            self.show_box(classes[0])

    # --- the menu ---------------------------------------------------------------------------

    @Slot(int, QPoint)
    def _on_menu_requested(self, number: int, at: QPoint) -> None:
        menu = self.menu_of(number)
        menu.popup(at)

    def menu_of(self, number: int) -> QMenu:
        """What can be done with a box; it goes when it is closed."""
        box, boxes = self.boxes[number], self._controller.boxes
        selected = box.selected()
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        menu.addAction("Add photos…").triggered.connect(lambda: self.add_requested.emit(number))
        menu.addAction("Add a folder…").triggered.connect(
            lambda: self.folder_requested.emit(number)
        )
        menu.addAction("Paste").triggered.connect(lambda: self.paste_requested.emit(number))
        menu.addSeparator()
        menu.addAction("Select all").triggered.connect(box.view.selectAll)
        move = menu.addMenu("Move to")
        for other in (*boxes.classes, UNSORTED):
            if other != number:
                name = action_text(class_words(boxes.name(other))) if other else "Unsorted"
                move.addAction(name).triggered.connect(
                    lambda _=False, to=other: self._controller.move(selected, to)
                )
        remove = menu.addAction("Remove\tDel")
        remove.triggered.connect(box.remove_selected)
        reveal = menu.addAction("Show in folder")
        reveal.triggered.connect(lambda: self.reveal_requested.emit(selected[0]))
        for action in (move.menuAction(), remove):
            action.setEnabled(bool(selected))
        reveal.setEnabled(len(selected) == 1)
        menu.addSeparator()
        if number == UNSORTED:
            every = menu.addAction("Remove all unsorted photos")
            paths = [photo.path for photo in boxes.photos(UNSORTED)]
            every.triggered.connect(lambda: self._controller.remove(paths))
        else:
            menu.addAction("Remove this class").triggered.connect(
                lambda: self._controller.remove_class(number)
            )
        return menu
