"""Where CIFAR-10 shall come from: the network, or an archive that is here."""

from __future__ import annotations

from collections.abc import Generator

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QPushButton, QWidget

from resnet_gui.core.dataset.cifar10.archive import ARCHIVE_SUFFIXES
from resnet_gui.core.dataset.cifar10.folder import (
    ARCHIVE,
    TITLE,
    cifar10_dir,
    download_host,
    is_unpacked,
    local_archive,
)
from resnet_gui.core.errors import OfflineModeError
from resnet_gui.core.http.settings import load_http_settings
from resnet_gui.ui.widgets.plain_text import MessageBox
from resnet_gui.ui.widgets.words import size_text


def look_for_cifar10() -> Generator[None, None, str | None]:
    """A job: whether CIFAR-10 is here, and if not, where it would come from.

    Returns:
        the host's name; None: nothing needs to be fetched.

    Raises:
        OfflineModeError: the settings forbid the network. SettingsError: they name no usable
            address.
    """
    yield None
    if is_unpacked() or local_archive() is not None:
        return None
    settings = load_http_settings()
    if settings.offline:
        raise OfflineModeError(ARCHIVE.url, TITLE)
    return download_host(settings)


class Cifar10Dialog(MessageBox):
    """Asks once; nothing is fetched before the answer.

    Args:
        host: where it can be downloaded from; "": from nowhere, and `problem` says why.

    Signals:
        download_requested(), archive_requested(), settings_requested(): where nothing can be
            fetched.
    """

    download_requested = Signal()
    archive_requested = Signal()
    settings_requested = Signal()

    def __init__(self, host: str, problem: str = "", parent: QWidget | None = None) -> None:
        offer = f"It can be unpacked from an archive that you have. {problem}"
        if host:
            offer = f"It can be downloaded from {host}, or unpacked from an archive that you have."
        super().__init__(
            parent,
            TITLE,
            f"{TITLE} is not on this computer yet.",
            "60,000 small pictures (32 × 32 pixels) of ten classes, from airplane to truck: the "
            "classic for trying residual networks.\n\n"
            f"{offer} Unpacked it takes 250 MB in {cifar10_dir()}.",
        )
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        role = MessageBox.ButtonRole
        self.download = QPushButton(f"Download {size_text(ARCHIVE.bytes)}", self)
        self.choose = QPushButton("Choose archive…")
        if host:
            self.addButton(self.download, role.AcceptRole)
        self.addButton(self.choose, role.ActionRole)
        self.settings = QPushButton("Settings…", self)
        if not host:
            self.addButton(self.settings, role.ActionRole)
        self.addButton(MessageBox.StandardButton.Cancel)
        self.setDefaultButton(MessageBox.StandardButton.Cancel)
        self.buttonClicked.connect(self._on_button_clicked)

    @Slot(object)
    def _on_button_clicked(self, button: object) -> None:
        if button is self.download:
            self.download_requested.emit()
        elif button is self.choose:
            self.archive_requested.emit()
        elif button is self.settings:
            self.settings_requested.emit()

    @staticmethod
    def patterns() -> str:
        """What a file dialog shows."""
        return f"Archives ({' '.join(f'*{suffix}' for suffix in ARCHIVE_SUFFIXES)})"
