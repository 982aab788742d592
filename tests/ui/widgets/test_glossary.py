"""Words that are explained where they stand."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.core.runs.config import SETTINGS
from resnet_gui.ui.widgets.glossary import explained
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, RichLabel, rich, set_tooltip


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Epoch 3 of 40 · about 2 min left", ["Epoch"]),
        ("Best so far: epoch 4, loss 0.12", ["Epoch", "Loss"]),
        ("Learning rate", ["Learning rate"]),
        ("The head learns; the backbone does not.", ["Head", "Backbone"]),
        ("epochs, EPOCH", ["Epoch"]),
        ("F1", ["F1"]),
        ("AMD EPYC, OpenVINO, 8 bits", ["OpenVINO", "8 bits"]),
        ("86.5% to 99.5% (95 % interval), loss 0.1", ["95 % interval", "Loss"]),
        ("head-on, lossless, my_heads", []),
        ("", []),
    ],
)
def test_the_words_that_stand_in_a_text(text: str, terms: list[str]) -> None:
    lines = explained(text).split("\n") if explained(text) else []
    assert [line.partition(":")[0] for line in lines] == terms


def test_every_setting_of_a_run_says_what_it_does() -> None:
    without = [name for name, item in SETTINGS.items() if item.label and len(item.tip) < 15]
    assert without == []


def asked(widget: QWidget) -> str:
    """What a tooltip says when the pointer rests on the widget."""
    QToolTip.hideText()
    at = QPoint(2, 2)
    QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, at, widget.mapToGlobal(at)))
    return QToolTip.text()


def test_a_label_explains_its_words(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    plain = PlainLabel("After epoch 3", window)
    cut = ElidedLabel("The loss falls", window)
    own, marked = PlainLabel("epoch", window), RichLabel(window)
    set_tooltip(own, "Something else")
    marked.setText(rich("<p><b>{what}</b></p>", what="4.7 million parameters"))
    window.show()
    qtbot.waitExposed(window)
    assert asked(plain).startswith("Epoch: one pass")
    assert asked(cut).startswith("Loss: ")
    assert asked(own) == "Something else"
    assert "Parameters: " in asked(marked)
