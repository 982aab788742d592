"""The Classify page's parts, one at a time: photo, answer, strip."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QContextMenuEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.core.events import ImageSource, KindScore
from resnet_gui.core.photos.decode import decode
from resnet_gui.core.photos.preprocess import crop_photo, input_box
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.ui.classify.photo_panel import PhotoPanel
from resnet_gui.ui.classify.photo_strip import PhotoStrip
from resnet_gui.ui.classify.results_panel import ResultsPanel
from resnet_gui.ui.widgets.answer import answer_of
from resnet_gui.ui.widgets.photo_list import Photo, PhotoList, PhotoState, caption
from resnet_gui.ui.widgets.previews import Preview, Previews
from resnet_gui.ui.widgets.status import PhotosProgress
from tests.helpers.answered_photos import CAT, UNSURE, answered
from tests.helpers.fake_engine import Rig, heard
from tests.helpers.pictures import encoded, gradient

# --- what the network sees ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "way", [Preprocessing(40, 32), Preprocessing(0, 100), Preprocessing(16, 16)]
)
def test_the_networks_own_pixels_are_shown(qtbot: QtBot, rig: Rig, way: Preprocessing) -> None:
    """Each as a block of its own, where it comes from in the photo."""
    source = ImageSource("x", encoded(gradient(90, 60), "PNG"))
    panel = PhotoPanel(rig.io)
    qtbot.addWidget(panel)
    panel.resize(700, 600)
    panel.show()
    panel.set_preprocessing(way)
    panel.show_photo(Photo(source))
    qtbot.waitUntil(lambda: panel.view.has_photo)
    panel.crop_button.setChecked(True)
    qtbot.waitUntil(lambda: panel.view.pixels is not None)
    expected = crop_photo(decode(source), way)
    shown = panel.view.grab().toImage()
    ratio = shown.devicePixelRatio()
    area = panel.view.input_rect()
    block = area.width() / way.crop
    step = max(1, way.crop // 7)
    for row in range(1, way.crop - way.crop // 4, step):  # the caption covers the lower left
        for column in range(1, way.crop - 1, step):
            x, y = area.x() + (column + 0.5) * block, area.y() + (row + 0.5) * block
            colour = shown.pixelColor(round((x - 0.5) * ratio), round((y - 0.5) * ratio))
            found = (colour.red(), colour.green(), colour.blue())
            assert found == pytest.approx(expected.getpixel((column, row)), abs=2), (column, row)


def test_pixels_of_another_model_or_photo_are_not_kept(qtbot: QtBot, rig: Rig) -> None:
    panel = PhotoPanel(rig.io)
    qtbot.addWidget(panel)
    panel.crop_button.setChecked(True)
    panel.set_preprocessing(Preprocessing(40, 32))
    panel.show_photo(Photo(ImageSource("x", encoded(gradient(90, 60), "PNG"))))
    qtbot.waitUntil(lambda: panel.view.pixels is not None)
    panel.set_preprocessing(Preprocessing(20, 16))
    assert panel.view.pixels is None
    qtbot.waitUntil(lambda: panel.view.pixels is not None)
    assert panel.view.pixels.width() == 16
    panel.show_photo(Photo(ImageSource("y", encoded(gradient(60, 90), "PNG"))))
    assert panel.view.pixels is None
    rig.settle()


@pytest.mark.parametrize("size", [(10, 20), (33, 10), (7, 7), (200, 100), (31, 33)])
def test_where_the_crop_lies_in_a_photo(size: tuple[int, int]) -> None:
    """A mark at the input's first pixels is where `input_box` says, black around it and all."""
    way = Preprocessing(0, 32)
    white = Image.new("RGB", size, "white")
    box = input_box(*size, way)
    bounds = crop_photo(white, way).getbbox()
    assert bounds is not None
    assert (bounds[0], bounds[1]) == (max(0, -box.left), max(0, -box.top))
    assert (box.width, box.height) == (32, 32)


