"""The boxes and the sorting by eye as a person uses them: drops, keys, menus."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QListView
from pytestqt.qtbot import QtBot

from resnet_gui.core.dataset.collection.boxes import UNSORTED
from resnet_gui.core.events import ClassScore, ImageFailed, KindScore, Prediction
from resnet_gui.ui.making.class_box import ClassBox
from resnet_gui.ui.making.controller import MakingController
from resnet_gui.ui.making.guesses import Guess, Guesses, guess_of
from resnet_gui.ui.making.problems_dialog import ProblemsDialog
from resnet_gui.ui.making.view import MakingView
from resnet_gui.ui.widgets.images import Dropped
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from resnet_gui.ui.widgets.reveal import Reveal
from tests.helpers.fake_engine import Rig, model

COPY, LEFT = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
PLAIN = Qt.KeyboardModifier.NoModifier


def files(paths: Sequence[Path]) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drop(box: ClassBox, mime: QMimeData) -> bool:
    """Drag over the box and let go; whether it took it."""
    enter = QDragEnterEvent(QPoint(20, 60), COPY, mime, LEFT, PLAIN)
    QApplication.sendEvent(box, enter)
    if not enter.isAccepted():
        return False
    assert box.targeted
    move = QDragMoveEvent(QPoint(21, 60), COPY, mime, LEFT, PLAIN)
    QApplication.sendEvent(box, move)
    assert move.isAccepted()
    QApplication.sendEvent(box, QDropEvent(QPointF(21, 60), COPY, mime, LEFT, PLAIN))
    assert not box.targeted
    return True


def class_boxes(view: MakingView) -> list[ClassBox]:
    return [view.board.boxes[number] for number in view.controller.boxes.classes]


def fill(rig: Rig, view: MakingView, loose: list[Path]) -> None:
    """Three photos of each class, two unsorted."""
    one, two = view.controller.boxes.classes
    for paths, box in ((loose[:3], one), (loose[3:6], two), (loose[6:], UNSORTED)):
        view.controller.take(Dropped(paths=paths), box)
    rig.settle()


def test_photos_are_dropped_and_dragged_over(
    rig: Rig, view: MakingView, notices: NoticeBar, loose: list[Path]
) -> None:
    one, two = class_boxes(view)
    assert not view.train.isEnabled()
    assert drop(one, files(loose[:2]))
    assert drop(two, files([loose[0].parent]))  # a folder; what the other class has stays there
    rig.settle()
    assert (one.count.text(), two.count.text()) == ("2 photos", "6 photos")
    assert notices.texts[0].startswith("2 photos are in another class already")
    assert view.train.isEnabled()
    assert view.needed.text().startswith("8 photos in 2 classes.")
    one.view.selectionModel().select(
        one.model.index(0), QItemSelectionModel.SelectionFlag.ClearAndSelect
    )
    mime = one.model.mimeData(one.view.selectedIndexes())
    assert drop(two, mime)
    assert (one.count.text(), two.count.text()) == ("1 photo", "7 photos")
    assert drop(view.board.unsorted, mime)
    assert view.board.unsorted.count.text() == "1 photo"
    assert drop(view.board.unsorted, QMimeData()) is False
    view.undo.click()
    view.undo.click()
    assert (one.count.text(), two.count.text()) == ("2 photos", "6 photos")
    assert view.redo.isEnabled()
    [line] = notices.shown
    line.acted.emit()
    assert (one.count.text(), two.count.text()) == ("0 photos", "8 photos")
    assert not notices.texts


def test_the_newest_photo_comes_first_and_del_takes_it_out(
    qtbot: QtBot, rig: Rig, view: MakingView, loose: list[Path]
) -> None:
    fill(rig, view, loose)
    one, _ = class_boxes(view)
    assert [Path(one.model.path(row)).name for row in range(3)] == ["2.jpg", "1.jpg", "0.jpg"]
    one.view.setCurrentIndex(one.model.index(1))
    qtbot.keyClick(one.view, Qt.Key.Key_Delete)
    assert [Path(one.model.path(row)).name for row in range(2)] == ["2.jpg", "0.jpg"]
    assert one.selected() == [str(loose[0])]
    assert loose[1].is_file()


def test_paste_goes_to_the_box_with_the_frame(
    qtbot: QtBot, rig: Rig, view: MakingView, loose: list[Path]
) -> None:
    one, two = class_boxes(view)
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    assert view.board.current == one.box
    two.view.setFocus()
    assert view.board.current == two.box
    view.paste(files(loose[:1]))
    rig.settle()
    assert two.count.text() == "1 photo"
    # Files are photos, not text, also while a name is written.
    one.name.setFocus()
    QGuiApplication.clipboard().setMimeData(files(loose[1:2]))
    qtbot.keyClick(one.name, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    rig.settle()
    assert (one.name.text(), one.count.text()) == ("Class 1", "1 photo")
    QGuiApplication.clipboard().clear()


def test_classes_are_named_and_made(qtbot: QtBot, view: MakingView, notices: NoticeBar) -> None:
    one, two = class_boxes(view)
    one.name.selectAll()
    qtbot.keyClicks(one.name, "ants")
    qtbot.keyClick(one.name, Qt.Key.Key_Return)
    assert view.controller.boxes.name(one.box) == "ants"
    two.name.selectAll()
    qtbot.keyClicks(two.name, "Ants")
    places = [box.geometry() for box in class_boxes(view)]
    qtbot.keyClick(two.name, Qt.Key.Key_Return)
    assert two.name.text() == "Class 2"
    assert two.refused.text() == "Another class is called “ants”."
    assert two.refused.isVisible()
    assert not notices.texts
    QApplication.processEvents()
    assert [box.geometry() for box in class_boxes(view)] == places, "nothing moves under the hand"
    two.name.selectAll()
    qtbot.keyClicks(two.name, "b")
    assert not two.refused.isVisible()
    two.name.setText("Class 2")
    two.name.setModified(False)
    view.new.click()
    three = class_boxes(view)[-1]
    assert three.name.selectedText() == "Class 1"
    view.controller.remove_class(two.box)
    assert class_boxes(view) == [one, three]
    view.undo.click()
    assert [box.name.text() for box in class_boxes(view)] == ["ants", "Class 2", "Class 1"]


def test_the_menu_of_a_box(rig: Rig, view: MakingView, loose: list[Path]) -> None:
    fill(rig, view, loose)
    one, two = class_boxes(view)
    texts = [a.text() for a in view.board.menu_of(one.box).actions() if a.isEnabled()]
    assert "Move to" not in texts
    one.view.selectAll()
    menu = view.board.menu_of(one.box)
    [move] = [action.menu() for action in menu.actions() if action.text() == "Move to"]
    assert [action.text() for action in move.actions()] == ["Class 2", "Unsorted"]
    move.actions()[0].trigger()
    assert two.count.text() == "6 photos"
    menu = view.board.menu_of(one.box)
    next(a for a in menu.actions() if a.text() == "Remove this class").trigger()
    assert class_boxes(view) == [two]
    menu = view.board.menu_of(UNSORTED)
    next(a for a in menu.actions() if a.text().startswith("Remove all")).trigger()
    assert view.board.unsorted.count.text() == "0 photos"


def test_a_notice_that_stayed_moves_photos_only_while_the_classes_are_here(
    rig: Rig, view: MakingView, notices: NoticeBar, loose: list[Path]
) -> None:
    controller = view.controller
    fill(rig, view, loose)
    _, two = controller.boxes.classes
    controller.take(Dropped(paths=loose[:1]), two)
    rig.settle()
    [line] = [line for line in notices.shown if line.button.text() == "Move to “Class 2”"]
    controller.leave()
    rig.settle()
    line.acted.emit()
    assert controller.boxes.count(two) == 3
    assert "Make classes" in notices.texts[-1]
    controller.load()
    rig.until(lambda: controller.loaded)
    # Another window had them meanwhile: the boxes are new ones, of the same names.
    controller.changed.emit(controller.boxes.fill(controller.boxes.snapshot()))
    line.acted.emit()
    assert [controller.boxes.count(n) for n in controller.boxes.classes] == [2, 4]
    assert line not in notices.shown
    rig.settle()


def test_every_control_has_a_name_and_a_tip(rig: Rig, view: MakingView, loose: list[Path]) -> None:
    fill(rig, view, loose)
    for part in (view.board, view.labels):
        if part is view.labels:
            view.sort_by_eye()
        for kind in (QAbstractButton, QListView, QLineEdit):
            for control in view.findChildren(kind):
                if control.isVisible():
                    assert control.accessibleName() or getattr(control, "text", str)()


def test_many_files_that_are_wrong_are_all_named(view: MakingView, notices: NoticeBar) -> None:
    problems = tuple(f"{number}.jpg is empty." for number in range(9))
    view.controller.problems_found.emit(problems)
    [line] = notices.shown
    assert line.label.text().endswith("3.jpg is empty. And 5 more.")
    line.acted.emit()
    [dialog] = view.window().findChildren(ProblemsDialog)
    assert dialog.text.toPlainText().splitlines() == list(problems)
    dialog.close()


# --- by eye ---------------------------------------------------------------------------------


def answer(position: int, *scores: tuple[str, float]) -> Prediction:
    found = tuple(ClassScore(name, n, p) for n, (name, p) in enumerate(scores))
    return Prediction(position, str(position), "a", found, 64, 48, "CPU", 2.0, 3.0)


def test_sorting_by_eye_with_keys_alone(
    qtbot: QtBot,
    rig: Rig,
    view: MakingView,
    guesses: Guesses,
    loose: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    controller, labels = view.controller, view.labels
    one, two = controller.boxes.classes
    controller.rename(one, "ants")
    controller.rename(two, "bees")
    controller.take(Dropped(paths=loose), UNSORTED)
    rig.settle()
    rig.engine.script(
        "classify",
        answer(0, ("bee", 0.6), ("ant", 0.3)),
        ImageFailed(1, "1", "a", "", ""),
        *(answer(n, ("rose", 0.7)) for n in range(2, 7)),
    )
    guesses.set_model(model("a"))
    view.board.unsorted.sort.click()
    assert labels.isVisible()
    qtbot.waitUntil(lambda: labels.photo.has_photo)
    rig.settle()
    assert labels.position.text() == "Photo 1 of 8 unsorted"
    assert labels.guess.text() == "Enter   bees"
    assert "60.0%" in labels.guess_text.text()

    def press(key: Qt.Key, *, ctrl: bool = False) -> None:
        modifier = Qt.KeyboardModifier.ControlModifier if ctrl else PLAIN
        qtbot.keyClick(labels, key, modifier)

    def state() -> str:
        return " ".join(str(controller.boxes.count(n)) for n in (one, two, UNSORTED))

    press(Qt.Key.Key_Return)
    assert state() == "0 1 7"
    assert Path(labels.path).name == "1.jpg"
    assert not labels.guess.isVisible()
    assert labels.guess_text.text() == "The model could not say what this is."
    press(Qt.Key.Key_Return)  # no guess: nothing to take
    assert state() == "0 1 7"
    press(Qt.Key.Key_1)
    assert state() == "1 1 6"
    press(Qt.Key.Key_9)  # there is no such class
    press(Qt.Key.Key_Space)
    press(Qt.Key.Key_Right)
    assert Path(labels.path).name == "4.jpg"
    press(Qt.Key.Key_Left)
    assert Path(labels.path).name == "3.jpg"
    press(Qt.Key.Key_2)
    assert Path(labels.path).name == "4.jpg"
    assert labels.guess.text() == "Enter   new class rose"
    press(Qt.Key.Key_Return)
    assert [controller.boxes.name(n) for n in controller.boxes.classes] == ["ants", "bees", "rose"]
    monkeypatch.setattr("resnet_gui.ui.making.label_view.ask_for_name", lambda *_: "tulip")
    press(Qt.Key.Key_N)
    assert controller.boxes.name(controller.boxes.classes[-1]) == "tulip"
    assert [button.text()[0] for button in labels.buttons] == ["1", "2", "3", "4"]
    for _ in range(4):
        press(Qt.Key.Key_Space)
    assert labels.path == ""
    assert labels.position.text() == "That was the last one"
    assert not labels.skip.isEnabled()
    press(Qt.Key.Key_1)  # nothing to put anywhere
    # All of it back, and each photo comes to the screen again.
    came = []
    while controller.boxes.undo_text.startswith(("move", "new class")):
        view.undo.click()
        came.append(Path(labels.path).name)
    assert came == ["5.jpg", "4.jpg", "3.jpg", "1.jpg", "0.jpg"]
    assert state() == "0 0 8"
    view.redo.click()
    assert state() == "0 1 7"
    press(Qt.Key.Key_Escape)
    assert view.board.isVisible()


def test_without_a_model_it_is_sorted_all_the_same(
    qtbot: QtBot, rig: Rig, view: MakingView, loose: list[Path]
) -> None:
    fill(rig, view, loose)
    view.sort_by_eye()
    assert view.labels.guess_text.text() == "No model is here that could guess."
    qtbot.mouseClick(view.labels.buttons[1], LEFT)
    qtbot.mouseClick(view.labels.buttons[1], LEFT)
    assert view.labels.position.text() == "All photos are sorted"
    assert view.controller.boxes.count(view.controller.boxes.classes[1]) == 5
    assert not rig.engine.asked("classify")


def test_a_guess_is_of_the_classes_where_it_can_be(view: MakingView) -> None:
    boxes = view.controller.boxes
    one, two = boxes.classes
    view.controller.rename(one, "Sea_Lions")
    view.controller.rename(two, "cats")
    assert guess_of(answer(0, ("sea lion", 0.2), ("seal", 0.7)), boxes) == Guess(
        one, "Sea_Lions", 0.2
    )
    view.controller.rename(one, "lions/seals")  # as a model calls it that was trained on it
    assert guess_of(answer(0, ("lions_seals", 0.6)), boxes).box == one
    view.controller.rename(one, "Sea_Lions")
    tabby = answer(0, ("tabby", 0.4), ("tiger cat", 0.35))
    assert guess_of(tabby, boxes) == Guess(None, "tabby", 0.4)
    import dataclasses

    cat = dataclasses.replace(tabby, kind=KindScore("cat", "a ", 0.9))
    assert guess_of(cat, boxes) == Guess(two, "cats", 0.9)


def test_until_the_classes_are_here_nothing_looks_lost(
    qtbot: QtBot, rig: Rig, guesses: Guesses, notices: NoticeBar
) -> None:
    """On a slow computer it said “make a second one” for seconds, above no class at all."""
    controller = MakingController(rig.io, rig.engine.fetch_image, rig.parent)
    view = MakingView(controller, guesses, rig.io, notices, Reveal(rig.io, notices, rig.parent))
    qtbot.addWidget(view)
    controller.load()
    assert view.needed.text() == "Opening your classes…"
    assert not view.new.isEnabled()
    assert not view.over.isEnabled()
    rig.until(lambda: controller.loaded)
    assert view.needed.text().startswith("Each class needs at least 2 photos")
    assert view.new.isEnabled()
    assert view.over.isEnabled()
    controller.leave()
    rig.settle()
    assert view.needed.text().startswith("Each class needs")
