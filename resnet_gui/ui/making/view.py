"""Make classes: the board of boxes or the sorting by eye, with what is still needed above."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Signal, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.dataset.collection.boxes import UNSORTED
from resnet_gui.core.dataset.collection.folders import FolderMade
from resnet_gui.core.dataset.summary import count_noun
from resnet_gui.core.photos.endings import IMAGE_SUFFIXES
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.making.board import Board
from resnet_gui.ui.making.controller import MakingController
from resnet_gui.ui.making.guesses import Guesses
from resnet_gui.ui.making.label_view import LabelView
from resnet_gui.ui.making.problems_dialog import ProblemsDialog
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.images import Dropped, clipboard_mime, read_mime
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip
from resnet_gui.ui.widgets.reveal import Reveal

_NAMED = 4  # files with something wrong that a notice names


class MakingView(QWidget):
    """Signals:
    closed(): back to where the person came from; all is kept.
    """

    closed = Signal()

    def __init__(
        self,
        controller: MakingController,
        guesses: Guesses,
        io: JobLane,
        notices: NoticeBar,
        reveal: Reveal,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.controller, self._guesses = controller, guesses
        self._notices, self._reveal = notices, reveal
        self._folder = ""  # where files were chosen last
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        self.board = Board(controller, io)
        self.labels = LabelView(controller, guesses, io)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.board)
        self.stack.addWidget(self.labels)
        self._top = self._head()
        self._bottom = self._foot()
        column.addWidget(self._top)
        column.addWidget(self.stack, 1)
        column.addWidget(self._bottom)
        self.board.add_requested.connect(self.choose_photos)
        self.board.folder_requested.connect(self.choose_folder)
        self.board.paste_requested.connect(self._on_paste_requested)
        self.board.reveal_requested.connect(self._on_reveal_requested)
        self.board.sort_requested.connect(self.sort_by_eye)
        self.labels.left.connect(self.show_board)
        controller.changed.connect(self._on_changed)
        controller.problems_found.connect(self._on_problems_found)
        controller.found_elsewhere.connect(self._on_found_elsewhere)
        controller.work_changed.connect(self._on_work_changed)
        controller.saved.connect(self._on_saved)
        self._on_changed()
        self._on_work_changed("")

    def _head(self) -> QWidget:
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(4)
        text = QVBoxLayout()
        text.setSpacing(2)
        self.title = PlainLabel("Make classes")
        embolden(self.title, 1.4)
        self.needed = PlainLabel()
        self.needed.setProperty("kind", "muted")
        self.needed.setWordWrap(True)
        text.addWidget(self.title)
        text.addWidget(self.needed)
        row.addLayout(text, 1)
        self.undo = QPushButton("Undo")
        self.redo = QPushButton("Redo")
        self.new = QPushButton("+ Class")
        set_tooltip(self.new, "One class more")
        self.new.setAccessibleName("New class")
        self.undo.clicked.connect(self.controller.undo)
        self.redo.clicked.connect(self.controller.redo)
        self.new.clicked.connect(self._on_new_clicked)
        for button in (self.undo, self.redo):
            button.setProperty("kind", "plain")
        for button in (self.undo, self.redo, self.new):
            row.addWidget(button)
        return head

    def _foot(self) -> QWidget:
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.close_button = QPushButton("Close")
        set_tooltip(self.close_button, "Back to the start of this page. Your classes are kept.")
        self.over = QPushButton("Start over")
        set_tooltip(self.over, "Two empty classes. Undo brings yours back; no file is touched.")
        self.work = PlainLabel()
        self.work.setProperty("kind", "muted")
        self.stop = QPushButton("Stop")
        set_tooltip(self.stop, "What has come stays")
        self.save = QPushButton("Save as class folder…")
        set_tooltip(
            self.save, "Copy the photos into a folder of yours, one sub-folder per class. The "
            "photos stay where they are, too."
        )  # fmt: skip
        self.train = QPushButton("Go on to training")
        set_tooltip(
            self.train, "Choose the settings and start. The photos stay where they are; the "
            "training gets a folder of links to them, or of copies where the disk has no links."
        )  # fmt: skip
        self.train.setProperty("kind", "primary")
        for button in (self.close_button, self.over, self.stop):
            button.setProperty("kind", "plain")
        self.close_button.clicked.connect(self.closed)
        self.over.clicked.connect(self.controller.start_over)
        self.stop.clicked.connect(self.controller.stop)
        self.save.clicked.connect(self._on_save_clicked)
        self.train.clicked.connect(self.controller.make)
        row.addWidget(self.close_button)
        row.addWidget(self.over)
        row.addWidget(self.work, 1)
        row.addWidget(self.stop)
        row.addWidget(self.save)
        row.addWidget(self.train)
        return foot

    # --- showing ----------------------------------------------------------------------------

    @Slot()
    def show_board(self) -> None:
        self._guesses.stop()
        self._show(self.board)
        self.board.begin()

    @Slot()
    def sort_by_eye(self) -> None:
        """One photo at a time, large."""
        self._show(self.labels)
        self.labels.begin()

    def _show(self, part: QWidget) -> None:
        self._bottom.setVisible(part is self.board)
        self.new.setVisible(part is self.board)
        self.title.setText("Make classes" if part is self.board else "Sort by eye")
        self.stack.setCurrentWidget(part)

    @Slot()
    def _on_changed(self, *_: object) -> None:
        boxes, found = self.controller.boxes, self.controller.readiness
        # Nothing is there yet, which looks as if all were lost.
        opening = not (self.controller.loaded or boxes.classes)
        self.needed.setText("Opening your classes…" if opening else found.text)
        for button in (self.new, self.over):
            button.setEnabled(not opening)
        self.train.setEnabled(found.ready and not self.work.text())
        self.save.setEnabled(any(boxes.count(number) for number in boxes.classes))
        for button, what, text, keys in (
            (self.undo, "Undo", boxes.undo_text, "Ctrl+Z"),
            (self.redo, "Redo", boxes.redo_text, "Ctrl+Shift+Z"),
        ):
            button.setEnabled(bool(text))
            set_tooltip(button, f"{what}: {text} ({keys})" if text else f"{what} ({keys})")

    @Slot(object)
    def _on_work_changed(self, text: str) -> None:
        self.work.setText(text)
        self.stop.setVisible(bool(text))
        self._on_changed()

    # --- what the controller says -----------------------------------------------------------

    @Slot(object)
    def _on_problems_found(self, problems: tuple[str, ...]) -> None:
        shown = " ".join(problems[:_NAMED])
        more = len(problems) - _NAMED
        if more <= 0:
            self._notices.add(shown, "warning")
            return
        line = self._notices.add(f"{shown} And {more:,} more.", "warning", "Show all")
        line.acted.connect(lambda: ProblemsDialog(self.window(), problems).show())

    @Slot(object, object, int)
    def _on_found_elsewhere(self, text: str, paths: tuple[str, ...], box: int) -> None:
        name = self.controller.boxes.name(box) if box else "Unsorted"
        line = self._notices.add(text, "warning", f"Move to “{name}”")

        def move() -> None:
            """The notice outlives this part: another window may have had the classes since."""
            boxes = self.controller.boxes
            if not self.controller.loaded:
                self._notices.add("Open “Make classes…” again first, then move them.", "miss")
                return
            there = box if box in (UNSORTED, *boxes.classes) else boxes.find_class(name)
            if there is None:
                self._notices.add(f"There is no class “{class_words(name)}” any more.", "miss")
            else:
                self.controller.move(paths, there)
            self._notices.remove(line)

        line.acted.connect(move)

    @Slot(object)
    def _on_saved(self, event: FolderMade) -> None:
        already = f", {event.already:,} were there already" if event.already else ""
        text = f"{count_noun(event.photos, 'photo')} copied into {event.path}{already}."
        if event.photos:
            text += " “Undo sorting” in the Edit menu of Classify takes the copies away."
        line = self._notices.add(text, "notice", "Show in folder")
        line.acted.connect(lambda: self._reveal.show(event.path))

    # --- what the person does ---------------------------------------------------------------

    def take(self, mime: QMimeData, box: int | None = None) -> None:
        """What was dropped beside the boxes or pasted. box: None: it is unsorted."""
        self.controller.take(read_mime(mime), UNSORTED if box is None else box)

    def paste(self, mime: QMimeData) -> None:
        """Into the box with the frame; among the unsorted while those are sorted."""
        sorting = self.stack.currentWidget() is self.labels
        self.take(mime, UNSORTED if sorting else self.board.current)

    @Slot(int)
    def _on_paste_requested(self, box: int) -> None:
        self.take(clipboard_mime(), box)

    @Slot()
    def _on_new_clicked(self) -> None:
        self.board.show_box(self.controller.new_class())

    @Slot(int)
    def choose_photos(self, box: int) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        names, _ = QFileDialog.getOpenFileNames(
            self, "Choose photos", self._folder, f"Photos ({kinds});;All files (*)"
        )
        self._take_files(names, box)

    @Slot(int)
    def choose_folder(self, box: int) -> None:
        name = QFileDialog.getExistingDirectory(self, "Choose a folder of photos", self._folder)
        self._take_files([name] if name else [], box)

    def _take_files(self, names: list[str], box: int) -> None:
        if names:
            self._folder = str(Path(names[0]).parent)
            self.controller.take(Dropped(paths=[Path(name) for name in names]), box)

    @Slot(object)
    def _on_reveal_requested(self, path: str) -> None:
        self._reveal.show(Path(path))

    @Slot()
    def _on_save_clicked(self) -> None:
        name = QFileDialog.getExistingDirectory(
            self, "Folder that gets one sub-folder per class", self._folder
        )
        if name:
            self._folder = name
            self.controller.save_to(Path(name))
