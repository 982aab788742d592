"""The columns of a table of answered photos: one entry each, for the window, CSV and JSON."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.facts import NO_FACTS, PhotoFacts

Cell = str | int | float | None
TOP = "top"  # stands for label_2, probability_2, label_3 … as far as is asked for


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        id: what files and the command line call it; a contract.
        title: what it is called on the screen and on the clipboard. What files call “label” is the
            best class there: on the screen, what stands under a photo may be a group of classes.
        value: a photo's cell. A text, or a number, or None where there is nothing to say.
        digits: of a number, behind the point, in CSV.
        from_header: it needs `AnsweredPhoto.facts`, for which the file is opened.
    """

    id: str
    title: str
    value: Callable[[AnsweredPhoto], Cell]
    digits: int = 6
    from_header: bool = False

    def text(self, photo: AnsweredPhoto) -> str:
        """The cell as CSV has it, before anything is quoted or escaped; "" for None."""
        cell = self.value(photo)
        if cell is None:
            return ""
        return f"{cell:.{self.digits}f}" if isinstance(cell, float) else str(cell)


def _time(seconds: float | None) -> str:
    """ISO 8601 in UTC, to the second: “2024-05-01T16:30:00+00:00”."""
    try:
        return "" if seconds is None else _moment(seconds)
    except (OverflowError, ValueError, OSError):  # a file's time can be anything
        return ""


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()


def _facts(photo: AnsweredPhoto) -> PhotoFacts:
    return photo.facts or NO_FACTS


# Adding a column: one entry here.
COLUMNS: tuple[Column, ...] = (
    Column("path", "Path", lambda photo: photo.path),
    Column("name", "Name", lambda photo: photo.name),
    Column("folder", "Folder", lambda photo: photo.folder),
    Column("model", "Model", lambda photo: photo.model),
    Column("answer", "Answer", lambda photo: photo.said.name if photo.said else ""),
    Column(
        "answer_probability",
        "Answer’s probability",
        lambda photo: photo.said.probability if photo.said else None,
    ),
    Column("label", "Best class", lambda photo: photo.label),
    Column("probability", "Best class’s probability", lambda photo: photo.probability),
    Column("margin", "Margin", lambda photo: photo.margin),
    Column("taken", "Taken", lambda photo: _facts(photo).taken, from_header=True),
    Column("latitude", "Latitude", lambda photo: _facts(photo).latitude, 7, from_header=True),
    Column("longitude", "Longitude", lambda photo: _facts(photo).longitude, 7, from_header=True),
    Column("size", "Size", lambda photo: photo.size),
    Column("modified", "Changed", lambda photo: _time(photo.modified)),
    Column("answered", "Answered", lambda photo: _time(photo.answered)),
    Column("device", "Computed on", lambda photo: photo.device),
    Column("error", "Error", lambda photo: photo.error),
)
DEFAULT = ("path", "model", "label", "probability", TOP, "error")


def column_ids() -> tuple[str, ...]:
    """What may be asked for, in order, TOP among it."""
    ids = [column.id for column in COLUMNS]
    ids.insert(ids.index("probability") + 1, TOP)
    return tuple(ids)


def chosen_columns(ids: Sequence[str] = DEFAULT, top: int = 1) -> tuple[Column, ...]:
    """Columns by their ids, in the order given; none twice.

    Args:
        top: how many labels with their probabilities TOP stands for, the best one included.

    Raises:
        ValueError: there is no such column, or none was named; the text says what there is.
    """
    known = {column.id: column for column in COLUMNS}
    chosen: dict[str, Column] = {}
    for name in ids:
        if name == TOP:
            chosen |= {column.id: column for column in further_columns(top)}
        elif name in known:
            chosen[name] = known[name]
        else:
            near = difflib.get_close_matches(name, column_ids(), n=1)
            hint = f"Did you mean “{near[0]}”? " if near else ""
            raise ValueError(f"there is no column “{name}”. {hint}{_there_are()}")
    if not chosen:
        raise ValueError(f"no column is named. {_there_are()}")
    return tuple(chosen.values())


def further_columns(top: int) -> tuple[Column, ...]:
    """label_2, probability_2, label_3, … up to `top`."""
    columns: list[Column] = []
    for number in range(2, top + 1):
        columns += [
            Column(f"label_{number}", f"Class {number}", _label(number - 1)),
            Column(
                f"probability_{number}", f"Class {number}’s probability", _probability(number - 1)
            ),
        ]
    return tuple(columns)


def _label(place: int) -> Callable[[AnsweredPhoto], Cell]:
    return lambda photo: photo.scores[place].label if place < len(photo.scores) else None


def _probability(place: int) -> Callable[[AnsweredPhoto], Cell]:
    return lambda photo: photo.scores[place].probability if place < len(photo.scores) else None


def _there_are() -> str:
    return f"There are {', '.join(column_ids())}."
