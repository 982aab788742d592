"""All settings of a run, folded away: one row for each that has a label, in plain words."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFormLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.runs.config import SETTINGS, RunConfig
from resnet_gui.core.runs.settings import ON_OFF, Setting
from resnet_gui.ui.widgets.check_box import CheckBox
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip


class AdvancedForm(QWidget):
    """Shows a config; tells what the person changes.

    Signals:
        option_changed(str, object): name and value (text where it was typed).
        reset_requested(), preview_requested().
    """

    option_changed = Signal(str, object)
    reset_requested = Signal()
    preview_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._form.setHorizontalSpacing(14)
        self._form.setVerticalSpacing(6)
        self.editors: dict[str, QWidget] = {}
        for name, item in SETTINGS.items():
            if item.label:
                label = PlainLabel(item.label)
                set_tooltip(label, item.tip)
                self._form.addRow(label, self._editor(name, item))
        self.preview = QPushButton("Show what the network will see…")
        self.preview.clicked.connect(self.preview_requested)
        self.reset = QPushButton("Back to the preset's settings")
        self.reset.setProperty("kind", "plain")
        self.reset.clicked.connect(self.reset_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 8, 4)
        column.addLayout(self._form)
        column.addWidget(self.preview)
        column.addWidget(self.reset)

    def show_config(self, config: RunConfig) -> None:
        """Show all values; rows that do nothing beside the other settings are hidden."""
        for name, editor in self.editors.items():
            value = getattr(config, name)
            editor.blockSignals(True)
            if isinstance(editor, ComboBox):
                editor.setCurrentIndex(editor.findData(str(value)))
            elif isinstance(editor, CheckBox):
                editor.setChecked(bool(value))
            elif isinstance(editor, QLineEdit) and not editor.hasFocus():
                editor.setText(_text(value))
            editor.blockSignals(False)
            self._form.setRowVisible(editor, SETTINGS[name].matters(config))

    def _editor(self, name: str, item: Setting) -> QWidget:
        editor: QWidget
        changes = _Changes(name)
        if item.kind.choices is not None:
            editor = ComboBox()
            for value, words in item.kind.choices().items():
                editor.add_choice(words, value)
            editor.activated.connect(changes.on_chosen)
        elif item.kind is ON_OFF:
            editor = CheckBox()
            editor.toggled.connect(changes.on_toggled)
        else:
            editor = QLineEdit()
            editor.setMinimumWidth(60)
            editor.editingFinished.connect(changes.on_typed)
        changes.setParent(editor)
        changes.told.connect(self.option_changed)
        editor.setObjectName(name)
        set_tooltip(editor, item.tip)
        editor.setAccessibleName(item.label)
        editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel must scroll, not change
        self.editors[name] = editor
        return editor


class _Changes(QObject):
    """What a person does to one editor, its parent.

    Signals:
        told(str, object): the setting's name and its new value.
    """

    told = Signal(str, object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    @Slot(int)
    def on_chosen(self, row: int) -> None:
        editor = self.parent()
        if isinstance(editor, ComboBox):
            self.told.emit(self._name, editor.itemData(row))

    @Slot(bool)
    def on_toggled(self, on: bool) -> None:
        self.told.emit(self._name, on)

    @Slot()
    def on_typed(self) -> None:
        editor = self.parent()
        if isinstance(editor, QLineEdit) and editor.isModified():
            editor.setModified(False)
            self.told.emit(self._name, editor.text().strip())


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
