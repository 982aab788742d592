"""The menu's “Undo” of the newest batch, on any page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import shiboken6
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.core.filing.batch import How
from resnet_gui.ui.filing.filer import Filer
from resnet_gui.ui.filing.notices import outcome_text
from resnet_gui.ui.filing.undoing import UndoBatch
from resnet_gui.ui.widgets.plain_text import MessageBox
from tests.helpers.fake_engine import Rig, heard
from tests.helpers.filing import planned, write


def test_it_is_named_after_the_batch_and_not_after_the_page(
    qtbot: QtBot, rig: Rig, tmp_path: Path
) -> None:
    """A sorting was offered as “Undo applying”, and what was applied as “Undo sorting”."""
    filer, widget = Filer(rig.io, rig.parent), QWidget()
    improve = UndoBatch(filer, "Undo a&pplying", "Undo applying", widget)
    classify = UndoBatch(filer, "Undo sortin&g", "Undo sorting", widget)
    for name, title, texts in (
        ("a.jpg", "Move 1 photo", ("Undo sorting: move", "Undo sortin&g: move")),
        ("b.jpg", "Correct “photos”: 1 photo", ("Undo a&pplying: move", "Undo applying: move")),
    ):
        write(tmp_path / name, name, 1)
        plan = planned([(tmp_path / name, tmp_path / "into" / name, How.MOVE)])
        filer.start(replace(plan, title=title))
        rig.settle()
        for undo, text in zip((improve, classify), texts, strict=True):
            assert undo.action.text().startswith(text)
    classify.action.trigger()
    [box] = [box for box in widget.findChildren(MessageBox) if box.isVisible()]
    assert box.windowTitle() == "Undo applying"
    box.reject()
    rig.settle()
    shiboken6.delete(widget)


def test_what_was_corrected_is_said_by_class_and_not_by_the_folder_above(
    rig: Rig, tmp_path: Path
) -> None:
    filer = Filer(rig.io, rig.parent)
    ended = heard(filer.ended)
    write(tmp_path / "ants/a.jpg", "a", 1)
    plan = planned([(tmp_path / "ants/a.jpg", tmp_path / "bees/a.jpg", How.MOVE)])
    filer.start(replace(plan, title="Correct “garden”: 1 photo to another class"))
    rig.settle()
    assert outcome_text(ended[0]) == "Applied to “garden”: 1 photo to another class."
    assert outcome_text(replace(ended[0], done=0)) == "Nothing was changed in “garden”."
