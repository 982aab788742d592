"""“Sort into folders…” and “Undo sorting” in the real window, with real files."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.calibration import Calibration
from resnet_gui.core.evaluation.apply_calibration import apply_calibration
from resnet_gui.core.events import ImageSource, KindScore
from resnet_gui.core.filing import carry_out as carrying
from resnet_gui.core.filing.batch import BatchState, How
from resnet_gui.core.filing.journal import list_batches
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import Zoo
from resnet_gui.ui.classify.sort_dialog import SortDialog
from resnet_gui.ui.library.looks import MANY
from resnet_gui.ui.widgets.photo_list import PhotoState
from resnet_gui.ui.widgets.plain_text import MessageBox
from tests.helpers.fake_engine import Hold, prediction
from tests.helpers.filing import tree
from tests.helpers.models import small_model
from tests.ui.conftest import ANSWER_MS

LABELS = (("cat", 0.9), ("dog", 0.8), ("cat", 0.45), ("dog", 0.4), ("owl", 0.2), ("cat", 0.95))


@pytest.fixture
def app(open_app: Callable[..., WindowApp]) -> WindowApp:
    """A window that loads no model: the answers of these tests are made up."""
    return open_app(start=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six photos, one of which has edits beside it."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(len(LABELS)):
        Image.new("RGB", (24, 16), (number * 40, 90, 200)).save(photos / f"{number}.png")
        os.utime(photos / f"{number}.png", ns=(10**18 + number, 10**18 + number))
    (photos / "0.xmp").write_text("edits")
    return photos


def answered(app: WindowApp, folder: Path) -> None:
    """The photos of a folder in the list, as if the model had answered so."""
    photos = app.window.controller.photos
    added = photos.add([ImageSource.file(folder / f"{n}.png") for n in range(len(LABELS))])
    for number, (photo, (label, probability)) in enumerate(zip(added, LABELS, strict=True)):
        answer = prediction(number, label)
        score = answer.scores[0]
        scores = (type(score)(label, 0, probability),)
        photo.prediction = type(answer)(number, photo.source.name, "a", scores, 1, 1, "", 1, 1)
        photo.state = PhotoState.DONE
    app.window.controller.select(0)


def opened(qtbot: QtBot, app: WindowApp) -> SortDialog:
    sorting = app.window.page.sorting
    sorting.open_dialog()
    dialog = sorting.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.plan is not None)
    return dialog


def names(app: WindowApp) -> list[str]:
    return [photo.source.name for photo in app.window.controller.photos.photos()]


def sort_all(qtbot: QtBot, app: WindowApp, how: How) -> Path:
    """Sort as the dialog proposes; returns the folder."""
    dialog = opened(qtbot, app)
    qtbot.mouseClick(dialog.how_buttons[how], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.plan is not None)
    into = dialog.into
    with qtbot.waitSignal(app.window.filer.ended):
        qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    return into


def test_the_dialog_tells_what_would_happen(qtbot: QtBot, app: WindowApp, folder: Path) -> None:
    before = tree(folder)
    answered(app, folder)
    dialog = opened(qtbot, app)
    assert dialog.into == folder.with_name("photos sorted")
    assert dialog.summary.text() == "3 of 6 photos would go into 2 folders"
    assert dialog.start.text() == "Copy 3 photos"
    assert dialog.details.text().startswith("1 file with edits goes along.")
    assert dialog.preview.rowCount() == 4
    row = [dialog.preview.index(3, column).data() for column in range(3)]
    assert row == ["5.png", "cat", ""]
    dialog.least.setValue(85)
    assert dialog.summary.text() == "2 of 6 photos would go into 1 folder", "at once"
    assert not dialog.start.isEnabled(), "not before the plan is there"
    qtbot.waitUntil(lambda: dialog.plan is not None)
    assert dialog.preview.rowCount() == 3
    dialog.rest_box.click()
    qtbot.waitUntil(lambda: dialog.plan is not None)
    assert dialog.summary.text() == "6 of 6 photos would go into 2 folders"
    dialog.set_into(folder / "0.xmp")
    qtbot.waitUntil(lambda: not dialog.problem.isHidden())
    assert "is a file" in dialog.problem.text()
    assert not dialog.start.isEnabled()
    dialog.reject()
    assert tree(folder) == before
    assert list_batches() == []


def test_it_begins_where_the_model_may_say_not_sure(
    qtbot: QtBot, app: WindowApp, folder: Path
) -> None:
    small_model(paths.user_models_dir() / "insects.safetensors")
    apply_calibration(Zoo.standard().get("insects"), Calibration(unsure=0.89))
    controller = app.window.controller
    app.window.store.refresh()
    qtbot.waitUntil(lambda: any(e.spec.id == "insects" for e in controller.store.entries))
    controller.set_model("insects")
    qtbot.waitUntil(lambda: controller.entry is not None, timeout=ANSWER_MS)
    answered(app, folder)
    assert opened(qtbot, app).least.value() == 89


def test_the_headline_counts_what_goes_and_says_why_nothing_does(
    qtbot: QtBot, app: WindowApp, folder: Path
) -> None:
    answered(app, folder)
    (folder / "0.png").unlink()
    dialog = opened(qtbot, app)
    assert dialog.summary.text() == "2 of 6 photos would go into 2 folders"
    assert dialog.start.text() == "Copy 2 photos"
    assert "1 photo cannot go: see the end of the list." in dialog.details.text()
    dialog.least.setValue(100)
    qtbot.waitUntil(lambda: dialog.plan is not None)
    assert dialog.summary.text() == "0 of 6 photos would go into 0 folders"
    assert dialog.details.text() == (
        "The model is not 100 % sure of any of these photos. Move the slider to the left, or put "
        "them into “not sure”."
    )
    assert not dialog.start.isEnabled()
    dialog.reject()


def test_sorted_and_undone_by_hand(qtbot: QtBot, app: WindowApp, folder: Path) -> None:
    before = tree(folder)
    answered(app, folder)
    page, was = app.window.page, names(app)
    into = sort_all(qtbot, app, How.MOVE)
    assert sorted(tree(into)) == ["cat", "cat/0.png", "cat/0.xmp", "cat/5.png", "dog", "dog/1.png"]
    # The list follows the photos and keeps their answers.
    assert names(app) == [
        str(into / "cat" / "0.png"),
        str(into / "dog" / "1.png"),
        *was[2:5],
        str(into / "cat" / "5.png"),
    ]
    assert all(photo.state is PhotoState.DONE for photo in app.window.controller.photos.photos())
    photo = app.window.controller.photos.photo(0)
    assert photo is not None
    assert photo.prediction is not None
    assert photo.prediction.path == photo.source.name
    outcome = page.sorting.notices.outcome
    assert outcome is not None
    assert outcome.label.text() == "3 photos were moved into “photos sorted”."
    assert page.sorting.undo_action.text() == "Undo sortin&g: move 3 photos back"
    with qtbot.waitSignal(app.window.filer.ended):
        qtbot.mouseClick(outcome.button, Qt.MouseButton.LeftButton)
    assert tree(folder) == before
    assert not into.exists()
    assert names(app) == was
    qtbot.waitUntil(lambda: page.sorting.undo_action.text() == "Undo sortin&g")


def test_only_what_is_selected(qtbot: QtBot, app: WindowApp, folder: Path) -> None:
    """In the grid and the table a selection is sorted alone."""
    for number in range(len(LABELS), MANY):
        Image.new("RGB", (24, 16)).save(folder / f"{number}.png")
    answered(app, folder)
    page, photos = app.window.page, app.window.controller.photos
    photos.add([ImageSource.file(folder / f"{n}.png") for n in range(len(LABELS), MANY)])
    page.look.show_table()
    qtbot.waitUntil(lambda: page.look.shown is not None)  # its modules are imported first
    library = page.look.shown
    assert library is not None
    qtbot.waitUntil(lambda: library.model.rowCount() == MANY)
    dialog = opened(qtbot, app)
    assert dialog.summary.text() == "3 of 6 photos would go into 2 folders"
    assert "6 photos stay: no answer, or no file." in dialog.details.text()
    dialog.reject()
    flags = QItemSelectionModel.SelectionFlag
    for row in (0, 1):
        index = library.model.index(row, 0)
        library.selection.select(index, flags.Select | flags.Rows)
    chosen = library.selected()
    assert len(chosen) == 2
    [action] = [
        action
        for action in page.look.menu(chosen).actions()
        if action.text() == "Sort into folders…"
    ]
    action.trigger()
    dialog = page.sorting.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.plan is not None)
    assert dialog.summary.text() == "2 of 2 photos would go into 2 folders"
    assert "Of 12 photos only the 2 that are selected or shown." in dialog.details.text()
    qtbot.mouseClick(dialog.how_buttons[How.MOVE], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.plan is not None)
    with qtbot.waitSignal(app.window.filer.ended):
        qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    into = str(folder.with_name("photos sorted"))
    # The table tells where they are now.
    qtbot.waitUntil(lambda: library.model.facts(chosen[0]).folder.startswith(into))
    assert app.window.filer.undoable is not None
    with qtbot.waitSignal(app.window.filer.ended):
        app.window.filer.undo(app.window.filer.undoable)


def test_undone_after_a_restart(
    qtbot: QtBot, open_app: Callable[..., WindowApp], folder: Path
) -> None:
    before = tree(folder)
    first = open_app(start=False)
    answered(first, folder)
    into = sort_all(qtbot, first, How.COPY)
    first.window.close()
    qtbot.waitUntil(lambda: first.clean)
    app = open_app()
    sorting = app.window.page.sorting
    text = "Undo sortin&g: remove 3 copies"
    qtbot.waitUntil(lambda: sorting.undo_action.text() == text)
    sorting.undo_action.trigger()
    [box] = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MessageBox)]
    assert box.text() == "Remove 3 copies?"
    assert str(into) in box.informativeText().replace("\u200b", "")
    with qtbot.waitSignal(app.window.filer.ended):
        qtbot.mouseClick(box.defaultButton(), Qt.MouseButton.LeftButton)
    assert tree(folder) == before
    assert not into.exists()


def test_what_was_cut_off_is_offered(
    qtbot: QtBot, app: WindowApp, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "GROUP", 2)
    before, into = tree(folder), folder.with_name("photos sorted")
    answered(app, folder)
    filer, notices = app.window.filer, app.window.page.sorting.notices
    dialog = opened(qtbot, app)
    plan = dialog.plan
    assert plan is not None
    dialog.reject()
    for answer in ("Do the rest", "Put back", "close"):
        going = carrying.carry_out(plan)
        while next(going).done < 2:  # type: ignore[union-attr]
            pass
        going.close()  # as another program that was cut off
        filer.look()
        text = "Cut off: Copy 3 photos into 2 folders of “photos sorted”. 2 of 4 files are done."
        # A look that was asked for before may have come in the middle.
        qtbot.waitUntil(
            lambda text=text: notices.offer is not None and notices.offer.label.text() == text
        )
        offer = notices.offer
        assert offer is not None
        if answer == "close":
            qtbot.mouseClick(offer.close_button, Qt.MouseButton.LeftButton)
            qtbot.waitUntil(lambda: list_batches()[0].state is BatchState.DONE)
            assert list_batches()[0].done == 2
        else:
            [button] = [one for one in offer.findChildren(QPushButton) if one.text() == answer]
            with qtbot.waitSignal(filer.ended):
                qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
            assert into.exists() == (answer == "Do the rest")
        assert tree(folder) == before
        qtbot.waitUntil(lambda: filer.interrupted is None)
        assert notices.offer is None
        if answer == "Do the rest":
            assert filer.undoable is not None
            with qtbot.waitSignal(filer.ended):
                filer.undo(filer.undoable)


def test_stopped_in_the_middle(
    qtbot: QtBot, app: WindowApp, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Hold()
    copy, copied = carrying.copy_new, []

    def one_then_wait(source: Path, target: Path) -> str:
        if copied:
            held.wait()
        copied.append(source)
        return copy(source, target)

    monkeypatch.setattr(carrying, "GROUP", 1)
    monkeypatch.setattr(carrying, "copy_new", one_then_wait)
    answered(app, folder)
    notices = app.window.page.sorting.notices
    dialog = opened(qtbot, app)
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(held.reached.is_set)
    assert notices.progress is not None
    qtbot.waitUntil(lambda: ": 1 of 4 files" in notices.progress.label.text())
    menu = app.window.menus.menus["File"]
    menu.aboutToShow.emit()
    assert not app.window.page.sorting.action.isEnabled()
    menu.aboutToHide.emit()
    qtbot.mouseClick(notices.progress.button, Qt.MouseButton.LeftButton)
    held.over.set()
    qtbot.waitUntil(lambda: notices.offer is not None)
    assert notices.progress is None
    assert notices.offer is not None
    assert notices.offer.label.text().startswith("Stopped: Copy 3 photos into 2 folders")
    assert 0 < list_batches()[0].done < 4


def test_nothing_to_sort_and_nothing_to_undo(qtbot: QtBot, app: WindowApp) -> None:
    app.window.page.sorting.open_dialog()
    assert "no photo with an answer" in app.window.page.notices.texts[-1]
    offered = {offer.action.text(): offer for offer in app.window.page.offered}
    assert not offered["Sort in&to folders…"].usable()
    assert not offered["Undo sortin&g"].usable()


def test_photos_go_where_their_answer_says(qtbot: QtBot, app: WindowApp, folder: Path) -> None:
    """Under the photo stands “insect 83.2 %”: so it is an insect, and sure enough to be sorted."""
    answered(app, folder)
    photos = app.window.controller.photos.photos()
    assert photos[4].prediction is not None
    kind = KindScore("insect", "an ", 0.83)
    photos[4].prediction = dataclasses.replace(photos[4].prediction, kind=kind)
    dialog = opened(qtbot, app)
    assert dialog.summary.text() == "4 of 6 photos would go into 3 folders"
    rows = [dialog.preview.index(row, 1).data() for row in range(dialog.preview.rowCount())]
    assert "insect" in rows
    dialog.reject()


def test_the_keys_for_undoing_take_back_what_was_done_last(
    qtbot: QtBot, app: WindowApp, folder: Path
) -> None:
    answered(app, folder)
    page, controller = app.window.page, app.window.controller
    controller.remove(controller.photos.photos()[5])
    undo = {key.toString() for key in QKeySequence.keyBindings(QKeySequence.StandardKey.Undo)}

    def keys(action: QAction) -> set[str]:
        return {key.toString() for key in action.shortcuts()}

    assert (keys(page.undo_action), keys(page.sorting.undo_action)) == (undo, set())
    sort_all(qtbot, app, How.MOVE)
    assert (keys(page.undo_action), keys(page.sorting.undo_action)) == (set(), undo)
    controller.remove(controller.photos.photos()[0])
    assert (keys(page.undo_action), keys(page.sorting.undo_action)) == (undo, set())
    controller.undo_removal()
    assert (keys(page.undo_action), keys(page.sorting.undo_action)) == (set(), undo)
