"""The list of networks where the charts need its room: in low windows, and on the projector."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton

from resnet_gui.ui.lab.network_list import NetworkList
from resnet_gui.ui.lab.parts import scaled
from resnet_gui.ui.widgets.plain_text import set_tooltip


class NetworksButton(QPushButton):
    """Stands in a view's first row, and opens the list over the view while it is pressed.

    Attributes:
        folded: whether the list has no other place.
    """

    def __init__(self, networks: NetworkList) -> None:
        super().__init__("Networks")
        self._networks = networks
        self.folded = False
        self.setCheckable(True)
        set_tooltip(self, "Switch networks on and off")
        self.toggled.connect(self.place)
        self.hide()

    def stand_in(self, row: QHBoxLayout, scale: float) -> None:
        """Take the first place of a view's first row, in its type."""
        if row.indexOf(self) < 0:
            self.setChecked(False)
            row.insertWidget(0, self)
        self.setVisible(self.folded)
        scaled(self, scale)  # a style sheet takes the type back where it stands for the first time

    def fold(self, on: bool, row: QBoxLayout) -> None:
        """Take the list out of the row that it has its usual place in; or give it that again."""
        self.folded = on
        if on:
            row.removeWidget(self._networks)
        else:
            row.insertWidget(0, self._networks)

    def show_list(self, wanted: bool) -> None:
        """Whether what is shown has networks to choose."""
        self._networks.setVisible(wanted and (self.isChecked() or not self.folded))

    @Slot()
    def place(self) -> None:
        """Show the list below the button, down to the end of the view; or not."""
        view = self.parentWidget()
        if not self.folded or view is None:
            return
        self._networks.setVisible(self.isChecked())
        page = self._networks.parentWidget()
        if self.isChecked() and page is not None:
            top = self.mapTo(page, QPoint(0, self.height() + 4))
            room = view.mapTo(page, QPoint(0, view.height())).y() - top.y()
            self._networks.setGeometry(top.x(), top.y(), self._networks.sizeHint().width(), room)
            self._networks.raise_()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.setChecked(False)
