"""How many photos have each answer, and how sure the model is of them: a table for a paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.tables import BOM, TableKind, csv_line, json_line, open_text
from resnet_gui.core.system.atomic import replacing

_NO_ANSWER = "(no answer)"


class AnswerCount(NamedTuple):
    """A row; its fields are the columns.

    Attributes:
        model: the model's id. answer: as it stands under a photo; `_NO_ANSWER` of what could not be
            read or was not asked about.
        photos: how many have it. share: of all photos in the table, 0..1.
        probability_mean, probability_lowest: of the answer, 0..1; None where there is none.
    """

    model: str
    answer: str
    photos: int
    share: float
    probability_mean: float | None
    probability_lowest: float | None


def count_answers(photos: Iterable[AnsweredPhoto]) -> list[AnswerCount]:
    """A row for each answer, the most frequent first."""
    found: dict[tuple[str, str], list[float]] = {}
    without = total = 0
    for photo in photos:
        total += 1
        if (said := photo.said) is None:
            without += 1
        else:
            found.setdefault((photo.model, said.name), []).append(said.probability)
    rows = [
        AnswerCount(model, answer, len(sure), len(sure) / total, sum(sure) / len(sure), min(sure))
        for (model, answer), sure in found.items()
    ]
    rows.sort(key=lambda row: (-row.photos, row.answer.casefold(), row.model))
    if without:
        rows.append(AnswerCount("", _NO_ANSWER, without, without / total, None, None))
    return rows


def write_counts(
    rows: Sequence[AnswerCount], target: Path, kind: TableKind, *, bom: bool, semicolons: bool
) -> None:
    """The rows as a file; `bom` and `semicolons` are those of `tables.Table`.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    if kind is TableKind.CSV:
        lines = [csv_line(AnswerCount._fields, semicolons=semicolons)]
        lines += [csv_line(row, semicolons=semicolons) for row in rows]
        text = (BOM if bom else "") + "".join(lines)
    else:
        objects = [json_line(row._asdict()) for row in rows]
        text = "".join(objects)
        if kind is TableKind.JSON:
            text = "[\n" + ",\n".join(line.removesuffix("\n") for line in objects) + "\n]\n"
    with replacing(target) as temporary, open_text(temporary) as file:
        file.write(text)
