"""From the window's photos to rows of a table, as files and the clipboard have them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from resnet_gui.core.events import ImageFailed, ImageSource, Prediction
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.columns import Column, chosen_columns
from resnet_gui.core.library.counts import count_answers, write_counts
from resnet_gui.core.library.identity import stamp_of
from resnet_gui.core.library.tables import TableKind, TableWritten, tabbed_text, table_file
from resnet_gui.ui.widgets.photo_list import Photo, PhotoState
from resnet_gui.ui.widgets.spreadsheets import decimal_comma

COPIED = (
    "name", "answer", "answer_probability", "label", "probability", "margin", "model", "folder",
    "error",
)  # fmt: skip
_LOOKED_AT = frozenset({"size", "modified"})  # columns for which the disk is asked


class Moment(NamedTuple):
    """A photo as it was when somebody asked: photos themselves belong to the main thread."""

    source: ImageSource
    state: PhotoState
    prediction: Prediction | None
    problem: str


def moments(photos: Iterable[Photo]) -> list[Moment]:
    return [Moment(p.source, p.state, p.prediction, p.problem) for p in photos]


def _answered(number: int, photo: Moment, titles: Mapping[str, str], looks: bool) -> AnsweredPhoto:
    """A row, also of a photo that has no answer: then that is what it says."""
    source, prediction = photo.source, photo.prediction
    answer: Prediction | ImageFailed
    if prediction is not None:
        answer, title = prediction, titles.get(prediction.model, "")
    else:
        failed = photo.state is PhotoState.FAILED
        kind = "ImageReadError" if failed else "NotClassified"
        problem = photo.problem if failed else "not classified yet"
        answer, title = ImageFailed(number, source.name, "", kind, problem), ""
    is_file = source.data is None
    stamp = stamp_of(source.name) if looks and is_file else None
    return AnsweredPhoto(
        answer,
        is_file=is_file,
        model_title=title,
        size=stamp.size if stamp else None,
        modified=stamp.modified if stamp else None,
    )


def copied_table(
    photos: Sequence[Moment], titles: Mapping[str, str]
) -> Generator[None, None, tuple[str, int]]:
    """A job: the table as text with tabs, and how many rows it has."""
    yield None
    comma = decimal_comma()
    rows = [_answered(number, photo, titles, False) for number, photo in enumerate(photos)]
    return tabbed_text(rows, chosen_columns(COPIED), decimal_comma=comma), len(rows)


class Export(NamedTuple):
    """What is written.

    Attributes:
        kind: of file. columns: in their order. bom: CSV begins with a byte order mark.
        semicolons: CSV as Excel expects it where numbers have a comma.
        counts: a row for each answer instead of one for each photo; the columns are given then.
    """

    kind: TableKind
    columns: tuple[Column, ...]
    bom: bool
    semicolons: bool = False
    counts: bool = False


def write_export(
    photos: Sequence[Moment], titles: Mapping[str, str], export: Export, target: Path
) -> Generator[TableWritten, None, tuple[Path, int]]:
    """A job: write a table, whole or not at all.

    Returns:
        where it is, and how many rows it has.

    Raises:
        OSError: it cannot be written.
    """
    if export.counts:
        yield TableWritten(0)
        rows = count_answers(_answered(n, photo, titles, False) for n, photo in enumerate(photos))
        write_counts(rows, target, export.kind, bom=export.bom, semicolons=export.semicolons)
        return target, len(rows)
    looks = any(column.id in _LOOKED_AT for column in export.columns)
    with table_file(
        target, export.kind, export.columns, bom=export.bom, semicolons=export.semicolons
    ) as table:
        for number, photo in enumerate(photos):
            table.add(_answered(number, photo, titles, looks))
            if number % 100 == 0:
                yield TableWritten(table.rows)
    return target, len(photos)
