"""What is seen in both themes, from the start and after a switch while the window is open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QSlider,
    QStackedWidget,
    QStyledItemDelegate,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from resnet_gui.ui.lab.controller import LabController
from resnet_gui.ui.lab.why import LabWhy
from resnet_gui.ui.widgets.check_box import CheckBox
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.icons import put_icon
from resnet_gui.ui.widgets.plain_text import ElidedLabel, MessageBox, PlainLabel, Rich, rich
from resnet_gui.ui.widgets.spin_box import SpinBox
from resnet_gui.ui.widgets.theme import ThemeManager
from resnet_gui.ui.window.nav_rail import NavButton
from tests.helpers.fake_engine import Rig
from tests.helpers.pixels import contrast, ground, pixels, text_contrast

READABLE = 4.5  # WCAG 2.2, 1.4.3
VISIBLE = 3.0  # 1.4.11: what one has to see of a control
SWITCHES = ("light", "dark"), ("dark", "light"), ("light", "light"), ("dark", "dark")


@pytest.fixture
def theme(qtbot: QtBot) -> Iterator[ThemeManager]:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme = ThemeManager(application)
    yield theme
    theme.choose("light")
    theme.catch_up()
    theme.deleteLater()


def opened_popup(qtbot: QtBot, box: QComboBox) -> QWidget:
    box.showPopup()
    popup = box.view().window()
    qtbot.waitUntil(popup.isVisible)
    return popup


@pytest.mark.parametrize(("first", "then"), SWITCHES)
@pytest.mark.parametrize("kind", [ComboBox, QComboBox])  # Qt's dialogs have plain ones
def test_every_row_of_a_list_of_choices_can_be_read(
    qtbot: QtBot, theme: ThemeManager, kind: type[QComboBox], first: str, then: str
) -> None:
    theme.choose(first)
    box = kind()
    qtbot.addWidget(box)
    for number in range(4):
        box.addItem(f"Choice {number}")
    box.setCurrentIndex(1)
    box.show()
    opened_popup(qtbot, box)
    box.hidePopup()
    theme.choose(then)
    popup = opened_popup(qtbot, box)
    view = box.view()
    view.setCurrentIndex(view.model().index(2, 0))  # as the pointer does
    picture = pixels(popup)
    corner = view.viewport().mapTo(popup, view.viewport().rect().topLeft())

    def row(number: int) -> object:
        area = view.visualRect(view.model().index(number, 0)).translated(corner)
        return picture[area.top() : area.bottom() + 1, area.left() : area.right() + 1]

    for number in range(4):
        assert text_contrast(row(number)) > READABLE, number
    assert contrast(ground(row(2)), ground(row(0))) > VISIBLE
    if kind is ComboBox:  # the chosen row has a tick
        left = [row(number)[:, 4:22] for number in range(4)]
        ticks = [text_contrast(area) > VISIBLE for area in left]
        assert ticks == [False, True, False, False]
    box.hidePopup()


def test_a_combo_box_is_as_wide_as_its_longest_choice(qtbot: QtBot, theme: ThemeManager) -> None:
    theme.choose("light")
    box = ComboBox()
    qtbot.addWidget(box)
    box.add_choice("short")
    narrow = box.sizeHint().width()
    box.add_choice("Head and last stages, all of them")
    assert box.sizeHint().width() > narrow + 100
    box.setCurrentIndex(1)
    box.resize(box.sizeHint())
    box.show()
    assert box.shown_text == box.currentText()
    box.setFixedWidth(120)
    assert box.shown_text.endswith("…")


@pytest.mark.parametrize(("first", "then"), SWITCHES[:2])
def test_an_icon_and_the_type_follow_the_theme(
    qtbot: QtBot, theme: ThemeManager, first: str, then: str
) -> None:
    theme.choose(first)
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    button = QToolButton()
    put_icon(button, "close", side=14)
    label, head = PlainLabel("large"), PlainLabel("Muted and large")
    head.setProperty("kind", "muted")
    for widget in (button, label, head):
        column.addWidget(widget)
    window.show()
    for widget in (label, head):  # after it was first shown
        font = widget.font()
        font.setPointSizeF(font.pointSizeF() * 2)
        font.setBold(True)
        widget.setFont(font)
    size = label.font().pointSizeF()
    theme.choose(then)
    for widget in (label, head):
        assert (widget.font().pointSizeF(), widget.font().bold()) == (size, True)
    assert text_contrast(pixels(button)) > READABLE


def test_why_it_works_keeps_its_type(qtbot: QtBot, theme: ThemeManager, rig: Rig) -> None:
    theme.choose("light")
    why = LabWhy(LabController(rig.means, rig.parent))
    qtbot.addWidget(why)
    why.resize(1000, 640)
    why.show()
    why.resize(900, 600)
    labels = why.findChildren(PlainLabel)
    before = [(label.font().pointSizeF(), label.font().bold()) for label in labels]
    assert len(set(before)) > 3
    theme.choose("dark")
    assert [(label.font().pointSizeF(), label.font().bold()) for label in labels] == before


def test_buttons_of_dialogs_have_no_signs_of_the_style(qtbot: QtBot, theme: ThemeManager) -> None:
    theme.choose("dark")
    box = MessageBox(None, "Title", "Shall it be?", "It can be brought back.")
    qtbot.addWidget(box)
    box.setStandardButtons(
        MessageBox.StandardButton.Cancel
        | MessageBox.StandardButton.Close
        | MessageBox.StandardButton.Save
    )
    box.show()
    assert box.width() > 420
    for button in box.buttons():
        assert button.icon().isNull(), button.text()
    plain = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    qtbot.addWidget(plain)
    plain.show()
    assert all(button.icon().isNull() for button in plain.buttons())


def test_a_wide_table_in_a_box_is_not_cut(qtbot: QtBot, theme: ThemeManager) -> None:
    theme.choose("light")
    text = rich("<table><tr><td>{a}</td><td>{b}</td></tr></table>", a="Ctrl+1 " * 6, b="what " * 14)
    assert isinstance(text, Rich)
    box = MessageBox(None, "Keys", text)
    qtbot.addWidget(box)
    box.show()
    [label] = [item for item in box.findChildren(PlainLabel.__mro__[1]) if item.text()]
    assert label.width() >= label.minimumSizeHint().width()


def focusable(kind: str) -> QWidget:
    """One of the window's controls that the keyboard reaches."""
    if kind == "check box":
        return CheckBox("A choice")
    if kind == "combo":
        box = ComboBox()
        box.add_choice("A choice")
        return box
    if kind == "line":
        return QLineEdit("Some text")
    if kind == "tool":
        tool = QToolButton()
        put_icon(tool, "close")
        return tool
    if kind == "slider":
        return QSlider(Qt.Orientation.Horizontal)
    if kind == "rail":
        rail = NavButton("Lab", "lab")
        rail.setChecked(True)
        return rail
    if kind == "spin box":
        return SpinBox()
    if kind.startswith("list"):
        view = QListView()
        view.setItemDelegate(QStyledItemDelegate(view))
        view.setProperty("kind", kind.partition(" ")[2])
        view.setMinimumHeight(60)
        return view
    button = QPushButton("A button")
    button.setProperty("kind", kind)
    return button


