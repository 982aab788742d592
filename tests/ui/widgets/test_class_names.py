"""Names of classes as people read them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QFont, QFontMetrics, QFontMetricsF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from resnet_gui.core.dataset.summary import ClassSummary, DatasetSummary
from resnet_gui.core.events import ClassScore, ImageSource, Prediction
from resnet_gui.core.runs.events import SamplePrediction, SamplesPredicted
from resnet_gui.ui.widgets.class_list import ClassList, counts_in
from resnet_gui.ui.widgets.class_names import class_words, fitted
from resnet_gui.ui.widgets.photo_list import Photo, PhotoState, caption, caption_lines
from resnet_gui.ui.widgets.samples_view import SamplesView
from tests.helpers.fake_engine import Rig

LONG = "German_short-haired_pointer"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("german_shepherd", "german shepherd"),
        ("__n02123045__tabby_", "n02123045 tabby"),
        ("___", "___"),
        ("a\nb", "a\\nb"),
        ("Strauß_grün", "Strauß grün"),
    ],
)
def test_underscores_are_shown_as_spaces(name: str, shown: str) -> None:
    assert class_words(name) == shown


def test_a_long_name_goes_on_below_and_is_cut_at_its_end(qtbot: QtBot) -> None:
    metrics = QFontMetrics(QApplication.font())
    words = class_words(LONG)
    width = metrics.horizontalAdvance("German short-haired") + 1
    assert fitted(words, metrics, width).split("\n") == ["German short-haired", "pointer"]
    assert fitted(words, metrics, 2 * width) == words
    first, second = fitted(words + " of a rather special kind", metrics, width).split("\n")
    assert first == "German short-haired"
    assert second.startswith("pointer of")
    assert second.endswith("…")
    assert fitted("W" * 60, metrics, width).startswith("WWW")
    for line in fitted("W" * 60 + " a b", metrics, width).split("\n"):
        assert metrics.horizontalAdvance(line) <= width


def test_below_a_photo_the_class_and_the_figure_have_a_line_each() -> None:
    photo = Photo(ImageSource(Path("a.jpg")), PhotoState.DONE)
    photo.prediction = Prediction(
        0, "a.jpg", "m", (ClassScore(LONG, 0, 0.682),), 9, 9, "cpu", 1.0, 1.0
    )
    assert caption_lines(photo) == ("German short-haired pointer", "68.2%")
    assert caption(photo) == "German short-haired pointer 68.2%"


def test_a_sample_says_what_it_is_in_full(qtbot: QtBot, rig: Rig) -> None:
    view = SamplesView(rig.io)
    qtbot.addWidget(view)
    wrong = SamplePrediction("a.jpg", LONG, (ClassScore("golden_retriever", 0, 0.682),))
    right = SamplePrediction("b.jpg", LONG, (ClassScore(LONG, 1, 0.9),))
    view.show_samples(SamplesPredicted("run", 1, (wrong, right)))
    view.resize(view.sizeHint())
    view.show()
    qtbot.waitExposed(view)
    step = view.sizeHint().width() // 4  # four photos
    assert view.tip_at(QPoint(10, 10)) == (
        "✗ 68.2% golden retriever\nis German short-haired pointer"
    )
    assert view.tip_at(QPoint(step + 10, 10)) == "✓ 90.0% German short-haired pointer"
    assert view.tip_at(QPoint(3 * step, 10)) == ""
    # Two lines each below the picture, at the widest.
    metrics = view.fontMetrics()
    assert "…" not in fitted("is German short-haired pointer", metrics, step - 8)


def test_pictures_make_room_for_the_names_of_the_classes(qtbot: QtBot, rig: Rig) -> None:
    view = ClassList(rig.io)
    qtbot.addWidget(view)
    classes = view.classes
    names = (LONG, "cat")
    samples = tuple(f"{number}.jpg" for number in range(6))
    found = tuple(ClassSummary(name, 0, 100, 20, 0, samples) for name in names)
    classes.show_summary(DatasetSummary("", True, found, (), (), 0, 0, ""))
    bold = QFont(QApplication.font())
    bold.setBold(True)
    name = QFontMetrics(bold).horizontalAdvance("German short-haired pointer")
    assert classes.widest(QApplication.font()) > name + 100
    assert classes.index(0).data() == "German short-haired pointer"


def test_where_there_is_little_room_the_name_comes_before_the_numbers(qtbot: QtBot) -> None:
    metrics = QFontMetricsF(QApplication.font())
    item = ClassSummary("ants", 0, 1240, 70, 0, ())
    assert counts_in(item, metrics, 400) == "1,240 training, 70 validation"
    assert counts_in(item, metrics, metrics.horizontalAdvance("1,310 photos") + 1) == "1,310 photos"
    assert counts_in(item, metrics, 20) == "1,310"
