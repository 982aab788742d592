"""What the desktop says about itself, where there is one that can be asked."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from resnet_gui.ui.widgets.desktop_scheme import DesktopScheme


def desktop_scheme(application: QApplication) -> DesktopScheme | None:
    """Whether it wants dark windows; None where Qt is not on a desktop of Linux with a session bus.
    It is asked at once, and answers while the window is built."""
    on_desktop = application.platformName().startswith(("wayland", "xcb"))
    if sys.platform != "linux" or not on_desktop or not _has_session_bus():
        return None
    from PySide6.QtDBus import QDBusConnection

    from resnet_gui.ui.widgets.desktop_scheme import DesktopScheme

    bus = QDBusConnection.sessionBus()
    return DesktopScheme(bus, application) if bus.isConnected() else None


def _has_session_bus() -> bool:
    """Without one D-Bus's library would start one, which nobody ends."""
    if os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return True
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return bool(runtime) and Path(runtime, "bus").exists()
