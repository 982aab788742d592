"""Make classes on the Train page of the real window: opened, handed to training, come back to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.dataset.collection.boxes import UNSORTED
from resnet_gui.core.dataset.collection.folders import folders_dir
from resnet_gui.core.dataset.collection.values import Collection, load_collection
from resnet_gui.core.runs.events import RunFinished
from resnet_gui.core.runs.listing import runs_dir
from resnet_gui.core.runs.trash import trash_run
from resnet_gui.core.zoo import ModelState
from resnet_gui.ui.train.controller import TrainState
from resnet_gui.ui.widgets.images import Dropped
from tests.helpers.pictures import encoded, gradient
from tests.ui.conftest import ANSWER_MS, close_app


@pytest.fixture
def loose(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "loose"
    folder.mkdir()
    paths = []
    for number in range(12):
        image = gradient(64, 64, number)
        if number >= 6:
            for x in range(0, 64, 12):
                image.paste((0, 0, 0), (x, 0, x + 6, 64))
        paths.append(folder / f"{number:02}.jpg")
        paths[-1].write_bytes(encoded(image, "JPEG"))
    return paths


def opened(qtbot: QtBot, app: WindowApp) -> None:
    app.window.show_page("train")
    app.window.train_page.start.make.click()
    part = app.window.train_page.classes
    qtbot.waitUntil(lambda: part.controller.loaded and part.shown)


def filled(qtbot: QtBot, app: WindowApp, loose: list[Path]) -> None:
    opened(qtbot, app)
    controller = app.window.train_page.classes.controller
    one, two = controller.boxes.classes
    controller.rename(one, "smooth")
    controller.rename(two, "bars")
    controller.take(Dropped(paths=loose[:6]), one)
    controller.take(Dropped(paths=loose[6:]), two)
    qtbot.waitUntil(lambda: controller.boxes.count(one) == controller.boxes.count(two) == 6)


def test_from_loose_photos_to_a_model_and_one_class_more(
    qtbot: QtBot, app: WindowApp, loose: list[Path]
) -> None:
    filled(qtbot, app, loose)
    window, page = app.window, app.window.train_page
    train, part = window.train_controller, page.classes
    assert part.view is not None
    assert page.stack.currentWidget() is part.view
    part.view.train.click()
    qtbot.waitUntil(lambda: train.config is not None, timeout=ANSWER_MS)
    assert page.setup is not None
    assert page.stack.currentWidget() is page.setup
    assert train.summary is not None
    assert train.summary.class_names == ("bars", "smooth")
    assert train.config is not None
    assert train.config.title.startswith("Bars and smooth")
    # Back to the boxes, which are as they were, and on again: the same folder.
    page.setup.folder.head.make.click()
    assert page.stack.currentWidget() is part.view
    part.view.close_button.click()
    assert page.stack.currentWidget() is page.setup
    train.set_option("epochs", 2)
    page.setup.start.click()
    qtbot.waitUntil(lambda: train.state is TrainState.ENDED, timeout=ANSWER_MS)
    assert isinstance(train.end, RunFinished)
    model_id = train.end.model_id
    qtbot.waitUntil(lambda: window.store.entry(model_id) is not None)
    qtbot.waitUntil(lambda: bool(train.earlier.runs))
    # One class more, from the result.
    assert page.run is not None
    page.run.add_class.click()
    boxes = part.controller.boxes
    qtbot.waitUntil(lambda: len(boxes.classes) == 3)
    assert [boxes.name(n) for n in boxes.classes] == ["bars", "smooth", "Class 1"]
    assert {p.path for n in boxes.classes for p in boxes.photos(n)} == set(map(str, loose))
    assert train.model_id == model_id
    entry = window.store.entry(model_id)
    assert entry is not None
    assert entry.state is ModelState.YOURS
    part.close()
    # From the Models page, after the photos are gone: it is said.
    [made] = folders_dir().iterdir()
    shutil.rmtree(made)
    window.show_page("models")
    window.models_page.class_requested.emit(model_id)
    assert window.pages.current is page
    qtbot.waitUntil(lambda: any("not there any more" in text for text in page.notices.texts))
    # From the list of runs, after the run is gone: so is that.
    trash_run(Path(train.earlier.runs[0].path))
    train.earlier.refresh()
    qtbot.waitUntil(lambda: not train.earlier.runs)
    part.add_class(model_id)
    assert any("is not known any more" in text for text in page.notices.texts)


def with_run(qtbot: QtBot, app: WindowApp, data: Path) -> Path:
    """A run on this folder, known to the window."""
    path = runs_dir() / "mine"
    path.mkdir(parents=True)
    document = {"format": 1, "title": "Mine", "created": "2026-01-01", "state": "stopped"}
    config = {"data": str(data)}
    (path / "run.json").write_text(json.dumps(document | {"config": config}), encoding="utf-8")
    earlier = app.window.train_controller.earlier
    earlier.refresh()
    qtbot.waitUntil(lambda: [run.data for run in earlier.runs] == [str(data)])
    return path


def removed(qtbot: QtBot, app: WindowApp, run: Path) -> None:
    """The run is gone, and the window has seen it."""
    shutil.rmtree(run)
    earlier = app.window.train_controller.earlier
    earlier.refresh()
    qtbot.waitUntil(lambda: not earlier.runs)
    qtbot.waitUntil(lambda: not app.io.busy)


def test_a_made_folder_goes_with_its_run(
    qtbot: QtBot, open_app: Callable[..., WindowApp], loose: list[Path]
) -> None:
    app = open_app()
    filled(qtbot, app, loose)
    train = app.window.train_controller
    app.window.train_page.classes.controller.make()
    qtbot.waitUntil(lambda: train.state is TrainState.READY, timeout=ANSWER_MS)
    [made] = folders_dir().iterdir()
    removed(qtbot, app, with_run(qtbot, app, made))
    assert made.is_dir()  # it is open
    run = with_run(qtbot, app, made)
    close_app(qtbot, app)
    app = open_app()
    qtbot.waitUntil(lambda: bool(app.window.train_controller.earlier.runs))
    assert made.is_dir()  # the run needs it
    removed(qtbot, app, run)
    qtbot.waitUntil(lambda: not made.exists())
    assert all(path.is_file() for path in loose)


def test_the_window_drops_pastes_and_undoes_there(
    qtbot: QtBot, app: WindowApp, loose: list[Path]
) -> None:
    opened(qtbot, app)
    page = app.window.train_page
    boxes = page.classes.controller.boxes
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in loose[:3]])
    assert page.may_take(mime)
    assert page.drop_hint == "Drop among the unsorted photos"
    page.take(mime)
    qtbot.waitUntil(lambda: boxes.count(0) == 3)
    page.paste(mime)  # into the class with the frame
    qtbot.waitUntil(lambda: boxes.count(boxes.classes[0]) == 3)
    actions = {offer.action.text(): offer for offer in page.offered}
    assert actions["&Undo"].usable()
    actions["&Undo"].action.trigger()
    assert boxes.count(0) == 3
    actions["&Redo"].action.trigger()
    assert boxes.count(0) == 0
    page.classes.close()
    assert not actions["&Undo"].usable()
    assert page.drop_hint == "Drop to train on this folder"


def test_loose_photos_dropped_on_the_page_wait_to_be_sorted(
    qtbot: QtBot, app: WindowApp, loose: list[Path]
) -> None:
    """They were refused: only a folder with classes would do."""
    app.window.show_page("train")
    page = app.window.train_page
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in loose])
    assert page.may_take(mime)
    assert page.drop_hint == "Drop to make classes of these photos"
    page.take(mime)
    assert page.classes.shown
    boxes = page.classes.controller.boxes
    qtbot.waitUntil(lambda: boxes.count(0) == 12)
    assert [boxes.name(number) for number in boxes.classes] == ["Class 1", "Class 2"]
    page.classes.close()
    folder = QMimeData()
    folder.setUrls([QUrl.fromLocalFile(str(loose[0].parent))])
    assert page.may_take(folder)
    assert page.drop_hint == "Drop to train on this folder"


def test_all_is_there_after_the_window_was_closed(
    qtbot: QtBot, open_app: Callable[..., WindowApp], loose: list[Path]
) -> None:
    app = open_app()
    filled(qtbot, app, loose)
    app.window.train_page.classes.controller.new_class("last")  # and closed at once
    close_app(qtbot, app)
    kept = load_collection()
    assert isinstance(kept, Collection)
    assert [(c.name, len(c.photos)) for c in kept.classes] == [
        ("smooth", 6), ("bars", 6), ("last", 0),
    ]  # fmt: skip


def test_what_is_kept_is_told_before_it_is_opened(
    qtbot: QtBot, app: WindowApp, loose: list[Path]
) -> None:
    """The next day nothing told of the photos that were sorted the day before."""
    filled(qtbot, app, loose)
    start, part = app.window.train_page.start, app.window.train_page.classes
    part.close()
    told = "Your 12 photos in 2 classes are kept: “Make classes…” goes on with them."
    qtbot.waitUntil(lambda: start.loose.text() == told)
    opened(qtbot, app)
    part.controller.start_over()
    part.close()
    qtbot.waitUntil(lambda: start.loose.text().startswith("Only loose photos?"))


def test_saved_where_the_person_says(
    qtbot: QtBot,
    app: WindowApp,
    loose: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    filled(qtbot, app, loose)
    page = app.window.train_page
    target = tmp_path / "mine"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(target))
    assert page.classes.view is not None
    page.classes.view.save.click()
    qtbot.waitUntil(lambda: any("12 photos copied" in text for text in page.notices.texts))
    assert len(list(target.rglob("*.jpg"))) == 12


def test_it_fits_a_small_window(qtbot: QtBot, app: WindowApp, loose: list[Path]) -> None:
    """Nothing is scrolled sideways, with twelve classes of long names, or sorting by eye."""
    filled(qtbot, app, loose)
    page = app.window.train_page
    view, controller = page.classes.view, page.classes.controller
    assert view is not None
    for number in range(10):
        controller.new_class(f"Something with a name of very many words, number {number}")
    controller.move([str(loose[0])], 0)
    app.window.resize(675, 440)
    for show in (view.show_board, view.sort_by_eye):
        show()
        qtbot.waitUntil(lambda: page.width() <= 675 - app.window.rail.width())
        qtbot.waitUntil(lambda: not app.io.busy)
        right = app.window.width()
        for button in (view.undo, view.redo, view.train, view.labels.new, view.labels.skip):
            if button.isVisible():
                assert button.mapTo(app.window, button.rect().topRight()).x() < right


def test_a_folder_of_loose_photos_leads_to_classes(
    qtbot: QtBot, app: WindowApp, loose: list[Path]
) -> None:
    page, train = app.window.train_page, app.window.train_controller
    app.window.show_page("train")
    train.open_folder(loose[0].parent)
    qtbot.waitUntil(lambda: page.setup is not None and train.state is TrainState.READY)
    setup = page.setup
    assert setup is not None
    assert setup.folder.facts.text() == "No class was found in this folder."
    assert "12 photos lie in the folder without a class." in setup.folder.problems.toPlainText()
    assert not setup.name.isEnabled()
    assert not setup.folder.head.make.isVisibleTo(setup)
    assert setup.folder.sort.isVisibleTo(setup)
    setup.folder.sort.click()
    part = page.classes
    qtbot.waitUntil(lambda: part.shown and part.controller.loaded)
    qtbot.waitUntil(lambda: part.controller.boxes.count(UNSORTED) == 12)


def test_who_makes_classes_after_the_click_on_start_trains_nothing(
    qtbot: QtBot, app: WindowApp, folder: Path
) -> None:
    """Before, the boxes went again, and the training began."""
    page, train = app.window.train_page, app.window.train_controller
    app.window.show_page("train")
    train.open_folder(folder)
    qtbot.waitUntil(lambda: train.config is not None, timeout=ANSWER_MS)
    train.start()
    assert train.state is TrainState.LOOKING
    page.classes.open()
    qtbot.waitUntil(lambda: page.classes.controller.loaded)
    assert train.state is TrainState.READY
    assert page.classes.shown


def test_what_was_said_of_a_run_leaves_with_it(
    qtbot: QtBot, app: WindowApp, loose: list[Path]
) -> None:
    page, train = app.window.train_page, app.window.train_controller
    app.window.show_page("train")
    train.run_noticed.emit("The class “defect” has only one photo.")
    assert any("defect" in text for text in page.notices.texts)
    opened(qtbot, app)
    assert not any("defect" in text for text in page.notices.texts)
    train.run_noticed.emit("The class “defect” has only one photo.")
    train.open_folder(loose[0].parent)
    qtbot.waitUntil(lambda: not any("defect" in text for text in page.notices.texts))


def test_what_was_said_of_a_name_leaves_with_it(qtbot: QtBot, app: WindowApp) -> None:
    opened(qtbot, app)
    page = app.window.train_page
    controller = page.classes.controller
    one = controller.new_class("a/b")
    two = controller.new_class("c/d")
    three = controller.new_class("e/f")

    def told() -> list[str]:
        return [text.split("”")[0][-3:] for text in page.notices.texts]

    assert told() == ["a/b", "c/d", "e/f"]
    controller.rename(one, "ab")
    assert told() == ["c/d", "e/f"]
    controller.remove_class(two)
    assert told() == ["e/f"]
    controller.rename(three, "e:f")
    assert told() == ["e:f"]
    controller.rename(three, "ef")
    assert told() == []


def test_a_folder_is_taken_into_the_boxes_once(
    qtbot: QtBot, app: WindowApp, loose: list[Path]
) -> None:
    """The second time they are as they were left, and nothing is offered that would undo that."""
    part = app.window.train_page.classes
    app.window.show_page("train")
    part.sort_folder(loose[0].parent)
    qtbot.waitUntil(lambda: part.controller.loaded and part.controller.boxes.count(UNSORTED) == 12)
    one = part.controller.boxes.classes[0]
    part.controller.move([str(path) for path in loose[:4]], one)
    part.close()
    part.sort_folder(loose[0].parent)
    assert part.shown
    assert part.controller.boxes.count(one) == 4
    assert part.controller.boxes.count(UNSORTED) == 8
    part.controller.take(Dropped([loose[0].parent]), UNSORTED)  # as a person may drop it again
    texts = app.window.train_page.notices
    qtbot.waitUntil(lambda: any("in another class already" in text for text in texts.texts))
    assert not any(notice.button.isVisibleTo(notice) for notice in texts.shown)
