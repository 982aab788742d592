"""“Why?”: what is explained and when, alone and in the real window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QFileDialog, QSplitter
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.events import ClassScore, ImageFailed, Notice, Prediction
from resnet_gui.core.explain.events import (
    Explaining,
    Method,
    Neighbour,
    NeighboursFound,
    NeighboursUnknown,
)
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.classify.photo_view import PhotoView
from resnet_gui.ui.classify.why import Why
from resnet_gui.ui.classify.why_panel import WhyPanel
from resnet_gui.ui.widgets.plain_text import MessageBox
from tests.helpers.classify import paths
from tests.helpers.controls import controls_of, faults_of
from tests.helpers.fake_engine import CPU, Rig, explained, heard
from tests.ui.conftest import ANSWER_MS

GRADCAM, OCCLUSION = Method.GRADCAM, Method.OCCLUSION


@pytest.fixture
def why(rig: Rig, controller: ClassifyController) -> Why:
    return Why(controller, rig.engine, rig.inference, rig.parent)


def answer(position: int = 0, model_id: str = "a") -> Prediction:
    scores = (ClassScore("ant", 0, 0.7), ClassScore("bee", 1, 0.3))
    return Prediction(position, "", model_id, scores, 64, 48, CPU.name, 2.0, 3.0)


def open_photos(rig: Rig, controller: ClassifyController, folder: Path, *names: str) -> None:
    """The first alone, then the others."""
    rig.engine.script("classify", answer())
    if names[1:]:
        rig.engine.script("classify", *(answer(n) for n in range(len(names) - 1)))
    controller.open_paths(paths(folder, *names))
    rig.settle()


def asked(rig: Rig, method: str = "explain") -> list[tuple[object, ...]]:
    """What was asked for, the photo by its name."""
    return [(Path(str(name)).name, *rest) for name, *rest in rig.engine.asked(method)]


# --- the state --------------------------------------------------------------------------------


def test_it_waits_for_the_answer_and_explains_it(
    rig: Rig, controller: ClassifyController, why: Why, tmp_path: Path
) -> None:
    assert not why.possible
    hold = rig.occupy(rig.inference)
    controller.open_paths(paths(tmp_path, "1.png"))
    why.show()
    assert (why.open, why.target, why.progress) == (True, None, None)
    hold.over.set()
    rig.settle()
    assert asked(rig) == [("1.png", "a", GRADCAM, 0)]
    assert asked(rig, "neighbours") == [("1.png", "a", False)]
    assert why.explained is not None
    assert why.explained.label == "ant"
    assert why.neighbours == NeighboursUnknown("Nobody knows them.")
    assert (why.progress, why.neighbour_progress) == (None, None)


def test_any_class_in_both_ways_each_once(
    rig: Rig, controller: ClassifyController, why: Why, tmp_path: Path
) -> None:
    open_photos(rig, controller, tmp_path, "1.png", "2.png")
    assert rig.engine.asked("explain") == []  # nobody wants to know
    why.show(1)
    rig.settle()
    assert why.explained is not None
    assert (why.explained.label, why.target and why.target.label) == ("bee", "bee")
    why.set_method(OCCLUSION)
    rig.settle()
    why.set_method(GRADCAM)  # is kept
    assert why.explained is not None
    assert why.progress is None
    why.show(0)
    rig.settle()
    controller.show_next()  # where the best class is explained again
    rig.settle()
    assert asked(rig) == [
        ("1.png", "a", GRADCAM, 1),
        ("1.png", "a", OCCLUSION, 1),
        ("1.png", "a", GRADCAM, 0),
        ("2.png", "a", GRADCAM, 0),
    ]
    # They do not depend on the class.
    assert [name for name, *_ in asked(rig, "neighbours")] == ["1.png", "2.png"]
    why.show(1)
    rig.settle()
    controller.show_previous()
    rig.settle()
    assert asked(rig)[-1] == ("2.png", "a", GRADCAM, 1)  # and 1.png's best class was kept
    assert why.target is not None
    assert why.target.label == "ant"


def test_another_photo_lets_the_job_go(
    rig: Rig, controller: ClassifyController, why: Why, tmp_path: Path
) -> None:
    open_photos(rig, controller, tmp_path, "1.png", "2.png")
    hold = rig.engine.hold()
    rig.engine.script("explain", Explaining(3, 9), hold, explained("1.png"), explained("1.png"))
    why.set_method(OCCLUSION)
    why.show()
    rig.until(hold.reached.is_set)
    rig.until(lambda: why.progress is not None and why.progress.done == 3)
    controller.show_next()
    assert (why.explained, why.progress) == (None, Explaining(0, 0))
    shown = heard(why.changed)
    hold.over.set()
    rig.settle()
    assert shown
    assert why.explained is not None
    assert Path(why.explained.path).name == "2.png"


def test_another_model_is_asked_once_it_has_answered(
    rig: Rig, controller: ClassifyController, why: Why, tmp_path: Path
) -> None:
    open_photos(rig, controller, tmp_path, "1.png")
    why.show()
    rig.settle()
    hold = rig.engine.hold()
    rig.engine.script("classify", hold, answer(model_id="b"))
    controller.set_model("b")
    rig.until(hold.reached.is_set)
    assert (why.open, why.target, why.explained, why.neighbours) == (True, None, None, None)
    hold.over.set()
    rig.settle()
    assert asked(rig)[-1] == ("1.png", "b", GRADCAM, 0)
    assert asked(rig, "neighbours")[-1] == ("1.png", "b", False)


def test_closing_frees_what_was_made_for_it(
    rig: Rig, controller: ClassifyController, why: Why, tmp_path: Path
) -> None:
    open_photos(rig, controller, tmp_path, "1.png")
    why.toggle()
    rig.settle()
    why.toggle()
    assert (why.open, why.explained, why.neighbours) == (False, None, None)
    rig.settle()
    assert len(rig.engine.asked("end_explaining")) == 1
    why.close()  # closed already
    rig.settle()
    assert len(rig.engine.asked("end_explaining")) == 1
    why.show()
    rig.settle()
    assert len(asked(rig)) == 2
    controller.remove_current()  # nothing is left to explain
    assert not why.open


def test_a_photo_without_an_answer(
    rig: Rig, controller: ClassifyController, why: Why, tmp_path: Path
) -> None:
    why.toggle()  # not even a photo
    assert not why.open
    rig.engine.script("classify", ImageFailed(0, "1.png", "a", "Corrupt", "It is damaged."))
    controller.open_paths(paths(tmp_path, "1.png"))
    rig.settle()
    why.toggle()
    assert (why.open, why.target) == (True, None)
    assert "cannot be read" in why.problem
    assert rig.engine.asked("explain") == []


def test_what_goes_wrong_is_said(
    rig: Rig, controller: ClassifyController, why: Why, tmp_path: Path
) -> None:
    open_photos(rig, controller, tmp_path, "1.png")
    noticed = heard(why.noticed)
    rig.engine.script("explain", Notice("The card failed."), OSError("the disk is gone"))
    rig.engine.script("neighbours", OSError("the disk is gone"))
    why.show()
    rig.settle()
    assert (why.problem, why.progress) == ("the disk is gone", None)
    assert why.neighbours == NeighboursUnknown("the disk is gone")
    assert noticed == ["The card failed."]
    why.set_method(OCCLUSION)  # a second opinion, which works
    rig.settle()
    assert (why.problem, why.explained is None) == ("", False)


# --- its parts --------------------------------------------------------------------------------


@pytest.fixture
def panel(rig: Rig, why: Why) -> Iterator[WhyPanel]:
    # In a splitter, as on the page: a widget alone would be as large as it likes.
    splitter = QSplitter()
    panel = WhyPanel(why, rig.io)
    splitter.addWidget(panel)
    splitter.resize(700, 260)
    splitter.show()
    yield panel
    shiboken6.delete(splitter)


def test_the_sentence_claims_no_more_than_is_known(
    rig: Rig, controller: ClassifyController, why: Why, panel: WhyPanel, tmp_path: Path
) -> None:
    open_photos(rig, controller, tmp_path, "1.png")
    assert not panel.isVisible()
    why.show()
    assert panel.sentence.text() == "Looking for what speaks for “ant”…"
    assert panel.progress.isVisible()
    rig.settle()
    text = panel.sentence.text()
    assert text.startswith("Where the model looked for “ant” (90.0%) — a hint, not a proof.")
    assert text.endswith("does not see what lies outside of the square.")
    assert not panel.progress.isVisible()
    panel.methods[OCCLUSION].click()
    rig.settle()
    assert panel.sentence.text().startswith("Where covering the photo costs “ant” (90.0%)")
    assert not panel.row.compute.isVisible()
    panel.close_button.click()
    assert not panel.isVisible()


def test_training_photos_are_shown_and_opened(
    rig: Rig, controller: ClassifyController, why: Why, panel: WhyPanel, tmp_path: Path
) -> None:
    path = tmp_path / "near.png"
    Image.new("RGB", (64, 48), "red").save(path)
    near = [
        Neighbour(str(path), "<b>ant</b>", 1.0, same=True),
        *(Neighbour(str(tmp_path / f"{n}.png"), "bee", 0.5) for n in range(7)),
    ]
    open_photos(rig, controller, tmp_path, "1.png")
    rig.engine.script("neighbours", NeighboursUnknown("They are not kept.", 20))
    rig.engine.script("neighbours", Explaining(3, 20), NeighboursFound(tuple(near), 18, 2))
    why.show()
    rig.settle()
    assert panel.row.text.text() == "They are not kept."
    panel.row.compute.click()
    assert not panel.row.compute.isVisible()
    rig.settle()
    assert asked(rig, "neighbours") == [("1.png", "a", False), ("1.png", "a", True)]
    assert "18 training photos" in panel.row.text.text()
    assert "2 more are gone" in panel.row.text.text()
    buttons = panel.row.photos
    rig.until(lambda: sum(button.isVisible() for button in buttons) == 7)  # of 8
    opened = heard(panel.open_requested)
    buttons[0].click()
    assert opened == [str(path)]
    assert buttons[0].accessibleName() == "<b>ant</b>, the photo itself, near.png"
    assert "&lt;b&gt;ant" in buttons[0].toolTip()  # a class may be called like that
    panel.set_low(True)
    assert not panel.row.isVisible()


@pytest.mark.parametrize("size", [(400, 200), (200, 400)], ids=["landscape", "portrait"])
def test_the_heat_lies_on_what_the_network_sees(qtbot: QtBot, size: tuple[int, int]) -> None:
    view = PhotoView()
    qtbot.addWidget(view)
    view.resize(500, 500)
    view.set_preprocessing(Preprocessing(40, 32))
    photo = QImage(*size, QImage.Format.Format_RGB32)
    photo.fill(QColor("#0000ff"))
    view.show_photo(photo, *size)
    heat = QImage(2, 2, QImage.Format.Format_ARGB32_Premultiplied)
    heat.fill(QColor("#ff0000"))
    for strength in (1.0, 0.5):
        view.show_heat(heat, strength)
        shot = view.grab().toImage()
        inside, outside = view.input_rect(), view.photo_rect()
        ratio = view.devicePixelRatioF()

        def at(x: float, y: float, shot: QImage = shot, ratio: float = ratio) -> QColor:
            return shot.pixelColor(round(x * ratio), round(y * ratio))

        # Its colour by its strength, in all of the square, and nothing of it beside that.
        for x in (inside.left() + 2, inside.right() - 2):
            for y in (inside.top() + 2, inside.bottom() - 2):
                assert at(x, y).red() == pytest.approx(255 * strength, abs=3)
        if size[0] > size[1]:
            assert at(inside.left() - 3, inside.center().y()).red() == 0
        else:
            assert at(inside.center().x(), inside.top() - 3).red() == 0
        assert outside.contains(inside)
    view.show_heat(None, 1.0)
    assert view.grab().toImage().pixelColor(250, 250).red() == 0


# --- the window -------------------------------------------------------------------------------


def test_in_the_window(qtbot: QtBot, app: WindowApp, photos: dict[str, Path]) -> None:
    window, page = app.window, app.window.page
    why, panel = page.why_view.why, page.why_view.panel
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_W)  # nothing to explain
    assert not why.open
    window.controller.open_paths([photos["coffee"], photos["chelsea"]])
    qtbot.waitUntil(lambda: why.possible, timeout=ANSWER_MS)
    before = page.view.grab().toImage()
    qtbot.keyClick(window, Qt.Key.Key_W)
    assert page.results.why.isChecked()
    qtbot.waitUntil(lambda: why.explained is not None, timeout=ANSWER_MS)
    assert why.explained is not None
    assert why.explained.label == "espresso"
    assert page.results.rows[0].accessibleDescription() == "Shown on the photo"
    qtbot.waitUntil(lambda: page.view.grab().toImage() != before)
    panel.strength.setValue(0)  # the photo alone
    second = page.results.rows[1]
    assert second.score is not None
    qtbot.mouseClick(second, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: why.explained is not None, timeout=ANSWER_MS)
    assert why.explained is not None
    assert why.explained.index == second.score.index
    second.setFocus()
    qtbot.keyClick(page.results.rows[0], Qt.Key.Key_Return)
    assert why.target is not None
    assert why.target.label == "espresso"
    window.controller.show_next()
    qtbot.waitUntil(
        lambda: why.explained is not None and Path(why.explained.path).stem == "chelsea",
        timeout=ANSWER_MS,
    )
    for method in (OCCLUSION, GRADCAM):
        qtbot.keyClick(window, Qt.Key.Key_W, Qt.KeyboardModifier.ShiftModifier)
        assert why.method is method
        assert panel.methods[method].isChecked()
    # Closed by Escape, and by its key again.
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not why.open
    assert not panel.isVisible()
    assert not page.results.why.isChecked()
    assert page.results.rows[0].accessibleDescription() == ""
    qtbot.keyClick(window, Qt.Key.Key_W)
    assert why.open
    qtbot.keyClick(window, Qt.Key.Key_W)
    assert not why.open


def test_on_a_small_screen(qtbot: QtBot, app: WindowApp, photos: dict[str, Path]) -> None:
    """The page is not wider for it."""
    window, page = app.window, app.window.page
    window.controller.open_paths([photos["coffee"]])
    why = page.why_view.why
    qtbot.waitUntil(lambda: why.possible, timeout=ANSWER_MS)
    window.resize(675, 440)
    qtbot.wait(1)
    why.show()
    qtbot.waitUntil(lambda: why.explained is not None, timeout=ANSWER_MS)
    assert page.minimumSizeHint().width() <= page.width() <= 675  # not scrolled sideways
    panel = page.why_view.panel
    for control in (*panel.methods.values(), panel.strength, panel.close_button):
        assert panel.rect().contains(control.geometry())


def test_every_control_has_a_name_a_tip_and_a_key(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    window, page = app.window, app.window.page
    window.controller.open_paths([photos["coffee"]])
    why = page.why_view.why
    qtbot.waitUntil(lambda: why.possible, timeout=ANSWER_MS)
    why.show()
    qtbot.waitUntil(lambda: why.explained is not None, timeout=ANSWER_MS)
    controls = list(controls_of(page.why_view.panel))
    assert {*page.why_view.panel.methods.values(), page.why_view.panel.strength} <= set(controls)
    faults = [fault for control in controls for fault in faults_of(control)]
    assert not faults, "\n".join(faults)


def test_the_colours_are_saved_as_a_picture_and_nothing_is_replaced_unasked(
    qtbot: QtBot,
    app: WindowApp,
    photos: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window, page = app.window, app.window.page
    target = tmp_path / "seen.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(target), ""))
    why, save = page.why_view.why, page.why_view.panel.save_button
    window.controller.open_paths([photos["coffee"]])
    qtbot.waitUntil(lambda: why.possible, timeout=ANSWER_MS)
    why.show()
    qtbot.waitUntil(lambda: why.explained is not None, timeout=ANSWER_MS)
    found = why.explained
    assert found is not None
    assert found.peak is not None
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(target.exists, timeout=ANSWER_MS)
    qtbot.waitUntil(
        lambda: any(str(target) in text for text in page.notices.texts), timeout=ANSWER_MS
    )
    saved, photo = QImage(str(target)), page.view.image
    assert photo is not None
    assert saved.size() == photo.size()
    scale = saved.width() / found.width
    peak = (round(found.peak[0] * scale), round(found.peak[1] * scale))
    assert saved.pixelColor(*peak) != photo.pixelColor(*peak)
    # What is there already is replaced only on request.
    before = target.read_bytes()
    page.why_view.panel.strength.setValue(0)
    for choice in (MessageBox.StandardButton.Cancel, MessageBox.StandardButton.Save):
        save.click()
        qtbot.waitUntil(lambda: bool(window.findChildren(MessageBox)))
        [box] = window.findChildren(MessageBox)
        assert target.read_bytes() == before
        box.button(choice).click()
        qtbot.waitUntil(lambda: not window.findChildren(MessageBox))
    qtbot.waitUntil(lambda: target.read_bytes() != before, timeout=ANSWER_MS)
    # Without strength it is the photo alone.
    assert QImage(str(target)).pixelColor(*peak).rgb() == photo.pixelColor(*peak).rgb()
    why.close()
    qtbot.waitUntil(lambda: not save.isEnabled())
