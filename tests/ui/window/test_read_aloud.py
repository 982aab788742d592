"""What a screen reader finds in the window: Qt's accessible objects, as they are handed on."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.ui.lab.parts import Sentence
from resnet_gui.ui.widgets.charts.chart import LineChart
from resnet_gui.ui.widgets.charts.model import Axes, Line, plain_number
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, set_tooltip
from tests.helpers.controls import controls_of

LONG = "/photos/of/the/holidays/in/the/year/in/which/it/rained/n01806143_peacock.JPEG"


def name_of(widget: QWidget) -> str:
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)


def description_of(widget: QWidget) -> str:
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Description)


def nameless(window: QWidget) -> Iterator[str]:
    """What Tab comes to and nobody says."""
    labelled = {label.buddy() for label in window.findChildren(QLabel)}
    for widget in controls_of(window):
        if widget.isHidden() or not widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            continue
        # On Linux a combo box is called after what is chosen in it.
        name = widget.accessibleName() if isinstance(widget, QComboBox) else name_of(widget)
        if not name and widget not in labelled:
            yield f"{type(widget).__name__} in {type(widget.parentWidget()).__name__}"


def test_all_that_tab_comes_to_has_a_name(app: WindowApp) -> None:
    scrolled = [a for a in app.window.findChildren(QScrollArea) if a in [*controls_of(app.window)]]
    assert scrolled  # their contents are read there
    assert [*nameless(app.window)] == []
    assert [*nameless(app.window.settings_dialog)] == []


def test_a_cut_text_is_read_in_full(qtbot: QtBot) -> None:
    label = ElidedLabel(LONG, mode=Qt.TextElideMode.ElideMiddle)
    qtbot.addWidget(label)
    label.resize(120, 20)
    label.show()
    assert "…" in QLabel.text(label)
    assert name_of(label) == LONG
    label.setText("short")
    assert name_of(label) == "short"
    label.setText(LONG)
    label.resize(2000, 20)
    assert name_of(label) == LONG


def test_a_broken_word_is_read_in_one(qtbot: QtBot) -> None:
    label = PlainLabel("x" * 60)
    qtbot.addWidget(label)
    label.setWordWrap(True)
    assert "\u200b" in QLabel.text(label)
    assert name_of(label) == "x" * 60


def test_a_name_of_its_own_stays(qtbot: QtBot) -> None:
    label = ElidedLabel(LONG)
    qtbot.addWidget(label)
    label.setAccessibleName("Photo")
    label.resize(120, 20)
    label.show()
    label.setText("another")
    assert name_of(label) == "Photo"


def test_what_there_is_to_see_is_read(qtbot: QtBot) -> None:
    sentence = Sentence("warning")
    qtbot.addWidget(sentence)
    sentence.setText("Plain-56 learns worse.")
    assert name_of(sentence.label) == "Mind this: Plain-56 learns worse."
    sentence.setText("")
    assert name_of(sentence.label) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Qt reads a combo box's name")
def test_what_is_chosen_in_a_list_of_choices_is_said(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    box = ComboBox()
    QHBoxLayout(parent).addWidget(box)
    box.add_choice("New photos only")
    box.setAccessibleName("Which photos of the folder")
    assert name_of(box) == "New photos only"  # Qt's way
    assert description_of(box) == "Which photos of the folder"
    set_tooltip(box, "The honest way.")
    assert description_of(box) == "Which photos of the folder. The honest way."


def test_a_chart_says_which_line_does_what(qtbot: QtBot) -> None:
    axes = Axes("Accuracy", "epochs", plain_number, "epoch")
    chart = LineChart(axes)
    qtbot.addWidget(chart)
    lines = [
        Line("Plain-20, training", "training", (1.0, 2.0), (0.25, 0.5), "#000000"),
        Line("Plain-20", "Plain-20", (1.0,), (0.75,), "#000000"),
        Line("ideal", "", (1.0, 2.0), (0.0, 1.0), "#000000"),
    ]
    chart.show_lines(axes, lines)
    assert name_of(chart) == "Chart: Accuracy"
    said = "Plain-20, training: 0.25 at the start, 0.5 at the end; Plain-20: 0.75 at the end"
    assert description_of(chart) == said