def test_a_double_click_on_the_photo_opens_it(qtbot: QtBot, rig: Rig) -> None:
    panel = PhotoPanel(rig.io)
    qtbot.addWidget(panel)
    opened = heard(panel.view.open_requested)
    qtbot.mouseDClick(panel.view, Qt.MouseButton.LeftButton)
    qtbot.mouseDClick(panel.view, Qt.MouseButton.RightButton)
    assert len(opened) == 1


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("photo", "verdict", "name", "more"),
    [
        (answered(0.93, article="a "), "This is a", "tabby", ""),
        (answered(0.93), "This is", "tabby", ""),
        (answered(0.6, article="a "), "Probably a", "tabby", ""),
        (answered(0.4, article="a "), "Not sure. Best guess: a", "tabby", ""),
        (answered(*UNSURE, kind=CAT), "Probably a", "cat", "Any kind of cat: 73.6%"),
        (
            answered(0.6, kind=KindScore("cat", "a ", 0.99), article="a "),
            "Probably a",
            "tabby",
            "Any kind of cat: 99.0%",
        ),
        (
            answered(0.3, kind=KindScore("insect", "an ", 0.85)),
            "This is an",
            "insect",
            "Any kind of insect: 85.0%",
        ),
    ],
)
def test_what_is_said_first(photo: Photo, verdict: str, name: str, more: str) -> None:
    assert photo.prediction is not None
    answer = answer_of(photo.prediction)
    assert (answer.verdict, answer.name, answer.more) == (verdict, name, more)
    assert caption(photo).startswith(name)


# --- the answer ---------------------------------------------------------------------------------


@pytest.fixture
def panel(qtbot: QtBot) -> ResultsPanel:
    panel = ResultsPanel()
    qtbot.addWidget(panel)
    panel.show()
    return panel


def test_all_five_lines_are_seen_beside_the_unreadable_photos(
    qtbot: QtBot, panel: ResultsPanel
) -> None:
    """In the height that a window of the usual size leaves them: lower, but none scrolled away."""
    panel.resize(340, 262)
    panel.show_photo(answered(*UNSURE, kind=CAT), "")
    scroll = panel.findChild(QScrollArea)
    qtbot.waitUntil(lambda: panel.rows[4].height() < 35)
    assert not scroll.verticalScrollBar().isVisible()
    panel.resize(340, 600)
    qtbot.waitUntil(lambda: panel.rows[4].height() == 42)
    panel.resize(340, 160)
    qtbot.waitUntil(scroll.verticalScrollBar().isVisible)


def test_an_old_answer_is_grey(qtbot: QtBot, panel: ResultsPanel) -> None:
    panel.resize(340, 400)
    photo = answered(*UNSURE, kind=CAT)
    looks = []
    for state in (PhotoState.DONE, PhotoState.WAITING, PhotoState.IDLE, PhotoState.DONE):
        photo.state = state
        panel.show_photo(photo, "")
        QApplication.processEvents()
        bar = panel.rows[0]
        colour = bar.grab().toImage().pixelColor(3, round((bar.height() - 8) / 2) + 13)
        looks.append((panel.verdict.text(), panel.answer.property("kind") or "", colour.name()))
    assert looks[0] == looks[3]
    assert looks[0][:2] == ("Probably a", "")
    assert looks[1][:2] == ("Looking again. Earlier answer:", "muted")
    assert looks[2][:2] == ("Earlier answer:", "muted")
    assert looks[0][2] != looks[1][2] == looks[2][2]


# --- the strip ----------------------------------------------------------------------------------


