"""One row for each setting that `core.system.settings` lists as a wish."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from resnet_gui.core.system.settings import Wish, wishes
from resnet_gui.ui.settings.controller import SettingsController
from resnet_gui.ui.settings.rows import Field
from resnet_gui.ui.widgets.check_box import CheckBox
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.plain_text import PlainLabel


class WishRows(QWidget):
    """Switches and choices, in the settings' order.

    Attributes:
        editors: the check box or the combo box of each, by the setting's name.
    """

    def __init__(self, controller: SettingsController) -> None:
        super().__init__()
        self._controller = controller
        self.editors: dict[str, CheckBox | ComboBox] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        for name, wish in wishes().items():
            column.addWidget(self._row(name, wish))
        self.fill()

    def _row(self, name: str, wish: Wish) -> QWidget:
        if wish.choices:
            box = self.editors[name] = ComboBox()
            for value, words in wish.choices.items():
                box.add_choice(words, value)
            box.currentIndexChanged.connect(self._on_changed)
            return Field(wish.label, [box], wish.tip)
        switch = self.editors[name] = CheckBox(wish.label)
        switch.toggled.connect(self._on_changed)
        hint = PlainLabel(wish.tip)
        hint.setProperty("kind", "muted")
        hint.setWordWrap(True)
        row = QWidget()
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(switch)
        column.addWidget(hint)
        return row

    def fill(self) -> None:
        """Show what the controller's draft says."""
        for name, value in dict(self._controller.wishes).items():
            editor = self.editors[name]
            editor.blockSignals(True)
            if isinstance(editor, ComboBox):
                editor.setCurrentIndex(max(0, editor.findData(value)))
            else:
                editor.setChecked(bool(value))
            editor.blockSignals(False)

    @Slot()
    def _on_changed(self, *_: object) -> None:
        for name, editor in self.editors.items():
            on = editor.isChecked() if isinstance(editor, CheckBox) else editor.currentData()
            if on != self._controller.wishes[name]:
                self._controller.set_wish(name, on)
