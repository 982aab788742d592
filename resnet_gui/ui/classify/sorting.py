"""Sorting the photos of the window into folders, and undoing it: from the menus to the Filer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction, QKeySequence

from resnet_gui.core.filing.batch import CORRECTING, count
from resnet_gui.core.zoo.kinds import PROBABLE, said_of
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.classify.sort_place import beside
from resnet_gui.ui.filing.filer import Outcome
from resnet_gui.ui.filing.notices import FilingNotices
from resnet_gui.ui.filing.undoing import UndoBatch
from resnet_gui.ui.page import Page, PageContext, set_keys
from resnet_gui.ui.widgets.photo_list import Photo, PhotoState
from resnet_gui.ui.widgets.reveal import Reveal
from resnet_gui.ui.widgets.turns import Turns

if TYPE_CHECKING:
    from resnet_gui.ui.classify.sort_dialog import SortDialog

_AT_ONCE = 1000  # photos that are looked at between two turns of the event loop


class Sorting(QObject):
    """Belongs to the Classify page.

    Attributes:
        action, undo_action: of the menus. notices: above the photo. dialog: the last one opened.
    """

    def __init__(
        self,
        controller: ClassifyController,
        context: PageContext,
        reveal: Reveal,
        page: Page,
    ) -> None:
        super().__init__(page)
        self._controller, self._page = controller, page
        self._io, self._filer = context.lanes.io, context.filer
        filer = self._filer
        self.notices = FilingNotices(filer, page.notices, reveal, self)
        self.dialog: SortDialog | None = None
        self._turns = Turns(self)
        self._sorted = self._removed = False  # something, which can be undone; the removal last
        self._chosen: Callable[[], Sequence[Photo]] = controller.photos.photos
        self._into: Path | None = None
        filer.moved.connect(controller.photos.follow)
        filer.moved.connect(controller.removals.follow)
        filer.ended.connect(self._on_ended)
        controller.removals.changed.connect(self._on_removals_changed)

    def choose_from(self, chosen: Callable[[], Sequence[Photo]]) -> None:
        """Which photos are sorted; without this all."""
        self._chosen = chosen

    def offer_sort(self) -> None:
        """Put “Sort into folders…” into the menus."""
        self.action = self._page.offer_action(
            "File",
            "Sort in&to folders…",
            self.open_dialog,
            keys="Ctrl+Shift+S",
            usable=self._can_sort,
        )

    def offer_undo(self, removal: QAction) -> None:
        """Put “Undo sorting” into the menus.

        Args:
            removal: undoes a removal from the list. The keys for undoing are its own until photos
                were sorted after the last removal.
        """
        self._undo_removal = removal
        undo = UndoBatch(self._filer, "Undo sortin&g", "Undo sorting", self._page)
        self.undo_action = self._page.offer_action("Edit", undo.action, usable=undo.usable)

    def _share_keys(self) -> None:
        """The keys for undoing take the newest act back, whichever of the two it was."""
        both = self._undo_removal, self.undo_action
        to, of = reversed(both) if self._sorted and not self._removed else both
        of.setShortcuts([])
        set_keys(to, QKeySequence.StandardKey.Undo)

    @Slot(object)
    def _on_ended(self, outcome: Outcome) -> None:
        if outcome.info.title.startswith(CORRECTING):
            return  # of another page, which has keys of its own
        self._sorted, self._removed = bool(outcome.done) and not outcome.undone, False
        self._share_keys()

    @Slot()
    def _on_removals_changed(self) -> None:
        self._removed = bool(self._controller.removals.text)
        self._share_keys()

    def _can_sort(self) -> bool:
        return self._filer.working is None and any(map(_sortable, self._controller.photos.photos()))

    # --- sorting ------------------------------------------------------------------------------

    @Slot()
    def open_dialog(self) -> None:
        """Ask where to, for the photos that were chosen and have an answer."""
        if self._filer.working is None:
            self._turns.start(self._opening(list(self._chosen())))

    def _opening(self, photos: Sequence[Photo]) -> Iterator[None]:
        """Of 50,000 photos in turns: to look through them takes a tenth of a second."""
        from resnet_gui.core.filing.by_label import Labelled
        from resnet_gui.ui.classify.sort_dialog import SortDialog

        everything = self._controller.photos.rowCount()
        labelled: list[Labelled] = []
        folders: dict[str, str] = {}  # a photo of each
        for first in range(0, len(photos), _AT_ONCE):
            part = [
                Labelled(photo.source.name, said.name, said.probability)
                for photo in photos[first : first + _AT_ONCE]
                if photo.prediction is not None and _sortable(photo)
                for said in (said_of(photo.prediction),)
            ]
            for one in part:
                folders.setdefault(os.path.dirname(one.path), one.path)  # noqa: PTH120 - quick
            labelled += part
            yield
        if self._filer.working is not None:
            return
        if not labelled:
            self._page.notices.add("There is no photo with an answer to sort.", "miss")
            return
        into = self._into or beside(list(folders.values()))
        self._page.notices.forget_misses()
        others = len(photos) - len(labelled)
        stays = "stays" if others == 1 else "stay"
        left_out = f"{count(others, 'photo')} {stays}: no answer, or no file." if others else ""
        if len(photos) < everything:
            few = f"Of {everything:,} photos only the {len(photos):,} that are selected or shown."
            left_out = f"{left_out} {few}".strip()
        # What the person said of this model, as everywhere else.
        entry = self._controller.entry
        unsure = entry.spec.calibration.unsure if entry is not None else None
        self.dialog = SortDialog(
            labelled, left_out, into, self._io, self._page.window(),
            chosen=self._into is not None, least=PROBABLE if unsure is None else unsure,
        )  # fmt: skip
        self.dialog.start_requested.connect(self._filer.start)
        self.dialog.start_requested.connect(self._on_started)
        self.dialog.open()

    @Slot(object)
    def _on_started(self, plan: object) -> None:
        if self.dialog is not None:
            self._into = self.dialog.into


def _sortable(photo: Photo) -> bool:
    """Whether it has an answer of now, and is a file."""
    answered = photo.state is PhotoState.DONE and photo.prediction is not None
    return answered and photo.source.data is None
