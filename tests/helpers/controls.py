"""Walks over all that a person can touch in a part of the window."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QScrollArea,
    QScrollBar,
    QSplitterHandle,
    QWidget,
)

_TOUCHED = (
    QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit,
)  # fmt: skip
# What belongs to a control that is one for itself.
_PARTS = (QHeaderView, QScrollBar, QSplitterHandle)


def controls_of(part: QWidget) -> Iterator[QWidget]:
    """Every control in it, shown or not, and whatever else takes the focus by Tab."""
    for widget in part.findChildren(QWidget):
        if isinstance(widget, _PARTS) or _inside_a_control(widget):
            continue
        focusable = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        if type(widget) is QScrollArea and not focusable:
            continue  # it only scrolls what is in it
        if isinstance(widget, _TOUCHED) or focusable:
            yield widget


def faults_of(control: QWidget) -> list[str]:
    """What somebody with a keyboard, or with a screen reader, lacks."""
    name = f"{type(control).__name__} “{_text(control) or control.accessibleName()}”"
    faults = []
    if not (control.accessibleName() or _text(control)):
        faults.append(f"{name} has no accessible name")
    # Lists, tables and the matrix have a tooltip for what is under the pointer.
    if not control.toolTip() and not isinstance(control, QAbstractScrollArea):
        faults.append(f"{name} has no tooltip")
    if not control.focusPolicy() & Qt.FocusPolicy.TabFocus:
        faults.append(f"{name} cannot be reached by Tab")
    return faults


def _text(control: QWidget) -> str:
    return control.text() if isinstance(control, QAbstractButton) else ""


def _inside_a_control(widget: QWidget) -> bool:
    """Part of a combo box, a line edit's button, a table's corner."""
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, QComboBox | QLineEdit | QAbstractSpinBox | QAbstractItemView):
            return True
        above = above.parentWidget()
    return False