KINDS = (
    *("check box", "spin box", "combo", "line", "tool", "slider", "rail", "list", "list bare"),
    *("", "primary", "plain", "segment"),
)


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_focus_is_seen(qtbot: QtBot, theme: ThemeManager, kind: str, name: str) -> None:
    """Of the pixels that change, enough stand out from what was there (WCAG 2.2, 2.4.13)."""
    theme.choose(name)
    window = QFrame()
    qtbot.addWidget(window)
    row = QHBoxLayout(window)
    other, control = QPushButton("Other"), focusable(kind)
    row.addWidget(other)
    row.addWidget(control)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    other.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(other.hasFocus)
    before, size = pixels(control), control.size()
    control.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(control.hasFocus)
    assert control.size() == size
    changed = contrast(before, pixels(control)) >= VISIBLE
    assert changed.sum() >= 2 * (min(size.width(), 40) + 10)


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("kind", [ComboBox, QComboBox])
def test_a_closed_list_of_choices_has_an_arrow(
    qtbot: QtBot, theme: ThemeManager, kind: type[QComboBox], name: str
) -> None:
    theme.choose(name)
    box = kind()
    qtbot.addWidget(box)
    box.setFixedWidth(160)  # without a text that could be taken for one
    box.show()
    qtbot.waitExposed(box)
    assert text_contrast(pixels(box)[8:-8, -24:-4]) > VISIBLE


class _Polished(QLabel):
    times = 0

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.times += 1


def test_a_switch_takes_each_widget_up_once_and_not_for_each_ancestor(
    qtbot: QtBot, theme: ThemeManager
) -> None:
    theme.choose("light")
    outer = QWidget()
    qtbot.addWidget(outer)
    inner = outer
    for _ in range(12):
        column = QVBoxLayout(inner)
        inner = QFrame()
        inner.setProperty("kind", "card")
        column.addWidget(inner)
    label = _Polished("deep", inner)
    outer.show()
    qtbot.waitExposed(outer)
    label.times = 0
    theme.choose("dark")
    assert 0 < label.times <= 4


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_box_for_numbers_has_its_theme_s_ground_and_arrows(
    qtbot: QtBot, theme: ThemeManager, name: str
) -> None:
    theme.choose(name)
    window = QFrame()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    box, line = SpinBox(), QLineEdit()
    box.setValue(50)
    column.addWidget(box)
    column.addWidget(line)
    window.show()
    qtbot.waitExposed(window)
    line.setFocus()
    assert (ground(pixels(box)) == ground(pixels(line))).all()
    middle = box.height() // 2
    for rows in (slice(3, middle), slice(middle, -3)):
        assert text_contrast(pixels(box)[rows, -18:-4]) > VISIBLE
    assert text_contrast(pixels(box)[4:-4, 4:-24]) > READABLE


