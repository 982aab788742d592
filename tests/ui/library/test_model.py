"""Which photos the library shows, in which order, and how it follows what changes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from resnet_gui.core.library import columns
from resnet_gui.ui.library import arrangement
from resnet_gui.ui.library.arrangement import Filter, SortBy, Which
from resnet_gui.ui.library.columns import COLUMNS
from resnet_gui.ui.library.model import LibraryModel
from resnet_gui.ui.widgets import turns
from resnet_gui.ui.widgets.photo_list import PhotoList, PhotoState
from tests.helpers.fake_engine import Rig, heard
from tests.ui.library.conftest import Fill, answer, give, names, settled


def make(rig: Rig, photos: PhotoList, *, settle_ms: int = 1500) -> LibraryModel:
    model = LibraryModel(photos, rig.parent, settle_ms=settle_ms)
    model.set_active(True)
    return model


def test_all_is_shown_in_the_order_in_which_it_came(
    rig: Rig, photos: PhotoList, fill: Fill
) -> None:
    model = make(rig, photos)
    fill("/x/b.jpg", "/x/a.jpg")
    settled(rig, model)
    fill("/y/c.jpg")
    settled(rig, model)
    assert names(model) == ["b.jpg", "a.jpg", "c.jpg"]
    assert [model.row(photo) for photo in photos.photos()] == [0, 1, 2]


def test_what_is_sorted_by(rig: Rig, photos: PhotoList, fill: Fill) -> None:
    model = make(rig, photos)
    fill("/x/IMG_10.jpg", "/y/IMG_9.jpg", "/x/img_2.jpg", "/x/bad.jpg")
    give(photos, [answer("bee", 0.5, 0.4), answer("ant", 0.9), answer("bee", 0.7), "It is cut."])
    for by, falling, expected in (
        (SortBy.NAME, False, "bad 2 9 10"),
        (SortBy.NAME, True, "10 9 2 bad"),
        (SortBy.PROBABILITY, True, "9 2 10 bad"),  # what has no answer stands last
        (SortBy.PROBABILITY, False, "10 2 9 bad"),
        (SortBy.MARGIN, False, "10 2 9 bad"),
        (SortBy.ANSWER, False, "9 2 10 bad"),  # in a label the surest first
        (SortBy.ANSWER, True, "2 10 9 bad"),
        (SortBy.FOLDER, False, "bad 2 10 9"),
        (SortBy.ADDED, True, "bad 2 9 10"),
    ):
        model.set_order(by, falling=falling)
        settled(rig, model)
        found = [name.removesuffix(".jpg").lower().removeprefix("img_") for name in names(model)]
        assert " ".join(found) == expected, (by, falling)


def test_what_is_filtered_by(rig: Rig, photos: PhotoList, fill: Fill) -> None:
    model = make(rig, photos)
    model.set_kinds({"tabby": "cat feline"})
    fill("/Trip/1.jpg", "/trip/2.jpg", "/home/3.jpg", "/home/4.jpg", "/home/5.jpg")
    give(
        photos,
        [answer("tabby", 0.9), answer("ant", 0.4), answer("ant", 0.6), "A strange format.", None],
    )
    for shown, expected in (
        (Filter("cat"), "1"),
        (Filter("TRIP ant"), "2"),
        (Filter("strange"), "4"),
        (Filter(labels=frozenset(["ant"])), "2 3"),
        (Filter(least=0.6, most=0.8), "3"),
        (Filter(least=0.6), "1 3"),
        (Filter(which=Which.UNSURE), "2"),
        (Filter(which=Which.SURE), "1 3"),
        (Filter(which=Which.FAILED), "4"),
        (Filter(which=Which.OPEN), "5"),
        (Filter(), "1 2 3 4 5"),
    ):
        model.set_filter(shown)
        settled(rig, model)
        assert " ".join(name[0] for name in names(model)) == expected, shown
    assert model.labels() == {"ant": 2, "tabby": 1}


def test_answers_that_come_leave_photos_in_their_places_until_it_is_quiet(
    rig: Rig, photos: PhotoList, fill: Fill
) -> None:
    model = make(rig, photos, settle_ms=20)
    fill("1.jpg", "2.jpg", "3.jpg")
    give(photos, [answer("ant", 0.6), answer("ant", 0.7)])
    model.set_filter(Filter(labels=frozenset(["ant"])))
    model.set_order(SortBy.PROBABILITY, falling=True)
    settled(rig, model)
    assert names(model) == ["2.jpg", "1.jpg"]
    hands, asked = [True], []

    def hold() -> bool:
        asked.append(hands[0])
        return hands[0]

    model.hold = hold
    give(photos, [answer("bee", 0.6), answer("ant", 0.7), answer("ant", 0.9)])
    rig.until(lambda: model.rowCount() == 3)
    assert names(model) == ["2.jpg", "1.jpg", "3.jpg"]  # the new one at the end
    reset = heard(model.arranged)
    rig.until(lambda: len(asked) >= 2)
    assert not reset
    hands[0] = False
    rig.until(lambda: model.settled)
    assert names(model) == ["3.jpg", "2.jpg"]


def test_counts_are_of_one_moment(rig: Rig, photos: PhotoList, fill: Fill) -> None:
    """Another model answers while a filter is set: never “2 of 0”."""
    model = make(rig, photos, settle_ms=20)
    fill("1.jpg", "2.jpg", "3.png")
    give(photos, [answer("cat", 0.9)] * 3)
    model.set_filter(Filter(text="jpg"))
    settled(rig, model)
    assert model.counts() == ({"cat": 3}, 3, {"cat": 2})
    moving = True
    model.hold = lambda: moving
    give(photos, [answer("dog", 0.9)] * 3)
    rig.until(lambda: model.labels() == {"dog": 3})
    assert model.counts() == ({"cat": 3}, 3, {"cat": 2})
    moving = False
    settled(rig, model)
    assert model.counts() == ({"dog": 3}, 3, {"dog": 2})
    model.set_filter(Filter())
    assert model.counts() == ({"dog": 3}, 3, None)


def test_what_is_removed_is_gone_at_once_and_comes_back(
    rig: Rig, photos: PhotoList, fill: Fill
) -> None:
    model = make(rig, photos)
    added = fill("1.jpg", "2.jpg", "3.jpg", "4.jpg")
    model.set_filter(Filter(text="jpg"))
    settled(rig, model)
    gone = photos.remove_many([added[2], added[0]])
    assert [row for row, _ in gone] == [0, 2]
    assert names(model) == ["2.jpg", "4.jpg"]
    assert photos.restore(gone) == [added[0], added[2]]
    settled(rig, model)
    assert names(model) == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
    photos.clear()
    settled(rig, model)
    assert model.rowCount() == 0


def test_nobody_looks_nothing_is_done(rig: Rig, photos: PhotoList, fill: Fill) -> None:
    model = make(rig, photos)
    model.set_active(False)
    fill("1.jpg")
    give(photos, [answer("ant", 0.6)])
    assert model.settled
    assert model.rowCount() == 0
    model.set_active(True)
    settled(rig, model)
    assert names(model) == ["1.jpg"]


@pytest.mark.parametrize("in_turns", [False, True])
def test_thousands_of_changes_in_any_order_end_where_one_look_would(
    rig: Rig, photos: PhotoList, fill: Fill, in_turns: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where there are so many that changes come between the parts of the work."""
    if in_turns:
        monkeypatch.setattr(turns, "TURN_S", 0.0)
        monkeypatch.setattr(arrangement, "AT_ONCE", 40)
    chance = random.Random(4)
    model = make(rig, photos, settle_ms=10)
    model.set_order(SortBy.PROBABILITY, falling=True)
    model.set_filter(Filter(least=0.3))
    gone: list[tuple[int, object]] = []
    for round_ in range(30):
        fill(*(f"{round_}-{number}.jpg" for number in range(chance.randrange(60))))
        there = list(photos.photos())
        for photo in chance.sample(there, len(there) // 3):
            photo.state, photo.prediction = PhotoState.DONE, answer("ant", chance.random())
        photos.touch(there)
        if round_ % 7 == 3:
            gone = list(photos.remove_many(chance.sample(there, len(there) // 4)))
        elif gone and round_ % 7 == 5:
            photos.restore(gone)  # type: ignore[arg-type]
            gone = []
        counted = heard(model.counted)  # when what changed was looked at
        rig.until(lambda counted=counted: counted or model.settled)
    settled(rig, model)
    probabilities = [p.prediction.top.probability if p.prediction else 0 for p in photos.photos()]
    expected = sorted((p for p in probabilities if p >= 0.2995), reverse=True)
    assert [model.facts(photo).probability for photo in model.photos()] == expected
    assert [model.row(photo) for photo in model.photos()] == list(range(model.rowCount()))


def test_a_wish_in_mid_work_is_the_one_that_counts(
    rig: Rig, photos: PhotoList, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make(rig, photos)
    fill(*(f"{number}.jpg" for number in range(40)))
    give(photos, [answer("ant" if n % 2 else "bee", n / 100) for n in range(40)])
    settled(rig, model)
    monkeypatch.setattr(turns, "TURN_S", 0.0)
    monkeypatch.setattr(arrangement, "AT_ONCE", 5)
    arranged = heard(model.arranged)
    model.set_order(SortBy.PROBABILITY, falling=True)
    assert not model.settled
    assert names(model)[0] == "0.jpg"  # as before until all are in order
    model.set_filter(Filter(labels=frozenset(["ant"])))
    model.set_order(SortBy.PROBABILITY, falling=False)
    late = fill("late.jpg")[0]
    late.state, late.prediction = PhotoState.DONE, answer("ant", 0.99)
    photos.touch([late])
    settled(rig, model)
    assert names(model) == [f"{n}.jpg" for n in range(1, 40, 2)] + ["late.jpg"]
    assert len(arranged) <= 2
    assert model.counts() == ({"ant": 21, "bee": 20}, 41, None)


def test_a_row_says_all_that_is_known(
    rig: Rig, photos: PhotoList, fill: Fill, tmp_path: Path
) -> None:
    model = make(rig, photos)
    fill("/x/1.jpg", "/x/2.jpg", "/x/3.jpg", "/x/4.jpg")
    done = give(
        photos,
        [answer("german_shepherd", 0.9, 0.04), answer("ant", 0.3), "It is cut.", None],
    )
    photos.photos()[3].state = PhotoState.WAITING
    model.set_titles({"a": "My model"})
    model.add_dates({done[0]: "2024-05-01 18:30"})
    settled(rig, model)

    def row(number: int) -> list[str]:
        return [model.index(number, column).data() for column in range(model.columnCount())]

    assert row(0) == [
        "1.jpg", "german shepherd", "90.0%", "86.0%", "My model", "2024-05-01 18:30", "/x", "",
    ]  # fmt: skip
    assert row(1)[1] == "ant (not sure)"
    assert row(2)[1:3] == ["could not be read", ""]
    assert row(3)[1] == "…"
    heads = [model.headerData(n, Qt.Orientation.Horizontal) for n in range(model.columnCount())]
    # What exports call so, too: their "Best class" is the most likely class, however unsure.
    assert heads[:2] == ["Photo", "Answer"]
    tip = model.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "“Best class”" in tip
    model.set_order(SortBy.ANSWER, falling=False)
    assert model.headerData(1, Qt.Orientation.Horizontal) == "Answer ↑"


def test_no_column_of_an_export_is_called_as_another_one_of_the_table() -> None:
    """The table's “Probability” is the answer's; an export has that of the best class, too."""
    titles = {column.id: column.title for column in columns.COLUMNS}
    heads = [title for title, _ in COLUMNS]
    assert titles["answer"] in heads
    assert titles["label"] not in heads
    assert titles["probability"] not in heads
    assert {"label", "probability"} <= set(columns.column_ids()), "what files call them stays"


def test_photos_whose_files_moved_are_found_where_they_are(
    rig: Rig, photos: PhotoList, fill: Fill
) -> None:
    model = make(rig, photos)
    fill("/x/1.jpg", "/x/2.jpg")
    model.set_filter(Filter("sorted"))
    settled(rig, model)
    assert names(model) == []
    photos.follow([("/x/2.jpg", "/sorted/two.jpg")])  # it has no answer yet
    rig.until(lambda: names(model) == ["two.jpg"])
    assert model.index(0, 6).data() == "/sorted"
