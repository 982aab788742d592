"""In a real window: planted wrong labels are found, fixed by keys, applied and undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from benchmarks.common import make_classes
from resnet_gui.app.main import WindowApp
from resnet_gui.core.runs.events import RunFinished
from resnet_gui.core.training.api import train as run_training
from resnet_gui.ui.evaluate.page import EvaluatePage
from resnet_gui.ui.improve.controller import ImproveState
from resnet_gui.ui.improve.page import ImprovePage
from resnet_gui.ui.runs.page import RunsPage
from resnet_gui.ui.train.controller import TrainState
from tests.helpers.filing import tree
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo

Key = Qt.Key


def plant(root: Path) -> set[str]:
    """Put two photos of each class into the other's folder; their paths."""
    planted = set()
    for here, there in (("cat", "espresso"), ("espresso", "cat")):
        for number in (3, 8):
            photo = root / there / f"{here}{number}.jpg"
            (root / here / f"{number:04}.jpg").rename(photo)
            planted.add(str(photo))
    return planted


@pytest.mark.slow
def test_planted_wrong_labels_are_found_fixed_applied_and_undone(
    qtbot: QtBot, open_app: Callable[..., WindowApp], tmp_path: Path
) -> None:
    root = tmp_path / "photos" / "things"
    make_classes(root, 24)
    planted = plant(root)
    before = tree(tmp_path / "photos")
    app = open_app()
    window = app.window
    page = window.pages.of(ImprovePage)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    number = [entry.name for entry in window.pages.entries].index("improve") + 1
    qtbot.keyClick(window, Key(Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
    assert window.pages.current is page
    page.open_folder(root)
    qtbot.waitUntil(page.start.look.isEnabled, timeout=20_000)
    page.start.look.click()
    qtbot.waitUntil(lambda: page.controller.state is ImproveState.SHOWN, timeout=100_000)
    view, corrector = page.view, page.controller.corrector
    assert view is not None
    view.which.setCurrentIndex(1)  # all, worst first
    shown = [photo.path for photo in page.controller.photos]
    assert len(shown) == 24
    assert planted <= set(shown[:6])
    view.wall.setFocus()
    qtbot.waitUntil(view.wall.hasFocus)
    for path in shown[:6]:
        current = view.wall.current
        assert current is not None
        assert current.path == path
        qtbot.keyClick(view.wall, Key.Key_A if path in planted else Key.Key_F)
    assert corrector.counts(page.controller.root).moves == len(planted)
    qtbot.keyClick(view.wall, Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert page.dialog is not None
    qtbot.waitUntil(page.dialog.start.isEnabled)
    qtbot.keyClick(page.dialog, Key.Key_Return)
    qtbot.waitUntil(lambda: not corrector.counts(page.controller.root).pending)
    for name in planted:
        path = Path(name)
        other = {"cat": "espresso", "espresso": "cat"}[path.parent.name]
        assert (root / other / path.name).is_file()
        assert not path.exists()
    [notice] = [n for n in page.notices.shown if n.button.text() == "Undo"]
    notice.button.click()
    qtbot.waitUntil(lambda: corrector.counts(page.controller.root).pending == len(planted))
    assert tree(tmp_path / "photos") == before


def test_folders_come_from_other_pages_and_go_on_to_train(
    qtbot: QtBot, open_app: Callable[..., WindowApp], tmp_path: Path
) -> None:
    make_tiny_model()
    root = make_photos(tmp_path / "colours", count=6)
    app = open_app()
    window = app.window
    page = window.pages.of(ImprovePage)
    train = window.train_page
    window.show_page("train")
    train.controller.open_folder(root)
    qtbot.waitUntil(lambda: train.controller.state is TrainState.READY)
    assert train.setup is not None
    train.setup.folder.head.improve.click()
    assert window.pages.current is page
    qtbot.waitUntil(lambda: page.controller.summary is not None)
    assert page.controller.folder == root
    actions = window.pages.of(RunsPage).run_actions
    actions.improve_requested.emit(root, "tiny")
    assert page.controller.model_id == "tiny"
    window.show_page("evaluate")
    window.pages.of(EvaluatePage).improve_requested.emit(root, "")
    assert window.pages.current is page
    qtbot.waitUntil(lambda: page.controller.state is ImproveState.EMPTY)
    page.train_again()
    qtbot.waitUntil(lambda: window.pages.current is train)

    def started_from() -> tuple[str, str]:
        config = train.controller.config
        return (config.data, config.model) if config is not None else ("", "")

    # It is ready already, with the settings of before: the folder is scanned anew.
    qtbot.waitUntil(lambda: started_from() == (str(root), "tiny"))
    qtbot.waitUntil(lambda: train.controller.state is TrainState.READY)
    assert train.setup.start.isEnabled()


def test_to_train_again_takes_the_settings_of_what_will_train(
    qtbot: QtBot, open_app: Callable[..., WindowApp], tmp_path: Path
) -> None:
    """Where a GPU would train, the CPU's usual settings used to count as set by hand."""
    make_tiny_model()
    root = make_photos(tmp_path / "colours", count=6)
    # What learned from nothing goes on with all of its layers, for which devices differ.
    *_, last = run_training(tiny_config(root, method="scratch", epochs=1), zoo=user_zoo())
    assert isinstance(last, RunFinished)
    own = Path(last.model_path).stem
    window = open_app().window
    page, train = window.pages.of(ImprovePage), window.train_page.controller
    train.set_device_kind("cuda:0")
    page.improve(root, own)
    qtbot.waitUntil(lambda: page.controller.startable)
    page.train_again()
    qtbot.waitUntil(lambda: train.config is not None and train.config.model == own)
    qtbot.waitUntil(lambda: train.state is TrainState.READY)
    assert (train.settings.preset, train.settings.overrides) == ("balanced", {})


def test_evaluates_galleries_decide_about_the_same_photos(
    qtbot: QtBot, open_app: Callable[..., WindowApp], tmp_path: Path
) -> None:
    from resnet_gui.ui.evaluate.controller import EvaluateState

    make_tiny_model()
    root = make_photos(tmp_path / "letters", ("a", "b"), count=5)
    app = open_app()
    window = app.window
    window.show_page("evaluate")
    evaluate = window.pages.of(EvaluatePage)
    evaluate.controller.set_model("tiny")
    evaluate.controller.set_folder(root)
    evaluate.controller.start()
    qtbot.waitUntil(lambda: evaluate.controller.state is EvaluateState.SHOWN, timeout=60_000)
    view = evaluate.result
    assert view is not None
    view.which.setCurrentIndex(1)  # of the highest loss: all of them
    gallery = view.gallery
    assert gallery.model().rowCount() == 10
    qtbot.waitUntil(lambda: window.corrector.book(str(root)) is not None)
    window.activateWindow()
    gallery.setFocus()
    first = gallery.photos.judged(0)
    qtbot.keyClick(gallery, Key.Key_2 if first.label == "a" else Key.Key_1)
    assert gallery.photos.badge(0).startswith("→ ")
    assert gallery.currentIndex().row() == 1
    qtbot.keyClick(gallery, Key.Key_S)
    qtbot.keyClick(gallery, Key.Key_F)
    texts = [action.text().partition("\t")[0] for action in gallery.menu().actions()]
    assert {"Move to “a”", "Move to “b”", "Set aside", "Fine as it is"} <= set(texts)
    assert view.decided.text() == (
        "2 decisions not applied yet: 1 to another class, 1 set aside. 1 marked as fine."
    )
    evaluate.undo()
    assert gallery.photos.badge(2) == ""
    evaluate.redo()
    assert gallery.photos.badge(2) == "✓ fine"
    view.improve.click()
    page = window.pages.of(ImprovePage)
    assert window.pages.current is page
    qtbot.waitUntil(lambda: page.start.waiting_card.isVisible())
    page.start.show_decided.click()
    assert page.controller.photos[0].path == first.path
    assert len(page.controller.photos) == 3
    QApplication.processEvents()
