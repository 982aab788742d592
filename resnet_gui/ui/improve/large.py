"""The current photo as large as the window, with the same keys for decisions."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from resnet_gui.core.events import ImageSource
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.improve.view import ImproveView
from resnet_gui.ui.library.large_photo import LargePhoto
from resnet_gui.ui.widgets.photo_list import Photo


class Large(QObject):
    """Follows the wall.

    Attributes:
        dialog: the photo.
    """

    def __init__(self, io: JobLane, view: ImproveView, page: QWidget) -> None:
        super().__init__(page)
        self._view, self._page = view, page
        self.dialog = LargePhoto(io, page)
        self.dialog.stepped.connect(self._on_stepped)
        view.deciding.listen_to(self.dialog.view)
        view.selection_shown.connect(self._show)

    def open(self) -> None:
        if self._view.wall.current is not None:
            self._show_now()
            self.dialog.open_over(self._page.window())

    def refresh_theme(self) -> None:
        self.dialog.refresh_theme()

    @Slot(int)
    def _on_stepped(self, by: int) -> None:
        self._view.wall.go_to(self._view.wall.currentIndex().row() + by)

    @Slot()
    def _show(self) -> None:
        if self.dialog.isVisible():
            self._show_now()

    def _show_now(self) -> None:
        current = self._view.wall.current
        if current is None:
            self.dialog.close()
            return
        shown = self.dialog.photo
        if shown is not None and shown.source.name == current.path:
            photo = shown  # the same one again would be read again
        else:
            photo = Photo(ImageSource.file(current.path))
        self.dialog.show_photo(photo, self._view.said_in_a_line())