def test_the_strips_keys(qtbot: QtBot, rig: Rig) -> None:
    photos = PhotoList(rig.io, rig.parent)
    first, second = photos.add([ImageSource(name, b"x") for name in "ab"])
    strip = PhotoStrip(photos)
    qtbot.addWidget(strip)
    strip.show()
    removed, opened = heard(strip.remove_requested), heard(strip.open_requested)
    menus = heard(strip.menu_requested)
    strip.show_current(1)
    qtbot.keyClick(strip.view, Qt.Key.Key_Delete)
    qtbot.keyClick(strip.view, Qt.Key.Key_Return)
    assert (removed, opened) == ([second], [second])
    keyboard, mouse = QContextMenuEvent.Reason.Keyboard, QContextMenuEvent.Reason.Mouse
    for reason in (keyboard, mouse):
        at = strip.view.visualRect(photos.index(0)).center()
        place = strip.view.viewport().mapToGlobal(at)
        QApplication.sendEvent(strip.view.viewport(), QContextMenuEvent(reason, at, place))
    assert [photo for photo, _ in menus] == [second, first]
    nowhere = QPoint(9000, 9000)
    QApplication.sendEvent(strip.view.viewport(), QContextMenuEvent(mouse, nowhere, nowhere))
    assert len(menus) == 2
    rig.settle()


def test_stop_hands_the_keyboard_to_what_comes_next(qtbot: QtBot, rig: Rig) -> None:
    """It went to “Clear”: a second press of the space bar emptied the list."""
    photos = PhotoList(rig.io, rig.parent)
    added = photos.add([ImageSource(name, b"x") for name in "abc"])
    for photo in added:
        photo.state = PhotoState.WAITING
    strip = PhotoStrip(photos)
    qtbot.addWidget(strip)
    strip.show()
    strip.activateWindow()
    qtbot.waitUntil(strip.isActiveWindow)
    strip.show_progress(PhotosProgress(1, 3, 0.0, None))
    strip.stop.setFocus()
    added[0].state, added[1].state, added[2].state = (PhotoState.DONE, *[PhotoState.IDLE] * 2)
    strip.show_progress(PhotosProgress(0, 0, 0.0, None))  # stopped
    assert strip.focusWidget() is strip.go_on
    strip.show_progress(PhotosProgress(1, 3, 0.0, None))
    assert strip.focusWidget() is strip.stop
    for photo in added:
        photo.state = PhotoState.DONE
    strip.show_progress(PhotosProgress(0, 0, 0.0, None))
    assert strip.focusWidget() is strip.view
    strip.remove_all.setFocus()
    strip.show_progress(PhotosProgress(1, 3, 0.0, None))
    assert strip.focusWidget() is strip.remove_all  # who was there stays there
    rig.settle()


