"""What can be done with one photo and its answer: copy, open, show in its folder, remove."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from resnet_gui.core.events import ClassScore
from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.widgets.answer import kind_line, percent
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from resnet_gui.ui.widgets.photo_list import Photo
from resnet_gui.ui.widgets.plain_text import action_text, one_line, show_tooltip
from resnet_gui.ui.widgets.reveal import Reveal
from resnet_gui.ui.widgets.turns import Turns

_AT_ONCE = 1000  # photos that are looked at between two turns of the event loop


class PhotoActions(QObject):
    """Does it, says what was done, and makes the menus for it.

    Attributes:
        reveal: opens photos, and shows them in their folders.
    """

    def __init__(
        self, controller: ClassifyController, io: JobLane, notices: NoticeBar, page: QWidget
    ) -> None:
        super().__init__(page)
        self._controller, self._notices, self._page = controller, notices, page
        self._io = io
        self.reveal = Reveal(io, notices, self)
        self._turns = Turns(self)
        self._photo: Photo | None = None  # of the menu
        self._photos: Sequence[Photo] = ()
        self._score: ClassScore | None = None

    # --- menus --------------------------------------------------------------------------------

    def photo_menu(self, photo: Photo) -> QMenu:
        """The menu of a photo, to be popped up; it deletes itself when it closes."""
        menu = self._menu(photo, None)
        on_disk = photo.source.path is not None
        for text, does, possible in (
            ("Copy answer", self._on_copy_answer, photo.prediction is not None),
            ("Copy what is wrong", self._on_copy_problem, bool(photo.problem)),
            ("Copy path", self._on_copy_path, on_disk),
            ("", None, True),
            ("Open", self._on_open, on_disk),
            ("Show in folder", self._on_reveal, on_disk),
            ("", None, True),
            ("Remove from list", self._on_remove, True),
        ):
            if does is None:
                menu.addSeparator()
            elif possible or text != "Copy what is wrong":
                action = menu.addAction(text)
                action.triggered.connect(does)
                action.setEnabled(possible)
        return menu

    def photos_menu(self, photos: Sequence[Photo]) -> QMenu:
        """The menu of several photos."""
        menu = self._menu(None, None)
        self._photos = photos
        menu.addAction("Copy as table").triggered.connect(self._on_copy_table)
        menu.addAction("Copy paths").triggered.connect(self._on_copy_paths)
        menu.addSeparator()
        removed = menu.addAction(f"Remove {len(photos):,} photos from list")
        removed.triggered.connect(self._on_remove_photos)
        return menu

    def class_menu(self, photo: Photo, score: ClassScore) -> QMenu:
        """The menu of one line of a photo's answer."""
        menu = self._menu(photo, score)
        line = action_text(f"Copy “{class_words(score.label)} {percent(score.probability)}”")
        menu.addAction(line).triggered.connect(self._on_copy_line)
        menu.addAction("Copy the whole answer").triggered.connect(self._on_copy_answer)
        return menu

    def _menu(self, photo: Photo | None, score: ClassScore | None) -> QMenu:
        self._photo, self._score = photo, score
        menu = QMenu(self._page)
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    @Slot(object, QPoint)
    def pop_up(self, photo: Photo, at: QPoint) -> None:
        """Show a photo's menu; `at`: on the screen."""
        self.photo_menu(photo).popup(at)

    @Slot(object, QPoint)
    def pop_up_class(self, score: ClassScore, at: QPoint) -> None:
        """Show the menu of one line of the current photo's answer."""
        if self._controller.current is not None:
            self.class_menu(self._controller.current, score).popup(at)

    # --- copying ------------------------------------------------------------------------------

    def copy_answer(self, photo: Photo, beside: QWidget | None = None) -> None:
        """Put an answer on the clipboard, one line per class."""
        prediction = photo.prediction
        if prediction is None:
            return
        entry = self._controller.store.entry(prediction.model)
        scores = [f"{s.label}\t{percent(s.probability)}" for s in prediction.scores]
        rows = [f"{photo.source.short_name}\t{entry.spec.title if entry else ''}", *scores]
        if prediction.kind is not None:
            rows.append(kind_line(prediction).replace(": ", "\t"))
        shown = [line.replace("\t", " ") for line in scores]
        more = ", …" if len(shown) > 2 else ""
        self._copy("\n".join(rows), ", ".join(shown[:2]) + more, beside)

    def _copy(self, text: str, shown: str, beside: QWidget | None = None) -> None:
        QGuiApplication.clipboard().setText(text)
        said = f"Copied: {one_line(shown)}"
        self._controller.tell(said)
        if beside is not None and beside.isVisible():
            # Where the eye is; the status line is far away.
            show_tooltip(beside, beside.mapToGlobal(beside.rect().bottomLeft()), said)

    def copy_table(self, photos: Sequence[Photo]) -> None:
        """Put a table of answers on the clipboard; it is made in the io lane."""
        if photos:
            self._turns.start(self._copying(list(photos)))

    def _copying(self, photos: Sequence[Photo]) -> Iterator[None]:
        from resnet_gui.ui.library.rows import copied_table, moments  # the window is up sooner

        found = []
        for first in range(0, len(photos), _AT_ONCE):
            found += moments(photos[first : first + _AT_ONCE])
            yield
        titles = {e.spec.id: e.spec.title for e in self._controller.store.entries}
        job = self._io.submit(partial(copied_table, found, titles), Priority.INTERACTIVE)
        job.finished.connect(self._on_table_made)

    @Slot(object)
    def _on_table_made(self, made: tuple[str, int]) -> None:
        text, count = made
        QGuiApplication.clipboard().setText(text)
        rows = "1 row" if count == 1 else f"{count:,} rows"
        self._controller.tell(f"Copied: a table of {rows}, for a spreadsheet")

    @Slot()
    def _on_copy_table(self) -> None:
        self.copy_table(self._photos)

    @Slot()
    def _on_copy_paths(self) -> None:
        names = [photo.source.name for photo in self._photos if photo.source.path is not None]
        if names:
            self._copy("\n".join(names), f"{len(names):,} paths")

    @Slot()
    def _on_copy_answer(self) -> None:
        if self._photo is not None:
            self.copy_answer(self._photo)

    @Slot()
    def _on_copy_line(self) -> None:
        if self._score is not None:
            line = f"{self._score.label}\t{percent(self._score.probability)}"
            self._copy(line, line.replace("\t", " "))

    @Slot()
    def _on_copy_problem(self) -> None:
        if self._photo is not None:
            self._copy(self._photo.problem, self._photo.problem)

    @Slot()
    def _on_copy_path(self) -> None:
        if self._photo is not None:
            self._copy(self._photo.source.name, self._photo.source.name)

    # --- files --------------------------------------------------------------------------------

    def open(self, photo: Photo) -> None:
        """Show a photo in the program that the system has for it."""
        if photo.source.path is not None:
            self.open_path(str(photo.source.path))

    @Slot(object)
    def open_path(self, path: str) -> None:
        """The same for any photo on the disk."""
        self.reveal.open(Path(path), "photo")

    @Slot()
    def _on_open(self) -> None:
        if self._photo is not None:
            self.open(self._photo)

    @Slot()
    def _on_reveal(self) -> None:
        if self._photo is not None and self._photo.source.path is not None:
            self.reveal.show(self._photo.source.path)

    @Slot()
    def _on_remove(self) -> None:
        if self._photo is not None:
            self._controller.remove(self._photo)

    @Slot()
    def _on_remove_photos(self) -> None:
        self._controller.remove_many(self._photos)
