"""The store of answers: what it gives back, damage, other processes, and space."""

from __future__ import annotations

import gc
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_gui.core.events import ClassScore, KindScore, Prediction
from resnet_gui.core.library import database
from resnet_gui.core.library.identity import Stamp
from resnet_gui.core.library.store import (
    DAMAGED,
    AnswerStore,
    NewAnswer,
    answers_dir,
    clear_answers,
    used_bytes,
)
from resnet_gui.core.library.way import Way
from tests.helpers.answered import STAMP, new, pets_way, place, prediction


def kept(store: AnswerStore, way: Way | None = None, top_k: int = 3, number: int = 0) -> object:
    (known,) = store.known(way or pets_way(), [place(number)], top_k)
    return None if known is None or known.kept is None else known.kept.at(0, "cat.jpg")


probabilities = st.floats(0, 1, width=32)
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(probabilities, min_size=3, max_size=3),
    st.floats(0, 1e9),
    st.booleans(),
    st.none() | st.builds(KindScore, words, words, st.floats(0, 1)),
)
def test_an_answer_comes_back_exactly(
    found: list[float], decode_ms: float, incomplete: bool, kind: KindScore | None
) -> None:
    way = pets_way()
    scores = tuple(ClassScore(way.spec.label(n), n, p) for n, p in enumerate(found))
    answer = prediction(scores=scores, decode_ms=decode_ms, incomplete=incomplete, kind=kind)
    store = AnswerStore()
    assert store.add([new(answer=answer)])
    assert kept(store) == answer
    store.close()
    again = AnswerStore()
    assert kept(again) == answer
    again.close()


def test_another_way_or_a_changed_file_is_another_question() -> None:
    store = AnswerStore()
    store.add([new()])
    assert kept(store) is not None
    others = (
        pets_way(weights_sha256="1" * 64),
        pets_way(backend="openvino"),
        pets_way(backend="openvino", precision="bf16"),
        pets_way(classes=4),
    )
    assert len({way.digest for way in (pets_way(), *others)}) == 5
    for way in others:
        (known,) = store.known(way, [place()], 3)
        assert known is not None  # what is in the file is known all the same
        assert known.kept is None
    for stamp in (Stamp(1235, 10, 20), Stamp(1234, 11, 20), Stamp(1234, 10, 21)):
        assert store.known(pets_way(), [(place()[0], stamp)], 3) == [None]
    assert store.sizes(pets_way(), [1, 1234]) == {1234}
    assert set(store.by_content(pets_way(), [new().content, b"x"], 3)) == {new().content}
    store.close()


def test_more_classes_than_were_kept_are_asked_for_again() -> None:
    way = pets_way(classes=9)
    store = AnswerStore()
    store.add([new(way=way)])  # three of nine
    assert kept(store, way, top_k=3) is not None
    assert kept(store, way, top_k=4) is None
    store.add([new(1)])  # three of three
    assert kept(store, top_k=99, number=1) is not None
    one = kept(store, top_k=1, number=1)
    assert isinstance(one, Prediction)
    assert [score.label for score in one.scores] == ["cat"]
    store.close()


def damage(path: Path, how: str) -> None:
    if how == "other bytes":
        path.write_bytes(b"no database" * 1000)
    elif how == "cut off":
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    elif how == "zeros inside":
        data = bytearray(path.read_bytes())
        data[4096:] = bytes(len(data) - 4096)
        path.write_bytes(data)
    elif how == "other tables":
        path.unlink()
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE answer (x)")
        connection.close()
    elif how == "a trigger":
        with sqlite3.connect(path) as connection:
            connection.execute(
                "CREATE TRIGGER t AFTER INSERT ON answer BEGIN DELETE FROM answer; END"
            )
        connection.close()


@pytest.mark.parametrize(
    "how", ["other bytes", "cut off", "zeros inside", "other tables", "a trigger"]
)
def test_a_damaged_file_is_put_aside(how: str) -> None:
    store = AnswerStore()
    store.add([new(n) for n in range(200)])
    store.close()
    damage(store.path, how)
    store = AnswerStore()
    assert len(store.known(pets_way(), [place(n) for n in range(200)], 3)) == 200
    assert store.add([new(777)])
    assert "damaged and put aside" in store.notice
    assert kept(store, number=777) is not None
    store.close()
    assert store.path.with_name(store.path.name + DAMAGED).exists()
    assert used_bytes() > 0
    clear_answers()
    assert used_bytes() == 0
    assert sorted(path.name for path in answers_dir().iterdir()) == [store.path.name, "lock"]


