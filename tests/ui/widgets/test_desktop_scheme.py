"""Dark or light as the desktop says on D-Bus: a real bus, and a desktop's service on it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import ClassInfo, QObject, Qt, Slot
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusVariant
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from resnet_gui.app.desktop import desktop_scheme
from resnet_gui.ui.widgets.desktop_scheme import DesktopScheme
from resnet_gui.ui.widgets.theme import ThemeManager
from tests.helpers.fake_engine import heard

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="desktops of Linux use D-Bus")
PATH, INTERFACE = "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings"
NONE, DARK, LIGHT = 0, 1, 2
Scheme = Qt.ColorScheme


@ClassInfo({"D-Bus Interface": INTERFACE})
class Desktop(QObject):
    """What GNOME's and KDE's portals say of one setting."""

    def __init__(self, bus: QDBusConnection) -> None:
        super().__init__()
        self._bus, self._value = bus, NONE
        assert bus.registerObject(PATH, self, QDBusConnection.RegisterOption.ExportAllSlots)
        assert bus.registerService("org.freedesktop.portal.Desktop")

    @Slot(str, str, result=QDBusVariant)
    def Read(self, group: str, key: str) -> QDBusVariant:
        assert (group, key) == ("org.freedesktop.appearance", "color-scheme")
        return QDBusVariant(QDBusVariant(self._value))

    def set(self, value: int, *, key: str = "color-scheme", tell: bool = True) -> None:
        self._value = value
        if tell:
            signal = QDBusMessage.createSignal(PATH, INTERFACE, "SettingChanged")
            signal.setArguments(["org.freedesktop.appearance", key, QDBusVariant(value)])
            assert self._bus.send(signal)


# A bus of its own, on which nothing of this computer is started when somebody asks for it.
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    config = tmp_path / "bus.conf"
    config.write_text(_BUS)
    daemon = subprocess.Popen(
        ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert daemon.stdout is not None
    with daemon.stdout:
        yield daemon.stdout.readline().strip()
    for name in ("window", "desktop"):
        QDBusConnection.disconnectFromBus(name)
    daemon.terminate()
    daemon.wait(10)


@pytest.fixture
def bus(address: str) -> QDBusConnection:
    bus = QDBusConnection.connectToBus(address, "window")
    assert bus.isConnected()
    return bus


@pytest.fixture
def desktop(address: str) -> Desktop:
    return Desktop(QDBusConnection.connectToBus(address, "desktop"))


def test_the_window_follows_the_desktop(
    qtbot: QtBot, qapp: QApplication, bus: QDBusConnection, desktop: Desktop
) -> None:
    desktop.set(DARK, tell=False)
    scheme = DesktopScheme(bus)
    theme = ThemeManager(qapp, scheme)
    theme.choose("system")
    qtbot.waitUntil(lambda: theme.colours.dark)
    desktop.set(LIGHT)
    qtbot.waitUntil(lambda: not theme.colours.dark)
    theme.choose("dark")  # the person has the last word
    changed = heard(scheme.changed)
    desktop.set(DARK)
    desktop.set(LIGHT)
    qtbot.waitUntil(lambda: len(changed) == 2)
    assert theme.colours.dark
    theme.choose("system")
    assert not theme.colours.dark
    theme.choose("light")
    theme.catch_up()
    theme.deleteLater()


def test_what_says_nothing_new_changes_nothing(
    qtbot: QtBot, bus: QDBusConnection, desktop: Desktop
) -> None:
    scheme = DesktopScheme(bus)
    changed = heard(scheme.changed)
    qtbot.waitSignal(scheme.answered).wait()  # from now on the bus knows who listens
    desktop.set(DARK, key="contrast")
    desktop.set(LIGHT)
    desktop.set(LIGHT)
    desktop.set(7)  # of a later version: no preference
    qtbot.waitUntil(lambda: len(changed) == 2)
    assert scheme.wish == Scheme.Unknown
    desktop.set(DARK)
    qtbot.waitUntil(lambda: scheme.wish == Scheme.Dark)


def test_a_desktop_that_does_not_say_it(qtbot: QtBot, bus: QDBusConnection) -> None:
    scheme = DesktopScheme(bus)
    with qtbot.waitSignal(scheme.answered):
        pass
    assert scheme.wish == Scheme.Unknown


def test_nobody_is_asked_away_from_a_desktop(qapp: QApplication) -> None:
    assert desktop_scheme(qapp) is None