class Painted(QObject):
    """What a widget was asked to paint."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.rects: list[QRect] = []
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.rects.append(event.rect())
        return False


def drain() -> None:
    """Until nothing is left to lay out or to paint."""
    for _ in range(5):
        QApplication.sendPostedEvents()
        QApplication.processEvents()


def test_answers_beyond_the_strips_edge_paint_nothing(qtbot: QtBot, rig: Rig) -> None:
    photos = PhotoList(rig.io, rig.parent)
    added = photos.add([ImageSource(f"{number}", b"x") for number in range(40)])
    strip = PhotoStrip(photos)
    qtbot.addWidget(strip)
    strip.resize(500, 160)
    strip.show()
    qtbot.waitExposed(strip)
    view = strip.view
    edge = view.indexAt(view.viewport().rect().topRight() + QPoint(-1, 20)).row()
    assert 1 < edge < 20
    rig.settle()  # thumbnails
    qtbot.wait(150)  # what is counted a few times a second is counted
    drain()
    painted = Painted(view.viewport())
    photos.touch(added[edge + 2 :])
    drain()
    assert painted.rects == []
    photos.touch(added[1:2])  # one that is seen, alone
    qtbot.waitUntil(lambda: bool(painted.rects))
    assert painted.rects[0].width() < 2 * view.visualRect(photos.index(1)).width()
    view.scrollTo(photos.index(39))
    rig.settle()
    drain()
    painted.rects.clear()
    photos.touch(added[39:])
    qtbot.waitUntil(lambda: bool(painted.rects))


def test_numbers_of_progress_are_shown_a_few_times_a_second(qtbot: QtBot, rig: Rig) -> None:
    photos = PhotoList(rig.io, rig.parent)
    photos.add([ImageSource(f"{number}", b"x") for number in range(40)])
    strip = PhotoStrip(photos)
    qtbot.addWidget(strip)
    strip.show()
    shown = heard(strip.bar.valueChanged)
    strip.show_progress(PhotosProgress(0, 40, 0.0, None))
    assert strip.stop.isVisible()
    for done in range(1, 21):
        strip.show_progress(PhotosProgress(done, 40, 0.0, None))
    qtbot.waitUntil(lambda: strip.summary.text() == "20 of 40")
    assert len(shown) <= 2
    strip.show_progress(
        PhotosProgress(20, 40, 0.0, None, paused=True)
    )  # what a person did: at once
    assert strip.summary.text() == "20 of 40 · paused"
    strip.show_progress(PhotosProgress(0, 0, 0.0, None))
    assert not strip.stop.isVisible()


def test_the_strip_counts_what_the_model_is_not_sure_of(qtbot: QtBot, rig: Rig) -> None:
    photos = PhotoList(rig.io, rig.parent)
    strip = PhotoStrip(photos)
    qtbot.addWidget(strip)
    strip.show()
    asked = heard(strip.unsure_requested)
    given = (answered(0.9), answered(*UNSURE), answered(*UNSURE, kind=CAT), answered(0.4))
    for number, (photo, like) in enumerate(
        zip(photos.add([ImageSource(n, b"x") for n in "abcd"]), given, strict=True)
    ):
        photo.prediction, photo.state = like.prediction, PhotoState.DONE
        assert photo.unsure is (number in (1, 3))  # a sum that says “probably a cat” is an answer
    strip.show_progress(PhotosProgress(0, 0, 0.0, None))
    assert strip.summary.text() == "4 photos · 2 unsure"
    strip.next_unsure.click()
    assert len(asked) == 1
    rows = [photos.next_unsure(row) for row in (-1, 0, 1, 2, 3)]
    assert rows == [1, 1, 3, 3, 1]  # from the end on to the beginning
    last = photos.photo(3)
    assert last is not None
    last.state = PhotoState.WAITING  # another model's answer counts for nothing
    assert photos.next_unsure(1) == 1
    strip.show_progress(PhotosProgress(3, 4, 0.0, None))
    assert not strip.next_unsure.isVisible()
    for photo in photos.photos():
        photo.state = PhotoState.FAILED
    strip.show_progress(PhotosProgress(0, 0, 0.0, None))
    assert strip.summary.text() == "4 photos"
    assert not strip.next_unsure.isVisible()
    assert photos.next_unsure(2) == -1
    rig.settle()


def test_a_photo_that_is_back_is_read_at_once(qtbot: QtBot, rig: Rig, tmp_path: Path) -> None:
    """Asked for again before the end of the job that had not found it, it was never read."""
    path = tmp_path / "casting.png"
    previews = Previews(rig.io)
    read: list[bool] = []

    def look_again(made: Preview) -> None:
        read.append(made.image is not None)
        if not read[-1]:
            Image.new("RGB", (30, 20), "red").save(path)
            previews.get(ImageSource.file(path))

    previews.made.connect(look_again)
    previews.get(ImageSource.file(path))
    rig.until(lambda: read == [False, True])


def test_a_photo_that_vanished_says_so_and_is_shown_when_it_is_back(
    qtbot: QtBot, rig: Rig, tmp_path: Path
) -> None:
    """It was answered before, so nobody else says why there is nothing to see."""
    path = tmp_path / "casting.png"
    panel = PhotoPanel(rig.io)
    qtbot.addWidget(panel)
    panel.show()
    photo = Photo(ImageSource.file(path))
    panel.show_photo(photo)
    qtbot.waitUntil(
        lambda: (
            panel.view.accessibleDescription()
            == "casting.png is not there. It may have been moved or renamed."
        )
    )
    assert not panel.view.has_photo
    Image.new("RGB", (30, 20), "red").save(path)
    panel.show_photo(photo)
    qtbot.waitUntil(lambda: panel.view.has_photo)
