"""What comes into the boxes, what is kept, what is said."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtGui import QImage

from resnet_gui.core.dataset.collection.boxes import UNSORTED
from resnet_gui.core.dataset.collection.values import collection_dir, load_collection, pasted_dir
from resnet_gui.ui.making.controller import MakingController
from resnet_gui.ui.widgets.images import Dropped
from tests.helpers.fake_engine import Hold, Returned, Rig, heard
from tests.helpers.pictures import encoded, gradient
from tests.ui.making.conftest import Make


def drop(rig: Rig, controller: MakingController, paths: list[Path], box: int) -> None:
    controller.take(Dropped(paths=list(paths)), box)
    rig.settle()


def counts(controller: MakingController) -> list[int]:
    return [controller.boxes.count(n) for n in (*controller.boxes.classes, UNSORTED)]


def test_all_is_there_again_after_a_restart(
    rig: Rig, controller: MakingController, make: Make, loose: list[Path]
) -> None:
    ants, bees = controller.boxes.classes
    drop(rig, controller, loose[:3], ants)
    drop(rig, controller, loose[3:5], bees)
    drop(rig, controller, [loose[0].parent], UNSORTED)
    assert counts(controller) == [3, 2, 3]
    assert not controller.rename(ants, "ants")
    number = controller.new_class("wasps", [str(loose[0])])
    controller.leave()
    rig.settle()
    again = make()
    assert again.boxes.snapshot() == controller.boxes.snapshot()
    assert [again.boxes.name(n) for n in again.boxes.classes] == ["ants", "Class 2", "wasps"]
    assert counts(again) == [2, 2, 1, 3]
    assert not again.boxes.undo_text
    assert number == controller.boxes.classes[-1]


def test_of_two_windows_one_has_the_classes(
    rig: Rig, controller: MakingController, loose: list[Path]
) -> None:
    """The last writer used to win, and what the other window had done was lost."""
    [ants, _] = controller.boxes.classes
    other = MakingController(rig.io, rig.engine.fetch_image, rig.parent)
    said, refused = heard(other.noticed), heard(other.refused)
    other.load()
    rig.until(lambda: refused)
    assert "open in another window" in said[0][0]
    assert not other.loaded
    assert other.new_class("wasps") == UNSORTED

    drop(rig, controller, loose[:3], ants)
    controller.leave()
    other.load()
    rig.until(lambda: other.loaded)
    assert counts(other) == [3, 0, 0]
    other.new_class("wasps")
    controller.load()
    rig.until(lambda: len(refused) == 1 and not controller.loaded)
    rig.settle()
    other.leave()
    rig.settle()

    controller.load()
    rig.until(lambda: controller.loaded)
    assert [controller.boxes.name(n) for n in controller.boxes.classes][-1] == "wasps"
    assert controller.boxes.undo_text == "what another window changed"
    controller.undo()
    assert counts(controller) == [3, 0, 0]


def test_whoever_let_the_classes_go_changes_nothing(
    rig: Rig, controller: MakingController, loose: list[Path]
) -> None:
    """What another window had put in was overwritten, and lost."""
    [ants, bees] = controller.boxes.classes
    drop(rig, controller, loose[:2], ants)
    controller.leave()
    rig.settle()
    other = MakingController(rig.io, rig.engine.fetch_image, rig.parent)
    other.load()
    rig.until(lambda: other.loaded)
    drop(rig, other, loose[2:5], other.boxes.classes[1])
    paths = [str(loose[0])]
    controller.move(paths, bees)
    controller.remove(paths)
    controller.remove_class(ants)
    controller.start_over()
    assert not controller.rename(ants, "ants")
    assert not controller.undo().boxes
    assert not controller.redo().boxes
    rig.settle()
    kept = load_collection()
    assert kept is not None
    assert [len(item.photos) for item in kept.classes] == [2, 3]
    other.leave()
    controller.load()
    rig.until(lambda: controller.loaded)
    assert counts(controller) == [2, 3, 0]
    controller.move(paths, bees)  # the box of before is not there any more
    assert counts(controller) == [2, 3, 0]


def test_what_still_comes_when_the_classes_are_closed_is_kept(
    rig: Rig, controller: MakingController, make: Make, loose: list[Path]
) -> None:
    [ants, _] = controller.boxes.classes
    controller.take(Dropped(paths=loose[:4]), ants)
    controller.leave()
    rig.settle()
    rig.until(lambda: not controller.loaded)
    assert counts(make()) == [4, 0, 0]


def test_what_the_lane_has_not_written_is_written_at_the_end(
    rig: Rig, controller: MakingController, loose: list[Path]
) -> None:
    [ants, _] = controller.boxes.classes
    drop(rig, controller, loose[:2], ants)
    hold = rig.occupy(rig.io)
    controller.remove([str(loose[0])])
    rig.io.cancel_all()  # as closing does, before the lane had its turn
    controller.store_now()
    kept = load_collection()
    assert kept is not None
    assert [len(item.photos) for item in kept.classes] == [1, 0]
    hold.over.set()
    rig.settle()


def test_many_changes_at_once_are_written_once_more_at_most(
    rig: Rig, controller: MakingController, loose: list[Path]
) -> None:
    [ants, bees] = controller.boxes.classes
    drop(rig, controller, loose, ants)
    hold = rig.occupy(rig.io)
    before = rig.io.submitted
    for path in loose:
        controller.move([str(path)], bees)
    assert rig.io.submitted == before + 1
    hold.over.set()
    rig.settle()
    kept = load_collection()
    assert kept is not None
    assert [len(item.photos) for item in kept.classes] == [0, 8]


def test_a_disk_that_cannot_be_written_is_said_and_tried_again(
    rig: Rig, controller: MakingController
) -> None:
    said = heard(controller.noticed)
    shutil.rmtree(collection_dir())
    collection_dir().write_text("a file where the folder should be")
    controller.new_class("ants")
    rig.settle()
    assert "could not be saved" in said[-1][0]
    collection_dir().unlink()
    controller.new_class("bees")
    rig.settle()
    kept = load_collection()
    assert kept is not None
    assert [item.name for item in kept.classes] == ["Class 1", "Class 2", "ants", "bees"]


def test_bad_files_and_doubles_are_said(
    rig: Rig, controller: MakingController, loose: list[Path]
) -> None:
    ants, bees = controller.boxes.classes
    problems, elsewhere = heard(controller.problems_found), heard(controller.found_elsewhere)
    said = heard(controller.noticed)
    bad = loose[0].with_name("bad.jpg")
    bad.write_text("no picture")
    copy = loose[0].with_name("copy.jpg")
    copy.write_bytes(loose[1].read_bytes())
    drop(rig, controller, [loose[0], loose[1], bad], ants)
    assert "bad.jpg" in problems[0][0]
    drop(rig, controller, [copy, loose[2]], bees)
    text, paths, box = elsewhere[0]
    assert "A photo is in another class already: 1.jpg (in “Class 1”)" in text
    assert (paths, box) == ((str(loose[1]),), bees)
    assert counts(controller) == [2, 1, 0]
    controller.move(paths, box)
    assert counts(controller) == [1, 2, 0]
    drop(rig, controller, [copy], bees)
    assert said[-1][0] == "1 photo was in “Class 2” already."
    controller.undo()
    controller.undo()
    assert counts(controller) == [2, 0, 0]
    controller.redo()
    assert counts(controller) == [2, 1, 0]


def test_pictures_without_a_file_become_files(rig: Rig, controller: MakingController) -> None:
    ants, _ = controller.boxes.classes
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(0x336699)
    controller.take(Dropped(pixels=image), ants)
    controller.take(Dropped(encoded=encoded(gradient(30, 20), "PNG")), ants)
    url = "https://photos.example/bee"
    rig.engine.script("fetch_image", Returned(_source(encoded(gradient(30, 20, 5), "JPEG"))))
    controller.take(Dropped(urls=[url]), ants)
    rig.settle()
    assert rig.engine.asked("fetch_image") == [(url,)]
    assert counts(controller) == [3, 0, 0]
    assert len(list(pasted_dir().iterdir())) == 3
    problems = heard(controller.problems_found)
    rig.engine.script("fetch_image", Returned(_source(b"<html>")))
    controller.take(Dropped(urls=[url]), ants)
    rig.settle()
    assert len(problems) == 1
    assert counts(controller) == [3, 0, 0]


def _source(data: bytes) -> object:
    from resnet_gui.core.events import ImageSource

    return ImageSource("bee", data)


def test_a_class_that_is_removed_while_its_photos_come(
    rig: Rig, controller: MakingController, loose: list[Path]
) -> None:
    """They are not lost: they are unsorted then."""
    ants, _ = controller.boxes.classes
    hold: Hold = rig.occupy(rig.io)
    controller.take(Dropped(paths=loose), ants)
    controller.remove_class(ants)
    hold.over.set()
    rig.settle()
    assert counts(controller) == [0, 8]


def test_names_are_kept_apart(rig: Rig, controller: MakingController, loose: list[Path]) -> None:
    one, two = controller.boxes.classes
    said = heard(controller.noticed)
    assert not controller.rename(one, "Sea Lion")
    assert controller.rename(two, "sea_lion") == "Another class is called “Sea Lion”."
    assert controller.boxes.name(two) != "sea_lion"
    assert not said, "the box says it: a notice would move the boxes while somebody types"
    assert not controller.rename(two, "   ")
    assert not controller.rename(two, " Seal ")
    assert controller.boxes.name(two) == "Seal"
    drop(rig, controller, loose[:1], UNSORTED)
    assert controller.new_class("SEA LION", [str(loose[0])]) == one
    assert counts(controller) == [1, 0, 0]


def test_a_folder_to_train_on_and_one_to_keep(
    rig: Rig, controller: MakingController, loose: list[Path], tmp_path: Path
) -> None:
    ants, bees = controller.boxes.classes
    made, saved, said = (
        heard(signal) for signal in (controller.made, controller.saved, controller.noticed)
    )
    controller.make()  # not enough: nothing happens
    drop(rig, controller, loose[:4], ants)
    drop(rig, controller, loose[4:], bees)
    loose[0].unlink()
    controller.make()
    rig.settle()
    [folder] = made
    assert (folder.photos, len(folder.missing)) == (7, 1)
    assert said[-1][0].startswith("A photo is not where it was, or cannot be read: “0.jpg”.")
    controller.save_to(tmp_path / "mine")
    rig.settle()
    assert saved[0].photos == 7
    assert len(list((tmp_path / "mine").rglob("*.jpg"))) == 7


def test_a_models_classes_with_one_more(
    rig: Rig, controller: MakingController, loose: list[Path], tmp_path: Path
) -> None:
    _, bees = controller.boxes.classes
    extended, said = heard(controller.extended), heard(controller.noticed)
    for number, path in enumerate(loose):
        folder = tmp_path / "data" / ("ants" if number < 5 else "bees")
        folder.mkdir(parents=True, exist_ok=True)
        path.rename(folder / path.name)
    drop(rig, controller, [tmp_path / "data" / "bees"], bees)
    before = controller.boxes.snapshot()
    controller.extend(tmp_path / "data", "Ants and bees", "my-model")
    rig.settle()
    names = [controller.boxes.name(n) for n in controller.boxes.classes]
    assert names == ["ants", "bees", "Class 1"]
    assert counts(controller) == [5, 3, 0, 0]
    assert extended == ["my-model"]
    assert "classes of “Ants and bees”" in said[-1][0]
    controller.undo()
    controller.undo()
    assert controller.boxes.snapshot() == before  # nothing of what was there is lost
    controller.extend(tmp_path / "gone", "Ants and bees", "my-model")
    rig.settle()
    assert "not there any more" in said[-1][0]
    assert extended == ["my-model"]
    assert controller.boxes.snapshot() == before


def test_a_class_that_no_folder_can_be_called_like(
    rig: Rig, controller: MakingController, loose: list[Path], tmp_path: Path
) -> None:
    """“a/b” came back from its training as “a b”, and nothing had said so."""
    said, misnamed = heard(controller.noticed), heard(controller.misnamed)
    one, two = controller.boxes.classes
    controller.rename(one, "bees")
    controller.rename(two, "a b")
    assert not misnamed
    three = controller.new_class("a/b")
    assert len(misnamed) == 1
    assert "this one is called “a b-2”" in misnamed[0]
    controller.rename(three, "x:y")
    assert "this one is called “x y”" in misnamed[1]
    for number, path in enumerate(loose):
        drop(rig, controller, [path], (one, two, three)[number % 3])
    assert not said
    saved = heard(controller.saved)
    controller.save_to(tmp_path / "mine")
    rig.until(lambda: saved)
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["a b", "bees", "x_y"]
    assert [text for text, _kind in said] == [
        "No folder can be called like some of the classes: “x:y” is “x y” in it."
    ]


def test_a_class_without_a_name_is_called_like_the_folder_that_is_dropped_on_it(
    rig: Rig, controller: MakingController, loose: list[Path]
) -> None:
    """Its photos were of “Class 1”, and so the model answered “Class 1, 97 %”."""
    first, second = controller.boxes.classes
    folders = []
    for name, photos in (("Steinpilz", loose[:3]), ("steinpilz", loose[3:5]), ("Gold", loose[5:])):
        folders.append(loose[0].parent.parent / f"from {name}" / name)
        folders[-1].mkdir(parents=True)
        for photo in photos:
            shutil.copy(photo, folders[-1])

    def names() -> list[str]:
        return [controller.boxes.name(n) for n in controller.boxes.classes]

    drop(rig, controller, [folders[0]], first)
    assert names() == ["Steinpilz", "Class 2"]
    assert controller.boxes.count(first) == 3
    controller.undo()
    assert names() == ["Class 1", "Class 2"]
    assert counts(controller) == [0, 0, 0]
    controller.redo()
    drop(rig, controller, [folders[2]], first)  # it has a name
    drop(rig, controller, [folders[1]], second)  # another class has this one
    drop(rig, controller, folders[:2], controller.new_class())  # of two folders it would be half
    drop(rig, controller, loose[-1:], controller.new_class())
    assert names() == ["Steinpilz", "Class 2", "Class 1", "Class 3"]
    assert not controller.rename(second, "Birke")
    drop(rig, controller, [folders[2]], UNSORTED)
    assert names()[:2] == ["Steinpilz", "Birke"]
