"""Photos in boxes: what may be where, and undo without limit."""

from __future__ import annotations

import random

from resnet_gui.core.dataset.collection.boxes import UNSORTED, Boxes
from resnet_gui.core.dataset.collection.readiness import readiness
from resnet_gui.core.dataset.collection.values import CollectedClass, CollectedPhoto, Collection


def photos(*names: str) -> list[CollectedPhoto]:
    return [CollectedPhoto(f"/p/{name}", f"key of {name}") for name in names]


def names(boxes: Boxes, box: int) -> str:
    return "".join(photo.path[-1] for photo in boxes.photos(box))


def two() -> tuple[Boxes, int, int]:
    boxes = Boxes()
    ants, _ = boxes.new_class("ants")
    bees, _ = boxes.new_class("bees")
    return boxes, ants, bees


def test_a_photo_is_in_one_box_and_the_other_place_is_said() -> None:
    boxes, ants, bees = two()
    assert boxes.add(photos("a", "b"), ants, "add").count == 2
    copy = CollectedPhoto("/elsewhere/copy of a", "key of a")
    added = boxes.add([copy, *photos("b", "c", "c")], bees, "add")
    assert (added.count, added.here) == (1, 1)
    assert [(photo.path, box) for photo, box in added.elsewhere] == [("/p/a", ants), ("/p/b", ants)]
    assert (names(boxes, ants), names(boxes, bees)) == ("ab", "c")
    again = boxes.add([copy, *photos("b")], ants, "add")
    assert (again.count, again.here, again.elsewhere) == (0, 2, ())
    assert boxes.undo_text == "add"  # what changed nothing is no step
    boxes.undo()
    assert names(boxes, bees) == ""


def test_what_has_no_key_is_known_by_its_path_alone() -> None:
    boxes, ants, bees = two()
    boxes.add([CollectedPhoto("/p/a")], ants, "add")
    assert boxes.add([CollectedPhoto("/p/b")], bees, "add").count == 1


def test_an_unsorted_photo_that_is_dropped_on_a_class_moves_there() -> None:
    boxes, ants, _ = two()
    boxes.add(photos("a", "b", "c"), UNSORTED, "add")
    added = boxes.add(photos("b", "d"), ants, "add")
    assert added.count == 2
    assert (names(boxes, UNSORTED), names(boxes, ants)) == ("ac", "bd")
    boxes.undo()
    assert (names(boxes, UNSORTED), names(boxes, ants)) == ("abc", "")


def test_what_comes_in_pieces_is_undone_at_once() -> None:
    boxes, ants, _ = two()
    drop = object()
    for name in "abc":
        boxes.add(photos(name), ants, "add 3 photos", joins=drop)
    boxes.undo()
    assert names(boxes, ants) == ""
    boxes.redo()
    assert names(boxes, ants) == "abc"
    boxes.add(photos("d"), ants, "add", joins=drop)  # came after the redo: a step of its own
    boxes.undo()
    assert names(boxes, ants) == "abc"


def test_undo_and_redo_lead_through_every_state() -> None:
    """Two hundred random steps, back to the first and forward to the last."""
    rng = random.Random(3)
    boxes = Boxes()
    states = [boxes.snapshot()]
    for number in range(200):
        classes = boxes.classes
        known = [photo.path for photo in boxes.snapshot().photos()]
        some = rng.sample(known, min(len(known), rng.randint(1, 5)))
        kind = rng.random()
        if kind < 0.15 or not classes:
            boxes.new_class(f"class {number}", some)
        elif kind < 0.2:
            boxes.remove_class(rng.choice(classes))
        elif kind < 0.3:
            boxes.rename(rng.choice(classes), f"name {number}")
        elif kind < 0.6:
            new = photos(*(f"{number}-{n}" for n in range(rng.randint(1, 6))))
            boxes.add([*new, *(CollectedPhoto(p) for p in some)], rng.choice(classes), "add")
        elif kind < 0.62:
            boxes.fill(Collection((CollectedClass("x", tuple(photos(f"f{number}"))),)), "fill")
        else:
            boxes.move(some, rng.choice([*classes, UNSORTED, None]), "move")
        state = boxes.snapshot()
        if state != states[-1]:
            states.append(state)
    assert len(states) > 100
    for state in reversed(states[:-1]):
        assert boxes.undo_text
        boxes.undo()
        assert boxes.snapshot() == state
        assert {p.path for p in state.photos()} == boxes._where.keys()
    assert not boxes.undo_text
    for state in states[1:]:
        boxes.redo()
        assert boxes.snapshot() == state
    assert not boxes.redo_text


def test_names_are_compared_as_folders_are() -> None:
    boxes, ants, _ = two()
    assert boxes.find_class("ANTS") == ants
    boxes.rename(ants, "sea_lion")
    assert boxes.find_class("sea lion") == ants
    assert boxes.free_name() == "Class 1"
    boxes.new_class("class 1")
    assert boxes.free_name() == "Class 2"


def test_what_is_still_needed_is_said() -> None:
    rule = "Each class needs at least 2 photos; 10 or more are better."
    said = {
        (("a", 0), ("b", 0)): (False, rule),
        (("a", 5), ("b", 0)): (False, f"“b” has no photos yet. {rule}"),
        (("a", 5), ("b_c", 1)): (False, f"“b c” needs one more photo. {rule}"),
        (("a", 1), ("b", 1)): (False, f"“a”, “b” need one more photo each. {rule}"),
        (("a", 9),): (False, f"A model tells classes apart: make a second one. {rule}"),
        (("a", 10), ("b", 12)): (True, "22 photos in 2 classes."),
        (("Class 1", 10), ("Class 2", 12)): (
            True, "22 photos in 2 classes. Give “Class 1”, “Class 2” names: the model will answer "
            "with what stands there.",
        ),
        (("Class 1", 10), ("b", 12)): (
            True, "22 photos in 2 classes. Give “Class 1” its name: the model will answer with "
            "what stands there.",
        ),
        (("a", 2), ("b", 12)): (True, "14 photos in 2 classes. 10 or more of each are better."),
        (("a", 10), ("b", 10), ("c", 0)): (
            True, "20 photos in 2 classes. “c” has none and is left out.",
        ),
    }  # fmt: skip
    for classes, (ready, text) in said.items():
        found = readiness(classes)
        assert (found.ready, found.text) == (ready, text)
    assert readiness([("a", 0), ("b", 0)], 7).text == f"7 photos wait to be sorted. {rule}"
    assert "1 unsorted photo is not used." in readiness([("a", 10), ("b", 10)], 1).text
