"""Tables of answered photos as text: CSV, tabs for the clipboard, JSON.

What comes back when such a table is read:

- CSV is UTF-8; a byte of a file's name that is no text stands as `\\udc80` to `\\udcff`, a zero as
  `\\x00`. Numbers are plain (a point, no grouping, no quotes), so that a longitude of -0.1 is a
  number. A *text* that a spreadsheet would run as a formula, which one is that begins with =, +, -,
  @, a tab or a line's end (also in full width), gets an apostrophe before it; so does one that
  begins with apostrophes and then one of these, so that taking one apostrophe away gives back
  every text. Texts with commas, quotes, semicolons, tabs or line ends are quoted.
- Where a computer writes numbers with a comma (German, French and many more), spreadsheets expect
  CSV with semicolons between the cells and that comma in the numbers: `semicolons`.
- JSON holds every text exactly; such bytes are lone surrogates there.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.columns import Cell, Column
from resnet_gui.core.system.atomic import dump_json, replacing
from resnet_gui.core.system.visible_text import escape_json

# What spreadsheets take for the beginning of a formula, also in full width (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Cells with a character of the line's end are quoted: CR, so that rows stay rows, and what
# spreadsheets of other languages take for a separator.
_QUOTED = "\r\n\t;"
BOM = "\ufeff"  # by which Excel knows UTF-8


class TableKind(StrEnum):
    CSV = "csv"
    JSON = "json"  # one list of objects
    JSON_LINES = "jsonl"  # one object per line


@dataclass(frozen=True, slots=True)
class TableWritten:
    """How many rows of a table there are."""

    rows: int


def without_formula(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) else text


def csv_line(
    cells: Sequence[Cell],
    digits: Sequence[int] = (),
    *,
    raw: bool = False,
    semicolons: bool = False,
) -> str:
    """One row of CSV with its line's end.

    Args:
        digits: of each number that is no whole one, behind the point; 6 where it is not given.
        raw: put no apostrophe before what a spreadsheet would take for a formula.
        semicolons: between the cells, and commas in the numbers.
    """
    return _line(_texts(cells, digits, raw, semicolons), ";" if semicolons else ",")


def csv_header(columns: Sequence[Column], *, semicolons: bool = False) -> str:
    return csv_line([column.id for column in columns], semicolons=semicolons)


def csv_row(
    photo: AnsweredPhoto,
    columns: Sequence[Column],
    *,
    raw: bool = False,
    semicolons: bool = False,
) -> str:
    """A photo's row. Facts of its header are only there where they were read."""
    digits = [column.digits for column in columns]
    values = [column.value(photo) for column in columns]
    return csv_line(values, digits, raw=raw, semicolons=semicolons)


def tabbed_text(
    photos: Iterable[AnsweredPhoto], columns: Sequence[Column], *, decimal_comma: bool = False
) -> str:
    """A table with its header for the clipboard: spreadsheets put it into their cells. The header
    has the columns' titles.

    Args:
        decimal_comma: as the computer writes numbers; a spreadsheet would make text, a date or a
            thousand times as much of the others.
    """
    digits = [column.digits for column in columns]
    lines = [_line([column.title for column in columns], "\t")]
    for photo in photos:
        cells = [column.value(photo) for column in columns]
        lines.append(_line(_texts(cells, digits, False, decimal_comma), "\t"))
    return "".join(lines)


def json_row(photo: AnsweredPhoto, columns: Sequence[Column]) -> dict[str, Any]:
    """A photo's cells by the columns' ids, their values exact; null where there is nothing."""
    return {column.id: column.value(photo) for column in columns}


def json_line(value: dict[str, Any]) -> str:
    """A JSON object on one line, with its end."""
    return escape_json(dump_json(value)) + "\n"


class Table:
    """Writes rows into a text stream.

    Attributes:
        rows: how many there are.

    Args of the constructor:
        write: gets every piece of text, in order.
        columns: of JSON, none: the objects that `classify --json` prints.
        bom, raw, semicolons: of CSV: begin with a byte order mark; see `csv_line`.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        kind: TableKind,
        columns: Sequence[Column],
        *,
        bom: bool = False,
        raw: bool = False,
        semicolons: bool = False,
    ) -> None:
        self.rows = 0
        self._write, self._kind, self._raw = write, kind, raw
        self._semicolons = semicolons
        self._columns = tuple(columns)
        self._opens_files = any(column.from_header for column in columns)
        if kind is TableKind.CSV:
            write((BOM if bom else "") + csv_header(columns, semicolons=semicolons))
        elif kind is TableKind.JSON:
            write("[")

    def add(self, photo: AnsweredPhoto) -> None:
        """One row. Where a column asks for facts of the header, the photo's file is opened."""
        if self._opens_files:
            photo = photo.with_facts()
        if self._kind is TableKind.CSV:
            text = csv_row(photo, self._columns, raw=self._raw, semicolons=self._semicolons)
        else:
            value = json_row(photo, self._columns) if self._columns else photo.answer.to_json()
            text = json_line(value)
            if self._kind is TableKind.JSON:
                text = ("\n" if self.rows == 0 else ",\n") + text.removesuffix("\n")
        self._write(text)
        self.rows += 1

    def end(self) -> None:
        if self._kind is TableKind.JSON:
            self._write("\n]\n" if self.rows else "]\n")


@contextlib.contextmanager
def table_file(
    target: Path,
    kind: TableKind,
    columns: Sequence[Column],
    *,
    bom: bool = False,
    raw: bool = False,
    semicolons: bool = False,
) -> Iterator[Table]:
    """A table that takes the place of `target` when the block ends well; else `target` stays as it
    is.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    with replacing(target) as temporary, open_text(temporary) as file:
        table = Table(file.write, kind, columns, bom=bom, raw=raw, semicolons=semicolons)
        yield table
        table.end()


def open_text(path: Path) -> IO[str]:
    """For tables: UTF-8, line ends as they are written, and bytes of names that are no text as
    this module says."""
    return path.open("w", encoding="utf-8", errors="backslashreplace", newline="")


def _texts(
    cells: Sequence[Cell], digits: Sequence[int], raw: bool, decimal_comma: bool
) -> list[str]:
    texts: list[str] = []
    for place, cell in enumerate(cells):
        if isinstance(cell, float):
            number = f"{cell:.{digits[place] if digits else 6}f}"
            texts.append(number.replace(".", ",") if decimal_comma else number)
        elif isinstance(cell, str):
            texts.append(cell if raw else without_formula(cell))
        else:
            texts.append("" if cell is None else str(cell))
    return texts


def _line(texts: Sequence[str], delimiter: str) -> str:
    line = io.StringIO()
    # What separates cells is quoted anyway, and Python 3.13 and later forbid it in a line's end.
    quoted = f"{_QUOTED}," if delimiter == "\t" else _QUOTED
    end = quoted.replace(delimiter, "")
    csv.writer(line, delimiter=delimiter, lineterminator=end).writerow(texts)
    text = line.getvalue().removesuffix(end).replace("\0", "\\x00") + "\n"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
