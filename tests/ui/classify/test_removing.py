"""Photos removed and brought back with their answers; old answers; labelled folders."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from resnet_gui.core.dataset.labelled import class_folders
from resnet_gui.core.events import ImageFailed, ImageSource
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.classify.notices import LabelledNotice, RemovalNotice
from resnet_gui.ui.classify.photo_intake import LabelledFolder, PhotoIntake
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from resnet_gui.ui.widgets.photo_list import PhotoState
from tests.helpers.classify import labels, paths
from tests.helpers.fake_engine import Rig, heard, prediction


def names(controller: ClassifyController) -> list[str]:
    return [photo.source.short_name for photo in controller.photos.photos()]


def test_clearing_is_undone_with_all_answers(
    rig: Rig, controller: ClassifyController, tmp_path: Path
) -> None:
    many = [f"{number}.png" for number in range(1000)]
    controller.open_paths(paths(tmp_path, *many))
    rig.settle()
    controller.step(5)
    asked = len(rig.engine.asked("classify"))
    before = list(controller.photos.photos())
    controller.clear()
    assert controller.removals.text == "1,000 photos removed from the list."
    controller.undo_removal()
    rig.settle()
    assert list(controller.photos.photos()) == before
    assert labels(controller) == ["ant"] * 1000
    assert controller.current is before[0]
    assert [controller.photos.row(photo) for photo in before] == list(range(1000))
    assert len(rig.engine.asked("classify")) == asked  # nothing had to be asked again
    assert controller.removals.text == ""


def test_what_waited_when_it_was_removed_is_asked_when_it_is_back(
    rig: Rig, controller: ClassifyController, tmp_path: Path
) -> None:
    hold = rig.engine.hold()
    rig.engine.script("classify", prediction())
    rig.engine.script("classify", ImageFailed(0, "2.png", "a", "X", "It is cut."), hold)
    controller.open_paths(paths(tmp_path, "1.png", "2.png", "3.png"))
    rig.until(hold.reached.is_set)
    rig.until(lambda: controller.photos.photos()[1].problem)
    controller.clear()
    hold.over.set()
    rig.settle()
    controller.undo_removal()
    rig.settle()
    assert rig.engine.asked("classify")[-1][0] == [str(tmp_path / "3.png")]
    assert [photo.state for photo in controller.photos.photos()] == [
        PhotoState.DONE,
        PhotoState.FAILED,
        PhotoState.DONE,
    ]


def test_answers_of_another_model_are_asked_again(
    rig: Rig, controller: ClassifyController, tmp_path: Path
) -> None:
    controller.open_paths(paths(tmp_path, "1.png"))
    rig.settle()
    controller.clear()
    controller.set_model("b")
    rig.engine.script("classify", prediction(label="bee", model_id="b"))
    controller.undo_removal()
    assert controller.photos.photos()[0].stale
    rig.settle()
    assert labels(controller) == ["bee"]


def test_several_removals_are_undone_together_in_their_order(
    rig: Rig, controller: ClassifyController, tmp_path: Path
) -> None:
    controller.open_paths(paths(tmp_path, "1.png", "2.png", "3.png", "4.png"))
    rig.settle()
    photos = list(controller.photos.photos())
    controller.remove(photos[1])
    assert controller.removals.text == "“2.png” removed from the list."
    assert controller.current is photos[0]
    controller.remove(photos[0])
    assert controller.current is photos[2]
    assert controller.removals.text == "2 photos removed from the list."
    controller.clear()
    assert controller.removals.text == "2 photos removed from the list, 2 before that."
    controller.open_paths(paths(tmp_path, "3.png", "5.png"))  # one of them is back by itself
    controller.undo_removal()
    rig.settle()
    assert names(controller) == ["1.png", "2.png", "3.png", "4.png", "5.png"]


def test_one_notice_for_what_was_removed(
    rig: Rig, controller: ClassifyController, tmp_path: Path
) -> None:
    notices = NoticeBar()
    RemovalNotice(controller, notices, notices)
    controller.open_paths(paths(tmp_path, "1.png", "2.png", "3.png"))
    rig.settle()
    controller.remove_current()
    controller.remove_current()
    assert notices.texts == ["2 photos removed from the list."]
    notices.shown[0].button.click()
    assert names(controller) == ["1.png", "2.png", "3.png"]
    assert notices.texts == []
    controller.clear()
    notices.shown[0].close_button.click()  # not wanted back
    assert controller.removals.text == ""
    controller.undo_removal()
    assert names(controller) == []


# --- old answers --------------------------------------------------------------------------------


def test_old_answers_are_old_until_the_new_ones_come(
    rig: Rig, controller: ClassifyController, tmp_path: Path
) -> None:
    controller.open_paths(paths(tmp_path, "1.png", "2.png"))
    rig.settle()
    hold = rig.engine.hold()
    rig.engine.script("classify", prediction(label="bee", model_id="b"))
    rig.engine.script("classify", hold, prediction(label="bee", model_id="b"))
    controller.set_model("b")
    first, second = controller.photos.photos()
    assert first.stale
    assert second.stale
    spoken = controller.photos.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "2.png: ant 90.0%, earlier answer"
    rig.until(lambda: not first.stale)
    assert second.stale
    controller.stop()  # the answer of before does not become the new model's
    assert second.stale
    hold.over.set()
    rig.settle()
    controller.go_on()
    rig.settle()
    assert not second.stale
    assert second.prediction is not None
    assert second.prediction.model == "b"


# --- labelled folders ---------------------------------------------------------------------------


def files(*names: str) -> list[Path]:
    return [Path("/root", name) for name in names]


def test_what_a_labelled_folder_is() -> None:
    cats = [f"cat/{n}.jpg" for n in range(5)]
    dogs = [f"dog/{n}.jpg" for n in range(5)]
    root = Path("/root")
    assert class_folders(root, files(*cats, *dogs)) == 2
    parts = [f"{part}/{name}" for part in ("train", "val") for name in cats + dogs]
    assert class_folders(root, files(*parts)) == 2
    assert class_folders(root, files(*cats)) == 0  # one class is none
    assert class_folders(root, files(*cats, *dogs, "loose.jpg")) == 0
    assert class_folders(root, files(*cats, *dogs, "dog/deep/er/1.jpg")) == 0
    assert class_folders(root, files("a/1.jpg", "b/1.jpg")) == 0  # holiday albums
    assert class_folders(root, files(*(f"train/{n}.jpg" for n in range(20)))) == 0


def test_a_labelled_folder_is_told(rig: Rig, tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(5):
            (tmp_path / "pets" / name / f"{number}.png").write_bytes(b"")
    intake = PhotoIntake(rig.io, rig.engine.fetch_image, rig.parent)
    told = heard(intake.labelled)
    intake.open_paths([tmp_path / "pets"])
    rig.settle()
    assert told == [LabelledFolder(tmp_path / "pets", 2)]
    intake.open_paths([tmp_path / "pets" / "cat"])
    intake.open_paths(sorted((tmp_path / "pets").iterdir()))
    rig.settle()
    assert len(told) == 1


def test_its_notice_leads_to_train(controller: ClassifyController, tmp_path: Path) -> None:
    notices = NoticeBar()
    parent = QWidget()
    notice = LabelledNotice(controller, notices, parent)
    asked = heard(notice.train_requested)
    controller.labelled.emit(LabelledFolder(tmp_path / "one", 2))
    controller.labelled.emit(LabelledFolder(tmp_path / "two", 3))
    assert notices.texts == [
        "“two” holds 3 folders of photos. If each is one class, a model can learn them, or be "
        "tested on them."
    ]
    notices.shown[0].button.click()
    assert asked == [tmp_path / "two"]
    assert notices.texts == []
    tested = heard(notice.test_requested)
    controller.labelled.emit(LabelledFolder(tmp_path / "one", 2))
    buttons = notices.shown[0].findChildren(QPushButton)
    assert [button.text() for button in buttons] == ["Train on it", "Test a model on it"]
    buttons[1].click()
    assert (tested, len(asked)) == ([tmp_path / "one"], 1)
    assert notices.texts == []


def test_what_is_said_of_a_folder_leaves_with_its_photos(
    controller: ClassifyController, tmp_path: Path
) -> None:
    bar, parent = NoticeBar(), QWidget()
    LabelledNotice(controller, bar, parent)
    controller.photos.add([ImageSource.file(tmp_path / "a.jpg")])
    controller.labelled.emit(LabelledFolder(tmp_path, 3))
    assert len(bar.texts) == 1
    controller.clear()
    assert bar.texts == []