def test_rows_that_nobody_here_wrote_are_no_answers() -> None:
    store = AnswerStore()
    store.add([new(n) for n in range(6)])
    store.close()
    with sqlite3.connect(store.path) as connection:
        for number, change in enumerate(
            (
                "scores = x'00'",
                "scores = x''",
                "scores = x'ff0000000000003f0000000000000000'",  # class 255
                "scores = x'00000000' || x'0000c07f'",  # not a number
                "width = 'wide'",
                "answered = 9e999",
            )
        ):
            query = f"UPDATE answer SET {change} WHERE content = ?"
            connection.execute(query, (number.to_bytes(16, "big"),))
    connection.close()
    store = AnswerStore()
    assert [kept(store, top_k=1, number=n) for n in range(6)] == [None] * 6
    assert store.notice == ""
    store.close()


@pytest.mark.parametrize("what", ["a folder", "a file for the folder"])
def test_where_nothing_can_be_kept_the_work_goes_on(what: str) -> None:
    store = AnswerStore()
    if what == "a folder":
        store.path.mkdir(parents=True)
    else:
        answers_dir().parent.mkdir(parents=True)
        answers_dir().write_text("in the way")
    assert not store.add([new()])
    assert store.known(pets_way(), [place()], 3) == [None]
    assert "could not be kept" in store.notice
    store.notice = ""
    assert store.sizes(pets_way(), [1]) == set()
    assert store.notice == ""  # once
    store.close()


def test_a_full_disk_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    store = AnswerStore()
    store.add([new()])
    assert store._connection is not None
    store._connection.execute("PRAGMA max_page_count = 6")
    assert not store.add([new(n) for n in range(1, 2000)])
    assert "full" in store.notice
    assert kept(store) is not None
    assert kept(store, number=5) is None
    store.close()


def test_two_stores_see_each_others_answers_and_a_clearing() -> None:
    one, two = AnswerStore(), AnswerStore()
    assert kept(two) is None
    one.add([new()])
    assert kept(two) is not None
    clear_answers()
    assert used_bytes() == 0
    assert kept(one) is None
    assert one.add([new(1)])
    assert kept(two, number=1) is not None
    assert (one.notice, two.notice) == ("", "")
    one.close()
    two.close()


WRITER = """
import sys
from resnet_gui.core.library.store import AnswerStore
from tests.helpers.answered import new, pets_way, place
store = AnswerStore()
first = int(sys.argv[1])
for start in range(first, first + 400, 10):
    assert store.add([new(n) for n in range(start, start + 10)]), store.notice
    assert all(store.known(pets_way(), [place(n) for n in range(first, start + 10)], 3))
store.close()
"""


def test_two_processes_write_at_once() -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(first)], stderr=subprocess.PIPE)
        for first in (0, 1000)
    ]
    for writer in writers:
        _, text = writer.communicate(timeout=100)
        assert writer.returncode == 0, text.decode()
    store = AnswerStore()
    numbers = [*range(400), *range(1000, 1400)]
    assert all(store.known(pets_way(), [place(n) for n in numbers], 3))
    assert store.notice == ""
    store.close()


def test_the_older_half_goes_where_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    store = AnswerStore()
    for number in range(100):
        answer = new(number)
        store.add([NewAnswer(pets_way(), answer.content, 1, answer.prediction, float(number),
                             answer.place, STAMP)])  # fmt: skip
    store.close()
    with database.open_database(store.path, max_bytes=1000) as connection:
        left = [row[0] for row in connection.execute("SELECT answered FROM answer")]
        files = connection.execute("SELECT count(*) FROM file").fetchone()[0]
    connection.close()
    assert sorted(left) == [float(n) for n in range(51, 100)]
    assert files == len(left)


def test_a_store_that_nobody_closes_is_closed_with_its_last_user() -> None:
    """SQLite's notes beside the file go with the last connection; Python 3.13 warns of one that is
    left open."""
    store = AnswerStore()
    assert store.add([new(answer=prediction())])
    path = store.path
    notes = path.with_name(f"{path.name}-wal")
    assert notes.exists()
    del store
    gc.collect()
    assert path.exists()
    assert not notes.exists()
