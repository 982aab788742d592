"""Columns by name: what may be asked for, and what is said of what is not there."""

from __future__ import annotations

import dataclasses

import pytest

from resnet_gui.core.events import ClassScore, KindScore
from resnet_gui.core.library.columns import COLUMNS, chosen_columns, column_ids
from tests.helpers.answered import CPU, answered


def test_the_columns_of_the_contract() -> None:
    assert [column.id for column in chosen_columns(top=2)] == [
        "path", "model", "label", "probability", "label_2", "probability_2", "error",
    ]  # fmt: skip
    assert len({column.title for column in COLUMNS}) == len(COLUMNS)
    assert [column.id for column in COLUMNS if column.from_header] == [
        "taken", "latitude", "longitude",
    ]  # fmt: skip


def test_columns_come_in_the_order_asked_for_and_once() -> None:
    chosen = chosen_columns(["probability", "name", "top", "name"], top=3)
    assert [column.id for column in chosen] == [
        "probability", "name", "label_2", "probability_2", "label_3", "probability_3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ids", "text"), [(["labl"], "Did you mean “label”?"), (["xyz"], "There are path"), ([], "no")]
)
def test_what_is_not_there_is_named(ids: list[str], text: str) -> None:
    with pytest.raises(ValueError, match=text.replace("?", r"\?")):
        chosen_columns(ids)
    assert "top" in column_ids()


def test_cells_of_a_photo() -> None:
    photo = answered("/a/b.jpg", modified=-1e30)
    cells = {column.id: column.value(photo) for column in COLUMNS}
    assert cells == {
        "path": "/a/b.jpg", "name": "b.jpg", "folder": "/a", "model": "pets",
        "answer": "cat", "answer_probability": 0.5, "label": "cat", "probability": 0.5,
        "margin": 0.25, "taken": "", "latitude": None, "longitude": None,
        "size": 1234, "modified": "", "answered": "2027-01-15T08:00:00+00:00",
        "device": CPU.name, "error": "",
    }  # fmt: skip
    pasted = answered("https://x/y/cat.jpg", is_file=False)
    assert (pasted.name, pasted.folder) == ("https://x/y/cat.jpg", "")
    assert pasted.with_facts().facts is not None
    assert answered("/a/b.jpg", "only").margin == 0.5


def test_the_answer_is_what_the_window_says() -> None:
    """Not a class of which the model is unsure, where it is sure what that is a kind of."""
    photo = answered("/a/b.jpg")
    kind = KindScore("mammal", "a ", 0.9)
    photo = dataclasses.replace(photo, answer=dataclasses.replace(photo.answer, kind=kind))
    ids = ["answer", "answer_probability", "label", "probability"]
    unsure = dataclasses.replace(
        photo, answer=dataclasses.replace(photo.answer, scores=(ClassScore("cat", 0, 0.4),))
    )
    assert [column.value(photo) for column in chosen_columns(ids)] == ["cat", 0.5, "cat", 0.5]
    assert [column.value(unsure) for column in chosen_columns(ids)] == ["mammal", 0.9, "cat", 0.4]
