"""Photos that were taken out of the list, until they are brought back or forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.ui.widgets.photo_list import Photo, PhotoList, PhotoState
from resnet_gui.ui.widgets.plain_text import one_line


class _Taken(NamedTuple):
    """A photo with the row and the state that it had."""

    row: int
    photo: Photo
    state: PhotoState


class Removals(QObject):
    """Answers stay with the photos. What is removed before the notice of the last removal is gone
    comes back together with that.

    Signals:
        changed(): `text` did.
    """

    changed = Signal()

    def __init__(self, photos: PhotoList, parent: QObject) -> None:
        super().__init__(parent)
        self._photos = photos
        self._removals: list[list[_Taken]] = []

    @property
    def text(self) -> str:
        """ "1,000 photos removed from the list, 12 before that.", "" where nothing can be brought
        back."""
        taken = sum(map(len, self._removals))
        if taken == 1:
            only = self._removals[0][0].photo.source
            return f"“{one_line(only.short_name, 60)}” removed from the list."
        if not taken:
            return ""
        now = len(self._removals[-1])
        if now in (1, taken):
            return f"{taken:,} photos removed from the list."
        return f"{now:,} photos removed from the list, {taken - now:,} before that."

    def take(self, photos: Iterable[Photo]) -> None:
        """Remove photos."""
        gone = self._photos.remove_many(photos)
        if gone:
            self._removals.append([_Taken(row, photo, photo.state) for row, photo in gone])
            self.changed.emit()

    def take_all(self) -> None:
        """Remove all photos."""
        photos = self._photos.photos()
        if photos:
            self._removals.append(
                [_Taken(row, photo, photo.state) for row, photo in enumerate(photos)]
            )
            self._photos.clear()
            self.changed.emit()

    def bring_back(self) -> tuple[list[Photo], list[Photo]]:
        """Put all back where they were, but for those that came again since.

        Returns:
            the photos, and those of them that waited for an answer when they were removed.
        """
        back: list[Photo] = []
        waited: list[Photo] = []
        for removal in reversed(self._removals):
            now = self._photos.restore([(taken.row, taken.photo) for taken in removal])
            back += now
            again = set(now)
            waited += [
                taken.photo
                for taken in removal
                if taken.state is PhotoState.WAITING
                and taken.photo.state is PhotoState.IDLE
                and taken.photo in again
            ]
        self.forget()
        return back, waited

    @Slot(object)
    def follow(self, moved: Sequence[tuple[str, str]]) -> None:
        """Files have other paths now: (from, to)."""
        now = dict(moved)
        for removal in self._removals:
            for taken in removal:
                path = now.get(taken.photo.source.name)
                if path is not None and taken.photo.source.data is None:
                    taken.photo.follow(path)

    @Slot()
    def forget(self) -> None:
        """They cannot be brought back any more."""
        if self._removals:
            self._removals = []
            self.changed.emit()
