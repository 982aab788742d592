"""Between the Classify page and the library: many photos as a grid or a table, made when they are
first wanted."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Signal, Slot
from PySide6.QtWidgets import QMenu, QStackedWidget, QWidget

from resnet_gui.jobs.lane import Priority
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.classify.photo_actions import PhotoActions
from resnet_gui.ui.classify.photo_strip import PhotoStrip
from resnet_gui.ui.library.looks import GRID, LOOKS, MANY, PHOTO, TABLE
from resnet_gui.ui.page import Page, PageContext
from resnet_gui.ui.widgets.file_saver import FileSaver
from resnet_gui.ui.widgets.notice_bar import NoticeLine
from resnet_gui.ui.widgets.photo_list import Photo
from resnet_gui.ui.widgets.saved_file import say_saved
from resnet_gui.ui.widgets.words import sentence

if TYPE_CHECKING:
    from resnet_gui.ui.library.large_photo import LargePhoto
    from resnet_gui.ui.library.view import LibraryView


_VIEW = "resnet_gui.ui.library.view"


def _import_view() -> Iterator[None]:
    """A job."""
    importlib.import_module(_VIEW)
    yield


class LibraryLook(QObject):
    """Switches between the photo and the library, and does what is asked for there.

    Attributes:
        stack: the photo with its answer, or the library. library: None until it was wanted.
        large: the window of one large photo, None until it was wanted.

    Signals:
        photo_shown(): one photo is looked at again.
        sort_requested(): what is selected shall be sorted into folders.
    """

    photo_shown = Signal()
    sort_requested = Signal()

    def __init__(
        self,
        controller: ClassifyController,
        photo: QWidget,
        strip: PhotoStrip,
        actions: PhotoActions,
        context: PageContext,
        page: Page,
    ) -> None:
        super().__init__(page)
        self._controller, self._strip, self._actions = controller, strip, actions
        self._memory, self._io, self._page = context.memory, context.lanes.io, page
        self._saver = FileSaver(self._io, self)
        self._saver.saved.connect(self._on_exported)
        self._saver.failed.connect(self._on_export_failed)
        self._notices = page.notices
        self._saved: NoticeLine | None = None
        self._coming = False  # the library's module
        self.stack = QStackedWidget()
        self.stack.addWidget(photo)
        self.library: LibraryView | None = None
        self.large: LargePhoto | None = None
        strip.set_look(context.memory.settings.photos_shown)
        strip.look_changed.connect(self._on_look_changed)
        strip.pause_requested.connect(controller.set_paused)
        controller.current_changed.connect(self._on_current_changed)
        controller.store.changed.connect(self._on_store_changed)

    @property
    def shown(self) -> LibraryView | None:
        """The library, while it is looked at."""
        return self.library if self._strip.look != PHOTO else None

    def offer_export(self) -> None:
        """Add it to the page's menus."""
        self._page.offer_action(
            "File", "&Export answers…", self.export, keys="Ctrl+Shift+E", usable=self._has_photos
        )

    def offer_looks(self) -> None:
        """Add them to the page's menus."""
        for text, slot, (*_, keys) in zip(
            ("One &photo", "Photos as a &grid", "Photos as a &table"),
            (self.show_photo, self.show_grid, self.show_table),
            LOOKS.values(),
            strict=True,
        ):
            self._page.offer_action("View", text, slot, keys=keys, usable=self._has_many)
        self._page.offer_line("View")

    def _has_photos(self) -> bool:
        return self._controller.photos.rowCount() > 0

    def _has_many(self) -> bool:
        return self._controller.photos.rowCount() >= MANY

    def set_look(self, look: str) -> None:
        """One of LOOKS, as soon as there are many photos."""
        self._strip.set_look(look)

    @Slot()
    def show_photo(self) -> None:
        self.set_look(PHOTO)

    @Slot()
    def show_grid(self) -> None:
        self.set_look(GRID)

    @Slot()
    def show_table(self) -> None:
        self.set_look(TABLE)

    @Slot()
    def _on_look_changed(self) -> None:
        look, chosen = self._strip.look, self._strip.looks.look
        if chosen != (self._memory.settings.photos_shown or PHOTO):
            self._memory.change(photos_shown=chosen)
        if look == PHOTO:
            focus, library = self._page.window().focusWidget(), self.library
            if library is not None:
                library.set_active(False)
            self.stack.setCurrentIndex(0)
            self.photo_shown.emit()
            if library is not None and library.isAncestorOf(focus):
                self._strip.view.setFocus()  # the arrow keys go on from photo to photo
            return
        if self.library is None and _VIEW not in sys.modules:
            self._import()
            return
        library = self.library or self._made()
        library.set_kind(look)
        library.set_active(True)
        self.stack.setCurrentWidget(library)
        self._on_current_changed()
        if not library.isAncestorOf(self._page.window().focusWidget()):
            library.view.setFocus()

    def _import(self) -> None:
        """In the io lane: it would keep the window for a tenth of a second."""
        if not self._coming:
            self._coming = True
            job = self._io.submit(_import_view, Priority.INTERACTIVE)
            job.finished.connect(self._on_look_changed)

    def _made(self) -> LibraryView:
        from resnet_gui.ui.library.view import LibraryView

        self.library = library = LibraryView(self._controller.photos, self._io)
        library.chosen.connect(self._on_chosen)
        library.opened.connect(self._on_opened)
        library.remove_requested.connect(self._controller.remove_many)
        library.menu_requested.connect(self._on_menu_requested)
        library.copy_requested.connect(self._on_copy_requested)
        library.export_requested.connect(self.export)
        library.table.widths.set_chosen(self._memory.settings.columns)
        library.table.widths.chosen.connect(self._on_widths_chosen)
        self.stack.addWidget(library)
        self._on_store_changed()
        return library

    @Slot(object)
    def _on_widths_chosen(self, widths: tuple[int, ...]) -> None:
        self._memory.change(columns=widths)

    # --- current photo ------------------------------------------------------------------------

    @Slot(object)
    def _on_chosen(self, photo: Photo) -> None:
        self._controller.select(self._controller.photos.row(photo))

    @Slot()
    def _on_current_changed(self) -> None:
        photo, library = self._controller.current, self.shown
        if photo is None or library is None:
            return
        library.show_current(photo)
        if self.large is not None and self.large.isVisible():
            self.large.show_photo(photo)

    @Slot()
    def _on_opened(self) -> None:
        if self.large is None:
            from resnet_gui.ui.library.large_photo import LargePhoto

            self.large = LargePhoto(self._io, self._page)
            self.large.stepped.connect(self._on_stepped)
        if self.library is not None and self.library.current is not None:
            self.large.show_photo(self.library.current)
            self.large.open_over(self._page.window())

    @Slot(int)
    def _on_stepped(self, by: int) -> None:
        if self.library is not None:
            self.library.step(by)

    @Slot()
    def _on_store_changed(self) -> None:
        if self.library is not None:
            entries = self._controller.store.entries
            self.library.set_titles({entry.spec.id: entry.spec.title for entry in entries})

    # --- what is done with photos -------------------------------------------------------------

    @Slot(object, QPoint)
    def _on_menu_requested(self, photos: Sequence[Photo], at: QPoint) -> None:
        self.menu(photos).popup(at)

    def menu(self, photos: Sequence[Photo]) -> QMenu:
        """What can be done with these; it deletes itself when it closes."""
        if len(photos) == 1:
            menu = self._actions.photo_menu(photos[0])
            first = menu.actions()[0]
            large = menu.addAction("Open large")
            large.triggered.connect(self._on_opened)
            menu.insertAction(first, large)
            menu.insertSeparator(first)
            return menu
        menu = self._actions.photos_menu(photos)
        third = menu.actions()[2]
        menu.insertAction(third, menu.addAction("Export…", self.export))
        menu.insertAction(third, menu.addAction("Sort into folders…", self.sort_requested.emit))
        return menu

    @Slot()
    def _on_copy_requested(self) -> None:
        if self.library is not None:
            self._actions.copy_table(self.library.selected_or_shown())

    def worked_on(self) -> Sequence[Photo]:
        """What is selected in the library, or all that it shows; without it all photos."""
        library = self.shown
        everything = self._controller.photos.photos()
        return everything if library is None else library.selected_or_shown()

    @Slot()
    def export(self) -> None:
        """Ask what to save, and where; it is written in the io lane."""
        from resnet_gui.ui.library.export_dialog import Choices, ExportDialog

        everything, library = self._controller.photos.photos(), self.shown
        shown = library.model.photos() if library is not None else everything
        selected = library.selected() if library is not None else ()
        titles = {e.spec.id: e.spec.title for e in self._controller.store.entries}
        dialog = ExportDialog(Choices.of(selected, shown, everything), titles, self._page.window())
        dialog.chosen.connect(self._saver.save)
        self._saver.began.connect(dialog.accept)
        self._saver.kept.connect(dialog.choose_again)
        self._saver.failed.connect(dialog.choose_again)
        dialog.open()

    @Slot(object)
    def _on_exported(self, made: tuple[Path, int]) -> None:
        path, count = made
        rows = "1 row" if count == 1 else f"{count:,} rows"
        text = f"Saved {rows} to {path}"
        notice = say_saved(self._notices, self._actions.reveal, text, path, "table")
        if self._saved is not None and self._saved is not notice:
            self._notices.remove(self._saved)  # of several tables the last one is looked at
        self._saved = notice

    @Slot(object)
    def _on_export_failed(self, error: Exception) -> None:
        self._notices.add(f"The table could not be saved. {sentence(error)}", "warning")
