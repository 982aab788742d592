"""The form of all settings: which rows are there, and when they are shown."""

from __future__ import annotations

from typing import TypeVar

import pytest
from PySide6.QtWidgets import QCheckBox, QFormLayout, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.core.runs.config import SETTINGS, Decayed, RunConfig
from resnet_gui.core.runs.schedules import SCHEDULES, Schedule
from resnet_gui.ui.train.advanced_form import AdvancedForm
from resnet_gui.ui.widgets.combo_box import ComboBox

Widget = TypeVar("Widget", bound=QWidget)

# Chosen elsewhere on the page, or of use to scripts alone (`train --set`).
_NO_ROW = {
    "data", "model", "title", "preset", "accumulate", "momentum", "gamma", "gammas",
    "plateau_factor", "plateau_patience", "min_lr", "pixel_mean", "progressive_resizing",
    "channels_last", "device", "memory_mb",
}  # fmt: skip


@pytest.fixture
def form(qtbot: QtBot) -> AdvancedForm:
    form = AdvancedForm()
    qtbot.addWidget(form)
    return form


def shown(form: AdvancedForm, **settings: object) -> set[str]:
    form.show_config(RunConfig("/x", "m").replace(**settings))
    layout = form.findChild(QFormLayout)
    assert layout is not None
    return {name for name, editor in form.editors.items() if layout.isRowVisible(editor)}


def test_every_setting_has_a_row_or_a_reason(form: AdvancedForm) -> None:
    assert form.editors.keys() == SETTINGS.keys() - _NO_ROW
    assert list(form.editors)[:3] == ["method", "epochs", "head_epochs"]


def test_a_schedule_from_elsewhere_is_a_choice(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Schedule("mine", "My own", lambda *_: 0.5, reads=("milestones",))
    monkeypatch.setitem(SCHEDULES, "mine", mine)
    form = AdvancedForm()
    qtbot.addWidget(form)
    rows = shown(form, schedule="mine")
    chosen = editor(form, "schedule", ComboBox)
    assert chosen.currentText() == "My own"
    assert "milestones" in rows
    assert "warmup_epochs" not in rows
    assert "early_stopping" in rows


def test_rows_that_do_nothing_are_hidden(form: AdvancedForm) -> None:
    for schedule in ("onecycle", "cosine", "linear"):
        assert "early_stopping" not in shown(form, schedule=schedule)
    assert "early_stopping" in shown(form, schedule="step")
    assert "nesterov" in shown(form, optimizer="sgd")
    assert "nesterov" not in shown(form, optimizer="adamw")
    rows = shown(form, method="progressive", epochs=9, head_epochs=3)
    assert {"fast_head", "head_epochs", "decayed"} <= rows
    assert "fast_head" not in shown(form, method="full")


def test_new_settings_are_shown_and_told(qtbot: QtBot, form: AdvancedForm) -> None:
    settings = {"optimizer": "sgd", "nesterov": False, "decayed": "all", "fast_head": True}
    shown(form, method="progressive", epochs=9, head_epochs=3, **settings)
    nesterov, decayed = editor(form, "nesterov", QCheckBox), editor(form, "decayed", ComboBox)
    assert not nesterov.isChecked()
    assert editor(form, "fast_head", QCheckBox).isChecked()
    assert decayed.currentData() == Decayed.ALL.value
    with qtbot.waitSignal(form.option_changed) as told:
        nesterov.click()
    assert told.args == ["nesterov", True]
    with qtbot.waitSignal(form.option_changed) as told:
        decayed.activated.emit(decayed.findData(Decayed.CONVOLUTIONS.value))
    assert told.args == ["decayed", "convolutions"]


def editor(form: AdvancedForm, name: str, kind: type[Widget]) -> Widget:
    found = form.editors[name]
    assert isinstance(found, kind)
    return found
