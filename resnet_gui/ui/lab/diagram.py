"""The Lab's diagram: choose a network, see its blocks, click one."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from resnet_gui.ui.lab.block_panel import BlockPanel
from resnet_gui.ui.lab.controller import LabController
from resnet_gui.ui.lab.diagram_canvas import DiagramCanvas
from resnet_gui.ui.lab.parts import scaled
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.plain_text import ElidedLabel, set_tooltip

_FIRST = "cifar-resnet20"


class LabDiagram(QWidget):
    """The canvas between a chooser and the panel of the chosen block."""

    def __init__(self, controller: LabController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.choice = ComboBox()
        self.choice.setAccessibleName("Network to draw")
        self.choice.setMaxVisibleItems(24)
        self.choice.activated.connect(self._on_choice_activated)
        self.facts = ElidedLabel()
        self.facts.setProperty("kind", "muted")
        self.smaller, self.larger = QPushButton("−"), QPushButton("+")
        for button, name in ((self.smaller, "Smaller"), (self.larger, "Larger")):
            button.setAccessibleName(name)
            set_tooltip(button, f"{name} (Ctrl and the wheel)")
            button.setFixedWidth(40)
        self.smaller.clicked.connect(self._on_smaller)
        self.larger.clicked.connect(self._on_larger)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.choice)
        row.addWidget(self.facts, 1)
        row.addWidget(self.smaller)
        row.addWidget(self.larger)
        column.addLayout(row)
        self.canvas = DiagramCanvas()
        self.canvas.block_chosen.connect(self._on_block_chosen)
        self.canvas.zoomed.connect(self._on_zoomed)
        self.scroll_area = QScrollArea()
        self.scroll_area.setProperty("kind", "bare")
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setWidget(self.canvas)
        self.scroll_area.setAccessibleName("Diagram, to scroll")
        self.panel = BlockPanel()
        middle = QHBoxLayout()
        middle.setSpacing(10)
        middle.addWidget(self.scroll_area, 1)
        middle.addWidget(self.panel)
        column.addLayout(middle, 1)
        controller.diagram_changed.connect(self._on_diagram_changed)
        self.fill()

    def fill(self) -> None:
        """List what can be drawn (the user's models change) and draw the first network."""
        wanted = self._controller.diagram_id or _FIRST
        self.choice.clear()
        for model_id, title in self._controller.drawable():
            self.choice.add_choice(title, model_id)
        self.choice.setCurrentIndex(self.choice.findData(wanted))
        self._controller.draw(wanted)
        self._on_diagram_changed()

    def set_scale(self, scale: float) -> None:
        for widget in (self.choice, self.facts, self.smaller, self.larger):
            scaled(widget, scale)
        self.smaller.setFixedWidth(round(40 * scale))
        self.larger.setFixedWidth(round(40 * scale))
        self.canvas.set_scale(scale)
        self.panel.set_scale(scale)

    def refresh_theme(self) -> None:
        self.canvas.update()
        self.panel.drawing.update()

    @Slot(int)
    def _on_choice_activated(self, row: int) -> None:
        self._controller.draw(str(self.choice.itemData(row)))

    @Slot()
    def _on_diagram_changed(self) -> None:
        diagram = self._controller.diagram
        self.choice.setCurrentIndex(self.choice.findData(self._controller.diagram_id))
        if diagram is not self.canvas.diagram or diagram is None:
            self.canvas.show_diagram(diagram)
            self.scroll_area.verticalScrollBar().setValue(0)
        if diagram is None:
            self.facts.setText(self._controller.diagram_error or "Drawing…")
            self.panel.clear()
            return
        arcs = sum(block.shortcut.value != "none" for block in diagram.blocks)
        arcs_text = f"{arcs} shortcuts" if arcs else "no shortcuts"
        self.facts.setText(
            f"{diagram.parameters / 1e6:.3g} M parameters  ·  "
            f"{diagram.multiply_adds / 1e9:.3g} GFLOPs  ·  {arcs_text}"
        )
        self.panel.show_network(diagram)

    @Slot(int)
    def _on_block_chosen(self, number: int) -> None:
        if self.canvas.diagram is not None:
            self.panel.show_block(self.canvas.diagram.blocks[number])
            area = self.canvas.block_area(number)
            self.scroll_area.ensureVisible(area.center().x(), area.center().y(), 60, 90)

    @Slot()
    def _on_smaller(self) -> None:
        self.canvas.zoom_by(-1)

    @Slot()
    def _on_larger(self) -> None:
        self.canvas.zoom_by(1)

    @Slot()
    def _on_zoomed(self) -> None:
        self.smaller.setEnabled(self.canvas.can_zoom(-1))
        self.larger.setEnabled(self.canvas.can_zoom(1))
