"""Photos that were taken out of the list, until they are brought back or forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.ui.widgets.photo_list import Photo, PhotoList, PhotoState
from resnet_gui.ui.widgets.plain_text import one_line


class _Removal(NamedTuple):
    """Photos that left at once. In two lists: a value for each of 50,000 takes 20 ms.

    Attributes:
        taken: the row that each had, and the photo. states: that each had.
    """

    taken: list[tuple[int, Photo]]
    states: list[PhotoState]


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
        self._removals: list[_Removal] = []

    @property
    def text(self) -> str:
        """ "1,000 photos removed from the list, 12 before that.", "" where nothing can be brought
        back."""
        taken = sum(len(removal.taken) for removal in self._removals)
        if taken == 1:
            only = self._removals[0].taken[0][1].source
            return f"“{one_line(only.short_name, 60)}” removed from the list."
        if not taken:
            return ""
        now = len(self._removals[-1].taken)
        if now in (1, taken):
            return f"{taken:,} photos removed from the list."
        return f"{now:,} photos removed from the list, {taken - now:,} before that."

    def take(self, photos: Iterable[Photo]) -> None:
        """Remove photos."""
        gone = self._photos.remove_many(photos)
        if gone:
            self._removals.append(_Removal(gone, [photo.state for _, photo in gone]))
            self.changed.emit()

    def take_all(self) -> None:
        """Remove all photos."""
        photos = self._photos.photos()
        if photos:
            states = [photo.state for photo in photos]
            self._removals.append(_Removal(list(enumerate(photos)), states))
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
            now = self._photos.restore(removal.taken)
            back += now
            again = set(now)
            waited += [
                photo
                for (_, photo), state in zip(removal.taken, removal.states, strict=True)
                if state is PhotoState.WAITING and photo.state is PhotoState.IDLE and photo in again
            ]
        self.forget()
        return back, waited

    @Slot(object)
    def follow(self, moved: Sequence[tuple[str, str]]) -> None:
        """Files have other paths now: (from, to)."""
        now = dict(moved)
        for removal in self._removals:
            for _, photo in removal.taken:
                path = now.get(photo.source.name)
                if path is not None and photo.source.data is None:
                    photo.follow(path)

    @Slot()
    def forget(self) -> None:
        """They cannot be brought back any more."""
        if self._removals:
            self._removals = []
            self.changed.emit()