def _many_kinds() -> tuple[QWidget, ElidedLabel, QLabel]:
    page = QFrame()
    page.setProperty("kind", "card")
    column = QVBoxLayout(page)
    long, muted = ElidedLabel("/a/very/long/path" * 20), PlainLabel("muted")
    muted.setProperty("kind", "muted")
    bold = muted.font()
    bold.setBold(True)
    muted.setFont(bold)
    for widget in (long, muted, QPushButton("A button"), QLineEdit("A line"), CheckBox("Yes")):
        column.addWidget(widget)
    for widget in (SpinBox(), QListView(), QSlider(Qt.Orientation.Horizontal)):
        column.addWidget(widget)
    for widget in page.findChildren(QWidget):
        widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return page, long, muted


@pytest.mark.parametrize(("first", "then"), SWITCHES[:2])
@pytest.mark.parametrize("soon", [True, False])
def test_what_is_hidden_follows_the_theme_a_little_later(
    qtbot: QtBot, theme: ThemeManager, first: str, then: str, soon: bool
) -> None:
    """At the latest when it is shown, and then it looks as if it had been there."""
    theme.choose(first)
    stack = QStackedWidget()
    qtbot.addWidget(stack)
    stack.setFixedSize(400, 500)
    stack.addWidget(QLabel("in front"))
    page, long, muted = _many_kinds()
    stack.addWidget(page)
    stack.show()
    stack.setCurrentIndex(1)  # polished once
    qtbot.waitExposed(stack)
    stack.setCurrentIndex(0)
    theme.choose(then)
    if not soon:
        qtbot.wait(50)
    stack.setCurrentIndex(1)
    qtbot.wait(10)
    qtbot.waitUntil(lambda: QLabel.text(long).endswith("…"))
    late = pixels(page)
    assert muted.font().bold()
    theme.choose(first)
    theme.choose(then)  # while it is in front

    def is_the_same() -> None:
        others = (late != pixels(page)).any(axis=2)
        rows, columns = others.any(axis=1).nonzero()[0], others.any(axis=0).nonzero()[0]
        assert others.mean() < 0.0005, (rows, columns)  # a blinking cursor or the like

    qtbot.waitUntil(is_the_same)


def test_a_switch_passes_by_what_is_hidden(qtbot: QtBot, theme: ThemeManager) -> None:
    theme.choose("light")
    stack = QStackedWidget()
    qtbot.addWidget(stack)
    hidden = _Polished("hidden")
    stack.addWidget(hidden)
    stack.addWidget(QLabel("in front"))
    stack.show()
    stack.setCurrentIndex(1)
    qtbot.waitExposed(stack)
    hidden.times = 0
    theme.choose("dark")
    assert hidden.times == 0
    qtbot.waitUntil(lambda: hidden.times > 0)
    assert hidden.times == 1


def test_what_goes_away_after_a_switch_does_no_harm(qtbot: QtBot, theme: ThemeManager) -> None:
    theme.choose("light")
    stack = QStackedWidget()
    qtbot.addWidget(stack)
    page, _, _ = _many_kinds()
    for widget in (QLabel("in front"), page):
        stack.addWidget(widget)
    stack.show()
    theme.choose("dark")
    stack.removeWidget(page)
    page.deleteLater()
    qtbot.wait(30)
    theme.choose("light")


def test_a_combo_box_measures_its_choices_anew_when_they_change(
    qtbot: QtBot, theme: ThemeManager
) -> None:
    box = ComboBox()
    qtbot.addWidget(box)

    def width() -> int:
        size: QSize = box.sizeHint()
        return size.width()

    widths = [width()]
    box.add_choice("a choice of some words")
    widths.append(width())
    box.setItemText(0, "a choice")
    widths.append(width())
    font = box.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    box.setFont(font)
    widths.append(width())
    box.clear()
    widths.append(width())
    assert widths[1] > widths[0]
    assert widths[2] < widths[1]
    assert widths[3] > widths[2]
    assert widths[4] < widths[3]


def test_one_mark_of_the_focus_is_enough(qtbot: QtBot, theme: ThemeManager) -> None:
    """Who comes by Tab gets the thick edge, and not the style's small box in it as well."""
    theme.choose("light")
    button = QPushButton("Gradients")
    qtbot.addWidget(button)
    button.show()
    button.activateWindow()
    button.setFocus(Qt.FocusReason.MouseFocusReason)
    qtbot.waitUntil(button.hasFocus)
    by_mouse = button.grab().toImage()
    button.setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
    assert button.grab().toImage() == by_mouse
