"""How wide the columns of the table are: together as wide as the view, but for those whose width a
person chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QHeaderView

from resnet_gui.ui.library.columns import BEFORE

# In the order of `model.COLUMNS`: the usual width, and the least; where both are equal, more room
# would be of no use.
_USUAL = (220, 200, 104, 84, 140, 136, 260, 160)
_LEAST = (150, 90, 104, 84, 70, 136, 60, 116)
# With the models before there is a column more. It is scrolled then: “IMG_….jpg” tells nothing.
_LEAST_OF_MANY = {0: 190, 1: 130}
_FIRST = (0, 1)  # which photo, and what it is: they get their usual width before the others do
NARROWEST = 60
_REST_MS = 400


def fitted(room: int, shown: Sequence[int], chosen: Mapping[int, int]) -> dict[int, int]:
    """A width for each column, in pixels.

    Args:
        room: for all of them. shown: the columns.
        chosen: widths that a person chose: they stay.

    Returns:
        widths that fill the room exactly, unless that would make a column too narrow.
    """
    least = dict(enumerate(_LEAST)) | (_LEAST_OF_MANY if BEFORE in shown else {})
    widths = {column: chosen.get(column, least[column]) for column in shown}
    free = [column for column in shown if column not in chosen and _USUAL[column] > least[column]]
    left = room - sum(widths.values())
    if left <= 0 or not free:
        return widths
    first = {c: _USUAL[c] - least[c] for c in _FIRST if c in free}
    given = min(left, sum(first.values()))
    for column, more in first.items():
        widths[column] += given * more // sum(first.values())
    left = room - sum(widths.values())
    # Then the others up to their usual widths, then all beyond them in proportion.
    rest = [column for column in free if column not in _FIRST]
    wanted = sum(_USUAL[column] - least[column] for column in rest)
    if left < wanted:
        free = rest
    shares = [_USUAL[c] - least[c] if left < wanted else _USUAL[c] for c in free]
    base = 0 if left < wanted else wanted
    for column in rest:
        widths[column] += (_USUAL[column] - least[column]) if base else 0
    left, total = left - base, sum(shares)
    ends = [left * sum(shares[: number + 1]) // total for number in range(len(free))]
    for column, begin, end in zip(free, [0, *ends], ends, strict=False):
        widths[column] += end - begin
    return widths


class Widths(QObject):
    """Fits the columns of a table, and notes what a person drags.

    Signals:
        chosen(tuple[int, ...]): a width by column, 0: not chosen by a person.
    """

    chosen = Signal(object)

    def __init__(self, heads: QHeaderView, parent: QObject) -> None:
        super().__init__(parent)
        self._heads = heads
        self._chosen: dict[int, int] = {}
        self._room = 0
        self._fitting = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._on_rest)
        heads.setMinimumSectionSize(NARROWEST)
        heads.setStretchLastSection(False)
        heads.sectionResized.connect(self._on_resized)

    def set_chosen(self, widths: Sequence[int]) -> None:
        """What a person chose before."""
        self._chosen = {
            column: max(NARROWEST, width)
            for column, width in enumerate(widths[: len(_USUAL)])
            if width > 0
        }
        self.fit(self._room)

    def fit(self, room: int) -> None:
        """To this width of the view; 0: not known yet."""
        self._room = room
        heads = self._heads
        shown = [column for column in range(len(_USUAL)) if not heads.isSectionHidden(column)]
        self._fitting = True
        for column, width in fitted(room, shown, self._chosen).items():
            if heads.sectionSize(column) != width:
                heads.resizeSection(column, width)
        self._fitting = False

    @Slot(int, int, int)
    def _on_resized(self, column: int, before: int, now: int) -> None:
        # A column that is hidden or shown is none that a person drags.
        if not self._fitting and before > 0 and now > 0:
            self._chosen[column] = now
            self._rest.start()

    @Slot()
    def _on_rest(self) -> None:
        """The others share what is left when the hand rests."""
        self.fit(self._room)
        self.chosen.emit(tuple(self._chosen.get(column, 0) for column in range(len(_USUAL))))
