"""Tables read back as they were written, by Python's csv, by pandas, and by no spreadsheet as a
formula."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet_gui.core.events import ImageSource
from resnet_gui.core.library.columns import chosen_columns
from resnet_gui.core.library.facts import PhotoFacts
from resnet_gui.core.library.tables import (
    Table,
    TableKind,
    csv_line,
    csv_row,
    json_line,
    json_row,
    tabbed_text,
    table_file,
    without_formula,
)
from tests.helpers.answered import answered, cell_text, failed

NAMES = [
    "plain.jpg",
    "a, b;c.jpg",
    'with "quotes" and, commas.jpg',
    "'quoted'.jpg",
    "two\nlines.jpg",
    "carriage\rreturn.jpg",
    "both\r\n.jpg",
    "tab\there.jpg",
    "größe 🐱 👩‍👩‍👧.jpg",
    "  spaces around  .jpg",
    "NA",
    "=1+1.jpg",
    "-5",
    "'=1",
    "\ufefffirst.jpg",
    "back\\slash.jpg",
]
UNDECODABLE = os.fsdecode(b"caf\xe9.jpg")
# What a file may be called, bytes that are no text among it, and what a model may call a class.
texts = st.text(
    st.one_of(
        st.sampled_from("=+-@\t\r\n,;\"' \\＝"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        st.sampled_from([chr(0xDC80), chr(0xDCFF)]),
    ),
    max_size=12,
)


def table(tmp_path: Path, names: list[str], kind: TableKind = TableKind.CSV, **how: bool) -> Path:
    path = tmp_path / "table"
    photos = [answered(name, "cat", "dog") for name in names]
    with table_file(path, kind, chosen_columns(top=2), **how) as rows:
        for photo in photos:
            rows.add(photo)
    return path


@pytest.mark.parametrize("bom", [False, True])
def test_pythons_csv_and_pandas_read_every_name_back(tmp_path: Path, bom: bool) -> None:
    path = table(tmp_path, [*NAMES, UNDECODABLE], bom=bom)
    assert path.read_bytes().startswith("\ufeff".encode()) is bom
    with path.open(encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [cell_text(row["path"]) for row in rows] == [*NAMES, "caf\\udce9.jpg"]
    frame = pandas.read_csv(path, keep_default_na=False)
    assert [cell_text(str(name)) for name in frame["path"]] == [*NAMES, "caf\\udce9.jpg"]
    assert list(frame["probability_2"]) == [0.25] * len(rows)
    assert list(frame["label_2"]) == ["dog"] * len(rows)


@given(st.lists(texts, min_size=1, max_size=5))
def test_every_text_comes_back(cells: list[str]) -> None:
    line = csv_line(["first", *cells])
    (row,) = csv.reader(io.StringIO(line, newline=""))
    expected = [cell.encode("utf-8", "backslashreplace").decode() for cell in cells]
    assert [cell_text(cell) for cell in row[1:]] == expected
    assert not any(cell.startswith(tuple("=+-@\t\r\n＝＋－＠")) for cell in row)
    line.encode("utf-8")
    frame = pandas.read_csv(
        io.StringIO(line, newline=""), header=None, dtype=str, keep_default_na=False
    )
    assert [cell_text(cell) for cell in frame.iloc[0, 1:]] == expected


@given(texts)
def test_one_apostrophe_less_gives_the_text_back(text: str) -> None:
    assert cell_text(without_formula(text)) == text


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    place = PhotoFacts("2024-05-01T18:30:00+02:00", -33.8567844, -0.1278)
    photo = answered("x.jpg", "-5", facts=place)
    columns = chosen_columns(["label", "latitude", "longitude", "size", "answered", "taken"])
    row = csv_row(photo, columns)
    assert row == (
        "'-5,-33.8567844,-0.1278000,1234,2027-01-15T08:00:00+00:00,2024-05-01T18:30:00+02:00\n"
    )
    assert csv_row(photo, columns, raw=True).startswith("-5,")
    frame = pandas.read_csv(io.StringIO("label,latitude,longitude,size,answered,taken\n" + row))
    assert frame["longitude"][0] == -0.1278
    assert frame["latitude"][0] == -33.8567844


def test_a_photo_without_an_answer_has_empty_cells_and_the_reason() -> None:
    columns = chosen_columns(["path", "label", "probability", "margin", "top", "error"], 2)
    assert csv_row(failed("x.jpg", "x.jpg is damaged, sadly."), columns) == (
        'x.jpg,,,,,,"x.jpg is damaged, sadly."\n'
    )
    assert json_row(failed("x.jpg", "no"), columns) == {
        "path": "x.jpg", "label": "", "probability": None, "margin": None, "label_2": None,
        "probability_2": None, "error": "no",
    }  # fmt: skip


def test_json_holds_every_value_exactly(tmp_path: Path) -> None:
    names = [*NAMES, UNDECODABLE]
    found = json.loads(table(tmp_path, names, TableKind.JSON).read_text("utf-8"))
    assert [row["path"] for row in found] == names
    assert found[0]["probability"] == 0.5
    lines = table(tmp_path, names, TableKind.JSON_LINES).read_text("utf-8").split("\n")
    assert [json.loads(line)["path"] for line in lines[:-1]] == names
    assert table(tmp_path, [], TableKind.JSON).read_text("utf-8") == "[]\n"


@given(texts)
def test_json_carries_every_text(text: str) -> None:
    line = json_line({"path": text})
    assert line.count("\n") == 1
    assert json.loads(line.encode("utf-8")) == {"path": text}


def test_a_copied_table_has_a_cell_for_each_cell() -> None:
    columns = chosen_columns(["name", "label", "probability"])
    text = tabbed_text([answered("/a/t\tab, \n.jpg"), answered("/a/b.jpg", "=x")], columns)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
    assert rows == [
        ["Name", "Best class", "Best class’s probability"],
        ["t\tab, \n.jpg", "cat", "0.500000"],
        ["b.jpg", "'=x", "0.500000"],
    ]
    tabbed_text([answered(UNDECODABLE)], columns).encode("utf-8")


def fail_within(path: Path) -> None:
    with table_file(path, TableKind.CSV, chosen_columns()) as rows:
        rows.add(answered())
        raise RuntimeError


def test_a_table_that_is_not_finished_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        fail_within(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    table(tmp_path, [f"{n}.jpg" for n in range(9)])
    assert (tmp_path / "table").read_text().count("\n") == 10


def test_facts_are_read_only_where_a_column_asks_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []

    def read_facts(source: ImageSource) -> PhotoFacts:
        read.append(source.name)
        return PhotoFacts("2024-05-01T18:30:00")

    monkeypatch.setattr("resnet_gui.core.library.answered.read_facts", read_facts)
    text: list[str] = []
    for ids in (["path", "label"], ["path", "taken"]):
        Table(text.append, TableKind.CSV, chosen_columns(ids)).add(answered("a.jpg"))
    assert read == ["a.jpg"]
    assert text[1:] == ["a.jpg,cat\n", "path,taken\n", "a.jpg,2024-05-01T18:30:00\n"]


def test_semicolons_and_decimal_commas() -> None:
    """What a spreadsheet reads where numbers are written with a comma."""
    line = csv_line(["a;b", "c,d", -0.5, 3, None, "=x"], semicolons=True)
    assert line == '"a;b";c,d;-0,500000;3;;\'=x\n'
    columns = chosen_columns(["name", "probability"])
    text = tabbed_text([answered("/a/b.jpg")], columns, decimal_comma=True)
    (row,) = text.splitlines()[1:]
    assert "," in row.split("\t")[1]
    assert "." not in row.split("\t")[1]
