"""A chart as a file: its picture, or its values as a table. Jobs for a lane."""

from __future__ import annotations

import csv
import errno
import io
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from resnet_gui.core.system.atomic import replacing, write_text
from resnet_gui.ui.widgets.spreadsheets import decimal_comma

if TYPE_CHECKING:  # it imports numpy, which the window's start does without
    from resnet_gui.ui.widgets.charts.model import Axes, Line


def write_picture(image: QImage, target: Path) -> Generator[None, None, Path]:
    """Write a PNG.

    Raises:
        OSError: it cannot be written.
    """
    yield None
    with replacing(target) as temporary:
        if not image.save(str(temporary), "PNG"):  # type: ignore[call-overload]
            raise OSError(errno.EIO, "The picture could not be written", str(target))
    return target


def write_values(axes: Axes, lines: Sequence[Line], target: Path) -> Generator[None, None, Path]:
    """Write a table as CSV: one row for each x, one column for each line.

    Raises:
        OSError: it cannot be written.
    """
    yield None
    # Excel takes UTF-8 for what it is only with the mark at the beginning.
    write_text(target, "\ufeff" + table(axes, lines))
    return target


def table(axes: Axes, lines: Sequence[Line]) -> str:
    """The values with all their digits, as this computer's spreadsheets read them. A line's name is
    a person's, so none is run as a formula."""
    from resnet_gui.core.library.tables import without_formula  # the charts are there sooner

    comma = decimal_comma()
    heads, rows = [axes.x_name], dict[float, dict[int, object]]()
    for line in lines:
        column = len(heads)
        heads += [line.name, f"{line.name}: point"] if line.point_name else [line.name]
        for number, (x, y) in enumerate(zip(line.xs, line.ys, strict=True)):
            row = rows.setdefault(x, {})
            row[column] = y
            if line.point_name:
                row[column + 1] = line.point_name(number)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if comma else ",", lineterminator="\n")
    writer.writerow(map(without_formula, heads))
    for x in sorted(rows):
        cells = [rows[x].get(column, "") for column in range(1, len(heads))]
        writer.writerow(
            str(cell).replace(".", ",") if comma and isinstance(cell, float) else cell
            for cell in (int(x) if x == int(x) else x, *cells)
        )
    return text.getvalue()
