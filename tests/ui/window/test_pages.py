"""A page is one line in the list: a toy page from outside is everywhere that a page should be."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.ui.page import Page, PageContext, PageEntry
from resnet_gui.ui.window import pages
from resnet_gui.ui.window.help import HelpBox
from tests.ui.conftest import ANSWER_MS


class ToyPage(Page):
    drop_hint = "Drop a toy"

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self.context = context
        self.log: list[str] = []
        self.tidy = self.offer_action("Toys", "&Tidy up…", self._on_tidy, keys="Ctrl+O")
        self.offer_action("File", "&Build", self._on_build, keys="Ctrl+B", elsewhere="&Build a toy")

    def _on_tidy(self) -> None:
        self.log.append("tidy")

    def _on_build(self) -> None:
        self.log.append("build")

    def may_take(self, mime: QMimeData) -> bool:
        return mime.text().startswith("toy")

    def take(self, mime: QMimeData) -> None:
        self.log.append(mime.text())

    def shown(self) -> None:
        self.log.append("shown")

    def hidden(self) -> None:
        self.log.append("hidden")

    def refresh_theme(self) -> None:
        self.log.append("theme")


@pytest.fixture
def app(open_app: Callable[..., WindowApp], monkeypatch: pytest.MonkeyPatch) -> WindowApp:
    toy = PageEntry("toy", "Toy box", "photo", ToyPage)
    monkeypatch.setattr(pages, "PAGES", [*pages.PAGES, toy])
    return open_app(start=False)


def drop(app: WindowApp, text: str) -> bool:
    mime = QMimeData()
    mime.setText(text)
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(200, 200), copy, mime, left, keys)
    enter.ignore()
    QApplication.sendEvent(app.window, enter)
    if enter.isAccepted():
        QApplication.sendEvent(app.window, QDropEvent(QPointF(200, 200), copy, mime, left, keys))
    return enter.isAccepted()


def test_a_page_of_one_line_is_everywhere(qtbot: QtBot, app: WindowApp) -> None:
    window = app.window
    toy = window.pages.of(ToyPage)
    assert toy is window.pages["toy"]
    assert toy.context.store is window.store
    # In the rail, with its dot.
    button = window.rail.buttons["toy"]
    number = len(pages.PAGES)  # the last page's key
    assert (button.text(), button.toolTip()) == ("Toy box", f"Toy box (Ctrl+{number})")
    toy.busy_changed.emit(True)
    assert button.marked
    # In the menu and in the table of keys.
    [view] = [a.menu() for a in window.menuBar().actions() if a.text() == "&View"]
    [action] = [a for a in view.actions() if a.text() == "Toy box"]
    window.show_keys()
    [box] = [box for box in window.findChildren(HelpBox) if box.isVisible()]
    assert f"Ctrl+{number}" in box.label.text()
    assert "On the page Toy box" in box.label.text()
    box.close()
    # Shown by a click, by its shortcut and by name; each page is told.
    toy.log.clear()
    button.click()
    assert window.pages.current is toy
    window.show_page("models")
    assert window.rail.buttons["models"].isChecked()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
    assert window.pages.current is toy
    assert button.isChecked()
    window.show_page("classify")
    action.trigger()
    assert toy.log == ["shown", "hidden", "shown", "hidden", "shown"]
    # The theme, and what is dropped while it is in front.
    toy.log.clear()
    app.theme.choose("dark")
    app.theme.choose("light")
    assert set(toy.log) == {"theme"}
    assert not drop(app, "a photo")
    assert drop(app, "toy bear")
    assert toy.log[-1] == "toy bear"
    window.show_page("train")
    assert not drop(app, "toy car")


def test_the_earlier_runs_lead_to_the_table_of_all(
    qtbot: QtBot, open_app: Callable[..., WindowApp]
) -> None:
    window = open_app().window
    window.show_page("train")
    window.train_page.start.runs.all.click()
    assert window.pages.current is window.pages["runs"]


def test_the_other_pages_wait_until_no_lane_works(
    qtbot: QtBot, open_app: Callable[..., WindowApp]
) -> None:
    """Building beside an import would take twice as long, be it for a model or for a training. Who
    asks for a page gets it at once."""
    app = open_app(start=False, all_pages=False)
    window = app.window
    model_loaded, training_begun = threading.Event(), threading.Event()

    def wait_for(event: threading.Event) -> Iterator[None]:
        event.wait(20)
        yield

    loading = app.inference.submit(partial(wait_for, model_loaded))
    training = app.training.submit(partial(wait_for, training_begun))
    window.pages.build_rest_soon()
    qtbot.wait(1500)
    assert set(window.pages.built) == {"classify"}
    assert window.pages["lab"] is window.lab_page
    assert set(window.pages.built) == {"classify", "lab"}
    with qtbot.waitSignal(loading.ended):
        model_loaded.set()
    qtbot.wait(200)
    assert set(window.pages.built) == {"classify", "lab"}
    with qtbot.waitSignal(window.pages.all_built):
        training_begun.set()
    assert len(window.pages.built) == len(window.pages.entries)
    assert not training.active


def test_no_page_is_built_while_the_colours_change(
    qtbot: QtBot, open_app: Callable[..., WindowApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "THEME_MS", 60_000)
    app = open_app(start=False, all_pages=False)
    window = app.window
    with qtbot.waitSignal(window.pages.page_built):
        window.pages.build_rest_soon()
    app.theme.choose("dark")
    built = set(window.pages.built)
    assert len(built) < len(window.pages.entries)
    qtbot.wait(200)
    assert set(window.pages.built) == built
    window.pages.build_rest()
    assert len(window.pages.built) == len(window.pages.entries)


def test_what_a_page_offers_is_in_the_menus(qtbot: QtBot, app: WindowApp) -> None:
    """Its own menu, too, and its keys, although another page uses the same."""
    window = app.window
    toy = window.pages.of(ToyPage)
    qtbot.waitUntil(window.isActiveWindow)

    def texts(menu: str) -> list[str]:
        return [action.text() for action in window.menus.menus[menu].actions()]

    def press(key: Qt.Key) -> None:
        qtbot.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)

    assert list(window.menus.menus) == ["File", "Edit", "View", "Runs", "Toys", "Help"]
    assert texts("Toys") == []
    toy.log.clear()
    assert "&Build a toy" in texts("File")
    press(Qt.Key.Key_B)
    assert toy.log == ["shown", "build"]
    assert "&Build" in texts("File")
    assert texts("Toys") == ["&Tidy up…"]
    press(Qt.Key.Key_O)
    press(Qt.Key.Key_B)
    assert toy.log == ["shown", "build", "tidy", "build"]
    window.show_keys()
    [box] = [box for box in window.findChildren(HelpBox) if box.isVisible()]
    assert "Tidy up<" in box.label.text()
    box.close()
    toy.wanted.emit()
    window.show_page("models")
    toy.wanted.emit()
    assert window.pages.current is toy


def test_what_a_page_announces_is_said_on_the_page_in_front(qtbot: QtBot, app: WindowApp) -> None:
    window = app.window
    toy, text = window.pages.of(ToyPage), "A toy is broken."
    window.show_page("lab")
    toy.announced.emit(text)
    lab = window.lab_page.notices
    assert lab.texts == [text]
    assert text not in window.page.notices.texts
    lab.shown[0].button.click()
    assert window.pages.current is toy
    assert lab.texts == []
    toy.announced.emit(text)  # it is in front: it says so itself
    assert toy.notices.texts == []
    window.show_page("models")
    toy.announced.emit(text)
    window.show_page("toy")
    assert window.models_page.notices.texts == []


def test_every_page_has_a_name_of_its_own() -> None:
    names = [entry.name for entry in pages.PAGES]
    assert len(set(names)) == len(names)


class Shown(QObject):
    """Notes which windows are shown."""

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[QWidget] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        shown = event.type() == QEvent.Type.Show
        if shown and isinstance(watched, QWidget) and watched.isWindow():
            self.windows.append(watched)
        return False


@pytest.fixture
def early(open_app: Callable[..., WindowApp], qtbot: QtBot) -> WindowApp:
    """A window that has only just been started."""
    app = open_app(start=False, all_pages=False)
    app.window.start([])
    return app


def test_the_first_page_alone_is_there_at_the_start(qtbot: QtBot, early: WindowApp) -> None:
    """The others come by themselves; no window of their own flashes up meanwhile."""
    window = early.window
    assert list(window.pages.built) == ["classify"]
    # They do not hear of it any more.
    qtbot.waitUntil(lambda: window.store.inventory is not None, timeout=ANSWER_MS)
    shown = Shown()
    application = QApplication.instance()
    assert application is not None
    application.installEventFilter(shown)
    names = [entry.name for entry in window.pages.entries]
    qtbot.waitUntil(lambda: list(window.pages.built) == names, timeout=ANSWER_MS)
    application.removeEventFilter(shown)
    assert shown.windows == []
    assert window.models_page.controller.models.rowCount() > 0
    assert window.train_controller.model_id
    assert window.models_controller.current_id == window.controller.entry.spec.id
    assert window.models_page.use_label.text() != ""
    assert window.models_controller.used_id == window.controller.entry.spec.id


def test_a_page_is_built_when_somebody_asks_for_it(qtbot: QtBot, early: WindowApp) -> None:
    window = early.window
    window.rail.buttons["lab"].click()
    assert list(window.pages.built) == ["classify", "lab"]
    assert window.pages.current is window.lab_page
    window.menus.menus["File"].aboutToShow.emit()
    assert [entry.name for entry in window.pages.entries] == list(window.pages.built)
    texts = [action.text() for action in window.menus.menus["File"].actions()]
    assert "&Train on a folder…" in texts


def test_closing_builds_nothing(qtbot: QtBot, early: WindowApp) -> None:
    early.window.close()
    qtbot.waitUntil(lambda: early.clean, timeout=20_000)
    assert list(early.window.pages.built) == ["classify"]
