"""Whether the desktop wants dark windows, asked where desktops of Linux say so: on D-Bus.

Qt 6.11 does not know it on GNOME: there it goes by GTK's theme, which is the light “Adwaita” on a
dark desktop, too, while the window's frame, which Qt also draws, is dark.
"""

from __future__ import annotations

from PySide6.QtCore import SLOT, QObject, Qt, Signal, Slot
from PySide6.QtDBus import (
    QDBusConnection,
    QDBusMessage,
    QDBusPendingCall,
    QDBusPendingCallWatcher,
    QDBusVariant,
)

# https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Settings.html
_SERVICE, _PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
_INTERFACE = "org.freedesktop.portal.Settings"
_GROUP, _KEY = "org.freedesktop.appearance", "color-scheme"
_SCHEMES = {1: Qt.ColorScheme.Dark, 2: Qt.ColorScheme.Light}  # 0: no preference


class DesktopScheme(QObject):
    """Asks without waiting, and hears of changes.

    Signals:
        changed(): `wish` is another one.
        answered(): the desktop has answered, or there is nobody who does.
    """

    changed = Signal()
    answered = Signal()

    def __init__(self, bus: QDBusConnection, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wish = Qt.ColorScheme.Unknown
        slot = SLOT("_on_setting_changed(QString,QString,QDBusVariant)")
        # Typed as bytes, it takes only the text that SLOT makes (PySide 6.11).
        bus.connect("", _PATH, _INTERFACE, "SettingChanged", self, slot)  # type: ignore[call-overload]
        question = QDBusMessage.createMethodCall(_SERVICE, _PATH, _INTERFACE, "Read")
        question.setArguments([_GROUP, _KEY])
        self._asked: QDBusPendingCall | None = bus.asyncCall(question)
        self._watcher = QDBusPendingCallWatcher(self._asked, self)
        self._watcher.finished.connect(self._on_answered)

    @property
    def wish(self) -> Qt.ColorScheme:
        """What is known so far; Unknown if the desktop has said nothing."""
        if self._asked is not None and self._asked.isFinished():
            # It is here before the event loop says so: no window is shown in the wrong colours.
            answer, self._asked = self._asked.reply(), None
            if answer.type() == QDBusMessage.MessageType.ReplyMessage and answer.arguments():
                self._wish = _scheme(answer.arguments()[0])
        return self._wish

    @Slot()
    def _on_answered(self) -> None:
        before = self._wish
        if self.wish != before:
            self.changed.emit()
        self.answered.emit()

    @Slot(str, str, QDBusVariant)
    def _on_setting_changed(self, group: str, key: str, value: QDBusVariant) -> None:
        if (group, key) == (_GROUP, _KEY):
            self._asked = None  # an answer that comes now is older
            before, self._wish = self._wish, _scheme(value)
            if self._wish != before:
                self.changed.emit()


def _scheme(value: object) -> Qt.ColorScheme:
    while isinstance(value, QDBusVariant):  # “Read” wraps its answer twice
        value = value.variant()
    known = value if isinstance(value, int) else 0
    return _SCHEMES.get(known, Qt.ColorScheme.Unknown)
