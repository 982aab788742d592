"""A photo of a labelled folder as it stands before a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar, overload

from resnet_gui.ui.widgets.answer import percent
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import one_line

T = TypeVar("T")


class Judged(NamedTuple):
    """Attributes:
    path: of its file, absolute.
    label: the class that its sub-folder says; "": it is in none.
    guess: the class that a model says, and how sure it is (0..1); "": none says another one.
    fits: how sure a model is of the photo's own class, 0..1, where that is the one it says.
    """

    path: str
    label: str
    guess: str = ""
    probability: float = 0.0
    fits: float = 0.0

    @property
    def words(self) -> str:
        """ "is in “bees”, looks like “ants” (97.2%)"."""
        parts = [f"is in “{one_line(class_words(self.label), 40)}”"] if self.label else []
        if self.guess and self.guess == self.label:  # it was moved there
            parts.append(f"fits it ({percent(self.probability)})")
        elif self.guess:
            guess = one_line(class_words(self.guess), 40)
            parts.append(f"looks like “{guess}” ({percent(self.probability)})")
        elif self.fits:
            parts.append(f"fits it ({percent(self.fits)})")
        return ", ".join(parts)


class JudgedLater(Sequence[Judged]):
    """Many photos, each made into a `Judged` when somebody looks at it: of 50,000 a person looks at
    some hundred."""

    def __init__(
        self, found: Sequence[T], judge: Callable[[T], Judged], path: Callable[[T], str]
    ) -> None:
        self._found, self._judge, self._path = found, judge, path

    def paths(self) -> Iterator[str]:
        """Of all of them, without making them."""
        return map(self._path, self._found)

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, place: int) -> Judged: ...
    @overload
    def __getitem__(self, place: slice) -> list[Judged]: ...
    def __getitem__(self, place: int | slice) -> Judged | list[Judged]:
        if isinstance(place, slice):
            return [self._judge(one) for one in self._found[place]]
        return self._judge(self._found[place])


def paths_of(photos: Sequence[Judged]) -> Iterator[str]:
    """Their paths, in order."""
    return photos.paths() if isinstance(photos, JudgedLater) else (photo.path for photo in photos)
