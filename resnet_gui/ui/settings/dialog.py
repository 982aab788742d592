"""The settings: the window, how the network may be used, what is kept where. Not modal."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.http.settings import DIRECT, MIRROR_VARIABLE
from resnet_gui.core.system.paths import torch_hub_checkpoints_dir
from resnet_gui.ui.settings.controller import SettingsController
from resnet_gui.ui.settings.kept import KeptController, KeptRows
from resnet_gui.ui.settings.rows import Field, group, line, with_button
from resnet_gui.ui.settings.wishes import WishRows
from resnet_gui.ui.widgets.check_box import CheckBox
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.plain_text import PlainLabel
from resnet_gui.ui.widgets.progress_bar import ProgressBar
from resnet_gui.ui.widgets.screen_room import fit_to_screen
from resnet_gui.ui.widgets.words import size_text


class SettingsDialog(QDialog):
    """Shows and edits the controller's draft."""

    def __init__(
        self, controller: SettingsController, kept: KeptController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.controller = controller
        self.kept = KeptRows(kept)
        self.setWindowTitle("Settings")
        self.setModal(False)
        fit_to_screen(self, 600, 660)
        form = self.form = QWidget()
        column = QVBoxLayout(form)
        column.setContentsMargins(2, 2, 10, 2)
        column.setSpacing(12)
        self.wishes = WishRows(controller)
        column.addWidget(group("Window and answers", [self.wishes]))
        column.addWidget(self._network())
        column.addWidget(self._weights())
        column.addWidget(group("Kept on this disk", [self.kept]))
        column.addStretch()
        scroll = self._scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setProperty("kind", "bare")
        scroll.setWidget(form)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its fields have it
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 14, 10, 14)
        outer.setSpacing(10)
        outer.addWidget(scroll, 1)
        outer.addWidget(self._outcome())
        outer.addLayout(self._buttons())
        self._connect(controller)
        self._fill()

    # --- building ---------------------------------------------------------------------------

    def _network(self) -> QWidget:
        self.offline = CheckBox("Offline mode: never use the network")
        self.proxy_kind = ComboBox()
        for text, kind in (
            ("As the system says", "system"),
            ("No proxy", "none"),
            ("This proxy:", "address"),
        ):
            self.proxy_kind.add_choice(text, kind)
        self.proxy_address = line("http://proxy.example:8080")
        self.proxy = Field(
            "Proxy",
            [self.proxy_kind, self.proxy_address],
            "A computer in your network through which the internet is reached. If it asks for a "
            "password: http://user:password@host:port.",
        )
        self.ca_text = line("None")
        self.ca_bundle = Field(
            "Additional certificates",
            [with_button(self.ca_text, "Choose a file of certificates", self._on_choose_ca)],
            "A PEM file from your administrator, if your network inspects its traffic. It is "
            "trusted besides the system's certificates.",
        )
        self.mirror_text = line("The publisher's address")
        self.mirror = Field(
            "Mirror",
            [self.mirror_text],
            "Another place that has the weights files, as an https address. Every file is "
            "checked by its hash, wherever it comes from.",
        )
        fields = [self.offline, self.proxy, self.ca_bundle, self.mirror]
        self.network = group("Network", fields)
        return self.network

    def _weights(self) -> QWidget:
        self.folder_text = line(str(torch_hub_checkpoints_dir()))
        self.folder = Field(
            "Folder for downloaded weights",
            [with_button(self.folder_text, "Choose a folder for weights", self._on_choose_folder)],
            "Empty: the folder that other programs with torchvision use too.",
        )
        self.move_weights = CheckBox("Move the weights that are downloaded already")
        self.move_weights.setChecked(True)
        return group("Weights", [self.folder, self.move_weights])

    def _outcome(self) -> QWidget:
        self.failure = PlainLabel()
        self.failure.setWordWrap(True)
        self.failure.setProperty("kind", "danger")
        self.bar = ProgressBar("How far the weights are moved")
        self.bar_text = PlainLabel()
        self.bar_text.setProperty("kind", "muted")
        self.stop = QPushButton("Stop")
        self.moving = QWidget()
        row = QHBoxLayout(self.moving)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar_text)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        both = QWidget()
        column = QVBoxLayout(both)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.failure)
        column.addWidget(self.moving)
        return both

    def _buttons(self) -> QHBoxLayout:
        self.save = QPushButton("Save")
        self.save.setProperty("kind", "primary")
        self.save.setDefault(True)
        self.cancel = QPushButton("Close")
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.cancel)
        row.addWidget(self.save)
        return row

    @Slot()
    def _fill(self) -> None:
        """The form as the settings are."""
        settings = self.controller.draft
        kind = {"": "system", DIRECT: "none"}.get(settings.proxy, "address")
        self.offline.setChecked(settings.offline)
        self.proxy_kind.setCurrentIndex(self.proxy_kind.findData(kind))
        self.proxy_address.setText(settings.proxy if kind == "address" else "")
        self.ca_text.setText(str(settings.ca_bundle or ""))
        self.mirror_text.setText(settings.mirror)
        self.folder_text.setText(str(settings.weights_folder or ""))
        self.wishes.fill()
        self._on_changed()
        if self.form.isEnabled() and not self.form.isAncestorOf(self.focusWidget() or self):
            next(iter(self.wishes.editors.values())).setFocus()

    def _connect(self, controller: SettingsController) -> None:
        self.offline.toggled.connect(controller.set_offline)
        self.proxy_kind.currentIndexChanged.connect(self._on_proxy_changed)
        self.proxy_address.textChanged.connect(self._on_proxy_changed)
        self.ca_text.textChanged.connect(controller.set_ca_bundle)
        self.mirror_text.textChanged.connect(controller.set_mirror)
        self.folder_text.textChanged.connect(controller.set_folder)
        self.save.clicked.connect(self._on_save_clicked)
        self.cancel.clicked.connect(self.close)
        self.stop.clicked.connect(controller.cancel)
        controller.loaded.connect(self._fill)
        controller.changed.connect(self._on_changed)
        controller.saved.connect(self._on_saved)

    # --- what the person does ---------------------------------------------------------------

    def open_fresh(self) -> None:
        """Show what is in force now; a draft that was left open stays."""
        if not self.isVisible():
            if (left := self.focusWidget()) is not None:
                left.clearFocus()  # it begins at its beginning, not where it was left
            self.controller.reset()
            self.kept.controller.refresh()
        self.show()
        self.raise_()
        self.activateWindow()

    def show_network(self) -> None:
        """Bring proxy, certificates, mirror and the folder for weights into sight."""
        self.proxy_kind.setFocus()
        self._scroll.verticalScrollBar().setValue(self.network.y())

    @Slot()
    def _on_proxy_changed(self, *_: object) -> None:
        self.controller.set_proxy(str(self.proxy_kind.currentData()), self.proxy_address.text())

    @Slot()
    def _on_choose_ca(self) -> None:
        dialog = QFileDialog(
            self, "Choose certificates", "", "Certificates (*.pem *.crt *.cer);;All files (*)"
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.ca_text.setText)
        dialog.open()

    @Slot()
    def _on_choose_folder(self) -> None:
        dialog = QFileDialog(self, "Choose a folder for weights", self.folder_text.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.folder_text.setText)
        dialog.open()

    @Slot()
    def _on_save_clicked(self) -> None:
        self.controller.save(move=self.move_weights.isChecked())

    # --- what the controller says -----------------------------------------------------------

    @Slot()
    def _on_changed(self) -> None:
        controller = self.controller
        problems = controller.problems
        self.form.setEnabled(not controller.loading)
        self.proxy_address.setVisible(self.proxy_kind.currentData() == "address")
        for field, name in (
            (self.proxy, "proxy"),
            (self.ca_bundle, "ca_bundle"),
            (self.mirror, "mirror"),
            (self.folder, "weights_folder"),
        ):
            field.show_problem(problems.get(name, ""))
        if controller.environment_mirror and "mirror" not in problems:
            name, address = MIRROR_VARIABLE, controller.environment_mirror
            problem = controller.environment_problem
            self.mirror.show_problem(
                f"The environment variable {name} is set and comes first, but cannot be used. "
                f"{problem}"
                if problem
                else ""
            )
            self.mirror.hint.setText(
                f"The environment variable {name} is set and comes first: {address} is used."
            )
        self.move_weights.setVisible(controller.folder_changed)
        self.failure.setText(controller.failure)
        self.failure.setVisible(bool(controller.failure))
        self.save.setEnabled(controller.can_save)
        self.cancel.setText("Cancel" if controller.can_save else "Close")
        progress = controller.progress
        self.moving.setVisible(progress is not None)
        if progress is not None:
            self.bar_text.setText(
                f"Moving {size_text(progress.done)} of {size_text(progress.total)}"
            )
            self.bar.show_progress(progress.done, max(1, progress.total))

    @Slot()
    def _on_saved(self) -> None:
        self.close()

    def reject(self) -> None:
        """Escape and the close buttons. While weights move it stays: what goes on must be seen."""
        if not self.controller.saving:
            super().reject()
