"""Where the network runs."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QWidget

from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.memory import Memory
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.plain_text import set_tooltip, tooltip

_FURTHER = (
    "It answers as soon as its answers have been compared with the exact ones, until then the CPU "
    "does. Training does not run on it."
)


class DeviceBox(ComboBox):
    """The devices of this computer; remembers the choice."""

    def __init__(
        self, controller: ClassifyController, memory: Memory, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._controller, self._memory = controller, memory
        self.setAccessibleName("Device")
        set_tooltip(self, "Where the network runs")
        self.add_choice("Device: automatic", "auto")
        self.activated.connect(self._on_activated)
        controller.devices_found.connect(self._on_devices_found)

    @Slot(int)
    def _on_activated(self, row: int) -> None:
        self._controller.set_device(str(self.itemData(row)))
        self._memory.change(device=self._controller.device)

    @Slot()
    def _on_devices_found(self) -> None:
        self.clear()
        devices = self._controller.devices
        fastest = devices[0].name if devices else ""
        self.add_choice(f"Device: automatic ({_short(fastest)})", "auto")
        for device in devices:
            kind, tip = device.kind.upper().split(":")[0], device.name
            if device.openvino:
                kind, tip = device.openvino.split(".")[0], f"{device.name}\n{_FURTHER}"
            self.add_choice(f"{kind}: {_short(device.name)}", device.kind)
            self.setItemData(self.count() - 1, tooltip(tip), Qt.ItemDataRole.ToolTipRole)
        wanted = self._controller.device
        row = self.findData(wanted)
        if row < 0 and devices and wanted.startswith("openvino:"):
            from resnet_gui.core.system.openvino_devices import same_device  # not at the start

            rows = map(self.findData, same_device(wanted))
            row = next((row for row in rows if row >= 0), -1)
        if row < 0 and self._controller.devices_listed and wanted.startswith("openvino:"):
            row = self.count()  # in force again as soon as it is there
            self.add_choice(f"{wanted.partition(':')[2].upper()}: not found", wanted)
            tip = "It was chosen before and is not there now. The CPU answers."
            self.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(max(0, row))


def _short(name: str) -> str:
    """A device's name without what makers add: "Intel(R) Core(TM) i5" -> "Intel Core i5"."""
    for mark in ("(R)", "(TM)", "(tm)", "Processor", "CPU"):
        name = name.replace(mark, " ")
    name, by, how = " ".join(name.split("@")[0].split()).partition(" (OpenVINO)")
    return f"{name if len(name) <= 32 else name[:31] + '…'}{by}{how}"
