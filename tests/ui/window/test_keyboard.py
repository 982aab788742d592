"""The window without a mouse: Tab, arrows, Escape, F1."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.ui.train.cifar10_dialog import Cifar10Dialog
from resnet_gui.ui.widgets.classes_dialog import ClassesDialog
from resnet_gui.ui.window.help import HelpBox
from resnet_gui.ui.window.nav_rail import NavButton


def tab(qtbot: QtBot, app: WindowApp) -> QWidget:
    qtbot.keyClick(app.window.focusWidget() or app.window, Qt.Key.Key_Tab)
    found = app.window.focusWidget()
    assert found is not None
    return found


def around(qtbot: QtBot, app: WindowApp) -> list[QWidget]:
    """Every widget that Tab comes to on the page in front, once."""
    seen: list[QWidget] = []
    while (widget := tab(qtbot, app)) not in seen:
        seen.append(widget)
        assert len(seen) < 60
    return seen[seen.index(widget) :]


def can_be_reached(page: QWidget) -> bool:
    """Whether there is anything on it that Tab comes to."""
    return any(
        child.isVisible() and child.isEnabled() and child.focusPolicy() & Qt.FocusPolicy.TabFocus
        for child in page.findChildren(QWidget)
    )


def test_tab_goes_around_the_page_in_front(qtbot: QtBot, app: WindowApp) -> None:
    window = app.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    for entry in window.pages.entries:
        window.show_page(entry.name)
        page = window.pages.current
        qtbot.waitUntil(lambda: not app.io.busy, timeout=60_000)
        qtbot.waitUntil(lambda page=page: can_be_reached(page))  # once it was read what to show
        seen = around(qtbot, app)
        assert all(widget.isVisible() for widget in seen)
        outside = [widget for widget in seen if not page.isAncestorOf(widget)]
        assert (entry.name, outside) == (entry.name, [window.rail.buttons[entry.name]])
        assert len(seen) > len(outside)


def test_a_notice_is_reached_where_it_is_seen(qtbot: QtBot, app: WindowApp) -> None:
    """It came last of all, behind the rail."""
    window, page = app.window, app.window.page
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    page.notices.add("One", "notice", "Do it")
    page.notices.add("Two")
    seen = around(qtbot, app)
    first = seen.index(page.model_button)
    inside = [w for w in [*seen[first:], *seen[:first]] if page.isAncestorOf(w)]
    tops = [widget.mapTo(page, QPoint(0, 0)).y() for widget in inside]
    header = list(tops[:3])
    below = tops[3:]
    assert max(header) < min(below)
    assert below == sorted(below)


def test_the_rail_by_arrow_keys(qtbot: QtBot, app: WindowApp) -> None:
    window = app.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.rail.buttons["classify"].setFocus()
    for name in [entry.name for entry in window.pages.entries][1:]:
        focus = window.focusWidget()
        assert isinstance(focus, NavButton)
        qtbot.keyClick(focus, Qt.Key.Key_Down)
        assert window.focusWidget() is window.rail.buttons[name]
        assert window.pages.current.objectName() == name


def test_the_keys_for_a_page_lead_from_the_rail_into_it(qtbot: QtBot, app: WindowApp) -> None:
    """The frame of the focus stayed around another page's button, and Space led back there."""
    window = app.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    for number, name in ((6, "models"), (4, "evaluate"), (2, "train"), (1, "classify")):
        window.rail.buttons[window.pages.current.objectName()].setFocus()
        key = getattr(Qt.Key, f"Key_{number}")
        qtbot.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
        assert window.pages.current.objectName() == name
        focus = window.focusWidget()
        assert focus is not None
        assert window.pages.current.isAncestorOf(focus)


def test_escape_closes_what_is_over_the_window(qtbot: QtBot, app: WindowApp) -> None:
    window = app.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_F1)
    [box] = window.findChildren(HelpBox)
    for key in ("Left, Right", "Del", "Enter"):  # of no menu, but of the strip
        assert key in box.label.text()
    window.settings_dialog.open_fresh()
    entry = window.controller.entry
    assert entry is not None
    dialogs: list[QDialog] = [
        window.settings_dialog,
        box,
        ClassesDialog(entry.spec, window),
        Cifar10Dialog("www.example.org", "", window),
    ]
    for dialog in dialogs:
        dialog.show()
        qtbot.keyClick(dialog.focusWidget() or dialog, Qt.Key.Key_Escape)
        assert not dialog.isVisible(), type(dialog).__name__
    window.page.show_models()
    assert window.page.popup.isVisible()
    qtbot.keyClick(QApplication.focusWidget() or window.page.popup, Qt.Key.Key_Escape)
    assert not window.page.popup.isVisible()


def test_settings_are_filled_in_without_a_mouse(qtbot: QtBot, app: WindowApp) -> None:
    dialog = app.window.settings_dialog
    dialog.open_fresh()
    qtbot.waitUntil(lambda: not dialog.controller.loading)
    first = dialog.focusWidget()
    assert first is dialog.wishes.editors["theme"]
    qtbot.keyClick(first, Qt.Key.Key_Down)
    assert dialog.save.isEnabled()
    qtbot.keyClick(dialog.mirror_text, Qt.Key.Key_Return)
    assert not dialog.isVisible()
    assert app.window.memory.settings.theme == "light"


def test_settings_that_are_opened_again_begin_at_their_beginning(
    qtbot: QtBot, app: WindowApp
) -> None:
    """The focus waited where it was left: Down then changed the proxy, out of sight perhaps."""
    dialog = app.window.settings_dialog
    for _ in range(2):
        dialog.open_fresh()
        qtbot.waitUntil(lambda: not dialog.controller.loading)
        assert dialog.focusWidget() is dialog.wishes.editors["theme"]
        dialog.proxy_kind.setFocus()
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: not dialog.isVisible())


def test_return_presses_the_button_that_has_the_focus(qtbot: QtBot, app: WindowApp) -> None:
    """As in dialogs; on every page, and in the rail."""
    window = app.window
    window.show_page("models")
    page = window.models_page
    opened: list[bool] = []
    page.settings_requested.connect(lambda: opened.append(True))
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        page.settings_button.setFocus()
        qtbot.keyClick(page.settings_button, key)
    assert opened == [True, True]
    page.settings_button.setEnabled(False)
    qtbot.keyClick(page.settings_button, Qt.Key.Key_Return)
    assert len(opened) == 2
    page.search.setFocus()  # where Return has a meaning of its own, or none
    qtbot.keyClick(page.search, Qt.Key.Key_Return)
    assert window.pages.current is page
    button = window.rail.buttons["lab"]
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert window.pages.current is window.lab_page
    window.settings_dialog.close()
